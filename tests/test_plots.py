"""Pictures: what is drawn where, read back from the Axes."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pictures
import pytest

import venire as vn
from venire import datasets, plots, reference
from venire.priors import GaussianPrior
from venire.ratings.fit import Fit

matplotlib = pytest.importorskip("matplotlib")


@pytest.fixture(autouse=True)
def _closed(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")
    matplotlib.use("Agg", force=True)
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def make_fit(cells, *, prior=None):
    found = reference.fit(cells, prior=prior)
    return Fit(
        comparisons=cells,
        model="bradley-terry",
        theta=found.theta,
        prior=prior,
        log_likelihood=found.log_likelihood,
        residual=found.residual,
        converged=found.converged,
        n_iter=found.n_iter,
        component=reference.components(cells, "weak").labels,
    )


@pytest.fixture(scope="module")
def baseball():
    return make_fit(reference.cells_from_counts(*datasets.columns("baseball_1987").values()))


RATED = (
    "plot_ratings", "plot_ranks", "plot_wins", "plot_calibration", "plot_residuals", "plot_graph",
)  # fmt: skip


def title(ax):
    return ax.get_title(loc="left").replace("\n", " ")


def axes_of(width, height):
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained").add_subplot()


def drawn(ax):
    """Labels from top to bottom, dots and interval ends in the same order."""
    ticks = ax.get_yticks()
    labels = np.array([tick.get_text() for tick in ax.get_yticklabels()])
    dots = [line.get_xydata() for line in ax.lines if line.get_marker() == "o"]
    by_y = {y: x for x, y in np.concatenate(dots)}
    lines = [s for c in ax.collections for s in c.get_segments() if s[0][1] == s[1][1]]
    segments = {s[0][1]: s[:, 0] for s in lines}
    order = np.argsort(-ticks)
    ends = np.array([segments.get(y, [np.nan, np.nan]) for y in ticks[order]])
    return labels[order].tolist(), np.array([by_y[y] for y in ticks[order]]), ends


@pytest.mark.parametrize("quasi", [False, True])
def test_ratings(baseball, quasi, tmp_path):
    ax = plots.plot_ratings(baseball, level=0.9, interval="quasi" if quasi else None)
    labels, dots, ends = drawn(ax)
    order = np.argsort(-baseball.theta)
    assert labels == baseball.items[order].tolist()
    np.testing.assert_array_equal(dots, baseball.theta[order])
    if quasi:
        half = 1.6448536269514722 * baseball.quasi_variances().standard_errors[order]
        np.testing.assert_allclose(ends[:, 1] - dots, half, rtol=1e-9)
        assert "comparison" in ax.get_xlabel()
    else:
        np.testing.assert_allclose(ends, baseball.interval(0.9)[order], rtol=1e-12)
    assert "90 %" in ax.get_xlabel()
    ax.figure.savefig(tmp_path / "ratings.png")
    assert (tmp_path / "ratings.png").stat().st_size > 5_000


def test_ratings_of_the_best_on_given_axes(baseball):
    from matplotlib import pyplot

    _, mine = pyplot.subplots()
    ax = plots.plot_ratings(baseball, top=3, ax=mine, errors="robust")
    assert ax is mine
    labels, _, ends = drawn(ax)
    assert labels == ["Milwaukee", "Detroit", "Toronto"]
    assert "the best 3 of 7 items" in ax.get_title(loc="left")
    best = np.argmax(baseball.theta)
    np.testing.assert_allclose(ends[0], baseball.interval(errors="robust")[best])
    with pytest.raises(ValueError, match="top"):
        plots.plot_ratings(baseball, top=0)
    with pytest.raises(ValueError, match="level"):
        plots.plot_ratings(baseball, level=2.0)


def test_only_what_shares_a_scale_is_drawn():
    cells = reference.cells_from_counts(
        ["a", "b", "d", "f"], ["c", "d", "f", "b"], [3.0, 4.0, 3.0, 2.0], [1.0, 2.0, 3.0, 2.0]
    )
    ax = plots.plot_ratings(make_fit(cells))
    assert sorted(drawn(ax)[0]) == ["b", "d", "f"]
    assert "the largest part, 3 of 5 items" in ax.get_title(loc="left")
    together = plots.plot_ratings(make_fit(cells, prior=GaussianPrior(0.1)))
    assert len(drawn(together)[0]) == 5


def test_the_unit_is_that_of_the_fit(baseball):
    elo = baseball.to_elo("Boston", 1100.0)
    ax = elo.plot(level=0.5)
    labels, dots, ends = drawn(ax)
    np.testing.assert_array_equal(dots, np.sort(elo.theta)[::-1])
    np.testing.assert_allclose(ends, elo.interval(0.5)[np.argsort(-elo.theta)], rtol=1e-12)
    assert ax.get_xlabel() == "rating (Elo, Boston at 1100), with 50 % intervals"
    assert dots[labels.index("Boston")] == 1100.0


def test_what_only_the_prior_places_is_hollow_and_equals_are_joined():
    fit = pictures.in_parts()
    ax = plots.plot_ratings(fit)
    full, hollow = (line for line in ax.lines if line.get_marker() == "o")
    assert hollow.get_markerfacecolor() == "white" != full.get_markerfacecolor()
    assert (len(full.get_xdata()), len(hollow.get_xdata())) == (6, 5)
    said = title(ax)
    assert "hollow: placed by the prior alone" in said
    assert "2 parts that never met and 2 items met nobody: only the prior" in said
    assert "hollow" not in title(pictures.few().plot())
    c = vn.Comparisons(["a", "b", "a", "c", "b", "c"], ["x", "x", "y", "y", "a", "x"], 0.5)
    alike = vn.fit_bradley_terry(c)
    assert set(alike.ranks()) == {1}
    joined = [s for c in plots.plot_ratings(alike).collections for s in c.get_segments()]
    upright = [s for s in joined if s[0][0] == s[1][0]]
    assert len(upright) == 1
    assert sorted(upright[0][:, 1]) == [0.0, 4.0]


def test_neighbours_that_are_not_told_apart_are_joined():
    c = vn.Comparisons.from_counts(
        ["a", "b", "a", "c"], ["b", "c", "c", "d"], [90, 52, 95, 300], [10, 48, 12, 100]
    )
    fit = vn.fit_bradley_terry(c)
    gap = -np.diff(fit.theta)
    sure = np.abs(gap) > 1.96 * fit.difference_errors(["a", "b", "c"], ["b", "c", "d"])
    assert sure.tolist() == [True, False, True]
    for result in (fit, fit.to_elo("a"), vn.bootstrap(fit, 300, rng=1)):
        ax = result.plot()
        joined = [line.get_ydata() for line in ax.lines if line.get_marker() == "None"]
        joined = [y for y in joined if len(y) == 2 and y[0] > y[1]]
        assert len(joined) == 1
        np.testing.assert_allclose(joined[0], [1.9, 1.1])
        assert "neighbours not told apart" in title(ax)
    assert "told apart" not in title(fit.plot(level=0.1))


def test_what_is_not_drawn_is_summed_up():
    fit = pictures.many()
    ax = plots.plot_ratings(fit, top=12)
    assert len(drawn(ax)[0]) == 12
    rest = np.sort(fit.theta)[:-12]
    words = f"and 188 more, from {rest[-1]:.2f} to {rest[0]:.2f}"
    assert [text.get_text() for text in ax.texts] == [words]
    small = plots.plot_ratings(fit, ax=axes_of(6, 4))
    assert 15 <= len(drawn(small)[0]) <= 20
    assert len(drawn(plots.plot_ratings(fit, ax=axes_of(6, 4), top=4))[0]) == 4
    with pytest.raises(ValueError, match="at most 500 rows"):
        plots.plot_ratings(vn.fit_bradley_terry(pictures.league(520)), top=501)


def test_a_fit_that_did_not_converge_says_so():
    with pytest.warns(vn.ConvergenceWarning):
        fit = vn.fit_bradley_terry(pictures.league(9), max_iter=1)
    for draw in (plots.plot_ratings, plots.plot_ranks, plots.plot_wins, plots.plot_residuals,
                 plots.plot_calibration):  # fmt: skip
        assert title(draw(fit)).startswith("NOT CONVERGED")


def test_replicates_that_were_left_out_are_counted():
    few = vn.Comparisons(["a", "b", "c", "a", "c"], ["b", "c", "a", "c", "b"], [1, 1, 1, 0, 1])
    with pytest.warns(vn.NotIdentifiedWarning):
        boot = vn.bootstrap(vn.fit_bradley_terry(few), 200, rng=1)
    for draw in (plots.plot_ratings, plots.plot_ranks):
        said = f"{boot.n_failed} of 200 replicates left out: without a finite fit"
        assert title(draw(boot)).replace("\n", " ").startswith(said)


def test_groups_that_did_not_converge_name_no_best_item():
    groups = ["q", "q", "r", "r", "r"]
    g = vn.GroupedComparisons(groups, list("ababc"), list("babca"), [0.5, 0.5, 1, 1, 1])
    with pytest.warns(vn.ConvergenceWarning):
        fits = vn.fit_groups(
            vn.GroupedComparisons([*groups, "r"], list("ababcc"), list("babcab"),
                                  [0.5, 0.5, 1, 1, 1, 1]), max_iter=1,
        )  # fmt: skip
    assert fits.status.tolist() == ["converged", "iteration limit"]
    columns = fits.to_frame("dict") | {"status": np.repeat(fits.status, np.diff(fits.offsets))}
    for given in (fits, columns):
        ax = plots.plot_groups(given)
        assert title(ax).startswith("NOT CONVERGED: 1 group")
        assert [text.get_text() for text in ax.texts] == ["highest", "(not converged)", ""]
    assert "NOT" not in title(plots.plot_groups(vn.fit_groups(g)))


def test_one_group_of_many():
    g = vn.GroupedComparisons.from_counts(
        ["q", "q", "r"], ["a", "b", "a"], ["b", "c", "c"], [30, 20, 60], [10, 20, 40]
    )
    fits = vn.fit_groups(g)
    for of, one in (
        (fits, fits["q"]),
        (fits.to_elo(), fits["q"].to_elo()),
        (vn.bootstrap(fits, 50, rng=1, keep="draws"), vn.bootstrap(fits, 50, rng=1)["q"]),
    ):
        mine, other = of.plot(group="q"), one.plot()
        for x, y in zip(drawn(mine), drawn(other), strict=True):
            np.testing.assert_array_equal(x, y)
        assert "group q" in title(mine)
    with pytest.raises(ValueError, match="group: must say which of 2 groups: 'q', 'r'"):
        plots.plot_ratings(fits)
    for of in (fits, g):
        with pytest.raises(ValueError, match="group = 'nobody': there is no such group"):
            plots.plot_graph(of, group="nobody")
    with pytest.raises(ValueError, match=r"group.*is of fits of groups"):
        plots.plot_ratings(fits["q"], group="q")
    assert "group r" in title(plots.plot_graph(g, group="r"))


def test_replicates_have_intervals_of_their_own():
    fit = pictures.few()
    for draws, words in (
        (vn.bootstrap(fit, 200, rng=1), "bootstrap"),
        (vn.resampling.sample(fit, 200, rng=1), "posterior"),
    ):
        ax = draws.plot(interval="basic", level=0.8)
        order = np.argsort(-fit.theta)
        np.testing.assert_array_equal(drawn(ax)[2], draws.interval(0.8, "basic")[order])
        said = ax.get_xlabel().replace("\n", " ")
        assert f"80 % {words} intervals (basic)" in said
        ax = plots.plot_ranks(draws, level=0.8)
        np.testing.assert_array_equal(drawn(ax)[2], draws.rank_interval(0.8)[order])
        with pytest.raises(ValueError, match=r"errors.*is of a fit"):
            plots.plot_ratings(draws, errors="robust")
    with pytest.raises(ValueError, match=r"interval.*must be one of"):
        plots.plot_ratings(fit, interval="percentile")


def test_ranks():
    fit = pictures.in_parts()
    ax = plots.plot_ranks(fit, level=0.9)
    labels, at, ends = drawn(ax)
    place = {label: k for k, label in enumerate(fit.items.tolist())}
    rows = [place[label] for label in labels]
    np.testing.assert_array_equal(ends, fit.rank_interval(0.9)[rows])
    known = fit.determined[rows]
    np.testing.assert_array_equal(at[known], fit.ranks()[rows][known])
    assert np.isnan(at[~known]).all()
    assert (ends[~known] == [1, len(rows)]).all()


ODD = [
    "$x_1$", "$\\frac{1$", "<script>alert(1)</script>", "\u4e2d\u6587", "\u05e9\u05dc\u05d5 gpt",
    "\U0001f600\U0001f680", "_hidden", "tab\there\nline", "ab" * 200, "\u202egnp", "a%b{c}",
]  # fmt: skip


@pytest.mark.parametrize("draw", RATED)
def test_labels_are_written_as_they_are(draw, tmp_path):
    k = np.arange(len(ODD))
    i, j = (x.ravel() for x in np.meshgrid(k, k))
    names = np.array(ODD)
    use = i != j
    counts = 3.0 + (i + 2 * j) % 4
    c = vn.Comparisons.from_counts(names[i[use]], names[j[use]], counts[use], 4.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = getattr(plots, draw)(vn.fit_bradley_terry(c))
        for ending in ("png", "svg", "pdf")[: 3 if draw == "plot_ratings" else 2]:
            ax.figure.savefig(tmp_path / f"odd.{ending}")
    every = [*ax.get_yticklabels(), *ax.get_xticklabels(), *ax.texts]
    texts = [text.get_text() for text in every]
    assert not any("\u202e" in text or "\t" in text for text in texts)
    if draw not in ("plot_calibration", "plot_residuals"):
        assert "$x_1$" in texts
        assert not any(t.get_parse_math() for t in ax.get_yticklabels())
    assert "<script>" not in (tmp_path / "odd.svg").read_text(encoding="utf-8")


def test_labels_do_not_turn_the_line_around_them():
    name = "\u05e9\u05dc\u05d5\u05dd"
    c = vn.Comparisons.from_counts([name, "b"], ["b", name], [9, 4], [3, 2])
    line = plots.plot_residuals(vn.fit_bradley_terry(c), top=1).texts[-1].get_text()
    mark = "\u200e"
    assert line == f"1  {mark}{name}{mark} \u2013 b: 11 of 18 points, 11.0 expected"


def test_weighted_comparisons_have_two_decimals():
    c = vn.Comparisons(
        ["a", "b", "a"], ["b", "c", "c"], [1.0, 0.0, 1.0], weight=[1.23456, 0.0123, 2]
    )
    fit = vn.fit_bradley_terry(c, prior=GaussianPrior(0.01))
    lines = plots.plot_residuals(fit, top=3).texts[-1].get_text()
    assert ": 1.23 of 1.23 points, " in lines
    assert ": 0.012 of 0.012 points, " in lines
    assert ": 2 of 2 points, " in lines
    assert "comparisons of an item: 1.25 to 3.23, median 2.01" in title(plots.plot_graph(c))
    assert title(plots.plot_calibration(fit)).startswith("3.25 comparisons: ")
    many = vn.Comparisons.from_counts(["a", "b"], ["b", "a"], [1_500_000, 2], [3, 0.5])
    assert title(plots.plot_calibration(vn.fit_bradley_terry(many))).startswith("1,500,005.5 comp")


def test_text_of_an_svg_file_may_stay_text(tmp_path):
    c = vn.Comparisons.from_counts(["\U0001f680 <b>", "b"], ["b", "c"], [3, 4], [3, 2])
    with matplotlib.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the fonts of this machine do not matter
        plots.plot_ratings(vn.fit_bradley_terry(c)).figure.savefig(tmp_path / "a.svg")
    written = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "\U0001f680 &lt;b&gt;" in written


def test_names_are_shortened_and_still_differ():
    from venire.plots import _style as style

    long = [
        "organisation/model-one-instruct-v1.0-final",
        "organisation/model-one-instruct-v1.0-f1nal",
    ]
    cut = style.shortened(["short", *long, "\u4e2d" * 30, "a\nb"], 20)
    assert cut[0] == "short"
    assert len(set(cut)) == 5
    assert all("\u2026" in text for text in cut[1:4])
    assert max(map(style.width, cut)) <= 20
    assert cut[4] == "a\\nb"


def test_a_new_figure_is_nobodys_unless_somebody_looks(monkeypatch):
    from matplotlib import pyplot

    fit = pictures.few()
    plots.plot_ratings(fit)
    assert pyplot.get_fignums() == []
    monkeypatch.setattr("sys.ps1", ">>> ", raising=False)
    ax = plots.plot_ratings(fit)
    assert pyplot.gcf() is ax.figure


def test_pairs_that_met_equally_often_are_neither_light_nor_dark():
    teams = np.array(["a", "b", "c"])
    ax = plots.plot_graph(vn.Comparisons(teams, np.roll(teams, 1), [1.0, 0.5, 0.0]))
    image = ax.images[0]
    assert image.norm(1.0) == 0.5
    assert [text.get_text() for text in ax.texts] == ["1"] * 6


@pytest.mark.parametrize("spread", [0.3, 0.5, 0.7, 0.9, 1.2])
def test_numbers_below_ratings_keep_apart(spread):
    names = np.array(["a name of some length, and more", "another one of much the same size", "c"])
    win = 60.0 / (1.0 + np.exp(spread * np.array([-1.0, -1.0, 2.0])))
    c = vn.Comparisons.from_counts(names, np.roll(names, 1), win, 60.0 - win)
    ax = plots.plot_ratings(vn.fit_bradley_terry(c))
    ax.figure.canvas.draw()
    left, right = ax.get_xlim()
    inside = [t for t in ax.get_xticklabels() if left <= t.get_position()[0] <= right]
    boxes = [tick.get_window_extent() for tick in inside]
    assert len(boxes) >= 3
    gaps = [b.x0 - a.x1 for a, b in pairwise(boxes)]
    assert min(gaps) > 0.4 * max(box.width for box in boxes)


def lightness(colour):
    red, green, blue = (
        x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4
        for x in (int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5))
    )
    return 116.0 * (0.2126 * red + 0.7152 * green + 0.0722 * blue) ** (1.0 / 3.0) - 16.0


def test_colours_differ_in_grey():
    from venire.plots import _style as style

    found = sorted(map(lightness, style.COLOURS))
    assert np.diff(found).min() >= 7.0
    assert found[-1] <= 82.0  # on white paper
    assert len(style.MARKERS) >= len(style.COLOURS)
    shades = [lightness(matplotlib.colors.to_hex(style.ramp()(x))) for x in np.linspace(0, 1, 50)]
    assert np.diff(shades).max() < 0.0


def test_shares_of_the_fit_stand_beside_those_observed():
    c = vn.Comparisons.from_counts(
        ["a", "b", "c", "a"], ["b", "c", "d", "d"], [8, 5, 6, 9], [2, 5, 4, 1], [2, 0, 0, 0]
    )
    for fit in (vn.fit_bradley_terry(c), vn.fit_davidson(c)):
        ax = plots.plot_wins(fit)
        shown = np.asarray(ax.images[0].get_array().filled(np.nan))
        order = [tick.get_text() for tick in ax.get_yticklabels()]
        for row, first in enumerate(order):
            for column, second in enumerate(order):
                if first != second:
                    p = fit.predict(first, second)
                    p = p if fit.tie is None else p[0] + 0.5 * p[1]
                    assert shown[row, column] == pytest.approx(p)
        a, b, d = (order.index(x) for x in "abd")
        assert shown[a, 5 + b] == pytest.approx(9.0 / 12.0)
        assert shown[b, 5 + a] == pytest.approx(3.0 / 12.0)
        assert np.isnan(shown[b, 5 + d])
        assert sum(patch.get_hatch() is not None for patch in ax.patches) == 4
        assert "hatched: never met" in title(ax)


def test_calibration():
    fit = pictures.many()
    ax = plots.plot_calibration(fit, bins=7)
    x, y = ax.containers[0].lines[0].get_data()
    assert len(x) == 7
    assert np.all(x >= 0.5)
    c = fit.comparisons
    p = fit.predict(c.items[c.first], c.items[c.second])
    share = np.where(p < 0.5, c.loss, c.win)
    np.testing.assert_allclose(np.mean(y), share.sum() / c.n_comparisons, atol=0.01)
    held = vn.Comparisons.from_counts(["model 000"], ["model 199"], [9.0], [1.0])
    ax = plots.plot_calibration(fit, comparisons=held)
    assert ax.containers[0].lines[0].get_xydata()[0] == pytest.approx(
        [fit.predict("model 000", "model 199"), 0.9]
    )
    low, high = ax.containers[0].lines[2][0].get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((0.59585, 0.98212), abs=1e-5)  # Wilson's, 9 of 10
    other = vn.Comparisons(["nobody"], ["model 000"], 1.0)
    with pytest.raises(ValueError, match="nobody"):
        plots.plot_calibration(fit, comparisons=other)
    with pytest.raises(TypeError, match="comparisons"):
        plots.plot_calibration(fit, comparisons="held-out")


def test_calibration_of_ties_has_a_line_for_each_outcome():
    fit = vn.fit_davidson(pictures.league(12, ties=True))
    ax = plots.plot_calibration(fit, bins=1)
    points = [box.lines[0].get_xydata()[0] for box in ax.containers]
    np.testing.assert_allclose(np.sum(points, axis=0), [1.0, 1.0])
    np.testing.assert_allclose(points[1][0], points[1][1], atol=1e-6)  # nu has the ties right
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["the favourite wins", "a tie", "the favourite loses", "as expected"]


def test_residuals_add_up_to_the_deviance():
    fit = pictures.few()
    ax = plots.plot_residuals(fit, top=2)
    x, z = ax.collections[0].get_offsets().T
    assert len(z) == 10
    assert np.sum(z**2) == pytest.approx(fit.deviance)
    assert np.all(x >= 0.5)
    furthest = int(np.argmax(np.abs(z)))
    assert ax.texts[0].xy == pytest.approx((x[furthest], z[furthest]))
    assert ax.texts[-1].get_text().splitlines()[0].endswith(" expected")


def test_a_tie_is_half_of_what_is_expected():
    fit = vn.fit_davidson(pictures.league(5, ties=True))
    x = plots.plot_residuals(fit).collections[0].get_offsets()[:, 0]
    c = fit.comparisons
    p = fit.predict(c.items[c.first], c.items[c.second])
    share = p[:, 0] + 0.5 * p[:, 1]
    np.testing.assert_allclose(np.sort(x), np.sort(np.maximum(share, 1.0 - share)))


def test_residuals_of_many_pairs_are_counted():
    ax = plots.plot_residuals(pictures.many(), top=0)
    assert not ax.texts
    counted, single = ax.collections
    assert counted.get_array().sum() + len(single.get_offsets()) == 2374
    assert plots.plot_residuals(vn.fit_bradley_terry(pictures.league(60))).collections


def test_coverage_of_the_graph():
    ax = plots.plot_graph(pictures.league(6, apart=3, alone=2))
    met = np.asarray(ax.images[0].get_array().filled(np.nan))
    assert met.shape == (11, 11)
    np.testing.assert_array_equal(met, met.T)
    c = pictures.league(6, apart=3, alone=2)
    assert np.nansum(met) == 2.0 * c.n_comparisons
    assert len([line for line in ax.lines if line.get_ydata()[0] == line.get_ydata()[1]]) == 2
    assert "2 parts that never met, of 6 and 3 items; 2 met nobody" in title(ax)


@pytest.mark.parametrize("n", [31, 300, 10_000])
def test_coverage_of_many_items_in_blocks(n):
    k = np.arange(n)
    c = vn.Comparisons(np.r_[k, k], np.r_[np.roll(k, 1), np.roll(k, 7)], 1.0)
    ax = plots.plot_graph(c)
    each = np.asarray(ax.images[0].get_array().filled(0.0))
    size = np.diff(np.linspace(0, n, len(each) + 1).astype(int))
    possible = np.outer(size, size) - np.diag(size * (size + 1) / 2)
    assert np.sum(np.triu(each * possible)) == pytest.approx(c.n_comparisons)
    assert f"{c.n_pairs:,} of" in title(ax)


def with_long_names(fit):
    c = fit.comparisons
    names = np.array(
        [f"organisation-{k % 7}/a-long-name-{k:03d}-instruct" for k in range(c.n_items)]
    )
    counts = (names[c.first], names[c.second], c.win, c.loss)
    return vn.fit_bradley_terry(vn.Comparisons.from_counts(*counts))


@pytest.mark.parametrize("draw", RATED)
@pytest.mark.parametrize("n", [5, 30, 200])
def test_pictures_of_6_by_4_inches_are_legible(draw, n):
    """No label on another, none cut off, none too small."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    fit = with_long_names(vn.fit_bradley_terry(pictures.league(n)))
    with pictures.same_everywhere():
        ax = getattr(plots, draw)(fit, axes_of(6, 4))
        canvas = FigureCanvasAgg(ax.figure)
        canvas.draw()
        inside = ax.figure.bbox.padded(1.0)
        said = [ax.title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
        for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
            boxes = [text.get_window_extent() for text in ticks if text.get_text()]
            assert not any(x.overlaps(y) for k, x in enumerate(boxes) for y in boxes[:k])
            assert min((text.get_fontsize() for text in ticks), default=9.0) >= 5.0
        for text in said:
            box = text.get_window_extent()
            assert not text.get_text() or (inside.x0 <= box.x0 and box.x1 <= inside.x1)
            assert not text.get_text() or (inside.y0 <= box.y0 and box.y1 <= inside.y1)


@pytest.mark.parametrize("draw", RATED)
def test_pictures_refuse(draw):
    function, fit = getattr(plots, draw), pictures.few()
    with pytest.raises(TypeError, match=r"must be.*a Fit"):
        function(3)
    with pytest.raises(TypeError, match=r"ax.*must be matplotlib Axes"):
        function(fit, 3)
    with pytest.raises(ValueError, match="group"):
        function(fit, group="a")
    mine = axes_of(6, 4)
    assert function(fit, mine) is mine


def test_growth():
    sizes = np.array([1e7, 1e5, 1e6])  # any order
    times = {
        "arena": (sizes, 1e-8 * sizes),
        "chain": (sizes, 1e-9 * sizes**1.1),
        "one": ([1e6], [1.0]),
    }
    ax = plots.plot_growth(times, limit=1.15)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["arena: exponent 1.00", "chain: exponent 1.10", "one", "slope 1.15"]
    assert ax.get_xscale() == ax.get_yscale() == "log"
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [1e5, 1e6, 1e7])
    x, y = ax.lines[-1].get_data()
    assert np.log(y[1] / y[0]) / np.log(x[1] / x[0]) == pytest.approx(1.15)
    assert all(line.get_color() != ax.lines[0].get_color() for line in ax.lines[1:])


