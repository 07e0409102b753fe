"""Scores summed over clusters, and the middle of the sandwich that they make: Z Z'."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from venire.ratings._information import cell_slopes

if TYPE_CHECKING:
    from venire.ratings._information import Layout
    from venire.ratings.fit import Fit

__all__ = ["ClusterForm", "ScoreForm", "cluster_scores"]

DENSE = 0.125  # of the entries of Z, from which on BLAS makes the products
AT_ONCE = 1 << 22  # entries of a dense part of Z


class ClusterForm:
    """The products of clusters' scores, in the blocked numbering of a fit of one component.

    Parameters
    ----------
    fit : Fit
    layout : Layout
    """

    def __init__(self, fit: Fit, layout: Layout) -> None:
        self._n = layout.n
        self._columns = _columns_of(fit, layout, layout.position)

    @cached_property
    def _products(self) -> tuple[np.ndarray, np.ndarray]:
        """Of items' rows, (n, n), and of all rows with those of other parameters, (n + m, m)."""
        from venire._native.cluster_scores import score_products

        (ptr, index, value, rest), n = self._columns, self._n
        n_clusters = len(ptr) - 1
        if len(index) <= DENSE * n * n_clusters:
            out, cross = score_products(n, ptr, index, value, rest)
            return out, np.concatenate([cross, rest.T @ rest])
        out, cross, step = np.zeros((n, n)), np.zeros((n, rest.shape[1])), max(AT_ONCE // n, 1)
        for c in range(0, n_clusters, step):
            mine = ptr[c : c + step + 1]
            part = np.zeros((len(mine) - 1, n))
            row = np.repeat(np.arange(len(part)), np.diff(mine))
            part[row, index[mine[0] : mine[-1]]] = value[mine[0] : mine[-1]]
            out += part.T @ part
            cross += part.T @ rest[c : c + step]
        return out, np.concatenate([cross, rest.T @ rest])

    def blocks(self, start: int, count: int, size: int) -> np.ndarray:
        """Return the block of the component, (1, n, n)."""
        assert (start, count, size) == (0, 1, self._n)
        return self._products[0][None]

    def times(self, x: np.ndarray) -> np.ndarray:
        """Return M x for x of shape (n + m, q)."""
        n, (items, rest) = self._n, self._products
        out = rest @ x[n:]
        out[:n] += items @ x[:n]
        out[n:] += rest[:n].T @ x[:n]
        return out

    def between(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return x' M[rows, rows] x."""
        return x.T @ (self._products[0][np.ix_(rows, rows)] @ x)


class ScoreForm:
    """A form given by its factor, Z Z' (clustered scores), in the blocked numbering."""

    def __init__(self, factor: Any) -> None:
        self.factor = factor.tocsr()

    def blocks(self, start: int, count: int, size: int) -> np.ndarray:
        """Return the diagonal blocks of a run of components, (count, size, size)."""
        out = np.empty((count, size, size))
        for k in range(count):
            z = self.factor[start + k * size : start + (k + 1) * size]
            out[k] = (z @ z.T).toarray()
        return out

    def times(self, x: np.ndarray) -> np.ndarray:
        """Return M x for x of shape (n + m, q)."""
        return self.factor @ (self.factor.T @ x)

    def between(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return x' M[rows, rows] x."""
        z = self.factor[rows]
        return x.T @ ((z @ z.T) @ x)


def cluster_scores(fit: Fit, layout: Layout, *, blocked: bool = False) -> Any:
    """Return sparse Z, (n + m, n_clusters): each column the sum of the scores of one cluster."""
    from scipy import sparse

    position = layout.position if blocked else np.arange(layout.n)
    ptr, index, value, rest = _columns_of(fit, layout, position)
    items = sparse.csc_array((value, index, ptr), shape=(layout.n, len(ptr) - 1))
    return sparse.vstack([items.tocsr(), sparse.csr_array(rest.T)], format="csr")


def _columns_of(fit: Fit, layout: Layout, position: np.ndarray) -> Any:
    from venire._native.cluster_scores import cluster_scores

    used: Any = layout.cluster
    there = np.bincount(used) > 0
    code = (np.cumsum(there) - 1).astype(np.int32)
    slope, tie_slope = cell_slopes(fit, layout)
    return cluster_scores(
        layout.n,
        position[layout.first],
        position[layout.second],
        code[used],
        int(np.count_nonzero(there)),
        slope,
        layout.moving,
        tie_slope,
    )
