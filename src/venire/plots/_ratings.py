"""Ratings with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from venire._core import checks
from venire.models import model_of
from venire.plots._style import COLOURS, axes, finish, label_ticks, room, shortened
from venire.ratings.fit import Fit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_ratings"]

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
    ax = axes(ax, height=1.3 + ROW_INCHES * len(chosen))
    y = np.arange(len(chosen))[::-1]
    drawn = np.isfinite(half)
    ax.axvline(fit.display.place, color="#999999", linewidth=0.9, zorder=1)
    ax.hlines(
        y[drawn], theta[drawn] - half[drawn], theta[drawn] + half[drawn],
        color=COLOURS[0], linewidth=1.6, zorder=2,
    )  # fmt: skip
    ax.plot(theta, y, "o", color=COLOURS[0], markersize=5.5, markeredgecolor="white",
            markeredgewidth=0.8, zorder=3)  # fmt: skip
    label_ticks(ax, "y", y, shortened(fit.items[chosen].tolist(), room(ax)))
    ax.set_ylim(-0.8, len(chosen) - 0.2)
    what = "comparison intervals" if quasi else "intervals"
    unit = model_of(fit.model).unit if fit.own is fit else fit.display.words
    x = f"rating ({unit}), with {100 * level:g} % {what}"
    return finish(ax, x, grid="x", title=_title(len(chosen), alone, len(fit.theta)))


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
