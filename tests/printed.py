"""Blocks of Python on a page, run as they stand; what they print is what the comments below say.

A page that needs packages beyond those of `.[test]` names them, as they are imported, in a line
``% needs: evalica, pandas`` (a comment in MyST).
"""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import re
from pathlib import Path
from typing import Any

import console

_NEEDS = re.compile(r"^% needs: (.+)$", re.MULTILINE)


def missing(page: Path) -> list[str]:
    """The packages that a page needs and that are not installed."""
    found = _NEEDS.search(page.read_text(encoding="utf-8"))
    names = [name.strip() for name in found[1].split(",")] if found else []
    return [name for name in names if importlib.util.find_spec(name) is None]


def run(block: console.Block, names: dict[str, Any], page: Path, strict: bool = True) -> list[str]:
    """Run a block; what a statement prints and the comments below it do not say.

    Where it is not strict, nothing need be said.
    """
    lines, wrong = block.text.splitlines(), []
    for node in ast.parse(block.text).body:
        out = io.StringIO()
        ast.increment_lineno(node, block.line)
        with contextlib.redirect_stdout(out):
            exec(compile(ast.Module([node], []), str(page), "exec"), names)
        at, said = node.end_lineno - block.line, []  # type: ignore[operator]
        while at < len(lines) and lines[at].startswith("#"):
            said.append(lines[at].removeprefix("#").removeprefix(" "))
            at += 1
        if out.getvalue() and (said or strict) and not console.as_said(said, out.getvalue()):
            shown = "".join(f"# {line}\n" for line in out.getvalue().splitlines())
            wrong.append(f"{page}:{node.end_lineno}: prints\n{shown}")
    return wrong


def check(page: Path, folder: Path, strict: bool = True) -> None:
    """Run all examples of a page, in `folder`, which is the working folder of this process."""
    names: dict[str, Any] = {"__name__": "__main__"}
    wrong = []
    for block in console.blocks(page):
        where = f"{page}:{block.line}"
        if block.language == "python":
            wrong += run(block, names, page, strict)
        elif block.language == "sh":
            code, found = console.shell(block.text, folder)
            if code:
                wrong.append(f"{where}: exit code {code}\n{found}")
        elif block.language == "console":
            for command, said in console.commands(block.text):
                _, found = console.shell(command[2:], folder)
                if not console.as_said(said, found):
                    cure = f"python tests/console.py {page.relative_to(console.ROOT)}"
                    wrong.append(f"{where}: {command}\n{found}\n{cure}")
    assert not wrong, "\n".join(wrong)
