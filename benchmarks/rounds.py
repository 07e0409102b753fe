"""Rounds of asking: the simulated world as something to ask, and the loop that asks it.

A source has groups of items, answers asks, and knows the truth. `play` asks it round by round,
with cycles or with `design.allocate`, and measures the plain fit (Gaussian prior of precision .1)
after each round, whatever prior steered the asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np

import venire as vn
from venire.distillation import kendall_tau, ndcg

PLAIN = vn.GaussianPrior(0.1)
LINEAR = vn.simulate.RidgeStudent(penalty=3.0, n_waves=0)
START, STEP, FOLDS = 2, 2, 5
MOST_ROUNDS = 8  # degree 16

# What `design.allocate` is asked for, by the name of the method. HD: D-optimal picks with the
# prior, student or none, that held-out pairs choose.
METHODS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "HD": {"criterion": "D", "prior": "select", "student": True},
    "no student": {"criterion": "D", "prior": "empirical"},
    "no student, selected": {"criterion": "D", "prior": "select"},
    "D, fixed": {"criterion": "D", "prior": "fixed"},
    "A, fixed": {"criterion": "A", "prior": "fixed"},
    "A, empirical": {"criterion": "A", "prior": "empirical"},
    "HA": {"criterion": "A", "prior": "select", "student": True},
    "top": {"criterion": "top", "prior": "select", "student": True},
    "residual": {"criterion": "residual", "prior": "fixed", "student": True},
    "residual_corrected": {"criterion": "residual_corrected", "prior": "fixed", "student": True},
    "sd": {"criterion": "sd", "prior": "fixed"},
}


class Asks(NamedTuple):
    """Asks in the order shown, by positions."""

    group: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def joined(self, other: Asks) -> Asks:
        return Asks(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def pair(self, n: int) -> np.ndarray:
        """A number for each pair, whatever the order, in groups of at most n items."""
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        return (self.group.astype(np.int64) * n + low) * n + high


class Source(Protocol):
    """What can be asked."""

    n_items: np.ndarray
    truth: np.ndarray  # flat
    votes_per_ask: int
    spare: float  # how many more picks are made than needed, since some have no answer
    unavailable: Asks | None  # pairs that have no answer

    def comparisons(self, asked: Asks) -> vn.GroupedComparisons:
        """Weighted votes in answer to all asks so far; all items are in it."""

    def out_of_fold(self, theta: np.ndarray) -> np.ndarray:
        """A student's predictions of every item, made without its group."""

    def student_r2(self, theta: np.ndarray) -> float:
        """How well a student trained on theta does on fresh groups; nan where there are none."""

    def answerable(self, asked: Asks, new: Asks) -> np.ndarray:
        """Which of the new asks have an answer, given those before."""


class Round(NamedTuple):
    """Quality after a round."""

    degree: int
    nmse: float
    tau: float
    ndcg: float
    student_r2: float


def runs(key: np.ndarray) -> np.ndarray:
    """How often each key has occurred before it."""
    order = np.argsort(key, kind="stable")
    ranked = key[order]
    start = np.r_[True, ranked[1:] != ranked[:-1]]
    out = np.empty(len(key), np.int64)
    out[order] = np.arange(len(key)) - np.flatnonzero(start)[np.cumsum(start) - 1]
    return out


def centred(x: np.ndarray, n_items: np.ndarray) -> np.ndarray:
    group = np.repeat(np.arange(len(n_items)), n_items)
    return x - (np.bincount(group, x) / n_items)[group]


def nmse(theta: np.ndarray, truth: np.ndarray, n_items: np.ndarray) -> float:
    """1 - r^2, pooled over centred groups."""
    r = np.corrcoef(centred(theta, n_items), centred(truth, n_items))[0, 1]
    return float(1.0 - r * r)


def mean_tau(theta: np.ndarray, truth: np.ndarray, n_items: np.ndarray) -> float:
    """Kendall's tau, mean over groups."""
    offsets = np.concatenate([[0], np.cumsum(n_items)])
    return float(kendall_tau(offsets, theta, truth).mean())


def mean_ndcg(theta: np.ndarray, truth: np.ndarray, n_items: np.ndarray) -> float:
    """nDCG of the first 10, gain 2**(truth - the group's least) - 1, mean over groups."""
    offsets = np.concatenate([[0], np.cumsum(n_items)])
    gold = truth - np.repeat(np.minimum.reduceat(truth, offsets[:-1]), n_items)
    return float(ndcg(offsets, theta, gold, k=10, gain="exponential").mean())


