"""consensus: against its NumPy twin, its symmetries, and what it reports."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from told import signed

import venire as vn
from venire import reference

FREE = ("uniform", "variance", "precision", "reliability", "correlated")
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def rows(draw, max_pairs=12, max_teachers=6):
    """Rows of votes on pairs 0 ... n - 1, hard or soft, with repeats and ties."""
    n_pairs, n_teachers = draw(st.integers(1, max_pairs)), draw(st.integers(1, max_teachers))
    n = draw(st.integers(1, 8 * n_pairs))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    out = {"pair": rng.integers(0, n_pairs, n), "teacher": rng.integers(0, n_teachers, n)}
    if draw(st.booleans()):
        lean = rng.random(n_pairs)[out["pair"]]
        out["vote"] = np.where(rng.random(n) < 0.15, 0, np.where(rng.random(n) < lean, 1, -1))
    else:
        out["probabilities"] = rng.dirichlet([1.0, 0.5, 1.0], n)
        out["strength"] = draw(st.sampled_from([1.0, 3.0]))
    if draw(st.booleans()):
        out["weight"] = rng.choice([0.5, 1.0, 2.0], n)
    return out


def twin_panel(data):
    """The twin's table; pairs and teachers as positions among those that occur."""
    data = dict(data)
    pair = np.unique(data.pop("pair"), return_inverse=True)[1]
    labels, teacher = np.unique(data.pop("teacher"), return_inverse=True)
    return reference.panel(reference.vote_cells(pair, None, teacher, **data), len(labels))


