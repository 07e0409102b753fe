"""Ratings over time: a line with its band for each item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire._core.extras import needs
from venire.models import model_of
from venire.plots._style import GREY, axes, colour, finish, room, say, shortened
from venire.ratings import PathFit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_path"]

SHOWN = 8  # items that have lines of their own where nobody says how many


def plot_path(
    path: PathFit,
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    top: int | None = None,
    items: Any = None,
) -> Axes:
    """Draw ratings over time: a line with its band for each item, its label at the end.

    Parameters
    ----------
    path : PathFit
        Drawn in the unit that it is shown in: ``path.to_elo()``.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    level : float, default 0.95
        Of the bands, which are Wald intervals.
    top : int, optional
        So many items, the best of the last period; the others are thin grey lines. Default: 8.
    items : array_like of labels, optional
        Those in colour, in place of the best.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        If `path` is no PathFit.
    ValueError
        If `level` or `top` is out of range, or a label is unknown.
    """
    if not isinstance(path, PathFit):
        checks.fail("path", f"must be a PathFit, got {type(path).__name__}", kind=TypeError)
    level, top = checks.level(level), checks.top(top)
    theta, bounds = path.theta, path.interval(level)
    if items is None:
        best = path.at(backend="dict")["item"].tolist()[: top or SHOWN]
        chosen = path.static.positions(np.array(best, path.items.dtype))
    else:
        chosen = path.static.positions(items)
    ax = axes(ax)
    x = path.periods
    for k in np.setdiff1d(np.arange(len(theta)), chosen).tolist():
        ax.plot(x, theta[k], color=GREY, linewidth=0.6, alpha=0.5, zorder=1)
    names = shortened(path.items[chosen], room(ax, 0.25))
    ends = []
    for number, k in enumerate(chosen.tolist()):
        known = np.flatnonzero(np.isfinite(theta[k]))
        ax.fill_between(x, *bounds[k].T, color=colour(number), alpha=0.15, linewidth=0)
        alone = "o" if len(known) == 1 else None
        ax.plot(x, theta[k], color=colour(number), linewidth=1.6, marker=alone, markersize=4)
        ends.append((x[known[-1]], theta[k, known[-1]]))
    if x.dtype.kind == "M":
        dates = needs("matplotlib.dates", "a picture")
        locator = dates.AutoDateLocator(minticks=3, maxticks=7)
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    _label_ends(ax, names, ends)
    unit = model_of(path.model).unit if path.rating == "theta" else path.scale.capitalize()
    rest = len(theta) - len(chosen)
    said = [f"{100 * level:g} % intervals", f"{rest:,} others in grey" if rest else ""]
    warnings = [] if path.converged else ["NOT CONVERGED"]
    return finish(ax, "period", f"rating ({unit})", notes=said, warnings=warnings)


def _label_ends(ax: Axes, names: list[str], ends: list[tuple[Any, float]]) -> None:
    """Names beside the ends of the lines, moved apart where they would stand on each other."""
    low, high = ax.get_ylim()
    gap = (high - low) * 0.052
    order = sorted(range(len(ends)), key=lambda k: ends[k][1])
    heights, last = {}, -np.inf
    for k in order:
        last = heights[k] = max(ends[k][1], last + gap)
    shift = max((heights[order[-1]] - high) if order else 0.0, 0.0) / 2.0
    for k, name in enumerate(names):
        text = ax.annotate(
            "", (ends[k][0], ends[k][1]), (1.01, heights[k] - shift),
            textcoords=("axes fraction", "data"), color=colour(k), va="center", fontsize=9,
            annotation_clip=False,
        )  # fmt: skip
        say(text, name)
