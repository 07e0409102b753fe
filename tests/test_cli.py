"""The command line."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import venire as vn
from venire.cli import main
from venire.cli._app import app

COMMON = ["--first", "a", "--second", "b"]


def venire(*arguments):
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(x) for x in arguments], prog_name="venire")


def process(*arguments, **options):
    """Run a command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "venire.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


@pytest.fixture
def games(tmp_path):
    """A season of five teams in which every two beat each other, with ties."""
    rng = np.random.default_rng(0)
    rows = [(x, y) for x in "vwxyz" for y in "vwxyz" if x != y for _ in range(12)]
    first, second = (np.array(c) for c in zip(*rows, strict=True))
    strength = dict(zip("vwxyz", [1.0, 0.5, 0.0, -0.5, -1.0], strict=True))
    d = np.array([strength[x] - strength[y] + 0.3 for x, y in rows])
    u = rng.random(len(rows))
    win, tie = np.exp(d / 2), 0.4
    total = win + 1 / win + tie
    outcome = np.where(u < win / total, "H", np.where(u < (win + tie) / total, "D", "A"))
    frame = pd.DataFrame({"a": first, "b": second, "r": outcome, "w": 1.0})
    frame["s"] = frame["r"].map({"H": 1.0, "D": 0.5, "A": 0.0})
    frame["gf"], frame["ga"] = (frame["s"] * 2).astype(int), 1
    frame["n"] = np.arange(len(frame)) % 4 == 0
    path = tmp_path / "games.csv"
    frame.to_csv(path, index=False)
    return path


def write(path, rows, header="a,b,s"):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_version():
    from importlib.metadata import version

    start = time.perf_counter()
    run = process("--version")
    assert run.returncode == 0
    assert run.stdout.strip() == f"venire {version('venire')}"
    assert time.perf_counter() - start < 20.0
    assert venire("--version").output.strip() == run.stdout.strip()


