"""make_targets: targets, errors and weights against their formulas; options; bad input."""

from __future__ import annotations

import numpy as np
import pytest
from test_fit_votes import rows_of, votes_of

import venire as vn


@pytest.fixture(scope="module")
def found():
    return vn.fit_votes(votes_of(rows_of(25)[0]))


@pytest.fixture(scope="module")
def bridged(found):
    fit = found.fit
    b = vn.design.design_bridges(np.diff(fit.offsets), 4, rng=1)
    score = np.random.default_rng(2).integers(0, 2, len(b))
    items = (
        fit.items[fit.offsets[g] + i]
        for g, i in ((b.first_group, b.first), (b.second_group, b.second))
    )
    one, two = items
    return vn.calibrate(fit, b.first_group, one, b.second_group, two, score)


def means(x, offsets):
    return np.repeat(np.add.reduceat(x, offsets[:-1]) / np.diff(offsets), np.diff(offsets))


def test_plain(found):
    fit = found.fit
    t = vn.targets.make_targets(found)
    np.testing.assert_array_equal(t.target, fit.theta)
    np.testing.assert_array_equal(t.standard_error, fit.standard_errors())
    se2, r2 = np.mean(fit.standard_errors() ** 2), np.mean(fit.theta**2)
    assert t.variance == pytest.approx(max(r2 - se2, r2 / 2))
    np.testing.assert_allclose(
        t.weight, 1 / (means(fit.standard_errors() ** 2, fit.offsets) + t.variance)
    )
    assert t.scale == "logit"
    assert t.n_unknown == t.n_clamped == 0
    assert t.group.tolist() == np.repeat(fit.groups, np.diff(fit.offsets)).tolist()
    assert t.item.tolist() == fit.items.tolist()
    again = vn.targets.make_targets(fit)
    np.testing.assert_array_equal(again.weight, t.weight)
    assert isinstance(t, vn.targets.Targets)


def test_the_variance_is_at_least_half():
    """Where errors explain all of the spread, half of it counts as the student's."""
    rng = np.random.default_rng(0)
    g = vn.GroupedComparisons(
        np.repeat(np.arange(50), 3), np.tile([0, 1, 2], 50), np.tile([1, 2, 0], 50),
        rng.integers(0, 2, 150),
    )  # fmt: skip
    fit = vn.fit_groups(g, prior=vn.GaussianPrior(1.0))
    r2 = np.mean(fit.theta**2)
    assert r2 - np.mean(fit.standard_errors() ** 2) < r2 / 2
    assert vn.targets.make_targets(fit).variance == pytest.approx(r2 / 2)


def test_prediction_sets_the_variance_and_nothing_else(found):
    fit = found.fit
    rng = np.random.default_rng(1)
    prediction = (
        0.8 * fit.theta + rng.normal(size=len(fit.theta)) + np.repeat(rng.normal(size=25), 12)
    )
    prediction[7] = prediction[30] = np.nan
    plain, t = vn.targets.make_targets(fit), vn.targets.make_targets(fit, prediction=prediction)
    np.testing.assert_array_equal(t.target, plain.target)
    np.testing.assert_array_equal(t.standard_error, plain.standard_error)
    known = ~np.isnan(prediction)
    group = np.repeat(np.arange(25), 12)
    centre = np.bincount(group[known], prediction[known]) / np.bincount(group[known])
    r2 = np.mean((fit.theta - prediction + centre[group])[known] ** 2)
    wanted = max(r2 - np.mean(fit.standard_errors()[known] ** 2), r2 / 2)
    assert t.variance == pytest.approx(wanted)
    given = vn.targets.make_targets(fit, prediction_variance=wanted)
    np.testing.assert_allclose(given.weight, t.weight)
    assert given.variance == wanted
    nobody = vn.targets.make_targets(fit, prediction=np.full(len(prediction), np.nan))
    assert nobody.variance == plain.variance


def test_calibrated(found, bridged):
    t = vn.targets.make_targets(found, bridged)
    group = np.repeat(np.arange(25), 12)
    theta = found.fit.theta + bridged.bias[group]
    error = np.sqrt(found.fit.standard_errors() ** 2 + bridged.standard_errors[group] ** 2)
    np.testing.assert_allclose(t.target, theta, rtol=1e-12)
    np.testing.assert_allclose(t.standard_error, error, rtol=1e-12)
    e2, r2 = np.mean(error**2), np.mean(theta**2)
    assert t.variance == pytest.approx(max(r2 - e2, r2 / 2))
    by_group = means(error**2, found.fit.offsets)
    np.testing.assert_allclose(t.weight, 1 / (by_group + t.variance))
    # on one scale a prediction is not centred
    shifted = vn.targets.make_targets(found, bridged, prediction=theta + 2.0)
    assert shifted.variance == pytest.approx(max(4.0 - e2, 2.0))


