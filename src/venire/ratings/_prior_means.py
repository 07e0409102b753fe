"""Means of a prior that the data find: one for each league of items, ``GaussianPrior(by=...)``.

Theta is a mean of the item's league and a deviation from it, on which the prior is. The means are
coefficients of columns that say, of each comparison, of which leagues first and second are; they
have no prior of their own, so the evidence has them integrated out, as far as there are two leagues
that play each other. In each set of leagues that do, directly or in a chain, one is left out of the
columns, and all are shifted together: to where the mean of all its items is the prior's.

They exist, other columns apart, iff in each such set the leagues, as items of one fit, would have
one: wins, or ties, lead from each to each (Ford 1957, doi:10.2307/2308513).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire.errors import NotIdentifiedError
from venire.priors import GaussianPrior
from venire.ratings.covariates import COLLINEAR, pivots
from venire.ratings.solver import solve_rows

if TYPE_CHECKING:
    from venire._native.problem import Problem
    from venire.data.comparisons import Comparisons
    from venire.priors import ItemPriors

__all__ = ["Leagues", "PriorMeans", "leagues_of"]

MOST = 1000  # columns that the native layer takes, all together
CLOSE = 1e-8  # tolerance of the solves for errors
SHOWN = 20  # leagues in a summary
EXAMPLES = 3

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PriorMeans(Tabled):
    """Means of a prior that the data found, one for each league: ``GaussianPrior(by=...)``.

    Attributes
    ----------
    labels : tuple of str or int, length n_leagues
    mean, standard_error : ndarray of float64, shape (n_leagues,)
        In the unit of theta; the error is of the mean of the items from which those of the league
        come, less that of all items that it is linked to, by the model's information. nan where no
        comparison says anything of it.
    n_items : ndarray of int64, shape (n_leagues,)
    note : str
        What the reader should know; or "".
    asked : GaussianPrior
        The prior that the fit was asked for.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.Comparisons(["a", "a", "b", "c"], ["b", "c", "d", "b"], [1, 1, 1, 0.5])
    >>> prior = vn.GaussianPrior(1.0, by={"a": "A", "b": "B", "c": "A", "d": "B"})
    >>> print(vn.fit_bradley_terry(c, prior=prior).prior_means)
    ------------------------------
    league  items     mean      SE
    ------------------------------
    A           2   0.7439  1.0161
    B           2  -0.7439  1.0161
    ------------------------------
    """

    labels: tuple[Any, ...]
    mean: Floats
    standard_error: Floats
    n_items: NDArray[np.int64]
    note: str
    asked: GaussianPrior

    def __len__(self) -> int:
        return len(self.labels)

    def asked_of(self, items: NDArray[Any]) -> GaussianPrior:
        """The prior that was asked for, its leagues by the labels of the items of the fit."""
        own, by = self.asked, self.asked.by
        if not isinstance(by, Mapping):
            by = dict(zip(items.tolist(), by, strict=True))
        return GaussianPrior(own.precision, own.mean, by)

    @property
    def _is_text(self) -> bool:
        return any(isinstance(label, str) for label in self.labels)

    def lines(self) -> list[str]:
        """One line for each, the highest first, for the summaries of fits."""
        order = np.argsort(-self.mean, kind="stable")
        out = []
        for k in order[:SHOWN].tolist():
            known = (
                "" if np.isnan(self.standard_error[k]) else f"   SE {self.standard_error[k]:.4f}"
            )
            many = f"{self.n_items[k]} item" + "s" * bool(self.n_items[k] != 1)
            out.append(f"prior mean of {self.labels[k]} {self.mean[k]:.4f}{known}   {many}")
        rest = len(order) - SHOWN
        return out + ([f"and prior means of {rest} more: fit.prior_means"] if rest > 0 else [])

    def to_dict(self) -> dict[str, Any]:
        """Of the types that JSON has; null for an error that is not known."""
        known = [None if np.isnan(x) else x for x in self.standard_error.tolist()]
        numbers = {"mean": self.mean.tolist(), "standard_error": known}
        return {
            "labels": list(self.labels), **numbers, "n_items": self.n_items.tolist(),
            "note": self.note,
        }  # fmt: skip

    @property
    def _columns(self) -> dict[str, Any]:
        return {
            "league": np.array(self.labels, object if self._is_text else np.int64),
            "n_items": self.n_items,
            "mean": self.mean, "standard_error": self.standard_error,
        }  # fmt: skip

    def to_frame(self, backend: str | None = None) -> Any:
        """One row a league, as a data frame of `backend` ("pandas", "polars", "pyarrow", "dict";
        default: the first that is installed): league, n_items, mean, standard_error."""
        return as_frame(self._columns, backend)

    def _table(self, top: int | None) -> Table:
        return Table.of([], self._columns, [self.note] if self.note else [], top=top)

    def __str__(self) -> str:
        return str(self._table(None)).strip("\n")

    __repr__ = __str__


def leagues_of(prior: GaussianPrior | None, c: Comparisons, order_effect: bool) -> Leagues | None:
    """The leagues whose means a fit has to find; None where it has none.

    Raises
    ------
    NotIdentifiedError
        If a mean would be infinite, other columns apart.
    """
    if prior is None or prior.by is None:
        return None
    return Leagues(c, prior, order_effect)


class Leagues:
    """Leagues of the items of a fit.

    Attributes
    ----------
    code : ndarray of int32, shape (n_items,)
        The league of each item.
    part : ndarray of int32, shape (n_leagues,)
        Which set of leagues that play each other.
    free : ndarray, shape (n_columns,)
        The leagues that have columns: all but the largest of each set.
    before : int
        Parameters between theta and the means: order effect and covariates.
    """

    def __init__(self, c: Comparisons, prior: GaussianPrior, order_effect: bool) -> None:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        names, code = prior.leagues(c.items)
        self.c, self.prior, self.names, self.code = c, prior, names, code
        self.centre = float(prior.mean)
        self.before = order_effect + len(c.covariate_names)
        self.sizes = np.bincount(code, minlength=len(names))
        one, other = code[c.first], code[c.second]
        across = one != other
        tie = 0.0 if c.cells.tie is None else c.cells.tie
        won, lost = ((across & (x + tie > 0.0)) for x in (c.win, c.loss))
        ends = np.concatenate([one[won], other[lost]]), np.concatenate([other[won], one[lost]])
        shape = (len(names), len(names))
        graph = coo_array((np.ones(len(ends[0])), ends), shape).tocsr()
        self.n_parts, self.part = connected_components(graph, connection="weak")
        n_strong, strong = connected_components(graph, connection="strong")
        if n_strong > self.n_parts:
            self._refuse(graph, strong)
        largest = np.lexsort((-self.sizes, self.part))
        starts = np.searchsorted(self.part[largest], np.arange(self.n_parts))
        self.free = np.sort(np.delete(largest, starts))
        if len(self.free) > MOST - 1 - len(c.covariate_names):
            checks.fail("by", f"has {len(names)} leagues: at most {MOST} columns can be fitted")

    def _refuse(self, graph: Any, strong: Any) -> None:
        """Say between which leagues wins go one way only."""
        start, end = graph.nonzero()
        cross = strong[start] != strong[end]
        won, lost = (np.isin(strong, strong[ways[cross]]) for ways in (start, end))
        told = ""
        for what, which in (("unbeaten by the others", won & ~lost), ("without a win against them",
                            lost & ~won)):  # fmt: skip
            if which.any():
                told += f"; {what}: {_listed([self.names[k] for k in np.flatnonzero(which)])}"
        raise NotIdentifiedError(
            f"no unique finite fit exists: means of leagues (by) would be infinite{told}. Cure: "
            "put such leagues together with others, or give means as numbers: mean=...",
            n_components=int(strong.max()) + 1,
        )

    @property
    def column_names(self) -> tuple[str, ...]:
        """Of the columns, for errors."""
        return tuple(f"league {self.names[k]}" for k in self.free.tolist())

    @cached_property
    def covariates(self) -> Floats | None:
        """Of the cells: their own, then a column for each free league."""
        c, own = self.c, self.c.covariates
        if not len(self.free):
            return own
        before = 0 if own is None else own.shape[1]
        out = np.zeros((c.n_cells, before + len(self.free)))
        if own is not None:
            out[:, :before] = own
        place = np.full(len(self.names), -1)
        place[self.free] = before + np.arange(len(self.free))
        for side, sign in ((c.first, 1.0), (c.second, -1.0)):
            at = place[self.code[side]]
            rows = np.flatnonzero(at >= 0)
            out[rows, at[rows]] += sign
        return out

    @property
    def at(self) -> slice:
        """Where the means of free leagues are among the parameters."""
        start = len(self.code) + self.before
        return slice(start, start + len(self.free))

    def parted(self, theta: Floats) -> tuple[Floats, list[float]]:
        """Theta less what the free leagues are ahead of that without a column, and these leads."""
        mean = np.bincount(self.code, theta, len(self.names)) / self.sizes
        fixed = np.setdiff1d(np.arange(len(self.names)), self.free)
        reference = np.zeros(self.n_parts)
        reference[self.part[fixed]] = mean[fixed]
        lead = mean - reference[self.part]
        return theta - lead[self.code], lead[self.free].tolist()

    def require_told(self, problem: Problem) -> None:
        """Refuse a column that those before it determine: order effect, covariates, leagues."""
        if not self.before:
            return
        gram = problem.gram(np.zeros((self.before + len(self.free), len(self.code))))
        size = np.sqrt(np.maximum(np.diagonal(gram), 1e-300))
        left = pivots(gram / np.outer(size, size))
        if (left > COLLINEAR).all():
            return
        first, names = int(np.argmax(left <= COLLINEAR)), self.c.covariate_names
        what = ["the order effect"] * (self.before - len(names))
        what += [f"covariate {name!r}" for name in names]
        what += [f"the mean of league {self.names[k]!r} (by)" for k in self.free.tolist()]
        raise NotIdentifiedError(
            f"no unique finite fit exists: {what[first]} cannot be told from the order effect, or "
            "covariates. Cure: fit without these, or without by"
        )

    def found(self, problem: Problem, x: Floats, own: ItemPriors) -> PriorMeans:
        """The means at the parameters of a fit."""
        weight = np.ones(len(self.code)) if own.precision is None else own.precision
        total = np.bincount(self.code, weight, len(self.names)).astype(np.float64)
        share = total / np.bincount(self.part, total)[self.part]
        mean = np.zeros(len(self.names))
        mean[self.free] = x[self.at]
        mean += self.centre - np.bincount(self.part, share * mean)[self.part]
        alone = np.bincount(self.part)[self.part] == 1
        return PriorMeans(
            tuple(self.names), mean, np.where(alone, np.nan, self._errors(problem, x, share)),
            self.sizes.astype(np.int64), self._note(alone), self.prior,
        )  # fmt: skip

    def _errors(self, problem: Problem, x: Floats, share: Floats) -> Floats:
        k, g = len(self.free), len(self.names)
        if not k:
            return np.zeros(g)
        problem.derivatives(x)
        unit = np.zeros((k, problem.n_parameters))
        unit[:, self.at] = np.eye(k)
        own = np.zeros((g, g))
        own[np.ix_(self.free, self.free)] = solve_rows(problem, unit, CLOSE)[:, self.at]
        same = self.part[:, None] == self.part
        shift = np.eye(g) - np.where(same, share, 0.0)
        return np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", shift, (own + own.T) / 2.0, shift), 0.0))

    def _note(self, alone: NDArray[np.bool_]) -> str:
        if self.n_parts == 1 and not alone.any():
            return ""
        if len(self.names) == 1:
            return f"all items are of one league, {self.names[0]}: by changes nothing"
        if alone.any():
            listed = _listed([self.names[k] for k in np.flatnonzero(alone)])
            return (
                f"leagues that never play another ({listed}): their mean is the prior's, "
                f"{self.centre:g}, not the data's"
            )
        return (
            f"{self.n_parts} sets of leagues that never play each other: the mean of each set is "
            f"the prior's, {self.centre:g}, not the data's"
        )


def _listed(names: list[Any]) -> str:
    more = f" and {len(names) - EXAMPLES} more" if len(names) > EXAMPLES else ""
    return ", ".join(map(str, names[:EXAMPLES])) + more
