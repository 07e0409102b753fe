"""Files in and out."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import stat
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

import venire as vn
from venire import io
from venire.io import DataError, read_comparisons

HOME = ["b", "a", "c", "a"]
AWAY = ["a", "c", "b", "b"]
SHARE = [1.0, 0.5, 0.25, 0.0]
TABLE = {
    "home": HOME,
    "away": AWAY,
    "share": SHARE,
    "note": ["q", 'with "quotes", and\nlines', "", "z"],
}


def write(path, table=None):
    """The table in the format that the name asks for."""
    frame = pd.DataFrame(TABLE if table is None else table)
    name = path.name
    if ".csv" in name or ".tsv" in name:
        frame.to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")
    elif "json" in name:
        frame.to_json(path, orient="records", lines=not name.endswith(".json"))
    elif name.endswith(".parquet"):
        frame.to_parquet(path, index=False, row_group_size=3)
    elif name.endswith(".feather"):
        pyarrow.feather.write_feather(frame, path, chunksize=3)
    else:
        data = pa.Table.from_pandas(frame, preserve_index=False)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, data.schema) as writer:
            writer.write_table(data, 3)
    return path


def same(a, b):
    assert a.items.tolist() == b.items.tolist()
    for name in ("first", "second", "order", "win", "loss", "tie", "square"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name


FORMATS = ["a.csv", "a.csv.gz", "a.tsv", "a.parquet", "a.feather", "a.arrow", "a.jsonl",
           "a.jsonl.gz", "a.ndjson", "a.json"]  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_formats(tmp_path, name):
    want = vn.Comparisons(HOME, AWAY, SHARE)
    path = write(tmp_path / name)
    same(read_comparisons(path, first="home", second="away", score="share"), want)
    same(read_comparisons(str(path), first="home", second="away", score="share"), want)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.feather", "a.jsonl"])
def test_a_name_that_says_nothing(tmp_path, name):
    path = write(tmp_path / name)
    path = path.rename(tmp_path / "data")
    want = vn.Comparisons(HOME, AWAY, SHARE)
    same(read_comparisons(path, first="home", second="away", score="share"), want)


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl", "a.feather"])
def test_all_columns(tmp_path, name):
    table = {
        "a": [10, 2, 10, 2], "b": [2, 10, 3, 3], "r": ["H", "D", "A", "H"], "w": [1, 2, 3, 4],
        "n": [True, False, False, True], "o": [1, -1, 1, -1], "k": ["u", "v", "u", "v"],
    }  # fmt: skip
    path = write(tmp_path / name, table)
    got = read_comparisons(
        path, first="a", second="b", outcome="r", mapping={"H": 1, "D": "tie", "A": 0},
        weight="w", neutral="n", order="o", cluster="k",
    )  # fmt: skip
    want = vn.Comparisons(
        table["a"], table["b"], [1, 0.5, 0, 1], table["w"], order=[0, -1, 1, 0], cluster=table["k"]
    )
    assert got.items.dtype == np.int64
    same(got, want)
    assert np.array_equal(got.cluster, want.cluster)
    counts = read_comparisons(path, first="a", second="b", win="w", loss="a", tie="b")
    same(
        counts,
        vn.Comparisons.from_counts(table["a"], table["b"], table["w"], table["a"], table["b"]),
    )
    goals = read_comparisons(path, first="a", second="b", first_score="w", second_score="b")
    same(goals, vn.Comparisons(table["a"], table["b"], [0, 0, 0.5, 1]))
    names = read_comparisons(path, first="a", second="b", score=1.0, items=[3, 2, 10, 77])
    assert names.items.tolist() == [3, 2, 10, 77]


def test_labels_of_a_csv(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n007,NA\nnan,null\n-1,007\n")
    assert read_comparisons(path, first="a", second="b", score=1.0).items.tolist() == [
        "-1", "007", "NA", "nan", "null",
    ]  # fmt: skip
    path.write_text("a,b,winner\n7,12\x2c7\n12,-3,-3\n")
    got = read_comparisons(path, first="a", second="b", outcome="winner")
    assert got.items.tolist() == [-3, 7, 12]
    assert got.win.tolist() == [1.0, 1.0]
    path.write_bytes("\ufeffa,b\nx,ÿ\n\nü,x\n".encode())
    assert read_comparisons(path, first="a", second="b", score=1.0).items.tolist() == [
        "x",
        "ü",
        "ÿ",
    ]


def test_dictionaries_and_row_groups(tmp_path):
    rng = np.random.default_rng(0)
    few, many = rng.integers(0, 50, 200_000), rng.permutation(200_000)
    table = pa.table({
        "a": [f"item {k}" for k in few],
        "b": [f"item number {k + 100}" for k in many],
        "c": pa.array([f"item {k}" for k in few]).dictionary_encode(),
        "s": few % 3 / 2,
    })  # fmt: skip
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=30_000, data_page_size=1000)
    a, b = table["a"].to_pylist(), table["b"].to_pylist()
    for column in ("a", "c"):
        got = read_comparisons(path, first=column, second="b", score="s")
        same(got, vn.Comparisons(a, b, table["s"].to_numpy()))
    outcome = read_comparisons(path, first="b", second="c", outcome="a")
    same(outcome, vn.Comparisons(b, a, np.zeros(len(a))))


def test_progress(tmp_path, monkeypatch):
    monkeypatch.setattr("venire.io._columnar._ROWS", 3)
    seen = []
    path = write(tmp_path / "a.parquet")
    read_comparisons(
        path, first="home", second="away", score=1.0, progress=lambda *x: seen.append(x)
    )
    assert seen == [(3, 4), (4, 4)]


def csv_of(tmp_path, text, name="a.csv"):
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


BAD_CSV = [
    ("a,b,s\nx,y,1\nx,,0\n", {}, 2, 3, "b", "a value is missing"),
    ('a,b,s\n"x\n1",y,1\n\nx,y,7\n', {"score": "s"}, 2, 5, "s", "= 7.0: must be between 0 and 1"),
    ("a,b,s\nx,y,1\nx,y,\n", {"score": "s"}, 2, 3, "s", "a value is missing"),
    ("a,b,s\nx,y,1\nx,y,NA\n", {"score": "s"}, 2, 3, "s", "= 'NA': a value is missing"),
    ("a,b,s\nx,y,H\nx,y,?\n", {"outcome": "s", "mapping": {"H": 1}}, 2, 3, "s", "= '?'"),
    ("a,b,s\nx,y,1\nx,y,-1\n", {"weight": "s"}, 2, 3, "s", "= -1.0"),
    ("a,b,s\nx,y,1\ny,y,1\n", {"score": "s"}, 2, 3, "b", "= 'y': an item cannot be compared"),
    ("a,b,s\nx,y,1\nx,y\n", {"score": "s"}, 2, 3, None, "has 2 fields, but the header has 3"),
    ("a,b,s\n", {}, None, None, None, "holds no rows"),
    ("", {}, None, None, None, "is empty"),
    ("a,b,a\nx,y,z\n", {}, None, None, "a", "two columns of this name"),
    ("a,s\nx,1\n", {}, None, None, None, "there is no column 'b'; there are a, s"),
    ("a,b,scor\nx,y,1\n", {"score": "score"}, None, None, None, "did you mean 'scor'?"),
]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize(("text", "arguments", "row", "line", "column", "reason"), BAD_CSV)
def test_bad_csv(tmp_path, name, text, arguments, row, line, column, reason):
    path = csv_of(tmp_path, text, name)
    said = {} if {"score", "outcome"} & {*arguments} else {"score": 1.0}
    with pytest.raises(DataError) as caught:
        read_comparisons(path, first="a", second="b", **said, **arguments)
    error = caught.value
    if text:  # an empty gzip file is a file with something in it
        assert reason in str(error)
    assert str(path) in str(error)
    assert (error.row, error.line, error.column) == (row, line, column)
    if row is not None:
        assert f"row {row} (line {line})" in str(error)
    assert "position" not in str(error)


def test_bad_utf8(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\nx,\xc3\xa9\nx,M\xfcnchen\n")
    with pytest.raises(DataError, match=r"row 2 \(line 3\), column 'b': is not UTF-8") as caught:
        read_comparisons(path, first="a", second="b", score=1.0)
    assert caught.value.column == "b"


def test_bad_json_lines(tmp_path):
    path = csv_of(tmp_path, '{"a":"x","b":"y"}\n\n{"a":"x"}\n', "a.jsonl")
    with pytest.raises(DataError, match=r"row 2 \(line 3\), column 'b'.*: a value is missing"):
        read_comparisons(path, first="a", second="b", score=1.0)
    for text in ('{"a":"x","b":"y"}\n{"a":', '{"a":"x","b":"y"}\n{"a":[],"b":"y"}\n', '["x"]'):
        path = csv_of(tmp_path, text, "a.jsonl")
        with pytest.raises(DataError, match=r"a\.jsonl: "):
            read_comparisons(path, first="a", second="b", score=1.0)


def test_bad_parquet(tmp_path):
    path = write(tmp_path / "a.parquet", {"a": ["x", "y", "x", None], "b": ["y", "x", "y", "x"]})
    with pytest.raises(DataError, match=r"a\.parquet: row 4, column 'a': a value is missing"):
        read_comparisons(path, first="a", second="b", score=1.0)
    with pytest.raises(DataError, match="there is no column 'q'"):
        read_comparisons(path, first="a", second="q", score=1.0)


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.arrow", "a.csv.gz", "a.jsonl.gz"])
@pytest.mark.parametrize("part", [0.5, 0.98])
def test_truncated(tmp_path, name, part):
    rng = np.random.default_rng(0)
    table = {x: [f"i{k}" for k in rng.integers(0, 500, 3000)] for x in "ab"}
    path = write(tmp_path / name, table)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    with pytest.raises(DataError, match=name):
        read_comparisons(path, first="a", second="b", score=1.0)


def test_no_file(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        read_comparisons(tmp_path / "none.csv", first="a", second="b", score=1.0)
    with pytest.raises(DataError, match="the folder holds no"):
        read_comparisons(tmp_path, first="a", second="b", score=1.0)
    path = tmp_path / "picture"
    path.write_bytes(b"\x89PNG\0\0\0\xff\xfe" * 20)
    with pytest.raises(DataError, match="no format known here"):
        read_comparisons(path, first="a", second="b", score=1.0)
    path = tmp_path / "a.parquet"
    path.write_bytes(b"no parquet at all, only text")
    with pytest.raises(DataError, match=r"a\.parquet"):
        read_comparisons(path, first="a", second="b", score=1.0)


def test_read_grouped(tmp_path):
    """A file, and a folder in the order of the names, give what the columns give."""
    rng = np.random.default_rng(0)
    n = 900
    table = {"q": rng.integers(0, 20, n) * 5 - 3, "a": rng.integers(0, 9, n)}
    table |= {"b": (table["a"] + 1 + rng.integers(0, 8, n)) % 9, "s": rng.random(n).round(2)}
    table |= {"w": rng.integers(0, 3, n), "o": rng.integers(-1, 2, n)}
    *four, weight, order = table.values()
    want = vn.GroupedComparisons(*four, weight, order=order)
    columns = {"group": "q", "first": "a", "second": "b", "score": "s"}
    frame = pd.DataFrame(table)
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    (tmp_path / "parts" / "_temporary").mkdir()
    frame[:200].to_parquet(tmp_path / "parts" / "a.parquet")
    frame[:0].to_parquet(tmp_path / "parts" / "b.parquet")
    frame[200:500].to_parquet(tmp_path / "parts" / "c.pq")
    frame[500:].astype({"w": np.float32}).to_parquet(tmp_path / "parts" / "deep" / "a.parquet")
    (tmp_path / "parts" / "_temporary" / "x.parquet").write_text("not one of them")
    (tmp_path / "parts" / ".a.parquet").write_text("nor this")
    for source in (
        write(tmp_path / "a.csv", table), write(tmp_path / "a.feather", table), tmp_path / "parts",
    ):  # fmt: skip
        seen = []
        got = io.read_grouped(
            source, **columns, weight="w", order="o", progress=lambda *x, to=seen: to.append(x)
        )
        assert got.groups.dtype == np.int64
        for name in ("groups", "offsets", "items", "cell_offsets", "first", "second", "order",
                     "win", "loss", "tie"):  # fmt: skip
            assert np.array_equal(getattr(got, name), getattr(want, name)), name
        if source.is_dir():
            assert list(dict.fromkeys(seen)) == [(200, n), (500, n), (n, n)]


def test_read_grouped_errors(tmp_path):
    columns = {"group": "q", "first": "a", "second": "b", "score": "s"}
    folder = tmp_path / "parts"
    folder.mkdir()
    table = {"q": ["x"] * 5, "a": [1] * 5, "b": [2] * 5, "s": [0.5] * 5}
    for k, (column, value, reason) in enumerate([
        ("q", None, "a value is missing"), ("s", 3.0, "must be between 0 and 1"),
        ("b", 1, "an item cannot be compared with itself .in group .x"),
    ]):  # fmt: skip
        bad = {name: list(values) for name, values in table.items()}
        bad[column][3] = value
        pd.DataFrame(table).to_parquet(folder / "0.parquet")
        pd.DataFrame(bad).to_parquet(folder / f"{k + 1}.parquet")
        with pytest.raises(DataError, match=reason) as caught:
            io.read_grouped(folder, **columns)
        assert (caught.value.path, caught.value.row) == (str(folder / f"{k + 1}.parquet"), 4)
        assert caught.value.column == column
        (folder / f"{k + 1}.parquet").unlink()
    pd.DataFrame(table).drop(columns="s").to_parquet(folder / "1.parquet")
    with pytest.raises(DataError, match=r"1\.parquet: there is no column 's'"):
        io.read_grouped(folder, **columns)
    pd.DataFrame(table | {"q": [1] * 5}).to_parquet(folder / "1.parquet")
    with pytest.raises(DataError, match=r"1\.parquet: column 'q': holds values of type"):
        io.read_grouped(folder, **columns)
    (folder / "1.parquet").write_bytes(b"PAR1 but no more than that")
    with pytest.raises(DataError, match=r"1\.parquet: "):
        io.read_grouped(folder, **columns)


def test_errors_survive_a_journey():
    error = DataError("a.csv", "is bad", row=3, line=4, column="s")
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) == "a.csv: row 3 (line 4), column 's': is bad"
    assert vars(again) == vars(error)


def test_contradictory_arguments_are_type_errors(tmp_path):
    path = write(tmp_path / "a.csv")
    with pytest.raises(TypeError, match="given together"):
        read_comparisons(path, first="home", second="away", win="share")
    with pytest.raises(TypeError, match="scor"):
        read_comparisons(path, first="home", second="away", scor="share")


OUT = {
    "item": np.array(["a", "ü", 'q"uote'], object),
    "theta": np.array([0.1, -1e-300, np.nan]),
    "rank": np.ma.masked_array([1, 2, 0], [False, False, True]),
    "games": np.array([3, 4, 5]),
}


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow", "o.csv", "o.json", "o.jsonl"])
def test_write_table(tmp_path, name):
    path = tmp_path / name
    path.write_text("old")
    io.write_table(OUT, path, metadata={"venire": "1"})
    if name == "o.parquet":
        table = pq.read_table(path)
        assert table.schema.metadata[b"venire"] == b"1"
        rows = table.to_pylist()
    elif name == "o.arrow":
        rows = pyarrow.feather.read_table(path).to_pylist()
    elif name == "o.csv":
        frame = pd.read_csv(path, float_precision="round_trip").astype(object)
        rows = frame.where(frame.notna(), None).to_dict("records")
    elif name == "o.json":
        rows = json.loads(path.read_text())
    else:
        rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert rows == [
        {"item": "a", "theta": 0.1, "rank": 1, "games": 3},
        {"item": "ü", "theta": -1e-300, "rank": 2, "games": 4},
        {"item": 'q"uote', "theta": None, "rank": None, "games": 5},
    ]
    assert os.listdir(tmp_path) == [name]


SCHEMA = pa.schema({"item": pa.string(), "theta": pa.float64(), "n": pa.int64()})


def pieces_of(rng, n):
    """Tables of 0 to 300 rows, n in all, always the same rows."""
    theta = np.random.default_rng(1).normal(size=n)
    theta[::7] = np.nan
    table = {"n": np.arange(n), "item": np.array([f"ü{k % 50}" for k in range(n)]), "theta": theta}
    cuts = [0, *np.sort(rng.integers(0, n, n // 150)), n]
    for a, b in pairwise(cuts):
        yield {name: column[a:b] for name, column in table.items()}


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow", "o.csv", "o.json", "o.jsonl"])
def test_a_table_in_pieces(tmp_path, monkeypatch, name):
    """The bytes of the file do not show the pieces, and are those of a table written at once."""
    monkeypatch.setattr("venire.io.tables_out._ROWS", 1000)
    seen = set()
    for seed in range(3):
        with io.TableWriter(tmp_path / name, SCHEMA, metadata={"venire": "1"}) as out:
            for piece in pieces_of(np.random.default_rng(seed), 4321):
                out.write(piece)
        seen.add((tmp_path / name).read_bytes())
        assert os.listdir(tmp_path) == [name]
    assert len(seen) == 1
    table = next(iter(pieces_of(np.random.default_rng(0), 149)))
    with io.TableWriter(tmp_path / name, SCHEMA) as out:
        out.write(table)
    written = (tmp_path / name).read_bytes()
    io.write_table({column: table[column] for column in SCHEMA.names}, tmp_path / name)
    if name in ("o.csv", "o.json", "o.jsonl"):
        assert (tmp_path / name).read_bytes() == written
    if name == "o.parquet":
        assert pq.ParquetFile(tmp_path / name).metadata.num_rows == 149


def test_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr("venire.io.tables_out._ROWS", 1000)
    with io.TableWriter(tmp_path / "o.parquet", SCHEMA, metadata={"venire": "1"}) as out:
        for piece in pieces_of(np.random.default_rng(0), 2500):
            out.write(piece)
    file = pq.ParquetFile(tmp_path / "o.parquet")
    assert [file.metadata.row_group(k).num_rows for k in range(3)] == [1000, 1000, 500]
    assert file.schema_arrow.metadata[b"venire"] == b"1"
    assert file.read()["n"].to_pylist() == list(range(2500))
    assert file.read()["theta"].null_count == len(range(0, 2500, 7))


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow", "o.csv", "o.json", "o.jsonl"])
def test_a_table_without_rows(tmp_path, name):
    with io.TableWriter(tmp_path / name, SCHEMA):
        pass
    data = (tmp_path / name).read_bytes()
    if name == "o.json":
        assert json.loads(data) == []
    elif name == "o.csv":
        assert data == b'"item","theta","n"\n' or data == b"item,theta,n\n"
    elif name == "o.parquet":
        assert pq.read_table(tmp_path / name).schema == SCHEMA


@pytest.mark.parametrize("name", ["o.parquet", "o.arrow", "o.csv", "o.json", "o.jsonl"])
@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_table_that_stops_midway_leaves_the_old_file(tmp_path, monkeypatch, name, failure):
    monkeypatch.setattr("venire.io.tables_out._ROWS", 100)
    (tmp_path / name).write_text("old")

    def fail(table):
        raise failure

    def write():
        with io.TableWriter(tmp_path / name, SCHEMA) as out:
            for number, piece in enumerate(pieces_of(np.random.default_rng(0), 1000)):
                if number == 4:
                    monkeypatch.setattr(out._sink, "write", fail)
                out.write(piece)

    with pytest.raises(KeyboardInterrupt if failure is KeyboardInterrupt else DataError) as caught:
        write()
    if failure is not KeyboardInterrupt:
        assert "cannot be written: No space left on device" in str(caught.value)
    assert (tmp_path / name).read_text() == "old"
    assert os.listdir(tmp_path) == [name]


def test_output_has_the_usual_permissions(tmp_path):
    old = os.umask(0o027)
    try:
        io.write_table(OUT, tmp_path / "o.csv")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "o.csv").stat().st_mode) == 0o640


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch, failure):
    path = tmp_path / "o.json"
    path.write_text("old")

    def write(self, table):
        self._file.write("[{")
        raise failure

    monkeypatch.setattr("venire.io.tables_out._Json.write", write)
    with pytest.raises(KeyboardInterrupt if failure is KeyboardInterrupt else DataError):
        io.write_table(OUT, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["o.json"]


def test_unwritable(tmp_path):
    with pytest.raises(DataError, match="must end in one of"):
        io.check_writable(tmp_path / "o.xls")
    with pytest.raises(DataError, match="there is no folder"):
        io.check_writable(tmp_path / "none" / "o.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="not a plain file"):
        io.check_writable(tmp_path / "folder.csv")
    io.check_writable(tmp_path / "o.csv")
    assert os.listdir(tmp_path) == ["folder.csv"]


def test_read_only_places(tmp_path, monkeypatch):
    file = tmp_path / "o.csv"
    file.write_text("old")
    with monkeypatch.context() as patch:  # (root may write anywhere)
        patch.setattr("os.access", lambda path, mode: False)
        with pytest.raises(DataError, match="cannot be written: the file is read-only"):
            io.check_writable(file)

    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(DataError, match="cannot be written: Permission denied"):
        io.check_writable(tmp_path / "new.csv")
