"""Comparisons with covariates and dates: how rows become cells, and fits with coefficients."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CELLS = ("first", "second", "order", "win", "loss", "tie", "square", "cluster", "date")


@st.composite
def rows(draw, strata=("cluster", "date", "covariates"), max_rows=60):
    n, items = draw(st.integers(1, max_rows)), draw(st.integers(2, 6))
    g = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first = g.integers(0, items, n)
    out = {
        "first": first,
        "second": (first + g.integers(1, items, n)) % items,
        "score": g.choice([0.0, 1.0, 0.5, 0.3], n),
        "weight": g.choice([1.0, 2.0, 0.3], n),
        "order": g.integers(-1, 2, n).astype(np.int8),
    }
    values = {
        "cluster": g.integers(0, 4, n),
        "date": g.integers(0, 3, n),
        "covariates": g.choice([0.0, -0.0, 1.0, -1.0, 0.5], (n, draw(st.integers(1, 3)))),
    }
    return out | {name: values[name] for name in strata if draw(st.booleans())}


def dense(data):
    """The same with codes that leave none out."""
    out = dict(data)
    for name in ("cluster", "date"):
        if name in data:
            out[name] = np.unique(data[name], return_inverse=True)[1]
    return out


def assert_same(c, twin):
    for name in CELLS:
        found, expected = getattr(c, name), getattr(twin, name)
        if expected is None:
            assert found is None, name
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=name)
    if twin.covariates is None:
        assert c.covariates is None
    else:
        assert np.array_equal(c.covariates, twin.covariates)
        assert c.covariates.flags.c_contiguous


# ---- cells ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 13, 63, 64, 65, 129, 400])
@pytest.mark.parametrize("values", [None, 3, 200])
def test_many_rows_of_one_pair(n, values):
    """In order by their covariates, be the first of these distinct, or `values` of them."""
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, 2)) if values is None else rng.integers(0, values, (n, 2)) - 1.0
    first = rng.integers(0, 2, n)
    data = {"first": first, "second": 1 - first, "score": rng.choice([0.0, 0.5, 1.0], n)}
    c = vn.Comparisons(**data, order=0, covariates=x)
    assert_same(c, reference.aggregate(**data, order=np.zeros(n, np.int8), covariates=x))
    assert not c.cells.is_soft
    assert c.cells.square is None


@SETTINGS
@given(rows())
def test_cells_are_kept_apart_by_stratum(data):
    c = vn.Comparisons(**data, n_threads=1)
    assert_same(c, reference.aggregate(**dense(data)))
    many = vn.Comparisons(**data, n_threads=3)
    assert all(np.array_equal(getattr(c, k), getattr(many, k)) for k in ("win", "loss", "square"))
    plain = c.without_covariates()
    data.pop("covariates", None)
    assert_same(plain, reference.aggregate(**dense(data)))


@SETTINGS
@given(rows())
def test_sides_turned_round_are_the_same_cells(data):
    turned = data | {"first": data["second"], "second": data["first"]}
    turned |= {"score": 1.0 - data["score"], "order": -data["order"]}
    if "covariates" in data:
        turned["covariates"] = -data["covariates"]
    assert_same(vn.Comparisons(**turned), reference.aggregate(**dense(data)))


@SETTINGS
@given(rows(), st.integers(0, 60))
def test_two_parts_together_are_the_whole(data, cut):
    n = len(data["first"])
    cut = min(max(cut, 1), n - 1)
    if not 0 < cut < n:
        return
    parts = [{k: v[s] for k, v in data.items()} for s in (slice(cut), slice(cut, None))]
    whole = reference.aggregate(**dense(data))
    assert_same(vn.Comparisons(**parts[0]) + vn.Comparisons(**parts[1]), whole)
    first, second, score, weight = (parts[1].pop(k) for k in ("first", "second", "score", "weight"))
    assert_same(vn.Comparisons(**parts[0]).append(first, second, score, weight, **parts[1]), whole)


def test_names():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    args = ([0, 1], [1, 2], 1.0)
    expected = [[1.0, 2.0], [3.0, 4.0]]
    for given_, names in (
        (x, ("x0", "x1")),
        (x.tolist(), ("x0", "x1")),
        ({"length": x[:, 0], "lists": x[:, 1]}, ("length", "lists")),
        (pd.DataFrame(x, columns=["length", "lists"]), ("length", "lists")),
        (pl.DataFrame({"length": x[:, 0], "lists": x[:, 1]}), ("length", "lists")),
    ):
        c = vn.Comparisons(*args, covariates=given_)
        assert c.covariate_names == names
        assert c.covariates.tolist() == expected
    assert vn.Comparisons(*args, covariates=x[:, 0]).covariate_names == ("x0",)
    c = vn.Comparisons(*args, covariates={"length": x[:, 0], "lists": x[:, 1]})
    more = c.append([0], [2], [1.0], covariates={"lists": [6.0], "length": [5.0]})
    assert more.covariates.tolist() == [[1.0, 2.0], [5.0, 6.0], [3.0, 4.0]]
    assert c.append([0], [2], [1.0], covariates=[[5.0, 6.0]]).covariates[1].tolist() == [5.0, 6.0]
    other = vn.Comparisons([0], [2], [1.0], covariates={"lists": [6.0], "length": [5.0]})
    assert (c + other).covariates[1].tolist() == [5.0, 6.0]
    assert c.covariates.flags.writeable is False


def test_dates():
    args = ([0, 0, 0], [1, 1, 1], [1, 0, 1])
    days = ["2024-03-02", "2024-03-01", "2024-03-02"]
    for date in (days, np.array(days, "M8[D]"), [datetime.date.fromisoformat(d) for d in days]):
        c = vn.Comparisons(*args, date=date)
        assert c.date.tolist() == [0, 1]
        assert c.dates.astype("M8[D]").astype(str).tolist() == ["2024-03-01", "2024-03-02"]
        assert c.win.tolist() == [0.0, 2.0]
    c = vn.Comparisons(*args, date=[2.5, 1.0, 2.5])
    assert c.dates.tolist() == [1.0, 2.5]
    assert (c + vn.Comparisons([0], [1], 1.0, date=[0.5])).dates.tolist() == [0.5, 1.0, 2.5]


@pytest.mark.parametrize(
    ("covariates", "message"),
    [
        ([[1.0, 2.0], [3.0, np.nan]], r"covariates\[1\] = nan \(column 'x1'\): must be finite"),
        ({"a": [1, 2], "b": [np.inf, 1]}, r"covariates\[0\] = inf \(column 'b'\): must be finite"),
        ({"a": [1, 2, 3]}, "has 3 rows, but there are 2"),
        (np.zeros((3, 1)), "covariates: has 3 rows, but there are 2 comparisons"),
        (np.zeros((2, 1, 1)), "has 3 dimensions"),
        (np.zeros((2, 0)), "at least one column"),
        ({}, "at least one column"),
        ({"a": ["x", "y"]}, r"covariates\[0\].*column 'a'.*must be a number"),
        ({3: [1, 2]}, r"covariates\[0\] = 3: each must have a name"),
        ({"a": 1.0}, "must be a column of numbers"),
        ("words", "must hold numbers"),
        ({"a": [1.0, None]}, r"covariates\[1\].*column 'a'"),
    ],
)
def test_wrong_covariates_are_refused_by_name(covariates, message):
    with pytest.raises((ValueError, TypeError), match=message):
        vn.Comparisons([0, 1], [1, 2], 1.0, covariates=covariates)


def test_parts_that_do_not_go_together_are_refused():
    c = vn.Comparisons([0, 1], [1, 2], 1.0, covariates={"a": [1, 2]})
    plain = vn.Comparisons([0], [1], 1.0)
    for other, word in (
        (plain, "both or neither of the merged comparisons must have covariates"),
        (vn.Comparisons([0], [1], 1.0, covariates={"b": [1]}), "must be those of the others"),
    ):
        with pytest.raises(ValueError, match=word):
            c + other
    with pytest.raises(ValueError, match="must have dates"):
        plain + vn.Comparisons([0], [1], 1.0, date=[1])
    with pytest.raises(ValueError, match="must be 'a', are 'b'"):
        c.append([0], [1], 1.0, covariates={"b": [1]})
    for date, word in (([1.0, np.nan], "missing"), (["x", "y"], "date"), ([1], "has 1 rows")):
        with pytest.raises((ValueError, TypeError), match=word):
            vn.Comparisons([0, 1], [1, 2], 1.0, date=date)


def test_complex_numbers_are_refused_in_every_column():
    x = np.array([1, 2, 3]) + 1j
    frame = pd.DataFrame({"first": [0, 1, 2], "second": [1, 2, 0], "score": [1, 0, 1], "x": x})
    with pytest.raises(ValueError, match=r"covariates\[0\] = .*'x'.*must be a number"):
        vn.Comparisons([0, 1, 2], [1, 2, 0], [1, 0, 1], covariates={"x": list(x)})
    with pytest.raises(ValueError, match=r"covariates\[0\] = .*'x'.*must be a number"):
        vn.from_frame(frame, covariates=["x"])
