"""Pictures of teachers: how reliable each is, and how far it leans to what is shown first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.votes import Votes
from venire.panel import Agreement, Consensus, agreement
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
from venire.targets import Rated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Marks", "finished", "in_rows", "plot_position_bias", "plot_reliability"]

Floats = NDArray[np.float64]

ROW = 0.21  # inches
MOST_ROWS = 40  # of a new figure
AROUND = 1.1  # inches above and below the rows


def plot_reliability(
    result: Consensus | Rated,
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    top: int | None = None,
) -> Axes:
    """Draw how far each teacher agrees with the panel, and with gold its accuracy.

    Parameters
    ----------
    result : Consensus or Rated
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.
    level : float, default 0.95
        Of the intervals.
    top : int, optional
        Teachers to draw: half of them from the top, half from the bottom, and those between as one
        row, from the least to the greatest. Default: as many as can be read.

    Returns
    -------
    matplotlib Axes
        Share of votes along x: agreement with what the rest of the panel says, which is not
        accuracy; the share of the panel's weight on the right. Hollow: the teacher shares no pair
        with others, and its place is that of the prior.

    Raises
    ------
    ValueError, TypeError
        If `result` is something else, or `level` or `top` is out of range.

    Notes
    -----
    Intervals are those of the Beta posterior, and Wilson's of the accuracy.
    """
    q = _consensus_of(result, "result")
    level, top = checks.level(level), checks.top(top)
    bounds = q.reliability.interval(level)
    votes = q.votes
    shared = (np.diff(votes.pair_ptr) > 1)[votes.pair]
    met = np.bincount(votes.teacher, shared, minlength=votes.n_teachers) > 0
    main = Marks(q.reliability.mean, bounds[..., 0], bounds[..., 1], ~met, "agreement with panel")
    marks, note = [main], ""
    if q.gold is not None and q.gold.n_pairs:
        lower, upper = q.gold.interval(level).T
        none = np.zeros(q.n_teachers, bool)
        said = f"accuracy on gold, {q.gold.n_pairs:,} pairs"
        marks.append(Marks(q.gold.accuracy, lower, upper, none, said))
    if not met.all():
        note = "hollow: shares no pair with others, placed by the prior"
    words = [f"{100 * x:.2g} %" if x < 0.995 else "100 %" for x in q.teacher_share]
    ax = in_rows(ax, q.teachers, marks, top, beside=("weight", words), reference=0.5)
    ax.set_xlim(min(ax.get_xlim()[0], 0.48), 1.005)
    what = "share of votes" if len(marks) > 1 else main.name
    return finished(ax, what, level, marks, note)


def plot_position_bias(
    result: Consensus | Rated | Agreement | Votes,
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    top: int | None = None,
) -> Axes:
    """Draw how far each teacher leans to the answer shown first.

    Parameters
    ----------
    result : Consensus, Rated, Agreement or Votes
        Of `Rated` what the ratings expect is allowed for, see `Rated.leans`; else it is that of
        `venire.panel.agreement`. An `Agreement` has the level of its own.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.
    level : float, default 0.95
        Of the intervals.
    top : int, optional
        Teachers to draw: half of them from the top, half from the bottom, and those between as one
        row, from the least to the greatest. Default: as many as can be read.

    Returns
    -------
    matplotlib Axes
        What being shown first adds to P(first) - P(second) along x: 0 no bias, 1 always the first.

    Raises
    ------
    ValueError, TypeError
        If `result` is something else, `level` or `top` is out of range, or no order is known.
    """
    level, top = checks.level(level), checks.top(top)
    if isinstance(result, Rated):
        labels, (bias, lower, upper) = result.teachers, result.leans(level)
    else:
        told = result
        if not isinstance(told, Agreement):
            told = agreement(_votes_of(told), level=level)
        labels, level = told.teachers, told.level
        bias, lower, upper = told.position_bias, told.position_lower, told.position_upper
    if not np.isfinite(bias).any():
        reason = "has no known position bias: votes in both orders are needed, and their order"
        checks.fail("result", reason)
    marks = [Marks(bias, lower, upper, np.zeros(len(bias), bool), "")]
    ax = in_rows(ax, labels, marks, top, reference=0.0)
    ends = np.concatenate([bias, lower, upper])
    reach = min(1.0, 1.08 * max(0.1, float(np.nanmax(np.abs(ends)))))
    ax.set_xlim(-reach, reach)
    return finished(ax, "lean to the answer shown first", level, marks, "")


# ---- rows ---------------------------------------------------------------------------------------


class Marks(NamedTuple):
    """A mark with an interval for each row; NaN where it is not known."""

    value: Floats
    lower: Floats
    upper: Floats
    hollow: NDArray[np.bool_]
    name: str


def in_rows(
    ax: Axes | None,
    labels: NDArray[Any],
    marks: list[Marks],
    top: int | None,
    *,
    reference: float,
    beside: tuple[str, list[str]] | None = None,
) -> Axes:
    """A row for each label, by the first of the marks; the middle ones as one row."""
    n = len(labels)
    wanted = min(n, top or MOST_ROWS)
    ax = axes(ax, height=max(2.2, AROUND + ROW * (1 + 0.5 * (len(marks) > 1)) * (wanted + 1)))
    _, high = inches(ax)
    fits = max(2, int(high / (ROW * (1 + 0.3 * (len(marks) > 1)))))
    if top is None and n > fits:
        wanted = fits - 1
    first = marks[0].value
    order = np.lexsort((np.arange(n), -np.nan_to_num(first, nan=-np.inf)))
    upper = order[: (wanted + 1) // 2] if wanted < n else order
    lower = order[n - wanted // 2 :] if wanted < n else order[:0]
    between = order[len(upper) : n - len(lower)]
    shown = np.concatenate([upper, lower])
    y = -np.concatenate(
        [np.arange(len(upper)), len(upper) + bool(len(between)) + np.arange(len(lower))]
    )
    names = shortened(labels[shown].tolist(), room(ax, 0.3))
    places = y.astype(float).tolist()
    if len(between):
        names.append(f"the {len(between):,} between")
        places.append(-float(len(upper)))
    ax.axvline(reference, color=GREY, linewidth=0.9, linestyle="--", zorder=1)
    for k, one in enumerate(marks):
        apart = 0.0 if len(marks) == 1 else 0.18 - 0.36 * k
        _draw(ax, one, shown, y + apart, k)
        if len(between):
            _sum_up(ax, one.value[between], -len(upper) + apart, k)
    label_ticks(ax, "y", places, names, fontsize=9)
    if beside is not None:
        head, words = beside
        style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center",
                                 "ha": "right", "fontsize": 8, "color": INK}  # fmt: skip
        say(ax.text(1.1, 0.9, "", **style), head)
        for place, word in zip(y.tolist(), np.array(words)[shown].tolist(), strict=True):
            say(ax.text(1.1, place, "", **style), word)
    ax.set_ylim(min(places) - 0.7, 0.7)
    unknown = shown[~np.isfinite(first[shown])]
    for place in y[~np.isfinite(first[shown])].tolist() if len(unknown) else ():
        say(ax.text(reference, place, "", va="center", fontsize=8, color=GREY), "  not known")
    return ax


def _draw(ax: Axes, one: Marks, rows: NDArray[Any], y: Floats, k: int) -> None:
    value, lower, upper, hollow = (column[rows] for column in one[:4])
    ranged = np.isfinite(lower) & np.isfinite(upper)
    colour, shape = COLOURS[k], "os"[k]
    dashes: Any = [(0, (3, 2)) if x else "solid" for x in hollow[ranged]]
    ax.hlines(y[ranged], lower[ranged], upper[ranged], color=colour, linewidth=1.5,
              linestyles=dashes, zorder=2)  # fmt: skip
    styles: Any = ((~hollow, colour if k == 0 else "white", one.name), (hollow, "white", ""))
    for mask, face, name in styles:
        if mask.any():
            ax.plot(value[mask], y[mask], shape, color=colour, markerfacecolor=face, markersize=5,
                    markeredgewidth=1.0, zorder=3, label=name)  # fmt: skip


def _sum_up(ax: Axes, value: Floats, y: float, k: int) -> None:
    """The row of those between: from the least to the greatest, and the median."""
    known = value[np.isfinite(value)]
    if len(known):
        ax.plot([known.min(), known.max()], [y, y], color=PALE, linewidth=5, zorder=1.5,
                solid_capstyle="butt")  # fmt: skip
        ax.plot([np.median(known)], [y], "|", color=COLOURS[k], markersize=8, zorder=3)


def finished(ax: Axes, x: str, level: float, marks: list[Marks], note: str) -> Axes:
    several = len(marks) > 1
    words = f"{x}, with {100 * level:g} % intervals"
    finish(ax, words, grid="x", legend=several, notes=[note], pad=44.0 if several else 6.0)
    if (legend := ax.get_legend()) is not None:  # above: rows leave no room
        legend.set_loc("lower left")
        legend.set_bbox_to_anchor((0.0, 1.0), ax.transAxes)
    return ax


# ---- what is given ------------------------------------------------------------------------------


def _consensus_of(result: Any, name: str) -> Consensus:
    q = result.consensus if isinstance(result, Rated) else result
    if not isinstance(q, Consensus):
        reason = f"must be a Consensus or Rated, got {type(result).__name__}"
        checks.fail(name, reason, kind=TypeError)
    return q


def _votes_of(result: Any) -> Votes:
    if isinstance(result, Votes):
        return result
    if isinstance(result, (Consensus, Rated)):
        return _consensus_of(result, "result").votes
    reason = f"must be a Consensus, Rated, Agreement or Votes, got {type(result).__name__}"
    return checks.fail("result", reason, kind=TypeError)
