"""Published values, met to their printed digits by the reference and by the public fits."""

from __future__ import annotations

import csv
import gzip
import math
from typing import NamedTuple

import numpy as np
import pytest

import venire as vn
from venire import datasets, reference

FITS = {
    "bradley-terry": "fit_bradley_terry",
    "thurstone": "fit_thurstone",
    "davidson": "fit_davidson",
    "rao-kupper": "fit_rao_kupper",
}


class Found(NamedTuple):
    """What both ways of fitting have in common."""

    items: list
    theta: np.ndarray
    order_effect: float | None
    order_effect_error: float | None
    covariance: np.ndarray
    log_likelihood: float

    def relative_to(self, item):
        """Estimates and standard errors of the contrasts with one item."""
        k = self.items.index(item)
        v = self.covariance
        variance = np.diag(v)[: len(self.items)] + v[k, k] - 2 * v[k, : len(self.items)]
        return (
            dict(zip(self.items, self.theta - self.theta[k], strict=True)),
            dict(zip(self.items, np.sqrt(np.maximum(variance, 0.0)), strict=True)),
        )


def by_reference(cells, model, order_effect):
    found = reference.fit(cells, model, order_effect=order_effect)
    covariance = reference.covariance(cells, model, found)
    n = cells.n_items
    return Found(
        cells.items.tolist(),
        found.theta,
        found.order_effect,
        math.sqrt(covariance[n, n]) if order_effect else None,
        covariance,
        found.log_likelihood,
    )


def by_package(comparisons, model, order_effect, method):
    found = getattr(vn, FITS[model])(comparisons, order_effect=order_effect, method=method)
    assert found.converged
    n = comparisons.n_items
    covariance = np.asarray(found.covariance(full=True))
    return Found(
        list(np.asarray(found.items).tolist()),
        np.asarray(found.theta),
        found.order_effect,
        math.sqrt(covariance[n, n]) if order_effect else None,
        covariance,
        found.log_likelihood,
    )


class Backend:
    """Rows or counts in, `Found` out."""

    def __init__(self, name):
        self.name = name

    def _fit(self, data, model, order_effect):
        if self.name == "reference":
            return by_reference(data, model, order_effect)
        method = "newton" if model == "thurstone" else self.name  # which has no MM sweep
        return by_package(data, model, order_effect, method)

    def rows(self, first, second, score=1.0, *, model="bradley-terry", order_effect=False):
        make = reference.aggregate if self.name == "reference" else vn.Comparisons
        return self._fit(make(first, second, score), model, order_effect)

    def counts(self, first, second, win, loss, *, model="bradley-terry", order_effect=False):
        if self.name == "reference":
            make = reference.cells_from_counts
        else:
            make = vn.Comparisons.from_counts
        return self._fit(make(first, second, win, loss), model, order_effect)


@pytest.fixture(params=["reference", "newton", "mm"])
def backend(request):
    return Backend(request.param)


def baseball(backend, **kwargs):
    return backend.counts(*datasets.columns("baseball_1987").values(), **kwargs)


# Agresti 2002, section 10.6, and the vignette of the R package BradleyTerry2; then a refit
PLAIN = {
    "Boston": (1.1077, 0.3339, 1.107698, 0.333878),
    "Cleveland": (0.6839, 0.3319, 0.683853, 0.331877),
    "Detroit": (1.4364, 0.3396, 1.436408, 0.339569),
    "Milwaukee": (1.5814, 0.3433, 1.581356, 0.343256),
    "New York": (1.2476, 0.3359, 1.247618, 0.335861),
    "Toronto": (1.2945, 0.3367, 1.294485, 0.336669),
}


def test_baseball_bradley_terry(backend):
    found = baseball(backend)
    estimate, error = found.relative_to("Baltimore")
    for team, (printed, printed_error, refitted, refitted_error) in PLAIN.items():
        assert round(estimate[team], 4) == printed
        assert round(error[team], 4) == printed_error
        assert estimate[team] == pytest.approx(refitted, abs=5.1e-7)
        assert error[team] == pytest.approx(refitted_error, abs=5.1e-7)
    assert found.log_likelihood == pytest.approx(-172.248176, abs=5.1e-7)


# BTabilities() of the R package BradleyTerry2
WITH_HOME = {
    "Boston": (1.1438027, 0.3378422),
    "Cleveland": (0.7046945, 0.3350014),
    "Detroit": (1.4753572, 0.3445518),
    "Milwaukee": (1.6195550, 0.3473653),
    "New York": (1.2813404, 0.3404034),
    "Toronto": (1.3271104, 0.3403222),
}


