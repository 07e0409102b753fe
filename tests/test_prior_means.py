"""Means of a prior that the data find, one for each league: the twin, what is refused and said."""

import json
import pickle
import warnings

import numpy as np
import pytest

import venire as vn
from venire import reference
from venire.errors import NotIdentifiedError, NotIdentifiedWarning
from venire.priors import GaussianPrior
from venire.ratings import _evidence_single, fit_model

MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")
MEANS = np.array([0.0, 2.0, -1.5])
models = pytest.mark.parametrize("model", MODELS)


def world(n=24, m=500, across=0.2, sd=0.7, seed=0, ties=0.0, means=MEANS, **more):
    """Comparisons, mostly within leagues of different level, and who is in which."""
    rng = np.random.default_rng(seed)
    league = np.arange(n) % len(means)
    theta = means[league] + rng.normal(0.0, sd, n)
    i = rng.integers(0, n, m)
    j = (i + rng.integers(1, n, m)) % n
    keep = (league[i] == league[j]) | (rng.random(m) < across)
    i, j = i[keep], j[keep]
    score = (rng.random(len(i)) < 1.0 / (1.0 + np.exp(theta[j] - theta[i]))).astype(float)
    score = np.where(rng.random(len(i)) < ties, 0.5, score)
    order = rng.choice([-1, 1], len(i))
    return vn.Comparisons(i, j, score, order=order, items=np.arange(n), **more), league


def found(c, by, precision="evidence", model="bradley-terry", **options):
    return fit_model(c, model=model, prior=GaussianPrior(precision, by=by), **options)


@models
@pytest.mark.parametrize("order_effect", [False, True])
def test_means_are_those_of_the_twin(model, order_effect):
    c, league = world(ties=0.2)
    fit = found(c, league, 2.0, model, order_effect=order_effect)
    theta, mean = reference.league_means(c, league, model, precision=2.0, order_effect=order_effect)
    np.testing.assert_allclose(fit.theta, theta, atol=1e-8)
    np.testing.assert_allclose(fit.prior_means.mean, mean, atol=1e-8)
    assert fit.prior_means.labels == (0, 1, 2)
    np.testing.assert_allclose(fit.prior.mean, mean[league], atol=1e-8)


@models
@pytest.mark.parametrize("how", [{}, {"ties": 0.3}])
def test_the_precision_is_where_the_evidence_of_the_twin_is_largest(model, how):
    c, league = world(**how)
    fit = found(c, league, model=model, order_effect=True)
    twin = reference.evidence_precision(c, model, order_effect=True, by=league)
    np.testing.assert_allclose(fit.evidence.precision, twin.precision, rtol=3e-3)
    np.testing.assert_allclose(fit.evidence.dispersion, twin.dispersion, rtol=1e-3)
    np.testing.assert_allclose(fit.evidence.log_precision_sd, twin.log_precision_sd, rtol=0.15)


@models
def test_the_fit_is_that_of_the_numbers_it_names(model):
    c, league = world(ties=0.2)
    fit = found(c, league, model=model, order_effect=True)
    again = fit_model(c, model=model, prior=fit.prior, order_effect=True)
    assert fit.prior.by is None
    assert again.prior_means is None
    np.testing.assert_allclose(fit.theta, again.theta, atol=1e-9)
    np.testing.assert_allclose(fit.order_effect, again.order_effect, atol=1e-9)
    np.testing.assert_allclose(fit.standard_errors(), again.standard_errors(), rtol=1e-8)
    assert fit.log_likelihood == pytest.approx(again.log_likelihood, abs=1e-8)
    assert fit.converged
    assert fit.residual <= 1e-9


