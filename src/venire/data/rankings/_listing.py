"""Rankings as they are given become one flat list of labels, with marks where each begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.coding import Encoded, encode_one

__all__ = ["Listed", "about_lists", "lists_of", "of_rankings", "offsets_of", "said", "sorted_rows"]

_RULE = "must be a list of labels, best first"
_TIES = (list, tuple)  # a place that several items share


class Listed(NamedTuple):
    """Labels of all rankings, one after the other, best first.

    Ranking i has those from ``offsets[i]`` to ``offsets[i + 1]``; the first ``ranked[i]`` of them
    are in order (None: all). `tied` marks what shares the place of the label before it.
    """

    item: Any
    offsets: NDArray[np.int64]
    tied: NDArray[np.bool_] | None = None
    ranked: NDArray[np.int32] | None = None


def offsets_of(sizes: Any) -> NDArray[np.int64]:
    """Where each of consecutive runs of these sizes begins, and where the last one ends."""
    out = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=out[1:])
    return out


# ---- lists ---------------------------------------------------------------------------------------


def lists_of(x: Any, name: str, *, ties: bool = True) -> Listed:
    """The labels of lists, or of the rows of an array of two dimensions."""
    if hasattr(x, "columns") or hasattr(x, "column_names") or isinstance(x, Mapping):
        cure = "say Rankings.from_frame(frame, ...)"
        fail(name, f"must be a list of rankings, got {type(x).__name__}", cure=cure, kind=TypeError)
    if hasattr(x, "__array__") and getattr(x, "ndim", 1) != 1:
        x = checks.array(x, name)
        if x.ndim != 2:
            fail(name, f"must have one or two dimensions, has {x.ndim}")
        n, m = x.shape
        return Listed(x.reshape(-1), np.arange(n + 1) * m)
    rows = checks.listed(x, name)
    plain = True
    for kind in set(map(type, rows)):
        plain = plain and issubclass(kind, _TIES)
    if not plain:
        rows = [_row(row, at, name) for at, row in enumerate(rows)]
    flat = list(chain.from_iterable(rows))
    offsets = offsets_of(np.fromiter(map(len, rows), np.int64, len(rows)))
    if ties and any(issubclass(kind, (*_TIES, np.ndarray)) for kind in set(map(type, flat))):
        return _with_ties(rows, name)
    return Listed(flat, offsets)


def _row(row: Any, at: int, name: str) -> Any:
    """One ranking as a list or a tuple."""
    if isinstance(row, _TIES):
        return row
    if isinstance(row, np.ndarray) and row.ndim != 1:
        fail(name, _RULE, at, row, kind=TypeError)
    if row is None or isinstance(
        row, (str, bytes, Mapping, set, frozenset, int, float, np.generic)
    ):
        cure = "a single ranking is a list of one: [[...]]" if isinstance(row, str) else ""
        fail(name, _RULE, at, row, cure=cure, kind=TypeError)
    if isinstance(row, np.ndarray):
        return row.tolist() if row.dtype.kind in "OU" else row
    return checks.listed(row, f"{name}[{at}]")


def _with_ties(rows: Any, name: str) -> Listed:
    """The labels of lists some of whose places are lists of items that share them."""
    flat: list[Any] = []
    tied: list[bool] = []
    sizes = np.zeros(len(rows), np.int64)
    for at, row in enumerate(rows):
        before = len(flat)
        for place, entry in enumerate(row):
            if not isinstance(entry, (*_TIES, np.ndarray)):
                flat.append(entry)
                tied.append(False)
                continue
            if len(entry) == 0:
                fail(f"{name}[{at}]", "nobody has this place", place, entry)
            flat.extend(entry)
            tied.extend([False] + [True] * (len(entry) - 1))
        sizes[at] = len(flat) - before
    return Listed(flat, offsets_of(sizes), np.array(tied, bool))


@contextmanager
def about_lists(lists: Mapping[str, Listed]) -> Iterator[None]:
    """Errors about a position of the flat list tell the ranking, and the position within it."""
    try:
        yield
    except BadInput as error:
        if error.argument in lists and error.position is not None:
            offsets = lists[error.argument].offsets
            at = int(np.searchsorted(offsets, error.position, side="right")) - 1
            error.position -= int(offsets[at])
            error.argument = f"{error.argument}[{at}]"
        raise


# ---- columns of rows -----------------------------------------------------------------------------


def sorted_rows(
    ranking: Any, rank: Any, n: int, n_threads: int, *, gaps: bool
) -> tuple[NDArray[Any], Listed, NDArray[Any] | None]:
    """Rows by ranking and rank: labels of the rankings, where they begin, and the rows' order.

    `gaps`: rows without a rank are of the ranking, too, below those that have one.
    """
    from venire._native import group_cells

    labels, codes = encode_one(ranking, "ranking", n_threads, n=n)
    ranks, present = _ranks(rank, n, gaps)
    offsets = by = None
    if group_cells.runs(codes, n_threads) is not None:
        offsets = np.searchsorted(codes, np.arange(len(labels) + 1)).astype(np.int64)
    same = codes[1:] == codes[:-1]
    if offsets is None or (same & (ranks[1:] < ranks[:-1])).any():
        by = _by_rank(ranks, n_threads)
        offsets, row = group_cells.sort(codes[by], len(labels), n_threads)
        by = by[row]
        codes, ranks = codes[by], ranks[by]
        same = codes[1:] == codes[:-1]
        present = None if present is None else present[by]
    tied = np.append(False, same & (ranks[1:] == ranks[:-1]))
    ranked = None
    if present is not None:
        tied &= present
        ranked = np.add.reduceat(present, offsets[:-1], dtype=np.int32)
    return labels, Listed(None, offsets, tied if tied.any() else None, ranked), by


def _ranks(rank: Any, n: int, gaps: bool) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Ranks as int64 or float64, and which there are; None: all. Others are above all of these."""
    ranks = checks.array(rank, "rank")
    if ranks.dtype.kind in "UST":  # the first that is no number is named, as it was given
        ranks = checks.array(rank, "rank", object).astype(object)
    ranks = checks.rows(ranks, n, "rank")
    if ranks.dtype == bool or len(ranks) != n:
        fail("rank", "must be a number for each row", value=rank, kind=TypeError)
    if ranks.dtype.kind in "iu" and ranks.dtype != np.uint64:
        return ranks.astype(np.int64, copy=False), None
    ranks = ranks.astype(np.float64, copy=False)
    if np.isfinite(ranks).all():
        return ranks, None
    present = ~np.isnan(ranks)
    good = np.isfinite(ranks) | (~present & gaps)
    if not good.all():
        at = int(np.argmin(good))
        cure = (
            ""
            if present[at]
            else "among='rows' puts items without a rank below those that have one"
        )
        fail("rank", "must be a finite number", at, ranks[at], cure=cure)
    last = np.max(ranks, where=present, initial=0.0)
    return np.where(present, ranks, last + 1.0 if abs(last) < 2.0**50 else np.inf), present


