"""Rankings: who was placed before whom, of three or more at a time."""

from venire.data.rankings._building import Arrays
from venire.data.rankings._pairs import majority
from venire.data.rankings._rankings import Rankings
from venire.data.rankings.columns import RankingColumns

__all__ = ["Arrays", "RankingColumns", "Rankings", "majority"]
