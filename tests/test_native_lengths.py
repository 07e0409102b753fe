"""Every native call checks the arrays that it is handed: lengths, offsets, codes.

Calls as the library makes them are intercepted; before each runs, it is made with one array broken
in one way after the other. Each must be refused. A child process does so: a crash fails the test.
"""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import subprocess
import sys
import warnings

import numpy as np
import pytest

import venire._native
from venire._native import (
    beta,
    design,
    group_cells,
    grouped,
    labels,
    pool,
    problem,
    replicates,
    resample,
)

PER_CALL = 2  # calls of each kind that are looked at

#: What an entry takes as it is: an array that says how many there are, and has no other beside it.
FREE = {
    "beta.digammas.0",
    "labels.KeyTables.add_numbers.0",
    "labels.KeyTables.add_ucs4.0",
    "labels.KeyTables.recode.0",
    "labels.KeyTables.texts.0",
    "labels.KeyTables.numbers.0",
    "labels.mark.0",
    "labels.mark.2",  # room for the marks
    "labels.take.0",
    "labels.take.2",  # what the codes of the range become
    "labels.value_range.0",
    "votes.mark.0",
    "group_cells.runs.0",
    "group_cells.sort.0",
    "grouped.summary.0",  # columns, of which there may be more
    "grouped.summary.3",  # probabilities, as many as wanted
    "grouped.Groups.fix.0",
    "teacher_weights.RowVotes.1.square",  # not read
    "replicates.Draws.1",
    "resample.words.1",  # counters, as many as words are wanted
    "problem.largest.0",
}

#: Integers that are no codes: rows as they come from our encoder, outputs, other numbers.
NO_CODES = {
    "cells.count.0",
    "cells.count.1",
    "cells.aggregate.cluster",  # compared with the row before, never a place
    "group_cells.aggregate.0",
    "group_cells.aggregate.1",
    "group_cells.aggregate.row",
    "votes.aggregate.0",
    "votes.aggregate.teacher",
    "votes.aggregate.pair",
    "votes.aggregate.first",
    "votes.aggregate.second",
    "votes.aggregate.teacher_code",
    "allocate.pick.6",
    "allocate.pick.7",
    "gram.weighted_grams.1",
}
#: Columns of tables that hold int32 numbers.
COUNTS = ("win", "tie", "loss", "runs", "swapped_runs", "n_iter", "n_parts")

#: Positions that may stand in any order, and counts by group.
NO_OFFSETS = {
    "resample.Resampler.unit",
    "resample.Resampler.4",
    "teacher_weights.RowVotes.4",
    "resample.Resampler.2",
    "allocate.pick.4",
}

#: Offsets whose end says how long other arrays must be, in later calls.
ENDS = {"grouped.Groups.1", "resample.Resampler.1"}

#: Classes that hold arrays for others.
DATA = ("Estimates", "Schema", "Chunk")


# --- breaking one array ---------------------------------------------------------------------------


