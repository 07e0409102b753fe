"""What is written is whole or not there, nobody else's file is touched, and damage is told."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
from distillation_data import World, play, same

import venire as vn
from venire._core import disk

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


# ---- one way to write ---------------------------------------------------------------------------


def write(path, text="new"):
    with disk.whole(path) as part:
        Path(part).write_text(text)


def test_the_new_file_takes_the_place_of_the_old_one(tmp_path):
    file = tmp_path / "a"
    write(file, "old")
    file.chmod(0o600)
    (tmp_path / "link").symlink_to("a")
    write(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    long = tmp_path / ("ö" * 120)
    write(long)
    assert sorted(os.listdir(tmp_path)) == ["a", "link", long.name]


@pytest.mark.parametrize(
    "failure", [KeyboardInterrupt, OSError(errno.ENOSPC, "no space"), SystemExit]
)
@pytest.mark.parametrize("where", ["write", "os.fsync", "os.replace"])
def test_a_failure_leaves_the_old_file_and_no_remains(tmp_path, monkeypatch, failure, where):
    (tmp_path / "a").write_text("old")

    def fail(*_):
        raise failure

    def attempt():
        with disk.whole(tmp_path / "a") as part:
            Path(part).write_text("half")
            if where == "write":
                fail()

    if where != "write":
        monkeypatch.setattr(where, fail)
    with pytest.raises(failure if isinstance(failure, type) else OSError):
        attempt()
    assert (tmp_path / "a").read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]


def test_a_full_disk_leaves_the_old_bootstrap(tmp_path, monkeypatch):
    c = vn.Comparisons(["a", "b", "a"], ["b", "a", "b"], [1, 1, 0.5])
    b = vn.bootstrap(vn.fit_bradley_terry(c, prior=vn.GaussianPrior(1.0)), 5, rng=1)
    b.save(tmp_path / "b.npz")
    old = (tmp_path / "b.npz").read_bytes()

    def full(stream, **_):
        stream.write(b"PK half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        b.save(tmp_path / "b.npz")
    assert (tmp_path / "b.npz").read_bytes() == old
    assert os.listdir(tmp_path) == ["b.npz"]


def test_what_a_dead_writer_left_goes_and_nothing_else(tmp_path):
    code = """
        import os, sys
        from venire._core import disk
        with disk.whole(sys.argv[1]) as part:
            open(part, "w").write("half")
            print(part, flush=True)
            sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "a")]

    def start():
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return process, Path(process.stdout.readline().strip())

    dead, left = start()
    live, kept = start()
    dead.kill()
    dead.communicate()
    digest = left.name[-13:-5]
    mine = [".a.part", ".a.12-0123456789abcdef.part", f".b.12-01234567{digest}.part",
            left.name.replace(".a.", ".b."), f"{left.name}.old", "a.tmp"]  # fmt: skip
    for name in mine:
        (tmp_path / name).write_text("mine")
    assert left.exists()
    write(tmp_path / "a")
    assert not left.exists()
    assert kept.exists()  # its writer is alive
    live.communicate("")
    assert (tmp_path / "a").read_text() == "half"  # the last one that ended
    assert sorted(os.listdir(tmp_path)) == sorted(["a", *mine])
    assert all((tmp_path / name).read_text() == "mine" for name in mine)


def test_a_folder_changes_places_in_one_step(tmp_path):
    target = tmp_path / "out"
    for text in ("one", "two"):
        with disk.whole_folder(target) as part:
            (Path(part) / "x").write_text(text)
            if text == "two":
                assert (target / "x").read_text() == "one"
        assert (target / "x").read_text() == text
        assert os.listdir(tmp_path) == ["out"]

    def interrupted():
        with disk.whole_folder(target) as part:
            (Path(part) / "x").write_text("three")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (target / "x").read_text() == "two"
    assert os.listdir(tmp_path) == ["out"]


