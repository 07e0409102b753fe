"""Streams that Python's own readers lack."""

from __future__ import annotations

import io
import os
from typing import Any

__all__ = ["At", "Closing", "Readable"]


class Readable(io.RawIOBase):
    """A stream of pyarrow as one of Python's."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class At(io.RawIOBase):
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


class Closing:
    """Closes a descriptor when nobody needs it any more."""

    def __init__(self, fd: int) -> None:
        self._fd, self._close = fd, os.close

    def __del__(self) -> None:
        self._close(self._fd)
