"""Many files as one table: what every command says of files that do not belong together."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

import venire as vn
from venire.cli import main
from venire.io import DataError, Scanner

N = 240


def games(seed, names="m"):
    """Columns of comparisons by voters on dates in groups."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 6, N)
    b = (a + rng.integers(1, 6, N)) % 6
    return {
        "a": [f"{names}{k}" for k in a],
        "b": [f"{names}{k}" for k in b],
        "s": [float(x) for x in rng.integers(0, 2, N)],
        "voter": [f"u{k}" for k in rng.integers(0, 9, N)],
        "when": [int(k) for k in rng.integers(0, 50, N)],
        "q": [f"q{k % 2}" for k in range(N)],
    }


def votes(seed):
    """Columns of votes of three teachers on pairs."""
    rng = np.random.default_rng(seed)
    return {
        "pair": [f"p{seed}-{k // 3}" for k in range(N)],
        "teacher": [f"t{k % 3}" for k in range(N)],
        "vote": [int(x) for x in rng.choice([-1, 1], N)],
        "x": [f"m{k // 3 % 5}" for k in range(N)],
        "y": [f"m{(k // 3 % 5 + 1 + k // 15 % 4) % 5}" for k in range(N)],
        "prompt": [f"q{k // 30}" for k in range(N)],
    }


ITEMS = ("--first", "a", "--second", "b", "--score", "s")
OF_GAMES = {
    "fit": ITEMS,
    "bootstrap": (*ITEMS, "--bootstrap", "8"),
    "audit": ITEMS,
    "groups": (*ITEMS, "--group", "q", "-o", "OUT"),
    "path": (*ITEMS, "--date", "when", "--step", "10"),
}
OF_VOTES = {
    "consensus": ("--pair", "pair", "--teacher", "teacher", "--vote", "vote"),
    "rate": ("--first", "x", "--second", "y", "--teacher", "teacher", "--vote", "vote"),
    "judges": ("--first", "x", "--second", "y", "--teacher", "teacher", "--vote", "vote"),
}
COMMANDS = [*OF_GAMES, *OF_VOTES]


def table_of(command, seed):
    return games(seed) if command in OF_GAMES else votes(seed)


