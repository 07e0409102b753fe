"""What pairs did and what a fit says of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data import Comparisons
from venire.models import model_of
from venire.ratings.fit import Fit

__all__ = ["Cells", "by_pair", "cells_of", "met"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """Cells, or pairs, of comparisons: positions in the fit, and masses as `first` sees them.

    `outcomes` are masses of win, tie, loss, (n, 3), and `chances` the fit's probabilities of them.
    Where a model counts ties as half wins the tie's mass is shared out, and its chance is 0.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    outcomes: Floats
    chances: Floats

    def __len__(self) -> int:
        return len(self.first)

    @property
    def games(self) -> Floats:
        """Comparisons of each."""
        return self.outcomes.sum(axis=1)

    @property
    def share(self) -> Floats:
        """Of the points that first got; a tie is half."""
        return (self.outcomes[:, 0] + 0.5 * self.outcomes[:, 1]) / self.games

    @property
    def expected(self) -> Floats:
        """The share that the fit expects."""
        return self.chances[:, 0] + 0.5 * self.chances[:, 1]

    @property
    def variance(self) -> Floats:
        """Of the points of one comparison, by the model."""
        square = self.chances[:, 0] + 0.25 * self.chances[:, 1]
        return np.maximum(square - self.expected**2, 0.0)

    def favourite_first(self) -> Cells:
        """The same, seen by whom the fit expects to win."""
        turn = self.expected < 0.5
        return Cells(
            np.where(turn, self.second, self.first),
            np.where(turn, self.first, self.second),
            np.where(turn[:, None], self.outcomes[:, ::-1], self.outcomes),
            np.where(turn[:, None], self.chances[:, ::-1], self.chances),
        )


def met(fit: Fit) -> Comparisons:
    """The comparisons that were fitted; of rankings who was above whom, each pair once."""
    observed = fit.own.comparisons
    return observed if isinstance(observed, Comparisons) else observed.met


def cells_of(fit: Fit, comparisons: Comparisons | None = None) -> Cells:
    """Cells of comparisons that have any mass: those fitted, or others of the same items."""
    fit = fit.own
    c = met(fit) if comparisons is None else comparisons
    place = np.arange(len(fit.theta)) if comparisons is None else fit.positions(c.items)
    here = np.flatnonzero(c.win + c.loss + c.tie > 0.0)
    first, second = place[c.first[here]], place[c.second[here]]
    if fit.prior is None:
        apart = np.flatnonzero(fit.component[first] != fit.component[second])
        if len(apart):
            pair = tuple(fit.items[[first[apart[0]], second[apart[0]]]].tolist())
            checks.fail("comparisons", "are of parts that the fit cannot compare", value=pair)
    d = fit.theta[first] - fit.theta[second] + (fit.order_effect or 0.0) * c.order[here]
    if fit.coefficients is not None:
        names = fit.covariate_names
        if c.covariates is None or sorted(c.covariate_names) != sorted(names):
            checks.fail("comparisons", f"must have the fit's covariates: {', '.join(names)}")
        own = [c.covariate_names.index(name) for name in names]
        d += c.covariates[here][:, own] @ fit.coefficients
    chances = model_of(fit.model).probabilities(d, fit.log_tie)
    outcomes = np.stack([c.win[here], c.tie[here], c.loss[here]], axis=1)
    if fit.tie is None:
        outcomes += outcomes[:, 1:2] * [0.5, -1.0, 0.5]
        chances = np.stack([chances, np.zeros(len(d)), 1.0 - chances], axis=1)
    return Cells(first, second, outcomes, chances)


def by_pair(cells: Cells) -> Cells:
    """One entry for each unordered pair; chances are the means of its comparisons."""
    turn = cells.first > cells.second
    low, high = np.minimum(cells.first, cells.second), np.maximum(cells.first, cells.second)
    n = int(np.max(high, initial=0)) + 1
    pair, at = np.unique(low * n + high, return_inverse=True)

    def added(values: Floats) -> Floats:
        seen = np.where(turn[:, None], values[:, ::-1], values)
        return np.stack([np.bincount(at, x, len(pair)) for x in seen.T], axis=1)

    outcomes = added(cells.outcomes)
    chances = added(cells.chances * cells.games[:, None]) / outcomes.sum(axis=1)[:, None]
    return Cells(pair // n, pair % n, outcomes, chances)
