"""Rows become cells: one cell per pair, order class and, when given, cluster, date and covariates.

A fit needs nothing finer: the log-likelihood of the rows is a sum over cells of
``win * log P(first) + loss * log P(second) + tie * log P(tie)``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Cells", "aggregate", "cells_from_counts", "merge"]


class Cells(NamedTuple):
    """Comparisons, aggregated. Every array but `items` has one entry per cell.

    Attributes
    ----------
    items : ndarray, shape (n_items,)
        Labels, ascending.
    first, second : ndarray of int32
        Positions into `items`; ``first < second``.
    order : ndarray of int8
        +1: `first` had the order advantage, -1: `second` had, 0: neither.
    win, loss, tie : ndarray of float64
        Masses from the view of `first`. A soft score s of weight w adds w*s to `win` and w*(1-s) to
        `loss`; a score of exactly 0.5 adds w to `tie`.
    square : ndarray of float64
        Sum of w*s**2 over the rows of the cell.
    cluster : ndarray of int32 or None
        Cluster of the cell; None when the rows are independent.
    date : ndarray of int64 or None
        Date of the cell.
    covariates : ndarray of float64, shape (n_cells, K), or None
        Of `first` less `second`.
    """

    items: np.ndarray
    first: np.ndarray
    second: np.ndarray
    order: np.ndarray
    win: np.ndarray
    loss: np.ndarray
    tie: np.ndarray
    square: np.ndarray
    cluster: np.ndarray | None = None
    date: np.ndarray | None = None
    covariates: np.ndarray | None = None

    @property
    def covariate_names(self) -> tuple[str, ...]:
        """What the columns of `covariates` are called: x0, x1, ..."""
        return tuple(
            f"x{k}" for k in range(0 if self.covariates is None else len(self.covariates.T))
        )

    @property
    def n_items(self) -> int:
        """Number of items, those that were never compared included."""
        return len(self.items)

    @property
    def n_pairs(self) -> int:
        """Number of distinct unordered pairs."""
        return len(np.unique(self.first.astype(np.int64) * self.n_items + self.second))

    @property
    def n_comparisons(self) -> float:
        """Total weight."""
        return float(np.sum(self.win + self.loss + self.tie))


def _canonical(
    items: np.ndarray,
    i: np.ndarray,
    j: np.ndarray,
    order: np.ndarray,
    masses: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    cluster: np.ndarray | None,
    date: np.ndarray | None = None,
    covariates: np.ndarray | None = None,
) -> Cells:
    """Orient every row towards its smaller position, then add up rows with equal keys.

    `masses` are win, loss, tie and the two sums of squares, w*s**2 and w*(1-s)**2: the second is
    what the first becomes when the row is seen from the other side.
    """
    win, loss, tie, square, square_other = masses
    swap = i > j
    first = np.where(swap, j, i)
    second = np.where(swap, i, j)
    order = np.where(swap, -order, order)
    columns = np.stack([
        np.where(swap, loss, win),
        np.where(swap, win, loss),
        tie,
        np.where(swap, square_other, square),
    ])  # fmt: skip
    keep = columns[:3].sum(axis=0) > 0.0  # a row of weight 0 is not a comparison
    none = np.zeros_like(first)
    x = np.zeros((len(first), 0)) if covariates is None else covariates
    x = np.where(swap[:, None], -x, x) + 0.0
    strata = [none if key is None else key for key in (cluster, date)]
    keys = np.stack([first, second, order, *strata, *x.T])
    distinct, cell = np.unique(keys[:, keep], axis=1, return_inverse=True)
    sums = np.zeros((4, distinct.shape[1]))
    for total, column in zip(sums, columns[:, keep], strict=True):
        np.add.at(total, cell.ravel(), column)  # in the order of the rows
    return Cells(
        items,
        distinct[0].astype(np.int32),
        distinct[1].astype(np.int32),
        distinct[2].astype(np.int8),
        sums[0],
        sums[1],
        sums[2],
        sums[3],
        None if cluster is None else distinct[3].astype(np.int32),
        None if date is None else distinct[4].astype(np.int64),
        None if covariates is None else distinct[5:].T,
    )


def _positions(first: Any, second: Any, items: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels as positions into the sorted distinct labels."""
    first, second = np.asarray(first), np.asarray(second)
    if items is None:
        items = np.unique(np.concatenate([first, second]))
    else:
        items = np.sort(np.asarray(items))
    i, j = np.searchsorted(items, first), np.searchsorted(items, second)
    for name, labels, codes in (("first", first, i), ("second", second, j)):
        unknown = (codes == len(items)) | (items[np.minimum(codes, len(items) - 1)] != labels)
        if unknown.any():
            row = int(np.argmax(unknown))
            raise ValueError(f"{name}[{row}] is {labels[row].item()!r}, which is not among items")
    if np.any(i == j):
        row = int(np.argmax(i == j))
        raise ValueError(f"row {row} compares {first[row].item()!r} with itself")
    return items, i.astype(np.int64), j.astype(np.int64)


