"""``venire consensus``: votes from files, and what the command says of them."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import venire as vn
from venire import io
from venire.cli._app import app


def venire(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


@pytest.fixture
def table():
    """Five judges, both orders side by side, some of them missing; the last judge is bad."""
    rows = vn.simulate.panel([0.9, 0.8, 0.8, 0.7, 0.2], 60, rng=3)
    shape = 60, 5, 2
    vote = rows.vote.reshape(shape)
    words = np.array(["B", "tie", "A"], dtype=object)[vote + 1]
    words[::7, 1, 1] = ""
    pair, judge = np.indices(shape[:2]).reshape(2, -1)
    return pd.DataFrame({
        "item": [f"p{k:02d}" for k in pair],
        "judge": [f"judge {t}" for t in judge],
        "orig": words[..., 0].ravel(),
        "swap": words[..., 1].ravel(),
        "truth": np.where(rows.truth[pair] == 1, "A", "B"),
    })  # fmt: skip


@pytest.fixture
def votes_file(table, tmp_path):
    path = tmp_path / "votes.csv"
    table.to_csv(path, index=False)
    return path


RUNS = ["--pair", "item", "--teacher", "judge", "--vote", "orig", "--vote", "swap"]
BOTH = [*RUNS, "--swapped", "swap"]


def test_tables_and_files(votes_file, tmp_path):
    out, who = tmp_path / "consensus.parquet", tmp_path / "teachers.csv"
    run = venire("consensus", votes_file, *BOTH, "--gold", "truth", "-o", out, "--teachers", who)
    assert run.exit_code == 0, run.output
    assert "591 votes of 5 teachers on 60 pairs, combined by reliability" in run.output
    assert "gold on 60 pairs: accuracy" in run.output
    assert "judge 4" in run.output
    assert "least certain pairs" in run.output
    assert re.search(r"agree less than half the time.*judge 4", run.output)
    pairs, teachers = pq.read_table(out), pd.read_csv(who)
    assert pairs.column_names == [
        "pair", "probability", "lower", "upper", "n_judges", "n_effective", "pseudo_votes",
    ]  # fmt: skip
    facts = json.loads(pairs.schema.metadata[b"venire"])
    assert facts["n_teachers"] == 5
    assert facts["gold"]["panel_accuracy"] > 0.8
    assert list(teachers["teacher"])[-1] == "judge 4"
    assert (np.diff(teachers["share"]) <= 0).all()
    wanted = {"agreement", "agreement_lower", "self_consistency", "position_bias", "n_effective"}
    assert wanted <= set(teachers)


def test_same_as_in_python(votes_file, table, tmp_path):
    out = tmp_path / "c.csv"
    assert venire("consensus", votes_file, *BOTH, "-o", out, "-q").exit_code == 0
    v = vn.Votes.from_frame(
        table, pair="item", teacher="judge", vote=["orig", "swap"], swapped="swap"
    )
    q = vn.consensus(v)
    found = pd.read_csv(out)
    assert found["pair"].tolist() == v.pairs.tolist()
    np.testing.assert_allclose(found["probability"], q.probability)
    interval = q.posterior.interval(0.95)
    np.testing.assert_allclose(found["lower"], interval[:, 0])


def test_json(votes_file):
    run = venire("consensus", votes_file, *RUNS, "--json", "--method", "precision")
    assert run.exit_code == 0
    document = json.loads(run.stdout)
    assert document["method"] == "precision"
    assert len(document["pairs"]) == 60
    assert len(document["teachers"]) == 5
    assert document["gold"] is None
    assert document["rho_source"] == "assumed"
    assert "position_bias" not in document["teachers"][0]
    assert any(w["name"] == "disagrees with the panel" for w in document["warnings"])


def test_gold_is_kept_or_used(votes_file):
    def teachers(*options):
        run = venire("consensus", votes_file, *RUNS, "--gold", "truth", "--json", *options)
        assert run.exit_code == 0, run.output
        return json.loads(run.stdout)

    kept, used = teachers(), teachers("--use-gold")
    assert kept["gold"] == used["gold"]
    assert kept["pairs"][0]["probability"] != used["pairs"][0]["probability"]
    stacked = teachers("--method", "stacked")
    weights = {t["teacher"]: t["stacked_weight"] for t in stacked["teachers"]}
    assert weights["judge 4"] < 0 < weights["judge 0"]
    assert stacked["stack"]["penalty"] in (1e4, 30, 10, 3, 1)


def test_items_groups_words_and_weights(tmp_path):
    path = tmp_path / "v.jsonl"
    rows = [
        {"g": 1, "a": "x", "b": "y", "t": "j", "who": "x", "w": 2.0},
        {"g": 1, "a": "y", "b": "x", "t": "k", "who": "x", "w": 1.0},
        {"g": 2, "a": "x", "b": "y", "t": "j", "who": "tie", "w": 1.0},
        {"g": 2, "a": "x", "b": "z", "t": "k", "who": None, "w": 1.0},
    ]
    path.write_text("\n".join(json.dumps(r) for r in rows) + "\n")
    run = venire(
        "consensus", path, "--first", "a", "--second", "b", "--group", "g", "--teacher", "t",
        "--vote", "who", "--weight", "w", "--json",
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    pairs = json.loads(run.stdout)["pairs"]
    assert [(p["group"], p["first"], p["second"]) for p in pairs] == [(1, "x", "y"), (2, "x", "y")]
    assert pairs[0]["probability"] == pytest.approx(0.5 + 2 / 3 / 2)
    assert pairs[1]["probability"] == 0.5


def test_probabilities_and_mapping(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("q,t,w,z,l,v,g\n1,j,0.7,0.1,0.2,1,1\n2,j,0.1,0.1,0.8,0,0\n2,k,0.2,0,0.8,0,0\n")
    run = venire("consensus", path, "--pair", "q", "--teacher", "t", "--probabilities", "w", "z",
                 "l", "--strength", "3", "--json")  # fmt: skip
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["pairs"][0]["pair"] == 1
    run = venire("consensus", path, "--pair", "q", "--teacher", "t", "--vote", "v", "--gold", "g",
                 "--mapping", "1=first,0=second", "--json")  # fmt: skip
    assert run.exit_code == 0, run.output
    document = json.loads(run.stdout)
    assert document["gold"]["panel_accuracy"] == 1.0
    assert document["pairs"][1]["probability"] < 0.5
    run = venire("consensus", path, "--pair", "q", "--teacher", "t", "--vote", "v")
    assert run.exit_code == 1
    assert "mapping" in run.output
    assert "column 'v'" in run.output


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["a,j,A", "b,j,?", "c,j,B"], ["row 2 (line 3)", "column 'vote'", "'?'"]),
        (["a,j,A", "b,,B"], ["row 2", "column 'judge'", "missing"]),
        (["a,j,", "b,j,"], ["column 'vote'", "no vote"]),
        ([], ["no rows"]),
    ],
)
def test_bad_files(tmp_path, rows, words):
    path = tmp_path / "bad.csv"
    path.write_text("\n".join(["item,judge,vote", *rows]) + "\n")
    run = venire("consensus", path, "--pair", "item", "--teacher", "judge", "--vote", "vote")
    assert run.exit_code == 1
    assert "bad.csv" in run.output
    for word in words:
        assert word in run.output, run.output
    with pytest.raises(io.DataError):
        io.read_votes(path, pair="item", teacher="judge", vote="vote")


def test_bad_probabilities_and_gold(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("q,t,w,z,l,v,g\n1,j,0.7,0.1,0.2,A,A\n1,k,0.7,0.1,0.3,B,B\n")
    one = ["--pair", "q", "--teacher", "t"]
    run = venire("consensus", path, *one, "--probabilities", "w", "z", "l")
    assert run.exit_code == 1
    assert "row 2 (line 3)" in run.output
    assert "add up to 1" in run.output
    run = venire("consensus", path, *one, "--vote", "v", "--gold", "g")
    assert run.exit_code == 1
    assert "two different shares" in run.output
    assert "row 2 (line 3)" in run.output
    run = venire("consensus", path, *one, "--vote", "v", "--gold", "g2")
    assert run.exit_code == 1
    assert "no column 'g2'" in run.output
    run = venire("consensus", path, *one, "--vote", "v", "--gold", "v", "--method", "stacked")
    assert run.exit_code == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--vote", "v", "--pair", "p", "--first", "a", "--second", "b"], "--pair"),
        (["--pair", "p", "--vote", "v", "--probabilities", "a", "b", "c"], "--probabilities"),
        (["--pair", "p", "--vote", "v", "--vote", "v"], "second run"),
        (["--pair", "p", "--vote", "v", "--group", "g"], "--group"),
        (["--pair", "p", "--vote", "v", "--method", "stacked"], "--gold"),
        (["--pair", "p", "--vote", "v", "--use-gold"], "--gold"),
        (["--pair", "p", "--vote", "v", "--mapping", "x"], "VALUE=VOTE"),
        (["--pair", "p", "--vote", "v", "--mapping", "x=2"], "neither first"),
        (["--pair", "p", "--vote", "v", "--level", "1"], "--level"),
        (["--pair", "p", "--vote", "v", "--rho", "2"], "--rho"),
        (["--pair", "p", "--vote", "v", "--json", "-q"], "contradict"),
        (["--pair", "p", "--probabilities", "a", "b", "c", "--mapping", "x=1"], "--mapping"),
        (["--pair", "p", "--vote", "v", "--strength", "0"], "--strength"),
    ],
)
def test_usage(tmp_path, options, words):
    path = tmp_path / "x.csv"
    path.write_text("p,t,v\n")
    run = venire("consensus", path, "--teacher", "t", *options)
    assert run.exit_code == 2
    assert words in re.sub(r"[\s│]+", " ", run.output)


def test_output_is_whole_or_not_at_all(votes_file, tmp_path):
    run = venire("consensus", votes_file, *RUNS, "-o", votes_file)
    assert run.exit_code == 2
    run = venire("consensus", votes_file, *RUNS, "-o", tmp_path / "none" / "x.csv")
    assert run.exit_code == 1
    assert "no folder" in run.output


@pytest.mark.shared
def test_llmbar(shared_data, tmp_path):
    """65 real judges: the best are found without gold, and what is wrong is said."""
    out = tmp_path / "consensus.parquet"
    run = venire(
        "consensus", shared_data / "llmbar_votes.csv.gz", "--pair", "item", "--teacher", "judge",
        "--vote", "vote_orig", "--vote", "vote_swap", "--swapped", "vote_swap", "-o", out,
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert pq.read_table(out).num_rows == 326
    assert "65 teachers on 326 pairs" in run.output
    assert "take different sides" in run.output
    lines = run.output.splitlines()
    ranked = [line.split()[0] for line in lines if re.match(r"\s*[\w.-]+/\w+\s", line)]
    assert len(ranked) == 65
    assert all(name.startswith("GPT-4/") for name in ranked[:8])


def test_a_judge_without_gold_has_no_accuracy(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("judge,pair,vote,truth\nx,1,1,1\ny,1,1,1\nx,2,-1,\nz,2,-1,\n")
    run = venire("consensus", path, "--teacher", "judge", "--vote", "vote", "--pair", "pair",
                 "--gold", "truth")  # fmt: skip
    assert run.exit_code == 0, run.output
    (row,) = (line for line in run.output.splitlines() if re.match("z +1 ", line))
    assert row.split()[-1] == "-"
