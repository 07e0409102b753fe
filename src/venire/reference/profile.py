"""Bounds by profiles: where a strength, held there, leaves too low a likelihood. By brute force."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire.reference.components import components
from venire.reference.newton import _prior, _problem, _vector

__all__ = ["profile_bounds"]


def profile_bounds(
    cells: Any,
    model: str,
    found: Any,
    item: int,
    *,
    z: float = 1.959963984540054,
    prior: Any = None,
    jeffreys: bool = False,
    anchor: int | None = None,
) -> tuple[float, float]:
    """Bounds of theta of one item, by bisection of maxima under a constraint.

    Kernel: csrc/vn_small_profile.c, by ``interval="profile"`` and ``"firth"`` of
    `venire.Fit.interval`.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    found : ReferenceFit or Fit
        The fit: where the search starts, and which parameters there are.
    item : int
        Position of the item.
    z : float
        The bounds are where twice what is maximised is z² below its largest.
    prior : object with precision and mean, optional
        Part of what is maximised, unless `jeffreys`.
    jeffreys : bool
        Maximise the log-likelihood plus half the log of the determinant of its information.
    anchor : int, optional
        Bounds are of the difference from this item, else (where priors do not go by item) of that
        from the mean of the component, about the prior's mean.

    Returns
    -------
    tuple of float
        Lower and upper; nan of an item alone in its component.

    Notes
    -----
    O(100 n_items**3) a bound, and as many times the number of parameters with `jeffreys`.

    Examples
    --------
    >>> from venire.reference import aggregate, fit
    >>> cells = aggregate([0, 0, 0, 1], [1, 1, 1, 0])
    >>> low, high = profile_bounds(cells, "bradley-terry", fit(cells), 0, jeffreys=True)
    >>> round(low, 3), round(high, 3)
    (-0.479, 1.591)
    """
    problem = _problem(
        cells, model, None if jeffreys else prior, found.order_effect is not None, found.tie
    )
    n, m = cells.n_items, problem.n_parameters
    labels, sizes = components(cells, "weak")
    by_item = any(np.ndim(x) for x in _prior(None if jeffreys else prior))
    contrast, shift = np.eye(m)[item], 0.0
    if anchor is not None:
        contrast = contrast - np.eye(m)[anchor]
    elif not by_item:
        contrast[:n] -= (labels == labels[item]) / sizes[labels[item]]
        shift = float(np.mean(_prior(prior)[1]))
    if not contrast.any():
        return np.nan, np.nan
    level = np.zeros((m, m))  # of components: nothing but a prior says where they lie
    level[:n, :n] = (labels[:, None] == labels) / sizes[labels] * (not by_item)

    def log_det(x: np.ndarray) -> float:
        return float(np.linalg.slogdet(problem.hessian(x) + level)[1])

    def value(x: np.ndarray) -> float:
        return problem.objective(x) + (log_det(x) / 2.0 if jeffreys else 0.0)

    def climb(x: np.ndarray, free: np.ndarray) -> np.ndarray:
        """The largest value along the columns of `free`, by Newton with the information."""
        for _ in range(500):
            slope = problem.gradient(x)
            if jeffreys:
                near = 1e-5 * np.eye(m)
                slope += [(log_det(x + e) - log_det(x - e)) / 4e-5 for e in near]
            h = free.T @ (problem.hessian(x) + level) @ free
            step = free @ np.linalg.solve(h, free.T @ slope)
            step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-300))
            before, gain = value(x), float(slope @ step)
            while gain > 1e-10 and not value(x + step) > before:
                step, gain = step / 2.0, gain / 2.0
            x = x + step
            if gain <= 1e-10:
                break
        return x

    top = climb(
        _vector(problem, found.theta, found.order_effect, found.tie, found.coefficients), np.eye(m)
    )
    best = value(top)
    _, _, rest = np.linalg.svd(contrast[None])
    free = rest[1:].T  # all that leaves the contrast alone
    bounds = []
    for sign in (-1.0, 1.0):
        near, far, x = 0.0, 1.0, top
        along = contrast / (contrast @ contrast)
        while True:
            trial = climb(x + sign * (far - near) * along, free)
            if 2.0 * (best - value(trial)) > z * z:
                break
            near, far, x = far, 2.0 * far, trial
        while far - near > 1e-9 * far:
            middle = (near + far) / 2.0
            trial = climb(x + sign * (middle - near) * along, free)
            if 2.0 * (best - value(trial)) > z * z:
                far = middle
            else:
                near, x = middle, trial
        bounds.append(float(contrast @ top) + sign * near)
    return bounds[0] + shift, bounds[1] + shift
