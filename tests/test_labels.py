"""Labels to codes, from every kind of column, and what is refused."""

from __future__ import annotations

import datetime
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import venire as vn
from venire._core import checks
from venire._core.threads import usable_cpus
from venire.data.coding import Encoded, Encoder, encode, encode_one

TEXT = [
    "pear",
    "apple",
    "Éclair",
    "",
    "日本",
    "apple",
    "a much longer label than twelve bytes",
    "z",
]
OTHER = ["z", "pear", "apple", "日本", "", "z", "pear", "a much longer label than thirteen bytes"]


def expected(first, second):
    items = sorted(set(first) | set(second))
    at = {label: k for k, label in enumerate(items)}
    return items, [at[x] for x in first], [at[x] for x in second]


def check(first, second, truth_first, truth_second, **arguments):
    items, a, b = encode(first, second, **arguments)
    want, want_a, want_b = expected(truth_first, truth_second)
    assert items.tolist() == want
    assert a.tolist() == want_a
    assert b.tolist() == want_b
    for codes in (a, b):
        assert codes.dtype == np.int32
        assert codes.flags.c_contiguous


def half(array):
    """A chunked array whose chunks are slices."""
    return pa.chunked_array([array[:3], array[3:3], array[3:]])


MAKERS = {
    "list": list,
    "tuple": tuple,
    "numpy U": np.array,
    "numpy U big-endian": lambda x: np.array(x).astype(np.array(x).dtype.newbyteorder(">")),
    "numpy object": lambda x: np.array(x, dtype=object),
    "numpy T": lambda x: np.array(x, dtype=np.dtypes.StringDType()),
    "numpy strided": lambda x: np.repeat(np.array(x), 2)[::2],
    "pandas str": lambda x: pd.Series(x, index=range(5, 5 + len(x))),
    "pandas object": lambda x: pd.Series(x, dtype=object),
    "pandas string": lambda x: pd.Series(x, dtype="string"),
    "pandas python string": lambda x: pd.Series(x, dtype="string[python]"),
    "pandas arrow": lambda x: pd.Series(x, dtype=pd.ArrowDtype(pa.string())),
    "pandas category": lambda x: (
        pd.Series(x, dtype=pd.CategoricalDtype([*x, "unused"][::-1]))
        if len(set(x)) == len(x)
        else pd.Series(x).astype("category").cat.add_categories("unused")
    ),
    "pandas index": pd.Index,
    "polars": pl.Series,
    "polars category": lambda x: pl.Series(x, dtype=pl.Categorical),
    "polars enum": lambda x: pl.Series(x, dtype=pl.Enum([*dict.fromkeys(x), "unused"])),
    "arrow": pa.array,
    "arrow large": lambda x: pa.array(x, pa.large_string()),
    "arrow view": lambda x: pa.array(x, pa.string_view()),
    "arrow slice": lambda x: pa.array(["q", *x, "r"])[1:-1],
    "arrow chunks": lambda x: half(pa.array(x)),
    "arrow view chunks": lambda x: half(pa.array(x, pa.string_view())),
    "arrow dictionary": lambda x: pa.array(x).dictionary_encode(),
    "arrow dictionaries": lambda x: half(pa.array(x).dictionary_encode()),
    "arrow small dictionary": lambda x: (
        pa.array(x).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.large_string()))
    ),
}


@pytest.mark.parametrize("maker", MAKERS)
def test_text(maker):
    make = MAKERS[maker]
    check(make(TEXT), make(OTHER), TEXT, OTHER)


@pytest.mark.parametrize("maker", MAKERS)
def test_text_of_two_libraries(maker):
    check(MAKERS[maker](TEXT), OTHER, TEXT, OTHER)
    check(pl.Series(TEXT), MAKERS[maker](OTHER), TEXT, OTHER)


def test_text_is_sorted_by_code_point_and_items_are_str():
    items, _, _ = encode(["b", "Z", "é", "a", "\U0001f600", "\uffff"], ["a"] * 6)
    assert items.tolist() == ["Z", "a", "b", "é", "\uffff", "\U0001f600"]
    assert all(type(x) is str for x in items)


