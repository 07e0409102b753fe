"""The posterior of the levels of groups at given variances, by expectation propagation.

Bridge k tells of x = b_lo - b_hi + difference + e: it was won `win` and lost `loss` by `lo`, and e,
what is not known of its two items, is normal with variance `spread`. Its likelihood is stood for by
a normal one in b_lo - b_hi, of precision t and with nu = precision times mean, such that the
posterior has the mean and the variance of the one with this bridge's own likelihood (Minka 2001,
Opper and Winther 2000): one integral a bridge. What it needs is how well b_lo - b_hi is known
without the bridge. That is taken as if the other bridges of `lo` and those of `hi` were otherwise
unconnected (belief propagation; exact on trees), so that a round costs O(groups + bridges). Means
are those of all bridges together, by conjugate gradients.

With normal likelihoods the posterior of the deviations e = b - m is normal, its precision H the
Laplacian of t plus a diagonal of 1 / s2 and the anchors' `pull`.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.ratings.grouped._bridges import Evidence

__all__ = ["Passing", "Scales"]

Floats = NDArray[np.float64]

FIRST = 0.05  # precision of a bridge, to begin with
EXACT = 1e-12  # of the means, relative to their spread, at best
SHARE = 0.02  # of the last move that a solve may be off by
MOST_SOLVES = 5_000  # iterations of conjugate gradients
NEAR = 1e-2  # a move, in standard deviations, after which a round's moments are of use


class Scales(NamedTuple):
    """Of the biases, of soft bridges' outcomes, and of what a bridge's judge adds."""

    s2: float
    dispersion: float = 1.0
    noise: float = 0.0


class Passing:
    """Messages between bridges and groups; each call of `settle` starts from the last one's.

    Attributes
    ----------
    e : ndarray of float64, shape (n,)
        Means of the deviations.
    level : float
        Mean of the prior; `level_variance`: of it.
    rest : ndarray of float64, shape (n,)
        How much of an error of the level b keeps.
    precision : ndarray of float64, shape (n_bridges,)
        Of each bridge: t.
    """

    def __init__(self, evidence: Evidence, n_threads: int) -> None:
        self.evidence, self.n_threads = evidence, n_threads
        n, k = len(evidence.active), len(evidence.lo)
        self.e, self.level = np.zeros(n), 0.0
        self.level_variance, self.rest = 0.0, np.ones(n)
        self.precision, self.nu = np.full(k, FIRST), np.zeros(k)
        self.to_lo, self.to_hi = np.zeros(k), np.zeros(k)
        self.mode = np.zeros(k)
        self.move = math.inf
        self.n_rounds = 0
        self._shift = np.zeros(n)
        self._laplacian = _Laplacian(n, evidence.lo, evidence.hi)

    def settle(self, scales: Scales, near: float, most: int) -> bool:
        """Rounds until none moves a mean by more than `near` of its standard deviation."""
        for _ in range(most):
            self._round(scales)
            if self.move <= near:
                return True
        return False

    def moments(self, scales: Scales) -> Scales:
        """What the posterior says of each scale: the means of which they are the variances."""
        w = self.evidence.win + self.evidence.loss
        s2 = float(np.sum(self.e**2 + 1.0 / self._own(scales.s2)))
        s2 += float(np.sum((1.0 - self.rest) ** 2)) * self.level_variance
        if not len(w):
            return Scales(s2 / len(self.e))
        seen = float(np.sum(self.slope2 / w)) * scales.dispersion
        noise = scales.noise**2 * (self.g**2 - self.h) + scales.noise
        return Scales(s2 / len(self.e), seen / float(np.sum(self.bend / w)), float(np.mean(noise)))

    def ridge(self, s2: float) -> Floats:
        """Diagonal of H beside the Laplacian."""
        pull = self.evidence.pull
        return np.full(len(self.e), 1.0 / s2) + (0.0 if pull is None else pull)

    def variances(self, s2: float) -> Floats:
        """Of the deviations, by belief propagation."""
        return 1.0 / self._own(s2)

    def _own(self, s2: float) -> Floats:
        """Precision of each group by belief propagation."""
        d, n = self.evidence, len(self.e)
        return self.ridge(s2) + np.bincount(d.lo, self.to_lo, n) + np.bincount(d.hi, self.to_hi, n)

    def _round(self, scales: Scales) -> None:
        from venire._native.tilted import tilted

        d, own = self.evidence, self._own(scales.s2)
        lo = 1.0 / (own[d.lo] - self.to_lo)  # variances without the bridge
        hi = 1.0 / (own[d.hi] - self.to_hi)
        apart = lo + hi
        mean = self.e[d.lo] - self.e[d.hi]
        mean += apart * (self.precision * mean - self.nu)  # without the bridge
        by = 1.0 / scales.dispersion
        if not self.n_rounds:
            self.mode[:] = mean + d.difference
        self.g, self.h, self.slope2, self.bend = tilted(
            d.model, mean + d.difference, apart + d.spread + scales.noise,
            d.win * by, d.loss * by, self.mode, self.n_threads,
        )  # fmt: skip
        left = 1.0 - apart * self.h
        self.precision = self.h / left
        self.nu = (self.g + mean * self.h) / left
        self.to_lo = self.h / (1.0 - lo * self.h)  # what the bridge says of b_lo: 1 / t + hi
        self.to_hi = self.h / (1.0 - hi * self.h)
        self._find_means(scales)
        self.n_rounds += 1

    def _find_means(self, scales: Scales) -> None:
        d, before = self.evidence, self.e + self.level
        ridge, n = self.ridge(scales.s2), len(self.e)
        near = min(max(SHARE * self.move, EXACT), NEAR)
        solve = self._laplacian.at(self.precision, ridge, near)
        rhs = np.bincount(d.lo, self.nu, n) - np.bincount(d.hi, self.nu, n)
        if d.pull is None or d.target is None:
            self.e = solve(rhs, self.e)
        else:
            e = solve(rhs + d.pull * d.target, self.e + self.level * self._shift)
            self._shift = solve(d.pull, self._shift)
            self.rest = 1.0 - self._shift
            self.level_variance = 1.0 / float(np.sum(d.pull * self.rest))
            self.level = float(np.sum(d.pull * (d.target - e))) * self.level_variance
            self.e = e - self.level * self._shift
        moved = np.abs(self.e + self.level - before) * np.sqrt(self._own(scales.s2))
        self.move = float(moved.max(initial=0.0))


class _Laplacian:
    """Systems in a weighted Laplacian with a ridge, on a graph that stays."""

    def __init__(self, n: int, lo: NDArray[Any], hi: NDArray[Any]) -> None:
        from scipy import sparse

        self.n, self.lo, self.hi, k = n, lo, hi, np.arange(len(lo))
        rows, columns = np.concatenate([lo, hi]), np.concatenate([hi, lo])
        own = sparse.coo_array(
            (np.concatenate([k, k]).astype(np.float64), (rows, columns)), shape=(n, n)
        )
        order = np.lexsort((own.col, own.row))
        self.edge = own.data[order].astype(np.int64)
        ptr = np.searchsorted(own.row[order], np.arange(n + 1))
        self.matrix = sparse.csr_array(
            (np.zeros(len(order)), own.col[order].astype(np.int32), ptr.astype(np.int32)),
            shape=(n, n),
        )

    def at(self, weight: Floats, ridge: Floats, near: float) -> Any:
        """A solver at these weights: by conjugate gradients, until the residual is at most `near`
        times the root of the diagonal, so that no mean is off by much more of its spread."""
        own = ridge + np.bincount(self.lo, weight, self.n) + np.bincount(self.hi, weight, self.n)
        self.matrix.data[:] = weight[self.edge]
        matrix, limit = self.matrix, near * np.sqrt(own)

        def solve(rhs: Floats, x: Floats) -> Floats:
            r = rhs - (own * x - matrix @ x)
            z = r / own
            p, rz = z.copy(), float(r @ z)
            for _ in range(MOST_SOLVES):
                if not np.any(np.abs(r) > limit):
                    break
                image = own * p - matrix @ p
                step = rz / float(p @ image)
                x = x + step * p
                r = r - step * image
                z = r / own
                rz, last = float(r @ z), rz
                p = z + (rz / last) * p
            return x

        return solve
