"""Simulated rows, panels, worlds, teachers, students and plans."""

from __future__ import annotations

from typing import Any

from fuzz.case import Case, entry
from venire import simulate

SIZES = (
    "n_items", "n_comparisons", "games", "n_pairs", "n_votes", "n_teachers", "n_groups", "degree",
    "runs", "n_waves", "n_folds", "n_seeds", "degrees", "number", "size", "decades",
)  # fmt: skip
MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")


@entry
def simulated_rows(case: Case) -> None:
    n = case.whole(4, 9)
    kind = case.whole(0, 4)
    rng = {"rng": case.whole(0, 9)}
    law = case.some({"model": lambda: case.choice(MODELS), "order_effect": 0.5, "tie": 1.2})
    if kind == 0:
        arguments = {"n_items": n, "n_comparisons": case.whole(1, 20)} | rng | law
        arguments |= case.some(
            {
                "theta": lambda: case.floats(n),
                "neutral": 0.3,
                "shape": lambda: case.choice(("random", *simulate.SHAPES)),
            }
        )
        rows = case.call(simulate.comparisons, **case.spoil(arguments, 0.35, sizes=SIZES))
        case.within("a score", rows.score, 0.0, 1.0, nan=False)
        case.call(simulate.permuted, rows, **case.spoil(rng, 0.2))
    elif kind == 1:
        arguments = {
            "shape": case.choice(simulate.GRAPHS),
            "n_items": case.choice((4, 5, 9, 16, 30)),
        }
        first, second = case.call(simulate.graph, **case.spoil(arguments | rng, 0.35, sizes=SIZES))
        case.call(
            simulate.play,
            first,
            second,
            arguments["n_items"],
            **case.spoil(case.some({"games": 3, "spread": 2.0, "decades": 4.0}), 0.3, sizes=SIZES),
        )
    elif kind == 2:
        m = case.whole(1, 6)
        first, second = case.pairs(list(range(n)), m)
        arguments = {"first": first, "second": second, "theta": case.floats(n)} | rng | law
        arguments |= case.some({"order": lambda: case.column([-1, 0, 1], m)})
        out = case.call(simulate.outcomes, **case.spoil(arguments, 0.4))
        case.within("a score", out, 0.0, 1.0, nan=False)
    elif kind == 3:
        m = case.whole(1, 6)
        first, second = case.pairs(list(range(n)), m)
        arguments = {"first": first, "second": second, "n_items": n} | rng
        arguments |= case.some({"games": 4, "spread": 1.0, "decades": 2.0})
        case.call(simulate.play, **case.spoil(arguments, 0.4, sizes=SIZES))
    else:
        name = case.choice(("arena", "chain", "dense", "ladder", "nearly_separable", "queries"))
        arguments = {"n_items": case.whole(4, 12), "rng": 1}
        if name == "chain":
            arguments["games"] = 3
        elif name == "queries":
            arguments |= {"n_groups": 3, "degree": 2}
        else:
            arguments["n_comparisons"] = 40
        case.call(getattr(simulate, name), **case.spoil(arguments, 0.4, sizes=SIZES))


@entry
def simulated_panels(case: Case) -> None:
    if case.chance(0.5):
        n = case.whole(1, 4)
        arguments = {"accuracy": [0.6, 0.7, 0.8, 0.9][:n], "n_pairs": case.whole(1, 12)}
        arguments |= case.some(
            {
                "runs": 2,
                "flip": 0.2,
                "rho": 0.3,
                "clique": lambda: case.column([-1, 0, 1], n),
                "rng": 1,
            }
        )
        out = case.call(simulate.panel, **case.spoil(arguments, 0.4, sizes=SIZES))
    else:
        arguments = {"n_pairs": case.whole(1, 9), "n_votes": case.whole(1, 20), "n_teachers": 2}
        arguments |= case.some({"tie": 0.2, "rng": 1})
        out = case.call(simulate.votes, **case.spoil(arguments, 0.4, sizes=SIZES))
    case.call(out.to_votes)
    case.call(repr, out)


def some_teachers(case: Case, spoil: float = 0.3) -> Any:
    if case.chance(0.4):
        return case.call(
            simulate.teachers, **case.spoil({"preset": case.choice(simulate.PRESETS)}, spoil / 2)
        )
    n = case.whole(1, 4)
    arguments = {"sharpness": case.floats(n)}
    arguments |= case.some(
        {
            "order_bias": lambda: case.floats(n),
            "own_error": 0.5,
            "shared_error": 0.3,
            "ambiguous": 0.2,
            "cost": lambda: [1.0] * n,
            "failure": 0.1,
            "names": lambda: case.names(n),
        }
    )
    return case.call(simulate.Teachers, **case.spoil(arguments, spoil))