def gold_for(v, seed):
    """Gold for about half of the pairs, some of it a tie."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(v.n_pairs) < 0.5, rng.choice([0.0, 1.0, 0.5], v.n_pairs), np.nan)


def quiet(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.ConvergenceWarning)
        return function(*args, **kwargs)


def assert_same(found, twin, p, atol=1e-9):
    np.testing.assert_allclose(found.probability, twin.q, atol=atol)
    np.testing.assert_allclose(found.n_effective, twin.n_eff, atol=atol, rtol=1e-8)
    np.testing.assert_allclose(found.reliability.alpha, twin.agree, atol=atol, rtol=1e-8)
    np.testing.assert_allclose(found.reliability.beta, twin.disagree, atol=atol, rtol=1e-8)
    weight = twin.weight / twin.weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.weights, weight[~np.isnan(p.x)], atol=atol, rtol=1e-8)
    shares = weight.sum(axis=0) / len(weight)
    np.testing.assert_allclose(found.teacher_share, shares, atol=atol)


@SETTINGS
@given(rows(), st.sampled_from(FREE), st.sampled_from([1, 2, 5]), st.integers(0, 99))
def test_native_equals_reference(data, method, rounds, seed):
    v, p = signed(vn.Votes.from_pairs, **data), twin_panel(data)
    gold = gold_for(v, seed) if seed % 2 and method in ("reliability", "correlated") else None
    found = quiet(vn.consensus, v, method, gold=gold, rounds=rounds)
    twin = reference.consensus(p, method, gold, rounds)
    iterated = method == "correlated"
    assert_same(found, twin, p, atol=1e-6 if iterated else 1e-9)
    kappa, _ = reference.self_consistency(p)
    np.testing.assert_allclose(found.self_consistency, kappa, atol=1e-12)
    if iterated and found.n_teachers >= 3:
        assert found.n_rounds == twin.n_rounds
        np.testing.assert_allclose(found.correlation, twin.correlation, atol=1e-6)


@SETTINGS
@given(rows())
def test_converged_equals_reference(data):
    v, p = signed(vn.Votes.from_pairs, **data), twin_panel(data)
    found = quiet(vn.consensus, v, rounds="converge")
    twin = reference.consensus(p, rounds="converge")
    assert_same(found, twin, p)
    if found.n_teachers >= 3:
        assert found.n_rounds == twin.n_rounds


@pytest.mark.parametrize("method", FREE)
def test_enough_repeats_switch_the_gain_on(method):
    """Large enough that self-consistency counts, with teachers that differ in it."""
    rows_ = vn.simulate.panel([0.9, 0.6, 0.8, 0.7], 60, flip=[0.0, 0.4, 0.1, 0.2], rng=1)
    data = {"pair": rows_.pair, "teacher": rows_.teacher, "vote": rows_.vote}
    p = twin_panel(data)
    _, gain = reference.self_consistency(p)
    assert gain.min() < 0.5
    assert gain.max() > 0.9
    found = vn.consensus(signed(vn.Votes.from_pairs, **data), method)
    assert_same(found, reference.consensus(p, method), p, atol=1e-6)


# ---- symmetries ----------------------------------------------------------------------------------


def flipped(data, pairs):
    """The same votes with first and second exchanged on some pairs."""
    flip = pairs[data["pair"]]
    out = dict(data)
    if "vote" in data:
        out["vote"] = np.where(flip, -data["vote"], data["vote"])
    else:
        p = data["probabilities"]
        out["probabilities"] = np.where(flip[:, None], p[:, ::-1], p)
    return out


@SETTINGS
@given(rows(), st.sampled_from(FREE), st.integers(0, 2**32 - 1))
def test_flipping_pairs_gives_one_minus_q_and_the_same_weights(data, method, seed):
    rng = np.random.default_rng(seed)
    pairs = rng.random(data["pair"].max() + 1) < 0.5
    v, w = signed(vn.Votes.from_pairs, **data), signed(vn.Votes.from_pairs, **flipped(data, pairs))
    gold = gold_for(v, seed)
    here = pairs[v.pairs]
    turned = np.where(here, 1 - gold, gold)
    if method not in ("reliability", "correlated"):
        gold = turned = None
    a = quiet(vn.consensus, v, method, gold=gold, rho=0.3)
    b = quiet(vn.consensus, w, method, gold=turned, rho=0.3)
    assert a.weights.tobytes() == b.weights.tobytes()
    assert a.n_effective.tobytes() == b.n_effective.tobytes()
    assert a.reliability.alpha.tobytes() == b.reliability.alpha.tobytes()
    sign = np.where(here, -1.0, 1.0)
    assert (a._pool.d == sign * b._pool.d).all()
    np.testing.assert_allclose(
        b.probability, np.where(here, 1 - a.probability, a.probability), atol=1e-15
    )


@SETTINGS
@given(rows(), st.sampled_from(FREE), st.integers(0, 2**32 - 1))
def test_names_do_not_matter(data, method, seed):
    rng = np.random.default_rng(seed)
    new = rng.permutation(data["teacher"].max() + 1)
    renamed = data | {"teacher": new[data["teacher"]]}
    a = quiet(vn.consensus, signed(vn.Votes.from_pairs, **data), method)
    v = signed(vn.Votes.from_pairs, **renamed)
    b = quiet(vn.consensus, v, method)
    if a.n_rounds != b.n_rounds:  # it stopped a round apart: equal up to the tolerance only
        atol = 1e-4
    else:
        atol = 1e-9
    np.testing.assert_allclose(b.probability, a.probability, atol=atol)
    at = np.searchsorted(b.teachers, new[a.teachers])
    np.testing.assert_allclose(b.reliability.mean[at], a.reliability.mean, atol=atol)


def test_doubled_weights_change_nothing_but_variance():
    rows_ = vn.simulate.panel([0.8, 0.6, 0.7], 40, rng=3)
    columns = rows_.pair, rows_.teacher, rows_.vote
    v, w = vn.Votes.from_pairs(*columns), vn.Votes.from_pairs(*columns, weight=2)
    for method in ("uniform", "precision", "reliability", "correlated"):
        one, two = vn.consensus(v, method), vn.consensus(w, method)
        assert one.probability.tobytes() == two.probability.tobytes()
    twice = vn.Votes.from_pairs(*(np.repeat(c, 2) for c in columns))
    for method in ("uniform", "variance"):
        one, two = vn.consensus(w, method), vn.consensus(twice, method)
        assert one.probability.tobytes() == two.probability.tobytes()


@pytest.mark.parametrize("n_threads", [2, 8])
def test_threads_change_nothing(n_threads):
    rng = np.random.default_rng(0)
    n_pairs, n = 30_000, 250_000
    v = vn.Votes.from_pairs(
        rng.integers(0, n_pairs, n), rng.integers(0, 9, n),
        probabilities=rng.dirichlet([1, 1, 1], n),
    )  # fmt: skip
    gold = np.where(rng.random(v.n_pairs) < 0.1, 1.0, np.nan)
    for method in (*FREE, "stacked"):
        known = gold if method in ("stacked", "reliability") else None
        a = quiet(vn.consensus, v, method, gold=known, n_threads=1)
        b = quiet(vn.consensus, v, method, gold=known, n_threads=n_threads)
        for name in ("probability", "weights", "n_effective", "teacher_share"):
            assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), (method, name)
        assert a.posterior.alpha.tobytes() == b.posterior.alpha.tobytes()


@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("method", ["variance", "precision", "reliability"])
def test_symmetric_design_is_uniform(method, runs):
    """Every permutation of the teachers is equally frequent, so nothing can tell them apart."""
    patterns = [(1, 1, 1, -1), (1, 1, -1, -1), (1, -1, -1, -1), (1, 1, 1, 1)]
    pair, teacher, vote = [], [], []
    k = 0
    for pattern in patterns:
        for order in itertools.permutations(pattern):
            for t, x in enumerate(order):
                for run in range(runs):
                    # a second run differs on every pair's every teacher in turn
                    turned = run == 1 and (k // 24) % 2 == 0
                    pair.append(k)
                    teacher.append(t)
                    vote.append(-x if turned else x)
            k += 1
    v = vn.Votes.from_pairs(pair, teacher, vote)
    a, b = vn.consensus(v, method), vn.consensus(v, "uniform")
    np.testing.assert_allclose(a.probability, b.probability, rtol=0, atol=1e-12)
    np.testing.assert_allclose(a.weights, b.weights, rtol=0, atol=1e-12)
    np.testing.assert_allclose(a.posterior.mean, b.posterior.mean, rtol=0, atol=1e-12)


def test_equal_weights_are_uniform():
    """One teacher's gain for all: the pool does not depend on the size of the weights."""
    rows_ = vn.simulate.panel([0.8] * 4, 100, runs=1, rng=2)
    v = rows_.to_votes()
    a, b = vn.consensus(v, "precision"), vn.consensus(v, "uniform")
    np.testing.assert_allclose(a.probability, b.probability, rtol=0, atol=1e-15)
    from venire.panel._board import board_of

    board = board_of(v, 1)
    scaled = board.panel.pool(np.full(4, 0.3))
    np.testing.assert_allclose(scaled[1], b._pool.mean, rtol=0, atol=1e-15)
    np.testing.assert_allclose(scaled[2], b._pool.n_eff, rtol=1e-15)


