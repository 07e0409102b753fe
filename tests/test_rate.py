"""rate: judges' votes over prompts, ratings of models, and errors by prompt."""

from __future__ import annotations

import math

import numpy as np
import pytest
from venire._native.replicates import Draws

import venire as vn
from venire import reference
from venire.targets._clustered import Cells, clustered


def simulated(rng, n_prompts, n_pairs, n_judges=4, n_models=5, *, tau=1.0, theta=None, missing=0.1):
    """Votes over prompts that differ in what they favour, shown in a random order.

    A prompt moves each model by N(0, tau^2); judges differ in how sharply they see, in how they
    lean to the first, and err alike; some votes are missing, some are ties.
    """
    theta = np.linspace(-1.0, 1.0, n_models) if theta is None else theta
    first = rng.integers(0, n_models, (n_prompts, n_pairs))
    second = (first + rng.integers(1, n_models, first.shape)) % n_models
    moved = theta + rng.normal(0.0, tau, (n_prompts, n_models))
    row = np.arange(n_prompts)[:, None]
    d = (moved[row, first] - moved[row, second])[..., None] * np.linspace(2.0, 0.4, n_judges)
    d = d + np.linspace(-0.6, 0.9, n_judges)
    common, own = rng.normal(size=(*first.shape, 1)), rng.normal(size=(*first.shape, n_judges))
    seen = d + 1.7 * (math.sqrt(0.3) * common + math.sqrt(0.7) * own)
    vote = np.where(np.abs(seen) < 0.2, 0, np.sign(seen)).astype(np.int8)
    keep = rng.random(vote.shape) >= missing
    keep[0, 0] = True
    columns = (first[..., None], second[..., None], np.arange(n_judges), row[..., None])
    first, second, judge, prompt = (np.broadcast_to(x, vote.shape)[keep] for x in columns)
    return {
        "first": first, "second": second, "teacher": judge, "vote": vote[keep], "group": prompt,
        "swapped": np.zeros(len(judge), bool),
    }  # fmt: skip


def votes_of(rows, keep=slice(None)):
    return vn.Votes(**{name: column[keep] for name, column in rows.items()})


@pytest.fixture(scope="module")
def rows():
    return simulated(np.random.default_rng(3), 40, 6)


# ---- the pipeline ------------------------------------------------------------------------------


def plainly(rows, rho=0.3):
    """Consensus and fit once more, from the dense reference and one Newton's method in NumPy."""
    v = votes_of(rows)
    table = v.table
    n_pairs, n_judges = v.n_pairs, v.n_teachers
    x = np.full((n_pairs, n_judges), np.nan)
    masses = np.zeros((n_pairs, n_judges, 3))
    runs, total, square = (np.zeros((n_pairs, n_judges)) for _ in range(3))
    pair = np.repeat(np.arange(n_pairs), np.diff(table.ptr))
    masses[pair, v.teacher] = np.stack([v.win, v.tie, v.loss], axis=1)
    runs[pair, v.teacher], total[pair, v.teacher] = v.runs, v.total
    square[pair, v.teacher] = v.square
    judged = masses.sum(axis=2) > 0
    signed = (masses[..., 0] - masses[..., 2])[judged] / masses.sum(axis=2)[judged]
    x[judged] = (1 + signed) / 2
    panel = reference.Panel(x, masses, runs, total, square)
    found = reference.consensus(panel, "reliability")
    nu = found.n_eff / (1 + (found.n_eff - 1) * rho)
    items = v.items
    i, j = (np.searchsorted(items, label) for label in (v.first, v.second))
    theta = np.zeros(len(items))
    for _ in range(50):
        p = 1 / (1 + np.exp(theta[j] - theta[i]))
        r, h = nu * (found.share - p), nu * p * (1 - p)
        gradient, hessian = np.zeros(len(items)), np.full((len(items),) * 2, 1.0)
        for k in range(n_pairs):
            e = np.zeros(len(items))
            e[i[k]], e[j[k]] = 1, -1
            gradient += r[k] * e
            hessian += h[k] * np.outer(e, e)
        theta = theta + np.linalg.solve(hessian, gradient)
    return theta - theta.mean(), found


