"""Designs of pairs and bridges: what they promise, and the reference twin."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire._core.arrays import keys

MANY = 400


def asks(design, k=0):
    """First and second of group k."""
    part = slice(design.offsets[k], design.offsets[k + 1])
    return design.first[part], design.second[part]


def edges(first, second):
    """Unordered pairs, as a list of tuples."""
    return list(
        zip(np.minimum(first, second).tolist(), np.maximum(first, second).tolist(), strict=True)
    )


def laplacian(first, second, n):
    a = np.zeros((n, n))
    np.add.at(a, (first, second), 1.0)
    a += a.T
    return np.diag(a.sum(axis=1)) - a


def is_connected(first, second, n):
    return np.linalg.matrix_rank(laplacian(first, second, n)) == n - 1


def sizes_for(degree, most=14):
    """Sizes of groups that are larger than the degree and may have it."""
    return [n for n in range(degree + 1, most) if n % 2 == 0 or degree % 2 == 0]


# --- what cycles promise --------------------------------------------------------------------------


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5, 6, 7, 8, 10, 11])
def test_cycles_are_simple_regular_connected_and_balanced(degree):
    # many designs of each size: in small dense groups the first cycles often leave no other one
    n = np.repeat(sizes_for(degree), MANY)
    d = vn.design.design_pairs(n, degree, rng=degree)
    assert d.repeats.sum() == 0
    assert (np.diff(d.offsets) == n * degree // 2).all()
    for k in range(len(n)):
        first, second = asks(d, k)
        assert first.min() >= 0
        assert max(first.max(), second.max()) < n[k]
        assert len(set(edges(first, second))) == len(first)
        ahead = np.bincount(first, minlength=n[k]) - np.bincount(second, minlength=n[k])
        assert (np.bincount(first, minlength=n[k]) * 2 - ahead == degree).all()
        assert np.abs(ahead).max() <= (degree % 2)
        if degree >= 2 and k % 20 == 0:
            assert is_connected(first, second, n[k])


@pytest.mark.parametrize("seed", range(12))
def test_mean_variance_of_a_rating(seed):
    d = vn.design.design_pairs(100, 8, rng=seed)
    found = np.trace(np.linalg.pinv(laplacian(d.first, d.second, 100))) / 100
    assert 99**2 / (100 * 800) < found <= 0.145  # no graph of 400 edges is better than complete


def test_cycles_beat_random_pairs():
    def mean_variance(method):
        d = vn.design.design_pairs(np.full(20, 50), 6, method=method, rng=3)
        values = [np.trace(np.linalg.pinv(laplacian(*asks(d, k), 50))) / 50 for k in range(20)]
        return np.mean(values)

    assert mean_variance("cycles") < 0.9 * mean_variance("random")


def test_every_directed_cycle_is_equally_likely():
    """24 directed cycles of five items: chi-squared of 23 degrees, 1 in 10^7 above 76."""
    d = vn.design.design_pairs(np.full(24_000, 5), 2, rng=8)
    after = np.empty((24_000, 5), np.int64)
    np.put_along_axis(after, d.first.reshape(-1, 5).astype(np.int64), d.second.reshape(-1, 5), 1)
    walk = np.zeros((24_000, 5), np.int64)
    for step in range(1, 5):
        walk[:, step] = np.take_along_axis(after, walk[:, step - 1 : step], 1)[:, 0]
    _, counts = np.unique(walk, axis=0, return_counts=True)
    assert len(counts) == 24
    assert ((counts - 1000.0) ** 2 / 1000.0).sum() < 76.0


def test_nearly_all_pairs_of_a_larger_group():
    d = vn.design.design_pairs(300, 298, rng=1)  # repair gives up: Walecki's cycles
    assert len(set(edges(d.first, d.second))) == len(d) == 300 * 149
    assert (np.bincount(d.first) == 149).all()
    assert d.repeats.tolist() == [0]
    d = vn.design.design_pairs(300, 297, rng=1)
    assert len(set(edges(d.first, d.second))) == len(d) == 150 * 297
    assert np.abs(np.bincount(d.first) - np.bincount(d.second)).max() == 1


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 9, 10])
def test_all_pairs(n):
    for d in (
        vn.design.design_pairs(n, n - 1, rng=0),
        vn.design.design_pairs([n], n + 5, rng=0),
        vn.design.design_pairs(n, method="all", rng=0),
        vn.design.design_pairs(n, 1, method="all", rng=0),
    ):
        assert sorted(edges(d.first, d.second)) == [
            (i, j) for i in range(n) for j in range(i + 1, n)
        ]
        first, second = np.bincount(d.first, minlength=n), np.bincount(d.second, minlength=n)
        assert np.abs(first - second).max() == (n + 1) % 2
        assert d.repeats.tolist() == [0]


def test_small_groups_of_a_batch_have_all_their_pairs():
    d = vn.design.design_pairs([0, 1, 2, 3, 5, 6], 4, rng=0)
    assert np.diff(d.offsets).tolist() == [0, 0, 1, 3, 10, 12]
    d = vn.design.design_pairs(
        [3, 4, 6], 3, rng=0
    )  # an odd group is no obstacle where it is complete
    assert np.diff(d.offsets).tolist() == [3, 6, 9]
    assert len(vn.design.design_pairs([3, 4], 10**30)) == 9
    assert len(vn.design.design_pairs([], 4)) == 0
    assert len(vn.design.design_pairs([1, 0], 4)) == 0


# --- what was asked before ------------------------------------------------------------------------


def test_rounds_repeat_no_pair_until_all_are_asked():
    done = vn.design.design_pairs([50, 51], 2, rng=0)
    for seed in range(1, 24):
        new = vn.design.design_pairs([50, 51], 2, done, rng=seed)
        assert new.repeats.tolist() == [0, 0]
        assert not set(edges(*asks(new))) & set(edges(*asks(done)))
        done = done + new
    assert np.diff(done.offsets).tolist() == [50 * 24, 51 * 24]
    assert (np.bincount(asks(done)[0]) == 24).all()
    last = vn.design.design_pairs([50, 51], 2, done, rng=99)
    # each of 50 items has one free partner left, each of 51 has two
    assert last.repeats[0] == 25
    assert last.repeats[1] == sum(e in set(edges(*asks(done, 1))) for e in edges(*asks(last, 1)))


@pytest.mark.parametrize("method", ["cycles", "random"])
def test_used_pairs_count_in_either_order_and_in_every_form(method):
    before = vn.design.design_pairs([12, 8, 30], 4, rng=1)
    forms = [
        before,
        (before.group, before.first, before.second),
        (before.group[::-1], before.second[::-1], before.first[::-1]),
        (np.tile(before.group, 2), np.tile(before.first, 2), np.tile(before.second, 2)),
        [before.group.tolist(), before.first.tolist(), before.second.tolist()],
    ]
    found = [vn.design.design_pairs([12, 8, 30], 2, form, method=method, rng=5) for form in forms]
    for k in range(3):
        assert not set(edges(*asks(before, k))) & set(edges(*asks(found[0], k)))
    for other in found[1:3]:
        assert np.array_equal(other.first, found[0].first)
    assert np.array_equal(found[4].first, found[0].first)
    free = vn.design.design_pairs([12, 8, 30], 2, method=method, rng=5)
    assert not np.array_equal(free.first, found[0].first)
    one = vn.design.design_pairs(12, 2, asks(before), method=method, rng=5)
    assert np.array_equal(one.first, asks(found[0])[0])


@pytest.mark.parametrize("method", ["cycles", "random"])
@pytest.mark.parametrize("n", [4, 9, 40])
def test_repeats_are_counted_where_nothing_is_left(n, method):
    everything = vn.design.design_pairs(n, n - 1, rng=0)
    d = vn.design.design_pairs(n, 2, everything, method=method, rng=1)
    assert d.repeats[0] == len(d) == n
    again = vn.design.design_pairs(n, n - 1, everything, method=method, rng=1)
    assert again.repeats[0] == len(again) == n * (n - 1) // 2
    d = vn.design.design_pairs(
        n, method="all", used=(everything.first[:3], everything.second[:3]), rng=1
    )
    assert d.repeats[0] == 3


def test_impossible_cycles_end_with_the_fewest_repeats():
    i, j = np.divmod(np.arange(900), 30)
    d = vn.design.design_pairs(
        60, 2, (i, j + 30), rng=1
    )  # two halves that may not be joined, but must
    assert d.repeats[0] == 2
    n = 3000  # one item has met all others; pairs of a large group are hashed
    d = vn.design.design_pairs(n, 4, (np.zeros(n - 1, int), np.arange(1, n)), rng=1)
    assert d.repeats[0] == 4


# --- baselines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "degree"), [(40, 3), (40, 20), (41, 3), (5, 3), (2500, 2)])
def test_random_pairs(n, degree):
    d = vn.design.design_pairs(n, degree, method="random", rng=1)
    assert len(set(edges(d.first, d.second))) == len(d) == n * degree // 2
    assert (d.first != d.second).all()
    assert d.repeats[0] == 0


@pytest.mark.parametrize("degree", [1, 3])
def test_random_pairs_are_uniform(degree):
    """Each ordered pair of four items equally often: guessed for degree 1, listed for 3."""
    d = vn.design.design_pairs(np.full(12_000 // (2 * degree), 4), degree, method="random", rng=2)
    counts = np.bincount(d.first * 4 + d.second, minlength=16)[[k for k in range(16) if k % 5]]
    assert ((counts - 1000.0) ** 2 / 1000.0).sum() < 55.0  # chi-squared, 11 degrees, 1 in 10^7


# --- streams, threads, twins ----------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_native_equals_reference(data):
    method = data.draw(st.sampled_from(["cycles", "random"]))
    degree = data.draw(st.integers(1, 9))
    n = np.array(data.draw(st.lists(st.integers(0, 24), min_size=1, max_size=4)))
    if method == "cycles" and degree % 2:
        n = n // 2 * 2
    seed = data.draw(st.integers(0, 2**32))
    rng = np.random.default_rng(seed)
    rows = [
        (g, *rng.choice(size, 2, replace=False))
        for g, size in enumerate(n)
        if size > 1
        for _ in range(rng.integers(0, 3 * size) * data.draw(st.booleans()))
    ]
    used = np.array(rows, np.int64).reshape(-1, 3)
    d = vn.design.design_pairs(n, degree, tuple(used.T), method=method, rng=seed)
    for g, size in enumerate(n):
        own = used[used[:, 0] == g]
        first, second, repeats = vn.reference.design_pairs(
            int(size), degree, keys(seed), g, (own[:, 1], own[:, 2]), method
        )
        assert np.array_equal(first, asks(d, g)[0])
        assert np.array_equal(second, asks(d, g)[1])
        assert repeats == d.repeats[g]
        asked = set(edges(own[:, 1], own[:, 2]))
        counted = 0
        for pair in edges(first, second):
            counted += pair in asked
            asked.add(pair)
        assert repeats == counted


@pytest.mark.parametrize(("n", "degree"), [(2049, 3), (120, 113), (8, 6)])
@pytest.mark.parametrize("method", ["cycles", "random"])
def test_native_equals_reference_where_it_branches(n, degree, method):
    """Hashed pairs; long reversals; groups that need Walecki's cycles."""
    n += n % 2
    groups = 1 if n > 100 else 2000
    d = vn.design.design_pairs(np.full(groups, n), degree, method=method, rng=4)
    for g in range(0, groups, 40):
        twin = vn.reference.design_pairs(n, degree, keys(4), g, method=method)
        assert np.array_equal(twin[0], asks(d, g)[0])
        assert np.array_equal(twin[1], asks(d, g)[1])


