"""Fits of groups as tables for people: their items, or where there are many, the groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core.summary import Summary, stopped
from venire._core.tables import Table, amount
from venire.models import model_of

if TYPE_CHECKING:
    from venire.ratings.grouped.fit import GroupedFit

__all__ = ["groups", "summarise"]


def summarise(
    fit: GroupedFit, columns: dict[str, Any], level: float, top: int | None, errors: str | None
) -> Summary:
    """The items, group by group, from the best down."""
    notes = [_scale(fit)]
    if errors is not None:
        notes.append(f"SE: {errors}; lower, upper: {100 * level:g} % Wald")
    group = np.repeat(np.arange(len(fit.groups)), np.diff(fit.offsets))
    order, digits = fit.best_first(group), fit.display.digits
    return Summary.of(_header(fit), columns, notes, level, order=order, top=top, digits=digits)


def groups(fit: GroupedFit, top: int | None) -> Table:
    """The first groups, and what came of each."""
    columns = {
        "group": fit.groups,
        "items": np.diff(fit.offsets),
        "status": fit.status,
        "iterations": fit.n_iter,
        "components": fit.n_components,
    }
    return Table.of(_header(fit), columns, [_scale(fit)], top=top, what="groups")


def _header(fit: GroupedFit) -> list[str]:
    row, prior = model_of(fit.model), fit.prior
    counts = zip(*np.unique(fit.status, return_counts=True), strict=True)
    held = "" if prior is None else f", {prior.describe()}"
    return [
        f"{row.title} fits of {len(fit.groups):,} groups{held}",
        *([] if fit.evidence is None else fit.evidence.lines()),
        "   ".join(f"{name} {count:,}" for name, count in counts),
        *stopped(fit.groups, fit.status),
        f"comparisons {amount(fit.n_comparisons)}   items {len(fit.items):,}",
    ]


def _scale(fit: GroupedFit) -> str:
    return f"estimates: on the scale {fit.display.words}, of each group by itself"
