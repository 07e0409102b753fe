"""Which pairs to ask: designs, bridges, rotations, allocation."""

from __future__ import annotations

from typing import Any

import numpy as np

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.ratings import BACKENDS

SIZES = (
    "n_items",
    "degree",
    "per_group",
    "budget",
    "candidates",
    "teachers",
    "votes_per_ask",
    "top",
)


@entry
def design_pairs(case: Case) -> None:
    n_items: Any = case.whole(2, 8)
    if case.chance(0.6):
        n_items = [case.whole(0, 7) for _ in range(case.whole(1, 4))]
    arguments = {"n_items": n_items, "degree": case.choice((1, 2, 2, 3, 4))}
    arguments |= case.some({"method": lambda: case.choice(("cycles", "random", "all")),
                            "rng": 1, "n_threads": 2})  # fmt: skip
    if case.chance(0.3):
        m = case.whole(1, 4)
        used = [case.column([0, 1, 2], m) for _ in range(2 if isinstance(n_items, int) else 3)]
        if case.chance(0.3):
            at = case.whole(0, len(used) - 1)
            used[at] = case.hostile(used[at])
        arguments["used"] = tuple(used)
    d = case.call(vn.design.design_pairs, **case.spoil(arguments, 0.4, sizes=SIZES))
    if (d.first == d.second).any():
        case.note("nonfinite", "an item was paired with itself")
    case.get(d, "n_groups")
    case.call(repr, d)
    labels: Any = None
    if case.chance(0.3):
        labels = vn.GroupedComparisons([1, 1, 2], [0, 1, 2], [1, 2, 3], 1.0)
    case.try_(d.to_frame, **case.spoil({"backend": case.choice(BACKENDS), "labels": labels}, 0.3))
    if case.chance(0.3):
        case.call(vn.design.design_pairs, n_items, 2, d)


@entry
def design_bridges(case: Case) -> None:
    arguments = {"n_items": [case.whole(0, 6) for _ in range(case.whole(1, 6))]}
    arguments |= case.some({"per_group": lambda: case.whole(0, 5), "rng": 1}, 0.6)
    d = case.call(vn.design.design_bridges, **case.spoil(arguments, 0.4, sizes=SIZES))
    if (d.first_group == d.second_group).any():
        case.note("nonfinite", "a bridge within a group")
    case.call(repr, d)
    case.call(d.to_frame, **case.spoil({"backend": case.choice(BACKENDS)}, 0.3))


@entry
def rotate_teachers(case: Case) -> None:
    n = case.whole(1, 6)
    arguments = {
        "position": list(range(n)), "group": case.column([0, 1, 2], n),
        "teachers": case.choice((3, [0, 1, 1])),
    }  # fmt: skip
    case.call(vn.design.rotate_teachers, **case.spoil(arguments, 0.5, sizes=SIZES))


def a_board(case: Case) -> Any:
    """Groups with few or no votes, whose items are known."""
    groups, names = [1, 2, 3][: case.whole(1, 3)], list("abcde")[: case.whole(1, 5)]
    n = case.whole(0, 20) if len(names) > 1 else 0
    first, second = case.pairs(names, n) if n else ([], [])
    arguments: dict[str, Any] = {
        "group": np.array(case.column(groups, n), int), "first": np.array(first, "U1"),
        "second": np.array(second, "U1"), "score": np.array(case.scores(n), float),
        "groups": groups, "items": ([g for g in groups for _ in names], names * len(groups)),
    }  # fmt: skip
    if n and case.chance(0.3):
        arguments["weight"] = case.weights(n)
    return case.call(vn.GroupedComparisons, **arguments)


def asks(case: Case, g: Any) -> Any:
    m, k = case.whole(1, 4), int(np.diff(g.offsets).min())
    if k < 2:
        return None
    out = [case.column(range(g.n_groups), m), *case.pairs(list(range(k)), m)]
    if case.chance(0.3):
        at = case.whole(0, 2)
        out[at] = case.hostile(out[at])
    return tuple(out)


def criterion(case: Case) -> Any:
    name = case.choice(("D", "A", "top", "uniform", "residual", "residual_corrected", "sd"))
    if case.chance(0.5):
        return name
    options = case.some({"top": 2, "candidates": 4}, 0.5)
    made = case.call(vn.design.Criterion, name, **case.spoil(options, 0.3, sizes=SIZES))
    return made or name


@entry
def allocate(case: Case) -> None:
    g = a_board(case)
    n = len(g.items)
    options = {"budget": case.choice((1, 3, 8, [case.whole(0, 3) for _ in range(g.n_groups)]))}
    options |= case.some(
        {
            "criterion": lambda: criterion(case),
            "share": lambda: case.choice(("equal", "gain")),
            "prediction": lambda: case.floats(n),
            "prior": lambda: case.choice(("select", "fixed", "empirical")),
            "asked": lambda: asks(case, g),
            "pending": lambda: asks(case, g),
            "votes_per_ask": 2,
            "rho": lambda: case.choice((0.0, 0.5, 1.0)),
            "rng": 1,
            "n_threads": 2,
            "progress": lambda: lambda *a: None,
        },
        0.25,
    )
    a = case.call(vn.design.allocate, g, **case.spoil(options, 0.35, sizes=SIZES))
    case.finite("a gain", a.gain)
    for name in ("expected_gain", "group_gain", "marginal_gain", "scores"):
        case.try_(case.get, a, name)
    case.call(repr, a)
    case.call(a.to_frame, **case.spoil({"backend": case.choice(BACKENDS)}, 0.2))


@entry
def select_prior(case: Case) -> None:
    g = a_board(case)
    options = case.some({"prediction": lambda: case.floats(len(g.items)), "rng": 1, "n_threads": 2,
                         "empirical": True}, 0.5)  # fmt: skip
    p = case.call(vn.design.select_prior, g, **case.spoil(options, 0.35))
    case.finite("a mean", p.mean)
    case.within("a precision", p.precision, 0.0, 1e300, nan=False)
    case.call(repr, p)
    if case.chance(0.3):
        arguments = {"mean": [0.0] * len(g.items), "precision": 0.5}
        p = case.call(vn.design.AllocationPrior, **case.spoil(arguments, 0.5))
        case.call(vn.design.allocate, g, 2, prior=p)
