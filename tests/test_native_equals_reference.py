"""The compiled fits against their NumPy twins, on generated comparisons."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference, simulate

FIT = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}
MODELS = list(FIT)
CELL_FIELDS = ("first", "second", "order", "win", "loss", "tie", "square")
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def rows(draw, max_items=7, max_rows=40, weights=(1.0, 2.0, 0.3), spread=1):
    """Rows with ties, soft scores, weights and orders; labels are not positions when spread > 1."""
    n = draw(st.integers(2, max_items))
    one = st.tuples(
        st.integers(0, n - 1),
        st.integers(1, n - 1),
        st.sampled_from([0.0, 1.0, 0.5, 0.0, 1.0, 0.5, 0.25, 0.7]),
        st.sampled_from(weights),
        st.sampled_from([-1, 0, 1]),
    )
    table = draw(st.lists(one, min_size=1, max_size=max_rows))
    i, step, score, weight, order = (np.array(x) for x in zip(*table, strict=True))
    return {
        "first": (i * spread).astype(np.int64),
        "second": ((i + step) % n * spread).astype(np.int64),
        "score": score.astype(np.float64),
        "weight": weight.astype(np.float64),
        "order": order.astype(np.int8),
    }


@st.composite
def seasons(draw):
    """Rows that nearly always have a fit: a round robin with random outcomes."""
    n = draw(st.integers(3, 8))
    games = (
        simulate.comparisons(
            n,
            draw(st.integers(6, 20)) * n * (n - 1),
            model="davidson",
            theta=0.7 * np.random.default_rng(draw(st.integers(0, 99))).normal(size=n),
            order_effect=draw(st.floats(-0.7, 0.7)),
            tie=draw(st.floats(0.2, 2.0)),
            neutral=draw(st.sampled_from([0.0, 0.4])),
            rng=draw(st.integers(0, 2**32 - 1)),
        )
        if n > 3
        else simulate.comparisons(n, 200, model="davidson", rng=draw(st.integers(0, 9999)))
    )
    score = games.score.copy()
    soft = draw(st.integers(2, 9))
    score[::soft] = np.linspace(0.05, 0.95, len(score[::soft]))
    return {
        "first": games.first,
        "second": games.second,
        "score": score,
        "weight": np.tile([1.0, 0.5, 3.0], len(score))[: len(score)],
        "order": games.order,
    }


def comparisons(data):
    return vn.Comparisons(**data, n_threads=1)


def cells(data):
    return reference.aggregate(**data)


def quiet(function, *args, **kwargs):
    """Without the warning that components are rated each by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)
        return function(*args, **kwargs)


def assert_same_cells(c, twin):
    assert np.asarray(c.items).tolist() == twin.items.tolist()
    assert (c.n_items, c.n_pairs) == (twin.n_items, twin.n_pairs)
    assert c.n_comparisons == pytest.approx(twin.n_comparisons, rel=1e-12)
    for name in CELL_FIELDS:
        found, expected = np.asarray(getattr(c, name)), getattr(twin, name)
        assert found.dtype == expected.dtype, name
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12, err_msg=name)


def assert_same_fit(found, twin, atol=1e-6):
    assert found.converged
    assert found.residual <= found.tol
    np.testing.assert_allclose(found.theta, twin.theta, atol=atol)
    assert found.log_likelihood == pytest.approx(twin.log_likelihood, rel=1e-9, abs=1e-9)
    for name in ("order_effect", "tie"):
        expected = getattr(twin, name)
        if expected is None:
            assert getattr(found, name) is None
        else:
            assert getattr(found, name) == pytest.approx(expected, abs=atol, rel=atol)


# --- cells ----------------------------------------------------------------------------------------


@settings(SETTINGS, max_examples=150)
@given(
    rows(weights=(0.0, 1.0, 2.0, 0.3)),
    st.sampled_from([1, 3, -(2**40)]),
    st.booleans(),
    st.booleans(),
)
def test_cells(data, spread, with_order, with_weight):
    data = data | {"first": data["first"] * spread, "second": data["second"] * spread}
    data["order"] = data["order"] if with_order else None
    data["weight"] = data["weight"] if with_weight else None
    if with_weight and not data["weight"].any():
        with pytest.raises(ValueError, match="every comparison has weight 0"):
            comparisons(data)
        return
    c = comparisons(data)
    assert_same_cells(c, cells(data))
    assert c.has_order == with_order
    assert c.cluster is None


@SETTINGS
@given(rows(), st.integers(1, 4))
def test_cells_of_clusters(data, n_clusters):
    cluster = np.arange(len(data["first"])) % n_clusters
    c, twin = comparisons(data | {"cluster": cluster}), cells(data | {"cluster": cluster})
    assert_same_cells(c, twin)
    assert np.asarray(c.cluster).tolist() == twin.cluster.tolist()


