"""The documentation as `make docs` built it: complete, and by itself."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

import venire

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "docs" / "_build" / "html"
built = pytest.mark.skipif(not (BUILT / "objects.inv").exists(), reason="make docs builds it")


def namespaces():
    return sorted(set(dir(venire)) - {*venire.__all__, "__version__"})


def test_the_index_names_what_the_top_level_has():
    text = (ROOT / "docs" / "api" / "index.md").read_text(encoding="utf-8")
    named = re.findall(r"^   (\w+)$", text, re.MULTILINE)
    assert sorted(named) == sorted([*venire.__all__, *namespaces()])


def test_the_page_of_pictures_has_all_of_them():
    from venire import plots

    text = (ROOT / "docs" / "howto" / "pictures.md").read_text(encoding="utf-8")
    assert not (missing := [name for name in plots.__all__ if f"plots.{name}" not in text]), missing


def public():
    """Full names of all that is public, under the name of the top level where it has one."""
    yield from ((f"venire.{name}", "") for name in venire.__all__)
    for part in namespaces():
        module = import_module(f"venire.{part}")
        for name in getattr(module, "__all__", ()):
            same = name in venire.__all__ and getattr(venire, name) is getattr(module, name)
            yield (f"venire.{name}" if same else f"venire.{part}.{name}"), part


@built
def test_every_public_name_has_its_page():
    from sphinx.util.inventory import InventoryFile

    found = InventoryFile.loads((BUILT / "objects.inv").read_bytes(), uri="")
    known = {name for kind in found.data if kind.startswith("py:") for name in found.data[kind]}
    missing = [name for name, _ in public() if name not in known]
    assert not missing, missing
    for name, part in public():
        assert (BUILT / "api" / f"{name}.html").exists(), name
        if part:
            page = BUILT / "api" / f"venire.{part}.html"
            assert f'href="{name}.html' in page.read_text(encoding="utf-8"), (part, name)


@built
def test_no_directive_stands_in_the_text():
    """An option of a directive that a stray line cut off is shown as text."""
    shown = re.compile(r">[^<]*(?::link-type:|:maxdepth:|\{toctree\}|\{code-cell\})")
    for page in BUILT.rglob("*.html"):
        if "_modules" not in page.parts:
            assert not (found := shown.findall(page.read_text(encoding="utf-8"))), (page, found)


@built
def test_nothing_is_loaded_from_elsewhere():
    loads = re.compile(r"<(?:script|img|link|iframe|source)\b[^>]*(?:src|href)=.(https?:[^\"\' ]+)")
    for page in BUILT.rglob("*.html"):
        assert not (found := loads.findall(page.read_text(encoding="utf-8"))), (page, found)
    assert loads.findall('<script async src="https://a.b/c.js"></script>') == ["https://a.b/c.js"]
    for sheet in BUILT.rglob("*.css"):
        assert "url(http" not in sheet.read_text(encoding="utf-8"), sheet
