"""What no entrance lets in: hidden values, columns of other lengths, numbers that overflow, and
what is no number, column or choice at all. Whatever comes, the error is ours, about the argument.
"""

from __future__ import annotations

import decimal
import math
import os
import subprocess
import sys
import warnings
from functools import partial

import numpy as np
import pytest

import venire as vn
from venire import design, ensembles, panel, scales, simulate
from venire._core import checks
from venire._core.threads import cpu_quota, usable_cpus
from venire.distillation import kendall_tau, ndcg

# ---- entrances: a call, and arguments with which it works -------------------------------------

N = 4
FIRST, SECOND, GROUP = ["a", "b", "c", "a"], ["b", "c", "a", "c"], ["g", "g", "g", "h"]
ROWS = vn.Comparisons(FIRST * 3, SECOND * 3, [1, 0, 1, 0, 0, 1, 1, 1, 0.5, 0, 1, 0])
FIT = vn.fit_bradley_terry(ROWS)
GROUPS = vn.GroupedComparisons(
    GROUP * 3, FIRST * 3, SECOND * 3, [1, 0, 1, 0, 0, 1, 1, 1, 0.5, 0, 1, 0]
)
GROUPED = vn.fit_groups(GROUPS)
VOTES = vn.Votes.from_pairs(np.repeat(np.arange(4), 3), [0, 1, 2] * 4, [1, 1, -1, -1] * 3)
IN_GROUPS = vn.Votes(FIRST * 3, SECOND * 3, ["t", "u", "v"] * 4, [1, -1, 0] * 4, group=GROUP * 3)
POSTERIOR = vn.BetaPosterior([2.0] * N, [1.0] * N)
WORLD, TEACHERS = simulate.world(n_groups=2, n_items=5, rng=1), simulate.teachers()


def in_frame(call):
    """The same columns in a frame."""
    return lambda **columns: call(columns, **{name: name for name in columns})


def loop(**arguments):
    given = {"group": ["q"] * N, "item": list("abcd"), "teachers": ["ann", "bea"]} | arguments
    items = given.pop("group"), given.pop("item")
    return vn.distillation.Distillation(items, given.pop("teachers"), **given)


def tell(**answers):
    asked = loop(bridges=0, degree=2)
    asked.ask()
    return asked.tell(**answers)


LABELS = {"first": FIRST, "second": SECOND}
NUMBERED = {"first": np.array([0, 1, 2, 0]), "second": np.array([1, 2, 0, 2])}
VOTED = {"teacher": ["t", "u", "t", "u"], "vote": [1, -1, -1, 1]}
COUNTS = {"win": [1.0, 2, 3, 1], "loss": [1.0] * N, "tie": [0.0, 1, 0, 1]}
SCORED = {"score": [1.0, 0, 1, 0.5], "weight": [1.0] * N, "order": [1, -1, 0, 1]}
CLUSTER = {"cluster": [1, 1, 2, 2]}
MEMBERS = np.arange(12.0).reshape(3, 4) % 5