def test_errors_of_means_are_those_of_the_whole_information():
    c, league = world()
    fit = found(c, league, 2.0)
    n, k = c.n_items, 3
    free = np.eye(k)[league]  # theta = deviations + free @ means
    x = np.zeros((c.n_cells, n))
    x[np.arange(c.n_cells), c.first] = 1.0
    x[np.arange(c.n_cells), c.second] = -1.0
    p = fit.predict(c.items[c.first], c.items[c.second])
    h = x.T @ (((c.win + c.loss) * p * (1.0 - p))[:, None] * x)
    whole = np.block([[h + 2.0 * np.eye(n), h @ free], [free.T @ h, free.T @ h @ free]])
    cov = np.linalg.pinv(whole, 1e-12, hermitian=True)[n:, n:]
    shift = np.eye(k) - np.bincount(league) / n
    expected = np.sqrt(np.diagonal(shift @ cov @ shift.T))
    np.testing.assert_allclose(fit.prior_means.standard_error, expected, rtol=1e-6)


def test_levels_and_spread_are_found():
    ratio, off = [], []
    for seed in range(10):
        c, league = world(150, 8000, 0.1, seed=seed, means=np.array([0.0, 3.0, -2.0]))
        fit = found(c, league)
        ratio.append(fit.prior.precision * 0.7**2)
        truth = np.array([0.0, 3.0, -2.0]) - 1.0 / 3.0
        off.append((fit.prior_means.mean - truth) / fit.prior_means.standard_error)
    assert 0.85 < np.mean(ratio) < 1.15
    assert 0.5 < np.mean(np.square(off)) < 1.7  # 30 squares of 20 independent normals
    one = vn.fit_bradley_terry(c, prior=GaussianPrior("evidence"))
    assert one.prior.precision < 0.5 * fit.prior.precision


def test_probes_find_what_the_inverse_finds(monkeypatch):
    c, league = world(150, 3000, ties=0.2)
    by_probes = found(c, league, order_effect=True).evidence
    monkeypatch.setattr(_evidence_single, "ALWAYS_DENSE", 500)
    exact = found(c, league, order_effect=True).evidence
    assert abs(np.log(by_probes.precision / exact.precision)) < 0.2 * exact.log_precision_sd


def test_labels_in_all_forms():
    c, league = world()
    names = np.array(["low", "mid", "top"])[league]
    whole = found(c, names, 1.0)
    items = c.items.tolist()
    label = dict(zip(items, names.tolist(), strict=True))
    frame = pytest.importorskip("pandas").DataFrame({"team": items, "league": names})
    for by in (names.tolist(), tuple(names.tolist()), label, {**label, 99: "new"}, frame):
        np.testing.assert_array_equal(found(c, by, 1.0).theta, whole.theta)
    np.testing.assert_allclose(found(c, league, 1.0).theta, whole.theta, atol=1e-9)
    assert whole.prior_means.labels == ("low", "mid", "top")


def test_a_centre_and_precisions_by_item():
    c, league = world()
    plain = found(c, league, 1.0)
    moved = vn.fit_bradley_terry(c, prior=GaussianPrior(1.0, mean=5.0, by=league))
    np.testing.assert_allclose(moved.theta, plain.theta + 5.0, atol=1e-9)
    np.testing.assert_allclose(moved.prior_means.mean, plain.prior_means.mean + 5.0, atol=1e-9)
    same = found(c, league, np.full(c.n_items, 1.0))
    np.testing.assert_allclose(same.theta, plain.theta, atol=1e-9)
    precision = np.linspace(0.5, 2.0, c.n_items)
    own = found(c, league, precision)
    for k in range(3):
        mean = np.average(own.theta[league == k], weights=precision[league == k])
        assert mean == pytest.approx(own.prior_means.mean[k], abs=1e-8)
    assert np.average(own.theta, weights=precision) == pytest.approx(0.0, abs=1e-8)


