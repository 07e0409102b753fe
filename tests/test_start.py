"""What is loaded, and what is not, before anything is done: that is how long a start takes."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest

import venire as vn
from venire.cli._app import COMMANDS, FOLDERS

ROWS = "model_a,model_b,winner\n" + "a,b,model_a\nb,c,model_a\nc,a,tie\nc,b,model_b\n" * 3
HEAVY = {
    "pandas", "polars", "narwhals", "scipy", "matplotlib", "sklearn", "numba", "dask", "IPython",
    "jinja2", "tabulate", "venire.batch", "venire.distillation", "venire.simulate",
    "venire.targets", "venire.plots", "venire.ensembles", "venire.reference",
}  # fmt: skip


def loaded(code: str, folder=None) -> set[str]:
    """Modules of a process that has run this; what it says of itself is thrown away."""
    code = f"import sys\n{code}\nprint(chr(10) + '@', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120,
        cwd=folder, env=os.environ,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("@")[2].split())


def test_the_package_loads_what_is_asked_for():
    found = loaded("import venire")
    assert "venire" in found
    assert not {"numpy", "venire.data", "venire.errors"} & found
    found = loaded("from venire.errors import NotIdentifiedError")
    assert "numpy" not in found
    found = loaded("import venire as vn; vn.Comparisons([0, 1], [1, 0], 1)")
    assert "numpy" in found
    assert not (HEAVY | {"pyarrow", "venire.panel", "venire.ratings", "venire.io"}) & found


def test_every_name_has_its_place():
    missing = [name for name in dir(vn) if not hasattr(vn, name)]
    assert not missing
    assert set(vn.__all__) <= set(dir(vn))
    assert vn.Fit is vn.ratings.Fit
    with pytest.raises(AttributeError, match="'fits'"):
        vn.fits  # noqa: B018


RUN = "from venire.cli import main; assert main({}) == 0"


@pytest.mark.parametrize("words", [["--help"], ["distill", "--help"]])
def test_help_loads_no_command(words):
    found = loaded(RUN.format(words))
    assert "venire.cli._app" in found
    assert not (HEAVY | {"numpy", "pyarrow", "venire.data", "venire.cli._command"}) & found


def test_help_of_a_command_loads_that_one():
    found = loaded(RUN.format(["fit", "--help"]))
    assert "venire.cli._fit" in found
    assert not (HEAVY | {"pyarrow", "venire.cli._groups", "venire.cli._rate"}) & found


@pytest.mark.parametrize(
    "more",
    ["", "-o out.csv", "-o out.parquet", "--model davidson --order-effect", "--bootstrap 20"],
)
def test_a_small_fit_loads_what_it_needs(tmp_path, more):
    (tmp_path / "rows.csv").write_text(ROWS)
    found = loaded(RUN.format(["fit", "rows.csv", *more.split()]), tmp_path)
    assert "pyarrow" in found
    wrong = (HEAVY | {"typer.rich_utils", "venire.cli._groups"}) & found
    assert not wrong


def test_commands_are_named_as_they_describe_themselves():
    for words, named in COMMANDS.items():
        module, _, kind = named.place.partition(":")
        command = getattr(importlib.import_module(f"venire.cli.{module}"), kind)
        assert named.says == (command.__doc__ or "").strip().splitlines()[0], words
        assert words.rpartition(" ")[0] in ("", *FOLDERS)
