"""Columns are found by their names and by what stands in them; where two readings fit, asked."""

from __future__ import annotations

import random
from dataclasses import fields

import layouts
import numpy as np
import pytest

import venire as vn
from venire.data.columns import Columns, VoteColumns
from venire.data.naming import nearest
from venire.data.recognition import Given, recognised, role_of


def said(columns):
    """The arguments of columns that were found."""
    pairs = {f.name: getattr(columns, f.name) for f in fields(columns)}
    return {
        name: value for name, value in pairs.items() if value is not None and value is not False
    }


@pytest.mark.parametrize("kind", layouts.COMPARISONS)
def test_comparisons(kind):
    table, expected = layouts.COMPARISONS[kind]
    columns, _ = recognised(table, Columns, {})
    assert said(columns) == expected


@pytest.mark.parametrize("kind", layouts.COMPARISONS)
def test_the_order_of_columns_does_not_matter(kind):
    table, expected = layouts.COMPARISONS[kind]
    if kind == "names that say nothing":
        pytest.skip("the first of two such columns is the first item")
    names = list(table)
    random.Random(1).shuffle(names)
    columns, _ = recognised({name: table[name] for name in names}, Columns, {})
    found = said(columns)
    assert found["first"] == expected["first"] or kind == "basketball"


@pytest.mark.parametrize("kind", layouts.GROUPED)
def test_groups(kind):
    table, group = layouts.GROUPED[kind]
    columns, _ = recognised(table, Columns, {}, grouped=True)
    assert columns.group == group


@pytest.mark.parametrize("kind", layouts.VOTES)
def test_votes(kind):
    table, expected = layouts.VOTES[kind]
    columns, _ = recognised(table, VoteColumns, {})
    assert said(columns) == expected


@pytest.mark.parametrize("kind", layouts.QUESTIONS)
def test_questions(kind):
    role, table, words = layouts.QUESTIONS[kind]
    with pytest.raises(ValueError) as raised:
        recognised(table, role, {})
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("kind", layouts.QUESTIONS)
def test_an_answer_settles_it(kind):
    role, table, _ = layouts.QUESTIONS[kind]
    with pytest.raises(ValueError) as raised:
        recognised(table, role, {})
    for answer in raised.value.settles:
        if "COLUMN" in answer.values():
            continue
        columns, _ = recognised(table, role, answer)
        assert said(columns).items() >= answer.items()


def test_agreeing_columns_are_one_reading_and_said():
    table = layouts.table("home,away,hg,ag,result\nx,y,1,0,x\ny,z,0,2,z\nz,x,2,2,draw")
    columns, notes = recognised(table, Columns, {})
    assert (columns.first_score, columns.second_score) == ("hg", "ag")
    assert notes == ("result agrees in the 3 rows looked at",)


def test_what_the_columns_say_beside_the_result_is_said():
    games = layouts.table("winner,loser,winner_pts,loser_pts\nx,y,3,1\ny,z,2,2\nz,x,4,0")
    columns, notes = recognised(games, Columns, {})
    assert columns.score == 1.0
    assert "winner_pts and loser_pts are equal in 1 of the 3 rows looked at" in notes[0]
    numbered = layouts.table("team_a,team_b,winner\nx,y,1\ny,z,0\nz,x,1")
    _, notes = recognised(numbered, Columns, {})
    assert notes == ("winner: 1 is team_a, 0 is team_b (--mapping 0=first,1=second turns it)",)
    assert recognised(numbered, Columns, {"mapping": {"0": "first", "1": "second"}})[1] == ()
    twice = layouts.table(
        "game,team,opponent,result\n1,x,y,W\n1,y,x,L\n2,y,z,W\n2,z,y,L\n3,z,x,D\n3,x,z,D"
    )
    _, notes = recognised(twice, Columns, {})
    assert "6 of the 6 rows looked at are 3 games told twice, by each side (game)" in notes[0]
    once = {name: values[::2] for name, values in twice.items()}
    assert recognised(once, Columns, {})[1] == ()


# ---- what the caller named ----------------------------------------------------------------------


def test_what_is_named_stays():
    table, _ = layouts.COMPARISONS["arena"]
    columns, _ = recognised(table, Columns, {"first": "model_b"})
    assert (columns.first, columns.second) == ("model_b", "model_a")
    columns, _ = recognised(table, Columns, {"second": "model_b", "cluster": "judge"})
    assert said(columns) == {
        "first": "model_a", "second": "model_b", "outcome": "winner", "cluster": "judge"
    }  # fmt: skip
    table, _ = layouts.COMPARISONS["football"]
    columns, _ = recognised(table, Columns, {"first": "AwayTeam"})
    assert said(columns) == {
        "first": "AwayTeam", "second": "HomeTeam", "first_score": "FTAG", "second_score": "FTHG"
    }  # fmt: skip
    columns, _ = recognised(table, Columns, {"outcome": "HTR"})
    assert said(columns) == {"first": "HomeTeam", "second": "AwayTeam", "outcome": "HTR"}


