"""Replicates fitted one by one, a thread to each, by Newton's method.

What they share is found once: the preconditioner that the solver comes to on the full fit's
information serves every replicate, whose information differs from it by what chance drew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.errors import NotIdentifiedError
from venire.models import model_of
from venire.ratings.covariates import refusing_unbounded, require_finite
from venire.ratings.newton import newton
from venire.ratings.problem import problem_of
from venire.ratings.separation import Seen
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED

if TYPE_CHECKING:
    from venire._native.problem import Preconditioner, Problem
    from venire._native.replicates import Edges
    from venire.resampling._engine import Engine

__all__ = ["Single", "Singles"]

SMALL = 1500  # items up to which a preconditioner is found in no time
FORCING = 0.1  # what the first solve of a replicate may leave of its residual


class Single(NamedTuple):
    """A replicate: parameters (None without a fit), residual, status, iterations."""

    x: NDArray[np.float64] | None
    residual: float
    status: int
    n_iter: int


class Singles:
    """Fits single replicates of an `Engine`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.donor: Preconditioner | None = None
        self._looked = False  # for a donor
        self._scratch: list[Edges] = []  # at rest

    def fit(self, replicates: Sequence[int]) -> list[Single]:
        """The replicates of these numbers."""
        if not len(replicates):
            return []
        self._look()
        n_threads = min(self.engine.n_threads, len(replicates))
        if n_threads == 1:
            return [self._one(r) for r in replicates]
        with ThreadPoolExecutor(n_threads) as pool:
            return list(pool.map(self._one, replicates))

    def _one(self, r: int) -> Single:
        from venire._native.graph import Graph

        engine, fit = self.engine, self.engine.fit
        n, has_order = len(fit.theta), fit.order_effect is not None
        scratch = self._take_scratch()
        edges = scratch.of(r)
        ptr, second, order, _, win, loss, tie = edges
        graph = Graph(ptr, second, order, win, loss, tie)
        labels, absence = graph.existence(has_order, tie is not None, engine.prior.given)
        apart = not engine.prior.given and labels.max() > fit.component.max()
        if absence or apart:
            self._scratch.append(scratch)
            return Single(None, np.nan, NO_FIT, 0)
        problem = self._with_donor(self._problem(edges, n_threads=1))
        x = self._start(tie)
        law = model_of(engine.model).tie
        lower = np.full(len(x) - n, -np.inf)
        if law is not None and tie is not None:
            lower[-1] = law.log_boundary
        names = fit.covariate_names
        try:
            result = newton(
                problem, x, lower=lower, tol=engine.tol, forcing=FORCING,
                restless=refusing_unbounded(problem, names, has_order),
            )  # fmt: skip
            require_finite(
                problem, result, engine.model, lambda: self._seen(edges), names,
                has_gamma=has_order, tol=engine.tol, prior=engine.prior.given,
            )  # fmt: skip
        except NotIdentifiedError:
            return Single(None, np.nan, NO_FIT, 0)
        finally:
            self._scratch.append(scratch)  # the problem has done with it
        x = result.parameters
        if law is not None and tie is None:  # no tie was drawn: on the boundary
            x = np.append(x, law.log_boundary)
        x[:n] = engine.prior.levelled(x[:n], labels)
        if engine.prior.centre:
            x[:n] += engine.prior.centre
        status = DONE if result.converged else NOT_CONVERGED
        return Single(x, result.residual, status, result.n_iter)

    @contextmanager
    def replicate(self, r: int) -> Iterator[Problem]:
        """The problem of replicate r, which has a fit; its edges serve another afterwards."""
        self._look()
        scratch = self._take_scratch()
        try:
            yield self._with_donor(self._problem(scratch.of(r), n_threads=1))
        finally:
            self._scratch.append(scratch)

    def full(self) -> Problem:
        """The full fit's problem, with the preconditioner that replicates have."""
        self._look()
        return self._with_donor(self._full(self.engine.n_threads))

    def _with_donor(self, problem: Problem) -> Problem:
        if self.donor is not None:
            problem.adopt(self.donor)
        return problem

    def _look(self) -> None:
        if not self._looked:
            self.donor, self._looked = self._find_donor(), True

    def _find_donor(self) -> Preconditioner | None:
        """The full fit's problem with a preconditioner, where a diagonal one does not do.

        Found as a fit finds it: by a solve, for the gradient of replicate 0.
        """
        engine = self.engine
        n = len(engine.fit.theta)
        if n <= SMALL:
            return None
        own = self._take_scratch()
        edges = own.of(0)
        replicate = self._problem(edges, n_threads=engine.n_threads)
        gradient = replicate.derivatives(self._start(edges[-1]))
        self._scratch.append(own)
        donor = self._full(engine.n_threads)
        donor.derivatives(engine.start)
        rhs = np.zeros(donor.n_parameters)
        rhs[:n] = gradient[:n]
        donor.solve(rhs, engine.tol, 0.3)
        return donor.detach()

    def _full(self, n_threads: int) -> Problem:
        c, n = self.engine.cells, len(self.engine.fit.theta)
        ptr = np.searchsorted(c.first, np.arange(n + 1)).astype(np.int64)
        every = np.arange(len(c.second))
        return self._problem((ptr, c.second, c.order, every, *c.of_data()), n_threads=n_threads)

    def _problem(self, edges: Any, n_threads: int) -> Problem:
        engine = self.engine
        has_order = engine.fit.order_effect is not None
        ptr, second, order, number, win, loss, tie = edges
        every = engine.cells.covariates
        n_pairs = len(second)
        if has_order or every is not None:
            new = np.ones(n_pairs, bool)
            new[1:] = second[1:] != second[:-1]
            new[ptr[ptr < n_pairs]] = True
            n_pairs = int(np.count_nonzero(new))
        return problem_of(
            model_of(engine.model).fitted(tie is not None).name,
            ptr, second, win, loss, tie, order if has_order else None,
            None if every is None else every[number], prior=engine.prior, n_pairs=n_pairs,
            n_threads=n_threads,
        )  # fmt: skip

    def _seen(self, edges: tuple[Any, ...]) -> Seen:
        """The cells of a replicate with covariates."""
        ptr, second, order, number, win, loss, tie = edges
        first = np.repeat(np.arange(len(ptr) - 1), np.diff(ptr))
        own = [] if self.engine.fit.order_effect is None else [order]
        every: Any = self.engine.cells.covariates
        columns = np.column_stack([*own, every[number]])
        return Seen(first, second, columns, win, loss, tie)

    def _start(self, tie: Any) -> NDArray[np.float64]:
        """The full fit's parameters, without that of ties where none was drawn."""
        start = self.engine.start
        return start[:-1] if self.engine.free_tie and tie is None else start

    def _take_scratch(self) -> Edges:
        from venire._native.replicates import Edges

        try:
            return self._scratch.pop()
        except IndexError:
            pass
        c = self.engine.cells
        return Edges(
            self.engine.draws, len(self.engine.fit.theta), c.first, c.second, c.order, c.edge,
            c.unit, c.outcome, c.mass, has_tie=self.engine.free_tie,
        )  # fmt: skip
