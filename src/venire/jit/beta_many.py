"""Kernels of the Beta distribution over arrays, for compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.jit import _symbols as _s
from venire.jit._symbols import I32, I64, PTR, Call, array, arrays, call, symbol

overload = _s.numba.extending.overload

__all__ = [
    "beta_cdf_many",
    "beta_greater_many",
    "beta_logpdf_many",
    "beta_quantile_many",
    "beta_sf_many",
]

Floats = NDArray[np.float64]

_cdf_many, _cdf_many_here = symbol("beta_cdf_many", I32, I64, PTR, PTR, PTR, PTR, PTR)
_sf_many, _sf_many_here = symbol("beta_sf_many", I32, I64, PTR, PTR, PTR, PTR, PTR)
_logpdf_many, _logpdf_many_here = symbol("beta_logpdf_many", I32, I64, PTR, PTR, PTR, PTR, PTR)
_quantile_many, _quantile_many_here = symbol(
    "beta_quantile_many", I32, I64, PTR, PTR, PTR, PTR, PTR
)
_greater_many, _greater_many_here = symbol(
    "beta_greater_many", I32, I64, PTR, PTR, PTR, PTR, PTR, PTR
)


def beta_cdf_many(alpha: Floats, beta: Floats, x: Floats, out: Floats) -> None:
    """`beta_cdf` of each element: several at a time, so some four times as fast as a loop.

    Parameters
    ----------
    alpha, beta, x : ndarray of float64, shape (n,)
        Contiguous; read as they lie, never copied.
    out : ndarray of float64, shape (n,)
        Written.

    Raises
    ------
    ValueError
        If lengths differ, or a value is out of range: from Python with its position.
    TypeError
        If an array has another type or layout (compiled: a TypingError, when it is compiled).

    Examples
    --------
    >>> import numpy as np
    >>> from venire import jit
    >>> out = np.empty(2)
    >>> jit.beta_cdf_many(np.array([8.0, 4.0]), np.array([4.0, 8.0]), np.array([0.5, 0.5]), out)
    >>> out.round(6)
    array([0.113281, 0.886719])
    """
    _three_here(_cdf_many_here, alpha, beta, x, out, "x")


def beta_sf_many(alpha: Floats, beta: Floats, x: Floats, out: Floats) -> None:
    """`beta_sf` of each element; see `beta_cdf_many`."""
    _three_here(_sf_many_here, alpha, beta, x, out, "x")


def beta_logpdf_many(alpha: Floats, beta: Floats, x: Floats, out: Floats) -> None:
    """`beta_logpdf` of each element; see `beta_cdf_many`."""
    _three_here(_logpdf_many_here, alpha, beta, x, out, "x")


def beta_quantile_many(alpha: Floats, beta: Floats, q: Floats, out: Floats) -> None:
    """`beta_quantile` of each element; see `beta_cdf_many`."""
    _three_here(_quantile_many_here, alpha, beta, q, out, "q")


def beta_greater_many(
    alpha: Floats, beta: Floats, other_alpha: Floats, other_beta: Floats, out: Floats
) -> None:
    """`beta_greater` of each element; see `beta_cdf_many`."""
    end = array(out, "out", write=True)
    n = len(out)
    call(
        _greater_many_here, n, array(alpha, "alpha", n), array(beta, "beta", n),
        array(other_alpha, "other_alpha", n), array(other_beta, "other_beta", n), Call, end,
    )  # fmt: skip


def _three_here(function: Any, alpha: Any, beta: Any, x: Any, out: Any, name: str) -> None:
    end = array(out, "out", write=True)
    n = len(out)
    call(
        function, n, array(alpha, "alpha", n), array(beta, "beta", n), array(x, name, n), Call, end
    )


@overload(beta_cdf_many)
def _cdf_many_typed(alpha: Any, beta: Any, x: Any, out: Any) -> Any:
    arrays(alpha=alpha, beta=beta, x=x)
    arrays(out=out, write=True)

    def many(alpha: Any, beta: Any, x: Any, out: Any) -> None:
        n = len(out)
        if len(alpha) != n or len(beta) != n or len(x) != n:
            raise ValueError("beta_cdf_many: lengths differ")
        if _cdf_many(n, alpha.ctypes.data, beta.ctypes.data, x.ctypes.data, 0, out.ctypes.data):
            raise ValueError("beta_cdf_many: a value is out of range")

    return many


@overload(beta_sf_many)
def _sf_many_typed(alpha: Any, beta: Any, x: Any, out: Any) -> Any:
    arrays(alpha=alpha, beta=beta, x=x)
    arrays(out=out, write=True)

    def many(alpha: Any, beta: Any, x: Any, out: Any) -> None:
        n = len(out)
        if len(alpha) != n or len(beta) != n or len(x) != n:
            raise ValueError("beta_sf_many: lengths differ")
        if _sf_many(n, alpha.ctypes.data, beta.ctypes.data, x.ctypes.data, 0, out.ctypes.data):
            raise ValueError("beta_sf_many: a value is out of range")

    return many


@overload(beta_logpdf_many)
def _logpdf_many_typed(alpha: Any, beta: Any, x: Any, out: Any) -> Any:
    arrays(alpha=alpha, beta=beta, x=x)
    arrays(out=out, write=True)

    def many(alpha: Any, beta: Any, x: Any, out: Any) -> None:
        n = len(out)
        if len(alpha) != n or len(beta) != n or len(x) != n:
            raise ValueError("beta_logpdf_many: lengths differ")
        if _logpdf_many(n, alpha.ctypes.data, beta.ctypes.data, x.ctypes.data, 0, out.ctypes.data):
            raise ValueError("beta_logpdf_many: a value is out of range")

    return many


@overload(beta_quantile_many)
def _quantile_many_typed(alpha: Any, beta: Any, q: Any, out: Any) -> Any:
    arrays(alpha=alpha, beta=beta, q=q)
    arrays(out=out, write=True)

    def many(alpha: Any, beta: Any, q: Any, out: Any) -> None:
        n = len(out)
        if len(alpha) != n or len(beta) != n or len(q) != n:
            raise ValueError("beta_quantile_many: lengths differ")
        if _quantile_many(
            n, alpha.ctypes.data, beta.ctypes.data, q.ctypes.data, 0, out.ctypes.data
        ):
            raise ValueError("beta_quantile_many: a value is out of range")

    return many


@overload(beta_greater_many)
def _greater_many_typed(alpha: Any, beta: Any, other_alpha: Any, other_beta: Any, out: Any) -> Any:
    arrays(alpha=alpha, beta=beta, other_alpha=other_alpha, other_beta=other_beta)
    arrays(out=out, write=True)

    def many(alpha: Any, beta: Any, other_alpha: Any, other_beta: Any, out: Any) -> None:
        n = len(out)
        if len(alpha) != n or len(beta) != n or len(other_alpha) != n or len(other_beta) != n:
            raise ValueError("beta_greater_many: lengths differ")
        a, b, c = alpha.ctypes.data, beta.ctypes.data, other_alpha.ctypes.data
        if _greater_many(n, a, b, c, other_beta.ctypes.data, 0, out.ctypes.data):
            raise ValueError("beta_greater_many: a value is out of range")

    return many
