"""The table of votes: against its NumPy twin, its invariances, and what else Votes can say."""

from __future__ import annotations

import gc
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from told import signed

import venire as vn
from venire import reference
from venire._native import votes as native

CELLS = ("teacher", "win", "tie", "loss", "runs", "total", "square")
SETTINGS = settings(max_examples=80, deadline=None)


@st.composite
def rows(draw, kinds=("hard", "soft", "weighted", "swapped"), max_rows=60):
    """Rows of votes about items 0 ... n - 1, all of which occur."""
    n_items, n_teachers = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    n = draw(st.integers(1, max_rows))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    first = rng.integers(0, n_items, n)
    second = (first + rng.integers(1, n_items, n)) % n_items
    kind = draw(st.sampled_from(kinds))
    out = {"first": first, "second": second, "teacher": rng.integers(0, n_teachers, n)}
    if kind == "soft":
        p = rng.dirichlet([1.0, 0.5, 1.0], n)
        p[rng.random(n) < 0.2] = [1.0, 0.0, 0.0]
        out |= {"probabilities": p, "strength": draw(st.sampled_from([1.0, 2.5]))}
    else:
        out["vote"] = rng.integers(-1, 2, n)
    if kind == "weighted" or (kind == "soft" and draw(st.booleans())):
        out["weight"] = rng.choice([0.0, 1.0, 2.0, 0.3], n)
    if kind == "swapped" or (kind == "soft" and draw(st.booleans())):
        out["swapped"] = rng.random(n) < 0.5
    return out


def positions(data):
    """The rows with items and teachers as positions among those that occur."""
    items = np.unique(np.concatenate([data["first"], data["second"]]))
    teachers = np.unique(data["teacher"])
    return data | {
        "first": np.searchsorted(items, data["first"]),
        "second": np.searchsorted(items, data["second"]),
        "teacher": np.searchsorted(teachers, data["teacher"]),
    }


def assert_same(v, twin, names=CELLS):
    assert v.pair_ptr.tolist() == twin.ptr.tolist()
    for name in names:
        found = getattr(v, name)
        np.testing.assert_allclose(found, getattr(twin, name), rtol=1e-12, atol=1e-12, err_msg=name)


def columns(v):
    """What two equal tables have in common, bit for bit."""
    return {name: getattr(v, name).tobytes() for name in ("pair_ptr", *CELLS)}


@SETTINGS
@given(rows())
def test_native_equals_reference(data):
    v = signed(vn.Votes, **data)
    twin = reference.vote_cells(**positions(data))
    assert_same(v, twin)
    assert v.n_votes == len(data["first"])
    items = v.items
    assert v.first.tolist() == items[twin.first].tolist()
    assert v.second.tolist() == items[twin.second].tolist()
    if "swapped" in data:
        assert_same(v, twin, ("swapped_runs", "swapped_total"))
    else:
        assert v.swapped_runs is None
        assert v.swapped_total is None


@SETTINGS
@given(rows())
def test_pairs_equal_reference(data):
    pair = 10 * data.pop("first") + 3
    del data["second"]
    v = signed(vn.Votes.from_pairs, pair, **data)
    ids, codes = np.unique(pair, return_inverse=True)
    twin = reference.vote_cells(
        codes, None, np.unique(data.pop("teacher"), return_inverse=True)[1], **data
    )
    assert v.pairs.tolist() == ids.tolist()
    assert_same(v, twin)


@pytest.mark.parametrize("n", [1, 70, 5_000, 200_000])
@pytest.mark.parametrize("n_pairs", [1, 40, 3_000, 150_000])
def test_every_way_counts_the_same(n, n_pairs):
    """The table of counters, the sort, and both through items; large enough for several blocks."""
    rng = np.random.default_rng(n + n_pairs)
    pair = rng.integers(0, n_pairs, n).astype(np.int32)
    teacher = rng.integers(0, 5, n).astype(np.int8)
    vote = rng.integers(-1, 2, n).astype(np.int8)
    ids, codes = np.unique(pair, return_inverse=True)
    twin = np.zeros((len(ids), 5, 3), np.int64)
    np.add.at(twin, (codes, teacher, 1 - vote), 1)
    expected = twin[twin.any(axis=2)]
    for dense in (0, 10**9):
        ptr, keys, _, cells = native.aggregate(
            teacher, 5, 2, pair=pair, n_pairs=n_pairs, vote=vote, dense=dense
        )
        found = np.stack([cells[k] for k in ("win", "tie", "loss")], axis=1)
        assert (found == expected).all()
        assert (cells["teacher"] == np.nonzero(twin.any(axis=2))[1]).all()
        if dense == 0:
            assert keys.tolist() == ids.tolist()
            assert np.diff(ptr).tolist() == twin.any(axis=2).sum(axis=1).tolist()
        else:
            assert keys is None
            assert np.diff(ptr)[ids].tolist() == twin.any(axis=2).sum(axis=1).tolist()
    flip = rng.random(n) < 0.5
    a, b = 2 * pair, 2 * pair + 1
    v = vn.Votes(np.where(flip, b, a), np.where(flip, a, b), teacher, np.where(flip, -vote, vote))
    assert (np.stack([v.win, v.tie, v.loss], axis=1) == expected).all()
    assert v.first.tolist() == (2 * ids).tolist()


