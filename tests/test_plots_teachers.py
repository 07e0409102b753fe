"""Pictures of teachers and of groups: what is drawn where, read back from the Axes."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import plots
from venire.plots._matrix import joined

figures = pytest.importorskip("matplotlib.figure")

HOSTILE = [
    "<script>alert(1)</script>", "$x_1$", "_hidden", "審判", "שופט", "😀", "a\nb", "", "\\alpha",
    "gpt-4-turbo-2024-04-09-preview-with-a-long-name-a",
    "gpt-4-turbo-2024-04-09-preview-with-a-long-name-b",
]  # fmt: skip


def small(width=6.0, height=4.0):
    """Axes of 6 by 4 inches."""
    return figures.Figure(figsize=(width, height), layout="constrained").add_subplot()


def panel(n_teachers, n=60, *, names=None, apart=0, seed=0):
    """Votes in both orders, gold in half; the last `apart` teachers have pairs of their own."""
    rng = np.random.default_rng(seed)
    truth = rng.choice([1, -1], n)
    names = list(names or [f"judge {k}" for k in range(n_teachers)])
    right = rng.uniform(0.55, 0.95, n_teachers)
    rows = []
    for k, name in enumerate(names):
        mine = np.arange(n)
        if apart:
            mine = mine[-n // 4 :] if k >= n_teachers - apart else mine[: -n // 4]
        for swapped in (False, True):
            said = np.where(rng.random(len(mine)) < right[k], truth[mine], -truth[mine])
            lean = rng.random(len(mine)) < 0.03 * k
            said = np.where(lean, -1 if swapped else 1, said)
            rows += [(p, name, v, swapped) for p, v in zip(mine.tolist(), said, strict=True)]
    pair, teacher, vote, swapped = zip(*rows, strict=True)
    gold = np.where(np.arange(n) % 2, (truth + 1) / 2, np.nan)
    votes = vn.Votes.from_pairs(list(pair), list(teacher), vote, swapped=np.array(swapped))
    return votes, gold


def labels(ax):
    """Of the rows, from top to bottom."""
    at = ax.get_yticks()
    upwards = 1.0 if ax.yaxis_inverted() else -1.0
    words = [tick.get_text() for tick in ax.get_yticklabels()]
    return [words[k] for k in np.argsort(upwards * at)]


def test_reliability_draws_agreement_and_accuracy_with_their_intervals():
    votes, gold = panel(5)
    q = vn.consensus(votes, gold=gold, hold_to_gold=False)
    ax = plots.plot_reliability(q, small(), level=0.9)
    order = np.argsort(-q.reliability.mean)
    assert labels(ax) == [f"judge {k}" for k in order]
    agreement, accuracy = (line for line in ax.lines if line.get_marker() in ("o", "s"))
    np.testing.assert_array_equal(agreement.get_xdata(), q.reliability.mean[order])
    np.testing.assert_array_equal(accuracy.get_xdata(), q.gold.accuracy[order])
    ends = [np.array([s[:, 0] for s in c.get_segments()]) for c in ax.collections]
    np.testing.assert_allclose(ends[0], q.reliability.interval(0.9)[order])
    np.testing.assert_allclose(ends[1], q.gold.interval(0.9)[order])
    assert "90 %" in ax.get_xlabel()
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words == ["agreement with panel", "accuracy on gold, 30 pairs"]
    beside = [text.get_text() for text in ax.texts]
    assert beside[0] == "weight"
    assert beside[1] == f"{100 * q.teacher_share[order[0]]:.2g} %"


def test_reliability_of_who_met_nobody_is_hollow():
    votes = vn.Votes.from_pairs([0, 0, 1, 1, 2], ["a", "b", "a", "b", "c"], [1, 1, -1, 1, 1])
    ax = plots.plot_reliability(vn.consensus(votes))
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [len(line.get_xdata()) for line in hollow] == [1]
    words = [tick.get_text() for tick in ax.get_yticklabels()]
    assert words[ax.get_yticks().tolist().index(hollow[0].get_ydata()[0])] == "c"
    assert "hollow: shares no pair" in ax.get_title(loc="left")
    assert ax.get_legend() is None


@pytest.mark.parametrize("draw", [plots.plot_reliability, plots.plot_position_bias])
def test_many_teachers_are_summed_up_between_the_best_and_the_worst(draw):
    q = vn.consensus(panel(65, 20)[0])
    ax = draw(q, small())
    rows = labels(ax)
    assert len(rows) < 25
    middle = [row for row in rows if row.startswith("the ")]
    assert middle == [f"the {65 - len(rows) + 1} between"]
    assert abs(rows.index(middle[0]) - (len(rows) - 1) / 2) <= 1.0
    assert len(labels(draw(q, small(), top=4))) == 5
    assert len(labels(draw(q))) > 25  # of a new figure


def test_position_bias_of_each_source():
    votes, _ = panel(4)
    found = vn.panel.agreement(votes, level=0.8)
    order = np.argsort(-found.position_bias)
    for given in (found, votes, vn.consensus(votes)):
        ax = plots.plot_position_bias(given, level=0.8)
        dots = next(line for line in ax.lines if line.get_marker() == "o")
        np.testing.assert_array_equal(dots.get_xdata(), found.position_bias[order])
        segments = [s[:, 0] for s in ax.collections[0].get_segments()]
        ends = np.stack([found.position_lower, found.position_upper], axis=1)
        np.testing.assert_allclose(segments, ends[order])
    low, high = ax.get_xlim()
    assert low == -high


def test_position_bias_that_is_not_known_is_said():
    n, both = 30, np.array([False, True])
    votes = vn.Votes.from_pairs(
        np.repeat(np.arange(n), 3), np.tile(["a", "a", "b"], n), np.tile([1, -1, 1], n),
        swapped=np.tile([*both, False], n),
    )  # fmt: skip
    ax = plots.plot_position_bias(votes)
    assert [text.get_text() for text in ax.texts] == ["  not known"]
    assert labels(ax) == ["a", "b"]
    unordered = vn.Votes.from_pairs([0, 0], ["a", "b"], [1, 1])
    with pytest.raises(ValueError, match="no known position bias"):
        plots.plot_position_bias(unordered)


def test_joined_is_average_linkage():
    from scipy.cluster.hierarchy import cophenet, linkage
    from scipy.spatial.distance import squareform

    rng = np.random.default_rng(3)
    x = rng.normal(size=(12, 5))
    r = np.corrcoef(x)
    roots, rows = joined(r, 100)
    assert len(roots) == 1
    assert sorted(k for row in rows for k in row.members) == list(range(12))
    wanted = squareform(cophenet(linkage(squareform(1 - r, checks=False), "average")))

    def heights(one):
        yield one
        for part in one.parts:
            yield from heights(part)

    for joint in heights(roots[0]):
        if joint.parts:
            a, b = (part.members for part in joint.parts)
            np.testing.assert_allclose(wanted[np.ix_(a, b)], joint.height)


def test_what_no_known_pair_connects_is_not_joined():
    r = np.full((5, 5), np.nan)
    r[0, 1] = r[1, 0] = 0.5
    r[3, 4] = r[4, 3] = 0.2
    roots, rows = joined(r, 100)
    assert [sorted(root.members) for root in roots] == [[0, 1], [3, 4], [2]]
    assert [row.members for row in rows] == [[0], [1], [3], [4], [2]]
    assert [len(row.members) for row in joined(r, 2)[1]] == [2, 2]


def test_agreement_matrix_shows_kappa_and_hatches_what_is_not_known():
    votes, _ = panel(6, 80, apart=2)
    found = vn.panel.agreement(votes)
    ax = plots.plot_agreement(found, small())
    names = labels(ax)
    order = [int(name.split()[-1]) for name in names]
    assert sorted(order) == list(range(6))
    mesh = next(c for c in ax.collections if hasattr(c, "get_array") and c.get_array() is not None)
    drawn = np.ma.filled(mesh.get_array().reshape(6, 6), np.nan)
    wanted = found.kappa[np.ix_(order, order)]
    np.fill_diagonal(wanted, np.nan)
    np.testing.assert_allclose(drawn, wanted)
    assert np.isnan(wanted).sum() == 6 + 2 * 2 * 4
    assert "hatched: not known" in ax.get_title(loc="left")
    written = {text.get_text() for text in ax.texts}
    assert f"{wanted[0, 1]:.2f}".replace("0.", ".").replace("-", "\u2212") in written
    shares = plots.plot_agreement(votes, measure="share")
    assert "share of equal votes" in shares.figure.axes[1].get_ylabel()


def test_few_pairs_in_common_are_not_known():
    votes, _ = panel(3, 9)
    assert "hatched" in plots.plot_agreement(votes).get_title(loc="left")
    votes, _ = panel(3, 10)
    assert "hatched" not in plots.plot_agreement(votes).get_title(loc="left")


def test_correlation_is_of_errors_around_gold():
    votes, gold = panel(4, 100)
    q = vn.consensus(votes, gold=gold, hold_to_gold=False)
    ax = plots.plot_correlation(q, small())
    order = [int(name.split()[-1]) for name in labels(ax)]
    mesh = next(c for c in ax.collections if c.get_array() is not None)
    wanted = q.gold.correlation[np.ix_(order, order)]
    np.fill_diagonal(wanted, np.nan)
    np.testing.assert_allclose(np.ma.filled(mesh.get_array().reshape(4, 4), np.nan), wanted)
    assert ax.get_title(loc="left") == "errors around gold, 50 pairs"
    assert plots.plot_correlation(q.gold).get_title(loc="left") == ax.get_title(loc="left")
    np.testing.assert_array_equal(q.gold.n_common, np.full((4, 4), 50))


def test_correlation_without_gold():
    votes, _ = panel(4)
    with pytest.raises(ValueError, match="give gold"):
        plots.plot_correlation(vn.consensus(votes))
    ax = plots.plot_correlation(vn.consensus(votes, "correlated"))
    assert "what all share is not seen" in ax.get_title(loc="left")
    rng = np.random.default_rng(0)
    members = vn.ensembles.decompose(rng.normal(size=(3, 50)), rng.normal(size=50))
    assert labels(plots.plot_correlation(members)) != []


def test_many_teachers_are_joined_into_rows_that_can_be_read():
    votes, _ = panel(65, 40)
    ax = plots.plot_agreement(votes, small())
    rows = labels(ax)
    assert len(rows) <= 24
    more = sum(int(row.rsplit("(+", 1)[1][:-1]) for row in rows if "(+" in row)
    assert len(rows) + more == 65
    assert f"65 in {len(rows)} rows" in ax.get_title(loc="left")
    assert len(labels(plots.plot_agreement(votes, small(), top=5))) == 5


@pytest.mark.parametrize("name", ["reliability", "position_bias", "agreement", "correlation"])
@pytest.mark.filterwarnings("error")
def test_hostile_labels_stand_as_they_are(name, tmp_path):
    votes, gold = panel(len(HOSTILE), 60, names=HOSTILE, apart=2)
    q = vn.consensus(votes, gold=gold, hold_to_gold=False)
    ax = getattr(plots, f"plot_{name}")(q, small())
    rows = labels(ax)
    assert len(set(rows)) == len(HOSTILE)
    assert "$x_1$" in rows
    assert r"a\nb" in rows
    ax.figure.savefig(tmp_path / "drawn.svg")
    assert b"<script" not in (tmp_path / "drawn.svg").read_bytes()


def test_groups_are_rows_of_dots():
    g = vn.GroupedComparisons.from_counts(
        [1, 1, 2, 2, 2, 3], ["a", "b", "a", "b", "a", "x"], ["b", "a", "b", "c", "c", "y"],
        [5, 2, 9, 3, 4, 1], [1, 3, 2, 6, 2, 0],
    )  # fmt: skip
    gf = vn.fit_groups(g, prior=None)
    ax = plots.plot_groups(gf, small())
    assert labels(ax) == ["2", "1", "3"]  # by comparisons
    assert ax.get_title(loc="left") == "3 groups: 2 converged, 1 not identified"
    dots = {line.get_ydata()[0]: line.get_xdata() for line in ax.lines}
    np.testing.assert_allclose(dots[0.0], gf.theta[gf.offsets[1] : gf.offsets[2]])
    assert [text.get_text() for text in ax.texts] == ["no fit", "highest", "a", "a", ""]
    assert "natural-log" in ax.get_xlabel()
    table = gf.to_frame("dict") | {"status": np.repeat(gf.status, [2, 3, 2])}
    from_table = plots.plot_groups(table)
    assert labels(from_table) == labels(ax)
    assert from_table.get_title(loc="left") == ax.get_title(loc="left")
    assert len(labels(plots.plot_groups(gf, top=1))) == 2
    with pytest.raises(ValueError, match="lacks the column 'item'"):
        plots.plot_groups({"group": [1]})
    with pytest.raises(TypeError, match="GroupedFit"):
        plots.plot_groups([1])
    right = {"group": [1, 1], "item": ["a", "b"], "theta": [0.5, -0.5], "n_comparisons": [1, 1]}
    assert labels(plots.plot_groups(right)) == ["1"]
    for name, wrong in (
        ("item", ["a"]), ("theta", ["x", "y"]), ("group", [None, 1]), ("n_comparisons", [1, -1]),
        ("group", []), ("item", [["a", "b"]]),
    ):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match=name):
            plots.plot_groups(right | {name: wrong})
    with pytest.raises(ValueError, match="no groups"):
        plots.plot_groups({name: [] for name in right})


def test_many_groups_are_summed_up():
    n = 300
    g = vn.GroupedComparisons.from_counts(
        np.arange(n), ["a"] * n, ["b"] * n, np.arange(n) + 1.0, [2.0] * n
    )
    rows = labels(plots.plot_groups(vn.fit_groups(g), small()))
    assert rows[0] == "299"
    assert rows[-1] == f"{n - len(rows) + 1} others"
    assert len(rows) < 25


def test_overview_has_the_pictures_that_suit():
    votes, gold = panel(4)
    assert len(plots.overview(vn.consensus(votes)).axes) == 3 + 1  # a colour bar
    q = vn.consensus(votes, gold=gold, hold_to_gold=False)
    figure = plots.overview(q, level=0.8)
    assert len(figure.axes) == 4 + 2
    assert "80 %" in figure.axes[0].get_xlabel()
    assert "80 %" in figure.axes[1].get_xlabel()
    with pytest.raises(TypeError, match="colour"):
        plots.overview(q, colour=1)
    with pytest.raises(TypeError, match="no picture of a list"):
        plots.overview([q])
    with pytest.raises(ValueError, match="level"):
        plots.overview(q, level=2.0)


def test_what_is_refused():
    votes, _ = panel(3)
    q = vn.consensus(votes)
    for draw in (plots.plot_reliability, plots.plot_position_bias, plots.plot_agreement):
        with pytest.raises(TypeError, match="result"):
            draw("votes.csv")
        with pytest.raises(ValueError, match="top"):
            draw(q, top=0)
        with pytest.raises(TypeError, match="ax"):
            draw(q, "axes")
    with pytest.raises(ValueError, match="measure"):
        plots.plot_agreement(q, measure="alpha")
    with pytest.raises(ValueError, match="level"):
        plots.plot_reliability(q, level=1.0)
    with pytest.raises(TypeError, match="result"):
        plots.plot_correlation(votes)


def test_a_panel_of_strangers_is_hatched_and_cut():
    n = 65
    votes = vn.Votes.from_pairs(np.arange(n), [f"t{k:02d}" for k in range(n)], np.ones(n))
    ax = plots.plot_agreement(votes, small())
    rows = labels(ax)
    assert len(rows) < 25
    title = ax.get_title(loc="left").replace("\n", " ")
    assert f"left out: {n - len(rows)} who share too few pairs" in title
    assert "hatched" in title
    assert len(plots.overview(vn.consensus(votes)).axes) == 1  # nothing to see of who is like whom
