"""One table, however it is written: dialects, encodings, compressions, sources, sizes of pieces."""

from __future__ import annotations

import bz2
import csv
import datetime
import gzip
import io
import json
import lzma
import os
import random
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire.io import DataError, Dialect, Scanner, _csv, _json, sources

pa = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")

NAMES = {"first": "home", "second": "away", "score": "share"}
HOME, AWAY, SHARE = ["x", "Köln", "z z"], ["y", "x", "Köln"], [1.0, 0.5, 0.0]
ROWS = [("home", "away", "share"), *zip(HOME, AWAY, ["1", "0.5", "0"], strict=True)]


def lines(delimiter=",", end="\n", rows=ROWS):
    return "".join(delimiter.join(row) + end for row in rows)


def columns(source, names=NAMES, labels=("first", "second"), dialect=None, most=None):
    """What a scanner reads of a source, and the scanner."""
    scanner = Scanner(source, dialect)
    tables = scanner.tables(names, labels, most)
    found = {name: [] for name in names.values()}
    for piece in tables.pieces:
        assert most is None or piece.num_rows <= most
        for name, values in found.items():
            values += piece[name].to_pylist()
    return found, scanner


def of_bytes(data, **more):
    return columns(io.BytesIO(data), **more)


def zipped(data, *others):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("deep/games.csv", data)
        file.writestr("__MACOSX/._games.csv", b"no")
        for name in others:
            file.writestr(name, data)
    return out.getvalue()


def zstd(data):
    return pa.compress(data, codec="zstd", asbytes=True)


PLAIN = lines().encode()
WRITTEN = {
    "plain": (PLAIN, ()),
    "semicolon": (lines(";").encode(), ("delimiter ';'",)),
    "tab": (lines("\t").encode(), ("delimiter 'tab'",)),
    "pipe": (lines("|").encode(), ("delimiter '|'",)),
    "comma decimals": (
        lines(";").replace("0.5", "0,5").encode(),
        ("delimiter ';'", "decimal comma"),
    ),
    "quoted comma decimals": (lines().replace("0.5", '"0,5"').encode(), ("decimal comma",)),
    "windows lines": (lines(end="\r\n").encode(), ()),
    "old lines": (lines(end="\r").encode(), ()),
    "no last end": (PLAIN.rstrip(), ()),
    "quotes": (lines('","', '"\n').replace("\n", '\n"')[:-1].join(('"', "")).encode(), ()),
    "single quotes": (lines("','", "'\n").replace("\n", "\n'")[:-1].join(("'", "")).encode(), ()),
    "blanks": (lines(", ").encode(), ("blanks around fields dropped",)),
    "padded": (lines(" ,  ").encode(), ("blanks around fields dropped",)),
    "blank lines": (PLAIN.replace(b"\n", b"\n\n"), ()),
    "comments": (b"# from here\n#\n\n" + PLAIN, ("2 lines above the header passed over",)),
    "a title in a row of a spreadsheet": (
        b"All of it,,\n,,\n" + PLAIN,
        ("2 lines above the header passed over",),
    ),
    "a title": (b"All, of it\n\n" + PLAIN, ("1 line above the header passed over",)),
    "what a spreadsheet says": (b"sep=;\n" + lines(";").encode(), ("delimiter ';'",)),
    "empty tails": (lines(end=",,\n").encode(), ()),
    "more empty tails": (PLAIN.replace(b"\nKo", b",,,\nKo") + b"", ()),
    "utf-8 with a mark": (lines().encode("utf-8-sig"), ()),
    "utf-16": (lines().encode("utf-16"), ("encoding utf-16-le",)),
    "utf-16-le": (lines().encode("utf-16-le"), ("encoding utf-16-le",)),
    "utf-16-be": (lines().encode("utf-16-be"), ("encoding utf-16-be",)),
    "utf-16, tabs": (lines("\t").encode("utf-16"), ("delimiter 'tab'", "encoding utf-16-le")),
    "cp1252": (lines().encode("cp1252"), ("encoding cp1252, as it seems (--encoding)",)),
    "gzip": (gzip.compress(PLAIN), ()),
    "gzip in two": (gzip.compress(PLAIN[:20]) + gzip.compress(PLAIN[20:]), ()),
    "bz2": (bz2.compress(PLAIN), ()),
    "xz": (lzma.compress(PLAIN), ()),
    "zstd": (zstd(PLAIN), ()),
    "zstd in two": (zstd(PLAIN[:20]) + zstd(PLAIN[20:]), ()),
    "zip": (zipped(PLAIN), ()),
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("block", [1 << 22, 40, 7])
def test_the_same_table_however_it_is_written(monkeypatch, way, block):
    monkeypatch.setattr(_csv, "_BLOCK", block)
    data, notes = WRITTEN[way]
    found, scanner = of_bytes(data, most=2)
    assert found == {"home": HOME, "away": AWAY, "share": SHARE}
    assert scanner.names == ["home", "away", "share"]
    assert scanner.notes == notes
    sample = scanner.sample(2)
    assert sample["home"] == HOME[:2]
    assert [float(x) for x in sample["share"]] == SHARE[:2]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "gbk", "utf-16-be", "utf-32"])
