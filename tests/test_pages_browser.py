"""Pages in a browser: Chromium, without a window, driven by Playwright.

Playwright brings the events of console and network, real keys and printing in one API, and takes
the Chromium of the system; nothing is downloaded. Skipped where either is missing.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pages_cases
import pytest

import venire as vn

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = os.environ.get("VENIRE_CHROMIUM") or shutil.which("chromium")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        started = p.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The pages, by name."""
    folder = tmp_path_factory.mktemp("pages")
    votes = pages_cases.votes()
    by = ["code" if k % 2 else "chat" for k in range(len(votes.groups))]
    prior = vn.GaussianPrior(0.1)
    results = {
        "evil": vn.fit_bradley_terry(pages_cases.evil()),
        "many": vn.fit_bradley_terry(pages_cases.games(300, 6000), prior=prior),
        "groups": pages_cases.grouped(),
        "votes": vn.rate(votes, by=by),
    }
    for name, result in results.items():
        vn.pages.report(result, folder / f"{name}.html", title=f"<b>{name}</b>")
    return folder


class Opened:
    """A page, and what it did that it should not do."""

    def __init__(self, browser, path: Path, viewport=WIDE) -> None:
        self.page = browser.new_page(viewport=viewport)
        self.complaints: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(f"console: {m.text}"))
        self.page.on("pageerror", lambda e: self.complaints.append(f"error: {e}"))
        self.page.on("dialog", lambda d: self.complaints.append(f"dialog: {d.message}"))
        self.page.on("request", lambda r: self._asked(r.url, path))
        self.page.goto(path.as_uri())

    def _asked(self, url: str, path: Path) -> None:
        if url != path.as_uri() and not url.startswith("data:"):
            self.complaints.append(f"request: {url}")

    def items(self) -> list[str]:
        """What the visible rows of the visible table are called."""
        rows = self.page.locator("section:not([hidden]) table.board > tbody > tr")
        return rows.locator("> td.label").all_inner_texts()

    def shows(self, expected) -> bool:
        """Whether the rows are these soon, or what the function says of them: sorting is a task
        that the browser does when it comes to it."""
        holds = expected if callable(expected) else lambda items: items == expected
        for _ in range(60):
            if holds(self.items()):
                return True
            self.page.wait_for_timeout(100)
        return False

    def header(self, name: str):
        heads = self.page.locator("section:not([hidden]) table.board > thead th")
        return heads.filter(has_text=name).first


@pytest.fixture
def opened(browser, made):
    pages = []

    def go(name: str, viewport=WIDE) -> Opened:
        pages.append(Opened(browser, made / f"{name}.html", viewport))
        return pages[-1]

    yield go
    for one in pages:
        one.page.close()
        assert not one.complaints


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("name", ["evil", "many", "groups", "votes"])
def test_a_page_opens_fits_and_prints(opened, name, viewport):
    page = opened(name, viewport).page
    assert page.title() == f"<b>{name}</b>"
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert page.locator("table.board.dataTable").first.is_visible()
    assert page.pdf().startswith(b"%PDF")


def test_columns_sort(opened):
    one = opened("evil")
    best = one.items()
    one.header("rating").click()
    one.header("rating").click()
    assert one.shows(best[::-1])
    one.header("rating").click()
    one.header("item").click()
    assert one.shows(lambda items: items not in (best, best[::-1]))
    assert sorted(one.items()) == sorted(best)
    one.header("rank").click()
    assert one.shows(best)
    assert one.header("rank").get_attribute("aria-sort") == "ascending"


def test_search_finds(opened):
    one = opened("evil")
    search = one.page.get_by_role("searchbox")
    for text, found in (("模型", 1), ("</script><script>", 1), ("no such", 0),
                        ("&lt;&<img", 1), ("&amp;", 1), ("<!--", 1), ("", 13)):  # fmt: skip
        search.fill(text)
        assert one.shows(lambda items, found=found: len(items) == found)
    search.fill("0.")  # what is searched are names, not numbers
    assert one.shows([])
    search.fill("مرحبا")
    assert one.shows(["مرحبا بالعالم"])


def test_scripts_in_labels_do_not_run(opened):
    one = opened("evil")
    buttons = one.page.locator("button.open")
    for k in range(buttons.count()):
        buttons.nth(k).click()
    assert one.page.locator(".against td", has_text="document.title").count() > 10
    assert one.page.title() == "<b>evil</b>"
    assert one.page.locator("main img, main b").count() == 0


def test_a_row_is_no_higher_than_a_screen(opened):
    one = opened("evil", NARROW)
    button = one.page.locator("button.open", has_text="-longer-")
    low = button.bounding_box()["height"]
    assert low < 0.3 * NARROW["height"]
    button.click()
    assert button.bounding_box()["height"] > 5.0 * low


def test_the_policy_stops_other_scripts(browser, made, tmp_path):
    """Even if a label came through: the page runs only what its hashes name."""
    text = (made / "evil.html").read_text(encoding="utf-8")
    planted = text.replace("<main>", "<main><script>document.title='ran'</script>"
                           "<img src=x onerror=\"document.title='ran'\">")  # fmt: skip
    path = tmp_path / "planted.html"
    path.write_text(planted, encoding="utf-8")
    one = Opened(browser, path)
    assert one.page.title() == "<b>evil</b>"
    assert one.page.locator("table.board.dataTable").count() == 1
    assert len([c for c in one.complaints if "Content Security Policy" in c]) >= 2
    one.page.close()


def test_details_by_keyboard(opened):
    one = opened("many")
    page = one.page
    page.get_by_role("searchbox").focus()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "open":
            break
    first = one.items()[0]
    assert page.evaluate("document.activeElement.textContent") == first
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    against = page.get_by_role("region", name="Games against each opponent")
    assert against.locator("tbody tr").count() > 10
    page.keyboard.press("Enter")
    assert against.count() == 0


def test_headers_sort_by_keyboard(opened):
    one = opened("evil")
    best = one.items()
    one.page.get_by_role("searchbox").focus()
    for _ in range(6):
        one.page.keyboard.press("Tab")
        if one.page.evaluate("document.activeElement.closest('th')?.innerText").startswith("games"):
            break
    one.page.keyboard.press("Enter")
    assert one.shows(lambda items: items != best)
    assert one.header("games").get_attribute("aria-sort") == "descending"


def test_long_tables_have_pages_and_print_whole(opened):
    one = opened("many")
    assert len(one.items()) == 50
    first = one.items()
    one.page.locator(".dt-paging-button", has_text="3").click()
    assert one.shows(lambda items: len(items) == 50 and not set(items) & set(first))
    one.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert len(one.items()) == 300
    one.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(one.items()) == 50


def test_tabs_by_keyboard(opened):
    one = opened("groups")
    tabs = one.page.get_by_role("tab")
    tabs.first.focus()
    seen = [one.items()]
    for key in ("ArrowRight", "ArrowRight", "End", "Home", "ArrowLeft"):
        one.page.keyboard.press(key)
        seen.append(one.page.evaluate("document.activeElement.textContent"))
    assert set(seen[0]) == {"en", "<i>de</i>", "中文"}
    assert seen[3:] == [tabs.last.inner_text(), "all groups", tabs.last.inner_text()]
    assert one.page.locator("[role=tab][tabindex='0']").count() == 1
    assert one.page.get_by_role("tabpanel").count() == 1
    assert len(one.items()) == 6


def test_a_page_reads_without_scripts(browser, made):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((made / "many.html").as_uri())
    assert page.locator("table.board > tbody > tr").count() == 200
    assert "The first 200 of 300" in page.inner_text("main")
    context.close()
