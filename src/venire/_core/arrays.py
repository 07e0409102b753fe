"""Arguments of any shape made canonical, and kernels called on them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.foreign import local

__all__ = [
    "broadcast",
    "compute",
    "counts",
    "first_seen",
    "full",
    "keys",
    "numbers",
    "occurrence",
    "probabilities",
    "shapes",
    "size",
    "target",
]

MOST = 2**48  # numbers of an array of draws: beyond, they would be counted wrong
SHAPE_RANGE = (1e-10, 1e12)  # outside, the kernels are not tested


def numbers(x: Any, name: str) -> np.ndarray:
    """`x` as float64 of any shape, the caller's own array where it is that already."""
    array = checks.numeric(x, name)
    if array.dtype.itemsize <= 8:
        return np.asarray(array, dtype=np.float64)
    with np.errstate(over="ignore"):  # wider floats may become infinite here: refused later
        return np.asarray(array, dtype=np.float64)


def _within(array: np.ndarray, name: str, low: float, high: float, rule: str) -> np.ndarray:
    """`array` if all of it is in [low, high], else the error about its first value that is not."""
    # written so that NaN, which min and max hand on, fails the comparison
    if array.ndim == 0:
        good = bool(low <= array <= high)
    else:
        good = not array.size or bool(array.min() >= low and array.max() <= high)
    if not good:
        flat = array.ravel()
        position = int(np.argmin((flat >= low) & (flat <= high)))
        checks.fail(name, rule, None if array.ndim == 0 else position, flat[position])
    return array


def shapes(x: Any, name: str) -> np.ndarray:
    """Shape parameters: > 0 and in the range of the kernels."""
    low, high = SHAPE_RANGE
    rule = f"must be > 0, from {low:g} to {high:g}"
    return _within(numbers(x, name), name, low, high, rule)


def counts(x: Any, name: str) -> np.ndarray:
    """Numbers of votes: >= 0, and no more than a shape may be."""
    top = SHAPE_RANGE[1]
    return _within(numbers(x, name), name, 0.0, top, f"must be finite and >= 0, at most {top:g}")


def probabilities(x: Any, name: str, *, inside: bool = False) -> np.ndarray:
    """Values in [0, 1], or strictly between where `inside`."""
    tiny = float(np.finfo(np.float64).smallest_subnormal)
    low, high = (tiny, 1.0 - 2.0**-53) if inside else (0.0, 1.0)
    rule = "must be strictly between 0 and 1" if inside else "must be between 0 and 1"
    return _within(numbers(x, name), name, low, high, rule)


def broadcast(**arrays: np.ndarray) -> tuple[int, ...]:
    """The common shape of the arguments, or an error that names the first that does not fit."""
    shape: tuple[int, ...] = ()
    told = ""
    for name, array in arrays.items():
        if not array.ndim:
            continue
        try:
            wider = array.shape if not shape else np.broadcast_shapes(shape, array.shape)
        except ValueError:
            checks.fail(name, f"has shape {array.shape}, which does not fit {told}")
        told += f"{', ' if told else ''}{name} of shape {array.shape}"
        shape = wider
    return shape


def _flat(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """One dimension, contiguous; a single value stays one."""
    if array.size == 1:
        return np.ascontiguousarray(array).reshape(1)
    if array.shape != shape:
        array = np.broadcast_to(array, shape)
    return np.ascontiguousarray(array).reshape(-1)


def compute(
    kernel: Any, shape: tuple[int, ...], *arrays: np.ndarray, last: tuple = (), out: Any = None
) -> Any:
    """Call `kernel` on arrays broadcast to `shape`; a float64 where that is (), and `out` where it
    is given."""
    size = math.prod(shape)
    flat = [_flat(a, shape) for a in arrays]
    if out is None:
        return kernel(size, *flat, *last, checks.n_threads()).reshape(shape)[()]
    kernel(size, *flat, *last, checks.n_threads(), target(out, shape, *arrays).reshape(-1))
    return out


def target(
    out: Any, shape: tuple[int, ...], *inputs: np.ndarray, dtype: Any = np.float64
) -> np.ndarray:
    """The memory of `out`, where a result of this shape goes that is made from `inputs`.

    Raises
    ------
    TypeError
        If it is no array, or one of another dtype.
    ValueError
        If it has another shape, is not contiguous in C order, is read-only, or shares memory with
        an input.
    """
    array, dtype = local(out, "out"), np.dtype(dtype)
    if not isinstance(array, np.ndarray) or isinstance(array, np.ma.MaskedArray):
        checks.fail("out", "must be an array", value=type(out).__name__, kind=TypeError)
    if array.dtype != dtype:
        checks.fail("out", f"must be of dtype {dtype}, is of {array.dtype}", kind=TypeError)
    if array.shape != shape:
        checks.fail("out", f"must have shape {shape}, has {array.shape}")
    if not (array.flags.c_contiguous and array.flags.aligned):
        checks.fail("out", "must be contiguous in C order, and aligned")
    if not array.flags.writeable:
        checks.fail("out", "is read-only")
    if any(np.may_share_memory(array, x) for x in inputs):
        checks.fail("out", "shares memory with an argument: results would be made from results")
    return array


def keys(rng: Any) -> tuple[int, int]:
    """Two 64-bit words that stand for `rng`: drawn once from it, so a Generator moves on."""
    words = checks.rng(rng).integers(0, 2**64, size=2, dtype=np.uint64)
    return int(words[0]), int(words[1])


def full(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A new array of `shape`; `array` itself, which is new, where it has it."""
    array = np.asarray(array)
    return array if array.shape == shape else np.array(np.broadcast_to(array, shape), order="C")


def first_seen(x: np.ndarray) -> np.ndarray:
    """Which values of a one-dimensional array repeat none before them."""
    out = np.zeros(len(x), bool)
    out[np.unique(x, return_index=True)[1]] = True
    return out


def occurrence(x: np.ndarray) -> np.ndarray:
    """How often each value of a one-dimensional array has been there before."""
    order = np.argsort(x, kind="stable")
    start = np.flatnonzero(np.diff(x[order], prepend=x[order][:1] - 1))
    out = np.empty(len(x), np.int64)
    out[order] = np.arange(len(x)) - np.repeat(start, np.diff(start, append=len(x)))
    return out


def size(given: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """`given` as a shape to which `shape` broadcasts."""
    try:
        wanted = tuple(given) if np.iterable(given) else (given,)
        wanted = tuple(int(np.asarray(n).astype(np.int64, casting="safe")) for n in wanted)
    except Exception:
        checks.fail("size", "must be an integer or a tuple of them", value=given, kind=TypeError)
    if any(n < 0 for n in wanted):
        checks.fail("size", "must not be negative", value=given)
    if math.prod(wanted) > MOST:
        checks.fail("size", f"must be at most {MOST} numbers in all", value=given)
    try:
        fits = np.broadcast_shapes(wanted, shape) == wanted
    except ValueError:
        fits = False
    if not fits:
        checks.fail("size", f"{wanted} is no shape that posteriors of shape {shape} broadcast to")
    return wanted
