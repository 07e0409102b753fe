"""The fit of rankings: one model, one function."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.asked import wanted
from venire.data.rankings import Rankings
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.models import RANKINGS
from venire.priors import GaussianPrior, ItemPriors, item_priors
from venire.ratings._evidence import Evidence
from venire.ratings._evidence_single import find_precision
from venire.ratings._quasi_newton import quasi_newton
from venire.ratings._ranking_existence import (
    require_ranking_existence,
    strong_components,
    within,
)
from venire.ratings._ranking_labels import labels_of
from venire.ratings._ranking_merging import merged
from venire.ratings._ranking_problem import RankingProblem
from venire.ratings.fit import Fit
from venire.ratings.fitting import check_arguments, guess, theta_of, trouble
from venire.ratings.newton import Progress, Result, newton
from venire.ratings.plackett_luce_fit import PlackettLuceFit

__all__ = ["fit_plackett_luce", "fitted_rankings"]

METHODS = ("auto", "quasi-newton", "newton", "mm")
FIRST = 2  # minorise-maximise steps before others: far away they are hard to beat
PATIENCE = 60  # quasi-Newton steps after which "auto" goes on by Newton's method
MOST_PAIRS = 2**27  # of items in all rankings up to which it does: they are held in memory
MAX_ITER = {"quasi-newton": 1_000, "newton": 100, "mm": 10_000}


def fit_plackett_luce(
    r: Rankings,
    *,
    prior: GaussianPrior | None = None,
    method: str = "auto",
    init: ArrayLike | Fit | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    components: str = "weak",
) -> PlackettLuceFit:
    """Fit the Plackett-Luce model of rankings.

    The best item is chosen from the set, then the next from what is left, and so on, each with a
    probability in proportion to exp(theta): P(i above j) = 1 / (1 + exp(theta_j - theta_i)),
    whatever others there are, as in the Bradley-Terry model, which this is for rankings of two.

    Parameters
    ----------
    r : Rankings
        What was observed. Of a ranking that places the best few of a set only, what is below them
        is in no order. Tied items share the sum over their choice set, which counts once for each
        of them (Breslow 1974); at the end of a ranking once less, as its last item is no choice, so
        that two items that tie are half a win to each: many ties shrink the ratings, and models of
        ties take `Rankings.to_comparisons`. Items of groups are items of their own.
    prior : GaussianPrior, optional
        Default: none, maximum likelihood. By item it names the items; in groups (group, item).
        With ``GaussianPrior("evidence")`` the precision is that which the rankings want.
    method : {"auto", "quasi-newton", "newton", "mm"}
        "quasi-newton" is L-BFGS around the exact diagonal, a pass over the rankings a step;
        "newton" is inexact Newton, whose matrix is a Laplacian over the pairs of items that were
        ranked together, by the solver of the other fits; "mm" is Hunter's minorise-maximise
        iteration. "auto": quasi-Newton, and Newton's from there where 60 steps are not enough.
    init : ndarray of shape (n_items,) or Fit, optional
        Where to start: theta, or an earlier fit, whose items are found by their labels.
    tol : float, default 1e-9
        Converged when no derivative exceeds `tol` times the weight of the item's rankings.
    max_iter : int, optional
        Steps: default 1,000 for quasi-newton, 100 for newton, 10,000 for mm.
    n_threads : int, optional
        Default: all usable CPUs. The result is the same bit for bit.
    progress : callable, optional
        Called with (iteration, residual) after every step.
    components : {"weak", "strong"}
        Without a prior, items that were never ranked together are fitted and centred apart, with a
        warning unless they are of different groups. "strong" does so for each strongly connected
        component of the graph of "ranked above": rankings are taken apart into those among the
        items of each, so that a fit always exists.

    Returns
    -------
    PlackettLuceFit

    Raises
    ------
    NotIdentifiedError
        If there is no unique finite fit: some items are above all others whenever they meet, say.
        The message names example items and the cure.
    ValueError
        If an argument is out of range.
    TypeError
        If an argument has a wrong type.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` was reached first; the fit then has ``converged=False``.
    NotIdentifiedWarning
        If several components were fitted each by itself.

    Notes
    -----
    A pass over rankings of m items each takes O(n_listed) time, about a nanosecond an item and
    thread; ten to twenty passes are usual. Memory: 4 to 8 bytes for each item of each ranking.
    Newton's method and standard errors go over the pairs, m (m - 1) / 2 for each ranking; of the
    best k of all items, k * n_items.

    References
    ----------
    Plackett 1975, doi:10.2307/2346567; Luce 1959. Existence and MM: Hunter 2004,
    doi:10.1214/aos/1079120141. Ties: Breslow 1974, doi:10.2307/2529620. L-BFGS: Nocedal 1980,
    doi:10.1090/S0025-5718-1980-0572855-7.

    Examples
    --------
    >>> import venire as vn
    >>> r = vn.Rankings([["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "c", "b"]])
    >>> fit = vn.fit_plackett_luce(r)
    >>> fit.theta.round(6).tolist()
    [0.320996, -0.376022, 0.055026]
    >>> fit.predict_choice(["a", "b", "c"]).round(3).tolist()
    [0.442, 0.22, 0.338]
    """
    wanted(r, "r", Rankings)
    check_arguments(RANKINGS.name, prior, False, tol, max_iter, progress)
    checks.one_of(method, "method", METHODS)
    checks.one_of(components, "components", ("weak", "strong"))
    estimated = prior is not None and prior.is_estimated
    if estimated and method not in ("auto", "newton"):
        checks.fail("method", "a prior by the evidence goes with 'newton'", value=method)
    threads = checks.n_threads(n_threads)
    own = _item_priors(prior.at(1.0) if prior is not None and estimated else prior, r)
    used = distinct = merged(r)
    problem = RankingProblem(used, own, threads)
    if components == "strong" and prior is None:
        used = within(distinct, strong_components(problem.native, r.n_items))
        problem = problem if used is distinct else RankingProblem(used, own, threads)
    component = require_ranking_existence(used, problem.native, prior=prior is not None)
    start = own.levelled(_start(r, init, own) - own.centre, component)
    remarks: list[tuple[str, type[Warning]]] = []
    evidence: Evidence | None = None
    if prior is not None and estimated:
        evidence, result = _by_evidence(problem, start, component, tol, max_iter, progress, init)
        prior, how = prior.at(evidence.precision), "newton"
        own = _item_priors(prior, r)
        if evidence.note:
            remarks.append((evidence.note, NotIdentifiedWarning))
    else:
        result, how = fitted_rankings(problem, start, method, tol, max_iter, progress)
    if not result.converged:
        remarks.append((trouble(result, tol), ConvergenceWarning))
    note, parts = "", int(component.max(initial=-1)) + 1
    if prior is None and parts > (1 if r.groups is None else len(r.groups)):
        note = (
            f"{parts} components that "
            + ("are not linked by ranks both ways" if components == "strong" else "never met")
            + " were fitted each by itself; ratings do not compare across them"
        )
        remarks.append((note, NotIdentifiedWarning))
    for text, category in remarks:
        warnings.warn(text, category, stacklevel=2)
    if evidence is not None:
        note = "; ".join(filter(None, [note, evidence.note]))
    theta = own.levelled(result.parameters, component)
    return PlackettLuceFit(
        comparisons=r, model=RANKINGS.name, theta=theta + own.centre if own.centre else theta,
        prior=prior, log_likelihood=problem.log_likelihood(theta), residual=result.residual,
        converged=result.converged, n_iter=result.n_iter, n_inner=result.n_inner,
        component=component, method=how, tol=tol, n_threads=threads, note=note,
        components=components, evidence=evidence,
    )  # fmt: skip


def fitted_rankings(
    problem: RankingProblem,
    start: NDArray[np.float64],
    method: str = "auto",
    tol: float = 1e-9,
    max_iter: int | None = None,
    progress: Progress | None = None,
    *,
    near: bool = False,
) -> tuple[Result, str]:
    """Maximise from `start`, which may be `near` the solution; and by which method in the end."""
    limit = (
        max_iter if max_iter is not None else MAX_ITER[METHODS[1] if method == "auto" else method]
    )
    if method == "mm":
        return _minorise(problem, start, tol, limit, progress), method
    if method == "newton":
        return newton(problem, start, tol=tol, max_iter=limit, progress=progress), method
    for _ in range(0 if near else FIRST):
        problem.derivatives(start)
        start = start + problem.minorise()
    impatient = method == "auto" and limit > PATIENCE and problem.n_pairs <= MOST_PAIRS
    first = quasi_newton(
        problem, start, tol=tol, max_iter=PATIENCE if impatient else limit, progress=progress
    )
    if first.converged or not impatient:
        return first, "quasi-newton"
    told = None if progress is None else lambda k, x: progress(first.n_iter + k, x)
    rest = newton(problem, first.parameters, tol=tol, max_iter=limit - PATIENCE, progress=told)
    return replace(rest, n_iter=first.n_iter + rest.n_iter), "newton"


def _minorise(
    problem: RankingProblem,
    start: NDArray[np.float64],
    tol: float,
    max_iter: int,
    progress: Progress | None,
) -> Result:
    x, n_iter = np.array(start), 0
    residual = problem.residual(problem.derivatives(x))
    while residual > tol and n_iter < max_iter:
        x = x + problem.minorise()
        residual = problem.residual(problem.derivatives(x))
        n_iter += 1
        if progress is not None:
            progress(n_iter, residual)
    return Result(x, residual, residual <= tol, n_iter, 0)


def _item_priors(prior: GaussianPrior | None, r: Rankings) -> ItemPriors:
    """The priors of the items; with arrays of their own."""
    own = item_priors(prior, r.items, r.groups, r.item_offsets)
    return own if own.precision is None else own._replace(precision=own.precision.copy())


def _by_evidence(
    problem: RankingProblem,
    start: NDArray[np.float64],
    component: NDArray[np.int32],
    tol: float,
    max_iter: int | None,
    progress: Progress | None,
    init: Any,
) -> tuple[Evidence, Result]:
    """The precision that the evidence wants, and the fit with it."""
    n = problem.n_parameters
    return find_precision(
        problem, start, 0.0 if problem.prior.mean is None else problem.prior.mean, component,
        float(problem.games.sum()) / max(n, 1), first=guess(init), tol=tol, max_iter=max_iter,
        progress=progress,
    )  # fmt: skip


def _start(r: Rankings, init: Any, prior: ItemPriors) -> NDArray[np.float64]:
    """Theta to start from: where the prior has it, if nothing is said."""
    if init is None:
        return np.zeros(r.n_items) if prior.mean is None else prior.mean
    if isinstance(init, Fit):
        return theta_of(init, labels_of(r))
    return checks.start(init, r.n_items).copy()
