"""The packaged data: totals that are published elsewhere than in the table itself, loaders, and the
command that lists and writes them."""

from __future__ import annotations

import importlib.util
import json
import shlex
from pathlib import Path

import console
import numpy as np
import pytest

import venire as vn
from venire import datasets, reference
from venire.cli import main

FILES = console.ROOT / "src" / "venire" / "datasets"


def test_baseball_totals():
    home, away, home_wins, away_wins = datasets.columns("baseball_1987").values()
    assert len(home) == len(away) == 42
    assert len(set(zip(home, away, strict=True))) == 42
    assert (home != away).all()
    games = home_wins + away_wins
    assert set(games.tolist()) == {6, 7}
    teams = np.unique(home)
    assert len(teams) == 7
    for i, a in enumerate(teams):  # 13 games between any two
        for b in teams[i + 1 :]:
            met = np.isin(home, [a, b]) & np.isin(away, [a, b])
            assert games[met].sum() == 13
    assert "Agresti" in datasets.describe("baseball_1987").source


def test_citations_as_published():
    """Agresti's table, and the fit as Turner and Firth 2012 print it, doi:10.18637/jss.v048.i09."""
    fit = vn.fit_bradley_terry(datasets.load_citations())
    items, estimates, errors = fit.relative_to("Biometrika")
    assert items.tolist() == ["Biometrika", "Comm. Statist.", "JASA", "JRSS B"]
    np.testing.assert_allclose(estimates[1:], [-2.94907, -0.47957, 0.26895], atol=5e-6)
    np.testing.assert_allclose(errors[1:], [0.10255, 0.06059, 0.07083], atol=5e-6)


def test_taste_is_of_fifteen_tasters():
    first, second, win, loss = datasets.columns("taste").values()
    assert len(set(zip(first, second, strict=True))) == 6
    assert set((win + loss).tolist()) == {15}
    won = {
        name: int(win[first == name].sum() + loss[second == name].sum())
        for name in ("A1", "A2", "A3", "A4")
    }
    assert list(won.values()) == [7, 26, 22, 35]


def test_toy_players_structure():
    toy = datasets.columns("toy_players")
    assert len(toy["first"]) == 17
    assert (toy["result"] == "tie").sum() == 4
    score = np.where(toy["result"] == "tie", 0.5, 1.0)
    cells = reference.aggregate(toy["first"], toy["second"], score)
    assert cells.n_items == 8
    assert len(reference.components(cells, "weak").sizes) == 1
    strong = reference.components(cells, "strong")
    groups = {frozenset(cells.items[strong.labels == k].tolist()) for k in range(3)}
    assert groups == {
        frozenset({"Han", "Gal", "Fin"}),
        frozenset({"Cyd", "Amy", "Ben", "Dan"}),
        frozenset({"Eve"}),
    }


