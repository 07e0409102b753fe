"""What to ask: pairs within groups and bridges between them, and where the next votes go."""

from venire.design._allocate import BASELINES, CRITERIA, allocate
from venire.design._bridges import BridgeDesign, design_bridges
from venire.design._design import PairDesign
from venire.design._pairs import design_pairs
from venire.design._prior import AllocationPrior, PriorCandidate, select_prior
from venire.design._result import Allocation
from venire.design._rotation import rotate_teachers

__all__ = [
    "BASELINES",
    "CRITERIA",
    "Allocation",
    "AllocationPrior",
    "BridgeDesign",
    "PairDesign",
    "PriorCandidate",
    "allocate",
    "design_bridges",
    "design_pairs",
    "rotate_teachers",
    "select_prior",
]
