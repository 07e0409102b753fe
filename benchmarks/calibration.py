"""What calibration across groups is worth to a student that learns from all groups at once.

    python -m benchmarks.calibration [--seeds 24] [--groups 40] [--bridges 1 2 4 8]

A simulated world of queries (groups) and documents (items). Documents have 16 features x, queries
16 features y; a document's strength is theta, a function of x and noise, and a query's level
b = 1.5 (sqrt(.75) c.y + .5 noise). Four judges vote on pairs of documents of one query, drawn as
four cycles over 50 documents, and on bridges, pairs of documents of two queries: each has a
sharpness, a bias for what it saw first, and errors of its own and in common with the others.
Bradley-Terry fits of the queries (Gaussian prior of precision .1) give targets for a ridge
regression on (x, y) and random Fourier features. It is judged by r^2 against theta + b on as many
fresh queries: trained on centred targets, on standardized ones, on targets calibrated by 1 to 8
bridges a query, and on targets with the true b added. The figure is

    share = (r2 calibrated - r2 centred) / (r2 with the true b - r2 centred).

The four votes of a pair are averaged and count as 4 / (1 + 3 * .3) votes.
"""

from __future__ import annotations

import argparse
import warnings
from typing import NamedTuple

import numpy as np

import venire as vn

SHARPNESS, ORDER_BIAS = np.array([4.0, 2.0, 1.5, 1.0]), np.array([0.3, 0.8, -0.8, 1.5])
OWN_ERROR = np.array([0.5, 1.0, 1.5, 2.0])
WEIGHT = 4.0 / (1.0 + 3.0 * 0.3)
N_FEATURES, N_ITEMS, N_FOURIER = 16, 50, 150


class World(NamedTuple):
    """Queries for training and as many fresh ones: features, strengths and levels."""

    x: np.ndarray  # (2 G, n_items, 16)
    y: np.ndarray  # (2 G, 16)
    theta: np.ndarray  # (2 G, n_items), centred in each query
    b: np.ndarray  # (2 G,)


def make_world(rng: np.random.Generator, n_groups: int) -> World:
    x = rng.normal(size=(2 * n_groups, N_ITEMS, N_FEATURES))
    y = rng.normal(size=(2 * n_groups, N_FEATURES))
    f = x @ rng.normal(0.0, 0.25, N_FEATURES)
    for _ in range(6):
        f += 0.3 * rng.normal() * np.sin(2.0 * (x @ rng.normal(0.0, 0.25, N_FEATURES)))
    f = (f - f.mean()) / f.std()
    theta = 1.5 * (np.sqrt(0.75) * f + 0.5 * rng.normal(size=f.shape))
    c = rng.normal(size=N_FEATURES)
    b = 1.5 * (np.sqrt(0.75) * (y @ c) / np.linalg.norm(c) + 0.5 * rng.normal(size=len(y)))
    return World(x, y, theta - theta.mean(axis=1, keepdims=True), b)


def shares(rng: np.random.Generator, difference: np.ndarray) -> np.ndarray:
    """Mean vote of the four judges on pairs with these differences, the first shown first."""
    n = len(difference)
    seen = np.where(rng.random(n) < 0.15, 0.0, difference) + 0.5 * rng.normal(size=n)
    own = OWN_ERROR * rng.normal(size=(n, 4))
    p = 1.0 / (1.0 + np.exp(-(SHARPNESS * (seen[:, None] + own) + ORDER_BIAS)))
    return (rng.random((n, 4)) < p).mean(axis=1)


