"""Ratings over time: the twin, what a path is at its ends, evidence, dates, what it tells."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venire._native.chain import Chain

import venire as vn
from venire import reference
from venire.ratings.paths import _problem
from venire.ratings.paths.fitting import LEAST, Problems

WEAK = vn.GaussianPrior(0.3, mean=0.5)


def league(n_items=5, n_periods=6, games=240, seed=0, *, ties=0.2, walk=0.1, late=0, model=None):
    """Games of items that walk; the last `late` come in the middle and leave before the end."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0.0, 0.7, n_items)[:, None] + np.cumsum(
        rng.normal(0.0, np.sqrt(walk), (n_items, n_periods)), axis=1
    )
    when = rng.integers(0, n_periods, games)
    first = rng.integers(0, n_items, games)
    second = (first + rng.integers(1, n_items, games)) % n_items
    young = np.maximum(first, second) >= n_items - late
    keep = ~young | ((when >= n_periods // 3) & (when < n_periods - 1))
    when, first, second = when[keep], first[keep], second[keep]
    order = rng.choice([-1, 1], len(when))
    p = 1.0 / (1.0 + np.exp(theta[second, when] - theta[first, when] - 0.2 * order))
    score = np.where(rng.random(len(when)) < ties, 0.5, rng.random(len(when)) < p)
    return vn.Comparisons(first, second, score, order=order, date=when.astype(float))


CASES = {
    "bradley-terry": {},
    "order effect": {"order_effect": True},
    "thurstone, prior": {"model": "thurstone", "prior": WEAK},
    "davidson": {"model": "davidson", "order_effect": True},
    "rao-kupper, prior": {"model": "rao-kupper", "prior": WEAK},
    "prior by item": {
        "prior": vn.GaussianPrior(np.linspace(0.3, 2.0, 5), mean=np.linspace(-1.0, 1.0, 5)),
        "order_effect": True,
    },
}


def of_period(c, t):
    """The comparisons of one period."""
    at = np.flatnonzero(c.date == t)
    return vn.Comparisons.from_counts(
        c.items[c.first[at]], c.items[c.second[at]], c.win[at], c.loss[at], c.tie[at],
        order=c.order[at], date=c.dates[c.date[at]],
    )  # fmt: skip


@pytest.mark.parametrize("late", [0, 2])
@pytest.mark.parametrize("name", CASES)
def test_a_path_is_that_of_its_twin(name, late):
    c = league(late=late)
    path = vn.fit_path(c, step=1, walk=0.15, **CASES[name])
    found = reference.fit_path(c, c.date, 0.15, **CASES[name])
    assert path.converged
    np.testing.assert_allclose(path.theta, found.theta, atol=1e-8)
    np.testing.assert_allclose(path.standard_errors(), found.standard_errors, atol=1e-8)
    for one, other in ((path.order_effect, found.order_effect), (path.tie, found.tie)):
        assert (one is None) == (other is None)
        if one is not None:
            assert one == pytest.approx(other, abs=1e-8)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), late=st.integers(0, 3),
    walk=st.sampled_from([1e-4, 0.03, 1.0, 30.0]),
    order=st.booleans(), n_periods=st.integers(2, 9),
)  # fmt: skip
def test_generated_paths_are_those_of_the_twin(seed, late, walk, order, n_periods):
    c = league(n_periods=n_periods, games=80, seed=seed, late=late)
    path = vn.fit_path(c, step=1, walk=walk, prior=WEAK, order_effect=order)
    period = c.date if len(c.dates) == n_periods else c.dates[c.date].astype(int)
    period = period - period.min()
    found = reference.fit_path(c, period, walk, prior=WEAK, order_effect=order)
    np.testing.assert_allclose(path.theta, found.theta, atol=1e-7)
    np.testing.assert_allclose(path.standard_errors(), found.standard_errors, atol=1e-7)


@pytest.mark.parametrize("name", CASES)
def test_without_a_walk_it_is_the_static_fit(name):
    c = league(late=1)
    options = dict(CASES[name])
    model = options.pop("model", "bradley-terry")
    fit = vn.ratings.fit_model(c, model=model, **options)
    path = vn.fit_path(c, step=1, walk=0, model=model, **options)
    wide = np.isfinite(path.theta)
    assert wide.any(axis=1).all()
    expected = np.broadcast_to(fit.theta[:, None], wide.shape)[wide]
    np.testing.assert_allclose(path.theta[wide], expected, atol=1e-8)
    errors = np.broadcast_to(fit.standard_errors()[:, None], wide.shape)[wide]
    np.testing.assert_allclose(path.standard_errors()[wide], errors, atol=1e-8)
    for own, theirs in zip(path.parameter_errors(), fit.parameter_errors(), strict=True):
        assert (own is None) == (theirs is None)
        if own is not None:
            assert own == pytest.approx(theirs, abs=1e-8)
    assert path.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-6)


