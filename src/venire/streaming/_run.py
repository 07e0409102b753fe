"""Fits of many groups on one machine, in bounded memory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from venire.data.columns import Columns
from venire.io import TableWriter, _tables_in, check_writable
from venire.io.table_writer import CsvStream
from venire.priors import GaussianPrior
from venire.streaming._engine import DEFAULT_MEMORY, fit_pieces, fit_text
from venire.streaming._job import WEAK_PRIOR, Job, Tally

__all__ = ["GroupsSummary", "fit_groups", "run"]

Progress = Callable[[str, int, int], None]
Path = str | os.PathLike[str]


@dataclass(frozen=True)
class GroupsSummary:
    """What came of the fits of many groups.

    Attributes
    ----------
    n_groups, n_items, n_rows : int
    counts : dict of str to int
        Number of groups of each status.
    examples : dict of str to list
        The first few groups of each status.
    notes : list of str
        What the caller should know.
    seconds : float
    parts : list of str
        The files that were written.
    """

    n_groups: int
    n_items: int
    n_rows: int
    counts: dict[str, int]
    examples: dict[str, list[Any]]
    seconds: float
    notes: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def converged(self) -> bool:
        """Whether every group has a converged fit."""
        return set(self.counts) <= {"converged"}


def fit_groups(
    source: Path,
    output: Path | BinaryIO,
    *,
    group: str,
    first: str,
    second: str,
    outcome: str | None = None,
    mapping: Mapping[Any, Any] | None = None,
    score: str | None = None,
    first_score: str | None = None,
    second_score: str | None = None,
    win: str | None = None,
    loss: str | None = None,
    tie: str | None = None,
    weight: str | None = None,
    order: str | None = None,
    neutral: str | None = None,
    model: str = "bradley-terry",
    prior: GaussianPrior | None = WEAK_PRIOR,
    order_effect: bool = False,
    shared: bool = False,
    tol: float = 1e-9,
    max_iter: int | None = None,
    errors: bool = True,
    scale: str | None = None,
    memory: int = DEFAULT_MEMORY,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> GroupsSummary:
    """Fit the groups of a file or a folder, reading and writing part by part.

    Parameters
    ----------
    source : path-like
        A file as for `venire.io.read_grouped`, or a folder of Parquet files.
    output : path-like or binary file
        As for `venire.io.write_table`; the file appears whole or not at all. An open file gets
        CSV as the fits go on.
    group, first, second : str
        Columns of labels.
    outcome, mapping, score, first_score, second_score, win, loss, tie, weight, order, neutral
        As for `venire.io.read_grouped`.
    model, prior, order_effect, shared, tol, max_iter
        As for `venire.fit_groups`. ``shared=True`` needs all groups in memory together.
    errors : bool, default True
        Write standard errors.
    scale : {"logit", "probit", "erf", "elo"}, optional
        Write a further column of this name: theta in that unit.
    memory : int, default 4 GiB
        Bytes that the process may need, about; see the notes.
    n_threads : int, optional
    progress : callable, optional
        Called with what is going on ("reading", "sorting", "fitting"), how much of it is done and
        how much there is, in rows or groups.

    Returns
    -------
    GroupsSummary

    Raises
    ------
    DataError
        If a file cannot be read or written or holds a bad value.
    ValueError
        If options do not go together.

    Notes
    -----
    The table has the columns group, item, theta, standard_error, n_comparisons and status, then the
    scale, order_effect and tie, if there are such; it is sorted by group, then by item, and does
    not depend on `memory`.

    Parquet and Arrow files are read twice: first the column of groups (and the outcomes, if they
    come without a mapping), then batches of consecutive groups. Rows in any order but that of their
    groups are sorted into a temporary file in ``$TMPDIR`` or else beside the output, about as large
    as the columns in use. Memory grows with the number of groups, about 100 bytes each, and with
    the largest batch; a group that needs more than `memory` is fitted all the same, and text files
    (CSV, JSON) are read whole. Both are said in the summary's notes.

    Examples
    --------
    >>> from venire.streaming import fit_groups
    >>> done = fit_groups(
    ...     "votes/", "ratings.parquet", group="query", first="a", second="b", score="p"
    ... )  # doctest: +SKIP
    """
    columns = Columns(
        group=group, first=first, second=second, outcome=outcome, mapping=mapping, score=score,
        first_score=first_score, second_score=second_score, win=win, loss=loss, tie=tie,
        weight=weight, order=order, neutral=neutral,
    )  # fmt: skip
    job = Job(
        columns.of_groups(),
        model, prior, order_effect, shared, tol, max_iter, errors, scale,
    )  # fmt: skip
    return run(job, source, output, memory=memory, n_threads=n_threads, progress=progress)


def run(
    job: Job,
    source: Path,
    output: Path | BinaryIO,
    *,
    memory: int = DEFAULT_MEMORY,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> GroupsSummary:
    """Do a job; see `fit_groups`."""
    start = time.monotonic()
    if isinstance(output, (str, os.PathLike)):
        check_writable(output)
    files = _tables_in.files_of(source)
    notes: list[str] = []
    tally = Tally()
    tell = progress or (lambda what, done, total: None)
    if len(files) == 1 and not _tables_in.comes_in_pieces(files[0]):
        fits, schema, n_rows = fit_text(files[0], job, memory, n_threads, tell, notes)
    else:
        fits, schema, n_rows = fit_pieces(
            source, files, job, memory, _folder(output), n_threads, tell, notes
        )
    metadata = {"venire": json.dumps(job.facts())}
    with (
        TableWriter(output, schema, metadata=metadata)
        if isinstance(output, (str, os.PathLike))
        else CsvStream(output, schema)
    ) as writer:
        for fitted in fits:
            tally.add(fitted.groups, fitted.status, int(fitted.n_items.sum()))
            for table in fitted.tables():
                writer.write(table)
            del fitted  # before the next batch is read
    parts = [os.fspath(output)] if isinstance(output, (str, os.PathLike)) else []
    seconds = time.monotonic() - start
    return GroupsSummary(
        tally.n_groups, tally.n_items, n_rows, tally.counts, tally.examples, seconds, notes, parts
    )


def _folder(output: Path | BinaryIO) -> str:
    """Where temporary files go: a place as large as the output's, not perhaps a memory disk."""
    if os.environ.get("TMPDIR") or not isinstance(output, (str, os.PathLike)):
        return os.environ.get("TMPDIR") or os.getcwd()
    return os.path.dirname(os.path.abspath(output))
