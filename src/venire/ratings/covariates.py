"""Coefficients of covariates: where their fit starts, and whether comparisons determine them.

A coefficient is not determined where its covariate is a combination of other columns of the design:
differences of a number for each item, the order effect, other covariates. It is not bounded where
some direction of all parameters never speaks against who won, and somewhere for it (Albert and
Anderson 1984, doi:10.1093/biomet/71.1.1): then the likelihood rises along it for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.errors import NotIdentifiedError
from venire.ratings.newton import Result, newton
from venire.ratings.separation import Seen, rising_direction

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.data.comparisons import Comparisons
    from venire.ratings._prior_means import Leagues

__all__ = [
    "COLLINEAR",
    "near_start",
    "pivots",
    "refuse_constant",
    "refusing_unbounded",
    "require_finite",
]

STRIDE = 16  # of the cells, one in so many is enough to come near
FIRST_STEPS = 4
ENOUGH = 40  # cells of such a part, for each parameter
LEVEL = 0.5  # precision of the prior there: a part may leave strengths unbounded
SURE = 1e-4  # of a column's square: what varies within pairs, from which on nothing is looked at
COLLINEAR = 1e-9  # and what is left beside all other columns, below which there is nothing
SATURATED = 1e-6  # of a column's weight: what curvature is left of it, below which all is looked at
UNOPPOSED = 1e-3  # of the largest margin: what rounding may speak against a direction
FEW = 1_000
SMALLEST = 1 / checks.LARGEST


def refuse_constant(c: Comparisons, order_effect: bool) -> None:
    """Refuse covariates that say nothing, or nothing but who came first."""
    x = c.covariates
    if x is None:
        return
    for k, name in enumerate(c.covariate_names):
        some = x[:FEW, k]
        if _size(some) < SMALLEST and (size := _size(x[:, k])) < SMALLEST:
            if size == 0.0:
                _refuse(name, "is 0 in every comparison", "leave it out")
            reason = f"is at most {size:.3g} in size, and below {SMALLEST:g} its squares are lost"
            _refuse(name, reason, "give it in another unit")
        if order_effect:
            continue
        side = c.order[:FEW]
        if (some == some[0] * side[0] * side).all() and (
            x[:, k] == some[0] * side[0] * c.order
        ).all():
            reason = "is constant: it says nothing but who came first"
            _refuse(name, reason, "leave it out, and use order_effect=True")


def _size(x: NDArray[np.float64]) -> float:
    return max(float(x.max()), -float(x.min()))


def near_start(
    problem: Problem, start: NDArray[np.float64], n_cells: int, lower: Any
) -> NDArray[np.float64]:
    """Parameters near those of the fit, from a few steps on a fixed part of the cells."""
    parameters = problem.n_parameters
    if n_cells < STRIDE * ENOUGH * parameters or n_cells < STRIDE * problem.n_edges // 4:
        return start
    problem.sample(STRIDE)
    held = problem.set_prior(LEVEL)
    try:
        return newton(problem, start, lower=lower, tol=1e-5, max_iter=FIRST_STEPS).parameters
    finally:
        problem.set_prior(held)
        problem.sample(1)


def refusing_unbounded(
    problem: Problem, names: tuple[str, ...], has_gamma: bool
) -> Callable[[NDArray[np.float64]], None] | None:
    """What refuses, by name, a covariate along whose coefficient the likelihood rises for ever.

    It is shown a step of a fit that comes to no end: where that speaks against nobody who won,
    there is none. The covariate that it moves most is named. None where there are none.
    """

    def refuse_unbounded(step: NDArray[np.float64]) -> None:
        least, largest = problem.margins(step)
        if largest > 0.0 and least >= -UNOPPOSED * largest:
            own = slice(has_gamma, has_gamma + len(names))
            moves = np.abs(step[problem.n_parameters - len(problem.unit) :] * problem.unit)[own]
            _refuse_separating(names[int(np.argmax(moves))])

    return refuse_unbounded if names else None


def require_finite(
    problem: Problem,
    result: Result,
    model: str,
    seen: Callable[[], Seen],
    names: tuple[str, ...],
    *,
    has_gamma: bool,
    tol: float,
    prior: bool,
    leagues: Leagues | None = None,
) -> None:
    """Refuse, by name, a covariate that the items and other columns determine, or that separates.

    `problem` has the matrix at the end of the fit, `seen` are its cells; `prior`: one holds theta.
    `names` end with those of the columns of `leagues`, which go by items.
    Iterations may come to an end though a covariate separates: far out its curvature is lost in the
    rounding of others', and steps look small.
    """
    if not names:
        return
    if leagues is not None:
        leagues.require_told(problem)
    elif not _varies_within(problem):
        dependent = _dependent(problem, ("",) * has_gamma + names)
        if dependent is not None:
            _refuse(*dependent)
    elif result.converged and _varies_within(problem, SATURATED):
        return
    x = result.parameters
    found = rising_direction(problem, x, model, seen, tol=max(tol, result.residual), bounded=prior)
    if found is not None and found[-len(names) :].any():
        _refuse_separating(names[int(np.argmax(np.abs(found[-len(names) :])))])


def _varies_within(problem: Problem, share: float = 0.0) -> bool:
    """Whether cells of one pair alone determine all columns, of which curvature has more than this
    share of their weight."""
    within, whole = problem.within()
    n, own = problem.n_parameters - len(problem.unit), np.diagonal(whole)
    weight = np.asarray(problem.mass)[n : n + len(own)]
    return bool((pivots(within) > SURE * own).all() and (own > share * weight).all())


def _dependent(problem: Problem, names: tuple[str, ...]) -> tuple[str, str, str] | None:
    """The first column that those before it and the items determine; the order effect is ""."""
    _, whole = problem.within()
    n = problem.n_parameters - len(problem.unit)
    fitted = np.zeros((len(names), n))
    whole = problem.gram(fitted)
    mass = np.asarray(problem.mass)[:n]
    for k in range(len(names)):
        column = problem.border(k)
        size = float(np.sqrt(np.mean((column / np.where(mass > 0.0, mass, 1.0)) ** 2)))
        if size > 0.0:
            fitted[k] = problem.solve(column, 1e-9 * size, 1e-9, items_only=True)[0]
    left, own = problem.gram(fitted), np.diagonal(whole)
    size = np.sqrt(np.maximum(own, 1e-300))
    left = left / np.outer(size, size)
    remains = pivots(left)
    for k, name in enumerate(names):
        if remains[k] > COLLINEAR or not name:
            continue
        cure = "leave it out"
        if left[k, k] <= COLLINEAR:
            reason = "is a difference of a number for each item: the ratings have it in them"
            return name, f"cannot be told from the items' strengths; it {reason}", cure
        share = np.linalg.lstsq(left[:k, :k], left[:k, k], rcond=1e-10)[0]
        with_ = [names[j] or "the order effect" for j in range(k) if abs(share[j]) > 1e-6]
        return name, f"is collinear with {', '.join(with_)}, up to differences of items", cure
    return None


def pivots(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is left of each square when the columns before it have taken their part."""
    left, out = gram.copy(), np.zeros(len(gram))
    for k in range(len(gram)):
        out[k] = left[k, k]
        if out[k] > 1e-12 * gram[k, k]:
            left -= np.outer(left[:, k], left[k]) / out[k]
    return out


def _refuse_separating(name: str) -> None:
    _refuse(
        name,
        "separates wins from losses, alone or with other parameters, so its coefficient would be "
        "infinite",
        "leave it out, or add comparisons in which it does not",
    )


def _refuse(name: str, reason: str, cure: str) -> None:
    raise NotIdentifiedError(
        f"no unique finite fit exists: covariate {name!r} {reason}. Cure: {cure}",
        covariate=name,
    )
