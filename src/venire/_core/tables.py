"""Tables for people: from columns to plain text, HTML, Markdown and LaTeX, in one place.

Labels and notes are text, whatever stands in them: each format has its own signs escaped. HTML is
made here, since notebooks ask every result for it; Markdown and LaTeX are laid out by tabulate.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.extras import needs
from venire._core.shown import visible, width

__all__ = [
    "ALL",
    "DOCUMENTS",
    "TOP",
    "Table",
    "Tabled",
    "amount",
    "tally",
    "flowing",
    "number_shown",
    "shown_of",
]

#: What stands above columns of these names; others are words with underscores.
TITLES = {
    "theta": "estimate",
    "standard_error": "SE",
    "elo": "Elo",
    "rank_lower": "best rank",
    "rank_upper": "worst rank",
    "prob_best": "P(best)",
    "expected_regret": "regret",
    "n_comparisons": "games",
}
_LABELS = ("group", "item", "first", "second", "teacher", "pair")
_RATINGS = (
    *TITLES, "logit", "probit", "erf", "standardized", "estimate", "lower", "upper", "target",
    "bias", "mean", "p",
)  # fmt: skip
_DIGITS = {"prob_best": 3}  # whatever ratings have
ALL = 60  # rows up to which every one is shown when nobody says how many
TOP = 30  # rows that are shown otherwise
_SHORT = 20  # rows in a notebook
_CLASS = "venire tex2jax_ignore mathjax_ignore"  # $ in a label is no mathematics
_NONE = "-"  # where nothing is known


@dataclass(frozen=True)
class Table:
    """Columns of text under their heads, with lines above and below.

    Parameters
    ----------
    header : sequence of str
    columns : mapping of str to sequence of str
        The cells of each head.
    notes : sequence of str
    left : collection of str
        Heads of the columns that stand on the left, as text does.
    """

    header: Sequence[str]
    columns: Mapping[str, Sequence[str]]
    notes: Sequence[str] = ()
    left: Collection[str] = ()

    @classmethod
    def of(
        cls,
        header: Sequence[str],
        columns: Mapping[str, Any],
        notes: Sequence[str] = (),
        *,
        top: int | None = None,
        total: int | None = None,
        digits: int | Mapping[str, int] = 4,
        what: str = "rows",
    ) -> Table:
        """Of arrays or lists: the first `top` rows, ranks on the left; None: all, if not too many.

        What is masked, or None, is a dash. `total`: how many rows there are, if not all are given;
        `what`: what they are, where some are left out; `digits`: decimals, or those of columns.
        """
        names = sorted(columns, key=lambda name: name != "rank")
        n = total if total is not None else len(columns[names[0]]) if names else 0
        count = shown_of(n, top)
        cells, left = {}, []
        for name in names:
            values = columns[name][:count]
            values = values.tolist() if hasattr(values, "tolist") else list(values)
            head = TITLES.get(name, name.removeprefix("n_").replace("_", " "))
            own = digits if isinstance(digits, int) else digits.get(name, 4)
            cells[head] = cells_of(name, values, own)
            if name in _LABELS or any(isinstance(x, str) for x in values):
                left.append(head)
        more = [f"... and {n - count:,} more {what}"] if count < n else []
        return cls(header, cells, [*more, *notes], left)

    @classmethod
    def numbers(
        cls, header: Sequence[str], of: Any, names: Sequence[str], top: int | None
    ) -> Table:
        """A row for each of some attributes of an object."""
        values = [float(getattr(of, name)) for name in names]
        words = [name.replace("_", " ") for name in names]
        return cls.of(header, {"measure": words, "estimate": values}, top=top)

    # ---- formats --------------------------------------------------------------------------------

    def __str__(self) -> str:
        """In plain text."""
        header, notes = [visible(x) for x in self.header], [visible(x) for x in self.notes]
        if not self.columns:
            return "\n".join([*header, *notes])
        table = [[head, *cells] for head, cells in self.columns.items()]
        widths = [max(map(width, column)) for column in table]
        left = [head in self.left for head in self.columns]
        lines = [
            "  ".join(
                cell + " " * (size - width(cell)) if on_left else " " * (size - width(cell)) + cell
                for cell, size, on_left in zip(row, widths, left, strict=True)
            ).rstrip()
            for row in zip(*table, strict=True)
        ]
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        return "\n".join([*header, "", rule, lines[0], rule, *lines[1:], rule, *notes])

    def to_html(self) -> str:
        """As a ``<div>`` with a table; a page's own styles apply."""

        def cell(tag: str, text: str, on_left: bool) -> str:
            side = "left" if on_left else "right"
            return f'<{tag} style="text-align: {side}">{_html(text)}</{tag.partition(" ")[0]}>'

        parts = [f'<div class="{_CLASS}">', *_lines(self.header)]
        if self.columns:
            left = [head in self.left for head in self.columns]
            heads = map(cell, ['th scope="col"'] * len(left), self.columns, left)
            parts += [
                '<table class="dataframe" cellpadding="4">',
                f"<thead><tr>{''.join(heads)}</tr></thead>",
                "<tbody>",
            ]
            for row in zip(*self.columns.values(), strict=True):
                parts.append(f"<tr>{''.join(map(cell, ['td'] * len(left), row, left))}</tr>")
            parts += ["</tbody>", "</table>"]
        return "\n".join([*parts, *_lines(self.notes, small=True), "</div>"])

    _repr_html_ = to_html

    def to_markdown(self) -> str:
        """As a table of GitHub's Markdown, with its lines as paragraphs."""
        heads = [_markdown(head) for head in self.columns]
        rows = [[*map(_markdown, row)] for row in zip(*self.columns.values(), strict=True)]
        table = self._tabulated(heads, rows, "pipe") if heads else ""
        parts = [_paragraph(self.header), table, _paragraph(self.notes)]
        return "\n\n".join(part for part in parts if part)

    def to_latex(self) -> str:
        """As a ``table`` with rules of the package booktabs; names beyond Latin need LuaLaTeX."""
        rules = needs("tabulate", "a table in LaTeX").LATEX_ESCAPE_RULES

        def said(lines: Sequence[str]) -> str:
            texts = ("".join(rules.get(c, c) for c in visible(line)) for line in flowing(lines))
            return " \\\\\n".join(f"{{}}{text}" for text in texts)

        rows = [*zip(*self.columns.values(), strict=True)]
        table = self._tabulated([*self.columns], rows, "latex_booktabs") if self.columns else ""
        # After the end of a row a bracket or a star would be an option of that end.
        table = re.sub(r"(?m)^( *)([\[*])", r"\1{}\2", table)
        parts = ["\\begin{table}", "\\centering"]
        parts += [f"\\caption{{{said(['; '.join(flowing(self.header))])}}}"] if self.header else []
        parts += [table] if table else []
        parts += ["\\par\\smallskip\\footnotesize", said(self.notes)] if self.notes else []
        return "\n".join([*parts, "\\end{table}"])

    def _tabulated(self, heads: Sequence[str], rows: Sequence[Any], form: str) -> str:
        sides = ["left" if head in self.left else "right" for head in self.columns]
        return needs("tabulate", "a table in Markdown or LaTeX").tabulate(
            rows, heads, form, disable_numparse=True, colalign=sides if rows else None
        )

    def page(self) -> str:
        """A whole page of HTML."""
        title = _html(self.header[0] if self.header else "Ratings", "title")
        return f"{_PAGE.format(title)}\n<body>\n{self.to_html()}\n</body>\n</html>\n"


