"""``--plot FILE``: every command that rates or judges draws what came of it."""

from __future__ import annotations

import errno
import importlib
import os
import re

import numpy as np
import pytest
from typer.testing import CliRunner

import venire as vn
from venire._core import disk
from venire.cli._app import COMMANDS, app

pytest.importorskip("matplotlib")
pytest.importorskip("pyarrow")

BEGINS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}


def venire(*arguments):
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    """A folder with a file of each sort, in which the commands run."""
    folder = tmp_path_factory.mktemp("pictures")
    before = os.getcwd()
    os.chdir(folder)
    rng = np.random.default_rng(0)
    theta = {"ada": 0.8, "<b>bob</b>": 0.3, "$c_1$": -0.3, "d": -0.8}
    names = list(theta)
    games, votes = ["a,b,winner,topic,day"], ["judge,prompt,topic,a,b,verdict,truth"]
    for k in range(160):
        one, two = rng.choice(4, 2, replace=False)
        gap = theta[names[one]] - theta[names[two]]
        won = 1 if rng.logistic() < gap else 2
        winner, day = names[(one, two)[won - 1]], f"2024-0{1 + k // 40}-07"
        games.append(f"{names[one]},{names[two]},{winner},t{k % 3},{day}")
        for judge, noise in (("x", 0.5), ("y", 1.0), ("z", 2.0)):
            said = "A" if noise * rng.logistic() < gap else "B"
            votes.append(f"{judge},p{k},t{k % 3},{names[one]},{names[two]},{said},{won % 2}")
    (folder / "games.csv").write_text("\n".join(games), encoding="utf-8")
    (folder / "votes.csv").write_text("\n".join(votes), encoding="utf-8")
    loop = vn.distillation.Distillation(
        (["q"] * 6, list("abcdef")), ["t"], gold=np.arange(6.0), folder="loop"
    )
    asked = loop.ask()
    loop.tell(asked.request, rng.choice([1, -1], len(asked.request)))
    loop.close()
    yield folder
    os.chdir(before)


GAMES = ["games.csv", "--first", "a", "--second", "b", "--outcome", "winner"]
VOTES = ["votes.csv", "--teacher", "judge", "--first", "a", "--second", "b", "--vote", "verdict"]
RUNS = {
    "fit": ["fit", *GAMES, "--scale", "elo"],
    "fit --bootstrap": ["fit", *GAMES, "--bootstrap", "20"],
    "bootstrap": ["bootstrap", *GAMES, "--bootstrap", "20", "--level", "0.8"],
    "groups": ["groups", *GAMES, "--group", "topic", "-o", "groups.csv"],
    "consensus": ["consensus", *VOTES, "--group", "prompt"],
    "consensus --gold": ["consensus", *VOTES, "--group", "prompt", "--gold", "truth"],
    "judges": ["judges", *VOTES],
    "path": ["path", *GAMES, "--date", "day", "--prior", "1"],
    "rate": ["rate", *VOTES, "--group", "prompt"],
    "rate --by": ["rate", *VOTES, "--group", "prompt", "--by", "topic", "--prior", "0.1"],
    "simulate": ["simulate", "--groups", "2", "--items", "8", "--seeds", "2", "--degrees", "2,4"],
    "distill report": ["distill", "report", "loop"],
    "bench": ["bench", "bootstrap"],
}
WITHOUT = {"audit", "distill init", "distill ask", "distill tell", "distill withdraw",
           "distill train"}  # fmt: skip


def test_every_command_that_rates_or_judges_has_the_option():
    names = set()
    for name, one in COMMANDS.items():
        module, _, command = one.place.partition(":")
        command = getattr(importlib.import_module(f"venire.cli.{module}"), command)
        names |= {name} if "plot" in command.__dataclass_fields__ else set()
    assert names == {name for name in RUNS if " --" not in name}
    assert not names & WITHOUT


@pytest.mark.parametrize("name", RUNS)
def test_it_draws(name, tmp_path):
    picture = tmp_path / "drawn.svg"
    run = venire(*RUNS[name], "--plot", picture)
    assert run.exit_code == 0, run.output
    assert picture.read_bytes().startswith(BEGINS[".svg"])
    assert b"<b>" not in picture.read_bytes()
    assert [p.name for p in tmp_path.iterdir()] == [picture.name]


@pytest.mark.parametrize("ending", BEGINS)
def test_the_ending_says_how_and_the_bytes_are_always_the_same(ending, tmp_path):
    pictures = [tmp_path / f"drawn{ending}", tmp_path / f"AGAIN{ending.upper()}"]
    for picture in pictures:
        assert venire(*RUNS["fit"], "--plot", picture).exit_code == 0
        assert picture.read_bytes().startswith(BEGINS[ending])
    assert pictures[0].read_bytes() == pictures[1].read_bytes()


