"""Files that lie elsewhere: the memory file system, and a server on this machine."""

from __future__ import annotations

import gzip
import io
import pickle
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from served import served

import venire as vn
from venire._core import disk, remote
from venire.cli import main
from venire.io import DataError
from venire.io.sources import files_of

fsspec = pytest.importorskip("fsspec")

ROWS = "model_a,model_b,winner\n" + "".join(
    f"x{i % 7},y{i % 5},{'x' if i % 3 else 'y'}{i % 7 if i % 3 else i % 5}\n" for i in range(400)
)
GROUPS = "query,model_a,model_b,winner\n" + "".join(
    f"q{i % 6},x{i % 7},y{i % 5},{'x' if i % 3 else 'y'}{i % 7 if i % 3 else i % 5}\n"
    for i in range(400)
)


@pytest.fixture
def memory():
    """The memory file system, empty before and after."""
    system = fsspec.filesystem("memory")
    for store in (system.store, system.pseudo_dirs):
        store.clear()
    system.pseudo_dirs.append("")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def server():
    pytest.importorskip("aiohttp")
    with served() as one:
        yield one


@pytest.fixture
def s3(monkeypatch):
    """A stand-in for s3: one bucket is mine, one is forbidden, and a third loses connections."""

    class Buckets(fsspec.AbstractFileSystem):
        protocol, cachable = "s3", False
        files: dict[str, bytes] = {}  # noqa: RUF012

        def info(self, path, **more):
            if path.startswith("forbidden"):
                raise PermissionError("Access Denied")
            if path in self.files:
                return {"name": path, "type": "file", "size": len(self.files[path])}
            if path in ("mine", "lost"):
                return {"name": path, "type": "directory", "size": 0}
            raise FileNotFoundError(path)

        def find(self, path, detail=False, **more):
            return {name: self.info(name) for name in self.files if name.startswith(f"{path}/")}

        def _open(self, path, mode="rb", **more):
            return io.BytesIO(self.files[path])

        def put_file(self, local, path, **more):
            if path.startswith("lost"):
                raise ConnectionResetError("Connection reset by peer")
            self.files[path] = Path(local).read_bytes()

    monkeypatch.setitem(sys.modules["fsspec.registry"]._registry, "s3", Buckets)
    return Buckets


def said(error):
    return " ".join(str(error.value).split())


# ---- names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("s3://bucket/a.csv", "s3://bucket/a.csv"),
        (Path("s3://bucket/a.csv"), "s3://bucket/a.csv"),
        (Path("memory://a/b"), "memory://a/b"),
        ("HTTPS://host/a?b=c", "https://host/a?b=c"),
        ("simplecache::s3://bucket/a", "simplecache::s3://bucket/a"),
        ("file:///a/b.csv", ""),
        ("a.csv", ""),
        ("c:/a.csv", ""),
        ("folder/s3://a", ""),
        ("-", ""),
    ],
)
def test_what_is_a_url(name, url):
    assert remote.url_of(name) == url


def test_a_folder_of_that_name_goes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:").mkdir()
    (tmp_path / "s3:" / "a.csv").write_text(ROWS)
    assert remote.url_of("s3:/a.csv") == ""
    assert vn.read(Path("s3:/a.csv")).n_comparisons == 400


def test_secrets_are_taken_out():
    text = "at s3://key:pw@b/x and (https://me:pw@h/a.csv?X-Amz-Signature=abc) it failed"
    assert remote.without_secrets(text) == "at s3://b/x and (https://h/a.csv?...) it failed"
    assert remote.without_secrets("hf://datasets/a/b@main/x.csv") == "hf://datasets/a/b@main/x.csv"
    assert DataError("https://me:pw@h/a?k=pw", "is bad").path == "https://h/a?..."


def test_file_urls_are_paths(tmp_path):
    path = tmp_path / "a b.csv"
    path.write_text(ROWS)
    assert vn.read(path.as_uri()).n_comparisons == 400
    vn.io.write_table({"a": [1]}, (tmp_path / "out.csv").as_uri())
    assert (tmp_path / "out.csv").read_text() == '"a"\n1\n'
    with pytest.raises(DataError, match="file:// names a file of this machine"):
        vn.read("file://elsewhere/a.csv")