def test_a_small_walk_tends_to_none_and_a_large_one_to_periods_of_their_own():
    c = league(games=4_000, ties=0.0)
    still, small = vn.fit_path(c, step=1, walk=0), vn.fit_path(c, step=1, walk=1e-7)
    np.testing.assert_allclose(small.theta, still.theta, atol=1e-3)
    free = vn.fit_path(c, step=1, walk=1e4)
    t = 2
    alone = vn.fit_bradley_terry(of_period(c, t))
    own = free.theta[:, t] - free.theta[:, t].mean()
    np.testing.assert_allclose(own, alone.theta, atol=1e-2)


def test_one_thread_and_many_and_a_pickle():
    c = league(n_items=30, n_periods=8, games=30_000)
    one, many = (vn.fit_path(c, step=1, walk=0.05, n_threads=k) for k in (1, 3))
    assert np.array_equal(one.theta, many.theta)
    back = pickle.loads(pickle.dumps(one))
    assert np.array_equal(back.theta, one.theta)
    assert np.array_equal(back.standard_errors(), many.standard_errors())
    assert np.array_equal(back.parameter_errors(), many.parameter_errors())


def test_the_order_of_the_cells_and_of_sides_is_nothing():
    c = league()
    again = vn.Comparisons.from_counts(
        c.items[c.second[::-1]], c.items[c.first[::-1]], c.loss[::-1], c.win[::-1], c.tie[::-1],
        order=-c.order[::-1], date=c.dates[c.date[::-1]],
    )  # fmt: skip
    one, other = (vn.fit_path(x, step=1, walk=0.1, order_effect=True) for x in (c, again))
    np.testing.assert_allclose(one.theta, other.theta, atol=1e-10)


# --- the chain -----------------------------------------------------------------------------------


def chain_of(sizes, links, weight, seed=0, n_threads=1):
    """A chain, its matrix as a whole, and where its blocks end."""
    rng = np.random.default_rng(seed)
    ends = np.cumsum((0, *sizes))
    whole, blocks = np.zeros((ends[-1], ends[-1])), []
    for t, n in enumerate(sizes):
        root = rng.normal(size=(n, n + 3))
        blocks.append(root @ root.T + 2.0 * weight * np.eye(n))
        whole[ends[t] : ends[t + 1], ends[t] : ends[t + 1]] = blocks[-1]
    for t, (here, there) in enumerate(links):
        for a, b in zip(ends[t] + here, ends[t + 1] + there, strict=True):
            whole[a, b] = whole[b, a] = -weight
    flat = np.concatenate([np.tril(block).ravel() for block in blocks])
    counts = np.cumsum([0, *(len(here) for here, _ in links)])
    sides = (np.concatenate([pair[k] for pair in links] or [[]]) for k in range(2))
    chain = Chain(ends, counts, *(x.astype(np.int32) for x in sides), flat, weight, n_threads)
    return chain, whole, ends


NONE = np.empty(0, int)
CHAINS = {
    "small": ((3, 0, 4, 4, 2), [(NONE, NONE), (NONE, NONE), (np.arange(4), np.arange(4)),
                                (np.array([0, 3]), np.array([0, 1]))]),
    "one": ((7,), []),
    "panels": ((16, 33, 50), [(np.arange(16), 2 * np.arange(16)),
                              (np.arange(3, 33), np.arange(30))]),
    "threads": ((310, 330), [(np.arange(5, 305), np.arange(300))]),
}  # fmt: skip


