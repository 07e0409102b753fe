"""Covariances of a fit: against dense inverses, sums over rows, and published errors."""

from __future__ import annotations

import numpy as np
import pytest

from venire import reference
from venire.data.comparisons import Comparisons
from venire.priors import GaussianPrior
from venire.ratings import _covariance, _errors, _sampled, fit_model
from venire.ratings.fit import Fit

MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")


def make_fit(cells, model="bradley-terry", *, prior=None, order_effect=False, kind="weak"):
    """A Fit from the dense reference: no native code is involved."""
    found = reference.fit(cells, model, prior=prior, order_effect=order_effect)
    return as_fit(cells, model, found, prior, kind)


def as_fit(cells, model, found, prior=None, kind="weak"):
    return Fit(
        comparisons=cells,
        model=model,
        theta=found.theta,
        tie=found.tie,
        order_effect=found.order_effect,
        prior=prior,
        log_likelihood=found.log_likelihood,
        residual=found.residual,
        converged=found.converged,
        n_iter=found.n_iter,
        component=reference.components(cells, kind).labels,
    )


def rows(rng, n_items=9, n_rows=400, *, soft=False, n_clusters=None, shift=0):
    """Random comparisons with ties, weights and both orders."""
    first = rng.integers(0, n_items, n_rows)
    second = (first + rng.integers(1, n_items, n_rows)) % n_items
    score = rng.random(n_rows) if soft else rng.choice([0.0, 0.5, 1.0], n_rows)
    weight = rng.integers(1, 4, n_rows).astype(float)
    order = rng.choice([-1, 0, 1], n_rows)
    cluster = None if n_clusters is None else rng.integers(0, n_clusters, n_rows)
    return first + shift, second + shift, score, weight, order, cluster


def cells_of(data):
    first, second, score, weight, order, cluster = data
    return reference.aggregate(first, second, score, weight, order=order, cluster=cluster)


def concatenated(a, b):
    return tuple(None if x is None else np.concatenate([x, y]) for x, y in zip(a, b, strict=True))


@pytest.fixture
def rng():
    return np.random.default_rng(20040601)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("precision", [None, 0.3])
@pytest.mark.parametrize("order_effect", [False, True])
def test_fisher_is_the_pseudo_inverse(rng, model, precision, order_effect):
    prior = None if precision is None else GaussianPrior(precision)
    cells = cells_of(concatenated(rows(rng), rows(rng, 5, 200, shift=9)))
    fit = make_fit(cells, model, prior=prior, order_effect=order_effect)
    information = reference.information(cells, model, fit)  # the prior is added here
    n = cells.n_items
    centre = np.eye(len(information))
    same = fit.component[:, None] == fit.component
    centre[:n, :n] -= same / same.sum(axis=1)
    information[:n, :n] += (precision or 0.0) * np.eye(n)
    expected = np.linalg.pinv(centre @ information @ centre, rcond=1e-11, hermitian=True)
    found = fit.covariance(full=True)
    np.testing.assert_allclose(found, expected, atol=1e-11)
    np.testing.assert_allclose(fit.covariance(), expected[:n, :n], atol=1e-11)
    np.testing.assert_allclose(fit.standard_errors(), np.sqrt(np.diag(expected)[:n]), rtol=1e-9)
    errors = fit.parameter_errors()
    extra = iter(np.sqrt(np.diag(expected)[n:]))
    assert (errors.order_effect is None) == (not order_effect)
    if order_effect:
        assert errors.order_effect == pytest.approx(next(extra), rel=1e-9)
    if model in reference.TIE_MODELS:
        assert errors.log_tie == pytest.approx(next(extra), rel=1e-9)
        assert errors.tie == pytest.approx(fit.tie * errors.log_tie, rel=1e-12)
    else:
        assert errors.tie is None
        assert errors.log_tie is None


