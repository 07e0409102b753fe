"""Resampling: bootstrap weights, and what is built on them."""

from venire.resampling._bootstrap import bootstrap
from venire.resampling._grouped import GroupedBootstrap
from venire.resampling._grouped_posterior import GroupedPosteriorDraws
from venire.resampling._posterior import PosteriorDraws
from venire.resampling._result import Bootstrap
from venire.resampling._sample import sample
from venire.resampling._statistic import StatisticBootstrap, bootstrap_statistic
from venire.resampling._weights import BootstrapWeights, bootstrap_weights

__all__ = [
    "Bootstrap",
    "BootstrapWeights",
    "GroupedBootstrap",
    "GroupedPosteriorDraws",
    "PosteriorDraws",
    "StatisticBootstrap",
    "bootstrap",
    "bootstrap_statistic",
    "bootstrap_weights",
    "sample",
]
