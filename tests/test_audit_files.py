"""Audits of files: piece by piece, rows in memory or in a temporary file, to the same findings."""

from __future__ import annotations

import csv

import numpy as np
import oddities
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import venire as vn
from venire.cli import main
from venire.diagnostics import _files, _ranks, _store
from venire.diagnostics._dates import Moments, moments
from venire.diagnostics._records import Records
from venire.diagnostics._store import Column, Store, by_key, total
from venire.io import DataError, units


def told(audit):
    return [(f.name, f.gravity, f.what, dict(f.how_much), dict(f.where)) for f in audit]


def put(path, rows, row_groups=700):
    columns = {name: pa.array(x.tolist()) for name, x in rows.items()}
    if path.suffix == ".parquet":
        pq.write_table(pa.table(columns), path, row_group_size=row_groups)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(rows)
            table.writerows(zip(*rows.values(), strict=True))
    return path


# The most that can be odd about rows, in tables that are small.
SOME = ["a_block_again", "copies_here_and_there", "stuffing", "one_heavy_row", "each_row_twice"]


@pytest.fixture
def tight(monkeypatch):
    """Nothing is held: rows, and what is brought together, go to temporary files."""

    def set_to(room=2000, most=97, held=None):
        monkeypatch.setattr(_files, "ROOM", room)
        monkeypatch.setattr(_files, "_LEAST", room)
        monkeypatch.setattr(units, "_MOST", most)
        monkeypatch.setattr(units, "_LEAST", most)
        if held is not None:
            monkeypatch.setattr(_ranks, "_HELD", held)
            monkeypatch.setattr(_ranks, "_PART", 300)

    return set_to


@pytest.mark.parametrize("name", [*SOME, 1, 3, 5, 8])
def test_memory_and_pieces_change_no_bit(tmp_path, tight, name):
    rows = oddities.clean(name)[0] if isinstance(name, int) else None
    if rows is None:
        rows = oddities.PLANTED[name][1](np.random.default_rng(1), 1)
    columns = oddities.columns(rows)
    path = put(tmp_path / "x.parquet", rows)
    held = told(vn.audit(path, **columns))
    assert [x[:3] for x in held] == [x[:3] for x in told(vn.audit(rows, **columns))] or any(
        "row" in x[2] for x in held
    )  # of rows a file counts from 1
    for room, most in ((2000, 97), (50_000, 1 << 18), (1, 333)):
        tight(room, most)
        assert told(vn.audit(path, **columns)) == held, (room, most)


