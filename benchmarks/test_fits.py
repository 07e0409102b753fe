"""Every workload by every solver: time, peak memory, residual, log-likelihood, iterations."""

from __future__ import annotations

import pytest

from benchmarks.measure import as_dict, probe
from venire.bench.solvers import SOLVERS
from venire.bench.workloads import GROWING, GROWTH_SIZES, WORKLOADS

# Seconds that a fresh process gets, its imports and the loading of rows included.
LIMIT = {"full": 60.0, "quick": 15.0}
TOLERANCE = 1e-9

PAIRS = [
    (workload, solver)
    for workload in WORKLOADS
    for solver in SOLVERS
    if solver == "venire" or WORKLOADS[workload].peers
]


def rounds(seconds: float) -> int:
    """Enough repetitions to see the least time, in about three seconds."""
    return max(1, min(20, int(3.0 / max(seconds, 1e-3))))


@pytest.mark.benchmark(group="fits")
@pytest.mark.parametrize(("workload", "solver"), PAIRS)
def test_fit(benchmark, request, store, workload, solver):
    peer = SOLVERS[solver]

    def leave_out(reason: str) -> None:
        request.config.left_out.append({"workload": workload, "solver": solver, "reason": reason})
        pytest.skip(reason)

    if reason := peer.unavailable():
        leave_out(reason)
    rows = store.rows(workload)
    if reason := peer.refuses(rows):
        leave_out(reason)
    found = probe(rows, store.path, solver, LIMIT[store.size])
    if found.failure:
        assert solver != "venire", found.failure
        leave_out(found.failure)
    benchmark.extra_info.update(
        workload=workload,
        solver=solver,
        n_rows=len(rows),
        n_items=rows.n_items,
        input_bytes=rows.n_bytes,
        **as_dict(found),
    )
    if WORKLOADS[workload].memory == "graph":
        benchmark.extra_info["n_pairs"] = rows.n_pairs
    benchmark.pedantic(peer.fit, args=(rows,), rounds=rounds(found.seconds), iterations=1)
    if solver == "venire":
        # The twelve decades may stop short of the tolerance, with a warning, but never run wild.
        limit = 1e-6 if "decades" in workload else 1.01 * TOLERANCE
        assert found.residual <= limit
        if found.error is not None:
            assert found.error <= 1e-4


@pytest.mark.benchmark(group="growth")
@pytest.mark.parametrize("step", range(len(GROWTH_SIZES["full"])))
@pytest.mark.parametrize("workload", GROWING)
def test_growth(benchmark, store, size, workload, step):
    rows = store.rows(workload, GROWTH_SIZES[size][step])
    fit = SOLVERS["venire"].fit
    benchmark.extra_info.update(workload=workload, n_rows=len(rows), n_items=rows.n_items)
    benchmark.pedantic(fit, args=(rows,), rounds=4, iterations=1, warmup_rounds=1)
