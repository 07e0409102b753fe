"""What columns of outcomes say: the same at every entrance, or the same question."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import venire as vn
from venire.batch import fit_files
from venire.data import meanings
from venire.data.columns import Columns
from venire.data.frames import first_difference

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

N = None
COLUMNS = [
    (["H", "D", "A"], [1, 0.5, 0]),
    (["h", "a", "A "], [1, 0, 0]),
    (["home", "draw", "away"], [1, 0.5, 0]),
    (["HOME_TEAM", "DRAW", "AWAY_TEAM"], [1, 0.5, 0]),
    (["A", "D", "H"], [0, 0.5, 1]),
    (["A", "B"], [1, 0]),
    (["A", "B", "C"], [1, 0, 0.5]),
    (["a", "b", "T", "tie"], [1, 0, 0.5, 0.5]),
    (["[[A]]", "[[B]]", "[[C]]"], [1, 0, 0.5]),
    (["[[A>B]]", "[[A<B]]", "[[A=B]]", "[[A>>B]]", "[[A<<B]]", "[[B>A]]"], [1, 0, 0.5, 1, 0, 0]),
    (["A > B", "B > A", "A = B"], [1, 0, 0.5]),
    (["1-0", "0-1", "1/2-1/2"], [1, 0, 0.5]),
    (["1 - 0", "0–1", "½-½", "0.5-0.5"], [1, 0, 0.5, 0.5]),
    (["2-1", "0:3", "1-1", "0-0"], [1, 0, 0.5, 0.5]),
    (["W", "L", "D", "T"], [1, 0, 0.5, 0.5]),
    (["win", "loss", "Tie", "DRAW"], [1, 0, 0.5, 0.5]),
    (["model_a", "model_b", "tie", "tie (bothbad)"], [1, 0, 0.5, 0.5]),
    (["model_a", "Model B", "bothbad", "both_bad", "both good"], [1, 0, 0.5, 0.5, 0.5]),
    (["assistant_a", "assistant_b", "neither", "same"], [1, 0, 0.5, 0.5]),
    (["left", "right", "equal", "no preference"], [1, 0, 0.5, 0.5]),
    (["first", "second", "'tie'"], [1, 0, 0.5]),
    (["player 1", "Player2", "p1", "P2", "player_1"], [1, 0, 1, 0, 1]),
    (["A is better", "B is better", "it is a tie"], [1, 0, 0.5]),
    (["white", "black", "draw"], [1, 0, 0.5]),
    (["output_1", "output_2"], [1, 0]),
    (["1", "X", "2"], [1, 0.5, 0]),
    (["true", "False"], [1, 0]),
    ([1, 2, 0], [1, 0, 0.5]),
    ([1, 2, 1.5], [1, 0, 0.5]),
    ([1, 2], [1, 0]),
    ([1, 0, -1], [1, 0.5, 0]),
    ([1, 0.5, 0], [1, 0.5, 0]),
    (["1.0", "0.5", "0,0"], [1, 0.5, 0]),
    (["1", "½", "0"], [1, 0.5, 0]),
    (["1", "tie", "0"], [1, 0.5, 0]),
    (["1", "tie", "2"], [1, 0.5, 0]),
    ([True, False], [1, 0]),
    (["x", "y", "tie"], [1, 0, 0.5]),
]
SOFT = [([1.0, 1.25, 2.0], [1, 0.75, 0]), ([0.2, 0.9], [0.2, 0.9]), ([1.5, 1.9], [0.5, 0.1])]
ASKED = [
    (["A", "tie"], "A away.*A is first"),
    (["A", "T"], "could be read in two ways"),
    (["L", "T"], "W is a win.*L is left"),
    (["T", "T"], "could be read in two ways"),
    (["H", "B"], "means? nothing|is neither first"),
    ([1, 2, 3], "a scale of strengths needs a mapping"),
    (["1", "2", "5"], "a scale of strengths needs a mapping"),
    (["much better", "worse"], "is neither first, second, tie"),
    (["C", "C"], "is neither first"),
    (["tie", "0-0", "1/2-1/2"], "is neither first"),
    (["H", "", "A"], "a value is missing"),
    (["H", "NA", "A"], "a value is missing"),
]


def as_table(values, **more):
    n = len(values)
    pair = {"one": ["x"] * n, "two": ["y"] * n, "q": ["g"] * n, "judge": ["j"] * n}
    return pair | {"r": values} | more


def means(values):
    """Scores by the way of numbers, as wins and losses of the pair."""
    c = vn.Comparisons(["x"] * len(values), ["y"] * len(values), values)
    return c.win.tolist(), c.loss.tolist(), c.tie.tolist()


def told(c):
    return c.win.tolist(), c.loss.tolist(), c.tie.tolist()


def written(tmp_path, how, table):
    path = tmp_path / f"t.{how}"
    if how == "parquet":
        pq.write_table(pa.table(table), path)
    elif how == "csv":
        rows = zip(*table.values(), strict=True)
        cells = (",".join(f'"{c}"' if isinstance(c, str) else str(c) for c in row) for row in rows)
        path.write_text("\n".join([",".join(table), *cells]) + "\n")
    else:
        rows = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
        path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def entrances(tmp_path, table):
    """The comparisons that each entrance makes of a table, by its name."""
    own = {"first": "one", "second": "two", "outcome": "r"}
    yield "mapping", lambda: vn.Comparisons.from_frame(table, **own)
    yield "arrow", lambda: vn.Comparisons.from_frame(pa.table(table), **own)
    yield "groups", lambda: vn.GroupedComparisons.from_frame(table, group="q", **own)["g"]
    for how in ("csv", "jsonl", "parquet"):
        yield how, lambda how=how: vn.io.read_comparisons(written(tmp_path, how, table), **own)


@pytest.mark.parametrize(("values", "scores"), [*COLUMNS, *SOFT])
def test_every_entrance_reads_a_column_alike(tmp_path, values, scores):
    want = means(scores)
    for name, read in entrances(tmp_path, as_table(values)):
        np.testing.assert_allclose(told(read()), want, atol=1e-15, err_msg=name)


@pytest.mark.parametrize(("values", "scores"), COLUMNS)
def test_votes_are_scores_seen_as_1_0_and_minus_1(tmp_path, values, scores):
    table = as_table(values)
    named = {"first": "one", "second": "two", "teacher": "judge", "vote": "r"}
    path = written(tmp_path, "jsonl", table)
    found = [vn.Votes.from_frame(table, **named), vn.io.read_votes(path, **named).votes]
    if isinstance(values[0], (str, bool)):
        found.append(vn.Votes(table["one"], table["two"], table["judge"], values))
    counts = [scores.count(s) for s in (1, 0.5, 0)]
    for v in found:
        assert [v.win.sum(), v.tie.sum(), v.loss.sum()] == counts
    if "x" in values or {0, 1} >= set(values) > {0}:
        return  # labels say nothing of pairs; 0 and 1 of gold are shares
    gold = as_table(values, truth=values, pair=[f"p{k}" for k in range(len(values))], told=1)
    gold["told"] = ["first"] * len(values)
    path = written(tmp_path, "jsonl", gold)
    read = vn.io.read_votes(path, pair="pair", teacher="judge", vote="told", gold="truth")
    assert read.gold.tolist() == scores


@pytest.mark.parametrize(("values", "reason"), ASKED)
def test_every_entrance_asks_alike(tmp_path, values, reason):
    for _, read in entrances(tmp_path, as_table(values)):
        with pytest.raises(ValueError, match=reason):
            read()
    with pytest.raises(ValueError, match=r"."):
        vn.Votes.from_frame(
            as_table([v for v in values if v not in ("", "NA")] + ["?"]),
            first="one", second="two", teacher="judge", vote="r",
        )  # fmt: skip


def test_names_of_the_columns_that_are_read():
    table = {"home": ["x", "y"], "away": ["y", "x"], "w": ["home", "away"]}
    assert told(vn.Comparisons.from_frame(table, first="home", second="away", outcome="w")) == (
        [1.0, 1.0], [0.0, 0.0], [0.0, 0.0],
    )  # fmt: skip
    turned = vn.Comparisons.from_frame(table, first="away", second="home", outcome="w")
    assert turned.win.tolist() == [1.0, 1.0]  # of x, at home and away
    letters = {"AwayTeam": ["x", "y"], "HomeTeam": ["y", "x"], "FTR": ["H", "A"]}
    with pytest.raises(ValueError, match="give first='HomeTeam' and second='AwayTeam'"):
        vn.Comparisons.from_frame(letters, first="AwayTeam", second="HomeTeam", outcome="FTR")
    short = {"a": ["x", "y"], "b": ["y", "x"], "w": ["b", "b"]}
    c = vn.Comparisons.from_frame(short, first="b", second="a", outcome="w")
    assert c.win.tolist() == [0.0, 1.0]  # y beats x, then x beats y, each named first
    assert c.loss.tolist() == [1.0, 0.0]


def test_a_mapping_adds_to_the_table():
    table = as_table(["H", "A", "D", "susp", "?", 3.0])
    with pytest.raises(ValueError, match=r"r.*'susp'|outcome\[3\]"):
        vn.Comparisons.from_frame(table, first="one", second="two", outcome="r")
    c = vn.Comparisons.from_frame(
        table, first="one", second="two", outcome="r",
        mapping={"susp": None, "?": "none", "3": 0.75, "Q": "first"},
    )  # fmt: skip
    assert told(c) == ([1.75], [1.25], [1.0])
    assert c.taken.dropped == {"left out by the mapping": 2}
    assert [n for n in c.taken.notes if "never" in n] == ["mapping: 'Q' never occurs"]
    assert c.taken.n_rows == 6
    labels = {"one": ["A", "B"], "two": ["B", "A"], "r": ["A", "A"]}
    with pytest.raises(ValueError, match=r"or the winner's label.*'label'"):
        vn.Comparisons.from_frame(labels, first="one", second="two", outcome="r")
    c = vn.Comparisons.from_frame(
        labels, first="one", second="two", outcome="r", mapping={"A": "label"}
    )
    assert c.win.tolist() == [1.0, 1.0]
    for column in ([True, False], [1, 0], ["1", "0"]):  # a mapping is never passed over
        for mapping in ({1: 0, 0: 1}, {True: "second", False: "first"}, {"1": 0.0, "0": 1.0}):
            c = vn.Comparisons.from_frame(
                as_table(column), first="one", second="two", outcome="r", mapping=mapping
            )
            assert told(c) == ([1.0], [1.0], [0.0])
            assert not [note for note in c.taken.notes if "never occurs" in note]
    for target in (2, "won't", [1]):
        with pytest.raises(ValueError, match=r"mapping\['A'\]"):
            vn.Comparisons.from_frame(
                labels, first="one", second="two", outcome="r", mapping={"A": target}
            )


GAPS = {
    "one": ["x", N, "x", "y", "x", "y", N, "x"],
    "two": ["y", N, "y", "x", "y", "x", "y", "y"],
    "q": ["g", N, "g", "h", "h", "g", "g", "k"],
    "r": ["H", N, "*", "A", N, "D", "H", ""],
}
LEFT = {"empty": 1, "without a result": 1, "without an outcome": 2, "without a label": 1}


def test_gaps_are_refused_or_left_out_and_counted(tmp_path):
    own = {"first": "one", "second": "two", "outcome": "r"}
    pq.write_table(pa.table(GAPS), tmp_path / "t.parquet")
    entered = {
        "mapping": lambda **k: vn.Comparisons.from_frame(GAPS, **own, **k),
        "arrow": lambda **k: vn.Comparisons.from_frame(pa.table(GAPS), **own, **k),
        "file": lambda **k: vn.io.read_comparisons(tmp_path / "t.parquet", **own, **k),
    }
    for library in ("pandas", "polars"):
        frame = pytest.importorskip(library).DataFrame(GAPS)
        entered[library] = lambda frame=frame, **k: vn.Comparisons.from_frame(frame, **own, **k)
    for name, read in entered.items():
        with pytest.raises(ValueError, match=r"a value is missing.*skip_missing=True") as caught:
            read()
        assert "5" in str(caught.value) or "[4]" in str(caught.value), name
        c = read(skip_missing=True)
        assert told(c) == ([1.0, 1.0], [0.0, 0.0], [1.0, 0.0]), name
        assert c.taken.dropped == LEFT, name
        assert c.taken.n_rows == 8
        assert c.items.tolist() == ["x", "y"]


def test_points_of_games_that_were_not_played():
    table = {"h": ["x", "y", "z"], "a": ["y", "x", "x"], "hg": [2, N, 1], "ag": [0, N, N]}
    own = {"first": "h", "second": "a", "first_score": "hg", "second_score": "ag"}
    with pytest.raises(ValueError, match=r"first_score\[1\].*skip_missing=True"):
        vn.Comparisons.from_frame(pa.table(table), **own)
    c = vn.Comparisons.from_frame(pa.table(table), **own, skip_missing=True)
    assert c.items.tolist() == ["x", "y"]  # z has no game
    assert c.taken.dropped == {"without an outcome": 2}
    text = {"h": ["x", "y"], "a": ["y", "x"], "s": ["1", "NA"]}
    c = vn.Comparisons.from_frame(text, first="h", second="a", score="s", skip_missing=True)
    assert c.taken.dropped == {"without an outcome": 1}


@pytest.mark.parametrize("memory", [1 << 30, 1])
def test_batches_leave_out_alike_whatever_their_size(tmp_path, monkeypatch, memory):
    for module in ("plan", "source"):
        monkeypatch.setattr(f"venire.batch.{module}.LEAST", 1, raising=False)
    own = {"first": "one", "second": "two", "outcome": "r", "group": "q"}
    table = pa.table(GAPS)
    pq.write_table(pa.concat_tables([table] * 3), tmp_path / "t.parquet", row_group_size=4)
    with pytest.raises(ValueError, match=r"row (5, column 'r'|7).*skip_missing=True"):
        fit_files(tmp_path / "t.parquet", tmp_path / "o.parquet", Columns(**own), memory=memory)
    done = fit_files(
        tmp_path / "t.parquet", tmp_path / "o.parquet", Columns(**own, skip_missing=True),
        memory=memory,
    )  # fmt: skip
    assert done.dropped == {reason: 3 * n for reason, n in LEFT.items()}
    assert done.n_rows == 24
    out = pq.read_table(tmp_path / "o.parquet")
    assert out["group"].to_pylist() == ["g", "g", "h", "h"]  # k has no row left
    whole = vn.GroupedComparisons.from_frame(
        pa.concat_tables([table] * 3), **own, skip_missing=True
    )
    theta = vn.fit_groups(whole, prior=vn.GaussianPrior(0.01)).theta
    np.testing.assert_allclose(out["theta"].to_numpy(), theta, atol=1e-9)


def test_votes_that_are_none_are_counted():
    table = as_table(["A", "B", N, "none", "*", "?"])
    v = vn.Votes.from_frame(
        table, first="one", second="two", teacher="judge", vote="r", mapping={"?": None}
    )
    assert (v.n_votes, v.win.sum(), v.loss.sum()) == (2, 1, 1)
    assert v.taken.dropped == {
        "without a vote": 2, "without a result": 1, "left out by the mapping": 1,
    }  # fmt: skip
    assert v.taken.n_rows == 6
    short = as_table(["A", "B", N]) | {
        "judge": ["j", N, N],
        "one": ["x", "x", N],
        "two": ["y", "y", N],
    }
    named = {"first": "one", "second": "two", "teacher": "judge", "vote": "r"}
    with pytest.raises(ValueError, match=r"teacher\[1\].*skip_missing=True"):
        vn.Votes.from_frame(short, **named)
    with pytest.raises(ValueError, match=r"could be read in two ways"):
        vn.Votes.from_frame(short, **named, skip_missing=True)
    v = vn.Votes.from_frame(short, **named, skip_missing=True, mapping={"A": "first"})
    assert v.taken.dropped == {"empty": 1, "without a label": 1}


@pytest.mark.parametrize("votes", [[1, 0], [0, 1, 1, 0]])
def test_votes_of_0_and_1_alone_are_a_question(votes):
    n = len(votes)
    calls = {
        "votes": lambda **k: vn.Votes(["x"] * n, ["y"] * n, ["j"] * n, votes, **k),
        "pairs": lambda **k: vn.Votes.from_pairs(["p"] * n, ["j"] * n, votes, **k),
        "append": lambda **k: vn.Votes(["x"], ["y"], ["j"], [1]).append(
            ["x"] * n, ["y"] * n, ["j"] * n, votes, **k
        ),
        "frame": lambda **k: vn.Votes.from_frame(
            as_table(votes), first="one", second="two", teacher="judge", vote="r", **k
        ),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match="mapping"):
            call()
        lost = call(mapping={1: "first", 0: "second"})
        assert lost.loss.sum() == votes.count(0), name
        assert call(mapping={1: 1, 0: 0}).tie.sum() == votes.count(0), name
    assert vn.Votes(["x"], ["y"], ["j"], [-1]).append(["x"], ["y"], ["k"], [0]).tie.sum() == 1


def test_two_ways_that_say_the_same_are_one():
    table = {
        "h": ["x", "y", "x"],
        "a": ["y", "x", "y"],
        "r": ["H", "A", N],
        "f": [2, 0, 1],
        "g": [1, 1, 1],
    }
    goals = Columns(first="h", second="a", first_score="f", second_score="g")
    words = Columns(first="h", second="a", outcome="r")
    assert first_difference(table, goals, words) is None
    assert first_difference(table | {"g": [1, 0, 1]}, goals, words) == 1
    counts = Columns(first="h", second="a", win="f", loss="g")
    assert first_difference(table | {"f": [1, 0, 1], "g": [0, 1, 0]}, counts, words) is None


def listed():
    """The table as docs/data/outcomes.md shows it."""
    rows = ["| who won | words |", "| :-- | :-- |"]
    for score, name in ((1.0, "first"), (0.5, "a tie"), (0.0, "second")):
        rows.append(f"| {name} | {', '.join(f'`{word}`' for word in meanings.WORDS[score])} |")
    rows.append(f"| no result | {', '.join(f'`{word}`' for word in sorted(meanings.NO_RESULT))} |")
    missing = ", ".join(f"`{word}`" for word in sorted(meanings.MISSING) if word)
    rows.append(f"| missing | {missing}, blank |")
    return "\n".join(rows), "\n".join(f"- {system}" for system in meanings.TOGETHER)


def test_the_page_shows_the_table():
    page = (Path(__file__).resolve().parents[1] / "docs" / "data" / "outcomes.md").read_text(
        "utf-8"
    )
    words, systems = listed()
    assert f"<!-- words -->\n{words}\n<!-- /words -->" in page
    assert f"<!-- systems -->\n{systems}\n<!-- /systems -->" in page


def test_the_table_contradicts_itself_nowhere():
    for word, score in meanings.ALWAYS.items():
        assert meanings.token(word) == word
        assert not any(word in system for system in meanings.TOGETHER.values()), word
        assert word not in meanings.MISSING | meanings.NO_RESULT
        assert score in (0.0, 0.5, 1.0)
    for a, b in ((1.0, 0.0), (0.0, 1.0)):  # who reads the other side first reads the other way
        words = [w for w, s in meanings.ALWAYS.items() if s == a]
        assert words
        assert all(meanings.ALWAYS[w] != b for w in words)


@pytest.mark.parametrize(
    "values",
    [[10**400, 1], [1j, 2], [np.datetime64("2020-01-01"), 1], [b"H", 1], [["H"], 1], ["H" * 999]],
)
def test_what_is_no_outcome_is_refused_by_name(values):
    with pytest.raises((ValueError, TypeError), match=r"outcome\[0\]"):
        vn.Comparisons.from_frame(as_table(values), first="one", second="two", outcome="r")


def test_winners_and_losers():
    games = {"winner": ["x", "y", "x"], "loser": ["y", "z", "z"]}
    c = vn.Comparisons.from_frame(games, first="winner", second="loser", score=1.0)
    assert c.win.tolist() == [1.0, 1.0, 1.0]
    for score in (1.5, -1, float("nan"), True):
        with pytest.raises((ValueError, TypeError), match="score"):
            Columns(first="winner", second="loser", score=score)
    with pytest.raises(TypeError, match="say who won"):
        Columns(first="winner", second="loser")
