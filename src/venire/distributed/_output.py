"""A folder of parts that appears whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from typing import Any

from venire.io import DataError

__all__ = ["OutputFolder"]

MARKER = "_summary.json"


class OutputFolder:
    """Collects parts in a hidden folder beside `path`, which takes its place at the end.

    Parameters
    ----------
    path : path-like
        A new folder, an empty one, or one that an earlier run wrote, which is replaced.
    source : path-like
        What is read; the output may not lie within.

    Raises
    ------
    DataError
        If `path` is something else, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], source: str | os.PathLike[str]) -> None:
        self.path = os.path.abspath(path)
        above, name = os.path.split(self.path)
        inside = os.path.realpath(self.path) + os.sep
        if inside.startswith(os.path.realpath(source) + os.sep):
            raise DataError(path, "cannot be written: it lies within the folder that is read")
        if not os.path.isdir(above):
            raise DataError(path, f"cannot be written: there is no folder {above}")
        if os.path.lexists(self.path) and not self._replaceable():
            raise DataError(path, "cannot be written: it exists and is no output of an earlier run")
        self.staging = os.path.join(above, f".{name}.{secrets.token_hex(4)}.part")

    def _replaceable(self) -> bool:
        if os.path.islink(self.path) or not os.path.isdir(self.path):
            return False
        names = os.listdir(self.path)
        return not names or MARKER in names

    def __enter__(self) -> OutputFolder:
        try:
            os.mkdir(self.staging)
        except OSError as error:
            raise DataError(self.path, f"cannot be written: {error.strerror}") from None
        return self

    def __exit__(self, *about: object) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)  # gone already if all went well

    def publish(self, parts: list[str], summary: dict[str, Any]) -> list[str]:
        """Write the summary and let the folder appear; returns the paths of the parts."""
        try:
            for name in set(os.listdir(self.staging)) - set(parts):  # of a worker that died
                os.unlink(os.path.join(self.staging, name))
            with open(os.path.join(self.staging, MARKER), "w", encoding="utf-8") as file:
                json.dump(summary, file, ensure_ascii=False, indent=1)
                file.write("\n")
            old = None
            if os.path.isdir(self.path):
                old = f"{self.staging}.old"
                os.rename(self.path, old)
            os.rename(self.staging, self.path)
            if old is not None:
                shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            raise DataError(self.path, f"cannot be written: {error.strerror or error}") from None
        return [os.path.join(self.path, name) for name in parts]