# ---- what the numbers mean ---------------------------------------------------------------------


@pytest.mark.parametrize(("n_teachers", "expected"), [(5, 0.905), (15, 0.898)])
def test_intervals_cover(n_teachers, expected):
    """theta ~ Beta(1.5, 1.5), one hard vote each from theta: 90 % intervals of rho = 0."""
    rng = np.random.default_rng(11)
    n_pairs = 20_000
    theta = rng.beta(1.5, 1.5, n_pairs)
    vote = np.where(rng.random((n_pairs, n_teachers)) < theta[:, None], 1, -1)
    pair, teacher = np.indices(vote.shape).reshape(2, -1)
    v = vn.Votes.from_pairs(pair, teacher, vote.ravel())
    for method in ("uniform", "reliability"):
        interval = vn.consensus(v, method, rho=0).posterior.interval(0.9)
        covered = ((interval[:, 0] <= theta) & (theta <= interval[:, 1])).mean()
        assert abs(covered - 0.90) <= 0.015, method
        if method == "uniform":
            # three standard errors of a share of 20,000
            assert covered == pytest.approx(expected, abs=3 * np.sqrt(0.09 / n_pairs))
    wide = vn.consensus(v, "uniform").posterior.interval(0.9)
    assert ((wide[:, 0] <= theta) & (theta <= wide[:, 1])).mean() > 0.92


