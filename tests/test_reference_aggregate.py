"""Rows become cells: against a loop over rows."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venire import reference


@st.composite
def rows(draw, max_items=6, max_rows=30):
    """Rows with ties, soft scores, weights, orders and clusters."""
    n = draw(st.integers(2, max_items))
    m = draw(st.integers(1, max_rows))
    one = st.tuples(
        st.integers(0, n - 1),
        st.integers(1, n - 1),
        st.sampled_from([0.0, 1.0, 0.5, 0.25, 0.7]),
        st.sampled_from([0.0, 1.0, 2.0, 0.3]),
        st.sampled_from([-1, 0, 1]),
        st.integers(0, 3),
    )
    table = draw(st.lists(one, min_size=m, max_size=m))
    i, step, score, weight, order, cluster = (np.array(x) for x in zip(*table, strict=True))
    return n, i, (i + step) % n, score, weight, order, cluster


def by_hand(i, j, score, weight, order, cluster):
    cells = defaultdict(lambda: np.zeros(4))
    for a, b, s, w, o, k in zip(i, j, score, weight, order, cluster, strict=True):
        if w == 0.0:
            continue
        if a > b:
            a, b, s, o = b, a, 1.0 - s, -o
        add = [0.0, 0.0, w] if s == 0.5 else [w * s, w * (1.0 - s), 0.0]
        cells[a, b, o, k] += [*add, w * s * s]
    return dict(sorted(cells.items()))


@settings(max_examples=60, deadline=None)
@given(rows(), st.booleans(), st.booleans())
def test_cells_are_sums_over_rows(data, use_order, use_cluster):
    n, i, j, score, weight, order, cluster = data
    cells = reference.aggregate(
        i,
        j,
        score,
        weight,
        items=np.arange(n),
        order=order if use_order else None,
        cluster=cluster if use_cluster else None,
    )
    expected = by_hand(
        i,
        j,
        score,
        weight,
        order if use_order else np.ones_like(order),
        cluster if use_cluster else np.zeros_like(cluster),
    )
    keys = np.stack(
        [
            cells.first,
            cells.second,
            cells.order,
            cells.cluster if use_cluster else np.zeros_like(cells.first),
        ]
    )
    assert list(map(tuple, keys.T.tolist())) == list(expected)
    masses = np.stack([cells.win, cells.loss, cells.tie, cells.square])
    np.testing.assert_allclose(masses.T, np.array(list(expected.values())).reshape(-1, 4), 1e-14)
    assert cells.first.dtype == cells.second.dtype == np.int32
    assert cells.order.dtype == np.int8
    assert cells.n_comparisons == pytest.approx(weight.sum())


def test_strings_and_totals():
    cells = reference.aggregate(["x", "z", "y", "x"], ["y", "x", "z", "y"], [1, 0, 0.5, 0.25])
    assert cells.items.tolist() == ["x", "y", "z"]
    assert (cells.n_items, cells.n_pairs, cells.n_comparisons) == (3, 3, 4.0)
    assert cells.first.tolist() == [0, 0, 1]
    assert cells.order.tolist() == [1, -1, 1]
    assert cells.win.tolist() == [1.25, 1.0, 0.0]
    assert cells.square.tolist() == [1.0625, 1.0, 0.25]


def test_counts_equal_rows():
    a = reference.cells_from_counts(["b", "a"], ["a", "b"], [3, 1], [1, 0], [2, 1], order=[1, -1])
    b = reference.aggregate(
        ["b"] * 6 + ["a"] * 2,
        ["a"] * 6 + ["b"] * 2,
        [1, 1, 1, 0, 0.5, 0.5, 1, 0.5],
        order=[1] * 6 + [-1] * 2,
    )
    for x, y in zip(a[:-1], b[:-1], strict=True):
        np.testing.assert_array_equal(x, y)


def test_merge_equals_all_rows_at_once():
    first, second = np.array([0, 5, 5, 2, 0]), np.array([5, 0, 2, 5, 2])
    score = np.array([1.0, 0.5, 0.25, 0.0, 1.0])
    parts = [reference.aggregate(first[s], second[s], score[s]) for s in (slice(2), slice(2, 5))]
    whole = reference.aggregate(first, second, score)
    for x, y in zip(reference.merge(*parts)[:-1], whole[:-1], strict=True):
        np.testing.assert_array_equal(x, y)


def test_refuses_self_comparison_and_unknown_label():
    with pytest.raises(ValueError, match=r"row 1 compares 'b' with itself"):
        reference.aggregate(["a", "b"], ["b", "b"])
    with pytest.raises(ValueError, match=r"second\[1\] is 'c'"):
        reference.aggregate(["a", "b"], ["b", "c"], items=["a", "b"])