def test_it_is_the_consensus_and_then_one_fit(rows):
    theta, found = plainly(rows)
    rated = vn.rate(votes_of(rows))
    np.testing.assert_allclose(rated.theta, theta, atol=1e-8)
    np.testing.assert_allclose(rated.consensus.probability, found.q, atol=1e-10)
    assert rated.fit.comparisons.cluster is not None
    assert len(rated.fit.comparisons.clusters) == 40


def test_the_same_for_any_number_of_threads(rows):
    one, two = (vn.rate(votes_of(rows), n_threads=k) for k in (1, 2))
    assert (one.theta == two.theta).all()
    assert (one.standard_errors() == two.standard_errors()).all()


def test_turned_rows_say_the_same(rows):
    turned = rows | {"first": rows["second"], "second": rows["first"], "vote": -rows["vote"]}
    turned["swapped"] = ~rows["swapped"]
    one, two = vn.rate(votes_of(rows)), vn.rate(votes_of(turned))
    np.testing.assert_allclose(one.theta, two.theta, atol=1e-12)
    np.testing.assert_allclose(one.standard_errors(), two.standard_errors(), rtol=1e-9)


# ---- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["uniform", "precision", "reliability"])
@pytest.mark.parametrize("model", ["bradley-terry", "thurstone"])
def test_errors_are_what_leaving_out_each_prompt_gives(rows, method, model):
    """The whole procedure made again without each prompt, judges' weights and all."""
    rated = vn.rate(votes_of(rows), method=method, model=model)
    n = 40
    moved = np.array([
        vn.rate(votes_of(rows, rows["group"] != g), method=method, model=model).theta
        for g in range(n)
    ]) - rated.theta  # fmt: skip
    exact = (n - 1) / n * moved.T @ moved
    # one Newton step for each, at a leverage of 1/40: each off by about its square
    np.testing.assert_allclose(rated.standard_errors(), np.sqrt(np.diag(exact)), rtol=0.02)
    np.testing.assert_allclose(rated.covariance(), exact, atol=0.04 * np.max(np.abs(exact)))


def test_learned_weights_count():
    """Errors that hold the weights fixed miss what they add."""
    rows = simulated(np.random.default_rng(8), 60, 4, n_judges=3, theta=np.linspace(-2, 2, 5))
    rated = vn.rate(votes_of(rows))
    fixed = rated.fit.standard_errors("robust")
    assert (rated.standard_errors()[[0, -1]] > 1.05 * fixed[[0, -1]]).all()


def test_without_learned_weights_it_is_the_clustered_sandwich():
    """Many prompts of little weight each: leaving out and weighing the scores are the same."""
    rows = simulated(np.random.default_rng(4), 3000, 2)
    rated = vn.rate(votes_of(rows), method="uniform")
    n = 3000
    sandwich = rated.fit.standard_errors("robust")
    np.testing.assert_allclose(rated.standard_errors(), sandwich, rtol=5 / n + 1e-3)


def test_prompts_of_much_weight_take_the_local_solve():
    """The two ways of leaving out agree where both apply."""
    rng = np.random.default_rng(0)
    n, g = 6, 30
    cluster = np.repeat(np.arange(g), 8)
    first = rng.integers(0, n, len(cluster))
    second = (first + rng.integers(1, n, len(cluster))) % n
    slope, curve = rng.normal(size=len(cluster)), rng.uniform(0.1, 0.3, len(cluster))
    curve[cluster == 0] *= 40.0
    cells = Cells(cluster, first, second, slope, curve, g)
    found = clustered(cells, n)
    laplacian = np.zeros((g, n, n))
    score = np.zeros((g, n))
    for k in range(len(cluster)):
        e = np.zeros(n)
        e[first[k]], e[second[k]] = 1, -1
        laplacian[cluster[k]] += curve[k] * np.outer(e, e)
        score[cluster[k]] += slope[k] * e
    whole = laplacian.sum(axis=0) + 1.0 / n
    moved = np.array([np.linalg.solve(whole - laplacian[k], score[k]) for k in range(g)])
    moved -= moved.mean(axis=1, keepdims=True)
    exact = (g - 1) / g * moved.T @ moved
    np.testing.assert_allclose(found.covariance, exact, rtol=2e-3, atol=1e-3 * np.abs(exact).max())
    assert found.known.all()
    assert found.freedom.min() < 3  # of an item whose weight is mostly in one cluster