def test_rho():
    rows_ = vn.simulate.panel([0.75] * 5, 2_000, runs=1, rho=0.4, flip=0.0, rng=4)
    v = rows_.to_votes()
    assert (vn.consensus(v).rho, vn.consensus(v).rho_source) == (0.3, "assumed")
    q = vn.consensus(v, gold=rows_.truth)
    assert q.rho_source == "gold"
    assert q.rho == pytest.approx(0.4, abs=0.06)
    few = np.where(np.arange(2_000) < 29, rows_.truth, np.nan)
    assert vn.consensus(v, gold=few).rho_source == "assumed"
    fixed = vn.consensus(v, "uniform", rho=0.5)
    assert fixed.rho_source == "given"
    np.testing.assert_allclose(fixed.pseudo_votes, 5 / (1 + 4 * 0.5))
    np.testing.assert_allclose(fixed.posterior.mean, fixed.probability)
    total = fixed.posterior.alpha + fixed.posterior.beta
    np.testing.assert_allclose(total, fixed.pseudo_votes + 1)
    own = vn.consensus(v, "correlated")
    assert (own.rho, own.rho_source) == (0.0, "in the weights")
    np.testing.assert_allclose(own.pseudo_votes, own.n_effective)
    # near-duplicates beside others are seen from votes alone; a correlation of all is not
    twins = vn.simulate.panel([0.75] * 6, 2_000, rho=0.98, clique=[0, 0, 0, -1, -1, -1], rng=4)
    seen = vn.consensus(twins.to_votes(), "correlated")
    assert seen.n_effective.mean() < 5.0 > own.n_effective.mean() > 4.9


def test_gold_report():
    pair, teacher = np.repeat(np.arange(40), 3), np.tile([0, 1, 2], 40)
    truth = np.arange(40) % 2 * 1.0
    sign = 2 * truth - 1
    votes = np.stack([sign, np.where(np.arange(40) < 30, sign, -sign), -sign], axis=1)
    votes[36:] = -sign[36:, None]  # all of them wrong
    v = vn.Votes.from_pairs(pair, teacher, votes.ravel())
    q = vn.consensus(v, "uniform", gold=truth)
    found = q.gold
    assert isinstance(found, vn.panel.GoldReport)
    assert found.n.tolist() == [40, 40, 40]
    np.testing.assert_allclose(found.accuracy, [0.9, 0.75, 0.0])
    assert found.co_failure == pytest.approx(0.1)
    assert (found.accuracy_lower <= found.accuracy).all()
    assert (found.accuracy <= found.accuracy_upper).all()
    assert found.panel_accuracy == pytest.approx(0.75)
    assert "worse than chance" in kinds(q)
    assert q.correlation.shape == (3, 3)
    # a tie of the best teacher is half a failure
    tied = votes.copy()
    tied[36:, 0] = 0
    w = vn.Votes.from_pairs(pair, teacher, tied.ravel())
    assert vn.consensus(w, gold=truth).gold.co_failure == pytest.approx(0.05)


