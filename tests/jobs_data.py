"""Files and commands of jobs of each kind, for the tests and for what kills them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import venire as vn

N_FILES = 6

COLUMNS = ["--first", "a", "--second", "b"]
VOTES = [*COLUMNS, "--teacher", "t", "--vote", "v"]
#: What is typed, and the files that are written.
COMMANDS = {
    "groups": (["groups", "groups", "--group", "q", *COLUMNS, "--score", "s", "-o", "out.parquet"],
               ["out.parquet"]),
    "fit": (["fit", "games", *COLUMNS, "--score", "s", "-o", "out.parquet"], ["out.parquet"]),
    "soft": (["fit", "soft", *COLUMNS, "--score", "s", "-o", "out.csv"], ["out.csv"]),
    "bootstrap": (["bootstrap", "games", *COLUMNS, "--score", "s", "-o", "out.parquet"],
                  ["out.parquet"]),
    "rate": (["rate", "votes", *VOTES, "--group", "q", "--bootstrap", "64", "-o", "out.csv",
              "--teachers", "who.csv"], ["out.csv", "who.csv"]),
    "consensus": (["consensus", "votes", *VOTES, "--gold", "g", "-o", "out.csv"], ["out.csv"]),
    "judges": (["judges", "votes", *VOTES, "-o", "out.csv", "--ratings", "all.csv"],
               ["out.csv", "all.csv"]),
}  # fmt: skip


def lay_out(folder: Path, scale: int = 1, n_files: int = N_FILES) -> None:
    """Write the files that the commands read."""
    rng = np.random.default_rng(0)
    n = 400 * scale
    for name in ("games", "soft", "groups", "votes"):
        (folder / name).mkdir(parents=True)
    theta = rng.normal(size=20)
    for k in range(n_files):
        a = rng.integers(0, 20, n)
        b = (a + rng.integers(1, 20, n)) % 20
        p = 1.0 / (1.0 + np.exp(theta[b] - theta[a]))
        won = (rng.random(n) < p).astype(float)
        soft = np.round(np.clip(p + rng.normal(0.0, 0.1, n), 0.0, 1.0), 3)
        q = rng.integers(0, 30, n)
        items = {"a": [f"item {x}" for x in a], "b": [f"item {x}" for x in b]}
        write = vn.io.write_table
        write({**items, "s": won}, folder / "games" / f"{k}.parquet")
        write({**items, "s": soft}, folder / "soft" / f"{k}.csv")
        write({"q": q, **items, "s": soft}, folder / "groups" / f"{k}.parquet")
        pair = rng.integers(0, n, n)
        first, second = a[pair % n], b[pair % n]
        known = np.where(theta[first] > theta[second], 1.0, 0.0)
        votes = {
            "q": first % 7, "a": [f"m{min(x, y)}" for x, y in zip(first, second, strict=True)],
            "b": [f"m{max(x, y)}" for x, y in zip(first, second, strict=True)],
            "t": [f"judge {x}" for x in rng.integers(0, 4, n)],
            "v": np.where(rng.random(n) < 0.6, "A", "B"),
            "g": np.where(first < second, known, 1.0 - known),
        }  # fmt: skip
        write(votes, folder / "votes" / f"{k}.parquet")
