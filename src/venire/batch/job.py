"""What is to be read and fitted: small, and the same in every process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np

from venire import scales
from venire._core import checks
from venire.batch.tally import FITTED, Tally
from venire.data.aggregation import aggregate
from venire.data.columns import Columns
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.lookup import typed
from venire.data.outcomes import Reading, Terms
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.io import DataError
from venire.io.assemble import about_rows, rows_of
from venire.io.sources import File
from venire.models import DEFAULT, model_of
from venire.priors import EVIDENCE, GaussianPrior
from venire.ratings.fitting import check_arguments
from venire.ratings.grouped import fit_groups
from venire.resampling import bootstrap

__all__ = ["Batch", "FitOptions", "Fitted", "Job", "Replicates"]

ERRORS = ("fisher", "robust")
INTERVALS = ("wald", "profile", "firth")
_CHUNK = 1 << 16  # rows of a table

Place = Callable[[int], tuple[str | File, int]]  # file and row, from 0, of a position


class Replicates(NamedTuple):
    """A bootstrap of every group; see `venire.bootstrap`."""

    n_resamples: int
    scheme: str = "multinomial"
    seed: int = 0
    level: float = 0.95


class FitOptions(TypedDict, total=False):
    """What is fitted: the options of `fit_files`."""

    model: str
    prior: GaussianPrior | None
    order_effect: bool
    shared: bool
    tol: float
    max_iter: int | None
    errors: Literal["fisher", "robust"] | None
    interval: str | None
    level: float
    scale: str | None
    anchor: str | int | None
    at: float | None
    bootstrap: Replicates | None


class Batch(NamedTuple):
    """Rows of whole groups, on their way to a fit."""

    pieces: Iterable[Any]  # mappings of column names to Arrow columns
    path: str  # what is read: errors about no row in particular are about this
    place: Place
    is_text: bool = False  # labels are text, whatever they look like


class Fitted(NamedTuple):
    """The fits of one batch of groups."""

    groups: np.ndarray  # labels
    n_items: np.ndarray  # of each group
    of_group: dict[str, np.ndarray]  # columns that are the same for all items of a group
    of_item: dict[str, np.ndarray]  # the other columns
    schema: Any
    dropped: Mapping[str, int]  # rows that were left out, by reason

    @property
    def leading(self) -> dict[str, np.ndarray]:
        """The columns of items, of the first item of each group that has one."""
        starts = np.cumsum(self.n_items) - self.n_items
        full = starts[self.n_items > 0]
        return {name: column[full] for name, column in self.of_item.items()}

    def tables(self) -> Iterator[Any]:
        """The rows of the output, in the order of the groups, as pyarrow Tables of some rows."""
        import pyarrow as pa

        small = {
            name: pa.array(column.tolist(), self.schema.field(name).type, from_pandas=True)
            for name, column in ({"group": self.groups} | self.of_group).items()
        }
        which = np.repeat(np.arange(len(self.groups), dtype=np.int32), self.n_items)
        for start in range(0, len(which), _CHUNK):
            rows = slice(start, start + _CHUNK)
            columns = {
                name: pa.array(column[rows], from_pandas=True)
                for name, column in self.of_item.items()
            }
            columns |= {name: column.take(pa.array(which[rows])) for name, column in small.items()}
            table = pa.table({name: columns[name] for name in self.schema.names})
            yield table.cast(self.schema)


@dataclass(frozen=True)
class Job:
    """Columns and options, checked: all that the fits depend on beside the rows.

    Parameters
    ----------
    columns : Columns
        Of comparisons in groups.
    model, prior, order_effect, shared, tol, max_iter, errors, interval, level, scale, anchor, at
    bootstrap
        As for `fit_files`.
    reading : str, optional
        How outcomes are to be read, once that is known.
    told : tuple of str
        What is to be said of that.
    """

    columns: Columns
    model: str = DEFAULT
    prior: GaussianPrior | None = GaussianPrior(0.01)  # noqa: RUF009
    order_effect: bool = False
    shared: bool = False
    tol: float = 1e-9
    max_iter: int | None = None
    errors: Literal["fisher", "robust"] | None = "fisher"
    interval: str | None = None
    level: float = 0.95
    scale: str | None = None
    anchor: str | int | None = None
    at: float | None = None
    bootstrap: Replicates | None = None
    reading: Reading | None = None
    told: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        Columns.of(self.columns, {}).of_groups().in_file()
        object.__setattr__(self, "model", model_of(self.model).name)
        check_arguments(self.model, self.prior, self.order_effect, self.tol, self.max_iter, None)
        if self.prior is not None and self.prior.goes_by_place:
            reason = "holds an array, but files have no order of items: map (group, item) to values"
            checks.fail("prior", reason)
        checks.flag(self.shared, "shared")
        if self.errors is not None:
            checks.one_of(self.errors, "errors", ERRORS)
        self._check_interval()
        scales.check(self.scale, scales.scale_of(self.model))
        if self.at is not None:
            checks.number(self.at, "at")
        if self.shared and (self.anchor is not None or self.errors == "robust"):
            reason = "go by group: their errors are neither robust nor of differences from an item"
            checks.fail("shared", f"parameters that do not {reason}", value=True)

    def _check_interval(self) -> None:
        checks.level(self.level)
        if self.interval is None:
            return
        name = checks.one_of(self.interval, "interval", INTERVALS)
        if self.bootstrap is not None:
            checks.fail("interval", "is of fits: replicates have their own", value=name)
        if self.errors is None or (name != "wald" and self.errors != "fisher"):
            fits = "'fisher'" + " or 'robust'" * (name == "wald")
            checks.fail("errors", f"must be {fits} with interval={name!r}", value=self.errors)
        if name != "wald" and self.shared:
            reason = "where groups share parameters there is 'wald' only"
            checks.fail("interval", reason, value=name)

    @property
    def display(self) -> scales.Display:
        """What ratings are written in."""
        return scales.Display(self.scale or scales.scale_of(self.model), self.anchor, self.at)

    @property
    def rating(self) -> str:
        """The name of their column."""
        plain = self.scale is None and self.anchor is None and self.at is None
        return "theta" if plain else self.display.scale

    @property
    def names(self) -> dict[str, str]:
        """The column of each argument."""
        return self.columns.names

    @property
    def terms(self) -> Terms:
        """What is told of the column of outcomes."""
        return Terms(self.columns.mapping, self.columns.first, self.columns.second)

    @property
    def asks_reading(self) -> bool:
        """Whether only the whole column of outcomes says how to read it."""
        return self.columns.outcome is not None

    def read_as(self, reading: Reading, told: tuple[str, ...]) -> Job:
        """The same job, with that settled, and what is to be said of it."""
        return replace(self, reading=reading, told=told)

    def facts(self) -> dict[str, Any]:
        """What goes into the metadata of an output."""
        return {
            "model": self.model,
            "prior": None if self.prior is None else self.prior.to_dict(),
            "order_effect": self.order_effect,
            "shared": self.shared,
            "tol": self.tol,
            "max_iter": self.max_iter,
            "unit": self.display.facts(),
            "errors": self.errors,
            "interval": self.interval,
        } | ({} if self.bootstrap is None else {"bootstrap": self.bootstrap._asdict()})

    def schema(self, group: Any, item: Any) -> Any:
        """Columns of the output, for groups and items of these Arrow types."""
        import pyarrow as pa

        fields = [("group", group), ("item", item), (self.rating, pa.float64())]
        if self.errors is not None:
            fields.append(("standard_error", pa.float64()))
        if self.interval is not None:
            fields += [(name, pa.float64()) for name in ("lower", "upper")]
        if self.bootstrap is not None:
            fields += [(name, pa.float64()) for name in ("bootstrap_error", "lower", "upper")]
            fields.append(("n_failed", pa.int64()))
        fields += [("n_comparisons", pa.float64()), ("determined", pa.bool_())]
        fields.append(("status", pa.string()))
        return pa.schema(fields + [(name, pa.float64()) for name in self.parameters()])

    def parameters(self) -> list[str]:
        """What is estimated beside theta."""
        order = ["order_effect"] if self.order_effect else []
        return order + (["tie"] if model_of(self.model).tie is not None else [])

    def comparisons(self, batch: Batch, n_threads: int | None) -> GroupedComparisons:
        """The rows of a batch, checked and added up; DataError, with the row, if one is no good."""
        with about_rows(batch.path, self.names, batch.place):
            found = self.added(batch.pieces, batch.is_text, n_threads)
            if found is None:
                lost = "holds no rows" if batch.is_text else "has changed while it was read"
                raise DataError(batch.path, lost)
            return found

    def check(self, table: Any, path: File, numbers: Any, n_threads: int | None) -> None:
        """Refuse bad rows of a file, of which `numbers` says where they stand in it, from 0."""

        def place(position: int) -> tuple[File, int]:
            return path, numbers[position].as_py()

        with about_rows(path, self.names, place):
            rows_of(
                [table], self.columns, reading=self.reading, n_threads=n_threads, may_be_empty=True
            )

    def added(
        self, pieces: Iterable[Any], is_text: bool, n_threads: int | None
    ) -> GroupedComparisons | None:
        """Rows, checked and added up; None: there are none. Positions in errors are among all."""
        rows = rows_of(
            pieces, self.columns, reading=self.reading, is_text=is_text, n_threads=n_threads,
            may_be_empty=not is_text,
        )  # fmt: skip
        if rows is None:
            return None
        groups = None if rows.n else np.empty(0, np.int64)
        cells = aggregate(rows, groups=groups, n_threads=n_threads)
        found = GroupedComparisons.from_cells(cells)
        found.taken = rows.taken(self.columns)
        return found

    def fit(
        self,
        comparisons: GroupedComparisons,
        schema: Any,
        n_threads: int | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Fitted:
        """Fit the groups; what did not converge is said by its status."""
        prior, c, taken = self.prior, comparisons, comparisons.taken
        if prior is not None:  # labels of other groups are those of other parts of the files
            prior = prior.native(c.items, c.groups, c.offsets, others=True).part(slice(None))
        of_group: dict[str, np.ndarray] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", NotIdentifiedWarning)
            result = fit_groups(
                comparisons,
                model=self.model,
                prior=prior,
                order_effect=self.order_effect,
                shared=self.shared,
                tol=self.tol,
                max_iter=self.max_iter,
                n_threads=n_threads,
                progress=None if self.bootstrap is not None else progress,
            )
            unit = self._unit(result.items)
            shown = result if unit is None else result.rescale(**unit)
            columns = {"item": result.items, self.rating: shown.theta}
            if self.errors is not None:
                columns["standard_error"] = shown.standard_errors(self.errors)
            if self.interval is not None:
                bounds = shown.interval(self.level, self.errors or "", interval=self.interval)
                columns["lower"], columns["upper"] = bounds.T
            if self.bootstrap is not None:
                n, scheme, seed, level = self.bootstrap
                b = bootstrap(
                    result, n, scheme=scheme, rng=seed, levels=level, n_threads=n_threads,
                    progress=progress,
                )  # fmt: skip
                b = b if unit is None else b.rescale(**unit)
                columns["bootstrap_error"] = b.standard_errors()
                columns["lower"], columns["upper"] = b.interval(level).T
                of_group["n_failed"] = b.n_failed
            if unit is None:
                for name in columns.keys() - {"item"}:
                    columns[name] = np.full(len(result.items), np.nan)
            columns["n_comparisons"] = result.item_weights
            columns["determined"] = result.determined
        of_group["status"] = result.status
        for name in self.parameters():
            values = np.asarray(getattr(result, name), np.float64)
            of_group[name] = np.broadcast_to(values, len(result.groups))
        dropped = {} if taken is None else taken.dropped
        return Fitted(result.groups, np.diff(result.offsets), of_group, columns, schema, dropped)

    def precision_of(
        self, c: GroupedComparisons, n_threads: int | None
    ) -> tuple[float | None, tuple[str, ...]]:
        """The precision that the evidence of these comparisons wants, and what is said of it."""
        prior = self.prior
        if prior is None:
            return None, ()
        own = prior.at(1.0).native(c.items, c.groups, c.offsets, others=True)
        mean = own.centre if own.mean is None else own.mean
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", NotIdentifiedWarning)
            found = fit_groups(
                c, model=self.model, prior=GaussianPrior(EVIDENCE, mean),
                order_effect=self.order_effect, shared=self.shared, tol=self.tol,
                max_iter=self.max_iter, n_threads=n_threads,
            ).evidence  # fmt: skip
        if found is None:
            return None, ()
        told = (f"prior GaussianPrior({found.precision:.4g}): {found.describe()}", found.note)
        return float(found.precision), tuple(filter(None, told))

    def at_precision(self, precision: float, told: tuple[str, ...]) -> Job:
        """The same with this precision of the prior."""
        if self.prior is None:
            return self
        return replace(self, prior=self.prior.at(precision), told=(*self.told, *told))

    def _unit(self, items: np.ndarray) -> dict[str, Any] | None:
        """The arguments of `rescale`; None: the anchor is none of these items."""
        label = None if self.anchor is None else typed(str(self.anchor), items)
        lost = self.anchor is not None and label is None
        return None if lost else {"scale": self.scale, "anchor": label, "at": self.at}

    def notes(self, tally: Tally) -> list[str]:
        """What is to be said, of the unit too; a ValueError if no group has the anchor."""
        without, found = tally.without, [*self.told]
        fitted = sum(tally.counts.get(status, 0) for status in FITTED)
        if (n := without.get(self.rating, 0)) and self.anchor is not None:
            if n == fitted:
                checks.fail("anchor", "is an item of no group", value=self.anchor)
            found.append(f"{n:,} of {fitted:,} groups have no item {self.anchor!r}: null there")
        if n := without.get("standard_error", 0):
            found.append(f"{n:,} of {fitted:,} groups have no robust errors: votes are soft")
        return found
