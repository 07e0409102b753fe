"""Benchmarks beside others: answers are one, what is missing is said, and files are written."""

from __future__ import annotations

import csv
import inspect
import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import venire as vn
from venire import bench
from venire.bench import _run, bootstraps, case, plain, posteriors, queries, rankings, votes
from venire.bench import workloads as rows
from venire.bench.case import OURS, PLAIN, TWIN, Case, Contender
from venire.cli._app import app

SMALL = {"quick": 1_000, "full": 2_000}


@pytest.fixture
def small(monkeypatch):
    """Sizes that take no time, and no call repeated."""
    for name in ("arena", "ladder", "ladder, small"):
        few = replace(rows.WORKLOADS[name], quick=3_000, full=4_000)
        monkeypatch.setitem(rows.WORKLOADS, name, few)
    for module, name, values in (
        (queries, "SIZES", {size: (6, 3, n) for size, n in SMALL.items()}),
        (votes, "N_VOTES", SMALL), (votes, "N_PANEL", {"quick": 60, "full": 70}),
        (posteriors, "SIZES", {"quick": 50, "full": 60}),
        (bootstraps, "REPLICATES", {"quick": 8, "full": 9}),
        (bootstraps, "WEIGHTS", {"quick": (1_000, 3), "full": (2_000, 3)}),
        (bootstraps, "NUMBERS", {"quick": (50, 30), "full": (60, 30)}),
        (rankings, "SIZES", {s: {"alike": (300, 5, 20, 1.0), "short": (200, 5, 15, 1.0)}
                             for s in SMALL}),
        (case, "ENOUGH", 0.0),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, values)


@pytest.mark.parametrize("size", bench.SIZES)
@pytest.mark.parametrize("name", bench.WORKLOADS)
def test_everybody_finds_the_same(name, size, small, monkeypatch):
    few = posteriors.TWINS | {
        "cdf(x)": ((posteriors.TWINS["cdf(x)"][0][0], 1), (plain.beta_cdf, 30)),
        "quantile(q)": (None, (plain.beta_quantile, 3)),
        "sample": (None, posteriors.TWINS["sample"][1]),
    }
    monkeypatch.setattr(posteriors, "TWINS", few)
    found = bench.run(name, size=size)
    assert found.size == size
    functions = {(one.function, one.n) for one in found.timed}
    for function in functions:
        own = [one for one in found.timed if (one.function, one.n) == function]
        assert own[0].solver == OURS
        assert own[0].ratio == 1.0
        for one in own:
            assert one.seconds > 0.0
            assert math.isnan(one.difference) or one.difference < 1e-5, one
    compared = {one.solver for one in found.timed}
    assert {TWIN, PLAIN} <= compared
    assert all(one.why for one in found.skipped)
    asked = {(one.function, one.n, one.solver) for one in (*found.timed, *found.skipped)}
    expected = {
        (c.function, c.n, one.name) for c in bench.workload(name, size) for one in c.contenders
    }
    assert asked == expected


