"""Answers from a data frame: which request, and what was voted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.outcomes import Terms
from venire.data.rows import naming
from venire.data.series import floats
from venire.data.sifting import placed
from venire.data.votes.frame import Run, signed
from venire.distillation._ledger import Answers
from venire.distillation._state import State
from venire.distillation._universe import keyed

__all__ = ["answers_in"]


def answers_in(
    frame: Any,
    vote: str | None,
    probabilities: Sequence[str] | None,
    mapping: Mapping[Any, Any] | None,
    replace: bool,
    state: State,
) -> Answers:
    """Check the answers in a frame; rows without a vote are passed over, the winner may be named.

    Parameters
    ----------
    vote, probabilities : str, sequence of three str
        Columns.
    mapping : mapping, optional
        Value of the vote column to 1, 0, -1 or a word; see `Votes.from_frame`.
    """
    if not (vote is None or isinstance(vote, str)):
        raise TypeError("vote must be the name of a column of the frame")
    source = {"request": "request"}
    if probabilities is None:
        source["vote"] = "vote" if vote is None else vote
    else:
        if isinstance(probabilities, str) or len(probabilities) != 3:
            raise TypeError("probabilities must name three columns: first wins, ties, loses")
        if mapping is not None:
            raise TypeError("mapping explains the values of vote")
        source |= {f"probabilities{k}": name for k, name in enumerate(probabilities)}
    data = keyed(frame, source)
    shown = source | {"probabilities": ", ".join(probabilities or ())}
    with naming(shown):
        told = checks.columns(may_be_empty=True, **data)[1:]
        ids, *columns = told
        ids = state.ledger.check_requests(_whole(floats(ids, "request")))
        if probabilities is not None:
            names = [name for name in source if name != "request"]
            parts = [
                checks.rows(floats(column, name), len(ids), name)
                for column, name in zip(columns, names, strict=True)
            ]
            return state.ledger.check_answers(ids, None, np.stack(parts, axis=1), replace)
        if checks.length(columns[0], "vote") != len(ids):
            n = checks.length(columns[0], "vote")
            checks.fail("vote", f"has {n} rows, but request has {len(ids)}")
        terms = Terms(mapping, signed=True)
        run = Run.of("vote", columns[0], state.labels_of(ids)._asdict(), terms)
        votes = signed([run], terms)[0]
        with placed(np.flatnonzero(run.keep)):
            return state.ledger.check_answers(ids[run.keep], votes, None, replace)


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    if values.dtype.kind != "f":
        return values
    good = (np.abs(values) < 2.0**53) & (values == np.floor(values))
    checks.every(good, "request", "must be a whole number", values)
    return values.astype(np.int64)
