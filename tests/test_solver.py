"""The Newton solver on graphs that need each of its preconditioners."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import venire as vn
from venire import simulate
from venire.models import MODELS
from venire.priors import item_priors
from venire.ratings.problem import build_problem


def played(kind, n, *, rng=0, decades=0.0, permute=False):
    """Comparisons on a graph, every pair won by both sides."""
    rng = np.random.default_rng(rng)
    first, second = simulate.graph(kind, n, rng=rng)
    if permute:
        place = rng.permutation(n).astype(np.int32)
        first, second = place[first], place[second]
    win = rng.integers(1, 10, len(first)).astype(float)
    scale = 10.0 ** rng.uniform(-decades / 2, decades / 2, len(first))
    return vn.Comparisons.from_counts(first, second, win * scale, (10.0 - win) * scale)


def direct(c, theta, rhs):
    """The Newton step by a sparse direct solver, item 0 grounded."""
    from scipy import sparse
    from scipy.sparse.linalg import spsolve

    d = theta[c.first] - theta[c.second]
    p = 1.0 / (1.0 + np.exp(-d))
    w = (c.win + c.loss) * p * (1.0 - p)
    n = c.n_items
    off = sparse.coo_array((w, (c.first, c.second)), (n, n))
    off = off + off.T
    matrix = (sparse.diags_array(off.sum(axis=1)) - off).tocsc()[1:, 1:]
    x = np.concatenate([[0.0], spsolve(matrix, rhs[1:])])
    return x - x.mean()


GRAPHS = {
    # kind, items, decades of weights, permuted, preconditioner at the end
    "star": ("star", 5_000, 0, True, "jacobi"),
    "chain": ("chain", 5_000, 0, True, "jacobi"),
    "grid": ("grid", 22_500, 0, False, "multigrid"),
    "grid-renumbered": ("grid", 22_500, 0, True, "multigrid"),
    "grid-decades": ("grid", 2_500, 12, False, "cholesky"),
    "power-law-decades": ("power-law", 2_000, 12, True, "cholesky"),
    "4-regular": ("4-regular", 5_000, 0, False, "jacobi"),
    "components": ("components", 3_000, 0, False, None),
    "two-cliques": ("two-cliques", 100, 0, False, None),
}


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.filterwarnings("ignore::venire.NotIdentifiedWarning")
def test_fit_converges_on_every_graph(name):
    kind, n, decades, permute, level = GRAPHS[name]
    c = played(kind, n, decades=decades, permute=permute)
    fit = vn.fit_bradley_terry(c)
    assert fit.converged
    assert fit.residual <= 1e-9
    # the gradient, computed apart
    d = fit.theta[c.first] - fit.theta[c.second]
    g = c.win - (c.win + c.loss) / (1.0 + np.exp(-d))
    gradient = np.bincount(c.first, g, n) - np.bincount(c.second, g, n)
    games = np.bincount(c.first, c.win + c.loss, n) + np.bincount(c.second, c.win + c.loss, n)
    assert np.abs(gradient / games).max() <= 1.1e-9
    if level is not None:
        problem = build_problem(c, "bradley-terry")
        problem.solve(problem.derivatives(np.zeros(n)), 1e-9, 1e-6)
        assert problem.preconditioner == level


@pytest.mark.parametrize("name", [k for k in GRAPHS if k != "components"])
def test_solve_equals_a_direct_solver(name):
    kind, n, decades, permute, _ = GRAPHS[name]
    c = played(kind, n, decades=decades, permute=permute)
    problem = build_problem(c, "bradley-terry")
    theta = np.random.default_rng(1).normal(size=n)
    gradient = problem.derivatives(theta)
    step, _, converged = problem.solve(gradient, 1e-12, 1e-9)
    expected = direct(c, theta, gradient)
    assert converged
    # weights are stored in single precision: a relative error of 1e-7 in energy
    tolerance = 2e-6 * np.abs(expected).max() * (10.0 if decades else 1.0)
    np.testing.assert_allclose(step - step.mean(), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("model", ["davidson", "rao-kupper"])
@pytest.mark.parametrize("kind", ["chain", "grid", "power-law"])
def test_bordered_systems_on_larger_graphs(model, kind):
    """gamma and the tie parameter: recovered, and the same from a random numbering."""
    n = 3_600
    rng = np.random.default_rng(5)
    first, second = simulate.graph(kind, n, rng=rng)
    first, second = np.tile(first, 2), np.tile(second, 2)
    swap = rng.random(len(first)) < 0.5
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    theta = rng.normal(0.0, 0.5, n)
    d = theta[first] - theta[second] + 0.4
    share = 1.0 / (1.0 + np.exp(-d))
    masses = 20.0 * 0.75 * share, 20.0 * 0.75 * (1.0 - share), np.full(len(d), 5.0)
    fit_model = {"davidson": vn.fit_davidson, "rao-kupper": vn.fit_rao_kupper}[model]
    fit = fit_model(vn.Comparisons.from_counts(first, second, *masses), order_effect=True)
    assert fit.converged
    place = rng.permutation(n)
    again = fit_model(
        vn.Comparisons.from_counts(place[first], place[second], *masses), order_effect=True
    )
    np.testing.assert_allclose(again.theta[place], fit.theta, atol=1e-6)
    assert again.order_effect == pytest.approx(fit.order_effect, abs=1e-8)
    assert again.tie == pytest.approx(fit.tie, abs=1e-8)
    assert 0.2 < fit.order_effect < 0.6


@pytest.mark.parametrize("name", ["grid-renumbered", "grid-decades", "chain"])
def test_theta_is_bit_identical_for_any_number_of_threads(name):
    kind, n, decades, permute, _ = GRAPHS[name]
    c = played(kind, n, decades=decades, permute=permute)
    thetas = [vn.fit_bradley_terry(c, n_threads=k).theta for k in (1, 2, 8)]
    assert thetas[0].tobytes() == thetas[1].tobytes() == thetas[2].tobytes()


def test_long_cycle_with_chords_and_doubled_edges():
    """Elimination meets parallel edges, triangles and leaves."""
    n = 600
    ring = np.arange(n)
    first = np.concatenate([ring, ring, ring[:-2:3], [0] * 50])
    second = np.concatenate([(ring + 1) % n, (ring + 1) % n, ring[2::3], np.arange(n, n + 50)])
    order = np.where(np.arange(len(first)) % 2, 1, -1)
    rng = np.random.default_rng(3)
    win = rng.integers(1, 9, len(first)).astype(float)
    c = vn.Comparisons.from_counts(first, second, win, 10.0 - win, order=order)
    fit = vn.fit_bradley_terry(c, order_effect=True)
    cells = vn.reference.cells_from_counts(first, second, win, 10.0 - win, order=order)
    expected = vn.reference.fit(cells, "bradley-terry", order_effect=True)
    np.testing.assert_allclose(fit.theta, expected.theta, atol=1e-6)
    assert fit.order_effect == pytest.approx(expected.order_effect, abs=1e-7)


def test_almost_infinite_ratings_are_reached_without_overshooting():
    """One upset among a million games holds a rating of 14 logits; light items hang on it."""
    first = [0, 1, 1, 2, 2, 3]
    second = [1, 0, 2, 1, 3, 2]
    weight = [1e6, 1.0, 1e-6, 1e-6, 1e6, 1e-6]
    fit = vn.fit_bradley_terry(vn.Comparisons(first, second, 1.0, weight=weight))
    np.testing.assert_allclose(-np.diff(fit.theta), [np.log(1e6), 0.0, np.log(1e12)], atol=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_interrupt_ends_a_long_fit():
    code = (
        "import signal, numpy as np, venire as vn\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # it may be ignored here
        "i = np.arange(2_000_000, dtype=np.int32)\n"
        "w = np.random.default_rng(0).integers(1, 10, len(i) - 1).astype(float)\n"
        "c = vn.Comparisons.from_counts(i[:-1], i[1:], w, 10 - w)\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    vn.fit_bradley_terry(c)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout.readline() == "ready\n"
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        try:
            _, err = run.communicate(timeout=30)
        finally:
            run.kill()
    assert "KeyboardInterrupt" in err


@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.5)])
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("columns", [0, 3])
def test_the_gradient_alone_is_that_of_the_derivatives(model, columns, prior):
    rng = np.random.default_rng(6)
    n, items = 5_000, 40
    first = rng.integers(0, items, n)
    second = (first + rng.integers(1, items, n)) % items
    given = {"covariates": rng.normal(size=(n, columns))} if columns else {}
    c = vn.Comparisons(first, second, rng.choice([0.0, 0.5, 1.0], n), **given)
    problem = build_problem(c, model, prior=item_priors(prior, c.items), order_effect=True)
    there, here = np.abs(0.3 * rng.normal(size=(2, problem.n_parameters)))
    whole = problem.derivatives(here)
    problem.derivatives(there)
    image = problem.times(here[None])
    gradient, likelihood = problem.gradient(here)
    np.testing.assert_array_equal(gradient, whole)
    assert likelihood == problem.log_likelihood(here)
    assert problem.has_prior == (problem.objective(here) != likelihood)
    np.testing.assert_array_equal(problem.times(here[None]), image)