def test_twins_in_plain_python():
    made = vn.simulate.ladder(30, 2_000)
    c = vn.Comparisons(made.first, made.second, made.score)
    pairs = plain.count_pairs(*(x.tolist() for x in (made.first, made.second, made.score)))
    assert len(pairs) == c.n_pairs
    fit = vn.fit_bradley_terry(c)
    np.testing.assert_allclose(plain.fit_pairs(c.n_items, pairs), fit.theta, atol=1e-6)
    prior = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.5)).theta
    np.testing.assert_allclose(plain.fit_pairs(c.n_items, pairs, 0.5), prior, atol=1e-6)
    rng = np.random.default_rng(3)
    a, b, x = rng.uniform(0.3, 400, 200), rng.uniform(0.3, 400, 200), rng.random(200)
    p = vn.BetaPosterior(a, b)
    cdf = [plain.beta_cdf(*v) for v in zip(a, b, x, strict=True)]
    np.testing.assert_allclose(cdf, p.cdf(x), atol=1e-11)
    quantile = [plain.beta_quantile(*v) for v in zip(a[:20], b[:20], x[:20], strict=True)]
    np.testing.assert_allclose(quantile, p.quantile(x)[:20], atol=1e-11)
    assert plain.beta_cdf(2, 3, 0.0) == 0.0
    assert plain.beta_cdf(2, 3, 1.0) == 1.0
    drawn = plain.bootstrap_means(x.tolist(), 400, 1)
    assert abs(np.std(drawn) / (x.std() / math.sqrt(len(x))) - 1.0) < 0.2
    v = vn.simulate.votes(20, 500, 3, rng=1)
    table = plain.count_votes(v.pair.tolist(), v.teacher.tolist(), v.vote.tolist())
    own = vn.Votes.from_pairs(v.pair, v.teacher, v.vote)
    assert sorted(map(tuple, table.values())) == sorted(
        zip(own.win.tolist(), own.tie.tolist(), own.loss.tolist(), strict=True)
    )


def made(*contenders):
    return lambda size: iter([Case("f", 3, "things", contenders)])


def ours(value=1.0):
    return Contender(OURS, lambda: np.full(3, value))


def fails():
    raise RuntimeError("no such\nthing")


def test_what_is_missing_slow_or_broken_is_said(monkeypatch):
    others = (
        Contender("absent", ours().call, ("no_such_module.part",)),
        Contender("slow", ours().call, refuses="minutes"),
        Contender("broken", fails),
        Contender("off", lambda: np.full(3, 1.25)),
        Contender("half", lambda: np.full(2, 1.0), scale=4.0),
        Contender("random", ours().call, answer=None),
    )
    monkeypatch.setattr(case, "ENOUGH", 0.0)
    monkeypatch.setattr("venire.bench.fits.arena", made(ours(), *others))
    monkeypatch.setattr(_run, "least", lambda call: (10.0, call()))
    told = []
    found = bench.run(["arena"], progress=lambda *x: told.append(x))
    assert {one.solver: one.why for one in found.skipped} == {
        "absent": "no_such_module is not installed", "slow": "minutes",
        "broken": "RuntimeError: no such",
    }  # fmt: skip
    by = {one.solver: one for one in found.timed}
    assert list(by) == [OURS, "off", "half", "random"]
    assert by["off"].difference == 0.25
    assert by["half"].scaled
    assert by["half"].seconds == 40.0  # four times what a part took
    assert by["off"].seconds == 10.0
    assert not by["off"].scaled
    assert math.isnan(by["random"].difference)
    assert told == [("f", name) for name in (OURS, "broken", "off", "half", "random")]
    assert found.to_frame("dict")["n"].tolist() == [3] * 4
    assert found.skipped_frame("dict")["solver"].tolist() == ["absent", "slow", "broken"]
    assert "not asked: slow for f: minutes" in str(found)
    assert replace(found, skipped=()).skipped_frame("dict")["n"].dtype == np.int64
    monkeypatch.setattr("venire.bench.fits.arena", made(Contender(OURS, fails), *others))
    with pytest.raises(RuntimeError, match="no such"):  # our own is no peer
        bench.run("arena")


def test_threads_are_those_asked_for_and_no_others(monkeypatch):
    seen = []
    watch = Contender(OURS, lambda: seen.append(os.environ["VENIRE_NUM_THREADS"]) or [1.0])
    monkeypatch.setattr(case, "ENOUGH", 0.0)
    monkeypatch.setattr("venire.bench.fits.arena", made(watch))
    for before in (None, "2"):
        monkeypatch.delenv("VENIRE_NUM_THREADS", raising=False)
        if before:
            monkeypatch.setenv("VENIRE_NUM_THREADS", before)
        assert bench.run("arena", n_threads=3).n_threads == 3
        assert os.environ.get("VENIRE_NUM_THREADS") == before
    assert set(seen) == {"3"}


