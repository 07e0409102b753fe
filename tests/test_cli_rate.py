"""``venire rate``: the leaderboard and the judges, from a file."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app


def venire(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


@pytest.fixture(scope="module")
def table():
    """Three judges on 60 prompts in three languages, rows in the order shown."""
    rng = np.random.default_rng(1)
    theta = {"anvil": 1.0, "birch": 0.4, "cedar": -0.2, "delta": -1.2}
    names, rows = list(theta), []
    for p in range(60):
        moved = {m: x + rng.normal(0, 0.8) for m, x in theta.items()}
        for _ in range(5):
            a, b = rng.choice(4, 2, replace=False)
            a, b = names[a], names[b]
            for judge, sharp, lean in (("j1", 2.0, 0.0), ("j2", 1.0, 0.6), ("j3", 0.4, 0.0)):
                d = sharp * (moved[a] - moved[b]) + lean + rng.normal()
                word = "tie" if abs(d) < 0.2 else "model_a" if d > 0 else "model_b"
                rows.append((f"q{p}", ["de", "en", "fr"][p % 3], a, b, judge, word))
    columns = ["prompt", "language", "model_a", "model_b", "judge", "verdict"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="module")
def votes_file(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("rate") / "votes.csv"
    table.to_csv(path, index=False)
    return path


NAMES = {
    "first": "model_a", "second": "model_b", "group": "prompt", "teacher": "judge",
    "vote": "verdict",
}  # fmt: skip
COLUMNS = [word for name, column in NAMES.items() for word in (f"--{name}", column)]


def test_two_tables(votes_file, table):
    run = venire("rate", votes_file, *COLUMNS)
    assert run.exit_code == 0, run.output
    assert "900 votes of 3 judges over 60 prompts" in run.output
    assert "errors by prompt" in run.output
    lines = run.stdout.splitlines()
    at = [next(k for k, x in enumerate(lines) if name in x) for name in ("anvil", "delta", "j2")]
    assert at == sorted(at)
    assert "position bias" in run.output


def test_nothing_to_say_for_the_usual_file(votes_file):
    run, named = (venire("rate", votes_file, *more) for more in ([], COLUMNS))
    assert run.exit_code == 0, run.output
    assert "first of a row was taken to be shown first" in run.stdout
    assert run.stdout == named.stdout
    assert "group=prompt" in run.stderr


def test_the_document_is_what_python_says(votes_file, table):
    run = venire("rate", votes_file, *COLUMNS, "--by", "language", "--json")
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    votes = vn.Votes.from_frame(table, by="language", swapped=False, **NAMES)
    rated = vn.rate(votes)
    found = pd.DataFrame(told["ratings"])
    assert found["category"].tolist() == [c for c in ("all", "de", "en", "fr") for _ in range(4)]
    own = found[found["category"] == "all"].set_index("item").loc[rated.items.tolist()]
    np.testing.assert_allclose(own["theta"], rated.theta, atol=1e-12)
    np.testing.assert_allclose(own["standard_error"], rated.standard_errors(), rtol=1e-9)
    german = found[found["category"] == "de"].set_index("item").loc[rated["de"].items.tolist()]
    np.testing.assert_allclose(german["lower"], rated["de"].interval()[:, 0], rtol=1e-9)
    judges = pd.DataFrame(told["teachers"]).set_index("teacher")
    frame = rated.teachers_frame("pandas").set_index("teacher")
    np.testing.assert_allclose(judges["weight"], frame["weight"])
    assert judges.loc["j2", "position_lower"] > 0
    assert told["n_categories"] == 3


def test_a_frame_is_read_as_the_file_is(votes_file, table):
    told = json.loads(venire("rate", votes_file, "--by", "language", "--json").stdout)
    rated = vn.rate(table, by="language")
    own = {row["item"]: row for row in told["ratings"] if row["category"] == "fr"}
    for item, theta in zip(rated["fr"].items.tolist(), rated["fr"].theta, strict=True):
        np.testing.assert_allclose(own[item]["theta"], theta, atol=1e-12)


def test_what_is_read_knows_how_it_was_shown(votes_file, table):
    lean = vn.rate(vn.read(votes_file)).leans()
    assert lean.lower[1] > 0
    assert (vn.rate(vn.from_frame(table)).leans().bias == lean.bias).all()
    assert np.isnan(vn.rate(vn.Votes.from_frame(table)).leans().bias).all()
    twice = table.assign(again=table["verdict"])  # runs side by side: who knows in which order
    v = vn.from_frame(twice, as_="votes", vote=["verdict", "again"])
    assert v.swapped_runs is None


def test_files_and_units(votes_file, tmp_path):
    out, who = tmp_path / "ratings.parquet", tmp_path / "judges.csv"
    run = venire("rate", votes_file, *COLUMNS, "-o", out, "--teachers", who, "--scale", "elo")
    assert run.exit_code == 0, run.output
    elo = pq.read_table(out).to_pydict()
    plain = json.loads(venire("rate", votes_file, *COLUMNS, "--json").stdout)["ratings"]
    factor = 400 / np.log(10)
    np.testing.assert_allclose(elo["elo"], [1000 + factor * row["theta"] for row in plain])
    for name in ("standard_error",):
        np.testing.assert_allclose(elo[name], [factor * row[name] for row in plain])
    assert pd.read_csv(who)["teacher"].tolist()[0] in {"j1", "j2", "j3"}


def test_an_anchor(votes_file, table):
    run = venire("rate", votes_file, "--anchor", "cedar=1200", "--by", "language", "--json")
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert told["unit"] == {"scale": "elo", "anchor": "cedar", "at": 1200.0}
    rated = vn.rate(table, by="language").to_elo("cedar", 1200)
    own = {row["item"]: row for row in told["ratings"] if row["category"] == "all"}
    assert (own["cedar"]["elo"], own["cedar"]["standard_error"]) == (1200, 0)
    np.testing.assert_allclose(
        [own[x]["upper"] for x in rated.items.tolist()], rated.interval()[:, 1]
    )
    french = [row["upper"] for row in told["ratings"] if row["category"] == "fr"]
    np.testing.assert_allclose(sorted(french), sorted(rated["fr"].interval()[:, 1]), rtol=1e-6)
    said = venire("rate", votes_file, "--anchor", "cedar=1200").stdout
    assert "cedar at 1200; errors and intervals are of differences from it" in said


def test_the_bootstrap(votes_file):
    run = venire("rate", votes_file, *COLUMNS, "--bootstrap", 200, "--json")
    told = json.loads(run.stdout)
    plain = json.loads(venire("rate", votes_file, *COLUMNS, "--json").stdout)
    assert told["errors"] == "bootstrap"
    ratio = [a["standard_error"] / b["standard_error"]
             for a, b in zip(told["ratings"], plain["ratings"], strict=True)]  # fmt: skip
    assert all(0.7 < x < 1.3 for x in ratio)


def test_without_a_finite_fit_a_prior_is_said(tmp_path, table):
    table = table.copy()
    best = (table["model_a"] == "anvil") | (table["model_b"] == "anvil")
    table.loc[best, "verdict"] = np.where(
        table.loc[best, "model_a"] == "anvil", "model_a", "model_b"
    )
    path = tmp_path / "best.csv"
    table.to_csv(path, index=False)
    run = venire("rate", path, *COLUMNS)
    assert run.exit_code == 0, run.output
    assert "its precision by the evidence" in " ".join(run.output.split())
    run = venire("rate", path, *COLUMNS, "--prior", "none")
    assert run.exit_code == 1
    assert "--prior evidence" in run.output


def test_gold_judges_the_judges_unless_it_is_used(tmp_path, table):
    path = tmp_path / "gold.csv"
    best = np.where(table["model_a"] < table["model_b"], "model_a", "model_b")
    table.assign(gold=best).to_csv(path, index=False)
    kept, used, plain = (
        json.loads(venire("rate", path, *COLUMNS, *more, "--json").stdout)
        for more in (["--gold", "gold"], ["--gold", "gold", "--use-gold"], [])
    )
    theta = [[row["theta"] for row in told["ratings"]] for told in (kept, used, plain)]
    np.testing.assert_allclose(theta[0], theta[2], rtol=0.02)  # rho is from the gold
    assert np.abs(np.array(theta[1]) - theta[0]).max() > 1e-4
    assert "accuracy" in kept["teachers"][0]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--method", "stacked"], "learns from --gold"),
        (["--use-gold"], "needs --gold"),
        (["--vote", "v", "--vote", "v"], "no second run"),
        (["--bootstrap", "10", "--errors", "fisher"], "errors of its own"),
        (["--model", "davidson"], "davidson"),
    ],
)
def test_misuse(votes_file, arguments, says):
    run = venire("rate", votes_file, *COLUMNS, *arguments)
    assert run.exit_code == 2
    assert says in run.output


def test_bad_data(tmp_path, table):
    path = tmp_path / "bad.csv"
    table.assign(verdict=["maybe", *table["verdict"][1:]]).to_csv(path, index=False)
    run = venire("rate", path, *COLUMNS)
    assert run.exit_code == 1
    assert "maybe" in run.output
    assert "verdict" in run.output
