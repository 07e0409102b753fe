"""Answers from a data frame: which request, and what was voted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput
from venire.data.coding import Encoded
from venire.data.rows import naming
from venire.data.series import floats
from venire.data.votes.frame import Run, kept, missing, signed
from venire.distillation._universe import keyed

__all__ = ["FrameAnswers", "frame_answers", "is_frame"]

Pairs = Callable[[NDArray[np.int64]], tuple[Encoded, Encoded]]


class FrameAnswers(NamedTuple):
    """Rows of a frame that hold an answer; `rows` are their places in it."""

    rows: NDArray[np.int64]
    request: NDArray[np.int64]
    vote: NDArray[np.int8] | None
    probabilities: NDArray[np.float64] | None
    source: dict[str, str]

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Errors about an answer name the frame's column and row."""
        with naming(self.source), _placed(self.rows):
            yield


def is_frame(x: Any) -> bool:
    """Whether x has columns with names."""
    return isinstance(x, Mapping) or hasattr(x, "columns") or hasattr(x, "column_names")


def frame_answers(
    frame: Any,
    request: str,
    vote: str,
    probabilities: Sequence[str] | None,
    mapping: Mapping[Any, Any] | None,
    check: Callable[[Any], NDArray[np.int64]],
    pairs: Pairs,
) -> FrameAnswers:
    """Read a frame; rows without a vote are passed over.

    Parameters
    ----------
    request, vote, probabilities : str, str, sequence of three str
        Columns.
    mapping : mapping, optional
        Value of the vote column to 1, 0, -1 or a word; see `Votes.from_frame`.
    check : callable
        Makes sure that ids are requests.
    pairs : callable
        Labels of the first and the second item of requests, for votes that name the winner.
    """
    if probabilities is not None:
        if isinstance(probabilities, str) or len(probabilities) != 3:
            raise TypeError("probabilities must name three columns: first wins, ties, loses")
        if mapping is not None:
            raise TypeError("mapping explains the values of vote")
        columns = {f"probabilities{k}": name for k, name in enumerate(probabilities)}
    else:
        columns = {"vote": vote}
    source = {"request": request, **columns}
    data = keyed(frame, source)
    with naming(source):
        told = checks.columns(may_be_empty=True, **data)[1:]
        data = dict(zip(data, told, strict=True))
        ids = check(_whole(floats(data["request"], "request")))
        if probabilities is not None:
            parts = [checks.rows(floats(data[name], name), len(ids), name) for name in columns]
            shown = source | {"probabilities": ", ".join(probabilities)}
            return FrameAnswers(np.arange(len(ids)), ids, None, np.stack(parts, axis=1), shown)
        keep = ~missing(data["vote"])
        if len(keep) != len(ids):
            checks.fail("vote", f"has {len(keep)} rows, but request has {len(ids)}")
        rows = np.flatnonzero(keep)
        if not len(rows):
            return FrameAnswers(rows, ids[:0], np.empty(0, np.int8), None, source)
        part = {}
        if mapping is None:
            part["first"], part["second"] = pairs(ids[rows])
        votes = signed([Run("vote", kept(data["vote"], keep), part, keep)], mapping)
    return FrameAnswers(rows, ids[rows], votes, None, source)


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    if values.dtype.kind != "f":
        return values
    good = (np.abs(values) < 2.0**53) & (values == np.floor(values))
    if not good.all():
        at = int(np.argmin(good))
        checks.fail("request", "must be a whole number", at, values[at])
    return values.astype(np.int64)


@contextmanager
def _placed(rows: NDArray[np.int64]) -> Iterator[None]:
    """Positions among some rows become positions in the frame."""
    try:
        yield
    except BadInput as error:
        if error.position is not None and error.position < len(rows):
            error.position = int(rows[error.position])
        raise
