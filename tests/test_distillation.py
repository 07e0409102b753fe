"""The loop as a state machine: what is asked, of whom, and what is made of the answers."""

from __future__ import annotations

import numpy as np
import pytest
from distillation_data import World, play

import venire as vn
from venire.distillation import Distillation, Report, Requests

linear_model = pytest.importorskip("sklearn.linear_model")


# ---- what is asked ---------------------------------------------------------------------------


def test_the_first_round_is_a_design_with_bridges():
    world = World(6, 9)
    requests = world.loop().ask()
    inside = requests.select(~requests.bridge)
    assert (inside.group == inside.second_group).all()
    for group in range(6):
        at = inside.group == group
        assert np.bincount(inside.first[at], minlength=9).tolist() == [1] * 9
        assert np.bincount(inside.second[at], minlength=9).tolist() == [1] * 9
    bridges = requests.select(requests.bridge)
    met = np.bincount(bridges.group, minlength=6) + np.bincount(bridges.second_group, minlength=6)
    assert met.tolist() == [4] * 6
    assert (requests.round == 1).all()
    assert requests.request.tolist() == list(range(len(requests)))


def test_later_rounds_have_the_size_of_the_first_or_the_budget_and_no_bridges():
    world = World(6, 8)
    loop = play(world.loop(), world)
    second = loop.ask()
    assert len(second) == 6 * 8
    assert not second.bridge.any()
    assert (second.round == 2).all()
    assert len(loop.ask(17)) == 17
    shares = np.array([0, 1, 2, 3, 4, 5])
    assert np.bincount(loop.ask(shares).group, minlength=6).tolist() == shares.tolist()
    assert loop.n_rounds == 4


def test_a_budget_in_the_first_round_is_met_exactly():
    loop = World(6, 8).loop(bridges=0)
    requests = loop.ask(100)
    assert len(requests) == 100
    assert np.ptp(np.bincount(requests.group)) <= 1
    pairs = {(*sorted(p), g) for g, *p in
             zip(requests.group, requests.first, requests.second, strict=True)}  # fmt: skip
    assert len(pairs) == 100


def test_teachers_take_turns_through_all_rounds():
    world = World(5, 8)
    loop = world.loop(["a", "b", "c"], bridges=0)
    play(loop, world, 3)
    requests = loop.requests()
    counts = np.unique(requests.teacher, return_counts=True)[1]
    assert np.ptp(counts) <= 5
    place = {"a": 0, "b": 1, "c": 2}
    for group in range(5):
        turn = [place[t] for t in requests.teacher[requests.group == group].tolist()]
        assert turn == [(k + group) % 3 for k in range(len(turn))]


def test_a_rotation_may_name_a_teacher_more_than_once():
    loop = World().loop(["a", "b"], rotation=["a", "a", "b"], bridges=0)
    teachers = loop.ask().teacher
    assert (teachers == "a").sum() == 2 * (teachers == "b").sum()


def test_panels():
    world = World()
    loop = world.loop(["a", "b", "c", "d"], panel=3)
    requests = loop.ask()
    ask = loop._state.ledger.ask
    assert np.bincount(ask).tolist() == [3] * loop._state.ledger.n_asks
    key = ask * 4 + loop._state.ledger.teacher
    assert len(np.unique(key)) == len(key)
    assert np.ptp(np.unique(requests.teacher, return_counts=True)[1]) < 20
    named = world.loop(["a", "b", "c", "d"], panel=["d", "a"])
    assert set(named.ask().teacher) == {"d", "a"}
    play(loop, world)
    assert loop.fit().method == "consensus"
    assert len(loop.ask(10)) == 30


def test_cost_pays_for_as_many_asks_as_it_can():
    world = World(10, 8)
    loop = world.loop(["cheap", "dear"], costs={"cheap": 1, "dear": 9})
    first = loop.ask(cost=300.0)
    assert first.bridge.sum() == 20
    assert 300 - 9 < first.cost.sum() <= 300
    loop.tell(first.request, world.votes(first))
    second = loop.ask(cost=100)
    assert 100 - 9 < second.cost.sum() <= 100
    assert np.ptp(np.bincount(second.group, minlength=10)) <= 1
    report = loop.report()
    assert report["cost"].tolist() == [first.cost.sum(), 0.0]


