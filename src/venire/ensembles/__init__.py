"""Ensembles of estimators: bagging, boosting, stacking, and what an ensemble is worth."""

from typing import TYPE_CHECKING

from venire._core import extras
from venire.ensembles._curve import LearningCurve, learning_curve
from venire.ensembles._decompose import decompose
from venire.ensembles._squared import Decomposition
from venire.ensembles._zero_one import ZeroOneDecomposition
from venire.ensembles.boosting import BoostingStep, adaboost_weights
from venire.ensembles.stacking import StackedClassifiers, stack_estimators

__all__ = [
    "Bagging",
    "BoostingStep",
    "Decomposition",
    "LearningCurve",
    "StackedClassifiers",
    "ZeroOneDecomposition",
    "adaboost_weights",
    "decompose",
    "learning_curve",
    "stack_estimators",
]

if TYPE_CHECKING:
    from venire.ensembles._estimator import Bagging
else:

    def __getattr__(name):
        if name == "Bagging":  # is a scikit-learn estimator, and that takes long to load
            try:
                from venire.ensembles._estimator import Bagging
            except ImportError as error:
                raise extras.missing(error, "Bagging") from error
            return Bagging
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
