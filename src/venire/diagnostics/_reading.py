"""From what a caller has to evidence: comparisons, votes, a frame, a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from venire._core import checks
from venire._core.checks import fail
from venire.data import Columns, Comparisons, Votes
from venire.data.aggregation import aggregate
from venire.data.coding import Encoded
from venire.data.frames import collect, read_frame
from venire.data.rows import Rows
from venire.data.series import plain
from venire.data.taken import Taken
from venire.diagnostics._alike import Signatures
from venire.diagnostics._dates import moments
from venire.diagnostics._evidence import Evidence
from venire.diagnostics._records import Records
from venire.diagnostics._store import Column, Store
from venire.diagnostics._units import Weights, in_units

__all__ = ["full", "of_comparisons", "of_frame", "of_votes", "plain_and_styled", "told_by"]


def of_comparisons(c: Comparisons, order_effect: bool) -> Evidence:
    """Cells tell of clusters what rows would, but for repeats and time."""
    taken = c.taken
    columns = taken.columns if taken is not None else None
    about: dict[str, Any] = {
        "order_effect": order_effect,
        "declared": isinstance(columns, Columns) and columns.constant in (0.0, 1.0),
        "dropped": {} if taken is None else taken.dropped,
        "n_rows": 0 if taken is None else taken.n_rows,
    }
    if c.cluster is None and c.date is None and c.covariates is None:
        return Evidence(c, **about)
    mass = c.win + c.loss + c.tie
    x = None
    if c.covariates is not None:
        x = dict(zip(c.covariate_names, c.covariates.T, strict=True))
    found = Comparisons.from_counts(
        c.first, c.second, c.win, c.loss, c.tie, items=np.arange(c.n_items), order=c.order,
        covariates=x,
    )  # fmt: skip
    cells = found.cells._replace(items=c.items, has_order=c.has_order)
    found = _as_soft(Comparisons.from_cells(cells), _is_soft(c))
    about["styled"] = None if x is None else found
    records = None if c.cluster is None else Records.of(
        c.clusters, first=c.first, second=c.second, score=(c.win + c.tie / 2.0) / mass, mass=mass,
        tie=c.tie, order=c.order, cluster=c.cluster, covariates=c.covariates, are_rows=False,
    )  # fmt: skip
    return Evidence(_as_soft(found.without_covariates(), _is_soft(c)), records, **about)


def _is_soft(c: Comparisons) -> bool:
    """Whether some score was soft, as far as cells tell: hard ones say what their squares are."""
    return c.cells.square is not None and bool((c.square != c.win + 0.25 * c.tie).any())


def _as_soft(c: Comparisons, soft: bool) -> Comparisons:
    """The same cells, which keep squares where scores are soft."""
    square = c.square if soft else None
    return Comparisons.from_cells(c.cells._replace(square=square, is_soft=soft))


def of_votes(v: Votes, order_effect: bool) -> Evidence:
    """Judgments of teachers, who are the clusters; items of different groups are different."""
    if v.first is None or v.second is None:
        fail("data", "votes on pairs that have no items say nothing of items", kind=TypeError)
    first, second = np.asarray(v.first), np.asarray(v.second)
    if v.group is not None and len(np.unique(v.group)) > 1:
        first, second = (
            np.array([f"{g}: {x}" for g, x in zip(v.group, side, strict=True)], object)
            for side in (first, second)
        )
    mass = v.win + v.loss + v.tie
    keep = np.flatnonzero(mass > 0.0)
    pair = v.pair[keep]
    c = Comparisons.from_counts(
        first[pair], second[pair], v.win[keep], v.loss[keep], v.tie[keep],
        order=np.zeros(len(keep), np.int8), cluster=v.teachers[v.teacher[keep]],
    )  # fmt: skip
    return of_comparisons(c, order_effect)


def of_frame(
    frame: Any, columns: Columns, order_effect: bool, n_threads: int | None = None
) -> tuple[Evidence, Taken]:
    """Rows of a data frame, or of a mapping of names to columns."""
    rows = read_frame(frame, replace(columns, date=None), n_threads=n_threads)  # of any form, here
    n = rows.n + sum(rows.dropped.values())
    signatures = Signatures(columns.names, Store())
    every = _every(frame)
    if len(next(iter(every.values()), ())) == n:
        signatures.add(every, rows.kept)
    date = _dates(frame, columns)
    if date is not None and len(date) != n:
        fail("date", f"has {len(date)} rows, but there are {n}")
    if date is not None and rows.kept is not None:
        date = date[rows.kept]
    return _of_rows(rows, columns, order_effect, signatures, date), rows.taken(columns)


def _dates(frame: Any, columns: Columns) -> Any:
    if columns.date is None:
        return None
    return moments(plain(collect(frame, {"date": columns.date})["date"]))


def _every(frame: Any) -> dict[str, Any]:
    """All columns of a frame, the library's own."""
    if isinstance(frame, Mapping):
        n = max((checks.length(x, str(name)) or 0 for name, x in frame.items()), default=0)
        return {name: x for name, x in frame.items() if checks.length(x, str(name)) == n}
    import narwhals as nw

    data: Any = nw.from_native(frame)
    if isinstance(data, nw.LazyFrame):
        data = data.collect()
    return {name: data.get_column(name).to_native() for name in data.columns}


