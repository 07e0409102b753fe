"""The system of a path: items by periods, comparisons within a period, walks from one to the next.

What is maximised over theta of each item in each period from its first to its last (and the order
effect and the log of the tie parameter) is

    log-likelihood - 1 / (2 walk) sum (theta[i, t + 1] - theta[i, t])^2 - prior of each first theta

Its negative Hessian is a Laplacian of comparisons and walks with at most two bordering rows: block
tridiagonal by periods. `newton` of fits asks this problem as it asks that of a single fit.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.models import Model

if TYPE_CHECKING:
    from venire._native.chain import Chain
    from venire.data.comparisons import Comparisons
    from venire.priors import ItemPriors

NEAR = 0.05  # what parameters may have moved since the matrix was factored: it is right to as much

__all__ = ["Grid", "PathProblem", "grid_of"]


class Grid(NamedTuple):
    """Which items have a theta in which periods, and the comparisons of each period.

    Vertices are numbered by period, within it by item.

    Attributes
    ----------
    item, period : ndarray of int64, shape (n_vertices,)
    ptr : ndarray of int64, shape (n_periods + 1,)
        The vertices of period t are those from ``ptr[t]`` to ``ptr[t + 1]``.
    before, after : ndarray of int64, shape (n_links,)
        Vertices of one item in two periods that follow each other, by period.
    first_of : ndarray of int64, shape (n_items,)
        The vertex of each item's first period; -1 where it has none.
    lo, hi : ndarray of int64, shape (n_edges,)
        Vertices of the comparisons, lo < hi, sorted by both.
    order, win, loss, tie : ndarray, shape (n_edges,)
        As of cells.
    """

    item: NDArray[np.int64]
    period: NDArray[np.int64]
    ptr: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    first_of: NDArray[np.int64]
    lo: NDArray[np.int64]
    hi: NDArray[np.int64]
    order: NDArray[np.int8]
    win: NDArray[np.float64]
    loss: NDArray[np.float64]
    tie: NDArray[np.float64]

    @property
    def n_vertices(self) -> int:
        """Number of ratings."""
        return len(self.item)

    @property
    def numbers(self) -> int:
        """How many numbers the blocks of the system hold."""
        return int((np.diff(self.ptr) ** 2).sum())


def grid_of(
    c: Comparisons, period: NDArray[np.int64], n_periods: int, *, order_effect: bool
) -> Grid:
    """Cells, each of one of the periods, as a grid; items that were never compared have period 0.

    Notes
    -----
    O(n_cells + n_vertices).
    """
    short = np.uint16 if n_periods <= 1 << 16 else np.int64
    by = np.argsort(period.astype(short), kind="stable")  # cells are sorted by pair and order
    period, first, second = period[by], c.first[by].astype(np.int64), c.second[by].astype(np.int64)
    order, win, loss, tie = c.order[by], c.win[by], c.loss[by], c.tie[by]
    n = c.n_items
    start, stop = np.full(n, n_periods), np.full(n, -1)
    for side in (first, second):  # periods ascend: the last one that is written stays
        latest = np.full(n, -1)
        latest[side] = period
        stop = np.maximum(stop, latest)
        earliest = np.full(n, n_periods)
        earliest[side[::-1]] = period[::-1]
        start = np.minimum(start, earliest)
    start[stop < 0], stop[stop < 0] = 0, 0
    lengths = stop - start + 1
    base = np.cumsum(lengths) - lengths
    item = np.repeat(np.arange(n), lengths)
    when = np.arange(len(item)) - np.repeat(base - start, lengths)
    by_period = np.argsort(when, kind="stable")  # items ascend within
    vertex = np.empty(len(item), np.int64)
    vertex[by_period] = np.arange(len(item))
    inner = np.flatnonzero(item[1:] == item[:-1])
    before, after = vertex[inner], vertex[inner + 1]
    sort = np.argsort(before)
    ptr = np.concatenate([[0], np.cumsum(np.bincount(when, minlength=n_periods))])
    lo, hi = (
        vertex[base[first] + period - start[first]],
        vertex[base[second] + period - start[second]],
    )
    new = np.ones(len(lo), bool)
    new[1:] = (lo[1:] != lo[:-1]) | (hi[1:] != hi[:-1])
    if order_effect:
        new[1:] |= order[1:] != order[:-1]
    at = np.flatnonzero(new)
    if len(at) < len(lo):
        lo, hi, order = lo[at], hi[at], order[at]
        win, loss, tie = (np.add.reduceat(x, at) for x in (win, loss, tie))
    return Grid(
        item[by_period], when[by_period], ptr, before[sort], after[sort], vertex[base], lo, hi,
        order, win, loss, tie,
    )  # fmt: skip


class PathProblem:
    """Derivatives and Newton steps of a path; see the module.

    Parameters
    ----------
    grid : Grid
    model : Model
        The row that is fitted: without a tie law where no tie was seen.
    walk : float
        Variance of a walk's step; ignored where there is one period.
    prior : ItemPriors
        Of each item's first theta.
    component : ndarray of int32, shape (n_items,)
    order_effect : bool
    n_threads : int
    """

    def __init__(
        self,
        grid: Grid,
        model: Model,
        walk: float,
        prior: ItemPriors,
        component: NDArray[np.int32],
        *,
        order_effect: bool,
        n_threads: int,
    ) -> None:
        from venire._native.problem import Problem

        self.grid, self.model, self.prior = grid, model, prior
        self._n_threads = n_threads
        self.n, self.has_gamma, self.has_tie = grid.n_vertices, order_effect, model.tie is not None
        self.component = component[grid.item].astype(np.int64)
        self._cells = Problem(
            model.name,
            np.searchsorted(grid.lo, np.arange(self.n + 1)).astype(np.int64),
            grid.hi.astype(np.int32),
            grid.win,
            grid.loss,
            grid.tie,
            np.ascontiguousarray(grid.order) if order_effect else None,
            parallel_edges=order_effect,
            n_threads=n_threads,
        )
        self.n_parameters, self.n_edges = self._cells.n_parameters, self._cells.n_edges
        self.precision = 0.0
        self.set_walk(walk)
        mass = np.array(self._cells.mass)
        mean = np.bincount(grid.item, mass[: self.n]) / np.bincount(grid.item)
        seen = mass[: self.n] > 0.0
        mass[: self.n] = np.where(seen, mass[: self.n], mean[grid.item])
        self.ridge, self.mean = np.zeros(self.n), np.zeros(self.n)
        self.ridge[grid.first_of] = prior.ridge
        self.mean[grid.first_of] = 0.0 if prior.mean is None else prior.mean
        if prior.precision is not None:
            mass[: self.n] += self.ridge
        mass[mass == 0.0] = 1.0  # of items that were never compared: only the prior pulls
        self.mass = mass
        self._prepare()

    def _prepare(self) -> None:
        """Where everything stands in the blocks; what a level is."""
        grid, size = self.grid, np.diff(self.grid.ptr)
        starts = np.cumsum(size**2) - size**2
        local = np.arange(self.n) - grid.ptr[grid.period]
        row = starts[grid.period] + local * size[grid.period]  # of each vertex in the blocks
        self._room = np.empty(grid.numbers)
        self._alone = threading.Lock()  # for that room, when errors are asked for by many threads
        self._diagonal = row + local
        self._lower = row[grid.hi] + local[grid.lo]
        bounds = np.searchsorted(grid.period[grid.before], np.arange(len(size)))
        here, there = (local[x].astype(np.int32) for x in (grid.before, grid.after))
        self._links = bounds.astype(np.int64), here, there
        self._degree = np.bincount(grid.before, minlength=self.n)
        self._degree += np.bincount(grid.after, minlength=self.n)
        # a level is the mean over items of their means over time; of a prior that all items share,
        # the mean of their first theta, which it holds
        count = np.bincount(grid.item)
        items = np.bincount(self.component[grid.first_of])
        self.share = 1.0 / count[grid.item] / items[self.component]
        self.held = self.share
        if self.prior.all > 0.0:
            self.held = np.zeros(self.n)
            self.held[grid.first_of] = 1.0 / items[self.component[grid.first_of]]
        heaviest = np.lexsort((self.mass[: self.n], self.component))
        last = np.append(np.diff(self.component[heaviest]) > 0, True)
        self.grounds = heaviest[last]  # one vertex of each component

    def set_walk(self, walk: float) -> None:
        """Another variance of the walk's step."""
        self.precision = 1.0 / walk if len(self.grid.before) else 0.0
        self._chain: Chain | None = None
        self._at = self._x = np.empty(0)  # parameters of the factor, and of the last derivatives

    # ---- what Newton's method asks --------------------------------------------------------------

    def derivatives(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gradient; the Newton matrix is kept at x."""
        gradient = self._cells.derivatives(x)
        theta, grid = x[: self.n], self.grid
        pull = self.precision * (theta[grid.after] - theta[grid.before])
        gradient[: self.n] += np.bincount(grid.before, pull, self.n)
        gradient[: self.n] -= np.bincount(grid.after, pull, self.n)
        gradient[: self.n] += self.ridge * (self.mean - theta)
        self._x = x
        return gradient

    def gradient(self, x: NDArray[np.float64]) -> tuple[NDArray[np.float64], None]:
        """The same; the log-likelihood does not come with it."""
        return self.derivatives(x), None

    def residual(self, gradient: NDArray[np.float64]) -> float:
        """Largest ratio of |gradient| to the weight of the comparisons."""
        return float((np.abs(gradient) / self.mass).max(initial=0.0))

    def largest_difference(self, step: NDArray[np.float64]) -> float:
        """Largest change of a linear predictor along `step`, or of a theta in a period."""
        return float(self._cells.largest_difference(step))

    def reach(self, step: NDArray[np.float64]) -> float:
        """Bound of the change of any linear predictor along `step`."""
        return float(self._cells.reach(step))

    def overreach(self, x: NDArray[np.float64], step: NDArray[np.float64], room: float) -> float:
        """As of a single fit's problem."""
        return float(self._cells.overreach(x, step, room))

    def log_likelihood(self, x: NDArray[np.float64]) -> float:
        """Of the comparisons."""
        return float(self._cells.log_likelihood(x))

    def penalty(self, x: NDArray[np.float64]) -> float:
        """What walks and prior take off it."""
        miss = x[: self.n] - self.mean
        return 0.5 * self.precision * self.walked(x) + 0.5 * float(self.ridge @ miss**2)

    def objective(self, x: NDArray[np.float64]) -> float:
        """What is maximised."""
        return self.log_likelihood(x) - self.penalty(x)

    def walked(self, x: NDArray[np.float64]) -> float:
        """Sum of the squares of the walks' steps."""
        return float(((x[self.grid.after] - x[self.grid.before]) ** 2).sum())

    def solve(
        self, rhs: NDArray[np.float64], target: float, relative: float
    ) -> tuple[NDArray[np.float64], int, bool]:
        """A Newton step; the factor serves again where parameters have hardly moved since."""
        moved = (
            np.inf if self._chain is None else float(np.abs(self._x - self._at).max(initial=0.0))
        )
        if moved > NEAR:
            self.factored()
        chain = self._chain
        assert chain is not None
        out = self._solve(np.asarray(rhs)[None])[0]
        self.level(out[None], self.held)
        return out, 1, bool(np.isfinite(chain.log_determinant))

    # ---- the matrix -----------------------------------------------------------------------------

    def factored(self) -> Chain:
        """The Newton matrix at the last derivatives, theta's part, factored; with its border."""
        if self._chain is not None and np.array_equal(self._x, self._at):
            return self._chain
        from venire._native.chain import Chain
        from venire._native.model import cell_terms

        grid, x = self.grid, self._x
        d = x[grid.lo] - x[grid.hi]
        if self.has_gamma:
            d += x[self.n] * grid.order
        log_tie = float(x[-1]) if self.has_tie else 0.0
        terms = cell_terms(self.model.name, d, log_tie, grid.win, grid.loss, grid.tie)
        h = terms["d2"]
        self._room.fill(0.0)
        if self.has_gamma:
            np.subtract.at(self._room, self._lower, h)
        else:
            self._room[self._lower] = -h
        own = np.bincount(grid.lo, h, self.n) + np.bincount(grid.hi, h, self.n) + self.ridge
        own = own + self.precision * self._degree
        self._room[self._diagonal] = own
        self.ground = 0.0
        if not self.prior.given:  # nothing says where a component lies: one of its vertices is held
            self.ground = float(np.median(own))
            self._room[self._diagonal[self.grounds]] += self.ground
        self._chain, self._at = (
            Chain(
                grid.ptr.astype(np.int64), *self._links, self._room, self.precision, self._n_threads
            ),
            x,
        )
        self._border_of(self._chain, terms)
        return self._chain

    def _border_of(self, chain: Chain, terms: dict[str, NDArray[np.float64]]) -> None:
        grid, slopes, h = self.grid, [], terms["d2"]
        m = self.n_parameters - self.n
        corner = np.zeros((m, m))
        if self.has_gamma:
            slopes.append(h * grid.order)
            corner[0, 0] = float(np.sum(h * grid.order * grid.order))
        if self.has_tie:
            slopes.append(terms["dt"])
            corner[-1, -1] = float(np.sum(terms["t2"]))
            if self.has_gamma:
                corner[0, 1] = corner[1, 0] = float(np.sum(terms["dt"] * grid.order))
        border = np.empty((m, self.n))
        for row, slope in zip(border, slopes, strict=True):
            row[:] = np.bincount(grid.lo, slope, self.n) - np.bincount(grid.hi, slope, self.n)
        self.solved = np.array(border)
        chain.solve(self.solved)
        self.corner = corner - border @ self.solved.T  # the Schur complement
        self._border = border

    def _solve(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse of the whole matrix times rows, (k, n_parameters)."""
        assert self._chain is not None
        out, theta = np.array(rows, np.float64), np.array(rows[:, : self.n], order="C")
        self._chain.solve(theta)
        out[:, : self.n] = theta
        if self.n_parameters > self.n:
            rest = rows[:, self.n :] - out[:, : self.n] @ self._border.T
            out[:, self.n :] = np.linalg.solve(self.corner, rest.T).T
            out[:, : self.n] -= out[:, self.n :] @ self.solved
        return out

    def level(self, rows: NDArray[np.float64], share: NDArray[np.float64]) -> None:
        """Take each component's level off the rows' theta, in place; not where priors hold it."""
        if self.prior.precision is None:
            for row in rows:
                theta = row[: self.n]
                theta -= np.bincount(self.component, share * theta)[self.component]

    def log_determinant(self) -> float:
        """Of the Newton matrix at the last derivatives, but for a constant."""
        out = self.factored().log_determinant
        if self.ground:
            out -= len(self.grounds) * float(np.log(self.ground))
        if len(self.corner):
            out += float(np.linalg.slogdet(self.corner)[1])
        return out

    def covariances(self) -> Any:
        """Blocks by period of the covariance of theta (deviations from the level of components,
        unless priors hold it), and that of the other parameters; of one thread at a time."""
        with self._alone:
            return self._covariances()

    def _covariances(self) -> Any:
        chain, flat = self.factored(), np.empty_like(self._room)
        chain.inverse(flat)
        inverse = np.linalg.inv(self.corner)
        solved = np.array(self.solved)
        self.level(solved, self.share)
        shift = total = None
        if self.prior.precision is None:
            n_parts = int(self.component.max()) + 1
            rows = np.zeros((n_parts, self.n))
            rows[self.component, np.arange(self.n)] = self.share
            shift = np.array(rows)
            chain.solve(shift)
            total = shift @ rows.T
        out, start = [], 0
        for t, size in enumerate(np.diff(self.grid.ptr).tolist()):
            here = slice(self.grid.ptr[t], self.grid.ptr[t + 1])
            part = self.component[here]
            own, start = flat[start : start + size**2].reshape(size, size), start + size**2
            if shift is not None and total is not None:
                own -= shift[:, here][part].T + shift[:, here][part]
                own += total[np.ix_(part, part)]
            own += solved[:, here].T @ inverse @ solved[:, here]
            out.append(own)
        return out, inverse
