"""What comparisons are made of: rows as they were given, and the cells that they add up to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.columns import Columns, VoteColumns
from venire.data.taken import Taken

if TYPE_CHECKING:
    from venire.data.rankings.columns import RankingColumns

__all__ = ["Ageing", "Cells", "Observed", "Rows", "frozen", "naming"]


class Rows(NamedTuple):
    """Columns of `n` rows as they were given; a number, or an array of one, stands for all rows.

    `score`, or `win` and `loss` (and `tie`), say what happened. Labels may be `Encoded`; covariates
    are an array, a mapping or a frame, of the first of each row less its second. `source`
    names the column that each argument came from, if any; `dropped` counts the rows of the table
    that are none of these, by reason; `notes` say how outcomes were read.
    """

    n: int
    first: Any
    second: Any
    score: Any = None
    win: Any = None
    loss: Any = None
    tie: Any = None
    weight: Any = None
    order: Any = None
    cluster: Any = None
    group: Any = None
    date: Any = None
    half_life: Any = None  # of the weight, and when it is whole
    at: Any = None
    covariates: Any = None
    source: Mapping[str, Any] | None = None
    dropped: Mapping[str, int] = MappingProxyType({})
    notes: tuple[str, ...] = ()
    kept: NDArray[np.int64] | None = None  # positions of the rows in the table; None: all
    survey: Any = None  # what the column of outcomes looks like, if there is one

    @classmethod
    def given(cls, *, may_be_empty: bool = False, **columns: Any) -> Rows:
        """Rows from the arguments of a call, by name: columns of one length, or numbers."""
        whole = {a: columns.pop(a, None) for a in ("covariates", "half_life", "at")}
        n, *ready = checks.columns(may_be_empty=may_be_empty, **columns)
        for name in ("score", "win", "loss"):
            if name in columns and columns[name] is None:
                fail(name, "must be an array or a number", value=None, kind=TypeError)
        return cls(n, **dict(zip(columns, ready, strict=True)), **whole)

    def taken(self, columns: Columns, *notes: str) -> Taken:
        """How the table was read that these are the rows of."""
        n_rows = self.n + sum(self.dropped.values())
        told = (*notes, *self.notes)
        return Taken(columns=columns, n_rows=n_rows, dropped=dict(self.dropped), notes=told)


@contextmanager
def naming(source: Mapping[str, Any]) -> Iterator[None]:
    """Let errors about an argument say which column it came from."""
    try:
        yield
    except BadInput as error:
        error.column = source.get(error.argument, error.column)
        raise


class Ageing(NamedTuple):
    """What rows weigh by their age: half as much after each half-life.

    Attributes
    ----------
    half_life : float
        In days where dates are of the calendar, else in the unit of the numbers.
    at : datetime64 or number
        When a row weighs all that it did.
    squares : float
        Sum over rows, a row of weight w being w of them, of what each weighs now, squared; nan
        where a part of the cells was chosen.
    """

    half_life: float
    at: Any
    squares: float

    @property
    def plain(self) -> tuple[float, Any, float]:
        """The same of types that JSON has."""
        at = str(self.at) if isinstance(self.at, np.datetime64) else float(self.at)
        return self.half_life, at, self.squares


class Cells(NamedTuple):
    """Rows added up: cells of every group, group after group. What one fit takes is one group.

    Sorted by (first, second, order, cluster, date, covariates) within each group. Group k has the
    items ``offsets[k]`` to ``offsets[k + 1]`` and the cells ``cell_offsets[k]`` to
    ``cell_offsets[k + 1]``. Positions of items count within the group.

    Where there is one group, `row_ptr` stands for `first`: item i is the first of the cells
    ``row_ptr[i]`` to ``row_ptr[i + 1]``. `tie` is None where nobody tied, `square` where no score
    was soft; groups keep no squares. `groups`, `cluster`, `date` and `covariates`, with `clusters`
    and `dates`, are None where there are none. `cluster` and `date` are positions in `clusters` and
    `dates`; a row of `covariates` is that of the cell's first less its second.
    """

    items: NDArray[Any]
    offsets: NDArray[np.int64]
    cell_offsets: NDArray[np.int64]
    second: NDArray[np.int32]
    order: NDArray[np.int8]
    win: NDArray[np.float64]
    loss: NDArray[np.float64]
    tie: NDArray[np.float64] | None = None
    square: NDArray[np.float64] | None = None
    first: NDArray[np.int32] | None = None
    row_ptr: NDArray[np.int64] | None = None
    cluster: NDArray[np.int32] | None = None
    clusters: NDArray[Any] | None = None
    date: NDArray[np.int64] | None = None
    dates: NDArray[Any] | None = None
    covariates: NDArray[np.float64] | None = None
    covariate_names: tuple[str, ...] = ()
    groups: NDArray[Any] | None = None
    ageing: Ageing | None = None
    n_pairs: int | None = None  # of one group
    has_order: bool = False  # an explicit order was given
    is_soft: bool = False  # some score was neither 0, 1/2 nor 1

    @classmethod
    def of_one(
        cls,
        items: NDArray[Any],
        row_ptr: NDArray[np.int64],
        second: NDArray[np.int32],
        order: NDArray[np.int8],
        cluster: NDArray[np.int32] | None,
        win: NDArray[np.float64],
        loss: NDArray[np.float64],
        tie: NDArray[np.float64] | None,
        square: NDArray[np.float64] | None,
        n_pairs: int,
        *,
        has_order: bool = False,
        clusters: NDArray[Any] | None = None,
    ) -> Cells:
        """Cells of one fit, in the order in which the native layer gives them."""
        offsets, cell_offsets = np.array(((0, len(items)), (0, len(second))))
        return cls(
            items, offsets, cell_offsets, second, order, win, loss,
            tie, square, None, row_ptr, cluster, clusters, n_pairs=n_pairs, has_order=has_order,
            is_soft=square is not None,
        )  # fmt: skip


class Observed:
    """Cells, to read: what comparisons of one fit and of many groups have in common."""

    cells: Cells
    taken: Taken | None = None  # how a file or a frame was read; None of arrays
    _declared: ClassVar[tuple[str, ...]]  # what is an attribute of its own, too
    items: NDArray[Any]
    second: NDArray[np.int32]
    order: NDArray[np.int8]
    win: NDArray[np.float64]
    loss: NDArray[np.float64]

    def __init_subclass__(cls) -> None:
        names = (*Observed.__annotations__, *cls.__annotations__)
        cls._declared = tuple(name for name in names if name in Cells._fields)

    @classmethod
    def from_cells(cls, cells: Cells) -> Self:
        """From cells that are known to be in order."""
        self = cls.__new__(cls)
        self._adopt(cells)
        return self

    def _adopt(self, cells: Cells) -> None:
        """Take over the cells, and what the class declares of them as attributes of its own."""
        for x in cells:
            if type(x) is np.ndarray:  # never the caller's own
                x.setflags(write=False)
        self.cells = cells
        for name in self._declared:
            setattr(self, name, getattr(cells, name))

    @property
    def columns(self) -> Columns | VoteColumns | RankingColumns | None:
        """What the columns of the file or the frame were taken to say; None of arrays."""
        return None if self.taken is None else self.taken.columns

    @property
    def n_items(self) -> int:
        """Number of items, in all groups."""
        return len(self.items)

    @property
    def n_cells(self) -> int:
        """Number of cells."""
        return len(self.second)

    @cached_property
    def n_comparisons(self) -> float:
        """Total weight of the comparisons."""
        total = float(self.win.sum() + self.loss.sum())
        return total if self.cells.tie is None else total + float(self.cells.tie.sum())

    @cached_property
    def tie(self) -> NDArray[np.float64]:
        """Mass of ties per cell."""
        return frozen(np.zeros(self.n_cells)) if self.cells.tie is None else self.cells.tie


def frozen(x: Any) -> Any:
    """A read-only view of an array; anything else as it is."""
    if isinstance(x, np.ndarray):
        x = x.view()
        x.setflags(write=False)
    return x
