"""The columns of a table of comparisons, by what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from venire._core import checks

__all__ = ["Columns"]

WHO, FURTHER = "Who won (one way)", "Further columns"


def _column(says: str, topic: str = FURTHER) -> Any:
    """An optional column; what it says is the help of its option, too."""
    return field(default=None, metadata={"says": says, "topic": topic})


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names of the columns that describe comparisons.

    Exactly one of `outcome`, `score`, `first_score` with `second_score`, or `win` with `loss` says
    who won; with none of them every row is a win of first.

    Parameters
    ----------
    first, second : str
        Labels of the compared items.
    outcome : str, optional
        Words, the numbers 1, 0.5 and 0, or the winner's label.
    mapping : mapping, optional
        Value of `outcome` -> score in [0, 1], or one of "first", "second" and "tie". Values that
        it lacks are errors, unless they are the label of one of the two items.
    score : str, optional
        Scores in [0, 1].
    first_score, second_score : str, optional
        Points: the larger wins, equal is a tie.
    win, loss, tie : str, optional
        Counts, from the view of first.
    weight : str, optional
        How many comparisons a row stands for.
    order : str, optional
        +1, -1 and 0: first, second, neither had the order advantage.
    neutral : str, optional
        Truth values: where true, nobody had the advantage (order 0), elsewhere `order`, or +1
        without one.
    cluster : str, optional
        Labels of clusters, whose rows are resampled together.
    group : str, optional
        Labels of groups, each of which has items of its own.

    Attributes
    ----------
    names : dict of str to str
        The column of each argument that was given.

    Raises
    ------
    TypeError
        If the arguments contradict each other, or `first` or `second` is missing.

    Examples
    --------
    >>> from venire.data.columns import Columns
    >>> Columns(first="home", second="away", outcome="result").names
    {'first': 'home', 'second': 'away', 'outcome': 'result'}
    """

    first: str = field(metadata={"says": "Label of the first item.", "topic": "Items"})
    second: str = field(metadata={"says": "Label of the second item.", "topic": "Items"})
    outcome: str | None = _column("Words (first, second, tie, ...), 1/0.5/0 or the winner.", WHO)
    mapping: Mapping[Any, Any] | None = None
    score: str | None = _column("Share that first got, 0 to 1; 0.5 is a tie.", WHO)
    first_score: str | None = _column("Points of first: more than second wins.", WHO)
    second_score: str | None = _column("Points of second.", WHO)
    win: str | None = _column("Number of wins of first.", WHO)
    loss: str | None = _column("Number of losses of first.", WHO)
    tie: str | None = _column("Number of ties.", WHO)
    weight: str | None = _column("How many comparisons a row stands for.")
    order: str | None = _column("+1 first had the order advantage, -1 second had, 0 neither.")
    neutral: str | None = _column("True where nobody had the order advantage.")
    cluster: str | None = _column("What is resampled together: user, judge, query.")
    group: str | None = _column("What the items belong to: query, topic, user.")

    def __post_init__(self) -> None:
        for argument in ("first", "second"):
            if getattr(self, argument) is None:
                checks.fail(argument, "must name a column", value=None, kind=TypeError)
        if self.mapping is not None and not isinstance(self.mapping, Mapping):
            checks.fail("mapping", "must be a mapping", value=self.mapping, kind=TypeError)
        given = self.names
        for one, other in (("first_score", "second_score"), ("win", "loss")):
            if (one in given) != (other in given):
                raise TypeError(f"{one} and {other} must be given together")
        if "tie" in given and "win" not in given:
            raise TypeError("tie counts ties: give win and loss as well")
        ways = [name for name in ("outcome", "score", "first_score", "win") if name in given]
        if len(ways) > 1:
            ways_text = " and ".join(ways)
            raise TypeError(f"give one of outcome, score, first_score or win, not {ways_text}")
        if self.mapping is not None and "outcome" not in given:
            raise TypeError("mapping explains the values of outcome: give outcome as well")

    @property
    def names(self) -> dict[str, str]:
        """The column of each argument that was given."""
        return {
            f.name: value
            for f in fields(self)
            if f.name != "mapping" and (value := getattr(self, f.name)) is not None
        }
