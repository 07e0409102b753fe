"""Information and scores of a Plackett-Luce fit, in the form that all errors are computed from.

The information is a weighted Laplacian over the pairs of items that were ranked together: cells of
`Layout` whose curvature is known. Scores are sums over each ranking, or each cluster of them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire.ratings import _clusters, _information, _sampled
from venire.ratings._errors import Information
from venire.ratings._ranking_existence import within
from venire.ratings._ranking_merging import merged
from venire.ratings._ranking_problem import RankingProblem
from venire.ratings.solver import InformationSolver

if TYPE_CHECKING:
    from venire.ratings.plackett_luce_fit import PlackettLuceFit

__all__ = ["RankingInformation"]

TABLE = 8192  # items up to which pairs are no matter: they are a table
MOST_PAIRS = 2**31  # beyond that, of all rankings


class RankingLayout(_information.Layout):
    """Pairs of items that were ranked together, as cells."""

    has_gamma = has_tie = has_tie_outcome = has_dates = False

    def __init__(self, fit: PlackettLuceFit) -> None:
        self.rankings = within(merged(fit.rankings), np.asarray(fit.component))
        self.n, self.n_threads = len(fit.theta), fit.n_threads
        self.component = np.asarray(fit.component)
        self.prior = fit.item_priors
        self.cluster = self.rankings.cluster
        self.problem = RankingProblem(self.rankings, self.prior, fit.n_threads)
        self.theta = fit.theta - self.prior.centre
        self.effects, self.covariates = np.empty(0), None

    def __getattr__(self, name: str) -> Any:
        """The pairs: many they are, and not all that is asked goes by them."""
        if name not in ("first", "second", "order"):
            raise AttributeError(name)
        ptr, self.second = self.problem.native.pairs()
        self.first = np.repeat(np.arange(self.n, dtype=np.int32), np.diff(ptr))
        self.order = np.zeros(len(self.first), np.int8)
        return getattr(self, name)

    @property
    def weight(self) -> float:
        """Weight of the rankings that the fit used."""
        own = self.rankings.weight
        return float(self.rankings.n_rankings if own is None else own.sum())

    @cached_property
    def games(self) -> NDArray[np.float64]:
        """Weight of the rankings of each item."""
        return self.problem.games

    def strong_components(self) -> NDArray[np.int32]:
        """Which items were ranked above each other, directly or in a chain: labels, (n,)."""
        return self.problem.strong_components()


class RankingSolver(InformationSolver):
    """The generalised inverse of the information of a fit of rankings."""

    def __init__(self, layout: RankingLayout) -> None:
        self._layout, self._problem = layout, layout.problem
        self._alone = layout.problem.alone
        self.parameters = layout.theta
        with self._alone:
            self._problem.derivatives(self.parameters)

    def step(self, slopes: NDArray[np.float64], residual: float) -> NDArray[np.float64]:
        """As its siblings'; nan, which is none, where there are too many pairs."""
        n = self._layout.n
        if n > TABLE and self._problem.n_pairs > MOST_PAIRS:
            return np.full(n, np.nan)
        return super().step(slopes, residual)


class RankingInformation(Information):
    """The information of a Plackett-Luce fit, and the covariances that follow from it."""

    fit: PlackettLuceFit

    @cached_property
    def layout(self) -> RankingLayout:
        """Pairs, items and the prior."""
        return RankingLayout(self.fit)

    @cached_property
    def curvature(self) -> _information.Moments:
        """Minus the second derivatives of the pairs."""
        return self.layout.problem.native.curvature(self.layout.theta), None, None

    @cached_property
    def solver(self) -> _sampled.SolverInverse:
        """The inverse applied by the solver of the fits."""
        return _sampled.SolverInverse(RankingSolver(self.layout), self.layout)

    def rounded_slopes(self, n_draws: int, size: float) -> NDArray[np.float64]:
        """Slopes that are nothing but rounding of the items' sums."""
        layout, generator = self.layout, np.random.default_rng(0)
        largest = max(1.0, float(np.abs(layout.theta).max(initial=0.0)))
        item = size * (layout.games + largest * (layout.problem.chosen + layout.ridge))
        return item * generator.standard_normal((n_draws, layout.n))

    @cached_property
    def saturated(self) -> float:
        """Log-likelihood of a model in which each ranking was certain."""
        return 0.0

    @cached_property
    def null(self) -> float:
        """Log-likelihood of equal strengths."""
        return self.layout.problem.log_likelihood(np.zeros(self.layout.n))

    @cached_property
    def _scores(self) -> tuple[Any, Any]:
        """Slopes of each entry of each ranking times the root of its weight, or with clusters times
        its weight; and which column of the factor each is summed in."""
        r: Any = self.layout.rankings
        own = self.layout.problem.native.scores(self.layout.theta)
        if self.layout.cluster is None:
            weight, column = None if r.weight is None else np.sqrt(r.weight), r.owner
        else:
            _, code = np.unique(self.layout.cluster, return_inverse=True)
            weight, column = r.weight, code[r.owner]
        return own if weight is None else own * weight[r.owner], column

    @cached_property
    def seen(self) -> NDArray[np.int64]:
        """How many rankings, or clusters of them, each item is in, (n,)."""
        r = within(self.fit.rankings, self.layout.component)
        if r.cluster is None:
            return np.bincount(r.item, minlength=self.layout.n)
        return np.diff(self._score_factor(None).indptr).astype(np.int64)

    def _score_factor(self, place: Any) -> Any:
        """Sparse Z, (n, n_rankings or n_clusters), whose Z Z' is the scores' product."""
        from scipy import sparse

        r, (value, column) = self.layout.rankings, self._scores
        shape = (self.layout.n, int(column.max(initial=-1)) + 1)
        row = r.item if place is None else place[r.item]
        return sparse.coo_array((value, (row, column)), shape=shape).tocsr()

    def _meat(self, errors: str) -> Any:
        if errors == "fisher":
            return None
        return _clusters.ScoreForm(self._score_factor(self.layout.position))

    def factor(self, errors: str) -> Any:
        """J, of which the information is J J' beside the prior; or Z."""
        if errors == "fisher":
            return _information.score_roots(self.layout, self.curvature)
        return self._score_factor(None)
