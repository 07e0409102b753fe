"""The precision of a prior by the evidence: the twin, its maximum, what a fit says of it."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference
from venire.errors import NotIdentifiedWarning
from venire.priors import GaussianPrior
from venire.ratings import _evidence_single, fit_model

MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")
EVIDENCE = GaussianPrior("evidence")
AGED = {"date": range(120), "half_life": 60}
models = pytest.mark.parametrize("model", MODELS)


def world(n=12, m=120, sd=1.0, seed=0, ties=0.0, soft=False, weight=None, **more):
    """Comparisons of n items whose strengths have the standard deviation sd."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0.0, sd, n)
    i = rng.integers(0, n, m)
    j = (i + rng.integers(1, n, m)) % n
    p = 1.0 / (1.0 + np.exp(theta[j] - theta[i]))
    score = (rng.random(m) < p).astype(float)
    score = np.where(rng.random(m) < ties, 0.5, score)
    if soft:
        score = rng.beta(4.0 * p + 0.1, 4.0 * (1.0 - p) + 0.1)
    order = rng.choice([-1, 1], m)
    return vn.Comparisons(i, j, score, weight, order=order, items=np.arange(n), **more)


def found(c, model="bradley-terry", **options):
    return fit_model(c, model=model, prior=EVIDENCE, **options)


@models
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize(
    "how", [{}, {"ties": 0.3}, {"soft": True}, AGED, {"ties": 0.3, **AGED}], ids=str
)
def test_it_is_where_the_evidence_of_the_twin_is_largest(model, order_effect, how):
    c = world(**how)
    fit = found(c, model, order_effect=order_effect)
    twin = reference.evidence_precision(c, model, order_effect=order_effect)
    np.testing.assert_allclose(fit.evidence.precision, twin.precision, rtol=3e-3)
    np.testing.assert_allclose(fit.evidence.dispersion, twin.dispersion, rtol=1e-3)
    np.testing.assert_allclose(fit.evidence.log_precision_sd, twin.log_precision_sd, rtol=0.15)


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_the_spread_is_found_under_a_half_life(model):
    found_, whole = [], []
    for seed in range(6):
        aged = world(200, 4000, seed=seed, date=range(4000), half_life=1000)
        found_.append(found(aged, model).evidence.spread)
        whole.append(found(world(200, 4000, seed=seed), model).evidence.spread)
    assert 0.93 < np.mean(found_) / np.mean(whole) < 1.07  # 0.8 if rows were taken for w rows
    assert found(aged, model).evidence.dispersion == pytest.approx(
        aged.n_comparisons / aged.n_effective
    )
    update = found(world(200, 4000, seed=5, date=range(4000), half_life=1000), model)
    new = vn.Comparisons([0, 1], [1, 2], [1, 0], order=1, date=[4000, 4010], half_life=1000)
    assert update.update(new).evidence.dispersion < 0.9


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), sd=st.floats(0.7, 2.5), model=st.sampled_from(MODELS))
def test_no_precision_near_by_has_more_evidence(seed, sd, model):
    c = world(seed=seed, sd=sd, m=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotIdentifiedWarning)
        fit = found(c, model)
    if fit.evidence.note:
        return
    at = reference.log_evidence(c, model, fit.prior.precision)
    for factor in (0.8, 1.25):
        assert reference.log_evidence(c, model, factor * fit.prior.precision) < at


@models
def test_probes_find_what_the_inverse_finds(model, monkeypatch):
    c = world(150, 2000, ties=0.2)
    by_probes = found(c, model, order_effect=True).evidence
    monkeypatch.setattr(_evidence_single, "ALWAYS_DENSE", 500)
    exact = found(c, model, order_effect=True).evidence
    assert abs(np.log(by_probes.precision / exact.precision)) < 0.2 * exact.log_precision_sd
    assert by_probes != exact


