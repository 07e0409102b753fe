"""Ranks: equal is equal, different is different, and intervals hold all ranks together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import venire as vn
from venire import reference
from venire.ratings._standing import competition_ranks

pytestmark = pytest.mark.filterwarnings("ignore::venire.NotIdentifiedWarning")

PRIORS = (None, vn.GaussianPrior(0.01))
TEAMS = 8
HOME, AWAY = np.array(list(itertools.permutations(range(TEAMS), 2))).T


def season(rng, ties=0.25):
    """A double round robin of `TEAMS` and the points of each."""
    theta = rng.normal(0.0, 1.0, TEAMS)
    score = (rng.random(len(HOME)) < 1.0 / (1.0 + np.exp(theta[AWAY] - theta[HOME]))).astype(float)
    score[rng.random(len(HOME)) < ties] = 0.5
    points = np.bincount(HOME, score) + np.bincount(AWAY, 1.0 - score)
    return score, points


def fitted(fit, *args, **options):
    """A fit, or None where there is none."""
    try:
        return fit(*args, **options)
    except vn.NotIdentifiedError:
        return None


def assert_like_points(ranks, points):
    """Equal ranks where points are equal, another where they are not; 0 is no rank."""
    i, j = np.triu_indices(len(points), 1)
    same = points[i] == points[j]
    assert (ranks[i] == ranks[j])[same].all(), (ranks, points)
    both = (ranks[i] > 0) & (ranks[j] > 0)
    assert (ranks[i] != ranks[j])[~same & both].all(), (ranks, points)


@pytest.mark.parametrize("prior", PRIORS, ids=["mle", "prior"])
@pytest.mark.parametrize("order_effect", [False, True], ids=["plain", "order"])
@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_equal_points_share_a_rank(model, order_effect, prior):
    rng = np.random.default_rng(1)
    count = 0
    for _ in range(60):
        score, points = season(rng)
        c = vn.Comparisons(HOME, AWAY, score, order=1)
        options = {"model": model, "prior": prior, "order_effect": order_effect}
        fit = fitted(vn.ratings.fit_model, c, **options)
        if fit is None:
            continue
        count += 1
        assert_like_points(fit.ranks(), points)
        if prior is None:
            slow = vn.ratings.fit_model(c, method="mm", **options)
            assert_like_points(slow.ranks(), points)
        g = vn.GroupedComparisons(np.full(len(HOME), "q"), HOME, AWAY, score, order=1)
        assert_like_points(vn.fit_groups(g, **options).ranks(), points)
    assert count > 50


@pytest.mark.parametrize("model", vn.models.MODELS)
@pytest.mark.parametrize("prior", PRIORS, ids=["mle", "prior"])
def test_mirrored_records_share_a_rank(model, prior):
    """Two leagues of one and the same games, joined by games of each item with its twin."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        n = 5
        i, j = np.triu_indices(n, 1)
        win, loss = rng.integers(1, 9, (2, len(i))).astype(float)
        tie = rng.integers(1, 5, len(i)).astype(float)
        twin = np.arange(n)
        labels = rng.permutation(2 * n)
        c = vn.Comparisons.from_counts(
            labels[np.concatenate([i, n + i, twin])],
            labels[np.concatenate([j, n + j, n + twin])],
            np.concatenate([win, win, np.full(n, 2.0)]),
            np.concatenate([loss, loss, np.full(n, 2.0)]),
            tie=np.concatenate([tie, tie, np.ones(n)]),
        )
        fit = vn.ratings.fit_model(c, model=model, prior=prior)
        place = np.argsort(labels)
        ranks = fit.ranks()
        np.testing.assert_array_equal(ranks[place < n][np.argsort(place[place < n])],
                                      ranks[place >= n][np.argsort(place[place >= n])])  # fmt: skip
        assert len(np.unique(ranks)) == len(np.unique(np.round(fit.theta, 9)))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_names_and_order_of_rows_change_no_shared_rank(seed, has_prior):
    rng = np.random.default_rng(seed)
    score, _ = season(rng, ties=0.4)
    prior = vn.GaussianPrior(0.1) if has_prior else None
    fit = fitted(vn.fit_bradley_terry, vn.Comparisons(HOME, AWAY, score), prior=prior)
    if fit is None:
        return
    names, rows = rng.permutation(TEAMS), rng.permutation(len(HOME))
    turned = rng.random(len(HOME)) < 0.5
    a, b = np.where(turned, AWAY, HOME)[rows], np.where(turned, HOME, AWAY)[rows]
    s = np.where(turned, 1.0 - score, score)[rows]
    again = vn.fit_bradley_terry(vn.Comparisons(names[a], names[b], s), prior=prior)
    np.testing.assert_array_equal(again.ranks()[names], fit.ranks())