#: Documents, by their format: the function that makes them of a table.
DOCUMENTS = {"md": Table.to_markdown, "html": Table.page, "tex": Table.to_latex}


class Tabled:
    """A result that is shown as a table: in notebooks, and in documents."""

    __slots__ = ()

    def _table(self, top: int | None) -> Table:
        """Its table; `top` as in `Table.of`."""
        raise NotImplementedError

    def _titled(self) -> list[str]:
        """The line above it: what `repr` says."""
        return [repr(self).strip("<>")]

    def _repr_html_(self) -> str:
        try:
            return self._table(_SHORT).to_html()
        except ValueError as error:  # there is nothing to tell of it; a notebook shows that much
            return Table(self._titled(), {}, [str(error)]).to_html()

    def to_html(self, top: int | None = None) -> str:
        """The result as a table of HTML, as notebooks show it; labels are escaped.

        Parameters
        ----------
        top : int, optional
            Rows shown; None shows all of up to 60, else 30.
        """
        return self._table(checks.top(top)).to_html()

    def to_markdown(self, top: int | None = None) -> str:
        """The result as a table of Markdown, as GitHub has it. Needs tabulate.

        Parameters
        ----------
        top : int, optional
            As in `to_html`.
        """
        return self._table(checks.top(top)).to_markdown()

    def to_latex(self, top: int | None = None) -> str:
        """The result as a ``table`` of LaTeX, with the rules of booktabs. Needs tabulate.

        Parameters
        ----------
        top : int, optional
            As in `to_html`.
        """
        return self._table(checks.top(top)).to_latex()


