"""Fits of groups that another engine hands out, as Spark and Ray call such functions."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pytest
from grouped_data import COLUMNS, fit_files, shuffled, votes

import venire as vn
from venire import batch
from venire.io import DataError

SCORED = COLUMNS | {"score": "s", "weight": "w"}


def by_files(table, folder, **options):
    import pyarrow.parquet as pq

    pq.write_table(table, folder / "in.parquet")
    fit_files(folder / "in.parquet", folder / "out.parquet", **SCORED, **options)
    return pq.read_table(folder / "out.parquet").replace_schema_metadata()


def partitions(table, n=5, rows=100):
    """Rows as Spark's repartition deals them out: each group whole in one partition, which comes as
    an iterator of batches that cut groups anywhere; some partitions are empty."""
    label = pa.compute.cast(pa.compute.utf8_slice_codeunits(table["q"], 1), "int64")
    for k in range(n + 1):
        here = [x.as_py() % n == k for x in label]
        yield iter(table.filter(pa.array(here)).to_batches(max_chunksize=rows))


def of_partition(batches):
    """What the documentation gives to mapInArrow."""
    batches = list(batches)
    if batches:
        rows = pa.Table.from_batches(batches)
        yield from batch.fit_arrow(rows, SCORED, n_threads=1).to_batches()


OPTIONS = [
    {},
    {"model": "thurstone", "prior": None, "errors": None, "scale": "elo"},
    {"model": "davidson", "order_effect": True, "bootstrap": batch.Replicates(5)},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_the_same_as_from_files(tmp_path, options):
    table = shuffled(votes(soft=not options.get("bootstrap")))
    found = batch.fit_arrow(table, SCORED, **options)
    assert found.equals(by_files(table, tmp_path, **options))
    assert found.schema == batch.fit_arrow(table.slice(0, 0), SCORED, **options).schema
    for rows in (table.combine_chunks().to_batches()[0], table.to_pandas()):
        assert batch.fit_arrow(rows, vn.Columns(**SCORED), **options).equals(found)


def test_iterators_of_batches(tmp_path):
    """The protocol of Spark's mapInArrow: an iterator of batches in, one of batches out."""
    table = shuffled(votes())
    function = pickle.loads(pickle.dumps(of_partition))
    done = [b for one in partitions(table) for b in function(one)]
    found = pa.Table.from_batches(done).sort_by([("group", "ascending"), ("item", "ascending")])
    assert found.equals(by_files(table, tmp_path))


def test_a_group_at_a_time(tmp_path):
    """That of Spark's applyInArrow and Ray's map_groups: the table of a group in, a table out."""
    table = votes(n_groups=9, text=False)
    labels = table["q"].unique().to_pylist()
    tables = [
        batch.fit_arrow(table.filter(pa.compute.equal(table["q"], q)), SCORED) for q in labels
    ]
    assert pa.concat_tables(tables).equals(by_files(table, tmp_path))


def test_types_of_labels():
    table = votes(n_groups=3, text=False)
    for kind, out in ((pa.int32(), pa.int64()), (pa.uint64(), pa.uint64())):
        cast = table.set_column(0, "q", table["q"].cast(kind))
        assert batch.fit_arrow(cast, SCORED).schema.field("group").type == out
    coded = votes(n_groups=3)
    coded = coded.set_column(1, "a", coded["a"].dictionary_encode())
    assert batch.fit_arrow(coded, SCORED).equals(batch.fit_arrow(votes(n_groups=3), SCORED))


def test_what_is_refused():
    table = votes(n_groups=3)
    scores = table["s"].to_pylist()
    scores[7] = 2.0
    bad = table.set_column(table.column_names.index("s"), "s", pa.array(scores))
    with pytest.raises(DataError, match=r"rows: row 8, column 's' = 2\.0: must be between") as one:
        batch.fit_arrow(bad, SCORED)
    assert (one.value.row, one.value.column) == (8, "s")
    assert str(pickle.loads(pickle.dumps(one.value))) == str(one.value)
    with pytest.raises(DataError, match="no column 'a'; there are 'q', 'b', 's', 'w'"):
        batch.fit_arrow(table.drop(["a"]), SCORED)
    with pytest.raises(ValueError, match=r"^outcome = 's': needs a mapping"):
        batch.fit_arrow(table, COLUMNS | {"outcome": "s"})
    with pytest.raises(ValueError, match=r"^shared = True: is of all groups"):
        batch.fit_arrow(table, SCORED, shared=True, order_effect=True)
    with pytest.raises(ValueError, match=r"^prior: must have a precision that is a number"):
        batch.fit_arrow(table, SCORED, prior=vn.GaussianPrior("evidence"))
    with pytest.raises(TypeError, match=r"^rows = 'list': must be an Arrow table"):
        batch.fit_arrow([1], SCORED)
    with pytest.raises((TypeError, ValueError), match="group"):
        batch.fit_arrow(table, {"first": "a", "second": "b", "score": "s"})
