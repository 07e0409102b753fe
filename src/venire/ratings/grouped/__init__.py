"""Many small fits at once, and one scale for all of them."""

from venire.ratings.grouped.calibration import Calibration, calibrate
from venire.ratings.grouped.fit import GroupedFit
from venire.ratings.grouped.fitting import fit_groups

__all__ = ["Calibration", "GroupedFit", "calibrate", "fit_groups"]
