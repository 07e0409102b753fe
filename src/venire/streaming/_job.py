"""What is to be read and fitted: small, and the same in every process."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.data.aggregation import aggregate
from venire.data.columns import Columns
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.outcomes import Reading
from venire.data.rows import Rows
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.priors import GaussianPrior
from venire.ratings.fitting import check_arguments
from venire.ratings.grouped import fit_groups
from venire.resampling import bootstrap
from venire.scales import convert

__all__ = ["MODELS", "SCALES", "STATUSES", "WEAK_PRIOR", "Fitted", "Job", "Replicates", "Tally"]

STATUSES = ("converged", "iteration limit", "not identified", "no comparisons")
MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")
SCALES = ("logit", "probit", "erf", "elo")
WEAK_PRIOR = GaussianPrior(0.01)
_EXAMPLES = 5
_CHUNK = 1 << 16  # rows of a table


class Fitted(NamedTuple):
    """The fits of one batch of groups."""

    groups: np.ndarray  # labels
    n_items: np.ndarray  # of each group
    status: np.ndarray  # of each group
    of_group: dict[str, np.ndarray]  # further columns that are the same for all items of a group
    of_item: dict[str, np.ndarray]  # columns
    schema: Any

    def tables(self) -> Iterator[Any]:
        """The rows of the output, in the order of the groups, as pyarrow Tables of some rows."""
        import pyarrow as pa

        known = {"group": self.groups, "status": self.status, **self.of_group}
        small = {
            name: pa.array(column.tolist(), self.schema.field(name).type, from_pandas=True)
            for name, column in known.items()
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


class Replicates(NamedTuple):
    """A bootstrap of every group; see `venire.bootstrap`."""

    n_resamples: int
    kind: str = "multinomial"
    seed: int = 0
    level: float = 0.95


@dataclass(frozen=True)
class Job:
    """Columns, model and options.

    Parameters
    ----------
    columns : Columns
        Of comparisons in groups.
    model, prior, order_effect, shared, tol, max_iter
        As for `venire.fit_groups`.
    errors : bool
        Standard errors are wanted.
    scale : str or None
        Unit of a further column with the ratings.
    replicates : Replicates or None
        A bootstrap is wanted: its standard errors and intervals are further columns.
    reading : {"words", "labels"}, optional
        How the column of outcomes is to be read, once that is known.
    """

    columns: Columns
    model: str = "bradley-terry"
    prior: GaussianPrior | None = None
    order_effect: bool = False
    shared: bool = False
    tol: float = 1e-9
    max_iter: int | None = None
    errors: bool = True
    scale: str | None = None
    replicates: Replicates | None = None
    reading: Reading | None = None

    def __post_init__(self) -> None:
        check_arguments(self.model, self.prior, self.order_effect, self.tol, self.max_iter, None)
        self.columns.of_groups().in_file()
        checks.flag(self.shared, "shared")
        checks.flag(self.errors, "errors")
        if self.scale is not None:
            checks.one_of(self.scale, "scale", tuple(SCALES))

    @property
    def names(self) -> dict[str, str]:
        """The column of each argument."""
        return self.columns.names

    @property
    def asks_reading(self) -> bool:
        """Whether only the whole column of outcomes says how to read it."""
        return self.columns.outcome is not None and self.columns.mapping is None

    def read_as(self, reading: Reading) -> Job:
        """The same job, with that settled."""
        return replace(self, reading=reading)

    def facts(self) -> dict[str, Any]:
        """What goes into the metadata of an output."""
        return {
            "model": self.model,
            "prior": None if self.prior is None else self.prior.precision,
            "order_effect": self.order_effect,
            "shared": self.shared,
            "tol": self.tol,
            "max_iter": self.max_iter,
        } | ({} if self.replicates is None else {"bootstrap": self.replicates._asdict()})

    def schema(self, group: Any, item: Any) -> Any:
        """Columns of the output, for groups and items of these Arrow types."""
        import pyarrow as pa

        fields = [("group", group), ("item", item), ("theta", pa.float64())]
        if self.errors:
            fields.append(("standard_error", pa.float64()))
        if self.replicates is not None:
            fields += [(name, pa.float64()) for name in ("bootstrap_error", "lower", "upper")]
            fields.append(("n_failed", pa.int64()))
        fields += [("n_comparisons", pa.float64()), ("status", pa.string())]
        if self.scale is not None:
            fields.append((self.scale, pa.float64()))
        return pa.schema(fields + [(name, pa.float64()) for name in self.parameters()])

    def parameters(self) -> list[str]:
        """What is estimated beside theta."""
        order = ["order_effect"] if self.order_effect else []
        return order + (["tie"] if self.model in ("davidson", "rao-kupper") else [])

    def aggregate(self, rows: Rows, n_threads: int | None) -> GroupedComparisons:
        """The rows as comparisons in groups; ValueError, with a position, if one is no good."""
        return GroupedComparisons.from_cells(aggregate(rows, n_threads=n_threads))

    def fit(
        self,
        comparisons: GroupedComparisons,
        schema: Any,
        n_threads: int | None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Fitted:
        """Fit the groups; what did not converge is said by its status."""
        more: dict[str, np.ndarray] = {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.simplefilter("ignore", NotIdentifiedWarning)
            result = fit_groups(
                comparisons,
                model=self.model,
                prior=self.prior,
                order_effect=self.order_effect,
                shared=self.shared,
                tol=self.tol,
                max_iter=self.max_iter,
                n_threads=n_threads,
                progress=None if self.replicates is not None else progress,
            )
            columns = {"item": result.items, "theta": result.theta}
            if self.errors:
                columns["standard_error"] = result.standard_errors
            if self.replicates is not None:
                n, kind, seed, level = self.replicates
                b = bootstrap(
                    result, n, kind=kind, rng=seed, levels=level, n_threads=n_threads,
                    progress=progress,
                )  # fmt: skip
                columns["bootstrap_error"] = b.standard_errors()
                columns["lower"], columns["upper"] = b.interval().T
                more["n_failed"] = b.n_failed
            columns["n_comparisons"] = result.n_comparisons
            if self.scale is not None:
                columns[self.scale] = convert(result.theta, result.scale, self.scale)
        n_groups = len(result.groups)
        parameters = {
            name: np.broadcast_to(np.asarray(getattr(result, name), np.float64), n_groups)
            for name in self.parameters()
        }
        n_items = np.diff(result.offsets)
        of_group = more | parameters
        return Fitted(result.groups, n_items, result.status, of_group, columns, schema)


class Tally:
    """Counts the groups of each status and keeps the first labels of each."""

    def __init__(self) -> None:
        self.n_groups = self.n_items = 0
        self.counts: dict[str, int] = {}
        self.examples: dict[str, list[Any]] = {}

    def add(self, groups: np.ndarray, status: np.ndarray, n_items: int) -> None:
        """Count one batch; batches come in the order of the groups."""
        self.n_groups += len(groups)
        self.n_items += n_items
        for name in np.unique(status).tolist():
            at = np.flatnonzero(status == name)
            self.counts[name] = self.counts.get(name, 0) + len(at)
            some = self.examples.setdefault(name, [])
            some += groups[at[: _EXAMPLES - len(some)]].tolist()

    def merge(self, other: Tally) -> None:
        """Add the counts of later groups."""
        self.n_groups += other.n_groups
        self.n_items += other.n_items
        for status, count in other.counts.items():
            self.counts[status] = self.counts.get(status, 0) + count
            some = self.examples.setdefault(status, [])
            some += other.examples[status][: _EXAMPLES - len(some)]
