"""Files and folders that appear whole or not at all: the one way in which anything is written.

What is written goes to a *part* beside its place, is flushed to the disk and renamed. A part is
removed when its writer fails, is interrupted or ends in order; one that outlives its writer (kill
-9, a power cut) is removed by the next writer to the same target. Parts are known by their names,
which carry a digest that no other file has, and by a lock that the system drops when the writer
ends, however it ends: neither a stranger's file nor that of a writer at work is ever touched.
"""

from __future__ import annotations

import atexit
import ctypes
import errno
import fcntl
import hashlib
import os
import re
import secrets
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from venire._core import remote

__all__ = ["check_writable", "is_part", "sweep", "whole", "whole_folder"]

Path = str | os.PathLike[str]

_PART = re.compile(
    r"\.(?P<name>.*)\.(?P<pid>\d+)-(?P<token>[0-9a-f]{8})(?P<check>[0-9a-f]{8})\.part"
)
_SHOWN = 40  # characters of the target's name: a name has at most 255 bytes
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux
_MINE: dict[str, int] = {}  # parts that are being written, and the process that writes each


@contextmanager
def whole(path: Path) -> Iterator[str]:
    """The name of an empty file to write to, which takes the place of `path` at the end.

    Parameters
    ----------
    path : path-like
        A new file, or one to be replaced: its permissions stay. Of a link, what it points to.
        A URL: what is written lies in a temporary file until it is sent.

    Raises
    ------
    OSError
        If it cannot be written; `strerror` says why. The old file is as it was then.
    """
    if url := remote.url_of(path):
        with remote.sent(url) as part:
            yield part
        return
    target = _plain_file(path)
    with _part(target, _new_file) as (part, handle):
        yield part
        with suppress(FileNotFoundError):
            os.fchmod(handle, stat.S_IMODE(os.stat(target).st_mode))
        os.fsync(handle)
        os.replace(part, target)
        _flush(os.path.dirname(target))


@contextmanager
def whole_folder(path: Path) -> Iterator[str]:
    """The name of an empty folder to fill, which takes the place of `path` at the end.

    `path` must be absent or a folder, all of which is replaced: the caller has looked.
    """
    target = os.path.realpath(remote.local(path))
    _folder_of(target, path)
    with _part(target, _new_folder) as (part, handle):
        yield part
        for name in os.listdir(part):
            _flush(os.path.join(part, name))
        os.fsync(handle)
        if os.path.isdir(target):
            _exchange(part, target)  # and the part is now the old one, which goes
        else:
            os.rename(part, target)
        _flush(os.path.dirname(target))


def check_writable(path: Path) -> None:
    """Raise OSError if a file could not be written to `path`; leaves nothing behind."""
    if url := remote.url_of(path):
        remote.check(url)
        return
    with _part(_plain_file(path), _new_file):
        pass


def sweep(folder: Path, target: str | None = None) -> None:
    """Remove the parts that dead writers left: of the file of this name, or of any in the folder.

    Parts of names longer than 40 characters are known only where the name is given.
    """
    for name in os.listdir(folder):
        if is_part(name, target):
            path = os.path.join(folder, name)
            with suppress(OSError):  # a live one is locked
                handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _remove(path)
                finally:
                    os.close(handle)


def is_part(name: str, target: str | None = None) -> bool:
    """Whether a file of this name is a part: of the file named `target`, or of any."""
    found = _PART.fullmatch(name)
    if found is None:
        return False
    of = found["name"] if target is None else target
    return name == _part_name(of, found["pid"], found["token"])


# ---- parts --------------------------------------------------------------------------------------


@contextmanager
def _part(target: str, create: Callable[[str], int]) -> Iterator[tuple[str, int]]:
    """A new locked part of `target`; removed at the end if it is still there."""
    folder, name = os.path.split(target)
    sweep(folder, name)
    part, handle = "", -1
    try:
        while handle < 0:
            part = os.path.join(folder, _part_name(name, str(os.getpid()), secrets.token_hex(4)))
            _MINE[part] = os.getpid()  # before it exists: nothing may come between
            try:
                handle = create(part)
            except FileExistsError:  # somebody else's
                _MINE.pop(part)
                part = ""
                continue
            if not _locked(handle) or not _is_same(handle, part):  # taken for a dead one's
                os.close(handle)
                _forget(part)
                handle = -1
        yield part, handle
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) == part:
            error.filename = target
        raise
    finally:
        if part:
            _forget(part)
        if handle >= 0:
            os.close(handle)


def _part_name(name: str, pid: str, token: str) -> str:
    check = hashlib.blake2b(f"{name}\0{pid}\0{token}".encode(errors="surrogateescape"),
                            digest_size=4, person=b"venire part").hexdigest()  # fmt: skip
    return f".{name[:_SHOWN]}.{pid}-{token}{check}.part"


def _new_file(part: str) -> int:
    return os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)


def _new_folder(part: str) -> int:
    os.mkdir(part)
    return os.open(part, os.O_RDONLY)


def _locked(handle: int) -> bool:
    """Take the lock of a part; True also where the file system has none."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _is_same(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _forget(part: str) -> None:
    _remove(part)
    _MINE.pop(part, None)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            os.unlink(path)


@atexit.register
def _forget_all() -> None:
    """What a second interrupt, during the cleaning after the first, has left."""
    for part, pid in list(_MINE.items()):
        if pid == os.getpid():
            with suppress(OSError):
                _forget(part)


# ---- places -------------------------------------------------------------------------------------


def _plain_file(path: Path) -> str:
    """Where `path` leads; refuses what cannot be replaced by a file."""
    target = os.path.realpath(remote.local(path))
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(errno.EINVAL, "it exists and is not a plain file", os.fspath(path))
    _folder_of(target, path)
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is read-only", os.fspath(path))
    return target


def _folder_of(target: str, path: Path) -> None:
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        reason = f"there is no folder {folder}"
        raise FileNotFoundError(errno.ENOENT, reason, os.fspath(path))


def _flush(path: Path) -> None:
    """Make a file, or the renames in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # no such thing for a folder there
            raise
    finally:
        os.close(handle)


def _exchange(one: str, other: str) -> None:
    """Let two folders change places: in one step where the system can."""
    if sys.platform == "linux":
        rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
        here = -100  # AT_FDCWD: names as they are
        if rename is not None and not rename(
            here, os.fsencode(one), here, os.fsencode(other), _EXCHANGE
        ):
            return
    old = f"{one}.old"
    os.rename(other, old)
    os.rename(one, other)
    os.rename(old, one)
