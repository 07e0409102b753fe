"""Votes that are added up as they come are the votes of all rows, bit for bit."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import venire as vn
from venire.data.sums import VoteSums
from venire.data.votes.rows import checked_rows
from venire.io import voting

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

COLUMNS = ("teacher", "win", "tie", "loss", "runs", "total", "square", "pair_ptr")


def same(a: vn.Votes, b: vn.Votes, exact: bool = True) -> None:
    """All of two tables is the same, to the bit if `exact`."""
    assert a.teachers.tolist() == b.teachers.tolist()
    assert a.n_votes == b.n_votes
    for name in ("pairs", "items", "groups", "first", "second", "group"):
        one, other = getattr(a, name), getattr(b, name)
        assert (one is None) == (other is None), name
        if one is not None:
            assert one.dtype == other.dtype, name
            assert one.tolist() == other.tolist(), name
    names = [*COLUMNS, *(("swapped_runs", "swapped_total") if b.swapped_runs is not None else ())]
    assert (a.swapped_runs is None) == (b.swapped_runs is None)
    assert set(a.table.columns) == set(b.table.columns)
    for name in names:
        one, other = getattr(a, name), getattr(b, name)
        assert one.dtype == other.dtype, name
        if exact:
            assert one.tobytes() == other.tobytes(), name
        else:
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)
    assert (a.strata is None) == (b.strata is None)
    if a.strata is not None:
        assert b.strata is not None
        for one, other in zip(a.strata, b.strata, strict=True):
            assert one.tolist() == other.tolist()


@st.composite
def tables(draw: st.DrawFn) -> dict:
    """Columns of checked_rows, of any sort."""
    n = draw(st.integers(1, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    texts = draw(st.booleans())

    def labels(k: int, word: str) -> np.ndarray:
        codes = rng.integers(0, k, n)
        if texts:
            return np.array([f"{word}{(7 * c) % k}" for c in codes], object)
        return codes * draw(st.sampled_from([1, -3, 10**12]))

    out: dict = {"teacher": labels(4, "t")}
    if draw(st.booleans()):
        out["pair"] = labels(6, "p")
    else:
        first = rng.integers(0, 5, n)
        both = first, (first + rng.integers(1, 5, n)) % 5
        names = np.array([f"i{(3 * k) % 5}" for k in range(5)], object)
        scale = draw(st.sampled_from([1, -1, 10**11]))
        out["first"], out["second"] = (names[c] if texts else c * scale for c in both)
        if draw(st.booleans()):
            out["group"] = labels(3, "g")
            if draw(st.booleans()):
                out["by"] = labels(2, "c")
    if draw(st.booleans()):
        out["vote"] = rng.integers(-1, 2, n).astype(np.int8)
    else:
        out["probabilities"] = rng.dirichlet([0.5, 0.5, 0.5], n)
        out["strength"] = 1.5
    if draw(st.booleans()):
        out["weight"] = rng.choice([0.0, 0.3, 1.0, 1.7], n)
    if draw(st.booleans()):
        out["swapped"] = rng.random(n) < 0.5
    return out


def part(columns: dict, rows: slice) -> dict:
    """Some of the rows."""
    return {k: x if k == "strength" else x[rows] for k, x in columns.items()}


def whole(columns: dict) -> vn.Votes:
    """All rows at once."""
    return vn.Votes.from_rows(checked_rows(**columns))


def summed(columns: dict, cuts: list[int]) -> VoteSums:
    """Rows in pieces, their categories coded as they come."""
    sums, n = VoteSums(), len(columns["teacher"])
    for start, stop in zip([0, *cuts], [*cuts, n], strict=True):
        piece = part(columns, slice(start, stop))
        if "by" in piece:
            (piece["by"],) = sums.labels["by"].code(piece["by"])
        if len(piece["teacher"]):
            sums.add(checked_rows(**piece))
    return sums


@settings(max_examples=150, deadline=None)
@given(tables(), st.lists(st.integers(0, 40), max_size=5))
def test_pieces_of_any_size_are_the_whole(columns: dict, cuts: list[int]) -> None:
    n = len(columns["teacher"])
    same(summed(columns, sorted(min(c, n) for c in cuts)).finish(), whole(columns))


@settings(max_examples=100, deadline=None)
@given(tables(), st.integers(0, 40))
def test_sums_of_sums_are_those_of_all_rows(columns: dict, cut: int) -> None:
    n = len(columns["teacher"])
    cut = min(cut, n)
    one, two = (summed(part(columns, slice(*ends)), []) for ends in ((0, cut), (cut, n)))
    total = VoteSums()
    for sums in (one, two):
        total.merge(pickle.loads(pickle.dumps(sums)))
    exact = "vote" in columns and "weight" not in columns
    same(total.finish(), whole(columns), exact)


def test_one_unit_keeps_its_bits() -> None:
    rng = np.random.default_rng(1)
    columns = {"pair": rng.integers(0, 5, 200), "teacher": rng.integers(0, 3, 200),
               "vote": rng.integers(-1, 2, 200), "weight": rng.random(200)}  # fmt: skip
    total = VoteSums()
    total.merge(summed(columns, [3, 77]))
    same(total.finish(), whole(columns))


@pytest.mark.parametrize(
    ("second", "argument", "position"),
    [
        ({"first": ["a", "b"], "second": ["b", "b"], "teacher": ["x", "x"], "vote": [1, 1]},
         "second", 1),
        ({"first": ["a"], "second": ["b"], "teacher": [7], "vote": [1]}, "teacher", 0),
        ({"pair": ["a"], "teacher": ["x"], "vote": [1]}, "pair", None),
        ({"first": ["a"], "second": ["b"], "teacher": ["x"], "vote": np.array([3], np.int8)},
         "vote", 0),
        ({"first": ["a"], "second": ["b"], "teacher": ["x"], "vote": [1], "swapped": [True]},
         "swapped", None),
    ],
)  # fmt: skip
def test_bad_rows_are_named(second: dict, argument: str, position: int | None) -> None:
    sums = VoteSums()
    sums.add(checked_rows(first=["a"], second=["b"], teacher=["x"], vote=[1]))
    with pytest.raises((ValueError, TypeError)) as caught:
        sums.add(checked_rows(**second))
    assert caught.value.argument == argument
    assert caught.value.position == position


def test_what_is_no_sum_is_refused() -> None:
    sums = VoteSums()
    sums.add(checked_rows(pair=["p", "q"], teacher=["x", "y"], vote=[1, 0]))
    arrays, facts = sums.to_arrays()
    for broken in (
        {"records": np.concatenate([arrays["records"]] * 2)},
        {"records": arrays["records"][:, :-1]},
        {"labels of pair": arrays["labels of pair"][:1]},
        {"labels of teacher": arrays["labels of teacher"][[0, 0]]},
    ):
        with pytest.raises((ValueError, TypeError, KeyError)):
            VoteSums.from_arrays({**arrays, **broken}, facts)
    with pytest.raises(ValueError, match="has"):
        VoteSums.from_arrays(arrays, {**facts, "has": ["pair"]})
    same(VoteSums.from_arrays(arrays, facts).finish(), sums.finish())


# ---- files --------------------------------------------------------------------------------------


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch):
    """Set how many rows are read at a time."""

    def at_a_time(n: int) -> None:
        monkeypatch.setattr(voting, "rows_at_a_time", lambda *_: n)

    return at_a_time


def table_of(n: int = 500) -> dict:
    rng = np.random.default_rng(4)
    a = rng.integers(0, 9, n)
    p = rng.dirichlet([1, 1, 1], n)
    return {
        "model_a": [f"m{k}" for k in a],
        "model_b": [f"m{k}" for k in (a + rng.integers(1, 9, n)) % 9],
        "prompt": [f"q{k}" for k in rng.integers(0, 12, n)],
        "task": [f"k{k}" for k in rng.integers(0, 2, n)],
        "judge": [f"j{k}" for k in rng.integers(0, 4, n)],
        "vote": rng.choice(["first", "second", "tie"], n).tolist(),
        "p1": p[:, 0].tolist(), "p0": p[:, 1].tolist(), "p2": p[:, 2].tolist(),
        "weight": rng.random(n).tolist(),
        "turned": (rng.random(n) < 0.5).tolist(),
    }  # fmt: skip


PAIR = {"first": "model_a", "second": "model_b", "teacher": "judge"}
WAYS = [
    PAIR | {"vote": "vote"},
    PAIR | {"vote": "vote", "group": "prompt", "weight": "weight"},
    PAIR | {"vote": "vote", "group": "prompt", "by": "task", "swapped": "turned"},
    PAIR | {"probabilities": ["p1", "p0", "p2"], "swapped": "turned"},
    {"pair": "prompt", "teacher": "judge", "probabilities": ["p1", "p0", "p2"], "weight": "weight"},
]


@pytest.mark.parametrize("named", WAYS)
@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "arrow"])
def test_files_are_the_whole_however_they_are_read(tmp_path, pieces, named, ending) -> None:
    table = table_of()
    path = written(tmp_path, table, ending)
    wanted = vn.Votes.from_frame(table, **named)
    for n in (7, 100, 1000):
        pieces(n)
        found, _ = vn.io.read_votes(path, **named)
        same(found, wanted)
    assert found.taken.n_rows == wanted.taken.n_rows


def written(folder, table: dict, ending: str):
    """The table as a file."""
    path = folder / f"votes.{ending}"
    made = pa.table(table)
    if ending == "parquet":
        made = made.set_column(4, "judge", made["judge"].dictionary_encode())
        pq.write_table(made, path, row_group_size=130)
    elif ending == "csv":
        from pyarrow import csv

        csv.write_csv(made, path)
    elif ending == "arrow":
        with pa.ipc.new_file(path, made.schema) as out:
            out.write_table(made, 90)
    else:
        import json

        rows = (dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True))
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_memory_and_threads_change_nothing(tmp_path) -> None:
    path = written(tmp_path, table_of(3000), "parquet")
    named = PAIR | {"probabilities": ["p1", "p0", "p2"], "weight": "weight"}
    wanted, _ = vn.io.read_votes(path, **named, n_threads=1)
    for memory in ("2GiB", 3 << 30):
        same(vn.io.read_votes(path, **named, memory=memory, n_threads=2)[0], wanted)
    with pytest.raises(vn.io.DataError, match=r"memory=1 MiB can hold: after .* need [\d,]+ MiB"):
        vn.io.read_votes(path, **named, memory="1M")
    with pytest.raises(ValueError, match="memory"):
        vn.io.read_votes(path, **named, memory="much")


def test_several_files_are_folded_in_their_order(tmp_path, pieces) -> None:
    named = PAIR | {"vote": "vote", "weight": "weight"}
    table = table_of()
    paths = []
    for k, rows in enumerate((slice(0, 200), slice(200, 500))):
        (tmp_path / str(k)).mkdir()
        paths.append(written(tmp_path / str(k), {a: x[rows] for a, x in table.items()}, "parquet"))
    wanted = [vn.io.read_votes(paths, **named)[0]]
    pieces(11)
    wanted.append(vn.io.read_votes(paths, **named)[0])
    same(*wanted)
    same(wanted[0], vn.Votes.from_frame(table, **named), exact=False)
    broken = {a: x[200:] for a, x in table.items()}
    broken["vote"] = [*broken["vote"][:-1], "purple"]
    written(tmp_path / "1", broken, "parquet")
    with pytest.raises(vn.io.DataError, match=r"1.votes.parquet: row 300, column .vote. = .purple"):
        vn.io.read_votes(paths, **named)


# ---- what only all rows tell --------------------------------------------------------------------


def test_votes_that_only_the_last_rows_explain(tmp_path, pieces) -> None:
    votes = [1, 0] * 20 + [-1]
    table = {"q": [f"q{k % 5}" for k in range(41)], "j": ["x"] * 41, "v": votes}
    path = written(tmp_path, table | {"-": [0] * 41, "judge": ["x"] * 41}, "parquet")
    pieces(8)
    named = {"pair": "q", "teacher": "j", "vote": "v"}
    told: list[tuple[int, int]] = []
    found, _ = vn.io.read_votes(path, **named, progress=lambda *at: told.append(at))
    same(found, vn.Votes.from_frame(table, **named))
    assert len(told) == 12  # read twice
    table["v"] = [*votes[:-1], 1]
    path = written(tmp_path, table | {"-": [0] * 41, "judge": ["x"] * 41}, "parquet")
    with pytest.raises(vn.io.DataError, match="two ways"):
        vn.io.read_votes(path, **named)


def test_a_word_without_a_meaning_may_be_the_label_of_a_later_item(tmp_path, pieces) -> None:
    n = 40
    table = {"a": ["x"] * n, "b": ["y"] * (n - 1) + ["none"], "j": ["t"] * n,
             "w": ["x", "y", "none", "x"] * 9 + ["x", "y", "x", "none"],
             "judge": ["t"] * n}  # fmt: skip
    path = written(tmp_path, table, "parquet")
    named = {"first": "a", "second": "b", "teacher": "j", "vote": "w"}
    caught = []
    for read in (lambda: vn.Votes.from_frame(table, **named),
                 lambda: vn.io.read_votes(path, **named)):  # fmt: skip
        pieces(8)
        with pytest.raises(ValueError) as error:
            read()
        caught.append((error.value.reason, error.value.value))
    assert caught[0] == caught[1]


@pytest.mark.parametrize("at", [3, 38])
def test_gold_that_contradicts_itself_names_the_row(tmp_path, pieces, at) -> None:
    table = {"q": [f"q{k % 5}" for k in range(40)], "j": ["x", "y"] * 20,
             "v": ["first", "second"] * 20, "judge": ["-"] * 40,
             "g": [("first", "tie", "second", "", "1")[k % 5] for k in range(40)]}  # fmt: skip
    pieces(7)
    named = {"pair": "q", "teacher": "j", "vote": "v", "gold": "g"}
    path = written(tmp_path, table, "csv")
    _, gold = vn.io.read_votes(path, **named)
    assert gold is not None
    np.testing.assert_array_equal(gold, [1.0, 0.5, 0.0, np.nan, 1.0])
    table["g"][at] = "second" if table["g"][at] != "second" else "first"
    path = written(tmp_path, table, "csv")
    if at % 5 == 3:
        _, gold = vn.io.read_votes(path, **named)
        assert gold is not None
        assert gold[3] == 0.0
        return
    with pytest.raises(vn.io.DataError, match="two different shares"):
        vn.io.read_votes(path, **named)


def test_gold_of_turned_pairs_in_groups_by_category(tmp_path, pieces) -> None:
    table = table_of()
    truth = {}
    rng = np.random.default_rng(0)
    gold: list[float | None] = []
    for a, b, q, k in zip(*(table[c] for c in ("model_a", "model_b", "prompt", "task")),
                          strict=True):  # fmt: skip
        low, high = min(a, b), max(a, b)
        share = truth.setdefault((q, k, low, high), rng.choice([0.0, 0.5, 1.0, np.nan]))
        gold.append(None if np.isnan(share) else share if a == low else 1.0 - share)
    path = written(tmp_path, table | {"gold": gold}, "parquet")
    named = PAIR | {"vote": "vote", "group": "prompt", "by": "task", "gold": "gold"}
    found = []
    for n in (13, 1000):
        pieces(n)
        votes, shares = vn.io.read_votes(path, **named)
        found.append((votes, shares))
    same(found[0][0], found[1][0])
    np.testing.assert_array_equal(found[0][1], found[1][1])
    for g, a, b, share in zip(votes.group, votes.first, votes.second, shares, strict=True):
        q, k = g[:-1].split(" [")
        np.testing.assert_array_equal(share, truth[q, k, a, b])
