"""A matrix of likeness, near ones beside each other, and the tree by which they were joined."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.extras import needs
from venire.plots._style import (
    GREY,
    INK,
    PALE,
    inches,
    ink_on,
    label_ticks,
    ramp,
    room,
    say,
    shortened,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MOST", "Joined", "draw_matrix", "joined"]

Floats = NDArray[np.float64]

MOST = 300  # rows that are looked at
CELL = 0.165  # inches of a row that carries a label
WRITTEN = 0.3  # inches of a cell that carries a number
TREE = 0.3  # width of the tree, of the matrix's


@dataclass(eq=False)
class Joined:
    """A row of the matrix, or several that were joined; `height` is the distance they had."""

    members: list[int]
    parts: list[Joined] = field(default_factory=list)
    height: float = 0.0

    def cut(self, kept: set[int]) -> list[Joined]:
        """The parts, from top to bottom, of which no more is to be told."""
        if id(self) in kept or not self.parts:
            return [self]
        return [one for part in self.parts for one in part.cut(kept)]


def joined(likeness: Floats, most: int) -> tuple[list[Joined], list[Joined]]:
    """Join what is alike, by the mean over known pairs of members (average linkage).

    Parameters
    ----------
    likeness : ndarray of float64, shape (n, n)
        NaN where it is not known. What no known pair connects is never joined.
    most : int
        Rows of the matrix.

    Returns
    -------
    roots : list of Joined
        The largest first.
    rows : list of Joined
        At most `most`, in the order of the roots' leaves. Where more could not be joined, the
        largest of them.
    """
    n = len(likeness)
    total, count = np.nan_to_num(1.0 - likeness), (~np.isnan(likeness)).astype(np.float64)
    np.fill_diagonal(count, 0.0)
    np.fill_diagonal(total, 0.0)
    alive = {k: Joined([k]) for k in range(n)}
    kept: set[int] | None = None
    while len(alive) > 1:
        if kept is None and len(alive) <= most:
            kept = set(map(id, alive.values()))
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(count > 0.0, total / count, np.inf)
        i, j = divmod(int(np.argmin(mean)), n)
        if mean[i, j] == np.inf:
            break
        a, b = alive[i], alive.pop(j)
        height = max(float(mean[i, j]), a.height, b.height)
        parts = sorted((a, b), key=lambda one: (-len(one.members), one.members[0]))
        alive[i] = Joined(parts[0].members + parts[1].members, parts, height)
        for sums in (total, count):
            sums[i] += sums[j]
            sums[:, i] += sums[:, j]
            sums[j] = sums[:, j] = sums[i, i] = 0.0
    kept = kept or set(map(id, alive.values()))
    roots = sorted(alive.values(), key=lambda one: (-len(one.members), one.members[0]))
    rows = [row for root in roots for row in root.cut(kept)]
    return roots[: len(rows[:most])], rows[:most]


class _Cells(NamedTuple):
    """What the cells of some rows show: means over members, NaN on a single's diagonal."""

    value: Floats
    low: float
    high: float


def _cells(likeness: Floats, rows: list[Joined]) -> _Cells:
    off = likeness.copy()
    np.fill_diagonal(off, np.nan)
    value = np.full((len(rows), len(rows)), np.nan)
    for i, a in enumerate(rows):
        for j, b in enumerate(rows[: i + 1]):
            known = off[np.ix_(a.members, b.members)]
            known = known[~np.isnan(known)]
            value[i, j] = value[j, i] = known.mean() if len(known) else np.nan
    known = value[~np.isnan(value)]
    low = math.floor(10.0 * min(known.min(initial=0.0), 0.0) + 1e-9) / 10.0
    high = math.ceil(10.0 * known.max(initial=0.0) - 1e-9) / 10.0
    return _Cells(value, max(low, -1.0), min(1.0, max(high, low + 0.5)))


