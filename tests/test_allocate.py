"""Where the next votes go: picks, shares, priors, baselines."""

from __future__ import annotations

import itertools
import signal
import time

import numpy as np
import pytest

import venire as vn
from venire.design import Criterion, _allocate, _kernel, _shares
from venire.models import HALF_TIES
from venire.reference import allocation as reference

CRITERIA = ("D", "A", "top")


def world(seed=0, n_groups=8, n_items=12, degree=4, spread=1.5, ties=True):
    """Votes along random cycles in every group, soft, weighted and tied; and the truth."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(0.0, spread, (n_groups, n_items))
    rows = []
    for k in range(n_groups):
        for _ in range(degree // 2):
            cycle = rng.permutation(n_items)
            rows.append(np.stack([np.full(n_items, k), cycle, np.roll(cycle, -1)]))
    group, first, second = np.concatenate(rows, axis=1)
    p = 1.0 / (1.0 + np.exp(theta[group, second] - theta[group, first]))
    score = rng.binomial(4, p) / 4.0 if ties else np.clip(rng.normal(p, 0.1), 0.0, 1.0)
    weight = rng.uniform(0.5, 2.5, len(group))
    c = vn.GroupedComparisons(group, first, second, score, weight)
    return c, theta.ravel(), (group, first, second)


def uneven(seed=0, sizes=(1, 2, 3, 5, 9, 20, 33), votes=2.0):
    """Groups of several sizes with random votes, some without any."""
    rng = np.random.default_rng(seed)
    rows = [
        (k, *rng.choice(n, 2, replace=False), rng.random(), rng.uniform(0.3, 2.0))
        for k, n in enumerate(sizes)
        if n > 2
        for _ in range(int(votes * n))
    ]
    group, first, second, score, weight = zip(*rows, strict=True)
    items = [(k, i) for k, n in enumerate(sizes) for i in range(n)]
    return vn.GroupedComparisons(
        group, first, second, score, weight, groups=np.arange(len(sizes)),
        items=tuple(zip(*items, strict=True)),
    )  # fmt: skip


def pairs(first, second):
    return {frozenset(x) for x in zip(first.tolist(), second.tolist(), strict=True)}


def twin(c, asks, n_pending, n_picks, prior, **options):
    win, loss = c.win + c.tie / 2, c.loss + c.tie / 2
    if "noise" in options:
        options["residual"] = (options["residual"], options.pop("noise"))
    return reference.allocate_groups(
        (c.offsets, c.cell_offsets, c.first, c.second, win, loss), (prior.mean, prior.precision),
        asks, n_pending, np.concatenate([[0], np.cumsum(n_picks)]), **options,
    )  # fmt: skip


def arguments(c, seed, criterion):
    """Everything a kernel is given: some asks, some of them out, picks, a prior, options."""
    rng = np.random.default_rng(seed)
    n = np.diff(c.offsets)
    room = n * (n - 1) // 2
    n_asks = np.where(n > 1, rng.integers(0, 9, len(n)), 0)
    group = np.repeat(np.arange(len(n)), n_asks)
    first = (rng.random(len(group)) * n[group]).astype(np.int32)
    second = ((first + 1 + rng.random(len(group)) * (n[group] - 1)) % n[group]).astype(np.int32)
    asks = vn.design._asks.Asks(
        np.concatenate([[0], np.cumsum(n_asks)]).astype(np.int64), first, second
    )
    n_pending = np.minimum(n_asks, rng.integers(0, 4, len(n)))
    n_picks = np.minimum(room, rng.integers(0, 80, len(n)))
    precision = rng.uniform(0.1, 2.0) * (1.0 if seed % 2 else np.exp(rng.normal(size=c.n_items)))
    prior = vn.design.AllocationPrior(rng.normal(size=c.n_items), precision)
    options = {
        "criterion": criterion,
        "key": (seed, 2**63 + seed),
        "votes_per_ask": int(rng.integers(1, 5)),
        "rho": float(rng.random()),
        "top": int(rng.integers(1, 12)),
        "candidates": int(rng.integers(1, 12)),
    }
    if criterion == "residual":
        options["residual"], options["noise"] = rng.normal(size=(2, c.n_items)) ** 2
    return asks, n_pending, n_picks, prior, options


# ---- native = reference ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("criterion", ["D", "A", "top", "sd", "residual", "given"])
@pytest.mark.parametrize("model", HALF_TIES)
def test_picks_are_those_of_the_reference(model, criterion, seed):
    c = uneven(seed)
    asks, n_pending, n_picks, prior, options = arguments(c, seed, criterion)
    options["model"] = model
    if criterion == "given":
        drawn = twin(c, asks, n_pending, n_picks, prior, **options | {"criterion": "sd"})
        options["given"] = drawn.first, drawn.second
    found = _kernel.pick(c, asks, n_pending, n_picks, prior, n_threads=1, **options)
    expected = twin(c, asks, n_pending, n_picks, prior, **options)
    assert len(found[0]) == n_picks.sum() > 50
    np.testing.assert_array_equal(found[0], expected.first)
    np.testing.assert_array_equal(found[1], expected.second)
    np.testing.assert_allclose(found[2], expected.gain, rtol=1e-7, atol=1e-12)


def test_picks_of_wide_groups_are_those_of_the_reference():
    # more picks than are kept beside the matrix, and a matrix that is no multiple of a panel
    c, _, asked = world(n_groups=2, n_items=45)
    asks = vn.design._asks.asks_of(asked, np.diff(c.offsets), "asked")
    prior = vn.design.AllocationPrior(np.zeros(c.n_items), 0.1)
    for criterion in CRITERIA:
        options = {"criterion": criterion, "key": (1, 2), "rho": 0.3, "votes_per_ask": 1, "top": 10}
        given = c, asks, np.zeros(2, np.int64), np.array([200, 130]), prior
        found = _kernel.pick(*given, n_threads=2, candidates=4, **options)
        expected = twin(*given, candidates=4, **options)
        np.testing.assert_array_equal(found[0], expected.first)
        np.testing.assert_allclose(found[2], expected.gain, rtol=1e-7)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("model", HALF_TIES)
def test_held_out_losses_are_those_of_the_reference(model, ties):
    c, _, _ = world(3, ties=ties)
    rng = np.random.default_rng(0)
    held = rng.random(len(c.first)) < 0.3
    for precision, spread in ((0.01, 4.0), (1.0, 0.0), (10.0, 1.0)):
        mean = rng.normal(size=c.n_items) * spread
        found = _kernel.held_out_losses(c, held, model, mean, precision, 2)
        expected = reference.held_out_losses(
            c.offsets, c.cell_offsets, c.first, c.second, c.win + c.tie / 2, c.loss + c.tie / 2,
            held, mean, precision, model,
        )  # fmt: skip
        np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_probits_are_asked_about_in_their_own_unit():
    """Thurstone's model on nearly the same curve: the picks are nearly those of logits."""
    c, theta, _ = world(n_groups=20, ties=False)
    of_logits = vn.design.allocate(c, 200, prediction=theta, rng=1)
    of_probits = vn.design.allocate(c, 200, model="thurstone", prediction=theta / 1.702, rng=1)
    assert of_probits.prior.precision > 2.0 * of_logits.prior.precision
    both = [pairs(a.first + 12 * a.group, a.second + 12 * a.group) for a in (of_logits, of_probits)]
    assert len(both[0] & both[1]) > 0.7 * len(both[0])
    with pytest.raises(ValueError, match=r"model.*: must be one of bradley-terry, thurstone"):
        vn.design.allocate(c, 200, model="davidson")


