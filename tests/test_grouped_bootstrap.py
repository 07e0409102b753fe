"""The bootstrap of many fits: equal to its twin and to single fits, in blocks; what it tells."""

from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import venire as vn
from venire import reference
from venire.ratings.grouped import batches
from venire.resampling import _group_engine
from venire.resampling._group_engine import GroupEngine, group_keys

MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")
KINDS = ("multinomial", "poisson", "bayesian")
WEAK = vn.GaussianPrior(0.2)


def leagues(n_groups=4, n_items=5, games=60, seed=0, *, ties=0.3, soft=False, labels=None, **more):
    """Groups of games among items of spread strengths."""
    rng = np.random.default_rng(seed)
    n = n_groups * games
    group = np.repeat(np.arange(n_groups), games)
    first = rng.integers(0, n_items, n)
    second = (first + rng.integers(1, n_items, n)) % n_items
    p = 1.0 / (1.0 + np.exp(np.linspace(-0.7, 0.7, n_items)[second - first]))
    score = np.where(rng.random(n) < ties, 0.5, rng.random(n) < p)
    if soft:
        score = rng.beta(2.0, 2.0, n)
    if labels is not None:
        group = np.asarray(labels)[group]
    order = rng.choice([-1, 1], n)
    return vn.GroupedComparisons(group, first, second, score, order=order, **more)


def twin(b, n):
    """The first n replicates by the reference."""
    fit = b.fit
    return reference.bootstrap_groups(
        fit.comparisons, fit.model, b.key, n, scheme=b.scheme, unit=b.unit, prior=fit.prior,
        order_effect=fit.order_effect is not None,
    )  # fmt: skip


def same(a, b):
    np.testing.assert_array_equal(a, b)


# --- replicates are what they should be -----------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("prior", [None, WEAK])
@pytest.mark.parametrize("kind", KINDS)
def test_replicates_equal_their_twins(model, prior, kind):
    gf = vn.fit_groups(leagues(), model=model, prior=prior)
    b = vn.bootstrap(gf, 6, scheme=kind, rng=3, tol=1e-9, keep="draws")
    expected = twin(b, 6)
    assert expected.has_fit.mean() > 0.9
    same(b._replicates.status == 0, expected.has_fit)
    np.testing.assert_allclose(b.theta, expected.theta, atol=1e-6)
    assert b.residual.max() <= 1e-9
    if b._replicates.log_tie is not None:
        np.testing.assert_allclose(np.exp(b._replicates.log_tie), expected.tie, rtol=1e-6)


