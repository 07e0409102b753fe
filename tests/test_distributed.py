"""Fits of groups on a cluster: what one machine gives, bit for bit, also if workers die."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import dask
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from distributed import Client, LocalCluster
from grouped_data import COLUMNS, LAYOUTS, fit_files, laid_out, votes

from venire import batch
from venire._core.dask import Dask
from venire.io import DataError


def started():
    return LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0")


@pytest.fixture(scope="module")
def cluster():
    with started() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    with Client(cluster, set_as_default=False) as client:
        yield client


@pytest.fixture
def tasks(monkeypatch):
    """The kinds of tasks that were submitted."""
    seen = []
    plain = Dask.submit

    def spy(self, what, *rest):
        seen.append(what)
        return plain(self, what, *rest)

    monkeypatch.setattr(Dask, "submit", spy)
    return seen


def read(parts):
    return pa.concat_tables([pq.read_table(part) for part in parts])


def here(source, folder, **options):
    """What one machine gives."""
    fit_files(source, folder / "here.parquet", **COLUMNS, **options)
    table = pq.read_table(folder / "here.parquet")
    (folder / "here.parquet").unlink()
    return table


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_as_on_one_machine(tmp_path, client, monkeypatch, tasks, layout):
    monkeypatch.setattr("venire.io.units.ROWS", 1500)
    table = votes()
    source = laid_out(table, layout, tmp_path / "in")
    done = fit_files(
        source, tmp_path / "out", **COLUMNS, score="s", weight="w", executor=client,
        rows_per_part=900,
    )  # fmt: skip
    want = here(source, tmp_path, score="s", weight="w")
    assert read(done.parts).equals(want)
    assert sorted(os.listdir(tmp_path)) == ["in", "out"]
    names = [f"part-{k:05d}.parquet" for k in range(len(done.parts))]
    assert len(names) > 3
    assert sorted(os.listdir(tmp_path / "out")) == ["_summary.json", *names]
    assert [os.path.basename(part) for part in done.parts] == names
    assert (done.n_groups, done.n_items, done.n_rows) == (60, want.num_rows, table.num_rows)
    assert done.counts == {"converged": 60}
    assert done.examples["converged"] == sorted(set(want["group"].to_pylist()))[:5]
    summary = json.loads((tmp_path / "out" / "_summary.json").read_text())
    assert summary["n_groups"] == sum(part["n_groups"] for part in summary["parts"]) == 60
    for part, path in zip(summary["parts"], done.parts, strict=True):
        groups = pq.read_table(path)["group"].to_pylist()
        assert (part["first_group"], part["last_group"]) == (groups[0], groups[-1])
        assert part["n_items"] == len(groups)
    # groups in one place are fitted there, and rows of the others move
    assert ("fit" in tasks) == (layout in ("sorted", "parts", "arrow", "whole groups"))
    assert ("split" in tasks) == (layout not in ("arrow", "whole groups"))


def test_statuses_options_and_another_part_size(tmp_path, client):
    table = votes(n_groups=30, text=False, soft=False)
    source = laid_out(table, "parts", tmp_path / "in")
    options = {"score": "s", "model": "thurstone", "prior": None, "errors": None}
    want = here(source, tmp_path, **options)
    for rows in (500, None):
        done = fit_files(
            source, tmp_path / "out", **COLUMNS, **options, executor=client, rows_per_part=rows
        )
        assert read(done.parts).equals(want)
        status = want.to_pandas().groupby("group")["status"].first()
        assert done.counts == status.value_counts().to_dict()
        assert set(done.counts) == {"converged", "not identified"}
        for name, some in done.examples.items():
            assert some == status.index[status == name][:5].tolist()
    assert len(done.parts) == 1  # the second run took the place of the first


def test_outcomes_are_read_as_all_files_together_say(tmp_path, client):
    folder = tmp_path / "in"
    folder.mkdir()
    pair = {"a": ["x"] * 4, "b": ["y"] * 4}
    pq.write_table(pa.table({"q": [1] * 4, **pair, "r": ["A"] * 4}), folder / "0.parquet")
    pq.write_table(pa.table({"q": [2] * 4, **pair, "r": ["B", "tie"] * 2}), folder / "1.parquet")
    done = fit_files(folder, tmp_path / "out", **COLUMNS, outcome="r", executor=client)
    theta = read(done.parts)["theta"].to_pylist()
    assert theta[0] > 0 > theta[2]
    pq.write_table(pa.table({"q": [2] * 4, **pair, "r": ["A"] * 4}), folder / "1.parquet")
    with pytest.raises(DataError, match=r"0\.parquet: row 1, column 'r' = 'A': .*A away"):
        fit_files(folder, tmp_path / "out", **COLUMNS, outcome="r", executor=client)


def test_rows_that_are_left_out(tmp_path, client):
    """Groups of one file, of both, and some of which no row is left."""
    folder = tmp_path / "in"
    folder.mkdir()
    rows = {
        "q": [1, 1, 2, 3, 4, None] * 5,
        "a": ["x", "x", "x", "x", "x", None] * 5,
        "b": ["y"] * 5 * 5 + [None] * 5,
        "r": ["H", None, "A", "*", None, None] * 5,
    }
    rows["b"] = [None if a is None else "y" for a in rows["a"]]
    pq.write_table(pa.table(rows), folder / "0.parquet")
    pq.write_table(pa.table(rows | {"q": [7, 7, 2, 8, None, None] * 5}), folder / "1.parquet")
    options = {"outcome": "r", "skip_missing": True}
    want = here(folder, tmp_path, **options)
    done = fit_files(
        folder, tmp_path / "out", **COLUMNS, **options, executor=client, rows_per_part=5
    )
    assert read(done.parts).equals(want)
    assert sorted(set(want["group"].to_pylist())) == [1, 2, 7]
    left = {"empty": 10, "without a result": 10, "without an outcome": 20}
    assert done.dropped == left
    alone = fit_files(folder, tmp_path / "here.parquet", **COLUMNS, **options)
    assert alone.dropped == left
    assert alone.n_rows == done.n_rows == 60


BAD = [
    ("s", 1.5, r"= 1\.5.*: must be between 0 and 1"),
    ("q", None, "a value is missing"),
    ("b", "itself", "an item cannot be compared with itself"),
]


@pytest.mark.parametrize("layout", ["sorted", "whole groups", "shuffled parts"])
@pytest.mark.parametrize(("column", "value", "reason"), BAD)
def test_errors_name_file_row_and_column(
    tmp_path, client, monkeypatch, layout, column, value, reason
):
    """Whether the row is found where its file is read, or after it has moved."""
    monkeypatch.setattr("venire.io.units.ROWS", 1500)
    table = votes()
    at = 2345
    values = table[column].to_pylist()
    values[at] = table["a"][at].as_py() if value == "itself" else value
    kind = table[column].type
    table = table.set_column(table.column_names.index(column), column, pa.array(values, kind))
    table = table.append_column("mark", pa.array(np.arange(table.num_rows) == at))
    source = laid_out(table, layout, tmp_path / "in")
    files = [source] if source.is_file() else sorted(source.glob("*.parquet"))
    marks = {file: pq.read_table(file)["mark"].to_pylist() for file in files}
    (where,) = [file for file in files if any(marks[file])]
    with pytest.raises(DataError, match=reason) as caught:
        fit_files(source, tmp_path / "out", **COLUMNS, score="s", executor=client)
    error = caught.value
    assert (error.path, error.row, error.column) == (
        str(where), marks[where].index(True) + 1, column,
    )  # fmt: skip
    assert os.listdir(tmp_path) == ["in"]


def test_where_the_output_may_go(tmp_path, client):
    source = laid_out(votes(n_groups=4), "parts", tmp_path / "in")
    given = {"score": "s", "executor": client}
    with pytest.raises(DataError, match="lies within the folder that is read"):
        fit_files(source, source / "out", **COLUMNS, **given)
    with pytest.raises(DataError, match="lies within"):
        fit_files(source, source, **COLUMNS, **given)
    with pytest.raises(DataError, match="there is no folder"):
        fit_files(source, tmp_path / "none" / "out", **COLUMNS, **given)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    (tmp_path / "file").write_text("x")
    for name in ("mine", "file"):
        with pytest.raises(DataError, match="is no output of an earlier run"):
            fit_files(source, tmp_path / name, **COLUMNS, **given)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "all of it"
    (tmp_path / "empty").mkdir()
    assert fit_files(source, tmp_path / "empty", **COLUMNS, **given).converged
    before = contents(tmp_path / "empty")
    with pytest.raises(DataError, match="no column 'x'"):
        fit_files(source, tmp_path / "empty", **COLUMNS, score="x", executor=client)
    assert contents(tmp_path / "empty") == before
    text = tmp_path / "votes.csv"
    pq.read_table(source).to_pandas().to_csv(text, index=False)
    assert fit_files(text, tmp_path / "text", **COLUMNS, **given).converged
    assert contents(tmp_path / "text") == before


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_executor_of_ones_own(tmp_path, monkeypatch, layout):
    """Three methods, and nothing else knows of it."""

    class Eager(batch.Executor):
        def limits(self, memory, n_threads):
            return memory // 2, n_threads or 1

        def submit(self, name, which, task, *arguments):
            return task(*arguments)

        def completed(self, pending, keep=0):
            yield from reversed([*enumerate(pending)])

    monkeypatch.setattr("venire.io.units.ROWS", 1500)
    source = laid_out(votes(), layout, tmp_path / "in")
    done = fit_files(
        source, tmp_path / "out", **COLUMNS, score="s", weight="w", executor=Eager(),
        rows_per_part=900,
    )  # fmt: skip
    assert len(done.parts) > 3
    assert read(done.parts).equals(here(source, tmp_path, score="s", weight="w"))


@pytest.mark.parametrize("executor", [0, 2.5, [1], True])
def test_what_is_no_executor(tmp_path, executor):
    source = laid_out(votes(n_groups=3), "parts", tmp_path / "in")
    with pytest.raises((ValueError, TypeError), match=r"^executor = "):
        fit_files(source, tmp_path / "out", **COLUMNS, score="s", executor=executor)
    with pytest.raises(ValueError, match=r"^shared = True: "):
        fit_files(
            source, tmp_path / "out", **COLUMNS, score="s", executor=1, model="davidson",
            shared=True,
        )  # fmt: skip
    assert os.listdir(tmp_path) == ["in"]


def _results(client):
    """What the workers hold that parts need."""
    kinds = ("fit-", "fits-", "split-", "rows-")
    return {w: [k for k in keys if k.startswith(kinds)] for w, keys in client.has_what().items()}


def _story(keys, dask_scheduler=None):
    """How often each key's task was done."""
    steps = [(step[0], step[2]) for step in dask_scheduler.story(*keys)]
    return {key: steps.count((key, "memory")) for key in keys}


