"""Memory, workers and clusters: options of every command that reads rows."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from venire.cli._app import app
from venire.datasets import describe

# What a command can make nothing of is refused by name; the others it takes.
NOT_YET = {
    "audit": ("workers", "scheduler", "job"),
    "bootstrap": (),
    "consensus": (),
    "fit": (),
    "groups": (),
    "judges": (),
    "path": ("memory", "job"),
    "rate": (),
}
TYPED = {"memory": "1G", "workers": "2", "scheduler": "tcp://127.0.0.1:1", "job": "run"}


def venire(*arguments):
    run = CliRunner().invoke(app, [str(x) for x in arguments])
    return run.exit_code, re.sub(r"\x1b\[[0-9;]*m", "", run.output)


@pytest.mark.parametrize("command", NOT_YET)
def test_every_command_has_them(command):
    code, said = venire(command, "--help")
    assert code == 0
    assert all(f"--{name}" in said for name in TYPED)


@pytest.mark.parametrize(
    ("command", "name"), [(command, name) for command, names in NOT_YET.items() for name in names]
)
def test_what_does_nothing_is_refused(command, name):
    code, said = venire(command, "none.csv", f"--{name}", TYPED[name])
    assert code == 2
    assert f"--{name}" in said


@pytest.mark.parametrize("command", NOT_YET)
def test_usage(command):
    both = ["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"]
    for words, reason in ((["--memory", "much"], "not a size like"), (both, "joins one")):
        code, said = venire(command, "none.csv", *words)
        assert code == 2
        assert reason in " ".join(said.split())


@pytest.mark.parametrize("command", ["consensus", "judges", "rate"])
def test_memory_that_does_not_do_is_refused_with_what_is_needed(command, monkeypatch):
    path = describe("verdicts").path
    code, said = venire(command, path, "--memory", "1M")
    assert code == 1
    assert "memory=1 MiB" in " ".join(said.split())
    code, _ = venire(command, path, "--memory", "4G", "--quiet")
    assert code == 0
    monkeypatch.setattr(f"venire.cli._{command}._FIXED", 1 << 40)  # which follows on the reading
    code, said = venire(command, path, "--memory", "4G")
    assert code == 1
    assert re.search(r"--memory: .* needs about 1,0\d\d,\d{3} MiB, and there are 4,096", said)


def test_memory_for_replicates_is_asked_for_too(monkeypatch):
    path = describe("club").path
    assert venire("bootstrap", path, "--bootstrap", "9", "--memory", "4G", "--quiet")[0] == 0
    monkeypatch.setattr("venire.cli._fit._FIXED", 1 << 40)
    assert venire("fit", path, "--memory", "4G", "--quiet")[0] == 0  # without replicates
    code, said = venire("bootstrap", path, "--bootstrap", "9", "--memory", "4G")
    assert code == 1
    assert re.search(r"--memory: the bootstrap needs about 1,0\d\d,\d{3} MiB, and there", said)