# ---- reading ------------------------------------------------------------------------------------


def test_files_folders_and_globs(memory, tmp_path):
    local = tmp_path / "a.csv"
    local.write_text(ROWS)
    expected = vn.read(local)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as one:
        one.writestr("a.csv", ROWS)
    contents = {
        "a.csv": ROWS.encode(), "in/b.csv.gz": gzip.compress(ROWS.encode()), "_no.csv": b"x",
        "in/c.zip": packed.getvalue(), "in/.no/d.csv": b"x", "in/note.doc": b"x",
        "in/empty.csv": b"",
    }  # fmt: skip
    for name, data in contents.items():
        memory.pipe_file(f"/d/{name}", data)
    for name, n in [("a.csv", 1), ("in/b.csv.gz", 1), ("in/c.zip", 1), ("", 2), ("in/*.gz", 1)]:
        found = vn.read(f"memory://d/{name}")
        assert found.n_comparisons == 400 * n
        np.testing.assert_array_equal(found.items, expected.items)
        np.testing.assert_array_equal(found.cells.win, n * expected.cells.win)
    names = [file.name for file in files_of(["memory://d", "memory://d/in/*.gz"])]
    assert names == ["memory://d/a.csv", "memory://d/in/b.csv.gz", "memory://d/in/b.csv.gz"]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv", "jsonl"])
def test_each_format_both_ways(memory, ending):
    table = {"first": ["a", "b", "a"], "second": ["b", "c", "c"], "score": [1.0, 0.5, 0.0]}
    name = f"memory://there/table.{ending}"
    vn.io.write_table(table, name)
    found = vn.io.read_table(name, {key: key for key in table}, ["first", "second"])
    assert [str(x) for x in found.columns["first"]] == table["first"]
    assert vn.read(name).n_comparisons == 3
    assert pickle.loads(pickle.dumps(files_of(name)[0])).name == name
    assert [*memory.store] == [f"/there/table.{ending}"]


def test_only_named_columns_are_asked_for(server):
    rng, n = np.random.default_rng(1), 40_000
    table = pa.table({
        "a": rng.integers(0, 9, n), "b": rng.integers(9, 19, n), "s": rng.integers(0, 2, n),
        "text": [rng.bytes(50) for _ in range(n)],
    })  # fmt: skip
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=n // 4)
    server.files["p.parquet"] = sink.getvalue()
    found = vn.io.read_comparisons(f"{server.url}/p.parquet", first="a", second="b", score="s")
    assert found.n_comparisons == n
    meta = pq.ParquetFile(sink).metadata
    for group in range(4):
        column = meta.row_group(group).column(3)
        first = column.dictionary_page_offset or column.data_page_offset
        inner = range(first + (1 << 16), first + column.total_compressed_size - (1 << 16))
        for name, start, size in server.sent:
            assert start >= inner.stop or start + size <= inner.start, (name, start, size)
    assert sum(size for _, _, size in server.sent) < len(sink.getvalue()) / 3


def test_a_long_text_comes_in_few_requests(server):
    server.files["long.csv"] = (ROWS + ROWS.partition("\n")[2] * 1000).encode()
    found = vn.read(f"{server.url}/long.csv?token=mine")
    assert found.n_comparisons == 400 * 1001
    size = len(server.files["long.csv"])
    assert sum(sent for _, _, sent in server.sent) < 2 * size
    assert len(server.sent) < 20


@pytest.mark.parametrize("how", ["csv", "csv.gz", "parquet"])
def test_a_server_without_ranges(server, how):
    sink = io.BytesIO()
    pq.write_table(pa.table({"first": ["a", "b"], "second": ["b", "a"], "score": [1, 1]}), sink)
    text = b"first,second,score\na,b,1\nb,a,1\n"
    contents = {"csv": text, "csv.gz": gzip.compress(text), "parquet": sink.getvalue()}
    server.files[f"x.{how}"] = contents[how]
    server.ranges = False
    assert vn.read(f"{server.url}/x.{how}").n_comparisons == 2


