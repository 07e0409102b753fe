"""The laws that every model keeps, over the table: a new row is tested by being there."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
from venire._native.model import cell_terms, names
from venire._native.problem import Problem

import venire as vn
from venire import models, reference, scales, simulate
from venire.models import MODELS, model_of

ROWS = [pytest.param(model_of(name), id=name) for name in MODELS]
TIES = [pytest.param(model_of(n), id=n) for n in MODELS if model_of(n).tie is not None]
HALF = [pytest.param(model_of(name), id=name) for name in models.HALF_TIES]

NEAR = np.concatenate([np.linspace(-8.0, 8.0, 65), [-40.0, -29.0, 31.0, 40.0]])
FAR = np.array([0.0, 1e-300, 1e-8, 0.3, 4.99, 5.01, 30.0, 36.0, 38.6, 100.0, 745.0, 1e3, 1e4])
OUTCOMES = {"win": (1.0, 0.0, 0.0), "loss": (0.0, 1.0, 0.0), "tie": (0.0, 0.0, 1.0)}
MASSES = (*OUTCOMES.values(), (2.0, 5.0, 3.0))


def log_ties(row):
    """Logs of the tie parameter, above its bound."""
    if row.tie is None:
        return (0.0,)
    return tuple(float(np.log(row.tie.typical)) + x for x in (0.0, 1.5))


def terms(row, d, t, masses):
    d = np.ascontiguousarray(d, np.float64)
    return cell_terms(row.name, d, t, *(np.full(len(d), m) for m in masses))


def native_value(row, d, t, masses):
    """Log-likelihood of one cell, in the native layer."""
    win, loss, tie = masses
    if row.tie is None:
        win, loss, tie = win + 0.5 * tie, loss + 0.5 * tie, None
    one = (np.array([x]) if x is not None else None for x in (win, loss, tie))
    problem = Problem(
        row.name, np.array([0, 1, 1]), np.array([1], np.int32), *one,
        offset=np.array([d]),
    )  # fmt: skip
    return problem.log_likelihood(np.array([0.0, 0.0, t][: 2 + (row.tie is not None)]))


def played(row, n_items=6, n=600, seed=0, **options):
    rows = simulate.comparisons(n_items, n, model=row.name, rng=seed, **options)
    return vn.Comparisons(rows.first, rows.second, rows.score, order=rows.order)


def grouped(row, n_groups=4, n_items=6, n=1200, seed=0):
    rows = simulate.comparisons(n_items, n, model=row.name, rng=seed)
    group = np.arange(n) % n_groups
    return vn.GroupedComparisons(group, rows.first, rows.second, rows.score)


# ---- the tables ------------------------------------------------------------------------------


def test_the_tables_have_the_same_rows():
    assert MODELS == names() == reference.MODELS
    assert set(reference.TIE_MODELS) == set(MODELS) - set(models.HALF_TIES)
    assert models.DEFAULT in models.HALF_TIES


@pytest.mark.parametrize("row", ROWS)
def test_rows_are_complete(row):
    assert row.scale in scales.SCALES
    assert row.unit
    assert row.title
    assert model_of(row.name) is row
    assert row.fitted(free_tie=True) is row
    assert row.fitted(free_tie=False).tie is None
    assert (row.fitted(free_tie=False) is row) == (row.tie is None)


def test_unknown_models_are_refused():
    with pytest.raises(ValueError, match="model = 'elo': must be one of bradley-terry,"):
        model_of("elo")
    with pytest.raises((ValueError, TypeError), match="model"):
        model_of(np.array(["plackett-luce"]))
    for wrong in ("", "Bradley-Terry", "nu"):
        with pytest.raises(ValueError, match=r"model: is .*, which has no row"):
            cell_terms(wrong, np.zeros(1), 0.0, *np.ones((3, 1)))


# ---- the link --------------------------------------------------------------------------------


@pytest.mark.parametrize("masses", MASSES, ids=str)
@pytest.mark.parametrize("row", ROWS)
def test_native_derivatives_are_those_of_the_native_likelihood(row, masses):
    """Central differences: of the value for the slopes, of the slopes for the curvatures."""
    step = 1e-5
    for t in log_ties(row):
        own = terms(row, NEAR, t, masses)
        up, down = (terms(row, NEAR + s, t, masses) for s in (step, -step))
        size = sum(masses) * (1.0 + np.abs(NEAR))
        slope = np.array(
            [
                native_value(row, d + step, t, masses) - native_value(row, d - step, t, masses)
                for d in NEAR
            ]
        ) / (2.0 * step)
        assert (np.abs(own["d1"] - slope) <= 1e-8 * size**2).all()
        curve = (down["d1"] - up["d1"]) / (2.0 * step)
        assert (np.abs(own["d2"] - curve) <= 1e-8 * size).all()
        if row.tie is None:
            assert set(own) == {"d1", "d2"}
            continue
        more, less = (terms(row, NEAR, t + s, masses) for s in (step, -step))
        slope = np.array(
            [
                native_value(row, d, t + step, masses) - native_value(row, d, t - step, masses)
                for d in NEAR
            ]
        ) / (2.0 * step)
        assert (np.abs(own["t1"] - slope) <= 1e-8 * size).all()
        assert (np.abs(own["t2"] - (less["t1"] - more["t1"]) / (2.0 * step)) <= 1e-8 * size).all()
        assert (np.abs(own["dt"] - (less["d1"] - more["d1"]) / (2.0 * step)) <= 1e-8 * size).all()


@pytest.mark.parametrize("row", ROWS)
def test_symmetric(row):
    d = np.concatenate([NEAR, FAR])
    for t in log_ties(row):
        there, back = terms(row, d, t, (2.0, 5.0, 3.0)), terms(row, -d, t, (5.0, 2.0, 3.0))
        for name, sign in {"d1": -1, "d2": 1, "t1": 1, "dt": -1, "t2": 1}.items():
            if name in there:
                np.testing.assert_allclose(there[name], sign * back[name], rtol=1e-13, atol=1e-13)
        p, q = row.probabilities(d, t), row.probabilities(-d, t)
        np.testing.assert_allclose(p, 1.0 - q if row.tie is None else q[:, ::-1], atol=1e-15)


@pytest.mark.parametrize("masses", MASSES, ids=str)
@pytest.mark.parametrize("row", ROWS)
def test_log_concave_and_safe(row, masses):
    """Curvatures are >= 0, jointly with the tie parameter, and nothing overflows to |d| = 1e4."""
    d = np.concatenate([-FAR, NEAR, FAR])
    for t in log_ties(row):
        own = terms(row, d, t, masses)
        assert all(np.isfinite(x).all() for x in own.values())
        assert (own["d2"] >= 0.0).all()
        assert all(np.isfinite(native_value(row, x, t, masses)) for x in d)
        assert all(np.isfinite(x).all() for x in terms(row, [-1e300, 1e300], t, masses).values())
        if row.tie is not None:
            assert (own["t2"] >= 0.0).all()
            determinant = own["d2"] * own["t2"] - own["dt"] ** 2
            assert (determinant >= -1e-13 * (own["d2"] * own["t2"] + own["dt"] ** 2)).all()


@pytest.mark.parametrize("masses", MASSES, ids=str)
@pytest.mark.parametrize("row", ROWS)
def test_native_equals_reference(row, masses):
    d = np.concatenate([-FAR, NEAR, FAR])
    for t in log_ties(row):
        own = terms(row, d, t, masses)
        twin = reference.cell_terms(row.name, d, t, *(np.full(len(d), m) for m in masses))
        for name, x in own.items():
            np.testing.assert_allclose(x, twin[name], rtol=1e-9, atol=1e-13, err_msg=name)
        value = [native_value(row, x, t, masses) for x in d]
        np.testing.assert_allclose(value, twin["value"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(
            row.probabilities(d, t), reference.probabilities(row.name, d, t), rtol=1e-12, atol=1e-16
        )


@pytest.mark.parametrize("row", ROWS)
def test_probabilities_are_those_of_the_likelihood(row):
    """P of each outcome is the exponential of its log-likelihood; scores have the mean 0, and their
    mean square is the mean curvature."""
    kinds = ("win", "tie", "loss") if row.tie is not None else ("win", "loss")
    for t in log_ties(row):
        p = row.probabilities(NEAR, t)
        p = p.T if row.tie is not None else np.stack([p, row.probabilities(-NEAR, t)])
        np.testing.assert_allclose(p.sum(axis=0), 1.0, rtol=1e-14)
        each = [terms(row, NEAR, t, OUTCOMES[kind]) for kind in kinds]
        for share, kind in zip(p, kinds, strict=True):
            value = [native_value(row, d, t, OUTCOMES[kind]) for d in NEAR]
            np.testing.assert_allclose(share, np.exp(value), rtol=1e-12, atol=1e-300)
        for first, second, both in (("d1", "d1", "d2"), ("t1", "t1", "t2"), ("d1", "t1", "dt")):
            if both in each[0]:
                mean = sum(q * x[first] for q, x in zip(p, each, strict=True))
                np.testing.assert_allclose(mean, 0.0, atol=1e-12)
                square = sum(q * x[first] * x[second] for q, x in zip(p, each, strict=True))
                curve = sum(q * x[both] for q, x in zip(p, each, strict=True))
                np.testing.assert_allclose(square, curve, atol=1e-12)


@pytest.mark.parametrize("row", TIES)
def test_laws_of_ties(row):
    law = row.tie
    for share in (0.01, 0.3, 0.9):
        assert row.probabilities(np.zeros(1), law.log_at(share))[0, 1] == pytest.approx(share)
        assert law.start(share) == law.log_at(share) > law.log_boundary
    assert all(np.isfinite(law.start(share)) for share in (0.0, 1.0))
    assert law.typical > law.boundary >= 0.0
    assert [law.inside(x) for x in (law.typical, law.boundary, None)] == [True, False, False]
    without = row.fitted(free_tie=False)
    p = row.probabilities(NEAR, law.log_boundary)
    np.testing.assert_allclose(p[:, 0], without.probabilities(NEAR, 0.0), rtol=1e-12)
    assert (p[:, 1] == 0.0).all()
    own, other = (
        terms(row, NEAR, law.log_boundary, (2.0, 5.0, 0.0)),
        terms(without, NEAR, 0.0, (2.0, 5.0, 0.0)),
    )
    for name in other:
        np.testing.assert_allclose(own[name], other[name], rtol=1e-12, atol=1e-14)


# ---- the fits --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS)
def test_fit_is_where_the_reference_is(row):
    c = played(row, order_effect=0.4, neutral=0.3)
    fit = vn.ratings.fit_model(c, model=row.name, order_effect=True)
    twin = reference.fit(reference_cells(c), row.name, order_effect=True)
    np.testing.assert_allclose(fit.theta, twin.theta, atol=1e-7)
    assert fit.log_likelihood == pytest.approx(twin.log_likelihood, rel=1e-12)
    assert fit.order_effect == pytest.approx(twin.order_effect, abs=1e-7)
    assert (fit.tie is None) == (row.tie is None)
    if row.tie is not None:
        assert fit.tie == pytest.approx(twin.tie, rel=1e-7)
        assert fit.tie > row.tie.boundary
    for kind in ("fisher", "robust"):
        errors = fit.standard_errors(kind)
        assert np.isfinite(errors).all()
        assert (errors > 0.0).all()


def reference_cells(c):
    return reference.Cells(
        c.items, c.first, c.second, c.order, c.win, c.loss, c.tie, c.square, c.cluster
    )


@pytest.mark.parametrize("row", ROWS)
def test_fit_finds_what_it_was_drawn_from(row):
    rows = simulate.comparisons(5, 20_000, model=row.name, rng=1)
    fit = vn.ratings.fit_model(vn.Comparisons(rows.first, rows.second, rows.score), model=row.name)
    truth = rows.theta - rows.theta.mean()
    assert (np.abs(fit.theta - truth) < 5.0 * fit.standard_errors()).all()
    if row.tie is not None:
        assert fit.tie == pytest.approx(row.tie.typical, rel=0.1)


@pytest.mark.parametrize("row", ROWS)
def test_single_is_group(row):
    g = grouped(row)
    groups = vn.fit_groups(g, model=row.name, prior=None)
    for label in g.groups.tolist():
        single = vn.ratings.fit_model(g[label], model=row.name)
        own = groups[label]
        np.testing.assert_allclose(own.theta, single.theta, atol=1e-8)
        assert own.log_likelihood == pytest.approx(single.log_likelihood, rel=1e-12)
        np.testing.assert_allclose(own.standard_errors(), single.standard_errors(), rtol=1e-6)
    shared = vn.fit_groups(g, model=row.name, prior=None, shared=True)
    assert shared.status.tolist() == ["converged"] * g.n_groups


@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("row", ROWS)
def test_replicate_is_refit(row, order_effect):
    c = played(row, n=300, order_effect=0.2 * order_effect, neutral=0.3 * order_effect)
    fit = vn.ratings.fit_model(c, model=row.name, order_effect=order_effect)
    b = vn.bootstrap(fit, 40, rng=1)
    assert (b.status == 0).any()
    for r in np.flatnonzero(b.status == 0)[:5].tolist():
        again = vn.ratings.fit_model(
            replicate(fit, b, r), model=row.name, order_effect=order_effect
        )
        np.testing.assert_allclose(b.theta[r], again.theta, atol=1e-6)
        if row.tie is not None:
            assert b.tie[r] == pytest.approx(again.tie, rel=1e-5)


def replicate(fit, b, r):
    """The comparisons of a replicate."""
    from venire._native.replicates import Draws

    from venire.resampling._cells import cells_of

    cells = cells_of(fit, "auto")
    drawn = Draws("multinomial", cells.counts, b.key).replicate(r)
    win, loss, tie = cells.masses(drawn)
    return vn.Comparisons.from_counts(
        cells.first, cells.second, win, loss, tie, order=cells.order, items=fit.items
    )


@pytest.mark.parametrize("row", ROWS)
def test_existence(row):
    apart = vn.Comparisons([0, 0, 1], [1, 1, 2], 1.0)
    with pytest.raises(vn.NotIdentifiedError):
        vn.ratings.fit_model(apart, model=row.name)
    held = vn.ratings.fit_model(apart, model=row.name, prior=vn.GaussianPrior(1.0))
    assert held.converged
    assert (np.diff(held.theta) < 0.0).all()
    closed = vn.Comparisons([0, 1, 2], [1, 2, 0], 1.0)
    fit = vn.ratings.fit_model(closed, model=row.name)
    np.testing.assert_allclose(fit.theta, 0.0, atol=1e-9)
    if row.tie is not None:
        assert fit.tie == row.tie.boundary
        assert "boundary" in fit.note
        with pytest.raises(vn.NotIdentifiedError):
            vn.ratings.fit_model(vn.Comparisons([0], [1], 0.5), model=row.name)


@pytest.mark.parametrize("row", ROWS)
def test_mm_where_the_row_says_so(row):
    c = played(row)
    if row.mm:
        fit = vn.ratings.fit_model(c, model=row.name, method="mm")
        np.testing.assert_allclose(
            fit.theta, vn.ratings.fit_model(c, model=row.name).theta, atol=1e-6
        )
        return
    with pytest.raises(
        ValueError, match=f"method = .*: does not go with the model {row.name}: use"
    ):
        vn.ratings.fit_model(c, model=row.name, method="mm")
    from venire.ratings.problem import build_problem

    problem = build_problem(c, row.name)
    with pytest.raises(ValueError, match="no sweep"):
        problem.newman_sweeps(np.ones(c.n_items), 1.0, 0.0, 1)


# ---- what fits are used for ------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS)
def test_predict(row):
    fit = vn.ratings.fit_model(played(row), model=row.name)
    first, second = np.triu_indices(6, 1)
    p, q = fit.predict(first, second), fit.predict(second, first)
    if row.tie is None:
        np.testing.assert_allclose(p + q, 1.0, rtol=1e-14)
    else:
        np.testing.assert_allclose(p.sum(axis=-1), 1.0, rtol=1e-14)
        np.testing.assert_allclose(p, q[:, ::-1], rtol=1e-12)
    ahead = fit.theta[first] > fit.theta[second]
    won, lost = (p, q) if row.tie is None else (p[:, 0], p[:, 2])
    assert ((won > lost) == ahead).all()


@pytest.mark.parametrize("row", ROWS)
def test_scales(row):
    fit = vn.ratings.fit_model(played(row), model=row.name)
    assert scales.scale_of(row.name) == row.scale
    np.testing.assert_allclose(
        fit.rescale("elo").theta, scales.convert(fit.theta, row.scale, "elo"), rtol=1e-14
    )
    groups = vn.fit_groups(grouped(row), model=row.name)
    for scale in scales.SCALES:
        there = groups.rescale(scale)
        np.testing.assert_allclose(there.rescale(row.scale).theta, groups.theta, atol=1e-12)


@pytest.mark.parametrize("row", ROWS)
def test_calibrate(row):
    groups = vn.fit_groups(grouped(row), model=row.name)
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 400)
    b = (a + rng.integers(1, 4, 400)) % 4
    i, j = rng.integers(0, 6, (2, 400))
    bias = np.array([-1.0, 0.0, 0.5, 0.5])
    theta = groups.theta.reshape(4, 6)
    d = theta[a, i] + bias[a] - theta[b, j] - bias[b]
    chance = row.fitted(free_tie=False).probabilities(d, 0.0)
    found = vn.calibrate(groups, a, i, b, j, rng.random(400) < chance)
    assert np.abs(found.bias - bias).max() < 0.6
    twin = reference.kappa([0.0, 2.0], row.fitted(free_tie=False).name)
    np.testing.assert_allclose(twin, 1.0 / np.sqrt(1.0 + row.variance_share * np.array([0, 2.0])))


@pytest.mark.parametrize("row", HALF)
def test_votes(row):
    """Teachers' votes are fitted and weighed by models of half ties."""
    rows = simulate.comparisons(6, 600, model=row.name, rng=2)
    votes = vn.Votes(
        rows.first,
        rows.second,
        np.arange(600) % 3,
        2.0 * rows.score - 1.0,
        group=np.zeros(600, int),
    )
    found = vn.fit_votes(votes, model=row.name)
    assert found.fit.model == row.name
    from venire._native.teacher_weights import expected_votes

    d, v = np.array([-1.3, 0.0, 0.2, 700.0]), np.array([0.5, 1.0, 0.0, 1.0])
    one, n = np.zeros(4, np.int32), np.array([0, 8])
    theta = np.stack([d, np.zeros(4)], axis=1).ravel()
    first = 2 * np.arange(4, dtype=np.int32)
    expected = expected_votes(
        n, np.array([0, 4]), first, first + one + 1, theta, v, row.name, row.variance_share, 1
    )
    np.testing.assert_allclose(expected, reference.expected_vote(d, v, row.name), atol=1e-14)


