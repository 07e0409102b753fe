"""Rows of comparisons become cells: labels coded, rows without weight dropped, masses added up."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data import coding

__all__ = ["Aggregated", "Rows", "add_up", "aggregate_rows", "frozen"]


class Rows(NamedTuple):
    """Columns of `n` rows as they were given; a number, or an array of one, stands for all rows.

    `score`, or `win` and `loss` (and `tie`), say what happened; with none of them first won.
    """

    n: int
    first: Any
    second: Any
    items: Any
    weight: Any
    order: Any
    cluster: Any
    score: Any = None
    win: Any = None
    loss: Any = None
    tie: Any = None

    def checked(self) -> Rows:
        """The same with numbers as contiguous float64, or an error that says what is wrong."""
        amounts: dict[str, Any] = {
            name: None if (x := getattr(self, name)) is None else checks.amounts(x, self.n, name)
            for name in ("win", "loss", "tie")
        }
        score = None if self.score is None else checks.score(self.score, self.n)
        return self._replace(score=score, weight=checks.weight(self.weight, self.n), **amounts)


class Aggregated(NamedTuple):
    """Cells, sorted by (first, second, order, cluster): what a Comparisons keeps."""

    items: NDArray[Any]
    row_ptr: NDArray[np.int64]
    second: NDArray[np.int32]
    order: NDArray[np.int8]
    cluster: NDArray[np.int32] | None
    win: NDArray[np.float64]
    loss: NDArray[np.float64]
    tie: NDArray[np.float64] | None
    square: NDArray[np.float64] | None
    n_pairs: int
    has_order: bool
    clusters: NDArray[Any] | None


def frozen(x: Any) -> Any:
    """A read-only view of an array; anything else as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.flags.writeable = False
    return x


def aggregate_rows(rows: Rows, n_threads: int | None) -> Aggregated:
    """Cells of the rows.

    Rows of few items are counted as they lie, integer labels included. Whatever does not fit a
    table goes the general way: labels are coded, columns checked, rows sorted. So does whatever is
    wrong, for that is the way that can say what and where.
    """
    n, threads = rows.n, checks.n_threads(n_threads)
    if rows.items is None and (counted := _counted(rows, rows.first, rows.second, None, threads)):
        return counted
    items, first, second = coding.encode(rows.first, rows.second, rows.items, threads, n=n)
    if counted := _counted(rows, first, second, items, threads):
        return counted
    rows = rows.checked()
    order = _full(checks.order(rows.order, n), n)
    clusters = codes = None
    if rows.cluster is not None:
        clusters, codes = coding.encode_one(rows.cluster, "cluster", threads, n=n)
    masses, weight = _masses(rows)
    total = sum(masses.values()) if "win" in masses else weight
    if total is not None and not total.all():
        keep = np.flatnonzero(total)
        if len(keep) == 0:
            checks.fail("weight", "every comparison has weight 0")
        same = np.flatnonzero(first == second)
        if len(same):
            _refuse_self(items, first, int(same[0]))
        first, second = first[keep], second[keep]
        masses = {k: x[keep] if isinstance(x, np.ndarray) else x for k, x in masses.items()}
        weight = None if weight is None else weight[keep]
        order = None if order is None else order[keep]
        codes = None if codes is None else codes[keep]
    if weight is not None and (weight == 1.0).all():
        weight = None
    return add_up(items, first, second, masses, weight, order, codes, threads)._replace(
        has_order=order is not None, clusters=clusters
    )