def test_an_output_folder_with_a_strangers_file_is_not_replaced(tmp_path):
    from venire.batch.folder import output_folder, publish
    from venire.io import DataError

    def run():
        with output_folder(tmp_path / "out", [tmp_path / "in"]) as staging:
            (Path(staging) / "part-0.parquet").write_text("x")
            publish(staging, ["part-0.parquet"], {"parts": [{"name": "part-0.parquet"}]})

    run()
    run()
    assert sorted(os.listdir(tmp_path / "out")) == ["_summary.json", "part-0.parquet"]
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"no output of an earlier run: it holds 'notes.txt'"):
        run()
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "_summary.json").write_text("{}")
    with pytest.raises(DataError, match=r"it holds '_summary\.json'"):
        run()
    assert sorted(os.listdir(tmp_path)) == ["out"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_command_line_is_an_orderly_end(tmp_path, number):
    code = """
        import os, sys, time
        import venire.cli._app
        from venire._core import disk
        from venire.cli import main

        def fit(**_):
            with disk.whole(sys.argv[1]) as part:
                print("writing", flush=True)
                time.sleep(60)
        venire.cli._app.app = lambda **_: fit()
        sys.exit(main(["fit"]))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "a")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout.readline() == "writing\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert errors == f"venire: ended by {number.name}\n"
    assert os.listdir(tmp_path) == []


# ---- the folder of a loop -----------------------------------------------------------------------


def tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


STRANGERS = ["notes.txt", "x.tmp", "parts/1-a.parquet", "parts/00000000-asks.parquet", "lock",
             "state.json", "parts/x.tmp", ".hidden"]  # fmt: skip


@pytest.mark.parametrize("name", STRANGERS)
def test_a_folder_that_holds_other_files_is_refused_and_left_alone(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    world = World()
    with pytest.raises(vn.errors.StateError) as caught:
        world.loop(folder=tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: is not empty and holds no loop: ")
    with pytest.raises(vn.errors.StateError):
        world.loop().save(tmp_path)
    with pytest.raises(vn.errors.StateError):
        vn.distillation.Distillation.open(tmp_path)
    assert tree(tmp_path) == {Path(name): b"mine"}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A loop with parts of all kinds, probabilities among them."""
    folder = tmp_path_factory.mktemp("played") / "loop"
    world = World()
    with world.loop(folder=folder) as loop:
        play(loop, world)
        loop.ask(10)
        loop.tell(loop.pending.request[:3], probabilities=np.tile([0.5, 0.2, 0.3], (3, 1)))
        loop.withdraw("bea")
        loop._state.change(vn.distillation._store.Part("predictions", {"prediction": world.theta}))
    return folder


@pytest.fixture
def copied(played, tmp_path):
    shutil.copytree(played, tmp_path / "loop")
    return tmp_path / "loop"


def refused(folder, match):
    """Refused to read and to write, and nothing is changed by that."""
    before = tree(folder)
    for read_only in (True, False):
        with pytest.raises(vn.errors.StateError, match=match) as caught:
            vn.distillation.Distillation.open(folder, read_only=read_only)
        assert str(folder) in str(caught.value)
    after = tree(folder)
    assert after.pop(Path("lock")) == b""
    before.pop(Path("lock"))
    assert after == before


def test_a_state_that_was_damaged_is_refused(copied, played):
    good = json.loads((copied / "state.json").read_text())
    for name in good:
        if name == "format":
            continue
        rest = {k: v for k, v in good.items() if k != name}
        for wrong in (None, 1, -1, "x", [], {}, [0, 0], [3, 1], [-1, 2], [0, 1], [0.0, 3.0],
                      [0, 10**20], [True, 2], {"a": 1}):  # fmt: skip
            (copied / "state.json").write_text(json.dumps(good | {name: wrong}))
            refused(copied, "is damaged")
        (copied / "state.json").write_text(json.dumps(rest))
        refused(copied, f"is damaged: there is no '{name}'")
    for section in ("settings", "head"):
        for name, old in good[section].items():
            wrong = {"x": 1} if isinstance(old, list) else -7
            (copied / "state.json").write_text(
                json.dumps(good | {section: good[section] | {name: wrong}})
            )
            refused(copied, "is damaged: other hands have changed it")
    for text in ("", "{", "[]", "1", "null", "[" * 100_000, "\xff"):
        (copied / "state.json").write_bytes(text.encode("latin-1"))
        refused(copied, "is not the state of a loop")
    (copied / "state.json").write_text(json.dumps(good))
    with (
        vn.distillation.Distillation.open(copied) as one,
        vn.distillation.Distillation.open(played, read_only=True) as other,
    ):
        assert same(one, other)


def rewritten(path, change):
    """A part with other contents, under its own label."""
    table = pq.read_table(path)
    new = change({name: table[name].to_numpy() for name in table.column_names})
    pq.write_table(pa.table(new).replace_schema_metadata(table.schema.metadata), path)


def at(name, place, value):
    def change(table):
        column = table[name].copy()
        column[place] = value
        return table | {name: column}

    return change


def without(name):
    return lambda table: {k: v for k, v in table.items() if k != name}


DAMAGE = [
    ("items", without("item"), "there is no column 'item'"),
    ("items", lambda t: t | {"more": t["item"]}, "the column 'more' is none of its own"),
    ("items", lambda t: {k: v[:-1] for k, v in t.items()}, "is none that there is|must be"),
    ("items", lambda t: t | {"group": t["group"] + 0.5}, "'group' holds float64, not labels"),
    ("items", lambda t: t | {"item": np.zeros_like(t["item"])}, "listed twice"),
    ("items", at("gold", 0, np.inf), r"gold\[0\] = inf: must be finite"),
    ("asks", without("round"), "there is no column 'round'"),
    ("asks", at("group", 1, -1), r"group\[1\] = -1: is none that there is"),
    ("asks", at("first", 0, 2**30), "first.*: is none that there is"),
    ("asks", at("second", 0, -8), "second.*: is none that there is"),
    ("asks", at("round", 0, 99), "round.*: is none that there is"),
    ("requests", at("ask", 0, 10**9), "ask.*: is none that there is"),
    ("requests", at("teacher", 0, -1), "teacher.*: is none that there is"),
    ("answers", at("request", 0, -7), r"request\[0\] = -7: is none that there is"),
    ("answers", at("request", 0, 10**9), "request.* = 1000000000: is none that there is"),
    ("answers", at("vote", 0, 5), r"vote\[0\] = 5: is none that there is"),
    ("answers", at("vote", 0, 2), "must have probabilities"),
    ("answers", without("vote"), "there is no column 'vote'"),
    ("answers", lambda t: t | {"vote": t["vote"].astype(float)}, "'vote' holds float64, not int8"),
    ("answers", lambda t: t | {"request": t["request"].astype(str)}, "'request' holds object"),
    ("closed", at("request", 0, -7), "request.*: is none that there is"),
    ("predictions", at("prediction", 0, np.inf), "prediction.*: must be finite or nan"),
    ("predictions", lambda t: {k: v[:-1] for k, v in t.items()}, "47 predictions of 48 items"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "change", "match"), DAMAGE)
def test_a_part_that_was_damaged_is_refused(copied, kind, change, match):
    # the first of its kind that holds anything
    path = next(p for p in sorted((copied / "parts").glob(f"*-{kind}-*"))
                if pq.read_metadata(p).num_rows)  # fmt: skip
    rewritten(path, change)
    refused(copied, match)


def test_a_part_that_is_cut_or_not_ours_is_refused(copied, played):
    good = vn.distillation.Distillation.open(played, read_only=True)
    paths = sorted((copied / "parts").iterdir())
    for path in paths:
        whole = path.read_bytes()
        for n in (0, 4, len(whole) // 2, len(whole) - 1):
            path.write_bytes(whole[:n])
            refused(copied, "cannot be read")
        for place in range(10, len(whole) - 10, len(whole) // 7):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 85]) + whole[place + 1 :])
            # a byte that nobody reads does no harm
            with (
                contextlib.suppress(vn.errors.StateError),
                vn.distillation.Distillation.open(copied) as one,
            ):
                assert same(one, good)
        path.write_bytes(whole)
        pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
        refused(copied, r"is not part \d+ of this loop")
        path.unlink()
        refused(copied, r"part \d+ is missing")
        path.write_bytes(whole)
    vn.distillation.Distillation.open(copied).close()


def test_a_strangers_file_beside_the_parts_is_passed_over(copied, played):
    kinds = ("asks", "answers", "items")
    names = ["notes.txt", "a-b.parquet", "1-2.parquet", "x.tmp", "00000009-asks.parquet.tmp",
             *(f"{k:08d}-{kind}.parquet" for k in (0, 1, 5, 6, 40) for kind in kinds)]  # fmt: skip
    for name in names:
        (copied / "parts" / name).write_text("mine")
    end = json.loads((copied / "state.json").read_text())["parts"][1]
    last = next((copied / "parts").glob(f"{end - 1:08d}-*-*"))
    copy = last.with_name(last.name.replace(f"{end - 1:08d}", f"{end + 30:08d}"))
    shutil.copy(last, copy)  # says in itself that it is another part
    with (
        vn.distillation.Distillation.open(copied) as one,
        vn.distillation.Distillation.open(played, read_only=True) as other,
    ):
        assert same(one, other)
        one.ask(3)
        one.tell(one.pending.request[:1], [1])
    vn.distillation.Distillation.open(copied).close()
    assert all((copied / "parts" / name).read_text() == "mine" for name in names)
    assert copy.exists()


def test_what_a_cut_off_change_left_is_removed_when_it_is_known_as_ours(copied, monkeypatch):
    class Crash(BaseException):
        pass

    real, before = os.replace, set((copied / "parts").iterdir())

    def crash(old, new):
        if os.path.basename(new) == "state.json":
            raise Crash
        real(old, new)

    with vn.distillation.Distillation.open(copied) as loop:
        monkeypatch.setattr(os, "replace", crash)
        with pytest.raises(Crash):
            loop.ask(3)
        monkeypatch.setattr(os, "replace", real)
    assert len(set((copied / "parts").iterdir()) - before) == 2
    vn.distillation.Distillation.open(copied, read_only=True).close()  # removes nothing
    assert len(set((copied / "parts").iterdir()) - before) == 2
    vn.distillation.Distillation.open(copied).close()
    assert set((copied / "parts").iterdir()) == before


@pytest.mark.parametrize("request_", [-7, 2**31, 2**62, np.nan, np.inf, -(2**63), 1e300])
@pytest.mark.parametrize("frame", [False, True])
def test_answers_to_what_was_not_asked(request_, frame):
    world = World()
    loop = world.loop()
    loop.ask()
    before = loop.pending.request.tolist()
    with pytest.raises((ValueError, TypeError)):
        loop.tell({"request": [request_], "vote": [1]} if frame else [request_],
                  None if frame else [1])  # fmt: skip
    assert loop.pending.request.tolist() == before


def test_a_writer_that_waits_does_not_wait_for_ever(tmp_path):
    start = time.monotonic()
    for _ in range(20):
        write(tmp_path / "a")
    assert time.monotonic() - start < 20.0
