"""Arguments made canonical: arrays, threads and seeds, or an error that says what is wrong.

Every error knows the argument, the first bad position (counted from 0) and the value found there,
so that a reader of files can say "row 8, column 'score'".
The functions return the caller's own array when it is already in the canonical form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

import numpy as np

from venire._core.failing import BadInput, BadTypeError, BadValueError, every, fail, nearest
from venire._core.foreign import local, unreadable
from venire._core.scalars import (
    flag,
    function,
    level,
    max_iter,
    n_threads,
    number,
    one_of,
    rng,
    tol,
    top,
    whole,
)

__all__ = [
    "LARGEST",
    "BadInput",
    "BadTypeError",
    "BadValueError",
    "about",
    "all_shown",
    "amounts",
    "array",
    "bounded",
    "column",
    "columns",
    "distinct",
    "every",
    "fail",
    "features",
    "finite",
    "flag",
    "integers",
    "function",
    "length",
    "level",
    "masses",
    "listed",
    "max_iter",
    "n_threads",
    "named",
    "nearest",
    "number",
    "numbers",
    "numeric",
    "one_of",
    "order",
    "rng",
    "predictions",
    "rows",
    "score",
    "start",
    "tol",
    "top",
    "weight",
    "whole",
    "within",
]

#: Masses and weights are at most this. Preconditioners hold sums of them in float32, whose largest
#: number is 3e38: room for 10**8 rows; whatever powers of them are taken stay finite in float64.
LARGEST = 1e30
AMOUNT = "must be finite and >= 0"
SCORE = "must be between 0 and 1"

_READY = (list, tuple, str, bytes, float, int)  # to be read, or no column at all
_BLOCK = 1 << 15  # values per step of a range check: they stay in the cache for both passes


# ---- columns and arrays as they come -------------------------------------------------------------


def columns(*, may_be_empty: bool = False, **given: Any) -> list[Any]:
    """Columns of one length: that length, and then each column, ready to be read again.

    None and scalars are passed over. What can be gone through only once is made a list; see
    `column` for what else is done. Whoever reads a column compares the length of what came out.

    Parameters
    ----------
    may_be_empty : bool
        Whether no row at all will do.
    **given : array_like, scalar or None
        The arguments under their names; the first column sets the length.

    Raises
    ------
    ValueError
        If two lengths differ, the common length is 0, or a value is hidden by a mask.
    TypeError
        If something is no column at all.
    """
    first_name, n, out = "", -1, [0]
    for name, x in given.items():
        x = column(x, name)
        out.append(x)
        size = length(x, name)
        if size is None:
            continue
        if n < 0:
            first_name, n = name, size
        elif size != n:
            fail(name, f"has {size} rows, but {first_name} has {n}")
    if n < 0:
        name, x = next(iter(given.items()))
        fail(name, "must be an array", value=x, kind=TypeError)
    if n == 0 and not may_be_empty:
        fail(first_name, "is empty: at least one comparison is needed")
    out[0] = n
    return out


def column(x: Any, name: str) -> Any:
    """`x` ready to be read: an iterator as a list, a masked array that hides nothing without mask.

    Sets and mappings, which are no columns, are refused, and so is what lies on another device.
    """
    if type(x) is np.ndarray or x is None or isinstance(x, _READY):
        return x
    x = local(x, name)
    if isinstance(x, np.ndarray):
        return _shown(x, name)
    ordered = not isinstance(x, (Mapping, set, frozenset))
    once = isinstance(x, Iterable) and not hasattr(x, "__len__") and not hasattr(x, "__array__")
    return x if ordered and not once else listed(x, name)


def listed(x: Any, name: str) -> list[Any] | tuple[Any, ...]:
    """The values of a list, a tuple, or anything else that has them in an order."""
    if isinstance(x, (list, tuple)):
        return x
    if isinstance(x, (str, bytes, Mapping, set, frozenset)) or not isinstance(x, Iterable):
        fail(name, "must be an array or a list", value=x, kind=TypeError)
    try:
        return list(iter(x))  # by its values: what it says of its length may be anything
    except Exception as error:
        unreadable(name, error)


def named(x: Any, name: str, position: int | None = None) -> Any:
    """The name of a column of a frame: text, a whole number, or a tuple of these."""
    for part in x if isinstance(x, tuple) else (x,):
        if not isinstance(part, (str, int)) or isinstance(part, bool):
            fail(name, "must name a column", position, x, kind=TypeError)
    return x


@contextmanager
def about(name: str) -> Iterator[None]:
    """What other code refuses within is refused as the argument `name`."""
    try:
        yield
    except BadInput:
        raise
    except (ValueError, TypeError) as error:
        fail(name, str(error), kind=TypeError if isinstance(error, TypeError) else ValueError)


def features(x: Any, name: str) -> Any:
    """Rows of features for learners, which may want anything but numbers beyond LARGEST.

    Frames, sparse matrices and lists of rows of different lengths are handed on.
    """
    if hasattr(x, "tocsr") or hasattr(x, "columns"):
        return x
    if isinstance(x, list) and len({len(row) for row in x if isinstance(row, list)}) > 1:
        return x
    x = array(x, name)
    if x.dtype.kind == "f":
        with np.errstate(over="ignore"):  # LARGEST is more than a float16 holds
            bad = np.isfinite(x) & (np.abs(x) > LARGEST)
    elif x.dtype == object:
        bad = np.reshape([_is_huge(value) for value in x.ravel().tolist()], x.shape).astype(bool)
    else:
        return x
    if bad.any():
        at = np.argwhere(bad)[0]
        rule = f"must be of a size of at most {LARGEST:g}"
        fail(name, rule, int(at[0]) if x.ndim else None, x[tuple(at)])
    return x


def _is_huge(x: Any) -> bool:
    x = x.item() if isinstance(x, np.generic) else x
    return isinstance(x, (int, float)) and abs(x) > LARGEST and x not in (math.inf, -math.inf)


def length(x: Any, name: str) -> int | None:
    """Number of rows of a column; None where `x` is none."""
    if x is None or isinstance(x, (str, bytes)) or not hasattr(x, "__len__"):
        return None
    shape = getattr(x, "shape", None)
    if shape == ():
        return None
    if isinstance(shape, tuple) and len(shape) != 1:
        fail(name, f"must be one-dimensional, has {len(shape)} dimensions")
    try:
        return len(x)
    except Exception as error:
        unreadable(name, error)


def _shown(x: np.ndarray, name: str) -> np.ndarray:
    """A masked array, or another kind of NumPy's array, as a plain one; nothing may be hidden."""
    if isinstance(x, np.ma.MaskedArray) and x.dtype.names is None:
        hidden = np.ma.getmaskarray(x)
        if hidden.any():
            at = int(np.argmax(hidden.ravel()))
            fail(name, "a value is missing (hidden by a mask)", at if x.ndim else None)
    return np.asarray(x)


