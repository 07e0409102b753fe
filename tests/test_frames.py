"""Columns of data frames to the arguments of Comparisons."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import venire as vn
from venire.data.coding import Encoded, encode
from venire.data.frames import read_frame
from venire.data.outcomes import Terms, outcome_scores, survey

GAMES = {
    "home": ["x", "y", "x", "z"],
    "away": ["y", "z", "z", "y"],
    "goals": [3, 1, 0, 2],
    "against": [1, 1, 4, 0],
    "share": [1.0, 0.5, 0.0, 0.75],
    "neutral": [True, False, False, True],
    "turn": [1, -1, 0, 1],
    "result": ["first", "tie", "second", "first"],
    "winner": ["x", "draw", "z", "z"],
    "hda": ["H", "D", "A", "H"],
    "season": ["s2", "s1", "s1", "s2"],
    "games": [2, 1, 1, 4],
}

FRAMES = {
    "dict": dict,
    "pandas": lambda d: pd.DataFrame(d, index=range(9, 9 + len(next(iter(d.values()))))),
    "pandas arrow": lambda d: pd.DataFrame(d).convert_dtypes(dtype_backend="pyarrow"),
    "pandas nullable": lambda d: pd.DataFrame(d).convert_dtypes(),
    "polars": pl.DataFrame,
    "polars lazy": lambda d: pl.DataFrame(d).lazy(),
    "pyarrow": pa.table,
}


@pytest.fixture(params=FRAMES)
def frame(request):
    return FRAMES[request.param]


def columns(data, first, second, **named):
    if not {"outcome", "score", "first_score", "win"} & {*named}:
        named["score"] = 1.0
    return read_frame(data, vn.Columns(first=first, second=second, **named))


def test_labels_and_score(frame):
    rows = columns(frame(GAMES), "home", "away", score="share")
    assert rows.first.items.tolist() == ["x", "y", "z"]
    assert rows.first.codes.tolist() == [0, 1, 0, 2]
    assert rows.second.codes.tolist() == [1, 2, 2, 1]
    assert rows.score.tolist() == [1.0, 0.5, 0.0, 0.75]
    assert rows.weight is rows.order is rows.cluster is rows.win is None
    assert rows.n == 4


def test_two_scores(frame):
    rows = columns(frame(GAMES), "home", "away", first_score="goals", second_score="against")
    assert rows.score.tolist() == [1.0, 0.5, 0.0, 1.0]


def test_counts(frame):
    rows = columns(frame(GAMES), "home", "away", win="goals", loss="against", tie="games")
    assert rows.win.tolist() == [3.0, 1.0, 0.0, 2.0]
    assert rows.loss.tolist() == [1.0, 1.0, 4.0, 0.0]
    assert rows.tie.tolist() == [2.0, 1.0, 1.0, 4.0]
    assert rows.score is None


def test_weight_order_and_cluster(frame):
    data = frame(GAMES)
    rows = columns(data, "home", "away", weight="games", order="turn", cluster="season")
    assert rows.score == 1.0
    assert rows.weight.tolist() == [2.0, 1.0, 1.0, 4.0]
    assert rows.order.tolist() == [1, -1, 0, 1]
    assert rows.cluster.items.tolist() == ["s1", "s2"]
    assert rows.cluster.codes.tolist() == [1, 0, 0, 1]


def test_neutral(frame):
    assert columns(frame(GAMES), "home", "away", neutral="neutral").order.tolist() == [0, 1, 1, 0]
    both = columns(frame(GAMES), "home", "away", neutral="neutral", order="turn")
    assert both.order.tolist() == [0, -1, 0, 0]


@pytest.mark.parametrize(
    "values",
    [
        ["TRUE", "FALSE", "false", "True"],
        ["yes", "no", "N", "y"],
        [1, 0, 0, 1],
        [1.0, 0.0, 0.0, 1.0],
    ],
)
def test_neutral_in_other_words(frame, values):
    rows = columns(frame(GAMES | {"neutral": values}), "home", "away", neutral="neutral")
    assert rows.order.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("values", "scores"),
    [
        (["first", "second", "tie", "TIE"], [1, 0, 0.5, 0.5]),
        (["win", "loss", "draw", " Win "], [1, 0, 0.5, 1]),
        (["W", "L", "D", "D"], [1, 0, 0.5, 0.5]),
        (["A", "B", "tie", "A"], [1, 0, 0.5, 1]),
        (["model_a", "model_b", "tie (bothbad)", "tie"], [1, 0, 0.5, 0.5]),
        ([1, 0, 1, 0], [1, 0, 1, 0]),
        ([1.0, 0.0, 0.5, 1.0], [1, 0, 0.5, 1]),
        (["1", "0", "0.5", "1"], [1, 0, 0.5, 1]),
        ([True, False, True, False], [1, 0, 1, 0]),
        (["x", "z", "draw", "y"], [1, 0, 0.5, 0]),
    ],
)
def test_outcomes_without_a_mapping(frame, values, scores):
    assert (
        columns(frame(GAMES | {"o": values}), "home", "away", outcome="o").score.tolist() == scores
    )


def test_mapping(frame):
    data = frame(GAMES)
    mapping = {"H": 1, "D": 0.5, "A": 0}
    assert columns(data, "home", "away", outcome="hda", mapping=mapping).score.tolist() == [
        1,
        0.5,
        0,
        1,
    ]
    words = {"H": "first", "D": "tie", "A": "second"}
    assert columns(data, "home", "away", outcome="hda", mapping=words).score.tolist() == [
        1,
        0.5,
        0,
        1,
    ]
    # the mapping goes before the labels of the items, and completes them
    swapped = {"x": 0.25, "draw": 0.5}
    assert columns(data, "home", "away", outcome="winner", mapping=swapped).score.tolist() == [
        0.25,
        0.5,
        0.0,
        1.0,
    ]
    # numbers that are written as text, as on the command line
    assert columns(
        data, "home", "away", outcome="turn", mapping={"1": 1, "-1": 0, "0": 0.5}
    ).score.tolist() == [1, 0, 0.5, 1]


def test_integer_winners(frame):
    data = frame({"a": [10, 20, 30], "b": [20, 30, 10], "w": [20, 20, 10]})
    assert columns(data, "a", "b", outcome="w").score.tolist() == [0, 1, 0]
    # 0 and 1 are scores here, for they are not among the items of every row
    data = frame({"a": [0, 2, 1], "b": [1, 3, 2], "w": [1, 0, 1]})
    assert columns(data, "a", "b", outcome="w").score.tolist() == [1, 0, 1]


def test_items_called_like_words():
    data = {"a": ["A", "C", "B"], "b": ["B", "A", "C"], "w": ["A", "A", "C"]}
    assert columns(data, "a", "b", outcome="w").score.tolist() == [1, 0, 0]
    # both readings say the same
    data = {"a": ["first", "first"], "b": ["second", "second"], "w": ["first", "second"]}
    assert columns(data, "a", "b", outcome="w").score.tolist() == [1, 0]


PAIR = {"a": ["x", "z"], "b": ["y", "y"]}
REFUSED = [
    ({"o": ["H", "B"]}, {"outcome": "o"}, r"outcome\[1\] = 'B' \(column 'o'\):"),
    ({"o": ["A", "tie"]}, {"outcome": "o"}, r"\[0\] = 'A'.*A away.*A is first"),
    ({"o": ["x", "q"]}, {"outcome": "o"}, r"\[1\] = 'q'.*give a mapping"),
    ({"o": ["x", "x"]}, {"outcome": "o"}, r"\[1\] = 'x'"),
    ({"o": [1, 3]}, {"outcome": "o"}, r"\[1\] = 3.*a scale of strengths needs a mapping"),
    ({"o": [1, -2]}, {"outcome": "o"}, r"\[1\] = -2"),
    ({"o": [1.7, 0.7]}, {"outcome": "o"}, r"\[[01]\] = [01].7"),
    ({"o": ["x", None]}, {"outcome": "o"}, r"\[1\].*: a value is missing \(null\)"),
    ({"o": [1, None]}, {"outcome": "o"}, r"outcome\[1\] \(column 'o'\): .*null\)"),
    ({"o": [True, None]}, {"outcome": "o"}, r"\[1\].*null\)"),
    (
        {"o": ["H", "?"]},
        {"outcome": "o", "mapping": {"H": 1}},
        r"= '\?'.*not in the mapping .'H'.",
    ),
    (
        {"o": ["H", "H"]},
        {"outcome": "o", "mapping": {"H": 2}},
        "mapping\\['H'\\] = .*: must be a score",
    ),
    (
        {"o": ["H", "H"]},
        {"outcome": "o", "mapping": {"H": "won"}},
        "mapping\\['H'\\] = 'won': must be",
    ),
    ({"s": [1.0, None]}, {"score": "s"}, r"score\[1\] \(column 's'\): .*null\)"),
    ({"s": [1.0, 7.0]}, {"score": "s"}, r"score\[1\] = 7.0 \(column 's'\):"),
    (
        {"s": ["1", "NA"]},
        {"score": "s"},
        r"score\[1\] = 'NA' \(column 's'\): a value is missing; skip_missing=True",
    ),
    ({"s": [1.0, -0.5]}, {"weight": "s"}, r"weight\[1\] = -0.5 \(column 's'\):"),
    ({"s": [1, 2]}, {"order": "s"}, r"order\[1\] = 2 \(column 's'\):"),
    ({"s": ["yes", "?"]}, {"neutral": "s"}, r"neutral\[1\] = '\?' \(column 's'\):"),
    (
        {"s": [1, 1], "t": [1, None]},
        {"win": "s", "loss": "t"},
        r"loss\[1\].* \(column 't'\):",
    ),
    ({"s": [1, 1], "t": [1, -1]}, {"win": "s", "loss": "t"}, r"loss\[1\].* \(column 't'\):"),
    ({"s": [1, 1], "t": [1, None]}, {"first_score": "s", "second_score": "t"}, r"\[1\].*'t'"),
    ({"a": ["x", None]}, {}, r"first\[1\] \(column 'a'\): a value is missing \(null\)"),
    ({"s": ["c", None]}, {"cluster": "s"}, r"cluster\[1\] \(column 's'\):"),
]


@pytest.mark.parametrize(("extra", "arguments", "message"), REFUSED)
def test_bad_values_name_column_row_and_value(frame, extra, arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        columns(frame(PAIR | extra), "a", "b", **arguments)


def test_nan_is_no_score():
    for make in (dict, pl.DataFrame):
        data = make(PAIR | {"s": np.array([1.0, np.nan])})
        with pytest.raises(ValueError, match=r"score\[1\].* \(column 's'\):"):
            columns(data, "a", "b", score="s")
        with pytest.raises(ValueError, match=r"first_score\[1\].* \(column 's'\):"):
            columns(data, "a", "b", first_score="s", second_score="s")
        with pytest.raises(ValueError, match=r"outcome\[1\] \(column 's'\):"):
            columns(data, "a", "b", outcome="s")


def test_ambiguous_integers_need_a_mapping():
    data = {"a": [0, 1], "b": [1, 0], "w": [0, 1]}
    with pytest.raises(
        ValueError, match=r"outcome.* \(column 'w'\): .*could be a score or the winner"
    ):
        columns(data, "a", "b", outcome="w")
    assert columns(data, "a", "b", outcome="w", mapping={0: 0, 1: 1}).score.tolist() == [0, 1]


def test_missing_columns(frame):
    with pytest.raises(ValueError, match="score: there is no column 'shre'; did you mean 'share'"):
        columns(frame(GAMES), "home", "away", score="shre")
    with pytest.raises(ValueError, match="first: there is no column 'qqq'; there are 'home', "):
        columns(frame(GAMES), "qqq", "away")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first_score": "goals"}, "first_score and second_score must be given together"),
        ({"win": "goals"}, "win and loss must be given together"),
        ({"tie": "goals"}, "give win and loss as well"),
        ({"score": "share", "outcome": "result"}, "not outcome and score"),
        ({"mapping": {"H": 1}}, "give outcome as well"),
    ],
)
def test_contradictions(arguments, message):
    with pytest.raises(TypeError, match=message):
        columns(GAMES, "home", "away", **arguments)


def test_no_frame():
    with pytest.raises(
        TypeError, match="frame = \\[1, 2\\]: must be a data frame or a mapping of arrays"
    ):
        columns([1, 2], "a", "b")
    with pytest.raises(ValueError, match="is empty"):
        columns(pl.DataFrame({"a": [], "b": []}), "a", "b")


def test_comparisons_from_frame(frame):
    c = vn.Comparisons.from_frame(
        frame(GAMES), first="home", second="away", first_score="goals", second_score="against",
        neutral="neutral", weight="games",
    )  # fmt: skip
    assert c.items.tolist() == ["x", "y", "z"]
    assert c.n_comparisons == 8.0
    cells = zip(c.first, c.second, c.order, c.win, c.loss, c.tie, strict=True)
    assert [tuple(map(float, cell)) for cell in cells] == [
        (0, 1, 0, 2, 0, 0),
        (0, 2, 1, 0, 1, 0),
        (1, 2, 0, 0, 4, 0),
        (1, 2, 1, 0, 0, 1),
    ]
    with pytest.raises(ValueError, match="z"):
        vn.Comparisons.from_frame(
            frame(GAMES), first="home", second="away", score=1.0, items=["x", "y"]
        )
    c = vn.Comparisons.from_frame(
        frame(GAMES), first="home", second="away", score=1.0, items=["z", "y", "q", "x"]
    )
    assert c.items.tolist() == ["z", "y", "q", "x"]


@given(st.data())
def test_outcomes_in_pieces(data):
    """A column that is surveyed piece by piece is read, or refused, as if it were whole."""
    label = st.sampled_from(["0", "1", "a", "b", "x"])
    pairs = data.draw(st.lists(st.tuples(label, label), min_size=1, max_size=12))
    words = st.sampled_from(["first", "tie", "A", "B", "1", "0", "draw", "?"])
    of = data.draw(st.sampled_from(["words", "labels", "both"]))
    values = [
        data.draw(
            words if of == "words" else st.sampled_from([*pair, "tie"]) if of == "labels"
            else st.one_of(words, st.sampled_from(pair))
        )
        for pair in pairs
    ]  # fmt: skip
    items, a, b = encode([p[0] for p in pairs], [p[1] for p in pairs])
    cut = data.draw(st.integers(0, len(pairs)))

    def outcome(function):
        try:
            return function()
        except ValueError as error:
            return str(error)

    def in_pieces():
        parts = [slice(0, cut), slice(cut, None)]
        sides = [(Encoded(items, a[p]), Encoded(items, b[p])) for p in parts]
        texts = [np.array(values, object)[p] for p in parts]
        head, tail = (survey(t, Terms(), *s) for t, s in zip(texts, sides, strict=True))
        reading = (head + tail).reading()
        return [
            outcome_scores(t, Terms(), *s, reading)[0].tolist()
            for t, s in zip(texts, sides, strict=True)
        ]

    def whole():
        column = np.array(values, object)
        scores, _ = outcome_scores(column, Terms(), Encoded(items, a), Encoded(items, b))
        return scores.tolist()

    want, got = outcome(whole), outcome(in_pieces)
    assert got == (want if isinstance(want, str) else [want[:cut], want[cut:]])


def test_columns_listed_or_named():
    from venire.data import columns as lists

    listed = vn.Columns(first="home", second="away", score="share")
    c = vn.Comparisons.from_frame(GAMES, listed)
    assert c.win.tolist() == columns_of(vn.Comparisons, **listed.names).win.tolist()
    with pytest.raises(TypeError, match="not both"):
        vn.Comparisons.from_frame(GAMES, listed, weight="games")
    with pytest.raises(TypeError, match=r"columns.*: must be Columns"):
        vn.Comparisons.from_frame(GAMES, "home")
    with pytest.raises(TypeError, match=r"group.*: must name a column"):
        vn.GroupedComparisons.from_frame(GAMES, listed)
    with pytest.raises(TypeError, match=r"group.*: comparisons in groups are GroupedComparisons"):
        columns_of(vn.Comparisons, **listed.names, group="season")
    with pytest.raises(TypeError, match=r"cluster.*: groups are resampled by themselves"):
        columns_of(vn.GroupedComparisons, **listed.names, group="season", cluster="games")
    for made, names in (
        (lists.Columns, lists.ColumnNames), (lists.VoteColumns, lists.VoteColumnNames),
    ):  # fmt: skip
        assert list(made.__dataclass_fields__) == list(names.__annotations__)
    votes = vn.VoteColumns(teacher="t", pair="q", vote=["a", "b"], swapped="b", gold="g")
    assert votes.names == {"teacher": "t", "pair": "q", "gold": "g", "vote0": "a", "vote1": "b"}
    frame = {"t": [1], "q": [2], "a": [1], "b": [-1]}
    v = vn.Votes.from_frame(frame, votes)
    assert (v.runs.tolist(), v.swapped_runs.tolist()) == ([2], [1])


def columns_of(made, **named):
    return made.from_frame(GAMES, **named)


def test_a_header_among_the_rows_is_no_game(tmp_path):
    """As where files were written one after the other: it would be a win of an item "model_a"."""
    rows = ["model_a,model_b,winner", *["x,y,model_a", "y,z,tie", "z,x,model_b"] * 400]
    path = tmp_path / "twice.csv"
    path.write_text("\n".join([*rows, *rows]))
    with pytest.raises(vn.io.DataError, match=r"row 1201 .*'model_a': the row repeats the header"):
        vn.io.read_comparisons(path, first="model_a", second="model_b", outcome="winner")
    frame = {"a": ["x", "a", "y"], "b": ["y", "b", "x"], "win": ["a", "win", "b"]}
    with pytest.raises(ValueError, match=r"first\[1\] = 'a'.*the row repeats the header"):
        vn.Comparisons.from_frame(frame, first="a", second="b", outcome="win")
    frame["win"][1] = "a"  # items may be called as columns are
    assert vn.Comparisons.from_frame(frame, first="a", second="b", outcome="win").n_items == 4
