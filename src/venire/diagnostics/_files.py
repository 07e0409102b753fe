"""Files as evidence: the rows as fits read them, and what the other columns say of each row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from venire.data import Columns
from venire.data.taken import Taken
from venire.diagnostics._alike import Signatures
from venire.diagnostics._dates import moments
from venire.diagnostics._evidence import Evidence
from venire.diagnostics._reading import of_rows
from venire.diagnostics._store import Store
from venire.io import DataError
from venire.io.assemble import LABELS, about_rows, rows_of
from venire.io.scanner import Scanner
from venire.io.tables import joined

__all__ = ["of_source"]


def of_source(
    scanner: Scanner,
    columns: Columns,
    order_effect: bool,
    n_threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Evidence, Taken]:
    """All columns are read; those that fits do not ask for leave a number a row.

    Parameters
    ----------
    scanner : Scanner
    columns : Columns
    order_effect : bool
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    """
    names = columns.in_file().names
    further = [name for name in scanner.names if name not in names.values()]
    try:
        return _read(scanner, columns, further, order_effect, n_threads, progress)
    except DataError as error:  # a column that nobody asked for need not be whole
        if not further or error.column in names.values():
            raise
        return _read(scanner, columns, [], order_effect, n_threads, progress)


def _read(
    scanner: Scanner,
    columns: Columns,
    further: Sequence[str],
    order_effect: bool,
    n_threads: int | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[Evidence, Taken]:
    names = columns.names
    every = names | {f"\0{k}": name for k, name in enumerate(further)}
    tables = scanner.tables(every, [a for a in LABELS if a in names])
    read = dict.fromkeys(every.values())
    signatures, dates = Signatures(names, Store()), []

    def pieces() -> Iterator[Mapping[str, Any]]:
        for piece in tables.pieces:
            signatures.add({name: piece[name] for name in read})
            if columns.date is not None:
                dates.append(piece[columns.date])
            yield piece

    def place(position: int) -> tuple[str, int]:
        file, row = scanner.place(position)
        return file.name, row

    with about_rows(scanner.path, names, scanner.place):
        rows = rows_of(
            pieces(), columns, is_text=tables.is_text, n_threads=n_threads,
            heard=tables.heard(progress),
        )  # fmt: skip
        if rows is None:
            raise DataError(scanner.path, "holds no rows")
        date = moments(joined(dates)) if dates else None
        evidence = replace(of_rows(rows, columns, order_effect, signatures, date), locate=place)
        return evidence, rows.taken(columns, *scanner.notes)
