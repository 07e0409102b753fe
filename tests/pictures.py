"""Pictures that are compared with those in tests/pictures/; ``python tests/pictures.py`` draws.

A picture is drawn at 6 x 4 inches without a window, in the font that comes with matplotlib, and
kept small and in grey. Machines differ in single points: what is compared are the means of squares
of 4 x 4 points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import venire as vn

FOLDER = Path(__file__).parent / "pictures"
DOTS = 50  # an inch
SQUARE = 4  # points whose mean is compared
DRAWINGS: dict[str, Callable[[Any], Any]] = {}


def drawing(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Enter a function that draws on Axes of 6 x 4 inches."""
    DRAWINGS[function.__name__] = function
    return function


@contextmanager
def same_everywhere() -> Iterator[None]:
    """Settings that do not depend on the machine."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"font.family": "DejaVu Sans", "text.hinting": "none"})
        yield


def points(draw: Callable[[Any], Any]) -> np.ndarray:
    """The picture in grey, (200, 300), 0 black to 255 white."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with same_everywhere():
        figure = Figure(figsize=(6.0, 4.0), dpi=DOTS, layout="constrained", facecolor="white")
        canvas = FigureCanvasAgg(figure)
        draw(figure.add_subplot())
        canvas.draw()
        colours = np.asarray(canvas.buffer_rgba())[..., :3].astype(np.float64)
    return (colours @ [0.299, 0.587, 0.114]).round().astype(np.uint8)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Root mean square difference of the means of squares, in shades of 255."""

    def coarse(x: np.ndarray) -> np.ndarray:
        h, w = (size - size % SQUARE for size in x.shape)
        cut = x[:h, :w].astype(np.float64)
        return cut.reshape(h // SQUARE, SQUARE, w // SQUARE, SQUARE).mean(axis=(1, 3))

    return float(np.sqrt(np.mean((coarse(one) - coarse(other)) ** 2)))


def kept(name: str) -> np.ndarray:
    """The picture in the folder."""
    from matplotlib.image import imread

    shades = np.asarray(imread(FOLDER / f"{name}.png"))
    return (255.0 * (shades if shades.ndim == 2 else shades[..., 0])).round().astype(np.uint8)


def keep(path: Path, shades: np.ndarray) -> None:
    """Write shades as a small file."""
    from PIL import Image  # which matplotlib stands on

    Image.fromarray(shades).save(path, optimize=True)


# ---- results, from formulas: no generator of random numbers may change them -------------------


def league(n: int, *, ties: bool = False, apart: int = 0, alone: int = 0) -> vn.Comparisons:
    """`n` items in the order of their strengths, then `apart` that met each other only, and `alone`
    that met nobody."""
    i, j = np.triu_indices(n, 1)
    near = (j - i <= 4) | ((i * j) % 11 == 3)
    i, j = i[near], j[near]
    p = 1.0 / (1.0 + np.exp(-3.0 * (j - i) / n))
    win = np.clip(np.round(20.0 * p + (i * 31 + j * 17) % 5 - 2.0), 1.0, 19.0)
    tie = np.where((i + j) % 3 == 0, 4.0, 1.0) * ties
    names = [f"model {k:03d}" for k in range(n + apart + alone)]
    k = np.arange(n, n + apart)
    first, second = np.r_[i, k], np.r_[j, np.roll(k, -1)]
    other = np.full(apart, 3.0)
    return vn.Comparisons.from_counts(
        np.array(names)[first], np.array(names)[second], np.r_[win, other],
        np.r_[20.0 - win, other], np.r_[tie, 0.0 * other], items=names,
    )  # fmt: skip


@cache
def few() -> vn.Fit:
    return vn.fit_bradley_terry(league(5))


@cache
def many() -> vn.Fit:
    return vn.fit_bradley_terry(league(200))


@cache
def in_parts() -> vn.Fit:
    prior = vn.GaussianPrior(0.1)
    return vn.fit_bradley_terry(league(6, apart=3, alone=2), prior=prior)


@drawing
def ratings_5(ax: Any) -> Any:
    return vn.plots.plot_ratings(few(), ax)


@drawing
def ratings_200(ax: Any) -> Any:
    return vn.plots.plot_ratings(many().to_elo("model 100", 1100.0), ax)


@drawing
def ratings_in_parts(ax: Any) -> Any:
    return vn.plots.plot_ratings(in_parts(), ax)


@drawing
def ranks_5(ax: Any) -> Any:
    return vn.plots.plot_ranks(few(), ax)


@drawing
def ranks_200(ax: Any) -> Any:
    return vn.plots.plot_ranks(many(), ax)


@drawing
def wins_5(ax: Any) -> Any:
    return vn.plots.plot_wins(few(), ax)


@drawing
def wins_200(ax: Any) -> Any:
    return vn.plots.plot_wins(many(), ax)


@drawing
def calibration_200(ax: Any) -> Any:
    return vn.plots.plot_calibration(many(), ax)


@drawing
def calibration_of_ties(ax: Any) -> Any:
    return vn.plots.plot_calibration(vn.fit_davidson(league(12, ties=True)), ax, bins=5)


@drawing
def residuals_5(ax: Any) -> Any:
    return vn.plots.plot_residuals(few(), ax)


@drawing
def residuals_200(ax: Any) -> Any:
    return vn.plots.plot_residuals(many(), ax)


@drawing
def graph_5(ax: Any) -> Any:
    return vn.plots.plot_graph(league(5), ax)


@drawing
def graph_200(ax: Any) -> Any:
    return vn.plots.plot_graph(league(160, apart=30, alone=10), ax)


# ---- panels, by arithmetic, too -----------------------------------------------------------------


def panel(n: int, strangers: int = 0) -> vn.Consensus:
    """`n` judges of 60 pairs in both orders, of ever less use, in threes with common mistakes; the
    last `strangers` judge other pairs. Gold is known of every other pair."""
    rows = [
        (p, f"judge {k:02d}", -1 if wrong else 1, swapped)
        for k in range(n)
        for p in (range(60) if k < n - strangers else range(60, 80))
        for swapped in (0, 1)
        for wrong in [(p * 37 + (k - k % 3 + 1) * 11) % 100 < 8 + 60 * k // n
                      or (p * 13 + k * 29 + 7 * swapped * (k % 4)) % 23 == 0]
    ]  # fmt: skip
    pair, judge, vote, swapped = (np.array(x) for x in zip(*rows, strict=True))
    votes = vn.Votes.from_pairs(pair, judge, vote, swapped=swapped.astype(bool))
    gold = np.where(np.arange(votes.n_pairs) % 2, 1.0, np.nan)
    return vn.consensus(votes, gold=gold, hold_to_gold=False)


@drawing
def reliability_3(ax: Any) -> Any:
    return vn.plots.plot_reliability(panel(3), ax)


@drawing
def reliability_65(ax: Any) -> Any:
    return vn.plots.plot_reliability(panel(65), ax)


@drawing
def position_bias_3(ax: Any) -> Any:
    return vn.plots.plot_position_bias(panel(3), ax)


@drawing
def position_bias_65(ax: Any) -> Any:
    return vn.plots.plot_position_bias(panel(65), ax)


def judged(n: int) -> Any:
    """Judges of whom each is sharper than the one before it, and leans the other way."""
    rows = [
        (i, j, k, 1 if (7 * i + 3 * j + 11 * k + r) % 23 > 11 + (3 + 9 * k // n) * d // 3 else -1)
        for k in range(n) for i in range(5) for j in range(5) for r in range(4)
        for d in [j - i] if d
    ]  # fmt: skip
    first, second, judge, vote = (np.array(x) for x in zip(*rows, strict=True))
    swapped = (first + second + judge) % 2 == 0
    return vn.fit_judges(vn.Votes(first, second, judge, vote, swapped=swapped))


@drawing
def judges_3(ax: Any) -> Any:
    return vn.plots.plot_judges(judged(3), ax)


@drawing
def judges_65(ax: Any) -> Any:
    return vn.plots.plot_judges(judged(65), ax, measure="position_bias")


def walked(n: int) -> Any:
    """Items that rise and fall over two years, the last of which come late."""
    months = np.arange("2022-01", "2024-01", dtype="datetime64[M]")
    rows = [
        (i, j, 1 if (5 * i + 3 * j + 7 * t + r) % 17 > 8 + d * 7 // n else 0, when)
        for t, when in enumerate(months) for i in range(n) for j in range(i)
        if min(i, n - 4) * 3 <= 2 * t + n for r in range(2)
        for d in [(j - i) * (1 if (i + t // 6) % 2 else -1)]
    ]  # fmt: skip
    first, second, score, when = (np.array(x) for x in zip(*rows, strict=True))
    c = vn.Comparisons(first, second, score.astype(float), date=when)
    return vn.fit_path(c, walk=0.02, prior=vn.GaussianPrior(1.0))


@drawing
def path_5(ax: Any) -> Any:
    return vn.plots.plot_path(walked(5), ax)


@drawing
def path_30(ax: Any) -> Any:
    return vn.plots.plot_path(walked(30).to_elo(), ax, top=4)


@drawing
def agreement_3(ax: Any) -> Any:
    return vn.plots.plot_agreement(panel(3), ax)


@drawing
def agreement_of_strangers(ax: Any) -> Any:
    return vn.plots.plot_agreement(panel(12, strangers=3), ax)


@drawing
def correlation_65(ax: Any) -> Any:
    return vn.plots.plot_correlation(panel(65), ax)


@drawing
def groups_5(ax: Any) -> Any:
    return vn.plots.plot_groups(grouped(5), ax)


@drawing
def groups_200(ax: Any) -> Any:
    return vn.plots.plot_groups(grouped(200), ax)


def grouped(n: int) -> vn.GroupedFit:
    """`n` groups of six items each, the first of which lost every game."""
    one = league(6)
    first, second = (one.items[x] for x in (one.first, one.second))
    k = np.repeat(np.arange(n), len(first))
    win = np.clip(np.tile(one.win, n) + k % 7 - 3.0, 1.0, 19.0)
    return vn.fit_groups(
        vn.GroupedComparisons.from_counts(
            k, np.tile(first, n), np.tile(second, n), win, 20.0 - win + (k % 5)
        )
    )


@drawing
def benchmark(ax: Any) -> Any:
    timed = vn.bench.Timed
    rows = (
        timed("arena", "fit", 2_000, "rows", "venire", 0.0125, False, 1.0, 0.0),
        timed("arena", "fit", 2_000, "rows", "reference (NumPy)", 0.2, False, 16.0, 1e-10),
        timed("arena", "fit", 2_000, "rows", "plain Python", 31.0, True, 2480.0, 1e-9),
        timed("votes", "Votes.from_pairs", 500, "votes", "venire", 0.5, False, 1.0, 0.0),
        timed("votes", "Votes.from_pairs", 500, "votes", "NumPy", 0.1, False, 0.2, np.nan),
    )
    return vn.plots.plot_benchmark(vn.bench.Benchmark("quick", 2, rows, ()), ax)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, draw in DRAWINGS.items():
        keep(FOLDER / f"{name}.png", points(draw))
