"""The state folder: resumes exactly, survives a crash anywhere, one writer at a time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from distillation_data import World, play, same

import venire as vn
from venire.distillation import Distillation, _store

pytest.importorskip("pyarrow")
linear_model = pytest.importorskip("sklearn.linear_model")
# a part of the bridges links a part of the groups
pytestmark = pytest.mark.filterwarnings("ignore::venire.errors.NotIdentifiedWarning")


def calls(world):
    """A loop's life, one change at a time."""

    def tell(loop, some):
        requests = loop.pending.select(some)
        loop.tell(requests.request, world.votes(requests))

    def soft(loop, _=None):
        p = np.tile([0.5, 0.2, 0.3], (3, 1))
        loop.tell(loop.pending.request[:3], probabilities=p)

    return [
        lambda loop: loop.ask(),
        lambda loop: tell(loop, slice(0, 20)),
        lambda loop: tell(loop, slice(0, 30)),
        lambda loop: loop.fit_student(linear_model.Ridge(), world.features),
        lambda loop: loop.ask(10),
        soft,
        lambda loop: loop.withdraw("bea"),
        lambda loop: tell(loop, slice(None)),
        lambda loop: loop.tell([0], [0], replace=True),
        lambda loop: loop.fit_student(linear_model.Ridge(2.0), world.features),
        lambda loop: loop.ask(12, criterion="A"),
    ]


@pytest.mark.parametrize("method", ["auto", "judges"])
def test_a_loop_opened_after_every_call_is_the_one_that_was_never_closed(method, tmp_path):
    world = World()
    memory, folder = world.loop(method=method), tmp_path / "loop"
    world.loop(folder=folder, method=method).close()
    for call in calls(world):
        call(memory)
        with Distillation.open(folder) as loop:
            call(loop)
            assert same(loop, memory)
        with Distillation.open(folder) as loop:
            assert same(loop, memory)
    with Distillation.open(folder, n_threads=1) as loop:
        found = loop.fit()
        assert np.array_equal(found.fit.theta, memory.fit().fit.theta)
        assert (found.judges is not None) == (method == "judges")
        assert str(loop.report()) == str(memory.report())
        assert np.array_equal(loop.predictions, memory.predictions)


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("call", range(11))
def test_a_crash_anywhere_in_a_call_leaves_all_of_it_or_nothing(call, tmp_path, monkeypatch):
    world = World()
    life = calls(world)
    before, after = world.loop(), world.loop()
    for one in life[:call]:
        one(before)
    for one in life[: call + 1]:
        one(after)
    real = {"replace": os.replace, "fsync": os.fsync}
    before.save(tmp_path / "before")
    at, done = 0, False
    while not done:
        folder = tmp_path / str(at)
        shutil.copytree(tmp_path / "before", folder)
        with Distillation.open(folder) as loop:
            count = [0]

            def crash(name, late, count=count, at=at):
                def run(*arguments):
                    count[0] += 1
                    if count[0] == at + 1 and not late:
                        raise Crash
                    out = real[name](*arguments)
                    if count[0] == at + 1:
                        raise Crash
                    return out

                return run

            monkeypatch.setattr(_store.os, "replace", crash("replace", at % 2 == 1))
            monkeypatch.setattr(_store.os, "fsync", crash("fsync", False))
            try:
                life[call](loop)
                done = True
            except Crash:
                with pytest.raises(vn.errors.StateError, match="is closed"):
                    loop.ask()
            finally:
                monkeypatch.setattr(_store.os, "replace", real["replace"])
                monkeypatch.setattr(_store.os, "fsync", real["fsync"])
        with Distillation.open(folder) as again:
            assert same(again, after) or (not done and same(again, before))
            if not same(again, after):
                life[call](again)
                assert same(again, after)
        with Distillation.open(folder) as again:
            assert same(again, after)
        at += 1
    assert at > 3


