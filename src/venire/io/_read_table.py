"""Columns of a file, as they stand: labels, numbers, words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from venire._core.checks import fail
from venire.io._errors import DataError
from venire.io.assemble import about_rows, gathered, located
from venire.io.choosing import opened

__all__ = ["TableFile", "read_table"]

Path = str | os.PathLike[str]


class TableFile(NamedTuple):
    """Columns of a file.

    Attributes
    ----------
    columns : dict of str to ndarray or Arrow column
        By argument: arrays of labels; the others as Arrow columns.
    names : dict of str to str
        The column of each argument.
    path : path-like
    """

    columns: dict[str, Any]
    names: dict[str, str]
    path: Path

    def located(self, error: ValueError | TypeError) -> DataError:
        """An error about an argument as one about this file, its row and column."""
        return located(self.path, error, self.names)


def read_table(path: Any, names: Mapping[str, str], labels: Sequence[str] = ()) -> TableFile:
    """Read columns of a file.

    Parameters
    ----------
    path : path-like, binary file, list of them, or Scanner
        As in `read_comparisons`.
    names : mapping of str to str
        The column of each argument.
    labels : sequence of str
        Arguments that are labels. In text files labels that all are written as integers become
        integers.

    Returns
    -------
    TableFile

    Raises
    ------
    DataError
        If the file cannot be read, lacks a column, holds no rows, or a label is missing.

    Examples
    --------
    >>> from venire.io import read_table
    >>> read_table("items.csv", {"item": "document"}, ["item"]).columns  # doctest: +SKIP
    """
    if not isinstance(names, Mapping):
        fail("names", "must map arguments to columns", value=names, kind=TypeError)
    for argument, name in names.items():
        if not isinstance(name, str):
            fail(argument, "must name a column, as text", value=name, kind=TypeError)
    names = dict(names)
    scanner = opened(path, None)
    with about_rows(scanner.path, names, scanner.place):
        tables = scanner.tables(names, labels)
        coded = [argument for argument in labels if argument in names]
        texts = coded if tables.is_text else ()
        frame = gathered(tables.pieces, names, coded, texts) if names else None
        if frame is None:
            raise DataError(scanner.path, "holds no rows")
        columns = {a: frame[f"\0{a}" if a in coded else name] for a, name in names.items()}
        for argument in coded:
            found = columns[argument]
            if (found.codes < 0).any():
                fail(argument, "a label is missing", int(np.argmax(found.codes < 0)))
            columns[argument] = np.asarray(found.items[found.codes])
        return TableFile(columns, names, scanner.path)