@dataclass
class SimulatedSource:
    """The simulated world: every ask is put to each of the teachers, or to one in rotation."""

    world: vn.simulate.World
    teachers: vn.simulate.Teachers
    seed: int
    spare = 0.0
    unavailable = None

    @property
    def n_items(self) -> np.ndarray:
        return self.world.n_items

    @property
    def truth(self) -> np.ndarray:
        return self.world.theta

    @property
    def votes_per_ask(self) -> int:
        return len(self.teachers)

    @cached_property
    def _fresh(self) -> vn.simulate.World:
        return self.world.fresh(self.world.n_groups)

    @cached_property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """What the student is linear in, of the items and of fresh ones; made once."""
        waves = vn.simulate.RidgeStudent(seed=self.seed)
        return waves.features(self.world.features), waves.features(self._fresh.features)

    @property
    def items(self) -> tuple[np.ndarray, np.ndarray]:
        """Group and position of all items."""
        group = self.world.group
        return group, np.arange(len(group)) - self.world.offsets[group]

    def panel(self, asked: Asks) -> vn.Votes:
        """A vote of every teacher on each ask; an ask that is repeated is another run."""
        t = len(self.teachers)
        columns = [np.repeat(column, t) for column in asked]
        n = int(self.n_items.max())
        shown = asked.pair(n) * 2 + (asked.first < asked.second)
        return self.world.votes(
            self.teachers, *columns, np.tile(np.arange(t), len(asked.group)),
            run=np.repeat(runs(shown), t),
        )  # fmt: skip

    def rotation(self, asked: Asks, position: np.ndarray) -> vn.Votes:
        """A vote of one teacher on each ask, all in turn."""
        teacher = vn.design.rotate_teachers(position, asked.group, len(self.teachers))
        return self.world.votes(self.teachers, *asked, teacher)

    def fit(self, votes: vn.Votes, method: str) -> vn.targets.VotesFit:
        return vn.fit_votes(votes, method=method, prior=PLAIN, rho=0.3, items=self.items)

    def comparisons(self, asked: Asks) -> vn.GroupedComparisons:
        return self.fit(self.panel(asked), "consensus").comparisons

    def out_of_fold(self, theta: np.ndarray) -> np.ndarray:
        return vn.simulate.out_of_fold(
            LINEAR, self.features[0], theta, self.world.group, n_folds=FOLDS, rng=self.seed
        )

    def student_r2(self, theta: np.ndarray) -> float:
        known, fresh = self.features
        predicted = LINEAR.fit(known, theta).predict(fresh)
        return 1.0 - nmse(predicted, self._fresh.theta, self._fresh.n_items)

    def answerable(self, asked: Asks, new: Asks) -> np.ndarray:
        return np.ones(len(new.group), bool)


def cycles(source: Source, degree: int, used: Asks | None, rng: np.random.Generator) -> Asks:
    """Oriented cycles without pairs that were used or cannot be answered."""
    never = source.unavailable
    if never is not None:
        used = never if used is None else used.joined(never)
    design = vn.design.design_pairs(source.n_items, degree, used, rng=rng)
    return Asks(design.group, design.first, design.second)


def picks(
    source: Source,
    comparisons: vn.GroupedComparisons,
    asked: Asks,
    theta: np.ndarray,
    method: str,
    rng: np.random.Generator,
) -> Asks:
    """As many asks as a cycle has, where `vn.design.allocate` wants them.

    A few more are picked; those that have no answer are left out, and the first of the others
    taken.
    """
    options = dict(METHODS[method])
    prediction = source.out_of_fold(theta) if options.pop("student", False) else None
    budget = source.n_items * STEP // 2
    n_pairs = source.n_items * (source.n_items - 1) // 2
    more = np.ceil(source.spare * budget).astype(np.int64)
    found = vn.design.allocate(
        comparisons, np.minimum(budget + more, n_pairs),
        prediction=prediction, asked=tuple(asked), votes_per_ask=source.votes_per_ask, rng=rng,
        **options,
    )  # fmt: skip
    new = Asks(found.group, found.first, found.second)
    good = source.answerable(asked, new)
    group = new.group[good]
    place = np.arange(len(group)) - np.searchsorted(group, group)
    kept = np.flatnonzero(good)[place < budget[group]]
    return Asks(*(column[kept] for column in new))


def play(source: Source, method: str, seed: int) -> Iterator[Round]:
    """Rounds of one method, from degree 2 upwards; all methods begin with the same cycles."""
    rng = np.random.default_rng([seed, 1])
    asked = cycles(source, START, None, rng)
    for k in range(MOST_ROUNDS):
        comparisons = source.comparisons(asked)
        theta = vn.fit_groups(comparisons, prior=PLAIN).theta
        yield Round(
            START + k * STEP,
            nmse(theta, source.truth, source.n_items),
            mean_tau(theta, source.truth, source.n_items),
            mean_ndcg(theta, source.truth, source.n_items),
            source.student_r2(theta),
        )
        if method == "uniform":
            new = cycles(source, STEP, asked, rng)
        else:
            new = picks(source, comparisons, asked, theta, method, rng)
        asked = asked.joined(new)


def crossing(rounds: list[Round], wanted: float, measure: str = "tau") -> float:
    """Degree at which a method first reaches a quality, by linear interpolation; nan: never."""
    sign = -1.0 if measure == "nmse" else 1.0
    value = [sign * getattr(r, measure) for r in rounds]
    wanted = sign * wanted
    if value[0] >= wanted:
        return float(rounds[0].degree)
    for a, b, low, high in zip(rounds, rounds[1:], value, value[1:], strict=False):
        if high >= wanted:
            return a.degree + (b.degree - a.degree) * (wanted - low) / (high - low)
    return float("nan")


def play_until(source: Source, method: str, seed: int, degree: int, reach: Any = None) -> list:
    """Rounds up to a degree and, with `reach` (measure, quality), until that is reached."""
    out = []
    for r in play(source, method, seed):
        out.append(r)
        done = r.degree >= degree
        if done and (reach is None or not np.isnan(crossing(out, reach[1], reach[0]))):
            break
    return out
