"""What the benchmarks of a busy machine rest on: busy processes that end, threads that are one."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import venire as vn

ROOT = Path(__file__).resolve().parents[1]

spec = importlib.util.spec_from_file_location("_beside", ROOT / "benchmarks" / "beside.py")
beside = importlib.util.module_from_spec(spec)
spec.loader.exec_module(beside)

posix = pytest.mark.skipif(os.name != "posix", reason="asks for processes by signal 0")


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")  # where nobody collects it, a dead process stays listed
    try:
        return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends(pid, seconds=20.0):
    limit = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < limit:
        time.sleep(0.02)
    return not alive(pid)


@posix
def test_busy_processes_run_and_end():
    with beside.busy_processes() as busy:
        assert len(set(busy)) == max(2, beside.usable_cpus())
        assert all(alive(pid) for pid in busy)
    assert not any(alive(pid) for pid in busy)


@posix
def test_busy_processes_end_on_failure():
    with pytest.raises(KeyboardInterrupt), beside.busy_processes(2) as busy:
        raise KeyboardInterrupt
    assert not any(alive(pid) for pid in busy)


@posix
def test_those_that_started_end_where_one_cannot(monkeypatch):
    started, popen = [], subprocess.Popen

    def once(*arguments, **more):
        if started:
            raise OSError("no more processes")
        started.append(popen(*arguments, **more))
        return started[0]

    monkeypatch.setattr(beside.subprocess, "Popen", once)
    with pytest.raises(OSError, match="no more"), beside.busy_processes(2):
        pass
    assert started[0].poll() is not None


@posix
@pytest.mark.parametrize("how", ["SIGKILL", "SIGTERM"])
def test_busy_processes_do_not_outlive_the_benchmark(how):
    code = (
        "import time\nfrom benchmarks.beside import busy_processes\n"
        "with busy_processes(2) as busy:\n    print(*busy, flush=True)\n    time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    busy = [int(word) for word in parent.stdout.readline().split()]
    try:
        assert len(busy) == 2
        parent.send_signal(getattr(signal, how))
        parent.communicate(timeout=20)
        assert all(ends(pid) for pid in busy)
    finally:
        parent.kill()
        for pid in filter(alive, busy):
            os.kill(pid, signal.SIGKILL)


def threads():
    return vn.show_config("dict")["run"]["threads"]


@pytest.mark.parametrize("given", [None, "3"])
def test_one_thread(monkeypatch, given):
    monkeypatch.delenv("VENIRE_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("VENIRE_NUM_THREADS", given)
    before = threads()
    assert beside.one_thread(threads)() == 1
    assert threads() == before
    assert os.environ.get("VENIRE_NUM_THREADS") == given


def test_medians_in_turn(monkeypatch):
    monkeypatch.setattr(beside, "AT_LEAST", 1e-9)
    clock, order = [0.0], []
    monkeypatch.setattr(beside.time, "perf_counter", lambda: clock[0])
    costs = {"a": iter([9.0, 1.0, 5.0, 2.0]), "b": iter([9.0, 40.0, 10.0, 20.0])}

    def call(name):
        order.append(name)
        clock[0] += next(costs[name])

    found = beside.medians({"a": lambda: call("a"), "b": lambda: call("b")}, 3)
    assert found == {"a": 2.0, "b": 20.0}  # the first calls are not counted
    assert order == list("abababab")


def run(*arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip


def test_the_script_prints_its_table():
    done = run("-m", "benchmarks.busy", "--rounds", "1", "--workload", "comparisons, 100,000")
    assert done.returncode in (0, 1), done.stderr  # 1: over the limit, as the machine has it
    lines = done.stdout.splitlines()
    assert lines[2].startswith("| comparisons, 100,000 rows |")
    assert "busy processes the default number of threads takes at most" in lines[-1]


def test_every_workload_has_a_name_of_its_own():
    done = run("-m", "benchmarks.busy", "--workload", "none of them")
    assert done.returncode == 2
    listed = done.stderr.partition("there are: ")[2].strip().split("; ")
    assert len(listed) == len(set(listed)) > 50


def test_numpy_counts_the_same_rows():
    code = """
import numpy as np, venire as vn
from benchmarks import rows
first, second, score = rows.columns(10, 5_000)
count, points = (x.reshape(10, 10) for x in rows.numpy_counts(first, second, score, 10))
c = vn.Comparisons(first, second, score)
ours = np.zeros((10, 10))  # points of each item against each other
np.add.at(ours, (c.first, c.second), c.win + c.tie / 2)
np.add.at(ours, (c.second, c.first), c.loss + c.tie / 2)
assert np.array_equal(ours + ours.T, count + count.T)
assert np.array_equal(ours, points + (count - points).T)
"""
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