def shown_of(n: int, top: int | None) -> int:
    """How many of `n` rows are shown."""
    return n if top is None and n <= ALL else min(top or TOP, n)


# ---- cells --------------------------------------------------------------------------------------


def cells_of(name: str, values: Sequence[Any], digits: int) -> list[str]:
    """The cells of a column; numbers that are all whole are counts, unless it is of ratings."""
    numbers = [x for x in values if isinstance(x, float) and math.isfinite(x)]
    whole = bool(numbers) and all(x.is_integer() for x in numbers)
    counts = name == "n_comparisons" or (whole and name not in _RATINGS)
    return [_cell(x, counts, _DIGITS.get(name, digits)) for x in values]


def _cell(x: Any, counts: bool, digits: int) -> str:
    if x is None:
        return _NONE
    if isinstance(x, bool):
        return "yes" if x else "no"
    if isinstance(x, float):
        return amount(x) if counts else number_shown(x, digits)
    return visible(str(x))


def number_shown(x: float, digits: int = 4) -> str:
    """A number with so many decimals, or four digits where it is large."""
    return f"{x:z.{digits}f}" if abs(x) < 1e5 or not np.isfinite(x) else f"{x:.4g}"


def amount(x: float) -> str:
    """A count without decimals when it is whole."""
    return f"{x:z.0f}" if float(x).is_integer() else f"{x:.2f}"


def tally(x: float) -> str:
    """The same with commas, and three digits of what is less than one."""
    if 0.0 < x < 1.0:
        return f"{x:.3g}"
    return f"{x:z,.0f}" if float(x).is_integer() else f"{x:,.2f}"


# ---- escapes ------------------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 15px/1.45 system-ui, "Noto Sans", sans-serif; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem; }}
.venire {{ overflow-x: auto; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; }}
th, td {{ padding: 0.25rem 0.75rem; }}
thead {{ border-bottom: 1px solid; }}
tbody tr:nth-child(even) {{ background: rgb(128 128 128 / 12%); }}
</style>
</head>"""


def _html(text: str, tag: str = "") -> str:
    """Text as HTML; labels from right to left keep to themselves."""
    text = escape(visible(text))
    leftward = any(unicodedata.bidirectional(c) in ("R", "AL") for c in text)
    return f"<bdi>{text}</bdi>" if leftward and not tag else text


def flowing(lines: Sequence[str]) -> list[str]:
    """Lines of plain text, in formats in which spaces are one."""
    return [re.sub(" {2,}", ", ", line.strip()) for line in lines if line.strip()]


def _lines(lines: Sequence[str], small: bool = False) -> list[str]:
    """Lines as one paragraph."""
    style = ' style="font-size: smaller"' if small else ""
    texts = [_html(line) for line in flowing(lines)]
    return [f"<p{style}>{'<br>'.join(texts)}</p>"] if texts else []


def _markdown(text: str) -> str:
    """Text in which nothing is a sign of Markdown, HTML or mathematics."""
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|~$^]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", text)


def _paragraph(lines: Sequence[str]) -> str:
    """Lines of Markdown, none of which begins a list or a heading."""
    marks = (re.sub(r"^(\d*)([#+.)=-])(?=\s|$)", r"\1\\\2", _markdown(x)) for x in flowing(lines))
    return "  \n".join(marks)
