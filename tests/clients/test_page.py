"""The examples of the page "From your own code": built and run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig

import header
import numpy as np
import pytest

import venire as vn

PAGE = header.ROOT / "docs" / "howto" / "own_code.md"


def blocks(language):
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def sessions(name):
    """Lines for the interpreter that speak of a module, each with what it says."""
    for block in blocks("text"):
        if block.startswith(">>>") and f"{name}." in block:
            parts = re.split(r"^>>> ", block, flags=re.MULTILINE)[1:]
            return [part.partition("\n")[::2] for part in parts]
    raise AssertionError(name)


def setup_for(name, source):
    if source.endswith(".pyx"):
        (found,) = [block for block in blocks("text") if "cythonize" in block]
        return found
    return (
        "import venire\nfrom setuptools import Extension, setup\n"
        f"setup(name={name!r}, ext_modules=[Extension({name!r}, [{source!r}],"
        " include_dirs=[venire.get_include()])])\n"
    )


@pytest.mark.parametrize(
    ("name", "source", "language"), [("rate", "rate.pyx", "cython"), ("pairs", "pairs.c", "c")]
)
def test_the_module_does_what_the_page_says(tmp_path, monkeypatch, name, source, language):
    pytest.importorskip("setuptools")
    if language == "cython":
        pytest.importorskip("Cython")
    if header.compiler() is None:
        pytest.skip("there is no C compiler")
    (code,) = blocks(language)
    (tmp_path / source).write_text(code, encoding="utf-8")
    (tmp_path / "setup.py").write_text(setup_for(name, source), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob(f"{name}{sysconfig.get_config_var('EXT_SUFFIX')}"))
    monkeypatch.syspath_prepend(tmp_path)
    known = {"np": np, name: __import__(name)}
    for line, said in sessions(name):
        assert told(line, known) == said.strip(), line


def told(line, known):
    """What the interpreter prints for a line."""
    try:
        value = eval(line, known)
    except SyntaxError:
        exec(line, known)
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "" if value is None else repr(value)


def test_the_page_names_the_version():
    assert "API_VERSION" in PAGE.read_text(encoding="utf-8")
    assert len(vn.kernels.API_VERSION) == 2
