"""The information matrix of a fit and its empirical twin, as sparse forms on the parameters.

The parameters are (theta, [gamma], [coefficients], [log tie]). A cell of items (i, j) touches all
but the last through d = theta_i - theta_j + gamma * order + coefficients * covariates, so three
numbers per cell say everything: the second moments of its score in (d, d), (d, t) and (t, t), t
being the log of the tie parameter. Summed over cells they make a weighted graph Laplacian with a
few bordering rows, u being the cell's order and covariates::

    M = [ L   C ]      L = sum of dd * (e_i - e_j)(e_i - e_j)'
        [ C'  D ]      C = sum of (e_i - e_j) * (dd * u', dt)

The observed information has this shape with minus the second derivatives of the log-likelihood; the
outer products of the rows' scores (the middle of the sandwich) have it as well, unless rows are
clustered: then only a factor Z with M = Z Z' is kept.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from venire.priors import ItemPriors, item_priors

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = [
    "Form",
    "Layout",
    "Moments",
    "cell_slopes",
    "curvatures",
    "rounded_slopes",
    "row_scores",
    "score_roots",
]

Moments = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
"""Per cell: second moments (d, d), (d, t), (t, t); the last two None without a free tie."""


class Layout:
    """Which cells, items and parameters a fit has, and a numbering that makes components blocks.

    In that numbering, components come by ascending size, so those of one size are contiguous;
    within a component the item of largest weight, a prior's own included, is last: it is the one
    that is grounded.
    """

    first: np.ndarray
    second: np.ndarray
    order: np.ndarray
    win: np.ndarray
    loss: np.ndarray
    tie: np.ndarray
    square: np.ndarray
    cluster: np.ndarray | None
    covariates: np.ndarray | None
    effects: np.ndarray
    n: int
    n_threads: int
    component: np.ndarray
    has_gamma: bool
    has_tie: bool
    has_tie_outcome: bool
    has_dates: bool
    prior: ItemPriors

    def __init__(self, fit: Fit) -> None:
        c = fit.comparisons
        inside = fit.component[c.first] == fit.component[c.second]
        # a cell between components that were fitted each by itself was not part of the fit
        used = slice(None) if inside.all() else np.flatnonzero(inside)
        self.first, self.second = c.first[used], c.second[used]
        self.order = c.order[used]
        self.win, self.loss, self.tie = c.win[used], c.loss[used], c.tie[used]
        self.square = c.square[used]
        self.cluster = None if c.cluster is None else c.cluster[used]
        self.covariates = None if c.covariates is None else c.covariates[used]
        self.has_dates = c.date is not None
        self.n = c.n_items
        self.n_threads = fit.n_threads
        self.component = np.asarray(fit.component)
        self.has_gamma = fit.order_effect is not None
        gamma = () if fit.order_effect is None else (fit.order_effect,)
        self.effects = np.array([*gamma, *(() if fit.coefficients is None else fit.coefficients)])
        self.has_tie = fit.has_free_tie
        self.has_tie_outcome = fit.tie is not None
        self.prior = item_priors(fit.prior, c.items)

    @property
    def m(self) -> int:
        """Number of parameters besides theta."""
        return len(self.effects) + int(self.has_tie)

    @cached_property
    def moving(self) -> np.ndarray:
        """What the parameters besides theta do for d: order, covariates, (n_cells, m - has_tie)."""
        if not self.has_gamma and self.covariates is not None:
            return np.ascontiguousarray(self.covariates)
        order = [self.order[:, None].astype(np.float64)] if self.has_gamma else []
        rest = [] if self.covariates is None else [self.covariates]
        return np.concatenate([np.empty((len(self.first), 0)), *order, *rest], axis=1)

    @cached_property
    def pairs(self) -> np.ndarray:
        """Where the cells of each pair begin."""
        other = (self.first[1:] != self.first[:-1]) | (self.second[1:] != self.second[:-1])
        return np.flatnonzero(np.append(True, other)[: len(self.first)])

    def sums_of(self, of_cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of numbers of cells, and of them times each column of `moving`, sums over cells of each
        pair, (n_pairs, 1 + columns); and the products of columns, weighted by them."""
        from venire._native.pair_sums import pair_sums

        ptr = np.append(self.pairs, len(of_cells))
        return pair_sums(ptr, np.ascontiguousarray(of_cells), self.moving, self.n_threads)

    def by_pair(self, of_cells: np.ndarray) -> np.ndarray:
        """Sums over the cells of each pair."""
        if len(self.pairs) == len(of_cells):
            return of_cells
        return np.add.reduceat(of_cells, self.pairs)

    @cached_property
    def sizes(self) -> np.ndarray:
        """Items of each component."""
        return np.bincount(self.component)

    @property
    def weight(self) -> float:
        """Weight of the comparisons that the fit used."""
        return float(np.sum(self.win + self.loss + self.tie))

    @property
    def ridge(self) -> Any:
        """Precision of the prior: one number, or (n,)."""
        return self.prior.ridge

    @property
    def is_fixed(self) -> bool:
        """Whether priors give theta an origin: each item its own. Else theta is centred."""
        return self.prior.precision is not None

    @cached_property
    def heads(self) -> np.ndarray:
        """One over each item's share in the level of its component, (n,): the level is the mean of
        theta weighted by precision."""
        if self.prior.precision is None:
            return self.sizes[self.component].astype(np.float64)
        return self.prior.total(self.component)[self.component] / self.prior.precision

    @cached_property
    def level_variance(self) -> np.ndarray:
        """Of each component's level, which comparisons say nothing about; 0 without a prior."""
        if not self.prior.given:
            return np.zeros(len(self.sizes))
        return 1.0 / self.prior.total(self.component)

    @property
    def levels(self) -> np.ndarray:
        """The same, but nan without a prior."""
        return self.level_variance if self.prior.given else np.full(len(self.sizes), np.nan)

    @cached_property
    def level_ridge(self) -> Any:
        """What the prior adds to the diagonal where the level is held: precision less its share,
        taken as what the other items have, since one item may have nearly all."""
        if self.prior.precision is None:
            return self.ridge * (1.0 - 1.0 / self.heads)
        own = self.prior.precision
        order = np.lexsort((own, self.component))
        most = order[np.append(np.diff(self.component[order]) > 0, True)]  # one in each component
        total = np.bincount(self.component, own)
        others = total[self.component] - own
        small = own.copy()
        small[most] = 0.0
        others[most] = np.bincount(self.component, small)[self.component[most]]
        return own * (others * self.level_variance[self.component])

    def strong_components(self) -> np.ndarray:
        """Which items beat each other, directly or in a chain: labels, (n,)."""
        from venire._native.graph import Graph

        ptr = np.searchsorted(self.first, np.arange(self.n + 1)).astype(np.int64)
        second, order = np.asarray(self.second, np.int32), np.asarray(self.order, np.int8)
        return Graph(ptr, second, order, self.win, self.loss, self.tie).components(True)[0]

    def centre(self, rows: np.ndarray) -> None:
        """Take each component's level off the rows of theta, in place."""
        for row in rows:
            theta = row[: self.n]
            with np.errstate(invalid="ignore"):  # solutions that overflowed become nan
                if not self.is_fixed and len(self.sizes) == 1:
                    theta -= theta.mean()
                else:
                    theta -= self.prior.level(theta, self.component)[self.component]

    def balance(self, rows: np.ndarray) -> None:
        """The adjoint of that, for slopes: they sum to 0 in each component afterwards."""
        if not self.is_fixed:
            return self.centre(rows)
        for row in rows:
            theta = row[: self.n]
            theta -= np.bincount(self.component, theta)[self.component] / self.heads
        return None

    @cached_property
    def games(self) -> np.ndarray:
        """Weight of the comparisons of each item that the fit used."""
        mass = self.win + self.loss + self.tie
        total = np.bincount(self.first, mass, self.n)
        return total + np.bincount(self.second, mass, self.n)

    @cached_property
    def members(self) -> np.ndarray:
        """Items in the blocked numbering."""
        weight = self.games + self.ridge if self.is_fixed else self.games
        return np.lexsort((weight, self.component, self.sizes[self.component]))

    @cached_property
    def position(self) -> np.ndarray:
        """Place of each item in the blocked numbering."""
        position = np.empty(self.n, np.int64)
        position[self.members] = np.arange(self.n)
        return position

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each component's block starts in the blocked numbering."""
        by_size = np.argsort(self.sizes, kind="stable")
        starts = np.empty(len(self.sizes), np.int64)
        starts[by_size] = np.cumsum(self.sizes[by_size]) - self.sizes[by_size]
        return starts

    @cached_property
    def runs(self) -> list[tuple[int, int, int]]:
        """(first place, number of components, their size) of each run of components of one size."""
        size, count = np.unique(self.sizes, return_counts=True)
        first = np.cumsum(size * count) - size * count
        return list(zip(first.tolist(), count.tolist(), size.tolist(), strict=True))


