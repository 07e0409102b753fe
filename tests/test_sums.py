"""Rows added up as they come are what they are when they are added up at once."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from venire._native.sums import CellTable

import venire as vn
from venire import reference
from venire.data.rows import Rows
from venire.data.sums import CellSums, Interim


def require_same(found, wanted):
    """Two objects of comparisons are the same to the bit."""
    for name in found.cells._fields:
        x, y = getattr(found.cells, name), getattr(wanted.cells, name)
        if not isinstance(x, np.ndarray):
            assert x == y or x is y, name
            continue
        assert (x.dtype, x.shape) == (y.dtype, y.shape), name
        assert x.tolist() == y.tolist() if x.dtype == object else x.tobytes() == y.tobytes(), name


def table(rng, n, labels, scores, *, order, strata):
    """Arguments of `Comparisons`."""
    a = rng.integers(0, 60, n)
    pair = [a, (a + rng.integers(1, 60, n)) % 60]
    if labels == "text":
        pair = [np.array([f"item {x}" for x in own]) for own in pair]
    elif labels == "wide":
        pair = [own * 10**12 - 5 for own in pair]
    out = dict(zip(("first", "second"), pair, strict=True))
    out["score"] = rng.choice([0.0, 0.5, 1.0], n) if scores == "hard" else rng.random(n)
    if scores == "weighted":
        out["weight"] = rng.integers(0, 3, n) * 0.3
    if order:
        out["order"] = rng.integers(-1, 2, n)
    if strata:
        out["cluster"] = np.array([f"c{x}" for x in rng.integers(0, 5, n)])
        out["date"] = rng.integers(0, 4, n)
        out["covariates"] = rng.integers(0, 3, (n, 2)) - 1.0
    return out


def pieces(columns, step):
    """Rows, some at a time."""
    for at in range(0, len(columns["first"]), step):
        own = {name: x[at : at + step] for name, x in columns.items()}
        rest = {k: own.pop(k) for k in ("covariates", "half_life", "at") if k in own}
        yield Rows.given(**own)._replace(**rest)


@pytest.mark.parametrize("labels", ["ids", "wide", "text"])
@pytest.mark.parametrize("scores", ["hard", "soft", "weighted"])
@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize("strata", [False, True])
def test_pieces_of_any_size_give_the_same_bits(labels, scores, order, strata):
    columns = table(np.random.default_rng(7), 5000, labels, scores, order=order, strata=strata)
    wanted = vn.Comparisons(**columns)
    for step, keep in ((97, 0), (1024, 0), (5000, 0), (97, 2000), (700, 5000)):
        sums = CellSums(keep=keep)
        for rows in pieces(columns, step):
            sums.add(rows)
        require_same(pickle.loads(pickle.dumps(sums)).finish(), wanted)
        require_same(sums.finish(), wanted)


# ---- the table of cells -------------------------------------------------------------------------


def cells_of(table):
    """The cells of a table by their keys, squares as counts have them where there are none."""
    lo, hi, order, win, loss, tie, square, other = table.read()
    if square is None:
        square, other = win + 0.25 * tie, loss + 0.25 * tie
    keys = zip(lo.tolist(), hi.tolist(), order.tolist(), strict=True)
    return dict(zip(keys, np.transpose([win, loss, tie, square, other]).tolist(), strict=True))


@st.composite
def pieces_of_rows(draw):
    """Pieces of rows of a few codes; hard, soft, weighted, or masses, with an order or without."""
    kind = draw(st.sampled_from(["hard", "soft", "weighted", "masses", "late"]))
    has_order, seed = draw(st.booleans()), draw(st.integers(0, 2**32 - 1))
    rng, out = np.random.default_rng(seed), []
    for k in range(draw(st.integers(1, 4))):
        n, n_codes = draw(st.integers(1, 40)), draw(st.integers(2, 12))
        first = rng.integers(0, n_codes, n).astype(np.int32)
        second = ((first + rng.integers(1, n_codes, n)) % n_codes).astype(np.int32)
        piece = {"first": first, "second": second}
        if kind == "masses":
            piece |= {name: rng.random(n) for name in ("win", "loss", "tie")}
        elif kind == "hard" or (kind == "late" and k < 2):
            piece["score"] = rng.choice([0.0, 0.5, 1.0], n)
        else:
            piece["score"] = rng.random(n)
        if kind == "weighted":
            piece["weight"] = rng.random(n)
        if has_order:
            piece["order"] = rng.integers(-1, 2, n).astype(np.int8)
        out.append(piece)
    return out


@given(pieces=pieces_of_rows(), n_threads=st.integers(1, 3))
def test_the_table_is_the_reference(pieces, n_threads):
    table = CellTable()
    for piece in pieces:
        assert table.add(12, n_threads=n_threads, **piece) is None
    wanted = reference.added_in_order(pieces)
    assert cells_of(table) == {key: sums.tolist() for key, sums in wanted.items()}
    assert len(table) == len(wanted)


def test_many_cells_and_any_number_of_threads():
    rng = np.random.default_rng(3)
    n = 150_000
    first = rng.integers(0, 3000, n).astype(np.int32)
    second = ((first + rng.integers(1, 3000, n)) % 3000).astype(np.int32)
    for score in (rng.choice([0.0, 0.5, 1.0], n), rng.random(n)):
        tables = [CellTable() for _ in range(3)]
        for n_threads, table in zip((1, 2, 7), tables, strict=True):
            table.add(3000, first, second, n_threads, score=score)
        place = rng.permutation(3000).astype(np.int32)
        one, *others = [t.write(place, 3000, True, k) for k, t in enumerate(tables, 1)]
        for other in others:
            for x, y in zip(one, other, strict=True):
                assert np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y
        wanted = vn.Comparisons(place[first], place[second], score, items=np.arange(3000))
        for x, y in zip(one, (wanted.cells.row_ptr, wanted.second, wanted.order), strict=False):
            assert np.array_equal(x, y)
        assert np.array_equal(one[4], wanted.win)
        assert one[8] == wanted.n_pairs


def test_counters_do_not_run_over():
    table, n = CellTable(), 1 << 21
    pair = np.zeros(n, np.int32), np.ones(n, np.int32)
    table.add(2, *pair, 2, score=1.0)
    table.add(2, *pair, 1, score=0.0)
    table.add(
        2, pair[0][:1], pair[1][:1], 1, win=np.array([2.0**40]), loss=np.zeros(1), counts=True
    )
    assert not table.is_soft
    assert cells_of(table)[0, 1, 1][:3] == [n + 2.0**40, n, 0.0]
    table.add(2, pair[1][:1], pair[0][:1], 1, score=0.25)
    assert table.is_soft
    assert cells_of(table)[0, 1, 1][:3] == [n + 2.0**40, n, 0.0]
    assert cells_of(table)[0, 1, -1][:3] == [0.75, 0.25, 0.0]


def test_the_table_refuses_what_would_lie_beyond():
    one = np.array([0, 1], np.int32)
    assert CellTable().add(2, one, np.array([1, 1], np.int32), 1) == 1
    for bad in (2, -1):
        assert CellTable().add(2, one, np.array([1, bad], np.int32), 1) == 1
    table = CellTable()
    table.add(2, one, one[::-1].copy(), 1)
    for place in ([0], [0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="place"):
            table.write(np.array(place, np.int32), 2, True, 1)
    with pytest.raises(ValueError, match="seen"):
        table.mark(np.zeros(1, np.uint8))
    with pytest.raises(ValueError, match="second"):
        table.add(2, one, one[:1], 1)


# ---- labels that come bit by bit ----------------------------------------------------------------


@given(
    labels=st.one_of(
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=60),
        st.lists(st.integers(0, 80), min_size=1, max_size=60),
        st.lists(st.text(min_size=1, max_size=3).filter(str.strip), min_size=1, max_size=60),
    ),
    step=st.integers(1, 20),
)
def test_interim_codes_stand(labels, step):
    one = Interim(("first",))
    codes = [one.code(labels[k : k + step])[0].codes for k in range(0, len(labels), step)]
    seen = np.zeros(len(one), bool)
    seen[np.concatenate(codes)] = True
    items, place = one.settled(seen)
    assert items.tolist() == sorted(set(labels))
    assert items[place[np.concatenate(codes)]].tolist() == labels


def test_ids_that_outgrow_their_range_keep_their_codes():
    one = Interim(("first",))
    early = one.code(np.array([3, 5]))[0].codes
    late = one.code(np.array([5, -1, 2**40]))[0].codes
    assert early.tolist() == [3, 5]
    assert late[0] == 5
    assert one.labels[late].tolist() == [5, -1, 2**40]
    with pytest.raises(TypeError, match="here is text"):
        one.code(["x"])


# ---- files --------------------------------------------------------------------------------------


@pytest.fixture
def rows_of_games():
    rng = np.random.default_rng(11)
    a = rng.integers(0, 90, 4000)
    b = (a + rng.integers(1, 90, 4000)) % 90
    names = np.array([f"p{k}" for k in range(90)])
    word = np.array(["first", "tie", "second"])[rng.integers(0, 3, 4000)]
    return names[a], names[b], word


def written(folder, columns, ending, group=500):
    """A file of columns."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    table, path = pa.table(columns), folder / f"games.{ending}"
    if ending == "parquet":
        pa.parquet.write_table(table, path, row_group_size=group)
    elif ending == "csv":
        pa.csv.write_csv(table, path)
    else:
        path.write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))
    return path


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl"])
def test_files_in_pieces_of_any_size(ending, rows_of_games, tmp_path, monkeypatch):
    first, second, word = rows_of_games
    path = written(tmp_path, {"a": first, "b": second, "w": word}, ending)
    score = np.select([word == "first", word == "second"], [1.0, 0.0], 0.5)
    wanted = vn.Comparisons(first, second, score)
    for rows, kept, unit in ((1 << 18, 3 << 22, 1 << 18), (77, 0, 60), (1000, 1500, 100)):
        monkeypatch.setattr("venire.io.units._MOST", rows)
        monkeypatch.setattr("venire.io.units._LEAST", rows)
        monkeypatch.setattr("venire.io.summing._KEPT", kept)
        monkeypatch.setattr("venire.io.units.ROWS", unit)
        found = vn.io.read_comparisons(path, first="a", second="b", outcome="w")
        require_same(found, wanted)
        assert found.taken.n_rows == 4000


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_a_bad_value_late_in_a_file_is_named(ending, rows_of_games, tmp_path, monkeypatch):
    monkeypatch.setattr("venire.io.units._MOST", 64)
    monkeypatch.setattr("venire.io.units.ROWS", 60)
    first, second, word = rows_of_games
    word = word.astype(object)
    word[3456] = "walkover?"
    path = written(tmp_path, {"a": first, "b": second, "w": word}, ending)
    with pytest.raises(vn.io.DataError, match=r"row 3457.*'w'.*walkover") as caught:
        vn.io.read_comparisons(path, first="a", second="b", outcome="w")
    assert caught.value.line == (3458 if ending == "csv" else None)
    second = second.copy()
    second[3900] = first[3900]
    path = written(tmp_path, {"a": first, "b": second, "w": rows_of_games[2]}, ending)
    with pytest.raises(vn.io.DataError, match=r"row 3901.*'b'.*itself"):
        vn.io.read_comparisons(path, first="a", second="b", outcome="w")