def row_score_sums(fit, data, groups):
    """Scores of single rows by finite differences of the log of their own probability."""
    first, second, score, weight, order, _ = data
    n = len(fit.theta)
    gamma = fit.order_effect
    free = n + (gamma is not None) + fit.has_free_tie
    h = 1e-6
    out = np.zeros((len(first), free))
    for r in range(len(first)):
        tie = score[r] == 0.5
        win, loss = (0.0, 0.0) if tie else (score[r], 1.0 - score[r])

        def value(d, t, win=win, loss=loss, tie=tie):
            terms = reference.cell_terms(fit.model, [d], t, [win], [loss], [float(tie)])
            return terms["value"][0]

        d = fit.theta[first[r]] - fit.theta[second[r]] + (gamma or 0.0) * order[r]
        t = fit.log_tie
        slope = (value(d + h, t) - value(d - h, t)) / (2 * h)
        out[r, first[r]] += slope
        out[r, second[r]] -= slope
        if gamma is not None:
            out[r, n] = slope * order[r]
        if fit.has_free_tie:
            out[r, -1] = (value(d, t + h) - value(d, t - h)) / (2 * h)
    if groups is None:
        return (out * weight[:, None]).T @ out
    sums = np.zeros((int(groups.max()) + 1, free))
    np.add.at(sums, groups, out * weight[:, None])
    return sums.T @ sums


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("order_effect", [False, True])
def test_robust_is_the_sandwich_of_the_rows(rng, model, clustered, order_effect):
    soft = model in ("bradley-terry", "thurstone")
    data = rows(rng, 6, 150, soft=soft, n_clusters=12 if clustered else None)
    cells = cells_of(data)
    fit = make_fit(cells, model, order_effect=order_effect)
    meat = row_score_sums(fit, data, data[5])
    bread = fit.covariance(full=True)
    expected = bread @ meat @ bread
    found = fit.covariance("robust", full=True)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())
    n = cells.n_items
    errors = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(fit.standard_errors("robust"), errors[:n], rtol=1e-6)
    twin = reference.sandwich(cells, model, fit)
    np.testing.assert_allclose(found, twin, atol=1e-9 * np.abs(twin).max())
    if order_effect:
        assert fit.parameter_errors("robust").order_effect == pytest.approx(errors[n], rel=1e-6)


def test_clusters_that_span_components(rng):
    """Robust covariance between components is not zero when a cluster has rows in both."""
    a, b = rows(rng, 5, 120, n_clusters=8), rows(rng, 40, 900, n_clusters=8, shift=5)
    cells = cells_of(concatenated(a, b))
    prior = GaussianPrior(0.5)
    fit = make_fit(cells, prior=prior)
    expected = reference.sandwich(cells, "bradley-terry", fit, prior=prior)
    np.testing.assert_allclose(fit.covariance("robust"), expected, atol=1e-12)
    np.testing.assert_allclose(fit.standard_errors("robust"), np.sqrt(np.diag(expected)), rtol=1e-9)
    assert np.abs(expected[:5, 5:]).max() > 1e-4


def test_hard_outcomes_far_apart_keep_their_digits():
    """The sum of squared scores is a sum of non-negative terms: nothing cancels."""
    cells = reference.cells_from_counts([0, 1], [1, 0], [1e9, 3.0], [0.0, 0.0])
    fit = make_fit(cells)
    layout = fit._information.layout
    dd, _, _ = _errors._information.row_scores(fit, layout)
    d = fit.theta[0] - fit.theta[1]
    p = 1.0 / (1.0 + np.exp(-d))
    q = 1.0 / (1.0 + np.exp(d))
    expected = layout.win * q**2 + layout.loss * p**2
    np.testing.assert_allclose(dd, expected, rtol=1e-12)


def test_components_are_handled_in_blocks(rng, monkeypatch):
    """Many components of several sizes: the same as one by one, kept or computed again."""
    parts = [rows(rng, k, 30 * k, shift=s) for k, s in [(4, 0), (4, 4), (40, 8), (3, 48), (40, 51)]]
    data = parts[0]
    for part in parts[1:]:
        data = concatenated(data, part)
    cells = cells_of(data)
    for order_effect in (False, True):
        kept = make_fit(cells, order_effect=order_effect)
        expected = reference.covariance(cells, "bradley-terry", kept)[:91, :91]
        robust = reference.sandwich(cells, "bradley-terry", kept)[:91, :91]
        with monkeypatch.context() as patch:
            patch.setattr(_covariance, "_KEEP", 0)
            patch.setattr(_covariance, "_BATCH", 20)
            again = make_fit(cells, order_effect=order_effect)
            fits = [(again, again.standard_errors(), again.standard_errors("robust"))]
            some = again.covariance(items=[60, 2, 49, 10])
        fits.append((kept, kept.standard_errors(), kept.standard_errors("robust")))
        for fit, fisher, sandwich in fits:
            np.testing.assert_allclose(fisher, np.sqrt(np.diag(expected)), rtol=1e-9)
            np.testing.assert_allclose(sandwich, np.sqrt(np.diag(robust)), rtol=1e-9)
            np.testing.assert_allclose(fit.covariance("robust"), robust, atol=1e-12)
        chosen = [60, 2, 49, 10]
        np.testing.assert_allclose(some, expected[np.ix_(chosen, chosen)], atol=1e-12)


