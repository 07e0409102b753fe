"""Judges who sort answers: their rankings as votes on pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from venire import io
from venire.cli._command import misused
from venire.cli._options import RANKED_TOO
from venire.data.rankings.columns import GivenRankings
from venire.data.recognition import Given

if TYPE_CHECKING:
    from venire.data.votes import Votes

__all__ = ["ranked_votes"]


def ranked_votes(scanner: io.Scanner, columns: Given, rankings: GivenRankings, **how: Any) -> Votes:
    """The rankings of a file as votes of those who made them."""
    named = dict(columns.named)
    teacher = named.pop("teacher", None)
    if teacher is None:
        misused("--teacher", "names the column of those who ranked")
    for name in set(named) - {*RANKED_TOO}:
        misused(
            f"--{name}", f"is of votes on pairs, and --{next(iter(rankings.named))} of rankings"
        )
    found = io.read_rankings(scanner, cluster=teacher, **how, **named, **rankings.named)
    votes = found.to_votes(n_threads=how.get("n_threads"))
    votes.taken = found.taken
    return votes
