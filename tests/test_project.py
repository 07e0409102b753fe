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

# First part of the module's path below the package -> layer; a file imports only from its own
# package or from lower numbers, which stand above it in the design's list.
LAYERS = {
    "errors": 0,
    "_checks": 0,
    "_files": 0,
    "_native": 1,
    "_jit": 1,
    "reference": 1,
    "_input": 2,
    "_config": 2,
    "comparisons": 2,
    "grouped_comparisons": 2,
    "votes": 2,
    "posteriors": 2,
    "priors": 2,
    "scales": 2,
    "ratings": 3,
    "grouped": 3,
    "consensus": 3,
    "resampling": 4,
    "bagging": 4,
    "boosting": 4,
    "stacking": 4,
    "decomposition": 4,
    "design": 4,
    "targets": 4,
    "allocation": 4,
    "distillation": 5,
    "io": 6,
    "streaming": 6,
    "distributed": 6,
    "plots": 6,
    "simulate": 6,
    "datasets": 6,
    "cli": 6,
    "_data": 6,
    "__init__": 7,
    "__main__": 7,
}
# Private modules of one layer that do one job together count as one part.
ALIASES = {
    "_failing": "_checks",
    "_scalars": "_checks",
    "_threads": "_checks",
    "_labels": "_input",
    "_label_sources": "_input",
    "_columns": "_input",
    "_outcomes": "_input",
    "_frames": "_input",
    "_aggregation": "comparisons",
    "_merging": "comparisons",
    "_grouping": "grouped_comparisons",
    "_consensus": "consensus",  # the function has the public name
}
# Within a layer a part may import those before it in this order, and no other neighbour.
ORDER_IN_LAYER = {
    2: ("_input", "priors", "posteriors", "comparisons", "grouped_comparisons", "votes"),
    3: ("ratings", "grouped", "consensus"),
    4: ("resampling", "bagging", "design", "allocation"),
}
NEIGHBOURS = {6}  # the outside world: its parts may use each other

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
    name = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return ALIASES.get(name, name)


def imported_parts(source: str, package: str) -> list[tuple[str, int]]:
    """Parts of the package that a file names in imports, wherever they stand, with the line."""
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
        for name in names:
            parts = name.split(".")
            if parts[0] == "venire":
                part = parts[1] if len(parts) > 1 else ""
                found.append((ALIASES.get(part, part), node.lineno))
    return found


def layer_violations(part: str, source: str, package: str = "venire") -> list[str]:
    """Imports of `source`, a file of `part`, that go down or sideways."""
    bad = []
    own = LAYERS[part]
    order = ORDER_IN_LAYER.get(own, ())
    for other, line in imported_parts(source, package):
        if other == part:
            continue
        if other not in LAYERS:
            bad.append(f"line {line}: imports {other or 'venire'!r}, which has no layer")
        elif LAYERS[other] > own:
            bad.append(f"line {line}: {part} (layer {own}) imports {other} (layer {LAYERS[other]})")
        elif LAYERS[other] == own and own not in NEIGHBOURS:
            ordered = part in order and other in order and order.index(other) < order.index(part)
            if own and not ordered:
                bad.append(f"line {line}: {part} imports its neighbour {other}")
    return bad


def test_layers():
    problems = []
    for path in python_files():
        part = package_part(path)
        if part not in LAYERS:
            problems.append(f"{path.relative_to(ROOT)}: give {part!r} a layer")
            continue
        inner = path.relative_to(PACKAGE).parent.parts
        package = ".".join(("venire", *inner))
        for text in layer_violations(part, path.read_text(encoding="utf-8"), package):
            problems.append(f"{path.relative_to(ROOT)}: {text}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("part", "source", "n_bad"),
    [
        ("comparisons", "from venire.ratings import fit", 1),
        ("comparisons", "def f():\n    from venire import io", 1),
        ("comparisons", "from .ratings import models", 1),
        ("ratings", "import venire.grouped", 1),
        ("errors", "import venire", 1),
        ("comparisons", "from venire import _labels, priors", 0),
        ("_input", "from venire.comparisons import Comparisons", 1),
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
