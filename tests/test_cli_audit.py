"""``venire audit``: the text, the document, the file, exit codes; and what ``fit`` says of it."""

from __future__ import annotations

import csv
import json

import numpy as np
import oddities
import pytest

from venire.cli import main

ASKED = ["--first", "a", "--second", "b", "--score", "s"]
FURTHER = ["--cluster", "voter", "--date", "when"]


def run(capsys, *words):
    code = main([str(word) for word in words])
    said = capsys.readouterr()
    return code, said.out, said.err


def written(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(rows)
        table.writerows(zip(*rows.values(), strict=True))
    return path


@pytest.fixture
def doubled(tmp_path):
    """150 rows at the end are the first 150."""
    rows = oddities.base(np.random.default_rng(1), 1500)[0]
    rows = oddities.both(rows, oddities.some(rows, slice(0, 150)))
    return written(tmp_path / "doubled.csv", rows)


def test_text_names_rows(capsys, doubled):
    code, out, _ = run(capsys, "audit", doubled, *ASKED, *FURTHER)
    assert code == 0
    assert "GRAVE: duplicated rows" in out
    assert "rows 1,501 (as 1), 1,502 (as 2)" in out
    assert "Fine:" in out


def test_document_and_file(capsys, doubled, tmp_path):
    code, out, _ = run(
        capsys, "audit", doubled, *ASKED, *FURTHER, "--json", "-o", tmp_path / "found.jsonl"
    )
    assert code == 0
    document = json.loads(out)
    worst = document["findings"][0]
    assert worst["name"] == "duplicated rows"
    assert worst["gravity"] == "grave"
    assert worst["where"]["places"][0] == [str(doubled), 1501]
    assert worst["how_much"]["rows"] == 150
    lines = (tmp_path / "found.jsonl").read_text().splitlines()
    assert len(lines) == len(document["findings"])
    assert json.loads(lines[0])["name"] == "duplicated rows"


def test_strict_is_an_exit_code(capsys, doubled, tmp_path):
    code, _, err = run(capsys, "audit", doubled, *ASKED, *FURTHER, "--strict")
    assert code == 1
    assert "duplicated rows" in err
    clean = written(tmp_path / "clean.csv", oddities.base(np.random.default_rng(1), 1500)[0])
    code, out, err = run(capsys, "audit", clean, *ASKED, *FURTHER, "--strict")
    assert code == 0
    assert "0 grave" in out
    assert err == ""


def test_errors_name_the_row(capsys, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("a,b,s\nx,y,1\ny,x,7\n")
    code, _, err = run(capsys, "audit", path, *ASKED)
    assert code == 1
    assert "row 2" in err
    assert "'s'" in err


def test_winners_and_losers_are_declared(capsys, tmp_path):
    rows = oddities.first_always(np.random.default_rng(0), 1)
    path = written(tmp_path / "wins.csv", {"won": rows["a"], "lost": rows["b"]})
    words = ["--first", "won", "--second", "lost", "--score", "1"]
    code, out, _ = run(capsys, "audit", path, *words)
    assert code == 0
    assert "first is the winner of every row, as was said" in out


def test_fit_says_the_gravest_two(capsys, tmp_path):
    rows = oddities.composed_and_not(np.random.default_rng(0), 1)
    rows["s"][:400] = 1.0  # first wins
    code, _, err = run(capsys, "fit", written(tmp_path / "x.csv", rows), *ASKED)
    assert code == 0
    assert err.count("(venire audit says more)") == 2
    assert r"'Zoe\u030803'" in err
    plain = written(tmp_path / "y.csv", oddities.base(np.random.default_rng(1), 1500)[0])
    assert "audit" not in run(capsys, "fit", plain, *ASKED)[2]


def test_rows_are_counted_with_those_that_were_dropped(capsys, tmp_path):
    rows = oddities.base(np.random.default_rng(1), 1500)[0]
    rows = oddities.both(rows, oddities.some(rows, slice(0, 150)))
    rows["s"] = np.array(["0-1", "1-0"], object)[rows["s"].astype(int)]
    rows["s"][[3, 700]] = "*"
    path = written(tmp_path / "games.csv", rows)
    code, out, _ = run(capsys, "audit", path, *ASKED[:4], "--outcome", "s", *FURTHER)
    assert code == 0
    assert "rows 1,501 (as 1), 1,502 (as 2)" in out
    assert "2 of 1,650 rows were left out" in out
