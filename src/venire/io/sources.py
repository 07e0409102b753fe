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
from typing import Any, BinaryIO, NamedTuple

from venire._core import remote
from venire._core.checks import fail
from venire.io._errors import DataError, readable
from venire.io._streams import At, Closing, Readable
from venire.io.dialects import Dialect

__all__ = ["File", "Source", "ending_of", "files_of", "found_in"]

_COPIED = 1 << 20  # bytes at a time
_PATIENCE = 5.0  # seconds for somebody to begin to write into a pipe
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\0": "xz",
          b"PK\x03\x04": "zip"}  # fmt: skip
_READ = (".parquet", ".pq", ".arrow", ".feather", ".ipc", ".arrows", ".csv", ".tsv", ".txt",
         ".jsonl", ".ndjson", ".json", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")  # fmt: skip
_PACKED = (".gz", ".bz2", ".zst", ".xz", ".zip")
_LITTLE = 512  # bytes of a file below which nothing may be packed in it
_TOLD = 3  # names of files that a note says


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
    stamp : tuple of int or None
        Size, time of the last change and number of a file of this machine when it was found.
    """

    name: str
    dialect: Dialect = Dialect()  # noqa: RUF009
    fd: int | None = None
    start: int = 0
    url: str = ""
    stamp: tuple[int, int, int] | None = field(default=None, compare=False, repr=False)
    owner: Any = field(default=None, compare=False, repr=False)  # closes the descriptor

    def __reduce__(self) -> Any:
        if self.fd is not None:
            raise DataError(self.name, "can be read by this process alone: name a file")
        return File, (self.name, self.dialect, None, 0, self.url, self.stamp)

    def __fspath__(self) -> str:
        return self.name

    def absolute(self) -> File:
        """The same, found from everywhere."""
        if self.fd is not None or self.url:
            return self
        return replace(self, name=os.path.abspath(self.name))

    def stamped(self) -> File:
        """The same, which knows what it was when it was found."""
        return replace(self, stamp=self._now())

    def _now(self) -> tuple[int, int, int] | None:
        if self.url or self.fd is not None:
            return None
        found = os.stat(self.name)
        return found.st_size, found.st_mtime_ns, found.st_ino

    def require_same(self) -> None:
        """Refuse a file that is not what it was when it was found.

        Raises
        ------
        DataError
        """
        if self.stamp is None:
            return
        try:
            now = self._now()
        except OSError:
            now = None
        if now != self.stamp:
            cure = "read it again once nobody writes to it, or a copy"
            raise DataError(self.name, "has changed while it was read", cure=cure)

    def is_empty(self) -> bool:
        """Whether there is nothing in it."""
        if self.stamp is None or self.stamp[0] > _LITTLE:
            return False
        if self.stamp[0] == 0:
            return True
        with readable(self.name):
            if self.compression() in ("", "zip"):
                return False
            with self.open() as stream:
                return not stream.read(1)

    def raw(self) -> BinaryIO:
        """Its bytes as they are, from the beginning; in a stream of its own that can seek."""
        if self.url:
            return remote.open_binary(self.url)
        if self.fd is None:
            return open(self.name, "rb")
        return io.BufferedReader(At(self.fd, self.start), _COPIED)

    def mapped(self) -> Any:
        """The same for pyarrow, of which no bytes are read but those that are asked for."""
        import pyarrow as pa

        if self.url:
            return pa.PythonFile(remote.opened(self.url, jumping=True), mode="r")
        # Not as a map: of a file that somebody cuts off, that would end the process.
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
                raw = io.BufferedReader(Readable(stream), _COPIED)
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


class Source(NamedTuple):
    """What a source is.

    Attributes
    ----------
    files : list of File
    empty, foreign : list of str
        Names of files that were passed over: with nothing in them, beside others; and in a folder,
        with an ending of no format that is read.
    """

    files: list[File]
    empty: list[str]
    foreign: list[str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of those that were passed over."""
        return tuple(
            f"{len(names):,} {what}{'s' * (len(names) > 1)} passed over ({_few(names)})"
            for what, names in (("empty file", self.empty), ("other file", self.foreign))
            if names
        )


def _few(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD:,} more" if len(names) > _TOLD else ""
    return ", ".join(map(os.path.basename, names[:_TOLD])) + more


def files_of(source: Any, dialect: Dialect | None = None) -> list[File]:
    """The files of a source, as `found_in` has them."""
    return found_in(source, dialect).files


def found_in(source: Any, dialect: Dialect | None = None) -> Source:
    """The files of a source, those of a folder or a glob by name.

    `dialect` is that of files that have none of their own.

    In a folder, files and folders below it whose names begin with a dot or an underscore are passed
    over, and so is what has no ending of a format that is read. Of several files those with
    nothing in them are passed over, unless all are such.

    Raises
    ------
    DataError
        If there is no file.
    TypeError
        If the source is none.
    """
    foreign: list[str] = []
    files = _all_of(source, dialect, foreign)
    empty: list[str] = []
    if len(files) > 1:
        gone = [file.is_empty() for file in files]
        if not all(gone):
            empty = [file.name for file, none in zip(files, gone, strict=True) if none]
            files = [file for file, none in zip(files, gone, strict=True) if not none]
    return Source(files, empty, foreign)


def _all_of(source: Any, dialect: Dialect | None, foreign: list[str]) -> list[File]:
    if isinstance(source, File):
        return [source]
    if isinstance(source, (list, tuple)):
        found = [file for one in source for file in _all_of(one, dialect, foreign)]
        if not found:
            fail("source", "names no file", value=source)
        return found
    found = _found(source, foreign)
    return [replace(file, dialect=dialect or file.dialect) for file in found]


def _found(source: Any, foreign: list[str]) -> list[File]:
    if hasattr(source, "read"):
        return [_opened(source)]
    if not isinstance(source, (str, os.PathLike)) or isinstance(os.fspath(source), bytes):
        rule = "must be a path, a binary file, or a list of them"
        fail("source", rule, value=source, kind=TypeError)
    path = os.fspath(source)
    with readable(path):
        if url := remote.url_of(path):
            return _elsewhere(url, foreign)
        path = os.fspath(remote.local(path))
        if path == "-":
            return [_opened(sys.stdin.buffer, "standard input")]
        if os.path.isdir(path):
            return _in_folder(path, foreign)
        if not os.path.exists(path):
            if not glob.has_magic(path):
                raise DataError(path, "there is no such file")
            return _matching(path)
        return [_special(path) if not os.path.isfile(path) else File(path).stamped()]


def _in_folder(path: str, foreign: list[str]) -> list[File]:
    found = []
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if name[0] not in "._")
        seen = [name for name in sorted(names) if _is_seen(name)]
        found += [os.path.join(folder, name) for name in seen if _is_read(name)]
        foreign += [os.path.join(folder, name) for name in seen if not _is_read(name)]
    if not found:
        raise DataError(path, "the folder holds no file of a format that is read")
    return [File(name).stamped() for name in sorted(found)]


def _elsewhere(url: str, foreign: list[str]) -> list[File]:
    """What a URL names."""
    kind, found = remote.listed(url)
    if kind == "folder":
        inner = len(remote.without_secrets(url).rstrip("/")) + 1
        found = [one for one in found if all(map(_is_seen, _parts(one[0], inner)))]
        called = [one[0].rpartition("/")[2] for one in found]
        foreign += [name for name in called if not _is_read(name)]
        found = [one for one, name in zip(found, called, strict=True) if _is_read(name)]
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
    return [File(name).stamped() for name in found]


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
            return File(name, fd=fd, start=stream.tell(), owner=Closing(fd))
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
    return File(name, fd=fd, owner=Closing(fd))
