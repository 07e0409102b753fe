"""The loop of distillation, in memory and on disk, and its measures."""

from __future__ import annotations

import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

import venire as vn
from fuzz.case import EXPECTED, Case, Refused, entry
from fuzz.entries.ratings import BACKENDS
from fuzz.files import damaged
from venire import distillation
from venire.simulate import RidgeStudent

SIZES = ("degree", "panel", "bridges", "top", "budget", "folds", "rounds")


def loop_arguments(case: Case) -> dict[str, Any]:
    groups, k = case.names(case.whole(1, 3)), case.whole(2, 4)
    names = case.names(k)
    n = len(groups) * k
    teachers = case.choice((["ann", "bea"], [1, 2, 3], ["ann"]))
    arguments: dict[str, Any] = {
        "items": ([g for g in groups for _ in names], names * len(groups)), "teachers": teachers,
        "bridges": case.choice((0, 0, 2)),
    }  # fmt: skip
    return arguments | case.some(
        {
            "gold": lambda: case.floats(n),
            "degree": lambda: case.whole(1, 2),
            "panel": lambda: case.choice((1, 2, teachers)),
            "rotation": lambda: [*teachers, teachers[0]],
            "costs": lambda: [1.0] * len(teachers),
            "model": "thurstone",
            "prior": lambda: vn.GaussianPrior(0.5),
            "method": lambda: case.choice(("auto", "fit", "judges", "consensus", "uniform")),
            "criterion": lambda: case.choice(("D", "A", "top", "uniform")),
            "share": "gain",
            "steering": "none",
            "rho": 0.0,
            "top": 2,
            "gain": "exponential",
            "rng": 4,
            "n_threads": 2,
        },
        0.15,
    )


@entry
def distillation_options(case: Case) -> None:
    arguments = case.spoil(loop_arguments(case), 0.7, sizes=SIZES)
    if case.chance(0.2):
        group, item = loop_arguments(case)["items"]
        arguments["items"] = (
            (case.hostile(group), item) if case.chance(0.5) else (group, case.hostile(item))
        )
    loop = case.call(vn.distillation.Distillation, **arguments)
    for name in ("folder", "items", "n_rounds", "order", "pending", "predictions", "settings",
                 "teachers"):  # fmt: skip
        case.get(loop, name)
    case.call(repr, loop)


@entry
def distillation_settings(case: Case) -> None:
    kept = ("items", "gold", "n_threads")
    arguments = {k: v for k, v in loop_arguments(case).items() if k not in kept}
    settings = case.call(distillation.Settings, **case.spoil(arguments, 0.5, sizes=SIZES))
    for name in ("labels", "prices", "votes_per_ask", "weighing"):
        case.get(settings, name)
    again = case.call(distillation.Settings.of_plain, case.call(settings.plain))
    assert again == settings
    label = settings.teachers[0]
    case.try_(settings.position, **case.spoil({"teacher": label}, 0.5))
    case.call(settings.positions, [label])


def use(case: Case, loop: Any, spoil: float) -> None:
    """Some rounds of asking, telling and learning."""
    n = len(loop.items[0])
    for _ in range(case.whole(1, 3)):
        asks = case.some({"budget": lambda: case.whole(1, 5)}, 0.3)
        if case.chance(0.2):
            asks |= case.some({"criterion": "A", "share": "gain", "prior": "fixed"}, 0.3)
        requests = case.call(loop.ask, **case.spoil(asks, spoil / 2, sizes=SIZES))
        case.call(repr, requests)
        m = len(requests.request)
        told: dict[str, Any] = {"request": requests.request, "vote": case.column([1, -1], m)}
        if case.chance(0.2):
            told = {"request": requests.request, "probabilities": [[0.5, 0.2, 0.3]] * m}
        told |= case.some({"replace": True}, 0.1)
        case.try_(loop.tell, **case.spoil(told, spoil))
    calls: list[tuple[Any, dict[str, Any]]] = [
        (loop.fit, {}),
        (loop.calibration, {}),
        (loop.report, {} if case.chance(0.7) else {"preview": True}),
        (loop.requests, {} if case.chance(0.5) else {"request": [0]}),
        (loop.votes, {} if case.chance(0.5) else {"rounds": 1}),
        (loop.targets, {} if case.chance(0.5) else {"clamp": 3.0}),
        (loop.preview, {"budget": 2}),
        (loop.withdraw, {"teacher": loop.teachers[0]}),
        (loop.withdraw, {"requests": [0], "reassign": False}),
        (loop.fit_student, {"student": RidgeStudent(n_waves=3), "folds": 2,
                            "features": case.numpy.normal(size=(n, 2))}),
        (loop.run, {"teachers": {t: lambda r: [1] * len(r.request) for t in loop.teachers},
                    "rounds": 1}),
    ]  # fmt: skip
    for method, arguments in case.random.sample(calls, 4):
        out = case.try_(method, **case.spoil(arguments, spoil, sizes=SIZES))
        if type(out).__name__ == "Report":
            case.try_(out.to_frame, **case.spoil({"backend": case.choice(BACKENDS)}, spoil))
            case.call(repr, out)
            case.call(str, out)
        if type(out).__name__ == "Requests":
            case.try_(out.of, **case.spoil({"teacher": loop.teachers[0]}, spoil))
            case.try_(out.select, **case.spoil({"rows": []}, spoil))
            case.try_(out.to_frame, **case.spoil({"backend": case.choice(BACKENDS)}, spoil))


@entry
def distillation_rounds(case: Case) -> None:
    use(case, case.call(vn.distillation.Distillation, **loop_arguments(case)), 0.25)