# Each file takes its time, so that there is a middle in which to die.
SLOW = """
import time
from venire.batch import job, parts

def slowly(function):
    def slow(*arguments, **options):
        time.sleep(0.2)
        return function(*arguments, **options)
    return slow

job.rows_of, parts.stream = slowly(job.rows_of), slowly(parts.stream)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
@pytest.mark.parametrize("layout", ["whole groups", "shuffled parts"])
def test_a_worker_that_is_killed(tmp_path, layout):
    """Killed while it alone holds results that are still needed: they are made again."""
    table = votes(n_groups=150)
    source = laid_out(table, layout, tmp_path / "in", n_files=12)
    lost = {}

    with started() as cluster, Client(cluster, set_as_default=False) as client:
        client.run(exec, SLOW, {})

        def progress(what, done, total):
            if lost or what != "fitting" or (layout == "whole groups" and not done):
                return
            while not any(_results(client).values()):
                time.sleep(0.01)
            pids = client.run(os.getpid)
            for worker, mine in _results(client).items():
                if mine:
                    lost[worker] = mine
                    os.kill(pids[worker], signal.SIGKILL)
                    return

        done = fit_files(
            source, tmp_path / "out", **COLUMNS, score="s", weight="w", executor=client,
            rows_per_part=1500, progress=progress,
        )  # fmt: skip
        (keys,) = lost.values()
        story = client.run_on_scheduler(_story, keys)
        untouched = fit_files(
            source, tmp_path / "again", **COLUMNS, score="s", weight="w", executor=client,
            rows_per_part=1500,
        )  # fmt: skip
    assert max(story.values()) > 1, story
    assert read(done.parts).equals(here(source, tmp_path, score="s", weight="w"))
    assert contents(tmp_path / "out") == contents(tmp_path / "again")
    assert (done.counts, done.examples) == (untouched.counts, untouched.examples)


def venire(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "venire.cli", *map(str, arguments)],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def test_the_command_starts_a_cluster(tmp_path):
    source = laid_out(votes(), "shuffled parts", tmp_path / "in")
    options = ["--group", "q", "--first", "a", "--second", "b", "--score", "s"]
    options += ["--bootstrap", 5]
    run = venire("groups", source, *options, "--workers", 2, "-o", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    assert "60 groups" in run.stdout
    said = [line for line in run.stderr.splitlines() if not line.endswith(" left")]
    assert said == []  # but for how far it is, now and then
    parts = sorted((tmp_path / "out").glob("part-*.parquet"))
    replicates = ["bootstrap_error", "lower", "upper", "n_failed"]
    assert read(parts).drop_columns(replicates).equals(here(source, tmp_path, score="s"))
    assert venire("groups", source, *options, "-o", tmp_path / "one.parquet").returncode == 0
    assert read(parts).equals(pq.read_table(tmp_path / "one.parquet"))


def test_the_command_joins_a_cluster(tmp_path, cluster):
    source = laid_out(votes(), "parts", tmp_path / "in")
    options = ["--group", "q", "--first", "a", "--second", "b", "--score", "s"]
    address = cluster.scheduler_address
    run = venire("groups", source, *options, "--scheduler", address, "-o", tmp_path / "out")
    assert run.returncode == 0, run.stderr
    parts = sorted((tmp_path / "out").glob("part-*.parquet"))
    assert read(parts).equals(here(source, tmp_path, score="s"))
    frame = pd.read_parquet(source)
    frame.loc[7, "s"] = 2.0
    frame.to_parquet(source / "part-0.parquet")
    run = venire("groups", source, *options, "--scheduler", address, "-o", tmp_path / "out")
    assert run.returncode == 1
    said = " ".join(run.stderr.split())
    assert "part-0.parquet: row 8, column 's' = 2.0: must be between 0 and 1" in said
    assert "Traceback" not in run.stderr


def test_no_cluster(tmp_path, monkeypatch):
    source = laid_out(votes(n_groups=3), "parts", tmp_path / "in")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "500ms"}),
        pytest.raises(OSError),
    ):
        fit_files(source, tmp_path / "out", **COLUMNS, score="s", executor="tcp://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match=r"pip install 'venire\[distributed\]'"):
        fit_files(source, tmp_path / "out", **COLUMNS, score="s", executor=1)
    assert os.listdir(tmp_path) == ["in"]
