"""Rows added up as they come: what files of any size are read into."""

from venire.data.sums._base import Sums
from venire.data.sums.cells import CellSums
from venire.data.sums.labels import Interim
from venire.data.sums.votes import VoteSums

__all__ = ["CellSums", "Interim", "Sums", "VoteSums"]
