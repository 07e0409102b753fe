"""Clients of the installed package: from Cython, from C, compiled by Numba and through ctypes.

The two packages are built here, as others would build them, from what is installed; `make clients`
does so in an environment that has nothing but a wheel.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import header
import numpy as np
import pytest
from clients.cases import CASES, grid

import venire as vn

HERE = Path(__file__).parent
WITH = {"cython": "cython_package", "c": "c_extension"}
MUST = bool(os.environ.get("VENIRE_CLIENTS"))  # where all of them are to be there

#: What venire.jit does not have: structs, texts, and loops of callbacks.
NOT_IN_JIT = {
    "model_name", "model_has_tie", "stream_words", "beta_update_many", "fit", "fit_groups",
    "team_size", "team_run", "status_text",
}  # fmt: skip


def lacking(reason):
    if MUST:
        pytest.fail(reason)
    pytest.skip(reason)


def build(folder, work, include=None):
    """Build a package where nothing of the source tree is but its own files; returns its module."""
    copy = work / folder
    shutil.copytree(HERE / folder, copy)
    if include is not None:
        setup = copy / "setup.py"
        setup.write_text(setup.read_text().replace("venire.get_include()", f"{str(include)!r}"))
    done = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=copy, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (module,) = copy.glob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}")
    return module


def load(path):
    name = path.name.partition(".")[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ImportError:
        del sys.modules[name]
        raise
    return module


def needs_a_build(kind):
    if header.compiler() is None:
        lacking("there is no C compiler")
    for name in ("setuptools", "Cython")[: 2 if kind == "cython" else 1]:
        if importlib.util.find_spec(name) is None:
            lacking(f"{name} is not installed")


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The extension modules, built when they are first asked for."""
    made = {}

    def module(kind):
        if kind not in made:
            needs_a_build(kind)
            made[kind] = build(WITH[kind], tmp_path_factory.mktemp(kind))
        return made[kind]

    return module


@pytest.fixture(scope="module")
def clients(modules, tmp_path_factory):
    loaded = {}

    def client(kind):
        if kind in loaded:
            return loaded[kind]
        if kind in WITH:
            found = load(modules(kind))
        elif kind == "numba":
            if importlib.util.find_spec("numba") is None:
                lacking("numba is not installed")
            copy = (
                tmp_path_factory.mktemp("numba") / "numba_client.py"
            )  # what is compiled lies by it
            found = load(Path(shutil.copy(HERE / "numba_client.py", copy)))
        else:
            found = load(HERE / "ctypes_client.py")
        loaded[kind] = found
        return found

    return client


KINDS = ("cython", "c", "numba", "ctypes")