def test_wide_codes_count_the_same():
    """So many pairs and teachers that a packed row takes 32 bits."""
    rng = np.random.default_rng(1)
    n, n_pairs = 100_000, 300_000
    pair = rng.integers(0, n_pairs, n).astype(np.int32)
    teacher, vote = rng.integers(0, 40, n).astype(np.int8), rng.integers(-1, 2, n).astype(np.int8)
    found = [
        native.aggregate(teacher, 40, 2, pair=pair, n_pairs=n_pairs, vote=vote, dense=dense)
        for dense in (0, 10**9)
    ]
    for name in ("teacher", "win", "tie", "loss"):
        assert (found[0][3][name] == found[1][3][name]).all()
    assert np.flatnonzero(np.diff(found[1][0])).tolist() == found[0][1].tolist()


@pytest.mark.parametrize("odd", [None, -3, 10**6, 2**31 - 1])
@pytest.mark.parametrize("start", [0, 1, 700])
def test_range_of_ids_is_not_taken_on_trust(odd, start):
    """A bound of the ids is guessed from a sample; one id outside it is found."""
    rng = np.random.default_rng(2)
    n = 1 << 17
    pair = rng.integers(start, 3_000, n).astype(np.int32)
    teacher, vote = rng.integers(0, 4, n).astype(np.int8), rng.integers(-1, 2, n).astype(np.int8)
    if odd is not None:
        pair[12_345] = odd
    v = vn.Votes.from_pairs(pair, teacher, vote)
    assert v.pairs.tolist() == np.unique(pair).tolist()
    assert v.runs.sum() == n
    assert columns(v) == columns(vn.Votes.from_pairs(pair.astype(np.int64), teacher, vote))


def test_one_item_in_most_pairs():
    """A baseline against everyone: the ranges of its pairs are split by the other item."""
    rng = np.random.default_rng(0)
    n, n_items = 300_000, 20_000
    second = rng.integers(1, n_items, n)
    first = np.where(rng.random(n) < 0.9, 0, (second + 5) % n_items)
    keep = first != second
    first, second = first[keep], second[keep]
    teacher, vote = rng.integers(0, 7, len(first)), rng.integers(-1, 2, len(first))
    v = vn.Votes(first, second, teacher, vote)
    pos = positions({"first": first, "second": second, "teacher": teacher})
    assert_same(v, reference.vote_cells(**pos, vote=vote))


@SETTINGS
@given(rows(), st.integers(0, 2**32 - 1))
def test_invariances(data, seed):
    rng = np.random.default_rng(seed)
    n = len(data["first"])
    v = signed(vn.Votes, **data)
    flip = rng.random(n) < 0.5
    turned = data | {
        "first": np.where(flip, data["second"], data["first"]),
        "second": np.where(flip, data["first"], data["second"]),
    }
    if "vote" in data:
        turned["vote"] = np.where(flip, -data["vote"], data["vote"])
    else:
        turned["probabilities"] = np.where(
            flip[:, None], data["probabilities"][:, ::-1], data["probabilities"]
        )
    if "swapped" in data:
        turned["swapped"] = data["swapped"] ^ flip
    assert columns(signed(vn.Votes, **turned)) == columns(v)
    # new names in the same order change nothing
    named = data | {
        "first": [f"item{x}" for x in data["first"]],
        "second": [f"item{x}" for x in data["second"]],
        "teacher": data["teacher"] * 1000 - 7,
    }
    assert columns(signed(vn.Votes, **named)) == columns(v)
    # rows in another order
    order = rng.permutation(n)
    shuffled = {k: x[order] if isinstance(x, np.ndarray) else x for k, x in data.items()}
    w = signed(vn.Votes, **shuffled)
    for name in CELLS:
        np.testing.assert_allclose(getattr(w, name), getattr(v, name), rtol=1e-12, atol=1e-12)


