"""Kernels of the Beta distribution for compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire.jit import _symbols as _s
from venire.jit._symbols import F64, number, numbers, symbol

overload = _s.numba.extending.overload

__all__ = [
    "beta_cdf",
    "beta_greater",
    "beta_logpdf",
    "beta_quantile",
    "beta_sf",
    "beta_update",
]

_cdf, _cdf_here = symbol("beta_cdf", F64, F64, F64, F64)
_sf, _sf_here = symbol("beta_sf", F64, F64, F64, F64)
_logpdf, _logpdf_here = symbol("beta_logpdf", F64, F64, F64, F64)
_quantile, _quantile_here = symbol("beta_quantile", F64, F64, F64, F64)
_greater, _greater_here = symbol("beta_greater", F64, F64, F64, F64, F64)


def beta_cdf(alpha: float, beta: float, x: float) -> float:
    """P(X <= x) for X ~ Beta(alpha, beta): the regularised incomplete beta function.

    For use inside ``@njit`` (in ``prange`` too) and ``@vectorize``; from Python it works as well.
    The kernel is that of `venire.BetaPosterior.cdf`; about 100 ns.

    Parameters
    ----------
    alpha, beta : float
        Shapes, from 1e-10 to 1e12.
    x : float
        In [0, 1].

    Returns
    -------
    float
        NaN where an argument is out of range.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.beta_cdf(8.0, 4.0, 0.5), 6)
    0.113281
    """
    return _cdf_here(number(alpha, "alpha"), number(beta, "beta"), number(x, "x"))


def beta_sf(alpha: float, beta: float, x: float) -> float:
    """P(X > x) for X ~ Beta(alpha, beta), with its own relative accuracy where it is small.

    Parameters, result and use are those of `beta_cdf`.

    Examples
    --------
    >>> from venire import jit
    >>> jit.beta_sf(2.0, 500.0, 0.2)  # doctest: +ELLIPSIS
    3.54254...e-47
    """
    return _sf_here(number(alpha, "alpha"), number(beta, "beta"), number(x, "x"))


def beta_logpdf(alpha: float, beta: float, x: float) -> float:
    """Logarithm of the density of Beta(alpha, beta) at x; infinite at an end where that is.

    Parameters and use are those of `beta_cdf`.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.beta_logpdf(8.0, 4.0, 0.5), 6)
    0.253915
    """
    return _logpdf_here(number(alpha, "alpha"), number(beta, "beta"), number(x, "x"))


def beta_quantile(alpha: float, beta: float, q: float) -> float:
    """x with P(X <= x) = q for X ~ Beta(alpha, beta).

    Parameters
    ----------
    alpha, beta : float
        Shapes, from 1e-10 to 1e12.
    q : float
        In [0, 1].

    Returns
    -------
    float
        NaN where an argument is out of range.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.beta_quantile(8.0, 4.0, 0.025), 6)
    0.390257
    """
    return _quantile_here(number(alpha, "alpha"), number(beta, "beta"), number(q, "q"))


def beta_greater(alpha: float, beta: float, other_alpha: float, other_beta: float) -> float:
    """P(X > Y) for independent X ~ Beta(alpha, beta) and Y ~ Beta(other_alpha, other_beta).

    Parameters
    ----------
    alpha, beta, other_alpha, other_beta : float
        Shapes, from 1e-10 to 1e12.

    Returns
    -------
    float
        NaN where an argument is out of range.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.beta_greater(8.0, 4.0, 6.0, 6.0), 6)
    0.806502
    """
    return _greater_here(
        number(alpha, "alpha"), number(beta, "beta"), number(other_alpha, "other_alpha"),
        number(other_beta, "other_beta"),
    )  # fmt: skip


def beta_update(
    win: float, loss: float, tie: float, alpha: float, beta: float
) -> tuple[float, float]:
    """The shapes of a posterior after more votes; a tie is half a win and half a loss.

    Parameters
    ----------
    win, loss, tie : float
        Masses, from 0 to 1e30.
    alpha, beta : float
        The shapes before.

    Returns
    -------
    alpha, beta : float
        NaN where a mass is out of range.

    Examples
    --------
    >>> from venire import jit
    >>> jit.beta_update(3.0, 1.0, 2.0, 1.0, 1.0)
    (5.0, 3.0)
    """
    win, loss, tie = number(win, "win"), number(loss, "loss"), number(tie, "tie")
    if not (0.0 <= win <= 1e30 and 0.0 <= loss <= 1e30 and 0.0 <= tie <= 1e30):
        return np.nan, np.nan
    return number(alpha, "alpha") + win + 0.5 * tie, number(beta, "beta") + loss + 0.5 * tie


@overload(beta_cdf)
def _cdf_typed(alpha: Any, beta: Any, x: Any) -> Any:
    numbers(alpha=alpha, beta=beta, x=x)

    def one(alpha: Any, beta: Any, x: Any) -> float:
        return _cdf(alpha, beta, x)

    return one


@overload(beta_sf)
def _sf_typed(alpha: Any, beta: Any, x: Any) -> Any:
    numbers(alpha=alpha, beta=beta, x=x)

    def one(alpha: Any, beta: Any, x: Any) -> float:
        return _sf(alpha, beta, x)

    return one


@overload(beta_logpdf)
def _logpdf_typed(alpha: Any, beta: Any, x: Any) -> Any:
    numbers(alpha=alpha, beta=beta, x=x)

    def one(alpha: Any, beta: Any, x: Any) -> float:
        return _logpdf(alpha, beta, x)

    return one


@overload(beta_quantile)
def _quantile_typed(alpha: Any, beta: Any, q: Any) -> Any:
    numbers(alpha=alpha, beta=beta, q=q)

    def one(alpha: Any, beta: Any, q: Any) -> float:
        return _quantile(alpha, beta, q)

    return one


@overload(beta_greater)
def _greater_typed(alpha: Any, beta: Any, other_alpha: Any, other_beta: Any) -> Any:
    numbers(alpha=alpha, beta=beta, other_alpha=other_alpha, other_beta=other_beta)

    def one(alpha: Any, beta: Any, other_alpha: Any, other_beta: Any) -> float:
        return _greater(alpha, beta, other_alpha, other_beta)

    return one


@overload(beta_update)
def _update_typed(win: Any, loss: Any, tie: Any, alpha: Any, beta: Any) -> Any:
    numbers(win=win, loss=loss, tie=tie, alpha=alpha, beta=beta)

    def update(win: Any, loss: Any, tie: Any, alpha: Any, beta: Any) -> Any:
        if not (0.0 <= win <= 1e30 and 0.0 <= loss <= 1e30 and 0.0 <= tie <= 1e30):
            return np.nan, np.nan
        return alpha + win + 0.5 * tie, beta + loss + 0.5 * tie

    return update
