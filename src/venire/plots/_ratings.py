"""Items one below the other: their ratings, their ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire._core.intervals import critical_value
from venire.models import model_of
from venire.plots._style import (
    COLOURS,
    GREY,
    INK,
    axes,
    finish,
    inches,
    label_ticks,
    room,
    say,
    shortened,
)
from venire.plots._taken import ROW, Rows, Taken, rows_of, taken

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from venire.ratings import Fit, GroupedFit
    from venire.resampling import (
        Bootstrap,
        GroupedBootstrap,
        GroupedPosteriorDraws,
        PosteriorDraws,
    )
    from venire.targets import Rated

__all__ = ["plot_ranks", "plot_ratings"]


def plot_ratings(
    fit: Fit
    | Bootstrap
    | PosteriorDraws
    | GroupedFit
    | GroupedBootstrap
    | GroupedPosteriorDraws
    | Rated,
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    top: int | None = None,
    errors: str | None = None,
    interval: str | None = None,
    group: Any = None,
) -> Axes:
    """Draw the ratings as dots with intervals, the best on top.

    Items of equal rank are joined; at the right edge neighbours are that the data do not tell apart
    at the level: the interval of their difference holds 0. Items that only the prior places (see
    `Fit.determined`) are hollow, their intervals dashed, and come last.

    Parameters
    ----------
    fit : Fit, GroupedFit, replicates or draws of either, or Rated
        Drawn in the unit that it is shown in: ``fit.to_elo(anchor="gpt-4")``.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.
    level : float, default 0.95
        Of the intervals.
    top : int, optional
        At most so many, the best; the others are summed up in a last row. None: 20. Axes that are
        given have as many as can be read on them.
    errors : {"fisher", "robust"}, optional
        Of the intervals of a fit: "fisher" by default; of `Rated` "robust", which is by prompt.
    interval : str, optional
        Of a fit, "wald" (the default; around the mean of the component, or of the differences from
        an anchor), "profile" or "firth" (see `Fit.interval`), or "quasi": comparison intervals from
        quasi-variances among the items shown, so that any two items whose intervals are apart
        differ at this level; a negative quasi-variance leaves a dot only. Of replicates
        "percentile" (the default), "basic", "bca" or "studentized".
    group : label, optional
        Whose ratings, where there are groups.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If an argument is none of its choices, a group is not named or has no fit.
    TypeError
        If `fit` is none of these.

    Notes
    -----
    With several components and no prior the largest one is drawn, and the title says so: the others
    are on scales of their own. The cost is that of the intervals.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], win=[30, 20], loss=[10, 20])
    >>> ax = vn.plots.plot_ratings(vn.fit_bradley_terry(c).to_elo())
    >>> ax.get_xlabel()
    'rating (Elo), with 95 % intervals'
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['a', 'b', 'c']
    """
    source = taken(fit, group)
    level = checks.level(level)
    rows = rows_of(source, top, ax)
    low, high, words = _bounds(source, rows.chosen, level, errors, interval)
    shown = source.fit
    theta, known = shown.theta[rows.chosen], shown.determined[rows.chosen]
    ax = _rows_axes(ax, source, rows)
    _draw_rows(ax, rows.y, theta, low, high, known, shown.ranks()[rows.chosen])
    if len(rows.rest):
        others = shown.theta[rows.rest]
        digits = min(shown.display.digits - 1, 2)
        span = f"from {others.max():.{digits}f} to {others.min():.{digits}f}"
        _sum_up(ax, rows, span, ~shown.determined[rows.rest])
    unit = model_of(shown.model).unit if shown.own is shown else shown.display.words
    _reference_line(ax, shown.display.place)
    notes = _notes(source, rows, known)
    if _join_tied(ax, rows.y, source.tied(rows.chosen[known], level, errors)):
        notes += ["joined at the right: neighbours not told apart"]
    if source.boot is None and source.rated is None:
        notes += [shown.errors_note(source.errors(errors)).replace("SE ", "standard errors ", 1)]
    x = f"rating ({unit}), with {100 * level:g} % {words}"
    return finish(ax, x, grid="x", notes=notes, warnings=_alarms(source))


def plot_ranks(
    fit: Fit | Bootstrap | PosteriorDraws | GroupedFit | GroupedBootstrap,
    ax: Axes | None = None,
    *,
    level: float = 0.95,
    top: int | None = None,
    errors: str | None = None,
    simultaneous: bool = False,
    group: Any = None,
) -> Axes:
    """Draw the ranks with the ranks that the data leave open, the best on top.

    An item that only the prior places has no rank, and may have any: a dashed line.

    Parameters
    ----------
    fit : Fit, Bootstrap, PosteriorDraws, GroupedFit or GroupedBootstrap
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.
    level : float, default 0.95
        Of the intervals.
    top : int, optional
        As in `plot_ratings`.
    errors : {"fisher", "robust"}, optional
        Of the intervals of a fit (default "fisher"), which hold for all items together:
        `Fit.rank_interval`.
    simultaneous : bool, default False
        Those of replicates shall too: `Bootstrap.rank_interval`.
    group : label, optional
        Whose ranks, where there are groups.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        As `plot_ratings` and `rank_interval`.

    Notes
    -----
    The cost is that of `rank_interval`.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], win=[300, 30], loss=[100, 29])
    >>> vn.plots.plot_ranks(vn.fit_bradley_terry(c), level=0.9).get_xlabel()
    'rank, with 90 % intervals for all items together'
    """
    source = taken(fit, group)
    level = checks.level(level)
    together = checks.flag(simultaneous, "simultaneous") or source.boot is None
    if source.rated is not None:
        checks.fail("fit", "has no intervals of ranks: draw those of its bootstrap()")
    if source.boot is None:
        ranges = source.fit.rank_interval(level, errors or "fisher")
    else:
        _no_errors(errors)
        ranges = source.boot.rank_interval(level, simultaneous=together)
    rows = rows_of(source, top, ax)
    shown, rank = source.fit, source.fit.ranks()[rows.chosen]
    known = shown.determined[rows.chosen]
    low, high = ranges[rows.chosen].T.astype(np.float64)
    ax = _rows_axes(ax, source, rows)
    at = np.where(rank > 0, rank, np.nan)
    _draw_rows(ax, rows.y, at, low, high, known, rank, width=4.5)
    if len(rows.rest):
        best, worst = ranges[rows.rest, 0].min(), ranges[rows.rest, 1].max()
        _sum_up(ax, rows, f"between {best:,} and {worst:,}", ~shown.determined[rows.rest])
    ax.set_xlim(left=max(0.5, ax.get_xlim()[0]))
    locator: Any = ax.xaxis.get_major_locator()
    locator.set_params(integer=True)
    words = f"{100 * level:g} % {f'{source.draws} ' * (source.boot is not None)}intervals"
    x = f"rank, with {words}{' for all items together' * together}"
    notes = _notes(source, rows, known)
    return finish(ax, x, grid="x", notes=notes, warnings=_alarms(source))


def _bounds(
    source: Taken, items: np.ndarray, level: float, errors: str | None, interval: str | None
) -> tuple[np.ndarray, np.ndarray, str]:
    """Ends of the intervals of the items at some positions, and what they are called."""
    shown = source.fit
    if source.boot is not None:
        _no_errors(errors)
        name = interval or "percentile"
        low, high = source.ends(level, name, items).T
        return low, high, f"{source.draws} intervals ({name})"
    errors = source.errors(errors)
    if source.rated is not None:
        checks.one_of(interval or "wald", "interval", ("wald",))
        low, high = source.rated.interval(level, errors)[items].T
        return low, high, "intervals by prompt" if errors == "robust" else "intervals"
    name = checks.one_of(interval or "wald", "interval", ("wald", "profile", "firth", "quasi"))
    if name in ("profile", "firth"):
        low, high = shown.interval(level, errors, interval=name)[items].T
        return low, high, f"{name} intervals"
    if name == "quasi":
        half = shown.quasi_variances(items=shown.items[items], errors=errors).standard_errors
    else:
        half = shown.standard_errors(errors)[items]
    half = critical_value(level) * half
    words = "comparison intervals" if name == "quasi" else "intervals"
    robust = "robust " if errors == "robust" else ""
    return shown.theta[items] - half, shown.theta[items] + half, robust + words


def _no_errors(errors: str | None) -> None:
    if errors is not None:
        checks.fail("errors", "is of a fit: replicates have their own", value=errors)


def _rows_axes(ax: Axes | None, source: Taken, rows: Rows) -> Axes:
    """Axes with a labelled row for each item."""
    ax = axes(ax, height=max(2.0, 1.1 + ROW * len(rows)))
    points = 72.0 * inches(ax)[1] / max(len(rows), 1)
    size = min(9.0, max(5.0, 0.66 * points))
    labels = shortened(source.fit.items[rows.chosen].tolist(), room(ax, 0.38, size))
    label_ticks(ax, "y", rows.y, labels, fontsize=size)
    ax.set_ylim(-0.7, len(rows) - 0.3)
    return ax


def _draw_rows(
    ax: Axes,
    y: np.ndarray,
    x: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    known: np.ndarray,
    rank: np.ndarray,
    *,
    width: float = 1.6,
) -> None:
    """Dots with intervals: hollow and dashed what is not known; equal ranks are joined."""
    drawn = np.isfinite(low) & np.isfinite(high)
    styles: Any = ((known, "solid"), (~known, (0, (3, 2))))
    for which, dashes in styles:
        rows = drawn & which
        ax.hlines(
            y[rows], low[rows], high[rows], color=COLOURS[0], linewidth=width, linestyles=dashes,
            alpha=1.0 if width < 3.0 else 0.45, zorder=2,
        )  # fmt: skip
    for value in np.unique(rank[rank > 0]):
        if len(same := np.flatnonzero(rank == value)) > 1:
            ax.vlines(x[same].mean(), y[same].min(), y[same].max(), color=INK, linewidth=2.2,
                      zorder=2.5)  # fmt: skip
    for which, face in ((known, COLOURS[0]), (~known, "white")):
        ax.plot(x[which], y[which], "o", color=COLOURS[0], markerfacecolor=face, markersize=5.5,
                markeredgecolor="white" if face != "white" else COLOURS[0],
                markeredgewidth=0.8 if face != "white" else 1.4, zorder=3)  # fmt: skip


def _join_tied(ax: Axes, y: np.ndarray, tied: np.ndarray) -> bool:
    """Join rows at the right edge that are tied with the next one; whether there are such."""
    for k in np.flatnonzero(tied):
        ax.plot([1.0, 1.0], [y[k] - 0.1, y[k + 1] + 0.1], color=GREY, linewidth=2.4, clip_on=False,
                solid_capstyle="butt", transform=ax.get_yaxis_transform(), zorder=2)  # fmt: skip
    return bool(tied.any())


def _sum_up(ax: Axes, rows: Rows, span: str, by_prior: np.ndarray) -> None:
    """The last row: how many more there are, and where."""
    hollow = f" ({by_prior.sum():,} by the prior alone)" if by_prior.any() else ""
    words = f"and {len(rows.rest):,} more, {span}{hollow}"
    text = ax.text(0.5, 0, "", transform=ax.get_yaxis_transform(), ha="center", va="center",
                   color=GREY, fontstyle="italic", fontsize=8.5)  # fmt: skip
    say(text, words)


def _reference_line(ax: Axes, at: float) -> None:
    """Where the mean, or the anchor, stands, if that is in sight."""
    left, right = sorted(ax.get_xlim())
    if left <= at <= right:
        ax.axvline(at, color="#999999", linewidth=0.9, zorder=1)


def _alarms(source: Taken) -> list[str]:
    return [*source.warnings(), *source.left_out()]


def _notes(source: Taken, rows: Rows, known: np.ndarray) -> list[str]:
    hollow = [] if known.all() else ["hollow: placed by the prior alone"]
    n = len(rows.chosen) + len(rows.rest)
    best = [f"the best {len(rows.chosen):,} of {n:,} items"] if len(rows.rest) else []
    return [*source.notes(), *best, *hollow]
