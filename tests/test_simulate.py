"""Simulated comparisons: shapes, graphs, frequencies and determinism."""

from __future__ import annotations

import numpy as np
import pytest

from venire import reference, simulate


def aggregated(rows):
    return reference.aggregate(
        rows.first,
        rows.second,
        rows.score,
        rows.weight,
        items=np.arange(rows.n_items),
        order=rows.order,
    )


@pytest.mark.parametrize("kind", simulate.GRAPHS)
@pytest.mark.parametrize("n_items", [4, 7, 300, 301])
def test_graphs_are_connected_and_have_no_loops(kind, n_items):
    first, second = simulate.graph(kind, n_items, rng=1)
    assert first.dtype == second.dtype == np.int32
    assert (first != second).all()
    assert min(first.min(), second.min()) >= 0
    assert max(first.max(), second.max()) < n_items
    rows = simulate.play(first, second, n_items, games=4, rng=2)
    for how in ("weak", "strong"):  # each edge is won from both sides: a fit exists
        sizes = reference.components(aggregated(rows), how).sizes
        assert len(sizes) == (3 if kind == "components" and n_items >= 300 else 1)


@pytest.mark.parametrize(
    ("kind", "edges"),
    [("chain", 99), ("star", 99), ("grid", 180), ("ladder", 148), ("round-robin", 4950)],
)
def test_number_of_edges(kind, edges):
    assert len(simulate.graph(kind, 100)[0]) == edges


def test_two_cliques_have_one_bridge():
    first, second = simulate.graph("two-cliques", 10)
    assert len(first) == 21
    assert ((first < 5) != (second < 5)).sum() == 1


def test_four_regular():
    first, second = simulate.graph("4-regular", 50, rng=0)
    assert (np.bincount(np.concatenate([first, second])) == 4).all()


