"""Every request for memory of the C layer may fail: MemoryError, no leak, crash or wrong result.

Needs a build in which requests can be made to fail: ``make check-memory``. Each call is made once
to count its requests; then again and again, with the n-th request failing (and, in other runs, all
after it too). A call either raises MemoryError or gives what it gives otherwise, and afterwards no
more memory is in use than before.
"""

from __future__ import annotations

import ctypes
import functools
import gc
import itertools
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import venire as vn
import venire._native
from venire import simulate
from venire._native import gram
from venire.design import _kernel
from venire.ratings.problem import build_problem

MOST = 40  # requests of a call that are all made to fail; of more, a sample

C = ctypes.CDLL(next(str(p) for p in Path(venire._native.__path__[0], "lib").glob("libvenire.*")))
C.vn_memory_fail.argtypes = (ctypes.c_int64, ctypes.c_int)
C.vn_memory_fail.restype = C.vn_memory_in_use.restype = ctypes.c_int64

pytestmark = [
    pytest.mark.skipif(C.vn_memory_in_use() < 0, reason="requests cannot fail in this build"),
    pytest.mark.filterwarnings("ignore"),
]


# --- calls that reach every kernel ----------------------------------------------------------------
# Each prepares its data and returns the call, which has the number of threads as its only argument.

CALLS = {}


def call(function):
    CALLS[function.__name__] = function
    return function


def each(name, values):
    """The same for several values of a first argument."""

    def mark(function):
        for value in values:
            CALLS[f"{name} {value}"] = functools.partial(function, value)
        return function

    return mark


def rows(n=400, items=9, seed=1):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, items, n)
    second = (first + rng.integers(1, items, n)) % items
    return first, second, rng.choice([0.0, 0.5, 1.0], n)


def played(kind, n, decades=0.0, seed=0):
    """Comparisons on a graph, every pair won by both sides, items in random order."""
    rng = np.random.default_rng(seed)
    pairs = simulate.graph(kind, n, rng=rng)
    place = rng.permutation(n).astype(np.int32)
    win = rng.integers(1, 10, len(pairs[0])).astype(float)
    scale = 10.0 ** rng.uniform(-decades / 2, decades / 2, len(win))
    return vn.Comparisons.from_counts(
        place[pairs[0]], place[pairs[1]], win * scale, (10.0 - win) * scale
    )


def told(c):
    names = ("first", "second", "order", "win", "loss", "tie", "square")
    return [getattr(c, name) for name in names], c.items


SETS = {
    "few": {},
    "soft": {"score": np.random.default_rng(2).random(400)},
    "weighted": {"weight": np.random.default_rng(3).random(400)},
    "ordered": {"order": np.random.default_rng(4).choice([-1, 0, 1], 400)},
    "clustered": {"cluster": np.arange(400) % 20},
}


@each("comparisons", SETS)
def _(name):
    first, second, score = rows()
    columns = {"score": score, **SETS[name]}
    return lambda k: told(vn.Comparisons(first, second, **columns, n_threads=k))


@each("many comparisons", ["hard", "soft", "of many items", "of two items"])
def _(what):
    first, second, score = rows(200_000, 40_000 if what == "of many items" else 300)
    if what == "of two items":
        first, second, score = np.zeros(4_300_000, np.int8), np.ones(4_300_000, np.int8), 1.0
    score = np.random.default_rng(3).random(len(score)) if what == "soft" else score
    return lambda k: told(vn.Comparisons(first, second, score, n_threads=k))


LABELS = {
    "spread": lambda x: x * 10**12,
    "unicode": lambda x: np.array([f"item {k}" for k in x]),
    "objects": lambda x: [f"item {k}" for k in x],
    "numbers": lambda x: [int(k) for k in x],
}


@each("labels", LABELS)
def _(what):
    first, second, score = rows(30_000, 9_000 if what in ("spread", "unicode") else 900)
    first, second = LABELS[what](first), LABELS[what](second)
    return lambda k: told(vn.Comparisons(first, second, score, n_threads=k))


FITS = {
    "bradley-terry": vn.fit_bradley_terry,
    "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson,
    "rao-kupper": vn.fit_rao_kupper,
}


@each("fit", FITS)
def _(model):
    first, second, score = rows()
    c = vn.Comparisons(first, second, score, order=SETS["ordered"]["order"])

    def make(k):
        fit = FITS[model](c, prior=vn.GaussianPrior(0.5), order_effect=True, n_threads=k)
        return fit.theta, fit.tie, fit.order_effect, fit.standard_errors()

    return make