# ---- on disk ------------------------------------------------------------------------------------


@functools.cache
def _folder(panel: bool) -> Path:
    """A folder of a loop with three rounds in it."""
    path = Path(tempfile.mkdtemp(prefix="venire-loop-", dir="."))
    items = ([g for g in (1, 2) for _ in range(4)], list(range(4)) * 2)
    loop = vn.distillation.Distillation(items, ["ann", "bea"], gold=np.arange(8.0), folder=path,
                           **({"panel": 2} if panel else {}))  # fmt: skip
    for k in range(3):
        asked = loop.ask()
        votes = np.resize([1, -1, -1], len(asked.request))
        if k == 2:
            loop.tell(asked.request[:3], probabilities=[[0.5, 0.2, 0.3]] * 3)
        else:
            loop.tell(asked.request, votes)
    loop.fit_student(RidgeStudent(n_waves=3), np.arange(16.0).reshape(8, 2), folds=2)
    loop.withdraw(requests=[len(asked.request) + asked.request[0] - 1])
    loop.close()
    return path


def _change_state(case: Case, path: Path) -> None:
    state = json.loads(path.read_text())
    where: Any = state
    while case.chance(0.5) and (
        inner := [v for v in (where.values() if isinstance(where, dict) else where)
                  if isinstance(v, (dict, list)) and v]
    ):  # fmt: skip
        where = case.choice(inner)
    at = case.choice(list(where) if isinstance(where, dict) else range(len(where)))
    if case.chance(0.3):
        del where[at]
    else:
        where[at] = case.choice(
            (
                None,
                0,
                -1,
                1,
                7,
                2**31,
                2**63,
                10**30,
                1e308,
                "x",
                "",
                [],
                {},
                [0, 0],
                True,
                float("nan"),
                1.5,
            )
        )
    path.write_text(json.dumps(state))


def _change_part(case: Case, path: Path) -> None:
    try:
        table = pa.parquet.read_table(path)
    except pa.ArrowException:  # damaged already
        return
    at = case.whole(0, max(0, table.num_columns - 1))
    kind = case.whole(0, 6)
    if table.num_columns and kind == 0:
        table = table.remove_column(at)
    elif kind == 1:
        table = table.slice(0, table.num_rows // 2)
    elif kind == 2:
        table = pa.concat_tables([table, table])
    elif kind == 3:
        table = table.append_column("more", pa.nulls(table.num_rows))
    elif table.num_columns and table.num_rows:
        values = table.column(at).to_pylist()
        values[case.whole(0, len(values) - 1)] = case.choice(
            (None, 0, 1, -1, -7, 100, 2**31 - 1, -(2**31), 2**62, 0.5, float("nan"), "x", True)
        )
        try:
            new = pa.array(values, table.column(at).type)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            try:
                new = pa.array(values)
            except (pa.ArrowException, OverflowError, TypeError, ValueError):
                return
        table = table.set_column(at, table.column_names[at], new)
    pa.parquet.write_table(table, path)


@entry
def distillation_folder(case: Case) -> None:
    """A folder of a loop that somebody changed: refused, or harmless."""
    folder = case.folder / "loop"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_folder(case.chance(0.5)), folder)
    parts = sorted((folder / "parts").iterdir())
    for _ in range(case.choice((0, 1, 1, 1, 2))):
        kind, part = case.whole(0, 9), case.choice(parts)
        if kind <= 2:
            _change_state(case, folder / "state.json")
        elif kind <= 5 and part.exists():
            _change_part(case, part)
        elif kind == 6:
            part.unlink(missing_ok=True)
        elif kind == 7:
            path = case.choice((part, folder / "state.json"))
            if path.exists():
                path.write_bytes(damaged(case, path.read_bytes()))
        elif kind == 8:
            name = case.choice(
                (
                    "note.txt",
                    "x-y.parquet",
                    "00000001-items.parquet",
                    "1-2-3.parquet",
                    "00000099-asks.parquet",
                    "a.tmp",
                )
            )
            (folder / case.choice((".", "parts")) / name).write_bytes(b"not ours")
        elif part.exists():
            other = part.with_name(case.choice(parts).name)
            if other != part:
                shutil.copy(part, other)
        try:
            json.loads((folder / "state.json").read_text())
        except (ValueError, OSError):
            break
    read_only = {"read_only": True} if case.chance(0.3) else {}
    loop = case.call(
        vn.distillation.Distillation.open, folder, **read_only, allow=(*EXPECTED, OSError)
    )
    try:
        if read_only:
            case.try_(loop.report)
            case.try_(loop.fit)
            case.try_(loop.votes)
        else:
            use(case, loop, 0.0)
            if case.chance(0.2):
                shutil.rmtree(case.folder / "copy", ignore_errors=True)
                case.call(loop.save, case.folder / "copy", allow=(*EXPECTED, OSError))
    finally:
        case.call(loop.close)


@entry
def distillation_measures(case: Case) -> None:
    n, m = case.whole(0, 4), case.whole(0, 4)
    gold = [abs(x) for x in case.floats(n + m)]
    arguments = {"offsets": np.array([0, n, n + m]), "values": case.floats(n + m), "gold": gold}
    try:
        tau = case.call(distillation.kendall_tau, **case.spoil(arguments, 0.5))
        case.within("a tau", tau, -1.0, 1.0)
    except Refused:
        pass
    arguments |= case.some({"k": 2, "gain": lambda: case.choice(("linear", "exponential"))})
    out = case.call(distillation.ndcg, **case.spoil(arguments, 0.5))
    case.within("an nDCG", out, 0.0, 1.0 + 1e-12)
