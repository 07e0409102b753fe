"""Jobs: the same bytes wherever they were ended, and nothing but what was recorded is trusted."""

from __future__ import annotations

import errno
import json
import os
import shutil

import numpy as np
import pytest
from grouped_data import COLUMNS, LAYOUTS, fit_files, laid_out, votes

from venire._core import disk, jobs, recorded
from venire._core.lock import Lock
from venire.errors import StateError
from venire.io import DataError

pq = pytest.importorskip("pyarrow.parquet")
pa = pytest.importorskip("pyarrow")

OPTIONS = {**COLUMNS, "score": "s", "weight": "w", "rows_per_part": 900}


class Killed(BaseException):
    """What ends a run, like a signal that cannot be caught: nothing is tidied up."""


@pytest.fixture
def done(monkeypatch):
    """What tasks were done; the k-th write of a record raises what `fail` says."""
    seen: list[str] = []
    plain = recorded.done
    monkeypatch.setattr("venire.io.units.ROWS", 1500)

    def spy(folder, spec, task, *arguments):
        seen.append(spec[2])
        return plain(folder, spec, task, *arguments)

    monkeypatch.setattr(recorded, "done", spy)
    return seen


def run(source, output, job, **more):
    return fit_files(source, output, **(OPTIONS | {"job": job} | more))


def names(folder):
    return sorted(os.listdir(folder))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_bytes_as_without(tmp_path, done, layout):
    table = votes()
    source = laid_out(table, layout, tmp_path / "in")
    plain = fit_files(source, tmp_path / "a.parquet", **COLUMNS, score="s", weight="w")
    found = run(source, tmp_path / "b.parquet", tmp_path / "job")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    for name in ("n_groups", "n_items", "n_rows", "counts", "examples", "notes"):
        assert getattr(found, name) == getattr(plain, name)
    assert names(tmp_path / "job") == ["job.json", "lock", "progress.json"]
    n = len(done)
    again = run(source, tmp_path / "b.parquet", tmp_path / "job")
    assert len(done) == n
    assert again.counts == found.counts
    assert "has ended" in again.notes[-1]


@pytest.mark.parametrize("layout", ["parts", "shuffled"])
def test_ended_anywhere_it_goes_on(tmp_path, done, monkeypatch, layout):
    source = laid_out(votes(), layout, tmp_path / "in")
    run(source, tmp_path / "a.parquet", tmp_path / "whole")
    n, want = len(done), (tmp_path / "a.parquet").read_bytes()
    plain = recorded.write
    for stop in range(0, n, 3):
        done.clear()
        left = [stop]

        def write(*given, left=left):
            if not left[0]:
                raise Killed
            left[0] -= 1
            plain(*given)

        with monkeypatch.context() as patch:
            patch.setattr(recorded, "write", write)
            with pytest.raises(Killed):
                run(source, tmp_path / "b.parquet", tmp_path / "job")
        assert not (tmp_path / "b.parquet").exists()
        run(source, tmp_path / "b.parquet", tmp_path / "job")
        assert (tmp_path / "b.parquet").read_bytes() == want
        assert len(done) == n + 1  # no more than one is done twice
        assert len(set(done)) == n
        (tmp_path / "b.parquet").unlink()
        shutil.rmtree(tmp_path / "job")


def test_a_full_disk_leaves_what_was_there(tmp_path, done, monkeypatch):
    source = laid_out(votes(), "parts", tmp_path / "in")
    run(source, tmp_path / "a.parquet", tmp_path / "whole")
    want = (tmp_path / "a.parquet").read_bytes()
    plain = os.fsync
    stop = 0
    while True:
        left = [stop]

        def fsync(handle, left=left):
            if left[0] <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left[0] -= 1
            plain(handle)

        with monkeypatch.context() as patch:
            patch.setattr(disk.os, "fsync", fsync)
            try:
                run(source, tmp_path / "b.parquet", tmp_path / "job")
            except (StateError, DataError) as error:
                assert "No space left on device" in str(error)  # noqa: PT017
            else:
                break
        if (tmp_path / "job").exists():
            run(source, tmp_path / "b.parquet", tmp_path / "job")
            assert (tmp_path / "b.parquet").read_bytes() == want
            (tmp_path / "b.parquet").unlink()
            shutil.rmtree(tmp_path / "job")
        stop += 7
    assert stop > 30


