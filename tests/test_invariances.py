"""What must not matter: names of items, who is written first, how equal rows are counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire import simulate

FIT = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}
N_ITEMS = 7


def season(seed, soft=True):
    rows = simulate.comparisons(
        N_ITEMS, 700, model="davidson", order_effect=0.4, neutral=0.3, rng=seed
    )
    score = rows.score.copy()
    if soft:
        score[::5] = np.random.default_rng(seed).uniform(0.1, 0.9, len(score[::5]))
    weight = np.random.default_rng(seed + 1).integers(1, 4, len(score)).astype(float)
    return rows.first, rows.second, score, weight, rows.order


def fitted(model, first, second, score, weight, order, **kwargs):
    c = vn.Comparisons(first, second, score, weight, order=order)
    found = FIT[model](c, order_effect=True, tol=1e-11, **kwargs)
    nuisance = [found.order_effect, *([] if found.tie is None else [found.tie])]
    return dict(zip(np.asarray(found.items).tolist(), found.theta, strict=True)), nuisance, found


def assert_equal_fits(a, b, rename=lambda item: item, atol=1e-9):
    assert len(a[0]) == len(b[0]) == N_ITEMS
    for item, value in a[0].items():
        assert b[0][rename(item)] == pytest.approx(value, abs=atol)
    np.testing.assert_allclose(a[1], b[1], atol=atol)


models = pytest.mark.parametrize("model", list(FIT))
seeds = given(st.integers(0, 10_000))
few = settings(max_examples=8, deadline=None)


@models
@few
@seeds
def test_relabelling(model, seed):
    first, second, *rest = season(seed)
    names = np.random.default_rng(seed).permutation(10**12 + np.arange(N_ITEMS))
    plain = fitted(model, first, second, *rest)
    renamed = fitted(model, names[first], names[second], *rest)
    assert_equal_fits(plain, renamed, lambda item: int(names[item]))
    text = fitted(model, names[first].astype(str), names[second].astype(str), *rest)
    assert_equal_fits(plain, text, lambda item: str(names[item]))


@models
@few
@seeds
def test_swapping_first_and_second(model, seed):
    first, second, score, weight, order = season(seed)
    plain = fitted(model, first, second, score, weight, order)
    swap = np.random.default_rng(seed).random(len(first)) < 0.5
    assert_equal_fits(
        plain,
        fitted(
            model,
            np.where(swap, second, first),
            np.where(swap, first, second),
            np.where(swap, 1.0 - score, score),
            weight,
            np.where(swap, -order, order),
        ),
    )
    assert abs(plain[1][0]) > 1e-6  # the order effect is there to be lost


@models
@few
@seeds
def test_weight_two_is_the_row_twice(model, seed):
    columns = season(seed)
    weight = columns[3].astype(int)
    copies = [np.repeat(x, weight) for x in columns]
    copies[3] = None
    weighted, repeated = fitted(model, *columns), fitted(model, *copies)
    assert_equal_fits(weighted, repeated)
    for kind in ("fisher", "robust"):
        np.testing.assert_allclose(
            weighted[2].standard_errors(errors=kind),
            repeated[2].standard_errors(errors=kind),
            rtol=1e-7,
        )


@models
@few
@seeds
def test_order_of_rows(model, seed):
    columns = season(seed)
    shuffle = np.random.default_rng(seed).permutation(len(columns[0]))
    assert_equal_fits(fitted(model, *columns), fitted(model, *(x[shuffle] for x in columns)))


@models
@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_scale_of_weights(model, scale):
    first, second, score, weight, order = season(3)
    plain = fitted(model, first, second, score, weight, order)
    scaled = fitted(model, first, second, score, weight * scale, order)
    assert_equal_fits(plain, scaled)
    np.testing.assert_allclose(
        scaled[2].standard_errors() * np.sqrt(scale), plain[2].standard_errors(), rtol=1e-7
    )


@models
def test_scale_of_weights_and_prior_together(model):
    first, second, score, weight, order = season(4)
    plain = fitted(model, first, second, score, weight, order, prior=vn.GaussianPrior(0.7))
    scaled = fitted(model, first, second, score, weight * 1e3, order, prior=vn.GaussianPrior(0.7e3))
    assert_equal_fits(plain, scaled)


@models
def test_zero_weight_rows_say_nothing(model):
    first, second, score, weight, order = season(5)
    plain = fitted(model, first, second, score, weight, order)
    extra = 40
    with_zeros = fitted(
        model,
        np.concatenate([first, np.zeros(extra, np.int32)]),
        np.concatenate([second, np.ones(extra, np.int32)]),
        np.concatenate([score, np.ones(extra)]),
        np.concatenate([weight, np.zeros(extra)]),
        np.concatenate([order, np.ones(extra, np.int8)]),
    )
    assert_equal_fits(plain, with_zeros)
    assert with_zeros[2].comparisons.n_comparisons == plain[2].comparisons.n_comparisons


@models
def test_without_an_order_array_first_has_the_advantage(model):
    first, second, score, weight, _ = season(6)
    implied = vn.Comparisons(first, second, score, weight)
    explicit = vn.Comparisons(first, second, score, weight, order=np.ones(len(first), np.int8))
    a, b = (FIT[model](c, order_effect=True) for c in (implied, explicit))
    np.testing.assert_array_equal(a.theta, b.theta)
    assert a.order_effect == b.order_effect
    without = [FIT[model](c) for c in (implied, explicit)]
    np.testing.assert_array_equal(without[0].theta, without[1].theta)
    assert without[0].order_effect is None


def test_half_ties_equal_a_win_each_way():
    first, second, score, _, _ = season(8, soft=False)
    tied = score == 0.5
    split = vn.Comparisons(
        np.concatenate([first, first[tied]]),
        np.concatenate([second, second[tied]]),
        np.concatenate([np.where(tied, 1.0, score), np.zeros(tied.sum())]),
        np.concatenate([np.where(tied, 0.5, 1.0), np.full(tied.sum(), 0.5)]),
    )
    for fit in (vn.fit_bradley_terry, vn.fit_thurstone):
        a, b = fit(vn.Comparisons(first, second, score)), fit(split)
        np.testing.assert_allclose(a.theta, b.theta, atol=1e-9)
        assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("precision", [1e-8, 1e-3, 1.0])
@models
def test_theta_has_mean_zero_in_each_component(model, precision):
    """Under a prior too, however weak: moving a component as a whole costs nothing but prior."""
    first, second, score, *_ = season(9)
    c = vn.Comparisons(
        np.concatenate([first, second + N_ITEMS]),
        np.concatenate([second, first + N_ITEMS]),
        np.concatenate([score, score**2]),
    )
    found = FIT[model](c, prior=vn.GaussianPrior(precision), order_effect=True)
    means = np.bincount(found.component, found.theta) / np.bincount(found.component)
    np.testing.assert_allclose(means, [0.0, 0.0], atol=1e-12)
