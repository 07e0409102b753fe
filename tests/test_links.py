"""Links that callers bring: rows of the table like any other, and what is refused."""

from __future__ import annotations

import copy
import ctypes
import gc
import os
import pickle
import shutil
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from venire._native.model import cell_terms

import venire as vn
from venire import reference

numba = pytest.importorskip("numba")

import custom_links  # noqa: E402
from custom_links import CELL, VALUE, logistic_cell, logistic_value, secant_link  # noqa: E402

LOGISTIC, SECANT = custom_links.made()
PAIR = {"cell": logistic_cell, "log_likelihood": logistic_value}
NEAR = np.concatenate([np.linspace(-12.0, 12.0, 97), [-745.0, -40.0, 36.0, 1e4, -1e4]])


def played(n_items=8, n=800, seed=0, **options):
    rows = vn.simulate.comparisons(n_items, n, rng=seed, **options)
    return vn.Comparisons(rows.first, rows.second, rows.score, order=rows.order)


def grouped(n_groups=30, n_items=6, seed=0):
    rng = np.random.default_rng(seed)
    n = 40 * n_groups
    first = rng.integers(0, n_items, n)
    second = (first + rng.integers(1, n_items, n)) % n_items
    return vn.GroupedComparisons(np.arange(n) % n_groups, first, second, rng.random(n))


def cells_of(c):
    return reference.Cells(
        c.items, c.first, c.second, c.order, c.win, c.loss, c.tie, c.square, c.cluster
    )


def judged(n=400, seed=0):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 5, n)
    second = (first + rng.integers(1, 5, n)) % 5
    vote = np.where(rng.random(n) < 0.7, np.sign(second - first), np.sign(first - second))
    return vn.Votes(first, second, rng.integers(0, 4, n), vote, group=np.arange(n) % 20)


def close(a, b, near=1e-9):
    np.testing.assert_allclose(a, b, rtol=0.0, atol=near)


# ---- a row like any other ------------------------------------------------------------------------


@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.5), vn.GaussianPrior("evidence")])
def test_a_fit_is_that_of_the_model_it_copies(prior, order_effect):
    c = played(order_effect=0.4, neutral=0.3)
    own = vn.ratings.fit_model(c, model="test-logistic", prior=prior, order_effect=order_effect)
    twin = vn.fit_bradley_terry(c, prior=prior, order_effect=order_effect)
    assert own.model == "test-logistic"
    close(own.theta, twin.theta)
    close(own.log_likelihood, twin.log_likelihood)
    first, second = np.triu_indices(8, 1)
    close(own.predict(first, second), twin.predict(first, second))
    for errors in ("fisher", "robust"):
        close(own.standard_errors(errors), twin.standard_errors(errors))
    close(own.covariance(), twin.covariance())
    close(own.rescale("elo", anchor=0).theta, twin.rescale("elo", anchor=0).theta, 1e-6)
    assert own.ranks().tolist() == twin.ranks().tolist()
    draws = own.sample(50, rng=1), twin.sample(50, rng=1)
    close(draws[0].theta, draws[1].theta, 1e-8)


def test_a_bootstrap_is():
    c = played()
    own = vn.bootstrap(vn.ratings.fit_model(c, model=LOGISTIC), 50, rng=1, n_threads=2)
    twin = vn.bootstrap(vn.fit_bradley_terry(c), 50, rng=1)
    close(own.theta, twin.theta)
    close(own.standard_errors(), twin.standard_errors())


@pytest.mark.parametrize("shared", [False, True])
def test_groups_are(shared):
    g = grouped()
    options = {"prior": vn.GaussianPrior(0.3), "shared": shared}
    own = vn.fit_groups(g, model=LOGISTIC, **options)
    twin = vn.fit_groups(g, model="bradley-terry", **options)
    assert own.model == "test-logistic"
    close(own.theta, twin.theta)
    close(own.standard_errors(), twin.standard_errors())
    own, twin = (vn.bootstrap(f, 20, rng=3) for f in (own, twin))
    close(own.standard_errors(), twin.standard_errors(), 1e-8)