@pytest.mark.parametrize("row", TIES)
def test_votes_and_asks_have_no_model_of_ties(row):
    rows = simulate.comparisons(6, 60, rng=2)
    votes = vn.Votes(
        rows.first, rows.second, np.arange(60) % 3, 2.0 * rows.score - 1.0, group=np.zeros(60, int)
    )
    with pytest.raises(ValueError, match=r"model.*: must be one of"):
        vn.fit_votes(votes, model=row.name)
    with pytest.raises(ValueError, match=r"model.*: must be one of"):
        vn.design.allocate(grouped(row), 8, model=row.name)


@pytest.mark.parametrize("row", HALF)
def test_allocate(row):
    g = grouped(row)
    picked = vn.design.allocate(g, 8, model=row.name, rng=0)
    assert len(picked.first) == 8


@pytest.mark.parametrize("row", ROWS)
def test_simulate(row):
    theta = np.array([0.3, 0.0])
    n = 40_000
    score = simulate.outcomes(np.zeros(n, int), np.ones(n, int), theta, model=row.name, rng=0)
    p = row.probabilities(np.array([0.3]), log_ties(row)[0])[0]
    seen = [(score == s).mean() for s in (1.0, 0.5, 0.0)]
    wanted = [p, 0.0, 1.0 - p] if row.tie is None else p
    np.testing.assert_allclose(seen, wanted, atol=5.0 * 0.5 / np.sqrt(n))


