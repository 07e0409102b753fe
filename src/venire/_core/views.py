"""What a result offers that stands above it: picture, page, draws; found by name at the call."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["PICTURES", "Drawn", "draws", "page", "picture"]

#: The class of a result: the function that draws it.
PICTURES = {
    "Fit": "venire.plots:plot_ratings",
    "GroupedFit": "venire.plots:plot_ratings",
    "Bootstrap": "venire.plots:plot_ratings",
    "GroupedBootstrap": "venire.plots:plot_ratings",
    "Rated": "venire.plots:plot_ratings",
    "Consensus": "venire.plots:plot_reliability",
    "Agreement": "venire.plots:plot_agreement",
    "GoldReport": "venire.plots:plot_correlation",
    "Decomposition": "venire.plots:plot_correlation",
    "Report": "venire.plots:plot_quality",
    "Plan": "venire.plots:plot_plan",
    "PosteriorDraws": "venire.plots:plot_ratings",
}


def picture(result: Any, ax: Any, **options: Any) -> Any:
    """The Axes on which the result was drawn."""
    module, _, function = PICTURES[type(result).__name__].partition(":")
    return getattr(import_module(module), function)(result, ax, **options)


class Drawn:
    """A result of which there is a picture."""

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw it.

        Ratings of models from judges as `venire.plots.plot_ratings` does, a consensus as
        `plot_reliability`, an agreement as `plot_agreement`, gold and the members of an ensemble as
        `plot_correlation`, a loop's report as `plot_quality`, a plan as `plot_plan`. What else
        there is to see, all at once: `venire.plots.overview`.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.
        **options
            Of that function.

        Returns
        -------
        matplotlib Axes
        """
        return picture(self, ax, **options)


def page(result: Any, path: Any, **options: Any) -> str | None:
    """The result as a page of HTML, or None where it was written to `path`."""
    return import_module("venire.pages").report(result, path, **options)


def draws(fit: Any, n_samples: int, **options: Any) -> Any:
    """Ratings drawn from the normal approximation around a fit."""
    return import_module("venire.resampling").sample(fit, n_samples, **options)
