"""What the guide's table of coverage says, on fewer simulations."""

from __future__ import annotations

import pytest

import venire as vn
from benchmarks.coverage_intervals import (
    EVIDENCE,
    LAWS,
    LEVEL,
    PRIOR,
    WITHIN,
    Cell,
    Row,
    bounds_of,
    cell,
    fitted,
    leaderboards,
    runs,
    within,
)

N = 400
TRUE = vn.GaussianPrior(1.0)


def found(votes: int, prior: vn.GaussianPrior, interval: str) -> Cell:
    law = LAWS["Bradley–Terry"]
    theta, g = leaderboards(law, votes, N)
    gf = fitted(g, law.model, prior)
    return cell(bounds_of(gf, interval), within(theta, gf), runs(N), N)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("votes", "prior", "interval"),
    [
        (10, PRIOR, "firth"), (50, PRIOR, "firth"), (2, TRUE, "profile"), (6, TRUE, "profile"),
        (50, PRIOR, "wald"), (20, EVIDENCE, "wald"),
    ],
)  # fmt: skip
def test_what_holds(votes: int, prior: vn.GaussianPrior, interval: str) -> None:
    own = found(votes, prior, interval)
    assert abs(own.coverage - LEVEL) <= WITHIN + 4.0 * own.error
    assert own.error < 0.01


@pytest.mark.slow
def test_what_does_not_hold() -> None:
    wide, short = found(4, PRIOR, "wald"), found(6, PRIOR, "profile")
    assert wide.coverage - LEVEL > WITHIN + 4.0 * wide.error
    assert LEVEL - short.coverage > WITHIN + 4.0 * short.error


def test_from_where_a_row_holds() -> None:
    good, bad = (Cell(x, 0.001, 1.0, 1.0) for x in (0.951, 0.93))
    assert Row("a", {2: good, 4: bad, 6: good, 10: good}).holds_from() == 6
    assert Row("a", {2: good, 4: bad}).holds_from() is None
