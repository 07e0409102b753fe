"""Fits of paired-comparison models, and what they tell."""

from venire.ratings._base import Ratings
from venire.ratings._errors import ParameterErrors
from venire.ratings.fit import Fit
from venire.ratings.fits import (
    fit_bradley_terry,
    fit_davidson,
    fit_model,
    fit_rao_kupper,
    fit_thurstone,
)

__all__ = [
    "Fit",
    "ParameterErrors",
    "Ratings",
    "fit_bradley_terry",
    "fit_davidson",
    "fit_model",
    "fit_rao_kupper",
    "fit_thurstone",
]
