"""The command line: ``venire fit FILE ...`` and ``venire consensus FILE ...``.

`main` is the entry point. It imports nothing heavy itself, so that ``venire --version`` is quick.
"""

from __future__ import annotations

import os
import sys

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
        0 success; 1 the data: an unreadable file, a bad value, no fit; 2 usage; 130 Ctrl-C.
    """
    arguments = sys.argv[1:] if argv is None else argv
    if arguments == ["--version"]:
        from venire.cli._version import version

        print(f"venire {version()}")
        return 0
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a label that the terminal cannot show is no error
            stream.reconfigure(errors="replace")
    try:
        try:
            from venire.cli._app import app
        except ImportError as error:
            if error.name not in ("typer", "rich", "pyarrow"):
                raise
            print(f"venire: the command line needs {error.name}: pip install 'venire[cli]'",
                  file=sys.stderr)  # fmt: skip
            return 1
        app(args=arguments, prog_name="venire", obj=arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except KeyboardInterrupt:
        print("venire: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0
