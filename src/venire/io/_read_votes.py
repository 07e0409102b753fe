"""Votes from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import BadValueError
from venire.data.columns import VoteColumnNames, VoteColumns
from venire.data.outcomes import Terms
from venire.data.votes import Votes
from venire.data.votes.frame import frame_rows, gold_shares
from venire.data.votes.gold import gold_of
from venire.data.votes.strata import composed
from venire.io._errors import DataError
from venire.io._read import Progress
from venire.io.assemble import about_rows, gathered
from venire.io.choosing import chosen_in, opened
from venire.io.scanner import Dialect, Scanner

__all__ = ["VotesFile", "read_votes"]

_LABELS = ("first", "second", "pair", "group", "by", "teacher")


class VotesFile(NamedTuple):
    """What a file of votes holds.

    Attributes
    ----------
    votes : Votes
    gold : ndarray of float64, shape (n_pairs,), or None
        Share that each pair's first item truly got, NaN where the file does not say.
    """

    votes: Votes
    gold: NDArray[np.float64] | None


def read_votes(
    path: Any,
    columns: VoteColumns | None = None,
    *,
    dialect: Dialect | None = None,
    strength: float = 1.0,
    n_threads: int | None = None,
    progress: Progress | None = None,
    as_shown: bool = False,
    **named: Unpack[VoteColumnNames],
) -> VotesFile:
    """Read teachers' votes from a file.

    Parameters
    ----------
    path : path-like, binary file, list of them, or Scanner
        As in `read_comparisons`.
    columns : VoteColumns, optional
        What its columns say. In text files labels that all are written as integers become integers.
    dialect : Dialect, optional
        How text files are written; default: what their first rows say.
    strength : float, default 1.0
        As in `Votes`.
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    as_shown : bool, default False
        As in `Votes.from_frame`.
    **named
        The arguments of `VoteColumns` one by one, instead of `columns`. What is missing is
        found by the names of the columns and by what stands in them; `taken` says what was.

    Returns
    -------
    VotesFile

    Raises
    ------
    DataError
        If the file cannot be read or holds a bad value; the message names file, row and column.
    TypeError
        As for `VoteColumns`.

    Examples
    --------
    >>> import venire as vn
    >>> votes, gold = vn.io.read_votes(
    ...     "votes.csv", pair="item", teacher="judge", vote="vote", gold="gold"
    ... )  # doctest: +SKIP
    """
    scanner = opened(path, dialect)
    found = chosen_in(scanner, VoteColumns, columns, named)
    chosen = found.columns
    names = chosen.in_file().names
    labels = {argument: names[argument] for argument in _LABELS if argument in names}
    with about_rows(scanner.path, names, scanner.place):
        frame, place = _frame(scanner, labels, names, n_threads, progress)
        coded: dict[str, Any] = {a: f"\0{a}" for a in labels}
        own = chosen.shown_as_written() if as_shown else chosen
        own = replace(own, gold=None, **coded)
        rows = frame_rows(frame, own, strength, (chosen.first, chosen.second))
        votes = Votes.from_rows(rows, n_threads)
        votes.taken = found.said(rows.taken(chosen, *scanner.notes))
        truth = None
        terms = Terms(chosen.mapping, chosen.first, chosen.second, signed=True)
        if chosen.gold is not None:
            shares = gold_shares(frame[chosen.gold], terms)
            truth = _gold(votes, shares, frame, [*labels], place)
        return VotesFile(votes, truth)


def _frame(
    scanner: Scanner,
    labels: Mapping[str, str],
    names: Mapping[str, str],
    n_threads: int | None,
    progress: Progress | None,
) -> tuple[dict[str, Any], Callable[[NDArray[Any]], NDArray[Any]]]:
    """The columns, labels coded as they are read, and a function that drops repeated rows."""
    source = scanner.tables(names, [a for a in names if a not in _NUMBERS])

    texts = labels if source.is_text else ()
    frame = gathered(source.pieces, names, [*labels], texts, n_threads, source.heard(progress))
    if frame is None:
        raise DataError(scanner.path, "holds no rows")
    keys = [frame[f"\0{a}"].codes for a in labels if a != "teacher"]

    def once(values: NDArray[Any]) -> NDArray[Any]:
        known = np.flatnonzero(~np.isnan(values))
        stacked = np.stack([*(k[known] for k in keys), values[known]], axis=1)
        _, at = np.unique(stacked, axis=0, return_index=True)
        return known[np.sort(at)]

    return frame, once


_NUMBERS = ("weight", "swapped", "probabilities0", "probabilities1", "probabilities2")


def _gold(
    votes: Votes,
    shares: NDArray[np.float64],
    frame: Mapping[str, Any],
    labels: list[str],
    once: Callable[[NDArray[Any]], NDArray[Any]],
) -> NDArray[np.float64]:
    """Gold of the rows as one share for each pair that has votes."""
    rows = once(shares)
    columns = []
    for argument in ("group", "first", "second") if "first" in labels else ("pair",):
        if argument in labels:
            coded = frame[f"\0{argument}"]
            columns.append(coded.items[coded.codes[rows]])
    if votes.strata is not None and votes.strata.divides:
        by = frame["\0by"]
        columns[0] = composed(columns[0], by.items[by.codes[rows]])
    names = votes.names
    if names.pairs is not None:  # a pair whose votes are all missing is none
        keep = np.isin(columns[0], names.pairs)
        columns, rows = [c[keep] for c in columns], rows[keep]
    try:
        return gold_of(votes, (*columns, shares[rows]))
    except BadValueError as error:
        if error.position is not None:
            error.position = int(rows[error.position])
        raise
