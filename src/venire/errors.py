"""Exceptions and warnings of the package."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ConvergenceError",
    "ConvergenceWarning",
    "NotIdentifiedError",
    "NotIdentifiedWarning",
    "StateError",
]


class NotIdentifiedError(ValueError):
    """No unique finite fit exists for these comparisons.

    The message says how many components there are, names example items (undefeated, winless,
    isolated) and the cure.

    Attributes
    ----------
    n_components : int
        Number of strongly connected components of the graph of wins.
    undefeated, winless, isolated : list
        Labels of items (at most ten each) that never lost, never won, or were never compared.
    covariate : str or None
        The covariate whose coefficient is not determined, or not bounded.
    """

    def __init__(
        self,
        message: str,
        *,
        n_components: int = 1,
        undefeated: list[Any] | None = None,
        winless: list[Any] | None = None,
        isolated: list[Any] | None = None,
        covariate: str | None = None,
    ) -> None:
        super().__init__(message)
        self.n_components = n_components
        self.undefeated: list[Any] = undefeated or []
        self.winless: list[Any] = winless or []
        self.isolated: list[Any] = isolated or []
        self.covariate = covariate


class NotIdentifiedWarning(UserWarning):
    """A fit exists only in part: components that never met are fitted each by itself."""


class ConvergenceWarning(UserWarning):
    """An iteration stopped before its residual met the tolerance."""


class ConvergenceError(RuntimeError):
    """The same where the caller asked for an error."""


class StateError(RuntimeError):
    """The folder of a loop or a job cannot be used: in use, of another version, or damaged."""
