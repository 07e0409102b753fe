"""venire: calibrated numbers from the votes of a panel of judges."""

from venire import datasets, reference, scales, simulate
from venire._config import show_config
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
from venire.resampling import (
    Bootstrap,
    BootstrapWeights,
    StatisticBootstrap,
    bootstrap,
    bootstrap_statistic,
    bootstrap_weights,
)

__version__ = "0.1.0"

__all__ = [
    "BetaPosterior",
    "Bootstrap",
    "BootstrapWeights",
    "Calibration",
    "Comparisons",
    "Components",
    "ConvergenceError",
    "ConvergenceWarning",
    "Fit",
    "GaussianPrior",
    "GroupedComparisons",
    "GroupedFit",
    "GroupedParameterErrors",
    "Needs",
    "NotIdentifiedError",
    "NotIdentifiedWarning",
    "StatisticBootstrap",
    "bootstrap",
    "bootstrap_statistic",
    "bootstrap_weights",
    "calibrate",
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
]
