"""The fits: one function per model, one way through all of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire import _checks
from venire.comparisons import Comparisons
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.priors import GaussianPrior
from venire.ratings._existence import require_existence
from venire.ratings._mm import newman
from venire.ratings._newton import Progress, Result, newton
from venire.ratings._problem import TIE_MODELS, build_problem
from venire.ratings.fit import Fit

__all__ = ["fit_bradley_terry", "fit_davidson", "fit_rao_kupper", "fit_thurstone"]

def _fit(
    model: str,
    c: Comparisons,
    *,
    prior: GaussianPrior | None,
    order_effect: bool,
    method: str,
    init: ArrayLike | Fit | None,
    tol: float,
    max_iter: int | None,
    n_threads: int | None,
    progress: Progress | None,
    components: str,
) -> Fit:
    threads = _checks.n_threads(n_threads)
    _check_arguments(model, c, prior, order_effect, method, tol, max_iter, components)
    precision = 0.0 if prior is None else prior.precision
    used, component = c, None
    if components == "strong" and prior is None:
        used = c._within(c.components("strong").labels)
    component = require_existence(used, model, order_effect=order_effect, prior=prior is not None)
    problem = build_problem(
        used, model, prior=precision, order_effect=order_effect, n_threads=threads
    )
    free_tie = model in TIE_MODELS and used._tie is not None
    start = _start(used, model, init, order_effect, free_tie)
    start[: c.n_items] = _centred(start[: c.n_items], component)
    if method == "mm":
        result = newman(
            problem, start, component, order_effect=order_effect, tol=tol, max_iter=max_iter,
            progress=progress,
        )  # fmt: skip
    else:
        lower = np.full(len(start) - c.n_items, -np.inf)
        if free_tie and model == "rao-kupper":
            lower[-1] = 0.0
        result = newton(
            problem, start, prior=precision, lower=lower, tol=tol, max_iter=max_iter,
            progress=progress,
        )  # fmt: skip
    if not result.converged:
        warnings.warn(_trouble(result, tol), ConvergenceWarning, stacklevel=3)
    n_components = int(component.max()) + 1
    note = ""
    if n_components > 1 and prior is None:
        note = (
            f"{n_components} components that "
            + ("are not linked by wins both ways" if components == "strong" else "never met")
            + " were fitted each by itself; ratings do not compare across them"
        )
        warnings.warn(note, NotIdentifiedWarning, stacklevel=3)
    return _result(c, model, prior, order_effect, method, tol, threads, problem, result, component,
                   free_tie, note)


def _trouble(result: Result, tol: float) -> str:
    if result.residual > tol:
        return (
            f"the fit did not converge: residual {result.residual:.2g} > tol {tol:g} after "
            f"{result.n_iter} iterations"
        )
    return (
        f"the residual {result.residual:.2g} met the tolerance, but the last of {result.n_iter} "
        f"iterations still changed a difference of ratings by {result.change:.2g}: weights too "
        "uneven for float64 to settle all items"
    )


def _result(
    c: Comparisons,
    model: str,
    prior: GaussianPrior | None,
    order_effect: bool,
    method: str,
    tol: float,
    n_threads: int,
    problem: Any,
    result: Result,
    component: NDArray[np.int32],
    free_tie: bool,
    note: str,
) -> Fit:
    x, n = result.parameters, c.n_items
    x[:n] = _centred(x[:n], component)  # costs no likelihood, and a prior only gains by it
    tie = None
    if model in TIE_MODELS:
        boundary = 0.0 if model == "davidson" else 1.0
        tie = float(np.exp(x[-1])) if free_tie else boundary
        if not free_tie:
            no_tie = f"no tie was seen: the tie parameter is on its boundary, {boundary:g}"
            note = f"{note}; {no_tie}" if note else no_tie
    return Fit(
        comparisons=c,
        model=model,
        theta=x[:n],
        tie=tie,
        order_effect=float(x[n]) if order_effect else None,
        prior=prior,
        log_likelihood=problem.log_likelihood(x),
        residual=result.residual,
        converged=result.converged,
        n_iter=result.n_iter,
        component=component,
        method="mm" if method == "mm" else "newton",
        tol=tol,
        n_threads=n_threads,
        note=note,
    )


def _check_arguments(
    model: str,
    c: Any,
    prior: Any,
    order_effect: Any,
    method: str,
    tol: Any,
    max_iter: Any,
    components: str,
) -> None:
    if not isinstance(c, Comparisons):
        raise TypeError(f"c must be Comparisons, got {type(c).__name__}")
    if prior is not None and not isinstance(prior, GaussianPrior):
        raise TypeError(f"prior must be a GaussianPrior or None, got {prior!r}")
    if not isinstance(order_effect, (bool, np.bool_)):
        raise TypeError(f"order_effect must be True or False, got {order_effect!r}")
    if method not in ("auto", "newton", "mm"):
        raise ValueError(f'method must be "auto", "newton" or "mm", got {method!r}')
    if method == "mm" and (model == "thurstone" or prior is not None):
        what = "the Thurstone model" if model == "thurstone" else "a prior"
        raise ValueError(f'method "mm" does not go with {what}: use method="newton"')
    if components not in ("weak", "strong"):
        raise ValueError(f'components must be "weak" or "strong", got {components!r}')
    if not isinstance(tol, (int, float, np.floating)) or not 0.0 < tol < 1.0:
        raise ValueError(f"tol must be between 0 and 1, got {tol!r}")
    if max_iter is not None and (
        isinstance(max_iter, bool) or not isinstance(max_iter, (int, np.integer)) or max_iter < 0
    ):
        raise ValueError(f"max_iter must be a whole number >= 0 or None, got {max_iter!r}")


def _start(
    c: Comparisons, model: str, init: Any, order_effect: bool, free_tie: bool
) -> NDArray[np.float64]:
    """Parameters to start from; the tie parameter from the share of ties, as if all were equal."""
    theta, gamma, log_tie = np.zeros(c.n_items), 0.0, 0.0
    if free_tie:
        share = float(c.tie.sum()) / c.n_comparisons
        log_tie = float(np.log(2.0 * share / (1.0 - share)))
        if model == "rao-kupper":
            log_tie = float(np.log((1.0 + share) / (1.0 - share)))
    if isinstance(init, Fit):
        place = {label: k for k, label in enumerate(init.items.tolist())}
        at = np.array([place.get(label, -1) for label in c.items.tolist()])
        theta[at >= 0] = init.theta[at[at >= 0]]
        gamma = init.order_effect or 0.0
        if free_tie and init.model == model and init.tie not in (None, 0.0, 1.0):
            log_tie = float(np.log(init.tie))
    elif init is not None:
        theta = np.array(init, dtype=np.float64)
        if theta.shape != (c.n_items,):
            raise ValueError(f"init must have shape ({c.n_items},), got {theta.shape}")
        bad = np.flatnonzero(~np.isfinite(theta))
        if len(bad):
            raise ValueError(f"init[{bad[0]}] = {theta[bad[0]]}: must be finite")
    extra = ([gamma] if order_effect else []) + ([log_tie] if free_tie else [])
    return np.concatenate([theta, extra])


def _centred(theta: NDArray[np.float64], component: NDArray[np.int32]) -> NDArray[np.float64]:
    sizes = np.bincount(component)
    return theta - (np.bincount(component, theta) / sizes)[component]


def fit_bradley_terry(
    c: Comparisons,
    *,
    prior: GaussianPrior | None = None,
    order_effect: bool = False,
    method: str = "auto",
    init: ArrayLike | Fit | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    components: str = "weak",
) -> Fit:
    """Fit the Bradley-Terry model.

    P(i beats j) = 1 / (1 + exp(theta_j - theta_i)); a tie counts as half a win to each side.

    Parameters
    ----------
    c : Comparisons
        What was observed.
    prior : GaussianPrior, optional
        Default: none, maximum likelihood.
    order_effect : bool, default False
        Estimate gamma, which is added to theta_first - theta_second where `first` had the order
        advantage (home advantage, position bias).
    method : {"auto", "newton", "mm"}
        "newton" is an inexact Newton iteration, its systems solved by conjugate gradients behind an
        exact elimination of items with at most two opponents and, as each turns out to be needed,
        Jacobi, multigrid and approximate Cholesky preconditioners. "mm" is the minorise-maximise
        iteration in Newman's form, for Bradley-Terry, Davidson and Rao-Kupper without a prior. "auto" is "newton": it was
        faster on every graph measured.
    init : ndarray of shape (n_items,) or Fit, optional
        Where to start: theta, or an earlier fit, whose items are found by their labels.
    tol : float, default 1e-9
        Converged when no derivative of the objective exceeds `tol` times the weight that it belongs
        to: of item i's comparisons for theta_i, of all for gamma and the log of the tie parameter.
    max_iter : int, optional
        Outer iterations: default 100 for newton, 10,000 sweeps for mm.
    n_threads : int, optional
        Default: all usable CPUs. The result is the same bit for bit.
    progress : callable, optional
        Called with (iteration, residual) after every outer iteration.
    components : {"weak", "strong"}
        Without a prior, items that were never linked by comparisons are fitted and centred apart,
        with a warning. "strong" does so for each strongly connected component, leaving out the
        comparisons between them, so that a fit always exists.

    Returns
    -------
    Fit

    Raises
    ------
    NotIdentifiedError
        If there is no unique finite fit; the message names example items and the cure.
    ValueError
        If an argument is out of range, or `method` does not apply.
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
    Time is about proportional to items plus pairs; memory at most about 120 bytes per pair and per
    item beyond the comparisons. The derivatives of the log-likelihood stay exact to |theta| = 1e4.

    References
    ----------
    Bradley and Terry 1952, doi:10.2307/2334029. Existence: Ford 1957, doi:10.2307/2308513. MM:
    Hunter 2004, doi:10.1214/aos/1079120141; Newman 2023, JMLR 24(238).

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons([0, 0, 1, 2], [1, 1, 2, 0])
    >>> vn.fit_bradley_terry(c).theta.round(6).tolist()
    [0.419618, -0.419618, 0.0]
    """
    return _fit(
        "bradley-terry", c, prior=prior, order_effect=order_effect, method=method, init=init, tol=tol,
        max_iter=max_iter, n_threads=n_threads, progress=progress, components=components,
    )  # fmt: skip


def fit_thurstone(
    c: Comparisons,
    *,
    prior: GaussianPrior | None = None,
    order_effect: bool = False,
    method: str = "auto",
    init: ArrayLike | Fit | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    components: str = "weak",
) -> Fit:
    """Fit the Thurstone model, Case V.

    P(i beats j) = Phi(theta_i - theta_j), in units of the standard deviation of a difference; a tie
    counts as half a win to each side.

    Parameters
    ----------
    c, prior, order_effect, method, init, tol, max_iter, n_threads, progress, components
        As in `fit_bradley_terry`; `method="mm"` does not go with this model.

    Returns
    -------
    Fit

    Raises
    ------
    NotIdentifiedError, ValueError, TypeError
        As `fit_bradley_terry`, which also says what is warned of and what a fit costs.

    References
    ----------
    Thurstone 1927, doi:10.1037/h0070288; Mosteller 1951, doi:10.1007/BF02313422.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts([0], [1], win=[3], loss=[1])
    >>> vn.fit_thurstone(c).theta.round(6).tolist()
    [0.337245, -0.337245]
    """
    return _fit(
        "thurstone", c, prior=prior, order_effect=order_effect, method=method, init=init, tol=tol,
        max_iter=max_iter, n_threads=n_threads, progress=progress, components=components,
    )  # fmt: skip


def fit_davidson(
    c: Comparisons,
    *,
    prior: GaussianPrior | None = None,
    order_effect: bool = False,
    method: str = "auto",
    init: ArrayLike | Fit | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    components: str = "weak",
) -> Fit:
    """Fit Davidson's model for ties.

    P(i wins), P(j wins), P(tie) are proportional to pi_i, pi_j, nu * sqrt(pi_i * pi_j), with
    pi = exp(theta). Only a score of exactly 0.5 is a tie. `fit.tie` is nu, 0 when no tie was seen.

    Parameters
    ----------
    c, prior, order_effect, method, init, tol, max_iter, n_threads, progress, components
        As in `fit_bradley_terry`.

    Returns
    -------
    Fit

    Raises
    ------
    NotIdentifiedError, ValueError, TypeError
        As `fit_bradley_terry`, which also says what is warned of and what a fit costs.

    References
    ----------
    Davidson 1970, doi:10.1080/01621459.1970.10481082.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts([0], [1], win=[4], loss=[1], tie=[2])
    >>> fit = vn.fit_davidson(c)
    >>> fit.predict([0], [1]).round(6).tolist(), round(fit.tie, 6)
    ([[0.571429, 0.285714, 0.142857]], 1.0)
    """
    return _fit(
        "davidson", c, prior=prior, order_effect=order_effect, method=method, init=init, tol=tol,
        max_iter=max_iter, n_threads=n_threads, progress=progress, components=components,
    )  # fmt: skip


def fit_rao_kupper(
    c: Comparisons,
    *,
    prior: GaussianPrior | None = None,
    order_effect: bool = False,
    method: str = "auto",
    init: ArrayLike | Fit | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    components: str = "weak",
) -> Fit:
    """Fit the Rao-Kupper model for ties.

    P(i wins) = pi_i / (pi_i + eta * pi_j) with pi = exp(theta) and eta >= 1. Only a score of exactly
    0.5 is a tie. `fit.tie` is eta, 1 when no tie was seen.

    Parameters
    ----------
    c, prior, order_effect, method, init, tol, max_iter, n_threads, progress, components
        As in `fit_bradley_terry`.

    Returns
    -------
    Fit

    Raises
    ------
    NotIdentifiedError, ValueError, TypeError
        As `fit_bradley_terry`, which also says what is warned of and what a fit costs.

    References
    ----------
    Rao and Kupper 1967, doi:10.1080/01621459.1967.10482901.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts([0], [1], win=[4], loss=[1], tie=[2])
    >>> vn.fit_rao_kupper(c).predict([0], [1]).round(6).tolist()
    [[0.571429, 0.285714, 0.142857]]
    """
    return _fit(
        "rao-kupper", c, prior=prior, order_effect=order_effect, method=method, init=init, tol=tol,
        max_iter=max_iter, n_threads=n_threads, progress=progress, components=components,
    )  # fmt: skip

