"""Results as tables: text, HTML, Markdown and LaTeX, and whatever stands in labels."""

from __future__ import annotations

import html.parser
import json
import re
import sys

import numpy as np
import pytest

import venire as vn
from venire._core.tables import Table
from venire.cli import main
from venire.io import DataError, write_table

NASTY = [
    "<script>alert('x')</script>", 'a "b" & <b>', "&lt;", "a|b\\|c", "*x* _y_ `z` [u](v)",
    "$x_1$ #1 50% {a}~^\\", "[first](x)", "*first", "日本語 🐦", "שלום", "two\nlines\x1b[31m", "",
]  # fmt: skip


class Cells(html.parser.HTMLParser):
    """The text of each cell, the lines of paragraphs, and the tags."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.said, self.tags, self._at = [], [""], set(), None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")
        self._at = tag if tag in ("th", "td", "p") else "p" if tag == "br" else self._at
        if tag in ("p", "br"):
            self.said.append("")

    def handle_data(self, data):
        if self._at == "p":
            self.said[-1] += data.strip("\n")
        elif self._at and data.strip("\n"):
            self.rows[-1][-1] += data


def nasty(n=None):
    labels = NASTY[:n]
    columns = {"item": np.array(labels, object), "theta": np.arange(len(labels)) / 2.0}
    return Table.of(["of <b> & |"], columns, ["$note$ *1*"])


def shown(label):
    return label.replace("\n", "\\n").replace("\x1b", "\\x1b")


def test_html_says_what_labels_say_and_does_nothing_else():
    found = Cells(nasty().to_html())
    assert found.tags <= {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "bdi"}
    assert found.rows[0] == ["item", "estimate"]
    assert [row[0] for row in found.rows[1:]] == [shown(x) for x in NASTY]
    assert found.said[1:] == ["of <b> & |", "$note$ *1*"]
    assert "mathjax_ignore" in nasty().to_html()
    page = nasty().page()
    assert page.startswith("<!doctype html>")
    assert "<title>of &lt;b&gt; &amp; |</title>" in page


def test_markdown_says_what_labels_say():
    markdown = pytest.importorskip("markdown_it").MarkdownIt("gfm-like", {"html": True})
    found = Cells(markdown.disable("linkify").render(nasty().to_markdown()))
    assert found.tags <= {"p", "table", "thead", "tbody", "tr", "th", "td"}
    expected = [shown(x).replace("$", "$") for x in NASTY]
    assert [row[0].replace("\\$", "$") for row in found.rows[1:]] == expected
    assert found.rows[1][1] == "0.0000"
    assert not re.search(r"(?<!\\)\$", nasty().to_markdown())


def test_markdown_lines_are_no_lists():
    table = Table.of(["# one", "2. two", "- three"], {"x": [None, -0.0]}, ["+ four"])
    lines = table.to_markdown().splitlines()
    assert [line.rstrip() for line in lines[:3]] == ["\\# one", "2\\. two", "\\- three"]
    assert lines[-1] == "\\+ four"
    assert [line.strip("| ") for line in lines[6:8]] == ["-", "0"]


def test_latex_keeps_its_signs_to_itself():
    text = nasty().to_latex()
    rows = text[text.index("\\midrule") : text.index("\\bottomrule")].splitlines()[1:]
    assert len(rows) == len(NASTY)
    assert all(row.endswith("\\\\") and len(re.findall(r"(?<!\\)&", row)) == 1 for row in rows)
    bare = re.sub(r"\\(ensuremath\{[<>]\}|text\w+\{\}|\^\{\}|[&%$#_{}])", "", text)
    table = bare[bare.index("\\midrule") + 8 : bare.index("\\bottomrule")]
    assert not re.search(r"[%$#_~^]", table)
    assert not re.search(r"(?m)^\s*[\[*]", table)  # which would belong to the end of a row
    assert "{}[first]" in text
    assert "\\caption{{}of \\ensuremath{<}b\\ensuremath{>} \\& |}" in text


def test_text_is_that_of_a_summary():
    fit = vn.fit_bradley_terry(vn.Comparisons(["a", "b"], ["b", "c"], [0.5, 0.5]))
    assert str(fit.summary()) == str(fit.summary().table)
    lines = str(nasty(3)).splitlines()
    assert lines[0] == "of <b> & |"
    assert len({len(line) for line in lines if line.startswith("-")}) == 1


def test_rows_that_are_left_out_are_counted():
    table = Table.of([], {"x": np.arange(100)}, top=7, what="asks")
    assert len(table.columns["x"]) == 7
    assert table.notes == ["... and 93 more asks"]
    assert len(Table.of([], {"x": np.arange(60)}).columns["x"]) == 60
    assert len(Table.of([], {"x": np.arange(61)}).columns["x"]) == 30


def test_what_is_not_known_is_no_number():
    ranks = np.ma.masked_array([1, 2], [False, True])
    table = Table.of(
        [], {"item": ["a", "b"], "rank": ranks, "theta": [1.0, np.nan], "ok": [True, None]}
    )
    assert table.columns == {
        "rank": ["1", "-"], "item": ["a", "b"], "estimate": ["1.0000", "nan"], "ok": ["yes", "-"],
    }  # fmt: skip


# ---- results ------------------------------------------------------------------------------------


def results():
    a, b, score = ["<i>", "b|", "c"] * 3, ["b|", "c", "<i>"] * 3, [1, 0.5, 1, 0, 1, 1, 1, 0, 0]
    c = vn.Comparisons(a, b, score)
    fit = vn.fit_bradley_terry(c)
    g = vn.GroupedComparisons(["<g>"] * 9, a, b, score)
    gf = vn.fit_groups(g)
    votes = vn.Votes(
        ["<i>", "b|", "<i>"] * 2, ["b|", "c", "c"] * 2, ["<t>"] * 3 + ["u"] * 3,
        [1, -1, 0, 1, 1, 1], group=["p", "p", "q"] * 2,
    )  # fmt: skip
    consensus = vn.consensus(votes)
    loop = vn.distillation.Distillation((["q"] * 3, ["<i>", "b|", "c"]), ["<t>", "u"])
    requests = loop.ask()
    loop.tell(requests.request, [1] * len(requests))
    yield from (c, fit, g, gf, votes, consensus, consensus.posterior, requests, loop.report())
    yield vn.fit_bradley_terry(c, max_iter=1, tol=1e-15, prior=vn.GaussianPrior(1.0))
    yield from (
        vn.bootstrap(fit, 5, rng=0),
        vn.bootstrap(gf, 5, rng=0),
        vn.resampling.sample(fit, 5),
    )
    yield vn.bootstrap_statistic(lambda x, w: x @ w / w.sum(), np.arange(9.0), n_resamples=9, rng=1)
    yield vn.calibrate(gf, anchors=(["<g>"], ["c"], [0.0], [0.1]))
    yield from (vn.rate(votes, prior=vn.GaussianPrior(0.1)), vn.audit(c), vn.panel.agreement(votes))
    yield from (vn.targets.make_targets(gf), vn.fit_votes(votes), vn.BetaPosterior(2, 3))
    yield from (vn.simulate.plan(6, 20, (2,), n_seeds=1, rng=0), vn.design.allocate(g, 1, rng=0))
    yield from (vn.design.design_pairs([4, 3], 2, rng=0), vn.design.design_bridges([4, 3], rng=0))
    members = [[1.0, 2.0, 3.0], [1.0, 3.0, 4.0]]
    yield vn.ensembles.decompose(members, [1.0, 2.0, 4.0])
    yield vn.ensembles.decompose([["a", "b"], ["a", "a"]], ["a", "b"], loss="zero-one")
    yield vn.ensembles.learning_curve(members, [1.0, 2.0, 4.0])


@pytest.mark.filterwarnings("ignore")
def test_every_result_shows_itself():
    names = set()
    for result in results():
        names.add(name := type(result).__name__)
        text = result._repr_html_()
        found = Cells(text)
        assert found.tags <= {"div", "p", "br", "table", "thead", "tbody", "tr", "th", "td", "bdi"}
        assert found.said[1], name  # what it is
        assert len(text) < 10_000, name
        assert text == result.to_html(20) == result.to_html(np.int64(20))
        assert result.to_markdown(2).count("\n|") <= 4, name
        assert result.to_latex(2).startswith("\\begin{table}"), name
        with pytest.raises(ValueError, match="top = 0"):
            result.to_html(0)
    assert len(names) >= 26


@pytest.mark.filterwarnings("ignore::venire.ConvergenceWarning")
def test_a_fit_that_did_not_converge_says_so():
    c = vn.Comparisons(["a", "b", "c"] * 2, ["b", "c", "a"] * 2, [1, 1, 1, 0.5, 1, 1])
    fit = vn.fit_bradley_terry(c, max_iter=1)
    for text in (fit._repr_html_(), fit.to_markdown(), fit.to_latex()):
        assert "NOT CONVERGED" in text


def test_a_notebook_is_told_why_there_is_nothing_to_show():
    fit = vn.fit_bradley_terry(vn.Comparisons(["a", "b"], ["b", "a"], [1, 1]))
    one = vn.resampling.sample(fit, 1)
    with pytest.raises(ValueError, match="only one"):
        one.to_html()
    assert "only one draw" in one._repr_html_()


def test_nothing_in_a_printed_line_moves_the_cursor():
    label = "\x1b[31mred\u202e"
    fit = vn.fit_bradley_terry(vn.Comparisons([label, "b"], ["b", label], [1.0, 0.5]))
    with pytest.warns(vn.ConvergenceWarning):
        groups = vn.fit_groups(
            vn.GroupedComparisons([label] * 3, list("aba"), list("bcc"), 1.0), max_iter=1
        )
    for result in (fit.to_elo(anchor=label), groups):
        text = str(result.summary())
        assert "\\x1b[31mred\\u202e" in text
        assert text.replace("\n", "").isprintable()
    assert "NOT CONVERGED: 1 of 1 groups" in str(groups.summary())


def test_replicates_say_what_their_fit_lacks():
    games = vn.Comparisons(list("abca"), list("bcac"), [1.0, 1.0, 0.0, 1.0])
    with pytest.warns(vn.ConvergenceWarning):
        stopped = vn.fit_bradley_terry(games, max_iter=1, prior=vn.GaussianPrior(0.1))
    assert "NOT CONVERGED: the fit, 1 iter" in str(vn.bootstrap(stopped, 20, rng=1).summary())
    apart = vn.Comparisons(list("abxy"), list("bayx"), 0.5)
    with pytest.warns(vn.NotIdentifiedWarning):
        fit = vn.fit_bradley_terry(apart)
    assert "never met" in str(vn.bootstrap(fit, 20, rng=1).summary())


def test_many_items_are_shown_without_errors():
    n = 3_000
    at = np.arange(n)
    fit = vn.fit_bradley_terry(vn.Comparisons(at, (at + 1) % n, np.full(n, 0.5)))
    text = fit._repr_html_()
    assert "SE" not in text
    assert "... and 2980 more items" in text
    many = vn.GroupedComparisons(at // 2, at % 2, 1 - at % 2, np.full(n, 0.5))
    assert "... and 1,480 more groups" in vn.fit_groups(many)._repr_html_()


# ---- documents ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".md", ".html", ".tex"])
def test_documents(tmp_path, ending):
    path = tmp_path / f"board{ending}"
    rank = np.ma.masked_array([1, 2], [False, True])
    table = {"item": NASTY[:2], "theta": [0.5, np.nan], "rank": rank, "component": [0, 0]}
    write_table(table, path, header=["a <header>"], notes=["a note"])
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert "a note" in text
    assert "<script" not in text
    assert "component" not in text
    if ending == ".html":
        assert Cells(text).rows[1:] == [["1", NASTY[0], "0.5000"], ["-", NASTY[1], "-"]]


def test_documents_are_for_people(tmp_path):
    path = tmp_path / "many.html"
    with pytest.raises(DataError, match="at most 100,000 rows"):
        write_table({"x": np.arange(100_001)}, path)
    assert not path.exists()
    write_table({"x": np.arange(0)}, path)
    assert Cells(path.read_text()).rows == [["x"]]


@pytest.mark.parametrize("ending", ["md", "html", "tex"])
def test_a_command_writes_its_board(tmp_path, monkeypatch, capsys, ending):
    monkeypatch.chdir(tmp_path)
    rows = ["a,b,model_a", "b,c|d,model_a", "c|d,b,tie"]  # a is undefeated, which is said
    (tmp_path / "rows.csv").write_text("\n".join(["model_a,model_b,winner", *rows, ""]))
    assert main(["fit", "rows.csv", "--scale", "elo", "-o", f"board.{ending}", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    text = html.unescape((tmp_path / f"board.{ending}").read_text())
    assert "bradley-terry by newton" in text
    assert all(note.partition(":")[0] in text for note in document["notes"][1:])
    assert len(document["notes"]) > 1  # the first says how the file was read
    best = document["ratings"][0]
    assert f"{best['elo']:.1f}" in text
    assert f"{best['elo']:.4f}" not in text
    assert ("c\\|d" if ending == "md" else "c|d") in text


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tabulate", None)
    assert "<table" in nasty().to_html()
    for make in (nasty().to_markdown, nasty().to_latex):
        with pytest.raises(ImportError, match=r"needs tabulate: pip install 'venire\[cli\]'"):
            make()
    with pytest.raises(ImportError, match=r"a file \.md needs tabulate"):
        vn.io.check_writable(tmp_path / "board.md")
