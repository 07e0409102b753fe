"""What tells a file from what it was: size, time of its last change, its first and last block."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence

from venire._core.checks import fail
from venire._core.job_documents import Input
from venire.io.sources import File

__all__ = ["inputs_of"]

_BLOCK = 1 << 16


def inputs_of(files: Sequence[File]) -> list[Input]:
    """The files of a job, as they are now.

    Raises
    ------
    ValueError
        If one can be read but once, by this process alone.
    """
    return [_input(file) for file in files]


def _input(file: File) -> Input:
    if file.fd is not None:
        rule = "of a job must be files that can be read again: name one"
        fail("source", rule, value=file.name)
    name = file.name if file.url else os.path.abspath(file.name)
    mtime = None
    try:
        if not file.url:
            mtime = os.stat(file.name).st_mtime_ns
        with file.raw() as stream:
            digest = hashlib.blake2b(stream.read(_BLOCK), digest_size=16)
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _BLOCK))
            digest.update(stream.read(_BLOCK))
    except OSError:  # the reader says what is wrong
        return Input(name, -1, mtime, "")
    return Input(name, size, mtime, digest.hexdigest())
