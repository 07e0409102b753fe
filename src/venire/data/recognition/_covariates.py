"""Covariates by what a caller calls them: a column, a difference, or one thing of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from venire.data.columns import Columns
from venire.data.named_covariates import Covariate, common_name
from venire.data.naming import key, nearest
from venire.data.recognition._names import COMMON, SIDES
from venire.data.recognition._questions import refuse
from venire.data.recognition._sample import Sample

__all__ = ["halves", "possible_columns", "settled"]

_USUAL = SIDES[:COMMON]  # the first of the one is the first of the other


def settled(columns: Columns, table: Sample) -> tuple[Covariate, ...]:
    """The covariates by columns of the table.

    What names no column is read as ``NAME=COLUMN``, ``NAME=COLUMN-COLUMN`` or ``COLUMN-COLUMN``; or
    it is what the names of two columns have in common, that of the first item and that of the
    second.

    Raises
    ------
    ValueError
        If there are no such columns, or their names do not say whose is which.
    """
    return tuple(_of_items(_meant(one, table), columns, table) for one in columns.covariates or ())


def possible_columns(covariates: Any, table: Sample) -> set[Any]:
    """The columns of the table that covariates are read from, whoever the items are."""
    found = [_meant(one, table)[0] for one in covariates]
    return {c for one in found for c in (one.first, one.second) if c is not None}


def halves(covariates: Sequence[Covariate], table: Sample) -> list[str]:
    """What is to be said of columns that look as if they were of one side alone."""
    return [
        f"{one.first} is taken as it is, {s.second.name} is not taken off it "
        f"({own}={s.first.name}-{s.second.name} does)"
        for one in covariates
        if one.second is None
        for t in table.sides
        for s in (t, t.turned)
        if s.first.name == one.first and (own := common_name(str(s.first.name), str(s.second.name)))
    ]


def _meant(one: Covariate, table: Sample) -> list[Covariate]:
    """What it may be: one thing, or a difference and its opposite."""
    names = table.names
    for name in (one.first, one.second) if one.second is not None else ():
        if name not in names:
            refuse("covariates", f"there is no column {name!r}", (), nearest(name, names)[1])
    if one.second is not None or one.first in names:
        return [one]
    text = str(one.first)
    name, equals, rest = (part.strip() for part in text.partition("="))
    rest = rest if equals else text
    own = one.name if one.name != text else name
    if rest in names:
        return [Covariate(own, rest)]
    for cut, sign in enumerate(rest):
        first, second = rest[:cut].strip(), rest[cut + 1 :].strip()
        if sign == "-" and first in names and second in names:
            return [Covariate(own if equals else common_name(first, second), first, second)]
    sides = [s for s in table.sides if s.base and key(s.base) == key(rest)]
    if not sides:
        _, cure = nearest(rest, [*names, *(s.base for s in table.sides if s.base)])
        refuse("covariates", f"there is no column {rest!r}, nor one of each side", (), cure)
    return [Covariate(own, t.first.name, t.second.name) for s in sides for t in (s, s.turned)]


def _of_items(found: list[Covariate], columns: Columns, table: Sample) -> Covariate:
    """The difference that goes the way of the items."""
    if len(found) == 1:
        return found[0]
    marks = {(t.first.name, t.second.name): t.marks for s in table.sides for t in (s.turned, s)}
    items = marks.get((columns.first, columns.second))
    for usual in (False, True):
        agree = [
            one
            for one in found
            if (own := marks[one.first, one.second]) == items
            or (usual and own in _USUAL and items in _USUAL)
        ]
        if len(agree) == 1:
            return agree[0]
    one = found[0]
    reason = f"{one.first} and {one.second}: which of them is of {columns.first}?"
    cure = f"write {one.name}={one.first}-{one.second}, or with the two exchanged"
    refuse("covariates", reason, (), cure)