def test_baseball_home_advantage(backend):
    found = baseball(backend, order_effect=True)
    estimate, error = found.relative_to("Baltimore")
    for team, (printed, printed_error) in WITH_HOME.items():
        assert estimate[team] == pytest.approx(printed, abs=1e-7)
        # R takes its errors from the weights of the last step but one
        assert error[team] == pytest.approx(printed_error, abs=5e-7)
    assert round(found.order_effect, 4) == 0.3023
    assert round(found.order_effect_error, 4) == 0.1309
    assert found.order_effect == pytest.approx(0.302261, abs=5.1e-7)
    assert found.order_effect_error == pytest.approx(0.130944, abs=5.1e-7)
    assert found.log_likelihood == pytest.approx(-169.542871, abs=5.1e-7)
    strengths = np.sort(np.exp(found.theta) / np.exp(found.theta).sum())
    assert strengths.round(3).tolist() == [0.044, 0.088, 0.137, 0.157, 0.164, 0.190, 0.220]


def test_baseball_likelihood_ratio_of_home_advantage(backend):
    """44.053 - 38.643, the published residual deviances, on one degree of freedom."""
    ratio = 2 * (
        baseball(backend, order_effect=True).log_likelihood - baseball(backend).log_likelihood
    )
    assert ratio == pytest.approx(44.053 - 38.643, abs=1.1e-3)


def binomial_deviance(cells, model, found):
    """Against the 42 binomial cells, as R reports it."""
    n = cells.win + cells.loss
    d = found.theta[cells.first] - found.theta[cells.second]
    p = reference.probabilities(model, d + (found.order_effect or 0.0) * cells.order)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [
            np.where(k > 0, k * np.log(k / (n * q)), 0.0)
            for k, q in ((cells.win, p), (cells.loss, 1.0 - p))
        ]
    return 2.0 * float(np.sum(parts))


@pytest.mark.parametrize(("order_effect", "published"), [(False, 44.053), (True, 38.643)])
def test_baseball_residual_deviance(backend, order_effect, published):
    cells = reference.cells_from_counts(*datasets.columns("baseball_1987").values())
    found = baseball(backend, order_effect=order_effect)
    assert binomial_deviance(cells, "bradley-terry", found) == pytest.approx(published, abs=5.1e-4)


def test_baseball_thurstone(backend):
    """Computed for this project, not published."""
    found = baseball(backend, model="thurstone")
    estimate, _ = found.relative_to("Baltimore")
    expected = {
        "Boston": 0.681263,
        "Cleveland": 0.415465,
        "Detroit": 0.876906,
        "Milwaukee": 0.970430,
        "New York": 0.763585,
        "Toronto": 0.797270,
    }
    for team, value in expected.items():
        assert estimate[team] == pytest.approx(value, abs=5.1e-7)
    assert found.log_likelihood == pytest.approx(-172.218919, abs=5.1e-7)


# R package BradleyTerryScalable, toy data: its stopping rule was 1e-3, ours is not
TOY = [
    {
        "Han": (0.69564153, 0.9110076),
        "Gal": (0.41253614, 0.7675914),
        "Fin": (-1.10817768, 1.0499275),
    },
    {
        "Cyd": (0.59239992, 0.9905958),
        "Amy": (0.03250119, 0.6990438),
        "Ben": (-0.24307179, 0.9443103),
        "Dan": (-0.38182932, 0.7124240),
    },
]


def toy_players():
    first, second, result = datasets.columns("toy_players").values()
    return first, second, np.where(result == "tie", 0.5, 1.0)


@pytest.mark.parametrize("group", TOY, ids=["Han-Gal-Fin", "Cyd-Amy-Ben-Dan"])
def test_toy_players_by_component(backend, group):
    first, second, score = toy_players()
    inside = np.isin(first, list(group)) & np.isin(second, list(group))
    found = backend.rows(first[inside], second[inside], score[inside])
    for item, (estimate, error) in group.items():
        k = found.items.index(item)
        assert found.theta[k] == pytest.approx(estimate, abs=2e-3)
        assert math.sqrt(found.covariance[k, k]) == pytest.approx(error, abs=2e-3)


def test_toy_players_have_no_common_scale(backend):
    with pytest.raises(vn.NotIdentifiedError) as caught:
        backend.rows(*toy_players())
    assert caught.value.n_components == 3
    assert caught.value.undefeated == ["Eve"]
    assert "Eve" in str(caught.value)


def test_toy_players_strong_components():
    c = datasets.load_toy_players()
    with pytest.warns(vn.NotIdentifiedWarning, match="3 components"):
        found = vn.fit_bradley_terry(c, components="strong")
    items = np.asarray(found.items).tolist()
    for group in TOY:
        where = [items.index(item) for item in group]
        assert len({int(found.component[k]) for k in where}) == 1
        for k, (estimate, _) in zip(where, group.values(), strict=True):
            assert found.theta[k] == pytest.approx(estimate, abs=2e-3)
    assert found.theta[items.index("Eve")] == 0.0


# tests/data of choix (Maystre)
@pytest.mark.parametrize(
    ("wins", "expected"),
    [
        ([(0, 1), (1, 2), (2, 0)], [0.0, 0.0, 0.0]),
        ([(0, 1), (0, 1), (1, 2), (2, 0)], [0.419617624, -0.419617624, 0.0]),
    ],
)
def test_choix_fixtures(backend, wins, expected):
    found = backend.rows(*np.array(wins).T)
    np.testing.assert_allclose(found.theta, expected, atol=1e-8)


