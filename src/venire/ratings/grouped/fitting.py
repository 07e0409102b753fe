"""The way through the fits of many groups: large ones one by one, small ones in native batches."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from venire._core import checks
from venire.data.asked import wanted
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.lookup import GroupLookup
from venire.errors import (
    ConvergenceError,
    ConvergenceWarning,
    NotIdentifiedError,
    NotIdentifiedWarning,
)
from venire.models import DEFAULT, Model, TieLaw, model_of
from venire.priors import GaussianPrior, item_priors
from venire.ratings.fitting import check_arguments, tie_of
from venire.ratings.grouped import _shared, batches
from venire.ratings.grouped._evidence import find_precision
from venire.ratings.grouped._running import Run
from venire.ratings.grouped.fit import GroupedFit

if TYPE_CHECKING:
    from venire._native.grouped import Estimates

__all__ = ["fit_groups"]

EXAMPLES = 5


def fit_groups(
    g: GroupedComparisons,
    *,
    model: str = DEFAULT,
    prior: GaussianPrior | None = GaussianPrior(0.01),  # noqa: B008
    order_effect: bool = False,
    shared: bool = False,
    init: ArrayLike | GroupedFit | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: batches.Progress | None = None,
    strict: bool = False,
) -> GroupedFit:
    """Fit every group by itself, all in one call.

    Each group's theta is what the single fit of its comparisons gives. A group without a fit does
    not stop or change the others: its `status` says so.

    Parameters
    ----------
    g : GroupedComparisons
        What was observed.
    model : str, one of `venire.models.MODELS`
    prior : GaussianPrior or None, default GaussianPrior(0.01)
        None: maximum likelihood. ``GaussianPrior("evidence")``: one precision for all groups, by
        the evidence of all of them together.
    order_effect : bool, default False
        Estimate gamma, which is added to theta_first - theta_second where `first` had the order
        advantage.
    shared : bool, default False
        The order effect and the tie parameter are those of all groups, estimated jointly; else each
        group has its own.
    init : ndarray of shape (n_items,) or GroupedFit, optional
        Where to start: theta, or an earlier fit, whose items are found by group and label.
    tol : float, default 1e-9
        As for the single fits.
    max_iter : int, optional
        Newton iterations per group, default 100.
    n_threads : int, optional
        Default: all usable CPUs. The result is the same bit for bit.
    progress : callable, optional
        Called with (groups done, groups) now and then.
    strict : bool, default False
        Raise if some group has no fit or did not converge.

    Returns
    -------
    GroupedFit

    Raises
    ------
    NotIdentifiedError
        With `strict`, if some group has no unique finite fit; the message names groups. With
        `shared`, if the groups together do not determine the shared parameters.
    ConvergenceError
        With `strict`, if some group did not converge.
    ValueError, TypeError
        If an argument is out of range or has a wrong type.

    Warns
    -----
    ConvergenceWarning
        If some group reached the iteration limit.

    Notes
    -----
    Groups run in parallel, each on one thread; a group of over 20,000 items or 200,000 pairs, or
    one on which simple preconditioning is slow, is fitted by all threads together. Newton's method
    starts from the shares of the outcomes; its systems are solved by conjugate gradients on jagged
    diagonals (Saad 1989, doi:10.1137/0910073). Time is about proportional to the pairs: 112,000
    groups of 200 pairs take about a second on two cores. Memory beyond the comparisons: theta, and
    a few megabytes per thread.

    References
    ----------
    Bradley and Terry 1952, doi:10.2307/2334029. Thurstone 1927, doi:10.1037/h0070288. Davidson
    1970, doi:10.1080/01621459.1970.10481082. Rao and Kupper 1967,
    doi:10.1080/01621459.1967.10482901.

    Examples
    --------
    >>> import venire as vn
    >>> g = vn.GroupedComparisons(
    ...     ["q1", "q1", "q1", "q2"], [0, 1, 2, 5], [1, 2, 0, 9], [1.0, 0.8, 0.4, 0.5]
    ... )
    >>> gf = vn.fit_groups(g)
    >>> gf.status.tolist(), gf.theta.round(3).tolist()
    (['converged', 'converged'], [0.91, -0.305, -0.605, 0.0, 0.0])
    """
    from venire._native.grouped import Estimates

    wanted(g, "g", GroupedComparisons)
    check_arguments(model, prior, order_effect, tol, max_iter, progress)
    shared, strict = checks.flag(shared, "shared"), checks.flag(strict, "strict")
    threads = checks.n_threads(n_threads)
    row = model_of(model)
    model = row.name
    has_tie = row.tie is not None and g.cells.tie is not None
    if has_tie and shared:
        has_tie = _shared.has_ties_that_count(g, prior is not None)
    estimated = prior is not None and prior.is_estimated
    priors = item_priors(
        prior.at(1.0) if prior and estimated else prior, g.items, g.groups, g.offsets
    )
    native = batches.native_groups(
        g,
        row.fitted(has_tie).name,
        prior=priors,
        order_effect=bool(order_effect),
        shared=bool(shared),
    )
    own = not shared
    e = Estimates(g.n_items, g.n_groups, order_effect and own, has_tie and own)
    run = Run(
        g, model, native, e, priors, bool(order_effect), bool(shared), has_tie,
        _shared_start(g, init, row, order_effect, has_tie), tol, max_iter, threads, progress,
    )  # fmt: skip
    warm = _start(e, g, init, row.tie)
    evidence = None
    if prior and estimated:
        evidence = find_precision(run, warm)
        prior, warm = prior.at(evidence.precision), True
        run.set_precision(evidence.precision)
    run(tol, warm=warm)
    fit = _result(g, model, prior, order_effect, shared, has_tie, run.values, e, tol, threads)
    if evidence is not None:
        fit = replace(fit, evidence=evidence)
    _report(fit, strict)
    return fit


def _start(e: Estimates, g: GroupedComparisons, init: Any, law: TieLaw | None) -> bool:
    """Put `init` into the estimates; whether there was any."""
    if init is None:
        return False
    if isinstance(init, GroupedFit):
        init.require_own_scale("init")
        old = init.comparisons
        same = old is g or (
            np.array_equal(old.groups, g.groups)
            and np.array_equal(old.offsets, g.offsets)
            and np.array_equal(old.items, g.items)
        )
        if same:
            e.theta[:] = init.theta
        else:
            lookup = GroupLookup(old.groups, old.offsets, old.items)
            at = lookup.matching(g.groups, g.offsets, g.items)
            e.theta[at >= 0] = init.theta[at[at >= 0]]
        np.nan_to_num(e.theta, copy=False, nan=0.0)
    else:
        e.theta[:] = checks.start(init, g.n_items)
    if e.log_tie is not None and law is not None:
        e.log_tie[:] = law.start(min(max(_shared.share_of_ties(g), 1e-3), 0.9))
    return True


def _shared_start(
    g: GroupedComparisons, init: Any, row: Model, order_effect: bool, has_tie: bool
) -> np.ndarray:
    gamma, log_tie, law = 0.0, 0.0, row.tie
    if law is not None and has_tie:
        log_tie = law.start(_shared.share_of_ties(g))
    if isinstance(init, GroupedFit) and init.shared:
        gamma = float(init.order_effect or 0.0)
        if law is not None and has_tie and init.model == row.name and init.tie > law.boundary:
            log_tie = float(np.log(init.tie))
    return np.array(([gamma] if order_effect else []) + ([log_tie] if has_tie else []))


def _result(
    g: GroupedComparisons,
    model: str,
    prior: GaussianPrior | None,
    order_effect: bool,
    shared: bool,
    has_tie: bool,
    values: np.ndarray,
    e: Estimates,
    tol: float,
    n_threads: int,
) -> GroupedFit:
    from venire._native.grouped import STATUSES

    law = model_of(model).tie
    tie: Any = None
    if law is not None:
        if shared:
            tie = float(tie_of(values[-1])) if has_tie else law.boundary
        else:
            fitted = np.isfinite(e.residual) & (np.diff(g.cell_offsets) > 0)
            tie = np.where(fitted, law.boundary, np.nan)
            if has_tie:
                tie = tie_of(e.log_tie)
    gamma: Any = None
    if order_effect:
        gamma = float(values[0]) if shared else e.gamma
    return GroupedFit(
        comparisons=g,
        model=model,
        prior=prior,
        theta=e.theta,
        tie=tie,
        order_effect=gamma,
        shared=bool(shared),
        status=np.array(STATUSES[:-1])[e.status],
        residual=e.residual,
        n_iter=e.n_iter,
        n_components=e.n_parts,
        tol=tol,
        n_threads=n_threads,
        shared_values=values,
    )


def _report(fit: GroupedFit, strict: bool) -> None:
    """Say, or raise, what did not work."""
    if fit.evidence is not None and fit.evidence.note:
        warnings.warn(fit.evidence.note, NotIdentifiedWarning, stacklevel=3)
    for status, what in (
        ("not identified", "have no unique finite fit"),
        ("iteration limit", "did not converge"),
    ):
        bad = np.flatnonzero(fit.status == status)
        if not len(bad):
            continue
        names = ", ".join(str(x) for x in fit.groups[bad[:EXAMPLES]])
        more = f" and {len(bad) - EXAMPLES} more" if len(bad) > EXAMPLES else ""
        text = f"{len(bad)} of {len(fit.groups)} groups {what}: {names}{more}"
        if status == "iteration limit":
            if strict:
                raise ConvergenceError(f"{text}. Cure: a larger max_iter, or a prior")
            warnings.warn(text, ConvergenceWarning, stacklevel=3)
        elif strict:
            raise NotIdentifiedError(f"{text}. Cure: use a prior, such as GaussianPrior(0.01)")
