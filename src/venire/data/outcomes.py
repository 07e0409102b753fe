"""A column of outcomes, read as a whole: who won, as a score of first.

What words mean stands in `venire.data.meanings`. A column is looked at through its distinct values
(`Survey`), in one piece or in many; a survey says how the column is to be read, or asks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import BadInput, fail
from venire.data import meanings
from venire.data.coding import Encoded
from venire.data.meanings import BESIDE, SHARES, TIES, TOGETHER
from venire.data.outcome_values import (
    CURE,
    LABELS,
    NO_OUTCOME,
    Gap,
    Mapped,
    Outcomes,
    Reading,
    Terms,
    names_of,
    score_of,
)
from venire.data.series import distinct, kept, missing

__all__ = [
    "LABELS",
    "NO_OUTCOME",
    "Gap",
    "Outcomes",
    "Reading",
    "Survey",
    "Terms",
    "gaps_of",
    "outcome_scores",
    "survey",
    "truths",
]


_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_SCALE = "a scale of strengths needs a mapping: of each value to a score from 0 to 1"


class Survey(NamedTuple):
    """What decides how a column of outcomes is read: the columns of many files, piece by piece.

    `seen` has, for each token and standing (1 the label of first, 0 of second, -1 of neither), the
    number of rows, and the position and the value of the first of them.
    """

    n_rows: int
    seen: Mapping[tuple[Any, int], tuple[int, int, Any]]
    used: frozenset[str] = frozenset()

    @classmethod
    def of(cls, found: Outcomes, standing: NDArray[np.int8] | None) -> Survey:
        """Of rows of which each has a value."""
        n, k = len(found.codes), len(found.tokens)
        if not n:
            return cls(0, {}, found.used)
        if standing is None or not (standing >= 0).any():
            counts, first = _by_value(found)
        else:
            key = found.which[found.codes] * 3 + (standing + 1)
            counts = np.bincount(key, minlength=3 * k)
            first = np.empty(3 * k, np.int64)
            first[key[::-1]] = np.arange(n - 1, -1, -1)
        seen = {}
        for at in np.flatnonzero(counts).tolist():
            token, row = found.tokens[at // 3], int(first[at])
            if not isinstance(token, Gap):
                seen[token, at % 3 - 1] = (int(counts[at]), row, found.values[found.codes[row]])
        return cls(n, seen, found.used)

    def __add__(self, other: Survey) -> Survey:  # type: ignore[override]
        """Both, the rows of `other` after those of this one."""
        seen = {key: (n, at + self.n_rows, value) for key, (n, at, value) in other.seen.items()}
        for key, (n, at, value) in self.seen.items():
            seen[key] = (n + seen[key][0] if key in seen else n, at, value)
        return Survey(self.n_rows + other.n_rows, seen, self.used | other.used)

    def within(self, rows: NDArray[np.int64], n_rows: int) -> Survey:
        """The same, these being the positions of its rows among so many."""
        seen = {key: (n, int(rows[at]), value) for key, (n, at, value) in self.seen.items()}
        return Survey(n_rows, seen, self.used)

    def reading(self, own: Reading | None = SHARES, terms: Terms = Terms()) -> Reading:  # noqa: B008
        """The one way to read the column; ValueError if there is none, or more than one.

        `own` is the system of numbers that is meant where several would do.
        """
        tokens = list(dict.fromkeys(token for token, _ in self.seen))
        systems = [s for s in TOGETHER if _fits(s, tokens)]
        systems = self._without_second_tie(systems, tokens)
        if own in systems:
            systems = [own]
        different = _different(systems, tokens)
        if not self._bad(LABELS)[0] and any(stands >= 0 for _, stands in self.seen):
            clashes = [clash for s in different if (clash := self._clash(s)) is not None]
            if clashes and len(clashes) == len(different):
                reason = "could be a score or the winner's label"
                fail("outcome", reason, *clashes[0], cure=f"{CURE}, or 'label'")
            return LABELS
        if not systems:
            self._refuse(terms)
        if len(different) > 1:
            one, other = different[:2]
            token = next(t for t in tokens if score_of(t, one) != score_of(t, other))
            _, at, value = self._first(token)
            reason = f"could be read in two ways: {one}; or {other}"
            fail("outcome", reason, at, value, cure=CURE)
        if meanings.turned(terms.first, terms.second):
            self._refuse_turned(systems[0], terms)
        return systems[0]

    def notes(self, reading: Reading, terms: Terms) -> tuple[str, ...]:
        """What is to be said of how the column is read."""
        told = reading != SHARES and any(
            stands >= 0 if reading == LABELS else token in TOGETHER[reading]
            for token, stands in self.seen
        )
        return (*([f"outcome: {reading}"] if told else []), *terms.unused(self.used))

    def _without_second_tie(self, systems: list[str], tokens: list[Any]) -> list[str]:
        """Where a word says tie, no number does, if there is another way to read the numbers."""
        if not any(t in TIES and not _is_number(t) for t in tokens):
            return systems
        numbers = [t for t in tokens if _is_number(t)]
        left = [s for s in systems if not any(TOGETHER[s].get(t) == 0.5 for t in numbers)]
        return left or systems

    def _first(self, token: Any) -> tuple[int, int, Any]:
        return min((seen for (t, _), seen in self.seen.items() if t == token), key=lambda s: s[1])

    def _bad(self, reading: Reading) -> tuple[int, int, Any]:
        """How many rows have no score in a reading, and the first of them."""
        alone = [] if reading == LABELS else _alone({token for token, _ in self.seen})
        bad = [
            seen
            for (token, stands), seen in self.seen.items()
            if (np.isnan(score_of(token, reading)) and not (reading == LABELS and stands >= 0))
            or token in alone
        ]
        if not bad:
            return 0, 0, None
        _, at, value = min(bad, key=lambda seen: seen[1])
        return sum(n for n, _, _ in bad), at, value

    def _refuse(self, terms: Terms) -> None:
        """Neither reading fits every row: the one that gets further says where it breaks."""
        bad = {reading: self._bad(reading) for reading in (*TOGETHER, LABELS)}
        _, at, value = min(bad.values(), key=lambda b: b[0])
        x = meanings.number(value) if isinstance(value, (str, int, float)) else None
        scale = x is not None and any(_is_number(t) for t, _ in self.seen)
        fail("outcome", terms.no_meaning(), at, value, cure=_SCALE if scale else CURE)

    def _clash(self, system: Reading) -> tuple[int, Any] | None:
        """The first row where the word and the label say different things."""
        clash = [
            (at, value)
            for (token, stands), (_, at, value) in self.seen.items()
            if stands >= 0 and score_of(token, system) != stands
        ]
        return min(clash, key=lambda c: c[0]) if clash else None

    def _refuse_turned(self, system: Reading, terms: Terms) -> None:
        own = names_of(terms)
        for (token, _), (_, at, value) in self.seen.items():
            neutral = _is_number(token) or token in meanings.BY_FIRST or isinstance(token, Mapped)
            if neutral or score_of(token, system) == 0.5 or str(value).strip() in own:
                continue
            reason = f"is said of sides, but first is {terms.first!r} and second {terms.second!r}"
            cure = f"give first={terms.second!r} and second={terms.first!r}, or a mapping"
            fail("outcome", reason, at, value, cure=cure)


def _by_value(found: Outcomes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of each token and standing, and the first of them, where no value is a label."""
    n, k, m = len(found.codes), len(found.tokens), len(found.values)
    each = np.bincount(found.codes, minlength=m)
    begins = np.full(m, n, np.int64)
    if m <= 8:
        here = np.flatnonzero(each)
        begins[here] = [int(np.argmax(found.codes == v)) for v in here.tolist()]
    else:
        begins[found.codes[::-1]] = np.arange(n - 1, -1, -1)
    counts, first = np.zeros(3 * k, np.int64), np.full(3 * k, n, np.int64)
    np.add.at(counts, 3 * found.which, each)
    np.minimum.at(first, 3 * found.which, begins)
    return counts, first


