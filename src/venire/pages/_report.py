"""A page of results: what goes on it, and the file that it becomes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from venire._config import show_config
from venire._core import checks, disk
from venire.data import Comparisons, GroupedComparisons, Votes
from venire.diagnostics import Audit, audit, glance
from venire.pages import _boards, _method
from venire.pages._pictures import Picture, of_judges
from venire.pages._render import rendered
from venire.pages._sheets import Asked, sheets_of
from venire.panel import Consensus, consensus
from venire.ratings import Fit, GroupedFit, fit_bradley_terry, fit_groups
from venire.resampling import Bootstrap, PosteriorDraws
from venire.targets import Rated, rate

__all__ = ["report"]

FIRST_ROWS = 200  # that need no script
RESULTS = (Fit, Bootstrap, PosteriorDraws, Rated, Consensus, GroupedFit)
_JUDGES = {
    "teacher": ("judge", None),
    "n_judgments": ("judged", 0),
    "weight": ("weight", 2),
    "agreement": ("agreement with the panel", 2),
    "self_consistency": ("agreement with itself", 2),
    "position_bias": ("position bias", 2),
    "accuracy": ("accuracy", 2),
    "share": ("share of the weight", 2),
    "stacked_weight": ("stacked weight", 2),
}
_BOUNDS = {"position_bias": "position"}  # what the bounds of a column are called


class Judges(NamedTuple):
    """The table of judges."""

    heads: list[str]
    rows: list[list[str]]
    notes: list[str]
    pictures: list[Picture]


class Looked(NamedTuple):
    """What an audit found, and what it looked for in vain."""

    odd: Sequence[Any]
    fine: Sequence[Any]


def report(
    result: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    title: str = "Leaderboard",
    level: float = 0.95,
    errors: str | None = "auto",
    audited: Audit | bool = True,
    notes: Sequence[str] = (),
    command: Sequence[str] | str = (),
) -> str | None:
    """A page of a result: one HTML file that needs nothing else.

    It holds the leaderboard (sorted and searched by whoever reads it; each item opens to its games,
    its share against each opponent and what the ratings expect), pictures, the judges of votes,
    what an audit of the data found, the method with its references, and how it was made. It asks
    nothing of the network and runs no script but its own, whatever stands in labels.

    Parameters
    ----------
    result : Fit, Bootstrap, PosteriorDraws, Rated, Consensus, GroupedFit, data, or a mapping
        A mapping of str to these names tabs. Data are fitted first as they are by default:
        Comparisons by `fit_bradley_terry`, GroupedComparisons by `fit_groups`, Votes by `rate`, or
        `consensus` where they have no prompts. Each group, each category of `Rated`, each entry of
        a mapping has a tab: of groups the 24 with the most comparisons.
    path : path-like, optional
        Where it is written, whole or not at all. Default: it is returned.
    title : str, default "Leaderboard"
    level : float, default 0.95
        Of the intervals.
    errors : {"auto", "fisher", "robust"} or None
        Of the standard errors; a bootstrap has its own. "auto": by prompt ("robust") of `Rated`,
        else "fisher". None leaves errors and intervals out, much faster for many items.
    audited : Audit or bool, default True
        What `venire.audit` found. True: a look at the comparisons of the (first) fit. An audit of
        the file says more. False: none.
    notes : sequence of str
        What the reader should know before everything else.
    command : sequence of str, or str
        What was typed to make it.

    Returns
    -------
    str or None
        The page, unless it was written.

    Raises
    ------
    NotIdentifiedError
        If data have no finite fit: fit them with a prior.
    TypeError, ValueError
        If an argument is of a wrong type or out of range.
    ImportError
        If Jinja2, itables or matplotlib is missing: ``pip install 'venire[report]'``.
    OSError
        If the file cannot be written.

    Notes
    -----
    O(n_items + n_pairs) beside the standard errors and the pictures. About 1 MB, of which the
    script of the table is 0.7; at most 10,000 rows of a table, and 50,000 entries of opponents, are
    on it: of many items those met most, which is said.

    Examples
    --------
    >>> import venire as vn
    >>> games = vn.Comparisons(["a", "b", "c", "a"], ["b", "c", "a", "c"], [1, 1, 1, 0.5])
    >>> page = vn.pages.report(vn.fit_bradley_terry(games), title="Three <b>")
    >>> page[:15], "Three &lt;b&gt;" in page
    ('<!DOCTYPE html>', True)
    """
    level = checks.level(level)
    if errors is not None:
        checks.one_of(errors, "errors", ("auto", "fisher", "robust"))
    title = named_text(title, "title")
    notes = [named_text(note, "notes", at) for at, note in enumerate(checks.listed(notes, "notes"))]
    if not isinstance(audited, (bool, Audit)):
        checks.fail("audited", "must be an Audit, or true or false", value=audited, kind=TypeError)
    if not isinstance(command, str):
        command = _method.shell(
            [
                named_text(word, "command", at)
                for at, word in enumerate(checks.listed(command, "command"))
            ]
        )
    if path is not None:
        if not isinstance(path, (str, os.PathLike)):
            checks.fail("path", "must be the name of a file", value=path, kind=TypeError)
        disk.check_writable(Path(path))
    named, config = dict(_results(result)), show_config("dict")
    first = next(iter(named.values()))
    asked = {
        name: Asked(level, ("robust" if isinstance(one, Rated) else "fisher")
                    if errors == "auto" else errors)
        for name, one in named.items()
    }  # fmt: skip
    sheets = [s for name, one in named.items() for s in sheets_of(name, one, asked[name])]
    judged = next((one for one in named.values() if isinstance(one, (Rated, Consensus))), None)
    page = rendered(
        title=title,
        tabs_are="Fits",
        notes=[*notes, *_notices(judged)],
        sheets=sheets,
        judges=None if judged is None else _judges(judged, level),
        audit=_looked(audited, first),
        method=_method.method_of(first, next(iter(asked.values())).errors, level),
        command=_boards.named(command),
        made_by=f"venire {config['build']['venire'] or ''}".strip(),
        made_on=time.strftime("%Y-%m-%d %H:%M %z"),
        versions=_method.versions(config),
        data=[sheet.data() for sheet in sheets],
        first_rows=FIRST_ROWS,
    )
    if path is None:
        return page
    with disk.whole(Path(path)) as part:
        Path(part).write_text(page, encoding="utf-8", newline="\n")
    return None


def named_text(value: Any, name: str, at: int | None = None) -> str:
    """A text that is shown."""
    if not isinstance(value, str):
        checks.fail(name, "must be text", at, value, kind=TypeError)
    return _boards.named(value)


def _results(given: Any) -> Iterator[tuple[str, Any]]:
    """The results, each with the name of its tab; data are fitted."""
    if isinstance(given, Votes) and given.items is not None and given.groups is None:
        q = consensus(given)
        given = {"items": q.to_comparisons(), "pairs": q}
    if not isinstance(given, Mapping):
        yield "", _fitted(given, "result")
        return
    if not given:
        checks.fail("result", "must hold at least one result", value=given)
    for name, one in given.items():
        if not isinstance(name, str):
            checks.fail("result", "must have names of text", value=name, kind=TypeError)
        yield _boards.named(name), _fitted(one, f"result[{name!r}]")


def _fitted(given: Any, about: str) -> Any:
    if isinstance(given, Comparisons):
        return fit_bradley_terry(given)
    if isinstance(given, GroupedComparisons):
        return fit_groups(given)
    if isinstance(given, Votes):
        rateable = given.items is not None and given.groups is not None
        return rate(given) if rateable else consensus(given)
    if not isinstance(given, RESULTS):
        what = "must be a fit, a bootstrap, ratings, a consensus, comparisons or votes"
        checks.fail(about, what, value=type(given).__name__, kind=TypeError)
    return given


def _notices(judged: Any) -> list[str]:
    return [] if judged is None else [_boards.named(notice.text) for notice in judged.warnings]


def _judges(result: Rated | Consensus, level: float) -> Judges:
    table = result.teachers_frame("dict", level=level)
    heads, rows = _boards.plain(table, _JUDGES, _BOUNDS)
    notes = [f"in parentheses: {100 * level:g} % intervals"]
    return Judges(heads, rows, notes, of_judges(result, level))


def _looked(audited: Audit | bool, first: Any) -> Looked | None:
    """What is odd; a fit is looked at with what was fitted."""
    if audited is False:
        return None
    if not isinstance(audited, Audit):
        if isinstance(first, GroupedFit) or (isinstance(first, Consensus) and first.first is None):
            return None  # groups are audited one at a time; pairs without items say nothing of any
        if isinstance(first, Rated):
            audited = glance(first.fit.own)
        elif isinstance(first, Consensus):
            audited = audit(first.votes)
        else:
            fit = first if isinstance(first, Fit) else first.fit
            if not isinstance(fit.comparisons, Comparisons):
                return None  # what is looked for is odd of comparisons
            audited = audit(fit.comparisons, order_effect=fit.order_effect is not None)
    return Looked(audited.odd, tuple(f for f in audited if f.gravity == "fine"))
