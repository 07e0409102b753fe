"""Draws of a fit's parameters from the normal approximation around it, on graphs of any size.

With H = J J' + T the information (T the prior's precision) and A its generalised inverse, x = A g
for g = J z + T^(1/2) z', z and z' standard normal, has the covariance A H A = A: to perturb the
slopes and solve is to draw (Papandreou and Yuille 2010, NeurIPS 23). One solve a draw, of the sort
that a Newton step takes; nothing of n_items^2. For the sandwich g = Z z, with Z Z' the outer
products of the scores. Where the matrix is small its symmetric root is taken instead, once for all.

The level of a component, of which comparisons say nothing, is drawn from what a prior says of it,
where there is one and it matters: priors of each item's own, or several components.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from venire.ratings._errors import Information

__all__ = ["BLOCK", "Posterior"]

BLOCK = 32  # draws that share a stream
DENSE = 1_000  # parameters up to which the root of the covariance is taken
TOL = 1e-4  # of the solves: far below what ten thousand draws could tell


class Posterior:
    """Draws of (theta, [gamma], [log tie]) less their estimates.

    Parameters
    ----------
    information : Information
    errors : {"fisher", "robust"}
    key : tuple of int
        Draw k depends on the fit, `errors`, `key` and k only.
    """

    def __init__(self, information: Information, errors: str, key: tuple[int, int]) -> None:
        layout = information.layout
        self.layout, self.key, self._fisher = layout, key, errors == "fisher"
        self._root: NDArray[np.float64] | None = None
        self._factor: Any = None
        if layout.n + layout.m <= DENSE:
            self._root = _root(information.deviations(errors)[0])
        else:
            self._solver, self._factor = information.solver, information.factor(errors)
        apart = layout.is_fixed or len(layout.sizes) > 1
        self._levels = np.sqrt(layout.level_variance) if layout.prior.given and apart else None

    def rows(self, start: int, stop: int) -> NDArray[np.float64]:
        """Draws `start` to `stop`, (stop - start, n + m)."""
        layout = self.layout
        out = np.empty((stop - start, layout.n + layout.m))
        for block in range(start // BLOCK, -(-stop // BLOCK)):
            low, high = max(start, block * BLOCK), min(stop, (block + 1) * BLOCK)
            rows = out[low - start : high - start]
            if self._root is not None:
                noise = self._stream(block).standard_normal((BLOCK, len(self._root)))
                rows[:] = (noise @ self._root)[low - block * BLOCK : high - block * BLOCK]
            else:
                rows[:] = [self._slopes(self._stream(k)) for k in range(low, high)]
                rows[:] = self._solver.solve(rows, TOL)
            if self._levels is not None:
                levels = self._stream(block, 1).standard_normal((BLOCK, len(self._levels)))
                levels = self._levels * levels[low - block * BLOCK : high - block * BLOCK]
                rows[:, : layout.n] += levels[:, layout.component]
        return out

    def _stream(self, *number: int) -> np.random.Generator:
        return np.random.default_rng([*self.key, *number])

    def _slopes(self, generator: np.random.Generator) -> NDArray[np.float64]:
        layout = self.layout
        out = self._factor @ generator.standard_normal(self._factor.shape[1])
        if self._fisher and layout.prior.given:
            out[: layout.n] += np.sqrt(layout.ridge) * generator.standard_normal(layout.n)
        return out


def _root(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric root of a covariance; of one that is not known, nan."""
    if not np.isfinite(covariance).all():
        known = np.isfinite(np.diagonal(covariance))
        out = np.full_like(covariance, np.nan)
        out[np.ix_(known, known)] = _root(covariance[np.ix_(known, known)])
        out[np.ix_(~known, known)] = out[np.ix_(known, ~known)] = 0.0
        return out
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
