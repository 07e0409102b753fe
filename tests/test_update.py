"""A fit updated with new comparisons is the fit of all of them."""

from __future__ import annotations

import json
import pickle
import warnings

import numpy as np
import pytest

import venire as vn
from venire.models import MODELS

FITS = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}


def rows(rng, n, items, *, ties=True, order=False, cluster=False):
    """Columns of n comparisons among `items`, of strengths that go with the labels."""
    first = rng.integers(0, items, n)
    second = (first + rng.integers(1, items, n)) % items
    d = (first - second) / items
    u = rng.random(n)
    p = 1 / (1 + np.exp(-d))
    score = np.where(u < 0.2, 0.5, (rng.random(n) < p).astype(float)) if ties else u < p
    columns = {"first": first, "second": second, "score": score.astype(float)}
    if order:
        columns["order"] = rng.choice([-1, 0, 1], n)
    if cluster:
        columns["cluster"] = rng.integers(0, 9, n)
    return columns


def both(a, b):
    return {name: np.concatenate([a[name], b[name]]) for name in a}


def assert_same(updated, refit, tol=1e-8):
    assert updated.converged
    assert updated.items.tolist() == refit.items.tolist()
    np.testing.assert_array_equal(updated.component, refit.component)
    np.testing.assert_allclose(updated.theta, refit.theta, rtol=0, atol=tol)
    for name in ("order_effect", "tie"):
        one, other = getattr(updated, name), getattr(refit, name)
        assert (one is None) == (other is None)
        assert one is None or abs(one - other) < tol
    assert abs(updated.log_likelihood - refit.log_likelihood) < tol * max(
        1.0, abs(refit.log_likelihood)
    )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize("prior", [None, vn.GaussianPrior(0.5)])
def test_update_is_the_refit(model, order, prior):
    rng = np.random.default_rng(1)
    old, new = rows(rng, 900, 12, order=order), rows(rng, 30, 12, order=order)
    options = {"prior": prior, "order_effect": order}
    fit = FITS[model](vn.Comparisons(**old), **options)
    refit = FITS[model](vn.Comparisons(**both(old, new)), **options)
    assert_same(fit.update(vn.Comparisons(**new)), refit)
    assert_same(fit.update(**new), refit)


def test_a_chain_of_updates_is_the_refit():
    rng = np.random.default_rng(2)
    all_rows = rows(rng, 600, 10)
    prior = vn.GaussianPrior(0.1)
    fit = vn.fit_davidson(vn.Comparisons(**all_rows), prior=prior)
    for _ in range(50):
        new = rows(rng, int(rng.integers(1, 20)), int(rng.integers(2, 16)))
        fit = fit.update(**new)
        all_rows = both(all_rows, new)
    assert_same(fit, vn.fit_davidson(vn.Comparisons(**all_rows), prior=prior))


def test_new_items_first_ties_and_links_between_components():
    c = vn.Comparisons(["a", "b", "c", "d"], ["b", "a", "d", "c"], 1.0)
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        fit = vn.fit_davidson(c)
    assert fit.tie == 0.0
    assert fit.component.tolist() == [0, 0, 1, 1]
    new = {"first": ["a", "d", "b"], "second": ["c", "b", "d"], "score": [1.0, 1.0, 0.5]}
    updated = fit.update(**new)
    assert updated.component.tolist() == [0, 0, 0, 0]
    assert_same(updated, vn.fit_davidson(c.append(**new)))
    new = {"first": ["e", "a"], "second": ["a", "e"], "score": 1.0}
    assert_same(updated.update(**new), vn.fit_davidson(updated.comparisons.append(**new)))
    with pytest.raises(vn.NotIdentifiedError, match="undefeated: e"):
        updated.update(first=["e"], second=["a"], score=1.0)


def test_what_was_asked_of_the_fit_is_kept():
    c = vn.Comparisons([0, 1, 2, 2], [1, 0, 0, 1], 1.0)
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        strong = vn.fit_bradley_terry(c, components="strong")
    with pytest.warns(vn.errors.NotIdentifiedWarning):
        again = strong.update(first=[0], second=[1], score=1.0)
    assert again.component.tolist() == [0, 0, 1]
    mm = vn.fit_bradley_terry(vn.Comparisons([0, 1, 2, 1], [1, 2, 0, 0], 1.0), method="mm")
    assert mm.update(first=[0], second=[1], score=0.5).method == "mm"


