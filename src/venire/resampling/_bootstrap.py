"""The bootstrap of a fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypedDict, Unpack, overload

import numpy as np

from venire._core import arrays, checks
from venire._core.executor import lent
from venire.ratings.fit import Fit
from venire.ratings.grouped import GroupedFit
from venire.resampling import _groups
from venire.resampling._cells import SCHEMES, UNITS
from venire.resampling._engine import engine_of
from venire.resampling._grouped import GroupedBootstrap
from venire.resampling._result import Bootstrap
from venire.resampling._weights import MOST_KEPT

__all__ = ["bootstrap"]

KEEP = ("summary", "draws")

#: Called with the number of replicates (or groups) done and the number of all.
Progress = Callable[[int, int], None]


class Options(TypedDict, total=False):
    """Keywords of `bootstrap`."""

    scheme: str
    unit: str
    rng: Any
    tol: float
    keep: str | None
    levels: Any
    n_threads: int | None
    executor: Any
    progress: Progress | None


@overload
def bootstrap(fit: Fit, n_resamples: int = ..., **options: Unpack[Options]) -> Bootstrap: ...
@overload
def bootstrap(
    fit: GroupedFit, n_resamples: int = ..., **options: Unpack[Options]
) -> GroupedBootstrap: ...
def bootstrap(
    fit: Fit | GroupedFit,
    n_resamples: int = 1000,
    *,
    scheme: str = "multinomial",
    unit: str = "auto",
    rng: Any = None,
    tol: float = 1e-7,
    keep: str | None = None,
    levels: Any = 0.95,
    n_threads: int | None = None,
    executor: Any = None,
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
    scheme : {"multinomial", "poisson", "bayesian"}
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
    executor : int, str, distributed.Client or Executor, optional
        Who does it, as for `venire.batch.fit_files`: processes of this machine, or a Dask cluster.
        Each task is a block of replicates (of groups, a range of groups): the result is the same,
        bit for bit, whoever does them, and however often.
    progress : callable, optional
        Called with (replicates done, n_resamples); for groups with (groups done, n_groups).

    Returns
    -------
    Bootstrap or GroupedBootstrap

    Raises
    ------
    ValueError
        If `n_resamples` < 1, `scheme`, `unit`, `keep` or `levels` is out of range, all comparisons
        of a single fit are of one cluster or one cell, outcomes are asked for where masses are not
        whole, or theta of a GroupedFit was rescaled. (Rows can be drawn of soft scores, too: with a
        cluster for each row of a single fit's `Comparisons`.)
    TypeError
        If `fit` is no Fit or GroupedFit.
    ImportError, OSError
        If a cluster is asked for, and Dask is not installed; if no scheduler answers, its workers
        have another version, or die again and again.

    Warns
    -----
    NotIdentifiedWarning
        If some replicates have no finite fit: they lost an item's only win, say. They are counted
        in `n_failed`, and statistics are of the others.
    ConvergenceWarning
        If some replicates did not converge.

    Notes
    -----
    Up to 1,500 items without order effect and covariates, 32 replicates at a time step by the full
    fit's inverse information (chord Newton), at O(n_pairs + n_items^2) a step; those that do not
    converge so, and all others, are fitted by Newton's method one by one, a thread to each. Whether
    a finite fit exists is decided for every replicate. Memory: n_resamples x n_items numbers, and
    for each thread 32 numbers per cell, or a copy of the graph.

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
        cure = "fit the data first, as in bootstrap(fit_bradley_terry(c))"
        checks.fail("fit", reason, value=type(fit).__name__, cure=cure, kind=TypeError)
    fit.require_own_scale()
    n_resamples = checks.whole(n_resamples, "n_resamples", 1, MOST_KEPT)
    checks.one_of(scheme, "scheme", SCHEMES)
    checks.one_of(unit, "unit", UNITS)
    if keep is not None:
        checks.one_of(keep, "keep", KEEP)
    tol = checks.tol(tol)
    checks.function(progress, "progress")
    checked = _levels(levels)
    key, threads = arrays.keys(rng), checks.n_threads(n_threads)
    if isinstance(fit, GroupedFit):
        none_of_groups = _of_groups(fit, scheme, unit, key, tol, threads, keep, checked)
        with lent(executor) as tasks:
            return none_of_groups._extended(n_resamples, progress, tasks)
    if keep == "summary":
        checks.fail("keep", "a summary is made of groups only; of one fit draws", value=keep)
    engine, none = engine_of(fit, scheme, key, tol, threads, unit), np.empty(0)
    empty = Bootstrap(
        fit=fit, scheme=scheme, key=key, theta=np.empty((0, len(fit.theta))),
        tie=None if fit.tie is None else none,
        order_effect=None if fit.order_effect is None else none,
        coefficients=None if fit.coefficients is None else np.empty((0, len(fit.coefficients))),
        residual=none, status=np.empty(0, np.int8), n_iter=np.empty(0, np.int32), tol=tol,
        n_threads=threads, unit=engine.unit, _cache={"engine": engine},
    )  # fmt: skip
    with lent(executor) as tasks:
        return empty._extended(n_resamples, progress, tasks)


def _levels(levels: Any) -> tuple[float, ...]:
    """Distinct levels strictly between 0 and 1, in the order given."""
    single = np.ndim(levels) == 0 if isinstance(levels, np.ndarray) else np.isscalar(levels)
    given = [levels] if single else checks.listed(levels, "levels")
    found = tuple(dict.fromkeys(checks.level(level, "levels") for level in given))
    if not found:
        checks.fail("levels", "must hold at least one level", value=levels)
    return found


def _of_groups(
    fit: GroupedFit,
    scheme: str,
    unit: str,
    key: tuple[int, int],
    tol: float,
    n_threads: int,
    keep: str | None,
    levels: tuple[float, ...],
) -> GroupedBootstrap:
    """The bootstrap of groups, without replicates."""
    _groups.check_unit(fit, unit)
    none, counts = np.empty(0), np.empty(0, np.int64)
    empty = GroupedBootstrap(
        fit=fit, scheme=scheme, unit=unit, key=key, n_resamples=0, levels=levels, n_failed=counts,
        n_unconverged=counts, resampled=np.empty(0, bool), residual=none, tol=tol,
        n_threads=n_threads, _mean=none, _errors=none, _kept=np.empty((0, 2)), _gamma_errors=None,
        _tie_errors=None, _log_tie_errors=None,
    )  # fmt: skip
    if keep == "draws":
        return replace(empty, _replicates=empty._engine().room(0, 0, len(fit.groups)))
    return empty
