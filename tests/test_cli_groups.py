"""The command ``venire groups``."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from grouped_data import fit_files, laid_out, votes
from scipy.stats import spearmanr
from typer.testing import CliRunner

import venire as vn
from venire.cli._app import app

COMMON = ["--group", "q", "--first", "a", "--second", "b"]


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
def source(tmp_path):
    return laid_out(votes(), "shuffled parts", tmp_path / "in")


def test_the_summary_and_the_output(source, tmp_path):
    run = venire("groups", source, *COMMON, "--score", "s", "-o", tmp_path / "o.parquet")
    assert run.exit_code == 0, run.output
    n_rows = votes().num_rows
    table = pq.read_table(tmp_path / "o.parquet")
    first, second = run.stdout.splitlines()
    assert first.startswith(
        f"bradley-terry, prior GaussianPrior(0.01): 60 groups, {table.num_rows:,} items, "
        f"{n_rows:,} rows in "
    )
    assert second == "  60 converged: q100, q107, q114, q121, q128, ..."
    assert run.stderr == ""
    fit_files(source, tmp_path / "python.parquet", group="q", first="a", second="b", score="s")
    assert table.equals(pq.read_table(tmp_path / "python.parquet"))
    run = venire("groups", source, *COMMON, "--score", "s", "-o", tmp_path / "o.csv", "--quiet")
    assert (run.exit_code, run.output) == (0, "")


def test_standard_output(source):
    run = process("groups", source, *COMMON, "--score", "s", "--errors", "none")
    assert run.returncode == 0
    table = pd.read_csv(io.StringIO(run.stdout))
    assert list(table) == ["group", "item", "theta", "n_comparisons", "determined", "status"]
    assert table["group"].nunique() == 60
    assert "60 groups" in run.stderr  # the summary is not among the data
    head = subprocess.run(
        f"{sys.executable} -m venire.cli groups {source} {' '.join(COMMON)} --score s -q | head -2",
        shell=True, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert len(head.stdout.splitlines()) == 2
    assert head.stderr == ""


def test_memory_changes_nothing(source, tmp_path, monkeypatch):
    monkeypatch.setattr("venire.batch.plan.LEAST", 256)
    written = set()
    for memory in ("4G", "1K"):
        run = venire(
            "groups", source, *COMMON, "--score", "s", "--memory", memory, "--threads", 1,
            "-o", tmp_path / "o.arrow",
        )  # fmt: skip
        assert run.exit_code == 0, run.output
        assert ("less than the process itself needs" in run.stderr) == (memory == "1K")
        written.add((tmp_path / "o.arrow").read_bytes())
    assert len(written) == 1


def test_options_reach_the_fit(tmp_path):
    table = votes(n_groups=8, soft=False)
    table = table.append_column("n", pa.array(np.arange(table.num_rows) % 3 == 0))
    word = pa.array(["H" if s else "A" for s in table["s"].to_pylist()])
    source = laid_out(table.append_column("r", word), "sorted", tmp_path / "in")
    run = venire(
        "groups", source, *COMMON, "--outcome", "r", "--mapping", "H=1,A=0", "--weight", "w",
        "--neutral", "n", "--order-effect", "--model", "thurstone", "--prior", "0.5", "--tol",
        "1e-12", "--scale", "erf", "-o", tmp_path / "o.parquet",
    )  # fmt: skip
    assert run.exit_code == 0, run.output
    assert "thurstone, prior GaussianPrior(0.5): 8 groups" in run.stdout
    got = pq.read_table(tmp_path / "o.parquet").to_pandas()
    for label, rows in table.to_pandas().groupby("q"):
        c = vn.Comparisons.from_frame(
            rows, first="a", second="b", score="s", weight="w", neutral="n"
        )
        fit = vn.fit_thurstone(c, prior=vn.GaussianPrior(0.5), order_effect=True, tol=1e-12)
        mine = got[got["group"] == label]
        unit = 1.0 / np.sqrt(2)
        np.testing.assert_allclose(mine["erf"], fit.theta * unit, atol=1e-9)
        np.testing.assert_allclose(mine["standard_error"], fit.standard_errors() * unit, rtol=1e-6)


def test_parameters_for_all_groups(tmp_path, monkeypatch):
    monkeypatch.setattr("venire.batch.plan.LEAST", 256)
    table = votes(n_groups=8, soft=False)
    score = np.where(np.arange(table.num_rows) % 5 == 0, 0.5, table["s"].to_numpy())
    source = laid_out(table.set_column(3, "s", pa.array(score)), "sorted", tmp_path / "in")
    options = [*COMMON, "--score", "s", "--model", "davidson", "-o", tmp_path / "o.parquet"]
    thetas = []
    for more in ([], ["--shared"], ["--shared", "--memory", "1K"]):
        run = venire("groups", source, *options, *more)
        assert run.exit_code == 0, run.output
        assert ("need all rows in memory together" in run.stderr) == ("1K" in more)
        thetas.append(pq.read_table(tmp_path / "o.parquet")["theta"].to_numpy())
    assert np.abs(thetas[0] - thetas[1]).max() > 1e-4
    assert np.array_equal(thetas[1], thetas[2])


def test_strict(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("q,a,b,s\n1,x,y,1\n2,x,y,1\n2,y,x,1\n3,u,v,0\n")
    base = ["groups", path, *COMMON, "--score", "s", "-o", tmp_path / "o.csv"]
    assert venire(*base, "--strict").exit_code == 0  # the prior sees to it
    run = venire(*base, "--prior", "none")
    assert run.exit_code == 0
    assert "bradley-terry, no prior: 3 groups, 6 items, 4 rows" in run.stdout
    assert run.stdout.splitlines()[1:] == ["  1 converged: 2", "  2 not identified: 1, 3"]
    written = (tmp_path / "o.csv").read_bytes()
    assert pd.read_csv(tmp_path / "o.csv")["theta"].isna().tolist() == [
        True, True, False, False, True, True,
    ]  # fmt: skip
    (tmp_path / "o.csv").unlink()
    run = venire(*base, "--prior", "none", "--strict")
    assert run.exit_code == 1
    assert "2 of 3 groups have no converged fit" in run.stderr
    assert (tmp_path / "o.csv").read_bytes() == written


def test_bad_data(tmp_path):
    path = tmp_path / "c.csv"
    out = tmp_path / "o.csv"
    for rows, message in (
        ("1,x,y,1\n,x,y,1\n", r"c\.csv: row 2 \(line 3\), column 'q': a value is missing"),
        (
            "1,x,y,1\n1,x,y,7\n",
            r"c\.csv: row 2 \(line 3\), column 's' = 7.0: must be between",
        ),
        ("1,x,y,1\n1,x,x,1\n", r"c\.csv: row 2 \(line 3\), column 'b'.*: .* compared with itself"),
        ("", r"c\.csv: holds no rows"),
    ):
        path.write_text(f"q,a,b,s\n{rows}")
        run = venire("groups", path, *COMMON, "--score", "s", "-o", out)
        assert run.exit_code == 1
        assert re.search(message, " ".join(run.stderr.split())), run.stderr
        assert "Traceback" not in run.output
        assert os.listdir(tmp_path) == ["c.csv"]
    assert venire("groups", tmp_path / "none", *COMMON, "--score", "s", "-o", out).exit_code == 1


USAGE = [
    ["--score", "s", "--outcome", "r"],
    ["--score", "s", "--prior", "auto"],
    ["--score", "s", "--prior", "-1"],
    ["--score", "s", "--neutral", "n"],
    ["--score", "s", "--memory", "much"],
    ["--score", "s", "--memory", "0"],
    ["--score", "s", "--workers", "0"],
    ["--score", "s", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1", "-o", "out"],
    ["--score", "s", "--workers", "2"],
    ["--score", "s", "--workers", "2", "--model", "davidson", "--shared", "-o", "out"],
    ["--score", "s", "--shared"],
    ["--score", "s", "--scale", "stone"],
    ["--score", "s", "--tol", "0"],
    ["--score", "s", "--mapping", "H=1"],
]


@pytest.mark.parametrize("arguments", USAGE)
def test_usage(source, arguments):
    run = venire("groups", source, *COMMON, *arguments)
    assert run.exit_code == 2, run.output
    assert "Traceback" not in run.output
    assert run.stdout == ""


def test_the_group_is_found(source, tmp_path):
    out = tmp_path / "o.parquet"
    run = venire("groups", source, "--first", "a", "--second", "b", "--score", "s", "-o", out)
    assert run.exit_code == 0, run.output
    assert "weight=w, group=q (--weight, --group change it)" in run.stderr
    assert pq.read_table(out)["group"].unique().to_pylist()[0] == "q100"


def test_the_source_is_not_overwritten(source):
    assert venire("groups", source, *COMMON, "--score", "s", "-o", source).exit_code == 2


def test_help():
    run = venire("groups", "--help")
    assert run.exit_code == 0
    for flag in ("--group", "--memory", "--workers", "--scheduler", "--strict", "--shared"):
        assert flag in re.sub(r"\x1b\[[0-9;]*m", "", run.output)


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
@pytest.mark.parametrize("workers", [[], ["--workers", "1"]])
def test_interrupt(tmp_path, workers):
    """Ctrl-C in the middle: exit code 130, no output, no temporary file, no traceback."""
    source = laid_out(votes(), "sorted", tmp_path / "in")
    (tmp_path / "slow").mkdir()
    (tmp_path / "slow" / "sitecustomize.py").write_text(  # in the workers too
        "import sys, time\n"
        "if 'groups' in sys.orig_argv or 'multiprocessing' in ' '.join(sys.orig_argv):\n"
        "    import venire.batch.job as job\n"
        "    job.rows_of = lambda *a, **k: time.sleep(60)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-m", "venire.cli", "groups", str(source), *COMMON, *workers,
         "--score", "s", "-o", str(tmp_path / "o.parquet")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "slow"), *sys.path])},
        stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    time.sleep(5.0 if workers else 3.0)
    assert run.poll() is None, run.communicate()
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does
    start = time.perf_counter()
    message = run.communicate(timeout=60)[1]
    assert time.perf_counter() - start < 10.0
    assert run.returncode == 130
    assert "interrupted" in message
    assert "Traceback" not in message
    assert sorted(os.listdir(tmp_path)) == ["in", "slow"]


def test_arguments_of_sixteen_topics(shared_data, tmp_path):
    """The command of the documentation, on crowd workers' votes with a published ranking."""
    source = shared_data / "ukp_votes.csv.gz"
    out = tmp_path / "ratings.parquet"
    run = process(
        "groups", source, "--group", "topic", "--first", "a", "--second", "b", "--outcome",
        "vote", "--strict", "-o", out,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "16 groups, 516 items, 40,699 rows" in run.stdout
    mine = pq.read_table(out).to_pandas()
    frame = pd.read_csv(source)
    arguments = pd.read_csv(shared_data / "ukp_arguments.csv.gz")
    truth = arguments.set_index(["topic", "argument"])["rank_score"]
    score = {"A": 1.0, "B": 0.0, "tie": 0.5}
    for topic, rows in frame.groupby("topic"):
        rated = mine[mine["group"] == topic]
        want = truth.loc[topic].loc[rated["item"]]
        # a fit of the topic by itself, by the definition of correct
        cells = vn.reference.aggregate(
            rows["a"].to_numpy(), rows["b"].to_numpy(), rows["vote"].map(score).to_numpy()
        )
        alone = vn.reference.fit(cells, "bradley-terry", prior=vn.GaussianPrior(0.01))
        assert rated["item"].tolist() == cells.items.tolist()
        np.testing.assert_allclose(rated["theta"], alone.theta, atol=1e-7)
        assert agreement(rated["theta"], want) >= agreement(alone.theta, want)
    topics = mine.groupby("group")
    each = [agreement(r["theta"], truth.loc[t].loc[r["item"]]) for t, r in topics]
    assert np.mean(each) > 0.9


def agreement(theta, rank_score):
    """Spearman correlation; the authors' score falls with strength, and equal items are equal."""
    return spearmanr(np.round(theta, 6), -np.asarray(rank_score)).statistic


def test_a_bootstrap_of_every_group(source, tmp_path):
    def run(name, *more):
        out = tmp_path / name
        done = venire(
            "groups", source, *COMMON, "--score", "s", "--bootstrap", 20, "--seed", 3, "--level",
            0.8, "-o", out, *more,
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        return pq.read_table(out)

    table = run("all.parquet")
    assert table.equals(run("parts.parquet", "--memory", "1M", "--threads", 1))  # by other batches
    votes_of = votes().to_pandas()
    g = vn.GroupedComparisons(*(votes_of[x].to_numpy() for x in "qabs"))
    b = vn.bootstrap(vn.fit_groups(g), 20, rng=3, levels=0.8)
    np.testing.assert_allclose(table["bootstrap_error"], b.standard_errors(), rtol=1e-9)
    np.testing.assert_allclose(table["lower"], b.interval(0.8)[:, 0], atol=1e-9)
    np.testing.assert_allclose(table["upper"], b.interval(0.8)[:, 1], atol=1e-9)
    assert table["n_failed"].to_pylist() == [0] * table.num_rows
    facts = json.loads(table.schema.metadata[b"venire"])
    assert facts["bootstrap"] == {
        "n_resamples": 20, "scheme": "multinomial", "seed": 3, "level": 0.8,
    }  # fmt: skip
    assert venire("groups", source, *COMMON, "--score", "s", "--level", 1).exit_code == 2


@pytest.mark.parametrize("interval", ["wald", "profile", "firth"])
def test_intervals_of_every_group(source, tmp_path, interval):
    out = tmp_path / "o.parquet"
    way = ("groups", source, *COMMON, "--score", "s", "--interval", interval)
    run = venire(*way, "--level", 0.9, "--scale", "elo", "-o", out)
    assert run.exit_code == 0, run.output
    table, votes_of = pq.read_table(out), votes().to_pandas()
    g = vn.GroupedComparisons(*(votes_of[x].to_numpy() for x in "qabs"))
    bounds = vn.fit_groups(g).to_elo().interval(0.9, interval=interval)
    np.testing.assert_allclose(table["lower"], bounds[:, 0], atol=1e-6)
    np.testing.assert_allclose(table["upper"], bounds[:, 1], atol=1e-6)
    assert json.loads(table.schema.metadata[b"venire"])["interval"] == interval
    assert venire(*way, "--bootstrap", 9).exit_code == 2
    assert venire(*way, "--errors", "none").exit_code == 2
    expected = 0 if interval == "wald" else 2
    assert venire(*way, "--errors", "robust").exit_code == expected