def test_a_crash_at_creation_leaves_a_folder_in_which_a_loop_can_be_created(tmp_path, monkeypatch):
    world, real = World(), os.replace
    for at in range(4):
        count = [0]

        def crash(*arguments, count=count, at=at):
            count[0] += 1
            if count[0] == at + 1:
                raise Crash
            return real(*arguments)

        monkeypatch.setattr(_store.os, "replace", crash)
        with pytest.raises(Crash):
            world.loop(folder=tmp_path / str(at))
        monkeypatch.setattr(_store.os, "replace", real)
        with pytest.raises(vn.errors.StateError, match="holds no state"):
            Distillation.open(tmp_path / str(at))
        with world.loop(folder=tmp_path / str(at)) as loop:
            assert same(loop, world.loop())


def test_what_a_crash_left_over_is_not_mistaken_for_a_part(tmp_path):
    world = World()
    play(world.loop(folder=tmp_path), world).close()
    number = json.loads((tmp_path / "state.json").read_text())["parts"][1]
    (tmp_path / "parts" / f"{number:08d}-asks.parquet").write_bytes(b"half a fi")
    (tmp_path / "parts" / f"{number:08d}-answers.tmp").write_bytes(b"")
    with Distillation.open(tmp_path) as loop:
        loop.withdraw("ann")
        loop.ask(5)
    with Distillation.open(tmp_path) as loop:
        assert loop.n_rounds == 2
    for name in ("asks.parquet", "answers.tmp"):  # which nobody has written here
        assert (tmp_path / "parts" / f"{number:08d}-{name}").exists()


def test_a_folder_has_one_writer_and_readers(tmp_path):
    world = World()
    loop = play(world.loop(folder=tmp_path), world)
    with pytest.raises(vn.errors.StateError, match=f"is in use by process {os.getpid()} on "):
        Distillation.open(tmp_path)
    reader = Distillation.open(tmp_path, read_only=True)
    assert same(reader, loop)
    with pytest.raises(vn.errors.StateError, match="not open for changes"):
        reader.ask()
    with pytest.raises(vn.errors.StateError, match="not open for changes"):
        reader.withdraw("ann")
    assert same(reader, loop)
    reader.close()
    loop.ask()  # a reader that closes lets go of nothing
    loop.close()
    with pytest.raises(vn.errors.StateError, match="is closed"):
        loop.ask()
    Distillation.open(tmp_path).close()


