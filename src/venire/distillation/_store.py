"""A loop on disk: numbered Parquet parts, and one JSON document that says how many of them count.

A change of state is one or more new parts and then a new ``state.json``, each whole or not at all.
The document is what commits: parts beyond its count are left over from a change that was cut off.
Each part has the name of its loop, its number and its kind in its name and in itself; only what has
both is ever removed, and only once the loop has been read without an error. A creation is a change
like any other: until its document is there, there is no loop. A digest in the
document tells whether other hands changed it. A file lock keeps a second writer out; the system
drops it when a process ends, however it ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import disk
from venire._core.extras import needs
from venire._core.lock import LOCK, Lock, is_lock
from venire._core.plain import document_in
from venire._core.remote import local, url_of, without_secrets
from venire.errors import StateError

__all__ = ["FORMAT", "Part", "Store", "Table", "sound"]

FORMAT = 3
_STATE, _PARTS = "state.json", "parts"
_CHANCES = {"win": "f8", "tie": "f8", "loss": "f8"}
#: Columns of each kind of part: those that it has, and those that it may have, all or none.
COLUMNS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "items": ({"group": "label", "item": "label"}, {"gold": "f8"}),
    "asks": (dict.fromkeys(("group", "first", "second_group", "second", "round"), "i4"), {}),
    "requests": ({"ask": "i8", "teacher": "i2"}, {"state": "i1", "vote": "i1", **_CHANCES}),
    "answers": ({"request": "i8", "vote": "i1"}, _CHANCES),
    "closed": ({"request": "i8"}, {}),
    "predictions": ({"prediction": "f8"}, {}),
}
_NAME = re.compile(rf"(\d{{8,}})-({'|'.join(COLUMNS)})-[0-9a-f]{{8}}\.parquet")

Table = Mapping[str, NDArray[Any]]


class Part(NamedTuple):
    """A table and what it is: "items", "asks", "requests", "answers", "closed", "predictions"."""

    kind: str
    table: Table
    path: Path | None = None  # that it was read from


@contextmanager
def sound(path: Path | None) -> Iterator[None]:
    """What is refused within is damage to this file."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise StateError(f"{path}: is damaged: {error}") from None


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
        If the folder holds no state, one of another version or a damaged one, or is in use.
    """

    def __init__(self, folder: str | os.PathLike[str], *, writable: bool = True) -> None:
        self.folder = _here(folder)
        self.lock: Lock | None = None
        self._read()  # a folder that is not ours gets no lock
        if writable:
            self.lock = Lock(self.folder)
            try:
                self._read()
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
            If there is anything in it already, or it is in use.
        """
        path = _here(folder)
        _refuse_others(path)
        path.mkdir(parents=True, exist_ok=True)
        self = cls.__new__(cls)
        self.folder, self.lock = path, Lock(path)
        try:
            _refuse_others(path)  # nobody else creates one now
            (path / _PARTS).mkdir(exist_ok=True)
            disk.sweep(path / _PARTS)
            self.state = {
                "format": FORMAT, "id": secrets.token_hex(4), "settings": cls.plain(settings),
                "parts": [0, 0],
            }  # fmt: skip
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

    def _read(self) -> None:
        path = self.path
        if not path.is_file():
            raise StateError(f"{self.folder}: holds no state of a loop (no {_STATE})")
        state = _document(path)
        version = state["format"]
        if version != FORMAT:
            raise StateError(
                f"{path}: has format {version!r}, but this version of venire reads format {FORMAT}"
            )
        with sound(path):
            for name, kind in (("id", str), ("settings", dict), ("head", dict), ("parts", list),
                               ("digest", str)):  # fmt: skip
                if name not in state:
                    raise ValueError(f"there is no {name!r}")
                if not isinstance(state[name], kind):
                    raise ValueError(f"{name!r} is no {kind.__name__}")
            ends = state["parts"]
            if [*map(type, ends)] != [int, int] or not 0 <= ends[0] < ends[1]:
                what = "two numbers, the first part and one beyond the last"
                raise ValueError(f"'parts' must be {what}, got {ends!r}")
            if state["digest"] != _digest(state):
                what = "other hands have changed it since it was written"
                raise ValueError(f"{what} (its digest does not match)")
        self.state = state

    def parts(self) -> Iterator[Part]:
        """The parts that count, in the order in which they were written."""
        for number in range(*self.state["parts"]):
            there = [kind for kind in COLUMNS if self._path(number, kind).is_file()]
            if not there:
                raise StateError(f"{self.folder}: part {number} is missing")
            if len(there) > 1:
                raise StateError(f"{self.folder}: part {number} is there twice: {there}")
            path = self._path(number, there[0])
            table = _read_table(path, there[0])
            if _label_in(path) != path.stem:
                raise StateError(f"{path}: is not part {number} of this loop")
            yield Part(there[0], table, path)

    @property
    def path(self) -> Path:
        """The document."""
        return self.folder / _STATE

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / _PARTS / f"{number:08d}-{kind}-{self.state['id']}.parquet"

    def tidy(self) -> None:
        """Remove what no commit counts: parts of a change that was cut off, or superseded ones."""
        parts, (first, end) = self.folder / _PARTS, self.state["parts"]
        for path in parts.iterdir():
            known = _NAME.fullmatch(path.name) and path.stem.endswith(f"-{self.state['id']}")
            counts = known and first <= int(path.name.split("-")[0]) < end
            if known and not counts and _label_in(path) == path.stem:
                path.unlink()
        disk.sweep(parts)
        disk.sweep(self.folder)

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
        first, end = self.state["parts"]
        for number, (kind, table, _) in enumerate(parts, end):
            path = self._path(number, kind)
            if os.path.lexists(path):
                raise StateError(f"{path}: is in the way: it is no part of this loop")
            with disk.whole(path) as new:
                _write_table(table, new, path.stem)
        old, ends = self.state, [end if fresh else first, end + len(parts)]
        self.state = old | {"parts": ends, "head": self.plain(head)}
        try:
            self._write_state()
        except BaseException:
            self.state = old
            raise
        if fresh:
            self.tidy()

    def _write_state(self) -> None:
        self.state["digest"] = _digest(self.state)
        with disk.whole(self.path) as new, open(new, "w", encoding="utf-8") as file:
            json.dump(self.state, file, indent=1)

    def close(self) -> None:
        """Release the lock; nothing can be committed afterwards."""
        if self.lock is not None:
            self.lock.release()
            self.lock = None


