"""Labels of items to their positions, with an error that names what is unknown."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks

__all__ = ["Lookup"]


class Lookup:
    """Positions of labels among the items of a fit.

    Parameters
    ----------
    items : ndarray, shape (n_items,)
        Labels; integers ascending, or anything hashable.
    """

    def __init__(self, items: np.ndarray) -> None:
        self.items = np.asarray(items)
        self._integer = self.items.dtype.kind in "iu"
        self._table: dict[Any, int] | None = None
        self._sorter: np.ndarray | None = None
        if not self._integer:
            self._table = {label: k for k, label in enumerate(self.items.tolist())}
        elif len(self.items) and (self.items[1:] <= self.items[:-1]).any():
            self._sorter = np.argsort(self.items, kind="stable")

    def __call__(self, labels: Any, name: str) -> np.ndarray:
        """Positions of `labels`, an array of any shape or one label, as int64.

        Raises
        ------
        ValueError
            If a label is not an item; names the argument, the first such position and the label.
        """
        if self._integer:
            return self._integers(checks.array(labels, name, object), name)
        # a list is not made uniform first: 7 is not the label "7"
        array = checks.array(labels, name, object)
        table = self._table or {}
        flat = array.ravel().tolist()
        out = np.fromiter((self._get(table, label) for label in flat), np.int64, len(flat))
        if (out < 0).any():
            bad = int(np.argmax(out < 0))
            self._unknown(name, bad if array.ndim else None, flat[bad])
        return out.reshape(array.shape)

    def some(self, labels: Any, name: str) -> np.ndarray:
        """Positions of one label, or of some in a row, (n,)."""
        chosen = self(labels, name)
        if chosen.ndim > 1:
            checks.fail(name, f"must be one-dimensional, has {chosen.ndim} dimensions")
        return np.atleast_1d(chosen)

    def pairs(
        self, first: Any, second: Any, names: tuple[str, str], apart: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Positions of two lots of labels, broadcast against each other; `apart` says which items
        compare: those of one number. None: all."""
        i, j = self(first, names[0]), self(second, names[1])
        try:
            i, j = np.broadcast_arrays(i, j)
        except ValueError:
            reason = f"has shape {j.shape}, which does not go with {i.shape} of {names[0]}"
            checks.fail(names[1], reason)
        if apart is not None and (apart[i] != apart[j]).any():
            k = int(np.argmax(np.ravel(apart[i] != apart[j])))
            a, b = (self.items[[np.ravel(x)[k]]].tolist()[0] for x in (i, j))
            raise ValueError(
                f"{a!r} and {b!r} cannot be compared: they are in different components, each "
                "fitted by itself; a prior would put all items on one scale"
            )
        return i, j

    @staticmethod
    def _get(table: dict[Any, int], label: Any) -> int:
        try:
            return table.get(label, -1)
        except TypeError:  # not hashable
            return -1

    def _integers(self, array: np.ndarray, name: str) -> np.ndarray:
        if array.dtype.kind not in "iu":
            for k, label in enumerate(array.ravel().tolist()):
                if not _is_whole(label):
                    self._unknown(name, k if array.ndim else None, label)
            # whole numbers, as objects or read as floats; or none at all, of any type
            array = array.astype(np.int64) if array.size else np.zeros(array.shape, np.int64)
        if not len(self.items):
            place, known = np.zeros(array.shape, np.int64), np.zeros(array.shape, bool)
        else:
            place = np.searchsorted(self.items, array, sorter=self._sorter)
            place = np.minimum(place, len(self.items) - 1)
            if self._sorter is not None:
                place = self._sorter[place]
            known = self.items[place] == array
        if not np.all(known):
            bad = int(np.argmin(np.ravel(known)))
            self._unknown(name, bad if array.ndim else None, np.ravel(array)[bad])
        return np.asarray(place, np.int64)

    def _unknown(self, name: str, position: int | None, label: Any) -> None:
        checks.fail(name, "must be the label of an item of this fit", position, label)


def _is_whole(label: Any) -> bool:
    """Whether a label is a whole number that an int64 holds."""
    if isinstance(label, bool) or not isinstance(label, (int, float, np.integer, np.floating)):
        return False
    label = label.item() if isinstance(label, np.generic) else label  # an int8 has no +128
    return -(2**63) <= label < 2**63 and label % 1 == 0
