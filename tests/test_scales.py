"""Scales of strengths, and grouped fits on other scales."""

from __future__ import annotations

import math

import numpy as np
import pytest

import venire as vn
from venire import reference, scales
from venire.ratings.grouped.scaling import standardized


def test_constants():
    assert scales.SCALES == ("logit", "probit", "erf", "elo")
    assert scales.factor("probit", "erf") == 1.0 / math.sqrt(2.0)
    assert scales.factor("probit", "logit") == scales.LOGIT_PER_PROBIT == 1.702
    assert scales.factor("logit", "elo") == 400.0 / math.log(10.0)
    assert scales.scale_of("thurstone") == "probit"
    assert {scales.scale_of(m) for m in reference.MODELS if m != "thurstone"} == {"logit"}


def test_what_each_scale_means():
    """The curves of P themselves, evaluated with each scale's own formula."""
    d = np.linspace(-3.0, 3.0, 61)
    logistic = 1.0 / (1.0 + np.exp(-d))
    elo = vn.scales.convert(d, "logit", "elo", difference=True)
    np.testing.assert_allclose(1.0 / (1.0 + 10.0 ** (-elo / 400.0)), logistic, rtol=1e-12)
    normal = np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in d])
    erf = scales.convert(d, "probit", "erf")
    np.testing.assert_allclose([0.5 * (1.0 + math.erf(x)) for x in erf], normal, rtol=1e-12)
    near = 1.0 / (1.0 + np.exp(-scales.convert(d, "probit", "logit")))
    assert 0.009 < np.abs(near - normal).max() < 0.01


@pytest.mark.parametrize("source", scales.SCALES)
@pytest.mark.parametrize("target", scales.SCALES)
def test_there_and_back(source, target):
    x = np.array([[-2.0, 0.0, 1.5], [np.nan, 3.0, 1e4]])
    for difference in (False, True):
        there = scales.convert(x, source, target, difference=difference)
        back = scales.convert(there, target, source, difference=difference)
        np.testing.assert_allclose(back, x, rtol=1e-12, atol=1e-11)
    assert scales.convert(0.0, "logit", "elo") == 1000.0
    assert scales.convert(0.0, "logit", "elo", difference=True) == 0.0


def test_unknown_scales_are_named():
    with pytest.raises(ValueError, match="source = 'nat': must be one of logit,"):
        scales.convert(1.0, "nat", "elo")
    with pytest.raises(ValueError, match=r"target.*: must be one of"):
        scales.factor("elo", None)


def test_fits_use_the_same_constants():
    c = vn.Comparisons.from_counts(["a"], ["b"], [10.0], [1.0])
    logit, probit = vn.fit_bradley_terry(c), vn.fit_thurstone(c)
    expected = scales.convert(logit.theta, "logit", "elo")
    np.testing.assert_allclose(logit.rescale("elo").theta, expected, rtol=1e-14)
    np.testing.assert_allclose(
        probit.rescale("elo").theta, scales.convert(probit.theta, "probit", "elo"), rtol=1e-14
    )


OFFSETS = np.array([0, 2, 5, 5, 6, 8, 11])
THETA = np.array([-1.0, 1.0, 0.1, 0.1, 0.1, 5.0, np.nan, np.nan, -2.0, 0.5, 1.5])


def test_standardized():
    theta, unit = standardized(THETA, OFFSETS)
    sd = np.std([-2.0, 0.5, 1.5])
    nan = np.nan
    np.testing.assert_allclose(
        theta,
        [-1.0, 1.0, 0.0, 0.0, 0.0, 0.0, nan, nan, -2.0 / sd, 0.5 / sd, 1.5 / sd],
        rtol=1e-14,
    )
    np.testing.assert_allclose(0.5 * unit, [0.5, 0.5, *[nan] * 6, *[0.5 / sd] * 3], rtol=1e-14)
    again, _ = standardized(theta, OFFSETS)
    np.testing.assert_allclose(again, theta, atol=1e-14)
    for group in (slice(0, 2), slice(8, 11)):
        assert np.mean(theta[group]) == pytest.approx(0.0, abs=1e-15)
        assert np.std(theta[group]) == pytest.approx(1.0)


def test_standardized_leaves_nan_out():
    theta = THETA.copy()
    theta[8] = np.nan
    found, _ = standardized(theta, OFFSETS)
    np.testing.assert_allclose(found[8:], [np.nan, -1.0, 1.0], rtol=1e-14)


def test_no_groups():
    assert len(standardized(np.empty(0), np.zeros(1, np.int64))[0]) == 0