# ---- files -------------------------------------------------------------------------------------


def _pyarrow() -> Any:
    needs("pyarrow.parquet", "a loop on disk")
    return needs("pyarrow", "a loop on disk")


def _write_table(table: Table, path: str, label: str) -> None:
    pa = _pyarrow()
    columns = {}
    for name, column in table.items():
        array = np.ascontiguousarray(column)
        columns[name] = pa.array(array.tolist(), pa.string()) if array.dtype == object else array
    whole = pa.table(columns).replace_schema_metadata({"venire": label})
    pa.parquet.write_table(whole, path, write_page_checksum=True)


def _label_in(path: Path) -> str | None:
    """What a file says that it is."""
    pa = _pyarrow()
    try:
        found = (pa.parquet.read_schema(path).metadata or {}).get(b"venire")
    except (pa.ArrowException, OSError):
        return None
    return None if found is None else found.decode(errors="replace")


def _read_table(path: Path, kind: str) -> dict[str, NDArray[Any]]:
    """The columns of a part of this kind, each of its type."""
    pa = _pyarrow()
    try:
        table = pa.parquet.ParquetFile(path, page_checksum_verification=True).read()
        columns = {name: table.column(name).to_numpy() for name in table.column_names}
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise StateError(f"{path}: cannot be read: {error}") from None
    needed, further = COLUMNS[kind]
    with sound(path):
        for name in needed:
            if name not in columns:
                raise ValueError(f"there is no column {name!r}")
        for name, column in columns.items():
            if name not in needed and name not in further:
                raise ValueError(f"the column {name!r} is none of its own")
            wanted = (needed | further)[name]
            label = column.dtype.kind in "iuO"
            if not (label if wanted == "label" else column.dtype == np.dtype(wanted)):
                told = "labels" if wanted == "label" else np.dtype(wanted).name
                raise ValueError(f"the column {name!r} holds {column.dtype.name}, not {told}")
    return columns


def _document(path: Path) -> dict[str, Any]:
    """A state of some format."""
    state = document_in(path)
    if state is None or "format" not in state:
        raise StateError(f"{path}: is not the state of a loop")
    return state


def _digest(state: Mapping[str, Any]) -> str:
    """Of all but the digest itself."""
    rest = {name: value for name, value in state.items() if name != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16, person=b"venire state").hexdigest()


def _here(folder: str | os.PathLike[str]) -> Path:
    if url_of(folder):
        raise StateError(f"{without_secrets(folder)}: a loop lives in a folder of this machine")
    return Path(local(folder))


def _refuse_others(folder: Path) -> None:
    """Raise StateError unless a loop may be created here: nothing, or what a cut-off one left."""
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise StateError(f"{folder}: is no folder")
    names = set(os.listdir(folder))
    if _STATE in names:
        try:
            _document(folder / _STATE)
        except StateError:
            pass  # a stranger's
        else:
            raise StateError(
                f"{folder}: holds a loop already; Distillation.open(...) goes on with it"
            )
    if (folder / _PARTS).is_dir():
        names.discard(_PARTS)
        inner = set(os.listdir(folder / _PARTS))
        names |= {f"{_PARTS}/{n}" for n in inner if not (_NAME.fullmatch(n) or disk.is_part(n))}
    if is_lock(folder / LOCK):
        names.discard(LOCK)
    strange = sorted(name for name in names if not disk.is_part(name, _STATE))
    if strange:
        raise StateError(
            f"{folder}: is not empty and holds no loop: {strange[0]!r} is in it; a loop is created "
            "in a new or an empty folder"
        )
