"""Comparisons from files."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Unpack

from venire._core.executor import lent
from venire._core.memory import bytes_of
from venire.data.ageing import told
from venire.data.aggregation import aggregate
from venire.data.columns import ColumnNames, Columns
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rows import Rows
from venire.data.taken import Taken
from venire.io._errors import DataError
from venire.io.adding import add_up
from venire.io.assemble import LABELS, about_rows, located, rows_of
from venire.io.choosing import chosen_in, opened
from venire.io.scanner import Dialect, Scanner
from venire.io.summing import How

__all__ = ["read_comparisons", "read_grouped"]

Path = str | os.PathLike[str]
Progress = Callable[[int, int], None]


def read_comparisons(
    path: Any,
    columns: Columns | None = None,
    *,
    dialect: Dialect | None = None,
    items: Any = None,
    memory: str | int | None = None,
    executor: Any = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **named: Unpack[ColumnNames],
) -> Comparisons:
    """Read comparisons from a file.

    Parameters
    ----------
    path : path-like, binary file, list of them, or Scanner
        Files, folders, globs, or "-", as `venire.io.Scanner` takes them: one table.
    columns : Columns, optional
        What its columns say. In text files labels that all are written as integers become integers.
    items : array_like, optional
        Labels of all items; the default is those that occur.
    dialect : Dialect, optional
        How text files are written; default: what their first rows say.
    memory : int or str, optional
        Bytes that the process may need while it reads, as in "1G"; it changes no result.
    executor : int, str, distributed.Client or Executor, optional
        Who adds up the parts of the files: processes of this machine, or a Dask cluster, as for
        `venire.batch.fit_files`; the result is the same, bit for bit. Default: this process.
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    **named
        The arguments of `Columns` one by one, instead of `columns`. What is missing is found by the
        names of the columns and by what stands in them; `taken` says what was.

    Returns
    -------
    Comparisons

    Raises
    ------
    DataError
        If the file cannot be read or holds a bad value; the message names file, row and column.
    TypeError
        As for `Columns`.

    Notes
    -----
    Files are read piece by piece, and only the columns that are named; what is held is the cells
    and the labels of the items, never the rows.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.io.read_comparisons(
    ...     "games.csv", first="home", second="away", outcome="result"
    ... )  # doctest: +SKIP
    """
    scanner = opened(path, dialect)
    chosen = chosen_in(scanner, Columns, columns, named)
    own = chosen.columns.of_one_fit()
    how = How(
        chosen.asked, items, memory=None if memory is None else bytes_of(memory),
        n_threads=n_threads,
    )  # fmt: skip
    with lent(executor) as tasks:
        sums = add_up(scanner, how, executor=tasks, progress=progress)
    try:
        out = sums.finish()
    except ValueError as error:
        raise located(scanner.path, error, own.names, scanner.place) from None
    taken = Taken(columns=own, n_rows=sums.n_rows, dropped=sums.dropped,
                  notes=(*scanner.notes, *told(out), *sums.notes))  # fmt: skip
    out.taken = chosen.said(taken)
    return out


def _read(
    scanner: Scanner,
    columns: Columns,
    items: Any,
    n_threads: int | None,
    progress: Progress | None,
) -> Rows:
    """The rows of the source."""
    names = columns.in_file().names
    labels = [a for a in LABELS if a in names]
    tables = scanner.tables(names, labels)

    with about_rows(scanner.path, names, scanner.place):
        rows = rows_of(
            tables.pieces, columns, is_text=tables.is_text, items=items, n_threads=n_threads,
            heard=tables.heard(progress),
        )  # fmt: skip
        if rows is None:
            raise DataError(scanner.path, "holds no rows")
        return rows


def read_grouped(
    path: Any,
    columns: Columns | None = None,
    *,
    dialect: Dialect | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **named: Unpack[ColumnNames],
) -> GroupedComparisons:
    """Read comparisons in groups from files.

    Parameters
    ----------
    path : path-like, binary file, list of them, or Scanner
        As in `read_comparisons`.
    columns : Columns, optional
        What its columns say, `group` among them. In text files labels that all are written as
        integers become integers.
    dialect : Dialect, optional
        How text files are written; default: what their first rows say.
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    **named
        The arguments of `Columns` one by one, instead of `columns`. What is missing is found by the
        names of the columns and by what stands in them; `taken` says what was.

    Returns
    -------
    GroupedComparisons

    Raises
    ------
    DataError
        If a file cannot be read or holds a bad value; the message names file, row and column.
    TypeError
        As for `Columns`.

    Notes
    -----
    All rows are read at once; `venire.batch.fit_files` reads and fits them part by part.

    Examples
    --------
    >>> import venire as vn
    >>> g = vn.io.read_grouped(
    ...     "votes/", group="query", first="a", second="b", score="p"
    ... )  # doctest: +SKIP
    """
    scanner = opened(path, dialect)
    chosen = chosen_in(scanner, Columns, columns, named, grouped=True)
    own = chosen.columns.of_groups()
    rows = _read(scanner, own, None, n_threads, progress)
    try:
        out = GroupedComparisons.from_cells(aggregate(rows, n_threads=n_threads))
    except ValueError as error:
        raise located(scanner.path, error, own.names, scanner.place) from None
    out.taken = chosen.said(rows.taken(own, *scanner.notes))
    return out
