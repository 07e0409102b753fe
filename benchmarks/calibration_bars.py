"""Whether calibration across groups holds: by votes an item, bridges, kind of vote, prior, s^2.

Worlds of `groups` groups of `items` items with strengths N(0, 1), centred in their group, and
biases N(0, s^2). Within groups each item has `votes` votes, hard or soft, along cycles. Groups
are joined by `bridges` / 2 cycles, with items drawn at random. A bridge's vote is

    hard    1 with its probability, else 0;
    counts  the share of 4 hard votes, of weight 4;
    logits  of weight 1; its logit is the difference with a normal error of sd 0.5.

Of the biases: slope of the truth on the estimate, pooled over worlds, and its mean over worlds;
z, the root mean square of the errors in standard errors. Of all items on the common scale: how many
95 % intervals hold them. The votes are the same for all priors of the fits.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Any, NamedTuple

import numpy as np

import venire as vn

__all__ = ["KINDS", "Case", "cell", "print_table"]

KINDS = ("hard", "counts", "logits")
SHARE = {4: 0.2, "hard": 0.25, 2: 0.35}  # what s^2 may be off by, of 2.25 and 9
SMALL = 0.1  # the same of 0.25


class Case(NamedTuple):
    """One cell of the table."""

    votes: int
    bridges: int
    kind: str
    inner: str
    prior: float
    s2: float


def chance(d: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-d))


def voted(rng: np.random.Generator, d: np.ndarray, kind: str) -> tuple[np.ndarray, float]:
    """Scores of comparisons with differences d, and their weight."""
    if kind == "logits":
        return chance(d + rng.normal(0.0, 0.5, d.shape)), 1.0
    n = 4 if kind == "counts" else 1
    return rng.binomial(n, chance(d)) / n, float(n)


def one_world(case: Case, seed: int, n_groups: int, n_items: int) -> dict[str, float]:
    rng = np.random.default_rng([seed, case.votes, case.bridges, round(100 * case.s2)])
    rows = vn.simulate.queries(n_groups, n_items, degree=case.votes, hard=True, rng=rng)
    theta = rows.theta - rows.theta.mean(axis=1, keepdims=True)
    bias = rng.normal(0.0, np.sqrt(case.s2), n_groups)
    level = theta + bias[:, None]
    score, weight = voted(rng, theta[rows.group, rows.first] - theta[rows.group, rows.second],
                          case.inner)  # fmt: skip
    cycles = [rng.permutation(n_groups) for _ in range(case.bridges // 2)]
    g, h = np.concatenate(cycles), np.concatenate([np.roll(c, -1) for c in cycles])
    i, j = rng.integers(n_items, size=(2, len(g)))
    won, worth = voted(rng, level[g, i] - level[h, j], case.kind)
    data = vn.GroupedComparisons(rows.group, rows.first, rows.second, score, weight)
    fit = vn.fit_groups(data, prior=vn.GaussianPrior(case.prior))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        found = vn.calibrate(fit, g, i, h, j, won, worth)
    truth = bias - bias.mean()
    off = np.abs(found.theta - (level - bias.mean()).ravel())
    return {
        "s2": found.variance,
        "with": float(truth @ found.bias),
        "own": float(found.bias @ found.bias),
        "z2": float(np.mean(((found.bias - truth) / found.standard_errors) ** 2)),
        "held": float(np.mean(off <= 1.959964 * found.item_errors)),
    }


def cell(case: Case, seeds: int, n_groups: int, n_items: int) -> dict[str, float]:
    """Means over worlds of one cell, and the standard error of that of s^2."""
    runs = [one_world(case, seed, n_groups, n_items) for seed in range(seeds)]
    s2 = np.array([run["s2"] for run in runs])
    return {
        "s2": float(s2.mean()),
        "error": float(s2.std(ddof=1) / np.sqrt(seeds)) if seeds > 1 else float("nan"),
        "slope": sum(run["with"] for run in runs) / sum(run["own"] for run in runs),
        "each": float(np.mean([run["with"] / run["own"] for run in runs])),
        "z": float(np.sqrt(np.mean([run["z2"] for run in runs]))),
        "held": float(np.mean([run["held"] for run in runs])),
    }


def verdict(case: Case, found: dict[str, float]) -> str:
    """What misses its bar."""
    share = SHARE[2] if case.votes < 4 else SHARE["hard" if case.kind == "hard" else 4]
    limit = SMALL if case.s2 < 1.0 else share * case.s2
    missed = []
    if not abs(found["s2"] - case.s2) <= limit:
        missed.append("s2")
    if not 0.9 <= found["slope"] <= 1.1:
        missed.append("slope")
    if not 0.92 <= found["held"] <= 0.97:
        missed.append("held")
    return ", ".join(missed)


def print_table(arguments: Any) -> None:
    """The cells asked for, one line each."""
    print(f"{arguments.worlds} worlds of {arguments.in_world} groups of {arguments.items} items")
    head = "votes  bridges  vote    within  prior    s2   estimate        slope  mean   z    held"
    print(f"{head}  missed")
    for kind, s2, bridges, votes, prior in itertools.product(
        arguments.kinds, arguments.s2, arguments.degrees, arguments.votes, arguments.priors
    ):
        inner = "hard" if kind != "logits" or not arguments.soft_within else "logits"
        case = Case(votes, bridges, kind, inner, prior, s2)
        found = cell(case, arguments.worlds, arguments.in_world, arguments.items)
        print(
            f"{votes:5d}  {bridges:7d}  {kind:6s}  {inner:6s}  {prior:5g}  {s2:4g}  "
            f"{found['s2']:7.3f} ± {found['error']:5.3f}  {found['slope']:5.2f}  "
            f"{found['each']:5.2f}  {found['z']:.2f}  {found['held']:.3f}  {verdict(case, found)}",
            flush=True,
        )
