"""How often each judge votes as the fit expects it to, by how sure the fit is."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.intervals import wilson
from venire.data.votes import Votes

__all__ = ["calibration_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Looks(NamedTuple):
    """What judges said of pairs, by order: cells of the votes, orders, shares of first, votes."""

    cell: Ints
    order: Floats
    share: Floats
    mass: Floats


def calibration_of(
    votes: Votes, difference: Floats, slope: Floats, bias: Floats, bins: int, level: float
) -> dict[str, Any]:
    """Columns of `JudgesFit.calibration`; differences by pair, judges as the votes have them."""
    looks = _looks(votes)
    d = difference[votes.pair[looks.cell]]
    keep = np.isfinite(d) & (looks.mass > 0.0)
    cell, d = looks.cell[keep], d[keep]
    order, share, mass = (x[keep] for x in (looks.order, looks.share, looks.mass))
    judge = votes.teacher[cell].astype(np.int64)
    eta = slope[judge] * d + bias[judge] * order
    with np.errstate(over="ignore"):
        p = 1.0 / (1.0 + np.exp(-eta))
    turned = eta < 0.0
    expected, seen = np.where(turned, 1.0 - p, p), np.where(turned, 1.0 - share, share)
    place = _binned(judge, expected, mass, votes.n_teachers, bins)
    n = votes.n_teachers * bins

    def mean(x: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return (np.bincount(place, mass * x, n) / np.bincount(place, mass, n))[some]

    total = np.bincount(place, mass, n)
    some = np.flatnonzero(total > 0.0)
    observed = np.clip(mean(seen), 0.0, 1.0)
    lower, upper = wilson(observed * total[some], total[some], level)
    return {
        "judge": votes.teachers[some // bins], "n_votes": total[some],
        "expected": mean(expected), "observed": observed, "lower": lower, "upper": upper,
        "log_loss": mean(_loss(eta, share)), "plain_log_loss": mean(_loss(d, share)),
    }  # fmt: skip


def _looks(votes: Votes) -> _Looks:
    mass = votes.win + votes.tie + votes.loss
    swapped, swapped_total = votes.swapped_runs, votes.swapped_total
    cell, order = np.arange(votes.n_cells), np.zeros(votes.n_cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        if swapped is None or swapped_total is None:
            return _Looks(cell, order, (votes.win + 0.5 * votes.tie) / mass, mass)
        runs = np.concatenate([votes.runs - swapped, swapped])
        total = np.concatenate([votes.total - swapped_total, swapped_total])
        share, part = 0.5 + 0.5 * total / runs, runs / np.tile(votes.runs, 2)
    cell, order = np.tile(cell, 2), np.repeat([1.0, -1.0], len(cell))
    kept = runs > 0
    return _Looks(cell[kept], order[kept], share[kept], (mass[cell] * part)[kept])


def _binned(judge: Ints, expected: Floats, mass: Floats, n_judges: int, bins: int) -> Ints:
    """A place for each look: bins of about equal votes, one judge after another.

    Looks of one judge with the same expected share are in one bin.
    """
    rows = np.lexsort((expected, judge))
    own, value = judge[rows], np.round(expected[rows], 12)
    new = np.ones(len(rows), bool)
    new[1:] = (own[1:] != own[:-1]) | (value[1:] != value[:-1])
    starts = np.flatnonzero(new)
    size = np.add.reduceat(mass[rows], starts) if len(rows) else mass
    owner = own[starts]
    whole = np.bincount(owner, size, n_judges)
    before = np.concatenate([[0.0], np.cumsum(whole)])[owner]
    part = bins * (np.cumsum(size) - 0.5 * size - before) / whole[owner]
    place = owner * np.int64(bins) + np.clip(part, 0.0, bins - 1.0).astype(np.int64)
    out = np.empty(len(rows), np.int64)
    out[rows] = place[np.cumsum(new) - 1]
    return out


def _loss(eta: Floats, share: Floats) -> Floats:
    return share * np.logaddexp(0.0, -eta) + (1.0 - share) * np.logaddexp(0.0, eta)
