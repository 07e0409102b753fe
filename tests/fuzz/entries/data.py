"""Comparisons, groups of them and votes, from arrays and from frames."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

import venire as vn
from fuzz.case import Case, entry

WORDS = ("first", "second", "tie", "A", "B", "C", "1-0", "0-1", "1/2-1/2", "draw", "win", "loss",
         "H", "D", "", "*", "tie (bothbad)", "model_a", "1", "0", "0.5", "-1")  # fmt: skip


def comparison_arguments(case: Case, n: int | None = None) -> dict[str, Any]:
    """Arguments of `Comparisons` that are right."""
    n = case.whole(1, 12) if n is None else n
    names = case.names(case.whole(2, 5))
    first, second = case.pairs(names, n)
    arguments = {"first": first, "second": second, "score": case.scores(n)}
    return arguments | case.some(
        {
            "weight": lambda: case.weights(n),
            "order": lambda: case.column([-1, 0, 1], n),
            "items": lambda: [*names, *(["never"] if isinstance(names[0], str) else [])],
            "cluster": lambda: case.column(case.names(3), n),
            "n_threads": lambda: case.whole(1, 3),
        },
        0.25,
    )


def count_arguments(case: Case) -> dict[str, Any]:
    n = case.whole(1, 8)
    first, second = case.pairs(case.names(4), n)
    arguments = {"first": first, "second": second, "win": case.weights(n), "loss": case.weights(n)}
    return arguments | case.some(
        {
            "tie": lambda: case.weights(n),
            "order": lambda: case.column([-1, 0, 1], n),
            "cluster": lambda: case.column(case.names(3), n),
            "n_threads": 2,
        }
    )


def look_at(case: Case, c: Any) -> None:
    """What any data object answers."""
    for name in ("items", "n_items", "n_cells", "columns"):
        case.get(c, name)
    case.call(repr, c)


def dates(case: Case, n: int) -> Any:
    """Dates of one kind, mostly."""
    kind = case.choice(("text", "number", "date", "datetime64"))
    days = [case.whole(0, 400) for _ in range(n)]
    made: list[Any] = [np.datetime64("2024-01-01") + day for day in days]
    if kind == "text":
        made = [str(day) + case.choice(("", "T12:30:00", "T12:30:00Z", " 01:00")) for day in made]
    elif kind == "number":
        made = [day * case.choice((1, 0.5)) for day in days]
    elif kind == "date":
        made = [day.item() for day in made]
    if case.chance(0.2):
        made[case.whole(0, n - 1)] = case.choice((None, "", "2024-02-30", math.nan, 1e300, "x"))
    elif kind == "datetime64":
        return np.array(made)
    return made


@entry
def ageing(case: Case) -> None:
    """Half-lives, from arrays and frames, and more rows."""
    arguments = comparison_arguments(case)
    n = len(arguments["first"])
    arguments |= {"date": dates(case, n)} | case.some({
        "half_life": lambda: case.choice((30, 0.5, math.inf, 1e-9, 1e9)),
        "at": lambda: case.choice(("2026-01-01", "2024-02-01", 500, 20, "2024-02-30")),
    }, 0.7)  # fmt: skip
    c = case.call(vn.Comparisons, **case.spoil(arguments, 0.2))
    for name in ("half_life", "at", "n_effective", "dates"):
        case.get(c, name)
    more = comparison_arguments(case)
    more |= {"date": dates(case, len(more["first"]))}
    more.pop("items", None)
    case.call(c.append, **case.spoil(more, 0.2))
    frame = {"a": arguments["first"], "b": arguments["second"], "s": arguments["score"],
             "when": arguments["date"]}  # fmt: skip
    options = {name: arguments[name] for name in ("half_life", "at") if name in arguments}
    case.call(vn.Comparisons.from_frame, frame, first="a", second="b", score="s", date="when",
              **options)  # fmt: skip


@entry
def columns(case: Case) -> None:
    given = {"first": "a", "second": "b"} | case.some(
        {"outcome": "o", "mapping": lambda: {"x": 1.0}, "win": "w", "loss": "l", "group": "g",
         "cluster": "c", "weight": "v",
         "covariates": lambda: case.choice(("x", ["x", ("y", "z")], {"x": "y", "z": ("x", "y")}))},
        0.3,
    )  # fmt: skip
    one = case.call(vn.Columns, **case.spoil(given, 0.4))
    for name in ("names", "said"):
        case.get(one, name)
    for check in (one.of_groups, one.of_one_fit, one.in_file):
        case.try_(check)
    case.try_(vn.Columns.of, *case.choice(((one, {}), (None, given), (one, given))))


@entry
def vote_columns(case: Case) -> None:
    given = {"teacher": "t", "first": "a", "second": "b", "vote": case.choice(("v", ["v", "w"]))}
    given |= case.some({"swapped": "w", "weight": "x", "gold": "g", "group": "q"}, 0.3)
    one = case.call(vn.VoteColumns, **case.spoil(given, 0.4))
    for name in ("names", "runs", "turned"):
        case.get(one, name)
    case.try_(one.in_file)
    case.try_(vn.VoteColumns.of, *case.choice(((one, {}), (None, given))))


@entry
def comparisons(case: Case) -> None:
    c = case.call(vn.Comparisons, **case.spoil(comparison_arguments(case)))
    look_at(case, c)
    case.finite("a mass", c.win, c.loss, c.tie)
    case.call(
        c.components,
        **case.spoil(case.some({"connection": lambda: case.choice(("weak", "strong"))}), 0.2),
    )
    more = comparison_arguments(case)
    more.pop("items", None)
    case.call(c.append, **case.spoil(more, 0.4))


@entry
def comparisons_from_counts(case: Case) -> None:
    c = case.call(vn.Comparisons.from_counts, **case.spoil(count_arguments(case)))
    look_at(case, c)
    case.finite("a mass", c.win, c.loss, c.tie)


@entry
def comparisons_all_hostile(case: Case) -> None:
    n = case.whole(0, 6)
    hostile = {k: case.array(n) for k in ("first", "second", "score")}
    hostile |= case.some(
        {k: lambda: case.array(n) for k in ("weight", "order", "cluster", "items")}
    )
    case.call(vn.Comparisons, **hostile)


def frame_of(case: Case, columns: dict[str, Any]) -> Any:
    """The columns as a frame of some kind; one of them may be hostile."""
    columns = dict(columns)
    n = len(next(iter(columns.values())))
    if case.chance(0.35):
        name = case.choice(list(columns))
        columns[name] = case.hostile(columns[name])
    kind = case.whole(0, 6)
    try:
        if kind == 0:
            return pd.DataFrame(columns)
        if kind == 1:
            return pl.DataFrame(columns, strict=False)
        if kind == 2:
            return pa.table(columns)
        if kind == 3:
            return pd.DataFrame(columns).convert_dtypes()
        if kind == 4:
            return pl.DataFrame(columns, strict=False).lazy()
        if kind == 5 and case.chance(0.3):
            return case.choice((columns.items(), list(columns.values()), n, None, {}, "frame",
                                pd.DataFrame(), pl.DataFrame(), pa.table({}),
                                pd.DataFrame(columns).T, {1: columns, None: [3]}))  # fmt: skip
    except BaseException:  # no frame of that kind holds them; panics of Polars are no Exception
        return columns
    return columns


def frame_options(case: Case) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Columns of comparisons, and which argument each of them is."""
    n = case.whole(1, 10)
    names = case.names(4)
    first, second = case.pairs(names, n)
    columns: dict[str, list[Any]] = {"one": first, "two": second}
    options: dict[str, Any] = {"first": "one", "second": "two"}
    kind = case.whole(0, 4)
    if kind == 0:
        columns["who"] = case.choice(
            (case.column(WORDS, n), case.column(["first", "second", "tie"], n), first,
             case.column([1, 0, 0.5], n), case.column([*names, None], n))
        )  # fmt: skip
        options["outcome"] = "who"
        if case.chance(0.3):
            options["mapping"] = {"first": 1.0, "second": 0, "tie": case.choice((0.5, "tie", 7))}
    elif kind == 1:
        columns["share"] = case.scores(n)
        options["score"] = "share"
    elif kind == 2:
        columns |= {"p": case.column([0, 1, 2, 2.5], n), "q": case.column([0, 1, 2], n)}
        options |= {"first_score": "p", "second_score": "q"}
    else:
        columns |= {"w": case.weights(n), "l": case.weights(n)}
        options |= {"win": "w", "loss": "l"}
        if case.chance(0.5):
            columns["t"] = case.weights(n)
            options["tie"] = "t"
    for argument, values in (
        ("weight", case.weights), ("order", lambda n: case.column([-1, 0, 1], n)),
        ("neutral", lambda n: case.column([True, False], n)),
    ):  # fmt: skip
        if case.chance(0.15):
            columns[f"the {argument}"] = values(n)
            options[argument] = f"the {argument}"
    return columns, options


