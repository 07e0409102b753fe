"""Quasi-variances: one number per item from which the error of any difference follows, nearly.

Firth and de Menezes (2004, doi:10.1093/biomet/91.1.65): q with q_i + q_j as close as can be to
v_ij = Var(theta_i - theta_j), in the sum over pairs of (log(q_i + q_j) - log v_ij)^2. They depend
on contrasts only, so no reference item enters. Three items are matched exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from venire._core import checks

if TYPE_CHECKING:
    from venire.ratings._contrasts import Contrasts

__all__ = [
    "QuasiVariances",
    "RelativeEstimates",
    "difference_variances",
    "quasi_variances",
    "solve_quasi_variances",
]

MAX_QUASI = 3_000  # items of one component: an iteration solves a dense system of them
_MAX_ITER = 100


class RelativeEstimates(NamedTuple):
    """Ratings relative to a reference item.

    Attributes
    ----------
    items : ndarray, shape (n,)
        Labels.
    estimates : ndarray of float64, shape (n,)
        theta minus that of the reference.
    standard_errors : ndarray of float64, shape (n,)
        Of those differences; 0 for the reference itself.
    """

    items: np.ndarray
    estimates: np.ndarray
    standard_errors: np.ndarray


class QuasiVariances(NamedTuple):
    """Quasi-variances of the items of a fit.

    Attributes
    ----------
    items : ndarray, shape (n,)
        Labels.
    variances : ndarray of float64, shape (n,)
        May be negative for an item (only sums of two have to be positive): then it has no quasi
        standard error and no comparison interval. nan for an item alone in its component.
    standard_errors : ndarray of float64, shape (n,)
        Square roots; nan where the variance is negative.
    relative_errors : tuple of float
        Lowest and highest of sqrt((q_i + q_j) / v_ij) - 1 over the pairs: by how much a standard
        error of a difference computed from the quasi-variances is off.
    """

    items: np.ndarray
    variances: np.ndarray
    standard_errors: np.ndarray
    relative_errors: tuple[float, float]


def quasi_variances(fit: Contrasts, chosen: np.ndarray, errors: str) -> QuasiVariances:
    """Quasi-variances of the items at `chosen`, which are distinct."""
    seen, first = np.unique(chosen, return_index=True)
    if len(seen) < len(chosen):
        bad = int(np.setdiff1d(np.arange(len(chosen)), first)[0])
        checks.fail("items", "must be distinct", bad, fit.items[chosen[bad]])
    variances, spread = np.full(len(chosen), np.nan), []
    component = fit.component[chosen]
    for one in np.unique(component):
        mine = np.flatnonzero(component == one)
        if len(mine) > MAX_QUASI:
            checks.fail(
                "items",
                f"quasi-variances of {len(mine)} items are too many: at most {MAX_QUASI}; name the "
                "ones that matter",
            )
        among = fit.covariance(errors, items=fit.items[chosen[mine]])
        variances[mine], relative = solve_quasi_variances(difference_variances(among))
        spread.append(relative)
    ends = np.array(spread) if spread else np.zeros((1, 2))
    return QuasiVariances(
        fit.items[chosen],
        variances,
        np.sqrt(np.where(variances >= 0.0, variances, np.nan)),
        (float(ends[:, 0].min()), float(ends[:, 1].max())),
    )


def difference_variances(covariance: np.ndarray) -> np.ndarray:
    """Return v_ij = c_ii + c_jj - 2 c_ij, (n, n), of a covariance matrix of n items."""
    diagonal = np.diagonal(covariance)
    return diagonal[:, None] + diagonal[None, :] - 2.0 * covariance


def solve_quasi_variances(variances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Minimise the squared log errors over pairs by a damped Gauss-Newton iteration.

    Parameters
    ----------
    variances : ndarray of float64, shape (k, k)
        Of the differences; the diagonal is not read.

    Returns
    -------
    quasi : ndarray of float64, shape (k,)
        nan if k is 1 or a variance is not > 0; half the variance of the only difference each if k
        is 2.
    relative : ndarray of float64, shape (2,)
        Lowest and highest relative error of a standard error.

    Notes
    -----
    Each step solves with the k x k matrix of entries 1 / (q_i + q_j)^2 and its row sums added to
    the diagonal: O(k^3). Steps are halved until all sums stay positive and the objective falls.
    """
    k = len(variances)
    off = ~np.eye(k, dtype=bool)
    if k == 1 or not (np.isfinite(variances) & ((variances > 0.0) | ~off)).all():
        return np.full(k, np.nan), np.full(2, 0.0 if k == 1 else np.nan)
    if k == 2:
        return np.full(2, variances[0, 1] / 2.0), np.zeros(2)
    log_v = np.log(np.where(off, variances, 1.0))
    quasi = _start(variances, off)
    objective, residual = _objective(quasi, log_v, off)
    if not np.isfinite(objective):  # of sizes so different that sums are not > 0
        return np.full(k, np.nan), np.full(2, np.nan)
    for _ in range(_MAX_ITER):
        inverse = off / np.where(off, quasi[:, None] + quasi[None, :], 1.0)
        gradient = np.sum(residual * inverse, axis=1)
        system = inverse**2
        np.fill_diagonal(system, np.sum(system, axis=1))
        try:
            step = np.linalg.solve(system, -gradient)
        except np.linalg.LinAlgError:
            break
        scale = 1.0
        while scale > 1e-10:
            trial = quasi + scale * step
            value, left = _objective(trial, log_v, off)
            if value <= objective:
                break
            scale /= 2.0
        else:
            break
        small = np.max(np.abs(trial - quasi)) <= 1e-13 * np.max(np.abs(trial))
        quasi, objective, residual = trial, value, left
        if small:
            break
    ratio = np.exp(residual[off] / 2.0) - 1.0
    return quasi, np.array([ratio.min(), ratio.max()])


def _start(variances: np.ndarray, off: np.ndarray) -> np.ndarray:
    """Least squares of the variances themselves, or half their means if that is not positive."""
    k = len(variances)
    rows = np.sum(np.where(off, variances, 0.0), axis=1)
    quasi = (rows - rows.sum() / (2.0 * (k - 1))) / (k - 2)
    lowest = np.partition(quasi, 1)[:2]
    return quasi if lowest.sum() > 1e-3 * abs(quasi).max() or k == 3 else rows / (2.0 * (k - 1))


def _objective(quasi: np.ndarray, log_v: np.ndarray, off: np.ndarray) -> tuple[float, np.ndarray]:
    sums = np.where(off, quasi[:, None] + quasi[None, :], 1.0)
    if not (sums > 0.0).all():
        return np.inf, sums
    residual = np.where(off, np.log(sums) - log_v, 0.0)
    return float(np.sum(residual**2)), residual
