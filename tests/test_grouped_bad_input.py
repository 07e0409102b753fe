"""Wrong input to the grouped fits names the argument, the group, the row and the value."""

from __future__ import annotations

import gc
import resource
import warnings

import numpy as np
import pytest

import venire as vn
from venire import simulate

G, A, B = ["q", "q", "p"], ["a", "b", "a"], ["b", "c", "b"]
Grouped = vn.GroupedComparisons


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Grouped([], [], [], []), ValueError, ["group", "empty"]),
        (lambda: Grouped(G, A, B[:2], 1), ValueError, ["second", "2", "group", "3"]),
        (lambda: Grouped(G, A, B, [1, 0]), ValueError, ["score", "2", "3"]),
        (lambda: Grouped(G, A, B, 1, weight=[1] * 4), ValueError, ["weight", "4", "3"]),
        (lambda: Grouped(G, A, B, 1, order=[1, 0]), ValueError, ["order", "2", "3"]),
        (lambda: Grouped([], [], [], [1.0], groups=["x"]), ValueError, ["score", "1", "0"]),
        (lambda: Grouped(["q", None, "p"], A, B, 1), ValueError, ["group", "missing", "1"]),
        (lambda: Grouped([1.0, np.nan, 2.0], A, B, 1), ValueError, ["group", "missing", "1"]),
        (lambda: Grouped([1.0, 1.5, 2.0], A, B, 1), ValueError, ["group", "1", "1.5"]),
        (lambda: Grouped(G, ["a", None, "a"], B, 1), ValueError, ["first", "missing", "1"]),
        (lambda: Grouped("q", A, B, 1), TypeError, ["group", "'q'"]),
        (lambda: Grouped(np.zeros((3, 1), int), A, B, 1), ValueError, ["group", "2 dimensions"]),
        (lambda: Grouped([True, False, True], A, B, 1), TypeError, ["group", "True"]),
        (lambda: Grouped(G, A, [1, 2, 3], 1), TypeError, ["second", "one type", "0"]),
        (lambda: Grouped(G, A, ["b", "b", "b"], 1), ValueError, ["'q'", "itself", "'b'", "1"]),
        (lambda: Grouped([5, 5], [3, 4], [4, 4], 1), ValueError, ["group 5", "itself", "4", "1"]),
        (
            lambda: Grouped([5, 5], [3, 4], [4, 4], 1, weight=[1, 0]),
            ValueError,
            ["group 5", "itself", "4", "1"],
        ),
        (lambda: Grouped(G, A, B, [0.5, 1.25, 1]), ValueError, ["score", "'q'", "1.25", "1"]),
        (lambda: Grouped(G, A, B, [1, 1, -0.5]), ValueError, ["score", "'p'", "-0.5", "2"]),
        (lambda: Grouped(G, A, B, [1, 1, np.nan]), ValueError, ["score", "'p'", "nan", "2"]),
        (lambda: Grouped(G, A, B, 2.0), ValueError, ["score", "'q'", "2.0", "0"]),
        (lambda: Grouped(G, A, B, ["win"] * 3), TypeError, ["score"]),
        (lambda: Grouped(G, A, B, 1, weight=[1, -2, 1]), ValueError, ["weight", "'q'", "-2", "1"]),
        (lambda: Grouped(G, A, B, 1, weight=[1, 1, np.inf]), ValueError, ["weight", "'p'", "inf"]),
        (lambda: Grouped(G, A, B, 1, order=[1, 2, 0]), ValueError, ["order", "2", "1"]),
        (lambda: Grouped(G, A, B, 1, n_threads=0), ValueError, ["n_threads", "0"]),
        (
            lambda: Grouped(G, A, B, 1, groups=["q"]),
            ValueError,
            ["group", "among groups", "'p'", "2"],
        ),
        (
            lambda: Grouped(G, A, B, 1, groups=["q", "p", "q"]),
            ValueError,
            ["groups", "twice", "'q'"],
        ),
        (lambda: Grouped([1], [2], [3], 1, groups=[]), ValueError, ["group", "1", "0"]),
        (lambda: Grouped(G, A, B, 1, items=["a"]), TypeError, ["items", "pair"]),
        (lambda: Grouped(G, A, B, 1, items=(["q"], ["a", "b"])), ValueError, ["items", "1", "2"]),
        (
            lambda: Grouped(G, A, B, 1, groups=["q", "p"], items=(["q", "z"], ["a", "a"])),
            ValueError,
            ["items", "group", "'z'", "[1]"],
        ),
        (
            lambda: Grouped(G, A, B, 1, items=(["q", None], ["a", "a"])),
            ValueError,
            ["items", "group", "missing", "[1]"],
        ),
        (lambda: Grouped(G, A, B, 1, items=([1], ["a"])), TypeError, ["items", "one type", "0"]),
        (
            lambda: Grouped.from_counts(G, A, B, [1, -1, 1], [1, 1, 1]),
            ValueError,
            ["win", "'q'", "-1", "1"],
        ),
        (
            lambda: Grouped.from_counts(G, A, B, [1, 1, 1], [1, 1, np.nan]),
            ValueError,
            ["loss", "'p'", "nan", "2"],
        ),
        (
            lambda: Grouped.from_counts(G, A, B, [1, 1, 1], [1, 1, 1], [0, np.inf, 0]),
            ValueError,
            ["tie", "'q'", "inf", "1"],
        ),
        (lambda: Grouped.from_counts(G, A, B, [1, 1], [1, 1, 1]), ValueError, ["win", "2", "3"]),
    ],
)
def test_rows(call, error, words):
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), (word, str(caught.value))