@entry
def comparisons_from_frame(case: Case) -> None:
    columns, options = frame_options(case)
    if case.chance(0.15):
        columns["user"] = case.column(case.names(3), len(columns["one"]))
        options["cluster"] = "user"
    options = case.spoil(options, 0.25)
    look_at(case, case.call(vn.Comparisons.from_frame, frame_of(case, columns), **options))


def grouped_arguments(case: Case) -> dict[str, Any]:
    n = case.whole(1, 20)
    groups, names = case.names(case.whole(1, 4)), case.names(case.whole(2, 4))
    first, second = case.pairs(names, n)
    arguments = {
        "group": case.column(groups, n), "first": first, "second": second,
        "score": case.scores(n),
    }  # fmt: skip
    return arguments | case.some(
        {
            "weight": lambda: case.weights(n),
            "order": lambda: case.column([-1, 0, 1], n),
            "groups": lambda: list(groups),
            "items": lambda: ([g for g in groups for _ in names], list(names) * len(groups)),
            "n_threads": lambda: case.whole(1, 3),
        },
        0.2,
    )


@entry
def grouped_comparisons(case: Case) -> None:
    arguments = case.spoil(grouped_arguments(case))
    if case.chance(0.2):
        n = 3
        with contextlib.suppress(TypeError):
            n = len(arguments["first"])
        arguments = {k: v for k, v in arguments.items() if k in ("group", "first", "second")}
        arguments |= {"win": case.dress(case.weights(n)), "loss": case.weights(n)}
        arguments |= case.some({"tie": lambda: case.weights(n)})
        g = case.call(vn.GroupedComparisons.from_counts, **case.spoil(arguments, 0.3))
    else:
        g = case.call(vn.GroupedComparisons, **arguments)
    look_at(case, g)
    case.get(g, "n_groups")
    label = case.scalar() if case.chance(0.3) else g.groups[0]
    look_at(case, case.call(g.__getitem__, label, allow=(KeyError, ValueError, TypeError)))


