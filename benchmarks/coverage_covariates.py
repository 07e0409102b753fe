"""How often 95 % intervals of a coefficient cover what the fit tends to over ever more prompts.

    python -m benchmarks.coverage_covariates [WORLDS]

Eight items answer prompts. A prompt favours some items (sd 0.4) and cares for length (0.4, sd 0.5);
what is written for it is of a length of its own. The second covariate varies from row to row, and
all prompts care for it alike.
"""

from __future__ import annotations

import sys

import numpy as np

import venire as vn

WORDS = np.array([0.0, 0.8, 0.2, -0.3, 0.5, -0.6, 0.1, -0.2])
SHAPES = ((50, 20), (100, 20), (200, 10))  # prompts, rows of each


def world(rng: np.random.Generator, prompts: int, rows: int) -> vn.Comparisons:
    """Comparisons with prompts as clusters."""
    n, total = len(WORDS), prompts * rows
    first = rng.integers(0, n, total)
    second = (first + rng.integers(1, n, total)) % n
    prompt = np.repeat(np.arange(prompts), rows)
    favour = np.linspace(-1.0, 1.0, n) + rng.normal(0.0, 0.4, (prompts, n))
    slope = 0.4 + rng.normal(0.0, 0.5, prompts)
    length = WORDS + rng.normal(0.0, 0.7, (prompts, n))
    x, z = length[prompt, first] - length[prompt, second], rng.normal(size=total)
    d = favour[prompt, first] - favour[prompt, second] + slope[prompt] * x + 0.2 * z
    score = rng.random(total) < 1.0 / (1.0 + np.exp(-d))
    return vn.Comparisons(
        first, second, score * 1.0, cluster=prompt, covariates={"length": x, "noise": z}
    )


def covered(prompts: int, rows: int, worlds: int) -> np.ndarray:
    """Shares by Fisher errors, by row, and by prompt: (3, 2)."""
    truth = vn.fit_bradley_terry(world(np.random.default_rng(99), 40_000, 20)).coefficients
    hits = np.zeros((3, 2))
    for k in range(worlds):
        c = world(np.random.default_rng([7, prompts, k]), prompts, rows)
        fit = vn.fit_bradley_terry(c)
        by_row = vn.fit_bradley_terry(vn.Comparisons.from_cells(c.cells._replace(cluster=None)))
        for way, (f, errors) in enumerate(((fit, "fisher"), (by_row, "robust"), (fit, "robust"))):
            found = f.coefficient_table(errors)
            hits[way] += (found.lower < truth) & (truth < found.upper)
    return hits / worlds


def main(worlds: int) -> None:
    print("| prompts × rows | Fisher | robust, by row | by prompt |")
    print("| :-- | --: | --: | --: |")
    for prompts, rows in SHAPES:
        cells = [f"{a:.3f}, {b:.3f}" for a, b in covered(prompts, rows, worlds)]
        print(f"| {prompts} × {rows} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
