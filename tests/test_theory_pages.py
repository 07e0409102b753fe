"""Pages on the mathematics: what they name is there, and what is cited is in the list."""

from __future__ import annotations

import re
from pathlib import Path

import console
import pytest

import venire

FOLDER = console.DOCS / "theory"
PAGES = [p for p in sorted(FOLDER.glob("*.md")) if p.stem not in ("index", "references", "solver")]
_DOI = re.compile(r"10\.\d{4,5}/[^\s,;\]>`\"'|]+")
_NAME = re.compile(r"`(?:vn|venire)\.([\w.]+)`")


def dois(text):
    """Digital object identifiers in a text, without the signs that follow them."""
    found = set()
    for doi in _DOI.findall(text.replace("%28", "(").replace("%29", ")")):
        doi = doi.rstrip(".:")
        while doi.endswith(")") and doi.count("(") < doi.count(")"):
            doi = doi[:-1].rstrip(".:")
        found.add(doi)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    assert "## Here" in text
    here = text[text.index("## Here") :]
    assert "venire.reference." in here
    assert "```python" in here
    for name in _NAME.findall(text):
        found = venire
        for part in name.split("."):
            found = getattr(found, part)
    head = re.search(r"twins? (?:in NumPy )?(?:is |are )?(.*?)(?:\n\n|\.\n)", here, re.DOTALL)
    for name in re.findall(r"`(\w+)`", head[1]) if head else ():
        if not hasattr(venire.reference, name):
            getattr(venire.reference.allocation, name)


def test_what_is_cited_is_in_the_list():
    listed = dois((FOLDER / "references.md").read_text(encoding="utf-8"))
    folders = [Path(venire.__file__).parent, console.ROOT / "csrc", console.DOCS]
    files = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in (".py", ".pyx", ".c", ".h", ".md")
        and path.name != "references.md"
        and not {"_build", "generated"} & {*path.parts}
    ]
    cited = {doi: path for path in files for doi in dois(path.read_text(encoding="utf-8"))}
    assert not {doi: cited[doi] for doi in cited.keys() - listed}
    assert not listed - cited.keys()