@each("existence", ["of a chain", "of two sets", "of an order effect"])
def _(what):
    first = np.arange(60)
    second = np.where(first % 20 == 19, first - 19, first + 1) if "two" in what else first + 1
    c = vn.Comparisons(first, second, 1.0, order=1)

    def make(k):
        try:
            vn.fit_davidson(c, order_effect="order" in what, n_threads=k)
        except vn.NotIdentifiedError as error:
            return str(error)

    return make


@call
def fit_without_a_prior():
    c = vn.Comparisons(*rows(), order=SETS["ordered"]["order"])
    return lambda k: vn.fit_davidson(c, order_effect=True, n_threads=k).theta


@call
def fit_by_mm():
    c = vn.Comparisons(*rows())
    return lambda k: vn.fit_bradley_terry(c, method="mm", n_threads=k).theta


@call
def components():
    c = vn.Comparisons([0, 1, 2, 3, 5, 6], [1, 2, 0, 4, 6, 5], 1.0)

    def make(k):
        return [str(vn.Comparisons(c.first, c.second, 1.0, n_threads=k).components())]

    return make


GRAPHS = {
    "star": ("star", 4_000, 0),
    "chain": ("chain", 4_000, 0),
    "ladder": ("ladder", 4_000, 0),
    "grid": ("grid", 2_500, 0),
    "large grid": ("grid", 20_449, 0),
    "grid decades": ("grid", 900, 12),
    "power-law decades": ("power-law", 2_000, 12),
    "4-regular": ("4-regular", 3_000, 0),
    "components": ("components", 1_000, 0),
}


def solved(problem, at):
    gradient = problem.derivatives(at)
    step, _, converged = problem.solve(gradient, 1e-12, 1e-9)
    assert converged
    return step - step.mean(), problem.log_likelihood(at)


@each("solve", GRAPHS)
def _(name):
    """A problem that had no memory can be solved later, from another preconditioner maybe."""
    c = played(*GRAPHS[name])
    at = np.random.default_rng(1).normal(size=c.n_items)
    right = solved(build_problem(c, "bradley-terry"), at)[0]

    def make(k):
        p = build_problem(c, "bradley-terry", n_threads=k)
        try:
            return solved(p, at)
        except MemoryError:
            C.vn_memory_fail(0, 0)
            np.testing.assert_allclose(solved(p, at)[0], right, rtol=0, atol=1e-4 * np.ptp(right))
            raise

    return make


@each("adopt", ["grid decades", "large grid", "large grid with ties"])
def _(name):
    c = played(*GRAPHS[name.removesuffix(" with ties")])
    model = "davidson" if name.endswith("ties") else "bradley-terry"
    if model == "davidson":
        c = vn.Comparisons.from_counts(c.first, c.second, c.win, c.loss, np.ones(len(c.win)))
    at = np.zeros(c.n_items + (model == "davidson"))
    donor = build_problem(c, model)
    donor.solve(donor.derivatives(at), 1e-9, 1e-6)
    donor = donor.detach()

    def make(k):
        p = build_problem(c, model, n_threads=k)
        p.adopt(donor)
        return p.solve(p.derivatives(at), 1e-9, 1e-6)[0]

    return make


@each("bootstrap", ["multinomial", "poisson", "bayesian", "of many"])
def _(kind):
    first, second, score = rows(*((1_500, 200) if kind == "of many" else ()))
    fit = vn.fit_davidson(vn.Comparisons(first, second, score), prior=vn.GaussianPrior(0.5))
    kind = "multinomial" if kind == "of many" else kind
    return lambda k: vn.bootstrap(fit, 40, scheme=kind, rng=1, n_threads=k).theta


def grouped(n=400, items=9, groups=12, **more):
    first, second, score = rows(n, items)
    group = np.sort(np.random.default_rng(5).integers(0, groups, n))
    return vn.GroupedComparisons(group, first, second, score, **more)


@each("groups", ["sorted", "mixed", "ordered", "many"])
def _(what):
    n, items = (60_000, 900) if what == "many" else (400, 9)
    first, second, score = rows(n, items)
    group = np.sort(np.random.default_rng(5).integers(0, 12, n))
    if what == "mixed":
        group = group[::-1]
    more = {"order": SETS["ordered"]["order"]} if what == "ordered" else {}

    def make(k):
        g = vn.GroupedComparisons(group, first, second, score, n_threads=k, **more)
        return [g.first, g.second, g.win, g.loss], g.items

    return make