def test_intervals_cover_and_those_without_clusters_do_not():
    """The truth is what the same procedure tends to over ever more prompts."""
    theta = vn.rate(votes_of(simulated(np.random.default_rng(1), 60_000, 4, tau=1.5))).theta
    rng, n = np.random.default_rng(2), 250
    inside = {"robust": 0, "fisher": 0}
    for _ in range(n):
        rated = vn.rate(votes_of(simulated(rng, 60, 4, tau=1.5)), n_threads=1)
        for errors in inside:
            low, high = rated.interval(0.95, errors).T
            inside[errors] += int(((low <= theta) & (theta <= high)).sum())
    share = {errors: count / (5 * n) for errors, count in inside.items()}
    # of 1250 intervals, four of five free: four standard deviations of a share at .95 are .028
    slack = 4 * math.sqrt(0.95 * 0.05 / (4 * n))
    assert abs(share["robust"] - 0.95) < slack
    assert share["fisher"] < 0.95 - slack


def test_few_prompts_have_wide_quantiles():
    rows = simulated(np.random.default_rng(5), 6, 10)
    rated = vn.rate(votes_of(rows))
    low, high = rated.interval().T
    ratio = (high - low) / 2 / rated.standard_errors()
    assert (ratio > 2.4).all()  # t with at most 5 degrees of freedom has 2.57
    assert "few prompts" in [w.name for w in rated.warnings]


def test_differences():
    rated = vn.rate(votes_of(simulated(np.random.default_rng(6), 50, 5)))
    found, low, high = rated.difference(0, [1, 2])
    np.testing.assert_allclose(found, rated.theta[0] - rated.theta[[1, 2]])
    c = rated.covariance()
    half = (high - low) / 2
    assert (half > 1.96 * np.sqrt(c[0, 0] + np.diag(c)[1:3] - 2 * c[0, 1:3])).all()
    assert (rated.difference(0, 1, errors="fisher")[2] > rated.difference(0, 1)[0]).all()


def test_units_and_anchors(rows):
    by = np.asarray(votes_of(rows).groups) % 2
    rated = vn.rate(votes_of(rows), by=by)
    elo = rated.to_elo(anchor=2, at=1200)
    factor = 400 / math.log(10)
    np.testing.assert_allclose(elo.theta, 1200 + factor * (rated.theta - rated.theta[2]))
    found, low, high = rated.difference(rated.items, 2)
    bounds = elo.interval()
    np.testing.assert_allclose(bounds[:, 0], 1200 + factor * low)
    np.testing.assert_allclose(bounds[:, 1], 1200 + factor * high)
    assert elo.standard_errors()[2] == 0
    np.testing.assert_allclose(rated.rescale("elo").standard_errors(),
                               factor * rated.standard_errors())  # fmt: skip
    relative = rated.relative_to(2)
    np.testing.assert_allclose(relative.estimates, found)
    np.testing.assert_allclose(relative.standard_errors * factor, elo.standard_errors())
    table = elo.to_frame("dict")
    own = table["category"] == "1"
    np.testing.assert_allclose(table[elo.fit.rating][own], elo[1].theta, rtol=1e-7)
    np.testing.assert_allclose(table["standard_error"][own], elo[1].standard_errors(), rtol=1e-6)
    np.testing.assert_allclose(table["upper"][own], elo[1].interval()[:, 1], rtol=1e-6)
    b = elo.bootstrap(50, rng=1)
    assert b.interval()[2].tolist() == [1200, 1200]
    assert (elo.leans().bias == rated.leans().bias).all()
    assert (elo.rescale().theta == rated.theta).all()


