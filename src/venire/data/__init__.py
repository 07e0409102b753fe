"""What was observed: comparisons, comparisons of many groups, teachers' votes."""

from venire.data.columns import Columns, VoteColumns
from venire.data.comparisons import Comparisons, Components
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.votes import Agreement, TeacherCalibration, Votes

__all__ = [
    "Agreement",
    "Columns",
    "Comparisons",
    "Components",
    "GroupedComparisons",
    "TeacherCalibration",
    "VoteColumns",
    "Votes",
]
