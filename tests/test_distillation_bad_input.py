"""Wrong arguments of the loop: errors that name the argument, the position and the value."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from distillation_data import World, play

import venire as vn
from venire.distillation import Distillation

linear_model = pytest.importorskip("sklearn.linear_model")

ITEMS = (["q"] * 4 + ["r"] * 4, list("abcd") * 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"items": (["q", "q"], ["a", "a"])},
            r"\[1\] = 'a'.*: is listed twice in group 'q'",
        ),
        ({"items": (["q"], ["a", "b"])}, "item: has 2 rows, but group has 1"),
        ({"items": ([], [])}, "group: is empty"),
        ({"items": (["q", None], ["a", "b"])}, "missing"),
        ({"teachers": []}, "teachers: is empty"),
        ({"teachers": ["a", "a"]}, r"teachers\[1\] = 'a': is named twice"),
        ({"gold": [1.0]}, r"gold: has shape \(1,\), but there are 8 items"),
        ({"gold": [np.inf] * 8}, "gold.* = inf: must be finite, or nan where nothing is known"),
        ({"degree": 0}, "degree = 0: must be at least 1"),
        ({"panel": 0}, "panel = 0: must be at least 1"),
        ({"panel": 3}, "panel = 3: there are only 2 teachers"),
        ({"panel": ["x"]}, r"panel\[0\] = 'x': is not one of the teachers"),
        ({"panel": ["a", "a"]}, "panel.*: names a teacher twice"),
        ({"rotation": ["a", "x"]}, r"rotation\[1\] = 'x': is not one of the teachers"),
        ({"rotation": []}, "rotation: is empty"),
        ({"costs": [1.0]}, "costs: has 1 rows"),
        ({"costs": [1.0, -1.0]}, r"costs\[1\] = -1.0: must be finite and >= 0"),
        ({"costs": {"a": 1.0}}, r"costs\[1\] = 'b': has no entry for this teacher"),
        ({"costs": {"a": 1, "x": 1}}, "costs.* = 'x': is not one of the teachers"),
        ({"bridges": -1}, "bridges = -1: must be at least 0"),
        ({"model": "davidson"}, "model = 'davidson': must be one of bradley-terry, thurstone"),
        ({"method": "best"}, "method.*: must be one of"),
        ({"criterion": "E"}, "criterion.*: must be one of D, A, top, uniform"),
        ({"share": "all"}, "share.*: must be one of"),
        ({"steering": "yes"}, "steering.*: must be one of"),
        ({"gain": "log"}, "gain.*: must be one of"),
        ({"top": 0}, "top = 0: must be at least 1"),
        ({"rho": 1.5}, "rho = 1.5: must lie between 0 and 1"),
        ({"rng": -1}, "rng = -1: a seed must be >= 0"),
    ],
)
def test_values_of_the_constructor(options, message):
    given = {"items": ITEMS, "teachers": ["a", "b"]} | options
    with pytest.raises(ValueError, match=message):
        Distillation(given.pop("items"), given.pop("teachers"), **given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"items": 3}, "items: must be a pair"),
        ({"items": (["q"], [1.5])}, "item|label"),
        ({"teachers": "ab"}, "teachers = 'ab': must be an array or a list"),
        ({"teachers": ["a", 1]}, r"teachers\[1\] = 1: must all be of one type"),
        ({"teachers": [1.5]}, "teachers.* = 1.5: must be integers or text"),
        ({"gold": ["x"] * 8}, "gold: must hold numbers"),
        ({"degree": 2.0}, "degree = 2.0: must be a whole number"),
        ({"panel": True}, "panel.*: must be a number"),
        ({"panel": 1, "rotation": ["a"]}, "rotation is for one teacher per pair"),
        ({"prior": 0.1}, "prior = 0.1: must be a GaussianPrior or None"),
        ({"rng": "x"}, "rng.*: must be an int"),
    ],
)
def test_types_of_the_constructor(options, message):
    given = {"items": ITEMS, "teachers": ["a", "b"]} | options
    with pytest.raises((TypeError, ValueError), match=message):
        Distillation(given.pop("items"), given.pop("teachers"), **given)


def test_a_frame_of_items_without_its_columns():
    with pytest.raises(ValueError, match="there is no column 'item'"):
        Distillation({"group": ["a"], "it": ["b"]}, ["t"])


# ---- ask -------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(
    ("budget", "message"),
    [
        (0, "budget = 0: must be at least 1"),
        (-3, "budget = -3: must be at least 1"),
        (13, "budget = 13: the groups have only 12 pairs"),
        ([1, 7], r"budget\[1\] = 7: the group has 6 pairs"),
        ([-1, 2], r"budget\[0\] = -1: must not be negative"),
        ([1], "budget: must have one number for each of 2 groups"),
    ],
)
def test_budgets(budget, message, first):
    loop = Distillation(ITEMS, ["a"])
    if not first:
        loop.ask()
    before = loop._state.ledger.n_requests
    with pytest.raises(ValueError, match=message):
        loop.ask(budget)
    assert loop._state.ledger.n_requests == before
    assert loop.n_rounds == (0 if first else 1)


def test_other_arguments_of_ask():
    loop = Distillation(ITEMS, ["a"], costs=[2.0], bridges=0)
    with pytest.raises(TypeError, match="budget or cost, not both"):
        loop.ask(3, cost=3.0)
    with pytest.raises(ValueError, match=r"cost = 1.5: does not pay for one ask"):
        loop.ask(cost=1.5)
    with pytest.raises(ValueError, match=r"cost.*: must be finite and >= 0"):
        loop.ask(cost=np.inf)
    with pytest.raises(TypeError, match="budget"):
        loop.ask(2.5)
    with pytest.raises(ValueError, match=r"criterion.*: must be one of"):
        loop.ask(3, criterion="best")
    loop.ask()
    with pytest.raises(ValueError, match="needs the student's predictions"):
        loop.ask(3, criterion="residual")
    with pytest.raises(ValueError, match="share"):
        loop.ask(3, share="none")


def test_bridges_may_cost_more_than_there_is():
    loop = Distillation(ITEMS, ["a"])
    with pytest.raises(ValueError, match="cost = 4: does not pay for one ask"):
        loop.ask(cost=4)


def test_an_odd_degree_needs_even_groups():
    loop = Distillation((["q"] * 7, list(range(7))), ["a"], degree=3)
    with pytest.raises(ValueError, match="must be even where degree is odd"):
        loop.ask()
    assert loop.n_rounds == 0


def test_a_degree_of_all_pairs_and_more():
    loop = Distillation((["q"] * 5, list(range(5))), ["a"], degree=9)
    assert len(loop.ask()) == 10


def test_groups_without_pairs():
    loop = Distillation((["q", "r"], ["a", "a"]), ["t"], bridges=0)
    assert len(loop.ask()) == 0
    with pytest.raises(ValueError, match=r"only 0 pairs|no pair"):
        loop.ask(1)


# ---- tell and withdraw -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "vote", "kind", "message"),
    [
        ([0, 99], [1, 1], ValueError, r"request\[1\] = 99: there is no such request"),
        ([-1], [1], ValueError, r"request\[0\] = -1: there is no such request"),
        ([0.0], [1], TypeError, "request: must hold integers, has dtype float64"),
        (["0"], [1], TypeError, "request: must hold integers, has dtype <U1"),
        ([0, 1], [1, 2], ValueError, r"vote\[1\] = 2: must be 1"),
        ([0, 1], np.array([1, 3], np.int8), ValueError, r"vote\[1\] = 3: must be 1"),
        ([0], [0.5], ValueError, "shares between 0 and 1 go into probabilities"),
        ([0, 1], [1, 1, 1], ValueError, "vote: has 3 rows"),
        ([[0]], [[1]], ValueError, "request: must be one-dimensional"),
        ([0], None, TypeError, "give one of vote and probabilities"),
    ],
)
def test_answers(request_, vote, kind, message):
    loop = Distillation(ITEMS, ["a"])
    loop.ask()
    with pytest.raises(kind, match=message):
        loop.tell(request_, vote)
    assert len(loop.pending) == loop._state.ledger.n_requests


def test_probabilities():
    loop = Distillation(ITEMS, ["a"])
    loop.ask()
    with pytest.raises(ValueError, match="a row must add up to 1"):
        loop.tell([0], probabilities=[[0.5, 0.5, 0.5]])
    with pytest.raises(ValueError, match="three columns"):
        loop.tell([0], probabilities=[[0.5, 0.5]])
    with pytest.raises(TypeError, match="one of vote and probabilities"):
        loop.tell([0], [1], probabilities=[[1, 0, 0]])
    with pytest.raises(TypeError, match="mapping explains"):
        loop.tell([0], [1], mapping={1: 1})


def test_frames_of_answers():
    loop = Distillation(ITEMS, ["a"])
    loop.ask()
    with pytest.raises(ValueError, match="there is no column 'vote'"):
        loop.tell({"request": [0], "votes": [1]})
    with pytest.raises(TypeError, match="name of a column"):
        loop.tell({"request": [0], "vote": [1]}, [1])
    with pytest.raises(ValueError, match=r"\[0\] = 0.5.*: must be a whole number"):
        loop.tell({"request": [0.5], "vote": [1]})
    with pytest.raises(ValueError, match="rows, but request has 1"):
        loop.tell({"request": [0], "vote": [1, 1]})
    with pytest.raises(TypeError, match="three columns"):
        loop.tell({"request": [0], "vote": [1]}, probabilities=["vote"])
    assert len(loop.pending) == loop._state.ledger.n_requests


def test_withdrawals():
    loop = Distillation(ITEMS, ["a", "b"])
    loop.ask()
    with pytest.raises(ValueError, match=r"teacher.*: is not one of the teachers \('a', 'b'\)"):
        loop.withdraw("x")
    with pytest.raises(TypeError, match="one of teacher and requests"):
        loop.withdraw()
    with pytest.raises(ValueError, match=r"= 77.*: there is no such request"):
        loop.withdraw(requests=[77])
    loop.tell([3], [1])
    with pytest.raises(ValueError, match=r"requests\[1\] = 3: is answered already"):
        loop.withdraw(requests=[2, 3])
    with pytest.raises(ValueError, match=r"teacher.*: is not one of the teachers"):
        loop.pending.of("x")


# ---- the student -----------------------------------------------------------------------------


@pytest.fixture
def played():
    world = World()
    return play(world.loop(), world), world


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_no_numbers(played, value):
    from scipy import sparse

    loop, world = played
    bad = world.features.copy()
    bad[13, 2] = value
    with pytest.raises(ValueError, match=r"features\[13\] = .*: column 2 must be finite"):
        loop.fit_student(linear_model.Ridge(), bad)
    with pytest.raises(ValueError, match=r"features\[13\] = .*: column 2 must be finite"):
        loop.fit_student(linear_model.Ridge(), sparse.csr_matrix(bad))
    frame = {"group": world.group, "item": world.item, "len": bad[:, 2], "x": bad[:, 0]}
    with pytest.raises(ValueError, match=r"features\[13\] = .*: column 'len' must be finite"):
        loop.fit_student(linear_model.Ridge(), frame)
    assert loop.predictions is None


def test_rows_of_features(played):
    loop, world = played
    ridge = linear_model.Ridge()
    with pytest.raises(ValueError, match="features: has 47 rows, but there are 48 items"):
        loop.fit_student(ridge, world.features[1:])
    frame = {"group": world.group, "item": world.item, "x": world.theta}
    with pytest.raises(ValueError, match=r"has no row of item .*7.* of group .*5"):
        loop.fit_student(ridge, {name: column[:-1] for name, column in frame.items()})
    twice = {name: np.append(column, column[0]) for name, column in frame.items()}
    with pytest.raises(ValueError, match=r"\[48\] = 0.*two rows of one item"):
        loop.fit_student(ridge, twice)
    with pytest.raises(ValueError, match=r"features item.*: is not an item of group"):
        loop.fit_student(ridge, frame | {"item": world.item + 1})
    with pytest.raises(ValueError, match="no columns besides group and item"):
        loop.fit_student(ridge, {"group": world.group, "item": world.item})
    with pytest.raises(ValueError, match="folds = 1: must be at least 2"):
        loop.fit_student(ridge, world.features, folds=1)


def test_students_that_predict_nonsense(played):
    class Bad(linear_model.Ridge):
        def predict(self, X):
            return np.full(len(X), np.nan)

    class Wide(linear_model.Ridge):
        def predict(self, X):
            return np.zeros((len(X), 2))

    loop, world = played
    with pytest.raises(ValueError, match="student: predicts NaN or infinity"):
        loop.fit_student(Bad(), world.features)
    with pytest.raises(ValueError, match="student: predicts an array of shape"):
        loop.fit_student(Wide(), world.features)


def test_nothing_to_learn_from():
    world = World()
    loop = world.loop()
    for call in (loop.fit, loop.votes, loop.targets):
        with pytest.raises(ValueError, match="there are no votes yet"):
            call()
    with pytest.raises(ValueError, match="there are no votes yet"):
        loop.fit_student(linear_model.Ridge(), world.features)
    assert len(loop.report()) == 0
    loop.ask()
    report = loop.report()
    assert np.isnan(report["tau"]).all()
    str(report)


def test_run_refuses_strangers():
    loop = World().loop()
    with pytest.raises(ValueError, match=r"teachers.*: is not one of the teachers"):
        loop.run({"nobody": lambda r: r})
    with pytest.raises(TypeError, match="student and features go together"):
        loop.run({}, linear_model.Ridge())
    assert loop.n_rounds == 0
    with pytest.raises(ValueError, match=r"vote.*: must be 1"):
        loop.run({"ann": lambda r: np.full(len(r), 7)})
    assert isinstance(loop, vn.distillation.Distillation)


def test_without_scikit_learn_a_student_says_what_it_needs(played, monkeypatch):
    loop, world = played
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(ImportError, match=r"pip install 'venire\[ml\]'"):
        loop.fit_student(linear_model.Ridge(), world.features)


@pytest.mark.parametrize("rows", [["x"], 10**6, 0.5, [0, 10**6], {"a": 1}])
def test_rows_of_requests_that_are_no_rows(rows):
    requests = World().loop().ask()
    with pytest.raises(ValueError, match="rows: must be a mask, positions or a slice"):
        requests.select(rows)


def test_features_are_rows():
    world = World()
    loop = play(world.loop(), world)
    with pytest.raises(TypeError, match="features: must have a row for each item"):
        loop.fit_student(vn.simulate.RidgeStudent(), np.array(3.0))
