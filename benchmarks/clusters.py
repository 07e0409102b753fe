"""What a second worker is worth: fits of groups, and one fit of many rows, on a Dask cluster.

``python -m benchmarks.clusters`` fits 112,000 groups of 200 rows, and adds up and fits 10^8
comparisons of 10^6 pairs, with one worker and with two, of one thread each; ``--groups`` and
``--rows`` say how many. Files go to $TMPDIR, or to --folder, where they stay. Workers are started,
and have loaded the package, before the clock runs. Ratios are of the best of --repeat runs in turn.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import venire as vn
from benchmarks.billion import write as write_rows
from benchmarks.tables import seconds, table

ITEMS, PER_GROUP, FILES = 100_000, 100, 56


def write_groups(folder: Path, n_groups: int) -> None:
    """Files of groups: 100 items each, two random cycles through them, soft votes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for k, groups in enumerate(np.array_split(np.arange(n_groups), FILES)):
        path = folder / f"part-{k:03d}.parquet"
        if path.exists():
            continue
        rng = np.random.default_rng((5, k))
        theta = rng.normal(0.0, 1.0, (len(groups), PER_GROUP))
        cycles = rng.permuted(np.tile(np.arange(PER_GROUP), (2, len(groups), 1)), axis=2)
        first = np.concatenate(list(cycles), axis=1)
        second = np.concatenate([np.roll(x, -1, axis=1) for x in cycles], axis=1)
        rows = np.arange(len(groups))[:, None]
        gap = theta[rows, first] - theta[rows, second] + rng.normal(0.0, 0.5, first.shape)
        columns = {
            "group": np.repeat(groups, 2 * PER_GROUP), "first": first.ravel(),
            "second": second.ravel(), "score": 1.0 / (1.0 + np.exp(-gap.ravel())),
        }  # fmt: skip
        part = path.with_suffix(".part")
        pq.write_table(pa.table(columns), part)
        part.rename(path)


def fit_groups(source: Path, out: Path, executor: Any) -> None:
    columns = vn.Columns(group="group", first="first", second="second", score="score")
    vn.batch.fit_files(source, out, columns, executor=executor)


def add_up(source: Path, executor: Any) -> vn.Comparisons:
    columns = {"first": "first", "second": "second", "score": "score"}
    return vn.io.read_comparisons(source, **columns, executor=executor)


def add_up_and_fit(source: Path, executor: Any) -> None:
    vn.fit_bradley_terry(add_up(source, executor), prior=vn.GaussianPrior(0.1))


class Took(NamedTuple):
    """Seconds of a run; of CPUs, of each worker, and of this process and the scheduler in it."""

    wall: float
    workers: tuple[float, ...]
    here: float


def timed(run: Callable[[Any], Any], workers: int) -> Took:
    """What a run takes with so many workers."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.run(exec, "import venire as vn; vn.batch, vn.io, vn.fit_groups")
        before = client.run(time.process_time)
        started, cpu = time.perf_counter(), time.process_time()
        run(client)
        wall, cpu = time.perf_counter() - started, time.process_time() - cpu
        after = client.run(time.process_time)
        return Took(wall, tuple(sorted(after[w] - before[w] for w in after)), cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--groups", type=float, default=112_000)
    parser.add_argument("--rows", type=float, default=1e8)
    parser.add_argument("--pairs", type=float, default=1e6)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
        folder = asked.folder or Path(scratch)
        n_groups, n_rows, n_pairs = int(asked.groups), int(asked.rows), int(asked.pairs)
        runs: dict[str, Callable[[Any], Any]] = {}
        if n_groups:
            groups = folder / f"groups-{n_groups}"
            groups.mkdir(parents=True, exist_ok=True)
            write_groups(groups, n_groups)
            name = f"{n_groups:,} groups of {2 * PER_GROUP} rows"
            runs[name] = partial(fit_groups, groups, Path(scratch) / "out")
        if n_rows:
            rows = folder / f"rows-{n_rows}-{n_pairs}"
            rows.mkdir(parents=True, exist_ok=True)
            write_rows(rows, n_rows, ITEMS, n_pairs)
            runs[f"{n_rows:,} rows of {n_pairs:,} pairs added up"] = partial(add_up, rows)
            runs["the same, and fitted"] = partial(add_up_and_fit, rows)
        body = []
        for name, run in runs.items():
            found: dict[int, list[Took]] = {1: [], asked.workers: []}
            for _ in range(asked.repeat):
                for n, some in found.items():
                    some.append(timed(run, n))
            one, many = (min(some) for some in found.values())
            cpu = " + ".join(seconds(x) for x in many.workers)
            body.append(
                [name, seconds(one.wall), seconds(many.wall), f"{one.wall / many.wall:.2f}", cpu,
                 seconds(many.here)]
            )  # fmt: skip
        head = ["", "1 worker", f"{asked.workers} workers", "ratio", "CPU of workers", "here"]
        print(table(head, body))


if __name__ == "__main__":
    main()