def test_mode_maximises_the_posterior():
    c, _, _ = world(1, n_groups=1, ties=False)
    mean = np.linspace(-3.0, 3.0, 12)
    theta, information = reference.posterior_mode(c.first, c.second, c.win, c.loss, mean, 0.2)

    def objective(x):
        d = x[c.first] - x[c.second]
        vote = -c.win * np.logaddexp(0, -d) - c.loss * np.logaddexp(0, d)
        return vote.sum() - 0.1 * np.sum((x - mean) ** 2)

    step, unit = 1e-4, np.eye(12)
    for i, j in itertools.product(range(12), repeat=2):
        ends = [
            objective(theta + a * step * unit[i] + b * step * unit[j])
            for a in (1, -1)
            for b in (1, -1)
        ]
        assert (ends[0] - ends[1] - ends[2] + ends[3]) / (4 * step**2) == pytest.approx(
            -information[i, j], abs=2e-5
        )
    slope = [objective(theta + step * u) - objective(theta - step * u) for u in unit]
    np.testing.assert_allclose(slope, 0.0, atol=1e-9)


def test_gains_add_up_to_what_they_claim():
    """D: twice the fall of entropy, log det; A: the fall of the trace."""
    c, _, asked = world(2, n_groups=1)
    prior = vn.design.AllocationPrior(np.zeros(12), 0.3)
    for criterion in ("D", "A"):
        a = vn.design.allocate(c, 30, criterion=criterion, prior=prior, asked=asked, rng=3)
        theta, h = reference.posterior_mode(
            c.first, c.second, c.win + c.tie / 2, c.loss + c.tie / 2, prior.mean, 0.3
        )
        group = reference._Group(theta, np.linalg.inv(h), 0.3, 1)
        for i, j in zip(*asked[1:], strict=True):
            group.count(i, j)
        before = group.c
        for i, j in zip(a.first, a.second, strict=True):
            group.apply(i, j)
            group.count(i, j)
        fall = np.trace(before) - np.trace(group.c)
        if criterion == "D":
            fall = np.linalg.slogdet(before)[1] - np.linalg.slogdet(group.c)[1]
        assert a.expected_gain == pytest.approx(fall, rel=1e-9)
        assert a.marginal_gain == pytest.approx(a.gain[-1])
        np.testing.assert_allclose(a.group_gain, [fall], rtol=1e-9)