def test_findings_of_files_are_those_of_frames(tmp_path, tight):
    rows = oddities.PLANTED["copies_here_and_there"][1](np.random.default_rng(2), 2)
    columns = oddities.columns(rows)
    n = len(rows["a"])
    other = {name: x[: n // 3] for name, x in rows.items()}
    rest = {name: x[n // 3 :] for name, x in rows.items()}
    files = [put(tmp_path / "1.csv", other), put(tmp_path / "2.csv", rest)]
    tight()
    frame, read = vn.audit(rows, **columns), vn.audit(files, **columns)
    assert [f.name for f in frame] == [f.name for f in read]
    for one, two in zip(frame, read, strict=True):
        assert one.gravity == two.gravity
        for name, x in one.how_much.items():
            assert two.how_much[name] == pytest.approx(x, rel=1e-6, abs=1e-9)
    copies = read["duplicated rows"]
    assert copies.where["rows"] == frame["duplicated rows"].where["rows"]
    for at, (file, row) in zip(copies.where["rows"], copies.where["places"], strict=True):
        assert (file, row) == (str(files[at >= n // 3]), at + 1 - (n // 3) * (at >= n // 3))


def test_rows_that_are_left_out_keep_their_places(tmp_path, tight):
    """Positions count rows of the table, however pieces are cut and wherever the first gap is."""
    rng = np.random.default_rng(3)
    rows = oddities.base(rng, 1500)[0]
    rows = oddities.both(rows, oddities.some(rows, slice(0, 150)))
    score = [str(x) for x in rows["s"]]
    rows["s"] = np.array(score, object)
    for at in (700, 701, 1420):
        rows["s"][at] = ""
    path = put(tmp_path / "x.csv", rows)
    found = vn.audit(path, **oddities.columns(rows), skip_missing=True)
    assert sum(found.taken.dropped.values()) == 3
    copies = found["duplicated rows"]
    assert copies.where["places"][0] == (str(path), 1501)
    for most in (53, 900):
        tight(2000, most)
        again = vn.audit(path, **oddities.columns(rows), skip_missing=True)
        assert told(again) == told(found)


def test_outcomes_that_only_the_whole_column_tells(tmp_path, tight):
    """The first piece says 0 and 1, a later one -1: what was read is read again."""
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 900), rng.integers(5, 9, 900)
    outcome = np.where(np.arange(900) < 600, rng.integers(0, 2, 900), rng.integers(-1, 2, 900))
    rows = {"a": a, "b": b, "winner": outcome, "extra": rng.integers(0, 9, 900)}
    path = put(tmp_path / "x.csv", rows)
    columns = {"first": "a", "second": "b", "outcome": "winner"}
    whole = told(vn.audit(path, **columns))
    want = vn.Comparisons.from_frame(rows, **columns)
    tight(2000, 50)
    read = vn.audit(path, **columns)
    assert told(read) == whole
    assert read.n_comparisons == want.n_comparisons == 900


def test_progress(tmp_path, tight):
    rows = oddities.base(np.random.default_rng(0), 2000)[0]
    path = put(tmp_path / "x.parquet", rows)
    heard = []
    tight(2000, 300)
    vn.audit(path, **oddities.columns(rows), progress=lambda *x: heard.append(x))
    assert heard[-1] == (2000, 2000)
    assert len(heard) > 6
    assert heard == sorted(heard)


# ---- memory -------------------------------------------------------------------------------------


def test_too_little_memory_is_said_with_what_is_needed(tmp_path, capsys):
    rows = oddities.base(np.random.default_rng(0), 500)[0]
    path = put(tmp_path / "x.csv", rows)
    with pytest.raises(DataError, match=r"memory.* need"):
        vn.audit(path, **oddities.columns(rows), memory="1M")
    for wrong in ("much", -1, 0):
        with pytest.raises(ValueError, match="memory"):
            vn.audit(path, **oddities.columns(rows), memory=wrong)
    words = ["--first", "a", "--second", "b", "--score", "s"]
    assert main(["audit", str(path), *words, "--memory", "2M"]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "which need" in said or "needs" in said
    assert main(["audit", str(path), *words, "--memory", "2G"]) == 0


def test_a_temporary_folder_that_is_none(tmp_path, tight, monkeypatch):
    rows = oddities.base(np.random.default_rng(0), 2000)[0]
    path = put(tmp_path / "x.parquet", rows)
    tight()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))
    with pytest.raises(DataError, match="no temporary file"):
        vn.audit(path, **oddities.columns(rows))


def test_a_full_disk_is_said(tmp_path, tight, monkeypatch):
    rows = oddities.base(np.random.default_rng(0), 2000)[0]
    path = put(tmp_path / "x.parquet", rows)
    tight()

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_store.os, "pwrite", full)
    with pytest.raises(DataError, match="cannot be written: No space left"):
        vn.audit(path, **oddities.columns(rows))


# ---- columns that nobody asked for --------------------------------------------------------------


def test_columns_that_not_all_files_have_are_said(tmp_path):
    rows = oddities.base(np.random.default_rng(0), 600, dates=False)[0]
    put(tmp_path / "1.parquet", rows | {"note": rows["a"], "lang": rows["b"]})
    put(tmp_path / "2.parquet", rows | {"lang": rows["b"]})
    found = vn.audit(tmp_path, **oddities.columns(rows))
    assert "not in all files: note" in found.taken.notes
    assert "'lang'" in found["duplicated rows"].what
    assert "'note'" not in found["duplicated rows"].what


def test_a_column_that_cannot_be_read_is_said(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": "x", "b": "y", "s": 1, "more": [1, 2]}\n' * 30)
    found = vn.audit(path, first="a", second="b", score="s")
    assert "no other column is looked at" in " ".join(found.taken.notes)


# ---- the store ----------------------------------------------------------------------------------


@pytest.mark.parametrize("room", [0, 100, 1 << 20])
def test_columns_say_what_was_put_in(room):
    rng = np.random.default_rng(0)
    store = Store(room)
    parts = {
        np.float64: [rng.integers(0, 3, 50) / 2, rng.normal(size=7), np.full(9, 0.5), np.zeros(1),
                     np.array([np.nan, 0.5, -0.5, 1.5]), np.empty(0), np.full(5, np.nan)],
        np.int32: [rng.integers(-5, 5, 30).astype(np.int32), np.full(20, 7, np.int32)],
        np.uint64: [rng.integers(0, 1 << 63, 30).astype(np.uint64)],
    }  # fmt: skip
    for kind, some in parts.items():
        column = Column(store, kind)
        for x in some:
            column.add(x)
        whole = np.concatenate(some)
        assert len(column) == len(whole)
        for start, stop in ((0, len(whole)), (3, 4), (11, len(whole) - 2), (5, 5)):
            got = column.read(start, stop)
            assert got.dtype == kind
            np.testing.assert_array_equal(got, whole[start:stop])
        np.testing.assert_array_equal(np.concatenate([*column.blocks(13)]), whole)
    place = np.array([30.0, 10.0, 20.0])
    column = Column(store, np.float64)
    column.add(np.array([2, 0, 1, 1], np.int32))
    column.place = place
    assert column.read(0, 4).tolist() == [20.0, 30.0, 10.0, 10.0]
    wide = Column(store, np.float64)
    wide.add(np.arange(12.0).reshape(4, 3))
    wide.add(np.arange(6.0).reshape(2, 3))
    assert wide.read(3, 5).tolist() == [[9.0, 10.0, 11.0], [0.0, 1.0, 2.0]]


@pytest.mark.parametrize("room", [1, 500, 1 << 30])
def test_rows_with_one_key_come_together_in_their_order(room):
    rng = np.random.default_rng(0)
    key = rng.integers(0, 40, 1000).astype(np.uint64)

    def rows():
        for at in range(0, 1000, 90):
            yield key[at : at + 90], np.arange(at, min(at + 90, 1000))

    found = list(by_key(rows, 1000, room, row_bytes=16))
    assert (len(found) > 1) == (room < 1 << 30)
    seen = [set(k.tolist()) for k, _ in found]
    assert sum(map(len, seen)) == len(set().union(*seen)) == 40
    for k, at in found:
        assert (np.diff(at) > 0).all()
        np.testing.assert_array_equal(key[at], k)
    assert sorted(np.concatenate([at for _, at in found]).tolist()) == list(range(1000))


def test_a_total_does_not_depend_on_the_order():
    x = np.random.default_rng(0).random(10_000)
    assert total(x) == total(x[::-1]) == total(x[:77]) + total(x[77:])
    assert total(x) == pytest.approx(x.sum(), abs=1e-3)


# ---- times --------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [1 << 20, 20])
def test_ranks_of_dates(monkeypatch, held):
    """The middle of the ranks of one time, whether times are held or brought together."""
    monkeypatch.setattr(_ranks, "_HELD", held)
    monkeypatch.setattr(_ranks, "_PART", 100)
    monkeypatch.setattr(_ranks, "BLOCK", 64)
    rng = np.random.default_rng(1)
    date = rng.integers(0, 60, 1000).astype(float)
    date[rng.random(1000) < 0.4] = 17.0  # one that is far more frequent
    date[::50] = np.nan
    records = Records.of(
        first=np.zeros(1000, np.int32), second=np.ones(1000, np.int32), score=rng.random(1000),
        date=date,
    )  # fmt: skip

    class Flat:
        @staticmethod
        def residuals(block):
            return block.score, block.rows.astype(float), block.score

    ranks = _ranks.Ranks(records)
    monkeypatch.setattr(_ranks, "_counted", lambda dates, most, own=_ranks._counted: own(dates, 99))
    assert ranks.n == np.isfinite(date).sum()
    assert ranks.n_times == len(np.unique(date[np.isfinite(date)]))
    rows = list(ranks.rows(Flat))
    assert (len(rows) > 3) == (held == 20)
    where = np.concatenate([x.variance for x in rows]).astype(int)
    u = np.concatenate([x.u for x in rows])
    known = np.flatnonzero(np.isfinite(date))
    assert sorted(where.tolist()) == known.tolist()
    below = np.array([(date[known] < d).sum() for d in date[where]])
    same = np.array([(date[known] == d).sum() for d in date[where]])
    np.testing.assert_array_equal(u, (2.0 * below + same) / len(known) - 1.0)


def test_trends_do_not_hang_on_how_many_times_are_held(tmp_path, tight, monkeypatch):
    name = next(n for n, (wanted, _) in oddities.PLANTED.items() if "time trend" in wanted)
    rows = oddities.PLANTED[name][1](np.random.default_rng(1), 1)
    by = np.random.default_rng(2).permutation(len(rows["a"]))
    rows = {k: x[by] for k, x in rows.items()}
    path = put(tmp_path / "x.parquet", rows)
    one = vn.audit(path, **oddities.columns(rows))["time trend"]
    tight(2000, 97, held=5)
    monkeypatch.setattr(_ranks, "_counted", lambda d, most, own=_ranks._counted: own(d, 5)
                        if most == 5 else own(d, 1 << 20))  # fmt: skip
    two = vn.audit(path, **oddities.columns(rows))["time trend"]
    assert one.what == two.what
    assert one.where == two.where


TIMES = {
    "numbers": [str(k) for k in range(40)],
    "iso": [f"2024-01-{k % 28 + 1:02d}T10:00:{k % 60:02d}Z" for k in range(40)],
    "days": [f"{k % 28 + 1:02d}/{k % 12 + 1:02d}/2024" for k in range(40)],
    "nothing": [f"x{k}" for k in range(40)],
}


@pytest.mark.parametrize("kind", TIMES)
@pytest.mark.parametrize("cut", [40, 7])
def test_dates_in_pieces(kind, cut):
    texts = [None, *TIMES[kind], "", *TIMES[kind][:5]]
    want = moments(pa.chunked_array([pa.array(texts)]))
    found = Moments(Store())
    for at in range(0, len(texts), cut):
        found.add(pa.array(texts[at : at + cut]))
    got = found.finish()
    assert (got is None) == (want is None)
    if got is not None:
        np.testing.assert_array_equal(got.read(0, len(got)), want)


@pytest.mark.parametrize("kind", ["numbers", "iso"])
def test_dates_of_too_many_texts_are_read_as_they_come(kind):
    texts = [None, *TIMES[kind], "", *TIMES[kind][:5]]
    found = Moments(Store(room=4000))  # for some 6 texts
    for at in range(0, len(texts), 7):
        found.add(pa.array(texts[at : at + 7]))
    got = found.finish()
    np.testing.assert_array_equal(got.read(0, len(got)), moments(pa.array(texts)))
    assert not found.lost


def test_dates_that_memory_does_not_hold_are_said(tmp_path, tight):
    rows = oddities.base(np.random.default_rng(0), 2000)[0]
    rows["when"] = np.array(
        [f"{k % 28 + 1:02d}/{k % 12 + 1:02d}/{1990 + k % 33}" for k in range(2000)], object
    )
    path = put(tmp_path / "x.csv", rows)
    assert vn.audit(path, **oddities.columns(rows))["time trend"].gravity == "fine"
    tight(40_000)
    lost = vn.audit(path, **oddities.columns(rows))["time trend"]
    assert lost.gravity == "worth knowing"
    assert "dates are not looked at" in lost.what
    assert lost.how_much["bytes"] > 0


def test_times_of_all_types():
    want = np.array([0.0, 86_400e6, np.nan])
    for kind in (pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("s", "UTC"), pa.date32()):
        days = pa.array([0, 1, None], pa.int32()).cast(pa.date32()).cast(pa.timestamp("s"))
        times = days.cast(kind) if not pa.types.is_timestamp(kind) else (
            days.cast(pa.timestamp(kind.unit)).cast(kind)
        )  # fmt: skip
        np.testing.assert_array_equal(moments(times), want)
        found = Moments(Store())
        found.add(times)
        np.testing.assert_array_equal(found.finish().read(0, 3), want)
    np.testing.assert_array_equal(moments(pa.array([1, None, 3])), [1.0, np.nan, 3.0])


# ---- numbers of rows ----------------------------------------------------------------------------


def test_equal_values_have_equal_numbers_however_they_are_stored():
    from venire.diagnostics._alike import _values

    texts = ["x", None, "y", "x", "", "y"] * 900
    one = _values(pa.array(texts))
    for other in (
        pa.array(texts).dictionary_encode(),
        pa.array(texts, pa.large_string()),
        pa.chunked_array([pa.array(texts[:100]), pa.array(texts[100:])]),
    ):
        np.testing.assert_array_equal(_values(other), one)
    assert len(np.unique(one)) == 4
    numbers = _values(pa.array([1, None, 2, 1, None]))
    assert numbers[0] == numbers[3] != numbers[2]
    assert numbers[1] == numbers[4]
    times = pa.array([1, None, 5], pa.timestamp("us"))
    assert len(np.unique(_values(times))) == 3
