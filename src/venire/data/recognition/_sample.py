"""A sample of a table: what its columns are called, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import BadInput
from venire.data.coding import Encoded, encode
from venire.data.naming import key
from venire.data.outcomes import Terms, outcome_scores
from venire.data.recognition._names import SIDES, THIRD, WON, Names
from venire.data.series import is_missing

__all__ = ["Column", "Sample", "Sides"]

_FEW = 12  # distinct values of a column of outcomes, at least so many may be
_TEXT = 80  # characters, on average, above which a column holds texts rather than labels
_UNREAD = 12  # distinct values that a column of outcomes may have and nobody can read


class Column:
    """One column: its name, and what stands in it."""

    def __init__(self, name: Any, values: Sequence[Any]) -> None:
        self.name = name
        self.key = key(name)
        self._given = values

    def is_called(self, names: Names) -> bool:
        """Whether its name is one of these."""
        return names.has(self.key)

    @cached_property
    def values(self) -> list[Any]:
        """The values, missing ones as None."""
        return [None if is_missing(v) else v for v in self._given]

    @cached_property
    def present(self) -> list[Any]:
        """The values that are not missing."""
        return [v for v in self.values if v is not None]

    @cached_property
    def labels(self) -> list[Any] | None:
        """The values as labels, integers where all are written so; None if they are none."""
        kinds = {type(v) for v in self.present}
        if bool in kinds or any(issubclass(t, (list, dict, tuple, set, bytes)) for t in kinds):
            return None
        if any(issubclass(t, (float, np.floating)) for t in kinds):
            try:
                if not all(float(v).is_integer() for v in self.present):
                    return None
            except (OverflowError, TypeError, ValueError):  # beyond doubles, or words among numbers
                return None
            return [None if v is None else int(v) for v in self.values]
        texts = [None if v is None else str(v).strip() for v in self.values]
        if all(t is None or (t.lstrip("-").isdecimal() and len(t) < 18) for t in texts):
            return [None if t is None else int(t) for t in texts]
        if kinds == {str} and self.numbers is not None:
            return None  # fractions
        return texts

    @cached_property
    def distinct(self) -> set[Any]:
        """The labels that occur."""
        return set(self.labels or ()) - {None}

    @cached_property
    def is_numeric(self) -> bool:
        """Whether the labels are numbers."""
        return all(isinstance(v, int) for v in self.distinct)

    @cached_property
    def is_text(self) -> bool:
        """Whether it holds texts that somebody wrote, long and hardly ever the same."""
        texts = [v for v in self.present if isinstance(v, str)]
        if not texts:
            return bool(self.present) and self.labels is None
        return sum(map(len, texts)) > _TEXT * len(texts)

    @cached_property
    def repeats(self) -> bool:
        """Whether labels come back, as those of judges and of questions do."""
        return not self.present or 10 * len(self.distinct) <= 9 * len(self.present)

    @cached_property
    def numbers(self) -> NDArray[np.float64] | None:
        """The values as numbers, NaN where there is none; None if some are no numbers."""
        if any(isinstance(v, (complex, np.complexfloating)) for v in self.present):
            return None
        try:
            return np.array([np.nan if v is None else float(v) for v in self.values])
        except (TypeError, ValueError, OverflowError):
            return None

    def is_within(self, low: float, high: float) -> bool:
        """Whether it holds numbers of this range, and no others."""
        x = self.numbers
        if x is None:
            return False
        x = x[~np.isnan(x)]
        return not len(self.values) or bool(len(x) and x.min() >= low and x.max() <= high)

    @property
    def is_words(self) -> bool:
        """Whether it holds text that is no number."""
        return bool(self.present) and self.numbers is None

    @property
    def is_counts(self) -> bool:
        """Whether it may count something."""
        return self.is_within(0, np.inf)

    @property
    def is_few(self) -> bool:
        """Whether it holds a few values again and again, as columns of outcomes do."""
        return 0 < len(set(map(str, self.present))) <= max(_FEW, len(self.present) // 4)

    def says_like(self, other: Column) -> bool:
        """Whether the labels of the two are the same under other names."""
        if self.labels is None or other.labels is None:
            return False
        rows = set(zip(self.labels, other.labels, strict=True))
        return len(rows) == len({a for a, _ in rows}) == len({b for _, b in rows})


class Sides(NamedTuple):
    """Two columns that are two sides of one thing."""

    first: Column
    second: Column
    base: str  # what the names have in common
    marks: tuple[str, str]

    @property
    def turned(self) -> Sides:
        """The same, from the other side."""
        return Sides(self.second, self.first, self.base, self.marks[::-1])

    @property
    def says_who_won(self) -> bool:
        """Whether the sides are those of who won and who lost."""
        return self.marks in WON or self.marks[::-1] in WON

    @property
    def third(self) -> str:
        """The key that a third side would have; empty if there is none."""
        word = THIRD.get(self.marks[1], "")
        return self.first.key.replace(self.marks[0], word) if word else ""

    @property
    def named(self) -> str:
        """Both names."""
        return f"{self.first.name} and {self.second.name}"


class Sample:
    """Some rows of all columns.

    Parameters
    ----------
    columns : mapping of name to sequence
        Values of the same rows.
    """

    def __init__(self, columns: Mapping[Any, Sequence[Any]]) -> None:
        n_rows = min((len(values) for values in columns.values()), default=0)
        self.columns = {n: Column(n, values[:n_rows]) for n, values in columns.items()}
        self.n_rows = n_rows

    @property
    def names(self) -> list[Any]:
        """The names of the columns."""
        return list(self.columns)

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns.values())

    @cached_property
    def _by_key(self) -> dict[str, list[Column]]:
        found: dict[str, list[Column]] = {}
        for column in self:
            if column.key:
                found.setdefault(column.key, []).append(column)
        return found

    def called(self, name: str) -> Column | None:
        """The column of a name without case and signs."""
        return self._by_key.get(name, [None])[0]

    @cached_property
    def sides(self) -> list[Sides]:
        """All pairs of columns whose names differ in the word for the side alone."""
        by_key = self._by_key
        found: dict[tuple[int, int], Sides] = {}
        for name, columns in by_key.items():
            for one, other in SIDES:
                for before, after in _without(name, one):
                    for partner in by_key.get(before + other + after, ()):
                        if partner is not columns[0]:
                            pair = Sides(columns[0], partner, before + after, (one, other))
                            found.setdefault((id(pair.first), id(pair.second)), pair)
        return list(found.values())

    def scores(
        self, outcome: Column, first: Column, second: Column, mapping: Any = None
    ) -> NDArray[np.float64]:
        """Scores of first that a column of outcomes says, NaN where nobody knows."""
        out = np.full(self.n_rows, np.nan)
        if first.labels is None or second.labels is None:
            return out
        rows = [
            i
            for i, cells in enumerate(zip(outcome.values, first.labels, second.labels, strict=True))
            if None not in cells
        ]
        one = first.is_numeric and second.is_numeric
        for _ in range(_UNREAD):
            if not rows:
                break
            sides = [
                [c.labels[i] if one else str(c.labels[i]) for i in rows]  # type: ignore[index]
                for c in (first, second)
            ]
            items, a, b = encode(np.array(sides[0]), np.array(sides[1]), None, 1)
            values = [outcome.values[i] for i in rows]
            try:
                terms = Terms(mapping, first.name, second.name)
                out[rows], _ = outcome_scores(values, terms, Encoded(items, a), Encoded(items, b))
                break
            except BadInput as error:
                if error.position is None:
                    break
                bad = values[error.position]
                rows = [i for i, value in zip(rows, values, strict=True) if value != bad]
        return out


def _without(name: str, word: str) -> Iterator[tuple[str, str]]:
    """What stands before and after each occurrence of a word in a name."""
    if not word:
        yield "", name
        return
    at = -1
    with suppress(ValueError):
        while True:
            at = name.index(word, at + 1)
            yield name[:at], name[at + len(word) :]
