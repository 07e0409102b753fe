"""What breaking rankings into pairs does to ratings and their errors.

    python -m benchmarks.coverage_rankings [WORLDS]

Twenty items with ratings of standard deviation 1, 400 rankings of five of them by the model of
Plackett and Luce.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

import venire as vn

ITEMS, RANKINGS, OF = 20, 400, 5
UPPER, LOWER = np.triu_indices(OF, 1)


def world(rng: np.random.Generator, theta: np.ndarray, n: int = RANKINGS) -> np.ndarray:
    """Rankings of random items, one a row."""
    sets = rng.permuted(np.tile(np.arange(len(theta)), (n, 1)), axis=1)[:, :OF]
    by = np.argsort(-(theta[sets] + rng.gumbel(size=sets.shape)), axis=1)
    return np.take_along_axis(sets, by, 1)


def _pairs(first: np.ndarray, second: np.ndarray) -> vn.Fit:
    return vn.fit_bradley_terry(vn.Comparisons(first.ravel(), second.ravel(), 1.0))


WAYS: dict[str, Callable[[np.ndarray], vn.Fit]] = {
    "fit_plackett_luce": lambda rows: vn.fit_plackett_luce(vn.Rankings(rows)),
    "pairs, 2 / (m - t)": lambda rows: vn.fit_bradley_terry(
        vn.Rankings(rows).to_comparisons(clustered=False)
    ),
    "pairs, all alike": lambda rows: _pairs(rows[:, UPPER], rows[:, LOWER]),
    "pairs, adjacent": lambda rows: _pairs(rows[:, :-1], rows[:, 1:]),
}


def main(worlds: int) -> None:
    rng = np.random.default_rng(5)
    theta = rng.normal(0.0, 1.0, ITEMS)
    theta -= theta.mean()
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {way: [] for way in WAYS}
    for _ in range(worlds):
        rows = world(rng, theta)
        for way, fit in WAYS.items():
            fitted = fit(rows)
            found[way].append((fitted.theta, fitted.standard_errors()))
    least = np.var([x for x, _ in found["fit_plackett_luce"]], axis=0).mean()
    print("| | variance | bias | plain errors / spread | coverage |")
    print("| :-- | --: | --: | --: | --: |")
    for way, runs in found.items():
        x, errors = np.array(runs).swapaxes(0, 1)
        variance = np.var(x, axis=0).mean()
        bias = np.sqrt(((x.mean(axis=0) - theta) ** 2).mean())
        size = np.sqrt((errors**2).mean() / variance)
        covered = (np.abs(x - theta) < 1.96 * errors).mean()
        print(f"| {way} | {variance / least:.2f} | {bias:.3f} | {size:.2f} | {covered:.3f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
