"""Examples of the pages: run as they stand, and what they print compared with what stands there.

``python tests/console.py README.md docs/*.md docs/*/*.md`` writes into them what they print now.

A block of ``python`` is run after those before it on its page, and a block of ``sh``. In a block
of ``console`` each line that begins with ``$`` is a command and the lines below it what it prints,
where a line ``...`` stands for any lines. All run in an empty folder: a page writes the files that
it needs (``venire data``).
"""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import venire

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
# Notebooks are executed, and their links checked, by the build of the documentation.
PAGES = [
    ROOT / "README.md",
    *sorted(p for p in DOCS.rglob("*.md") if not {"_build", "notebooks"} & {*p.parts}),
]
_BLOCK = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# What long jobs say of the time where there is no terminal.
_LOG = re.compile(r".*, (about )?\d+ (s|min \d+ s|h \d+ min)( left)?")
_SECONDS = re.compile(r"\b\d+(\.\d+)? (ms|s|min)\b|(?<=residual )\S+")


class Block(NamedTuple):
    language: str
    text: str
    start: int  # in the page
    line: int


def blocks(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(m[1], m[2], m.start(2), text.count("\n", 0, m.start()) + 1)
        for m in _BLOCK.finditer(text)
    ]


def workplace(folder: Path) -> Path:
    """An empty folder but for a command that runs what is tested, as a stranger has it."""
    (folder / "bin").mkdir()
    for name, module in (("venire", "venire.cli"), ("python", "")):
        words = f'"{sys.executable}" -m {module}' if module else f'"{sys.executable}"'
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    return folder


def shell(command: str, folder: Path) -> tuple[int, str]:
    """Exit code of a command, and all that it prints, in the order of printing."""
    found = str(Path(venire.__file__).parents[1])  # this source, or what is installed
    own = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "100", "NO_COLOR": "1",
        "PYTHONUNBUFFERED": "1", "PYTHONPATH": found, "MPLBACKEND": "Agg",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=os.environ | own, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=300,
    )  # fmt: skip
    return done.returncode, done.stdout


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that it is said to print."""
    command, said = "", []  # type: ignore[var-annotated]
    lines = iter(text.splitlines())
    for line in lines:
        if not line.startswith("$ "):
            said.append(line)
            continue
        if command:
            yield command, said
        command, said = line, []
        while command.endswith("\\"):
            command += "\n" + next(lines)
    if command:
        yield command, said


def printed(text: str) -> list[str]:
    """Lines that are not empty, without spaces at their ends and what differs from run to run."""
    lines = [line.rstrip() for line in text.splitlines()]
    return [_SECONDS.sub("N", line) for line in lines if line and not _LOG.fullmatch(line)]


def as_said(said: list[str], found: str) -> bool:
    """Whether a command printed what is said; a line of three dots stands for any lines."""
    pattern = "\n".join(
        "*" if line.strip() == "..." else "".join(f"[{c}]" if c in "*?[" else c for c in line)
        for line in printed("\n".join(said))
    )
    return fnmatch.fnmatchcase("\n".join(printed(found)), pattern)


def refreshed(page: Path) -> str:
    """The page with what its commands print now; what stands for any lines stays."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as place:
        folder, new, at = workplace(Path(place)), "", 0
        for block in blocks(page):
            if block.language == "sh":
                shell(block.text, folder)
            if block.language != "console":
                continue
            parts = []
            for command, said in commands(block.text):
                _, found = shell(command[2:], folder)
                keep = as_said(said, found) or any(line.strip() == "..." for line in said)
                parts += [command, *(said if keep else (x.rstrip() for x in found.splitlines()))]
            body = re.sub(r"\n{3,}", "\n\n", "\n".join(parts)).rstrip("\n") + "\n"
            new += text[at : block.start] + body
            at = block.start + len(block.text)
        return new + text[at:]


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(name)
        path.write_text(refreshed(path), encoding="utf-8")
