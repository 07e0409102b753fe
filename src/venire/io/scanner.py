"""One way to tables: whatever a source is, its columns by name, piece by piece.

``Scanner(source)`` finds out what the files are and how they are written; `names` and `sample` say
what they hold, `tables` reads columns of them, and `place` says where a row stands.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from venire.io import tables_in
from venire.io._errors import DataError
from venire.io._names import columns_in
from venire.io.tables_in import Tables

__all__ = ["Dialect", "Scanner"]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How text files are written; what is not given is found out.

    Parameters
    ----------
    delimiter : str, optional
        One character, or "tab".
    encoding : str, optional
        As Python names it.
    decimal : str, optional
        "." or ",".
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None


class Scanner:
    """Tables of a source.

    Parameters
    ----------
    source : path-like, binary file, or list of them
        Files, folders, globs, or "-" for standard input.
    dialect : Dialect
        How text files are written.

    Attributes
    ----------
    path : str
        What the source is called in errors that are about no row.
    """

    def __init__(self, source: Any, dialect: Dialect = Dialect()) -> None:
        many = source if isinstance(source, (list, tuple)) else [source]
        self.dialect = dialect
        self.path = ", ".join(map(os.fspath, many))
        self.files = [file for one in many for file in tables_in.files_of(one)]
        self._starts: list[int] = []  # number of rows before each file that was opened

    @cached_property
    def names(self) -> list[str]:
        """Names of the columns."""
        return columns_in(self.files[0])

    @property
    def notes(self) -> tuple[str, ...]:
        """What was found out of the dialect rather than told; complete once all is read."""
        return ()

    def sample(self, n: int = 1000) -> dict[str, list[Any]]:
        """Values of all columns in the first rows, and in some of later ones, n at most."""
        names = {name: name for name in self.names}
        found: dict[str, list[Any]] = {name: [] for name in names}
        tables = tables_in.open_tables(self.files[0], names, list(names), n)
        for piece in tables.pieces:
            return {name: piece[name][:n].to_pylist() for name in found}
        return found

    def tables(
        self, names: Mapping[str, str], labels: Sequence[str], most: int | None = None
    ) -> Tables:
        """Read columns.

        Parameters
        ----------
        names : mapping of str to str
            The column to read for each argument.
        labels : sequence of str
            Those of the arguments that hold labels.
        most : int, optional
            Rows of a piece at most.

        Raises
        ------
        DataError
            If a file is of no known format or lacks a column; or, from the pieces, if it is broken.
        """
        every = [
            tables_in.open_tables(file, names, labels, most)
            for file in (*self.files[1:], self.files[0])
        ]
        total, first = sum(tables.n_rows for tables in every), every[-1]
        del every  # the first one stays open

        def pieces() -> Iterator[Mapping[str, Any]]:
            done = 0
            self._starts = []
            for number, file in enumerate(self.files):
                self._starts.append(done)
                tables = tables_in.open_tables(file, names, labels, most) if number else first
                for piece in tables.pieces:
                    yield piece
                    done += len(piece[next(iter(names.values()))])

        return Tables(pieces(), total, first.is_text, first.types)

    def place(self, position: int) -> tuple[str, int]:
        """File and row, from 0, of a row of the tables that were read last."""
        if not self._starts:
            raise DataError(self.path, "has not been read")
        which = bisect_right(self._starts, position) - 1
        return self.files[which], position - self._starts[which]