def test_clusters_and_saved_fits():
    rng = np.random.default_rng(3)
    old, new = rows(rng, 300, 8, cluster=True), rows(rng, 30, 9, cluster=True)
    prior = vn.GaussianPrior(1.0)
    fit = pickle.loads(pickle.dumps(vn.fit_bradley_terry(vn.Comparisons(**old), prior=prior)))
    refit = vn.fit_bradley_terry(vn.Comparisons(**both(old, new)), prior=prior)
    updated = fit.update(**new)
    assert_same(updated, refit)
    np.testing.assert_allclose(
        updated.standard_errors("robust"), refit.standard_errors("robust"), rtol=1e-9
    )
    with pytest.raises(ValueError, match="cluster"):
        fit.update(first=[0], second=[1], score=1.0)


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_covariates(model):
    rng = np.random.default_rng(4)
    old, new = rows(rng, 400, 8), rows(rng, 40, 8)
    for columns in (old, new):
        n = len(columns["first"])
        columns["covariates"] = rng.normal(size=(n, 2))
    everything = both(old, new)
    updated = FITS[model](vn.Comparisons(**old)).update(**new)
    refit = FITS[model](vn.Comparisons(**everything))
    assert_same(updated, refit)
    np.testing.assert_allclose(updated.coefficients, refit.coefficients, atol=1e-8)


@pytest.mark.parametrize("model", ["bradley-terry", "davidson"])
def test_the_evidence_chooses_again(model, tmp_path):
    rng = np.random.default_rng(5)
    old, new = rows(rng, 400, 8), rows(rng, 40, 9)
    for columns in (old, new):
        columns["covariates"] = rng.normal(size=(len(columns["first"]), 1))
        columns["date"] = rng.integers(0, 60, len(columns["first"]))
    c, prior = vn.Comparisons(**old, half_life=30), vn.GaussianPrior("evidence", 0.2)
    fit = FITS[model](c, prior=prior)
    refit = FITS[model](vn.Comparisons(**both(old, new), half_life=30), prior=prior)
    fit.save(tmp_path / "fit.npz")
    for yesterday in (fit, vn.ratings.Fit.load(tmp_path / "fit.npz")):
        assert yesterday.evidence == fit.evidence
        today = yesterday.update(**new)
        assert today.prior.mean == 0.2
        assert today.prior.precision == today.evidence.precision
        assert abs(np.log(today.prior.precision / fit.prior.precision)) > 0.01
        assert abs(np.log(today.prior.precision / refit.prior.precision)) < 1e-3
        np.testing.assert_allclose(today.theta, refit.theta, atol=1e-4)
        anew = FITS[model](today.comparisons, prior=today.prior)
        np.testing.assert_allclose(today.theta, anew.theta, atol=1e-8)
        np.testing.assert_allclose(today.coefficients, anew.coefficients, atol=1e-8)


@pytest.mark.parametrize("kind", ["mapping", "place"])
def test_means_of_leagues_are_found_again(kind, tmp_path):
    rng = np.random.default_rng(6)
    old, new = rows(rng, 400, 8), rows(rng, 40, 8)
    league = {k: "AB"[k % 2] for k in range(8)} if kind == "mapping" else np.arange(8) % 2
    prior = vn.GaussianPrior("evidence", by=league)
    fit = vn.fit_bradley_terry(vn.Comparisons(**old), prior=prior)
    refit = vn.fit_bradley_terry(vn.Comparisons(**both(old, new)), prior=prior)
    fit.save(tmp_path / "fit.npz")
    again = vn.ratings.Fit.load(tmp_path / "fit.npz")
    assert again.prior_means.to_dict() == fit.prior_means.to_dict()
    assert str(again.summary()) == str(fit.summary())
    for yesterday in (fit, again):
        today = yesterday.update(**new)
        np.testing.assert_allclose(today.theta, refit.theta, atol=1e-4)
        assert today.prior_means.labels == refit.prior_means.labels
    with np.load(tmp_path / "fit.npz") as file:
        members = dict(file)
    facts = json.loads(str(members["facts"]))
    for name, value in (("asked", None), ("asked", facts["prior"]), ("fit.prior_means", None),
                        ("fit.prior_means", facts["fit.prior_means"] | {"labels": ["A"]}),
                        ("fit.prior_means", facts["fit.prior_means"] | {"mean": [None, 1.0]}),
                        ("fit.prior_means", facts["fit.prior_means"] | {"labels": ["C", "D"]}),
                        ):  # fmt: skip
        bad = facts | {name: value}
        np.savez(tmp_path / "bad.npz", **members | {"facts": np.array(json.dumps(bad))})
        with pytest.raises(ValueError, match="no saved fit"):
            vn.ratings.Fit.load(tmp_path / "bad.npz")


