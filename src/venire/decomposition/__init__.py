"""What an ensemble is worth: its error taken apart, and what one more member would add."""

from venire.decomposition._curve import LearningCurve, learning_curve
from venire.decomposition._decompose import decompose
from venire.decomposition._squared import Decomposition
from venire.decomposition._zero_one import ZeroOneDecomposition

__all__ = [
    "Decomposition",
    "LearningCurve",
    "ZeroOneDecomposition",
    "decompose",
    "learning_curve",
]
