"""Counter-based random numbers for compiled code: number i of a key's stream, in any order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.jit import _symbols as _s
from venire.jit._symbols import (
    F64,
    I32,
    I64,
    PTR,
    U64,
    Call,
    array,
    arrays,
    call,
    number,
    numbers,
    symbol,
    whole,
)

overload = _s.numba.extending.overload

__all__ = [
    "stream_beta",
    "stream_beta_many",
    "stream_normal",
    "stream_normal_many",
    "stream_poisson",
    "stream_poisson_many",
    "stream_uniform",
    "stream_uniform_many",
]

Floats = NDArray[np.float64]

_uniform, _uniform_here = symbol("stream_uniform", F64, U64, U64, U64)
_normal, _normal_here = symbol("stream_normal", F64, U64, U64, U64)
_beta, _beta_here = symbol("stream_beta", F64, U64, U64, U64, F64, F64)
_poisson, _poisson_here = symbol("stream_poisson", I32, U64, U64, U64, F64)
_uniforms, _uniforms_here = symbol("stream_uniform_many", I32, U64, U64, U64, I64, PTR, PTR)
_normals, _normals_here = symbol("stream_normal_many", I32, U64, U64, U64, I64, PTR, PTR)
_betas, _betas_here = symbol("stream_beta_many", I32, U64, U64, U64, I64, PTR, PTR, PTR, PTR)
_poissons, _poissons_here = symbol("stream_poisson_many", I32, U64, U64, U64, I64, F64, PTR, PTR)


def stream_uniform(key0: int, key1: int, i: int) -> float:
    """Number `i` of the uniform variates in (0, 1) of a key's stream.

    Two threads that ask for the same number get the same, and nothing is kept between calls.

    Parameters
    ----------
    key0, key1 : int
        The key, two 64-bit words: `venire.kernels.stream_key`. Take one key for one purpose.
    i : int
        From 0 to 2**64 - 1.

    Returns
    -------
    float

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.stream_uniform(1, 2, 0), 6)
    0.857362
    """
    return _uniform_here(*_words(key0, key1, i))


def stream_normal(key0: int, key1: int, i: int) -> float:
    """Number `i` of the standard normal variates of a key's stream; see `stream_uniform`.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.stream_normal(1, 2, 0), 6)
    -0.548162
    """
    return _normal_here(*_words(key0, key1, i))


def stream_beta(key0: int, key1: int, i: int, alpha: float, beta: float) -> float:
    """Number `i` of the Beta variates of a key's stream; see `stream_uniform`.

    Parameters
    ----------
    key0, key1, i : int
        Those of `stream_uniform`.
    alpha, beta : float
        Shapes, from 1e-10 to 1e12; NaN where one is out of range.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.stream_beta(1, 2, 0, 8.0, 4.0), 6)
    0.640555
    """
    return _beta_here(*_words(key0, key1, i), number(alpha, "alpha"), number(beta, "beta"))


def stream_poisson(key0: int, key1: int, i: int, mean: float) -> int:
    """Number `i` of the Poisson counts of a key's stream; see `stream_uniform`.

    Each call makes the table of its mean: where many counts have one mean, `stream_poisson_many`
    is far faster.

    Parameters
    ----------
    key0, key1, i : int
        Those of `stream_uniform`.
    mean : float
        From 0 to 1e7; -1 where it is out of range.

    Examples
    --------
    >>> from venire import jit
    >>> jit.stream_poisson(1, 2, 0, 3.5)
    4
    """
    return _poisson_here(*_words(key0, key1, i), number(mean, "mean"))


def stream_uniform_many(key0: int, key1: int, first: int, out: Floats) -> None:
    """Numbers ``first``, ``first + 1``, ... of `stream_uniform`, as many as `out` holds.

    Parameters
    ----------
    key0, key1, first : int
    out : ndarray of float64, shape (n,)
        Contiguous; written.

    Raises
    ------
    TypeError
        If `out` has another type or layout (compiled: a TypingError, when it is compiled).

    Examples
    --------
    >>> import numpy as np
    >>> from venire import jit
    >>> out = np.empty(3)
    >>> jit.stream_uniform_many(1, 2, 5, out)
    >>> bool(out[1] == jit.stream_uniform(1, 2, 6))
    True
    """
    end = array(out, "out", write=True)
    call(_uniforms_here, *_words(key0, key1, first), len(out), Call, end)


def stream_normal_many(key0: int, key1: int, first: int, out: Floats) -> None:
    """Numbers ``first``, ``first + 1``, ... of `stream_normal`; see `stream_uniform_many`."""
    end = array(out, "out", write=True)
    call(_normals_here, *_words(key0, key1, first), len(out), Call, end)


def stream_beta_many(
    key0: int, key1: int, first: int, alpha: Floats, beta: Floats, out: Floats
) -> None:
    """Numbers ``first``, ``first + 1``, ... of `stream_beta`, each with its own shapes.

    Parameters
    ----------
    key0, key1, first : int
    alpha, beta : ndarray of float64, shape (n,)
    out : ndarray of float64, shape (n,)
        Written.

    Raises
    ------
    ValueError
        If lengths differ, or a shape is out of range.
    TypeError
        As `stream_uniform_many`.
    """
    end, n = array(out, "out", write=True), len(out)
    shapes = array(alpha, "alpha", n), array(beta, "beta", n)
    call(_betas_here, *_words(key0, key1, first), n, *shapes, Call, end)


def stream_poisson_many(
    key0: int, key1: int, first: int, mean: float, out: NDArray[np.int32]
) -> None:
    """Numbers ``first``, ``first + 1``, ... of `stream_poisson`.

    Parameters
    ----------
    key0, key1, first : int
    mean : float
        From 0 to 1e7.
    out : ndarray of int32, shape (n,)
        Contiguous; written.

    Raises
    ------
    ValueError
        If `mean` is out of range.
    TypeError
        As `stream_uniform_many`.
    """
    end = array(out, "out", dtype=np.int32, write=True)
    words, average = _words(key0, key1, first), number(mean, "mean")
    call(_poissons_here, *words, len(out), average, Call, end)


def _words(key0: Any, key1: Any, i: Any) -> tuple[int, int, int]:
    return whole(key0, "key0"), whole(key1, "key1"), whole(i, "i")


@overload(stream_uniform)
def _uniform_typed(key0: Any, key1: Any, i: Any) -> Any:
    numbers(key0=key0, key1=key1, i=i)

    def one(key0: Any, key1: Any, i: Any) -> float:
        return _uniform(key0, key1, i)

    return one


@overload(stream_normal)
def _normal_typed(key0: Any, key1: Any, i: Any) -> Any:
    numbers(key0=key0, key1=key1, i=i)

    def one(key0: Any, key1: Any, i: Any) -> float:
        return _normal(key0, key1, i)

    return one


@overload(stream_beta)
def _beta_typed(key0: Any, key1: Any, i: Any, alpha: Any, beta: Any) -> Any:
    numbers(key0=key0, key1=key1, i=i, alpha=alpha, beta=beta)

    def one(key0: Any, key1: Any, i: Any, alpha: Any, beta: Any) -> float:
        return _beta(key0, key1, i, alpha, beta)

    return one


@overload(stream_poisson)
def _poisson_typed(key0: Any, key1: Any, i: Any, mean: Any) -> Any:
    numbers(key0=key0, key1=key1, i=i, mean=mean)

    def one(key0: Any, key1: Any, i: Any, mean: Any) -> int:
        return _poisson(key0, key1, i, mean)

    return one


@overload(stream_uniform_many)
def _uniforms_typed(key0: Any, key1: Any, first: Any, out: Any) -> Any:
    numbers(key0=key0, key1=key1, first=first)
    arrays(out=out, write=True)

    def many(key0: Any, key1: Any, first: Any, out: Any) -> None:
        _uniforms(key0, key1, first, len(out), 0, out.ctypes.data)

    return many


@overload(stream_normal_many)
def _normals_typed(key0: Any, key1: Any, first: Any, out: Any) -> Any:
    numbers(key0=key0, key1=key1, first=first)
    arrays(out=out, write=True)

    def many(key0: Any, key1: Any, first: Any, out: Any) -> None:
        _normals(key0, key1, first, len(out), 0, out.ctypes.data)

    return many


@overload(stream_beta_many)
def _betas_typed(key0: Any, key1: Any, first: Any, alpha: Any, beta: Any, out: Any) -> Any:
    numbers(key0=key0, key1=key1, first=first)
    arrays(alpha=alpha, beta=beta)
    arrays(out=out, write=True)

    def many(key0: Any, key1: Any, first: Any, alpha: Any, beta: Any, out: Any) -> None:
        n = len(out)
        if len(alpha) != n or len(beta) != n:
            raise ValueError("stream_beta_many: lengths differ")
        a, b = alpha.ctypes.data, beta.ctypes.data
        if _betas(key0, key1, first, n, a, b, 0, out.ctypes.data):
            raise ValueError("stream_beta_many: a shape is out of range")

    return many


@overload(stream_poisson_many)
def _poissons_typed(key0: Any, key1: Any, first: Any, mean: Any, out: Any) -> Any:
    numbers(key0=key0, key1=key1, first=first, mean=mean)
    arrays(I32, out=out, write=True)

    def many(key0: Any, key1: Any, first: Any, mean: Any, out: Any) -> None:
        if _poissons(key0, key1, first, len(out), mean, 0, out.ctypes.data):
            raise ValueError("stream_poisson_many: the mean is out of range")

    return many
