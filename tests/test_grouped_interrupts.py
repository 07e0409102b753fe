"""Ctrl-C in long calls on many groups: heard within a second, counted in the time of the CPUs."""

from __future__ import annotations

import signal
import time
from collections import deque

import numpy as np
import pytest

import venire as vn

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGPROF"), reason="needs POSIX")


def lateness(call, after):
    """CPU seconds between a signal, sent after so many of them, and the end of the call.

    The time of the CPUs does not depend on what else the machine does.
    """

    class Stop(Exception):
        pass

    def stop(*_):
        raise Stop

    before = signal.signal(signal.SIGPROF, stop)
    due = time.process_time() + after
    signal.setitimer(signal.ITIMER_PROF, after)
    try:
        with pytest.raises(Stop):
            deque(iter(call, Stop), maxlen=0)  # again and again
        return time.process_time() - due
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("after", [0.2, 0.6, 1.2])
def test_rows_of_one_large_group(n_threads, after):
    rng = np.random.default_rng(1)
    n = 4_000_000
    first = rng.integers(0, 10**12, n)
    second, score, group = first + rng.integers(1, 1000, n), rng.random(n), np.zeros(n, np.int64)
    rows = (group, first, second, score)
    assert lateness(lambda: vn.GroupedComparisons(*rows, n_threads=n_threads), after) < 1.0


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_grouped_bootstrap(n_threads):
    rng = np.random.default_rng(2)
    n = 400_000
    first = rng.integers(0, 9_000, n)
    second = (first + rng.integers(1, 6, n)) % 9_000
    g = vn.GroupedComparisons(np.arange(n) // 100_000, first, second, rng.random(n))
    fit = vn.fit_groups(g)
    assert lateness(lambda: vn.bootstrap(fit, 64, rng=1, n_threads=n_threads), 0.5) < 1.0


@pytest.mark.parametrize("after", [0.05, 0.5])
def test_designs(after):
    assert lateness(lambda: vn.design.design_pairs(np.full(50_000, 100), 8, rng=1), after) < 1.0
    assert lateness(lambda: vn.design.design_pairs(5_000, 4_000, rng=1), after) < 1.0
