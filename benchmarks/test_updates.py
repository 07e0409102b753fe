"""Yesterday's fit and today's rows, beside a fit of all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import venire as vn
from benchmarks.measure import peak_of

SEED = 20261130
NEW = 100  # of so many rows one is new
GOALS = {"arena": 0.40, "ladder": 0.15}  # of the time of the refit
CASES = [
    ("arena", {}),
    ("arena", {"model": "davidson"}),
    ("arena", {"half_life": 30.0}),
    ("ladder", {}),
]


def _halves(rows: Any, half_life: float | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Columns of the old and of the new rows; with a half-life, of 100 days and of one."""
    rng = np.random.default_rng(SEED)
    new = np.zeros(len(rows), bool)
    new[rng.choice(len(rows), len(rows) // NEW, replace=False)] = True
    columns = {"first": rows.first, "second": rows.second, "score": rows.score}
    if half_life is not None:
        columns["date"] = np.where(new, 100, rng.integers(0, 100, len(rows)))
    old, today = ({name: x[at] for name, x in columns.items()} for at in (~new, new))
    return old, today


@pytest.mark.benchmark(group="updates")
@pytest.mark.parametrize("solver", ["venire", "venire, refit"])
@pytest.mark.parametrize(("workload", "how"), CASES, ids=str)
def test_update(benchmark, store, workload, how, solver):
    options = dict(how)
    half_life, model = options.pop("half_life", None), options.pop("model", "bradley-terry")
    ageing = {} if half_life is None else {"half_life": half_life}
    old, today = _halves(store.rows(workload), half_life)
    every = {name: np.concatenate([old[name], today[name]]) for name in old}
    yesterday = vn.ratings.fit_model(vn.Comparisons(**old, **ageing), model=model)

    def refit() -> Any:
        return vn.ratings.fit_model(vn.Comparisons(**every, **ageing), model=model)

    call = refit if solver != "venire" else lambda: yesterday.update(**today)
    found, peak = peak_of(call)
    said = "".join(f", {name.replace('_', '-')} {x:g}" for name, x in ageing.items())
    benchmark.extra_info.update(
        what=f"{workload}, {model}{said}", solver=solver, n_rows=len(old["first"]),
        n_new=len(today["first"]), peak_bytes=peak, n_iter=found.n_iter, n_inner=found.n_inner,
        residual=found.residual, goal=GOALS.get(workload) if not how else None,
        difference=float(np.abs(found.theta - refit().theta).max()),
    )  # fmt: skip
    assert benchmark.extra_info["difference"] < 1e-8
    benchmark.pedantic(call, rounds=7 if workload == "arena" else 3, iterations=1)
