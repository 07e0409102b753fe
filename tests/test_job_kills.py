"""Jobs killed with SIGKILL at random moments, hostile folders, and bad files among good ones.

``python -m benchmarks.kills`` does a hundred kills of each kind.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from jobs_data import COMMANDS, lay_out
from typer.testing import CliRunner

from venire._core import recorded
from venire._core.records import Record, write
from venire.cli._app import app

pytest.importorskip("pyarrow")
ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
kills = pytest.importorskip("benchmarks.kills")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = kills.Server(tmp_path_factory.mktemp("server") / "errors")
    yield one
    one.close()


@pytest.mark.parametrize("name", ["groups", "bootstrap"])
def test_killed_at_random(name, server, tmp_path):
    lay_out(tmp_path / "in")
    found = kills.kills(name, 2, server, tmp_path / "in", seed=1)
    assert found["right"] == found["killed"] == 2
    assert found["lost"] == 1


class Killed(BaseException):
    """Ends a run where it is."""


def venire(*words):
    return CliRunner().invoke(app, [str(x) for x in words])


@pytest.mark.parametrize("name", ["groups", "rate"])
def test_bad_files_among_good_ones(name, tmp_path, monkeypatch):
    """Twenty of forty: cut off, overwritten, or without a column."""
    import pyarrow.parquet as pq

    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path, n_files=40)
    words, files = COMMANDS[name]
    rng = np.random.default_rng(0)
    folder = tmp_path / words[1]
    bad = sorted(rng.choice(40, 20, replace=False).tolist())
    data = {k: (folder / f"{k}.parquet").read_bytes() for k in bad}
    for k in bad:
        (folder / f"{k}.parquet").unlink()
    assert venire(*words).exit_code == 0
    want = [Path(file).read_bytes() for file in files]
    for at, k in enumerate(bad):
        path, own = folder / f"{k}.parquet", bytearray(data[k])
        path.write_bytes(own)
        if at % 4 == 0:
            path.write_bytes(own[: int(rng.integers(1, len(own)))])
        elif at % 4 == 1:
            path.write_bytes(rng.bytes(len(own)))
        elif at % 4 == 2:
            own[-8:] = b"\xff" * 8
            path.write_bytes(own)
        else:
            pq.write_table(pq.read_table(path).drop_columns(["b"]), path)
    run = venire(*words, "--job", "run")
    assert run.exit_code == 3, run.output
    assert "20 parts were set aside" in run.output
    assert [Path(file).read_bytes() for file in files] == want
    found = json.loads(venire("status", "run", "--json").output)
    assert sorted(Path(one["path"]).name for one in found["failures"]) == sorted(
        f"{k}.parquet" for k in bad
    )


def forged(path, rng):
    """Change a record as somebody would who knows the format: the digest is right."""
    label = path.name.removesuffix(".part")
    with Record(str(path), label) as record:
        arrays = {n[:-4]: record.array(n[:-4]) for n in record.members if n.endswith(".npy")}
        tables = {n: record.table(n) for n in record.tables_held}
        facts = record.facts
    how = int(rng.integers(4))
    if how == 0 and arrays:
        name = sorted(arrays)[int(rng.integers(len(arrays)))]
        x = arrays[name].copy()
        if x.size:
            x.reshape(-1).view(np.uint8)[int(rng.integers(x.nbytes))] ^= 1 << int(rng.integers(8))
        arrays[name] = x
    elif how == 1 and arrays:
        name = sorted(arrays)[int(rng.integers(len(arrays)))]
        arrays[name] = arrays[name][: len(arrays[name]) // 2]
    elif how == 2 and facts:
        text = json.dumps(facts)
        keys = [w for w in ("n_rows", "arguments", "is_text", "dropped", "labels", "lo", "told")
                if f'"{w}"' in text]  # fmt: skip
        if keys:
            text = text.replace(f'"{keys[int(rng.integers(len(keys)))]}"', '"x"', 1)
        facts = json.loads(text)
    elif tables:
        name = sorted(tables)[int(rng.integers(len(tables)))]
        tables[name] = tables[name].slice(0, tables[name].num_rows // 2)

    def fill(out):
        out.facts = facts
        for name, table in tables.items():
            out.table(name, table)
        for name, x in arrays.items():
            out.array(name, x)

    write(str(path), label, fill)


@pytest.mark.parametrize("name", ["groups", "fit", "soft", "bootstrap", "rate", "consensus"])
def test_forged_parts_end_in_an_error_of_ours_or_are_made_again(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lay_out(tmp_path)
    words, files = COMMANDS[name]
    plain, left = recorded.write, [9 if name in ("groups", "bootstrap") else 5]

    def cut(*given):
        if not left[0]:
            raise Killed
        left[0] -= 1
        plain(*given)

    with monkeypatch.context() as patch:
        patch.setattr(recorded, "write", cut)
        with pytest.raises(Killed):
            app([*words, "--job", "whole"])
    rng = np.random.default_rng(1)
    for _ in range(4):
        shutil.rmtree("run", ignore_errors=True)
        shutil.copytree("whole", "run")
        parts = sorted(Path("run", "parts").glob("*.part"))
        forged(parts[int(rng.integers(len(parts)))], rng)
        run = venire(*words, "--job", "run")
        assert run.exit_code in (0, 1), run.output
        assert run.exception is None or isinstance(run.exception, SystemExit), run.exception
        assert "Traceback" not in run.output
        for file in files:
            Path(file).unlink(missing_ok=True)