def test_strong_components_leave_cells_between_them_out():
    """Fitted by strong component, a cell between two of them tells nothing."""
    inside = reference.cells_from_counts(["a", "c"], ["b", "d"], [3.0, 4.0], [1.0, 2.0])
    both = reference.cells_from_counts(
        ["a", "c", "a"], ["b", "d", "c"], [3.0, 4.0, 5.0], [1.0, 2.0, 0.0]
    )
    expected = make_fit(inside)
    found = as_fit(both, "bradley-terry", reference.fit(inside), kind="strong")
    np.testing.assert_allclose(found.standard_errors(), expected.standard_errors(), rtol=1e-12)
    np.testing.assert_allclose(found.deviance, expected.deviance, atol=1e-12)
    assert found.n_comparisons == 10.0
    assert found.n_parameters == 2


def test_sizes_that_are_too_large_are_refused(rng, monkeypatch):
    fit = make_fit(cells_of(rows(rng)))
    monkeypatch.setattr(_covariance, "_MAX_BYTES", 10.0)
    with pytest.raises(ValueError, match="'sampled'"):
        fit.standard_errors(method="exact")
    monkeypatch.setattr(_errors, "MAX_DENSE", 5)
    with pytest.raises(ValueError, match="at most 5"):
        fit.covariance()
    with pytest.raises(ValueError, match="at most 5"):
        fit.difference_covariance([0] * 6, [1] * 6)
    monkeypatch.setattr(_sampled, "_MAX_COLUMNS", 20)
    monkeypatch.setattr(_errors._covariance, "fits_exactly", lambda layout: False)
    with pytest.raises(ValueError, match="too many"):
        fit.covariance(items=[0, 1, 2])


@pytest.mark.parametrize("argument", [{"errors": "huber"}, {"method": "guess"}])
def test_unknown_choices_are_named(rng, argument):
    fit = make_fit(cells_of(rows(rng)))
    with pytest.raises(ValueError, match=next(iter(argument.values()))):
        fit.standard_errors(**argument)


@pytest.mark.parametrize("n_links", [1, 20])  # inverted with others, and alone
@pytest.mark.parametrize("heavy", [1e6, 1e10, 1e20, 1e30])
def test_weights_that_drown_others_give_nan_and_a_warning(heavy, n_links):
    """Two groups of heavy pairs, held together by a light one: rounding of the heavy is more."""
    n = 2 * n_links + 2
    weight = np.where(np.arange(n - 1) == n_links, 1e-5, heavy)
    c = Comparisons.from_counts(np.arange(n - 1), np.arange(1, n), weight, weight)
    fit = fit_model(c, model="bradley-terry")
    if heavy == 1e6:
        right = np.full(n, np.sqrt(0.25 / (2e-5 * 0.25)))
        np.testing.assert_allclose(fit.standard_errors(), right, rtol=1e-3)
        return
    with pytest.warns(RuntimeWarning, match="singular to working precision"):
        assert np.isnan(fit.standard_errors()).all()


def test_a_singular_information_gives_nan_and_a_warning():
    """Underflown curvature: no error can be had, and a number would be a lie."""
    cells = reference.cells_from_counts([0, 1], [1, 0], [1.0, 1.0], [0.0, 0.0])
    found = reference.fit(cells)._replace(theta=np.array([2000.0, -2000.0]))
    fit = as_fit(cells, "bradley-terry", found)
    with pytest.warns(RuntimeWarning, match="singular"):
        assert np.isnan(fit.standard_errors()).all()


# ---- sampled and solved -------------------------------------------------------------------------


@pytest.fixture
def large(monkeypatch):
    """Make every graph count as too large for a dense inverse under method="auto"."""
    monkeypatch.setattr(_errors._covariance, "fits_exactly", lambda layout: False)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("kind", ["fisher", "robust"])
