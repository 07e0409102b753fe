"""Votes in groups, laid out in files in many ways: for the tests of the streaming fits."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from venire import Columns, batch

COLUMNS = {"group": "q", "first": "a", "second": "b"}
LAYOUTS = ["sorted", "shuffled", "parts", "shuffled parts", "whole groups", "arrow", "dictionary"]


def votes(n_groups=60, seed=0, text=True, soft=True):
    """A table of votes, sorted by group, the groups of many sizes and the items differing."""
    rng = np.random.default_rng(seed)
    columns = {name: [] for name in "qabsw"}
    for group in range(n_groups):
        n = int(rng.integers(3, 25))
        a = np.concatenate([np.arange(n), rng.integers(0, n, 4 * n)])
        b = (a + np.concatenate([np.ones(n, int), rng.integers(1, n, 4 * n)])) % n
        theta = rng.normal(size=n)
        p = 1 / (1 + np.exp(theta[b] - theta[a]))
        columns["q"].append(np.full(len(a), group * 7 + 100))
        columns["a"].append(a + group % 5)
        columns["b"].append(b + group % 5)
        columns["s"].append(np.round(p, 3) if soft else (rng.random(len(a)) < p) / 1.0)
        columns["w"].append(rng.integers(1, 4, len(a)) / 2)
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    if text:
        table |= {"q": [f"q{x}" for x in table["q"]]}
        table |= {x: [f"item {k}" for k in table[x]] for x in "ab"}
    return pa.table(table).sort_by([("q", "ascending")])


def shuffled(table, seed=1):
    return table.take(np.random.default_rng(seed).permutation(table.num_rows))


def laid_out(table, layout, folder, n_files=4):
    """Write the rows; returns the file or the folder."""
    folder.mkdir(exist_ok=True)
    if layout in ("shuffled", "shuffled parts", "dictionary"):
        table = shuffled(table)
    if layout in ("sorted", "shuffled"):
        pq.write_table(table, folder / "votes.parquet", row_group_size=700)
        return folder / "votes.parquet"
    if layout == "arrow":
        pyarrow.feather.write_feather(table, folder / "votes.feather", chunksize=900)
        return folder / "votes.feather"
    parts = folder / "votes"
    parts.mkdir()
    if layout == "dictionary":
        table = table.set_column(0, "q", table["q"].dictionary_encode())
    if layout == "whole groups":  # dealt out in turn, so that the files' ranges overlap
        labels = table["q"].unique().to_pylist()
        which = {label: k % n_files for k, label in enumerate(labels)}
        file = np.array([which[label] for label in table["q"].to_pylist()])
        pieces = [table.filter(file == k) for k in range(n_files)]
    else:
        bounds = np.linspace(0, table.num_rows, n_files + 1).astype(int)
        pieces = [table.slice(a, b - a) for a, b in pairwise(bounds)]
    for k, piece in enumerate(pieces):
        pq.write_table(piece, parts / f"part-{k}.parquet", row_group_size=500)
    (parts / "_SUCCESS").write_text("")
    return parts


def fit_files(source, output, **given):
    """`venire.batch.fit_files`, the columns and the options all by their names."""
    names = {f.name for f in fields(Columns)} & {*given}
    columns = Columns(**{name: given.pop(name) for name in names})
    return batch.fit_files(source, output, columns, **given)
