"""venire: calibrated numbers from the votes of a panel of judges."""

from venire import datasets, reference, scales, simulate
from venire._config import show_config
from venire._consensus import Consensus, GoldReport, Notice, Stack, consensus, stack
from venire.comparisons import Comparisons, Components
from venire.errors import (
    ConvergenceError,
    ConvergenceWarning,
    NotIdentifiedError,
    NotIdentifiedWarning,
)
from venire.grouped import (
    Calibration,
    GroupedFit,
    GroupedParameterErrors,
    calibrate,
    fit_groups,
)
from venire.grouped_comparisons import GroupedComparisons
from venire.posteriors import BetaPosterior, Needs, fit_beta_prior, needs_votes
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
    "Calibration",
    "BetaPosterior",
    "Comparisons",
    "Components",
    "Consensus",
    "ConvergenceError",
    "ConvergenceWarning",
    "Fit",
    "GaussianPrior",
    "GoldReport",
    "GroupedComparisons",
    "GroupedFit",
    "GroupedParameterErrors",
    "Needs",
    "NotIdentifiedError",
    "NotIdentifiedWarning",
    "Notice",
    "Stack",
    "TeacherCalibration",
    "Votes",
    "calibrate",
    "consensus",
    "datasets",
    "fit_beta_prior",
    "fit_bradley_terry",
    "fit_davidson",
    "fit_groups",
    "fit_rao_kupper",
    "fit_thurstone",
    "needs_votes",
    "reference",
    "scales",
    "show_config",
    "simulate",
    "stack",
]