def test_weight_two_has_the_masses_of_the_row_twice():
    data = {"first": [0, 0, 2], "second": [1, 1, 1], "teacher": [0, 1, 0], "vote": [1, 0, -1]}
    once = signed(vn.Votes, **data, weight=[2, 1, 3])
    again = [0, 0, 1, 2, 2, 2]
    twice = signed(vn.Votes, **{k: np.array(x)[again] for k, x in data.items()})
    for name in ("win", "tie", "loss"):
        assert getattr(once, name).tolist() == getattr(twice, name).tolist()
    assert once.runs.tolist() == [1, 1, 1]
    assert twice.runs.tolist() == [2, 1, 3]


def test_threads_change_nothing():
    rng = np.random.default_rng(5)
    n = 200_000
    first = rng.integers(0, 800, n)
    second = (first + rng.integers(1, 800, n)) % 800
    teacher = rng.integers(0, 12, n)
    p = rng.dirichlet([1, 1, 1], n)
    for given_ in (
        {"vote": rng.integers(-1, 2, n)},
        {"probabilities": p, "weight": rng.random(n), "swapped": rng.random(n) < 0.5},
    ):
        one = columns(vn.Votes(first, second, teacher, **given_, n_threads=1))
        for n_threads in (2, 8):
            assert columns(vn.Votes(first, second, teacher, **given_, n_threads=n_threads)) == one


def test_groups_keep_items_apart():
    v = vn.Votes(
        ["a", "b", "a", "b"], ["b", "a", "b", "a"], [0, 0, 0, 1], [1, 1, -1, 1],
        group=["q2", "q1", "q1", "q2"],
    )  # fmt: skip
    assert v.group.tolist() == ["q1", "q2"]
    assert v.first.tolist() == ["a", "a"]
    assert v.loss.tolist() == [2.0, 0.0, 1.0]
    assert v.win.tolist() == [0.0, 1.0, 0.0]
    more = v.append(["a"], ["c"], [2], vote=[1], group=["q1"])
    assert more.n_pairs == 3
    assert list(zip(more.group, more.first, more.second, strict=True)) == [
        ("q1", "a", "b"), ("q1", "a", "c"), ("q2", "a", "b"),
    ]  # fmt: skip


@SETTINGS
@given(rows(), st.integers(1, 5))
def test_append_in_chunks(data, n_chunks):
    v = signed(vn.Votes, **data)
    n = len(data["first"])
    cuts = np.array_split(np.arange(n), min(n_chunks, n))

    def part(rows):
        return {k: x[rows] if isinstance(x, np.ndarray) else x for k, x in data.items()}

    grown = signed(vn.Votes, **part(cuts[0]))
    twin = reference.vote_cells(**part(cuts[0]))
    for rows_ in cuts[1:]:
        chunk = part(rows_)
        labels = [chunk.pop(k) for k in ("first", "second", "teacher")]
        grown = signed(grown.append, *labels, **chunk)
        twin = reference.merge_votes(twin, reference.vote_cells(**part(rows_)))
    assert grown.n_votes == n
    assert grown.first.tolist() == v.first.tolist()
    assert grown.teachers.tolist() == v.teachers.tolist()
    np.testing.assert_allclose(twin.total, grown.total, rtol=1e-12, atol=1e-12)
    for name in ("pair_ptr", *CELLS):
        a, b = getattr(grown, name), getattr(v, name)
        if "vote" in data and "weight" not in data:
            assert (a == b).all(), name
        else:
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
    if "swapped" in data:
        np.testing.assert_allclose(grown.swapped_total, v.swapped_total, rtol=1e-12, atol=1e-12)


