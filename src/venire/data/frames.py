"""Columns of a data frame to the arguments of `Comparisons`.

Any frame that narwhals knows (pandas, Polars, PyArrow, ...) or a mapping of names to arrays. Values
are checked here, so that an error can name the column as well as the row.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.checks import BadTypeError, BadValueError, fail
from venire.data.coding import Encoded, encode, encode_one
from venire.data.outcomes import Reading, outcome_scores, truths
from venire.data.series import floats, plain

__all__ = ["Rows", "columns", "naming"]


@dataclass(frozen=True)
class Rows:
    """Checked columns, one entry per row of the frame.

    Parameters
    ----------
    first, second : Encoded
        Labels; the two share one array of items.
    score : ndarray of float64, shape (n,), or None
        None where counts were given, or where every row is a win of first.
    win, loss, tie : ndarray of float64, shape (n,), or None
        Counts, from the view of first.
    weight : ndarray of float64, shape (n,), or None
    order : ndarray of int8, shape (n,), or None
    cluster, group : Encoded or None
    source : dict of str to str
        The column that each argument came from.
    """

    first: Encoded
    second: Encoded
    score: np.ndarray | None = None
    win: np.ndarray | None = None
    loss: np.ndarray | None = None
    tie: np.ndarray | None = None
    weight: np.ndarray | None = None
    order: np.ndarray | None = None
    cluster: Encoded | None = None
    group: Encoded | None = None
    source: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.first)


def columns(
    frame: Any,
    first: str,
    second: str,
    *,
    outcome: str | None = None,
    mapping: Mapping[Any, Any] | None = None,
    score: str | None = None,
    first_score: str | None = None,
    second_score: str | None = None,
    win: str | None = None,
    loss: str | None = None,
    tie: str | None = None,
    weight: str | None = None,
    order: str | None = None,
    neutral: str | None = None,
    cluster: str | None = None,
    group: str | None = None,
    reading: Reading | None = None,
    items: Any = None,
    n_threads: int | None = None,
) -> Rows:
    """Read the columns that describe comparisons.

    Exactly one of `outcome`, `score`, `first_score` with `second_score`, or `win` with `loss` says
    who won; with none of them every row is a win of first.

    Parameters
    ----------
    frame : data frame, or mapping of str to array
        A lazy frame is collected, these columns of it only.
    first, second : str
        Columns of labels.
    outcome : str, optional
        Column of words, of the numbers 1, 0.5 and 0, or of the winner's label.
    mapping : mapping, optional
        Value of `outcome` -> score in [0, 1], or one of "first", "second" and "tie". Values that
        it lacks are errors, unless they are the label of one of the two items.
    score : str, optional
        Column of scores in [0, 1].
    first_score, second_score : str, optional
        Columns to compare: the larger wins, equal is a tie.
    win, loss, tie : str, optional
        Columns of counts, from the view of first.
    weight : str, optional
        Column of weights.
    order : str, optional
        Column of +1, -1 and 0: first, second, neither had the order advantage.
    neutral : str, optional
        Column of truth values: where true, nobody had the advantage (order 0), elsewhere `order`,
        or +1 without one.
    cluster : str, optional
        Column of labels of clusters.
    group : str, optional
        Column of labels of groups, each of which has items of its own.
    reading : {"words", "labels"}, optional
        How `outcome` is to be read, where the frame is a piece of a larger one and that is known;
        see `outcome_scores`.
    items : array_like, optional
        Labels of all items; the default is those that occur.
    n_threads : int, optional

    Returns
    -------
    Rows

    Raises
    ------
    ValueError
        If a column does not exist, a value is missing, an outcome is in no mapping, a score, weight
        or order is out of range; the message names the column and the row.
    TypeError
        If a column has a wrong type, or the arguments contradict each other.

    Examples
    --------
    >>> from venire.data.frames import columns
    >>> rows = columns({"a": ["x", "y"], "b": ["y", "z"], "w": ["x", "tie"]}, "a", "b", outcome="w")
    >>> rows.score
    array([1. , 0.5])
    """
    _one_result(outcome, score, first_score, second_score, win, loss, tie, mapping)
    wanted = {
        "first": first, "second": second, "outcome": outcome, "score": score,
        "first_score": first_score, "second_score": second_score, "win": win, "loss": loss,
        "tie": tie, "weight": weight, "order": order, "neutral": neutral, "cluster": cluster,
        "group": group,
    }  # fmt: skip
    if mapping is not None and not isinstance(mapping, Mapping):
        fail("mapping", "must be a mapping", value=mapping, kind=TypeError)
    for argument in ("first", "second"):
        if wanted[argument] is None:
            fail(argument, "must name a column", value=None, kind=TypeError)
    source = {argument: name for argument, name in wanted.items() if name is not None}
    data = _collect(frame, source)
    with naming(source):
        n, *given_columns = checks.columns(**data)
        data = dict(zip(data, given_columns, strict=True))
        if isinstance(data["first"], Encoded) and items is None:
            a, b = data["first"], data["second"]
        else:
            found, codes_a, codes_b = encode(data["first"], data["second"], items, n_threads, n=n)
            a, b = Encoded(found, codes_a), Encoded(found, codes_b)
        given: dict[str, Any] = {"first": a, "second": b, "source": source}
        for name in ("win", "loss", "tie"):
            if name in data:
                given[name] = checks.amounts(floats(data[name], name), n, name)
        if score is not None:
            given["score"] = checks.score(floats(data["score"], "score"), n)
        elif first_score is not None:
            given["score"] = _compare(
                *(
                    checks.rows(floats(data[name], name), n, name)
                    for name in ("first_score", "second_score")
                )
            )
        elif outcome is not None:
            given["score"] = outcome_scores(data["outcome"], mapping, a, b, reading)
        if weight is not None:
            given["weight"] = checks.weight(floats(data["weight"], "weight"), n)
            for name in ("win", "loss", "tie"):  # what a row counts is bounded, too
                if name in given:
                    checks.amounts(given[name] * given["weight"], n, name)
        given["order"] = _orders(data, n)
        for name in ("cluster", "group"):
            if name in data:
                given[name] = Encoded(*encode_one(plain(data[name]), name, n_threads, n=n))
    return Rows(**given)


@contextmanager
def naming(source: Mapping[str, str]) -> Iterator[None]:
    """Let errors about an argument say which column it came from."""
    try:
        yield
    except (BadValueError, BadTypeError) as error:
        column = source.get(error.argument) if error.argument else None
        if column is None or f"(column {column!r})" in str(error):
            raise
        renamed: Any = type(error)(
            str(error).replace(error.argument, f"{error.argument} (column {column!r})", 1)
        )
        renamed.__dict__.update(error.__dict__)
        raise renamed from None


def _one_result(
    outcome: Any, score: Any, first_score: Any, second_score: Any, win: Any, loss: Any, tie: Any,
    mapping: Any,
) -> None:  # fmt: skip
    """Refuse arguments that say twice, or by half, who won."""
    pairs = {
        "first_score and second_score": (first_score, second_score),
        "win and loss": (win, loss),
    }
    for names, (one, other) in pairs.items():
        if (one is None) != (other is None):
            raise TypeError(f"{names} must be given together")
    if tie is not None and win is None:
        raise TypeError("tie counts ties: give win and loss as well")
    ways = {"outcome": outcome, "score": score, "first_score": first_score, "win": win}
    used = [name for name, value in ways.items() if value is not None]
    if len(used) > 1:
        raise TypeError(f"give one of outcome, score, first_score or win, not {' and '.join(used)}")
    if mapping is not None and outcome is None:
        raise TypeError("mapping explains the values of outcome: give outcome as well")


def _collect(frame: Any, source: Mapping[str, str]) -> dict[str, Any]:
    """The columns of `frame` by argument."""
    if isinstance(frame, Mapping):
        names, get = list(frame), frame.__getitem__
    else:
        import narwhals as nw

        try:
            data: Any = nw.from_native(frame)
        except TypeError:
            raise TypeError(
                f"frame must be a data frame or a mapping of arrays, got {type(frame).__name__}"
            ) from None
        names = list(data.collect_schema().names())
        _require(source, names)
        if isinstance(data, nw.LazyFrame):
            data = data.select(list(dict.fromkeys(source.values()))).collect()
        get = data.get_column
    _require(source, names)
    out = {}
    for argument, name in source.items():
        column = get(name)
        labels = argument in ("first", "second")
        out[argument] = plain(column) if labels else column
    return out


def _require(source: Mapping[str, str], names: list[Any]) -> None:
    """Refuse a column that the frame does not have."""
    for argument, name in source.items():
        if checks.named(name, argument) not in names:
            near = difflib.get_close_matches(str(name), [str(n) for n in names], 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {_listed(names)}"
            fail(argument, f"there is no column {name!r}{hint}")


def _listed(names: list[Any], limit: int = 20) -> str:
    text = ", ".join(repr(n) for n in names[:limit])
    return text + (", ..." if len(names) > limit else "")


def _compare(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """1 where first is larger, 0.5 where the two are equal, 0 elsewhere; NaN is an error."""
    for name, array in (("first_score", first), ("second_score", second)):
        if array.dtype.kind == "f" and array.size and np.isnan(array.min()):
            at = int(np.argmax(np.isnan(array)))
            fail(name, "must be a number", at, array[at])
    out = (first > second).astype(np.float64)
    out[first == second] = 0.5
    return out


def _orders(data: Mapping[str, Any], n: int) -> np.ndarray | None:
    """The order column, switched off where the neutral column is true."""
    order = None
    if "order" in data:
        order = checks.order(floats(data["order"], "order"), n)
    if "neutral" in data:
        neutral = truths(data["neutral"], "neutral")
        order = np.ones(n, np.int8) if order is None else order.copy()
        order[neutral] = 0
    return order