def test_error_correlation_around_gold():
    """Against correlations written out; negative ones stay in the report."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200) * 1.0
    p = rng.dirichlet([1, 1], (200, 3))[..., 0]
    prob = np.stack([p, np.zeros_like(p), 1 - p], axis=2).reshape(-1, 3)
    pair, teacher = np.indices((200, 3)).reshape(2, -1)
    q = vn.consensus(vn.Votes.from_pairs(pair, teacher, probabilities=prob), gold=truth)
    s, z = 2 * p - 1, 2 * truth - 1
    error = s - (s * z[:, None]).mean(axis=0) * z[:, None]
    expected = error.T @ error
    norm = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(q.gold.correlation, expected / np.outer(norm, norm), atol=1e-12)
    off = q.gold.correlation[np.triu_indices(3, 1)]
    assert q.gold.mean_correlation == pytest.approx(off.mean())
    assert q.rho == pytest.approx(max(off.mean(), 0.0))


def test_gold_pulls_the_weights_but_not_the_pair():
    """A wrong majority; gold for some pairs turns the weights."""
    rows_ = vn.simulate.panel([0.9, 0.35, 0.35], 300, rho=0.9, clique=[-1, 0, 0], rng=5)
    v, truth = rows_.to_votes(), rows_.truth
    some = np.where(np.arange(300) < 60, truth, np.nan)
    free, held = vn.consensus(v), vn.consensus(v, gold=some)
    assert held.teacher_share[0] > free.teacher_share[0] + 0.2
    rest = slice(60, None)
    right = [((q.probability > 0.5) == truth)[rest].mean() for q in (free, held)]
    assert right[1] > right[0] + 0.2
    assert not np.isin(held.probability[:60], [0.0, 1.0]).any()


# ---- into the next step --------------------------------------------------------------------------


def test_to_comparisons_and_ratings():
    rng = np.random.default_rng(0)
    strength = np.array([1.5, 0.5, -0.5, -1.5])
    first, second = np.array(list(itertools.combinations(range(4), 2))).T
    pair = np.repeat(np.arange(6), 60)
    p = 1 / (1 + np.exp(strength[second] - strength[first]))
    vote = np.where(rng.random(360) < p[pair], 1, -1)
    v = vn.Votes(first[pair], second[pair], np.tile(np.arange(6), 60), vote)
    q = vn.consensus(v, "uniform", rho=0)
    c = q.to_comparisons()
    np.testing.assert_allclose(c.win + c.loss, q.pseudo_votes)
    assert c.tie.sum() == 0
    np.testing.assert_allclose(c.win / (c.win + c.loss), 0.5 * (1 + q._pool.mean))
    fit = vn.fit_bradley_terry(c)
    assert np.argsort(-fit.theta).tolist() == [0, 1, 2, 3]
    own = vn.Votes.from_pairs(pair, np.tile(np.arange(6), 60), vote)
    r = vn.consensus(own, "uniform", rho=0)
    with pytest.raises(ValueError, match="first and second"):
        r.to_comparisons()
    same = r.to_comparisons(first, second)
    np.testing.assert_allclose(same.win, c.win)


def test_to_grouped():
    v = vn.Votes(
        ["a", "b", "a", "b"], ["b", "c", "b", "c"], ["t", "t", "u", "u"], [1, 1, 1, -1],
        group=["q", "q", "r", "r"],
    )  # fmt: skip
    q = vn.consensus(v, rho=0)
    g = q.to_grouped()
    assert isinstance(g, vn.GroupedComparisons)
    assert g.n_groups == 2
    assert g.n_comparisons == pytest.approx(q.pseudo_votes.sum())
    fits = vn.fit_groups(g)
    assert len(fits.theta) == 6
    with pytest.raises(ValueError, match="to_grouped"):
        q.to_comparisons()
    with pytest.raises(ValueError, match="to_comparisons"):
        vn.consensus(vn.Votes(["a"], ["b"], ["t"], [1])).to_grouped()


def test_frames():
    rows_ = vn.simulate.panel([0.9, 0.8, 0.7], 30, rng=1)
    q = vn.consensus(rows_.to_votes(), "stacked", gold=rows_.truth)
    pairs, teachers = q.to_frame("dict"), q.teachers_frame("dict")
    assert list(pairs)[:4] == ["pair", "probability", "lower", "upper"]
    assert (pairs["lower"] <= pairs["upper"]).all()
    assert {"agreement", "self_consistency", "share", "accuracy", "stacked_weight"} <= set(teachers)
    assert teachers["share"].sum() == pytest.approx(1.0)
    named = vn.consensus(vn.Votes(["a"], ["b"], ["t"], [1], group=["g"])).to_frame("dict")
    assert list(named)[:3] == ["group", "first", "second"]
    assert isinstance(q, vn.panel.Consensus)
    assert "stacked" in repr(q)


def test_judgments():
    v = vn.Votes.from_pairs([0, 0, 1], ["t", "u", "t"], [1, 0, -1])
    found = vn.consensus(v).judgments
    assert found.alpha.tolist() == [1.5, 1.0, 0.5]
    assert found.beta.tolist() == [0.5, 1.0, 1.5]


# ---- stacking ------------------------------------------------------------------------------------


def test_stack_is_what_its_definition_says():
    """The gradient of the penalised log-likelihood vanishes; exchanging sides gives 1 - p."""
    rows_ = vn.simulate.panel([0.9, 0.6, 0.3, 0.7], 200, rng=8)
    v, truth = rows_.to_votes(), rows_.truth
    known = np.where(np.arange(200) < 80, truth, np.nan)
    s = vn.panel.stack(v, known, rng=1)
    assert isinstance(s, vn.panel.Stack)
    assert s.n_gold == 80
    signed = np.zeros((200, 4))
    signed[v.pair, v.teacher] = v.total / v.runs
    start = vn.consensus(v, rho=0).probability
    logit = np.log(start) - np.log1p(-start)
    eta = s.scale * logit + signed @ s.weights
    np.testing.assert_allclose(s.probability, 1 / (1 + np.exp(-eta)), atol=1e-12)
    wrong = (s.probability - truth)[:80]
    slope = signed[:80].T @ wrong + s.penalty * s.weights
    np.testing.assert_allclose(slope, 0, atol=1e-7)
    assert logit[:80] @ wrong + (s.scale - 1) == pytest.approx(0, abs=1e-7)
    assert s.weights[2] < 0 < s.weights[0]
    turned = vn.Votes.from_pairs(rows_.pair, rows_.teacher, -rows_.vote)
    other = vn.panel.stack(turned, 1 - known, rng=1)
    np.testing.assert_allclose(other.probability, 1 - s.probability, atol=1e-12)
    np.testing.assert_allclose(other.weights, s.weights, atol=1e-12)


def test_stack_nonnegative():
    rows_ = vn.simulate.panel([0.9, 0.6, 0.3, 0.7], 200, rng=8)
    v, known = rows_.to_votes(), np.where(np.arange(200) < 80, rows_.truth, np.nan)
    free, bound = vn.panel.stack(v, known), vn.panel.stack(v, known, nonnegative=True)
    assert free.weights.min() < 0
    assert bound.weights.min() == 0
    q = vn.consensus(v, "stacked", gold=known, nonnegative=True)
    np.testing.assert_array_equal(q.stack.weights, bound.weights)
    assert q.probability == pytest.approx(bound.probability)


@pytest.mark.parametrize("seed", range(5))
def test_stack_is_not_worse_than_its_start(seed):
    """Where gold has nothing to add the panel stays what it was."""
    rows_ = vn.simulate.panel([0.75] * 5, 600, rng=seed)
    v, truth = rows_.to_votes(), rows_.truth
    known = np.where(np.arange(600) < 40, truth, np.nan)
    s = vn.panel.stack(v, known, rng=seed)
    rest = slice(40, None)

    def loss(p):
        return -np.log(np.where(truth == 1, p, 1 - p))[rest]

    start = vn.consensus(v).probability
    change = loss(s.probability) - loss(start)
    assert change.mean() < 0.05
    assert s.log_loss_start == pytest.approx(
        -np.log(np.where(truth == 1, start, 1 - start))[:40].mean()
    )


def test_stack_reports_what_it_did_not_train_on():
    """Teachers of pure chance: the held-out loss is near that of a coin, however well it fits."""
    rng = np.random.default_rng(3)
    v = vn.Votes.from_pairs(
        np.repeat(np.arange(40), 25), np.tile(np.arange(25), 40), rng.choice([-1, 1], 1000)
    )
    q = vn.consensus(v, "stacked", gold=rng.integers(0, 2, 40))
    assert q.stack.log_loss > 0.6
    assert q.gold.panel_log_loss == q.stack.log_loss


# ---- warnings ------------------------------------------------------------------------------------


def kinds(q):
    assert all(isinstance(w, vn.panel.Notice) for w in q.warnings)
    return {w.name for w in q.warnings}


def make(accuracy, **options):
    return vn.simulate.panel(accuracy, rng=0, **options)


def test_warnings_that_fire_and_do_not():
    good = vn.consensus(make([0.8] * 5, flip=0.1).to_votes())
    assert kinds(good) == set()
    assert "few teachers" in kinds(vn.consensus(make([0.8, 0.7]).to_votes()))
    assert "no repeats" in kinds(vn.consensus(make([0.8] * 4, runs=1).to_votes()))
    steady = vn.consensus(make([0.8] * 4, flip=0.0).to_votes())
    assert "deterministic" in kinds(steady)
    assert steady.self_consistency.min() > 0.98
    bad = vn.consensus(make([0.9, 0.9, 0.9, 0.1]).to_votes())
    assert "disagrees with the panel" in kinds(bad)
    tiny = vn.consensus(make([0.8] * 4, n_pairs=4).to_votes())
    assert {"too few votes", "few repeats"} <= kinds(tiny)
    wrong = vn.consensus(make([0.8] * 4 + [0.3], flip=[0.25] * 4 + [0.0]).to_votes(), "precision")
    assert "contested" in kinds(wrong)
    assert wrong.disputed > 0.1
    alone = vn.simulate.panel([0.95, 0.6, 0.6], flip=[0.0, 0.45, 0.45], rng=1)
    assert {"one teacher decides", "few effective votes"} <= kinds(
        vn.consensus(alone.to_votes(), "precision")
    )
    twins = make([0.7, 0.7, 0.7, 0.7], rho=1.0, clique=[0, 0, -1, -1], flip=0.0)
    assert "near-duplicates" in kinds(vn.consensus(twins.to_votes(), "correlated"))
    for q in (good, bad, tiny, wrong, steady):
        for warning in q.warnings:
            assert str(warning) == warning.text
            assert len(warning.text) > 40


def test_hard_and_soft_panel():
    soft = vn.Votes.from_pairs(
        np.arange(50).repeat(2), np.tile([0, 1], 50), probabilities=[[0.7, 0.1, 0.2]] * 100
    )
    mixed = soft.append(np.arange(50), [2] * 50, vote=[1] * 50)
    assert "hard and soft" in kinds(vn.consensus(mixed))
    assert "hard and soft" not in kinds(vn.consensus(soft))


def test_over_confident_teacher():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 300)
    right = rng.random(300) < 0.6
    p = np.where(right == (truth == 1), 0.95, 0.05)
    sure = vn.Votes.from_pairs(
        np.arange(300), ["sure"] * 300, probabilities=np.stack([p, 0 * p, 1 - p], axis=1)
    )
    assert "over-confident" in kinds(vn.consensus(sure, gold=truth))


def test_too_few_rounds_are_said():
    """A crowd on which the weights still move after the last round that is allowed."""
    from venire.panel import _methods

    v = make([0.8, 0.7, 0.6, 0.55]).to_votes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_methods, "MAX_ROUNDS", 2)
        with pytest.warns(vn.ConvergenceWarning, match="2 rounds"):
            q = vn.consensus(v, rounds="converge")
    assert not q.converged
    assert "not converged" in kinds(q)
    assert vn.consensus(v, rounds="converge").converged


def test_a_method_is_a_row_that_everything_asks(monkeypatch):
    from venire.panel import METHODS, _methods

    def pool(board, *_):
        return _methods.weighed(board, 1.0 + np.arange(board.votes.n_teachers))

    row = _methods.Method(pool, most_teachers=3, has_correlation=True)
    monkeypatch.setitem(METHODS, "ascending", row)
    v = vn.simulate.panel([0.9, 0.8, 0.7], 60, rng=1).to_votes()
    q = vn.consensus(v, "ascending")
    assert (np.diff(q.teacher_share) > 0).all()
    assert q.rho_source == "in the weights"
    assert np.allclose(q.teacher_weights, [0.5, 1.0, 1.5])
    assert len(q.to_frame("dict")["probability"]) == len(q.teachers_frame("dict")["share"]) * 20
    with pytest.raises(ValueError, match="'ascending' is for at most 3 teachers"):
        vn.consensus(vn.simulate.panel([0.8] * 4, 9, rng=1).to_votes(), "ascending")
