"""What is told of fits with covariates: tables, predictions, other levels, bootstraps, the command;
and beside scikit-learn and statsmodels, formulas included."""

from __future__ import annotations

import json

import numpy as np
import pytest

import venire as vn
from venire.cli import main
from venire.datasets import columns, path
from venire.models import MODELS, model_of

ASKED = ["length", "markdown"]


@pytest.fixture(scope="module")
def c():
    return vn.datasets.load_styles()


@pytest.fixture(scope="module")
def fit(c):
    return vn.fit_bradley_terry(c)


def design():
    """Rows of styles.csv: items but the first, and covariates; scores; prompts."""
    rows = columns("styles")
    models = np.unique(rows["model_a"])
    n = len(rows["winner"])
    x = np.zeros((n, len(models) + 2))
    x[np.arange(n), np.searchsorted(models, rows["model_a"])] += 1.0
    x[np.arange(n), np.searchsorted(models, rows["model_b"])] -= 1.0
    x[:, -2] = rows["length_a"] - rows["length_b"]
    x[:, -1] = rows["markdown_a"] - rows["markdown_b"]
    score = np.select([rows["winner"] == "model_a", rows["winner"] == "tie"], [1.0, 0.5], 0.0)
    return x[:, 1:], score, rows["prompt"]


# ---- the table ----------------------------------------------------------------------------------


def test_the_table(c, fit):
    found = fit.coefficient_table(level=0.9)
    error = fit.parameter_errors().coefficients
    assert found.names == fit.covariate_names == ("length", "markdown")
    np.testing.assert_array_equal(found.estimates, fit.coefficients)
    np.testing.assert_array_equal(found.standard_errors, error)
    np.testing.assert_allclose(found.upper - found.lower, 2 * 1.6448536269514722 * error)
    np.testing.assert_allclose(found.z, fit.coefficients / error)
    x, _, _ = design()
    np.testing.assert_allclose(found.spread, np.sqrt((x[:, -2:] ** 2).mean(axis=0)))
    np.testing.assert_allclose(found.effect, found.spread * fit.coefficients)
    np.testing.assert_allclose(found.share, 1.0 / (1.0 + np.exp(-found.effect)))
    assert found.p[0] < 1e-6 < found.p[1] < 0.05
    frame = found.to_frame("dict")
    assert list(frame)[:3] == ["covariate", "estimate", "standard_error"]
    assert "0.4074" in str(found)
    assert "robust (sandwich), clustered" in str(fit.coefficient_table("robust"))
    assert np.isnan(fit.coefficient_table(None).standard_errors).all()


def test_the_table_is_in_the_unit_of_the_ratings(fit):
    elo = fit.to_elo()
    factor = 400.0 / np.log(10.0)
    own, shown = fit.coefficient_table(), elo.coefficient_table()
    np.testing.assert_allclose(shown.effect, factor * own.effect)
    np.testing.assert_array_equal(shown.estimates, own.estimates)
    np.testing.assert_allclose(elo.theta_at() - elo.theta, factor * (fit.theta_at() - fit.theta))


@pytest.mark.parametrize("model", MODELS)
def test_shares_of_the_models(c, model):
    fit = getattr(vn, f"fit_{model.replace('-', '_')}")(c)
    found = fit.coefficient_table()
    p = model_of(model).probabilities(found.effect, fit.log_tie)
    share = p if p.ndim == 1 else p[:, 0] + 0.5 * p[:, 1]
    np.testing.assert_allclose(found.share, share)


def test_what_has_no_covariates(c, fit):
    plain = vn.fit_bradley_terry(c.without_covariates())
    for ask in (plain.coefficient_table, vn.bootstrap(plain, 2, rng=1).coefficient_table):
        with pytest.raises(ValueError, match="fit: has no covariates"):
            ask()
    with pytest.raises(ValueError, match=r"covariates = .*: the fit has none"):
        plain.predict("lynx-70b", "vole-2b", covariates={"length": 1.0})
    assert plain.item_levels().shape == (7, 0)
    np.testing.assert_array_equal(plain.theta_at(), plain.theta)
    assert "covariate" not in str(plain.summary())
    assert "covariate length" in str(fit.summary())
    assert "at equal length and markdown" in str(fit.summary())