def curvatures(fit: Fit, layout: Layout) -> Moments:
    """Return minus the second derivatives of the cells' log-likelihoods."""
    terms = _terms(fit, layout, layout.win, layout.loss, layout.tie)
    return terms["d2"], *((terms["dt"], terms["t2"]) if layout.has_tie else (None, None))


def row_scores(fit: Fit, layout: Layout) -> Moments:
    """Return the sums over the rows of each cell of the products of their scores.

    A row of weight w counts as w rows. With half ties a row of score s has the score
    s * a + (1 - s) * b in d, a and b being those of a win and of a loss, and the cell's sums of
    w s^2, w s (1-s) and w (1-s)^2 are all that is needed.
    """
    d = _leads(fit, layout)
    sure, never = np.ones(len(d)), np.zeros(len(d))
    a, a_t = _outcome_score(fit, d, sure, never, never)
    b, b_t = _outcome_score(fit, d, never, sure, never)
    if layout.has_tie_outcome:
        win, loss = layout.win, layout.loss
        dd = win * a**2 + loss * b**2
        if not layout.has_tie:
            return dd, None, None
        c, c_t = _outcome_score(fit, d, never, never, sure)
        return (
            dd + layout.tie * c**2,
            win * a * a_t + loss * b * b_t + layout.tie * c * c_t,
            win * a_t**2 + loss * b_t**2 + layout.tie * c_t**2,
        )
    mixed = np.maximum(layout.win + layout.tie / 2.0 - layout.square, 0.0)
    lost = np.maximum(layout.loss + layout.tie / 2.0 - mixed, 0.0)
    a, b = a * (layout.square * a + 2.0 * mixed * b), lost * b**2
    return np.maximum(a + b, 0.0), None, None