def test_any_number_of_threads():
    n = np.random.default_rng(0).integers(0, 120, 700) // 2 * 2
    before = vn.design.design_pairs(n, 3, rng=9)
    for method in ("cycles", "random"):
        one = vn.design.design_pairs(n, 5, before, method=method, rng=1, n_threads=1)
        for n_threads in (2, 7):
            other = vn.design.design_pairs(n, 5, before, method=method, rng=1, n_threads=n_threads)
            for name in ("first", "second", "offsets", "repeats"):
                assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def test_a_group_depends_on_itself_only():
    one = vn.design.design_pairs([30, 40, 50], 4, rng=1)
    other = vn.design.design_pairs([8, 40, 7, 9], 4, ([0], [1], [2]), rng=1)
    assert np.array_equal(asks(one, 1), asks(other, 1))
    assert not np.array_equal(
        asks(one, 1)[0], asks(vn.design.design_pairs([40, 40], 4, rng=1), 0)[0]
    )


def test_seeds():
    def first(rng):
        return vn.design.design_pairs(30, 4, rng=rng).first.tolist()

    assert first(1) == first(np.random.SeedSequence(1)) == first(np.random.default_rng(1))
    assert first(1) != first(2)
    generator = np.random.default_rng(1)
    assert first(generator) != first(generator)  # it moves on


