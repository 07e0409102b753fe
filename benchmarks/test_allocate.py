"""The next asks of many groups: time, memory, and what the picks are worth beside new cycles."""

from __future__ import annotations

import resource
import time

import numpy as np
import pytest

import venire as vn

SEED = 20261125
N_ITEMS, DEGREE, N_PICKS = 100, 8, 50
N_GROUPS = {"full": 112_000, "quick": 1_000}
LARGE = {"full": 20_000, "quick": 2_500}  # items of one large group
RUNS = {
    "D": {"prior": "fixed"},
    "D, prior chosen": {"prior": "select"},
    "D, shared by gain": {"prior": "fixed", "share": "gain"},
    "A": {"prior": "fixed", "criterion": "A"},
    "top": {"prior": "fixed", "criterion": "top"},
}


def votes(
    n_groups: int, n_items: int
) -> tuple[vn.GroupedComparisons, np.ndarray, vn.design.PairDesign]:
    """Hard votes along cycles, a student's predictions, and what was asked."""
    rng = np.random.default_rng(SEED)
    design = vn.design.design_pairs(np.full(n_groups, n_items), DEGREE, rng=rng)
    theta = rng.normal(0.0, 1.5, (n_groups, n_items))
    delta = theta[design.group, design.first] - theta[design.group, design.second]
    won = rng.random(len(design)) < 1.0 / (1.0 + np.exp(-delta))
    c = vn.GroupedComparisons(design.group, design.first, design.second, won.astype(float))
    return c, (theta + rng.normal(size=theta.shape)).ravel(), design


@pytest.fixture(scope="module")
def many(size):
    return votes(N_GROUPS[size], N_ITEMS)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.benchmark(group="allocate")
@pytest.mark.parametrize("run", RUNS)
def test_many_groups(benchmark, many, run):
    c, prediction, design = many
    options = {"prediction": prediction, "asked": design, "rng": SEED, **RUNS[run]}
    before, start = peak(), time.process_time()
    a = benchmark.pedantic(
        lambda: vn.design.allocate(c, N_PICKS * c.n_groups, **options), rounds=1, iterations=1
    )
    benchmark.extra_info.update(
        run=run, n_groups=c.n_groups, n_items=N_ITEMS, n_picks=len(a), gain=a.expected_gain,
        processor_seconds=time.process_time() - start, peak=peak() - before,
    )  # fmt: skip
    assert len(a) == N_PICKS * c.n_groups
    assert np.isfinite(a.gain).all()


@pytest.mark.benchmark(group="allocate")
def test_large_group(benchmark, size):
    n, n_picks = LARGE[size], 500
    c, _, design = votes(1, n)
    before, start = peak(), time.process_time()
    a = benchmark.pedantic(
        lambda: vn.design.allocate(c, n_picks, prior="fixed", asked=design, rng=SEED),
        rounds=1, iterations=1,
    )  # fmt: skip
    benchmark.extra_info.update(
        run="D, by sketching", n_groups=1, n_items=n, n_picks=n_picks, gain=a.expected_gain,
        processor_seconds=time.process_time() - start, peak=peak() - before,
    )  # fmt: skip
    assert len(a) == n_picks