def test_the_bootstrap_weighs_the_judges_anew():
    """Each replicate is, to first order, the whole procedure on the prompts that it drew."""
    rows = simulated(np.random.default_rng(8), 60, 4, n_judges=3, theta=np.linspace(-2, 2, 5))
    rated = vn.rate(votes_of(rows))
    b = rated.bootstrap(40, rng=3)
    draws = Draws("multinomial", np.ones(60), b.key)
    for k in range(3):
        count = draws.replicate(k).astype(int)
        parts, start = [], 0
        for g in range(60):
            mine = rows["group"] == g
            for _ in range(count[g]):
                part = {name: column[mine] for name, column in rows.items()}
                parts.append(part | {"group": np.full(mine.sum(), start)})
                start += 1
        again = {name: np.concatenate([p[name] for p in parts]) for name in rows}
        exact = vn.rate(votes_of(again)).theta
        fixed = vn.bootstrap(rated.fit, 40, rng=3).theta[k]
        off, off_fixed = np.abs(b.theta[k] - exact).max(), np.abs(fixed - exact).max()
        assert off < 0.5 * off_fixed or off < 0.02
    more = rated.bootstrap(30, rng=3).extend(10)
    assert (more.theta == b.theta).all()
    with pytest.raises(ValueError, match="rng"):
        b.save("b.npz")


def test_the_bootstrap_draws_prompts(rows):
    rated = vn.rate(votes_of(rows), method="uniform")
    b = rated.bootstrap(400, rng=1)
    np.testing.assert_allclose(b.standard_errors(), rated.standard_errors(), rtol=0.2)


# ---- categories --------------------------------------------------------------------------------


def test_categories_are_fits_of_their_own(rows):
    votes = votes_of(rows)
    label = np.array(["de", "en", "fr"], object)
    by = label[np.asarray(votes.groups) % 3]
    rated = vn.rate(votes, by=by)
    assert rated.categories.tolist() == ["de", "en", "fr"]
    assert (rated.theta == vn.rate(votes).theta).all()
    q = rated.consensus
    win, loss = q.masses()
    mine = np.asarray(votes.group) % 3 == 1
    c = vn.Comparisons.from_counts(
        votes.first[mine], votes.second[mine], win[mine], loss[mine], cluster=votes.group[mine]
    )
    fit = vn.fit_bradley_terry(c)
    np.testing.assert_allclose(rated["en"].theta, fit.theta, atol=1e-9)
    robust = fit.standard_errors("robust")
    assert (np.abs(rated["en"].standard_errors() / robust - 1.2) < 0.25).all()
    table = rated.to_frame("dict")
    assert table["category"].tolist() == [x for x in ["all", "de", "en", "fr"] for _ in range(5)]
    np.testing.assert_allclose(table["standard_error"][10:15], rated["en"].standard_errors())
    same = vn.rate(votes, by=dict(zip(votes.groups.tolist(), by.tolist(), strict=True)))
    assert (same["fr"].theta == rated["fr"].theta).all()
    assert rated["de"].n_clusters == 14


def test_weights_of_categories_come_from_all_votes(rows):
    """Without a prompt of another category the weights change, and with them the ratings."""
    votes = votes_of(rows)
    by = np.asarray(votes.groups) % 2
    rated = vn.rate(votes, by=by)
    moved = []
    for g in range(40):
        rest = votes_of(rows, rows["group"] != g)
        moved.append(vn.rate(rest, by=np.asarray(rest.groups) % 2)[1].theta - rated[1].theta)
    exact = np.sqrt((np.array(moved) ** 2).sum(axis=0) * 19 / 20)
    np.testing.assert_allclose(rated[1].standard_errors(), exact, rtol=0.08)


