"""The house: which part of the package stands on which, read from the imports.

``python tests/house.py docs/develop/house.svg`` draws it; tests/test_project.py holds it.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "venire"

# Parts of the package (the first part of a module's path) from the bottom of the house up. A file
# imports only from its own part and from rows above its own in this list; within a row a part may
# import those before it only where the row says so.
HOUSE = (
    ("errors", "_core", "models", "scales", "priors"),
    ("_native", "reference"),
    ("data", "_config", "jit", "kernels"),
    ("ratings",),
    ("panel",),
    ("resampling", "ensembles", "design", "sklearn"),
    ("targets",),
    ("distillation",),
    ("io", "batch", "plots", "pages", "simulate", "datasets", "diagnostics", "bench"),
    ("cli",),
    ("__init__",),
)
ROW = {part: row for row, parts in enumerate(HOUSE) for part in parts}
ORDERED = (0, 5)  # rows whose parts may import those before them
NEIGHBOURS = (8,)  # the outside world: its parts may use each other
EVERYBODYS = ("_core", "_native")  # private to the package as a whole


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(source: str, package: str = "venire") -> list[tuple[str, int]]:
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


def imports_of(path: Path) -> list[tuple[str, int]]:
    package = ".".join(("venire", *path.relative_to(PACKAGE).parent.parts))
    return imports(path.read_text(encoding="utf-8"), package)


def oracle_imports(part: str, found: list[tuple[str, int]]) -> list[str]:
    """Imports of the reference by what it is to judge; the package names it, and loads it late.

    Benchmarks compare with it.
    """
    oracle = ("venire", "reference")
    return [
        f"line {line}: {part} imports {name}"
        for name, line in found
        if part not in ("reference", "bench", "__init__") and tuple(name.split("."))[:2] == oracle
    ]


def layer_violations(part: str, found: list[tuple[str, int]]) -> list[str]:
    """Imports by a file of `part` that go down or sideways."""
    bad = []
    own = ROW[part]
    for name, line in found:
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


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def private_imports(part: str, found: list[tuple[str, int]]) -> list[str]:
    """Imports by a file of `part` that reach below the border of another part."""
    bad = []
    for name, line in found:
        _, other, *inner = [*name.split("."), ""][:2] + name.split(".")[2:]
        if other not in (part, *EVERYBODYS) and any(map(is_private, inner)):
            bad.append(f"line {line}: imports {name}")
    return bad


def own_names(sources: list[str]) -> set[str]:
    """Names that the files of one part define, in whatever way."""
    found = {"_replace", "_asdict", "_fields", "_make"}  # those of named tuples are public
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, ast.alias):
                found.add(node.asname or node.name)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)  # of object.__setattr__, __slots__ and the like
    return found


def private_reads(source: str, own: set[str]) -> list[str]:
    """Private attributes that a file reads and that its part (of names `own`) does not define."""
    bad = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                continue
            bad.append(f"line {node.lineno}: reads {ast.unparse(node)}")
    return bad


def long_functions(source: str, lines: int = 80, arguments: int = 14) -> list[str]:
    """Functions of more lines, docstrings and comments not counted, or of more arguments."""
    bad, text = [], source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        given = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        n = len(given) - (bool(given) and given[0].arg in ("self", "cls"))
        code = set(range(node.lineno, node.end_lineno + 1))  # type: ignore[operator]
        if ast.get_docstring(node) is not None:
            code -= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
        code = {k for k in code if text[k - 1].strip() and not text[k - 1].strip().startswith("#")}
        if len(code) > lines or n > arguments:
            bad.append(f"line {node.lineno}: {node.name}: {len(code)} lines, {n} arguments")
    return bad


def literals(source: str, words: Collection[str]) -> list[str]:
    """Where one of `words` stands as a text of its own."""
    return [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and node.value in words
    ]


JOBS = {
    "errors": "exceptions",
    "_core": "checks, keys, files",
    "scales": "units of theta",
    "models": "the table of models",
    "priors": "penalties",
    "_native": "arrays to C",
    "jit": "Numba's functions",
    "kernels": "other languages",
    "reference": "the definition of correct",
    "data": "comparisons, votes",
    "ratings": "fits and their errors",
    "panel": "posteriors, consensus",
    "resampling": "bootstraps",
    "ensembles": "bagging, boosting",
    "design": "what to ask next",
    "sklearn": "an estimator",
    "targets": "votes to targets",
    "distillation": "the loop of rounds",
    "io": "files",
    "batch": "fits of files",
    "plots": "pictures",
    "pages": "reports",
    "simulate": "rehearsals",
    "datasets": "examples",
    "diagnostics": "what is odd",
    "bench": "times beside others",
    "cli": "commands",
}


def direct(stands: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Of what stands on what, that which no chain of others says already."""

    def above(part: str, seen: frozenset[str] = frozenset()) -> set[str]:
        found = {b for a, b in stands if a == part and b not in seen}
        return found.union(*(above(b, seen | found | {part}) for b in found))

    return {
        (a, b)
        for a, b in stands
        if not any(b in above(c) for x, c in stands if x == a and c not in (a, b))
    }


def drawing() -> str:
    """The parts by rows, with a line from each to those that it stands on directly."""
    present = {part_of(path) for path in python_files()}
    rows = [[p for p in parts if p in present and p in JOBS] for parts in HOUSE]
    rows = [row for row in rows if row]
    width, high, step, half = 980, 46, 84, 76
    height = step * (len(rows) + 1)
    place = {
        part: (width * (j + 1) / (len(row) + 1), height - step * (k + 2) + 20)
        for k, row in enumerate(rows)
        for j, part in enumerate(row)
    }
    stands = {
        (part_of(path), [*name.split("."), ""][1])
        for path in python_files()
        for name, _ in imports_of(path)
    }
    lines = direct({(a, b) for a, b in stands if a != b and a in place and b in place})
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" text-anchor="middle">',
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for a, b in sorted(lines):
        (xa, ya), (xb, yb) = place[a], place[b]
        if yb > ya + high:
            ya, bend = ya + high, (ya + high + yb) / 2
            curve = f"M{xa:.0f} {ya}C{xa:.0f} {bend:.0f} {xb:.0f} {bend:.0f} {xb:.0f} {yb}"
            out.append(f'<path d="{curve}" fill="none" stroke="#7a8aa0" stroke-width="1.3"/>')
    for part, (x, y) in place.items():
        out.append(
            f'<rect x="{x - half:.0f}" y="{y}" width="{2 * half}" height="{high}" rx="5" '
            'fill="#eef2f8" stroke="#33415c"/>'
            f'<text x="{x:.0f}" y="{y + 20}" font-size="15" fill="#1b2333">{part}</text>'
            f'<text x="{x:.0f}" y="{y + 37}" font-size="11.5" fill="#4a5568">{JOBS[part]}</text>'
        )
    out.append(
        f'<rect x="30" y="{height - step + 20}" width="{width - 60}" height="{high}" rx="5" '
        f'fill="#33415c"/><text x="{width / 2:.0f}" y="{height - step + 48}" font-size="15" '
        'fill="#ffffff">csrc: arithmetic on C arrays, called by _native alone</text>'
    )
    return "\n".join([*out, "</svg>", ""])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(drawing(), encoding="utf-8")
