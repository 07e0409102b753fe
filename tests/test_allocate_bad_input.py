"""What `allocate` and `select_prior` refuse, and how they say so."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn


@pytest.fixture(scope="module")
def c():
    """Groups of 4, 3 and 1 items."""
    return vn.GroupedComparisons(
        ["p", "p", "p", "q", "q"], [0, 1, 2, 0, 1], [1, 2, 3, 1, 2], [1.0, 0.5, 0.2, 0.7, 0.1],
        groups=["p", "q", "r"], items=(["r"], [0]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (0, "budget = 0: must be at least 1"),
        (-3, "budget = -3: must be at least 1"),
        (10, "budget = 10: the groups have only 9 pairs"),
        ([1, 0], r"budget: must have one number for each of 3 groups, has shape \(2,\)"),
        ([1, -1, 0], r"budget\[1\] = -1: must not be negative"),
        ([1, 4, 0], r"budget\[1\] = 4: the group has 3 pairs"),
        ([1, 1, 1], r"budget\[2\] = 1: the group has 0 pairs"),
        ([0, 0, 0], r"budget: must be at least 1 in some group"),
    ],
)
def test_budgets(c, budget, message):
    with pytest.raises(ValueError, match=message):
        vn.design.allocate(c, budget)


@pytest.mark.parametrize("budget", [2.0, "2", True, [1.0, 1.0, 0.0], None])
def test_budgets_are_integers(c, budget):
    with pytest.raises(TypeError, match=r"budget.*: must (be a whole number|hold integers)"):
        vn.design.allocate(c, budget)


def test_a_group_of_one_item_gets_nothing(c):
    a = vn.design.allocate(c, 9, rng=0)
    assert a.n_asks.tolist() == [6, 3, 0]


def test_only_groups_of_one_item():
    c = vn.GroupedComparisons([], [], [], [], items=([1, 2], [1, 1]))
    with pytest.raises(ValueError, match="budget = 1: the groups have only 0 pairs"):
        vn.design.allocate(c, 1)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"criterion": "E"}, ValueError, "criterion.*: must be one of D, A, top, uniform"),
        ({"criterion": None}, ValueError, "criterion.*: must be one of"),
        ({"share": "all"}, ValueError, "share.*: must be one of equal, gain"),
        ({"share": "gain", "criterion": "uniform"}, ValueError, "share: 'gain' needs one of"),
        ({"prior": "best"}, ValueError, "prior.*: must be one of select, fixed, empirical"),
        ({"prior": 0.1}, TypeError, "prior: must be a name, .*AllocationPrior, got float"),
        ({"votes_per_ask": 0}, ValueError, "votes_per_ask = 0: must be at least 1"),
        ({"votes_per_ask": 1.5}, TypeError, "votes_per_ask.*: must be a whole number"),
        ({"rho": 1.1}, ValueError, "rho = 1.1: must be between 0 and 1"),
        ({"rho": np.nan}, ValueError, "rho.*: must be between 0 and 1"),
        ({"rho": "x"}, TypeError, "rho.*: must be a number"),
        ({"rng": -1}, ValueError, "rng.*: a seed must be >= 0"),
        ({"n_threads": 0}, ValueError, "n_threads.*: must be at least 1"),
        ({"criterion": "residual"}, ValueError, "prediction: criterion 'residual' needs"),
        ({"criterion": "residual_corrected"}, ValueError, "prediction: criterion 'residual_corr"),
        ({"prediction": np.zeros(3)}, ValueError, r"prediction: has shape \("),
        ({"prediction": ["a"] * 8}, TypeError, "prediction: must hold numbers"),
        ({"asked": 3}, TypeError, "asked: must be a PairDesign, an Allocation or"),
        ({"asked": ([0], [1])}, TypeError, r"asked: .*\(group, first, second\), has 2 parts"),
        ({"asked": ([0], [1], [1])}, ValueError, "asked.*: an item is compared with itself"),
        ({"asked": ([0, 3], [1, 0], [2, 1])}, ValueError,
         r"asked: group\[1\] = 3: must be a position among 3 groups"),
        ({"asked": ([1], [1], [3])}, ValueError,
         r"asked: second\[0\] = 3: must be a position among 3 items in the group"),
        ({"pending": ([1], [-1], [2])}, ValueError, "pending: first.*: must be a position among 3"),
        ({"pending": ([1], [0.5], [2])}, TypeError, "pending: first: must hold integers"),
        ({"pending": ([1], [0, 1], [2])}, ValueError, "pending: first: has 2 rows, but group"),
        ({"pending": ([1], [[0]], [2])}, ValueError, "pending: first: must be one-dimensional"),
    ],
)  # fmt: skip
def test_options(c, options, error, message):
    with pytest.raises(error, match=message):
        vn.design.allocate(c, 2, **options)


@pytest.mark.parametrize("name", ["top", "candidates"])
def test_numbers_of_a_criterion(name):
    with pytest.raises(ValueError, match=f"{name} = .*: must be at least 1"):
        vn.design.Criterion("top", **{name: 0})


def test_gain_shares_one_number(c):
    with pytest.raises(ValueError, match="share: 'gain' shares one number"):
        vn.design.allocate(c, [1, 1, 0], share="gain")


def test_infinite_predictions(c):
    prediction = np.zeros(8)
    prediction[5] = np.inf
    for call in (lambda: vn.design.allocate(c, 2, prediction=prediction),
                 lambda: vn.design.select_prior(c, prediction)):  # fmt: skip
        with pytest.raises(ValueError, match=r"prediction\[5\] = inf: must be finite"):
            call()


def test_other_data():
    plain = vn.Comparisons([1], [2], 1.0)
    with pytest.raises(TypeError, match="comparisons: must be GroupedComparisons"):
        vn.design.allocate(plain, 1)
    with pytest.raises(TypeError, match="comparisons: must be GroupedComparisons"):
        vn.design.select_prior(plain)


def test_priors(c):
    with pytest.raises(ValueError, match="prior: has 3 means, but there are 8 items"):
        vn.design.allocate(c, 1, prior=vn.design.AllocationPrior(np.zeros(3), 1.0))
    with pytest.raises(ValueError, match=r"precision.*: must be finite and > 0"):
        vn.design.AllocationPrior(np.zeros(3), 0.0)
    with pytest.raises(ValueError, match=r"mean.*: must be finite"):
        vn.design.AllocationPrior([0.0, np.nan], 1.0)
    with pytest.raises(ValueError, match="mean: must be one-dimensional"):
        vn.design.AllocationPrior(np.zeros((2, 2)), 1.0)
