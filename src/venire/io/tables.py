"""What the readers of all formats give: columns in pieces; and how values become columns."""

from __future__ import annotations

import difflib
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from venire._core.arrow import arrow_texts
from venire.io._errors import DataError
from venire.io.sources import File

__all__ = ["Format", "Tables", "column_of", "joined", "require"]


@dataclass(frozen=True)
class Tables:
    """Columns that are being read.

    Parameters
    ----------
    pieces : iterator of mapping of str to Arrow column
        Record batches.
    n_rows : int or None
        None if not known.
    is_text : bool
        The labels are text, whatever they look like.
    types : mapping of str to Arrow type
        Of the columns that were asked for; empty if only reading tells.
    """

    pieces: Iterator[Any]
    n_rows: int | None
    is_text: bool
    types: Mapping[str, Any]

    def heard(self, progress: Callable[[int, int], None] | None) -> Callable[[int], None]:
        """What is told how many rows are done, and passes it on where the total is known."""

        def told(n_rows: int) -> None:
            if progress is not None and self.n_rows:
                progress(n_rows, self.n_rows)

        return told


class Format(ABC):
    """A file, looked at: what its columns are called, and how they are read.

    Attributes
    ----------
    names : list of str
    notes : list of str
        What was found out rather than told; complete once all is read.
    is_text : bool
        Labels are text, whatever they look like.
    row_groups : list of int
        Rows of each part that can be read by itself.
    """

    is_text = False

    def __init__(self, file: File) -> None:
        self.file = file
        self.names: list[str] = []
        self.notes: list[str] = []
        self.row_groups: list[int] = []

    @abstractmethod
    def sample(self, n: int) -> dict[str, list[Any]]:
        """Values of all columns in some rows, n at most."""

    @abstractmethod
    def tables(
        self, names: Mapping[str, str], labels: Sequence[str], most: int | None, some: range | None
    ) -> Tables:
        """Read columns: `most` rows at a time, `some` row groups only."""

    def line_of_row(self, row: int) -> int | None:
        """Line, from 1, on which a row, from 0, ends; None if there are no lines."""
        return None


def require(path: str, names: Mapping[str, str], present: Sequence[str], cure: str = "") -> None:
    """Refuse a file that lacks a column, or has it twice."""
    present = list(present)
    for name in names.values():
        if present.count(name) == 1:
            continue
        if name in present:
            raise DataError(path, "there are two columns of this name", column=name)
        near = difflib.get_close_matches(name, present, 1)
        hint = f"did you mean {near[0]!r}?" if near else "there are " + ", ".join(present[:30])
        raise DataError(path, f"there is no column {name!r}; {hint}{cure}")


def joined(parts: list[Any]) -> Any:
    """The pieces of a column as one."""
    import pyarrow as pa

    chunks = [chunk for part in parts for chunk in getattr(part, "chunks", [part])]
    types = list(dict.fromkeys(chunk.type for chunk in chunks))
    if len(types) > 1:  # a dictionary in one row group, plain text in another; numbers of two kinds
        plain = [t.value_type if pa.types.is_dictionary(t) else t for t in types]
        try:
            schemas = [pa.schema([("", t)]) for t in plain]
            one = pa.unify_schemas(schemas, promote_options="permissive").field(0).type
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # numbers in one, words in another
            one = pa.string()
        chunks = [chunk.cast(one) for chunk in chunks]
    return pa.chunked_array(chunks)


def column_of(values: Sequence[Any], path: str, name: str, row: int = 0, kind: Any = None) -> Any:
    """An Arrow column of Python values; what is mixed becomes text, as it would stand in a CSV.

    Parameters
    ----------
    values : sequence
    path, name : str
        The file and the column.
    row : int
        Position of the first value in it.
    kind : Arrow type, optional
        What it is to be if it can.

    Raises
    ------
    DataError
        If a value is a list or an object.
    """
    import pyarrow as pa

    kinds = {type(value) for value in values} - {type(None)}
    plain = None
    if kinds <= {str} or kinds == {bool}:
        plain = pa.bool_() if bool in kinds else pa.string()
    elif kinds <= {int, float}:
        plain = pa.float64() if float in kinds else pa.int64()
    if kind == plain or (kind == pa.float64() and plain == pa.int64()) or not kinds:
        plain = kind or plain
    if plain is not None and (kind is None or kind != pa.string() or plain == kind):
        try:
            return arrow_texts(values) if plain == pa.string() else pa.array(values, plain)
        except (pa.ArrowInvalid, OverflowError):  # beyond 64 bits
            pass
    texts = []
    for at, value in enumerate(values):
        if isinstance(value, (list, dict)):
            reason = f"holds {'a list' if isinstance(value, list) else 'an object'}, not a value"
            raise DataError(path, reason, row=row + at + 1, column=name)
        known = value is None or isinstance(value, str)
        texts.append(value if known else _written(value))
    return arrow_texts(texts)


def _written(value: Any) -> str:
    return json.dumps(value) if isinstance(value, (bool, int, float)) else str(value)
