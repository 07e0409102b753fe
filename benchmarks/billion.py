"""How many comparisons a second are added up from Parquet files, and what memory the fit needs.

``python -m benchmarks.billion --rows 1e9`` makes a hundred files of 10^9 comparisons of 10^6 items,
2 * 10^7 pairs of them, each seen from both sides, and fits them within 4 GiB; --rows 1e7 does a
hundredth. The files (6 GB) go to a folder under $TMPDIR, or to --folder, where they stay.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ITEMS, PAIRS, FILES = 1_000_000, 20_000_000, 100


def write(folder: Path, rows: int, items: int, pairs: int) -> None:
    """The files: wins, losses and ties of pairs that are drawn with equal chances."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(1)
    theta = rng.normal(0.0, 1.0, items).astype(np.float32)
    one = rng.integers(0, items, pairs, np.int32)
    other = (one + rng.integers(1, items, pairs, np.int32)) % np.int32(items)
    own = rows // FILES
    for k in range(FILES):
        path = folder / f"part-{k:03d}.parquet"
        if path.exists():
            continue
        rng = np.random.default_rng((2, k))
        pair = rng.integers(0, pairs, own)
        turned = rng.random(own, np.float32) < 0.5
        first = np.where(turned, other[pair], one[pair])
        second = np.where(turned, one[pair], other[pair])
        chance = 1.0 / (1.0 + np.exp(theta[second] - theta[first]))
        score = (rng.random(own, np.float32) < chance).astype(np.float64)
        score[rng.random(own, np.float32) < 0.1] = 0.5
        table = pa.table({"first": first, "second": second, "score": score})
        part = path.with_suffix(".part")
        pq.write_table(
            table, part, compression="zstd", use_dictionary=["score"], row_group_size=1 << 20
        )
        part.rename(path)


def peak() -> int:
    """Most memory that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def decoding(folder: Path, n: int) -> tuple[float, int]:
    """CPU seconds that n of the files take to decode, and their rows."""
    from venire.io import Scanner

    start, rows = time.process_time(), 0
    for path in sorted(folder.glob("*.parquet"))[:n]:
        names = {a: a for a in ("first", "second", "score")}
        for piece in Scanner(path).tables(names, ["first", "second"], 1 << 18).pieces:
            rows += piece.num_rows
    return time.process_time() - start, rows


def run(folder: Path, memory: str, threads: int | None) -> None:
    """Read and fit the files, and say what it took."""
    import pyarrow  # noqa: F401 # which is no part of the reading

    import venire as vn

    cpu, rows = decoding(folder, 2)
    per_row = cpu / rows
    start, used = time.perf_counter(), time.process_time()
    c = vn.io.read_comparisons(
        folder, first="first", second="second", score="score", memory=memory, n_threads=threads
    )
    wall, used = time.perf_counter() - start, time.process_time() - used
    n = int(c.n_comparisons)
    decoded = per_row * n
    print(f"{n:,} comparisons, {c.n_items:,} items, {c.n_pairs:,} pairs, {c.n_cells:,} cells")
    print(f"read in {wall:.1f} s: {n / wall / 1e6:.1f} million a second; {used:.1f} s of CPU")
    print(f"of these, decoding Parquet: {decoded:.1f} s, {100 * decoded / used:.0f} %")
    print(f"adding up: {used - decoded:.1f} s, {(used - decoded) / n * 1e9:.1f} ns a comparison")
    print(f"peak memory so far: {peak() / 2**30:.2f} GiB")
    start, used = time.perf_counter(), time.process_time()
    fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(1.0), n_threads=threads)
    wall, used = time.perf_counter() - start, time.process_time() - used
    print(f"fitted in {wall:.1f} s, {used:.1f} s of CPU; residual {fit.residual:.1e}")
    print(f"peak memory: {peak() / 2**30:.2f} GiB")
    if not fit.converged:
        raise SystemExit("the fit did not converge")


def main() -> None:
    """Make the files, and read them in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=1e7)
    parser.add_argument("--items", type=float, default=None)
    parser.add_argument("--pairs", type=float, default=None)
    parser.add_argument("--memory", default="4G")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        run(asked.folder, asked.memory, asked.threads)
        return
    share = min(asked.rows / 1e9, 1.0)
    items = int(asked.items or max(ITEMS * share, 100))
    pairs = int(asked.pairs or max(PAIRS * share, 1000))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) if asked.folder is None else asked.folder
        folder.mkdir(exist_ok=True)
        write(folder, int(asked.rows), items, pairs)
        size = sum(path.stat().st_size for path in folder.glob("*.parquet"))
        print(f"{FILES} files of {size / 1e9:.2f} GB", flush=True)
        command = [sys.executable, "-m", "benchmarks.billion", "--run", f"--folder={folder}"]
        command.append(f"--memory={asked.memory}")
        command += [] if asked.threads is None else [f"--threads={asked.threads}"]
        subprocess.run(command, check=True, env=os.environ)


if __name__ == "__main__":
    main()