def test_a_category_without_a_fit_is_said():
    rows = simulated(np.random.default_rng(7), 30, 5)
    alone = {
        "first": [0, 0], "second": [1, 1], "teacher": [0, 1], "vote": [1, 1], "group": [99, 99],
        "swapped": [False, False],
    }  # fmt: skip
    votes = votes_of({k: np.concatenate([rows[k], np.asarray(alone[k])]) for k in rows})
    by = np.where(np.asarray(votes.groups) == 99, "x", "y")
    rated = vn.rate(votes, by=by)
    assert "no fit in a category" in [w.name for w in rated.warnings]
    table = rated.to_frame("dict")
    mine = table["category"] == "x"
    assert np.isnan(table["theta"][mine]).all()
    assert mine.sum() == 2
    with pytest.raises(ValueError, match="no fit"):
        rated["x"]


def test_a_prompt_in_two_categories_is_judged_in_each():
    """Votes on the same answers by two criteria are no repeats of one judgment."""
    frame = {
        "prompt": ["p", "p", "q", "q"] * 2, "a": ["x"] * 8, "b": ["y"] * 8,
        "judge": ["j", "k"] * 4, "vote": [1, 1, -1, 1, -1, -1, 1, -1],
        "what": ["style"] * 4 + ["truth"] * 4,
    }  # fmt: skip
    names = {"group": "prompt", "first": "a", "second": "b", "teacher": "judge", "vote": "vote"}
    votes = vn.Votes.from_frame(frame, by="what", **names)
    assert votes.groups.tolist() == ["p [style]", "p [truth]", "q [style]", "q [truth]"]
    assert votes.runs.max() == 1
    rated = vn.rate(votes)
    assert rated.n_clusters == 2
    assert rated["style"].theta[0] > 0 > rated["truth"].theta[0]


# ---- what the data do not say ------------------------------------------------------------------


def test_one_prompt_has_no_errors_by_prompt():
    rows = simulated(np.random.default_rng(9), 1, 60, missing=0.0)
    rated = vn.rate(votes_of(rows))
    assert np.isnan(rated.standard_errors()).all()
    assert np.isnan(rated.interval()).all()
    assert np.isfinite(rated.standard_errors("fisher")).all()
    assert rated.warnings[0].name == "one prompt"


def test_a_model_that_one_prompt_holds_has_no_error():
    rows = simulated(np.random.default_rng(10), 30, 5)
    new = {
        "first": [0, 9, 1, 9], "second": [9, 0, 9, 1], "teacher": [0, 1, 2, 3],
        "vote": [1, 1, -1, 1], "group": [3, 3, 3, 3], "swapped": [False] * 4,
    }  # fmt: skip
    votes = votes_of({k: np.concatenate([rows[k], np.asarray(new[k])]) for k in rows})
    rated = vn.rate(votes)
    error = rated.standard_errors()
    assert np.isnan(error[-1])
    assert np.isfinite(error[:-1]).all()
    np.testing.assert_allclose(error[:-1], vn.rate(votes_of(rows)).standard_errors(), rtol=0.1)
    assert rated.n_prompts.tolist()[-1] == 1
    assert "hangs on one prompt" in [w.name for w in rated.warnings]
    with_prior = vn.rate(votes, prior=vn.GaussianPrior(0.1)).standard_errors()
    assert np.isnan(with_prior[-1])
    assert np.isfinite(with_prior[:-1]).all()


def test_two_models_that_met_on_one_prompt_only_have_no_errors():
    """About the mean of the only one of them that is left an error would be 0."""
    rows = simulated(np.random.default_rng(10), 30, 5)
    new = {
        "first": [8, 9], "second": [9, 8], "teacher": [0, 1], "vote": [1, 1], "group": [3, 3],
        "swapped": [False] * 2,
    }  # fmt: skip
    votes = votes_of({k: np.concatenate([rows[k], np.asarray(new[k])]) for k in rows})
    rated = vn.rate(votes, prior=vn.GaussianPrior(0.1))
    error = rated.standard_errors()
    assert rated.items[-2:].tolist() == [8, 9]
    assert np.isnan(error[-2:]).all()
    assert np.isfinite(error[:-2]).all()
    notice = next(w.text for w in rated.warnings if w.name == "hangs on one prompt")
    assert "8, 9." in notice


