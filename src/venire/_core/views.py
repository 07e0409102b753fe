"""Picture and page of a result: found by name at the call, for they stand above results."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["PICTURES", "page", "picture"]

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


def page(result: Any, path: Any, **options: Any) -> str | None:
    """The result as a page of HTML, or None where it was written to `path`."""
    return import_module("venire.pages").report(result, path, **options)