@pytest.mark.parametrize("model", reference.MODELS)
def test_outcome_frequencies(model):
    """Each outcome's count is within 5 standard deviations of its expectation."""
    m = 200_000
    theta = [0.4, -0.3]
    order = np.tile([1, 0, -1, 1], m // 4)
    tie = {"davidson": 0.8, "rao-kupper": 1.7}.get(model)
    score = simulate.outcomes(
        np.zeros(m, int),
        np.ones(m, int),
        theta,
        model=model,
        order=order,
        order_effect=0.25,
        tie=tie,
        rng=4,
    )
    for o in (-1, 0, 1):
        seen = score[order == o]
        p = reference.probabilities(model, [0.7 + 0.25 * o], 0.0 if tie is None else np.log(tie))
        p = np.array([p[0], 0.0, 1.0 - p[0]]) if tie is None else p[0]
        count = np.array([(seen == s).sum() for s in (1.0, 0.5, 0.0)])
        assert count.sum() == len(seen)
        sd = np.sqrt(len(seen) * p * (1.0 - p))
        assert (np.abs(count - len(seen) * p) <= 5.0 * sd).all()


@pytest.mark.parametrize("shape", simulate.SHAPES)
def test_comparisons_are_determined_by_rng(shape):
    make = [
        simulate.comparisons(20, 500, shape=shape, model="davidson", neutral=0.2, rng=seed)
        for seed in (7, 7, 8)
    ]
    for a, b in zip(make[0], make[1], strict=True):
        np.testing.assert_array_equal(a, b)
    assert (make[0].score != make[2].score).any()
    assert set(make[0].order.tolist()) == {0, 1}
    assert len(make[0].first) == 500
    if shape != "random":  # both sides are first, in turns
        pairs = set(zip(make[0].first.tolist(), make[0].second.tolist(), strict=True))
        assert any((b, a) in pairs for a, b in pairs)


def test_workloads_are_what_they_say():
    arena = simulate.arena(n_comparisons=20_000)
    games = np.bincount(np.concatenate([arena.first, arena.second]))
    assert games[0] > 10 * np.median(games)
    assert set(np.unique(arena.score)) == {0.0, 0.5, 1.0}
    dense = simulate.dense(50, 10_000)
    assert aggregated(dense).n_pairs == 50 * 49 // 2
    ladder = simulate.ladder(1_000, 50_000)
    assert np.median((ladder.second - ladder.first) % 1_000) < 50
    wild = simulate.play(*simulate.graph("grid", 400), 400, decades=12.0, rng=0)
    assert 1e11 < wild.weight.max() / wild.weight.min() < 1e14
    for rows in (arena, dense, ladder):
        assert (rows.first != rows.second).all()
        assert rows.first.dtype == np.int32


@pytest.mark.parametrize("degree", [4, 8])
def test_queries_are_cycles_with_noisy_votes(degree):
    rows = simulate.queries(300, 20, degree=degree, rng=1)
    assert isinstance(rows, simulate.Queries)
    assert rows.group.tolist() == np.repeat(np.arange(300), 10 * degree).tolist()
    assert {x.dtype for x in (rows.group, rows.first, rows.second)} == {np.dtype(np.int32)}
    for ends in (rows.first, rows.second):
        counts = np.bincount(rows.group * 20 + ends, minlength=6_000)
        assert (counts == degree // 2).all()
    assert (rows.first != rows.second).all()
    d = rows.theta[rows.group, rows.first] - rows.theta[rows.group, rows.second]
    noise = np.log(rows.score / (1.0 - rows.score)) - d
    assert noise.std() == pytest.approx(0.5, rel=4.0 / np.sqrt(2.0 * len(d)))
    assert not np.array_equal(rows.first[: 10 * degree], rows.first[10 * degree : 20 * degree])
    hard = simulate.queries(300, 20, degree=degree, hard=True, rng=1)
    assert set(hard.score) == {0.0, 1.0}
    share = np.exp(-np.logaddexp(0.0, -d - noise))
    spread = np.sqrt(np.sum(share * (1.0 - share)))
    assert abs(hard.score.sum() - share.sum()) < 4.0 * spread
    again = simulate.queries(300, 20, degree=degree, rng=1)
    assert all(np.array_equal(a, b) for a, b in zip(rows, again, strict=True))


def test_chain_knows_its_optimum():
    rows = simulate.chain(50)
    found = reference.fit(aggregated(rows))
    np.testing.assert_allclose(found.theta, rows.theta, atol=1e-7)


def test_nearly_separable_has_a_fit():
    rows = simulate.nearly_separable(30, 20_000)
    assert rows.score.mean() > 0.999
    assert reference.existence(aggregated(rows)).exists
    assert not reference.existence(aggregated(rows._replace(score=np.ones_like(rows.score)))).exists


def test_permuted_has_the_same_fit():
    rows = simulate.comparisons(8, 400, rng=1, neutral=0.5)
    moved = simulate.permuted(rows, rng=2)
    assert (moved.first != rows.first).any()
    plain, other = (reference.fit(aggregated(r), order_effect=True) for r in (rows, moved))
    assert other.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-12)
    assert other.order_effect == pytest.approx(plain.order_effect, abs=1e-8)
    by_truth = (np.argsort(rows.theta), np.argsort(moved.theta))
    np.testing.assert_allclose(plain.theta[by_truth[0]], other.theta[by_truth[1]], atol=1e-8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: simulate.graph("torus", 10), "shape.*: must be one of"),
        (lambda: simulate.graph("grid", 3), "n_items.*: must be at least 4"),
        (lambda: simulate.comparisons(1, 5), "n_items.*: must be at least 2"),
        (lambda: simulate.comparisons(5, 5, shape="swiss"), "shape.*: must be one of"),
        (lambda: simulate.comparisons(5, 5, neutral=2.0), "neutral.*: must be between 0 and 1"),
        (
            lambda: simulate.comparisons(5, 5, theta=[0.0]),
            "theta: has 1 values, but there are 5 items",
        ),
        (lambda: simulate.outcomes([0], [1], [0, 0], model="elo"), "model.*: must be one of"),
        (
            lambda: simulate.outcomes([0], [1], [0, 0], tie=1.0),
            "tie.*: bradley-terry has no tie parameter",
        ),
        (
            lambda: simulate.outcomes([0], [1], [0, 0], model="rao-kupper", tie=0.5),
            "tie.*: must be finite and at least 1",
        ),
        (lambda: simulate.play([0], [1], 2, games=1), "games.*: must be at least 2"),
        (lambda: simulate.queries(2, 10, degree=3), "degree.*: must be even"),
        (lambda: simulate.queries(2, 2), "n_items.*: must be at least 3"),
        (lambda: simulate.queries(2, 3, degree=2**63), "degree.*: must be at most"),
        (lambda: simulate.graph("chain", 2**63), "n_items.*: must be at most"),
        (lambda: simulate.outcomes([0], [7], [0, 0]), r"second\[0\].*: must be from 0 to 1"),
        (lambda: simulate.outcomes([-1], [0], [0, 0]), "first.*: must be from 0 to 1"),
        (lambda: simulate.outcomes([0, 1], [1], [0, 0]), "second: has 1 rows, but first has 2"),
        (lambda: simulate.outcomes([0], [1], [0, 10**400]), r"theta\[1\].*:"),
        (lambda: simulate.outcomes([0], [1], [1e308, -1e308]), "theta.*: must be finite"),
        (
            lambda: simulate.outcomes([0], [1], [0, 0], order_effect=np.nan),
            "order_effect.*: must be",
        ),
        (lambda: simulate.play([0], [5], 2), "second.*: must be from 0 to 1"),
        (lambda: simulate.play([0], [1], 2, decades=1e308), "decades.*: must be from 0 to 300"),
        (lambda: simulate.nearly_separable(10, 5), "n_comparisons.*: must be at least 10"),
        (
            lambda: simulate.panel([0.5, 1.5]),
            r"accuracy\[1\].*: must be between 0 and 1",
        ),
        (lambda: simulate.panel([0.5, 0.5], flip=[0.1]), "flip: has 1 rows"),
        (lambda: simulate.panel([0.5], clique=[-2]), "clique.*: must be from -1 to 0"),
        (lambda: simulate.votes(0, 1), "n_pairs.*: must be at least 1"),
        (lambda: simulate.votes(1, 1, 1, tie=2), "tie.*: must be between 0 and 1"),
        (lambda: simulate.RidgeStudent().fit(np.zeros((0, 2)), []), "x: must have a row"),
        (
            lambda: simulate.RidgeStudent().fit([[1.0]], [1.0], sample_weight=[0.0]),
            "sample_weight: must not all be 0",
        ),
    ],
)
def test_bad_arguments(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: simulate.outcomes([0.5], [1], [0, 0]), "first: must hold integers"),
        (lambda: simulate.outcomes([0], [1], [0, 1j]), "theta: must hold numbers"),
        (lambda: simulate.comparisons(3.0, 5), "n_items.*: must be a whole number"),
        (lambda: simulate.panel([0.5, 1j]), "accuracy: must hold numbers"),
        (lambda: simulate.panel([0.5], clique=[0.0]), "clique: must hold integers"),
        (lambda: simulate.RidgeStudent().fit([[1j]], [1.0]), "x: must hold numbers"),
        (lambda: simulate.RidgeStudent().fit([[1.0]], [1j]), "y: must hold numbers"),
        (lambda: simulate.arena(10, 10, rng="x"), "rng.*: must be"),
    ],
)
def test_arguments_of_a_wrong_type(call, words):
    with pytest.raises(TypeError, match=words):
        call()
