"""Items against items: who wins how often, and who met whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire._core.extras import needs
from venire._core.tables import amount
from venire.models import model_of
from venire.plots._style import (
    COLOURS,
    INK,
    PALE,
    axes,
    bare,
    checked,
    counted,
    finish,
    inches,
    ink_on,
    label_ticks,
    ramp,
    room,
    shortened,
)
from venire.plots._taken import Taken, comparisons_of, taken
from venire.ratings.pairs import by_pair, cells_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from venire.data import Comparisons, GroupedComparisons
    from venire.ratings import Fit, GroupedFit
    from venire.resampling import Bootstrap, GroupedBootstrap

__all__ = ["plot_graph", "plot_wins"]

NUMBERS = 0.21  # inches of a cell with a number in it
NAMED, MOST_NAMED = 10, 40  # items, by default and at most
PAIRS = 30  # items up to which each pair is drawn by itself
BLOCKS = 60
LINES = 12  # parts up to which borders are drawn


def plot_wins(
    fit: Fit | Bootstrap | GroupedFit | GroupedBootstrap,
    ax: Axes | None = None,
    *,
    top: int | None = None,
    group: Any = None,
) -> Axes:
    """Draw who beats whom: shares of points by the fit, and beside them those that were observed.

    A cell is the share of the item in the row against that in the column; a tie is half a win. In
    the block of what was observed pairs that never met are hatched. Numbers are in per cent, where
    there is room for them.

    Parameters
    ----------
    fit : Fit, Bootstrap, GroupedFit or GroupedBootstrap
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    top : int, optional
        The best so many items, up to 40; default 10.
    group : label, optional
        Whose items, where there are groups.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError, TypeError
        As `plot_ratings`.

    Notes
    -----
    Shares by the fit are without an order effect; those observed are as they were. O(cells log
    cells).

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons.from_counts(["a", "b"], ["b", "c"], win=[30, 20], loss=[10, 20])
    >>> ax = vn.plots.plot_wins(vn.fit_bradley_terry(c))
    >>> sorted({text.get_text() for text in ax.texts})
    ['25', '50', '75', 'by the fit', 'observed']
    """
    source = taken(fit, group)
    top = NAMED if top is None else checks.whole(top, "top", 1, MOST_NAMED)
    checked(ax)
    order = source.fit.best_first()
    order = order[source.comparable()[order]]
    items = order[:top]
    n = len(items)
    expected, observed = _shares(source, items)
    ax = axes(ax, height=min(6.0, max(2.6, 1.3 + 0.27 * n)))
    both = np.full((n, 2 * n + 1), np.nan)
    both[:, :n], both[:, n + 1 :] = expected, observed
    image = ax.imshow(both, cmap=ramp(), vmin=0.0, vmax=1.0, aspect="auto")
    _hatch(ax, np.isnan(observed) & ~np.eye(n, dtype=bool), n + 1)
    for start in (0, n + 1):
        for k in range(n):
            ax.add_patch(_square(start + k, k, facecolor=PALE))
    _write(ax, both, image)
    labels = shortened(source.fit.items[items].tolist(), room(ax, 0.25, 8.0))
    size = _label_size(ax, n)
    label_ticks(ax, "y", np.arange(n), labels, fontsize=size)
    across = shortened(source.fit.items[items].tolist(), _below(ax, size))
    at = np.concatenate([np.arange(n), np.arange(n) + n + 1])
    if n > 2 * NAMED:
        ax.set_xticks([])
    else:
        label_ticks(ax, "x", at, across * 2, fontsize=size, rotation=90)
    for start, words in ((0, "by the fit"), (n + 1, "observed")):
        ax.annotate(words, (start + (n - 1) / 2, -0.5), (0, 4), textcoords="offset points",
                    ha="center", va="bottom", color=INK, fontsize=9)  # fmt: skip
    notes = source.notes()
    if source.fit.order_effect:
        notes += ["by the fit: without an order effect"]
    if source.fit.covariate_names:
        notes += [f"by the fit: at equal {' and '.join(source.fit.covariate_names)}"]
    if n < len(order):
        notes += [f"the best {n} of {len(order):,} items"]
    if (np.isnan(observed) & ~np.eye(n, dtype=bool)).any():
        notes += ["hatched: never met"]
    finish(ax, "% of the points of the row against the column; darker: more", grid="", notes=notes,
           warnings=source.warnings(), pad=18.0)  # fmt: skip
    return bare(ax)


def _shares(source: Taken, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of points of rows against columns: by the fit and as observed; nan where none are."""
    own, n = source.fit.own, len(items)
    d = own.theta[items][:, None] - own.theta[items][None, :]
    chances = model_of(own.model).probabilities(d, own.log_tie)
    expected = chances if own.tie is None else chances[..., 0] + 0.5 * chances[..., 1]
    expected = np.where(np.eye(n, dtype=bool), np.nan, expected)
    place = np.full(len(own.theta), -1)
    place[items] = np.arange(n)
    pairs = by_pair(cells_of(own))
    i, j = place[pairs.first], place[pairs.second]
    both = (i >= 0) & (j >= 0)
    observed = np.full((n, n), np.nan)
    observed[i[both], j[both]] = pairs.share[both]
    observed[j[both], i[both]] = 1.0 - pairs.share[both]
    return expected, observed


