"""What a bootstrap of a fit draws: cells of equal comparisons, or clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["SCHEMES", "UNITS", "Cells", "cells_of", "first_fraction"]

SCHEMES = ("multinomial", "poisson", "bayesian")
UNITS = ("auto", "outcomes", "cells")


class Cells(NamedTuple):
    """Edges (pairs, or pairs and order classes, or these and rows of covariates), and rows:
    comparisons of one edge and outcome.

    Attributes
    ----------
    first, second : ndarray of int32, shape (n_edges,)
    order : ndarray of int8, shape (n_edges,)
    edge : ndarray of int32, shape (n_rows,)
        Ascending.
    outcome : ndarray of int8, shape (n_rows,)
        0 first won, 1 second won, 2 tie.
    unit : ndarray of int32 or None
        What a row is drawn with; None: by itself.
    mass : ndarray of float64 or None
        Comparisons of the row per draw of its unit; None: 1.
    counts : ndarray of float64, shape (n_units,)
        Whole: how many exchangeable comparisons (or clusters, or cells) each unit stands for.
    covariates : ndarray of float64, shape (n_edges, K), or None
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    order: NDArray[np.int8]
    edge: NDArray[np.int32]
    outcome: NDArray[np.int8]
    unit: NDArray[np.int32] | None
    mass: NDArray[np.float64] | None
    counts: NDArray[np.float64]
    covariates: NDArray[np.float64] | None = None

    def masses(self, draw: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Wins, losses and ties of each edge where the units are drawn `draw` (n_units,) times."""
        weight = draw if self.unit is None else draw[self.unit]
        if self.mass is not None:
            weight = weight * self.mass
        n = len(self.first)
        out = []
        for outcome in range(3):
            own = np.flatnonzero(self.outcome == outcome)
            if self.unit is None:  # an edge has one row of each outcome
                mass = np.zeros(n)
                mass[self.edge[own]] = weight[own]
            else:
                mass = np.bincount(self.edge[own], weight[own], n).astype(np.float64)
            out.append(mass)
        return out

    def of_data(self) -> list[NDArray[np.float64]]:
        """Wins, losses and ties of each edge in the data."""
        return self.masses(self.counts)


def cells_of(fit: Fit, unit: str = "auto") -> Cells:
    """The cells of a fit, drawn by clusters where there are any, else by `unit`.

    Raises
    ------
    ValueError
        If outcomes are asked for and masses are not whole, or there is only one thing to draw.
    """
    c = fit.comparisons
    first, second = c.first, c.second
    masses = np.stack([c.win, c.loss, c.tie])
    cluster, covariates = c.cluster, None if fit.coefficients is None else c.covariates
    order = c.order
    if fit.prior is None:  # comparisons between components were left out of the fit
        inside = fit.component[first] == fit.component[second]
        if not inside.all():
            first, second, order, masses = (
                first[inside], second[inside], order[inside], masses[:, inside],
            )  # fmt: skip
            cluster = None if cluster is None else cluster[inside]
            covariates = None if covariates is None else covariates[inside]
    if not len(first):
        raise ValueError("fit: no comparison lies within a component: there is nothing to resample")
    if fit.order_effect is None:
        order = np.zeros(len(first), np.int8)
    new = np.ones(len(first), bool)  # cells are sorted: equal edges stand together
    new[1:] = first[1:] != first[:-1]
    new[1:] |= second[1:] != second[:-1]
    new[1:] |= order[1:] != order[:-1]
    if covariates is not None:
        new[1:] |= (covariates[1:] != covariates[:-1]).any(axis=1)
        covariates = np.ascontiguousarray(covariates[new])
    edge = np.cumsum(new, dtype=np.int64) - 1
    n_edges = int(edge[-1]) + 1
    if cluster is None and not _by_cell(c, unit):
        if n_edges < len(first):
            masses = np.stack([np.bincount(edge, m, n_edges) for m in masses])
        row_edge, outcome, mass, _ = _rows(masses, np.arange(n_edges))
        return Cells(
            first[new], second[new], order[new], row_edge, outcome, None, None, mass, covariates
        )
    row_edge, outcome, mass, cell = _rows(masses, edge)
    if cluster is None:
        used, place = np.unique(cell, return_inverse=True)
        drawn, n_units = place.astype(np.int32), len(used)
        if n_units < 2:
            raise ValueError("fit: there is only one cell to draw: nothing to resample")
    else:
        drawn = np.ascontiguousarray(cluster, np.int32)[cell]
        n_units = len(c.clusters) if c.clusters is not None else int(cluster.max()) + 1
        if n_units < 2:
            checks.fail(
                "cluster", "all comparisons are of one cluster: there is nothing to resample"
            )
    one = np.ones(n_units)
    return Cells(
        first[new], second[new], order[new], row_edge, outcome, drawn, mass, one, covariates
    )


def _rows(
    masses: NDArray[np.float64], edge: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int8], NDArray[np.float64], NDArray[np.int64]]:
    """Edge, outcome, mass and cell of what has mass, in the order of the cells."""
    cell, outcome = np.nonzero(masses.T > 0.0)
    return edge[cell].astype(np.int32), outcome.astype(np.int8), masses.T[cell, outcome], cell


def first_fraction(masses: Any) -> tuple[str, int] | None:
    """Name and position of the first of (win, loss, tie) that is not whole; None: there is none."""
    for name, mass in zip(("win", "loss", "tie"), masses, strict=True):
        if mass is not None:
            broken = mass != np.rint(mass)
            if broken.any():
                return name, int(np.argmax(broken))
    return None


def _by_cell(c: Any, unit: str) -> bool:
    """Whether cells are drawn with all that they hold, rather than single outcomes."""
    found = first_fraction((c.win, c.loss, c.tie))
    if unit == "outcomes" and found is not None:
        name, at = found
        raise ValueError(
            f"unit: outcomes are drawn by number, but comparisons.{name}[{at}] = "
            f"{float(getattr(c, name)[at])!r} is not whole; draw 'cells', or give the rows to "
            "resample as Comparisons(..., cluster=row)"
        )
    if unit != "auto":
        return unit == "cells"
    hard = c.cells.square is None or bool((c.cells.square == c.win + 0.25 * c.tie).all())
    return found is not None or not hard
