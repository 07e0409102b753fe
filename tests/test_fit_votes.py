"""fit_votes: teachers weighed by the ratings, the reference twin, invariances, bad input."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import reference

MODELS = ("bradley-terry", "thurstone")


def rows_of(n_groups=30, n_items=12, sharpness=(4.0, 2.0, 1.5, 1.0), per_pair=1, seed=0):
    """Votes along two cycles of each group, teachers in rotation: columns by name, and theta."""
    rng = np.random.default_rng(seed)
    theta = 1.5 * rng.standard_normal((n_groups, n_items))
    rows = []
    for g in range(n_groups):
        for cycle in range(2):
            order = rng.permutation(n_items)
            for k in range(n_items):
                i, j = order[k], order[(k + 1) % n_items]
                for t in range(per_pair):
                    teacher = (cycle * n_items + k + g + t) % len(sharpness)
                    p = 1 / (1 + np.exp(-sharpness[teacher] * (theta[g, i] - theta[g, j])))
                    rows.append((g, i, j, teacher, 1 if rng.random() < p else -1))
    names = ("group", "first", "second", "teacher", "vote")
    return dict(zip(names, np.array(rows).T, strict=True)), theta - theta.mean(1, keepdims=True)


def votes_of(columns, **more):
    return vn.Votes(**columns, **more)


def reference_of(votes, **options):
    pair = np.repeat(np.arange(votes.n_pairs), np.diff(votes.pair_ptr))
    labels = (x[pair] for x in (votes.group, votes.first, votes.second))
    return reference.fit_votes(
        *labels, votes.teacher, votes.win, votes.tie, votes.loss, **options
    )  # fmt: skip


def soft(columns, seed=3):
    """Probabilities, weights and ties instead of hard votes."""
    rng = np.random.default_rng(seed)
    n = len(columns["vote"])
    chances = rng.dirichlet([1.0, 0.3, 1.0], n)
    up = columns["vote"] > 0
    chances[up] = np.sort(chances[up], axis=1)[:, [2, 0, 1]]
    kept = {k: x for k, x in columns.items() if k != "vote"}
    return votes_of(kept, probabilities=chances, weight=rng.uniform(0.5, 2.0, n), strength=2.0)


def same(a, b):
    for name in ("weights", "alpha", "beta"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    np.testing.assert_array_equal(a.fit.theta, b.fit.theta)
    np.testing.assert_array_equal(a.comparisons.win, b.comparisons.win)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_equals_reference(model, kind):
    columns, _ = rows_of(8)
    votes = votes_of(columns) if kind == "hard" else soft(columns)
    prior = vn.GaussianPrior(0.1)
    found = vn.fit_votes(votes, model=model, prior=prior)
    wanted = reference_of(votes, model=model, prior=prior)
    np.testing.assert_allclose(found.alpha, wanted.alpha, rtol=1e-7)
    np.testing.assert_allclose(found.beta, wanted.beta, rtol=1e-7)
    np.testing.assert_allclose(found.weights, wanted.weights, rtol=1e-7)
    np.testing.assert_allclose(found.fit.theta, wanted.fit.theta, atol=1e-6)
    np.testing.assert_allclose(
        found.comparisons.win, wanted.comparisons.win + wanted.comparisons.tie / 2
    )
    assert found.weights.std() > 0.01


def test_one_round_and_none():
    votes = votes_of(rows_of()[0])
    once = vn.fit_votes(votes, rounds=1)
    np.testing.assert_allclose(
        once.weights, reference_of(votes, rounds=1, prior=vn.GaussianPrior(0.1)).weights, rtol=1e-7
    )
    assert abs(once.weights - vn.fit_votes(votes).weights).max() > 1e-4
    none, uniform = vn.fit_votes(votes, rounds=0), vn.fit_votes(votes, method="uniform")
    np.testing.assert_array_equal(none.fit.theta, uniform.fit.theta)
    assert none.alpha is None
    assert none.weights.tolist() == [1.0] * 4


def test_a_confidently_wrong_teacher_hardly_counts():
    columns, theta = rows_of(100, 20, sharpness=(4.0, 2.0, 1.5, -3.0))
    votes = votes_of(columns)
    found = vn.fit_votes(votes)
    assert found.weights[3] < 0.1
    assert found.weights[:3].min() > 1.0
    assert found.to_frame("dict")["agreement"][3] < 0.55

    def missed(fit):
        return 1.0 - np.corrcoef(fit.fit.theta, theta.ravel())[0, 1] ** 2

    assert missed(found) < 0.6 * missed(vn.fit_votes(votes, method="uniform"))


def test_mean_weight_is_over_judgments():
    columns, _ = rows_of(40)
    rare = (columns["teacher"] == 3) & (np.arange(len(columns["vote"])) % 5 > 0)
    votes = votes_of({k: x[~rare] for k, x in columns.items()})
    found = vn.fit_votes(votes)
    assert found.n_judgments.tolist() == np.bincount(votes.teacher).tolist()
    assert found.weights @ found.n_judgments == pytest.approx(found.n_judgments.sum())
    assert found.comparisons.n_comparisons == pytest.approx(votes.n_votes, rel=0.01)


def test_order_of_rows_and_of_items():
    columns, _ = rows_of()
    found = vn.fit_votes(votes_of(columns))
    by = np.random.default_rng(5).permutation(len(columns["vote"]))
    turn = np.random.default_rng(6).random(len(by)) < 0.5
    shuffled = {k: x[by] for k, x in columns.items()}
    shuffled["first"], shuffled["second"] = (
        np.where(turn, shuffled[b], shuffled[a])
        for a, b in (("first", "second"), ("second", "first"))
    )
    shuffled["vote"] = np.where(turn, -1, 1) * shuffled["vote"]
    same(found, vn.fit_votes(votes_of(shuffled, swapped=turn)))


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_threads(n_threads):
    columns, _ = rows_of(500, 20, per_pair=2)
    votes = votes_of(columns)
    assert len(votes.teacher) > 1 << 15
    same(vn.fit_votes(votes, n_threads=3), vn.fit_votes(votes, n_threads=n_threads))


def test_text_labels():
    columns, _ = rows_of(4)
    named = {k: [f"{k[0]}{x:03}" for x in v] for k, v in columns.items() if k != "vote"}
    named["second"] = [x.replace("s", "f") for x in named["second"]]
    found = vn.fit_votes(votes_of(named | {"vote": columns["vote"]}))
    plain = vn.fit_votes(votes_of(columns))
    np.testing.assert_array_equal(found.fit.theta, plain.fit.theta)
    assert found.teachers.tolist() == ["t000", "t001", "t002", "t003"]
    assert found.fit.groups.tolist() == [f"g{k:03}" for k in range(4)]


@pytest.mark.parametrize("method", ["fit", "judges", "consensus", "uniform"])
@pytest.mark.parametrize("shift", [0, 10**10])
def test_universe(method, shift):
    columns, _ = rows_of(5, per_pair=3)
    for name in ("group", "first", "second"):
        columns[name] = columns[name] + shift
    votes = votes_of(columns)
    order = np.array([4, 3, 2, 1, 0, 9]) + shift
    items = (np.array([2, 9, 9]) + shift, np.array([77, 1, 2]) + shift)
    plain = vn.fit_votes(votes, method=method)
    found = vn.fit_votes(votes, method=method, groups=order, items=items)
    assert found.fit.groups.tolist() == order.tolist()
    assert np.diff(found.fit.offsets).tolist() == [12, 12, 13, 12, 12, 2]
    np.testing.assert_allclose(found.weights, plain.weights, rtol=1e-12)
    for k in range(5):
        own = slice(plain.fit.offsets[k], plain.fit.offsets[k + 1])
        first = found.fit.offsets[4 - k]
        there = slice(first, first + 12)
        assert found.fit.items[there].tolist() == plain.fit.items[own].tolist()
        np.testing.assert_allclose(found.fit.theta[there], plain.fit.theta[own], atol=1e-8)
    assert found.fit.status[5] == "no comparisons"


def test_consensus_is_that_of_the_panel():
    votes = votes_of(rows_of(per_pair=3)[0])
    found = vn.fit_votes(votes, method="consensus", rho=0.2)
    q = vn.consensus(votes, "reliability", rho=0.2)
    wanted = vn.fit_groups(q.to_grouped(), prior=vn.GaussianPrior(0.1))
    np.testing.assert_array_equal(found.fit.theta, wanted.theta)
    np.testing.assert_array_equal(found.consensus.probability, q.probability)
    np.testing.assert_array_equal(found.alpha, q.reliability.alpha)
    assert found.weights @ found.n_judgments == pytest.approx(found.n_judgments.sum())
    assert found.weights[:2].min() > 1.0 > found.weights[2] > found.weights[3]  # sharp and less


def test_votes_of_weight_zero_and_ties():
    columns, _ = rows_of(6)
    weight = np.ones(len(columns["vote"]))
    weight[columns["group"] == 2] = 0.0
    weight[:5] = 0.0
    columns["vote"] = np.where(np.arange(len(weight)) % 4 == 0, 0, columns["vote"])
    votes = votes_of(columns, weight=weight)
    found = vn.fit_votes(votes)
    assert found.fit.status[2] == "no comparisons"
    assert len(found.fit.items) == 6 * 12
    assert found.comparisons.n_comparisons == pytest.approx(weight.sum(), rel=0.01)
    kept = votes_of({k: x[weight > 0] for k, x in columns.items()})
    np.testing.assert_allclose(found.weights, vn.fit_votes(kept).weights, rtol=1e-9)


def test_ties_alone_say_nothing_of_a_teacher():
    columns, _ = rows_of(4)
    found = vn.fit_votes(votes_of(columns | {"vote": np.zeros(len(columns["vote"]), int)}))
    assert found.alpha.tolist() == [4.0] * 4
    assert found.beta.tolist() == [2.0] * 4
    np.testing.assert_allclose(found.weights, 1.0)
    np.testing.assert_allclose(found.fit.theta, 0.0, atol=1e-12)


def test_without_a_prior_groups_may_have_no_fit():
    columns, _ = rows_of(30, 6, sharpness=(0.1, 0.1))
    found = vn.fit_votes(votes_of(columns), prior=None)
    bad = found.fit.status == "not identified"
    assert 0 < bad.sum() < 30
    good = np.isin(columns["group"], found.fit.groups[~bad])
    rest = vn.fit_votes(votes_of({k: x[good] for k, x in columns.items()}), prior=None)
    np.testing.assert_allclose(found.alpha, rest.alpha, rtol=1e-6)


def test_difference_variances():
    g = vn.GroupedComparisons(
        [1, 1, 1, 1, 2, 2], [0, 1, 0, 1, 5, 6], [1, 2, 2, 0, 6, 5], [1, 0.5, 0.2, 0.4, 0.8, 0.7]
    )
    for options in ({}, {"prior": vn.GaussianPrior(2.0)}, {"order_effect": True}):
        fit = vn.fit_groups(g, **options)
        for k, label in enumerate(fit.groups):
            cells = slice(g.cell_offsets[k], g.cell_offsets[k + 1])
            items = fit.items[fit.offsets[k] : fit.offsets[k + 1]]
            single = fit[label]
            wanted = single.difference_errors(items[g.first[cells]], items[g.second[cells]])
            found = np.sqrt(fit.difference_variances()[cells])
            np.testing.assert_allclose(found, wanted, rtol=1e-7)


def test_difference_variances_where_there_is_no_fit():
    g = vn.GroupedComparisons([1, 2, 2], [0, 0, 1], [1, 1, 0], 1.0)
    found = vn.fit_groups(g, prior=None).difference_variances()
    assert np.isnan(found).tolist() == [True, False, False]  # either order


def test_difference_variances_of_large_groups(monkeypatch):
    votes = votes_of(rows_of(3)[0])
    plain = vn.fit_votes(votes).fit.difference_variances()
    monkeypatch.setattr("venire.ratings.grouped.batches.MAX_ERRORS", 5)
    np.testing.assert_allclose(vn.fit_votes(votes).fit.difference_variances(), plain, rtol=1e-9)


def test_weights_of_labels():
    found = vn.fit_votes(votes_of(rows_of()[0]))
    assert found.weight_of([3, 0, 3]).tolist() == found.weights[[3, 0, 3]].tolist()
    with pytest.raises(ValueError, match=r"teacher\[1\] = 9: did not vote"):
        found.weight_of([3, 9])
    frame = found.to_frame("dict")
    assert list(frame) == ["teacher", "n_judgments", "weight", "agreement"]
    assert isinstance(found, vn.targets.VotesFit)
    assert "weights" in repr(found)


def test_inputs_stay_as_they_are():
    columns, _ = rows_of(5)
    votes = votes_of(columns)
    before = votes.win.copy(), votes.pair_ptr.copy()
    found = vn.fit_votes(votes)
    np.testing.assert_array_equal(votes.win, before[0])
    np.testing.assert_array_equal(votes.pair_ptr, before[1])
    assert not found.comparisons.win.flags.writeable
    same(found, vn.fit_votes(votes))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model": "davidson"}, ValueError, "model.*: must be one of bradley-terry, thurstone"),
        (
            {"method": "best"},
            ValueError,
            "method.*: must be one of fit, judges, consensus, uniform",
        ),
        ({"rounds": -1}, ValueError, "rounds = -1: must be at least 0"),
        ({"rounds": 1.5}, TypeError, "rounds.*: must be a whole number"),
        ({"rounds": True}, TypeError, "rounds.*: must be a whole number"),
        ({"prior": 0.1}, TypeError, "prior.*: must be a GaussianPrior"),
        ({"n_threads": 0}, ValueError, "n_threads.*: must be at least 1"),
        ({"method": "consensus", "rho": 2.0}, ValueError, "rho.*: must be between 0 and 1"),
        ({"groups": [0, 1]}, ValueError, "group"),
        ({"items": ([0],)}, TypeError, "items: must be a pair"),
        ({"items": ([0, 1], [5])}, ValueError, "items: has 2 groups, but 1 labels"),
    ],
)
def test_bad_input(options, error, message):
    votes = votes_of(rows_of(3)[0])
    with pytest.raises(error, match=message):
        vn.fit_votes(votes, **options)


def test_votes_without_groups():
    with pytest.raises(ValueError, match="votes: must have groups"):
        vn.fit_votes(vn.Votes(["a"], ["b"], ["t"], [1]))
    with pytest.raises(TypeError, match="votes: must be Votes, got list"):
        vn.fit_votes([1, 2])
