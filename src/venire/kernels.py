"""The kernels for other packages: from C, C++, Cython, or any language that can load a library.

The functions themselves are declared in ``venire.h`` (see `get_include`) and, for Cython, in
``kernels.pxd`` beside this file: ``cimport venire.kernels``. For Numba they are in `venire.jit`.
Here is what a build and a program ask for.
"""

from __future__ import annotations

import os
from typing import Any

from venire import _native
from venire._core import arrays
from venire._native import api as _api

__all__ = ["API_VERSION", "get_include", "get_library", "stream_key"]

#: Version of the C interface, (major, minor). A client compiled for (M, m) runs with every venire
#: that has major M and at least minor m.
API_VERSION: tuple[int, int] = _api.VERSION


def get_include() -> str:
    """The folder of ``venire.h``, for a compiler's include path.

    Returns
    -------
    str

    Examples
    --------
    >>> import os, venire as vn
    >>> os.listdir(vn.get_include())
    ['venire.h']
    """
    return os.path.join(os.path.dirname(__file__), "include")


def get_library() -> str:
    """The shared library that holds the kernels, for ctypes and other loaders.

    Its functions have the names and types that ``venire.h`` declares, and ``venire_get_api``
    returns the table of all of them.

    Returns
    -------
    str

    Examples
    --------
    >>> import ctypes, venire as vn
    >>> library = ctypes.CDLL(vn.kernels.get_library())
    >>> cdf = library.venire_beta_cdf
    >>> cdf.restype, cdf.argtypes = ctypes.c_double, [ctypes.c_double] * 3
    >>> round(cdf(8.0, 4.0, 0.5), 6)
    0.113281
    """
    return _native.LIBRARY


def stream_key(rng: Any = None) -> tuple[int, int]:
    """A key for the counter-based streams: two 64-bit words.

    Parameters
    ----------
    rng : int, SeedSequence, Generator or None
        Where they are drawn from, once.

    Returns
    -------
    tuple of int

    Examples
    --------
    >>> import venire as vn
    >>> vn.kernels.stream_key(7)
    (11530976094092348043, 16550673365885938325)
    """
    return arrays.keys(rng)
