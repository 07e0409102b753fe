"""From comparisons to the graph that a fit works on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from venire.models import model_of

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.data.comparisons import Comparisons
    from venire.priors import ItemPriors
    from venire.ratings._prior_means import Leagues

__all__ = ["build_problem", "problem_of"]


def build_problem(
    c: Comparisons,
    model: str,
    *,
    prior: ItemPriors | None = None,
    order_effect: bool = False,
    leagues: Leagues | None = None,
    n_threads: int = 1,
) -> Problem:
    """Edges with their masses; the order classes of a pair are added up unless they matter.

    Columns of `leagues` come after the covariates. A tie parameter is estimated iff `model` has one
    and some tie was seen.
    """
    from venire._native.cells import merge_classes

    row = model_of(model)
    free_tie = row.tie is not None and c.cells.tie is not None
    row_ptr, second = c.cells.row_ptr, c.second
    win, loss, tie = c.win, c.loss, c.cells.tie
    order = c.order if order_effect else None
    covariates = c.covariates if leagues is None else leagues.covariates
    if covariates is None and not order_effect and c.n_cells > c.n_pairs:
        row_ptr, second, win, loss, tie = merge_classes(
            row_ptr, second, win, loss, tie, c.n_pairs, not free_tie, n_threads
        )
    return problem_of(
        row.fitted(free_tie).name, row_ptr, second, win, loss, tie, order, covariates,
        prior=prior, n_pairs=c.n_pairs, n_threads=n_threads,
    )  # fmt: skip


def problem_of(
    model: str,
    row_ptr: Any,
    second: Any,
    win: Any,
    loss: Any,
    tie: Any,
    order: Any = None,
    covariates: Any = None,
    *,
    prior: ItemPriors | None,
    n_pairs: int,
    n_threads: int,
) -> Problem:
    """The problem of cells that are sorted by pair; those of a pair share an edge where covariates
    tell them apart."""
    from venire._native.cells import edges_of_cells
    from venire._native.problem import Problem

    cell_ptr = None
    if covariates is not None:
        row_ptr, second, cell_ptr = edges_of_cells(row_ptr, second, n_pairs)
    return Problem(
        model, row_ptr, second, win, loss, tie, order, cell_ptr=cell_ptr, covariates=covariates,
        prior=prior, parallel_edges=len(second) > n_pairs, n_threads=n_threads,
    )  # fmt: skip
