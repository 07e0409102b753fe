"""What the data do not say is not shown as known: no rank, the error of the prior, a mark."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn

pytestmark = pytest.mark.filterwarnings("ignore::venire.NotIdentifiedWarning")

WEAK = vn.GaussianPrior(0.01)
CYCLE = (["a", "b", "c", "a"], ["b", "c", "a", "b"])  # a wins twice, each beats another
NEVER = {"items": ["a", "b", "c", "new", "zero"]}


def never_met():
    """A cycle of three; one item that is only named, and one whose row weighs nothing."""
    first, second = ([*CYCLE[0], "zero"], [*CYCLE[1], "a"])
    return vn.Comparisons(first, second, 1.0, weight=[1, 1, 1, 1, 0], **NEVER)


def two_leagues(*, extra=1):
    """a, b, c and, with fewer games, x, y; no game between them."""
    return vn.Comparisons.from_counts(
        ["a", "b", "a", "x"], ["b", "c", "c", "y"], [6, 5, 7, 3 * extra], [4, 5, 3, 2]
    )


def grouped(c):
    """The same comparisons as a group beside one of plain votes."""
    first, second = c.items[c.first], c.items[c.second]
    n = len(first)
    return vn.GroupedComparisons.from_counts(
        ["q"] * n + ["r"], [*first, "a"], [*second, "b"], [*c.win, 3.0], [*c.loss, 1.0],
        items=(["q"] * c.n_items, c.items),
    )  # fmt: skip


def of_group(gf, values, label="q"):
    k = gf.groups.tolist().index(label)
    return np.asarray(values)[gf.offsets[k] : gf.offsets[k + 1]]


def both(c, prior):
    """The single fit and the group's own, as (theta, errors, ranks, determined)."""
    fit, gf = vn.fit_bradley_terry(c, prior=prior), vn.fit_groups(grouped(c), prior=prior)
    yield fit.standard_errors(), fit.ranks(), fit.determined
    yield tuple(of_group(gf, x) for x in (gf.standard_errors(), gf.ranks(), gf.determined))


def test_never_compared_under_a_prior():
    for errors, ranks, known in both(never_met(), WEAK):
        assert errors[3:].tolist() == [10.0, 10.0]
        assert 0.5 < errors[:3].max() < 2.0
        assert ranks.tolist() == [1, 2, 2, 0, 0] or ranks.tolist() == [1, 3, 2, 0, 0]
        assert known.tolist() == [True] * 3 + [False] * 2


def test_never_compared_without_a_prior():
    for errors, ranks, known in both(never_met(), None):
        assert np.isnan(errors[3:]).all()
        assert np.isfinite(errors[:3]).all()
        assert ranks[3:].tolist() == [0, 0]
        assert known.tolist() == [True] * 3 + [False] * 2


def test_never_compared_of_other_errors():
    fit = vn.fit_bradley_terry(never_met(), prior=WEAK)
    assert fit.standard_errors("robust")[3:].tolist() == [10.0, 10.0]
    assert fit.standard_errors(method="sampled")[3:].tolist() == [10.0, 10.0]
    assert fit.sampled_errors().relative_error[3:].tolist() == [0.0, 0.0]
    assert fit.rescale("elo").standard_errors()[3] == pytest.approx(10 * 400 / np.log(10))
    np.testing.assert_allclose(np.diagonal(fit.covariance()), fit.standard_errors() ** 2)
    assert fit.covariance()[3, 4] == 0.0
    level = fit.level_errors()
    np.testing.assert_allclose(level, [300**-0.5 * 100**0.5 * 10] * 3 + [10.0] * 2)
    assert fit.difference_errors("new", "zero") == pytest.approx(200**0.5)
    gf = vn.fit_groups(grouped(never_met()), prior=WEAK)
    assert of_group(gf, gf.standard_errors("robust"))[3:].tolist() == [10.0, 10.0]
    anchored = fit.rescale("logit", anchor="a")
    assert anchored.standard_errors()[3] > 10.0
    strong = vn.fit_bradley_terry(never_met(), prior=vn.GaussianPrior(
        {"a": 1.0, "b": 1.0, "c": 2.0, "new": 4.0, "zero": 0.25}))  # fmt: skip
    np.testing.assert_allclose(strong.standard_errors()[3:], [0.5, 2.0])


