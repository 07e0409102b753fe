"""How many votes a second are added up from Parquet files, and what memory each command takes.

``python -m benchmarks.ballots --rows 1e8`` makes a hundred files of 10^8 votes of 8 judges on 10^6
pairs, and files of as many votes on 10^5 pairs of 40 models under 2,500 prompts; ``consensus`` of
the former, and ``consensus``, ``rate`` and ``judges`` of the latter run in processes of their own,
within --memory. --rows 1e6 does a hundredth. The files (1.5 GB) go to a folder under $TMPDIR, or to
--folder, where they stay.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

JUDGES, FILES = 8, 100
PROMPTS, MODELS, OF_PROMPT = 2500, 40, 50  # pairs of models that a prompt has
PAIRS = {"pair": "pair", "teacher": "judge", "vote": "vote"}
ITEMS = {"first": "model_a", "second": "model_b", "group": "prompt", "teacher": "judge",
         "vote": "vote"}  # fmt: skip
RUN = """
import sys, time
from venire.cli import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read()
print(code, int(status.split("VmHWM:")[1].split()[0]) / 1024, time.process_time(), file=sys.stderr)
"""


def _votes(rng: np.random.Generator, chance: np.ndarray) -> np.ndarray:
    """Wins with these chances, and a tenth of ties."""
    n = len(chance)
    won = np.where(rng.random(n, np.float32) < chance, 1, -1)
    return np.where(rng.random(n, np.float32) < 0.1, 0, won).astype(np.int8)


def on_pairs(k: int, rows: int, pairs: int) -> dict[str, Any]:
    """Votes on pairs that have labels of their own, and a column that nobody asks for."""
    import pyarrow as pa

    share = np.random.default_rng(1).beta(1.0, 1.0, pairs).astype(np.float32)
    rng = np.random.default_rng((2, k))
    pair, judge = rng.integers(0, pairs, rows), rng.integers(0, JUDGES, rows, np.int8)
    names = pa.array([f"judge-{j}" for j in range(JUDGES)])
    return {
        "pair": pair, "judge": pa.DictionaryArray.from_arrays(judge, names),
        "vote": _votes(rng, share[pair]), "seconds": rng.exponential(3.0, rows),
    }  # fmt: skip


def on_models(k: int, rows: int, prompts: int) -> dict[str, Any]:
    """Votes on pairs of models under prompts, each shown in either order."""
    import pyarrow as pa

    rng = np.random.default_rng(1)
    a = rng.integers(0, MODELS, (prompts, OF_PROMPT))
    b = (a + rng.integers(1, MODELS, a.shape)) % MODELS
    theta, slope = rng.normal(0.0, 1.0, MODELS), np.linspace(0.4, 1.4, JUDGES)
    rng = np.random.default_rng((2, k))
    q, at = rng.integers(0, prompts, rows), rng.integers(0, OF_PROMPT, rows)
    judge, turned = rng.integers(0, JUDGES, rows, np.int8), rng.random(rows, np.float32) < 0.5
    first, second = np.where(turned, b[q, at], a[q, at]), np.where(turned, a[q, at], b[q, at])
    chance = 1.0 / (1.0 + np.exp((theta[second] - theta[first]) * slope[judge]))

    def named(codes: np.ndarray, word: str, n: int) -> Any:
        names = pa.array([f"{word} {j}" for j in range(n)])
        return pa.DictionaryArray.from_arrays(codes.astype(np.int16), names)

    return {
        "model_a": named(first, "model", MODELS), "model_b": named(second, "model", MODELS),
        "prompt": named(q, "prompt", prompts), "judge": named(judge, "judge", JUDGES),
        "vote": _votes(rng, chance),
    }  # fmt: skip


def write(folder: Path, make: Any, rows: int, size: int) -> None:
    """The files that are not there yet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for k in range(FILES):
        path = folder / f"part-{k:03d}.parquet"
        if path.exists():
            continue
        part = path.with_suffix(".part")
        pq.write_table(pa.table(make(k, rows // FILES, size)), part, row_group_size=1 << 20)
        part.rename(path)


def added_up(folder: Path, threads: int | None) -> None:
    """Read the votes on pairs, and say what a vote costs without the decoding of Parquet."""
    import venire as vn
    from venire.io import Scanner

    next(iter(Scanner(folder).tables(PAIRS, ["pair"], 1).pieces))  # what is loaded first
    used, rows = time.process_time(), 0
    for path in sorted(folder.glob("*.parquet"))[:4]:
        for piece in Scanner(path).tables(PAIRS, ["pair", "teacher", "vote"], 1 << 18).pieces:
            rows += piece.num_rows
    decoding = (time.process_time() - used) / rows
    wall, used = time.perf_counter(), time.process_time()
    votes, _ = vn.io.read_votes(folder, **PAIRS, n_threads=threads)  # type: ignore[arg-type]
    wall, used = time.perf_counter() - wall, time.process_time() - used
    n = votes.n_votes
    print(f"{n:,} votes, {votes.n_cells:,} judgments")
    print(f"read in {wall:.1f} s: {n / wall / 1e6:.1f} million a second; {used:.1f} s of CPU")
    print(f"decoding Parquet: {decoding * 1e9:.1f} ns a vote, {100 * decoding * n / used:.0f} %")
    print(f"adding up: {(used / n - decoding) * 1e9:.1f} ns a vote")


def command(name: str, folder: Path, named: dict[str, str], memory: str | None) -> bool:
    """Run a command in a process of its own; whether it did what it should within its memory."""
    words = [name, str(folder), *(x for a, v in named.items() for x in (f"--{a}", v)), "--quiet"]
    words += ["-o", str(folder.parent / "out.parquet")]
    words += [] if memory is None else ["--memory", memory]
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True)
    code, peak, cpu = done.stderr.split()[-3:]
    wall = time.perf_counter() - start
    told = f"{wall:7.1f} s, {float(cpu):6.1f} s of CPU, {float(peak):7.0f} MiB"
    print(f"{name:10s} {folder.name:7s} memory {memory or '-':7s} exit code {code}: {told}")
    if code != "0":
        print("\n".join(done.stderr.splitlines()[:-1]))
    return code == "0"


def main() -> None:
    """Make the files, and run the commands."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=float, default=1e6)
    parser.add_argument("--memory", nargs="*", default=["1GiB"])
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    rows, share = int(asked.rows), min(asked.rows / 1e8, 1.0)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made) if asked.folder is None else asked.folder
        write(folder / "pairs", on_pairs, rows, max(int(1e6 * share), 1000))
        write(folder / "models", on_models, rows, max(int(PROMPTS * share), 25))
        added_up(folder / "pairs", asked.threads)
        good = command("consensus", folder / "pairs", PAIRS, None)
        for memory in asked.memory:
            good &= command("consensus", folder / "pairs", PAIRS, memory)
            for name in ("consensus", "rate", "judges"):
                good &= command(name, folder / "models", ITEMS, memory)
    if not good:
        raise SystemExit("a command failed")


if __name__ == "__main__":
    main()