COLUMNS = {  # every argument is a column of N rows
    "Comparisons": (vn.Comparisons, LABELS | SCORED | CLUSTER),
    "Comparisons of integers": (vn.Comparisons, NUMBERED | SCORED | CLUSTER),
    "Comparisons.from_counts": (vn.Comparisons.from_counts, LABELS | COUNTS | CLUSTER),
    "Comparisons.append": (ROWS.append, LABELS | SCORED),
    "Comparisons.from_frame": (in_frame(vn.Comparisons.from_frame), LABELS | SCORED | CLUSTER),
    "Comparisons.from_frame of counts": (in_frame(vn.Comparisons.from_frame), LABELS | COUNTS),
    "GroupedComparisons": (vn.GroupedComparisons, {"group": GROUP} | LABELS | SCORED),
    "GroupedComparisons of integers": (
        vn.GroupedComparisons, {"group": np.array([0, 0, 0, 1])} | NUMBERED | SCORED,
    ),
    "GroupedComparisons.from_counts": (
        vn.GroupedComparisons.from_counts, {"group": GROUP} | LABELS | COUNTS,
    ),
    "GroupedComparisons.from_frame": (
        in_frame(vn.GroupedComparisons.from_frame), {"group": GROUP} | LABELS | SCORED,
    ),
    "Votes": (vn.Votes, LABELS | VOTED | {"group": GROUP, "weight": [1.0] * N}),
    "Votes of integers": (
        vn.Votes,
        NUMBERED
        | {
            "teacher": np.array([0, 1, 0, 1], np.int8),
            "vote": np.array([1, -1, 0, 1], np.int8),
            "group": np.array([0, 0, 0, 1]),
        },
    ),
    "Votes.from_pairs": (
        vn.Votes.from_pairs, {"pair": [1, 1, 2, 2], "swapped": [True, False] * 2} | VOTED,
    ),
    "Votes.from_frame": (
        in_frame(vn.Votes.from_frame), LABELS | VOTED | {"group": GROUP, "weight": [1.0] * N},
    ),
    "calibrate": (
        lambda **c: vn.calibrate(GROUPED, **c),
        {
            "first_group": ["g"] * N, "first": list("abcc"), "second_group": ["h"] * N,
            "second": list("acaa"), "score": [1.0, 0, 1, 0.5], "weight": [1.0] * N,
        },
    ),
    "adaboost_weights": (
        ensembles.adaboost_weights,
        {"weight": [1.0] * N, "prediction": [1, 2, 1, 2], "target": [1, 2, 2, 2]},
    ),
    "bootstrap_weights": (
        lambda **c: vn.bootstrap_weights(N, 2, rng=0, **c),
        {"cluster": [1, 2, 3, 4], "strata": [0, 0, 1, 1]},
    ),
    "Distillation": (loop, {"group": ["q"] * N, "item": list("abcd"), "gold": [0.0] * N}),
    "Distillation.tell": (tell, {"request": [0, 1, 2, 3], "vote": [1, -1, 0, 1]}),
    "World.vote": (
        lambda **c: WORLD.vote(TEACHERS, **c),
        {"group": [0, 0, 1, 1], "first": [0, 1, 2, 3], "second": [1, 2, 3, 4], "teacher": [0] * N},
    ),
}  # fmt: skip
ARRAYS = {  # the named arguments are arrays of some shape
    "BetaPosterior": (vn.BetaPosterior, {"alpha": [1.0] * N, "beta": [2.0] * N}),
    "BetaPosterior.from_counts": (vn.BetaPosterior.from_counts, COUNTS),
    "BetaPosterior.update": (POSTERIOR.update, COUNTS),
    "BetaPosterior.cdf": (POSTERIOR.cdf, {"x": [0.5] * N}),
    "BetaPosterior.quantile": (POSTERIOR.quantile, {"q": [0.5] * N}),
    "needs_votes": (
        lambda **c: panel.needs_votes(POSTERIOR, **c),
        {"precision": [0.1] * N, "decisive": [0.9] * N},
    ),
    "fit_beta_prior": (
        lambda **c: panel.fit_beta_prior(**c), {"win": [0, 3, 5, 9], "loss": [6, 2, 4, 0]},
    ),
    "decompose": (
        ensembles.decompose,
        {"predictions": MEMBERS, "target": [1.0, 2, 3, 5], "cluster": [1, 1, 2, 2]},
    ),
    "learning_curve": (
        ensembles.learning_curve, {"predictions": MEMBERS, "target": [1.0, 2, 3, 5]},
    ),
    "consensus": (lambda **c: vn.consensus(VOTES, **c), {"gold": [1.0, 0, 1, 0]}),
    "calibrate_teachers": (partial(panel.calibrate_teachers, VOTES), {"gold": [1.0, 0, 1, 0]}),
    "Fit.predict": (FIT.predict, {"first": FIRST, "second": SECOND, "order": [0, 1, -1, 0]}),
    "Fit.difference_errors": (FIT.difference_errors, {"first": FIRST, "second": SECOND}),
    "fit_bradley_terry": (
        lambda **c: vn.fit_bradley_terry(ROWS, **c), {"init": [0.0] * 3},
    ),
    "make_targets": (lambda **c: vn.targets.make_targets(GROUPED, **c), {"prediction": [0.0] * 5}),
    "select_prior": (
        lambda **c: design.select_prior(GROUPS, rng=0, **c), {"prediction": [0.0] * 5},
    ),
    "AllocationPrior": (
        lambda **c: design.AllocationPrior(precision=1.0, **c), {"mean": [0.0] * N},
    ),
    "design_pairs": (lambda **c: design.design_pairs(degree=2, rng=0, **c), {"n_items": [4, 6]}),
    "rotate_teachers": (
        design.rotate_teachers,
        {"position": [0, 1, 2, 3], "group": [0, 0, 1, 1], "teachers": [0, 1]},
    ),
    "scales.convert": (
        lambda **c: scales.convert(source="logit", target="elo", **c), {"values": [1.0] * N},
    ),
    "kendall_tau": (
        kendall_tau, {"offsets": [0, 2, 4], "values": [1.0, 2, 3, 4], "gold": [1.0, 2, 4, 3]},
    ),
    "ndcg": (ndcg, {"offsets": [0, 2, 4], "values": [1.0, 2, 3, 4], "gold": [1.0, 2, 4, 3]}),
    "Teachers": (simulate.Teachers, {"sharpness": [1.0] * N, "cost": [1.0] * N}),
}  # fmt: skip
SINGLE = {  # the named arguments are single values
    "fit_davidson": (
        lambda **c: vn.fit_davidson(ROWS, **c),
        ("prior", "order_effect", "method", "tol", "max_iter", "n_threads", "progress"),
    ),
    "fit_groups": (
        lambda **c: vn.fit_groups(GROUPS, **c),
        ("model", "prior", "shared", "tol", "max_iter", "n_threads", "strict", "progress"),
    ),
    "fit_votes": (
        lambda **c: vn.fit_votes(IN_GROUPS, **c), ("model", "method", "rounds", "rho", "n_threads"),
    ),
    "fit_judges": (
        lambda **c: vn.fit_judges(IN_GROUPS, **c), ("prior", "rounds", "signed", "n_threads"),
    ),
    "consensus": (
        lambda **c: vn.consensus(VOTES, **c),
        ("method", "hold_to_gold", "rho", "rounds", "rng", "n_threads"),
    ),
    "agreement": (partial(panel.agreement, VOTES), ("metric", "level")),
    "calibrate_teachers": (partial(panel.calibrate_teachers, VOTES, [1, 0, 1, 0]), ("level",)),
    "Votes": (
        lambda **c: vn.Votes(["a"], ["b"], ["t"], probabilities=[[1, 0, 0]], **c), ("strength",),
    ),
    "GaussianPrior": (vn.GaussianPrior, ("precision",)),
    "Fit.interval": (FIT.interval, ("level", "errors", "interval", "method")),
    "Fit.to_frame": (FIT.to_frame, ("level", "errors", "interval")),
    "Fit.summary": (FIT.summary, ("level", "errors")),
    "Fit.rescale": (FIT.rescale, ("scale",)),
    "Fit.sampled_errors": (FIT.sampled_errors, ("errors", "rng")),
    "GroupedFit.rescale": (GROUPED.rescale, ("scale",)),
    "GroupedFit[label]": (GROUPED.__getitem__, ("label",)),
    "calibrate": (
        lambda **c: vn.calibrate(GROUPED, ["g"], ["a"], ["h"], ["a"], **c),
        ("tol", "n_threads"),
    ),
    "bootstrap": (
        lambda **c: vn.bootstrap(FIT, **({"n_resamples": 2} | c)),
        ("n_resamples", "scheme", "unit", "tol", "levels", "n_threads"),
    ),
    "bootstrap_weights": (
        lambda **c: vn.bootstrap_weights(**({"n": 4, "n_resamples": 2} | c)),
        ("n", "n_resamples", "scheme", "n_threads"),
    ),
    "adaboost_weights": (
        lambda **c: ensembles.adaboost_weights(None, [1, 2], [1, 1], **c),
        ("method", "loss", "learning_rate"),
    ),
    "decompose": (lambda **c: ensembles.decompose(MEMBERS, [1, 2, 3, 4], **c), ("loss", "level")),
    "allocate": (
        lambda **c: design.allocate(GROUPS, **({"budget": 1} | c)),
        ("budget", "criterion", "share", "votes_per_ask", "rho"),
    ),
    "Criterion": (lambda **c: design.Criterion(**c), ("top", "candidates")),
    "design_bridges": (lambda **c: design.design_bridges([3, 3], **c), ("per_group",)),
    "make_targets": (lambda **c: vn.targets.make_targets(GROUPED, **c), ("clamp", "shrink")),
    "Distillation": (
        loop, ("degree", "bridges", "model", "criterion", "share", "method", "rho", "top", "panel"),
    ),
    "world": (simulate.world, ("kind", "n_groups", "student", "bias")),
    "show_config": (vn.show_config, ("mode",)),
}  # fmt: skip


