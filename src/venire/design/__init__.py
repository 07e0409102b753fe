"""What to ask: pairs within groups and bridges between them, and where the next votes go."""

from venire.design._allocate import BASELINES, CRITERIA, Criterion, allocate
from venire.design._bridges import BridgeDesign, design_bridges
from venire.design._design import PairDesign
from venire.design._pairs import design_pairs, rotate_teachers
from venire.design._prior import AllocationPrior, PriorCandidate, select_prior
from venire.design._result import Allocation

__all__ = [
    "BASELINES",
    "CRITERIA",
    "Allocation",
    "AllocationPrior",
    "BridgeDesign",
    "Criterion",
    "PairDesign",
    "PriorCandidate",
    "allocate",
    "design_bridges",
    "design_pairs",
    "rotate_teachers",
    "select_prior",
]
