"""An audit: what is planted is found, nothing grave is said of clean data, numbers are right."""

from __future__ import annotations

import numpy as np
import oddities
import pytest

import venire as vn
from venire.diagnostics import CHECKS, Finding, glance
from venire.diagnostics._links import links
from venire.diagnostics._store import total


def looked(rows, **options):
    return vn.audit(rows, **oddities.columns(rows), **options)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_grave_is_said_of_clean_data(seed):
    rows, ordered = oddities.clean(seed)
    found = looked(rows, order_effect=ordered)
    assert not found.grave, str(found)
    cells = vn.Comparisons.from_frame(rows, **oddities.columns(rows))
    assert not vn.audit(cells, order_effect=ordered).grave


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", oddities.PLANTED)
def test_what_is_planted_is_found(name, size):
    wanted, plant = oddities.PLANTED[name]
    found = looked(plant(np.random.default_rng(size), size))
    assert {f.name for f in found.odd} & set(wanted), str(found)
    assert found


def test_findings_say_where():
    rng = np.random.default_rng(0)
    found = looked(oddities.stuffing(rng, 1))["same voter, same pair"]
    assert found.where["clusters"][0] == "u3"
    assert found.where["pairs"][0] == ("m01", "m02")
    assert found.how_much["most"] >= 15
    assert "'u3' judged 'm01' and 'm02'" in found.what
    rows = oddities.a_block_again(rng, 1)
    block = looked(rows)["repeated block"]
    assert block.gravity == "grave"
    assert block.where["rows"][0] == 1500
    assert block.how_much["rows"] == 200
    apart = looked(oddities.a_pair_apart(rng, 1))["components"]
    assert apart.where["items"] == ("p", "q")
    assert apart.how_much["outside"] == 2
    heavy = looked(oddities.one_heavy_row(rng, 1))["weights"]
    assert heavy.where["rows"] == (17,)
    copies = looked(oddities.copies_here_and_there(rng, 2))["duplicated rows"]
    assert copies.how_much["rows"] == 150
    assert len(copies.where["rows"]) == 20


def test_rows_of_other_pairs_are_no_copies():
    first, second = np.nonzero(1 - np.eye(20, dtype=int))
    goals = np.where(first < second, 2, 0)
    rows = {"home": first, "away": second, "home_goals": goals, "away_goals": 2 - goals}
    rows["result"], rows["weeks"] = np.array(["A", "-", "H"])[goals], 0 * first
    columns = {"first": "home", "second": "away"}
    columns |= {"first_score": "home_goals", "second_score": "away_goals"}
    found = vn.audit(rows, columns=vn.Columns(**columns))["duplicated rows"]
    assert "'result', 'weeks'" in found.what
    assert found.how_much == {"rows": 0}


def test_copies_are_counted():
    rows = vn.datasets.columns("battles")
    ties = ["tie" if "tie" in winner else winner for winner in rows["winner"]]
    different = set(zip(rows["model_a"], rows["model_b"], ties, rows["language"], strict=True))
    found = vn.audit(vn.datasets.path("battles"))["duplicated rows"]
    assert found.how_much["rows"] == len(ties) - len(different) == 248


def test_labels_are_quoted_so_that_they_differ():
    rows = oddities.composed_and_not(np.random.default_rng(0), 1)
    assert r"'Zoe\u030803'" in looked(rows)["labels alike"].what
    plain = vn.Comparisons(["a", "A", "a-b"], ["b", "a", "A"], [1, 1, 1])
    assert vn.audit(plain)["labels alike"].gravity == "fine"  # names of one letter


def test_order_effect_is_that_of_a_fit():
    rows, *_ = oddities.base(np.random.default_rng(3), 4000, gamma=0.4)
    c = vn.Comparisons.from_frame(rows, **oddities.COLUMNS)
    fit = vn.fit_bradley_terry(c, order_effect=True, prior=vn.GaussianPrior(0.01))
    numbers = vn.audit(c)["order effect"].how_much
    assert numbers["estimate"] == pytest.approx(fit.order_effect, rel=1e-4)
    assert numbers["standard_error"] == pytest.approx(fit.parameter_errors().order_effect, rel=1e-3)
    assert vn.audit(c, order_effect=True)["order effect"].gravity == "fine"
    assert glance(vn.fit_bradley_terry(c))["order effect"].gravity == "grave"


