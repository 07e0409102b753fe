"""The simulated world: its law, and votes that are a pure function of who is asked what."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit, ndtr

import venire as vn
from venire import simulate
from venire.simulate import Teachers
from venire.simulate._law import _mixture_quantile


def asks(n, n_groups, n_items, n_teachers=4, seed=0):
    """Random requests: group, first, second, teacher."""
    rng = np.random.default_rng(seed)
    first = rng.integers(n_items, size=n)
    second = (first + 1 + rng.integers(n_items - 1, size=n)) % n_items
    return rng.integers(n_groups, size=n), first, second, rng.integers(n_teachers, size=n)


# ---- items ------------------------------------------------------------------------------------


def test_variance_of_the_smooth_part_is_exact():
    for seed in range(5):
        w = simulate.world(n_groups=1, n_items=2, rng=seed)
        x = np.random.default_rng(seed).normal(size=(200_000, 16))
        f = w.law.strength(x, np.zeros(len(x))) / (1.5 * np.sqrt(0.75))
        # var(f) has relative standard error about sqrt(2 / n) = .0032
        assert abs(f.var() - 1.0) < 0.02
        assert abs(f.mean()) < 0.015


def test_moments_of_strengths():
    n = 40_000
    w = simulate.world(n_groups=n // 100, n_items=100, rng=1)
    assert abs(w.theta.std() - 1.5 * np.sqrt(0.99)) < 5 * 1.5 / np.sqrt(2 * n)
    r = simulate.world("retrieval", n // 100, 100, rng=1)
    spread = np.sqrt(0.9 * 0.49 + 0.1 * 1.0 + 0.09 * 2.5**2)
    assert abs(r.theta.std() / spread - 1.0) < 0.05
    sums = np.add.reduceat(r.theta, r.offsets[:-1])
    np.testing.assert_allclose(sums, 0.0, atol=1e-11)


def test_quantiles_of_the_mixture():
    z = np.linspace(-5.0, 5.0, 101)
    q = _mixture_quantile(z)
    np.testing.assert_allclose(0.9 * ndtr(q / 0.7) + 0.1 * ndtr(q - 2.5), ndtr(z), atol=1e-6)


@pytest.mark.parametrize(("student", "share"), [("useful", 0.75), ("useless", 1 - 0.97**2)])
def test_what_features_tell(student, share):
    w = simulate.world(n_groups=400, n_items=50, student=student, rng=2)
    known = w.law.strength(w.features, np.zeros(len(w.theta)))
    r2 = np.corrcoef(known, w.theta)[0, 1] ** 2
    assert abs(r2 - share) < 0.03


def test_biases_of_groups():
    w = simulate.world(n_groups=4000, n_items=2, bias=1.5, rng=3)
    known = w.group_features @ w.law.direction
    assert abs(w.bias.std() - 1.5) < 5 * 1.5 / np.sqrt(2 * 4000)
    assert abs(np.corrcoef(known, w.bias)[0, 1] ** 2 - 0.75) < 0.04
    np.testing.assert_array_equal(w.level, w.theta + w.bias[w.group])
    assert not simulate.world(n_groups=3, rng=3).bias.any()


def test_groups_do_not_depend_on_what_else_there_is():
    one = simulate.world(n_groups=3, n_items=7, bias=1.0, rng=5)
    two = simulate.world(n_groups=5, n_items=[7, 7, 7, 4, 9], bias=1.0, rng=5)
    np.testing.assert_array_equal(one.features, two.features[:21])
    np.testing.assert_array_equal(one.theta, two.theta[:21])
    np.testing.assert_array_equal(one.bias, two.bias[:3])
    assert two.offsets.tolist() == [0, 7, 14, 21, 25, 34]
    np.testing.assert_array_equal(two.group, np.repeat(np.arange(5), two.n_items))


def test_fresh_groups_are_others_under_the_same_law():
    w = simulate.world(n_groups=4, n_items=6, rng=5)
    fresh, again, other = w.fresh(4), w.fresh(4), w.fresh(4, 3, number=2)
    np.testing.assert_array_equal(fresh.features, again.features)
    assert fresh.law is w.law
    assert len(other.theta) == 12
    seen = np.concatenate([w.features.ravel(), fresh.features.ravel(), other.features.ravel()])
    assert len(np.unique(seen)) == len(seen)
    judges = simulate.teachers()
    g, i, j, t = asks(400, 4, 6)
    assert (w.vote(judges, g, i, j, t) != fresh.vote(judges, g, i, j, t)).any()


def test_seeds():
    a, b, c = (simulate.world(n_groups=2, n_items=3, rng=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(a.theta, b.theta)
    assert (a.theta != c.theta).all()


# ---- votes ------------------------------------------------------------------------------------


def test_a_vote_does_not_depend_on_when_it_is_asked_for():
    w = simulate.world(n_groups=3, n_items=20, rng=1)
    judges = simulate.teachers("failing")
    g, i, j, t = asks(70_000, 3, 20)  # three blocks
    votes = w.vote(judges, g, i, j, t, run=2)
    assert set(np.unique(votes)) == {-1, 0, 1}
    turned = slice(None, None, -1)
    np.testing.assert_array_equal(
        w.vote(judges, g[turned], i[turned], j[turned], t[turned], run=2)[turned], votes
    )
    for k in (0, 32_768, 69_999):
        assert w.vote(judges, g[k], i[k], j[k], t[k], run=2).tolist() == [votes[k]]


def test_the_same_request_again_has_a_new_coin_and_the_same_errors():
    w = simulate.world(n_groups=1, n_items=40, rng=1)
    judges = simulate.teachers()
    _, i, j, t = asks(300, 1, 40)
    p = w.probability(judges, 0, i, j, t)
    runs = np.arange(400)
    votes = np.array([w.vote(judges, 0, i, j, t, run=r) for r in runs])
    error = ((votes == 1).mean(axis=0) - p) / np.sqrt(np.maximum(p * (1 - p), 1e-4) / len(runs))
    assert abs(error).max() < 5.0  # 300 binomials around the probability of their pair
    assert 0.8 < error.std() < 1.2


def test_errors_belong_to_the_pair_and_turn_with_it():
    w = simulate.world(n_groups=2, n_items=30, rng=4)
    judges = Teachers([2.0, 1.0], [0.0, 0.0], [1.0, 2.0], shared_error=0.5, ambiguous=0.3)
    g, i, j, t = asks(500, 2, 30, 2)
    forward = w.probability(judges, g, i, j, t)
    np.testing.assert_allclose(forward + w.probability(judges, g, j, i, t), 1.0, atol=1e-12)
    biased = Teachers([2.0, 1.0], [0.7, -0.2], [1.0, 2.0], shared_error=0.5, ambiguous=0.3)
    both = logit(w.probability(biased, g, i, j, t)) + logit(w.probability(biased, g, j, i, t))
    np.testing.assert_allclose(both, 2.0 * biased.order_bias[t], atol=1e-8)


def test_sizes_of_errors():
    n = 30_000
    w = simulate.world(n_groups=600, n_items=50, rng=6)
    judges = Teachers([1.0] * 3, 0.0, [0.0, 1.5, 0.3], shared_error=0.5)
    g, i, j, _ = asks(n, 600, 50)
    _, once = np.unique(g * 2500 + np.minimum(i, j) * 50 + np.maximum(i, j), return_index=True)
    g, i, j = g[once], i[once], j[once]
    truth = w.theta[w.offsets[g] + i] - w.theta[w.offsets[g] + j]
    seen = np.array([logit(w.probability(judges, g, i, j, t)) for t in range(3)])
    shared = seen[0] - truth
    own = seen[1] - seen[0], seen[2] - seen[0]
    bound = 5.0 / np.sqrt(len(g))
    for error, sd in ((shared, 0.5), (own[0], 1.5), (own[1], 0.3)):
        assert abs(error.mean()) < bound * sd
        assert abs(error.std() / sd - 1.0) < bound
    for a, b in ((shared, own[0]), (shared, own[1]), (own[0], own[1]), (shared, truth)):
        assert abs(np.corrcoef(a, b)[0, 1]) < bound


def test_ambiguous_pairs_are_ambiguous_to_all():
    w = simulate.world(n_groups=300, n_items=50, rng=7)
    judges = Teachers([1.0, 3.0], ambiguous=0.15)
    g, i, j, _ = asks(20_000, 300, 50)
    half = [w.probability(judges, g, i, j, t) == 0.5 for t in (0, 1)]
    np.testing.assert_array_equal(*half)
    assert abs(half[0].mean() - 0.15) < 5 * np.sqrt(0.15 * 0.85 / 20_000)


def test_confidently_wrong_and_failing():
    w = simulate.world(n_groups=20, n_items=50, rng=8)
    g, i, j, _ = asks(4000, 20, 50)
    truth = np.sign(w.theta[w.offsets[g] + i] - w.theta[w.offsets[g] + j])
    wrong = w.vote(Teachers([-30.0]), g, i, j, 0)
    assert (wrong == -truth).mean() > 0.95
    silent = w.vote(Teachers([30.0], failure=0.25), g, i, j, 0) == 0
    assert abs(silent.mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 4000)
    assert not w.vote(Teachers([1.0], failure=1.0), g, i, j, 0).any()


def test_bridges_see_the_biases():
    w = simulate.world(n_groups=2, n_items=10, bias=2.0, rng=9)
    p = w.probability(Teachers([1.5]), 0, [3], [4], 0, second_group=1)
    expected = w.level[3] - w.level[10 + 4]
    assert p[0] == pytest.approx(1 / (1 + np.exp(-1.5 * expected)))
    same = w.vote(Teachers([1.5]), 0, [3], [3], 0, second_group=1)  # two items, one position
    assert abs(same[0]) == 1


def test_votes_object():
    w = simulate.world(n_groups=3, n_items=12, rng=1)
    judges = simulate.teachers("failing")
    g, i, j, t = asks(600, 3, 12)
    vote = w.vote(judges, g, i, j, t)
    found = w.votes(judges, g, i, j, t)
    assert isinstance(found, vn.Votes)
    assert found.n_votes == np.count_nonzero(vote)
    low = i < j
    wins = ((vote == 1) & low) | ((vote == -1) & ~low)
    assert found.win.sum() == wins.sum()
    assert found.swapped_runs.sum() == np.count_nonzero(vote[~low])


def test_no_answer_at_all():
    w = simulate.world(n_groups=1, n_items=3, rng=1)
    with pytest.raises(ValueError, match="teachers: answered none of the 2 requests"):
        w.votes(Teachers([1.0], failure=1.0), 0, [0, 1], [1, 2], 0)


def test_requests_of_any_length():
    w = simulate.world(n_groups=3, n_items=12, rng=1)
    judges = simulate.teachers()
    assert w.vote(judges, [], [], [], []).shape == (0,)
    assert w.probability(judges, [], [], [], []).shape == (0,)
    assert w.vote(judges, 2, [0, 1], 5, 3).shape == (2,)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"group": [0, 3]}, ValueError, r"group\[1\] = 3: must be between 0 and 2"),
        ({"first": [0, 12]}, ValueError, r"first\[1\] = 12: must be between 0 and 11"),
        ({"second": [-1, 2]}, ValueError, r"second\[0\] = -1:"),
        ({"second": [1, 1]}, ValueError, r"second\[1\] = 1: is the same item as first"),
        ({"teacher": [0, 4]}, ValueError, "teacher.*: must be between 0 and 3"),
        ({"run": -1}, ValueError, "run.*:"),
        ({"first": [0.5, 1.0]}, TypeError, "first: must hold integers"),
        ({"second": [2, 3, 4]}, ValueError, "rows"),
        ({"first": [[0], [1]]}, ValueError, "one-dimensional"),
        ({"teachers": 4}, TypeError, "teachers: must be Teachers"),
    ],
)
def test_bad_requests(change, error, text):
    w = simulate.world(n_groups=3, n_items=12, rng=1)
    good = {
        "teachers": simulate.teachers(), "group": 0, "first": [0, 1], "second": [2, 3],
        "teacher": 0,
    }  # fmt: skip
    assert len(w.vote(**good)) == 2
    with pytest.raises(error, match=text):
        w.vote(**(good | change))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"law": "odd"}, ValueError, "law.*: must be one of normal, retrieval"),
        ({"student": "odd"}, ValueError, "student.*:"),
        ({"bias": -1.0}, ValueError, "bias.*:"),
        ({"n_groups": 0}, ValueError, "n_groups.*:"),
        ({"n_groups": 2.5}, TypeError, "n_groups.*:"),
        ({"n_items": [3, 0], "n_groups": 2}, ValueError, r"n_items\[1\] = 0:"),
        ({"n_items": [3, 4, 5], "n_groups": 2}, ValueError, "n_items: "),
        ({"n_items": 3.5}, TypeError, "n_items: "),
    ],
)
def test_bad_worlds(arguments, error, text):
    with pytest.raises(error, match=text):
        simulate.world(**arguments)


# ---- teachers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", simulate.PRESETS)
def test_presets(preset):
    judges = simulate.teachers(preset)
    assert len(judges) == 4
    assert judges.names.tolist() == ["t0", "t1", "t2", "t3"]


def test_what_presets_are():
    usual, wrong = simulate.teachers(), simulate.teachers("wrong")
    assert usual.sharpness.tolist() == [4.0, 2.0, 1.5, 1.0]
    assert wrong.sharpness[3] == -3.0
    assert wrong.own_error.tolist() == [0.5, 1.0, 1.5, 0.5]
    assert wrong.order_bias.tolist() == usual.order_bias.tolist() == [0.3, 0.8, -0.8, 1.5]
    alone = simulate.teachers("independent")
    assert alone.shared_error == alone.ambiguous == 0.0
    assert simulate.teachers("ambiguous").ambiguous == 0.4
    assert len(np.unique(simulate.teachers("costly").cost)) == 4


def test_teachers_are_immutable_and_can_be_chosen_from():
    judges = simulate.teachers("costly")
    with pytest.raises(ValueError, match="read-only"):
        judges.cost[0] = 0.0
    two = judges.take([3, 1])
    assert two.names.tolist() == ["t3", "t1"]
    assert two.cost.tolist() == judges.cost[[3, 1]].tolist()
    assert two.ambiguous == judges.ambiguous


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"sharpness": []}, "sharpness"),
        (
            {"sharpness": [1.0, np.nan]},
            r"sharpness\[1\] = nan: must be finite",
        ),
        ({"sharpness": [1, 2], "cost": [1, -1]}, r"cost\[1\] = -1.0:"),
        ({"sharpness": [1, 2], "failure": [0.5, 1.5]}, "failure.*: must be between 0 and 1"),
        ({"sharpness": [1, 2], "own_error": [1, 2, 3]}, "own_error: has 3 rows"),
        ({"sharpness": [1, 2], "names": ["a", "a"]}, "names.* = 'a': is given twice"),
        ({"sharpness": [1, 2], "names": ["a"]}, "names: has 1 rows"),
        ({"sharpness": 1.0, "ambiguous": 2.0}, "ambiguous.*: must be between 0 and 1"),
        ({"sharpness": 1.0, "shared_error": -1.0}, "shared_error.*:"),
    ],
)
def test_bad_teachers(arguments, text):
    with pytest.raises(ValueError, match=text):
        Teachers(**arguments)


def test_unknown_preset():
    with pytest.raises(ValueError, match=r"preset.*: must be one of usual"):
        simulate.teachers("odd")