def _counted(rows: Rows, first: Any, second: Any, items: Any, n_threads: int) -> Aggregated | None:
    """Cells of rows of few items; None where the general way must be gone.

    `first` and `second` are labels, or positions in `items`.
    """
    from venire._native import cells

    if rows.cluster is not None:
        return None
    if items is None and (
        (first := _integers(first)) is None or (second := _integers(second)) is None
    ):
        return None
    columns = {}
    for name in ("score", "weight", "order", "win", "loss", "tie"):
        if (value := getattr(rows, name)) is not None:
            columns[name] = value = _numbers(value)
            if value is None:
                return None
    if "score" not in columns and "win" not in columns:
        columns["score"] = _ONE
    n_items = None if items is None else len(items)
    found = cells.count(first, second, n_threads, n_items=n_items, **columns)
    if found is None:
        return None
    labels, out = found
    return Aggregated(*(labels if items is None else items, *out, rows.order is not None, None))


_ONE = np.ones(1)


def _integers(x: Any) -> NDArray[Any] | None:
    """Labels that are integers in an array of one dimension, or in a list."""
    if _is_array(x):
        return _native(x) if x.ndim == 1 and x.dtype.kind in "iu" else None
    if isinstance(x, (list, tuple)):
        from venire._native.labels import integers

        numbers = np.empty(len(x), np.int64)
        return numbers if integers(x, numbers) == len(x) else None
    return None


def _numbers(x: Any) -> NDArray[Any] | None:
    """Numbers as an array of one dimension, of one entry if one stands for all."""
    if not _is_array(x):
        if not isinstance(x, (list, tuple, int, float)):
            return None
        try:
            x = np.array(x)
        except (TypeError, ValueError, OverflowError):
            return None
    if x.ndim > 1 or x.dtype.kind not in "biuf":
        return None
    return _native(x.reshape(1) if x.ndim == 0 else x)


def _is_array(x: Any) -> bool:
    return type(x) is np.ndarray or isinstance(x, np.memmap)


def _native(x: NDArray[Any]) -> NDArray[Any]:
    """The array itself unless its numbers lie in memory as this machine cannot read them."""
    if x.dtype.isnative and x.flags.aligned:
        return np.asarray(x)
    return x.astype(x.dtype.newbyteorder("="))


def _full(x: Any, n: int) -> Any:
    return x if x is None or len(x) == n else np.full(n, x[0])


def _masses(rows: Rows) -> tuple[dict[str, Any], NDArray[np.float64] | None]:
    """What happened, for the native layer, and the weights that are not in it yet."""
    weight = _full(rows.weight, rows.n)
    if rows.win is None:
        if rows.score is None or (len(rows.score) == 1 and rows.n > 1):
            return {"score": 1.0 if rows.score is None else float(rows.score[0])}, weight
        return {"score": rows.score}, weight
    masses = {"win": rows.win, "loss": rows.loss, "tie": rows.tie}
    full = {name: _full(x, rows.n) for name, x in masses.items() if x is not None}
    if weight is not None:
        full = {name: x * weight for name, x in full.items()}
    return full, None


def add_up(
    items: NDArray[Any],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    masses: dict[str, Any],
    weight: NDArray[np.float64] | None,
    order: NDArray[np.int8] | None,
    cluster: NDArray[np.int32] | None,
    n_threads: int,
) -> Aggregated:
    """Cells of coded rows."""
    from venire._native import cells, group_cells

    by = None
    if cluster is not None:
        by = group_cells.sort(cluster, int(cluster.max()) + 1, n_threads)[1]
        first, second, cluster = first[by], second[by], cluster[by]
        masses = {k: x[by] if isinstance(x, np.ndarray) else x for k, x in masses.items()}
        weight = None if weight is None else weight[by]
        order = None if order is None else order[by]
    try:
        out = cells.aggregate(
            len(items),
            first,
            second,
            n_threads,
            weight=weight,
            order=order,
            cluster=cluster,
            **masses,
        )
    except cells.SelfComparison as error:
        at = int(error.args[0])
        _refuse_self(items, first, at, at if by is None else int(by[at]))
    return Aggregated(*(items, *out, False, None))


def _refuse_self(
    items: NDArray[Any], first: NDArray[np.int32], at: int, row: int | None = None
) -> NoReturn:
    row = at if row is None else row
    checks.fail("second", "an item cannot be compared with itself", row, items[first[at]])