def test_where_probes_are_not_enough_the_inverse_is_taken(monkeypatch):
    rng = np.random.default_rng(3)
    n, theta = 300, rng.normal(0.0, 2.0, 300)
    i = np.repeat(np.arange(n - 1), 6)  # a chain: what is known of an item comes from afar
    score = (rng.random(len(i)) < 1.0 / (1.0 + np.exp(theta[i + 1] - theta[i]))).astype(float)
    c = vn.Comparisons(i, i + 1, score)
    taken = found(c).evidence
    monkeypatch.setattr(_evidence_single, "ALWAYS_DENSE", 500)
    exact = found(c).evidence
    assert abs(np.log(taken.precision / exact.precision)) < 0.2 * exact.log_precision_sd


def test_the_fit_is_that_of_the_precision_it_names():
    c = world(40, 600, ties=0.2)
    fit = found(c, order_effect=True)
    again = fit_model(c, model="bradley-terry", prior=fit.prior, order_effect=True)
    assert fit.prior == GaussianPrior(fit.evidence.precision)
    assert fit.converged
    assert fit.residual <= 1e-9
    assert again.evidence is None
    np.testing.assert_allclose(fit.theta, again.theta, atol=1e-9)
    np.testing.assert_allclose(fit.standard_errors(), again.standard_errors(), rtol=1e-8)


@pytest.mark.parametrize("size", [(30, 300), (3000, 60_000)])
def test_threads_change_no_bit(size):
    c = world(*size)
    fits = [found(c, n_threads=k) for k in (1, 2, 3)]
    for other in fits[1:]:
        assert other.evidence == fits[0].evidence
        assert other.theta.tobytes() == fits[0].theta.tobytes()


def test_the_spread_of_the_strengths_is_found():
    ratio = [
        found(world(200, 4000, sd, seed)).prior.precision * sd**2
        for sd in (0.5, 1.0, 2.0)
        for seed in range(7)
    ]
    assert 0.85 < np.mean(ratio) < 1.15


def test_weights_and_units():
    one, two = (found(world(weight=w)).evidence for w in (None, np.full(120, 2.0)))
    assert two.log_precision_sd < one.log_precision_sd
    rows = world(m=60)
    twice = vn.Comparisons.from_counts(
        rows.items[rows.first], rows.items[rows.second], 2 * rows.win, 2 * rows.loss
    )
    weighed = vn.Comparisons.from_counts(
        rows.items[rows.first], rows.items[rows.second], rows.win, rows.loss
    ) + vn.Comparisons.from_counts(
        rows.items[rows.first], rows.items[rows.second], rows.win, rows.loss
    )
    np.testing.assert_allclose(
        found(twice).evidence.precision, found(weighed).evidence.precision, rtol=1e-6
    )
    logit, probit = found(world(m=600)), found(world(m=600), "thurstone")
    assert 2.2 < probit.prior.precision / logit.prior.precision < 3.6  # 1.702 squared


@pytest.mark.parametrize("weight", [1e-6, 1e-3, 1e6])
def test_weights_far_from_one(weight):
    c = world(weight=np.full(120, weight))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotIdentifiedWarning)
        fit = found(c)
    assert fit.converged
    assert np.isfinite(fit.theta).all()
    if weight == 1e6:
        theta = vn.fit_bradley_terry(c).theta
        np.testing.assert_allclose(fit.prior.precision, 11 / (theta @ theta), rtol=1e-3)


def test_a_mean_of_each_item():
    c, mean = world(m=300), np.linspace(-2.0, 2.0, 12)
    fit = vn.fit_bradley_terry(c, prior=GaussianPrior("evidence", mean=mean))
    twin = reference.evidence_precision(c, mean=mean)
    np.testing.assert_allclose(fit.prior.precision, twin.precision, rtol=3e-3)
    assert fit.prior == GaussianPrior(fit.prior.precision, mean=mean)
    np.testing.assert_allclose(fit.theta.mean(), 0.0, atol=1e-9)
    shifted = vn.fit_bradley_terry(c, prior=GaussianPrior("evidence", mean=5.0))
    np.testing.assert_allclose(shifted.theta, found(c).theta + 5.0, atol=1e-8)


