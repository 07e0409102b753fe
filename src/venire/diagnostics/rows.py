"""Checks of rows: what was left out, what weighs most."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import FINE, GRAVE, WORTH, Finding, listed

__all__ = ["dropped", "weights"]

_PARTLY, _MOSTLY = 0.1, 0.5  # of rows dropped
_HEAVY = 0.2


def dropped(e: Evidence) -> Iterator[Finding]:
    """Rows that say nothing."""
    lost = sum(e.dropped.values())
    if not e.n_rows:
        return
    share = lost / e.n_rows
    why = ", ".join(f"{count:,} {reason}" for reason, count in e.dropped.items())
    text = f"{lost:,} of {e.n_rows:,} rows were left out{': ' if why else ''}{why}."
    gravity = GRAVE if share > _MOSTLY else WORTH if share > _PARTLY else FINE
    yield Finding(
        "rows dropped", gravity, text, {"rows": lost, "share": share}, {},
        "" if gravity == FINE else "Are they missing at random? If not, ratings lean to the rest.",
        share * 5.0,
    )  # fmt: skip


def weights(e: Evidence) -> Iterator[Finding]:
    """A row, or a pair, that is most of the data."""
    r = e.records
    if r is not None and r.are_rows and r.has("mass") and len(r) >= 20:
        total = square = most = 0.0
        k = 0
        for block in r.blocks():
            weight = block.weights
            total, square = total + float(weight.sum()), square + float(weight @ weight)
            at = int(np.argmax(weight))
            if weight[at] > most:
                most, k = float(weight[at]), block.start + at
        share = most / total
        kish = total**2 / square / len(r)
        if share >= _HEAVY or kish < 0.05:
            one = r.stretch(k, k + 1)
            yield Finding(
                "weights", GRAVE if share >= _HEAVY else WORTH,
                f"row {e.place(k)} ({listed([e.named(int(one.first[0]), int(one.second[0]))])}) "
                f"weighs {most:,.4g} of {total:,.6g}, {share:.0%} of all; the {len(r):,} rows are "
                f"worth {kish * len(r):,.0f} of equal weight.",
                {"share": share, "effective_rows": kish * len(r)}, {"rows": (k,)},
                "Is it a weight, and of this row? Another column, or a total, reads like one.",
                12.0 + share * 5.0,
            )  # fmt: skip
            return
        yield Finding("weights", FINE, f"no row weighs more than {share:.1%} of all.")
    p = e.pairs
    k = int(np.argmax(p.mass))
    share = float(p.mass[k] / p.mass.sum())
    if share > 0.5 and len(p) >= 5:
        yield Finding(
            "one pair", WORTH,
            f"the pair {listed([e.named(int(p.first[k]), int(p.second[k]))])} is {share:.0%} of "
            "all comparisons.",
            {"share": share}, {"pairs": (e.named(int(p.first[k]), int(p.second[k])),)},
            "It says next to nothing of the other items.", share,
        )  # fmt: skip