# ---- what is thrown at them -------------------------------------------------------------------


class Unreadable:
    """Says three rows and gives none."""

    def __len__(self):
        return N

    def __array__(self, *_, **__):
        raise RuntimeError("no array")

    def __iter__(self):
        raise RuntimeError("no values")


class Lying:
    """Says N rows and gives another number."""

    def __init__(self, n):
        self.values = [1] * n

    def __len__(self):
        return N

    def __iter__(self):
        return iter(self.values)


class Mute:
    """Has no repr, and no truth in comparisons."""

    __hash__ = None

    def __repr__(self):
        raise RuntimeError("no repr")

    def __eq__(self, other):
        raise RuntimeError("no equality")


def wrong_columns():
    return {
        "a generator, too short": (1 for _ in range(N - 1)),
        "a generator, too long": (1 for _ in range(N + 1)),
        "a list that lies": Lying(N + 1),
        "another that lies": Lying(N - 1),
        "a range": range(N + 1),
        "hidden integers": np.ma.array([1] * N, mask=[0, 0, 1, 0]),
        "hidden floats": np.ma.array([0.5] * N, mask=[0, 0, 1, 0]),
        "hidden in a list": [1, 1, np.ma.masked, 1],
        "hidden in objects": np.array([1, 1, np.ma.masked, 1], object),
        "hidden in parts": [np.ma.array([1, 0, 0], mask=[0, 1, 0])] * N,
    } | wrong_arrays()


def wrong_arrays():
    return {
        "ragged": [[1], [1, 2], [1], [1]],
        "beyond float64": [10**400] * N,
        "once beyond float64": [1, 1, 10**400, 1],
        "complex": [1j] * N,
        "dates": np.array(["2020-01-01"] * N, "M8[D]"),
        "bytes": np.array([b"a"] * N),
        "objects": [object()] * N,
        "mute": [Mute()] * N,
        "a record": np.zeros(N, [("a", int)]),
        "a mapping": {"a": 1},
        "a set": {1, 2, 3, 4},
        "an object": object(),
        "unreadable": Unreadable(),
        "three dimensions": np.zeros((2, N, 2)),
    }


def wrong_values():
    return {
        "another word": "x",
        "bytes": b"x",
        "nan": math.nan,
        "2**64": 2**64,
        "10**400": 10**400,
        "10**5000": 10**5000,
        "complex": 1j,
        "a list": [["a"]],
        "an array": np.zeros((2, 2)),
        "a mapping": {"a": 1},
        "a decimal nan": decimal.Decimal("nan"),
        "mute": Mute(),
        "unreadable": Unreadable(),
    }


