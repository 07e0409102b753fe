"""Pages hold: examples run and print what stands there, links lead somewhere, files are there."""

from __future__ import annotations

import re

import console
import printed
import pytest

_LINK = re.compile(r"\]\(([^)#\s]+)?(#[^)\s]+)?\)")


def name_of(page):
    return str(page.relative_to(console.ROOT))


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """The folder in which this test is run."""
    folder = console.workplace(tmp_path)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    return folder


def with_examples(page):
    """Those of tests/test_migration.py need other packages."""
    if page.parent.name == "migration":
        return False
    return any(block.language in ("python", "sh", "console") for block in console.blocks(page))


@pytest.mark.parametrize("page", [p for p in console.PAGES if with_examples(p)], ids=name_of)
def test_the_examples_of_a_page_run(page, workplace):
    printed.check(page, workplace, strict=False)


def test_the_check_of_what_is_printed_can_fail():
    said = ["rank", "...", "12 items in 0.1 s", "[1] is * it?"]
    assert console.as_said(said, "rank\na\nb\n12 items in 7 s  \n[1] is * it?\n\n")
    assert not console.as_said(said, "rank\na\nb\n13 items in 7 s\n[1] is * it?\n")
    assert not console.as_said(said, "rank\na\n12 items in 7 s\n[1] is all it?\n")
    assert console.as_said(
        said, "venire: reading, 15 s, about 4 s left\nrank\na\n12 items in 7 s\n[1] is * it?"
    )
    assert not console.as_said([], "an error")
    pairs = list(console.commands("$ venire fit \\\n    a.csv\nrank\n$ venire rate\nx\n"))
    assert pairs == [("$ venire fit \\\n    a.csv", ["rank"]), ("$ venire rate", ["x"])]


@pytest.mark.parametrize("page", console.PAGES, ids=name_of)
def test_commands_stand_where_they_are_run(page):
    """A command in a block of no language would be run by nobody."""
    for block in console.blocks(page):
        if block.language not in ("sh", "console"):
            assert not re.search(r"^\$? ?venire ", block.text, re.MULTILINE), block.line


@pytest.mark.parametrize("page", console.PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for place, anchor in _LINK.findall(text):
        if place.startswith(("http:", "https:")):
            continue
        target = (page.parent / place).resolve() if place else page
        assert target.exists(), place
        if anchor:
            heads = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            ids = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in heads}
            assert anchor[1:] in ids, f"{place}{anchor}"


def listed(index):
    """The pages that the tables of contents of a page name."""
    for block in console.blocks(index):
        if block.language == "{toctree}":
            for line in block.text.splitlines():
                if line.strip() and not line.startswith(":"):
                    name = re.sub(r"^.*<(.*)>$", r"\1", line.strip())
                    yield (index.parent / name).with_suffix(".md")


def test_every_page_is_in_a_table_of_contents():
    """From the index on: what nobody names, nobody finds."""
    seen, ahead = set(), [console.DOCS / "index.md"]
    while ahead:
        page = ahead.pop()
        seen.add(page)
        if page.exists():
            ahead += [p for p in listed(page) if p not in seen]
    written = {p for p in console.DOCS.rglob("*.md") if "_build" not in p.parts}
    assert not (missing := written - seen), missing
    made = {console.DOCS / "api" / "index.md"}
    assert not (absent := {p for p in seen - written - made if "api" not in p.parts}), absent
    assert "docs/index.md" in (console.ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_is_one_page():
    """All else is in the documentation; the benchmarks' report finds its place."""
    text = (console.ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    assert text.count("](docs/pictures/") == 2
    for word in ("make demo", "make test", "venire fit", "venire report", "pip install"):
        assert word in text, word
    assert text.index("<!-- benchmarks:begin -->") < text.index("<!-- benchmarks:end -->")


def test_the_pictures_of_the_pages_are_what_the_package_draws(tmp_path):
    """By what is written in them: where lines end differs with versions of matplotlib."""
    pytest.importorskip("matplotlib").use("Agg")
    import importlib.util

    spec = importlib.util.spec_from_file_location("pictures", console.DOCS / "pictures.py")
    pictures = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pictures)
    pictures.draw(tmp_path)
    folder = console.DOCS / "pictures"
    assert {p.name for p in folder.iterdir()} == set(pictures.PICTURES)
    for name in pictures.PICTURES:
        new, old = (
            re.findall(r"<text[^>]*>([^<]+)", (f / name).read_text("utf-8"))
            for f in (tmp_path, folder)
        )
        assert len(new) > 5, name
        assert old == new, f"{name}: python docs/pictures.py"