def test_the_first_bad_row_is_named_in_any_order_and_with_any_threads():
    """Row numbers are those of the caller, not those after sorting by group."""
    rng = np.random.default_rng(1)
    n = 200_000
    group, first = rng.integers(0, 3_000, n), rng.integers(0, 30, n)
    second, score = (first + 1 + rng.integers(0, 29, n)) % 30, rng.random(n)
    score[[151_111, 70_003, 190_000]] = [-3.0, 7.0, 5.0]
    for by in (np.arange(n), np.argsort(group, kind="stable")):
        rows = [x[by] for x in (group, first, second, score)]
        at = int(np.flatnonzero(np.isin(rows[3], [-3.0, 7.0, 5.0]))[0])
        for n_threads in (1, 2, 8):
            with pytest.raises(ValueError, match=r"score") as caught:
                Grouped(*rows, n_threads=n_threads)
            for word in (f"(in group {rows[0][at]})", f"score[{at}] = {rows[3][at]}:"):
                assert word in str(caught.value)


def test_columns_with_an_index_of_their_own():
    pandas = pytest.importorskip("pandas")
    columns = [pandas.Series(x, index=[7, 8, 9]) for x in ([1, 1, 2], [3, 4, 3], [4, 3, 4])]
    assert Grouped(*columns, 1).n_items == 4
    columns[2] = columns[1]
    with pytest.raises(ValueError, match=r"second\[0\] = 3: .*group 1"):
        Grouped(*columns, 1)


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow"])
def test_null_in_a_frame(kind):
    table = {"q": ["x", None, "z"], "a": [1, 2, 3], "b": [2, 3, 1], "s": [1.0, 0.0, 4.0]}
    module = pytest.importorskip(kind)
    frame = module.table(table) if kind == "pyarrow" else module.DataFrame(table)
    with pytest.raises(ValueError, match=r"group\[1\].*'q'.*missing"):
        Grouped.from_frame(frame, group="q", first="a", second="b", score=1.0)
    with pytest.raises(ValueError, match=r"score\[2\] = 4.0 .*'s'"):
        Grouped.from_frame(frame, group="b", first="a", second="b", score="s")
    with pytest.raises(ValueError, match="nope"):
        Grouped.from_frame(frame, group="nope", first="a", second="b", score=1.0)


