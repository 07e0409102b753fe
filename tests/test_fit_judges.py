"""fit_judges: the reference twin, what the estimates are, invariances, edges, bad input."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import reference

PRIOR = vn.GaussianPrior(0.1)


def asked(seed=1, degree=8, preset="usual", n_groups=6, n_items=12, **teachers):
    """A simulated world, and one vote a pair of its four teachers in rotation."""
    world = vn.simulate.world(n_groups=n_groups, n_items=n_items, rng=seed)
    judges = vn.simulate.Teachers(**teachers) if teachers else vn.simulate.teachers(preset)
    d = vn.design.design_pairs(world.n_items, degree, rng=seed)
    who = vn.design.rotate_teachers(np.arange(len(d.group)), d.group, len(judges))
    return world, world.votes(judges, d.group, d.first, d.second, who)


def unordered(votes):
    """The same votes without their orders."""
    return vn.Votes(
        votes.first[votes.pair], votes.second[votes.pair], votes.teachers[votes.teacher],
        votes.total.astype(int), group=votes.group[votes.pair],
    )  # fmt: skip


def soft(votes, seed=3):
    """Probabilities and weights instead of votes, ties among them, some pairs in both orders."""
    rng = np.random.default_rng(seed)
    columns = {
        "first": votes.first[votes.pair], "second": votes.second[votes.pair],
        "teacher": votes.teachers[votes.teacher], "group": votes.group[votes.pair],
        "swapped": votes.swapped_runs > 0,
    }  # fmt: skip
    again = rng.random(votes.n_cells) < 0.3
    columns = {k: np.concatenate([x, x[again]]) for k, x in columns.items()}
    columns["swapped"][votes.n_cells :] ^= True
    chances = rng.dirichlet([1.0, 0.4, 1.0], len(columns["first"]))
    up = np.concatenate([votes.total, votes.total[again]]) > 0
    chances[up] = np.sort(chances[up], axis=1)[:, [2, 0, 1]]
    return vn.Votes(**columns, probabilities=chances, strength=2.0)


def looks(votes):
    """Positions, orders, shares and masses of each judgment in each order."""
    swapped = votes.swapped_runs
    mass = votes.win + votes.tie + votes.loss
    if swapped is None:
        cell, order = np.arange(votes.n_cells), np.zeros(votes.n_cells)
        share = (votes.win + votes.tie / 2) / mass
    else:
        runs = np.concatenate([votes.runs - swapped, swapped])
        total = np.concatenate([votes.total - votes.swapped_total, votes.swapped_total])
        order = np.repeat([1.0, -1.0], votes.n_cells)
        cell = np.tile(np.arange(votes.n_cells), 2)
        with np.errstate(invalid="ignore"):
            share = (1.0 + total / runs) / 2.0
        mass = mass[cell] * runs / votes.runs[cell]
        keep = runs > 0
        cell, order, share, mass = cell[keep], order[keep], share[keep], mass[keep]
    pair = votes.pair[cell]
    names = (votes.group, votes.first, votes.second)
    return (*(x[pair] for x in names), votes.teacher[cell], order, share, mass)


def theta_of(found, shape):
    """As the reference has it: a row for each group."""
    out = np.zeros(shape)
    group = np.repeat(found.fit.groups, np.diff(found.fit.offsets))
    out[group, found.items] = found.theta
    return out


CASES = {
    "hard": lambda: asked()[1],
    "wrong": lambda: asked(preset="wrong", degree=10)[1],
    "without orders": lambda: unordered(asked()[1]),
    "soft": lambda: soft(asked()[1]),
}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_equals_reference(case, signed):
    votes = CASES[case]()
    found = vn.fit_judges(votes, signed=signed)
    twin = reference.fit_judges(*looks(votes), signed=signed)
    np.testing.assert_allclose(found.slopes, twin.slope, atol=1e-6)
    np.testing.assert_allclose(found.slope_errors**2, twin.slope_variance, atol=1e-6)
    np.testing.assert_allclose(found.slope_spread, twin.spread[0], atol=1e-6)
    np.testing.assert_allclose(theta_of(found, twin.theta.shape), twin.theta, atol=1e-5)
    if votes.swapped_runs is None:
        assert found.position_biases is None
        assert found.bias_mean is None
    else:
        np.testing.assert_allclose(found.position_biases, twin.bias, atol=1e-6)
        np.testing.assert_allclose(found.position_bias_errors**2, twin.bias_variance, atol=1e-6)
        np.testing.assert_allclose((found.bias_mean, found.bias_spread), twin.spread[1:], atol=1e-6)
    if case == "wrong":
        assert (found.slopes[3] < 0.0) == signed
        assert (found.slopes[3] == 0.0) != signed


def likelihood(votes, found, theta):
    """By what predict says, with other ratings."""
    group, first, second, judge, order, share, mass = looks(votes)
    d = theta[group, first] - theta[group, second]
    bias = 0.0 if found.position_biases is None else found.position_biases[judge]
    eta = found.slopes[judge] * d + bias * order
    return float(mass @ -(share * np.logaddexp(0, -eta) + (1 - share) * np.logaddexp(0, eta)))


@pytest.mark.parametrize("case", CASES)
def test_ratings_are_at_the_maximum_and_their_comparisons_say_the_same(case):
    votes = CASES[case]()
    found = vn.fit_judges(votes, signed=True)
    theta = theta_of(found, (6, 12))

    def objective(x):
        return likelihood(votes, found, x) - 0.05 * (x**2).sum()

    rng = np.random.default_rng(0)
    for _ in range(5):
        step = 1e-4 * rng.standard_normal(theta.shape)
        slope = (objective(theta + step) - objective(theta - step)) / 2e-4
        assert abs(slope) < 2e-5
    again = vn.fit_groups(found.comparisons, prior=PRIOR)
    np.testing.assert_allclose(again.theta, found.theta, atol=1e-7)
    assert (found.comparisons.win >= 0.0).all()
    assert (found.comparisons.loss >= 0.0).all()
    value = likelihood(votes, found, theta)
    assert value == pytest.approx(-(found.log_losses @ found.n_votes), rel=1e-9)


def test_the_mean_slope_is_the_unit():
    votes = soft(asked()[1])
    found = vn.fit_judges(votes)
    assert found.slopes @ found.n_votes == pytest.approx(found.n_votes.sum(), rel=1e-9)
    assert found.n_votes.sum() == pytest.approx((votes.win + votes.tie + votes.loss).sum())
    assert found.n_judgments.sum() == votes.n_cells


def test_no_rounds_are_a_plain_fit():
    votes = asked()[1]
    found = vn.fit_judges(votes, rounds=0)
    plain = vn.fit_votes(votes, method="uniform")
    np.testing.assert_array_equal(found.theta, plain.fit.theta)
    assert found.slopes.tolist() == [1.0] * 4
    assert np.isnan(found.slope_errors).all()
    np.testing.assert_array_equal(found.log_losses, found.plain_log_losses)


def test_until_nothing_moves():
    votes = asked(degree=10)[1]
    end = vn.fit_judges(votes, rounds="converge")
    assert end.converged
    assert 2 < end.n_rounds < 200
    later = vn.fit_judges(votes, rounds=end.n_rounds + 3)
    np.testing.assert_allclose(end.slopes, later.slopes, atol=1e-4)


def same(a, b):
    for name in ("slopes", "slope_errors", "position_biases", "log_losses", "theta"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


@pytest.mark.parametrize("n_threads", [2, 5])
def test_threads_do_not_matter(n_threads):
    rng = np.random.default_rng(0)
    n = 60_000
    first, judge = rng.integers(0, 300, n), rng.integers(0, 40, n)
    second = (first + rng.integers(1, 300, n)) % 300
    votes = vn.Votes(first, second, judge, rng.integers(-1, 2, n), swapped=rng.random(n) < 0.4)
    same(vn.fit_judges(votes, n_threads=1), vn.fit_judges(votes, n_threads=n_threads))
    hard = vn.Votes(first, second, judge, 2 * rng.integers(0, 2, n) - 1)
    one, many = vn.fit_judges(hard, n_threads=1), vn.fit_judges(hard, n_threads=n_threads)
    np.testing.assert_array_equal(one.slopes, many.slopes)
    np.testing.assert_array_equal(one.theta, many.theta)


def test_how_rows_are_written_does_not_matter():
    rng = np.random.default_rng(5)
    votes = asked()[1]
    columns = {
        "first": votes.first[votes.pair], "second": votes.second[votes.pair],
        "teacher": votes.teachers[votes.teacher], "vote": votes.total.astype(int),
        "group": votes.group[votes.pair], "swapped": votes.swapped_runs > 0,
    }  # fmt: skip
    turn = rng.random(votes.n_cells) < 0.5
    turned = dict(columns)
    turned["first"] = np.where(turn, columns["second"], columns["first"])
    turned["second"] = np.where(turn, columns["first"], columns["second"])
    turned["vote"] = np.where(turn, -columns["vote"], columns["vote"])
    turned["swapped"] = columns["swapped"] ^ turn
    at = rng.permutation(votes.n_cells)
    same(vn.fit_judges(votes), vn.fit_judges(vn.Votes(**{k: x[at] for k, x in turned.items()})))


def test_a_row_of_weight_two_is_the_row_twice():
    votes = asked()[1]
    pair = votes.pair
    columns = (votes.first[pair], votes.second[pair], votes.teachers[votes.teacher])
    more = {"group": votes.group[pair], "swapped": votes.swapped_runs > 0}
    vote = votes.total.astype(int)
    heavy = vn.fit_judges(vn.Votes(*columns, vote, weight=2.0, **more))
    twice = vn.Votes(
        *(np.tile(x, 2) for x in columns), np.tile(vote, 2),
        **{k: np.tile(x, 2) for k, x in more.items()},
    )  # fmt: skip
    found = vn.fit_judges(twice)
    np.testing.assert_allclose(heavy.slopes, found.slopes, rtol=1e-9)
    np.testing.assert_allclose(heavy.theta, found.theta, atol=1e-9)


def test_votes_without_groups_have_a_single_fit():
    rng = np.random.default_rng(2)
    first = rng.integers(0, 8, 900)
    second = (first + rng.integers(1, 8, 900)) % 8
    judge, vote = rng.choice(["x", "y", "z"], 900), rng.choice([-1, 1], 900)
    plain = vn.fit_judges(vn.Votes(first, second, judge, vote))
    grouped = vn.fit_judges(vn.Votes(first, second, judge, vote, group=np.zeros(900, int)))
    assert isinstance(plain.fit, vn.Fit)
    assert isinstance(grouped.fit, vn.GroupedFit)
    np.testing.assert_array_equal(plain.theta, grouped.theta)
    np.testing.assert_array_equal(
        plain.predict([1, 2], [3, 4], "x"), grouped.predict([1, 2], [3, 4], "x", group=0)
    )
    assert np.isfinite(plain.fit.standard_errors()).all()


def test_slopes_and_biases_are_found():
    rng = np.random.default_rng(3)
    n, a, g = 60_000, np.linspace(0.4, 1.6, 12), np.linspace(-0.5, 1.0, 12)
    theta = rng.standard_normal(20)
    first, judge = rng.integers(0, 20, n), rng.integers(0, 12, n)
    second = (first + rng.integers(1, 20, n)) % 20
    p = 1 / (1 + np.exp(-(a[judge] * (theta[first] - theta[second]) + g[judge])))
    votes = vn.Votes(
        first, second, judge, np.where(rng.random(n) < p, 1, -1), swapped=np.zeros(n, bool)
    )
    found = vn.fit_judges(votes)
    z = (
        (found.slopes - a) / found.slope_errors,
        (found.position_biases - g) / found.position_bias_errors,
    )
    assert abs(z[0]).max() < 4.0
    assert abs(z[1]).max() < 4.0
    assert 0.2 < found.slope_spread < 0.7
    assert np.corrcoef(found.theta, theta)[0, 1] > 0.999
    assert (found.log_losses <= found.plain_log_losses + 1e-3).all()
    assert not found.warnings


def nmse(theta, world):
    centred = theta - np.repeat([x.mean() for x in np.split(theta, world.offsets[1:-1])], 50)
    return 1.0 - np.corrcoef(centred, world.theta)[0, 1] ** 2


@pytest.mark.parametrize(("preset", "limit"), [("usual", 0.985), ("wrong", 1.0)])
def test_ratings_are_better_than_those_by_agreement(preset, limit):
    ratios = []
    for seed in range(3):
        world, votes = asked(seed, 8, preset, 40, 50)
        mine = vn.fit_judges(votes, signed=True)
        ratios.append(nmse(mine.theta, world) / nmse(vn.fit_votes(votes).fit.theta, world))
    assert np.mean(ratios) < limit


def noise(seed=0, n=400, n_groups=80):
    """Coin tosses in many small groups, by judges of whom most voted once or twice."""
    rng = np.random.default_rng(seed)
    first, group = rng.integers(0, 10, n), rng.integers(0, n_groups, n)
    judge = np.minimum((rng.pareto(0.7, n) * 2).astype(int), 60)
    vote, swapped = rng.choice([-1, 0, 1], n), rng.random(n) < 0.5
    return vn.Votes(
        first, (first + rng.integers(1, 10, n)) % 10, judge, vote, group=group, swapped=swapped
    )


@pytest.mark.parametrize(("seed", "signed"), [(0, True), (1, False), (2, True)])
def test_judges_converge_where_ratings_are_hardly_known(seed, signed):
    votes = noise(seed, 200, 40)
    for rounds in (1, 2):
        found = vn.fit_judges(votes, rounds=rounds, signed=signed)
        assert found.converged
        assert found.slope_spread < 1.0
    group, *rest = looks(votes)
    twin = reference.fit_judges(
        np.unique(group, return_inverse=True)[1],
        *rest[:2],
        np.unique(rest[2], return_inverse=True)[1],
        *rest[3:],
        signed=signed,
    )
    np.testing.assert_allclose(found.slopes, twin.slope, atol=1e-5)
    np.testing.assert_allclose(found.slope_errors**2, twin.slope_variance, atol=1e-5)


# ---- edges --------------------------------------------------------------------------------------


def names(found):
    return [notice.name for notice in found.warnings]


def test_one_judge_is_the_unit():
    votes = asked(sharpness=[2.0], order_bias=1.0)[1]
    found = vn.fit_judges(votes)
    assert found.slopes.tolist() == [1.0]
    assert np.isnan(found.slope_errors).all()
    assert found.position_biases[0] > 0.5
    assert names(found) == ["one judge"]


def test_judges_alike_are_said_to_be():
    votes = asked(sharpness=[1.0] * 5, n_groups=20, n_items=20)[1]
    found = vn.fit_judges(votes)
    assert "alike" in names(found)
    assert abs(found.slopes - 1.0).max() < 0.35
    assert "alike" not in names(vn.fit_judges(asked(degree=16, n_groups=40, n_items=20)[1]))


def test_a_judge_with_one_vote_is_the_average():
    votes = asked()[1]
    more = votes.append([0], [1], ["new"], vote=[1], group=[0], swapped=[False])
    found = vn.fit_judges(more)
    k = found.judges.tolist().index("new")
    assert abs(found.slopes[k] - 1.0) < 0.1
    assert abs(found.position_biases[k] - found.bias_mean) < 0.3
    assert found.slope_errors[k] == pytest.approx(found.slope_spread, rel=0.1)
    (notice,) = (n for n in found.warnings if n.name == "few votes")
    assert notice.text.startswith("new: under 10 votes")


def test_a_wrong_judge_is_dropped_or_turned():
    votes = asked(preset="wrong", degree=10, n_groups=10)[1]
    dropped, turned = vn.fit_judges(votes), vn.fit_judges(votes, signed=True)
    assert dropped.slopes[3] == 0.0
    assert 0.05 < dropped.slope_errors[3] < dropped.slope_spread
    assert any(n.name == "without slope" and n.text.startswith("t3:") for n in dropped.warnings)
    assert turned.slopes[3] < 0.0
    assert any(n.name == "turned" and n.text.startswith("t3:") for n in turned.warnings)


def test_gold_says_which_side_is_right():
    world, votes = asked(preset="wrong", sharpness=[2.0, -2.0, -2.0], n_groups=10)
    base = world.offsets[votes.group]
    true = world.theta[base + votes.first] > world.theta[base + votes.second]
    gold = np.where(np.arange(votes.n_pairs) % 4 == 0, true, np.nan)
    found = vn.fit_judges(votes, gold=gold)
    assert found.signed
    assert (np.sign(found.slopes) == [1, -1, -1]).all()
    assert not vn.fit_judges(votes, gold=gold, signed=False).signed
    assert vn.fit_judges(votes).slopes[0] < 0.3  # two who are wrong outvote one who is right


def test_ties_are_half_votes():
    pairs = np.array([(i, j) for i in range(6) for j in range(i)])
    judge = np.arange(len(pairs)) % 2
    found = vn.fit_judges(vn.Votes(*pairs.T, judge, np.zeros(len(pairs), int)))
    assert abs(found.theta).max() == 0.0
    assert found.log_losses == pytest.approx(np.log(2.0))


def test_groups_without_a_fit_say_nothing():
    votes = asked(n_groups=8)[1]
    extra = votes.append([0], [1], ["t0"], vote=[1], group=[99], swapped=[False])
    found = vn.fit_judges(extra, prior=None)
    lost = found.fit.status == "not identified"
    assert lost[-1]
    assert np.isnan(found.theta[found.fit.offsets[-2] :]).all()
    assert np.isfinite(found.slopes).all()
    assert found.n_votes.sum() < extra.n_votes
    assert "no fit" in names(found)


def test_items_that_nobody_voted_on():
    votes = asked()[1]
    found = vn.fit_judges(votes, items=([0, 99], [77, 1]), groups=[*range(6), 99])
    assert (found.fit.groups == [0, 1, 2, 3, 4, 5, 99]).all()
    np.testing.assert_allclose(found.slopes, vn.fit_judges(votes).slopes, rtol=1e-12)


def test_predict():
    votes = asked()[1]
    found = vn.fit_judges(votes)
    d = found.fit.theta[0] - found.fit.theta[1]

    def share(x):
        return 1 / (1 + np.exp(-x))

    a, g = found.slopes[2], found.position_biases[2]
    shown = found.predict([0, 0, 1], [1, 1, 0], "t2", group=0, order=[1, -1, 1])
    np.testing.assert_allclose(shown, share(np.array([a * d + g, a * d - g, g - a * d])))
    assert found.predict(0, 1, group=0, order=1) == pytest.approx(share(d + found.bias_mean))
    for bad, text in (
        ({"judge": "nobody"}, "judge"),
        ({"order": 2}, "order"),
        ({"group": None}, "group"),
        ({"group": 77}, "group"),
    ):
        with pytest.raises(ValueError, match=text):
            found.predict(0, 1, **({"judge": "t2", "group": 0} | bad))
    with pytest.raises(ValueError, match="second"):
        found.predict(0, "x", "t2", group=0)
    with pytest.raises(ValueError, match="go together"):
        found.predict([0, 1], [1, 0, 1], "t2", group=0)


@pytest.mark.parametrize("case", CASES)
def test_calibration_of_the_fitted_votes(case):
    votes = CASES[case]()
    found = vn.fit_judges(votes, signed=True)
    whole = found.calibration(votes, bins=1, backend="dict")
    assert whole["judge"].tolist() == found.judges.tolist()
    np.testing.assert_allclose(whole["n_votes"], found.n_votes)
    for name in ("log_loss", "plain_log_loss"):
        np.testing.assert_allclose(whole[name], getattr(found, name + "es"), rtol=1e-9)
    fine = found.calibration(votes, bins=4, level=0.8, backend="dict")
    assert fine["n_votes"].sum() == pytest.approx(found.n_votes.sum())
    assert np.bincount(np.searchsorted(found.judges, fine["judge"])).max() <= 4
    assert (fine["expected"] >= 0.5).all()
    assert (fine["lower"] <= fine["observed"]).all()
    assert (fine["observed"] <= fine["upper"]).all()
    group, first, second, judge, order, share, mass = looks(votes)
    theta, lean = theta_of(found, (6, 12)), 0.0
    if found.position_biases is not None:
        lean = found.position_biases[judge] * order
    eta = found.slopes[judge] * (theta[group, first] - theta[group, second]) + lean
    right = np.where(eta < 0, 1 - share, share)
    for k in range(4):
        own = judge == k
        assert whole["observed"][k] == pytest.approx(mass[own] @ right[own] / mass[own].sum())
        p = 1 / (1 + np.exp(-abs(eta[own])))
        assert whole["expected"][k] == pytest.approx(mass[own] @ p / mass[own].sum())


def test_calibration_of_votes_held_out():
    rng = np.random.default_rng(3)
    n, a, theta = 30_000, np.array([0.5, 1.0, 1.5]), rng.standard_normal(12)
    first, judge = rng.integers(0, 12, n), rng.integers(0, 3, n)
    second = (first + rng.integers(1, 12, n)) % 12
    p = 1 / (1 + np.exp(-a[judge] * (theta[first] - theta[second])))
    columns = first, second, judge, np.where(rng.random(n) < p, 1, -1)
    found = vn.fit_judges(vn.Votes(*(x[:20_000] for x in columns)))
    held = found.calibration(vn.Votes(*(x[20_000:] for x in columns)), backend="dict")
    assert len(held["judge"]) == 15
    z = (held["observed"] - held["expected"]) * np.sqrt(held["n_votes"]) / 0.5
    assert abs(z).max() < 3.5
    new = vn.Votes(columns[0], columns[1], np.full(n, 77), columns[3])
    unknown = found.calibration(new, bins=1, backend="dict")
    assert unknown["judge"].tolist() == [77]
    assert unknown["log_loss"][0] == unknown["plain_log_loss"][0]
    slope, bias = found.parameters_of([[0], [77]])
    assert slope.tolist() == [[found.slopes[0]], [1.0]]
    assert bias.tolist() == [[0.0], [0.0]]


def test_calibration_with_ties_alone_and_bad_votes():
    pairs = np.array([(i, j) for i in range(6) for j in range(i)])
    votes = vn.Votes(*pairs.T, np.zeros(len(pairs), int), np.zeros(len(pairs), int))
    found = vn.fit_judges(votes)
    table = found.calibration(votes, backend="dict")
    assert table["observed"].tolist() == [0.5]
    assert table["expected"].tolist() == [0.5]
    for bad, text in (
        (asked()[1], "groups"),
        (vn.Votes.from_pairs([1], ["t"], [1]), "pairs of items"),
        (vn.Votes([0], [99], [0], [1]), "second"),
    ):
        with pytest.raises(ValueError, match=text):
            found.calibration(bad)
    with pytest.raises(ValueError, match="bins"):
        found.calibration(votes, bins=0)
    with pytest.raises(TypeError, match="votes"):
        found.calibration([1])


def test_tables():
    found = vn.fit_judges(asked()[1])
    frame = found.to_frame("dict", level=0.9)
    assert list(frame)[:4] == ["judge", "n_judgments", "n_votes", "slope"]
    assert (frame["slope_lower"] < frame["slope"]).all()
    assert "position_bias_error" in frame
    text = str(found.summary())
    assert "t3" in text
    assert "slope error" in text
    assert "t3" in found.to_markdown()
    assert repr(found) == repr(found).strip()
    assert "position_bias" not in vn.fit_judges(unordered(asked()[1])).to_frame("dict")


# ---- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "argument"),
    [
        ({"rounds": -1}, "rounds"),
        ({"rounds": "twice"}, "rounds"),
        ({"rounds": 1.5}, "rounds"),
        ({"signed": "yes"}, "signed"),
        ({"gold": [1.0]}, "gold"),
        ({"prior": 0.1}, "prior"),
        ({"n_threads": 0}, "n_threads"),
    ],
)
def test_bad_arguments(options, argument):
    votes = asked()[1]
    with pytest.raises((ValueError, TypeError), match=argument):
        vn.fit_judges(votes, **options)


def test_bad_votes():
    with pytest.raises(ValueError, match="must be on pairs of items"):
        vn.fit_judges(vn.Votes.from_pairs([1], ["t"], [1]))
    with pytest.raises(TypeError, match="votes"):
        vn.fit_judges([1, 2])
    with pytest.raises(ValueError, match="items"):
        vn.fit_judges(vn.Votes([0], [1], [0], [1]), items=([0], [1]))


@pytest.mark.parametrize("group", [None, ["all"]])
def test_how_the_data_chose_the_prior_is_said(group):
    b = vn.datasets.columns("verdicts")
    group = group and group * len(b["judge"])
    votes = vn.Votes(
        b["model_a"], b["model_b"], b["judge"], b["verdict"], swapped=False, group=group
    )
    found = vn.fit_judges(votes, prior=vn.GaussianPrior("evidence"))
    assert found.fit.evidence.precision == found.fit.prior.precision
    for summary in (found.summary(), found.fit.summary()):
        assert found.fit.evidence.describe() in str(summary)
    assert vn.fit_judges(votes).fit.evidence is None
