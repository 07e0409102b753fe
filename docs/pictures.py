"""The pictures of the README and of the pages: ``python docs/pictures.py`` draws them again.

They are made by the package, from data that it carries, and saved so that the same picture is the
same file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes

import venire as vn
from venire import datasets, plots

HERE = Path(__file__).parent / "pictures"
SAVED = {"svg.hashsalt": "venire", "svg.fonttype": "none"}


def battles() -> vn.Fit:
    return vn.fit_bradley_terry(datasets.load_battles())


def judges() -> vn.panel.Consensus:
    votes, gold = datasets.load_both_orders()
    return vn.consensus(votes, gold=gold, hold_to_gold=False)


PICTURES: dict[str, Callable[[], Axes]] = {
    "ratings.svg": lambda: plots.plot_ratings(battles()),
    "ranks.svg": lambda: plots.plot_ranks(battles()),
    "wins.svg": lambda: plots.plot_wins(battles()),
    "calibration.svg": lambda: plots.plot_calibration(battles(), bins=6),
    "residuals.svg": lambda: plots.plot_residuals(battles(), top=3),
    "graph.svg": lambda: plots.plot_graph(battles()),
    "reliability.svg": lambda: plots.plot_reliability(judges()),
    "position_bias.svg": lambda: plots.plot_position_bias(judges()),
    "correlation.svg": lambda: plots.plot_correlation(judges()),
}


def draw(folder: Path) -> None:
    """Draw all of them into a folder."""
    folder.mkdir(exist_ok=True)
    with matplotlib.rc_context(SAVED):
        for name, picture in PICTURES.items():
            figure = picture().figure
            figure.savefig(folder / name, metadata={"Date": None}, bbox_inches="tight")


if __name__ == "__main__":
    draw(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