@SETTINGS
@given(rows(), st.booleans())
def test_cells_from_counts(data, with_order):
    win = np.floor(4.0 * data["score"])
    loss, tie = np.abs(data["order"]).astype(float), data["weight"]
    order = data["order"] if with_order else None
    args = (data["first"], data["second"], win, loss, tie)
    c = vn.Comparisons.from_counts(*args, order=order)
    assert_same_cells(c, reference.cells_from_counts(*args, order=order))


@SETTINGS
@given(rows(), rows(spread=2))
def test_merge_and_append(a, b):
    ca, cb = comparisons(a), comparisons(b)
    whole = cells({k: np.concatenate([a[k], b[k]]) for k in a})
    assert_same_cells(ca + cb, whole)
    assert_same_cells(ca.append(**b), whole)
    assert (ca + cb).has_order
    without = [vn.Comparisons(x["first"], x["second"], 1.0, n_threads=1) for x in (a, b)]
    assert not (without[0] + without[1]).has_order
    assert_same_cells(ca, cells(a))  # neither operand has changed
    assert_same_cells(cb, cells(b))


@pytest.mark.parametrize("n_items", [3, 60, 3_000])
def test_cells_of_many_rows(n_items):
    """Every aggregation path: table of all pairs, and sorting; counts are exact."""
    rng = np.random.default_rng(n_items)
    games = simulate.comparisons(n_items, 60_000, model="davidson", neutral=0.3, rng=rng)
    data = {
        "first": games.first,
        "second": games.second,
        "score": games.score,
        "order": games.order,
        "items": np.arange(n_items),
    }
    c, twin = vn.Comparisons(**data), cells(data)
    for name in CELL_FIELDS:
        np.testing.assert_array_equal(getattr(c, name), getattr(twin, name), err_msg=name)
    # many more rows than a 16-bit counter holds, all in one cell
    c = vn.Comparisons(np.zeros(200_000, np.int32), np.ones(200_000, np.int32), 1.0)
    assert c.win.tolist() == [200_000.0]


@settings(SETTINGS, max_examples=100)
@given(rows(max_items=9, max_rows=14), st.sampled_from(["weak", "strong"]))
def test_components(data, kind):
    found, twin = comparisons(data).components(kind), reference.components(cells(data), kind)
    assert np.asarray(found.labels).tolist() == twin.labels.tolist()
    assert np.asarray(found.sizes).tolist() == twin.sizes.tolist()


# --- fits -----------------------------------------------------------------------------------------


def same_or_refused(model, method, prior, order_effect, data, atol):
    """Compare with the twin, or both refuse; returns whether the fit exists."""
    c, twin_cells = comparisons(data), cells(data)
    kwargs = {"prior": prior, "order_effect": order_effect}
    native = kwargs | {"method": method, "n_threads": 1}
    if not reference.existence(twin_cells, model, **kwargs).exists:
        with pytest.raises(vn.NotIdentifiedError):
            FIT[model](c, **native)
        return False
    twin = reference.fit(twin_cells, model, tol=1e-12, **kwargs)
    found = quiet(FIT[model], c, tol=1e-11, **native)
    assert_same_fit(found, twin, atol)
    args = (found.theta, found.order_effect, found.tie)
    assert reference.residual(twin_cells, model, *args, prior=prior) <= 1.1e-11
    return True


PRIORS = {"mle": None, "prior": vn.GaussianPrior(0.5)}
WAYS = [
    (model, method, order_effect, prior)
    for model in MODELS
    for order_effect in (False, True)
    for method, prior in (("newton", "mle"), ("newton", "prior"), ("mm", "mle"))
    if (model, method) != ("thurstone", "mm")
]
ways = pytest.mark.parametrize(("model", "method", "order_effect", "prior"), WAYS)


@ways
def test_seasons(model, method, order_effect, prior):
    """Well-behaved data with ties, soft scores, weights and neutral games."""
    answers = []

    @settings(SETTINGS, max_examples=12)
    @given(seasons())
    def check(data):
        answers.append(same_or_refused(model, method, PRIORS[prior], order_effect, data, atol=1e-7))

    check()
    assert sum(answers) > 4


@pytest.mark.parametrize("prior", list(PRIORS))
@pytest.mark.parametrize("order_effect", [False, True])
@pytest.mark.parametrize("model", MODELS)
def test_small_tables(model, order_effect, prior):
    """Few rows: about half have no fit, some have several components, some are near the edge."""
    answers = []

    @settings(SETTINGS, max_examples=50)
    @given(rows(max_items=4, max_rows=12))
    def check(data):
        answers.append(
            same_or_refused(model, "newton", PRIORS[prior], order_effect, data, atol=1e-5)
        )

    check()
    assert any(answers)
    if prior == "mle" or order_effect:
        assert not all(answers)


