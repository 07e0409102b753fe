"""``venire judges``: slopes and position biases, from a file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app


def venire(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


@pytest.fixture(scope="module")
def table():
    """Three judges on 60 prompts; the first was shown first, and the third judge is wrong."""
    rng = np.random.default_rng(1)
    theta = {"anvil": 1.0, "birch": 0.4, "cedar": -0.2, "delta": -1.2}
    names, rows = list(theta), []
    for p in range(60):
        for _ in range(5):
            a, b = (names[k] for k in rng.choice(4, 2, replace=False))
            for judge, slope, lean in (("j1", 2.0, 0.0), ("j2", 1.0, 0.8), ("j3", -1.0, 0.0)):
                d = slope * (theta[a] - theta[b]) + lean + rng.logistic()
                gold = "model_a" if theta[a] > theta[b] else "model_b"
                rows.append((f"q{p}", a, b, judge, "model_a" if d > 0 else "model_b", gold))
    columns = ["prompt", "model_a", "model_b", "judge", "verdict", "truth"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def votes_file(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("judges") / "votes.csv"
    table.to_csv(path, index=False)
    return path


def expected(table, **options):
    votes = vn.Votes(
        table.model_a.to_numpy(), table.model_b.to_numpy(), table.judge.to_numpy(),
        np.where(table.verdict == "model_a", 1, -1), swapped=False,
    )  # fmt: skip
    return vn.fit_judges(votes, **options)


def test_tables(votes_file, table):
    run = venire("judges", votes_file)
    assert run.exit_code == 0, run.output
    assert "900 votes of 3 judges on 6 pairs of 4 items" in run.output
    assert "the first of a row was taken to be shown first" in run.output
    assert "j3: slope 0" in run.output
    lines = run.stdout.splitlines()
    at = [next(k for k, x in enumerate(lines) if name in x) for name in ("j1", "j3", "anvil")]
    assert at == sorted(at)
    shown = venire("judges", votes_file, "--top", 0)
    assert "anvil" not in shown.stdout


def test_document(votes_file, table):
    run = venire("judges", votes_file, "--json", "--signed", "--rounds", 3, "--prior", 0.5)
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    wanted = expected(table, signed=True, rounds=3, prior=vn.GaussianPrior(0.5))
    by_judge = {row["judge"]: row for row in found["judges"]}
    for k, judge in enumerate(wanted.judges.tolist()):
        assert by_judge[judge]["slope"] == pytest.approx(wanted.slopes[k], abs=1e-9)
        assert by_judge[judge]["position_bias"] == pytest.approx(
            wanted.position_biases[k], abs=1e-9
        )
    assert by_judge["j3"]["slope"] < 0
    assert found["signed"] is True
    assert found["n_rounds"] == 3
    assert found["prior"] == 0.5
    assert found["log_loss"] < found["plain_log_loss"]
    assert [row["item"] for row in found["ratings"]] == ["anvil", "birch", "cedar", "delta"]
    assert {notice["name"] for notice in found["warnings"]} == {"turned"}


def test_files(votes_file, table, tmp_path):
    out, ratings = tmp_path / "judges.csv", tmp_path / "ratings.parquet"
    seen = tmp_path / "calibration.csv"
    options = ("--ratings", ratings, "--calibration", seen, "-q", "--converge")
    run = venire("judges", votes_file, "-o", out, *options)
    assert run.exit_code == 0, run.output
    written = pd.read_csv(out).set_index("judge")
    wanted = expected(table, rounds="converge")
    np.testing.assert_allclose(written.slope[wanted.judges], wanted.slopes, atol=1e-9)
    theta = pd.read_parquet(ratings).set_index("item").theta
    np.testing.assert_allclose(theta[wanted.items], wanted.theta, atol=1e-9)
    rows = pd.read_csv(seen)
    assert set(rows.judge) == {"j1", "j2", "j3"}
    assert rows.n_votes.sum() == 900


def test_groups_have_ratings_of_their_own(votes_file, table):
    run = venire("judges", votes_file, "--group", "prompt", "--json")
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert found["n_groups"] == 60
    assert {row["group"] for row in found["ratings"]} == set(table.prompt)
    assert "in 60 groups" in venire("judges", votes_file, "--group", "prompt").stdout


def test_gold_turns_judges(votes_file, tmp_path):
    run = venire("judges", votes_file, "--gold", "truth", "--json")
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert found["signed"] is True
    assert next(row["slope"] for row in found["judges"] if row["judge"] == "j3") < 0.0
    other = tmp_path / "other.csv"
    rows = votes_file.read_text(encoding="utf-8").splitlines()
    rows[1:3] = [row.rpartition(",")[0] + ",tie" for row in rows[1:3]]
    other.write_text("\n".join(rows), encoding="utf-8")
    run = venire("judges", other, "--gold", "truth")
    assert run.exit_code == 1
    assert "gold" in run.output


def test_what_is_refused(votes_file, tmp_path):
    run = venire("judges", votes_file, "--converge", "--rounds", 5)
    assert run.exit_code == 2
    assert "--rounds" in run.output
    assert venire("judges", votes_file, "--prior", "-1").exit_code == 2
    assert venire("judges", tmp_path / "none.csv").exit_code == 1
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("pair,judge,vote\np,a,first\nq,a,second\np,b,tie\n")
    run = venire("judges", pairs)
    assert run.exit_code == 1
    assert "pairs of items" in run.output


def test_picture(votes_file, tmp_path):
    pytest.importorskip("matplotlib")
    run = venire("judges", votes_file, "--plot", tmp_path / "judges.svg", "-q")
    assert run.exit_code == 0, run.output
    text = (tmp_path / "judges.svg").read_text(encoding="utf-8")
    assert text.startswith("<?xml")
