"""Votes from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadTypeError, BadValueError
from venire.data.coding import Encoded, Encoder
from venire.data.columns import VoteColumnNames, VoteColumns
from venire.data.votes import Votes
from venire.data.votes.frame import frame_rows, gold_shares
from venire.data.votes.gold import gold_of
from venire.data.votes.rows import table_of
from venire.io import tables_in
from venire.io._errors import DataError
from venire.io._read import Path, Progress
from venire.io.assemble import as_integers, located

__all__ = ["VotesFile", "read_votes"]

_LABELS = ("first", "second", "pair", "group", "teacher")


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
    path: Path,
    columns: VoteColumns | None = None,
    *,
    strength: float = 1.0,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **named: Unpack[VoteColumnNames],
) -> VotesFile:
    """Read teachers' votes from a file.

    Parameters
    ----------
    path : path-like
        As in `read_comparisons`.
    columns : VoteColumns, optional
        What its columns say. In text files labels that all are written as integers become integers.
    strength : float, default 1.0
        As in `Votes`.
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    **named
        The arguments of `VoteColumns` one by one, instead of `columns`.

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
    chosen = VoteColumns.of(columns, named)
    names = chosen.in_file().names
    labels = {argument: names[argument] for argument in _LABELS if argument in names}
    try:
        frame, place = _frame(path, labels, names, n_threads, progress)
        coded: dict[str, Any] = {a: f"\0{a}" for a in labels}
        own = replace(chosen, gold=None, **coded)
        votes = Votes._of(table_of(frame_rows(frame, own, strength), checks.n_threads(n_threads)))
        truth = None
        if chosen.gold is not None:
            shares = gold_shares(frame[chosen.gold], chosen.mapping)
            truth = _gold(votes, shares, frame, [*labels], place)
        return VotesFile(votes, truth)
    except DataError:
        raise
    except (BadValueError, BadTypeError) as error:
        raise located(path, error, names) from None
    except tables_in.unreadable() as error:
        raise tables_in.unreadable_error(path, error) from None


def _frame(
    path: Path,
    labels: Mapping[str, str],
    names: Mapping[str, str],
    n_threads: int | None,
    progress: Progress | None,
) -> tuple[dict[str, Any], Callable[[NDArray[Any]], NDArray[Any]]]:
    """The columns, labels coded as they are read, and a function that drops repeated rows."""
    source = tables_in.open_tables(path, names, [a for a in names if a not in _NUMBERS])
    items = [a for a in ("first", "second") if a in labels]
    encoders = {a: Encoder((a,), n_threads=n_threads) for a in labels if a not in items}
    both = Encoder(n_threads=n_threads)
    columns: dict[str, list[Any]] = {
        c: [] for c in dict.fromkeys(c for a, c in names.items() if a not in labels)
    }
    done = 0
    for piece in source.pieces:
        if items:
            both.add(piece[labels["first"]], piece[labels["second"]])
        for argument, encoder in encoders.items():
            encoder.add(piece[labels[argument]])
        for column, parts in columns.items():
            parts.append(piece[column])
        done += len(piece[labels["teacher"]])
        if progress is not None and source.n_rows:
            progress(done, source.n_rows)
    if done == 0:
        raise DataError(path, "holds no rows")
    frame: dict[str, Any] = {c: tables_in.joined(parts) for c, parts in columns.items()}
    coded: dict[str, tuple[NDArray[Any], list[NDArray[Any]]]] = {}
    if items:
        found, codes = both.finish()
        if source.is_text:
            found, codes = as_integers(found, codes)
        coded |= {"first": (found, codes[:1]), "second": (found, codes[1:])}
    for argument, encoder in encoders.items():
        found, codes = encoder.finish()
        coded[argument] = as_integers(found, codes) if source.is_text else (found, codes)
    for argument, (found, codes) in coded.items():
        frame[f"\0{argument}"] = Encoded(found, codes[0])
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
    names = votes._names
    if names.pairs is not None:  # a pair whose votes are all missing is none
        keep = np.isin(columns[0], names.pairs)
        columns, rows = [c[keep] for c in columns], rows[keep]
    try:
        return gold_of(votes, (*columns, shares[rows]))
    except BadValueError as error:
        if error.position is not None:
            error.position = int(rows[error.position])
        raise
