"""What a result becomes on a page: one sheet, or one for each of its groups."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np

from venire._core.summary import stopped
from venire._core.tables import flowing
from venire.pages import _boards, _pictures
from venire.pages._boards import Board, named
from venire.pages._opponents import opponents
from venire.pages._pictures import Picture
from venire.panel import Consensus
from venire.ratings import Fit, GroupedFit
from venire.resampling import Bootstrap, PosteriorDraws
from venire.scales import SCALES, Display
from venire.targets import Rated

__all__ = ["MOST_TABS", "Asked", "Sheet", "sheets_of"]

MOST_TABS = 24
ALL = "all"


class Asked(NamedTuple):
    """How results are shown."""

    level: float
    errors: str | None


@dataclass(frozen=True)
class Sheet:
    """One table, with what belongs to it.

    `header` stands above the table, `notes` below it, `warnings` where nobody overlooks them.
    """

    name: str
    board: Board
    header: list[str]
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    opponents: dict[str, Any] | None = None

    def data(self) -> dict[str, Any]:
        """For the script of the page."""
        return {
            "columns": [column._asdict() for column in self.board.columns],
            "rows": self.board.rows,
            "label": self.board.label,
            "opponents": self.opponents,
        }


def sheets_of(name: str, result: Any, asked: Asked) -> Iterator[Sheet]:
    """Of one result; those of groups have their labels as names."""
    if isinstance(result, Consensus):
        header = [f"{result.n_pairs:,} pairs, {result.votes.n_votes:,.10g} votes"]
        board = _boards.of_pairs(result, asked.level)
        yield Sheet(name, board, header, _left_out(board))
    elif isinstance(result, GroupedFit):
        yield from _of_groups(name, result, asked)
    elif isinstance(result, Rated) and result.by is not None:
        yield _of_one(name or ALL, result, asked)
        fitted = np.isfinite(result.by.residual)
        for label in result.categories[fitted].tolist()[:MOST_TABS]:
            yield _of_one(named(label), result[label], asked, first=False)
    else:
        yield _of_one(name, result, asked)


def _of_groups(name: str, gf: GroupedFit, asked: Asked) -> Iterator[Sheet]:
    """All groups as a table, then the largest by themselves."""
    board = _boards.of_groups(gf)
    summary = gf.summary(asked.level, 1, errors=None)
    fitted = np.isfinite(gf.residual) & (gf.status != "no comparisons")
    tabs = [k for k in board.order.tolist() if fitted[k]][:MOST_TABS]
    notes = _left_out(board)
    if len(tabs) < len(gf.groups):
        notes.append(
            f"{len(tabs):,} of {len(gf.groups):,} groups have a tab: those with the most "
            "comparisons that have a fit."
        )
    warnings = stopped(gf.groups, gf.status)
    header = [named(line) for line in summary.header if line not in warnings]
    warnings = [f"{named(line)}. Their numbers are not those of the model." for line in warnings]
    yield Sheet(name or "all groups", board, flowing(header), notes, warnings)
    own, shown = gf.own, gf.display
    for k in tabs:
        fit, note = _as_shown(own[gf.groups[k]], shown)
        sheet = _of_one(named(gf.groups[k]), fit, asked, first=False)
        yield replace(sheet, notes=[*note, *sheet.notes])


def _as_shown(fit: Fit, display: Display) -> tuple[Fit, list[str]]:
    """One group's fit in the unit of all, as far as that goes, and what is to be said of it."""
    if display.scale not in SCALES:
        return fit, [f"The table of groups is {display.scale}; this is on the model's own scale."]
    if display.anchor is None or display.anchor in fit.items.tolist():
        return fit.rescale(display.scale, anchor=display.anchor, at=display.at), []
    note = f"{named(display.anchor)}, the anchor, is not in this group: the mean is at its centre."
    return fit.rescale(display.scale), [note]


def _of_one(
    name: str, result: Fit | Bootstrap | PosteriorDraws | Rated, asked: Asked, *, first: bool = True
) -> Sheet:
    """The items of one fit; the `first` of several has all pictures."""
    tag = hashlib.sha256(name.encode()).hexdigest()[:8]
    fit = result if isinstance(result, Fit) else result.fit
    if isinstance(result, (Bootstrap, PosteriorDraws)):
        columns = result.to_frame("dict", level=asked.level)
        columns[f"n_{fit.counted}"] = fit.item_weights
        summary = result.summary(asked.level, 1)
    elif isinstance(result, Rated):
        columns = result.columns(asked.level, asked.errors)
        summary = result.summary(asked.level, 1, errors=asked.errors)
    else:
        columns = result.to_frame("dict", level=asked.level, errors=asked.errors)
        summary = result.summary(asked.level, 1, errors=asked.errors)
    board = _boards.of_ratings(columns, fit.best_first(), fit.rating, fit.display, asked.level)
    notes = list(takewhile(bool, (x for x in summary.notes if not x.startswith("..."))))
    pictures = _pictures.of_ratings(result, len(fit.theta), tag, every=first, **asked._asdict())
    return Sheet(
        name, board, flowing(summary.header), [*notes, *_left_out(board)],
        [*_warnings(fit), *_of_replicates(result)], pictures, opponents(fit, board.order),
    )  # fmt: skip


def _warnings(fit: Fit) -> Iterator[str]:
    """What makes the numbers worth less than they look."""
    if not fit.converged:
        yield (
            f"NOT CONVERGED: the fit stopped after {fit.n_iter:,} iterations with a residual of "
            f"{fit.residual:.1e}. Its numbers are not those of the model."
        )
    if fit.status == "not identified":
        n = int(fit.component.max()) + 1
        yield (
            f"NOT IDENTIFIED: the items form {n:,} components that never met. Each was rated by "
            "itself; ratings do not compare across them, and ranks are those of the largest."
        )
    elif not fit.determined.all():
        rest = fit.items[~fit.determined]
        examples = ", ".join(map(named, rest[:5].tolist())) + (", ..." if len(rest) > 5 else "")
        yield (
            f"NOT DETERMINED BY THE DATA: {len(rest):,} of {len(fit.items):,} items ({examples}) "
            "have no rank: where they lie, the prior alone says."
        )


def _of_replicates(result: Any) -> Iterator[str]:
    if not isinstance(result, Bootstrap):
        return
    left_out = {"have no finite fit": result.n_failed, "did not converge": result.n_unconverged}
    if any(left_out.values()):
        what = ", ".join(f"{n:,} {words}" for words, n in left_out.items() if n)
        used = result.n_resamples - sum(left_out.values())
        yield (
            f"REPLICATES LEFT OUT: of {result.n_resamples:,} replicates {what}. Errors and "
            f"intervals are those of the other {used:,}: what would widen them may be missing."
        )


def _left_out(board: Board) -> list[str]:
    if not board.left_out:
        return []
    n = len(board.rows)
    return [f"The first {n:,} of {n + board.left_out:,} {board.what}."]
