"""Lines: growth of run times, quality against votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire.distillation import Report
from venire.plots._style import GREY, axes, colour, finish, line, room, shortened
from venire.simulate import Plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_growth", "plot_plan", "plot_quality"]


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
    if not isinstance(times, Mapping) or not times:
        checks.fail("times", "must hold at least one workload", value=times)
    if not isinstance(size_label, str):
        checks.fail("size_label", "must be text", value=size_label, kind=TypeError)
    if limit is not None:
        limit = checks.number(limit, "limit", "must be from -100 to 100", lambda x: abs(x) <= 100)
    ax = axes(ax)
    lines = {name: _times(pair, f"times[{name!r}]") for name, pair in times.items()}
    names = shortened(lines, room(ax, 0.3))
    for k, (name, (sizes, seconds)) in enumerate(zip(names, lines.values(), strict=True)):
        exponent = _exponent(sizes, seconds)
        label = name if exponent is None else f"{name}: exponent {exponent:.2f}"
        line(ax, k, sizes, seconds, label)
    if limit is not None:
        low = min(sizes[0] for sizes, _ in lines.values())
        high = max(sizes[-1] for sizes, _ in lines.values())
        start = 0.6 * min(np.min(y * (low / x) ** limit) for x, y in lines.values())
        ax.plot([low, high], [start, start * (high / low) ** limit], "--", color=GREY,
                linewidth=1.0, label=f"slope {limit:g}", zorder=1)  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    return finish(ax, size_label, "seconds", legend=True)


def plot_quality(
    reports: Report | Mapping[str, Report],
    ax: Axes | None = None,
    *,
    measure: str | None = None,
    against: str = "votes",
) -> Axes:
    """Draw the quality of loops against the votes or the money they took, a line for each.

    Parameters
    ----------
    reports : Report, or mapping of str to Report
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
    if isinstance(reports, Report):
        reports = {"report": reports}
    if not isinstance(reports, Mapping) or not reports:
        checks.fail("reports", "must hold at least one report", value=reports)
    for name, report in reports.items():
        if not isinstance(report, Report):
            checks.fail(f"reports[{name!r}]", "must be a Report", kind=TypeError)
    if measure is None:
        known = [m for m in names if all(np.isfinite(r[m]).any() for r in reports.values())]
        if not known:
            raise ValueError("no measure is known in all reports: give gold, or fit a student")
        measure = known[0]
    ax = axes(ax)
    labels = shortened(reports, room(ax, 0.4))
    for k, (name, report) in enumerate(reports.items()):
        x, y = report[f"total_{against}"], report[measure]
        known_rows = np.isfinite(y)
        if not known_rows.any():
            raise ValueError(f"reports[{name!r}] has no {measure}")
        line(ax, k, x[known_rows], y[known_rows], labels[k])
    top = {r.top for r in reports.values()}
    at = f"@{top.pop()}" if measure.endswith("ndcg") and len(top) == 1 else ""
    label = names[measure].replace("nDCG", f"nDCG{at}")
    return finish(ax, against, label, legend=len(reports) > 1)


def plot_plan(
    plan: Plan,
    ax: Axes | None = None,
    *,
    measure: str = "tau",
    against: str = "votes",
    level: float = 0.95,
) -> Axes:
    """Draw the expected quality of a plan against votes or money, with its intervals.

    Parameters
    ----------
    plan : Plan
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    measure : {"tau", "nmse", "ndcg", "student_r2"}
    against : {"votes", "cost"}
    level : float, default 0.95
        Of the intervals of the means over worlds; of a single world there are none.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If a choice is unknown, or `level` is out of range.
    TypeError
        If `plan` is something else.
    """
    names = {
        "tau": "Kendall's tau-b", "nmse": "1 - r² of the ratings", "ndcg": "nDCG@10",
        "student_r2": "student's r², fresh groups",
    }  # fmt: skip
    if not isinstance(plan, Plan):
        checks.fail("plan", f"must be a Plan, got {type(plan).__name__}", kind=TypeError)
    checks.one_of(against, "against", ("votes", "cost"))
    limits = {"nmse": (0.0, np.inf), "ndcg": (0.0, 1.0), "student_r2": (-np.inf, 1.0)}
    mean, half = plan.interval(measure, level=level)
    ax = axes(ax)
    for k, name in enumerate(plan.design):
        x = getattr(plan, against)[k].mean(axis=1)
        if np.isfinite(half[k]).all():  # within what the measure can be
            around = np.clip(
                mean[k] + np.outer([-1.0, 1.0], half[k]), *limits.get(measure, (-1, 1))
            )
            ax.fill_between(x, *around, color=colour(k), alpha=0.15, linewidth=0)
        line(ax, k, x, mean[k], name)
    several, y = len(plan.design) > 1, names[measure]
    y += f", with {100 * level:g} % intervals" if np.isfinite(half).all() else ""
    return finish(ax, f"{against}, all groups together", y, legend=several)


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
