"""The columns of votes: who judged what, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire.data.columns import VoteColumns
from venire.data.naming import listed
from venire.data.recognition import _names
from venire.data.recognition._items import items_of, pairs_of
from venire.data.recognition._questions import COLUMN, refuse
from venire.data.recognition._rest import free, is_truth
from venire.data.recognition._sample import Column, Sample, Sides

__all__ = ["is_panel", "votes_of"]

_KNOWN = 0.5  # part of the votes whose meaning is known
_CROWD = 0.1  # teachers for each row above which nobody judges often
_PANEL = 2, 50  # teachers of a panel
_NUMBERS = ({0, 1}, {1, 2}, {0, 1, 2}, {-1, 0, 1}, {0, 0.5, 1})  # what votes are written as


def is_panel(sample: Mapping[Any, Sequence[Any]], columns: VoteColumns) -> bool:
    """Whether few teachers judge many rows each."""
    teachers = Sample(sample).columns[columns.teacher]
    fewest, most = _PANEL
    few = fewest <= len(teachers.distinct) <= most
    return few and len(teachers.distinct) <= _CROWD * len(teachers.present) + fewest


def votes_of(
    table: Sample, named: Mapping[str, Any], grouped: bool, notes: list[str]
) -> dict[str, Any]:
    """The columns that nobody named; with `grouped` two items and their prompt must be there.

    Raises
    ------
    ValueError
        If two that say different things are equally good, or one is missing.
    """
    taken = dict(named)
    pair = None
    if "pair" not in named:
        items = {a: named[a] for a in ("first", "second") if a in named}
        pairs = items_of(table, items) if grouped else pairs_of(table, items)
        pairs = [p for p in pairs if not p.says_who_won or items]
        if pairs:
            pair = pairs[0]
            taken |= {"first": pair.first.name, "second": pair.second.name}
    if "teacher" not in taken:
        taken["teacher"] = _teacher(table, taken)
    if "vote" not in taken and "probabilities" not in taken:
        taken |= _vote(table, pair, taken, notes)
    if pair is None and "pair" not in taken:
        taken |= _pair(table, taken)
    elif pair is not None and "group" not in taken:
        taken |= _prompt(table, taken, grouped, notes)
    for column in free(table, taken):
        if "swapped" not in taken and column.is_called(_names.SWAPPED) and is_truth(column):
            taken["swapped"] = column.name
        if "weight" not in taken and column.is_called(_names.PLAIN_WEIGHTS) and column.is_counts:
            taken["weight"] = column.name
    if "swapped" not in taken:
        shown = [c.name for c in free(table, taken) if c.is_called(_names.SHOWN) and c.repeats]
        if shown:
            notes.append(f"{shown[0]} is not read (swapped: true where second was shown first)")
    return {a: value for a, value in taken.items() if a not in named}


# ---- who ----------------------------------------------------------------------------------------


def _teacher(table: Sample, taken: Mapping[str, Any]) -> Any:
    rest = [c for c in free(table, taken) if c.labels is not None and not c.is_text]
    for names in _names.TEACHERS:
        found = [c for c in rest if c.is_called(names)]
        found = [c for c in found if c.repeats] or found
        found = [c for c in found if len(c.distinct) > 1] or found
        for other in found[1:]:
            if not found[0].says_like(other):
                answers = [{"teacher": found[0].name}, {"teacher": other.name}]
                reason = f"{found[0].name}, or {other.name}, may name who voted"
                refuse("teacher", reason, answers)
        if found:
            return found[0].name
    _nobody(table, rest)


def _nobody(table: Sample, rest: list[Column]) -> NoReturn:
    """No column names who voted: say what there is."""
    reason = "no column is known to name who voted, as judge, annotator, rater or worker do"
    wide: dict[str, list[Any]] = {}
    for column in table:
        base = re.sub(r"\d+|(?<=[a-z])[a-e]$", "", column.key)
        if any(names.has(base) for names in _names.TEACHERS[:2]) and base != column.key:
            wide.setdefault(base, []).append(column.name)
    for word in ("verdict", "vote", "label", "preference", "choice", "winner"):
        of_each = [c.name for c in table if c.key.endswith(word) and c.key != word and c.is_few]
        wide.setdefault("judge", of_each)
        wide["judge"] = max(wide["judge"], of_each, key=len)
    for base, columns in wide.items():
        if len(columns) > 1:
            reason = (
                f"{listed(columns)} hold the votes of one {base} each, side by side, and a row has "
                "to be one vote"
            )
            cure = f"unpivot them first, to a column of names ({base}) and one of votes (vote)"
            refuse("teacher", reason, cure=cure)
    reason += f"; there are {listed(c.name for c in rest)}"
    refuse("teacher", reason, [{"teacher": COLUMN}])


# ---- how ----------------------------------------------------------------------------------------


def _vote(
    table: Sample, pair: Sides | None, taken: Mapping[str, Any], notes: list[str]
) -> dict[str, Any]:
    """The column of votes, or those of its runs, and that of the truth."""
    rest = [c for c in free(table, taken) if c.present or not table.n_rows]
    golds = [c for c in rest if c.is_called(_names.GOLD)]
    runs: dict[str, list[Column]] = {}
    for column in rest:
        base = re.sub(r"(?:run|round|pass|trial|repeat)?\d+$", "", column.key)
        if base != column.key and _names.OUTCOMES.has(base):
            runs.setdefault(base, []).append(column)
    found = [c for c in rest if c not in golds and c.is_called(_names.OUTCOMES)]
    read = {c.name: _read(table, c, pair, taken.get("mapping")) for c in [*found, *golds]}
    known = [c for c in found if _is_known(c, read[c.name]) or "mapping" in taken]
    gold = [c for c in golds if "gold" not in taken and _is_known(c, read[c.name])]
    if "swapped" not in taken and (orders := _both_orders(rest)):
        return orders | ({"gold": gold[0].name} if gold else {})
    if not known:
        many = [some for some in runs.values() if len(some) > 1]
        many = [s for s in many if all(_is_known(c, _read(table, c, pair, None)) for c in s)]
        if many:
            votes: dict[str, Any] = {"vote": [c.name for c in many[0]]}
            return votes | ({"gold": gold[0].name} if gold else {})
        few = [c for c in found if c.is_few]
        if not gold and not few and (chances := _chances(table, rest)):
            return {"probabilities": chances}
        known, gold = gold[:1] or few[:1], []
    if not known:
        reason = "no column is known to hold the votes, as verdict, vote, label or preference do"
        reason += f"; there are {listed(c.name for c in rest)}"
        refuse("vote", reason, [{"vote": COLUMN}])
    truth = {"gold": gold[0].name} if gold else {}
    best = known[0]
    for other in known[1:]:
        a, b = read[best.name], read[other.name]
        both = np.isfinite(a) & np.isfinite(b)
        if (a[both] != b[both]).any() or not both.any():
            answers = [{"vote": best.name}, {"vote": other.name}]
            refuse("vote", f"{best.name}, or {other.name}, may hold the votes", answers)
        notes.append(f"{other.name} agrees")
    return {"vote": best.name} | truth


def _both_orders(rest: list[Column]) -> dict[str, Any]:
    """Two columns of one verdict, as shown and with the sides exchanged: vote_orig, vote_swap."""
    for column in rest:
        base, _, how = column.key.rpartition("orig")
        if base and how in ("", "inal") and _names.OUTCOMES.has(base):
            for other in rest:
                turned = other.key.removeprefix(base)
                if turned != other.key and _names.SWAPPED.has(turned):
                    return {"vote": [column.name, other.name], "swapped": other.name}
    return {}


def _chances(table: Sample, rest: list[Column]) -> list[Any]:
    """The columns of the probabilities that first wins, ties, loses; none if they are not there."""
    for sides in table.sides:
        if not _names.CHANCES.has(sides.base) or not all(c.is_within(0, 1) for c in sides[:2]):
            continue
        words = [sides.first.key.replace(sides.marks[0], tie) for tie in ("tie", "draw", "equal")]
        for tie in rest:
            if tie.key in words and tie.is_within(0, 1):
                return [sides.first.name, tie.name, sides.second.name]
    return []


def _read(table: Sample, column: Column, pair: Sides | None, mapping: Any) -> NDArray[np.float64]:
    """What a column of votes says, as scores of first; numbers in any of their spellings."""
    numbers = column.numbers
    if numbers is not None and mapping is None:
        seen = set(numbers[~np.isnan(numbers)].tolist())
        if not table.n_rows or any(seen <= known for known in _NUMBERS):
            return numbers
    if pair is None:  # no label of an item is a word
        nobody = Column("", ["\0"] * table.n_rows), Column("", ["\1"] * table.n_rows)
        return table.scores(column, *nobody, mapping)
    return table.scores(column, pair.first, pair.second, mapping)


def _is_known(column: Column, scores: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(scores).sum() >= _KNOWN * len(column.present))


# ---- what ---------------------------------------------------------------------------------------


def _pair(table: Sample, taken: Mapping[str, Any]) -> dict[str, Any]:
    """The column that names what was judged; or two answers to one question."""
    rest = [c for c in free(table, taken) if c.labels is not None]
    texts = [
        s for s in table.sides
        if _names.TEXTS.has(s.base) and s.first.labels is not None
        and s.second.labels is not None and not s.says_who_won
    ]  # fmt: skip
    for names in _names.PAIRS:
        found = [c for c in rest if c.is_called(names) and not _is_one_of(c, texts)]
        found = sorted(found, key=lambda c: (not c.repeats, c.is_text))
        for other in found[1:] if found and found[0].repeats else ():
            if other.repeats and not found[0].says_like(other):
                answers = [{"pair": found[0].name}, {"pair": other.name}]
                reason = f"{found[0].name}, or {other.name}, may name what was judged"
                refuse("pair", reason, answers)
        if found and texts and _has_several(found[0], texts[0]):
            one = texts[0]
            return {"first": one.first.name, "second": one.second.name, "group": found[0].name}
        if found:
            return {"pair": found[0].name}
    if texts:
        return {"first": texts[0].first.name, "second": texts[0].second.name}
    reason = "no column is known to name what was judged, as model_a and model_b or question do"
    reason += f"; there are {listed(c.name for c in rest)}"
    refuse("pair", reason, [{"first": COLUMN, "second": COLUMN}, {"pair": COLUMN}])


def _is_one_of(column: Column, texts: list[Sides]) -> bool:
    return any(column is side for pair in texts for side in (pair.first, pair.second))


def _has_several(question: Column, texts: Sides) -> bool:
    """Whether one question has several pairs of answers."""
    cells = zip(question.values, texts.first.values, texts.second.values, strict=True)
    rows = {(str(q), frozenset((str(a), str(b)))) for q, a, b in cells}
    return len(rows) > len(question.distinct)


def _prompt(
    table: Sample, taken: Mapping[str, Any], grouped: bool, notes: list[str]
) -> dict[str, Any]:
    """The column of prompts, within which items are compared."""
    rest = [c for c in free(table, taken) if c.labels is not None and c.is_called(_names.PROMPTS)]
    if not rest:
        if not grouped and "by" not in taken:
            return {}
        reason = "no column is known to name the prompt that is answered, as prompt or question do"
        refuse("group", f"{reason}; there are {listed(table.names)}", [{"group": COLUMN}])
    best = min(rest, key=lambda c: (not c.repeats, c.is_text))
    teachers = table.columns[taken["teacher"]]
    crowd = len(teachers.distinct) > _CROWD * len(teachers.present) + _PANEL[0]
    if not best.repeats and crowd and not grouped:  # each prompt is judged once, by somebody else
        notes.append(f"{best.name} is not read: no prompt comes back (group)")
        return {}
    for other in rest:
        if other is not best and other.repeats and best.repeats and not best.says_like(other):
            answers = [{"group": best.name}, {"group": other.name}]
            refuse("group", f"{best.name}, or {other.name}, may name the questions", answers)
    return {"group": best.name}
