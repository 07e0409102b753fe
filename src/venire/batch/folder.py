"""A folder of parts that appears whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from venire._core import disk, remote
from venire.io import DataError
from venire.io.tables_out import about

__all__ = ["check_folder", "output_folder", "publish"]

MARKER = "_summary.json"
_REFUSED = "cannot be written: it exists and is no output of an earlier run"
_ELSEWHERE = (
    "cannot be written: a folder of parts lies on a disk that all workers see; "
    "without workers the output may be one file there"
)

Path = str | os.PathLike[str]


def check_folder(path: Path, sources: Sequence[Path]) -> None:
    """Refuse a place where no folder of parts may appear.

    Parameters
    ----------
    path : path-like
        A new folder, an empty one, or one that an earlier run wrote and that holds nothing else; it
        is replaced.
    sources : sequence of path-like
        What is read; the output may not lie within.

    Raises
    ------
    DataError
        If `path` is something else, or cannot be written.
    """
    if remote.url_of(path):
        raise DataError(path, _ELSEWHERE)
    path = os.path.abspath(remote.local(path))
    above = os.path.dirname(path)
    for source in sources:
        if (os.path.realpath(path) + os.sep).startswith(os.path.realpath(source) + os.sep):
            raise DataError(path, "cannot be written: it lies within the folder that is read")
    if not os.path.isdir(above):
        raise DataError(path, f"cannot be written: there is no folder {above}")
    if not os.path.lexists(path):
        return
    if os.path.islink(path) or not os.path.isdir(path):
        raise DataError(path, _REFUSED)
    strange = sorted({*os.listdir(path)} - _recorded(os.path.join(path, MARKER)))
    if strange:
        raise DataError(path, f"{_REFUSED}: it holds {strange[0]!r}")


@contextmanager
def output_folder(path: Path, sources: Sequence[Path]) -> Iterator[str]:
    """A hidden folder beside `path`, which takes its place at the end; see `check_folder`."""
    check_folder(path, sources)
    with ExitStack() as stack:
        with about(path):
            staging = stack.enter_context(disk.whole_folder(path))
        yield staging
        check_folder(path, sources)  # once more: hours may have passed
        with about(path):
            stack.close()


def publish(staging: str, parts: Sequence[str], summary: dict[str, Any]) -> None:
    """Write the summary, which lists the parts; nothing but these stays in the folder."""
    with about(staging):
        for name in set(os.listdir(staging)) - set(parts):  # of a worker that died
            os.unlink(os.path.join(staging, name))
        with open(os.path.join(staging, MARKER), "w", encoding="utf-8") as file:
            json.dump(summary, file, ensure_ascii=False, indent=1)
            file.write("\n")


def _recorded(marker: str) -> set[str]:
    """The names in a folder that the summary in it says were written."""
    try:
        with open(marker, encoding="utf-8") as file:
            return {MARKER, *(part["name"] for part in json.load(file)["parts"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