def array(x: Any, name: str, dtype: Any = None) -> np.ndarray:
    """`x` as a plain NumPy array of any shape; an array is returned as it is.

    `dtype` is for what is no array yet: object keeps its values what they are.

    Raises
    ------
    ValueError
        If a value is hidden by a mask, in `x` itself or in a part of a list; if a list is ragged.
    TypeError
        If `x` is no array and cannot be made one.
    """
    if type(x) is np.ndarray:
        if x.dtype == object:
            all_shown(x.ravel().tolist(), name)
        return x
    x = column(x, name)
    if isinstance(x, (list, tuple)):
        all_shown(x, name)
    try:
        return np.asarray(x, dtype=None if hasattr(x, "__array__") else dtype)
    except Exception as error:
        unreadable(name, error)


def all_shown(values: list[Any] | tuple[Any, ...], name: str) -> None:
    """Refuse what is hidden by a mask among values, or in one of them."""
    if any(issubclass(kind, np.ma.MaskedArray) for kind in {*map(type, values)}):
        for at, value in enumerate(values):
            if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value).any():
                fail(name, "a value is missing (hidden by a mask)", at)


def numeric(x: Any, name: str) -> np.ndarray:
    """`x` as a NumPy array of truth values, integers or floats, of any shape."""
    out = array(x, name)
    if out.dtype == object:
        out = _from_objects(out, name)
    if out.dtype.kind not in "biuf":
        fail(name, f"must hold numbers, has dtype {out.dtype}", kind=TypeError)
    return out


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
    return within(x, n, "score", 0.0, 1.0, SCORE)


def weight(x: Any, n: int) -> np.ndarray | None:
    """Return weights as contiguous float64, finite and >= 0, like `score`; None stays None."""
    if x is None:
        return None
    return amounts(x, n, "weight")


def amounts(x: Any, n: int, name: str) -> np.ndarray:
    """Return masses (wins, losses, ties, weights) as float64, from 0 to LARGEST, like `score`."""
    return within(x, n, name, 0.0, LARGEST, AMOUNT)