@pytest.mark.parametrize("damaged", [
    {"precision": 1.0}, {"dispersion": None}, {"n_fits": -1}, {"note": 3}, {"more": 1.0},
], ids=str)  # fmt: skip
def test_evidence_that_does_not_go_with_the_fit_is_refused(damaged, tmp_path):
    path = tmp_path / "fit.npz"
    prior = vn.GaussianPrior("evidence")
    vn.fit_bradley_terry(vn.datasets.load_battles(), prior=prior).save(path)
    with np.load(path) as file:
        members = dict(file)
    facts = json.loads(str(members["facts"]))
    facts["fit.evidence"] |= damaged
    np.savez(path, **(members | {"facts": np.array(json.dumps(facts))}))
    with pytest.raises(ValueError, match="evidence"):
        vn.ratings.Fit.load(path)


def test_priors_by_item_have_to_know_new_items():
    c = vn.Comparisons(["a", "b"], ["b", "a"], 1.0)
    fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior([1.0, 2.0]))
    assert_same(fit.update(first=["a"], second=["b"], score=1.0),
                vn.fit_bradley_terry(c.append(["a"], ["b"], 1.0), prior=fit.prior))  # fmt: skip
    with pytest.raises(ValueError, match="precision"):
        fit.update(first=["a"], second=["c"], score=1.0)


def test_refused():
    fit = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], 1.0))
    with pytest.raises(TypeError, match="not both"):
        fit.update(fit.comparisons, first=[0], second=[1], score=1.0)
    with pytest.raises(TypeError, match="must be Comparisons"):
        fit.update([0, 1])
    with pytest.raises(TypeError, match="must be Comparisons"):
        fit.update()
    with pytest.raises(ValueError, match="score"):
        fit.update(first=[0], second=[1], score=2.0)
    with pytest.raises(ValueError, match="update"):
        fit.rescale("elo").update(first=[0], second=[1], score=1.0)


def test_nothing_new_and_no_warning():
    fit = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], 1.0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same = fit.update(first=[0], second=[1], score=0.5)
    np.testing.assert_allclose(same.theta, fit.theta, atol=1e-12)


def cells_of(c):
    """All that the cells of `c` hold, strata by their labels."""
    x = c.cells
    found = [c.items[c.first], c.items[c.second], c.order, c.win, c.loss, c.tie, c.square]
    found += [] if x.cluster is None else [x.clusters[x.cluster]]
    found += [] if x.date is None else [x.dates[x.date]]
    found += [] if x.covariates is None else [*x.covariates.T]
    return [column.tolist() for column in found] + [c.n_pairs, c.items.tolist(), x.is_soft]


@pytest.mark.parametrize("given", [None, "sorted", "reversed"])
@pytest.mark.parametrize(
    "further",
    [(), ("order",), ("cluster",), ("date",), ("cluster", "date"), ("covariates",), ("soft",)],
)
def test_joined_cells_are_those_of_all_rows(further, given):
    rng = np.random.default_rng(5)
    for n_old, n_new, items in ((300, 40, 9), (20, 200, 14), (1, 1, 3), (2_000, 30, 40)):
        parts = []
        for n, some in ((n_old, items), (n_new, max(items - 3, 2))):
            part = rows(rng, n, some, order="order" in further, cluster="cluster" in further)
            if "date" in further:
                part["date"] = rng.integers(0, 4, n)
            if "covariates" in further:
                part["covariates"] = rng.integers(0, 2, (n, 2)).astype(float)
            if "soft" in further:
                part["score"] = rng.integers(0, 5, n) / 4
            parts.append(part)
        labels = {"sorted": np.arange(items), "reversed": np.arange(items)[::-1]}.get(given)
        old = vn.Comparisons(**parts[0], items=labels)
        new = vn.Comparisons(**parts[1], items=labels)
        whole = vn.Comparisons(**both(*parts), items=labels)
        assert cells_of(old + new) == cells_of(whole)
        assert cells_of(new + old) == cells_of(whole)