# ---- large groups ------------------------------------------------------------------------------


@pytest.mark.parametrize("criterion", CRITERIA)
def test_a_sketch_picks_about_as_well(monkeypatch, criterion):
    c, _, asked = world(5, n_groups=2, n_items=120)
    pending = tuple(x[:5] for x in asked)
    options = {
        "criterion": criterion,
        "prior": "fixed",
        "asked": asked,
        "pending": pending,
        "rng": 1,
    }
    exact = vn.design.allocate(c, 100, **options)
    monkeypatch.setattr(_kernel, "DENSE", 50)
    rough = vn.design.allocate(c, 100, **options)
    assert (rough.first != exact.first).any()
    # gains are exact for what was picked: as good as the exact picks to a few percent
    assert rough.expected_gain == pytest.approx(exact.expected_gain, rel=0.03)
    again = vn.design.allocate(c, 100, n_threads=3, **options)
    np.testing.assert_array_equal(again.first, rough.first)
    np.testing.assert_array_equal(again.gain, rough.gain)


def test_gains_of_a_sketch_are_exact(monkeypatch):
    c, _, asked = world(5, n_groups=1, n_items=60)
    monkeypatch.setattr(_kernel, "DENSE", 50)
    for criterion in ("D", "A"):
        a = vn.design.allocate(c, 40, criterion=criterion, prior="fixed", asked=asked, rng=1)
        given = twin(
            c, vn.design._asks.asks_of(asked, np.diff(c.offsets), "asked"), [0], [40], a.prior,
            criterion="given", key=(1, 1), given=(a.first, a.second),
        ).gain  # fmt: skip
        if criterion == "D":
            np.testing.assert_allclose(a.gain, given, rtol=1e-6)


