"""Calibration across groups: bridges, anchors, and the estimated variance of the biases."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference

MODELS = ("bradley-terry", "thurstone")


@dataclass(frozen=True)
class Grouped:
    """What calibrate needs of a grouped fit."""

    model: str
    groups: np.ndarray
    offsets: np.ndarray
    items: np.ndarray
    theta: np.ndarray
    standard_errors: np.ndarray
    scale: str = "logit"


def grouped(sizes, rng, model="bradley-terry", error=0.4, groups=None):
    """Groups of the given sizes with random theta; items are labelled 0, 10, 20, ..."""
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    theta = np.concatenate([x - x.mean() for x in (rng.normal(size=k) for k in sizes if k)])
    items = np.concatenate([10 * np.arange(k) for k in sizes])
    errors = error * rng.uniform(0.5, 1.5, len(theta))
    labels = np.arange(len(sizes)) if groups is None else groups
    scale = "probit" if model == "thurstone" else "logit"
    return Grouped(model, labels, offsets, items, theta, errors, scale)


def bridges(gf, degree, rng):
    """Cycles over the groups, items at random: positions of groups and of items."""
    n, sizes = len(gf.groups), np.diff(gf.offsets)
    cycles = [rng.permutation(n) for _ in range(degree // 2)]
    g = np.concatenate(cycles)
    h = np.concatenate([np.roll(c, -1) for c in cycles])
    keep = g != h
    g, h = g[keep], h[keep]
    return g, h, gf.offsets[g] + rng.integers(sizes[g]), gf.offsets[h] + rng.integers(sizes[h])


def call(gf, g, h, i, j, *args, **kwargs):
    """Calibrate with positions; warnings about components are of no interest here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        return vn.calibrate(
            gf, gf.groups[g], gf.items[i], gf.groups[h], gf.items[j], *args, **kwargs
        )


def twin(gf, g, h, i, j, score, weight, anchors=None, **kwargs):
    """The same by the reference, over the groups that occur, in order."""
    v = gf.standard_errors**2
    active = np.unique(np.concatenate([g, h, [] if anchors is None else anchors[0]])).astype(int)
    place = {k: p for p, k in enumerate(active)}
    if anchors is not None:
        group, item, value, error = anchors
        known = ([place[k] for k in group], value - gf.theta[item], v[item] + error**2)
    found = reference.calibrate(
        len(active),
        [place[k] for k in g],
        [place[k] for k in h],
        gf.theta[i] - gf.theta[j],
        v[i] + v[j],
        score,
        weight,
        model=gf.model,
        anchors=None if anchors is None else known,
        **kwargs,
    )
    return active, found


# ---- native = reference ---------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    model=st.sampled_from(MODELS),
    n=st.integers(2, 8),
    degree=st.sampled_from([0, 2, 4, 6]),
    n_anchors=st.integers(0, 4),
    variance=st.sampled_from([None, 0.3, 4.0]),
    hard=st.booleans(),
)
def test_native_equals_reference(seed, model, n, degree, n_anchors, variance, hard):
    rng = np.random.default_rng(seed)
    gf = grouped(rng.integers(1, 5, n), rng, model)
    if degree == 0:
        n_anchors += 1
        g = h = i = j = np.empty(0, int)
    else:
        g, h, i, j = bridges(gf, degree, rng)
    score = rng.integers(0, 3, len(g)) / 2.0 if hard else rng.random(len(g))
    weight = rng.uniform(0.2, 3.0, len(g))
    anchors = None
    if n_anchors:
        item = rng.integers(0, len(gf.theta), n_anchors)
        group = np.searchsorted(gf.offsets, item, side="right") - 1
        value, error = 3.0 + rng.normal(size=n_anchors), rng.uniform(0.1, 0.5, n_anchors)
        anchors = (group, item, value, error)
    active, expected = twin(gf, g, h, i, j, score, weight, anchors, variance=variance)
    given_anchors = None
    if anchors is not None:
        given_anchors = (gf.groups[group], gf.items[item], value, error)
    if degree:
        found = call(
            gf, g, h, i, j, score, weight, anchors=given_anchors, variance=variance, n_threads=1
        )
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
            found = vn.calibrate(gf, anchors=given_anchors, variance=variance)
    assert found.converged
    np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-4)
    np.testing.assert_allclose(found.bias[active], expected.bias, atol=2e-5)
    np.testing.assert_allclose(found.level, expected.level, atol=2e-5)
    spread = np.diagonal(expected.covariance).copy()
    if anchors is None:
        spread -= expected.variance / n
    np.testing.assert_allclose(found.standard_errors[active] ** 2, spread, rtol=1e-3, atol=1e-9)
    np.testing.assert_allclose(found.level_error**2, expected.level_variance, rtol=1e-3)
    rest = np.setdiff1d(np.arange(n), active)
    np.testing.assert_allclose(found.bias[rest], found.level, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_tight_tolerance_gives_the_reference(model):
    rng = np.random.default_rng(5)
    gf = grouped([3] * 7, rng, model)
    g, h, i, j = bridges(gf, 4, rng)
    score, weight = rng.random(len(g)), rng.uniform(0.5, 2.0, len(g))
    _, expected = twin(gf, g, h, i, j, score, weight, variance=1.7)
    found = call(gf, g, h, i, j, score, weight, variance=1.7, tol=1e-13)
    np.testing.assert_allclose(found.bias, expected.bias, atol=1e-10)
