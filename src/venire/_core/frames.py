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
    """`columns` as a dataframe of `backend`, or of the first library that is installed.

    Whole numbers may be masked: null in a dataframe.
    """
    if backend is None:
        backend = next((name for name in BACKENDS[:-1] if find_spec(name)), "dict")
    checks.one_of(backend, "backend", BACKENDS)
    copies = {
        name: column.tolist() if column.dtype.kind in "OUT" else column.copy()
        for name, column in columns.items()
    }
    masked = [name for name, column in columns.items() if isinstance(column, np.ma.MaskedArray)]
    if backend == "dict":
        return {name: column.copy() for name, column in columns.items()}
    library = needs(backend, f"a frame of {backend}")
    for name in masked:  # null in a frame
        values = columns[name].tolist()
        copies[name] = library.array(values, dtype="Int64") if backend == "pandas" else values
    return library.table(copies) if backend == "pyarrow" else library.DataFrame(copies)