# ---- seeds, threads, orders --------------------------------------------------------------------


@pytest.mark.parametrize("share", ["equal", "gain"])
def test_same_for_any_number_of_threads(share):
    c, theta, _ = world(n_groups=60)
    options = {"share": share, "prediction": theta, "rng": 5}
    one = vn.design.allocate(c, 500, n_threads=1, **options)
    for threads in (2, 5):
        two = vn.design.allocate(c, 500, n_threads=threads, **options)
        for name in ("group", "first", "second", "gain", "rank", "n_asks"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
        assert one.scores == two.scores
    other = vn.design.allocate(c, 500, **options | {"rng": 6})
    assert not np.array_equal(one.first, other.first)


def test_batches_do_not_change_picks(monkeypatch):
    c, _, _ = world(n_groups=20)
    one = vn.design.allocate(c, 100, prior="fixed", rng=5)
    monkeypatch.setattr(_kernel, "BATCH", 1e4)
    seen = []
    two = vn.design.allocate(c, 100, prior="fixed", rng=5, progress=lambda *x: seen.append(x))
    np.testing.assert_array_equal(one.first, two.first)
    assert len(seen) > 3
    assert seen[-1] == (20, 20)


@pytest.mark.parametrize(("n_items", "n_groups", "n_picks"), [(1500, 2, 20000), (20, 20000, 190)])
def test_interrupts_are_heard(n_items, n_groups, n_picks):
    c = vn.GroupedComparisons(
        [], [], [], [], groups=np.arange(n_groups),
        items=(np.repeat(np.arange(n_groups), n_items), np.tile(np.arange(n_items), n_groups)),
    )  # fmt: skip
    asked = []

    class Stop(Exception):
        pass

    def stop(*_):
        asked.append(time.perf_counter())
        raise Stop

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(Stop):
            vn.design.allocate(c, np.full(n_groups, n_picks), prior="fixed", rng=0, n_threads=2)
        assert time.perf_counter() - asked[0] < 1.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def test_inputs_are_left_alone():
    c, theta, asked = world()
    for x in asked:
        x.flags.writeable = False
    theta.flags.writeable = False
    copies = theta.copy(), c.win.copy()
    vn.design.allocate(
        c, 20, prediction=theta, asked=asked, pending=asked, criterion="residual", rng=0
    )
    np.testing.assert_array_equal(theta, copies[0])
    np.testing.assert_array_equal(c.win, copies[1])


def test_a_shift_of_a_groups_predictions_changes_nothing():
    c, theta, _ = world()
    one = vn.design.allocate(c, 40, prediction=theta, rng=1)
    shifted = theta + np.repeat(np.arange(8.0), 12)
    np.testing.assert_array_equal(
        one.first, vn.design.allocate(c, 40, prediction=shifted, rng=1).first
    )


# ---- budgets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "criterion", [*CRITERIA, "uniform", "sd", "residual", "residual_corrected"]
)
@pytest.mark.parametrize("budget", [1, 7, 40, 101])
def test_budget_is_exact(criterion, budget):
    c, theta, _ = world()
    a = vn.design.allocate(c, budget, criterion=criterion, prediction=theta, rng=1)
    assert isinstance(a, vn.design.Allocation)
    assert isinstance(a.prior, vn.design.AllocationPrior)
    assert len(a) == budget == a.n_asks.sum()
    assert np.ptp(a.n_asks) <= 1
    np.testing.assert_array_equal(np.bincount(a.group, minlength=8), a.n_asks)
    assert (a.first != a.second).all()
    assert np.isfinite(a.gain).all()


@pytest.mark.parametrize("share", ["equal", "gain"])
def test_groups_without_room_leave_theirs_to_others(share):
    c = uneven()
    sizes = np.diff(c.offsets)
    room = sizes * (sizes - 1) // 2
    for budget in (1, 6, 50, 300, int(room.sum())):
        a = vn.design.allocate(c, budget, share=share, prior="fixed", rng=2)
        assert a.n_asks.sum() == budget
        assert (a.n_asks <= room).all()
    np.testing.assert_array_equal(a.n_asks, room)