@SETTINGS
@given(rows(kinds=("hard",)), rows(kinds=("soft", "weighted", "swapped")))
def test_plain_counts_and_masses_go_together(plain, other):
    """Tables of different forms: what counts lack is worked out from them."""
    one, two = signed(vn.Votes, **plain), signed(vn.Votes, **other)
    both = one + two
    expected = reference.merge_votes(reference.vote_cells(**plain), reference.vote_cells(**other))
    for found in (both, two + one):
        assert_same(found, expected, CELLS[1:])
        assert found.teachers[found.teacher].tolist() == expected.teacher.tolist()
        assert found.first.tolist() == expected.first.tolist()
    if "swapped" in other:
        assert_same(both, expected, ("swapped_runs", "swapped_total"))
    assert both.n_votes == one.n_votes + two.n_votes
    twice = one + one
    assert (twice.win == 2 * one.win).all()
    assert twice.win.dtype == np.float64


def test_append_leaves_the_old_object_alone():
    v = signed(vn.Votes.from_pairs, [0, 1, 1], ["a", "a", "b"], vote=[1, 0, 1])
    before = columns(v)
    w = v.append([1, 7], ["b", "c"], vote=[-1, 1])
    assert w.n_pairs == 3
    assert columns(v) == before
    assert w.loss.tolist() == [0, 0, 1, 0]
    assert (v + w).n_votes == 8
    assert columns(v.append([1, 7], ["b", "c"], [-1, 1])) == columns(w)


def test_many_small_rounds_keep_few_tables():
    rng = np.random.default_rng(0)
    v = vn.Votes.from_pairs(rng.integers(0, 500, 4_000), rng.integers(0, 5, 4_000), [1] * 4_000)
    everything = 4_000
    for _ in range(60):
        v = v.append(rng.integers(0, 500, 20), rng.integers(0, 5, 20), vote=[1] * 20)
        everything += 20
        assert len(v._parts) <= 12
    assert v.win.sum() == everything


def test_more_rows_than_a_native_call_takes(monkeypatch):
    rng = np.random.default_rng(3)
    pair, teacher, vote = rng.integers(0, 9, 50), rng.integers(0, 3, 50), rng.integers(-1, 2, 50)
    whole = columns(vn.Votes.from_pairs(pair, teacher, vote))
    monkeypatch.setattr("venire.data.votes.rows._MAX_ROWS", 16)
    assert columns(vn.Votes.from_pairs(pair, teacher, vote)) == whole


@SETTINGS
@given(rows())
def test_pairs_and_teachers_that_need_too_many_bits(data):
    v = columns(signed(vn.Votes, **data))
    original = native.aggregate

    def tight(*args, **kwargs):
        if "first" in kwargs:
            raise native.TooManyBits
        return original(*args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "aggregate", tight)
        assert columns(signed(vn.Votes, **data)) == v


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64])
def test_types_of_ids(dtype):
    pair = np.array([3, 5, 5, 9], dtype)
    teacher = np.array([2, 2, 4, 9], dtype)
    v = vn.Votes.from_pairs(pair, teacher, [1, 1, -1, 0])
    assert v.pairs.tolist() == [3, 5, 9]
    assert v.teachers.tolist() == [2, 4, 9]
    assert v.win.tolist() == [1, 1, 0, 0]
    wide = vn.Votes.from_pairs(pair.astype(np.int64) * 10**15, teacher, [1, 1, -1, 0])
    assert wide.pairs.tolist() == [3 * 10**15, 5 * 10**15, 9 * 10**15]
    assert columns(wide) == columns(v)


def test_negative_ids_and_read_only_strided_arrays():
    teacher = np.array([-5, 0, 100, 0, 3, 0], np.int8)[::2]
    pair = np.array([-9, -9, 2], np.int32)
    vote = np.array([1, 0, -1, 0, 1, 0], np.int64)[::2]
    for array in (teacher, pair, vote):
        array.flags.writeable = False
    v = vn.Votes.from_pairs(pair, teacher, vote)
    assert v.pairs.tolist() == [-9, 2]
    assert v.teachers.tolist() == [-5, 3, 100]
    assert v.teacher.tolist() == [0, 2, 1]


def test_pairs_without_votes():
    v = vn.Votes.from_pairs([4, 1], ["x", "x"], [1, 1], pairs=[9, 1, 4])
    assert v.pairs.tolist() == [1, 4, 9]
    assert np.diff(v.pair_ptr).tolist() == [1, 1, 0]
    named = vn.Votes(["a", "b"], ["b", "c"], ["x", "y"], [1, 1], weight=[1, 0])
    assert named.n_pairs == 2
    assert named.teachers.tolist() == ["x", "y"]
    assert named.n_cells == 1


