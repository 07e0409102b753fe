"""What this installation of the package is made of."""

from __future__ import annotations

import platform
from typing import Literal, overload

import venire._native.build_info as build_info
from venire._core import checks

__all__ = ["show_config"]

_DEPENDENCIES = ("numpy", "scipy", "narwhals")
_OPTIONAL = ("pyarrow", "numba", "pandas", "polars", "typer", "rich", "matplotlib", "scikit-learn")


def _version(name: str) -> str | None:
    from importlib import metadata  # 20 ms: not at import

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _collect() -> dict[str, dict[str, object]]:
    packages = {name: _version(name) for name in (*_DEPENDENCIES, *_OPTIONAL)}
    return {
        "build": {
            "venire": _version("venire"),
            "compiler": build_info.compiler(),
            "cython": build_info.cython(),
            "dispatch": build_info.dispatch(),
            "sanitizers": build_info.sanitizers() or None,
        },
        "run": {
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            "threads": checks.n_threads(None),
        },
        "packages": {name: version for name, version in packages.items() if version},
    }


@overload
def show_config(mode: Literal["print"] = "print") -> None: ...
@overload
def show_config(mode: Literal["dict"]) -> dict[str, dict[str, object]]: ...
def show_config(mode: str = "print") -> dict[str, dict[str, object]] | None:
    """Say what was built in: compiler, instruction sets, threads, versions.

    Parameters
    ----------
    mode : {"print", "dict"}
        Print a table, or return the same facts as nested dictionaries.

    Returns
    -------
    dict or None
        With ``mode="dict"``: the sections ``build`` (``dispatch`` is the instruction set of the
        hot loops on this machine: ``x86-64-v4``, ``x86-64-v3``, ``baseline``, or ``none`` for a
        build without dispatch), ``run`` (``threads`` is what ``n_threads=None`` stands for) and
        ``packages``.

    Raises
    ------
    ValueError
        If `mode` is anything else.

    Examples
    --------
    >>> import venire as vn
    >>> sorted(vn.show_config("dict"))
    ['build', 'packages', 'run']
    >>> vn.show_config("dict")["run"]["threads"] >= 1
    True
    """
    checks.one_of(mode, "mode", ("print", "dict"))
    config = _collect()
    if mode == "dict":
        return config
    for section, facts in config.items():
        print(section)
        for name, value in facts.items():
            print(f"  {name:<12} {'no' if value is None else value}")
    return None