def test_a_league_alone_is_said():
    c, league = world(across=0.0)
    with pytest.warns(NotIdentifiedWarning, match="never play another"):
        fit = found(c, league, 1.0)
    np.testing.assert_allclose(fit.prior_means.mean, 0.0, atol=1e-9)
    assert np.isnan(fit.prior_means.standard_error).all()
    assert "never play another (0, 1, 2)" in fit.note
    assert json.loads(json.dumps(fit.prior_means.to_dict()))["standard_error"] == [None] * 3
    with pytest.warns(NotIdentifiedWarning, match="of one league, all"):
        one = found(c, ["all"] * c.n_items, 1.0)
    plain = vn.fit_bradley_terry(c, prior=GaussianPrior(1.0))
    np.testing.assert_allclose(one.theta, plain.theta, atol=1e-9)


def test_sets_of_leagues_that_never_meet_are_said():
    one, league = world(12, 400, 0.3, means=MEANS[:2])
    i, j = one.items[one.first], one.items[one.second]
    both = vn.Comparisons.from_counts(
        np.r_[i, i + 12], np.r_[j, j + 12], np.r_[one.win, one.win], np.r_[one.loss, one.loss]
    )
    with pytest.warns(NotIdentifiedWarning, match="2 sets of leagues"):
        fit = found(both, np.r_[league, league + 2], 1.0)
    alone = found(one, league, 1.0)
    np.testing.assert_allclose(fit.theta, np.r_[alone.theta, alone.theta], atol=1e-8)
    np.testing.assert_allclose(
        fit.prior_means.standard_error[:2], alone.prior_means.standard_error, rtol=1e-6
    )


def test_what_comparisons_leave_open():
    c = vn.Comparisons(["a", "b", "a", "c"], ["b", "a", "c", "d"], 1.0)
    by = {"a": "A", "b": "A", "c": "B", "d": "B"}
    with pytest.raises(NotIdentifiedError, match=r"unbeaten by the others: A; without a win .*: B"):
        found(c, by, 1.0)
    first = np.array([0, 0, 1, 2, 3, 2])  # the one league is at home whenever they meet
    second = np.array([2, 3, 2, 1, 0, 3])
    order = np.array([1, 1, 1, -1, -1, 0])
    c = vn.Comparisons(first, second, [1, 0, 1, 1, 0, 1], order=order)
    with pytest.raises(NotIdentifiedError, match=r"league 1 .by. cannot be told from the order"):
        found(c, [0, 0, 1, 1], 1.0, order_effect=True)
    c, league = world()
    x = (league[c.first] - league[c.second]).astype(float)
    with pytest.raises(NotIdentifiedError, match=r"cannot be told from .* covariates"):
        found(with_covariate(c, x), league, 1.0)


def with_covariate(c, x):
    """The same comparisons, but for their order, with x for each cell."""
    i, j = c.items[c.first], c.items[c.second]
    i, j = np.r_[i, i], np.r_[j, j]
    won = np.r_[np.ones(c.n_cells), np.zeros(c.n_cells)]
    return vn.Comparisons(i, j, won, np.r_[c.win, c.loss], covariates={"x": np.r_[x, x]})


def test_covariates_go_beside_leagues():
    c, league = world()
    c = with_covariate(c, np.random.default_rng(3).normal(size=c.n_cells))
    fit = found(c, league)
    again = vn.fit_bradley_terry(c, prior=fit.prior)
    np.testing.assert_allclose(fit.theta, again.theta, atol=1e-9)
    np.testing.assert_allclose(fit.coefficients, again.coefficients, atol=1e-9)


