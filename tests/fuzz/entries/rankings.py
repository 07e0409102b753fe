"""Rankings: from lists, columns, frames and files, and what is made of them."""

from __future__ import annotations

from typing import Any

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.data import frame_of
from fuzz.entries.readers import FILES, run
from fuzz.files import table_file
from venire import io as vio
from venire.data import RankingColumns


def lists_of(case: Case, *, ties: bool = True) -> tuple[list[Any], list[Any]]:
    """Names, and rankings of some of them."""
    names = list(dict.fromkeys(case.names(case.whole(2, 6))))
    rows: list[Any] = []
    for _ in range(case.whole(1, 8)):
        row = case.random.sample(names, case.whole(min(2, len(names)), len(names)))
        if ties and len(row) > 2 and case.chance(0.2):
            row = [row[0], row[1:3], *row[3:]]
        rows.append(row)
    return names, rows


def look_at(case: Case, r: Any) -> None:
    """What rankings answer."""
    for name in ("columns", "n_items", "n_rankings", "n_listed", "labels", "owner", "place", "met"):
        case.get(r, name)
    case.call(repr, r)
    words = case.some({"connection": lambda: case.choice(("weak", "strong"))})
    case.call(r.components, **case.spoil(words, 0.2))
    case.call(r.to_comparisons, **case.spoil(case.some({"clustered": False, "n_threads": 2}), 0.2))
    case.try_(r.to_votes, **case.some({"teacher": lambda: case.column([1, 2], r.n_rankings)}, 0.7))
    some = case.choice(([0], [True] * r.n_rankings, case.array(r.n_rankings)))
    case.try_(r.select, some)


@entry
def rankings(case: Case) -> None:
    names, rows = lists_of(case)
    n = len(rows)
    if case.chance(0.3):
        rows[case.whole(0, n - 1)] = case.choice(
            ([], [names[0]], names[0], None, [names[0]] * 2, {1: 2}, [[names[0]]], [None, names[0]],
             [names, names], case.array(3), 7, [names[0], []], [[[names[0]], names[0]]])
        )  # fmt: skip
    options = case.some(
        {
            "weight": lambda: case.weights(n),
            "among": lambda: case.choice(
                ("all", "rows", [names] * n, rows, None, [names], [[]] * n)
            ),
            "group": lambda: case.column(case.names(2), n),
            "cluster": lambda: case.column(case.names(3), n),
            "items": lambda: list(names),
            "n_threads": lambda: case.whole(1, 3),
        },
        0.2,
    )
    look_at(case, case.call(vn.Rankings, **case.spoil({"rankings": rows} | options)))


def long_of(case: Case) -> dict[str, list[Any]]:
    """Columns with a row for each item of each ranking."""
    _, rows = lists_of(case, ties=False)
    columns: dict[str, list[Any]] = {"race": [], "who": [], "rank": []}
    for k, row in enumerate(rows):
        columns["race"] += [f"r{k}"] * len(row)
        columns["who"] += row
        columns["rank"] += case.choice(
            (list(range(len(row))), [1] * len(row), case.floats(len(row)))
        )
    order = case.random.sample(range(len(columns["who"])), len(columns["who"]))
    return {name: [column[k] for k in order] for name, column in columns.items()}


@entry
def rankings_from_long(case: Case) -> None:
    columns = long_of(case)
    n = len(columns["who"])
    arguments = {"ranking": columns["race"], "item": columns["who"], "rank": columns["rank"]}
    options = case.some(
        {
            "weight": lambda: case.choice((2.0, case.weights(n))),
            "among": lambda: case.choice(("rows", "all", "some")),
            "group": lambda: case.choice((columns["race"], case.column([1, 2], n))),
            "cluster": lambda: columns["race"],
            "n_threads": 2,
        },
        0.2,
    )
    look_at(case, case.call(vn.Rankings.from_long, **case.spoil(arguments | options)))


