"""Kernels called from Numba, Cython, C and Python, a call at a time, beside SciPy's and NumPy's."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import venire as vn

SEED = 20261130
HERE = Path(__file__).parent / "clients"
COUNTS = {"full": 1_000_000, "quick": 20_000}  # pairs; of what takes microseconds, a hundredth
#: function -> the sides from which it is called
SIDES = {
    "beta_cdf, shapes below 500": (
        "Numba",
        "Cython",
        "C",
        "Numba, SciPy",
        "Cython, SciPy",
        "Python",
    ),
    "beta_cdf, shapes to 100,000": ("Numba", "Cython", "C", "Numba, SciPy", "Cython, SciPy"),
    "beta_cdf_many": ("Numba", "Python", "SciPy"),
    "beta_quantile": ("Numba", "Cython", "C", "Cython, SciPy"),
    "link": ("Numba", "Numba, by hand", "NumPy"),
    "fit of 300 rows": ("Numba", "Cython", "C", "ctypes", "Python"),
}
SLOW = ("Python", "ctypes")
FITS = 200


@pytest.fixture(scope="session")
def loops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The extension modules; empty where they cannot be built."""
    folder = tmp_path_factory.mktemp("loops") / "clients"
    shutil.copytree(HERE, folder)
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        return {}
    sys.path.insert(0, str(folder))
    return {kind: importlib.import_module(f"{kind.lower()}_loops") for kind in ("Cython", "C")}


@cache
def compiled() -> dict[str, Any]:
    """Numba's loops."""
    import numba as nb
    import scipy.special.cython_special as special
    from numba.extending import get_cython_function_address

    from venire import jit

    names = [n for n, c in special.__pyx_capi__.items() if n.endswith("betainc")]
    double = next(n for n in names if "double (double" in str(special.__pyx_capi__[n]))
    address = get_cython_function_address("scipy.special.cython_special", double)
    betainc = ctypes.CFUNCTYPE(*[ctypes.c_double] * 4)(address)

    @nb.njit
    def cdf(a: Any, b: Any, x: Any, out: Any) -> None:
        for k in range(len(out)):
            out[k] = jit.beta_cdf(a[k], b[k], x[k])

    @nb.njit
    def cdf_scipy(a: Any, b: Any, x: Any, out: Any) -> None:
        for k in range(len(out)):
            out[k] = betainc(a[k], b[k], x[k])

    @nb.njit
    def many(a: Any, b: Any, x: Any, out: Any) -> None:
        jit.beta_cdf_many(a, b, x, out)

    @nb.njit
    def quantile(a: Any, b: Any, q: Any, out: Any) -> None:
        for k in range(len(out)):
            out[k] = jit.beta_quantile(a[k], b[k], q[k])

    @nb.njit
    def link(d: Any, out: Any) -> None:
        for k in range(len(out)):
            out[k] = jit.link(0, d[k])

    @nb.njit
    def link_by_hand(d: Any, out: Any) -> None:
        for k in range(len(out)):
            out[k] = 1.0 / (1.0 + np.exp(-d[k]))

    @nb.njit
    def fits(times: Any, first: Any, second: Any, win: Any, loss: Any, theta: Any) -> Any:
        status = 0
        for _ in range(times):
            status |= jit.fit_small(first, second, win, loss, theta, 0, 0.1)
        return status

    return {
        "cdf": cdf, "cdf_scipy": cdf_scipy, "many": many, "quantile": quantile, "link": link,
        "link_by_hand": link_by_hand, "fits": fits,
    }  # fmt: skip


def shapes(n: int, most: float) -> list[np.ndarray]:
    """alpha, beta, a point that the posterior may have, and where the result goes."""
    rng = np.random.default_rng([SEED, n])
    a, b = rng.uniform(0.5, most, (2, n))
    return [a, b, rng.beta(a, b), np.empty(n)]


