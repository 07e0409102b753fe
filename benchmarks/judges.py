"""Judges in the likelihood: what slopes and position biases gain, against bars.

    python -m benchmarks.judges [--seeds 12] [--data FOLDER] [--votes 10000000]

Ratings, in simulated worlds: 1 - r² of the centred ratings over that of `fit_votes`, at equal
votes, one a pair of four judges in rotation; mean over seeds with a 95 % interval (Student's t).
Held-out votes (ukp_votes of FOLDER; left out where it is not there): a fifth of each judge's votes
is held out, five times; mean log-loss of one, less that of `fit_votes`, whose differences are
multiplied by the one number that is best for the votes held out. Time: seconds on two threads, the
least of three, of 1,000 judges and 1,000 items.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import t as student

import venire as vn
from benchmarks.replays import SHARED, read
from benchmarks.rounds import nmse

DEGREES = (4, 8, 32)
RATINGS = {"usual": (0.985, 0.98, 0.975), "wrong": (1.0, 1.0, 1.0)}  # bars of signed slopes
HELD_OUT, SECONDS = -0.0014, 3.0
FOLDS = 5
SEED = 1987


class Figure(NamedTuple):
    """One measured number; `bar` None: reported, without one."""

    what: str
    values: list[float]
    bar: float | None = None

    @property
    def half(self) -> float:
        """Half of the 95 % interval of the mean."""
        n = len(self.values)
        return (
            float(student.ppf(0.975, n - 1) * np.std(self.values, ddof=1) / n**0.5)
            if n > 1
            else 0.0
        )

    def row(self, form: str) -> str:
        """Of the table."""
        mean = float(np.mean(self.values))
        bar = "–" if self.bar is None else f"{self.bar:g}" + ("" if self.met else " (missed)")
        return f"| {self.what} | {mean:{form}} ± {self.half:{form}} | {bar} |"

    @property
    def met(self) -> bool:
        return self.bar is None or float(np.mean(self.values)) <= self.bar


# ---- ratings ------------------------------------------------------------------------------------


def ratings(preset: str, degree: int, seeds: int) -> Iterator[Figure]:
    """Ratios of 1 - r², with negative slopes and without."""
    ratios: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(seeds):
        world, judges = vn.simulate.world(rng=seed), vn.simulate.teachers(preset)
        d = vn.design.design_pairs(world.n_items, degree, rng=seed)
        who = vn.design.rotate_teachers(np.arange(len(d.group)), d.group, len(judges))
        votes = world.votes(judges, d.group, d.first, d.second, who)
        plain = nmse(vn.fit_votes(votes).fit.theta, world.theta, world.n_items)
        for signed, found in ratios.items():
            theta = vn.fit_judges(votes, signed=signed).theta
            found.append(nmse(theta, world.theta, world.n_items) / plain)
    bar = RATINGS[preset][DEGREES.index(degree)]
    yield Figure(f"{preset} judges, degree {degree}, signed", ratios[True], bar)
    yield Figure(f"{preset} judges, degree {degree}, slopes >= 0", ratios[False])


# ---- held-out votes -----------------------------------------------------------------------------


def folds_of(judge: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A fold of each vote: those of a judge in turn, in random order."""
    fold = np.empty(len(judge), np.int64)
    fold[np.lexsort((rng.random(len(judge)), judge))] = np.arange(len(judge)) % FOLDS
    return fold


def log_loss(d: np.ndarray, share: np.ndarray) -> float:
    """Mean, of shares at log-odds d."""
    return float((share * np.logaddexp(0, -d) + (1 - share) * np.logaddexp(0, d)).mean())


def best_scale(d: np.ndarray, share: np.ndarray) -> float:
    """The multiple of d with the least log-loss."""
    return float(
        minimize_scalar(lambda s: log_loss(s * d, share), bounds=(0.05, 5.0), method="bounded").x
    )


