"""Ratings over time: periods, the system of items and periods, its fit and its result."""

from venire.ratings.paths.evidence import PathEvidence
from venire.ratings.paths.fit import PathFit
from venire.ratings.paths.fitting import fit_path

__all__ = ["PathEvidence", "PathFit", "fit_path"]
