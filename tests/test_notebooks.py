"""Notebooks: their cells run, and the claims of their texts hold. The build of the documentation
runs them in a kernel, and shows what they print."""

from __future__ import annotations

import re

import console
import pytest

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("sklearn")

FOLDER = console.DOCS / "notebooks"
NOTEBOOKS = sorted(page for page in FOLDER.glob("*.md") if page.name != "index.md")
_CELL = re.compile(
    r"^```\{code-cell\} ipython3\n((?::[^\n]*\n)*)(.*?)^```$", re.DOTALL | re.MULTILINE
)


@pytest.mark.slow
@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_a_notebook_runs_and_its_claims_hold(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names: dict = {"__name__": "__main__"}
    text = page.read_text(encoding="utf-8")
    for cell in _CELL.finditer(text):
        line = text.count("\n", 0, cell.start(2))
        exec(compile("\n" * line + cell[2], str(page), "exec"), names)


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_a_notebook_is_listed_and_checks_what_it_claims(page):
    text = page.read_text(encoding="utf-8")
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    assert f"[{title[1]}]({page.name})" in index
    assert re.search(rf"^{page.stem}$", index, re.MULTILINE)  # of the toctree
    assert text.count("```{code-cell}") == len(_CELL.findall(text))
    assert "assert" in text
    lines = [x for how, cell in _CELL.findall(text) for x in cell.splitlines() if not how]
    assert max(map(len, lines)) <= 90  # what the column of the page holds
