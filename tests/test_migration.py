"""Pages for those who come from another package: their code runs, and prints what is said."""

from __future__ import annotations

import re
import warnings

import console
import printed
import pytest

FOLDER = console.DOCS / "migration"
PAGES = [page for page in sorted(FOLDER.glob("*.md")) if page.name != "index.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_calls_side_by_side_agree(page, tmp_path, monkeypatch):
    for name in printed.missing(page):
        pytest.skip(f"{name} is not installed")
    folder = console.workplace(tmp_path)
    monkeypatch.chdir(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of the other packages
        printed.check(page, folder)


def test_a_page_for_each():
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert {page.stem for page in PAGES} == {
        "arena-rank", "bradleyterry2", "choix", "crowd-kit", "evalica", "fastchat", "plackettluce",
        "scikit-learn",
    }  # fmt: skip
    for page in PAGES:
        assert f"]({page.name})" in index
        text = page.read_text(encoding="utf-8")
        assert "## What differs" in text
        # each claims that something agrees, by a comparison whose outcome is printed
        assert re.search(r"^# .*True", text, re.MULTILINE), page.stem
        assert not re.search(r"^# .*False", text, re.MULTILINE), page.stem


def test_what_is_printed_is_compared(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "% needs: math, no_such_package\n\n"
        "```python\nx = 1\nprint(x)\n# 1\nprint(x + 1)\n# 3\n\n\nprint(x + 2)\n```\n"
    )
    (block,) = console.blocks(page)
    wrong = printed.run(block, {}, page)
    assert [text.split("prints")[1].split() for text in wrong] == [["#", "2"], ["#", "3"]]
    assert ":7:" in wrong[0]
    assert printed.missing(page) == ["no_such_package"]
