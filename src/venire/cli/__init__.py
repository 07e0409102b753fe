"""The command line: ``venire fit FILE ...`` and ``venire consensus FILE ...``.

`main` is the entry point. It imports nothing heavy itself, so that ``venire --version`` is quick.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

__all__ = ["main"]


def main(argv: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Parameters
    ----------
    argv : list of str, optional
        The arguments after the program's name; the default is those of the process.

    Returns
    -------
    int
        0 success; 1 the data: an unreadable file, a bad value, no fit; 2 usage; 130 Ctrl-C;
        143 SIGTERM, 129 SIGHUP.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if arguments == ["--version"]:
        from venire._core.version import version

        print(f"venire {version()}")
        return 0
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a label that the terminal cannot show is no error
            stream.reconfigure(errors="replace")
    try:
        with _orderly_end():
            return _exit_code(arguments)
    except _Ended as end:
        print(f"venire: ended by {signal.Signals(end.number).name}", file=sys.stderr)
        return 128 + end.number
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _exit_code(arguments: list[str]) -> int:
    try:
        try:
            from venire.cli._app import app
        except ImportError as error:
            from venire._core.extras import missing

            if (said := missing(error, "the command line")) is error:
                raise
            print(f"venire: {said}", file=sys.stderr)
            return 1
        app(args=arguments, prog_name="venire", obj=arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:
        print("venire: interrupted", file=sys.stderr)
        return 130
    return 0


class _Ended(BaseException):
    """A signal asked for the end: what is being written is cleaned up on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Signals that would end the process at once become exceptions, as Ctrl-C is one."""

    def end(number: int, frame: Any) -> NoReturn:
        raise _Ended(number)

    ours = []
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) == signal.SIG_DFL:  # nohup keeps its way
                signal.signal(number, end)
                ours.append(number)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)