MASS = st.sampled_from([0.0, 0.0, 1.0, 2.0, 5.0])
CELL = st.tuples(
    st.integers(0, 2), st.integers(0, 3), st.integers(1, 3), MASS, MASS, MASS,
    st.sampled_from([-1, 0, 1]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    cells=st.lists(CELL, min_size=1, max_size=25),
    fraction=st.sampled_from([1.0, 1.0, 0.3]),
    model=st.sampled_from(MODELS),
    kind=st.sampled_from(KINDS),
    prior=st.sampled_from([None, WEAK]),
    order_effect=st.booleans(),
    seed=st.integers(0, 99),
)
def test_which_replicates_have_a_fit(cells, fraction, model, kind, prior, order_effect, seed):
    group, first, gap, win, loss, tie, order = map(np.array, zip(*cells, strict=True))
    g = vn.GroupedComparisons.from_counts(
        group, first, (first + gap) % 4, fraction * win, loss, tie, order=order
    )
    gf = vn.fit_groups(g, model=model, prior=prior, order_effect=order_effect)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        warnings.simplefilter("ignore", vn.ConvergenceWarning)
        b = vn.bootstrap(gf, 4, scheme=kind, rng=seed, tol=1e-9, keep="draws")
        expected = twin(b, 4)
    fitted = np.isfinite(gf.residual) & (gf.status != "no comparisons")
    assert not b.resampled[~fitted].any()
    status = b._replicates.status[:, b.resampled]
    same(status == 0, expected.has_fit[:, b.resampled])
    same(b.n_failed[b.resampled], (~expected.has_fit[:, b.resampled]).sum(axis=0))
    # without a prior, a replicate may be next to flat in some direction
    places = np.repeat(b.resampled, np.diff(g.offsets))
    near = {"atol": 1e-6} if prior is not None else {"rtol": 1e-3, "atol": 1e-3}
    np.testing.assert_allclose(b.theta[:, places], expected.theta[:, places], **near)


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
@pytest.mark.parametrize("unit", ["outcomes", "cells"])
def test_order_effects(model, unit):
    gf = vn.fit_groups(leagues(games=90), model=model, prior=WEAK, order_effect=True)
    b = vn.bootstrap(gf, 5, unit=unit, rng=4, tol=1e-9, keep="draws")
    expected = twin(b, 5)
    same(b._replicates.status == 0, expected.has_fit)
    np.testing.assert_allclose(b.theta, expected.theta, atol=1e-6)
    np.testing.assert_allclose(b._replicates.gamma, expected.order_effect, atol=1e-6)


@pytest.mark.parametrize("soft", [True, False])
@pytest.mark.parametrize("unit", ["auto", "cells"])
def test_cells_are_drawn_with_what_they_hold(soft, unit):
    gf = vn.fit_groups(leagues(soft=soft), prior=WEAK)
    b = vn.bootstrap(gf, 6, unit=unit, rng=5, tol=1e-9, keep="draws")
    np.testing.assert_allclose(b.theta, twin(b, 6).theta, atol=1e-6)
    drawn = "cells" if soft or unit == "cells" else "outcomes"
    assert b[0].unit == drawn


def test_each_group_decides_by_its_masses():
    g = vn.GroupedComparisons.from_counts(
        [0, 0, 1, 1], [0, 1, 0, 1], [1, 2, 1, 2], [3.0, 2.5, 3.0, 2.0], [1.0, 1.0, 1.0, 1.0]
    )
    b = vn.bootstrap(vn.fit_groups(g), 4, rng=1, tol=1e-9, keep="draws")
    assert [b[k].unit for k in (0, 1)] == ["cells", "outcomes"]
    np.testing.assert_allclose(b.theta, twin(b, 4).theta, atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_a_group_is_a_single_bootstrap(model):
    gf = vn.fit_groups(leagues(games=200, labels=["a", "b", "c", "d"]), model=model)
    for keep in ("draws", "summary"):
        b = vn.bootstrap(gf, 40, rng=6, tol=1e-9, keep=keep)
        own = b["c"]
        single = own._engine().run(0, 40)
        assert (own.status == 0).all()
        np.testing.assert_allclose(own.theta, single.x[:, :5], atol=1e-6)
        if own.tie is not None:
            np.testing.assert_allclose(own.tie, np.exp(single.x[:, -1]), rtol=1e-6)
        at = slice(gf.offsets[2], gf.offsets[3])
        np.testing.assert_allclose(own.standard_errors(), b.standard_errors()[at], rtol=1e-12)
        np.testing.assert_allclose(own.interval(), b.interval()[at], rtol=1e-12)
        assert own.extend(3).n_resamples == 43
        assert b["c"].prob_better(0, 3) == own.prob_better(0, 3)


def test_large_groups_are_resampled_as_single_fits(monkeypatch):
    gf = vn.fit_groups(leagues(3, 8, 120))
    small = vn.bootstrap(gf, 12, rng=2, tol=1e-9, keep="draws")
    monkeypatch.setattr(batches, "MAX_ITEMS", 5)
    large = vn.bootstrap(gf, 12, rng=2, tol=1e-9, keep="draws")
    assert large._engine().apart.all()
    np.testing.assert_allclose(large.theta, small.theta, atol=1e-6)
    same(large.n_failed, small.n_failed)


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_what_the_small_solver_is_slow_on_is_fitted_alone(monkeypatch, model):
    gf = vn.fit_groups(leagues(3, 8, 120), model=model)
    small = vn.bootstrap(gf, 12, rng=2, tol=1e-9, keep="draws")
    monkeypatch.setattr(_group_engine, "PATIENCE", 1)
    slow = vn.bootstrap(gf, 12, rng=2, tol=1e-9, keep="draws")
    assert (slow._replicates.status == 0).all()
    assert not np.array_equal(slow.theta, small.theta)
    np.testing.assert_allclose(slow.theta, small.theta, atol=1e-6)


def test_shared_parameters_are_held():
    g = leagues(5, 5, 80)
    gf = vn.fit_groups(g, model="davidson", order_effect=True, shared=True)
    b = vn.bootstrap(gf, 30, rng=1, tol=1e-9, keep="draws")
    assert set(b.parameter_errors()) == {None}
    single = vn.bootstrap(vn.fit_groups(g, model="davidson", order_effect=True), 30, rng=1)
    ratio = b.standard_errors() / single.standard_errors()
    assert 0.8 < np.median(ratio) < 1.2
    # the gradient of one replicate, at the shared values, is 0
    drawn = reference.replicates.draw_cells(
        reference.cells_of_group(g, 2),
        tuple(int(x) for x in b._engine().keys[2]), 7, "multinomial", "auto", True,
    )  # fmt: skip
    theta = b.theta[7, g.offsets[2] : g.offsets[3]]
    d = theta[drawn.first] - theta[drawn.second] + drawn.order * gf.order_effect
    terms = reference.cell_terms("davidson", d, math.log(gf.tie), drawn.win, drawn.loss, drawn.tie)
    slope = np.bincount(drawn.first, terms["d1"], 5) - np.bincount(drawn.second, terms["d1"], 5)
    np.testing.assert_allclose(slope, gf.prior.precision * theta, atol=1e-6)
    with pytest.raises(ValueError, match="that of all groups"):
        b[2]


# --- streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("soft", [True, False])
def test_threads_blocks_and_numbers_of_replicates_change_nothing(monkeypatch, kind, soft):
    gf = vn.fit_groups(leagues(9, 6, 40, soft=soft), prior=WEAK)
    whole = vn.bootstrap(gf, 70, scheme=kind, rng=7, n_threads=1, keep="draws")
    for threads in (2, 5):
        again = vn.bootstrap(gf, 70, scheme=kind, rng=7, n_threads=threads, keep="draws")
        same(again.theta, whole.theta)
        same(again.interval(), whole.interval())
    monkeypatch.setattr(_group_engine, "WORK", 300)  # a group at a time, by parts
    for keep in ("summary", "draws"):
        cut = vn.bootstrap(gf, 70, scheme=kind, rng=7, n_threads=2, keep=keep)
        same(cut.mean(), whole.mean())
        same(cut.standard_errors(), whole.standard_errors())
        same(cut.interval(), whole.interval())
        same(cut.residual, whole.residual)
    same(cut.theta, whole.theta)
    few = vn.bootstrap(gf, 18, scheme=kind, rng=7, keep="draws")
    same(few.theta, whole.theta[:18])
    longer = few.extend(52)
    same(longer.theta, whole.theta)
    same(longer.interval(), whole.interval())
    same(longer.n_failed, whole.n_failed)
    again = vn.bootstrap(gf, 18, scheme=kind, rng=7).extend(52)
    same(again.interval(), whole.interval())


def test_a_group_is_the_same_whatever_others_there_are():
    g = leagues(5, labels=["q", "r", "s", "t", "u"])
    alone = vn.GroupedComparisons.from_counts(
        ["s"] * int(np.diff(g.cell_offsets)[2]),
        *(x[g.cell_offsets[2] : g.cell_offsets[3]] for x in (g.first, g.second, g.win, g.loss)),
        g.tie[g.cell_offsets[2] : g.cell_offsets[3]],
        order=g.order[g.cell_offsets[2] : g.cell_offsets[3]],
    )
    many = vn.bootstrap(vn.fit_groups(g), 9, rng=1, keep="draws")
    one = vn.bootstrap(vn.fit_groups(alone), 9, rng=1, keep="draws")
    same(one.theta, many.theta[:, g.offsets[2] : g.offsets[3]])
    other = vn.bootstrap(vn.fit_groups(g), 9, rng=2, keep="draws")
    assert not np.array_equal(other.theta, many.theta)


def test_group_keys():
    key = (5, 2**64 - 1)
    for labels in ([3, -1, 7], [2**63], ["3", "x", "é"], []):
        same(group_keys(key, np.array(labels)), reference.group_keys(key, np.array(labels)))
    keys = reference.group_keys(key, [3, -1, 7])
    same(keys[2], reference.group_keys(key, np.array([7], np.uint64))[0])
    texts = reference.group_keys(key, ["3", "x"])
    assert len({tuple(k) for k in np.concatenate([keys, texts]).tolist()}) == 5
    assert reference.group_keys(key, np.empty(0, object)).shape == (0, 2)


# --- statistics -----------------------------------------------------------------------------------


def test_summary_is_that_of_the_draws():
    gf = vn.fit_groups(leagues(6, 40, 500), model="davidson", order_effect=True)
    b = vn.bootstrap(gf, 101, rng=3, keep="draws", levels=[0.8, 0.95])
    draws = b.theta
    np.testing.assert_allclose(b.mean(), draws.mean(axis=0), atol=1e-13)
    np.testing.assert_allclose(b.standard_errors(), draws.std(axis=0, ddof=1), rtol=1e-12)
    for level in (0.8, 0.95, 0.5):
        tail = 0.5 - level / 2.0
        expected = np.quantile(draws, [tail, 1.0 - tail], axis=0).T
        np.testing.assert_allclose(b.interval(level), expected, rtol=1e-13)
        np.testing.assert_allclose(
            b.interval(level, "basic"), 2.0 * gf.theta[:, None] - expected[:, ::-1], atol=1e-12
        )
    errors = b.parameter_errors()
    np.testing.assert_allclose(errors.order_effect, b._replicates.gamma.std(axis=0, ddof=1))
    np.testing.assert_allclose(errors.tie, np.exp(b._replicates.log_tie).std(axis=0, ddof=1))


def test_the_law_is_that_of_the_single_bootstrap():
    gf = vn.fit_groups(leagues(2, 5, 150, soft=True), prior=WEAK)
    b = vn.bootstrap(gf, 1500, rng=1, keep="draws")
    other = vn.bootstrap(gf[1], 1500, rng=2, unit="cells")
    for i in range(5):
        column = b.theta[:, gf.offsets[1] + i]
        assert stats.ks_2samp(column, other.theta[:, i]).pvalue > 1e-5


def test_intervals_cover():
    # items of known strength, 60 games a pair: intervals of 90 % in 300 groups of 4
    rng = np.random.default_rng(8)
    n_groups, games = 300, 60
    theta = np.array([0.6, 0.2, -0.2, -0.6])
    i, j = np.triu_indices(4, 1)
    p = 1.0 / (1.0 + np.exp(theta[j] - theta[i]))
    win = rng.binomial(games, np.tile(p, (n_groups, 1))).ravel().astype(float)
    group = np.repeat(np.arange(n_groups), len(i))
    first, second = np.tile(i, n_groups), np.tile(j, n_groups)
    g = vn.GroupedComparisons.from_counts(group, first, second, win, games - win)
    b = vn.bootstrap(vn.fit_groups(g, prior=None), 300, rng=1, levels=0.9)
    bounds = b.interval(0.9).reshape(n_groups, 4, 2)
    held = (bounds[:, :, 0] <= theta) & (theta <= bounds[:, :, 1])
    # groups are independent; items of one group at worst alike: the variance is at most that of
    # n_groups trials. Quantiles of 300 draws widen the nominal level by at most 1 %
    limit = 4.0 * math.sqrt(0.9 * 0.1 / n_groups) + 0.01
    assert abs(held.mean() - 0.9) < limit
    ratio = b.standard_errors() / b.fit.standard_errors()
    assert abs(ratio.mean() - 1.0) < 0.02


def test_replicates_without_a_fit_are_counted():
    g = vn.GroupedComparisons.from_counts(
        ["few", "many"], [0, 0], [1, 1], win=[9.0, 300.0], loss=[2.0, 200.0]
    )
    gf = vn.fit_groups(g, prior=None)
    with pytest.warns(vn.NotIdentifiedWarning, match="in 1 groups: few"):
        b = vn.bootstrap(gf, 4000, rng=1, keep="draws")
    lost = (9 / 11) ** 11 + (2 / 11) ** 11
    assert abs(b.n_failed[0] / 4000 - lost) < 5.0 * math.sqrt(lost / 4000)
    assert b.n_failed[1] == 0
    same(np.isnan(b.theta[:, 0]).sum(), b.n_failed[0])
    assert np.isfinite(b.standard_errors()).all()
    np.testing.assert_allclose(b.standard_errors()[0], np.nanstd(b.theta[:, 0], ddof=1))
    assert "without a finite fit" in repr(b)
    with pytest.warns(vn.NotIdentifiedWarning):
        same(vn.bootstrap(gf, 4000, rng=1).n_failed, b.n_failed)
    cured = vn.bootstrap(vn.fit_groups(g), 500, rng=1)
    assert cured.n_failed.tolist() == [0, 0]


def test_groups_of_several_components():
    g = vn.GroupedComparisons.from_counts(
        [0] * 2, [0, 2], [1, 3], win=[40.0, 30.0], loss=[30.0, 40.0]
    )
    gf = vn.fit_groups(g, prior=None)
    assert gf.status.tolist() == ["not identified"]
    b = vn.bootstrap(gf, 50, rng=1, tol=1e-9, keep="draws")
    assert b.n_failed.tolist() == [0]
    np.testing.assert_allclose(b.theta, twin(b, 50).theta, atol=1e-6)


def test_what_cannot_be_resampled_is_said():
    g = vn.GroupedComparisons(
        ["no fit", "one", "fine", "fine"], [0, 0, 0, 1], [1, 1, 1, 0], [1.0, 0.5, 1.0, 1.0],
        groups=["none", "no fit", "one", "fine"],
    )  # fmt: skip
    gf = vn.fit_groups(g, prior=None)
    with pytest.warns(vn.NotIdentifiedWarning):
        b = vn.bootstrap(gf, 30, rng=1)
    assert b.resampled.tolist() == [False, False, False, True]
    assert b.n_failed[:3].tolist() == [0, 0, 0]
    assert 0 < b.n_failed[3] < 30
    same(np.isfinite(b.standard_errors()), [False] * 4 + [True] * 2)
    with pytest.raises(ValueError, match=r"= 'one'.*nothing to resample in the group"):
        b["one"]
    with pytest.raises(ValueError, match="the group has no fit"):
        b["no fit"]


def test_no_items_at_all():
    g = vn.GroupedComparisons([], [], [], [], groups=["a", "b"])
    b = vn.bootstrap(vn.fit_groups(g), 5, rng=1)
    assert b.resampled.tolist() == [False, False]
    assert b.interval().shape == (0, 2)


# --- the result -----------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", ["summary", "draws"])
@pytest.mark.parametrize("labels", [None, ["a", "b", "c", "d"]])
def test_saved_and_read_again(tmp_path, keep, labels):
    gf = vn.fit_groups(leagues(labels=labels), model="davidson", order_effect=True)
    b = vn.bootstrap(gf, 12, rng=1, keep=keep, levels=[0.9, 0.5])
    b.save(tmp_path / "b.npz")
    for other in (
        vn.resampling.GroupedBootstrap.load(tmp_path / "b.npz"),
        pickle.loads(pickle.dumps(b)),
    ):
        assert (other.keep, other.levels, other.key) == (b.keep, b.levels, b.key)
        same(other.groups, b.groups)
        same(other.interval(0.5), b.interval(0.5))
        same(other.extend(3).mean(), b.extend(3).mean())
        same(other[b.groups[1]].theta, b[b.groups[1]].theta)
    vn.bootstrap(gf[b.groups[0]], 3, rng=1).save(tmp_path / "single.npz")
    with pytest.raises(ValueError, match="is no saved bootstrap"):
        vn.resampling.GroupedBootstrap.load(tmp_path / "single.npz")


def test_table_and_progress():
    seen = []
    gf = vn.fit_groups(leagues(labels=["a", "b", "c", "d"]))
    b = vn.bootstrap(gf, 12, rng=1, levels=0.5, progress=lambda *x: seen.append(x))
    assert seen[-1] == (4, 4)
    table = b.to_frame("dict", level=0.5)
    assert list(table) == [
        "group", "item", "theta", "standard_error", "lower", "upper", "n_failed",
    ]  # fmt: skip
    assert table["group"].tolist() == ["a"] * 5 + ["b"] * 5 + ["c"] * 5 + ["d"] * 5
    same(table["lower"], b.interval(0.5)[:, 0])
    assert repr(b) == "<GroupedBootstrap of bradley-terry: 12 multinomial replicates of 4 groups>"


def test_arrays_are_read_only():
    b = vn.bootstrap(vn.fit_groups(leagues()), 5, rng=1, keep="draws")
    for array in (b.theta, b.mean(), b.n_failed, b.standard_errors()):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError):
        b.scheme = "poisson"


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"n_resamples": 0}, ValueError, "n_resamples = 0: must be at least 1"),
        ({"n_resamples": -3}, ValueError, "n_resamples.*: must be at least 1"),
        ({"n_resamples": 2.0}, TypeError, "n_resamples.*: must be a whole number"),
        ({"scheme": "jackknife"}, ValueError, "scheme.*: must be one of multinomial"),
        ({"keep": "all"}, ValueError, "keep = 'all': must be one of summary, draws"),
        ({"unit": "rows"}, ValueError, "unit = 'rows': must be one of auto, outcomes, cells"),
        ({"levels": [0.9, 1.0]}, ValueError, "levels.*: must be strictly between 0 and 1"),
        ({"levels": []}, ValueError, "levels.*: must hold at least one"),
        ({"tol": 0}, ValueError, "tol.*: must be strictly between 0 and 1"),
        ({"rng": -1}, ValueError, "rng"),
        ({"n_threads": 0}, ValueError, "n_threads"),
        ({"fit": leagues()}, TypeError, "fit.*: must be a Fit or a GroupedFit"),
        ({"unit": "outcomes"}, ValueError, r"comparisons.win\[0\] = .*\(group 0\) is not whole"),
    ],
)
def test_bad_input(arguments, kind, text):
    fit = vn.fit_groups(leagues(soft=True))
    with pytest.raises(kind, match=text):
        vn.bootstrap(**({"fit": fit, "n_resamples": 2} | arguments))


