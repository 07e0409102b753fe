"""Small fits for compiled code, and the counts of their bootstraps."""

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

__all__ = ["bootstrap_counts", "fit_small", "multinomial_counts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

_fit, _fit_here = symbol("fit_small", I32, I32, F64, I64, I64, PTR, PTR, PTR, PTR, PTR)
_multinomial, _multinomial_here = symbol(
    "multinomial_counts", I32, U64, U64, U64, I64, I64, I64, PTR, PTR
)
_bootstrap, _bootstrap_here = symbol(
    "bootstrap_counts", I32, U64, U64, U64, I64, I64, PTR, PTR, PTR
)


def fit_small(
    first: Ints, second: Ints, win: Floats, loss: Floats, theta: Floats, model: int = 0,
    precision: float = 0.0,
) -> int:  # fmt: skip
    """One fit of few items, for loops over many: also in ``prange``, a fit to an iteration.

    Row k says how often ``first[k]`` won and lost against ``second[k]``; rows may come in any order
    and a pair as often as it likes. Nothing is raised, since a loop over threads could not hand it
    on: look at the status. About 15 µs for 300 rows of 20 items.

    Parameters
    ----------
    first, second : ndarray of int32, shape (n,)
        Items, from 0 to ``len(theta) - 1``.
    win, loss : ndarray of float64, shape (n,)
        Masses, from 0 to 1e30.
    theta : ndarray of float64, shape (n_items,)
        Written: log-strengths, mean 0 in what hangs together; NaN where there is no fit.
    model : int
        From `model`; 0 is Bradley and Terry's.
    precision : float
        Of the normal prior of each theta around 0; 0: none.

    Returns
    -------
    int
        0; or the code of venire.h: 3 did not converge, 5 an index or a mass is out of range, 6 the
        comparisons and the prior do not have one finite fit, 7 nothing was compared, 9 lengths
        differ, 10 no such model.

    Raises
    ------
    TypeError
        If an array has another type or layout (compiled: a TypingError, when it is compiled).

    Examples
    --------
    >>> import numpy as np
    >>> from venire import jit
    >>> first, second = np.array([0, 1, 0], np.int32), np.array([1, 2, 2], np.int32)
    >>> theta = np.empty(3)
    >>> jit.fit_small(first, second, np.array([3.0, 2, 3]), np.array([1.0, 2, 1]), theta)
    0
    >>> theta.round(4)
    array([ 0.7324, -0.3662, -0.3662])
    """
    starts = array(first, "first", dtype=np.int32), array(second, "second", dtype=np.int32)
    masses = array(win, "win"), array(loss, "loss")
    end = array(theta, "theta", write=True)
    number_of, prior = whole(model, "model", 32), number(precision, "precision")
    n = len(first)
    if not len(second) == len(win) == len(loss) == n:
        return 9
    return _fit_here(number_of, prior, len(theta), n, *starts, *masses, end)


def multinomial_counts(
    key0: int, key1: int, first: int, n_draws: int, out: NDArray[np.int32]
) -> None:
    """How often each of n equal units was drawn, of replicates ``first``, ``first + 1``, ...

    Replicate r depends on the key and r alone. With ``n_draws = n`` these are the weights of
    `venire.bootstrap_weights`.

    Parameters
    ----------
    key0, key1, first : int
        The key (`venire.kernels.stream_key`), and the first replicate.
    n_draws : int
        Draws of a replicate, up to 2**31 - 1.
    out : ndarray of int32, shape (n_replicates, n)
        Contiguous; written.

    Raises
    ------
    ValueError
        If a number is out of range.
    TypeError
        If `out` has another type or layout (compiled: a TypingError, when it is compiled).

    Examples
    --------
    >>> import numpy as np
    >>> from venire import jit
    >>> out = np.empty((2, 5), np.int32)
    >>> jit.multinomial_counts(1, 2, 0, 5, out)
    >>> out.sum(axis=1)
    array([5, 5])
    """
    end = array(out, "out", dtype=np.int32, write=True, ndim=2)
    key = whole(key0, "key0"), whole(key1, "key1"), whole(first, "first")
    draws = whole(n_draws, "n_draws", 32)
    call(_multinomial_here, *key, *out.shape, draws, Call, end)


def bootstrap_counts(key0: int, key1: int, first: int, count: Floats, out: Floats) -> None:
    """Masses of cells in replicates ``first``, ``first + 1``, ... of a bootstrap of comparisons.

    Cell u stands for ``count[u]`` comparisons; a replicate draws as many as there are in all.

    Parameters
    ----------
    key0, key1, first : int
        The key (`venire.kernels.stream_key`), and the first replicate.
    count : ndarray of float64, shape (n,)
        Whole numbers from 1 to 1e7.
    out : ndarray of float64, shape (n_replicates, n)
        Contiguous; written.

    Raises
    ------
    ValueError
        If lengths differ, or a number is out of range.
    TypeError
        If an array has another type or layout (compiled: a TypingError, when it is compiled).

    Examples
    --------
    >>> import numpy as np
    >>> from venire import jit
    >>> out = np.empty((2, 3))
    >>> jit.bootstrap_counts(1, 2, 0, np.array([5.0, 1.0, 14.0]), out)
    >>> out.sum(axis=1)
    array([20., 20.])
    """
    end = array(out, "out", write=True, ndim=2)
    start = array(count, "count", out.shape[1])
    key = whole(key0, "key0"), whole(key1, "key1"), whole(first, "first")
    call(_bootstrap_here, *key, *out.shape, start, Call, end)


@overload(fit_small)
def _fit_typed(
    first: Any, second: Any, win: Any, loss: Any, theta: Any, model: Any = 0, precision: Any = 0.0
) -> Any:
    arrays(I32, first=first, second=second)
    arrays(win=win, loss=loss)
    arrays(theta=theta, write=True)
    numbers(model=model, precision=precision)

    def fit(
        first: Any, second: Any, win: Any, loss: Any, theta: Any, model: Any = 0,
        precision: Any = 0.0,
    ) -> int:  # fmt: skip
        n = len(first)
        if len(second) != n or len(win) != n or len(loss) != n:
            return 9
        a, b, w, v = first.ctypes.data, second.ctypes.data, win.ctypes.data, loss.ctypes.data
        return _fit(model, precision, len(theta), n, a, b, w, v, theta.ctypes.data)

    return fit


@overload(multinomial_counts)
def _multinomial_typed(key0: Any, key1: Any, first: Any, n_draws: Any, out: Any) -> Any:
    numbers(key0=key0, key1=key1, first=first, n_draws=n_draws)
    arrays(I32, 2, out=out, write=True)

    def counts(key0: Any, key1: Any, first: Any, n_draws: Any, out: Any) -> None:
        m, n = out.shape
        if _multinomial(key0, key1, first, m, n, n_draws, 0, out.ctypes.data):
            raise ValueError("multinomial_counts: a number is out of range")

    return counts


@overload(bootstrap_counts)
def _bootstrap_typed(key0: Any, key1: Any, first: Any, count: Any, out: Any) -> Any:
    numbers(key0=key0, key1=key1, first=first)
    arrays(count=count)
    arrays(F64, 2, out=out, write=True)

    def counts(key0: Any, key1: Any, first: Any, count: Any, out: Any) -> None:
        m, n = out.shape
        if len(count) != n:
            raise ValueError("bootstrap_counts: lengths differ")
        if _bootstrap(key0, key1, first, m, n, count.ctypes.data, 0, out.ctypes.data):
            raise ValueError("bootstrap_counts: a number is out of range")

    return counts