def _by_rank(ranks: NDArray[Any], n_threads: int) -> NDArray[Any]:
    """The rows by rank, equal ranks as they come: by counting, where ranks are small numbers."""
    from venire._native import group_cells

    low, high = float(ranks.min()), float(ranks.max())
    if high - low < max(len(ranks), 1 << 16):
        places = ranks - ranks.min()
        codes = places.astype(np.int32)
        if (codes == places).all():
            return group_cells.sort(codes, int(high - low) + 1, n_threads)[1]
    return np.argsort(ranks, kind="stable")


def of_rankings(
    x: Any, name: str, n: int, labels: NDArray[Any], offsets: NDArray[np.int64], by: Any
) -> Any:
    """A column of n rows, which must say one thing of each ranking, as one entry a ranking."""
    if x is None or checks.length(x, name) is None:
        return x
    items = None
    if name == "weight":
        values = checks.weight(x, n)
    else:
        items, values = encode_one(x, name, n=n)
    assert values is not None
    ordered = values if by is None else values[by]
    own = np.repeat(ordered[offsets[:-1]], np.diff(offsets))
    if not (ordered == own).all():
        at = int(np.argmin(ordered == own))
        label = labels[int(np.searchsorted(offsets, at, side="right")) - 1]
        value, other = (x if items is None else items[x] for x in (ordered[at], own[at]))
        told = said(label), said(other)
        reason = f"must be the same in all rows of ranking {told[0]}, and was {told[1]}"
        fail(name, reason, at if by is None else int(by[at]), value)
    out = ordered[offsets[:-1]]
    return out if items is None else Encoded(items, out)


def said(value: Any) -> str:
    """A label or a number as errors show it."""
    return repr(value.item() if isinstance(value, np.generic) else value)
