"""What the values of a column of outcomes say, each by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import fail
from venire.data import meanings
from venire.data.coding import Encoded
from venire.data.meanings import ALWAYS, TIES, TOGETHER, Said
from venire.data.series import distinct

__all__ = [
    "CURE",
    "LABELS",
    "NO_OUTCOME",
    "NO_RESULT",
    "Gap",
    "Mapped",
    "Outcomes",
    "Reading",
    "Terms",
    "names_of",
    "score_of",
]

Reading = str  # one of the systems of letters and numbers, or that of labels
LABELS = "the winner's label"
CURE = "give a mapping that says what it means"

_NO_MEANING = (
    "is neither first, second, tie (or another known word or number) nor the label of one of the "
    "two items"
)
_MANY = 256  # values without a meaning, beyond which a column holds no words


class Terms(NamedTuple):
    """What a caller says of a column: what values mean, and how the columns of items are called.

    The numbers that a mapping maps to are votes (1, 0, -1) where `signed`, else scores.
    """

    mapping: Mapping[Any, Any] | None = None
    first: Any = None
    second: Any = None
    signed: bool = False
    known: frozenset[str] = frozenset()  # labels of items elsewhere in a table of several pieces
    is_text: bool = False  # labels are text that may all be integers, in a piece of a table

    def targets(self) -> dict[str, Any]:
        """What the mapping says of each value, in one spelling of it."""
        out: dict[str, Any] = {}
        for value, target in self._items():
            meant = self._meant(value, target)
            for key in _keys(value):
                out.setdefault(key, meant)
        return out

    def _items(self) -> Iterable[tuple[Any, Any]]:
        return (self.mapping or {}).items()

    def _meant(self, value: Any, target: Any) -> Any:
        word = target.strip().lower() if isinstance(target, str) else target
        if word is None or word == "none":
            return Gap("left out by the mapping")
        if word == "label":
            return _LABEL
        score = meanings.TARGETS.get(word) if isinstance(word, str) else None
        if score is None:
            try:
                score = float(word)
            except (TypeError, ValueError):
                score = np.nan
            if self.signed:
                score = (1.0 + score) / 2.0 if score in (-1.0, 0.0, 1.0) else np.nan
        if not 0.0 <= score <= 1.0:
            numbers = "1, 0 or -1" if self.signed else "a score in [0, 1]"
            rule = f"must be {numbers}, 'first', 'second', 'tie', 'label' or None"
            fail(f"mapping[{value!r}]", rule, value=target)
        return Mapped(score)

    def no_meaning(self) -> str:
        """Why a value is refused that means nothing."""
        if not self.mapping:
            return _NO_MEANING
        return f"is not in the mapping ({', '.join(map(repr, self.mapping))}), and {_NO_MEANING}"

    def unused(self, used: Iterable[str]) -> tuple[str, ...]:
        """What is to be said of keys of the mapping that occur nowhere."""
        found = set(used)
        return tuple(
            f"mapping: {value!r} never occurs"
            for value, _ in self._items()
            if found.isdisjoint(_keys(value))
        )


class Gap(NamedTuple):
    """A value that is no outcome, and why."""

    why: str


class Mapped(NamedTuple):
    """A score that the caller gave a value."""

    mapped: float


_LABEL = "\0label"
NO_OUTCOME, NO_RESULT = Gap("without an outcome"), Gap("without a result")


def _keys(value: Any) -> list[str]:
    """The spellings of a value: numbers are the same as text, and truth values as numbers."""
    x = meanings.number(value)
    own = str(value).strip() if x is None else f"{x:.17g}"
    return [own, str(int(value))] if isinstance(value, (bool, np.bool_)) else [own]


class Outcomes(NamedTuple):
    """Distinct values of a column, and what each of them says by itself."""

    values: list[Any]
    codes: NDArray[Any]  # of each row that has a value
    tokens: list[Any]  # what the tables call them, each once
    which: NDArray[np.int64]  # the token of each value
    used: frozenset[str]  # keys of the mapping that occur

    @classmethod
    def of(cls, column: Any, terms: Terms, items: Any = None, name: str = "outcome") -> Outcomes:
        """Look at the distinct values; ValueError if one is null.

        What is the label of one of the items is never taken for a gap.
        """
        values, codes = distinct(column, name)
        targets, named = terms.targets(), names_of(terms)
        if not targets and len(values) > _MANY and isinstance(values[0], float):
            tokens, which = meanings.of_numbers(np.array(values))
            return cls(values, codes, tokens, which, frozenset())
        used: set[str] = set()
        found: list[Any] = []
        unknown = 0
        for value in values:
            token: Any = named.get(value.strip()) if isinstance(value, str) else None
            key = next((k for k in _keys(value) if k in targets), None) if targets else None
            if key is not None:
                used.add(key)
                token = targets[key]
            elif token is None:
                token = meanings.token(value, unknown > _MANY)
                unknown += token is None
                gap = token in meanings.NO_RESULT or token in meanings.MISSING
                if gap and value in terms.known:
                    gap = False
                if gap and (items is None or value not in items.tolist()):
                    token = NO_RESULT if token in meanings.NO_RESULT else NO_OUTCOME
            found.append(token)
        tokens = list(dict.fromkeys(found))
        at = {token: k for k, token in enumerate(tokens)}
        which = np.fromiter((at[token] for token in found), np.int64, len(found))
        return cls(values, codes, tokens, which, frozenset(used))

    @classmethod
    def none(cls) -> Outcomes:
        """Of no row."""
        return cls([], np.empty(0, np.int64), [], np.empty(0, np.int64), frozenset())

    def gaps(self) -> tuple[NDArray[np.int64], list[Gap]]:
        """For each row the place of its gap in the list, -1 where there is an outcome."""
        gaps = [t for t in self.tokens if isinstance(t, Gap)]
        place = [gaps.index(t) if isinstance(t, Gap) else -1 for t in self.tokens]
        return np.array(place, np.int64)[self.which][self.codes], gaps

    def silent(self) -> set[str]:
        """Words that say nothing."""
        gaps = [k for k, t in enumerate(self.tokens) if t in (NO_OUTCOME, NO_RESULT)]
        at = np.flatnonzero(np.isin(self.which, gaps)).tolist() if gaps else []
        return {str(self.values[k]) for k in at}

    def require(self, name: str = "outcome") -> None:
        """Refuse a gap."""
        which, gaps = self.gaps()
        if gaps and (which >= 0).any():
            at = int(np.argmax(which >= 0))
            fail(name, "a value is missing", at, self.values[self.codes[at]])

    def standing(self, first: Encoded, second: Encoded, is_text: bool = False) -> NDArray[np.int8]:
        """For each row: 1 its value is the label of first, 0 of second, -1 of neither.

        `is_text`: labels that are text may be integers, for which only all of them together tell.
        """
        out = np.full(len(self.codes), -1, np.int8)
        may = [not isinstance(t, (Gap, Mapped)) and t not in meanings.SOFT for t in self.tokens]
        asked = np.flatnonzero(np.array(may, bool)[self.which]).tolist()
        position = _places(first.items, [self.values[k] for k in asked], is_text)
        item = np.full(len(self.values), -1, np.int64)
        for k in asked:
            item[k] = position.get(_label(self.values[k], position), -1)
        if (item >= 0).any():
            winner = item[self.codes]
            out[winner == second.codes] = 0
            out[winner == first.codes] = 1
        return out

    def scores(self, reading: Reading, standing: NDArray[np.int8] | None) -> NDArray[np.float64]:
        """Scores of the rows in one reading, NaN where there is none."""
        score = np.array([score_of(t, reading) for t in self.tokens], np.float64)[self.which]
        for soft, of in meanings.SOFT.items():
            if soft in self.tokens and reading in TOGETHER and soft in TOGETHER[reading]:
                here = np.flatnonzero(self.which == self.tokens.index(soft))
                score[here] = of(np.array([meanings.number(self.values[k]) for k in here.tolist()]))
        out = score[self.codes]
        if reading == LABELS and standing is not None:
            out = np.where(standing >= 0, standing, out)
        return out


def names_of(terms: Terms) -> dict[str, Said]:
    """The names of the two columns of items, where they are told apart."""
    one, other = terms.first, terms.second
    if not (isinstance(one, str) and isinstance(other, str)) or one.strip() == other.strip():
        return {}
    return {one.strip(): Said(1.0), other.strip(): Said(0.0)}


def score_of(token: Any, reading: Reading) -> float:
    """The score that a token has in a reading; NaN if it has none."""
    if isinstance(token, Mapped):
        return token.mapped
    if reading == LABELS:
        return 0.5 if token in TIES else np.nan
    if isinstance(token, Said):
        return token.score
    if isinstance(token, Gap):
        return np.nan
    return ALWAYS.get(token, TOGETHER[reading].get(token, np.nan))


_FEW = 64  # values that are looked for one by one among many labels


def _places(items: NDArray[Any], values: list[Any], is_text: bool) -> dict[Any, int]:
    """The place of each label among the items; of many, those that the values could be."""
    numbers = {x for v in values if (x := _whole(v)) is not None}
    if len(items) <= _FEW * len(values) or len(values) > _FEW:
        position = {label: i for i, label in enumerate(items.tolist())}
    elif items.dtype == object:
        wanted = {x for v in values if isinstance(v, str) for x in (v, v.strip())}
        wanted |= {str(n) for n in numbers} if is_text else set()
        position = {label: i for i, label in enumerate(items.tolist()) if label in wanted}
    else:
        at = {n: np.flatnonzero(items == n) for n in numbers if -(2**63) <= n < 2**63}
        position = {n: int(rows[0]) for n, rows in at.items() if len(rows)}
    if is_text and items.dtype == object:
        position |= {n: position[str(n)] for n in numbers if str(n) in position}
    return position


def _whole(value: Any) -> int | None:
    """A value as an integer, if it is one."""
    if isinstance(value, str):
        text = value.strip()
        return int(text) if text.lstrip("-").isdecimal() and len(text) < 30 else None
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return int(value) if isinstance(value, (int, np.integer)) else None


def _label(value: Any, position: Mapping[Any, int]) -> Any:
    """A value as the label that it would be."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value not in position:
        text = value.strip()
        if text.lstrip("-").isdecimal() and str(int(text)) == text:
            return int(text)
        return text
    return value