def rounded_slopes(fit: Fit, layout: Layout, n_draws: int, size: float) -> np.ndarray:
    """Return slopes that are nothing but rounding, (n_draws, n + m), of random signs.

    A cell's slope is off by `size` times its weight, and with the ratings that it depends on by as
    much of each; it is taken from one item and added to the other. An item's sum of such slopes is
    off by `size` times their sizes.
    """
    terms = _terms(fit, layout, layout.win, layout.loss, layout.tie)
    largest = max(1.0, float(np.abs(fit.theta).max()))
    cell = size * (layout.win + layout.loss + layout.tie + largest * np.abs(terms["d2"]))
    slope = size * np.abs(terms["d1"])
    item = np.bincount(layout.first, slope, layout.n) + np.bincount(layout.second, slope, layout.n)
    item += size * largest * layout.ridge
    generator = np.random.default_rng(0)
    out = np.zeros((n_draws, layout.n + layout.m))
    for row in out:
        off = cell * (2.0 * generator.integers(0, 2, len(cell)) - 1.0)
        row[: layout.n] = item * (2.0 * generator.integers(0, 2, layout.n) - 1.0)
        row[: layout.n] += np.bincount(layout.first, off, layout.n)
        row[: layout.n] -= np.bincount(layout.second, off, layout.n)
        row[layout.n : layout.n + len(layout.effects)] = off @ layout.moving
    return out


def score_roots(layout: Layout, moments: Moments, *, blocked: bool = False) -> Any:
    """Return a sparse Z whose Z Z' is the form of `moments`: one or two columns for each cell."""
    dd, dt, tt = moments
    d_part = np.sqrt(dd)
    if dt is None or tt is None:
        return _columns(layout, d_part, None, np.arange(len(dd)), len(dd), blocked)
    with np.errstate(divide="ignore", invalid="ignore"):
        t_part = np.where(d_part > 0.0, dt / d_part, 0.0)
    rest = np.sqrt(np.maximum(tt - t_part**2, 0.0))
    one = _columns(layout, d_part, t_part, np.arange(len(dd)), len(dd), blocked)
    two = _columns(layout, np.zeros_like(rest), rest, np.arange(len(dd)), len(dd), blocked)
    from scipy import sparse

    return sparse.hstack([one, two], format="csr")