def test_budget_by_group():
    c, _, _ = world()
    budget = np.array([3, 0, 5, 1, 0, 0, 2, 9])
    a = vn.design.allocate(c, budget, rng=1)
    np.testing.assert_array_equal(a.n_asks, budget)
    np.testing.assert_array_equal(a.rank, np.concatenate([np.arange(m) for m in budget]))


def test_what_does_not_divide_goes_to_groups_at_random():
    room = np.full(50, 10)
    shares = [_shares.equal_shares(75, room, np.random.default_rng(k)) for k in range(200)]
    mean = np.mean(shares, axis=0)
    assert np.ptp(shares[0]) == 1
    assert np.abs(mean - 1.5).max() < 4.5 * 0.5 / np.sqrt(200)


def test_gain_gives_more_where_less_is_known():
    rng = np.random.default_rng(0)
    known = [(0, *rng.choice(10, 2, replace=False), 0.5, 20.0) for _ in range(100)]
    group, first, second, score, weight = zip(*known, strict=True)
    c = vn.GroupedComparisons(
        group, first, second, score, weight, items=([1] * 10, list(range(10)))
    )
    a = vn.design.allocate(c, 20, share="gain", prior="fixed", rng=0)
    assert a.n_asks.tolist() == [0, 20]
    # no pick that was left out gains more than one that was taken
    c, _, _ = world()
    a = vn.design.allocate(c, 40, share="gain", rng=0)
    equal = vn.design.allocate(c, 40, share="equal", rng=0)
    assert a.expected_gain > equal.expected_gain
    assert a.n_asks.max() <= 15


def test_by_gain_takes_picks_in_their_order():
    gain = np.array([3.0, 1.0, 2.0, 2.5, 1.5])  # the third counts for 1 only, like the second
    offsets = np.array([0, 3, 5])
    found = [_shares.by_gain(gain, offsets, m).tolist() for m in range(1, 6)]
    assert found == [[1, 0], [1, 1], [1, 2], [2, 2], [3, 2]]


# ---- what is asked -----------------------------------------------------------------------------


def test_the_item_that_was_first_less_often_is_first():
    c, _, asked = world(n_groups=3, n_items=20)
    a = vn.design.allocate(c, 300, asked=asked, prior="fixed", rng=4)
    lead = np.zeros((3, 20), int)
    for group, first, second in zip(*asked, strict=True):
        lead[group, first] += 1
        lead[group, second] -= 1
    turned = 0
    for group, first, second in zip(a.group, a.first, a.second, strict=True):
        assert lead[group, first] <= lead[group, second]
        turned += int(lead[group, first] == lead[group, second] and first > second)
        lead[group, first] += 1
        lead[group, second] -= 1
    assert np.abs(lead).max() <= 2
    assert turned > 10  # ties are not always broken one way


def test_order_without_asks_is_that_of_the_cells():
    c = vn.GroupedComparisons([1] * 4, [0, 1, 2, 0], [1, 0, 0, 2], 0.5, order=[1, 1, 0, 0])
    asks = _allocate._voted(c)
    assert sorted(zip(asks.first.tolist(), asks.second.tolist(), strict=True)) == [
        (0, 1), (0, 2), (1, 0),
    ]  # fmt: skip
    weight = np.array([0.0, 1.0, 0.0, 2.0, 1.0])
    c = vn.GroupedComparisons([1, 1, 1, 2, 2], [0, 1, 2, 5, 6], [1, 2, 0, 6, 7], 0.5, weight)
    asks = _allocate._voted(c)
    assert asks.offsets.tolist() == [0, 1, 3]
    assert asks.first.tolist() == [1, 0, 1]
    assert asks.group.tolist() == [0, 1, 1]


