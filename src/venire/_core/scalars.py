"""Single values made canonical: numbers, choices, threads and seeds; see `venire._core.checks`."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from venire._core.failing import fail, nearest
from venire._core.foreign import local
from venire._core.threads import usable_cpus

__all__ = [
    "flag",
    "function",
    "level",
    "max_iter",
    "n_threads",
    "number",
    "one_of",
    "rng",
    "tol",
    "whole",
]

NO_NUMBERS = (bool, np.bool_, np.timedelta64)  # although they are derived from integers
MOST_COUNT = 2**31 - 1
MOST_THREADS = 65_535


def _scalar(x: Any, name: str) -> Any:
    """An array of no dimensions as the value that it holds."""
    if x is None or isinstance(x, (bool, int, float, np.generic)):
        return x
    x = local(x, name)
    return x.item() if type(x) is np.ndarray and x.ndim == 0 else x


def whole(x: Any, name: str, least: int = 0, most: int | None = MOST_COUNT) -> int:
    """An integer from `least` to `most` (None: of any size)."""
    x = _scalar(x, name)
    if isinstance(x, NO_NUMBERS) or not isinstance(x, (int, np.integer)):
        fail(name, "must be a whole number", value=x, kind=TypeError)
    if x < least:
        fail(name, f"must be at least {least}", value=x)
    if most is not None and x > most:
        fail(name, f"must be at most {most}", value=x)
    return int(x)


def number(
    x: Any, name: str, rule: str = "must be finite", good: Callable[[float], bool] = math.isfinite
) -> float:
    """A single real number for which `good` holds; `rule` is that in words."""
    x = _scalar(x, name)
    if isinstance(x, NO_NUMBERS) or not isinstance(x, (int, float, np.integer, np.floating)):
        fail(name, f"must be a number ({rule})", value=x, kind=TypeError)
    try:
        value = float(x)
    except OverflowError:
        value = math.inf if x > 0 else -math.inf
    if not good(value):
        fail(name, rule, value=x)
    return value + 0.0  # no minus before a zero


def level(x: Any, name: str = "level") -> float:
    """The level of an interval: strictly between 0 and 1, its half-way to 1 too."""
    rule = "must be strictly between 0 and 1"
    return number(x, name, rule, lambda p: p > 0.0 and 0.5 + 0.5 * p < 1.0)


def tol(x: Any, name: str = "tol") -> float:
    """A tolerance on relative residuals: strictly between 0 and 1."""
    return number(x, name, "must be strictly between 0 and 1", lambda t: 0.0 < t < 1.0)


def max_iter(x: Any, name: str = "max_iter") -> int | None:
    """A limit on iterations, >= 0; None stays None."""
    return None if x is None else whole(x, name)


def top(x: Any, name: str = "top") -> int | None:
    """How many rows are shown at the most, >= 1; None stays None."""
    return None if x is None else whole(x, name, 1)


def flag(x: Any, name: str) -> bool:
    """True or False."""
    x = _scalar(x, name)
    if not isinstance(x, (bool, np.bool_)):
        fail(name, "must be True or False", value=x, kind=TypeError)
    return bool(x)


def function(x: Any, name: str) -> Any:
    """Something that can be called; None stays None."""
    if x is not None and not callable(x):
        fail(name, "must be callable", value=x, kind=TypeError)
    return x


def one_of(x: Any, name: str, choices: Sequence[str], also: Mapping[str, str] | None = None) -> str:
    """One of the words; `also` are other words for some, which are named instead."""
    if not isinstance(x, str) or x not in choices:
        reason = f"must be one of {', '.join(choices)}"
        fail(name, reason, value=x, cure=nearest(x, choices, also))
    return str(x)


def n_threads(x: int | None = None) -> int:
    """Return a number of threads.

    None means ``VENIRE_NUM_THREADS`` where it is set, else the least of the CPUs that this process
    may use and ``OMP_NUM_THREADS``. More than is useful, the CPUs or 8, is as good as that.

    Raises
    ------
    TypeError
        If `x` is not an integer.
    ValueError
        If `x`, or the variable that is asked, is not from 1 to 65,535.
    """
    if x is None:
        own = _threads_of("VENIRE_NUM_THREADS")
        if own is None:
            cpus = usable_cpus()
            return min(cpus, _threads_of("OMP_NUM_THREADS") or cpus)
        x = own
    else:
        x = whole(x, "n_threads", 1, MOST_THREADS)
    return x if x <= 8 else min(x, max(usable_cpus(), 8))


def _threads_of(variable: str) -> int | None:
    """Number of threads that an environment variable asks for, the first of a list; None: none."""
    text = os.environ.get(variable, "").split(",")[0].strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= MOST_THREADS):
        fail(variable, f"must be a whole number from 1 to {MOST_THREADS}", value=text)
    return int(text)


def rng(x: Any = None) -> np.random.Generator:
    """Return a Generator from None, an int >= 0, a SeedSequence or a Generator."""
    if isinstance(x, np.random.Generator):
        return x
    x = _scalar(x, "rng")
    is_int = isinstance(x, (int, np.integer)) and not isinstance(x, NO_NUMBERS)
    if x is None or is_int or isinstance(x, np.random.SeedSequence):
        if is_int and x < 0:
            fail("rng", "a seed must be >= 0", value=x)
        return np.random.default_rng(x)
    fail("rng", "must be an int, a SeedSequence or a Generator", value=x, kind=TypeError)