def cell_slopes(fit: Fit, layout: Layout) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the scores of the cells in d and, with a free tie, in t."""
    terms = _terms(fit, layout, layout.win, layout.loss, layout.tie)
    return terms["d1"], terms["t1"] if layout.has_tie else None


class Form:
    """A symmetric form made of cells: a Laplacian with bordering rows, in the blocked numbering."""

    def __init__(self, layout: Layout, moments: Moments) -> None:
        of_cell, dt, tt = moments
        n, m, pairs = layout.n, layout.m, layout.pairs
        i, j = layout.position[layout.first[pairs]], layout.position[layout.second[pairs]]
        sums, corner = layout.sums_of(of_cell)
        dd = sums[:, 0]
        degree = np.bincount(i, dd, n) + np.bincount(j, dd, n)
        rows = np.concatenate([i, j, np.arange(n)])
        columns = np.concatenate([j, i, np.arange(n)])
        values = np.concatenate([-dd, -dd, degree])
        by_row = np.argsort(rows, kind="stable")
        self._start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
        self._column, self._value = columns[by_row], values[by_row]
        self.border, self.corner = np.zeros((n, m)), np.zeros((m, m))
        moved = len(layout.effects)
        slopes = list(sums.T[1:])  # of d in the bordering parameters, times dd
        self.corner[:moved, :moved] = corner
        if dt is not None and tt is not None:
            slopes.append(layout.by_pair(dt))
            self.corner[-1, -1] = np.sum(tt)
            self.corner[moved, :moved] = self.corner[:moved, moved] = dt @ layout.moving
        for k, slope in enumerate(slopes):
            self.border[:, k] = np.bincount(i, slope, n) - np.bincount(j, slope, n)

    def blocks(self, start: int, count: int, size: int) -> np.ndarray:
        """Return the diagonal blocks of a run of components, (count, size, size)."""
        stop = start + count * size
        low, high = self._start[start], self._start[stop]
        row = np.repeat(np.arange(count * size), np.diff(self._start[start : stop + 1]))
        place = row * size + (self._column[low:high] - start) % size
        return np.bincount(place, self._value[low:high], count * size * size).reshape(
            count, size, size
        )

    @cached_property
    def laplacian(self) -> Any:
        """A sparse matrix."""
        from scipy.sparse import csr_array

        n = len(self.border)
        return csr_array((self._value, self._column, self._start), shape=(n, n))

    def times(self, x: np.ndarray) -> np.ndarray:
        """Return M x for x of shape (n + m, q)."""
        n = len(self.border)
        top = self.laplacian @ x[:n] + self.border @ x[n:]
        return np.concatenate([top, self.border.T @ x[:n] + self.corner @ x[n:]])

    def between(self, rows: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Return x' M[rows, rows] x."""
        return x.T @ (self.laplacian[rows][:, rows] @ x)


def _leads(fit: Fit, layout: Layout) -> np.ndarray:
    """Linear predictor of each cell."""
    d = fit.theta[layout.first]
    d -= fit.theta[layout.second]
    if len(layout.effects):
        d += layout.moving @ layout.effects
    return d


def _terms(
    fit: Fit, layout: Layout, win: np.ndarray, loss: np.ndarray, tie: np.ndarray
) -> dict[str, np.ndarray]:
    from venire._native.model import cell_terms

    return cell_terms(fit.model, _leads(fit, layout), fit.log_tie, win, loss, tie)


def _outcome_score(
    fit: Fit, d: np.ndarray, win: np.ndarray, loss: np.ndarray, tie: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Score in d and t of one comparison of each cell with the given outcome."""
    from venire._native.model import cell_terms

    terms = cell_terms(fit.model, d, fit.log_tie, win, loss, tie)
    return terms["d1"], terms.get("t1", win)


def _columns(
    layout: Layout,
    d_part: np.ndarray,
    t_part: np.ndarray | None,
    column: np.ndarray,
    n_columns: int,
    blocked: bool,
) -> Any:
    """Sparse matrix whose column k sums d_part * (e_i - e_j, u) and t_part of its cells."""
    from scipy import sparse

    i, j = layout.first, layout.second
    if blocked:
        i, j = layout.position[i], layout.position[j]
    rows, values = [i, j], [d_part, -d_part]
    for k, own in enumerate(layout.moving.T):
        rows.append(np.full(len(i), layout.n + k))
        values.append(d_part * own)
    if t_part is not None:
        rows.append(np.full(len(i), layout.n + layout.m - 1))
        values.append(t_part)
    data = (np.concatenate(values), (np.concatenate(rows), np.tile(column, len(rows))))
    return sparse.coo_array(data, shape=(layout.n + layout.m, n_columns)).tocsr()
