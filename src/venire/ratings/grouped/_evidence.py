"""One precision for the prior of all groups, by the evidence of all of them together.

What the evidence says of a precision are sums over groups (see `venire.ratings._evidence`), so all
share one search. It looks at some groups, evenly spread, and ends with all, from where those left
it. Parameters that all groups share are taken as known: what they take up is nothing beside theta.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.priors import item_priors
from venire.ratings._evidence import Evidence, Look, Search, Sums, pearson_of
from venire.ratings._evidence_single import sums_of
from venire.ratings.grouped import batches

if TYPE_CHECKING:
    from venire.ratings.grouped._running import Run

__all__ = ["find_precision"]

ENOUGH = 40_000  # items of the groups that are looked at first
NEAR = 0.03  # a last step of log p, from what they say to what all say
LOOSE = 1e-5  # tolerance of the fits on the way


def find_precision(run: Run, warm: bool) -> Evidence:
    """The evidence; `run` fits groups, from where they are if `warm`, and leaves all fitted, but
    loosely, near the precision found."""
    search = _Pooled(run, warm)
    u = 0.0
    every = math.ceil(run.g.n_items / ENOUGH)
    if every > 1 and not run.shared:
        search.take(np.arange(run.g.n_groups) % every == 0)
        if search.any_fits():
            u, _ = search.find(1.0)
            search.close = NEAR
        search.take(np.ones(run.g.n_groups, bool))
    return search.evidence(*search.find(math.exp(u)))


class _Pooled(Search):
    """The fits of some groups at one precision after another."""

    def __init__(self, run: Run, warm: bool) -> None:
        self.run, self.warm, g = run, warm, run.g
        self.sizes = np.diff(g.offsets)
        self.large = batches.is_large(g) | (self.sizes > batches.MAX_ERRORS)
        self.take(np.ones(g.n_groups, bool))

    def take(self, groups: NDArray[np.bool_]) -> None:
        """Look at these."""
        g, self.groups = self.run.g, groups
        self.cells = np.repeat(groups, np.diff(g.cell_offsets))
        self.pearson = pearson_of(g, self.run.model, self.cells)
        weight = g.win[self.cells] + g.loss[self.cells]
        if g.cells.tie is not None:
            weight = weight + g.cells.tie[self.cells]
        self.weight = 2.0 * float(np.sum(weight)) / max(int(self.sizes[groups].sum()), 1)
        self.n = max(int(self.sizes[groups].sum()), 1)

    def any_fits(self) -> bool:
        """Whether there are comparisons to look at."""
        return self.weight > 0.0

    def look(self, u: float) -> Look:
        """Fit the groups, loosely, and look."""
        p, run = math.exp(u), self.run
        run.set_precision(p)
        run(max(run.tol, LOOSE), warm=self.warm, groups=self.groups)
        self.n_fits, self.warm = self.n_fits + 1, True
        sums = self._of_small()
        for k in np.flatnonzero(self.groups & self.large & run.fitted()).tolist():
            sums = sums + self._of_large(k)
        if not sums.n:
            cure = "give a number"
            checks.fail("precision", "no group has a fit to choose it by", cure=cure)
        self.n = sums.n
        pearson = self.pearson
        of = None if pearson is None else lambda used: pearson.at(self._predictors(), used)
        return Look.of(sums, p, of)

    def _of_small(self) -> Sums:
        run, parts = self.run, []
        own = self.groups & ~self.large & run.fitted()
        with run.only(own):
            batches.in_batches(
                run.g, lambda a, b: parts.append(run.native.evidence(run.e, a, b, run.n_threads))
            )
        found = np.concatenate(parts) if parts else np.zeros((0, 6))
        squares, bend, trace, of_square, skew, more = found.sum(axis=0).tolist()
        n = int(self.sizes[own].sum())
        return Sums(n, squares, bend, trace, of_square, skew, int(more))

    def _of_large(self, k: int) -> Sums:
        run, g = self.run, self.run.g
        items = slice(g.offsets[k], g.offsets[k + 1])
        rest = [x[k] for x in (run.e.gamma, run.e.log_tie) if x is not None and np.isfinite(x[k])]
        return sums_of(
            g.at(k), run.model, np.append(run.e.theta[items], rest),
            item_priors(run.priors.part(items), g.items[items]), run.order_effect, run.n_threads,
        )  # fmt: skip

    def _predictors(self) -> NDArray[np.float64]:
        g, e, run = self.run.g, self.run.e, self.run
        cells = self.cells
        counts = np.diff(g.cell_offsets)
        base = np.repeat(g.offsets[:-1], counts)[cells]
        d = e.theta[base + g.first[cells]] - e.theta[base + g.second[cells]]
        if run.order_effect:
            gamma = np.repeat(e.gamma, counts)[cells] if not run.shared else run.values[0]
            d = d + gamma * g.order[cells]
        return np.nan_to_num(d)