# ---- predictions, and other levels --------------------------------------------------------------


def test_predictions(fit):
    i, j = fit.items.tolist().index("lynx-70b"), fit.items.tolist().index("vole-2b")
    d = fit.theta[i] - fit.theta[j]
    more = d + fit.coefficients @ [0.5, -2.0]

    def sigma(x):
        return 1.0 / (1.0 + np.exp(-x))

    ask = ("lynx-70b", "vole-2b")
    assert fit.predict(*ask) == pytest.approx(sigma(d))
    for given in (
        {"length": 0.5, "markdown": -2.0},
        {"markdown": [-2.0], "length": [0.5]},
        [0.5, -2.0],
        np.array([[0.5, -2.0]]),
    ):
        np.testing.assert_allclose(fit.predict(*ask, covariates=given), sigma(more))
    turned = fit.predict("vole-2b", "lynx-70b", covariates=[-0.5, 2.0])
    assert turned == pytest.approx(1.0 - sigma(more))
    several = fit.predict(["lynx-70b"] * 3, "vole-2b", covariates=[[0.5, -2.0]] * 3)
    np.testing.assert_allclose(several, [sigma(more)] * 3)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"length": 1.0}, "lacks 'markdown'; it needs length, markdown"),
        ({"length": 1.0, "markdown": 0.0, "rest": 1.0}, "'rest' is none of the fit's"),
        ([1.0], "must have 2 numbers for each comparison"),
        (1.0, "must have 2 numbers for each comparison"),
        ({"length": [1.0, 2.0, 3.0], "markdown": 0.0}, "of 'length' has shape"),
        ({"length": np.nan, "markdown": 0.0}, "of 'length' must be finite"),
        ({"length": "long", "markdown": 0.0}, "covariates"),
    ],
)
def test_predictions_refuse(fit, given, says):
    with pytest.raises((ValueError, TypeError), match=says):
        fit.predict(["lynx-70b"] * 2, "vole-2b", covariates=given)


def test_levels_of_items(fit):
    """Least squares by hand; a number of each item is found as it is."""
    x, _, _ = design()
    items = np.column_stack([-x[:, :-2].sum(axis=1), x[:, :-2]])
    by_hand = np.linalg.lstsq(items, x[:, -2:], rcond=None)[0]
    np.testing.assert_allclose(fit.item_levels(), by_hand - by_hand.mean(axis=0), atol=1e-7)
    at = fit.item_levels() @ fit.coefficients
    np.testing.assert_allclose(fit.theta_at(), fit.theta + at)
    np.testing.assert_allclose(fit.theta_at({"length": 2.0, "markdown": 0.0}) - fit.theta,
                               2.0 * fit.coefficients[0])  # fmt: skip
    with pytest.raises(ValueError, match="has shape"):
        fit.theta_at({"length": [1.0, 2.0], "markdown": 0.0})


# ---- bootstraps and draws -----------------------------------------------------------------------


def test_the_bootstrap_draws_whole_prompts(fit):
    b = vn.bootstrap(fit, 400, rng=1)
    assert b.unit == "clusters"
    assert b.coefficients.shape == (400, 2)
    robust, fisher = (fit.parameter_errors(e).coefficients for e in ("robust", "fisher"))
    found = b.coefficient_table(0.9)
    np.testing.assert_allclose(found.standard_errors, b.coefficients.std(axis=0, ddof=1))
    np.testing.assert_allclose(found.standard_errors, robust, rtol=0.15)
    assert found.standard_errors[0] > 1.15 * fisher[0]
    np.testing.assert_allclose(
        [found.lower, found.upper], np.quantile(b.coefficients, [0.05, 0.95], axis=0)
    )
    np.testing.assert_allclose(b.standard_errors(), fit.standard_errors("robust"), rtol=0.2)
    assert "covariate length" in str(b.summary())