def test_the_loser_first():
    table, _ = layouts.COMPARISONS["winner and loser"]
    columns, _ = recognised(table, Columns, {"first": "loser"})
    assert said(columns) == {"first": "loser", "second": "winner", "score": 0.0}


def test_a_mapping_is_of_the_outcomes():
    table = layouts.table("a,b,result,points\nx,y,foo,1\ny,z,bar,1")
    columns, _ = recognised(table, Columns, {"mapping": {"foo": "first", "bar": "second"}})
    assert (columns.outcome, columns.score) == ("result", None)


@pytest.mark.parametrize("name", ["Model_A", "MODEL_A", "model a", "modela", "model_aa"])
def test_a_name_that_is_nearly_right(name):
    table, _ = layouts.COMPARISONS["arena"]
    with pytest.raises(ValueError, match="did you mean 'model_a'") as raised:
        recognised(table, Columns, {"first": name})
    assert raised.value.settles == ({"first": "model_a"},)
    assert nearest(name, list(table))[0] == "model_a"


def test_contradictions_need_no_table():
    with pytest.raises(TypeError, match="not outcome and score"):
        Given(Columns, {"outcome": "r", "score": "s"})
    with pytest.raises(TypeError, match="win and loss must be given together"):
        Given(Columns, {"win": "w"})
    with pytest.raises(TypeError, match="first and second do, or pair does"):
        Given(VoteColumns, {"pair": "p", "first": "a"})
    with pytest.raises(TypeError, match="one of vote and probabilities"):
        Given(VoteColumns, {"vote": "v", "probabilities": ["a", "b", "c"]})
    given = Given(Columns, {"first": "a", "cluster": None})
    assert (given.first, given.cluster, given.is_complete) == ("a", None, False)
    assert Given(Columns, {"first": "a", "second": "b", "score": 1.0}).is_complete
    assert Given(VoteColumns, {"pair": "p", "teacher": "t", "vote": "v"}).is_complete
    assert not Given(VoteColumns, {"first": "p", "teacher": "t", "vote": "v"}).is_complete


# ---- what people bring --------------------------------------------------------------------------


def test_hostile_tables():
    cells = ["x", "y", "z"]
    wide = {f"column {i}": cells for i in range(2000)} | {
        "model_a": ["x", "y", "z"], "model_b": ["y", "z", "x"], "winner": ["A", "B", "A"]
    }  # fmt: skip
    columns, _ = recognised(wide, Columns, {})
    assert said(columns) == {"first": "model_a", "second": "model_b", "outcome": "winner"}
    odd = {
        ("a", 1): cells, 7: ["y", "z", "x"], None: cells, "": cells, "ß" * 500: cells,
        "a" * 5000: cells, "(?:a*)*b": cells, "first": ["x", "y", "z"], "second": ["y", "z", "x"],
        "win": [1, 0, 1],
    }  # fmt: skip
    columns, _ = recognised(odd, Columns, {})
    assert (columns.first, columns.second, columns.outcome) == ("first", "second", "win")
    for table in ({"a": [], "b": []}, {"a": [None], "b": [None], "winner": [None]},
                  {"a": [float("nan")] * 3, "b": [1.5] * 3, "winner": [object()] * 3}):  # fmt: skip
        with pytest.raises(ValueError):
            recognised(table, Columns, {})


def test_missing_cells_do_not_decide():
    table = {
        "home": ["x", None, "y", "z", "x"], "away": ["y", None, "z", "x", "z"],
        "hg": [1, None, 2, 0, 1], "ag": [0, None, 2, 1, 0],
        "result": ["H", None, "D", "A", None],
    }  # fmt: skip
    columns, _ = recognised(table, Columns, {"first": "home"})
    assert columns.second == "away"


def test_repeated_texts_are_labels():
    """Short answers that come back are items; long ones that do not are not."""
    answers = ["yes", "no", "maybe"]
    table = {
        "answer_a": [answers[i % 3] for i in range(12)],
        "answer_b": [answers[(i + 1) % 3] for i in range(12)],
        "label": ["A", "B"] * 6,
    }
    columns, _ = recognised(table, Columns, {})
    assert (columns.first, columns.second) == ("answer_a", "answer_b")


# ---- what is made of it -------------------------------------------------------------------------

LIBRARIES = ["mapping", "pandas", "polars", "polars lazy", "pyarrow"]