def test_memory_of_a_hard_table_is_sixteen_bytes_a_cell():
    v = vn.Votes.from_pairs(np.arange(1000), np.zeros(1000, np.int8), np.ones(1000, np.int8))
    assert sum(c.nbytes for c in v.table.columns.values()) == 16 * 1000


def test_no_growth_over_a_thousand_calls():
    rng = np.random.default_rng(0)
    pair, teacher = rng.integers(0, 200, 2_000), rng.integers(0, 5, 2_000)
    vote, p = rng.integers(-1, 2, 2_000), rng.dirichlet([1, 1, 1], 2_000)
    before = [x.copy() for x in (pair, teacher, vote, p)]

    def work():
        v = vn.Votes.from_pairs(pair, teacher, vote)
        v = v.append(pair, teacher, probabilities=p)
        vn.consensus(v)
        vn.Votes(pair, pair + 1, teacher, vote)

    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    if not os.path.exists("/proc/self/statm"):
        pytest.skip("no /proc here")
    for _ in range(100):
        work()
    start = resident()
    for _ in range(1_000):
        work()
    assert resident() - start < 8 << 20
    for x, y in zip((pair, teacher, vote, p), before, strict=True):
        assert (x == y).all()


# ---- frames --------------------------------------------------------------------------------------


def test_from_frame():
    frame = {
        "a": ["x", "y", "x"], "b": ["y", "x", "y"], "judge": ["j", "j", "k"],
        "winner": ["x", "x", "tie"],
    }  # fmt: skip
    v = vn.Votes.from_frame(frame, first="a", second="b", teacher="judge", vote="winner")
    assert v.win.tolist() == [2, 0]
    assert v.tie.tolist() == [0, 1]
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for made in (pandas.DataFrame(frame), polars.DataFrame(frame), polars.LazyFrame(frame)):
        same = vn.Votes.from_frame(made, first="a", second="b", teacher="judge", vote="winner")
        assert columns(same) == columns(v)
    p = {"q": [1, 1], "t": [0, 1], "w": [0.5, 0.2], "z": [0.25, 0.3], "l": [0.25, 0.5]}
    soft = vn.Votes.from_frame(p, pair="q", teacher="t", probabilities=["w", "z", "l"], strength=2)
    assert soft.win.tolist() == [1.0, 0.4]
    assert soft.runs.tolist() == [1, 1]


@pytest.mark.parametrize("kind", ["dict", "pandas", "polars", "pyarrow"])
def test_runs_side_by_side_and_missing_votes(kind):
    frame = {
        "item": ["i", "i", "k"],
        "judge": ["j", "m", "j"],
        "orig": ["A", "B", None],
        "swap": ["B", None, "A"],
    }
    if kind != "dict":
        library = pytest.importorskip(kind)
        frame = library.table(frame) if kind == "pyarrow" else library.DataFrame(frame)
    v = vn.Votes.from_frame(
        frame, pair="item", teacher="judge", vote=["orig", "swap"], swapped="swap"
    )
    assert v.runs.tolist() == [2, 1, 1]
    assert v.win.tolist() == [1, 0, 1]
    assert v.loss.tolist() == [1, 1, 0]
    assert v.swapped_runs.tolist() == [1, 0, 1]
    assert v.swapped_total.tolist() == [-1, 0, 1]


@pytest.mark.parametrize(
    ("vote", "mapping", "expected"),
    [
        ([1, 0, -1], None, [1, 0, -1]),
        ([1.0, 0.5, 0.0], None, [1, 0, -1]),
        ([1, 0], {1: "first", 0: "second"}, [1, -1]),
        (["1", "0"], {1: "first", 0: "second"}, [1, -1]),
        (["yes", "no"], {"yes": 1, "no": -1}, [1, -1]),
        (["A", "B"], None, [1, -1]),
        (["A", "H"], None, [-1, 1]),
        (["A", "A"], {"A": "first"}, [1, 1]),
        (["tie", "tie"], None, [0, 0]),
        (["first", "draw", "B"], None, [1, 0, -1]),
    ],
)
def test_what_a_vote_may_look_like(vote, mapping, expected):
    frame = {"q": list(range(len(vote))), "t": [0] * len(vote), "vote": vote}
    v = vn.Votes.from_frame(frame, pair="q", teacher="t", vote="vote", mapping=mapping)
    assert (v.win - v.loss).tolist() == expected


# ---- agreement and calibration -----------------------------------------------------------------


