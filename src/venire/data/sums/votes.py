"""Votes added up as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire.data.coding import Encoded
from venire.data.sums._base import Sums
from venire.data.sums.labels import Interim
from venire.data.sums.splitting import Piece, of_votes
from venire.data.votes import Votes
from venire.data.votes.rows import VoteRows, refuse_vote
from venire.data.votes.strata import stratified
from venire.data.votes.table import PairNames, Table

if TYPE_CHECKING:
    from venire._native.vote_sums import Sums as Records

__all__ = ["VoteSums"]

_MOST = 2**31 - 1  # runs of one judgment
_KINDS = ("hard", "soft", "swapped")
_TEXT = 100  # bytes that a label of text takes, about
#: Bytes that finishing takes for each judgment beside its record, and those of the votes.
_SORTING, _KEPT = 24, {"hard": 16, "soft": 52, "swapped": 64}


class VoteSums(Sums):
    """Votes, added up in memory for their distinct judgments.

    Rows that are added are about labels of pairs, or about two items, as the first ones are. Their
    labels may be coded already, by `labels` of this object.

    Parameters
    ----------
    is_text : bool
        Labels that all are written as integers become integers.
    n_threads : int, optional

    Attributes
    ----------
    labels : dict of str to Interim
        What codes "teacher"; "pair", or "first" for both items; "group" and "by".
    n_votes : int

    Notes
    -----
    Sums are taken in the order of the rows, so that pieces of any size give the same bits, those of
    `venire.Votes` of all rows. O(1) time a row; 45 bytes for each judgment by plain votes, 80 to
    100 by other ones, and half as much again while it is finished.

    Examples
    --------
    >>> import venire as vn
    >>> from venire.data.sums import VoteSums
    >>> from venire.data.votes.rows import checked_rows
    >>> sums = VoteSums()
    >>> sums.add(checked_rows(pair=["x", "y"], teacher=["ann", "ann"], vote=[1, 0]))
    >>> sums.add(checked_rows(pair=["x"], teacher=["bea"], vote=[-1]))
    >>> sums.finish()
    Votes(n_pairs=2, n_teachers=2, n_votes=3)
    """

    def __init__(self, *, is_text: bool = False, n_threads: int | None = None) -> None:
        self.n_threads = checks.n_threads(n_threads)
        self.is_text = is_text
        self.labels = {
            "teacher": Interim(("teacher",), self.n_threads),
            "pair": Interim(("pair",), self.n_threads),
            "first": Interim(("first", "second"), self.n_threads),
            "group": Interim(("group",), self.n_threads),
            "by": Interim(("by",), self.n_threads),
        }
        self.n_votes = 0
        self._records: Records = _records("hard")
        self._strata: Records = _records("keys")  # group << 32 | category, where there are some
        self._has: tuple[str, ...] | None = None  # the labels of the rows

    # ---- rows -----------------------------------------------------------------------------------

    def add(self, rows: VoteRows) -> None:
        """Add checked rows, in their order.

        Raises
        ------
        ValueError
            As `Votes`; positions count within the rows.
        """
        if rows.n == 0:
            return
        codes = self._coded(rows)
        self._require_alike(tuple(codes))
        is_hard = rows.vote is not None and rows.weight is None
        self._raise_to("swapped" if rows.swapped is not None else "hard" if is_hard else "soft")
        swapped = rows.swapped
        if self._records.kind == "swapped" and swapped is None:
            fail("swapped", "must be told of all rows or of none")
        if self.n_votes + rows.n > _MOST and self._records.most + rows.n > _MOST:
            fail("vote", f"one judgment has more than {_MOST} runs")
        if "by" in codes:
            codes["group"] = self._strata.find(
                (codes["group"].astype(np.uint64) << np.uint64(32)) | codes["by"].astype(np.uint64),
                np.zeros(rows.n, np.uint64),
            )
        self._add(rows, codes, swapped)
        self.n_votes += rows.n

    def _add(self, rows: VoteRows, codes: dict[str, Any], swapped: Any) -> None:
        from venire._native.vote_sums import BadRow

        own: dict[str, Any] = {a: codes[a] for a in ("first", "second", "group") if a in codes}
        if "pair" in codes:
            own["pair"] = codes["pair"].astype(np.int64)
        try:
            self._records.add(
                codes["teacher"], **own, vote=rows.vote, probability=rows.probabilities,
                strength=rows.strength, weight=rows.weight, swapped=swapped,
            )  # fmt: skip
        except BadRow as error:
            at = int(error.args[0])
            if "first" in codes and codes["first"][at] == codes["second"][at]:
                label = self.labels["first"].labels[codes["first"][at]]
                fail("second", "an item cannot be compared with itself", at, label)
            refuse_vote(rows.vote, at)

    def _coded(self, rows: VoteRows) -> dict[str, NDArray[np.int32]]:
        """The codes of the rows' labels."""
        out = {}
        sets = [("teacher",), ("pair",)] if rows.first is None else [("teacher",), _PAIR]
        sets += [(a,) for a in ("group", "by") if getattr(rows, a) is not None]
        for arguments in sets:
            columns = [getattr(rows, a) for a in arguments]
            if not (isinstance(columns[0], Encoded) and columns[0].interim):
                columns = self.labels[arguments[0]].code(*columns)
            for argument, column in zip(arguments, columns, strict=True):
                if len(column) != rows.n:
                    fail(argument, f"has {len(column)} rows, but there are {rows.n}")
                if column.codes.min() < 0:
                    fail(argument, "a value is missing (null)", int(np.argmin(column.codes)))
                out[argument] = column.codes
        return out

    def _require_alike(self, has: tuple[str, ...]) -> None:
        """Refuse rows that are about something else than those before."""
        if self._has is None:
            self._has = has
        elif self._has != has:
            fail(has[1], f"all rows must have the labels {', '.join(self._has)}")

    def _raise_to(self, kind: str) -> None:
        """Room for rows of a kind."""
        if len(self._records) == 0 and self._records.kind != kind:
            self._records = _records(kind)
        if _KINDS.index(kind) > _KINDS.index(self._records.kind):
            if kind == "swapped":
                fail("swapped", "must be told of all rows or of none")
            larger = _records(kind)
            larger.merge(self._records, by_items=self._by_items)
            self._records = larger

    @property
    def _by_items(self) -> bool:
        return self._has is not None and "first" in self._has

    # ---- sums of sums ---------------------------------------------------------------------------

    def merge(self, later: VoteSums) -> None:
        """Add the sums of rows that come after these; `later` is left as it is."""
        if later._has is None:
            return
        self._require_alike(later._has)
        n_votes = self.n_votes + later.n_votes
        if n_votes > _MOST and self._records.most + later._records.most > _MOST:
            fail("vote", f"one judgment has more than {_MOST} runs")
        self._raise_to(later._records.kind)
        if self._records.kind == "swapped" and later._records.kind != "swapped":
            fail("swapped", "must be told of all rows or of none")
        self._records.merge(later._records, by_items=self._by_items, **self._moved(later))
        self.n_votes = n_votes

    def _moved(self, later: VoteSums) -> dict[str, Any]:
        """The codes here of the codes of later sums."""
        to = {}
        for name, seen in later._seen().items():
            here = np.flatnonzero(seen)
            labels = later.labels[name]
            to[name] = np.full(len(labels), -1, np.int32)
            if len(here):
                to[name][here] = self.labels[name].recode(labels.labels[here])
        if "by" in to:
            prompt, category = later._divided()
            pairs = to["group"][prompt].astype(np.uint64) << np.uint64(32)
            pairs |= to["by"][category].astype(np.uint64)
            to["group"] = self._strata.find(pairs, np.zeros(len(pairs), np.uint64))
            del to["by"]
        if "first" in to:
            to["item"] = to.pop("first")
        return to

    def _divided(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Group and category of each stratum."""
        both = self._strata.records().view(np.uint64)[:, 0]
        return (both >> np.uint64(32)).astype(np.int64), (both & _LOW).astype(np.int64)

    def _seen(self) -> dict[str, NDArray[np.bool_]]:
        """Which labels the rows have."""
        assert self._has is not None
        major = "group" if "group" in self._has else "pair" if "pair" in self._has else None
        n_major = 1 if major is None else len(self.labels[major])
        if "by" in self._has:
            n_major = len(self._strata)
        n_items, n_teachers = len(self.labels["first"]), len(self.labels["teacher"])
        majors, items, teachers = self._records.seen(
            by_items=self._by_items, n_major=n_major, n_items=n_items, n_teachers=n_teachers
        )
        out = {"teacher": teachers}
        if self._by_items:
            out["first"] = items
        if "by" in self._has:
            out["by"] = np.zeros(len(self.labels["by"]), np.uint8)
            out["group"] = np.zeros(len(self.labels["group"]), np.uint8)
            out["group"][self._divided()[0]] = out["by"][self._divided()[1]] = 1
        elif major is not None:
            out[major] = majors
        return {name: marks.astype(bool) for name, marks in out.items()}

    # ---- what they hold -------------------------------------------------------------------------

    @property
    def n_cells(self) -> int:
        """Number of judgments so far."""
        return len(self._records)

    @property
    def nbytes(self) -> int:
        """Bytes that they take now."""
        text = (_TEXT if x.labels.dtype == object else 8 for x in self.labels.values())
        labels = sum(n * len(x) for n, x in zip(text, self.labels.values(), strict=True))
        return self._records.nbytes + self._strata.nbytes + labels

    def needed(self) -> int:
        """Bytes that they take at most while they are finished."""
        sorting = self._records.stride + _SORTING
        kept = self._records.stride + _KEPT[self._records.kind] + 20
        labels = self.nbytes - self._records.nbytes
        return max(self.nbytes, max(sorting, kept) * self.n_cells + 2 * labels)

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """All that they hold: arrays, and facts of JSON types."""
        has = () if self._has is None else self._has
        arrays = {"records": self._records.records(), "strata": self._strata.records()}
        arrays |= {f"labels of {a}": self.labels[a].labels for a in has if a != "second"}
        facts = {
            "is_text": self.is_text, "n_votes": self.n_votes, "kind": self._records.kind,
            "has": [*has],
        }  # fmt: skip
        return arrays, facts

    def split(self, n: int) -> list[Piece]:
        """In pieces that have no judgment in common; see `Sums.split`."""
        return of_votes(self.to_arrays(), n)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> Self:
        """The same sums again.

        Raises
        ------
        ValueError, TypeError, KeyError
            If that is not what `to_arrays` gave.
        """
        self = cls(is_text=bool(facts["is_text"]))
        self.n_votes = checks.whole(facts["n_votes"], "n_votes", 0, None)
        has = tuple(facts["has"])
        if not has:
            return self
        if has not in _LABELS:
            raise ValueError(f"has: no labels of votes: {has}")
        self._has = has
        for name in has:
            if name != "second":
                names, labels = self.labels[name].names, arrays[f"labels of {name}"]
                self.labels[name] = Interim.over(names, labels, self.n_threads)
        self._records = _records(facts["kind"])
        self._records.restore(arrays["records"])
        self._strata.restore(arrays["strata"])
        if "by" in has and len(self._strata):
            for name, which in zip(("group", "by"), self._divided(), strict=True):
                if which.max() >= len(self.labels[name]):
                    raise ValueError("strata: not of these labels")
        self._seen()  # which refuses what is not of these labels
        return self

    def finish(self) -> Votes:
        """The votes; nothing may be added afterwards.

        Raises
        ------
        ValueError
            If there is no row.
        """
        if self._has is None:
            fail("teacher", "there are no rows")
        labels: dict[str, NDArray[Any]] = {}
        to: dict[str, NDArray[np.int32]] = {}
        strata = None
        for name, seen in self._seen().items():
            labels[name], to[name] = self.labels[name].settled(seen, whole=self.is_text)
        if "by" in labels:
            prompts, categories = self._divided()
            prompt, category = to["group"][prompts], to["by"][categories]
            given = Encoded(labels["group"], prompt), Encoded(labels["by"], category)
            groups, strata = stratified(*given, len(prompt))
            labels["group"], to["group"] = groups.items, groups.codes.astype(np.int32)
            del to["by"]
        if "first" in to:
            to["item"] = to.pop("first")
        ptr, major, other, columns = self._records.finish(
            by_items=self._by_items, is_signed=False, n_threads=self.n_threads, **to
        )
        self._records = _records("hard")
        if "pair" in labels:
            names = PairNames(labels["pair"][major.astype(np.int64)])
        else:
            first = (major & _LOW).astype(np.int32)
            group = None
            if "group" in labels:
                group = (major >> np.uint64(32)).astype(np.int32)
            names = PairNames(None, labels["first"], first, other, labels.get("group"), group)
        votes = Votes.from_tables(Table(names, labels["teacher"], ptr, columns, self.n_votes))
        votes.strata = strata
        return votes


_PAIR = ("first", "second")
_LABELS = (
    ("teacher", "pair"), ("teacher", *_PAIR), ("teacher", *_PAIR, "group"),
    ("teacher", *_PAIR, "group", "by"),
)  # fmt: skip
_LOW = np.uint64(2**32 - 1)


def _records(kind: str) -> Records:
    from venire._native.vote_sums import Sums as Made

    return Made(kind)
