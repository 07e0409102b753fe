"""JSON: lines, an array of objects, or an object that holds one such list.

Only the columns that are asked for matter. Lines are read in blocks: by pyarrow where its columns
are of one type, which is told to it, else object by object. What stands between brackets is taken
element by element, never the whole file at once.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from venire.io._errors import DataError
from venire.io._text import HEAD, decoded, head_of
from venire.io._threads import in_threads
from venire.io.sources import File
from venire.io.tables import Format, Tables, column_of, require

__all__ = ["Json"]

_BLOCK = 1 << 22  # bytes of text looked at together
_LONGEST = 1 << 27  # bytes of a line at most
_ROWS = 1 << 16  # objects of a piece that is not cut from lines
LISTS = ("place",)  # arguments whose columns may hold lists
LIST = "list"  # what a row is called that is a list and no object
_LOOKED_AT = 1000  # objects from which names and types are found out
_NO_OBJECT = re.compile(rb"\n\s*+([^{][^\n]{0,40})")  # a line of JSON
_BLANK = re.compile(r"[\s,]*")


class Json(Format):
    """A file of objects, one for each row."""

    def __init__(self, file: File) -> None:
        super().__init__(file)
        with file.open() as stream:
            head, _, encoding, mark = head_of(stream, file.dialect.encoding, file.name)
        self.encoding, self._mark = encoding or "utf-8", mark
        self._lists: set[str] = set()  # columns that may hold lists
        self._of_lists: bool | None = None  # whether each row is a list; the first one says it
        self._outer: list[str] = []  # of a single object: it may be a row, or hold a list of them
        self.is_lines = _is_lines(head)
        if not self.is_lines and head.lstrip().startswith(b"{"):
            self._outer = _keys(head)
        self._look()
        if not self._sample:
            raise DataError(file.name, "holds no rows")

    def _look(self) -> None:
        self._sample = list(islice(self._records(), _LOOKED_AT))
        self.names = list(dict.fromkeys(name for record in self._sample for name in record))

    # ---- objects --------------------------------------------------------------------------------

    def _records(self) -> Iterator[dict[str, Any]]:
        """The objects one by one."""
        if self.is_lines:
            for block, line in self._blocks():
                yield from self._objects(block, line)
            return
        with self.file.open() as raw:
            text = io.TextIOWrapper(decoded(raw, self.encoding, self._mark), "utf-8")
            for row, value in enumerate(_Elements(text, self.file.name), 1):
                record = self._as_record(value)
                if record is None:
                    reason = f"is no JSON object: {json.dumps(value)[:40]}"
                    raise DataError(self.file.name, reason, row=row)
                yield record

    def _objects(self, block: bytes, line: int) -> Iterator[dict[str, Any]]:
        """The objects of lines, the first of which has this number."""
        for number, text in enumerate(block.split(b"\n"), line):
            if not text.strip():
                continue
            try:
                record = self._as_record(json.loads(text))
            except (ValueError, RecursionError) as error:
                raise self._no_object(number, text, error) from None
            if record is None:
                raise self._no_object(number, text)
            yield record

    def _as_record(self, value: Any) -> dict[str, Any] | None:
        """A row: an object, or in a file that begins with a list of labels an object of it."""
        if self._of_lists is None:
            self._of_lists = isinstance(value, list)
        if self._of_lists and _is_ranking(value):
            return {LIST: value}
        return value if isinstance(value, dict) and not self._of_lists else None

    def _no_object(self, number: int, text: bytes, error: Exception | None = None) -> DataError:
        found = text.strip()[:40].decode("utf-8", "replace")
        reason = f"line {number} is no JSON object: {found!r}"
        if isinstance(error, UnicodeDecodeError):
            return DataError(self.file.name, f"line {number} is not UTF-8 text",
                             cure="name its encoding: --encoding")  # fmt: skip
        return DataError(self.file.name, reason + (f" ({error})" if error else ""))

    def _blocks(self) -> Iterator[tuple[bytes, int]]:
        """Blocks of whole lines, and the number of the first line of each."""
        line, rest = 1, b""
        with self.file.open() as raw:
            stream = decoded(raw, self.encoding, self._mark)
            while block := stream.read(max(_BLOCK, len(rest))):
                whole, newline, rest = (rest + block).rpartition(b"\n")
                if len(rest) > _LONGEST:
                    raise DataError(self.file.name, "holds a line that does not end")
                if newline:
                    yield whole + newline, line
                    line += whole.count(b"\n") + 1
        if rest:
            yield rest, line

    # ---- tables ---------------------------------------------------------------------------------

    def tables(
        self,
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None,
        some: range | None,
    ) -> Tables:
        wanted = list(dict.fromkeys(names.values()))
        if not set(wanted) <= set(self.names) and set(wanted) <= set(self._outer):
            self.is_lines = True
            self._look()
        nested = {name for name in wanted if name not in self.names and self._is_nested(name)}
        require(self.file.name, names, [*self.names, *nested])
        told = {names[argument] for argument in (*labels, "outcome") if argument in names}
        self._lists = {names[argument] for argument in LISTS if argument in names}
        types = {
            name: _type_of(
                [_inner(record, name) for record in self._sample],
                is_label=name in told, may_be_list=name in self._lists,
            )
            for name in wanted
        }  # fmt: skip
        return Tables(_cut(self._pieces(types, bool(nested)), most), None, False, types)

    def _is_nested(self, name: str) -> bool:
        return "." in name and any(_inner(record, name) is not None for record in self._sample)

    def _pieces(self, types: Mapping[str, Any], is_nested: bool) -> Iterator[Any]:
        import pyarrow as pa

        done = 0

        def batch(records: list[dict[str, Any]]) -> Any:
            columns = {}
            for name, kind in types.items():
                values = [_inner(record, name) for record in records]
                if name in self._lists:  # what stands in them need not be of one type
                    kind = pa.string()
                    values = [json.dumps(v) if isinstance(v, list) else v for v in values]
                columns[name] = column_of(values, self.file.name, name, done, kind)
            return pa.record_batch(columns)

        if not self.is_lines:
            records = self._records()
            while some := list(islice(records, _ROWS)):
                yield batch(some)
                done += len(some)
            return
        schema = None if is_nested else pa.schema(list(types.items()))

        def parsed(block: bytes, line: int) -> tuple[Any, bytes, int]:
            return (None if schema is None else _parsed(block, schema)), block, line

        for table, block, line in in_threads(parsed, self._blocks()):
            found = batch(list(self._objects(block, line))) if table is None else table
            yield found
            done += found.num_rows

    def sample(self, n: int) -> dict[str, list[Any]]:
        return {name: [r.get(name) for r in self._sample[:n]] for name in self.names}

    def line_of_row(self, row: int) -> int | None:
        if not self.is_lines:
            return None
        for block, line in self._blocks():
            for number, text in enumerate(block.split(b"\n"), line):
                if text.strip():
                    if row == 0:
                        return number
                    row -= 1
        return None


def _parsed(block: bytes, schema: Any) -> Any:
    """Lines as a record batch of these columns; None if they are not of these types.

    pyarrow does not survive some lines that are no objects.
    """
    import pyarrow as pa
    import pyarrow.json as pj

    if _NO_OBJECT.search(b"\n" + block):
        return None
    read = pj.ReadOptions(use_threads=False, block_size=len(block) + 1)
    parse = pj.ParseOptions(
        explicit_schema=schema, newlines_in_values=False, unexpected_field_behavior="ignore"
    )
    try:
        table = pj.read_json(pa.BufferReader(block), read, parse)
        batches = table.select(schema.names).combine_chunks().to_batches()
    except pa.ArrowException:
        return None
    return batches[0] if batches else None


def _cut(pieces: Iterator[Any], most: int | None) -> Iterator[Any]:
    for piece in pieces:
        step = most or max(piece.num_rows, 1)
        for start in range(0, piece.num_rows, step):
            yield piece.slice(start, step)


def _inner(record: Mapping[str, Any], name: str) -> Any:
    """A value by its name, or by the names that lead to it, as in "a.b"."""
    if name in record or "." not in name:
        return record.get(name)
    outer, _, rest = name.partition(".")
    within = record.get(outer)
    return _inner(within, rest) if isinstance(within, dict) else None


def _type_of(values: list[Any], *, is_label: bool, may_be_list: bool = False) -> Any:
    """The Arrow type of a column that begins with these values: text if they are mixed."""
    import pyarrow as pa

    kinds = {type(value) for value in values} - {type(None)}
    if may_be_list and kinds == {list}:
        inner = {type(value) for row in values for value in row or ()}
        of_one = {str: pa.string(), int: pa.int64()}
        known = inner.pop() if len(inner) == 1 else None
        return pa.list_(of_one[known]) if known in of_one else pa.string()
    if kinds and kinds <= {int, float}:
        return pa.int64() if is_label and float not in kinds else pa.float64()
    return pa.bool_() if kinds == {bool} else pa.string()


def _is_ranking(value: Any) -> bool:
    """Whether it is a list of labels, or of lists of them."""
    return isinstance(value, list) and {type(x) for x in value} <= {str, int, list, type(None)}


def _is_lines(head: bytes) -> bool:
    """Whether the file holds an object, or a list, on each line."""
    text = head.lstrip()
    if re.match(rb"\[[^\n]*\]\s*\n\s*\[", text):
        return True
    if not text.startswith(b"{"):
        return not text.startswith(b"[")  # of which a line is no object
    first, _, rest = text.partition(b"\n")
    try:
        record = json.loads(first)
    except UnicodeDecodeError:
        return True  # which says the line
    except (ValueError, RecursionError):
        # of a line that the head does not hold whole; or an object that goes on
        return len(first) == len(text) and len(head) >= HEAD and not _holds_list(first)
    if rest.strip():
        return True
    return not _holds_one_list(record)


def _keys(text: bytes) -> list[str]:
    """The names in a whole object on one line; none of another."""
    try:
        return list(json.loads(text))
    except (ValueError, RecursionError):
        return []


def _holds_one_list(record: Mapping[str, Any]) -> bool:
    """Whether an object is a table by itself: it holds a list of objects, and no other."""
    return sum(_is_table(value) for value in record.values()) == 1


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(v, dict) for v in value)


def _holds_list(text: bytes) -> bool:
    return re.match(rb'\{\s*"[^"]*"\s*:\s*\[\s*\{', text) is not None


class _Elements:
    """The objects of an array, of the one list in an object, or one after the other."""

    def __init__(self, text: io.TextIOWrapper, path: str) -> None:
        self._text, self._path = text, path
        self._buffer, self._at, self._is_all = "", 0, False
        self._decoder = json.JSONDecoder()
        self._more(HEAD)

    def _more(self, least: int = 0) -> bool:
        if self._is_all:
            return False
        more = self._text.read(max(least, _BLOCK, len(self._buffer) - self._at))
        self._is_all = not more
        self._buffer, self._at = self._buffer[self._at :] + more, 0
        return bool(more)

    def _peek(self) -> str:
        """The next character that means something; "" at the end."""
        while True:
            self._at = _BLANK.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def _value(self) -> Any:
        while True:
            self._peek()
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    reason = f"is no array of JSON objects: {error.msg}; was it cut off?"
                    raise DataError(self._path, reason) from None
                continue
            if end == len(self._buffer) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _list(self) -> Iterator[Any]:
        self._at += 1
        while (found := self._peek()) != "]":
            if not found:
                raise DataError(self._path, "is no array of JSON objects: it does not end")
            yield self._value()
        self._at += 1

    def __iter__(self) -> Iterator[Any]:
        if self._peek() == "[":
            yield from self._list()
        else:
            yield from self._objects()
        if self._peek():
            raise DataError(self._path, "holds more than one array of JSON objects")

    def _objects(self) -> Iterator[Any]:
        """Of an object that holds a list, or of objects one after the other."""
        try:
            record, _ = self._decoder.raw_decode(self._buffer, self._at)
        except json.JSONDecodeError:
            record = None  # larger than what was read of it
        if isinstance(record, dict) and not _holds_one_list(record):
            while self._peek() == "{":
                yield self._value()
            return
        self._at += 1
        found = False
        while self._peek() not in ("}", ""):
            self._value()
            if self._peek() != ":":
                raise DataError(self._path, "is no JSON object: a ':' is missing")
            self._at += 1
            if self._peek() != "[":
                self._value()
                continue
            for value in self._list():
                if isinstance(value, dict):
                    found = True
                    yield value
        if not self._peek() or not found:
            what = "holds no list of objects" if self._peek() else "does not end: was it cut off?"
            raise DataError(self._path, f"is a JSON object that {what}")
        self._at += 1
