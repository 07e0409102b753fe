"""Resampling: bootstrap weights, and what is built on them."""

from venire.resampling._bootstrap import bootstrap
from venire.resampling._grouped import GroupedBootstrap
from venire.resampling._posterior import PosteriorDraws, sample
from venire.resampling._result import Bootstrap
from venire.resampling._statistic import StatisticBootstrap, bootstrap_statistic
from venire.resampling._weights import BootstrapWeights, bootstrap_weights

__all__ = [
    "Bootstrap",
    "BootstrapWeights",
    "GroupedBootstrap",
    "PosteriorDraws",
    "StatisticBootstrap",
    "bootstrap",
    "bootstrap_statistic",
    "bootstrap_weights",
    "sample",
]