def test_every_function_has_a_case():
    assert set(CASES) == {f.name for f in header.functions()}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_python_says(clients, kind, name):
    if kind == "numba" and name in NOT_IN_JIT:
        pytest.skip("not for Numba")
    CASES[name](clients(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_two_threads_at_once(clients, kind):
    client = clients(kind)
    a, b, x = (np.tile(v, 40) for v in grid())
    expected = vn.BetaPosterior(a, b).cdf(x)
    first = np.arange(200, dtype=np.int32) % 7
    second = (first + 1 + np.arange(200, dtype=np.int32) % 6) % 7
    one = np.ones(200)
    alone = np.empty(7)
    assert client.fit_small(0, 0.1, first, second, one, one, alone) == 0
    faults = []

    def work():
        out, theta = np.empty(len(a)), np.empty(7)
        for _ in range(5):
            client.beta_cdf_many(a, b, x, out, 2)
            client.fit_small(0, 0.1, first, second, one, one, theta)
            if not np.allclose(out, expected, rtol=1e-12, atol=0) or (theta != alone).any():
                faults.append(out)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


@pytest.mark.parametrize("kind", ["cython", "c", "ctypes"])
def test_what_is_no_array_of_the_type_is_refused(clients, kind):
    client = clients(kind)
    x, out = np.full(6, 0.5), np.empty(6)
    for wrong in (x.astype(np.float32), np.ones(6, np.int64), np.ones(12)[::2]):
        with pytest.raises(TypeError):
            client.beta_cdf_many(wrong, x, x, out)
        with pytest.raises(TypeError):
            client.beta_cdf_many(x, x, x, wrong)


@pytest.mark.parametrize("kind", ["cython", "c"])
def test_what_is_no_array_at_all_is_refused(clients, kind):
    client = clients(kind)
    x, out = np.full(6, 0.5), np.empty(6)
    out.flags.writeable = False
    with pytest.raises(TypeError, match="out"):
        client.beta_cdf_many(x, x, x, out)
    with pytest.raises(TypeError, match="alpha"):
        client.beta_cdf_many([0.5] * 6, x, x, x.copy())
    with pytest.raises(ValueError, match="alpha"):
        client.beta_cdf_many(x[:5], x, x, x.copy())
    first = np.zeros(3, np.int64)
    with pytest.raises(TypeError, match="first"):
        client.fit_small(0, 0.0, first, first, x[:3].copy(), x[:3].copy(), np.empty(2))


def test_typed_code_refuses_other_arrays(clients):
    from numba.core.errors import TypingError

    client, x = clients("numba"), np.full(6, 0.5)
    for wrong in (x.astype(np.float32), np.ones(12)[::2]):
        with pytest.raises(TypingError, match="alpha: must be"):
            client.beta_cdf_many(wrong, x, x, np.empty(6))
    with pytest.raises(ValueError, match="lengths differ"):
        client.beta_cdf_many(x[:5].copy(), x, x, np.empty(6))


def test_what_c_gets_wrong_is_a_status(clients):
    null, size, unsized, *others = clients("c").misuse()
    assert (null, size, unsized) == (8, 9, 9)
    assert others == [8, 8, 9, 8, 9, 8, 8]


WAIT = """
import importlib.util, signal, sys, threading, time, os
spec = importlib.util.spec_from_file_location(sys.argv[1], sys.argv[2])
client = importlib.util.module_from_spec(spec)
spec.loader.exec_module(client)
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
began = time.monotonic()
try:
    client.team_wait(20_000, 2)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - began < 10.0)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("kind", list(WITH))
def test_ctrl_c_ends_a_loop_of_the_clients(modules, kind):
    path = modules(kind)
    done = subprocess.run(
        [sys.executable, "-c", WAIT, path.name.partition(".")[0], str(path)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "interrupted True\n", done.stderr


@pytest.mark.parametrize(
    ("kind", "part", "number"),
    [("c", "MAJOR", 9), ("c", "MAJOR", 0), ("c", "MINOR", 999), ("cython", "MAJOR", 9)],
)
def test_a_client_of_another_version_is_refused(tmp_path, kind, part, number):
    needs_a_build(kind)
    include = tmp_path / "include"
    include.mkdir()
    text = Path(vn.get_include(), "venire.h").read_text(encoding="utf-8")
    changed = re.sub(rf"(#define VENIRE_API_{part}) \d+", rf"\1 {number}", text)
    (include / "venire.h").write_text(changed, encoding="utf-8")
    path = build(WITH[kind], tmp_path, include)
    with pytest.raises(ImportError, match=r"compiled for version \d+\.\d+ of venire's C interface"):
        load(path)


# --- Numba ----------------------------------------------------------------------------------------


def test_in_loops_over_threads_and_in_ufuncs(clients):
    client = clients("numba")
    a, b, x = grid()
    alone = np.array([client.beta_cdf(*row) for row in zip(a, b, x, strict=True)])
    assert (client.cdf_in_parallel(a, b, x) == alone).all()
    assert (client.cdf_ufunc(a, b, x) == alone).all()
    assert client.cdf_ufunc(a[:9, None], 2.0, x).shape == (9, len(x))


def test_fits_in_a_loop_over_threads(clients):
    from clients.cases import groups

    data = groups()
    n = len(data[0]) - 1
    theta, status = np.empty(data[1][-1]), np.full(n, -1)
    clients("numba").fits_in_parallel(*data, theta, status, 0.5)
    assert status.tolist() == [7 if k == 7 else 0 for k in range(n)]
    expected, own = np.empty_like(theta), np.empty(n, np.int8)
    clients("ctypes").fit_groups(*data, expected, own, 0, 0.5)
    assert (theta == expected).all()


CACHED = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import numba_client as client
x = np.full(3, 0.5)
out = np.empty(3)
client.beta_cdf_many(x, x, x, out)
value = client.beta_cdf(8.0, 4.0, 0.5)
hits = [sum(f.stats.cache_hits.values()) for f in (client.beta_cdf, client.beta_cdf_many)]
print(hits, repr(value), out.tolist())
"""


def test_what_is_compiled_is_found_by_another_process(clients, tmp_path):
    clients("numba")  # there is Numba
    shutil.copy(HERE / "numba_client.py", tmp_path)
    said = []
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", CACHED, str(tmp_path)], capture_output=True, text=True,
            check=False, env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.split("]", 1))
    assert said[0][0] == "[0, 0"
    assert said[1][0] == "[1, 1"
    assert said[0][1] == said[1][1]


def test_the_names_of_jit_are_those_of_the_table():
    table = {f.name for f in header.functions()} - NOT_IN_JIT
    own = {"link_probability": "link"}
    assert {own.get(name, name) for name in table} == set(vn.jit.__all__)
