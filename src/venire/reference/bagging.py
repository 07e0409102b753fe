"""Linear replicates one by one: what the weighted Gram matrices stand for."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["ridge_replicates", "weighted_grams"]


def weighted_grams(z: Any, weights: Any) -> np.ndarray:
    """Weighted sums of products of columns, for many sets of weights.

    Kernel: csrc/vn_gram.c, by `venire.ensembles.Bagging`.

    Parameters
    ----------
    z : array_like of shape (n_rows, d)
    weights : array_like of shape (n_resamples, n_rows)

    Returns
    -------
    ndarray of float64, shape (n_resamples, d (d + 1) / 2)
        In the order of ``numpy.triu_indices(d)``.

    Examples
    --------
    >>> weighted_grams([[1.0, 2.0], [1.0, 3.0]], [[1, 1], [0, 2]]).tolist()
    [[2.0, 5.0, 13.0], [2.0, 6.0, 18.0]]
    """
    z, weights = np.asarray(z, float), np.asarray(weights, float)
    a, b = np.triu_indices(z.shape[1])
    return np.stack([(z.T * w @ z)[a, b] for w in weights])


def ridge_replicates(
    x: Any, y: Any, weights: Any, penalty: float = 0.0, intercept: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Minimise sum of w (y - b0 - x b)² + penalty * b b, for each set of weights.

    Kernel: csrc/vn_gram.c, by `venire.ensembles.Bagging`.

    Parameters
    ----------
    x : array_like of shape (n_rows, n_features)
    y : array_like of shape (n_rows,)
    weights : array_like of shape (n_resamples, n_rows)
    penalty : float
    intercept : bool

    Returns
    -------
    coef : ndarray of float64, shape (n_resamples, n_features)
    intercept : ndarray of float64, shape (n_resamples,)
        By singular values of the rows, each times the root of its weight, and those of the penalty.

    Examples
    --------
    >>> coef, b0 = ridge_replicates([[0.0], [1.0], [2.0]], [1.0, 3.0, 9.0], [[1, 1, 0], [0, 1, 1]])
    >>> coef.round(6).tolist(), b0.round(6).tolist()
    ([[2.0], [6.0]], [1.0, -3.0])
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    p = x.shape[1]
    coefs, starts = [], []
    for w in np.asarray(weights, float):
        x0 = w @ x / w.sum() if intercept else np.zeros(p)
        y0 = w @ y / w.sum() if intercept else 0.0
        root = np.sqrt(w)
        rows = np.vstack([(x - x0) * root[:, None], np.sqrt(penalty) * np.eye(p)])
        b = np.linalg.lstsq(rows, np.append((y - y0) * root, np.zeros(p)), rcond=None)[0]
        coefs.append(b)
        starts.append(y0 - x0 @ b)
    return np.array(coefs), np.array(starts)
