"""What is resampled: positions, or clusters of them, within strata."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data import coding

__all__ = ["Plan", "make_plan"]

MOST_DRAWS = 2**62  # of a stratum; the native layer allows 10**7 for each unit
SCHEMES = ("multinomial", "poisson", "bayesian", "subsample")


class Plan(NamedTuple):
    """Units in the order of their strata.

    `ptr` (n_strata + 1,) says where each stratum starts and `size` (n_strata,) what is drawn from
    it; `unit` (n,) is the unit of each position, None where units are positions.
    """

    ptr: NDArray[np.int64]
    size: NDArray[np.int64]
    unit: NDArray[np.int64] | None


def make_plan(n: int, scheme: str, size: Any, cluster: Any, strata: Any) -> Plan:
    """Check the arguments of `bootstrap_weights` and put the units in order."""
    checks.one_of(scheme, "scheme", SCHEMES)
    unit, n_units = None, n
    if cluster is not None:
        unit, n_units = _codes(cluster, n, "cluster")
        if n_units < 2:
            checks.fail("cluster", "all rows are of one cluster: there is nothing to resample")
    elif n < 2:
        checks.fail("n", "one row: there is nothing to resample", value=n)
    ptr = np.array([0, n_units], np.int64)
    if strata is not None:
        stratum, n_strata = _codes(strata, n, "strata")
        if unit is not None:
            stratum = _of_clusters(stratum, unit, n_units)
        counts = np.bincount(stratum, minlength=n_strata)
        if counts.max() < 2:
            what = "row" if cluster is None else "cluster"
            checks.fail("strata", f"each has one {what}: there is nothing to resample")
        ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        place = np.empty(n_units, np.int64)
        place[np.argsort(stratum, kind="stable")] = np.arange(n_units)
        unit = place if unit is None else place[unit]
    return Plan(ptr, _sizes(size, scheme, np.diff(ptr)), unit)


def _codes(labels: Any, n: int, name: str) -> tuple[NDArray[np.int64], int]:
    """Positions of labels among the sorted distinct ones, and how many there are."""
    distinct, codes = coding.encode_one(labels, name, n=n)
    return codes.astype(np.int64), len(distinct)


def _of_clusters(
    stratum: NDArray[np.int64], cluster: NDArray[np.int64], n_clusters: int
) -> NDArray[np.int64]:
    """The stratum of each cluster; one in two strata is an error."""
    own = np.empty(n_clusters, np.int64)
    own[cluster[::-1]] = stratum[::-1]  # that of its first row
    bad = np.flatnonzero(own[cluster] != stratum)
    if len(bad):
        checks.fail("strata", "rows of one cluster lie in two strata", int(bad[0]))
    return own


def _sizes(size: Any, scheme: str, units: NDArray[np.int64]) -> NDArray[np.int64]:
    """Draws of each stratum."""
    if size is None:
        return units // 2 if scheme == "subsample" else units.copy()
    size = checks.column(size, "size")
    if checks.length(size, "size") is None:
        total = checks.whole(size, "size", 1, MOST_DRAWS)
        if scheme == "subsample" and total > units.sum():
            checks.fail("size", f"only {units.sum()} can be drawn without replacement", value=size)
        exact = [total * int(u) for u in units]  # the largest remainders get what is left over
        out = np.array([x // int(units.sum()) for x in exact], np.int64)
        rest = np.array([x % int(units.sum()) for x in exact])
        out[np.argsort(-rest, kind="stable")[: total - int(out.sum())]] += 1
        return out
    out = checks.integers(size, "size")
    if out.shape != units.shape:
        checks.fail("size", f"has shape {out.shape}, but there are {len(units)} strata")
    most = units if scheme == "subsample" else np.full(len(units), MOST_DRAWS)
    bad = np.flatnonzero((out < 0) | (out > most))
    if len(bad):
        rule = "is negative" if out[bad[0]] < 0 else f"must be at most {MOST_DRAWS}"
        if scheme == "subsample":
            rule = "must be from 0 to the units of the stratum"
        checks.fail("size", rule, int(bad[0]), out[bad[0]])
    return out.astype(np.int64)
