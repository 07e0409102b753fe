"""Columns of a data frame to the arguments of `Comparisons`.

Any frame that narwhals knows (pandas, Polars, PyArrow, ...) or a mapping of names to arrays. Values
are checked here, so that an error can name the column as well as the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.ageing import instants
from venire.data.coding import Encoded, encode, encode_one
from venire.data.columns import Columns
from venire.data.named_covariates import covariates_in
from venire.data.naming import nearest
from venire.data.outcomes import Reading, Survey, Terms, gaps_of, outcome_scores, survey, truths
from venire.data.rows import Rows, naming
from venire.data.series import distinct, floats, kept, missing, plain
from venire.data.sifting import Sifted, placed, sifted

__all__ = ["collect", "first_difference", "look", "read_frame", "sift"]

_LABELS = ("first", "second", "cluster", "group")
_POINTS = ("first_score", "second_score")
_WAYS = ("outcome", "score", *_POINTS, "win", "loss", "tie")


def read_frame(
    frame: Any,
    columns: Columns,
    *,
    reading: Reading | None = None,
    called: tuple[Any, Any] | None = None,
    items: Any = None,
    n_threads: int | None = None,
    may_be_empty: bool = False,
) -> Rows:
    """Read the columns that describe comparisons.

    Parameters
    ----------
    frame : data frame, or mapping of str to array
        A lazy frame is collected, these columns of it only.
    columns : Columns
    reading : str, optional
        How `outcome` is to be read, where the frame is a piece of a larger one and that is known;
        see `outcome_scores`.
    called : pair of str, optional
        What the columns of the two items are called, where they go by other names here.
    items : array_like, optional
        Labels of all items; the default is those that occur.
    n_threads : int, optional
    may_be_empty : bool
        Whether all rows may be left out.

    Returns
    -------
    Rows

    Raises
    ------
    ValueError
        If a column does not exist, a value is missing (and `columns.skip_missing` is False), an
        outcome has no meaning or more than one, a score, weight or order is out of range; the
        message names the column and the row.
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
    terms = Terms(columns.mapping, *(called or (columns.first, columns.second)))
    with naming(source):
        n, *given_columns = checks.columns(**data)
        data = dict(zip(data, given_columns, strict=True))
        try:
            rows = _rows(data, n, columns, terms, reading, items, n_threads)
        except BadInput as error:  # most tables lack nothing: they are not looked through for it
            refused: BadInput = error
        else:
            return rows._replace(source=source)
        found = sift(data, columns, terms)
        if found is None or found.keep.all():
            raise (found and found.refused) or refused
        if found.refused is not None:
            raise found.refused
        if may_be_empty and not found.keep.any():
            none: dict[str, Any] = {a: np.empty(0, np.int64) for a in _LABELS if a in data}
            return Rows(
                0, **none, score=np.empty(0), source=source, dropped=found.dropped,
                kept=np.empty(0, np.int64),
            )  # fmt: skip
        if not found.keep.any():
            told = ", ".join(f"{count:,} {reason}" for reason, count in found.dropped.items())
            fail("first", f"no row is left: {told}")
        data = {argument: kept(column, found.keep) for argument, column in data.items()}
        for together in (("first", "second"), ("cluster",), ("group",)):
            data |= _used({a: data[a] for a in together if isinstance(data.get(a), Encoded)})
        with placed(np.flatnonzero(found.keep)):
            rows = _rows(data, int(found.keep.sum()), columns, terms, reading, items, n_threads)
    # of rows that are left out, too
    elsewhere = set(terms.unused(())) - set(terms.unused(found.used))
    at, seen = np.flatnonzero(found.keep), rows.survey
    return rows._replace(
        source=source, dropped=found.dropped, kept=at,
        notes=tuple(note for note in rows.notes if note not in elsewhere),
        survey=seen and seen.within(at, n)._replace(used=seen.used | found.used),
    )  # fmt: skip