def _is_number(token: Any) -> bool:
    return isinstance(token, float) or token in meanings.SOFT


def _fits(system: Reading, tokens: Collection[Any]) -> bool:
    """Whether a system has all tokens, and each the company that it needs."""
    return not _alone(tokens) and not any(np.isnan(score_of(t, system)) for t in tokens)


def _alone(tokens: Collection[Any]) -> list[Any]:
    """Tokens that mean nothing, for want of others beside them."""
    return [t for t in tokens if t in BESIDE and set(BESIDE[t]).isdisjoint(tokens)]


def _different(systems: list[Reading], tokens: list[Any]) -> list[Reading]:
    """One system for each set of meanings."""
    return list({tuple(score_of(t, s) for t in tokens): s for s in reversed(systems)}.values())[
        ::-1
    ]


class HowRead(NamedTuple):
    """What is to be said of how a column was read, and what it looks like."""

    notes: tuple[str, ...]
    survey: Survey


# ---- scores -------------------------------------------------------------------------------------


def outcome_scores(
    outcome: Any,
    terms: Terms,
    first: Encoded,
    second: Encoded,
    reading: Reading | None = None,
) -> tuple[NDArray[np.float64], HowRead]:
    """Scores of first from a column of outcomes, and how it was read.

    Parameters
    ----------
    outcome : narwhals series or array_like of shape (n,)
    terms : Terms
        A mapping of values to scores in [0, 1], "first", "second", "tie", None or "label", and the
        names of the columns of the two items.
    first, second : Encoded
        The two items of each row, over one array of items.
    reading : str, optional
        How to read the column; the default is what its rows say. A piece of a column is read as
        the `Survey` of the whole says.

    Raises
    ------
    ValueError
        If an outcome is missing or has no meaning, with its position.
    """
    found = Outcomes.of(outcome, terms, first.items)
    found.require()
    standing = found.standing(first, second)
    seen = Survey.of(found, standing)
    notes: tuple[str, ...] = ()
    if reading is None:
        reading = seen.reading(terms=terms)
        notes = seen.notes(reading, terms)
    scores = found.scores(reading, standing)
    unknown = np.isnan(scores)
    if unknown.any():
        at = int(np.argmax(unknown))
        fail("outcome", terms.no_meaning(), at, found.values[found.codes[at]], cure=CURE)
    return scores, HowRead(notes, seen)


