"""Pictures: ratings with their intervals, growth of run times, quality against votes.

matplotlib is imported when a function is called. The functions draw on the Axes given, or a new
one, and return it; saving is the caller's (``ax.figure.savefig("ratings.png", dpi=200)``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire._core.extras import needs
from venire.models import model_of
from venire.ratings.fit import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from venire.distillation import Report
    from venire.simulate import Plan

__all__ = ["plot_growth", "plot_plan", "plot_quality", "plot_ratings"]

# Okabe and Ito's palette: told apart by readers with any of the common colour blindnesses
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, GREY, PALE = "#222222", "#666666", "#DDDDDD"
ROW_INCHES = 0.27
MOST_ROWS = 40


def plot_ratings(
    fit: Fit,
    level: float = 0.95,
    top: int | None = None,
    ax: Axes | None = None,
    quasi: bool = False,
    *,
    errors: str = "fisher",
) -> Axes:
    """Draw the ratings as dots with intervals, the best on top.

    Parameters
    ----------
    fit : Fit
    level : float
        Of the intervals.
    top : int, optional
        Only the best so many; None draws all of up to 40 items, else the best 40.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.
    quasi : bool
        Draw comparison intervals from quasi-variances among the items shown: any two items whose
        intervals are apart differ at this level. A negative quasi-variance leaves a dot only.
        False draws Wald intervals around the mean of the component.
    errors : {"fisher", "robust"}

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If `level`, `top` or `errors` is out of range.

    Notes
    -----
    With several components and no prior the largest one is drawn, and the title says so: the others
    are on scales of their own.
    """
    from venire._core.intervals import critical_value

    _check_axes(ax)
    z = critical_value(level)
    if not isinstance(fit, Fit):
        checks.fail("fit", f"must be a Fit, got {type(fit).__name__}", kind=TypeError)
    if top is not None:
        top = checks.whole(top, "top", 1)
    quasi = checks.flag(quasi, "quasi")
    chosen, alone = _rows_to_draw(fit, MOST_ROWS if top is None else top)
    theta = fit.theta[chosen]
    if quasi:
        half = z * fit.quasi_variances(items=fit.items[chosen], errors=errors).standard_errors
    else:
        half = z * fit.standard_errors(errors)[chosen]
    ax = ax or _new_axes(6.4, 1.3 + ROW_INCHES * len(chosen))
    y = np.arange(len(chosen))[::-1]
    drawn = np.isfinite(half)
    ax.axvline(fit.display.place, color="#999999", linewidth=0.9, zorder=1)
    ax.hlines(
        y[drawn], theta[drawn] - half[drawn], theta[drawn] + half[drawn],
        color=COLOURS[0], linewidth=1.6, zorder=2,
    )  # fmt: skip
    ax.plot(theta, y, "o", color=COLOURS[0], markersize=5.5, markeredgecolor="white",
            markeredgewidth=0.8, zorder=3)  # fmt: skip
    ax.set_yticks(y, [str(label) for label in fit.items[chosen].tolist()])
    ax.set_ylim(-0.8, len(chosen) - 0.2)
    what = "comparison intervals" if quasi else "intervals"
    unit = model_of(fit.model).unit if fit.own is fit else fit.display.words
    ax.set_xlabel(f"rating ({unit}), with {100 * level:g} % {what}")
    ax.grid(axis="x", color=PALE, linewidth=0.6)
    title = _title(len(chosen), alone, len(fit.theta))
    if title:
        ax.set_title(title, loc="left", fontsize="medium", color=GREY)
    _tidy(ax, left=False)
    return ax


def plot_growth(
    times: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    ax: Axes | None = None,
    *,
    size_label: str = "comparisons",
    limit: float | None = None,
) -> Axes:
    """Draw time against size on logarithmic axes, a line for each workload.

    Parameters
    ----------
    times : mapping of str to (sizes, seconds)
        Workloads in the order of the legend, which adds the exponent fitted to each by least
        squares of the logs: seconds proportional to size ** exponent.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    size_label : str
        What the sizes count.
    limit : float, optional
        Draw a dashed line of this slope, below all others, as a yardstick.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there is no workload, two lengths differ, or a size or a time is not positive.
    """
    _check_axes(ax)
    if not isinstance(times, Mapping) or not times:
        checks.fail("times", "must hold at least one workload", value=times)
    if limit is not None:
        limit = checks.number(limit, "limit", "must be from -100 to 100", lambda x: abs(x) <= 100)
    ax = ax or _new_axes(6.4, 4.4)
    lines = {name: _times(pair, f"times[{name!r}]") for name, pair in times.items()}
    for k, (name, (sizes, seconds)) in enumerate(lines.items()):
        exponent = _exponent(sizes, seconds)
        label = name if exponent is None else f"{name}: exponent {exponent:.2f}"
        _line(ax, k, sizes, seconds, label)
    if limit is not None:
        low = min(sizes[0] for sizes, _ in lines.values())
        high = max(sizes[-1] for sizes, _ in lines.values())
        start = 0.6 * min(np.min(y * (low / x) ** limit) for x, y in lines.values())
        ax.plot([low, high], [start, start * (high / low) ** limit], "--", color=GREY,
                linewidth=1.0, label=f"slope {limit:g}", zorder=1)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    return _finished(ax, size_label, "seconds", True)


def plot_quality(
    reports: Mapping[str, Report],
    ax: Axes | None = None,
    *,
    measure: str | None = None,
    against: str = "votes",
) -> Axes:
    """Draw the quality of loops against the votes or the money they took, a line for each.

    Parameters
    ----------
    reports : mapping of str to Report
        In the order of the legend, as in ``{"uniform": ..., "adaptive": ...}``.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    measure : {"tau", "ndcg", "student_r2", "student_tau", "student_ndcg"}, optional
        Default: the first of these that every report has.
    against : {"votes", "cost"}

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If there is no report, a choice is unknown, or a report lacks the measure.
    """
    names = {
        "tau": "Kendall's tau-b", "ndcg": "nDCG", "student_r2": "student's r², groups held out",
        "student_tau": "student's tau-b, groups held out",
        "student_ndcg": "student's nDCG, groups held out",
    }  # fmt: skip
    checks.one_of(against, "against", ("votes", "cost"))
    if measure is not None:
        checks.one_of(measure, "measure", tuple(names))
    _check_axes(ax)
    if not isinstance(reports, Mapping) or not reports:
        checks.fail("reports", "must hold at least one report", value=reports)
    for name, report in reports.items():
        if not hasattr(report, "top") or not hasattr(report, "__getitem__"):
            checks.fail(f"reports[{name!r}]", "must be a Report", kind=TypeError)
    if measure is None:
        known = [m for m in names if all(np.isfinite(r[m]).any() for r in reports.values())]
        if not known:
            raise ValueError("no measure is known in all reports: give gold, or fit a student")
        measure = known[0]
    ax = ax or _new_axes(6.4, 4.4)
    for k, (name, report) in enumerate(reports.items()):
        x, y = report[f"total_{against}"], report[measure]
        known_rows = np.isfinite(y)
        if not known_rows.any():
            raise ValueError(f"reports[{name!r}] has no {measure}")
        _line(ax, k, x[known_rows], y[known_rows], name)
    top = {r.top for r in reports.values()}
    at = f"@{top.pop()}" if measure.endswith("ndcg") and len(top) == 1 else ""
    return _finished(ax, against, names[measure].replace("nDCG", f"nDCG{at}"), len(reports) > 1)


def plot_plan(
    plan: Plan, ax: Axes | None = None, *, measure: str = "tau", against: str = "votes"
) -> Axes:
    """Draw the expected quality of a plan against votes or money, with its intervals.

    Parameters
    ----------
    plan : Plan
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    measure : {"tau", "nmse", "ndcg", "student_r2"}
    against : {"votes", "cost"}

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If a choice is unknown.
    """
    names = {
        "tau": "Kendall's tau-b", "nmse": "1 - r² of the ratings", "ndcg": "nDCG@10",
        "student_r2": "student's r², fresh groups",
    }  # fmt: skip
    checks.one_of(against, "against", ("votes", "cost"))
    _check_axes(ax)
    mean, half = plan.interval(measure)
    ax = ax or _new_axes(6.4, 4.4)
    for k, name in enumerate(plan.design):
        x, around = getattr(plan, against)[k].mean(axis=1), (mean[k] - half[k], mean[k] + half[k])
        if np.isfinite(half[k]).all():
            ax.fill_between(x, *around, color=_colour(k), alpha=0.15, linewidth=0)
        _line(ax, k, x, mean[k], name)
    return _finished(ax, f"{against}, all groups together", names[measure], len(plan.design) > 1)


def _rows_to_draw(fit: Fit, most: int) -> tuple[np.ndarray, bool]:
    """Positions of the items to draw, best first; whether they are one component of several."""
    items = np.arange(len(fit.theta))
    sizes = np.bincount(fit.component)
    alone = fit.prior is None and len(sizes) > 1
    if alone:
        items = np.flatnonzero(fit.component == np.argmax(sizes))
    order = np.argsort(-fit.theta[items], kind="stable")
    return items[order[:most]], alone


def _title(n_shown: int, alone: bool, n_items: int) -> str:
    if alone:
        return f"{n_shown} of {n_items} items: of the largest component"
    return f"the best {n_shown} of {n_items} items" if n_shown < n_items else ""


def _times(pair: Any, about: str) -> tuple[np.ndarray, np.ndarray]:
    """The sizes and seconds of one workload, by size."""
    given = checks.listed(pair, about)
    if len(given) != 2:
        checks.fail(about, "must be a pair (sizes, seconds)", value=pair)
    sizes, seconds = (np.asarray(checks.numeric(x, about), np.float64) for x in given)
    if sizes.shape != seconds.shape or sizes.ndim != 1 or not len(sizes):
        checks.fail(about, "sizes and seconds must have one common length")
    if not (np.all(sizes > 0.0) and np.all(seconds > 0.0)):
        checks.fail(about, "sizes and seconds must be positive")
    order = np.argsort(sizes)
    return sizes[order], seconds[order]


def _exponent(sizes: np.ndarray, seconds: np.ndarray) -> float | None:
    """Slope of log seconds on log size; None from fewer than two sizes."""
    if len(np.unique(sizes)) < 2:
        return None
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def _new_axes(width: float, height: float) -> Axes:
    pyplot = needs("matplotlib.pyplot", "a picture")
    figure: Any = pyplot.figure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure.add_subplot()


def _colour(k: int) -> str:
    return COLOURS[k % len(COLOURS)]


def _line(ax: Axes, k: int, x: np.ndarray, y: np.ndarray, label: str) -> None:
    """The line that comes as number `k`, with a marker at each point."""
    ax.plot(
        x, y, color=_colour(k), marker=MARKERS[k % len(MARKERS)], linewidth=1.6, markersize=5.5,
        markeredgecolor="white", markeredgewidth=0.8, label=label,
    )  # fmt: skip


def _finished(ax: Axes, x: str, y: str, legend: bool) -> Axes:
    """The axes of lines with their labels, a grid and perhaps a legend."""
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(color=PALE, linewidth=0.6)
    if legend:
        ax.legend(frameon=False, fontsize="small")
    _tidy(ax, left=True)
    return ax


def _check_axes(ax: Any) -> None:
    if ax is not None and not hasattr(ax, "axvline"):
        checks.fail(
            "ax", "must be matplotlib Axes or None", value=type(ax).__name__, kind=TypeError
        )


def _tidy(ax: Axes, *, left: bool) -> None:
    """Leave only the lines that carry something."""
    ax.set_axisbelow(True)
    for side in ("top", "right", *(() if left else ("left",))):
        ax.spines[side].set_visible(False)
    for side in ("bottom", "left"):
        ax.spines[side].set_color(GREY)
    ax.tick_params(which="both", color=GREY, labelcolor=INK)
    if not left:
        ax.tick_params(axis="y", length=0)
    ax.xaxis.label.set_color(INK)
    ax.yaxis.label.set_color(INK)
