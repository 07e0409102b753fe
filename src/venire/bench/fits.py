"""Single fits: rows into cells, cells into ratings, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from venire import reference
from venire.bench import plain
from venire.bench.case import OURS, PLAIN, TWIN, Case, Contender
from venire.bench.solvers import SOLVERS, cells
from venire.bench.workloads import WORKLOADS, Rows
from venire.data import Comparisons
from venire.ratings import fit_bradley_terry

__all__ = ["arena", "ladder", "numpy_counts"]

MINUTES = "minutes"
MOST_PLAIN = 500  # items of a sparse graph that sweeps in plain Python get through
MOST_SWEPT = 1_000  # and evalica's


def arena(size: str) -> Iterator[Case]:
    """A leaderboard: few items, many comparisons, a fifth of them ties."""
    rows = WORKLOADS["arena"].rows(size)
    yield _aggregation(rows)
    yield _fit(rows, size)
    yield _errors(rows)


def ladder(size: str) -> Iterator[Case]:
    """A sports ladder: many items, each against some that are near; large, and small enough for
    the others."""
    for name in ("ladder", "ladder, small"):
        yield _fit(WORKLOADS[name].rows(size), size)


def numpy_counts(
    first: np.ndarray, second: np.ndarray, score: np.ndarray, n_items: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and points of every ordered pair."""
    key = first * n_items + second
    return np.bincount(key, minlength=n_items**2), np.bincount(key, score, minlength=n_items**2)


def _what(rows: Rows) -> str:
    return f"comparisons of {rows.n_items:,} items"


def _centred(theta: Any) -> np.ndarray:
    theta = np.asarray(theta, np.float64)
    return theta - theta.mean()


def _aggregation(rows: Rows) -> Case:
    columns = rows.first.astype(np.int64), rows.second.astype(np.int64), rows.score
    lists = [column.tolist() for column in columns]

    def total(c: Any) -> np.ndarray:
        return np.array([np.sum(c.win + c.loss + c.tie)])

    return Case("Comparisons", len(rows), _what(rows), (
        Contender(OURS, lambda: Comparisons(*columns), answer=total),
        Contender(TWIN, lambda: reference.aggregate(*columns), answer=total),
        Contender("NumPy bincount", lambda: numpy_counts(*columns, rows.n_items),
                  answer=lambda found: np.array([found[0].sum()])),
        Contender(PLAIN, lambda: plain.count_pairs(*lists),
                  answer=lambda found: np.array([sum(map(sum, found.values()))])),
    ))  # fmt: skip


def _fit(rows: Rows, size: str) -> Case:
    sparse = rows.n_items > MOST_PLAIN and len(rows) < 1_000 * rows.n_items
    lists = [] if sparse else [x.tolist() for x in (rows.first, rows.second, rows.score)]

    def refused(name: str) -> str:
        slow = name == "arena-rank" or (name == "evalica" and rows.n_items > MOST_SWEPT)
        if slow and size == "quick":
            return 'some of the minute; the size "full" asks it'
        return SOLVERS[name].refuses(rows) or ""

    def swept() -> list[float]:
        return plain.fit_pairs(rows.n_items, plain.count_pairs(*lists))

    asked = [
        Contender(name, partial(solver.fit, rows), solver.modules,
                  refuses=refused(name), answer=lambda found: _centred(found.theta))
        for name, solver in SOLVERS.items()
        if name != "evalica, index given"
    ]  # fmt: skip
    asked.insert(2, Contender(PLAIN, swept, refuses=MINUTES if sparse else "", answer=_centred))
    return Case("fit_bradley_terry", len(rows), _what(rows), tuple(asked))


def _errors(rows: Rows) -> Case:
    first, second, win, loss = cells(rows)

    def ours() -> np.ndarray:
        c = Comparisons(rows.first, rows.second, rows.score)
        return fit_bradley_terry(c).standard_errors()

    def twin() -> np.ndarray:
        c = reference.aggregate(rows.first, rows.second, rows.score)
        found = reference.fit(c)
        variance = np.diag(reference.covariance(c, "bradley-terry", found))
        return np.sqrt(variance[: rows.n_items])

    def linear_model() -> np.ndarray:
        import statsmodels.api as sm

        design = np.zeros((len(first), rows.n_items))
        design[np.arange(len(first)), first] = 1.0
        design[np.arange(len(first)), second] = -1.0
        binomial = sm.families.Binomial()
        found = sm.GLM(np.column_stack([win, loss]), design[:, 1:], family=binomial).fit(tol=1e-10)
        whole = np.zeros((rows.n_items, rows.n_items))  # the first item is where it begins
        whole[1:, 1:] = found.cov_params()
        whole -= whole.mean(axis=0)
        return np.sqrt(np.diag(whole - whole.mean(axis=1)[:, None]))

    return Case("fit_bradley_terry, standard_errors", len(rows), _what(rows), (
        Contender(OURS, ours),
        Contender(TWIN, twin, refuses=MINUTES if len(rows) > 500_000 else ""),
        Contender("statsmodels GLM", linear_model, ("statsmodels.api",)),
    ))  # fmt: skip