def test_scales(found, bridged):
    plain = vn.targets.make_targets(found, bridged)
    for scale, unit, centre in (
        ("logit", 1.0, 0.0), ("elo", 400 / np.log(10), 1000.0), ("probit", 1 / 1.702, 0.0),
        ("erf", 1 / 1.702 / 2**0.5, 0.0),
    ):  # fmt: skip
        t = vn.targets.make_targets(found, bridged, scale=scale)
        np.testing.assert_allclose(t.target, plain.target * unit + centre, rtol=1e-12)
        np.testing.assert_allclose(t.standard_error, plain.standard_error * unit, rtol=1e-12)
        np.testing.assert_allclose(t.weight, plain.weight / unit**2, rtol=1e-12)
        assert t.variance == pytest.approx(plain.variance * unit**2)
        assert t.scale == scale
    elo = vn.targets.make_targets(found.fit.rescale("elo"))
    np.testing.assert_allclose(
        elo.target, vn.targets.make_targets(found, scale="elo").target, rtol=1e-12
    )
    np.testing.assert_allclose(
        elo.weight, vn.targets.make_targets(found, scale="elo").weight, rtol=1e-9
    )
    own = found.fit.standardize()
    assert vn.targets.make_targets(own).scale == "standardized"
    thurstone = vn.fit_votes(votes_of(rows_of(3)[0]), model="thurstone")
    assert vn.targets.make_targets(thurstone).scale == "probit"


def test_clamp(found):
    plain = vn.targets.make_targets(found)
    t = vn.targets.make_targets(found, clamp=1.0)
    np.testing.assert_array_equal(t.target, np.clip(plain.target, -1.0, 1.0))
    np.testing.assert_array_equal(t.standard_error, plain.standard_error)
    np.testing.assert_array_equal(t.weight, plain.weight)
    assert t.n_clamped == np.count_nonzero(abs(plain.target) > 1.0) > 0
    np.testing.assert_array_equal(
        vn.targets.make_targets(found, clamp=(-0.5, np.inf)).target, np.maximum(plain.target, -0.5)
    )
    elo = vn.targets.make_targets(found, clamp=100, scale="elo")
    assert (elo.target.min(), elo.target.max()) == (900.0, 1100.0)


def test_shrink(found, bridged):
    fit = found.fit
    se2, r2 = fit.standard_errors() ** 2, np.mean(fit.theta**2)
    t0 = max(r2 - se2.mean(), r2 / 2)
    t = vn.targets.make_targets(fit, shrink="posterior")
    np.testing.assert_allclose(t.target, fit.theta * t0 / (t0 + se2), rtol=1e-12)
    np.testing.assert_allclose(t.standard_error**2, se2 * t0 / (t0 + se2), rtol=1e-12)
    np.testing.assert_array_equal(t.weight, vn.targets.make_targets(fit).weight)
    levels = vn.targets.make_targets(fit, bridged, shrink=0.0)
    group = np.repeat(np.arange(25), 12)
    np.testing.assert_allclose(levels.target, bridged.bias[group], rtol=1e-12)
    np.testing.assert_allclose(levels.standard_error, bridged.standard_errors[group], rtol=1e-12)
    half = vn.targets.make_targets(fit, bridged, shrink=0.5)
    np.testing.assert_allclose(half.target, 0.5 * fit.theta + bridged.bias[group], atol=1e-12)


def test_unknown_items_have_no_target():
    columns, _ = rows_of(4)
    votes = votes_of(columns)
    more = ([0, 9, 9, 10], [50, 1, 2, 3])  # an item nobody met; a group nobody saw; a lone item
    fit = vn.fit_votes(votes, items=more).fit
    t = vn.targets.make_targets(fit, shrink="posterior")
    bad = (t.item == 50) | np.isin(t.group, [9, 10])
    assert bad.sum() == t.n_unknown == 4
    assert np.isnan(t.target[bad]).all()
    assert np.isnan(t.standard_error[bad]).all()
    assert (t.weight[bad] == 0).all()
    assert (t.weight[~bad] > 0).all()
    plain = vn.targets.make_targets(vn.fit_votes(votes), shrink="posterior")
    np.testing.assert_allclose(t.target[~bad], plain.target, atol=1e-9)
    np.testing.assert_allclose(t.weight[~bad], plain.weight)
    np.testing.assert_array_equal(t.known, ~bad)