def test_an_encoding_that_is_named(encoding):
    rows = [("a", "b"), ("Москва", "Киев"), ("Киев", "x")]
    found, _ = of_bytes(
        lines(rows=rows).encode(encoding), names={"first": "a", "second": "b"},
        dialect=Dialect(encoding=encoding),
    )  # fmt: skip
    assert found == {"a": ["Москва", "Киев"], "b": ["Киев", "x"]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            lines(rows=[("a", "b"), ("Москва", "Киев")]).encode("cp1251"),
            "hardly cp1252.*--encoding",
        ),
        (lines(rows=[("a", "b"), ("東京", "大阪")]).encode("shift_jis"), "neither.*--encoding"),
        (b"a,b\n\xc3\xa9,x\n\xe9,y\n", r"row 2 \(line 3\), column 'a': is not UTF-8.*--encoding"),
        (b"a,b;c\n1,5;2\n2,5;3\n", "separated by comma or by semicolon; say delimiter=comma, or"),
        (b"a,b\nx,y\nx\n", r"row 2 \(line 3\): has 1 field, but the header has 2"),
        (b"a,b\n\nx,y\n\nx,y,z\n", r"row 2 \(line 5\): has 3 fields, but the header has 2"),
        (b"a b\nx y\n", "no column 'a'; there are a b; are they separated otherwise"),
        (b"a,a,b\nx,y,z\n", "two columns of this name"),
        (b"a,b\nx,y\0\n", "in no format known here"),
        (
            b"a,b\n" + b"x,y\n" * 5000 + b"x,y\0\n",
            r"row 5001 \(line 5002\), column 'b': holds a NUL",
        ),
        (b"", "is empty"),
        (b"\n\n", "holds no rows"),
        (b'a,b\n"x,y\nx,y\n', r"row 1 \(line 2\): has 1 field"),
        (gzip.compress(PLAIN * 99)[:-9], "is cut off"),
        (bz2.compress(PLAIN * 99)[:-9], "is cut off"),
        (lzma.compress(PLAIN * 99)[:-9], "is cut off"),
        (zstd(PLAIN * 99)[:-9], "is cut off"),
        (zipped(PLAIN, "b.csv"), "must hold one file, but there are: deep/games.csv, b.csv"),
        (zipped(PLAIN)[:50], "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_cure(data, message):
    with pytest.raises(DataError, match=message):
        of_bytes(data, names={"first": "a", "second": "b"})


def test_commas_of_thousands():
    data = lines(";", rows=[("a", "b", "n"), ("x", "y", "1,500"), ("y", "x", "2,000")]).encode()
    names = {"first": "a", "second": "b", "weight": "n"}
    with pytest.raises(DataError, match=r"'n' = '1,500'.*say decimal=comma, or decimal=point"):
        of_bytes(data, names=names)
    assert of_bytes(data, names={"first": "a", "second": "b"})[0]["a"] == ["x", "y"]
    for decimal, want in (("comma", [1.5, 2.0]), ("point", [1500.0, 2000.0])):
        assert of_bytes(data, names=names, dialect=Dialect(decimal=decimal))[0]["n"] == want


def test_no_header():
    names = {"first": "c1", "second": "c2", "score": "c3"}
    found, scanner = of_bytes(b"x,y,1\ny,z,0\n", names=names)
    assert found == {"c1": ["x", "y"], "c2": ["y", "z"], "c3": [1.0, 0.0]}
    assert scanner.notes == ("no header: the columns are c1 to c3",)
    found, scanner = of_bytes(b"winner\tloser\nwinner\tloser\n", names={"first": "winner"})
    assert found == {"winner": ["winner"]}  # it was named: it is a header
    assert "no header" not in "".join(scanner.notes)


def test_a_header_that_is_a_comment():
    found, scanner = of_bytes(b"# of 2024\n# home, away,share\nx,y,1\ny,x,0\n")
    assert found == {"home": ["x", "y"], "away": ["y", "x"], "share": [1.0, 0.0]}
    assert scanner.notes == ("1 line above the header passed over",)


@pytest.mark.parametrize(
    "wrong",
    [{"delimiter": "ab"}, {"delimiter": "\n"}, {"delimiter": '"'}, {"decimal": ";"},
     {"encoding": "klingon"}, {"encoding": "base64"}],
)  # fmt: skip
def test_dialects_that_are_none(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Dialect(**wrong)
    with pytest.raises(TypeError, match="must be text"):
        Dialect(**dict.fromkeys(wrong, 3))


FIELD = st.text(st.sampled_from('ab,;"\né'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(FIELD, FIELD, FIELD), min_size=1, max_size=8),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 60),
)
def test_quotes_as_the_standard_library_writes_them(rows, quoting, end, block):
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting, lineterminator=end)
    writer.writerows([("home", "away", "share"), *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv, "_BLOCK", block)
        names = {"first": "home", "second": "away", "outcome": "share"}
        found, scanner = of_bytes(text.getvalue().encode(), names=names, dialect=COMMAS)
        scanner.place(0)
    got = list(zip(*found.values(), strict=True))
    assert got == [tuple(field or None for field in row) for row in rows]


COMMAS = Dialect(delimiter="comma", encoding="utf-8", decimal="point")


def test_rows_and_lines_of_errors(tmp_path, monkeypatch):
    """The same row and line whatever the blocks, with lines in quotes and blank lines before it."""
    path = tmp_path / "a.csv"
    path.write_text('# c\n\na,b,s\n"x\n1",y,1\n\n,,\nx,y,7\n')
    for block in (5, 9, 1000):
        monkeypatch.setattr(_csv, "_BLOCK", block)
        scanner = Scanner(path)
        file, row = scanner.place(2)
        assert (os.fspath(file), row) == (str(path), 2)
        assert scanner.format().line_of_row(2) == 8
        assert scanner.format().line_of_row(0) == 5
        assert scanner.format().line_of_row(3) is None


# ---- sources ------------------------------------------------------------------------------------


def test_folders_globs_and_lists(tmp_path):
    """Columns by name, formats as they come; files in the order of their names."""
    deep = tmp_path / "in" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "in" / "a.csv").write_text("home,away,share\n1,2,1\n")
    (tmp_path / "in" / "b.tsv.gz").write_bytes(gzip.compress(b"share\taway\thome\n0.5\t3\t2\n"))
    (tmp_path / "in" / "c.jsonl").write_text('{"away": 1, "home": 3, "more": [], "share": 0}\n')
    table = pa.table({"away": ["2"], "share": [0.25], "home": ["3"]})
    pa.parquet.write_table(table, deep / "d.parquet")
    (tmp_path / "in" / "_SUCCESS").write_text("")
    (tmp_path / "in" / "e.csv").write_text("")
    (tmp_path / "in" / "notes.md").write_text("not this")
    want = {
        "home": ["1", "2", "3", "3"],
        "away": ["2", "3", "1", "2"],
        "share": [1.0, 0.5, 0, 0.25],
    }
    everything = [tmp_path / "in"]
    everything.append([tmp_path / "in" / "[ab].*", tmp_path / "in" / "c.jsonl", deep])
    everything.append(str(tmp_path / "in" / "**" / "*.[cjpt]*[lvtz]"))
    os.remove(tmp_path / "in" / "e.csv")
    for source in everything:
        found, scanner = columns(source)
        assert found == want, source
        places = [scanner.place(k) for k in range(4)]
        assert [os.path.basename(file) for file, _ in places] == [
            "a.csv", "b.tsv.gz", "c.jsonl", "d.parquet",
        ]  # fmt: skip
        assert [row for _, row in places] == [0, 0, 0, 0]
    games = vn.io.read_comparisons(tmp_path / "in", first="home", second="away", score="share")
    assert games.items.tolist() == [1, 2, 3]
    (tmp_path / "in" / "b.csv").write_text("home,away\n1,2\n")
    with pytest.raises(DataError, match=r"in/b\.csv: there is no column 'share'"):
        columns(tmp_path / "in")
    with pytest.raises(DataError, match="no file matches"):
        Scanner(tmp_path / "*.parquet")
    with pytest.raises(DataError, match="no such file"):
        Scanner(tmp_path / "none.csv")
    (tmp_path / "void").mkdir()
    with pytest.raises(DataError, match="the folder holds no file"):
        Scanner(tmp_path / "void")
    books = ["a.ods", "b.xls", "c.xlsb", "d.xlsm", "e.xlsx"]
    for name in (*books, "f.docx"):
        (tmp_path / "void" / name).write_bytes(b"PK")
    found = Scanner(tmp_path / "void").files
    assert [file.name for file in found] == [str(tmp_path / "void" / name) for name in books]
    for wrong in (None, 3, b"a.csv", [], [3]):
        with pytest.raises((TypeError, ValueError), match="source"):
            Scanner(wrong)


