"""Several pictures of one result in one figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from venire._core import checks
from venire._core.extras import needs
from venire.bench import Benchmark
from venire.distillation import Report
from venire.panel import Consensus, agreement
from venire.plots._alike import FEWEST, plot_agreement, plot_correlation
from venire.plots._bench import plot_benchmark
from venire.plots._groups import plot_groups
from venire.plots._judges import plot_judges
from venire.plots._path import plot_path
from venire.plots._quality import plot_plan, plot_quality
from venire.plots._ratings import plot_ranks, plot_ratings
from venire.plots._teachers import plot_position_bias, plot_reliability
from venire.ratings import Fit, GroupedFit, PathFit
from venire.resampling import Bootstrap, PosteriorDraws
from venire.simulate import Plan
from venire.targets import JudgesFit, Rated

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["overview"]

WIDTH, HEIGHT = 6.2, 4.2  # inches of a panel
ROW, AROUND, MOST_ROWS = 0.24, 1.2, 24
MOST_TEACHERS = 2000  # for which all are compared with all


class Panel(NamedTuple):
    """A picture, and how many rows it would have."""

    draw: Callable[..., Axes]
    options: Mapping[str, Any] = {}
    rows: int = 0
    most: int = MOST_ROWS  # rows that it is made higher for


def overview(result: Any, **options: Any) -> Figure:
    """Draw what there is to see of a result: the pictures that suit it, side by side.

    Parameters
    ----------
    result : Fit, Bootstrap, PosteriorDraws, GroupedFit, PathFit, Rated, Consensus,
        JudgesFit, Plan, Report, Benchmark or mapping
        A mapping of str to Report is drawn as one picture, a line for each; of columns, as
        `GroupedFit.to_frame` gives them, as the overview of groups.
    **options
        Of the pictures; each gets those that it knows: `level`, `errors`, `measure`, `against`.

    Returns
    -------
    matplotlib Figure
        Known to nobody else: save it with its ``savefig``.

    Raises
    ------
    TypeError
        If `result` is something else, or no picture knows an option.
    ValueError
        As of the pictures.
    """
    checks.level(options.get("level", 0.95))
    panels = list(_panels(result, options))
    if not panels:
        checks.fail("result", f"there is no picture of a {type(result).__name__}", kind=TypeError)
    known = [set(signature(panel.draw).parameters) - {"ax"} for panel in panels]
    for name in options:
        if not any(name in one for one in known):
            checks.fail(name, "is an option of none of the pictures", kind=TypeError)
    columns = min(len(panels), 2)
    lines = -(-len(panels) // columns)
    height = [
        max([HEIGHT, *(AROUND + ROW * min(p.rows, p.most) for p in panels[k : k + columns])])
        for k in range(0, len(panels), columns)
    ]
    figure = needs("matplotlib.figure", "a picture").Figure(
        figsize=(WIDTH * columns, sum(height)), layout="constrained", facecolor="white"
    )
    grid = figure.add_gridspec(lines, columns, height_ratios=height)
    places = []  # all of them first: pictures look at how much room each has
    for k in range(len(panels)):
        row, column = divmod(k, columns)
        alone = k == len(panels) - 1 and column == 0
        places.append(figure.add_subplot(grid[row, :] if alone else grid[row, column]))
    for ax, panel, words in zip(places, panels, known, strict=True):
        mine = {name: x for name, x in options.items() if name in words}
        panel.draw(**panel.options, ax=ax, **mine)
    return figure


def _panels(result: Any, options: Mapping[str, Any]) -> Iterator[Panel]:
    """The pictures of a result, the foremost first."""
    match result:
        case Fit():
            yield Panel(plot_ratings, {"fit": result}, len(result.items))
        case Bootstrap() | PosteriorDraws():
            yield Panel(plot_ratings, {"fit": result}, len(result.items))
            yield Panel(plot_ranks, {"fit": result}, len(result.items))
        case Benchmark():
            yield Panel(plot_benchmark, {"result": result}, len(result.timed), len(result.timed))
        case Rated():
            yield Panel(plot_ratings, {"fit": result}, len(result.items))
            if result.by is not None:
                yield Panel(plot_groups, {"result": result.by}, len(result.categories))
            lean = result if np.isfinite(result.leans().bias).any() else None
            yield from _of_teachers(result.consensus, options, lean)
        case JudgesFit():
            n = len(result.judges)
            yield Panel(plot_judges, {"result": result}, n)
            if result.position_biases is not None:
                yield Panel(plot_judges, {"result": result, "measure": "position_bias"}, n)
            if isinstance(result.fit, Fit):
                yield Panel(plot_ratings, {"fit": result.fit}, len(result.items))
        case Consensus():
            yield from _of_teachers(result, options)
        case GroupedFit():
            yield Panel(plot_groups, {"result": result}, len(result.groups))
        case PathFit():
            yield Panel(plot_path, {"path": result})
        case Plan():
            yield Panel(plot_plan, {"plan": result})
        case Report():
            yield Panel(plot_quality, {"reports": result})
        case Mapping() if all(isinstance(one, Report) for one in result.values()):
            yield Panel(plot_quality, {"reports": result})
        case Mapping():
            rows = len(np.unique(result["group"])) if "group" in result else 0
            yield Panel(plot_groups, {"result": result}, rows)


def _of_teachers(
    q: Consensus, options: Mapping[str, Any], lean: Rated | None = None
) -> Iterator[Panel]:
    """What is known of a panel; of one whose leans the ratings tell, those."""
    n, found = q.n_teachers, None
    yield Panel(plot_reliability, {"result": q}, n)
    if n <= MOST_TEACHERS:
        found = agreement(q.votes, level=options.get("level", 0.95))
    if lean is not None:
        yield Panel(plot_position_bias, {"result": lean}, n)
    elif found is not None and np.isfinite(found.position_bias).any():
        yield Panel(plot_position_bias, {"result": found}, n)
    if q.gold is not None and q.gold.correlation is not None:
        yield Panel(plot_correlation, {"result": q}, n)
    if found is not None and (found.n_common >= FEWEST).sum() > n:  # not only with themselves
        yield Panel(plot_agreement, {"result": found}, n)
