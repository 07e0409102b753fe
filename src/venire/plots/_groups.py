"""An overview of many fits: the ratings within each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire import scales
from venire._core import checks
from venire._core.summary import STOPPED
from venire.data.coding import encode_one
from venire.models import model_of
from venire.plots._style import (
    COLOURS,
    GREY,
    INK,
    PALE,
    axes,
    finish,
    inches,
    label_ticks,
    room,
    say,
    shortened,
)
from venire.ratings import GroupedFit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_groups"]

ROW, AROUND, MOST_ROWS = 0.24, 1.1, 40
REST = (0.05, 0.95)  # quantiles of the row of all others

Floats = NDArray[np.float64]


def plot_groups(
    result: GroupedFit | Mapping[str, Any], ax: Axes | None = None, *, top: int | None = None
) -> Axes:
    """Draw the ratings within groups: a row for each group, a dot for each of its items.

    Parameters
    ----------
    result : GroupedFit, or mapping of str to array
        Columns as of `GroupedFit.to_frame` and of the files that `venire.batch.fit_files` writes:
        group, item, theta (or elo, ...), n_comparisons, and perhaps determined and status.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.
    top : int, optional
        Groups to draw, those with the most comparisons. The others are one row: where the middle
        90 % of their ratings are, and the median. Default: as many as can be read.

    Returns
    -------
    matplotlib Axes
        Ratings along x; the name of the highest on the right, if it is one. Hollow: items that the
        data do not place in their group. The title says how many groups have a fit.

    Raises
    ------
    ValueError, TypeError
        If `result` is something else or lacks a column, or `top` is out of range.

    Notes
    -----
    Groups are on scales of their own: a row's level says nothing of another's.
    """
    top = checks.top(top)
    table = _table_of(result)
    n = len(table.labels)
    if not n:
        checks.fail("result", "has no groups")
    wanted = min(n, top or MOST_ROWS)
    ax = axes(ax, height=max(2.2, AROUND + ROW * (wanted + 1)))
    _, high = inches(ax)
    if top is None and n > (fits := max(2, int(high / 0.2))):
        wanted = min(wanted, fits - 1)
    weight = np.bincount(table.group, table.weight, n)
    chosen = np.argsort(-weight, kind="stable")[:wanted]
    rows = {int(k): -float(row) for row, k in enumerate(chosen)}
    names = shortened(table.labels[chosen].tolist(), room(ax, 0.26))
    best = []
    for k, y in rows.items():
        best.append(_draw_group(ax, table, k, y))
    if wanted < n:
        names.append(f"{n - wanted:,} other{'s' if n - wanted > 1 else ''}")
        _sum_up(ax, table, chosen, -float(wanted))
    label_ticks(ax, "y", -np.arange(len(names), dtype=float), names, fontsize=9)
    ax.set_ylim(-len(names) + 0.3, 0.7)
    style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": 8}
    heads = [*zip(rows.values(), shortened(best, room(ax, 0.34)), strict=True)]
    for y, word in [(0.95, "highest"), *heads]:
        say(ax.text(1.02, y, "", color=INK if y <= 0 else GREY, **style), word)
    n_stopped = int(table.stopped.sum())
    words = f"NOT CONVERGED: {n_stopped:,} group{'s' if n_stopped > 1 else ''}"
    alarm = [words] if n_stopped else []
    unit = f"rating within the group ({table.unit})"
    return finish(ax, unit, grid="x", notes=[table.told], warnings=alarm)


@dataclass(frozen=True)
class _Table:
    """Items of groups."""

    labels: NDArray[Any]
    group: NDArray[np.int64]  # place of each item's in `labels`; sorted
    item: Any
    rating: Floats
    weight: Floats
    determined: NDArray[np.bool_]
    unit: str
    told: str
    stopped: NDArray[np.bool_]  # groups that did not converge

    def part(self, k: int) -> slice:
        """The items of a group."""
        start, stop = np.searchsorted(self.group, (k, k + 1))
        return slice(int(start), int(stop))


def _table_of(result: Any) -> _Table:
    if isinstance(result, GroupedFit):
        group = np.repeat(np.arange(len(result.groups)), np.diff(result.offsets))
        own = result.own is result
        unit = model_of(result.model).unit if own else result.display.words
        return _Table(
            result.groups, group, result.items, result.theta, result.item_weights,
            result.determined, unit, _told(result.status), result.status == STOPPED,
        )  # fmt: skip
    if not isinstance(result, Mapping):
        reason = f"must be a GroupedFit or a mapping of columns, got {type(result).__name__}"
        checks.fail("result", reason, kind=TypeError)
    for name in ("group", "item", "n_comparisons"):
        if name not in result:
            checks.fail("result", f"lacks the column {name!r}")
    scale = next((name for name in ("theta", *scales.SCALES) if name in result), None)
    if scale is None:
        return checks.fail("result", f"lacks the ratings: theta, {', '.join(scales.SCALES)}")
    used = ("group", "item", scale, "n_comparisons", "determined", "status")
    given = {name: result[name] for name in used if name in result}
    n, *columns = checks.columns(**given, may_be_empty=True)
    column = dict(zip(given, columns, strict=True))
    labels, group = encode_one(column["group"], "group", n=n)
    items, item = encode_one(column["item"], "item", n=n)
    rule = "must be numbers >= 0"
    weight = checks.within(column["n_comparisons"], n, "n_comparisons", 0.0, np.inf, rule)
    rating = checks.numbers(column[scale], n, scale)
    known = checks.numeric(column.get("determined", np.ones(n, bool)), "determined") != 0
    order, told, halted = np.argsort(group, kind="stable"), "", np.zeros(len(labels), bool)
    if "status" in column:
        words, status = encode_one(column["status"], "status", n=n)
        of_group = words[status[np.unique(group, return_index=True)[1]]]
        told, halted = _told(of_group), of_group == STOPPED
    return _Table(
        labels, group[order].astype(np.int64), items[item[order]], rating[order], weight[order],
        known[order], "log-strength" if scale == "theta" else scales.Display(scale).words, told,
        halted,
    )  # fmt: skip


def _told(status: NDArray[Any]) -> str:
    """How many groups there are, and what came of them."""
    names, counts = np.unique(status, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    what = ", ".join(f"{counts[k]:,} {names[k]}" for k in order)
    n = f"{len(status):,} group{'s' if len(status) != 1 else ''}"
    return f"{n}: {'all ' + names[0] if len(names) == 1 and len(status) > 1 else what}"


def _draw_group(ax: Axes, table: _Table, k: int, y: float) -> str:
    """The dots of a group; the name of its best item."""
    part = table.part(k)
    x, known = table.rating[part], table.determined[part]
    fitted = np.isfinite(x)
    if not fitted.any():
        place = ax.get_yaxis_transform()
        say(ax.text(0.02, y, "", transform=place, va="center", fontsize=8, color=GREY), "no fit")
        return ""
    ends = x[fitted]
    ax.hlines(y, ends.min(), ends.max(), color=PALE, linewidth=1.0, zorder=1)
    for mask, face in ((fitted & known, COLOURS[0]), (fitted & ~known, "white")):
        if mask.any():
            ax.plot(x[mask], np.full(mask.sum(), y), "o", color=COLOURS[0], markerfacecolor=face,
                    markersize=4, alpha=0.75, zorder=2)  # fmt: skip
    placed = np.flatnonzero(fitted & known)
    if table.stopped[k]:
        return "(not converged)"
    if not len(placed):
        return ""
    top = placed[x[placed] == x[placed].max()]
    return str(table.item[part][top[0]]) if len(top) == 1 else ""


def _sum_up(ax: Axes, table: _Table, chosen: NDArray[Any], y: float) -> None:
    """Where most ratings of the other groups are."""
    x = table.rating[~np.isin(table.group, chosen)]
    x = x[np.isfinite(x)]
    if len(x):
        low, middle, high = np.quantile(x, (REST[0], 0.5, REST[1]))
        ax.plot([low, high], [y, y], color=GREY, alpha=0.4, linewidth=5, solid_capstyle="butt")
        ax.plot([middle], [y], "|", color=INK, markersize=8)
