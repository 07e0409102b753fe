"""What a fit tells: predictions, ranks, scales, tables, likelihoods, differences."""

from __future__ import annotations

import dataclasses
import math
import pickle

import numpy as np
import pytest

import venire as vn
from venire import datasets, reference
from venire.ratings.fit import Fit

TEAMS = ["Boston", "Cleveland", "Detroit", "Milwaukee", "New York", "Toronto"]


def make_fit(cells, model="bradley-terry", *, prior=None, order_effect=False, **changes):
    """A Fit from the dense reference: no native code is involved."""
    found = reference.fit(cells, model, prior=prior, order_effect=order_effect)
    values = {
        "comparisons": cells,
        "model": model,
        "theta": found.theta,
        "tie": found.tie,
        "order_effect": found.order_effect,
        "prior": prior,
        "log_likelihood": found.log_likelihood,
        "residual": found.residual,
        "converged": found.converged,
        "n_iter": found.n_iter,
        "component": reference.components(cells, "weak").labels,
    }
    return Fit(**(values | changes))


@pytest.fixture(scope="module")
def baseball():
    return reference.cells_from_counts(*datasets.columns("baseball_1987").values())


@pytest.fixture(scope="module")
def ties():
    rng = np.random.default_rng(7)
    first, second = rng.integers(0, 5, 300), rng.integers(0, 4, 300)
    second = np.where(second >= first, second + 1, second)
    score = rng.choice([0.0, 0.5, 1.0], 300, p=[0.3, 0.2, 0.5])
    labels = np.array(["ant", "bee", "cat", "dog", "eel"])
    return reference.aggregate(labels[first], labels[second], score)


# ---- published values -------------------------------------------------------------------------


def test_baseball_table_relative_to_baltimore(baseball):
    """Agresti 2002, section 10.6; estimates and errors as in the BradleyTerry2 vignette."""
    table = make_fit(baseball).relative_to("Baltimore", items=TEAMS)
    np.testing.assert_array_equal(table.items, TEAMS)
    np.testing.assert_allclose(
        table.estimates, [1.1077, 0.6839, 1.4364, 1.5814, 1.2476, 1.2945], atol=5e-5
    )
    np.testing.assert_allclose(
        table.standard_errors, [0.3339, 0.3319, 0.3396, 0.3433, 0.3359, 0.3367], atol=5e-5
    )


def test_baseball_table_with_home_advantage(baseball):
    """BTabilities of the BradleyTerry2 vignette; its figures stop at a looser tolerance."""
    fit = make_fit(baseball, order_effect=True)
    table = fit.relative_to("Baltimore", items=TEAMS)
    published = [1.1438027, 0.7046945, 1.4753572, 1.6195550, 1.2813404, 1.3271104]
    errors = [0.3378422, 0.3350014, 0.3445518, 0.3473653, 0.3404034, 0.3403222]
    np.testing.assert_allclose(table.estimates, published, atol=1e-6)
    np.testing.assert_allclose(table.standard_errors, errors, atol=1e-6)
    assert fit.order_effect == pytest.approx(0.302261, abs=5e-7)
    assert fit.parameter_errors().order_effect == pytest.approx(0.130944, abs=5e-7)


def test_baseball_deviances(baseball):
    """Null 78.015, residual 44.053 and 38.643 (42 cells); AIC 140.52 and 137.11 + a constant."""
    plain, home = make_fit(baseball), make_fit(baseball, order_effect=True)
    assert plain.null_deviance == pytest.approx(78.015, abs=5e-4)
    assert plain.deviance == pytest.approx(44.053, abs=5e-4)
    assert home.deviance == pytest.approx(38.643, abs=5e-4)
    assert plain.aic - home.aic == pytest.approx(140.52 - 137.11, abs=1e-2)
    assert plain.aic == pytest.approx(2 * 172.248176 + 12, abs=1e-5)
    assert home.bic == pytest.approx(2 * 169.542871 + 7 * math.log(273), abs=1e-5)
    assert (plain.n_parameters, home.n_parameters) == (6, 7)
    assert plain.n_comparisons == 273.0


# ---- likelihoods ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["davidson", "rao-kupper"])
def test_deviances_of_tie_models(ties, model):
    fit = make_fit(ties, model)
    masses = np.stack([ties.win, ties.loss, ties.tie])
    share = masses / masses.sum(axis=0)
    saturated = np.sum(masses * np.log(np.where(share > 0, share, 1.0)))
    assert fit.deviance == pytest.approx(2 * (saturated - fit.log_likelihood), abs=1e-9)
    best = max(
        reference.log_likelihood(ties, model, np.zeros(5), tie=tie)
        for tie in np.linspace(1.01, 3.0, 2000) * (0.5 if model == "davidson" else 1.0)
    )
    assert fit.null_deviance == pytest.approx(2 * (saturated - best), abs=1e-4)
    assert fit.n_parameters == 4 + 1