def _rows(
    data: dict[str, Any],
    n: int,
    columns: Columns,
    terms: Terms,
    reading: Reading | None,
    items: Any,
    n_threads: int | None,
) -> Rows:
    """The rows, if they lack nothing."""
    a, b = _items(data, n, items, n_threads)
    if "outcome" in data:
        _no_header(a, b, data["outcome"], columns.outcome, terms)
    given: dict[str, Any] = {"first": a, "second": b}
    for name in ("win", "loss", "tie"):
        if name in data:
            given[name] = checks.amounts(floats(data[name], name), n, name)
    if columns.constant is not None:
        given["score"] = columns.constant
    elif "score" in data:
        given["score"] = checks.score(floats(data["score"], "score"), n)
    elif "first_score" in data:
        given["score"] = _compare(*(checks.rows(floats(data[p], p), n, p) for p in _POINTS))
    elif "outcome" in data:
        given["score"], how = outcome_scores(data["outcome"], terms, a, b, reading)
        given |= {"notes": how.notes, "survey": how.survey}
    if "weight" in data:
        given["weight"] = checks.weight(floats(data["weight"], "weight"), n)
        for name in ("win", "loss", "tie"):  # what a row counts is bounded, too
            if name in given:
                checks.amounts(given[name] * given["weight"], n, name)
    given["order"] = _orders(data, n)
    if columns.covariates is not None:
        given["covariates"] = covariates_in(data, columns.covariates, n)
    if "date" in data and columns.group is None:
        given["date"] = instants(data["date"], n)
        given |= {"half_life": columns.half_life, "at": columns.at}
    for name in ("cluster", "group"):
        if name in data:
            found = data[name]
            if not isinstance(found, Encoded):
                found = Encoded(*encode_one(plain(found), name, n_threads, n=n))
            given[name] = _whole(found, name)
    return Rows(n, **given)


def _no_header(
    first: Encoded, second: Encoded, outcome: Any, name: str | None, terms: Terms
) -> None:
    """Refuse a row that repeats the header, as where files were written one after the other: its
    outcome may be a known word. (In a column of numbers it is an error by itself.)"""
    if first.items.dtype.kind not in "OUT":
        return
    header = [np.flatnonzero(first.items == label) for label in (terms.first, terms.second)]
    if not all(len(at) for at in header):
        return
    here = (first.codes == header[0][0]) & (second.codes == header[1][0])
    if not here.any():
        return
    values, codes = distinct(kept(outcome, here), "outcome")
    rows = np.flatnonzero(here)[np.array([value == name for value in values], bool)[codes]]
    if len(rows):
        at = int(rows[0])
        fail("first", "the row repeats the header", at, str(terms.first), cure="take it out")


def _shares(rows: Rows) -> NDArray[np.float64]:
    tie = 0.0 if rows.tie is None else rows.tie
    with np.errstate(invalid="ignore"):
        return np.asarray((rows.win + 0.5 * tie) / (rows.win + rows.loss + tie))


def first_difference(frame: Any, one: Columns, other: Columns) -> int | None:
    """The first row of which two ways to say who won say different things; None if there is none.

    Rows of which either says nothing are passed over.

    Parameters
    ----------
    frame : data frame, or mapping of str to array
    one, other : Columns
        Of the same items.

    Examples
    --------
    >>> from venire.data.columns import Columns
    >>> from venire.data.frames import first_difference
    >>> games = {"h": ["x", "y"], "a": ["y", "x"], "res": ["H", "A"], "hg": [2, 1], "ag": [0, 1]}
    >>> goals = Columns(first="h", second="a", first_score="hg", second_score="ag")
    >>> first_difference(games, goals, Columns(first="h", second="a", outcome="res"))
    1
    """
    told = []
    for columns in (one, other):
        rows = read_frame(frame, replace(columns, skip_missing=True), may_be_empty=True)
        score = np.full(rows.n + sum(rows.dropped.values()), np.nan)
        here = np.arange(len(score)) if rows.kept is None else rows.kept
        score[here] = rows.score if rows.win is None else _shares(rows)
        told.append(score)
    differ = (told[0] != told[1]) & ~np.isnan(told[0]) & ~np.isnan(told[1])
    return int(np.argmax(differ)) if differ.any() else None


