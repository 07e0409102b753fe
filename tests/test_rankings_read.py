"""Rankings from frames and files: rows of items, columns of places, lists and text."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_rankings import ALONE, lists

import venire as vn
from venire.data import RankingColumns
from venire.data.sifting import CURE
from venire.io import DataError, read_rankings

LONG = {
    "race": [1, 1, 1, 2, 2, None],
    "driver": ["x", "y", "z", "z", "x", None],
    "finish": [2, 1, 3, 1, None, None],
}
ROW12 = "row 1 (line 2), column"
ROW22 = "row 2 (line 2), column"
ROW23 = "row 2 (line 3), column"
ROW34 = "row 3 (line 4), column"
RACES = "race,driver,finish\n"
NAMED = {"ranking": "race", "item": "driver", "rank": "finish"}
WIDE = {
    "1st": ["a", "b", None, "c"],
    "2nd": ["b", "a", None, "a"],
    "3rd": ["c", None, None, "b"],
}
FRAMES = (dict, pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table)


def written(table: dict) -> io.BytesIO:
    """The table as a CSV file."""
    rows = [
        ",".join("" if x is None else str(x) for x in row)
        for row in zip(*table.values(), strict=True)
    ]
    return io.BytesIO("\n".join([",".join(table), *rows, ""]).encode())


def parquet(table: dict) -> io.BytesIO:
    out = io.BytesIO()
    pq.write_table(pa.table(table), out)
    out.seek(0)
    return out


def sources(table: dict):
    """Ways to read a table, as functions of the columns."""
    for make in FRAMES:
        yield lambda make=make, **how: vn.Rankings.from_frame(make(table), **how)
    yield lambda **how: read_rankings(written(table), **how)
    yield lambda **how: read_rankings(parquet(table), **how)
    yield lambda **how: vn.read(written(table), as_="rankings", **how)
    yield lambda **how: vn.from_frame(pd.DataFrame(table), as_="rankings", **how)


@pytest.mark.parametrize("read", sources(LONG))
def test_rows_of_items(read):
    r = read(among="rows", **NAMED)
    assert lists(r) == [["y", "x", "z"], ["z", None, "x"]]
    assert str(r.taken).endswith("1 of 6 rows dropped: 1 empty")
    assert lists(read(among="all", skip_missing=True, **NAMED)) == [
        ["y", "x", "z"],
        ["z", None, "x", "y"],
    ]
    left = read(skip_missing=True, **NAMED)
    assert lists(left) == [["y", "x", "z"]]
    assert left.taken.dropped == {"empty": 1, "without a rank": 1, "of one item": 1}
    with pytest.raises(ValueError, match="--among rows"):
        read(**NAMED)


@pytest.mark.parametrize("read", sources(WIDE))
def test_columns_of_places(read):
    r = read(place=["1st", "2nd", "3rd"])
    assert lists(r) == [["a", "b", "c"], ["b", "a"], ["c", "a", "b"]]
    assert r.taken.dropped == {"empty": 1}
    assert lists(read())[1] == ["b", "a"]
    best = read(place=["1st"], among="all", items=["a", "b", "c"])
    assert lists(best) == [["a", None, "b", "c"], ["b", None, "a", "c"], ["c", None, "a", "b"]]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (
            '{"r": ["a", "b"], "w": 2}\n{"r": ["b", ["a", "c"]], "w": 1}\n',
            [["a", "b"], ["b", ["a", "c"]]],
        ),
        (
            '{"r": [3, 1], "w": 2}\n{"r": null, "w": 9}\n{"r": [1, 2, 3], "w": 1}',
            [[3, 1], [1, 2, 3]],
        ),
        ("r,w\na > b = c,2\nb>a,1\n", [["a", ["b", "c"]], ["b", "a"]]),
        ("r,w\n2>1,2\n1 > 10 > 2,1\n", [[2, 1], [1, 10, 2]]),
        ('r,w\n"[""a"", ""b""]",2\nb>a,1\n', [["a", "b"], ["b", "a"]]),
    ],
)
def test_a_column_of_lists_or_text(lines, expected):
    r = read_rankings(io.BytesIO(lines.encode()), place="r", weight="w")
    assert lists(r) == expected
    assert r.weight.tolist() == [2, 1]


@pytest.mark.parametrize(
    "text",
    [
        '["a", "b"]\n["b", "c", "a"]\n',
        '[["a", "b"],\n ["b", "c", "a"]]',
        '[["a","b"],["b","c","a"]]',
    ],
)
def test_json_of_lists_is_recognised(text):
    r = vn.read(io.BytesIO(text.encode()))
    assert lists(r) == [["a", "b"], ["b", "c", "a"]]
    assert str(r.taken) == "place=list"


def test_lists_in_frames_and_parquet():
    table = {"r": [["a", "b"], ["b", "a", "c"], None], "judge": ["u", "v", "w"]}
    for make in FRAMES:
        r = vn.from_frame(make(table))
        assert lists(r) == [["a", "b"], ["b", "a", "c"]]
    r = read_rankings(parquet(table), place="r", cluster="judge")
    assert lists(r) == [["a", "b"], ["b", "a", "c"]]
    assert r.clusters[r.cluster].tolist() == ["u", "v"]


def test_what_is_of_a_ranking_is_read_with_it():
    table = {
        "race": [2, 1, 2, 1], "driver": [*"abba"], "finish": [1, 5, 2, 2],
        "n": [3, 1, 3, 1], "user": [*"uvuv"], "league": [*"pqpq"],
    }  # fmt: skip
    for read in sources(table):
        r = read(**NAMED, weight="n", cluster="user")
        assert r.labels.tolist() == [1, 2]
        assert r.weight.tolist() == [1, 3]
        assert r.clusters[r.cluster].tolist() == ["v", "u"]
        assert read(**NAMED, group="league").n_items == 4


def test_columns_are_found_by_their_names():
    full = {k: v[:4] for k, v in LONG.items()}
    full["race"], full["driver"] = [1, 1, 2, 2], [*"xyzx"]
    r = vn.Rankings.from_frame(full)
    assert r.taken.found == ("ranking", "item", "rank")
    assert vn.Rankings.from_frame(full, ranking="race").taken.found == ("item", "rank")
    with pytest.raises(
        ValueError, match="item: no column is known to hold the ranked items; say item="
    ):
        vn.Rankings.from_frame({"race": [1], "who": ["x"], "rank": [1]})
    with pytest.raises(
        ValueError, match="race or heat may name the rankings; say ranking=race, or"
    ):
        vn.Rankings.from_frame({"race": [1], "heat": [1], "item": ["x"], "rank": [1]})


@pytest.mark.parametrize(
    ("text", "how", "said"),
    [
        (RACES + "1,x,2\n1,y,DNF\n", {}, f"{ROW23} 'finish' = 'DNF': must be a number"),
        (RACES + "1,x,2\n1,,1\n", {}, f"{ROW23} 'driver': a value is missing; {CURE}"),
        (RACES + "1,x,2\n1,x,1\n", {}, f"{ROW12} 'driver' = 'x': stands in ranking 1 twice"),
        (RACES + "1,x,2\n1,y,1\n2,y,1\n", {}, f"{ROW34} 'race' = 2: {ALONE}"),
        (RACES + "1,x,2\n1,y,inf\n", {}, f"{ROW23} 'finish' = inf: must be a finite number"),
        (
            "1st,2nd,3rd\n5,6,7\n6,,5\n",
            {},
            f"{ROW23} '3rd' = 5: stands behind an empty place, '2nd'",
        ),
        (
            "1st,2nd,3rd\n5,6,7\n6,7,6\n",
            {},
            f"{ROW23} '3rd' = 6: stands in the row twice, also as '1st'",
        ),
        ("1st,2nd,3rd\n5,6,7\n6,,\n", {}, f"{ROW23} '1st' = [6]: {ALONE}"),
        ("r\na>b\na>>b\n", {"place": "r"}, f"{ROW23} 'r' = 'a>>b': lacks a label beside > or ="),
        (
            'r\na>b\n"[""a"","\n',
            {"place": "r"},
            f'{ROW23} \'r\' = \'["a",\': is no list, as in ["a", "b"]',
        ),
        (
            '["a","b"]\n["b","b"]\n',
            {},
            f"{ROW22} 'list' = 'b': stands in the ranking twice",
        ),
        ('["a","b"]\n["b",null]\n', {}, f"{ROW22} 'list': a value is missing (null)"),
        (
            '["a","b"]\n["b",2]\n',
            {},
            f"{ROW22} 'list' = 2: must all be of one type, and the first is 'a'",
        ),
        (RACES, {}, "holds no rows"),
    ],
)
def test_what_is_wrong_with_a_file_names_row_and_column(text, how, said):
    with pytest.raises(DataError) as error:
        read_rankings(io.BytesIO(text.encode()), **how)
    assert str(error.value).removeprefix("the open file: ") == said


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"place": []}, "place = []: must name a column"),
        ({"place": ["a", "a"]}, "place[1] = 'a': is a place already"),
        (
            {"place": "a", "rank": "b"},
            "rank = 'b': place names columns of rankings that have a row each",
        ),
        (
            {"place": "a", "among": "rows"},
            "among = 'rows': is of rankings with a row for each item",
        ),
        ({"ranking": "a", "item": "b"}, "rank = None: must name a column"),
        ({"place": "a", "among": "some"}, "among = 'some': must be one of rows, all"),
        ({"place": 2.5}, "place = 2.5: must be an array or a list"),
    ],
)
def test_columns_that_contradict_each_other_are_refused(how, said):
    with pytest.raises((TypeError, ValueError)) as error:
        RankingColumns(**how)
    assert str(error.value) == said


def test_large_files_are_read_in_pieces():
    rng = np.random.default_rng(4)
    n = 60_000
    rows = [rng.permutation(50)[:3].tolist() for _ in range(n)]
    text = "\n".join(json.dumps({"r": [f"item {x}" for x in row]}) for row in rows)
    r = read_rankings(io.BytesIO(text.encode()), place="r", n_threads=2)
    assert r.n_rankings == n
    assert [
        [int(label[5:]) for label in row] for row in lists(r.select(np.arange(n - 5, n)))
    ] == rows[-5:]