def test_the_second_process_is_told_and_the_lock_dies_with_its_holder(tmp_path):
    world = World()
    play(world.loop(folder=tmp_path), world).close()
    code = """
        import sys, time, venire as vn
        loop = vn.distillation.Distillation.open(sys.argv[1])
        print("open", flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(vn.errors.StateError, match=f"in use by process {process.pid} on"):
            Distillation.open(tmp_path)
        with pytest.raises(vn.errors.StateError, match=r"in use|holds a loop already"):
            world.loop(folder=tmp_path)
        process.send_signal(signal.SIGKILL)
    with Distillation.open(tmp_path) as loop:
        assert loop.n_rounds == 1


def test_a_process_killed_while_it_tells_loses_nothing_that_was_told(tmp_path):
    code = """
        import sys
        sys.path.insert(0, sys.argv[2])
        from distillation_data import World
        world = World()
        loop = world.loop(folder=sys.argv[1])
        requests = loop.ask()
        votes = world.votes(requests)
        for k in range(len(requests)):
            loop.tell(requests.request[k : k + 1], votes[k : k + 1])
            print(k, flush=True)
    """
    folder = tmp_path / "loop"
    command = [sys.executable, "-c", textwrap.dedent(code), str(folder), os.path.dirname(__file__)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(7):
            last = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        last = max([last, *(int(line) for line in process.stdout if line.endswith("\n"))])
    world = World()
    with Distillation.open(folder) as loop:
        done = np.setdiff1d(np.arange(loop._state.ledger.n_requests), loop.pending.request)
        assert set(range(last + 1)) <= set(done.tolist())
        requests = loop.requests()
        told = loop.tell(requests.request, world.votes(requests))
        assert told.repeated == len(done)
        assert same(loop, play(world.loop(), world))


@pytest.mark.parametrize("version", [0, 1, 2, "3", None])
def test_another_version(tmp_path, version):
    World().loop(folder=tmp_path).close()
    state = json.loads((tmp_path / "state.json").read_text())
    (tmp_path / "state.json").write_text(json.dumps(state | {"format": version}))
    with pytest.raises(
        vn.errors.StateError, match=f"has format {version!r}, but .* reads format 3"
    ):
        Distillation.open(tmp_path)
    with pytest.raises(vn.errors.StateError, match="has format"):  # and the lock was released
        Distillation.open(tmp_path)


def test_folders_that_hold_no_loop(tmp_path):
    with pytest.raises(vn.errors.StateError, match="holds no state of a loop"):
        Distillation.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    World().loop(folder=tmp_path / "a").close()
    with pytest.raises(vn.errors.StateError, match="holds a loop already"):
        World().loop(folder=tmp_path / "a")
    (tmp_path / "a" / "state.json").write_text("{")
    with pytest.raises(vn.errors.StateError, match="is not the state of a loop"):
        Distillation.open(tmp_path / "a")
    World().loop(folder=tmp_path / "b").close()
    next((tmp_path / "b" / "parts").glob("00000000-*")).unlink()
    with pytest.raises(vn.errors.StateError, match="part 0 is missing"):
        Distillation.open(tmp_path / "b")
    World().loop(folder=tmp_path / "c").close()
    next((tmp_path / "c" / "parts").glob("00000001-*")).write_bytes(b"PAR1")
    with pytest.raises(vn.errors.StateError, match="cannot be read"):
        Distillation.open(tmp_path / "c")


def test_save_writes_a_loop_that_was_in_memory(tmp_path):
    world = World()
    loop = play(world.loop(), world, 2)
    loop.fit_student(linear_model.Ridge(), world.features)
    loop.save(tmp_path / "a")
    with Distillation.open(tmp_path / "a") as again:
        assert same(again, loop)
        again.save(tmp_path / "a")  # is there already
        assert play(again, world).n_rounds == 3
    play(loop, world)
    loop.save(tmp_path / "a")
    with Distillation.open(tmp_path / "a") as again:
        assert same(again, loop)
    assert len(list((tmp_path / "a" / "parts").iterdir())) == 4
    other = World(seed=1).loop(rng=7)
    with pytest.raises(vn.errors.StateError, match="holds another loop"):
        other.save(tmp_path / "a")
    with pytest.raises(vn.errors.StateError, match="holds another loop"):
        World(7, 8).loop().save(tmp_path / "a")


def test_labels_and_gold_come_back_as_they_were(tmp_path):
    group = np.array(["ö", "ö", "a b"], object)
    item = np.array([2**40, -3, 5])
    gold = np.array([1.5, np.nan, 0.0])
    with Distillation((group, item), [7, 3], gold=gold, prior=None, panel=[3], rng=2**70,
                      folder=tmp_path) as loop:  # fmt: skip
        settings = loop._state.settings
    with Distillation.open(tmp_path) as loop:
        assert loop.items[0].tolist() == group.tolist()
        assert loop.items[1].tolist() == item.tolist()
        assert loop.items[1].dtype == np.int64
        assert loop.teachers.tolist() == [7, 3]
        assert loop._state.settings == settings
        universe = loop._state.universe
        assert np.array_equal(universe.gold[universe.flat], gold, equal_nan=True)


def test_a_loop_of_many_small_calls_stays_quick_to_open(tmp_path):
    world = World()
    with world.loop(folder=tmp_path) as loop:
        requests = loop.ask()
        for k in range(60):
            loop.tell(requests.request[k : k + 1], [1])
    start = time.perf_counter()
    Distillation.open(tmp_path).close()
    assert time.perf_counter() - start < 5.0


def test_priors_item_by_item_come_back(tmp_path):
    world = World(2, 4)
    labels = list(zip(*(labels.tolist() for labels in world.items), strict=True))
    prior = vn.GaussianPrior(0.1, mean={label: 0.1 * k for k, label in enumerate(labels)})
    with world.loop(prior=prior, bridges=0, folder=tmp_path) as loop:
        theta = play(loop, world).fit().fit.theta
    with Distillation.open(tmp_path) as again:
        assert again.settings == loop.settings
        assert np.array_equal(again.fit().fit.theta, theta)
    plain = play(world.loop(bridges=0), world).fit().fit.theta
    assert not np.allclose(theta, plain)
