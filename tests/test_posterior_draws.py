"""Draws from the normal approximation around a fit: their law, their streams, what is told."""

import math

import numpy as np
import pytest

import venire as vn
from venire.ratings import _posterior
from venire.resampling import sample

N_DRAWS = 10_000


def data(n_items=8, n_rows=900, seed=3, ties=0.2, order=True):
    generator = np.random.default_rng(seed)
    theta = generator.normal(0.0, 0.7, n_items)
    first = generator.integers(0, n_items, n_rows)
    second = (first + generator.integers(1, n_items, n_rows)) % n_items
    p = 1.0 / (1.0 + np.exp(theta[second] - theta[first] - 0.3))
    score = (generator.random(n_rows) < p).astype(float)
    score[generator.random(n_rows) < ties] = 0.5
    return vn.Comparisons(
        first, second, score, order=np.ones(n_rows, int) if order else None,
        cluster=np.arange(n_rows) // 5,
    )  # fmt: skip


def leagues():
    """Two components and an item that met nobody."""
    return vn.Comparisons(
        ["a", "b", "c", "a", "x", "y", "x"] * 20, ["b", "c", "a", "c", "y", "x", "y"] * 20,
        [1, 1, 1, 0.5, 1, 1, 0] * 20, items=["a", "b", "c", "new", "x", "y"],
    )  # fmt: skip


PRIOR_BY_ITEM = vn.GaussianPrior(np.linspace(0.5, 4.0, 8), mean=np.linspace(-1.0, 1.0, 8))


def styled(*, date=False):
    """Rows with two covariates, one of which goes with what is won; and with dates."""
    c = data()
    x = np.random.default_rng(6).normal(size=(c.n_cells, 2))
    win = c.win + np.round(2.0 * np.maximum(x[:, 0], 0.0))
    more = {"half_life": 40, "date": np.arange(c.n_cells)} if date else {}
    rows = np.repeat(np.arange(c.n_cells), 2)
    score, weight = np.tile([1.0, 0.0], c.n_cells), np.stack([win, c.loss + 0.5], 1).ravel()
    more = {name: np.repeat(v, 2) if np.ndim(v) else v for name, v in more.items()}
    return vn.Comparisons(
        c.first[rows], c.second[rows], score, weight=weight, order=c.order[rows],
        covariates=x[rows], **more,
    )  # fmt: skip


FITS = {
    "bradley-terry": lambda: vn.fit_bradley_terry(data()),
    "covariates": lambda: vn.fit_bradley_terry(styled(), order_effect=True),
    "covariates, half-life, prior by the evidence": lambda: vn.fit_thurstone(
        styled(date=True), prior=vn.GaussianPrior("evidence")
    ),
    "updated": lambda: vn.fit_davidson(data()).update(data(n_rows=90)),
    "thurstone, order effect": lambda: vn.fit_thurstone(data(), order_effect=True),
    "davidson, order effect": lambda: vn.fit_davidson(data(), order_effect=True),
    "rao-kupper, prior": lambda: vn.fit_rao_kupper(data(), prior=vn.GaussianPrior(0.5)),
    "prior by item": lambda: vn.fit_davidson(data(), prior=PRIOR_BY_ITEM, order_effect=True),
    "two leagues": lambda: vn.fit_bradley_terry(leagues(), prior=vn.GaussianPrior(0.2)),
}


def whole_covariance(fit, errors):
    """Of all parameters, with the levels of components where priors say something of them."""
    information = fit._information
    out = information.covariance(errors, None, True)
    layout = information.layout
    if layout.prior.given and len(layout.sizes) > 1 and not layout.is_fixed:
        own = layout.component
        level = np.where(layout.sizes == 1, 0.0, layout.level_variance)[own]  # those are in it
        out[: layout.n, : layout.n] += np.where(own[:, None] == own, level, 0.0)
    return out


