"""Which rows of a table are left out, and why: empty ones, those without a result, gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import BadInput, BadValueError
from venire.data.coding import Encoded
from venire.data.outcomes import NO_OUTCOME, Gap
from venire.data.series import kept

__all__ = ["CURE", "EMPTY", "NO_LABEL", "Sifted", "placed", "sifted"]

EMPTY, NO_LABEL = "empty", "without a label"
CURE = "skip_missing=True (--skip-missing) leaves such rows out"


class Sifted(NamedTuple):
    """What is left of the rows of a table.

    `refused` is the first row that lacks something, where such rows are not to be left out.
    """

    keep: NDArray[np.bool_]
    dropped: dict[str, int]
    refused: BadInput | None = None
    used: frozenset[str] = frozenset()  # keys of a mapping that occur


def sifted(
    labels: Mapping[str, NDArray[np.bool_]],
    gaps: Mapping[str, tuple[NDArray[np.int64], Sequence[Gap]]],
    skip_missing: bool,
    told: Mapping[str, Any],
) -> Sifted:
    """Tell rows to leave out from rows that lack something.

    Parameters
    ----------
    labels : mapping of str to ndarray of bool
        Where the columns of labels have none.
    gaps : mapping of str to (ndarray, sequence of Gap)
        For each row of a column that says who won the place of its gap in the list, or -1.
    skip_missing : bool
    told : mapping of str to column
        The columns, to show what stands there.
    """
    lacking = {argument: np.asarray(place >= 0) for argument, (place, _) in gaps.items()}
    why: dict[str, NDArray[np.bool_]] = {}
    empty = np.logical_and.reduce([*labels.values(), *lacking.values()])
    for argument, (place, found) in gaps.items():  # only what nobody knows is an empty row
        known = [k for k, gap in enumerate(found) if gap != NO_OUTCOME]
        empty = empty & ~np.isin(place, known) if argument == "outcome" else empty
    why[EMPTY] = empty
    for place, found in gaps.values():
        for k, gap in enumerate(found):
            if gap != NO_OUTCOME:
                why[gap.why] = why.get(gap.why, False) | (place == k)
    missing = {**labels, **{a: place >= 0 for a, (place, _) in gaps.items()}}
    left = ~np.logical_or.reduce(list(why.values()))
    refused = None
    if skip_missing:
        for reason, columns in ((NO_OUTCOME.why, lacking), (NO_LABEL, labels)):
            if columns:
                why[reason] = np.logical_or.reduce(list(columns.values()))
    else:
        rows = {a: int(np.argmax(m & left)) for a, m in missing.items() if (m & left).any()}
        if rows:
            argument = min(rows, key=lambda a: rows[a])
            refused = _refusal(argument, rows[argument], told[argument])
    keep, dropped = np.ones(len(empty), bool), {}
    for reason, rows_of in why.items():
        if n := int((rows_of & keep).sum()):
            dropped[reason] = n
        keep = keep & ~rows_of
    return Sifted(keep, dropped, refused)


def _refusal(argument: str, at: int, column: Any) -> BadInput:
    value = None
    if not isinstance(column, Encoded):
        value = kept(column, np.arange(len(column)) == at)
        value = next(iter(value.to_list() if hasattr(value, "to_list") else value), None)
        value = getattr(value, "as_py", lambda: value)()
    if isinstance(value, str):
        error = BadValueError(argument, "a value is missing", at, value, CURE)
    else:
        error = BadValueError(argument, "a value is missing (null)", at, cure=CURE)
    error.settles = ({"skip_missing": True},)
    return error


@contextmanager
def placed(rows: NDArray[np.int64]) -> Iterator[None]:
    """Positions among some rows become positions among all."""
    try:
        yield
    except BadInput as error:
        if error.position is not None and error.position < len(rows):
            error.position = int(rows[error.position])
        raise
