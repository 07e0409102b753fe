"""Bootstraps and draws of fits of rankings."""

from __future__ import annotations

import numpy as np
import pytest
from test_plackett_luce import as_list, simulated

import venire as vn
from venire import reference
from venire.resampling import Bootstrap, PosteriorDraws


@pytest.mark.parametrize("scheme", ["multinomial", "poisson", "bayesian"])
@pytest.mark.parametrize("case", ["rankings", "weights", "fractions", "clusters"])
def test_a_replicate_is_a_refit(scheme, case):
    rng = np.random.default_rng(3)
    rows = np.argsort(rng.gumbel(size=(60, 5)) + np.linspace(0, 1, 5), axis=1)
    options = {
        "rankings": {},
        "weights": {"weight": rng.integers(1, 4, 60)},
        "fractions": {"weight": rng.random(60) + 0.5},
        "clusters": {"cluster": np.arange(60) // 3},
    }[case]
    r = vn.Rankings(rows, **options)
    fit = vn.fit_plackett_luce(r)
    b = vn.bootstrap(fit, 6, scheme=scheme, rng=1, tol=1e-10)
    engine = b._engine()
    assert b.unit == {"rankings": "outcomes", "weights": "outcomes", "fractions": "cells"}.get(
        case, "clusters"
    )
    for k in range(6):
        weight = engine.weight(k)
        if case == "clusters":
            assert (weight.reshape(-1, 3) == weight[::3, None]).all()
        if case == "weights" and scheme == "multinomial":
            assert weight.sum() == options["weight"].sum()
        again = reference.fit_rankings(5, as_list(r), weight)
        np.testing.assert_allclose(b.theta[k], again, atol=1e-6)
    more = vn.bootstrap(fit, 3, scheme=scheme, rng=1, tol=1e-10).extend(3)
    assert np.array_equal(more.theta, b.theta)


def test_errors_and_intervals_are_about_those_of_the_fit():
    fit = vn.fit_plackett_luce(simulated(8, 800, 5, seed=2))
    b = vn.bootstrap(fit, 1000, rng=1)
    np.testing.assert_allclose(b.standard_errors(), fit.standard_errors("robust"), rtol=0.12)
    wald = fit.interval(0.9, "robust")
    for interval in ("percentile", "basic", "bca", "studentized"):
        np.testing.assert_allclose(b.interval(0.9, interval), wald, atol=0.06)
    assert b.rank_interval().shape == (8, 2)
    assert b.prob_best().sum() == pytest.approx(1.0)


def test_replicates_without_a_fit_are_counted():
    fit = vn.fit_plackett_luce(vn.Rankings([["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"]]))
    with pytest.warns(vn.NotIdentifiedWarning):
        b = vn.bootstrap(fit, 50, rng=1)
    assert 0 < b.n_failed < 50
    assert np.isnan(b.theta[b.status == 1]).all()
    kept = vn.bootstrap(vn.fit_plackett_luce(fit.rankings, prior=vn.GaussianPrior(1.0)), 50, rng=1)
    assert kept.n_failed == 0


@pytest.mark.parametrize("case", ["plain", "groups", "all"])
def test_saved_and_loaded(tmp_path, case):
    rows = [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "c", "b"]] * 5
    options = {
        "plain": {},
        "groups": {"group": ["x", "y"] * 10},
        "all": {"weight": np.arange(1, 21), "cluster": [f"u{k % 7}" for k in range(20)]},
    }[case]
    if case == "all":
        rows = [[row[:2], row[2]] for row in rows]
    fit = vn.fit_plackett_luce(
        vn.Rankings(rows, **options), prior=vn.GaussianPrior(0.5 if case != "plain" else "evidence")
    )
    for kind, draws in (
        (Bootstrap, vn.bootstrap(fit, 20, rng=1)),
        (PosteriorDraws, fit.sample(20)),
    ):
        draws.save(tmp_path / "b.npz")
        back = kind.load(tmp_path / "b.npz")
        assert np.array_equal(back.theta, draws.theta)
        assert back.items.tolist() == draws.items.tolist()
        np.testing.assert_allclose(back.fit.standard_errors(), fit.standard_errors())
        assert np.array_equal(back.extend(5).theta, draws.extend(5).theta)


@pytest.mark.parametrize(
    ("member", "change", "match"),
    [
        ("r.item", lambda x: x * 0, "no rankings"),
        ("r.item", lambda x: x + 1, "r.item"),
        ("r.ranked", lambda x: x + 1, "r.ranked"),
        ("r.offsets", lambda x: x[::-1].copy(), "r.offsets"),
        ("fit.component", lambda x: x + 1, "fit.component"),
        ("fit.theta", lambda x: x * np.nan, "fit.theta"),
    ],
)
def test_a_changed_file_is_refused(tmp_path, member, change, match):
    fit = vn.fit_plackett_luce(simulated(5, 40, 4, seed=8))
    vn.bootstrap(fit, 5, rng=1).save(tmp_path / "b.npz")
    with np.load(tmp_path / "b.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays[member] = change(arrays[member])
    np.savez(tmp_path / "c.npz", **arrays)
    with pytest.raises(ValueError, match=match):
        Bootstrap.load(tmp_path / "c.npz")


def test_what_cannot_be_resampled():
    rows = [["a", "b"], ["b", "a"]]
    with pytest.raises(ValueError, match=r"cluster.*nothing to resample"):
        vn.bootstrap(vn.fit_plackett_luce(vn.Rankings(rows, cluster=[1, 1])), 5)
    fit = vn.fit_plackett_luce(vn.Rankings(rows, weight=[0.5, 1.0]))
    with pytest.raises(ValueError, match="not whole; draw 'cells'"):
        vn.bootstrap(fit, 5, unit="outcomes")


def test_draws_agree_with_the_covariance():
    fit = vn.fit_plackett_luce(simulated(8, 200, 5, seed=2))
    draws = fit.sample(20_000, rng=1)
    np.testing.assert_allclose(np.cov(draws.theta.T), fit.covariance(), atol=0.003)
    large = vn.fit_plackett_luce(simulated(1200, 9000, 5, seed=2), prior=vn.GaussianPrior(0.2))
    some = large.sample(200, rng=1)
    ratio = some.standard_errors() / large.standard_errors()
    assert abs(ratio.mean() - 1.0) < 0.02


@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.5)])
def test_items_of_groups_are_ranked_within_them(prior):
    """Ranks, chances and tables of grouped rankings are those of each group by itself."""
    rows = [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "c", "b"]] * 5
    r = vn.Rankings([*rows, *[["a", "b"], ["b", "a"]] * 5], group=["q"] * 20 + ["r"] * 10)
    fit = vn.fit_plackett_luce(r, prior=prior)
    for drawn in (fit.sample(200, rng=1), vn.bootstrap(fit, 200, scheme="bayesian", rng=1)):
        assert drawn.rank_interval(0.99)[:, 1].tolist() == [3, 3, 3, 2, 2]
        table = drawn.to_frame("dict")
        assert table["group"].tolist() == ["q"] * 3 + ["r"] * 2
        assert table["item"].tolist() == [*"abcab"]
        shown = [line.split()[1:3] for line in str(drawn.summary()).splitlines() if " q " in line
                 or " r " in line]  # fmt: skip
        assert [group for group, _ in shown] == [*"qqqrr"]
    best, regret = (getattr(fit.sample(200, rng=1), x)() for x in ("prob_best", "expected_regret"))
    np.testing.assert_allclose(np.add.reduceat(best, [0, 3]), 1.0)
    assert (regret > 0.0).all()