def aggregate(
    first: Any,
    second: Any,
    score: Any = 1.0,
    weight: Any = None,
    *,
    items: Any = None,
    order: Any = None,
    cluster: Any = None,
    date: Any = None,
    covariates: Any = None,
) -> Cells:
    """Rows of comparisons as cells, sorted by (first, second, order, cluster, date, covariates).

    Kernel: csrc/vn_count_cells.c and csrc/vn_cells.c, by `venire.Comparisons`.

    Parameters
    ----------
    first, second : array_like, shape (n_rows,)
        Labels of the two items of each row.
    score : float or array_like of float, shape (n_rows,)
        The share of the comparison that `first` got: 1 a win, 0 a loss, exactly 0.5 a tie.
    weight : array_like of float, shape (n_rows,), optional
        How many comparisons each row stands for; 1 by default. Rows of weight 0 make no cell.
    items : array_like, optional
        All labels, when some were never compared.
    order : array_like of int, shape (n_rows,), optional
        Per row +1 when `first` had the order advantage, -1 when `second` had, 0 for neither. By
        default `first` has it in every row.
    cluster : array_like of int, shape (n_rows,), optional
        Rows of one cluster are dependent; cells are then kept per cluster.
    date : array_like of int, shape (n_rows,), optional
        Cells are kept per date.
    covariates : array_like of float, shape (n_rows, K), optional
        Of each row's first less its second; cells are kept per distinct row.

    Returns
    -------
    Cells

    Raises
    ------
    ValueError
        If a label is not among `items`, or an item is compared with itself.

    Notes
    -----
    O(n_rows log n_rows): the sort of the keys.

    Examples
    --------
    >>> cells = aggregate(["b", "a", "a"], ["a", "b", "b"], [1.0, 0.5, 0.0])
    >>> cells.first, cells.second, cells.order
    (array([0, 0], dtype=int32), array([1, 1], dtype=int32), array([-1,  1], dtype=int8))
    >>> cells.win, cells.loss, cells.tie
    (array([0., 0.]), array([1., 1.]), array([0., 1.]))
    """
    items, i, j = _positions(first, second, items)
    n_rows = len(i)
    s = np.broadcast_to(np.asarray(score, np.float64), n_rows)
    w = np.ones(n_rows) if weight is None else np.asarray(weight, np.float64)
    o = np.ones(n_rows, np.int64) if order is None else np.asarray(order).astype(np.int64)
    tied = s == 0.5
    masses = (
        np.where(tied, 0.0, w * s),
        np.where(tied, 0.0, w * (1.0 - s)),
        np.where(tied, w, 0.0),
        w * s**2,
        w * (1.0 - s) ** 2,
    )
    strata = [None if x is None else np.asarray(x) for x in (cluster, date, covariates)]
    return _canonical(items, i, j, o, masses, *strata)


def cells_from_counts(
    first: Any,
    second: Any,
    win: Any,
    loss: Any,
    tie: Any = None,
    *,
    items: Any = None,
    order: Any = None,
    cluster: Any = None,
) -> Cells:
    """Counted wins, losses and ties of each row's `first` as cells.

    Kernel: csrc/vn_cells.c, by `venire.Comparisons.from_counts`.

    Parameters
    ----------
    first, second, items, order, cluster
        As in `aggregate`.
    win, loss, tie : array_like of float, shape (n_rows,)
        Masses from the view of `first`; `tie` is 0 by default.

    Returns
    -------
    Cells

    Raises
    ------
    ValueError
        If a label is not among `items`, or an item is compared with itself.

    Examples
    --------
    >>> cells_from_counts(["b"], ["a"], [3], [1], [2]).loss
    array([3.])
    """
    items, i, j = _positions(first, second, items)
    win, loss = np.asarray(win, np.float64), np.asarray(loss, np.float64)
    tie = np.zeros(len(i)) if tie is None else np.asarray(tie, np.float64)
    o = np.ones(len(i), np.int64) if order is None else np.asarray(order).astype(np.int64)
    masses = (win, loss, tie, win + tie / 4.0, loss + tie / 4.0)
    return _canonical(items, i, j, o, masses, None if cluster is None else np.asarray(cluster))


def merge(a: Cells, b: Cells) -> Cells:
    """The cells of the rows of `a` and of `b` together.

    Kernel: csrc/vn_join.c, by `venire.Comparisons.append`.

    Examples
    --------
    >>> merge(aggregate([0], [1]), aggregate([2, 0], [1, 1])).win
    array([2., 0.])
    """
    for name in ("cluster", "date", "covariates"):
        if (getattr(a, name) is None) != (getattr(b, name) is None):
            raise ValueError(f"one of the two has {name} and the other has none")
    items = np.unique(np.concatenate([a.items, b.items]))
    at_a, at_b = np.searchsorted(items, a.items), np.searchsorted(items, b.items)

    def both(name: str) -> np.ndarray:
        return np.concatenate([getattr(a, name), getattr(b, name)])

    first = np.concatenate([at_a[a.first], at_b[b.first]])
    second = np.concatenate([at_a[a.second], at_b[b.second]])
    square = both("square")  # never seen from the other side: first < second already
    masses = (both("win"), both("loss"), both("tie"), square, square)
    names = ("cluster", "date", "covariates")
    strata = [None if getattr(a, name) is None else both(name) for name in names]
    return _canonical(items, first, second, both("order").astype(np.int64), masses, *strata)
