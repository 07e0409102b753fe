"""Adaptive stopping: which judgments still need votes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from venire._core import arrays, checks
from venire.panel._posterior import BetaPosterior, as_posterior

__all__ = ["Needs", "needs_votes"]

_MOST = 2.0**39


@dataclass(frozen=True, eq=False)
class Needs:
    """What `needs_votes` found; each of the shape of the posterior with the criteria broadcast.

    Attributes
    ----------
    votes : bool or ndarray of bool
        Whether more votes are needed.
    imprecise, undecided : bool or ndarray of bool
        Whether the standard deviation is too large, whether the side is not sure enough.
    expected : float64 or ndarray of float64
        About how many more votes, 0 where none are needed.
    """

    votes: Any
    imprecise: Any
    undecided: Any
    expected: Any


def needs_votes(posterior: BetaPosterior, *, precision: Any = None, decisive: Any = None) -> Needs:
    """Which probabilities still need votes, and about how many.

    Parameters
    ----------
    posterior : BetaPosterior
    precision : float or array_like, optional
        The standard deviation that is small enough, > 0.
    decisive : float or array_like, optional
        How sure the side must be, between 0.5 and 1: max(P(p > ½), P(p < ½)) must reach it. With
        both, both must hold.

    Returns
    -------
    Needs
        ``needs.votes``: bool, which still need votes. ``needs.expected``: how many more, 0 where
        none. ``needs.imprecise`` and ``needs.undecided``: the two reasons.

    Raises
    ------
    TypeError
        If `posterior` is no BetaPosterior.
    ValueError
        If neither criterion is given, or one is out of range.

    Notes
    -----
    After k more votes the variance is expected to be variance · n / (n + k), n = alpha + beta,
    exactly; `expected` is the first k that brings it to precision². For `decisive` it is the first
    k after which the posterior is decisive if the votes split as far from half as p is expected to
    be, E|p − ½|, on the side that leads: a middling case, not a mean (the mean is infinite, since p
    may be as close to ½ as you like). At most 2**39 votes are looked at; inf beyond.

    Examples
    --------
    >>> import venire as vn
    >>> needs = vn.panel.needs_votes(vn.BetaPosterior([30, 6, 2], [4, 5, 1]), decisive=0.95)
    >>> needs.votes
    array([False,  True,  True])
    >>> needs.expected
    array([ 0., 46.,  9.])
    """
    p = as_posterior(posterior, "posterior")
    if precision is None and decisive is None:
        checks.fail("precision", "or decisive must be given")
    shape, no = p.shape, np.zeros(p.shape, dtype=bool)
    imprecise, undecided, expected = no, no, np.zeros(shape)
    if precision is not None:
        goal = arrays.counts(precision, "precision")
        checks.every(goal > 0.0, "precision", "must be > 0", goal)
        shape = arrays.broadcast(posterior=p.alpha, precision=goal)
        imprecise = np.broadcast_to(p.std > goal, shape)
        with np.errstate(over="ignore"):
            more = np.ceil(p.concentration * ((p.std / goal) ** 2 - 1.0))
        expected = np.where(imprecise, np.maximum(more, 1.0), 0.0)
    if decisive is not None:
        level = arrays.probabilities(decisive, "decisive", inside=True)
        checks.every(level >= 0.5, "decisive", "must be from 0.5 to 1", level)
        shape = np.broadcast_shapes(shape, arrays.broadcast(posterior=p.alpha, decisive=level))
        above = p.prob_above(0.5)
        undecided = np.maximum(above, p.cdf(0.5)) < level
        more = np.zeros(undecided.shape)
        if np.any(undecided):
            parts = (p.alpha, p.beta, above >= 0.5, level)
            a, b, leads, goal = (np.broadcast_to(x, more.shape)[undecided] for x in parts)
            more[undecided] = _until_decisive(np.where(leads, a, b), np.where(leads, b, a), goal)
        expected = np.maximum(expected, more)
    reasons = [np.array(np.broadcast_to(x, shape))[()] for x in (imprecise, undecided)]
    expected = np.array(np.broadcast_to(expected, shape))[()]
    return Needs(reasons[0] | reasons[1], reasons[0], reasons[1], expected)


def _until_decisive(a: np.ndarray, b: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The first k with P(p > ½) >= level under Beta(a + k s, b + k (1 - s)), s = ½ + E|p - ½|,
    for posteriors (n,) that lean to the first shape: by doubling, then halving."""
    mean, below = a / (a + b), BetaPosterior(a, b).cdf(0.5)
    below_up = BetaPosterior(a + 1.0, b).cdf(0.5)  # E p 1{p < ½} = mean * this
    share = 0.5 + np.maximum((mean - 0.5) + (below - 2.0 * mean * below_up), 0.0)

    def decided(which: np.ndarray, k: np.ndarray) -> np.ndarray:
        s = share[which]
        after = BetaPosterior(a[which] + k * s, b[which] + k * (1.0 - s))
        return after.prob_above(0.5) >= level[which]

    high = np.ones(len(a))
    open_ = np.arange(len(a))
    while len(open_):
        open_ = open_[~decided(open_, high[open_])]
        high[open_] *= 2.0
        high[open_[high[open_] > _MOST]] = np.inf
        open_ = open_[np.isfinite(high[open_])]
    low = np.where(np.isfinite(high), high / 2.0, 0.0)  # not decided there, or 1/2
    open_ = np.flatnonzero(np.isfinite(high) & (high > 1.0))
    while len(open_):
        middle = np.floor(0.5 * (low[open_] + high[open_]))
        yes = decided(open_, middle)
        high[open_[yes]] = middle[yes]
        low[open_[~yes]] = middle[~yes]
        open_ = open_[high[open_] - low[open_] > 1.0]
    return high
