"""How often the 95 % intervals of `rate` cover, where prompts differ in what they favour.

    python -m benchmarks.coverage_rate [REPETITIONS] [NAME ...]

A prompt moves each model by N(0, tau^2). Judge t sees sharp_t times the difference of two models
on a prompt, adds a lean to the one shown first (the order is drawn), and an error that is common to
all judges up to a correlation of rho; what it sees within 0.2 of 0 is a tie; some votes are
missing. The truth is what the same procedure gives for a million such prompts, not the theta that
made the votes.

Columns: share of intervals of theta and of differences that cover it, by prompt (the default);
of theta with the judges' weights taken for known (the clustered sandwich of the fit, normal
quantiles), of bootstrap percentiles, and without clusters (Fisher).
"""

from __future__ import annotations

import math
import sys
import warnings

import numpy as np

import venire as vn

TRUTH, PART = 1_000_000, 50_000  # prompts

USUAL = {"prompts": 100, "pairs": 6, "judges": 5, "models": 6, "spread": 1.0, "tau": 1.0,
         "rho": 0.3, "lean": 1.0, "missing": 0.1}  # fmt: skip
CASES = {
    "usual": {},
    "20 prompts, 15 pairs each": {"prompts": 20, "pairs": 15},
    "30 prompts, 8 pairs": {"prompts": 30, "pairs": 8},
    "50 prompts, 6 pairs": {"prompts": 50},
    "400 prompts, 1 pair": {"prompts": 400, "pairs": 1},
    "strong prompts, tau 2": {"tau": 2.0},
    "no prompt effect, independent judges": {"tau": 0.0, "rho": 0.0, "lean": 0.0},
    "judges err alike, rho .8": {"rho": 0.8},
    "models far apart": {"spread": 2.0},
    "half of the votes missing": {"missing": 0.5},
    "two judges": {"judges": 2},
    "one judge": {"judges": 1},
    "15 models": {"models": 15, "pairs": 20},
}


def simulated(
    rng, *, prompts, pairs, judges, models, spread, tau, rho, lean, missing, swapped=True
):
    """Votes on some prompts."""
    theta = np.linspace(-spread, spread, models)
    first = rng.integers(0, models, (prompts, pairs))
    second = (first + rng.integers(1, models, first.shape)) % models
    moved = theta + rng.normal(0.0, tau, (prompts, models))
    row = np.arange(prompts)[:, None]
    sharp, leans = np.linspace(2.0, 0.4, judges), lean * np.linspace(-0.8, 1.2, judges)
    d = (moved[row, first] - moved[row, second])[..., None] * sharp + leans
    common, own = rng.normal(size=(*first.shape, 1)), rng.normal(size=d.shape)
    seen = d + 1.7 * (math.sqrt(rho) * common + math.sqrt(1.0 - rho) * own)
    vote = np.where(np.abs(seen) < 0.2, 0, np.sign(seen)).astype(np.int8)
    keep = rng.random(vote.shape) >= missing
    columns = first[..., None], second[..., None], np.arange(judges), row[..., None]
    one, two, judge, prompt = (np.broadcast_to(x, vote.shape)[keep] for x in columns)
    return one, two, judge, vote[keep], prompt


def votes_of(rows, start=0):
    *columns, prompt = rows
    return vn.Votes(*columns, group=prompt + start)


def truth(how):
    """Theta of a million prompts, joined part by part."""
    rng, votes = np.random.default_rng(99), None
    for start in range(0, TRUTH, PART):
        part = votes_of(simulated(rng, **how | {"prompts": PART}), start)
        votes = part if votes is None else votes + part
    return vn.rate(votes).theta


def covered(bounds, value):
    low, high = bounds
    return float(((low <= value) & (value <= high)).mean())


def measured(how, n, rng):
    theta = truth(how)
    i, j = np.triu_indices(len(theta), 1)
    found = []
    while len(found) < n:
        votes = votes_of(simulated(rng, **how))
        try:
            rated = vn.rate(votes, n_threads=1)
        except vn.NotIdentifiedError:
            continue
        if len(rated.items) < len(theta):
            continue
        _, *difference = rated.difference(rated.items[i], rated.items[j])
        drawn = rated.bootstrap(200, rng=len(found), n_threads=1).interval().T
        found.append((
            covered(rated.interval().T, theta),
            covered(difference, theta[i] - theta[j]),
            covered(rated.fit.interval(0.95, "robust").T, theta),
            covered(drawn, theta),
            covered(rated.interval(errors="fisher").T, theta),
        ))  # fmt: skip
    return np.mean(found, axis=0)


def main(n: int, names: list[str]) -> None:
    warnings.simplefilter("ignore")
    print("| | theta | differences | weights known | bootstrap | no clusters |")
    print("| :-- | --: | --: | --: | --: | --: |")
    for name in names or CASES:
        shares = measured(USUAL | CASES[name], n, np.random.default_rng(1))
        print(f"| {name} |", " | ".join(f"{x:.3f}" for x in shares), "|", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2:])
