"""What ties in rankings do to ratings, by the ways of taking them.

    python -m benchmarks.ties_rankings [WORLDS]

Twenty items with ratings of standard deviation 1, 600 rankings of five of them by the model of
Plackett and Luce, whose makers do not tell apart what is of one class: the utilities behind the
order (theta and a Gumbel error) are cut into classes of one width, and items of a class tie.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

import venire as vn

ITEMS, RANKINGS, OF = 20, 600, 5
WIDTHS = (0.2, 0.5, 1.0)
WAYS: dict[str, Callable[[vn.Rankings], vn.Fit]] = {
    "fit_plackett_luce": vn.fit_plackett_luce,
    "pairs, fit_bradley_terry": lambda r: vn.fit_bradley_terry(r.to_comparisons()),
    "pairs, fit_rao_kupper": lambda r: vn.fit_rao_kupper(r.to_comparisons()),
    "pairs, fit_davidson": lambda r: vn.fit_davidson(r.to_comparisons()),
}


def world(rng: np.random.Generator, theta: np.ndarray, width: float) -> vn.Rankings:
    """Rankings of random items with the ties of classes of a width."""
    sets = rng.permuted(np.tile(np.arange(ITEMS), (RANKINGS, 1)), axis=1)[:, :OF]
    level = np.floor((theta[sets] + rng.gumbel(size=sets.shape)) / width)
    return vn.Rankings.from_long(np.repeat(np.arange(RANKINGS), OF), sets.ravel(), -level.ravel())


def main(worlds: int) -> None:
    rng = np.random.default_rng(1)
    theta = rng.normal(0.0, 1.0, ITEMS)
    theta -= theta.mean()
    print("| ties | | scale | correlation | coverage |")
    print("| --: | :-- | --: | --: | --: |")
    for width in WIDTHS:
        made = [world(rng, theta, width) for _ in range(worlds)]
        share = np.mean([r.tied.mean() for r in made])
        for way, fit in WAYS.items():
            found = [fit(r) for r in made]
            scale = np.mean([f.theta @ theta / (theta @ theta) for f in found])
            like = np.mean([np.corrcoef(f.theta, theta)[0, 1] for f in found])
            hit = np.mean([np.abs(f.theta - theta) < 1.96 * f.standard_errors() for f in found])
            print(f"| {share:.0%} | {way} | {scale:.2f} | {like:.3f} | {hit:.3f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
