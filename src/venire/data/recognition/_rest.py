"""What else a row of comparisons says: its weight, its order, its group."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from venire.data.recognition import _names
from venire.data.recognition._questions import COLUMN, refuse
from venire.data.recognition._sample import Column, Sample

__all__ = ["free", "further", "groups_of", "is_truth", "who_and_when"]

_TRUTHS = {"true", "false", "t", "f", "yes", "no", "y", "n", "0", "1"}


def free(table: Sample, taken: Mapping[str, Any]) -> list[Column]:
    """The columns that say nothing yet."""
    used: set[Any] = set()
    for value in taken.values():
        if isinstance(value, Hashable):
            used.add(value)
        elif isinstance(value, (list, tuple)):
            used |= set(value)
    return [c for c in table if c.name not in used]


def further(table: Sample, taken: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """Weight, order and neutral ground; a note of what may be clusters."""
    found: dict[str, Any] = {}
    rest = free(table, taken)
    weights = _names.PLAIN_WEIGHTS if "win" in taken else _names.WEIGHTS  # counts have an n, too
    tests = (
        ("weight", weights, lambda c: c.is_counts and not _numbers_rows(c)),
        ("order", _names.ORDER, _is_order),
        ("neutral", _names.NEUTRAL, is_truth),
    )
    for argument, names, fits in tests:
        some = [c for c in rest if argument not in taken and c.is_called(names) and fits(c)]
        if some:
            found[argument] = some[0].name
    if "group" not in taken and "cluster" not in taken:
        some = [c for c in rest if _is_cluster(c) and c.name not in found.values()]
        if some:
            listed = " or ".join(str(c.name) for c in some)
            notes.append(f"rows of one {listed} count as independent (cluster is not given)")
    return found


def who_and_when(table: Sample, taken: Mapping[str, Any]) -> dict[str, Any]:
    """The column of voters and that of dates, if there are any, for who looks at either."""
    rest = free(table, taken)
    out: dict[str, Any] = {}
    for names in _names.TEACHERS[:2]:
        some = [c for c in rest if c.is_called(names) and _names_voters(c)]
        if some and "cluster" not in taken:
            out.setdefault("cluster", some[0].name)
    some = [c for c in rest if c.is_called(_names.DATES) and len(set(map(str, c.present))) > 1]
    if some and "date" not in taken:
        out["date"] = some[0].name
    return out


def _names_voters(column: Column) -> bool:
    whole = len(column.present) == len(column.values)
    return whole and column.labels is not None and column.repeats and len(column.distinct) > 1


def _is_cluster(column: Column) -> bool:
    known = column.is_called(_names.TEACHERS[0]) or column.is_called(_names.PROMPTS)
    return known and column.labels is not None and column.repeats and len(column.distinct) > 1


def _numbers_rows(column: Column) -> bool:
    """Whether it is the number of the row."""
    x = column.numbers
    with np.errstate(invalid="ignore"):
        return x is not None and len(x) > 2 and bool((np.diff(x) == 1).all())


def _is_order(column: Column) -> bool:
    x = column.numbers
    return x is not None and -1.0 in x and set(x.tolist()) <= {-1.0, 0.0, 1.0}


def is_truth(column: Column) -> bool:
    """Whether it holds truth values, and in every row."""
    said = {f"{v:g}" if isinstance(v, float) else str(v).strip().lower() for v in column.present}
    return said <= _TRUTHS and len(column.present) == len(column.values)


def groups_of(table: Sample, taken: Mapping[str, Any]) -> Any:
    """The column of groups: the likeliest that comes back, one where several are equally likely."""
    rest = [c for c in free(table, taken) if c.labels is not None]
    for names in _names.GROUPS:
        found = [c for c in rest if c.is_called(names) and c.repeats]
        found = [c for c in found if len(c.distinct) > 1] or found
        if not found:
            continue
        best = min(found, key=lambda c: c.is_text)
        for other in found:
            if other is not best and not best.says_like(other):
                reason = f"{best.name}, or {other.name}, may name the groups"
                refuse("group", reason, [{"group": best.name}, {"group": other.name}])
        return best.name
    reason = "no column is known to name the groups, as query, question, topic or league do"
    some = [c.name for c in rest if c.repeats][:3] or [COLUMN]
    refuse("group", reason, [{"group": name} for name in some])
