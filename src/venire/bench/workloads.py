"""What is fitted: rows of comparisons from the package's own simulator, by name and size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from venire import simulate
from venire.simulate import Simulated

SEED = 1987


@dataclass(frozen=True)
class Rows:
    """Comparisons of items 0 ... n_items - 1, one per row.

    ``score`` is the share that ``first`` got; ``weight`` (None: all 1) how many comparisons the
    row stands for; ``truth`` the exact optimum where a closed form is known.
    """

    n_items: int
    first: np.ndarray
    second: np.ndarray
    score: np.ndarray
    weight: np.ndarray | None = None
    truth: np.ndarray | None = None

    def __len__(self) -> int:
        return self.first.size

    @property
    def n_bytes(self) -> int:
        """Bytes of the arrays that a fit is given."""
        weight = 0 if self.weight is None else self.weight.nbytes
        return self.first.nbytes + self.second.nbytes + self.score.nbytes + weight

    @property
    def n_pairs(self) -> int:
        """Distinct unordered pairs."""
        low = np.minimum(self.first, self.second).astype(np.int64)
        return np.unique(low * self.n_items + np.maximum(self.first, self.second)).size


def _rows(made: Simulated, *, exact: bool = False) -> Rows:
    truth = made.theta if exact else None
    return Rows(made.n_items, made.first, made.second, made.score, made.weight, truth)


# The four that grow: items in proportion to comparisons (10,000, 10,000, 50 and 20 an item).


def arena(m: int) -> Simulated:
    return simulate.arena(max(10, m // 10_000), m)


def dense(m: int) -> Simulated:
    return simulate.dense(max(10, m // 10_000), m)


def ladder(m: int) -> Simulated:
    return simulate.ladder(max(50, m // 50), m)


def chain(m: int) -> Simulated:
    return simulate.chain(max(3, m // 20))


def _played(kind: str, n_items: int, **options: Any) -> Simulated:
    """A graph of the simulator's with at least one win by both sides on every edge."""
    first, second = simulate.graph(kind, n_items, rng=SEED)
    return simulate.play(first, second, n_items, rng=SEED, **options)


@dataclass(frozen=True)
class Workload:
    """A generator with its sizes, and what the project set itself to reach.

    ``goal`` is in seconds, on 2 cores; ``peers`` whether anyone else is asked; ``memory`` which
    limit holds: "input" (3 times the bytes of the input) or "graph" (250 bytes for each item and
    pair, and 64 MiB).
    """

    make: Callable[[int], Simulated]
    full: int
    quick: int
    goal: float | None = None
    peers: bool = True
    exact: bool = False
    memory: str = "input"
    title: str = ""

    def rows(self, size: str | int) -> Rows:
        """At the "full" or "quick" size, or at a number of comparisons (items, for a graph)."""
        n = {"full": self.full, "quick": self.quick}[size] if isinstance(size, str) else size
        return _rows(self.make(n), exact=self.exact)


def _shuffled(make: Callable[[int], Simulated]) -> Callable[[int], Simulated]:
    return lambda m: simulate.permuted(make(m), rng=SEED)


GROWING = {
    "arena": Workload(arena, 2_000_000, 200_000, 0.02, title="200 items, a fifth ties"),
    "dense": Workload(dense, 10_000_000, 500_000, 0.15, title="1,000 items, all pairs"),
    "ladder": Workload(ladder, 5_000_000, 100_000, 1.5, title="100,000 items, 3.6 M pairs"),
    "chain": Workload(chain, 20_000_000, 200_000, 1.5, exact=True, title="a path of 1,000,000"),
}
GROWTH_SIZES = {
    "full": (100_000, 316_000, 1_000_000, 3_160_000, 10_000_000),
    "quick": (3_160, 10_000, 31_600, 100_000, 316_000),
}


def _graph(kind: str, full: int, quick: int, goal: float, **options: Any) -> Workload:
    def make(n: int) -> Simulated:
        return _played(kind, n, **options)

    return Workload(make, full, quick, goal, peers=False, memory="graph")


WORKLOADS = {
    **GROWING,
    "ladder, permuted": Workload(_shuffled(ladder), 5_000_000, 100_000, 2.5, peers=False),
    "chain, permuted": Workload(
        _shuffled(chain), 20_000_000, 200_000, 2.5, peers=False, exact=True
    ),
    # Sizes at which the slow peers and the plain NumPy reference can be compared as well.
    "dense, small": Workload(lambda m: simulate.dense(500, m), 200_000, 100_000),
    "ladder, small": Workload(lambda m: simulate.ladder(m // 50, m), 50_000, 20_000),
    # Graphs that no one tuned for. Goals: 1.5 times the two-thread wall time of a prototype
    # cascade where it was measured, else twice the best one-thread time of seven prototypes.
    "grid": _graph("grid", 1_000_000, 10_000, 3.0),
    "power law": _graph("power-law", 100_000, 5_000, 0.48),
    "random 4-regular": _graph("4-regular", 1_000_000, 20_000, 4.2),
    "star": _graph("star", 1_000_000, 20_000, 0.72),
    "two cliques": _graph("two-cliques", 1_000, 200, 0.10),
    "10,000 components": _graph("components", 1_000_000, 20_000, 1.58),
    "nearly separable": Workload(
        lambda m: simulate.nearly_separable(m // 1_000, m),
        1_000_000,
        100_000,
        1.08,
        peers=False,
        memory="graph",
        title="one upset in 10,000",
    ),
    "weights over 12 decades": _graph("power-law", 100_000, 5_000, 3.6, decades=12.0),
}