def test_two_leagues_have_one_leaderboard():
    for prior in (WEAK, None):
        for errors, ranks, known in both(two_leagues(), prior):
            assert known.tolist() == [True] * 3 + [False] * 2
            assert sorted(ranks) == [0, 0, 1, 2, 3]
            assert ranks[3:].tolist() == [0, 0]
            # of theta about the mean of its league: half of the difference's
            assert (
                errors[3] == errors[4] == pytest.approx(1 / np.sqrt(5 * 0.24 * 4 + 0.01), abs=0.02)
            )


def test_which_of_two_leagues_is_the_main_one():
    even = vn.Comparisons.from_counts(["a", "x"], ["b", "y"], [3, 30], [2, 20])
    fit = vn.fit_bradley_terry(even, prior=WEAK)
    assert fit.determined.tolist() == [False, False, True, True]  # x, y have more games


def test_a_core_and_what_it_did_not_beat():
    first, second = [*CYCLE[0], "d", "a"], [*CYCLE[1], "a", "e"]
    whole = vn.fit_bradley_terry(vn.Comparisons(first, second, 1.0), prior=WEAK)
    assert whole.determined.all()  # comparisons say that d is the best, e the last
    assert whole.ranks()[3:].tolist() == [1, 5]
    fit = whole.core()
    assert fit.determined.tolist() == [True] * 3 + [False] * 2
    assert fit.ranks()[3:].tolist() == [0, 0]
    assert fit.rank_interval()[3:].tolist() == [[1, 5], [1, 5]]
    order = vn.fit_bradley_terry(vn.Comparisons(["a", "b"], ["b", "c"], 1.0), prior=WEAK).core()
    assert order.determined.all()  # no core: in this order
    assert order.ranks().tolist() == [1, 2, 3]
    tied = vn.Comparisons([*first, "d"], [*second, "e"], 0.5)
    tie = vn.fit_bradley_terry(tied, prior=WEAK).core()
    assert tie.determined.all()


def test_frames_and_files(tmp_path):
    fit = vn.fit_bradley_terry(never_met(), prior=WEAK)
    table = fit.to_frame("dict")
    assert table["rank"].mask.tolist() == [False] * 3 + [True] * 2
    assert table["determined"].tolist() == [True] * 3 + [False] * 2
    for backend in ("pandas", "polars", "pyarrow"):
        library = pytest.importorskip(backend)
        frame = fit.to_frame(backend)
        if backend == "pandas":
            assert frame["rank"].isna().tolist() == [False] * 3 + [True] * 2
            assert frame["rank"].dtype == "Int64"
            frame.to_parquet(tmp_path / "r.parquet")
            assert library.read_parquet(tmp_path / "r.parquet")["rank"].isna().sum() == 2
        else:
            assert frame["rank"].to_pylist()[3:] == [None, None] if backend == "pyarrow" else (
                frame["rank"].to_list()[3:] == [None, None])  # fmt: skip
    gf = vn.fit_groups(grouped(never_met()), prior=WEAK)
    for summary in (fit.summary(), gf.summary(), vn.bootstrap(fit, 20, rng=1).summary()):
        lines = [x for x in str(summary).splitlines() if " new " in x or " zero " in x]
        assert [line.split()[0] for line in lines] == ["-", "-"]
        shown = summary.columns["item"].tolist()
        assert shown[0] == "a"
        assert shown[3:5] == ["new", "zero"]  # those without a rank come last
    b = vn.bootstrap(fit, 50, rng=1)
    b.save(tmp_path / "b.npz")
    for boot in (b, vn.resampling.Bootstrap.load(tmp_path / "b.npz")):
        found = boot.to_frame("dict")
        assert found["rank"].mask.tolist() == [False] * 3 + [True] * 2
        assert found["rank_lower"][3:].tolist() == [1, 1]
        assert found["rank_upper"][3:].tolist() == [5, 5]
        assert found["standard_error"][3:].tolist() == [10.0, 10.0]
        assert not found["determined"][3:].any()
    complete = vn.fit_bradley_terry(vn.Comparisons(*CYCLE, 1.0)).to_frame("dict")
    assert "determined" not in complete
    assert not isinstance(complete["rank"], np.ma.MaskedArray)