def test_version_loads_nothing_heavy():
    code = (
        "import sys; from venire.cli import main; assert main(['--version']) == 0\n"
        "bad = {'typer', 'rich', 'pyarrow', 'pandas', 'narwhals'} & set(sys.modules)\n"
        "assert not bad, bad"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_arrays_need_no_files_and_no_audit():
    code = (
        "import sys, venire\n"
        "late = {'pyarrow', 'pandas', 'narwhals', 'venire.io', 'venire.diagnostics'}\n"
        "assert not late & set(sys.modules), late & set(sys.modules)\n"
        "assert venire.audit is venire.diagnostics.audit and venire.read is venire.io.read"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help():
    run = venire("fit", "--help")
    assert run.exit_code == 0
    for flag in ("--first-score", "--mapping", "--order-effect", "--prior", "--neutral", "--level"):
        assert flag in re.sub(r"\x1b\[[0-9;]*m", "", run.output)
    assert venire().exit_code in (0, 2)


def test_the_table(games):
    run = venire("fit", games, *COMMON, "--outcome", "r", "--mapping", "H=1,D=0.5,A=0", "--top", 3)
    assert run.exit_code == 0, run.output
    fit = vn.fit_bradley_terry(
        vn.Comparisons.from_frame(pd.read_csv(games), first="a", second="b", score="s")
    )
    best = np.argsort(-fit.theta)[:3]
    low, high = fit.interval()[best[0]]
    lines = [line.split() for line in run.stdout.splitlines()]
    row = next(line for line in lines if line[:2] == ["1", fit.items[best[0]]])
    assert row[2:4] == [f"{fit.theta[best[0]]:.4f}", f"{fit.standard_errors()[best[0]]:.4f}"]
    assert row[4:7] == [f"{low:.4f}", "..", f"{high:.4f}"]
    assert row[7] == "96"
    assert "240 comparisons of 5 items in 10 pairs, 1 component" in run.stdout
    assert "converged" in run.stdout
    assert f"log-likelihood {fit.log_likelihood:.4f}" in run.stdout
    assert "and 2 more" in run.stdout
    assert run.stderr == ""


WAYS = [
    ["--outcome", "r", "--mapping", "H=first,D=tie,A=second"],
    ["--score", "s"],
    ["--first-score", "gf", "--second-score", "ga"],
    ["--outcome", "s"],
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("model", "function"),
    [
        ("bradley-terry", vn.fit_bradley_terry),
        ("thurstone", vn.fit_thurstone),
        ("davidson", vn.fit_davidson),
        ("rao-kupper", vn.fit_rao_kupper),
    ],
)
def test_models(games, tmp_path, way, model, function):
    out = tmp_path / "ratings.parquet"
    run = venire(
        "fit", games, *COMMON, *way, "--model", model, "--order-effect", "--neutral", "n",
        "--level", 0.9, "--threads", 2, "-o", out, "--json",
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    c = vn.Comparisons.from_frame(pd.read_csv(games), first="a", second="b", score="s", neutral="n")
    fit = function(c, order_effect=True)
    document = json.loads(run.stdout)
    assert document["model"] == model
    assert document["prior"] is None
    assert document["n_comparisons"] == 240
    assert document["log_likelihood"] == pytest.approx(fit.log_likelihood)
    assert document["order_effect"]["estimate"] == pytest.approx(fit.order_effect)
    assert document["order_effect"]["standard_error"] == pytest.approx(
        fit.parameter_errors().order_effect
    )
    if fit.tie is None:
        assert document["tie"] is None
    else:
        assert document["tie"]["estimate"] == pytest.approx(fit.tie)
    table = pq.read_table(out).to_pylist()
    assert table == document["ratings"]
    assert [row["rank"] for row in table] == [1, 2, 3, 4, 5]
    order = np.argsort(-fit.theta)
    assert [row["item"] for row in table] == fit.items[order].tolist()
    for name, want in (
        ("theta", fit.theta),
        ("standard_error", fit.standard_errors()),
        ("lower", fit.interval(0.9)[:, 0]),
        ("upper", fit.interval(0.9)[:, 1]),
    ):
        np.testing.assert_allclose([row[name] for row in table], want[order], atol=1e-9)


def test_counts_weights_and_order(tmp_path):
    path = write(
        tmp_path / "c.csv",
        ["x,y,3,1,2,1,2", "y,x,2,2,0,1,1", "y,x,2,2,0,-1,1", "x,z,4,1,1,0,1", "z,y,1,1,3,1,3"],
        "a,b,win,loss,tie,o,w",
    )  # fmt: skip
    run = venire(
        "fit", path, *COMMON, "--win", "win", "--loss", "loss", "--tie", "tie", "--order", "o",
        "--order-effect", "--weight", "w", "--model", "davidson", "--json",
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    c = vn.Comparisons.from_frame(
        pd.read_csv(path),
        first="a",
        second="b",
        win="win",
        loss="loss",
        tie="tie",
        order="o",
        weight="w",
    )
    fit = vn.fit_davidson(c, order_effect=True)
    document = json.loads(run.stdout)
    assert document["n_comparisons"] == c.n_comparisons == 12 + 4 + 4 + 6 + 15
    assert document["tie"]["estimate"] == pytest.approx(fit.tie)
    assert document["order_effect"]["estimate"] == pytest.approx(fit.order_effect)


def test_output_options(games, tmp_path):
    base = ["fit", games, *COMMON, "--score", "s"]
    run = venire(*base, "--quiet", "-o", tmp_path / "r.csv", "--scale", "elo", "--errors=none")
    assert (run.exit_code, run.output) == (0, "")
    table = pd.read_csv(tmp_path / "r.csv")
    assert list(table.columns) == ["item", "elo", "rank", "n_comparisons", "component"]
    assert venire(*base, "--quiet", "-o", tmp_path / "own.csv").exit_code == 0
    theta = pd.read_csv(tmp_path / "own.csv")["theta"]
    assert np.allclose(table["elo"], 1000 + theta * 400 / np.log(10))
    run = venire(*base, "--scale", "elo", "--top", 1)
    assert "Elo" in run.stdout
    assert f"{table['elo'][0]:.1f}" in run.stdout
    run = venire(*base, "--errors", "none")
    assert " SE " not in run.stdout
    run = venire(*base, "--top", 0)
    assert "rank" not in run.stdout
    for name in ("r.json", "r.jsonl", "r.arrow"):
        assert venire(*base, "-q", "-o", tmp_path / name).exit_code == 0
    assert [r["rank"] for r in json.loads((tmp_path / "r.json").read_text())] == [1, 2, 3, 4, 5]
    loose = venire(*base, "--max-iter", 1, "--method", "mm")
    assert loose.exit_code == 0
    assert "did not converge" in loose.stderr
    assert "NOT CONVERGED" in loose.stdout


def test_labels_are_printed_as_they_are(tmp_path):
    path = write(tmp_path / "c.csv", ["[red]x[/red],日本,1", "日本,[red]x[/red],1"])
    run = venire("fit", path, *COMMON, "--score", "s")
    assert "[red]x[/red]" in run.stdout
    assert process("fit", path, *COMMON, "--score", "s",
                   env=os.environ | {"PYTHONIOENCODING": "ascii"}).returncode == 0  # fmt: skip


CYCLE = [f"{x},{y},1" for x in "abc" for y in "abc" if x != y]


def test_automatic_prior(tmp_path):
    path = write(tmp_path / "c.csv", [*CYCLE, "d,a,1", "a,e,1"])
    run = venire("fit", path, *COMMON, "--score", "s", "-o", tmp_path / "r.parquet")
    assert run.exit_code == 0
    message = " ".join(run.stderr.split())
    for part in (
        "no finite maximum-likelihood fit",
        "d never lost",
        "e never won",
        "its precision by the evidence of the data",
        "--prior none",
        "3 items of the largest group",
    ):
        assert part in message, message
    table = pq.read_table(tmp_path / "r.parquet").to_pylist()
    assert [r["determined"] for r in table] == [True] * 3 + [False] * 2
    assert [r["rank"] for r in table][3:] == [None, None]
    assert [r["item"] for r in table][3:] == ["d", "e"]
    c = vn.Comparisons.from_frame(pd.read_csv(path), first="a", second="b", score="s")
    with pytest.warns(vn.NotIdentifiedWarning, match="want no spread"):
        fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior("evidence"))
    assert f"GaussianPrior({fit.prior.precision:.4g})" in message
    theta = dict(zip(fit.items, fit.theta, strict=True))
    assert all(r["theta"] == pytest.approx(theta[r["item"]]) for r in table)


def test_no_prior_and_another_prior(tmp_path):
    path = write(tmp_path / "c.csv", [*CYCLE, "d,a,1"])
    run = venire("fit", path, *COMMON, "--score", "s", "--prior", "none")
    assert run.exit_code == 1
    assert str(path) in run.stderr
    assert re.search(r"\bd\b", run.stderr)
    assert "try: " in run.stderr
    assert "--prior evidence" in run.stderr
    assert run.stdout == ""
    # the advice works
    run = process("fit", path, *COMMON, "--score", "s", "--prior", "none")
    assert run.returncode == 1
    advice = run.stderr.split("try: ")[1].split()
    again = process(*advice[1:])
    assert again.returncode == 0, again.stderr
    run = venire("fit", path, *COMMON, "--score", "s", "--prior", "2", "--json")
    document = json.loads(run.stdout)
    assert document["prior"] == 2.0
    assert document["ratings"][0]["item"] == "d"
    assert run.stderr == ""


def test_a_full_order_without_upsets(tmp_path):
    path = write(tmp_path / "c.csv", ["a,b,1", "b,c,1", "a,c,1"])
    run = venire("fit", path, *COMMON, "--score", "s", "--json")
    assert run.exit_code == 0
    document = json.loads(run.stdout)
    assert [r["item"] for r in document["ratings"]] == ["a", "b", "c"]
    assert [r["rank"] for r in document["ratings"]] == [1, 2, 3]
    assert document["prior"] == pytest.approx(0.162, abs=0.001)
    assert document["prior_reason"] == "no finite fit without it"


def test_where_no_prior_helps(tmp_path):
    """Home always wins a round robin: no finite order effect."""
    path = write(tmp_path / "c.csv", ["a,b,1", "b,a,1", "b,c,1", "c,b,1", "a,c,1", "c,a,1"])
    run = venire("fit", path, *COMMON, "--score", "s", "--order-effect")
    assert run.exit_code == 1
    assert "Traceback" not in run.output
    assert str(path) in run.stderr
    assert "try: " not in run.stderr


def test_components(tmp_path):
    other = [f"{x},{y},1" for x in "uv" for y in "uv" if x != y]
    path = write(tmp_path / "c.csv", [*CYCLE, *other])
    run = venire("fit", path, *COMMON, "--score", "s", "--json")
    assert run.exit_code == 0
    document = json.loads(run.stdout)
    assert document["prior"] is None
    assert document["component_sizes"] == [3, 2]
    assert [r["component"] for r in document["ratings"]] == [0, 0, 0, 1, 1]
    assert "2 components" in run.stderr
    assert "by itself" in run.stderr
    path = write(tmp_path / "c.csv", [*CYCLE, "d,a,1"])
    run = venire("fit", path, *COMMON, "--score", "s", "--components", "strong", "--json")
    document = json.loads(run.stdout)
    assert document["component_sizes"] == [3, 1]
    assert document["prior"] is None


DATA = [
    (["x,y,1", "x,,1"], r"c\.csv: row 2 \(line 3\), column 'b': a value is missing"),
    (["x,y,1", "x,y,1.5"], r"c\.csv: row 2 \(line 3\), column 's' = 1.5: must be between 0 and 1"),
    (["x,y,1", "x,y,"], r"c\.csv: row 2 \(line 3\), column 's': a value is missing"),
    (["x,y,1", "x,y,abc"], r"c\.csv: row 2 \(line 3\), column 's' = 'abc': must be a number"),
    (["x,y,1", "y,y,1"], r"c\.csv: row 2 \(line 3\), column 'b' = 'y': an item cannot be compared"),
    (["x,y,1", "x,y"], r"c\.csv: row 2 \(line 3\): has 2 fields"),
    ([], r"c\.csv: holds no rows"),
]


@pytest.mark.parametrize(("rows", "message"), DATA)
def test_bad_data(tmp_path, rows, message):
    run = venire("fit", write(tmp_path / "c.csv", rows), *COMMON, "--score", "s")
    assert run.exit_code == 1
    assert re.search(message, " ".join(run.stderr.split())), run.stderr
    assert "Traceback" not in run.output
    assert run.stdout == ""


def test_unknown_outcome(tmp_path):
    path = write(tmp_path / "c.csv", ["x,y,H", "y,x,?"])
    run = venire("fit", path, *COMMON, "--outcome", "s", "--mapping", "H=1")
    assert run.exit_code == 1
    assert "row 2 (line 3), column 's' = '?': is not in the mapping ('H')" in run.stderr


def test_files_that_cannot_be_used(games, tmp_path):
    base = [*COMMON, "--score", "s"]
    assert "no such file" in venire("fit", tmp_path / "none.csv", *base).stderr
    cut = tmp_path / "cut.parquet"
    pd.read_csv(games).to_parquet(cut)
    cut.write_bytes(cut.read_bytes()[:2000])
    run = venire("fit", cut, *base)
    assert run.exit_code == 1
    assert "cut.parquet: is not a whole Parquet file" in run.stderr
    gz = tmp_path / "cut.csv.gz"
    gz.write_bytes(gzip.compress(games.read_bytes())[:-50])
    run = venire("fit", gz, *base)
    assert run.exit_code == 1
    assert "cut.csv.gz: " in run.stderr
    run = venire("fit", games, *base, "-o", tmp_path / "none" / "r.csv")
    assert run.exit_code == 1
    assert "there is no folder" in run.stderr
    run = venire("fit", games, *base, "-o", tmp_path / "r.xlsx")
    assert run.exit_code == 1
    assert "must end in one of" in run.stderr
    run = venire("fit", games, "--first", "home", "--second", "b", "--score", "s")
    assert run.exit_code == 1
    assert "there is no column 'home'" in run.stderr


USAGE = [
    ["--score", "s", "--outcome", "r"],
    ["--win", "w"],
    ["--first-score", "gf"],
    ["--score", "s", "--tie", "w"],
    ["--score", "s", "--mapping", "H=1"],
    ["--outcome", "r", "--mapping", "H"],
    ["--outcome", "r", "--mapping", "H=2"],
    ["--outcome", "r", "--mapping", "H=1,H=0"],
    ["--score", "s", "--neutral", "n"],
    ["--score", "s", "--level", "1.5"],
    ["--score", "s", "--prior", "-1"],
    ["--score", "s", "--prior", "much"],
    ["--score", "s", "--prior", "nan"],
    ["--score", "s", "--model", "elo"],
    ["--score", "s", "--threads", "0"],
    ["--score", "s", "--tol", "0"],
    ["--score", "s", "--json", "--quiet"],
    ["--score", "s", "--unknown"],
    ["--score", "s", "--method", "mm", "--prior", "0.1"],
]


@pytest.mark.parametrize("arguments", USAGE)
def test_usage(games, arguments):
    run = venire("fit", games, *COMMON, *arguments)
    assert run.exit_code == 2, run.output
    assert "Traceback" not in run.output
    assert run.stdout == ""


def test_the_input_is_not_overwritten(games):
    before = games.read_text()
    run = venire("fit", games, *COMMON, "--score", "s", "-o", games)
    assert run.exit_code == 2
    assert games.read_text() == before


def test_main_returns_the_code(games, capsys):
    assert main(["fit", str(games), *COMMON, "--score", "s", "-q"]) == 0
    assert main(["fit", str(games), *COMMON, "-q", "--win", "w"]) == 2
    assert main(["fit", "none.csv", *COMMON, "--score", "s"]) == 1
    capsys.readouterr()


def test_interrupt_while_writing(games, tmp_path, monkeypatch):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("pyarrow.parquet.ParquetWriter.write_table", interrupt)
    out = tmp_path / "r.parquet"
    run = venire("fit", games, *COMMON, "--score", "s", "-o", out)
    assert run.exit_code == 130
    assert sorted(os.listdir(tmp_path)) == ["games.csv"]


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_interrupt_of_a_long_run(tmp_path):
    """Ctrl-C in the middle: exit code 130, no output, no traceback."""
    n = 300_000
    pd.DataFrame({"a": np.arange(n), "b": np.arange(n) + 1, "s": 0.75}).to_csv(
        tmp_path / "chain.csv", index=False
    )
    run = subprocess.Popen(
        [sys.executable, "-m", "venire.cli", "fit", str(tmp_path / "chain.csv"), *COMMON,
         "--score", "s", "--method", "mm", "--tol", "1e-14", "--max-iter", "100000000",
         "-o", str(tmp_path / "r.csv")],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(4.0)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    start = time.perf_counter()
    message = run.communicate(timeout=30)[1]
    assert time.perf_counter() - start < 10.0
    assert run.returncode == 130
    assert "interrupted" in message
    assert "Traceback" not in message
    assert os.listdir(tmp_path) == ["chain.csv"]


def test_a_reader_that_stops(games):
    run = subprocess.run(
        f"{sys.executable} -m venire.cli fit {games} {' '.join(COMMON)} --score s --json | head -1",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout == "{\n"
    assert run.stderr == ""


def test_national_teams(shared_data, tmp_path):
    """The command of the documentation, on data with disconnected and winless teams."""
    out = tmp_path / "ratings.parquet"
    run = process(
        "fit", shared_data / "football_international.csv.gz", "--first", "home", "--second", "away",
        "--first-score", "home_score", "--second-score", "away_score", "--model", "davidson",
        "--order-effect", "--neutral", "neutral", "-o", out,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    table = pq.read_table(out).to_pydict()
    assert len(table["item"]) == 337
    assert len(set(table["item"])) == 337
    assert {"Brazil", "Argentina", "Spain", "Germany"} <= set(table["item"][:10])
    assert table["rank"][:316] == list(range(1, 317))
    assert table["rank"][316:] == [None] * 21
    assert all(np.isfinite(table["theta"]))
    assert {"Asturias", "Mapuche"} <= set(table["item"][316:])
    message = " ".join(run.stderr.split())
    for part in ("no finite maximum-likelihood fit", "by the evidence", "2 components"):
        assert part in message
    assert "order effect 0.80" in run.stdout


def test_mm_has_no_prior_to_fall_back_on(tmp_path):
    path = write(tmp_path / "c.csv", [*CYCLE, "d,a,1"])
    run = process("fit", path, *COMMON, "--score", "s", "--method", "mm", "--quiet")
    assert run.returncode == 1
    advice = run.stderr.split("try: ")[1].split()
    assert "mm" not in advice
    assert process(*advice[1:]).returncode == 0


def test_a_tie_parameter_that_only_a_prior_bounds(tmp_path):
    path = write(tmp_path / "c.csv", ["x,y,1", "x,y,1", "x,y,1", "x,y,0.5", "y,x,0.5"])
    run = venire("fit", path, *COMMON, "--score", "s", "--model", "davidson", "--json")
    assert run.exit_code == 0
    document = json.loads(run.stdout)
    assert [r["rank"] for r in document["ratings"]] == [1, 2]
    assert "determined" not in document["ratings"][0]
    assert "tie parameter is not bounded" in " ".join(run.stderr.split())


def test_nothing_is_minus_zero_and_one_pair_is_one(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("first,second,score\na,b,1\nc,a,1\n")
    assert "-0.0000" not in venire("fit", path).stdout
    path.write_text("first,second,score\na,b,1\nb,a,1\n")
    assert "of 2 items in 1 pair, 1 component" in venire("fit", path).stdout
