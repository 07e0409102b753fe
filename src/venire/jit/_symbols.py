"""The C layer's functions as Numba calls them: by name, so that cached code finds them again.

Compiled code that calls a function by its address could not be kept on disk: the address is another
in every process. Here LLVM is told the address of each name when this module is imported, and code
from a cache is linked against the names.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.extras import needs
from venire._native import LIBRARY

numba = needs("numba", "venire.jit")
from llvmlite.binding import add_symbol  # noqa: E402
from numba import types  # noqa: E402
from numba.core.errors import TypingError  # noqa: E402

__all__ = [
    "F64",
    "I32",
    "I64",
    "PTR",
    "U64",
    "Call",
    "array",
    "arrays",
    "call",
    "number",
    "numbers",
    "symbol",
    "whole",
]

F64, I32, I64, U64 = types.float64, types.int32, types.int64, types.uint64
PTR = types.uintp  #: a pointer
_C = {F64: ctypes.c_double, I32: ctypes.c_int32, I64: ctypes.c_int64, U64: ctypes.c_uint64,
      PTR: ctypes.c_void_p}  # fmt: skip

_library = ctypes.CDLL(LIBRARY)


def symbol(name: str, result: Any, *arguments: Any) -> tuple[Any, Callable[..., Any]]:
    """The function ``venire_NAME`` for compiled code, and for Python."""
    full = f"venire_{name}"
    function = getattr(_library, full)
    function.restype = _C[result]
    function.argtypes = [_C[kind] for kind in arguments]
    add_symbol(full, ctypes.cast(function, ctypes.c_void_p).value)
    return types.ExternalFunction(full, result(*arguments)), function


# --- called from Python ---------------------------------------------------------------------------


class Call(ctypes.Structure):
    """venire_call of venire.h."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("n_threads", ctypes.c_int32),
        ("unused", ctypes.c_int32),
        ("poll", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
        ("argument", ctypes.c_char_p),
        ("position", ctypes.c_int64),
        ("value", ctypes.c_double),
    )


_text: Any = symbol("status_text", PTR, I32)[1]
_text.restype = ctypes.c_char_p


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Call `function` with these arguments, where `Call` stands for itself.

    Raises
    ------
    ValueError
        If its status is not VENIRE_OK: with argument, position and value where they are known.
    """
    own = Call(size=ctypes.sizeof(Call), n_threads=1, position=-1)
    status = function(*(ctypes.addressof(own) if x is Call else x for x in arguments))
    if status == 1:
        raise MemoryError(_text(status).decode())
    if status:
        name = own.argument.decode() if own.argument else "status"
        position = own.position if own.position >= 0 else None
        value = own.value if own.argument else status
        checks.fail(name, _text(status).decode(), position, value)


def number(x: Any, name: str) -> float:
    """A real number as a float."""
    if not isinstance(x, (int, float, np.integer, np.floating, np.bool_)):
        checks.fail(name, "must be a number", value=x, kind=TypeError)
    try:
        return float(x)
    except OverflowError:
        return math.inf if x > 0 else -math.inf


def whole(x: Any, name: str, bits: int = 64) -> int:
    """A whole number that an unsigned word (64 bits) or an int32 (32) holds."""
    least, most = (0, 2**64 - 1) if bits == 64 else (-(2**31), 2**31 - 1)
    if not isinstance(x, (int, np.integer)) or isinstance(x, bool):
        checks.fail(name, "must be an integer", value=x, kind=TypeError)
    if not least <= x <= most:
        checks.fail(name, f"must be from {least} to {most}", value=x)
    return int(x)


def array(x: Any, name: str, n: int | None = None, *, dtype: Any = np.float64, write: bool = False,
          ndim: int = 1) -> int:  # fmt: skip
    """Where a contiguous array of this type and length starts.

    Raises
    ------
    TypeError
        If it is something else: memory is taken as it is, never copied.
    """
    plain = type(x) in (np.ndarray, np.memmap) and x.dtype == dtype and x.ndim == ndim
    fine = plain and x.flags.c_contiguous and x.flags.aligned
    if not fine or (write and not x.flags.writeable):
        kind = f"contiguous {'writable ' if write else ''}array of {np.dtype(dtype)}"
        checks.fail(name, f"must be a {kind} of {ndim} dimension{'s' * (ndim > 1)}", kind=TypeError)
    if n is not None and len(x) != n:
        checks.fail(name, f"has length {len(x)}, not {n}")
    return int(x.ctypes.data)


# --- called from compiled code --------------------------------------------------------------------


def numbers(**given: Any) -> None:
    """Types of arguments that must be numbers.

    Raises
    ------
    TypingError
        If one is something else.
    """
    for name, kind in given.items():
        kind = getattr(kind, "value", kind) if isinstance(kind, types.Omitted) else kind
        if isinstance(kind, (int, float, types.Number, types.Boolean)):
            continue
        raise TypingError(f"{name}: must be a number, not {kind}")


def arrays(dtype: Any = F64, ndim: int = 1, *, write: bool = False, **given: Any) -> None:
    """Types of arguments that must be contiguous arrays.

    Raises
    ------
    TypingError
        If one is something else.
    """
    for name, kind in given.items():
        fine = isinstance(kind, types.Array) and kind.dtype == dtype and kind.ndim == ndim
        fine = fine and kind.aligned
        if not fine or kind.layout != "C" or (write and not kind.mutable):
            wanted = f"{'writable ' if write else ''}array({dtype}, {ndim}d, C)"
            raise TypingError(f"{name}: must be a {wanted}, not {kind}")
