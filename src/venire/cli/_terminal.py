"""How text comes onto a terminal: nothing in it is executed, and tables fit the width."""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, BinaryIO, TextIO, cast

from rich.cells import cell_len

from venire._core.shown import visible

__all__ = ["Grid", "Screen", "escaped", "standard_output", "visible"]

_PIPED = 160  # columns where nobody says how many there are
_LEAST = 20
_GAP = "  "
_SHORTEST = 14  # columns that a shortened label keeps, while another column can go


class Screen:
    """Where text for people goes: a terminal, or a pipe or file in its place.

    Parameters
    ----------
    stream : text stream
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        columns = _columns_of(stream)
        self._folds = columns is not None
        self.width: int = _PIPED if columns is None else max(columns, _LEAST)

    def line(self, text: str, *, whole: bool = False) -> None:
        """A line of text, folded between words where it is wider than the terminal.

        `whole`: it is to be copied, and left to the terminal.
        """
        for part in [text] if whole or not self._folds else folded(visible(text), self.width):
            self._print(visible(part))

    def table(self, grid: Grid) -> None:
        """A table as wide as there is room."""
        for part in grid.lines(self.width):
            self._print(part)

    def _print(self, text: str) -> None:
        self._stream.write(f"{self.plain(text)}\n")

    def plain(self, text: str) -> str:
        """Text that the stream's encoding has."""
        encoding = self._stream.encoding or "utf-8"
        try:
            text.encode(encoding)
        except (UnicodeEncodeError, LookupError):
            text = "".join(_PLAIN.get(c, c) for c in text)
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        return text


def _columns_of(stream: TextIO) -> int | None:
    """What $COLUMNS says, or the terminal; None where it is none."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and 0 < int(said) < 1 << 15:
        return int(said)
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):  # a terminal that does not know
        return 80


def escaped(document: str) -> str:
    """A JSON document without characters that a terminal would act on: as JSON escapes them."""
    acting = {ord(c): json.dumps(c)[1:-1] for c in set(document) if visible(c) != c and c != "\n"}
    return document.translate(acting)


def standard_output() -> BinaryIO:
    """Where a table of bytes goes; a terminal is only shown the text."""
    return cast(BinaryIO, _Shown()) if sys.stdout.isatty() else sys.stdout.buffer


class _Shown(io.RawIOBase):
    """The bytes of a text, on a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._screen = Screen(sys.stdout)

    def write(self, data: Any) -> int:
        """Show what is written."""
        parts = self._decoder.decode(bytes(data)).split("\n")
        sys.stdout.write("\n".join(self._screen.plain(visible(part)) for part in parts))
        return len(bytes(data))

    def writable(self) -> bool:
        """As a stream says it."""
        return True


_PLAIN = {"…": "~", "─": "-", "±": "+/-", "–": "-", "×": "x"}