def test_share_of_rings():
    ring = vn.Comparisons([0, 1, 2, 0, 1, 2], [1, 2, 0, 3, 3, 3], [1, 1, 1, 1, 1, 1])
    numbers = vn.audit(ring)["cycles"].how_much
    assert numbers["share"] == pytest.approx(1 / 4)
    assert numbers["triads"] == pytest.approx(4)


def test_expected_rings_are_those_of_replays():
    rng = np.random.default_rng(0)
    rows, _theta, a, b = oddities.base(rng, 600, 8, voters=0, dates=False)
    number = vn.audit(rows, **oddities.COLUMNS)["cycles"].how_much
    fit = vn.fit_bradley_terry(vn.Comparisons(a, b, rows["s"]))
    seen = []
    for _ in range(200):
        again = oddities.drawn(rng, fit.theta[a] - fit.theta[b])
        seen.append(vn.audit(vn.Comparisons(a, b, again))["cycles"].how_much["share"])
    assert number["expected"] == pytest.approx(np.mean(seen), abs=0.02)


def test_bridges_and_articulations_are_those_of_the_definition():
    rng = np.random.default_rng(0)

    def parts(n, a, b):
        label = np.arange(n)
        for _ in range(n):
            for i, j in zip(a, b, strict=True):
                label[label == label[i]] = label[j]
        return len(np.unique(label))

    for _ in range(60):
        n = int(rng.integers(2, 10))
        code = np.unique(rng.integers(0, n * n, int(rng.integers(1, 30))))
        a, b = code // n, code % n
        a, b = a[a < b], b[a < b]
        if not len(a):
            continue
        found, _ = links(n, a, b)
        whole = parts(n, a, b)
        bridges = {
            (int(a[k]), int(b[k]))
            for k in range(len(a))
            if parts(n, np.delete(a, k), np.delete(b, k)) > whole
        }
        assert bridges == {tuple(sorted(x[:2])) for x in found if x.second >= 0}
        cut = {
            i
            for i in np.unique([a, b]).tolist()
            if parts(n, a[(a != i) & (b != i)], b[(a != i) & (b != i)]) - 1 > whole
        }
        assert cut == {x.first for x in found if x.second < 0}


def test_votes_and_clusters_are_looked_at():
    rows = oddities.one_votes_against(np.random.default_rng(0), 1)
    votes = vn.Votes(rows["a"], rows["b"], rows["voter"], (2 * rows["s"] - 1).astype(int))
    assert vn.audit(votes)["voters against"].where["clusters"] == ("u3",)
    cells = vn.Comparisons(rows["a"], rows["b"], rows["s"], cluster=rows["voter"])
    assert vn.audit(cells)["voters against"].where["clusters"] == ("u3",)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames_say_the_same(library):
    module = pytest.importorskip(library)
    rows = oddities.copies_here_and_there(np.random.default_rng(0), 1)
    make = module.table if library == "pyarrow" else module.DataFrame
    frame = make({k: x.tolist() for k, x in rows.items()})
    plain, framed = looked(rows), vn.audit(frame, **oddities.columns(rows))
    assert [f.name for f in framed] == [f.name for f in plain]
    assert framed["duplicated rows"].how_much == plain["duplicated rows"].how_much


@pytest.mark.parametrize(
    "dates", [["2024-01-01", "2024-06-01"], ["31/12/23", "01/02/24"], ["12/31/2023", "02/01/2024"]]
)
def test_dates_are_read(dates):
    rows = oddities.one_grows(np.random.default_rng(1), 1)
    early = rows["when"] < 5e5
    rows["when"] = np.where(early, *dates).astype(object)
    assert looked(rows)["time trend"].where["items"][0] == "m03"


def test_a_jump_is_no_line():
    rng = np.random.default_rng(1)
    line = looked(oddities.one_grows(rng, 1))["time trend"]
    assert "from the first to the last date, as a line" in line.what
    assert "rows" not in line.where
    spell = looked(rows := oddities.one_has_a_spell(rng, 1))["time trend"]
    assert spell.gravity == "grave"
    assert (spell.how_much["begin"], spell.how_much["end"]) == (0.3, 0.6)
    assert "is stronger by +1." in spell.what
    assert "from 30% to 60% of the comparisons" in spell.what
    here = np.array(spell.where["rows"])
    assert ((rows["a"][here] == "m03") | (rows["b"][here] == "m03")).all()
    assert ((rows["when"][here] > 2.9e5) & (rows["when"][here] < 6.1e5)).all()
    late = looked(oddities.one_jumps_late(rng, 2))["time trend"]
    assert "in the last 20% of the comparisons" in late.what


