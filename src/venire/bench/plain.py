"""Kernels in plain Python: lists, dicts and loops, as one would write them without NumPy.

Twins to compare with. `venire.reference` has the definitions, these have nothing but the standard
library, and agree with it to rounding or to their tolerance.
"""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence

__all__ = [
    "beta_cdf",
    "beta_quantile",
    "bootstrap_means",
    "bootstrap_thetas",
    "count_pairs",
    "count_votes",
    "fit_pairs",
    "fit_rankings",
    "reliability",
]

TOL = 1e-9
Pairs = dict[tuple[int, int], list[float]]


def count_pairs(first: Sequence[int], second: Sequence[int], score: Sequence[float]) -> Pairs:
    """Points of both sides of each pair, the smaller item first."""
    pairs: Pairs = {}
    for i, j, s in zip(first, second, score, strict=True):
        if i > j:
            i, j, s = j, i, 1.0 - s
        found = pairs.setdefault((i, j), [0.0, 0.0])
        found[0] += s
        found[1] += 1.0 - s
    return pairs


def fit_pairs(
    n_items: int, pairs: Pairs, precision: float = 0.0, tol: float = TOL, max_iter: int = 100_000
) -> list[float]:
    """Log-strengths of mean 0 by coordinates: each item in turn gets one step of Newton's.

    Stops as the package does: when no item's slope is above `tol` for each of its comparisons.
    """
    games: list[list[tuple[int, float, float]]] = [[] for _ in range(n_items)]
    for (i, j), (win, loss) in pairs.items():
        games[i].append((j, win, loss))
        games[j].append((i, loss, win))
    theta = [0.0] * n_items
    for _ in range(max_iter):
        worst = 0.0
        for i, own in enumerate(games):
            slope, curvature, total = -precision * theta[i], precision, 0.0
            for j, win, loss in own:
                p = 1.0 / (1.0 + math.exp(theta[j] - theta[i]))
                slope += win - (win + loss) * p
                curvature += (win + loss) * p * (1.0 - p)
                total += win + loss
            if total:
                worst = max(worst, abs(slope) / total)
                theta[i] += max(-1.0, min(1.0, slope / curvature))
        if worst <= tol:
            break
    mean = sum(theta) / n_items
    return [x - mean for x in theta]


def fit_rankings(
    n_items: int, rankings: Sequence[Sequence[int]], tol: float = TOL, max_iter: int = 100_000
) -> list[float]:
    """Strengths of Plackett and Luce's model by Hunter's sweeps (2004), logs of mean 0."""
    chosen = [0] * n_items
    for row in rankings:
        for item in row[:-1]:
            chosen[item] += 1
    theta = [0.0] * n_items
    for _ in range(max_iter):
        strength = [math.exp(x) for x in theta]
        share = [0.0] * n_items
        for row in rankings:
            rest = sum(strength[item] for item in row)
            seen = 0.0
            for item in row[:-1]:
                seen += 1.0 / rest
                share[item] += seen
                rest -= strength[item]
            share[row[-1]] += seen
        new = [math.log(c / s) for c, s in zip(chosen, share, strict=True)]
        mean = sum(new) / n_items
        new = [x - mean for x in new]
        moved = max(abs(a - b) for a, b in zip(new, theta, strict=True))
        theta = new
        if moved <= tol:
            break
    return theta


def count_votes(
    pair: Sequence[int], teacher: Sequence[int], vote: Sequence[int]
) -> dict[tuple[int, int], list[int]]:
    """Wins, ties and losses of each judgment."""
    cells: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for p, t, v in zip(pair, teacher, vote, strict=True):
        cells[p, t][1 - v] += 1
    return dict(cells)


def _digamma(x: float) -> float:
    below = 0.0
    while x < 10.0:
        below -= 1.0 / x
        x += 1.0
    y = 1.0 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y / 132))))
    return below + math.log(x) - 0.5 / x - series


def reliability(
    pair: Sequence[int], teacher: Sequence[int], vote: Sequence[int], n_pairs: int, n_teachers: int
) -> list[float]:
    """Probability of each pair by `consensus(votes, "reliability")`, one vote a judgment."""
    n, total = [0] * n_pairs, [0] * n_pairs
    for p, v in zip(pair, vote, strict=True):
        n[p] += 1
        total[p] += v
    size, match = [0.0] * n_teachers, [0.0] * n_teachers
    for p, t, v in zip(pair, teacher, vote, strict=True):
        others = max(n[p] - 1, 1)
        size[t] += abs(v)
        match[t] += v * (total[p] - v) / (1 + others)
    weight = [
        max(_digamma(4 + (s + m) / 2) - _digamma(2 + (s - m) / 2), 1e-6)
        for s, m in zip(size, match, strict=True)
    ]
    w, square, y = [0.0] * n_pairs, [0.0] * n_pairs, [0.0] * n_pairs
    for p, t, v in zip(pair, teacher, vote, strict=True):
        w[p] += weight[t]
        square[p] += weight[t] ** 2
        y[p] += weight[t] * v
    out = []
    for a, b, c in zip(w, square, y, strict=True):
        n_eff = a * a / b
        out.append((1 + n_eff / (1 + n_eff) * c / a) / 2)
    return out


def beta_cdf(a: float, b: float, x: float) -> float:
    """I_x(a, b) by its continued fraction (Lentz's method)."""
    if x <= 0.0 or x >= 1.0:
        return float(x > 0.0)
    if x > (a + 1.0) / (a + b + 2.0):
        return 1.0 - beta_cdf(b, a, 1.0 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        + a * math.log(x) + b * math.log1p(-x)
    ) / a  # fmt: skip
    c, d, value, k = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0)), 0.0, 0
    value = d
    while k < 10_000:
        k += 1
        even = k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k))
        odd = -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1))
        for term in (even, odd):
            d = 1.0 / (1.0 + term * d)
            c = 1.0 + term / c
            value *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return front * value


def beta_quantile(a: float, b: float, q: float) -> float:
    """x with I_x(a, b) = q, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if beta_cdf(a, b, middle) < q:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def bootstrap_means(x: Sequence[float], n_resamples: int, seed: int) -> list[float]:
    """The mean of each of some resamples."""
    rng = random.Random(seed)
    return [sum(rng.choices(x, k=len(x))) / len(x) for _ in range(n_resamples)]


def bootstrap_thetas(
    n_items: int, rows: Sequence[tuple[int, int, float]], n_resamples: int, seed: int
) -> list[list[float]]:
    """Log-strengths of each of some resamples of the rows."""
    rng = random.Random(seed)
    out = []
    for _ in range(n_resamples):
        first, second, score = zip(*rng.choices(rows, k=len(rows)), strict=True)
        out.append(fit_pairs(n_items, count_pairs(first, second, score)))
    return out
