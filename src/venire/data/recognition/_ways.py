"""The columns that say who won."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire.data.naming import listed
from venire.data.recognition import _names
from venire.data.recognition._questions import COLUMN, refuse
from venire.data.recognition._rest import is_truth
from venire.data.recognition._sample import Column, Sample, Sides

__all__ = ["WAYS", "way_of"]

WAYS = ("outcome", "score", "first_score", "second_score", "win", "loss", "tie")
_KNOWN = 0.5  # part of the rows that a way to say who won has to explain
_TWICE = 0.25  # part of the rows, of which a sample need not have both, that are told twice
_LIKELY = 0.9  # the same, of a column whose name says nothing


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
            _note_equal(table, pair, notes)
            return pair, {"score": 1.0 if pair.marks in _names.WON else 0.0}
        used = {pair.first.name, pair.second.name} | _texts(named)
        ways = [way for way in _ways(table, pair, used, named) if way.is_known(table)]
        unread = [c for c in _unread(table, used) if not c.is_counts]
        if ways and not ("win" in ways[0].arguments and unread):  # counts may be of other games
            _refuse_numbered(table, pair, ways)
            found = _without_doubt(table, ways, notes)
            if "mapping" not in named:
                _note_number(table, pair, found, notes)
            _note_twice(table, pair, ways[0], notes)
            return pair, found
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
    records = _of_items(table, pair, used, _names.LOST)  # of each item, against anybody
    found = [] if records else _of_items(table, pair, used, _names.COUNTS)
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
        if {one.name, other.name} & used or any(map(_names.HALF_TIME.has, (one.key, sides.base))):
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


def _note_equal(table: Sample, pair: Sides, notes: list[str]) -> None:
    """Points that are equal beside a winner and a loser: say that the rows count as won."""
    for sides in table.sides:
        one, other = sides.first.numbers, sides.second.numbers
        if not sides.says_who_won or not _names.POINTS.has(sides.base):
            continue
        if one is not None and other is not None and (n_equal := int((one == other).sum())):
            reason = f"{sides.named} are equal in {n_equal:,} of the {table.n_rows:,} rows looked"
            notes.append(f"{reason} at, which count as won (--first-score, --second-score: ties)")


def _note_number(table: Sample, pair: Sides, found: Mapping[str, Any], notes: list[str]) -> None:
    """Say how 0 and 1 are read where they may be numbers of the winner, counted from 0."""
    column = table.columns.get(found.get("outcome"))
    if column is None or "winner" not in column.key or not column.is_within(0, 1):
        return
    if table.n_rows and is_truth(column):
        one, other = pair.first.name, pair.second.name
        notes.append(
            f"{column.name}: 1 is {one}, 0 is {other} (--mapping 0=first,1=second turns it)"
        )


def _note_twice(table: Sample, pair: Sides, way: Way, notes: list[str]) -> None:
    """Say where each game has two rows, one of each side, as tables of teams and opponents have."""
    one, other = pair.first.labels, pair.second.labels
    if pair.marks[1] != "opponent" or one is None or other is None:
        return
    used = {pair.first.name, pair.second.name, *way.arguments.values()}
    for column in table:
        if column.name in used or column.is_text:
            continue
        games: dict[Any, list[tuple[bool, float]]] = {}
        for when, a, b, score in zip(column.values, one, other, way.scores, strict=True):
            if None not in (when, a, b) and np.isfinite(score):
                game = str(when), frozenset((str(a), str(b)))
                turned = str(a) > str(b)
                games.setdefault(game, []).append((turned, 1.0 - score if turned else score))
        pairs = [rows for rows in games.values() if len(rows) > 1]
        both = all(len(r) == 2 and r[0][0] != r[1][0] and r[0][1] == r[1][1] for r in pairs)
        if both and len(pairs) > 1 and 2 * len(pairs) >= _TWICE * table.n_rows:
            reason = f"{2 * len(pairs):,} of the {table.n_rows:,} rows looked at are"
            reason += f" {len(pairs):,} games told twice, by each side ({column.name}): errors are"
            notes.append(f"{reason} too small by 1.41, keep one row of each game")
            return


def _refuse_numbered(table: Sample, pair: Sides, ways: list[Way]) -> None:
    """Items 0 and 1, and outcomes 0 and 1: the number of the item, or the share of first."""
    if {"0", "1"} != set(pair.marks) or any("outcome" not in way.arguments for way in ways):
        return
    column = table.columns[ways[0].arguments["outcome"]]
    if column.is_within(0, 1) and len(set(map(str, column.present))) == 2 and is_truth(column):
        _ask_of_truth(column, pair)


def _none(table: Sample, pair: Sides, named: Mapping[str, Any]) -> NoReturn:
    """The items are known, and nothing says who won: say what comes near."""
    used = {pair.first.name, pair.second.name} | _texts(named)
    reason = f"{pair.named} name the items, but nothing known here says who won"
    for column in _unread(table, used):
        values = list(dict.fromkeys(map(str, column.present)))
        meaning = dict.fromkeys(values[:3], "?")  # a guess would be copied
        reason += f": {column.name} holds {listed(values, 5, lambda v: repr(v[:40]))}"
        refuse("outcome", reason, [{"outcome": column.name, "mapping": meaning}])
    both = _of_numbers(table, pair, used)
    _ask_of_likely(table, pair, used | {c.name for sides in both for c in sides[:2]})
    for sides in both:
        one, other = sides.first.name, sides.second.name
        answers = [{"first_score": one, "second_score": other}]
        answers.append({"first_score": other, "second_score": one})
        refuse("first_score", f"{reason}: is more better in {sides.named}, or less?", answers)
    rest = [n for n in table.names if n not in used]
    answers = [{"outcome": COLUMN}, {"first_score": COLUMN, "second_score": COLUMN}]
    refuse("outcome", f"{reason}; there are {listed(rest)}" if rest else reason, answers)


def _ask_of_likely(table: Sample, pair: Sides, used: set[Any]) -> None:
    """Columns of any name in which winners stand, or words that say who won: a question."""
    likely = []
    for column in table:
        if column.name in used or not column.is_few or any(map(column.is_called, _names.OTHERS)):
            continue
        scores = table.scores(column, pair.first, pair.second)
        known = scores[np.isfinite(scores)]
        if len(set(known.tolist())) > 1 and len(known) >= _LIKELY * len(column.present):
            likely.append(column)
    names = [column.name for column in likely if not is_truth(column)]
    if not names:
        if len(likely) == 1:
            _ask_of_truth(likely[0], pair)
        return  # of several truths each may be about something else
    does = "does" if len(names) == 1 else "do"
    reason = f"no column is called as if it said who won; by what stands there {listed(names, 5)}"
    refuse("outcome", f"{reason} {does}, perhaps", [{"outcome": name} for name in names[:3]])


def _ask_of_truth(column: Column, pair: Sides) -> NoReturn:
    """Whether what is true, or 1, is a win of first."""
    yes, no = sorted(dict.fromkeys(column.present), key=lambda v: str(v).lower()[0] in "0fn")
    answers = [
        {"outcome": column.name, "mapping": {yes: one, no: other}}
        for one, other in (("first", "second"), ("second", "first"))
    ]
    reason = f"{column.name} holds {yes} and {no}: does {yes} say that {pair.first.name} won, or"
    refuse("outcome", f"{reason} {pair.second.name}?", answers)


def _of_numbers(table: Sample, pair: Sides, used: set[Any]) -> list[Sides]:
    """Numbers of both items, of which more may be better, or less: ranks, and those of any name."""
    found = [
        sides
        for sides in _of_items(table, pair, used, _names.ANY)
        if sides.first.numbers is not None and sides.second.numbers is not None
    ]
    return sorted(found, key=lambda sides: not _names.RANKS.has(sides.base))