def test_lone_surrogates_and_zeros_survive():
    first = ["\ud800", "a\0b", "a\0c"]
    items, a, _ = encode(first, ["a"] * 3)
    assert items[a].tolist() == first
    items, a, _ = encode(np.array(["\ud800", "b"]), np.array(["a", "a"]))
    assert items[a].tolist() == ["\ud800", "b"]


@given(
    st.lists(st.text(max_size=20), min_size=1, max_size=60),
    st.lists(st.text(max_size=20), min_size=1, max_size=60),
    st.integers(1, 4),
)
def test_any_text(first, second, n_threads):
    def usable(x):
        return [s.encode("utf-8", "replace").decode() for s in x]

    first, second = usable(first), usable(second)
    check(first, pa.array(second), first, second, n_threads=n_threads)
    check(pl.Series(first), pa.array(second, pa.string_view()), first, second)


DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", ">i4", ">i8"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("values", [[3, 1, 7, 3], [0, 1, 2, 3], [100, 0, 50, 0]])
def test_integers_of_any_width(dtype, values):
    x = np.array(values, dtype=dtype)
    check(x, x[::-1], values, values[::-1])
    check(values, x, values, values)
    assert encode(x, x)[0].dtype == np.int64


@pytest.mark.parametrize(
    "make",
    [
        pd.Series,
        pl.Series,
        pa.array,
        lambda x: half(pa.array(x)),
        lambda x: pd.Series(x, dtype="Int64"),
        lambda x: pd.Series(x, dtype="UInt16"),
        lambda x: pd.Series(x).astype("category"),
        lambda x: pd.Series(x, dtype=pd.ArrowDtype(pa.int32())),
        lambda x: pa.array(x, pa.int16()).dictionary_encode(),
        lambda x: pd.Series([float(v) for v in x]),
        lambda x: [float(v) for v in x],
        lambda x: [np.int16(v) for v in x],
        lambda x: np.array(x, dtype=object),
    ],
)
def test_integers_from_any_library(make):
    values = [5, 2, 9, 2, 30]
    check(make(values), make(values[::-1]), values, values[::-1])


WIDE = [0, -(2**63), 2**63 - 1, 10**15, -7, 10**15, 0]


def test_wide_integers():
    check(np.array(WIDE), np.array(WIDE[::-1]), WIDE, WIDE[::-1])
    big = np.array([2**64 - 1, 5, 2**63], np.uint64)
    check(big, big, big.tolist(), big.tolist())
    assert encode(big, big)[0].dtype == np.uint64
    with pytest.raises(ValueError, match="18446744073709551615"):
        encode(big, np.array([-1, 2, 3]))
    check(np.array([3, 9], np.uint64), np.array([-3, 2**40]), [3, 9], [-3, 2**40])


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=50),
    st.lists(st.integers(-1000, 1000), min_size=1, max_size=50),
    st.integers(1, 4),
)
def test_any_integers(first, second, n_threads):
    check(np.array(first), np.array(second), first, second, n_threads=n_threads)


def test_ids_that_nobody_can_change_are_returned_as_they_are():
    rng = np.random.default_rng(0)
    first = rng.permutation(1000).astype(np.int32)
    second = rng.integers(0, 1000, 1000).astype(np.int32)
    first.flags.writeable = False
    items, a, b = encode(first, second)
    assert a is first
    assert np.array_equal(b, second)
    assert np.array_equal(items, np.arange(1000))
    # one id that does not occur: the items are those that do
    items, a, b = encode(np.array([0, 2], np.int32), np.array([3, 0], np.int32))
    assert (items.tolist(), a.tolist(), b.tolist()) == ([0, 2, 3], [0, 1], [2, 0])
    # the missing one occurs in second only
    items, a, _ = encode(np.array([0, 2], np.int32), np.array([1, 0], np.int32))
    assert a.tolist() == [0, 2]