def test_all_asks_so_far_are_known_to_the_next_round(monkeypatch):
    from venire.distillation import _asking

    world, seen = World(), {}
    loop = world.loop()

    def spy(comparisons, budget, **options):
        seen.update(options, comparisons=comparisons)
        return vn.design.allocate(comparisons, budget, **options)

    monkeypatch.setattr(_asking, "allocate", spy)
    first = loop.ask()
    some = first.select(slice(0, None, 2))
    loop.tell(some.request, world.votes(some))
    loop.ask()
    inside = int((~first.bridge).sum())
    answered = int((~some.bridge).sum())
    assert len(seen["asked"][0]) == answered
    assert len(seen["pending"][0]) == inside - answered
    assert seen["prediction"] is None
    assert seen["comparisons"].n_items == 48
    assert seen["comparisons"].n_comparisons == pytest.approx(answered)
    loop.fit_student(linear_model.Ridge(), world.features)
    loop.ask()
    assert np.array_equal(seen["prediction"], loop.predictions)
    assert len(seen["pending"][0]) == inside - answered + inside


def test_steering_can_be_switched_off(monkeypatch):
    from venire.distillation import _asking

    seen = {}

    def spy(*arguments, **options):
        seen.update(options)
        return vn.design.allocate(*arguments, **options)

    monkeypatch.setattr(_asking, "allocate", spy)
    world = World()
    loop = play(world.loop(steering="none"), world)
    loop.fit_student(linear_model.Ridge(), world.features)
    loop.ask()
    assert seen["prediction"] is None
    loop.ask(10, criterion="residual")  # that is what this baseline is about
    assert seen["prediction"] is not None
    assert loop.report()["criterion"].tolist() == ["cycles", "D", "residual"]


def test_a_preview_is_what_is_asked_next():
    world = World()
    loop = play(world.loop(bridges=0), world)
    planned, before = loop.preview(20), loop._state.ledger.n_requests
    assert loop._state.ledger.n_requests == before
    assert planned.marginal_gain > 0
    requests = loop.ask(20)
    assert requests.first.tolist() == planned.first.tolist()
    assert requests.second.tolist() == planned.second.tolist()


def test_asks_shared_by_gain():
    world = World()
    loop = play(world.loop(share="gain", bridges=0), world)
    assert np.ptp(np.bincount(loop.preview(30).group, minlength=6)) > 0
    assert loop.report(preview=True).next_gain > 0  # of one ask in each group
    assert len(loop.ask(30)) == 30
    assert np.bincount(loop.ask([1, 2, 0, 0, 0, 0]).group).tolist() == [1, 2]
    assert len(loop.ask(7, criterion="uniform")) == 7


@pytest.mark.parametrize("n_threads", [1, 3])
def test_the_result_is_a_function_of_the_seed(n_threads):
    world = World()

    def asked(seed, threads=None):
        loop = play(world.loop(rng=seed, n_threads=threads), world, 3)
        return loop.requests().to_frame("dict")

    one, other = asked(5), asked(5, n_threads)
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not np.array_equal(one["first"], asked(6)["first"])


def test_groups_of_one_item_take_part_in_bridges_only():
    loop = vn.distillation.Distillation(
        (["a"] * 5 + ["b"] * 5 + ["c"], [*range(5), *range(5), 0]), ["t"], degree=2
    )
    requests = loop.ask()
    assert "c" not in requests.group[~requests.bridge]
    assert "c" in {*requests.group[requests.bridge], *requests.second_group[requests.bridge]}
    loop.tell(requests.request, np.ones(len(requests)))
    targets = loop.targets()
    assert np.isfinite(targets.target[-1])
    assert len(loop.ask(10)) == 10


def test_requests_as_a_table():
    requests = World().loop(costs=[1, 2]).ask()
    frame = requests.to_frame("pandas")
    assert list(frame) == ["request", "round", "group", "first", "second_group", "second",
                           "teacher", "cost"]  # fmt: skip
    assert len(frame) == len(requests)
    assert isinstance(requests, Requests)
    bea = requests.of("bea")
    assert set(bea.teacher) == {"bea"}
    assert bea.cost.tolist() == [2.0] * len(bea)
    assert len(bea) + len(requests.of("ann")) == len(requests)


# ---- teachers that leave ---------------------------------------------------------------------


def test_a_teacher_that_stops_answering():
    world = World()
    loop = world.loop(["a", "b", "c"])
    requests = loop.ask()
    others = requests.select(requests.teacher != "b")
    loop.tell(others.request, world.votes(others))
    gone = loop.pending
    new = loop.withdraw("b")
    assert len(new) == len(gone)
    assert set(new.teacher) == {"a", "c"}
    assert sorted(zip(new.group, new.first, new.second_group, new.second, strict=True)) == sorted(
        zip(gone.group, gone.first, gone.second_group, gone.second, strict=True)
    )
    assert loop.pending.request.tolist() == new.request.tolist()
    loop.tell(new.request, world.votes(new))
    assert set(loop.ask().teacher) == {"a", "c"}
    report = loop.report()
    assert "teacher b withdrawn in round 1" in report.notices[0]
    assert report["withdrawn"].tolist() == [len(gone), 0]
    late = loop.tell(gone.request[:3], [1, 1, 1])
    assert late == (3, 0, 0, 3)


