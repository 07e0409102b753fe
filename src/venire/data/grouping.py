"""Rows of many groups become items and cells: groups found, labels coded, masses added up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.coding import Encoded, Encoder, encode, encode_one

__all__ = ["GroupedRows", "Grouping", "group_at", "group_rows"]


class GroupedRows(NamedTuple):
    """Columns of `n` rows, masses not yet checked; an array of length 1 stands for all rows.

    `score`, or `win` and `loss` (and `tie`), say what happened. `groups` lists all groups; `items`
    is a pair of columns, group and item, of items that exist besides those in the rows.
    """

    n: int
    group: Any
    first: Any
    second: Any
    groups: Any = None
    items: Any = None
    weight: NDArray[np.float64] | None = None
    order: NDArray[np.int8] | None = None
    score: NDArray[np.float64] | None = None
    win: NDArray[np.float64] | None = None
    loss: NDArray[np.float64] | None = None
    tie: NDArray[np.float64] | None = None


class Grouping(NamedTuple):
    """Items and cells, group after group: what a GroupedComparisons keeps."""

    groups: NDArray[Any]
    offsets: NDArray[np.int64]
    cell_offsets: NDArray[np.int64]
    items: NDArray[Any]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    order: NDArray[np.int8]
    win: NDArray[np.float64]
    loss: NDArray[np.float64]
    tie: NDArray[np.float64] | None
    is_soft: bool


def group_rows(rows: GroupedRows, n_threads: int | None) -> Grouping:
    """Items and cells of each group."""
    from venire._native import group_cells

    threads = checks.n_threads(n_threads)
    extra = _Extra(rows)
    with extra.naming():
        groups, row_ptr, row = _groups(extra.column("group"), rows.groups, extra.n, threads)
        table, first, second = _labels(extra.columns("first", "second"), extra.n, threads)
    try:
        offsets, cell_offsets, labels, *cells = group_cells.aggregate(
            first,
            second,
            row_ptr,
            threads,
            row=row,
            n_compared=rows.n,
            **extra.masses(),
        )
    except group_cells.BadRow as error:
        at, fault = error.args
        _refuse(rows, groups, row_ptr, row, at, fault)
    items = labels if table is None else table[labels]
    return Grouping(groups, offsets, cell_offsets, items, *cells)


def group_at(groups: NDArray[Any], label: Any) -> int:
    """Position of a group by its label."""
    single = isinstance(label, (str, int, np.integer)) and not isinstance(label, bool)
    found = np.flatnonzero(groups == label) if single else np.empty(0, np.int64)
    if len(found) != 1:
        checks.fail("label", "there is no such group", value=label)
    return int(found[0])


class _Extra:
    """The rows, with one more for each item that is only named; these compare nothing."""

    def __init__(self, rows: GroupedRows) -> None:
        self.rows, self.n_extra = rows, 0
        if rows.items is not None:
            pair = checks.listed(rows.items, "items")
            if len(pair) != 2:
                reason = "must be a pair: labels of groups, labels of items"
                checks.fail("items", reason, kind=TypeError)
            self.group, self.item = (checks.column(part, "items") for part in pair)
            self.n_extra = checks.length(self.group, "items") or 0
            labels = checks.length(self.item, "items") or 0
            if labels != self.n_extra:
                checks.fail("items", f"has {self.n_extra} groups, but {labels} labels of items")
        self.n = rows.n + self.n_extra

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Errors about rows that only name an item are about `items`."""
        try:
            yield
        except checks.BadInput as error:
            if error.position is not None and error.position >= self.rows.n:
                error.argument = f"items[{0 if error.argument == 'group' else 1}]"
                error.position -= self.rows.n
            raise

    def column(self, name: str) -> Any:
        return self.columns(name)[0]

    def columns(self, *names: str) -> tuple[Any, ...]:
        """Columns of labels that share their items."""
        own = [getattr(self.rows, name) for name in names]
        if not self.n_extra:
            return tuple(own)
        encoder = Encoder(names)
        if self.rows.n:
            encoder.add(*(_plain(x) for x in own), n=self.rows.n)
        again = [self.group] if names == ("group",) else [self.item] * len(names)
        encoder.add(*again, n=self.n_extra)
        items, codes = encoder.finish()
        return tuple(Encoded(items, c) for c in codes)

    def masses(self) -> dict[str, Any]:
        """What happened, for the native layer: whole columns."""
        rows = self.rows
        out: dict[str, Any] = {}
        for name in ("weight", "order", "win", "loss", "tie"):
            x = getattr(rows, name)
            if x is not None:
                out[name] = self._whole(x)
        if rows.win is None:
            score = rows.score
            if score is None:
                out["score"] = 1.0
            elif len(score) == 1 and rows.n != 1:
                out["score"] = float(score[0])
            else:
                out["score"] = self._whole(score)
        return out

    def _whole(self, x: NDArray[Any]) -> NDArray[Any]:
        if len(x) == self.n:
            return x
        whole = np.ones(self.n, x.dtype)
        whole[: self.rows.n] = x
        return whole


