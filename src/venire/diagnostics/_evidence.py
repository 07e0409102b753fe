"""What the checks look at: cells, rows where there are any, and one fit that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.data.comparisons import Comparisons
from venire.diagnostics._records import Block, Records
from venire.diagnostics._store import Column
from venire.errors import NotIdentifiedError
from venire.models import DEFAULT, MODELS, model_of
from venire.priors import GaussianPrior
from venire.ratings import Fit, fit_model

__all__ = ["Evidence", "Pairs"]

Floats = NDArray[np.float64]
WEAK = GaussianPrior(0.01)  # keeps every rating finite and moves none that the data tell
TIED = next(name for name in MODELS if model_of(name).tie is not None)
_SURE = 4.0  # standard errors at which an order effect is taken into the fit
_TABLE = 1 << 22  # entries of a table of what is expected of all pairs
_HELD = 1 << 22  # rows of which residuals are held
_TOL = 1e-6  # of fits: far below any error


@dataclass(frozen=True)
class Pairs:
    """Unordered pairs, added up over order: positions, masses as `first` sees them, the fit's."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    mass: Floats
    score: Floats  # expected and observed points of first
    expected: Floats
    variance: Floats
    tie: Floats
    expected_tie: Floats
    variance_tie: Floats
    number: NDArray[np.int64] = field(repr=False)  # of each cell's pair

    def __len__(self) -> int:
        return len(self.first)

    @cached_property
    def z(self) -> Floats:
        """Standardised residuals of the points of first; 0 where nothing is left to chance."""
        root = np.sqrt(self.variance)
        return np.divide(self.score - self.expected, root, np.zeros(len(self)), where=root > 1e-9)


