"""Fixed-point iterations: Hunter's MM sweep, and Newman's faster form.

Write exp(theta) as pi. The derivative of the log-likelihood with respect to any log-parameter is a
difference, gains - losses, of positive sums, and both are equal at the maximum. Newman's sweep
multiplies each parameter in turn by gains / losses, with every other parameter as new as it is.
Hunter's sweep replaces the log-likelihood by a lower bound in which the parameters separate, and
maximises that; it never moves downhill, and all strengths can be updated at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from venire.errors import ConvergenceWarning
from venire.reference.components import components
from venire.reference.existence import require_existence
from venire.reference.newton import Problem, ReferenceFit, _start, residual

__all__ = ["State", "fit_mm", "hunter_sweep", "newman_sweep"]


class State(NamedTuple):
    """Parameters: strengths pi, exp(gamma) and the tie parameter."""

    pi: np.ndarray
    home: float
    tie: float


def _masses(cells: Any, model: str) -> tuple[np.ndarray, np.ndarray]:
    """How often the log of each side's strength enters the likelihood."""
    share = 1.0 if model == "rao-kupper" else 0.5
    return cells.win + share * cells.tie, cells.loss + share * cells.tie


def _pulls(
    model: str, tie: float, x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Per cell, how strongly log(x / y) is pulled up and down; x, y are the strengths as they meet.

    Bradley-Terry is Davidson with a tie parameter of 0 and half ties in `a` and `b`.
    """
    if model == "rao-kupper":
        return a * tie * y / (x + tie * y), b * tie * x / (y + tie * x)
    middle = tie * np.sqrt(x * y)
    total = x + y + middle
    return a * (y + middle / 2.0) / total, b * (x + middle / 2.0) / total


def _next_tie(
    cells: Any, model: str, tie: float, x: np.ndarray, y: np.ndarray, fast: bool
) -> float:
    """Tie parameter that the strengths ask for."""
    n_ties = float(np.sum(cells.tie))
    if model == "bradley-terry" or n_ties == 0.0:
        return tie
    if model == "rao-kupper":
        a, b = _masses(cells, model)
        # -log(x + eta y) is bounded by its tangent; the rest is solved exactly for eta
        k = n_ties / float(np.sum(a * y / (x + tie * y) + b * x / (y + tie * x)))
        return k + np.sqrt(k * k + 1.0)
    root = np.sqrt(x * y)
    total = x + y + tie * root
    if fast:
        decisive = cells.win + cells.loss
        return float(np.sum(cells.tie * (x + y) / total) / np.sum(decisive * root / total))
    return n_ties / float(np.sum((cells.win + cells.loss + cells.tie) * root / total))


def _meet(cells: Any, state: State) -> tuple[np.ndarray, np.ndarray]:
    """Strengths as they meet: the side with the order advantage is exp(gamma) times stronger."""
    boost = np.sqrt(state.home) ** cells.order
    return state.pi[cells.first] * boost, state.pi[cells.second] / boost


def _next_home(cells: Any, model: str, state: State) -> float:
    """exp(gamma) times gains / losses."""
    up, down = _pulls(model, state.tie, *_meet(cells, state), *_masses(cells, model))
    ahead, behind = cells.order > 0, cells.order < 0
    gains = np.sum(up[ahead]) + np.sum(down[behind])
    losses = np.sum(down[ahead]) + np.sum(up[behind])
    return state.home * float(gains / losses)


def newman_sweep(cells: Any, model: str, state: State, order_effect: bool = False) -> State:
    """One pass over all items, each using the newest strengths of the others.

    Kernel: csrc/vn_mm.h, by the fits with ``method="mm"``.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "davidson", "rao-kupper"}
    state : State
    order_effect : bool
        Update gamma too.

    Returns
    -------
    State

    References
    ----------
    Newman 2023, Efficient computation of rankings from pairwise comparisons, JMLR 24(238).

    Examples
    --------
    >>> from venire.reference import cells_from_counts
    >>> cells = cells_from_counts([0], [1], [3], [1])
    >>> newman_sweep(cells, "bradley-terry", State(np.ones(2), 1.0, 0.0)).pi
    array([3., 1.])
    """
    n = cells.n_items
    a, b = _masses(cells, model)
    boost = np.sqrt(state.home) ** cells.order
    # every cell twice, once from each side, grouped by the item that looks
    me = np.concatenate([cells.first, cells.second])
    by_item = np.argsort(me, kind="stable")
    other = np.concatenate([cells.second, cells.first])[by_item]
    mine = np.concatenate([a, b])[by_item]
    theirs = np.concatenate([b, a])[by_item]
    ratio = np.concatenate([boost, 1.0 / boost])[by_item]
    start = np.searchsorted(me[by_item], np.arange(n + 1))
    pi = state.pi.copy()
    for i in range(n):
        e = slice(start[i], start[i + 1])
        if e.start == e.stop:
            continue
        x, y = pi[i] * ratio[e], pi[other[e]] / ratio[e]
        up, down = _pulls(model, state.tie, x, y, mine[e], theirs[e])
        pi[i] *= np.sum(up) / np.sum(down)
    state = State(pi, state.home, state.tie)
    if order_effect:
        state = state._replace(home=_next_home(cells, model, state))
    return state._replace(
        tie=_next_tie(cells, model, state.tie, *_meet(cells, state), fast=True),
    )


def hunter_sweep(cells: Any, model: str, state: State, order_effect: bool = False) -> State:
    """One step of the minorise-maximise iteration, all strengths at once.

    Kernel: none: a second way to the same fit.

    Parameters
    ----------
    cells, model, state, order_effect
        As in `newman_sweep`.

    Returns
    -------
    State

    References
    ----------
    Hunter 2004, doi:10.1214/aos/1079120141.

    Examples
    --------
    >>> from venire.reference import cells_from_counts
    >>> cells = cells_from_counts([0], [1], [3], [1])
    >>> hunter_sweep(cells, "bradley-terry", State(np.ones(2), 1.0, 0.0)).pi
    array([1.5, 0.5])
    """
    n, eta = cells.n_items, state.tie
    a, b = _masses(cells, model)
    x, y = _meet(cells, state)
    if model == "rao-kupper":  # tangent of log(x + eta y) and of log(y + eta x)
        first = a / (x + eta * y) + b * eta / (y + eta * x)
        second = a * eta / (x + eta * y) + b / (y + eta * x)
    else:  # tangent of log(x + y + nu sqrt(xy)); sqrt(xy) below its arithmetic-mean bound
        total = x + y + eta * np.sqrt(x * y)
        first = (a + b) * (1.0 + eta / 2.0 * np.sqrt(y / x)) / total
        second = (a + b) * (1.0 + eta / 2.0 * np.sqrt(x / y)) / total
    boost = np.sqrt(state.home) ** cells.order
    won = np.bincount(cells.first, a, n) + np.bincount(cells.second, b, n)
    rate = np.bincount(cells.first, first * boost, n) + np.bincount(cells.second, second / boost, n)
    met = rate > 0.0
    pi = np.where(met, won / np.where(met, rate, 1.0), state.pi)
    state = State(pi, state.home, state.tie)
    if order_effect:
        state = state._replace(home=_next_home(cells, model, state))
    return state._replace(
        tie=_next_tie(cells, model, state.tie, *_meet(cells, state), fast=False),
    )


def fit_mm(
    cells: Any,
    model: str = "bradley-terry",
    *,
    order_effect: bool = False,
    sweep: Callable[[Any, str, State, bool], State] = newman_sweep,
    tol: float = 1e-9,
    max_iter: int = 10_000,
) -> ReferenceFit:
    """Maximum likelihood by repeated sweeps.

    Kernel: csrc/vn_mm.h, by the fits with ``method="mm"``.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "davidson", "rao-kupper"}
    order_effect : bool
    sweep : callable
        `newman_sweep` or `hunter_sweep`.
    tol, max_iter
        Stop when the residual is at most `tol`, or after `max_iter` sweeps.

    Returns
    -------
    ReferenceFit

    Raises
    ------
    ValueError
        If `model` is not one of the three.
    NotIdentifiedError
        If no unique finite fit exists.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` sweeps were not enough.

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> wins = aggregate([0, 0, 1, 2], [1, 1, 2, 0])
    >>> fit_mm(wins).theta.round(6)
    array([ 0.419618, -0.419618,  0.      ])
    """
    if model not in ("bradley-terry", "davidson", "rao-kupper"):
        raise ValueError(
            f"model must be bradley-terry, davidson or rao-kupper for MM, got {model!r}: use newton"
        )
    answer = require_existence(cells, model, order_effect=order_effect)
    problem = Problem(cells, model, 0.0, 0.0, order_effect, answer.tie_is_free)
    labels = components(cells, "weak").labels
    sizes = np.bincount(labels)
    boundary = 1.0 if model == "rao-kupper" else 0.0
    tie = float(np.exp(_start(problem, None)[-1])) if answer.tie_is_free else boundary
    state = State(np.ones(cells.n_items), 1.0, tie)

    def measure(state: State) -> float:
        gamma = float(np.log(state.home)) if order_effect else None
        return residual(cells, model, np.log(state.pi), gamma, state.tie)

    ratio = measure(state)
    n_iter = 0
    while ratio > tol and n_iter < max_iter:
        state = sweep(cells, model, state, order_effect)
        mean = np.exp(np.bincount(labels, np.log(state.pi)) / sizes)
        state = state._replace(pi=state.pi / mean[labels])
        n_iter += 1
        ratio = measure(state)
    if ratio > tol:
        warnings.warn(
            f"not converged after {n_iter} sweeps: residual {ratio:.3g}",
            ConvergenceWarning,
            stacklevel=2,
        )
    gamma = float(np.log(state.home)) if order_effect else 0.0
    x = np.log(state.pi)
    if order_effect:
        x = np.append(x, gamma)
    if answer.tie_is_free:
        x = np.append(x, np.log(state.tie))
    return ReferenceFit(
        np.log(state.pi),
        gamma if order_effect else None,
        None if model == "bradley-terry" else state.tie,
        problem.objective(x),
        ratio,
        n_iter,
        ratio <= tol,
    )
