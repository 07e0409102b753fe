"""Files of votes, added up: one unit after the other, or each as a task.

What others build on::

    units, how, n_rows = units_and_how(
        scanner, how
    )  # what the files are cut into, by the data alone
    part = summed(unit, how)  # a Part: a pure function, of top level, for any process
    total.merge(part)  # in the order of the units
    file = finished(total, how)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire.data.coding import Encoded
from venire.data.columns import VoteColumns
from venire.data.outcomes import Reading, Terms
from venire.data.sifting import EMPTY, NO_LABEL
from venire.data.sums import VoteSums
from venire.data.sums.gold import GoldSums
from venire.data.sums.splitting import Piece
from venire.data.votes import Votes
from venire.data.votes.frame import Told, frame_rows
from venire.io.assemble import about_rows
from venire.io.scanner import Scanner
from venire.io.units import Unit, require_room, rows_at_a_time, unchanged, units_of

__all__ = [
    "How",
    "Part",
    "finished",
    "n_rows_of",
    "reading_of",
    "summed",
    "units_and_how",
]

LABELS = ("first", "second", "pair", "group", "by", "teacher")
_NUMBERS = ("weight", "swapped", "probabilities0", "probabilities1", "probabilities2")

Heard = Callable[[int], None]  # of further rows
PartPiece = tuple[Piece, "Part | None"]  # votes, and what is of all rows


@dataclass(frozen=True)
class How:
    """How the rows of all units are read and added."""

    columns: VoteColumns
    as_shown: bool = False
    strength: float = 1.0
    is_text: bool = False  # some labels come from text files
    reading: Reading | None = None  # of votes
    known: frozenset[str] = frozenset()  # labels of items that are words without a meaning, too
    memory: int | None = None  # bytes that the process may need
    n_threads: int | None = None

    @cached_property
    def names(self) -> dict[str, str]:
        """The column of each argument."""
        return self.columns.in_file().names

    @cached_property
    def labels(self) -> list[str]:
        """The arguments that are labels."""
        return [a for a in LABELS if a in self.names]

    @cached_property
    def terms(self) -> Terms:
        """What is told of the columns of votes."""
        c = self.columns
        return Terms(c.mapping, c.first, c.second, True, self.known, self.is_text)

    @property
    def is_exact(self) -> bool:
        """Whether sums are of whole numbers, which any order gives the same bits."""
        return bool(self.columns.runs) and self.columns.weight is None

    def exact(self, part: Part) -> bool:
        """Whether any order of summing gives the same bits."""
        return self.is_exact

    def within(self, memory: int | None, n_threads: int | None) -> How:
        """The same with other means."""
        return replace(self, memory=memory, n_threads=n_threads)

    def empty(self) -> Part:
        """What no rows add up to."""
        return Part(self)

    def restored(self, piece: PartPiece) -> Part:
        """What `Part.split` gave."""
        sums, rest = piece
        part = Part(self) if rest is None else copy(rest)
        part.sums = VoteSums.from_arrays(*sums)
        return part


class Part:
    """What rows add up to.

    Attributes
    ----------
    sums : VoteSums
    gold : GoldSums or None
    told : Told
        How votes are read.
    n_rows : int
    dropped : Counter of str
        Rows that hold no vote, by reason.
    """

    def __init__(self, how: How) -> None:
        self.sums = VoteSums(is_text=how.is_text, n_threads=how.n_threads)
        self.gold = None if how.columns.gold is None else GoldSums("by" in how.labels)
        self.told = Told(_runs(how), how.terms, how.reading)
        self.n_rows = self.n_read = 0
        self.dropped: Counter[str] = Counter()

    def add(self, how: How, piece: Any) -> None:
        """Add the rows of a piece of the table."""
        names, sums = how.names, self.sums
        own: dict[str, Any] = {a: f"\0{a}" for a in how.labels}
        frame: dict[str, Any] = {
            name: piece[name] for a, name in names.items() if a not in how.labels
        }
        coded: dict[str, Encoded] = {}
        for argument in how.labels:
            if argument == "second":
                continue
            arguments = ("first", "second") if argument == "first" else (argument,)
            found = sums.labels[argument].code(*(piece[names[a]] for a in arguments))
            coded |= dict(zip(arguments, found, strict=True))
        frame |= {own[a]: x for a, x in coded.items()}
        columns = how.columns.shown_as_written() if how.as_shown else how.columns
        columns = replace(columns, gold=None, **own)
        rows = frame_rows(frame, columns, how.strength, told=self.told)
        if self.gold is not None:
            keys = {a: x for a, x in coded.items() if a != "teacher"}
            self.gold.add(keys, frame[names["gold"]], self.n_rows)
        sums.add(rows)
        self.n_read += rows.n_read
        self.dropped += Counter(rows.dropped)
        self.n_rows += piece.num_rows
        self.told.next(piece.num_rows)

    def merge(self, later: Part) -> None:
        """Add the rows of a further part."""
        self.sums.merge(later.sums)
        if self.gold is not None and later.gold is not None:
            self.gold.merge(later.gold, self._labels(), later._labels(), self.n_rows)
        self.told.merge(later.told)
        self.n_rows += later.n_rows
        self.n_read += later.n_read
        self.dropped += later.dropped

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """All that it holds: arrays, and facts of plain types, how votes are read among them."""
        parts = {"sums": self.sums.to_arrays()}
        if self.gold is not None:
            parts["gold"] = self.gold.to_arrays()
        arrays = {f"{p} {name}": x for p, (own, _) in parts.items() for name, x in own.items()}
        facts: dict[str, Any] = {name: own for name, (_, own) in parts.items()}
        facts |= {"told": self.told.facts(), "n_rows": self.n_rows, "n_read": self.n_read}
        return arrays, facts | {"dropped": dict(self.dropped)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Part:
        """The same again, to be merged with others.

        Raises
        ------
        ValueError, TypeError, KeyError
            If that is not what `to_arrays` gave.
        """
        kinds: dict[str, Any] = {"sums": VoteSums, "gold": GoldSums}
        part = cls.__new__(cls)
        found: dict[str, Any] = {}
        for p, kind in kinds.items():
            if p in facts:
                own = {n[len(p) + 1 :]: x for n, x in arrays.items() if n.startswith(f"{p} ")}
                found[p] = kind.from_arrays(own, facts[p])
        part.sums, part.gold = found["sums"], found.get("gold")
        part.told = Told.of_facts(facts["told"])
        part.n_rows = checks.whole(facts["n_rows"], "n_rows", 0, None)
        part.n_read = checks.whole(facts["n_read"], "n_read", 0, None)
        part.dropped = Counter(facts["dropped"])
        if any(type(n) is not int or n < 0 for n in part.dropped.values()):
            raise ValueError("rows that were left out are none")
        if part.gold is not None:
            part.gold.require_labels(part._labels())
        return part

    def split(self, n: int) -> list[PartPiece | None]:
        """In pieces that have no judgment in common; all in the first where there is gold."""
        rest = copy(self)
        rest.sums = VoteSums()
        if self.gold is not None:
            return [(self.sums.to_arrays(), rest), *[None] * (n - 1)]
        return [(x, None if k else rest) for k, x in enumerate(self.sums.split(n))]

    def _labels(self) -> dict[str, Any]:
        return {a: x for a, x in self.sums.labels.items() if len(x) and a != "teacher"}

    @property
    def nbytes(self) -> int:
        """Bytes that they take now."""
        return self.sums.nbytes + (0 if self.gold is None else self.gold.nbytes)

    @property
    def n_cells(self) -> int:
        """Number of judgments."""
        return self.sums.n_cells

    def needed(self) -> int:
        """Bytes that they take at most while they are finished."""
        return self.sums.needed() + (0 if self.gold is None else 6 * self.gold.nbytes)


def _runs(how: How) -> list[str]:
    return [a for a in how.names if a.startswith("vote")]


def units_and_how(scanner: Scanner, how: How) -> tuple[list[Unit], How, int | None]:
    """What the files are cut into, how they are read, and how many rows they have, if known."""
    found, is_text, n_rows = units_of(scanner, how.names, how.labels, _label_names(how))
    return found, replace(how, is_text=is_text), n_rows


def _label_names(how: How) -> list[str]:
    """Arguments whose columns are coded as text where they are stored so."""
    return [a for a in how.names if a not in _NUMBERS]


def summed(
    unit: Unit,
    how: How,
    into: Part | None = None,
    heard: Heard = lambda n: None,
    scanner: Scanner | None = None,
) -> Part:
    """What the rows of a unit add up to.

    Parameters
    ----------
    unit : Unit
    how : How
    into : Part, optional
        That of the rows before, to which these are added.
    heard : callable, optional
        Called with the number of rows of each piece.
    scanner : Scanner, optional
        Of the unit's file; it collects notes.

    Raises
    ------
    DataError
        If the file cannot be read, has changed, or holds a bad value; it says which.
    """
    part = Part(how) if into is None else into
    before = part.n_rows
    place = lambda at: (unit.path, unit.start + part.n_rows - before + at)  # noqa: E731
    with unchanged(unit), about_rows(unit.path, how.names, place):
        tables = unit.tables(
            how.names, rows_at_a_time(how.memory, len(how.names)), _label_names(how), scanner
        )
        for piece in tables.pieces:
            if piece.num_rows:
                part.add(how, piece)
                require_room(unit, how.memory, part, "judgments")
                heard(piece.num_rows)
    return part


def n_rows_of(unit: Unit, how: How) -> int:
    """How many rows a unit has."""
    names = {"teacher": how.names["teacher"]}
    pieces = unit.tables(names, rows_at_a_time(None, 1), _label_names(how)).pieces
    return sum(piece.num_rows for piece in pieces)


def reading_of(part: Part, how: How) -> tuple[How, tuple[str, ...], bool]:
    """How votes are to be read, what is to be said of it, and whether they were read so.

    Raises
    ------
    ValueError
        If there is no one way; positions count over all rows.
    """
    if how.reading is not None or not _runs(how):
        notes = part.told.notes() if _runs(how) else ()
        return how, notes, True
    known = frozenset[str]()
    if part.told.gaps and part.sums.labels["first"].labels.dtype == object:
        known = frozenset(part.told.gaps) & frozenset(part.sums.labels["first"].labels.tolist())
    if known - how.known:
        return replace(how, known=known), (), False
    if not any(survey.seen for survey in part.told.surveys):
        fail(_runs(how)[0], "holds no vote")
    reading, notes = part.told.settle()
    return replace(how, reading=reading), notes, part.told.is_right(reading)


def finished(part: Part, how: How) -> tuple[Votes, NDArray[np.float64] | None]:
    """The votes, and the truth if there is a column of it.

    Raises
    ------
    ValueError
        If a truth is none, or a pair has two; positions count over all rows.
    """
    if part.sums.n_votes == 0 and _runs(how):
        fail(_runs(how)[0], "holds no vote")
    labels = {a: x for a, x in part.sums.labels.items() if a in how.labels and a != "teacher"}
    votes = part.sums.finish()
    if part.gold is None:
        return votes, None
    terms = how.terms._replace(is_text=False)
    return votes, part.gold.finish(votes, labels, terms, how.is_text)


def dropped_in_order(dropped: Counter[str]) -> dict[str, int]:
    """Rows without a label first, as they are left out before votes are looked at."""
    return dict(sorted(dropped.items(), key=lambda item: item[0] not in (EMPTY, NO_LABEL)))