@pytest.mark.parametrize("kind", ["narrow", "wide", "text", "view", "ucs4", "dictionary"])
def test_same_for_any_number_of_threads_and_any_chunks(kind):
    rng = np.random.default_rng(1)
    n = 1 << 18
    ids = rng.integers(0, 5000, (2, n))
    make = {
        "narrow": lambda x: x * 2 + 5,
        "wide": lambda x: x * 10**14,
        "text": lambda x: pa.array([f"p{v}" for v in x]),
        "view": lambda x: pa.array([f"a label of length {v}" for v in x], pa.string_view()),
        "ucs4": lambda x: np.array([f"ü{v}" for v in x]),
        "dictionary": lambda x: pa.array([f"p{v}" for v in x]).dictionary_encode(),
    }[kind]
    first, second = make(ids[0]), make(ids[1])
    one = encode(first, second, n_threads=1)
    for n_threads in (2, 5):
        for x, y in zip(one, encode(first, second, n_threads=n_threads), strict=True):
            assert np.array_equal(x, y)
    pieces = Encoder(n_threads=3)
    for start, stop in ((0, 7), (7, 7), (7, 200_000), (200_000, n)):
        pieces.add(first[start:stop], second[start:stop])
    items, codes = pieces.finish()
    for x, y in zip(one, (items, *codes), strict=True):
        assert np.array_equal(x, y)
    labels = np.asarray(first)
    assert (items[one[1]][:1000] == labels[:1000]).all()


def test_given_items():
    items, a, b = encode(["x", "y"], ["y", "z"], items=["z", "y", "unused", "x"])
    assert items.tolist() == ["z", "y", "unused", "x"]
    assert (a.tolist(), b.tolist()) == ([3, 1], [1, 0])
    items, a, b = encode([7, 10**12], [3, 7], items=[10**12, 3, 7, -1])
    assert (a.tolist(), b.tolist()) == ([2, 0], [1, 2])
    x = np.array([2, 0], np.int32)
    items, a, _ = encode(x, x, items=np.arange(5))
    assert np.array_equal(a, x)
    assert items.tolist() == [0, 1, 2, 3, 4]
    coded = Encoded(np.array(["x", "y"], object), np.array([0, 1, 1], np.int32))
    second = Encoded(coded.items, np.array([1, 0, 0], np.int32))
    items, a, b = encode(coded, second, items=["y", "x"])
    assert (a.tolist(), b.tolist()) == ([1, 0, 0], [0, 1, 1])


@pytest.mark.parametrize(
    ("first", "second", "items", "message"),
    [
        (["x", "q"], ["x", "x"], ["x", "y"], r"first\[1\] = 'q': is not among items"),
        ([0, 1], [1, 9], np.arange(3), r"second\[1\] = 9: is not among items"),
        ([0, 1], [1, -1], np.arange(3), r"second\[1\] = -1: is not among items"),
        ([5, 1], [1, 5], [5, 2], r"first\[1\] = 1: is not among items"),
        (["x"], ["y"], ["x", "y", "x"], r"items\[2\] = 'x': holds a label twice"),
        ([1], [2], [3, 3, 1], r"items\[1\] = 3: holds a label twice"),
        ([1], [2], ["1", "2"], r"first\[0\] = 1: is not among items"),
        (["x"], ["y"], ["x", None], r"items\[1\]: a value is missing .null."),
        (np.array([2**64 - 1], np.uint64), [0], [0, 1], "= 1844674407.*: is not among items"),
    ],
)
def test_given_items_refused(first, second, items, message):
    with pytest.raises(ValueError, match=message):
        encode(first, second, items=items)


NULLS = [
    ["a", None],
    [1, None],
    [1.0, float("nan")],
    np.array([1.0, np.nan]),
    np.array(["a", None], dtype=object),
    np.array(["a", np.nan], dtype=object),
    np.ma.masked_array([1, 2], [False, True]),
    np.array(["a", None], dtype=np.dtypes.StringDType(na_object=None)),
    pd.Series(["a", None]),
    pd.Series(["a", None], dtype=object),
    pd.Series(["a", None], dtype="string[python]"),
    pd.Series(["a", None], dtype="category"),
    pd.Series([1, None]),
    pd.Series([1, None], dtype="Int64"),
    pd.Series([1, None], dtype=pd.ArrowDtype(pa.int64())),
    pl.Series(["a", None]),
    pl.Series([1, None]),
    pl.Series(["a", None], dtype=pl.Categorical),
    pa.array(["a", None]),
    pa.array(["a", None]).dictionary_encode(),
    pa.DictionaryArray.from_arrays([0, 1], ["a", None]),
    pa.chunked_array([["a"], [None]]),
    pa.chunked_array([["q", "a", None]])[1:],
    pa.array([1, None]),
]


