"""Files that lie elsewhere: names such as ``s3://bucket/file``, read and written through fsspec.

The one place that knows of them. `url_of` says whether a name is one, `listed` what lies there,
`opened` gives its bytes, `sent` puts a file there whole. Whatever goes wrong is an OSError in words
of this package, or an ImportError that names what to install. `without_secrets` takes out of a
name, or of any text, what may be a secret: a user and password, and the query of a URL.
"""

from __future__ import annotations

import errno
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

from venire._core.extras import missing, needs

__all__ = [
    "check",
    "is_stream",
    "listed",
    "local",
    "open_binary",
    "opened",
    "sent",
    "streamed",
    "without_secrets",
    "url_of",
]

Path = str | os.PathLike[str]

_FIRST, _MOST = 1 << 16, 1 << 22  # bytes of requests for what is read from end to end
_NAME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+(?:::[A-Za-z][A-Za-z0-9+.\-]+)*):/(/?)(.*)", re.S)
_SECRETS = ((re.compile(r"(://)[^/\s'\"@]*@"), r"\1"),
            (re.compile(r"(https?://[^\s'\"?#]+)[?#][^\s'\")]+"), r"\1?..."))  # fmt: skip
#: Where a file is put whole or not at all; others would show a half of it on the way.
_WHOLE = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "hf", "oss", "r2", "memory")
_PLACES = ("s3", "s3a", "gs", "gcs")  # whose first word is a bucket
_KNOWN = "s3, gs, hf, http, https, file, memory"
_CREDENTIALS = "give credentials as its package takes them, in the environment or in its own files"
_LOST = "the server did not answer, or the connection was lost"
_DENIED = (401, 403, 407)


class Listed(NamedTuple):
    """What lies under a name."""

    kind: str  # "file", "folder" or "glob"
    files: list[tuple[str, int | None]]  # names and sizes


def url_of(path: Path) -> str:
    """The URL that a name is, also where `pathlib` took out a slash; "" of a file of this machine.

    A folder of this machine that is called so ("s3:") goes first, unless both slashes are there.
    """
    found = _split(path)
    return "" if found is None or found[0] == "file" else "://".join(found)


def local(path: Path) -> Path:
    """The name of a file of this machine, without ``file://``."""
    found = _split(path)
    if found is None or found[0] != "file":
        return path
    host, slash, rest = found[1].partition("/")
    if host not in ("", "localhost") or not slash:
        reason = "file:// names a file of this machine: file:///folder/file"
        raise OSError(errno.EINVAL, reason, os.fspath(path))
    return unquote("/" + rest.lstrip("/"))


def _split(path: Path) -> tuple[str, str] | None:
    text = os.fspath(path)
    found = _NAME.fullmatch(text) if isinstance(text, str) else None
    if found is None or (not found[2] and os.path.lexists(f"{found[1]}:")):
        return None
    slash = "/" if not found[2] and found[1].lower() == "file" else ""
    return found[1].lower(), slash + found[3]


def without_secrets(path: Path) -> str:
    """A name, or a text, without what may be a secret."""
    text = os.fspath(path)
    text = url_of(text) or text
    for secret, instead in _SECRETS:
        text = secret.sub(instead, text)
    return text


def open_binary(path: Path) -> BinaryIO:
    """A file to read, wherever it lies."""
    url = url_of(path)
    return io.BufferedReader(opened(url), _FIRST) if url else open(local(path), "rb")


def opened(url: str, *, jumping: bool = False) -> io.RawIOBase:
    """The bytes of a remote file; `jumping`: just those that are asked for, none ahead of them."""
    return _Stream(_file(url), url, 0 if jumping else _FIRST)


def streamed(url: str) -> io.RawIOBase:
    """The same, from the beginning to the end in one request."""
    return _Stream(_file(url, 0), url, 0)


def is_stream(url: str) -> bool:
    """Whether a file can be read but from its beginning, as from servers that know no ranges."""
    with _told(url), _file(url) as file:
        if not file.seekable():
            return True
        if urlsplit(url).scheme in ("http", "https") and file.size > 1:
            file.seek(file.size - 1)
            try:
                return not file.read(1)
            except ValueError:  # of fsspec: it got more than the range
                return True
    return False


def listed(url: str) -> Listed:
    """What lies under a name: a file, all files of a folder, or those that match."""
    system, path = _system(url)
    with _told(url):
        try:
            kind = system.info(path)["type"]
        except FileNotFoundError:
            if not any(sign in path for sign in "*["):
                raise
            found = system.glob(path, detail=True)
            return Listed("glob", _named(url, path, system, found))
        if kind != "directory":
            return Listed("file", [(url, None)])
        return Listed("folder", _named(url, path, system, system.find(path, detail=True)))


def check(url: str) -> None:
    """Raise OSError if no file could be put there, as far as that shows without putting one."""
    protocol = urlsplit(url).scheme
    system, path = _system(url)
    if protocol not in _WHOLE:
        reason = f"{protocol}:// is read only here: results go to s3, gs, az, hf or a file"
        raise OSError(errno.EROFS, reason, without_secrets(url))
    with _told(url):
        if system.isdir(path):
            raise OSError(errno.EISDIR, "it is a folder")
        if protocol in _PLACES:
            bucket = path.partition("/")[0]
            with suppress(PermissionError):  # who may write may not always list
                system.info(bucket)