def test_deviance_adds_up_the_clusters_of_a_cell():
    args = (["a", "a", "b", "a"], ["b", "b", "a", "b"], [1.0, 0.0, 1.0, 1.0])
    whole = make_fit(reference.aggregate(*args))
    split = make_fit(reference.aggregate(*args, cluster=[0, 1, 2, 3]))
    assert len(split.comparisons.first) == 4
    assert split.deviance == pytest.approx(whole.deviance, abs=1e-12)
    assert whole.deviance > 0.5


def test_a_tie_parameter_on_its_boundary_is_not_free():
    cells = reference.cells_from_counts(["a", "b", "c"], ["b", "c", "a"], [2.0] * 3, [1.0] * 3)
    for model, tie in [("davidson", 0.0), ("rao-kupper", 1.0)]:
        fit = make_fit(cells, model)
        plain = make_fit(cells)
        assert fit.tie == tie
        assert fit.n_parameters == 2
        assert fit.parameter_errors() == (None, None, None, None)
        np.testing.assert_allclose(fit.standard_errors(), plain.standard_errors(), rtol=1e-9)
        np.testing.assert_allclose(
            fit.standard_errors("robust"), plain.standard_errors("robust"), rtol=1e-9
        )
        assert fit.predict("a", "b")[1] == 0.0


# ---- predictions ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["bradley-terry", "thurstone"])
def test_predict_two_outcomes(baseball, model):
    fit = make_fit(baseball, model, order_effect=True)
    i, j = 4, 0  # Milwaukee, Baltimore
    d = fit.theta[i] - fit.theta[j] + fit.order_effect
    expected = 1 / (1 + math.exp(-d)) if model == "bradley-terry" else 0.5 * math.erfc(-d / 2**0.5)
    one = fit.predict("Milwaukee", "Baltimore", order=1)
    assert one == pytest.approx(expected, rel=1e-12)
    assert np.shape(one) == ()
    many = fit.predict(["Milwaukee", "Baltimore"], ["Baltimore", "Milwaukee"], order=[1, -1])
    np.testing.assert_allclose(many, [expected, 1 - expected], rtol=1e-12)
    every = fit.predict(fit.items, "Boston")
    assert every.shape == (7,)
    assert every[list(fit.items).index("Boston")] == 0.5


@pytest.mark.parametrize("model", ["davidson", "rao-kupper"])
def test_predict_three_outcomes(ties, model):
    fit = make_fit(ties, model)
    found = fit.predict(["ant", "bee"], ["bee", "ant"])
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-12)
    np.testing.assert_allclose(found[0], found[1][::-1], rtol=1e-12)
    p, q = np.exp(fit.theta[:2])
    if model == "davidson":
        expected = np.array([p, fit.tie * math.sqrt(p * q), q])
        expected /= expected.sum()
    else:
        win, loss = p / (p + fit.tie * q), q / (q + fit.tie * p)
        expected = [win, 1 - win - loss, loss]
    np.testing.assert_allclose(found[0], expected, rtol=1e-10)


def test_labels_that_are_unknown_are_named(baseball, ties):
    fit = make_fit(baseball)
    with pytest.raises(ValueError, match=r"second.*'Chicago'"):
        fit.predict(["Boston", "Boston"], ["Detroit", "Chicago"])
    with pytest.raises(ValueError, match=r"first.*'Chicago'"):
        fit.difference_errors("Chicago", "Boston")
    with pytest.raises(ValueError, match=r"items.*7"):
        fit.covariance(items=["Boston", 7])
    with pytest.raises(ValueError, match="second"):
        fit.predict(["Boston", "Detroit"], ["Boston", "Detroit", "Toronto"])
    with pytest.raises(ValueError, match=r"order.*2"):
        fit.predict("Boston", "Detroit", order=[0, 2])
    with pytest.raises(ValueError, match="order"):
        fit.predict(["Boston"] * 2, ["Detroit"] * 2, order=[0, 1, 1])


