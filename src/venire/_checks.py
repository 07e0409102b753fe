"""Arguments made canonical: arrays, threads and seeds, or an error that says what is wrong.

Every error names the argument, the first bad position (counted from 0) and the value found there,
and carries the three as attributes, so that a reader of files can say "row 8, column 'score'".
The functions return the caller's own array when it is already in the canonical form.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

__all__ = [
    "BadTypeError",
    "BadValueError",
    "amounts",
    "fail",
    "finite",
    "n_threads",
    "numbers",
    "one_of",
    "order",
    "rng",
    "same_length",
    "score",
    "weight",
    "whole",
]

_BLOCK = 1 << 15  # values per step of a range check: they stay in the cache for both passes


class _Located:
    """What an error about one value knows: the argument, its position and the value."""

    argument: str = ""
    position: int | None = None
    value: Any = None
    reason: str = ""


class BadValueError(_Located, ValueError):
    """A value that is out of range; has ``argument``, ``position``, ``value`` and ``reason``."""


class BadTypeError(_Located, TypeError):
    """A value of a wrong type; has ``argument``, ``position``, ``value`` and ``reason``."""


_NO_VALUE = object()


def fail(
    argument: str,
    reason: str,
    position: int | None = None,
    value: Any = _NO_VALUE,
    *,
    kind: type[ValueError] | type[TypeError] = ValueError,
) -> NoReturn:
    """Raise the error about `argument`, worded in one way everywhere.

    Parameters
    ----------
    argument : str
        Name of the argument.
    reason : str
        What it must be, or what is wrong with it.
    position : int, optional
        First bad position, counted from 0.
    value : object, optional
        The value found there.
    kind : {ValueError, TypeError}
        Which of the two the error is.
    """
    where = "" if position is None else f" at position {position}"
    if value is _NO_VALUE:
        value, found = None, where
    else:
        if isinstance(value, np.generic):
            value = value.item()
        found = f", got {value!r}{where}"
    error: Any = (BadTypeError if kind is TypeError else BadValueError)(
        f"{argument}: {reason}{found}"
    )
    error.argument, error.position, error.value = argument, position, value
    error.reason = reason if not found.startswith(",") else f"{reason}, got {value!r}"
    raise error


def same_length(**arrays: Any) -> int:
    """Return the common length of one-dimensional arrays; None and scalars are passed over.

    Parameters
    ----------
    **arrays : array_like or None
        The arguments under their names; the first one sets the length.

    Returns
    -------
    int
        The common length.

    Raises
    ------
    ValueError
        If two lengths differ, or the common length is 0.
    """
    first_name, n = "", -1
    for name, array in arrays.items():
        if array is None or not hasattr(array, "__len__") or isinstance(array, (str, bytes)):
            continue
        shape = getattr(array, "shape", None)
        if shape == ():
            continue
        if isinstance(shape, tuple) and len(shape) != 1:
            fail(name, f"must be one-dimensional, has {len(shape)} dimensions")
        if n < 0:
            first_name, n = name, len(array)
        elif len(array) != n:
            fail(name, f"has {len(array)} rows, but {first_name} has {n}")
    if n == 0:
        fail(first_name, "is empty: at least one comparison is needed")
    return n


def score(x: Any, n: int) -> np.ndarray:
    """Return scores as contiguous float64: each finite and in [0, 1].

    Parameters
    ----------
    x : float or array_like of shape (n,)
        1 a win of first, 0 a loss, 0.5 a tie, anything between a soft vote.
    n : int
        Number of rows.

    Returns
    -------
    ndarray of float64, shape (n,), or (1,) if `x` is a scalar that stands for every row
        `x` itself when it is contiguous float64.
    """
    return _numbers(x, n, "score", 0.0, 1.0, "must be between 0 and 1")


def weight(x: Any, n: int) -> np.ndarray | None:
    """Return weights as contiguous float64, finite and >= 0, like `score`; None stays None."""
    if x is None:
        return None
    return _numbers(x, n, "weight", 0.0, np.finfo(np.float64).max, "must be finite and >= 0")


def amounts(x: Any, n: int, name: str) -> np.ndarray:
    """Return the counts `name` (wins, losses, ties) as float64, finite and >= 0, like `score`."""
    return _numbers(x, n, name, 0.0, np.finfo(np.float64).max, "must be finite and >= 0")


def finite(x: Any, n: int, name: str) -> np.ndarray:
    """Return the numbers `name` as float64, finite, like `score`."""
    most = np.finfo(np.float64).max
    return _numbers(x, n, name, -most, most, "must be finite")


def order(x: Any, n: int) -> np.ndarray | None:
    """Return orders as contiguous int8, each -1, 0 or +1; None stays None, a scalar gives (1,)."""
    if x is None:
        return None
    array = _array(x, n, "order")
    rule = "must be +1 (first had the advantage), -1 (second had) or 0 (neither)"
    if array.dtype.kind not in "iuf":
        fail("order", rule, kind=TypeError, value=array.dtype.name)

    def allowed(block: np.ndarray) -> np.ndarray:
        return (block == -1) | (block == 0) | (block == 1)

    for start in range(0, len(array), _BLOCK):
        block = array[start : start + _BLOCK]
        low, high = block.min(), block.max()
        integral = array.dtype.kind != "f"
        if not (low >= -1 and high <= 1 and (integral or allowed(block).all())):
            _first_bad(block, start, "order", rule, allowed)
    return np.require(array, dtype=np.int8, requirements=["C", "A"])


def n_threads(x: int | None = None) -> int:
    """Return a number of threads: None means ``OMP_NUM_THREADS`` or else all usable CPUs.

    Raises
    ------
    TypeError
        If `x` is not an integer.
    ValueError
        If `x` is < 1.
    """
    if x is None:
        wish = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
        if wish.isdigit() and int(wish) > 0:
            return int(wish)
        if hasattr(os, "sched_getaffinity"):
            return max(1, len(os.sched_getaffinity(0)))
        return max(1, os.cpu_count() or 1)
    if isinstance(x, (bool, np.bool_)) or not isinstance(x, (int, np.integer)):
        fail("n_threads", "must be an integer or None", value=x, kind=TypeError)
    if x < 1:
        fail("n_threads", "must be at least 1", value=x)
    return int(x)


def rng(x: Any = None) -> np.random.Generator:
    """Return a Generator from None, an int >= 0, a SeedSequence or a Generator."""
    if isinstance(x, np.random.Generator):
        return x
    is_int = isinstance(x, (int, np.integer)) and not isinstance(x, (bool, np.bool_))
    if x is None or is_int or isinstance(x, np.random.SeedSequence):
        if is_int and x < 0:
            fail("rng", "a seed must be >= 0", value=x)
        return np.random.default_rng(x)
    fail("rng", "must be an int, a SeedSequence or a Generator", value=x, kind=TypeError)


def _array(x: Any, n: int, name: str) -> np.ndarray:
    """`x` as a one-dimensional array of length n, or of length 1 if it is a scalar."""
    array = np.asarray(x)
    if array.dtype == object:
        array = _from_objects(array, name)
    if array.ndim == 0:
        return array.reshape(1)
    if array.ndim != 1:
        fail(name, f"must be one-dimensional, has {array.ndim} dimensions")
    if len(array) != n:
        fail(name, f"has {len(array)} rows, but there are {n} comparisons")
    return array


def _from_objects(array: np.ndarray, name: str) -> np.ndarray:
    """An array of Python objects as float64; what is no number is an error with its position."""
    flat = array.ravel()
    out = np.empty(flat.shape)
    for position, value in enumerate(flat):
        if value is None or isinstance(value, (str, bytes)):
            fail(name, "must be a number", position, value, kind=TypeError)
        try:
            out[position] = value
        except (TypeError, ValueError):
            fail(name, "must be a number", position, value, kind=TypeError)
    return out.reshape(array.shape)


def numbers(x: Any, n: int, name: str) -> np.ndarray:
    """Return numbers of any size as contiguous float64 of shape (n,), or (1,) for a scalar."""
    array = _array(x, n, name)
    if array.dtype.kind not in "biuf":
        fail(name, f"must hold numbers, has dtype {array.dtype}", kind=TypeError)
    return np.require(array, dtype=np.float64, requirements=["C", "A"])


def _numbers(x: Any, n: int, name: str, low: float, high: float, rule: str) -> np.ndarray:
    """Float64 values in [low, high], contiguous; see `score`."""
    out = numbers(x, n, name)
    for start in range(0, len(out), _BLOCK):
        block = out[start : start + _BLOCK]
        # written so that NaN, which min and max hand on, fails the comparison
        if not (block.min() >= low and block.max() <= high):
            _first_bad(block, start, name, rule, lambda b: (b >= low) & (b <= high))
    return out


def _first_bad(
    block: np.ndarray,
    start: int,
    name: str,
    rule: str,
    allowed: Callable[[np.ndarray], np.ndarray],
) -> NoReturn:
    """Raise the error about the first value of a block that is not allowed."""
    inside = int(np.argmin(allowed(block)))
    value = block[inside]
    if math.isnan(value):
        rule += " (NaN is not)"
    fail(name, rule, start + inside, value)


def whole(x: Any, name: str, least: int) -> int:
    """An integer of at least `least`."""
    if isinstance(x, (bool, np.bool_)) or not isinstance(x, (int, np.integer)):
        fail(name, "must be a whole number", value=x, kind=TypeError)
    if x < least:
        fail(name, f"must be at least {least}", value=x)
    return int(x)


def one_of(x: Any, name: str, choices: Sequence[str]) -> str:
    """One of the words."""
    if x not in choices:
        fail(name, f"must be one of {', '.join(choices)}", value=x)
    return str(x)
