"""The project holds what it promises: layers, light import, public names, file sizes."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import house
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "venire"
CSRC = ROOT / "csrc"

FORBIDDEN_AT_IMPORT = (
    "numba",
    "llvmlite",
    "pyarrow",
    "pandas",
    "polars",
    "matplotlib",
    "dask",
    "distributed",
    "sklearn",
    "venire.reference",
    "scipy.sparse",
    "scipy.linalg",
    "scipy.special",
    "scipy.stats",
    "scipy.optimize",
    "typer",
    "rich",
    "narwhals",
)
MAX_LINES = 450


def problems_of(check) -> str:
    """What `check(part, path)` finds wrong in the files of the package."""
    return "\n".join(
        f"{path.relative_to(ROOT)}: {text}"
        for path in house.python_files()
        for text in check(house.part_of(path), path)
    )


def test_parts_have_a_place():
    without = {house.part_of(path) for path in house.python_files()} - set(house.ROW)
    assert not without, f"give {without} a place in the house"


def test_layers():
    bad = problems_of(lambda part, path: house.layer_violations(part, house.imports_of(path)))
    assert not bad, bad


@pytest.mark.parametrize(
    ("part", "source", "n_bad"),
    [
        ("data", "from venire.ratings import fit", 1),
        ("data", "def f():\n    from venire import io", 1),
        ("data", "from .ratings import models", 1),
        ("reference", "import venire.jit", 1),
        ("errors", "import venire", 1),
        ("_core", "from venire import errors", 0),
        ("errors", "from venire import _core", 1),
        ("data", "from venire import _core, priors", 0),
        ("ratings", "from venire._native import solver\nimport numpy", 0),
        ("cli", "from venire import io, datasets", 0),
    ],
)
def test_layer_check_can_fail(part, source, n_bad):
    assert len(house.layer_violations(part, house.imports(source))) == n_bad


def test_production_does_not_ask_the_oracle():
    bad = problems_of(lambda part, path: house.oracle_imports(part, house.imports_of(path)))
    assert not bad, bad


@pytest.mark.parametrize(
    ("part", "source", "n_bad"),
    [
        ("ratings", "from venire.reference import links", 1),
        ("ratings", "def f():\n    from venire import reference", 1),
        ("data", "from .reference.links import threefry", 1),
        ("reference", "from venire.reference import links", 0),
        ("ratings", "from venire import models", 0),
    ],
)
def test_oracle_check_can_fail(part, source, n_bad):
    assert len(house.oracle_imports(part, house.imports(source))) == n_bad


def test_no_private_module_of_another_part_is_imported():
    bad = problems_of(lambda part, path: house.private_imports(part, house.imports_of(path)))
    assert not bad, bad


@pytest.mark.parametrize(
    ("part", "source", "n_bad"),
    [
        ("io", "from venire.data._merging import merged", 1),
        ("io", "from venire.data import _merging, Votes", 1),
        ("io", "from venire.data.frames import _collect", 1),
        ("io", "import venire.data._merging", 1),
        ("data", "from venire.data._merging import merged", 0),
        ("io", "from venire._core import checks\nfrom venire._native import arrow", 0),
        ("io", "from venire.data import __doc__", 0),
    ],
)
def test_check_of_private_imports_can_fail(part, source, n_bad):
    assert len(house.private_imports(part, house.imports(source))) == n_bad


def test_no_private_attribute_of_another_part_is_read():
    sources: dict[str, list[str]] = {}
    for path in house.python_files():
        sources.setdefault(house.part_of(path), []).append(path.read_text(encoding="utf-8"))
    own = {part: house.own_names(found) for part, found in sources.items()}
    bad = problems_of(lambda part, path: house.private_reads(path.read_text(), own[part]))
    assert not bad, bad


def test_check_of_private_reads_can_fail():
    own = house.own_names(["class A:\n    _x = 1\n    def f(self):\n        self._y = 2"])
    assert not house.private_reads("def g(a):\n    return a._x + a._y + a._replace(b=1)", own)
    assert house.private_reads("def g(a):\n    return a._z", own) == ["line 2: reads a._z"]


def test_functions_are_short():
    bad = problems_of(lambda part, path: house.long_functions(path.read_text(encoding="utf-8")))
    assert not bad, bad


def test_check_of_functions_can_fail():
    body = "".join(f"    x = {k}  # is\n    # said\n\n" for k in range(80))
    long = f'def f(self, a):\n    """Says."""\n{body}'
    assert house.long_functions(long) == ["line 1: f: 81 lines, 1 arguments"]
    assert not house.long_functions(long, lines=81)
    assert house.long_functions("def f(self, a, *, b): pass", arguments=1)


MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")


def test_models_are_named_in_one_place():
    """In the table, and where a function is that of one model."""
    places = ("models/table.py", "ratings/fits.py")
    files = [p for p in house.python_files() if str(p.relative_to(PACKAGE)) not in places]
    files = [p for p in files if house.part_of(p) != "reference"]
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for path in files
        for text in house.literals(path.read_text(encoding="utf-8"), MODELS)
    ]
    assert len(found) <= 5, "\n".join(found)
    assert house.literals("x = f('davidson')", MODELS) == ["line 1: 'davidson'"]


def test_the_picture_of_the_house_is_drawn_from_the_imports():
    assert (ROOT / "docs" / "develop" / "house.svg").read_text(
        encoding="utf-8"
    ) == house.drawing(), "python tests/house.py docs/develop/house.svg"


def run_python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_only_compiled_statistics_need_numba():
    code = """
