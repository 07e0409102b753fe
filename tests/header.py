"""What venire.h declares, read from it: it is the one source of the C interface.

``python tests/header.py`` writes the declarations of ``kernels.pxd`` anew and, for a new version,
adds the layout of the structs to ``tests/clients/layouts.json``; tests/test_header.py holds both.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "venire"
HEADER = PACKAGE / "include" / "venire.h"
PXD = PACKAGE / "kernels.pxd"
LAYOUTS = ROOT / "tests" / "clients" / "layouts.json"
BEGIN, END = "# --- from venire.h: python tests/header.py", "# --- up to here"

STRUCTS = ("venire_call", "venire_comparisons", "venire_fit_options", "venire_fit_result")


class Function(NamedTuple):
    """One of the table: its result, its name there, and the types and names of its arguments."""

    result: str
    name: str
    arguments: list[tuple[str, str]]


def text() -> str:
    """The header without its comments."""
    return re.sub(r"/\*.*?\*/", "", HEADER.read_text(encoding="utf-8"), flags=re.DOTALL)


def version() -> tuple[int, int]:
    found = dict(re.findall(r"#define VENIRE_API_(MAJOR|MINOR) (\d+)", text()))
    return int(found["MAJOR"]), int(found["MINOR"])


def body(struct: str) -> list[str]:
    """The declarations in a struct, each on one line."""
    inside = re.search(rf"typedef struct {struct} {{(.*?)}} {struct};", text(), re.DOTALL)
    assert inside, struct
    return [" ".join(part.split()) for part in inside.group(1).split(";") if part.strip()]


def statuses() -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"(VENIRE_[A-Z_]+) = (\d+)", text())}


def split(declaration: str) -> tuple[str, str]:
    """Type and name of ``const double *alpha``."""
    kind, name = re.fullmatch(r"(.*?[ *])(\w+)", declaration.strip()).groups()
    return kind.strip(), name


def functions() -> list[Function]:
    """Those of the table, in its order."""
    found = []
    for line in body("venire_api"):
        match = re.fullmatch(r"(.*?)\(\*(\w+)\)\((.*)\)", line)
        if not match:
            continue
        result, name, arguments = match.groups()
        found.append(Function(result.strip(), name, [split(x) for x in arguments.split(",")]))
    return found


def fields(struct: str) -> list[tuple[str, str]]:
    """Type and name of each field, in order."""
    found = []
    for line in body(struct):
        first, *others = line.split(",")
        kind, name = split(first)
        found.append((kind, name))
        for other in others:
            pointer = "*" in other
            found.append((kind if pointer else kind.rstrip(" *"), other.strip(" *")))
    return found


# --- for Cython -----------------------------------------------------------------------------------


def declarations() -> str:
    """What kernels.pxd says of the header."""
    lines = ['cdef extern from "venire.h" nogil:']
    lines += [
        "    enum:",
        *(f"        {name}" for name in ("VENIRE_API_MAJOR", "VENIRE_API_MINOR")),
    ]
    lines += [f"        {name}" for name in statuses()]
    lines += ["    ctypedef int (*venire_poll)(void *) noexcept nogil"]
    lines += ["    ctypedef int (*venire_body)(void *, int64_t, int) noexcept nogil"]
    for struct in STRUCTS:
        lines += [f"    ctypedef struct {struct}:"]
        lines += [f"        {kind} {name}".replace("* ", "*") for kind, name in fields(struct)]
    for f in functions():
        arguments = ", ".join(f"{kind} {name}".replace("* ", "*") for kind, name in f.arguments)
        result = f.result if f.result.endswith("*") else f"{f.result} "
        lines += wrapped(f'    {result}{f.name} "venire_{f.name}"({arguments})')
    return "\n".join(lines) + "\n"


def wrapped(line: str, most: int = 100) -> list[str]:
    out = []
    while len(line) > most:
        cut = line.rindex(", ", 0, most) + 1
        out.append(line[:cut])
        line = " " * 8 + line[cut + 1 :]
    return [*out, line]


def pxd() -> str:
    """kernels.pxd with the declarations of today's header."""
    before, _, rest = PXD.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{declarations()}{END}{after}"


# --- the layout of the structs --------------------------------------------------------------------


def compiler() -> str | None:
    return shutil.which("cc") or shutil.which("gcc")


def layout(folder: str) -> dict[str, list[list[object]]]:
    """Size of each struct and of the table; name, offset, size and type of their fields."""
    types = {s: {name: kind for kind, name in fields(s)} for s in STRUCTS}
    types["venire_api"] = {"major": "int32_t", "minor": "int32_t", "size": "size_t"}
    types["venire_api"] |= {
        f.name: f"{f.result} ({', '.join(kind for kind, _ in f.arguments)})" for f in functions()
    }
    lines = ['#include "venire.h"', "#define FIELD(s, f) \\"]
    lines += ['    printf("%s %s %zu %zu\\n", #s, #f, offsetof(s, f), sizeof(((s *)0)->f));']
    lines += ["int main(void)", "{"]
    for struct, own in types.items():
        lines += [f'    printf("{struct} . 0 %zu\\n", sizeof({struct}));']
        lines += [f"    FIELD({struct}, {name})" for name in own]
    source = Path(folder, "layout.c")
    source.write_text("\n".join([*lines, "    return 0;", "}"]))
    program = str(source.with_suffix(""))
    command = [compiler() or "cc", "-std=c11", f"-I{HEADER.parent}", str(source), "-o", program]
    subprocess.run(command, check=True)
    out: dict[str, list[list[object]]] = {struct: [] for struct in types}
    said = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    for line in said.splitlines():
        struct, name, offset, size = line.split()
        out[struct].append([name, int(offset), int(size), types[struct].get(name, "")])
    return out


def recorded() -> dict[str, dict[str, list[list[object]]]]:
    """The layout of each version, as it was when that came out."""
    return json.loads(LAYOUTS.read_text(encoding="utf-8")) if LAYOUTS.exists() else {}


def record() -> None:
    """Add the layout of this version if there is none."""
    known, name = recorded(), ".".join(map(str, version()))
    with tempfile.TemporaryDirectory() as folder:
        known.setdefault(name, layout(folder))
    LAYOUTS.parent.mkdir(exist_ok=True)
    rows = json.dumps(known, indent=1)
    rows = re.sub(r'\[\s+("[^"]+"),\s+(\d+),\s+(\d+),\s+("[^"]*")\s+\]', r"[\1, \2, \3, \4]", rows)
    LAYOUTS.write_text(rows + "\n", encoding="utf-8")


if __name__ == "__main__":
    PXD.write_text(pxd(), encoding="utf-8")
    record()
    sys.stdout.write(f"version {version()}: {len(functions())} functions\n")