def test_replicates_do_not_know_more():
    fit = vn.fit_bradley_terry(never_met(), prior=WEAK)
    b = vn.bootstrap(fit, 300, rng=1)
    assert abs(b.prob_better("a", "new") - 0.5) < 0.1
    assert abs(b.prob_better("new", "zero") - 0.5) < 1e-12
    for interval in ("percentile", "basic", "bca", "studentized"):
        low, high = b.interval(0.95, interval)[3]
        assert (low, high) == (pytest.approx(-19.6, abs=0.01), pytest.approx(19.6, abs=0.01))
    assert b.rank_interval()[3:].tolist() == [[1, 5], [1, 5]]
    assert (b.rank_interval()[:3, 1] >= 3).all()  # two others may be before
    near = b.tied_neighbours(backend="dict")
    assert sorted({*near["item"], *near["next_item"]}) == ["a", "b", "c"]
    anchored = b.rescale("logit", anchor="a")
    assert anchored.standard_errors()[3] > 10.0
    assert anchored.standard_errors()[0] == 0.0
    g = vn.bootstrap(vn.fit_groups(grouped(never_met()), prior=WEAK), 50, rng=1)
    assert of_group(g, g.standard_errors())[3:].tolist() == [10.0, 10.0]
    assert of_group(g, g.interval())[3, 1] == pytest.approx(19.6, abs=0.01)
    assert of_group(g, g.rank_interval())[3:].tolist() == [[1, 5], [1, 5]]
    assert g.to_frame("dict")["determined"].tolist() == [True] * 3 + [False] * 2 + [True] * 2
    leagues = vn.bootstrap(vn.fit_bradley_terry(two_leagues(), prior=WEAK), 100, rng=1)
    assert abs(leagues.prob_better("a", "y") - 0.5) < 0.2
    assert leagues.rank_interval()[3:].tolist() == [[1, 5], [1, 5]]


def test_the_surest_item_of_a_calibration_was_compared():
    g = grouped(never_met())
    gf = vn.fit_groups(g, prior=WEAK)
    found = vn.calibrate(gf, ["q"] * 4, ["a", "b", "c", "a"], ["r"] * 4, ["a", "b"] * 2, 0.5,
                         [9.0] * 4)  # fmt: skip
    errors = of_group(gf, found.item_errors)
    unseen = np.sqrt(found.spread + found.standard_errors[0] ** 2)  # the prior of all groups
    assert (errors[3:] > 0.99 * unseen).all()
    assert errors[:3].max() < 0.9 * unseen
    assert of_group(gf, found.to_frame("dict", items=True)["standard_error"])[3] > 0.99 * unseen
    # a bridge from an item that was never compared says less of its group
    loose = vn.calibrate(gf, ["q"], ["new"], ["r"], ["a"], 1.0, [50.0], variance=1.0)
    tight = vn.calibrate(gf, ["q"], ["a"], ["r"], ["a"], 1.0, [50.0], variance=1.0)
    assert loose.standard_errors[0] > 1.02 * tight.standard_errors[0]
    targets = vn.targets.make_targets(gf, found)
    assert np.isnan(of_group(gf, targets.target)[3:]).all()
    assert (of_group(gf, targets.weight)[3:] == 0.0).all()


def test_groups_without_comparisons_have_the_priors_errors():
    g = vn.GroupedComparisons(
        ["q"], ["a"], ["b"], 1.0, items=(["none", "none", "one"], ["x", "y", "x"])
    )
    gf = vn.fit_groups(g, prior=WEAK)
    assert of_group(gf, gf.standard_errors(), "none").tolist() == [10.0, 10.0]
    assert of_group(gf, gf.standard_errors(), "one").tolist() == [10.0]
    assert of_group(gf, gf.deviation_errors(), "one").tolist() == [0.0]
    assert of_group(gf, gf.ranks(), "none").tolist() == [0, 0]
    plain = vn.fit_groups(g, prior=None)
    assert np.isnan(of_group(plain, plain.standard_errors(), "none")).all()


@pytest.mark.parametrize("share", [0.0, 0.33])
def test_fisher_errors_that_ties_make_too_wide_are_told(share):
    rng = np.random.default_rng(1)
    i = rng.integers(0, 6, 4000)
    j = (i + rng.integers(1, 6, 4000)) % 6
    score = np.where(rng.random(4000) < share, 0.5, rng.integers(0, 2, 4000))
    fit = vn.fit_bradley_terry(vn.Comparisons(i, j, score))
    assert fit.dispersion == pytest.approx(1.0 - share, abs=0.04)
    said = [note for note in fit.summary().notes if "too wide" in note]
    assert fit.errors_note("robust") == ""
    if share == 0.0:
        assert not said
        assert fit.errors_note("fisher") == ""
    else:
        ratio = (fit.standard_errors() / fit.standard_errors("robust")).mean()
        assert said == [fit.errors_note("fisher")]
        assert f"about {ratio:.1f}" in said[0]
        assert "% ties" in said[0]
        davidson = vn.fit_davidson(vn.Comparisons(i, j, score))
        assert davidson.errors_note("fisher") == ""