@pytest.mark.parametrize("row", ROWS)
def test_saved_bootstraps(row, tmp_path):
    fit = vn.ratings.fit_model(played(row), model=row.name)
    b = vn.bootstrap(fit, 4, rng=0)
    b.save(tmp_path / "b.npz")
    again = vn.resampling.Bootstrap.load(tmp_path / "b.npz")
    assert again.fit.model == row.name
    assert np.array_equal(again.theta, b.theta, equal_nan=True)
    groups = vn.bootstrap(vn.fit_groups(grouped(row), model=row.name), 4, rng=0)
    groups.save(tmp_path / "g.npz")
    assert vn.resampling.GroupedBootstrap.load(tmp_path / "g.npz").fit.model == row.name


# ---- where models are named ------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS)
def test_summary(row):
    text = str(vn.ratings.fit_model(played(row), model=row.name).summary())
    assert text.startswith(f"{row.title} fit by newton")
    assert f"estimates: {row.unit}" in text
    if row.tie is not None:
        assert f"tie parameter {row.tie.symbol} " in text


def test_each_function_is_that_of_its_model():
    c = played(model_of("davidson"))
    for name in ("bradley-terry", "thurstone", "davidson", "rao-kupper"):
        function = getattr(vn, f"fit_{name.replace('-', '_')}")
        fit = function(c)
        assert fit.model == name
        assert np.array_equal(fit.theta, vn.ratings.fit_model(c, model=name).theta)
        shown = inspect.signature(function).parameters
        assert "components" in shown
        assert shown["tol"].default == 1e-9
        with pytest.raises(TypeError, match="unexpected keyword argument 'tolerance'"):
            function(c, tolerance=1e-9)


def test_the_table_in_the_docs():
    text = (Path(__file__).resolve().parents[1] / "docs" / "guide" / "concepts.md").read_text(
        "utf-8"
    )
    section = text.split("## Models\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")][1:]
    found = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    wanted = []
    for row in map(model_of, MODELS):
        ties = "half a win to each"
        if row.tie is not None:
            ties = f"{row.tie.symbol} >= {row.tie.boundary:g}"
        wanted.append([f"`{row.name}`", row.title, row.unit, ties, "yes" if row.mm else "no"])
    assert [cells[:5] for cells in found] == wanted


@pytest.mark.parametrize("row", ROWS)
def test_command_line(row, tmp_path, capsys):
    pytest.importorskip("typer")
    from venire.cli import main

    rows = simulate.comparisons(5, 400, model=row.name, rng=0)
    lines = (f"{i},{j},{s}" for i, j, s in zip(*rows[1:4], strict=True))
    (tmp_path / "rows.csv").write_text("\n".join(["first,second,score", *lines]))
    columns = ["--first", "first", "--second", "second", "--score", "score"]
    assert main(["fit", str(tmp_path / "rows.csv"), *columns, "--model", row.name]) == 0
    shown = capsys.readouterr().out
    assert row.name in shown or row.title in shown