@pytest.mark.parametrize("name", CHAINS)
def test_the_chain_is_the_inverse_of_its_matrix(name):
    chain, whole, ends = chain_of(*CHAINS[name], 0.7)
    rng = np.random.default_rng(1)
    rows, inverse = rng.normal(size=(2, ends[-1])), np.linalg.inv(whole)
    solved = rows.copy()
    chain.solve(solved)
    np.testing.assert_allclose(solved, rows @ inverse, atol=1e-11)
    flat = np.empty(int((np.diff(ends) ** 2).sum()))
    chain.inverse(flat)
    start = 0
    for t, n in enumerate(np.diff(ends).tolist()):
        here = slice(ends[t], ends[t + 1])
        block, start = flat[start : start + n * n].reshape(n, n), start + n * n
        np.testing.assert_allclose(block, inverse[here, here], atol=1e-11)
    assert chain.log_determinant == pytest.approx(np.linalg.slogdet(whole)[1])
    again, *_ = chain_of(*CHAINS[name], 0.7, n_threads=3)
    many, other = rows.copy(), np.empty_like(flat)
    again.solve(many)
    again.inverse(other)
    assert np.array_equal(many, solved)
    assert np.array_equal(other, flat)


def test_a_chain_refuses_what_would_lead_beyond():
    ends, counts, flat = np.array([0, 2, 4]), np.array([0, 1]), np.eye(2).ravel().repeat(2)
    zero, two = np.array([0], np.int32), np.array([2], np.int32)
    Chain(ends, counts, zero, zero, flat.copy(), 0.1)
    for arguments in (
        (ends, counts, two, zero, flat.copy(), 0.1),
        (ends, counts, zero, two, flat.copy(), 0.1),
        (ends, counts, -zero - 1, zero, flat.copy(), 0.1),
        (ends, counts, zero, zero, flat[:-1].copy(), 0.1),
        (ends, np.array([0, 2]), zero, zero, flat.copy(), 0.1),
        (ends, np.array([0]), zero, zero, flat.copy(), 0.1),
        (-ends, counts, zero, zero, flat.copy(), 0.1),
    ):
        with pytest.raises(ValueError, match=r"[a-z_]+"):
            Chain(*arguments)
    assert np.isnan(Chain(np.array([0, 2]), np.array([0]), zero[:0], zero[:0], -np.eye(2).ravel(),
                          1.0).log_determinant)  # fmt: skip


def test_a_factor_that_serves_again_changes_nothing(monkeypatch):
    c = league()
    path = vn.fit_path(c, step=1, walk=0.1)
    monkeypatch.setattr(_problem, "NEAR", 0.0)
    np.testing.assert_allclose(vn.fit_path(c, step=1, walk=0.1).theta, path.theta, atol=1e-8)


# --- the walk by the evidence --------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_the_evidence_is_that_of_the_twin(name):
    c = league()
    options = dict(CASES[name])
    walks = (0.03, 0.3)
    wanted = [reference.fit_path(c, c.date, w, **options).evidence for w in walks]
    static = vn.ratings.fit_model(c, **({"model": "bradley-terry"} | options))
    problems = Problems(c, static, c.date, len(c.dates), 0.1)
    found = [problems.evidence(w, 1e-9, None) for w in walks]
    assert found[1] - found[0] == pytest.approx(wanted[1] - wanted[0], abs=1e-6)


def test_the_walk_is_found():
    c = league(n_items=12, n_periods=10, games=6_000, seed=3, ties=0.0)
    path = vn.fit_path(c, step=1)
    assert path.walk == path.evidence.walk
    static = vn.fit_bradley_terry(c)
    problems = Problems(c, static, c.date, len(c.dates), 0.1)
    best, *around = (problems.evidence(path.walk * f, 1e-9, None) for f in (1.0, 0.85, 1.18))
    assert best > max(around)
    assert abs(np.log(path.walk / 0.1)) < 3.0 * path.evidence.log_walk_sd


def test_the_walk_by_evidence_is_right_on_average():
    logs = []
    for seed in range(12):
        c = league(n_items=20, n_periods=12, games=6_000, seed=seed, ties=0.0, walk=0.05)
        logs.append(np.log(vn.fit_path(c, step=1).walk / 0.05))
    assert abs(np.mean(logs)) < 0.15


def test_no_walk_is_said():
    c = league(games=2_000, walk=0.0, ties=0.0, seed=1)
    paths = [
        vn.fit_path(league(games=1_000, walk=0.0, ties=0.0, seed=seed), step=1) for seed in range(6)
    ]
    still = [p for p in paths if p.walk == 0.0]
    assert still
    assert "no walk" in still[0].evidence.note
    assert "no walk" in str(still[0].summary())
    assert np.ptp(still[0].theta, axis=1).max() == 0.0
    one = vn.fit_path(of_period(c, 0), step=1)
    assert one.walk == 0.0
    assert "no item has two periods" in one.evidence.note


# --- coverage ------------------------------------------------------------------------------------


