"""One fit asked by several threads at once tells each of them what it tells one."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import venire as vn


def from_four(function):
    """What four threads get that ask at once."""
    found, ready = [None] * 4, threading.Barrier(4)

    def ask(k):
        ready.wait()
        found[k] = function()

    threads = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def comparisons(items, rows):
    rng = np.random.default_rng(3)
    first = rng.integers(0, items, rows)
    second = (first + rng.integers(1, items, rows)) % items
    day = np.datetime64("2020-01-01") + rng.integers(0, 200, rows)
    return vn.Comparisons(first, second, rng.integers(0, 2, rows), date=day)


def large_fit():
    return vn.fit_bradley_terry(comparisons(4_000, 40_000), prior=vn.GaussianPrior(1.0))


def large_fit_of_rankings():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 2_500, (10_000, 1))
    rows = (first + np.array([0, 1, 3, 7]) * rng.integers(1, 300, (10_000, 1))) % 2_500
    return vn.fit_plackett_luce(vn.Rankings(rows), prior=vn.GaussianPrior(1.0))


def path():
    return vn.fit_path(comparisons(120, 30_000), step="day", walk=0.01)


@pytest.mark.parametrize(
    ("make", "ask"),
    [
        (large_fit, lambda fit: fit.sample(8, rng=1).theta),
        (large_fit_of_rankings, lambda fit: fit.sample(8, rng=1).theta),
        (path, lambda fit: fit.standard_errors()),
    ],
)
def test_threads_that_share_a_fit(make, ask):
    alone, shared = ask(make()), make()
    for found in from_four(lambda: ask(shared)):
        np.testing.assert_array_equal(found, alone)
