"""Calibration across groups: bridges, anchors, and the estimated variance of the biases."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference
from venire.ratings.grouped import _leveling, _within

MODELS = ("bradley-terry", "thurstone")


@dataclass(frozen=True)
class Grouped:
    """What calibrate needs of a grouped fit."""

    model: str
    groups: np.ndarray
    offsets: np.ndarray
    items: np.ndarray
    theta: np.ndarray
    errors: np.ndarray
    scale: str = "logit"

    def deviation_errors(self):
        return self.errors


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


def merged(g, h, i, j, score, weight):
    """Rows of the same two items as one."""
    rows = {}
    for one in zip(g, h, i, j, score, weight, strict=True):
        a, b, x, y, s, w = (
            one if one[2] < one[3] else (*one[1::-1], *one[3:1:-1], 1 - one[4], one[5])
        )
        win, loss = rows.get((a, b, x, y), (0.0, 0.0))
        rows[a, b, x, y] = (win + w * s, loss + w * (1 - s))
    g, h, i, j = np.array(list(rows), int).reshape(-1, 4).T
    win, loss = np.array(list(rows.values())).reshape(-1, 2).T
    return g, h, i, j, win / (win + loss), win + loss


def twin(gf, g, h, i, j, score, weight, anchors=None, **kwargs):
    """The same by the reference, over the groups that occur, in order."""
    v = gf.errors**2
    g, h, i, j, score, weight = merged(g, h, i, j, score, weight)
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


# ---- native = reference ------------------------------------------------------------


@settings(max_examples=25, deadline=None)
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
    given_anchors = None
    if anchors is not None:
        given_anchors = (gf.groups[group], gf.items[item], value, error)
    if degree:
        found = call(
            gf, g, h, i, j, score, weight, anchors=given_anchors, variance=variance, n_threads=1,
            tol=1e-14,
        )  # fmt: skip
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
            found = vn.calibrate(gf, anchors=given_anchors, variance=variance)
    assert found.converged
    own = {"variance": variance, "dispersion": found.dispersion, "noise": found.noise}
    if variance is None and (seed % 4 or n > 4):  # the twin's own search is slow
        own["variance"] = found.variance
    active, expected = twin(gf, g, h, i, j, score, weight, anchors, **own)
    if own["variance"] is None:  # a step of a hundredth of the standard deviation of log s2 is last
        np.testing.assert_allclose(found.variance, expected.variance, rtol=0.02)
        own["variance"] = found.variance
        active, expected = twin(gf, g, h, i, j, score, weight, anchors, **own)
    np.testing.assert_allclose(found.bias[active], expected.bias, atol=0.01)
    np.testing.assert_allclose(found.level, expected.level, atol=0.01)
    spread = np.diagonal(expected.covariance).copy()
    if anchors is None:
        spread -= expected.variance / n
    if variance is None:  # what is not known of s2 is in it
        assert (found.standard_errors[active] ** 2 >= spread * (1.0 - 1e-2) - 1e-9).all()
    else:
        assert (found.standard_errors[active] ** 2 >= spread * (1.0 - 1e-2) - 1e-9).all()
        alone = len(np.unique(np.concatenate([i, j]))) == 2 * len(g)  # each item in one bridge
        if alone:
            np.testing.assert_allclose(found.standard_errors[active] ** 2, spread, rtol=1e-2)
    np.testing.assert_allclose(found.level_error**2, expected.level_variance, rtol=1e-2)
    rest = np.setdiff1d(np.arange(n), active)
    np.testing.assert_allclose(found.bias[rest], found.level, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
def test_tight_tolerance_gives_the_reference(model):
    rng = np.random.default_rng(5)
    gf = grouped([3] * 7, rng, model)
    g, h, i, j = bridges(gf, 4, rng)
    score, weight = rng.integers(0, 3, len(g)) / 2.0, rng.uniform(0.5, 2.0, len(g))
    _, expected = twin(gf, g, h, i, j, score, weight, variance=1.7)
    found = call(gf, g, h, i, j, score, weight, variance=1.7, tol=1e-18)
    np.testing.assert_allclose(found.bias, expected.bias, atol=3e-5)  # by another quadrature


@pytest.mark.parametrize("model", MODELS)
def test_integrals_over_bridges(model):
    """The kernel's 13 nodes against a fine grid; worst where a prior is far wider than a curve."""
    from venire._native.tilted import tilted

    rng = np.random.default_rng(1)
    n = 600
    mean, win = rng.normal(0.0, 3.0, n), rng.choice([0.0, 0.3, 1.0, 40.0], n)
    loss = np.where(win > 0.0, rng.choice([0.0, 0.5, 20.0], n), 1.0)
    unit = 1.0 if model == "bradley-terry" else 1.0 / 1.702**2
    for most, near in ((2.0, 6e-3), (12.0, 3e-2)):
        variance = unit * most * rng.uniform(0.01, 1.0, n)
        mode = mean.copy()
        found = tilted(model, mean, variance, win, loss, mode, 1)
        expected = reference.tilted(mean, variance, win, loss, model)
        np.testing.assert_allclose(found[0] * np.sqrt(variance), expected[0] * np.sqrt(variance),
                                   rtol=near, atol=near)  # fmt: skip
        np.testing.assert_allclose(found[1] * variance, expected[1] * variance, atol=near)
        again = tilted(model, mean, variance, win, loss, mode, 2)
        for a, b in zip(found, again, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("with_level", [False, True])
def test_derivatives(model, with_level):
    """The problem's gradient and Newton matrix against differences of the log-likelihood."""
    from venire._native.problem import Problem

    from venire.priors import ItemPriors

    rng = np.random.default_rng(11)
    n, ptr, hi = 4, np.array([0, 3, 5, 6, 6]), np.array([1, 1, 3, 2, 3, 3], np.int32)
    win, loss = rng.uniform(0.2, 2.0, (2, 6))
    prior = 0.7
    scale, offset = rng.uniform(0.3, 1.5, 6), rng.normal(size=6)
    direct = None
    if with_level:
        direct = ItemPriors(rng.normal(size=4), np.array([0.0, 2.0, 0.5, 40.0]))
    problem = Problem(
        model,
        ptr,
        hi,
        win,
        loss,
        scale=scale,
        offset=offset,
        direct=direct,
        prior=ItemPriors(all=prior),
        level=with_level,
        parallel_edges=True,
    )
    x = rng.normal(size=n + with_level)

    def objective(at):
        return problem.log_likelihood(at) - prior / 2.0 * np.sum(at[:n] ** 2)

    step = 1e-5 * np.eye(len(x))
    numeric = [(objective(x + s) - objective(x - s)) / 2e-5 for s in step]
    gradient = problem.derivatives(x)
    np.testing.assert_allclose(gradient, numeric, atol=1e-7)
    inverse = np.array([problem.solve(row, 1e-14, 1e-14)[0] for row in np.eye(len(x))])
    hessian = [(problem.derivatives(x - s) - problem.derivatives(x + s)) / 2e-5 for s in step]
    np.testing.assert_allclose(np.linalg.inv(inverse), hessian, rtol=2e-4, atol=1e-5)
    problem.set_prior(2.5)
    np.testing.assert_allclose(problem.derivatives(x)[:n], gradient[:n] - 1.8 * x[:n], atol=1e-12)


# ---- invariances ------------------------------------------------------------


@pytest.fixture(scope="module")
def case():
    """60 groups of 1 to 6 items, and bridges between them."""
    rng = np.random.default_rng(3)
    gf = grouped(rng.integers(1, 7, 60), rng)
    g, h, i, j = bridges(gf, 4, rng)
    return gf, g, h, i, j, rng.integers(0, 3, len(g)) / 2.0, rng.uniform(0.5, 2.0, len(g))


def test_order_and_sides_of_rows_do_not_matter(case):
    gf, g, h, i, j, score, weight = case
    found = call(gf, g, h, i, j, score, weight)
    p = np.random.default_rng(0).permutation(len(g))
    mixed = call(gf, g[p], h[p], i[p], j[p], score[p], weight[p])
    np.testing.assert_array_equal(mixed.bias, found.bias)
    turned = call(gf, h, g, j, i, 1.0 - score, weight)
    np.testing.assert_array_equal(turned.bias, found.bias)
    np.testing.assert_array_equal(turned.standard_errors, found.standard_errors)


def test_weight_two_is_the_row_twice(case):
    gf, g, h, i, j, score, weight = case
    twice = call(gf, *(np.tile(x, 2) for x in (g, h, i, j, score, weight)))
    doubled = call(gf, g, h, i, j, score, 2.0 * weight)
    np.testing.assert_allclose(twice.bias, doubled.bias, atol=1e-8)
    np.testing.assert_allclose(twice.standard_errors, doubled.standard_errors, rtol=1e-8)


def test_rows_of_weight_zero_count_for_nothing(case):
    gf, g, h, i, j, score, weight = case
    more = [np.append(x, y) for x, y in zip((g, h, i, j), (0, 1, 0, gf.offsets[1]), strict=True)]
    found = call(gf, *more, np.append(score, 1.0), np.append(weight, 0.0))
    np.testing.assert_array_equal(found.bias, call(gf, g, h, i, j, score, weight).bias)


def test_threads_do_not_matter():
    rng = np.random.default_rng(2)
    gf = grouped([2] * 15_000, rng)
    g, h, i, j = bridges(gf, 4, rng)
    score = rng.integers(0, 2, len(g)).astype(float)
    anchors = (gf.groups[:50], gf.items[gf.offsets[:50]], np.full(50, 4.0), np.full(50, 0.5))
    one, two, many = (
        call(gf, g, h, i, j, score, anchors=anchors, variance=None, n_threads=k) for k in (1, 2, 7)
    )
    for other in (two, many):
        np.testing.assert_array_equal(one.bias, other.bias)
        np.testing.assert_array_equal(one.standard_errors, other.standard_errors)
        assert one.variance == other.variance


def test_input_is_not_modified_and_may_be_read_only(case):
    gf, g, h, i, j, score, weight = case
    arrays = (gf.groups[g], gf.items[i], gf.groups[h], gf.items[j], score.copy(), weight.copy())
    for array in (*arrays, gf.theta, gf.errors, gf.items, gf.offsets, gf.groups):
        array.flags.writeable = False
    found = vn.calibrate(gf, *arrays)
    assert not found.bias.flags.writeable
    assert not found.theta.flags.writeable


# ---- what it means ------------------------------------------------------------


def test_two_groups_in_closed_form():
    """Many bridges of one pair of items: b_g - b_h + d is the logit of their share."""
    gf = Grouped(
        "bradley-terry",
        np.array(["p", "q"], object),
        np.array([0, 2, 4]),
        np.array(["x", "y", "x", "y"], object),
        np.array([-0.5, 0.5, -1.0, 1.0]),
        np.array([0.3, 0.3, 0.6, 0.6]),
    )
    found = vn.calibrate(gf, ["p"], ["y"], ["q"], ["x"], [0.8], [1e7], variance=1e3)
    expected = np.log(4.0) - 1.5
    np.testing.assert_allclose(found.bias, [expected / 2, -expected / 2], atol=0.01)
    np.testing.assert_array_equal(found.theta[:2], gf.theta[:2] + found.bias[0])
    # ten million votes, but one pair of items: what is not known of these stays
    error = 2.0 * found.standard_errors[0]
    assert error**2 == pytest.approx(0.3**2 + 0.6**2 + found.noise, rel=0.01)


def test_one_vote_in_closed_form():
    """A hard vote of the normal curve: the mean of b_g - b_h given that it was won."""
    gf = Grouped(
        "thurstone", np.array([0, 1]), np.array([0, 1, 2]), np.zeros(2, int), np.zeros(2),
        np.array([0.6, 0.8]), scale="probit",
    )  # fmt: skip
    found = vn.calibrate(gf, [0], [0], [1], [0], 1.0, variance=1.5)
    v = 2.0 * 1.5
    mean = v / np.sqrt(1.0 + 1.0 + v) * np.sqrt(2.0 / np.pi)  # 0.6^2 + 0.8^2 = 1
    np.testing.assert_allclose(found.bias, [mean / 2.0, -mean / 2.0], rtol=1e-4)
    left = v - v**2 / (2.0 + v) * 2.0 / np.pi
    np.testing.assert_allclose(found.standard_errors**2, left / 4.0, rtol=2e-3)


def test_ties_are_half_wins():
    rng = np.random.default_rng(4)
    gf = grouped([2] * 6, rng, "davidson")
    g, h, i, j = bridges(gf, 4, rng)
    tie = call(gf, g, h, i, j, 0.5, 2.0)
    both = call(gf, *(np.tile(x, 2) for x in (g, h, i, j)), np.repeat([1.0, 0.0], len(g)))
    np.testing.assert_allclose(tie.bias, both.bias, atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_anchors_recover_a_known_shift(model):
    rng = np.random.default_rng(6)
    gf = grouped([4] * 12, rng, model, error=0.05)
    truth = 7.0 + rng.normal(size=12)
    item = gf.offsets[:-1] + 2
    found = vn.calibrate(gf, anchors=(gf.groups, gf.items[item], gf.theta[item] + truth))
    assert found.level == pytest.approx(7.0, abs=4 * found.level_error)
    np.testing.assert_allclose(found.bias, truth, atol=0.02)
    assert found.variance == pytest.approx(np.mean((truth - truth.mean()) ** 2), rel=0.15)
    # the origin of the common scale is arbitrary: a constant goes through
    moved = vn.calibrate(gf, anchors=(gf.groups, gf.items[item], gf.theta[item] + truth + 1e3))
    np.testing.assert_allclose(moved.bias, found.bias + 1e3, atol=1e-7)
    assert moved.variance == pytest.approx(found.variance)


def test_anchors_and_bridges_together(case):
    """One anchored group fixes the level of all that are linked to it."""
    gf, g, h, i, j, score, weight = case
    free = call(gf, g, h, i, j, score, weight, variance=1.5)
    one = (gf.groups[[5]], gf.items[gf.offsets[[5]]], [20.0], [0.0])
    tied = call(gf, g, h, i, j, score, weight, anchors=one, variance=1.5)
    assert tied.components.sizes.tolist() == [60]
    shift = tied.bias - free.bias
    assert np.ptp(shift) < 0.05  # the biases keep their distances, all but exactly
    assert tied.bias[5] == pytest.approx(20.0 - gf.theta[gf.offsets[5]], abs=0.05)
    assert (tied.standard_errors > free.standard_errors).sum() > 50  # the level is not free


@pytest.mark.parametrize("n", [30, 4_000])
def test_exactly_known_items(n):
    """Single items have no error of their own, and an anchor may have none: no number is lost."""
    gf = Grouped(
        "bradley-terry", np.arange(n), np.arange(n + 1), np.zeros(n, int), np.zeros(n), np.zeros(n)
    )
    value = np.linspace(-3.0, 50.0, n)
    found = vn.calibrate(gf, anchors=(np.arange(n), np.zeros(n, int), value))
    assert found.converged
    np.testing.assert_allclose(found.bias, value, atol=1e-6)
    assert found.standard_errors.max() < 1e-3
    mixed = vn.calibrate(
        gf,
        np.arange(n - 1), np.zeros(n - 1, int), np.arange(1, n), np.zeros(n - 1, int), 0.5,
        anchors=([0, 3], [0, 0], [1.0, 2.0]),
        variance=1.0,
    )  # fmt: skip
    assert mixed.converged
    np.testing.assert_allclose(mixed.bias[[0, 3]], [1.0, 2.0], atol=1e-6)
    # a chain of ties between fixed ends bends towards the prior's mean only a little
    assert 1.0 < mixed.bias[1] < mixed.bias[2] < 2.0


def test_components_are_reported():
    rng = np.random.default_rng(7)
    gf = grouped([2] * 7, rng)
    g, h = np.array([0, 1, 3]), np.array([1, 2, 4])
    score = np.array([1.0, 0.5, 0.2])
    args = (gf.groups[g], gf.items[2 * g], gf.groups[h], gf.items[2 * h], score)
    with pytest.warns(vn.NotIdentifiedWarning, match=r"in 4 components, of which 4 .*\(2 of them"):
        found = vn.calibrate(gf, *args)
    assert found.components.labels.tolist() == [0, 0, 0, 1, 1, 2, 3]
    assert found.components.sizes.tolist() == [3, 2, 1, 1]
    assert found.unlinked.tolist() == [5, 6]
    np.testing.assert_allclose(found.bias[[5, 6]], 0.0)
    np.testing.assert_allclose(found.bias[:3].sum(), 0.0, atol=1e-12)
    np.testing.assert_allclose(found.bias[3:5].sum(), 0.0, atol=1e-12)
    sd = np.sqrt(found.variance * (1 - 1 / 7))
    np.testing.assert_allclose(found.standard_errors[[5, 6]], sd)
    with pytest.warns(vn.NotIdentifiedWarning, match="of which 2 have no anchor"):
        held = vn.calibrate(gf, *args, anchors=([0, 3], [0, 10], [5.0, 6.0]))
    assert held.anchored.tolist() == [True, True, False, False]
    assert held.unlinked.tolist() == [5, 6]
    np.testing.assert_allclose(held.bias[[5, 6]], held.level)
    np.testing.assert_allclose(
        held.standard_errors[5] ** 2, held.variance + held.level_error**2, rtol=1e-9
    )
    with warnings.catch_warnings():  # all anchored: nothing to say
        warnings.simplefilter("error")
        vn.calibrate(gf, *args, anchors=(np.arange(7), np.zeros(7, int), np.arange(7.0)))


def test_groups_without_a_fit():
    rng = np.random.default_rng(8)
    gf = grouped([2, 3, 0, 2], rng)
    gf.theta[2:5] = gf.errors[2:5] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = vn.calibrate(gf, [0], [0], [3], [10], 1.0)
    assert np.isnan(found.bias).tolist() == [False, True, True, False]
    assert np.isnan(found.standard_errors).tolist() == [False, True, True, False]
    assert np.isnan(found.theta).tolist() == [False] * 2 + [True] * 3 + [False] * 2
    assert not len(found.unlinked)
    with pytest.raises(ValueError, match=r"second_group\[1\] = 1: has no identified fit"):
        vn.calibrate(gf, [0, 0], [0, 0], [3, 1], [0, 0])
    with pytest.raises(ValueError, match=r"anchors group.* = 1: has no identified fit"):
        vn.calibrate(gf, anchors=([1], [0], [0.0]))
    gf.errors[6] = np.nan
    with pytest.raises(ValueError, match=r"second\[0\] = 10: has no standard error"):
        vn.calibrate(gf, [0], [0], [3], [10])


def test_sampled_errors_are_the_exact_ones(monkeypatch):
    rng = np.random.default_rng(9)
    gf = grouped([3] * 400, rng)
    g, h, i, j = bridges(gf, 4, rng)
    score = rng.integers(0, 2, len(g)).astype(float)
    anchors = (gf.groups[:9], gf.items[gf.offsets[:9]], np.arange(9.0), np.full(9, 0.3))
    for extra in ({}, {"anchors": anchors}):
        exact = call(gf, g, h, i, j, score, **extra)
        monkeypatch.setattr(_leveling, "MAX_EXACT_LAST", 0)
        sampled = call(gf, g, h, i, j, score, **extra)
        monkeypatch.undo()
        assert exact.relative_error == 0.0 < sampled.relative_error < 0.02
        assert sampled.variance == exact.variance
        ratio = sampled.standard_errors / exact.standard_errors
        assert np.std(ratio) < 2.0 * sampled.relative_error
        assert np.mean(ratio) == pytest.approx(1.0, abs=0.005)


# ---- the variance of the biases ------------------------------------------------------------


def simulated(rng, n_groups, degree, s2, model="bradley-terry", error=0.5):
    """Data that follow the model: true theta = theta + error, b ~ N(0, s2), votes 0 and 1."""
    gf = grouped([30] * n_groups, rng, model, error)
    b = rng.normal(0.0, np.sqrt(s2), n_groups)
    g, h, i, j = bridges(gf, degree, rng)
    theta = gf.theta + rng.normal(size=len(gf.theta)) * gf.errors
    p = reference.probabilities(model, theta[i] + b[g] - theta[j] - b[h])
    return gf, b - b.mean(), (g, h, i, j, (rng.random(len(g)) < p).astype(float))


@pytest.mark.parametrize("model", MODELS)
def test_biases_have_the_errors_they_say(model):
    """z-scores with s^2 known, and then with s^2 estimated, over 8 data sets of 400 groups.

    The mean square of a data set's z-scores has a standard error that the data sets themselves
    tell; beyond three of it, .01 is left for what propagation neglects.
    """
    known, estimated, variance = [], [], []
    for seed in range(8):
        gf, truth, rows = simulated(np.random.default_rng(seed), 400, 8, 1.0, model)
        a = call(gf, *rows, variance=1.0)
        b = call(gf, *rows)
        known.append(np.mean(((a.bias - truth) / a.standard_errors) ** 2))
        estimated.append(np.mean(((b.bias - truth) / b.standard_errors) ** 2))
        variance.append(b.variance)
    for found in (known, estimated):
        error = np.std(found, ddof=1) / np.sqrt(len(found)) / 2.0
        assert error < 0.02
        assert np.sqrt(np.mean(found)) == pytest.approx(1.0, abs=0.01 + 3.0 * error)
    error = np.std(variance, ddof=1) / np.sqrt(len(variance))
    assert np.mean(variance) == pytest.approx(1.0, abs=3.0 * error)


@pytest.mark.parametrize("s2", [0.5, 2.25])
def test_variance_with_four_hard_votes(s2):
    """Where Laplace's evidence says 20 % too little: 12 data sets of 400 groups, items known."""
    found = []
    for seed in range(12):
        gf, _, rows = simulated(np.random.default_rng(seed), 400, 4, s2)
        found.append(call(gf, *rows).variance)
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert error < 0.1 * s2
    assert np.mean(found) == pytest.approx(s2, abs=3.0 * error)


def test_variance_is_found_from_any_start():
    gf, _, rows = simulated(np.random.default_rng(1), 120, 4, 2.25)
    items = _within.Within(gf.theta, gf.errors**2, np.nan)
    evidence = vn.ratings.grouped._bridges.read(
        gf, items, gf.groups[rows[0]], gf.items[rows[2]], gf.groups[rows[1]], gf.items[rows[3]],
        rows[4], None, None,
    )  # fmt: skip
    one, tenth, many = (
        _leveling.find_levels(evidence, start=_leveling.Scales(s2)).scales.s2
        for s2 in (1.0, 0.1, 50.0)
    )
    assert tenth == pytest.approx(one, rel=0.01)
    assert many == pytest.approx(one, rel=0.01)


@pytest.mark.parametrize("soft", ["counts", "logits"])
def test_soft_bridges(soft):
    """Shares of four votes have the dispersion of counts; logits with an error of .5 scatter less.

    Of 12 data sets of 200 groups with 4 bridges. What counts scatter is exactly that of the model;
    logits' errors are not, and s^2 may be 15 % off.
    """
    s2, dispersion = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        gf = grouped([30] * 200, rng, error=0.4)
        b = rng.normal(0.0, 1.5, 200)
        g, h, i, j = bridges(gf, 4, rng)
        theta = gf.theta + rng.normal(size=len(gf.theta)) * gf.errors
        d = theta[i] + b[g] - theta[j] - b[h]
        if soft == "counts":
            score = rng.binomial(4, reference.probabilities("bradley-terry", d)) / 4.0
            found = call(gf, g, h, i, j, score, 4.0)
        else:
            p = reference.probabilities("bradley-terry", d + rng.normal(0.0, 0.5, len(d)))
            found = call(gf, g, h, i, j, p)
        assert found.converged
        s2.append(found.variance)
        dispersion.append(found.dispersion)
    error = np.std(s2, ddof=1) / np.sqrt(12)
    off = 0.0 if soft == "counts" else 0.15 * 2.25
    assert np.mean(s2) == pytest.approx(2.25, abs=off + 3.0 * error)
    assert (0.8 < np.mean(dispersion) < 1.2) if soft == "counts" else max(dispersion) < 0.2


def test_a_little_data_gives_a_bounded_variance():
    """All bridges won by one side, or none at all: the one group of the prior holds s^2."""
    gf = grouped([2, 2], np.random.default_rng(0))
    found = vn.calibrate(gf, [0] * 9, [0] * 9, [1] * 9, [10] * 9, 1.0)
    assert 0.05 < found.variance < 20.0
    gf = grouped([2], np.random.default_rng(0))
    alone = vn.calibrate(gf, anchors=([0, 0], [0, 10], gf.theta[:2] + 3.0))
    assert alone.variance == pytest.approx(_leveling.PRIOR[0], rel=0.05)


# ---- the items ------------------------------------------------------------


def test_spread_by_pairs_of_comparisons():
    """The moment by simulation, and the spread of items that it tells."""
    rng = np.random.default_rng(0)

    def advantage(d):
        return np.tanh(d / 2.0)

    theta = rng.normal(0.0, 1.5, (3, 400_000))
    seen = advantage(theta[0] - theta[1]) * advantage(theta[0] - theta[2])
    expected = _within.pair_moment(2.25, advantage)
    assert np.mean(seen) == pytest.approx(expected, abs=4.0 * np.std(seen) / np.sqrt(len(seen)))
    # of sums that are exactly as expected V comes out, as nearly as the prior's pairs let it
    weight, groups = np.full(400_000, 4.0), 10**6
    total, own = np.full(400_000, np.sqrt(4.0 + 12.0 * expected)), weight
    found = _within.spread_of(total, weight, weight, own, groups, advantage)
    assert found == pytest.approx(2.25, rel=1e-3)
    assert np.isnan(_within.spread_of(total, weight, weight, weight**2, 10, advantage))


def votes_of_groups(rng, n_groups, votes, s2, sd=1.0):
    """Groups of 20 items with hard votes, and 4 hard bridges each; levels of the items."""
    theta = sd * rng.normal(size=(n_groups, 20))
    theta -= theta.mean(axis=1, keepdims=True)
    level = theta + rng.normal(0.0, np.sqrt(s2), n_groups)[:, None]
    group = np.repeat(np.arange(n_groups), 10 * votes)
    cycle = np.concatenate([rng.permuted(np.tile(np.arange(20), (n_groups, 1)), axis=1)
                            for _ in range(votes // 2)], axis=1)  # fmt: skip
    cycle = cycle.reshape(n_groups, -1, 20)
    first, second = cycle.ravel(), np.roll(cycle, -1, axis=2).ravel()

    def voted(d):
        return (rng.random(len(d)) < reference.probabilities("bradley-terry", d)).astype(float)

    rows = vn.GroupedComparisons(
        group, first, second, voted(theta[group, first] - theta[group, second])
    )
    cycles = [rng.permutation(n_groups) for _ in range(2)]
    g, h = np.concatenate(cycles), np.concatenate([np.roll(c, -1) for c in cycles])
    i, j = rng.integers(20, size=(2, len(g)))
    return rows, level, (g, i, h, j, voted(level[g, i] - level[h, j]))


@pytest.mark.parametrize("votes", [2, 4])
def test_few_votes_an_item(votes):
    """s^2, biases and intervals hold with two votes an item, whatever the fit's own prior."""
    s2, slope, z, covered = [], [], [], []
    for seed in range(6):
        rows, level, asked = votes_of_groups(np.random.default_rng(seed), 400, votes, 2.25)
        found = vn.calibrate(vn.fit_groups(rows, prior=vn.GaussianPrior(0.01)), *asked)
        weak = vn.calibrate(vn.fit_groups(rows, prior=vn.GaussianPrior(1.0)), *asked)
        assert weak.variance == pytest.approx(found.variance, rel=0.02)
        np.testing.assert_allclose(weak.theta, found.theta, atol=0.05)
        assert found.spread == pytest.approx(1.0, abs=0.5)
        truth = level.mean(axis=1) - level.mean()
        s2.append(found.variance)
        slope.append(truth @ found.bias / (found.bias @ found.bias))
        z.append(np.mean(((found.bias - truth) / found.standard_errors) ** 2))
        inside = np.abs(found.theta - (level - level.mean()).ravel()) < 1.96 * found.item_errors
        covered.append(np.mean(inside))
    error = [np.std(x, ddof=1) / np.sqrt(6) for x in (s2, slope, z)]
    assert np.mean(s2) == pytest.approx(2.25, abs=3.0 * error[0])
    assert np.mean(slope) == pytest.approx(1.0, abs=0.03 + 3.0 * error[1])
    assert np.mean(z) == pytest.approx(1.0, abs=0.05 + 3.0 * error[2])
    assert 0.92 < np.mean(covered) < 0.97


# ---- arguments and result ------------------------------------------------------------


@pytest.fixture
def small():
    labels = np.array(["a", "b", "c"], object)
    return grouped([2, 2, 2], np.random.default_rng(0), groups=labels)


GOOD = (["a", "b"], [0, 10], ["b", "c"], [0, 0], [1.0, 0.5])


def changed(which, value):
    return tuple(value if k == which else x for k, x in enumerate(GOOD))


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        (
            changed(0, ["a", "z"]),
            {},
            r"first_group\[1\] = 'z': is not a group of the fit",
        ),
        (changed(2, [1, 2]), {}, r"second_group\[0\] = 1: is not a group of the fit"),
        (changed(1, [0, 11]), {}, r"first\[1\] = 11: is not an item of group 'b'"),
        (changed(3, ["x", "y"]), {}, r"second\[0\] = 'x': is not an item of group 'b'"),
        (changed(2, ["b", "b"]), {}, r"second_group\[1\] = 'b': must differ"),
        (changed(4, [1.0, 1.5]), {}, r"score\[1\] = 1.5: must be between 0 and 1"),
        (changed(4, [1.0]), {}, "score: has 1 rows, but first_group has 2"),
        (changed(3, None), {}, "second: is missing: bridges need it"),
        ((), {}, "first_group: is missing: give bridges, anchors or both"),
        (GOOD, {"weight": [1.0, -1.0]}, r"weight\[1\] = -1.0: must be finite and >= 0"),
        (GOOD, {"weight": 0.0}, "weight: is 0 for every bridge"),
        (GOOD, {"variance": 0.0}, "variance.*: must be finite and > 0"),
        (GOOD, {"tol": 2.0}, "tol = 2.0: must be strictly between 0 and 1"),
        (GOOD, {"max_iter": -1}, "max_iter.*: must be at least 0"),
        (GOOD, {"anchors": (["q"], [0], [1.0])}, "anchors group.* = 'q': is not a group"),
        (
            GOOD,
            {"anchors": (["a"], [3], [1.0])},
            "anchors item.* = 3: is not an item of group 'a'",
        ),
        (GOOD, {"anchors": (["a"], [0], [np.inf])}, "anchors value.* = inf: must be finite"),
        (GOOD, {"anchors": (["a"], [0], [0.0], [-1.0])}, "anchors standard_error.* = -1.0:"),
    ],
)
def test_bad_arguments(small, args, kwargs, message):
    with pytest.raises(ValueError, match=message):
        vn.calibrate(small, *args, **kwargs)


def test_bad_types(small):
    with pytest.raises(TypeError, match="anchors: must be"):
        vn.calibrate(small, anchors=(["a"], [0]))
    with pytest.raises(TypeError, match=r"variance.*: must be a number"):
        vn.calibrate(small, *GOOD, variance="1")
    with pytest.raises(TypeError, match="first"):
        vn.calibrate(small, ["a", "b"], [0.5, "x"], ["b", "c"], [0, 0])


def test_other_scales_are_refused(small):
    for scale in ("elo", "standardized", "probit"):
        moved = Grouped(**(small.__dict__ | {"scale": scale}))
        with pytest.raises(ValueError, match=f"gf = '{scale}': must be on the scale"):
            vn.calibrate(moved, *GOOD)


def test_iteration_limit_is_said(small):
    with pytest.warns(vn.ConvergenceWarning, match="calibration did not converge"):
        found = vn.calibrate(small, *GOOD, max_iter=0)
    assert not found.converged
    assert "not converged" in repr(found)


def test_result(small):
    found = vn.calibrate(small, *GOOD)
    assert isinstance(found, vn.ratings.Calibration)
    assert found.n_bridges.tolist() == [1.0, 2.0, 1.0]
    frame = found.to_frame("dict")
    assert list(frame) == ["group", "bias", "standard_error", "n_bridges", "component"]
    items = found.to_frame("pandas", items=True)
    assert items.columns.tolist() == ["group", "item", "theta", "standard_error"]
    assert items["group"].tolist() == ["a", "a", "b", "b", "c", "c"]
    np.testing.assert_allclose(items["theta"], small.theta + np.repeat(found.bias, 2))
    expected = np.sqrt(small.errors**2 + np.repeat(found.standard_errors, 2) ** 2)
    np.testing.assert_allclose(items["standard_error"], expected)
    with pytest.raises(ValueError, match="backend"):
        found.to_frame("excel")


# ---- with real grouped fits ------------------------------------------------------------


@pytest.mark.parametrize("model", reference.MODELS)
def test_a_grouped_fit_goes_in(model):
    """Queries of different levels, fitted in one call, come out on one scale."""
    rng = np.random.default_rng(12)
    n, k = 40, 8
    curve = "thurstone" if model == "thurstone" else "bradley-terry"
    theta, b = rng.normal(size=(n, k)), rng.normal(0.0, 1.5, n)
    group = rng.integers(0, n, 6000)
    first = rng.integers(0, k, 6000)
    second = (first + rng.integers(1, k, 6000)) % k
    p = reference.probabilities(curve, theta[group, first] - theta[group, second])
    score = (rng.random(6000) < p).astype(float)
    score[rng.random(6000) < 0.1] = 0.5
    gf = vn.fit_groups(vn.GroupedComparisons(group, first, second, score), model=model)
    assert isinstance(gf, vn.GroupedFit)
    g, h = rng.integers(0, n, (2, 2000))
    g, h = g[g != h], h[g != h]
    i, j = rng.integers(0, k, (2, len(g)))
    level = theta + b[:, None]
    p = reference.probabilities(curve, level[g, i] - level[h, j])
    won = (rng.random(len(g)) < p).astype(float)
    found = vn.calibrate(gf, g, i, h, j, won)
    assert np.corrcoef(gf.theta, level.ravel())[0, 1] < 0.75
    assert np.corrcoef(found.theta, level.ravel())[0, 1] > 0.9
    bias = b + theta.mean(axis=1)
    z = (found.bias - (bias - bias.mean())) / found.standard_errors
    assert 0.6 < np.std(z) < 1.5
    assert found.groups is gf.groups
    with pytest.raises(ValueError, match=r"gf.*: must be on the scale"):
        vn.calibrate(gf.rescale("elo"), g, i, h, j, won)


def test_groups_without_comparisons_or_fit():
    rows = vn.GroupedComparisons(
        ["a", "a", "b"],
        [0, 1, 0],
        [1, 0, 1],
        1.0,
        groups=["a", "b", "c"],
        items=(["c", "c"], [0, 1]),
    )
    gf = vn.fit_groups(rows, prior=None)
    assert gf.status.tolist() == ["converged", "not identified", "no comparisons"]
    with pytest.raises(ValueError, match=r"second_group.* = 'b': has no identified fit"):
        vn.calibrate(gf, ["a"], [0], ["b"], [0])
    with pytest.raises(ValueError, match=r"second\[0\] = 0: has no standard error"):
        vn.calibrate(gf, ["a"], [0], ["c"], [0])
    with pytest.raises(TypeError, match="gf = 'Comparisons': must be a GroupedFit"):
        vn.calibrate(vn.Comparisons([0], [1], 1.0), ["a"], [0], ["c"], [0])


def test_what_bridges_are_worth_to_a_student():
    """The benchmark's world, smaller: calibrated targets close most of the gap to known levels."""
    path = Path(__file__).parents[1] / "benchmarks" / "calibration.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_calibration", path)
    world = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(world)
    runs = [world.one_seed(seed, 30, [4, 8]) for seed in range(8)]
    mean = {name: np.mean([run[name] for run in runs]) for name in runs[0]}
    whole = mean["known"] - mean["centred"]
    assert whole > 0.1
    assert (mean["4 bridges"] - mean["centred"]) / whole > 0.3
    assert (mean["8 bridges"] - mean["centred"]) / whole > 0.6