def put(path, columns):
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path)
    else:
        rows = [
            ",".join(columns),
            *(",".join(map(str, r)) for r in zip(*columns.values(), strict=True)),
        ]
        path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def run(capsys, tmp_path):
    def venire(command, *files):
        words = (OF_GAMES | OF_VOTES)[command]
        words = [str(tmp_path / "out.csv") if word == "OUT" else word for word in words]
        code = main([command, *map(str, files), *words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return venire


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "in"
    found.mkdir()
    return found


# ---- files that lie beside good ones ------------------------------------------------------------


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("command", COMMANDS)
def test_empty_and_foreign_files_are_passed_over_and_said(run, folder, command, ending):
    files = [put(folder / f"{k}.{ending}", table_of(command, k)) for k in (1, 3)]
    code, alone, said = run(command, *files)
    assert code == 0, said
    assert "passed over" not in said
    (folder / f"0.{ending}").write_bytes(b"")
    (folder / f"2.{ending}").write_bytes(b"")
    (folder / "4.csv.gz").write_bytes(gzip.compress(b""))
    (folder / "notes.md").write_text("not this")
    (folder / "run.log").write_text("nor this")
    (folder / "_SUCCESS").write_text("")
    code, out, said = run(command, folder)
    assert code == 0, said
    said = " ".join(said.split())
    assert f"3 empty files passed over (0.{ending}, 2.{ending}, 4.csv.gz)" in said
    assert "2 other files passed over (notes.md, run.log)" in said
    if command not in ("groups",):
        assert out.split()[:200] == alone.split()[:200]


def test_a_list_of_nothing_but_empty_files(tmp_path):
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        file.write_bytes(b"")
    with pytest.raises(DataError, match=r"[ab]\.csv: is empty"):
        vn.io.read_comparisons(files, first="a", second="b", score="s")
    with pytest.raises(DataError, match=r"[ab]\.csv: is empty"):
        vn.io.read_comparisons(files[0], first="a", second="b", score="s")


def test_what_was_passed_over_is_in_the_facts(tmp_path):
    put(tmp_path / "a.csv", games(1))
    (tmp_path / "b.csv").write_bytes(b"")
    (tmp_path / "c.docx").write_bytes(b"PK")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "e.py").write_text("x")
    read = vn.io.read_comparisons(tmp_path, first="a", second="b", score="s")
    assert "1 empty file passed over (b.csv)" in read.taken.notes
    assert "2 other files passed over (c.docx, e.py)" in read.taken.notes
    for k in range(7):
        (tmp_path / f"x{k}.zzz").write_text("")
    notes = Scanner(tmp_path).notes
    assert "9 other files passed over (c.docx, x0.zzz, x1.zzz and 6 more)" in notes


# ---- schemas that differ ------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_lacks_a_column_is_named_with_what_differs(run, folder, command, ending):
    one, other = table_of(command, 1), table_of(command, 2)
    lacking = "s" if command in OF_GAMES else "vote"
    other["result"] = other.pop(lacking)
    put(folder / f"1.{ending}", one)
    put(folder / f"2.{ending}", other)
    code, _, said = run(command, folder)
    said = " ".join(said.split())
    assert code == 1
    assert f"2.{ending}: there is no column '{lacking}', which" in said
    assert f"1.{ending} has" in said
    assert "only here: 'result'" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_labels_of_two_types_are_refused_before_anything_is_read(run, folder, command):
    one, other = table_of(command, 1), table_of(command, 2)
    column = "a" if command in OF_GAMES else "pair" if command == "consensus" else "x"
    other[column] = list(range(N))
    put(folder / "1.parquet", one)
    put(folder / "2.parquet", other)
    code, _, said = run(command, folder)
    said = " ".join(said.split())
    assert code == 1
    assert f"2.parquet: column {column!r}: holds values of type int64, but" in said
    assert "1.parquet holds string" in said


def test_types_that_go_together_are_read_together(tmp_path):
    """Integers of several widths, text as such and as a dictionary, scores as numbers of any kind,
    a table of types beside a text file."""
    c = games(1)
    want = vn.Comparisons(c["a"] * 3, c["b"] * 3, c["s"] * 3)
    pq.write_table(pa.table(c), tmp_path / "1.parquet")
    other = {name: pa.array(c[name]) for name in c}
    other["a"] = other["a"].dictionary_encode()
    other["b"] = other["b"].cast(pa.large_string())
    other["s"] = pa.array([int(x) for x in c["s"]], pa.int8())
    pq.write_table(pa.table(other), tmp_path / "2.parquet")
    put(tmp_path / "3.csv", c)
    read = vn.io.read_comparisons(tmp_path, first="a", second="b", score="s")
    assert read.items.tolist() == want.items.tolist()
    np.testing.assert_array_equal(read.win, want.win)
    numbers = {"a": [3, 5], "b": [5, 3], "s": [1.0, 0.0]}
    whole = tmp_path / "whole"
    whole.mkdir()
    for k, kind in enumerate((pa.int64(), pa.uint16(), pa.int32())):
        its = {n: pa.array(x, kind if n != "s" else None) for n, x in numbers.items()}
        pq.write_table(pa.table(its), whole / f"{k}.parquet")
    assert vn.io.read_comparisons(whole, first="a", second="b", score="s").n_comparisons == 6


# ---- files that are not what they say -----------------------------------------------------------


@pytest.mark.parametrize("what", ["text", "cut", "zeros", "json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_pretends_to_be_parquet(run, folder, command, what):
    put(folder / "1.parquet", table_of(command, 1))
    whole = (folder / "1.parquet").read_bytes()
    fake = {"text": b"a,b,s\nx,y,1\n", "cut": whole[: len(whole) // 2], "zeros": b"\0" * 5000,
            "json": json.dumps(table_of(command, 2)).encode()}[what]  # fmt: skip
    (folder / "2.parquet").write_bytes(fake)
    code, _, said = run(command, folder)
    assert code == 1
    assert "2.parquet: is not a whole Parquet file" in " ".join(said.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_of_other_things_with_a_known_ending(run, folder, command):
    """As a job leaves it beside its parts."""
    put(folder / "1.parquet", table_of(command, 1))
    (folder / "summary.json").write_text('{"rows": 3, "seconds": 0.5}')
    code, _, said = run(command, folder)
    assert code == 1
    assert "summary.json: there is no column" in " ".join(said.split())


# ---- files that change --------------------------------------------------------------------------


def changed_at(monkeypatch, path, change):
    """Change a file once its reader has given a piece."""
    from venire.io import _columnar, _csv

    for kind in (_columnar.Parquet, _csv.Csv):
        own = kind.tables

        def tables(self, *arguments, own=own, **named):
            found = own(self, *arguments, **named)

            def pieces():
                for piece in found.pieces:
                    yield piece
                    if self.file.name == str(path) and path.exists():
                        change()

            return dataclasses.replace(found, pieces=pieces())

        monkeypatch.setattr(kind, "tables", tables)


def grown(path):
    with path.open("ab") as file:
        file.write(b"m1,m2,1.0,u1,3,q1\n")


def touched(path):
    os.utime(path, ns=(1, 1))


def replaced(path):
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    os.replace(other, path)


CHANGES = {
    "grown": grown, "cut": lambda path: os.truncate(path, 40), "touched": touched,
    "replaced": replaced, "gone": os.unlink,
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_changes_while_it_is_read(run, folder, monkeypatch, command, ending, change):
    put(folder / f"1.{ending}", table_of(command, 1))
    path = put(folder / f"2.{ending}", table_of(command, 2))
    changed_at(monkeypatch, path, lambda: CHANGES[change](path))
    code, _, said = run(command, folder)
    assert code == 1, said
    assert f"2.{ending}: has changed while it was read" in " ".join(said.split())


def test_a_file_that_is_cut_off_under_its_reader(tmp_path):
    """It is an error, not the end of the process, wherever the reader is."""
    n = 400_000
    table = pa.table({"a": np.arange(n) % 97, "b": np.arange(n) % 97 + 100, "s": np.ones(n)})
    ways = {
        "x.parquet": lambda path: pq.write_table(
            table, path, row_group_size=n // 8, compression="none"
        ),
        "x.arrow": lambda path: feather.write_feather(table, path, compression="uncompressed"),
    }
    for name, write in ways.items():
        path = tmp_path / name
        write(path)
        pieces = Scanner(path).tables({"a": "a", "b": "b", "s": "s"}, ["a", "b"], 1000).pieces
        next(pieces)
        os.truncate(path, 4096)
        with pytest.raises(DataError, match="has changed while it was read"):
            for _ in pieces:
                pass


def test_what_changes_between_two_reads_of_one_scanner(tmp_path):
    path = put(tmp_path / "x.csv", games(1))
    scanner = Scanner(path)
    vn.io.read_comparisons(scanner, first="a", second="b", score="s")
    grown(path)
    with pytest.raises(DataError, match="has changed"):
        vn.io.read_comparisons(scanner, first="a", second="b", score="s")
    vn.io.read_comparisons(path, first="a", second="b", score="s")
