"""Votes from columns: of a data frame, of a mapping of arrays, or as read from a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.coding import Encoded, encode
from venire.data.columns import VoteColumns
from venire.data.frames import collect
from venire.data.outcomes import _SCORES, outcome_scores, truths
from venire.data.rows import naming
from venire.data.series import distinct, floats, plain
from venire.data.votes.rows import VoteRows, checked_rows

__all__ = ["Run", "frame_rows", "gold_shares", "kept", "missing", "signed"]

_TARGETS = {"first": 1, "win": 1, "tie": 0, "draw": 0, "second": -1, "loss": -1}


def frame_rows(frame: Any, columns: VoteColumns, strength: float = 1.0) -> VoteRows:
    """Checked rows; see `Votes.from_frame`. The runs of each vote column follow one another."""
    source = {argument: name for argument, name in columns.names.items() if argument != "gold"}
    data = collect(frame, source)
    shown = {a: str(name) for a, name in source.items()}
    if columns.probabilities is not None:
        shown["probabilities"] = ", ".join(map(str, columns.probabilities))
    with naming(shown):
        return _rows(data, columns, strength)


def _rows(data: dict[str, Any], columns: VoteColumns, strength: float) -> VoteRows:
    runs, turned, mapping = columns.runs, columns.turned, columns.mapping
    data = dict(zip(data, checks.columns(**data)[1:], strict=True))
    for name, column in data.items():
        if checks.length(column, name) is None:
            fail(name, "must be a column", value=column, kind=TypeError)
    labels: dict[str, Any] = {
        n: plain(data[n])
        for n in ("first", "second", "pair", "group", "by", "teacher")
        if n in data
    }
    given = dict(labels)
    if "weight" in data:
        given["weight"] = floats(data["weight"], "weight")
    if "swapped" in data:
        given["swapped"] = truths(data["swapped"], "swapped")
    elif columns.swapped is False:
        given["swapped"] = np.zeros(checks.length(labels["teacher"], "teacher") or 0, bool)
    if not runs:
        names = [f"probabilities{k}" for k in range(3)]
        stated = np.stack([floats(data[name], name) for name in names], axis=1)
        rows = checked_rows(probabilities=stated, strength=strength, **given)
        return rows._replace(n_read=rows.n)
    pieces: list[dict[str, Any]] = []
    empty = 0
    votes = []
    arguments = ["vote"] if len(runs) == 1 else [f"vote{k}" for k in range(len(runs))]
    for argument, name in zip(arguments, runs, strict=True):
        column = data[argument]
        keep = ~missing(column)
        empty += int(len(keep) - keep.sum())
        part = given if keep.all() else {a: kept(x, keep) for a, x in given.items()}
        if turned is not None:
            part = part | {"swapped": np.full(int(keep.sum()), name == turned)}
        pieces.append(part)
        votes.append(Run(argument, kept(column, keep), part, keep))
    found = signed(votes, mapping)
    total = {a: _stacked([p[a] for p in pieces]) for a in pieces[0]}
    if not len(found):
        fail(arguments[0], "holds no vote")
    rows = checked_rows(vote=found, strength=strength, **total)
    dropped = {"without a vote": empty} if empty else {}
    return rows._replace(n_read=rows.n + empty, dropped=dropped)


def missing(column: Any) -> NDArray[np.bool_]:
    """Where a column of votes has none: a null, NaN, or empty text."""
    if hasattr(column, "to_native"):
        mask = np.asarray(column.is_null().to_numpy(), bool)
        if str(column.dtype) == "String":
            mask = mask | np.asarray((column == "").fill_null(False).to_numpy(), bool)
        return mask
    if type(column).__module__.split(".")[0] == "pyarrow":
        import pyarrow as pa
        import pyarrow.compute as pc

        kind = getattr(column.type, "value_type", column.type)
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            column = pc.if_else(pc.equal(column.cast(kind), ""), None, column.cast(kind))
        return np.asarray(column.is_null().to_numpy(zero_copy_only=False), bool)
    array = checks.array(column, "vote", object)
    if array.ndim != 1:
        fail("vote", f"must be one-dimensional, has {array.ndim} dimensions")
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype == object or array.dtype.kind in "UT":
        return np.array([_is_missing(v) for v in array.tolist()], bool)
    return np.zeros(len(array), bool)


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return value == "" if isinstance(value, str) else isinstance(value, float) and value != value


def kept(column: Any, keep: NDArray[np.bool_]) -> Any:
    """The rows of a column that are to stay."""
    if keep.all():
        return column
    if isinstance(column, Encoded):
        return Encoded(column.items, column.codes[keep])
    if isinstance(column, np.ndarray):
        return column[keep]
    if hasattr(column, "to_native"):
        return column.filter(keep.tolist())
    if type(column).__module__.split(".")[0] == "pandas":
        return column[keep]
    if type(column).__module__.split(".")[0] == "pyarrow":
        import pyarrow as pa

        return column.filter(pa.array(keep))
    if hasattr(column, "filter"):
        return column.filter(keep)
    return np.fromiter(column, dtype=object, count=len(column))[keep]


def _stacked(parts: list[Any]) -> Any:
    """The same column of several runs, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if isinstance(parts[0], Encoded):
        return Encoded(parts[0].items, np.concatenate([p.codes for p in parts]))
    if type(parts[0]).__module__.split(".")[0] == "pyarrow":
        import pyarrow as pa

        chunks = [c for p in parts for c in getattr(p, "chunks", [p])]
        return pa.chunked_array(chunks)
    if not isinstance(parts[0], np.ndarray):
        parts = [np.fromiter(_listed(p), dtype=object) for p in parts]
    return np.concatenate(parts)


