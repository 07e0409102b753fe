"""Bytes of a text file as UTF-8, whatever its encoding."""

from __future__ import annotations

import codecs
import io
from typing import Any, BinaryIO

from venire.io.dialects import encoding_of

__all__ = ["HEAD", "decoded", "head_of"]

HEAD = 1 << 20  # bytes that the dialect is found out from
_AS_THEY_ARE = ("", "utf-8", "ascii")


class _Recoded(io.RawIOBase):
    """A stream in another encoding, as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream, self._rest = stream, b""
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            data = self._stream.read(1 << 20)
            self._rest = self._decoder.decode(data, not data).encode("utf-8", "surrogatepass")
            if not data:
                break
        n = min(len(buffer), len(self._rest))
        buffer[:n], self._rest = self._rest[:n], self._rest[n:]
        return n


def decoded(stream: BinaryIO, encoding: str, mark: int) -> Any:
    """The stream behind its mark, as UTF-8; with the encoding "" the bytes are as they are."""
    stream.read(mark)
    if encoding in _AS_THEY_ARE:
        return stream
    return io.BufferedReader(_Recoded(stream, encoding), 1 << 20)


def head_of(stream: BinaryIO, given: str | None, path: str) -> tuple[bytes, bool, str, int]:
    """The beginning of a file as UTF-8, whether it is all, its encoding, and its mark's length."""
    start = stream.read(HEAD)
    encoding, mark = encoding_of(start, given, path)
    head = start[mark:]
    if encoding not in _AS_THEY_ARE:
        more = codecs.getincrementaldecoder(encoding)("strict").decode(head, len(start) < HEAD)
        head = more.encode("utf-8", "surrogatepass")
    return head, len(start) < HEAD, encoding, mark