def test_settings_of_the_user_need_no_other_program(tmp_path):
    import matplotlib

    with matplotlib.rc_context({"text.usetex": True}):
        run = venire(*RUNS["consensus"], "--plot", tmp_path / "drawn.svg")
    assert run.exit_code == 0, run.output


def test_a_picture_replaces_the_old_one_or_nothing(tmp_path, monkeypatch):
    picture = tmp_path / "old.png"
    picture.write_bytes(b"old")

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk_is_full:
        disk_is_full.setattr(disk.os, "fsync", full)
        run = venire(*RUNS["fit"], "--plot", picture)
    assert run.exit_code == 1
    assert "No space left" in run.output
    assert str(picture) in re.sub(r"\s", "", run.output)
    assert picture.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["old.png"]
    assert venire(*RUNS["fit"], "--plot", picture).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


REFUSED = {
    "drawn.jpg": "must end in .png, .svg or .pdf",
    "drawn": "must end in .png, .svg or .pdf",
    "no/such/drawn.png": "there is no folder",
    "/proc/drawn.png": "/proc",
}


@pytest.mark.parametrize(
    ("name", "file"),
    [*((name, "drawn.jpg") for name in RUNS), *(("fit", file) for file in REFUSED)],
)
def test_what_cannot_be_written_is_refused_before_anything_is_done(name, file):
    run = venire(*RUNS[name], "--plot", file)
    assert run.exit_code == 1
    assert REFUSED[file] in re.sub(r"\s+", " ", run.output)
    assert not run.stdout.strip()


def test_a_folder_that_may_not_be_written_to(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("the superuser may write everywhere")
    tmp_path.chmod(0o500)
    run = venire(*RUNS["fit"], "--plot", tmp_path / "drawn.png")
    tmp_path.chmod(0o700)
    assert run.exit_code == 1
    assert "Permission denied" in run.output


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([*RUNS["fit"], "--plot", "games.csv"], "is the input file"),
        ([*RUNS["fit"], "-o", "x.png", "--plot", "x.png"], "is the file of --output"),
        ([*RUNS["fit"], "--errors", "none", "--plot", "x.png"], "draws intervals"),
        ([*RUNS["rate"], "--errors", "none", "--plot", "x.png"], "draws intervals"),
        ([*RUNS["groups"][:-2], "--plot", "x.png"], "add -o FILE"),
    ],
)
def test_misuse(arguments, reason):
    run = venire(*arguments)
    assert run.exit_code == 2
    assert reason in re.sub(r"[\s│]+", " ", run.output)


def test_a_picture_that_is_refused_leaves_no_other_file(tmp_path):
    vn.distillation.Distillation((["q"] * 3, list("abc")), ["t"], folder=tmp_path / "new").close()
    table = tmp_path / "table.csv"
    run = venire("distill", "report", tmp_path / "new", "-o", table, "--plot", tmp_path / "x.png")
    assert run.exit_code == 1
    assert "no measure is known" in run.output
    assert [p.name for p in tmp_path.iterdir()] == ["new"]


def test_groups_of_workers_are_drawn_too(tmp_path):
    pytest.importorskip("distributed")
    import pandas as pd

    pd.read_csv("games.csv").to_parquet(tmp_path / "games.parquet")
    run = venire(
        "groups", tmp_path / "games.parquet", *GAMES[1:], "--group", "topic", "--workers", "1",
        "-o", tmp_path / "parts", "--plot", tmp_path / "drawn.svg",
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert (tmp_path / "drawn.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.parametrize("name", ["out.csv", "out.parquet", "out.jsonl"])
def test_groups_are_read_as_they_were_written(name, tmp_path, monkeypatch):
    """Whether the data place an item is a word in text, and not elsewhere."""
    from matplotlib.figure import Figure

    drawn = []
    monkeypatch.setattr("venire.plots.overview", lambda x: drawn.append(x) or Figure())
    (tmp_path / "rows.csv").write_text("g,a,b,w\n1,x,y,x\n1,y,x,y\n1,p,q,p\n1,q,p,q\n1,x,y,y\n")
    run = venire(
        "groups", tmp_path / "rows.csv", "--first", "a", "--second", "b", "--outcome", "w",
        "--group", "g", "-o", tmp_path / name, "--plot", tmp_path / "x.png",
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    (table,) = drawn
    known = dict(zip(table["item"].tolist(), table["determined"].tolist(), strict=True))
    assert known == {"p": False, "q": False, "x": True, "y": True}