def _plain(x: Any) -> Any:
    """A column as labels: of coded labels 0 ... n - 1 the codes, which they are."""
    if not isinstance(x, Encoded):
        return x
    n = len(x.items)
    is_range = x.items.dtype.kind == "i" and n and x.items[0] == 0 and x.items[-1] == n - 1
    return x.codes if is_range else x.items[x.codes]


def _integers(x: Any) -> NDArray[Any] | None:
    """An array of integers as int32 or int64, contiguous; None if labels are something else."""
    if isinstance(x, Encoded):
        return None
    if isinstance(x, np.ndarray) and x.ndim == 1 and x.dtype.kind in "iu" and x.dtype != np.uint64:
        small = x.dtype.itemsize < 4 or x.dtype == np.int32
        return np.require(x, dtype=np.int32 if small else np.int64, requirements=["C", "A"])
    return None


def _groups(
    column: Any, given: Any, n: int, n_threads: int
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.uint32] | None]:
    """Labels of the groups, where the rows of each start, and the rows unless they are sorted."""
    from venire._native import group_cells

    labels = _integers(column)
    if given is None and labels is not None and len(labels):
        row_ptr = group_cells.runs(labels, n_threads)
        if row_ptr is not None:
            return labels[row_ptr[:-1]].astype(np.int64), row_ptr, None
    if given is None:
        groups, codes = encode_one(column, "group", n_threads, n=n)
    else:
        encoder = Encoder(("group",), n_threads=n_threads)
        encoder.add(_plain(column), n=n)
        groups, (codes,) = encoder.finish(given, name="groups")
    if len(codes) and group_cells.runs(codes, n_threads) is not None:
        row_ptr = np.searchsorted(codes, np.arange(len(groups) + 1)).astype(np.int64)
        return groups, row_ptr, None
    row_ptr, row = group_cells.sort(codes, len(groups), n_threads)
    return groups, row_ptr, row


def _labels(
    columns: tuple[Any, ...], n: int, n_threads: int
) -> tuple[NDArray[Any] | None, NDArray[Any], NDArray[Any]]:
    """Integers that stand in the order of the labels, and the labels if they are not themselves."""
    first, second = (_integers(x) for x in columns)
    if first is not None and second is not None:
        if first.dtype != second.dtype:
            first, second = first.astype(np.int64), second.astype(np.int64)
        return None, first, second
    return encode(columns[0], columns[1], n_threads=n_threads, n=n)


_RULES = {
    "score": "must be between 0 and 1",
    "weight": "must be finite and >= 0",
    "win": "must be finite and >= 0",
    "loss": "must be finite and >= 0",
    "tie": "must be finite and >= 0",
}


def _refuse(
    rows: GroupedRows,
    groups: NDArray[Any],
    row_ptr: NDArray[np.int64],
    row: NDArray[np.uint32] | None,
    at: int,
    fault: str,
) -> NoReturn:
    """Raise the error about row `at`, and say which group it belongs to."""
    place = at if row is None else int(np.flatnonzero(row == at)[0])
    label = groups[np.searchsorted(row_ptr, place, side="right") - 1]
    where = f"in group {label.item() if isinstance(label, np.generic) else label!r}"
    if fault == "self":
        column: Any = rows.second
        if isinstance(column, Encoded):
            value = column.items[column.codes[at]]
        else:  # a column of a data frame may have an index of its own
            value = np.asarray(column)[at]
        checks.fail("second", f"an item cannot be compared with itself ({where})", at, value)
    values = getattr(rows, fault)
    value = values[at if len(values) > 1 else 0]
    checks.fail(fault, f"{_RULES[fault]} ({where})", at, value)