def test_an_audit_is_a_result():
    found = looked(oddities.first_helps(np.random.default_rng(0), 1))
    assert isinstance(found["order effect"], Finding)
    assert found.grave == (found["order effect"],)
    assert str(found).startswith("Audit of 2,000 comparisons of 20 items: 1 grave")
    table = found.to_frame("dict")
    assert table["name"][0] == "order effect"
    assert len(table["what"]) == len(found) <= len(CHECKS)
    with pytest.raises(KeyError):
        found["nothing"]
    for finding in found:
        assert finding.what.endswith(".")
        assert finding.gravity in ("grave", "worth knowing", "fine")


def test_bad_input():
    c = vn.Comparisons([0, 1], [1, 0], [1, 1])
    with pytest.raises(TypeError, match="give the table itself"):
        vn.audit(c, first="a")
    with pytest.raises(TypeError, match=r"data\[label\]"):
        vn.audit(vn.GroupedComparisons([0, 0], [0, 1], [1, 0], [1, 1]))
    with pytest.raises(TypeError, match="data frame"):
        vn.audit(3, first="a", second="b", score="s")
    with pytest.raises(TypeError, match="order_effect"):
        vn.audit(c, order_effect="yes")


@pytest.mark.parametrize("draw", ["exponential", "integers"])
def test_weights_are_no_comparisons(draw):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        rows = oddities.base(rng, 2000, voters=30)[0]
        n = len(rows["s"])
        rows["w"] = rng.exponential(1.0, n) if draw == "exponential" else rng.integers(1.0, 5.0, n)
        found = looked(rows)
        assert not found.grave, str(found)
        assert found.n_comparisons == pytest.approx(rows["w"].sum())
        cells = vn.Comparisons(rows["a"], rows["b"], rows["s"], rng.exponential(5.0, n))
        assert not vn.audit(cells).grave


def test_names_of_a_scheme_are_no_misspellings():
    labels = [
        "model a",
        "model b",
        "team-x",
        "team-y",
        "gpt-4-0314",
        "gpt-4-0613",
        "llama",
        "lamas",
    ]
    c = vn.Comparisons(labels, labels[1:] + labels[:1], [1, 0] * 4)
    assert vn.audit(c)["labels alike"].gravity == "fine"


@pytest.mark.parametrize("seed", [1, 10, 28, 29, 39])
def test_nothing_grave_is_said_of_winners_and_losers(seed):
    rows, _ = oddities.clean(500 + seed)
    rows = oddities.some(rows, rows["s"] != 0.5)
    won = rows["s"] == 1.0
    table = {k: x for k, x in rows.items() if k in ("voter", "when")}
    table["winner"] = np.where(won, rows["a"], rows["b"])
    table["loser"] = np.where(won, rows["b"], rows["a"])
    found = vn.audit(table)
    assert not found.grave, str(found)
    copies = {k: np.concatenate([x, x[: len(x) // 10]]) for k, x in table.items()}
    names = {f.name for f in vn.audit(copies).odd}
    assert names & {"duplicated rows", "repeated block"} or len(won) < 500


@pytest.mark.parametrize("seed", [603, 605, 628])
@pytest.mark.parametrize("by", [("s",), ("s", "b", "a"), ("b", "a"), ("a",)])
def test_nothing_grave_is_said_of_sorted_rows(seed, by):
    rows, ordered = oddities.clean(seed)
    which = np.lexsort([rows[k].astype(str) for k in by])
    found = looked(oddities.some(rows, which), order_effect=ordered)
    assert not found.grave, str(found)


def test_dates_of_another_length_are_refused():
    rows = {"a": ["x", "y", "x"], "b": ["y", "x", "y"], "s": [1.0, 0.0, 1.0], "day": [1.0, 2.0]}
    with pytest.raises(ValueError, match="date: has 2 rows, but there are 3"):
        vn.audit(rows, first="a", second="b", score="s", date="day")


def test_weights_beyond_integers_are_added_up():
    assert total(np.array([2.0**63, 1.5, -(2.0**63)])) == 1.5
    assert total(np.array([2.0**200, 3.0])) == 2.0**200
    assert total(np.array([0.25, 0.5])) == 0.75