def test_without_others_a_withdrawn_ask_is_open_again():
    world = World(2, 5)
    loop = world.loop(["a"], bridges=0)
    requests = loop.ask()
    loop.tell(requests.request[:4], world.votes(requests)[:4])
    assert len(loop.withdraw(requests=requests.request[4:], reassign=True)) == 0
    assert len(loop.pending) == 0
    asked, waiting = loop._state.ledger.live()
    assert asked.tolist() == [0, 1, 2, 3]
    assert waiting.tolist() == []
    assert len(loop.ask(3)) == 3
    loop.withdraw("a")
    with pytest.raises(ValueError, match="no teacher is left"):
        loop.ask(3)


def test_a_panel_puts_a_withdrawn_request_to_somebody_new():
    loop = World().loop(["a", "b", "c", "d"], panel=2)
    loop.ask()
    new = loop.withdraw("a")
    ledger = loop._state.ledger
    live = ledger.state != 2
    key = ledger.ask[live] * 4 + ledger.teacher[live]
    assert len(np.unique(key)) == len(key)
    assert np.bincount(ledger.ask[live]).tolist() == [2] * ledger.n_asks
    assert len(new) > 0


def test_everyone_on_a_pair_asked_leaves_it_with_fewer():
    loop = World().loop(["a", "b"], panel=2)
    loop.ask()
    assert len(loop.withdraw("a")) == 0
    assert set(loop.pending.teacher) == {"b"}
    assert set(loop.ask(5).teacher) == {"b"}


# ---- what is made of the answers -------------------------------------------------------------


def test_votes_and_fit():
    world = World()
    loop = play(world.loop(), world, 2)
    requests = loop.requests()
    inside = requests.select(~requests.bridge)
    plain = vn.Votes(inside.first, inside.second, inside.teacher,
                     world.votes(inside), group=inside.group)  # fmt: skip
    expected = vn.fit_votes(plain, items=world.items)
    fit = loop.fit()
    assert np.array_equal(fit.fit.theta, expected.fit.theta)
    assert np.array_equal(fit.weights, expected.weights)
    assert loop.fit() is fit
    assert loop.votes().n_votes == 2 * 48
    assert loop.votes(1).n_votes == 48


def test_soft_votes_reach_the_fit():
    world = World()
    loop = world.loop(bridges=0)
    requests = loop.ask()
    p = 1 / (1 + np.exp(-world.difference(requests)))
    loop.tell(requests.request, probabilities=np.stack([p, 0 * p, 1 - p], axis=1))
    c = loop.fit().comparisons
    assert c.n_comparisons == pytest.approx(48)
    assert not np.isin(c.win, (0.0, 1.0)).all()


def test_targets_are_calibrated_by_answered_bridges():
    world = World(30, 10, level=1.5)
    loop = world.loop(bridges=8)
    requests = loop.ask()
    inside = requests.select(~requests.bridge)
    loop.tell(inside.request, world.votes(inside))
    assert loop.calibration() is None
    centred = loop.targets().target.reshape(30, 10)
    assert np.allclose(centred.mean(axis=1), 0.0)
    rest = loop.pending
    loop.tell(rest.request, world.votes(rest))
    found = loop.calibration()
    assert np.corrcoef(found.bias, world.level)[0, 1] > 0.6
    assert loop.calibration() is found
    assert np.allclose(loop.targets().target, found.fit.theta + np.repeat(found.bias, 10))
    assert loop.targets(clamp=1.0).target.max() <= 1.0


def test_a_bridge_counts_what_its_teacher_counts(monkeypatch):
    from venire.distillation import _learning

    seen = []
    monkeypatch.setattr(
        _learning, "calibrate", lambda *a, **k: seen.append(a) or vn.calibrate(*a, **k)
    )
    world = World(12, 8)
    loop = play(world.loop(["a", "b", "c"], panel=3), world)
    loop.calibration()
    weights = dict(zip(loop.fit().teachers, loop.fit().weights, strict=True))
    requests = loop.requests()
    bridges = requests.select(requests.bridge)
    expected = [weights[t] / (1 + 2 * 0.3) for t in bridges.teacher]
    assert np.allclose(seen[0][6], expected)