@pytest.mark.parametrize("column", NULLS, ids=lambda x: type(x).__module__.split(".")[0])
def test_null_labels_name_their_position(column):
    other = ["a", "b"] if "a" in str(list(column)) else [1, 2]
    with pytest.raises(ValueError, match=r"first\[1\]: a (label|value) is missing \(.*\)"):
        encode(column, other)
    with pytest.raises(ValueError, match=r"second\[1\]: a (label|value) is missing \("):
        encode(other, column)


def test_a_null_of_a_later_chunk():
    first = pa.array(["a"] * 20 + [None] + ["a"] * 5)
    with pytest.raises(ValueError, match=r"\[20\]"):
        encode(first, ["b"] * 26)
    with pytest.raises(ValueError, match=r"\[17\]"):
        encode(first[3:], ["b"] * 23)


@pytest.mark.parametrize(
    ("column", "kind", "message"),
    [
        ([1.5, 2.0], ValueError, r"first\[0\] = 1.5: .*fractions"),
        (np.array([1.0, np.inf]), ValueError, r"first\[1\] = inf:"),
        (pl.Series([1.0, 0.5]), ValueError, r"first\[1\] = 0.5:"),
        ([True, False], TypeError, "first.* = True: must be integers or text"),
        (np.array([True, False]), TypeError, "first: must be integers or text, not true"),
        (pl.Series([True, False]), TypeError, "first: must be integers or text, not true"),
        (pd.Series([True, False]), TypeError, "first: must be integers or text, not true"),
        ([b"a", b"b"], TypeError, r"first\[0\] = b'a':"),
        (np.array([b"a", b"b"]), TypeError, "bytes"),
        (["a", 1], TypeError, r"first\[1\] = 1: .*one type, and the first is 'a'"),
        ([1, "a"], TypeError, r"first\[1\] = 'a': .*one type, and the first is 1"),
        (np.array(["a", 2.5], object), TypeError, r"\[1\] = 2.5"),
        ([1, True], TypeError, r"\[1\] = True"),
        ([1, 2**70], ValueError, r"\[1\] = 1180591620717411303424"),
        (np.array(["2020-01-01", "2020-01-02"], "M8[D]"), TypeError, "dates"),
        (pa.array([1, 2], pa.timestamp("s")), TypeError, "Arrow type"),
        (np.zeros((2, 2)), ValueError, "one-dimensional"),
        (pd.DataFrame({"a": [1, 2]}), (TypeError, ValueError), "first"),
        ("ab", TypeError, "first = 'ab': must be an array of labels"),
        (7, TypeError, "first = 7: must be an array of labels"),
        ([(1, 2), (3, 4)], TypeError, r"\[0\] = \(1, 2\)"),
    ],
)
def test_no_labels(column, kind, message):
    with pytest.raises(kind, match=message):
        encode(column, ["a", "b"])


def test_text_against_integers():
    with pytest.raises(TypeError, match=r"second\[0\]: .*here is an integer, but text in first"):
        encode(["a", "b"], [1, 2])
    with pytest.raises(TypeError, match=r"second\[0\]: .*here is text, but an integer in first"):
        encode(np.array([1, 2]), pl.Series(["a", "b"]))


def test_one_column_and_nothing():
    items, codes = encode_one(pl.Series(["b", "a", "b"]), "cluster")
    assert (items.tolist(), codes.tolist()) == (["a", "b"], [1, 0, 1])
    with pytest.raises(ValueError, match=r"cluster.*: a value is missing"):
        encode_one([None], "cluster")
    items, a, b = encode([], [])
    assert len(items) == len(a) == len(b) == 0


