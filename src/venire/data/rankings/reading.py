"""Columns of a table to rankings: gaps found, labels coded, rows told apart."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.coding import Encoded, Encoder, encode_one
from venire.data.rankings._building import Arrays, Places, built
from venire.data.rankings._listing import Listed, lists_of, offsets_of
from venire.data.rankings._rows import in_use
from venire.data.rankings.columns import RankingColumns
from venire.data.rows import naming
from venire.data.series import floats, kept, missing, plain
from venire.data.sifting import CURE, EMPTY, NO_LABEL, placed
from venire.data.taken import Taken

if TYPE_CHECKING:
    from venire.data.rankings._rankings import Rankings

__all__ = ["RankingTable", "lists_in", "of_lists"]

_ALONE = "of one item"
_OWN = ("weight", "group", "cluster")


class RankingTable(NamedTuple):
    """Columns by argument, as they come or coded, and what is said of how they were read.

    A column of lists is `Lists`; columns of places are `place0`, `place1`, ...
    """

    columns: RankingColumns
    data: Mapping[str, Any]
    n: int
    n_threads: int
    items: Any = None

    def read(self) -> Rankings:
        """The rankings, with `taken`."""
        with naming(self.columns.names):
            if not self.columns.is_wide:
                return of_columns(self)
            return of_lists(self) if "place" in self.data else of_places(self)

    def taken(self, dropped: Mapping[str, int]) -> Taken:
        """How the table was read."""
        told = {reason: n for reason, n in dropped.items() if n}
        return Taken(columns=self.columns, n_rows=self.n, dropped=told)

    def own(self, keep: NDArray[np.bool_]) -> dict[str, Any]:
        """Weight, group and cluster of some of the rows."""
        out = {a: kept(self.data[a], keep) for a in _OWN if a in self.data}
        if "weight" in out:
            out["weight"] = checks.weight(floats(out["weight"], "weight"), int(keep.sum()))
        return {a: plain(column) for a, column in out.items()}


class _Left:
    """The rows that are left, and how many went for which reason."""

    def __init__(self, n: int) -> None:
        self.keep = np.ones(n, bool)
        self.dropped: dict[str, int] = {}

    def drop(self, rows: NDArray[np.bool_], why: str) -> None:
        """Leave out some rows."""
        self.dropped[why] = self.dropped.get(why, 0) + int((rows & self.keep).sum())
        self.keep &= ~rows

    def some(self, argument: str) -> NDArray[np.int64]:
        """The positions of the rows, of which there must be some."""
        if not self.keep.any():
            told = ", ".join(f"{n:,} {why}" for why, n in self.dropped.items() if n)
            fail(argument, f"no row is left{': ' if told else ''}{told}")
        return np.flatnonzero(self.keep)


# ---- a row for each item -------------------------------------------------------------------------


def of_columns(t: RankingTable) -> Rankings:
    """Rankings of which each item has a row."""
    from venire.data.rankings._rankings import Rankings

    gaps = {a: missing(t.data[a], a) for a in ("ranking", "item", "rank")}
    left = _Left(t.n)
    left.drop(np.logical_and.reduce(list(gaps.values())), EMPTY)
    ranked = ~gaps.pop("rank")
    if t.columns.skip_missing:
        left.drop(gaps["ranking"] | gaps["item"], NO_LABEL)
        if t.columns.among != "rows":
            left.drop(~ranked, "without a rank")
    else:
        _no_gap(gaps, left.keep)
    if t.columns.skip_missing and t.columns.among != "all":
        some = left.some("ranking")
        with placed(some):
            _, codes = encode_one(plain(kept(t.data["ranking"], left.keep)), "ranking", t.n_threads)
        alone = np.zeros(t.n, bool)
        alone[some] = (np.bincount(codes) == 1)[codes]
        left.drop(alone, _ALONE)
    rows = left.some("ranking")
    rank = np.full(len(rows), np.nan)
    here = left.keep & ranked
    with placed(np.flatnonzero(here)):
        rank[ranked[rows]] = floats(kept(t.data["rank"], here), "rank")
    with placed(rows):
        labels = {a: plain(kept(t.data[a], left.keep)) for a in ("ranking", "item")}
        out = Rankings.from_long(
            labels["ranking"], labels["item"], rank, **t.own(left.keep),
            among=t.columns.among, items=t.items, n_threads=t.n_threads,
        )  # fmt: skip
    out.taken = t.taken(left.dropped)
    return out


def _no_gap(gaps: Mapping[str, NDArray[np.bool_]], keep: NDArray[np.bool_]) -> None:
    """Refuse the first row that lacks a label."""
    rows = {a: int(np.argmax(gap & keep)) for a, gap in gaps.items() if (gap & keep).any()}
    if rows:
        argument = min(rows, key=lambda a: rows[a])
        error = checks.BadValueError(argument, "a value is missing", rows[argument], cure=CURE)
        error.settles = ({"skip_missing": True},)
        raise error


# ---- a row for each ranking ----------------------------------------------------------------------


def of_places(t: RankingTable) -> Rankings:
    """Rankings of which each place has a column."""
    names = [f"place{k}" for k in range(len(t.columns.places))]
    gap = np.array([missing(t.data[a], a) for a in names])
    if isinstance(t.data[names[0]], Encoded):
        items = t.data[names[0]].items
        codes = [t.data[a].codes for a in names]
    else:
        encoder = Encoder(tuple(names), t.n_threads)
        given = [_Gapless(t.data[a], absent) for a, absent in zip(names, gap, strict=True)]
        with _each_placed({a: x.rows for a, x in zip(names, given, strict=True)}):
            encoder.add(*(x.column for x in given))
            items, found = encoder.finish()
        codes = []
        for x, own in zip(given, found, strict=True):
            whole = np.full(t.n, -1, np.int32)
            whole[x.rows] = own
            codes.append(whole)
    for k in range(1, len(names)):
        wrong = gap[k - 1] & ~gap[k]
        if wrong.any():
            at = int(np.argmax(wrong))
            reason = f"stands behind an empty place, {t.columns.places[k - 1]!r}"
            fail(names[k], reason, at, items[codes[k][at]])
    sizes = (~gap).sum(axis=0)
    left = _left_of(t, sizes)
    rows = left.some(names[0])
    matrix, here = np.array(codes).T[rows], ~gap.T[rows]
    places = Places(
        lambda i: (names[0], i),
        lambda i, j: (names[j], i),
        lambda i, j: f"stands in the row twice, also as {t.columns.places[j]!r}",
    )
    return _finished(t, left, items, Listed(matrix[here], offsets_of(sizes[rows])), places)


def _left_of(t: RankingTable, sizes: NDArray[Any]) -> _Left:
    """The rows that hold rankings, by the numbers of items in them."""
    left = _Left(t.n)
    left.drop(sizes == 0, EMPTY)
    if t.columns.skip_missing:
        if t.columns.among is None:
            left.drop(sizes == 1, _ALONE)
        for argument in ("group", "cluster"):
            if argument in t.data:
                left.drop(missing(t.data[argument], argument), NO_LABEL)
    return left


def _finished(
    t: RankingTable, left: _Left, items: NDArray[Any], listed: Listed, places: Places
) -> Rankings:
    from venire.data.rankings._rankings import Rankings

    if t.items is not None:
        encoder = Encoder(("items",), t.n_threads)
        encoder.add(items)
        items, (codes,) = encoder.finish(t.items)
        listed = listed._replace(item=codes[listed.item])
    else:
        items, item = in_use(items, listed.item)
        listed = listed._replace(item=item)
    with placed(np.flatnonzero(left.keep)):
        arrays: Arrays = built(
            items, listed, places, **t.own(left.keep), among=t.columns.among,
            n_threads=t.n_threads,
        )  # fmt: skip
    out = Rankings.from_arrays(arrays)
    out.taken = t.taken(left.dropped)
    return out


class _Gapless:
    """The rows of a column that hold something."""

    def __init__(self, column: Any, absent: NDArray[np.bool_]) -> None:
        self.rows = np.flatnonzero(~absent)
        self.column = plain(kept(column, ~absent)) if len(self.rows) else []


@contextmanager
def _each_placed(rows: Mapping[str, NDArray[np.int64]]) -> Iterator[None]:
    """Positions among some rows of each column become positions among all."""
    try:
        yield
    except BadInput as error:
        at = rows.get(error.argument)
        if at is not None and error.position is not None and error.position < len(at):
            error.position = int(at[error.position])
        raise


# ---- a column of lists ---------------------------------------------------------------------------


def of_lists(t: RankingTable) -> Rankings:
    """Rankings that are a value each: a list of labels, or text such as ``a > b = c``."""
    lists = t.data["place"]
    if not isinstance(lists, Lists):
        lists = Lists.joined([lists_in(lists)])
    left = _left_of(t, np.diff(lists.listed.offsets))
    rows = left.some("place")
    keep = np.repeat(left.keep, np.diff(lists.listed.offsets))
    listed = Listed(
        lists.listed.item[keep],
        offsets_of(np.diff(lists.listed.offsets)[rows]),
        None if lists.listed.tied is None else lists.listed.tied[keep],
    )
    places = Places(
        lambda i: ("place", i),
        lambda i, j: ("place", i),
        lambda i, j: "stands in the ranking twice",
    )
    return _finished(t, left, lists.items, listed, places)


class Lists(NamedTuple):
    """A column of lists, coded."""

    items: NDArray[Any]
    listed: Listed

    @classmethod
    def joined(cls, parts: Iterable[Listed], n_threads: int | None = None) -> Lists:
        """The pieces of a column; a position in errors is that of the row."""
        encoder = Encoder(("place",), n_threads)
        found: list[Listed] = []
        before = 0
        for part in parts:
            first = encoder.row(0)
            try:
                encoder.add(part.item)
            except BadInput as error:
                if error.position is not None:
                    at = np.searchsorted(part.offsets, error.position - first, side="right")
                    error.position = before + int(at) - 1
                raise
            before += len(part.offsets) - 1
            found.append(part._replace(item=None))
        items, (codes,) = encoder.finish()
        offsets = offsets_of(np.concatenate([np.diff(p.offsets) for p in found]))
        tied = None
        if any(p.tied is not None for p in found):
            tied = np.concatenate(
                [np.zeros(p.offsets[-1], bool) if p.tied is None else p.tied for p in found]
            )
        return cls(items, Listed(codes, offsets, tied))


def lists_in(column: Any, before: int = 0) -> Listed:
    """The labels of a column of lists, or of text; `before` rows of it were read already."""
    column = plain(column)
    if hasattr(column, "type") and str(column.type).startswith(("list<", "large_list<")):
        return _arrow_lists(column)
    values = next((getattr(column, a)() for a in ("to_pylist", "to_list", "tolist")
                   if hasattr(column, a)), column)  # fmt: skip
    rows = [_list_of(value, before + at) for at, value in enumerate(checks.listed(values, "place"))]
    try:
        return lists_of(rows, "place")
    except BadInput as error:
        if error.argument.startswith("place["):
            error.position, error.argument = before + int(error.argument[6:-1]), "place"
        raise


def _arrow_lists(column: Any) -> Listed:
    """The same of an Arrow column, whose labels lie one after the other already."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sizes = pc.fill_null(pc.list_value_length(column), 0)
    item = pc.list_flatten(column)
    if pa.types.is_list(item.type) or pa.types.is_large_list(item.type):
        return lists_in(column.to_pylist())
    return Listed(item, offsets_of(np.asarray(sizes, np.int64)))


def _list_of(value: Any, row: int) -> Any:
    """One ranking, as a list."""
    if hasattr(value, "as_py"):
        value = value.as_py()
    if value is None or (isinstance(value, float) and value != value):
        return []
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, str):
        if isinstance(value, (list, tuple)):
            return value
        fail("place", "must be a list of labels, best first", row, value, kind=TypeError)
    text = value.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            fail("place", 'is no list, as in ["a", "b"]', row, value)
    if not text:
        return []
    out: list[Any] = []
    for part in text.split(">"):
        tied = [label.strip() for label in part.split("=")]
        if not all(tied):
            fail("place", "lacks a label beside > or =", row, value)
        out.append(tied if len(tied) > 1 else tied[0])
    return out