def cycles(rng: np.random.Generator, n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    orders = [rng.permutation(n) for _ in range(count)]
    return np.concatenate(orders), np.concatenate([np.roll(p, -1) for p in orders])


def fit_queries(rng: np.random.Generator, world: World, n_groups: int) -> vn.GroupedFit:
    group, first, second = [], [], []
    for g in range(n_groups):
        i, j = cycles(rng, N_ITEMS, 4)
        group.append(np.full(len(i), g))
        first.append(i)
        second.append(j)
    g, i, j = (np.concatenate(part) for part in (group, first, second))
    score = shares(rng, world.theta[g, i] - world.theta[g, j])
    rows = vn.GroupedComparisons(g, i, j, score, np.full(len(g), WEIGHT))
    return vn.fit_groups(rows, prior=vn.GaussianPrior(0.1))


def bridged(
    rng: np.random.Generator, world: World, gf: vn.GroupedFit, per_group: int
) -> vn.Calibration:
    """`per_group` / 2 cycles over the queries (1: a matching), documents at random."""
    n = len(gf.groups)
    if per_group == 1:
        order = rng.permutation(n - n % 2)
        g, h = order[::2], order[1::2]
    else:
        g, h = cycles(rng, n, per_group // 2)
    i, j = rng.integers(N_ITEMS, size=(2, len(g)))
    level = world.theta + world.b[:, None]
    score = shares(rng, level[g, i] - level[h, j])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        return vn.calibrate(gf, g, i, h, j, score, WEIGHT)


class Student:
    """Ridge regression with a free mean, penalty 3; the features do not depend on the targets."""

    def __init__(self, rng: np.random.Generator, world: World, n_groups: int) -> None:
        y = np.broadcast_to(world.y[:, None], world.x.shape)
        x = np.concatenate([world.x, y], axis=2).reshape(-1, 2 * N_FEATURES)
        angle = x @ rng.normal(0.0, 0.25, (x.shape[1], N_FOURIER))
        angle += rng.uniform(0.0, 2.0 * np.pi, N_FOURIER)
        features = np.concatenate([x, np.sqrt(2.0 / N_FOURIER) * np.cos(angle)], axis=1)
        train = n_groups * N_ITEMS
        self.mean = features[:train].mean(axis=0)
        self.train, self.fresh = features[:train] - self.mean, features[train:] - self.mean
        self.truth = (world.theta + world.b[:, None])[n_groups:].ravel()

    def r2(self, target: np.ndarray) -> float:
        gram = self.train.T @ self.train + 3.0 * np.eye(self.train.shape[1])
        weights = np.linalg.solve(gram, self.train.T @ (target - target.mean()))
        return float(np.corrcoef(self.fresh @ weights, self.truth)[0, 1] ** 2)


def one_seed(seed: int, n_groups: int, per_group: list[int]) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    world = make_world(rng, n_groups)
    gf = fit_queries(rng, world, n_groups)
    student = Student(rng, world, n_groups)
    out = {
        "centred": student.r2(gf.theta),
        "standardized": student.r2(gf.standardize().theta),
        "known": student.r2(gf.theta + np.repeat(world.b[:n_groups], N_ITEMS)),
    }
    for m in per_group:
        found = bridged(rng, world, gf, m)
        out[f"{m} bridges"] = student.r2(found.theta)
        out[f"s2, {m}"] = found.variance
    return out


def interval(values: np.ndarray) -> str:
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} +- {half:.3f} (95 %)"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--groups", type=int, default=40)
    parser.add_argument("--bridges", type=int, nargs="+", default=[1, 2, 4, 8])
    arguments = parser.parse_args()
    runs = [one_seed(s, arguments.groups, arguments.bridges) for s in range(arguments.seeds)]
    table = {name: np.array([run[name] for run in runs]) for name in runs[0]}
    print(f"{arguments.seeds} seeds, {arguments.groups} groups of {N_ITEMS} items")
    for name, values in table.items():
        print(f"{'' if name.startswith('s2') else 'r2 '}{name:<14} {interval(values)}")
    for m in arguments.bridges:
        gain = table[f"{m} bridges"] - table["centred"]
        whole = table["known"] - table["centred"]
        ratio = gain.sum() / whole.sum()
        spread = np.std(gain - ratio * whole, ddof=1) / np.sqrt(len(gain)) / whole.mean()
        print(f"share of the gain, {m} bridges: {interval(gain / whole)}; "
              f"ratio of means {ratio:.3f} +- {1.96 * spread:.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