def test_agreement_of_two():
    """Cohen's example by hand: 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: kappa 0.4."""
    one = [1] * 25 + [-1] * 25
    two = [1] * 20 + [-1] * 5 + [1] * 10 + [-1] * 15
    pair = np.tile(np.arange(50), 2)
    v = vn.Votes.from_pairs(pair, np.repeat(["one", "two"], 50), one + two)
    found = vn.panel.agreement(v)
    assert isinstance(found, vn.panel.Agreement)
    assert found.share[0, 1] == pytest.approx(0.7)
    assert found.kappa[0, 1] == pytest.approx(0.4)
    assert found.kappa[1, 0] == found.kappa[0, 1]
    assert found.n_common.tolist() == [[50, 50], [50, 50]]
    assert np.isnan(found.position_bias).all()


def test_krippendorff_is_what_the_definition_gives():
    """Four judges, missing votes: against the sums over pairs of values written out."""
    table = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    rows_ = [(k, t, v - 2) for t, row in enumerate(table) for k, v in enumerate(row) if v and v < 4]
    pair, teacher, vote = zip(*rows_, strict=True)
    v = vn.Votes.from_pairs(pair, teacher, vote)
    found = vn.panel.agreement(v).alpha
    assert found == pytest.approx(alpha_by_hand(rows_), abs=1e-12)
    assert vn.panel.agreement(v, metric="interval").alpha == pytest.approx(
        alpha_by_hand(rows_, lambda a, b: ((a - b) / 2) ** 2), abs=1e-12
    )


def alpha_by_hand(rows_, distance=lambda a, b: float(a != b)):
    units = {}
    for k, _, value in rows_:
        units.setdefault(k, []).append(value)
    units = [u for u in units.values() if len(u) > 1]
    n = sum(map(len, units))
    observed = sum(
        distance(a, b) / (len(u) - 1)
        for u in units for i, a in enumerate(u) for j, b in enumerate(u) if i != j
    ) / n  # fmt: skip
    values = [x for u in units for x in u]
    expected = sum(distance(a, b) for a in values for b in values) / (n * (n - 1))
    return 1 - observed / expected


def test_position_bias():
    rng = np.random.default_rng(1)
    n = 400
    opinion = rng.choice([-1, 1], n)
    shown_first = rng.random((2, n)) < 0.3  # the votes that go to the first place whatever it holds
    natural = np.where(shown_first[0], 1, opinion)
    swapped = np.where(shown_first[1], -1, opinion)
    pair = np.tile(np.arange(n), 2)
    v = vn.Votes.from_pairs(
        pair, np.zeros(2 * n, int), np.r_[natural, swapped], swapped=np.repeat([False, True], n)
    )
    found = vn.panel.agreement(v)
    assert found.position_n[0] == n
    assert found.position_bias[0] == pytest.approx((natural - swapped).mean() / 2)
    assert found.position_lower[0] < 0.3 < found.position_upper[0]
    assert found.order_flips[0] == pytest.approx((natural != swapped).mean())
    # each pair in one order only: the same lean, from two halves
    half = rng.random(n) < 0.5
    w = vn.Votes.from_pairs(
        np.arange(n), np.zeros(n, int), np.where(half, swapped, natural), swapped=half
    )
    one = vn.panel.agreement(w)
    assert one.position_n[0] == 0
    assert one.position_lower[0] < 0.3 < one.position_upper[0]
    # an item's side in the rows does not matter
    a, b = 2 * np.arange(n), 2 * np.arange(n) + 1
    items = vn.Votes(
        np.r_[a, b], np.r_[b, a], np.zeros(2 * n, int), np.r_[natural, -swapped],
        swapped=np.zeros(2 * n, bool),
    )  # fmt: skip
    assert vn.panel.agreement(items).position_bias[0] == pytest.approx(found.position_bias[0])


@pytest.mark.parametrize(("n", "lean"), [(2, 1), (2, -1), (2, 0), (40, 1)])
def test_a_lean_that_never_varies_is_not_sure(n, lean):
    """If a share p leans otherwise, n judgments miss it with probability (1 - p) ** n."""
    natural, swapped = {1: (1, -1), -1: (-1, 1), 0: (1, 1)}[lean]
    v = vn.Votes.from_pairs(
        np.tile(np.arange(n), 2), np.zeros(2 * n, int), np.repeat([natural, swapped], n),
        swapped=np.repeat([False, True], n),
    )  # fmt: skip
    found = vn.panel.agreement(v)
    p = 1.0 - 0.05 ** (1.0 / n)
    assert found.position_bias[0] == lean
    assert found.position_lower[0] == pytest.approx((1.0 - p) * lean - p)
    assert found.position_upper[0] == pytest.approx((1.0 - p) * lean + p)