def test_items_without_a_league_are_refused():
    c, league = world()
    short = dict(enumerate(league.tolist()))
    del short[7]
    with pytest.raises(ValueError, match=r"by\[7\] = 7: must hold a label for every item"):
        found(c, short)
    with pytest.raises(ValueError, match="by: holds 3 labels, but there are 24 items"):
        found(c, [0, 1, 2])
    for wrong in (None, np.nan, ""):
        with pytest.raises(ValueError, match=r"by\[1\] = .*: is missing"):
            GaussianPrior(1.0, by=["x", wrong])
    for wrong in (1.5, True, b"x", ("a",)):
        with pytest.raises(TypeError, match=r"by\[1\] = .*: must be text or a whole number"):
            GaussianPrior(1.0, by=["x", wrong])
    for wrong in (["x", 1], [2, "x"]):
        with pytest.raises(ValueError, match=r"by\[1\] = .*: must be text, or whole numbers"):
            GaussianPrior(1.0, by=wrong)
    with pytest.raises(ValueError, match=r"by\[1\] = .*: must be a whole number of 64 bits"):
        GaussianPrior(1.0, by=[1, 2**63])
    for wrong in ("league", 3, 2.5):
        with pytest.raises(TypeError, match=r"by = .*: must be a label for each item"):
            GaussianPrior(1.0, by=wrong)
    with pytest.raises(ValueError, match="mean: must be one number"):
        GaussianPrior(1.0, mean=[0.0, 1.0], by=["a", "b"])


def test_who_finds_no_means_says_so():
    c, league = world()
    prior = GaussianPrior(1.0, by=league)
    g = vn.GroupedComparisons(["g", "g"], ["a", "b"], ["b", "c"], 1.0)
    for call in (
        lambda: vn.fit_groups(g, prior=prior),
        lambda: vn.ratings.fit_plackett_luce(vn.Rankings([["a", "b"]]), prior=prior),
        lambda: prior.penalty(np.zeros(c.n_items)),
    ):
        with pytest.raises(ValueError, match="by: means are found in single fits"):
            call()


def test_an_object_that_goes_to_json_and_to_pickle():
    for by in ([1, 2, 1], ("a", "b"), {"x": "a", "y": "b"}, {("g", 1): 0}):
        prior = GaussianPrior("evidence", by=by)
        assert GaussianPrior.from_dict(json.loads(json.dumps(prior.to_dict()))) == prior
        assert pickle.loads(pickle.dumps(prior)) == prior
        assert prior != GaussianPrior("evidence")
    assert (
        repr(GaussianPrior(1.0, by=["a", "b", "a"])) == "GaussianPrior(precision=1, by=2 leagues)"
    )
    assert hash(GaussianPrior(1.0, by=["a"])) == hash(GaussianPrior(1.0, by=("a",)))


def test_summary_and_frame_say_the_means():
    c, league = world()
    fit = found(c, league)
    text = str(fit.summary())
    means = fit.prior_means
    assert (
        f"prior mean of 1 {means.mean[1]:.4f}   SE {means.standard_error[1]:.4f}   8 items" in text
    )
    assert means.to_frame("dict")["league"].tolist() == [0, 1, 2]
    assert "league" in str(means)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        many = found(*world(60, 4000, 0.5, means=np.linspace(-1.0, 1.0, 30)), 1.0)
    assert "and prior means of 10 more" in str(many.summary())


@pytest.mark.parametrize("size", [(30, 500), (3000, 60_000)])
def test_threads_change_no_bit(size):
    c, league = world(*size)
    fits = [found(c, league, n_threads=k) for k in (1, 2, 3)]
    for other in fits[1:]:
        assert other.evidence == fits[0].evidence
        assert other.theta.tobytes() == fits[0].theta.tobytes()
        assert other.prior_means.mean.tobytes() == fits[0].prior_means.mean.tobytes()


@pytest.mark.parametrize("precision", ["evidence", 2.0])
def test_an_update_finds_them_again(precision):
    c, league = world()
    fit = found(c, league, precision)
    today = fit.update(first=[0, 1], second=[1, 2], score=1.0)
    again = found(today.comparisons, league, precision)
    np.testing.assert_allclose(today.theta, again.theta, atol=1e-8 if precision == 2.0 else 2e-3)
    assert today.prior_means.asked.precision == precision
    label = dict(enumerate(league.tolist())) | {99: 1}
    more = found(c, label, precision).update(first=[99, 1], second=[1, 99], score=1.0)
    assert more.prior_means.n_items.tolist() == [8, 9, 8]
    with pytest.raises(ValueError, match=r"by\[24\] = 99: must hold a label for every item"):
        fit.update(first=[99], second=[1], score=1.0)


