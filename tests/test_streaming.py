"""Fits of groups part by part: the same for every layout and every memory."""

from __future__ import annotations

import os
import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from grouped_data import COLUMNS, LAYOUTS, fit_files, laid_out, shuffled, votes
from hypothesis import given
from hypothesis import strategies as st

import venire as vn
from venire._core.memory import bytes_of
from venire.batch import GroupsSummary
from venire.batch.source import Source
from venire.io import DataError
from venire.io.units import cut

# about the bytes that the plan gives a row of these votes
ROW = 250


@pytest.fixture
def small(monkeypatch):
    """Let batches be as small as the memory says, whatever this process holds already."""
    monkeypatch.setattr("venire.batch.plan.MOST", 512)
    monkeypatch.setattr("venire.batch.plan.LEAST", 256)
    monkeypatch.setattr("venire.batch.plan._OVERHEAD", 0)
    monkeypatch.setattr("venire.batch.plan.resident", lambda: 0)


@pytest.fixture
def batches(monkeypatch):
    """What the sources of the runs did: (number of batches, whether they spilled)."""
    seen = []
    plain = Source.batches

    def spy(self, progress):
        seen.append((self._plan.n_batches, self.spills))
        return plain(self, progress)

    monkeypatch.setattr(Source, "batches", spy)
    return seen


def one_by_one(table, fit=vn.fit_bradley_terry, **options):
    """The table that a single fit of each group gives."""
    frame = table.to_pandas()
    out = []
    for label, rows in frame.groupby("q", sort=True):
        c = vn.Comparisons.from_frame(rows, first="a", second="b", score="s", weight="w")
        one = fit(c, prior=vn.GaussianPrior(0.01), **options)
        met = np.bincount(c.first, c.win + c.loss + c.tie, c.n_items)
        met += np.bincount(c.second, c.win + c.loss + c.tie, c.n_items)
        out.append(
            pd.DataFrame({
                "group": label, "item": c.items, "theta": one.theta,
                "standard_error": one.standard_errors(), "n_comparisons": met,
                "determined": one.determined,
            })
        )  # fmt: skip
    return pd.concat(out, ignore_index=True)


@pytest.mark.parametrize("text", [True, False])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_and_memory_gives_the_same_file(tmp_path, small, batches, layout, text):
    table = votes(text=text)
    want = one_by_one(table)
    source = laid_out(table, layout, tmp_path / "in")
    files = set()
    for memory in (1 << 30, 2000 * ROW, 1200 * ROW, 1):
        done = fit_files(
            source, tmp_path / "o.parquet", **COLUMNS, score="s", weight="w", memory=memory
        )
        files.add((tmp_path / "o.parquet").read_bytes())
        assert isinstance(done, GroupsSummary)
        assert (done.n_groups, done.n_items, done.n_rows) == (60, len(want), table.num_rows)
        assert done.counts == {"converged": 60}
        assert done.converged
    assert len(files) == 1
    got = pq.read_table(tmp_path / "o.parquet").to_pandas()
    assert got.pop("status").eq("converged").all()
    pd.testing.assert_frame_equal(got, want, rtol=0, atol=1e-7, check_dtype=False)
    # the memory was felt: one batch at first, more and more later, sorted out where needed
    numbers = [n for n, _ in batches]
    assert numbers[0] == 1
    assert numbers == sorted(numbers)
    assert numbers[1] > 1
    in_order = layout in ("sorted", "parts", "arrow")
    assert [spilled for _, spilled in batches] == [n > 1 and not in_order for n in numbers]


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "jsonl"])
def test_text_files(tmp_path, ending):
    table = shuffled(votes(text=False))
    pq.write_table(table, tmp_path / "votes.parquet")
    text = tmp_path / f"votes.{ending}"
    frame = table.to_pandas()
    if ending == "jsonl":
        frame.to_json(text, orient="records", lines=True)
    else:
        frame.to_csv(text, index=False)
    out = []
    for source in (tmp_path / "votes.parquet", text):
        done = fit_files(source, tmp_path / "o.arrow", **COLUMNS, score="s", weight="w")
        out.append((tmp_path / "o.arrow").read_bytes())
        assert done.notes == []
    assert out[0] == out[1]
    done = fit_files(text, tmp_path / "o.csv", **COLUMNS, score="s", memory=1 << 20)
    assert "batches are as small as they get" in done.notes[0]


