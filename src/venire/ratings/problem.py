"""From comparisons to the graph that a fit works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from venire.models import model_of

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.data.comparisons import Comparisons
    from venire.priors import ItemPriors

__all__ = ["build_problem"]


def build_problem(
    c: Comparisons,
    model: str,
    *,
    prior: ItemPriors | None = None,
    order_effect: bool = False,
    n_threads: int = 1,
) -> Problem:
    """Edges with their masses; the order classes of a pair are added up unless they matter.

    A tie parameter is estimated iff `model` has one and some tie was seen.
    """
    from venire._native.cells import merge_classes
    from venire._native.problem import Problem

    row = model_of(model)
    free_tie = row.tie is not None and c.cells.tie is not None
    row_ptr, second = c.cells.row_ptr, c.second
    win, loss, tie = c.win, c.loss, c.cells.tie
    order = c.order if order_effect else None
    if not order_effect and c.n_cells > c.n_pairs:
        row_ptr, second, win, loss, tie = merge_classes(
            row_ptr, second, win, loss, tie, c.n_pairs, not free_tie, n_threads
        )
    return Problem(
        row.fitted(free_tie).name,
        row_ptr,
        second,
        win,
        loss,
        tie,
        order,
        prior=prior,
        parallel_edges=len(second) > c.n_pairs,
        n_threads=n_threads,
    )
