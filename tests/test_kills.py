"""Every command that writes, killed at any time: whole files, and nothing strange once it is run
again. ``VENIRE_KILLS=100`` kills each of them so many times."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from distillation_data import World, same

import venire as vn
from venire._core import disk
from venire.distillation import Distillation

pa = pytest.importorskip("pyarrow")
pytest.importorskip("typer")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pd = pytest.importorskip("pandas")

KILLS = int(os.environ.get("VENIRE_KILLS", "4"))
FIT = ["fit", "games.csv", "--first", "a", "--second", "b", "--score", "s", "-q"]
GROUPS = ["groups", "groups.parquet", "--group", "q", "--first", "a", "--second", "b",
          "--score", "s", "-q"]  # fmt: skip
CONSENSUS = ["consensus", "votes.csv", "--pair", "p", "--teacher", "t", "--vote", "v", "-q"]
RATE = ["rate", "votes.csv", "--first", "a", "--second", "b", "--group", "q", "--teacher", "t",
        "--vote", "v", "-q"]  # fmt: skip
JUDGES = ["judges", *RATE[1:]]
AUDIT = ["audit", *FIT[1:]]
SIMULATE = ["simulate", "--groups", "3", "--items", "6", "--degrees", "2", "--seeds", "1",
            "--threads", "1", "-q"]  # fmt: skip
INIT = ["distill", "init", "loop", "items.csv", "--group", "q", "--item", "d", "--gold", "gold",
        "--teacher", "ann", "--teacher", "bea", "-q"]  # fmt: skip
TRAIN = ["distill", "train", "loop", "--features", "items.csv", "--group", "q", "--item", "d",
         "--use", "x0", "--use", "x1", "-q"]  # fmt: skip
STAGES = ("items", "created", "asked", "told")

#: The command, the files it writes, and how far its loop is before it.
COMMANDS = {
    "fit csv": ([*FIT, "-o", "out.csv"], ["out.csv"], None),
    "fit parquet": ([*FIT, "-o", "out.parquet"], ["out.parquet"], None),
    "fit json": ([*FIT, "-o", "out.json"], ["out.json"], None),
    "audit": ([*AUDIT, "-o", "out.csv"], ["out.csv"], None),
    "groups csv": ([*GROUPS, "-o", "out.csv"], ["out.csv"], None),
    "groups parquet": ([*GROUPS, "-o", "out.parquet"], ["out.parquet"], None),
    "groups json": ([*GROUPS, "-o", "out.json"], ["out.json"], None),
    "consensus": (
        [*CONSENSUS, "-o", "out.csv", "--teachers", "who.parquet"], ["out.csv", "who.parquet"],
        None,
    ),
    "rate": (
        [*RATE, "-o", "out.csv", "--teachers", "who.parquet"], ["out.csv", "who.parquet"], None
    ),
    "judges": (
        [*JUDGES, "-o", "out.csv", "--ratings", "all.parquet"], ["out.csv", "all.parquet"], None
    ),
    "simulate": (
        [*SIMULATE, "-o", "out.json", "--plot", "out.png"], ["out.json", "out.png"], None
    ),
    "data": (["data", "battles", "--overwrite", "-q"], ["battles.csv"], None),
    "init": (INIT, [], "items"),
    "ask": (["distill", "ask", "loop", "-o", "out.csv", "-q"], ["out.csv"], "created"),
    "tell": (["distill", "tell", "loop", "answers.csv", "-q"], [], "asked"),
    "withdraw": (
        ["distill", "withdraw", "loop", "--teacher", "ann", "-o", "out.csv", "-q"], ["out.csv"],
        "asked",
    ),
    "train": (
        [*TRAIN, "-o", "out.parquet", "--model", "student.joblib"],
        ["out.parquet", "student.joblib"], "told",
    ),
    "report": (
        ["distill", "report", "loop", "-o", "out.csv", "--plot", "out.png", "-q"],
        ["out.csv", "out.png"], "told",
    ),
    "save": (["@save", "b.npz", "out.npz"], ["out.npz"], None),
}  # fmt: skip


class Server:
    """Runs commands in forks."""

    def __init__(self, errors):
        self.errors = os.fspath(errors)
        command = [sys.executable, os.path.join(os.path.dirname(__file__), "fork_server.py")]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert json.loads(self.process.stdout.readline()) == "ready"

    def __call__(self, command, folder, **how):
        job = {"command": command, "folder": os.fspath(folder), "errors": self.errors, **how}
        print(json.dumps(job), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("server") / "errors")
    yield one
    one.process.stdin.close()
    one.process.stdout.close()
    one.process.wait()


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """Folders with what the commands read, and a loop that is so far."""
    above = tmp_path_factory.mktemp("stages")
    first = above / "items"
    first.mkdir()
    rng = np.random.default_rng(0)
    n = 4000
    a = rng.integers(0, 30, n)
    b = (a + rng.integers(1, 30, n)) % 30
    s = rng.choice([0.0, 0.5, 1.0], n)
    pd.DataFrame({"a": a, "b": b, "s": s}).to_csv(first / "games.csv", index=False)
    q = rng.integers(0, 300, n)
    pd.DataFrame({"q": q, "a": a, "b": b, "s": s}).to_parquet(first / "groups.parquet")
    votes = {"p": np.arange(n) // 4, "t": np.arange(n) % 4, "v": rng.choice(["A", "B"], n)}
    votes |= {"q": np.arange(n) // 20, "a": a, "b": b}
    pd.DataFrame(votes).to_csv(first / "votes.csv", index=False)
    vn.bootstrap(vn.fit_bradley_terry(vn.Comparisons(a, b, s)), 50, rng=1).save(first / "b.npz")
    world = World()
    frame = {"q": world.group, "d": world.item, "gold": world.theta}
    frame |= {f"x{k}": world.features[:, k] for k in range(3)}
    pd.DataFrame(frame).to_csv(first / "items.csv", index=False)
    for old, new in pairwise(STAGES):
        shutil.copytree(above / old, above / new)
        folder = above / new / "loop"
        if new == "created":
            world.loop(folder=folder).close()
        elif new == "asked":
            with Distillation.open(folder) as loop:
                requests = loop.ask()
            answers = {"request": requests.request, "vote": world.votes(requests)}
            pd.DataFrame(answers).to_csv(above / new / "answers.csv", index=False)
        else:
            with Distillation.open(folder) as loop:
                loop.tell(loop.pending.request, world.votes(loop.pending))
    return above


def tree(folder):
    """All files and what is in them."""
    return {
        os.path.relpath(os.path.join(at, name), folder): Path(at, name).read_bytes()
        for at, _, names in os.walk(folder)
        for name in names
    }


def loop_in(folder):
    """What the loop knows, or None if there is none."""
    if not (folder / "loop").exists():
        return None
    with contextlib.suppress(vn.errors.StateError):
        return Distillation.open(folder / "loop", read_only=True)
    return None


def alike(one, other):
    return (one is None) == (other is None) and (one is None or same(one, other))


def is_part(path):
    """Whether a file is a remain that the next run will know as its own."""
    return disk.is_part(os.path.basename(path))


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_any_time(name, server, stages, tmp_path):
    command, targets, stage = COMMANDS[name]
    source = stages / (stage or "items")
    shutil.copytree(source, tmp_path / "whole")
    code, seconds = server(command, tmp_path / "whole")
    assert code == 0, Path(server.errors).read_text()
    seconds = min(seconds, server(command, shutil.copytree(source, tmp_path / "again"))[1])
    new, before, after = tree(tmp_path / "whole"), loop_in(source), loop_in(tmp_path / "whole")
    strangers = {"mine.txt": b"mine", ".out.csv.part": b"mine", "out.csv.tmp": b"mine",
                 ".out.csv.12-0123456789abcdef.part": b"mine"}  # fmt: skip
    rng = np.random.default_rng(0)
    counts = {"killed": 0, "ended": 0, "finished": 0, "parts": 0}
    for k in range(KILLS):
        folder = tmp_path / str(k)
        shutil.copytree(source, folder)
        for target in targets:
            (folder / target).write_bytes(b"old")
        for path, data in strangers.items():
            (folder / path).write_bytes(data)
        number = (signal.SIGKILL, signal.SIGTERM)[k % 2]
        at_part = k % 4 < 2
        delay = rng.exponential(2e-3) if at_part else rng.uniform(0.0, 1.1 * seconds)
        code, _ = server(command, folder, signal=number, delay=delay, at_part=at_part)
        found = tree(folder)
        for path, data in strangers.items():
            assert found.pop(path) == data
        assert code in (0, 143, -number), (code, Path(server.errors).read_text()[-2000:])
        counts["finished" if code == 0 else "ended" if code == 143 else "killed"] += 1
        parts = [path for path in found if path.endswith(".part")]
        counts["parts"] += len(parts)
        if code in (0, 143):
            assert not parts
        assert all(map(is_part, parts))
        for path in found.keys() - set(parts):
            assert path in targets or path.startswith("loop") or found[path] == new[path]
        for target in targets:
            assert found[target] in (b"old", new[target])
        done = loop_in(folder)
        assert alike(done, before) or alike(done, after)
        # run again: what had been done is not done twice
        if name in ("init", "ask", "withdraw", "train") and alike(done, after):
            again = ["distill", "ask", "loop", "--pending", "-o", "more.csv", "-q"]
            folder_file = folder / "more.csv"
        else:
            again, folder_file = command, None
        code, _ = server(again, folder)
        assert code == 0, Path(server.errors).read_text()[-2000:]
        if folder_file is not None:
            folder_file.unlink()
            if name != "init":
                code, _ = server([*FIT, "-o", targets[0]], folder) if targets else (0, 0)
        found = tree(folder)
        for path, data in strangers.items():
            assert found.pop(path) == data
        assert alike(loop_in(folder), after)
        if folder_file is None:
            assert not [path for path in found if path.endswith(".part")], parts
            assert {target: found[target] for target in targets} == {t: new[t] for t in targets}
        shutil.rmtree(folder)
    print(f"{name}: {KILLS} signals in {seconds:.3f} s each: {counts}")
