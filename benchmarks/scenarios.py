"""Simulated panels of judges: how right each method of consensus is, and which warnings fire.

    python -m benchmarks.scenarios [--seeds 20]

Means over seeds, 400 pairs and two runs a judge. "stacked" has gold for a fifth of the pairs and is
scored on the rest. A warning is listed with the share of the seeds in which it fires, from half up.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

import venire as vn

METHODS = {
    "uniform": {"method": "uniform"},
    "precision": {"method": "precision"},
    "reliability": {"method": "reliability"},
    "converged": {"method": "reliability", "rounds": "converge"},
    "correlated": {"method": "correlated"},
}
FIVE = np.linspace(0.60, 0.85, 5)

SCENARIOS: dict[str, dict[str, Any]] = {
    "independent": {"accuracy": FIVE},
    "rho 0.3": {"accuracy": FIVE, "rho": 0.3},
    "rho 0.6": {"accuracy": FIVE, "rho": 0.6},
    "rho 0.9": {"accuracy": FIVE, "rho": 0.9},
    "4 noisy + 1 confident, wrong": {
        "accuracy": [0.8] * 4 + [0.3],
        "flip": [0.2] * 4 + [0.08],
    },
    "2 noisy + 1 confident, wrong": {
        "accuracy": [0.8] * 2 + [0.3],
        "flip": [0.2] * 2 + [0.08],
    },
    "3 alike, poor + 2 good": {
        "accuracy": [0.55] * 3 + [0.85] * 2,
        "rho": 0.9,
        "clique": [0, 0, 0, -1, -1],
    },
    "3 alike, poor + 4 good": {
        "accuracy": [0.65] * 3 + [0.8] * 4,
        "rho": 0.98,
        "flip": 0.05,
        "clique": [0, 0, 0, -1, -1, -1, -1],
    },
}


@dataclass(frozen=True)
class Found:
    """Mean accuracy by method, and how often each kind of warning fired with "reliability"."""

    accuracy: dict[str, float]
    notices: Counter[str]
    seeds: int


def right(p: np.ndarray, truth: np.ndarray) -> float:
    return float(((1 + np.sign(np.round(2 * p - 1, 12)) * (2 * truth - 1)) / 2).mean())


def run(name: str, seeds: int) -> Found:
    """All methods on the scenario."""
    sums: Counter[str] = Counter()
    fired: Counter[str] = Counter()
    for seed in range(seeds):
        rows = vn.simulate.panel(**SCENARIOS[name], rng=seed)
        votes, truth = rows.to_votes(), rows.truth
        for method, options in METHODS.items():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", vn.ConvergenceWarning)
                q = vn.consensus(votes, **options)
            sums[method] += right(q.probability, truth)
            if method == "reliability":
                fired.update({w.name for w in q.warnings})
            if method == "correlated":
                fired.update({w.name for w in q.warnings if w.name == "near-duplicates"})
        known = np.where(np.arange(len(truth)) < len(truth) // 5, truth, np.nan)
        rest = np.isnan(known)
        sums["stacked"] += right(
            vn.panel.stack(votes, known, rng=seed).probability[rest], truth[rest]
        )
    return Found({k: v / seeds for k, v in sums.items()}, fired, seeds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scenarios", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    columns = (*METHODS, "stacked")
    print("| panel |", " | ".join(columns), "| warnings |")
    print("| :-- |", " | ".join(["--:"] * len(columns)), "| :-- |")
    for name in SCENARIOS:
        found = run(name, arguments.seeds)
        told = [
            kind if n == found.seeds else f"{kind} ({n / found.seeds:.0%})"
            for kind, n in found.notices.most_common()
            if 2 * n >= found.seeds
        ]
        cells = [f"{found.accuracy[c]:.3f}" for c in columns]
        print(f"| {name} |", " | ".join(cells), "|", ", ".join(told) or "none", "|")


if __name__ == "__main__":
    main()
