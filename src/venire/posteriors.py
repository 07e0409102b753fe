"""Beta posteriors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


class BetaPosterior:
    """Beta distributions, an array of them."""

    def __init__(self, alpha: ArrayLike, beta: ArrayLike) -> None:
        self.alpha = np.asarray(alpha, np.float64)
        self.beta = np.asarray(beta, np.float64)

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean."""
        return self.alpha / (self.alpha + self.beta)

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation."""
        m = self.mean
        return np.sqrt(m * (1 - m) / (self.alpha + self.beta + 1))

    def interval(self, level: float = 0.95) -> NDArray[np.float64]:
        """Equal-tailed."""
        from scipy.special import betaincinv

        tail = (1 - level) / 2
        return np.stack(
            [betaincinv(self.alpha, self.beta, tail), betaincinv(self.alpha, self.beta, 1 - tail)],
            axis=-1,
        )