def test_inputs_are_not_modified():
    first = np.array([5, 7, 5], np.int32)
    first.flags.writeable = False
    text = np.array(["b", "a", "b"])
    before = text.copy()
    encode(first, first[::-1])
    encode(text, text[::-1])
    assert first.tolist() == [5, 7, 5]
    assert (text == before).all()


def test_no_library_is_imported():
    code = (
        "import sys; from venire.data.coding import encode\n"
        "encode(['a'], ['b']); encode([1], [2])\n"
        "bad = {'pandas', 'polars', 'pyarrow', 'narwhals'} & set(sys.modules); assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_polars_without_pyarrow():
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "import polars as pl; from venire.data.coding import encode\n"
        "items, a, b = encode(pl.Series(['y', 'x']), pl.Series(['x', 'z']))\n"
        "assert items.tolist() == ['x', 'y', 'z'] and a.tolist() == [1, 0], items"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


class TestChecks:
    """The canonical forms of the other arguments."""

    def test_score_is_not_copied(self):
        x = np.linspace(0, 1, 50)
        assert checks.score(x, 50) is x
        assert checks.score(0.5, 50).tolist() == [0.5]
        assert checks.score([1, 0], 2).dtype == np.float64
        assert checks.score(np.array([1, 0], np.int32), 2).tolist() == [1.0, 0.0]
        assert checks.score(pl.Series([1, 0]), 2).tolist() == [1.0, 0.0]

    @pytest.mark.parametrize("where", [0, 40_000, 99_999])
    @pytest.mark.parametrize("value", [np.nan, -1e-9, 1.0000001, np.inf])
    def test_first_bad_score(self, where, value):
        x = np.full(100_000, 0.5)
        x[where] = value
        x[-1] = 7.0 if where < 99_999 else value
        with pytest.raises(ValueError, match=rf"score\[{where}\] = {value}: ") as caught:
            checks.score(x, len(x))
        assert caught.value.position == where

    def test_weight(self):
        assert checks.weight(None, 3) is None
        assert checks.weight([0, 1e30], 2).tolist() == [0.0, 1e30]
        for bad in (-1.0, np.nan, np.inf, -np.inf, 1.1e30):
            with pytest.raises(ValueError, match=r"weight\[1\].*: must be finite and >= 0"):
                checks.weight([1.0, bad], 2)

    def test_order(self):
        assert checks.order([1, -1, 0], 3).dtype == np.int8
        assert checks.order(np.array([1.0, -1.0]), 2).tolist() == [1, -1]
        for bad in (2, -2, 0.5, np.nan):
            with pytest.raises(ValueError, match=r"order\[1\].*:"):
                checks.order([1, bad], 2)
        with pytest.raises(TypeError, match="order"):
            checks.order(["a", "b"], 2)

    def test_lengths(self):
        found = checks.columns(first=[1, 2], score=1.0, weight=None, second=iter([3, 4]))
        assert found == [2, [1, 2], 1.0, None, [3, 4]]
        with pytest.raises(ValueError, match="second: has 1 rows, but first has 2"):
            checks.columns(first=[1, 2], second=[1])
        with pytest.raises(ValueError, match="first: is empty"):
            checks.columns(first=[], second=[])
        with pytest.raises(ValueError, match="score: has 1 rows"):
            checks.score([1.0], 2)

    def test_threads(self, monkeypatch):
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        assert checks.n_threads(None) == min(3, usable_cpus())
        assert checks.n_threads(np.int64(2)) == 2
        for bad in (0, -1):
            with pytest.raises(ValueError, match="n_threads"):
                checks.n_threads(bad)
        for bad in (1.5, "2", True):
            with pytest.raises(TypeError, match="n_threads"):
                checks.n_threads(bad)

    def test_rng(self):
        generator = np.random.default_rng(1)
        assert checks.rng(generator) is generator
        assert checks.rng(5).random() == np.random.default_rng(5).random()
        seed = np.random.SeedSequence(5)
        assert checks.rng(seed).random() == np.random.default_rng(5).random()
        with pytest.raises(TypeError, match="rng"):
            checks.rng("5")
        with pytest.raises(ValueError, match="rng"):
            checks.rng(-5)


def test_numbers_of_narrow_types_are_compared_without_a_warning():
    assert vn.Comparisons(np.array([1, 2], np.float16), [3, 3], 1.0).items.tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match=r"first\[1\].*:"):
        vn.Comparisons(np.array([1, 2.5], np.float16), [3, 3], 1.0)
    with pytest.raises(ValueError, match=r"order\[0\] = -128:"):
        vn.Comparisons([1], [2], 1.0, order=np.array([-128], np.int8))


