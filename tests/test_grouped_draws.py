"""Draws around the fits of many groups: those of each single fit, and what is told by group."""

import numpy as np
import pytest

import venire as vn
from venire.resampling import GroupedPosteriorDraws, sample
from venire.resampling._group_engine import group_keys

WEAK = vn.GaussianPrior(0.3)


def leagues(seed=0, ties=0.2, games=40):
    """Three groups of 6 items, and one without comparisons."""
    generator = np.random.default_rng(seed)
    n = 3 * games
    first = generator.integers(0, 6, n)
    second = (first + generator.integers(1, 6, n)) % 6
    p = 1.0 / (1.0 + np.exp(0.4 * (first - second)))
    score = np.where(generator.random(n) < ties, 0.5, generator.random(n) < p)
    group = np.repeat(["a", "b", "c"], games)
    return vn.GroupedComparisons(
        group, first, second, score, order=generator.choice([-1, 1], n),
        groups=["a", "b", "c", "silent"], items=(["silent", "silent"], [0, 1]),
    )  # fmt: skip


FITS = {
    "bradley-terry": lambda: vn.fit_groups(leagues(), prior=WEAK),
    "davidson, order effect": lambda: vn.fit_groups(
        leagues(), model="davidson", prior=WEAK, order_effect=True
    ),
    "prior by item": lambda: vn.fit_groups(
        leagues(), prior=vn.GaussianPrior(np.linspace(0.2, 2.0, 20), mean=np.linspace(-1, 1, 20))
    ),
}


@pytest.mark.parametrize("errors", ["fisher", "robust"])
@pytest.mark.parametrize("name", FITS)
def test_a_group_is_drawn_as_its_single_fit(name, errors):
    gf = FITS[name]()
    draws = gf.sample(300, rng=5, errors=errors)
    keys = group_keys(draws.key, gf.groups)
    for k, label in enumerate(gf.groups[:3]):
        own = draws[label]
        noise = gf[label].posterior((int(keys[k, 0]), int(keys[k, 1])), errors=errors).rows(0, 300)
        here = slice(gf.offsets[k], gf.offsets[k + 1])
        assert np.array_equal(own.theta, gf.theta[here] + noise[:, : len(own.items)])
        assert np.array_equal(draws.theta[:, here], own.theta)
        assert np.array_equal(draws.prob_best()[here], own.prob_best())
        assert np.array_equal(draws.rank_probabilities(2)[here], own.rank_probabilities(2))
        assert np.array_equal(draws.expected_regret()[here], own.expected_regret())
        assert np.array_equal(draws.rank_interval(0.9)[here], own.rank_interval(0.9))
        assert np.array_equal(draws.interval(0.9, "basic")[here], own.interval(0.9, "basic"))
        assert np.array_equal(draws.quantiles(0.5)[here], own.quantiles(0.5))
    silent = slice(gf.offsets[3], gf.offsets[4])
    assert np.isnan(draws.prob_best()[silent]).all()
    assert draws.rank_interval()[silent].tolist() == [[1, 2], [1, 2]]


def test_a_group_depends_on_nothing_else(monkeypatch):
    g = leagues()
    draws = vn.fit_groups(g, prior=WEAK, n_threads=1).sample(100, rng=2)
    again = vn.fit_groups(g, prior=WEAK, n_threads=2).sample(40, rng=2)
    assert np.array_equal(draws.theta[:40], again.theta, equal_nan=True)
    assert np.array_equal(again.extend(60).theta, draws.theta, equal_nan=True)
    assert not np.array_equal(draws["a"].theta, draws["b"].theta)
    monkeypatch.setattr("venire.resampling._grouped_posterior.MOST_HELD", 0)
    assert np.array_equal(again.extend(60).theta, draws.theta, equal_nan=True)


def test_the_law_of_the_draws_is_that_of_the_errors():
    gf = FITS["davidson, order effect"]()
    draws = gf.sample(6_000, rng=1)
    known = draws.drawn.repeat(np.diff(gf.offsets))
    ratio = draws.standard_errors()[known] / gf.standard_errors()[known]
    assert np.abs(ratio - 1.0).max() < 5.0 / np.sqrt(2 * 6_000)


def test_ranks_of_a_group_add_up():
    draws = FITS["bradley-terry"]().sample(500, rng=1)
    chances, offsets = draws.rank_probabilities(), draws.offsets
    for k in range(3):
        own = chances[offsets[k] : offsets[k + 1]]
        np.testing.assert_allclose(own.sum(axis=0), 1.0)
        np.testing.assert_allclose(own.sum(axis=1), 1.0)
    best = draws.theta[:, :6].max(axis=1, keepdims=True) - draws.theta[:, :6]
    np.testing.assert_allclose(draws.expected_regret()[:6], best.mean(axis=0))


def test_shown_in_another_unit():
    gf = FITS["bradley-terry"]()
    draws, elo = gf.sample(200, rng=1), gf.to_elo().sample(200, rng=1)
    factor = 400.0 / np.log(10.0)
    np.testing.assert_allclose(elo.standard_errors(), factor * draws.standard_errors())
    np.testing.assert_allclose(elo.expected_regret(), factor * draws.expected_regret())
    np.testing.assert_array_equal(elo.prob_best(), draws.prob_best())
    anchored = draws.rescale("elo", anchor=0, at=1500)
    assert anchored.interval()[gf.items == 0][0].tolist() == [1500.0, 1500.0]
    columns = elo.to_frame("dict")
    assert list(columns)[:3] == ["group", "item", "elo"]
    assert elo.summary().header[0].startswith("GroupedPosteriorDraws of bradley-terry: 200 draws")


def test_saved_and_loaded(tmp_path):
    draws = FITS["davidson, order effect"]().sample(40, rng=1)
    draws.save(tmp_path / "draws.npz")
    back = GroupedPosteriorDraws.load(tmp_path / "draws.npz")
    assert np.array_equal(back.theta, draws.theta, equal_nan=True)
    with pytest.raises(ValueError, match="no saved"):
        vn.resampling.GroupedBootstrap.load(tmp_path / "draws.npz")


def test_refused():
    shared = vn.fit_groups(leagues(), model="davidson", prior=WEAK, shared=True)
    with pytest.raises(ValueError, match="share"):
        sample(shared)
    draws = FITS["bradley-terry"]().sample(10, rng=1)
    for label, message in (("silent", "no fit"), ("none", "label")):
        with pytest.raises(ValueError, match=message):
            draws[label]
    with pytest.raises(ValueError, match="interval"):
        draws.interval(interval="bca")
    with pytest.raises(ValueError, match="most"):
        draws.rank_probabilities(7)
    with pytest.raises(ValueError, match="errors"):
        FITS["bradley-terry"]().sample(10, errors="none")
