"""How a dataclass becomes a command, and how every run of one ends."""

from __future__ import annotations

import importlib
import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from venire.cli import _options as opt
from venire.cli._command import MISSING, Command, Refused, adapted, argument, block, misused, option
from venire.cli._progress import Steps
from venire.cli._report import CSV, FILE, READ, Grid, Report
from venire.data.columns import Columns
from venire.errors import ConvergenceWarning, NotIdentifiedError, StateError
from venire.io import DataError


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Options of several commands."""

    tol: float = option(1e-9, "Small.", "Model")
    n_threads: int | None = option(None, "Many.", "Model", "--threads", min=1)


@dataclass(frozen=True, kw_only=True)
class Try(Command):
    """Try it.

    And more.
    """

    source: Path = argument("SOURCE", "What is read.", READ)
    word: str = option(MISSING, "A word.", "Words", choices=("one", "two"))
    columns: Columns = block(without=("mapping", "cluster"), needs=("group",))
    inner: Inner = block(defaults={"tol": 0.5})
    shouted: bool = option(False, "Loud.", "Words")
    csv: Path | None = option(None, "A table.", "Output", place=CSV)
    other: Path | None = option(None, "Anything.", "Output", place=FILE)
    json: bool = opt.json()
    quiet: bool = opt.quiet()

    def __post_init__(self) -> None:
        if self.shouted and self.word == "two":
            misused("--shouted", "is only one")

    def do(self, steps: Steps) -> Report:
        for _ in range(3):
            warnings.warn("told once", ConvergenceWarning, stacklevel=1)
        warnings.warn("of another package", FutureWarning, stacklevel=1)
        table = {"x": np.array([1.0, np.nan]), "y": np.ma.masked_array([1, 2], [True, False])}
        files = {"csv": table, "other": lambda part: Path(part).write_text("written")}
        return Report(
            [f"{self.word} {self.columns.group} {self.inner.tol:g} {self.inner.n_threads}",
             Grid({"[b]x[/b]": ["[red]1[/red]", "22"]})],
            ["first"], {"word": self.word}, {"rows": table}, files,
        )  # fmt: skip


def invoke(kind, *arguments):
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(adapted(kind))
    return CliRunner().invoke(app, [str(x) for x in arguments], obj=["try", *map(str, arguments)])


WAY = ["in.csv", "--first", "a", "--second", "b", "--group", "g", "--score", "s"]
GOOD = [*WAY, "--word", "one"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_fields_are_options():
    run = invoke(Try, *GOOD, "--threads", 2, "--csv", "t.csv", "--other", "o")
    assert run.exit_code == 0, run.output
    assert run.stdout.splitlines()[0] == "one g 0.5 2"
    assert "[red]1[/red]" in run.stdout
    assert run.stderr.splitlines() == ["venire: first", "venire: told once"]
    assert Path("t.csv").read_text() == '"x","y"\n1,\n,2\n'
    assert Path("o").read_text() == "written"


def test_help_says_what_fields_say():
    text = re.sub(r"\x1b\[[0-9;]*m", "", invoke(Try, "--help").output)
    for word in ("Try it.", "And more.", "SOURCE", "--word", "one|two", "Label of the first item.",
                 "--threads", "[default: 0.5]"):  # fmt: skip
        assert word in text
    assert "--cluster" not in text
    assert "--no-shouted" not in text
    panels = re.findall(r"╭─ (.+?) ─", text)
    assert panels[-2:] == ["Model", "Output"]
    assert {"Words", "Items", "Who won (one way)", "Further columns"} <= set(panels)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (WAY, "--word"),
        ([*WAY, "--word", "three"], "'three' is not one of"),
        ([*WAY[:-4], *WAY[-2:], "--word", "one"], "--group"),
        ([*GOOD, "--outcome", "r"], "'--score': give one of outcome, score"),
        ([*GOOD, "--tie", "t"], "'--tie': counts ties"),
        ([*WAY, "--word", "two", "--shouted"], "'--shouted': is only one"),
        ([*GOOD, "--json", "-q"], "contradict each other"),
        ([*GOOD, "--csv", "o.csv", "--other", "o.csv"], "'--other': is the file of --csv"),
        ([*GOOD, "--threads", "0"], "--threads"),
    ],
)
def test_misuse(arguments, message):
    run = invoke(Try, *arguments)
    assert run.exit_code == 2
    assert message in " ".join(run.output.replace("│", " ").split())


def test_an_input_is_not_overwritten():
    Path("in.csv").write_text("mine")
    Path("link.csv").symlink_to("in.csv")
    run = invoke(Try, *GOOD, "--csv", "link.csv")
    assert run.exit_code == 2
    assert "is the input file" in run.output
    assert Path("in.csv").read_text() == "mine"


def test_where_things_are_printed():
    run = invoke(Try, *GOOD)  # standard output is the table's
    assert run.stdout == '"x","y"\n1,\n,2\n'
    assert "one g" in run.stderr
    run = invoke(Try, *GOOD, "--csv", "t.csv", "--json")
    assert json.loads(run.stdout) == {
        "word": "one", "notes": ["first", "told once"],
        "rows": [{"x": 1.0, "y": None}, {"x": None, "y": 2}],
    }  # fmt: skip
    run = invoke(Try, *GOOD, "--csv", "t.csv", "-q")
    assert run.stdout == ""
    assert run.stderr.splitlines() == ["venire: first", "venire: told once"]


ENDS = [
    (KeyboardInterrupt(), 130, "venire: interrupted"),
    (MemoryError("9 GiB"), 1, "venire: not enough memory: 9 GiB"),
    (DataError("f.csv", "is bad", row=3, column="x"), 1,
     "venire: f.csv: row 3, column 'x': is bad"),
    (NotIdentifiedError("no fit"), 1, "venire: no fit"),
    (StateError("in use"), 1, "venire: in use"),
    (ImportError("needs more"), 1, "venire: needs more"),
    (OSError(13, "Permission denied", "f"), 1, "venire: f: Permission denied"),
    (TimeoutError("no answer"), 1, "venire: no answer"),
    (Refused("not so", 2), 2, "venire: not so"),
    (
        Refused("not so", instead={"--tol": "1", "--word": None}), 1,
        f"venire: not so\ntry: venire try {' '.join(WAY)} --tol 1",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code", "text"), ENDS)
def test_how_a_run_ends(error, code, text):
    class Bad(Try):
        def do(self, steps):
            raise error

    run = invoke(Bad, *GOOD, "--tol=3", "--csv", "t.csv")
    assert run.exit_code == code
    assert run.stderr == f"{text}\n".replace(" --tol 1", " --csv t.csv --tol 1")
    assert run.stdout == ""
    assert not Path("t.csv").exists()


def test_a_fault_of_ours_is_not_hidden():
    class Bad(Try):
        def do(self, steps):
            return None + 1

    assert isinstance(invoke(Bad, *GOOD).exception, TypeError)


def test_a_failure_comes_after_the_report():
    class Strict(Try):
        def do(self, steps):
            return Report(["said"], failure="but not all")

    run = invoke(Strict, *GOOD, "--csv", "t.csv")
    assert (run.exit_code, run.stdout, run.stderr) == (1, "said\n", "venire: but not all\n")


def test_the_command_of_the_documentation(monkeypatch):
    text = (Path(__file__).parents[1] / "docs" / "develop" / "contributing.md").read_text()
    code = re.search(r"```python\n(\"\"\"``venire count``.*?)```", text, re.DOTALL)
    Path("count_command.py").write_text(code[1])
    monkeypatch.syspath_prepend(".")
    count = importlib.import_module("count_command").Count
    Path("in.csv").write_text("item\na\nb\n")
    run = invoke(count, "in.csv", "-o", "out.csv")
    assert (run.exit_code, run.stdout) == (0, "2 rows\n"), run.output
    assert Path("out.csv").read_text() == '"item"\n"a"\n"b"\n'
    document = json.loads(invoke(count, "in.csv", "--json").stdout)
    assert document == {"rows": 2, "notes": [], "items": [{"item": "a"}, {"item": "b"}]}
    assert "there is no column 'x'" in invoke(count, "in.csv", "--column", "x").stderr
