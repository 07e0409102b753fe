"""A table of columns in the caller's dataframe library."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.extras import needs

__all__ = ["as_frame"]

BACKENDS = ("pandas", "polars", "pyarrow", "dict")


def as_frame(columns: dict[str, np.ndarray], backend: str | None) -> Any:
    """`columns` as a dataframe of `backend`, or of the first library that is installed."""
    if backend is None:
        backend = next((name for name in BACKENDS[:-1] if find_spec(name)), "dict")
    checks.one_of(backend, "backend", BACKENDS)
    copies = {
        name: column.tolist() if column.dtype.kind in "OUT" else column.copy()
        for name, column in columns.items()
    }
    if backend == "dict":
        return {name: column.copy() for name, column in columns.items()}
    library = needs(backend, f"a frame of {backend}")
    return library.table(copies) if backend == "pyarrow" else library.DataFrame(copies)
