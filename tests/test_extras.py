"""What comes with an extra: every door that needs a library says which extra brings it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from venire._core.extras import LIBRARIES, missing, needs

ROOT = Path(__file__).resolve().parents[1]

# Each door, under the library that is hidden from it. `c`, `fit` and so on are made before.
MADE = """
import sys
for hidden in {hidden!r}:
    sys.modules[hidden] = None
import numpy as np
import venire as vn
c = vn.Comparisons([0, 0, 1, 2], [1, 1, 2, 0], [1, 0, 1, 1])
fit = vn.fit_bradley_terry(c)
STUDENT = type('Student', (), dict(fit=1, predict=1, get_params=1))()
columns = {{"first": "first", "second": "second", "score": "score"}}
"""
DOORS = {
    ("pyarrow",): [
        "vn.io.read_comparisons('rows.csv', **columns)",
        "vn.io.read_comparisons('rows.jsonl', **columns)",
        "vn.io.read_comparisons('rows.parquet', **columns)",
        "vn.io.read_grouped('rows.csv', group='first', **columns)",
        "vn.io.read_votes('votes.csv', teacher='judge', first='first', second='second', vote='v')",
        "vn.io.read_table('rows.csv', {'item': 'first'}, ['item'])",
        "vn.io.columns_in('rows.csv')",
        *[f"vn.io.write_table({{'a': np.ones(2)}}, 'out.{s}')" for s in ("csv", "parquet")],
        *[f"vn.io.write_table({{'a': np.ones(2)}}, 'out.{s}')" for s in ("jsonl", "arrow")],
        "vn.batch.fit_files('rows.csv', 'out.csv', vn.Columns(group='first', **columns))",
        "vn.distillation.Distillation((['q', 'q'], ['a', 'b']), ['t'], folder='loop')",
        "vn.distillation.Distillation.open('made')",
        "fit.to_frame('pyarrow')",
    ],
    ("matplotlib",): [
        "vn.plots.plot_ratings(fit)",
        "vn.plots.plot_growth({'a': ([10, 100], [0.1, 1.0])})",
    ],
    ("tabulate",): [
        "fit.to_markdown()",
        "fit.summary().to_latex()",
        "vn.io.write_table({'a': np.ones(2)}, 'out.md')",
    ],
    ("jinja2",): ["vn.pages.report(fit)"],
    ("itables",): ["vn.pages.report(fit)"],
    ("sklearn",): [
        "vn.ensembles.Bagging(1)",
        "vn.sklearn.BradleyTerry()",
        "vn.ensembles.stack_estimators([1, 2], [[1]], [1], [[1]])",
        "vn.distillation.Distillation.open('told').fit_student(STUDENT, {'group': ['q'] * 3, "
        "'item': list('abc'), 'x': [1, 2, 3]})",
    ],
    ("dask", "distributed"): [
        "vn.batch.fit_files('rows.csv', 'out', vn.Columns(group='first', **columns), executor=2)",
        "vn.bootstrap(fit, 5, executor=2)",
    ],
    ("numba",): [
        "vn.bootstrap_statistic(type('C', (), dict(py_func=1, targetoptions=1, "
        "__call__=lambda self, x, w: 1.0))(), [1.0, 2.0], n_resamples=5)",
        "vn.jit.beta_cdf(8.0, 4.0, 0.5)",
    ],
    ("fsspec",): [
        "vn.read('memory://rows.csv')",
        "vn.io.read_teachers('s3://bucket/teachers.csv')",
        "vn.io.write_table({'a': np.ones(2)}, 'gs://bucket/out.csv')",
    ],
    ("s3fs",): ["vn.read('s3://bucket/rows.csv')"],
    ("pandas",): ["fit.to_frame('pandas')"],
    ("polars",): ["fit.to_frame('polars')"],
}
COLUMNS = "--first first --second second --score score"
VOTES = "--teacher judge --first first --second second --vote v"
COMMANDS = {
    ("typer",): ["--help", f"fit rows.csv {COLUMNS}"],
    ("rich",): ["--help", f"fit rows.csv {COLUMNS}"],
    ("pyarrow",): [
        f"fit rows.csv {COLUMNS}",
        f"fit rows.parquet {COLUMNS}",
        f"bootstrap rows.csv {COLUMNS}",
        f"groups rows.csv --group first {COLUMNS}",
        "consensus votes.csv --teacher judge --first first --second second --vote v",
        "distill init loop rows.csv --group first --item second --teacher t",
        "distill report made",
        "simulate --groups 2 --items 9 --seeds 1 --degrees 2 -o out.parquet",
    ],
    ("matplotlib",): [
        "simulate --groups 2 --items 9 --seeds 1 --degrees 2 --plot out.png",
        "distill report made --plot out.png",
        f"fit rows.csv {COLUMNS} --plot out.png",
        f"bootstrap rows.csv {COLUMNS} --plot out.png",
        f"groups rows.csv --group first {COLUMNS} -o out.csv --plot out.png",
        f"consensus votes.csv {VOTES} --plot out.png",
        f"rate votes.csv {VOTES} --group judge --plot out.png",
    ],
    ("jinja2",): [f"report rows.csv {COLUMNS} -o out.html"],
    ("itables",): [f"report rows.csv {COLUMNS} -o out.html"],
    ("sklearn",): [
        "distill train made --features features.csv --group q --item d -o out.csv",
    ],
    ("fsspec",): [f"fit hf://set/rows.csv {COLUMNS}", f"fit rows.csv {COLUMNS} -o s3://b/out.csv"],
    ("dask", "distributed"): [
        f"groups rows.parquet --group first {COLUMNS} --workers 2 -o out",
        f"bootstrap rows.csv {COLUMNS} --workers 2",
    ],
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with a file for each door."""
    folder = tmp_path_factory.mktemp("doors")
    (folder / "rows.csv").write_text("first,second,score\na,b,1\nb,a,0\nb,a,1\n")
    (folder / "rows.jsonl").write_text('{"first": "a", "second": "b", "score": 1}\n')
    (folder / "votes.csv").write_text("judge,first,second,v\nj,a,b,1\nk,b,a,1\n")
    (folder / "features.csv").write_text("q,d,x\nq,a,1\nq,b,2\n")
    code = """
import venire as vn
vn.io.write_table({"first": ["a", "b"], "second": ["b", "a"], "score": [1, 1]}, "rows.parquet")
vn.distillation.Distillation((["q", "q"], ["a", "b"]), ["t"], folder="made")
told = vn.distillation.Distillation((["q"] * 3, ["a", "b", "c"]), ["t"], folder="told")
asked = told.ask()
told.tell(asked.request, [1] * len(asked.request))
"""
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    return folder


