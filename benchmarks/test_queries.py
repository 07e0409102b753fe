"""Many small fits: the package beside peers that fit group by group, and groups of every shape."""

from __future__ import annotations

import importlib.util
import time

import pytest

from benchmarks.measure_queries import build_portable, in_fresh_process, save
from venire.bench import queries

MODELS = ("bradley-terry", "thurstone")
RUNS = [
    ("sorted rows", "bradley-terry"),
    ("sorted rows", "thurstone"),
    ("shuffled rows", "bradley-terry"),
    ("portable build", "bradley-terry"),
    ("portable build", "thurstone"),
]


@pytest.fixture(scope="session")
def rows(size):
    return queries.workload(size)


@pytest.fixture(scope="session")
def stored(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("queries") / "rows.npz"
    save(rows, path)
    yield path
    path.unlink()


@pytest.fixture(scope="session")
def portable():
    return build_portable()


def record(benchmark, **facts):
    """Times are taken elsewhere; this entry carries them to the report."""
    benchmark.extra_info.update(facts)
    benchmark.pedantic(lambda: None, rounds=1, iterations=1)


@pytest.mark.benchmark(group="queries")
@pytest.mark.parametrize(("run", "model"), RUNS)
def test_queries(benchmark, request, rows, stored, tmp_path, run, model):
    path, build = stored, None
    if run == "shuffled rows":
        path = tmp_path / "shuffled.npz"
        save(queries.shuffled(rows), path)
    elif run == "portable build":
        build = request.getfixturevalue("portable")
    facts = in_fresh_process(path, model, build)
    if run == "shuffled rows":
        path.unlink()
    record(benchmark, run=run, model=model, **facts)
    assert facts["converged"] == facts["n_groups"]
    assert facts["residual"] <= 1.01 * queries.TOL
    assert (facts["dispatch"] == "none") == (run == "portable build")


@pytest.mark.benchmark(group="queries, peers")
@pytest.mark.parametrize("name", queries.PEERS)
def test_peer(benchmark, request, rows, size, name):
    peer = queries.PEERS[name]
    missing = [m for m in peer.modules if importlib.util.find_spec(m) is None]
    if missing:
        reason = f"{missing[0]} is not installed"
        request.config.left_out.append({"workload": "queries", "solver": name, "reason": reason})
        pytest.skip(reason)
    n_groups = queries.SIZES[size][1]
    part = queries.sample(rows, n_groups, hard=peer.hard)
    queries.fit_one_by_one(name, queries.sample(part, 1, hard=False))
    seconds = float("inf")
    for _ in range(2):
        start = time.perf_counter()
        theta = queries.fit_one_by_one(name, part)
        seconds = min(seconds, time.perf_counter() - start)
    residual = queries.worst_residual(part, theta, "bradley-terry")
    record(
        benchmark,
        peer=name,
        votes="hard" if peer.hard else "soft",
        n_sampled=n_groups,
        n_groups=rows.n_groups,
        seconds_sample=seconds,
        seconds_scaled=seconds * rows.n_groups / n_groups,
        residual=residual if peer.same else None,
        correlation=queries.correlation(part, theta),
    )
    assert residual <= 1e-4 or not peer.same


@pytest.mark.benchmark(group="queries, shapes")
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("n_items", queries.ITEMS)
@pytest.mark.parametrize("degree", queries.DEGREES)
def test_shape(benchmark, size, degree, n_items, model):
    """Hard votes; the unit is the cost of a comparison of the workload, at the same size."""
    from benchmarks.measure_queries import once

    def cost(points):
        seconds, gf = once(points, model, False)
        for _ in range(4):
            seconds = min(seconds, once(points, model, False)[0], key=lambda x: x["total"])
        return seconds["total"] / len(points.group), gf

    points = queries.grid_point(size, n_items, degree, hard=True)
    unit, _ = cost(queries.grid_point(size, 100, 4, hard=False))
    own, gf = cost(points)
    record(
        benchmark,
        degree=degree,
        n_items=n_items,
        model=model,
        ns=1e9 * own,
        relative=own / unit,
        iterations=float(gf.n_iter.mean()),
    )
    assert gf.converged.all()
