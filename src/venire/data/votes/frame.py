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
from venire.data.outcomes import NO_OUTCOME, Gap, Outcomes, Survey, Terms, truths
from venire.data.rows import naming
from venire.data.series import floats, is_full, kept, missing, plain, stacked
from venire.data.sifting import EMPTY, placed, sifted
from venire.data.votes.rows import VoteRows, checked_rows

__all__ = ["Run", "frame_rows", "gold_shares", "signed"]

_NO_VOTE = "without a vote"
_WHAT = ("first", "second", "pair", "group", "by", "teacher")


def frame_rows(
    frame: Any,
    columns: VoteColumns,
    strength: float = 1.0,
    called: tuple[Any, Any] | None = None,
) -> VoteRows:
    """Checked rows; see `Votes.from_frame`. The runs of each vote column follow one another.

    `called` are the names of the columns of the two items, where they go by other names here.
    """
    source = {argument: name for argument, name in columns.names.items() if argument != "gold"}
    data = collect(frame, source)
    one, other = called or (columns.first, columns.second)
    terms = Terms(columns.mapping, one, other, signed=True)
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
            return _rows(data, columns, strength, terms)
        data = {argument: kept(column, keep) for argument, column in data.items()}
        with placed(np.flatnonzero(keep)):
            rows = _rows(data, columns, strength, terms)
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


def _rows(data: Mapping[str, Any], columns: VoteColumns, strength: float, terms: Terms) -> VoteRows:
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
    votes, notes = signed(runs, terms)
    parts = []
    for run, name in zip(runs, columns.runs, strict=True):
        part = {a: kept(x, run.keep) for a, x in given.items()}
        if columns.turned is not None:
            part["swapped"] = np.full(int(run.keep.sum()), name == columns.turned)
        parts.append(part)
    total = {a: stacked([p[a] for p in parts]) for a in parts[0]}
    if not len(votes):
        fail(runs[0].argument, "holds no vote")
    rows = checked_rows(vote=votes, strength=strength, **total)
    dropped: Counter[str] = sum((run.dropped for run in runs), Counter())
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
        standing = found.standing(pair[0], pair[1]) if pair and len(found.codes) else None
        return cls(argument, found, standing, keep, dropped)


def signed(runs: Sequence[Run], terms: Terms) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    """Votes of all runs as 1, 0 and -1, and what is to be said of how they are read.

    The columns are read as one.
    """
    surveys = [Survey.of(run.found, run.standing) for run in runs]
    whole = reduce(add, surveys)
    starts = np.cumsum([0, *(s.n_rows for s in surveys)])
    try:
        reading = whole.reading(None, terms)
    except BadInput as error:
        k = int(np.searchsorted(starts, error.position or 0, "right")) - 1
        if error.position is not None:
            error.position = int(np.flatnonzero(runs[k].keep)[error.position - starts[k]])
        error.argument = runs[k].argument
        raise
    out = []
    for run in runs:
        score = run.found.scores(reading, run.standing)
        soft = (score != 1.0) & (score != 0.0) & (score != 0.5)
        if soft.any():
            at = int(np.argmax(soft))
            reason = "is no vote for first, second or a tie; shares go into probabilities"
            row, value = np.flatnonzero(run.keep)[at], run.found.values[run.found.codes[at]]
            fail(run.argument, reason, int(row), value)
        out.append((2 * score - 1).astype(np.int8))
    notes = tuple(n.replace("outcome", "vote", 1) for n in whole.notes(reading, terms))
    return np.concatenate(out), notes


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