def test_outputs(tmp_path, small):
    table = votes()
    source = laid_out(table, "shuffled", tmp_path / "in")
    frames = []
    for name in ("o.parquet", "o.csv", "o.jsonl", "o.json", "o.arrow"):
        done = fit_files(
            source, tmp_path / name, **COLUMNS, score="s", errors=None, memory=2000 * ROW
        )
        assert done.parts == [str(tmp_path / name)]
        read = {"parquet": pd.read_parquet, "csv": pd.read_csv, "arrow": pd.read_feather}
        kind = name.split(".")[1]
        if kind in read:
            frames.append(read[kind](tmp_path / name))
        else:
            frames.append(pd.read_json(tmp_path / name, lines=kind == "jsonl"))
    assert list(frames[0]) == ["group", "item", "theta", "n_comparisons", "determined", "status"]
    for other in frames[1:]:
        pd.testing.assert_frame_equal(frames[0], other, check_dtype=False)
    with open(tmp_path / "stream.csv", "wb") as file:
        assert fit_files(source, file, **COLUMNS, score="s", errors=None).parts == []
    assert (tmp_path / "stream.csv").read_bytes() == (tmp_path / "o.csv").read_bytes()


@pytest.mark.parametrize("model", ["thurstone", "davidson", "rao-kupper"])
def test_models_and_order(tmp_path, small, model):
    """Also with batches that hold not one tie, and the parameters of each group."""
    table = votes(n_groups=12, soft=False)
    rng = np.random.default_rng(5)
    ties = (rng.random(table.num_rows) < 0.2) & (np.arange(table.num_rows) > 400)
    score = np.where(ties, 0.5, table["s"].to_numpy())
    table = table.set_column(3, "s", pa.array(score))
    table = table.append_column("n", pa.array(rng.random(table.num_rows) < 0.5))
    source = laid_out(table, "shuffled parts", tmp_path / "in")
    fit = getattr(vn, f"fit_{model.replace('-', '_')}")
    files = set()
    for memory in (1 << 30, 1):
        fit_files(
            source, tmp_path / "o.parquet", **COLUMNS, score="s", neutral="n", model=model,
            order_effect=True, prior=vn.GaussianPrior(0.2), memory=memory,
        )  # fmt: skip
        files.add((tmp_path / "o.parquet").read_bytes())
        got = pq.read_table(tmp_path / "o.parquet").to_pandas()
        for label, rows in table.to_pandas().groupby("q"):
            c = vn.Comparisons.from_frame(rows, first="a", second="b", score="s", neutral="n")
            one = fit(c, prior=vn.GaussianPrior(0.2), order_effect=True)
            mine = got[got["group"] == label]
            np.testing.assert_allclose(mine["theta"], one.theta, atol=1e-7)
            np.testing.assert_allclose(mine["standard_error"], one.standard_errors(), rtol=1e-6)
            np.testing.assert_allclose(mine["order_effect"], one.order_effect, atol=1e-6)
            assert ("tie" in mine) == (one.tie is not None)
            if one.tie is not None:
                np.testing.assert_allclose(mine["tie"], one.tie, atol=1e-6)
    assert len(files) == 1


