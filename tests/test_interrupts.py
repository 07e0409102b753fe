"""Ctrl-C in the middle of long calls over votes, labels and posteriors: heard within a second."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

import venire as vn

N = 3_000_000
RNG = np.random.default_rng(0)


def rows(n=N):
    first = RNG.integers(0, 50, n)
    return {
        "first": first,
        "second": (first + 1 + RNG.integers(0, 49, n)) % 50,
        "teacher": RNG.integers(0, 5, n),
        "vote": RNG.integers(-1, 2, n).astype(np.int8),
        "group": np.repeat(np.arange(n // 100), 100),
    }


def from_items(weighted=False):
    r = rows()
    weight = RNG.random(N) if weighted else None
    return lambda: vn.Votes(**r, weight=weight)


def from_pairs():
    pair, r = RNG.integers(0, N, N), rows()
    return lambda: vn.Votes.from_pairs(pair, r["teacher"], r["vote"])


def text():
    labels = np.array([f"item {k:09d}" for k in RNG.permutation(500_000)])
    return lambda: vn.Comparisons(labels, labels[::-1], 1.0)


def pooled(method):
    n_pairs, n_teachers = (200_000, 20) if method != "correlated" else (2_000, 60)
    vote = RNG.integers(-1, 2, n_pairs * n_teachers).astype(np.int8)
    v = vn.Votes.from_pairs(
        np.repeat(np.arange(n_pairs), n_teachers), np.tile(np.arange(n_teachers), n_pairs), vote
    )
    return lambda: vn.consensus(v, method)


def fitted():
    v = vn.Votes(**rows(500_000))
    return lambda: vn.fit_votes(v)


def judged():
    v = vn.Votes(**rows(500_000))
    return lambda: vn.fit_judges(v)


def posterior(name, *args):
    p = vn.BetaPosterior(RNG.random(N) * 9.0 + 0.5, RNG.random(N) * 9.0 + 0.5)
    return lambda: getattr(p, name)(*args)


@pytest.mark.filterwarnings("ignore::venire.errors.ConvergenceWarning")
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
@pytest.mark.parametrize(
    ("make", "args"),
    [
        (from_items, ()), (from_items, (True,)), (from_pairs, ()), (text, ()), (fitted, ()),
        (judged, ()),
        (pooled, ("variance",)), (pooled, ("correlated",)),
        (posterior, ("cdf", 0.3)), (posterior, ("quantile", 0.3)), (posterior, ("sample",)),
    ],
)  # fmt: skip
def test_interrupts_are_heard(make, args):
    call, sent = make(*args), []
    call()  # once, so that all is loaded
    start = time.perf_counter()
    call()
    whole = time.perf_counter() - start

    def interrupt():
        sent.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    heard = 0
    try:
        for part in (0.2, 0.5, 0.8):
            timer = threading.Timer(part * whole, interrupt)
            try:
                timer.start()
                call()
                timer.cancel()  # it was faster this time
                timer.join()
            except KeyboardInterrupt:
                assert time.perf_counter() - sent[-1] < 1.0
                heard += 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard
