"""The commands ``venire distill ...``: the loop from the shell."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from distillation_data import World, same
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app
from venire.distillation import Distillation

linear_model = pytest.importorskip("sklearn.linear_model")
TRAIN = ["--features", "items.csv", "--group", "q", "--item", "d", "--use", "x0", "--use", "x1"]
INIT = ["items.csv", "--group", "q", "--item", "d", "--gold", "gold", "--teacher", "ann",
        "--teacher", "bea"]  # fmt: skip


def venire(*arguments, code=0):
    """Run a command in this process."""
    run = CliRunner().invoke(app, ["distill", *map(str, arguments)], prog_name="venire")
    assert run.exit_code == code, run.output
    return run


def process(*arguments):
    """Start a command in a process of its own."""
    command = [sys.executable, "-m", "venire.cli", "distill", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = World()
    frame = {"q": world.group, "d": world.item, "gold": world.theta}
    frame |= {f"x{k}": world.features[:, k] for k in range(3)}
    pd.DataFrame(frame).sample(frac=1, random_state=0).to_csv("items.csv", index=False)
    return world


def answer(world, requests="r.csv", votes="v.csv", some=slice(None)):
    """What teachers elsewhere do: read requests, write votes."""
    table = pd.read_csv(requests).rename(columns={"vote": "x"})
    said = np.where(world.votes(Asked(table)) > 0, "first", "second")
    pd.DataFrame({"request": table.request, "vote": said})[some].to_csv(votes, index=False)


class Asked:
    """Columns of a table of requests as arrays."""

    def __init__(self, table):
        for name in table:
            setattr(self, name, table[name].to_numpy())


@pytest.mark.parametrize("method", ["fit", "judges"])
def test_the_whole_loop(world, method):
    assert "6 groups, 48 items" in venire("init", "loop", *INIT, "--method", method).output
    for _ in range(3):
        venire("ask", "loop", "-o", "r.csv")
        answer(world)
        assert (
            "new answers, 0 known before; 0 requests are pending"
            in venire("tell", "loop", "v.csv").output
        )
        run = venire("train", "loop", *TRAIN, "-o", "t.parquet", "--model", "student.joblib")
        assert "on groups that it did not see; 48 targets" in run.output
    run = venire("report", "loop", "-o", "report.csv", "--plot", "q.png", "--preview")
    assert "the next ask is expected to gain" in run.output
    report = pd.read_csv("report.csv")
    assert report["total_votes"].tolist() == [60, 108, 156]
    assert report["tau"].iloc[-1] > report["tau"].iloc[0]
    assert Path("q.png").read_bytes()[:4] == b"\x89PNG"
    targets = pd.read_parquet("t.parquet")
    assert list(targets) == [
        "group", "item", "target", "standard_error", "weight", "prediction"
    ]  # fmt: skip
    joblib = pytest.importorskip("joblib")
    student = joblib.load("student.joblib")
    assert student.predict(world.features[:, :2]).shape == (48,)
    with Distillation.open("loop") as loop:
        expected = loop.targets()
        assert loop.fit().method == method
        assert np.allclose(targets["target"], expected.target)
        assert np.allclose(targets["prediction"], loop.predictions[loop.order])


def test_processes_that_are_killed_in_between(world, monkeypatch):
    """Each command in a process of its own; some are killed, at any time, and run again."""
    monkeypatch.setenv("COLUMNS", "200")
    plain = World()
    table = pd.read_csv("items.csv")
    memory = vn.distillation.Distillation(
        (table.q.to_numpy(), table.d.to_numpy()), ["ann", "bea"], gold=table.gold.to_numpy()
    )

    def killed(*arguments, after):
        run = process(*arguments)
        try:
            run.wait(after)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
        run.communicate()

    def done(*arguments):
        run = process(*arguments)
        out, err = run.communicate(timeout=120)
        assert run.returncode == 0, err
        return out

    done("init", "loop", *INIT)
    for number in (1, 2):
        killed("ask", "loop", "-o", "r.csv", after=0.8 * number)
        rounds = len(json.loads(Path("loop/state.json").read_text())["head"]["rounds"])
        flags = ["--pending"] if rounds == number else []  # what was asked is not asked again
        done("ask", "loop", *flags, "-o", "r.csv")
        requests = memory.ask()
        assert pd.read_csv("r.csv").request.tolist() == requests.request.tolist()
        answer(plain)
        killed("tell", "loop", "v.csv", after=0.3 * number)
        done("tell", "loop", "v.csv")  # again: nothing is counted twice
        memory.tell(requests.request, plain.votes(requests))
        with Distillation.open("loop", read_only=True) as loop:
            assert same(loop, memory)
    words = [word for word in done("report", "loop").split() if set(word) != {"─"}]
    assert words == str(memory.report()).split()


def test_ask_tell_and_withdraw_in_parts(world):
    venire("init", "loop", *INIT, "--cost", "bea=3", "--bridges", 0, "--seed", 5)
    text = venire("ask", "loop", "--budget", 20, "--quiet").stdout
    requests = pd.read_csv(StringIO(text))
    assert list(requests) == [
        "request", "round", "group", "first", "second_group", "second", "teacher", "cost"
    ]  # fmt: skip
    assert requests.cost.sum() == 40
    requests.to_csv("r.csv", index=False)
    answer(world, some=slice(0, 6))
    assert "6 new answers" in venire("tell", "loop", "v.csv").output
    answer(world, some=slice(4, 8))
    assert "2 new answers, 2 known before; 12 requests" in venire("tell", "loop", "v.csv").output
    left = pd.read_csv(StringIO(venire("ask", "loop", "--pending", "-q").stdout))
    assert left.request.tolist() == list(range(8, 20))
    mine = venire("ask", "loop", "--pending", "--teacher", "ann", "-q").stdout
    assert set(pd.read_csv(StringIO(mine)).teacher) == {"ann"}
    run = venire("withdraw", "loop", "--teacher", "bea", "-o", "new.csv")
    assert "bea is not asked again" in run.output
    assert set(pd.read_csv("new.csv").teacher) == {"ann"}
    venire("ask", "loop", "--cost", 9, "-o", "r.csv")
    assert pd.read_csv("r.csv").cost.tolist() == [1.0] * 9
    assert "teacher bea withdrawn" in venire("report", "loop").output


def test_votes_in_other_words(world):
    venire("init", "loop", *INIT)
    venire("ask", "loop", "-o", "r.parquet")
    requests = pd.read_parquet("r.parquet")
    said = pd.DataFrame({"id": requests.request, "who": "B", "w": 0.2, "t": 0.1, "l": 0.7})
    said[:10].to_json("v.jsonl", orient="records", lines=True)
    venire("tell", "loop", "v.jsonl", "--request", "id", "--vote", "who", "--mapping",
           "A=first,B=second")  # fmt: skip
    said[10:20].to_csv("v.tsv", sep="\t", index=False)
    venire("tell", "loop", "v.tsv", "--request", "id", "--probabilities", "w", "t", "l")
    with Distillation.open("loop") as loop:
        assert loop._state.ledger.vote[:10].tolist() == [-1] * 10
        assert loop._state.ledger.chances[15].tolist() == [0.2, 0.1, 0.7]
    said[:1].assign(who="A").to_csv("v.csv", index=False)
    flags = ["--request", "id", "--vote", "who", "--mapping", "A=first,B=second"]
    run = venire("tell", "loop", "v.csv", *flags, code=1)
    assert "v.csv: row 1 (line 2), column 'id': request 0 is answered -1 already" in run.output
    assert "1 replaced" in venire("tell", "loop", "v.csv", *flags, "--replace").output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["ask", "nowhere"], 1, "nowhere: holds no state of a loop"),
        (["ask", "loop", "--budget", 10_000], 1, "budget = 10000: the groups have only 168 pairs"),
        (["ask", "loop", "--budget", 0], 2, "--budget"),
        (["ask", "loop", "--budget", 3, "--cost", 3], 2, "contradict"),
        (["ask", "loop", "--pending", "--budget", 3], 2, "begins no round"),
        (["ask", "loop", "-o", "no/such/r.csv"], 1, "there is no folder"),
        (["ask", "loop", "-o", "r.xls"], 1, "must end in one of"),
        (["ask", "loop", "--teacher", "eve"], 1, "is not one of the teachers"),
        (["tell", "loop", "absent.csv"], 1, "absent.csv"),
        (
            ["tell", "loop", "unknown.csv"], 1,
            "row 2 (line 3), column 'request' = 999: there is no such",
        ),
        (["tell", "loop", "words.csv"], 1, "words.csv: row 1 (line 2), column 'vote'"),
        (["tell", "loop", "unknown.csv", "--vote", "v"], 1, "there is no column 'v'"),
        (["train", "loop", "--model", "m"], 2, "needs --features"),
        (["train", "loop", *TRAIN], 1, "there are no votes yet"),
        (["init", "loop", *INIT], 1, "holds a loop already"),
        (["init", "new", *INIT, "--cost", "bea"], 2, "is not TEACHER=COST"),
        (["init", "new", *INIT, "--cost", "eve=3"], 1, "= 'eve': is not one of the teachers"),
        (["init", "new", *INIT, "--panel", 3], 1, "panel = 3: there are only 2 teachers"),
        (["init", "new", "twice.csv", *INIT[1:5], "--teacher", "a"], 1,
         "twice.csv: row 3 (line 4), column 'd' = 1: is listed twice in group 1"),
        (["report", "loop", "--plot", "q.png"], 1, "no measure is known"),
    ],
)  # fmt: skip
def test_what_can_be_wrong(world, arguments, code, message):
    venire("init", "loop", *INIT)
    venire("ask", "loop", "-o", "r.csv")
    pd.DataFrame({"request": [0, 999], "vote": ["first", "tie"]}).to_csv("unknown.csv", index=False)
    pd.DataFrame({"request": [0], "vote": ["perhaps"]}).to_csv("words.csv", index=False)
    pd.DataFrame({"q": [1, 2, 1], "d": [1, 1, 1]}).to_csv("twice.csv", index=False)
    state = Path("loop/state.json").read_text()
    run = venire(*arguments, code=code)
    assert message in " ".join(run.output.split())
    assert Path("loop/state.json").read_text() == state


def test_features_that_are_no_numbers(world):
    venire("init", "loop", *INIT)
    venire("ask", "loop", "-o", "r.csv")
    answer(world)
    venire("tell", "loop", "v.csv")
    table = pd.read_csv("items.csv")
    table.loc[4, "x1"] = np.nan
    table.to_csv("gap.csv", index=False)
    table.loc[4, "x1"] = np.inf
    table.to_csv("inf.csv", index=False)
    table[:-1].to_csv("short.csv", index=False)
    flags = TRAIN[2:]
    run = venire("train", "loop", "--features", "gap.csv", *flags, code=1)
    assert "gap.csv: row 5 (line 6), column 'x1': a value is missing" in run.output
    run = venire("train", "loop", "--features", "inf.csv", *flags, code=1)
    assert "inf.csv: row 5 (line 6), features = inf: " in run.output
    assert "column 'x1' must be finite" in run.output
    table[:-1].assign(x1=0.0).to_csv("short.csv", index=False)
    run = venire("train", "loop", "--features", "short.csv", *flags, code=1)
    assert "has no row of item" in run.output


def test_a_second_process_is_told(world):
    venire("init", "loop", *INIT)
    with Distillation.open("loop"):
        run = venire("ask", "loop", code=1)
        assert "loop: is in use by process" in run.output
        venire("report", "loop")  # looking is allowed


def test_loops_beside_each_other(world):
    for name, criterion in (("adaptive", "D"), ("uniform", "uniform")):
        venire("init", name, *INIT, "--criterion", criterion)
        for _ in range(2):
            venire("ask", name, "-o", "r.csv")
            answer(world)
            venire("tell", name, "v.csv")
    run = venire("report", "adaptive", "--beside", "uniform", "--plot", "q.svg")
    assert "adaptive\n" in run.output
    assert "uniform\n" in run.output
    assert "<svg" in Path("q.svg").read_text()


@pytest.mark.parametrize("student", ["linear", "forest", "boosting"])
def test_students(world, student):
    venire("init", "loop", *INIT)
    venire("ask", "loop", "-o", "r.csv")
    answer(world)
    venire("tell", "loop", "v.csv")
    assert (
        f"{student}: r2"
        in venire("train", "loop", *TRAIN, "--student", student, "-o", "t.csv").output
    )


def test_judges_who_sort(world):
    """Rankings answer what is pending, of each of those who made them, and nothing else."""
    venire("init", "l", *INIT)
    venire("ask", "l", "-o", "r.csv")
    rows = [
        {"q": q, "who": who, "ballot": f"{q}{who}", "d": d, "place": -x}
        for who in ("ann", "bea")
        for q, d, x in zip(world.group, world.item, world.theta, strict=True)
    ]
    frame = pd.DataFrame(rows)
    frame.to_csv("long.csv", index=False)
    words = ["--ranking", "ballot", "--item", "d", "--rank", "place", "--group", "q"]
    nobody = venire("tell", "l", "long.csv", *words, code=2).output
    assert "names the column of those who ranked" in " ".join(nobody.split())
    refused = venire("tell", "l", "long.csv", *words, "--teacher", "ballot", code=1).output
    assert "is not one of the teachers ('ann', 'bea')" in " ".join(refused.split())
    alone = venire("tell", "l", "long.csv", *words[:-2], "--teacher", "who", code=2).output
    assert "names the column of groups" in " ".join(alone.split())
    told = venire("tell", "l", "long.csv", *words, "--teacher", "who").output
    with Distillation.open("l", read_only=True) as loop:
        assert loop.pending.bridge.all()
        done = loop.requests()
        done = done.select(~done.bridge)
        assert f"{len(done):,} new answers" in told
        votes = loop.votes()
    assert votes.n_votes == len(done)
    ballots = vn.Rankings.from_long(frame.ballot, frame.d, frame.place, group=frame.q)
    truth = {(g, d): x for g, d, x in zip(world.group, world.item, world.theta, strict=True)}
    first = np.array([truth[one] for one in zip(done.group, done.first, strict=True)])
    second = np.array([truth[one] for one in zip(done.group, done.second, strict=True)])
    assert (done.ranked(ballots)[1] == np.sign(first - second)).all()
    text = frame.sort_values("place").groupby(["q", "who"]).d
    text.agg(lambda x: " > ".join(map(str, x))).reset_index().to_csv("wide.csv", index=False)
    again = ["--place", "d", "--group", "q", "--teacher", "who"]
    assert "0 new answers, 0 known" in venire("tell", "l", "wide.csv", *again).output
    said = venire("tell", "l", "wide.csv", *again, "--replace").output
    assert f"{len(done):,} known before" in said
    for more in (["--request", "x"], ["--vote", "x"], ["--probabilities", "a", "b", "c"]):
        assert "is of votes on" in venire("tell", "l", "wide.csv", *again, *more, code=2).output
    assert "is of rankings" in venire("tell", "l", "r.csv", "--teacher", "who", code=2).output
