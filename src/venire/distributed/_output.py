"""A folder of parts that appears whole or not at all."""

from __future__ import annotations

import json
import os
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

from venire._core import disk
from venire.io import DataError
from venire.io.tables_out import about

__all__ = ["OutputFolder"]

MARKER = "_summary.json"
_REFUSED = "cannot be written: it exists and is no output of an earlier run"


class OutputFolder:
    """Collects parts in a hidden folder beside `path`, which takes its place at the end.

    Parameters
    ----------
    path : path-like
        A new folder, an empty one, or one that an earlier run wrote and that holds nothing else; it
        is replaced.
    source : path-like
        What is read; the output may not lie within.

    Attributes
    ----------
    staging : str
        Where the parts go, once the block is entered. Without an error at its end they appear.

    Raises
    ------
    DataError
        If `path` is something else, or cannot be written.
    """

    staging: str

    def __init__(self, path: str | os.PathLike[str], source: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(path)
        above = os.path.dirname(self.path)
        inside = os.path.realpath(self.path) + os.sep
        if inside.startswith(os.path.realpath(source) + os.sep):
            raise DataError(path, "cannot be written: it lies within the folder that is read")
        if not os.path.isdir(above):
            raise DataError(path, f"cannot be written: there is no folder {above}")
        if os.path.lexists(self.path):
            self._check_replaceable()
        self._place: AbstractContextManager[str] = disk.whole_folder(self.path)

    def _check_replaceable(self) -> None:
        if os.path.islink(self.path) or not os.path.isdir(self.path):
            raise DataError(self.path, _REFUSED)
        names = set(os.listdir(self.path))
        strange = sorted(names - _recorded(os.path.join(self.path, MARKER)))
        if strange:
            raise DataError(self.path, f"{_REFUSED}: it holds {strange[0]!r}")

    def __enter__(self) -> OutputFolder:
        with about(self.path):
            self.staging = self._place.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self._place.__exit__(kind, error, trace)
            return
        try:
            if os.path.lexists(self.path):
                self._check_replaceable()  # once more: hours may have passed
        except DataError as refusal:
            self._place.__exit__(DataError, refusal, refusal.__traceback__)
            raise
        with about(self.path):
            self._place.__exit__(None, None, None)

    def publish(self, parts: list[str], summary: dict[str, Any]) -> list[str]:
        """Write the summary, which lists the parts; returns the paths that they will have."""
        with about(self.path):
            for name in set(os.listdir(self.staging)) - set(parts):  # of a worker that died
                os.unlink(os.path.join(self.staging, name))
            with open(os.path.join(self.staging, MARKER), "w", encoding="utf-8") as file:
                json.dump(summary, file, ensure_ascii=False, indent=1)
                file.write("\n")
        return [os.path.join(self.path, name) for name in parts]


def _recorded(marker: str) -> set[str]:
    """The names in a folder that the summary in it says were written."""
    try:
        with open(marker, encoding="utf-8") as file:
            return {MARKER, *(part["name"] for part in json.load(file)["parts"])}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
