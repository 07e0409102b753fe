"""Labels of pairs: files of them, and the command that asks for them."""

from __future__ import annotations

from typing import Any

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.panel import some_votes
from fuzz.entries.readers import COLUMNS, FILES, flags, run, vote_file
from fuzz.files import damaged, table_file
from venire import io as vio

WORDS = ("first", "second", "tie", "A", "1", "0", "0.5", "", None, "x", "-1", "2")


def gold_file(case: Case, v: Any) -> Any:
    """Labels of some pairs, right and wrong."""
    n = case.whole(1, 6)
    design = case.call(vn.panel.design_gold, v, min(n, v.n_pairs), "measure")
    table = case.call(design.to_frame, "dict")
    n = len(design.at)
    table = {name: column.tolist() for name, column in table.items()}
    table["gold"] = case.column(WORDS, n)
    table["purpose"] = case.column(["stack", "side", "measure", "measure"], n)
    if case.chance(0.2):
        table.pop(case.choice(list(table)))
    path = table_file(case, table)
    if case.chance(0.2):
        path.write_bytes(damaged(case, path.read_bytes()))
    return path


@entry
def read_gold(case: Case) -> None:
    v = some_votes(case)
    options = case.some({"mapping": {"x": "first"}}, 0.3)
    gold = case.call(
        vio.read_gold, gold_file(case, v), **case.spoil({"votes": v} | options, 0.2), allow=FILES
    )
    case.within("a share", gold.labels, 0.0, 1.0)
    case.call(vn.consensus, v, gold=gold)


@entry
def command_gold(case: Case) -> None:
    path, options = vote_file(case)
    words = flags(options, COLUMNS)
    votes = options.get("vote", [])
    for name in [votes] if isinstance(votes, str) else votes:
        words += ["--vote", name]
    words += case.choice(([], ["--purpose", "side"], ["--purpose", "measure"], ["--purpose", "x"]))
    words += case.choice(([], ["-n", "2"], ["-n", "0"], ["--stratified"], ["--seed", "3"]))
    words += ["--json"] if case.chance(0.2) else []
    if case.chance(0.3):
        words += ["-o", case.folder / "out.csv"]
    elif case.chance(0.5):
        words += ["--labels", gold_file(case, some_votes(case))]
    run(case, "gold", path, *words)
