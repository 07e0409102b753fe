"""What lists of columns have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Self

from venire._core import checks

__all__ = ["Named", "check_ageing"]

_NO_COLUMNS = ("mapping", "skip_missing", "half_life", "at")


class Named:
    """Names of columns, by argument."""

    @classmethod
    def of(cls, columns: Self | None, named: Mapping[str, Any]) -> Self:
        """The columns of a call: listed beforehand, or named one by one."""
        if columns is None:
            return cls(**named)
        if not isinstance(columns, cls):
            checks.fail("columns", f"must be {cls.__name__}", value=columns, kind=TypeError)
        if named:
            raise TypeError("give columns, or name them one by one, not both")
        return columns

    @property
    def names(self) -> dict[str, Any]:
        """The column of each argument that was given."""
        return {
            f.name: value
            for f in fields(self)  # type: ignore[arg-type]
            if f.name not in _NO_COLUMNS and (value := getattr(self, f.name)) is not None
        }

    @property
    def said(self) -> dict[str, Any]:
        """What each argument is, for people to read."""
        return self.names

    def in_file(self) -> Self:
        """These, if they are of a file, where names are text."""
        for argument, name in self.names.items():
            if not isinstance(name, str):
                checks.fail(argument, "must name a column, as text", value=name, kind=TypeError)
        return self

    def _check(self, explained: str, *needed: str) -> None:
        """Check what each argument must be by itself."""
        for argument in needed:
            if getattr(self, argument) is None:
                checks.fail(argument, "must name a column", value=None, kind=TypeError)
        for argument, name in self.names.items():
            checks.named(name, argument)
        checks.flag(getattr(self, "skip_missing"), "skip_missing")  # noqa: B009
        mapping = getattr(self, "mapping")  # noqa: B009
        if mapping is not None and not isinstance(mapping, Mapping):
            checks.fail("mapping", "must be a mapping", value=mapping, kind=TypeError)
        if mapping is not None and getattr(self, explained) is None:
            reason = f"explains the values of {explained}: give {explained} as well"
            checks.fail("mapping", reason, kind=TypeError)


def check_ageing(half_life: Any, at: Any) -> float | None:
    """The half-life, if one was given."""
    if half_life is not None:
        return checks.number(half_life, "half_life", "must be > 0", lambda x: x > 0.0)
    if at is not None:
        reason = "is what ages are counted from: give half_life as well"
        checks.fail("at", reason, value=at, kind=TypeError)
    return None