def test_simulated_files_can_be_made_again(tmp_path):
    source = console.ROOT / "examples" / "files.py"
    spec = importlib.util.spec_from_file_location("example_files", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.write(tmp_path)
    for name in module.FILES:
        shipped = (FILES / name).read_text(encoding="utf-8")
        assert (tmp_path / name).read_text(encoding="utf-8") == shipped, name
    called = {d.name for d in map(datasets.describe, datasets.names())
              if d.source.startswith(("simulated", "made up"))}  # fmt: skip
    assert {f"{name}.csv" for name in called} == set(module.FILES)


def test_the_table_is_of_all_files_and_all_loaders():
    assert {f"{name}.csv" for name in datasets.names()} == {p.name for p in FILES.glob("*.csv")}
    loaders = {name for name in datasets.__all__ if name.startswith("load_")}
    assert loaders == {f"load_{name}" for name in datasets.names()}
    for one in map(datasets.describe, datasets.names()):
        assert {len(c) for c in datasets.columns(one.name).values()} == {one.n_rows}
        assert one.source
        assert one.description


#: How `vn.read` reads the file as the loader has it.
AS_FILES = {
    "battles": {}, "season": {}, "toy_players": {}, "verdicts": {}, "chances": {},
    "citations": {}, "taste": {},
    "baseball_1987": {"win": "home_wins", "loss": "away_wins"},
    "topics": {"as_": "groups"},
}  # fmt: skip


@pytest.mark.parametrize("name", AS_FILES)
def test_a_loader_gives_what_the_file_holds(name):
    loaded = getattr(datasets, f"load_{name}")()
    read = vn.read(datasets.path(name), **AS_FILES[name])
    assert type(read) is type(loaded)
    assert read.taken.columns == loaded.taken.columns
    if isinstance(loaded, vn.Comparisons):
        for mass in ("win", "loss", "tie"):
            np.testing.assert_array_equal(getattr(read, mass), getattr(loaded, mass))


def test_gold_of_both_orders():
    votes, gold = datasets.load_both_orders()
    assert len(gold) == votes.n_pairs == 120
    assert np.isfinite(gold).sum() == 40
    read = vn.io.read_votes(
        datasets.path("both_orders"), pair="item", teacher="judge", swapped="vote_swap",
        vote=["vote_orig", "vote_swap"], gold="gold", mapping={"1": "first", "0": "second"},
    )  # fmt: skip
    np.testing.assert_array_equal(read.gold, gold)


def test_judges_are_those_of_the_file():
    read, loaded = vn.io.read_teachers(datasets.path("judges")), datasets.load_judges()
    assert read.names.tolist() == loaded.names.tolist()
    for name in ("sharpness", "own_error", "cost"):
        np.testing.assert_array_equal(getattr(read, name), getattr(loaded, name))


@pytest.mark.parametrize("ask", [datasets.columns, datasets.describe, datasets.path])
def test_a_name_that_there_is_not(ask):
    with pytest.raises(ValueError, match=r"name = 'battels': is no data set; did you mean 'battle"):
        ask("battels")
    with pytest.raises(ValueError, match="did you mean 'judges'"):
        ask("judges.csv")
    with pytest.raises(TypeError, match="name"):
        ask(["battles"])


# ---- venire data --------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run a command in an empty folder: its exit code, and all that it says."""
    monkeypatch.chdir(tmp_path)

    def run(words):
        code = main(shlex.split(words))
        out, errors = capfd.readouterr()
        return code, out + errors

    return run


def test_files_are_written_as_they_are(run):
    code, said = run(f"data {' '.join(datasets.names())}")
    assert code == 0, said
    for name in datasets.names():
        assert Path(f"{name}.csv").read_bytes() == datasets.path(name).read_bytes()


@pytest.mark.parametrize("name", datasets.names())
def test_the_command_that_is_named_reads_the_file(name, run):
    command = datasets.describe(name).command
    code, said = run(f"data {name}")
    assert code == 0
    assert f"try: {command}" in " ".join(said.split())
    code, said = run(command.removeprefix("venire "))
    assert code == 0, said


def test_nothing_is_overwritten_without_being_told(run):
    mine = Path("season.csv")
    mine.write_text("mine")
    code, said = run("data battles season")
    assert code == 1
    assert "season.csv: there already" in said
    assert "try: venire data battles season --overwrite" in said
    assert mine.read_text() == "mine"
    assert not Path("battles.csv").exists()  # all or nothing
    assert run("data battles season --overwrite")[0] == 0
    assert mine.read_bytes() == datasets.path("season").read_bytes()
    assert run("data season")[0] == 0  # the same again is no loss


def test_what_is_said(run):
    code, said = run("data --json")
    rows = json.loads(said)["datasets"]
    assert code == 0
    assert [row["name"] for row in rows] == list(datasets.names())
    assert all(row["source"] and row["command"] for row in rows)
    Path("sub").mkdir()
    code, said = run("data judges -o sub --json")
    assert json.loads(said)["datasets"][0]["file"] == "sub/judges.csv"
    assert Path("sub", "judges.csv").exists()
    for words, code, said in (
        ("data battels", 2, "did you mean 'battles'"),
        ("data battles -o nowhere", 1, "there is no folder nowhere"),
        ("data battles battles -q", 0, ""),
    ):
        assert (found := run(words))[0] == code
        assert said in found[1]
