"""``--prior-by``: of what league each item is, from columns of the comparisons, or another file."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

from venire import io
from venire._core.remote import local, url_of
from venire.cli._command import Refused
from venire.data.columns import Columns
from venire.data.named_covariates import common_name
from venire.io.choosing import chosen_in

__all__ = ["leagues_in"]

MOST = 200  # columns of a table that pairs are looked for in


def leagues_in(
    scanner: io.Scanner | None, named: dict[str, Any], typed: str, items: Any
) -> list[str]:
    """The league of each of the items, as text.

    Parameters
    ----------
    scanner : Scanner or None
        Of the comparisons; None where they cannot be read again.
    named : dict
        Their columns, as far as they were named.
    typed : str
        Two columns with a comma between, or what their names share; or a file.
    items : ndarray
        Labels.
    """
    names = [] if scanner is None else [str(name) for name in scanner.names]
    two = _columns(names, typed)
    if scanner is not None and two is not None:
        own = chosen_in(scanner, Columns, None, named).columns
        asked = {"first": own.first, "second": own.second, "by": two[0], "by of second": two[1]}
        read = io.read_table(scanner, asked, ["first", "second"]).columns
        pairs = [*_pairs(read["first"], read["by"]), *_pairs(read["second"], read["by of second"])]
        where, have = f"columns {two[0]!r} and {two[1]!r}", "have"
    elif url_of(typed) or Path(local(typed)).exists():
        other = io.Scanner(typed)
        names = [str(name) for name in other.names]
        if len(names) < 2:
            raise Refused(f"--prior-by: {typed} has no column of items and one of leagues")
        read = io.read_table(other, {"item": names[0], "by": names[-1]}, ["item"]).columns
        pairs, where, have = _pairs(read["item"], read["by"]), typed, "has"
    elif scanner is None:
        raise Refused(f"--prior-by: {typed!r} is no file, and standard input is read once only", 2)
    else:
        raise Refused(
            f"--prior-by: {typed!r} is no file, nor what two columns of the comparisons are named "
            f"by: NAME of NAME_a and NAME_b, or COLUMN,COLUMN. There are {', '.join(names[:MOST])}",
            2,
        )
    found: dict[str, str] = {}
    for item, league in pairs:
        before = found.setdefault(item, league)
        if before != league:
            raise Refused(
                f"--prior-by: {where} {have} {item!r} in two leagues, {before!r} and {league!r}"
            )
    missing = next((str(item) for item in items.tolist() if not found.get(str(item))), None)
    if missing is not None:
        raise Refused(f"--prior-by: {where} {have} no league for {missing!r}")
    return [found[str(item)] for item in items.tolist()]


def _columns(names: list[str], typed: str) -> tuple[str, str] | None:
    """The two columns that are meant, if any are."""
    first, comma, second = typed.partition(",")
    if comma and first in names and second in names:
        return first, second
    found = [two for two in combinations(names[:MOST], 2) if common_name(*two) == typed]
    return found[0] if len(found) == 1 else None


def _pairs(items: Any, leagues: Any) -> list[tuple[str, str]]:
    """Distinct items with their leagues; what is missing is ""."""
    both = zip(_listed(items), _listed(leagues), strict=True)
    return list(dict.fromkeys(("" if a is None else str(a), "" if b is None else str(b))
                              for a, b in both))  # fmt: skip


def _listed(column: Any) -> list[Any]:
    return list(column.tolist() if hasattr(column, "tolist") else column.to_pylist())
