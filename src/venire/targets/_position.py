"""How far each judge leans to the answer shown first, what the ratings expect allowed for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.votes import Votes

__all__ = ["Lean", "leans"]

FEWEST, FEWEST_OF_AN_ORDER = 10, 3  # judgments
LEAST = 0.05  # share of the orders' squares that what the ratings expect must leave

Floats = NDArray[np.float64]


class Lean(NamedTuple):
    """What being shown first adds to P(first) - P(second), of each judge.

    Attributes
    ----------
    bias, lower, upper : ndarray of float64, shape (n_judges,)
        NaN where orders were not recorded, or a judge has under 10 judgments or 3 of an order.
    """

    bias: Floats
    lower: Floats
    upper: Floats


def leans(votes: Votes, expected: Floats, prompt: NDArray[np.int64], level: float) -> Lean:
    """Least squares of each judge's votes on what the ratings expect and on the order.

    With s the mean signed vote of a judgment in one order, x the ratings' P(first) - P(second) of
    its pair, o = 1 where the pair's first was shown first and -1 where its second was,
    s = slope x + bias o. Judgments in both orders say it by themselves; of one order, x takes care
    of what stronger models gain by being shown first more often.

    Parameters
    ----------
    votes : Votes
    expected : ndarray of float64, shape (n_pairs,)
    prompt : ndarray of int64, shape (n_pairs,)
        By which errors are clustered; from 0.
    level : float
        Of the intervals, by Student's t with the number of a judge's prompts less one.
    """
    n = votes.n_teachers
    unknown = np.full(n, np.nan)
    swapped, total = votes.swapped_runs, votes.swapped_total
    if swapped is None or total is None:
        return Lean(unknown, unknown, unknown)
    runs = np.concatenate([votes.runs - swapped, swapped])
    seen = np.flatnonzero(runs > 0)
    one = len(seen) - np.count_nonzero(seen >= len(swapped))  # the first are as they were
    cell = np.where(seen >= len(swapped), seen - len(swapped), seen)
    s = np.concatenate([votes.total - total, total])[seen] / runs[seen]
    o = np.ones(len(seen))
    o[one:] = -1.0
    judge, x = votes.teacher[cell], expected[votes.pair[cell]]

    def summed(y: Floats) -> Floats:
        return np.bincount(judge, y, n).astype(np.float64)

    xx, xo, oo = summed(x * x), summed(x * o), summed(o * o)
    xs, os = summed(x * s), summed(o * s)
    rare = (oo - np.abs(np.bincount(judge, o, n))) / 2.0  # judgments of the rarer order
    told = (oo >= FEWEST) & (rare >= FEWEST_OF_AN_ORDER)
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = oo - np.where(xx > 0.0, xo * xo / xx, 0.0)  # of o, beyond x
        tied = np.where(xx > 0.0, xo / xx, 0.0)
        bias = np.where(told & (rest > LEAST * oo), (os - tied * xs) / rest, np.nan)
        slope = np.where(xx > 0.0, (xs - xo * bias) / xx, 0.0)
        error = s - slope[judge] * x - bias[judge] * o
        key = prompt[votes.pair[cell]] * np.int64(n) + judge
        most = (int(prompt.max(initial=0)) + 1) * n
        if most <= 4 * len(key) + 1024:
            present = np.flatnonzero(np.bincount(key, minlength=most))
            score = np.bincount(key, error * (o - tied[judge] * x), most)[present]
        else:
            present, place = np.unique(key, return_inverse=True)
            score = np.bincount(place, error * (o - tied[judge] * x))
        whose = present % n
        n_prompts = np.bincount(whose, minlength=n)
        spread = np.bincount(whose, score**2, n) * n_prompts / (n_prompts - 1.0) * oo / (oo - 2.0)
        half = _quantile(level, n_prompts) * np.sqrt(spread) / rest
    bias[n_prompts < 2] = np.nan
    return Lean(*(np.clip(x, -1.0, 1.0) for x in (bias, bias - half, bias + half)))


def _quantile(level: float, n: NDArray[np.int64]) -> Floats:
    from scipy.special import stdtrit

    return np.asarray(stdtrit(np.maximum(n - 1, 1), 0.5 + checks.level(level) / 2.0), np.float64)
