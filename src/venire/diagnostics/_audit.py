"""The table of checks, and the call that goes through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from os import PathLike
from typing import Any, NamedTuple, Unpack

from venire._core import checks
from venire._core.checks import BadInput
from venire._core.memory import bytes_of
from venire.data import Columns, Comparisons, GroupedComparisons, Votes, recognition
from venire.data.columns import ColumnNames
from venire.diagnostics import (
    copies,
    covariates,
    cycles,
    graph,
    labels,
    misfit,
    order,
    recurring,
    rows,
    trends,
    voters,
)  # fmt: skip
from venire.diagnostics._evidence import Evidence
from venire.diagnostics._files import of_source
from venire.diagnostics._finding import GRAVE, WORTH, Audit, Finding, graver
from venire.diagnostics._reading import of_comparisons, of_frame, of_votes
from venire.io import DataError
from venire.io.choosing import chosen_in
from venire.io.scanner import Scanner
from venire.ratings import Fit

__all__ = ["CHECKS", "Check", "audit", "glance", "looked_at"]


class Check(NamedTuple):
    """One check: what it is called in the documentation, and what makes it.

    `quick`: it needs cells only, and little beside a fit of at most so many.
    """

    look: Callable[[Evidence], Iterator[Finding]]
    quick: float = 0.0


ALWAYS = math.inf
CHECKS = (
    Check(rows.dropped),
    Check(order.constant, quick=ALWAYS),
    Check(graph.components, quick=ALWAYS),
    Check(graph.one_sided, quick=ALWAYS),
    Check(graph.thin_links, quick=50_000),
    Check(graph.thin_cut),
    Check(graph.voters_links),
    Check(labels.alike, quick=50_000),
    Check(copies.duplicates),
    Check(recurring.blocks),
    Check(rows.weights, quick=ALWAYS),
    Check(voters.repeated),
    Check(voters.against),
    Check(voters.fans),
    Check(order.order, quick=ALWAYS),
    Check(covariates.covariates, quick=50_000),
    Check(misfit.ties, quick=ALWAYS),
    Check(misfit.pairs, quick=ALWAYS),
    Check(misfit.overall, quick=ALWAYS),
    Check(cycles.cycles),
    Check(voters.influence),
    Check(trends.stretches),
    Check(trends.trends),
)


def looked_at(evidence: Evidence, *, quick: bool = False) -> Audit:
    """All findings, or those of the quick checks."""
    cells = evidence.comparisons.n_cells if quick else 0
    chosen = [check.look for check in CHECKS if not quick or check.quick > cells]
    found = [f for look in chosen for f in look(evidence)]
    if not evidence.counts:
        found = [_guessed(f) for f in found]
    found = [_located(f, evidence) for f in found]
    r = evidence.records
    is_given = r is not None and r.has("mass")
    total = r.total_weight if r is not None and is_given else float(evidence.mass.sum())
    return Audit(graver(found), total, len(evidence.items))


def _guessed(finding: Finding) -> Finding:
    """Where masses are no counts, nobody knows how many comparisons a probability is of."""
    if finding.gravity != GRAVE or "log_p" not in finding.how_much:
        return finding
    doubt = "Masses are fractions, so that its probability is a guess: give the rows."
    return replace(finding, gravity=WORTH, what=f"{finding.what} {doubt}")


def _located(finding: Finding, evidence: Evidence) -> Finding:
    """With positions in the table, and the files and rows, from 1, that those are."""
    if not (rows := finding.where.get("rows")):
        return finding
    rows = tuple(map(evidence.at, rows))
    where = {**finding.where, "rows": rows}
    if (locate := evidence.locate) is not None:
        where["places"] = tuple((str(file), row + 1) for file, row in map(locate, rows))
    return replace(finding, where=where)


def audit(
    data: Any,
    columns: Columns | None = None,
    *,
    order_effect: bool = False,
    memory: int | str | None = None,
    n_threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    **named: Unpack[ColumnNames],
) -> Audit:
    """Look for what is odd about comparisons.

    Parameters
    ----------
    data : Comparisons, Votes, data frame, mapping of str to array, or what `venire.read` takes
        `Comparisons` tell all but repeats of rows and changes over time; with clusters also of
        voters. A frame or a file tells everything: its other columns say which rows are copies.
    columns : Columns, optional
        What the columns of a frame or a file say; `cluster` names the voter, `date` the time.
    order_effect : bool, default False
        That being first helps is known, and will be fitted.
    memory : int or str, optional
        Bytes that the process may need while it reads and looks at files, as in "1G"; it changes no
        finding. Rows that do not fit are kept, coded, in a temporary file in ``$TMPDIR``.
    n_threads : int, optional
    progress : callable, optional
        Of a file: called with the number of rows read and their total, where it is known.
    **named
        The arguments of `Columns` one by one, instead of `columns`. What is missing is found by
        the names of the columns and by what stands in them, voters and dates too.

    Returns
    -------
    Audit
        Findings, the gravest first; prints as text. `taken` says how a table was read.

    Raises
    ------
    TypeError, ValueError
        As `Comparisons.from_frame`, or the readers of files.

    Notes
    -----
    A finding is grave only if it would be so improbable without a cause (p < 1e-4 after correction
    for all that the check looked at) that clean data next to never show it, and so large that
    ratings change; or if it is a fact, such as parts that never met. Nothing is drawn at random.
    O(n log n) in the rows, about a second for two million. Files are read once, piece by piece;
    memory grows with the items, the distinct cells and the voters, not with the rows. The guide to
    audits says how each check is computed.

    Examples
    --------
    >>> import venire as vn
    >>> games = {
    ...     "a": ["x", "y", "z", "p"],
    ...     "b": ["y", "z", "x", "q"],
    ...     "winner": ["x", "y", "x", "p"],
    ... }
    >>> looked = vn.audit(games)
    >>> [f.name for f in looked.grave]
    ['components']
    """
    known = checks.flag(order_effect, "order_effect")
    if isinstance(data, (Comparisons, Votes)) and (columns is not None or named):
        checks.fail("columns", "says what columns say: give the table itself", kind=TypeError)
    if isinstance(data, Comparisons):
        return looked_at(of_comparisons(data, known))
    if isinstance(data, Votes):
        return looked_at(of_votes(data, known))
    if isinstance(data, GroupedComparisons):
        checks.fail("data", "audit one group at a time: data[label]", kind=TypeError)
    size = None if memory is None else bytes_of(memory)
    return _of_table(data, columns, named, known, n_threads, progress, size)


def _of_table(
    data: Any,
    columns: Columns | None,
    named: Mapping[str, Any],
    order_effect: bool,
    n_threads: int | None,
    progress: Callable[[int, int], None] | None,
    memory: int | None,
) -> Audit:
    """Of a file or a frame, whose columns are found where they are not named."""
    first = data[0] if isinstance(data, (list, tuple)) and data else data
    if isinstance(first, (str, PathLike)) or hasattr(first, "read"):
        data = Scanner(data)
    is_file = isinstance(data, Scanner)
    sample = data.sample if is_file else lambda: recognition.frame_sample(data)
    if is_file:
        chosen = chosen_in(data, Columns, columns, named)
    else:
        chosen = recognition.of_frame(Columns, columns, named, data)
    own = chosen if columns is not None else recognition.with_who_and_when(chosen, sample)

    def looked(one: recognition.Chosen) -> Audit:
        asked = one.columns.of_one_fit()
        if is_file:
            evidence, taken = of_source(data, asked, order_effect, n_threads, progress, memory)
        else:
            evidence, taken = of_frame(data, asked, order_effect, n_threads)
        return replace(looked_at(evidence), taken=one.said(taken))

    try:
        return looked(own)
    except (BadInput, DataError) as error:
        if own is chosen or error.argument != "cluster":
            raise
        return looked(chosen)  # what nobody named is no error


def glance(fit: Fit, *, order_effect: bool = False) -> Audit:
    """The quick checks of a fit that was made already: cells only.

    Parameters
    ----------
    fit : Fit
    order_effect : bool, default False
        As in `audit`.

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_bradley_terry(vn.Comparisons(["a", "b", "c"], ["b", "c", "a"], [1, 1, 1]))
    >>> vn.diagnostics.glance(fit).odd
    ()
    """
    seen = of_comparisons(fit.comparisons, order_effect)
    return looked_at(replace(seen, records=None, given=fit), quick=True)
