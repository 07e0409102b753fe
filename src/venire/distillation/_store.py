"""A loop on disk: numbered Parquet parts, and one JSON document that says how many of them count.

A change of state is one or more new parts and then a new ``state.json``, each written beside its
place, flushed to the disk and renamed. The document is what commits: parts beyond its count are
left over from a change that was cut off, and are removed when the folder is next opened to write.
A file lock keeps a second writer out; the system drops it when a process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.errors import StateError

__all__ = ["FORMAT", "Lock", "Part", "Store"]

FORMAT = 1
_STATE, _LOCK, _PARTS = "state.json", "lock", "parts"

Table = Mapping[str, NDArray[Any]]


class Part(NamedTuple):
    """A table and what it is: "items", "asks", "requests", "answers", "closed", "predictions"."""

    kind: str
    table: Table


class Lock:
    """The right to write to a folder, held by one process at a time.

    Raises
    ------
    StateError
        If another one has it; says who.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / _LOCK
        self._file: Any = open(self.path, "a+", encoding="utf-8")  # noqa: SIM115
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.seek(0)
            holder = self._file.read().strip() or "another process"
            self._file.close()
            raise StateError(f"{folder}: is in use by {holder}") from None
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let others in."""
        if not self._file.closed:
            self._file.truncate(0)
            self._file.close()  # which drops the lock


class Store:
    """The folder of a loop.

    Parameters
    ----------
    folder : path-like
    writable : bool
        Take the lock.

    Attributes
    ----------
    state : dict
        The document as it was last committed: its keys "settings" and "head" are the caller's.

    Raises
    ------
    StateError
        If the folder holds no state, one of another version, or is in use.
    """

    def __init__(self, folder: str | os.PathLike[str], *, writable: bool = True) -> None:
        self.folder = Path(folder)
        if not (self.folder / _STATE).is_file():
            raise StateError(f"{self.folder}: holds no state of a loop (no {_STATE})")
        self.lock = Lock(self.folder) if writable else None
        try:
            self.state = self._read()
            self.first, self.end = self.state["parts"]
            if writable:
                self._tidy()
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(
        cls, folder: str | os.PathLike[str], settings: Any, head: Any, *parts: Part
    ) -> Store:
        """A new folder, or an empty one, with these parts in it.

        Raises
        ------
        StateError
            If there is a state in it already, or it is in use.
        """
        path = Path(folder)
        (path / _PARTS).mkdir(parents=True, exist_ok=True)
        lock = Lock(path)
        if (path / _STATE).exists():
            lock.release()
            raise StateError(
                f"{path}: holds a loop already; Distillation.open(...) goes on with it"
            )
        self = cls.__new__(cls)
        self.folder, self.lock = path, lock
        self.state = {"format": FORMAT, "settings": settings}
        self.first = self.end = 0
        try:
            self._tidy()
            self.commit(head, *parts)
        except BaseException:
            self.close()
            raise
        return self

    @staticmethod
    def plain(value: Any) -> Any:
        """A value as it comes back from the document."""
        return json.loads(json.dumps(value))

    # ---- reading ------------------------------------------------------------------------------

    def _read(self) -> dict[str, Any]:
        path = self.folder / _STATE
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
            version = state["format"]
        except (ValueError, KeyError, TypeError):
            raise StateError(f"{path}: is not the state of a loop") from None
        if version != FORMAT:
            raise StateError(
                f"{path}: has format {version!r}, but this version of venire reads format {FORMAT}"
            )
        return state

    def parts(self) -> Iterator[Part]:
        """The parts that count, in the order in which they were written."""
        names = {self._number(p): p for p in self._files()}
        for number in range(self.first, self.end):
            if number not in names:
                raise StateError(f"{self.folder}: part {number} is missing")
            yield Part(names[number].stem.split("-")[1], _read_table(names[number]))

    def _files(self) -> list[Path]:
        return sorted((self.folder / _PARTS).glob("*-*.parquet"))

    @staticmethod
    def _number(path: Path) -> int:
        return int(path.stem.split("-")[0])

    def _tidy(self) -> None:
        """Remove what no commit counts: parts of a change that was cut off, or superseded ones."""
        for path in self._files():
            if not self.first <= self._number(path) < self.end:
                path.unlink()
        for path in [*(self.folder / _PARTS).glob("*.tmp"), *self.folder.glob("*.tmp")]:
            path.unlink()

    # ---- writing ------------------------------------------------------------------------------

    def commit(self, head: Any, *parts: Part, fresh: bool = False) -> None:
        """Write parts and then the document that counts them; durable when it returns.

        Parameters
        ----------
        head : object
            For JSON.
        *parts : Part
        fresh : bool
            The parts are everything: those before them no longer count.

        Raises
        ------
        StateError
            If the folder was opened to be read only, or was closed.
        """
        if self.lock is None:
            raise StateError(f"{self.folder}: is not open for changes")
        for number, (kind, table) in enumerate(parts, self.end):
            _write_table(table, self.folder / _PARTS / f"{number:08d}-{kind}.parquet")
        if parts:
            _flush_folder(self.folder / _PARTS)
        first, end = (self.end if fresh else self.first), self.end + len(parts)
        state = self.state | {"parts": [first, end], "head": head}
        _write_text(json.dumps(state, indent=1), self.folder / _STATE)
        self.state, self.first, self.end = state, first, end
        if fresh:
            self._tidy()

    def close(self) -> None:
        """Release the lock; nothing can be committed afterwards."""
        if self.lock is not None:
            self.lock.release()
            self.lock = None


# ---- files -------------------------------------------------------------------------------------


def _pyarrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ImportError("a loop on disk needs pyarrow: pip install 'venire[cli]'") from None
    return pyarrow


def _write_table(table: Table, path: Path) -> None:
    pa = _pyarrow()
    columns = {}
    for name, column in table.items():
        array = np.ascontiguousarray(column)
        columns[name] = pa.array(array.tolist(), pa.string()) if array.dtype == object else array
    temporary = path.with_suffix(".tmp")
    with open(temporary, "wb") as file:
        pa.parquet.write_table(pa.table(columns), file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _read_table(path: Path) -> dict[str, NDArray[Any]]:
    pa = _pyarrow()
    try:
        table = pa.parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise StateError(f"{path}: cannot be read: {error}") from None
    return {name: table.column(name).to_numpy() for name in table.column_names}


def _write_text(text: str, path: Path) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
