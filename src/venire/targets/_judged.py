"""The consensus on every prompt as comparisons of models, and errors of the ratings by prompt."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data.coding import Encoded
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.votes.strata import Strata
from venire.panel import Consensus, Weighing
from venire.targets._clustered import Cells, Clustered, clustered

__all__ = ["Judged"]

Floats = NDArray[np.float64]
Ints = NDArray[Any]  # int32 or int64


@dataclass(frozen=True, eq=False)
class Judged:
    """A consensus with the prompts and categories of its pairs.

    Attributes
    ----------
    consensus : Consensus
    strata : Strata
    """

    consensus: Consensus
    strata: Strata
    _cache: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def items(self) -> NDArray[Any]:
        """Labels of the models."""
        items = self.consensus.votes.items
        assert items is not None
        return items

    @cached_property
    def masses(self) -> tuple[Floats, Floats]:
        """Wins and losses of each pair's first."""
        return self.consensus.masses()

    @cached_property
    def prompt(self) -> Ints:
        """Of each pair."""
        return self.strata.prompt[self.consensus.votes.names.group]

    @cached_property
    def category(self) -> Ints:
        """Of each pair."""
        return self.strata.category[self.consensus.votes.names.group]

    def comparisons(self, n_threads: int, one: int | None = None) -> Comparisons:
        """All prompts, or those of category `one`, clustered by prompt."""
        k = self._pairs(one)
        prompts, prompt = self.strata.prompts, self.prompt[k]
        first, second = self._sides(k)
        items = self.items
        if one is not None:
            present = np.unique(np.concatenate([first, second]))
            items, first, second = (
                items[present],
                *(np.searchsorted(present, x) for x in (first, second)),
            )
            own, prompt = np.unique(prompt, return_inverse=True)
            prompts = prompts[own]
        win, loss = (x[k] for x in self.masses)
        return Comparisons.from_counts(
            _coded(items, first), _coded(items, second), win, loss,
            cluster=_coded(prompts, prompt), n_threads=n_threads,
        )  # fmt: skip

    def by_category(self, n_threads: int) -> GroupedComparisons:
        """Each category by itself."""
        k = self._voted
        first, second = self._sides(k)
        win, loss = (x[k] for x in self.masses)
        category = _coded(self.strata.categories, self.category[k])
        return GroupedComparisons.from_counts(
            category, _coded(self.items, first), _coded(self.items, second), win, loss,
            n_threads=n_threads,
        )  # fmt: skip

    def _sides(self, pairs: Ints) -> tuple[Ints, Ints]:
        """Positions of the models of some pairs."""
        names = self.consensus.votes.names
        assert names.first is not None
        assert names.second is not None
        return names.first[pairs], names.second[pairs]

    # ---- errors -------------------------------------------------------------------------------

    @cached_property
    def weighing(self) -> Weighing | None:
        """How the judges' weights follow from the prompts; None: it is not known."""
        return self.consensus.weighing(self.prompt, len(self.strata.prompts))

    def clustered(
        self, model: str, theta: Floats, ridge: Any, fixed: bool, *, one: int | None = None
    ) -> Clustered:
        """Errors of one fit's theta: of all pairs, or of category `one`."""
        win, loss = self.masses
        pairs = self._pairs(one)
        prompt = self.prompt[pairs]
        if (np.diff(prompt) < 0).any():
            order = np.argsort(prompt, kind="stable")
            pairs, prompt = pairs[order], prompt[order]
        first, second = self._sides(pairs)
        if one is not None:
            present = np.unique(np.concatenate([first, second]))
            first, second = (np.searchsorted(present, x) for x in (first, second))
        new = np.diff(prompt, prepend=-1) > 0
        own = prompt[new]
        won, lost, curve = _terms(model, theta[first] - theta[second], win[pairs], loss[pairs])
        slope = win[pairs] * won + loss[pairs] * lost
        cells = Cells(np.cumsum(new) - 1, first, second, slope, curve, len(own))
        shift = rest = None
        if self._changes is not None:
            pulled = self._pulled(pairs, first, second, won, lost, len(theta))
            shift = self._changes[0][own], pulled
            rest = self._changes[1] - shift[0].T @ shift[0]
        return clustered(cells, len(theta), ridge, fixed=fixed, shift=shift, rest=rest)

    @cached_property
    def _members(self) -> list[Ints]:
        """Pairs with votes of each category."""
        pairs = self._voted
        order = pairs[np.argsort(self.category[pairs], kind="stable")]
        ends = np.searchsorted(self.category[order], np.arange(len(self.strata.categories) + 1))
        return [order[a:b] for a, b in pairwise(ends.tolist())]

    @cached_property
    def _changes(self) -> tuple[Floats, Floats] | None:
        """Of the judges' weights without each prompt; and the sum of the products of these."""
        if self.weighing is None or not self.weighing.varies:
            return None
        change = self.weighing.without(slice(None))
        return change, change.T @ change

    @cached_property
    def _slopes(self) -> tuple[Floats, Floats]:
        """Of each judgment's pair, in the weight of its judge: of the share and of the mass."""
        votes, q, weighing = self.consensus.votes, self.consensus, self.weighing
        assert weighing is not None
        pair, e = votes.pair, weighing.weight[votes.teacher]
        mass = votes.win + votes.tie + votes.loss
        x = (votes.win + 0.5 * votes.tie) / mass
        total = np.bincount(pair, e, votes.n_pairs)
        square = np.bincount(pair, e * e, votes.n_pairs)
        win, loss = self.masses
        with np.errstate(invalid="ignore", divide="ignore"):
            share = win / (win + loss)
            wide = 1.0 + (q.n_effective - 1.0) * q.rho
            of_share = (x - share[pair]) / total[pair]
            of_mass = (1.0 / total)[pair] - e / square[pair]
            of_mass *= (2.0 * q.n_effective * (1.0 - q.rho) / wide**2)[pair]
        return of_share, of_mass

    def _pulled(
        self, pairs: Ints, first: Ints, second: Ints, won: Floats, lost: Floats, n_items: int
    ) -> Floats:
        """Slopes of the score in the weight of each judge, (n_judges, n_items)."""
        votes = self.consensus.votes
        win, loss = self.masses
        mass = win[pairs] + loss[pairs]
        share = win[pairs] / mass
        starts, sizes = votes.pair_ptr[pairs], np.diff(votes.pair_ptr)[pairs]
        place = np.repeat(np.arange(len(pairs)), sizes)
        cell = np.arange(len(place)) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
        of_share, of_mass = (x[cell] for x in self._slopes)
        pull = of_share * (mass * (won - lost))[place]
        pull += of_mass * (share * won + (1.0 - share) * lost)[place]
        row = votes.teacher[cell] * np.int64(n_items)
        size = votes.n_teachers * n_items
        out = np.bincount(row + first[place], pull, size).astype(np.float64, copy=False)
        out -= np.bincount(row + second[place], pull, size)
        return out.reshape(votes.n_teachers, n_items)

    def prompts_of(self, one: int | None) -> Ints:
        """The prompts with votes, of category `one` or of all."""
        return np.unique(self.prompt[self._pairs(one)])

    def n_prompts(self, one: int | None) -> tuple[Ints, Ints]:
        """Models of category `one` (None: all), and on how many prompts each was judged."""
        pairs, n = self._pairs(one), len(self.items)
        seen = [self.prompt[pairs] * np.int64(n) + x for x in self._sides(pairs)]
        return np.unique(np.unique(np.concatenate(seen)) % n, return_counts=True)

    def _pairs(self, one: int | None) -> Ints:
        """Pairs with votes of category `one`, or of all."""
        return self._voted if one is None else self._members[one]

    @cached_property
    def _voted(self) -> Ints:
        win, loss = self.masses
        return np.flatnonzero(win + loss > 0.0)


def _coded(labels: NDArray[Any], codes: Ints) -> Any:
    return Encoded(labels, codes.astype(np.int32, copy=False))


def _terms(model: str, d: Floats, win: Floats, loss: Floats) -> tuple[Floats, Floats, Floats]:
    """Slopes of the log-probabilities of a win and of a loss, and the curvature of the cells."""
    from venire._native.model import cell_terms

    none, one = np.zeros(len(d)), np.ones(len(d))
    d = np.ascontiguousarray(d)
    won = cell_terms(model, d, 0.0, one, none, none)["d1"]
    lost = cell_terms(model, d, 0.0, none, one, none)["d1"]
    curve = cell_terms(model, d, 0.0, win, loss, none)["d2"]
    return won, lost, np.abs(curve)
