"""What is odd about comparisons, in plain words."""

from venire.diagnostics._audit import CHECKS, audit, glance
from venire.diagnostics._finding import Audit, Finding

__all__ = ["CHECKS", "Audit", "Finding", "audit", "glance"]