def test_the_last_row_says_how_outcomes_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("venire.io.units._MOST", 50)
    first, second = ["x", "y"] * 200, ["y", "x"] * 200
    said = [1, 0] * 200
    said[-1] = -1  # votes, not scores
    path = written(tmp_path, {"a": first, "b": second, "w": said}, "parquet")
    found = vn.io.read_comparisons(path, first="a", second="b", outcome="w")
    whole = vn.Comparisons.from_frame(
        {"a": first, "b": second, "w": said}, first="a", second="b", outcome="w"
    )
    require_same(found, whole)
    assert found.tie.sum() == 199


def test_too_many_cells_for_the_memory_are_an_error(rows_of_games, tmp_path):
    first, second, word = rows_of_games
    path = written(tmp_path, {"a": first, "b": second, "w": word}, "parquet")
    with pytest.raises(vn.io.DataError, match="memory") as caught:
        vn.io.read_comparisons(path, first="a", second="b", outcome="w", memory="1M")
    assert "MiB" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("lo", 99), ("hi", -1), ("order", 2), ("win", -1.0), ("loss", np.nan)]
)
def test_sums_that_were_tampered_with_are_refused(name, value):
    sums = CellSums()
    sums.add(Rows.given(first=["a", "b"], second=["b", "c"], score=1.0))
    arrays, facts = sums.to_arrays()
    arrays[name] = arrays[name].copy()
    arrays[name][0] = value
    with pytest.raises(ValueError, match=name):
        CellSums.from_arrays(arrays, facts)