def test_the_least_of_some_calls(monkeypatch):
    times = iter([0.0, 9.0, 9.0, 11.0, 11.0, 12.0])
    monkeypatch.setattr(case.time, "perf_counter", lambda: next(times))
    assert case.least(lambda: "found") == (9.0, "found")  # long: once
    times = iter([0.0, 0.5, 1.0, 1.2, 2.0, 2.1])
    monkeypatch.setattr(case, "ENOUGH", 0.25)
    seconds, found = case.least(lambda: "found")
    assert (round(seconds, 9), found) == (0.1, "found")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"workloads": "arenas"}, "did you mean 'arena'"),
        ({"workloads": ["arena", 3]}, "workloads"),
        ({"workloads": 3}, "workloads"),
        ({"size": "big"}, "size"),
        ({"n_threads": 0}, "n_threads"),
        ({"progress": 1}, "progress"),
    ],
)
def test_bad_input(given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        bench.run(**given)
    if "size" in given:
        with pytest.raises(ValueError, match="size"):
            next(bench.workload("arena", **given))


def command(*words):
    return CliRunner().invoke(app, ["bench", *map(str, words)])


def test_the_command_writes_a_folder_and_a_picture(small, tmp_path):
    run = command("rankings", "votes", "-o", tmp_path, "--plot", tmp_path / "own.svg")
    assert run.exit_code == 0, run.output
    assert "fit_plackett_luce" in run.output
    assert "plain Python" in run.output
    assert "not asked, minutes: " in run.output
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"bench.csv", "skipped.csv", "bench.svg", "own.svg"}
    with (tmp_path / "bench.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert {line["workload"] for line in lines} == {"rankings", "votes"}
    assert all(float(line["seconds"]) > 0 for line in lines)
    assert (tmp_path / "bench.svg").read_bytes().startswith(b"<?xml")


def test_the_command_without_matplotlib_says_so(small, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    run = command("votes", "-o", tmp_path)
    assert run.exit_code == 0, run.output
    assert "no bench.svg: a picture needs matplotlib" in run.output
    assert {path.name for path in tmp_path.iterdir()} == {"bench.csv", "skipped.csv"}


def test_the_command_as_a_document_and_what_it_refuses(small, tmp_path):
    run = command("votes", "--json", "--size", "full", "--threads", "1")
    said = json.loads(run.stdout)
    assert (said["size"], said["n_threads"]) == ("full", 1)
    assert {one["workload"] for one in said["times"]} == {"votes"}
    assert all(one["why"] for one in said["skipped"])
    run = command("arenas")
    assert run.exit_code == 2
    assert "did you mean 'arena'" in run.output
    run = command("votes", "-o", tmp_path / "none")
    assert run.exit_code == 1
    assert "there is no folder" in run.output


def test_a_picture_needs_times():
    empty = bench.Benchmark("quick", 1, (), ())
    with pytest.raises(ValueError, match="holds no times"):
        empty.plot()
    with pytest.raises(TypeError, match="must be a Benchmark"):
        vn.plots.plot_benchmark(3)
    assert _run.SIZES == bench.SIZES


def test_each_twin_names_its_kernel():
    root = Path(__file__).resolve().parents[1]
    for name in vn.reference.__all__:
        twin = getattr(vn.reference, name)
        if not inspect.isfunction(twin):
            continue
        found = re.search(r"^Kernel: (.*?\.)$", inspect.getdoc(twin), re.MULTILINE | re.DOTALL)
        assert found, name
        for file in re.findall(r"csrc/\w+\.[ch]", found[1]) if (root / "csrc").exists() else ():
            assert (root / file).is_file(), (name, file)
        for place in re.findall(r"`(venire\.[\w.]+)`", found[1]):
            thing = vn
            for part in place.split(".")[1:]:
                thing = getattr(thing, part)