def plot_graph(
    data: Comparisons | GroupedComparisons | Fit | Bootstrap | GroupedFit | GroupedBootstrap,
    ax: Axes | None = None,
    *,
    group: Any = None,
) -> Axes:
    """Draw who met whom: how often each pair did.

    Items stand by component, the largest first, and in it by their number of comparisons; lines
    separate components. Of over 30 items blocks of neighbours are drawn, in the colour of their
    comparisons per pair. White never met.

    Parameters
    ----------
    data : Comparisons, GroupedComparisons, or a result that has such
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.
    group : label, optional
        Whose comparisons, where there are groups.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If a group is not named or unknown.
    TypeError
        If `data` is none of these.

    Notes
    -----
    O(cells log cells).

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons(["a", "b", "x"], ["b", "c", "y"], 1.0)
    >>> ax = vn.plots.plot_graph(c)
    >>> said = ax.get_title(loc="left").replace(chr(10), " ").split("; ")
    >>> said[1], said[3]
    ('3 of 10 pairs met (30 %)', '2 parts that never met, of 3 and 2 items')
    """
    c, notes = comparisons_of(data, group)
    checked(ax)
    n = len(c.items)
    mass = c.win + c.loss + c.tie
    here = np.flatnonzero(mass > 0.0)
    pair, at = np.unique(c.first[here].astype(np.int64) * n + c.second[here], return_inverse=True)
    games = np.bincount(at, mass[here], len(pair))
    first, second = pair // n, pair % n
    each = np.bincount(first, games, n) + np.bincount(second, games, n)
    part, sizes = c.components()
    order = np.lexsort((-each, part, -sizes[part]))
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    ax = axes(ax, height=float(np.clip(2.0 + 0.12 * n, 4.0, 6.0)) if n <= PAIRS else 4.0)
    if n <= PAIRS:
        label = _draw_pairs(ax, c.items[order].tolist(), place[first], place[second], games)
    else:
        label = _draw_blocks(ax, n, place[first], place[second], games)
    _borders(ax, np.sort(sizes[sizes > 1])[::-1], n)
    possible = n * (n - 1) // 2
    share = 100.0 * len(pair) / max(possible, 1)
    notes += [f"{n:,} items", f"{len(pair):,} of {possible:,} pairs met ({share:.3g} %)"]
    few, many, middle = map(counted, (each.min(), each.max(), np.median(each)))
    notes += [f"comparisons of an item: {few} to {many}, median {middle}"]
    notes += _parts(sizes)
    finish(ax, label, "" if n <= PAIRS else "items", grid="", notes=notes)
    return bare(ax)


def _parts(sizes: np.ndarray) -> list[str]:
    """Components in words."""
    met = np.sort(sizes[sizes > 1])[::-1]
    found = []
    if len(met) > 1:
        named = ", ".join(f"{x:,}" for x in met[:3])
        named = " and ".join(named.rsplit(", ", 1)) if len(met) <= 3 else named + ", \u2026"
        found += [f"{len(met):,} parts that never met, of {named} items"]
    if alone := int(np.count_nonzero(sizes == 1)):
        found += [f"{alone:,} met nobody"]
    return found


