"""What a task gave, in one file: facts, arrays and Arrow tables, read as if a stranger wrote it.

The file is a zip file without compression: one member for the facts, one for each array (.npy) and
for each table (an Arrow stream), of which a reader takes what it needs. The facts have the label of
the record, which says what it is the result of, and a digest of all members. Nothing is executed.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from venire._core import disk
from venire._core.extras import needs

__all__ = ["Damaged", "Kind", "Record", "Writer", "counts", "integer", "text", "write"]

_FACTS = "facts.json"
_MOST_FACTS = 1 << 26  # bytes


class Damaged(Exception):
    """A record is not what was written; says why."""


class Kind(NamedTuple):
    """How results of one kind of task are kept.

    Parameters
    ----------
    write : callable
        Gets the result and a `Writer`.
    read : callable
        Gets a `Record` and gives the result, checked: what is wrong is a ValueError, TypeError or
        KeyError.
    item : callable, optional
        Gets a `Record` and a key, and gives what the result has there.
    may_fail : bool
        The task is of a part of the data, which is set aside if they are no good.
    by_unit : bool
        The task is told apart by its arguments, the first of which is a unit of files: other units
        need not be the same from run to run.
    """

    write: Callable[[Any, Writer], None]
    read: Callable[[Record], Any]
    item: Callable[[Record, Any], Any] | None = None
    may_fail: bool = False
    by_unit: bool = False


class Writer:
    """Members of a record that is being written."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self.facts: dict[str, Any] = {}

    def array(self, name: str, array: Any) -> None:
        """An array, not of objects."""
        with self._packed.open(f"{name}.npy", "w", force_zip64=True) as out:
            np.lib.format.write_array(out, np.ascontiguousarray(array), allow_pickle=False)

    def table(self, name: str, table: Any) -> None:
        """A pyarrow Table."""
        pa = needs("pyarrow", "a job")
        codec = "lz4" if pa.Codec.is_available("lz4") else None
        options = pa.ipc.IpcWriteOptions(compression=codec)
        with (
            self._packed.open(f"{name}.arrow", "w", force_zip64=True) as out,
            pa.ipc.new_stream(out, table.schema, options=options) as stream,
        ):
            stream.write_table(table)

    def labels(self, name: str, labels: NDArray[Any]) -> None:
        """An array of integers, or of texts."""
        if labels.dtype == object:
            self.texts(name, labels.tolist())
        else:
            self.array(name, labels)

    def texts(self, name: str, texts: list[str]) -> None:
        """Texts."""
        pa = needs("pyarrow", "a job")
        self.table(name, pa.table({"label": pa.array(texts, pa.large_string())}))


