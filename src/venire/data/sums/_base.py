"""What all sums have in common: rows added as they come, in memory that does not grow with them.

The sums of a stretch of rows (a *unit*) are a pure function of the rows, in their order: how they
were cut into pieces changes no bit. Sums of several units are folded in the order of the units,
``((u0 + u1) + u2) + ...``; where all masses are wholes and halves any order gives the same bits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Self

from numpy.typing import NDArray

from venire.data.sums.splitting import Piece

__all__ = ["Sums", "restored"]


class Sums(ABC):
    """Rows of one kind, added up.

    They pickle as their arrays, so that they can be a task's result.
    """

    @abstractmethod
    def add(self, rows: Any) -> None:
        """Add checked rows, in their order; positions in errors count within them."""

    @abstractmethod
    def merge(self, later: Self) -> None:
        """Add the sums of rows that come after these; `later` is left as it is."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes that they take now."""

    @abstractmethod
    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """All that they hold: arrays (of numbers, or of text as objects), and picklable facts."""

    @classmethod
    @abstractmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Self:
        """The same sums again."""

    @abstractmethod
    def split(self, n: int) -> list[Piece]:
        """The same in `n` pieces that have no cell in common, as `from_arrays` takes them.

        They are cut by the labels of the cells: the k-th pieces of several sums, merged in their
        order, are the k-th piece of these merged. What is of all rows stands in the first.
        """

    @abstractmethod
    def finish(self) -> Any:
        """What the rows add up to; nothing may be added afterwards."""

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (type(self), *self.to_arrays())


def restored(kind: type[Sums], arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Any:
    """Sums of a kind from what their `to_arrays` gave."""
    return kind.from_arrays(arrays, facts)