def test_intervals_cover_the_walk():
    inside = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        n, n_periods, games, walk = 10, 8, 3_000, 0.04
        theta = rng.normal(0.0, 0.5, (n, 1)) + np.cumsum(
            rng.normal(0.0, np.sqrt(walk), (n, n_periods)), axis=1
        )
        when, first = rng.integers(0, n_periods, games), rng.integers(0, n, games)
        second = (first + rng.integers(1, n, games)) % n
        won = rng.random(games) < 1.0 / (1.0 + np.exp(theta[second, when] - theta[first, when]))
        c = vn.Comparisons(first, second, won.astype(float), date=when)
        path = vn.fit_path(c, step=1, walk=walk)
        truth = theta - theta.mean()
        inside.append(np.abs(path.theta - truth) <= 1.96 * path.standard_errors())
    assert 0.92 < np.mean(inside) < 0.975


# --- dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "labels"),
    [
        ("month", ["2023-12", "2024-01", "2024-02", "2024-03"]),
        ("year", ["2023", "2024"]),
        ("week", ["2023-12-25", "2024-01-01", "2024-01-08"]),
        (30, ["2023-12-31", "2024-01-30", "2024-02-29"]),
    ],
)
def test_periods_by_the_calendar(step, labels):
    dates = ["2023-12-31", "2024-01-01", "2024-01-07", "2024-03-01"]
    c = vn.Comparisons(["a", "b", "a", "b"], ["b", "a"] * 2, [1, 1, 0.5, 1], date=dates)
    path = vn.fit_path(c, step=step, walk=0.1)
    assert path.period_labels.tolist()[: len(labels)] == labels
    assert path.n_comparisons.sum() == 8
    monday = np.datetime64("2024-01-01")
    if step == "week":
        assert path.periods[1] == monday
        assert path.n_comparisons[0].tolist()[:2] == [1, 2]


def test_dates_of_cells_and_numbers():
    c = league()
    bare = vn.Comparisons.from_counts(
        c.items[c.first], c.items[c.second], c.win, c.loss, c.tie, order=c.order,
        cluster=c.dates[c.date],
    )  # fmt: skip
    days = np.datetime64("2024-01-01") + bare.clusters[bare.cluster].astype(int)
    path = vn.fit_path(bare, days, step="day", walk=0.1)
    np.testing.assert_allclose(path.theta, vn.fit_path(c, step=1, walk=0.1).theta, atol=1e-9)
    with pytest.raises(ValueError, match="date"):
        vn.fit_path(bare, days[:3])


# --- what it tells -------------------------------------------------------------------------------


def test_ratings_at_a_date():
    c = league(late=2)
    path = vn.fit_path(c, step=1, walk=0.1)
    last = path.at(backend="dict")
    young = path.items[-1]
    k, row = len(path.items) - 1, int(np.flatnonzero(last["item"] == young)[0])
    own = int(np.flatnonzero(np.isfinite(path.theta[k]))[-1])
    later = len(path.periods) - 1 - own
    assert later > 0
    assert last["theta"][row] == path.theta[k, own]
    expected = np.sqrt(path.standard_errors()[k, own] ** 2 + 0.1 * later)
    assert last["standard_error"][row] == pytest.approx(expected)
    assert last["since"][row] == path.period_labels[own]
    assert young not in path.at(0.0, "dict")["item"]
    beyond = path.at(8.0, "dict")
    assert (beyond["standard_error"] > last["standard_error"]).all()
    with pytest.raises(ValueError, match="date"):
        path.at(-1.0)
    with pytest.raises(ValueError, match="date"):
        path.at("x")


def test_predictions_frames_and_units():
    c = league()
    path = vn.fit_path(c, step=1, walk=0.1, model="davidson", order_effect=True)
    a, b = path.items[:2]
    chances = path.predict(a, b, 2.0, order=[1, -1])
    d = path.theta[0, 2] - path.theta[1, 2]
    row = vn.models.model_of("davidson")
    for chance, side in zip(chances, (1, -1), strict=True):
        expected = row.probabilities(np.array([d + side * path.order_effect]), np.log(path.tie))
        np.testing.assert_allclose(chance, expected[0])
    frame = path.to_frame("dict")
    assert list(frame) == [
        "item",
        "period",
        "theta",
        "standard_error",
        "lower",
        "upper",
        "n_comparisons",
    ]
    assert frame["n_comparisons"].sum() == pytest.approx(2 * c.n_comparisons)
    elo = path.to_elo()
    factor = 400.0 / np.log(10.0)
    np.testing.assert_allclose(elo.theta, 1000.0 + factor * path.theta)
    np.testing.assert_allclose(elo.standard_errors(), factor * path.standard_errors())
    assert "elo" in elo.to_frame("dict")
    assert elo.rescale().theta is not elo.theta
    np.testing.assert_array_equal(elo.rescale().theta, path.theta)
    np.testing.assert_allclose(path.interval(0.9)[..., 0] < path.theta, True)
    assert str(path.summary(top=2)).count("\n") > 6