def test_the_preconditioner_is_carried_over():
    rng = np.random.default_rng(6)
    n = 12_000
    first = np.repeat(np.arange(n), 8)
    second = (first + rng.integers(1, 30, 8 * n)) % n
    score = (rng.random(8 * n) < 0.5).astype(float)
    old, prior = slice(0, -500), vn.GaussianPrior(0.01)
    fit = vn.fit_bradley_terry(vn.Comparisons(first[old], second[old], score[old]), prior=prior)
    assert fit._cache["preconditioner"].level == "multigrid"
    new = {"first": first[-500:], "second": second[-500:], "score": score[-500:]}
    updated = fit.update(**new)
    refit = vn.fit_bradley_terry(vn.Comparisons(first, second, score), prior=prior)
    assert_same(updated, refit)
    assert updated.n_inner < refit.n_inner
    again = pickle.loads(pickle.dumps(fit)).update(**new)  # which has none
    assert_same(again, refit)
    assert updated.update(**new).n_inner < refit.n_inner


def test_fits_are_saved_with_what_they_are_of(tmp_path):
    rng = np.random.default_rng(7)
    old, new = rows(rng, 300, 8, cluster=True), rows(rng, 30, 9, cluster=True)
    old["date"], new["date"] = np.arange(300), 300 + np.arange(30)
    c = vn.Comparisons(**old, half_life=60)
    fit = vn.fit_davidson(c, prior=vn.GaussianPrior(0.3), order_effect=True)
    path = tmp_path / "fit.npz"
    fit.save(path)
    again = vn.ratings.Fit.load(path)
    assert again.theta.tolist() == fit.theta.tolist()
    assert again.comparisons.half_life == 60.0
    assert again.comparisons.n_effective == fit.comparisons.n_effective
    assert again.update(**new).theta.tolist() == fit.update(**new).theta.tolist()
    with pytest.raises(ValueError, match="no saved fit"):
        vn.ratings.Fit.load(__file__)
    with pytest.raises(ValueError, match="scale"):
        fit.rescale("elo").save(path)
    with pytest.raises(TypeError, match="Fit"):
        vn.resampling.save_fit(c, path)


def test_the_command_goes_on(tmp_path, capsys):
    from venire.cli import main

    lines = ["first,second,score,date"]
    lines += [f"{a},{b},{s},2024-0{m}-01" for m in range(1, 7) for a, b, s in (
        ("x", "y", 1), ("y", "z", 1), ("z", "x", 1), ("x", "y", 0.5), ("x", "z", 1),
    )]  # fmt: skip
    whole, before, after = (tmp_path / f"{name}.csv" for name in ("whole", "before", "after"))
    whole.write_text("\n".join(lines))
    before.write_text("\n".join(lines[:21]))
    after.write_text("\n".join([lines[0], *lines[21:]]))
    saved, kept = str(tmp_path / "fit.npz"), str(tmp_path / "more.npz")
    for half_life in ([], ["--half-life", "30"]):
        assert main(["fit", str(before), "--save", saved, "-q", *half_life]) == 0
        capsys.readouterr()
        assert main(["fit", str(after), "--update", saved, "--save", kept, "--json"]) == 0
        updated = json.loads(capsys.readouterr().out)
        assert main(["fit", str(whole), "--json", *half_life]) == 0
        refit = json.loads(capsys.readouterr().out)
        assert updated["half_life"] == refit["half_life"]
        for one, other in zip(updated["ratings"], refit["ratings"], strict=True):
            assert one["item"] == other["item"]
            assert abs(one["theta"] - other["theta"]) < 1e-8
        assert vn.ratings.Fit.load(kept).n_comparisons == pytest.approx(updated["n_comparisons"])
    assert main(["fit", str(after), "--update", str(whole)]) == 1
    assert "no saved fit" in capsys.readouterr().err
    assert main(["fit", str(after), "--update", saved, "--model", "davidson"]) == 2
    assert main(["fit", str(after), "--update", str(tmp_path / "none.npz")]) != 0


def test_labels_of_another_type_are_refused_by_name():
    numbers, words = vn.Comparisons([0, 1], [1, 0], [1, 1]), vn.Comparisons(["x"], ["y"], [0.5])
    with pytest.raises(TypeError, match=r"items\[0\] = 'x': must be integers"):
        vn.fit_bradley_terry(numbers).update(first=["x"], second=["y"], score=[0.5])
    with pytest.raises(TypeError, match=r"items\[0\] = 0: must be text"):
        words + numbers
    one, other = (vn.Comparisons([0], [1], [1], cluster=[c]) for c in ("a", 1))
    with pytest.raises(TypeError, match=r"cluster\[0\] = 1: must be text"):
        one + other
