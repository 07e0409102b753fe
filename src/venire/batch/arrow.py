"""Fits of groups that somebody else's engine hands out: a table of whole groups in, ratings out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from venire._core import checks
from venire._core.checks import BadInput
from venire._core.extras import needs
from venire.batch.job import FitOptions, Job
from venire.batch.scan import label_types, plain_type
from venire.data.columns import Columns
from venire.io import DataError

__all__ = ["fit_arrow"]

_WHERE = "rows"  # what errors call the table


def fit_arrow(
    rows: Any,
    columns: Columns | Mapping[str, Any],
    *,
    n_threads: int | None = None,
    **options: Unpack[FitOptions],
) -> Any:
    """Fit the groups of an Arrow table: what `fit_files` does of files, inside another engine.

    A group must be whole: of one that is cut in two, each half gets a fit of its own. Spark's
    ``groupBy(...).applyInArrow`` and Ray's ``groupby(...).map_groups`` hand out whole groups.

    Parameters
    ----------
    rows : pyarrow Table or RecordBatch, or what has ``__arrow_c_stream__``
        Comparisons of one group or of many.
    columns : Columns, or mapping of str to str
        The columns to read, `group` among them; nothing is found out, for every table must be read
        alike. An `outcome` needs its `mapping`.
    n_threads : int, optional
        Default: all usable CPUs, or ``OMP_NUM_THREADS``, which Spark and Ray set for their tasks.
    model, prior, order_effect, tol, max_iter, errors, scale, anchor, at, bootstrap : optional
        As for `fit_files`. The precision of a prior must be a number: "evidence" is of all groups
        together, as is ``shared=True``.

    Returns
    -------
    pyarrow Table
        The columns of `fit_files`, sorted by group and item: the same bits. Its schema follows from
        the types of the columns and from the options; a table without rows gives one without rows.

    Raises
    ------
    DataError
        If a column is missing or holds a bad value; the message names the row of the table and the
        column.
    ValueError, TypeError
        If options are out of range, have a wrong type, do not go together or are of all groups.
    ImportError
        If pyarrow is not installed.

    Notes
    -----
    O(rows) time and memory, as `venire.fit_groups`; a call costs about 0.6 ms beside the fits, so
    hand it many groups at a time where the engine can.

    Examples
    --------
    >>> import pyarrow as pa
    >>> import venire as vn
    >>> columns = vn.Columns(group="query", first="a", second="b", score="p")
    >>> rows = pa.table({"query": [7, 7], "a": ["x", "x"], "b": ["y", "z"], "p": [0.8, 0.7]})
    >>> ratings = vn.batch.fit_arrow(rows, columns)
    >>> ratings["item"].to_pylist(), ratings["status"].to_pylist()
    (['x', 'y', 'z'], ['converged', 'converged', 'converged'])
    """
    needs("pyarrow", "an Arrow table")
    given = Columns.of(None, columns) if isinstance(columns, Mapping) else Columns.of(columns, {})
    job = _job(given.of_groups(), options)
    table = _table(rows)
    lost = [name for name in job.names.values() if name not in table.column_names]
    if lost:
        reason = f"no column {lost[0]!r}; there are {', '.join(map(repr, table.column_names))}"
        raise DataError(_WHERE, reason)
    table = table.select([*dict.fromkeys(job.names.values())])
    schema = job.schema(*label_types({f.name: plain_type(f.type) for f in table.schema}, job))
    if not table.num_rows:
        return schema.empty_table()
    import pyarrow as pa

    try:
        comparisons = job.added(table.to_batches(), False, n_threads)
    except BadInput as error:
        raise _about(error, job) from None
    assert comparisons is not None  # there are rows
    fitted = job.fit(comparisons, schema, n_threads)
    return pa.concat_tables([*fitted.tables()] or [schema.empty_table()])


def _job(columns: Columns, options: Any) -> Job:
    """Columns and options, such that every table is read and fitted alike."""
    job = Job(columns, **options)
    if columns.outcome is not None and columns.mapping is None:
        reason = "needs a mapping: a table of some groups does not say how all outcomes are read"
        checks.fail("outcome", reason, value=columns.outcome)
    if job.shared:
        checks.fail("shared", "is of all groups together; take vn.fit_groups", value=True)
    if job.prior is not None and job.prior.is_estimated:
        reason = "must have a precision that is a number: the evidence is of all groups together"
        checks.fail("prior", reason)
    return job


def _about(error: BadInput, job: Job) -> DataError:
    """An error about a position as one about a row of the table."""
    row = None if error.position is None else error.position + 1
    return DataError(
        _WHERE, error.reason, row=row, column=job.names.get(error.argument), value=error.value,
        argument=error.argument, cure=error.cure,
    )  # fmt: skip


def _table(rows: Any) -> Any:
    """A pyarrow Table of what was given."""
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pa.RecordBatch):
        return pa.Table.from_batches([rows])
    if hasattr(rows, "__arrow_c_stream__"):
        return pa.table(rows)
    kind = type(rows).__name__
    return checks.fail("rows", "must be an Arrow table or batch", value=kind, kind=TypeError)
