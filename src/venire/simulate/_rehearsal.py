"""One seed of a plan: a simulated world is asked round by round, and the fits are judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.arrays import occurrence
from venire.data.votes import Votes
from venire.design import allocate, design_pairs, rotate_teachers
from venire.distillation import kendall_tau, ndcg
from venire.distillation.measures import mean_known, pooled_r2
from venire.simulate._student import RidgeStudent, out_of_fold
from venire.simulate._teachers import Teachers
from venire.simulate._world import World
from venire.targets import fit_votes

__all__ = ["Rehearsal"]

TOP = 10

Asks = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]  # group, first, second


def _join(a: Asks, b: Asks) -> Asks:
    group, first, second = (np.concatenate(pair) for pair in zip(a, b, strict=True))
    return group, first, second


@dataclass
class Rehearsal:
    """A world, its teachers, and how they are asked.

    Attributes
    ----------
    rotation : ndarray of int, or None
        Teachers in rotation, one for each pair; None: a panel of all.
    """

    world: World
    teachers: Teachers
    rotation: NDArray[np.int64] | None
    criterion: str
    seed: int
    n_threads: int

    def __post_init__(self) -> None:
        self.fresh = self.world.fresh(self.world.n_groups)
        waves = RidgeStudent(seed=self.seed)
        self.features = waves.features(self.world.features)  # once for all fits
        self.fresh_features = waves.features(self.fresh.features)
        self.student = RidgeStudent(n_waves=0)
        group = self.world.group.astype(np.int64)
        self.items = group, np.arange(len(group)) - self.world.offsets[group]

    def rounds(self, design: str, degrees: list[int]) -> Iterator[dict[str, float]]:
        """Votes, their cost and the quality after each round of "uniform" or "adaptive" asks."""
        n = self.world.n_items
        rng = np.random.default_rng([self.seed, 1])
        start = design_pairs(n, degrees[0], rng=rng, n_threads=self.n_threads)
        asked: Asks = start.group, start.first, start.second
        for k, degree in enumerate(degrees):
            votes, cost = self.answers(asked)
            found = fit_votes(
                votes, method="fit" if self.rotation is not None else "consensus",
                groups=np.arange(self.world.n_groups), items=self.items, n_threads=self.n_threads,
            )  # fmt: skip
            theta = found.fit.theta
            yield {"asks": len(asked[0]), "votes": votes.n_votes, "cost": cost} | self.judge(theta)
            if k + 1 == len(degrees):
                return
            step = degrees[k + 1] - degree
            if design == "uniform":
                drawn = design_pairs(n, step, used=asked, rng=rng, n_threads=self.n_threads)
                asked = _join(asked, (drawn.group, drawn.first, drawn.second))
            else:
                new = allocate(
                    found.comparisons, n * degrees[k + 1] // 2 - n * degree // 2,
                    criterion=self.criterion, prediction=self.predictions(theta), asked=asked,
                    votes_per_ask=1 if self.rotation is not None else len(self.teachers),
                    rng=rng, n_threads=self.n_threads,
                )  # fmt: skip
                asked = _join(asked, (new.group, new.first, new.second))

    def answers(self, asked: Asks) -> tuple[Votes, float]:
        """Votes on all asks so far, and what they cost; only answers cost anything."""
        group, first, second = asked
        if self.rotation is not None:
            teacher = rotate_teachers(occurrence(group.astype(np.int64)), group, self.rotation)
        else:
            t = len(self.teachers)
            group, first, second = (np.repeat(column, t) for column in asked)
            teacher = np.tile(np.arange(t, dtype=np.int32), len(asked[0]))
        key = self.world.offsets[group] + first
        key = (key * int(self.world.n_items.max()) + second) * len(self.teachers) + teacher
        votes = self.world.votes(
            self.teachers, group, first, second, teacher, run=occurrence(key)
        )  # fmt: skip
        n = np.bincount(votes.teacher, votes.runs, minlength=votes.n_teachers)
        answered = dict(zip(votes.teachers.tolist(), n.tolist(), strict=True))
        prices = zip(self.teachers.names.tolist(), self.teachers.cost.tolist(), strict=True)
        return votes, sum(price * answered.get(name, 0.0) for name, price in prices)

    def predictions(self, theta: NDArray[np.float64]) -> Any:
        """The student's, out of fold; None where there is only one group."""
        w = self.world
        if w.n_groups < 2:
            return None
        return out_of_fold(self.student, self.features, theta, w.group, rng=self.seed)

    def judge(self, theta: NDArray[np.float64]) -> dict[str, float]:
        """Measures of a fit and of a student of it."""
        w, fresh = self.world, self.fresh
        least = np.minimum.reduceat(w.theta, w.offsets[:-1])
        student = self.student.fit(self.features, theta).predict(self.fresh_features)
        return {
            "tau": mean_known(kendall_tau(w.offsets, theta, w.theta)),
            "nmse": 1.0 - pooled_r2(theta, w.theta, self.items[0]),
            "ndcg": mean_known(
                ndcg(w.offsets, theta, w.theta - least[w.group], k=TOP, gain="exponential")
            ),
            "student_r2": pooled_r2(student, fresh.theta, fresh.group.astype(np.int64)),
        }
