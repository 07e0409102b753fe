"""How often bootstrap intervals hold the truth, on simulated leaderboards.

    python -m benchmarks.coverage_bootstrap [SIMULATIONS [LEADERBOARDS]]

A leaderboard has 10 items with normal strengths (deviation 0.7; Thurstone's unit: 0.4) and 1,200
battles, skewed towards the popular ones; "ties": a fifth of them, by Davidson's model. 1,000
multinomial replicates each; one without a finite fit is drawn again. A cell is the share of theta's
intervals (nominal 95 %) that hold the truth, and of the leaderboards whose simultaneous rank
intervals hold all ranks together. Below: whether replicates drawn by cells
and drawn by rows have the same distribution, by Kolmogorov and Smirnov's test of each item's theta,
10,000 replicates each; under the same law the least of 10 p-values is below 0.005 once in 20.
"""

from __future__ import annotations

import contextlib
import sys
import warnings

import numpy as np

import venire as vn

ITEMS, BATTLES, REPLICATES, SEED = 10, 1_200, 1_000, 20261124
KINDS = ("percentile", "basic", "bca", "studentized")
MODELS = {
    "Bradley-Terry": (vn.fit_bradley_terry, "bradley-terry", 0.7),
    "Thurstone": (vn.fit_thurstone, "thurstone", 0.4),
    "Davidson, ties": (vn.fit_davidson, "davidson", 0.7),
}


def battles(rng: np.random.Generator, theta: np.ndarray, model: str) -> tuple:
    """Rows of one leaderboard: first, second, score."""
    popular = 1.0 / np.arange(1, ITEMS + 1) ** 0.7
    first = rng.choice(ITEMS, BATTLES, p=popular / popular.sum())
    second = rng.choice(ITEMS, BATTLES, p=popular / popular.sum())
    second = np.where(first == second, (second + rng.integers(1, ITEMS, BATTLES)) % ITEMS, second)
    gap, u = theta[first] - theta[second], rng.random(BATTLES)
    if model == "thurstone":
        return first, second, (gap + rng.normal(size=BATTLES) > 0.0).astype(float)
    tie = 0.5 if model == "davidson" else 0.0
    win = np.exp(gap / 2.0)
    total = win + 1.0 / win + tie
    return (
        first,
        second,
        np.where(u < win / total, 1.0, np.where(u < (win + tie) / total, 0.5, 0.0)),
    )


def simulate(name: str, n: int) -> tuple[np.ndarray, float]:
    """Shares of the intervals of each kind that hold theta, and of rank intervals that hold all."""
    fit_model, model, spread = MODELS[name]
    held, ranks = np.zeros(len(KINDS)), 0.0
    for k in range(n):
        rng = np.random.default_rng([SEED, k])
        fit = None
        while fit is None:
            theta = rng.normal(0.0, spread, ITEMS)
            theta -= theta.mean()
            c = vn.Comparisons(*battles(rng, theta, model), items=np.arange(ITEMS))
            with contextlib.suppress(vn.NotIdentifiedError):
                fit = fit_model(c)
        b = vn.bootstrap(fit, REPLICATES, rng=k, n_threads=1)
        for i, kind in enumerate(KINDS):
            low, high = b.interval(0.95, kind).T
            held[i] += ((low <= theta) & (theta <= high)).mean() / n
        rank = 1 + (theta[:, None] < theta[None, :]).sum(axis=1)
        low, high = b.rank_interval(0.95, simultaneous=True).T
        ranks += ((low <= rank) & (rank <= high)).all() / n
    return held, ranks


def cells_and_rows() -> float:
    """The least p-value over the items."""
    from scipy import stats

    rng = np.random.default_rng(SEED)
    rows = battles(rng, rng.normal(0.0, 0.7, ITEMS), "davidson")
    ways = [vn.Comparisons(*rows), vn.Comparisons(*rows, cluster=np.arange(BATTLES))]
    cells, single = (vn.bootstrap(vn.fit_davidson(c), 10_000, rng=i) for i, c in enumerate(ways))
    pairs = zip(cells.theta.T, single.theta.T, strict=True)
    return min(float(stats.ks_2samp(a, b).pvalue) for a, b in pairs)


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
    print("| leaderboards |", " | ".join(KINDS), "| ranks of all items |")
    print("| :-- |" + " --: |" * (len(KINDS) + 1))
    for name in sys.argv[2:] or MODELS:
        held, ranks = simulate(name, n)
        print(f"| {name} |", " | ".join(f"{x:.4f}" for x in [*held, ranks]), "|", flush=True)
    print(f"\ncells and rows: least p-value {cells_and_rows():.3f}")


if __name__ == "__main__":
    main()
