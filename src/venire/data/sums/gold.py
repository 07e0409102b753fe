"""Gold labels in rows of votes: each pair's, kept once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import BadInput
from venire.data.coding import Encoded
from venire.data.outcomes import Terms
from venire.data.series import distinct, kept, missing
from venire.data.sums.labels import Interim
from venire.data.votes import Votes
from venire.data.votes.frame import gold_shares
from venire.data.votes.gold import gold_of
from venire.data.votes.strata import composed

__all__ = ["GoldSums"]

_LOW = np.uint64(2**32 - 1)
Codes = dict[str, NDArray[Any]]
_NONE = np.empty(0, np.int64)


class GoldSums:
    """What rows say of the truth: for each pair its distinct values, and the first row of each.

    Parameters
    ----------
    by : bool
        Pairs are kept apart by category.
    """

    def __init__(self, by: bool = False) -> None:
        self._found, self._strata = _keys(), _keys()
        self._by = by
        self._values: dict[Any, int] = {}
        self._rows: list[NDArray[np.int64]] = []

    def __getstate__(self) -> dict[str, Any]:
        keys = {name: getattr(self, name).records() for name in ("_found", "_strata")}
        return self.__dict__ | keys

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in ("_found", "_strata"):
            keys = _keys()
            keys.restore(state[name])
            setattr(self, name, keys)

    @property
    def nbytes(self) -> int:
        """Bytes that they take, about."""
        return int(self._found.nbytes + self._strata.nbytes) + 8 * len(self._found)

    def add(self, labels: dict[str, Encoded], column: Any, start: int) -> None:
        """Add rows, the first of which is number `start`; what has no label or value is none."""
        keep = ~missing(column, "gold")
        for coded in labels.values():
            keep &= coded.codes >= 0
        if not keep.any():
            return
        values, which = distinct(kept(column, keep), "gold")
        code = np.array([self._code(v) for v in values], np.uint64)[which]
        codes = {a: coded.codes[keep] for a, coded in labels.items()}
        rows = np.flatnonzero(keep) + start
        self._put(*self._keys_of(codes), code, rows)

    def _code(self, value: Any) -> int:
        key = (isinstance(value, (bool, np.bool_)), value)  # True is no 1
        return self._values.setdefault(key, len(self._values))

    def _keys_of(self, codes: Codes) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Both words of a pair's key, as it is written."""
        wide = {a: x.astype(np.uint64) for a, x in codes.items()}
        if "pair" in wide:
            return wide["pair"], np.zeros(len(wide["pair"]), np.uint64)
        major, minor = wide["first"], wide["second"] << np.uint64(32)
        if "by" in wide:
            both = wide["group"] << np.uint64(32) | wide["by"]
            group = self._strata.find(both, np.zeros(len(both), np.uint64)).astype(np.uint64)
            return major | group << np.uint64(32), minor
        return (major | wide["group"] << np.uint64(32) if "group" in wide else major), minor

    def _put(self, major: Any, minor: Any, code: Any, rows: Any) -> None:
        before = len(self._found)
        found = self._found.find(major, minor | code)
        fresh = np.flatnonzero(found >= before)
        _, at = np.unique(found[fresh], return_index=True)
        self._rows.append(rows[fresh[at]])

    def _parts(self) -> tuple[Codes, NDArray[np.int64], NDArray[np.int64]]:
        """Codes of the labels, codes of the values, and rows."""
        major, minor = self._found.records().view(np.uint64).T
        rows = np.concatenate([np.empty(0, np.int64), *self._rows])
        value = (minor & _LOW).astype(np.int64)
        out = {"pair": major, "first": major & _LOW, "second": minor >> np.uint64(32)}
        group = (major >> np.uint64(32)).astype(np.int64)
        if self._by:
            both = self._strata.records().view(np.uint64)[:, 0][group]
            out |= {"group": both >> np.uint64(32), "by": both & _LOW}
        else:
            out["group"] = group
        return {a: x.astype(np.int64) for a, x in out.items()}, value, rows

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """All that they hold: arrays, and facts of plain types."""
        rows = np.concatenate([np.empty(0, np.int64), *self._rows])
        arrays = {"found": self._found.records(), "strata": self._strata.records(), "rows": rows}
        return arrays, {"by": self._by, "values": [*self._values]}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> GoldSums:
        """The same again; ValueError, TypeError or KeyError if that is not what was given."""
        found, values = cls(bool(facts["by"])), [tuple(key) for key in facts["values"]]
        found._values = {key: k for k, key in enumerate(values)}
        rows = arrays["rows"]
        found._found.restore(arrays["found"])
        found._strata.restore(arrays["strata"])
        if len(found._values) != len(values) or any(len(key) != 2 for key in values):
            raise ValueError("values of gold are none")
        if rows.dtype != np.int64 or rows.shape != (len(found._found),) or (rows < 0).any():
            raise ValueError("rows of gold are none")
        found._rows = [rows]
        codes, value, _ = found._parts()
        if len(value) and not 0 <= value.min() <= value.max() < len(values):
            raise ValueError("values of gold are none")
        if any(len(x) and x.min() < 0 for x in codes.values()):
            raise ValueError("pairs of gold are none")
        return found

    def require_labels(self, labels: Mapping[str, Interim]) -> None:
        """Refuse codes beyond these labels."""
        codes, _, _ = self._parts()
        for argument, name in (("pair", "pair"), ("first", "first"), ("second", "first"),
                               ("group", "group"), ("by", "by")):  # fmt: skip
            own = codes[argument] if name in labels else _NONE
            if len(own) and own.max() >= len(labels[name]):
                raise ValueError(f"{argument} of gold is none of the labels")

    def merge(
        self,
        later: GoldSums,
        labels: dict[str, Interim],
        theirs: dict[str, Interim],
        n_rows: int,
    ) -> None:
        """Add that of rows that come after `n_rows` others; `labels` code these, `theirs` those."""
        codes, value, rows = later._parts()
        if not len(rows):
            return
        own = np.array([self._code(v) for _, v in later._values], np.uint64)
        moved = {}
        for argument in ("pair", "first", "second", "group", "by"):
            name = "first" if argument == "second" else argument
            if name in labels:
                which, at = np.unique(codes[argument], return_inverse=True)
                moved[argument] = labels[name].recode(theirs[name].labels[which])[at]
        self._put(*self._keys_of(moved), own[value], rows + n_rows)

    def finish(
        self, votes: Votes, labels: dict[str, Interim], terms: Terms, is_text: bool
    ) -> NDArray[np.float64]:
        """One share for each pair that has votes, NaN where it is not known.

        Raises
        ------
        ValueError
            If a value is no truth, or a pair has two; positions are numbers of rows.
        """
        codes, value, rows = self._parts()
        values = [v for _, v in self._values]
        try:
            shares = gold_shares(np.fromiter((values[k] for k in value), object, len(value)), terms)
            keep = np.flatnonzero(~np.isnan(shares))
            columns = []
            for argument in ("group", "first", "second") if "first" in labels else ("pair",):
                name = "first" if argument == "second" else argument
                if name in labels:
                    columns.append(_labels_of(labels[name], codes[argument][keep], is_text))
            if votes.strata is not None and votes.strata.divides:
                category = _labels_of(labels["by"], codes["by"][keep], is_text)
                columns[0] = composed(columns[0], category)
            names = votes.names
            if names.pairs is not None:  # a pair whose votes are all missing is none
                there = np.isin(columns[0], names.pairs)
                columns, keep = [c[there] for c in columns], keep[there]
            try:
                return gold_of(votes, (*columns, shares[keep]))
            except BadInput as error:
                if error.position is not None:
                    error.position = int(keep[error.position])
                raise
        except BadInput as error:
            if error.position is not None:
                error.position = int(rows[error.position])
            raise


def _labels_of(labels: Interim, codes: NDArray[Any], is_text: bool) -> NDArray[Any]:
    seen = np.zeros(len(labels), bool)
    seen[codes] = True
    found, place = labels.settled(seen, whole=is_text)
    return found[place[codes]]


def _keys() -> Any:
    from venire._native.vote_sums import Sums

    return Sums("keys")
