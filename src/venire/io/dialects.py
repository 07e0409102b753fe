"""How a text file is written: its encoding, what separates fields, where the header is.

What is not told is found out from the first rows, and what was found out is said. Where two
readings fit, the error names the option that decides.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from venire._core.checks import fail
from venire.io._errors import DataError

__all__ = ["Dialect", "Layout", "as_utf8", "encoding_of", "laid_out", "localised"]

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"),
         (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF16_LE, "utf-16-le"),
         (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
_DELIMITERS = (",", ";", "\t", "|")
_WORDS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|", "space": " "}
_SHOWN = {"\t": "tab", " ": "space"}
_SIGNS = {"point": ".", "comma": ","}
_LOOKED_AT = 500  # rows from which the dialect is found out
_FITS = 0.9  # share of the rows that have one width in a dialect that fits
_FOREIGN = re.compile("[\u00c0-\u00ff]{4}")  # in no language that is written in cp1252
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
_COMMA = re.compile(r"\s*[+-]?\d*,\d+\s*")
_ENCODING = "name its encoding: --encoding"


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How text files are written; what is not given is found out.

    Parameters
    ----------
    delimiter : str, optional
        One character, or one of "tab", "comma", "semicolon", "pipe", "space".
    encoding : str, optional
        As Python names it.
    decimal : {"point", "comma", ".", ","}, optional
        The other one is then a sign of thousands.

    Raises
    ------
    ValueError, TypeError
        If one of them is none.
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None

    def __post_init__(self) -> None:
        for name in ("delimiter", "encoding", "decimal"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                fail(name, "must be text", value=value, kind=TypeError)
        if self.delimiter is not None:
            plain = _WORDS.get(self.delimiter.lower(), self.delimiter)
            if len(plain) != 1 or not plain.isascii() or plain in '\r\n\0"':
                fail("delimiter", "must be one ASCII character", value=self.delimiter)
            object.__setattr__(self, "delimiter", plain)
        if self.decimal is not None:
            object.__setattr__(self, "decimal", _SIGNS.get(self.decimal.lower(), self.decimal))
        if self.decimal not in (None, ".", ","):
            fail("decimal", "must be point or comma", value=self.decimal)
        if self.encoding is not None:
            try:
                "a".encode(self.encoding)
            except (LookupError, ValueError):
                fail("encoding", "is no encoding known here", value=self.encoding)


def encoding_of(head: bytes, given: str | None, path: str) -> tuple[str, int]:
    """The encoding of a file that begins with `head`, and the length of its mark; "": UTF-8 or not.

    Raises
    ------
    DataError
        If it is no text.
    """
    for mark, name in _BOMS:
        if head.startswith(mark) and (given is None or given.lower().startswith("utf")):
            return name, len(mark)
    if given is not None:
        name = codecs.lookup(given).name
        return {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(name, name), 0
    if b"\0" in head[:4096]:
        even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
        half = len(head[:4096]) // 2
        if odd > 0.4 * half and even < 0.1 * half:
            return "utf-16-le", 0
        if even > 0.4 * half and odd < 0.1 * half:
            return "utf-16-be", 0
        raise DataError(path, "is in no format known here")
    return "", 0


def as_utf8(value: bytes) -> str | None:
    """Text of UTF-8; None if it is none."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return None


def localised(values: Sequence[bytes], path: str) -> list[str]:
    """Text that is not UTF-8, as cp1252.

    Raises
    ------
    DataError
        If it is hardly that.
    """
    try:
        texts = [value.decode("cp1252") for value in values]
    except UnicodeDecodeError:
        raise DataError(path, "is neither UTF-8 nor cp1252", cure=_ENCODING) from None
    odd = next((text for text in texts if _FOREIGN.search(text)), None)
    if odd is not None:
        reason = f"is not UTF-8, and hardly cp1252, which would make {odd[:40]!r} of it"
        raise DataError(path, reason, cure=_ENCODING)
    return texts


