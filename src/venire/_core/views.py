"""What a result offers that stands above it: picture, page, draws; found by name at the call."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Self

from venire._core import checks

__all__ = ["PICTURES", "Drawn", "Kept", "Sampled", "page", "picture"]

#: The class of a result: the function of `venire.plots` that draws it.
PICTURES = {
    "Fit": "plot_ratings",
    "PlackettLuceFit": "plot_ratings",
    "GroupedFit": "plot_ratings",
    "Bootstrap": "plot_ratings",
    "PosteriorDraws": "plot_ratings",
    "GroupedBootstrap": "plot_ratings",
    "GroupedPosteriorDraws": "plot_ratings",
    "PathFit": "plot_path",
    "Rated": "plot_ratings",
    "JudgesFit": "plot_judges",
    "Consensus": "plot_reliability",
    "Agreement": "plot_agreement",
    "GoldReport": "plot_correlation",
    "Decomposition": "plot_correlation",
    "Report": "plot_quality",
    "Plan": "plot_plan",
    "Benchmark": "plot_benchmark",
}


def picture(result: Any, ax: Any, **options: Any) -> Any:
    """The Axes on which the result was drawn."""
    draw = getattr(import_module("venire.plots"), PICTURES[type(result).__name__])
    return draw(result, ax, **options)


class Drawn:
    """A result of which there is a picture."""

    def plot(self, ax: Any = None, **options: Any) -> Any:
        """Draw it.

        Ratings of models from judges as `venire.plots.plot_ratings` does, judges in the likelihood
        as `plot_judges`, a consensus as
        `plot_reliability`, an agreement as `plot_agreement`, gold and the members of an ensemble as
        `plot_correlation`, a loop's report as `plot_quality`, a plan as `plot_plan`, ratings over
        time as `plot_path`, times as `plot_benchmark`. What else there is to see, all at once:
        `venire.plots.overview`.

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


class Sampled:
    """A fit, or fits of groups, around which ratings are drawn."""

    def sample(self, n_samples: int = 1000, *, rng: Any = None, errors: str = "fisher") -> Any:
        """Draw ratings from the normal approximation around this fit: `venire.resampling.sample`.

        Parameters
        ----------
        n_samples : int, default 1000
        rng : int, SeedSequence or Generator, optional
        errors : {"fisher", "robust"}
            Whose covariance the draws have.

        Returns
        -------
        PosteriorDraws or GroupedPosteriorDraws
            In the unit of this fit, with all that a bootstrap tells, and ranks' chances; of groups
            by group, and ``draws[label]`` of one.

        Raises
        ------
        ValueError
            If `n_samples` < 1, `errors` is none of its choices, or groups share parameters.

        Examples
        --------
        >>> import venire as vn
        >>> fit = vn.fit_bradley_terry(vn.datasets.load_battles())
        >>> draws = fit.sample(2000, rng=1)
        >>> draws.theta.shape, bool(draws.prob_better("lynx-70b", "vole-2b") > 0.99)
        ((2000, 7), True)
        >>> topics = vn.fit_groups(vn.datasets.load_topics())
        >>> topics.sample(100, rng=1).rank_probabilities(3).shape == (len(topics.items), 3)
        True
        """
        return import_module("venire.resampling").sample(self, n_samples, rng=rng, errors=errors)


class Kept:
    """A fit that can be written to a file, and read again."""

    def save(self, path: Any) -> None:
        """Write the fit and its comparisons to `path`, a .npz file by that very name.

        Raises
        ------
        OSError
            If the file cannot be written.
        ValueError
            If a label ends in a NUL character, or the fit is shown in another unit.
        """
        import_module("venire.resampling").save_fit(self, path)

    @classmethod
    def load(cls, path: Any) -> Self:
        """Read what `save` wrote; nothing in the file is executed, and all of it is checked.

        Raises
        ------
        ValueError
            If the file is no saved fit or was changed: names the member and what is wrong.
        FileNotFoundError
            If there is no such file.
        """
        found = import_module("venire.resampling").load_fit(path)
        if not isinstance(found, cls):
            checks.fail("path", f"holds a {type(found).__name__}, no {cls.__name__}", value=path)
        return found