def test_wikipedia_example(backend):
    """tests/test_bradley_terry.py of arena-rank; strengths of geometric mean 1."""
    rows = ["AB2", "AD1", "BA3", "BC5", "CB3", "CD1", "DA4", "DC3"]
    first, second = ([r[k] for r in rows] for k in (0, 1))
    count = np.array([float(r[2]) for r in rows])
    found = backend.counts(first, second, count, np.zeros(8))
    np.testing.assert_allclose(np.exp(found.theta), [0.640, 1.043, 0.660, 2.270], rtol=1e-3)


def test_david_taste_data(backend):
    """David 1988, in the R package eba; the fit was computed for this project."""
    chosen = np.array([[0, 3, 2, 2], [12, 0, 11, 3], [13, 4, 0, 5], [13, 12, 10, 0]], float)
    i, j = np.triu_indices(4, 1)
    found = backend.counts(i, j, chosen[i, j], chosen[j, i], model="thurstone")
    np.testing.assert_allclose(
        found.theta[1:] - found.theta[0], [0.945261, 0.768209, 1.387365], atol=5.1e-7
    )
    assert found.log_likelihood == pytest.approx(-47.305079, abs=5.1e-7)


@pytest.mark.parametrize("name", ["food", "simple"])
def test_evalica_half_ties(backend, name, shared_data):
    """Strengths that sum to 1, a tie counting half a win to each."""

    def table(file):
        with gzip.open(shared_data / file, "rt", newline="") as stream:
            return list(csv.DictReader(stream))

    votes = table(f"{name}.csv.gz")
    golden = {
        r["item"]: float(r["score"]) for r in table("evalica_golden.csv.gz") if r["dataset"] == name
    }
    score = [{"A": 1.0, "B": 0.0, "tie": 0.5}[r["vote"]] for r in votes]
    found = backend.rows([r["a"] for r in votes], [r["b"] for r in votes], score)
    strengths = np.exp(found.theta) / np.exp(found.theta).sum()
    assert len(golden) == 5
    for item, expected in golden.items():
        assert strengths[found.items.index(item)] == pytest.approx(expected, abs=1e-8)


# --- cases where other packages fail silently -----------------------------------------------------

CIRCLE = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "c"), ("b", "a"), ("c", "b")]


@pytest.mark.parametrize(
    ("row", "attribute"), [(("d", "a"), "undefeated"), (("a", "d"), "winless")]
)
def test_undefeated_or_winless_item_is_refused(backend, row, attribute):
    first, second = zip(*CIRCLE, row, strict=True)
    with pytest.raises(vn.NotIdentifiedError, match=r"\bd\b") as caught:
        backend.rows(first, second)
    assert getattr(caught.value, attribute) == ["d"]


@pytest.mark.parametrize(("row", "rank"), [(("d", "a"), 3), (("a", "d"), 0)])
def test_undefeated_or_winless_item_with_a_prior(row, rank):
    first, second = zip(*CIRCLE, row, strict=True)
    prior = vn.GaussianPrior(0.1)
    found = vn.fit_bradley_terry(vn.Comparisons(first, second, 1.0), prior=prior)
    twin = reference.fit(reference.aggregate(first, second), prior=prior)
    np.testing.assert_allclose(found.theta, twin.theta, atol=1e-8)
    assert np.isfinite(found.theta).all()
    assert np.argsort(found.theta).tolist().index(3) == rank


def test_two_groups_that_never_met_are_not_compared():
    first, second = ["a", "b", "x", "y"], ["b", "a", "y", "x"]
    with pytest.warns(vn.NotIdentifiedWarning):
        found = vn.fit_bradley_terry(vn.Comparisons(first, second, 1.0, weight=[2, 1, 3, 1]))
    assert found.component.tolist() == [0, 0, 1, 1]
    half = [math.log(2) / 2, math.log(3) / 2]
    np.testing.assert_allclose(found.theta, [half[0], -half[0], half[1], -half[1]], atol=1e-8)
    with pytest.raises(ValueError, match=r"'a'.*'x'"):
        found.predict(["a"], ["x"])


def test_full_order_without_upsets():
    c = vn.Comparisons(["a", "b", "a"], ["b", "c", "c"], 1.0)
    with pytest.raises(vn.NotIdentifiedError) as caught:
        vn.fit_bradley_terry(c)
    assert caught.value.n_components == 3
    assert caught.value.undefeated == ["a"]
    assert caught.value.winless == ["c"]
    found = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(1.0))
    assert np.isfinite(found.theta).all()
    assert found.theta[0] > found.theta[1] > found.theta[2]


def test_a_tie_is_no_win_for_the_first_item(backend):
    """Three ties and one win each: equal strengths, whoever is written first."""
    found = backend.rows(["a"] * 4 + ["b"], ["b"] * 4 + ["a"], [0.5, 0.5, 0.5, 1.0, 1.0])
    np.testing.assert_allclose(found.theta, 0.0, atol=1e-9)