import sys
sys.modules["numba"] = None  # as if it were not installed
import numpy as np
import venire as vn

c = vn.Comparisons([0, 0, 1, 2], [1, 1, 2, 0], 1)
fit = vn.fit_bradley_terry(c)
vn.bootstrap(fit, 5, rng=1)
vn.fit_groups(vn.GroupedComparisons([0, 0], [0, 1], [1, 0], 1))
vn.consensus(vn.Votes([0, 0], [1, 1], ["a", "b"], [1, -1]))
x = np.arange(9.0)
vn.bootstrap_statistic(lambda x, w: np.average(x, weights=w), x, n_resamples=5, rng=1)
class Compiled:
    py_func = targetoptions = None
    def __call__(self, x, w):
        return 1.0
try:
    vn.bootstrap_statistic(Compiled(), x, n_resamples=5, rng=1)
except ImportError as error:
    print(error)
"""
    assert "numba" in run_python(code)


def test_import_is_light():
    loaded = set(run_python("import sys, venire; print(*sys.modules)").split())
    present = [name for name in FORBIDDEN_AT_IMPORT if name in loaded]
    assert not present, f"import venire loads {present}"


def test_import_is_fast(tmp_path):
    # Processor time, NumPy's own import included, and the best of five: a busy machine does not
    # decide. Bytecode is kept, as it is where a package is installed.
    code = "import time; t0 = time.process_time(); import venire; print(time.process_time() - t0)"
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    best = min(float(run_python(code, **kept)) for _ in range(5))
    assert best < 0.3, f"import venire takes {best:.3f} s"


def test_public_names_are_tested():
    import venire

    tests = "\n".join(
        p.read_text(encoding="utf-8")
        for p in (ROOT / "tests").glob("test_*.py")
        if p != Path(__file__)
    )
    assert venire.__all__, "the package has public names"
    missing = [n for n in venire.__all__ if not hasattr(venire, n)]
    assert not missing, f"in __all__ but absent: {missing}"
    untested = [n for n in venire.__all__ if not re.search(rf"\b{re.escape(n)}\b", tests)]
    assert not untested, f"no test mentions {untested}"


def test_public_names_are_documented():
    import venire

    bare = [
        n
        for n in venire.__all__
        if callable(getattr(venire, n)) and not (getattr(venire, n).__doc__ or "").strip()
    ]
    assert not bare, f"no docstring: {bare}"


def test_version_is_the_installed_one():
    from importlib import metadata

    import venire

    assert venire.__version__ == metadata.version("venire")


def test_files_are_short():
    files = [
        *house.python_files(),
        *PACKAGE.rglob("*.pyx"),
        *CSRC.glob("*.[ch]"),
        *(ROOT / "benchmarks").glob("*.py"),
    ]
    long = {
        str(p.relative_to(ROOT)): n
        for p in files
        if (n := len(p.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long, f"over {MAX_LINES} lines: {long}"


def test_c_layer_knows_no_python():
    sources = sorted(CSRC.glob("*.[ch]"))
    assert sources
    naming = [p.name for p in sources if re.search(r"Python\.h|\bPy[A-Z_]\w+", p.read_text())]
    assert not naming, f"csrc/ files that use Python's C API: {naming}"


def test_no_floating_point_shortcuts():
    build = (ROOT / "setup.py").read_text(encoding="utf-8")
    flags = re.search(r"^C_FLAGS = (\[.*?\])", build, re.MULTILINE | re.DOTALL)
    assert flags
    values = ast.literal_eval(flags.group(1))
    banned = {"-ffast-math", "-Ofast", "-march=native", "-funsafe-math-optimizations"}
    assert not banned & set(values)


def test_import_keeps_subnormals():
    # A library linked with -ffast-math would flush them to zero for the whole process.
    code = "import venire, numpy as np; print(np.float64(5e-324) * np.float64(1.0) > 0.0)"
    assert run_python(code).strip() == "True"