def test_no_fit_no_target():
    g = vn.GroupedComparisons([1, 2, 2], [0, 0, 1], [1, 1, 0], 1.0)
    t = vn.targets.make_targets(vn.fit_groups(g, prior=None))
    assert np.isnan(t.target).tolist() == [True, True, False, False]
    assert t.weight[:2].tolist() == [0.0, 0.0]
    nothing = vn.fit_groups(vn.GroupedComparisons([], [], [], [], groups=[1], items=([1], [2])))
    t = vn.targets.make_targets(nothing)
    assert (t.n_unknown, t.variance, t.weight.tolist()) == (1, 0.0, [0.0])


def test_a_lone_item_is_its_groups_level():
    g = vn.GroupedComparisons([1, 1], [0, 1], [1, 2], [0.6, 0.7], items=([2, 3], [5, 6]))
    fit = vn.fit_groups(g)
    with pytest.warns(vn.NotIdentifiedWarning):
        c = vn.calibrate(fit, [1, 1], [0, 1], [2, 2], [5, 5], [1.0, 0.5])
    t = vn.targets.make_targets(fit, c)
    assert t.target[t.group == 2].tolist() == c.bias[[1]].tolist()
    assert t.standard_error[t.group == 2].tolist() == c.standard_errors[[1]].tolist()
    assert np.isnan(t.target[t.group == 3]).all()


def test_frame_and_repr(found):
    t = vn.targets.make_targets(found)
    frame = t.to_frame("dict")
    assert list(frame) == ["group", "item", "target", "standard_error", "weight"]
    assert len(frame["item"]) == len(t) == 300
    assert repr(t) == "<Targets: 300 items, scale logit, 0 unknown>"
    for name in ("target", "standard_error", "weight"):
        assert not getattr(t, name).flags.writeable


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"scale": "percent"}, ValueError, "scale.*: must be one of logit, probit, erf, elo"),
        ({"clamp": 0}, ValueError, "clamp = 0: must be > 0"),
        ({"clamp": (1, 1)}, ValueError, "clamp.*: low must be below high"),
        ({"clamp": (1, 2, 3)}, ValueError, "clamp.*: must be a number or a pair"),
        ({"clamp": (np.nan, 1)}, ValueError, "clamp.*: must not be nan"),
        ({"clamp": "wide"}, TypeError, "clamp = 'wide': must be a number .must be > 0."),
        ({"shrink": 1.1}, ValueError, "shrink = 1.1: must be between 0 and 1"),
        ({"shrink": np.nan}, ValueError, "shrink.*: must be between 0 and 1"),
        ({"shrink": "much"}, ValueError, "shrink.*: must be a factor"),
        ({"shrink": True}, TypeError, "shrink.*: must be a number"),
        (
            {"prediction": np.zeros(3)},
            ValueError,
            r"prediction: has shape \(3,\), but there are 300",
        ),
        ({"prediction": ["a"] * 300}, TypeError, "prediction: must hold numbers"),
        ({"prediction": [np.inf] + [0.0] * 299}, ValueError, r"\[0\] = inf"),
        (
            {"prediction_variance": -1.0},
            ValueError,
            "prediction_variance.*: must be finite and >= 0",
        ),
        ({"prediction_variance": np.nan}, ValueError, "prediction_variance.*: must be finite"),
        ({"prediction_variance": "big"}, TypeError, "prediction_variance.*: must be a number"),
        ({"prediction": np.zeros(300), "prediction_variance": 1.0}, TypeError, "not both"),
        ({"calibration": 3}, TypeError, "calibration must be a Calibration or None, got int"),
    ],
)
def test_bad_input(found, options, error, message):
    with pytest.raises(error, match=message):
        vn.targets.make_targets(found, **options)


def test_bad_fits(found, bridged):
    with pytest.raises(TypeError, match="fit must be a GroupedFit or a VotesFit, got ndarray"):
        vn.targets.make_targets(np.zeros(3))
    with pytest.raises(ValueError, match="calibration: is of another fit"):
        vn.targets.make_targets(vn.fit_votes(votes_of(rows_of(25)[0])), bridged)
    with pytest.raises(ValueError, match=r"scale.*: a standardized fit is on no scale"):
        vn.targets.make_targets(found.fit.standardize(), scale="logit")