def test_items_of_a_long_chain_are_told_apart():
    """20,001 items in two arms that mirror each other, and a chain whose links all differ."""
    rng = np.random.default_rng(3)
    n = 10_000
    win, loss = rng.integers(1, 9, (2, n)).astype(float)
    links = np.arange(n), np.arange(1, n + 1)
    labels = rng.permutation(2 * n + 1)
    starts = np.concatenate([links[0], [0], n + links[0][1:]])
    ends = np.concatenate([links[1], n + links[1]])
    c = vn.Comparisons.from_counts(labels[starts], labels[ends], np.tile(win, 2), np.tile(loss, 2))
    ranks = vn.fit_bradley_terry(c).ranks()
    np.testing.assert_array_equal(ranks[labels[links[1]]], ranks[labels[n + links[1]]])
    c = vn.Comparisons.from_counts(*links, win + rng.random(n), loss + rng.random(n))
    assert len(np.unique(vn.fit_bradley_terry(c).ranks())) == n + 1


def test_a_loose_tolerance_merges_nobody_and_splits_nobody():
    rng = np.random.default_rng(4)
    score, points = season(rng)
    c = vn.Comparisons(HOME, AWAY, score)
    for method in ("newton", "mm"):
        loose = vn.fit_bradley_terry(c, tol=1e-4, method=method)
        assert_like_points(loose.ranks(), points)
    near = score.copy()
    near[0] += 1e-7 if near[0] < 1.0 else -1e-7  # one item is better by next to nothing
    found = vn.fit_bradley_terry(vn.Comparisons(HOME, AWAY, near)).ranks()
    assert_like_points(found, np.bincount(HOME, near) + np.bincount(AWAY, 1.0 - near))


def test_competition_ranks():
    theta = np.array([1.0, 3.0, 1.0 + 1e-9, 2.0, 5.0, 5.0])
    order = np.argsort(-theta, kind="stable")
    assert competition_ranks(theta, 0.0, order).tolist() == [6, 3, 5, 4, 1, 1]
    assert competition_ranks(theta, 1e-8, order).tolist() == [5, 3, 5, 4, 1, 1]
    block = np.array([0, 0, 0, 0, 1, 1])
    order = np.lexsort((-theta, block))
    assert competition_ranks(theta, 1e-8, order, block).tolist() == [3, 1, 3, 2, 1, 1]


def test_standardized_groups_of_equal_items_are_equal():
    """Each wins as much as it loses, by numbers that leave some rounding."""
    n = 7
    i = np.arange(n)
    first, second = np.concatenate([i, i, i]), np.concatenate([i + 1, i + 2, i + 3]) % n
    weight = np.repeat([0.3, 1.0 / 3.0, 7.1], n)
    gf = vn.fit_groups(vn.GroupedComparisons([1] * (3 * n), first, second, 1.0, weight))
    np.testing.assert_array_equal(gf.standardize().theta, 0.0)
    assert gf.ranks().tolist() == [1] * n


# --- of replicates --------------------------------------------------------------------------------


def test_equal_items_of_a_replicate_have_all_their_ranks():
    from venire.resampling._intervals import RankedWhere, rank_intervals

    where = RankedWhere(np.zeros(4, int), np.ones(4, bool), 1e-6)
    draws = np.array([[2.0, 1.0, 1.0 + 1e-8, 0.0]] * 9)
    assert rank_intervals(draws, where, 0.9).tolist() == [[1, 1], [2, 3], [2, 3], [4, 4]]
    where = RankedWhere(np.zeros(4, int), np.array([True, True, True, False]), 1e-6)
    assert rank_intervals(draws, where, 0.9).tolist() == [[1, 2], [2, 4], [2, 4], [1, 4]]
    where = RankedWhere(np.array([0, 0, 1, 1]), np.ones(4, bool), 1e-6)
    assert rank_intervals(draws, where, 0.9).tolist() == [[1, 1], [2, 2], [1, 1], [2, 2]]