@entry
def grouped_from_frame(case: Case) -> None:
    columns, options = frame_options(case)
    columns["q"] = case.column(case.names(3), len(columns["one"]))
    options = case.spoil(options | {"group": "q"}, 0.25)
    look_at(case, case.call(vn.GroupedComparisons.from_frame, frame_of(case, columns), **options))


# ---- votes --------------------------------------------------------------------------------------


def probabilities(case: Case, n: int) -> list[list[float]]:
    if case.chance(0.2):
        return [case.choice(([1, 0, 0], [0, 0, 1], [0, 1, 0])) for _ in range(n)]
    return np.random.default_rng(case.whole(0, 10**6)).dirichlet([1, 1, 1], n).tolist()


def vote_arguments(case: Case, n: int | None = None, pairs: bool = False) -> dict[str, Any]:
    """Arguments of `Votes`, or of `Votes.from_pairs`, that are right."""
    n = case.whole(1, 30) if n is None else n
    out: dict[str, Any] = {}
    if pairs:
        out["pair"] = case.column(case.names(case.whole(1, 6)), n)
    else:
        out["first"], out["second"] = case.pairs(case.names(case.whole(2, 4)), n)
    out["teacher"] = case.column(case.names(case.whole(1, 4)), n)
    if case.chance(0.75):
        out["vote"] = case.votes(n)
    else:
        out["probabilities"] = probabilities(case, n)
    options = {
        "swapped": lambda: case.column([True, False], n),
        "weight": lambda: case.weights(n),
        "strength": lambda: case.choice((1.0, 0.5, 3)),
        "n_threads": lambda: case.whole(1, 3),
    }
    if not pairs:
        options["group"] = lambda: case.column(case.names(2), n)
    return out | case.some(options, 0.2)


