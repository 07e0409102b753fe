"""Names of columns: when two are the same but for their spelling, and which one was meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from venire._core.failing import alike, key

__all__ = ["key", "listed", "nearest"]


def nearest(name: Any, names: Sequence[Any]) -> tuple[Any, str]:
    """The name that is like one that does not exist, None if none is; and what to say of it."""
    found = alike(str(name), {str(n): n for n in names})
    if found is not None:
        return found, f"did you mean {found!r}?"
    return None, f"there are {listed(names, 20, repr)}" if names else "there are no columns"


def listed(names: Iterable[Any], limit: int = 12, show: Any = str) -> str:
    """The first few names."""
    shown = [show(n) for n in names] or ["no others"]
    return ", ".join(shown[:limit]) + (", ..." if len(shown) > limit else "")
