"""The audit of covariates: what is planted is found and named, clean ones are left in peace."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn

ASKED = {"first": "model_a", "second": "model_b", "outcome": "winner"}
OWN = np.linspace(-1.0, 1.0, 7)  # a number of each model


@pytest.fixture(scope="module")
def rows():
    columns = vn.datasets.columns("styles")
    rng = np.random.default_rng(20261130)
    n = len(columns["winner"])
    models = np.unique(columns["model_a"])
    length = columns["length_a"] - columns["length_b"]
    markdown = columns["markdown_a"] - columns["markdown_b"]
    own = OWN[np.searchsorted(models, columns["model_a"])]
    own = own - OWN[np.searchsorted(models, columns["model_b"])]
    noise = rng.normal(size=n)
    heavy = noise.copy()
    heavy[17] = 100.0
    return columns | {
        "nothing": np.zeros(n), "three": np.full(n, 3.0), "twice": 2.0 * length, "own": own,
        "nearly": length + 0.1 * noise, "total": length + 2.0 * markdown, "heavy": heavy,
        "mostly": own + 0.1 * noise, "leading": 1.0 + 0.5 * noise, "noise": noise,
        "rarely": 1.0 * (np.arange(n) % 200 == 0),
    }  # fmt: skip


def of(rows, covariates, **named):
    found = vn.audit(rows, covariates=covariates, **ASKED, **named)
    return [f for f in found if f.name == "covariates"]


@pytest.mark.parametrize(
    ("covariates", "gravity", "says"),
    [
        (["nothing", "length"], "grave", "'nothing' is 0 in every row"),
        (["three", "length"], "grave", "'three' is +3 wherever an item was first"),
        (["own", "length"], "grave", "'own' is a number of each item"),
        (["twice", "length"], "grave", "'twice' and 'length' say the same"),
        (["total", "length", "markdown"], "grave", "of 'total', 'length', 'markdown' each is"),
        (["nearly", "length"], "worth knowing", "'nearly' and 'length' say nearly the same"),
        (["mostly"], "worth knowing", "the items say 99.1% of 'mostly'"),
        (["leading"], "worth knowing", "'leading' is mostly larger for the item that is first"),
        (["rarely"], "worth knowing", "'rarely' is 0 in 99.50% of the comparisons"),
        (["heavy"], "worth knowing", "row 17 alone, with 100, is"),
    ],
)
def test_what_is_planted_is_found(rows, covariates, gravity, says):
    found = of(rows, covariates)
    assert [f.gravity for f in found if says in f.what] == [gravity], [str(f) for f in found]
    cells = vn.Comparisons.from_frame(rows, covariates=covariates, cluster="prompt", **ASKED)
    if "row" not in says:
        again = [f for f in vn.audit(cells) if f.name == "covariates"]
        assert [str(f) for f in again] == [str(f) for f in found]


def test_clean_covariates_are_left_in_peace(rows):
    (one,) = of(rows, ["length", "markdown", "noise"])
    assert one.gravity == "fine"
    assert "'length', 'markdown', 'noise': none says what items" in one.what
    assert not [f for f in vn.audit(rows, **ASKED) if f.name == "covariates"]


def test_a_heavy_row_has_its_place(rows):
    (one,) = of(rows, "heavy")
    assert one.where["rows"] == (17,)
    assert one.how_much["share"] > 0.8


def test_units_do_not_matter(rows):
    large = rows | {"length_a": rows["length_a"] * 1e12, "length_b": rows["length_b"] * 1e12}
    for name in ("length", "nearly"):
        assert [f.how_much for f in of(large, [name])] == [
            pytest.approx(f.how_much) for f in of(rows, [name])
        ]
    assert of(rows | {"twice": rows["twice"] * 1e-15}, ["twice", "length"])[0].gravity == "grave"


def test_what_covariates_explain_is_no_misfit():
    """Where length decides all, pairs scatter about a fit without it, and not about one with it."""
    rng = np.random.default_rng(3)
    n = 6000
    a = rng.integers(0, 6, n)
    b = (a + rng.integers(1, 6, n)) % 6
    style = rng.normal(0.0, 2.0, (6, 6))  # of a pair: no number of each item
    x = style[a, b] - style[b, a] + 0.3 * rng.normal(size=n)
    score = (rng.random(n) < 1.0 / (1.0 + np.exp(-x))) * 1.0
    rows = {"a": a, "b": b, "s": score, "x": x}
    named = {"first": "a", "second": "b", "score": "s"}
    without = vn.audit(rows, **named)
    assert without["lack of fit by pair"].gravity != "fine"
    found = vn.audit(rows, covariates="x", **named)
    assert found["lack of fit by pair"].gravity == "fine", str(found)
