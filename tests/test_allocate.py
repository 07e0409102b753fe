"""Where the next votes go: picks, shares, priors."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn


def world(seed=0, n_groups=8, n_items=12, degree=4, spread=1.5):
    """Votes along random cycles in every group, soft and weighted; and the truth."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0.0, spread, (n_groups, n_items))
    rows = []
    for k in range(n_groups):
        for _ in range(degree // 2):
            cycle = rng.permutation(n_items)
            rows.append(np.stack([np.full(n_items, k), cycle, np.roll(cycle, -1)]))
    group, first, second = np.concatenate(rows, axis=1)
    p = 1.0 / (1.0 + np.exp(theta[group, second] - theta[group, first]))
    score = np.clip(rng.binomial(4, p) / 4.0, 0.02, 0.98)
    weight = rng.uniform(0.5, 2.5, len(group))
    c = vn.GroupedComparisons(group, first, second, score, weight)
    return c, theta.ravel(), (group, first, second)


def test_same_seed_same_picks():
    c, _, _ = world()
    one, two = (vn.allocate(c, 40, rng=5) for _ in range(2))
    for name in ("group", "first", "second", "gain", "rank", "n_asks"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    other = vn.allocate(c, 40, rng=6)
    assert (one.first != other.first).any()


@pytest.mark.parametrize("criterion", ["D", "A", "top", "sd", "residual", "residual_corrected"])
@pytest.mark.parametrize("budget", [1, 7, 40, 101])
def test_budget_is_exact(criterion, budget):
    c, theta, _ = world()
    a = vn.allocate(c, budget, criterion=criterion, prediction=theta, rng=1)
    assert isinstance(a, vn.Allocation)
    assert isinstance(a.prior, vn.AllocationPrior)
    assert len(a) == budget == a.n_asks.sum()
    assert np.ptp(a.n_asks) <= 1
    np.testing.assert_array_equal(np.bincount(a.group, minlength=8), a.n_asks)
    assert (a.first != a.second).all()


def test_select_prior_finds_the_student():
    c, theta, _ = world(n_groups=40)
    found = vn.select_prior(c, theta, rng=0)
    assert found.name == "student"
    noise = np.random.default_rng(1).normal(size=len(theta)) * 3.0
    assert vn.select_prior(c, noise, rng=0).candidates[3].loss > found.candidates[3].loss
    assert [x.mean for x in vn.select_prior(c, rng=0).candidates] == ["zero"] * 3
