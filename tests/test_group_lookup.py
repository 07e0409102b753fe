"""Labels of (group, item) to positions."""

from __future__ import annotations

import time

import numpy as np
import pytest

from venire.data.lookup import GroupLookup


def make(groups, sizes, labels):
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    items = np.concatenate([np.sort(np.asarray(labels)[:k]) for k in sizes])
    return GroupLookup(groups, offsets, items)


@pytest.mark.parametrize(
    ("groups", "labels"),
    [
        (np.array([3, 5, 9]), np.array([-7, 0, 4, 2**62])),
        (np.array([9, 3, 5]), np.array([0, 1, 2, 3], np.int32)),
        (np.array([0, 2**63 + 5, 2**64 - 1], np.uint64), np.array([1, 2**63, 7, 8], np.uint64)),
        (np.array(["é", "a", "zz"], object), np.array(["x", "xy", "", "ß"], object)),
        (np.array(["q1", "q2", "q3"]), np.array(["d1", "d2", "d3", "d4"])),
    ],
)
def test_every_label_is_found(groups, labels):
    lookup = make(groups, [4, 1, 3], labels)
    assert lookup.group(groups[[2, 0, 1, 1]], "g").tolist() == [2, 0, 1, 1]
    home = np.repeat([0, 1, 2], [4, 1, 3])
    p = np.random.default_rng(0).permutation(8)
    assert lookup.item(home[p], lookup.items[p], "i").tolist() == p.tolist()


def test_every_source_of_labels():
    import pandas
    import polars
    import pyarrow

    lookup = make(np.array(["a", "b"], object), [2, 2], np.array(["x", "y"], object))
    want = ["b", "a", "b"]
    for kind in (list, np.array, pandas.Series, polars.Series, pyarrow.array):
        assert lookup.group(kind(want), "g").tolist() == [1, 0, 1]
    assert lookup.group(pandas.Series(want, dtype="category"), "g").tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("group", "item", "message"),
    [
        ([0, 4], [0, 0], r"g\[1\] = 4: is not a group of the fit"),
        (["0", "0"], [0, 0], r"g\[0\] = '0': is not a group of the fit"),
        ([0, 2], [0, 1], r"i\[1\] = 1: is not an item of group 2"),
        ([1, 0], [0, 0], r"i\[0\] = 0: is not an item of group 1"),
        ([0, 0], ["0", "1"], r"i\[0\] = '0': is not an item of group 0"),
        ([0, 0], [0], r"i: has 1 rows, but there are 2"),
        (
            [0, 0],
            np.array([1, 2**63], np.uint64),
            r"i\[1\] = 9223372036854775808: .* group 0",
        ),
        ([0, 0], np.array([9, 2**63], np.uint64), r"i\[0\] = 9: .* group 0"),
    ],
)
def test_what_is_unknown_is_named(group, item, message):
    lookup = GroupLookup(np.array([0, 1, 2]), np.array([0, 2, 2, 3]), np.array([0, 1, 0]))
    with pytest.raises(ValueError, match=message):
        lookup.item(lookup.group(group, "g"), item, "i")


def test_nothing_to_find():
    empty = GroupLookup(np.empty(0, np.int64), np.zeros(1, np.int64), np.empty(0, np.int64))
    with pytest.raises(ValueError, match=r"\[0\] = 1"):
        empty.group([1], "g")
    alone = GroupLookup(np.array([5]), np.array([0, 0]), np.empty(0, np.int64))
    with pytest.raises(ValueError, match=r"\[0\] = 1.*: is not an item of group 5"):
        alone.item(np.array([0]), [1], "i")


def test_half_a_million_rows_are_quick():
    """Processor time, with much room for a busy machine: about 0.15 s here."""
    n, k, rows = 112_000, 10, 500_000
    lookup = GroupLookup(np.arange(n) * 3, np.arange(n + 1) * k, np.tile(np.arange(k) * 7, n))
    rng = np.random.default_rng(0)
    group, item = rng.integers(0, n, rows), rng.integers(0, k, rows)
    started = time.process_time()
    places = lookup.item(lookup.group(group * 3, "g"), item * 7, "i")
    assert time.process_time() - started < 2.0
    np.testing.assert_array_equal(places, group * k + item)