def test_equal_items_are_better_than_each_other_half_of_the_time():
    c = vn.Comparisons.from_counts([0, 0, 1, 1], [2, 3, 2, 3], [5, 9, 5, 9], [4, 3, 4, 3])
    b = vn.bootstrap(vn.fit_bradley_terry(c), 400, rng=1)
    assert abs(b.prob_better(0, 1) - 0.5) < 0.15
    same = np.repeat(b.theta[:, :1], 4, axis=1) + 1e-9 * np.arange(4)
    import dataclasses

    assert dataclasses.replace(b, theta=same).prob_better(1, 0) == 0.5


# --- intervals ------------------------------------------------------------------------------------


def leagues(rng, sizes, n, spread=0.7):
    """Strengths of all items, and games within leagues."""
    theta, starts, rows = rng.normal(0.0, spread, sum(sizes)), np.cumsum([0, *sizes]), []
    for start, size in zip(starts, sizes, strict=False):
        if size > 1:
            i = rng.integers(0, size, n)
            rows.append((start + i, start + (i + rng.integers(1, size, n)) % size))
    i, j = (np.concatenate(x) for x in zip(*rows, strict=True))
    score = (rng.random(len(i)) < 1.0 / (1.0 + np.exp(theta[j] - theta[i]))).astype(float)
    return theta, vn.Comparisons(i, j, score, items=np.arange(len(theta)))


def test_rank_intervals_by_the_definition():
    _, c = leagues(np.random.default_rng(5), (6, 1), 400)
    fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.01))
    for errors in ("fisher", "robust"):
        found = fit.rank_interval(0.9, errors)
        limit = stats.norm.ppf((1.0 + 0.9 ** (1.0 / 15.0)) / 2.0)
        for i in range(6):
            others = [j for j in range(6) if j != i]
            gap = fit.theta[i] - fit.theta[others]
            sure = limit * fit.difference_errors(i, others, errors=errors)
            assert found[i].tolist() == [1 + (gap < -sure).sum(), 7 - (gap > sure).sum()]
        assert found[6].tolist() == [1, 7]
    assert (found[:6, 0] > 1).any()
    np.testing.assert_array_equal(fit.rescale("elo").rank_interval(0.9, "robust"), found)
    with pytest.raises(ValueError, match="level"):
        fit.rank_interval(1.0)


@pytest.mark.parametrize("sizes", [(7,), (7, 1), (5, 5)], ids=["all", "never met", "leagues"])
@pytest.mark.parametrize("n", [60, 600])
def test_rank_intervals_hold_all_ranks_together(sizes, n):
    held, of_replicates, runs = 0, 0, 60
    for k in range(runs):
        theta, c = leagues(np.random.default_rng([6, n, k]), sizes, n)
        rank = 1 + (theta[:, None] < theta).sum(axis=1)
        fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.01))
        b = vn.bootstrap(fit, 150, rng=k, n_threads=1)
        low, high = fit.rank_interval().T
        held += ((low <= rank) & (rank <= high)).all()
        low, high = b.rank_interval(simultaneous=True).T
        of_replicates += ((low <= rank) & (rank <= high)).all()
        assert (low[~fit.determined] == 1).all()
        assert (high[~fit.determined] == len(theta)).all()
    room = 4.0 * np.sqrt(0.95 * 0.05 / runs)
    assert min(held, of_replicates) / runs > 0.95 - room
    if n == 600:
        assert (high - low)[fit.determined].mean() < len(theta) - 1


def test_the_twin_ranks_alike():
    """Of the dense reference's fit, whose theta is what is ranked."""
    cells = reference.cells_from_counts(*vn.datasets.columns("baseball_1987").values())
    found = reference.fit(cells, "bradley-terry")
    fit = vn.fit_bradley_terry(vn.datasets.load_baseball_1987())
    np.testing.assert_array_equal(fit.ranks(), stats.rankdata(-found.theta, "min"))
