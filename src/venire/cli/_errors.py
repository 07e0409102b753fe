"""What ends a run."""

from __future__ import annotations

__all__ = ["Refused"]


class Refused(Exception):
    """The message of a run that ends with an exit code other than 0."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