def _draw_pairs(ax: Axes, items: list[Any], i: np.ndarray, j: np.ndarray, games: np.ndarray) -> str:
    """A cell for each pair, in the colour, and if there is room the number, of its comparisons."""
    n = len(items)
    met = np.full((n, n), np.nan)
    met[i, j] = met[j, i] = games
    image = _heat(ax, met)
    for k in range(n):
        ax.add_patch(_square(k, k, facecolor=PALE))
    if not _write(ax, met, image, 1.0, amount):
        _bar(ax, image, "comparisons of a pair")
    size = _label_size(ax, n)
    label_ticks(ax, "y", np.arange(n), shortened(items, room(ax, 0.3, size)), fontsize=size)
    label_ticks(
        ax, "x", np.arange(n), shortened(items, _below(ax, size)), fontsize=size, rotation=90
    )
    return "comparisons of each pair"


def _draw_blocks(ax: Axes, n: int, i: np.ndarray, j: np.ndarray, games: np.ndarray) -> str:
    """A cell for each two blocks of neighbours, in the colour of their comparisons per pair."""
    blocks = min(BLOCKS, n)
    edges = np.linspace(0, n, blocks + 1).astype(np.int64)
    size = np.diff(edges).astype(np.float64)
    a, b = np.searchsorted(edges, i, "right") - 1, np.searchsorted(edges, j, "right") - 1
    met = np.bincount(a * blocks + b, games, blocks**2).reshape(blocks, blocks)
    met = met + met.T - np.diag(np.diag(met))
    pairs = np.outer(size, size) - np.diag(size * (size + 1.0) / 2.0)
    each = np.where(met > 0.0, met / np.maximum(pairs, 1.0), np.nan)
    image = _heat(ax, each, (-0.5, n - 0.5, n - 0.5, -0.5))
    _bar(ax, image, "comparisons per pair")
    return "items, each part's most compared first"


def _heat(ax: Axes, values: np.ndarray, extent: Any = None) -> Any:
    """An image in which dark is much; logarithmic where values go far apart."""
    colors = needs("matplotlib.colors", "a picture")
    seen = values[np.isfinite(values)]
    low, high = (seen.min(), seen.max()) if len(seen) else (1.0, 1.0)
    far = high > 30.0 * low
    top = high if high > low else 2.0 * high  # all alike: neither little nor much
    norm = colors.LogNorm(low, high) if far else colors.Normalize(0.0, top)
    return ax.imshow(values, cmap=ramp(), norm=norm, extent=extent, aspect="auto")


def _bar(ax: Axes, image: Any, label: str) -> None:
    bar: Any = ax.figure.colorbar(image, ax=ax, shrink=0.85, label=label)
    bar.outline.set_visible(False)


def _borders(ax: Axes, sizes: np.ndarray, n: int) -> None:
    """Lines after each component, and after the last that has a comparison."""
    ends = np.cumsum(sizes)
    for end in ends[ends < n][:LINES]:
        ax.axhline(end - 0.5, color=COLOURS[1], linewidth=1.2)
        ax.axvline(end - 0.5, color=COLOURS[1], linewidth=1.2)


def _square(x: float, y: float, **style: Any) -> Any:
    patches = needs("matplotlib.patches", "a picture")
    return patches.Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, linewidth=0.0, **style)


def _hatch(ax: Axes, where: np.ndarray, start: int) -> None:
    """Mark cells in which nothing was seen."""
    for y, x in np.argwhere(where):
        ax.add_patch(_square(start + x, y, facecolor="white", hatch="////", edgecolor="#AAAAAA"))


def _write(
    ax: Axes, values: np.ndarray, image: Any, times: float = 100.0, words: Any = "{:.0f}".format
) -> bool:
    """Numbers in the cells, if they can be read there; whether they can."""
    wide, high = np.array(inches(ax)) / values.shape[::-1]
    if wide < NUMBERS or high < 0.6 * NUMBERS:
        return False
    size = float(np.clip(wide * 72.0 * 0.42, 5.5, 9.0))
    for y, x in np.argwhere(np.isfinite(values)):
        ax.text(x, y, words(times * values[y, x]), ha="center", va="center", fontsize=size,
                color=ink_on(image.to_rgba(values[y, x])))  # fmt: skip
    return True


def _label_size(ax: Axes, n: int) -> float:
    return float(np.clip(0.68 * 72.0 * inches(ax)[1] / max(n, 1), 4.5, 8.5))


def _below(ax: Axes, size: float) -> int:
    """Letters of upright labels below the Axes."""
    return int(np.clip(0.36 * inches(ax)[1] * 72.0 / (0.6 * size), 5, 14))