def begun(tmp_path, monkeypatch, layout="parts", stop=8):
    """A job that was ended after some of its tasks."""
    source = laid_out(votes(), layout, tmp_path / "in")
    plain, left = recorded.write, [stop]

    def write(*given):
        if not left[0]:
            raise Killed
        left[0] -= 1
        plain(*given)

    with monkeypatch.context() as patch:
        patch.setattr(recorded, "write", write)
        with pytest.raises(Killed):
            run(source, tmp_path / "b.parquet", tmp_path / "job")
    return source


def test_damaged_parts_are_made_again(tmp_path, done, monkeypatch):
    source = begun(tmp_path, monkeypatch, stop=12)
    parts = sorted((tmp_path / "job" / "parts").iterdir())
    assert len(parts) == 12
    before = {path: path.read_bytes() for path in parts}
    rng = np.random.default_rng(0)
    for k, path in enumerate(parts[:8]):
        data = bytearray(before[path])
        if k % 4 == 0:
            data = data[: len(data) // 2]
        elif k % 4 == 1:
            data = b""
        elif k % 4 == 2:
            data[int(rng.integers(len(data)))] ^= 0x55
        else:
            data = before[parts[k - 1]]  # swapped
        path.write_bytes(data)
    done.clear()
    found = run(source, tmp_path / "b.parquet", tmp_path / "job")
    fit_files(source, tmp_path / "a.parquet", **COLUMNS, score="s", weight="w")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert sum("is damaged" in note for note in found.notes) == 8


def test_what_changed_is_named(tmp_path, done, monkeypatch):
    source = begun(tmp_path, monkeypatch)
    out, job = tmp_path / "b.parquet", tmp_path / "job"
    with pytest.raises(StateError, match=r"other options: model was null, is \"thurstone\""):
        run(source, out, job, model="thurstone")
    first = source / "part-0.parquet"
    data, stat = first.read_bytes(), first.stat()
    os.utime(first, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    with pytest.raises(StateError, match=r"part-0\.parquet: has changed.*time of its last change"):
        run(source, out, job)
    first.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
    os.utime(first, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(StateError, match=r"part-0\.parquet: has changed.*contents"):
        run(source, out, job)
    first.write_bytes(data + b"x")
    with pytest.raises(StateError, match=r"part-0\.parquet: has changed.*size"):
        run(source, out, job)
    first.rename(source / "part-9.parquet")
    with pytest.raises(StateError, match=r"part-0\.parquet: is no input any more"):
        run(source, out, job)


def test_other_versions_strangers_and_two_runs(tmp_path, done, monkeypatch):
    source = begun(tmp_path, monkeypatch)
    out, job = tmp_path / "b.parquet", tmp_path / "job"
    with monkeypatch.context() as patch:
        patch.setattr("venire.batch.jobs.version", lambda: "9.9")
        with pytest.raises(StateError, match=r"of version 0.* of venire, this is 9\.9"):
            run(source, out, job)
    lock = Lock(job)
    with pytest.raises(StateError, match=f"in use by process {os.getpid()}"):
        run(source, out, job)
    lock.release()
    plan = json.loads((job / "job.json").read_text())
    for change in ({"format": 2}, {"plan": 3}, {"id": "../../x"}, {"digest": None}):
        (job / "job.json").write_text(json.dumps(plan | change))
        with pytest.raises(StateError, match=r"job\.json"):
            run(source, out, job)
    for text in (
        "",
        "[]",
        "{",
        '{"format": 1}',
        json.dumps({k: plan[k] for k in ("format", "id")}),
    ):
        (job / "job.json").write_text(text)
        with pytest.raises(StateError, match=r"job\.json"):
            run(source, out, job)
    (job / "job.json").write_text(json.dumps(plan))
    (job / "progress.json").write_text("{")
    (job / "parts" / "mine.txt").write_text("mine")
    (job / "parts" / "scan-00000-00000.01234567.part").write_text("mine")
    run(source, out, job)
    assert names(job / "parts") == ["mine.txt", "scan-00000-00000.01234567.part"]
    other = tmp_path / "other"
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(StateError, match=r"not empty and holds no job: 'mine\.txt' is in it"):
        run(source, out, other)
    with pytest.raises(StateError, match="is no folder"):
        run(source, out, other / "mine.txt")


def spoil(path, how):
    """Make a file of votes one that cannot be used."""
    data = path.read_bytes()
    if how == "cut off":
        path.write_bytes(data[: len(data) // 2])
    elif how == "garbage":
        path.write_bytes(b"PAR1" + os.urandom(500) + b"PAR1")
    elif how == "row":
        table = pq.read_table(path)
        scores = table["s"].to_numpy().copy()
        scores[7] = 2.0
        table = table.set_column(table.column_names.index("s"), "s", pa.array(scores))
        pq.write_table(table, path, row_group_size=500)
    elif how == "page":  # of a column that is not read first
        spot = pq.ParquetFile(path).metadata.row_group(0).column(3)
        at = spot.data_page_offset
        path.write_bytes(data[:at] + bytes(40) + data[at + 40 :])
    else:
        table = pq.read_table(path).drop_columns(["b"])
        pq.write_table(table, path)


@pytest.mark.parametrize("how", ["cut off", "garbage", "row", "page", "column"])
@pytest.mark.parametrize("bad", [0, 2])
@pytest.mark.parametrize("layout", ["parts", "whole groups"])
def test_what_cannot_be_read_is_set_aside(tmp_path, done, how, bad, layout):
    source = laid_out(votes(), layout, tmp_path / "in")
    out, job = tmp_path / "b.parquet", tmp_path / "job"
    spoil(source / f"part-{bad}.parquet", how)
    with pytest.raises(DataError):
        fit_files(source, out, **OPTIONS | {"rows_per_part": None})
    with pytest.raises(DataError, match=f"part-{bad}"):
        run(source, out, job, strict=True)
    found = run(source, out, job)
    assert len(found.failures) == 1
    assert f"part-{bad}.parquet" in found.failures[0]
    if how == "row":
        assert "row 8, column 's'" in found.failures[0]
    (source / f"part-{bad}.parquet").unlink()
    want = fit_files(source, tmp_path / "a.parquet", **COLUMNS, score="s", weight="w")
    assert (tmp_path / "a.parquet").read_bytes() == out.read_bytes()
    assert (found.n_rows, found.counts, found.n_items) == (want.n_rows, want.counts, want.n_items)
    progress = json.loads((job / "progress.json").read_text())
    assert progress["state"] == "ended"
    assert len(progress["failures"]) == 1


def test_a_part_that_fails_once_is_tried_again(tmp_path, done, monkeypatch):
    source = laid_out(votes(), "parts", tmp_path / "in")
    from venire.batch import engine

    plain, failed = engine.scan, []

    def scan(unit, *rest):
        if unit.number not in failed:
            failed.append(unit.number)
            raise DataError(unit.path, "cannot be read: not now")
        return plain(unit, *rest)

    monkeypatch.setattr(engine, "scan", scan)
    found = run(source, tmp_path / "b.parquet", tmp_path / "job")
    assert failed
    assert not found.failures


def test_the_evidence_is_kept(tmp_path, done, monkeypatch):
    from venire import GaussianPrior

    source = laid_out(votes(), "parts", tmp_path / "in")
    prior = {"prior": GaussianPrior("evidence")}
    fit_files(source, tmp_path / "a.parquet", **COLUMNS, score="s", weight="w", **prior)
    found = run(source, tmp_path / "b.parquet", tmp_path / "job", **prior)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert any("GaussianPrior" in note for note in found.notes)
    assert any(label.startswith("evidence") for label in done)


def test_what_is_no_job(tmp_path):
    source = laid_out(votes(), "parts", tmp_path / "in")
    with pytest.raises(ValueError, match="shared"):
        run(source, tmp_path / "b.parquet", tmp_path / "job", shared=True)
    with open(tmp_path / "x", "wb") as file, pytest.raises(TypeError, match="output"):
        run(source, file, tmp_path / "job")
    with pytest.raises(TypeError, match="job"):
        run(source, tmp_path / "b.parquet", 3)
    with pytest.raises(StateError, match="a job lives in a folder"):
        run(source, tmp_path / "b.parquet", "memory://job")
    assert jobs.read_part is not None