@pytest.mark.parametrize("model", ["davidson", "rao-kupper"])
def test_existence_with_ties_and_an_order_effect(model):
    """Rings of wins and ties: whether a fit exists is decided at values of c other than 0."""
    answers = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(3, 7))
        ring = np.arange(n)
        win = np.concatenate([rng.random(n) < 0.7, rng.integers(0, 2, 2)]).astype(float)
        first = np.concatenate([ring, ring[:2]])
        second = np.concatenate([(ring + 1) % n, ring[2:0:-1]])
        keep = first != second
        order = rng.integers(-1, 2, len(win))
        args = [x[keep] for x in (first, second, win, 0.0 * win, 1.0 - win)]
        twin = reference.cells_from_counts(*args, items=ring, order=order[keep])
        exists = reference.existence(twin, model, order_effect=True).exists
        answers.append(exists)
        c = vn.Comparisons.from_counts(*args, items=ring, order=order[keep])
        if exists:
            expected = reference.fit(twin, model, order_effect=True, tol=1e-12)
            found = FIT[model](c, order_effect=True, tol=1e-11, n_threads=1)
            assert_same_fit(found, expected, atol=1e-5)
        else:
            with pytest.raises(vn.NotIdentifiedError):
                FIT[model](c, order_effect=True, n_threads=1)
    assert 20 < sum(answers) < 280


@pytest.mark.parametrize("model", ["davidson", "rao-kupper"])
def test_no_tie_seen_however_it_is_said(model):
    """The tie parameter is on its boundary, and not free, whichever way the zeros came in."""
    args = ([0, 1, 2, 0], [1, 2, 0, 2], [3, 2, 2, 1], [1, 1, 1, 2])
    plain = vn.Comparisons.from_counts(*args)
    zeros = vn.Comparisons.from_counts(*args, np.zeros(4))
    merged = vn.Comparisons.from_counts(*(x[:2] for x in args)) + vn.Comparisons.from_counts(
        *(x[2:] for x in args)
    )
    fits = [FIT[model](c) for c in (plain, zeros, merged)]
    for found in fits:
        assert found.tie == {"davidson": 0.0, "rao-kupper": 1.0}[model]
        assert found.n_parameters == 2
        np.testing.assert_array_equal(found.theta, fits[0].theta)
    bt = vn.fit_bradley_terry(plain)
    np.testing.assert_allclose(fits[0].theta, bt.theta, atol=1e-12)


CASES = {
    "3 wins and 2 ties": (([0], [1], [3], [0], [2]), "davidson", False, False),
    "A>B, B>C, C=A": (
        ([0, 1, 2], [1, 2, 0], [1, 1, 0], [0, 0, 0], [0, 0, 1]),
        "davidson",
        False,
        True,
    ),
    "A>B, B=C, C=A": (
        ([0, 1, 2], [1, 2, 0], [1, 0, 0], [0, 0, 0], [0, 1, 1]),
        "rao-kupper",
        False,
        False,
    ),
    "home always wins": (
        ([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], [1] * 6, [0] * 6),
        "bradley-terry",
        True,
        False,
    ),
    "one home defeat": (
        ([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], [1] * 6, [0] * 5 + [1]),
        "thurstone",
        True,
        False,
    ),
    "home defeats in a circle": (
        ([0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1], [1] * 6, [1, 0, 0, 1, 1, 0]),
        "bradley-terry",
        True,
        True,
    ),
    "only ties": (([0], [1], [0], [0], [5]), "davidson", False, False),
    "no ties": (([0], [1], [2], [1]), "rao-kupper", False, True),
}


@pytest.mark.parametrize("name", CASES)
def test_tie_and_order_cases(name):
    counts, model, order_effect, exists = CASES[name]
    c = vn.Comparisons.from_counts(*counts)
    if not exists:
        with pytest.raises(vn.NotIdentifiedError):
            FIT[model](c, order_effect=order_effect)
        return
    twin = reference.fit(reference.cells_from_counts(*counts), model, order_effect=order_effect)
    assert_same_fit(FIT[model](c, order_effect=order_effect), twin)


@pytest.mark.parametrize("kind", simulate.GRAPHS)
@pytest.mark.parametrize("model", ["bradley-terry", "thurstone"])
def test_graphs(kind, model):
    """Every graph that a preconditioner may find hard, in small."""
    games = simulate.play(*simulate.graph(kind, 200, rng=1), 200, games=8, rng=2)
    games = simulate.permuted(games, rng=3)
    data = {"first": games.first, "second": games.second, "score": games.score}
    data["weight"] = games.weight
    found = quiet(FIT[model], comparisons(data), tol=1e-11)
    twin = reference.fit(cells(data), model, tol=1e-12)
    np.testing.assert_allclose(found.theta, twin.theta, atol=1e-6)


def test_warm_start_ends_at_the_same_place():
    games = simulate.comparisons(30, 4_000, rng=1)
    c = vn.Comparisons(games.first, games.second, games.score)
    cold = vn.fit_bradley_terry(c)
    warm = vn.fit_bradley_terry(c, init=cold.theta)
    far = vn.fit_bradley_terry(c, init=np.linspace(-20.0, 20.0, 30))
    assert warm.n_iter <= 1 < cold.n_iter
    np.testing.assert_allclose(warm.theta, cold.theta, atol=1e-8)
    np.testing.assert_allclose(far.theta, cold.theta, atol=1e-8)