@each("fit of groups", ["apart", "shared", "wide"])
def _(what):
    g = grouped(3_000, 150, 2) if what == "wide" else grouped()

    def make(k):
        more = {"model": "davidson", "prior": vn.GaussianPrior(0.5), "n_threads": k}
        fit = vn.fit_groups(g, shared=what == "shared", **more)
        return fit.theta, fit.standard_errors(), fit.log_likelihood

    return make


@each("bootstrap of groups", ["few", "wide"])
def _(what):
    g = grouped(900, 80, 2) if what == "wide" else grouped()
    fit = vn.fit_groups(g, model="davidson", prior=vn.GaussianPrior(0.5))
    return lambda k: vn.bootstrap(fit, 40, rng=1, n_threads=k).interval()


@each("allocate", ["D", "A", "top", "sd", "residual", "gain"])
def _(criterion):
    first, second, _ = rows()
    g = grouped()
    group = np.sort(np.random.default_rng(5).integers(0, 12, 400))
    asked = group[:60], first[:60], second[:60]
    more = {"criterion": criterion, "asked": asked, "prior": "fixed"}
    if criterion == "residual":
        more["prediction"] = np.random.default_rng(6).normal(size=len(g.items))
    if criterion == "gain":
        more |= {"criterion": "D", "pending": asked, "share": "gain"}
    return lambda k: told_asks(vn.design.allocate(g, 20, rng=1, n_threads=k, **more))


@call
def allocate_by_a_sketch():
    g = grouped(900, 80, 2)

    def make(k):
        with mock.patch.object(_kernel, "DENSE", 20):  # as if the groups were large
            return told_asks(
                vn.design.allocate(g, 4, criterion="top", prior="fixed", rng=1, n_threads=k)
            )

    return make


@call
def allocate_with_a_prior_of_the_data():
    g = grouped()
    return lambda k: told_asks(vn.design.allocate(g, 20, rng=1, n_threads=k))


def told_asks(found):
    return found.group, found.first, found.second


@each("design", ["cycles", "random", "more"])
def _(method):
    sizes = np.array([12, 9, 7, 40])
    before = vn.design.design_pairs(sizes, 4, rng=1) if method == "more" else None
    method = "cycles" if method == "more" else method
    return lambda k: told_asks(
        vn.design.design_pairs(sizes, 2, before, rng=2, method=method, n_threads=k)
    )


def panel(n=600):
    rng = np.random.default_rng(7)
    first, second, _ = rows(n)
    columns = {
        "group": rng.integers(0, 4, n), "teacher": rng.integers(0, 5, n),
        "vote": rng.choice([-1, 0, 1], n), "first": first, "second": second,
    }  # fmt: skip
    kinds = {
        "plain": {},
        "weighted": {"weight": rng.uniform(0.1, 2, n)},
        "swapped": {"swapped": rng.random(n) < 0.5},
    }
    return columns, kinds


@each("votes", ["plain", "weighted", "swapped", "many"])
def _(kind):
    columns, kinds = panel(60_000 if kind == "many" else 600)
    more = kinds.get(kind, {})

    def make(k):
        v = vn.Votes(**columns, **more, n_threads=k)
        return v.first, v.second, v.win, v.tie, v.loss

    return make


