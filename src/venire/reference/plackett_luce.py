"""The Plackett-Luce model of rankings, from its definition.

A ranking is ``(items, ranked, tied)``: positions of items, best first, of which `ranked` at the
front are in order, and whether each shares its place with the one before. It is a sequence of
choices: of the items of each place, from those that are left. Items that share a place are chosen
from the same set, one after another as if none of them left it; where nothing is left after them,
the last one is no choice, and they are each the last with the same chance.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = [
    "fit_rankings",
    "ranking_choices",
    "rankings_derivatives",
    "rankings_log_likelihood",
    "rankings_strongly_connected",
]

RankingList = Sequence[tuple[Sequence[int], int, Sequence[bool]]]


def ranking_choices(
    items: Sequence[int], ranked: int, tied: Sequence[bool]
) -> list[tuple[list[int], list[int], float]]:
    """The choices of a ranking: who was chosen, from whom, and how often the choice counts.

    Kernel: csrc/vn_ranking.c, by `venire.fit_plackett_luce`.
    """
    places: list[list[int]] = []
    for k in range(ranked):
        if places and tied[k]:
            places[-1].append(items[k])
        else:
            places.append([items[k]])
    left, out = list(items), []
    for chosen in places:
        count = len(chosen) - (len(chosen) == len(left))
        if count:
            out.append((chosen, list(left), float(count)))
        left = [item for item in left if item not in chosen]
    return out


def rankings_log_likelihood(
    theta: np.ndarray, rankings: RankingList, weight: np.ndarray | None = None
) -> float:
    """Log-likelihood of rankings.

    Kernel: csrc/vn_ranking.c, by `venire.fit_plackett_luce`.

    Parameters
    ----------
    theta : ndarray, shape (n_items,)
    rankings : list of (items, ranked, tied)
    weight : ndarray, shape (n_rankings,), optional

    Returns
    -------
    float
        Sum over the choices of count * (mean theta of the chosen - log sum exp theta of the set).
    """
    total = 0.0
    for k, ranking in enumerate(rankings):
        for chosen, left, count in ranking_choices(*ranking):
            value = np.mean(theta[chosen]) - np.logaddexp.reduce(theta[left])
            total += (1.0 if weight is None else weight[k]) * count * float(value)
    return total


def rankings_derivatives(
    theta: np.ndarray, rankings: RankingList, weight: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes, (n_items,), and minus the second derivatives, (n_items, n_items).

    Kernel: csrc/vn_ranking_slopes.c and csrc/vn_ranking_pairs.c, by `venire.fit_plackett_luce`.

    Of a choice with probabilities p in its set: the chosen less p, and diag(p) - p p'.
    """
    n = len(theta)
    slopes, information = np.zeros(n), np.zeros((n, n))
    for k, ranking in enumerate(rankings):
        for chosen, left, count in ranking_choices(*ranking):
            count = count * (1.0 if weight is None else weight[k])
            p = np.zeros(n)
            p[left] = np.exp(theta[left] - np.logaddexp.reduce(theta[left]))
            slopes[chosen] += count / len(chosen)
            slopes -= count * p
            information += count * (np.diag(p) - np.outer(p, p))
    return slopes, information


def rankings_strongly_connected(n_items: int, rankings: RankingList) -> bool:
    """Whether each item is ranked above each other one, directly or in a chain; two that tie are
    above each other.

    Kernel: csrc/vn_ranking_graph.c, by `venire.fit_plackett_luce` before it iterates.
    """
    above = np.eye(n_items, dtype=bool)
    for ranking in rankings:
        for chosen, left, _ in ranking_choices(*ranking):
            above[np.ix_(chosen, left)] = True
    for k in range(n_items):
        above |= np.outer(above[:, k], above[k])
    return bool(above.all())


def fit_rankings(
    n_items: int,
    rankings: RankingList,
    weight: np.ndarray | None = None,
    *,
    precision: float | np.ndarray = 0.0,
    mean: float | np.ndarray = 0.0,
    tol: float = 1e-12,
    max_iter: int = 200,
) -> np.ndarray:
    """Theta of the greatest (penalised) likelihood, (n_items,), by Newton's method with halving.

    Kernel: csrc/vn_ranking.c, by `venire.fit_plackett_luce`.

    Without a prior all items must be one component; theta has the mean 0.
    """
    ridge = np.broadcast_to(np.asarray(precision, np.float64), n_items)
    centre = np.broadcast_to(np.asarray(mean, np.float64), n_items)

    def value(x: np.ndarray) -> float:
        return rankings_log_likelihood(x, rankings, weight) - 0.5 * float(ridge @ (x - centre) ** 2)

    theta = centre.copy()
    for _ in range(max_iter):
        slopes, information = rankings_derivatives(theta, rankings, weight)
        slopes = slopes - ridge * (theta - centre)
        information = information + np.diag(ridge)
        if np.abs(slopes).max() <= tol:
            break
        step = np.linalg.lstsq(information, slopes, rcond=None)[0]
        while value(theta + step) < value(theta) - 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2.0
        theta = theta + step
    return theta - (theta.mean() if not ridge.any() else 0.0)
