"""Many small fits at once, and one scale for all of them."""

from venire.grouped.calibration import Calibration, calibrate

__all__ = ["Calibration", "calibrate"]
