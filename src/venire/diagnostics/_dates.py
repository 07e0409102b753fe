"""Times as they are written, as numbers in order."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data.coding import encode_one
from venire.data.series import plain

__all__ = ["moments"]

_DAY = re.compile(r"\s*(\d{1,4})[-/. ](\d{1,2})[-/. ](\d{1,4})(?:[T ]+(.*))?$")
_ENOUGH = 0.9  # of the labels must be read


def moments(column: Any) -> NDArray[np.float64] | None:
    """A number for each time; nan where there is none; None where the column holds no times."""
    if hasattr(column, "to_pylist"):
        x = np.asarray(column.to_pylist() if _is_text(column) else _unboxed(column))
    else:
        x = np.asarray(column.to_numpy() if hasattr(column, "to_numpy") else column)
    if x.dtype.kind in "biuf":
        return x.astype(np.float64)
    if x.dtype.kind == "M":
        return np.where(np.isnat(x), np.nan, x.astype("datetime64[us]").astype(np.float64))
    values = x.tolist()
    missing = np.array([v is None or v != v or v == "" for v in values], bool)
    texts = ["" if gone else str(v) for v, gone in zip(values, missing, strict=True)]
    labels, codes = encode_one(plain(np.array(texts, object)), "date")
    read = _read([str(label) for label in labels.tolist()])
    out = read[codes]
    out[missing] = np.nan
    known = np.isfinite(out).sum()
    return out if known >= _ENOUGH * max((~missing).sum(), 1) else None


def _is_text(column: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_string(column.type) or pa.types.is_large_string(column.type)


def _unboxed(column: Any) -> Any:
    """An Arrow column as NumPy has it; pandas need not be installed."""
    import pyarrow as pa

    kind = column.type
    column = column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column
    return column.to_numpy(zero_copy_only=False)


def _read(labels: list[str]) -> NDArray[np.float64]:
    """ISO times, numbers, or days with the year at either end."""
    try:
        return np.array([float(x) if x else np.nan for x in labels])
    except ValueError:
        pass
    try:
        iso = np.array([x.strip().removesuffix("Z") for x in labels], "datetime64[us]")
        return np.where(np.isnat(iso), np.nan, iso.astype(np.float64))
    except ValueError:
        pass
    found = [_DAY.match(x) for x in labels]
    days = [[int(p) for p in m.groups()[:3]] for m in found if m]
    # Day before month unless some "day" says otherwise.
    months_first = any(d[1] > 12 for d in days) and not any(d[0] > 12 for d in days)
    out = np.full(len(labels), np.nan)
    for k, m in enumerate(found):
        if m is None:
            continue
        a, b, c = (int(p) for p in m.groups()[:3])
        year, month, day = (a, b, c) if a > 31 else (c, a, b) if months_first else (c, b, a)
        year += 0 if year > 99 else 2000 if year < 70 else 1900
        try:
            at = np.datetime64(f"{year:04d}-{month:02d}-{day:02d}").astype(np.float64)
        except ValueError:
            continue
        out[k] = at + _clock(m.group(4) or "")
    return out


def _clock(text: str) -> float:
    """Share of the day."""
    parts = re.match(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?", text)
    if parts is None:
        return 0.0
    hours, minutes, seconds = (float(p or 0.0) for p in parts.groups())
    return (hours + (minutes + seconds / 60.0) / 60.0) / 24.0
