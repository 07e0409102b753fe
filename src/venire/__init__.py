"""venire: calibrated numbers from the votes of a panel of judges."""

from typing import TYPE_CHECKING, Any

from venire import datasets, scales
from venire._config import show_config
from venire.data.columns import Columns, VoteColumns
from venire.data.comparisons import Comparisons, Components
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.votes import Votes
from venire.design import (
    Allocation,
    AllocationPrior,
    BridgeDesign,
    PairDesign,
    allocate,
    design_bridges,
    design_pairs,
    rotate_teachers,
    select_prior,
)
from venire.ensembles import (
    Decomposition,
    LearningCurve,
    ZeroOneDecomposition,
    decompose,
    learning_curve,
)
from venire.ensembles.boosting import BoostingStep, adaboost_weights
from venire.ensembles.stacking import StackedClassifiers, stack_estimators
from venire.errors import (
    ConvergenceError,
    ConvergenceWarning,
    NotIdentifiedError,
    NotIdentifiedWarning,
    StateError,
)
from venire.panel import (
    Agreement,
    BetaPosterior,
    Consensus,
    GoldReport,
    Needs,
    Notice,
    Stack,
    TeacherCalibration,
    consensus,
    fit_beta_prior,
    needs_votes,
    stack,
)
from venire.priors import GaussianPrior
from venire.ratings import (
    Fit,
    fit_bradley_terry,
    fit_davidson,
    fit_rao_kupper,
    fit_thurstone,
)
from venire.ratings.grouped import (
    Calibration,
    GroupedFit,
    calibrate,
    fit_groups,
)
from venire.resampling import (
    Bootstrap,
    BootstrapWeights,
    GroupedBootstrap,
    StatisticBootstrap,
    bootstrap,
    bootstrap_statistic,
    bootstrap_weights,
)
from venire.targets import Targets, VotesFit, fit_votes, make_targets

if TYPE_CHECKING:
    from venire import batch, reference, simulate
    from venire.distillation import Distillation, Report, Requests, Told
    from venire.ensembles.bagging import Bagging

__version__ = "0.1.0"

__all__ = [
    "Agreement",
    "Allocation",
    "AllocationPrior",
    "Bagging",
    "BetaPosterior",
    "BoostingStep",
    "Bootstrap",
    "BootstrapWeights",
    "BridgeDesign",
    "Calibration",
    "Columns",
    "Comparisons",
    "Components",
    "Consensus",
    "ConvergenceError",
    "ConvergenceWarning",
    "Decomposition",
    "Distillation",
    "Fit",
    "GaussianPrior",
    "GoldReport",
    "GroupedBootstrap",
    "GroupedComparisons",
    "GroupedFit",
    "LearningCurve",
    "Needs",
    "NotIdentifiedError",
    "NotIdentifiedWarning",
    "Notice",
    "PairDesign",
    "Report",
    "Requests",
    "Stack",
    "StackedClassifiers",
    "StateError",
    "StatisticBootstrap",
    "Targets",
    "TeacherCalibration",
    "Told",
    "VoteColumns",
    "Votes",
    "VotesFit",
    "ZeroOneDecomposition",
    "adaboost_weights",
    "allocate",
    "batch",
    "bootstrap",
    "bootstrap_statistic",
    "bootstrap_weights",
    "calibrate",
    "consensus",
    "datasets",
    "decompose",
    "design_bridges",
    "design_pairs",
    "fit_beta_prior",
    "fit_bradley_terry",
    "fit_davidson",
    "fit_groups",
    "fit_rao_kupper",
    "fit_thurstone",
    "fit_votes",
    "learning_curve",
    "make_targets",
    "needs_votes",
    "reference",
    "rotate_teachers",
    "scales",
    "select_prior",
    "show_config",
    "simulate",
    "stack",
    "stack_estimators",
]


_LATER = {  # what takes long to load, needs scikit-learn, or is not for production: at first use
    "Bagging": "venire.ensembles.bagging",
    "Distillation": "venire.distillation",
    "Report": "venire.distillation",
    "Requests": "venire.distillation",
    "Told": "venire.distillation",
    "batch": "venire.batch",
    "reference": "venire.reference",
    "simulate": "venire.simulate",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        place = _LATER[name]
        module = import_module(place)
        return module if place == f"venire.{name}" else getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
