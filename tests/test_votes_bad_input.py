"""Wrong and awkward votes: an error that says what is wrong, or a defined answer."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn

A, B, T = ["a", "b", "c"], ["b", "c", "a"], ["t", "t", "u"]
HALF = [[0.5, 0.0, 0.5]] * 3


FREE = ("uniform", "variance", "precision", "reliability", "correlated")


def kinds(q):
    return {w.name for w in q.warnings}


def agreement(*columns, **options):
    return vn.panel.agreement(vn.Votes(*columns), **options)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: vn.Votes([], [], [], []), ValueError, ["first", "empty"]),
        (lambda: vn.Votes(A, B, T[:2], [1, 1, 1]), ValueError, ["teacher", "2", "3"]),
        (lambda: vn.Votes(A, B, T, [1, 1]), ValueError, ["vote", "2", "3"]),
        (lambda: vn.Votes(A, B, T), TypeError, ["vote", "probabilities"]),
        (lambda: vn.Votes(A, B, T, [1] * 3, HALF), TypeError, ["vote", "probabilities"]),
        (lambda: vn.Votes(A, B, T, [1, 2, 0]), ValueError, ["vote", "= 2", "[1]"]),
        (lambda: vn.Votes(A, B, T, np.array([1, 0, -3], np.int8)), ValueError, ["vote", "-3", "2"]),
        (lambda: vn.Votes(A, B, T, [1, 0.5, 0]), ValueError, ["vote", "0.5", "probabilities"]),
        (lambda: vn.Votes(A, B, T, [1, np.nan, 0]), ValueError, ["vote", "nan", "[1]"]),
        (lambda: vn.Votes(A, B, T, ["A", "A", "tie"]), ValueError, ["vote", "'A'", "[0]", "H is"]),
        (lambda: vn.Votes(A, B, T, ["A", "B", None]), ValueError, ["vote", "missing", "[2]"]),
        (lambda: vn.Votes(A, B, T, [1, 0, 1]), ValueError, ["vote", "= 0", "[1]", "mapping"]),
        (lambda: vn.Votes(A, B, T, mapping={1: 1}), TypeError, ["mapping", "vote"]),
        (lambda: vn.Votes(A, ["b", "b", "a"], T, [1] * 3), ValueError, ["itself", "'b'", "1"]),
        (lambda: vn.Votes(A, B, ["t", None, "u"], [1] * 3), ValueError, ["teacher", "[1]"]),
        (lambda: vn.Votes([1, 2, 3], B, T, [1] * 3), TypeError, ["second", "type"]),
        (lambda: vn.Votes(A, B, [1.5, 2, 3], [1] * 3), ValueError, ["teacher", "1.5"]),
        (
            lambda: vn.Votes(A, B, T, probabilities=[[0.5, 0.5, 0.5], *HALF[1:]]),
            ValueError,
            ["probabilities", "add up to 1", "[0]"],
        ),
        (
            lambda: vn.Votes(A, B, T, probabilities=[*HALF[:2], [0.6, 0.0, 0.4 + 2e-6]]),
            ValueError,
            ["probabilities", "1e-06", "[2]"],
        ),
        (
            lambda: vn.Votes(A, B, T, probabilities=[HALF[0], [1.2, 0.0, -0.2], HALF[0]]),
            ValueError,
            ["probabilities", "between 0 and 1", "[1]"],
        ),
        (
            lambda: vn.Votes(A, B, T, probabilities=[HALF[0], [np.nan, 0, 0], HALF[0]]),
            ValueError,
            ["probabilities", "[1]"],
        ),
        (
            lambda: vn.Votes(A, B, T, probabilities=[[0.5, 0.5]] * 3),
            ValueError,
            ["probabilities", "three columns"],
        ),
        (lambda: vn.Votes(A, B, T, probabilities=HALF[:2]), ValueError, ["probabilities", "2"]),
        (lambda: vn.Votes(A, B, T, probabilities=HALF, strength=0), ValueError, ["strength", "0"]),
        (lambda: vn.Votes(A, B, T, probabilities=HALF, strength="x"), TypeError, ["strength"]),
        (lambda: vn.Votes(A, B, T, [1] * 3, weight=[1, -1, 1]), ValueError, ["weight", "-1", "1"]),
        (lambda: vn.Votes(A, B, T, [1] * 3, weight=np.inf), ValueError, ["weight", "inf"]),
        (lambda: vn.Votes(A, B, T, [1] * 3, swapped=[0, 2, 1]), ValueError, ["swapped", "2", "1"]),
        (lambda: vn.Votes(A, B, T, [1] * 3, swapped=["x"] * 3), TypeError, ["swapped"]),
        (lambda: vn.Votes(A, B, T, [1] * 3, group=[1, 2]), ValueError, ["group", "2", "3"]),
        (
            lambda: vn.Votes.from_pairs([1, 2], [0, 0], [1, 1], pairs=[1, 3]),
            ValueError,
            ["pair", "among", "2"],
        ),
        (lambda: vn.Votes.from_pairs([1], [0], [1], pairs=[1, 1]), ValueError, ["twice", "1"]),
        (lambda: vn.Votes(A, B, T, [1] * 3).append([1], [0], vote=[1]), TypeError, ["teacher"]),
        (
            lambda: vn.Votes.from_pairs([1], [0], [1]).append(["x"], [0], vote=[1]).n_pairs,
            ValueError,
            ["pair", "text", "integers"],
        ),
        (
            lambda: vn.Votes(A, B, T, [1] * 3).append(A, B, T, vote=[1] * 3, group=A),
            ValueError,
            ["group"],
        ),
        (lambda: agreement(A, B, T, [1] * 3, metric="x"), ValueError, ["metric", "'x'"]),
        (lambda: agreement(A, B, T, [1] * 3, level=1), ValueError, ["level", "1"]),
        (
            lambda: vn.panel.agreement(vn.Votes.from_pairs(range(2001), range(2001), [1] * 2001)),
            ValueError,
            ["2000", "2001"],
        ),
    ],
)  # fmt: skip
def test_votes_errors(call, error, words):
    with pytest.raises(error) as raised:
        call()
    for word in words:
        assert word in str(raised.value), str(raised.value)


FRAME = {"a": A, "b": B, "t": T, "v": ["A", "B", "?"], "n": [1, 0, 1], "w": [1, -1, 1]}


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"vote": "v"}, ValueError, ["vote", "'v'", "'?'"]),
        ({"vote": "x"}, ValueError, ["no column 'x'"]),
        ({"vote": "n"}, ValueError, ["vote", "mapping"]),
        ({}, ValueError, ["vote", "no column is known to hold the votes"]),
        ({"vote": "w", "mapping": {1: 2}}, ValueError, ["mapping", "2"]),
        ({"vote": "v", "mapping": {1: 1}}, ValueError, ["mapping", "'?'", "[2]"]),
        ({"probabilities": ["n", "w"]}, TypeError, ["three"]),
        ({"vote": "w", "pair": "a"}, TypeError, ["pair"]),
        ({"probabilities": ["n", "w", "w"], "mapping": {}}, TypeError, ["mapping"]),
    ],
)
def test_frame_errors(options, error, words):
    with pytest.raises(error) as raised:
        vn.Votes.from_frame(FRAME, first="a", second="b", teacher="t", **options)
    for word in words:
        assert word in str(raised.value), str(raised.value)


VOTES = vn.Votes(A, B, T, [1, 0, -1])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: vn.consensus([1]), TypeError, ["Votes", "list"]),
        (lambda: vn.consensus(VOTES, "best"), ValueError, ["'best'", "reliability"]),
        (lambda: vn.consensus(VOTES, rho=1.5), ValueError, ["rho", "1.5"]),
        (lambda: vn.consensus(VOTES, rho="x"), ValueError, ["rho", "'x'", "estimate"]),
        (lambda: vn.consensus(VOTES, rounds=0), ValueError, ["rounds", "0"]),
        (lambda: vn.consensus(VOTES, rounds="all"), ValueError, ["rounds", "'all'"]),
        (lambda: vn.consensus(VOTES, rounds=1.5), TypeError, ["rounds", "1.5"]),
        (lambda: vn.consensus(VOTES, "stacked"), ValueError, ["gold", "stacked"]),
        (lambda: vn.panel.stack(VOTES, [1, 0, 1]), ValueError, ["gold", "12", "3"]),
        (lambda: vn.consensus(VOTES, gold={("a", "z"): 1}), ValueError, ["gold", "('a', 'z')"]),
        (
            lambda: vn.consensus(VOTES, gold={"a": 1}),
            ValueError,
            ["gold", "(first, second)", "'a'"],
        ),
        (lambda: vn.consensus(VOTES, gold=[1, -1, 0]), ValueError, ["gold", "-1", "[1]"]),
        (lambda: vn.consensus(VOTES, gold=[1, 0]), ValueError, ["gold", "3 pairs"]),
        (lambda: vn.consensus(VOTES, gold=(A, B)), TypeError, ["first, second", "2"]),
        (lambda: vn.consensus(VOTES, gold=(A, B, [1])), ValueError, ["gold", "1 shares", "3"]),
        (
            lambda: vn.consensus(VOTES, gold=(["a", "b"], ["b", "a"], [1, 1])),
            ValueError,
            ["gold", "two different", "('b', 'a')"],
        ),
        (lambda: vn.consensus(VOTES, gold="gold.csv"), TypeError, ["gold"]),
        (lambda: vn.consensus(VOTES, n_threads=0), ValueError, ["n_threads", "0"]),
    ],
)
def test_consensus_errors(call, error, words):
    with pytest.raises(error) as raised:
        call()
    for word in words:
        assert word in str(raised.value), str(raised.value)


def test_correlated_refuses_a_crowd():
    v = vn.Votes.from_pairs(np.arange(501) % 7, np.arange(501), np.ones(501, int))
    with pytest.raises(ValueError, match=r"= 501.*500 teachers"):
        vn.consensus(v, "correlated")
    assert vn.consensus(v).n_teachers == 501


# ---- awkward, but with an answer -----------------------------------------------------------------


def soft(pairs, teachers, p):
    p = np.asarray(p, float)
    return vn.Votes.from_pairs(
        pairs, teachers, probabilities=np.stack([p, np.zeros_like(p), 1 - p], axis=1), strength=5
    )


def test_the_same_soft_answer_twice():
    """One judge repeats probabilities exactly: kappa near 1, said; pseudo-votes are never runs."""
    rng = np.random.default_rng(0)
    p = rng.random(60)
    once = soft(np.arange(60), ["j"] * 60, p)
    assert once.runs.tolist() == [1] * 60
    assert np.isnan(vn.consensus(once).self_consistency).all()
    twice = soft(np.arange(120) // 2, ["j"] * 120, np.repeat(p, 2))
    q = vn.consensus(twice)
    assert q.self_consistency[0] == pytest.approx(1.0)
    assert "deterministic" in kinds(q)
    assert twice.runs.tolist() == [2] * 60
    # two teachers who answer softly and alike are no more certain than their shares
    noisy = soft(np.arange(120) // 2, ["j"] * 120, rng.random(120))
    assert vn.consensus(noisy).self_consistency[0] < 0.4


def test_a_teacher_with_one_vote():
    rows = vn.simulate.panel([0.9, 0.8, 0.7], 50, rng=0)
    v = rows.to_votes().append([0], [99], vote=[1])
    q = vn.consensus(v)
    assert q.teachers[-1] == 99
    assert "too few votes" in kinds(q)
    assert q.reliability.alpha[-1] + q.reliability.beta[-1] <= 7
    assert np.isfinite(q.self_consistency).all()


def test_one_teacher_and_two_teachers():
    rows = vn.simulate.panel([0.9, 0.6], 50, flip=[0.0, 0.3], rng=0)
    both = rows.to_votes()
    q = vn.consensus(both)
    assert "few teachers" in kinds(q)
    for method in ("reliability", "correlated"):
        found = vn.consensus(both, method)
        assert found.weights.tobytes() == vn.consensus(both, "precision").weights.tobytes()
    alone = vn.Votes.from_pairs([0, 1], ["x", "x"], ["first", "tie"])
    q = vn.consensus(alone)
    assert {"few teachers", "no repeats"} <= kinds(q)
    assert "one teacher decides" not in kinds(q)
    assert q.probability.tolist() == [0.75, 0.5]
    assert q.weights.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("method", FREE)
def test_a_pair_without_votes(method):
    v = vn.Votes.from_pairs([0, 0, 0, 2, 2], list("xyzxy"), [1, 1, -1, -1, -1], pairs=[0, 1, 2, 3])
    q = vn.consensus(v, method)
    assert q.probability[[1, 3]].tolist() == [0.5, 0.5]
    assert q.n_effective[[1, 3]].tolist() == [0.0, 0.0]
    assert q.pseudo_votes[[1, 3]].tolist() == [0.0, 0.0]
    assert q.posterior.alpha[1] == q.posterior.beta[1] == 0.5
    assert q.teacher_share.sum() == pytest.approx(1.0)
    c = q.to_comparisons(["a", "a", "b", "c"], ["b", "c", "c", "d"])
    assert c.n_items == 4
    assert c.n_comparisons == pytest.approx(q.pseudo_votes.sum())


@pytest.mark.parametrize("method", FREE)
def test_all_ties(method):
    pair, teacher = np.indices((30, 4)).reshape(2, -1)
    v = vn.Votes.from_pairs(np.tile(pair, 2), np.tile(teacher, 2), np.zeros(240, int))
    q = vn.consensus(v, method)
    assert (q.probability == 0.5).all()
    assert np.isfinite(q.posterior.alpha).all()
    assert q.n_effective == pytest.approx(4.0)
    assert np.isnan(vn.panel.agreement(v).alpha)
    assert np.isnan(q.self_consistency).all()
    assert q.disputed == 0.0


@pytest.mark.parametrize("method", FREE)
def test_all_teachers_identical(method):
    rng = np.random.default_rng(0)
    opinion = rng.choice([-1, 1], 40)
    pair, teacher = np.indices((40, 4)).reshape(2, -1)
    v = vn.Votes.from_pairs(pair, teacher, opinion[pair])
    q = vn.consensus(v, method)
    assert ((q.probability > 0.5) == (opinion > 0)).all()
    assert np.isfinite(q.weights).all()
    assert q.teacher_share == pytest.approx(0.25)
    assert vn.panel.agreement(v).alpha == pytest.approx(1.0)
    gold = vn.consensus(v, "stacked", gold=(1 + opinion) / 2)
    assert gold.gold.co_failure == 0.0
    assert np.isfinite(gold.probability).all()


def test_a_teacher_who_always_answers_the_same_side():
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 200)
    sign = 2 * truth - 1
    good = np.where(rng.random((200, 3)) < 0.8, sign[:, None], -sign[:, None])
    votes = np.c_[good, np.ones(200, int)]
    pair, teacher = np.indices(votes.shape).reshape(2, -1)
    v = vn.Votes.from_pairs(pair, teacher, votes.ravel())
    q = vn.consensus(v, gold=truth)
    assert q.teacher_share[3] < q.teacher_share[:3].min()
    assert q.gold.accuracy[3] == pytest.approx(truth.mean())
    assert np.nanmax(np.abs(vn.panel.agreement(v).kappa[3, :3])) < 0.2
    # who answers "first" in both orders has a position, not an opinion
    both = vn.Votes.from_pairs(
        np.tile(np.arange(50), 2), ["p"] * 100, np.repeat([1, -1], 50),
        swapped=np.repeat([False, True], 50),
    )  # fmt: skip
    found = vn.panel.agreement(both)
    assert found.position_bias[0] == 1.0
    assert found.order_flips[0] == 1.0
    assert vn.consensus(both).self_consistency[0] == pytest.approx(0.01)


def test_gold_on_pairs_that_nobody_judged():
    v = vn.Votes.from_pairs([0, 1], ["x", "x"], [1, 1], pairs=[0, 1, 2])
    q = vn.consensus(v, gold=[1, np.nan, 1])
    assert q.gold.n_pairs == 1
    none = vn.consensus(v, gold=[np.nan, np.nan, 0])
    assert none.gold.n_pairs == 0
    assert np.isnan(none.gold.co_failure)
    assert np.isnan(none.gold.panel_accuracy)
    assert none.gold.correlation is None
    assert none.gold.n_common is None
    with pytest.raises(ValueError, match="has no correlation"):
        vn.plots.plot_correlation(none)


@pytest.mark.slow
def test_a_hundred_million_votes_in_chunks():
    """Memory stays near that of one chunk and the table; the sums are right."""
    rng = np.random.default_rng(0)
    n_pairs, n_teachers, chunk = 100_000, 5, 5_000_000
    v, total, wins = None, 0, 0
    for _ in range(20):
        pair = rng.integers(0, n_pairs, chunk, dtype=np.int32)
        teacher = (pair % n_teachers).astype(np.int8)
        vote = (1 - 2 * (pair & 1)).astype(np.int8)
        if v is None:
            v = vn.Votes.from_pairs(pair, teacher, vote)
        else:
            v = v.append(pair, teacher, vote=vote)
        total += chunk
        wins += int((vote == 1).sum())
    assert v.n_votes == total == 10**8
    assert v.n_cells == n_pairs
    assert v.win.sum() == wins
    assert v.loss.sum() == total - wins
    q = vn.consensus(v)
    assert ((q.probability > 0.5) == (v.pairs % 2 == 0)).all()
