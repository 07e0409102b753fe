"""``--job`` on every command: the same bytes, whatever ended a run before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from jobs_data import COMMANDS, lay_out
from typer.testing import CliRunner

from venire._core import recorded
from venire._core.lock import Lock
from venire.cli._app import app

pq = pytest.importorskip("pyarrow.parquet")


class Killed(BaseException):
    """Ends a run where it is."""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("jobs")
    lay_out(folder)
    return folder


@pytest.fixture
def here(source, tmp_path, monkeypatch):
    for name in ("games", "soft", "groups", "votes"):
        shutil.copytree(source / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def venire(*words):
    return CliRunner().invoke(app, [str(x) for x in words])


def whole(name):
    """What the files hold without a job."""
    words, files = COMMANDS[name]
    run = venire(*words)
    assert run.exit_code == 0, run.output
    found = {file: Path(file).read_bytes() for file in files}
    for file in files:
        os.unlink(file)
    return found


def held(name):
    return {file: Path(file).read_bytes() for file in COMMANDS[name][1]}


@pytest.mark.parametrize("name", COMMANDS)
def test_ended_somewhere_it_goes_on(here, name, monkeypatch):
    want = whole(name)
    words, files = COMMANDS[name]
    n = [0]
    plain = recorded.write
    monkeypatch.setattr(recorded, "write", lambda *given: (n.__setitem__(0, n[0] + 1),
                                                           plain(*given)))  # fmt: skip
    run = venire(*words, "--job", "run")
    assert run.exit_code == 0, run.output
    assert held(name) == want
    total = n[0]
    assert total >= 6
    rng = np.random.default_rng(0)
    for stop in {0, total - 1, *rng.integers(1, total, 2).tolist()}:
        shutil.rmtree("run")
        for file in files:
            os.unlink(file)
        n[0] = 0

        def write(*given, stop=stop):
            if n[0] >= stop:
                raise Killed
            n[0] += 1
            plain(*given)

        with monkeypatch.context() as patch:
            patch.setattr(recorded, "write", write)
            with pytest.raises(Killed):
                app([*words, "--job", "run"])
        assert not any(map(os.path.exists, files))
        before = n[0]
        run = venire(*words, "--job", "run")
        assert run.exit_code == 0, run.output
        assert held(name) == want
        assert n[0] == total, "what was done is not done again"
        assert before == stop
    n[0] = 0
    again = venire(*words, "--job", "run")
    assert again.exit_code == 0
    assert "has ended" in again.output
    assert n[0] == 0


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "soft"])
def test_corrupt_files_are_set_aside(here, name):
    words, _ = COMMANDS[name]
    bad = here / words[1] / "2.parquet"
    data = bad.read_bytes()
    bad.unlink()
    want = whole(name)
    bad.write_bytes(data[: len(data) // 2])
    run = venire(*words)
    assert run.exit_code == 1
    run = venire(*words, "--job", "strict", "--strict")
    assert run.exit_code == 1
    assert "2.parquet" in run.output
    run = venire(*words, "--job", "run")
    assert run.exit_code == 3, run.output
    assert "set aside: " in run.output
    assert "1 part was set aside" in " ".join(run.output.split())
    assert held(name) == want
    again = venire(*words, "--job", "run")
    assert again.exit_code == 3
    assert "has ended" in again.output


@pytest.mark.parametrize("name", ["fit", "rate"])
def test_what_changed_is_refused(here, name):
    words, _ = COMMANDS[name]
    assert venire(*words, "--job", "run").exit_code == 0
    run = venire(*words, "--prior", "0.7", "--job", "run")
    assert run.exit_code == 1
    assert 'prior was "auto", is "0.7"' in " ".join(run.output.split())
    os.utime(here / words[1] / "0.parquet", ns=(1, 1))
    run = venire(*words, "--job", "run")
    assert run.exit_code == 1
    assert "0.parquet: has changed since the job" in " ".join(run.output.split())


def test_another_kind_is_refused(here):
    words, _ = COMMANDS["fit"]
    assert venire(*words, "--job", "run").exit_code == 0
    run = venire("bootstrap", *words[1:], "--job", "run")
    assert run.exit_code == 1
    assert "holds a job of fit, not bootstrap" in " ".join(run.output.split())


def test_on_workers(here):
    want = whole("bootstrap")
    words, _ = COMMANDS["bootstrap"]
    run = subprocess.run(
        [sys.executable, "-m", "venire.cli", *words, "--workers", "1", "--job", "run"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert held("bootstrap") == want


def test_status(here, monkeypatch):
    words, _ = COMMANDS["groups"]
    assert "holds no job" in venire("status", "run").output
    assert venire("status", "run").exit_code == 1
    plain, left = recorded.write, [8]

    def write(*given):
        if not left[0]:
            raise Killed
        left[0] -= 1
        plain(*given)

    with monkeypatch.context() as patch:
        patch.setattr(recorded, "write", write)
        with pytest.raises(Killed):
            app([*words, "--job", "run"])
    lines = venire("status", "run").output.splitlines()
    assert lines[0] == "groups: stopped"
    assert lines[1].startswith("inputs: 6 files, ")
    assert lines[1].endswith("2,400 rows")
    assert lines[2] == "parts: 8 done, 0 failed, 5 to do"
    assert lines[-1] == "the same command goes on"
    lock = Lock(Path("run"))
    found = json.loads(venire("status", "run", "--json").output)
    assert (found["state"], found["parts"]) == ("running", {"done": 8, "failed": 0, "to_do": 5})
    lock.release()
    assert venire(*words, "--job", "run").exit_code == 0
    found = json.loads(venire("status", "run", "--json").output)
    assert (found["state"], found["n_runs"]) == ("ended", 2)
    assert found["parts"] == {"done": 14, "failed": 0, "to_do": 0}
    assert found["output"] == [str(here / "out.parquet")]
    assert [os.path.basename(one["name"]) for one in found["inputs"]] == [
        f"{k}.parquet" for k in range(6)
    ]
    bad = here / "games" / "3.parquet"
    bad.write_bytes(bad.read_bytes()[:50])
    assert venire(*COMMANDS["fit"][0], "--job", "other").exit_code == 3
    said = venire("status", "other").output
    assert "parts: 5 done, 1 failed, 0 to do" in said
    assert "3.parquet: is not a whole Parquet file" in " ".join(said.split())
