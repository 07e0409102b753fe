"""Single fits and votes added up by workers: what one process gives, bit for bit."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clusters import Travelling
from distributed import Client, LocalCluster

import venire as vn
from venire._core.executor import SetAside
from venire.data.rows import Rows
from venire.data.sums import CellSums, VoteSums
from venire.data.sums.splitting import hashed
from venire.data.votes.rows import checked_rows
from venire.io import DataError
from venire.io.folding import fold, split

N_FILES = 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Files of several units each, in which all that rows may have is."""
    folder, r = tmp_path_factory.mktemp("rows"), np.random.default_rng(0)
    for k in range(N_FILES):
        m = 1500
        a = r.integers(0, 50, m)
        b = (a + 1 + r.integers(0, 49, m)) % 50
        days = np.datetime64("2024-01-01") + r.integers(0, 400, m)
        table = {
            "a": [f"i{x}" for x in a], "b": [f"i{x}" for x in b], "a0": a * 1000, "b0": b * 1000,
            "soft": r.random(m), "weight": r.integers(0, 3, m) / 2, "user": r.integers(0, 9, m) * 7,
            "who": np.array(["A", "B", "tie"])[r.integers(0, 3, m)], "day": pa.array(days),
            "x_a": r.integers(0, 3, m), "x_b": r.integers(0, 3, m), "judge": r.integers(0, 4, m),
            "pair": r.integers(0, 70, m) * 11, "vote": r.integers(-1, 2, m),
            "odd": [None if x < 0.1 else x for x in r.random(m)],
        }  # fmt: skip
        table["gold"] = np.where(table["pair"] % 22 == 0, 1.0, 0.0)
        pq.write_table(pa.table(table), folder / f"{k}.parquet", row_group_size=250)
    return folder


@pytest.fixture(autouse=True)
def small_units(monkeypatch):
    monkeypatch.setattr("venire.io.units.ROWS", 300)
    monkeypatch.setattr("venire.io.folding._TASKS", 3)


def same(one, other):
    """Nothing differs in what a table of arrays holds."""
    assert one.keys() == other.keys()
    for name, x in one.items():
        x, y = np.asarray(x), np.asarray(other[name])
        assert x.dtype == y.dtype, name
        assert x.tolist() == y.tolist() if x.dtype == object else x.tobytes() == y.tobytes(), name


def of_comparisons(c):
    names = ("items", "first", "second", "order", "win", "loss", "tie", "cluster", "covariates")
    found = {n: x for n in names if (x := getattr(c, n)) is not None}
    return found | ({} if c.cells.square is None else {"square": c.cells.square})


TEXT, NUMBERS = {"first": "a", "second": "b"}, {"first": "a0", "second": "b0"}
FITS = {
    "soft": TEXT | {"score": "soft"},
    "numbers": NUMBERS | {"score": "soft", "weight": "weight"},
    "words": TEXT | {"outcome": "who"},
    "clusters": NUMBERS | {"outcome": "who", "cluster": "user"},
    "half-life": TEXT | {"score": "soft", "date": "day", "half_life": 90},
    "covariates": TEXT | {"outcome": "who", "covariates": ["x"]},
    "gaps": TEXT | {"score": "odd", "skip_missing": True},
}


