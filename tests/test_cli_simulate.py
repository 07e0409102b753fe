"""``venire simulate``: the table, the files, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from venire import io, simulate
from venire.cli._app import app

SMALL = ["--groups", "5", "--items", "10", "--degrees", "2,4", "--seeds", "2"]


def venire(*arguments):
    return CliRunner().invoke(app, ["simulate", *map(str, arguments)], prog_name="venire")


def test_table_is_that_of_the_function(tmp_path):
    out = tmp_path / "plan.parquet"
    run = venire(*SMALL, "--seed", 3, "-o", out, "--target", "tau=0.2")
    assert run.exit_code == 0, run.output
    assert "5 groups of 10 items, 4 teachers, each pair to one, in rotation" in run.output
    assert "student r²" in run.output
    assert "adaptive" in run.output
    expected = simulate.plan(5, 10, (2, 4), n_seeds=2, rng=3)
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected.to_frame("pandas"))
    votes = expected.needed(0.2, unit="votes")
    assert f"adaptive: {votes:,.0f} votes" in run.output


def test_json_and_target_that_is_not_reached():
    run = venire(*SMALL, "--json", "--target", "ndcg=1.5", "--design", "uniform", "--panel")
    assert run.exit_code == 0, run.output
    found = json.loads(run.output)
    assert found["panel"] is True
    assert [row["degree"] for row in found["rounds"]] == [2, 4]
    assert found["rounds"][1]["votes"] == 5 * 10 * 4 / 2 * 4
    assert found["target"]["reached"] == {"uniform": {"degree": None, "votes": None, "cost": None}}
    run = venire(*SMALL, "--target", "ndcg=1.5", "--design", "uniform")
    assert "nDCG@10 1.5, uniform: not reached" in run.output


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "name,sharpness,order_bias,cost\ngood,3,0.5,10\nbad,-1,,\n"),
        (
            "t.json",
            '{"shared_error": 0.2, "teacher": [{"name": "good", "sharpness": 3, "order_bias": 0.5, '
            '"cost": 10}, {"name": "bad", "sharpness": -1}]}',
        ),
        (
            "t.toml",
            'shared_error = 0.2\n[[teacher]]\nname = "good"\nsharpness = 3\norder_bias = 0.5\n'
            'cost = 10\n[[teacher]]\nname = "bad"\nsharpness = -1\n',
        ),
    ],
)
def test_teachers_from_files(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    judges = io.read_teachers(path, ambiguous=0.1)
    assert judges.names.tolist() == ["good", "bad"]
    assert judges.sharpness.tolist() == [3.0, -1.0]
    assert judges.order_bias.tolist() == [0.5, 0.0]
    assert judges.cost.tolist() == [10.0, 1.0]
    assert judges.ambiguous == 0.1
    assert judges.shared_error == (0.0 if name == "t.csv" else 0.2)
    assert io.read_teachers(path, shared_error=0.7).shared_error == 0.7
    run = venire(*SMALL, "--teachers", path, "--pattern", "bad,good,bad", "--json", "--design",
                 "uniform")  # fmt: skip
    assert run.exit_code == 0, run.output
    found = json.loads(run.output)
    assert found["pattern"] == ["bad", "good", "bad"]
    first = found["rounds"][0]
    # ten asks of each group, of which the first is of "bad" or of "good" by the group's number
    turns = (np.arange(10)[None, :] + np.arange(5)[:, None]) % 3
    assert first["cost"] == np.where(turns == 1, 10.0, 1.0).sum()


def test_a_list_of_teachers_alone(tmp_path):
    path = tmp_path / "t.json"
    path.write_text('[{"sharpness": 1}, {"sharpness": 2}]')
    assert io.read_teachers(path).names.tolist() == ["t0", "t1"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "name,sharp\na,1\n", "row 1, column 'sharp': there is no such key"),
        ("t.csv", "name,sharpness\na,1\nb,\n", "row 2, column 'sharpness': is missing"),
        (
            "t.csv",
            "name,sharpness\na,1\nb,x\n",
            "row 2, column 'sharpness' = 'x': must be a num",
        ),
        ("t.csv", "name,sharpness\na,1\na,2\n", "row 2, column 'name' = 'a': is given twice"),
        ("t.csv", "name,sharpness\na,1\n,2\n", "row 2: some teachers have a name"),
        (
            "t.csv",
            "sharpness,cost\n1,1\n1,-2\n",
            "row 2, column 'cost' = -2.0: must be finite and",
        ),
        ("t.csv", "sharpness\n", "there is no teacher in it"),
        ("t.json", "{", "cannot be read"),
        ("t.json", "3", "must hold a list of teachers"),
        ("t.json", '{"teacher": [{"sharpness": 1}], "u": 1}', "column 'u': there is no such key"),
        (
            "t.toml",
            "ambiguous = 'x'\n[[teacher]]\nsharpness = 1\n",
            "biguous' = 'x': must be a num",
        ),
        (
            "t.toml",
            "ambiguous = 2\n[[teacher]]\nsharpness = 1\n",
            "'ambiguous' = 2: must be be",
        ),
        ("t.txt", "", "teachers are read from .csv, .json or .toml"),
    ],
)
def test_bad_files_of_teachers(tmp_path, name, text, message):
    path = tmp_path / name
    path.write_text(text)
    run = venire(*SMALL, "--teachers", path)
    assert run.exit_code == 1
    assert message in run.output.replace("\n", " ")
    assert str(path) in run.output.replace("\n", "")


def test_a_file_that_is_not_there(tmp_path):
    run = venire(*SMALL, "--teachers", tmp_path / "no.csv")
    assert run.exit_code == 1
    assert "cannot be read" in run.output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--degrees", "2,2"], 2, "must increase"),
        (["--degrees", "2,x"], 2, "whole number"),
        (["--degrees", "2,4", "--rounds", "2"], 2, "--degree and --rounds"),
        (["--degree", "7", "--rounds", "2"], 2, "whole number"),
        (["--items", "6"], 2, "not below the number of items"),
        (["--level", "1"], 2, "--level"),
        (["--json", "--quiet"], 2, "contradict"),
        (["--panel", "--pattern", "t0"], 2, "panel"),
        (["--pattern", "t0,t9"], 2, "no teacher is named 't9'"),
        (["--teachers", "odd"], 2, "neither a file nor one of"),
        (["--costs", "1,2"], 2, "--costs"),
        (["--costs", "1,x,1,1"], 2, "not a number"),
        (["--costs", "1,1,1,-1"], 2, "--costs"),
        (["--target", "speed=3"], 2, "--target"),
        (["--target", "tau"], 2, "--target"),
        (["-o", "plan.txt"], 1, "must end in"),
        (["--plot", "plan.txt"], 1, "must end in"),
        (["--plot", "nowhere/plan.png"], 1, "there is no folder"),
        (["--items", "11", "--degrees", "2,5"], 1, "even numbers"),
    ],
)
def test_refusals(arguments, code, message):
    run = venire("--groups", 3, "--seeds", 1, *arguments)
    assert run.exit_code == code, run.output
    assert message in " ".join(run.output.replace("│", " ").split())


def test_presets_can_be_changed():
    run = venire(*SMALL, "--json", "--costs", "4,3,2,1", "--shared-error", 0.1, "--ambiguous", 0,
                 "--degree", 6, "--rounds", 3, "--design", "uniform")  # fmt: skip
    assert run.exit_code == 2  # --degrees and --degree
    run = venire("--groups", 4, "--items", 8, "--seeds", 1, "--json", "--costs", "4,3,2,1",
                 "--shared-error", 0.1, "--ambiguous", 0, "--degree", 6, "--rounds", 3, "--design",
                 "uniform")  # fmt: skip
    assert run.exit_code == 0, run.output
    found = json.loads(run.output)
    assert found["degrees"] == [2, 4, 6]
    assert found["teachers"]["cost"] == [4.0, 3.0, 2.0, 1.0]
    assert found["teachers"]["shared_error"] == 0.1
    assert found["rounds"][0]["cost"] == 2.5 * 4 * 8  # all in turn
    assert found["rounds"][0]["tau_lower"] is None  # of one seed


def test_picture_and_quiet(tmp_path):
    pytest.importorskip("matplotlib").use("Agg")
    picture = tmp_path / "plan.png"
    run = venire(*SMALL, "--plot", picture, "--measure", "ndcg", "--against", "cost", "--quiet")
    assert run.exit_code == 0, run.output
    assert not run.output
    assert picture.read_bytes().startswith(b"\x89PNG")
