"""The picture of a result: found by name at the call, for pictures stand above results."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["PICTURES", "picture"]

#: The class of a result: the function that draws it.
PICTURES = {
    "Fit": "venire.plots:plot_ratings",
    "GroupedFit": "venire.plots:plot_ratings",
    "Bootstrap": "venire.plots:plot_ratings",
    "GroupedBootstrap": "venire.plots:plot_ratings",
    "PosteriorDraws": "venire.plots:plot_ratings",
}


def picture(result: Any, ax: Any, **options: Any) -> Any:
    """The Axes on which the result was drawn."""
    module, _, function = PICTURES[type(result).__name__].partition(":")
    return getattr(import_module(module), function)(result, ax, **options)
