"""What a source is: files, whatever it was given as, each of which can be read again and again.

A source is a path, a URL, a folder, a glob, "-", an open binary file, or a list of them. What can
be read but once (a pipe, a terminal, what a server sends that knows no ranges) is kept in a
temporary file without a name. What a file is compressed
with is seen by its first bytes.
"""

from __future__ import annotations

import bz2
import glob
import gzip
import io
import lzma
import os
import select
import stat
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO

from venire._core import remote
from venire._core.checks import fail
from venire.io._errors import DataError, readable
from venire.io.dialects import Dialect

__all__ = ["File", "ending_of", "files_of"]

_COPIED = 1 << 20  # bytes at a time
_PATIENCE = 5.0  # seconds for somebody to begin to write into a pipe
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\0": "xz",
          b"PK\x03\x04": "zip"}  # fmt: skip
_READ = (".parquet", ".pq", ".arrow", ".feather", ".ipc", ".arrows", ".csv", ".tsv", ".txt",
         ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")  # fmt: skip
_PACKED = (".gz", ".bz2", ".zst", ".xz", ".zip")


@dataclass(frozen=True)
class File:
    """One file.

    Attributes
    ----------
    name : str
        What errors call it; its path, if it has one.
    dialect : Dialect
        How it is written, as far as that is told.
    fd : int or None
        Descriptor of an open file, where there is no path to open.
    start : int
        Where in it the data begin.
    url : str
        Where it lies, if that is elsewhere; `name` is then the same without secrets.
    """

    name: str
    dialect: Dialect = Dialect()  # noqa: RUF009
    fd: int | None = None
    start: int = 0
    url: str = ""
    owner: Any = field(default=None, compare=False, repr=False)  # closes the descriptor

    def __reduce__(self) -> Any:
        if self.fd is not None:
            raise DataError(self.name, "can be read by this process alone: name a file")
        return File, (self.name, self.dialect, None, 0, self.url)

    def __fspath__(self) -> str:
        return self.name

    def absolute(self) -> File:
        """The same, found from everywhere."""
        if self.fd is not None or self.url:
            return self
        return replace(self, name=os.path.abspath(self.name))

    def raw(self) -> BinaryIO:
        """Its bytes as they are, from the beginning; in a stream of its own that can seek."""
        if self.url:
            return remote.open_binary(self.url)
        if self.fd is None:
            return open(self.name, "rb")
        return io.BufferedReader(_At(self.fd, self.start), _COPIED)

    def opened(self) -> Any:
        """The same for pyarrow, of which no bytes are read but those that are asked for.

        It is not mapped into memory: what was read would count as the process's, and a file that
        becomes shorter meanwhile would end it.
        """
        import pyarrow as pa

        if self.url:
            return pa.PythonFile(remote.opened(self.url, jumping=True), mode="r")
        return pa.OSFile(self.name) if self.fd is None else pa.PythonFile(self.raw(), mode="r")

    def compression(self) -> str:
        """What it is compressed with: "" or a word."""
        with self.raw() as raw:
            head = raw.read(8)
        return next((word for magic, word in _MAGIC.items() if head.startswith(magic)), "")

    def members(self) -> list[str]:
        """Names of the files in a zip file."""
        with self.raw() as raw, zipfile.ZipFile(raw) as packed:
            names = [name for name in packed.namelist() if not name.endswith("/")]
        return [name for name in names if not name.startswith("__MACOSX/")]

    @contextmanager
    def open(self) -> Iterator[Any]:
        """Its bytes, taken out of what they are compressed with."""
        how = self.compression()
        with ExitStack() as stack:
            raw: Any = stack.enter_context(self.raw())
            if how == "zip":
                packed = stack.enter_context(zipfile.ZipFile(raw))
                members = self.members()
                if len(members) != 1:
                    listed = ", ".join(members[:5]) or "none"
                    raise DataError(self.name, f"must hold one file, but there are: {listed}")
                try:
                    raw = packed.open(members[0])
                except RuntimeError as error:  # of a password, or a method that is not known
                    raise DataError(self.name, f"cannot be read: {error}") from None
            elif how == "zstd":
                import pyarrow as pa

                stream = pa.CompressedInputStream(raw, "zstd")
                raw = io.BufferedReader(_Readable(stream), _COPIED)
            elif how:
                opener: Any = {"gzip": gzip.GzipFile, "bz2": bz2.BZ2File, "xz": lzma.LZMAFile}[how]
                raw = opener(filename=raw) if how != "gzip" else opener(fileobj=raw)
            yield stack.enter_context(raw)

    def unpacked(self) -> File:
        """The file without its compression, so that one can seek in it."""
        if not self.compression():
            return self
        with self.open() as stream:
            return replace(_kept(stream, self.name), dialect=self.dialect)


class _Readable(io.RawIOBase):
    """A stream of pyarrow as one of Python's."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _At(io.RawIOBase):
    """A descriptor, read from `start` on, with a position of its own."""

    def __init__(self, fd: int, start: int) -> None:
        self._fd, self._start, self._at = fd, start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        n = os.preadv(self._fd, [buffer], self._start + self._at)
        self._at += n
        return n

    def seek(self, offset: int, whence: int = 0) -> int:
        size = os.fstat(self._fd).st_size - self._start
        self._at = offset + (0, self._at, size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at


def files_of(source: Any, dialect: Dialect | None = None) -> list[File]:
    """The files of a source, those of a folder or a glob by name.

    `dialect` is that of files that have none of their own.

    In a folder, files and folders below it whose names begin with a dot or an underscore are passed
    over, and so is what has no ending of a format that is read.

    Raises
    ------
    DataError
        If there is no file.
    TypeError
        If the source is none.
    """
    if isinstance(source, File):
        return [source]
    if isinstance(source, (list, tuple)):
        found = [file for one in source for file in files_of(one, dialect)]
        if not found:
            fail("source", "names no file", value=source)
        return found
    return [replace(file, dialect=dialect or file.dialect) for file in _found(source)]


def _found(source: Any) -> list[File]:
    if hasattr(source, "read"):
        return [_opened(source)]
    if not isinstance(source, (str, os.PathLike)) or isinstance(os.fspath(source), bytes):
        rule = "must be a path, a binary file, or a list of them"
        fail("source", rule, value=source, kind=TypeError)
    path = os.fspath(source)
    with readable(path):
        if url := remote.url_of(path):
            return _elsewhere(url)
        path = os.fspath(remote.local(path))
        if path == "-":
            return [_opened(sys.stdin.buffer, "standard input")]
        if os.path.isdir(path):
            return _in_folder(path)
        if not os.path.exists(path):
            if not glob.has_magic(path):
                raise DataError(path, "there is no such file")
            return _matching(path)
        return [_special(path) if not os.path.isfile(path) else File(path)]


def _in_folder(path: str) -> list[File]:
    found = []
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if name[0] not in "._")
        found += [os.path.join(folder, name) for name in names if _is_read(name)]
    found = [name for name in found if os.path.getsize(name)] or found  # some jobs leave empty ones
    if not found:
        raise DataError(path, "the folder holds no file of a format that is read")
    return [File(name) for name in sorted(found)]


def _elsewhere(url: str) -> list[File]:
    """What a URL names."""
    kind, found = remote.listed(url)
    if kind == "folder":
        inner = len(remote.without_secrets(url).rstrip("/")) + 1
        found = [one for one in found if all(map(_is_seen, _parts(one[0], inner)))]
        found = [one for one in found if _is_read(one[0].rpartition("/")[2])]
        found = [one for one in found if one[1] != 0] or found
    if not found:
        matches = "no file matches" if kind == "glob" else ""
        raise DataError(url, matches or "the folder holds no file of a format that is read")
    return [_there(name) for name, _ in found]


def _parts(url: str, inner: int) -> list[str]:
    return [part for part in remote.without_secrets(url)[inner:].split("/") if part]


def _there(url: str) -> File:
    name = remote.without_secrets(url)
    with readable(name):
        if not remote.is_stream(url):
            return File(name, url=url)
        with remote.streamed(url) as stream:
            return _kept(stream, name)


def _is_seen(name: str) -> bool:
    return name[0] not in "._"


def _is_read(name: str) -> bool:
    return _is_seen(name) and ending_of(name) in _READ


def ending_of(name: str) -> str:
    """The end of a name that tells the format, in small letters."""
    stem, ending = os.path.splitext(name.lower().removesuffix("?..."))
    return os.path.splitext(stem)[1] if ending in _PACKED else ending


def _matching(path: str) -> list[File]:
    found = sorted(name for name in glob.iglob(path, recursive=True) if os.path.isfile(name))
    if not found:
        raise DataError(path, "no file matches")
    return [File(name) for name in found]


def _opened(stream: Any, name: str = "") -> File:
    """An open binary file, from where it is."""
    given = getattr(stream, "name", "")
    name = name or (given if isinstance(given, str) else "") or "the open file"
    with readable(name):
        try:
            fd = os.dup(stream.fileno())
        except (AttributeError, OSError):  # it is none of the system's
            return _kept(stream, name)
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return File(name, fd=fd, start=stream.tell(), owner=_Closing(fd))
        os.close(fd)
        return _kept(stream, name)


def _special(path: str) -> File:
    """What is no plain file: a pipe, or a terminal."""
    mode = os.stat(path).st_mode
    if stat.S_ISFIFO(mode):
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(fd, "rb", buffering=0) as pipe:
            first = _first(pipe, path)
            os.set_blocking(fd, True)
            return _kept(pipe, path, first)
    if stat.S_ISCHR(mode):
        with open(path, "rb", buffering=0) as device:
            if device.isatty() or os.path.samefile(path, os.devnull):
                return _kept(device, path)
    raise DataError(path, "is neither a file nor a folder nor a pipe")


def _first(pipe: Any, path: str) -> bytes:
    """The first bytes of a pipe into which somebody writes."""
    end = time.monotonic() + _PATIENCE
    ready = select.poll()
    ready.register(pipe, select.POLLIN | select.POLLHUP)
    while True:
        data: bytes | None = pipe.read(_COPIED)
        if data is None:  # there is who writes
            return b""
        if data or ready.poll(50):
            return data or pipe.read(_COPIED) or b""
        if time.monotonic() > end:
            raise DataError(path, "nobody writes into this pipe")


class _Closing:
    """Closes a descriptor when nobody needs it any more."""

    def __init__(self, fd: int) -> None:
        self._fd, self._close = fd, os.close

    def __del__(self) -> None:
        self._close(self._fd)


def _chunks(stream: Any, name: str) -> Iterator[bytes]:
    while data := stream.read(_COPIED):
        if not isinstance(data, (bytes, bytearray, memoryview)):
            fail("source", "must be open in binary mode", value=name, kind=TypeError)
        yield bytes(data)


def _kept(stream: Any, name: str, first: bytes = b"") -> File:
    """A copy in a temporary file."""
    with tempfile.TemporaryFile() as kept:
        kept.write(first)
        for data in _chunks(stream, name):
            kept.write(data)
        kept.flush()
        fd = os.dup(kept.fileno())
    return File(name, fd=fd, owner=_Closing(fd))
