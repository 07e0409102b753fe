"""The bootstrap of a fit."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from venire import _checks
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.posteriors import _arrays
from venire.ratings.fit import Fit
from venire.resampling._plan import whole
from venire.resampling._replicates import Batch, Engine
from venire.resampling._result import Bootstrap

__all__ = ["add_replicates", "bootstrap"]

KINDS = ("multinomial", "poisson", "bayesian")

#: Called with the number of replicates done and the number of replicates.
Progress = Callable[[int, int], None]


def bootstrap(
    fit: Fit,
    n_resamples: int = 1000,
    *,
    kind: str = "multinomial",
    rng: Any = None,
    tol: float = 1e-7,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Bootstrap:
    """Bootstrap a fit: resample its comparisons and fit each replicate.

    Comparisons of one pair, order class and outcome are exchangeable, so that counts are drawn, not
    rows. Where the `Comparisons` have clusters, whole clusters are drawn instead. Each replicate
    starts from the full fit.

    Parameters
    ----------
    fit : Fit
        Of any model, with or without prior and order effect.
    n_resamples : int, default 1000
    kind : {"multinomial", "poisson", "bayesian"}
        "multinomial" draws as many comparisons (or clusters) as there are with replacement (Efron
        1979), "poisson" independent counts of the same mean, "bayesian" Dirichlet weights (Rubin
        1981).
    rng : int, SeedSequence or Generator, optional
        From a Generator one key is drawn. Replicate k is the same for any `n_resamples` and
        `n_threads`.
    tol : float, default 1e-7
        Tolerance on the residual of each replicate; as in the fits.
    n_threads : int, optional
        Default: all usable CPUs.
    progress : callable, optional
        Called with (replicates done, n_resamples).

    Returns
    -------
    Bootstrap

    Raises
    ------
    ValueError
        If `n_resamples` < 1, `kind` is unknown, all comparisons are of one cluster, or scores or
        weights are not whole and there are no clusters (rows are not kept: a cluster for each row
        says what is exchangeable).
    TypeError
        If `fit` is no Fit.

    Warns
    -----
    NotIdentifiedWarning
        If some replicates have no finite fit: they lost an item's only win, say. They are counted
        in `Bootstrap.n_failed`, and statistics are of the others.
    ConvergenceWarning
        If some replicates did not converge.

    Notes
    -----
    Up to 1,500 items without an order effect, 32 replicates at a time step by the full fit's
    inverse information (chord Newton), at O(n_pairs + n_items^2) a step; those that do not converge
    so, and all others, are fitted by Newton's method one by one, a thread to a replicate. Whether a
    finite fit exists is decided for every replicate. Memory: n_resamples x n_items numbers, and for
    each thread 32 numbers per cell, or a copy of the graph.

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
    """
    if not isinstance(fit, Fit):
        _checks.fail("fit", "must be a Fit", value=type(fit).__name__, kind=TypeError)
    n_resamples = whole(n_resamples, "n_resamples", 1)
    if kind not in KINDS:
        _checks.fail("kind", f"must be one of {', '.join(KINDS)}", value=kind)
    if not isinstance(tol, (int, float, np.floating)) or not 0.0 < tol < 1.0:
        _checks.fail("tol", "must be between 0 and 1", value=tol)
    key = _arrays.keys(rng)
    engine = Engine(fit, kind, key, float(tol), _checks.n_threads(n_threads))
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
        _cache={"engine": engine},
    )
    return add_replicates(empty, engine, n_resamples, progress)


def add_replicates(b: Bootstrap, engine: Engine, more: int, progress: Any = None) -> Bootstrap:
    """`b` with `more` replicates; warns of those without a fit."""
    more = whole(more, "more", 1)
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
        joined["tie"] = np.exp(log_tie) if engine.free_tie else np.full(more, b.fit.tie)
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
