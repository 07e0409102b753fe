"""Components against SciPy; existence against a linear program over the cone of directions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from venire import reference
from venire.errors import NotIdentifiedError
from venire.priors import GaussianPrior

PRIOR = GaussianPrior(0.1)


@st.composite
def tables(draw, max_items=5, max_cells=7):
    """Few cells with small masses: about as many tables with a fit as without one."""
    n = draw(st.integers(2, max_items))
    mass = st.sampled_from([0, 0, 1, 3])
    one = st.tuples(
        st.integers(0, n - 1), st.integers(1, n - 1), mass, mass, mass, st.sampled_from([-1, 0, 1])
    )
    table = draw(st.lists(one, min_size=1, max_size=max_cells))
    i, step, win, loss, tie, order = (np.array(x) for x in zip(*table, strict=True))
    return reference.cells_from_counts(
        i, (i + step) % n, win, loss, tie, items=np.arange(n), order=order
    )


def graph_of(cells, kind):
    n = cells.n_items
    forward = (cells.win > 0) | (cells.tie > 0)
    backward = (cells.loss > 0) | (cells.tie > 0)
    tail = np.concatenate([cells.first[forward], cells.second[backward]])
    head = np.concatenate([cells.second[forward], cells.first[backward]])
    matrix = coo_array((np.ones(len(tail)), (tail, head)), shape=(n, n))
    return connected_components(matrix, connection=kind)


@settings(max_examples=100, deadline=None)
@given(tables(max_items=8, max_cells=12), st.sampled_from(["weak", "strong"]))
def test_components_against_scipy(cells, kind):
    labels, sizes = reference.components(cells, kind)
    count, expected = graph_of(cells, kind)
    assert len(sizes) == count
    assert len(set(zip(labels.tolist(), expected.tolist(), strict=True))) == count
    assert labels.dtype == np.int32
    assert sizes.tolist() == np.bincount(labels).tolist()
    first_seen = np.unique(labels, return_index=True)[1]
    assert (np.diff(first_seen) > 0).all()  # numbered by first item


def test_long_chain_needs_no_recursion():
    n = 20_000
    cells = reference.aggregate(np.arange(n - 1), np.arange(1, n))
    assert len(reference.components(cells, "strong").sizes) == n
    assert reference.components(cells, "weak").sizes.tolist() == [n]
    with pytest.raises(ValueError, match="connection must be"):
        reference.components(cells, "both")


def direction_exists(cells, tie_is_free, order_effect, with_prior):
    """Maximise each coordinate of (d, c, g) over the cone, cut off by a box.

    The constraints in their plain form: Delta >= max(0, G) for wins, |Delta| <= G for ties.
    """
    n = cells.n_items
    rows = []

    def at_least(i, j, order, of_gap):
        row = np.zeros(n + 2)  # Delta + of_gap * G >= 0
        row[i], row[j], row[n], row[n + 1] = 1.0, -1.0, order, of_gap
        rows.append(-row)

    for i, j, o, win, loss, tie in zip(
        cells.first, cells.second, cells.order, cells.win, cells.loss, cells.tie, strict=True
    ):
        half_tie = tie > 0 and not tie_is_free
        if win > 0 or half_tie:
            at_least(i, j, o, 0.0)
            at_least(i, j, o, -1.0)
        if loss > 0 or half_tie:
            at_least(j, i, -o, 0.0)
            at_least(j, i, -o, -1.0)
        if tie > 0 and tie_is_free:
            at_least(i, j, o, 1.0)
            at_least(j, i, -o, 1.0)
    bounds = [(-1.0, 1.0)] * (n + 2)
    if with_prior:
        bounds[:n] = [(0.0, 0.0)] * n
    if not order_effect:
        bounds[n] = (0.0, 0.0)
    if not tie_is_free:
        bounds[n + 1] = (0.0, 0.0)
    count, labels = graph_of(cells, "weak")
    targets = []
    for component in range(count):
        members = np.flatnonzero(labels == component)
        for other in members[1:]:
            target = np.zeros(n + 2)
            target[members[0]], target[other] = 1.0, -1.0
            targets.append(target)
    targets += [np.eye(n + 2)[n], np.eye(n + 2)[n + 1]]
    for target in targets:
        for sign in (1.0, -1.0):
            found = linprog(
                sign * target,
                A_ub=np.array(rows) if rows else None,
                b_ub=np.zeros(len(rows)) if rows else None,
                bounds=bounds,
            )
            if found.fun < -1e-7:
                return True
    return False


@pytest.mark.parametrize("model", ["bradley-terry", "rao-kupper"])
@pytest.mark.parametrize("with_prior", [False, True])
@pytest.mark.parametrize("order_effect", [False, True])
def test_existence_against_linear_program(model, with_prior, order_effect):
    answers = []

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(tables())
    def check(cells):
        answer = reference.existence(
            cells, model, order_effect=order_effect, prior=PRIOR if with_prior else None
        )
        expected = not direction_exists(cells, answer.tie_is_free, order_effect, with_prior)
        assert answer.exists == expected, answer.reason
        answers.append(answer.exists)

    check()
    if not (with_prior and not order_effect and model == "bradley-terry"):
        assert len(set(answers)) == 2  # the examples contain both cases


def test_parametric_search_over_the_order_effect():
    """Cases that are decided at values of c other than -1, 0 and 1, or at none at all."""
    answers = []

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.integers(0, 2**32 - 1))
    def check(seed):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 7))
        ring = np.arange(n)  # a ring of ties and wins: strongly connected
        win = (rng.random(n) < 0.7).astype(float)
        first = np.concatenate([ring, ring[:2]])
        second = np.concatenate([(ring + 1) % n, ring[2:0:-1]])
        keep = first != second
        win = np.concatenate([win, rng.integers(0, 2, 2)])[keep]
        order = rng.integers(-1, 2, len(win))
        cells = reference.cells_from_counts(
            first[keep], second[keep], win, 0.0 * win, 1.0 - win, items=ring, order=order
        )
        answer = reference.existence(cells, "davidson", order_effect=True)
        assert answer.exists == (not direction_exists(cells, answer.tie_is_free, True, False))
        answers.append(answer.exists)

    check()
    assert len(set(answers)) == 2


COUNTS = reference.cells_from_counts
CASES = {
    # name: (cells, model, order_effect, exists, words of the reason)
    "3 wins and 2 ties": (COUNTS([0], [1], [3], [0], [2]), "davidson", False, False, "more wins"),
    "A>B, B>C, C=A": (
        COUNTS([0, 1, 2], [1, 2, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]),
        "davidson",
        False,
        True,
        "",
    ),
    "A>B, B=C, C=A": (
        COUNTS([0, 1, 2], [1, 2, 0], [1, 0, 0], [0, 0, 0], [0, 1, 1]),
        "rao-kupper",
        False,
        False,
        "more wins than ties",
    ),
    "home always wins": (
        COUNTS([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], [1] * 6, [0] * 6),
        "bradley-terry",
        True,
        False,
        "order effect",
    ),
    "one home defeat": (
        COUNTS([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], [1] * 6, [0] * 5 + [1]),
        "bradley-terry",
        True,
        False,
        "negative order sum",
    ),
    "home defeats in a circle": (
        COUNTS([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], [1] * 6, [1, 0, 0, 1, 1, 0]),
        "bradley-terry",
        True,
        True,
        "",
    ),
    "nobody plays at home": (
        COUNTS([0], [1], [3], [2], order=[0]),
        "bradley-terry",
        True,
        False,
        "order effect",
    ),
    "only ties": (COUNTS([0], [1], [0], [0], [5]), "davidson", False, False, "more wins than ties"),
    "no ties": (COUNTS([0], [1], [2], [1]), "davidson", False, True, ""),
    "full order": (COUNTS([0, 1], [1, 2], [5, 5], [0, 0]), "thurstone", False, False, "3 strongly"),
}


@pytest.mark.parametrize("name", CASES)
def test_published_and_hand_made_cases(name):
    cells, model, order_effect, exists, words = CASES[name]
    answer = reference.existence(cells, model, order_effect=order_effect)
    assert answer.exists == exists
    assert words in answer.reason


@pytest.mark.parametrize("name", CASES)
def test_newton_agrees_about_existence(name):
    """Where no fit exists the likelihood keeps rising: theta, gamma or tie run away."""
    cells, model, order_effect, exists, _ = CASES[name]
    if exists:
        found = reference.fit(cells, model, order_effect=order_effect)
        assert found.converged
        assert np.abs(found.theta).max() < 10.0
    else:
        with pytest.raises(NotIdentifiedError, match="no finite fit"):
            reference.fit(cells, model, order_effect=order_effect)


def test_error_names_items_and_counts_components():
    cells = reference.aggregate(
        ["a", "b", "c", "d", "a"], ["b", "c", "a", "a", "w"], items=list("abcdewxy")
    )
    with pytest.raises(NotIdentifiedError) as caught:
        reference.require_existence(cells)
    error = caught.value
    assert error.undefeated == ["d"]
    assert error.winless == ["w"]
    assert error.isolated == ["e", "x", "y"]
    assert error.n_components == 6
    assert "undefeated: d" in str(error)
    assert "prior" in str(error)


def test_prior_bounds_neither_gamma_nor_the_tie_parameter():
    always_home = COUNTS([0, 1], [1, 0], [3, 2], [0, 0])
    only_ties = COUNTS([0], [1], [0], [0], [5])
    assert not reference.existence(always_home, order_effect=True, prior=PRIOR).exists
    assert not reference.existence(only_ties, "davidson", prior=PRIOR).exists
    assert reference.existence(always_home, prior=PRIOR).exists
    assert reference.existence(only_ties, prior=PRIOR).exists
