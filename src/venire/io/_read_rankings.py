"""Rankings from files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Unpack

from venire._core import checks
from venire.data.rankings import Rankings
from venire.data.rankings.columns import RankingColumnNames, RankingColumns
from venire.data.rankings.finding import chosen_columns
from venire.data.rankings.reading import Lists, RankingTable, lists_in
from venire.data.recognition import Chosen
from venire.io._errors import DataError
from venire.io._read import Progress
from venire.io.assemble import about_rows, as_integers, gathered, located
from venire.io.choosing import opened
from venire.io.scanner import Dialect, Scanner
from venire.io.tables import Tables

__all__ = ["read_rankings"]

_NUMBERS = ("rank", "weight")


def read_rankings(
    path: Any,
    columns: RankingColumns | None = None,
    *,
    dialect: Dialect | None = None,
    items: Any = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **named: Unpack[RankingColumnNames],
) -> Rankings:
    """Read rankings from a file.

    Parameters
    ----------
    path : path-like, binary file, list of them, or Scanner
        Files, folders, globs, or "-", as `venire.io.Scanner` takes them: one table. JSON may hold
        lists: ``{"ranking": ["a", "b"]}``, or ``["a", "b"]`` alone.
    columns : RankingColumns, optional
        What its columns say. In text files labels that all are written as integers become integers.
    items : array_like, optional
        Labels of all items; the default is those that occur.
    dialect : Dialect, optional
        How text files are written; default: what their first rows say.
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    **named
        The arguments of `RankingColumns` one by one, instead of `columns`. What is missing is found
        by the names of the columns; `taken` says what was.

    Returns
    -------
    Rankings

    Raises
    ------
    DataError
        If the file cannot be read or holds a bad value; the message names file, row and column.
    TypeError
        As for `RankingColumns`.

    Examples
    --------
    >>> import venire as vn
    >>> r = vn.io.read_rankings(
    ...     "races.csv", ranking="race", item="driver", rank="finish"
    ... )  # doctest: +SKIP
    """
    scanner = opened(path, dialect)
    chosen = _chosen(scanner, columns, named)
    own = chosen.columns
    names = own.in_file().names
    with about_rows(scanner.path, names, scanner.place):
        places = [a for a in names if a.startswith("place")]
        tables = scanner.tables(names, [a for a in names if a not in _NUMBERS])
        heard = tables.heard(progress)
        if places == ["place"]:
            data, n = _with_lists(tables, names, n_threads)
        else:
            labels = [a for a in names if a not in (*_NUMBERS, *places)]
            texts = [*labels, places[0]] if places else labels
            frame = gathered(
                tables.pieces, names, [*labels, *places], texts if tables.is_text else (),
                n_threads, heard, together=places,
            )  # fmt: skip
            if frame is None:
                raise DataError(scanner.path, "holds no rows")
            data = {a: frame.get(f"\0{a}", frame.get(name)) for a, name in names.items()}
            n = len(data[next(iter(names))])
        out = RankingTable(own, data, n, checks.n_threads(n_threads), items).read()
    if out.taken is not None:
        notes = (*out.taken.notes, *scanner.notes)
        out.taken = chosen.said(replace(out.taken, notes=notes))
    return out


def _chosen(scanner: Scanner, columns: RankingColumns | None, named: Any) -> Chosen:
    try:
        return chosen_columns(columns, named, scanner.sample)
    except checks.BadValueError as error:
        raise located(scanner.path, error, {}) from None


def _with_lists(
    tables: Tables, names: dict[str, str], n_threads: int | None
) -> tuple[dict[str, Any], int]:
    """A column of lists, and the others as they come."""
    rest: list[Any] = []

    def parts() -> Iterator[Any]:
        done = 0
        for piece in tables.pieces:
            rest.append({name: piece[name] for name in names.values() if name != names["place"]})
            yield lists_in(piece[names["place"]], done)
            done += len(piece[names["place"]])

    lists = Lists.joined(parts(), n_threads)
    if tables.is_text:
        items, (codes,) = as_integers(lists.items, [lists.listed.item])
        lists = Lists(items, lists.listed._replace(item=codes))
    n = len(lists.listed.offsets) - 1
    others = {a: name for a, name in names.items() if a != "place"}
    labels = [a for a in others if a not in _NUMBERS]
    texts = labels if tables.is_text else ()
    frame = (gathered(rest, others, labels, texts) if others else None) or {}
    data = {a: frame.get(f"\0{a}", frame.get(name)) for a, name in others.items()}
    return {"place": lists, **data}, n