def test_second_asks_of_a_pair_are_worth_less():
    items = ([0] * 3, [0, 1, 2])
    c = vn.GroupedComparisons([], [], [], [], groups=[0], items=items)
    asked = (np.zeros(4, int), np.array([0, 1, 0, 0]), np.array([1, 0, 2, 1]))
    often = [vn.design.allocate(c, 1, asked=asked, rho=rho, rng=0) for rho in (0.3, 1.0)]
    for a in often:
        assert {int(a.first[0]), int(a.second[0])} == {1, 2}
    # rho = 1: a second ask of a pair tells nothing
    a = vn.design.allocate(c, 3, rho=1.0, rng=0)
    assert len(pairs(a.first, a.second)) == 3


def test_votes_per_ask_count_as_one_correlated_panel():
    c, _, _ = world(n_groups=1)
    options = {"criterion": Criterion(candidates=100), "prior": "fixed", "asked": ([], [], [])}
    one = vn.design.allocate(c, 1, rng=0, **options)
    four = vn.design.allocate(c, 1, rng=0, votes_per_ask=4, **options)
    ratio = np.expm1(four.gain[0]) / np.expm1(one.gain[0])
    assert ratio == pytest.approx(4 / 1.9, rel=1e-9)


def test_pending_asks_are_not_asked_again():
    c, _, asked = world(n_groups=1)
    options = {"asked": asked, "prior": "fixed", "rng": 3, "criterion": Criterion(candidates=100)}
    both = vn.design.allocate(c, 20, **options)
    early = tuple(x[:10] for x in (both.group, both.first, both.second))
    late = vn.design.allocate(c, 10, pending=early, **options)
    np.testing.assert_array_equal(late.first + late.second, (both.first + both.second)[10:])
    np.testing.assert_allclose(late.gain, both.gain[10:], rtol=1e-9)


def test_asks_may_come_in_any_order():
    c, _, asked = world()
    shuffled = np.random.default_rng(0).permutation(len(asked[0]))
    one = vn.design.allocate(c, 30, asked=asked, rng=1)
    two = vn.design.allocate(c, 30, asked=tuple(x[shuffled] for x in asked), rng=1)
    np.testing.assert_array_equal(one.first, two.first)


def test_asks_may_be_a_design_or_an_allocation():
    n_groups, n_items = 5, 10
    design = vn.design.design_pairs(np.full(n_groups, n_items), 2, rng=0)
    c = vn.GroupedComparisons(design.group, design.first, design.second, 0.5)
    one = vn.design.allocate(c, 25, asked=design, rng=1)
    two = vn.design.allocate(c, 25, asked=(design.group, design.first, design.second), rng=1)
    np.testing.assert_array_equal(one.first, two.first)
    assert len(vn.design.allocate(c, 5, asked=design, pending=one, rng=2)) == 5


def test_labels_in_the_frame():
    c = vn.GroupedComparisons(["q", "r"], ["a", "x"], ["b", "y"], [1.0, 0.0])
    a = vn.design.allocate(c, 2, rng=0)
    frame = a.to_frame("dict")
    assert frame["group"].tolist() == ["q", "r"]
    assert [{f, s} for f, s in zip(frame["first"], frame["second"], strict=True)] == [
        {"a", "b"}, {"x", "y"},
    ]  # fmt: skip
    assert list(frame) == ["group", "first", "second", "gain", "rank"]
    assert "2 asks in 2 groups" in repr(a)


# ---- baselines ---------------------------------------------------------------------------------


def test_uniform_is_new_cycles():
    n_groups, n_items = 6, 11
    design = vn.design.design_pairs(np.full(n_groups, n_items), 4, rng=0)
    c = vn.GroupedComparisons(design.group, design.first, design.second, 0.5)
    a = vn.design.allocate(c, n_groups * n_items, criterion="uniform", asked=design, rng=1)
    for k in range(n_groups):
        own = a.group == k
        mine = design.group == k
        old = pairs(design.first[mine], design.second[mine])
        new = pairs(a.first[own], a.second[own])
        assert len(new) == n_items
        assert not new & old
        assert (np.bincount(a.first[own], minlength=n_items) == 1).all()
        assert (np.bincount(a.second[own], minlength=n_items) == 1).all()


