"""Pictures of results: each function draws on the Axes given, or new ones, and returns them.

matplotlib is imported when a function is called. Saving is the caller's:
``ax.figure.savefig("ratings.png", dpi=200)``. In a notebook and at an interactive prompt new
figures are pyplot's, so that they are shown; elsewhere they are nobody's, and go with the Axes.
Give ``ax=plt.subplots()[1]`` to have a script's figure shown by ``plt.show()``.

Colours differ in lightness, and lines in their markers, so that pictures can be read in grey.
Labels are written as they are, never as formulas, in fonts of this machine that have their letters;
what no font has is an empty box. Letters of right-to-left scripts are joined from matplotlib 3.11.
"""

from venire.plots._alike import plot_agreement, plot_correlation
from venire.plots._bench import plot_benchmark
from venire.plots._groups import plot_groups
from venire.plots._judges import plot_judges
from venire.plots._matrices import plot_graph, plot_wins
from venire.plots._overview import overview
from venire.plots._path import plot_path
from venire.plots._quality import plot_growth, plot_plan, plot_quality
from venire.plots._ratings import plot_ranks, plot_ratings
from venire.plots._residuals import plot_calibration, plot_residuals
from venire.plots._teachers import plot_position_bias, plot_reliability

__all__ = [
    "overview",
    "plot_agreement",
    "plot_benchmark",
    "plot_calibration",
    "plot_correlation",
    "plot_graph",
    "plot_groups",
    "plot_growth",
    "plot_judges",
    "plot_path",
    "plot_plan",
    "plot_position_bias",
    "plot_quality",
    "plot_ranks",
    "plot_ratings",
    "plot_reliability",
    "plot_residuals",
    "plot_wins",
]
