"""Ratings over time, the picture of them, and the command."""

from __future__ import annotations

from typing import Any

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.data import comparison_arguments, dates
from fuzz.entries.pictures import draw
from fuzz.entries.ratings import BACKENDS, LOOKUP, MODELS
from fuzz.entries.readers import COLUMNS, comparison_file, flags, noise, run


def path_options(case: Case) -> dict[str, Any]:
    return case.some(
        {
            "step": lambda: case.choice(("year", "month", "week", "day", 7, 0.5, 1e-6, 1e9)),
            "walk": lambda: case.choice(("evidence", 0, 0.01, 1.0, 1e-8, 1e4, 1e9)),
            "model": lambda: case.choice(MODELS),
            "order_effect": True,
            "tol": lambda: case.choice((1e-9, 1e-6, 0.1)),
            "max_iter": lambda: case.whole(1, 50),
            "n_threads": lambda: case.whole(1, 3),
            "progress": lambda: lambda *a: None,
        },
        0.3,
    )


def a_path(case: Case, *, odd: float = 0.2) -> Any:
    """A path of mostly harmless comparisons and dates."""
    arguments = comparison_arguments(case, case.whole(3, 25))
    if not case.chance(odd):
        arguments.pop("weight", None)
        arguments.pop("items", None)
    given = dates(case, len(arguments["first"]))
    apart = case.chance(0.2)  # dates of the cells, which may be fewer than the rows
    c = case.call(vn.Comparisons, **arguments, **({} if apart else {"date": given}))
    options = path_options(case) | case.choice(({"step": 30}, {"step": 30}, {}))
    if case.chance(0.7):
        options["prior"] = vn.GaussianPrior(case.choice((0.1, 1.0, "evidence")))
    if apart:
        options["dates"] = given[: c.n_cells]
    return case.call(vn.fit_path, c, **case.spoil(options, odd))


@entry
def fit_path(case: Case) -> None:
    """A path that says that it converged has numbers, from each item's first period to its last."""
    path = a_path(case)
    if case.chance(0.3):
        kept = case.path(".npz")
        case.call(path.save, kept)
        path = case.call(type(path).load, kept)
    shape = (len(path.items), len(path.periods))
    for name in ("items", "theta", "n_comparisons", "period_labels", "component", "prior", "rating",
                 "notes", "evidence", "model"):  # fmt: skip
        case.get(path, name)
    if path.theta.shape != shape or len(path.period_labels) != shape[1]:
        case.note("nonfinite", f"theta has shape {path.theta.shape}, not {shape}")
    if path.evidence is not None:
        case.call(path.evidence.to_dict)
    if path.converged:
        case.finite("theta of a converged path", case.call(path.to_frame, "dict")[path.rating])
        case.finite("log_likelihood", path.log_likelihood, path.tie, path.order_effect)
    case.within("a standard error", case.call(path.standard_errors), 0.0, 1e300)
    calls: list[tuple[Any, dict[str, Any]]] = [
        (path.parameter_errors, {}),
        (path.interval, {"level": 0.9}),
        (path.at, {"date": path.periods[case.whole(0, shape[1] - 1)], "backend": "dict"}),
        (path.at, {"backend": case.choice(BACKENDS), "level": 0.5}),
        (path.predict, {"first": path.items[:1], "second": path.items[-1:]}),
        (path.predict, {"first": path.items[0], "second": path.items[-1],
                        "date": path.periods[0], "order": 1}),
        (path.to_frame, {"backend": case.choice(BACKENDS), "level": 0.9}),
        (path.rescale, {"scale": case.choice(("elo", "erf", "probit", "logit"))}),
        (path.to_elo, {}),
        (path.summary, {"level": 0.9, "top": 2}),
    ]  # fmt: skip
    for method, arguments in case.random.sample(calls, 5):
        spoiled = case.spoil(arguments, 0.25, sizes=("top",))
        out = case.try_(method, **spoiled, allow=LOOKUP)
        if out is not None and method.__name__ == "predict":
            case.within("a probability", out, 0.0, 1.0, nan=True)
    for show in (repr, str):
        case.call(show, path)


@entry
def plot_path(case: Case) -> None:
    path = a_path(case, odd=0.0)
    arguments = {"path": case.choice((path, case.call(path.to_elo)))}
    draw(case, "plot_path",
         arguments | case.some({"level": 0.9, "top": 2, "items": path.items[:1]}))  # fmt: skip


@entry
def command_path(case: Case) -> None:
    path, options = comparison_file(case)
    words = flags(options, COLUMNS) + noise(case)
    words += case.choice(([], ["--date", case.choice(("first", "weight", "date", "no"))]))
    words += case.choice(([], ["--step", "7"], ["--step", "x"], ["--walk", "0"], ["--walk", "-1"]))
    run(case, "path", path, *words)
