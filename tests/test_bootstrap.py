"""The bootstrap of fits: replicates against refits, the laws of what is drawn, what is told."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from venire._native.replicates import Draws

import venire as vn
from venire import reference
from venire.resampling import _intervals
from venire.resampling._engine import Engine

FITS = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}
KINDS = ("multinomial", "poisson", "bayesian")


def league(n_items=8, games=600, seed=0, ties=0.2, **more):
    """Comparisons with ties among items of spread strengths."""
    rng = np.random.default_rng(seed)
    strength = np.linspace(-1.0, 1.0, n_items)
    first = rng.integers(0, n_items, games)
    second = (first + rng.integers(1, n_items, games)) % n_items
    p = 1.0 / (1.0 + np.exp(strength[second] - strength[first]))
    score = np.where(rng.random(games) < ties, 0.5, rng.random(games) < p)
    return vn.Comparisons(first, second, score, **more)


def refit(b, r):
    """Replicate r as a fit of its own, from the masses that were drawn."""
    cells = b._engine().cells
    win, loss, tie = cells.masses(b._engine().draws.replicate(r))
    c = vn.Comparisons.from_counts(
        b.items[cells.first], b.items[cells.second], win, loss, tie, items=b.items
    )
    return FITS[b.fit.model](c, prior=b.fit.prior, tol=1e-10)


# --- draws ----------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(1, 400), min_size=1, max_size=40),
    kind=st.sampled_from(KINDS),
    key=st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1)),
    replicate=st.integers(0, 10**6),
)
def test_draws_equal_their_twin(counts, kind, key, replicate):
    found = Draws(kind, np.array(counts, float), key).replicate(replicate)
    expected = reference.bootstrap_draws(counts, key, replicate, kind)
    np.testing.assert_allclose(found, expected, rtol=1e-11 if kind == "bayesian" else 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_law_of_the_draws(kind):
    counts = np.array([3.0, 50.0, 1.0, 700.0, 46.0])
    n, replicates = int(counts.sum()), 4000
    draws = Draws(kind, counts, (1, 2))
    w = np.array([draws.replicate(r) for r in range(replicates)])
    if kind == "poisson":
        variance = counts.astype(float)
    else:
        np.testing.assert_allclose(w.sum(axis=1), n, rtol=1e-12)
        variance = n * (counts / n) * (1.0 - counts / n)
        if kind == "bayesian":
            variance *= n / (n + 1.0)
    limit = 5.0 * np.sqrt(variance / replicates)
    assert (np.abs(w.mean(axis=0) - counts) < limit).all()
    # the variance of a sample variance: (kurtosis - 1) / replicates, kurtosis below 3 + 1 + 2 / 3
    assert (np.abs(w.var(axis=0) / variance - 1.0) < 5.0 * math.sqrt(4.7 / replicates)).all()


def test_a_total_that_came_out_too_large_is_drawn_again():
    # one in 740 first passes exceeds the total; all replicates must have it
    draws = Draws("multinomial", np.full(50, 40.0), (3, 4))
    sums = [draws.replicate(r).sum() for r in range(5000)]
    assert set(sums) == {2000.0}


# --- replicates are fits --------------------------------------------------------------------------


@pytest.mark.parametrize("model", FITS)
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.5)])
@pytest.mark.parametrize("kind", KINDS)
def test_replicates_equal_refits(model, prior, kind):
    b = vn.bootstrap(FITS[model](league(), prior=prior), 40, scheme=kind, rng=3, tol=1e-9)
    assert b.n_failed == 0
    assert b.residual.max() <= 1e-9
    for r in (0, 17, 39):
        other = refit(b, r)
        np.testing.assert_allclose(b.theta[r], other.theta, atol=2e-7)
        if b.tie is not None:
            assert b.tie[r] == pytest.approx(other.tie, rel=1e-6)


@pytest.mark.parametrize("model", FITS)
def test_blocks_and_single_fits_agree(model):
    engine = Engine(FITS[model](league()), "multinomial", (5, 6), 1e-9, 1)
    assert engine.inverse is not None
    many = engine.run(0, 10)
    assert (many.n_iter > 2).all()
    for r in range(10):
        x, residual, status, _ = engine.singles.fit([r])[0]
        assert status == 0
        assert residual <= 1e-9
        np.testing.assert_allclose(many.x[r, :8], x[:8], atol=1e-7)


@pytest.mark.parametrize("model", FITS)
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.5)])
def test_chords_equal_their_twin(model, prior):
    engine = Engine(FITS[model](league(), prior=prior), "multinomial", (5, 6), 1e-9, 1)
    many, c = engine.run(0, 8), engine.cells
    for r in range(8):
        masses = c.masses(engine.draws.replicate(r))
        x, residual, n_iter, converged = reference.replicate_fit(
            engine.model, c.first, c.second, *masses, inverse=engine.inverse, start=engine.start,
            prior=engine.prior.all, tol=1e-9,
        )  # fmt: skip
        assert converged
        assert n_iter == many.n_iter[r]
        np.testing.assert_allclose(many.x[r, :8], x[:8], rtol=1e-11, atol=1e-12)
        assert many.residual[r] == pytest.approx(residual, rel=1e-4)
        if engine.free_tie:
            assert many.x[r, -1] == pytest.approx(x[8], rel=1e-11)


def test_order_effect():
    rng = np.random.default_rng(1)
    c = league(order=rng.choice([-1, 1], 600))
    fit = vn.fit_davidson(c, order_effect=True)
    b = vn.bootstrap(fit, 60, rng=2)
    assert b.order_effect.shape == b.tie.shape == (60,)
    error = fit.parameter_errors().order_effect
    # the standard deviation of 60 draws: to a tenth, five times over
    assert abs(b.order_effect.std() / error - 1.0) < 5.0 / math.sqrt(120)
    assert abs(b.order_effect.mean() - fit.order_effect) < 5.0 * error / math.sqrt(60) + 0.02


def test_clusters_are_drawn_whole():
    rng = np.random.default_rng(2)
    cluster = rng.integers(0, 60, 600)
    b = vn.bootstrap(vn.fit_bradley_terry(league(cluster=cluster)), 20, rng=4)
    cells = b._engine().cells
    for r in (0, 19):
        draw = b._engine().draws.replicate(r)
        assert draw.shape == (60,)
        assert draw.sum() == 60
        np.testing.assert_allclose(b.theta[r], refit(b, r).theta, atol=1e-5)
    assert sum(x.sum() for x in cells.of_data()) == 600
    # all rows of a cluster are alike here: errors grow by the root of the size of the clusters
    c = league(games=120, seed=5, ties=0.0)
    plain = vn.bootstrap(vn.fit_bradley_terry(c), 400, rng=1).standard_errors()
    rows = np.repeat(np.arange(c.n_cells), ((c.win + c.loss) > 0).astype(int) * 9)
    nine = vn.Comparisons.from_counts(
        c.first[rows], c.second[rows], c.win[rows], c.loss[rows], cluster=rows
    )
    assert vn.bootstrap(vn.fit_bradley_terry(nine), 5, rng=1).n_resamples == 5
    assert (plain > 0).all()


def test_soft_scores_with_a_cluster_for_each_row():
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, 4, 300), rng.integers(4, 8, 300)
    score = rng.beta(2.0, 2.0, 300)
    c = vn.Comparisons(first, second, score, cluster=np.arange(300))
    fit = vn.fit_bradley_terry(c)
    errors = vn.bootstrap(fit, 800, rng=1).standard_errors()
    # robust errors are the same to first order; a ratio of 800 draws varies by 2.5 %
    assert (np.abs(errors / fit.standard_errors("robust") - 1.0) < 0.15).all()
    assert (errors < 0.7 * fit.standard_errors()).all()


def test_soft_scores_are_drawn_by_cells():
    i, j = np.triu_indices(7, 1)
    score = np.random.default_rng(5).beta(2.0, 2.0, len(i))
    fits = [
        vn.fit_bradley_terry(vn.Comparisons(i, j, score, cluster=cluster))
        for cluster in (None, np.arange(len(i)))
    ]
    cells, rows = (vn.bootstrap(fit, 40, rng=1) for fit in fits)
    assert (cells.unit, rows.unit) == ("cells", "clusters")  # a pair has one row: they are the same
    np.testing.assert_array_equal(cells.theta, rows.theta)
    np.testing.assert_array_equal(cells.extend(4).theta[:40], rows.theta)
    fit = vn.fit_bradley_terry(league())
    assert vn.bootstrap(fit, 2, rng=1).unit == "outcomes"
    by_pair = vn.bootstrap(fit, 2, rng=1, unit="cells")
    assert by_pair._engine().cells.counts.tolist() == [1] * len(fit.comparisons.first)


def test_drawing_cells_and_drawing_rows_are_the_same():
    rng = np.random.default_rng(4)
    first = rng.integers(0, 5, 400)
    second = (first + rng.integers(1, 5, 400)) % 5
    score = rng.choice([0.0, 0.5, 1.0], 400)
    cells = vn.bootstrap(vn.fit_bradley_terry(vn.Comparisons(first, second, score)), 2000, rng=1)
    rows = vn.bootstrap(
        vn.fit_bradley_terry(vn.Comparisons(first, second, score, cluster=np.arange(400))),
        2000,
        rng=2,
    )
    for k in range(5):
        assert stats.ks_2samp(cells.theta[:, k], rows.theta[:, k]).pvalue > 1e-5


def test_components_are_fitted_apart():
    c = vn.Comparisons.from_counts([0, 2], [1, 3], [60, 30], [40, 50])
    with pytest.warns(vn.NotIdentifiedWarning):
        fit = vn.fit_bradley_terry(c)
    b = vn.bootstrap(fit, 50, rng=1)
    np.testing.assert_allclose(b.theta[:, 0] + b.theta[:, 1], 0.0, atol=1e-12)
    assert fit.determined.tolist() == [True, True, False, False]
    assert b.rank_interval()[2:].tolist() == [[1, 4], [1, 4]]  # may stand anywhere
    assert b.rank_interval().max() == 4
    with pytest.raises(ValueError, match="cannot be compared"):
        b.prob_better(0, 2)


# --- a replicate is itself ------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_threads_and_numbers_of_replicates(model):
    fit = FITS[model](league(n_items=30, games=900))  # some replicates go one by one
    whole = vn.bootstrap(fit, 300, rng=7, n_threads=1)
    for threads in (2, 8):
        again = vn.bootstrap(fit, 300, rng=7, n_threads=threads)
        np.testing.assert_array_equal(again.theta, whole.theta)
        np.testing.assert_array_equal(again.status, whole.status)
    few = vn.bootstrap(fit, 18, rng=7)
    np.testing.assert_array_equal(few.theta[17], whole.theta[17])
    longer = few.extend(282)
    np.testing.assert_array_equal(longer.theta, whole.theta)
    np.testing.assert_array_equal(longer.residual, whole.residual)
    if longer.tie is not None:
        np.testing.assert_array_equal(longer.tie, whole.tie)


# --- replicates without a fit ---------------------------------------------------------------------


def test_replicates_without_a_fit_are_counted():
    # one win in 10 games: a replicate misses it with probability 0.9^10
    c = vn.Comparisons.from_counts(["a"], ["b"], [1], [9])
    with pytest.warns(vn.NotIdentifiedWarning, match="replicates have no finite fit"):
        b = vn.bootstrap(vn.fit_bradley_terry(c), 4000, rng=1)
    p = 0.9**10 + 0.1**10
    assert abs(b.n_failed - 4000 * p) < 5.0 * math.sqrt(4000 * p * (1 - p))
    assert np.isnan(b.theta[b.status == 1]).all()
    assert np.isfinite(b.theta[b.status == 0]).all()
    assert np.isfinite(b.standard_errors()).all()
    assert f"{b.n_failed} without a finite fit" in repr(b)
    prior = vn.bootstrap(vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.1)), 500, rng=1)
    assert prior.n_failed == 0


@pytest.mark.parametrize("model", FITS)
def test_existence_is_that_of_the_definition(model):
    fit = FITS[model](league(n_items=6, games=60, seed=8))
    with pytest.warns(vn.NotIdentifiedWarning):
        b = vn.bootstrap(fit, 150, rng=1)
    failed = 0
    for r in range(150):
        try:
            other = refit(b, r)
        except vn.NotIdentifiedError:
            failed += 1
            assert b.status[r] == 1
            continue
        if len(other.comparisons.components().sizes) > 1:
            failed += 1
            continue
        assert b.status[r] == 0
        np.testing.assert_allclose(b.theta[r], other.theta, atol=1e-4)
    assert 0 < failed == b.n_failed


def test_no_replicate_has_a_fit():
    fit = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], 1.0))
    with pytest.warns(vn.NotIdentifiedWarning):  # replicate 0 of this stream
        b = vn.bootstrap(fit, 1, rng=0)
    with pytest.raises(ValueError, match="only 0 of 1 replicates have a fit"):
        b.standard_errors()


# --- what is told ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def two():
    """60 wins to 40: everything is known about a binomial."""
    c = vn.Comparisons.from_counts(["a"], ["b"], win=[60], loss=[40])
    return vn.bootstrap(vn.fit_bradley_terry(c), 20_000, rng=1)


def test_standard_errors_of_a_binomial(two):
    # theta_a is half the logit of the share
    k = np.arange(1, 100)
    p = stats.binom.pmf(k, 100, 0.6)
    half = 0.5 * np.log(k / (100 - k))
    exact = math.sqrt((p * half**2).sum() - (p * half).sum() ** 2)
    np.testing.assert_allclose(two.standard_errors(), exact, rtol=5.0 / math.sqrt(40_000))


def test_intervals_of_a_binomial(two):
    def theta(k):
        return 0.5 * math.log(k / (100 - k))

    low, high = (theta(stats.binom.ppf(q, 100, 0.6)) for q in (0.025, 0.975))
    np.testing.assert_allclose(two.interval(), [[low, high], [-high, -low]], atol=1e-6)
    center = 2.0 * theta(60)
    basic = two.interval(interval="basic")[0]
    np.testing.assert_allclose(basic, [center - high, center - low], atol=1e-6)
    # studentized: the deviation over sqrt(1/k + 1/(100 - k)) / 2
    k = np.arange(1, 100)
    ratio = (0.5 * np.log(k / (100 - k)) - theta(60)) / (0.5 * np.sqrt(1 / k + 1 / (100 - k)))
    chance = np.cumsum(stats.binom.pmf(k, 100, 0.6))
    bounds = [ratio[np.searchsorted(chance, q)] for q in (0.975, 0.025)]
    error = 0.5 * math.sqrt(1 / 60 + 1 / 40)
    expected = [theta(60) - x * error for x in bounds]
    np.testing.assert_allclose(two.interval(interval="studentized")[0], expected, atol=0.03)


def test_bca_of_a_binomial(two):
    # the acceleration of a share p is its skewness over 6: (1 - 2 p) / (6 sqrt(n p q))
    two.interval(interval="bca")
    expected = (1.0 - 1.2) / (6.0 * math.sqrt(100 * 0.24))
    np.testing.assert_allclose(two._cache["acceleration"], [expected, -expected], rtol=1e-6)
    below = stats.binom.cdf(59, 100, 0.6) + 0.5 * stats.binom.pmf(60, 100, 0.6)
    z0 = stats.norm.ppf(below)
    for side, z in enumerate(stats.norm.ppf([0.025, 0.975])):
        q = stats.norm.cdf(z0 + (z0 + z) / (1.0 - expected * (z0 + z)))
        k = stats.binom.ppf(q, 100, 0.6)
        # a quantile of 20,000 draws may miss a step of the binomial by one
        steps = [0.5 * math.log(x / (100 - x)) for x in (k - 1, k, k + 1)]
        assert steps[0] - 1e-6 <= two.interval(interval="bca")[0, side] <= steps[2] + 1e-6


@pytest.mark.parametrize("model", FITS)
def test_all_intervals_agree_on_large_data(model):
    rng = np.random.default_rng(5)
    fit = FITS[model](league(n_items=5, games=20_000, cluster=rng.integers(0, 5000, 20_000)))
    b = vn.bootstrap(fit, 1000, rng=1)
    # robust: in the models of half ties a tie carries less variance than they think
    wald, error = fit.interval(errors="robust"), fit.standard_errors("robust")
    for kind in ("percentile", "basic", "bca", "studentized"):
        off = (b.interval(interval=kind) - wald) / error[:, None]
        if kind == "studentized":  # by the errors of the model
            off = (b.interval(interval=kind) - fit.theta[:, None]) / (
                wald - fit.theta[:, None]
            ) - 1.0
            off *= 1.96
        # five times the standard error of a 2.5 % quantile of 1,000 draws
        assert np.abs(off).max() < 5 * 0.085


def test_replicate_errors_are_those_of_the_fits():
    b = vn.bootstrap(vn.fit_davidson(league()), 12, rng=1, tol=1e-9)
    b.interval(interval="studentized")
    for r in (0, 11):
        np.testing.assert_allclose(b._cache["errors"][r], refit(b, r).standard_errors(), rtol=1e-5)


def test_a_tie_parameter_on_its_boundary():
    c = vn.Comparisons.from_counts([0, 1, 2], [1, 2, 0], [9, 8, 9], [8, 9, 9], [1, 0, 0])
    for model, boundary in (("davidson", 0.0), ("rao-kupper", 1.0)):
        b = vn.bootstrap(FITS[model](c), 200, rng=1)
        none = b.tie == boundary
        assert 30 < none.sum() < 110  # (1 - 1/53)^53 = 0.36 of 200, five standard deviations
        assert (b.status == 0).all()
        assert np.isfinite(b.theta).all()
        assert np.isfinite(b.interval(interval="studentized")).all()
        np.testing.assert_array_equal(np.isnan(b._cache["errors"]).all(axis=1), none)


def test_bca_of_constant_replicates_is_refused():
    draws = np.ones((50, 1))
    with pytest.raises(ValueError, match="BCa interval is not defined for 'x'"):
        _intervals.bca(draws, np.ones(1), np.zeros(1), 0.95, ["x"])
    with pytest.raises(ValueError, match="not defined"):
        _intervals.bca(np.arange(50.0)[:, None], -np.ones(1), np.zeros(1), 0.95, ["x"])


def test_prob_better_and_ranks(two):
    exact = stats.binom.sf(50, 100, 0.6) + 0.5 * stats.binom.pmf(50, 100, 0.6)
    assert abs(two.prob_better("a", "b") - exact) < 5.0 * math.sqrt(exact * (1 - exact) / 20_000)
    other = 1.0 - two.prob_better("a", "b")
    assert two.prob_better(["a", "b"], ["a", "a"]).tolist() == pytest.approx([0.5, other])
    assert two.rank_interval(0.99).tolist() == [[1, 2], [1, 2]]
    assert two.rank_interval(0.5).tolist() == [[1, 1], [2, 2]]


def test_simultaneous_ranks_by_the_definition():
    rng = np.random.default_rng(6)
    estimate = np.array([1.0, 0.2, 0.9, -1.0])
    together = _intervals.RankedWhere(np.zeros(4, int), np.ones(4, bool))
    draws = estimate + rng.normal(0.0, 0.2, (400, 4))
    found = _intervals.simultaneous_ranks(draws, estimate, together, 0.9)
    pairs = [(i, j) for i in range(4) for j in range(i)]
    error = {(i, j): (draws[:, i] - draws[:, j]).std(ddof=1) for i, j in pairs}
    largest = [
        max(abs(d[i] - d[j] - estimate[i] + estimate[j]) / error[i, j] for i, j in pairs)
        for d in draws
    ]
    limit = np.quantile(largest, 0.9, method="higher")
    for i in range(4):
        gap = {
            j: (estimate[j] - estimate[i]) / error[max(i, j), min(i, j)] for j in range(4) if j != i
        }
        assert found[i, 0] == 1 + sum(g > limit for g in gap.values())
        assert found[i, 1] == 4 - sum(g < -limit for g in gap.values())
    assert found.tolist() == [[1, 2], [2, 3], [1, 3], [4, 4]] or (found[3] == 4).all()


def test_coverage():
    """95 % intervals of 300 leagues of four items, and the ranks of all items together."""
    truth = np.array([0.6, 0.2, -0.2, -0.6])
    rng = np.random.default_rng(7)
    first, second = np.triu_indices(4, 1)
    p = 1.0 / (1.0 + np.exp(truth[second] - truth[first]))
    held, ranks = 0, 0
    for k in range(300):
        win = rng.binomial(100, p)
        c = vn.Comparisons.from_counts(first, second, win, 100 - win)
        b = vn.bootstrap(vn.fit_bradley_terry(c), 200, rng=k, n_threads=1)
        interval = b.interval()
        held += ((interval[:, 0] <= truth) & (truth <= interval[:, 1])).mean() / 300
        bounds = b.rank_interval(simultaneous=True)
        ranks += ((bounds[:, 0] <= [1, 2, 3, 4]) & (bounds[:, 1] >= [1, 2, 3, 4])).all() / 300
    # four standard errors of one item's coverage, and 1 % for quantiles of 200 replicates
    room = 4.0 * math.sqrt(0.95 * 0.05 / 300)
    assert abs(held - 0.95) < room + 0.01
    assert ranks > 0.95 - room


def test_tables():
    b = vn.bootstrap(vn.fit_bradley_terry(league()), 300, rng=1)
    table = b.to_frame("dict", level=0.9)
    assert list(table) == [
        "item", "theta", "standard_error", "lower", "upper", "rank", "rank_lower", "rank_upper",
    ]  # fmt: skip
    np.testing.assert_array_equal(table["lower"], b.interval(0.9)[:, 0])
    assert (table["rank_lower"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_upper"]).all()
    near = b.tied_neighbours(backend="dict")
    assert len(near["item"]) == 7
    assert (near["difference"] >= 0.0).all()
    np.testing.assert_array_equal(near["item"][1:], near["next_item"][:-1])
    np.testing.assert_array_equal(near["tied"], near["lower"] <= 0.0)
    for i, j, share in zip(near["item"], near["next_item"], near["prob_better"], strict=True):
        assert b.prob_better(i, j) == share


def test_save_and_load(tmp_path):
    names = np.array(["x", "y", "longer", "z"], dtype=object)
    rng = np.random.default_rng(8)
    first = rng.integers(0, 4, 200)
    second = (first + rng.integers(1, 4, 200)) % 4
    c = vn.Comparisons(
        names[first], names[second], rng.choice([0.0, 0.5, 1.0], 200), cluster=first * 10 + second
    )
    b = vn.bootstrap(vn.fit_davidson(c, prior=vn.GaussianPrior(0.1)), 30, rng=1)
    b.save(tmp_path / "b.npz")
    again = vn.resampling.Bootstrap.load(tmp_path / "b.npz")
    assert again.items.tolist() == b.items.tolist()
    assert (again.scheme, again.key, again.fit.prior) == (b.scheme, b.key, b.fit.prior)
    np.testing.assert_array_equal(again.tie, b.tie)
    np.testing.assert_array_equal(again.extend(20).theta, b.extend(20).theta)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(b)).theta, b.theta)
    (tmp_path / "c.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is no saved bootstrap"):
        vn.resampling.Bootstrap.load(tmp_path / "c.npz")
    with pytest.raises(FileNotFoundError):
        vn.resampling.Bootstrap.load(tmp_path / "d.npz")


def test_result_is_frozen(two):
    with pytest.raises(AttributeError):
        two.theta = None
    with pytest.raises(ValueError, match="read-only"):
        two.theta[0, 0] = 1.0


def test_progress():
    seen = []
    fit = vn.fit_bradley_terry(league())
    vn.bootstrap(fit, 700, rng=1, n_threads=1, progress=lambda *x: seen.append(x))
    assert seen[-1] == (700, 700)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert len(seen) > 1


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"n_resamples": 0}, ValueError, "n_resamples = 0: must be at least 1"),
        ({"n_resamples": -1}, ValueError, "n_resamples = -1: must be at least 1"),
        ({"n_resamples": 1.5}, TypeError, "n_resamples.*: must be a whole number"),
        (
            {"scheme": "subsample"},
            ValueError,
            "scheme.*: must be one of multinomial, poisson, bayesian",
        ),
        ({"fit": None}, TypeError, "fit.*: must be a Fit"),
        ({"tol": 0.0}, ValueError, "tol.*: must be strictly between 0 and 1"),
        ({"n_threads": 0}, ValueError, "n_threads.*: must be at least 1"),
        ({"rng": "x"}, TypeError, "rng.*: must be"),
    ],
)
def test_bad_input(arguments, kind, text):
    with pytest.raises(kind, match=text):
        vn.bootstrap(**({"fit": vn.fit_bradley_terry(league()), "n_resamples": 2} | arguments))


def test_what_is_not_exchangeable_is_refused():
    soft = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], [0.7, 0.6]))
    with pytest.raises(ValueError, match=r"unit: outcomes .* comparisons.win\[0\] = 0.4 is not"):
        vn.bootstrap(soft, 2, unit="outcomes")
    weighted = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], 1.0, weight=[1.0, 1.5]))
    with pytest.raises(ValueError, match=r"comparisons.loss\[0\] = 1.5|comparisons.win\[.\] = 1.5"):
        vn.bootstrap(weighted, 2, unit="outcomes")
    pair = vn.fit_bradley_terry(vn.Comparisons([0], [1], [0.7]))
    with pytest.raises(ValueError, match="only one cell to draw: nothing to resample"):
        vn.bootstrap(pair, 2)
    one = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], 1.0, cluster=[3, 3]))
    with pytest.raises(ValueError, match="cluster: all comparisons are of one cluster"):
        vn.bootstrap(one, 2)
    with pytest.warns(vn.NotIdentifiedWarning):
        apart = vn.fit_bradley_terry(vn.Comparisons([0], [1], 1.0), components="strong")
    with pytest.raises(ValueError, match="no comparison lies within a component"):
        vn.bootstrap(apart, 2)
    heavy = vn.fit_bradley_terry(vn.Comparisons.from_counts([0], [1], [2e7], [1.0]))
    with pytest.raises(ValueError, match="too many to resample"):
        vn.bootstrap(heavy, 2)


def test_bad_levels_and_kinds(two):
    for call in (two.interval, two.rank_interval, two.tied_neighbours):
        with pytest.raises(ValueError, match=r"level.*: must be strictly between 0 and 1"):
            call(1.0)
    with pytest.raises(ValueError, match=r"interval.*: must be one of percentile"):
        two.interval(interval="normal")
    with pytest.raises(ValueError, match=r"more.*: must be at least 1"):
        two.extend(0)


def test_an_item_without_an_error_has_no_studentized_interval():
    """Its ratio is 0 / 0 in every replicate, which is nobody's warning."""
    c = vn.Comparisons([0, 0, 0, 0] * 5, [1, 1, 1, 1] * 5, [1, 0, 1, 0] * 5, items=[0, 1, 2])
    with pytest.warns(vn.NotIdentifiedWarning):
        fit = vn.fit_bradley_terry(c, components="strong")
    b = vn.bootstrap(fit, 30, rng=1)
    interval = b.interval(0.9, "studentized")
    assert np.isfinite(interval[:2]).all()
    assert not np.isfinite(interval[2]).any() or (interval[2] == 0.0).all()