def test_residuals_pick_where_student_and_votes_differ_most():
    c, theta, _ = world(n_groups=1)
    fit = vn.fit_groups(c, prior=vn.GaussianPrior(0.1))
    residual = theta - theta.mean() - fit.theta
    i, j = np.triu_indices(12, 1)
    score = (residual[i] - residual[j]) ** 2
    for criterion in ("residual", "residual_corrected"):
        if criterion == "residual_corrected":
            score = score - fit.standard_errors()[i] ** 2 - fit.standard_errors()[j] ** 2
        a = vn.design.allocate(c, 9, criterion=criterion, prediction=theta, rng=0)
        best = np.argsort(-score)[:9]
        assert [{x, y} for x, y in zip(a.first.tolist(), a.second.tolist(), strict=True)] == [
            {x, y} for x, y in zip(i[best].tolist(), j[best].tolist(), strict=True)
        ]


# ---- priors ------------------------------------------------------------------------------------


def test_select_prior_finds_the_student():
    c, theta, _ = world(n_groups=40)
    found = vn.design.select_prior(c, theta, rng=0)
    assert found.mean.any()
    assert found.name.startswith("student")
    noise = np.random.default_rng(1).normal(size=len(theta)) * 3.0
    useless = vn.design.select_prior(c, noise, rng=0)
    assert not useless.mean.any()
    assert useless.candidates[3].loss > found.candidates[3].loss
    assert [x.mean for x in vn.design.select_prior(c, rng=0).candidates] == ["zero"] * 3


def test_widths_are_those_of_the_definition():
    c, theta, _ = world(n_groups=30)
    fit = vn.fit_groups(c, prior=vn.GaussianPrior(0.1))
    student = theta + 1.0
    prior = vn.design.select_prior(c, student, rng=0)
    centred = theta - np.repeat(theta.reshape(30, 12).mean(axis=1), 12)
    t0 = reference.prior_variance(fit.theta, 0.0, fit.standard_errors() ** 2)
    ts = reference.prior_variance(fit.theta, centred, fit.standard_errors() ** 2)
    expected = [10.0, t0, 4 * t0, ts, 4 * ts]
    np.testing.assert_allclose([1 / x.precision for x in prior.candidates], expected)
    assert prior.student_variance == pytest.approx(ts)
    best = min(prior.candidates, key=lambda x: x.loss)
    assert (prior.name, prior.precision) == (best.name, best.precision)
    empirical = vn.design.allocate(c, 5, prior="empirical", rng=0).prior
    assert (empirical.name, empirical.precision) == ("empirical", pytest.approx(1 / t0))


def test_a_sample_of_the_groups_decides(monkeypatch):
    from venire.design import _prior

    c, theta, _ = world(n_groups=60)
    whole = vn.design.select_prior(c, theta, rng=0)
    for limits in ((30, 10**9), (10**9, 400)):
        monkeypatch.setattr(_prior, "SAMPLE", limits[0])
        monkeypatch.setattr(_prior, "SAMPLE_ITEMS", limits[1])
        part = vn.design.select_prior(c, theta, rng=0)
        assert part.precision != whole.precision
        assert part.precision == pytest.approx(whole.precision, rel=0.5)
        assert part.name == whole.name
        np.testing.assert_array_equal(part.mean, whole.mean)


def test_missing_predictions_stand_for_the_groups_mean():
    c, theta, _ = world(n_groups=40)
    theta[5] = np.nan
    theta[12:24] = np.nan
    prior = vn.design.select_prior(c, theta, rng=0)
    assert prior.name.startswith("student")
    assert prior.mean[5] == 0.0
    assert not prior.mean[12:24].any()
    known = np.delete(prior.mean[:12], 5)
    np.testing.assert_allclose(known, np.delete(theta[:12], 5) - np.nanmean(theta[:12]))
    assert len(vn.design.select_prior(c, np.full(len(theta), np.nan), rng=0).candidates) == 3


