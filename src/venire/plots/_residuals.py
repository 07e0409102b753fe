"""How a fit stands to what was seen: calibration, and residuals by pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire._core.intervals import wilson
from venire.data import Comparisons
from venire.plots._style import (
    COLOURS,
    GREY,
    INK,
    axes,
    checked,
    colour,
    counted,
    finish,
    marker,
    ramp,
    room,
    say,
    shortened,
    within,
)
from venire.plots._taken import taken
from venire.ratings.pairs import Cells, by_pair, cells_of, met

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from venire.ratings import Fit, GroupedFit
    from venire.resampling import Bootstrap, GroupedBootstrap

__all__ = ["plot_calibration", "plot_residuals"]

MOST_POINTS = 2_000  # beyond them points are counted in hexagons
MOST_NAMED = 12


def plot_calibration(
    fit: Fit | Bootstrap | GroupedFit | GroupedBootstrap,
    ax: Axes | None = None,
    *,
    comparisons: Comparisons | None = None,
    bins: int = 10,
    level: float = 0.95,
    group: Any = None,
) -> Axes:
    """Draw how often outcomes came against how often the fit expects them, with intervals.

    Each comparison is seen by whom the fit expects to win. In models with ties there is a line for
    the wins of this favourite, for ties and for its losses; otherwise a tie is half a win.

    Parameters
    ----------
    fit : Fit, Bootstrap, GroupedFit or GroupedBootstrap
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    comparisons : Comparisons, optional
        Of items of the fit: others than those it was fitted to, which are the default and flatter
        it.
    bins : int, default 10
        At most so many points a line, each of as many comparisons as the others.
    level : float, default 0.95
        Of the intervals of the observed shares (Wilson 1927, doi:10.1080/01621459.1927.10502953),
        as if comparisons were independent.
    group : label, optional
        Whose fit, where there are groups.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If an argument is out of range, a label unknown, or items cannot be compared.
    TypeError
        If `fit` or `comparisons` is none of these.

    Notes
    -----
    O(cells log cells).

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], win=[30, 20], loss=[10, 20])
    >>> vn.plots.plot_calibration(vn.fit_bradley_terry(c)).get_xlabel()
    'expected share of the favourite'
    """
    source = taken(fit, group)
    if comparisons is not None and not isinstance(comparisons, Comparisons):
        name = type(comparisons).__name__
        checks.fail("comparisons", f"must be Comparisons, got {name}", kind=TypeError)
    bins, level = checks.whole(bins, "bins", 1, 1_000), checks.level(level)
    cells = cells_of(source.fit, comparisons).favourite_first()
    ax = axes(ax)
    ties = source.fit.tie is not None
    names = ("the favourite wins", "a tie", "the favourite loses") if ties else ("",)
    ends: list[float] = []
    for k, name in enumerate(names):
        p = cells.chances[:, k] if ties else cells.expected
        seen = cells.outcomes[:, k] / cells.games if ties else cells.share
        x, y, low, high = _binned(p, seen, cells.games, bins, level)
        ax.errorbar(
            x, y, yerr=[y - low, high - y], color=colour(k), marker=marker(k), label=name,
            linestyle="", elinewidth=1.4, markersize=5.5, markeredgecolor="white", zorder=3,
        )  # fmt: skip
        ends += [x.min(), x.max(), low.min(), high.max()] if len(x) else []
    span = (min(ends) - 0.02, max(ends) + 0.02) if ends else (0.0, 1.0)
    ax.plot(span, span, "--", color=GREY, linewidth=1.0, label="as expected", zorder=1)
    ax.set_xlim(*span)
    ax.set_ylim(*span)
    whose = "the comparisons fitted" if comparisons is None else "other comparisons"
    notes = [*source.notes(), f"{counted(cells.games.sum())} comparisons: {whose}"]
    notes += [f"{100 * level:g} % intervals"]
    if ties:
        x_label, y_label = "expected probability", "observed share"
    else:
        x_label, y_label = "expected share of the favourite", "its observed share"
    return finish(ax, x_label, y_label, legend=ties, notes=notes, warnings=source.warnings())


def _binned(
    p: np.ndarray, seen: np.ndarray, games: np.ndarray, bins: int, level: float
) -> tuple[np.ndarray, ...]:
    """Mean of `p` and of `seen` in bins of equal mass along `p`, with the ends of intervals."""
    order = np.argsort(p, kind="stable")
    mass = games[order]
    middle = np.cumsum(mass) - 0.5 * mass
    at = np.minimum((middle / mass.sum() * bins).astype(np.int64), bins - 1)
    at = np.unique(at, return_inverse=True)[1]
    n = np.bincount(at, mass)
    x, y = (np.bincount(at, mass * v[order]) / n for v in (p, seen))
    low, high = wilson(n * np.clip(y, 0.0, 1.0), n, level)
    return x, y, np.minimum(low, y), np.maximum(high, y)


def plot_residuals(
    fit: Fit | Bootstrap | GroupedFit | GroupedBootstrap,
    ax: Axes | None = None,
    *,
    top: int = 5,
    group: Any = None,
) -> Axes:
    """Draw how far each pair is from what the fit expects of it, in standard deviations.

    Each pair is seen by whom the fit expects to win: above 0 the favourite did better than that.
    The `top` pairs that are furthest off are numbered and named below.

    Parameters
    ----------
    fit : Fit, Bootstrap, GroupedFit or GroupedBootstrap
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    top : int, default 5
        Pairs that are named, 0 to 12.
    group : label, optional
        Whose pairs, where there are groups.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        As `plot_ratings`.

    Notes
    -----
    A residual is the signed root of the pair's deviance (McCullagh and Nelder 1989, Generalized
    Linear Models, 2.4.3), which is about standard normal where a pair has some games, and not
    large for a single upset. Where outcomes vary less than wins and losses would, as with ties, it
    is over the root of the share: of the model's variance, or where a model counts ties as half
    wins of `Fit.dispersion`. Over 2,000 pairs are counted in hexagons, and those beyond 4 drawn
    one by one, up to 2,000. O(cells log cells).

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(
    ...     ["a", "b", "a"], ["b", "c", "c"], win=[30, 20, 9], loss=[10, 10, 21]
    ... )
    >>> ax = vn.plots.plot_residuals(vn.fit_bradley_terry(c), top=1)
    >>> ax.texts[-1].get_text()
    '1  a – c: 9 of 30 points, 15.7 expected'
    """
    source = taken(fit, group)
    top = checks.whole(top, "top", 0, MOST_NAMED)
    checked(ax)
    pairs = by_pair(cells_of(source.fit)).favourite_first()
    z, far = _standardised(pairs, source.fit)
    ax = axes(ax)
    x = pairs.expected
    alone = np.ones(len(z), bool) if len(z) <= MOST_POINTS else np.isin(
        np.arange(len(z)), far[: MOST_POINTS][np.abs(z[far[:MOST_POINTS]]) > 4.0]
    )  # fmt: skip
    if not alone.all():
        ax.hexbin(
            x[~alone], z[~alone], gridsize=(36, 24), bins="log", mincnt=1, cmap=ramp(),
            linewidths=0.2,
        )  # fmt: skip
    ax.scatter(
        x[alone], z[alone], s=14.0, color=COLOURS[0], alpha=0.75, edgecolors="white",
        linewidths=0.4, zorder=3,
    )  # fmt: skip
    for at in (-2.0, 0.0, 2.0):
        ax.axhline(at, color=GREY, linewidth=0.9, linestyle="-" if at == 0.0 else "--", zorder=1)
    _name(ax, source.fit, pairs, x, z, far[:top])
    enough = pairs.games * pairs.variance >= 1.0
    notes = [*source.notes(), f"{len(z):,} pair{'s' * (len(z) != 1)}"]
    if n := int(enough.sum()):
        beyond = 100.0 * np.mean(np.abs(z[enough]) > 2.0)
        notes += [f"of {n:,} with enough games {beyond:.1f} % are beyond 2 (by chance 4.6 %)"]
    if len(z) > MOST_POINTS:
        notes += ["darker: more pairs"]
    label = "expected share of the favourite"
    return finish(
        ax, label, "residual, in standard deviations", notes=notes, warnings=source.warnings()
    )


def _standardised(pairs: Cells, fit: Fit) -> tuple[np.ndarray, np.ndarray]:
    """Residuals of the pairs, and their positions from the furthest off down."""
    p = np.clip(pairs.expected, 1e-12, 1.0 - 1e-12)
    seen, games = np.clip(pairs.share, 0.0, 1.0), pairs.games
    scale: Any = pairs.variance / (p * (1.0 - p))
    c = met(fit)
    if fit.tie is None and np.sum(c.win + c.tie / 2.0 - c.square) > 1e-9 * games.sum():
        scale = fit.dispersion
    scale = np.where((scale > 0.0) & (scale < 1.0), scale, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        win = np.where(seen > 0.0, seen * np.log(seen / p), 0.0)
        loss = np.where(seen < 1.0, (1.0 - seen) * np.log((1.0 - seen) / (1.0 - p)), 0.0)
    z = np.sign(seen - p) * np.sqrt(np.maximum(2.0 * games * (win + loss), 0.0) / scale)
    return z, np.argsort(-np.abs(z), kind="stable")


def _name(
    ax: Axes, fit: Fit, pairs: Cells, x: np.ndarray, z: np.ndarray, which: np.ndarray
) -> None:
    """Numbers at some points, and what they are in lines below."""
    if not len(which):
        return
    both = np.stack([pairs.first, pairs.second], axis=1)[which]
    letters = room(ax, 0.97, 8.0)
    names = shortened(fit.items[both].ravel().tolist(), min(max((letters - 40) // 2, 6), 24))
    labels, points, due = [within(name) for name in names], " points, ", "{:.1f} expected"
    if letters < 60:
        points, due = ", ", "due {:.1f}"
    lines = []
    for k, at in enumerate(which):
        right = k % 2 == 0  # of two that are near each other one goes to the left
        ax.annotate(str(k + 1), (x[at], z[at]), (5 if right else -5, 0),
                    textcoords="offset points", ha="left" if right else "right", fontsize=8,
                    va="center", color=COLOURS[1], fontweight="bold", zorder=4)  # fmt: skip
        games, got = pairs.games[at], pairs.share[at] * pairs.games[at]
        lines += [
            f"{k + 1}  {labels[2 * k]} \u2013 {labels[2 * k + 1]}: {counted(got)} of "
            f"{counted(games)}{points}{due.format(pairs.expected[at] * games)}"
        ]
    text = ax.annotate("", (0.0, 0.0), (0, -38), xycoords="axes fraction", va="top", fontsize=8,
                       textcoords="offset points", color=INK, linespacing=1.35)  # fmt: skip
    say(text, "\n".join(lines))
