"""Pages of results: what is on them, and that nothing in a label is more than text."""

from __future__ import annotations

import json
import re
import warnings
from html.parser import HTMLParser

import numpy as np
import pages_cases
import pytest

import venire as vn
from venire.pages._opponents import opponents


class Text(HTMLParser):
    """The elements of a page, and its text outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._skipped = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._skipped = tag in ("script", "style")

    def handle_endtag(self, tag):
        self._skipped = False

    def handle_data(self, data):
        self.text += "" if self._skipped else data


def data_of(page: str):
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    return json.loads(text)


@pytest.fixture(scope="module")
def evil() -> str:
    return vn.pages.report(
        vn.fit_bradley_terry(pages_cases.evil()),
        title="<script>alert('title')</script>",
        notes=["<b>note</b>"],
        command=["venire", "report", "</script>.csv"],
    )


def test_labels_are_text_everywhere(evil):
    page = Text(evil)
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert [s["type"] for s in scripts] == ["application/json", "module", "module"]
    assert not [tag for tag, _ in page.tags if tag in ("img", "b", "iframe")]
    events = [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    assert not events
    for label in pages_cases.EVIL[:-2]:
        assert label in page.text
    assert "<b>note</b>" in page.text
    rows = data_of(evil)[0]["rows"]
    assert {row[1] for row in rows} >= set(pages_cases.EVIL[:-2])
    assert "\\u202eevil" in {row[1] for row in rows}  # what turns the direction is escaped


def test_nothing_is_fetched(evil):
    page = Text(evil)
    for tag, attributes in page.tags:
        assert not attributes.get("src"), tag
        assert tag != "link"
        assert tag == "a" or not (attributes.get("href") or "#").startswith("http")
    assert "@import" not in evil
    assert not re.search(r"url\(\s*['\"]?(?!data:|#)[a-z]+:", evil.partition("<script")[0])
    (policy,) = [a["content"] for t, a in page.tags if a.get("http-equiv")]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert not re.search("script-src[^;]*unsafe", policy)


def test_pictures_keep_text_and_their_ids_apart(evil):
    page = Text(evil)
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    svg = evil[evil.index("<svg") : evil.index("</svg>")]
    assert "<text" in svg
    assert "<style" not in svg
    assert "$x_1$ &amp;" in svg


def test_opponents_are_what_was_played():
    c = vn.Comparisons.from_counts(
        ["a", "a", "b"], ["b", "c", "c"], [3, 1, 2], [1, 0, 2], [0, 1, 0]
    )
    fit = vn.fit_bradley_terry(c)
    found = opponents(fit, fit.best_first())
    names = fit.items[fit.best_first()].tolist()
    assert found["met"] == [2, 2, 2]
    row = found["rows"][names.index("a")]
    table = {names[row[k]]: row[k + 1 : k + 5] for k in range(0, len(row), 5)}
    assert list(table) == ["b", "c"]  # met most first
    games, won, expected, z = table["b"]
    assert (games, won) == (4, 0.75)
    p = float(fit.predict("a", "b"))
    assert expected == pytest.approx(p, abs=5e-4)
    assert z == pytest.approx((3 - 4 * p) / np.sqrt(4 * p * (1 - p)), abs=0.05)
    assert table["c"][:2] == [2, 0.75]  # a win and a tie


def test_no_zero_has_a_minus():
    c = vn.Comparisons(["a", "b", "c"], ["b", "c", "a"], 1.0)
    fit = vn.fit_bradley_terry(c, init=[1e-12, -1e-12, 0.0])
    assert min(fit.theta) < 0.0
    assert "-0.0000" not in vn.pages.report(fit)


def test_opponents_of_many_items_are_those_met_most():
    fit = vn.fit_bradley_terry(pages_cases.games(12, 3000), prior=vn.GaussianPrior(0.1))
    whole = opponents(fit, fit.best_first())
    few = opponents(fit, fit.best_first()[:4])
    assert [len(row) // 5 for row in whole["rows"]] == [11] * 12
    assert {row[k] for row in few["rows"] for k in range(0, len(row), 5)} == {-1, 0, 1, 2, 3}


def test_order_effects_and_ties_are_expected():
    r = np.random.default_rng(3)
    score = r.choice([1.0, 0.5, 0.0], 4000, p=[0.5, 0.3, 0.2])
    i = r.integers(0, 3, 4000)
    c = vn.Comparisons(i, (i + r.integers(1, 3, 4000)) % 3, score)
    fit = vn.fit_davidson(c, order_effect=True)
    rows = opponents(fit, np.arange(3))["rows"]
    won = sum(row[k + 1] * row[k + 2] for row in rows for k in range(0, len(row), 5))
    assert won == pytest.approx(4000, abs=10)
    for row in rows:  # the fit holds the points of each item
        gap = sum(row[k + 1] * (row[k + 2] - row[k + 3]) for k in range(0, len(row), 5))
        assert gap == pytest.approx(0.0, abs=3.0)


def test_what_is_not_known_is_said():
    apart = vn.Comparisons(["a", "b", "a", "x", "y"], ["b", "a", "b", "y", "x"], 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = vn.fit_bradley_terry(apart)
        stopped = vn.fit_bradley_terry(pages_cases.games(5, 200), max_iter=1)
    page = Text(vn.pages.report(fit)).text
    assert "NOT IDENTIFIED" in page
    assert "NOT CONVERGED" in Text(vn.pages.report(stopped)).text
    few = vn.Comparisons(["a", "b", "c", "a", "c"], ["b", "c", "a", "c", "b"], [1, 1, 1, 0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boot = vn.bootstrap(vn.fit_bradley_terry(few), 200, rng=1)
        groups = vn.fit_groups(
            vn.GroupedComparisons(["<i>", "<i>", "<i>"], ["a", "b", "a"], ["b", "c", "c"], 1.0),
            max_iter=1,
        )
    said = f"REPLICATES LEFT OUT: of 200 replicates {boot.n_failed} have no finite fit."
    assert said in Text(vn.pages.report(boot)).text
    assert "NOT CONVERGED: 1 of 1 groups (<i>)" in Text(vn.pages.report(groups)).text
    held = vn.fit_bradley_terry(apart, prior=vn.GaussianPrior(0.01))
    page = vn.pages.report(held)
    assert "NOT DETERMINED BY THE DATA" in Text(page).text
    ranks = {row[1]: row[0] for row in data_of(page)[0]["rows"]}
    assert ranks["x"] == ranks["y"] == "-"
    assert "NOT " not in Text(vn.pages.report(vn.fit_bradley_terry(pages_cases.games(5, 200)))).text


def test_groups_have_tabs():
    page = vn.pages.report(pages_cases.grouped())
    tabs = [a for tag, a in Text(page).tags if a.get("role") == "tab"]
    assert len(tabs) == 4
    sheets = data_of(page)
    assert [c["title"] for c in sheets[0]["columns"]][:2] == ["group", "best item"]
    assert all(sheet["opponents"] for sheet in sheets[1:])


def test_a_group_without_the_anchor_is_shown_all_the_same():
    groups = vn.GroupedComparisons(["q", "r", "r"], ["a", "a", "b"], ["b", "b", "c"], [1, 0.5, 0])
    fit = vn.fit_groups(groups)
    text = Text(fit.to_elo("c").report()).text
    assert text.count("c, the anchor, is not in this group") == 1
    assert text.count("on the model's own scale") == 0
    assert Text(fit.standardize().report()).text.count("on the model's own scale") == 2


def test_many_groups_are_said_to_be_many():
    r = np.random.default_rng(0)
    g = vn.GroupedComparisons(np.repeat(np.arange(40), 30), r.integers(0, 3, 1200),
                              r.integers(3, 6, 1200), r.integers(0, 2, 1200))  # fmt: skip
    page = vn.pages.report(g)
    assert len(data_of(page)) == 25
    assert "24 of 40 groups have a tab" in Text(page).text


def test_judges_are_on_pages_of_votes():
    votes = pages_cases.votes()
    rated = vn.rate(votes, by=["code" if k % 2 else "chat" for k in range(len(votes.groups))])
    page = Text(vn.pages.report(rated))
    assert [a["id"] for t, a in page.tags if a.get("role") == "tab"] == ["tab-0", "tab-1", "tab-2"]
    for text in ("Judges", "<b>dan</b>", "position bias", "clustered by prompt", "chat", "code"):
        assert text in page.text


def test_votes_on_pairs_are_pairs():
    votes = vn.Votes.from_pairs(["p", "p", "q"], ["ann", "bea", "ann"], [1, 1, -1])
    page = vn.pages.report(votes)
    assert [row[0] for row in data_of(page)[0]["rows"]] == ["q", "p"]
    assert "Judges" in Text(page).text


def test_a_bootstrap_shows_rank_intervals():
    b = vn.bootstrap(vn.fit_bradley_terry(pages_cases.games(5, 400)), 50, rng=1)
    page = vn.pages.report(b)
    assert "rank interval" in [c["title"] for c in data_of(page)[0]["columns"]]
    assert "50 multinomial replicates" in Text(page).text


def test_draws_from_a_fit_are_shown_alike():
    draws = vn.resampling.sample(vn.fit_bradley_terry(pages_cases.games(5, 400)), 60, rng=1)
    page = draws.report(title="Draws")
    assert "60 draws of the normal approximation" in Text(page).text
    assert "rank interval" in [c["title"] for c in data_of(page)[0]["columns"]]


def test_without_errors_no_picture_needs_them():
    fit = vn.fit_bradley_terry(pages_cases.games(5, 400))
    page = fit.report(errors=None)
    names = [a["aria-label"] for tag, a in Text(page).tags if tag == "svg"]
    assert names == ["Wins", "Calibration", "Residuals", "Who met whom"]
    assert [c["title"] for c in data_of(page)[0]["columns"]] == ["rank", "item", "rating", "games"]


def test_lines_above_the_table_are_told_apart():
    fit = vn.fit_bradley_terry(vn.Comparisons(["a", "b", "a"], ["b", "a", "b"], [1, 0, 0]))
    assert ">comparisons 3, items 2, components 1, free parameters 1</p>" in vn.pages.report(fit)


def test_pictures_of_a_page_are_not_shown_in_a_notebook(monkeypatch):
    from matplotlib import pyplot

    fit = vn.fit_bradley_terry(vn.Comparisons(["a", "b"], ["b", "a"], [1, 1]))
    monkeypatch.setattr("sys.ps1", ">>> ", raising=False)
    mine = pyplot.figure()
    assert "<svg" in vn.pages.report(fit)
    assert pyplot.get_fignums() == [mine.number]
    pyplot.close(mine)


def test_the_same_page_is_written(tmp_path):
    fit = vn.fit_bradley_terry(pages_cases.games(5, 400))
    path = tmp_path / "a page.html"
    assert vn.pages.report(fit, path) is None
    made = [re.sub(r"venire \S+, 20[^;]*", "", x) for x in (path.read_text(), vn.pages.report(fit))]
    assert made[0] == made[1]


def test_units_and_audits_are_those_given():
    fit = vn.fit_bradley_terry(pages_cases.games(5, 400)).rescale("elo")
    looked = vn.audit(vn.Comparisons(["a", "x"], ["b", "y"], 0.5))
    page = vn.pages.report({"one": fit, "<two>": fit}, audited=looked)
    assert [c["title"] for c in data_of(page)[0]["columns"]][2] == "Elo"
    assert "components" in Text(page).text
    assert "<two>" in Text(page).text
    assert "odd about the data" not in Text(vn.pages.report(fit, audited=False)).text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"result": 5}, "result = 'int'"),
        ({"result": {}}, "result"),
        ({"result": {1: None}}, "result = 1"),
        ({"result": {"a": 1}}, r"result\['a'\]"),
        ({"title": 5}, "title = 5"),
        ({"notes": [5]}, r"notes\[0\] = 5"),
        ({"level": 1.5}, "level = 1.5"),
        ({"errors": "none"}, "errors = 'none'"),
        ({"audited": "yes"}, "audited = 'yes'"),
        ({"command": 3}, "command = 3"),
        ({"path": 3}, "path = 3"),
    ],
)
def test_what_is_refused(arguments, says):
    fit = vn.fit_bradley_terry(pages_cases.games(3, 60))
    with pytest.raises((TypeError, ValueError), match=says):
        vn.pages.report(**{"result": fit, **arguments})


def test_a_folder_that_is_not_there(tmp_path):
    fit = vn.fit_bradley_terry(pages_cases.games(3, 60))
    with pytest.raises(OSError, match="nowhere"):
        vn.pages.report(fit, tmp_path / "nowhere" / "page.html")
