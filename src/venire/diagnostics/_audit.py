"""The table of checks, and the call that goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from venire.diagnostics import (
    cycles, graph, labels, misfit, order, rows, trends, voters,
)  # fmt: skip
from venire.diagnostics._evidence import Evidence
from venire.diagnostics._finding import Audit, Finding, graver

__all__ = ["CHECKS", "Check", "looked_at"]


class Check(NamedTuple):
    """One check: what it is called in the documentation, and what makes it.

    `quick`: it needs cells only, and little beside a fit.
    """

    look: Callable[[Evidence], Iterator[Finding]]
    quick: bool = False


CHECKS = (
    Check(rows.dropped),
    Check(order.constant, quick=True),
    Check(graph.components, quick=True),
    Check(graph.one_sided, quick=True),
    Check(graph.thin_links, quick=True),
    Check(graph.thin_cut),
    Check(graph.voters_links),
    Check(labels.alike, quick=True),
    Check(rows.duplicates),
    Check(rows.blocks),
    Check(rows.weights, quick=True),
    Check(voters.repeated),
    Check(voters.against),
    Check(order.order),
    Check(misfit.ties, quick=True),
    Check(misfit.pairs, quick=True),
    Check(misfit.overall, quick=True),
    Check(cycles.cycles),
    Check(voters.influence),
    Check(trends.trends),
)


def looked_at(evidence: Evidence, *, quick: bool = False) -> Audit:
    """All findings, or those of the quick checks."""
    found = [f for check in CHECKS if check.quick or not quick for f in check.look(evidence)]
    return Audit(graver(found), float(evidence.mass.sum()), len(evidence.items))
