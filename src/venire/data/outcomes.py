"""Outcomes in words: who won, as a score of first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, NoReturn

import numpy as np

from venire._core.checks import fail
from venire.data.coding import Encoded
from venire.data.series import distinct

__all__ = ["Survey", "outcome_scores", "survey", "truths"]

Reading = Literal["words", "labels"]
Place = tuple[int, Any] | None

# What needs no mapping, in lower case. "H", "A" and "D" (home, away, draw) do need one: "A" is the
# first item in other data. "A" is understood only beside "B".
_WORDS = {
    1.0: ("first", "win", "won", "w", "a", "model_a", "left", "1", "1.0", "true"),
    0.0: ("second", "loss", "lose", "lost", "l", "b", "model_b", "right", "0", "0.0", "false"),
    0.5: ("tie", "tied", "draw", "drawn", "d", "equal", "tie (bothbad)", "0.5"),
}
_SCORES = {word: score for score, words in _WORDS.items() for word in words}
_TARGETS = {"first": 1.0, "second": 0.0, "tie": 0.5, "win": 1.0, "loss": 0.0, "draw": 0.5}
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")
_NO_MEANING = (
    "is neither first, second, tie (or another known word or number) nor the label of one of the "
    "two items"
)
_CURE = "give a mapping that says what it means"


class Survey(NamedTuple):
    """What decides how a column of outcomes is read: the columns of many files, piece by piece.

    Each place is the position of a row and the value found there, None if there is none.
    """

    n_rows: int
    no_word: int  # rows that hold no word
    no_label: int  # rows that hold neither the winner's label nor a word for a tie
    first_no_word: Place
    first_no_label: Place
    clash: Place  # both readings are possible here, and differ
    away: Place  # the word "A"
    has_b: bool

    def __add__(self, other: Survey) -> Survey:  # type: ignore[override]
        """Both, the rows of `other` after those of this one."""

        def moved(place: Place) -> Place:
            return None if place is None else (place[0] + self.n_rows, place[1])

        return Survey(
            self.n_rows + other.n_rows,
            self.no_word + other.no_word,
            self.no_label + other.no_label,
            self.first_no_word or moved(other.first_no_word),
            self.first_no_label or moved(other.first_no_label),
            self.clash or moved(other.clash),
            self.away or moved(other.away),
            self.has_b or other.has_b,
        )

    def reading(self) -> Reading:
        """Whether the column holds words or the winners' labels; ValueError if that is not clear.

        Neither reading may fit every row: the one that gets further then says where it breaks.
        """
        if not self.no_word and not self.no_label and self.clash is not None:
            _unclear(self.clash, "could be a score or the winner's label")
        if not self.no_label:
            return "labels"
        if not self.no_word:
            if self.away is not None and not self.has_b:
                _unclear(self.away, "could be the first item or the away side")
            return "words"
        at, value = (
            self.first_no_word if self.no_word <= self.no_label else self.first_no_label
        ) or (0, None)
        fail("outcome", _NO_MEANING, at, value, cure=_CURE)


def survey(outcome: Any, first: Encoded, second: Encoded) -> Survey:
    """Look at a column, or a piece of one, that no mapping explains.

    Parameters
    ----------
    outcome : narwhals series or array_like of shape (n,)
    first, second : Encoded
        The two items of each row, over one array of items.
    """
    values, codes = distinct(outcome, "outcome")
    return _survey(values, codes, *_readings(values, codes, None, first, second))


def outcome_scores(
    outcome: Any,
    mapping: Mapping[Any, Any] | None,
    first: Encoded,
    second: Encoded,
    reading: Reading | None = None,
) -> np.ndarray:
    """Scores of first from a column of outcomes.

    With a mapping, a value counts as the mapping says; one that it lacks must be the label of one
    of the row's two items, the winner. Without a mapping the column is read as words (first,
    second, tie, win, loss, draw, W, L, D, A with B, model_a, model_b, left, right in any case, the
    numbers 1, 0.5 and 0, or truth values) if it holds nothing else, and as the winner's labels
    if every row holds one of its two labels or a word for a tie. Where both readings are
    possible and differ, only a mapping can tell: an error.

    Parameters
    ----------
    outcome : narwhals series or array_like of shape (n,)
    mapping : mapping of value to float or str, or None
        To a score in [0, 1] or to "first", "second" or "tie".
    first, second : Encoded
        The two items of each row, over one array of items.
    reading : {"words", "labels"}, optional
        How to read the column where no mapping does; the default is what its rows say. A piece of a
        column is read as the `Survey` of the whole says.

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    ValueError
        If an outcome is missing or has no meaning, with its position.
    """
    targets = None if mapping is None else _targets(mapping)
    values, codes = distinct(outcome, "outcome")
    words, labels = _readings(values, codes, targets, first, second)
    if targets is not None:
        why = f"is not in the mapping ({', '.join(repr(k) for k in targets)})"
        return _known(np.where(np.isnan(words), labels, words), values, codes, why)
    if reading is None:
        reading = _survey(values, codes, words, labels).reading()
    scores = words if reading == "words" else labels
    return _known(scores, values, codes, _NO_MEANING, _CURE)


def _readings(
    values: list[Any],
    codes: np.ndarray,
    targets: Mapping[Any, float] | None,
    first: Encoded,
    second: Encoded,
) -> tuple[np.ndarray, np.ndarray]:
    """The scores that a column has when read as words and as labels, NaN where it has none."""
    meaning = [_score_of(value, targets) for value in values]
    words = np.array([np.nan if m is None else m for m in meaning])[codes]
    position = {label: i for i, label in enumerate(first.items.tolist())}
    item = np.array([position.get(_label(v, position), -1) for v in values], np.int64)
    labels = np.full(len(codes), np.nan)
    if (item >= 0).any():
        winner = item[codes]
        labels[winner == second.codes] = 0.0
        labels[winner == first.codes] = 1.0
    if targets is None:
        labels = np.where(np.isnan(labels) & (words == 0.5), 0.5, labels)
    return words, labels


def _survey(values: list[Any], codes: np.ndarray, words: np.ndarray, labels: np.ndarray) -> Survey:
    def first_of(rows: np.ndarray) -> Place:
        return (at := int(np.argmax(rows)), values[codes[at]]) if rows.any() else None

    no_word, no_label = np.isnan(words), np.isnan(labels)
    lower = [str(v).strip().lower() for v in values]
    return Survey(
        len(codes),
        int(no_word.sum()),
        int(no_label.sum()),
        first_of(no_word),
        first_of(no_label),
        first_of(~no_word & ~no_label & (words != labels)),
        first_of(np.isin(codes, [k for k, word in enumerate(lower) if word == "a"])),
        "b" in lower,
    )


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


def _targets(mapping: Mapping[Any, Any]) -> dict[Any, float]:
    """The mapping with every target as a score."""
    out: dict[Any, float] = {}
    for value, target in mapping.items():
        word = target.strip().lower() if isinstance(target, str) else target
        try:
            score = float(_TARGETS.get(word, word))
        except (TypeError, ValueError):
            score = np.nan
        if not 0.0 <= score <= 1.0:
            rule = "must be a score in [0, 1], or 'first', 'second' or 'tie'"
            fail(f"mapping[{value!r}]", rule, value=target)
        out[value] = score
        out.setdefault(_key(value), score)  # the column may hold 1.0 where the mapping says "1"
    return out


def _key(value: Any) -> str:
    """One spelling of a value, whether it came as a number or as text."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _score_of(value: Any, targets: Mapping[Any, float] | None) -> float | None:
    """Score of one distinct outcome, None if nothing says what it is."""
    if targets is None:
        if isinstance(value, str):
            return _SCORES.get(value.strip().lower())
        return float(value) if value in (0, 0.5, 1) else None
    return targets.get(value, targets.get(_key(value)))


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


def _unclear(place: tuple[int, Any], why: str) -> NoReturn:
    fail("outcome", why, *place, cure=_CURE)


def _known(
    score: np.ndarray, values: list[Any], codes: np.ndarray, why: str, cure: str = ""
) -> np.ndarray:
    """The scores, if every row has one."""
    unknown = np.isnan(score)
    if unknown.any():
        at = int(np.argmax(unknown))
        fail("outcome", why, at, values[codes[at]], cure=cure)
    return score