def test_models_that_never_met():
    one = simulated(np.random.default_rng(11), 20, 5, n_models=3)
    two = simulated(np.random.default_rng(12), 20, 5, n_models=3)
    two |= {"first": two["first"] + 3, "second": two["second"] + 3, "group": two["group"] + 20}
    votes = votes_of({k: np.concatenate([one[k], two[k]]) for k in one})
    with pytest.warns(vn.NotIdentifiedWarning):
        rated = vn.rate(votes)
    assert "never met" in [w.name for w in rated.warnings]
    assert np.isfinite(rated.standard_errors()).all()
    with pytest.raises(ValueError, match="component"):
        rated.difference(0, 4)


def test_one_judge_and_a_judge_of_one_vote(rows):
    one = vn.rate(votes_of(rows, rows["teacher"] == 0))
    assert np.isfinite(one.standard_errors()).all()
    assert "few teachers" in [w.name for w in one.warnings]
    extra = {k: np.concatenate([v, v[:1]]) for k, v in rows.items()}
    extra["teacher"] = np.concatenate([rows["teacher"], [77]])
    rated = vn.rate(votes_of(extra))
    frame = rated.teachers_frame("dict")
    assert frame["n_judgments"][frame["teacher"] == 77].tolist() == [1]
    assert np.isfinite(rated.standard_errors()).all()


def test_undefeated_models_need_a_prior():
    rows = simulated(np.random.default_rng(13), 20, 4)
    rows["vote"] = np.where(rows["first"] == 4, 1, np.where(rows["second"] == 4, -1, rows["vote"]))
    with pytest.raises(vn.NotIdentifiedError):
        vn.rate(votes_of(rows))
    rated = vn.rate(votes_of(rows), prior=vn.GaussianPrior(0.1))
    assert np.isfinite(rated.interval()).all()
    assert rated.ranks()[4] == 1
    by = np.asarray(votes_of(rows).groups) % 2
    table = vn.rate(votes_of(rows), by=by, prior=vn.GaussianPrior(0.1)).to_frame("dict")
    assert (table["rank"][table["item"] == 4] == 1).all()
    assert str(rated.summary())


def test_nothing_but_ties():
    rows = simulated(np.random.default_rng(14), 20, 4)
    rows["vote"] = np.zeros_like(rows["vote"])
    rated = vn.rate(votes_of(rows))
    assert np.abs(rated.theta).max() == 0.0
    assert np.abs(rated.standard_errors()).max() < 1e-9


# ---- judges ------------------------------------------------------------------------------------


def test_the_judges_stand_beside_it(rows):
    rated = vn.rate(votes_of(rows))
    frame = rated.teachers_frame("dict")
    assert (np.diff(frame["weight"]) <= 0).all()
    n = frame["n_judgments"]
    np.testing.assert_allclose((frame["weight"] * n).sum(), n.sum())
    bias = dict(zip(frame["teacher"].tolist(), frame["position_bias"].tolist(), strict=True))
    assert bias[0] < 0 < bias[3]
    assert rated.leans().lower[3] > 0


def shown(rng, n_prompts, *, both, favour):
    """One judge in a logistic world, whose lean is known: half the mean difference of orders."""
    theta, n = np.linspace(-1, 1, 5), 6 * n_prompts
    prompt = np.repeat(np.arange(n_prompts), 6)
    first = rng.integers(0, 5, n)
    second = (first + rng.integers(1, 5, n)) % 5
    if favour:  # stronger models are shown first more often
        turn = (first < second) & (rng.random(n) < 0.6)
        first, second = np.where(turn, second, first), np.where(turn, first, second)
    d = theta[first] - theta[second] + rng.normal(0, 1, n)
    p, q = (1 / (1 + np.exp(-(d + lean))) for lean in (0.6, -0.6))
    rows = {"first": first, "second": second, "teacher": np.zeros(n, int), "group": prompt,
            "vote": np.where(rng.random(n) < p, 1, -1), "swapped": np.zeros(n, bool)}  # fmt: skip
    if both:
        again = rows | {"vote": np.where(rng.random(n) < q, 1, -1), "swapped": np.ones(n, bool)}
        rows = {name: np.concatenate([rows[name], again[name]]) for name in rows}
    return votes_of(rows), float((p - q).mean())


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("favour", [True, False])
def test_a_lean_to_the_first_is_measured(both, favour):
    rng, n, inside, found = np.random.default_rng(1), 200, 0, []
    truth = shown(rng, 50_000, both=both, favour=favour)[1]
    for _ in range(n):
        votes, _ = shown(rng, 40, both=both, favour=favour)
        lean = vn.rate(votes, prior=vn.GaussianPrior(0.01), n_threads=1).leans()
        inside += int(lean.lower[0] <= truth <= lean.upper[0])
        found.append(lean.bias[0])
    assert abs(inside / n - 0.95) < 4 * math.sqrt(0.95 * 0.05 / n)
    assert abs(np.mean(found) - truth) < 4 * np.std(found) / math.sqrt(n) + 0.005


