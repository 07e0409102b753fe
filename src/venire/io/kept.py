"""How sums of units are kept in the folder of a job, and read again as if a stranger wrote them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.plain import get, put
from venire._core.records import Kind, Record, Writer
from venire.data.meanings import Said
from venire.data.outcome_values import Mapped
from venire.data.outcomes import Survey
from venire.data.rows import Ageing
from venire.data.sums import CellSums
from venire.io.voting import Part

__all__ = ["KINDS"]

_MADE: dict[str, type[Any]] = {
    "Survey": Survey, "Said": Said, "Mapped": Mapped, "Ageing": Ageing,
}  # fmt: skip
_CELLS: dict[str, Any] = {
    "lo": np.int32, "hi": np.int32, "order": np.int8, "win": np.float64, "loss": np.float64,
    "tie": np.float64, "square": np.float64, "other": np.float64, "cluster": np.int32,
    "date": np.int64, "covariates": np.float64,
}  # fmt: skip
_NEEDED = ("lo", "hi", "order", "win", "loss", "tie")


def _put(sums: CellSums | Part, out: Writer) -> None:
    arrays, facts = sums.to_arrays()
    put(("cells" if isinstance(sums, CellSums) else "votes", arrays, facts), out)


def _get(record: Record) -> CellSums | Part:
    what, arrays, facts = get(record, _MADE)
    if what == "votes":
        return Part.from_arrays(arrays, facts)
    if what != "cells":
        raise ValueError(f"there are no sums of {what!r}")
    _check_cells(arrays, facts)
    return CellSums.from_arrays(arrays, facts)


def _check_cells(arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Refuse cells that are none: the native layer trusts them."""
    items, survey = arrays["items"], facts["survey"]
    if items.ndim != 1 or len(set(items.tolist())) != len(items):
        raise ValueError("items are not distinct")
    if not (survey is None or isinstance(survey, Survey)):
        raise TypeError("the outcomes are none")
    if type(facts["n_rows"]) is not int or facts["n_rows"] < 0:
        raise ValueError("the number of rows is none")
    if "is_masses" not in facts:
        return
    n = len(arrays["lo"])
    for name in {*_NEEDED, *arrays} - {"items", "clusters"}:
        x = arrays[name]
        if name not in _CELLS or x.dtype != _CELLS[name] or len(x) != n:
            raise ValueError(f"{name} is no column of cells")
        if x.ndim != (2 if name == "covariates" else 1):
            raise ValueError(f"{name} is no column of cells")
    for name in ("lo", "hi"):
        if n and not 0 <= arrays[name].min() <= arrays[name].max() < len(items):
            raise ValueError(f"{name} is none of the items")
    if (arrays["lo"] == arrays["hi"]).any() or (np.abs(arrays["order"]) > 1).any():
        raise ValueError("a cell is none")
    for name in ("win", "loss", "tie", "square", "other"):
        mass = arrays.get(name)
        if mass is not None and not (np.isfinite(mass).all() and (mass >= 0.0).all()):
            raise ValueError(f"{name} holds what is no mass")
    if "cluster" in arrays:
        x = arrays["cluster"]
        if n and not 0 <= x.min() <= x.max() < len(arrays["clusters"]):
            raise ValueError("cluster is none of the clusters")
    if "covariates" in arrays and not np.isfinite(arrays["covariates"]).all():
        raise ValueError("a covariate is none")


def _get_survey(record: Record) -> Any:
    survey, n = get(record, _MADE)
    if not isinstance(survey, Survey) or type(n) is not int or n < 0:
        raise ValueError("the outcomes are none")
    return survey, n


def _get_latest(record: Record) -> Any:
    found = get(record, _MADE)
    if not (found is None or isinstance(found, (np.datetime64, int, float))):
        raise ValueError("the last date is none")
    return found


#: Of the tasks of `venire.io.adding` and of the readers of votes.
KINDS = {
    "sums": Kind(_put, _get, by_unit=True),
    "survey": Kind(put, _get_survey, by_unit=True),
    "latest": Kind(put, _get_latest, by_unit=True),
}
