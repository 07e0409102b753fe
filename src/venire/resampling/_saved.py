"""A saved file of arrays and facts, read as if a stranger had written it."""

from __future__ import annotations

import json
import math
import os
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import checks

__all__ = ["MOST_STRENGTH", "Saved"]

MOST_STRENGTH = 1e4  # of a log-strength: the links are good so far, and no data lead there


class Saved:
    """The members of a file, each handed out once it has passed its checks.

    Parameters
    ----------
    path : path-like
    wanted : str
        The format that the file must have.

    Raises
    ------
    ValueError
        From every method, if a member is missing or not what it must be: names file and member.
    FileNotFoundError
        If there is no such file.
    """

    def __init__(self, path: str | os.PathLike[str], wanted: str) -> None:
        self.path = os.fspath(path)
        try:
            with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
                self._arrays = {name: file[name] for name in file.files}
            facts = json.loads(str(self._arrays.pop("facts")))
            found = facts["format"]
        except FileNotFoundError:
            raise
        except Exception as error:  # what can be wrong with a zip file, NumPy's headers and JSON
            reason = str(error) or type(error).__name__
            checks.fail("path", f"{self.path!r} is no saved bootstrap ({reason})")
        if found != wanted:
            checks.fail("path", f"{self.path!r} is no saved bootstrap: it is a {found!r}")
        own = facts.pop("fit", {})
        nested = own if isinstance(own, dict) else {}
        self._facts: dict[str, Any] = facts | {f"fit.{name}": x for name, x in nested.items()}
        self._used = {"format"}

    def fail(self, member: str, reason: str, *where: Any) -> NoReturn:
        """Raise the error about a member; `where` is the position and the value found there."""
        checks.fail(f"path: {self.path!r} is no saved bootstrap: {member}", reason, *where)

    def finish(self) -> None:
        """Nothing more is asked for: refuse what nobody wanted."""
        left = (self._arrays.keys() | self._facts.keys()) - self._used
        if left:
            self.fail(min(left), "has no place in it")

    # ---- arrays -------------------------------------------------------------------------------

    def holds(self, name: str) -> bool:
        """Whether there is an array of this name."""
        return name in self._arrays

    def nothing(self, name: str) -> None:
        """The member is recorded as absent."""
        self._used.add(name)
        if name in self._arrays or self._facts.get(name) is not None:
            self.fail(name, "does not go with the rest")

    def _raw(self, name: str) -> NDArray[Any]:
        if name not in self._arrays:
            self.fail(name, "is missing")
        self._used.add(name)
        return self._arrays[name]

    def array(
        self,
        name: str,
        dtype: Any,
        shape: tuple[int | None, ...],
        low: float | None = None,
        high: float | None = None,
        *,
        nan: bool = False,
    ) -> NDArray[Any]:
        """An array of exactly this type and shape (None: any length), its values within bounds.

        Numbers must be finite, except that `nan` lets NaN pass.
        """
        x = self.raw(name, dtype, shape)
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

    def raw(self, name: str, dtype: Any, shape: tuple[int | None, ...]) -> NDArray[Any]:
        """An array of exactly this type and shape, whatever it holds."""
        x, dtype = self._raw(name), np.dtype(dtype)
        if x.dtype.newbyteorder("=") != dtype:
            self.fail(name, f"must hold {dtype.name}, not {x.dtype.name}")
        if len(shape) != x.ndim or any(
            n not in (None, m) for n, m in zip(shape, x.shape, strict=True)
        ):
            told = tuple("n" if n is None else n for n in shape)
            self.fail(name, f"must have shape {told}, not {x.shape}".replace("'", ""))
        return np.require(x, dtype, ["C", "A"])

    def optional(self, name: str, *wanted: Any, **options: Any) -> NDArray[Any] | None:
        """The same, or None where that is recorded."""
        if name not in self._arrays and name in self._facts:
            self.nothing(name)
            return None
        return self.array(name, *wanted, **options)

    def check(self, name: str, good: NDArray[np.bool_], rule: str, x: NDArray[Any]) -> None:
        """Refuse the first value of an array that is not good; positions count flat."""
        if not good.all():
            at = int(np.argmin(good))
            self.fail(name, rule, at, x.reshape(-1)[at])

    def labels(self, name: str, n: int | None = None) -> NDArray[Any]:
        """Labels: integers, or text where the facts say so."""
        x = self._raw(name)
        text = self.fact("text")
        if not isinstance(text, list):
            self.fail("text", "must be a list")
        wanted = "U" if name.split(".")[-1] in text else "iu"
        if x.dtype.kind not in wanted:
            self.fail(name, f"must hold {'text' if wanted == 'U' else 'integers'}, not {x.dtype}")
        if x.ndim != 1 or (n is not None and len(x) != n):
            self.fail(name, f"must have {'one dimension' if n is None else f'{n} labels'}, "
                            f"has shape {x.shape}")  # fmt: skip
        try:
            return x.astype(object if wanted == "U" else x.dtype.newbyteorder("="))
        except ValueError as error:  # four bytes that are no character
            self.fail(name, f"must hold text ({error})")

    def words(self, name: str, shape: tuple[int, ...], choices: Any) -> NDArray[Any]:
        """An array of some words."""
        x = self._raw(name)
        if x.dtype.kind != "U" or x.shape != shape:
            self.fail(name, f"must hold text in shape {shape}, not {x.dtype} in {x.shape}")
        self.check(name, np.isin(x, choices), f"must be one of {', '.join(choices)}", x)
        return x

    def distinct(self, name: str, labels: NDArray[Any]) -> None:
        """Refuse labels that occur twice."""
        _, first = np.unique(labels, return_index=True)
        if len(first) < len(labels):
            at = int(np.setdiff1d(np.arange(len(labels)), first)[0])
            self.fail(name, "must not name anything twice", at, labels[at])

    def offsets(self, name: str, n: int) -> NDArray[np.int64]:
        """Where each of n stretches begins, and the end."""
        x = self.array(name, np.int64, (n + 1,), 0)
        if x[0] != 0:
            self.fail(name, "must begin with 0", 0, x[0])
        self.check(name, np.diff(x, prepend=0) >= 0, "must not decrease", x)
        return x

    # ---- facts --------------------------------------------------------------------------------

    def fact(self, name: str) -> Any:
        """Whatever is recorded."""
        if name not in self._facts:
            self.fail(name, "is missing")
        self._used.add(name)
        return self._facts[name]

    def whole(self, name: str, low: int, high: int = 2**31 - 1) -> int:
        """An integer."""
        value = self.fact(name)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(name, f"must be a whole number from {low} to {high}", None, value)
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number."""
        value = self.fact(name)
        real = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not real or not low <= value <= high or not abs(value) < math.inf:
            self.fail(name, f"must be a number: {_rule(low, high)}", None, value)
        return float(value)

    def tolerance(self, name: str) -> float:
        """A number between 0 and 1, both excluded."""
        return self.number(name, math.ulp(0.0), 1.0 - 1e-16)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self.fact(name)
        if not isinstance(value, bool):
            self.fail(name, "must be true or false", None, value)
        return value

    def text(self, name: str) -> str:
        """Any text."""
        value = self.fact(name)
        if not isinstance(value, str):
            self.fail(name, "must be text", None, value)
        return value

    def one_of(self, name: str, choices: Any) -> str:
        """One of the words."""
        value = self.fact(name)
        if not isinstance(value, str) or value not in choices:
            self.fail(name, f"must be one of {', '.join(choices)}", None, value)
        return value

    def threads(self, name: str) -> int:
        """A number of threads."""
        return checks.n_threads(self.whole(name, 1, 2**16 - 1))

    def key(self, name: str) -> tuple[int, int]:
        """Two words of 64 bits."""
        value = self.fact(name)
        whole = isinstance(value, list) and all(type(x) is int for x in value)
        if not whole or len(value) != 2 or not all(0 <= x < 2**64 for x in value):
            self.fail(name, "must be two whole numbers below 2**64", None, value)
        return value[0], value[1]


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
