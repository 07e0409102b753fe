"""Rows become groups, items and cells: the same as the readable twin, from whatever holds them."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import venire as vn
from venire import reference, simulate

SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ARRAYS = ("offsets", "cell_offsets", "first", "second", "order", "win", "loss", "tie")
#: Labels of at most six things, by kind; none of them in ascending order.
LABELS = {
    "positions": np.array([2, 0, 1, 4, 5, 3], np.int32),
    "int64": np.array([40, -7, 13, 1_000, 0, -300]),
    "wide": np.array([2**62, -(2**62), 5, 2**62 - 1, -(2**63), 2**63 - 1]),
    "negative": np.array([-1, -2, -3, -60, -5, -4], np.int32),
    "text": np.array(["q10", "q9", "é", "a b", "", "q"], object),
}


@st.composite
def tables(draw):
    """Rows of up to five groups, in any order, with or without weights, orders and extras."""
    one = st.tuples(
        st.integers(0, 4),
        st.integers(0, 5),
        st.integers(1, 5),
        st.sampled_from([0.0, 1.0, 0.5, 0.0, 1.0, 0.5, 0.25, 0.7]),
        st.sampled_from([0.0, 1.0, 2.0, 0.3, 1e-9]),
        st.sampled_from([-1, 0, 1]),
    )
    columns = [np.array(x) for x in zip(*draw(st.lists(one, min_size=1, max_size=40)), strict=True)]
    group, i, step, score, weight, order = columns
    if draw(st.booleans()):
        by_group = np.argsort(LABELS["positions"][group], kind="stable")
        group, i, step, score, weight, order = (x[by_group] for x in columns)
    of_groups = LABELS[draw(st.sampled_from(list(LABELS)))]
    of_items = LABELS[draw(st.sampled_from(list(LABELS)))]
    data = {
        "group": of_groups[group],
        "first": of_items[i],
        "second": of_items[(i + step) % 6],
        "score": score,
        "weight": weight if draw(st.booleans()) else None,
        "order": order.astype(np.int8) if draw(st.booleans()) else None,
    }
    if draw(st.booleans()):
        data["groups"] = of_groups[draw(st.permutations(range(6)))]
    if draw(st.booleans()):
        extra = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=5))
        at = np.array(extra, np.int64).reshape(-1, 2)
        data["items"] = (of_groups[at[:, 0]], of_items[at[:, 1]])
    return data


def assert_same(g, twin):
    assert g.groups.tolist() == twin.groups.tolist()
    assert g.items.tolist() == twin.items.tolist()
    for name in ARRAYS:
        found, expected = np.asarray(getattr(g, name)), getattr(twin, name)
        assert found.dtype == expected.dtype, name
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=0.0, err_msg=name)


@SETTINGS
@given(tables())
def test_native_equals_reference(data):
    g = grouped(**data, n_threads=1)
    assert_same(g, reference.aggregate_groups(**data))
    assert (g.n_groups, g.n_items, g.n_cells) == (len(g.groups), len(g.items), len(g.first))
    weight = np.ones(len(data["group"])) if data["weight"] is None else data["weight"]
    assert g.n_comparisons == pytest.approx(weight.sum(), rel=1e-12)


@SETTINGS
@given(tables())
def test_from_counts(data):
    win, loss = np.floor(3.0 * data["score"]), np.floor(2.0 * (1.0 - data["score"]))
    tie = np.zeros(len(win)) if data["weight"] is None else data["weight"]
    del data["score"], data["weight"]
    g = vn.GroupedComparisons.from_counts(**data, win=win, loss=loss, tie=tie)
    # counts are rows of scores 1, 0 and 1/2
    rows = {k: np.tile(data[k], 3) for k in ("group", "first", "second")}
    order = None if data["order"] is None else np.tile(data["order"], 3)
    score = np.repeat([1.0, 0.0, 0.5], len(win))
    rest = {k: data[k] for k in ("groups", "items") if k in data}
    weight = np.concatenate([win, loss, tie])
    assert_same(
        g, reference.aggregate_groups(**rows, score=score, weight=weight, order=order, **rest)
    )


def test_items_belong_to_their_group():
    g = vn.GroupedComparisons(["r", "q", "r"], [1, 1, 2], [2, 3, 1], [1.0, 0.0, 1.0])
    assert g.groups.tolist() == ["q", "r"]
    assert g.items.tolist() == [1, 3, 1, 2]
    assert g.offsets.tolist() == [0, 2, 4]
    assert (g.win.tolist(), g.loss.tolist()) == ([0.0, 0.0, 1.0], [1.0, 1.0, 0.0])
    assert g.order.tolist() == [1, -1, 1]
    assert "n_groups=2" in repr(g)


def test_groups_keep_the_order_that_is_given_and_may_be_empty():
    g = vn.GroupedComparisons(
        [5, 5], [0, 1], [1, 2], 1.0, groups=[9, 5, 7], items=([7, 5, 7], [8, 0, 8])
    )
    assert g.groups.tolist() == [9, 5, 7]
    assert g.offsets.tolist() == [0, 0, 3, 4]
    assert g.items.tolist() == [0, 1, 2, 8]
    assert g.cell_offsets.tolist() == [0, 0, 2, 2]


@pytest.mark.parametrize("empty", [[], np.empty(0, np.int32)])
def test_no_rows_at_all(empty):
    g = vn.GroupedComparisons(empty, empty, empty, empty, groups=["a", "b"])
    assert (g.n_groups, g.n_items, g.n_comparisons) == (2, 0, 0.0)
    g = vn.GroupedComparisons([], [], [], [], items=([4, 4, 2], [1, 2, 1]))
    assert (g.groups.tolist(), g.items.tolist()) == ([2, 4], [1, 1, 2])


def columns(rng, n_groups=60, n_rows=5_000, n_items=12):
    """Hard, tied and soft rows with duplicates, weights and orders."""
    group = rng.integers(0, n_groups, n_rows).astype(np.int32)
    first = rng.integers(0, n_items, n_rows).astype(np.int32)
    second = ((first + rng.integers(1, n_items, n_rows)) % n_items).astype(np.int32)
    score = np.where(rng.random(n_rows) < 0.5, rng.integers(0, 3, n_rows) / 2, rng.random(n_rows))
    return [group, first, second, score, rng.random(n_rows), rng.integers(-1, 2, n_rows)]


def grouped(group, first, second, score, weight, order, **more):
    return vn.GroupedComparisons(group, first, second, score, weight, order=order, **more)


def assert_identical(a, b):
    assert (a.groups.tolist(), a.items.tolist()) == (b.groups.tolist(), b.items.tolist())
    for name in ARRAYS:
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes(), name


@pytest.mark.parametrize("n_threads", [2, 8])
def test_any_number_of_threads(n_threads):
    data = columns(np.random.default_rng(1), n_groups=3_000, n_rows=200_000)
    one = grouped(*data, n_threads=1)
    assert_identical(one, grouped(*data, n_threads=n_threads))
    by_group = np.argsort(data[0], kind="stable")
    data = [x[by_group] for x in data]
    assert_identical(one, grouped(*data, n_threads=n_threads))


@pytest.mark.parametrize("seed", range(5))
def test_order_of_rows_changes_no_bit(seed):
    """Masses of a cell are added up in an order of their own."""
    rng = np.random.default_rng(seed)
    data = columns(rng)
    shuffle = rng.permutation(len(data[0]))
    assert_identical(grouped(*data), grouped(*(x[shuffle] for x in data)))


def test_swapped_rows():
    rng = np.random.default_rng(2)
    group, first, second, score, weight, order = columns(rng)
    score = np.round(4.0 * score) / 4.0  # 1 - score is exact
    swap = rng.random(len(group)) < 0.5
    g = vn.GroupedComparisons(group, first, second, score, weight, order=order)
    swapped = vn.GroupedComparisons(
        group,
        np.where(swap, second, first),
        np.where(swap, first, second),
        np.where(swap, 1.0 - score, score),
        weight,
        order=np.where(swap, -order, order),
    )
    assert_identical(g, swapped)


def test_one_label_in_any_type():
    """The same cells from integers of any width and from text that sorts alike."""
    data = columns(np.random.default_rng(3))
    plain = grouped(*data)
    for dtype in (np.int8, np.uint16, np.int64, np.uint64):
        labels = [x.astype(dtype) for x in data[:3]]
        assert_identical(plain, grouped(*labels, *data[3:]))
    mixed = grouped(data[0], data[1], data[2].astype(np.int64), *data[3:])
    assert_identical(plain, mixed)
    wide = [x.astype(np.int64) * 2**57 - 2**60 for x in data[:3]]
    text = [np.char.zfill(x.astype(str), 3) for x in data[:3]]
    for labels in (wide, text, [x.tolist() for x in text], [x.tolist() for x in data[:3]]):
        g = grouped(*labels, *data[3:])
        for name in ARRAYS:
            assert getattr(g, name).tobytes() == getattr(plain, name).tobytes(), name
        assert (
            g.items.tolist()
            == np.asarray(labels[1])[
                [np.flatnonzero(data[1] == x)[0] for x in plain.items]
            ].tolist()
        )


def test_a_group_is_what_comparisons_make_of_its_rows():
    group, first, second, score, weight, order = columns(np.random.default_rng(4))
    order[:] = 1  # Comparisons knows whether it was given one
    g = vn.GroupedComparisons(group, first, second, score, weight, order=order)
    for k in (0, 7, 59):
        rows = group == k
        c = vn.Comparisons(first[rows], second[rows], score[rows], weight[rows])
        own = g[k]
        assert (own.items.tolist(), own.n_pairs) == (c.items.tolist(), c.n_pairs)
        for name in ("first", "second", "order", "win", "loss", "tie"):
            np.testing.assert_allclose(getattr(own, name), getattr(c, name), rtol=1e-12)
    with pytest.raises(ValueError, match="no such group"):
        g[60]


def test_sorted_rows_need_no_second_look_at_negative_and_repeated_groups():
    """Runs of equal labels: ascending ones are taken as they are, all others are sorted."""
    for group in ([-5, -5, -1, 0, 3], [3, 3, 3, 3, 3], [-1, -5, -5, 0, 3], [0, 1, 0, 1, 0]):
        for dtype in (np.int32, np.int64):
            data = (np.array(group, dtype), [0, 1, 2, 3, 4], [1, 2, 3, 4, 0], [1, 0, 0.5, 0.2, 1])
            assert_same(vn.GroupedComparisons(*data), reference.aggregate_groups(*data))


FRAMES = ("pandas", "polars", "pyarrow", "dict")


@pytest.mark.parametrize("kind", FRAMES)
def test_from_frame(kind):
    group, first, second, score, weight, order = columns(np.random.default_rng(5))
    names = np.char.add("i", first.astype(str)), np.char.add("i", second.astype(str))
    table = {
        "q": group, "a": names[0].tolist(), "b": names[1].tolist(), "s": score, "w": weight,
        "o": order,
    }  # fmt: skip
    if kind == "pandas":
        frame = pytest.importorskip("pandas").DataFrame(table).iloc[::-1]  # labels of rows go down
    elif kind == "polars":
        frame = pytest.importorskip("polars").DataFrame(table)
    elif kind == "pyarrow":
        frame = pytest.importorskip("pyarrow").table(table)
    else:
        frame = table
    g = vn.GroupedComparisons.from_frame(
        frame, group="q", first="a", second="b", score="s", weight="w", order="o"
    )
    assert_identical(g, grouped(group, *names, score, weight, order))


def test_from_frame_with_outcomes_and_counts():
    table = {"q": ["y", "x", "y"], "a": [1, 1, 2], "b": [2, 3, 1], "o": ["left", "right", "tie"]}
    mapping = {"left": 1.0, "right": 0.0, "tie": 0.5}
    g = vn.GroupedComparisons.from_frame(
        table, group="q", first="a", second="b", outcome="o", mapping=mapping
    )
    assert_identical(g, vn.GroupedComparisons(table["q"], table["a"], table["b"], [1, 0, 0.5]))
    counts = {"q": [1, 1], "a": ["u", "v"], "b": ["v", "w"], "win": [3, 0], "loss": [1, 2]}
    g = vn.GroupedComparisons.from_frame(
        counts, group="q", first="a", second="b", win="win", loss="loss"
    )
    assert (g.win.tolist(), g.loss.tolist()) == ([3.0, 0.0], [1.0, 2.0])


def awkward(array, how, folder):
    """The same values in memory that a careless reader would trip over."""
    if how == "read-only":
        array = array.copy()
        array.flags.writeable = False
        return array
    if how == "strided":
        wide = np.zeros((len(array), 3), array.dtype)
        wide[:, 1] = array
        return wide[:, 1]
    if how == "reversed":
        return array[::-1].copy()[::-1]
    if how == "big-endian":
        return array.astype(array.dtype.newbyteorder(">"))
    if how == "unaligned":
        raw = np.zeros(array.nbytes + 1, np.uint8)
        raw[1:] = np.frombuffer(array.tobytes(), np.uint8)
        return raw[1:].view(array.dtype)
    path = folder / f"{len(list(folder.iterdir()))}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize(
    "how", ["read-only", "strided", "reversed", "big-endian", "unaligned", "memory-mapped"]
)
@pytest.mark.parametrize("integers", [np.int32, np.int64])
def test_any_memory_is_accepted_and_left_alone(how, integers, tmp_path):
    plain = columns(np.random.default_rng(6))
    plain = [x.astype(integers) for x in plain[:3]] + plain[3:]
    arrays = [awkward(x, how, tmp_path) for x in plain]
    before = [x.tobytes() for x in arrays]
    assert_identical(grouped(*arrays), grouped(*plain))
    assert [x.tobytes() for x in arrays] == before


def test_objects_are_immutable_and_do_not_alias_the_input():
    data = columns(np.random.default_rng(7))
    data[0].sort()
    g = grouped(*data)
    win, items = g.win.copy(), g.items.copy()
    for x in data:
        x[:] = 1
    np.testing.assert_array_equal(g.win, win)
    np.testing.assert_array_equal(g.items, items)
    for name in (*ARRAYS, "groups", "items"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(g, name)[:] = 0


def test_pickling():
    for labels in ("text", "wide"):
        names = LABELS[labels]
        g = vn.GroupedComparisons(names[[0, 1, 0]], names[[3, 3, 2]], names[[2, 2, 4]], [1, 0, 0.5])
        assert_identical(g, pickle.loads(pickle.dumps(g)))


def test_many_groups_as_the_simulator_makes_them():
    """Several chunks of groups per thread; one of them longer than all others together."""
    rows = simulate.comparisons(3_000, 150_000, model="davidson", rng=1)
    rng = np.random.default_rng(1)
    group = np.where(rng.random(150_000) < 0.6, 777, rng.integers(0, 4_000, 150_000))
    data = (group, rows.first, rows.second, rows.score)
    g = vn.GroupedComparisons(*data)
    by = np.lexsort((rows.second, rows.first, group))
    assert_identical(g, vn.GroupedComparisons(*(x[by] for x in data)))
    for k in (777, 0, 3_999):
        at = group == k
        c = vn.Comparisons(rows.first[at], rows.second[at], rows.score[at])
        own = g[k]
        for name in ("first", "second", "win", "loss", "tie"):
            np.testing.assert_array_equal(getattr(own, name), getattr(c, name))
