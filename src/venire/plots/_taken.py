"""What a picture is made of: one fit, its replicates, what must be said of it, and which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core import checks
from venire._core.failing import BadInput
from venire._core.intervals import critical_value
from venire.data import Comparisons, GroupedComparisons
from venire.plots._style import checked, inches, shortened, within
from venire.ratings import Fit, GroupedFit
from venire.ratings.pairs import met
from venire.resampling import (
    Bootstrap,
    GroupedBootstrap,
    GroupedPosteriorDraws,
    PosteriorDraws,
)
from venire.targets import Rated

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LARGEST", "Rows", "Taken", "comparisons_of", "rows_of", "taken"]

LARGEST = 500  # rows that can be asked for
USUAL = 20
ROW, LEAST_ROW = 0.21, 0.165  # inches: of a new figure, and of Axes that were given


@dataclass(frozen=True)
class Taken:
    """One fit, as it is shown, and its replicates if that is what was given."""

    fit: Fit
    boot: Bootstrap | PosteriorDraws | None = None
    group: Any = None  # whose fit it is, of many
    rated: Rated | None = None  # what the fit is of, if that is what was given

    @property
    def draws(self) -> str:
        """What intervals of replicates are called."""
        return "posterior" if isinstance(self.boot, PosteriorDraws) else "bootstrap"

    def errors(self, errors: str | None) -> str:
        """Of the intervals: what was asked for, or the usual ones."""
        return errors or ("fisher" if self.rated is None else "robust")

    def ends(self, level: float, interval: str, items: np.ndarray) -> np.ndarray:
        """Intervals from the replicates, of the items at some positions, (n, 2)."""
        if isinstance(self.boot, Bootstrap):  # which has some at a lower price
            return self.boot.interval(level, interval, items=self.fit.items[items])
        assert self.boot is not None
        return self.boot.interval(level, interval)[items]

    def tied(self, items: np.ndarray, level: float, errors: str | None) -> np.ndarray:
        """Which of the items at some positions, the best first, the data do not tell from the next
        one at a level, (n - 1,)."""
        labels, fit = self.fit.items[items], self.fit.own
        first, second = labels[:-1], labels[1:]
        equal = np.diff(fit.ranks()[items]) == 0
        if self.boot is not None:
            table = self.boot.tied_neighbours(level, "dict")
            pairs = zip(table["item"].tolist(), table["next_item"].tolist(), strict=True)
            told = dict(zip(pairs, table["tied"].tolist(), strict=True))
            found = [
                told.get(pair, False) for pair in zip(first.tolist(), second.tolist(), strict=True)
            ]
            return equal | np.array(found, bool)
        if self.rated is not None:
            _, low, high = self.rated.difference(
                first, second, level=level, errors=self.errors(errors)
            )
            return equal | ((low <= 0.0) & (high >= 0.0))
        gap = fit.theta[items][:-1] - fit.theta[items][1:]
        error = fit.difference_errors(first, second, errors=self.errors(errors))
        return equal | (np.abs(gap) <= critical_value(level) * error)

    def warnings(self) -> list[str]:
        """What nobody may overlook."""
        found = ["NOT CONVERGED: this is where the iteration stopped"]
        return found if not self.fit.converged else []

    def left_out(self) -> list[str]:
        """How many replicates intervals do not rest on: they are too narrow for it."""
        if not isinstance(self.boot, Bootstrap):
            return []
        counts = ("without a finite fit", self.boot.n_failed), (
            "not converged", self.boot.n_unconverged
        )  # fmt: skip
        of = f"of {self.boot.n_resamples:,} replicates left out"
        return [f"{n:,} {of}: {what}" for what, n in counts if n]

    def notes(self) -> list[str]:
        """What should be said of the fit beside the picture."""
        fit, group = self.fit, []
        if self.group is not None:
            group = [f"group {within(shortened([self.group])[0])}"]
        sizes = np.bincount(fit.component)
        parts, alone = int(np.count_nonzero(sizes > 1)), int(np.count_nonzero(sizes == 1))
        met = f"{parts:,} parts that never met" if parts > 1 else ""
        nobody = f"{alone:,} item{'s' * (alone > 1)} met nobody" if len(sizes) > 1 and alone else ""
        apart = " and ".join(filter(None, [met, nobody]))
        if apart and fit.prior is None:
            apart += f": the largest part, {self.comparable().sum():,} of {len(fit.theta):,} items"
        elif apart:
            apart += ": only the prior places them beside the others"
        return [*group, *filter(None, [apart])]

    def comparable(self) -> np.ndarray:
        """Which items stand on one scale, (n_items,): all, or without a prior one component."""
        known = np.isfinite(self.fit.theta)
        if self.fit.prior is None:
            sizes = np.bincount(self.fit.component, known)
            known &= self.fit.component == np.argmax(sizes)
        return known


def taken(result: Any, group: Any = None, name: str = "fit", also: str = "") -> Taken:
    """The fit in a Fit, a Bootstrap, or (`group` says which) in fits and bootstraps of groups."""
    if isinstance(result, Rated):
        rated = result if group is None else _at(result, group)
        return Taken(rated.fit, None, rated.category, rated)
    if isinstance(result, GroupedFit | GroupedBootstrap | GroupedPosteriorDraws):
        group = _one_group(result.groups, group, "; plot_groups draws all")
        if not isinstance(result, GroupedFit):
            boot = _at(result, group)
            return Taken(boot.fit, boot, group)
        display = result.display
        fit = _at(result.own, group)
        if result is not result.own:
            fit = fit.rescale(display.scale, anchor=display.anchor, at=display.at)
        return Taken(fit, None, group)
    if group is not None:
        checks.fail("group", "is of fits of groups: this result has none", value=group)
    if isinstance(result, Bootstrap | PosteriorDraws):
        return Taken(result.fit, result)
    if not isinstance(result, Fit):
        words = f"must be {also}a Fit, replicates of one, fits of groups, or a Rated"
        checks.fail(name, f"{words}, got {type(result).__name__}", kind=TypeError)
    return Taken(result)


def comparisons_of(data: Any, group: Any = None) -> tuple[Comparisons, list[str]]:
    """The comparisons of one fit, or such as they are, and what is to be said of them."""
    if isinstance(data, Comparisons):
        if group is not None:
            checks.fail("group", "is of groups: these comparisons have none", value=group)
        return data, []
    if isinstance(data, GroupedComparisons):
        group = _one_group(data.groups, group)
        return _at(data, group), [f"group {within(shortened([group])[0])}"]
    source = taken(data, group, "data", "Comparisons, ")
    return met(source.fit), source.notes()[: source.group is not None]


def _at(groups: Any, group: Any) -> Any:
    """What there is of one of the groups."""
    try:
        return groups[group]
    except BadInput as error:
        error.argument = "group"
        raise


def _one_group(groups: Any, group: Any, instead: str = "") -> Any:
    """The group that is meant: that named, or the only one."""
    if group is None and len(groups) != 1:
        some = ", ".join(map(repr, groups[:3].tolist())) + (", ..." if len(groups) > 3 else "")
        checks.fail("group", f"must say which of {len(groups):,} groups: {some}{instead}")
    return groups.tolist()[0] if group is None else group


@dataclass(frozen=True)
class Rows:
    """Items one below the other: positions of those that are drawn, and of all others."""

    chosen: np.ndarray
    rest: np.ndarray

    @property
    def y(self) -> np.ndarray:
        """Where each of those drawn stands, the first on top."""
        return np.arange(len(self))[: len(self.chosen)][::-1] + (len(self) - len(self.chosen))

    def __len__(self) -> int:
        return len(self.chosen) + bool(len(self.rest))


def rows_of(source: Taken, top: int | None, ax: Axes | None) -> Rows:
    """The best items, as many as are asked for and can be read on the Axes."""
    fit = source.fit
    top = checks.top(top)
    order = fit.best_first()
    order = order[source.comparable()[order]]
    most = len(order) if top is None else min(top, len(order))
    if ax is None and most > LARGEST and top is not None:
        checks.fail("top", f"at most {LARGEST} rows make a picture", value=top)
    if (given := checked(ax)) is not None:
        most = min(most, max(3, int(inches(given)[1] / LEAST_ROW) - 1))
    elif top is None:
        most = min(most, USUAL)
    if len(order) == most + 1 and top is None:  # one row either way
        most += 1
    return Rows(order[:most], order[most:])
