"""The categories of ratings as one table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.intervals import critical_value
from venire.ratings import GroupedFit
from venire.targets._judged import Judged

__all__ = ["by_category", "joined"]


def by_category(by: GroupedFit, judged: Judged, level: float, errors: str | None) -> dict[str, Any]:
    """Columns over the models of all categories: those of groups, and the number of prompts."""
    columns: dict[str, Any] = by.to_frame("dict", errors=None)
    n_prompts = np.zeros(len(by.theta), np.int64)
    error, quantile = (np.full(len(by.theta), np.nan) for _ in range(2))
    if errors == "fisher":
        error, quantile = by.standard_errors(), np.full(len(error), critical_value(level))
    ridge = 0.0 if by.prior is None else by.prior.precision
    for k, fitted in enumerate(np.isfinite(by.residual).tolist()):
        own = slice(int(by.offsets[k]), int(by.offsets[k + 1]))
        if own.start == own.stop:
            continue
        n_prompts[own] = judged.n_prompts(k)[1]
        if errors == "robust" and fitted:
            found = judged.clustered(by.model, by.theta[own], ridge, False, one=k)
            error[own] = np.sqrt(np.diagonal(found.covariance))
            quantile[own] = found.quantiles(level)
    if errors is not None:
        half = quantile * error
        columns |= {"standard_error": error, "lower": by.theta - half, "upper": by.theta + half}
    return columns | {"n_prompts": n_prompts, "determined": by.determined}


def joined(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """One column after the other; what is masked stays so."""
    together = np.ma.concatenate if np.ma.isMaskedArray(a) or np.ma.isMaskedArray(b) else None
    return (together or np.concatenate)([a, b])
