"""C functions that callers bring: where they are, and whether they have the right signature.

Kernels call them from several threads at once, without the interpreter's lock, so a function that
runs Python is refused where it can be told.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from venire._core import checks

__all__ = ["CELL", "VALUE", "Pointer", "Signature", "is_pointer", "pointer"]

_DOUBLES = ctypes.c_void_p  # arrays are given by address
_FUNCTION: Any = ctypes.CFUNCTYPE(None).__base__
_POINTER: Any = ctypes.POINTER(ctypes.c_double).__base__
_FLAGS, _KEPT, _KIND = "_flags_", "_objects", "_type_"  # what ctypes knows of its own
_LOCK_IS_HELD = 4  # a flag: the function wants the interpreter's lock


@dataclass(frozen=True)
class Signature:
    """What a C function takes and gives.

    Attributes
    ----------
    words : str
        As C writes it.
    numba : str
        As `numba.cfunc` writes it.
    arguments : str
        A letter for each: "d" an array of doubles, "n" an int64.
    gives : bool
        A double, or nothing.
    """

    words: str
    numba: str
    arguments: str
    gives: bool

    @property
    def prototype(self) -> Any:
        """To call such a function; it runs without the interpreter's lock."""
        each = [ctypes.c_int64 if a == "n" else _DOUBLES for a in self.arguments]
        return ctypes.CFUNCTYPE(ctypes.c_double if self.gives else None, *each)


CELL = Signature(
    "void (const double *d, const double *win, const double *loss, int64_t n, double *g, "
    "double *h)",
    'numba.cfunc("void(CPointer(double), CPointer(double), CPointer(double), int64, '
    'CPointer(double), CPointer(double))")',
    "dddndd",
    gives=False,
)
VALUE = Signature(
    "double (const double *d, const double *win, const double *loss, int64_t n)",
    'numba.cfunc("double(CPointer(double), CPointer(double), CPointer(double), int64)")',
    "dddn",
    gives=True,
)


@dataclass(frozen=True)
class Pointer:
    """A C function: its address, how to call it, and what must live as long as it is called."""

    address: int
    call: Callable[..., Any]
    kept: Any


def is_pointer(given: Any) -> bool:
    """Whether this is meant as a C function."""
    return (
        isinstance(given, (Integral, _FUNCTION))
        or _numba_cfunc(given)
        or type(given).__name__ in ("PyCapsule", "LowLevelCallable")
    )


def pointer(given: Any, argument: str, signature: Signature) -> Pointer:
    """Where the C function is.

    Parameters
    ----------
    given : object
        A function made by `numba.cfunc` or of a `ctypes` library, an address, a PyCapsule of
        Cython's, or a `scipy.LowLevelCallable` of one of these without user data.
    argument : str
        Its name.
    signature : Signature
        What it must have; of an address nobody can tell.

    Raises
    ------
    TypeError
        If it is none of these, runs Python, or has another signature.
    ValueError
        If an address is not one.
    """
    address = _address(given, argument, signature)
    return Pointer(address, signature.prototype(address), given)


def _address(given: Any, argument: str, signature: Signature) -> int:
    if isinstance(given, Integral) and not isinstance(given, bool):
        if not 0 < int(given) < 2 ** (8 * ctypes.sizeof(ctypes.c_void_p)):
            checks.fail(argument, "is no address of a function", value=int(given))
        return int(given)
    if _numba_cfunc(given):
        _compare(given.ctypes, argument, signature)
        return int(given.address)
    if isinstance(given, _FUNCTION):
        return _of_ctypes(given, argument, signature)
    if type(given).__name__ == "LowLevelCallable":
        if given.user_data is not None:
            _refuse(argument, "is a LowLevelCallable with user data, which no fit hands on")
        return _address(given.function, argument, signature)
    if type(given).__name__ == "PyCapsule":
        return _of_capsule(given, argument, signature)
    if callable(given):
        kind = "a function of numba.njit" if hasattr(given, "py_func") else "a Python function"
        _refuse(argument, f"is {kind}, not a C function: decorate it with {signature.numba}")
    return _refuse(argument, f"must be a C function, {signature.words}, not {type(given).__name__}")


def _refuse(argument: str, reason: str) -> Any:
    checks.fail(argument, reason, kind=TypeError)


def _numba_cfunc(given: Any) -> bool:
    return type(given).__name__ == "CFunc" and type(given).__module__.startswith("numba.")


def _of_ctypes(given: Any, argument: str, signature: Signature) -> int:
    thunks = [type(x).__name__ for x in (getattr(given, _KEPT) or {}).values()]
    if "CThunkObject" in thunks or getattr(given, _FLAGS) & _LOCK_IS_HELD:
        _refuse(
            argument, "runs Python in every call, and kernels call it from threads that do not "
            f"hold the interpreter's lock: write it in C, or decorate it with {signature.numba}"
        )  # fmt: skip
    if given.argtypes is not None:
        _compare(given, argument, signature)
    address = ctypes.cast(given, ctypes.c_void_p).value
    if not address:
        checks.fail(argument, "is a null pointer")
    return int(address)


def _compare(given: Any, argument: str, signature: Signature) -> None:
    """The types of a function of ctypes against what it must have."""
    each = list(given.argtypes or ())
    right = len(each) == len(signature.arguments) and all(
        _is_int64(t) if a == "n" else _is_doubles(t)
        for t, a in zip(each, signature.arguments, strict=True)
    )
    if not right or given.restype is not (ctypes.c_double if signature.gives else None):
        shown = ", ".join(getattr(t, "__name__", str(t)) for t in each)
        back = "void" if given.restype is None else given.restype.__name__
        _refuse(argument, f"has the signature {back} ({shown}), not {signature.words}")


def _is_int64(kind: Any) -> bool:
    return getattr(kind, _KIND, None) in ("l", "q") and ctypes.sizeof(kind) == 8


def _is_doubles(kind: Any) -> bool:
    if not isinstance(kind, type):
        return False
    if issubclass(kind, _POINTER):
        return getattr(kind, _KIND) is ctypes.c_double
    return issubclass(kind, ctypes.c_void_p)


def _of_capsule(given: Any, argument: str, signature: Signature) -> int:
    """Cython's: the capsule is named by the signature."""
    api = ctypes.pythonapi
    name_of = ctypes.PYFUNCTYPE(ctypes.c_char_p, ctypes.py_object)(("PyCapsule_GetName", api))
    pointer_of = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", api)
    )
    name = name_of(given)
    words = (name or b"").decode(errors="replace")
    given_types, right = (
        "".join(c for c in text.replace("const", "") if not c.isspace())
        for text in (words, _plain(signature))
    )
    if given_types not in (right, right.replace("int64_t", "long")):
        _refuse(argument, f"is a capsule of {words!r}, not of {signature.words}")
    return int(pointer_of(given, name))


def _plain(signature: Signature) -> str:
    each = ["int64_t" if a == "n" else "double *" for a in signature.arguments]
    return f"{'double' if signature.gives else 'void'} ({', '.join(each)})"
