"""How features make strength, and chance the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAWS", "N_FEATURES", "Law"]

LAWS = ("normal", "retrieval")
N_FEATURES = 16
GROUP_NOISE = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Law:
    """How features make strength: f = x.w + .3 sum_k c_k sin(2 x.A_k), scaled to variance 1."""

    name: str
    noise: float
    bias: float
    w: Floats
    waves: Floats  # (16, 6)
    height: Floats  # (6,), .3 c
    direction: Floats  # of a group's bias in its features, of length 1

    @classmethod
    def drawn(cls, name: str, noise: float, bias: float, seed: Any) -> Self:
        """Coefficients drawn by chance."""
        rng = np.random.default_rng(seed)
        w, waves = rng.normal(0.0, 0.25, N_FEATURES), rng.normal(0.0, 0.25, (N_FEATURES, 6))
        height, direction = 0.3 * rng.normal(size=6), rng.normal(size=N_FEATURES)
        return cls(name, noise, bias, w, waves, height, direction / np.linalg.norm(direction))

    @property
    def scale(self) -> float:
        """Standard deviation of f over x ~ N(0, I), exactly."""
        a = self.waves
        size = (a * a).sum(axis=0)
        near = np.exp(-2.0 * (size[:, None] + size - 2.0 * a.T @ a))
        far = np.exp(-2.0 * (size[:, None] + size + 2.0 * a.T @ a))
        waves = 0.5 * self.height @ (near - far) @ self.height
        both = 2.0 * self.height @ (2.0 * (self.w @ a) * np.exp(-2.0 * size))
        return float(np.sqrt(self.w @ self.w + waves + both))

    def strength(self, x: Floats, noise: Floats) -> Floats:
        """Strengths of items, not centred."""
        # einsum: BLAS gives a row other last digits in other company
        linear = np.einsum("ij,j->i", x, self.w)
        waves = np.sin(2.0 * np.einsum("ij,jk->ik", x, self.waves))
        f = (linear + np.einsum("ik,k->i", waves, self.height)) / self.scale
        z = np.sqrt(1.0 - self.noise**2) * f + self.noise * noise
        return 1.5 * z if self.name == "normal" else _mixture_quantile(z)


def _mixture_quantile(z: Floats) -> Floats:
    """Quantile of .9 N(0, .7²) + .1 N(2.5, 1) at Phi(z)."""
    from scipy.special import ndtr, ndtri

    grid = np.linspace(-6.0, 8.5, 20_001)
    below = 0.9 * ndtr(grid / 0.7) + 0.1 * ndtr(grid - 2.5)
    above = 0.9 * ndtr(-grid / 0.7) + 0.1 * ndtr(2.5 - grid)
    at = np.where(below < 0.5, ndtri(below), -ndtri(above))
    return np.interp(z, at, grid)