def test_calibration_finds_the_temperature():
    rng = np.random.default_rng(7)
    n = 20_000
    logit = rng.normal(0, 1.5, n)
    gold = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    stated = 1 / (1 + np.exp(-3.0 * logit))  # three times too sure
    p = np.stack([stated, np.zeros(n), 1 - stated], axis=1)
    v = vn.Votes.from_pairs(np.arange(n), np.full(n, "t"), probabilities=p)
    found = vn.panel.calibrate_teachers(v, gold)
    assert isinstance(found, vn.panel.TeacherCalibration)
    assert found.temperature[0] == pytest.approx(3.0, rel=0.06)
    assert found.confidence[0] > found.accuracy[0] + 0.05
    assert found.log_loss_scaled[0] < found.log_loss[0] - 0.05
    assert found.accuracy_lower[0] < found.accuracy[0] < found.accuracy_upper[0]
    mended = found.scale(np.full(n, "t"), p)
    np.testing.assert_allclose(mended.sum(axis=1), 1.0)
    mended_votes = vn.Votes.from_pairs(np.arange(n), np.full(n, "t"), probabilities=mended)
    w = vn.panel.calibrate_teachers(mended_votes, gold)
    assert w.log_loss[0] == pytest.approx(found.log_loss_scaled[0], abs=1e-3)
    with pytest.raises(ValueError, match=r"teacher.*'u'"):
        found.scale(["t", "u"], p[:2])


def test_gold_in_every_form():
    v = vn.Votes(["a", "c", "b"], ["b", "a", "c"], ["t"] * 3, [1, 1, 1])
    assert list(zip(v.first, v.second, strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    expected = [1.0, 0.0, np.nan]
    forms = [
        expected,
        np.ma.array(expected),
        {("a", "b"): 1, ("c", "a"): 1},
        (["a", "c"], ["b", "a"], [1, 1]),
    ]
    for form in forms:
        assert vn.panel.calibrate_teachers(v, form).n[0] == 2
        assert vn.panel.calibrate_teachers(v, form).accuracy[0] == 1.0
    with pytest.raises(ValueError, match=r"gold\[2\]: a value is missing"):
        vn.panel.calibrate_teachers(
            v, np.ma.masked_invalid(expected)
        )  # what is not known is NaN, not hidden
    pairs = vn.Votes.from_pairs(["p", "q"], ["t", "t"], [1, -1])
    assert vn.panel.calibrate_teachers(pairs, {"q": 0}).accuracy[0] == 1.0
    assert vn.panel.calibrate_teachers(pairs, (["q"], [1])).accuracy[0] == 0.0
    grouped = vn.Votes(["a"], ["b"], ["t"], [1], group=[5])
    assert vn.panel.calibrate_teachers(grouped, {(5, "b", "a"): 0.0}).accuracy[0] == 1.0


@pytest.mark.parametrize("kind", ["hard", "swapped"])
def test_items_of_groups_are_coded_in_either_way(monkeypatch, kind):
    """By their place in all groups, or by those that occur: the same table."""
    rng = np.random.default_rng(3)
    n = 5_000
    first = rng.integers(0, 30, n)
    second = (first + rng.integers(1, 30, n)) % 30
    columns = {"teacher": rng.integers(0, 5, n), "vote": rng.integers(-1, 2, n)}
    columns["group"] = 10**12 * rng.integers(-20, 20, n)
    if kind == "swapped":
        columns["swapped"] = rng.random(n) < 0.5
    found = vn.Votes(first, second, **columns)
    monkeypatch.setattr("venire.data.votes.rows._DENSE", 0)
    other = vn.Votes(first, second, **columns)
    for name in ("first", "second", "group", "pair_ptr", "teacher", "win", "tie", "loss", "runs"):
        np.testing.assert_array_equal(getattr(found, name), getattr(other, name))
    for dense in (0, 4):
        monkeypatch.setattr("venire.data.votes.rows._DENSE", dense)
        second[1234] = first[1234]
        with pytest.raises(ValueError, match=rf"second\[1234\] = {first[1234]}: .*itself"):
            vn.Votes(first, second, **columns)
