"""Teachers' votes on pairs: one table of judgments, how far teachers agree, how sure they are."""

from venire.votes._agreement import Agreement
from venire.votes._calibration import TeacherCalibration
from venire.votes._votes import Votes

__all__ = ["Agreement", "TeacherCalibration", "Votes"]
