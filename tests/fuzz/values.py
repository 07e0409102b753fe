"""Hostile values: what arrays, columns, texts, numbers and objects can be at their worst.

Everything is drawn from one `random.Random`, so that a seed is a case.
"""

from __future__ import annotations

import datetime
import decimal
import fractions
import math
import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from foreign import Convertible, Packed

import venire as vn

__all__ = ["TEXTS", "Planted", "Source"]


class Planted(Exception):
    """Raised by the objects that we hand over: a library may let it through."""


TEXTS = (
    "a", "b", "", " ", " a", "a ", "A", "\t", "\n", "\r\n", "\x00", "a\x00b", "\x1b[31m", "é",
    "e\u0301", "ß", "🧑‍⚖️", "\ud800", "\udc80x", "\ufeff", "\u202e", "ﬁ", "١", "nan", "NaN",
    "None", "null", "inf", "1", "1.0", "-1", "0", "0.5", "1e308", "1e999", "0x10", "1_000", "1,5",
    "first", "second", "tie", "draw", "win", "loss", "True", "2020-01-01", "a,b", 'a"b', "a'b",
    "{}", "[]", "x" * 300, "y" * 70_000,
)  # fmt: skip

INTEGERS = (
    -(2**63) - 1, -(2**63), -(2**63) + 1, -(2**32), -(2**31) - 1, -(2**31), -129, -2, -1, 0, 1, 2,
    3, 5, 127, 128, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**53 + 1,
    2**62, 2**63 - 1, 2**63, 2**64 - 1, 2**64, 10**18, 10**40, 10**400, -(10**400),
)  # fmt: skip

FLOATS = (
    0.0, -0.0, 0.5, 1.0, -1.0, 0.05, 0.95, 0.999999, 1.5, 2.5, -0.5, 1e-9, 1e-20, 1e-160, 1e-300,
    2.3e-308, 5e-324, -5e-324, 1e9, 1e15, 2.0**53, 2.0**63, 1e20, 1e100, 1e154, 1e200, 1e300, 1e308,
    1.7976931348623157e308, -1e308, math.nan, math.inf, -math.inf,
)  # fmt: skip

NUMBER_TYPES = (
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "longdouble", ">f8", ">f4", ">i4", ">i8", ">u2", "bool",
)  # fmt: skip
OTHER_TYPES = (
    "complex64", "complex128", "S1", "S5", "U1", "U4", ">U3", "V3", "M8[s]", "M8[ns]", "M8[D]",
    "m8[s]", "O", "i4,f8", "(2,)f8",
)  # fmt: skip


class _Object:
    """An object one of whose methods raises, or lies."""

    def __init__(self, values: Any, what: str) -> None:
        self.values, self.what = list(values), what

    def __repr__(self) -> str:
        return f"_Object({len(self.values)}, {self.what!r})"


def _raiser(self: Any, *_: Any, **__: Any) -> Any:
    raise Planted


def _liar(values: Any, what: str) -> Any:
    """An object that behaves as `what` says and holds `values`."""
    methods: dict[str, Any] = {
        "__len__": lambda self: len(self.values),
        "__iter__": lambda self: iter(self.values),
        "__getitem__": lambda self, i: self.values[i],
    }
    kind, _, name = what.partition(" ")
    lies = {
        "__len__": lambda self: len(self.values) + 7,
        "__iter__": lambda self: iter(self.values[:-1]),
        "__getitem__": lambda self, i: self.values[0],
        "__array__": lambda self, *a, **k: np.array([self.values, self.values], dtype=object),
        "__float__": lambda self: math.nan,
        "__index__": lambda self: 2**40,
        "__int__": lambda self: -5,
        "__eq__": lambda self, other: True,
        "__lt__": lambda self, other: True,
        "__hash__": lambda self: 1,
        "__bool__": lambda self: False,
        "__str__": lambda self: "a",
        "shape": property(lambda self: (3, 4)),
        "ndim": property(lambda self: 1),
        "dtype": property(lambda self: np.dtype("f8")),
        "__array_interface__": property(lambda self: {"shape": (1,), "typestr": "<f8"}),
        "__dataframe__": lambda self, *a, **k: None,
        "__arrow_c_array__": lambda self, *a, **k: (None, None),
        "__arrow_c_stream__": lambda self, *a, **k: None,
        "__dlpack__": lambda self, *a, **k: None,
        "__dlpack_device__": lambda self: (1, 0),
    }
    if kind == "bare":
        methods = {}
    methods[name] = lies[name] if kind == "lies" else (
        property(_raiser) if name in ("shape", "ndim", "dtype") else _raiser
    )  # fmt: skip
    return type("Hostile", (_Object,), methods)(values, what)


