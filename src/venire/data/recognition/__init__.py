"""Which columns say what: found by their names and by what stands in them.

Names propose (`_names.py`), contents decide. Where two readings fit and give different answers
nobody guesses: the error names both, and what to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.columns import Columns, VoteColumns
from venire.data.named_covariates import listed_covariates
from venire.data.naming import nearest
from venire.data.recognition._covariates import halves, possible_columns, settled
from venire.data.recognition._frames import frame_sample
from venire.data.recognition._items import items_of
from venire.data.recognition._questions import refuse
from venire.data.recognition._rest import further, groups_of, who_and_when
from venire.data.recognition._sample import Sample
from venire.data.recognition._votes import is_panel, votes_of
from venire.data.recognition._ways import WAYS, way_of
from venire.data.taken import Taken

__all__ = [
    "Chosen",
    "Given",
    "chosen",
    "frame_sample",
    "holds_lists",
    "nearest",
    "of_frame",
    "ranks_in_lists",
    "recognised",
    "role_of",
    "with_who_and_when",
]

Role = type[Columns] | type[VoteColumns]
Table = Mapping[Any, Sequence[Any]]
RANKED = ("ranking", "item", "rank", "place", "among")  # arguments of `RankingColumns` alone
_SETTINGS = ("mapping", "skip_missing", "half_life", "at")  # arguments that name no column


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
        self.named = {
            a: value for a, value in named.items() if not (value is None or value is False)
        }
        role(**(self._missing() | self.named))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in {f.name for f in fields(self.role)}:
            raise AttributeError(name)
        return self.named.get(name)

    def _missing(self) -> dict[str, Any]:
        """Something for each argument that has to be there in the end."""
        out: dict[str, Any] = {}
        for alternatives in _NEEDED[self.role]:
            begun = [one for one in alternatives if one[0] in self.named] or alternatives[:1]
            out |= dict.fromkeys(begun[0 if "pair" in self.named else -1], "?")
        return out

    @property
    def is_complete(self) -> bool:
        """Whether nothing has to be found."""
        return not set(self._missing()) - set(self.named)


# What must be known in the end: of each of these one alternative, with all arguments of it. What
# is given calls for the last that begins with it; nothing, for the first.
_NEEDED: Mapping[Role, tuple[tuple[tuple[str, ...], ...], ...]] = {
    Columns: (
        (("first",),),
        (("second",),),
        (
            ("outcome",),
            ("score",),
            ("first_score",),
            ("second_score",),
            ("win",),
            ("loss",),
            ("tie",),
        ),
    ),
    VoteColumns: (
        (("teacher",),),
        (
            ("pair",),
            ("first", "second"),
            ("second", "first"),
            ("group", "first", "second"),
            ("by", "group", "first", "second"),
        ),
        (("vote",), ("probabilities",)),
    ),
}


class Chosen(NamedTuple):
    """The columns of a call.

    Attributes
    ----------
    columns : Columns or VoteColumns
    found : tuple of str
        Arguments that nobody named.
    notes : tuple of str
    """

    columns: Any
    found: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def asked(self) -> Any:
        """The columns that are read: dates that nobody named and no half-life asks for are not."""
        idle = "date" in self.found and self.columns.half_life is None
        return replace(self.columns, date=None) if idle else self.columns

    def said(self, taken: Taken) -> Taken:
        """What is known of the table, with how its columns were found."""
        return replace(taken, found=self.found, notes=(*taken.notes, *self.notes))


def chosen(
    role: Role,
    columns: Any,
    named: Mapping[str, Any],
    sample: Callable[[], Table],
    *,
    grouped: bool = False,
) -> Chosen:
    """The columns of a call: listed beforehand, named one by one, or found.

    Parameters
    ----------
    role : Columns or VoteColumns
    columns : Columns, VoteColumns or None
    named : mapping of str to object
    sample : callable
        Gives some rows of all columns, where it is needed.
    grouped : bool
        Whether comparisons are in groups.
    """
    if columns is not None or set(named) - {f.name for f in fields(role)}:
        return _with_more(Chosen(role.of(columns, named)), sample)
    given = {a: value for a, value in named.items() if value is not None}
    constant = _as_number(given.get("score"))
    complete = Given(role, given).is_complete and not (grouped and "group" not in given)
    if complete and constant is None:
        return _with_more(Chosen(role(**named)), sample)
    rows = sample()
    if constant is not None and given["score"] not in rows:  # what is typed is text
        given["score"] = constant
    if complete:
        return _with_more(Chosen(role(**given)), sample)
    found, notes = recognised(rows, role, given, grouped=grouped)
    names = [f.name for f in fields(found) if getattr(found, f.name) != f.default]
    one = Chosen(found, tuple(name for name in names if name not in given), notes)
    return _with_more(one, sample)


def _with_more(one: Chosen, sample: Callable[[], Table]) -> Chosen:
    """The same, its covariates by columns of the table, and dates where a half-life needs them."""
    if getattr(one.columns, "half_life", None) is not None and one.columns.date is None:
        dates = who_and_when(Sample(sample()), one.columns.names).get("date")
        if dates is None:
            fail("date", "is needed for a half-life, and no column is called so: name it")
        one = Chosen(replace(one.columns, date=dates), (*one.found, "date"), one.notes)
    if getattr(one.columns, "covariates", None) is None:
        return one
    table = Sample(sample())
    found = settled(one.columns, table)
    columns = replace(one.columns, covariates=found)
    return one._replace(columns=columns, notes=(*one.notes, *halves(found, table)))


def with_who_and_when(one: Chosen, sample: Callable[[], Table]) -> Chosen:
    """The columns of comparisons, and those of voters and dates that nobody named, where some are
    found: fits do not ask for them."""
    more = who_and_when(Sample(sample()), one.columns.names)
    if not more:
        return one
    notes = tuple(note for note in one.notes if not note.endswith("(cluster is not given)"))
    notes = notes if "cluster" in more else one.notes
    return Chosen(replace(one.columns, **more), (*one.found, *more), notes)


def _as_number(score: Any) -> float | None:
    """A text as the number that it may stand for."""
    try:
        return float(score) if isinstance(score, str) else None
    except ValueError:
        return None


def of_frame(
    role: Role, columns: Any, named: Mapping[str, Any], frame: Any, *, grouped: bool = False
) -> Chosen:
    """The columns of a call about a data frame; see `chosen`."""
    return chosen(role, columns, named, lambda: frame_sample(frame), grouped=grouped)


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
        Whether comparisons are in groups; of votes, whether items and the prompts that they answer
        must be named.

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
    covariates = named.pop("covariates", None)
    _require(named, table.names)
    if covariates is not None:  # they say nothing else, unless that is said
        covariates = listed_covariates(covariates)
        asked = set(map(str, named.values()))
        theirs = possible_columns(covariates, table) - {n for n in table.names if str(n) in asked}
        table = Sample({name: x for name, x in sample.items() if name not in theirs})
    notes: list[str] = []
    if role is Columns:
        found = _comparisons(table, named, grouped, notes)
    else:
        found = votes_of(table, named, grouped, notes)
    values = found | named | ({} if covariates is None else {"covariates": covariates})
    return role(**{f.name: values[f.name] for f in fields(role) if f.name in values}), tuple(notes)


def role_of(sample: Callable[[], Table], as_: str, given: Mapping[str, Any]) -> str:
    """What a table is read as: "comparisons", "groups", "votes" or "rankings".

    Votes where a panel is found, few judges of many rows each, or nothing but votes can be found.
    """
    checks.one_of(as_, "as_", ("auto", "comparisons", "groups", "votes", "rankings"))
    if as_ != "auto":
        return as_
    if set(RANKED) & set(given):
        return "rankings"
    own = {f.name for f in fields(VoteColumns)} - {f.name for f in fields(Columns)}
    if own & set(given):
        return "votes"
    if "group" in given:
        return "groups"
    if {*WAYS, "covariates"} & set(given):
        return "comparisons"
    rows = sample()
    if not given and ranks_in_lists(rows):
        return "rankings"
    shared = {a: v for a, v in given.items() if a in {f.name for f in fields(VoteColumns)}}
    try:
        votes, _ = recognised(rows, VoteColumns, shared)
    except BadInput:
        return "comparisons"
    if is_panel(rows, votes):
        return "votes"
    try:
        recognised(rows, Columns, given)
    except BadInput as error:
        return "votes" if error.argument == "first" else "comparisons"
    return "comparisons"


def ranks_in_lists(rows: Table) -> bool:
    """Whether one column holds lists, which are rankings: the others are no comparisons."""
    if sum(holds_lists(values) for values in rows.values()) != 1:
        return False
    try:
        recognised(rows, Columns, {})
    except BadInput:
        return True
    return False


def holds_lists(values: Sequence[Any]) -> bool:
    """Whether the values of a column are lists."""
    present = [v for v in values if v is not None]
    return bool(present) and all(isinstance(v, (list, tuple, np.ndarray)) for v in present)


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
        if argument in _SETTINGS or value is False:
            continue
        if argument == "score" and isinstance(value, Real):
            continue
        for name in value if isinstance(value, (list, tuple)) else (value,):
            if name not in names:
                near, cure = nearest(name, names)
                settles = () if near is None else ({argument: near},)
                refuse(argument, f"there is no column {name!r}", settles, cure)
