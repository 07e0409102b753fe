"""``venire path``: ratings over time, from a file of dated comparisons."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app

DAVIDSON = ("--model", "davidson", "--order-effect")


def venire(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


@pytest.fixture(scope="module")
def club(tmp_path_factory):
    path = tmp_path_factory.mktemp("club") / "club.csv"
    pd.DataFrame(vn.datasets.columns("club")).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def path():
    return vn.fit_path(vn.datasets.load_club(), model="davidson", order_effect=True)


def written(folder, *lines):
    file = folder / "games.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_table(club, path):
    run = venire("path", club, *DAVIDSON, "--top", 3)
    assert run.exit_code == 0, run.output
    assert path.summary().header[0] in run.stdout
    assert "walk by the evidence" in run.stdout
    assert "and 9 more" in run.stdout
    best = path.at(backend="dict")
    lines = run.stdout.splitlines()
    for name, theta in zip(best["item"][:3], best["theta"], strict=False):
        row = next(line for line in lines if line.startswith(name))
        assert f"{theta:.4f}" in row
        assert row.endswith("2024-12")
    assert "estimate" not in venire("path", club, *DAVIDSON, "--top", 0).stdout


def test_document(club, path):
    run = venire("path", club, *DAVIDSON, "--json", "--scale", "elo", "--level", 0.8)
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert found["walk"] == pytest.approx(path.walk)
    assert (found["n_periods"], found["first_period"]) == (36, "2022-01")
    assert found["log_walk_sd"] == pytest.approx(path.evidence.log_walk_sd)
    assert found["order_effect"]["estimate"] == pytest.approx(path.order_effect)
    assert found["tie"]["standard_error"] == pytest.approx(path.parameter_errors().tie)
    wanted = path.to_elo().at(backend="dict", level=0.8)
    for name in ("elo", "standard_error", "lower", "n_comparisons"):
        np.testing.assert_allclose([row[name] for row in found["ratings"]], wanted[name])
    asked = json.loads(venire("path", club, "--json", "--walk", 0, "--step", 90).stdout)
    assert (asked["walk"], asked["walk_by"], asked["step"]) == (0.0, "asked for", 90.0)
    static = vn.fit_bradley_terry(vn.datasets.load_club())
    theta = {row["item"]: row["theta"] for row in asked["ratings"]}
    np.testing.assert_allclose([theta[x] for x in static.items], static.theta, atol=1e-8)


def test_files(club, path, tmp_path):
    out = tmp_path / "path.parquet"
    run = venire("path", club, *DAVIDSON, "-q", "-o", out)
    assert run.exit_code == 0, run.output
    assert run.stdout == ""
    frame, wanted = pd.read_parquet(out), path.to_frame("pandas")
    assert frame.columns.tolist() == wanted.columns.tolist()
    assert frame.period.tolist() == wanted.period.tolist()
    np.testing.assert_allclose(frame.theta, wanted.theta, atol=1e-9)
    run = venire("path", club, *DAVIDSON, "--top", 2, "-o", tmp_path / "path.md")
    assert run.exit_code == 0, run.output
    assert "and 10 more in" in run.stdout
    assert "2022-01" in (tmp_path / "path.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_picture(club, ending, tmp_path):
    pytest.importorskip("matplotlib")
    files = [tmp_path / f"{name}.{ending}" for name in "ab"]
    for file in files:
        run = venire("path", club, "--walk", 0.02, "--plot", file, "-q")
        assert run.exit_code == 0, run.output
    assert files[0].read_bytes() == files[1].read_bytes()


def test_dates_that_are_numbers_and_a_step(tmp_path):
    lines = [f"{a},{b},{100 + 10 * k}" for k in range(6) for a, b in ("xy", "yz", "zx")]
    file = written(tmp_path, "winner,loser,round", *lines)
    run = venire("path", file, "--date", "round", "--step", 20, "--walk", 0.1, "--json")
    assert run.exit_code == 0, run.output
    found = json.loads(run.stdout)
    assert (found["n_periods"], found["first_period"], found["last_period"]) == (3, "100", "140")
    refused = venire("path", file, "--date", "round")
    assert refused.exit_code == 2
    assert "step" in refused.output


def test_no_fit_without_a_prior(tmp_path):
    file = written(tmp_path, "winner,loser,date", "a,b,2024-01-05", "b,c,2024-01-09",
                   "c,b,2024-03-01")  # fmt: skip
    run = venire("path", file)
    assert run.exit_code == 0, run.output
    assert "a never lost" in run.output
    assert "Hence the prior GaussianPrior(" in run.output
    assert "by the evidence" in run.output
    refused = venire("path", file, "--prior", "none")
    assert refused.exit_code == 1
    assert "undefeated: a" in refused.output
    found = json.loads(venire("path", file, "--prior", "0.5", "--json").stdout)
    assert found["prior"] == 0.5


def test_components_are_said(tmp_path):
    lines = [f"{a},{b},2024-0{m}-01" for m in (1, 2) for a, b in ("ab", "ba", "xy", "yx")]
    run = venire("path", written(tmp_path, "winner,loser,date", *lines), "--walk", 0.1)
    assert run.exit_code == 0, run.output
    assert "2 components that never met" in run.stdout


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["winner,loser", "a,b", "b,a"], "--date"),
        (["winner,loser,date", "a,b,2024-01-01", "b,a,"], "date"),
        (["winner,loser,date", "a,b,2024-01-01", "b,a,soon"], "soon"),
        (["winner,loser,date", "a,b,2024-01-01", "b,a,2024-02-30"], "2024-02-30"),
    ],
)
def test_dates_that_are_none(lines, said, tmp_path):
    run = venire("path", written(tmp_path, *lines))
    assert run.exit_code == 1, run.output
    assert said in run.output


@pytest.mark.parametrize(
    "words",
    [("--step", "decade"), ("--step", "0"), ("--step", "nan"), ("--step", "1e-9"),
     ("--walk", "-1"), ("--walk", "auto"), ("--walk", "1e9"), ("--half-life", "30"),
     ("--level", "2"), ("--scale", "stone"), ("--group", "white")],
    ids=" ".join,
)  # fmt: skip
def test_usage(club, words):
    run = venire("path", club, *words)
    assert run.exit_code == 2, run.output
    assert words[0].strip("-").replace("-", "") in run.output.replace("-", "")


def test_what_cannot_be_read_or_written(club, tmp_path):
    run = venire("path", club, "--plot", tmp_path / "x.txt")
    assert run.exit_code == 1
    assert "must end in .png" in run.output
    run = venire("path", tmp_path / "none.csv")
    assert run.exit_code == 1
    assert "no such file" in run.output