def folded(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken between words, all with the indent of the first; a
    word that is longer, the path of a file, stays whole: the terminal breaks it, and copies it."""
    start = " " * min(len(text) - len(text.lstrip(" ")), width // 2)
    lines, line = [], start
    for word in text.strip(" ").split(" ") if start else text.split(" "):
        joined = f"{line} {word}" if line.strip() else line + word
        if line.strip() and cell_len(joined) > width:
            lines.append(line)
            joined = start + word
        line = joined
    return [*lines, line]


def _head(text: str, width: int) -> str:
    """As much of the beginning as goes into so many columns."""
    return text[: sum(end <= width for end in accumulate(cell_len(c) for c in text))]


def _tail(text: str, width: int) -> str:
    return _head(text[::-1], width)[::-1]


@dataclass(frozen=True)
class Grid:
    """A table for people: columns of text under their heads.

    Parameters
    ----------
    columns : mapping of str to sequence of str
    labels : sequence of str
        Columns that stand on the left, and whose cells are shortened where there is no room.
    sections : int
        A line is drawn after each so many rows; 0: nowhere.
    spare : sequence of str
        Columns that can be done without, the least important first. After them go others, from the
        right.
    """

    columns: Mapping[str, Sequence[str]]
    labels: Sequence[str] = ()
    sections: int = 0
    spare: Sequence[str] = ()

    def lines(self, width: int) -> list[str]:
        """The table in at most `width` columns, where that can be done at all."""
        shown = {visible(h): [visible(c) for c in cells] for h, cells in self.columns.items()}
        labels = [visible(label) for label in self.labels if visible(label) in shown]
        left_out: list[str] = []
        others = [head for head in reversed(shown) if head not in labels]
        for head in dict.fromkeys([*map(visible, self.spare), *others[:-1]]):
            if _needed(shown, labels, _SHORTEST) <= width:
                break
            if head in shown:
                left_out.append(head)
                shown = {name: cells for name, cells in shown.items() if name != head}
        _shorten(shown, labels, width)
        out = self._drawn(shown, labels)
        if left_out:
            words = f"(no room for: {', '.join(left_out)})"
            out += folded(words, width)
        return out

    def _drawn(self, shown: Mapping[str, Sequence[str]], labels: Sequence[str]) -> list[str]:
        widths = {head: _width(head, cells) for head, cells in shown.items()}

        def row(cells: Sequence[str]) -> str:
            parts = []
            for (head, size), cell in zip(widths.items(), cells, strict=True):
                space = " " * (size - cell_len(cell))
                parts.append(cell + space if head in labels else space + cell)
            return _GAP.join(parts).rstrip()

        rule = "─" * (sum(widths.values()) + len(_GAP) * (len(widths) - 1))
        out = [row([*shown]), rule]
        rows = [*zip(*shown.values(), strict=True)]
        for at, cells in enumerate(rows, 1):
            out.append(row(cells))
            if self.sections and at % self.sections == 0 and at < len(rows):
                out.append(rule)
        return ["", *out, ""]


def _width(head: str, cells: Sequence[str]) -> int:
    return max(cell_len(head), max(map(cell_len, cells), default=0))


def _needed(shown: Mapping[str, Sequence[str]], labels: Sequence[str], most: int) -> int:
    """Columns of the table, with labels no wider than `most` if they can be shortened."""
    return _total({head: _width(head, cells) for head, cells in shown.items()}, labels, most)


def _total(widths: Mapping[str, int], labels: Sequence[str], most: int) -> int:
    own = [
        max(cell_len(head), min(width, most)) if head in labels else width
        for head, width in widths.items()
    ]
    return sum(own) + len(_GAP) * (len(own) - 1)


def _shorten(shown: dict[str, list[str]], labels: Sequence[str], width: int) -> None:
    """Shorten the widest labels until the table fits, but to no less than a few columns."""
    widths = {head: _width(head, cells) for head, cells in shown.items()}
    most = max((widths[head] for head in labels), default=0)
    while most > 3 and _total(widths, labels, most) > width:
        most -= 1
    for head in labels:
        shown[head] = shortened(shown[head], max(most, cell_len(head)))


def shortened(labels: Sequence[str], width: int) -> list[str]:
    """Labels of at most `width` columns that are distinct where they were.

    What differs is mostly at the end or in the middle: from each that is too long a stretch is
    taken out, at that place where fewest become the same.
    """
    if all(cell_len(label) <= width for label in labels):
        return [*labels]
    best: list[str] = []
    n_best = 0
    for share in (0.5, 1.0, 0.0, 0.25, 0.75):
        found = [_cut(label, width, share) for label in labels]
        n = len(set(found))
        if n > n_best:
            best, n_best = found, n
    if n_best < len(set(labels)):
        best = _numbered(labels, best, width)
    return best


def _cut(label: str, width: int, share: float) -> str:
    """`share` of what is kept is the beginning, the rest the end."""
    if cell_len(label) <= width:
        return label
    room = width - 1
    head = _head(label, round(room * share))
    return f"{head}…{_tail(label, room - cell_len(head))}"


def _numbered(labels: Sequence[str], short: Sequence[str], width: int) -> list[str]:
    """Where shortened labels are the same all the same, a number at their end tells them apart."""
    known: dict[str, dict[str, int]] = {}
    for label, text in zip(labels, short, strict=True):
        same = known.setdefault(text, {})
        same.setdefault(label, len(same) + 1)
    out = []
    for label, text in zip(labels, short, strict=True):
        mark = f"…{known[text][label]}" if len(known[text]) > 1 else ""
        out.append(_head(text, width - cell_len(mark)) + mark if mark else text)
    return out
