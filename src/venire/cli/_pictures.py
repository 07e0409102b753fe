"""Pictures that commands draw to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from venire import io
from venire._core import disk
from venire.cli._errors import Refused
from venire.io.tables_out import about

__all__ = ["check", "write"]

_ENDINGS = (".png", ".svg", ".pdf")


def check(path: Path) -> None:
    """Refuse a picture that could not be written."""
    if path.suffix.lower() not in _ENDINGS:
        raise io.DataError(path, "the name of a picture must end in .png, .svg or .pdf")
    with about(path):
        disk.check_writable(path)
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise Refused("--plot needs matplotlib: pip install 'venire[plot]'", 1) from None


def write(axes: Any, path: Path) -> None:
    """Write the picture that the axes are part of."""
    with about(path), disk.whole(path) as part:
        axes.figure.savefig(part, dpi=200, format=path.suffix[1:].lower())