class Layout(NamedTuple):
    """Where the table of a delimited text is; positions are in the head, a byte a character."""

    delimiter: str
    newline: str
    quote: str
    trim: bool
    decimal: str  # "": a comma that may be decimal or of thousands
    start: int  # of the first row
    names: list[str]
    first: list[str]  # the first row, if it is no header; else empty
    notes: tuple[str, ...]


class _Reading(NamedTuple):
    """The first rows as one delimiter has them."""

    delimiter: str
    header: int  # which row it is
    rows: list[list[str]]  # from the header on
    ends: list[int]  # number of lines up to the end of each
    fit: float


def laid_out(head: str, is_whole: bool, given: Dialect, path: str, by_name: str = "") -> Layout:
    """Find out the layout.

    Parameters
    ----------
    head : str
        The beginning of the file, each byte a character (latin-1).
    is_whole : bool
        That is all of it; else the last line may be cut.
    given : Dialect
    path : str
    by_name : str
        The delimiter that the file's name says.

    Raises
    ------
    DataError
        If the text can be read in two ways.
    """
    newline = "\n" if "\n" in head else "\r"
    lines = [line + newline for line in head.split(newline)]
    first = 0
    told = given.delimiter or by_name or None
    while first < len(lines) - 1 and _is_above(lines[first]):
        if said := re.fullmatch(r'"?sep=(.)"?\s*', lines[first]):
            told = given.delimiter or said[1]
        first += 1
    body = lines[first:]
    quote = _quote(body)
    readings = [
        found
        for delimiter in ([told] if told else _DELIMITERS)
        if (found := _read(body, delimiter, quote, is_whole)) is not None
    ]
    best = _best(readings, path, told)
    notes = []
    if best.delimiter != (by_name or ","):
        notes.append(f"delimiter {_SHOWN.get(best.delimiter, best.delimiter)!r}")
    skipped = first + (best.ends[best.header - 1] if best.header else 0)
    rows = best.rows[best.header :]
    header, rest = _filled(rows[0]) or rows[0][:1], rows[1:]
    names, used = header, first + best.ends[best.header]
    is_data = _is_data(header, rest)
    above = [line for line in lines[:skipped] if line.strip() and not line.startswith("sep=")]
    if is_data and (comment := _commented(above, best.delimiter, len(header))):
        names, used, is_data, above = comment, skipped, False, above[:-1]
    if above:
        notes.append(f"{len(above)} line{'s' * (len(above) > 1)} above the header passed over")
    trim = best.delimiter != " " and _is_padded(body, best)
    if trim:
        notes.append("blanks around fields dropped")
    if is_data:
        used = skipped
        names = [f"c{k + 1}" for k in range(max(len(_filled(row)) for row in rows))]
        notes.append(f"no header: the columns are c1 to c{len(names)}")
    decimal = given.decimal or _decimal(rest)
    if decimal == "," and given.decimal is None:
        notes.append("decimal comma")
    start = min(sum(map(len, lines[:used])), len(head))
    return Layout(best.delimiter, newline, quote, trim, decimal, start, names,
                  header if is_data else [], tuple(notes))  # fmt: skip


def _commented(above: list[str], delimiter: str, width: int) -> list[str]:
    """The header, if it is the comment above the first row."""
    if not above or not above[-1].startswith("#"):
        return []
    names = [name.strip() for name in next(csv.reader([above[-1][1:]], delimiter=delimiter))]
    return names if len(names) == width else []


def _is_above(line: str) -> bool:
    """Whether a line at the top is no row: blank, a comment, or what a spreadsheet says."""
    text = line.strip()
    comment = text.startswith("#") and not re.match(r"#[,;\t|]", text)
    return not text.strip(",;|") or comment or re.fullmatch(r'"?sep=.?"?', text) is not None


def _quote(lines: list[str]) -> str:
    """What stands around fields: double quotes, or single ones if all the first lines have them."""
    some = [line.strip() for line in lines[:5] if line.strip()]
    single = all(len(t) > 2 and t[0] == t[-1] == "'" and '"' not in t for t in some)
    return "'" if some and single else '"'


