"""Rows of comparisons become cells: labels coded, rows without weight dropped, masses added up."""

from __future__ import annotations

from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data import coding
from venire.data._strata import Strata, covariates_of
from venire.data.ageing import aged, coded_dates
from venire.data.asked import about_words
from venire.data.grouping import group_rows
from venire.data.rows import Cells, Rows

__all__ = ["Weighed", "add_up", "add_up_few", "aggregate", "refuse_self", "weighed"]


def aggregate(
    rows: Rows, *, items: Any = None, groups: Any = None, n_threads: int | None = None
) -> Cells:
    """Cells of the rows: of one fit, or, where the rows have groups, group after group.

    Parameters
    ----------
    rows : Rows
    items
        The items, as `Comparisons` takes them, or `GroupedComparisons` where there are groups.
    groups : array_like, optional
        All groups.
    n_threads : int, optional
    """
    threads = checks.n_threads(n_threads)
    try:
        if rows.group is None:
            rows, ageing = aged(rows)
            return _of_one_fit(rows, items, threads)._replace(ageing=ageing)
        for name in ("covariates", "date", "half_life"):
            if getattr(rows, name) is not None:
                checks.fail(name, "is not taken of comparisons in groups")
        return group_rows(rows, groups, items, threads)
    except checks.BadInput as error:
        if rows.source is not None:
            error.column = rows.source.get(error.argument, error.column)
        raise


def _of_one_fit(rows: Rows, given: Any, n_threads: int) -> Cells:
    """Cells of rows without groups, over the items that are given, if any are.

    Rows of few items are counted as they lie, integer labels included. Whatever does not fit a
    table goes the general way: labels are coded, columns checked, rows sorted. So does whatever is
    wrong, for that is the way that can say what and where.
    """
    n = rows.n
    if given is None and (counted := _counted(rows, rows.first, rows.second, None, n_threads)):
        return counted
    items, first, second = coding.encode(rows.first, rows.second, given, n_threads, n=n)
    if counted := _counted(rows, first, second, items, n_threads):
        return counted
    clusters = dates = None
    names: tuple[str, ...] = ()
    strata = Strata()
    if rows.cluster is not None:
        clusters, codes = coding.encode_one(rows.cluster, "cluster", n_threads, n=n)
        strata = strata._replace(cluster=codes)
    if rows.date is not None:
        dates, when = coded_dates(rows.date, n)
        strata = strata._replace(date=when)
    if rows.covariates is not None:
        names, values = covariates_of(rows.covariates, n)
        strata = strata._replace(covariates=values)
    found = weighed(rows, items, first, second, strata)
    if not len(found.first):
        checks.fail("weight", "every comparison has weight 0")
    return add_up(items, found, n_threads)._replace(
        has_order=found.order is not None, clusters=clusters, dates=dates, covariate_names=names
    )


class Weighed(NamedTuple):
    """Coded rows that weigh something, checked."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    masses: dict[str, Any]  # score; or win, loss and, if any, tie
    weight: NDArray[np.float64] | None  # None: 1, or in the masses
    order: NDArray[np.int8] | None
    strata: Strata

    def wide(self) -> Weighed:
        """The same with scores of eight bytes."""
        score = self.masses.get("score")
        if not isinstance(score, np.ndarray) or score.dtype == np.float64:
            return self
        return self._replace(masses={"score": score.astype(np.float64)})


def weighed(
    rows: Rows,
    items: NDArray[Any],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    strata: Strata,
) -> Weighed:
    """Check what happened in rows whose labels are coded, and leave out those without weight.

    Raises
    ------
    ValueError
        If a value is out of range, or rows are left out and one compares an item with itself.
    """
    order = _full(checks.order(rows.order, rows.n), rows.n)
    masses, weight = _masses(rows)
    total = sum(masses.values()) if "win" in masses else weight
    if total is not None and not total.all():
        keep = np.flatnonzero(total)
        same = np.flatnonzero(first == second)
        if len(same):
            refuse_self(items, first, int(same[0]))
        first, second = first[keep], second[keep]
        masses = {k: x[keep] if isinstance(x, np.ndarray) else x for k, x in masses.items()}
        weight = None if weight is None else weight[keep]
        order = None if order is None else order[keep]
        strata = strata.at(keep)
    if weight is not None and (weight == 1.0).all():
        weight = None
    return Weighed(first, second, masses, weight, order, strata)


def _counted(rows: Rows, first: Any, second: Any, items: Any, n_threads: int) -> Cells | None:
    """Cells of rows of few items; None where the general way must be gone.

    `first` and `second` are labels, or positions in `items`.
    """
    from venire._native import cells

    if any(x is not None for x in (rows.cluster, rows.date, rows.covariates)):
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
    n_items = None if items is None else len(items)
    found = cells.count(first, second, n_threads, n_items=n_items, **columns)
    if found is None:
        return None
    labels, out = found
    labels = labels if items is None else items
    return Cells.of_one(labels, *out, has_order=rows.order is not None)


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
    """What happened, checked, for the native layer, and the weights that are not in it yet."""
    n = rows.n
    weight = _full(checks.weight(rows.weight, n), n)
    if rows.win is None:
        with about_words():
            score = checks.score(rows.score, n)
        return {"score": float(score[0]) if len(score) == 1 < n else score}, weight
    masses = {"win": rows.win, "loss": rows.loss, "tie": rows.tie}
    full = {k: _full(checks.amounts(x, n, k), n) for k, x in masses.items() if x is not None}
    if weight is not None:
        full = {name: x * weight for name, x in full.items()}
    return full, None


def add_up_few(items: NDArray[Any], rows: Weighed, n_threads: int) -> Cells:
    """Cells of coded rows, as `add_up` makes them; counted in a table where there are few items."""
    from venire._native import cells

    if not any(x is not None for x in rows.strata):
        named = {**rows.masses, "weight": rows.weight, "order": rows.order}
        columns = {k: np.atleast_1d(x) for k, x in named.items() if x is not None}
        found = cells.count(rows.first, rows.second, n_threads, n_items=len(items), **columns)
        if found is not None:
            return Cells.of_one(items, *found[1])
    return add_up(items, rows.wide(), n_threads)


def add_up(items: NDArray[Any], rows: Weighed, n_threads: int) -> Cells:
    """Cells of coded rows; their clusters, dates and covariates without labels and names."""
    from venire._native import cells

    strata = rows.strata._asdict()
    kept_apart = {k: np.ascontiguousarray(x) for k, x in strata.items() if x is not None}
    try:
        *out, date, covariates = cells.aggregate(
            len(items), rows.first, rows.second, n_threads, weight=rows.weight, order=rows.order,
            **rows.masses, **kept_apart,
        )  # fmt: skip
    except cells.SelfComparison as error:
        refuse_self(items, rows.first, int(error.args[0]))
    return Cells.of_one(items, *out)._replace(date=date, covariates=covariates)


def refuse_self(items: NDArray[Any], first: NDArray[np.int32], at: int) -> NoReturn:
    """Refuse row `at`, which compares an item with itself."""
    checks.fail("second", "an item cannot be compared with itself", at, items[first[at]])
