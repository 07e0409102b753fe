"""``venire report``: files of all sorts become pages."""

from __future__ import annotations

import json
import re

import numpy as np
import pages_cases
import pytest

from venire.cli import main


def write(path, columns):
    rows = zip(*columns.values(), strict=True)
    path.write_text("\n".join(",".join(map(str, row)) for row in [tuple(columns), *rows]))
    return str(path)


@pytest.fixture
def battles(tmp_path):
    r = np.random.default_rng(5)
    names = np.array([f"m{k}" for k in range(6)])
    i = r.integers(0, 6, 600)
    j = (i + r.integers(1, 6, 600)) % 6
    winner = np.where(r.random(600) < 0.4 + 0.05 * (j - i), "model_a", "model_b")
    columns = {"model_a": names[i], "model_b": names[j], "winner": winner,
               "language": np.array(["en", "de", "fr"])[np.arange(600) % 3]}  # fmt: skip
    return write(tmp_path / "battles.csv", columns)


def page_of(path):
    text = path.read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    return text, json.loads(data)


def test_battles(battles, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["report", battles, "-o", str(out), "--title", "A & B", "--scale", "elo"]) == 0
    text, sheets = page_of(out)
    assert len(sheets) == 1
    assert "<title>A &amp; B</title>" in text
    assert f"venire report {battles} -o {out}" in text
    assert "rows dropped" in text  # the audit is of the file
    assert "Elo" in [c["title"] for c in sheets[0]["columns"]]
    shown = capsys.readouterr()
    assert "page.html: 0." in shown.out
    assert "first=model_a" in shown.err


def test_by_makes_tabs_beside_all(battles, tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", battles, "-o", str(out), "--by", "language", "-q", "--no-audit"]) == 0
    text, _ = page_of(out)
    tabs = re.findall(r'role="tab"[^>]*>([^<]*)<', text)
    assert tabs == ["all", "by language", "de", "en", "fr"]
    assert "odd about the data" not in text


def test_groups_make_tabs(battles, tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", battles, "-o", str(out), "--group", "language", "-q"]) == 0
    tabs = re.findall(r'role="tab"[^>]*>([^<]*)<', page_of(out)[0])
    assert tabs == ["all groups", "de", "en", "fr"]


def test_what_no_fit_determines_is_said(tmp_path):
    games = write(
        tmp_path / "g.csv", {"a": list("xyzx"), "b": list("yxxw"), "winner": list("xyzx")}
    )
    out = tmp_path / "page.html"
    assert main(["report", games, "-o", str(out), "-q"]) == 0
    text = page_of(out)[0]
    assert "was used, its precision by the evidence of the data" in text
    assert "NOT DETERMINED BY THE DATA" in text
    assert main(["report", games, "-o", str(out), "--prior", "none"]) == 1


def test_a_bootstrap(battles, tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", battles, "-o", str(out), "--bootstrap", "40", "-q"]) == 0
    assert "40 multinomial replicates" in page_of(out)[0]


@pytest.mark.parametrize("grouped", [True, False])
def test_votes(tmp_path, grouped):
    votes = pages_cases.votes()
    columns = {
        "prompt": votes.group[votes.pair], "first": votes.first[votes.pair],
        "second": votes.second[votes.pair], "judge": votes.teachers[votes.teacher],
        "vote": np.sign(votes.win - votes.loss).astype(int),
    }  # fmt: skip
    if not grouped:
        del columns["prompt"]
    out = tmp_path / "page.html"
    assert main(["report", write(tmp_path / "v.csv", columns), "-o", str(out), "-q"]) == 0
    text, sheets = page_of(out)
    assert "Judges" in text
    assert (
        [s["columns"][1]["title"] for s in sheets] == ["item"] if grouped else ["item", "P(first)"]
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["-o", "page.pdf"], 1, "must end in .html"),
        ([], 2, "--output"),
        (["-o", "page.html", "--bootstrap", "9", "--by", "language"], 2, "--bootstrap"),
        (["-o", "page.html", "--anchor", "nobody"], 1, "no item is called"),
        (["-o", "page.html", "--by", "nothing"], 1, "nothing"),
        (["-o", "nowhere/page.html"], 1, "nowhere"),
    ],
)
def test_what_is_refused(battles, tmp_path, monkeypatch, capsys, arguments, code, says):
    monkeypatch.chdir(tmp_path)
    assert main(["report", battles, *arguments]) == code
    assert says in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_json(battles, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["report", battles, "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["page"] == str(out)
    assert told["bytes"] == out.stat().st_size