def test_inputs_stay_as_they_are():
    n = np.array([10, 12])
    used = tuple(np.array(x) for x in ([1, 0], [2, 3], [0, 1]))
    for array in (n, *used):
        array.flags.writeable = False
    wide = np.zeros((2, 2), np.int32)
    wide[:, 0] = n
    a = vn.design.design_pairs(n, 4, used, rng=1)
    b = vn.design.design_pairs(wide[:, 0], 4, tuple(x.astype(np.uint8) for x in used), rng=1)
    assert np.array_equal(a.first, b.first)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
def test_interrupt():
    """Ctrl-C in one long group: KeyboardInterrupt within a second."""
    program = textwrap.dedent("""
        import os, signal, sys, threading, time
        import venire as vn

        def interrupt():
            time.sleep(0.3)
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        sent = []
        threading.Thread(target=interrupt).start()
        try:
            vn.design.design_pairs(5000, 4000, rng=1)  # many seconds of repairs
        except KeyboardInterrupt:
            sys.exit(0 if time.perf_counter() - sent[0] < 1.0 else 3)
        sys.exit(4)
    """)
    run = subprocess.run([sys.executable, "-c", program], timeout=120, check=False)
    assert run.returncode == 0


# --- the result -----------------------------------------------------------------------------------


def test_pair_design():
    d = vn.design.design_pairs([4, 1, 3], 2, rng=0)
    assert isinstance(d, vn.design.PairDesign)
    assert d.group.tolist() == [0] * 4 + [2] * 3
    assert d.position.tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert d.first.dtype == d.second.dtype == d.group.dtype == np.int32
    assert "7 asks in 3 groups" in repr(d)
    both = d + d
    assert both.offsets.tolist() == [0, 8, 8, 14]
    assert asks(both, 2)[0].tolist() == 2 * asks(d, 2)[0].tolist()
    with pytest.raises(ValueError, match="other groups"):
        d + vn.design.design_pairs([4, 1, 4], 2, rng=0)
    with pytest.raises(TypeError):
        d + 1
    g = vn.GroupedComparisons(
        ["q", "q", "r", "r"], ["a", "c", "x", "x"], ["b", "d", "y", "z"], 1,
        groups=["q", "s", "r"],
        items=(["s"], ["m"]),
    )  # fmt: skip
    assert np.diff(g.offsets).tolist() == d.n_items.tolist()
    table = d.to_frame("dict", labels=g)
    assert table["group"].tolist() == ["q"] * 4 + ["r"] * 3
    assert (
        table["first"].tolist()
        == np.r_[g.items[:4][d.first[:4]], g.items[5:][d.first[4:]]].tolist()
    )
    assert np.array_equal(d.to_frame("dict")["second"], d.second)
    with pytest.raises(ValueError, match=r"labels\[0\]"):
        vn.design.design_pairs([5, 1, 3], 2).to_frame("dict", labels=g)
    with pytest.raises(ValueError, match="labels: has 3 groups"):
        vn.design.design_pairs([4, 1], 2).to_frame("dict", labels=g)


