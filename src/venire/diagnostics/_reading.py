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

__all__ = ["of_comparisons", "of_frame", "of_rows", "of_votes"]


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
    signatures = Signatures(columns.names, Store())
    every = _every(frame)
    if len(next(iter(every.values()), ())) == rows.n + sum(rows.dropped.values()):
        signatures.add(every, rows.kept)
    date = _dates(frame, columns)
    if date is not None and rows.kept is not None:
        date = date[rows.kept]
    return of_rows(rows, columns, order_effect, signatures, date), rows.taken(columns)


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


def of_rows(
    rows: Rows,
    columns: Columns,
    order_effect: bool,
    signatures: Signatures,
    date: Any = None,
) -> Evidence:
    """Checked rows, and what else their table says of each."""
    assert isinstance(rows.first, Encoded)
    unit = _unit(rows)
    if unit is not None:
        rows = rows._replace(weight=_full(rows.weight, rows.n) / unit)
    plain = Comparisons.from_cells(aggregate(rows._replace(cluster=None, date=None)))
    styled = None
    if plain.covariates is not None:
        soft = _is_soft(plain)
        styled = _as_soft(plain, soft)
        plain = _as_soft(plain.without_covariates(), soft)
    n = rows.n
    if rows.win is not None:
        win, loss = _full(rows.win, n), _full(rows.loss, n)
        tie = np.zeros(n) if rows.tie is None else _full(rows.tie, n)
        mass = win + loss + tie
        with np.errstate(invalid="ignore"):
            score = np.where(mass > 0.0, (win + tie / 2.0) / mass, 0.5)
    else:
        score, mass, tie = _full(rows.score, n), None, None
    if rows.weight is not None:
        weight = _full(rows.weight, n)
        mass = weight if mass is None else mass * weight
    order = None if rows.order is None else np.asarray(_full(rows.order, n), np.int8)
    cluster = rows.cluster
    records = Records.of(
        None if cluster is None else cluster.items,
        first=rows.first.codes, second=rows.second.codes, score=score, mass=mass, tie=tie,
        order=order, cluster=None if cluster is None else cluster.codes, date=date, unit=unit,
        covariates=None if rows.covariates is None else rows.covariates.values,
    )  # fmt: skip
    if signatures.n_rows != n:  # nobody knows which row is which
        records.columns.pop("date", None)
    else:
        voter = "" if cluster is None else str(columns.cluster)
        records.signs = signatures.finish(voter, one_score=bool((score == score[0]).all()))
    kept = None
    if rows.kept is not None:
        kept = Column(Store(), np.int64)
        kept.add(rows.kept)
    return Evidence(
        plain, records, order_effect, columns.constant in (0.0, 1.0), rows.dropped,
        n + sum(rows.dropped.values()), str(columns.cluster or ""), kept=kept, styled=styled,
    )  # fmt: skip


def _unit(rows: Rows) -> np.ndarray | None:
    """What one comparison weighs, of each row; None where weights count comparisons.

    Each pair is taken to be Kish's effective number of comparisons, (sum w)^2 / sum w^2. Weights
    count where they are whole and large, and hardly a row has the items and the score of another.
    """
    if rows.weight is None or rows.win is not None:
        return None
    weight = _full(rows.weight, rows.n)
    if (weight == weight[0]).all() and weight[0] == np.floor(weight[0]):
        return None
    a, b, size = rows.first.codes.astype(np.int64), rows.second.codes, len(rows.first.items)
    if (weight == np.floor(weight)).all() and weight.mean() >= _COUNTS:
        key = ((_full(rows.score, rows.n) * 1e6).astype(np.int64) * size + a) * size + b
        if rows.cluster is not None:
            key = key * len(rows.cluster.items) + rows.cluster.codes
        if 1.2 * len(np.unique(key)) >= rows.n:
            return None
    _, pair = np.unique(np.minimum(a, b) * size + np.maximum(a, b), return_inverse=True)
    total, square = np.bincount(pair, weight), np.bincount(pair, weight * weight)
    return np.divide(square, total, np.ones(len(total)), where=total > 0.0)[pair]


_COUNTS = 5.0  # mean of whole weights from which they count comparisons


def _full(x: Any, n: int) -> np.ndarray:
    x = np.asarray(x, np.float64)
    return x if x.ndim and len(x) == n else np.full(n, x.reshape(-1)[0])