@pytest.mark.parametrize("errors", ["fisher", "robust"])
@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("dense", [True, False], ids=["root", "solves"])
def test_draws_have_the_covariance(monkeypatch, name, errors, dense):
    if not dense:
        monkeypatch.setattr(_posterior, "DENSE", 0)
    fit = FITS[name]()
    draws = sample(fit, N_DRAWS, rng=5, errors=errors)
    columns = [draws.theta - fit.theta]
    if draws.order_effect is not None:
        columns.append(draws.order_effect[:, None] - fit.order_effect)
    if draws.coefficients is not None:
        columns.append(draws.coefficients - fit.coefficients)
    if draws.tie is not None:
        columns.append(np.log(draws.tie / fit.tie)[:, None])
    x = np.concatenate(columns, axis=1)
    known = whole_covariance(fit, errors)
    sd = np.sqrt(np.diagonal(known))
    # of a normal law Var(s_ij) = (s_ii s_jj + s_ij^2) / (n - 1)
    deviation = np.sqrt((np.outer(sd, sd) ** 2 + known**2) / (N_DRAWS - 1))
    off = np.abs(np.cov(x.T) - known) / deviation
    assert off.max() < 5.0
    assert (np.abs(x.mean(axis=0)) < 5.0 * sd / np.sqrt(N_DRAWS)).all()


def test_a_wrong_covariance_would_be_seen():
    fit = FITS["bradley-terry"]()
    x = sample(fit, N_DRAWS, rng=5).theta - fit.theta
    known = 1.1 * fit.covariance()
    sd = np.sqrt(np.diagonal(known))
    deviation = np.sqrt((np.outer(sd, sd) ** 2 + known**2) / (N_DRAWS - 1))
    assert (np.abs(np.cov(x.T) - known) / deviation).max() > 5.0


@pytest.mark.parametrize("dense", [True, False], ids=["root", "solves"])
def test_a_draw_depends_on_its_number_alone(monkeypatch, dense):
    if not dense:
        monkeypatch.setattr(_posterior, "DENSE", 0)
    fit = FITS["davidson, order effect"]()
    whole = sample(fit, 301, rng=5)
    part = sample(fit, 7, rng=5)
    assert np.array_equal(part.theta, whole.theta[:7])
    longer = part.extend(40).extend(254)
    for name in ("theta", "tie", "order_effect"):
        assert np.array_equal(getattr(longer, name), getattr(whole, name))
    assert not np.array_equal(sample(fit, 7, rng=6).theta, part.theta)
    one = vn.fit_davidson(data(), order_effect=True, n_threads=1)
    assert np.array_equal(sample(one, 7, rng=5).theta, part.theta)


def test_draws_agree_with_the_bootstrap_where_both_hold():
    c = data(n_items=5, n_rows=4_000, ties=0.0, order=False)
    fit = vn.fit_bradley_terry(c)
    drawn, again = sample(fit, 4_000, rng=1), vn.bootstrap(fit, 4_000, rng=2)
    robust = sample(fit, 4_000, rng=1, errors="robust")
    np.testing.assert_allclose(robust.standard_errors(), again.standard_errors(), rtol=0.08)
    np.testing.assert_allclose(drawn.prob_best(), again.prob_best(), atol=0.04)
    np.testing.assert_allclose(drawn.interval(), again.interval(), atol=0.03)


def test_draws_work_where_a_bootstrap_loses_items():
    c = vn.Comparisons.from_counts(["a", "a", "b"], ["b", "c", "c"], [30, 25, 20], [20, 0, 1])
    fit = vn.fit_bradley_terry(c)
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        assert vn.bootstrap(fit, 200, rng=1).n_failed > 40
    draws = sample(fit, 4_000, rng=1)
    assert np.isfinite(draws.theta).all()
    np.testing.assert_allclose(draws.standard_errors(), fit.standard_errors(), rtol=0.05)


def test_what_only_a_prior_says_is_drawn_too():
    draws = sample(FITS["two leagues"](), 20_000, rng=1)
    best = draws.prob_best()
    assert best.sum() == pytest.approx(1.0)
    assert best[3] > 0.15  # "new" was never compared
    fit, errors = draws.fit, draws.fit.level_errors()
    own = fit.deviation_errors()[[0, 4]]
    gap = (fit.theta[0] - fit.theta[4]) / np.sqrt((own**2).sum() + (errors[[0, 4]] ** 2).sum())
    expected = 0.5 * (1.0 + math.erf(gap / math.sqrt(2.0)))
    assert draws.prob_better("a", "x") == pytest.approx(expected, abs=0.015)
    assert draws.standard_errors()[3] == pytest.approx(errors[3], rel=0.03)
    again = vn.bootstrap(draws.fit, 2_000, rng=2).prob_best()
    np.testing.assert_allclose(again, best, atol=0.05)


