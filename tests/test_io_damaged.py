"""Files that somebody, or a bad disk, has changed are refused, and never trusted."""

from __future__ import annotations

import gzip
import subprocess
import sys

import pytest

from venire import io

pa = pytest.importorskip("pyarrow")


def read(path, **options):
    return io.read_comparisons(path, first="a", second="b", score="s", **options)


def test_compressed_data_that_make_no_sense(tmp_path):
    path = tmp_path / "games.csv.gz"
    data = bytearray(gzip.compress(b"a,b,s\n" + b"x,y,1\n" * 1000))
    data[20:40] = bytes(range(20))
    path.write_bytes(data)
    for function in (read, io.columns_in):
        with pytest.raises(io.DataError, match=r"games.csv.gz: (is damaged|cannot be read)"):
            function(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '[{"a":' + "[" * 100_000])
def test_nesting_without_end(tmp_path, text):
    path = tmp_path / "games.json"
    path.write_text(text)
    for function in (read, io.columns_in):
        with pytest.raises(io.DataError, match=r"nested too deeply|cannot be read|JSON"):
            function(path)


@pytest.mark.parametrize(
    ("lines", "where"),
    [
        (["null"], "line 1 is no JSON object: 'null'"),
        (['{"a": "x", "b": "y", "s": 1}', "", " null"], "line 3 is no JSON object: 'null'"),
        (
            ['{"a": "x", "b": "y", "s": 1}'] * 9 + ["[1, 2]"],
            r"line 10 is no JSON object: '\[1, 2\]'",
        ),
        (['\ufeff{"a": "x", "b": "y", "s": 1}', "3"], "line 2 is no JSON object: '3'"),
    ],
)
@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_a_line_that_is_no_object(tmp_path, lines, where, ending):
    """pyarrow 26 ends the process at a line that holds null."""
    path = tmp_path / f"games{ending}"
    data = "\n".join([*lines, '{"a": "x", "b": "y", "s": 1}\n']).encode()
    path.write_bytes(gzip.compress(data) if ending.endswith("gz") else data)
    columns = "first='a', second='b', score='s'"
    code = f"import venire.io as io; io.read_comparisons({str(path)!r}, {columns})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    with pytest.raises(io.DataError, match=where):
        read(path)


def test_lines_of_objects_are_looked_at_in_blocks(tmp_path, monkeypatch):
    from venire.io import _json

    path = tmp_path / "games.jsonl"
    rows = ['{"a": "x\\n{", "b": "y", "s": 1}\n', "\n", '  {"a": "[", "b": "3", "s": 0}\r\n'] * 5
    path.write_bytes("".join(rows).encode())
    for size in (1, 7, 64, 10_000):
        monkeypatch.setattr(_json, "_BLOCK", size)
        assert read(path).n_items == 4
        path.write_bytes("".join([*rows, "nul"]).encode())
        with pytest.raises(io.DataError, match="line 16 is no JSON object: 'nul'"):
            read(path)
        path.write_bytes("".join(rows).encode())


def arrow_file(path, first, offset, value, width=4):
    """An Arrow file of three rows, and one number of a buffer of its first column changed."""
    table = pa.table({"a": first, "b": ["p", "q", "r"], "s": [1.0, 0.0, 1.0]})
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    data = bytearray(path.read_bytes())
    buffer = table.column("a").chunk(0).buffers()[1].to_pybytes()[: 3 * width]
    at = data.index(buffer) + offset * width
    data[at : at + width] = value.to_bytes(width, "little", signed=True)
    path.write_bytes(data)


@pytest.mark.parametrize("value", [2**30, -5, 1])
def test_offsets_of_an_arrow_file(tmp_path, value):
    path = tmp_path / "games.arrow"
    arrow_file(path, pa.array(["one", "three", "five"]), 1, value if value != 1 else 100)
    with pytest.raises(io.DataError, match=r"games\.arrow: cannot be read"):
        read(path)


@pytest.mark.parametrize("value", [69, -3])
def test_indices_of_an_arrow_file(tmp_path, value):
    path = tmp_path / "games.arrow"
    codes = pa.array([1, 0, 1], pa.int32())
    arrow_file(path, pa.DictionaryArray.from_arrays(codes, ["u", "v"]), 2, value)
    with pytest.raises(io.DataError, match=r"games\.arrow: cannot be read"):
        read(path)


def test_a_column_that_is_no_text(tmp_path):
    path = tmp_path / "games.csv"
    path.write_text("a,b,s\nx,y,1\ny,x,0\n")
    for bad in (3, ["a"]):
        with pytest.raises(TypeError, match=r"first.*: must name a column"):
            io.read_comparisons(path, first=bad, second="b", score="s")
    with pytest.raises(TypeError, match=r"weight.*: must name a column"):
        read(path, weight=3)


def test_a_column_of_votes_that_is_no_text(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("p,t,v\nx,j,1\ny,j,-1\n")
    names = {"pair": "p", "teacher": "t", "vote": "v"}
    assert io.read_votes(path, **names).votes.n_votes == 2
    for change, argument in (
        ({"pair": 3}, "pair"), ({"weight": ["v"]}, "weight"), ({"gold": 1.5}, "gold"),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=f"{argument} = .*: must name a column"):
            io.read_votes(path, **(names | change))
