"""How often rank intervals hold the ranks of all items together, and how errors do with ties.

    python -m benchmarks.coverage_ranks [SIMULATIONS]

First table: 8 items with normal strengths (deviation 0.7), pairs drawn by chance, so many games in
all. "one never met": a ninth item without a game. "two leagues": two times 5 items that meet among
themselves only. With the prior of precision 0.01, so that all have a fit. A cell is the share of
leaderboards in which the intervals of level 95 % hold the true ranks of all items together, among
all of them: of the fit, and of 400 replicates (simultaneous).

Second table: what share of 95 % intervals of theta hold the truth, and the middle standard error in
standard deviations of the estimates, with Fisher errors and robust ones. Hard: won or lost. Ties: a
third of the games, as half a win to each. Soft: a score of Beta(2p, 2(1 - p)). Weights: each game
counts as 0.2 to 5, by chance; "by row": with each row a cluster of its own.
"""

from __future__ import annotations

import sys
import warnings

import numpy as np

import venire as vn

SEED, REPLICATES, PRIOR = 20261130, 400, vn.GaussianPrior(0.01)
GAMES = (20, 60, 200, 2_000)


def games(rng: np.random.Generator, theta: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of items, n games."""
    first = rng.integers(0, len(theta), n)
    return first, (first + rng.integers(1, len(theta), n)) % len(theta)


def won(rng: np.random.Generator, theta: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Scores of the first: 0 or 1."""
    return (rng.random(len(i)) < 1.0 / (1.0 + np.exp(theta[j] - theta[i]))).astype(float)


def leaderboard(rng: np.random.Generator, name: str, n: int) -> tuple[np.ndarray, vn.Comparisons]:
    """True strengths and what was observed."""
    leagues = {"all met": (8,), "one never met": (8, 1), "two leagues": (5, 5)}[name]
    theta = rng.normal(0.0, 0.7, sum(leagues))
    starts = np.cumsum([0, *leagues])
    rows = []
    for start, size in zip(starts, leagues, strict=False):
        if size > 1:
            i, j = games(rng, theta[start : start + size], n // len(leagues))
            rows.append((i + start, j + start))
    i, j = (np.concatenate(x) for x in zip(*rows, strict=True))
    return theta, vn.Comparisons(i, j, won(rng, theta, i, j), items=np.arange(len(theta)))


def held(bounds: np.ndarray, theta: np.ndarray) -> bool:
    """Whether intervals hold all ranks."""
    rank = 1 + (theta[:, None] < theta[None, :]).sum(axis=1)
    return bool(((bounds[:, 0] <= rank) & (rank <= bounds[:, 1])).all())


def ranks(name: str, n: int, simulations: int) -> tuple[float, float]:
    """Shares of leaderboards that hold, by the fit and by the bootstrap."""
    count = np.zeros(2)
    for k in range(simulations):
        theta, c = leaderboard(np.random.default_rng([SEED, n, k]), name, n)
        fit = vn.fit_bradley_terry(c, prior=PRIOR)
        b = vn.bootstrap(fit, REPLICATES, rng=k, n_threads=1)
        found = (fit.rank_interval(), b.rank_interval(simultaneous=True))
        count += [held(bounds, theta) for bounds in found]
    return tuple(count / simulations)


def scores(rng: np.random.Generator, name: str, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes with mean p, and their weights."""
    one = np.ones(len(p))
    if name == "soft":
        return rng.beta(2.0 * p, 2.0 * (1.0 - p)), one
    hard = (rng.random(len(p)) < p).astype(float)
    if name == "ties":  # the rest is won as often as keeps the mean
        edge = (p - 1.0 / 6.0) * 1.5
        hard = (rng.random(len(p)) < np.clip(edge, 0.0, 1.0)).astype(float)
        return np.where(rng.random(len(p)) < 1.0 / 3.0, 0.5, hard), one
    return hard, np.exp(rng.uniform(-1.6, 1.6, len(p))) if name.startswith("weights") else one


def errors(name: str, n: int, simulations: int) -> list[float]:
    """Of Fisher and of robust errors: shares of intervals that hold, mean error over deviation."""
    hold, mean, estimates = np.zeros(2), np.zeros(2), []
    theta = np.linspace(-0.6, 0.6, 6)
    for k in range(simulations):
        rng = np.random.default_rng([SEED, n, k, 1])
        i, j = games(rng, theta, n)
        p = 1.0 / (1.0 + np.exp(theta[j] - theta[i]))
        s, w = scores(rng, name, p)
        cluster = np.arange(n) if name == "weights, by row" else None
        c = vn.Comparisons(i, j, s, weight=w, cluster=cluster, items=np.arange(6))
        fit = vn.fit_bradley_terry(c, prior=PRIOR)
        estimates.append(fit.theta)
        for m, kind in enumerate(("fisher", "robust")):
            low, high = fit.interval(0.95, kind).T
            hold[m] += ((low <= theta) & (theta <= high)).mean() / simulations
            mean[m] += np.median(fit.standard_errors(kind)) / simulations
    spread = float(np.std(np.array(estimates), axis=0).mean())
    return [hold[0], hold[1], mean[0] / spread, mean[1] / spread]


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    warnings.simplefilter("ignore")
    print("| leaderboards | games | fit | bootstrap |\n| :-- | --: | --: | --: |")
    for name in ("all met", "one never met", "two leagues"):
        for size in GAMES:
            found = ranks(name, size, n)
            print(f"| {name} | {size:,} |", " | ".join(f"{x:.3f}" for x in found), "|", flush=True)
    print("\n| outcomes | games | fisher | robust | fisher / sd | robust / sd |")
    print("| :-- |" + " --: |" * 5)
    for name in ("hard", "ties", "soft", "weights", "weights, by row"):
        for size in GAMES:
            found = errors(name, size, n)
            print(f"| {name} | {size:,} |", " | ".join(f"{x:.3f}" for x in found), "|", flush=True)


if __name__ == "__main__":
    main()