def test_without_a_prior_components_do_not_compare():
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        fit = vn.fit_bradley_terry(leagues())
    draws = sample(fit, 500, rng=1)
    best = draws.prob_best()
    assert np.isnan(best[3:]).all()
    assert best[:3].sum() == pytest.approx(1.0)
    assert np.isnan(draws.expected_regret()[3:]).all()
    assert np.isnan(draws.standard_errors()[3])
    with pytest.raises(ValueError, match="component"):
        draws.prob_better("a", "x")


def test_ranks_and_regret_by_counting():
    fit = FITS["bradley-terry"]()
    draws = sample(fit, 3_000, rng=1)
    places = np.argsort(np.argsort(-draws.theta, axis=1), axis=1)
    counted = np.stack([(places == r).mean(axis=0) for r in range(8)], axis=1)
    np.testing.assert_allclose(draws.rank_probabilities(), counted, atol=1e-12)
    np.testing.assert_allclose(draws.rank_probabilities(3), counted[:, :3], atol=1e-12)
    regret = (draws.theta.max(axis=1, keepdims=True) - draws.theta).mean(axis=0)
    np.testing.assert_allclose(draws.expected_regret(), regret)
    elo = draws.to_elo()
    np.testing.assert_allclose(elo.expected_regret(), regret * 400.0 / np.log(10.0))
    np.testing.assert_array_equal(elo.prob_best(), draws.prob_best())


def test_equal_items_share_ranks():
    c = vn.Comparisons.from_counts(["a", "b", "c"], ["b", "c", "a"], [5, 5, 5], [5, 5, 5])
    b = vn.bootstrap(vn.fit_bradley_terry(c), 400, scheme="multinomial", rng=1)
    shares = b.rank_probabilities()
    np.testing.assert_allclose(shares.sum(axis=0), 1.0)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


def test_one_solve_a_draw_on_a_large_graph(monkeypatch):
    n = 20_000
    first = np.repeat(np.arange(n), 3)
    second = (first + np.tile([1, 7, 131], n)) % n
    generator = np.random.default_rng(1)
    c = vn.Comparisons.from_counts(
        first, second, generator.integers(1, 9, 3 * n), generator.integers(1, 9, 3 * n)
    )
    fit = vn.fit_bradley_terry(c)
    solves = []
    solver = type(fit._information.solver.solver)
    solve = solver.solve
    monkeypatch.setattr(
        solver, "solve", lambda self, rhs, tol: solves.append(len(rhs)) or solve(self, rhs, tol)
    )
    draws = sample(fit, 50, rng=1)
    assert sum(solves) == 50
    ratio = draws.theta.std(axis=0, ddof=1) / fit.standard_errors()
    assert abs(np.sqrt((ratio**2).mean()) - 1.0) < 0.02


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_samples": 0}, "n_samples"),
        ({"n_samples": 2.5}, "n_samples"),
        ({"errors": "none"}, "errors"),
        ({"rng": "x"}, "rng"),
        ({"progress": 3}, "progress"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        sample(FITS["bradley-terry"](), **options)


def test_no_fit_and_intervals_that_do_not_apply():
    with pytest.raises(TypeError, match="fit"):
        sample(data())
    draws = sample(FITS["bradley-terry"](), 50, rng=1)
    for interval in ("bca", "studentized"):
        with pytest.raises(ValueError, match="interval"):
            draws.interval(interval=interval)
    with pytest.raises(ValueError, match="most"):
        draws.rank_probabilities(9)


@pytest.mark.parametrize("errors", ["fisher", "robust"])
def test_a_fit_draws_itself(errors):
    fit = FITS["davidson, order effect"]()
    for one in (fit, fit.to_elo(anchor=fit.items[1])):
        draws, same = one.sample(30, rng=3, errors=errors), sample(one, 30, rng=3, errors=errors)
        assert draws.fit.scale == one.scale
        assert np.array_equal(draws.theta, same.theta)
        assert np.array_equal(draws.order_effect, same.order_effect)
    assert fit.sample(rng=3).n_resamples == 1000


def test_saved_and_loaded(tmp_path):
    draws = sample(FITS["davidson, order effect"](), 40, rng=1)
    draws.save(tmp_path / "draws.npz")
    back = vn.resampling.PosteriorDraws.load(tmp_path / "draws.npz")
    assert np.array_equal(back.theta, draws.theta)
    assert np.array_equal(back.extend(5).theta, draws.extend(5).theta)
    with pytest.raises(ValueError, match="no saved"):
        vn.resampling.Bootstrap.load(tmp_path / "draws.npz")
