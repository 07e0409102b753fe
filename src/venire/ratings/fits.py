"""The fits: one function per model, and one for all."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypedDict, TypeVar, Unpack, cast

from numpy.typing import ArrayLike

from venire._core.checks import nearest
from venire.data.asked import wanted
from venire.data.comparisons import Comparisons
from venire.priors import GaussianPrior
from venire.ratings.fit import Fit
from venire.ratings.fitting import fit
from venire.ratings.newton import Progress

__all__ = ["fit_bradley_terry", "fit_davidson", "fit_model", "fit_rao_kupper", "fit_thurstone"]


class FitOptions(TypedDict, total=False):
    """The options of all fits; `fit` has their defaults."""

    prior: GaussianPrior | None
    order_effect: bool
    method: str
    init: ArrayLike | Fit | None
    tol: float
    max_iter: int | None
    n_threads: int | None
    progress: Progress | None
    components: str


_Function = TypeVar("_Function", bound=Callable[..., Fit])


def _shows_options(function: _Function) -> _Function:
    """Show the options that `function` hands on, each with its default, in its signature; what is
    no option is refused with the one that was meant."""

    @wraps(function)
    def door(*given: Any, **options: Any) -> Fit:
        if len(given) > 1:
            wanted(given, "c", Comparisons)
        for name in options:
            if name not in signature.parameters:
                near = nearest(name, signature.parameters)
                raise TypeError(
                    f"{function.__name__}() got an unexpected keyword argument {name!r}"
                    + (f"; {near}" if near else "")
                )
        return function(*given, **options)

    own, inner = inspect.signature(function), inspect.signature(fit)
    shown = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    shown += [inner.parameters[name] for name in FitOptions.__annotations__]
    signature = own.replace(parameters=shown)
    setattr(door, "__signature__", signature)  # noqa: B010
    return cast(_Function, door)


@_shows_options
def fit_model(c: Comparisons, *, model: str, **options: Unpack[FitOptions]) -> Fit:
    """Fit the model of a given name.

    Parameters
    ----------
    c : Comparisons
        What was observed.
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    prior, order_effect, method, init, tol, max_iter, n_threads, progress, components
        As in `fit_bradley_terry`.

    Returns
    -------
    Fit

    Raises
    ------
    NotIdentifiedError, ValueError, TypeError
        As `fit_bradley_terry`, which also says what is warned of and what a fit costs.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts([0], [1], win=[3], loss=[1])
    >>> vn.ratings.fit_model(c, model="thurstone").theta.round(6).tolist()
    [0.337245, -0.337245]
    """
    return fit(c, model, **options)


@_shows_options
def fit_bradley_terry(c: Comparisons, **options: Unpack[FitOptions]) -> Fit:
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
        iteration in Newman's form, for all models but Thurstone's, without a prior.
        "auto" is "newton": it was faster on every graph measured.
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
    item beyond the comparisons. Derivatives of the log-likelihood are exact to ``|theta|`` = 1e4.

    References
    ----------
    Bradley and Terry 1952, doi:10.2307/2334029. Existence: Ford 1957, doi:10.2307/2308513. MM:
    Hunter 2004, doi:10.1214/aos/1079120141; Newman 2023, JMLR 24(238).

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons([0, 0, 1, 2], [1, 1, 2, 0], 1)
    >>> vn.fit_bradley_terry(c).theta.round(6).tolist()
    [0.419618, -0.419618, 0.0]
    """
    return fit(c, "bradley-terry", **options)


@_shows_options
def fit_thurstone(c: Comparisons, **options: Unpack[FitOptions]) -> Fit:
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
    return fit(c, "thurstone", **options)


@_shows_options
def fit_davidson(c: Comparisons, **options: Unpack[FitOptions]) -> Fit:
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
    return fit(c, "davidson", **options)


@_shows_options
def fit_rao_kupper(c: Comparisons, **options: Unpack[FitOptions]) -> Fit:
    """Fit the Rao-Kupper model for ties.

    P(i wins) = pi_i / (pi_i + eta * pi_j) with pi = exp(theta) and eta >= 1. Only a score of
    exactly 0.5 is a tie. `fit.tie` is eta, 1 when no tie was seen.

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
    return fit(c, "rao-kupper", **options)