def table_of(case: Case) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Columns of rankings, and which argument each of them is."""
    kind = case.whole(0, 3)
    options: dict[str, Any]
    if kind == 0:
        columns = long_of(case)
        options = {"ranking": "race", "item": "who", "rank": "rank"}
        options |= case.some({"among": lambda: case.choice(("rows", "all"))})
    elif kind == 1:
        _, rows = lists_of(case, ties=False)
        most = max(map(len, rows))
        columns = {
            f"{k + 1}st": [row[k] if k < len(row) else None for row in rows] for k in range(most)
        }
        options = {"place": list(columns)} | case.some({"among": "all"})
    elif kind == 2:
        _, rows = lists_of(case)
        columns = {"told": rows}
        options = {"place": "told"}
    else:
        _, rows = lists_of(case)
        columns = {
            "told": [
                " > ".join("=".join(map(str, x)) if isinstance(x, list) else str(x) for x in row)
                for row in rows
            ]
        }
        options = {"place": "told"}
        if case.chance(0.2):
            columns["told"][0] = case.choice((">", "a>>b", "[1", "a", "", None, "a=b", "[[1,2],3]"))
    n = len(next(iter(columns.values())))
    for argument in ("weight", "group", "cluster"):
        if case.chance(0.1):
            columns[f"the {argument}"] = case.column([1, 2], n)
            options[argument] = f"the {argument}"
    options |= case.some({"skip_missing": True}, 0.2)
    return columns, options


@entry
def rankings_from_frame(case: Case) -> None:
    columns, options = table_of(case)
    if case.chance(0.2):
        options = {}  # found, or refused
    options = case.spoil(options, 0.2)
    look_at(case, case.call(vn.Rankings.from_frame, frame_of(case, columns), **options))


@entry
def read_rankings(case: Case) -> None:
    columns, options = table_of(case)
    path = table_file(case, columns)
    r = case.call(vio.read_rankings, path, **case.spoil(options, 0.15), allow=FILES)
    case.call(repr, r)


@entry
def ranking_columns(case: Case) -> None:
    given = case.choice(({"place": ["a", "b"]}, {"ranking": "r", "item": "i", "rank": "k"}))
    given = given | case.some({"among": "all", "weight": "w", "group": "g", "cluster": "c"})
    one = case.call(RankingColumns, **case.spoil(given, 0.4))
    for name in ("names", "is_wide", "places", "said"):
        case.get(one, name)
    case.try_(one.in_file)
    case.try_(RankingColumns.of, *case.choice(((one, {}), (None, given), (one, given))))


@entry
def command_fit_of_rankings(case: Case) -> None:
    columns, options = table_of(case)
    words: list[Any] = []
    for argument, value in options.items():
        for name in value if isinstance(value, list) else [value]:
            words += [f"--{argument.replace('_', '-')}", *([] if name is True else [name])]
    words += case.choice(([], ["--errors", "robust"], ["--json"], ["--prior", "1"]))
    words += ["--bootstrap", "4"] if case.chance(0.2) else []
    words += case.choice(([], ["--draws", "4"]))
    command = case.choice(("fit", "fit", "fit", "consensus", "rate"))
    run(case, command, table_file(case, columns), *words)


@entry
def requests_ranked(case: Case) -> None:
    """What rankings say of the requests of a loop."""
    names = list("abcd")
    groups = ["q"] * 4 + ["r"] * 4 * case.whole(0, 1)
    loop = vn.distillation.Distillation((groups, names * (len(groups) // 4)), ["ann"], rng=1)
    mine = loop.ask()
    rows = [case.random.sample([*names, "z"], case.whole(2, 5)) for _ in range(3)]
    options = case.some({"group": lambda: case.column(["q", "r"], 3)}, 0.7)
    said = case.choice((case.call(vn.Rankings, rows, **options), rows, None))
    request, vote = case.call(mine.ranked, said)
    case.call(loop.tell, request, vote)