@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_a_replicate_is_a_fit_of_what_was_drawn(c, model, order_effect):
    from venire.resampling._engine import Engine

    rows = columns("styles")
    fit = vn.ratings.fit_model(c, model=model, order_effect=order_effect, tol=1e-10)
    b = vn.bootstrap(fit, 3, rng=5, tol=1e-10)
    engine = Engine(fit, "multinomial", b.key, 1e-10, 1)
    for r in range(3):
        times = engine.draws.replicate(r)[np.searchsorted(c.clusters, rows["prompt"])]
        drawn = vn.Comparisons.from_frame(
            rows | {"times": times}, first="model_a", second="model_b", outcome="winner",
            weight="times", covariates=ASKED,
        )  # fmt: skip
        again = vn.ratings.fit_model(drawn, model=model, order_effect=order_effect, tol=1e-10)
        np.testing.assert_allclose(b.coefficients[r], again.coefficients, atol=1e-7)
        np.testing.assert_allclose(b.theta[r], again.theta, atol=1e-7)
        if order_effect:
            np.testing.assert_allclose(b.order_effect[r], again.order_effect, atol=1e-7)


def test_replicates_do_not_depend_on_threads(fit):
    one, two = (vn.bootstrap(fit, 20, rng=2, n_threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.theta, two.theta)
    np.testing.assert_array_equal(one.coefficients, two.coefficients)
    longer = vn.bootstrap(fit, 10, rng=2).extend(10)
    np.testing.assert_array_equal(longer.coefficients, one.coefficients)


def test_a_covariate_of_few_prompts_is_lost_in_some_replicates():
    rows = columns("styles")
    seldom = np.isin(rows["prompt"], ["p01", "p02"]) * (rows["length_a"] - rows["length_b"])
    c = vn.Comparisons.from_frame(
        rows | {"seldom": seldom}, first="model_a", second="model_b", outcome="winner",
        cluster="prompt", covariates=["length", "seldom"],
    )  # fmt: skip
    with pytest.warns(vn.NotIdentifiedWarning, match="no finite fit"):
        b = vn.bootstrap(vn.fit_bradley_terry(c), 60, rng=1)
    assert 2 <= b.n_failed <= 20  # (78 / 80)^80 = .13
    lost = b.status == 1
    assert np.isnan(b.coefficients[lost]).all()
    assert np.isfinite(b.coefficients[~lost]).all()


def test_intervals_of_other_sorts(fit):
    b = vn.bootstrap(fit, 200, rng=1)
    plain = b.interval(0.9)
    for interval in ("basic", "bca", "studentized"):
        np.testing.assert_allclose(b.interval(0.9, interval), plain, atol=0.15)


def test_posterior_draws(fit):
    draws = fit.sample(4000, rng=1, errors="robust")
    found = draws.coefficient_table()
    robust = fit.parameter_errors("robust").coefficients
    np.testing.assert_allclose(found.standard_errors, robust, rtol=0.06)
    np.testing.assert_allclose(draws.coefficients.mean(axis=0), fit.coefficients, atol=0.01)


@pytest.mark.parametrize("kind", ["bootstrap", "draws"])
def test_saved_and_loaded(fit, tmp_path, kind):
    b = vn.bootstrap(fit, 10, rng=1) if kind == "bootstrap" else fit.sample(10, rng=1)
    b.save(tmp_path / "b.npz")
    again = type(b).load(tmp_path / "b.npz")
    np.testing.assert_array_equal(again.coefficients, b.coefficients)
    np.testing.assert_array_equal(again.fit.coefficients, fit.coefficients)
    assert again.fit.covariate_names == fit.covariate_names
    np.testing.assert_array_equal(again.extend(5).coefficients, b.extend(5).coefficients)


def test_errors_by_prompt_cover():
    """Where prompts have effects of their own; Fisher's and those by row do not."""
    from benchmarks.coverage_covariates import covered

    fisher, by_row, by_prompt = covered(50, 20, 300)
    assert (by_prompt > 0.92).all()
    assert (by_prompt < 0.98).all()
    assert fisher[0] < 0.88
    assert by_row[0] < 0.88


# ---- the command and the page -------------------------------------------------------------------

TYPED = ["--covariate", "length", "--covariate", "markdown", "--cluster", "prompt"]


def test_the_command(fit, capsys, tmp_path):
    file = str(path("styles"))
    assert main(["fit", file, *TYPED, "--errors", "robust"]) == 0
    out, err = capsys.readouterr()
    assert "covariate length 0.4074 (SE 0.0982, 0.95 interval 0.2149 .. 0.5999)" in out
    assert "ratings are at equal length and markdown" in out
    assert (
        "covariates=length (length_a - length_b), markdown (markdown_a - markdown_b)"
        in " ".join(err.split())
    )
    assert main(["fit", file, *TYPED, "--errors", "robust", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["covariate"] for one in document["covariates"]] == ASKED
    assert document["covariates"][0]["estimate"] == pytest.approx(fit.coefficients[0])
    table = fit.coefficient_table("robust")
    assert document["covariates"][1]["standard_error"] == pytest.approx(table.standard_errors[1])
    assert main(["fit", file, *TYPED[:4], "--errors", "none", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["covariates"][0]["standard_error"] is None
    assert document["covariates"][0]["share"] == pytest.approx(table.share[0])
    assert main(["bootstrap", file, *TYPED, "--bootstrap", "50", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["covariates"][0]["standard_error"] == pytest.approx(0.098, rel=0.3)
    assert main(["fit", file, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["covariates"] == []


def test_the_page(tmp_path):
    out = tmp_path / "page.html"
    words = ["report", str(path("styles")), *TYPED, "--errors", "robust", "-o", str(out)]
    assert main(words) == 0
    page = out.read_text()
    assert "covariate length 0.4074" in page
    assert "at equal length and markdown" in page
    assert "covariates whose coefficients are fitted" in page


def test_what_is_refused_by_the_command(capsys, tmp_path):
    rows = columns("styles")
    lines = zip(*rows.values(), strict=True)
    text = [f"{','.join(rows)},three", *(",".join(map(str, line)) + ",3" for line in lines)]
    file = tmp_path / "styles.csv"
    file.write_text("\n".join(text) + "\n")
    assert main(["fit", str(file), "--covariate", "three"]) == 1
    assert "covariate 'three'" in capsys.readouterr().err


# ---- beside others ------------------------------------------------------------------------------


def test_beside_scikit_learn(fit):
    linear_model = pytest.importorskip("sklearn.linear_model")
    x, score, _ = design()
    both = np.concatenate([x, x])
    model = linear_model.LogisticRegression(
        C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-12
    )
    model.fit(both, np.repeat([1, 0], len(x)), sample_weight=np.concatenate([score, 1.0 - score]))
    theta = np.append(0.0, model.coef_[0][:-2])
    np.testing.assert_allclose(fit.theta, theta - theta.mean(), atol=1e-6)
    np.testing.assert_allclose(fit.coefficients, model.coef_[0][-2:], atol=1e-6)


def test_values_of_statsmodels(c, fit):
    """What statsmodels 0.15.0 prints of the same: GLM, HC0, and by cluster without a correction."""
    theta = [0.4258416667192365, 1.0889580163826875, 0.9468262361409596, 1.6131915390112384,
             0.6430180823539049, -0.028640895364685927]  # fmt: skip
    np.testing.assert_allclose(fit.theta[1:] - fit.theta[0], theta, atol=1e-9)
    beta = [0.4073927683517734, 0.06079074756805624]
    np.testing.assert_allclose(fit.coefficients, beta, atol=1e-10)
    plain = [0.06520049800971046, 0.024801565322081366]
    np.testing.assert_allclose(fit.parameter_errors().coefficients, plain, rtol=1e-8)
    prompts = [0.09820828759860623, 0.02621696163220875]
    np.testing.assert_allclose(fit.parameter_errors("robust").coefficients, prompts, rtol=1e-8)
    rows = vn.fit_bradley_terry(vn.Comparisons.from_cells(c.cells._replace(cluster=None)))
    by_row = [0.06344822324660943, 0.023696123253800692]
    np.testing.assert_allclose(rows.parameter_errors("robust").coefficients, by_row, rtol=1e-8)
    relative = [0.1939260492466432, 0.1589967733283311, 0.16878941880243029,
                0.1706425068073063, 0.18449680944646787, 0.17759970719453402]  # fmt: skip
    found = fit.relative_to(fit.items[0], errors="robust").standard_errors[1:]
    np.testing.assert_allclose(found, relative, rtol=1e-8)


def test_beside_statsmodels(c, fit):
    """HC0 of rows, and errors by cluster, as its GLM has them."""
    sm = pytest.importorskip("statsmodels.api")
    x, score, prompt = design()
    model = sm.GLM(score, x, family=sm.families.Binomial())
    _, code = np.unique(prompt, return_inverse=True)
    by_row = model.fit(cov_type="HC0", tol=1e-14)
    by_prompt = model.fit(
        cov_type="cluster", cov_kwds={"groups": code, "use_correction": False}, tol=1e-14
    )
    own = vn.Comparisons.from_frame(
        columns("styles"), first="model_a", second="model_b", outcome="winner", covariates=ASKED
    )
    rows = vn.fit_bradley_terry(own).parameter_errors("robust").coefficients
    np.testing.assert_allclose(rows, by_row.bse[-2:], rtol=1e-8)
    prompts = fit.parameter_errors("robust").coefficients
    np.testing.assert_allclose(prompts, by_prompt.bse[-2:], rtol=1e-8)
    plain = fit.parameter_errors("fisher").coefficients
    np.testing.assert_allclose(plain, model.fit(tol=1e-14).bse[-2:], rtol=1e-8)
    np.testing.assert_allclose(
        fit.relative_to(fit.items[0], errors="robust").standard_errors[1:],
        by_prompt.bse[:-2], rtol=1e-8,
    )  # fmt: skip


def test_beside_a_formula():
    """A model that is written as a formula, of the difference of two columns."""
    formula = pytest.importorskip("statsmodels.formula.api")
    sm = pytest.importorskip("statsmodels.api")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns("styles"))
    frame = frame[frame.winner != "tie"]
    frame = frame.assign(won=(frame.winner == "model_a") * 1.0)
    models = sorted(set(frame.model_a))
    for k, model in enumerate(models[1:]):
        frame[f"m{k}"] = 1.0 * (frame.model_a == model) - 1.0 * (frame.model_b == model)
    of_items = " + ".join(f"m{k}" for k in range(len(models) - 1))
    found = formula.glm(
        f"won ~ {of_items} + I(length_a - length_b) + I(markdown_a - markdown_b)",  # with intercept
        frame, family=sm.families.Binomial(),
    ).fit(tol=1e-14)  # fmt: skip
    c = vn.from_frame(frame, covariates=ASKED)
    fit = vn.fit_bradley_terry(c, order_effect=True)
    assert fit.order_effect == pytest.approx(found.params["Intercept"], abs=1e-8)
    np.testing.assert_allclose(fit.coefficients, found.params.to_numpy()[-2:], atol=1e-8)
    errors = fit.parameter_errors()
    np.testing.assert_allclose(errors.coefficients, found.bse.to_numpy()[-2:], rtol=1e-7)
    assert errors.order_effect == pytest.approx(found.bse["Intercept"], rel=1e-7)