def differences(fit: vn.GroupedFit, group: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """theta_a - theta_b; 0 for items without a vote."""
    labels = np.repeat(fit.groups, np.diff(fit.offsets)).tolist()
    theta = dict(zip(zip(labels, fit.items.tolist(), strict=True), fit.theta.tolist(), strict=True))
    sides = ([theta.get(key, 0.0) for key in zip(group, x, strict=True)] for x in (a, b))
    return np.subtract(*map(np.array, sides))


def held_out(folder: Path) -> Iterator[Figure]:
    """Log-loss of votes on arguments, by crowd workers of whom most voted a few times."""
    rows = read(folder, "ukp_votes")
    topic, a, b, judge = (rows[name] for name in ("topic", "a", "b", "judge"))
    vote = np.select([rows["vote"] == "A", rows["vote"] == "B"], [1, -1], 0)
    share, fold = (1 + vote) / 2, folds_of(judge, np.random.default_rng(SEED))
    found: dict[str, list[float]] = {}
    for f in range(FOLDS):
        k, out = fold != f, fold == f
        for ordered in (True, False):
            votes = vn.Votes(
                a[k], b[k], judge[k], vote[k], group=topic[k], swapped=False if ordered else None
            )
            columns, y = (topic[out], a[out], b[out]), share[out]
            plain = differences(vn.fit_votes(votes).fit, *columns)
            least = log_loss(best_scale(plain, y) * plain, y)
            fit = vn.fit_judges(votes)
            at = np.minimum(np.searchsorted(fit.judges, judge[out]), len(fit.judges) - 1)
            known = fit.judges[at] == judge[out]
            d = differences(fit.fit, *columns)
            lean = 0.0
            if fit.position_biases is not None:
                lean = np.where(known, fit.position_biases[at], fit.bias_mean)
            seen = np.where(known, fit.slopes[at], 1.0) * d
            said = "slopes and position biases" if ordered else "slopes alone"
            found.setdefault(said, []).append(log_loss(seen + lean, y) - least)
            if ordered:
                rated = log_loss(best_scale(d, y) * d, y) - least
                found.setdefault("its ratings alone, recalibrated, too", []).append(rated)
    bars = {"slopes and position biases": HELD_OUT, "slopes alone": HELD_OUT}
    for what, values in found.items():
        yield Figure(f"held-out log-loss, {what}", values, bars.get(what))


# ---- time ---------------------------------------------------------------------------------------


class Crowd(NamedTuple):
    """Votes in the order of the columns, what was shown first, and the true ratings."""

    first: np.ndarray
    second: np.ndarray
    judge: np.ndarray
    vote: np.ndarray
    swapped: np.ndarray
    theta: np.ndarray

    def votes(self) -> vn.Votes:
        """In one group."""
        group = np.zeros(len(self.vote), np.int8)
        return vn.Votes(*self[:4], swapped=self.swapped, group=group)


def crowd(n: int, n_judges: int, n_items: int) -> Crowd:
    """Votes of judges who differ, on random pairs in either order."""
    rng = np.random.default_rng(SEED)
    theta = rng.standard_normal(n_items)
    slope, lean = rng.normal(1.0, 0.3, n_judges), rng.normal(0.1, 0.3, n_judges)
    first = rng.integers(n_items, size=n, dtype=np.int32)
    second = (first + rng.integers(1, n_items, size=n, dtype=np.int32)) % n_items
    judge, swapped = rng.integers(n_judges, size=n, dtype=np.int32), rng.random(n) < 0.5
    d = slope[judge] * (theta[first] - theta[second]) + lean[judge] * np.where(swapped, -1, 1)
    vote = np.where(rng.random(n) < 1 / (1 + np.exp(-d)), 1, -1).astype(np.int8)
    return Crowd(first, second, judge, vote, swapped, theta)


def timed(call: Callable[[], object]) -> tuple[float, ...]:
    """Seconds by the clock, of this thread and of all threads."""
    clocks = time.perf_counter, time.thread_time, time.process_time
    start = [clock() for clock in clocks]
    call()
    return tuple(clock() - before for clock, before in zip(clocks, start, strict=True))


def seconds(n: int) -> Iterator[Figure]:
    votes = crowd(n, 1_000, 1_000).votes()
    runs = [timed(lambda: vn.fit_judges(votes, n_threads=2)) for _ in range(3)]
    what = f"{n:,} votes of 1,000 judges on 1,000 items"
    wall, own, every = (min(part) for part in zip(*runs, strict=True))
    yield Figure(f"{what}, seconds", [wall], SECONDS)
    yield Figure(f"{what}, of the calling thread: about the seconds on idle cores", [own], SECONDS)
    yield Figure(f"{what}, of all threads", [every])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.judges", description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--votes", type=int, default=10_000_000)
    arguments = parser.parse_args()
    parts: list[tuple[str, Iterator[Figure]]] = [
        (".3f", ratings(preset, degree, arguments.seeds))
        for preset in RATINGS
        for degree in DEGREES
    ]
    if (arguments.data / "ukp_votes.csv.gz").exists():
        parts.append((".4f", held_out(arguments.data)))
    parts.append((".2f", seconds(arguments.votes)))
    missed = 0
    print("| | found | at most |\n| :-- | --: | --: |")
    for form, figures in parts:
        for figure in figures:
            print(figure.row(form), flush=True)
            missed += not figure.met
    print(f"{missed} missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
