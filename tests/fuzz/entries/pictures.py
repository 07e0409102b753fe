"""Pictures, drawn into no window."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.ratings import a_fit
from venire import plots

matplotlib.use("Agg")


def draw(case: Case, name: str, arguments: dict[str, Any]) -> None:
    """Call the function with arguments of which one may be wrong, and draw what comes of it."""
    from matplotlib import pyplot

    try:
        axes = case.call(getattr(plots, name), **case.spoil(arguments, 0.3, sizes=("top",)))
        if case.chance(0.1):
            case.call(axes.figure.canvas.draw)
    finally:
        pyplot.close("all")


@entry
def plot_ratings(case: Case) -> None:
    arguments = {"fit": a_fit(case)}
    arguments |= case.some({"level": 0.9, "top": 2, "interval": "quasi", "errors": "robust"})
    draw(case, "plot_ratings", arguments)


@entry
def plot(case: Case) -> None:
    arguments = case.some({"level": 0.9, "top": 2, "group": 1})
    result = a_fit(case)
    if case.chance(0.3):
        result = case.call(vn.resampling.sample, result, 20, rng=1)
    case.call(result.plot, **case.spoil(arguments, 0.3, sizes=("top",)))


@entry
def plot_ranks(case: Case) -> None:
    arguments = {"fit": a_fit(case)} | case.some({"level": 0.9, "top": 2, "simultaneous": True})
    draw(case, "plot_ranks", arguments)


@entry
def plot_wins(case: Case) -> None:
    draw(case, "plot_wins", {"fit": a_fit(case)} | case.some({"top": 3}))


@entry
def plot_calibration(case: Case) -> None:
    fit = a_fit(case)
    arguments = {"fit": fit} | case.some({"bins": 3, "level": 0.5, "comparisons": fit.comparisons})
    draw(case, "plot_calibration", arguments)


@entry
def plot_residuals(case: Case) -> None:
    draw(case, "plot_residuals", {"fit": a_fit(case)} | case.some({"top": 3}))


@entry
def plot_graph(case: Case) -> None:
    fit = a_fit(case)
    draw(case, "plot_graph", {"data": case.choice((fit, fit.comparisons))})


@entry
def plot_growth(case: Case) -> None:
    sizes = sorted(abs(x) + 1 for x in case.floats(3))
    times = {name: (sizes, [x * 2 for x in sizes]) for name in case.choice(("ab", "a"))}
    draw(case, "plot_growth", {"times": times} | case.some({"size_label": "rows", "limit": 3.0}))


@entry
def plot_quality(case: Case) -> None:
    n = 2
    loop = vn.distillation.Distillation(
        (["q"] * 4, list(range(4))), ["a", "b"], gold=np.arange(4.0), bridges=0
    )
    for _ in range(n):
        asked = loop.ask()
        loop.tell(asked.request, case.column([1, -1], len(asked.request)))
    report = case.call(loop.report)
    draw(
        case,
        "plot_quality",
        {"reports": {"a": report}} | case.some({"measure": "tau", "against": "cost"}),
    )


@entry
def report(case: Case) -> None:
    """A page of a fit, whatever its labels are."""
    arguments = {"result": a_fit(case)}
    arguments |= case.some({"title": "<b>", "level": 0.9, "errors": "fisher", "audited": False})
    arguments |= case.some({"notes": ["a < b"], "command": ["venire", "report", "<x>"]})
    case.call(vn.pages.report, **case.spoil(arguments, 0.3))
    result = arguments.pop("result")
    kind = case.whole(0, 3)
    if kind == 1:
        result = case.call(result.sample, 20, rng=1)
    elif kind == 2:
        result = vn.consensus(vn.datasets.load_chances())
    elif kind == 3:
        result = vn.rate(vn.datasets.load_chances())
    case.call(result.report, **case.spoil(arguments, 0.3))
