"""What was observed: comparisons, comparisons of many groups, teachers' votes."""

from venire.data.any_frame import from_frame
from venire.data.columns import Columns, VoteColumns
from venire.data.comparisons import Comparisons, Components
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rankings import RankingColumns, Rankings
from venire.data.votes import Votes

__all__ = [
    "Columns",
    "Comparisons",
    "Components",
    "GroupedComparisons",
    "RankingColumns",
    "Rankings",
    "VoteColumns",
    "Votes",
    "from_frame",
]
