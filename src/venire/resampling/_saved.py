"""A saved file of arrays and facts, read as if a stranger had written it."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire import models
from venire._core import checks
from venire._core.remote import open_binary

__all__ = ["MOST_STRENGTH", "Saved", "Table"]

Shape = str | int | tuple[str | int, ...]
#: Members by name: the method of `Saved` that reads one, and what it is told.
Table = dict[str, tuple[Any, ...]]

MOST_STRENGTH = 1e4  # of a log-strength: the links are good so far, and no data lead there


class Saved:
    """The members of a file, each handed out once it has passed its checks.

    Parameters
    ----------
    path : path-like
    wanted : str or tuple of str
        The format that the file must have, or some; `format` is the one that it has.
    what : str
        What it holds, in words.

    Raises
    ------
    ValueError
        From every method, if a member is missing or not what it must be: names file and member.
    FileNotFoundError
        If there is no such file.
    """

    def __init__(
        self, path: str | os.PathLike[str], wanted: str | tuple[str, ...], what: str = "bootstrap"
    ) -> None:
        self.path, self.what = os.fspath(path), what
        self.sizes: dict[str, int] = {}  # what a name in a shape stands for
        try:
            with open_binary(path) as stream, np.load(stream, allow_pickle=False) as file:
                self._arrays = {name: file[name] for name in file.files}
            self._facts: dict[str, Any] = json.loads(str(self._arrays.pop("facts")))
            found = self._facts["format"]
        except FileNotFoundError:
            raise
        except Exception as error:  # what can be wrong with a zip file, NumPy's headers and JSON
            reason = str(error) or type(error).__name__
            checks.fail("path", f"{self.path!r} is no saved {self.what} ({reason})")
        self.format = found
        if found not in ((wanted,) if isinstance(wanted, str) else wanted):
            checks.fail("path", f"{self.path!r} is no saved {self.what}: it is a {found!r}")
        self._used = {"format"}

    def fail(self, member: str, reason: str, *where: Any) -> NoReturn:
        """Raise the error about a member; `where` is the position and the value found there."""
        checks.fail(f"path: {self.path!r} is no saved {self.what}: {member}", reason, *where)

    def finish(self) -> None:
        """Nothing more is asked for: refuse what nobody wanted."""
        left = (self._arrays.keys() | self._facts.keys()) - self._used
        if left:
            self.fail(min(left), "has no place in it")

    def read(self, prefix: str, table: Table) -> dict[str, Any]:
        """The members of a table, each by its reader."""
        return {
            name: reader(self, f"{prefix}.{name}", *wanted)
            for name, (reader, *wanted) in table.items()
        }

    def optional(self, name: str, reader: Any, *wanted: Any) -> Any:
        """A member by its reader, or None where that is recorded."""
        if name not in self._arrays and self._facts.get(name, self) is None:
            self._used.add(name)
            return None
        return reader(self, name, *wanted)

    def same(self, name: str, found: Any, wanted: bool) -> None:
        """Refuse a member that is recorded as absent, or is not, unlike what goes with the rest."""
        if (found is not None) != wanted:
            self.fail(name, "does not go with the rest")

    # ---- arrays -------------------------------------------------------------------------------

    def _raw(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            self.fail(name, "is missing")
        self._used.add(name)
        return self._arrays[name]

    def holds(self, name: str) -> bool:
        """Whether there is an array of this name."""
        return name in self._arrays

    def raw(self, name: str, dtype: Any, *shape: str | int) -> NDArray[Any]:
        """An array of exactly this type and shape, whatever it holds.

        A word in the shape is one of `sizes`; the first array that has it says how long it is.
        """
        x, dtype = self._raw(name), np.dtype(dtype)
        if x.dtype.newbyteorder("=") != dtype:
            self.fail(name, f"must hold {dtype.name}, not {x.dtype.name}")
        wanted = [self.sizes.get(n, n) if isinstance(n, str) else n for n in shape]
        if len(wanted) != x.ndim or any(
            n != m and not isinstance(n, str) for n, m in zip(wanted, x.shape, strict=True)
        ):
            self.fail(name, f"must have shape ({', '.join(map(str, wanted))}), not {x.shape}")
        self.sizes |= {n: m for n, m in zip(wanted, x.shape, strict=True) if isinstance(n, str)}
        return np.require(x, dtype, ["C", "A"])

    def array(
        self, name: str, dtype: Any, shape: Shape, low: Any = None, high: Any = None
    ) -> NDArray[Any]:
        """The same with values within bounds, finite numbers."""
        return self._bounded(name, dtype, shape, low, high, nan=False)

    def maybe(
        self, name: str, dtype: Any, shape: Shape, low: Any = None, high: Any = None
    ) -> NDArray[Any]:
        """The same where NaN may stand for a number."""
        return self._bounded(name, dtype, shape, low, high, nan=True)

    def _bounded(
        self, name: str, dtype: Any, shape: Shape, low: Any, high: Any, *, nan: bool
    ) -> NDArray[Any]:
        x = self.raw(name, dtype, *((shape,) if isinstance(shape, (str, int)) else shape))
        if x.dtype.kind == "b":
            bad = x.view(np.uint8) > 1
        else:
            bad = ~np.isfinite(x)
            if nan:
                bad &= ~np.isnan(x)
            if low is not None:
                bad |= x < low
            if high is not None:
                bad |= x > high
        self.check(name, ~bad, _rule(low, high), x)
        return x

    def check(self, name: str, good: NDArray[np.bool_], rule: str, x: NDArray[Any]) -> None:
        """Refuse the first value of an array that is not good; positions count flat."""
        if not good.all():
            at = int(np.argmin(good))
            self.fail(name, rule, at, x.reshape(-1)[at])

    def labels(self, name: str, size: str | int, *, distinct: bool = False) -> NDArray[Any]:
        """Labels: integers or text."""
        x = self._raw(name)
        if x.dtype.kind not in "iuU":
            self.fail(name, f"must hold integers or text, not {x.dtype}")
        text = x.dtype.kind == "U"
        x = self.raw(name, x.dtype.newbyteorder("="), size)
        try:
            x = x.astype(object) if text else x
        except ValueError as error:  # four bytes that are no character
            self.fail(name, f"must hold text ({error})")
        if distinct:
            _, first = np.unique(x, return_index=True)
            self.check(name, np.isin(np.arange(len(x)), first), "must not name anything twice", x)
        return x

    def words(self, name: str, size: str, choices: Any) -> NDArray[Any]:
        """An array of some words."""
        x = self._raw(name)
        if x.dtype.kind != "U" or x.shape != (self.sizes[size],):
            self.fail(name, f"must hold {self.sizes[size]} words, not {x.dtype} in {x.shape}")
        self.check(name, np.isin(x, choices), f"must be one of {', '.join(choices)}", x)
        return x

    def offsets(self, name: str, size: str) -> NDArray[np.int64]:
        """Where each of some stretches begins, and the end."""
        x = self.array(name, np.int64, self.sizes[size] + 1, 0)
        if x[0] != 0:
            self.fail(name, "must begin with 0", 0, x[0])
        self.check(name, np.diff(x, prepend=0) >= 0, "must not decrease", x)
        return x

    # ---- facts --------------------------------------------------------------------------------

    def fact(self, name: str, good: Callable[[Any], bool], rule: str) -> Any:
        """What is recorded, if it is good."""
        if name not in self._facts:
            self.fail(name, "is missing")
        self._used.add(name)
        value = self._facts[name]
        if not good(value):
            self.fail(name, f"must be {rule}", None, value)
        return value

    def whole(self, name: str, low: int = 0, high: int = 2**31 - 1) -> int:
        """An integer."""
        rule = f"a whole number from {low} to {high}"
        return self.fact(name, lambda x: type(x) is int and low <= x <= high, rule)

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number."""
        rule = f"a number: {_rule(low, high)}"
        return float(self.fact(
            name,
            lambda x: type(x) in (int, float) and low <= x <= high and abs(x) < math.inf,
            rule,
        ))  # fmt: skip

    def tolerance(self, name: str) -> float:
        """A number between 0 and 1, both excluded."""
        return self.number(name, math.ulp(0.0), 1.0 - 1e-16)

    def levels(self, name: str) -> tuple[float, ...]:
        """Some different numbers between 0 and 1."""

        def good(x: Any) -> bool:
            return (
                isinstance(x, list) and all(type(y) is float and 0.0 < y < 1.0 for y in x)
            ) and 0 < len(x) == len(set(x))

        return tuple(self.fact(name, good, "different levels between 0 and 1"))

    def names(self, name: str) -> tuple[str, ...]:
        """Some different texts, or none."""

        def good(x: Any) -> bool:
            texts = isinstance(x, list) and all(isinstance(y, str) for y in x)
            return texts and len(x) == len(set(x))

        return tuple(self.fact(name, good, "different texts"))

    def dates(self, name: str, size: str = "dates") -> NDArray[Any]:
        """Times or numbers, ascending."""
        x = self._raw(name)
        if x.dtype.kind not in "Miuf":
            self.fail(name, f"must hold dates or numbers, not {x.dtype}")
        x = self.raw(name, x.dtype.newbyteorder("="), size)
        self.check(name, np.append(True, x[1:] > x[:-1])[: len(x)], "must ascend", x)
        return x

    def flag(self, name: str) -> bool:
        """True or false."""
        return self.fact(name, lambda x: isinstance(x, bool), "true or false")

    def text(self, name: str) -> str:
        """Any text."""
        return self.fact(name, lambda x: isinstance(x, str), "text")

    def one_of(self, name: str, choices: Any) -> str:
        """One of the words."""
        known = f"one of {', '.join(choices)}"
        return self.fact(name, lambda x: isinstance(x, str) and x in choices, known)

    def model(self, name: str) -> str:
        """The name of a model that is known here."""
        known = f"one of {', '.join(models.names())}; Model.custom makes others known here"
        return self.fact(name, lambda x: isinstance(x, str) and x in models.names(), known)

    def threads(self, name: str) -> int:
        """A number of threads."""
        return checks.n_threads(self.whole(name, 1, 2**16 - 1))

    def key(self, name: str) -> tuple[int, int]:
        """Two words of 64 bits."""

        def good(x: Any) -> bool:
            return isinstance(x, list) and len(x) == 2 and all(
                type(y) is int and 0 <= y < 2**64 for y in x
            )  # fmt: skip

        first, second = self.fact(name, good, "two whole numbers below 2**64")
        return first, second


def _rule(low: float | None, high: float | None) -> str:
    low = None if low is None or math.isinf(low) else low
    high = None if high is None or math.isinf(high) else high
    if low is None and high is None:
        return "must be finite"
    if high is None:
        return f"must be finite and at least {low:.12g}"
    return (
        f"must be at most {high:.12g}" if low is None else f"must be from {low:.12g} to {high:.12g}"
    )