def test_without_a_prior_components_are_levelled_each():
    c = vn.Comparisons(
        ["a", "b", "x", "y"] * 6, ["b", "a", "y", "x"] * 6, [1, 1, 1, 1] * 6,
        date=np.repeat([0, 1, 2], 8),
    )  # fmt: skip
    with pytest.warns(vn.NotIdentifiedWarning, match="2 components"):
        path = vn.fit_path(c, step=1, walk=0.1)
    assert "2 components" in str(path.summary())
    np.testing.assert_allclose(path.theta, 0.0, atol=1e-9)
    assert np.isfinite(path.standard_errors()).all()
    with pytest.raises(ValueError, match="component"):
        path.predict("a", "x")


# --- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"walk": -0.1}, "walk"),
        ({"walk": np.nan}, "walk"),
        ({"walk": "auto"}, "walk"),
        ({"walk": LEAST / 2}, "walk"),
        ({"step": "decade"}, "step"),
        ({"step": "month"}, "step"),
        ({"step": 0}, "step"),
        ({"step": -1}, "step"),
        ({"step": 1e-9}, "step"),
        ({"step": [1]}, "step"),
        ({"model": "elo2"}, "model"),
        ({"tol": 0}, "tol"),
        ({"prior": 0.1}, "prior"),
    ],
    ids=str,
)
def test_bad_arguments(options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        vn.fit_path(league(games=40), **({"step": 1} | options))


def test_no_dates_no_fit_no_room(monkeypatch):
    with pytest.raises(ValueError, match="dates"):
        vn.fit_path(vn.Comparisons(["a", "b"], ["b", "a"], [1, 1]))
    with pytest.raises(ValueError, match="missing"):
        vn.fit_path(vn.Comparisons(["a", "b"], ["b", "a"], [1, 1]), [1.0, np.nan])
    one = vn.Comparisons(["a", "a"], ["b", "b"], [1, 1], date=[1, 2])
    with pytest.raises(vn.NotIdentifiedError) as refused:
        vn.fit_path(one, step=1)
    assert str(refused.value).endswith("Cure: use a prior, such as prior=GaussianPrior(0.01)")
    assert refused.value.undefeated == ["a"]
    assert np.isfinite(vn.fit_path(one, step=1, walk=0.1, prior=vn.GaussianPrior(1.0)).theta).all()
    aged = vn.Comparisons(["a", "b"], ["b", "a"], [1, 1], date=[1, 2], half_life=3)
    with pytest.raises(ValueError, match=r"dates: must be given.* half_life"):
        vn.fit_path(aged)
    with pytest.raises(ValueError, match="step: makes 1,000,001 periods"):
        vn.fit_path(vn.Comparisons(["a", "b"], ["b", "a"], 1.0, date=[0, 1_000_000]), step=1)
    monkeypatch.setattr("venire.ratings.paths.fitting.MOST_NUMBERS", 31)  # 5 items, 6 periods
    vn.fit_path(league(), step=1, walk=0)
    with pytest.raises(ValueError, match="step"):
        vn.fit_path(league(), step=1, walk=0.1)
    monkeypatch.setattr("venire.ratings.paths.fitting.MOST_NUMBERS", 29)
    with pytest.raises(ValueError, match="step"):
        vn.fit_path(league(), step=1, walk=0)


def test_more_than_was_asked_for_is_said():
    c = vn.Comparisons(["a", "b", "a"], ["b", "a", "b"], [1, 1, 0.5], date=[0, 0, 9])
    one = vn.fit_path(c, step=10)
    assert one.period_labels.tolist() == ["0"]
    assert "1 period of 10" in repr(one)
    assert one.notes == ["no item has two periods: there is no walk to estimate"]
    level = vn.Comparisons(["a", "b"] * 2, ["b", "a"] * 2, [1, 1, 0.5, 0.5], date=[0, 0, 9, 9])
    flat = vn.fit_path(level, step=1, prior=vn.GaussianPrior(0.5))
    assert flat.walk == 0.0 or "next to nothing" in flat.notes[0]
    with pytest.warns(vn.NotIdentifiedWarning, match="no spread"):
        found = vn.fit_path(level, step=1, walk=0.1, prior=vn.GaussianPrior("evidence"))
    assert found.prior.precision == found.static.evidence.precision
    assert "no spread" in found.notes[0]
    assert "first ratings: normal prior" in str(found.summary())


def test_periods_without_comparisons_and_items_that_come_late():
    """An item that is seen in the last period only; ten periods in which nobody played."""
    c = vn.Comparisons(
        ["a", "b", "a", "late", "a"], ["b", "a", "b", "a", "late"], [1, 1, 0, 1, 1],
        date=["2020-01-03", "2020-01-09", "2021-02-05", "2021-02-06", "2021-02-07"],
    )  # fmt: skip
    path = vn.fit_path(c, walk=0.1)
    a, b, late = path.theta
    assert len(path.periods) == 14
    assert np.isfinite(a).all()
    assert np.isfinite(b).all()
    assert np.flatnonzero(np.isfinite(late)).tolist() == [13]
    np.testing.assert_allclose(np.diff(a[:-1], 2)[1:], 0.0, atol=1e-9)  # carried in a straight line
    assert path.n_comparisons[:, 1:13].sum() == 0.0
    assert np.isnan(path.predict("late", "a", "2020-06-01"))
    assert np.isfinite(path.standard_errors()).sum() == 29


@pytest.mark.parametrize("walk", [0, 0.1, "evidence"])
def test_an_item_that_never_played_has_what_the_prior_says(walk):
    items, prior = [*"abc", "never"], vn.GaussianPrior(0.3)
    c = vn.Comparisons(
        list("abcab"), list("bcaca"), [1, 1, 0.5, 0.5, 0], date=range(5), items=items
    )
    path = vn.fit_path(c, step=1, walk=walk, prior=prior, model="davidson")
    assert path.converged
    never = path.theta[3]
    assert np.isfinite(never).sum() == 1
    assert never[0] == pytest.approx(0.0, abs=1e-9)
    assert np.isnan(path.predict("never", "a", 0)).sum() == 0


def test_a_date_is_taken_as_dates_are():
    path = vn.fit_path(vn.datasets.load_club(), step="year", walk=0.02)
    expected = path.at("2022-12-31", "dict")["theta"]
    for same in ("2022", "2022-06", np.datetime64("2022-02-01"), "2022-12-31T23:30:00-00:15"):
        np.testing.assert_array_equal(path.at(same, "dict")["theta"], expected)
    zoned = path.at("2022-12-31T23:30:00-02:00", "dict")["since"]  # in 2023 by UTC
    assert set(zoned.tolist()) == {"2023"}
    far = np.datetime64("300000-01-01")
    for bad in ("2021", "soon", "", 5, True, np.datetime64("NaT"), ["2022-01-01"], far):
        with pytest.raises((ValueError, TypeError), match="date"):
            path.at(bad)
    with pytest.raises(ValueError, match=r"date\[1\] = '300000-01-01': lies beyond"):
        vn.Comparisons(["a", "b"], ["b", "a"], 1.0, date=np.array(["2022-01-01", far], "M8[D]"))


def test_numbers_beyond_all_periods():
    c = vn.Comparisons(["a", "b"], ["b", "a"], 1.0, date=[-1e300, 1e308])
    with pytest.raises(ValueError, match="step: makes"):
        vn.fit_path(c, step=1e-300)
    path = vn.fit_path(league(), step=1, walk=0.1, model="davidson")
    with pytest.raises(ValueError, match="before the first period"):
        path.at(-1e308)
    assert np.isfinite(path.at(1e308, "dict")["standard_error"]).all()
    assert np.isnan(path.predict(0, 1, -1e308)).all()


def test_rows_in_any_order():
    c = league()
    days = np.datetime64("2024-01-01") + c.date
    by = np.random.default_rng(0).permutation(c.n_cells)
    rows = {name: getattr(c, name) for name in ("first", "second", "win", "loss", "tie", "order")}
    one, other = (
        vn.Comparisons.from_counts(**{k: x[at] for k, x in rows.items()}, date=days[at])
        for at in (slice(None), by)
    )
    paths = [vn.fit_path(x, step="day", walk=0.1) for x in (one, other)]
    np.testing.assert_array_equal(paths[0].theta, paths[1].theta)
