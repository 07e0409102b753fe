"""venire: calibrated numbers from the votes of a panel of judges."""

from venire import datasets, reference, simulate
from venire._config import show_config
from venire.comparisons import Comparisons, Components
from venire.errors import ConvergenceWarning, NotIdentifiedError, NotIdentifiedWarning
from venire.priors import GaussianPrior
from venire.ratings import (
    Fit,
    fit_bradley_terry,
    fit_davidson,
    fit_rao_kupper,
    fit_thurstone,
)
from venire.votes import Agreement, TeacherCalibration, Votes

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "TeacherCalibration",
    "Comparisons",
    "Components",
    "ConvergenceWarning",
    "Fit",
    "GaussianPrior",
    "NotIdentifiedError",
    "NotIdentifiedWarning",
    "Votes",
    "datasets",
    "fit_bradley_terry",
    "fit_davidson",
    "fit_rao_kupper",
    "fit_thurstone",
    "reference",
    "show_config",
    "simulate",
]
