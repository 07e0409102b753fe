"""How far ratings lie apart: what of it the votes' own errors explain, and what is left."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire import scales
from venire._core import checks
from venire.ratings.grouped import Calibration, GroupedFit
from venire.ratings.grouped.batches import batches
from venire.ratings.grouped.scaling import group_of_item

__all__ = ["Spread", "student_variance"]

Floats = NDArray[np.float64]


class Spread:
    """What is known of the items in their groups, and means of it over items and over groups.

    Attributes
    ----------
    group : ndarray of int64, shape (n_items,)
        Positions.
    known : ndarray of bool, shape (n_items,)
    theta, error : ndarray of float64, shape (n_items,)
        Around the centre of the fit's scale; nan where nothing is known.
    """

    def __init__(self, fit: GroupedFit, calibration: Calibration | None = None) -> None:
        self.n_groups = len(fit.groups)
        self.group = group_of_item(fit)
        seen = _compared(fit)
        if calibration is not None:  # a group of one item is all level
            anchored = calibration.anchored[calibration.components.labels]
            linked = (np.diff(fit.offsets) == 1) & ((calibration.n_bridges > 0.0) | anchored)
            seen |= linked[self.group]
        self.known = seen & np.isfinite(fit.theta) & np.isfinite(fit.component_errors())
        centre = scales.centre_of(fit.scale) if fit.scale in scales.SCALES else 0.0
        self.theta, self.error = fit.theta - centre, fit.component_errors()
        if not self.known.all():
            self.theta[~self.known] = np.nan
            self.error = np.where(self.known, self.error, np.nan)

    def group_means(self, x: Floats, use: NDArray[np.bool_]) -> Floats:
        """Mean of x over the items in use of each group; 0 where there is none."""
        total = np.bincount(self.group, np.where(use, x, 0.0), self.n_groups)
        return total / np.maximum(np.bincount(self.group, use, self.n_groups), 1.0)

    def variance_beyond(self, r: Floats, error: Floats) -> float:
        """max(mean r^2 - mean se^2, mean r^2 / 2) over the items that have both; 0 without any."""
        use = self.known & np.isfinite(r)
        n = np.count_nonzero(use)
        if n < len(use):
            r, error = r[use], error[use]
        if n == 0:
            return 0.0
        square = float(np.mean(r**2))
        return max(square - float(np.mean(error**2)), 0.5 * square)

    def weights(self, error: Floats, variance: float) -> Floats:
        """1 / (mean squared error of the item's group + variance); 0 where nothing is known."""
        mean = self.group_means(error**2, self.known) + variance
        inverse = np.divide(1.0, mean, out=np.zeros(self.n_groups), where=mean > 0.0)
        return np.where(self.known, inverse[self.group], 0.0)


def _compared(fit: GroupedFit) -> NDArray[np.bool_]:
    """Items with comparisons."""
    g = fit.comparisons
    out = np.zeros(g.n_items, bool)
    for start, stop in batches(g):
        cells = slice(g.cell_offsets[start], g.cell_offsets[stop])
        base = np.repeat(g.offsets[start:stop], np.diff(g.cell_offsets[start : stop + 1]))
        out[base + g.first[cells]] = True
        out[base + g.second[cells]] = True
    return out


def student_variance(
    spread: Spread,
    theta: Floats,
    error: Floats,
    prediction: Any,
    given: Any,
    *,
    centred: bool,
) -> float:
    """tau^2: as given, else from the distance between ratings and predictions."""
    n = len(theta)
    if given is not None:
        if prediction is not None:
            raise TypeError("give prediction or prediction_variance, not both")
        most = checks.LARGEST
        return checks.number(
            given, "prediction_variance", checks.AMOUNT, lambda x: 0.0 <= x <= most
        )
    if prediction is None:
        return spread.variance_beyond(theta, error)
    own = checks.predictions(prediction, n)
    use = spread.known & ~np.isnan(own)
    if not use.any():
        return spread.variance_beyond(theta, error)
    if centred:
        own = own - spread.group_means(own, use)[spread.group]
    return spread.variance_beyond(theta - own, error)
