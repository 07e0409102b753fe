"""``venire gold``: pairs to label, files that are filled in, and what the labels say."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import venire as vn
from venire import datasets, io
from venire.cli._app import app

PANEL = datasets.path("split_panel")
VOTES, KEY = datasets.load_split_panel()


def venire(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


def filled(path, n=None, words=None):
    """The first n labels filled in, from the key."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    truth = dict(zip(VOTES.pairs.tolist(), KEY, strict=True))
    words = words or {1.0: "first", 0.0: "second"}
    n = len(table) if n is None else n
    table.loc[: n - 1, "gold"] = [words[truth[pair]] for pair in table["pair"][:n]]
    table.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json", ".jsonl"])
@pytest.mark.parametrize("purpose", ["stack", "side", "measure"])
def test_a_file_goes_round(tmp_path, purpose, ending):
    """Labels come back as they were filled in, with their purpose."""
    path = tmp_path / f"gold{ending}"
    run = venire("gold", PANEL, "--purpose", purpose, "-n", 14, "--seed", 3, "-o", path)
    assert run.exit_code == 0, run.output
    design = vn.panel.design_gold(VOTES, 14, purpose, rng=3)
    if ending == ".csv":
        table = pd.read_csv(path, keep_default_na=False)
        assert list(table.columns) == ["pair", "gold", "purpose"]
        assert table["pair"].tolist() == VOTES.pairs[design.at].tolist()
        assert set(table["gold"]) == {""}
    table = design.to_frame("dict")
    table["gold"] = np.array([("second", "first")[int(x)] for x in KEY[design.at]], object)
    table["gold"][3] = ""
    io.write_table(table, path)
    gold = io.read_gold(path, VOTES)
    expected = np.full(VOTES.n_pairs, np.nan)
    expected[design.at] = KEY[design.at]
    expected[design.at[3]] = np.nan
    np.testing.assert_array_equal(gold.labels, expected)
    assert set(gold.purpose[~np.isnan(expected)].tolist()) == {purpose}


def test_labels_of_pairs_in_dispute(tmp_path):
    path = tmp_path / "side.csv"
    assert venire("gold", PANEL, "--purpose", "side", "-o", path).exit_code == 0
    run = venire("gold", PANEL, "--labels", path)
    assert run.exit_code == 1
    assert "side.csv: column 'gold': holds no label yet" in run.output
    filled(path, 5)
    run = venire("gold", PANEL, "--labels", path, "--json")
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    gold = io.read_gold(path, VOTES)
    side = vn.panel.which_side(VOTES, gold)
    assert said["side"] == side._asdict()
    assert side.n_labels == 5
    assert said["gold"] is None
    assert said["n_labels"] == {"stack": 0, "side": 5, "measure": 0}
    text = venire("gold", PANEL, "--labels", path).output
    assert "believe 'reliability'" in text
    assert "accuracy" not in text
    run = venire("consensus", PANEL, "--gold-file", path, "--json")
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    assert said["gold"] is None  # they measure nothing
    names = [notice["name"] for notice in said["warnings"]]
    assert "labels left out" in names
    assert any("believe 'reliability'" in notice["text"] for notice in said["warnings"])


def test_labels_that_teach(tmp_path):
    path = tmp_path / "stack.csv"
    venire("gold", PANEL, "-o", path)
    filled(path, 7, {1.0: "1", 0.0: "0"})
    run = venire("gold", PANEL, "--labels", path)
    assert run.exit_code == 0, run.output
    assert "7 labels teach weights, trusted by" in run.output
    assert "--method stacked --guarded --gold-file" in " ".join(run.output.split())
    words = ["consensus", PANEL, "--method", "stacked", "--gold-file", path, "--json"]
    assert "at least 12 pairs" in " ".join(venire(*words).output.split())
    run = venire(*words, "--guarded")
    assert run.exit_code == 0, run.output
    q = vn.consensus(VOTES, "stacked", gold=io.read_gold(path, VOTES), guarded=True)
    found = json.loads(run.stdout)
    np.testing.assert_allclose([row["probability"] for row in found["pairs"]], q.probability)


def test_labels_that_measure(tmp_path):
    path = tmp_path / "measure.csv"
    venire("gold", PANEL, "--purpose", "measure", "--stratified", "-o", path)
    filled(path)
    run = venire("gold", PANEL, "--labels", path)
    assert run.exit_code == 0, run.output
    for word in ("accuracy, counted", "by the model", "stacked weight", "errors of the judges"):
        assert word in run.output
    plain = tmp_path / "plain.csv"
    pd.read_csv(path).drop(columns="purpose").to_csv(plain, index=False)
    a, b = (
        json.loads(venire("gold", PANEL, "--labels", x, "--json").stdout) for x in (path, plain)
    )
    assert a["teachers"] == b["teachers"]  # without a purpose labels may serve for everything