@contextmanager
def sent(url: str) -> Iterator[str]:
    """The name of an empty file to write to, which is put there whole at the end."""
    check(url)
    system, path = _system(url)
    with tempfile.TemporaryDirectory(prefix="venire-") as folder:
        part = os.path.join(folder, "part")
        open(part, "wb").close()
        yield part
        with _told(url):
            system.put_file(part, path)


# ---- fsspec -------------------------------------------------------------------------------------


def _system(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the name there."""
    fsspec = needs("fsspec", without_secrets(url))
    protocol = re.split("::|://", url, maxsplit=1)[0]
    with _told(url):
        try:
            fsspec.get_filesystem_class(protocol)
        except ValueError:
            reason = f"there is no protocol {protocol!r}; known are {_KNOWN} and others of fsspec"
            raise OSError(errno.EPROTONOSUPPORT, reason) from None
        system, path = fsspec.core.url_to_fs(url)
    return system, path


def _file(url: str, block: int = _MOST) -> Any:
    system, path = _system(url)
    with _told(url):
        file = system.open(path, "rb", block_size=block, cache_type="none")
        # of the memory file system all share one, and its position
        return io.BytesIO(file.getvalue()) if isinstance(file, io.BytesIO) else file


def _named(url: str, path: str, system: Any, found: Any) -> list[tuple[str, int | None]]:
    """URLs of the files that a file system found, as that was written under which they were."""
    url = url.rstrip("/")
    head = url.removesuffix(path.rstrip("/"))
    files = [(name, facts.get("size")) for name, facts in sorted(found.items())
             if facts["type"] != "directory"]  # fmt: skip
    if head == url and path:
        return [(system.unstrip_protocol(name), size) for name, size in files]
    return [(head + name, size) for name, size in files]


class _Stream(io.RawIOBase):
    """A file of fsspec as one of Python's, with errors in our words.

    What is read on and on is read ahead, twice as much each time: a glance at the beginning is
    cheap, and a long file takes few requests.
    """

    def __init__(self, file: Any, url: str, ahead: int) -> None:
        self._file, self._url, self._ahead = file, url, ahead
        self._seekable = bool(file.seekable())
        self._size = getattr(file, "size", None) if self._seekable else None
        self._kept, self._at = memoryview(b""), 0  # what was read ahead, and how much of it is used

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._seekable

    def readinto(self, buffer: Any) -> int:
        if self._at == len(self._kept):
            self._kept, self._at = memoryview(self._more(max(len(buffer), self._ahead))), 0
            self._ahead = min(2 * self._ahead, _MOST)
        data = self._kept[self._at : self._at + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _more(self, n: int) -> bytes:
        with _told(self._url):
            data: bytes = self._file.read(n)
            at = self._file.tell() if self._size is not None and len(data) < n else None
        if at is not None and at < self._size:
            reason = f"it ends after {at:,} of {self._size:,} bytes: {_LOST}, or the file changed"
            raise OSError(errno.EIO, f"{reason}; try again", without_secrets(self._url))
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        with _told(self._url):
            if whence == 1:
                offset, whence = self.tell() + offset, 0
            self._kept, self._at = memoryview(b""), 0
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell()) - len(self._kept) + self._at

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


# ---- errors -------------------------------------------------------------------------------------


@contextmanager
def _told(url: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # each package has its own
        raise _worded(url, error) from None


def _worded(url: str, error: Exception) -> Exception:
    """The error in words of this package."""
    if isinstance(error, ImportError):
        cause = error.__cause__ if isinstance(error.__cause__, ImportError) else error
        return missing(cause, without_secrets(url))
    if isinstance(error, FileNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__  # fsspec takes whatever a server answers for this
    kinds = [kind.__name__ for kind in type(error).__mro__]
    answer = getattr(error, "response", None)
    status = getattr(error, "status", getattr(answer, "status_code", None))
    told = isinstance(error, OSError) and error.strerror
    if status is not None:  # of a server
        told = f"{status} {getattr(error, 'message', '')}".strip()
    text = " ".join(without_secrets(str(told or error) or kinds[0]).split())
    code = error.errno if isinstance(error, OSError) and error.strerror else None
    if isinstance(error, FileNotFoundError) or status in (404, 410):
        bucket = " or bucket" if urlsplit(url).scheme in _PLACES else ""
        code, text = errno.ENOENT, f"there is no such file{bucket}"
    elif isinstance(error, PermissionError) or status in _DENIED or "Credential" in "".join(kinds):
        code, text = errno.EACCES, f"no permission ({text}); {_CREDENTIALS}"
    elif _is_of_network(error, kinds):
        code, text = errno.ECONNABORTED, f"{_LOST} ({text}); try again"
    elif status is not None:
        text = f"the server answered {text}; try again"
    return OSError(code or errno.EIO, text, without_secrets(url))


def _is_of_network(error: Exception, kinds: list[str]) -> bool:
    module = type(error).__module__.partition(".")[0]
    lost = any("Connect" in kind or "Timeout" in kind for kind in kinds)
    return lost or (module == "aiohttp" and not hasattr(error, "status"))
