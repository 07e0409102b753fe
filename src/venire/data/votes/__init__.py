"""Teachers' votes on pairs: one table of judgments, how far teachers agree, how sure they are."""

from venire.data.votes._agreement import Agreement
from venire.data.votes._votes import Votes
from venire.data.votes.calibration import TeacherCalibration

__all__ = ["Agreement", "TeacherCalibration", "Votes"]