@entry
def simulated_world(case: Case) -> None:
    arguments: dict[str, Any] = {"n_groups": case.whole(1, 3), "n_items": case.choice((3, 5))}
    arguments |= case.some(
        {
            "law": lambda: case.choice(("normal", "retrieval")),
            "bias": 0.5,
            "student": lambda: case.choice(("useful", "useless")),
            "rng": 1,
        }
    )
    w = case.call(simulate.world, **case.spoil(arguments, 0.2, sizes=SIZES))
    case.finite("theta", w.theta)
    case.get(w, "level"), case.get(w, "n_groups")
    t = some_teachers(case)
    case.call(repr, t)
    case.try_(t.take, **case.spoil({"positions": [0]}, 0.3))
    m = case.whole(1, 6)
    first, second = case.pairs([0, 1, 2], m)
    ask = {"group": [0] * m, "first": first, "second": second, "teacher": [0] * m}
    run = case.some({"run": 1})
    p = case.try_(w.probability, t, **case.spoil(ask, 0.3))
    if p is not None:
        case.within("a probability", p, 0.0, 1.0, nan=False)
    if w.n_groups > 1 and case.chance(0.3):
        ask["second_group"] = [1] * m
    case.try_(w.vote, t, **case.spoil(ask | run, 0.3))
    ask.pop("second_group", None)
    case.try_(w.votes, t, **case.spoil(ask | run, 0.3))
    case.try_(
        w.fresh,
        **case.spoil({"n_groups": 2} | case.some({"n_items": 3, "number": 2}), 0.3, sizes=SIZES),
    )


@entry
def simulated_students(case: Case) -> None:
    n, d = case.whole(4, 15), case.whole(1, 3)
    x, y = case.numpy.normal(size=(n, d)), case.floats(n)
    settings = case.some(
        {"penalty": 1.0, "n_waves": lambda: case.whole(0, 5), "scale": 0.5, "seed": 1}
    )
    s = case.call(simulate.RidgeStudent, **case.spoil(settings | {"n_waves": 4}, 0.25, sizes=SIZES))
    case.call(s.get_params)
    case.call(s.set_params, penalty=2.0)
    arguments = {"features": x, "target": y, "group": case.column([0, 1, 2], n)}
    arguments |= case.some({"n_folds": 2, "sample_weight": lambda: [1.0] * n, "rng": 1})
    out = case.try_(simulate.out_of_fold, s, **case.spoil(arguments, 0.3, sizes=SIZES))
    if out is not None:
        case.finite("a prediction", out)
    data = {"x": x, "y": y} | case.some({"sample_weight": lambda: [1.0] * n})
    case.call(s.fit, **case.spoil(data, 0.3))
    case.finite("a prediction", case.call(s.predict, **case.spoil({"x": x}, 0.3)))
    case.call(s.features, x)


@entry
def simulated_plan(case: Case) -> None:
    arguments: dict[str, Any] = {"n_groups": 2, "n_items": 4, "degrees": (2,), "n_seeds": 2}
    arguments |= case.some(
        {"teachers": lambda: some_teachers(case, 0.0), "panel": True, "rotation": [0, 0, 1],
         "design": lambda: case.choice(("uniform", ["adaptive"])), "criterion": "A",
         "law": "retrieval", "student": "useless", "rng": 1, "n_threads": 2,
         "progress": lambda: lambda *a: None}, 0.2,
    )  # fmt: skip
    p = case.call(simulate.plan, **case.spoil(arguments, 0.4, sizes=SIZES))
    case.get(p, "n_seeds")
    measure = case.choice(list(p.values))
    case.try_(p.interval, **case.spoil({"measure": measure, "level": 0.9}, 0.3))
    case.try_(p.needed, **case.spoil({"quality": 0.5, "measure": measure}, 0.3))
    case.try_(p.to_frame, **case.spoil({"backend": "dict", "level": 0.9}, 0.3))
    case.call(repr, p)
    if case.chance(0.1):
        from fuzz.entries.pictures import draw

        draw(case, "plot_plan", {"plan": p} | case.some({"measure": measure, "against": "cost"}))