def _of_rows(
    rows: Rows,
    columns: Columns,
    order_effect: bool,
    signatures: Signatures,
    date: Any = None,
) -> Evidence:
    """Checked rows, and what else their table says of each."""
    comparisons = Comparisons.from_cells(aggregate(rows._replace(cluster=None, date=None)))
    told, cluster = told_by(rows), rows.cluster
    records = Records.of(None if cluster is None else cluster.items, **told, date=date)
    weights = Weights()
    if rows.weight is not None and rows.win is None:
        weights.add(full(rows.weight, rows.n))
    if weights.may_be_shares:
        comparisons = in_units(records, comparisons, weights)
    plain, styled = plain_and_styled(comparisons)
    if signatures.n_rows != rows.n:  # nobody knows which row is which
        records.columns.pop("date", None)
    else:
        score = told["score"]
        voter = "" if cluster is None else str(columns.cluster)
        records.signs = signatures.finish(voter, one_score=bool((score == score[0]).all()))
    kept = None
    if rows.kept is not None:
        kept = Column(Store(), np.int64)
        kept.add(rows.kept)
    return Evidence(
        plain, records, order_effect, columns.constant in (0.0, 1.0), rows.dropped,
        rows.n + sum(rows.dropped.values()), str(columns.cluster or ""), kept=kept, styled=styled,
    )  # fmt: skip


def plain_and_styled(c: Comparisons) -> tuple[Comparisons, Comparisons | None]:
    """The cells without covariates, and with them, if there are any."""
    if c.covariates is None:
        return c, None
    soft = _is_soft(c)
    styled = _as_soft(c, soft)
    return _as_soft(styled.without_covariates(), soft), styled


def told_by(rows: Rows) -> dict[str, Any]:
    """The columns of `Records` that rows have by themselves; None where there is none."""
    assert isinstance(rows.first, Encoded)
    n = rows.n
    if rows.win is not None:
        win, loss = full(rows.win, n), full(rows.loss, n)
        tie = np.zeros(n) if rows.tie is None else full(rows.tie, n)
        mass = win + loss + tie
        with np.errstate(invalid="ignore"):
            score = np.where(mass > 0.0, (win + tie / 2.0) / mass, 0.5)
    else:
        score, mass, tie = full(rows.score, n), None, None
    if rows.weight is not None:
        weight = full(rows.weight, n)
        mass = weight if mass is None else mass * weight
    return {
        "first": rows.first.codes, "second": rows.second.codes, "score": score, "mass": mass,
        "tie": tie, "order": None if rows.order is None else full(rows.order, n).astype(np.int8),
        "cluster": None if rows.cluster is None else rows.cluster.codes,
        "covariates": None if rows.covariates is None else rows.covariates.values,
    }  # fmt: skip


def full(x: Any, n: int) -> np.ndarray:
    """One number for each row."""
    x = np.asarray(x, np.float64)
    return x if x.ndim and len(x) == n else np.full(n, x.reshape(-1)[0])
