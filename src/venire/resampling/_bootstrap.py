"""The bootstrap of a fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, overload

import numpy as np

from venire._core import arrays, checks
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.ratings.fit import Fit
from venire.ratings.fitting import tie_of
from venire.ratings.grouped import GroupedFit
from venire.resampling._cells import KINDS, UNITS
from venire.resampling._grouped import GroupedBootstrap, bootstrap_groups
from venire.resampling._groups import KEEP, check_levels
from venire.resampling._replicates import Batch, Engine
from venire.resampling._result import Bootstrap
from venire.resampling._weights import MOST_KEPT

__all__ = ["add_replicates", "bootstrap"]


#: Called with the number of replicates (or groups) done and the number of all.
Progress = Callable[[int, int], None]


@overload
def bootstrap(
    fit: Fit,
    n_resamples: int = 1000,
    *,
    kind: str = "multinomial",
    unit: str = "auto",
    rng: Any = None,
    tol: float = 1e-7,
    keep: str | None = None,
    levels: Any = 0.95,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Bootstrap: ...
@overload
def bootstrap(
    fit: GroupedFit,
    n_resamples: int = 1000,
    *,
    kind: str = "multinomial",
    unit: str = "auto",
    rng: Any = None,
    tol: float = 1e-7,
    keep: str | None = None,
    levels: Any = 0.95,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> GroupedBootstrap: ...
def bootstrap(
    fit: Fit | GroupedFit,
    n_resamples: int = 1000,
    *,
    kind: str = "multinomial",
    unit: str = "auto",
    rng: Any = None,
    tol: float = 1e-7,
    keep: str | None = None,
    levels: Any = 0.95,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Bootstrap | GroupedBootstrap:
    """Bootstrap a fit, or the fits of many groups: resample the comparisons, fit each replicate.

    Comparisons of one pair, order class and outcome are exchangeable, so that counts are drawn, not
    rows. Where the `Comparisons` have clusters, whole clusters are drawn instead. Each replicate
    starts from the full fit. The groups of a `GroupedFit` are resampled each by itself.

    Parameters
    ----------
    fit : Fit or GroupedFit
        Of any model, with or without prior and order effect. Parameters that all groups share are
        held at their estimates.
    n_resamples : int, default 1000
    kind : {"multinomial", "poisson", "bayesian"}
        "multinomial" draws as many as there are with replacement (Efron 1979), "poisson"
        independent counts of the same mean, "bayesian" Dirichlet weights (Rubin 1981).
    unit : {"auto", "outcomes", "cells"}
        What is drawn where there are no clusters. "outcomes": single comparisons; masses must be
        whole numbers. "cells": the cells of the comparisons (pair and order class), as many as
        there are, each with all the wins, losses and ties that it holds: a bootstrap of pairs, for
        soft scores and fractional weights. A pair of one vote is a comparison either way. "auto":
        outcomes where votes are hard and masses whole, cells otherwise; decided for each group, by
        its masses alone, for groups do not keep the scores of rows.
    rng : int, SeedSequence or Generator, optional
        From a Generator one key is drawn. Replicate k is the same for any `n_resamples` and
        `n_threads`; a group has a stream of its own, by its label, so that it is also the same
        whatever other groups there are.
    tol : float, default 1e-7
        Tolerance on the residual of each replicate; as in the fits.
    keep : {"summary", "draws"}, optional
        Of groups: "summary" (the default) keeps means, standard errors and intervals, "draws"
        every replicate, n_resamples numbers for each item. Of a single fit always the draws.
    levels : float or sequence of float, default 0.95
        Levels of the intervals that a summary keeps.
    n_threads : int, optional
        Default: all usable CPUs.
    progress : callable, optional
        Called with (replicates done, n_resamples); for groups with (groups done, n_groups).

    Returns
    -------
    Bootstrap or GroupedBootstrap

    Raises
    ------
    ValueError
        If `n_resamples` < 1, `kind`, `unit`, `keep` or `levels` is out of range, all comparisons
        of a single fit are of one cluster or one cell, outcomes are asked for where masses are not
        whole, or theta of a GroupedFit was rescaled. (Rows can be drawn of soft scores, too: with a
        cluster for each row of a single fit's `Comparisons`.)
    TypeError
        If `fit` is no Fit or GroupedFit.

    Warns
    -----
    NotIdentifiedWarning
        If some replicates have no finite fit: they lost an item's only win, say. They are counted
        in `n_failed`, and statistics are of the others.
    ConvergenceWarning
        If some replicates did not converge.

    Notes
    -----
    Up to 1,500 items without an order effect, 32 replicates at a time step by the full fit's
    inverse information (chord Newton), at O(n_pairs + n_items^2) a step; those that do not converge
    so, and all others, are fitted by Newton's method one by one, a thread to a replicate. Whether a
    finite fit exists is decided for every replicate. Memory: n_resamples x n_items numbers, and for
    each thread 32 numbers per cell, or a copy of the graph.

    Groups: each replicate by Newton's method and conjugate gradients, a thread to 32 replicates of
    a group; about 20 microseconds for 100 items and 200 pairs. A summary is made block by block of
    groups: memory for n_resamples replicates of the largest group, and some tens of megabytes.

    References
    ----------
    Efron (1979), doi:10.1214/aos/1176344552. Rubin (1981), doi:10.1214/aos/1176345338.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a"], ["b"], win=[60], loss=[40])
    >>> b = vn.bootstrap(vn.fit_bradley_terry(c), 1000, rng=1)
    >>> bool(abs(b.standard_errors()[0] / b.fit.standard_errors()[0] - 1) < 0.1)
    True

    Soft votes in groups:

    >>> g = vn.GroupedComparisons(
    ...     ["q", "q", "q"], ["a", "b", "a"], ["b", "c", "c"], [0.8, 0.6, 0.9]
    ... )
    >>> b = vn.bootstrap(vn.fit_groups(g), 100, rng=1, levels=[0.9, 0.95])
    >>> b.interval(0.9, "basic").shape
    (3, 2)
    """
    if not isinstance(fit, (Fit, GroupedFit)):
        reason = "must be a Fit or a GroupedFit"
        checks.fail("fit", reason, value=type(fit).__name__, kind=TypeError)
    n_resamples = checks.whole(n_resamples, "n_resamples", 1, MOST_KEPT)
    checks.one_of(kind, "kind", KINDS)
    checks.one_of(unit, "unit", UNITS)
    if keep is not None:
        checks.one_of(keep, "keep", KEEP)
    tol = checks.tol(tol)
    checks.function(progress, "progress")
    checked = check_levels(levels)
    key, threads = arrays.keys(rng), checks.n_threads(n_threads)
    if isinstance(fit, GroupedFit):
        return bootstrap_groups(
            fit, n_resamples, kind=kind, unit=unit, key=key, tol=float(tol),
            keep=keep or "summary", levels=checked, n_threads=threads, progress=progress,
        )  # fmt: skip
    if keep == "summary":
        checks.fail("keep", "a summary is made of groups only; of one fit draws", value=keep)
    engine = Engine(fit, kind, key, float(tol), threads, unit)
    none = np.empty(0)
    empty = Bootstrap(
        fit=fit,
        kind=kind,
        key=key,
        theta=np.empty((0, len(fit.theta))),
        tie=None if fit.tie is None else none,
        order_effect=None if fit.order_effect is None else none,
        residual=none,
        status=np.empty(0, np.int8),
        n_iter=np.empty(0, np.int32),
        tol=engine.tol,
        n_threads=engine.n_threads,
        unit=engine.unit,
        _cache={"engine": engine},
    )
    return add_replicates(empty, engine, n_resamples, progress)


def add_replicates(b: Bootstrap, engine: Engine, more: int, progress: Any = None) -> Bootstrap:
    """`b` with `more` replicates; warns of those without a fit."""
    more = checks.whole(more, "more", 1, MOST_KEPT)
    checks.function(progress, "progress")
    start, stop = b.n_resamples, b.n_resamples + more
    batches: list[Batch] = []
    for low in range(start, stop, engine.block):
        high = min(low + engine.block, stop)
        batches.append(engine.run(low, high))
        if progress is not None:
            progress(high, stop)
    joined = {name: np.concatenate([getattr(x, name) for x in batches]) for name in Batch._fields}
    log_tie = joined.pop("log_tie")
    if b.tie is not None:
        joined["tie"] = tie_of(log_tie) if engine.free_tie else np.full(more, b.fit.tie)
    if b.order_effect is None:
        del joined["order_effect"]
    out = b._with(**{k: np.concatenate([getattr(b, k), x]) for k, x in joined.items()})
    _warn(b, out)
    return out


def _warn(before: Bootstrap, after: Bootstrap) -> None:
    if after.n_failed > before.n_failed:
        warnings.warn(
            f"{after.n_failed} of {after.n_resamples} replicates have no finite fit and are left "
            "out of the statistics; a prior gives every replicate one",
            NotIdentifiedWarning,
            stacklevel=4,
        )
    if after.n_unconverged > before.n_unconverged:
        warnings.warn(
            f"{after.n_unconverged} of {after.n_resamples} replicates did not converge and are "
            "left out of the statistics",
            ConvergenceWarning,
            stacklevel=4,
        )
