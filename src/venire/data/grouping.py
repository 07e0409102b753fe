"""Rows of many groups become items and cells: groups found, labels coded, masses added up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.asked import about_words
from venire.data.coding import Encoded, Encoder, encode, encode_one
from venire.data.rows import Cells, Rows

__all__ = ["group_at", "group_rows"]

_MASSES = ("weight", "win", "loss", "tie")


def group_rows(rows: Rows, groups: Any, items: Any, n_threads: int) -> Cells:
    """Items and cells of each group.

    `groups` lists all groups; `items` is a pair of columns, group and item, of items that exist
    besides those in the rows.
    """
    from venire._native import group_cells

    extra = _Extra(rows, items)
    numbers = _numbers(rows)
    with extra.naming():
        labels, row_ptr, row = _groups(extra.columns("group")[0], groups, extra.n, n_threads)
        table, first, second = _labels(extra.columns("first", "second"), extra.n, n_threads)
    try:
        offsets, cell_offsets, codes, first, *cells, is_soft = group_cells.aggregate(
            first, second, row_ptr, n_threads, row=row, n_compared=rows.n,
            **{name: extra.whole(x) for name, x in numbers.items()},
        )  # fmt: skip
    except group_cells.BadRow as error:
        at, fault = error.args
        _refuse(rows.second, numbers, labels, row_ptr, row, at, fault)
    found = codes if table is None else table[codes]
    second, order, win, loss, tie = cells
    return Cells(
        found, offsets, cell_offsets, second, order, win, loss, tie, first=first, groups=labels,
        is_soft=is_soft,
    )  # fmt: skip


def _scores(x: Any, n: int) -> np.ndarray:
    with about_words():
        return checks.numbers(x, n, "score")


def _numbers(rows: Rows) -> dict[str, Any]:
    """Orders, weights and what happened; the native layer looks at the rest of each number."""
    n = rows.n
    masses = {k: x for k in _MASSES if (x := getattr(rows, k)) is not None}
    out: dict[str, Any] = {k: checks.masses(x, n, k) for k, x in masses.items()}
    if rows.order is not None:
        out["order"] = checks.order(rows.order, n)
    if rows.win is None:
        score = _scores(rows.score, n)
        out["score"] = float(score[0]) if len(score) == 1 != n else score
    return out


def group_at(groups: NDArray[Any], label: Any) -> int:
    """Position of a group by its label."""
    single = isinstance(label, (str, int, np.integer)) and not isinstance(label, bool)
    found = np.flatnonzero(groups == label) if single else np.empty(0, np.int64)
    if len(found) != 1:
        checks.fail("label", "there is no such group", value=label)
    return int(found[0])


class _Extra:
    """The rows, with one more for each item that is only named; these compare nothing."""

    def __init__(self, rows: Rows, items: Any) -> None:
        self.rows, self.n_extra = rows, 0
        if items is not None:
            pair = checks.listed(items, "items")
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
                which = "groups" if error.argument == "group" else "labels"
                error.argument, error.reason = "items", f"its {which}: {error.reason}"
                error.position -= self.rows.n
            raise

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

    def whole(self, x: Any) -> Any:
        """A column of the rows as one of all; a number that stands for all stays one."""
        if isinstance(x, float) or len(x) == self.n:
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


def _refuse(
    second: Any,
    numbers: dict[str, Any],
    groups: NDArray[Any],
    row_ptr: NDArray[np.int64],
    row: NDArray[np.uint32] | None,
    at: int,
    fault: str,
) -> NoReturn:
    """Raise the error about row `at`, and say which group it belongs to."""
    place = at if row is None else int(np.flatnonzero(row == at)[0])
    label = groups[np.searchsorted(row_ptr, place, side="right") - 1]
    where = f"(in group {label.item() if isinstance(label, np.generic) else label!r})"
    if fault == "self":  # a column of a data frame may have an index of its own
        coded = isinstance(second, Encoded)
        value = second.items[second.codes[at]] if coded else np.asarray(second)[at]
        checks.fail("second", f"an item cannot be compared with itself {where}", at, value)
    rule = checks.SCORE if fault == "score" else checks.AMOUNT
    values = np.atleast_1d(numbers[fault])
    checks.fail(fault, f"{rule} {where}", at, values[at if len(values) > 1 else 0])
