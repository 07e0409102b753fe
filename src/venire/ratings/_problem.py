"""From comparisons to the graph that a fit works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.comparisons import Comparisons

__all__ = ["TIE_MODELS", "build_problem"]

#: Models in which a tie is an outcome of its own.
TIE_MODELS = ("davidson", "rao-kupper")


def build_problem(
    c: Comparisons,
    model: str,
    *,
    prior: float = 0.0,
    order_effect: bool = False,
    n_threads: int = 1,
) -> Problem:
    """Edges with their masses; cells that the model cannot tell apart are added up.

    A tie parameter is estimated iff `model` has one and some tie was seen; without ties both tie
    models are Bradley-Terry.
    """
    from venire._native.problem import Problem

    free_tie = model in TIE_MODELS and c._tie is not None
    row_ptr, second = c._row_ptr, c.second
    win, loss, tie = c.win, c.loss, c._tie
    order = c.order if order_effect else None
    if c.cluster is not None or (not order_effect and len(c) > c.n_pairs):
        row_ptr, starts = _edges(c, order_effect)
        win, loss, tie = (None if x is None else np.add.reduceat(x, starts) for x in (win, loss, tie))
        second = second[starts]
        order = None if order is None else order[starts]
    if tie is not None and not free_tie:
        win, loss, tie = win + 0.5 * tie, loss + 0.5 * tie, None
    return Problem(
        model if free_tie or model not in TIE_MODELS else "bradley-terry",
        row_ptr,
        second,
        win,
        loss,
        tie,
        order,
        prior=prior,
        free_tie=free_tie,
        parallel_edges=order_effect,
        n_threads=n_threads,
    )


def _edges(c: Comparisons, by_order: bool) -> tuple[Any, Any]:
    """Where each run of cells of one pair (and order class) starts, and the rows of the runs."""
    starts = np.empty(len(c), bool)
    starts[0] = True
    np.not_equal(c.second[1:], c.second[:-1], out=starts[1:])
    if by_order:
        starts[1:] |= c.order[1:] != c.order[:-1]
    rows = c._row_ptr[:-1]
    starts[rows[rows < len(c)]] = True
    at = np.flatnonzero(starts)
    return np.searchsorted(at, c._row_ptr), at