def test_the_student_is_held_out_by_group():
    world = World(10, 12)
    loop = play(world.loop(degree=6), world)
    fitted = loop.fit_student(linear_model.LinearRegression(), world.features)
    targets = loop.targets()
    own = fitted.predict(world.features)
    assert not np.allclose(own, loop.predictions)
    # each group's prediction is that of a student of groups in other folds: leave its target out
    # and nothing changes
    from venire.distillation._student import teach

    options = {"folds": 5, "seed": 0, "pooled": True}
    usable = np.ones(120, bool)
    weight, universe = targets.weight, loop._state.universe
    before = teach(linear_model.Ridge(), world.features, targets.target, weight, universe,
                   usable=usable, **options)  # fmt: skip
    changed = targets.target.copy()
    changed[:12] += 100.0
    after = teach(linear_model.Ridge(), world.features, changed, weight, universe,
                  usable=usable, **options)  # fmt: skip
    assert np.array_equal(before.prediction[:12], after.prediction[:12])
    assert not np.allclose(before.prediction[12:], after.prediction[12:])


def test_weights_reach_students_that_take_them():
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    seen = []

    class Recorder(linear_model.Ridge):
        def fit(self, X, y, sample_weight=None):
            seen.append(sample_weight)
            return super().fit(X, y, sample_weight)

    world = World(10, 8)
    loop = play(world.loop(), world)
    loop.tell([], [])
    for student in (Recorder(), make_pipeline(StandardScaler(), Recorder())):
        seen.clear()
        loop.fit_student(student, world.features)
        assert len(seen) == 6
        assert all(abs(w.mean() - 1) < 1e-12 for w in seen)
    assert loop.report().notices == ()
    loop.fit_student(KNeighborsRegressor(), world.features)
    assert loop.report().notices == (
        "KNeighborsRegressor takes no sample_weight: it learnt without weights",
    )


def test_fewer_groups_than_folds():
    world = World(3, 8)
    loop = play(world.loop(), world)
    loop.fit_student(linear_model.Ridge(), world.features, folds=5)
    assert np.isfinite(loop.predictions).all()
    alone = World(1, 8)
    loop = play(alone.loop(), alone)
    loop.fit_student(linear_model.Ridge(), alone.features)
    assert np.isnan(loop.predictions).all()
    assert "no student could be held out" in loop.report().notices[0]
    loop.ask(5)  # and the loop goes on without it


def test_items_may_be_given_in_any_order():
    world = World(5, 6)
    order = np.random.default_rng(1).permutation(30)
    plain = play(world.loop(), world, 2)
    plain.fit_student(linear_model.Ridge(), world.features)
    mixed = Distillation(
        (world.group[order], world.item[order]), ["ann", "bea"], gold=world.theta[order]
    )
    play(mixed, world, 2)
    mixed.fit_student(linear_model.Ridge(), world.features[order])
    assert np.array_equal(mixed.items[0], world.group[order])
    assert np.array_equal(mixed.order, np.argsort(order))
    assert np.allclose(mixed.predictions, plain.predictions[order], rtol=0, atol=1e-12)
    assert np.array_equal(mixed.report()["tau"], plain.report()["tau"])
    frame = {"item": world.item[order], "group": world.group[order],
             **{f"x{k}": world.features[order, k] for k in range(3)}}  # fmt: skip
    plain.fit_student(linear_model.Ridge(), frame)
    assert np.allclose(mixed.predictions, plain.predictions[order], rtol=0, atol=0.5)


def test_features_in_other_forms():
    import pandas as pd
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    world = World()
    loop = play(world.loop(), world)

    def predicted(features, student=None):
        loop._state.prediction = None
        loop.fit_student(student or linear_model.Ridge(), features)
        return loop.predictions

    expected = predicted(world.features)
    assert np.allclose(predicted(sparse.csr_matrix(world.features)), expected)
    assert np.allclose(predicted(pd.DataFrame(world.features, columns=list("xyz"))), expected)
    assert np.allclose(predicted(world.features.tolist()), expected)
    texts = [("good " if t > 0 else "bad ") + "word" for t in world.theta]
    words = predicted(texts, make_pipeline(TfidfVectorizer(), linear_model.Ridge()))
    assert np.corrcoef(words, world.theta)[0, 1] > 0.5


# ---- reports and whole runs ------------------------------------------------------------------


