"""Calibration across groups: whether it holds, and what it is worth to a student of all groups.

    python -m benchmarks.calibration [--seeds 24] [--groups 40] [--bridges 1 2 4 8] [--worlds 20]

Before that, the table of `benchmarks.calibration_bars`: whether the variance of biases, the biases
and the items' intervals hold where items have few votes. --worlds 0 leaves it out, --seeds 0 what
follows.

The world is that of `vn.simulate.world`, with biases of groups of standard deviation 1.5 that are
partly a function of features of the group. Four judges (`vn.simulate.teachers`) vote on pairs of
documents of one query, drawn as four cycles over 50 documents, and on bridges, pairs of documents
of two queries. The votes of a pair become one share by the consensus "reliability" over all pairs.
Bradley-Terry fits of the queries (Gaussian prior of precision .1) give targets for a ridge
regression on the features of document and query and random Fourier features. It is judged by r^2
against theta + b on as many fresh queries: trained on centred targets, on standardized ones, on
targets calibrated by 1 to 8 bridges a query, and on targets with the true b added. The figure is

    share = (r2 calibrated - r2 centred) / (r2 with the true b - r2 centred).
"""

from __future__ import annotations

import argparse
import warnings
from typing import Any, NamedTuple

import numpy as np

import venire as vn
from benchmarks import calibration_bars

N_ITEMS, DEGREE, BIAS = 50, 8, 1.5
TEACHERS = vn.simulate.teachers("usual")


class Pairs(NamedTuple):
    """Pairs of items, in the order shown: group and position of both."""

    group: np.ndarray
    first: np.ndarray
    second_group: np.ndarray
    second: np.ndarray


def cycles(rng: np.random.Generator, n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    orders = [rng.permutation(n) for _ in range(count)]
    return np.concatenate(orders), np.concatenate([np.roll(p, -1) for p in orders])


def pairs_of_queries(rng: np.random.Generator, n_groups: int) -> Pairs:
    """`DEGREE` / 2 cycles over the documents of each query."""
    drawn = [cycles(rng, N_ITEMS, DEGREE // 2) for _ in range(n_groups)]
    first, second = (np.concatenate(part) for part in zip(*drawn, strict=True))
    group = np.repeat(np.arange(n_groups), N_ITEMS * DEGREE // 2)
    return Pairs(group, first, group, second)


def bridges(rng: np.random.Generator, n_groups: int, per_group: int) -> Pairs:
    """`per_group` / 2 cycles over the queries (1: a matching), documents at random."""
    if per_group == 1:
        order = rng.permutation(n_groups - n_groups % 2)
        g, h = order[::2], order[1::2]
    else:
        g, h = cycles(rng, n_groups, per_group // 2)
    i, j = rng.integers(N_ITEMS, size=(2, len(g)))
    return Pairs(g, i, h, j)


def consensus(world: vn.simulate.World, *asked: Pairs) -> list[tuple[np.ndarray, np.ndarray]]:
    """Share of first, and the votes it is worth, of each pair asked; one consensus for all."""
    group, first, second_group, second = (np.concatenate(c) for c in zip(*asked, strict=True))
    n, t = len(group), len(TEACHERS)
    rows = [np.repeat(column, t) for column in (group, first, second)]
    vote = world.vote(
        TEACHERS, *rows, np.tile(np.arange(t), n), second_group=np.repeat(second_group, t)
    )
    votes = vn.Votes.from_pairs(np.repeat(np.arange(n), t), np.tile(np.arange(t), n), vote)
    q = vn.consensus(votes, "reliability", rho=0.3)
    share = ((1.0 + q.n_effective) * q.probability - 0.5) / q.n_effective  # the pool's, no prior
    ends = np.cumsum([len(part.group) for part in asked])[:-1]
    share, weight = np.split(np.clip(share, 0.0, 1.0), ends), np.split(q.pseudo_votes, ends)
    return list(zip(share, weight, strict=True))


def calibrated(gf: vn.GroupedFit, asked: Pairs, found: Any) -> vn.ratings.Calibration:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        return vn.calibrate(gf, *asked, *found)


class Student:
    """A ridge regression, trained on the world's groups and judged on fresh ones."""

    def __init__(self, world: vn.simulate.World, seed: int) -> None:
        fresh = world.fresh(world.n_groups)
        self.student = vn.simulate.RidgeStudent(seed=seed)
        self.train, self.test = ([np.hstack([w.features, w.group_features[w.group]]) for w in
                                  (world, fresh)])  # fmt: skip
        self.truth = fresh.level

    def r2(self, target: np.ndarray) -> float:
        predicted = self.student.fit(self.train, target).predict(self.test)
        return float(np.corrcoef(predicted, self.truth)[0, 1] ** 2)


def one_seed(seed: int, n_groups: int, per_group: list[int]) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    world = vn.simulate.world("normal", n_groups, N_ITEMS, bias=BIAS, rng=seed)
    inner = pairs_of_queries(rng, n_groups)
    between = [bridges(rng, n_groups, m) for m in per_group]
    (share, weight), *found = consensus(world, inner, *between)
    rows = vn.GroupedComparisons(inner.group, inner.first, inner.second, share, weight)
    gf = vn.fit_groups(rows, prior=vn.GaussianPrior(0.1))
    student = Student(world, seed)
    out = {
        "centred": student.r2(gf.theta),
        "standardized": student.r2(gf.standardize().theta),
        "known": student.r2(gf.theta + world.bias[world.group]),
    }
    for m, asked, evidence in zip(per_group, between, found, strict=True):
        level = calibrated(gf, asked, evidence)
        out[f"{m} bridges"] = student.r2(vn.targets.make_targets(gf, level).target)
        out[f"s2, {m}"] = level.variance
    return out


def interval(values: np.ndarray) -> str:
    half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} +- {half:.3f} (95 %)"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--groups", type=int, default=40)
    parser.add_argument("--bridges", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--worlds", type=int, default=20, help="of each cell of the table")
    parser.add_argument("--in-world", type=int, default=100, help="groups of a world")
    parser.add_argument("--items", type=int, default=30, help="of a group")
    parser.add_argument("--votes", type=int, nargs="+", default=[2, 4, 8, 20])
    parser.add_argument("--degrees", type=int, nargs="+", default=[2, 4, 8], help="bridges")
    parser.add_argument("--kinds", nargs="+", default=list(calibration_bars.KINDS))
    parser.add_argument("--soft-within", action="store_true", help="logits within groups as well")
    parser.add_argument("--priors", type=float, nargs="+", default=[0.01, 0.1, 1.0])
    parser.add_argument("--s2", type=float, nargs="+", default=[0.25, 2.25, 9.0])
    arguments = parser.parse_args()
    if arguments.worlds:
        calibration_bars.print_table(arguments)
    if not arguments.seeds:
        return
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
