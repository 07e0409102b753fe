"""Commands that take rankings: ``fit``, ``report``, ``consensus``, ``rate``."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app

pytest.importorskip("pyarrow")

RACES = "nascar_2002.csv --ranking race --item driver --rank place"
ANSWERS = "ranked_answers.csv --place ranking"


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rankings")
    before = os.getcwd()
    os.chdir(folder)
    for name in ("nascar_2002", "ranked_answers", "battles"):
        (folder / f"{name}.csv").write_bytes(vn.datasets.path(name).read_bytes())
    yield folder
    os.chdir(before)


def run(words):
    return CliRunner().invoke(app, shlex.split(words), prog_name="venire")


def document(words):
    done = run(f"{words} --json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_season_as_it_was_published():
    """Hunter 2004, doi:10.1214/aos/1079120141: the log-likelihood, and the two best drivers."""
    found = document(f"fit {RACES}")
    assert found["model"] == "plackett-luce"
    assert (found["n_rankings"], found["n_items"]) == (36, 83)
    assert found["log_likelihood"] == pytest.approx(-4191.0973, abs=5e-5)
    theta = {row["item"]: row["theta"] for row in found["ratings"]}
    share = {item: np.exp(x) / np.exp(list(theta.values())).sum() for item, x in theta.items()}
    assert share[58] == pytest.approx(0.18640, abs=5e-6)
    assert share[68] == pytest.approx(0.10956, abs=5e-6)


def test_the_table_counts_rankings():
    done = run(f"fit {RACES} --top 1")
    assert "36 rankings of 83 items, 42.9 in each, 1 component" in done.stdout
    assert "rankings\n" in done.stdout
    assert "games" not in done.stdout


def test_columns_that_nobody_named_are_found():
    done = run("fit nascar_2002.csv --ranking race --top 1")
    assert "ranking=race, item=driver, rank=place (--item, --rank change it)" in done.stderr
    for text in (
        '["a","b","c"]\n["b","c","a"]\n["c","a","b"]\n',
        '{"r":["a","b"]}\n{"r":["b","a"]}',
    ):
        Path("lists.jsonl").write_text(text)
        assert document("fit lists.jsonl")["model"] == "plackett-luce"


def test_the_command_fits_as_the_function_does():
    fit = vn.fit_plackett_luce(vn.datasets.load_ranked_answers(), prior=vn.GaussianPrior(2.0))
    found = document(f"fit {ANSWERS} --cluster judge --errors robust --prior 2")
    theta = {row["item"]: (row["theta"], row["standard_error"]) for row in found["ratings"]}
    for item, x, e in zip(fit.items, fit.theta, fit.standard_errors("robust"), strict=True):
        assert theta[item] == pytest.approx((x, e))


def test_items_of_groups_are_rated_by_themselves():
    groups = document(f"fit {ANSWERS} --group judge --draws 20")["ratings"]
    whole = vn.datasets.load_ranked_answers()
    strict = whole.select(whole.clusters[whole.cluster] == "strict")
    fit = vn.fit_plackett_luce(strict)
    alone = {x: fit.theta[k] for k, x in enumerate(fit.items)}
    own = [row for row in groups if row["group"] == "strict"]
    assert {row["item"]: pytest.approx(row["theta"], abs=1e-7) for row in own} == alone
    assert [row["rank"] for row in own] == [1, 2, 3, 4, 5, 6, 7]
    assert sum(row["prob_best"] for row in own) == pytest.approx(1.0)
    shown = run(f"fit {ANSWERS} --group judge --top 8")
    assert "rank     group  item" in shown.stdout
    assert "component" not in shown.stdout.replace("3 components", "")
    few = run(f"fit {ANSWERS} --group prompt --top 1")
    assert "('p26', 'ibex-chat')" in few.stderr
    assert "cannot be compared" not in few.stderr


def test_replicates_draws_and_pictures():
    pytest.importorskip("matplotlib")
    drawn = document(f"fit {ANSWERS} --bootstrap 20 --plot a.png -o a.csv")
    assert drawn["bootstrap"]["n_resamples"] == 20
    assert "replicates of rankings" in run(f"fit {ANSWERS} --bootstrap 20").stdout
    clustered = run(f"bootstrap {ANSWERS} --cluster judge --bootstrap 20").stdout
    assert "replicates of clusters by judge" in clustered
    assert "prob_best" in document(f"fit {ANSWERS} --draws 20")["ratings"][0]
    assert os.path.getsize("a.png") > 1000


def test_a_page():
    for module in ("matplotlib", "jinja2", "itables"):
        pytest.importorskip(module)
    done = run(f"report {ANSWERS} -o page.html")
    assert done.exit_code == 0, done.output
    page = Path("page.html").read_text(encoding="utf-8")
    assert "Plackett" in page
    assert "half a win to each side" not in page


def test_judges_who_sort_answers():
    panel = document(f"consensus {ANSWERS} --teacher judge")
    assert panel["n_teachers"] == 3
    rated = document(f"rate {ANSWERS} --teacher judge --group prompt")
    assert rated["ratings"][0]["item"] == "lynx-70b"
    assert rated["teachers"][0]["teacher"] == "strict"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (f"fit {ANSWERS} --model davidson", "rankings are fitted by that of Plackett and Luce"),
        ("fit battles.csv --group judge", "is of rankings: name their columns; venire groups"),
        (f"fit {ANSWERS} --group judge --anchor x", "groups have no item in common"),
        (f"fit {ANSWERS} --order-effect", "is of comparisons"),
        (f"fit {ANSWERS} --first a", "is of comparisons, and --place of rankings"),
        (f"fit {ANSWERS} --covariate a", "'--covariate': is of comparisons, and --place of"),
        (f"fit {ANSWERS} --rank b", "place names columns of rankings that have a row each"),
        (f"fit {ANSWERS} --among rows", "is of rankings with a row for each item"),
        (f"fit {ANSWERS} --among some", "'some' is not one of rows, all"),
        ("fit battles.csv --method quasi-newton", "quasi-newton is of rankings"),
        (f"report {ANSWERS} --group prompt -o p.html", "rankings have a single leaderboard"),
        (f"consensus {ANSWERS}", "names the column of those who ranked"),
        (f"consensus {ANSWERS} --teacher judge --vote x", "is of votes on pairs"),
        (f"rate {ANSWERS} --teacher judge", "names the column of prompts"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(words, said):
    done = run(words)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        ("race,driver,place\n1,x,2\n1,y,\n", "--ranking race", "(--among rows) puts items"),
        (
            "race,driver,place\n1,x,2\n1,y,1\n1,x,3\n",
            "--ranking race",
            "row 3 (line 4), column 'driver' = 'x': stands in ranking 1 twice",
        ),
        ("r\na>b\nb>c\n", "--place r", "its precision by the evidence of the data"),
        (
            "r\na>b\nb>c\n",
            "--place r --method quasi-newton",
            "no unique finite fit exists",
        ),
    ],
)
def test_what_is_wrong_with_the_data_is_said(text, words, said):
    Path("bad.csv").write_text(text)
    done = run(f"fit bad.csv {words}")
    assert said in " ".join(done.output.split())
    assert done.exit_code == (0 if "by the evidence" in said else 1)
