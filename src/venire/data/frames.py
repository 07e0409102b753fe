"""Columns of a data frame to the arguments of `Comparisons`.

Any frame that narwhals knows (pandas, Polars, PyArrow, ...) or a mapping of names to arrays. Values
are checked here, so that an error can name the column as well as the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.checks import fail
from venire.data.coding import Encoded, encode, encode_one
from venire.data.columns import Columns
from venire.data.naming import nearest
from venire.data.outcomes import Reading, outcome_scores, truths
from venire.data.rows import Rows, naming
from venire.data.series import floats, plain

__all__ = ["collect", "read_frame"]


def read_frame(
    frame: Any,
    columns: Columns,
    *,
    reading: Reading | None = None,
    items: Any = None,
    n_threads: int | None = None,
) -> Rows:
    """Read the columns that describe comparisons.

    Parameters
    ----------
    frame : data frame, or mapping of str to array
        A lazy frame is collected, these columns of it only.
    columns : Columns
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
        If a column has a wrong type.

    Examples
    --------
    >>> from venire.data.columns import Columns
    >>> from venire.data.frames import read_frame
    >>> votes = {"a": ["x", "y"], "b": ["y", "z"], "w": ["x", "tie"]}
    >>> read_frame(votes, Columns(first="a", second="b", outcome="w")).score
    array([1. , 0.5])
    """
    source = columns.names
    data = collect(frame, source)
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
        if columns.constant is not None:
            given["score"] = columns.constant
        elif "score" in data:
            given["score"] = checks.score(floats(data["score"], "score"), n)
        elif "first_score" in data:
            given["score"] = _compare(
                *(
                    checks.rows(floats(data[name], name), n, name)
                    for name in ("first_score", "second_score")
                )
            )
        elif "outcome" in data:
            given["score"] = outcome_scores(data["outcome"], columns.mapping, a, b, reading)
        if "weight" in data:
            given["weight"] = checks.weight(floats(data["weight"], "weight"), n)
            for name in ("win", "loss", "tie"):  # what a row counts is bounded, too
                if name in given:
                    checks.amounts(given[name] * given["weight"], n, name)
        given["order"] = _orders(data, n)
        for name in ("cluster", "group"):
            if name in data:
                given[name] = Encoded(*encode_one(plain(data[name]), name, n_threads, n=n))
    return Rows(n, **given)


def collect(frame: Any, source: Mapping[str, str]) -> dict[str, Any]:
    """The columns of `frame` by argument."""
    if isinstance(frame, Mapping):
        names, get = list(frame), frame.__getitem__
    else:
        import narwhals as nw

        try:
            data: Any = nw.from_native(frame)
        except TypeError:
            rule = "must be a data frame or a mapping of arrays"
            fail("frame", rule, value=frame, kind=TypeError)
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
        if name not in names:
            fail(argument, f"there is no column {name!r}", cure=nearest(name, names)[1])


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