def frame_of(table, library):
    if library == "mapping":
        return {name: np.array(cells) for name, cells in table.items()}
    if library.startswith("polars"):
        frame = pytest.importorskip("polars").DataFrame(table)
        return frame.lazy() if "lazy" in library else frame
    if library == "pyarrow":
        return pytest.importorskip("pyarrow").table(table)
    return pytest.importorskip("pandas").DataFrame(table)


@pytest.mark.parametrize("library", LIBRARIES)
def test_frames(library):
    table, _ = layouts.COMPARISONS["arena"]
    frame = frame_of(table, library)
    told = vn.Comparisons.from_frame(frame, first="model_a", second="model_b", outcome="winner")
    for c in (vn.from_frame(frame), vn.Comparisons.from_frame(frame)):
        assert c.columns == Columns(first="model_a", second="model_b", outcome="winner")
        assert c.taken.found == ("first", "second", "outcome")
        assert c.taken.n_rows == 4
        np.testing.assert_array_equal(c.win, told.win)
        np.testing.assert_array_equal(c.tie, told.tie)
    assert told.taken.found == ()
    votes, expected = layouts.VOTES["verdicts over prompts"]
    frame = frame_of(votes, library)
    v = vn.Votes.from_frame(frame)
    assert said(v.columns) == expected
    g = vn.GroupedComparisons.from_frame(frame)
    assert g.columns.group == "prompt_id"
    assert vn.from_frame(frame, as_="groups").groups.tolist() == ["p1", "p2"]
    assert isinstance(vn.from_frame(frame, teacher="judge"), vn.Votes)


def test_a_panel_is_votes_and_a_crowd_is_not():
    rng = np.random.default_rng(1)
    first = rng.integers(0, 5, 200)
    table = {
        "prompt": [f"p{i // 4}" for i in range(200)],
        "model_a": [f"m{i}" for i in first], "model_b": [f"m{(i + 1) % 5}" for i in first],
        "judge": [f"j{i % 4}" for i in range(200)],
        "winner": [("model_a", "model_b", "tie")[i] for i in rng.integers(0, 3, 200)],
    }  # fmt: skip
    assert isinstance(vn.from_frame(table), vn.Votes)
    assert isinstance(vn.from_frame(table, as_="comparisons"), vn.Comparisons)
    assert isinstance(vn.from_frame(table, group="prompt"), vn.GroupedComparisons)
    table["judge"] = [f"arena_user_{i}" for i in rng.integers(0, 150, 200)]
    assert isinstance(vn.from_frame(table), vn.Comparisons)
    with pytest.raises(ValueError, match="as_"):
        role_of(lambda: table, "rows", {})


def test_the_sample_is_of_all_rows():
    """What stands only in later rows decides, too."""
    n = 5000
    table = {
        "a": [f"t{i % 7}" for i in range(n)], "b": [f"t{(i + 1) % 7}" for i in range(n)],
        "result": ["first"] * 2500 + ["second"] * 2500,
        "winner": ["first"] * n,
    }  # fmt: skip
    with pytest.raises(ValueError, match="they differ"):
        vn.from_frame(table)


def test_files(tmp_path):
    path = tmp_path / "battles.csv"
    table, _ = layouts.COMPARISONS["arena"]
    rows = [list(table), *zip(*table.values(), strict=True)]
    path.write_text("\n".join(",".join(row) for row in rows) + "\n")
    c = vn.read(path)
    assert str(c.taken).startswith("first=model_a, second=model_b, outcome=winner")
    assert vn.io.read_comparisons(path).columns == c.columns
    assert vn.read(path, as_="groups", group="language").groups.tolist() == ["English", "German"]
    votes, gold = vn.io.read_votes(path)
    assert (votes.columns.teacher, gold) == ("judge", None)
    with pytest.raises(vn.io.DataError, match="did you mean 'model_a'") as raised:
        vn.read(path, first="Model_A")
    assert raised.value.settles == ({"first": "model_a"},)
    with pytest.raises(TypeError, match="not outcome and score"):
        vn.read(path, outcome="winner", score="turn")
    done = vn.batch.fit_files(path, tmp_path / "out.csv", {"group": "language"})
    assert done.taken.columns.first == "model_a"
    assert done.taken.n_rows == 4


def test_ties_beside_winners_are_a_question():
    rows = {"winner": ["a", "b", "c"], "loser": ["b", "c", "a"], "draw": [False, True, False]}
    with pytest.raises(ValueError, match="draw says that rows are ties"):
        vn.Comparisons.from_frame(rows)
    assert vn.Comparisons.from_frame(rows, score=1).n_comparisons == 3
    none = vn.Comparisons.from_frame(rows | {"draw": [False] * 3})
    assert none.n_comparisons == 3