def look_at_votes(case: Case, v: Any) -> None:
    for name in ("columns", "groups", "items", "n_cells", "names", "n_pairs", "n_teachers",
                 "n_votes", "pair_ptr", "pairs", "swapped_runs", "swapped_total", "table",
                 "teacher", "teachers"):  # fmt: skip
        case.get(v, name)
    case.call(repr, v)


@entry
def votes(case: Case) -> None:
    if pairs := case.chance(0.4):
        v = case.call(vn.Votes.from_pairs, **case.spoil(vote_arguments(case, pairs=True)))
    else:
        v = case.call(vn.Votes, **case.spoil(vote_arguments(case)))
    look_at_votes(case, v)
    case.finite("a win", v.win)
    more = vote_arguments(case, pairs=pairs)
    if case.chance(0.8):  # votes with groups take votes with groups
        more.pop("group", None)
    more = case.spoil(more, 0.4)
    labels = [more.pop(k) for k in (("pair",) if pairs else ("first", "second"))]
    look_at_votes(case, case.call(v.append, *labels, more.pop("teacher"), **more))


@entry
def votes_from_frame(case: Case) -> None:
    n = case.whole(1, 12)
    columns: dict[str, Any] = {"judge": case.column(case.names(3), n)}
    options: dict[str, Any] = {"teacher": "judge"}
    first, second = case.pairs(case.names(4), n)
    if case.chance(0.5):
        columns["p"] = case.column(case.names(4), n)
        options["pair"] = "p"
    else:
        columns |= {"one": first, "two": second}
        options |= {"first": "one", "second": "two"}
    if case.chance(0.7):
        columns["v"] = case.choice((case.votes(n), case.column(WORDS, n), first,
                                    case.column(["A", "B", "C", None], n)))  # fmt: skip
        options["vote"] = "v"
        if case.chance(0.3):
            columns["u"] = case.votes(n)
            options["vote"] = ["v", "u"]
            if case.chance(0.5):
                options["swapped"] = "u"
        if case.chance(0.2):
            options["mapping"] = {"first": 1, "A": case.choice((1, "first", "tie", 3, None))}
    else:
        p = probabilities(case, n)
        columns |= {k: [row[i] for row in p] for i, k in enumerate("xyz")}
        options["probabilities"] = list("xyz")
    for argument, values in (("weight", case.weights), ("group", lambda n: case.column([1, 2], n))):
        if case.chance(0.2):
            columns[f"the {argument}"] = values(n)
            options[argument] = f"the {argument}"
    options = case.spoil(options, 0.25)
    look_at_votes(case, case.call(vn.Votes.from_frame, frame_of(case, columns), **options))


@entry
def from_frame(case: Case) -> None:
    """Columns that are found, those of comparisons, of votes or of neither."""
    n = case.whole(1, 12)
    first, second = case.pairs(case.names(4), n)
    columns = {"model_a": first, "model_b": second, "winner": case.column([*WORDS], n)}
    columns |= case.some({"judge": lambda: case.column(case.names(2), n),
                          "prompt": lambda: case.array(n), "n": lambda: case.array(n)})  # fmt: skip
    named = case.some(
        {"outcome": "winner", "skip_missing": True, "weight": "n",
         "as_": lambda: case.choice(("auto", "comparisons", "votes", "groups"))}, 0.3,
    )  # fmt: skip
    found = case.call(vn.from_frame, frame_of(case, columns), **case.spoil(named, 0.2))
    case.get(found, "columns")
    case.call(str, found.taken)
