"""Many small fits at once, and one scale for all of them."""

from venire.ratings.grouped.calibration import Calibration, calibrate
from venire.ratings.grouped.fit import GroupedFit, GroupedParameterErrors
from venire.ratings.grouped.fitting import fit_groups

__all__ = ["Calibration", "GroupedFit", "GroupedParameterErrors", "calibrate", "fit_groups"]