LIES = (
    "__len__", "__iter__", "__getitem__", "__array__", "__float__", "__index__", "__int__",
    "__eq__", "__lt__", "__hash__", "__bool__", "__str__", "shape", "ndim", "dtype",
    "__array_interface__", "__dataframe__", "__arrow_c_array__", "__arrow_c_stream__",
    "__dlpack__", "__dlpack_device__",
)  # fmt: skip


class Source:
    """Draws values; the same seed draws the same ones.

    Parameters
    ----------
    seed : str or int
    folder : path-like, optional
        Where files may be written; one of its own is made at need.
    """

    def __init__(self, seed: str | int, folder: Path | None = None) -> None:
        self.random = random.Random(seed)
        self._folder = folder

    # ---- luck ---------------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def choice(self, options: Any) -> Any:
        return options[self.random.randrange(len(options))]

    def whole(self, low: int, high: int) -> int:
        """An integer, both ends included."""
        return self.random.randint(low, high)

    def some(self, options: dict[str, Any], p: float = 0.3) -> dict[str, Any]:
        """Some of the options; a value that is a function without arguments is drawn from it."""
        return {k: v() if callable(v) else v for k, v in options.items() if self.chance(p)}

    @property
    def numpy(self) -> np.random.Generator:
        return np.random.default_rng(self.whole(0, 2**31))

    @property
    def folder(self) -> Path:
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="venire-fuzz-"))
        return self._folder

    def path(self, suffix: str) -> Path:
        """A name for a file that may be there from an earlier case."""
        return self.folder / f"case{suffix}"

    # ---- columns that are right ---------------------------------------------------------------

    def names(self, k: int) -> list[Any]:
        """`k` distinct labels: small or odd integers, plain or odd texts."""
        kind = self.whole(0, 5)
        if kind == 0:
            return list(range(k))
        if kind == 1:
            return [chr(97 + i % 26) * (1 + i // 26) for i in range(k)]
        if kind == 2:
            return [3 * i - 7 for i in range(k)]
        if kind == 3:
            pool = [i for i in INTEGERS if -(2**63) <= i < 2**63]
        elif kind == 4:
            pool = [t for t in TEXTS if t and "\ud800" not in t and "\udc80" not in t]
        else:
            pool = [2**62 + i for i in range(k)]
        pool = self.random.sample(pool, min(k, len(pool)))
        fill = (lambda i: 1000 + i) if isinstance(pool[0], int) else (lambda i: f"more {i}")
        return pool + [fill(i) for i in range(k - len(pool))]

    def column(self, names: list[Any], n: int) -> list[Any]:
        """`n` of the names."""
        return self.random.choices(names, k=n)

    def pairs(self, names: list[Any], n: int) -> tuple[list[Any], list[Any]]:
        """`n` pairs of different names."""
        both = [self.random.sample(names, 2) for _ in range(n)]
        return [a for a, _ in both], [b for _, b in both]

    def scores(self, n: int, *, ties: bool = True) -> list[float]:
        kind = self.whole(0, 3)
        if kind == 0:
            return [self.random.random() for _ in range(n)]
        if kind == 1:
            return self.column([0.0, 1.0], n)
        return self.column([0.0, 0.5, 1.0] if ties else [0.0, 1.0], n)

    def votes(self, n: int) -> list[float]:
        return self.column(self.choice([[-1, 1], [-1, 0, 1], [-1.0, 0.0, 1.0, math.nan]]), n)

    def weights(self, n: int) -> list[float]:
        kind = self.whole(0, 5)
        if kind == 0:
            return self.column([0, 1, 2, 3], n)
        if kind == 1:
            return self.column([1e-3, 1.0, 1e3], n)
        if kind == 2:
            return self.column([x for x in FLOATS if 0 <= x < 1e300], n)
        return [round(4 * self.random.random(), 1) for _ in range(n)]

    def floats(self, n: int, scale: float = 1.0) -> list[float]:
        return [self.random.gauss(0.0, scale) for _ in range(n)]

    # ---- the same values in other clothes -----------------------------------------------------

    def dress(self, values: Any) -> Any:
        """The values as another kind of column, which a reader of columns should take as well."""
        if not isinstance(values, list):
            return values
        try:
            with np.errstate(all="ignore"):
                return self._dressed(values, self.whole(0, 14))
        except (OverflowError, ValueError, TypeError, pl.exceptions.PolarsError,
                pa.ArrowException):  # fmt: skip
            return values

    def _dressed(self, values: list[Any], kind: int) -> Any:
        if kind <= 2:
            return values
        if kind == 3:
            return tuple(values)
        if kind == 4:
            return pd.Series(values, index=range(len(values), 0, -1))
        if kind == 5:
            return self.frame_column(values)
        if kind == 6:
            return np.array(values, dtype=object)
        if kind == 7:
            return np.ma.array(np.array(values))
        if kind == 8:
            kept = np.array(values)
            return Packed(kept) if kept.dtype.kind in "iuf" else Convertible(kept)
        return self.strided(np.array(values))

    def frame_column(self, values: list[Any]) -> Any:
        """As a column of pandas, polars or pyarrow."""
        kind = self.whole(0, 7)
        if kind == 0:
            return pd.Series(values, dtype="category")
        if kind == 1:
            return pd.Series(values).convert_dtypes()
        if kind == 2:
            return pl.Series(values)
        if kind == 3:
            return pl.Series([str(v) for v in values], dtype=pl.Categorical)
        if kind == 4:
            return pa.array(values)
        if kind == 5:
            cut = self.whole(0, len(values))
            whole = pa.array(values)
            return pa.chunked_array([whole[:cut], whole[cut:]])
        if kind == 6:
            return pa.array(values).dictionary_encode()
        return pd.Series(values).astype(pd.ArrowDtype(pa.array(values).type))

    def strided(self, array: np.ndarray) -> np.ndarray:
        """The same numbers with other strides, byte order, alignment, owner or permission."""
        kind = self.whole(0, 8)
        if kind == 0:
            return np.repeat(array, 2)[::2]
        if kind == 1:
            return array[::-1].copy()[::-1]
        if kind == 2:
            return array.astype(array.dtype.newbyteorder())
        if kind == 3 and not array.dtype.hasobject:
            record = np.zeros(len(array), np.dtype([("pad", "i1"), ("x", array.dtype)]))
            record["x"] = array
            return record["x"]
        if kind == 4:
            array.flags.writeable = False
            return array
        if kind == 5 and len(array) and not array.dtype.hasobject:
            path = self.path(".mmap")
            path.unlink(missing_ok=True)  # what is mapped still keeps its own
            array.tofile(path)
            return np.memmap(path, array.dtype, mode=self.choice(["r", "c"]), shape=array.shape)
        if kind == 6 and array.dtype.kind == "i":
            small = array.astype(self.choice(["i1", "i2", "i4", "u8", "f8", "f4"]))
            return small if np.array_equal(small, array) else array
        if kind == 7 and array.dtype.kind == "f":
            return array.astype(self.choice(["f4", "f2", "longdouble", ">f8", ">f4"]))
        return array

    # ---- what is wrong ------------------------------------------------------------------------

    def number(self) -> Any:
        return self.choice(self.choice((INTEGERS, FLOATS)))

    def scalar(self, *, size: bool = False) -> Any:
        """One value that may be no value for anything.

        Parameters
        ----------
        size : bool
            It says how much is to be done: then it is small, absurd, or no number, but never an
            amount that can be done and takes long.
        """
        kind = self.whole(0, 9)
        if kind <= 2:
            value = self.choice(INTEGERS)
        elif kind <= 4:
            value = self.choice(FLOATS)
        elif kind == 5:
            value = self.choice(TEXTS)
        elif kind == 6:
            value = self.numpy_scalar()
        elif kind == 7:
            value = self.liar(self.whole(0, 3))
        else:
            value = self.oddity()
        single = isinstance(value, (np.integer, np.floating, np.ndarray)) and np.size(value) == 1
        plain = value.item() if single else value
        return -3 if size and isinstance(plain, (int, float)) and 300 < plain < 2**63 else value

    def numpy_scalar(self) -> Any:
        kind = self.choice(NUMBER_TYPES + OTHER_TYPES[:10])
        with np.errstate(all="ignore"):
            for value in (self.number(), self.choice(TEXTS), 1):
                try:
                    made = np.array(value).astype(kind)
                except (ValueError, TypeError, OverflowError, UnicodeError):
                    continue
                return made if self.chance(0.3) else made[()]
        return np.float64(1.0)

    def oddity(self) -> Any:
        """An object that is neither number nor text."""
        odd = (
            None, None, None, True, False, 1j, b"", b"abc", bytearray(b"abc"), Ellipsis,
            NotImplemented, object(), object, int, len, slice(None), slice(0, 2), range(3), {},
            set(), [], (), [[]], {"a": 1}, {1, 2}, frozenset("ab"), np.ma.masked, pd.NA, pd.NaT,
            decimal.Decimal("0.5"), decimal.Decimal("NaN"), fractions.Fraction(1, 3),
            datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1), datetime.timedelta(1),
            np.random.RandomState(0), np.random.default_rng(0), np.random.SeedSequence(1),
            vn.GaussianPrior(0.1), Path("nowhere"), [None], [[1, 2], [3]], "ab", ["ab"], (1, 2, 3),
            memoryview(b"abc"), pd.DataFrame({"a": [1]}), pl.DataFrame({"a": [1]}),
            pa.table({"a": [1]}), np.array(3), np.array([1]), np.array([0.5]), np.array([]),
            np.zeros((0, 3)), np.zeros((2, 2)), np.array(None), np.array("x"),
        )  # fmt: skip
        return self.choice(odd)

    def liar(self, n: int) -> Any:
        kind = self.choice(("raises", "lies", "bare"))
        return _liar(range(n), f"{kind} {self.choice(LIES)}")

    def array(self, n: int) -> Any:
        """An array, or what passes for one, of about `n` values."""
        n = max(0, n + self.choice((0, 0, 0, 0, -1, 1, -n, 3)))
        kind = self.whole(0, 15)
        if kind <= 2:
            return self.typed(n, self.choice(NUMBER_TYPES))
        if kind <= 4:
            return self.typed(n, self.choice(OTHER_TYPES))
        if kind == 5:
            return self.shaped(n)
        if kind == 6:
            return [self.scalar() for _ in range(n)]
        if kind == 7:
            return self.masked(n)
        if kind == 8:
            return self.nullable(n)
        if kind == 9:
            return self.once(list(range(n)))
        if kind == 10:
            return self.liar(n)
        if kind == 11:
            return [[i] * self.whole(0, 2) for i in range(n)]
        if kind == 12:
            return self.choice((set(range(n)), dict.fromkeys(range(n)), "a" * n, b"a" * n,
                                range(n), None, {key: list(range(n)) for key in "ab"},
                                frozenset(range(n)), np.array(range(n)).tolist))  # fmt: skip
        if kind == 13:
            return [self.choice(TEXTS[:-1]) for _ in range(n)]
        if kind == 14:
            return [self.number() for _ in range(n)]
        return [self.choice(FLOATS) for _ in range(n)]

    def typed(self, n: int, kind: str) -> np.ndarray:
        """An array of this type that holds the extremes of it."""
        with np.errstate(all="ignore"):
            if kind in ("O", "V3", "i4,f8", "(2,)f8"):
                if kind == "O":
                    out = np.empty(n, object)
                    for i in range(n):
                        out[i] = self.scalar()
                    return out
                return np.zeros(n, kind)
            dtype = np.dtype(kind)
            if dtype.kind in "SU":
                texts = [t for t in TEXTS if t.isascii() or dtype.kind == "U"]
                return np.array([self.choice(texts) for _ in range(n)]).astype(dtype)
            if dtype.kind in "iu":
                info = np.iinfo(dtype)
                low, high = int(info.min), int(info.max)
                pool = [i for i in (*INTEGERS, low, high) if low <= i <= high]
                return np.array([self.choice(pool) for _ in range(n)], dtype)
            if dtype.kind in "Mm":
                return np.array([self.choice((0, 1, -(2**63))) for _ in range(n)], "i8").view(dtype)
            array = np.array([self.choice(FLOATS) for _ in range(n)]).astype(dtype)
            return self.strided(array) if self.chance(0.3) else array

    def shaped(self, n: int) -> np.ndarray:
        base = np.array(self.column([0.0, 0.5, 1.0, -1.0], max(n, 1)))
        return self.choice(
            (
                np.array(0.5), base[:0], base[:, None], base[None], np.broadcast_to(base[0], n),
                np.broadcast_to(base, (2, len(base))), base.reshape(1, 1, -1), np.zeros((0, n)),
                np.broadcast_to(np.array(1), 3 * n), np.zeros((n, 0)), np.asmatrix(base),
                np.char.array(["a"] * n) if n else base, np.rec.array(base[:1]),
            )
        )  # fmt: skip

    def masked(self, n: int) -> Any:
        values = self.choice(([0.5] * n, list(range(n)), ["a"] * n, [math.nan] * n, [True] * n))
        return np.ma.array(np.array(values), mask=[self.chance(0.4) for _ in range(n)])

    def nullable(self, n: int) -> Any:
        """A column of a frame with nulls, or of a kind that holds no plain values."""
        values = self.choice(([0.5] * n, list(range(n)), ["a"] * n, [True] * n))
        holes = [None if self.chance(0.3) else v for v in values]
        kind = self.whole(0, 9)
        if kind == 0:
            return pd.Series(holes)
        if kind == 1:
            return pd.array(holes)
        if kind == 2:
            return pd.Series(holes, dtype="category")
        if kind == 3:
            return pl.Series(holes)
        if kind == 4:
            return pa.array(holes)
        if kind == 5:
            return pa.array(holes).dictionary_encode()
        if kind == 6:
            return pl.Series([[v] for v in values])
        if kind == 7:
            return pa.array([{"a": v} for v in values])
        if kind == 8:
            whole = pa.array(holes, pa.array(values).type)
            return pa.chunked_array([whole[:1], whole[:0], whole])
        return pd.date_range("2020-01-01", periods=n)

    def once(self, values: list[Any]) -> Any:
        """An iterator: it has no length and can be read once."""
        return self.choice((iter(values), (v for v in values), map(str, values), zip(values)))

    # ---- arguments with something wrong -------------------------------------------------------

    def hostile(self, like: Any, *, size: bool = False) -> Any:
        """A wrong value in place of `like`."""
        column = isinstance(like, (list, tuple)) or (isinstance(like, np.ndarray) and like.ndim > 0)
        if not column:
            if isinstance(like, float) and self.chance(0.3):
                return self.choice(FLOATS)
            return self.array(3) if self.chance(0.15) else self.scalar(size=size)
        if self.chance(0.15):
            return self.scalar(size=size)
        if self.chance(0.5) and len(like):
            return self.wounded(list(like))
        return self.array(len(like))

    def wounded(self, values: list[Any]) -> Any:
        """The values with one of them changed, missing or too many."""
        kind, at = self.whole(0, 7), self.whole(0, len(values) - 1)
        if kind == 0:
            return values[:at] + values[at + 1 :]
        if kind == 1:
            return [*values, values[at]]
        if kind == 2:
            return [values]
        if kind == 3:
            return [[v] for v in values]
        values[at] = self.number() if kind <= 5 else self.scalar()
        if kind == 4:
            try:
                with np.errstate(all="ignore"):
                    return np.array(values)
            except (ValueError, TypeError, OverflowError):
                return values
        return values

    def spoil(
        self, arguments: dict[str, Any], p: float = 0.5, *, sizes: tuple[str, ...] = (),
        keep: tuple[str, ...] = (),
    ) -> dict[str, Any]:  # fmt: skip
        """The arguments in other clothes and, with probability `p`, one or two of them wrong.

        Parameters
        ----------
        sizes : tuple of str
            Arguments that say how much is to be done.
        keep : tuple of str
            Arguments left as they are.
        """
        out = {k: v if k in keep else self.dress(v) for k, v in arguments.items()}
        names = [k for k in arguments if k not in keep]
        if names and self.chance(p):
            for _ in range(self.choice((1, 1, 1, 2))):
                name = self.choice(names)
                out[name] = self.hostile(arguments[name], size=name in sizes)
        return out
