"""The prior's precision by the evidence against what is known: the truth, the time, other games.

    python -m benchmarks.evidence [--worlds 20] [--data FOLDER] [--only worlds|time|football ...]

Worlds: strengths of 200 items with standard deviation sd, about 20 or 200 games each. There
tau sd^2 should be 1, and predictions be as good as with the true precision: KL is the mean over all
pairs of the divergence of the predicted from the true outcomes, relative to that with 1 / sd^2.
Time: of fits with one thread, relative to one with the precision that was found. Football:
international games from 2022 on, a tie half a win to each; log-loss of games that were held out,
less that with a precision of 0.01; with one mean, and with one for each confederation, whose cups
tell who is of which.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

import venire as vn

ROOT = Path(__file__).resolve().parents[1]
EVIDENCE = vn.GaussianPrior("evidence")
WEAK = vn.GaussianPrior(0.01)
FOLDS, SEEDS = (2, 5), 4
SINCE = "2022"
CUPS = {
    "UEFA": ("UEFA", "Nordic", "Baltic", "British Home"),
    "CAF": ("African", "COSAFA", "CECAFA", "Africa", "CEMAC", "Amilcar"),
    "AFC": ("AFC", "Asian", "ASEAN", "SAFF", "Gulf Cup", "WAFF", "EAFF", "CAFA", "Arab"),
    "CONCACAF": ("CONCACAF", "Gold Cup", "Caribbean", "UNCAF", "CFU"),
    "CONMEBOL": ("Copa Am",),
    "OFC": ("Oceania", "OFC", "Pacific", "Melanesian"),
}


def world(n: int, m: int, sd: float, seed: int) -> tuple[vn.Comparisons, np.ndarray]:
    """Comparisons of items drawn evenly, and the strengths that they have."""
    rng = np.random.default_rng([n, m, seed])
    theta = rng.normal(0.0, sd, n)
    i = rng.integers(0, n, m)
    j = (i + rng.integers(1, n, m)) % n
    won = rng.random(m) < 1.0 / (1.0 + np.exp(theta[j] - theta[i]))
    return vn.Comparisons(i, j, won, items=np.arange(n)), theta


def divergence(theta: np.ndarray, truth: np.ndarray) -> float:
    """Mean over all pairs of the divergence of the predictions from the truth."""
    i, j = np.triu_indices(len(truth), 1)
    d, own = truth[i] - truth[j], theta[i] - theta[j]
    p = 1.0 / (1.0 + np.exp(-d))
    log_ratio = np.logaddexp(0.0, -own) - np.logaddexp(0.0, -d)
    return float(np.mean(p * log_ratio + (1.0 - p) * (log_ratio + own - d)))


def worlds(n_worlds: int) -> None:
    """tau sd^2, and divergences relative to that of the true precision."""
    print(f"{'games':>6} {'sd':>4} {'tau sd^2':>9} {'+-':>6} {'KL':>6} {'KL of 0.01':>11}")
    for games in (20, 200):
        for sd in (0.5, 1.0, 2.0):
            shares, kl = [], []
            for seed in range(n_worlds):
                c, truth = world(200, 100 * games, sd, seed)
                fits = [
                    vn.fit_bradley_terry(c, prior=prior, n_threads=1)
                    for prior in (EVIDENCE, vn.GaussianPrior(1.0 / sd**2), WEAK)
                ]
                shares.append(fits[0].evidence.precision * sd**2)
                kl.append([divergence(fit.theta, truth) for fit in fits])
            own, true, weak = np.mean(kl, axis=0)
            error = np.std(shares) / np.sqrt(n_worlds)
            print(
                f"{games:6} {sd:4g} {np.mean(shares):9.3f} {error:6.3f} {own / true:6.3f} "
                f"{weak / true:11.2f}",
                flush=True,
            )


def seconds(c: vn.Comparisons, prior: vn.GaussianPrior, repeats: int) -> float:
    """Of a fit: the least of several times of this thread."""
    found = []
    for _ in range(repeats):
        start = time.thread_time()
        vn.fit_bradley_terry(c, prior=prior, n_threads=1)
        found.append(time.thread_time() - start)
    return min(found)


def times() -> None:
    """Seconds of a fit by the evidence and of one with its precision."""
    print(
        f"{'items':>7} {'rows':>8} {'sd':>4} {'evidence s':>11} {'one fit s':>10} {'ratio':>6} fits"
    )
    for n, m, repeats in ((200, 2_000, 25), (200, 2_000_000, 7), (100_000, 1_000_000, 3)):
        for sd in (0.5, 1.0, 2.0):
            c, _ = world(n, m, sd, 0)
            found = vn.fit_bradley_terry(c, prior=EVIDENCE, n_threads=1)
            own = seconds(c, EVIDENCE, repeats)
            one = seconds(c, found.prior, repeats)
            print(
                f"{n:7} {m:8} {sd:4g} {own:11.4f} {one:10.4f} {own / one:6.2f} "
                f"{found.evidence.n_fits}",
                flush=True,
            )


def football(folder: Path) -> None:
    """Log-loss of held-out games less that with a precision of 0.01, per game."""
    path = folder / "football_international.csv.gz"
    if not path.exists():
        print(f"football: no {path}")
        return
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    home = confederations(rows)
    rows = [row for row in rows if row["date"] >= SINCE]
    first, second = (np.array([row[side] for row in rows]) for side in ("home", "away"))
    margin = np.array([float(row["home_score"]) - float(row["away_score"]) for row in rows])
    order = np.array([row["neutral"] != "1" for row in rows], int)
    games = Games(first, second, 0.5 + 0.5 * np.sign(margin), order)
    by = vn.GaussianPrior("evidence", by=home)
    n, parts = len(rows), [("last fifth", [np.arange(len(rows)) >= 0.8 * len(rows)])]
    for k in FOLDS:
        draws = [np.random.default_rng(seed).permutation(n) % k for seed in range(SEEDS)]
        parts.append((f"{k} folds", [fold == one for fold in draws for one in range(k)]))
    print(f"football from {SINCE} on: {n:,} games, ties half a win; {SEEDS} draws of the folds")
    print("  held out precision   phi  log-loss     less            by confederation")
    for name, folds in parts:
        weak, own, leagues = (held_out(games, folds, prior) for prior in (WEAK, EVIDENCE, by))
        gains = [x.loss - weak.loss for x in (own, leagues)]
        less, with_leagues = (
            f"{gain.mean():8.4f} +- {gain.std() / min(n, len(gain)) ** 0.5:.4f}" for gain in gains
        )
        print(
            f"{name:>10} {own.precision:9.3f} {own.dispersion:5.2f} {np.mean(own.loss):9.4f} "
            f"{less} {with_leagues}",
            flush=True,
        )


class Games(NamedTuple):
    """Who met, what first got, and whether it was at home."""

    first: np.ndarray
    second: np.ndarray
    score: np.ndarray
    order: np.ndarray


class HeldOut(NamedTuple):
    """Log-loss of each held-out game, and means over the fits."""

    loss: np.ndarray
    precision: float
    dispersion: float


def held_out(games: Games, folds: list[np.ndarray], prior: vn.GaussianPrior) -> HeldOut:
    """Fit without each fold, and predict it."""
    items = np.unique(np.concatenate([games.first, games.second]))
    losses, found = [], []
    for out in folds:
        first, second, score, order = (x[~out] for x in games)
        c = vn.Comparisons(first, second, score, order=order, items=items)
        fit = vn.fit_bradley_terry(c, prior=prior, order_effect=True)
        first, second, s, order = (x[out] for x in games)
        p = fit.predict(first, second, order=order)
        losses.append(-(s * np.log(p) + (1.0 - s) * np.log1p(-p)))
        found += [fit.evidence] if fit.evidence is not None else []
    precision, dispersion = (
        float(np.mean([getattr(x, name) for x in found])) if found else np.nan
        for name in ("precision", "dispersion")
    )
    return HeldOut(np.concatenate(losses), precision, dispersion)


def confederations(rows: list[dict[str, str]]) -> dict[str, str]:
    """That in whose cups a team played most, in all its games; "none" where in none."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        own = [name for name, words in CUPS.items() if any(w in row["tournament"] for w in words)]
        for team in (row["home"], row["away"]):
            counts[team].update(own)
    return {team: max(own, key=lambda x: own[x], default="none") for team, own in counts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evidence", description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parts = ("worlds", "time", "football")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
    if "worlds" in arguments.only:
        worlds(arguments.worlds)
    if "time" in arguments.only:
        times()
    if "football" in arguments.only:
        football(arguments.data)


if __name__ == "__main__":
    main()