@dataclass(frozen=True)
class Evidence:
    """Comparisons without clusters, the records behind them, and what follows from them.

    `styled` are the same with their covariates, if they have any, in cells that stand in the order
    of those without. `order_effect` says that the caller knows of an effect of order.
    """

    comparisons: Comparisons
    records: Records | None = None
    order_effect: bool = False
    declared: bool = False  # it was said that first is the winner of every row
    dropped: Mapping[str, int] = field(default_factory=dict)
    n_rows: int = 0
    voter: str = ""  # the column of clusters
    locate: Callable[[int], tuple[Any, int]] | None = None  # file and row, from 0, of a position
    kept: Column | None = None  # positions of the records in their table
    given: Fit | None = None  # a fit that was made already
    styled: Comparisons | None = None
    lost: tuple[tuple[str, int], ...] = ()  # what memory did not hold, and the bytes it takes

    @property
    def items(self) -> NDArray[Any]:
        """Labels."""
        return self.comparisons.items

    def at(self, record: int) -> int:
        """The position of a record in its table."""
        return int(record if self.kept is None else self.kept.read(record, record + 1)[0])

    def place(self, record: int) -> str:
        """What a row is called: its position, or in a file its number from 1."""
        if self.locate is None:
            return f"{self.at(record):,}"
        file, row = self.locate(self.at(record))
        last = self.at(0 if self.records is None else len(self.records) - 1)
        alone = self.locate(last)[0] == self.locate(self.at(0))[0]
        return f"{row + 1:,}" if alone else f"{row + 1:,} of {file}"

    def named(self, i: int, j: int) -> tuple[Any, Any]:
        """The labels of a pair."""
        return self.items[i], self.items[j]

    @cached_property
    def mass(self) -> Floats:
        """Of each cell."""
        return self.comparisons.win + self.comparisons.loss + self.comparisons.tie

    @cached_property
    def counts(self) -> bool:
        """Whether masses count comparisons, as far as one can see."""
        if self.records is not None and self.records.are_rows:
            return True
        return bool((self.mass == np.floor(self.mass)).all())

    @cached_property
    def games(self) -> Floats:
        """Mass of the comparisons of each item."""
        c, n = self.comparisons, len(self.items)
        return np.asarray(
            np.bincount(c.first, self.mass, n) + np.bincount(c.second, self.mass, n), np.float64
        )

    @cached_property
    def weak(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Weak components: labels and sizes."""
        return self.comparisons.components("weak")

    @cached_property
    def strong(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Strong components: labels and sizes."""
        return self.comparisons.components("strong")

    # ---- the fit ------------------------------------------------------------------------------

    @cached_property
    def tie_share(self) -> float:
        """Of all comparisons."""
        return float(self.comparisons.tie.sum() / self.mass.sum())

    @cached_property
    def advantage(self) -> tuple[float, float]:
        """Mass of the comparisons with an order, and the points of the side with the advantage."""
        c = self.comparisons
        points = c.win + c.tie / 2.0
        points = np.where(c.order > 0, points, np.where(c.order < 0, self.mass - points, 0.0))
        return float(self.mass[c.order != 0].sum()), float(points.sum())

    @property
    def has_order(self) -> bool:
        """Whether who came first can tell anything: not if first always, or never, won."""
        mass, points = self.advantage
        return mass > 0.0 and 0.0 < points < mass

    def _fit(self, order_effect: bool) -> Fit:
        soft = self.comparisons.cells.is_soft
        tied = self.tie_share > 0.0 and not soft and self.tie_share < 1.0

        def of(c: Comparisons) -> Fit:
            model = TIED if tied else DEFAULT
            return fit_model(c, model=model, prior=WEAK, order_effect=order_effect, tol=_TOL)

        if self.styled is not None:
            with suppress(ValueError):  # covariates of which a check says more
                return of(self.styled)
        return of(self.comparisons)

    @cached_property
    def ordered(self) -> Fit | None:
        """The fit with an order effect; None where there can be none."""
        if not self.has_order:
            return None
        try:
            return self._fit(True)
        except NotIdentifiedError:
            return None

    @cached_property
    def order_z(self) -> tuple[float, float]:
        """The order effect and its standard error; (0, inf) where it cannot be told."""
        from venire.diagnostics._solve import order_error

        if not self.has_order:
            return 0.0, np.inf
        if self.given is not None and self.given.order_effect is None:  # one step from there
            c = self.comparisons
            error = order_error(self, self.given)
            left = c.win + c.tie / 2.0 - self.mass * self.cell_law[0]
            return float(left @ c.order) * error**2, error
        fit = self.given or self.ordered
        if fit is None or fit.order_effect is None:
            return 0.0, np.inf
        return fit.order_effect, order_error(self, fit)

    @cached_property
    def fit(self) -> Fit:
        """That by which everything else is judged: with an order effect if there is one."""
        if self.given is not None:
            return self.given
        gamma, error = self.order_z
        if self.ordered is not None and (self.order_effect or abs(gamma) > _SURE * error):
            return self.ordered
        return self._fit(False)

    def law(self, d: Floats, fit: Fit | None = None) -> tuple[Floats, Floats, Floats]:
        """Mean and variance of the points of first, and the chance of a tie, at differences d.

        Where ties count as half a win the variance is that without them: an upper bound.
        """
        fit = self.fit if fit is None else fit
        found = model_of(fit.model).probabilities(d, fit.log_tie)
        if found.ndim == d.ndim:
            return found, found * (1.0 - found), np.zeros_like(found)
        win, tie = found[..., 0], found[..., 1]
        mean = win + tie / 2.0
        return mean, np.maximum(win + tie / 4.0 - mean**2, 0.0), tie

    def differences(self, first: Any, second: Any, order: Any, fit: Fit | None = None) -> Floats:
        """theta_first - theta_second, and the order effect where there is one."""
        fit = self.fit if fit is None else fit
        d = fit.theta[first] - fit.theta[second]
        if fit.order_effect:
            d += fit.order_effect if order is None else fit.order_effect * order
        return d

    @cached_property
    def cell_law(self) -> tuple[Floats, Floats, Floats]:
        """`law` of each cell; the mean over its covariates."""
        s = self.styled
        if s is None or self.fit.coefficients is None:
            c = self.comparisons
            return self.law(self.differences(c.first, c.second, c.order))
        d = self.differences(s.first, s.second, s.order) + s.covariates @ self.fit.coefficients
        mass, new = s.win + s.loss + s.tie, np.ones(s.n_cells, bool)
        new[1:] = (s.first[1:] != s.first[:-1]) | (s.second[1:] != s.second[:-1])
        new[1:] |= s.order[1:] != s.order[:-1]
        at = np.flatnonzero(new)
        mean, variance, tie = (np.add.reduceat(mass * x, at) / self.mass for x in self.law(d))
        return mean, variance, tie

    @cached_property
    def pairs(self) -> Pairs:
        """The unordered pairs."""
        c = self.comparisons
        new = np.ones(c.n_cells, bool)
        new[1:] = (c.first[1:] != c.first[:-1]) | (c.second[1:] != c.second[:-1])
        at = np.flatnonzero(new)
        mean, variance, tie = self.cell_law

        def total(x: Floats) -> Floats:
            return np.add.reduceat(x, at) if len(at) < len(new) else x

        m = self.mass
        return Pairs(
            c.first[at], c.second[at], total(m), total(c.win + c.tie / 2.0), total(m * mean),
            total(m * variance), total(c.tie), total(m * tie), total(m * tie * (1.0 - tie)),
            np.cumsum(new) - 1,
        )  # fmt: skip

    @cached_property
    def _table(self) -> tuple[Floats, ...] | None:
        """Difference and law of each ordered pair of items, in each order, where they are few."""
        r, n = self.records, len(self.items)
        assert r is not None
        if n * n > min(len(r), _TABLE) or (
            r.has("covariates") and self.fit.coefficients is not None
        ):
            return None
        gamma, theta = self.fit.order_effect or 0.0, self.fit.theta
        sides = np.array([-1.0, 0.0, 1.0]) if gamma and r.has("order") else np.ones(1)
        d = np.add.outer(gamma * sides, np.subtract.outer(theta, theta)).ravel()
        return d, *self.law(d)

    def chances(self, block: Block) -> tuple[Floats, Floats, Floats, Floats]:
        """Difference, and `law` at it, of each record."""
        if self._table is None:
            d = self.differences(block.first, block.second, block.order)
            if block.covariates is not None and self.fit.coefficients is not None:
                d += block.covariates @ self.fit.coefficients
            return d, *self.law(d)
        n = len(self.items)
        place = block.first.astype(np.int64) * n + block.second
        if len(self._table[0]) > n * n and block.order is not None:
            place += (block.order.astype(np.int64) + 1) * (n * n)
        d, mean, variance, tie = (x[place] for x in self._table)
        return d, mean, variance, tie

    def residuals(self, block: Block) -> tuple[Floats, Floats, Floats]:
        """Residual points of first, their variance, and the difference, of each record."""
        found = self._laws.get(block.start)
        if found is None:
            d, mean, variance, _ = self.chances(block)
            residual = block.score - mean
            if block.mass is not None:
                residual *= block.mass
                variance = variance * block.mass
            found = residual, variance, d
            r = self.records
            if r is not None and len(r) <= min(_HELD, r.room // 100):
                self._laws[block.start] = found
        return found

    @cached_property
    def _laws(self) -> dict[int, tuple[Floats, Floats, Floats]]:
        """`residuals` of blocks, where rows are few enough to hold them."""
        return {}
