"""One round of distillation: pairs along cycles, votes of simulated teachers, bridges."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

import venire as vn

SEED = 2026
SIZES = {"full": 112_000, "quick": 1_000}  # groups
N_ITEMS = 100
DEGREE = 4
PER_GROUP = 4  # bridges
SHARPNESS = (4.0, 2.0, 1.5, 1.0)  # of the teachers
OWN = 0.5  # sd of a teacher's own error about a pair
BIAS = 1.5  # sd of the groups' levels
PANELS = {"one teacher of four": 1, "panel of three": 3}  # votes on each pair
# What one round set itself to reach at full size, on two cores.
GOALS = {"seconds": 30.0, "bytes": 12 * 2**30}


class Round(NamedTuple):
    """Rows of votes, bridges, the truth, and what a student said of each item."""

    n_groups: int
    group: np.ndarray
    first: np.ndarray
    second: np.ndarray
    teacher: np.ndarray
    vote: np.ndarray
    bridges: tuple[np.ndarray, ...]  # first group, first, second group, second, score
    theta: np.ndarray  # (n_groups, N_ITEMS)
    level: np.ndarray  # (n_groups,)
    prediction: np.ndarray  # (n_groups * N_ITEMS,)


def simulate_round(n_groups: int, panel: int) -> Round:
    """`panel` teachers of four on each pair, in rotation; every array is int32 or int8."""
    rng = np.random.default_rng(SEED)
    design = vn.design.design_pairs(np.full(n_groups, N_ITEMS), DEGREE, rng=SEED)
    theta = 1.5 * rng.standard_normal((n_groups, N_ITEMS), np.float32)
    group, n = design.group, len(design)
    d = theta[group, design.first] - theta[group, design.second]
    start = vn.design.rotate_teachers(design.position, group, len(SHARPNESS)).astype(np.int8)
    teacher = np.empty((n, panel), np.int8)
    vote = np.empty((n, panel), np.int8)
    sharpness = np.array(SHARPNESS, np.float32)
    for k in range(panel):
        teacher[:, k] = (start + k) % len(SHARPNESS)
        seen = sharpness[teacher[:, k]] * d + OWN * rng.standard_normal(n, np.float32)
        vote[:, k] = 2 * (rng.random(n, np.float32) * (1.0 + np.exp(-seen)) < 1.0) - 1
    level = BIAS * rng.standard_normal(n_groups)
    level -= level.mean()
    b = vn.design.design_bridges(np.full(n_groups, N_ITEMS), PER_GROUP, rng=SEED)
    centred = theta - theta.mean(axis=1, keepdims=True)
    gap = level[b.first_group] - level[b.second_group]
    gap += centred[b.first_group, b.first] - centred[b.second_group, b.second]
    score = (rng.random(len(gap)) * (1.0 + np.exp(-gap)) < 1.0).astype(np.float64)
    prediction = 0.7 * centred.ravel() + 0.5 * rng.standard_normal(theta.size)
    return Round(
        n_groups,
        *(np.repeat(x, panel) for x in (group, design.first, design.second)),
        teacher.ravel(),
        vote.ravel(),
        (b.first_group, b.first, b.second_group, b.second, score),
        theta,
        level,
        prediction,
    )
