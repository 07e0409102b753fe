"""Delimited text: cut into blocks at the ends of rows, split by threads, coded column by column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from venire._core.arrow import arrow_array, arrow_texts
from venire._native.csv import SLACK, Splitter
from venire.io._errors import DataError
from venire.io._text import decoded, head_of
from venire.io._threads import in_threads
from venire.io.dialects import as_utf8, laid_out, localised
from venire.io.sources import File
from venire.io.tables import Format, Tables, require

__all__ = ["Csv"]

_BLOCK = 1 << 22  # bytes of text that are split together
_SAMPLE = 1 << 17  # bytes looked at in later places
_LONGEST = 1 << 27  # bytes of a row at most
_FEW = 0.25  # share of distinct texts below which a column is a dictionary
_WORDS = ("outcome", "date")  # arguments that are text like labels
_COMMA = r"^\s*([+-]?\d*),(\d+)\s*$"


class Csv(Format):
    """A file of rows of text with delimiters between the fields."""

    is_text = True

    def __init__(self, file: File, delimiter: str = "") -> None:
        super().__init__(file)
        dialect = file.dialect
        with file.open() as stream:
            head, self._is_whole, self.encoding, self._mark = head_of(
                stream, dialect.encoding, file.name
            )
        self.layout = laid_out(
            head.decode("latin-1"), self._is_whole, dialect, file.name, delimiter
        )
        self._has_foreign = False  # text that is UTF-8 beyond ASCII was seen
        self.notes = [*self.layout.notes]
        self.names = self._texts([name.encode("latin-1") for name in self.layout.names])
        self._first = self._texts([name.encode("latin-1") for name in self.layout.first])
        self._head = head
        if self.encoding not in ("", "utf-8") and dialect.encoding is None:
            self.notes.append(f"encoding {self.encoding}")

    # ---- bytes to text --------------------------------------------------------------------------

    def _texts(self, values: Sequence[bytes]) -> list[str]:
        """Text of some values, in the encoding that the first of them beyond ASCII decide."""
        out = [as_utf8(value) for value in values]
        self._has_foreign |= any(text is not None and not text.isascii() for text in out)
        if None in out:
            if self._has_foreign or self.encoding != "":
                raise UnicodeError("is not UTF-8 text")
            texts = localised(values, self.file.name)
            if (note := "encoding cp1252, as it seems (--encoding)") not in self.notes:
                self.notes.append(note)
            return texts
        return out  # type: ignore[return-value]

    def _text(self, offsets: np.ndarray, data: np.ndarray) -> Any:
        """An Arrow column of text; UnicodeError, with the position, if it is none."""
        import pyarrow as pa

        n = len(offsets) - 1
        buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
        used = data[: offsets[-1]]
        if not used.all():
            raise UnicodeError("holds a NUL byte")
        if not (used < 128).all():
            binary = pa.Array.from_buffers(pa.binary(), n, buffers)
            return arrow_texts(self._texts(binary.to_pylist()))
        return pa.Array.from_buffers(pa.string(), n, buffers)

    # ---- blocks ---------------------------------------------------------------------------------

    def _splitter(self, wanted: Mapping[str, int] | None = None) -> Splitter:
        """How rows are split; `wanted`: the position of each column that is, by default of all."""
        places = [*range(len(self.names))]
        if wanted is not None:
            places = [wanted.get(name, -1) for name in self.names]
        layout = self.layout
        return Splitter(
            np.array(places, np.int32), ord(layout.delimiter), ord(layout.newline),
            ord(layout.quote), layout.trim,
        )  # fmt: skip

    def _blocks(self, splitter: Splitter) -> Iterator[tuple[np.ndarray, int]]:
        """Blocks of whole rows, and how many bytes of each are used."""
        newline = ord(self.layout.newline)
        with self.file.open() as raw:
            stream = decoded(raw, self.encoding, self._mark)
            stream.read(self.layout.start)
            rest = np.empty(0, np.uint8)
            while True:
                size = max(_BLOCK, len(rest))  # of a long row no part is looked at often
                block = np.empty(len(rest) + size + 1 + SLACK, np.uint8)
                block[: len(rest)] = rest
                n = len(rest) + _filled(stream, block[len(rest) : len(rest) + size])
                if n == len(rest):
                    break
                whole = splitter.cut(block, n)
                rest = block[whole:n].copy()
                if len(rest) > _LONGEST:
                    reason = "holds a row that does not end; is there a quote without its other?"
                    raise DataError(self.file.name, reason)
                if whole:
                    yield block, whole
            if len(rest):
                block = np.empty(len(rest) + 1 + SLACK, np.uint8)
                block[: len(rest)] = rest
                block[len(rest)] = newline
                yield block, len(rest) + 1

    # ---- tables ---------------------------------------------------------------------------------

    def tables(
        self,
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None,
        some: range | None,
    ) -> Tables:
        self._heed_header(names)
        cure = "" if len(self.names) > 1 else "; are they separated otherwise? --delimiter says so"
        require(self.file.name, names, self.names, cure)
        wanted = {name: k for k, name in enumerate(dict.fromkeys(names.values()))}
        texts = {names[a] for a in (*labels, *_WORDS) if a in names}
        types = self._types(wanted, texts)
        return Tables(self._pieces(wanted, types, names, labels, most), None, True, types)

    def _heed_header(self, names: Mapping[str, str]) -> None:
        """The first row is a header after all, if it has the names that are asked for."""
        asked = set(names.values())
        if not asked <= set(self.names) and self._first and asked <= set(self._first):
            start = self._head.index(self.layout.newline.encode(), self.layout.start) + 1
            self.names, self._first = self._first, []
            self.layout = self.layout._replace(start=start)
            self.notes = [note for note in self.notes if not note.startswith("no header")]

    def _types(self, wanted: Mapping[str, int], texts: set[str]) -> dict[str, Any]:
        """The type of each column, as the first rows have it."""
        import pyarrow as pa

        sample, told = self._first_rows(1000), self.file.dialect.decimal
        for name in wanted if self.layout.decimal == "" else ():
            for text in sample[name] if name not in texts else ():
                if text is not None and re.match(_COMMA, text):
                    reason = "the comma may be decimal or of thousands"
                    settles = ({"decimal": "comma"}, {"decimal": "point"})
                    raise DataError(
                        self.file.name, reason, column=name, value=text, settles=settles
                    )
        return {
            name: pa.string()
            if name in texts or _numbers(arrow_texts(sample[name]), ".", told) is None
            else pa.float64()
            for name in wanted
        }

    def _pieces(
        self,
        wanted: Mapping[str, int],
        types: Mapping[str, Any],
        names: Mapping[str, str],
        labels: Sequence[str],
        most: int | None,
    ) -> Iterator[Any]:
        import pyarrow as pa

        splitter = self._splitter(wanted)
        numbers = {name for name, kind in types.items() if kind != pa.string()}
        words = {names[a] for a in names if a not in labels} - numbers

        def split(block: np.ndarray, n: int) -> Any:
            fields = splitter.split(block, n)
            found = {}
            for name, which in wanted.items():
                codes = fields.codes(which, max(int(_FEW * fields.n_rows), 1000))
                found[name] = (None, *fields.texts(which)) if codes is None else codes
            return fields, found

        done = 0
        for fields, found in in_threads(split, self._blocks(splitter)):
            columns = {
                name: self._column(name, parts, done, name in numbers, name in words)
                for name, parts in found.items()
            }
            batch = pa.record_batch(columns)
            step = most or max(batch.num_rows, 1)
            for start in range(0, batch.num_rows, step):
                yield batch.slice(start, step)
            done += fields.n_rows
            if fields.is_uneven:
                s = "s" * (fields.n_fields != 1)
                reason = f"has {fields.n_fields} field{s}, but the header has {len(self.names)}"
                raise DataError(self.file.name, reason, row=done + 1, line=self.line_of_row(done))

    def _column(
        self,
        name: str,
        parts: tuple[np.ndarray | None, np.ndarray, np.ndarray],
        done: int,
        is_number: bool,
        is_word: bool,
    ) -> Any:
        """A column of a block that begins after so many rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        codes, offsets, data = parts
        try:
            values = self._text(offsets, data)
        except UnicodeError as error:
            at = self._bad_text(codes, offsets, data)
            raise DataError(
                self.file.name, str(error), row=done + at + 1, line=self.line_of_row(done + at),
                column=name, cure="" if "NUL" in str(error) else "name its encoding: --encoding",
            ) from None  # fmt: skip
        if codes is None:
            values = pc.if_else(pc.equal(values, ""), None, values)
        if is_number:
            found = _numbers(values, self.layout.decimal, self.file.dialect.decimal)
            values = values if found is None else found
        elif is_word and self.layout.decimal == ",":
            values = pc.replace_substring_regex(values, _COMMA, r"\1.\2")
        if codes is None:
            return values
        index = arrow_array(codes, codes < 0)
        if is_number:
            return values.take(index)
        return pa.DictionaryArray.from_arrays(index, values)

    def _bad_text(self, codes: np.ndarray | None, offsets: np.ndarray, data: np.ndarray) -> int:
        """The first row whose text is none."""
        ends, whole = offsets.tolist(), data.tobytes()
        bad = next(
            (k for k in range(len(ends) - 1)
             if b"\0" in (text := whole[ends[k] : ends[k + 1]]) or as_utf8(text) is None),
            0,
        )  # fmt: skip
        return bad if codes is None else int(np.argmax(codes == bad))

    # ---- rows -----------------------------------------------------------------------------------

    def _first_rows(self, n: int) -> dict[str, list[str | None]]:
        """All columns of the first rows, as they stand but for decimal commas."""
        head = self._head[self.layout.start :]
        if self._is_whole and not head.endswith(self.layout.newline.encode()):
            head += self.layout.newline.encode()
        return self._rows_of(head, n)

    def _rows_of(self, text: bytes, n: int) -> dict[str, list[str | None]]:
        splitter = self._splitter()
        block = np.frombuffer(text + bytes(SLACK), np.uint8).copy()
        fields = splitter.split(block, splitter.cut(block, len(text)), n)
        out: dict[str, list[str | None]] = {}
        for which, name in enumerate(self.names):
            offsets, data = fields.texts(which)
            ends, whole = offsets[: n + 1].tolist(), data.tobytes()
            values = [whole[a:b] for a, b in pairwise(ends)]
            try:
                texts = self._texts(values)
            except UnicodeError:
                texts = [value.decode("utf-8", "replace") for value in values]
            if self.layout.decimal == ",":
                texts = [re.sub(_COMMA, r"\1.\2", text) for text in texts]
            out[name] = [text or None for text in texts]
        return out

    def sample(self, n: int) -> dict[str, list[Any]]:
        out = self._first_rows(n if self._is_whole else n // 2)
        for text in () if self._is_whole else self._later():
            for name, values in self._rows_of(text, n // 4).items():
                out[name] += values
        return out

    def _later(self) -> Iterator[bytes]:
        """Whole lines from the middle and from the end, where the file lets itself be cut."""
        if self.file.compression() or self.encoding not in ("", "utf-8"):
            return
        newline = self.layout.newline.encode()
        with self.file.raw() as raw:
            size = raw.seek(0, 2)
            for start in (size // 2, size - _SAMPLE):
                raw.seek(start)
                text = raw.read(_SAMPLE)
                first, last = text.find(newline) + 1, text.rfind(newline) + 1
                if first and self.layout.quote.encode() not in text:
                    yield text[first:last]

    def line_of_row(self, row: int) -> int | None:
        splitter = self._splitter({})
        newline = self.layout.newline.encode()
        lines = self._head[: self.layout.start].count(newline)
        for block, n in self._blocks(splitter):
            text = block[:n].tobytes()
            fields = splitter.split(block, n, row + 1)
            if fields.n_rows > row or fields.is_uneven:
                return lines + text.count(newline, 0, fields.used) + fields.is_uneven
            lines += text.count(newline)
            row -= fields.n_rows
        return None


def _filled(stream: Any, buffer: np.ndarray) -> int:
    """Read into a buffer until it is full, or there is no more."""
    view, n = buffer.data, 0
    while n < len(view) and (more := stream.readinto(view[n:])):
        n += more
    return n


def _numbers(values: Any, decimal: str, told: str | None) -> Any:
    """Text as numbers, with signs of thousands if that of decimals is told; None if it is none."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if told is not None:
        values = pc.replace_substring(values, "." if told == "," else ",", "")
    if decimal == ",":
        values = pc.replace_substring_regex(values, _COMMA, r"\1.\2")
    try:
        return values.cast(pa.float64())
    except pa.ArrowInvalid:
        try:
            return pc.utf8_trim_whitespace(values).cast(pa.float64())
        except pa.ArrowInvalid:
            return None
