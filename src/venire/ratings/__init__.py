"""Fits of paired-comparison models, single and of many groups, and what they tell."""

from venire.ratings._base import Ratings
from venire.ratings._errors import ERRORS, ParameterErrors
from venire.ratings._evidence import Evidence
from venire.ratings._prior_means import PriorMeans
from venire.ratings._quasi import RelativeEstimates
from venire.ratings.coefficients import Coefficients
from venire.ratings.fit import Fit
from venire.ratings.fits import (
    fit_bradley_terry,
    fit_davidson,
    fit_model,
    fit_rao_kupper,
    fit_thurstone,
)
from venire.ratings.grouped import Calibration, GroupedFit, calibrate, fit_groups
from venire.ratings.paths import PathEvidence, PathFit, fit_path
from venire.ratings.plackett_luce import fit_plackett_luce
from venire.ratings.plackett_luce_fit import PlackettLuceFit

__all__ = [
    "ERRORS",
    "Calibration",
    "Coefficients",
    "Evidence",
    "Fit",
    "GroupedFit",
    "ParameterErrors",
    "PathEvidence",
    "PathFit",
    "PlackettLuceFit",
    "PriorMeans",
    "Ratings",
    "RelativeEstimates",
    "calibrate",
    "fit_bradley_terry",
    "fit_davidson",
    "fit_groups",
    "fit_model",
    "fit_path",
    "fit_plackett_luce",
    "fit_rao_kupper",
    "fit_thurstone",
]