def _items(data: Mapping[str, Any], n: int, items: Any, n_threads: int | None) -> list[Encoded]:
    """The items of the rows, coded over one list."""
    pair = {name: data[name] for name in ("first", "second")}
    if isinstance(data["first"], Encoded):
        for name, column in pair.items():
            _whole(column, name)
        if items is None:
            return [*pair.values()]
    found, one, other = encode(pair["first"], pair["second"], items, n_threads, n=n)
    return [_whole(Encoded(found, c), name) for c, name in zip((one, other), pair, strict=True)]


def _whole(labels: Encoded, name: str) -> Encoded:
    """The labels, if none is missing: null, which has the code -1, or blank."""
    absent = labels.codes < 0 if labels.codes.size and labels.codes.min() < 0 else None
    if absent is None and labels.items.dtype == object and not labels.interim:
        blank = [k for k, text in enumerate(_leading(labels.items)) if not text.strip()]
        absent = np.isin(labels.codes, blank) if blank else None
    if absent is not None and absent.any():
        fail(name, "a value is missing (null)", int(np.argmax(absent)))
    return labels


def _leading(items: NDArray[Any]) -> Iterator[str]:
    """The labels that blanks may be among, if they are sorted: those that begin with one."""
    return takewhile(lambda text: text[:1] <= " ", items.tolist())


def _used(columns: Mapping[str, Encoded]) -> dict[str, Encoded]:
    """The same labels, without those that no row has any more."""
    if not columns or any(column.interim for column in columns.values()):
        return {}
    items = next(iter(columns.values())).items
    seen = np.zeros(len(items) + 1, bool)  # the last one is that of the code -1
    for column in columns.values():
        seen[column.codes] = True
    rank = np.append(np.cumsum(seen[:-1], dtype=np.int32) - np.int32(1), np.int32(-1))
    kept_items = items[seen[:-1]]
    return {a: Encoded(kept_items, rank[column.codes]) for a, column in columns.items()}


def _distinct(column: Any, absent: NDArray[np.bool_], name: str) -> list[Any]:
    if isinstance(column, Encoded):
        return column.items.tolist()
    return distinct(kept(column, ~absent), name)[0] if not absent.all() else []


def look(frame: Mapping[str, Any], columns: Columns, called: tuple[Any, Any]) -> Survey:
    """What a piece of a column of outcomes looks like, in the rows that are not left out.

    Parameters
    ----------
    frame : mapping of str to column
        The outcomes, and the coded labels.
    columns : Columns
    called : pair of str
        As in `read_frame`.
    """
    wanted = (*_LABELS, "outcome")
    data = {a: frame[name] for a, name in columns.names.items() if a in wanted}
    terms, n = Terms(columns.mapping, *called), len(data["first"])
    found = sift(data, columns, terms)
    if found is None or found.keep.all():
        return survey(data["outcome"], terms, data["first"], data["second"])
    own = {argument: kept(column, found.keep) for argument, column in data.items()}
    seen = survey(own["outcome"], terms, own["first"], own["second"])
    return seen.within(np.flatnonzero(found.keep), n)._replace(used=seen.used | found.used)


def sift(data: Mapping[str, Any], columns: Columns, terms: Terms) -> Sifted | None:
    """Which rows are to be left out; None where that cannot be told of such columns.

    `data` has the columns by argument, as they come, or coded.
    """
    try:
        labels = {a: missing(data[a], a) for a in _LABELS if a in data}
        gaps: dict[str, Any] = {}
        used: frozenset[str] = frozenset()
        for name in _WAYS:
            if name == "outcome" and name in data:
                known = [_distinct(data[a], labels[a], a) for a in ("first", "second")]
                items = np.array([*known[0], *known[1]], object)
                *gaps[name], used = gaps_of(data[name], terms, items)
            elif name in data:
                *gaps[name], _ = gaps_of(data[name], Terms(), None)
        found = sifted(labels, gaps, columns.skip_missing, data)
        return found._replace(used=used)
    except BadInput:
        return None


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