@pytest.mark.parametrize("precision", [None, 0.3])
def test_solves_give_exact_covariances_of_a_few_items(rng, model, kind, precision, large):
    prior = None if precision is None else GaussianPrior(precision)
    data = concatenated(rows(rng, n_clusters=9), rows(rng, 5, 200, n_clusters=9, shift=9))
    cells = cells_of(data)
    fit = make_fit(cells, model, prior=prior, order_effect=True)
    function = reference.covariance if kind == "fisher" else reference.sandwich
    expected = function(cells, model, fit, prior=prior)
    chosen = [3, 11, 0]
    index = [*chosen, *range(14, len(expected))]
    found = fit.covariance(kind, items=chosen, full=True)
    np.testing.assert_allclose(found, expected[np.ix_(index, index)], atol=1e-9)
    errors = fit.parameter_errors(kind)
    assert errors.order_effect == pytest.approx(np.sqrt(expected[14, 14]), rel=1e-7)
    pair = fit.difference_errors([3, 0], [0, 7], errors=kind)
    for k, (i, j) in enumerate([(3, 0), (0, 7)]):
        variance = expected[i, i] + expected[j, j] - 2 * expected[i, j]
        assert pair[k] == pytest.approx(np.sqrt(variance), rel=1e-7)
    both = fit.difference_covariance([3, 0], [0, 7], errors=kind)
    np.testing.assert_allclose(np.sqrt(np.diag(both)), pair, rtol=1e-7)


@pytest.mark.parametrize("model", ["bradley-terry", "davidson", "rao-kupper"])
@pytest.mark.parametrize("kind", ["fisher", "robust"])
@pytest.mark.parametrize("precision", [None, 0.5])
def test_sampled_errors_are_within_their_stated_error(rng, model, kind, precision):
    prior = None if precision is None else GaussianPrior(precision)
    data = concatenated(rows(rng, 30, 300), rows(rng, 12, 150, shift=30))
    fit = make_fit(cells_of(data), model, prior=prior, order_effect=True)
    exact = fit.standard_errors(kind, method="exact")
    sampled = fit.sampled_errors(kind, n_samples=400, rng=5)
    z = (sampled.standard_errors / exact - 1.0) / sampled.relative_error
    assert sampled.n_samples == 400
    # 42 items share 400 draws: were z normal and independent, |z| > 4 has probability 0.003
    assert np.abs(z).max() < 4.5
    assert sampled.typical_error < 1.0 / np.sqrt(2 * 400)
    assert 0.6 < np.sqrt(np.mean(z**2)) < 1.5


def chain(n=300):
    """Neighbours that met five times: an error comes from far away."""
    cells = reference.cells_from_counts(np.arange(n - 1), np.arange(1, n), np.full(n - 1, 3.0),
                                        np.full(n - 1, 2.0))  # fmt: skip
    return as_fit(cells, "bradley-terry", reference.fit(cells))


def ladder(n=400, **options):
    """Items meet those near them, some with an order effect."""
    rng = np.random.default_rng(8)
    i = rng.integers(0, n, 8 * n)
    j = np.clip(i + rng.integers(1, 6, 8 * n) * rng.choice([-1, 1], 8 * n), 0, n - 1)
    i, j = i[i != j], j[i != j]
    c = Comparisons(
        i, j, rng.integers(0, 3, len(i)) / 2, order=1, cluster=rng.integers(0, 99, len(i))
    )
    return fit_model(c, **options)


def test_sampled_error_on_a_chain_is_that_of_plain_sampling():
    """Where an item's error comes from far away, the relative error is sqrt(1 / 2k), not more."""
    fit = chain()
    exact = fit.standard_errors(method="exact")
    sampled = fit.sampled_errors(rng=1, n_samples=200)
    assert sampled.n_samples == 200
    assert sampled.typical_error == pytest.approx(0.05, rel=0.2)
    assert np.abs(sampled.standard_errors / exact - 1.0).max() < 4.5 * 0.05


