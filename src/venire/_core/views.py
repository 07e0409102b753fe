"""What a result offers that stands above it: picture, page, draws; found by name at the call."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["PICTURES", "Drawn", "draws", "page", "picture"]

#: The class of a result: the function of `venire.plots` that draws it.
PICTURES = {
    "Fit": "plot_ratings",
    "GroupedFit": "plot_ratings",
    "Bootstrap": "plot_ratings",
    "PosteriorDraws": "plot_ratings",
    "GroupedBootstrap": "plot_ratings",
    "Rated": "plot_ratings",
    "Consensus": "plot_reliability",
    "Agreement": "plot_agreement",
    "GoldReport": "plot_correlation",
    "Decomposition": "plot_correlation",
    "Report": "plot_quality",
    "Plan": "plot_plan",
}


def picture(result: Any, ax: Any, **options: Any) -> Any:
    """The Axes on which the result was drawn."""
    draw = getattr(import_module("venire.plots"), PICTURES[type(result).__name__])
    return draw(result, ax, **options)


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