def test_more_bad_input():
    gf = vn.fit_groups(leagues())
    with pytest.raises(ValueError, match="ask the fit itself"):
        vn.bootstrap(gf.rescale("elo"), 2)
    with pytest.raises(ValueError, match=r"keep.*: a summary is made of groups only"):
        vn.bootstrap(gf[0], 2, keep="summary")
    b = vn.bootstrap(gf, 4, rng=1)
    with pytest.raises(ValueError, match=r"level.*: only those of 0.95 were kept"):
        b.interval(0.9)
    with pytest.raises(ValueError, match=r"interval.*: must be one of percentile, basic, bca"):
        b.interval(interval="wald")
    with pytest.raises(ValueError, match="there is no such group"):
        b[99]
    with pytest.raises(ValueError, match=r"more.*: must be at least 1"):
        b.extend(0)
    heavy = vn.GroupedComparisons.from_counts([0], [0], [1], [2e7], [1.0])
    with pytest.raises(ValueError, match="too many to resample"):
        vn.bootstrap(vn.fit_groups(heavy), 2)


def test_an_interrupt_is_passed_on(monkeypatch):
    calls = []

    def interrupted(self, out, start, stop, begin, end):
        calls.append(start)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(GroupEngine, "run", interrupted)
    monkeypatch.setattr(_group_engine, "WORK", 1)
    with pytest.raises(KeyboardInterrupt):
        vn.bootstrap(vn.fit_groups(leagues()), 5, rng=1)
    assert len(calls) == 2
