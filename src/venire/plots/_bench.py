"""Picture of a benchmark: how many times the package's own time others take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from venire._core import checks
from venire.bench import Benchmark
from venire.plots._style import GREY, INK, axes, colour, finish, label_ticks, room, say, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_benchmark"]

ROW = 0.24  # inches
OWN = "venire"


def plot_benchmark(result: Benchmark, ax: Axes | None = None) -> Axes:
    """Draw how many times our seconds each of the others takes, function by function.

    Parameters
    ----------
    result : Benchmark
        Of `venire.bench.run`.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.

    Returns
    -------
    matplotlib Axes
        Ratios along x, on a logarithmic scale; our own seconds beside the names of the functions.
        Hollow: timed on a part, and scaled up.

    Raises
    ------
    TypeError
        If `result` is something else.
    ValueError
        If nothing was timed.
    """
    if not isinstance(result, Benchmark):
        checks.fail("result", f"must be a Benchmark, got {type(result).__name__}", kind=TypeError)
    if not result.timed:
        checks.fail("result", "holds no times")
    labels, heads, rows = [], [], []
    for one in result.timed:
        heads.append(one.solver == OWN)
        own = f"{one.function}, {one.n:,}: {one.seconds:.2g} s"
        labels.append(own if one.solver == OWN else one.solver)
        rows.append(one)
    ax = axes(ax, height=1.2 + ROW * len(rows))
    y = np.arange(len(rows), dtype=float)
    for at, head, one in zip(y.tolist(), heads, rows, strict=True):
        if head:
            ax.axhline(at - 0.5, color=GREY, linewidth=0.6, zorder=0)
            continue
        shade = colour(0)
        ax.plot([1.0, one.ratio], [at, at], color=shade, linewidth=1.2, zorder=2)
        ax.plot([one.ratio], [at], "o", markersize=5, color=shade,
                markerfacecolor="white" if one.scaled else shade, zorder=3)  # fmt: skip
        slower = one.ratio >= 1.0
        note = ax.annotate("", (one.ratio, at), (6 if slower else -6, 0), va="center", fontsize=8,
                           textcoords="offset points", ha="left" if slower else "right",
                           color=INK)  # fmt: skip
        say(note, one.times)
    ax.axvline(1.0, color=INK, linewidth=1.0, zorder=1)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ax.set_xlim(low / 1.5, high * 3.0)  # room for the last numbers
    label_ticks(ax, "y", y, shortened(labels, room(ax, 0.45)))
    for text, head in zip(ax.get_yticklabels(), heads, strict=True):
        text.set_fontweight("bold" if head else "normal")
        text.set_fontsize(8)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    notes = [f"{result.size} size", f"venire on {result.n_threads} threads"]
    if any(one.scaled for one in rows):
        notes.append("hollow: timed on a part, and scaled up")
    return finish(ax, "times venire's seconds", grid="x", notes=notes)
