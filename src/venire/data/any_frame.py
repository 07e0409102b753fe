"""A data frame as what it is recognised to be."""

from __future__ import annotations

from typing import Any, Literal

from venire.data import recognition
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rankings import Rankings
from venire.data.recognition import frame_sample
from venire.data.votes import Votes

__all__ = ["As", "from_frame"]

As = Literal["auto", "comparisons", "groups", "votes", "rankings"]


def from_frame(
    frame: Any, *, as_: As = "auto", n_threads: int | None = None, **columns: Any
) -> Comparisons | GroupedComparisons | Votes | Rankings:
    """Comparisons, votes or rankings from a data frame (pandas, Polars, PyArrow, ...).

    Parameters
    ----------
    frame : data frame, or mapping of str to array
        Anything that narwhals knows; a lazy frame is collected, the columns in use only.
    as_ : {"auto", "comparisons", "groups", "votes", "rankings"}
        What to make of it. "auto": rankings where arguments of `RankingColumns` alone are named, or
        a column holds lists; groups where a `group` is named; votes where arguments of
        `VoteColumns` are named, or a panel is found: 2 to 50 judges of many rows each; comparisons
        otherwise.
    n_threads : int, optional
    **columns
        Arguments of `Columns`, `VoteColumns` or `RankingColumns`. What is missing is found by the
        names of the columns and by what stands in the first rows and in some later ones.

    Returns
    -------
    Comparisons, GroupedComparisons, Votes or Rankings
        `taken` says how it was read, ``taken.columns`` (and `columns`) which columns were taken. Of
        votes, the first of a row is taken to be shown first, unless a column says otherwise.

    Raises
    ------
    ValueError
        If two readings fit and give different answers, or none does: the message names the
        candidates and the arguments that settle it; or as `Comparisons.from_frame`,
        `GroupedComparisons.from_frame`, `Votes.from_frame` and `Rankings.from_frame`.
    TypeError
        As these.

    Examples
    --------
    >>> import venire as vn
    >>> games = {"home": ["x", "y"], "away": ["y", "x"], "hg": [2, 0], "ag": [1, 0]}
    >>> c = vn.from_frame(games)
    >>> print(c.taken)
    first=home, second=away, first_score=hg, second_score=ag
    >>> c.win.tolist(), c.tie.tolist()
    ([0.0, 1.0], [1.0, 0.0])
    """
    role = recognition.role_of(lambda: frame_sample(frame), as_, columns)
    if role == "votes":
        return Votes.from_frame(frame, n_threads=n_threads, as_shown=True, **columns)
    makers = {"comparisons": Comparisons, "groups": GroupedComparisons, "rankings": Rankings}
    return makers[role].from_frame(frame, n_threads=n_threads, **columns)  # type: ignore[attr-defined]