def said(code: str, folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=False,
        timeout=120, env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
    )  # fmt: skip
    return done.returncode, done.stderr.strip()


def cure(hidden: tuple[str, ...]) -> str:
    name, extra = LIBRARIES[hidden[-1]]
    source = re.escape(f"'venire[{extra}]'") if extra else name
    return rf"needs ({'|'.join(LIBRARIES[h][0] for h in hidden)}): pip install {source}$"


@pytest.mark.parametrize(("hidden", "door"), [(h, d) for h, doors in DOORS.items() for d in doors])
def test_a_function_names_the_extra(hidden, door, files):
    code, errors = said(MADE.format(hidden=hidden) + door, files)
    assert code == 1
    last = errors.splitlines()[-1]
    assert last.startswith("ImportError: "), errors
    assert re.search(cure(hidden), last), errors


@pytest.mark.parametrize(
    ("hidden", "words"), [(h, w) for h, commands in COMMANDS.items() for w in commands]
)
def test_a_command_names_the_extra(hidden, words, files):
    hide = f"import sys\nfor h in {hidden!r}: sys.modules[h] = None\n"
    run = f"from venire.cli import main\nsys.exit(main({words.split()!r}))"
    code, errors = said(hide + run, files)
    assert code == 1, errors
    assert len(errors.splitlines()) == 1, errors
    assert errors.startswith("venire: ")
    assert re.search(cure(hidden), errors), errors


def test_times_are_read_without_pandas(tmp_path):
    rows = "".join(
        f"{a},{b},{a},{1_700_000_000 + a}\n" for a in range(9) for b in range(9) if a != b
    )
    (tmp_path / "rows.csv").write_text(f"model_a,model_b,winner,date\n{rows}", encoding="utf-8")
    gone = (
        "import sys\n"
        "class Gone:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'pandas': raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Gone())\n"
    )
    look = "import venire as vn; vn.audit('rows.csv', date='date')"
    assert said(gone + look, tmp_path) == (0, "")


def test_extras_bring_what_they_are_said_to():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, extra in LIBRARIES.values():
        if extra and name != "joblib":  # comes with scikit-learn
            brought = project["optional-dependencies"][extra]
            assert any(re.match(rf"{name}\b", requirement) for requirement in brought), name


def test_a_library_that_is_there_but_broken_says_why():
    error = ImportError("libarrow.so: cannot open shared object file", name="pyarrow.lib")
    assert str(missing(error, "files")).endswith(
        "pip install 'venire[cli]' (here: libarrow.so: cannot open shared object file)"
    )
    other = ImportError("no such module", name="venire._native")
    assert missing(other, "files") is other
    assert needs("math", "arithmetic").pi > 3
