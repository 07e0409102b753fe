"""Plans: expected quality against votes, and the student that they train."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import simulate
from venire.simulate import RidgeStudent, Teachers, out_of_fold, plan

SMALL = {"n_groups": 6, "n_items": 12, "degrees": (2, 4, 6), "n_seeds": 3, "rng": 5}


@pytest.fixture(scope="module")
def small():
    return plan(**SMALL)


def test_votes_and_costs(small):
    assert small.design == ("uniform", "adaptive")
    assert small.votes.shape == (2, 3, 3)
    expected = 6 * 12 * np.array([2, 4, 6]) / 2  # one teacher a pair
    np.testing.assert_array_equal(small.votes, np.broadcast_to(expected[:, None], (2, 3, 3)))
    np.testing.assert_array_equal(small.cost, small.votes)
    panel = plan(**(SMALL | {"panel": True, "n_seeds": 1, "design": "adaptive"}))
    np.testing.assert_array_equal(panel.votes[0, :, 0], 4 * expected)
    assert panel.design == ("adaptive",)


def test_costs_of_a_rotation():
    judges = simulate.teachers("costly")
    found = plan(**(SMALL | {"teachers": judges, "rotation": [0, 3, 3], "design": "uniform"}))
    mean = (10.0 + 0.3 + 0.3) / 3
    np.testing.assert_allclose(found.cost, mean * found.votes)  # 12, 24, 36 asks of each group
    failing = Teachers([4.0, 4.0], failure=[0.5, 0.0], cost=[1.0, 100.0])
    found = plan(**(SMALL | {"teachers": failing, "design": "uniform"}))
    asks = np.array([72, 144, 216]) / 2
    dear = found.cost // 100
    np.testing.assert_array_equal(dear[0], np.broadcast_to(asks[:, None], (3, 3)))
    assert (found.votes < 2 * asks[:, None]).all()  # no answer, no price
    np.testing.assert_allclose(found.cost - 100 * dear, found.votes - dear)


def test_quality_grows_and_adaptive_asks_pay():
    found = plan(30, 30, (2, 5, 8), n_seeds=3, panel=True, rng=1)
    for measure in ("tau", "ndcg"):
        mean, _ = found.interval(measure)
        assert (np.diff(mean, axis=1) > 0).all()
        assert mean[1, -1] > mean[0, -1]
    mean, half = found.interval("nmse")
    assert (np.diff(mean, axis=1) < 0).all()
    assert mean[1, -1] < 0.85 * mean[0, -1]  # about .65 in the benchmark
    np.testing.assert_array_equal(mean[0, 0], mean[1, 0])  # the same first cycles
    assert (half > 0).all()


def test_measures_are_those_of_the_fit():
    """One seed of a panel, done by hand."""
    found = plan(4, 10, (2,), panel=True, design="uniform", n_seeds=1, rng=3)
    words = np.random.default_rng(3).integers(0, 2**64, size=2, dtype=np.uint64).tolist()
    seed = int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0])
    world = simulate.world(n_groups=4, n_items=10, rng=seed)
    rng = np.random.default_rng([seed, 1])
    asked = vn.design.design_pairs(np.full(4, 10), 2, rng=rng)
    columns = [np.repeat(x, 4) for x in (asked.group, asked.first, asked.second)]
    votes = world.votes(simulate.teachers(), *columns, np.tile(np.arange(4), len(asked)))
    theta = vn.fit_votes(votes, method="consensus").fit.theta
    r = np.corrcoef(theta, world.theta)[0, 1]
    assert found.values["nmse"][0, 0, 0] == pytest.approx(1 - r * r)


def test_repeatable_for_any_threads(small):
    again = plan(**SMALL, n_threads=2)
    for name, values in small.values.items():
        np.testing.assert_array_equal(values, again.values[name])
    other = plan(**(SMALL | {"rng": 6}))
    assert (other.values["tau"] != small.values["tau"]).any()


def test_needed(small):
    mean, _ = small.interval("tau")
    middle = 0.5 * (mean[1, 1] + mean[1, 2])
    assert small.needed(middle, unit="degree") == pytest.approx(5.0)
    assert small.needed(middle, unit="votes") == pytest.approx(180.0)
    assert small.needed(mean[0, 1], design="uniform", unit="cost") == pytest.approx(144.0)
    assert small.needed(0.0, unit="degree") == 2.0
    assert np.isnan(small.needed(0.999))
    error, _ = small.interval("nmse")
    assert small.needed(error[1, 2], "nmse", unit="degree") == pytest.approx(6.0)


def test_table(small):
    table = small.to_frame("dict")
    assert table["design"].tolist() == ["uniform"] * 3 + ["adaptive"] * 3
    assert table["degree"].tolist() == [2, 4, 6] * 2
    x = small.values["tau"][1, 2]
    half = 4.302653 * x.std(ddof=1) / np.sqrt(3)  # Student's t with 2 degrees of freedom
    assert table["tau_upper"][5] - table["tau"][5] == pytest.approx(half, rel=1e-6)
    assert "3 seeds" in repr(small)
    alone = plan(**(SMALL | {"n_seeds": 1})).to_frame("dict")
    assert np.isnan(alone["tau_lower"]).all()


def test_progress():
    told = []
    plan(**(SMALL | {"design": "uniform"}), progress=lambda *x: told.append(x))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_one_group_and_groups_of_different_sizes():
    one = plan(**(SMALL | {"n_groups": 1, "n_seeds": 1}))
    assert np.isfinite(one.values["tau"]).all()
    mixed = plan(3, [8, 12, 20], (2, 4), n_seeds=1, rng=0)
    np.testing.assert_array_equal(mixed.votes[:, :, 0], [[40, 80], [40, 80]])


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"degrees": (2, 2)}, ValueError, r"degrees\[1\] = 2: must increase"),
        ({"degrees": (1, 4)}, ValueError, "degrees.*: must be at least 2"),
        ({"degrees": (2, 12)}, ValueError, "degrees.*: must be below the number of items, 12"),
        ({"degrees": ()}, TypeError, "degrees"),
        ({"degrees": (2.5,)}, TypeError, "degrees"),
        ({"degrees": (2, 3), "n_items": 11}, ValueError, "degrees.*: must grow by even numbers"),
        ({"teachers": "odd"}, ValueError, "preset.*: must be one of"),
        ({"teachers": 3}, TypeError, "teachers: must be"),
        ({"design": "odd"}, ValueError, "design.*: must be one of"),
        ({"design": ()}, ValueError, "design"),
        ({"criterion": "sd"}, ValueError, "criterion.*: must be one of D, A, top"),
        ({"law": "odd"}, ValueError, "law"),
        ({"n_seeds": 0}, ValueError, "n_seeds"),
        ({"rotation": [0, 4]}, ValueError, r"rotation\[1\] = 4: must be a position"),
        ({"rotation": [0.5]}, TypeError, "rotation"),
        ({"rotation": [0], "panel": True}, ValueError, "rotation"),
        ({"teachers": Teachers([1.0], failure=1.0)}, ValueError, "teachers: answered none"),
    ],
)
def test_bad_arguments(change, error, text):
    with pytest.raises(error, match=text):
        plan(**(SMALL | change))


def test_levels_of_intervals(small):
    (mean, wide), (_, narrow) = small.interval("tau"), small.interval("tau", level=0.5)
    assert (narrow < wide).all()
    table = small.to_frame("dict", level=0.5)
    np.testing.assert_array_equal(table["tau_upper"], (mean + narrow).ravel())
    for call in (lambda: small.interval("tau", level=1.0), lambda: small.to_frame(level=1.0)):
        with pytest.raises(ValueError, match=r"level.*: must be strictly between"):
            call()


@pytest.mark.parametrize("call", ["interval", "needed"])
def test_unknown_measure(small, call):
    with pytest.raises(ValueError, match=r"measure.*: must be one of tau"):
        small.interval("odd") if call == "interval" else small.needed(0.5, "odd")


def test_picture(small):
    pytest.importorskip("matplotlib").use("Agg")
    from venire import plots

    ax = plots.plot_plan(small, measure="ndcg", against="cost")
    lines = ax.get_lines()
    np.testing.assert_allclose(lines[1].get_ydata(), small.interval("ndcg")[0][1])
    np.testing.assert_allclose(lines[1].get_xdata(), small.cost[1].mean(axis=1))
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["uniform", "adaptive"]
    wide = plots.plot_plan(small, measure="ndcg", level=1.0 - 1e-9)
    bands = [path.vertices[:, 1] for c in wide.collections for path in c.get_paths()]
    assert len(bands) == 2
    assert min(map(np.min, bands)) == 0.0  # what nDCG can be, though half a width is more
    assert max(map(np.max, bands)) == 1.0
    with pytest.raises(ValueError, match=r"against.*: must be"):
        plots.plot_plan(small, against="time")
    with pytest.raises(TypeError, match=r"plan.*must be a Plan, got int"):
        plots.plot_plan(3)


# ---- the student ------------------------------------------------------------------------------


def test_ridge_is_the_normal_equations():
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(60, 3)), rng.normal(size=60), rng.uniform(0.5, 2.0, 60)
    student = RidgeStudent(penalty=2.0, n_waves=0).fit(x, y, w)
    w = w / w.mean()
    a = np.column_stack([np.ones(60), x])
    gram = a.T @ (w[:, None] * a) + np.diag([0.0, 2.0, 2.0, 2.0])
    expected = np.linalg.solve(gram, a.T @ (w * y))
    np.testing.assert_allclose(student.predict(x), a @ expected, atol=1e-10)


def test_waves_learn_what_lines_cannot():
    x = np.random.default_rng(1).normal(size=(600, 2))
    y = np.cos(2.0 * x[:, 0])

    def r2(student):
        found = student.fit(x[:300], y[:300]).predict(x[300:])
        return np.corrcoef(found, y[300:])[0, 1] ** 2

    assert r2(RidgeStudent(n_waves=0)) < 0.1
    assert r2(RidgeStudent(penalty=0.01, scale=1.0)) > 0.9


def test_out_of_fold_has_not_seen_the_group():
    w = simulate.world(n_groups=10, n_items=20, rng=2)
    y = np.array(w.theta)
    before = out_of_fold(RidgeStudent(), w.features, y, w.group, rng=0)
    y[w.group == 3] += 100.0 * np.arange(20)
    after = out_of_fold(RidgeStudent(), w.features, y, w.group, rng=0)
    mine = w.group == 3
    np.testing.assert_allclose(after[mine], before[mine], rtol=1e-12)
    assert (abs(after[~mine] - before[~mine]) > 1e-6).any()


def test_parameters_as_scikit_learn_has_them():
    student = RidgeStudent(penalty=1.0)
    assert student.get_params() == {"penalty": 1.0, "n_waves": 150, "scale": 0.25, "seed": 0}
    assert student.set_params(n_waves=3).features(np.zeros((2, 4))).shape == (2, 7)
    with pytest.raises(ValueError, match="there is no parameter 'alpha'"):
        student.set_params(alpha=1)
    clone = pytest.importorskip("sklearn.base").clone
    assert clone(student).get_params() == student.get_params()


def test_bad_input_of_the_student():
    x, y = np.zeros((4, 2)), np.zeros(4)
    with pytest.raises(ValueError, match="finite"):
        RidgeStudent().fit(np.full((4, 2), np.nan), y)
    with pytest.raises(ValueError, match="y: has 3 rows"):
        RidgeStudent().fit(x, y[:3])
    with pytest.raises(ValueError, match="two-dimensional"):
        RidgeStudent().fit(y, y)
    with pytest.raises(ValueError, match="at least two"):
        out_of_fold(RidgeStudent(), x, y, [1, 1, 1, 1])
    with pytest.raises(ValueError, match="group"):
        out_of_fold(RidgeStudent(), x, y, [1, 2])
    with pytest.raises(ValueError, match="features"):
        out_of_fold(RidgeStudent(), x[:3], y, [1, 1, 2, 2])
