"""Where the next votes go: which pairs of which groups to ask next."""

from venire.allocation._allocate import allocate
from venire.allocation._prior import AllocationPrior, PriorCandidate, select_prior
from venire.allocation._result import Allocation

__all__ = ["Allocation", "AllocationPrior", "PriorCandidate", "allocate", "select_prior"]