@each("votes of pairs", ["few", "many", "crowded"])
def _(what):
    rng = np.random.default_rng(7)
    n = 600 if what == "few" else 200_000
    pair = rng.integers(0, n // 4, n)
    if what == "crowded":
        pair[: n // 2] = 7
    teacher, vote = rng.integers(0, 5, n).astype(np.int8), rng.choice([-1, 1], n)
    return lambda k: vn.Votes.from_pairs(pair, teacher, vote, n_threads=k).win


@call
def votes_together():
    columns, _ = panel()
    v = vn.Votes(**columns)
    return lambda k: (v + v).win


@each("fit of votes", ["plain", "weighted", "swapped"])
def _(kind):
    columns, kinds = panel()
    v = vn.Votes(**columns, **kinds[kind])
    return lambda k: vn.fit_votes(v, n_threads=k).fit.theta


@each("judges in the likelihood", ["plain", "weighted", "swapped"])
def _(kind):
    columns, kinds = panel()
    v = vn.Votes(**columns, **kinds[kind])
    return lambda k: vn.fit_judges(v, n_threads=k).theta


@each("consensus", ["uniform", "reliability", "correlated", "stacked"])
def _(method):
    rng = np.random.default_rng(7)
    pair, teacher, vote = (
        rng.integers(0, 40, 600),
        rng.integers(0, 5, 600),
        rng.choice([-1, 1], 600),
    )
    v = vn.Votes.from_pairs(pair, teacher, vote)
    gold = np.arange(40), np.tile([1.0, 0.0], 20)
    return lambda k: vn.consensus(v, method, gold=gold, n_threads=k).probability


@call
def agreement():
    columns, _ = panel()
    v = vn.Votes(**columns)
    return lambda k: str(vn.panel.agreement(v))


@each("weights", ["multinomial", "poisson", "bayesian", "subsample"])
def _(kind):
    strata, cluster = np.arange(50) // 20, np.arange(50) // 2

    def make(k):
        more = {"scheme": kind, "rng": 1, "n_threads": k}
        return (
            next(iter(vn.bootstrap_weights(50, 3, strata=strata, **more))),
            next(iter(vn.bootstrap_weights(50, 3, cluster=cluster, **more))),
        )

    return make


@call
def posteriors():
    rng = np.random.default_rng(8)
    b = vn.BetaPosterior(rng.uniform(1, 5, 30), rng.uniform(1, 5, 30))
    other = vn.BetaPosterior(rng.uniform(1, 5, 30), 2.0)

    def make(k):
        return (
            b.mean, b.entropy, b.interval(0.9), b.prob_greater(other), b.kl(other), b.cdf(0.3),
            b.quantile(0.3), b.sample(rng=1),
        )  # fmt: skip

    return make


@call
def clients():
    """What other packages call: fits from rows, counts, tables of Poisson counts."""
    from clients import cases, ctypes_client

    rows, groups = cases.rows(), cases.groups()
    count = np.array([30.0, 1.0, 50.0])

    def make(k):
        theta, many = np.empty(12), np.empty(groups[1][-1])
        status = np.empty(len(groups[0]) - 1, np.int8)
        masses, counts = np.empty((40, 3)), np.empty((5, 70), np.int32)
        poisson = np.empty(50, np.int32)
        own = ctypes_client.fit(*rows, theta, model=2, order_effect=True)
        ctypes_client.fit_groups(*groups, many, status, 0, 0.5, k)
        ctypes_client.bootstrap_counts(1, 2, 0, count, masses, k)
        ctypes_client.multinomial_counts(1, 2, 0, 70, counts, k)
        ctypes_client.stream_poisson_many(1, 2, 0, 30.0, poisson)
        return [*own[:4], theta, many, status, masses, counts, poisson]

    return make


@call
def grams():
    z = np.random.default_rng(10).normal(size=(500, 9))
    return lambda k: (
        gram.weighted_grams(z, np.ones((80, 500)), k),
        gram.weighted_grams(z, np.ones((80, 500), np.int32), k),
    )


# --- making requests fail -------------------------------------------------------------------------


def same(a, b):
    """Whether two results are alike to the bit: arrays, numbers, texts, lists of such."""
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if a is None or isinstance(a, str):
        return a == b
    a, b = np.asarray(a), np.asarray(b)
    return (
        a.dtype == b.dtype
        and a.shape == b.shape
        and (a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes())
    )


def which(n):
    """Requests of n that are made to fail."""
    if n <= MOST:
        return range(1, n + 1)
    return itertools.chain(range(1, MOST + 1), np.linspace(MOST + 1, n, MOST).astype(int).tolist())


def in_use():
    gc.collect()
    return C.vn_memory_in_use()


@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_every_request_may_fail(name, n_threads):
    make = CALLS[name]()
    gc.collect()
    gc.freeze()
    expected = make(n_threads)  # also: what is made once and kept
    before = in_use()
    C.vn_memory_fail(0, 0)
    assert same(make(n_threads), expected)
    n = C.vn_memory_fail(0, 0)
    assert in_use() == before
    failed = 0
    for k, ever_after in itertools.product(which(n), (0, 1)):
        where = f"request {k} of {n} fails" + ", and all after it" * ever_after
        print(where, flush=True)
        C.vn_memory_fail(k, ever_after)
        try:
            found = make(n_threads)
        except MemoryError:
            found = None
            failed += 1
        finally:
            C.vn_memory_fail(0, 0)
        assert found is None or same(found, expected), where
        del found
        assert in_use() == before, where
    print(name, n_threads, n, failed)
    gc.unfreeze()
    assert same(make(n_threads), expected)