def refused(call, arguments, argument, value):
    """The error about an argument; None where there was an answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call(**(arguments | {argument: value}))
        except (ValueError, TypeError) as error:
            return error
    return None


CASES = [
    pytest.param(call, arguments, argument, id=f"{name}-{argument}")
    for name, (call, arguments) in (COLUMNS | ARRAYS).items()
    for argument in arguments
]


def may_be(argument, what, is_array):
    """What is right for some arguments, or cannot be told apart from what is right."""
    if is_array and what.startswith(("a generator", "a list", "another", "a range")):
        return True  # other shapes may broadcast
    classes = (
        "bytes",
        "dates",
        "a record",
        "complex",
        "objects",
        "beyond float64",
        "once beyond float64",
    )
    return (
        (argument in ("group", "groups", "cluster") and what == "dates")
        or (argument in ("prediction", "target", "cluster") and what in classes)
        or (argument == "item" and what not in ("ragged", "a set"))  # named as the item's column
        or (argument == "request" and what == "a mapping")  # a frame
        or (argument == "values" and what == "three dimensions")
    )


@pytest.mark.parametrize(("call", "arguments", "argument"), CASES)
def test_what_is_no_column(call, arguments, argument):
    assert refused(call, arguments, argument, arguments[argument]) is None
    is_array = any(call is c for c, _ in ARRAYS.values())
    for what, value in wrong_columns().items():
        if may_be(argument, what, is_array):
            continue
        error = refused(call, arguments, argument, value)
        assert error is not None, what
        if "generator" not in what and "lies" not in what and what != "a range":
            assert argument in str(error), (what, str(error))
        else:  # which of two lengths is wrong nobody knows
            assert any(a in str(error) for a in arguments), (what, str(error))
        if "hidden" in what and not is_array:
            assert "missing" in str(error) or "label" in str(error), (what, str(error))


@pytest.mark.parametrize(
    ("call", "arguments", "argument"),
    [c for c in CASES if c.id.split("-")[0] in COLUMNS and "weights" not in c.id],
)
def test_a_mask_that_hides_nothing(call, arguments, argument):
    plain = np.asarray(arguments[argument])
    assert refused(call, arguments, argument, np.ma.array(plain)) is None
    assert refused(call, arguments, argument, (x for x in plain.tolist())) is None


@pytest.mark.parametrize(
    ("call", "argument"),
    [pytest.param(c, a, id=f"{n}-{a}") for n, (c, names) in SINGLE.items() for a in names],
)
def test_what_is_no_single_value(call, argument):
    for what, value in wrong_values().items():
        error = refused(call, {}, argument, value)
        if error is None:
            may = ["2**64", "10**400", "10**5000"]  # a number, a seed, a limit like any other
            may += ["a mapping"] if call is vn.GaussianPrior else []  # precisions by label
            assert what in may, what
        else:
            assert argument in str(error), (what, str(error))


@pytest.mark.parametrize("generator", [0, 1, 2])
def test_lengths_are_those_of_what_was_read(generator):
    """An iterator has no length, and an object may say another than its own."""
    columns: list = [list("abc"), list("bca"), [1.0, 0.0, 1.0]]
    columns[generator] = (x for x in columns[generator][:2])
    with pytest.raises(ValueError, match=r"has [23] rows, but .* (has|there are) [23]"):
        vn.Comparisons(*columns)
    n = 100_000
    ids = np.arange(n) % 7
    for make in (
        lambda second: vn.Comparisons(ids, second, 1.0),
        lambda second: vn.GroupedComparisons(ids, ids, second, 1.0),
        lambda second: vn.Votes(ids, second, ids, np.ones(n, np.int8)),
    ):
        with pytest.raises(ValueError, match="second: has 5 rows"):
            make(x for x in range(5))
        with pytest.raises(ValueError, match="second: has 5 rows"):
            make(Long(n, [1, 2, 3, 4, 5]))
    with pytest.raises(ValueError, match="teacher: has 5 rows"):
        vn.Votes.from_pairs(ids, Long(n, [1, 2, 3, 4, 5]), np.ones(n, np.int8))
    with pytest.raises(ValueError, match="cluster: has 5 rows"):
        vn.Comparisons(ids, ids + 1, 1.0, cluster=Long(n, [1, 2, 3, 4, 5]))


class Long(Lying):
    def __init__(self, n, values):
        self.n, self.values = n, values

    def __len__(self):
        return self.n


# ---- totals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [1e308, 1e200, 1e155, 1.1e30])
def test_totals_that_would_overflow(weight):
    many = [weight] * N
    for call, argument in (
        (lambda: vn.Comparisons(FIRST, SECOND, 1.0, many), "weight"),
        (lambda: vn.Comparisons(FIRST, SECOND, 1.0, weight), "weight"),
        (lambda: vn.Comparisons.from_counts(FIRST, SECOND, many, many), "win"),
        (lambda: vn.Comparisons.from_counts(FIRST, SECOND, [1] * N, [1] * N, many), "tie"),
        (lambda: vn.GroupedComparisons(GROUP, FIRST, SECOND, 1.0, many), "weight"),
        (lambda: vn.GroupedComparisons.from_counts(GROUP, FIRST, SECOND, many, [1] * N), "win"),
        (lambda: vn.Votes(FIRST, SECOND, FIRST, [1] * N, weight=many), "weight"),
        (lambda: vn.BetaPosterior.from_counts(many, 1), "win"),
        (lambda: ensembles.adaboost_weights(many, FIRST, SECOND), "weight"),
        (lambda: vn.GaussianPrior(weight), "precision"),
    ):
        with pytest.raises(ValueError, match=argument):
            call()
    frame = {"a": FIRST, "b": SECOND, "w": [1e20] * N, "l": [1.0] * N}
    with pytest.raises(ValueError, match=r"win.*\(column 'w'\)"):
        vn.Comparisons.from_frame(frame, first="a", second="b", win="w", loss="l", weight="w")


@pytest.mark.parametrize("fit", [vn.fit_bradley_terry, vn.fit_thurstone, vn.fit_davidson])
@pytest.mark.parametrize("weight", [checks.LARGEST, 1e20, 1e-20])
def test_the_largest_totals_change_no_rating(fit, weight):
    scores = [1, 1, 1, 1, 0.5, 0]
    first, second = list("abcabc"), list("bcacab")
    plain = fit(vn.Comparisons(first, second, scores))
    found = fit(vn.Comparisons(first, second, scores, weight))
    assert found.converged
    np.testing.assert_allclose(found.theta, plain.theta, atol=1e-9)
    np.testing.assert_allclose(
        found.standard_errors("robust") * math.sqrt(weight), plain.standard_errors("robust"),
        rtol=1e-6,
    )  # fmt: skip


def test_weights_of_consensus_have_a_bound_that_is_named():
    votes = vn.Votes.from_pairs([0, 0, 1], [0, 1, 0], [1, 1, -1], weight=[1e20] * 3)
    with pytest.raises(ValueError, match=r"votes.*: must weigh at most"):
        vn.consensus(votes)


def test_gains_are_never_nan():
    score = [1.0, 1.0, 1.0, 1.0, 0.5, 0.0]
    heavy = vn.GroupedComparisons(["g"] * 6, list("abcabc"), list("bcacab"), score, [1e30] * 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.ConvergenceWarning)
        with pytest.raises(ValueError, match="comparisons: hold weights that are too large"):
            design.allocate(heavy, 2, rng=0)


def test_ties_that_are_all_of_the_weight_up_to_rounding():
    c = vn.Comparisons([0, 1, 0], [1, 0, 1], [1.0, 0.0, 0.5], [1e-20, 1e-20, 1.0])
    for fit in (vn.fit_davidson, vn.fit_rao_kupper):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = fit(c, prior=vn.GaussianPrior(1.0))
        assert np.isfinite(found.theta).all()
        assert np.isfinite(found.tie)
        assert np.isfinite(found.standard_errors()).all()


def test_an_information_that_is_singular_gives_nan_and_says_so():
    from venire.ratings._covariance import inverse_of

    assert np.isnan(inverse_of(np.zeros((1, 1)))).all()
    assert np.isnan(inverse_of(np.array([[1.0, 1.0], [1.0, 1.0]]))).all()
    g = vn.GroupedComparisons(
        ["g"] * 3, list("abc"), list("bca"), [1.0, 1.0, 0.5], [1e-20, 1e-20, 1.0]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model in ("davidson", "rao-kupper"):
            vn.fit_groups(g, model=model, shared=True).parameter_errors()


@pytest.mark.parametrize("method", ["samme", "r2"])
def test_boosting_with_weights_below_the_least_normal_number(method):
    target, prediction = [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 5.0]
    tiny = ensembles.adaboost_weights([5e-324] * 4, prediction, target, method=method)
    plain = ensembles.adaboost_weights([1.0] * 4, prediction, target, method=method)
    assert tiny.weight.tolist() == plain.weight.tolist()
    assert tiny.error == plain.error


# ---- extremes that have an answer, and counts that have a bound --------------------------------


def test_a_mass_that_is_nothing_beside_the_total_has_no_part_in_the_deviance():
    c = vn.Comparisons([0, 1, 0], [1, 0, 1], [1.0, 1.0, 1.0], [1e9, 1e9, 5e-324])
    plain = vn.Comparisons([0, 1], [1, 0], [1.0, 1.0], [1e9, 1e9])
    lone = vn.Comparisons([0, 0], [1, 1], [1.0, 0.0], [1e9, 5e-324])
    prior = vn.GaussianPrior(1.0)
    for rows, same in ((c, plain), (lone, vn.Comparisons([0], [1], [1.0], [1e9]))):
        found, expected = (vn.fit_bradley_terry(r, prior=prior) for r in (rows, same))
        assert found.deviance == pytest.approx(expected.deviance, rel=1e-12, abs=1e-6)
        assert found.null_deviance == pytest.approx(expected.null_deviance, rel=1e-12, abs=1e-6)
    tied = vn.Comparisons([0, 0, 1], [1, 1, 0], [1.0, 0.5, 1.0], [1e9, 5e-324, 1e9])
    assert math.isfinite(vn.fit_davidson(tied, prior=prior).null_deviance)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_the_least_integer_of_a_type_is_a_label_like_others(kind):
    fit = vn.fit_bradley_terry(vn.Comparisons([0, 1], [1, 0], score=1.0))
    least = kind(np.iinfo(kind).min)
    with pytest.raises(ValueError, match="must be the label of an item"):
        fit.predict([0, least], [1, 1])
    with pytest.raises((ValueError, TypeError)):
        fit.predict([0, np.float16("inf")], [1, 1])


def test_features_and_targets_of_learners_have_a_bound():
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = np.arange(24.0).reshape(12, 2) % 7, np.arange(12.0) % 5
    bag = ensembles.Bagging(linear.LinearRegression(), 5, oob=True, random_state=0)
    for huge in (1e200, -1e31, 10**400):
        wrong = x.astype(object)
        wrong[3, 1] = huge
        for case in (wrong, [list(row) for row in wrong]):
            with pytest.raises(ValueError, match=r"X\[3\] = .*: must be of a size of at most 1e"):
                bag.fit(case, y)
            with pytest.raises(ValueError, match=r"X\[3\] = .*: must be of a size of at most 1e"):
                ensembles.stack_estimators([linear.LogisticRegression()] * 2, case, y > 2, x)
    with pytest.raises(ValueError, match=r"y\[2\] = .*: must be of a size of at most 1e.30"):
        bag.fit(x, np.where(np.arange(12) == 2, 1e308, y))
    with pytest.raises(ValueError, match=r"X.*: must be of a size"):
        bag.fit(x, y).predict(x * 1e200)
    with pytest.raises(ValueError, match="random_state"):
        ensembles.Bagging(linear.LinearRegression(), 5, random_state=2**63).fit(x, y)
    assert np.isfinite(bag.fit(x * 1e29, y * 1e29).predict(x)).all()


def test_the_student_of_simulations_is_checked():
    x, y = np.arange(12.0).reshape(6, 2), np.arange(6.0)
    with pytest.raises(ValueError, match=r"x\[2\].*: must be finite"):
        simulate.RidgeStudent().fit(np.where(x == 5.0, 1e200, x), y)
    for name, value in (("scale", -1.0), ("scale", "x"), ("penalty", math.nan),
                        ("penalty", None), ("n_waves", 2**40), ("n_waves", 1.5)):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match=f"^{name}( = .*)?: "):
            simulate.RidgeStudent(**{name: value}).fit(x, y)
    with pytest.raises(ValueError, match=r"penalty.*: must be larger"):
        simulate.RidgeStudent(penalty=0.0, n_waves=0).fit(np.zeros((6, 2)), y)


def test_variances_of_a_singular_information_are_nan():
    from venire.ratings.grouped import _uncertainty

    g = vn.GroupedComparisons(["g"] * 2, list("ab"), list("ba"), 1.0)
    gf = vn.fit_groups(g)

    class Native:
        def variances(self, e, a, b, variance, *rest):
            variance[:] = [-1e-30, np.inf]

    gf._cache.clear()
    found = gf.native()
    object.__setattr__(gf, "native", lambda: (Native(), found[1]))
    with np.errstate(all="raise"):
        errors = _uncertainty.compute_errors(gf)
    assert np.isnan(errors.theta).all()


def test_counts_have_a_bound():
    asked = loop(bridges=0, degree=2)
    for rounds in (2**31, 2**63, 10**40, -1, 1.0, "1"):
        with pytest.raises((ValueError, TypeError), match=r"^rounds.*:"):
            asked.run({"ann": lambda r: np.ones(len(r))}, rounds=rounds)
    for teachers in (True, ["ann"], {"ann": 3}):
        with pytest.raises(TypeError, match=r"^teachers.*: must map labels to callables"):
            asked.run(teachers)


def test_what_a_table_cannot_hold(tmp_path):
    from venire.io import DataError, write_table

    for ending in ("csv", "parquet", "arrow", "json", "jsonl"):
        path = tmp_path / f"t.{ending}"
        for column in ([1, object()], [1j, 2j], [[1], [1, 2]], [slice(3)], 5, np.zeros((2, 2))):
            with pytest.raises((ValueError, TypeError), match=r"table\['x'\]"):
                write_table({"x": column}, path)
        with pytest.raises(ValueError, match=r"table\['y'\]: has 1 rows, but the first .* 2"):
            write_table({"x": [1, 2], "y": [1]}, path)
        for table in ([1], None, {3: [1]}):
            with pytest.raises(TypeError, match=r"^table.*:"):
                write_table(table, path)
        if ending in ("csv", "parquet", "arrow"):
            with pytest.raises(ValueError, match=r"table\['x'\]: cannot be written"):
                write_table({"x": [1, 10**40]}, path)
        assert not path.exists()
    deep = tmp_path / "deep.json"
    deep.write_text('[{"a": 1e400, "b": 123456789012345678901234567890}]')
    with pytest.raises(DataError):
        vn.io.read_comparisons(deep, first="a", second="b", score="b")


@pytest.mark.parametrize("wrong", [np.array([1, 2]), [np.array(["a", "b"])], [["a"]], 3, [1.5]])
def test_what_names_no_columns(wrong):
    frame = {"t": list("tu"), "v": [1, -1], "p": [1, 2], **{k: [0.5, 0.2] for k in "abc"}}
    for argument in ("vote", "probabilities"):
        with pytest.raises((ValueError, TypeError), match=argument):
            vn.Votes.from_frame(frame, teacher="t", pair="p", **{argument: wrong})
    frame["t"] = 3
    with pytest.raises(TypeError, match=r"teacher.*: must be a column"):
        vn.Votes.from_frame(frame, teacher="t", pair="p", vote=["v", "p"])


def test_an_object_that_says_that_it_is_an_arrow_column():
    class Liar:
        def __len__(self):
            return 2

        def __arrow_c_array__(self, *args, **named):
            return None, None

    with pytest.raises((ValueError, TypeError), match=r"^first: "):
        vn.Comparisons(Liar(), [1, 2], 1.0)
    with pytest.raises((ValueError, TypeError), match=r"^score.*:"):
        vn.Comparisons([1, 2], [2, 1], Liar())


def test_jobs_of_files_check_like_fits(tmp_path):
    from grouped_data import fit_files

    path = tmp_path / "in.csv"
    path.write_text("g,a,b,s\nq,x,y,1\nq,y,x,1\n")
    for name, wrong in (("prior", 0.1), ("tol", 2.0), ("max_iter", -1), ("shared", 3),
                        ("model", np.array(["a", "b"])), ("scale", [1]), ("order_effect", {}),
                        ("errors", "x")):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match=f"^{name}( = .*)?: "):
            fit_files(path, tmp_path / "out.csv", group="g", first="a", second="b",
                                 score="s", **{name: wrong})  # fmt: skip


def test_ties_beside_which_the_rest_is_nothing():
    """The tie parameter runs to where its square has left the doubles: numbers all the same."""
    rows = [0, 0], [1, 1], [1.0, 0.5], [1e-30, 2e6]
    c, g = vn.Comparisons(*rows), vn.GroupedComparisons(["g"] * 2, *rows)
    prior = vn.GaussianPrior(1.0)
    for model, fit in (("davidson", vn.fit_davidson), ("rao-kupper", vn.fit_rao_kupper)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vn.ConvergenceWarning)
            one, many = fit(c, prior=prior), vn.fit_groups(g, model=model, prior=prior)
        for value in (one.theta, one.tie, one.log_likelihood, one.deviance, many.theta, many.tie,
                      many.log_likelihood):  # fmt: skip
            assert np.isfinite(value).all()
        assert one.log_likelihood <= 0.0
        assert many.log_likelihood[0] <= 0.0


def test_hardly_any_tie_is_a_tie_that_can_be():
    rows = [0, 0, 1, 0], [1, 1, 0, 1], [1.0, 1.0, 1.0, 0.5], [1.0, 1.0, 1.0, 1e-30]
    for prior in (None, vn.GaussianPrior(1.0)):
        one = vn.fit_rao_kupper(vn.Comparisons(*rows), prior=prior)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vn.ConvergenceWarning)
            g = vn.GroupedComparisons(["g"] * 4, *rows)
            many = vn.fit_groups(g, model="rao-kupper", prior=prior)
        assert np.isfinite([one.log_likelihood, one.deviance, *many.log_likelihood]).all()
        assert one.log_likelihood == pytest.approx(many.log_likelihood[0], rel=1e-2)


def test_sweeps_whose_strengths_leave_the_doubles_say_that_they_did_not_converge():
    names = list(range(40))
    c = vn.Comparisons(
        names[:-1] + names[1:], names[1:] + names[:-1], 1.0, [1e30] * 39 + [1e-30] * 39
    )
    with pytest.warns(vn.ConvergenceWarning):
        fit = vn.fit_bradley_terry(c, method="mm", max_iter=100_000, tol=1e-12)
    assert not fit.converged
    assert np.isfinite(fit.theta).all()
    assert math.isfinite(fit.log_likelihood)


def test_infinities_that_are_compared():
    from venire.distillation import kendall_tau

    inf = math.inf
    assert kendall_tau([0, 3], [inf, 1.0, -inf], [3.0, 2.0, 1.0]).tolist() == [1.0]
    assert math.isnan(kendall_tau([0, 2], [inf, inf], [1.0, 2.0])[0])
    frame = {"a": [1, 2, 3], "b": [2, 3, 1], "x": [1e308, 1e308, 1e308], "y": [1e308, 1.0, 1e308]}
    c = vn.Comparisons.from_frame(frame, first="a", second="b", first_score="x", second_score="y")
    assert c.n_comparisons == 3


@pytest.mark.parametrize("value", [np.timedelta64(1), np.timedelta64(1, "s"), True, np.True_])
def test_what_is_derived_from_a_number_and_is_none(value):
    for call in (
        lambda: vn.bootstrap(FIT, value, rng=0), lambda: vn.bootstrap(FIT, 3, rng=value),
        lambda: FIT.interval(value), lambda: vn.GaussianPrior(value),
        lambda: vn.fit_bradley_terry(ROWS, max_iter=value),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=": "):
            call()


def test_labels_that_are_arrays_of_no_dimension():
    one = np.array(3)
    for call in (
        lambda: vn.GroupedComparisons([1, 1], one, [1, 2], 1.0),
        lambda: vn.GroupedComparisons(one, [2, 1], [1, 2], 1.0),
        lambda: vn.Votes.from_pairs(one, [2, 1], [1, 1]),
        lambda: vn.Comparisons(one, [2, 1], 1.0),
    ):
        with pytest.raises((TypeError, ValueError), match=r"^(first|group|pair): "):
            call()


def test_numbers_wider_than_doubles():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(TypeError, match="second"):
            vn.Comparisons([1, 2, 3], [2, 3.0, np.complex128(1)], 1.0)
        if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
            wide = np.full(N, np.longdouble(2.0) ** 5000)
            with pytest.raises(ValueError, match="win"):
                vn.Comparisons.from_counts(FIRST, SECOND, wide, np.ones(N))


def test_masses_without_which_there_are_no_counts():
    for masses in ({"win": [1.0] * N, "loss": None}, {"win": None, "loss": [1.0] * N}):
        for first in (FIRST, [0, 1, 2, 0]):
            second = SECOND if first is FIRST else [1, 2, 0, 2]
            for cluster in (None, GROUP):
                with pytest.raises(TypeError, match=r"win|loss"):
                    vn.Comparisons.from_counts(first, second, **masses, cluster=cluster)


def test_a_spread_whose_square_is_nothing_is_none():
    group, first, second = ["g", "g"], ["a", "b"], ["b", "a"]
    g = vn.GroupedComparisons.from_counts(group, first, second, [1.0, 1.0], [1.0, 1.0 - 1e-16])
    gf = vn.fit_groups(g, prior=vn.GaussianPrior(1e25))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not np.isinf(gf.standardize().theta).any()


def test_one_weight_for_all_rows_of_a_student():
    rng = np.random.default_rng(1)
    x, y, group = rng.normal(size=(12, 2)), rng.normal(size=12), np.repeat([0, 1, 2], 4)
    student = simulate.RidgeStudent()
    both = [
        simulate.out_of_fold(student, x, y, group, sample_weight=w, n_folds=3, rng=1)
        for w in (2.0, np.full(12, 2.0))
    ]
    np.testing.assert_array_equal(*both)


def test_results_have_a_bound_on_their_size():
    small = vn.bootstrap(vn.fit_bradley_terry(ROWS, prior=vn.GaussianPrior(1.0)), 2, rng=0)
    for n in (2**31 - 1, 10**9, 2**63, 10**40):
        for name, call in (
            ("n_resamples", lambda n: vn.bootstrap(FIT, n)),
            ("n_resamples", lambda n: vn.bootstrap(GROUPED, n)),
            ("n_resamples", lambda n: vn.bootstrap_statistic(np.mean, np.ones(3), n_resamples=n)),
            ("more", small.extend),
            ("rounds", lambda n: vn.consensus(VOTES, rounds=n)),
        ):
            with pytest.raises(ValueError, match=f"^{name} = .*: must be at most"):
                call(n)


def test_a_cut_archive_of_a_name_that_says_no_format(tmp_path):
    import gzip

    from grouped_data import fit_files

    path = tmp_path / "in.gz"
    path.write_bytes(gzip.compress(b"g,a,b,s\nq,x,y,1\nq,y,x,1\n" * 50)[:-12])
    with pytest.raises(vn.io.DataError, match="is cut off: the compressed data end too early"):
        fit_files(path, tmp_path / "out.csv", group="g", first="a", second="b", score="s")


# ---- threads ----------------------------------------------------------------------------------


@pytest.fixture
def no_wish(monkeypatch):
    for variable in ("VENIRE_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(variable, raising=False)
    return monkeypatch


def test_threads_of_the_caller(no_wish):
    assert checks.n_threads(8) == 8
    for many in (100_000 - 40_000, 65_535, np.uint16(65_535)):
        assert checks.n_threads(many) == max(8, usable_cpus())
    for bad in (0, -1, 65_536, 100_000, 3_000_000_000, 10**400):
        with pytest.raises(ValueError, match="n_threads"):
            checks.n_threads(bad)
    for bad in (1.0, "2", True, [1]):
        with pytest.raises(TypeError, match="n_threads"):
            checks.n_threads(bad)
    assert vn.fit_bradley_terry(ROWS, n_threads=65_535).converged


def test_threads_of_the_environment(no_wish):
    assert checks.n_threads(None) == usable_cpus()
    no_wish.setenv("OMP_NUM_THREADS", "60000")
    assert checks.n_threads(None) == usable_cpus()
    no_wish.setenv("OMP_NUM_THREADS", "1,4")
    assert checks.n_threads(None) == 1
    no_wish.setenv("VENIRE_NUM_THREADS", "5")
    assert checks.n_threads(None) == 5
    for variable in ("VENIRE_NUM_THREADS", "OMP_NUM_THREADS"):
        no_wish.delenv("VENIRE_NUM_THREADS", raising=False)
        for bad in ("0", "-1", "65536", "100000", "nonsense", "1.5", "9" * 5000, "²"):
            no_wish.setenv(variable, bad)
            with pytest.raises(ValueError, match=variable):
                checks.n_threads(None)


@pytest.mark.parametrize("value", ["100000", "0"])
def test_the_environment_is_refused_and_not_crashed_on(value):
    code = "import venire as vn; vn.Comparisons([0], [1], 1)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"VENIRE_NUM_THREADS": value},
    )  # fmt: skip
    assert done.returncode == 1
    assert f"VENIRE_NUM_THREADS = {value!r}: must be a whole number from 1 to 65535" in done.stderr


def control_groups(root, mounts, groups, files):
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text("\n".join(mounts))
    (root / "proc/self/cgroup").write_text("\n".join(groups))
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return str(root)


V2 = "30 24 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"
V1 = "31 24 0:27 {top} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"


@pytest.mark.parametrize(
    ("mounts", "groups", "files", "quota"),
    [
        ([V2], ["0::/"], {"sys/fs/cgroup/cpu.max": "max 100000\n"}, None),
        ([V2], ["0::/a/b"], {"sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 2),
        (  # the least of a group and of those around it
            [V2],
            ["0::/a/b"],
            {
                "sys/fs/cgroup/a/b/cpu.max": "800000 100000",
                "sys/fs/cgroup/a/cpu.max": "300000 100000",
            },
            3,
        ),
        ([V2], ["0::/a"], {"sys/fs/cgroup/a/cpu.max": "1000 100000"}, 1),
        (
            [V1.format(top="/")],
            ["4:cpu,cpuacct:/x", "0::/"],
            {
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "250000",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            3,
        ),
        (
            [V1.format(top="/")],
            ["4:cpu,cpuacct:/x"],
            {
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            },
            None,
        ),
        (  # in a container, which sees its own group as the top
            [V1.format(top="/docker/1")],
            ["4:cpu,cpuacct:/docker/1"],
            {
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "400000",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            },
            4,
        ),
        ([V2], ["nonsense"], {}, None),
        ([], [], {}, None),
    ],
)
def test_quotas_of_control_groups(tmp_path, mounts, groups, files, quota):
    assert cpu_quota(control_groups(tmp_path, mounts, groups, files)) == quota


def test_without_control_groups(tmp_path):
    assert cpu_quota(str(tmp_path)) is None
    assert usable_cpus() >= 1
