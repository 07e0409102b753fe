"""Votes from columns: of a data frame, of a mapping of arrays, or as read from a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.coding import Encoded, encode
from venire.data.columns import VoteColumns
from venire.data.frames import collect
from venire.data.meanings import SHARES
from venire.data.outcomes import NO_OUTCOME, Gap, Outcomes, Reading, Survey, Terms, truths
from venire.data.rows import naming
from venire.data.series import floats, is_full, kept, missing, plain, stacked, taken_at
from venire.data.sifting import EMPTY, placed, sifted
from venire.data.votes.rows import VoteRows, checked_rows

__all__ = ["Run", "Told", "frame_rows", "gold_shares", "settled", "signed"]

_NO_VOTE = "without a vote"
_WHAT = ("first", "second", "pair", "group", "by", "teacher")


def frame_rows(
    frame: Any,
    columns: VoteColumns,
    strength: float = 1.0,
    called: tuple[Any, Any] | None = None,
    told: Told | None = None,
) -> VoteRows:
    """Checked rows; see `Votes.from_frame`. The runs of each vote column follow one another.

    `called` are the names of the columns of the two items, where they go by other names here.
    `told` is of rows that are a piece of more, of which there may then be none; it knows how votes
    are read, and is told of these.
    """
    source = {argument: name for argument, name in columns.names.items() if argument != "gold"}
    data = collect(frame, source)
    one, other = called or (columns.first, columns.second)
    terms = Terms(columns.mapping, one, other, signed=True) if told is None else told.terms
    shown = {a: str(name) for a, name in source.items()}
    if columns.probabilities is not None:
        shown["probabilities"] = ", ".join(map(str, columns.probabilities))
    with naming(shown):
        data = dict(zip(data, checks.columns(**data)[1:], strict=True))
        for name, column in data.items():
            if checks.length(column, name) is None:
                fail(name, "must be a column", value=column, kind=TypeError)
        keep, dropped = _sifted(data, columns.skip_missing)
        if keep.all():
            return _rows(data, columns, strength, terms, told)
        rows = VoteRows(0, None)
        if told is None or keep.any():
            data = {argument: kept(column, keep) for argument, column in data.items()}
            with placed(np.flatnonzero(keep)):
                rows = _rows(data, columns, strength, terms, told)
        if told is not None:
            told.among(np.flatnonzero(keep), len(keep))
        lost = {reason: n * max(len(columns.runs), 1) for reason, n in dropped.items()}
        return rows._replace(
            n_read=rows.n_read + sum(lost.values()), dropped={**lost, **rows.dropped}
        )


def _sifted(data: Mapping[str, Any], skip: bool) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """The rows that have labels; a label that is missing is an error, unless all else is, too."""
    if all(is_full(data[a]) for a in _WHAT if a in data):
        return np.ones(checks.length(data["teacher"], "teacher") or 0, bool), {}
    labels = {a: missing(data[a], a) for a in _WHAT if a in data}
    said = [a for a in data if a.startswith(("vote", "probabilities"))]
    gaps = {a: (np.where(missing(data[a], a), 0, -1), [NO_OUTCOME]) for a in said}
    empty = np.logical_and.reduce([*labels.values(), *(place >= 0 for place, _ in gaps.values())])
    lacking = {a: m & ~empty for a, m in labels.items()}
    nothing = {"vote": (np.where(empty, 0, -1), [Gap(EMPTY)])}
    found = sifted(lacking, nothing, skip, data)
    if found.refused is not None:
        raise found.refused
    return found.keep, found.dropped


def _rows(
    data: Mapping[str, Any],
    columns: VoteColumns,
    strength: float,
    terms: Terms,
    told: Told | None,
) -> VoteRows:
    """The rows, all of which have labels."""
    given: dict[str, Any] = {name: plain(data[name]) for name in _WHAT if name in data}
    if "weight" in data:
        given["weight"] = floats(data["weight"], "weight")
    if "swapped" in data:
        given["swapped"] = truths(data["swapped"], "swapped")
    elif columns.swapped is False:
        given["swapped"] = np.zeros(checks.length(data["teacher"], "teacher") or 0, bool)
    if not columns.runs:
        names = [f"probabilities{k}" for k in range(3)]
        stated = np.stack([floats(data[name], name) for name in names], axis=1)
        rows = checked_rows(probabilities=stated, strength=strength, **given)
        return rows._replace(n_read=rows.n)
    runs = [
        Run.of(argument, data[argument], given, terms)
        for argument in data
        if argument[:4] == "vote"
    ]
    votes, notes = signed(runs, terms) if told is None else (told.votes(runs), ())
    parts = []
    for run, name in zip(runs, columns.runs, strict=True):
        part = {a: kept(x, run.keep) for a, x in given.items()}
        if columns.turned is not None:
            part["swapped"] = np.full(int(run.keep.sum()), name == columns.turned)
        parts.append(part)
    total = {a: stacked([p[a] for p in parts]) for a in parts[0]}
    if len(runs) > 1 and "weight" in total and len(votes):  # sums are taken row by row
        order = np.argsort(
            np.concatenate([np.flatnonzero(run.keep) for run in runs]), kind="stable"
        )
        votes, total = votes[order], {a: taken_at(x, order) for a, x in total.items()}
    dropped: Counter[str] = sum((run.dropped for run in runs), Counter())
    if not len(votes):
        if told is None:
            fail(runs[0].argument, "holds no vote")
        return VoteRows(0, None, n_read=dropped.total(), dropped=dict(dropped))
    rows = checked_rows(vote=votes, strength=strength, **total)
    return rows._replace(n_read=rows.n + dropped.total(), dropped=dict(dropped), notes=notes)


class Run(NamedTuple):
    """A column of votes; what is no vote is passed over."""

    argument: str
    found: Outcomes  # of the rows that have a vote
    standing: NDArray[np.int8] | None  # whose label a vote is
    keep: NDArray[np.bool_]  # the rows of the whole column that it has
    dropped: Counter[str]

    @classmethod
    def of(cls, argument: str, column: Any, labels: Mapping[str, Any], terms: Terms) -> Run:
        """The votes in a column; `labels` may have the two items of its rows."""
        n = checks.length(column, argument) or 0
        keep = np.ones(n, bool) if is_full(column) else ~missing(column, argument)
        dropped = Counter[str]()
        pair = [labels[a] for a in ("first", "second") if a in labels]
        if keep.any() and pair:
            if not isinstance(pair[0], Encoded):
                items, *codes = encode(*pair)
                pair = [Encoded(items, c) for c in codes]
            pair = [kept(x, keep) for x in pair]
        found = Outcomes.none()
        if keep.any():
            labels_there = pair[0].items if pair else None
            with placed(np.flatnonzero(keep)):
                found = Outcomes.of(kept(column, keep), terms, labels_there, argument)
        if n := int(len(keep) - keep.sum()):
            dropped[_NO_VOTE] = n
        gaps, why = found.gaps()
        if why and (gaps >= 0).any():
            for k, gap in enumerate(why):
                dropped[_NO_VOTE if gap == NO_OUTCOME else gap.why] += int((gaps == k).sum())
            found = found._replace(codes=found.codes[gaps < 0])
            pair = [kept(x, gaps < 0) for x in pair]
            keep[np.flatnonzero(keep)[gaps >= 0]] = False
        standing = None
        if pair and len(found.codes):
            standing = found.standing(pair[0], pair[1], terms.is_text)
        return cls(argument, found, standing, keep, dropped)

    def signed(self, reading: Reading) -> NDArray[np.int8]:
        """The votes as 1, 0 and -1."""
        score = self.found.scores(reading, self.standing)
        soft = (score != 1.0) & (score != 0.0) & (score != 0.5)
        if soft.any():
            at = int(np.argmax(soft))
            reason = "is no vote for first, second or a tie; shares go into probabilities"
            row, value = np.flatnonzero(self.keep)[at], self.found.values[self.found.codes[at]]
            fail(self.argument, reason, int(row), value)
        return (2 * score - 1).astype(np.int8)


def signed(runs: Sequence[Run], terms: Terms) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    """Votes of all runs as 1, 0 and -1, and what is to be said of how they are read.

    The columns are read as one.
    """
    surveys = [Survey.of(run.found, run.standing) for run in runs]
    rows = [np.flatnonzero(run.keep) for run in runs]
    reading, notes = settled(
        [s.within(at, len(run.keep)) for s, at, run in zip(surveys, rows, runs, strict=True)],
        [run.argument for run in runs], terms,
    )  # fmt: skip
    return np.concatenate([run.signed(reading) for run in runs]), notes


def settled(
    surveys: Sequence[Survey], arguments: Sequence[str], terms: Terms
) -> tuple[Reading, tuple[str, ...]]:
    """How columns of votes are read, as one, and what is to be said of it."""
    whole = reduce(add, surveys)
    starts = np.cumsum([0, *(s.n_rows for s in surveys)])
    try:
        reading = whole.reading(None, terms)
    except BadInput as error:
        k = int(np.searchsorted(starts, error.position or 0, "right")) - 1
        if error.position is not None:
            error.position -= int(starts[k])
        error.argument = arguments[k]
        raise
    return reading, tuple(n.replace("outcome", "vote", 1) for n in whole.notes(reading, terms))


class Told:
    """How the votes of a table that comes in pieces are read.

    They are read as all rows so far say. Whether that is what all rows say is known at the end:
    `settle` says how they are to be read, and that they must be read again if it is not.

    Parameters
    ----------
    arguments : sequence of str
        The columns of votes.
    terms : Terms
    reading : str, optional
        How they are read, where that is known.
    """

    def __init__(
        self, arguments: Sequence[str], terms: Terms, reading: Reading | None = None
    ) -> None:
        self.arguments, self.terms = [*arguments], terms
        self.reading = reading
        self._is_settled = reading is not None
        self._surveys = [Survey(0, {}) for _ in arguments]
        self._latest = [Survey(0, {}) for _ in arguments]
        self._is_stale = False
        self.gaps: set[str] = set()  # words that say nothing, unless they are labels of items

    def votes(self, runs: Sequence[Run]) -> NDArray[np.int8]:
        """Votes of the runs of a piece as 1, 0 and -1; none if it is not known how to read them."""
        self._latest = [
            Survey.of(run.found, run.standing).within(np.flatnonzero(run.keep), len(run.keep))
            for run in runs
        ]
        for run in runs:
            self.gaps |= run.found.silent()
        if self._is_settled:
            assert self.reading is not None
            return np.concatenate([run.signed(self.reading) for run in runs])
        try:
            both = zip(self._surveys, self._latest, strict=True)
            now, _ = settled([a + b for a, b in both], self.arguments, self.terms)
            self._is_stale |= self.reading not in (None, now)
            self.reading = now
            votes = np.concatenate([run.signed(now) for run in runs])
        except BadInput:  # which all rows together will say, or not
            self._is_stale = True
        return self._none(runs) if self._is_stale else votes

    @staticmethod
    def _none(runs: Sequence[Run]) -> NDArray[np.int8]:
        """No votes: the rows are read again."""
        for run in runs:
            run.keep[:] = False
        return np.empty(0, np.int8)

    def among(self, rows: NDArray[np.int64], n_rows: int) -> None:
        """The piece has so many rows; those that were read are these of them."""
        self._latest = [s.within(rows, n_rows) for s in self._latest]

    def next(self, n_rows: int) -> None:
        """A piece of so many rows is done."""
        none = Survey(n_rows, {})
        self._surveys = [
            a + (b if b.n_rows == n_rows else none)
            for a, b in zip(self._surveys, self._latest, strict=True)
        ]
        self._latest = [none for _ in self.arguments]

    @property
    def surveys(self) -> list[Survey]:
        """What the columns hold."""
        return self._surveys

    def settle(self) -> tuple[Reading, tuple[str, ...]]:
        """How all rows are read, and what is to be said; ValueError if there is no one way."""
        return settled(self._surveys, self.arguments, self.terms)

    def notes(self) -> tuple[str, ...]:
        """What is to be said of how they were read."""
        assert self.reading is not None
        whole = reduce(add, self._surveys)
        told = whole.notes(self.reading, self.terms)
        return tuple(n.replace("outcome", "vote", 1) for n in told)

    def merge(self, later: Told) -> None:
        """Add what later rows say."""
        self._surveys = [a + b for a, b in zip(self._surveys, later._surveys, strict=True)]
        different = later.reading is not None and self.reading not in (None, later.reading)
        self._is_stale |= later._is_stale or different
        self.reading = self.reading or later.reading
        self.gaps |= later.gaps

    def facts(self) -> dict[str, Any]:
        """All that they tell, but for the terms."""
        return {
            "arguments": self.arguments, "reading": self.reading, "is_settled": self._is_settled,
            "surveys": self._surveys, "is_stale": self._is_stale, "gaps": sorted(self.gaps),
        }  # fmt: skip

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Told:
        """The same again, to be merged with others; ValueError if that is none of it."""
        texts, reading = (*facts["arguments"], *facts["gaps"]), facts["reading"]
        flags = facts["is_settled"], facts["is_stale"]
        if not all(isinstance(x, str) for x in texts) or not all(type(x) is bool for x in flags):
            raise TypeError("how votes are read is none")
        if not (reading is None or isinstance(reading, str)):
            raise TypeError("how votes are read is none")
        found = cls(facts["arguments"], Terms(), reading)
        found._is_settled, found._is_stale = flags
        found._surveys, found.gaps = [*facts["surveys"]], set(facts["gaps"])
        if [type(x) for x in found._surveys] != [Survey] * len(found.arguments):
            raise TypeError("how votes are read is none")
        return found

    def is_right(self, reading: Reading) -> bool:
        """Whether the rows were read in a way."""
        return not self._is_stale and self.reading in (None, reading)


def gold_shares(
    column: Any, terms: Terms, sides: Mapping[str, Any] | None = None
) -> NDArray[np.float64]:
    """A column of gold as shares of first, NaN where it is missing.

    Words as for votes, and labels of the two items where `sides` has them, first and second;
    numbers from 0 to 1 are shares; 1, 0 and -1 with a -1 among them are votes.
    """
    run = Run.of("gold", column, {} if sides is None else sides, terms)
    out = np.full(len(run.keep), np.nan)
    if run.keep.any():
        with placed(np.flatnonzero(run.keep)):
            try:
                reading = Survey.of(run.found, run.standing).reading(SHARES, terms)
            except BadInput as error:
                error.argument = "gold"
                raise
        out[run.keep] = run.found.scores(reading, run.standing)
    return out
