"""Covariates by columns: what names them, which way their differences go, and what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import venire as vn
from venire.cli import main
from venire.data.named_covariates import Covariate, common_name
from venire.io import DataError

GAMES = {
    "model_a": ["x", "y", "z", "x"],
    "model_b": ["y", "z", "x", "z"],
    "winner": ["model_a", "model_b", "tie", "model_a"],
    "length_a": [1.0, 2.0, 4.0, 0.5],
    "length_b": [2.0, 2.5, 1.0, 0.0],
    "rest": [1, 0, -2, 3],
    "len-gth": [0.5, 1.5, 2.5, 3.5],
}
LENGTH = Covariate("length", "length_a", "length_b")
DIFFERENCE = np.subtract(GAMES["length_a"], GAMES["length_b"])


def read(covariates, games=GAMES, **named):
    return vn.Comparisons.from_frame(games, covariates=covariates, **named)


def cells(c):
    """Pairs, the first covariate, and who won."""
    return sorted(
        (c.items[i], c.items[j], *row)
        for i, j, *row in zip(c.first, c.second, c.covariates[:, 0], c.win, c.loss, strict=True)
    )


@pytest.mark.parametrize(
    ("given", "names", "taken"),
    [
        ("rest", ("rest",), (Covariate("rest", "rest"),)),
        (["rest", "length"], ("rest", "length"), (Covariate("rest", "rest"), LENGTH)),
        ("length", ("length",), (LENGTH,)),
        ("Length", ("Length",), (LENGTH._replace(name="Length"),)),
        ([("length_a", "length_b")], ("length",), (LENGTH,)),
        ("length_a-length_b", ("length",), (LENGTH,)),
        ("words = length_a - length_b", ("words",), (LENGTH._replace(name="words"),)),
        ("words=length", ("words",), (LENGTH._replace(name="words"),)),
        ({"words": ("length_a", "length_b")}, ("words",), (LENGTH._replace(name="words"),)),
        ({"words": "length"}, ("words",), (LENGTH._replace(name="words"),)),
        ("len-gth", ("len-gth",), (Covariate("len-gth", "len-gth"),)),
        ("len-gth-rest", ("len-gth-rest",), (Covariate("len-gth-rest", "len-gth", "rest"),)),
        ((LENGTH,), ("length",), (LENGTH,)),
    ],
)
def test_what_names_a_covariate(given, names, taken):
    c = read(given)
    assert c.covariate_names == names
    assert c.taken.columns.covariates == taken
    again = vn.Comparisons.from_frame(GAMES, c.taken.columns)
    np.testing.assert_array_equal(again.covariates, c.covariates)


def test_differences_are_of_the_cells_first():
    found = cells(read("length"))
    assert found[0] == ("x", "y", -1.0, 1.0, 0.0)
    assert [row[2] for row in found] == [-1.0, -3.0, 0.5, -0.5]
    assert cells(read("length", first="model_b", second="model_a")) == found
    given = cells(read("rest", first="model_b", second="model_a"))
    assert [row[2] for row in given] != [row[2] for row in cells(read("rest"))]  # as it was said


def test_sides_of_other_names():
    games = {"home": ["x", "y"], "away": ["y", "x"], "result": ["win", "draw"],
             "away_rest": [2, 5], "home_rest": [4, 4],
             "rest_1": [0, 1], "rest_2": [1, 0]}  # fmt: skip
    assert read("homeless=home_rest-away_rest", games).covariate_names == ("homeless",)
    found = read(["rest"], {k: v for k, v in games.items() if k[-1] not in "12"})
    assert found.taken.columns.covariates == (Covariate("rest", "home_rest", "away_rest"),)
    own = read("rest", games)  # two pairs are called so: that of the items' words is meant
    assert own.taken.columns.covariates == (Covariate("rest", "home_rest", "away_rest"),)
    renamed = {"p": ["x", "y"], "q": ["y", "x"], "result": ["win", "draw"], "rest_w": [1, 2],
               "rest_l": [2, 2]}  # fmt: skip
    with pytest.raises(ValueError, match="which of them is of p"):
        read("rest", renamed, first="p", second="q")


def test_what_covariates_say_is_no_outcome():
    games = {k: v for k, v in GAMES.items() if k != "winner"} | {"score_a": [3, 0, 1, 2],
             "score_b": [1, 1, 1, 0]}  # fmt: skip
    c = read("length", games)
    assert c.taken.columns.first_score == "score_a"
    games["points_a"], games["points_b"] = [9, 9, 1, 2], [9, 0, 1, 3]
    with pytest.raises(ValueError, match="may say who won, and they differ"):
        read("length", games)
    assert read(["length", "points"], games).taken.columns.first_score == "score_a"


def test_half_of_a_difference_is_said():
    c = read("length_a")
    assert c.covariate_names == ("length_a",)
    assert "length_b is not taken off it (length=length_a-length_b does)" in str(c.taken)
    assert "not taken off" not in str(read(["length", "rest"]).taken)


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ("lenght", ValueError, "there is no column 'lenght', nor one of each side; did you mean"),
        ([("length_a", "lenth_b")], ValueError, "there is no column 'lenth_b'; did you mean"),
        ([("length_a", "length_a")], ValueError, "a column less itself is 0"),
        ([("a", "b", "c")], TypeError, "must be a column, or two"),
        ([], ValueError, "names no column"),
        (["rest", "rest"], ValueError, r"covariates\[1\] = 'rest': the name is given twice"),
        ([0.5], TypeError, "must name a column"),
        ({"a": None}, TypeError, "must name a column"),
        ({1: "rest"}, TypeError, "a name must be text"),
        ("winner", ValueError, r"covariates\[0\] = 'model_a' \(column 'winner'\): must be a num"),
    ],
)
def test_what_is_refused(given, kind, says):
    with pytest.raises(kind, match=says):
        read(given, outcome="winner")


@pytest.mark.parametrize("value", [None, np.nan, np.inf, 1e31, "long", ""])
def test_a_value_that_is_no_number_is_named(value, tmp_path):
    games = GAMES | {"length_b": [2.0, 2.5, value, 0.0]}
    with pytest.raises(ValueError, match=r"covariates\[2\].*\(column 'length_b'\)"):
        read("length", games)
    file = tmp_path / "games.json"
    rows = [dict(zip(games, row, strict=True)) for row in zip(*games.values(), strict=True)]
    file.write_text(json.dumps(rows))
    with pytest.raises(DataError, match=r"row 3.*column 'length_b'"):
        vn.io.read_comparisons(file, covariates="length")


def test_rows_that_are_left_out_take_their_covariates_along():
    games = GAMES | {"winner": ["model_a", None, "tie", "model_a"], "rest": [1, np.nan, -2, 3]}
    c = read(["length", "rest"], games, skip_missing=True)
    kept = {name: [v for k, v in enumerate(x) if k != 1] for name, x in GAMES.items()}
    np.testing.assert_array_equal(c.covariates, read(["length", "rest"], kept).covariates)


@pytest.mark.parametrize("backend", ["pandas", "polars", "pyarrow"])
def test_frames_of_all_libraries(backend):
    module = pytest.importorskip(backend)
    make = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}[backend]
    c = read(["length", "rest"], getattr(module, make)(GAMES))
    np.testing.assert_array_equal(c.covariates, read(["length", "rest"]).covariates)


def test_files_of_all_formats(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame, loaded = pandas.DataFrame(GAMES), read(["length", "rest"])
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "comma.csv", index=False, sep=";", decimal=",")
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    for name in ("t.csv", "comma.csv", "t.parquet", "t.jsonl"):
        c = vn.io.read_comparisons(tmp_path / name, covariates=["length", "rest"])
        np.testing.assert_array_equal(c.covariates, loaded.covariates)
        assert c.taken.said()["covariates"] == "length (length_a - length_b), rest"


def test_groups_have_none(tmp_path):
    games = GAMES | {"topic": [1, 1, 2, 2]}
    with pytest.raises(TypeError, match="groups are fitted without covariates"):
        vn.GroupedComparisons.from_frame(games, group="topic", covariates="length")
    file = tmp_path / "games.jsonl"
    rows = [dict(zip(games, row, strict=True)) for row in zip(*games.values(), strict=True)]
    file.write_text("\n".join(map(json.dumps, rows)))
    with pytest.raises(TypeError, match="groups are fitted without covariates"):
        vn.batch.fit_files(
            file, tmp_path / "out.parquet", {"group": "topic", "covariates": "length"}
        )


def test_common_names():
    assert common_name("conv_a_tokens", "conv_b_tokens") == "conv_tokens"
    assert common_name("lengthA", "lengthB") == "length"
    assert common_name("len1", "len2") == "len"
    assert common_name("a", "b") == "a-b"


def test_a_table_with_covariates_is_of_comparisons(tmp_path):
    file = tmp_path / "games.csv"
    lines = zip(*GAMES.values(), strict=True)
    text = [",".join(GAMES), *(",".join(map(str, line)) for line in lines)]
    file.write_text("\n".join(text) + "\n")
    assert vn.read(file, covariates="length").covariate_names == ("length",)


def test_typed_twice(capsys):
    assert main(["fit", "f.csv", "--covariate", "x", "--covariate", "x"]) == 2
    assert "--covariate" in (said := capsys.readouterr().err)
    assert "given twice" in said