def test_towers_of_marks_leave_room_for_the_picture():
    label = "o" + "\u0301" * 300
    fit = vn.fit_bradley_terry(vn.Comparisons([label, "b"], ["b", label], [1.0, 0.5]))
    ax = plots.plot_ratings(fit)
    ax.figure.draw_without_rendering()
    assert ax.get_window_extent().height > 50
    assert {tick.get_text() for tick in ax.get_yticklabels()} == {"o" + "\u0301" * 6, "b"}


def test_names_of_lines_are_cut():
    times = {name: ([1, 2], [1, 2]) for name in ("n" * 3000 + "1", "n" * 3000 + "2")}
    ax = plots.plot_growth(times)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert len(set(labels)) == 2
    assert all(len(label) < 50 and label.endswith(": exponent 1.00") for label in labels)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ({}, "at least one"),
        ({"a": ([1.0, 2.0], [1.0])}, "'a'.*common length"),
        ({"a": ([1.0], [0.0])}, "'a'.*positive"),
    ],
)
def test_growth_refuses(times, message):
    with pytest.raises(ValueError, match=message):
        plots.plot_growth(times)


def test_plot_quality_draws_a_line_for_each_loop():
    from distillation_data import World

    world = World()
    reports = {}
    for criterion in ("uniform", "D"):
        loop = world.loop(criterion=criterion, bridges=0)
        reports[criterion] = loop.run({"ann": world.votes, "bea": world.votes}, rounds=3)
    ax = plots.plot_quality(reports)
    assert [line.get_label() for line in ax.lines] == ["uniform", "D"]
    for line, report in zip(ax.lines, reports.values(), strict=True):
        assert np.array_equal(line.get_xdata(), report["total_votes"])
        assert np.array_equal(line.get_ydata(), report["tau"])
    assert ax.get_ylabel() == "Kendall's tau-b"
    assert ax.get_xlabel() == "votes"
    assert plots.plot_quality({"one": reports["D"]}, ax=ax, against="cost") is ax
    with pytest.raises(ValueError, match=r"reports\['D'\] has no student_r2"):
        plots.plot_quality({"D": reports["D"]}, measure="student_r2")
    with pytest.raises(ValueError, match="at least one report"):
        plots.plot_quality({})
    with pytest.raises(ValueError, match=r"measure.*: must be one of"):
        plots.plot_quality(reports, measure="r2")
    with pytest.raises(ValueError, match=r"against.*: must be"):
        plots.plot_quality(reports, against="time")
    empty = world.loop().report()
    with pytest.raises(ValueError, match="no measure is known"):
        plots.plot_quality({"empty": empty})


def test_each_result_that_is_drawn_has_its_picture():
    from venire._core.views import PICTURES, Drawn

    for name in ("distillation", "ensembles", "panel", "simulate", "targets"):
        getattr(vn, name)  # the classes of a package are there once it is loaded
    assert {one.__name__ for one in Drawn.__subclasses__()} <= set(PICTURES)
    assert set(PICTURES.values()) <= set(vn.plots.__all__)
