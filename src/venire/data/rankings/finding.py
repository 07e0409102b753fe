"""Which columns of a table of rankings say what, where nobody names them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from venire.data.naming import key
from venire.data.rankings.columns import RankingColumns
from venire.data.recognition import Chosen, holds_lists
from venire.data.recognition._names import Names
from venire.data.recognition._questions import COLUMN, refuse

__all__ = ["chosen_columns"]

_ID = "(?:ids?|key|code|number|no|name|label)?"
_RANK = "rank|ranks|ranking|place|placing|position|pos"
_ITEM = (
    "item|option|candidate|answer|model|driver|rider|horse|team|player|athlete|competitor|"
    "contestant|alternative|document|doc|system|product"
)
_RANKING = (
    "ranking|ballot|race|event|contest|heat|list|match|game|round|tournament|voter|vote|judge|"
    "judgment|query|question|prompt|session"
)
_NAMES = {
    "rank": Names(f"(?:finish(?:ing)?|final)?(?:{_RANK}){_ID}", "finish|finished"),
    "item": Names(f"(?:{_ITEM}){_ID}"),
    "ranking": Names(f"(?:{_RANKING}){_ID}"),
}
_ORDINAL = re.compile(
    r"(?:rank|place|choice|position|pos|no)?0*(\d+)(?:st|nd|rd|th)?(?:place|choice)?"
)
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"]
_WORDS = {word: k for k, word in enumerate(_ORDINALS, 1)}


def chosen_columns(
    columns: RankingColumns | None,
    named: Mapping[str, Any],
    sample: Callable[[], Mapping[Any, Sequence[Any]]],
) -> Chosen:
    """The columns of a call: listed beforehand, named one by one, or found by their names."""
    given = {a: x for a, x in named.items() if x is not None}
    long = [a for a in ("ranking", "item", "rank") if a not in given]
    if columns is not None or "place" in given or not long:
        return Chosen(RankingColumns.of(columns, named))
    table = sample()
    found: dict[str, Any] = {}
    if len(long) == 3:
        found = _lists(table) or _places(table)
    if not found:
        for argument in long:
            found[argument] = _one(argument, table, [*given.values(), *found.values()])
    return Chosen(RankingColumns(**{**given, **found}), tuple(found))


def _lists(table: Mapping[Any, Sequence[Any]]) -> dict[str, Any]:
    """The one column of lists."""
    some = [name for name, values in table.items() if holds_lists(values)]
    return {"place": some[0]} if len(some) == 1 else {}


def _places(table: Mapping[Any, Sequence[Any]]) -> dict[str, Any]:
    """Columns that are called 1st, 2nd, 3rd, ...: three at least, for two are a pair."""
    by_place: dict[int, Any] = {}
    for name in table:
        word = re.sub(r"place$|choice$", "", key(name))
        match = _ORDINAL.fullmatch(key(name))
        place = _WORDS.get(word) or (int(match[1]) if match else None)
        if place is not None and by_place.setdefault(place, name) is not name:
            return {}
    if len(by_place) < 3 or sorted(by_place) != list(range(1, len(by_place) + 1)):
        return {}
    return {"place": [by_place[k] for k in sorted(by_place)]}


def _one(argument: str, table: Mapping[Any, Sequence[Any]], taken: list[Any]) -> Any:
    """The one column that is called so."""
    free = [name for name in table if name not in taken]
    some = [name for name in free if _NAMES[argument].has(key(name))]
    if len(some) == 1:
        return some[0]
    what = {"rank": "ranks", "item": "ranked items", "ranking": "rankings"}[argument]
    if some:
        reason = f"{' or '.join(map(str, some[:3]))} may name the {what}"
    else:
        reason = f"no column is known to hold the {what}"
    refuse(argument, reason, [{argument: name} for name in (some or free or [COLUMN])[:3]])
