"""What to ask next when nothing is known yet: pairs within groups, and bridges between them."""

from venire.design._bridges import BridgeDesign, design_bridges
from venire.design._design import PairDesign
from venire.design._pairs import design_pairs
from venire.design._rotation import rotate_teachers

__all__ = ["BridgeDesign", "PairDesign", "design_bridges", "design_pairs", "rotate_teachers"]
