"""Which columns say what: found by their names and by what stands in them.

Names propose (`_names.py`), contents decide. Where two readings fit and give different answers
nobody guesses: the error names both, and what to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from venire.data.columns import Columns, VoteColumns
from venire.data.recognition._items import items_of
from venire.data.recognition._questions import nearest, refuse
from venire.data.recognition._rest import further, groups_of
from venire.data.recognition._sample import Sample
from venire.data.recognition._votes import is_panel, votes_of
from venire.data.recognition._ways import way_of

__all__ = ["Given", "chosen", "is_panel", "nearest", "recognised"]

Role = type[Columns] | type[VoteColumns]
Table = Mapping[Any, Sequence[Any]]
_SETTINGS = ("mapping", "skip_missing")  # arguments that name no column


class Given:
    """The columns that a caller named; the others are found.

    Parameters
    ----------
    role : Columns or VoteColumns
    named : mapping of str to object
        The arguments. An attribute of the role that is not among them is None.

    Raises
    ------
    TypeError
        If they contradict each other, whatever else is found.
    """

    def __init__(self, role: Role, named: Mapping[str, Any]) -> None:
        self.role = role
        self.named = {a: value for a, value in named.items() if not (value is None or value is False)}
        role(**(self._missing() | self.named))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in {f.name for f in fields(self.role)}:
            raise AttributeError(name)
        return self.named.get(name)

    def _missing(self) -> dict[str, Any]:
        """Something for each argument that has to be there in the end."""
        out = {}
        for alternatives in _NEEDED[self.role]:
            if not any(set(one) & set(self.named) for one in alternatives):
                out |= dict.fromkeys(alternatives[0], "?")
            for one in alternatives:
                if set(one) & set(self.named):
                    out |= dict.fromkeys(one, "?")
                    break
        return out

    @property
    def is_complete(self) -> bool:
        """Whether nothing has to be found."""
        return not set(self._missing()) - set(self.named)


# What must be known in the end: of each of these one alternative, all arguments of it.
_NEEDED: Mapping[Role, tuple[tuple[tuple[str, ...], ...], ...]] = {
    Columns: (
        (("first",),),
        (("second",),),
        (("outcome",), ("score",), ("first_score",), ("second_score",), ("win",), ("loss",), ("tie",)),
    ),
    VoteColumns: (
        (("teacher",),),
        (("pair",), ("first", "second"), ("group", "first", "second")),
        (("vote",), ("probabilities",)),
    ),
}


def chosen(
    role: Role,
    columns: Any,
    named: Mapping[str, Any],
    sample: Callable[[], Table],
    *,
    grouped: bool = False,
) -> tuple[Any, tuple[str, ...]]:
    """The columns of a call: listed beforehand, named one by one, or found.

    Parameters
    ----------
    role : Columns or VoteColumns
    columns : Columns, VoteColumns, Given or None
    named : mapping of str to object
    sample : callable
        Gives some rows of all columns, where it is needed.
    grouped : bool

    Returns
    -------
    columns : Columns or VoteColumns
    notes : tuple of str
    """
    if isinstance(columns, Given):
        columns, named = None, columns.named
    if columns is not None:
        return role.of(columns, named), ()
    unknown = set(named) - {f.name for f in fields(role)}
    given = {a: value for a, value in named.items() if value is not None}
    if unknown or not (grouped and "group" not in given) and Given(role, given).is_complete:
        return role(**named), ()
    return recognised(sample(), role, given, grouped=grouped)


def recognised(
    sample: Table, role: Role, given: Mapping[str, Any], *, grouped: bool = False
) -> tuple[Any, tuple[str, ...]]:
    """Find the columns that nobody named.

    Parameters
    ----------
    sample : mapping of name to sequence
        Some rows of all columns, as values or as text.
    role : Columns or VoteColumns
        What is looked for.
    given : mapping of str to object
        The arguments that the caller named; they stay as they are.
    grouped : bool, default False
        Whether comparisons are in groups.

    Returns
    -------
    columns : Columns or VoteColumns
    notes : tuple of str
        What was chosen among several readings, and what was left out.

    Raises
    ------
    ValueError
        If two readings fit, or none; its `settles` are arguments each of which settles it.

    Examples
    --------
    >>> from venire.data.columns import Columns
    >>> from venire.data.recognition import recognised
    >>> games = {"HomeTeam": ["x", "y"], "AwayTeam": ["y", "x"], "FTHG": [2, 0], "FTAG": [1, 0]}
    >>> columns, notes = recognised(games, Columns, {})
    >>> columns.names
    {'first': 'HomeTeam', 'second': 'AwayTeam', 'first_score': 'FTHG', 'second_score': 'FTAG'}
    """
    table = Sample(sample)
    named = {argument: value for argument, value in given.items() if value is not None}
    _require(named, table.names)
    notes: list[str] = []
    if role is Columns:
        found = _comparisons(table, named, grouped, notes)
    else:
        found = votes_of(table, named, notes)
    values = found | named
    return role(**{f.name: values[f.name] for f in fields(role) if f.name in values}), tuple(notes)


def _comparisons(
    table: Sample, named: dict[str, Any], grouped: bool, notes: list[str]
) -> dict[str, Any]:
    pairs = items_of(table, named)
    pair, found = way_of(table, pairs, named, notes)
    found |= {"first": pair.first.name, "second": pair.second.name}
    taken = found | named
    if grouped and "group" not in named:
        found["group"] = taken["group"] = groups_of(table, taken)
    return found | further(table, taken, notes)


def _require(named: Mapping[str, Any], names: list[Any]) -> None:
    """Refuse the name of a column that is not there."""
    for argument, value in named.items():
        if argument in _SETTINGS or (argument == "score" and not isinstance(value, str)):
            continue
        for name in value if isinstance(value, (list, tuple)) else (value,):
            if name not in names:
                near, cure = nearest(name, names)
                settles = () if near is None else ({argument: near},)
                refuse(argument, f"there is no column {name!r}", settles, cure)