@pytest.mark.parametrize("dtype", [np.int64, np.int32, object, float])
def test_integer_labels_are_labels(dtype):
    cells = reference.cells_from_counts([70, 5], [5, -3], [2.0, 3.0], [1.0, 1.0])
    fit = make_fit(cells)
    found = fit.predict(np.array([70, -3], dtype), np.array([5, 5], dtype))
    np.testing.assert_allclose(found, [2 / 3, 1 / 4], rtol=1e-9)
    assert fit.predict([70.0, 5], 5)[1] == 0.5
    for unknown in (0, 71, -4, 5.5, "5", None, float("nan"), 2**70):
        with pytest.raises(ValueError, match=r"first\[1\] = .*:"):
            fit.predict([70, unknown], [5, 5])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_labels_from_columns_of_frames(ties, library):
    module = pytest.importorskip(library)
    fit = make_fit(ties)
    make = {"pandas": "Series", "polars": "Series", "pyarrow": "array"}[library]
    labels = getattr(module, make)(["cat", "ant"])
    np.testing.assert_array_equal(
        fit.predict(labels, ["ant", "bee"]), fit.predict(["cat", "ant"], ["ant", "bee"])
    )


def test_comparisons_as_they_come():
    """The class itself, with clusters and a caller's order of items, in place of plain cells."""
    import venire as vn

    rng = np.random.default_rng(11)
    first = rng.integers(0, 6, 300)
    second = (first + rng.integers(1, 6, 300)) % 6
    labels = np.array(["f", "e", "d", "c", "b", "a"])
    data = (labels[first], labels[second], rng.random(300), rng.integers(1, 4, 300).astype(float))
    more = {"order": rng.choice([-1, 0, 1], 300), "cluster": rng.integers(0, 20, 300)}
    cells = reference.aggregate(*data, **more)
    expected = make_fit(cells, order_effect=True)
    comparisons = vn.Comparisons(*data, **more, items=labels)
    back = np.argsort(labels)
    fit = dataclasses.replace(
        expected, comparisons=comparisons, theta=expected.theta[::-1].copy(), component=np.zeros(6)
    )
    np.testing.assert_array_equal(fit.items[back], expected.items)
    for kind in ("fisher", "robust"):
        np.testing.assert_allclose(
            fit.standard_errors(kind)[back], expected.standard_errors(kind), rtol=1e-9
        )
    assert fit.deviance == pytest.approx(expected.deviance, rel=1e-12)
    assert fit.predict("a", "f", order=1) == pytest.approx(expected.predict("a", "f", order=1))
    np.testing.assert_allclose(
        fit.covariance("robust", items=["c", "a"]), expected.covariance("robust", items=["c", "a"])
    )


def test_items_that_are_not_sorted():
    """A caller's own list of items may come in any order."""
    cells = reference.cells_from_counts([70, 5], [5, -3], [2.0, 3.0], [1.0, 1.0])
    back = cells._replace(items=cells.items[::-1].copy())
    assert make_fit(back).predict(-3, 5) == pytest.approx(2 / 3)


# ---- intervals, ranks, scales and tables -------------------------------------------------------


def test_interval(baseball):
    fit = make_fit(baseball)
    interval = fit.interval(0.9)
    assert interval.shape == (7, 2)
    np.testing.assert_allclose(interval.mean(axis=1), fit.theta, atol=1e-14)
    width = 2 * 1.6448536269514722 * fit.standard_errors()
    np.testing.assert_allclose(interval[:, 1] - interval[:, 0], width, rtol=1e-12)
    assert (fit.interval(errors="robust") != fit.interval()).all()
    for level in (0.0, 1.0, 95, float("nan")):
        with pytest.raises(ValueError, match="level"):
            fit.interval(level)


def test_ranks_share_the_better_place(baseball):
    fit = make_fit(baseball)
    theta = np.array([1.0, 3.0, 1.0, 2.0, 1.0, -5.0, -6.0])
    tied = dataclasses.replace(fit, theta=theta)
    np.testing.assert_array_equal(tied.ranks(), [3, 1, 3, 2, 3, 6, 7])
    assert tied.ranks().dtype == np.int64
    assert fit.items[fit.ranks().argmin()] == "Milwaukee"


def test_rescale(baseball):
    fit = make_fit(baseball)
    elo = fit.rescale("elo").theta
    assert elo.mean() == pytest.approx(1000.0)
    odds = 10 ** ((elo[4] - elo[0]) / 400)
    assert odds / (1 + odds) == pytest.approx(fit.predict("Milwaukee", "Baltimore"), rel=1e-12)
    assert fit.rescale("logit") is fit
    probit = make_fit(baseball, "thurstone")
    np.testing.assert_allclose(probit.rescale("logit").theta, 1.702 * probit.theta, rtol=1e-12)
    with pytest.raises(ValueError, match=r"scale = .*: must be one of logit, probit"):
        fit.rescale("nat")


