"""Arrays and texts as Arrow columns. `pyarrow.array` loads pandas where it is installed.

That takes longer than all else that a command does with a small file.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

__all__ = ["arrow_array", "arrow_texts"]

_MOST = (1 << 31) - 1  # bytes of one column of texts


def arrow_array(values: np.ndarray, null: np.ndarray | None = None) -> Any:
    """An Arrow array of numbers or truth values; nothing stands where `null` is true."""
    import pyarrow as pa

    kind = values.dtype
    if kind.kind not in "biuf" or not kind.isnative or kind.itemsize > 8 or values.ndim != 1:
        return pa.array(values, mask=null)
    data = (
        np.packbits(values, bitorder="little") if kind.kind == "b" else np.ascontiguousarray(values)
    )
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(kind), len(values), [_known(null), pa.py_buffer(data)]
    )


def arrow_texts(values: Sequence[str | None]) -> Any:
    """An Arrow array of texts.

    Raises
    ------
    UnicodeEncodeError
        If one has half of a surrogate pair.
    """
    import pyarrow as pa

    parts = [b"" if text is None else text.encode() for text in values]
    ends = np.fromiter(accumulate(map(len, parts), initial=0), np.int64, len(parts) + 1)
    if ends[-1] > _MOST:
        return pa.array(values, pa.string())
    null = np.fromiter((text is None for text in values), bool, len(parts))
    buffers = [_known(null), pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(b"".join(parts))]
    return pa.Array.from_buffers(pa.string(), len(parts), buffers)


def _known(null: np.ndarray | None) -> Any:
    """The bits of what is there, if not all is."""
    import pyarrow as pa

    if null is None or not null.any():
        return None
    return pa.py_buffer(np.packbits(~null, bitorder="little"))
