"""Ratings over time: beside whole-history rating, and at the size of an arena."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import venire as vn
from benchmarks.measure import peak_of

SEED = 20261124
WALK = 0.01
# items, periods, rows
SIZES = {"full": (200, 100, 2_000_000), "quick": (50, 20, 50_000)}
SMALL = {"full": (30, 20, 5_000), "quick": (20, 10, 2_000)}


class Rows:
    """Games of items whose strengths walk by WALK a period."""

    def __init__(self, n_items: int, n_periods: int, n_rows: int) -> None:
        rng = np.random.default_rng(SEED)
        steps = rng.normal(0.0, math.sqrt(WALK), (n_items, n_periods))
        self.theta = rng.normal(0.0, 1.0, (n_items, 1)) + np.cumsum(steps, axis=1)
        self.when = rng.integers(0, n_periods, n_rows)
        self.first = rng.integers(0, n_items, n_rows)
        self.second = (self.first + rng.integers(1, n_items, n_rows)) % n_items
        d = self.theta[self.first, self.when] - self.theta[self.second, self.when]
        self.score = (rng.random(n_rows) < 1.0 / (1.0 + np.exp(-d))).astype(float)

    def comparisons(self) -> vn.Comparisons:
        """With dates."""
        return vn.Comparisons(self.first, self.second, self.score, date=self.when)

    def error(self, theta: Any) -> float:
        """Root mean square of what theta is off, levels apart."""
        off = theta - self.theta
        return float(np.sqrt(np.nanmean((off - np.nanmean(off)) ** 2)))


def _time(benchmark: Any, function: Any, rounds: int, rows: Rows, theta: Any, **facts: Any) -> None:
    found, peak = peak_of(function)
    benchmark.extra_info.update(
        peak_bytes=peak, n_rows=len(rows.first), error=rows.error(theta(found)), **facts
    )
    benchmark.pedantic(function, rounds=rounds, iterations=1)


@pytest.mark.benchmark(group="paths")
@pytest.mark.parametrize("walk", [WALK, "evidence"])
def test_arena(benchmark, size, walk):
    n_items, n_periods, n_rows = SIZES[size]
    rows = Rows(n_items, n_periods, n_rows)
    c = rows.comparisons()

    def fit() -> Any:
        path = vn.fit_path(c, step=1, walk=walk)
        path.standard_errors()
        return path

    what = f"{n_items} items, {n_periods} periods" + (", walk found" if walk != WALK else "")
    _time(
        benchmark, fit, 3 if walk == WALK else 1, rows, lambda path: path.theta, what=what,
        solver="venire", goal=2.0 if walk == WALK else None,
    )  # fmt: skip


@pytest.mark.benchmark(group="paths")
@pytest.mark.parametrize("solver", ["venire", "whole-history-rating"])
def test_small(benchmark, size, solver):
    n_items, n_periods, n_rows = SMALL[size]
    rows = Rows(n_items, n_periods, n_rows)
    what = f"{n_items} items, {n_periods} periods"
    if solver == "venire":
        c = rows.comparisons()

        def ours() -> Any:
            path = vn.fit_path(c, step=1, walk=WALK, prior=vn.GaussianPrior(1.0))
            path.standard_errors()
            return path

        _time(
            benchmark, ours, 5, rows, lambda path: path.theta, what=what, solver=solver, goal=None
        )
        return
    peer = pytest.importorskip("whr.whole_history_rating")
    per_elo = math.log(10.0) / 400.0
    winner = np.where(rows.score > 0.5, "B", "W").tolist()

    def theirs() -> Any:
        base = peer.Base({"w2": WALK / per_elo**2})
        for game in zip(
            map(str, rows.first.tolist()), map(str, rows.second.tolist()), winner,
            rows.when.tolist(), strict=True,
        ):  # fmt: skip
            base.create_game(*game, 0)
        base.auto_iterate(precision=1e-4)
        return base

    def theta(base: Any) -> Any:
        out = np.full((n_items, n_periods), np.nan)
        for name in range(n_items):
            for when, elo, _ in base.ratings_for_player(str(name)):
                out[name, when] = elo * per_elo
        return out

    _time(benchmark, theirs, 1, rows, theta, what=what, solver=solver, goal=None)