def test_what_a_rescaled_fit_says(baseball):
    fit = make_fit(baseball, order_effect=True)
    elo, unit = fit.rescale("elo"), 400.0 / np.log(10.0)
    for errors in ("fisher", "robust"):
        np.testing.assert_allclose(
            elo.standard_errors(errors), unit * fit.standard_errors(errors), rtol=1e-13
        )
    np.testing.assert_allclose(elo.interval(), 1000.0 + unit * fit.interval(), rtol=1e-12)
    np.testing.assert_allclose(elo.covariance(), unit**2 * fit.covariance(), rtol=1e-12)
    pair = ("Milwaukee", "Boston")
    np.testing.assert_allclose(elo.difference_errors(*pair), unit * fit.difference_errors(*pair))
    np.testing.assert_allclose(
        elo.quasi_variances().variances, unit**2 * fit.quasi_variances().variances, rtol=1e-9
    )
    np.testing.assert_array_equal(elo.ranks(), fit.ranks())
    assert elo.predict(*pair, order=1) == fit.predict(*pair, order=1)
    assert elo.parameter_errors() == fit.parameter_errors()
    full = elo.covariance(full=True)
    assert full[-1, -1] == fit.covariance(full=True)[-1, -1]
    assert "on the scale 'elo', mean 1000" in str(elo.summary())
    assert elo.rescale("logit") is fit
    for call in (lambda: vn.bootstrap(elo, 2), lambda: vn.fit_bradley_terry(CELLS, init=elo)):
        with pytest.raises(ValueError, match="is on the scale 'elo'"):
            call()


CELLS = vn.Comparisons(["a", "b", "c", "a"], ["b", "c", "a", "c"], [1.0, 1.0, 1.0, 0.0])


def test_status():
    assert vn.fit_bradley_terry(CELLS).status == "converged"
    with pytest.warns(vn.ConvergenceWarning):
        stopped = vn.fit_bradley_terry(CELLS, max_iter=1, tol=1e-12, init=[3.0, -3.0, 1.0])
    assert (stopped.status, stopped.converged) == ("iteration limit", False)
    apart = vn.Comparisons(["a", "b", "c", "d"], ["b", "a", "d", "c"], 1.0)
    with pytest.warns(vn.NotIdentifiedWarning):
        assert vn.fit_bradley_terry(apart).status == "not identified"
    assert vn.fit_bradley_terry(apart, prior=vn.GaussianPrior(1.0)).status == "converged"


COLUMNS = ["item", "theta", "standard_error", "lower", "upper", "rank", "n_comparisons",
           "component"]  # fmt: skip


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow", "dict"])
def test_to_frame(baseball, backend):
    pytest.importorskip(backend) if backend != "dict" else None
    fit = make_fit(baseball)
    frame = fit.to_frame(backend, level=0.9, errors="robust")
    names = frame.column_names if backend == "pyarrow" else list(frame)
    assert list(getattr(frame, "columns", names) if backend == "polars" else names) == COLUMNS
    values = {name: np.asarray(frame[name]) for name in COLUMNS}
    np.testing.assert_array_equal(values["item"], fit.items)
    np.testing.assert_array_equal(values["theta"], fit.theta)
    np.testing.assert_array_equal(values["lower"], fit.interval(0.9, "robust")[:, 0])
    np.testing.assert_array_equal(values["n_comparisons"], np.full(7, 78.0))
    assert "standard_error" not in list(fit.to_frame("dict", errors=None))


def test_to_frame_takes_what_is_installed(baseball, monkeypatch):
    from venire._core import frames

    fit = make_fit(baseball)
    monkeypatch.setattr(frames, "find_spec", lambda name: None)
    frame = fit.to_frame()
    assert isinstance(frame, dict)
    frame["theta"][0] = 99.0
    assert fit.theta[0] < 0.0
    with pytest.raises(ValueError, match="'cudf'"):
        fit.to_frame("cudf")


# ---- the object -------------------------------------------------------------------------------


def test_a_fit_is_frozen(baseball):
    fit = make_fit(baseball)
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit.tie = 2.0
    with pytest.raises(ValueError, match="read-only"):
        fit.theta[0] = 1.0
    errors = fit.standard_errors()
    errors[:] = 0.0
    assert (fit.standard_errors() > 0.1).all()
    assert repr(fit) == "<Fit bradley-terry: 7 items, 273 comparisons, converged>"


def test_a_fit_can_be_pickled(baseball):
    fit = make_fit(baseball)
    errors = fit.standard_errors("robust")
    again = pickle.loads(pickle.dumps(fit))
    assert again._cache == {}
    np.testing.assert_array_equal(again.standard_errors("robust"), errors)


def test_a_fit_is_checked_when_made(baseball):
    fit = make_fit(baseball)
    with pytest.raises(ValueError, match=r"model.*'elo'"):
        dataclasses.replace(fit, model="elo")
    with pytest.raises(ValueError, match="theta"):
        make_fit(baseball, theta=np.zeros(3))
    with pytest.raises(ValueError, match="tie"):
        make_fit(baseball, tie=0.5)