def survey(column: Any, terms: Terms, first: Encoded, second: Encoded) -> Survey:
    """Look at a column, or a piece of one; where it has nothing, it says nothing."""
    try:
        found = Outcomes.of(column, terms, first.items)
    except BadInput:
        absent = missing(column)
        if not absent.any():
            raise
        if absent.all():
            return Survey(len(absent), {})
        first, second = kept(first, ~absent), kept(second, ~absent)
        found = Outcomes.of(kept(column, ~absent), terms, first.items)
        within = Survey.of(found, found.standing(first, second))
        return within.within(np.flatnonzero(~absent), len(absent))
    return Survey.of(found, found.standing(first, second))


def gaps_of(
    column: Any, terms: Terms, items: Any
) -> tuple[NDArray[np.int64], list[Gap], frozenset[str]]:
    """For each row the place of its gap in the list, -1 where there is an outcome.

    And the keys of the mapping that occur.
    """
    absent = missing(column)
    out = np.full(len(absent), 0, np.int64)
    if absent.all():
        return out, [NO_OUTCOME], frozenset()
    found = Outcomes.of(kept(column, ~absent), terms, items)
    which, gaps = found.gaps()
    out[~absent] = np.where(which >= 0, which + 1, -1)
    return out, [NO_OUTCOME, *gaps], found.used


def truths(column: Any, name: str) -> np.ndarray:
    """Truth values from booleans, 0 and 1, or words (true, false, yes, no, t, f, y, n)."""
    values, codes = distinct(column, name)
    table = np.zeros(len(values), bool)
    for i, value in enumerate(values):
        word = f"{value:g}" if isinstance(value, float) else str(value).strip().lower()
        if word not in _TRUE and word not in _FALSE:
            at = int(np.argmax(codes == i))
            fail(name, "must be true or false (or 1, 0, yes, no)", at, value)
        table[i] = word in _TRUE
    return table[codes]