def write(path: str, label: str, fill: Callable[[Writer], None]) -> None:
    """Write a record, whole or not at all; it is on the disk when this returns."""
    with disk.whole(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as packed:
        writer = Writer(packed)
        fill(writer)
        own = json.loads(json.dumps(writer.facts))  # as it will be read
        facts = {"label": label, "digest": _digest(packed, own), "own": own}
        packed.writestr(_FACTS, json.dumps(facts))


class Record:
    """A record that is read.

    Raises
    ------
    Damaged
        From every method, if the file is not what was written under this label.
    """

    def __init__(self, path: str, label: str) -> None:
        with _sound():
            self._packed = zipfile.ZipFile(path)
            try:
                self._open(label)
            except BaseException:
                self._packed.close()
                raise

    def _open(self, label: str) -> None:
        names = self._packed.namelist()
        if len(set(names)) != len(names) or _FACTS not in names:
            raise Damaged("its members are not those of a record")
        if any(one.compress_type != zipfile.ZIP_STORED for one in self._packed.infolist()):
            raise Damaged("it was packed by another program")
        if self._packed.getinfo(_FACTS).file_size > _MOST_FACTS:
            raise Damaged("its facts are too long")
        facts = json.loads(self._packed.read(_FACTS))
        if not isinstance(facts, dict) or not isinstance(facts.get("own"), dict):
            raise Damaged("its facts are none")
        if facts.get("label") != label:
            raise Damaged(f"it is no record of {label}")
        if facts.get("digest") != _digest(self._packed, facts["own"]):
            raise Damaged("other hands have changed it")
        self.facts: dict[str, Any] = facts["own"]

    def __enter__(self) -> Record:
        return self

    def __exit__(self, *about: object) -> None:
        self._packed.close()

    @property
    def members(self) -> list[str]:
        """Names of all members."""
        return self._packed.namelist()

    @property
    def tables_held(self) -> list[str]:
        """Names of the tables, in the order in which they were written."""
        return [n.removesuffix(".arrow") for n in self._packed.namelist() if n.endswith(".arrow")]

    def check(self) -> None:
        """Read all of it."""
        with _sound():
            bad = self._packed.testzip()
        if bad is not None:
            raise Damaged(f"{bad} is not what was written")

    def array(self, name: str, dtype: Any = None, *shape: int | None) -> NDArray[Any]:
        """An array, of this type and shape where they are given; None: of any length."""
        with _sound():
            data = self._packed.read(f"{name}.npy")
            found = _array(data)
        if dtype is not None and found.dtype != np.dtype(dtype):
            raise Damaged(f"{name} holds {found.dtype.name}, not {np.dtype(dtype).name}")
        wanted = shape or ((None,) if dtype is not None else None)
        if wanted is not None and (
            len(wanted) != found.ndim
            or any(n not in (None, m) for n, m in zip(wanted, found.shape, strict=True))
        ):
            raise Damaged(f"{name} has shape {found.shape}")
        return found

    def table(self, name: str, schema: Any = None) -> Any:
        """A table, of these columns where they are given."""
        pa = needs("pyarrow", "a job")
        with _sound(pa.ArrowException):
            data = self._packed.read(f"{name}.arrow")
            table = pa.ipc.open_stream(pa.py_buffer(data)).read_all()
            table.validate(full=True)
        if schema is not None and not table.schema.equals(schema):
            raise Damaged(f"{name} has other columns")
        return table

    def texts(self, name: str) -> NDArray[Any]:
        """An array of texts."""
        column = self.table(name)
        if column.column_names != ["label"] or column["label"].null_count:
            raise Damaged(f"{name} are no texts")
        texts = column["label"].to_pylist()
        if not all(isinstance(one, str) for one in texts):
            raise Damaged(f"{name} are no texts")
        found = np.empty(len(texts), object)
        found[:] = texts
        return found

    def labels(self, name: str) -> NDArray[Any]:
        """Labels, which ascend."""
        if f"{name}.arrow" in self.members:
            found = self.texts(name)
        else:
            found = self.array(name)
            if found.ndim != 1 or found.dtype not in (np.int64, np.uint64):
                raise Damaged(f"{name} are no labels")
        if not bool((found[1:] > found[:-1]).all()):
            raise Damaged(f"{name} must ascend")
        return found


def integer(record: Record, name: str, least: int = 0, most: int = 1 << 62) -> int:
    """A fact that is a whole number."""
    found = record.facts[name]
    if type(found) is not int or not least <= found <= most:
        raise ValueError(f"{name} is {found!r}")
    return found


def text(record: Record, name: str) -> str:
    """A fact that is text."""
    found = record.facts[name]
    if not isinstance(found, str):
        raise TypeError(f"{name} is {found!r}")
    return found


def counts(found: Any) -> dict[str, int]:
    """A fact that counts by name."""
    good = isinstance(found, Mapping) and all(
        isinstance(key, str) and type(n) is int and n >= 0 for key, n in found.items()
    )
    if not good:
        raise ValueError(f"{found!r} are no counts")
    return dict(found)


@contextmanager
def _sound(*more: type[Exception]) -> Iterator[None]:
    """What reading a broken file raises within says that it is damaged."""
    broken: tuple[type[Exception], ...] = (
        zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, KeyError, ValueError,
        TypeError, NotImplementedError, RuntimeError, OverflowError, MemoryError, *more,
    )  # fmt: skip
    try:
        yield
    except broken as error:
        _damaged(error)


def _damaged(error: Exception) -> NoReturn:
    raise Damaged(" ".join(str(error).split()) or type(error).__name__) from None


def _array(data: bytes) -> NDArray[Any]:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError("an array of another format")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    n = 1
    for size in shape:
        n *= size
    if fortran or dtype.hasobject or n * dtype.itemsize != len(data) - stream.tell():
        raise ValueError("an array of another size")
    return np.frombuffer(data, dtype, n, stream.tell()).reshape(shape)


def _digest(packed: zipfile.ZipFile, facts: Any) -> str:
    """Of the facts, and of what all other members hold."""
    known = sorted((one.filename, one.CRC, one.file_size) for one in packed.infolist()
                   if one.filename != _FACTS)  # fmt: skip
    words = json.dumps([known, facts], sort_keys=True)
    return hashlib.blake2b(words.encode(), digest_size=16, person=b"venire record").hexdigest()