def test_a_lean_needs_both_orders():
    rows = simulated(np.random.default_rng(17), 30, 5)
    rows = {name: column[rows["first"] < rows["second"]] for name, column in rows.items()}
    assert np.isnan(vn.rate(votes_of(rows)).leans().bias).all()
    frame = vn.rate(votes_of({k: v for k, v in rows.items() if k != "swapped"}))
    assert np.isnan(frame.teachers_frame("dict")["position_bias"]).all()


def test_one_sided_showing_is_said():
    """The model shown first gains what judges give to the first."""
    rows = simulated(np.random.default_rng(15), 300, 6)
    fair = vn.rate(votes_of(rows))
    assert "shown on one side" not in [w.name for w in fair.warnings]
    rated = vn.rate(votes_of(rows, rows["second"] != 0))
    notice = next(w for w in rated.warnings if w.name == "shown on one side")
    assert notice.text.startswith("0:")


def test_tables(rows):
    rated = vn.rate(votes_of(rows))
    frame = rated.to_frame("dict")
    assert {"item", "theta", "standard_error", "lower", "upper", "rank", "n_prompts"} <= set(frame)
    assert "category" not in frame
    assert set(rated.to_frame("dict", errors=None)) == set(frame) - {
        "standard_error", "lower", "upper",
    }  # fmt: skip
    text = str(rated.summary())
    assert "40 prompts" in text
    assert "position bias" in text
    assert repr(rated) == "<Rated bradley-terry: 5 models, 40 prompts, 4 judges>"
    assert len(rated.summary(top=2).columns["item"]) == 2
    bare = rated.summary(errors=None)
    assert "standard_error" not in bare.columns
    assert "SE:" not in str(bare)


# ---- ways in -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"method": "best"}, ValueError, "method"),
        ({"model": "davidson"}, ValueError, "model"),
        ({"prior": 0.1}, TypeError, "prior"),
        ({"by": "language"}, ValueError, "by"),
        ({"by": ["a"]}, ValueError, "by"),
        ({"by": {0: "a"}}, ValueError, "by"),
        ({"rho": 2.0}, ValueError, "rho"),
    ],
)
def test_bad_arguments(rows, change, error, says):
    with pytest.raises(error, match=says):
        vn.rate(votes_of(rows), **change)


def test_bad_votes(rows):
    some = {k: v for k, v in rows.items() if k != "group"}
    with pytest.raises(ValueError, match="group"):
        vn.rate(vn.Votes(**some))
    with pytest.raises(ValueError, match="pairs of models"):
        vn.rate(vn.Votes.from_pairs([0, 0], [1, 2], [1, 1]))
    with pytest.raises(TypeError, match="a data frame"):
        vn.rate("votes.csv")
    with pytest.raises(TypeError, match="votes of judges"):
        vn.rate(vn.Comparisons(["a"], ["b"], 1.0))
    with pytest.raises(ValueError, match="errors"):
        vn.rate(votes_of(rows)).standard_errors("sandwich")
    with pytest.raises(ValueError, match="categories"):
        vn.rate(votes_of(rows))["en"]