def test_a_bootstrap_and_draws_take_the_means_as_known():
    c, league = world()
    fit = found(c, league)
    b = vn.bootstrap(fit, 20, rng=0)
    assert b.n_failed == 0
    assert np.isfinite(b.theta).all()


@pytest.mark.parametrize("by", ["array", "mapping", "words"])
@pytest.mark.parametrize("precision", ["evidence", 2.0])
def test_a_saved_fit_keeps_the_means_and_what_was_asked(by, precision, tmp_path):
    c, league = world()
    of = {"array": league, "mapping": dict(enumerate([*league, 7])), "words": league.astype(str)}
    fit = found(c, of[by], precision)
    fit.save(tmp_path / "fit.npz")
    again = vn.ratings.Fit.load(tmp_path / "fit.npz")
    assert str(again.summary()) == str(fit.summary())
    assert str(again.prior_means) == str(fit.prior_means)
    new = {"first": [0, 4], "second": [1, 2], "score": [1, 0]}
    one, other = again.update(**new), fit.update(**new)  # the data choose again
    np.testing.assert_array_equal(one.theta, other.theta)
    np.testing.assert_array_equal(one.prior_means.mean, other.prior_means.mean)
    draws = fit.sample(10, rng=0)
    draws.save(tmp_path / "draws.npz")
    kept = vn.resampling.PosteriorDraws.load(tmp_path / "draws.npz").fit.prior_means
    np.testing.assert_array_equal(kept.standard_error, fit.prior_means.standard_error)


@pytest.mark.parametrize(
    ("member", "key", "value", "named"),
    [
        ("fit.prior_means", "mean", [0.0, 1.0, 2.0], "prior_means"),
        ("fit.prior_means", "mean", ["x"], "prior_means"),
        ("fit.prior_means", "standard_error", [-1.0, 1.0, 1.0], "prior_means"),
        ("fit.prior_means", "standard_error", ["x", 1.0, 1.0], "prior_means"),
        ("fit.prior_means", "n_items", [1, 1, 1], "prior_means"),
        ("fit.prior_means", "labels", [0, 1, 3], "prior_means"),
        ("fit.prior_means", "note", 3, "prior_means"),
        ("asked", "by", [0, 1], "asked"),
        ("asked", "precision", -1.0, "asked"),
        ("asked", None, None, "asked"),
        ("fit.prior_means", None, None, "asked"),
    ],
)
def test_a_saved_fit_with_other_means_is_refused(member, key, value, named, tmp_path):
    c, league = world()
    found(c, league).save(tmp_path / "fit.npz")
    with np.load(tmp_path / "fit.npz") as file:
        members = dict(file)
    facts = json.loads(str(members.pop("facts")))
    if key is None:
        facts[member] = None
    else:
        facts[member][key] = value
    np.savez(tmp_path / "bad.npz", facts=np.array(json.dumps(facts)), **members)
    with pytest.raises(ValueError, match=named):
        vn.ratings.Fit.load(tmp_path / "bad.npz")


def test_labels_may_be_those_of_numpy(tmp_path):
    c, league = world()
    fit = found(c, league, 2.0)
    items = c.items  # NumPy's numbers, as labels of items and of leagues
    same = found(c, dict(zip(items, league, strict=True)), 2.0)
    np.testing.assert_array_equal(same.theta, fit.theta)
    np.testing.assert_array_equal(found(c, list(league), 2.0).theta, fit.theta)
    by_item = dict(zip(items, fit.prior.mean, strict=True))
    again = vn.fit_bradley_terry(c, prior=GaussianPrior(2.0, mean=by_item))
    for fit in (same, again):
        fit.save(tmp_path / "fit.npz")
        np.testing.assert_array_equal(vn.ratings.Fit.load(tmp_path / "fit.npz").theta, fit.theta)