def draw_matrix(
    ax: Axes, likeness: Floats, labels: Any, *, symbol: str, what: str, top: int | None
) -> tuple[int, int]:
    """Draw it, and return how many labels are in the rows, and how many rows there are.

    Parameters
    ----------
    ax : matplotlib Axes
    likeness : ndarray of float64, shape (n, n)
        1 at most; NaN where it is not known. A single row's own cell is struck out.
    labels : array of n labels
    symbol, what : str
        Of the numbers: short, and in words.
    top : int, optional
        Rows at most; default: as many as can be read.
    """
    wide, high = inches(ax)
    roots, rows = joined(likeness, top or max(3, int(high / CELL)))
    cells, n = _cells(likeness, rows), len(rows)
    ax.add_patch(_rectangle((0, 0), n, n, facecolor="white", edgecolor=GREY, hatch="/////", lw=0))
    single = [k for k, row in enumerate(rows) if len(row.members) == 1]
    for k in single:
        ax.add_patch(_rectangle((k, k), 1, 1, facecolor="white", lw=0))
        ax.plot([k, k + 1], [k, k + 1], color=PALE, linewidth=0.8)
    mesh = ax.pcolormesh(
        np.arange(n + 1), np.arange(n + 1), np.ma.masked_invalid(cells.value), cmap=ramp(),
        vmin=cells.low, vmax=cells.high, edgecolors="white", linewidth=0.5, zorder=2,
    )  # fmt: skip
    if min(high, 0.5 * wide) / n >= WRITTEN:
        _write(ax, cells, mesh)
    _tree(ax, roots, rows, symbol)
    names = shortened([labels[row.members[0]] for row in rows], room(ax, 0.26))
    more = [len(row.members) - 1 for row in rows]
    told = [f"{x} (+{m})" if m else x for x, m in zip(names, more, strict=True)]
    size = min(9.0, 0.78 * 72.0 * high / n)
    label_ticks(ax, "y", np.arange(n) + 0.5, told, fontsize=size)
    _number(ax, n, min(size, 8.0))
    ax.set_ylim(n, 0)
    bar = ax.figure.colorbar(mesh, ax=ax, fraction=0.05, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.ax.tick_params(color=GREY, labelcolor=INK, labelsize=8)
    say(bar.ax.set_ylabel("", color=INK, fontsize=9), f"{what} {symbol}")
    return sum(len(row.members) for row in rows), n


def _rectangle(corner: tuple[float, float], width: float, height: float, **style: Any) -> Any:
    return needs("matplotlib.patches", "a picture").Rectangle(corner, width, height, **style)


def _write(ax: Axes, cells: _Cells, mesh: Any) -> None:
    """The numbers, dark on light and light on dark."""
    for (i, j), x in np.ndenumerate(cells.value):
        if not np.isnan(x):
            words = _number_of(x).replace("0.", ".")
            ax.text(j + 0.5, i + 0.5, words, ha="center", va="center", fontsize=8, zorder=3,
                    color=ink_on(mesh.to_rgba(x)))  # fmt: skip


def _number_of(x: float) -> str:
    """With the sign of the axes."""
    return f"{x:z.2f}".replace("-", "\u2212")


def _tree(ax: Axes, roots: list[Joined], rows: list[Joined], symbol: str) -> None:
    """Brackets to the right of the matrix, each at the likeness at which its parts were joined."""
    n = len(rows)
    ends = {id(row): k + 0.5 for k, row in enumerate(rows)}
    heights = [one.height for root in roots for one in _joints(root, ends)]
    ax.set_xlim(0, n)
    if not heights:
        return
    near = math.floor(10.0 * min(heights) + 1e-9) / 10.0
    far = max(max(heights), near + 0.1)
    left, wide = n * 1.03, n * TREE / (far - near)

    def place(one: Joined) -> float:
        return left + (0.0 if id(one) in ends else wide * (one.height - near))

    def bracket(one: Joined) -> float:
        """Draw what is below, and say at which height of the picture it ends."""
        if id(one) in ends:
            return ends[id(one)]
        y, x = [bracket(part) for part in one.parts], place(one)
        a, b = (place(part) for part in one.parts)
        ax.plot([a, x, x, b], [y[0], y[0], y[1], y[1]], color=INK, linewidth=0.9,
                solid_joinstyle="miter")  # fmt: skip
        return sum(y) / 2.0

    for root in roots:
        bracket(root)
    ax.set_xlim(0, left + n * TREE * 1.02)
    for x, distance, side in ((left, near, "left"), (left + n * TREE, far, "right")):
        _below(ax, x, _number_of(1.0 - distance), side, 1)
    _below(ax, left + 0.5 * n * TREE, f"joined at {symbol}", "center", 2)


def _below(ax: Axes, x: float, words: str, side: str, line: int) -> None:
    """Words in a line below the axes."""
    place = ax.get_xaxis_transform()
    text = ax.annotate(
        "", (x, 0.0), xycoords=place, xytext=(0.0, 8.0 - 12.0 * line), textcoords="offset points",
        ha=side, va="top", fontsize=8, color=INK,
    )  # fmt: skip
    say(text, words)


def _joints(one: Joined, ends: Mapping[int, float]) -> list[Joined]:
    """All that was joined of rows."""
    if id(one) in ends:
        return []
    return [one, *(joint for part in one.parts for joint in _joints(part, ends))]


def _number(ax: Axes, n: int, size: float) -> None:
    """Numbers of the rows, beside them and, as many as there is room for, below the columns."""
    wide, _ = inches(ax)
    step = max(1, math.ceil(1.5 * size * n / (0.5 * 72.0 * wide)))
    columns = range(0, n, step)
    label_ticks(ax, "x", [k + 0.5 for k in columns], [str(k + 1) for k in columns], fontsize=size)
    for k in range(n):
        text = ax.annotate(
            "", (0.0, k + 0.5), xycoords=ax.get_yaxis_transform(), xytext=(-3.0, 0.0),
            textcoords="offset points", ha="right", va="center", fontsize=size, color=GREY,
        )  # fmt: skip
        say(text, str(k + 1))
