"""What must not matter to a grouped fit: threads, order of rows, other groups, where it starts."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from functools import partial

import numpy as np
import pytest

import venire as vn
from venire.ratings import ParameterErrors

MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")
models = pytest.mark.parametrize("model", MODELS)
shared_or_not = pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
PRIOR = vn.GaussianPrior(0.01)


def rows(seed=1, n_groups=300, n_rows=20_000, largest=0):
    """Ragged groups of hard, tied and soft votes; one group may have many items."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 30, n_groups)
    group = rng.integers(0, n_groups, n_rows)
    if largest:
        sizes[n_groups // 2] = largest
        group[: 6 * largest] = n_groups // 2
    theta = rng.normal(0.0, 0.8, (n_groups, 1)) * np.sin(np.arange(sizes.max()))
    first = rng.integers(0, sizes[group])
    second = (first + rng.integers(1, sizes[group])) % sizes[group]
    order = rng.integers(-1, 2, n_rows).astype(np.int8)
    d = theta[group, first] - theta[group, second] + 0.3 * order
    u = rng.random(n_rows)
    score = np.where(u < 0.2, 0.5, (rng.random(n_rows) < 1.0 / (1.0 + np.exp(-d))) * 1.0)
    score = np.where(u > 0.8, np.round(rng.random(n_rows), 3), score)
    weight = rng.choice([1.0, 2.0, 0.25], n_rows)
    return [group, first, second, score, weight, order]


def grouped(group, first, second, score, weight, order, **options):
    return vn.GroupedComparisons(group, first, second, score, weight, order=order, **options)


def told(gf, errors=True):
    error = gf.parameter_errors() if errors else ParameterErrors(None, None, None)
    return {
        "theta": gf.theta,
        "order_effect": gf.order_effect,
        "tie": gf.tie,
        "residual": gf.residual,
        "n_iter": gf.n_iter,
        "status": gf.status,
        "log_likelihood": gf.log_likelihood,
        "standard_errors": gf.standard_errors() if errors else None,
        "error of gamma": error.order_effect,
        "error of tie": error.tie,
    }


def assert_identical(a, b, errors=True):
    for (name, value), other in zip(told(a, errors).items(), told(b, errors).values(), strict=True):
        if value is None:
            assert other is None, name
            continue
        x, y = np.asarray(value), np.asarray(other)
        assert (x.dtype, x.shape) == (y.dtype, y.shape), name
        assert x.tobytes() == y.tobytes(), name


@shared_or_not
@models
def test_any_number_of_threads(model, shared):
    """Bit for bit; one group's errors are those of a single fit."""
    data = rows(largest=520)
    g = grouped(*data)
    options = {"model": model, "order_effect": True, "shared": shared, "tol": 1e-8}
    one = vn.fit_groups(g, n_threads=1, **options)
    assert one.converged.sum() > 250
    for n_threads in (2, 8):
        assert_identical(one, vn.fit_groups(g, n_threads=n_threads, **options))


@pytest.mark.parametrize("model", ["thurstone", "davidson"])
def test_any_number_of_threads_for_one_group(model):
    """A group that all threads fit together, its errors aside: they take long."""
    g = grouped(*rows(largest=2_500, n_rows=30_000))
    one = vn.fit_groups(g, model=model, n_threads=1, tol=1e-8)
    assert one.converged.all()
    for n_threads in (2, 8):
        other = vn.fit_groups(g, model=model, n_threads=n_threads, tol=1e-8)
        assert_identical(one, other, errors=False)


@models
def test_order_of_rows(model):
    """Bit for bit as well: cells have an order of their own."""
    data = rows(2)
    shuffle = np.random.default_rng(2).permutation(len(data[0]))
    a, b = (
        vn.fit_groups(grouped(*columns), model=model, order_effect=True)
        for columns in (data, [x[shuffle] for x in data])
    )
    assert_identical(a, b)


@models
def test_swapping_first_and_second(model):
    group, first, second, score, weight, order = rows(3)
    score = np.round(8.0 * score) / 8.0  # 1 - score is exact
    swap = np.random.default_rng(3).random(len(group)) < 0.5
    swapped = (
        group,
        np.where(swap, second, first),
        np.where(swap, first, second),
        np.where(swap, 1.0 - score, score),
        weight,
        np.where(swap, -order, order),
    )
    plain = (group, first, second, score, weight, order)
    a, b = (
        vn.fit_groups(grouped(*columns), model=model, order_effect=True)
        for columns in (plain, swapped)
    )
    assert_identical(a, b)
    assert np.nanmedian(np.abs(a.order_effect)) > 1e-2  # there is something to be lost


@models
def test_names_of_groups_and_items(model):
    """Other names in the same order: the same numbers. In another order: the same to rounding."""
    group, first, second, *rest = rows(4)
    plain = vn.fit_groups(grouped(group, first, second, *rest), model=model)
    text = [np.char.zfill(x.astype(str), 4) for x in (group, first, second)]
    assert_identical(plain, vn.fit_groups(grouped(*text, *rest), model=model))
    other = vn.fit_groups(grouped(-group, -first, -second, *rest), model=model)
    for k in range(len(plain.groups)):
        a = plain.theta[plain.offsets[k] : plain.offsets[k + 1]]
        at = len(plain.groups) - 1 - k
        b = other.theta[other.offsets[at] : other.offsets[at + 1]]
        np.testing.assert_allclose(a, b[::-1], atol=1e-7)


@models
def test_weight_two_is_the_row_twice(model):
    data = rows(5)
    weight = (4.0 * data[4]).astype(int)
    copies = [np.repeat(x, weight) for x in data]
    copies[4] = None
    a, b = (
        vn.fit_groups(grouped(*columns), model=model, prior=vn.GaussianPrior(0.1))
        for columns in ([*data[:4], weight, data[5]], copies)
    )
    np.testing.assert_allclose(a.theta, b.theta, atol=1e-7)
    np.testing.assert_allclose(a.standard_errors(), b.standard_errors(), rtol=1e-6)


@pytest.mark.parametrize("prior", [None, PRIOR], ids=["mle", "prior"])
@models
def test_other_groups(model, prior):
    """A group's numbers are the same bit for bit in any company: neighbours of every kind."""
    data = rows(6, n_groups=120, n_rows=8_000, largest=600)
    options = {"model": model, "prior": prior, "order_effect": True, "tol": 1e-8}
    whole = vn.fit_groups(grouped(*data), **options)
    wild = np.array([[500, 0, 1, 1.0, 1e8, 1], [501, 0, 1, 0.5, 1.0, 0], [502, 3, 9, 0.0, 0.0, 1]])
    for keep in (np.arange(0, 120, 7), [60], np.arange(55, 65)):
        at = np.isin(data[0], keep)
        columns = [np.concatenate([x[at], wild[:, c]]) for c, x in enumerate(data)]
        part = grouped(*(x.astype(np.int64) for x in columns[:3]), *columns[3:], n_threads=1)
        with np.errstate(all="raise"):
            fit = vn.fit_groups(part, **options)
        for k, label in enumerate(part.groups.tolist()[:-3]):
            own = slice(part.offsets[k], part.offsets[k + 1])
            other = slice(whole.offsets[label], whole.offsets[label + 1])
            assert fit.theta[own].tobytes() == whole.theta[other].tobytes()
            assert fit.standard_errors()[own].tobytes() == whole.standard_errors()[other].tobytes()
            for name in ("order_effect", "tie", "residual", "n_iter", "status", "log_likelihood"):
                x, y = getattr(fit, name), getattr(whole, name)
                assert x is None or x[k].tobytes() == y[label].tobytes(), name


@shared_or_not
@models
def test_warm_start(model, shared):
    """From its own result a fit needs no more than a step; from a neighbour's it ends the same."""
    data = rows(7)
    g = grouped(*data)
    options = {"model": model, "order_effect": True, "shared": shared}
    cold = vn.fit_groups(g, **options)
    warm = vn.fit_groups(g, init=cold, **options)
    again = vn.fit_groups(g, init=cold.theta, **options)
    far = vn.fit_groups(g, init=np.linspace(-5.0, 5.0, g.n_items), **options)
    for fit in (warm, again, far):
        np.testing.assert_allclose(fit.theta, cold.theta, atol=2e-7)
        assert (fit.status == cold.status).all()
    assert shared or far.n_iter.mean() > 2.0
    if model in ("bradley-terry", "thurstone") and not shared:
        plain = vn.fit_groups(g, model=model)
        assert plain.n_iter.mean() > 2.0
        assert vn.fit_groups(g, model=model, init=plain).n_iter.max() <= 1
    # more rows, some groups gone, others new, items renamed by nobody
    later = [np.concatenate([x[data[0] < 200], y]) for x, y in zip(data, rows(8), strict=True)]
    later[0] = later[0] + 37 * (later[0] > 100)
    g = grouped(*later)
    cold = vn.fit_groups(g, **options)
    warm = vn.fit_groups(g, init=warm, **options)
    np.testing.assert_allclose(warm.theta, cold.theta, atol=2e-7)
    assert (warm.status == cold.status).all()


def test_a_start_saves_steps_where_little_changed():
    data = rows(9)
    before = vn.fit_groups(grouped(*(x[:-200] for x in data)))
    g = grouped(*data)
    cold, warm = vn.fit_groups(g), vn.fit_groups(g, init=before)
    assert warm.n_iter.mean() < 0.6 * cold.n_iter.mean()


def test_a_start_from_groups_without_a_fit():
    """nan of an earlier fit is no place to start from, and is not carried on."""
    data = ([1, 1, 2], ["a", "b", "a"], ["b", "c", "b"], [1.0, 0.5, 1.0])
    g = vn.GroupedComparisons(*data)
    before = vn.fit_groups(g, prior=None)
    assert np.isnan(before.theta).any()
    np.testing.assert_allclose(
        vn.fit_groups(g, init=before).theta, vn.fit_groups(g).theta, atol=1e-8
    )


def test_inputs_of_the_fit_are_left_alone():
    data = rows(10)
    before = [x.tobytes() for x in data]
    g = grouped(*data)
    init = np.zeros(g.n_items)
    gf = vn.fit_groups(g, init=init, order_effect=True, model="davidson")
    assert not init.any()
    theta = gf.theta.copy()
    init[:] = 3.0
    np.testing.assert_array_equal(gf.theta, theta)
    assert [x.tobytes() for x in data] == before
    with pytest.raises(ValueError, match="read-only"):
        gf.theta[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        gf.standard_errors()[0] = 1.0


def _record(seen, done, n):
    seen.append((done, n))


def test_progress():
    g = grouped(*rows(11))
    for shared in (False, True):
        seen = []
        record = partial(_record, seen)
        vn.fit_groups(g, order_effect=True, shared=shared, progress=record)
        assert seen
        assert seen[-1] == (300, 300)
        assert all(0 < done <= n == 300 for done, n in seen)


def test_an_interrupt_arrives_between_batches():
    """Ctrl-C in the middle of many fits: KeyboardInterrupt within a second."""
    program = textwrap.dedent("""
        import os, signal, sys, threading, time
        import numpy as np
        import venire as vn

        rng = np.random.default_rng(1)
        n = 1_500_000
        first = rng.integers(0, 50, n)
        g = vn.GroupedComparisons(np.arange(n) // 100, first, (first + 1) % 50, rng.random(n))
        sent = []

        def interrupt():
            time.sleep(0.1)
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        try:
            for _ in range(1000):
                vn.fit_groups(g, tol=1e-12)
        except KeyboardInterrupt:
            sys.exit(0 if time.perf_counter() - sent[0] < 1.0 else 3)
        sys.exit(4)
    """)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, (run.returncode, run.stderr)


def test_the_generator_covers_what_it_says():
    data = rows(1, largest=2_500, n_rows=30_000)
    g = grouped(*data)
    assert np.diff(g.offsets).max() == 2_500
    assert set(np.unique(data[3])) > {0.0, 0.5, 1.0}