def rows() -> list[np.ndarray]:
    """A fit's 300 rows of 20 items, and theta."""
    rng = np.random.default_rng(SEED)
    first = rng.integers(0, 20, 300)
    second = (first + rng.integers(1, 20, 300)) % 20
    theta = rng.normal(size=20)
    win = (rng.random(300) < 1.0 / (1.0 + np.exp(theta[second] - theta[first]))).astype(float)
    return [first.astype(np.int32), second.astype(np.int32), win, 1.0 - win, np.empty(20)]


def one_by_one(function: Any, arrays: list[np.ndarray]) -> None:
    *inputs, out = arrays
    for k, row in enumerate(zip(*(x.tolist() for x in inputs), strict=True)):
        out[k] = function(*row)


def by_ctypes(times: int, *arrays: np.ndarray) -> int:
    fit = ctypes.CDLL(vn.kernels.get_library()).venire_fit_small
    fit.argtypes = [ctypes.c_int32, ctypes.c_double, *[ctypes.c_int64] * 2, *[ctypes.c_void_p] * 5]
    *data, theta = arrays
    status = 0
    for _ in range(times):
        starts = [x.ctypes.data for x in arrays]
        status |= fit(0, 0.1, len(theta), len(data[0]), *starts)
    return status


def by_python(times: int, *arrays: np.ndarray) -> int:
    first, second, win, loss, theta = arrays
    prior = vn.GaussianPrior(0.1)
    for _ in range(times):
        c = vn.Comparisons.from_counts(first, second, win, loss)
        theta[:] = vn.fit_bradley_terry(c, prior=prior, n_threads=1).theta
    return 0


def of_array(function: str, side: str, n: int) -> tuple[Any, list[Any]]:
    """What is called, and with what, of the functions of a distribution."""
    from scipy import special

    own = shapes(n, 1e5 if "100,000" in function else 500.0)
    if side == "Python" and function == "beta_cdf_many":
        return lambda a, b, x, out: np.copyto(out, vn.BetaPosterior(a, b).cdf(x)), own
    if side == "SciPy":
        return lambda a, b, x, out: special.betainc(a, b, x, out=out), own
    if side == "Python":
        return lambda *arrays: one_by_one(
            lambda a, b, x: vn.BetaPosterior(a, b).cdf(x), arrays
        ), own
    if function == "beta_cdf_many":
        return compiled()["many"], own
    return None, own


def chosen(function: str, side: str, n: int, loops: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The function of a side, and its arguments."""
    kind, _, other = side.partition(", ")
    if function == "link":
        d = np.random.default_rng(SEED).normal(0.0, 2.0, n)
        if side == "NumPy":
            return lambda d, out: np.divide(1.0, 1.0 + np.exp(-d), out=out), [d, np.empty(n)]
        return compiled()["link_by_hand" if other else "link"], [d, np.empty(n)]
    if function.startswith("fit"):
        sides = {"ctypes": by_ctypes, "Python": by_python}
        if side in sides:
            return sides[side], [n, *rows()]
        return compiled()["fits"] if kind == "Numba" else loops[kind].fits, [n, *rows()]
    call, own = of_array(function, side, n)
    name = ("quantile" if "quantile" in function else "cdf") + ("_scipy" if other else "")
    if call is None:
        call = compiled()[name] if kind == "Numba" else getattr(loops[kind], name)
    return call, own


@pytest.mark.benchmark(group="clients")
@pytest.mark.parametrize(("function", "side"), [(f, s) for f, own in SIDES.items() for s in own])
def test_clients(benchmark, size, loops, function, side):
    kind = side.partition(", ")[0]
    if kind == "Numba":
        pytest.importorskip("numba")
    if kind in ("Cython", "C") and not loops:
        pytest.skip("the loops could not be built")
    slow = (side in SLOW and "many" not in function) or "quantile" in function
    n = COUNTS[size] // (100 if slow else 1)
    if function.startswith("fit"):
        n = FITS
    call, arguments = chosen(function, side, n, loops)
    call(*arguments)  # compiled, and in the cache
    benchmark.extra_info.update(function=function, side=side, n=n)
    benchmark.pedantic(call, args=arguments, rounds=7, iterations=1)
