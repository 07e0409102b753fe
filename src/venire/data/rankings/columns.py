"""The columns of a table of rankings, by what each of them says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypedDict

from venire._core import checks
from venire.data._named import Named
from venire.data.columns import _column, _skipping

__all__ = ["RANKED", "GivenRankings", "RankingColumnNames", "RankingColumns"]

RANKED = "Rankings (one way)"
_LONG = ("ranking", "item", "rank")


@dataclass(frozen=True, kw_only=True)
class RankingColumns(Named):
    """Names of the columns that describe rankings.

    `ranking`, `item` and `rank`, with a row for each item of each ranking; or `place`, with a row
    for each ranking.

    Parameters
    ----------
    ranking : str, optional
        Labels of the rankings (races, ballots).
    item : str, optional
        Labels of the items.
    rank : str, optional
        Numbers: the smallest is the best, equal ones share a place, and only their order counts.
    place : str or list of str, optional
        The columns of the first, the second, ... place; empty places at the end of a row are none.
        Or one column of lists of labels, best first, or of text: ``a > b = c``.
    among : {"rows", "all"}, optional
        What a ranking was made of. "rows": items without a rank are of the set, below all that have
        one. "all": all items are. Default: what is placed, and a missing rank is an error.
    weight : str, optional
        How many rankings one stands for.
    group : str, optional
        Labels of groups, each of which has items of its own.
    cluster : str, optional
        Labels of clusters of rankings, which are resampled together.
    skip_missing : bool, default False
        Leave out rows that lack a label or a rank, and rankings of one item, which else are errors.
        Rows that are wholly empty are left out in any case; `Taken.dropped` counts them all.

    Attributes
    ----------
    names : dict of str to str
        The column of each argument that was given; several places are place0, place1, ...

    Raises
    ------
    TypeError
        If the arguments contradict each other, or one of them cannot name a column.

    Examples
    --------
    >>> from venire.data import RankingColumns
    >>> RankingColumns(ranking="race", item="driver", rank="finish").names
    {'ranking': 'race', 'item': 'driver', 'rank': 'finish'}
    >>> RankingColumns(place=["1st", "2nd"]).names
    {'place0': '1st', 'place1': '2nd'}
    """

    mapping: ClassVar[None] = None  # which other lists of columns have

    ranking: str | None = _column("Label of the ranking: a row for each of its items.", RANKED)
    item: str | None = _column("Label of the ranked item.", RANKED)
    rank: str | None = _column("Its rank: the smallest number is the best.", RANKED)
    place: str | list[str] | None = field(
        default=None,
        metadata={
            "says": "A row for each ranking: who has the first place; repeat it for the second, "
            "... Or a column of lists, or of text such as a > b = c.",
            "topic": RANKED,
            "typed": list[str] | None,
        },
    )
    among: Literal["rows", "all"] | None = field(
        default=None,
        metadata={
            "says": "What is ranked: rows: items without a rank are below; all: all items are.",
            "topic": RANKED,
            "choices": ("rows", "all"),
            "more": {},
        },
    )
    weight: str | None = _column("How many rankings one stands for.")
    group: str | None = _column("What the items belong to: query, topic, user.")
    cluster: str | None = _column("What is resampled together: user, judge, query.")
    skip_missing: bool = _skipping()

    def __post_init__(self) -> None:
        if not (self.place is None or isinstance(self.place, str)):
            listed = checks.listed(self.place, "place")
            names = [checks.named(name, "place", at) for at, name in enumerate(listed)]
            object.__setattr__(self, "place", names)
            for at, name in enumerate(names):
                if name in names[:at]:
                    checks.fail("place", "is a place already", at, name, kind=TypeError)
        if self.place == []:
            checks.fail("place", "must name a column", value=self.place, kind=TypeError)
        self._check("", *(() if self.is_wide else _LONG))
        if self.is_wide:
            for name in _LONG:
                if getattr(self, name) is not None:
                    reason = "place names columns of rankings that have a row each"
                    checks.fail(name, reason, value=getattr(self, name), kind=TypeError)
        if self.among is not None:
            checks.one_of(self.among, "among", ("rows", "all"))
        if self.among == "rows" and self.is_wide:
            reason = "is of rankings with a row for each item"
            checks.fail("among", reason, value=self.among, kind=TypeError)

    @property
    def is_wide(self) -> bool:
        """Whether each ranking has one row."""
        return self.place is not None

    @property
    def places(self) -> list[str]:
        """The columns of places."""
        if self.place is None:
            return []
        return [self.place] if isinstance(self.place, str) else self.place

    @property
    def names(self) -> dict[str, Any]:
        """The column of each argument that was given."""
        named = {a: name for a, name in super().names.items() if a != "among"}
        if isinstance(self.place, list) and len(self.place) > 1:
            own = {f"place{k}": name for k, name in enumerate(named.pop("place"))}
            return own | named
        if self.place is not None:
            named["place"] = self.places[0]
        return named


class RankingColumnNames(TypedDict, total=False):
    """The arguments of `RankingColumns`, for calls that take them one by one."""

    ranking: str | None
    item: str | None
    rank: str | None
    place: str | list[str] | None
    among: Literal["rows", "all"] | None
    weight: str | None
    group: str | None
    cluster: str | None
    skip_missing: bool


class GivenRankings:
    """The columns of rankings that a caller named; false where there are none."""

    def __init__(self, role: type[RankingColumns], named: Mapping[str, Any]) -> None:
        self.named = {a: x for a, x in named.items() if not (x is None or x is False or x == [])}
        if self.named:
            needed = [] if "place" in self.named else _LONG
            role(**(dict.fromkeys(needed, "?") | self.named))

    def __bool__(self) -> bool:
        return bool(self.named)
