"""A source as what it is recognised to be."""

from __future__ import annotations

from typing import Any

from venire._core.checks import BadValueError
from venire.data import recognition
from venire.data.any_frame import As
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rankings import Rankings
from venire.data.votes import Votes
from venire.io._read import Path, Progress, read_comparisons, read_grouped
from venire.io._read_rankings import read_rankings
from venire.io._read_votes import read_votes
from venire.io.assemble import located
from venire.io.scanner import Dialect, Scanner

__all__ = ["read"]


def read(
    source: Path,
    *,
    as_: As = "auto",
    delimiter: str | None = None,
    encoding: str | None = None,
    decimal: str | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    **columns: Any,
) -> Comparisons | GroupedComparisons | Votes | Rankings:
    """Comparisons, votes or rankings from files.

    Parameters
    ----------
    source : path-like, binary file, or list of them
        Delimited text, JSON, Parquet, Arrow or Excel files, also compressed; see
        `venire.io.Scanner`.
    as_ : {"auto", "comparisons", "groups", "votes", "rankings"}
        What to make of it. "auto": rankings where arguments of `RankingColumns` alone are named, or
        a column holds lists; groups where a `group` is named; votes where arguments of
        `VoteColumns` are named, or a panel is found: 2 to 50 judges of many rows each; comparisons
        otherwise.
    delimiter, encoding, decimal : str, optional
        How text files are written; see `venire.io.Dialect`. Default: what their first rows say.
    n_threads : int, optional
    progress : callable, optional
        Called with the number of rows read and their total, where it is known beforehand.
    **columns
        Arguments of `Columns`, `VoteColumns` or `RankingColumns`. What is missing is found by the
        names of the columns and by what stands in the first rows and in some later ones.

    Returns
    -------
    Comparisons, GroupedComparisons, Votes or Rankings
        `taken` says how it was read, ``taken.columns`` (and `columns`) which columns were taken.
        A column of gold is found, but only `venire.io.read_votes` reads it. Of votes, the first of
        a row is taken to be shown first, unless a column says otherwise.

    Raises
    ------
    DataError
        If two readings fit and give different answers, or none does: the message names the
        candidates and the arguments that settle it; or if a file cannot be read or holds a bad
        value, with file, row and column.
    TypeError
        As for `Columns`, `VoteColumns` and `RankingColumns`.

    Notes
    -----
    Time and memory as for `venire.io.read_comparisons` and the like, and a look at 1,000 rows.

    Examples
    --------
    >>> import venire as vn
    >>> c = vn.read("battles.csv")  # doctest: +SKIP
    >>> print(c.taken)  # doctest: +SKIP
    first=model_a, second=model_b, outcome=winner
    """
    scanner = Scanner(source, Dialect(delimiter=delimiter, encoding=encoding, decimal=decimal))
    try:
        role = recognition.role_of(scanner.sample, as_, columns)
    except BadValueError as error:
        raise located(scanner.path, error, {}) from None
    more: Any = {"n_threads": n_threads, "progress": progress, **columns}
    if role == "votes":
        return read_votes(scanner, as_shown=True, **more).votes
    if role == "rankings":
        return read_rankings(scanner, **more)
    return (read_grouped if role == "groups" else read_comparisons)(scanner, **more)