def test_bridges_paths_updates_and_evidence_are():
    g = grouped()
    for prior in (vn.GaussianPrior(0.3), vn.GaussianPrior("evidence")):
        pair = [vn.fit_groups(g, model=m, prior=prior) for m in ("test-logistic", "bradley-terry")]
        close(pair[0].theta, pair[1].theta, 1e-7)
    of = [g.groups.tolist()[:-1], [0] * 29, g.groups.tolist()[1:], [1] * 29]
    levels = [vn.calibrate(f, *of, [0.6] * 29).bias for f in pair]
    close(levels[0], levels[1], 1e-7)
    c, more = played(), played(seed=5)
    pair = [vn.ratings.fit_model(c, model=m, prior=vn.GaussianPrior(0.1)) for m in
            (LOGISTIC, "bradley-terry")]  # fmt: skip
    rows = more.first, more.second, more.win / (more.win + more.loss)
    pair = [f.update(vn.Comparisons(*rows, items=c.items)) for f in pair]
    close(pair[0].theta, pair[1].theta)


def test_votes_rating_and_allocation_take_it():
    votes = judged()
    pair = [vn.fit_votes(votes, model=m, prior=vn.GaussianPrior(0.3)) for m in
            (LOGISTIC, "bradley-terry")]  # fmt: skip
    close(pair[0].fit.theta, pair[1].fit.theta)
    close(pair[0].weights, pair[1].weights)
    pair = [vn.rate(votes, model=m, prior=vn.GaussianPrior(0.3)) for m in
            ("test-logistic", "bradley-terry")]  # fmt: skip
    close(pair[0].fit.theta, pair[1].fit.theta)
    close(pair[0].standard_errors(), pair[1].standard_errors())
    g = grouped()
    pair = [vn.design.allocate(g, 60, model=m, prior=vn.GaussianPrior(0.3), rng=0).to_frame("dict")
            for m in (LOGISTIC, "bradley-terry")]  # fmt: skip
    assert pair[0]["first"].tolist() == pair[1]["first"].tolist()


def test_pages_and_the_loop_take_it():
    from distillation_data import World, play

    fit = vn.ratings.fit_model(vn.datasets.load_battles(), model=SECANT)
    page = vn.pages.report(fit)
    assert "Model: test-secant." in page
    loops = []
    for model in ("test-logistic", "bradley-terry"):
        world = World()
        loops.append(play(world.loop(model=model), world, rounds=2))
    close(loops[0].fit().fit.theta, loops[1].fit().fit.theta)


def test_paths_and_covariates_take_it():
    rows = vn.simulate.comparisons(6, 600, rng=2)
    day = np.arange(600) // 100
    c = vn.Comparisons(rows.first, rows.second, rows.score, date=day)
    pair = [vn.fit_path(c, model=m, step=1, walk=0.1) for m in (LOGISTIC, "bradley-terry")]
    assert pair[0].model == "test-logistic"
    close(pair[0].at(5, "dict")["theta"], pair[1].at(5, "dict")["theta"], 1e-7)
    x = np.random.default_rng(0).normal(size=(600, 2))
    c = vn.Comparisons(rows.first, rows.second, rows.score, covariates=x)
    pair = [vn.ratings.fit_model(c, model=m) for m in (LOGISTIC, "bradley-terry")]
    close(pair[0].coefficients, pair[1].coefficients)
    for errors in ("fisher", "robust"):
        close(pair[0].standard_errors(errors), pair[1].standard_errors(errors))


@pytest.mark.parametrize("model", [LOGISTIC, SECANT])
def test_threads_and_cells_do_not_matter(model):
    c = played(n_items=300, n=40_000)
    one, two = (vn.ratings.fit_model(c, model=model, n_threads=k) for k in (1, 3))
    assert one.theta.tobytes() == two.theta.tobytes()
    assert one.log_likelihood == two.log_likelihood


