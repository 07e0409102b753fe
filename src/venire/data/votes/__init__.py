"""Teachers' votes on pairs: one table of judgments."""

from venire.data.votes._votes import Votes

__all__ = ["Votes"]
