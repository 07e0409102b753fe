"""A bootstrap replicate of a fit by chord Newton, in plain NumPy: the twin of csrc/vn_replicates.c.

There 32 replicates stand side by side; here is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from venire.reference.links import TIE_MODELS, cell_terms

__all__ = ["replicate_fit"]

GROWS = 4.0  # a residual that grows by this is given up


def replicate_fit(
    model: str,
    first: Any,
    second: Any,
    win: Any,
    loss: Any,
    tie: Any,
    *,
    inverse: np.ndarray,
    start: Any,
    prior: float | np.ndarray = 0.0,
    mean: float | np.ndarray = 0.0,
    tol: float = 1e-7,
    max_iter: int = 40,
) -> tuple[np.ndarray, float, int, bool]:
    """Step by a fixed inverse information from the full fit to the fit of a replicate.

    Kernel: csrc/vn_replicates.c, by `venire.bootstrap`.

    Parameters
    ----------
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    first, second : array_like of int, shape (n_edges,)
    win, loss, tie : array_like of float, shape (n_edges,)
        Masses that were drawn; in models without a tie parameter ties are half a win to each.
    inverse : ndarray of float64, shape (n_parameters, n_parameters)
        Of the full fit's information.
    start : array_like of float, shape (n_parameters,)
        Theta of the full fit, then the log of the tie parameter in models that have one.
    prior, mean : float or ndarray of shape (n_items,), default 0
        Precision and mean of the prior. Precisions by item are part of the items' weights.
    tol : float, default 1e-7
        Of the largest ``|gradient|`` relative to the weight of the item's comparisons.
    max_iter : int, default 40

    Returns
    -------
    parameters : ndarray of float64, shape (n_parameters,)
    residual : float
    n_iter : int
    converged : bool

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> inverse = np.array([[0.01, -0.01], [-0.01, 0.01]])  # of 100 even comparisons
    >>> found = vn.reference.replicate_fit(
    ...     "bradley-terry", [0], [1], [55.0], [45.0], [0.0], inverse=inverse, start=[0.0, 0.0]
    ... )
    >>> bool(abs(found[0][0] - found[0][1] - np.log(55 / 45)) < 1e-5), found[3]
    (True, True)
    """
    first, second = np.asarray(first), np.asarray(second)
    masses = [np.asarray(m, np.float64) for m in (win, loss, tie)]
    x = np.array(start, np.float64)
    free_tie = model in TIE_MODELS
    n = len(x) - free_tie
    total = masses[0] + masses[1] + masses[2]
    weight = np.bincount(first, total, n) + np.bincount(second, total, n)
    weight = weight + prior if np.ndim(prior) else weight
    weight[weight == 0.0] = 1.0
    if free_tie:
        weight = np.append(weight, total.sum())
    best = np.inf
    for n_iter in range(max_iter + 1):
        t = x[-1] if free_tie else 0.0
        terms = cell_terms(model, x[first] - x[second], t, *masses)
        won = np.bincount(first, terms["d1"], n).astype(np.float64)
        g = won - np.bincount(second, terms["d1"], n) - prior * (x[:n] - mean)
        if free_tie:
            g = np.append(g, terms["t1"].sum())
        residual = float((np.abs(g) / weight).max())
        if residual <= tol or not residual <= GROWS * best:
            break
        best = min(best, residual)
        if n_iter < max_iter:
            x += inverse @ g
    return x, residual, n_iter, residual <= tol
