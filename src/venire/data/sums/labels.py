"""Labels coded as they come: their codes stand from the first row on, and are sorted at the end."""

from __future__ import annotations

import re
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import fail
from venire.data.coding import Encoded, Encoder
from venire.data.series import kept, missing

__all__ = ["Interim", "are_integers"]

_DIRECT = 1 << 22  # integers below it are their own codes, however few rows there are,
_MOST = 1 << 26  # and up to here where rows are many


def are_integers(texts: Any) -> bool:
    """Whether all texts are integers, written in the one way that integers are."""
    return all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text) for text in texts)


class Interim(Encoder):
    """Codes columns that share their labels, piece by piece, in order of appearance.

    Integers from 0 on are their own codes as long as they are not much more than the rows.

    Parameters
    ----------
    names : tuple of str
        The arguments' names, for the messages.
    n_threads : int, optional
    items : array_like, optional
        The labels that there may be.
    is_text : bool
        Labels are text, whatever they look like: given items that are integers are met as text.

    Examples
    --------
    >>> from venire.data.sums import Interim
    >>> labels = Interim(("first", "second"))
    >>> [x.codes.tolist() for x in labels.code(["b", "c"], ["a", "a"])]
    [[0, 1], [2, 2]]
    >>> labels.code(["a"], ["d"])[1].codes.tolist(), labels.labels.tolist()
    ([3], ['b', 'c', 'a', 'd'])
    >>> labels.settled()
    (array(['a', 'b', 'c', 'd'], dtype=object), array([1, 2, 0, 3], dtype=int32))
    """

    def __init__(
        self,
        names: tuple[str, ...] = ("first", "second"),
        n_threads: int | None = None,
        items: Any = None,
        is_text: bool = False,
    ) -> None:
        super().__init__(names, n_threads)
        from venire._native.labels import KeyTables

        self._tables = KeyTables(1)
        self.is_text = is_text
        self.labels: NDArray[Any] = np.empty(0, np.int64)  # of each code
        self._n_rows = 0
        self._unsigned = False
        self._is_direct = True
        self._blank = np.empty(0, np.int32)
        self._given: NDArray[Any] | None = None
        if items is not None:
            encoder = Encoder(("items",), n_threads=1)
            encoder.add(items)
            found, (codes,) = encoder.finish()
            if len(found) < len(codes):
                Encoder(("items",)).finish(items)  # which says where
            self._given = found[codes]
            self._at = {label: k for k, label in enumerate(self._given.tolist())}
            self._where = np.empty(0, np.int32)

    @classmethod
    def over(
        cls, names: tuple[str, ...], labels: NDArray[Any], n_threads: int | None = None
    ) -> Self:
        """With codes for these labels, which are distinct, in their order."""
        self = cls(names, n_threads)
        self._is_direct = False
        codes = self.recode(labels)
        if (codes != np.arange(len(labels))).any():
            fail(names[0], "labels must be distinct")
        return self

    def __len__(self) -> int:
        return len(self.labels)

    def code(self, *columns: Any) -> list[Encoded]:
        """Code further rows, one column of labels for each name; -1 where there is none.

        What is returned is over the labels that there are so far.
        """
        self._pieces = [[] for _ in self.names]
        self._rows = [0] * len(self.names)
        keeps: list[NDArray[np.bool_] | None] = []
        full = []
        for column, name in zip(columns, self.names, strict=True):
            keep = None
            if getattr(column, "null_count", 0):
                keep = ~missing(column, name)
            keeps.append(keep)
            full.append(column if keep is None else kept(column, keep) if keep.any() else [])
        self.add(*full)
        self._n_rows += max(map(len, columns), default=0)
        codes = self._coded()
        out = []
        for name, own, keep in zip(self.names, codes, keeps, strict=True):
            its = own
            if keep is not None:
                its = np.full(len(keep), -1, np.int32)
                its[keep] = own
            if len(self._blank) and np.isin(its, self._blank).any():
                its = np.where(np.isin(its, self._blank), np.int32(-1), its)
            self._require_given(its, name)
            out.append(Encoded(self.labels, its, interim=True))
        return out

    def recode(self, labels: NDArray[Any]) -> NDArray[np.int32]:
        """The codes of these labels, which are distinct; new ones are added."""
        one = Interim.__new__(Interim)
        one.__dict__.update(self.__dict__)
        one.names, one._blank, one._given = ("items",), np.empty(0, np.int32), None
        (found,) = one.code(labels)
        for name in ("_kind", "labels", "_unsigned", "_is_direct", "_mapped"):
            setattr(self, name, getattr(one, name))
        return found.codes

    def settled(
        self, seen: NDArray[np.bool_] | None = None, *, whole: bool = False
    ) -> tuple[NDArray[Any], NDArray[np.int32]]:
        """The labels, sorted, and the place of each code's among them; -1: not seen.

        Those of given items are the items as they were given.

        Parameters
        ----------
        seen : ndarray of bool, shape (len(self),), optional
            Which labels occur; default: all.
        whole : bool
            Text that all is written as integers becomes integers.
        """
        if self._given is not None:
            return self._given, self._where
        here = np.arange(len(self.labels)) if seen is None else np.flatnonzero(seen)
        labels = self.labels
        if labels.dtype == object and whole and are_integers(labels.tolist()):
            labels = np.array([int(text) for text in labels.tolist()], np.int64)
        if labels.dtype == object:
            order = here[np.array(sorted(range(len(here)), key=labels[here].tolist().__getitem__),
                                  np.int64)]  # fmt: skip
        else:
            order = here[np.argsort(labels[here], kind="stable")]
        rank = np.full(len(labels), -1, np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return labels[order], rank

    # ---- pieces to codes ------------------------------------------------------------------------

    def _coded(self) -> list[NDArray[np.int32]]:
        if self._kind is None:
            return [np.empty(0, np.int32) for _ in self.names]
        if self._kind[0] == "text":
            codes = [
                np.concatenate([np.empty(0, np.int32), *(a for a, _ in pieces)])
                for pieces in self._pieces
            ]
            self._grow(codes, text=True)
            return codes
        codes = []
        for name, pieces in zip(self.names, self._pieces, strict=True):
            arrays = [self._plain(array, name) for array, _ in pieces]
            codes.append(arrays[0] if len(arrays) == 1 else np.concatenate(arrays or [_NONE]))
        self._pieces = []
        return self._numbers(codes)

    def _plain(self, x: NDArray[Any], name: str) -> NDArray[Any]:
        """Integers as int32 or int64, those of uint64 beyond its range by their bits."""
        if x.dtype == np.uint64 and len(x) and x.max() > np.uint64(_LARGEST):
            at = int(np.argmax(x > np.uint64(_LARGEST)))
            if len(self.labels) and not self._unsigned and self.labels.min() < 0:
                reason = "unsigned integers beyond 2**63 - 1 cannot be mixed with signed"
                fail(name, reason, at, x[at])
            self._unsigned = True
        if x.dtype.itemsize < 4 or x.dtype == np.int32:
            return np.require(x, np.int32, ["C", "A"])
        return np.require(x, x.dtype.newbyteorder("="), ["C", "A"]).astype(np.int64, copy=False)

    def _numbers(self, columns: list[NDArray[Any]]) -> list[NDArray[np.int32]]:
        from venire._native.labels import value_range

        if self._is_direct:
            ranges = [value_range(c, self.n_threads) for c in columns if len(c)]
            low = min((r[0] for r in ranges), default=0)
            high = max((r[1] for r in ranges), default=-1)
            if low >= 0 and high < max(_DIRECT, min(_MOST, 16 * self._n_rows)):
                if high >= len(self.labels):
                    self.labels = np.arange(high + high // 8 + 1, dtype=np.int64)
                return [c.astype(np.int32, copy=False) for c in columns]
            self._is_direct = False
            if len(self.labels):
                self.tables.add_numbers(self.labels, 1)
        codes = [self.tables.add_numbers(c.astype(np.int64, copy=False), 1)[0] for c in columns]
        self._grow(codes, text=False)
        return codes

    def _grow(self, codes: list[NDArray[np.int32]], *, text: bool) -> None:
        """Take the new labels out of the table."""
        n = max((int(c.max()) + 1 for c in codes if len(c)), default=0)
        if n <= len(self.labels):
            return
        more = np.arange(len(self.labels), n, dtype=np.int32)
        new = self.tables.texts(more) if text else self.tables.numbers(more)
        if not text and self._unsigned:
            new = new.view(np.uint64)
        if text:
            blank = np.array([not label.strip() for label in new.tolist()], bool)
            self._blank = np.append(self._blank, more[blank])
        if not len(self.labels):
            self.labels = new
        else:
            self.labels = np.concatenate([self.labels.astype(new.dtype, copy=False), new])

    def _require_given(self, codes: NDArray[np.int32], name: str) -> None:
        """Refuse a label that is not among the items."""
        if self._given is None:
            return
        if len(self._where) < len(self.labels):
            found = self.labels[len(self._where) :].tolist()
            if self.is_text and self._given.dtype.kind in "iu":
                found = [int(t) if are_integers([t]) else None for t in found]
            own = [self._at.get(label, -1) for label in found]
            self._where = np.append(self._where, np.array(own, np.int32))
        absent = (codes >= 0) & (self._where[codes] < 0)
        if absent.any():
            row = int(np.argmax(absent))
            fail(name, "is not among items", row, self.labels[codes[row]])


_NONE = np.empty(0, np.int64)
_LARGEST = np.iinfo(np.int64).max
