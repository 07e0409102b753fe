"""The result of a consensus."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn, page
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.votes import Votes
from venire.panel._board import board_of
from venire.panel._methods import METHODS
from venire.panel._posterior import BetaPosterior
from venire.panel._weighing import MOST_PARTS, Sums, Weighing

if TYPE_CHECKING:
    from venire.panel._board import Consistency
    from venire.panel._gold import GoldReport
    from venire.panel._methods import Pool
    from venire.panel._notices import Notice
    from venire.panel._side import Side
    from venire.panel._stack import Stack

__all__ = ["Consensus"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Consensus(Drawn, Tabled):
    """One probability for each pair, from the votes of a panel.

    Attributes
    ----------
    votes : Votes
    method : str
    probability : ndarray of float64, shape (n_pairs,)
        q, that first is better: the mean of the pool's Beta.
    posterior : BetaPosterior of shape (n_pairs,)
        Beta((nu + 1) q, (nu + 1) (1 - q)), nu being `pseudo_votes`. Without votes Beta(1/2, 1/2).
    n_effective : ndarray of float64, shape (n_pairs,)
        Kish's effective number of votes in the pool, (sum e)² / sum e².
    pseudo_votes : ndarray of float64, shape (n_pairs,)
        nu = n_effective / (1 + (n_effective - 1) rho): what they are worth when errors correlate.
    rho : float
        Correlation of the errors that was used.
    rho_source : str
        "given", "gold", "assumed", "estimated" (from the votes) or "in the weights" (method
        "correlated").
    reliability : BetaPosterior of shape (n_teachers,)
        Agreement of each teacher with what the rest of the panel says: not its accuracy.
    self_consistency : ndarray of float64, shape (n_teachers,)
        kappa: how far repeated runs of a judgment agree, 1 always; NaN where nobody repeated one.
    teacher_share : ndarray of float64, shape (n_teachers,)
        Mean share of the weight, over the pairs with votes.
    correlation : ndarray of float64, shape (n_teachers, n_teachers), or None
        Of the teachers' errors, where the method or gold gives it.
    disputed : float
        Share of the pairs on which methods "reliability", of one round, and "uniform" take
        different sides; an exact one half of one of them counts half.
    warnings : tuple of Notice
        What to know, and what to do about it.
    gold : GoldReport or None
        Of labels that may measure.
    side : Side or None
        Which of the two to believe there, by labels of such pairs that may say so; None without.
    stack : Stack or None
        Of method "stacked".
    n_rounds : int
    converged : bool
    """

    votes: Votes
    method: str
    probability: Floats
    posterior: BetaPosterior
    n_effective: Floats
    pseudo_votes: Floats
    rho: float
    rho_source: str
    reliability: BetaPosterior
    teacher_share: Floats
    correlation: Floats | None
    disputed: float
    warnings: tuple[Notice, ...]
    gold: GoldReport | None
    side: Side | None
    stack: Stack | None
    n_rounds: int
    converged: bool
    _pool: Pool = field(repr=False)
    _consistency: Consistency = field(repr=False)
    _heard: Floats | None = field(default=None, repr=False)  # gold that the votes were held to

    @property
    def teachers(self) -> NDArray[Any]:
        """Labels of the teachers."""
        return self.votes.teachers

    @property
    def pairs(self) -> NDArray[Any] | None:
        """Labels of the pairs, where they have their own."""
        return self.votes.pairs

    @property
    def first(self) -> NDArray[Any] | None:
        """Label of each pair's first item."""
        return self.votes.first

    @property
    def second(self) -> NDArray[Any] | None:
        """Label of each pair's second item."""
        return self.votes.second

    @property
    def group(self) -> NDArray[Any] | None:
        """Label of each pair's group."""
        return self.votes.group

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return self.votes.n_pairs

    @property
    def n_teachers(self) -> int:
        """Number of teachers."""
        return self.votes.n_teachers

    @property
    def self_consistency(self) -> Floats:
        """kappa of each teacher."""
        return self._consistency.kappa

    @cached_property
    def teacher_weights(self) -> Floats:
        """What a vote of each teacher counts in a pool, 1 on average over all judgments."""
        judged = np.bincount(self.votes.teacher, minlength=self.n_teachers)
        return self._pool.weight * (judged.sum() / (self._pool.weight @ judged))

    @cached_property
    def weights(self) -> Floats:
        """Share of each vote (cell of `votes`) in the pool of its pair; they add up to 1 there.

        Of method "stacked": in the pool that it starts from; see `stack` for what it adds.
        """
        pool, votes = self._pool, self.votes
        cell = pool.weight[votes.teacher] if pool.cell_weight is None else pool.cell_weight
        return cell / np.repeat(pool.total, np.diff(votes.pair_ptr))

    @cached_property
    def judgments(self) -> BetaPosterior:
        """Each judgment's own posterior, Beta(c + w + z/2, c + l + z/2), one per cell of `votes`.

        c = max((1 - kappa) / (2 kappa), 0.01) of its teacher, or 1/2 where nothing was repeated. Do
        not pool these by inverse variance: a noisy teacher's are tight around one half.
        """
        kappa = self._consistency.kappa
        c = np.where(np.isnan(kappa), 0.5, np.maximum((1.0 - kappa) / (2.0 * kappa), 0.01))
        votes = self.votes
        prior = c[votes.teacher] + 0.5 * votes.tie
        return BetaPosterior(prior + votes.win, prior + votes.loss)

    def __repr__(self) -> str:
        return (
            f"Consensus(method={self.method!r}, n_pairs={self.n_pairs}, "
            f"n_teachers={self.n_teachers}, warnings={len(self.warnings)})"
        )

    def _table(self, top: int | None) -> Table:
        notes = [f"{one.name}: {one.text}" for one in self.warnings]
        return Table.of(
            self._titled(), self.teachers_frame("dict"), notes, top=top, what="teachers"
        )

    def weighing(self, cluster: NDArray[np.int64], n_clusters: int) -> Weighing | None:
        """How the teachers' weights follow from clusters of pairs, for errors by clusters.

        Parameters
        ----------
        cluster : ndarray of int64, shape (n_pairs,)
            Cluster of each pair, from 0.
        n_clusters : int

        Returns
        -------
        Weighing or None
            Its `without` are the weights without each cluster, its `drawn` those of replicates.
            None for methods of which it is not known ("correlated", "stacked", several rounds), and
            for more than 20 million pairs of a cluster and a teacher.

        Notes
        -----
        Two passes over the judgments. The pools from which "reliability" begins are those of all
        votes.
        """
        how = METHODS[self.method]
        if how.weighing is None or self.n_rounds > 1:
            return None
        if n_clusters * self.n_teachers > MOST_PARTS:
            return None
        board = board_of(self.votes, None)
        return how.weighing(board, self._heard, Sums(board, cluster, n_clusters))

    # ---- into the next step -------------------------------------------------------------------

    def masses(self) -> tuple[Floats, Floats]:
        """Wins and losses of each pair's first item, as `to_comparisons` gives them to a fit."""
        if self.stack is None:
            share = 0.5 * (1.0 + self._pool.mean)
        else:
            share = self.probability
        return self.pseudo_votes * share, self.pseudo_votes * (1.0 - share)

    def to_comparisons(
        self, first: ArrayLike | None = None, second: ArrayLike | None = None
    ) -> Comparisons:
        """The consensus as comparisons, for any fit.

        Each pair becomes `pseudo_votes` comparisons, split between win and loss as the weighted
        votes are. The prior of the pool is not in it, and no mass is a tie.

        Parameters
        ----------
        first, second : array_like of shape (n_pairs,), optional
            Labels of each pair's items, where the pairs have labels of their own.

        Raises
        ------
        ValueError
            If the votes have groups, or the pairs' items are neither known nor given.

        Examples
        --------
        >>> import venire as vn
        >>> v = vn.Votes(["a", "a", "b"], ["b", "c", "c"], ["t", "t", "u"], [1, 1, -1])
        >>> vn.consensus(v).to_comparisons().n_comparisons
        3.0
        """
        if self.group is not None:
            raise ValueError("the votes have groups: use to_grouped()")
        first, second = self._items(first, second)
        win, loss = self.masses()
        return Comparisons.from_counts(first, second, win, loss)

    def _items(self, first: Any, second: Any) -> tuple[Any, Any]:
        if (first is None) != (second is None):
            raise TypeError("first and second go together")
        if first is None:
            if self.first is None:
                raise ValueError("the pairs have labels of their own: give first and second")
            return self.first, self.second
        if self.first is not None:
            raise TypeError("the votes know their items: leave first and second out")
        return first, second

    def to_grouped(
        self,
        *,
        groups: ArrayLike | None = None,
        items: tuple[ArrayLike, ArrayLike] | None = None,
        n_threads: int | None = None,
    ) -> GroupedComparisons:
        """The consensus as comparisons in groups, for `fit_groups`; see `to_comparisons`.

        Parameters
        ----------
        groups, items : optional
            Groups, and items as a pair of labels of groups and of items, that exist besides those
            of the votes; see `GroupedComparisons`.
        n_threads : int, optional
            Default: all usable CPUs.

        Raises
        ------
        ValueError
            If the votes have no groups.

        Examples
        --------
        >>> import venire as vn
        >>> v = vn.Votes(["a", "a"], ["b", "b"], ["t", "t"], [1, -1], group=["q", "r"])
        >>> vn.consensus(v).to_grouped().n_groups
        2
        """
        names = self.votes.names
        if names.groups is None:
            raise ValueError("the votes have no groups: use to_comparisons()")
        win, loss = self.masses()
        return GroupedComparisons.from_counts(
            *names.labels(), win, loss, groups=groups, items=items, n_threads=n_threads
        )

    # ---- tables -------------------------------------------------------------------------------

    def to_frame(self, backend: str | None = None, *, level: float = 0.95) -> Any:
        """The pairs as a data frame.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow", "dict"}, optional
            Default: the first that is installed.
        level : float, default 0.95
            Of the intervals.

        Returns
        -------
        data frame
            pair, or group, first and second; probability, lower, upper, n_judges, n_effective,
            pseudo_votes.
        """
        columns: dict[str, Any] = {}
        if self.pairs is not None:
            columns["pair"] = self.pairs
        else:
            if self.group is not None:
                columns["group"] = self.group
            columns |= {"first": self.first, "second": self.second}
        interval = self.posterior.interval(checks.level(level))
        columns |= {
            "probability": self.probability,
            "lower": interval[..., 0],
            "upper": interval[..., 1],
            "n_judges": np.diff(self.votes.pair_ptr),
            "n_effective": self.n_effective,
            "pseudo_votes": self.pseudo_votes,
        }
        return as_frame(columns, backend)

    def teachers_frame(self, backend: str | None = None, *, level: float = 0.95) -> Any:
        """The teachers as a data frame.

        Parameters
        ----------
        backend, level
            As in `to_frame`.

        Returns
        -------
        data frame
            teacher, n_judgments, agreement with the panel and its interval, self_consistency,
            n_repeats, share of the weight; with gold accuracy as counted, its interval, and as the
            model estimates it (`GoldReport`); of method "stacked" the stacked weight.
        """
        interval = self.reliability.interval(checks.level(level))
        columns: dict[str, Any] = {
            "teacher": self.teachers,
            "n_judgments": np.bincount(self.votes.teacher, minlength=self.n_teachers),
            "agreement": self.reliability.mean,
            "agreement_lower": interval[..., 0],
            "agreement_upper": interval[..., 1],
            "self_consistency": self.self_consistency,
            "n_repeats": self._consistency.repeats,
            "share": self.teacher_share,
        }
        if self.gold is not None:
            lower, upper = self.gold.interval(level).T
            columns |= {
                "accuracy": self.gold.accuracy,
                "accuracy_lower": lower,
                "accuracy_upper": upper,
                "model_accuracy": self.gold.model_accuracy,
            }
        if self.stack is not None:
            columns["stacked_weight"] = self.stack.weights
        return as_frame(columns, backend)

    def report(self, path: Any = None, **options: Any) -> str | None:
        """A page, one HTML file that needs nothing else: `venire.pages.report`, also for `path` and
        options."""
        return page(self, path, **options)