def test_the_report():
    world = World(8, 10)
    loop = world.loop(costs=[1.0, 3.0], top=3, gain="linear")
    report = loop.run(
        {"ann": world.votes, "bea": lambda r: world.votes(r, 0.5)},
        linear_model.Ridge(), world.features, rounds=3,
    )  # fmt: skip
    assert isinstance(report, Report)
    assert len(report) == 3
    assert report["votes"].tolist() == [80 + 16, 80, 80]
    assert report["total_votes"].tolist() == [96, 176, 256]
    assert report["total_cost"][-1] == loop.requests().cost.sum()
    tau = vn.distillation.kendall_tau(loop.fit().fit.offsets, loop.fit().fit.theta, world.theta)
    assert report["tau"][-1] == pytest.approx(tau.mean())
    assert report["tau"][-1] > report["tau"][0]
    assert np.isnan(report["ndcg"]).all()  # this gold has negative values
    assert (report["student_r2"] > 0.2).all()  # of noisy targets
    assert report["prior"].tolist()[0] == "-"
    assert np.isnan(report["marginal_gain"][0])
    assert (report["marginal_gain"][1:] > 0).all()
    assert np.allclose(report.weights[-1], loop.fit().weights)
    assert report.weights[-1, 0] > report.weights[-1, 1]
    assert np.isnan(report.next_gain)
    text = str(loop.report(preview=True))
    assert "student r2" in text
    assert "weights: ann" in text
    assert "the next ask is expected to gain" in text
    frame = report.to_frame("pandas")
    assert frame["weight of bea"].iloc[-1] == report.weights[-1, 1]


def test_a_round_of_the_report_is_of_its_votes_whenever_they_came():
    world = World(6, 10)
    late, timely = world.loop(), play(world.loop(), world, 2)
    first = late.ask()
    now, later = first.select(slice(0, 40)), first.select(slice(40, None))
    late.tell(now.request, world.votes(now))
    before = late.report()["tau"][0]
    late.tell(later.request, world.votes(later))
    assert late.report()["tau"][0] == timely.report()["tau"][0] != before
    late.tell(first.request, -world.votes(first), replace=True)
    assert late.report()["tau"][0] < 0


def test_ndcg_in_the_report():
    world = World(6, 10)
    loop = Distillation(world.items, ["t"], gold=(world.theta > 1).astype(int), top=4)
    report = play(loop, world, 2).report()
    assert ((report["ndcg"] > 0) & (report["ndcg"] <= 1)).all()
    assert "nDCG@4 with linear gains" in str(report)


def test_run_goes_on_with_what_is_pending():
    world = World()
    loop = world.loop()
    loop.ask()
    calls = []
    report = loop.run({"ann": lambda r: calls.append(len(r)) or world.votes(r)}, rounds=1)
    assert report["pending"].tolist() == [len(loop.pending) - 24, 24]
    assert len(calls) == 2
    soft = {"bea": lambda r: np.tile([0.7, 0.1, 0.2], (len(r), 1))}
    loop.run(soft, rounds=0)
    assert len(loop.pending) == 0


def test_adaptive_picks_beat_uniform_ones():
    world = World(20, 20, seed=3)
    teachers = {"ann": world.votes, "bea": world.votes}
    tau = {}
    for criterion in ("D", "uniform"):
        loop = world.loop(criterion=criterion, bridges=0)
        report = loop.run(teachers, linear_model.Ridge(), world.features, rounds=4)
        tau[criterion] = report["tau"][-1]
    assert tau["D"] > tau["uniform"] + 0.03


def test_a_bias_for_the_position_is_said():
    world = World(8, 10)
    loop = world.loop(["fair", "first", "soft", "silent"], rotation=["fair", "first", "soft"])
    asked = loop.ask(240)
    for name, share in (("fair", 0.5), ("first", 0.9)):
        mine = asked.of(name)
        loop.tell(mine.request, np.where(world.luck[mine.request] < share, 1, -1))
    mine = asked.of("soft")
    loop.tell(mine.request, probabilities=np.tile([0.1, 0.1, 0.8], (len(mine), 1)))
    report = loop.report()
    votes = loop.requests()
    plain = [
        np.mean(world.luck[votes.of(name).request] < share)
        for name, share in (("fair", 0.5), ("first", 0.9))
    ]
    assert report.first_share[:3] == pytest.approx([*plain, 0.15])
    assert np.isnan(report.first_share[3])
    said = [n for n in report.notices if "bias for the position" in n]
    assert len(said) == 2
    assert said[0].startswith(f"first gave the item shown first {plain[1]:.0%} of ")
    assert said[1].startswith("soft gave the item shown first 15% of ")
    assert said[0] in str(report)