def broken_arrays(name, x):
    """Copies of `x`, each wrong in one way, and what is wrong."""
    if name in FREE or not x.size:
        return
    if x.ndim == 2:
        if name != "gram.weighted_grams.1":  # replicates, as many as wanted
            yield "cut", x[:-1].copy()
        if name != "gram.weighted_grams.0":  # features
            yield "cut columns", x[:, :-1].copy()
        return
    yield "cut", x[:-1].copy()
    if len(x) > 1:
        yield "empty", x[:0].copy()
    last = name.rsplit(".", 1)[-1]
    offsets = x.dtype == np.int64 and x[0] == 0 and x[-1] > 0 and (np.diff(x) >= 0).all()
    if offsets and name not in NO_OFFSETS:
        yield "starts late", x + (np.arange(len(x)) == 0)
        yield "starts early", x - (np.arange(len(x)) == 0)
        if name not in ENDS:
            yield "ends late", x + (np.arange(len(x)) == len(x) - 1)
            yield "ends far", x + 2**40 * (np.arange(len(x)) == len(x) - 1)
        if len(x) > 2:
            falling = x.copy()
            falling[1] = 2**40
            yield "falls", falling
    else:
        yield "longer", np.concatenate([x, x[-1:]])
    if x.dtype == np.int32 and name not in NO_CODES and last not in COUNTS:
        for code in (-5, 2**30):
            wrong = x.copy()
            wrong[len(x) // 2] = code
            yield f"code {code}", wrong


def broken(name, value):
    """Like `value`, an argument, with one array in it broken."""
    if isinstance(value, np.ndarray):
        yield from broken_arrays(name, value)
    elif isinstance(value, dict):
        for key, x in value.items():
            for what, y in broken(f"{name}.{key}", x):
                yield f"{key} {what}", {**value, key: y}
    elif type(value) is tuple:
        for k, x in enumerate(value):
            for what, y in broken(f"{name}.{k}", x):
                yield f"{k} {what}", (*value[:k], y, *value[k + 1 :])
    elif type(value).__name__ in ("Estimates", "Part"):
        yield from broken_object(name, value)


def broken_object(name, value):
    """An object whose attributes are arrays: one at a time is broken in place."""
    for key in ("theta", "gamma", "log_tie", "residual", "n_iter", "n_parts", "status"):
        x = getattr(value, key, None)
        if x is None or x.ndim != 1:
            continue
        for what, y in broken_arrays(f"{name}.{key}", x):
            setattr(value, key, y)
            yield f"{key} {what}", value
        setattr(value, key, x)


class Watch:
    """Breaks the arguments of calls before they are made."""

    def __init__(self):
        self.calls, self.tried, self.accepted = {}, 0, []

    def before(self, name, call, args, kwargs):
        if self.calls.get(name, 0) >= PER_CALL:
            return
        if not sum(x.size for x in args if isinstance(x, np.ndarray)) and not kwargs:
            return
        self.calls[name] = self.calls.get(name, 0) + 1
        for k, value in enumerate(args):
            for what, x in broken(f"{name}.{k}", value):
                self.refused(f"{name}.{k}: {what}", call, (*args[:k], x, *args[k + 1 :]), kwargs)
        for key, value in kwargs.items():
            for what, x in broken(f"{name}.{key}", value):
                self.refused(f"{name}.{key}: {what}", call, args, {**kwargs, key: x})

    def refused(self, what, call, args, kwargs):
        self.tried += 1
        print(f"? {what}", flush=True)
        try:
            call(*args, **kwargs)
        except ValueError:
            return
        except Exception as e:  # refused, but not as it should be
            what = f"{what}: {type(e).__name__}: {e}"
        self.accepted.append(what)


def watch(watcher):
    """Put the watcher before every function and class of the native layer."""
    for info in pkgutil.iter_modules(venire._native.__path__):
        module = importlib.import_module(f"venire._native.{info.name}")
        for name, thing in list(vars(module).items()):
            if getattr(thing, "__module__", None) != module.__name__ or name.startswith("_"):
                continue
            if isinstance(thing, type):
                if not issubclass(thing, Exception) and name not in DATA:
                    setattr(module, name, watched_class(watcher, f"{info.name}.{name}", thing))
            elif callable(thing):
                setattr(module, name, watched(watcher, f"{info.name}.{name}", thing))


def watched(watcher, name, function):
    @functools.wraps(function)
    def call(*args, **kwargs):
        watcher.before(name, function, args, kwargs)
        return function(*args, **kwargs)

    return call


def watched_class(watcher, name, real):
    def make(cls, *args, **kwargs):
        watcher.before(name, real, args, kwargs)
        return real.__new__(cls, *args, **kwargs)

    def method(key, function):
        def call(self, *args, **kwargs):
            bound = functools.partial(function, self)
            watcher.before(f"{name}.{key}", bound, args, kwargs)
            return function(self, *args, **kwargs)

        return call

    members = {"__new__": make}
    for key, function in vars(real).items():
        if callable(function) and not key.startswith("_"):
            members[key] = method(key, function)
    return type(real.__name__, (real,), members)


# --- calls as the library makes them --------------------------------------------------------------


def rows(rng, n=400, items=9):
    first = rng.integers(0, items, n)
    second = (first + rng.integers(1, items, n)) % items
    return first, second, rng.choice([0.0, 0.5, 1.0], n)


def work_on_fits(vn, rng):
    first, second, score = rows(rng)
    order = rng.choice([-1, 0, 1], len(first))
    names = np.array([f"item {k}" for k in range(9)])
    prior = vn.GaussianPrior(0.5)
    c = vn.Comparisons(first, second, score)
    vn.Comparisons(names[first], list(names[second]), score, rng.uniform(0, 2, 400), order=order)
    vn.Comparisons(first * 10**12, second * 10**12, score)
    vn.Comparisons([int(x) for x in first], [int(x) for x in second], score)
    c.components()
    vn.fit_bradley_terry(c, method="mm")
    for fit in (vn.fit_bradley_terry, vn.fit_thurstone, vn.fit_davidson, vn.fit_rao_kupper):
        one = fit(c, prior=prior)
        one.standard_errors()
        vn.bootstrap(one, 40, rng=1)
    ordered = vn.Comparisons(first, second, score, order=order, cluster=rng.integers(0, 20, 400))
    vn.bootstrap(vn.fit_davidson(ordered, order_effect=True), 5, rng=1)
    vn.bootstrap(vn.fit_bradley_terry(ordered), 5, rng=1, scheme="bayesian")


def work_on_groups(vn, rng):
    first, second, score = rows(rng)
    order = rng.choice([-1, 0, 1], len(first))
    group = np.sort(rng.integers(0, 12, len(first)))
    prior = vn.GaussianPrior(0.5)
    g = vn.GroupedComparisons(group, first, second, score)
    vn.GroupedComparisons(group[::-1], first, second, score, order=order)
    for shared in (False, True):
        fit = vn.fit_groups(g, model="davidson", prior=prior, shared=shared)
        assert len(fit.standard_errors()) == len(fit.theta)
        assert vn.bootstrap(fit, 40, rng=1).interval().shape == (len(fit.theta), 2)
    fit = vn.fit_groups(g, prior=prior)
    vn.calibrate(fit, [0, 1, 2], [0, 1, 2], [1, 2, 3], [1, 2, 3], [1.0, 0.5, 0.0])
    asked = (group[:60], first[:60], second[:60])
    theta = rng.normal(size=len(g.items))
    for criterion in ("D", "A", "top", "sd"):
        vn.design.allocate(g, 20, criterion=criterion, asked=asked, prior="fixed", rng=1)
    vn.design.allocate(g, 20, asked=asked, prediction=theta, criterion="residual", rng=1)
    vn.design.allocate(g, 20, asked=asked, pending=asked, share="gain", rng=1)
    made = vn.design.design_pairs(np.array([12, 9, 7]), 4, rng=1)
    vn.design.design_pairs(np.array([12, 9, 7]), 2, made, rng=2, method="random")


def work_on_votes(vn, rng):
    n, pairs, teachers = 600, 40, 5
    columns = {
        "group": rng.integers(0, 4, n), "teacher": rng.integers(0, teachers, n),
        "vote": rng.choice([-1, 0, 1], n),
    }  # fmt: skip
    columns["first"], columns["second"], _ = rows(rng, n)
    kinds = ({}, {"weight": rng.uniform(0.1, 2, n)}, {"swapped": rng.random(n) < 0.5})
    for more in kinds:
        votes = vn.Votes(**columns, **more)
        vn.fit_votes(votes)
        vn.fit_judges(votes)
        assert (votes + votes).n_votes == 2 * votes.n_votes
    pair, teacher, vote = rng.integers(0, pairs, n), columns["teacher"], columns["vote"]
    for kind in (np.int8, np.int64):
        votes = vn.Votes.from_pairs(pair, teacher.astype(kind), vote)
    gold = (np.arange(pairs), np.ones(pairs))
    for method in ("uniform", "reliability", "correlated", "stacked"):
        vn.consensus(votes, method, gold=gold)
    vn.panel.agreement(votes)


def work_on_the_rest(vn, rng):
    for kind in ("multinomial", "poisson", "bayesian", "subsample"):
        strata, cluster = rng.integers(0, 3, 50), np.arange(50) // 2
        next(iter(vn.bootstrap_weights(50, 3, scheme=kind, strata=strata, rng=1)))
        next(iter(vn.bootstrap_weights(50, 3, scheme=kind, cluster=cluster, rng=1)))
    b = vn.BetaPosterior(rng.uniform(1, 5, 30), rng.uniform(1, 5, 30))
    other = vn.BetaPosterior(rng.uniform(1, 5, 30), 2.0)
    for x in (b.mean, b.entropy, b.interval(0.9), b.prob_greater(other), b.kl(other)):
        assert np.isfinite(x).all()
    b.cdf(0.3), b.quantile(0.3), b.sample(rng=1)
    vn.panel.fit_beta_prior(rng.integers(1, 99, 30), rng.integers(1, 99, 30))
    from venire._native import gram

    z = rng.normal(size=(50, 3))
    gram.weighted_grams(z, np.ones((4, 50)), 1)
    gram.weighted_grams(z, np.ones((4, 50), np.int32), 1)


def work():
    import venire as vn

    warnings.simplefilter("ignore")
    rng = np.random.default_rng(1)
    for part in (work_on_fits, work_on_groups, work_on_votes, work_on_the_rest):
        part(vn, rng)


def main():
    watcher = Watch()
    watch(watcher)
    try:
        work()
    finally:
        found = {"tried": watcher.tried, "seen": watcher.calls, "accepted": watcher.accepted}
        print(json.dumps(found))


def test_broken_arrays_are_refused():
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["accepted"] == []
    assert found["tried"] > 500


# --- numbers --------------------------------------------------------------------------------------


I32, I64 = np.int32, np.int64
PAIR = (np.array([0, 1], I32), np.array([1, 2], I32))  # 0 meets 1, 1 meets 2


def groups(model="bradley-terry"):
    ptr = np.array([0, 3]), np.array([0, 2])
    return grouped.Groups(model, *ptr, *PAIR, np.ones(2, np.int8), np.ones(2), np.ones(2))


def draws(kind="poisson"):
    return replicates.Draws(kind, np.array([3.0, 4.0]), (1, 2))


def recoded(owner):
    tables = labels.KeyTables(1)
    codes, _ = tables.add_numbers(np.arange(9), 1)
    tables.rank(1)
    tables.recode(codes, owner)


WRONG_NUMBERS = {
    "model of groups": lambda: groups("elo"),
    "model": lambda: problem.Problem(
        "elo", np.array([0, 1, 1]), np.array([1], I32), np.ones(1), np.ones(1)
    ),
    "kind": lambda: draws("jackknife"),
    "kind of a resampler": lambda: resample.Resampler(
        "jackknife", np.array([0, 9]), np.array([9]), 9, None, (1, 2)
    ),
    "size": lambda: resample.Resampler(
        "subsample", np.array([0, 9]), np.array([10]), 9, None, (1, 2)
    ),
    "negative size": lambda: resample.Resampler(
        "poisson", np.array([0, 9]), np.array([-1]), 9, None, (1, 2)
    ),
    "positions": lambda: resample.Resampler(
        "poisson", np.array([0, 9]), np.array([9]), 10, None, (1, 2)
    ),
    "units": lambda: resample.Resampler(
        "poisson", np.array([0, 9]), np.array([9]), 2, np.array([0, 9]), (1, 2)
    ),
    "stop before start": lambda: resample.Resampler(
        "poisson", np.array([0, 9]), np.array([9]), 9, None, (1, 2)
    ).draw(3, 2, 1),
    "stop": lambda: groups().log_likelihoods(
        grouped.Estimates(3, 1, False, False), 0, 2, np.zeros(1), 1
    ),
    "start": lambda: groups().log_likelihoods(
        grouped.Estimates(3, 1, False, False), -1, 1, np.zeros(1), 1
    ),
    "groups": lambda: group_cells.sort(np.zeros(3, I32), -1, 1),
    "degree": lambda: design.pairs("cycles", -1, np.array([3]), np.array([0, 3]), None, (1, 2), 1),
    "items": lambda: design.pairs("cycles", 2, np.array([-3]), np.array([0, 3]), None, (1, 2), 1),
    "asks": lambda: design.pairs("cycles", 2, np.array([5]), np.array([0, 3]), None, (1, 2), 1),
    "tables": lambda: labels.KeyTables(0),
    "not ranked": lambda: labels.KeyTables(1).recode(np.zeros(3, I32), None),
    "owner": lambda: recoded(np.ones(1, np.uint8)),
    "owners": lambda: recoded(np.zeros(2, np.uint8)),
    "an empty range": lambda: labels.value_range(np.zeros(0, I32), 1),
    "teachers": lambda: pool.Panel(np.array([0, 1]), np.ones(1, I32), np.ones(1), 1, 1),
    "an unsorted edge": lambda: problem.Problem(
        "bradley-terry", np.array([0, 2, 2, 2]), np.array([2, 1], I32), np.ones(2), np.ones(2)
    ),
    "an edge twice": lambda: problem.Problem(
        "bradley-terry", np.array([0, 2, 2]), np.array([1, 1], I32), np.ones(2), np.ones(2)
    ),
    "an edge to itself": lambda: problem.Problem(
        "bradley-terry", np.array([0, 1, 1]), np.array([0], I32), np.ones(1), np.ones(1)
    ),
    "a cell twice": lambda: grouped.Groups(
        "bradley-terry", np.array([0, 3]), np.array([0, 2]), np.zeros(2, I32), np.ones(2, I32),
        np.ones(2, np.int8), np.ones(2), np.ones(2),
    ),
    "a cell of another group": lambda: grouped.Groups(
        "bradley-terry", np.array([0, 2, 4]), np.array([0, 1, 2]), *PAIR, np.ones(2, np.int8),
        np.ones(2), np.ones(2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG_NUMBERS)
def test_wrong_numbers_are_refused(what):
    with pytest.raises(ValueError):
        WRONG_NUMBERS[what]()


@pytest.mark.parametrize("n_threads", [-7, 0, 1])
def test_there_is_always_a_thread(n_threads):
    x = np.arange(1.0, 9.0)
    found = beta.cdf(8, x, np.ones(1), np.full(1, 0.5), False, n_threads)
    np.testing.assert_allclose(found, 0.5**x)
    assert labels.value_range(np.array([3, 1, 2]), n_threads) == (1, 3)
    nine = resample.Resampler("multinomial", np.array([0, 9]), np.array([9]), 9, None, (1, 2))
    assert nine.draw(0, 2, n_threads).sum(axis=1).tolist() == [9, 9]
    e = grouped.Estimates(3, 1, False, False)
    groups().fit(e, 0, 1, tol=1e-9, max_iter=99, patience=0, warm=False, n_threads=n_threads)
    np.testing.assert_allclose(e.theta, 0.0, atol=1e-9)
    again = design.pairs("cycles", 2, np.array([5]), np.array([0, 5]), None, (1, 2), n_threads)
    assert len(again[0]) == 5


if __name__ == "__main__":
    main()
