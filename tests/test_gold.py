"""Gold in small amounts: which pairs to label, what labels may do, and what few of them tell."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest

import venire as vn

ROWS = vn.simulate.panel([0.8] * 4 + [0.3], flip=[0.25] * 4 + [0.0], rng=0)
VOTES, TRUTH = ROWS.to_votes(), ROWS.truth


def some(n, seed=0):
    """Gold on a random part of the pairs."""
    at = np.random.default_rng(seed).permutation(len(TRUTH))[:n]
    gold = np.full(len(TRUTH), np.nan)
    gold[at] = TRUTH[at]
    return gold


def dense(votes):
    s = np.zeros((votes.n_pairs, votes.n_teachers))
    s[votes.pair, votes.teacher] = (votes.win - votes.loss) / (votes.win + votes.tie + votes.loss)
    return s


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def logit_of(votes):
    q = vn.consensus(votes).probability
    return np.log(q) - np.log1p(-q)


def weights_by_descent(logit, s, y, ridge, steps=200_000):
    """The mode of the penalised loss, by plain gradient descent."""
    x = np.column_stack([logit, s])
    w = np.zeros(x.shape[1])
    w[0] = 1.0
    rate = 1.0 / (0.25 * np.linalg.norm(x, 2) ** 2 + ridge.max())
    centre = w.copy()
    for _ in range(steps):
        gradient = x.T @ (sigmoid(x @ w) - y) + ridge * (w - centre)
        w = w - rate * gradient
        if np.abs(gradient).max() < 1e-11:
            break
    return w


# ---- stacking with few labels --------------------------------------------------------------------


@pytest.mark.parametrize("n", [12, 20, 29])
def test_few_labels_are_the_mode_with_a_penalty_of_one(n):
    gold = some(n)
    known = ~np.isnan(gold)
    s = vn.panel.stack(VOTES, gold)
    w = weights_by_descent(
        logit_of(VOTES)[known], dense(VOTES)[known], gold[known], np.ones(1 + VOTES.n_teachers)
    )
    np.testing.assert_allclose(np.r_[s.scale, s.weights], w, atol=1e-8)
    assert (s.penalty, s.trust, s.held_out, s.n_gold, s.n_measured) == (1.0, 1.0, "one out", n, n)
    for seed in (1, 2):  # no folds, no seed
        assert (vn.panel.stack(VOTES, gold, rng=seed).probability == s.probability).all()


def test_few_and_many_labels_meet():
    """The same penalty by the way of many labels gives the same weights."""
    gold = some(25)
    few = vn.panel.stack(VOTES, gold)
    many = vn.panel.stack(VOTES, gold, penalty=1.0 + 1e-13)
    assert many.held_out == "folds"
    np.testing.assert_allclose(few.weights, many.weights, atol=1e-7)
    assert vn.panel.stack(VOTES, some(30)).held_out == "folds"
    assert vn.panel.stack(VOTES, gold, penalty="folds").penalty in (1e4, 30.0, 10.0, 3.0, 1.0)


@pytest.mark.parametrize("n", [5, 11, 25])
def test_the_guarded_form_is_its_formula(n):
    gold = some(n, 3)
    known = ~np.isnan(gold)
    ell, votes, y = logit_of(VOTES), dense(VOTES), gold[known]
    ridge = np.r_[4.0, np.ones(VOTES.n_teachers)]
    w = weights_by_descent(ell[known], votes[known], y, ridge)
    x = np.column_stack([ell, votes])
    eta = x[known] @ w
    loss = np.logaddexp(0, eta) - y * eta
    penalty = 2 * (w[0] - 1) ** 2 + 0.5 * (w[1:] ** 2).sum()
    k = 0.25 * np.outer(ell[known], ell[known]) + votes[known] @ votes[known].T
    root = np.sqrt(sigmoid(eta) * (1 - sigmoid(eta)))
    inner = np.eye(n) + root[:, None] * k * root
    ln_z1 = -loss.sum() - penalty - 0.5 * np.linalg.slogdet(inner)[1]
    ln_z0 = -(np.logaddexp(0, ell[known]) - y * ell[known]).sum()
    pi = 1 / (1 + np.exp(ln_z0 - ln_z1))
    s = vn.panel.stack(VOTES, gold, guarded=True)
    assert s.trust == pytest.approx(pi, abs=1e-8)
    np.testing.assert_allclose(s.probability, sigmoid((1 - pi) * ell + pi * (x @ w)), atol=1e-8)


def test_losses_are_of_pairs_held_out():
    gold = some(14)
    known = np.flatnonzero(~np.isnan(gold))
    s = vn.panel.stack(VOTES, gold)
    held = []
    for at in known:
        rest = gold.copy()
        rest[at] = np.nan
        p = vn.panel.stack(VOTES, rest).probability[at]
        held.append(-np.log(p if gold[at] else 1 - p))
    assert s.log_loss == pytest.approx(np.mean(held))
    p = s.probability[known]
    assert s.log_loss > -np.mean(np.log(np.where(gold[known] == 1, p, 1 - p)))


def test_few_labels_turn_with_the_pairs():
    rng = np.random.default_rng(0)
    turn = rng.random(VOTES.n_pairs) < 0.5
    pair = np.repeat(np.arange(VOTES.n_pairs), np.diff(VOTES.pair_ptr))
    sign = np.where(turn[ROWS.pair], -1, 1)
    turned = vn.Votes.from_pairs(ROWS.pair, ROWS.teacher, ROWS.vote * sign)
    assert len(pair) == len(VOTES.teacher)
    gold = some(15)
    a = vn.panel.stack(VOTES, gold, guarded=True)
    b = vn.panel.stack(turned, np.where(turn, 1 - gold, gold), guarded=True)
    np.testing.assert_allclose(b.probability, np.where(turn, 1 - a.probability, a.probability))


def test_few_labels_refused_and_taken():
    with pytest.raises(ValueError, match=r"at least 12 pairs.*\(5 with guarded=True\)"):
        vn.panel.stack(VOTES, some(11))
    with pytest.raises(ValueError, match="at least 5 pairs"):
        vn.panel.stack(VOTES, some(4), guarded=True)
    assert 0 < vn.panel.stack(VOTES, some(5), guarded=True).trust <= 1
    for more in ({"nonnegative": True}, {"penalty": 3.0}):
        with pytest.raises(TypeError, match="guarded"):
            vn.panel.stack(VOTES, some(8), guarded=True, **more)
    with pytest.raises(ValueError, match="penalty"):
        vn.panel.stack(VOTES, some(20), penalty=0.0)
    q = vn.consensus(VOTES, "stacked", gold=some(6), guarded=True)
    assert q.stack.n_gold == 6
    assert (vn.panel.stack(VOTES, some(20), nonnegative=True).weights >= 0).all()


# ---- purposes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ["stack", "side", "measure"])
def test_designs(purpose):
    design = vn.panel.design_gold(VOTES, 12, purpose, rng=1)
    assert len(set(design.at.tolist())) == 12
    again = vn.panel.design_gold(VOTES, 12, purpose, rng=1)
    assert (design.at == again.at).all()
    other = vn.panel.design_gold(VOTES, 12, purpose, rng=2)
    assert set(other.at.tolist()) != set(design.at.tolist())
    frame = design.to_frame("dict")
    assert frame["pair"].tolist() == VOTES.pairs[design.at].tolist()
    assert set(frame["purpose"].tolist()) == {purpose}
    assert "labels may" in design.to_html()
    gold = design.labels(TRUTH[design.at])
    assert gold.purpose == purpose
    assert np.isnan(gold.labels).sum() == VOTES.n_pairs - 12


def test_pairs_in_dispute_have_exact_ties():
    a, b = vn.consensus(VOTES, "uniform"), vn.consensus(VOTES)
    sides = [np.sign(np.round(2 * q.probability - 1, 12)) for q in (a, b)]
    apart = np.flatnonzero(sides[0] != sides[1])
    assert (sides[0][apart] == 0).any()
    design = vn.panel.design_gold(VOTES, len(apart), "side")
    assert sorted(design.at.tolist()) == apart.tolist()
    assert design.n_disputed == len(apart)
    with pytest.raises(ValueError, match=f"only {len(apart)} pairs are in dispute"):
        vn.panel.design_gold(VOTES, len(apart) + 1, "side")
    tied = (sides[0][apart] == 0) | (sides[1][apart] == 0)
    assert b.disputed == pytest.approx((len(apart) - 0.5 * tied.sum()) / VOTES.n_pairs)


def test_pairs_for_weights_are_unlike_each_other():
    """Every pair has one that was chosen nearer to it than chance would have it."""
    votes = vn.simulate.panel(np.linspace(0.6, 0.85, 9), rng=4, n_pairs=300).to_votes()
    q = vn.consensus(votes).probability
    rows = dense(votes) * np.sign(2 * q - 1)[:, None]

    def far(at):
        return np.linalg.norm(rows[:, None] - rows[at], axis=2).min(axis=1).mean()

    chosen = [far(vn.panel.design_gold(votes, 12, rng=k).at) for k in range(10)]
    chance = [far(vn.panel.design_gold(votes, 12, "measure", rng=k).at) for k in range(10)]
    assert np.mean(chosen) < np.mean(chance) - 2 * np.std(chance) / np.sqrt(10)


def test_strata_have_the_same_chance_everywhere_and_vary_less():
    q = vn.consensus(VOTES).probability
    known = np.abs(2 * q - 1)
    plain, even, count = [], [], np.zeros(VOTES.n_pairs)
    for k in range(200):
        plain.append(known[vn.panel.design_gold(VOTES, 20, "measure", rng=k).at].mean())
        at = vn.panel.design_gold(VOTES, 20, "measure", stratified=True, rng=k).at
        even.append(known[at].mean())
        count[at] += 1
    assert np.std(even) < 0.5 * np.std(plain)
    assert np.mean(even) == pytest.approx(known.mean(), abs=0.005)
    expected = 200 * 20 / VOTES.n_pairs
    assert ((count - expected) ** 2 / expected).sum() < 1.3 * VOTES.n_pairs


def test_chosen_labels_never_measure():
    for purpose in ("stack", "side"):
        design = vn.panel.design_gold(VOTES, 40, purpose)
        gold = design.labels(TRUTH[design.at])
        free = vn.consensus(VOTES)
        q = vn.consensus(VOTES, gold=gold)
        assert q.gold is None
        assert q.rho_source == "assumed"
        assert (q.probability == free.probability).all()  # no vote is held to them
        assert "labels left out" in {w.name for w in q.warnings}
        assert "accuracy" not in q.teachers_frame("dict")
        with pytest.raises(ValueError, match="40 labels were chosen for another purpose"):
            vn.panel.calibrate_teachers(VOTES, gold)
    items = vn.Votes(ROWS.pair, ROWS.pair + 1, ROWS.teacher, ROWS.vote)
    with pytest.raises(ValueError, match="400 labels were chosen for another purpose"):
        vn.fit_judges(items, gold=vn.panel.Gold(TRUTH, "side"))
    with pytest.raises(ValueError, match="at least 12 pairs with gold"):
        vn.panel.stack(VOTES, gold)  # those of "side" teach no weights


def test_labels_of_all_purposes_together():
    """Each serves for what it may, and for nothing else."""
    rng = np.random.default_rng(5)
    words = rng.choice(["stack", "side", "measure"], VOTES.n_pairs, p=[0.2, 0.4, 0.4])
    gold = vn.panel.Gold(TRUTH, words)
    q = vn.consensus(VOTES, "stacked", gold=gold)
    assert q.gold.n_pairs == (words == "measure").sum()
    assert q.stack.n_gold == (words != "side").sum()
    assert q.stack.n_measured == q.gold.n_pairs
    alone = vn.consensus(VOTES, gold=np.where(words == "measure", TRUTH, np.nan))
    np.testing.assert_array_equal(q.gold.accuracy, alone.gold.accuracy)
    np.testing.assert_array_equal(q.gold.model_accuracy, alone.gold.model_accuracy)
    assert q.gold.mean_correlation == alone.gold.mean_correlation
    apart = vn.panel.design_gold(VOTES, 1, "side").n_disputed
    assert 0 < q.side.n_labels < apart
    as_mapping = vn.panel.Gold(dict(zip(VOTES.pairs.tolist(), TRUTH, strict=True)), words)
    assert vn.consensus(VOTES, "stacked", gold=as_mapping).stack.log_loss == q.stack.log_loss
    columns = vn.panel.Gold((VOTES.pairs, TRUTH), words.tolist())
    assert vn.consensus(VOTES, "stacked", gold=columns).side == q.side


def test_stacked_weights_without_a_sample():
    design = vn.panel.design_gold(VOTES, 14)
    q = vn.consensus(VOTES, "stacked", gold=design.labels(TRUTH[design.at]))
    assert q.gold is None
    assert np.isnan(q.stack.log_loss)
    assert q.stack.n_measured == 0


@pytest.mark.parametrize(
    ("labels", "purpose", "kind", "message"),
    [
        ([1, 0], "stacks", ValueError, "purpose = 'stacks'"),
        ([1, 0], ["stack", "x"], ValueError, r"purpose\[1\] = 'x'"),
        ([1, 0], 3, TypeError, "purpose = 3"),
    ],
)
def test_bad_purposes(labels, purpose, kind, message):
    with pytest.raises(kind, match=message):
        vn.panel.Gold(labels, purpose)


def test_bad_gold_of_a_design():
    design = vn.panel.design_gold(VOTES, 5)
    with pytest.raises(ValueError, match=r"shares: has shape \(3,\)"):
        design.labels([1, 0, 1])
    with pytest.raises(ValueError, match=r"shares\[1\] = -1"):
        design.labels([1, -1, 1, 0, 0])
    with pytest.raises(ValueError, match="purpose: has 2 words, but there are 400 labels"):
        vn.consensus(VOTES, gold=vn.panel.Gold(TRUTH, ["stack", "side"]))
    with pytest.raises(TypeError, match="stratified"):
        vn.panel.design_gold(VOTES, 5, stratified=True)
    with pytest.raises(TypeError, match="must be labels"):
        vn.panel.Gold(vn.panel.Gold(TRUTH))


# ---- which side ----------------------------------------------------------------------------------


def test_which_side_counts_and_is_as_certain_as_it_says():
    design = vn.panel.design_gold(VOTES, 8, "side")
    side = vn.panel.which_side(VOTES, design.labels(TRUTH[design.at]))
    assert side.n_labels == 8
    assert side.uniform + side.reliability >= 8 - 0.5 * 8
    every = vn.panel.which_side(VOTES, TRUTH)
    assert every.n_labels == every.n_disputed
    assert every.certainty == 1.0
    a, b = vn.consensus(VOTES, "uniform"), vn.consensus(VOTES)
    right = [
        ((1 + np.sign(np.round(2 * q.probability - 1, 12)) * (2 * TRUTH - 1)) / 2).sum()
        for q in (a, b)
    ]
    assert every.reliability - every.uniform == pytest.approx(right[1] - right[0])
    assert vn.consensus(VOTES, gold=TRUTH).side == every
    nothing = vn.panel.which_side(VOTES, np.full(VOTES.n_pairs, np.nan))
    assert (nothing.believe, nothing.certainty, nothing.n_labels) == (None, 0.5, 0)
    assert "no label" in str(nothing)


def test_certainty_is_right_as_often_as_it_says():
    """Divisions of 30 pairs as likely as each other: where it says 80 to 90 %, it is right so."""
    from venire.panel._side import _certainty

    rng = np.random.default_rng(0)
    said, hit = [], []
    certainty = cache(_certainty)
    for _ in range(20_000):
        n_right = rng.integers(0, 31)
        n = 5
        right = rng.hypergeometric(n_right, 30 - n_right, n)
        said.append(certainty(max(right, n - right), n, 30))
        lead = n_right > 15 if right > n - right else n_right < 15
        hit.append(0.5 if n_right == 15 else float(lead))
    said, hit = np.array(said), np.array(hit)
    for value in np.unique(said):
        assert hit[said == value].mean() == pytest.approx(value, abs=0.02)


# ---- measuring -----------------------------------------------------------------------------------


def test_the_models_accuracy_is_mean_agreement_with_the_stack():
    gold = some(20)
    q = vn.consensus(VOTES, gold=gold)
    p = vn.panel.stack(VOTES, gold).probability
    truth = np.where(np.isnan(gold), p, gold)
    agrees = (1 + np.sign(dense(VOTES)) * (2 * truth[:, None] - 1)) / 2
    np.testing.assert_allclose(q.gold.model_accuracy, agrees.mean(axis=0), atol=1e-12)
    assert np.isnan(vn.consensus(VOTES, gold=some(11)).gold.model_accuracy).all()
    frame = q.teachers_frame("dict")
    np.testing.assert_array_equal(frame["model_accuracy"], q.gold.model_accuracy)


# ---- rho without gold ----------------------------------------------------------------------------


def test_rho_estimated_is_its_formula():
    d = 2 * vn.consensus(VOTES).probability - 1
    s, side = dense(VOTES), np.sign(np.round(d, 12))
    slope = np.clip((s * side[:, None]).sum(0) / np.abs(side).sum(), -1, 1)
    error = s - slope * side[:, None]

    def mean(x):
        with np.errstate(invalid="ignore"):  # one teacher never errs around the panel
            r = (x.T @ x) / np.sqrt(np.outer((x**2).sum(0), (x**2).sum(0)))
        return np.nanmean(r[~np.eye(len(r), dtype=bool)])

    expected = np.clip(0.1 + 0.7 * mean(error) + 0.3 * mean(s), 0, 1)
    q = vn.consensus(VOTES, rho="estimate")
    assert q.rho == pytest.approx(expected)
    assert q.rho_source == "estimated"
    with pytest.raises(ValueError, match="5 to 2,000 teachers, not 2"):
        vn.consensus(vn.simulate.panel([0.8, 0.7], rng=0).to_votes(), rho="estimate")
    with pytest.raises(ValueError, match="rho = 'guess'"):
        vn.consensus(VOTES, rho="guess")


def test_workers_who_agree_without_a_joint_error_are_no_duplicates():
    """Two workers who share 50 pairs on which everyone is right; one judged far more."""
    rng = np.random.default_rng(0)
    pair, teacher, vote = [], [], []
    for k in range(200):
        workers = rng.choice(40, 5, replace=False) + 2
        if k < 60:
            workers = [0, 1, *workers[:3]]
        for t in workers:
            right = rng.random() < (1.0 if t < 2 else 0.8)
            pair.append(k)
            teacher.append(int(t))
            vote.append(1 if right else -1)
    votes = vn.Votes.from_pairs(pair, teacher, vote)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.ConvergenceWarning)
        q = vn.consensus(votes, "correlated")
    assert q.correlation[0, 1] > 0.8  # residuals alike, without one error
    assert "near-duplicates" not in {w.name for w in q.warnings}, [str(w) for w in q.warnings]


def test_notices_of_orders_and_of_iteration():
    once = vn.simulate.panel([0.6] * 5, runs=1, rng=0).to_votes()
    assert "one order only" in {w.name for w in vn.consensus(once).warnings}
    assert "one order only" not in {w.name for w in vn.consensus(once, "uniform").warnings}
    sure = vn.simulate.panel([0.95] * 5, runs=1, rng=0).to_votes()
    assert "one order only" not in {w.name for w in vn.consensus(sure).warnings}
    both = vn.simulate.panel([0.6] * 5, runs=2, rng=0).to_votes()
    assert "one order only" not in {w.name for w in vn.consensus(both).warnings}
    from venire.panel._notices import _of_iteration

    pool = vn.consensus(both, "correlated")._pool._replace(converged=False)
    ((_, text),) = _of_iteration(pool)
    assert "rounds=" not in text
    ((_, text),) = _of_iteration(vn.consensus(both)._pool._replace(converged=False))
    assert "rounds=1" in text