def test_landmarks_make_errors_from_afar_known():
    fit = chain()
    exact = fit.standard_errors(method="exact")
    sampled = fit.sampled_errors(rng=1)
    assert sampled.n_samples == 16
    assert sampled.typical_error <= 0.01
    off = sampled.standard_errors / exact - 1.0
    assert np.sqrt(np.mean(off**2)) < 0.015
    looked_at = np.argsort(-fit.theta, kind="stable")[:8]
    np.testing.assert_allclose(off[looked_at], 0.0, atol=1e-6)
    assert (sampled.relative_error[looked_at] == 0.0).all()


@pytest.mark.parametrize("kind", ["fisher", "robust"])
@pytest.mark.parametrize("precision", [None, 0.1, np.linspace(0.1, 2.0, 400)],
                         ids=["mle", "prior", "by item"])  # fmt: skip
def test_errors_beside_landmarks_are_within_their_stated_error(kind, precision, monkeypatch):
    prior = None if precision is None else GaussianPrior(precision)
    monkeypatch.setattr(_sampled, "LANDMARKS", 24)
    monkeypatch.setattr(_sampled, "TARGET", 0.001)  # so that all are drawn, beside landmarks
    fit = ladder(model="davidson", prior=prior, order_effect=True)
    exact = fit.standard_errors(kind, method="exact")
    means = []
    for seed in range(4):
        sampled = fit.sampled_errors(kind, rng=seed)
        assert sampled.n_samples == 200
        known = sampled.relative_error == 0.0
        assert known.sum() == 24
        off = sampled.standard_errors / exact - 1.0
        np.testing.assert_allclose(off[known], 0.0, atol=1e-6)
        z = off[~known] / sampled.relative_error[~known]
        assert 0.5 < np.sqrt(np.mean(z**2)) < 1.7
        means.append(z.mean())
    assert abs(np.mean(means)) < 0.6  # no bias


def test_sampling_stops_early_where_draws_tell_little(rng):
    """On a dense graph an item's own comparisons say nearly all, and few draws are needed."""
    fit = make_fit(cells_of(rows(rng, 60, 40_000)))
    exact = fit.standard_errors(method="exact")
    sampled = fit.sampled_errors()
    assert sampled.n_samples == 16
    assert sampled.typical_error < 0.01
    np.testing.assert_allclose(sampled.standard_errors, exact, rtol=0.05)


def test_sampled_errors_depend_on_the_seed_only(rng, monkeypatch):
    cells = cells_of(rows(rng, 30, 300))
    fit = make_fit(cells)
    one = fit.standard_errors(method="sampled", n_samples=50, rng=3)
    monkeypatch.setattr(_sampled, "_AT_ONCE", 31)  # one draw at a time
    two = make_fit(cells).standard_errors(
        method="sampled", n_samples=50, rng=np.random.SeedSequence(3)
    )
    np.testing.assert_allclose(one, two, rtol=1e-12)
    assert not np.array_equal(one, fit.standard_errors(method="sampled", n_samples=50, rng=4))
    with pytest.raises(ValueError, match="n_samples"):
        fit.standard_errors(method="sampled", n_samples=1)
    with pytest.raises(TypeError, match="rng"):
        fit.standard_errors(method="sampled", rng="seed")


def test_sampled_differences(rng, large):
    fit = make_fit(cells_of(rows(rng, 30, 300)))
    i, j = np.triu_indices(30, 1)
    sampled = fit.difference_errors(i, j, n_samples=300, rng=2)
    among = fit.covariance(items=np.arange(30))
    exact = np.sqrt(among[i, i] + among[j, j] - 2 * among[i, j])
    ratio = sampled / exact - 1.0
    assert np.sqrt(np.mean(ratio**2)) == pytest.approx(1 / np.sqrt(600), rel=0.35)
    assert np.abs(ratio).max() < 5 / np.sqrt(600)


def test_many_differences_in_small_components_go_by_chunks(rng, monkeypatch):
    cells = cells_of(concatenated(rows(rng, 20, 300), rows(rng, 20, 300, shift=20)))
    i, j = np.triu_indices(20, 1)
    first, second = np.concatenate([i, i + 20] * 4), np.concatenate([j, j + 20] * 4)
    expected = make_fit(cells).difference_errors(first, second)
    monkeypatch.setattr(_covariance, "MAX_EXACT", 30)
    fit = make_fit(cells)
    assert fit._information.is_exact()
    np.testing.assert_allclose(fit.difference_errors(first, second), expected, rtol=1e-12)