def test_open_files(tmp_path):
    path = tmp_path / "games"
    path.write_bytes(b"skipped\n" + PLAIN)
    with open(path, "rb") as file:
        file.readline()
        found, scanner = columns(file)
        assert found["share"] == SHARE
        assert columns(file)[0] == found  # the caller's position is where it was
    assert columns(scanner.files[0])[0] == found  # its own descriptor
    with gzip.open(tmp_path / "x.gz", "wb") as file:
        file.write(PLAIN)
    with gzip.open(tmp_path / "x.gz") as file:
        assert columns(file)[0] == found
    with open(path) as file, pytest.raises(TypeError, match="binary"):
        columns(io.StringIO("a,b"))


def test_pipes(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(PLAIN * 1 + b"a,b,1\n" * 99_999))
    writer.start()
    found, scanner = columns(pipe)
    writer.join()
    assert len(found["home"]) == 3 + 99_999
    assert columns(scanner.files)[0] == found  # kept
    command = [sys.executable, "-m", "venire.cli", "fit", "-", "--first", "home", "--second",
               "away", "--score", "share", "--json"]  # fmt: skip
    data = PLAIN + b"y,x,1\nx,y,1\n"
    for stdin in ({"input": zstd(data)}, {"stdin": open(tmp_path / "in", "w+b")}):  # noqa: SIM115
        if "stdin" in stdin:
            stdin["stdin"].write(data)
            stdin["stdin"].seek(0)
        done = subprocess.run(command, capture_output=True, check=False, **stdin)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["file"] == "standard input"
        if "stdin" in stdin:
            stdin["stdin"].close()


