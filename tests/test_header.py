"""The C interface: one header, no warnings, a layout that does not change without a version."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig

import header
import pytest

from venire import kernels

needs_compiler = pytest.mark.skipif(header.compiler() is None, reason="there is no C compiler")

PROGRAM = """
{first}
#include "venire.h"
int main(void)
{{
    return venire_use(NULL) == 0;
}}
"""
WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-Wshadow", "-Wconversion"]


@needs_compiler
@pytest.mark.parametrize("python", [False, True])
@pytest.mark.parametrize(
    ("name", "program"), [("-std=c11", "cc"), ("-std=c++17", "c++"), ("-std=c++20", "c++")]
)
def test_the_header_compiles_without_warnings(tmp_path, name, program, python):
    if not shutil.which(program):
        pytest.skip(f"there is no {program}")
    include = sysconfig.get_paths()["include"]
    if python and not (header.Path(include) / "Python.h").exists():
        pytest.skip("Python's headers are not installed")
    source = tmp_path / f"main.{'cpp' if program == 'c++' else 'c'}"
    source.write_text(PROGRAM.format(first="#include <Python.h>" if python else ""))
    strict = [*WARNINGS, "-isystem", include, f"-I{kernels.get_include()}"]
    done = subprocess.run(
        [program, name, *strict, "-c", str(source), "-o", str(tmp_path / "main.o")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_every_function_has_its_name():
    """As a macro of the header, in the C layer's table, and as a declaration for Cython."""
    names = [f.name for f in header.functions()]
    assert len(names) == len(set(names)) > 30
    macros = re.findall(r"#define venire_(\w+) \(venire_table\(\)->(\w+)\)", header.text())
    assert macros == [(name, name) for name in names]
    listed = (header.ROOT / "csrc" / "vn_api.h").read_text(encoding="utf-8")
    assert re.findall(r"\bX\((\w+)\)", listed.replace("EACH(X)", "")) == names


def test_the_declarations_for_cython_are_those_of_the_header():
    assert header.PXD.read_text(encoding="utf-8") == header.pxd(), "python tests/header.py"


def test_the_version_is_the_headers():
    assert header.version() == kernels.API_VERSION


# --- the layout -----------------------------------------------------------------------------------


def changes(now, then, *, same):
    """What a layout does to clients that were compiled for an older one."""
    bad = []
    for struct, old in then.items():
        new = now.get(struct, [])
        bad += [
            f"{struct}.{a[0]}: was {a}, is {b}"
            for a, b in zip(old[1:], [*new[1:], *[None] * len(old)], strict=False)
            if a != b
        ]
        if same and len(new) != len(old):
            bad.append(f"{struct}: has {len(new) - 1} fields, had {len(old) - 1}")
        if new and new[0][2] < old[0][2]:
            bad.append(f"{struct}: is smaller than it was")
    return bad


@needs_compiler
def test_the_layout_is_the_recorded_one(tmp_path):
    known, version = header.recorded(), header.version()
    name = ".".join(map(str, version))
    advice = "raise VENIRE_API_MINOR (added at an end) or _MAJOR, then python tests/header.py"
    assert name in known, advice
    now = header.layout(str(tmp_path))
    assert not changes(now, known[name], same=True), advice
    for other, then in known.items():
        major, minor = map(int, other.split("."))
        if major == version[0] and minor < version[1]:
            assert not changes(now, then, same=False), (other, advice)


SIZE, X = ["size", 0, 8, "size_t"], ["x", 8, 8, "double"]
OLD = {"s": [[".", 0, 16, ""], SIZE, X]}


@pytest.mark.parametrize(
    ("now", "same", "n_bad"),
    [
        ([[".", 0, 16, ""], SIZE, X], True, 0),
        ([[".", 0, 24, ""], SIZE, X, ["y", 16, 8, "double"]], True, 1),
        ([[".", 0, 24, ""], SIZE, X, ["y", 16, 8, "double"]], False, 0),
        ([[".", 0, 16, ""], SIZE, ["y", 8, 8, "double"]], False, 1),
        ([[".", 0, 16, ""], SIZE, ["x", 8, 8, "int64_t"]], False, 1),
        ([[".", 0, 16, ""], SIZE, ["x", 8, 4, "float"], ["y", 12, 4, "float"]], False, 1),
        ([[".", 0, 8, ""], SIZE], False, 2),
    ],
)
def test_the_check_of_layouts_can_fail(now, same, n_bad):
    assert len(changes({"s": now}, OLD, same=same)) == n_bad
