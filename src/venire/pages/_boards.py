"""The table of a sheet: what stands in it, as text, best first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.shown import visible
from venire.scales import Display

if TYPE_CHECKING:
    from venire.panel import Consensus
    from venire.ratings import GroupedFit

__all__ = ["MOST_ROWS", "Board", "Column", "named", "of_groups", "of_pairs", "of_ratings", "plain"]

MOST_ROWS = 10_000

Columns = dict[str, Any]


class Column(NamedTuple):
    """A column: what stands above it, what that means, and how it is shown.

    `how` is "label", "number", "rank", "text" or "range"; `spare` goes first on a narrow screen.
    """

    title: str
    says: str = ""
    how: str = "number"
    spare: bool = False


@dataclass(frozen=True)
class Board:
    """A table of text.

    `order`: the positions of its rows in the result. `left_out`: how many rows it lacks.
    """

    columns: list[Column]
    rows: list[list[str]]
    order: NDArray[np.int64]
    what: str
    left_out: int = 0

    @property
    def label(self) -> int:
        """The column that names a row."""
        return next(k for k, column in enumerate(self.columns) if column.how == "label")


def named(label: Any) -> str:
    """A label as it is shown; half a pair of surrogates is nothing that a file can hold."""
    return visible(str(label)).encode("utf-8", "backslashreplace").decode()


def _numbers(column: Any, digits: int) -> list[str]:
    return ["-" if x is None or x != x else f"{x:z,.{digits}f}" for x in _plain_list(column)]


def _amounts(column: Any) -> list[str]:
    return [f"{x:,.0f}" if float(x).is_integer() else f"{x:,.2f}" for x in _plain_list(column)]


def _ranges(columns: Columns, low: str, high: str, digits: int | None) -> list[str]:
    texts = [
        _numbers(columns[x], digits) if digits is not None else _ranks(columns[x])
        for x in (low, high)
    ]
    return ["-" if "-" in ends else " to ".join(ends) for ends in zip(*texts, strict=True)]


def _ranks(column: Any) -> list[str]:
    return [str(x) if x else "-" for x in _plain_list(column)]


def _plain_list(column: Any) -> list[Any]:
    return column if isinstance(column, list) else np.ma.asarray(column).tolist()


def _cut(columns: Columns, order: NDArray[np.int64]) -> tuple[Columns, NDArray[np.int64], int]:
    """The rows that are shown, in their order, and how many are not."""
    kept = order[:MOST_ROWS]
    return {k: np.ma.asarray(x)[kept] for k, x in columns.items()}, kept, len(order) - len(kept)


def of_ratings(
    columns: Columns, order: NDArray[np.int64], rating: str, display: Display, level: float
) -> Board:
    """Items; `columns` as of `to_frame`, `order` the positions from the best down."""
    shown, kept, rest = _cut(columns, order)
    digits, name = display.digits, "rating" if rating == "theta" else display.name
    heads = [
        Column("rank", "1 is the strongest; - where the data tell none", "rank"),
        Column("item", "", "label"),
        Column(name, f"estimate, on the scale {visible(display.words)}"),
    ]
    cells = [
        _ranks(shown["rank"]),
        [named(x) for x in _plain_list(shown["item"])],
        _numbers(shown[rating], digits),
    ]
    if "standard_error" in shown:
        heads.append(Column("SE", "standard error", spare=True))
        cells.append(_numbers(shown["standard_error"], digits))
        heads.append(Column(f"{100 * level:g} % interval", "", "range", spare=True))
        cells.append(_ranges(shown, "lower", "upper", digits))
    if "rank_lower" in shown:
        heads.append(Column("rank interval", f"at {100 * level:g} %", "range", spare=True))
        cells.append(_ranges(shown, "rank_lower", "rank_upper", None))
    if "prob_best" in shown:
        heads.append(Column("P(best)", "chance to be the strongest, over the draws"))
        cells.append(_numbers(shown["prob_best"], 3))
        heads.append(Column("regret", "expected loss of choosing it, against the best", spare=True))
        cells.append(_numbers(shown["expected_regret"], digits))
    for column, title, says in (
        ("n_comparisons", "games", "weight of the item's comparisons"),
        ("n_rankings", "rankings", "that the item stands in"),
        ("n_prompts", "prompts", "on which it was compared"),
    ):
        if column in shown:
            heads.append(Column(title, says, spare=column == "n_prompts"))
            cells.append(_amounts(shown[column]))
    rows = [list(row) for row in zip(*cells, strict=True)]
    return Board(heads, rows, kept, "items", rest)


def of_pairs(consensus: Consensus, level: float) -> Board:
    """The pairs of a consensus, the most contested first."""
    q = consensus.to_frame("dict", level=level)
    order = np.argsort(np.abs(q["probability"] - 0.5), kind="stable")
    shown, kept, rest = _cut(q, order)
    what = [shown[x] for x in ("group", "pair", "first", "second") if x in shown]
    labels = [" · ".join(map(named, row)) for row in zip(*map(_plain_list, what), strict=True)]
    heads = [
        Column("pair", "the most contested first", "label"),
        Column("P(first)", "probability that the first of the pair is better"),
        Column(f"{100 * level:g} % interval", "", "range", spare=True),
        Column("judges", "who voted on the pair"),
        Column("votes' worth", "how many independent votes theirs are worth", spare=True),
    ]
    cells = [
        labels,
        _numbers(shown["probability"], 3),
        _ranges(shown, "lower", "upper", 3),
        _amounts(shown["n_judges"]),
        _numbers(shown["pseudo_votes"], 2),
    ]
    return Board(heads, [list(row) for row in zip(*cells, strict=True)], kept, "pairs", rest)


def of_groups(gf: GroupedFit) -> Board:
    """The groups of a fit of many, those with the most comparisons first."""
    n_items = np.diff(gf.offsets)
    games = np.add.reduceat(np.append(gf.item_weights, 0.0), gf.offsets[:-1]) / 2.0
    games = np.where(n_items > 0, games, 0.0)
    order = np.argsort(-games, kind="stable")
    columns = {"group": gf.groups, "status": gf.status, "items": n_items, "games": games}
    shown, kept, rest = _cut(columns, order)
    ranks = gf.ranks()
    best = []
    for k in kept.tolist():
        own = slice(gf.offsets[k], gf.offsets[k + 1])
        first = gf.items[own][ranks[own] == 1]
        best.append(named(first[0]) if len(first) else "-")
    heads = [
        Column("group", "those with the most comparisons first", "label"),
        Column("best item", "", "text"),
        Column("items", ""),
        Column("games", "weight of its comparisons"),
        Column("fit", "what came of it", "text"),
    ]
    cells = [
        [named(x) for x in _plain_list(shown["group"])],
        best,
        _amounts(shown["items"]),
        _amounts(shown["games"]),
        [str(x) for x in _plain_list(shown["status"])],
    ]
    return Board(heads, [list(row) for row in zip(*cells, strict=True)], kept, "groups", rest)


def plain(
    columns: Columns, heads: dict[str, tuple[str, int | None]], bounds: dict[str, str]
) -> tuple[list[str], list[list[str]]]:
    """A small table: of `heads` (title and decimals by column; None: labels) what is known.

    Where a column has bounds, NAME_lower and NAME_upper, NAME as in `bounds`, they stand beside it.
    """
    titles, cells = [], []
    for name, (title, digits) in heads.items():
        if name not in columns:
            continue
        if digits is None:
            texts = [named(x) for x in _plain_list(columns[name])]
        else:
            texts = _numbers(columns[name], digits)
            low, high = (f"{bounds.get(name, name)}_{end}" for end in ("lower", "upper"))
            if low in columns:
                ends = _ranges(columns, low, high, digits)
                pairs = zip(texts, ends, strict=True)
                texts = [x if "-" in (x, end) else f"{x} ({end})" for x, end in pairs]
        if set(texts) - {"-"}:
            titles.append(title)
            cells.append(texts)
    return titles, [list(row) for row in zip(*cells, strict=True)]
