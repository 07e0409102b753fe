"""Comparisons from files."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._checks import BadTypeError, BadValueError
from venire._frames import Rows, columns
from venire._labels import Encoded, Encoder
from venire.io import _tables_in
from venire.io._errors import DataError

if TYPE_CHECKING:
    from venire.comparisons import Comparisons

__all__ = ["read_comparisons", "read_rows"]

Progress = Callable[[int, int], None]


def read_comparisons(
    path: str | os.PathLike[str],
    *,
    first: str,
    second: str,
    outcome: str | None = None,
    mapping: Mapping[Any, Any] | None = None,
    score: str | None = None,
    first_score: str | None = None,
    second_score: str | None = None,
    win: str | None = None,
    loss: str | None = None,
    tie: str | None = None,
    weight: str | None = None,
    order: str | None = None,
    neutral: str | None = None,
    cluster: str | None = None,
    items: Any = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Comparisons:
    """Read comparisons from a file.

    Parameters
    ----------
    path : path-like
        ``.csv``, ``.tsv``, ``.jsonl`` (also with ``.gz``), ``.parquet``, ``.arrow``, ``.feather``;
        with another name the first bytes decide.
    first, second : str
        Columns of labels. In text files labels that all are written as integers become integers.
    outcome, mapping, score, first_score, second_score, win, loss, tie : optional
        Which columns say who won, as for `Comparisons.from_frame`.
    weight, order, neutral, cluster : str, optional
        Further columns, as for `Comparisons.from_frame`.
    items : array_like, optional
        Labels of all items; the default is those that occur.
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.

    Returns
    -------
    Comparisons

    Raises
    ------
    DataError
        If the file cannot be read or holds a bad value; the message names file, row and column.

    Notes
    -----
    Text labels are coded as they are read, row group by row group: the strings of a large Parquet
    file are never in memory at once.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.io.read_comparisons(
    ...     "games.csv", first="home", second="away", outcome="result"
    ... )  # doctest: +SKIP
    """
    from venire.comparisons import Comparisons

    arguments = {
        "outcome": outcome,
        "mapping": mapping,
        "score": score,
        "first_score": first_score,
        "second_score": second_score,
        "win": win,
        "loss": loss,
        "tie": tie,
        "weight": weight,
        "order": order,
        "neutral": neutral,
        "cluster": cluster,
    }
    rows = read_rows(
        path, arguments, first=first, second=second, items=items, n_threads=n_threads,
        progress=progress,
    )  # fmt: skip
    try:
        return Comparisons.from_rows(rows, n_threads=n_threads)
    except ValueError as error:
        raise _located(path, error, rows.source) from None


def read_rows(
    path: str | os.PathLike[str],
    arguments: Mapping[str, Any],
    *,
    first: str,
    second: str,
    items: Any = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Rows:
    """Read and check the columns of `read_comparisons`, without aggregating them."""
    names = {"first": first, "second": second} | {
        name: value for name, value in arguments.items() if value is not None and name != "mapping"
    }
    labels = [a for a in ("first", "second", "cluster") if a in names]
    try:
        source = _tables_in.open_tables(path, names, labels)
        pair = Encoder(n_threads=n_threads)
        cluster = Encoder(("cluster",), n_threads=n_threads)
        rest: dict[str, list[Any]] = {names[a]: [] for a in names if a not in labels}
        done = 0
        for piece in source.pieces:
            pair.add(piece[first], piece[second])
            if "cluster" in names:
                cluster.add(piece[names["cluster"]])
            for column, parts in rest.items():
                parts.append(piece[column])
            done += len(piece[first])
            if progress is not None and source.n_rows:
                progress(done, source.n_rows)
        if done == 0:
            raise DataError(path, "holds no rows")
        found, codes = pair.finish()
        as_numbers = source.is_text and (items is None or np.asarray(items).dtype.kind in "iu")
        if as_numbers:
            found, codes = _as_integers(found, codes)
        frame: dict[str, Any] = {column: _tables_in.joined(parts) for column, parts in rest.items()}
        # a column may serve as labels and as something else, so labels have names of their own
        frame["\0first"], frame["\0second"] = Encoded(found, codes[0]), Encoded(found, codes[1])
        if "cluster" in names:
            ids, (id_codes,) = cluster.finish()
            frame["\0cluster"] = Encoded(ids, id_codes)
        own = {a: f"\0{a}" for a in labels}
        rows = columns(frame, **(dict(arguments) | own), items=items, n_threads=n_threads)
        return replace(rows, source=names)
    except DataError:
        raise
    except (BadValueError, BadTypeError) as error:
        raise _located(path, error, names) from None
    except _tables_in.unreadable() as error:
        raise _tables_in.unreadable_error(path, error) from None


def _as_integers(items: np.ndarray, codes: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Text labels that all are written as integers, in one way each, as integers."""
    if items.dtype != object:
        return items, codes
    texts = items.tolist()
    if not all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) for text in texts):
        return items, codes
    numbers = np.array([int(text) for text in texts], np.int64)
    order = np.argsort(numbers)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return numbers[order], [rank[c] for c in codes]


def _located(
    path: str | os.PathLike[str], error: ValueError | TypeError, source: Mapping[str, str]
) -> DataError:
    """The error about a position as one about a row of the file."""
    argument = getattr(error, "argument", "")
    position, reason = getattr(error, "position", None), getattr(error, "reason", "") or str(error)
    if position is None and (match := re.match(r"(\w+)\[(\d+)\] = (.*)", reason)):
        argument, position, reason = match[1], int(match[2]), match[3]
    column = source.get(argument)
    if column is None and argument:
        reason = f"{argument}: {reason}"
    if position is None:
        return DataError(path, reason, column=column)
    line = _tables_in.line_of_row(path, position)
    return DataError(path, reason, row=position + 1, line=line, column=column)
