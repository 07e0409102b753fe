"""Errors of ratings by leaving out clusters: how far each moves them, learned weights included."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "Clustered", "clustered"]

LIGHT = 0.05  # share of the information up to which two corrections of a step are enough
ALONE = 1.0 - 1e-9  # and from which on a cluster may hold the items together
BLOCK = 1 << 22  # numbers in the changes of a block of clusters
MANY = 128  # items from which graphs are looked at one by one

Floats = NDArray[np.float64]
Ints = NDArray[Any]  # int32 or int64


class Cells(NamedTuple):
    """Pairs of one fit, by cluster.

    Attributes
    ----------
    cluster : ndarray of int64, shape (n_cells,)
        Ascending, 0 to n_clusters - 1.
    first, second : ndarray of int64, shape (n_cells,)
        Positions of the items.
    slope, curve : ndarray of float64, shape (n_cells,)
        Derivative of the log-likelihood in theta_first - theta_second, and minus the second one.
    n_clusters : int
    """

    cluster: Ints
    first: Ints
    second: Ints
    slope: Floats
    curve: Floats
    n_clusters: int

    def part(self, start: int, stop: int) -> Cells:
        """Those of clusters `start` to `stop`, numbered from 0."""
        a, b = np.searchsorted(self.cluster, [start, stop])
        k = slice(a, b)
        return Cells(
            self.cluster[k] - start, self.first[k], self.second[k], self.slope[k], self.curve[k],
            stop - start,
        )  # fmt: skip

    def summed(self, x: Floats, n_items: int) -> Floats:
        """Sums of x (e_first - e_second), (n_clusters, n_items)."""
        size = self.n_clusters * n_items
        row = self.cluster * n_items
        out = np.bincount(row + self.first, x, size) - np.bincount(row + self.second, x, size)
        return np.asarray(out, np.float64).reshape(self.n_clusters, n_items)


class Clustered(NamedTuple):
    """Covariance of theta about its mean, from leaving out each cluster.

    Attributes
    ----------
    covariance : ndarray of float64, shape (n_items, n_items)
        NaN in the rows and columns of items that are not known.
    freedom : ndarray of float64, shape (n_items,)
        Degrees of freedom of each variance.
    known : ndarray of bool, shape (n_items,)
        Items that no single cluster holds to the others.
    component : ndarray of int64, shape (n_items,)
        Of the graph of comparisons.
    pull : ndarray of float64, shape (k, n_items), or None
        Slopes of theta in the further parameters.
    """

    covariance: Floats
    freedom: Floats
    known: NDArray[np.bool_]
    component: Ints
    pull: Floats | None = None

    def shown(self, unit: float, anchor: int | None) -> Clustered:
        """In another unit; with an anchor, of the differences from it within its component."""
        total, freedom, known = self.covariance, self.freedom, self.known
        component = self.component
        if anchor is not None:
            own = total[anchor]
            total = total - own - own[:, None] + own[anchor]
            known = known & known[anchor] & (component == component[anchor])
            total[~known] = total[:, ~known] = np.nan
            freedom = np.where(known, np.minimum(freedom, freedom[anchor]), np.nan)
        return self._replace(covariance=unit**2 * total, freedom=freedom, known=known)

    def quantiles(self, level: float) -> Floats:
        """Student's, of intervals of this level, (n_items,)."""
        from scipy.special import stdtrit

        return np.asarray(stdtrit(self.freedom, 0.5 + level / 2.0), np.float64)


class _Whole:
    """The information of all clusters: its inverse about the mean of each component."""

    def __init__(self, cells: Cells, n_items: int, ridge: Any, fixed: bool) -> None:
        n = n_items
        weight = np.bincount(cells.first * n + cells.second, cells.curve, n * n).reshape(n, n)
        self.links = weight + weight.T
        self.component = np.unique(_parts(self.links[None] > 0.0)[0], return_inverse=True)[1]
        self.inverse = self.inverted(ridge, fixed)
        self.fixed = fixed

    def inverted(self, ridge: Any, fixed: bool) -> Floats:
        """The inverse under a prior of this precision."""
        information = np.diag(self.links.sum(axis=1) + ridge) - self.links
        if fixed:
            return np.linalg.inv(information)
        alike = self.component[:, None] == self.component[None, :]
        size = max(float(np.trace(information)) / len(alike), 1e-300)
        level = alike / alike.sum(axis=1)
        return np.linalg.inv(information + size * level) - level / size

    def centred(self, x: Floats, known: NDArray[np.bool_]) -> Floats:
        """Rows less their mean over the known items of each component."""
        if self.fixed:
            return x
        out = x.copy()
        for k in np.unique(self.component[known]).tolist():
            mine = self.component == k
            out[:, mine] -= x[:, mine & known].mean(axis=1, keepdims=True)
        return out


