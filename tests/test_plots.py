"""Pictures: what is drawn where, read back from the Axes."""

from __future__ import annotations

import numpy as np
import pytest

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
    assert "the largest, 3 of 5 items" in ax.get_title(loc="left")
    together = plots.plot_ratings(make_fit(cells, prior=GaussianPrior(0.1)))
    assert len(drawn(together)[0]) == 5


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