# ---- commands -----------------------------------------------------------------------------------


def test_groups_of_many_files(memory, tmp_path, capsys):
    header, *rows = GROUPS.splitlines(keepends=True)
    for k in range(20):
        memory.pipe_file(f"/votes/{k:02}.csv", (header + "".join(rows[k::20])).encode())
    (tmp_path / "votes.csv").write_text(GROUPS)
    assert main(["groups", str(tmp_path / "votes.csv"), "-o", str(tmp_path / "out.csv"), "-q"]) == 0
    for source in ("memory://votes", "memory://votes/*.csv"):
        assert main(["groups", source, "-o", "memory://out/ratings.csv", "-q"]) == 0
        assert memory.cat("/out/ratings.csv") == (tmp_path / "out.csv").read_bytes()
    assert {*capsys.readouterr().err.splitlines()} == {"venire: outcome: the winner's label."}


def test_a_fit_with_all_it_writes(memory, capsys):
    pytest.importorskip("matplotlib")
    memory.pipe_file("/rows.csv", ROWS.encode())
    words = ["-o", "memory://out/fit.parquet", "--save", "memory://out/fit.npz", "--plot",
             "memory://out/fit.svg"]  # fmt: skip
    assert main(["fit", "memory://rows.csv", *words, "--top", "2"]) == 0
    assert "in memory://out/fit.parquet" in " ".join(capsys.readouterr().out.split())
    assert sorted(memory.store) == ["/out/fit.npz", "/out/fit.parquet", "/out/fit.svg", "/rows.csv"]
    loaded = vn.resampling.load_fit("memory://out/fit.npz")
    np.testing.assert_array_equal(
        loaded.theta, vn.fit_bradley_terry(vn.read("memory://rows.csv")).theta
    )
    assert main(["fit", "memory://rows.csv", "--update", "memory://out/fit.npz", "-q"]) == 0
    assert main(["fit", "memory://rows.csv", "-o", "memory://rows.csv"]) == 2
    assert "is the input file" in capsys.readouterr().err


def test_nothing_that_is_printed_holds_a_secret(server, capsys):
    server.files["twice.csv"] = b"a,b,winner,outcome\nx,y,x,y\ny,z,z,z\nx,z,x,x\n"
    server.files["rows.csv"] = ROWS.encode()
    host = server.url.replace("://", "://me:PASSWORD@")
    assert main(["fit", f"{host}/twice.csv?key=PASSWORD"]) == 1
    assert main(["fit", f"{host}/rows.csv?key=PASSWORD"]) == 0
    assert main(["fit", f"{host}/gone.csv?key=PASSWORD"]) == 1
    server.status["no.csv"] = 403
    assert main(["fit", f"{host}/no.csv?key=PASSWORD", "--json"]) == 1
    assert main(["fit", f"{host}/rows.csv?key=PASSWORD", "-o", f"{host}/out.csv"]) == 1
    out, err = capsys.readouterr()
    assert "PASSWORD" not in out + err
    assert "try: venire fit" in err
    assert "http:// is read only here" in err


# ---- what goes wrong ----------------------------------------------------------------------------


def test_what_a_server_refuses(server):
    server.status |= {"no.csv": 403, "login.csv": 401, "broken.csv": 500}
    for name, words in {
        "gone.csv": "cannot be read: there is no such file",
        "no.csv": "no permission (403 Forbidden); give credentials",
        "login.csv": "no permission (401 Unauthorized); give credentials",
        "broken.csv": "the server answered 500 Internal Server Error; try again",
    }.items():
        with pytest.raises(DataError) as error:
            vn.read(f"{server.url}/{name}")
        assert said(error).startswith(f"{server.url}/{name}: ")
        assert words in said(error)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_connection_that_is_lost(server, ranges):
    server.files["long.csv"] = (ROWS + ROWS.partition("\n")[2] * 500).encode()
    server.ranges, server.cut = ranges, 1_500_000
    with pytest.raises(DataError, match="the connection was lost") as error:
        vn.read(f"{server.url}/long.csv")
    assert said(error).startswith(f"{server.url}/long.csv: ")
    assert said(error).endswith("try again")


