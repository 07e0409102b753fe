"""Wrong arguments of designs are errors that name the argument, the position and the value."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn

TWO, AT_1 = [4, 6], "[1]"
pairs, bridges, rotate = vn.design.design_pairs, vn.design.design_bridges, vn.design.rotate_teachers


def made(first, second):
    """A design of one group of eight items, by hand."""
    return vn.design.PairDesign([8], [0, len(first)], first, second, [0])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: pairs(1, 2), ValueError, ["n_items", "at least 2", "1"]),
        (lambda: pairs(7, 3), ValueError, ["n_items", "even", "7"]),
        (lambda: pairs([8, 6, 7], 3), ValueError, ["n_items", "7", "[2]"]),
        (lambda: pairs(8, 8), ValueError, ["degree", "below n_items", "8"]),
        (lambda: pairs(8, 9), ValueError, ["degree", "9"]),
        (lambda: pairs(8, 0), ValueError, ["degree", "0"]),
        (lambda: pairs(8, 2.0), TypeError, ["degree", "2.0"]),
        (lambda: pairs(8), TypeError, ["degree", "None"]),
        (lambda: pairs(8.5, 2), TypeError, ["n_items", "8.5"]),
        (lambda: pairs(True, 2), TypeError, ["n_items", "True"]),
        (lambda: pairs([8, -1], 2), ValueError, ["n_items", "-1", AT_1]),
        (lambda: pairs([8, 2**31], 2), ValueError, ["n_items", AT_1]),
        (lambda: pairs([8.0, 4.0], 2), TypeError, ["n_items", "float64"]),
        (lambda: pairs([[8, 4]], 2), ValueError, ["n_items", "2 dimensions"]),
        (lambda: pairs(8, 2, method="best"), ValueError, ["method", "best"]),
        (lambda: pairs(8, 2, rng=-1), ValueError, ["rng", "-1"]),
        (lambda: pairs(8, 2, n_threads=0), ValueError, ["n_threads", "0"]),
        (lambda: pairs(8, 2, 3), TypeError, ["used"]),
        (lambda: pairs(8, 2, ([1],)), TypeError, ["used"]),
        (lambda: pairs(TWO, 2, ([1], [2])), TypeError, ["used", "2 groups"]),
        (lambda: pairs(8, 2, ([1, 2], [2])), ValueError, ["used: second", "1", "2"]),
        (lambda: pairs(8, 2, ([1, 8], [2, 3])), ValueError, ["used: first", "8", AT_1]),
        (lambda: pairs(8, 2, ([1, 2], [2, -3])), ValueError, ["used: second", "-3", AT_1]),
        (lambda: pairs(8, 2, ([1, 2], [2, 2])), ValueError, ["used", "compared with itself", AT_1]),
        (lambda: pairs(8, 2, ([1.0], [2.0])), TypeError, ["used: first", "float64"]),
        (lambda: pairs(TWO, 2, ([0, 2], [1, 1], [2, 2])), ValueError, ["used: group", "2", AT_1]),
        (lambda: pairs(TWO, 2, ([1, 0], [1, 1], [5, 5])), ValueError, ["used: second", "4", AT_1]),
        (lambda: pairs(TWO, 2, pairs([4, 5], 2)), ValueError, ["used", "5", AT_1]),
        (lambda: pairs(TWO, 2, pairs(4, 2)), ValueError, ["used", "1 groups"]),
        (lambda: pairs(8, 2, made([0, 1], [1, 8])), ValueError, ["used", "does not have"]),
        (lambda: pairs(8, 2, made([0, 1], [-1, 2])), ValueError, ["used", "does not have"]),
        (lambda: pairs(8, 2, made([0, 1], [1, 1])), ValueError, ["used", "one item"]),
        (lambda: made([0, 1], [1]), ValueError, ["second", "2", "1"]),
        (lambda: vn.design.PairDesign([8], [0, 1, 1], [0], [1], [0]), ValueError, ["offsets"]),
        (lambda: bridges([3, -2], 4), ValueError, ["n_items", "-2", AT_1]),
        (lambda: bridges([3, 2], 0), ValueError, ["per_group", "0"]),
        (lambda: bridges([3, 2], 1.5), TypeError, ["per_group", "1.5"]),
        (lambda: rotate([0, -1], 0, 3), ValueError, ["position", "-1", AT_1]),
        (lambda: rotate([0, 1], [0], 3), ValueError, ["group", "1", "2"]),
        (lambda: rotate([0, 1], -1, 3), ValueError, ["group", "-1"]),
        (lambda: rotate([0], 0, 0), ValueError, ["teachers", "0"]),
        (lambda: rotate([0], 0, []), ValueError, ["teachers", "empty"]),
        (lambda: rotate([0], 0, [1, -1]), ValueError, ["teachers", "-1", AT_1]),
        (lambda: rotate([0.5], 0, 2), TypeError, ["position", "float64"]),
    ],
)  # fmt: skip
def test_bad_input(call, error, words):
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), str(caught.value)


@pytest.mark.parametrize("labels", [3, np.zeros(4), "ab", {}])
def test_labels_of_a_frame_are_an_object_with_groups_and_items(labels):
    for design in (vn.design.design_pairs([4], 2), vn.design.design_bridges([4, 4], 2)):
        with pytest.raises(TypeError, match=r"labels.*: must have groups, offsets and items"):
            design.to_frame("dict", labels=labels)


def test_no_groups_of_any_kind_of_number():
    assert len(vn.design.design_bridges(np.zeros(0, complex)).first) == 0
