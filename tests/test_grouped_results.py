"""What a GroupedFit says: statuses, scales, tables; and whether its estimates and errors hold."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import venire as vn
from venire import reference, simulate

# a group with a fit, an undefeated item, two pairs that never met, nothing but a named item, none
GROUP = ["fit"] * 3 + ["undefeated"] * 2 + ["apart"] * 4 + ["zero"]
FIRST = ["a", "b", "c", "a", "b", "a", "b", "c", "d", "a"]
SECOND = ["b", "c", "a", "b", "c", "b", "a", "d", "c", "b"]
WEIGHT = [1.0] * 9 + [0.0]
GROUPS = ["fit", "undefeated", "apart", "zero", "single", "empty"]
G = vn.GroupedComparisons(
    GROUP, FIRST, SECOND, 1.0, weight=WEIGHT, groups=GROUPS, items=(["single"], ["a"])
)


def own(gf, values, label):
    k = GROUPS.index(label)
    return values[gf.offsets[k] : gf.offsets[k + 1]].tolist()


def test_statuses_without_a_prior():
    gf = vn.fit_groups(G, prior=None)
    none = "no comparisons"
    assert gf.status.tolist() == [
        "converged", "not identified", "not identified", none, none, none,
    ]  # fmt: skip
    assert gf.converged.tolist() == [True, False, False, False, False, False]
    assert gf.n_components.tolist() == [1, 1, 2, 2, 1, 0]
    np.testing.assert_allclose(own(gf, gf.theta, "fit"), 0.0, atol=1e-9)
    assert np.isnan(own(gf, gf.theta, "undefeated")).all()
    # pairs that never met are rated each by itself
    np.testing.assert_allclose(own(gf, gf.theta, "apart"), 0.0, atol=1e-9)
    np.testing.assert_allclose(own(gf, gf.standard_errors(), "apart"), 0.5**0.5)
    assert own(gf, gf.theta, "zero") == [0.0, 0.0]
    assert np.isnan(own(gf, gf.standard_errors(), "zero")).all()
    assert own(gf, gf.theta, "single") == [0.0]
    assert np.isnan(own(gf, gf.standard_errors(), "single")).all()
    assert own(gf, gf.theta, "empty") == []
    np.testing.assert_allclose(
        gf.log_likelihood, [-3 * np.log(2.0), np.nan, -4 * np.log(2.0), 0.0, 0.0, 0.0]
    )
    assert "6 groups, 1 converged, 13 items" in repr(gf)


def test_statuses_with_a_prior():
    gf = vn.fit_groups(G)
    assert gf.status.tolist() == ["converged"] * 3 + ["no comparisons"] * 3
    single = vn.fit_bradley_terry(G["undefeated"], prior=vn.GaussianPrior(0.01))
    np.testing.assert_allclose(own(gf, gf.theta, "undefeated"), single.theta, atol=1e-8)


@pytest.mark.parametrize("model", ["bradley-terry", "thurstone", "davidson", "rao-kupper"])
def test_one_bad_group_does_not_stop_the_others(model):
    gf = vn.fit_groups(G, model=model, prior=None)
    alone = vn.fit_groups(vn.GroupedComparisons(GROUP[:3], FIRST[:3], SECOND[:3], 1.0), model=model)
    assert gf.status[0] == alone.status[0] == "converged"
    assert np.isnan(gf.theta[3:6]).all()


def test_strict_names_the_groups():
    with pytest.raises(vn.NotIdentifiedError, match=r"2 of 6 groups.*undefeated, apart.*prior"):
        vn.fit_groups(G, prior=None, strict=True)
    assert vn.fit_groups(G, strict=True).status[1] == "converged"
    many = vn.GroupedComparisons(np.arange(40), np.zeros(40, int), np.ones(40, int), 1.0)
    with pytest.raises(vn.NotIdentifiedError, match=r"40 of 40 groups.*0, 1, 2, 3, 4 and 35 more"):
        vn.fit_groups(many, prior=None, strict=True)


def test_iteration_limit():
    rows = simulate.comparisons(8, 400, rng=1)
    g = vn.GroupedComparisons(np.arange(400) % 3, rows.first, rows.second, rows.score)
    for limit in (0, 1):
        with pytest.warns(vn.ConvergenceWarning, match="3 of 3 groups did not converge: 0, 1, 2"):
            gf = vn.fit_groups(g, max_iter=limit, tol=1e-13)
        assert gf.status.tolist() == ["iteration limit"] * 3
        assert gf.n_iter.tolist() == [limit] * 3
        assert (gf.residual > 1e-13).all()
        assert np.isfinite(gf.theta).all()
        assert not gf[0].converged
    with pytest.raises(vn.ConvergenceError, match="3 of 3 groups"):
        vn.fit_groups(g, max_iter=1, tol=1e-13, strict=True)
    gf = vn.fit_groups(g)
    assert (gf.n_iter > 1).all()
    assert (gf.residual <= gf.tol).all()


def test_the_iteration_limit_of_a_large_group():
    rows = simulate.play(*simulate.graph("4-regular", 2_001, rng=1), 2_001, rng=1)
    group = np.zeros(len(rows.first), int)
    g = vn.GroupedComparisons(group, rows.first, rows.second, rows.score, rows.weight)
    with pytest.warns(vn.ConvergenceWarning, match="1 of 1 groups"):
        gf = vn.fit_groups(g, max_iter=1)
    assert gf.status.tolist() == ["iteration limit"]


def test_the_iteration_limit_of_shared_parameters(monkeypatch):
    """They take iterations of their own; groups that fit wrong values have not converged."""
    rows = simulate.comparisons(8, 400, order_effect=1.0, rng=1)
    g = vn.GroupedComparisons(np.arange(400) % 3, rows.first, rows.second, rows.score)
    options = {"order_effect": True, "shared": True}
    assert vn.fit_groups(g, **options).converged.all()
    monkeypatch.setattr("venire.ratings.grouped._shared.MAX_ITER", 1)
    with pytest.warns(vn.ConvergenceWarning, match="3 of 3 groups"):
        gf = vn.fit_groups(g, **options)
    assert gf.status.tolist() == ["iteration limit"] * 3
    with pytest.raises(vn.ConvergenceError):
        vn.fit_groups(g, strict=True, **options)


# --- scales and tables ----------------------------------------------------------------------------

ROWS = simulate.comparisons(12, 3_000, model="davidson", rng=2)
MANY = vn.GroupedComparisons(np.arange(3_000) % 7, ROWS.first, ROWS.second, ROWS.score)


@pytest.mark.parametrize("model", ["bradley-terry", "thurstone", "davidson"])
def test_rescale(model):
    gf = vn.fit_groups(MANY, model=model)
    unit = {"logit": 1.0, "elo": 400.0 / np.log(10.0), "probit": 1 / 1.702, "erf": 2**-0.5 / 1.702}
    if model == "thurstone":
        unit = {"probit": 1.0, "erf": 2**-0.5, "logit": 1.702, "elo": 1.702 * 400 / np.log(10.0)}
    assert gf.scale == ("probit" if model == "thurstone" else "logit")
    for scale, factor in unit.items():
        new = gf.rescale(scale)
        centre = 1000.0 if scale == "elo" else 0.0
        np.testing.assert_allclose(new.theta, factor * gf.theta + centre, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(new.standard_errors(), factor * gf.standard_errors(), rtol=1e-12)
        assert (new.scale, gf.scale) == (scale, vn.scales.scale_of(model))
        np.testing.assert_allclose(new.rescale(gf.scale).theta, gf.theta, atol=1e-12)
        np.testing.assert_array_equal(new.item_weights, gf.item_weights)


def test_the_erf_scale_is_the_one_of_its_definition():
    """P(i beats j) = (1 + erf(theta_i - theta_j)) / 2 where the probit model says Phi."""
    from math import erf

    gf = vn.fit_groups(MANY, model="thurstone")
    k = gf.groups.tolist().index(3)
    theta = gf.rescale("erf").theta[gf.offsets[k] : gf.offsets[k + 1]]
    assert gf[3].predict(4, 5) == pytest.approx((1.0 + erf(theta[4] - theta[5])) / 2.0)


def test_standardize():
    gf = vn.fit_groups(G, prior=None)
    assert np.isnan(own(gf.standardize(), gf.standardize().theta, "undefeated")).all()
    assert own(gf, gf.standardize().theta, "single") == [0.0]
    gf = vn.fit_groups(MANY)
    new = gf.standardize()
    for k in range(7):
        at = slice(gf.offsets[k], gf.offsets[k + 1])
        assert new.theta[at].mean() == pytest.approx(0.0, abs=1e-12)
        assert new.theta[at].std() == pytest.approx(1.0)
        ratio = gf.theta[at] / new.theta[at]
        np.testing.assert_allclose(gf.standard_errors()[at] / new.standard_errors()[at], ratio)
    assert new.scale == "standardized"


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow", "dict", None])
def test_to_frame(backend):
    if backend not in ("dict", None):
        pytest.importorskip(backend)
    gf = vn.fit_groups(G)
    frame = gf.to_frame(backend)
    columns = ["group", "item", "theta", "standard_error", "lower", "upper", "rank",
               "n_comparisons", "determined"]  # fmt: skip
    names = frame.column_names if backend == "pyarrow" else getattr(frame, "columns", frame)
    assert list(names) == columns
    table = {c: np.asarray(frame[c]).tolist() for c in columns}
    assert table["group"] == ["fit"] * 3 + ["undefeated"] * 3 + ["apart"] * 4 + ["zero"] * 2 + [
        "single"
    ]
    assert table["item"] == list("abcabcabcdaba")
    assert table["n_comparisons"] == [2, 2, 2, 1, 2, 1, 2, 2, 2, 2, 0, 0, 0]
    np.testing.assert_array_equal(table["theta"], gf.theta)
    np.testing.assert_array_equal(table["standard_error"], gf.standard_errors())
    fresh = vn.fit_groups(G)
    assert list(fresh.to_frame("dict", errors=None)) == [*columns[:3], *columns[-3:]]
    assert "errors" not in fresh._cache


def test_pickling():
    for options in ({}, {"model": "davidson", "order_effect": True, "shared": True}):
        gf = vn.fit_groups(MANY, **options)
        fresh = pickle.loads(pickle.dumps(gf))
        assert isinstance(fresh, vn.GroupedFit)
        np.testing.assert_array_equal(fresh.theta, gf.theta)
        np.testing.assert_array_equal(fresh.standard_errors(), gf.standard_errors())
        np.testing.assert_array_equal(fresh.log_likelihood, gf.log_likelihood)
        assert fresh.parameter_errors() == gf.parameter_errors()
        assert (fresh.tie, fresh.order_effect) == (gf.tie, gf.order_effect)
        again = pickle.loads(pickle.dumps(gf.rescale("elo")))
        np.testing.assert_array_equal(again.standard_errors(), gf.rescale("elo").standard_errors())


def test_results_are_frozen():
    gf = vn.fit_groups(MANY)
    with pytest.raises(AttributeError):
        gf.theta = np.zeros(gf.theta.shape)
    for name in ("theta", "status", "residual", "n_iter", "n_components"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(gf, name)[:1] = 0


# --- are they true? -------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "spread"), [("bradley-terry", 0.5), ("thurstone", 0.3)])
def test_errors_are_calibrated(model, spread):
    """z-scores of theta against the centred truth, degree 4, 10 games a pair, have sd 1 +- 0.03.

    N independent z-scores would tell the sd to 1 / sqrt(2 N). Those of one group hang together:
    they count as n**2 / sum(r**2) with the correlations r of the fit. Four times that must be less
    than the 0.03, so that chance alone does not decide.
    """
    n_groups, n = 500, 50
    rng = np.random.default_rng(11)
    pairs = simulate.queries(n_groups, n, rng=rng)
    truth = rng.normal(0.0, spread, (n_groups, n))
    truth -= truth.mean(axis=1, keepdims=True)
    group, first, second = (np.repeat(x, 10) for x in (pairs.group, pairs.first, pairs.second))
    score = simulate.outcomes(
        group * n + first, group * n + second, truth.ravel(), model=model, rng=rng
    )
    g = vn.GroupedComparisons(group, first, second, score)
    gf = vn.fit_groups(g, model=model, prior=None)
    good = np.repeat(gf.converged, n)
    assert good.mean() > 0.97
    z = ((gf.theta - truth.ravel()) / gf.standard_errors())[good]
    covariance = gf[gf.groups[np.argmax(gf.converged)]].covariance()
    r = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    n_independent = len(z) * n / np.sum(r**2)
    assert 4.0 / np.sqrt(2.0 * n_independent) < 0.03
    assert z.std() == pytest.approx(1.0, abs=0.03)
    assert abs(z.mean()) < 4.0 / np.sqrt(n_independent)


def test_recovery_equals_that_of_the_reference():
    """Soft votes on random cycles: the correlation with the truth, centred group by group."""
    rows = simulate.queries(60, 30, rng=5)
    data = (rows.group, rows.first, rows.second, rows.score)
    prior = vn.GaussianPrior(0.01)
    gf = vn.fit_groups(vn.GroupedComparisons(*data), prior=prior)
    twin = reference.fit_groups(reference.aggregate_groups(*data), prior=prior)
    truth = rows.theta - rows.theta.mean(axis=1, keepdims=True)
    found, expected = (np.corrcoef(x, truth.ravel())[0, 1] for x in (gf.theta, twin.theta))
    assert found == pytest.approx(expected, abs=1e-6)
    assert 0.9 < found < 1.0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("shuffled", [False, True], ids=["sorted", "shuffled"])
def test_peak_memory_is_at_most_twice_the_input(shuffled):
    """Peak of the resident set, from rows to theta, above what it is before."""
    program = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        import numpy as np
        import venire as vn
        from venire import simulate

        rows = simulate.queries(10_000, 100, rng=1)
        data = [rows.group, rows.first, rows.second, rows.score]
        if {shuffled}:
            by = np.random.default_rng(1).permutation(len(data[0]))
            data = [np.ascontiguousarray(x[by]) for x in data]
            del by
        size = sum(x.nbytes for x in data)
        del rows

        def status(field):
            line = next(x for x in Path("/proc/self/status").open() if x.startswith(field))
            return int(line.split()[1]) * 1024

        tiny = vn.GroupedComparisons([1, 1], [0, 1], [1, 0], 1)
        vn.fit_groups(tiny)
        Path("/proc/self/clear_refs").write_text("5")
        before = status("VmRSS")
        gf = vn.fit_groups(vn.GroupedComparisons(*data))
        print((status("VmHWM") - before) / size, gf.converged.all())
    """)
    # memory that is freed goes back at once: else the sorted arrays' could hold the fit's
    env = os.environ | {"MALLOC_MMAP_THRESHOLD_": "65536"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=120,
        env=env,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    ratio, converged = run.stdout.split()
    assert converged == "True"
    assert 0.3 < float(ratio) <= 2.0


# --- what both kinds of fits offer ------------------------------------------------------------


def test_a_group_and_its_fit_say_the_same():
    gf = vn.fit_groups(MANY, model="davidson", order_effect=True)
    ranks, bounds, weights = gf.ranks(), gf.interval(0.9), gf.item_weights
    robust = gf.standard_errors("robust")
    own_errors = gf.parameter_errors("robust")
    for k, label in enumerate(gf.groups.tolist()):
        at, one = slice(gf.offsets[k], gf.offsets[k + 1]), gf[label]
        np.testing.assert_array_equal(ranks[at], one.ranks())
        np.testing.assert_allclose(bounds[at], one.interval(0.9), rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(weights[at], one.item_weights)
        np.testing.assert_array_equal(robust[at], one.standard_errors("robust"))
        assert own_errors.tie[k] == one.parameter_errors("robust").tie
        pairs = ([one.items[0]] * 3, one.items[1:4], [1, 0, -1])
        expected = one.predict(*pairs[:2], order=pairs[2])
        found = gf.predict([label] * 3, *pairs[:2], order=pairs[2])
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert gf.n_comparisons == MANY.n_comparisons
    elo = gf.rescale("elo")
    np.testing.assert_array_equal(elo.ranks(), ranks)
    label = gf.groups[0]
    np.testing.assert_array_equal(elo.predict([label], [4], [5]), gf.predict([label], [4], [5]))


def test_ranks_of_components_and_of_groups_without_a_fit():
    gf = vn.fit_groups(G, prior=None)
    for label in gf.groups.tolist():
        k = gf.groups.tolist().index(label)
        found = gf.ranks()[gf.offsets[k] : gf.offsets[k + 1]]
        if gf.status[k] == "no comparisons" or not np.isfinite(gf.residual[k]):
            continue
        np.testing.assert_array_equal(found, gf[label].ranks())
    assert own(gf, gf.ranks(), "undefeated") == [0, 0, 0]


def test_summary():
    gf = vn.fit_groups(G, prior=None)
    text = str(gf.summary(0.9, top=4))
    assert "fits of 6 groups" in text
    assert "... and 9 more items" in text
    assert "90 % Wald" in text
    assert "SE" not in str(gf.summary(errors=None))
    with pytest.raises(ValueError, match=r"errors = .*: must be one of fisher, robust"):
        gf.summary(errors="hubber")
    shared = vn.fit_groups(MANY, model="davidson", shared=True)
    with pytest.raises(ValueError, match="errors: where groups share parameters"):
        shared.standard_errors("robust")


def test_labels_are_not_positions():
    g = vn.GroupedComparisons([0, 0], [0, 1], [1, 0], 1.0)
    gf = vn.fit_groups(g, prior=vn.GaussianPrior(1.0))
    for grouped in (g, gf, vn.bootstrap(gf, 3, rng=1)):
        assert type(grouped[0]).__name__ in ("Comparisons", "Fit", "Bootstrap")
        with pytest.raises(TypeError, match="not iterable"):
            iter(grouped)


def test_saved_draws_keep_how_the_precision_was_found(tmp_path):
    gf = vn.fit_groups(vn.datasets.load_topics(), prior=vn.GaussianPrior("evidence"))
    gf.sample(10, rng=0).save(tmp_path / "draws.npz")
    kept = vn.resampling.GroupedPosteriorDraws.load(tmp_path / "draws.npz").fit
    assert kept.evidence == gf.evidence
    assert str(kept.summary()) == str(gf.summary())