def test_a_pipe_into_which_nobody_writes(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_PATIENCE", 0.2)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    began = time.monotonic()
    with pytest.raises(DataError, match="nobody writes into this pipe"):
        Scanner(pipe)
    assert time.monotonic() - began < 5
    with pytest.raises(DataError, match="neither a file nor a folder nor a pipe"):
        Scanner("/dev/zero")
    with pytest.raises(DataError, match="is empty"):
        Scanner("/dev/null").names  # noqa: B018


def test_a_row_that_does_not_end(tmp_path, monkeypatch):
    monkeypatch.setattr(_csv, "_LONGEST", 1000)
    monkeypatch.setattr(_csv, "_BLOCK", 100)
    path = tmp_path / "a.csv"
    for rest in ('"' + "x,y,1\n" * 1000, "x" * 5000):
        path.write_text("home,away,share\nx,y,1\n" + rest)
        with pytest.raises(DataError, match="holds a row that does not end"):
            columns(path)


# ---- JSON ---------------------------------------------------------------------------------------

RECORDS = [
    {"home": "x", "away": "y", "w": 1, "other": 1},
    {"away": "x", "home": "Köln", "w": "tie", "other": [1, {"a": None}]},
    {"home": "2024-01-01", "away": "Köln", "w": 0.5, "other": {"b": 2}, "more": True},
    {"home": "y", "away": "2024-01-01", "w": True},
]
WORDS = {"first": "home", "second": "away", "outcome": "w"}
JSON = {
    "lines": "\n".join(map(json.dumps, RECORDS)),
    "lines, blank ones": "\n\n".join(map(json.dumps, RECORDS)) + "\n\n",
    "an array": json.dumps(RECORDS),
    "an array, indented": json.dumps(RECORDS, indent=2),
    "an object with a list": json.dumps({"n": 4, "games": RECORDS, "tags": ["a"]}),
    "the same, indented": json.dumps({"games": RECORDS, "n": {"all": 4}}, indent=1),
    "objects, indented": "\n".join(json.dumps(record, indent=1) for record in RECORDS),
    "marked": "\ufeff" + json.dumps(RECORDS, ensure_ascii=False),
}


@pytest.mark.parametrize("way", JSON)
@pytest.mark.parametrize("block", [1 << 22, 50])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_only_named_columns_of_json_matter(monkeypatch, way, block, pack):
    monkeypatch.setattr(_json, "_BLOCK", block)
    monkeypatch.setattr(_json, "_ROWS", 3)
    found, scanner = of_bytes(pack(JSON[way].encode()), names=WORDS, most=2)
    assert found == {
        "home": [r["home"] for r in RECORDS], "away": [r["away"] for r in RECORDS],
        "w": ["1", "tie", "0.5", "true"],
    }  # fmt: skip
    assert scanner.names == ["home", "away", "w", "other", "more"]
    assert scanner.sample(2)["other"] == [1, [1, {"a": None}]]


def test_types_of_json_that_change_late(monkeypatch):
    monkeypatch.setattr(_json, "_BLOCK", 60)
    monkeypatch.setattr(_json, "_LOOKED_AT", 3)
    rows = [{"home": 1, "away": 2, "w": 1}] * 5 + [{"home": 2, "away": 1, "w": 0.5}]
    data = "\n".join(map(json.dumps, rows)).encode()
    names = {"first": "home", "second": "away", "score": "w"}
    found, _ = of_bytes(data, names=names)
    assert found == {"home": [1] * 5 + [2], "away": [2] * 5 + [1], "w": [1.0] * 5 + [0.5]}
    games = vn.io.read_comparisons(
        io.BytesIO(data + b'\n{"home": 2, "away": 1, "w": "tie"}'), first="home", second="away",
        outcome="w",
    )  # fmt: skip
    assert games.n_comparisons == 7


def test_nested_names_and_rows_of_json():
    rows = [
        {"a": {"id": "x"}, "b": {"id": "y"}, "v": {"to": {"s": 1}}},
        {"a": {"id": "y"}, "b": {}},
    ]
    names = {"first": "a.id", "second": "b.id", "score": "v.to.s"}
    found, _ = of_bytes("\n".join(map(json.dumps, rows)).encode(), names=names)
    assert found == {"a.id": ["x", "y"], "b.id": ["y", None], "v.to.s": [1.0, None]}
    one = {"a": "x", "b": "y", "said": [{"r": 1}, {"r": 2}]}  # a row, or a table of r?
    assert of_bytes(json.dumps(one).encode(), names={"first": "a"})[0] == {"a": ["x"]}
    assert of_bytes(json.dumps(one).encode(), names={"first": "r"})[0] == {"r": [1, 2]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (json.dumps(RECORDS)[:-20], "was it cut off"),
        (JSON["lines"][:-5], "line 4 is no JSON object"),
        (JSON["lines"].replace('"tie"', '"tie'), "line 2 is no JSON object"),
        ('{"home": "x", "away": ["y"], "w": 1}', "row 1, column 'away': holds a list"),
        ('{"home": "x", "away": {"y": 1}, "w": 1}', "row 1, column 'away': holds an object"),
        ("[1, 2]", "row 1: is no JSON object: 1"),
        ("[]", "holds no rows"),
        ("{}", "no column 'home'"),
        (json.dumps(RECORDS) + "{}", "more than one"),
        (json.dumps({"a": RECORDS})[:-30], "cut off|does not end"),
        ('{"a" 1}', "no JSON object"),
        ("[" * 100_000, "nested too deeply|no array"),
    ],
)
def test_json_that_is_none(text, message):
    with pytest.raises(DataError, match=message):
        of_bytes(text.replace("K\\u00f6ln", "Köln").encode(), names=WORDS)