def test_items_that_never_met_and_that_never_played_say_nothing():
    rows = (np.arange(12), world(m=200))
    i, j = rows[1].first, rows[1].second
    counts = (rows[1].win, rows[1].loss)
    alone = vn.Comparisons.from_counts(i, j, *counts, items=np.arange(20))
    one = vn.Comparisons.from_counts(i, j, *counts)
    np.testing.assert_allclose(found(alone).prior.precision, found(one).prior.precision, rtol=3e-3)


def test_no_spread_is_said():
    i, j = np.triu_indices(10, 1)  # each beat each other once
    c = vn.Comparisons(np.r_[i, j], np.r_[j, i], 1.0)
    with pytest.warns(NotIdentifiedWarning, match="no spread"):
        fit = found(c)
    assert "no spread" in fit.note
    assert "no spread" in str(fit.summary())
    assert np.isfinite(fit.prior.precision)
    highest = reference.log_evidence(c, "bradley-terry", 1e9)
    here = reference.log_evidence(c, "bradley-terry", fit.prior.precision)
    assert 0.1 < highest - here < 0.5
    assert np.isinf(reference.evidence_precision(c).precision)


def test_one_pair():
    with pytest.warns(NotIdentifiedWarning, match="no spread"):
        even = found(vn.Comparisons(["a", "b"], ["b", "a"], 1.0))
    assert 0.1 < even.prior.precision < 10.0
    sure = found(vn.Comparisons(["a"] * 30, ["b"] * 30, 1.0))
    assert 0.0 < sure.prior.precision < 1.0


def test_what_takes_no_estimate_says_so():
    with pytest.raises(ValueError, match="has to be a number here"):
        EVIDENCE.penalty([0.0, 1.0])
    with pytest.raises(ValueError, match="mm"):
        found(world(), method="mm")
    for wrong in ("evidences", "", "0.1"):
        with pytest.raises((TypeError, ValueError), match="precision"):
            GaussianPrior(wrong)


def test_the_summary_says_how():
    fit = found(world(40, 600))
    text = str(fit.summary())
    assert f"normal prior of precision {fit.prior.precision:.4g}\n" in text
    assert "precision by evidence" in text
    assert f"{fit.evidence.log_precision_sd:.2g}" in text


def test_an_object_that_goes_to_json():
    assert GaussianPrior.from_dict(EVIDENCE.to_dict()) == EVIDENCE
    assert repr(EVIDENCE) == "GaussianPrior(precision='evidence')"
    assert hash(EVIDENCE) == hash(GaussianPrior("evidence"))
    fit = found(world())
    assert vn.ratings.Evidence(**fit.evidence.to_dict()) == fit.evidence


# ---- groups --------------------------------------------------------------------------------------


def leagues(n_groups=40, n=8, m=60, sd=1.0, seed=0, ties=0.0):
    rng = np.random.default_rng(seed)
    theta = rng.normal(0.0, sd, (n_groups, n))
    g = np.repeat(np.arange(n_groups), m)
    i = rng.integers(0, n, len(g))
    j = (i + rng.integers(1, n, len(g))) % n
    score = (rng.random(len(g)) < 1.0 / (1.0 + np.exp(theta[g, j] - theta[g, i]))).astype(float)
    score = np.where(rng.random(len(g)) < ties, 0.5, score)
    return vn.GroupedComparisons(g, i, j, score, order=rng.choice([-1, 1], len(g)))


@models
@pytest.mark.parametrize("order_effect", [False, True])
def test_one_group_is_a_single_fit(model, order_effect):
    g = leagues(1, 20, 300, ties=0.3)
    gf = vn.fit_groups(g, model=model, prior=EVIDENCE, order_effect=order_effect)
    fit = found(g.at(0), model, order_effect=order_effect)
    np.testing.assert_allclose(gf.evidence.precision, fit.evidence.precision, rtol=1e-3)
    np.testing.assert_allclose(gf.evidence.dispersion, fit.evidence.dispersion, rtol=1e-3)
    assert gf.prior == GaussianPrior(gf.evidence.precision)
    again = vn.fit_groups(g, model=model, prior=gf.prior, order_effect=order_effect)
    np.testing.assert_allclose(gf.theta, again.theta, atol=1e-8)


