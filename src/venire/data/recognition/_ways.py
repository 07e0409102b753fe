"""The columns that say who won."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire.data.naming import listed
from venire.data.recognition import _names
from venire.data.recognition._questions import COLUMN, refuse
from venire.data.recognition._sample import Column, Sample, Sides

__all__ = ["WAYS", "way_of"]

WAYS = ("outcome", "score", "first_score", "second_score", "win", "loss", "tie")
_KNOWN = 0.5  # part of the rows that a way to say who won has to explain


class Way(NamedTuple):
    """Columns that say who won, and what they say of the rows of the sample."""

    arguments: dict[str, Any]
    scores: NDArray[np.float64]

    @property
    def named(self) -> str:
        """Its columns."""
        return " and ".join(str(name) for name in self.arguments.values())

    def is_known(self, table: Sample) -> bool:
        """Whether it explains most rows that say something."""
        told = len(table.columns[next(iter(self.arguments.values()))].present)
        if not table.n_rows:
            return True
        return told > 0 and bool(np.isfinite(self.scores).sum() >= _KNOWN * told)

    def first_difference(self, other: Way) -> int | None:
        """The first row of which both say something, and not the same."""
        both = np.isfinite(self.scores) & np.isfinite(other.scores)
        differs = both & (self.scores != other.scores)
        return int(np.argmax(differs)) if differs.any() else None


def way_of(
    table: Sample, pairs: list[Sides], named: Mapping[str, Any], notes: list[str]
) -> tuple[Sides, dict[str, Any]]:
    """The first pair of columns of items of which something says who won, and what does.

    Raises
    ------
    ValueError
        If two ways give different answers, or there is none.
    """
    if any(name in named for name in WAYS):
        return pairs[0], {}
    for pair in pairs:
        if pair.says_who_won and "mapping" not in named:
            _refuse_ties(table, pair)
            return pair, {"score": 1.0 if pair.marks in _names.WON else 0.0}
        used = {pair.first.name, pair.second.name} | _texts(named)
        ways = [way for way in _ways(table, pair, used, named) if way.is_known(table)]
        unread = [c for c in _unread(table, used) if not c.is_counts]
        if ways and not ("win" in ways[0].arguments and unread):  # counts may be of other games
            return pair, _without_doubt(table, ways, notes)
    _none(table, pairs[0], named)


def _texts(named: Mapping[str, Any]) -> set[Any]:
    return {name for name in named.values() if isinstance(name, str)}


def _ways(table: Sample, pair: Sides, used: set[Any], named: Mapping[str, Any]) -> list[Way]:
    if "mapping" in named:
        return _outcomes(table, pair, used, named["mapping"])
    counts = [way for way in _counts(table, pair, used) if way.is_known(table)]
    counted = {name for way in counts for name in way.arguments.values()}
    found = _points(table, pair, used) + _outcomes(table, pair, used | counted) + counts
    return found + _shares(table, used, bool(found))


def _without_doubt(table: Sample, ways: list[Way], notes: list[str]) -> dict[str, Any]:
    """The first way, if all say the same."""
    best, *others = ways
    for other in others:
        if (at := best.first_difference(other)) is not None:
            said, also = (
                " and ".join(f"{n} {table.columns[n].values[at]!r}" for n in w.arguments.values())
                for w in (best, other)
            )
            reason = f"{best.named}, or {other.named}, may say who won, and they differ: {said}"
            refuse(next(iter(best.arguments)), f"{reason}, but {also}",
                   [best.arguments, other.arguments])  # fmt: skip
    if others:
        columns = [name for way in others for name in way.arguments.values()]
        agree = "agrees" if len(columns) == 1 else "agree"
        notes.append(f"{listed(columns)} {agree} in the {table.n_rows:,} rows looked at")
    return best.arguments


def _outcomes(table: Sample, pair: Sides, used: set[Any], mapping: Any = None) -> list[Way]:
    return [
        Way({"outcome": c.name}, table.scores(c, pair.first, pair.second, mapping))
        for c in table
        if c.name not in used
        and (c.is_called(_names.OUTCOMES) or (c.is_called(_names.SCORELINES) and c.is_words))
    ]


def _points(table: Sample, pair: Sides, used: set[Any]) -> list[Way]:
    out = []
    for sides in _of_items(table, pair, used, _names.POINTS):
        one, other = sides.first.numbers, sides.second.numbers
        if one is None or other is None:
            continue
        scores = np.where(one > other, 1.0, np.where(one == other, 0.5, 0.0))
        scores[np.isnan(one) | np.isnan(other)] = np.nan
        names = {"first_score": sides.first.name, "second_score": sides.second.name}
        out.append(Way(names, scores))
    return out


def _counts(table: Sample, pair: Sides, used: set[Any]) -> list[Way]:
    found = _of_items(table, pair, used, _names.COUNTS)
    found += [
        sides
        for sides in table.sides
        if sides.marks in _names.COUNTED
        and (not sides.base or _names.COUNTING.has(sides.base))
        and not {sides.first.name, sides.second.name} & used
    ]
    ties = [c for c in table if c.name not in used and c.is_called(_names.TIES) and c.is_counts]
    out = []
    for sides in found:
        if not (sides.first.is_counts and sides.second.is_counts):
            continue
        names = {"win": sides.first.name, "loss": sides.second.name}
        win, loss = np.asarray(sides.first.numbers), np.asarray(sides.second.numbers)
        drawn = np.zeros(table.n_rows)
        if ties and ties[0].numbers is not None:
            names["tie"], drawn = ties[0].name, ties[0].numbers
        with np.errstate(invalid="ignore", divide="ignore"):
            out.append(Way(names, (win + drawn / 2) / (win + loss + drawn)))
    return out


def _shares(table: Sample, used: set[Any], only_scores: bool) -> list[Way]:
    """Single columns of scores; what may be a forecast only where nothing else says who won."""
    name = _names.SCORES if only_scores else _names.SHARES
    return [
        Way({"score": c.name}, c.numbers)
        for c in table
        if c.name not in used and c.is_called(name) and c.is_within(0, 1) and c.numbers is not None
    ]


def _of_items(table: Sample, pair: Sides, used: set[Any], name: _names.Names) -> list[Sides]:
    """Further columns of the two items, their sides as those of the items."""
    turned = pair.marks not in _names.SIDES and pair.marks[::-1] in _names.SIDES
    found = []
    for sides in table.sides:
        if sides.says_who_won or not name.has(sides.base):
            continue
        one, other = (sides.second, sides.first) if turned else (sides.first, sides.second)
        if {one.name, other.name} & used or _names.HALF_TIME.has(one.key):
            continue
        found.append(sides.turned if turned else sides)
    return [sides for sides in found if sides.marks == pair.marks] or found


def _unread(table: Sample, used: set[Any]) -> list[Column]:
    """Columns that are called as outcomes are, and hold a few words."""
    return [c for c in table if c.name not in used and c.is_called(_names.OUTCOMES) and c.is_few]


def _refuse_ties(table: Sample, pair: Sides) -> None:
    """A column that says which rows are ties, beside columns of winners and losers: a question."""
    for column in table:
        said = {str(value).casefold() for value in column.present} - {"0", "0.0", "false", "no"}
        if column.is_called(_names.TIES) and said:
            reason = f"{column.name} says that rows are ties, but {pair.named} that they were won"
            refuse("score", reason, [{"score": 1.0}], "leave the ties out, or give an outcome")


def _none(table: Sample, pair: Sides, named: Mapping[str, Any]) -> NoReturn:
    """The items are known, and nothing says who won: say what comes near."""
    used = {pair.first.name, pair.second.name} | _texts(named)
    reason = f"{pair.named} name the items, but nothing known here says who won"
    for column in _unread(table, used):
        values = list(dict.fromkeys(map(str, column.present)))
        meaning = dict.fromkeys(values[:3], "?")  # a guess would be copied
        reason += f": {column.name} holds {listed(values, 5, lambda v: repr(v[:40]))}"
        refuse("outcome", reason, [{"outcome": column.name, "mapping": meaning}])
    for sides in _of_items(table, pair, used, _names.RANKS):
        one, other = sides.first.name, sides.second.name
        answers = [{"first_score": one, "second_score": other}]
        answers.append({"first_score": other, "second_score": one})
        refuse("first_score", f"{reason}: is more better in {sides.named}, or less?", answers)
    rest = [n for n in table.names if n not in used]
    answers = [{"outcome": COLUMN}, {"first_score": COLUMN, "second_score": COLUMN}]
    refuse("outcome", f"{reason}; there are {listed(rest)}" if rest else reason, answers)