def clustered(
    cells: Cells,
    n_items: int,
    ridge: Any = 0.0,
    *,
    fixed: bool = False,
    shift: tuple[Floats, Floats] | None = None,
    rest: Floats | None = None,
) -> Clustered:
    """The jackknife of clusters, each left out in one Newton step.

    Parameters
    ----------
    cells : Cells
    n_items : int
    ridge : float or ndarray of float64, shape (n_items,)
        Precision of the prior.
    fixed : bool
        Theta has an origin: priors go by item.
    shift : pair of ndarray, shapes (n_clusters, k) and (k, n_items), optional
        Changes of further parameters without each cluster, and the slopes of the score in them.
    rest : ndarray of float64, shape (k, k), optional
        Sum of the products of the changes without clusters that hold none of the cells.

    Notes
    -----
    With S the score and A the information, a cluster g moves theta by -(A - A_g)^-1 S_g. Leaving
    out rather than weighing the scores (the usual sandwich) allows for what a cluster of much
    influence does to its own residuals: with few clusters the sandwich is too narrow. A variance is
    (n - 1) / n times the sum of the squares.

    O(n_cells n_items + n_items^3), and for each cluster of more than 5 % of the information the
    cube of its own items.

    References
    ----------
    J. MacKinnon, M. Nielsen, M. Webb (2023), doi:10.1002/jae.2969. R. Bell, D. McCaffrey (2002) and
    A. Carter, K. Schnepel, D. Steigerwald (2017), doi:10.1162/REST_a_00639, for the freedom.
    """
    n, g = n_items, cells.n_clusters
    whole = _Whole(cells, n, ridge, fixed)
    known, cuts = _known(cells, whole)
    if g < 2:
        known[:] = False
    if not fixed:  # about the mean of itself alone an item's error would be 0
        known &= np.bincount(whole.component, known)[whole.component] != 1
    total, first, second = np.zeros((n, n)), np.zeros(n), np.zeros(n)
    step = max(1, BLOCK // max(n, 1))
    for start in range(0, g, step):
        stop = min(start + step, g)
        part = cells.part(start, stop)
        moved = without_each(part, whole.inverse, cuts[start:stop])
        if shift is not None:
            moved += shift[0][start:stop] @ (shift[1] @ whole.inverse)
        moved = whole.centred(moved, known)
        total += moved.T @ moved
        share = _shares(part, whole.inverse)
        first += share.sum(axis=0)
        second += (share**2).sum(axis=0)
    pull = None if shift is None else shift[1] @ whole.inverse
    if pull is not None and rest is not None:
        far = whole.centred(pull, known)
        total += far.T @ rest @ far
    total *= (g - 1.0) / max(g, 1)
    total[~known] = total[:, ~known] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = np.where(known, np.maximum(first**2 / second - 1.0, 1.0), np.nan)
    return Clustered(total, freedom, known, whole.component, pull)


def without_each(cells: Cells, inverse: Floats, cuts: NDArray[np.bool_]) -> Floats:
    """How far theta moves in one step when a cluster is left out, (n_clusters, n_items).

    Where that takes a component apart (`cuts`) levels of the parts are any.
    """
    n = len(inverse)
    score = cells.summed(cells.slope, n)
    moved = score @ inverse
    light = _leverage(cells, inverse) <= LIGHT
    for _ in range(2):  # (A - A_g)^-1 = (1 + A^-1 A_g + ...) A^-1
        difference = moved[cells.cluster, cells.first] - moved[cells.cluster, cells.second]
        own = cells.summed(cells.curve * difference, n)
        moved = np.where(light[:, None], (score + own) @ inverse, moved)
    border = np.searchsorted(cells.cluster, np.arange(cells.n_clusters + 1)).tolist()
    place = np.zeros(n, np.int64)
    for k in np.flatnonzero(~light).tolist():  # (A - A_g)^-1 E = A^-1 E (1 - A_g E' A^-1 E)^-1
        here = slice(border[k], border[k + 1])
        first, second = cells.first[here], cells.second[here]
        place[:] = 0
        place[first] = place[second] = 1
        items = np.flatnonzero(place)
        place[items] = np.arange(len(items))
        own = _laplacian(place[first], place[second], cells.curve[here], len(items))
        left = np.eye(len(items)) - own @ inverse[np.ix_(items, items)]
        if cuts[k]:
            small, *_ = np.linalg.lstsq(left, score[k, items], rcond=1e-9)
        else:
            small = np.linalg.solve(left, score[k, items])
        moved[k] = inverse[:, items] @ small
    return -moved


def _laplacian(first: Ints, second: Ints, weight: Floats, n: int) -> Floats:
    links = np.bincount(first * n + second, weight, n * n).reshape(n, n)
    links = links + links.T
    return np.diag(links.sum(axis=1)) - links


def _leverage(cells: Cells, inverse: Floats) -> Floats:
    """Trace of A^-1 A_g of each cluster: all of them add up to the number of free ratings."""
    own = np.diagonal(inverse)
    variance = own[cells.first] + own[cells.second] - 2.0 * inverse[cells.first, cells.second]
    return np.bincount(cells.cluster, cells.curve * variance, cells.n_clusters).astype(np.float64)


def _shares(cells: Cells, inverse: Floats) -> Floats:
    """What each cluster has in each item's variance, were its pairs independent."""
    out = np.zeros((cells.n_clusters, len(inverse)))
    if not len(cells.cluster):
        return out
    step = max(1, BLOCK // len(inverse))
    for start in range(0, len(cells.cluster), step):
        k = slice(start, start + step)
        x = (inverse[cells.first[k]] - inverse[cells.second[k]]) ** 2
        x *= cells.curve[k, None]
        cluster = cells.cluster[k]
        new = np.flatnonzero(np.concatenate([[True], cluster[1:] != cluster[:-1]]))
        out[cluster[new]] += np.add.reduceat(x, new, axis=0)
    return out


def _known(cells: Cells, whole: _Whole) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Items that stay with the others of their component whichever cluster is left out, and
    clusters that take some away."""
    n = len(whole.component)
    known = np.asarray((whole.links > 0.0).any(axis=1), bool)
    cuts = np.zeros(cells.n_clusters, bool)
    suspects = np.flatnonzero(_leverage(cells, whole.inverted(0.0, False)) >= ALONE)
    step = max(1, BLOCK // (n * n))
    for start in range(0, len(suspects), step):
        some = suspects[start : start + step]
        number = np.full(cells.n_clusters, -1)
        number[some] = np.arange(len(some))
        mine = number[cells.cluster]
        use = np.flatnonzero(mine >= 0)
        key = (mine[use] * n + cells.first[use]) * n + cells.second[use]
        own = np.bincount(key, cells.curve[use], len(some) * n * n).reshape(-1, n, n)
        left = whole.links - own - own.transpose(0, 2, 1) > 1e-9 * whole.links
        part = _parts(left)
        row = np.arange(len(some))[:, None] * n
        size = np.bincount((row + part).ravel(), minlength=len(some) * n)[row + part]
        value = size * (n + 1) - part  # the largest part of each component, of equals the first
        best = np.full((len(some), n), -n - 1)
        np.maximum.at(best.reshape(-1), (row + whole.component).ravel(), value.ravel())
        stays = value == np.take_along_axis(best, np.broadcast_to(whole.component, value.shape), 1)
        stays |= ~(whole.links > 0.0).any(axis=1)
        known = np.asarray(known & stays.all(axis=0))
        cuts[some] = ~stays.all(axis=1)
    return known, cuts


def _parts(linked: NDArray[np.bool_]) -> Ints:
    """Connected parts of graphs, (k, n, n): a number from 0 to n - 1 for each item, (k, n)."""
    n = linked.shape[-1]
    if n > MANY:
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        return np.array([connected_components(csr_array(x), directed=False)[1] for x in linked])
    part = np.broadcast_to(np.arange(n), linked.shape[:-1])
    while True:
        near = np.where(linked, part[:, None, :], n).min(axis=2, initial=n)
        least = np.minimum(part, near)
        least = np.take_along_axis(least, least, 1)
        if (least == part).all():
            return part
        part = least
