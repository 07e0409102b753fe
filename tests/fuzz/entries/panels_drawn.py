"""Pictures of teachers and of groups, drawn into no window."""

from __future__ import annotations

from typing import Any

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.panel import gold_of, some_votes
from fuzz.entries.pictures import draw
from fuzz.entries.ratings import a_grouped_fit


def a_consensus(case: Case) -> Any:
    v = some_votes(case)
    options = {"method": case.choice(("reliability", "uniform", "correlated"))}
    options |= case.some({"gold": lambda: gold_of(case, v), "hold_to_gold": False})
    return case.call(vn.consensus, v, **options)


@entry
def teachers_drawn(case: Case) -> None:
    q = a_consensus(case)
    name = case.choice(("reliability", "position_bias", "agreement", "correlation"))
    more: dict[str, Any] = {"top": 2}
    if name in ("reliability", "position_bias"):
        more["level"] = 0.9
    if name == "agreement":
        more["measure"] = "share"
    draw(case, f"plot_{name}", {"result": q} | case.some(more))


@entry
def gold_intervals(case: Case) -> None:
    q = a_consensus(case)
    if q.gold is not None:
        found = case.call(q.gold.interval, **case.spoil({"level": 0.9}, 0.4))
        case.within("an accuracy", found, 0.0, 1.0, nan=True)


@entry
def groups_drawn(case: Case) -> None:
    gf = a_grouped_fit(case)
    table = case.chance(0.5)
    result = case.call(gf.to_frame, "dict") if table else gf
    draw(case, "plot_groups", {"result": result} | case.some({"top": 2}))


@entry
def results_drawn(case: Case) -> None:
    result = a_consensus(case) if case.chance(0.5) else a_grouped_fit(case)
    if isinstance(result, vn.panel.Consensus):
        case.try_(result.plot, **case.spoil(case.some({"level": 0.9, "top": 3}), 0.3))
    figure = case.call(vn.plots.overview, **case.spoil({"result": result}, 0.3))
    if case.chance(0.1):
        case.call(figure.canvas.draw)
