"""Libraries that come with an extra: what asks for one says which extra, where it is missing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

__all__ = ["LIBRARIES", "folder_of", "missing", "needs"]

#: Module: the name of its distribution, and the extra of this package that brings it ("" if none).
LIBRARIES = {
    "pyarrow": ("pyarrow", "cli"),
    "typer": ("typer", "cli"),
    "rich": ("rich", "cli"),
    "python_calamine": ("python-calamine", "excel"),
    "tabulate": ("tabulate", "cli"),
    "matplotlib": ("matplotlib", "plot"),
    "jinja2": ("jinja2", "report"),
    "markupsafe": ("markupsafe", "report"),
    "itables": ("itables", "report"),
    "sklearn": ("scikit-learn", "ml"),
    "joblib": ("joblib", "ml"),
    "dask": ("dask", "distributed"),
    "distributed": ("distributed", "distributed"),
    "numba": ("numba", "jit"),
    "fsspec": ("fsspec", "remote"),
    "aiohttp": ("aiohttp", "remote"),
    "s3fs": ("s3fs", ""),
    "gcsfs": ("gcsfs", ""),
    "huggingface_hub": ("huggingface_hub", ""),
    "adlfs": ("adlfs", ""),
    "pandas": ("pandas", ""),
    "polars": ("polars", ""),
}


def needs(module: str, what: str) -> Any:
    """The module, which `what` cannot do without.

    Raises
    ------
    ImportError
        If it is not there, or not whole: names the extra that brings it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise missing(error, what, module) from error


def folder_of(module: str, what: str) -> Path:
    """Where a module lies that `what` takes files from: it is not imported.

    Raises
    ------
    ImportError
        As `needs`.
    """
    place = find_spec(module)
    if place is None or place.origin is None:
        raise missing(ModuleNotFoundError(module, name=module), what)
    return Path(place.origin).parent


def missing(error: ImportError, what: str, module: str = "") -> ImportError:
    """The error in words of this package, if it is about one of its libraries; else as it is."""
    library = (module or error.name or "").partition(".")[0]
    if library not in LIBRARIES:
        return error
    name, extra = LIBRARIES[library]
    source = f"'venire[{extra}]'" if extra else name
    absent = isinstance(error, ModuleNotFoundError) and (error.name or "").startswith(library)
    broken = "" if absent else f" (here: {error})"
    words = f"{what} needs {name}: pip install {source}{broken}"
    return ImportError(words, name=library)