# --- bridges --------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_group", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("n_groups", [2, 3, 4, 5, 6, 9, 40, 41])
def test_bridges(n_groups, per_group):
    n = np.random.default_rng(n_groups).integers(1, 9, n_groups + 2)
    n[[1, 3]] = 0  # groups without items are left out
    b = vn.design.design_bridges(n, per_group, rng=per_group)
    assert isinstance(b, vn.design.BridgeDesign)
    ends = np.bincount(np.r_[b.first_group, b.second_group], minlength=len(n))
    uneven = n_groups % 2 and per_group % 2
    assert (ends[n == 0] == 0).all()
    assert (ends[n > 0] >= per_group).all()
    assert ends.sum() == n_groups * per_group + bool(uneven)
    assert (b.first < n[b.first_group]).all()
    assert (b.second < n[b.second_group]).all()
    assert (b.first_group != b.second_group).all()
    pairs = edges(b.first_group, b.second_group)
    if per_group < n_groups:
        assert len(set(pairs)) == len(pairs)
    else:  # all pairs of groups equally often, or once more
        _, counts = np.unique(pairs, axis=0, return_counts=True)
        assert len(counts) == n_groups * (n_groups - 1) // 2
        assert counts.max() - counts.min() <= 1
    if per_group % 2 == 0 and per_group < n_groups - 1:
        assert (np.bincount(b.first_group, minlength=len(n))[n > 0] == per_group // 2).all()
    if per_group >= 2:
        at = np.cumsum(n > 0) - 1
        assert is_connected(at[b.first_group], at[b.second_group], n_groups)


def test_bridges_pick_items_evenly():
    b = vn.design.design_bridges(np.full(20_000, 5), 4, rng=1)
    for item in (b.first, b.second):
        counts = np.bincount(item, minlength=5)
        assert ((counts - 8000.0) ** 2 / 8000.0).sum() < 40.0  # chi-squared, 4 degrees
    together = np.bincount(b.first * 5 + b.second, minlength=25)
    assert ((together - 1600.0) ** 2 / 1600.0).sum() < 80.0  # 24 degrees: independent of each other


def test_bridges_calibrate():
    rng = np.random.default_rng(0)
    n = np.array([6, 8, 5, 7])
    d = vn.design.design_pairs(n, 4, rng=1)
    table = d.to_frame("dict")
    g = vn.GroupedComparisons(table["group"], table["first"], table["second"], rng.random(len(d)))
    fit = vn.fit_groups(g, prior=vn.GaussianPrior(0.1))
    bridges = vn.design.design_bridges(n, 2, rng=1).to_frame("dict", labels=fit)
    assert list(bridges) == ["first_group", "first", "second_group", "second"]
    assert (vn.calibrate(fit, *bridges.values()).n_bridges == 2).all()


def test_bridges_where_there_are_none():
    assert len(vn.design.design_bridges([5], 4)) == len(vn.design.design_bridges([0, 5, 0], 4)) == 0
    assert len(vn.design.design_bridges([], 4)) == 0
    a, b = vn.design.design_bridges([5] * 9, 3, rng=1), vn.design.design_bridges([5] * 9, 3, rng=1)
    assert np.array_equal(a.second, b.second)
    assert np.array_equal(a.first_group, b.first_group)
    assert not np.array_equal(
        a.first_group, vn.design.design_bridges([5] * 9, 3, rng=2).first_group
    )
    assert "14 bridges between 9 groups" in repr(a)


# --- whom to ask ----------------------------------------------------------------------------------


def test_rotation():
    d = vn.design.design_pairs([10, 7], 2, rng=0)
    found = vn.design.rotate_teachers(d.position, d.group, 4)
    assert found.dtype == np.int32
    assert found.tolist() == [*[k % 4 for k in range(10)], *[(k + 1) % 4 for k in range(7)]]
    cheap = vn.design.rotate_teachers(d.position, d.group, [0, 0, 2])
    assert cheap.tolist()[:4] == [0, 0, 2, 0]
    assert vn.design.rotate_teachers([0, 1], 5, 3).tolist() == [2, 0]
