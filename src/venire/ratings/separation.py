"""Whether outcomes hold all coefficients: is there a direction that never speaks against who won?

Along such a direction the likelihood rises for ever (Albert and Anderson 1984,
doi:10.1093/biomet/71.1.1). Where a fit ends far out, one is looked for by linear programming: the
largest sum of margins, none below 0 and none above 1 . A few comparisons are asked
first, and those that a direction speaks against are added, until none is found or none speaks
against it: then either answer is that of all comparisons.

The margin of a win is what the direction adds to the winner's lead d. Where a tie is an outcome of
its own, the direction may move the log t of its parameter too: with r the reach of the model's law,
wins need d >= r t besides, and ties r t >= |d|.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.models import model_of

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.data.comparisons import Comparisons

__all__ = ["Seen", "rising_direction"]

Floats = NDArray[np.float64]
MOST = 1_000  # parameters up to which a program is soon solved
ASKED = 2_000  # comparisons that are asked first, and added at a time
ROUNDS = 25
HELD = 1e-6  # of the largest margin: what solving may speak against a direction
PART = 0.6  # of how far out an outcome must be that is left to itself, for safety


class Seen(NamedTuple):
    """Cells and their outcomes, as a fit sees them.

    Attributes
    ----------
    first, second : ndarray of int, shape (n_cells,)
    columns : ndarray of float64, shape (n_cells, m)
        What order effect and coefficients multiply.
    win, loss : ndarray of float64, shape (n_cells,)
        Half ties included where the model counts them so.
    tie : ndarray of float64 or None
        Where it is an outcome of its own.
    """

    first: Any
    second: Any
    columns: Floats
    win: Floats
    loss: Floats
    tie: Floats | None

    @classmethod
    def of(cls, c: Comparisons, order_effect: bool, free_tie: bool, covariates: Any = None) -> Seen:
        """The cells of comparisons with covariates, their own or these."""
        covariates = c.covariates if covariates is None else covariates
        columns = np.column_stack([c.order, covariates]) if order_effect else covariates
        if free_tie:
            return cls(c.first, c.second, columns, c.win, c.loss, c.tie)
        half = 0.5 * c.tie
        return cls(c.first, c.second, columns, c.win + half, c.loss + half, None)


def rising_direction(
    problem: Problem,
    x: Floats,
    model: str,
    seen: Callable[[], Seen],
    *,
    tol: float,
    bounded: bool,
) -> Floats | None:
    """A direction of order effect and coefficients along which the likelihood rises for ever, each
    in units in which no entry of its column is larger than 1; None where there is none, where no
    outcome is far out at `x`, or where there are too many parameters to know.

    `bounded`: a prior holds theta.
    """
    n, m = problem.n_parameters - len(problem.unit), len(problem.unit)
    n_items = 0 if bounded else n
    if n_items + m > MOST or not np.isfinite(x).all():
        return None
    far = problem.largest_difference(x)
    if far < PART * _least_lead(model, tol, 0.0):
        return None
    cells = seen()
    mass = cells.win + cells.loss + (0.0 if cells.tie is None else cells.tie)
    apart = math.log(float(mass.sum())) - math.log(float(mass[mass > 0.0].min()))
    if far < PART * _least_lead(model, tol, apart):
        return None
    law = model_of(model).tie
    program = _Program(cells, law.reach if law is not None else 0.0, n_items)
    found = program.solved()
    return None if found is None else found[n_items : n_items + cells.columns.shape[1]]


def _least_lead(model: str, tol: float, apart: float) -> float:
    """How far out outcomes are that are left to themselves and still have so small a slope; `apart`
    is the log of the total weight over that of one."""
    out = max(-math.log(max(tol, 1e-300)) - apart, 2.0)
    return math.sqrt(2.0 * out) if model_of(model).scale == "probit" else out


class _Program:
    """The linear program: rows of constraints made when they are asked for."""

    def __init__(self, cells: Seen, reach: float, n_items: int) -> None:
        self.n_items = n_items
        size = np.maximum(np.abs(cells.columns).max(axis=0), 1e-300)
        self.cells, self.columns = cells, cells.columns / size
        # of each constraint: its cell, the sign of the lead, and of reach times log tie
        kinds = [(cells.win > 0.0, 1.0, 0.0), (cells.loss > 0.0, -1.0, 0.0)]
        self.has_tie = cells.tie is not None
        if cells.tie is not None:
            kinds += [(seen, sign, -reach) for seen, sign, _ in kinds]
            kinds += [(cells.tie > 0.0, sign, reach) for sign in (1.0, -1.0)]
        at = [np.flatnonzero(seen) for seen, _, _ in kinds]
        self.cell = np.concatenate(at)
        self.sign, self.tie = (
            np.repeat([kind[k] for kind in kinds], [len(own) for own in at]) for k in (1, 2)
        )

    def margins(self, direction: Floats) -> Floats:
        """Of every constraint."""
        cells, n = self.cells, self.n_items
        lead = self.columns @ direction[n : n + self.columns.shape[1]]
        if n:
            lead = lead + (direction[cells.first] - direction[cells.second])
        out: Floats = self.sign * lead[self.cell]
        return out + self.tie * direction[-1] if self.has_tie else out

    def rows(self, asked: NDArray[np.int64]) -> Any:
        """A sparse matrix of these constraints."""
        from scipy.sparse import coo_array, csr_array, hstack

        cell, sign = self.cell[asked], self.sign[asked]
        parts = [csr_array(sign[:, None] * self.columns[cell])]
        if self.n_items:
            at = np.tile(np.arange(len(asked)), 2)
            to = np.concatenate([self.cells.first[cell], self.cells.second[cell]])
            values = np.concatenate([sign, -sign])
            parts.insert(0, coo_array((values, (at, to)), shape=(len(asked), self.n_items)))
        if self.has_tie:
            parts.append(csr_array(self.tie[asked][:, None]))
        return hstack(parts, format="csr")

    def solved(self) -> Floats | None:
        """A direction that nothing speaks against and something speaks for, or None."""
        total = len(self.cell)
        some = np.random.default_rng(0).permutation(total)[:ASKED]
        asked = np.zeros(total, bool)
        asked[some] = True
        for _ in range(ROUNDS):
            found = self._best(np.flatnonzero(asked))
            if found is None:
                return None
            margins = self.margins(found)
            largest = float(margins.max(initial=0.0))
            against = np.flatnonzero(~asked & (margins < -HELD * largest))
            if not len(against):
                return found if margins.min() >= -10.0 * HELD * largest else None
            worst = against[np.argsort(margins[against], kind="stable")[:ASKED]]
            asked[worst] = True
        return None

    def _best(self, asked: NDArray[np.int64]) -> Floats | None:
        """Of the constraints that are asked."""
        from scipy.optimize import linprog
        from scipy.sparse import vstack

        rows = self.rows(asked)
        at_most = np.concatenate([np.zeros(len(asked)), np.ones(len(asked))])
        bounds = np.full((rows.shape[1], 2), [-1e7, 1e7])
        if self.has_tie:
            bounds[-1, 0] = 0.0
        goal = -np.asarray(rows.sum(axis=0)).ravel()
        found = linprog(goal, vstack([-rows, rows]), at_most, bounds=bounds, method="highs")
        if found.x is None or not (rows @ found.x).max(initial=0.0) > 1e-3:
            return None
        return np.asarray(found.x)
