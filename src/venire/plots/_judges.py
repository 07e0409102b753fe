"""Picture of judges in the likelihood: their slopes, or their position biases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from venire._core import checks
from venire.plots._teachers import Marks, finished, in_rows
from venire.targets import JudgesFit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_judges"]

MEASURES = {
    "slope": (1.0, "slope, 1 on average"),
    "position_bias": (0.0, "position bias in log-odds"),
}


def plot_judges(
    result: JudgesFit,
    ax: Axes | None = None,
    *,
    measure: str = "slope",
    level: float = 0.95,
    top: int | None = None,
) -> Axes:
    """Draw the slope of each judge, or its position bias.

    Parameters
    ----------
    result : JudgesFit
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure of a height that suits the rows.
    measure : {"slope", "position_bias"}
    level : float, default 0.95
        Of the intervals.
    top : int, optional
        Judges to draw: half of them from the top, half from the bottom, and those between as one
        row, from the least to the greatest. Default: as many as can be read.

    Returns
    -------
    matplotlib Axes
        The measure along x, votes on the right. The dashed line is the average judge, or no bias.

    Raises
    ------
    ValueError, TypeError
        If `result` is something else, an option is out of range, or biases are not known.
    """
    if not isinstance(result, JudgesFit):
        reason = f"must be a JudgesFit, got {type(result).__name__}"
        checks.fail("result", reason, kind=TypeError)
    checks.one_of(measure, "measure", tuple(MEASURES))
    level, top = checks.level(level), checks.top(top)
    table = result.to_frame("dict", level=level)
    if measure not in table:
        checks.fail("result", "has no position biases: the orders shown were not recorded")
    reference, what = MEASURES[measure]
    none = np.zeros(len(result.judges), bool)
    bounds = table[f"{measure}_lower"], table[f"{measure}_upper"]
    marks = [Marks(table[measure], *bounds, none, "")]
    words = [f"{x:,.0f}" for x in table["n_votes"].tolist()]
    ax = in_rows(ax, result.judges, marks, top, beside=("votes", words), reference=reference)
    return finished(ax, what, level, marks, "")