def test_a_group_without_a_fit_alters_no_other(tmp_path, small):
    table = votes(n_groups=20, soft=False)
    frame = table.to_pandas()
    alone = frame[frame["q"].isin(["q100", "q107"])].copy()
    lost = pd.DataFrame({"q": "q103", "a": ["x", "x"], "b": ["y", "z"], "s": 1.0, "w": 1.0})
    zero = pd.DataFrame({"q": "q104", "a": ["x"], "b": ["y"], "s": 1.0, "w": 0.0})
    source = laid_out(
        pa.Table.from_pandas(pd.concat([alone, lost, zero]), preserve_index=False),
        "shuffled", tmp_path / "in",
    )  # fmt: skip
    done = fit_files(source, tmp_path / "o.csv", **COLUMNS, score="s", weight="w", prior=None)
    assert not done.converged
    assert done.counts["not identified"] >= 1
    assert "q103" in done.examples["not identified"]
    assert done.counts["no comparisons"] == 1
    assert done.examples["no comparisons"] == ["q104"]
    got = pd.read_csv(tmp_path / "o.csv")
    assert got[got["group"] == "q103"]["theta"].isna().all()
    assert got[got["group"] == "q103"]["item"].tolist() == ["x", "y", "z"]
    source = laid_out(pa.Table.from_pandas(alone), "sorted", tmp_path / "two")
    fit_files(source, tmp_path / "two.csv", **COLUMNS, score="s", weight="w", prior=None)
    rest = got[~got["group"].isin(["q103", "q104"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, pd.read_csv(tmp_path / "two.csv"))


# ---- outcomes in words: one column, however it is cut -------------------------------------------


def words(*rows):
    return pa.table(dict(zip("qabr", map(list, zip(*rows, strict=True)), strict=True)))


def test_outcomes_are_read_as_the_whole_column_says(tmp_path, small, batches):
    """One batch holds nothing but "A", another nothing but "1": neither says what they mean."""
    rows = [(1, "x", "y", "A")] * 300 + [(2, "x", "y", "B"), (2, "y", "x", "tie")] * 150
    source = laid_out(words(*rows), "sorted", tmp_path / "in")
    out = []
    for memory in (1 << 30, 1):
        fit_files(source, tmp_path / "o.parquet", **COLUMNS, outcome="r", memory=memory)
        out.append(pq.read_table(tmp_path / "o.parquet").to_pylist())
    assert out[0] == out[1]
    assert out[0][0]["theta"] > 0 > out[0][1]["theta"]
    assert [n for n, _ in batches] == [1, 2]
    # the winner's label: that "1" is a word too shows in the other batch only
    rows = [(1, "1", "0", "1")] * 300 + [(2, "7", "1", "7"), (2, "1", "7", "1")] * 150
    source = laid_out(words(*rows), "shuffled", tmp_path / "labels")
    out = []
    for memory in (1 << 30, 1):
        fit_files(source, tmp_path / "o.parquet", **COLUMNS, outcome="r", memory=memory)
        out.append(pq.read_table(tmp_path / "o.parquet").to_pylist())
    assert out[0] == out[1]
    assert [row["item"] for row in out[0]] == ["0", "1", "1", "7"]
    assert out[0][1]["theta"] > 0


@pytest.mark.parametrize("memory", [1 << 30, 1])
@pytest.mark.parametrize(
    ("rows", "row", "reason"),
    [
        ([(1, "x", "y", "A")] * 600, 1, "could be read in two ways: H is home, A away"),
        ([(1, "u", "v", "tie")] * 300 + [(2, "a", "b", "b"), (2, "b", "a", "b")] * 150, 302,
         "could be a score or the winner's label"),
        ([(1, "x", "y", "A"), (1, "x", "y", "B")] * 200 + [(2, "x", "y", "Q")] * 90, 401,
         "is neither first, second, tie"),
    ],
)  # fmt: skip
def test_outcomes_that_nothing_explains(tmp_path, small, memory, rows, row, reason):
    source = laid_out(words(*rows), "sorted", tmp_path / "in")
    with pytest.raises(DataError, match=reason) as caught:
        fit_files(source, tmp_path / "o.csv", **COLUMNS, outcome="r", memory=memory)
    assert (caught.value.row, caught.value.column) == (row, "r")
    assert os.listdir(tmp_path) == ["in"]


# ---- what can be wrong --------------------------------------------------------------------------

BAD = [
    ("q", None, "a value is missing"),
    ("a", None, "a value is missing"),
    ("s", 1.5, r"= 1\.5.*: must be between 0 and 1"),
    ("s", None, "a value is missing"),
    ("w", -1.0, r"= -1\.0.*: must be finite and >= 0"),
    ("b", "item 9000", "an item cannot be compared with itself"),
]


@pytest.mark.parametrize("memory", [1 << 30, 1])
@pytest.mark.parametrize("layout", ["sorted", "parts", "shuffled", "shuffled parts"])
@pytest.mark.parametrize(("column", "value", "reason"), BAD)
def test_errors_name_file_row_and_column(tmp_path, small, layout, column, value, reason, memory):
    table = votes()
    at = 2345
    values = table[column].to_pylist()
    if "itself" in reason:
        value = table["a"][at].as_py()
    values[at] = value
    kind = table[column].type
    table = table.set_column(table.column_names.index(column), column, pa.array(values, kind))
    table = table.append_column("mark", pa.array(np.arange(table.num_rows) == at))
    source = laid_out(table, layout, tmp_path / "in")
    files = [source] if source.is_file() else sorted(source.glob("*.parquet"))
    marks = {file: pq.read_table(file)["mark"].to_pylist() for file in files}
    (where,) = [file for file in files if any(marks[file])]
    with pytest.raises(DataError, match=reason) as caught:
        fit_files(source, tmp_path / "o.parquet", **COLUMNS, score="s", weight="w", memory=memory)
    error = caught.value
    assert (error.path, error.row) == (str(where), marks[where].index(True) + 1)
    assert error.column == column
    place = f"{where}: row {error.row}, column {column!r}"
    assert re.search(rf"{re.escape(place)}( = .*)?: ", str(error))
    assert os.listdir(tmp_path) == ["in"]


def test_columns_that_do_not_match(tmp_path, small):
    parts = laid_out(votes(), "parts", tmp_path / "in")
    file = parts / "part-2.parquet"
    table = pq.read_table(file)
    pq.write_table(table.rename_columns(["q", "a", "bb", "s", "w"]), file)
    with pytest.raises(DataError, match=r"part-2\.parquet: there is no column 'b'"):
        fit_files(parts, tmp_path / "o.csv", **COLUMNS, score="s")
    numbers = table.set_column(1, "a", pa.array(np.arange(table.num_rows)))
    pq.write_table(numbers, file)
    with pytest.raises(DataError, match=r"part-2\.parquet: column 'a': holds values of type int64"):
        fit_files(parts, tmp_path / "o.csv", **COLUMNS, score="s")
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"part-2\.parquet: is not a whole Parquet file"):
        fit_files(parts, tmp_path / "o.csv", **COLUMNS, score="s")
    with pytest.raises(DataError, match="holds no file"):
        fit_files(_empty(tmp_path), tmp_path / "o.csv", **COLUMNS, score="s")
    assert sorted(os.listdir(tmp_path)) == ["empty", "in"]


def _empty(tmp_path):
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def test_numbers_of_several_kinds(tmp_path, small):
    """Narrow and wide integers and floats in one column, also beside rows that need sorting."""
    table = shuffled(votes(text=False, soft=False))
    pq.write_table(table, tmp_path / "one.parquet")
    parts = tmp_path / "parts"
    parts.mkdir()
    for k, kinds in enumerate([("int32", "int16", "int8"), ("int64", "uint32", "float32")]):
        half = table.slice(k * 1000, 1000 if k == 0 else None)
        types = [kinds[0], kinds[1], "int64", kinds[2], "float64"]
        schema = pa.schema(list(zip(table.column_names, map(pa.type_for_alias, types))))  # noqa: B905
        pq.write_table(half.cast(schema), parts / f"{k}.parquet")
    pq.write_table(table.slice(0, 0), parts / "empty.parquet")
    out = []
    for source, memory in ((tmp_path / "one.parquet", 1 << 30), (parts, 1), (parts, 1 << 30)):
        fit_files(source, tmp_path / "o.parquet", **COLUMNS, score="s", memory=memory)
        out.append((tmp_path / "o.parquet").read_bytes())
    assert out[0] == out[1] == out[2]


def test_large_ids(tmp_path, small):
    """Unsigned ids that need all 64 bits in one group only."""
    high = np.uint64(2**64 - 5)
    table = pa.table({
        "q": np.repeat(np.array([2**62, 2**62 + 1], np.int64), 300),
        "a": np.concatenate([np.tile([1, 2], 150).astype(np.uint64), np.full(300, high)]),
        "b": np.concatenate([np.tile([2, 1], 150).astype(np.uint64), np.full(300, 7, np.uint64)]),
    })  # fmt: skip
    source = laid_out(table, "sorted", tmp_path / "in")
    for memory in (1 << 30, 1):
        fit_files(source, tmp_path / "o.parquet", **COLUMNS, score=1, memory=memory)
        got = pq.read_table(tmp_path / "o.parquet")
        assert got.schema.field("item").type == pa.uint64()
        assert got["item"].to_pylist() == [1, 2, 7, 2**64 - 5]
        assert got["group"].to_pylist() == [2**62] * 2 + [2**62 + 1] * 2


def test_nothing_to_read(tmp_path):
    pq.write_table(votes().slice(0, 0), tmp_path / "none.parquet")
    for source in (tmp_path / "none.parquet", tmp_path):
        with pytest.raises(DataError, match="holds no rows"):
            fit_files(source, tmp_path / "o.csv", **COLUMNS, score="s")
    with pytest.raises(DataError, match="there is no such file"):
        fit_files(tmp_path / "nowhere", tmp_path / "o.csv", **COLUMNS, score="s")


def test_options(tmp_path):
    source = laid_out(votes(n_groups=3), "sorted", tmp_path / "in")
    with pytest.raises(ValueError, match=r"model.*: must be one of"):
        fit_files(source, tmp_path / "o.csv", **COLUMNS, score="s", model="elo")
    with pytest.raises(ValueError, match=r"scale.*: must be one of"):
        fit_files(source, tmp_path / "o.csv", **COLUMNS, score="s", scale="dB")
    with pytest.raises(DataError, match="must end in one of"):
        fit_files(source, tmp_path / "o.xlsx", **COLUMNS, score="s")


# ---- memory and temporary files -----------------------------------------------------------------


def test_a_memory_that_is_no_memory(tmp_path):
    source = laid_out(votes(), "sorted", tmp_path / "in")
    done = fit_files(source, tmp_path / "o.parquet", **COLUMNS, score="s", memory=1 << 20)
    assert "1 MiB is less than the process itself needs" in done.notes[0]
    assert done.converged
    done = fit_files(source, tmp_path / "o.parquet", **COLUMNS, score="s", memory=16 << 30)
    assert done.notes == []


def test_a_group_larger_than_the_memory(tmp_path, small):
    rng = np.random.default_rng(0)
    a = rng.integers(0, 40, 5000)
    big = {"q": ["q150"] * 5000, "a": a, "b": (a + rng.integers(1, 40, 5000)) % 40,
           "s": rng.random(5000).round(2), "w": np.ones(5000)}  # fmt: skip
    big |= {x: [f"item {k}" for k in big[x]] for x in "ab"}
    table = pa.concat_tables([votes(), pa.table(big)]).sort_by("q")
    source = laid_out(table, "shuffled", tmp_path / "in")
    out = []
    for memory in (1 << 30, 1200 * ROW):
        done = fit_files(source, tmp_path / "o.parquet", **COLUMNS, score="s", memory=memory)
        out.append((tmp_path / "o.parquet").read_bytes())
    assert out[0] == out[1]
    assert len(done.notes) == 1
    assert "1 group alone may need more than the memory given: q150 has 5,000 rows" in done.notes[0]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("layout", ["sorted", "shuffled"])
def test_nothing_stays_behind(tmp_path, small, monkeypatch, layout, failure):
    """Neither half an output nor a temporary file, and an old output is as it was."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    source = laid_out(votes(), layout, tmp_path / "in")
    (tmp_path / "o.parquet").write_text("old")
    seen = []

    def progress(what, done, total):
        seen.append(what)
        assert os.listdir(tmp_path / "tmp") == []  # the file in use has no name
        if what == "fitting" and done > 20:
            raise failure

    with pytest.raises(failure):
        fit_files(source, tmp_path / "o.parquet", **COLUMNS, score="s", memory=1, progress=progress)
    assert sorted(os.listdir(tmp_path)) == ["in", "o.parquet", "tmp"]
    assert (tmp_path / "o.parquet").read_text() == "old"
    assert ("sorting" in seen) == (layout == "shuffled")


def test_a_full_disk(tmp_path, small, monkeypatch):
    class Full:
        def __init__(self, file):
            self.file, self.closed = file, False

        def write(self, data):
            raise OSError(28, "No space left on device")

        def __getattr__(self, name):
            return getattr(self.file, name)

    plain = __import__("tempfile").TemporaryFile
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **options: Full(plain(**options)))
    source = laid_out(votes(), "shuffled", tmp_path / "in")
    with pytest.raises(DataError, match=r"temporary file cannot be written: .*No space left"):
        fit_files(source, tmp_path / "o.parquet", **COLUMNS, score="s", memory=1)
    assert os.listdir(tmp_path) == ["in"]


def test_progress(tmp_path, small):
    table = votes()
    source = laid_out(table, "shuffled", tmp_path / "in")
    seen = []
    fit_files(
        source, tmp_path / "o.csv", **COLUMNS, score="s", memory=1,
        progress=lambda *state: seen.append(state),
    )  # fmt: skip
    for what, total in (("reading", 0), ("sorting", table.num_rows), ("fitting", 60)):
        mine = [state for state in seen if state[0] == what]
        done = [state[1] for state in mine]
        assert done == sorted(done)
        assert {state[2] for state in mine} == {total}
        assert done[-1] == (total or table.num_rows)
        assert len(set(done)) > 5


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 120))
def test_cuts(rows, most):
    starts = cut(np.array(rows), most)
    assert starts[0] == 0
    sizes = np.add.reduceat(rows, starts)
    lengths = np.diff(np.append(starts, len(rows)))
    assert all(size <= most or n == 1 for size, n in zip(sizes, lengths, strict=True))
    # no two neighbours would fit together with what comes next
    firsts = [rows[s] for s in starts[1:]]
    assert all(size + first > most for size, first in zip(sizes[:-1], firsts, strict=True))


def test_sizes():
    assert bytes_of("4G") == 4 << 30
    assert bytes_of("64k") == 64 << 10
    for text in ("", "4X", "-1G", "0", "G"):
        with pytest.raises(ValueError, match="size like 512M"):
            bytes_of(text)
