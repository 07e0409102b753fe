"""``venire fit --bootstrap`` and ``venire bootstrap``."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app

WAY = ["--first", "a", "--second", "b", "--score", "s"]


def venire(*arguments):
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


def ratings(run):
    """The JSON document of a run, and its ratings by item."""
    document = json.loads(run.stdout)
    return document, {row["item"]: row for row in document["ratings"]}


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 5, 400)
    second = (first + rng.integers(1, 5, 400)) % 5
    p = 1.0 / (1.0 + np.exp(0.4 * (first - second)))
    score = np.where(rng.random(400) < 0.2, 0.5, rng.random(400) < p)
    names = np.array(list("vwxyz"))
    user = np.array([f"u{k:02}" for k in rng.integers(0, 40, 400)])
    return pd.DataFrame({"a": names[first], "b": names[second], "s": score, "user": user})


@pytest.fixture
def games(tmp_path, frame):
    path = tmp_path / "games.csv"
    frame.to_csv(path, index=False)
    return path


def test_the_table_is_that_of_the_package(games, frame):
    run = venire("fit", games, *WAY, "--bootstrap", 300, "--seed", 5, "--level", 0.9, "--json")
    assert run.exit_code == 0
    document, rows = ratings(run)
    fit = vn.fit_bradley_terry(vn.Comparisons.from_frame(frame, first="a", second="b", score="s"))
    b = vn.bootstrap(fit, 300, rng=5)
    expected = b.to_frame("dict", level=0.9)
    for k, item in enumerate(fit.items):
        for name in ("lower", "upper", "standard_error", "rank", "rank_lower", "rank_upper"):
            assert rows[item][name] == pytest.approx(expected[name][k], abs=1e-9)
    assert document["bootstrap"] == {
        "scheme": "multinomial", "unit": "outcomes", "n_resamples": 300, "n_failed": 0,
        "n_unconverged": 0, "seed": 5, "cluster": None,
    }  # fmt: skip
    assert document["level"] == 0.9


def test_clusters(games, frame):
    run = venire("fit", games, *WAY, "--bootstrap", 200, "--cluster", "user", "--json")
    document, rows = ratings(run)
    assert document["bootstrap"]["cluster"] == "user"
    c = vn.Comparisons.from_frame(frame, first="a", second="b", score="s", cluster="user")
    errors = vn.bootstrap(vn.fit_bradley_terry(c), 200, rng=0).standard_errors()
    for k, item in enumerate(c.items):
        assert rows[item]["standard_error"] == pytest.approx(errors[k], abs=1e-9)


def test_the_command_has_a_thousand_replicates(games):
    run = venire("bootstrap", games, *WAY, "--errors=none", "--scale", "elo")
    assert run.exit_code == 0
    assert "1,000 multinomial replicates of comparisons, seed 0" in run.stdout
    assert "rank interval" in run.stdout
    assert "1 .. " in run.stdout
    plain = venire("fit", games, *WAY)
    assert "rank interval" not in plain.stdout
    assert ratings(venire("fit", games, *WAY, "--json"))[0]["bootstrap"] is None


def test_other_kinds_and_models(games):
    run = venire(
        "bootstrap", games, *WAY, "--model", "davidson", "--bootstrap", 50, "--bootstrap-scheme",
        "bayesian", "--json",
    )  # fmt: skip
    assert ratings(run)[0]["bootstrap"]["scheme"] == "bayesian"


def test_output_file(games, tmp_path):
    out = tmp_path / "r.parquet"
    assert venire("bootstrap", games, *WAY, "--bootstrap", 40, "-o", out).exit_code == 0
    table = pd.read_parquet(out)
    assert (table["rank_lower"] <= table["rank"]).all()
    assert (table["rank"] <= table["rank_upper"]).all()


def test_an_interrupt_keeps_what_is_done(games, monkeypatch):
    extend = vn.resampling.Bootstrap.extend
    calls = []

    def interrupted(self, more, **options):
        calls.append(more)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return extend(self, more, **options)

    monkeypatch.setattr(vn.resampling.Bootstrap, "extend", interrupted)
    run = venire("bootstrap", games, *WAY, "--bootstrap", 100_000, "--json")
    assert run.exit_code == 0
    document, _ = ratings(run)
    assert document["bootstrap"]["n_resamples"] == 2 + calls[0]
    assert "interrupted" in run.stderr
    assert f"{2 + calls[0]:,} of 100,000 replicates were done" in run.stderr


@pytest.mark.skipif(os.name == "nt", reason="sends a signal")
def test_a_signal_keeps_what_is_done(games):
    command = [sys.executable, "-m", "venire.cli", "bootstrap", str(games), *WAY]
    for wait in (3.0, 12.0, 48.0):  # on a busy machine it has not begun after the first
        with subprocess.Popen(
            [*command, "--bootstrap", "100000000", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as run:  # fmt: skip
            time.sleep(wait)
            run.send_signal(signal.SIGINT)
            out, told = run.communicate(timeout=60)
        if run.returncode == 0:
            break
    done = json.loads(out)["bootstrap"]["n_resamples"]
    assert 2 <= done < 100_000_000
    assert f"interrupted: {done:,} of 100,000,000 replicates were done" in told


def test_an_interrupt_before_any_replicate(games, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("venire.resampling.bootstrap", interrupt)
    assert venire("bootstrap", games, *WAY).exit_code == 130


def test_items_that_only_a_prior_holds_can_have_any_rank(games, frame, tmp_path):
    more = pd.DataFrame({"a": ["new"], "b": ["v"], "s": [1.0], "user": [0]})
    path = tmp_path / "more.csv"
    pd.concat([frame, more]).to_csv(path, index=False)
    _, rows = ratings(venire("bootstrap", path, *WAY, "--bootstrap", 100, "--json"))
    assert (rows["new"]["rank"], rows["new"]["determined"]) == (None, False)
    assert (rows["new"]["rank_lower"], rows["new"]["rank_upper"]) == (1, 6)
    assert sorted(row["rank"] for row in rows.values() if row["rank"]) == [1, 2, 3, 4, 5]
    assert max(row["rank_upper"] for row in rows.values()) == 6
    assert venire("bootstrap", path, *WAY, "--bootstrap", 100).exit_code == 0


def test_replicates_without_a_fit_are_told(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("a,b,s\n" + "x,y,1\n" * 9 + "y,x,1\n" * 2)
    run = venire("bootstrap", path, *WAY, "--bootstrap", 400)
    assert run.exit_code == 0
    assert "replicates have no finite fit and are left out" in run.stderr
    left = int(re.search(r"(\d+) of 400 replicates have no finite fit", run.stderr)[1])
    assert f"errors and intervals: {400 - left} of 400 multinomial replicates" in run.stdout


def test_what_cannot_be_resampled(tmp_path, games):
    path = tmp_path / "soft.csv"
    path.write_text("a,b,s,u\nx,y,0.7,1\n")
    run = venire("bootstrap", path, *WAY)
    assert run.exit_code == 1
    assert "--bootstrap: fit: there is only one cell to draw" in run.stderr
    run = venire("bootstrap", path, *WAY, "--cluster", "u")
    assert run.exit_code == 1
    assert "all comparisons are of one cluster" in run.stderr


def test_soft_scores_are_drawn_by_pairs(tmp_path):
    path = tmp_path / "soft.csv"
    path.write_text("a,b,s\nx,y,0.7\ny,z,0.6\nx,z,0.8\n")
    run = venire("bootstrap", path, *WAY, "--prior", 0.1)
    assert run.exit_code == 0
    assert "pairs were drawn again, not single comparisons" in run.stderr


def test_usage(games):
    assert venire("fit", games, *WAY, "--cluster", "user").exit_code == 2
    assert venire("fit", games, *WAY, "--bootstrap", 1).exit_code == 2
    assert venire("fit", games, *WAY, "--bootstrap", 10, "--seed", -1).exit_code == 2
    assert venire("bootstrap", "--help").exit_code == 0


def test_draws_are_those_of_the_package(games, frame):
    run = venire("fit", games, *WAY, "--draws", 300, "--seed", 5, "--level", 0.9, "--json")
    assert run.exit_code == 0
    document, rows = ratings(run)
    fit = vn.fit_bradley_terry(vn.Comparisons.from_frame(frame, first="a", second="b", score="s"))
    draws = fit.sample(300, rng=5)
    expected = draws.to_frame("dict", level=0.9)
    for k, item in enumerate(expected["item"]):
        for name in ("standard_error", "lower", "upper", "rank_lower", "rank_upper", "prob_best",
                     "expected_regret"):  # fmt: skip
            assert rows[item][name] == pytest.approx(expected[name][k], abs=1e-12)
    assert document["draws"] == {"n_draws": 300, "seed": 5}
    assert document["errors"] == "fisher"
    assert document["bootstrap"] is None


def test_draws_by_cluster_and_in_elo(games, frame):
    run = venire("fit", games, *WAY, "--cluster", "user", "--errors", "robust", "--draws", 400,
                 "--scale", "elo", "--json")  # fmt: skip
    document, rows = ratings(run)
    assert document["errors"] == "robust"
    c = vn.Comparisons.from_frame(frame, first="a", second="b", score="s", cluster="user")
    draws = vn.fit_bradley_terry(c).to_elo().sample(400, rng=0, errors="robust")
    for item, regret in zip(draws.items, draws.expected_regret(), strict=True):
        assert rows[item]["expected_regret"] == pytest.approx(regret, abs=1e-9)


def test_draws_in_the_table_and_on_the_page(games, tmp_path):
    pytest.importorskip("jinja2")
    run = venire("fit", games, *WAY, "--draws", 100)
    assert "P(best)" in run.stdout
    assert "100 draws of the normal approximation" in run.stdout
    page = tmp_path / "page.html"
    assert venire("report", games, *WAY, "--draws", 100, "-o", page, "--quiet").exit_code == 0
    assert "P(best)" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "options", [["--bootstrap", 20], ["--errors", "none"], ["--draws", 1]], ids=str
)
def test_what_does_not_go_with_draws(games, options):
    run = venire("fit", games, *WAY, "--draws", 50, *options)
    assert run.exit_code == 2
    assert "--draws" in run.stderr


@pytest.mark.parametrize("interval", ["profile", "firth"])
def test_intervals_by_profiles(games, frame, tmp_path, interval):
    way = ("fit", games, *WAY, "--interval", interval)
    run = venire(*way, "--level", 0.9, "--json")
    document, rows = ratings(run)
    fit = vn.fit_bradley_terry(vn.Comparisons.from_frame(frame, first="a", second="b", score="s"))
    bounds = fit.interval(0.9, interval=interval)
    for item, (lower, upper) in zip(fit.items, bounds, strict=True):
        assert rows[item]["lower"] == pytest.approx(lower, abs=1e-9)
        assert rows[item]["upper"] == pytest.approx(upper, abs=1e-9)
    assert document["interval"] == interval
    assert "by the profile of the likelihood" in venire(*way).output
    assert venire(*way, "--plot", tmp_path / "p.svg").exit_code == 0
    for more in (("--bootstrap", 20), ("--draws", 20), ("--errors", "none")):
        assert venire(*way, *more).exit_code == 2