@pytest.mark.parametrize("kind", FITS)
def test_comparisons(folder, kind, monkeypatch):
    monkeypatch.setattr("venire.io.units.ROWS", 300 // 8)  # of which a unit has eight
    want, tasks = vn.io.read_comparisons(folder, **FITS[kind]), Travelling()
    told = []
    found = vn.io.read_comparisons(
        folder, **FITS[kind], executor=tasks, progress=lambda *done: told.append(done)
    )
    same(of_comparisons(found), of_comparisons(want))
    assert repr(found.taken) == repr(want.taken)
    assert tasks.done.count("sums") == 8  # of 30 units
    assert told[-1] == (N_FILES * 1500, N_FILES * 1500)
    assert vn.fit_bradley_terry(found).theta.tobytes() == vn.fit_bradley_terry(want).theta.tobytes()


VOTES = {
    "pairs": {"pair": "pair"},
    "items": TEXT,
    "numbers": NUMBERS | {"weight": "soft"},
    "groups": NUMBERS | {"group": "user"},
    "categories": TEXT | {"group": "user", "by": "pair"},
    "gold": {"pair": "pair", "gold": "gold"},
}


@pytest.mark.parametrize("kind", VOTES)
def test_votes(folder, kind):
    how, tasks = {"teacher": "judge", "vote": "vote"} | VOTES[kind], Travelling()
    votes, gold = vn.io.read_votes(folder, **how)
    found, truth = vn.io.read_votes(folder, **how, executor=tasks)
    assert tasks.done.count("sums") == 8
    assert (gold is truth is None) or gold.tobytes() == truth.tobytes()
    assert repr(found.taken) == repr(votes.taken)
    assert found.n_votes == votes.n_votes
    same(vn.consensus(found).to_frame("dict"), vn.consensus(votes).to_frame("dict"))


def test_one_pair_that_ages(tmp_path):
    """What is of all rows is kept where the first piece has no cell."""
    r = np.random.default_rng(3)
    for k in range(4):
        days = pa.array(np.datetime64("2024-01-01") + r.integers(0, 400, 50))
        rows = {"a": ["x"] * 50, "b": [f"y{k % 2}"] * 50, "s": r.random(50), "day": days}
        pq.write_table(pa.table(rows), tmp_path / f"{k}.parquet")
    how = {"first": "a", "second": "b", "score": "s", "date": "day", "half_life": 30}
    want = vn.io.read_comparisons(tmp_path, **how)
    found = vn.io.read_comparisons(tmp_path, **how, executor=Travelling())
    same(of_comparisons(found), of_comparisons(want))
    assert found.n_effective == want.n_effective
    assert repr(found.taken) == repr(want.taken)


def test_bad_rows_are_named(tmp_path):
    rows = {"a": ["x"] * 4, "b": ["y"] * 4, "s": [1.0, 0.0, 1.0, 0.5], "j": [1] * 4, "v": [1] * 4}
    pq.write_table(pa.table(rows), tmp_path / "0.parquet")
    bad = rows | {"s": [1.0, 0.0, 3.0, 0.5], "v": [1, 0, 9, 1]}
    pq.write_table(pa.table(bad), tmp_path / "1.parquet")
    how = {"first": "a", "second": "b", "executor": Travelling()}
    with pytest.raises(DataError, match=r"1\.parquet: row 3, column 's' = 3\.0"):
        vn.io.read_comparisons(tmp_path, score="s", **how)
    with pytest.raises(DataError, match=r"1\.parquet: row 3, column 'v' = 9"):
        vn.io.read_votes(tmp_path, vote="v", teacher="j", **how)


@pytest.mark.parametrize("text", [False, True])
@pytest.mark.parametrize("n", [1, 3, 8])
def test_pieces_have_no_cell_in_common(text, n):
    """A cell falls into the same piece, whatever codes its labels have; rows of no weight count."""
    r, where = np.random.default_rng(5), {}
    for seed in range(3):
        a = r.integers(0, 30, 400)
        b = (a + 1 + r.integers(0, 29, 400)) % 30
        a, b = ([f"i{x}" for x in y] if text else y * 3 for y in (a, b))
        sums = CellSums()
        sums.add(Rows.given(first=a, second=b, score=r.random(400), weight=r.integers(0, 2, 400)))
        pieces = sums.split(n)
        assert len(pieces) == n
        assert [facts["n_rows"] for _, facts in pieces] == [400] + [0] * (n - 1)
        assert sum(len(arrays.get("lo", ())) for arrays, _ in pieces) == sums.n_cells
        for k, (arrays, _) in enumerate(pieces):
            for lo, hi in zip(arrays.get("lo", ()), arrays.get("hi", ()), strict=True):
                pair = frozenset([arrays["items"][lo], arrays["items"][hi]])
                assert where.setdefault(pair, k) == k, seed


def test_sums_of_nothing():
    for kind in (CellSums(), VoteSums()):
        assert len(kind.split(3)) == 3
    nothing = CellSums()
    nothing.add(Rows.given(first=["a"], second=["b"], score=1.0, weight=0.0))
    total = CellSums()
    for piece in nothing.split(2):
        total.merge(CellSums.from_arrays(*piece))
    total.add(Rows.given(first=["a"], second=["c"], score=1.0))
    assert total.finish().items.tolist() == ["a", "b", "c"]
    votes = VoteSums()
    votes.add(checked_rows(pair=["x"], teacher=["ann"], vote=[1]))
    assert sum(facts["n_votes"] for _, facts in votes.split(4)) == 1


def test_labels_are_spread():
    for labels in (np.arange(10_000), np.array([f"i{x}" for x in range(10_000)], object)):
        bits = hashed(labels)
        assert len(np.unique(bits)) == 10_000
        for bit in range(64):
            ones = int(((bits >> np.uint64(bit)) & np.uint64(1)).sum())
            assert abs(ones - 5000) < 500, bit  # ten standard deviations


@pytest.mark.parametrize("soft", [[5], [0], [2, 3], range(6)])
def test_scores_of_which_some_are_soft(tmp_path, soft):
    """Units that were added up together, because they alone are exact, are read again."""
    r = np.random.default_rng(4)
    for k in range(6):
        a = r.integers(0, 9, 250)
        b = (a + 1 + r.integers(0, 8, 250)) % 9
        score = r.random(250) if k in soft else np.rint(r.random(250))
        rows = {"a": a, "b": b, "s": score, "w": r.random(250) if k in soft else np.ones(250)}
        pq.write_table(pa.table(rows), tmp_path / f"{k}.parquet")
    how, tasks = {"first": "a", "second": "b", "score": "s", "weight": "w"}, Travelling()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("venire.io.folding._TASKS", 1)
        found = vn.io.read_comparisons(tmp_path, **how, executor=tasks)
    same(of_comparisons(found), of_comparisons(vn.io.read_comparisons(tmp_path, **how)))
    assert tasks.done.count("sums") == (3 if len(soft) == 6 else 6)


def test_units_that_are_done_without():
    class How:
        empty = CellSums

        @staticmethod
        def restored(piece):
            return CellSums.from_arrays(*piece, to_merge=True)

    sums = CellSums()
    sums.add(Rows.given(first=["a"], second=["b"], score=1.0))
    lost, here = split([SetAside("why")], 2), split([sums, SetAside("why")], 2)
    folds = [fold(None, [lost[k], here[k]], How) for k in range(2)]
    assert sorted(one.pieces[0].n_cells for one in folds) == [0, 1]
    assert fold(folds[0], [here[0]], How).pieces[0].n_rows == 2 * folds[0].pieces[0].n_rows
    assert folds[0].pieces[0].n_rows == 1


# ---- on a cluster --------------------------------------------------------------------------------

SLOW = """
import time
from venire.io import summing

def slow(*arguments, weigh=summing.rows_at_a_time):
    time.sleep(0.05)
    return weigh(*arguments)

summing.rows_at_a_time = slow
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as on POSIX")
def test_a_worker_that_is_killed(folder):
    """In the middle of soft scores; and votes after it, by whom that leaves."""
    killed = []
    want = vn.io.read_comparisons(folder, **FITS["soft"])
    votes, _ = vn.io.read_votes(folder, teacher="judge", vote="vote", **TEXT)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.run(exec, SLOW, {})

        def kill(done, of):
            if not killed and done > of / 4:
                os.kill(max(client.run(os.getpid).values()), signal.SIGKILL)
                killed.append(done / of)

        found = vn.io.read_comparisons(folder, **FITS["soft"], executor=client, progress=kill)
        others, _ = vn.io.read_votes(folder, teacher="judge", vote="vote", **TEXT, executor=client)
    assert killed[0] < 0.9
    same(of_comparisons(found), of_comparisons(want))
    same(vn.consensus(others).to_frame("dict"), vn.consensus(votes).to_frame("dict"))


def test_commands(folder, tmp_path):
    """What the commands write is the same on a cluster."""
    commands = {
        "bootstrap": ["--first", "a", "--second", "b", "--outcome", "who", "--bootstrap", "20"],
        "rate": [
            "--first", "a", "--second", "b", "--vote", "vote", "--teacher", "judge", "--group",
            "user",
        ],
    }  # fmt: skip
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        for command, words in commands.items():
            outs = []
            for where in ([], ["--scheduler", cluster.scheduler_address]):
                outs.append(tmp_path / f"{command}{len(where)}.csv")
                run = subprocess.run(
                    [sys.executable, "-m", "venire.cli", command, str(folder), *words, *where,
                     "-o", str(outs[-1])],
                    capture_output=True, text=True, timeout=120,
                )  # fmt: skip
                assert run.returncode == 0, run.stderr
            assert outs[0].read_bytes() == outs[1].read_bytes(), command
