"""Pieces of a table to checked rows, and errors about them to errors about a row of a file."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from venire._core.checks import BadInput, BadTypeError
from venire.data.coding import Encoded
from venire.data.columns import Columns
from venire.data.frames import read_frame
from venire.data.outcomes import Reading
from venire.data.rows import Rows
from venire.data.series import Labels
from venire.io._errors import DataError, readable
from venire.io.scanner import line_of_row
from venire.io.tables import joined

__all__ = [
    "LABELS",
    "about_rows",
    "are_integers",
    "as_integers",
    "gathered",
    "located",
    "rows_of",
]

PAIR = ("first", "second")
LABELS = (*PAIR, "cluster", "group")  # the arguments that hold labels
Path = str | os.PathLike[str]
Piece = Mapping[str, Any]


def rows_of(
    pieces: Iterable[Piece],
    columns: Columns,
    *,
    reading: Reading | None = None,
    is_text: bool = False,
    items: Any = None,
    n_threads: int | None = None,
    may_be_empty: bool = False,
    heard: Callable[[int], None] = lambda n_rows: None,
) -> Rows | None:
    """Code the labels of the pieces as they come, then check all columns together.

    Parameters
    ----------
    pieces : iterable of mapping of str to Arrow column
    columns : Columns
    reading : str, optional
        As in `venire.data.frames.read_frame`.
    is_text : bool
        The labels come from a text file: those that all are written as integers become integers.
    items : array_like, optional
    n_threads : int, optional
    may_be_empty : bool
        As in `read_frame`.

    Returns
    -------
    Rows or None
        None if there is no row.

    Raises
    ------
    ValueError, TypeError
        With positions counted over all pieces.
    """
    names = columns.names
    labels = [a for a in LABELS if a in names]
    texts = ["group"] if is_text else []
    if is_text and (items is None or np.asarray(items).dtype.kind in "iu"):
        texts.append("first")
    frame = gathered(pieces, names, labels, texts, n_threads, heard)
    if frame is None:
        return None
    own: dict[str, Any] = {a: f"\0{a}" for a in labels}
    rows = read_frame(
        frame, replace(columns, **own), reading=reading, called=(columns.first, columns.second),
        items=items, n_threads=n_threads, may_be_empty=may_be_empty,
    )  # fmt: skip
    return rows._replace(source=names)


def gathered(
    pieces: Iterable[Piece],
    names: Mapping[str, str],
    labels: Sequence[str],
    texts: Container[str] = (),
    n_threads: int | None = None,
    heard: Callable[[int], None] = lambda n_rows: None,
    *,
    together: Sequence[str] = PAIR,
) -> dict[str, Any] | None:
    """One table of the pieces, whose labels are coded as they come.

    Parameters
    ----------
    pieces : iterable of mapping of str to Arrow column
    names : mapping of str to str
        The column of each argument.
    labels : sequence of str
        Arguments that are labels.
    texts : container of str
        Those of them that become integers if all are written as integers.
    n_threads : int, optional
    heard : callable
        Called with the number of rows so far.
    together : sequence of str
        Those of the labels that are of the same things.

    Returns
    -------
    dict of str to Arrow column or Encoded, or None
        Labels under "\\0" and their argument (a column may serve as labels and as something else),
        other columns under their names; None if there is no row.
    """
    alone = [(argument,) for argument in labels if argument not in together]
    shared = tuple(argument for argument in together if argument in labels)
    sets = [shared, *alone] if shared else alone
    encoders = [Labels(arguments, n_threads) for arguments in sets]
    rest: dict[str, list[Any]] = {names[a]: [] for a in names if a not in labels}
    n_rows = 0
    for piece in pieces:
        for encoder in encoders:
            encoder.add(*(piece[names[argument]] for argument in encoder.names))
        for column, parts in rest.items():
            parts.append(piece[column])
        n_rows += len(piece[next(iter(names.values()))])
        heard(n_rows)
    if n_rows == 0:
        return None
    frame: dict[str, Any] = {column: joined(parts) for column, parts in rest.items()}
    del rest
    for encoder in encoders:
        found, codes = encoder.finish()
        if encoder.names[0] in texts:
            found, codes = as_integers(found, codes)
        for argument, its in zip(encoder.names, codes, strict=True):
            frame[f"\0{argument}"] = Encoded(found, its)
    return frame


def are_integers(texts: Iterable[str]) -> bool:
    """Whether all texts are integers, written in the one way that integers are."""
    return all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) for text in texts)


def as_integers(items: np.ndarray, codes: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Text labels that all are written as integers, in one way each, as integers."""
    if items.dtype != object:
        return items, codes
    texts = items.tolist()
    if not are_integers(texts):
        return items, codes
    numbers = np.array([int(text) for text in texts], np.int64)
    order = np.argsort(numbers)
    rank = np.full(len(order) + 1, -1, np.int32)  # the last is of what is missing
    rank[order] = np.arange(len(order), dtype=np.int32)
    return numbers[order], [rank[c] for c in codes]


def located(
    path: Path,
    error: ValueError | TypeError,
    names: Mapping[str, str],
    place: Callable[[int], tuple[Path, int]] | None = None,
) -> DataError:
    """The error about a position as one about a row of a file.

    Parameters
    ----------
    path : path-like
        What is read.
    error : ValueError or TypeError
    names : mapping of str to str
        The column of each argument.
    place : callable, optional
        File and row, from 0, of a position; the default is that of the one file `path`.
    """
    if not isinstance(error, BadInput):
        return DataError(path, str(error))
    row = line = None
    if error.position is not None:
        path, row = (path, error.position) if place is None else place(error.position)
        line = line_of_row(path, row)
        row += 1
    return DataError(
        path, error.reason, row=row, line=line, column=names.get(error.argument, error.column),
        value=error.value, argument=error.argument, cure=error.cure, settles=error.settles,
    )  # fmt: skip


@contextmanager
def about_rows(
    path: Path,
    names: Mapping[str, str],
    place: Callable[[int], tuple[Path, int]] | None = None,
) -> Iterator[None]:
    """What is wrong with rows that are read and checked within is a DataError; see `located`."""
    try:
        with readable(path):
            yield
    except DataError:
        raise
    except (ValueError, BadTypeError) as error:
        raise located(path, error, names, place) from None