def _listed(column: Any) -> list[Any]:
    for name in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, name):
            return list(getattr(column, name)())
    return list(column)


# ---- what the values mean ----------------------------------------------------------------------


class Run(NamedTuple):
    """A column of votes without those that are missing."""

    argument: str
    column: Any
    part: dict[str, Any]  # the other columns of the same rows
    keep: NDArray[np.bool_]  # the rows of the whole column that it has


def signed(votes: list[Run], mapping: Mapping[Any, Any] | None) -> NDArray[np.int8]:
    """Votes of all runs as 1, 0 and -1; the numbers of all columns are read in one way."""
    read = [
        distinct(run.column, run.argument) if run.keep.any() else ([], np.empty(0, np.int64))
        for run in votes
    ]
    values = list(dict.fromkeys(v for distinct_values, _ in read for v in distinct_values))
    if mapping is not None:
        table = _mapped(values, mapping)
    else:
        table = _numbers(values, votes[0].argument) or {}
        if not table and "first" not in votes[0].part:
            table = _words(values)
    out = []
    for run, (own, codes) in zip(votes, read, strict=True):
        rows = np.flatnonzero(run.keep)
        if table or not len(rows):
            lookup = np.array([table.get(v, 2) for v in own], np.int8)
            if (lookup == 2).any():
                at = int(np.argmax(lookup[codes] == 2))
                why = "means neither first, second nor a tie: give a mapping"
                if mapping is not None:
                    why = f"is not in the mapping ({', '.join(repr(k) for k in mapping)})"
                fail(run.argument, why, int(rows[at]), own[codes[at]])
            out.append(lookup[codes] if len(rows) else np.empty(0, np.int8))
        else:
            out.append(_by_winner(run, rows))
    return np.concatenate(out)


def _mapped(values: list[Any], mapping: Mapping[Any, Any]) -> dict[Any, int]:
    table: dict[Any, int] = {}
    for value, target in mapping.items():
        word = target.strip().lower() if isinstance(target, str) else target
        vote = _TARGETS.get(word, word)
        try:
            vote = float(vote)
        except (TypeError, ValueError):
            vote = np.nan
        if vote not in (-1.0, 0.0, 1.0):
            rule = "must be 1, 0 or -1, or 'first', 'tie' or 'second'"
            fail(f"mapping[{value!r}]", rule, value=target)
        table[value] = int(vote)
    spelled = {_key(k): v for k, v in table.items()}
    return {v: table.get(v, spelled.get(_key(v), 2)) for v in values}


def _key(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _numbers(values: list[Any], argument: str) -> dict[Any, int] | None:
    """The meaning of numbers; None where some values are none."""
    try:
        numbers = [float(v) for v in values if not isinstance(v, bool)]
    except (TypeError, ValueError):
        return None
    if len(numbers) < len(values) or not numbers:
        return None
    seen = set(numbers)
    if seen <= {1.0} or (-1.0 in seen and seen <= {-1.0, 0.0, 1.0}):
        return {v: int(x) for v, x in zip(values, numbers, strict=True)}
    if 0.5 in seen and seen <= {0.0, 0.5, 1.0}:
        return {v: int(2 * x - 1) for v, x in zip(values, numbers, strict=True)}
    if seen <= {0.0, 1.0}:
        fail(
            argument,
            "0 may be a tie (votes are 1, 0, -1) or a loss: give a mapping, as 1=first, 0=second",
        )
    return None


def _words(values: list[Any]) -> dict[Any, int]:
    """The meaning of words; 2 where there is none."""
    scores = {v: _SCORES.get(str(v).strip().lower()) for v in values}
    return {v: 2 if s is None else int(2 * s - 1) for v, s in scores.items()}


def _by_winner(run: Run, rows: NDArray[np.int64]) -> NDArray[np.int8]:
    """Votes that may name the winner."""
    first, second = run.part["first"], run.part["second"]
    if not isinstance(first, Encoded):
        items, a, b = encode(first, second)
        first, second = Encoded(items, a), Encoded(items, b)
    try:
        score = outcome_scores(run.column, None, first, second)
    except BadInput as error:
        error.argument = run.argument
        if error.position is not None:
            error.position = int(rows[error.position])
        raise
    return (2 * score - 1).astype(np.int8)


def gold_shares(column: Any, mapping: Mapping[Any, Any] | None) -> NDArray[np.float64]:
    """A column of gold as shares of first, NaN where it is missing.

    Words as for votes; numbers from 0 to 1 are shares; 1, 0 and -1 with a -1 among them are votes.
    """
    keep = ~missing(column)
    out = np.full(len(keep), np.nan)
    if not keep.any():
        return out
    values, codes = distinct(kept(column, keep), "gold")
    rows = np.flatnonzero(keep)
    if mapping is not None:
        table = {v: (x + 1) / 2 if x != 2 else np.nan for v, x in _mapped(values, mapping).items()}
    else:
        table = _shares(values)
    shares = np.array([table[v] for v in values])
    if np.isnan(shares).any():
        at = int(np.argmax(np.isnan(shares)[codes]))
        fail("gold", "means neither first, second nor a tie", int(rows[at]), values[codes[at]])
    out[keep] = shares[codes]
    return out


def _shares(values: list[Any]) -> dict[Any, float]:
    try:
        numbers = [float(v) for v in values]
    except (TypeError, ValueError):
        return {v: np.nan if x == 2 else (x + 1) / 2 for v, x in _words(values).items()}
    if -1.0 in numbers and set(numbers) <= {-1.0, 0.0, 1.0}:
        numbers = [(x + 1) / 2 for x in numbers]
    return {v: x if 0 <= x <= 1 else np.nan for v, x in zip(values, numbers, strict=True)}
