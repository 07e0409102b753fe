"""Many small fits at once, and one scale for all of them."""

from venire.grouped._fitting import fit_groups
from venire.grouped.calibration import Calibration, calibrate
from venire.grouped.fit import GroupedFit, GroupedParameterErrors

__all__ = ["Calibration", "GroupedFit", "GroupedParameterErrors", "calibrate", "fit_groups"]