ROWS = Grouped(G, A, B, [1.0, 0.5, 0.3])


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"prior": 0.1}, TypeError, "prior"),
        ({"model": "elo"}, ValueError, "model.*elo"),
        ({"tol": 0.0}, ValueError, "tol"),
        ({"tol": np.nan}, ValueError, "tol"),
        ({"tol": 2.0}, ValueError, "tol"),
        ({"max_iter": -1}, ValueError, "max_iter"),
        ({"max_iter": 1.5}, TypeError, "max_iter"),
        ({"n_threads": 0}, ValueError, "n_threads"),
        ({"n_threads": 1.5}, TypeError, "n_threads"),
        ({"order_effect": 2}, TypeError, "order_effect"),
        ({"shared": 1}, TypeError, "shared"),
        ({"strict": "yes"}, TypeError, "strict"),
        ({"init": [0.0]}, ValueError, "init.*5"),
        ({"init": [0.0, 0.0, 0.0, np.nan, 0.0]}, ValueError, "init.*nan"),
        ({"alpha": 1.0}, TypeError, "alpha"),
    ],
)
def test_arguments_of_the_fit(arguments, error, word):
    with pytest.raises(error, match=word):
        vn.fit_groups(ROWS, **arguments)


def test_after_the_data_arguments_are_keywords():
    with pytest.raises(TypeError, match="positional"):
        vn.fit_groups(ROWS, "thurstone")
    with pytest.raises(TypeError, match="GroupedComparisons"):
        vn.fit_groups((G, A, B))
    with pytest.raises(TypeError, match="GroupedComparisons"):
        vn.fit_groups(vn.Comparisons(A, B, 1.0))


@pytest.mark.parametrize("precision", [0.0, -1.0, np.nan, np.inf])
def test_a_prior_must_be_proper(precision):
    with pytest.raises(ValueError, match="precision"):
        vn.fit_groups(ROWS, prior=vn.GaussianPrior(precision))


def test_arguments_of_the_result():
    gf = vn.fit_groups(ROWS)
    for label in ("zz", 3, None):
        with pytest.raises(ValueError, match="no such group"):
            gf[label]
    with pytest.raises(ValueError, match=r"scale.*degrees"):
        gf.rescale("degrees")
    with pytest.raises(ValueError, match="standardized"):
        gf.standardize().rescale("elo")
    with pytest.raises(ValueError, match="backend"):
        gf.to_frame("excel")
    with pytest.raises(ValueError, match="scale"):
        gf.rescale("elo")["q"]
    with pytest.raises(ValueError, match="scale"):
        vn.fit_groups(ROWS, init=gf.standardize())


def test_one_row():
    """One comparison: a fit only with a prior; its two items lie the same distance from 0."""
    g = Grouped([7], ["a"], ["b"], 1)
    gf = vn.fit_groups(g)
    assert gf.status.tolist() == ["converged"]
    single = vn.fit_bradley_terry(vn.Comparisons(["a"], ["b"], 1.0), prior=vn.GaussianPrior(0.01))
    np.testing.assert_allclose(gf.theta, single.theta, atol=1e-9)
    gf = vn.fit_groups(g, prior=None)
    assert gf.status.tolist() == ["not identified"]
    for x in (gf.theta, gf.residual, gf.log_likelihood, gf.standard_errors()):
        assert np.isnan(x).all()


def test_no_growth_over_many_calls():
    """A leak of one 20 kB array per call would show as 8 MB."""
    rows = simulate.comparisons(40, 2_000, model="davidson", rng=1)
    group = np.random.default_rng(1).integers(0, 30, 2_000)

    def work():
        g = Grouped(group, rows.first, rows.second, rows.score, n_threads=1)
        gf = vn.fit_groups(g, model="davidson", order_effect=True, n_threads=1)
        assert np.isfinite(gf.standard_errors()).any()
        assert gf.log_likelihood.shape == gf.parameter_errors().tie.shape == (30,)
        with pytest.raises(ValueError, match="score"):
            Grouped(group, rows.first, rows.second, rows.score + 1.0)
        with pytest.raises(vn.NotIdentifiedError):
            vn.fit_groups(g, prior=None, order_effect=True, strict=True, n_threads=1)

    def peak():
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.ConvergenceWarning)
        for _ in range(50):
            work()
        before = peak()
        for _ in range(400):
            work()
    assert peak() - before < 5_000  # kB
