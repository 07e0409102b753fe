"""The two columns that name the items of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from venire.data.naming import listed
from venire.data.recognition import _names
from venire.data.recognition._questions import COLUMN, refuse
from venire.data.recognition._sample import Column, Sample, Sides

__all__ = ["items_of", "pairs_of"]

_SHARED = 0.5  # part of their labels that two sides have in common, where only contents speak
_TEXTS = 8  # the tier of what is no name of items but for what stands there
_FEW = 4  # rows from which contents say something
_MOST = 200  # columns that are compared with each other by their contents alone


def items_of(table: Sample, named: Mapping[str, Any]) -> list[Sides]:
    """Pairs of columns that may name the items, the best first; at least one.

    Raises
    ------
    ValueError
        If two that say different things are equally good, or there are none.
    """
    pairs = pairs_of(table, named)
    if not pairs:
        _none(table, named)
    return pairs


def pairs_of(table: Sample, named: Mapping[str, Any]) -> list[Sides]:
    """The same, perhaps none."""
    one, other = named.get("first"), named.get("second")
    if one is not None and other is not None:
        known = [s for t in table.sides for s in (t, t.turned) if _is(s, one, other)]
        return known[:1] or [Sides(table.columns[one], table.columns[other], "", ("", ""))]
    asked = one is not None or other is not None
    taken = {n for a, n in named.items() if isinstance(n, str) and a not in ("first", "second")}
    candidates = [
        pair
        for sides in table.sides
        for pair in ((sides, sides.turned) if asked else (sides,))
        if _is(pair, one, other) and not {pair.first.name, pair.second.name} & taken
    ]
    tiers: dict[int, list[Sides]] = {}
    for pair in candidates:
        tier = _tier(pair)
        if tier is None or not _fit(table, pair):
            continue
        if tier < _TEXTS or _come_back(table, pair):
            tiers.setdefault(tier, []).append(pair)
    if not tiers:  # names that say nothing, but for the side
        unknown = [pair for pair in candidates if _tier(pair) is None][:_MOST]
        tiers = {_TEXTS: [p for p in unknown if _fit(table, p) and _are_shared(table, p)]}
    if not any(tiers.values()):
        tiers = {_TEXTS: _alike(table, one, other, taken)}
    best = min(tiers)
    return _without_doubt(tiers[best]) + [
        pair for tier in sorted(tiers) if best < tier < _TEXTS for pair in tiers[tier]
    ]


def _is(pair: Sides, first: Any, second: Any) -> bool:
    return (first is None or pair.first.name == first) and (
        second is None or pair.second.name == second
    )


def _tier(pair: Sides) -> int | None:
    """How likely two columns are called as items are, 0 the likeliest; None if not."""
    won = pair.says_who_won
    names = (_names.NOTHING, _names.THINGS, _names.IDENTIFIERS, _names.ORIGINS, _names.TEXTS)
    for tier, known in zip((0, 1, 4, 6, _TEXTS), names, strict=True):
        if known.has(pair.base):
            return tier + (2 if tier < 2 else 1) * won
    return None


def _come_back(table: Sample, pair: Sides) -> bool:
    """Whether the same labels stand in many rows."""
    n_labels = len(pair.first.distinct | pair.second.distinct)
    return not table.n_rows or 2 * n_labels <= max(len(pair.first.present), 4)


def _are_shared(table: Sample, pair: Sides) -> bool:
    """Whether two columns of unknown names hold the same labels again and again."""
    one, other = pair.first, pair.second
    if pair.says_who_won or _names.TRAITS.has(pair.base) or table.n_rows < _FEW:
        return False
    if one.is_numeric or other.is_numeric or not _come_back(table, pair):
        return False
    fewer = min(len(one.distinct), len(other.distinct))
    return len(one.distinct & other.distinct) >= max(_SHARED * fewer, 3)


def _is_one_of_three(table: Sample, pair: Sides) -> bool:
    """Whether more than two items stand in a row."""
    third = table.called(pair.third) if pair.third else None
    return third is not None and third.labels is not None


def _fit(table: Sample, pair: Sides) -> bool:
    """Whether two columns may hold the labels of items that are compared."""
    if pair.first.is_text or pair.second.is_text:
        return False
    one, other = pair.first.labels, pair.second.labels
    if one is None or other is None or _is_one_of_three(table, pair):
        return False
    numeric = pair.first.is_numeric and pair.second.is_numeric
    if pair.marks in _names.COUNTED and not pair.base and numeric:
        return False  # wins and losses
    rows = [(a, b) for a, b in zip(one, other, strict=True) if None not in (a, b)]
    if not rows:
        return not one
    same = sum(a == b for a, b in rows)
    return 5 * same <= len(rows) and len(pair.first.distinct | pair.second.distinct) > 1


def _alike(table: Sample, one: Any, other: Any, taken: set[Any]) -> list[Sides]:
    """Two columns whose names say nothing, and which hold the same labels again and again."""
    some = [
        column
        for column in table
        if column.name in (one, other)
        or (
            column.name not in taken
            and not _names.TRAITS.has(column.key)
            and column.labels is not None
            and not column.is_numeric
        )
    ]
    some = [column for column in some if not column.is_text and len(column.distinct) > 2][:_MOST]
    found = []
    for i, first in enumerate(some):
        for second in some[i + 1 :]:
            pair = Sides(first, second, "", ("", ""))
            pair = pair if _is(pair, one, other) else pair.turned
            fewer = min(len(first.distinct), len(second.distinct))
            shared = len(first.distinct & second.distinct)
            if _is(pair, one, other) and shared > _SHARED * fewer and _fit(table, pair):
                found.append(pair)
    return found


def _without_doubt(pairs: list[Sides]) -> list[Sides]:
    """The pairs of one tier, if they are one under several names."""
    pairs = [p for k, p in enumerate(pairs) if p.turned[:2] not in [q[:2] for q in pairs[:k]]]
    for pair in pairs[1:]:
        best = pairs[0]
        if not (best.first.says_like(pair.first) and best.second.says_like(pair.second)):
            answers = [{"first": p.first.name, "second": p.second.name} for p in (best, pair)]
            reason = f"{best.named}, or {pair.named}, may name the items"
            refuse("first", reason, answers)
    return pairs


def _none(table: Sample, named: Mapping[str, Any]) -> NoReturn:
    """No two columns name the items: say what there is."""
    if not table.names:
        refuse("first", "there are no columns")
    if len(table.names) == 1:
        reason = f"there is one column, {table.names[0]!r}, and two have to name the items"
        refuse("first", reason, cure="is its delimiter another one?")
    reason = (
        "no two columns name the items that are compared, as model_a and model_b, home and away "
        f"or winner and loser do; there are {listed(table.names)}"
    )
    lonely = [one for column in table if (one := _lonely(table, column)) is not None]
    known = [s for s in table.sides if _tier(s) is not None]
    more = [s for s in known if _is_one_of_three(table, s) and s.first.labels is not None]
    texts = [s for s in known if s.first.is_text and s.second.is_text]
    nested = [c.name for c in table if c.labels is None and c.is_text]
    if more:
        reason += f" ({more[0].named} are two of several, and a row has to compare two)"
    elif lonely:
        reason += f" ({lonely[0][0]} has no other side, {lonely[0][1]})"
    elif texts:
        reason += f" ({texts[0].named} are texts: no item comes back)"
    elif nested:
        reason += f" (lists or records stand in {listed(nested)}: they are no labels)"
    missing = [a for a in ("first", "second") if a not in named]
    refuse(missing[0], reason, [dict.fromkeys(missing, COLUMN)])


def _lonely(table: Sample, column: Column) -> tuple[Any, str] | None:
    """The column, and the name that the other side would have, if it is one side of items."""
    for one, other in _names.SIDES[: _names.COMMON]:
        for mine, its in ((one, other), (other, one)):
            base = column.key.removesuffix(mine)
            if base in (column.key, "") or table.called(base + its) is not None:
                continue
            if _names.THINGS.has(base):
                name = str(column.name)
                return column.name, name[: len(name) - len(mine)] + its
    return None
