"""Ensembles of estimators: bagging, boosting, stacking, and what an ensemble is worth."""

from venire.ensembles._curve import LearningCurve, learning_curve
from venire.ensembles._decompose import decompose
from venire.ensembles._squared import Decomposition
from venire.ensembles._zero_one import ZeroOneDecomposition
from venire.ensembles.boosting import BoostingStep, adaboost_weights
from venire.ensembles.stacking import StackedClassifiers, stack_estimators

__all__ = [
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
