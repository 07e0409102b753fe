"""Checks of covariates: whether they say anything, and anything that nothing else says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, MOST, WORTH, Finding, listed
from venire.diagnostics._solve import solve

__all__ = ["covariates"]

NAME = "covariates"
NONE_LEFT = 1e-6  # of its square, below which a covariate says what others say
LITTLE_LEFT = 0.1  # the same, below which its coefficient is uncertain
ALIKE = 0.9  # correlation of two
ORDERED = 0.5  # correlation with the order
RARE = 0.01  # part of the rows in which it is not 0
HEAVY = 0.2  # part of its square in one row
_FEW = 50.0  # comparisons below which nothing is said of single rows, nor of correlations
_RIDGE = 1e-10


class _Covariates(NamedTuple):
    """Covariates of the cells, what the items leave of each, and the products of both."""

    names: tuple[str, ...]
    square: NDArray[np.float64]  # sum of mass x^2, of each
    left: NDArray[np.float64]  # the same of what the items do not say, a matrix of products
    order: NDArray[np.float64]  # correlation of each with the order
    beside: NDArray[np.float64]  # the same of what the items leave of both; 0 where that is none


def covariates(e: Evidence) -> Iterator[Finding]:
    """Those that are 0, the same as the order, the items' own, alike, rare, or of one row."""
    if e.styled is None:
        return
    found = _measured(e)
    odd: list[Finding] = []
    said: set[int] = set()
    for k, name in enumerate(found.names):
        for finding in _alone(e, found, k, name):
            odd.append(finding)
            said |= {k} if finding.gravity == GRAVE else set()
    odd += _together(found, said)
    odd += _single_rows(e, found)
    yield from odd
    if not odd:
        own = 1.0 - np.diagonal(found.left) / found.square
        k = int(np.argmax(own))
        yield Finding(
            NAME, FINE,
            f"{listed(found.names)}: none says what items, order or another says; the items say "
            f"most of {found.names[k]!r}, {own[k]:.0%} of its square.",
            {"by_items": float(own[k])},
        )  # fmt: skip


def _measured(e: Evidence) -> _Covariates:
    c = e.styled
    assert c is not None
    assert c.covariates is not None
    n, mass, order = len(e.items), c.win + c.loss + c.tie, c.order.astype(np.float64)
    scale = np.abs(c.covariates).max(axis=0)
    x = np.column_stack([c.covariates / np.where(scale > 0.0, scale, 1.0), order])
    left = x.copy()
    for k in range(x.shape[1]):
        one = mass * x[:, k]
        slope: Any = np.bincount(c.first, one, n) - np.bincount(c.second, one, n)
        own = solve(e, e.mass, slope, _RIDGE * float(e.mass.max()))
        left[:, k] -= own[c.first] - own[c.second]
    square, products = mass @ np.square(x), left.T @ (mass[:, None] * left)
    square[square == 0.0] = 1.0
    rest = np.diagonal(products)
    size = np.sqrt(np.where(rest > NONE_LEFT * square, rest, np.inf))
    same = (mass * order) @ x / np.sqrt(square * square[-1])
    return _Covariates(
        c.covariate_names, square[:-1], products[:-1, :-1], same[:-1],
        products[-1, :-1] / (size[-1] * size[:-1]),
    )  # fmt: skip


def _alone(e: Evidence, found: _Covariates, k: int, name: str) -> Iterator[Finding]:
    """What is odd about one by itself."""
    c = e.styled
    assert c is not None
    assert c.covariates is not None
    x = c.covariates[:, k]
    mass = c.win + c.loss + c.tie
    total = float(mass.sum())
    there = float(mass[x != 0.0].sum()) / total
    if there == 0.0:
        yield Finding(
            NAME, GRAVE, f"{name!r} is 0 in every row: it says nothing.", {"nonzero": 0.0}, {},
            "Leave it out; if it should vary, look at how it is taken.", 17.0,
        )  # fmt: skip
        return
    along = float(found.order[k])
    if abs(along) > 1.0 - NONE_LEFT:
        yield Finding(
            NAME, GRAVE,
            f"{name!r} is {x[0] * c.order[0]:+.6g} wherever an item was first: it is the order, "
            "under another name.",
            {"order_correlation": along}, {},
            "Leave it out, and fit an order effect if there is one.", 16.0,
        )  # fmt: skip
        return
    rest = float(found.left[k, k] / found.square[k])
    wider = 1.0 / np.sqrt(max(rest, NONE_LEFT))
    if rest < NONE_LEFT:
        yield Finding(
            NAME, GRAVE,
            f"{name!r} is a number of each item: the items say all of it, and nothing tells its "
            "effect from their strengths.",
            {"by_items": 1.0 - rest}, {}, "Leave it out.", 16.0,
        )  # fmt: skip
    elif rest < LITTLE_LEFT:
        yield Finding(
            NAME, WORTH,
            f"the items say {1.0 - rest:.1%} of {name!r}: the error of its coefficient is "
            f"{wider:.2g} times what it would be if they said nothing.",
            {"by_items": 1.0 - rest, "inflation": wider}, {},
            "Compare answers of one item that differ in it, if you can.", 2.0,
        )  # fmt: skip
    along = float(found.beside[k])
    if abs(along) > max(ORDERED, 4.0 / np.sqrt(total)) and total >= _FEW:
        side = "larger" if along > 0.0 else "smaller"
        yield Finding(
            NAME, WORTH,
            f"{name!r} is mostly {side} for the item that is first (correlation with the order "
            f"{along:+.2f}).",
            {"order_correlation": along}, {},
            "Fit the order effect too, or one is taken for the other." * (not e.order_effect),
            2.0 + abs(along),
        )  # fmt: skip
    if there < RARE and total >= _FEW:
        yield Finding(
            NAME, WORTH, f"{name!r} is 0 in {1.0 - there:.2%} of the comparisons.",
            {"nonzero": there}, {}, "The others say nothing of its effect.", 1.0,
        )  # fmt: skip


