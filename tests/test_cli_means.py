"""Memory, workers and clusters: options of every command that reads rows."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from venire.cli._app import app

# What a command can make nothing of is refused by name; the others it takes.
NOT_YET = {
    "audit": ("memory", "workers", "scheduler", "job"),
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
