"""A table of columns in the caller's dataframe library."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from venire._core import checks

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
    masked = {name for name, column in columns.items() if isinstance(column, np.ma.MaskedArray)}
    if backend == "pandas":
        import pandas

        holey = {name: pandas.array(columns[name].tolist(), dtype="Int64") for name in masked}
        return pandas.DataFrame(copies | holey)
    copies |= {name: columns[name].tolist() for name in masked}  # None where masked
    if backend == "polars":
        import polars

        return polars.DataFrame(copies)
    if backend == "pyarrow":
        import pyarrow

        return pyarrow.table(copies)
    return {name: column.copy() for name, column in columns.items()}
