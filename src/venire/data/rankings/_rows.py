"""Rows of a long table become rankings: sorted by ranking and rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadValueError, fail
from venire.data.coding import Encoded, Encoder, encode, encode_one
from venire.data.rankings._building import Arrays, Places, built
from venire.data.rankings._listing import Listed

__all__ = ["arrays_of_rows", "in_use"]


def arrays_of_rows(
    ranking: Any,
    item: Any,
    rank: Any,
    among: Any,
    items: Any,
    own: dict[str, Any],
    n_threads: int,
) -> Arrays:
    """Rankings of which each item has a row; `own` are weight, group and cluster."""
    if among is not None:
        checks.one_of(among, "among", ("rows", "all"))
    if items is not None and own["group"] is not None:
        fail("items", "rankings in groups find the items of each group by themselves")
    n, ranking, item, rank, *columns = checks.columns(
        may_be_empty=True, ranking=ranking, item=item, rank=rank, **own
    )
    if n == 0:
        fail("ranking", "is empty: at least one ranking is needed")
    labels, listed, by = _sorted(ranking, rank, n, n_threads, gaps=among == "rows")
    found, codes = _coded(item, items, n, n_threads)
    offsets = listed.offsets

    def row(flat: int) -> int:
        return flat if by is None else int(by[flat])

    places = Places(
        lambda i: ("ranking", row(int(offsets[i]))),
        lambda i, j: ("item", row(int(offsets[i]) + j)),
        lambda i, j: f"stands in ranking {_said(labels[i])} twice",
    )
    once = {
        k: _of_rankings(x, k, n, labels, offsets, by) for k, x in zip(own, columns, strict=True)
    }
    return built(
        found, listed._replace(item=codes if by is None else codes[by]), places, **once,
        among="all" if among == "all" else None, labels=labels, n_threads=n_threads,
    )  # fmt: skip


def _coded(item: Any, items: Any, n: int, n_threads: int) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The items, and the code of each row's."""
    if isinstance(item, Encoded):
        found, codes, _ = encode(item, item, items, n=n)
        return in_use(found, codes) if items is None else (found, codes)
    encoder = Encoder(("item",), n_threads)
    encoder.add(item, n=n)
    found, (codes,) = encoder.finish(items)
    return found, codes


def in_use(
    labels: NDArray[Any], codes: NDArray[np.int32]
) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Labels and codes without the labels that no row has."""
    seen = np.bincount(codes, minlength=len(labels)) > 0
    if seen.all():
        return labels, codes
    return labels[seen], (np.cumsum(seen, dtype=np.int32) - np.int32(1))[codes]


def _sorted(
    ranking: Any, rank: Any, n: int, n_threads: int, *, gaps: bool
) -> tuple[NDArray[Any], Listed, NDArray[Any] | None]:
    """Rows by ranking and rank: labels of the rankings, where they begin, and the rows' order.

    `gaps`: rows without a rank are of the ranking, too, below those that have one.
    """
    from venire._native import group_cells

    labels, codes = in_use(*encode_one(ranking, "ranking", n_threads, n=n))
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
        error = BadValueError("rank", "must be a finite number", at, ranks[at])
        if not present[at]:
            error.cure = "among='rows' (--among rows) puts items without a rank below the others"
            error.settles = ({"among": "rows"},)
        raise error
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


def _of_rankings(
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
        told = _said(label), _said(other)
        reason = f"must be the same in all rows of ranking {told[0]}, and was {told[1]}"
        fail(name, reason, at if by is None else int(by[at]), value)
    out = ordered[offsets[:-1]]
    return out if items is None else Encoded(items, out)


def _said(value: Any) -> str:
    """A label or a number as errors show it."""
    return repr(value.item() if isinstance(value, np.generic) else value)