@models
@pytest.mark.parametrize("order_effect", [False, True])
def test_the_evidence_of_groups_is_the_sum_of_theirs(model, order_effect):
    g = leagues(6, 6, 40, ties=0.3)
    gf = vn.fit_groups(g, model=model, prior=EVIDENCE, order_effect=order_effect)

    def evidence(precision):
        return sum(
            reference.log_evidence(
                g.at(k), model, precision, order_effect=order_effect,
                dispersion=gf.evidence.dispersion,
            )
            for k in range(6)
        )  # fmt: skip

    best, side = gf.prior.precision, 1.02
    values = [evidence(best / side), evidence(best), evidence(best * side)]
    assert values[1] > max(values[0], values[2])


def test_groups_of_all_sizes_share_one_search(monkeypatch):
    g = leagues(30, 10, 80)
    whole = vn.fit_groups(g, prior=EVIDENCE).evidence
    from venire.ratings.grouped import _evidence, batches

    monkeypatch.setattr(_evidence, "ENOUGH", 60)  # looks at a part first
    part = vn.fit_groups(g, prior=EVIDENCE).evidence
    assert part.n_fits != whole.n_fits
    np.testing.assert_allclose(part.precision, whole.precision, rtol=2e-3)
    monkeypatch.setattr(batches, "MAX_ERRORS", 5)  # as if each were large
    np.testing.assert_allclose(
        vn.fit_groups(g, prior=EVIDENCE).prior.precision, whole.precision, rtol=2e-3
    )


@pytest.mark.parametrize("shared", [False, True])
def test_threads_change_no_bit_of_groups(shared):
    g = leagues(300, 8, 60, ties=0.2)
    options = {"model": "davidson", "order_effect": True, "shared": shared, "prior": EVIDENCE}
    one, two = (vn.fit_groups(g, n_threads=k, **options) for k in (1, 3))
    assert one.evidence == two.evidence
    assert one.theta.tobytes() == two.theta.tobytes()


def test_groups_that_want_no_spread_and_that_have_no_comparisons():
    i, j = np.triu_indices(6, 1)
    pairs = (np.r_[i, j], np.r_[j, i])
    even = vn.GroupedComparisons(
        np.repeat([0, 1], len(pairs[0])), np.tile(pairs[0], 2), np.tile(pairs[1], 2), 1.0
    )
    with pytest.warns(NotIdentifiedWarning, match="no spread"):
        gf = vn.fit_groups(even, prior=EVIDENCE)
    assert "no spread" in gf.evidence.note
    g = leagues(5)
    more = vn.GroupedComparisons(
        np.repeat(g.groups, np.diff(g.cell_offsets)),
        g.items[np.repeat(g.offsets[:-1], np.diff(g.cell_offsets)) + g.first],
        g.items[np.repeat(g.offsets[:-1], np.diff(g.cell_offsets)) + g.second],
        1.0, g.win, items=(np.repeat(np.arange(6), 8), np.tile(np.arange(8), 6)),
    )  # fmt: skip
    assert vn.fit_groups(more, prior=EVIDENCE).status[-1] == "no comparisons"


def test_means_by_item_of_groups():
    g = leagues(20)
    mean = np.random.default_rng(1).normal(size=g.n_items)
    gf = vn.fit_groups(g, prior=GaussianPrior("evidence", mean=mean))
    again = vn.fit_groups(g, prior=gf.prior)
    np.testing.assert_allclose(gf.theta, again.theta, atol=1e-8)
    assert gf.prior.precision < vn.fit_groups(g, prior=EVIDENCE).prior.precision


@pytest.mark.parametrize("games", [["ab"], ["ab", "ca"], ["ab", "bc", "cd"]])
def test_few_games_that_nothing_contradicts_say_little(games):
    c = vn.Comparisons([g[0] for g in games], [g[1] for g in games], np.ones(len(games)))
    with pytest.warns(vn.NotIdentifiedWarning, match="want no spread"):
        fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior("evidence"))
    assert 0.5 < fit.evidence.spread < 2.0
