"""The team of threads: many callers, forks, exits, signals, numbers of threads, busy neighbours."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import venire as vn
from venire import simulate

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def rows(n=120_000, n_items=300, seed=1):
    found = simulate.comparisons(n_items, n, rng=seed)
    return found.first, found.second, found.score


def fit(n_threads=2, seed=1):
    c = vn.Comparisons(*rows(seed=seed), n_threads=n_threads)
    return vn.fit_bradley_terry(c, n_threads=n_threads).theta


def work(n_threads=2):
    """One call of each kind of native work, as bytes."""
    first, second, score = rows()
    c = vn.Comparisons(first, second, score, np.linspace(0.5, 2.0, len(first)), n_threads=n_threads)
    found = vn.fit_bradley_terry(c, n_threads=n_threads)
    draws = vn.bootstrap(found, 200, rng=3, n_threads=n_threads)
    groups = vn.GroupedComparisons(
        np.arange(len(first)) % 500, first % 40, second % 40 + 40, score, n_threads=n_threads
    )
    grouped = vn.fit_groups(groups, prior=vn.GaussianPrior(0.1), n_threads=n_threads)
    teacher = np.arange(len(first)) % 7
    votes = vn.Votes.from_pairs(first.astype(np.int64) * 300 + second, teacher, 2 * score - 1)
    chances = vn.consensus(votes, "reliability").probability
    parts = (c.win, found.theta, draws.theta, grouped.theta, chances)
    return [np.asarray(x).tobytes() for x in parts]


def script(code, *arguments, timeout=60, **more):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        **more,
    )


def test_sixteen_callers_at_once():
    expected, found = work(1), [None] * 16

    def call(k):
        found[k] = work(1 + k % 4)

    threads = [threading.Thread(target=call, args=(k,)) for k in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert all(not thread.is_alive() for thread in threads)
    assert all(x == expected for x in found)


@pytest.mark.parametrize("n_threads", [2, 3, 8, 64, 65_535])
def test_any_number_of_threads(n_threads):
    assert work(n_threads) == work(1)


@pytest.mark.parametrize("n_threads", [0, -1, 65_536, 3_000_000_000, 10**30])
def test_numbers_of_threads_that_are_none(n_threads):
    with pytest.raises(ValueError, match="n_threads"):
        fit(n_threads)


def test_beside_busy_neighbours():
    expected = work(1)
    busy = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        assert work(4) == expected
    finally:
        for process in busy:
            process.kill()
            process.wait()


# ---- forks ----------------------------------------------------------------------------------------


def in_child(task, seconds=60):
    """Exit code of a forked child that runs `task`; it is killed, and fails, if it hangs."""
    child = os.fork()
    if not child:
        code = 1
        try:
            code = 0 if task() else 2
        finally:
            os._exit(code)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hung"


@posix
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_fork_after_use():
    expected = fit(4)

    def task():
        return (fit(4) == expected).all() and in_child(lambda: (fit(2) == expected).all()) == 0

    for _ in range(5):
        assert in_child(task) == 0
    assert (fit(4) == expected).all()


@posix
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_fork_while_other_threads_are_inside():
    expected, stop = fit(3), threading.Event()

    def keep_busy():
        while not stop.is_set():
            fit(3)

    threads = [threading.Thread(target=keep_busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        codes = [in_child(lambda: (fit(3) == expected).all()) for _ in range(20)]
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    assert codes == [0] * 20


@posix
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_pool_of_forked_processes():
    expected = fit(2)
    with multiprocessing.get_context("fork").Pool(3) as pool:
        found = pool.map_async(fit, [2] * 6).get(120)
    assert all((x == expected).all() for x in found)


@posix
def test_fork_in_the_middle_of_a_run_does_not_hang():
    """A signal's handler forks while helpers are at work: the child has an answer or an error."""
    done = script(
        """
        import os, signal, sys, time
        import numpy as np, venire as vn
        rng = np.random.default_rng(1)
        first = rng.integers(0, 100_000, 3_000_000)
        second = (first + 1 + rng.integers(0, 99_998, len(first))) % 100_000
        expected = vn.Comparisons(first, second, 1.0).win
        children = []
        def handler(*_):
            global parent
            pid = os.fork()
            if pid:
                children.append(pid)
            else:
                parent = False
        parent = True
        signal.signal(signal.SIGALRM, handler)
        for _ in range(3):
            signal.setitimer(signal.ITIMER_REAL, 0.05)  # once: a handler must not interrupt itself
            try:
                same = (vn.Comparisons(first, second, 1.0, n_threads=4).win == expected).all()
            except MemoryError:
                same = True
            if not parent:
                os._exit(0 if same else 3)
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
        print(set(codes))
        sys.exit(0 if same and set(codes) == {0} else 1)
        """
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---- exits and signals ------------------------------------------------------------------------------


def test_exit_while_daemon_threads_are_inside():
    done = script(
        """
        import threading, time
        import numpy as np, venire as vn
        rng = np.random.default_rng(1)
        first = rng.integers(0, 50_000, 2_000_000)
        second = (first + 1 + rng.integers(0, 49_998, len(first))) % 50_000
        def forever():
            while True:
                vn.Comparisons(first, second, 1.0, n_threads=4)
        for _ in range(3):
            threading.Thread(target=forever, daemon=True).start()
        time.sleep(0.5)
        """
    )
    assert done.returncode == 0, done.stderr


@posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_signals_end_a_long_call(name):
    """Helpers block signals, so the caller's thread gets them, in the middle of a native call too."""
    code = """
        import numpy as np, venire as vn
        rng = np.random.default_rng(1)
        first = rng.integers(0, 1_000_000, 4_000_000)
        second = (first + 1 + rng.integers(0, 999_998, len(first))) % 1_000_000
        vn.Comparisons(first, second, 1.0, n_threads=4)
        print("ready", flush=True)
        while True:
            vn.Comparisons(first, second, 1.0, n_threads=4)
        """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.2)
        process.send_signal(getattr(signal, name))
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
    if name == "SIGTERM":
        assert process.returncode == -signal.SIGTERM
    else:
        assert "KeyboardInterrupt" in errors