def test_json_in_another_encoding():
    text = json.dumps(RECORDS, ensure_ascii=False)
    assert of_bytes(text.encode("utf-16"), names=WORDS)[0]["away"][2] == "Köln"
    for way in (text, "\n".join(json.dumps(r, ensure_ascii=False) for r in RECORDS)):
        with pytest.raises(DataError, match=r"UTF-8|utf-8"):
            of_bytes(way.encode("cp1252"), names=WORDS)
        dialect = Dialect(encoding="cp1252")
        found, _ = of_bytes(way.encode("cp1252"), names=WORDS, dialect=dialect)
        assert found["away"][2] == "Köln"


# ---- Parquet, Arrow -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["parquet", "feather", "arrow"])
@pytest.mark.parametrize("coded", [False, True])
def test_dates_are_labels(tmp_path, form, coded):
    days = [datetime.date(2024, 1, 31), datetime.date(2024, 2, 1)] * 2
    times = [datetime.datetime(2024, 1, 31, 12, 30, k, 500_000 * k) for k in range(2)] * 2
    table = pa.table(
        {"a": ["x", "y"] * 2, "b": ["y", "x"] * 2, "d": days, "t": pa.array(times, "timestamp[us]")}
    )
    if coded:
        table = table.set_column(2, "d", table["d"].dictionary_encode())
    path = tmp_path / f"games.{form}"
    if form == "parquet":
        pa.parquet.write_table(table, path, row_group_size=2)
    else:
        new = pa.ipc.new_file if form == "feather" else pa.ipc.new_stream
        with new(path, table.schema) as sink:
            sink.write_table(table, 2)
    data = path.read_bytes()
    names = {"first": "a", "second": "b", "group": "d", "cluster": "t"}
    for source in (path, io.BytesIO(data), io.BytesIO(gzip.compress(data))):
        found, _ = columns(source, names, names, most=1)
        assert found["d"] == ["2024-01-31", "2024-02-01"] * 2
        assert found["t"] == ["2024-01-31 12:30:00", "2024-01-31 12:30:01.5"] * 2
    grouped = vn.io.read_grouped(path, first="a", second="b", group="d", score=1.0)
    assert grouped.groups.tolist() == ["2024-01-31", "2024-02-01"]