def test_an_integer_beyond_all_doubles_among_floats():
    with pytest.raises(ValueError, match=r"first\[1\].*: must be within the range of int64"):
        vn.Comparisons([1.0, 10**400], [2.0, 3.0], 1.0)


# ---- dates --------------------------------------------------------------------------------------

DAYS = [datetime.date(2024, 1, 6), datetime.date(2024, 1, 5), datetime.date(2024, 1, 6)]
TIMES = [datetime.datetime(2024, 1, 6, 18, 30, s, 250_000) for s in (1, 0, 1)]


def columns_of(values):
    """The same dates as the libraries hold them."""
    unit = "D" if values is DAYS else "us"
    return {
        "list": values, "objects": np.array(values, object),
        "numpy": np.array(values, f"datetime64[{unit}]"),
        "pandas objects": pd.Series(values, dtype=object),
        "pandas categories": pd.Series(values, dtype=object).astype("category"),
        "polars": pl.Series(values), "pyarrow": pa.chunked_array([values]),
        "pyarrow dictionary": pa.array(values).dictionary_encode(),
    }  # fmt: skip


@pytest.mark.parametrize("library", columns_of(DAYS))
def test_dates_are_labels_of_groups_and_clusters(library):
    for values, texts in (
        (DAYS, ["2024-01-05", "2024-01-06"]),
        (TIMES, ["2024-01-06 18:30:00.25", "2024-01-06 18:30:01.25"]),
    ):
        labels, codes = encode_one(columns_of(values)[library], "group")
        assert labels.tolist() == texts
        assert codes.tolist() == [1, 0, 1]
        g = vn.GroupedComparisons(columns_of(values)[library], list("abc"), list("bca"), 1.0)
        assert g.groups.tolist() == texts
    with pytest.raises(TypeError, match="must be integers or text"):  # but not of items
        encode(columns_of(DAYS)[library], ["a", "b", "c"])


@pytest.mark.parametrize(
    "gap", [[*DAYS, None], np.array([*DAYS, "NaT"], "datetime64[D]"), [*DAYS, np.datetime64("NaT")]]
)
def test_a_missing_date(gap):
    with pytest.raises(ValueError, match=r"group\[3\]: a value is missing"):
        encode_one(gap, "group")


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_labels_that_left_their_range_reach_no_other_memory(dtype):
    """Another thread may have written into the caller's array since its range was taken."""
    from venire._native.labels import mark, take

    ends = np.iinfo(dtype)
    x = np.array([3, 5, 4, 6, 2, ends.max, ends.min], dtype)
    seen = np.zeros(3, np.uint8)
    assert mark(x, 3, seen, 1) == 3
    assert take(x, 3, None, 1, 3).tolist() == [0, 2, 1, 0, 0, 0, 0]
    assert take(x, 3, np.array([7, 8, 9], np.int32), 1).tolist() == [7, 9, 8, 7, 7, 7, 7]


def test_codes_are_no_labels_that_somebody_can_change():
    first, second = np.array([0, 1, 2], np.int32), np.array([1, 2, 0], np.int32)
    for items in (None, range(3)):
        _, one, other = encode(first, second, items, None)
        assert not np.shares_memory(one, first)
        assert not np.shares_memory(other, second)


def test_texts_that_are_not_aligned():
    room = np.zeros(1 + 3 * 8, np.uint8)
    text = room[1:].view("<U2")
    text[:] = ["b", "a", "bc"]
    items, codes = encode_one(text, "cluster")
    assert items.tolist() == ["a", "b", "bc"]
    assert codes.tolist() == [1, 0, 2]