def _together(found: _Covariates, said: set[int]) -> Iterator[Finding]:
    """Two that are alike, or one that several others say, beside the items."""
    use = [k for k in range(len(found.names)) if k not in said]
    size = np.sqrt(np.diagonal(found.left))
    likeness = found.left / np.maximum(np.outer(size, size), 1e-300)
    paired: set[int] = set()
    for at, k in enumerate(use):
        for j in use[at + 1 :]:
            r = float(likeness[k, j])
            names, numbers = (found.names[k], found.names[j]), {"correlation": r}
            if abs(r) > 1.0 - NONE_LEFT:
                paired |= {k, j}
                yield Finding(
                    NAME, GRAVE,
                    f"{listed([names])} say the same, beside what the items say (correlation "
                    f"{r:+.6g}): nothing tells their effects apart.",
                    numbers, {}, "Leave one of them out.", 16.0,
                )  # fmt: skip
            elif abs(r) > ALIKE:
                yield Finding(
                    NAME, WORTH,
                    f"{listed([names])} say nearly the same (correlation {r:+.3f} beside what the "
                    f"items say): each coefficient's error is {1 / np.sqrt(1 - r * r):.2g} times "
                    "what it would be without the other.",
                    numbers, {}, "Their sum is known better than either.", 2.0 + abs(r),
                )  # fmt: skip
    use = [k for k in use if k not in paired]
    if len(use) < 3:
        return
    values, vectors = np.linalg.eigh(likeness[np.ix_(use, use)])
    if values[0] < NONE_LEFT:
        part = [found.names[k] for k, v in zip(use, vectors[:, 0], strict=True) if abs(v) > 1e-3]
        yield Finding(
            NAME, GRAVE,
            f"of {listed(part, MOST)} each is a sum of the others, beside what the items say: "
            "nothing tells their effects apart.",
            {"smallest": float(values[0])}, {}, "Leave one of them out.", 16.0,
        )  # fmt: skip


def _single_rows(e: Evidence, found: _Covariates) -> Iterator[Finding]:
    """Rows that hold much of a covariate by themselves."""
    r = e.records
    if r is None or not r.has("covariates") or not r.are_rows or len(r) < _FEW:
        return
    k = len(found.names)
    scale, total, most, value = np.zeros((4, k))
    where = np.zeros(k, np.int64)
    for block in r.blocks():
        assert block.covariates is not None
        np.maximum(scale, np.abs(block.covariates).max(axis=0), out=scale)
    scale[scale == 0.0] = 1.0
    for block in r.blocks():
        assert block.covariates is not None
        part = block.masses[:, None] * np.square(block.covariates / scale)
        total += part.sum(axis=0)
        at = np.argmax(part, axis=0)
        highest = part[at, np.arange(k)]
        more = highest > most
        most[more], where[more] = highest[more], block.start + at[more]
        value[more] = block.covariates[at, np.arange(k)][more]
    total[total == 0.0] = 1.0
    for k, name in enumerate(found.names):
        at, share = int(where[k]), float(most[k] / total[k])
        if share > HEAVY:
            yield Finding(
                NAME, WORTH,
                f"row {e.place(at)} alone, with {value[k]:g}, is {share:.0%} of all "
                f"that {name!r} varies.",
                {"share": share}, {"rows": (at,)},
                "Look at it; the logarithm of such a number may say more.", 2.0 + share,
            )  # fmt: skip