def test_batches_of_text_stream_and_labels_are_integers_only_if_all_are(tmp_path, monkeypatch):
    """As one table read at once says, in blocks and in several files."""
    monkeypatch.setattr(_csv, "_BLOCK", 200)
    rng = random.Random(1)
    rows = [(str(rng.randrange(30)), *map(str, rng.sample(range(5), 2)), "1") for _ in range(900)]
    head = ("q", "home", "away", "share")
    (tmp_path / "in").mkdir()
    for part in range(3):
        some = [head, *rows[part * 300 : part * 300 + 300]]
        (tmp_path / "in" / f"{part}.csv").write_text(lines(rows=some))
    chosen = {"group": "q", **NAMES}
    for extra, kind in ((None, np.int64), (("q7", "1", "2", "1"), object)):
        if extra:
            (tmp_path / "in" / "9.csv").write_text(lines(rows=[head, extra]))
        want = vn.io.read_grouped(tmp_path / "in", **chosen)
        assert want.groups.dtype == kind
        done = vn.batch.fit_files(
            tmp_path / "in", tmp_path / "o.parquet", vn.Columns(**chosen), memory=1
        )
        assert done.n_rows == 900 + bool(extra)
        got = pa.parquet.read_table(tmp_path / "o.parquet")
        assert got["group"].to_pylist() == np.repeat(want.groups, np.diff(want.offsets)).tolist()
        assert got["item"].to_pylist() == want.items.tolist()


def test_a_workbook(tmp_path):
    calamine = pytest.importorskip("python_calamine")
    openpyxl = pytest.importorskip("openpyxl")
    assert calamine
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [(), ("home", "away", "share", "day"), ("x", "y", 1, datetime.date(2024, 1, 31)),
                ("y", "x", 0.5, None), (None, None, None, None)]:  # fmt: skip
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    found, scanner = columns(tmp_path / "a.xlsx")
    assert found == {"home": ["x", "y"], "away": ["y", "x"], "share": [1.0, 0.5]}
    assert scanner.sample()["day"] == ["2024-01-31", None]