def _read(lines: list[str], delimiter: str, quote: str, is_whole: bool) -> _Reading | None:
    """The first rows with one delimiter; None if it makes no columns."""
    rows, ends = [], []
    for row, end in _rows(lines, delimiter, quote):
        rows.append(row)
        ends.append(end)
        if len(rows) == _LOOKED_AT:
            break
    else:
        if len(rows) > 2 and not is_whole:
            rows, ends = rows[:-1], ends[:-1]
    if not rows:
        return None
    width = Counter(len(row) for row in rows if any(row)).most_common(1)[0][0]
    least = 2 if width > 2 else 1  # a title stands alone, also where a spreadsheet fills its row
    full = [k for k, row in enumerate(rows) if len(row) == width and any(row)]
    header = next((k for k in full if len(list(filter(None, rows[k]))) >= least), full[0])
    below = [row for row in rows[header:] if any(row)]
    fit = sum(len(row) == width for row in below) / len(below)
    return _Reading(delimiter, header, rows, ends, fit)


def _rows(lines: list[str], delimiter: str, quote: str) -> Iterator[tuple[list[str], int]]:
    """Rows that are no blank lines, and the number of lines up to the end of each."""
    most = csv.field_size_limit(1 << 30)
    try:
        reader = csv.reader(
            lines, delimiter=delimiter, quotechar=quote, skipinitialspace=delimiter != " "
        )
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                yield [field.strip() for field in row], reader.line_num
    except csv.Error:
        return
    finally:
        csv.field_size_limit(most)


def _best(readings: list[_Reading], path: str, told: str | None) -> _Reading:
    """The reading that fits best.

    Raises
    ------
    DataError
        If there are two.
    """
    if not readings:
        raise DataError(path, "holds no rows")
    if told:
        return readings[0]
    wide = [r for r in readings if len(r.rows[r.header]) > 1]
    fitting = [r for r in wide if r.fit >= _FITS] or wide
    if not fitting:
        return readings[0]
    least = min(r.header for r in fitting)  # lines above the header are less likely than none
    fitting = [r for r in fitting if r.header == least]
    widest = max(len(r.rows[r.header]) for r in fitting)
    found = [r for r in fitting if len(r.rows[r.header]) == widest]
    if len(found) > 1:
        words = {sign: word for word, sign in reversed(_WORDS.items())}
        several = [words[r.delimiter] for r in found]
        reason = f"could be separated by {' or by '.join(several)}"
        raise DataError(path, reason, settles=tuple({"delimiter": d} for d in several))
    return found[0]


def _filled(row: list[str]) -> list[str]:
    """A row without the empty fields at its end."""
    n = len(row)
    while n and not row[n - 1]:
        n -= 1
    return row[:n]


def _is_padded(lines: list[str], best: _Reading) -> bool:
    """Whether blanks stand around the fields of nearly all rows."""
    d = re.escape(best.delimiter)
    padded = re.compile(rf"[^{d}]*(\s+{d}|{d} )")
    some = [line for line in lines[:_LOOKED_AT] if best.delimiter in line]
    return bool(some) and sum(bool(padded.match(line)) for line in some) >= _FITS * len(some)


def _is_data(first: list[str], rest: list[list[str]]) -> bool:
    """Whether the first row is one like the others: numbers above numbers, or labels again."""
    if len(first) < 2 or not rest:
        return False
    for column, name in enumerate(first):
        below = [row[column] for row in rest if column < len(row) and row[column]]
        if not below or not name:
            continue
        numbers = sum(_is_number(value) for value in below)
        if _is_number(name) and numbers >= _FITS * len(below):
            return True
        if not _is_number(name) and name in below:
            return True
    return False


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None or _COMMA.fullmatch(text) is not None


def _decimal(rows: list[list[str]]) -> str:
    """The decimal sign of the numbers; "" if a comma may be one of thousands."""
    found = "."
    for column in range(max(map(len, rows), default=0)):
        values = [row[column] for row in rows if column < len(row) and row[column]]
        commas = [value for value in values if _COMMA.fullmatch(value)]
        if not commas or not all(_is_number(value) for value in values):
            continue
        if any("." in value for value in values):
            continue
        if any(re.search(r",\d{3}\s*$", value) is None for value in commas):
            return ","
        found = ""
    return found