def test_pairs_of_items_in_groups(tmp_path):
    """The name of the better item is a label, too, and a row may name its pair turned round."""
    verdicts = datasets.path("verdicts")
    path = tmp_path / "gold.csv"
    run = venire("gold", verdicts, "--purpose", "measure", "-n", 3, "-o", path)
    assert run.exit_code == 0, run.output
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert list(table.columns) == ["group", "first", "second", "gold", "purpose"]
    table["gold"] = [table["first"][0], table["second"][1], "tie"]
    table.loc[1, ["first", "second"]] = table.loc[1, ["second", "first"]].to_numpy()
    table.to_csv(path, index=False)
    votes = vn.datasets.load_verdicts()
    shares = io.read_gold(path, votes).labels
    design = vn.panel.design_gold(votes, 3, "measure")
    assert shares[design.at].tolist() == [1.0, 0.0, 0.5]
    run = venire("rate", verdicts, "--gold-file", path, "--json")
    assert run.exit_code == 0, run.output


def test_labels_that_look_like_numbers(tmp_path):
    """Pairs 1, 2 and x are text, though those of the file all look like numbers."""
    votes = vn.Votes.from_pairs(
        ["1", "2", "x"] * 3, ["a"] * 3 + ["b"] * 3 + ["c"] * 3, [1, -1, 1] * 3
    )
    path = tmp_path / "gold.csv"
    path.write_text("pair,gold,purpose\n2,second,measure\n1,0.75,stack\n")
    gold = io.read_gold(path, votes)
    assert gold.labels[:2].tolist() == [0.75, 0.0]
    assert gold.purpose[:2].tolist() == ["stack", "measure"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pair,gold\nq000,first\nq999,first\n", "row 2.*'pair|q999"),
        ("pair,gold\nq000,first\nq001,maybe\n", "row 2.*column 'gold'.*maybe"),
        ("pair,gold,purpose\nq000,,x\nq001,first,guess\n", "purpose"),
        ("pair,truth\nq000,first\n", "has no column gold; there are pair, truth"),
        ("item,gold\nq000,first\n", "has no column pair"),
        ("pair,gold\nq000,first\nq000,second\n", "two different shares"),
    ],
)
def test_files_that_are_wrong(tmp_path, text, message):
    path = tmp_path / "gold.csv"
    path.write_text(text)
    with pytest.raises(io.DataError, match=message):
        io.read_gold(path, VOTES)
    run = venire("gold", PANEL, "--labels", path)
    assert run.exit_code == 1
    assert "gold.csv" in run.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--stratified"], "--purpose measure"),
        (["--labels", "LABELS", "-o", "x.csv"], "--gold-file"),
        (["--purpose", "weights"], "weights"),
        (["-n", 0], "0"),
        (["--workers", 2], "one process"),
    ],
)
def test_usage(tmp_path, words, message):
    (tmp_path / "labels.csv").write_text("pair,gold\nq000,first\n")
    words = [tmp_path / "labels.csv" if w == "LABELS" else w for w in words]
    run = venire("gold", PANEL, *words)
    assert run.exit_code == 2
    assert message in run.output


def test_usage_elsewhere():
    run = venire("consensus", PANEL, "--method", "stacked")
    assert run.exit_code == 2
    assert "--gold-file" in run.output
    run = venire("consensus", PANEL, "--guarded")
    assert run.exit_code == 2
    run = venire("consensus", PANEL, "--rho", "guess")
    assert run.exit_code == 2
    assert "neither a number nor estimate" in run.output
    run = venire("consensus", PANEL, "--rho", "estimate", "--json")
    assert run.exit_code == 0
    assert json.loads(run.stdout)["rho_source"] == "estimated"
    assert venire("consensus", PANEL, "--rho", "1.5").exit_code == 2
    run = venire("gold", PANEL, "--purpose", "side", "-n", 90)
    assert run.exit_code == 1
    assert "only 46 pairs are in dispute" in run.output


def test_a_label_is_missing(tmp_path):
    for pair in ("", "q001"):
        path = tmp_path / "gold.json"
        rows = [{"pair": pair or None, "gold": "first"}, {"pair": None, "gold": "first"}]
        path.write_text(json.dumps(rows))
        with pytest.raises(io.DataError, match=r"row [12], column 'pair': a label is missing"):
            io.read_gold(path, VOTES)
