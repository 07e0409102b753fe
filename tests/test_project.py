"""The project holds what it promises: layers, light import, public names, file sizes."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "venire"
CSRC = ROOT / "csrc"

# Parts of the package (the first part of a module's path) from the bottom of the house up. A file
# imports only from its own part and from rows above its own in this list; within a row a part may
# import those before it only where the row says so.
HOUSE = (
    ("errors", "_core", "models", "scales", "priors"),
    ("_native", "jit", "reference"),
    ("data", "_config"),
    ("ratings",),
    ("panel",),
    ("resampling", "ensembles", "design"),
    ("targets",),
    ("distillation",),
    ("io", "streaming", "distributed", "batch", "plots", "simulate", "datasets"),
    ("cli",),
    ("__init__",),
)
ROW = {part: row for row, parts in enumerate(HOUSE) for part in parts}
ORDERED = (0, 5)  # rows whose parts may import those before them
NEIGHBOURS = (8,)  # the outside world: its parts may use each other

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


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def package_part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(source: str, package: str) -> list[tuple[str, int]]:
    """What a file names in imports of the package, wherever they stand, with the line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                parents = parents[: len(parents) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            names = [f"{base}.{alias.name}" for alias in node.names]
        found += [(name, node.lineno) for name in names if name.split(".")[0] == "venire"]
    return found


def layer_violations(part: str, source: str, package: str = "venire") -> list[str]:
    """Imports of `source`, a file of `part`, that go down or sideways."""
    bad = []
    own = ROW[part]
    for name, line in imports(source, package):
        other = [*name.split("."), ""][1]
        if other == part:
            continue
        if other not in ROW:
            bad.append(f"line {line}: imports {other or 'venire'!r}, which has no place")
        elif ROW[other] > own:
            bad.append(f"line {line}: {part} (row {own}) imports {other} (row {ROW[other]})")
        elif ROW[other] == own and own not in NEIGHBOURS:
            if own in ORDERED and HOUSE[own].index(other) < HOUSE[own].index(part):
                continue
            bad.append(f"line {line}: {part} imports its neighbour {other}")
    return bad


def test_layers():
    problems = []
    for path in python_files():
        part = package_part(path)
        if part not in ROW:
            problems.append(f"{path.relative_to(ROOT)}: give {part!r} a place in the house")
            continue
        inner = path.relative_to(PACKAGE).parent.parts
        package = ".".join(("venire", *inner))
        for text in layer_violations(part, path.read_text(encoding="utf-8"), package):
            problems.append(f"{path.relative_to(ROOT)}: {text}")
    assert not problems, "\n".join(problems)


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
    assert len(layer_violations(part, source)) == n_bad


def run_python(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


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
        *python_files(),
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