def test_without_votes_the_prior_is_fixed():
    c = vn.GroupedComparisons(
        [], [], [], [], groups=[1, 2], items=([1, 1, 1, 2, 2], [1, 2, 3, 1, 2])
    )
    for prior in ("select", "empirical", "fixed"):
        a = vn.design.allocate(c, 4, prior=prior, prediction=np.arange(5.0), rng=0)
        assert a.prior.name == "fixed"
        assert a.n_asks.tolist() == [3, 1]
        assert len(pairs(a.first[:3], a.second[:3])) == 3
    one = vn.GroupedComparisons([1], [1], [2], 1.0, items=([1], [3]))
    assert vn.design.select_prior(one, rng=0).name == "fixed"


# ---- what it is for ----------------------------------------------------------------------------


def test_votes_go_where_they_help():
    """At equal votes the error of theta is well below that of new cycles."""
    rng = np.random.default_rng(11)
    n_groups, n_items = 30, 30
    theta = rng.normal(0.0, 1.5, (n_groups, n_items))
    student = (theta + rng.normal(0.0, 0.7, theta.shape)).ravel()
    error = {}
    for criterion in ("uniform", "D"):
        design = vn.design.design_pairs(np.full(n_groups, n_items), 2, rng=1)
        asked = [np.asarray(x) for x in (design.group, design.first, design.second)]
        for _ in range(4):
            group, first, second = asked
            p = 1.0 / (1.0 + np.exp(theta[group, second] - theta[group, first]))
            coin = np.random.default_rng(5).random((n_groups, n_items, n_items))
            score = (coin[group, np.minimum(first, second), np.maximum(first, second)] < np.where(
                first < second, p, 1 - p)) == (first < second)  # fmt: skip
            c = vn.GroupedComparisons(group, first, second, score.astype(float))
            fit = vn.fit_groups(c, prior=vn.GaussianPrior(0.1)).theta
            a = vn.design.allocate(
                c, n_groups * n_items, criterion=criterion, prediction=student, rng=2,
                asked=tuple(asked),
            )  # fmt: skip
            new = (a.group, a.first, a.second)
            asked = [np.concatenate(x) for x in zip(asked, new, strict=True)]
        centred = theta - theta.mean(axis=1, keepdims=True)
        error[criterion] = 1 - np.corrcoef(centred.ravel(), fit)[0, 1] ** 2
    assert error["D"] < 0.85 * error["uniform"]


@pytest.mark.parametrize("criterion", ["D", "A", "top"])
def test_a_prior_of_a_fit(criterion):
    """A GaussianPrior steers picks as the same numbers do in the order of the items."""
    c, _, _ = world(3, 5, 9)
    rng = np.random.default_rng(1)
    mean, precision = rng.normal(size=c.n_items), np.exp(rng.normal(size=c.n_items))
    groups = np.repeat(c.groups, np.diff(c.offsets)).tolist()
    labels = list(zip(groups, c.items.tolist(), strict=True))
    prior = vn.GaussianPrior(
        dict(zip(labels, precision, strict=True)), dict(zip(labels, mean, strict=True))
    )
    options = {"criterion": criterion, "rng": 2}
    found = vn.design.allocate(c, 20, prior=prior, **options)
    again = vn.design.allocate(c, 20, prior=vn.design.AllocationPrior(mean, precision), **options)
    for name in ("group", "first", "second", "gain"):
        np.testing.assert_array_equal(getattr(found, name), getattr(again, name))
    other = vn.design.allocate(c, 20, prior=vn.GaussianPrior(1.0), **options)
    assert (other.gain != found.gain).any()