def masses(x: Any, n: int, name: str) -> np.ndarray:
    """Return `amounts` that are checked only for what the native layer does not look at."""
    out = numbers(x, n, name)
    if len(out) and LARGEST < out.max() < math.inf:  # which inf and NaN are not
        at = int(np.argmax(out > LARGEST))
        _first_bad(out[at : at + 1], at, name, AMOUNT, lambda b: b < 0.0)
    return out


def finite(x: Any, n: int, name: str) -> np.ndarray:
    """Return the numbers `name` as float64, finite, like `score`."""
    most = np.finfo(np.float64).max
    return within(x, n, name, -most, most, "must be finite")


def bounded(x: Any, n: int, name: str) -> np.ndarray:
    """Return the numbers `name` as float64, none larger in size than LARGEST, like `score`."""
    return within(x, n, name, -LARGEST, LARGEST, "must be finite")


def order(x: Any, n: int) -> np.ndarray | None:
    """Return orders as contiguous int8, each -1, 0 or +1; None stays None, a scalar gives (1,)."""
    if x is None:
        return None
    array = rows(x, n, "order")
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


def rows(x: Any, n: int, name: str) -> np.ndarray:
    """Numbers as a one-dimensional array of length n, or of length 1 if `x` is a scalar."""
    out = numeric(x, name)
    if out.ndim == 0:
        return out.reshape(1)
    if out.ndim != 1:
        fail(name, f"must be one-dimensional, has {out.ndim} dimensions")
    if len(out) != n:
        fail(name, f"has {len(out)} rows, but there are {n} comparisons")
    return out


def _from_objects(array: np.ndarray, name: str) -> np.ndarray:
    """An array of Python objects as float64; what is no number is an error with its position."""
    flat = array.ravel()
    out = np.empty(flat.shape)
    for position, value in enumerate(flat.tolist()):
        at = position if array.ndim else None
        if value is None or isinstance(value, (str, bytes, np.ndarray)):
            fail(name, "must be a number", at, value, kind=TypeError)
        try:
            out[position] = value
        except OverflowError:
            fail(name, "must be within the range of float64", at, value)
        except Exception:
            fail(name, "must be a number", at, value, kind=TypeError)
    return out.reshape(array.shape)


def distinct(x: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of an array of classes, sorted, and each one's position among them."""
    try:
        values, codes = np.unique(x, return_inverse=True)
    except Exception as error:  # objects of several types have no order
        fail(name, f"cannot be sorted ({error})", kind=TypeError)
    return values, codes.reshape(x.shape)


def integers(x: Any, name: str) -> np.ndarray:
    """`x` as a NumPy array of integers, of any shape; empty ones may be of any dtype."""
    out = array(x, name)
    if out.dtype.kind not in "iu":
        if out.size:
            fail(name, f"must hold integers, has dtype {out.dtype}", kind=TypeError)
        out = np.zeros(out.shape, np.int64)
    return out


def numbers(x: Any, n: int, name: str) -> np.ndarray:
    """Return numbers of any size as contiguous float64 of shape (n,), or (1,) for a scalar."""
    with np.errstate(over="ignore"):  # wider floats may become infinite here: refused later
        return np.require(rows(x, n, name), dtype=np.float64, requirements=["C", "A"])


def within(x: Any, n: int, name: str, low: float, high: float, rule: str) -> np.ndarray:
    """Return the numbers `name` as float64, from low to high, like `score`; `rule` says so."""
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
    if LARGEST < abs(float(value)) < math.inf:  # float: an int8 has no +128
        rule += f", and of a size of at most {LARGEST:g}"
    fail(name, rule, start + inside, value)


def predictions(x: Any, n: int) -> np.ndarray:
    """Return predictions of n items as float64: of a size at most LARGEST, NaN where none is."""
    out = numeric(x, "prediction")
    if out.shape != (n,):
        fail("prediction", f"has shape {out.shape}, but there are {n} items")
    out = numbers(out, n, "prediction")
    bad = np.abs(out) > LARGEST
    if bad.any():
        at = int(np.argmax(bad))
        rule = "must be finite, or nan where there is none"
        _first_bad(out[at : at + 1], at, "prediction", rule, lambda b: b < 0.0)
    return out


def start(x: Any, n: int) -> np.ndarray:
    """Return theta to start from as float64, one finite number for each of n items."""
    out = numeric(x, "init")
    if out.shape != (n,):
        fail("init", f"must have shape ({n},), has {out.shape}")
    return bounded(out, n, "init")
