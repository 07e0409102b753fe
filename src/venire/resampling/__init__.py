"""Resampling: bootstrap weights, and what is built on them."""

from venire.resampling._weights import BootstrapWeights, bootstrap_weights

__all__ = ["BootstrapWeights", "bootstrap_weights"]