# ---- a link of its own ---------------------------------------------------------------------------


@pytest.mark.parametrize("masses", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (2.0, 5.0, 3.0)])
def test_secant_equals_its_twin(masses):
    masses = [np.full(len(NEAR), m) for m in masses]
    own = cell_terms("test-secant", NEAR, 0.0, *masses)
    twin = reference.cell_terms(secant_link, NEAR, 0.0, *masses)
    for name in ("d1", "d2"):
        np.testing.assert_allclose(own[name], twin[name], rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(
        SECANT.probabilities(NEAR, 0.0), 2.0 / np.pi * np.arctan(np.exp(np.minimum(NEAR, 700.0))),
        rtol=1e-12,
    )  # fmt: skip


@pytest.mark.parametrize("order_effect", [False, True])
def test_secant_fit_is_where_the_reference_is(order_effect):
    c = played(order_effect=0.3, neutral=0.2)
    fit = vn.ratings.fit_model(c, model=SECANT, order_effect=order_effect)
    twin = reference.fit(cells_of(c), secant_link, order_effect=order_effect)
    assert fit.converged
    close(fit.theta, twin.theta, 1e-8)
    close(fit.log_likelihood, twin.log_likelihood)
    covariance = reference.covariance(cells_of(c), secant_link, twin)
    close(fit.standard_errors(), np.sqrt(np.diag(covariance))[:8], 1e-7)


def test_secant_finds_what_it_was_drawn_from():
    rows = vn.simulate.comparisons(5, 20_000, model=SECANT, rng=1)
    fit = vn.ratings.fit_model(vn.Comparisons(rows.first, rows.second, rows.score), model=SECANT)
    miss = fit.theta - (rows.theta - rows.theta.mean())
    assert (np.abs(miss) < 5.0 * fit.standard_errors()).all()
    spread = vn.bootstrap(fit, 400, rng=2).standard_errors()
    np.testing.assert_allclose(spread, fit.standard_errors(), rtol=0.25)


def test_secant_groups_are_single_fits():
    g = grouped()
    fits = vn.fit_groups(g, model=SECANT, prior=vn.GaussianPrior(0.2))
    for label in g.groups.tolist()[:5]:
        one = vn.ratings.fit_model(g[label], model=SECANT, prior=vn.GaussianPrior(0.2))
        close(fits[label].theta, one.theta, 1e-8)
        close(fits[label].standard_errors(), one.standard_errors(), 1e-7)
    twin = reference.fit_groups(g, secant_link, prior=vn.GaussianPrior(0.2))
    close(fits.theta, twin.theta, 1e-7)


def test_a_scale_of_its_own():
    fit = vn.ratings.fit_model(played(), model=SECANT)
    assert fit.scale == "test-secant"
    assert fit.rescale() is fit
    close(fit.rescale(anchor=2, at=1.0).theta, fit.theta - fit.theta[2] + 1.0)
    assert "units of test-secant" in str(fit.summary())
    with pytest.raises(ValueError, match="scale = 'elo': cannot be had from that of the model tes"):
        fit.rescale("elo")
    with pytest.raises(ValueError, match="is a custom model's own, from which no"):
        vn.scales.factor("logit", "test-secant")
    g = vn.fit_groups(grouped(), model=SECANT, prior=vn.GaussianPrior(0.3))
    assert vn.targets.make_targets(g).scale == "test-secant"
    with pytest.raises(ValueError, match="cannot be had from that of the model test-secant"):
        vn.targets.make_targets(g, scale="logit")


def test_methods_and_existence():
    with pytest.raises(ValueError, match="does not go with the model test-secant: use 'newton'"):
        vn.ratings.fit_model(played(), model=SECANT, method="mm")
    with pytest.raises(vn.NotIdentifiedError):
        vn.ratings.fit_model(vn.Comparisons([0, 0, 1], [1, 1, 2], 1.0), model=SECANT)


def test_slopes_between_equals_say_the_rest():
    assert LOGISTIC.variance_share == pytest.approx(np.pi / 8.0, rel=1e-14)
    assert SECANT.variance_share == pytest.approx(2.0 / np.pi, rel=1e-14)
    v = np.array([0.0, 0.7, 4.0])
    close(reference.kappa(v, secant_link), 1.0 / np.sqrt(1.0 + SECANT.variance_share * v), 1e-15)


# ---- names, processes, files ---------------------------------------------------------------------


def test_names():
    for name in ("bradley-terry", "logistic", "elo", "plackett-luce", "logit", "erf"):
        with pytest.raises(ValueError, match=f"name = '{name}': is taken"):
            vn.Model.custom(name, **PAIR)
    for name in ("", "A", "two words", "x" * 65, "-x"):
        with pytest.raises(ValueError, match="must be of small letters"):
            vn.Model.custom(name, **PAIR)
    with pytest.raises(TypeError, match="name: must be a str"):
        vn.Model.custom(None, **PAIR)
    with pytest.raises(ValueError, match="is that of another custom model; say replace=True"):
        vn.Model.custom("test-logistic", **PAIR)
    with pytest.raises(ValueError, match="scale = 'elo': must be one of logit, probit"):
        vn.Model.custom("test-scale", scale="elo", **PAIR)
    with pytest.raises(ValueError, match="title = 3: must be a text"):
        vn.Model.custom("test-title", title=3, **PAIR)
    for wrong in ("x", ("a", 1), ("a", ""), None):
        with pytest.raises(ValueError, match=r"source = .*: must be two texts"):
            vn.Model.custom("test-source", source=wrong, **PAIR)
    with pytest.raises(ValueError, match=r"Model\.custom has made it, in each process"):
        vn.ratings.fit_model(played(), model="unheard-of")
    assert "test-scale" not in vn.models.names()
    assert vn.models.names()[: len(vn.models.MODELS)] == vn.models.MODELS


def test_a_replaced_row_is_refused_and_its_functions_live_on():
    old = vn.Model.custom("test-replaced", **PAIR)
    c = played()
    before = vn.ratings.fit_model(c, model=old)
    new = vn.Model.custom(
        "test-replaced", cell=custom_links.secant_cell, log_likelihood=custom_links.secant_value,
        title="New", replace=True,
    )  # fmt: skip
    with pytest.raises(ValueError, match="model = 'test-replaced': was replaced by another"):
        vn.ratings.fit_model(c, model=old)
    fit = vn.ratings.fit_model(c, model="test-replaced")
    assert abs(fit.theta - before.theta).max() > 0.01
    close(fit.theta, vn.ratings.fit_model(c, model=SECANT).theta)
    assert new.title == "New"
    loose = vn.models.Model("loose", "Loose", "logit", LOGISTIC.probabilities)
    with pytest.raises(ValueError, match="model = 'loose': must be one of"):
        vn.ratings.fit_model(c, model=loose)


def test_functions_live_as_long_as_they_are_called():
    def short():
        @numba.cfunc(CELL)
        def cell(d, win, loss, n, g, h):
            for k in range(n):
                t = np.tanh(0.5 * d[k])
                g[k] = 0.5 * (win[k] * (1.0 - t) - loss[k] * (1.0 + t))
                h[k] = 0.25 * (win[k] + loss[k]) * (1.0 - t * t)

        row = vn.Model.custom("test-short", cell=cell, log_likelihood=logistic_value)
        return row.name, weakref.ref(cell)

    name, function = short()
    gc.collect()
    assert function() is not None
    c = played()
    close(vn.ratings.fit_model(c, model=name).theta, vn.fit_bradley_terry(c).theta)
    vn.Model.custom(name, replace=True, **PAIR)  # a fit may be running in another thread
    gc.collect()
    assert function() is not None


def test_copies_and_pickles_go_by_name(tmp_path):
    assert copy.deepcopy(SECANT) is SECANT
    assert pickle.loads(pickle.dumps(SECANT)) is SECANT
    fit = vn.ratings.fit_model(played(), model=SECANT)
    back = pickle.loads(pickle.dumps(fit))
    close(back.predict(0, 1), fit.predict(0, 1), 0.0)
    boot = vn.bootstrap(fit, 10, rng=1)
    boot.save(tmp_path / "own.npz")
    close(vn.resampling.Bootstrap.load(tmp_path / "own.npz").theta, boot.theta, 0.0)
    (tmp_path / "fit.pickle").write_bytes(pickle.dumps(fit))
    (tmp_path / "row.pickle").write_bytes(pickle.dumps(SECANT))
    code = """
import pickle
import venire as vn
tries = (
    lambda: pickle.load(open("row.pickle", "rb")),
    lambda: pickle.load(open("fit.pickle", "rb")),
    lambda: vn.resampling.Bootstrap.load("own.npz"),
)
for each in tries:
    try:
        each()
    except ValueError as error:
        print(error)
    else:
        print("nothing")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True,
        env=os.environ,
    )  # fmt: skip
    said = done.stdout.splitlines()
    assert len(said) == 3
    for line in said:
        assert "test-secant" in line
        assert "must be one of bradley-terry" in line
        assert "Model.custom" in line


# ---- what is refused -----------------------------------------------------------------------------


def cfunc(signature, body):
    """A compiled function; `body` works on one cell."""
    names = "d, win, loss, n, g, h" if signature == CELL else "d, win, loss, n"
    start = "" if signature == CELL else "    total = 0.0\n"
    end = "" if signature == CELL else "    return total\n"
    lines = "".join(f"        {line}\n" for line in body.splitlines())
    text = f"def f({names}):\n{start}    for k in range(n):\n{lines}{end}"
    scope = {"math": __import__("math"), "inf": np.inf, "nan": np.nan}
    exec(text, scope)
    return numba.cfunc(signature)(scope["f"])


TANH = """t = math.tanh(0.5 * d[k])
g[k] = 0.5 * (win[k] * (1.0 - t) - loss[k] * (1.0 + t))
h[k] = 0.25 * (win[k] + loss[k]) * (1.0 - t * t)
"""
LOG = """total -= (win[k] + loss[k]) * math.log1p(math.exp(-abs(d[k])))
total -= max(d[k], 0.0) * loss[k] + max(-d[k], 0.0) * win[k]
"""
CAUCHY = """s = 1.0 if d[k] > 0.0 else -1.0
f, q = 0.5 + math.atan(d[k]) / math.pi, 0.5 - math.atan(d[k]) / math.pi
p, b = 1.0 / math.pi / (1.0 + d[k] ** 2), -2.0 * d[k] / math.pi / (1.0 + d[k] ** 2) ** 2
g[k] = win[k] * p / f - loss[k] * p / q
h[k] = win[k] * (p * p / f / f - b / f) + loss[k] * (p * p / q / q + b / q)
"""
SKEW = """x = d[k]
a = math.exp(-x)
g[k] = win[k] * a - loss[k] * a * math.exp(-a) / (1.0 - math.exp(-a))
h[k] = win[k] * a + loss[k] * 0.1
"""
BROKEN_CELLS = {
    "rises": (TANH + "g[k] = -g[k]", "breaks the law that F rises: at d = 0, g = -0.5 of a win"),
    "nan": (
        TANH + "if d[k] > 700.0: h[k] = nan",
        r"is finite for \|d\| <= 10000: at d = 7.*h = nan",
    ),
    "inf": (TANH + "if d[k] < -9000.0: g[k] = inf", r"finite for .*: at d = -10000, g = inf"),
    "nothing": ("pass", "breaks the law that F rises: at d = 0, g = nan of a win"),
    "masses": (TANH + "g[k] = g[k] * (1.0 + win[k] * loss[k])", "a mass counts as so many"),
    "empty": (TANH + "h[k] = h[k] + 1e-3", "a mass counts as so many wins or losses: at d = "),
    "neighbours": (TANH + "if k > 0: g[k] = g[k - 1]", "breaks the law that"),
    "symmetric": (SKEW, "breaks the law that"),
    "sides": (
        TANH + "if d[k] > 1.0: h[k] = h[k] * 1.001",
        r"first and second may be exchanged, .*: at d = -?1\.\d+",
    ),
    "concave": (CAUCHY, "log F is concave, h >= 0: at d = -.*, h = -0.*of a"),
    "slope": (
        TANH + "g[k] = 1.01 * g[k]",
        "g is the derivative of log_likelihood: at d = .* by differences",
    ),
    "curvature": (
        TANH + "h[k] = 1.01 * h[k]",
        "h is minus the derivative of g: at d = .* of a win",
    ),
    "beyond": (TANH + "g[k + 1] = 0.0", "cell: writes beyond the 1 cells"),
    "before": (TANH + "h[k - 1] = 0.0", "cell: writes beyond the 1 cells"),
    "given": (TANH + "win[k] = 0.0", "cell: changes what it is given"),
    "raises": (TANH + "if d[k] == 0.0: g[k] = 1 // int(d[k])", "breaks the law that"),
}
BROKEN_VALUES = {
    "nan": ("total += nan", "log_likelihood: breaks the law that all is finite"),
    "naive": (
        "total += win[k] * math.log(1.0 / (1.0 + math.exp(-d[k])))\n"
        "total += loss[k] * math.log(1.0 - 1.0 / (1.0 + math.exp(-d[k])))",
        "log_likelihood: breaks the law that all is finite",
    ),
    "shifted": (LOG + "total += 0.1 * (win[k] + loss[k])", r"F\(d\) \+ F\(-d\) = 1: at d = "),
    "sided": (LOG + "if d[k] > 1.0: total += 1e-6 * win[k]", "first and second may be exchanged"),
    "masses": (LOG + "total += 0.01 * win[k] * loss[k]", "a mass counts as so many wins"),
    "last": (
        LOG.replace("total -= max", "total -= max") + "if n > 3: total = 0.0",
        "as each alone",
    ),
}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("case", BROKEN_CELLS)
def test_cells_that_break_a_law(case):
    body, words = BROKEN_CELLS[case]
    with pytest.raises(ValueError, match="cell: ") as caught:
        vn.Model.custom("test-bad", cell=cfunc(CELL, body), log_likelihood=logistic_value)
    caught.match(words)
    assert "test-bad" not in vn.models.names()


@pytest.mark.parametrize("case", BROKEN_VALUES)
def test_values_that_break_a_law(case):
    body, words = BROKEN_VALUES[case]
    with pytest.raises(ValueError, match="log_likelihood: ") as caught:
        vn.Model.custom("test-bad", cell=logistic_cell, log_likelihood=cfunc(VALUE, body))
    caught.match(words)


def test_probabilities():
    with pytest.raises(ValueError, match="probability: breaks the law that P is exp"):
        vn.Model.custom("test-bad", probability=lambda d: 0.5 + 0.0 * d, **PAIR)
    with pytest.raises(ValueError, match=r"probability: gives shape \(\) of shape"):
        vn.Model.custom("test-bad", probability=lambda d: 0.5, **PAIR)
    for wrong in (3, "x", logistic_value):
        with pytest.raises(TypeError, match="probability: must be a function of an array of d"):
            vn.Model.custom("test-bad", probability=wrong, **PAIR)
    from scipy.special import expit

    own = vn.Model.custom("test-expit", probability=expit, replace=True, **PAIR)
    assert own.probabilities(np.array([0.3]), 0.0).tolist() == [expit(0.3)]


def refused(cell, words, error=TypeError):
    with pytest.raises(error, match=words):
        vn.Model.custom("test-bad", cell=cell, log_likelihood=logistic_value)


def test_functions_of_another_kind():
    @numba.cfunc("void(CPointer(double), int64)")
    def short(d, n):
        pass

    @numba.cfunc(CELL.replace("double", "float32"))
    def single(d, win, loss, n, g, h):
        pass

    @numba.cfunc(CELL.replace("int64", "int32"))
    def narrow(d, win, loss, n, g, h):
        pass

    @numba.njit
    def compiled(d, win, loss, n, g, h):
        pass

    refused(short, r"cell: has the signature void \(LP_c_double, c_long\), not void \(const double")
    refused(single, "cell: has the signature void .*LP_c_float")
    refused(narrow, "cell: has the signature void .*c_int, ")
    refused(logistic_value, r"cell: has the signature c_double \(.*, not void \(const")
    refused(compiled, "cell: is a function of numba.njit, not a C function: decorate it with numba")
    refused(lambda *x: None, "cell: is a Python function, not a C function")
    for wrong in (None, "cell", 1.5, True, object(), [logistic_cell]):
        refused(wrong, "cell: must be a C function, void")
    for wrong in (0, -1, 2**64):
        refused(wrong, "cell = .*: is no address", ValueError)
    with pytest.raises(TypeError, match="log_likelihood: has the signature void"):
        vn.Model.custom("test-bad", cell=logistic_cell, log_likelihood=logistic_cell)


POINTER = ctypes.POINTER(ctypes.c_double)
CELL_TYPE = (None, *[POINTER] * 3, ctypes.c_int64, *[POINTER] * 2)
VALUE_TYPE = (ctypes.c_double, *[POINTER] * 3, ctypes.c_int64)


def test_python_behind_ctypes_is_refused():
    refused(ctypes.CFUNCTYPE(*CELL_TYPE)(lambda *x: None), "cell: runs Python in every call")
    refused(ctypes.PYFUNCTYPE(*CELL_TYPE)(logistic_cell.address), "cell: runs Python in every")
    refused(ctypes.CFUNCTYPE(None, ctypes.c_int)(logistic_cell.address), "has the signature void")
    refused(ctypes.CFUNCTYPE(*CELL_TYPE)(), "cell: is a null pointer", ValueError)


def test_python_behind_an_address_does_not_hang():
    """Nobody can tell what is at an address: what takes the lock finds it free."""

    def cell(d, win, loss, n, g, h):
        x, w, v = (np.ctypeslib.as_array(p, (n,)) for p in (d, win, loss))
        t = np.tanh(0.5 * x)
        np.ctypeslib.as_array(g, (n,))[:] = 0.5 * (w * (1.0 - t) - v * (1.0 + t))
        np.ctypeslib.as_array(h, (n,))[:] = 0.25 * (w + v) * (1.0 - t * t)

    callback = ctypes.CFUNCTYPE(*CELL_TYPE)(cell)
    address = ctypes.cast(callback, ctypes.c_void_p).value
    vn.Model.custom("test-python", cell=address, log_likelihood=logistic_value, replace=True)
    c = played(n_items=400, n=30_000)
    twin = vn.fit_bradley_terry(c)
    close(vn.ratings.fit_model(c, model="test-python", n_threads=4).theta, twin.theta)
    g = grouped(n_groups=200)
    fits = vn.fit_groups(g, model="test-python", prior=vn.GaussianPrior(1.0), n_threads=4)
    assert fits.converged.all()
    vn.bootstrap(vn.ratings.fit_model(played(), model="test-python"), 20, rng=1, n_threads=3)
    vn.Model.custom("test-python", replace=True, **PAIR)


def test_addresses_and_callables_of_scipy():
    scipy = pytest.importorskip("scipy")
    c = played()
    expected = vn.fit_bradley_terry(c).theta
    typed = ctypes.CFUNCTYPE(*CELL_TYPE)(logistic_cell.address)
    pairs = (
        (logistic_cell.address, logistic_value.address),
        (typed, logistic_value.ctypes),
        (scipy.LowLevelCallable(typed), scipy.LowLevelCallable(logistic_value.ctypes)),
    )
    for cell, value in pairs:
        model = vn.Model.custom("test-other", cell=cell, log_likelihood=value, replace=True)
        close(vn.ratings.fit_model(c, model=model).theta, expected)
    data = ctypes.cast(ctypes.pointer(ctypes.c_int(1)), ctypes.c_void_p)
    refused(scipy.LowLevelCallable(typed, data), "with user data, which no fit hands on")


def capsule(name):
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = (
        ctypes.py_object,
        (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p),
    )
    return new(logistic_cell.address, name, None)


def test_capsules_are_named_by_their_signature():
    name = b"void (double const *, double const *, double const *, int64_t, double *, double *)"
    for words in (name, name.replace(b"const ", b"")):
        vn.Model.custom("test-capsule", cell=capsule(words), log_likelihood=logistic_value,
                        replace=True)  # fmt: skip
    refused(capsule(b"double (double)"), r"cell: is a capsule of 'double \(double\)', not of void")
    refused(capsule(None), "cell: is a capsule of '', not of void")


C_SOURCE = r"""
#include <math.h>
#include <stdint.h>
int64_t after = -1; /* calls, after which nothing is right; < 0: never */
void cell(const double *d, const double *win, const double *loss, int64_t n, double *g, double *h)
{
    const int bad = after >= 0 && __atomic_sub_fetch(&after, 1, __ATOMIC_RELAXED) < 0;
    if (bad) after = 0;
    for (int64_t k = 0; k < n; k++) {
        const double t = tanh(0.5 * d[k]);
        g[k] = bad ? NAN : 0.5 * (win[k] * (1.0 - t) - loss[k] * (1.0 + t));
        h[k] = bad ? -1.0 : 0.25 * (win[k] + loss[k]) * (1.0 - t * t);
    }
}
double value(const double *d, const double *win, const double *loss, int64_t n)
{
    double sum = 0.0;
    for (int64_t k = 0; k < n; k++)
        sum -= (win[k] + loss[k]) * log1p(exp(-fabs(d[k]))) + fmax(d[k], 0.0) * loss[k]
             + fmax(-d[k], 0.0) * win[k];
    return sum;
}
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        pytest.skip("no C compiler")
    folder = Path(tmp_path_factory.mktemp("link"))
    (folder / "link.c").write_text(C_SOURCE)
    subprocess.run(
        [*compiler.split(), "-O2", "-shared", "-fPIC", "link.c", "-o", "link.so", "-lm"],
        cwd=folder, check=True,
    )  # fmt: skip
    return ctypes.CDLL(str(folder / "link.so"))


def test_a_link_in_c(library):
    model = vn.Model.custom("test-c", cell=library.cell, log_likelihood=library.value, replace=True)
    c = played()
    twin = vn.fit_bradley_terry(c)
    close(vn.ratings.fit_model(c, model=model).theta, twin.theta)
    found = {}

    def work(k):
        found[k] = vn.ratings.fit_model(c, model=model, n_threads=2).theta

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len({theta.tobytes() for theta in found.values()}) == 1


@pytest.mark.parametrize("calls", [0, 1, 5, 20])
@pytest.mark.filterwarnings("ignore")
def test_a_link_that_goes_wrong_later_is_not_said_to_converge(library, calls):
    after = ctypes.c_int64.in_dll(library, "after")
    c, g = played(n_items=60, n=9000), grouped()
    after.value = -1
    model = vn.Model.custom("test-c", cell=library.cell, log_likelihood=library.value, replace=True)
    runs = (
        lambda: vn.ratings.fit_model(c, model=model, prior=vn.GaussianPrior(0.1)).converged,
        lambda: vn.fit_groups(g, model=model, prior=vn.GaussianPrior(0.1)).converged.all(),
        lambda: vn.ratings.fit_model(c, model=model).converged,
    )
    try:
        for run in runs:
            after.value = calls
            try:
                good = run()
            except (ValueError, vn.ConvergenceError):
                good = False
            assert not good or after.value > 0
    finally:
        after.value = -1