def test_a_server_that_is_gone():
    pytest.importorskip("aiohttp")
    with served() as server:
        name = f"{server.url}/x.csv"
    with pytest.raises(DataError, match=r"the server did not answer.*; try again$"):
        vn.read(name)


def test_a_file_that_became_shorter():
    class Shorter(io.RawIOBase):
        size, at = 10**6, 0

        def seekable(self):
            return True

        def read(self, n=-1):
            self.at = min(self.at + n, 1000)
            return b"a" * n if self.at < 1000 else b""

        def tell(self):
            return self.at

    stream = remote._Stream(Shorter(), "memory://x.csv", 1 << 16)
    with pytest.raises(OSError, match="it ends after 1,000 of 1,000,000 bytes"):
        stream.read(5)


def test_protocols_that_are_not_there(monkeypatch):
    with pytest.raises(DataError, match="nix://x: cannot be read: there is no protocol 'nix'"):
        vn.read("nix://x")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(ImportError) as error:
        vn.read("s3://key:SECRET@bucket/x.csv")
    assert said(error) == "s3://bucket/x.csv needs s3fs: pip install s3fs"
    with pytest.raises(ImportError, match="needs s3fs"):
        vn.io.write_table({"a": [1]}, "s3://bucket/x.csv")


def test_buckets(s3):
    vn.io.write_table({"a": [1]}, "s3://mine/x.csv")
    assert s3.files == {"mine/x.csv": b'"a"\n1\n'}
    s3.files["mine/in/rows.csv"] = ROWS.encode()
    assert vn.read("s3://mine/in/rows.csv").n_comparisons == 400
    assert [file.name for file in files_of("s3://mine")] == [
        "s3://mine/in/rows.csv",
        "s3://mine/x.csv",
    ]
    for name, words in {
        "s3://none/x.csv": "cannot be read: there is no such file or bucket",
        "s3://forbidden/x.csv": "cannot be read: no permission (Access Denied); give credentials",
    }.items():
        with pytest.raises(DataError) as error:
            vn.read(name)
        assert said(error).startswith(f"{name}: {words}")
    with pytest.raises(DataError, match="cannot be written: there is no such file or bucket"):
        vn.io.check_writable("s3://none/x.csv")


def test_what_cannot_be_sent_leaves_nothing(s3, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(DataError, match=r"cannot be written: .*connection was lost.*try again"):
        vn.io.write_table({"a": [1]}, "s3://lost/x.csv")
    with pytest.raises(TypeError), disk.whole("s3://mine/x.csv") as part:
        Path(part).write_bytes("half")
    assert s3.files == {}
    assert [*tmp_path.iterdir()] == []


def test_folders_of_parts_and_loops_stay_here(memory, tmp_path):
    path = tmp_path / "votes.parquet"
    columns = {"group": "q", "first": "a", "second": "b", "score": "s"}
    vn.io.write_table({"q": ["u"], "a": ["x"], "b": ["y"], "s": [1]}, path)
    with pytest.raises(DataError, match=r"memory://out: cannot be written: a folder of parts lies"):
        vn.batch.fit_files(path, "memory://out", columns, executor=1)
    with pytest.raises(vn.errors.StateError, match=r"memory://loop: a loop lives in a folder"):
        vn.distillation.Distillation.open("memory://loop")
    memory.pipe_file("/d.csv/x", b"")
    with pytest.raises(DataError, match="it is a folder"):
        vn.io.write_table({"a": [1]}, "memory://d.csv")


def test_teachers_from_elsewhere(memory):
    memory.pipe_file("/teachers.csv", b"name,sharpness\na,1\nb,2\n")
    assert list(vn.io.read_teachers("memory://teachers.csv").names) == ["a", "b"]
    with pytest.raises(DataError, match="there is no such file"):
        vn.io.read_teachers("memory://none.csv")
