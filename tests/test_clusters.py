"""Single fits and bootstraps on workers: what one process gives, bit for bit; and clusters that
are not what they should be."""

from __future__ import annotations

import os
import signal
import threading
import time

import dask
import numpy as np
import pytest
from clusters import Travelling, alone
from distributed import Client, LocalCluster

import venire as vn
from venire._core import dask as on_dask
from venire._core.executor import opened


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def impatient():
    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        yield


def comparisons(n_items=40, n=3000, seed=0, **more):
    r = np.random.default_rng(seed)
    a = r.integers(0, n_items, n)
    b = (a + 1 + r.integers(0, n_items - 1, n)) % n_items
    score = (r.random(n) < 1.0 / (1.0 + np.exp((a - b) / n_items))) * 1.0
    return vn.Comparisons(a, b, score, **more)


def grouped(n_groups=30, n=40, seed=1):
    r = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), n)
    a = r.integers(0, 9, len(group))
    b = (a + 1 + r.integers(0, 8, len(group))) % 9
    return vn.fit_groups(vn.GroupedComparisons(group, a, b, r.random(len(group))))


def fits():
    prior = vn.GaussianPrior(0.1)
    c = comparisons()
    cluster = np.random.default_rng(2).integers(0, 50, 3000)
    orders = [["x", "y", "z"], ["y", "x", "z"], ["z", "x", "y"], ["x", "z", "y"]] * 3
    rankings = vn.Rankings(orders)
    return {
        "chords": vn.fit_bradley_terry(c),
        "one by one": vn.fit_bradley_terry(c, order_effect=True),
        "clusters": vn.fit_bradley_terry(comparisons(cluster=cluster), prior=prior),
        "rankings": vn.fit_plackett_luce(rankings, prior=prior),
    }


@pytest.mark.parametrize("kind", ["chords", "one by one", "clusters", "rankings"])
def test_a_bootstrap_by_tasks(kind):
    fit, tasks, told = fits()[kind], Travelling(), []
    want = vn.bootstrap(fit, 200, rng=3)
    found = vn.bootstrap(fit, 200, rng=3, executor=tasks, progress=lambda *done: told.append(done))
    for name in ("theta", "residual", "status", "n_iter", "order_effect"):
        a, b = getattr(want, name), getattr(found, name)
        assert a is b is None or a.tobytes() == b.tobytes(), name
    assert found.interval().tobytes() == want.interval().tobytes()
    assert tasks.done.count("replicates") > 5
    assert told[-1] == (200, 200)
    assert sorted(told) == told
    more = vn.bootstrap(fit, 150, rng=3, executor=tasks).extend(50)
    assert more.theta.tobytes() == want.theta.tobytes()


@pytest.mark.parametrize("keep", ["summary", "draws"])
def test_a_bootstrap_of_groups_by_tasks(keep, monkeypatch):
    monkeypatch.setattr("venire.resampling._group_engine.WORK", 1 << 13)
    fit, tasks = grouped(), Travelling()
    want = vn.bootstrap(fit, 100, rng=3, keep=keep)
    found = vn.bootstrap(fit, 100, rng=3, keep=keep, executor=tasks)
    assert tasks.done.count("groups") > 5
    assert found.standard_errors().tobytes() == want.standard_errors().tobytes()
    assert found.interval().tobytes() == want.interval().tobytes()
    assert found.n_failed.tobytes() == want.n_failed.tobytes()
    assert keep == "summary" or found.theta.tobytes() == want.theta.tobytes()


def test_bootstraps_on_a_cluster(client):
    """One after the other, with one stream."""
    with opened(client) as tasks:
        for fit in fits().values():
            want = vn.bootstrap(fit, 200, rng=3)
            found = vn.bootstrap(fit, 200, rng=3, executor=tasks)
            assert found.theta.tobytes() == want.theta.tobytes()


SLOW = """
import time
from venire.resampling._tasks import Shared

def slow(*arguments, engine=Shared.engine):
    time.sleep(0.1)
    return engine(*arguments)

Shared.engine = slow
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_a_worker_that_is_killed_changes_no_replicate():
    fit, killed = vn.fit_bradley_terry(comparisons()), []
    want = vn.bootstrap(fit, 400, rng=3)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.run(exec, SLOW, {})

        def kill(done, of):
            if not killed:
                os.kill(max(client.run(os.getpid).values()), signal.SIGKILL)
                killed.append(done / of)

        found = vn.bootstrap(fit, 400, rng=3, executor=client, progress=kill)
    assert killed[0] < 0.5
    assert found.theta.tobytes() == want.theta.tobytes()


# ---- clusters that are not what they should be ---------------------------------------------------


def _wait_in_vain(address, end):
    with opened(address) as tasks:
        pending = [tasks.submit("wait", k, time.sleep, 60.0) for k in range(3)]
        threading.Timer(0.5, end).start()
        list(tasks.completed(pending))


@pytest.mark.parametrize("end", ["SIGKILL", "SIGSTOP"])
@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_a_scheduler_that_goes_away(impatient, monkeypatch, end):
    """An error that says so, within a few seconds."""
    monkeypatch.setattr(on_dask, "_LOOK", 0.5)
    with alone() as (process, address):
        started = time.monotonic()
        with pytest.raises(OSError, match=address):
            _wait_in_vain(address, lambda: process.send_signal(getattr(signal, end)))
        assert time.monotonic() - started < 30.0


def test_a_worker_without_the_package(impatient):
    fit = vn.fit_bradley_terry(comparisons())
    said = pytest.raises(OSError, match=r"worker tcp.*: venire is not installed there")
    with alone("venire") as (_, address), said:
        vn.bootstrap(fit, 10, executor=address)


def test_a_worker_of_another_version(client, monkeypatch):
    fit = vn.fit_bradley_terry(comparisons())
    version, level = on_dask._facts()
    monkeypatch.setattr(on_dask, "_facts", lambda: ("0.0.1", level))
    with pytest.raises(OSError, match=rf"worker tcp.*venire {version} is .* there, and 0\.0\.1"):
        vn.bootstrap(fit, 10, executor=client)
    monkeypatch.setattr(on_dask, "_facts", lambda: (version, "z80"))
    with pytest.raises(OSError, match=f"worker tcp.*instruction set is {level}, and z80 here"):
        vn.bootstrap(fit, 10, executor=client)


def test_a_worker_that_joins_later(client):
    """Its first task finds out."""
    level = on_dask._facts()[1]
    with pytest.raises(OSError, match=r"worker tcp.*: venire .* there, and 0\.0\.1 here"):
        client.submit(on_dask.checked, ("0.0.1", level), abs, -1).result()


def test_a_scheduler_without_workers(impatient):
    said = pytest.raises(OSError, match="it has no workers")
    with LocalCluster(n_workers=0, processes=False, dashboard_address=None) as cluster, said:
        vn.bootstrap(vn.fit_bradley_terry(comparisons()), 10, executor=cluster.scheduler_address)
