"""Workbooks: the first sheet that holds something."""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from venire._core.extras import needs
from venire.io._errors import DataError
from venire.io.sources import File
from venire.io.tables import Format, Tables, column_of, require

__all__ = ["Excel"]


class Excel(Format):
    """A workbook, whose first row that holds something is the header."""

    def __init__(self, file: File) -> None:
        super().__init__(file)
        calamine = needs("python_calamine", "a workbook")
        with file.raw() as raw:
            try:
                book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(raw.read()))
                sheets = {
                    name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names
                }
            except (calamine.CalamineError, ValueError) as error:
                raise DataError(file.name, f"is no workbook that can be read: {error}") from None
        full = {name: rows for name, rows in sheets.items() if any(map(_is_filled, rows))}
        if not full:
            raise DataError(file.name, "holds no rows")
        sheet, rows = next(iter(full.items()))
        if len(full) > 1:
            self.notes.append(f"sheet {sheet!r}")
        self._start = next(k for k, row in enumerate(rows) if _is_filled(row))
        self.names = [str(name).strip() for name in rows[self._start]]
        self._rows = [[_plain(value) for value in row] for row in rows[self._start + 1 :]]
        while self._rows and not _is_filled(self._rows[-1]):
            self._rows.pop()

    def tables(
        self,
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None,
        some: range | None,
    ) -> Tables:
        import pyarrow as pa

        require(self.file.name, names, self.names)
        columns = {name: self._column(name) for name in dict.fromkeys(names.values())}
        table = pa.table({n: column_of(c, self.file.name, n) for n, c in columns.items()})
        types = dict(zip(table.column_names, table.schema.types, strict=True))

        def pieces() -> Iterator[Any]:
            yield from table.to_batches(max_chunksize=most)

        return Tables(pieces(), table.num_rows, False, types)

    def _column(self, name: str) -> list[Any]:
        at = self.names.index(name)
        return [row[at] if at < len(row) else None for row in self._rows]

    def sample(self, n: int) -> dict[str, list[Any]]:
        return {name: self._column(name)[:n] for name in self.names}

    def line_of_row(self, row: int) -> int | None:
        return self._start + row + 2  # as the workbook numbers its rows


def _is_filled(row: Sequence[Any]) -> bool:
    return any(value not in ("", None) for value in row)


def _plain(value: Any) -> Any:
    """A cell: numbers are all floats there, and dates are labels."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta)):
        return str(value)
    return None if value == "" else value
