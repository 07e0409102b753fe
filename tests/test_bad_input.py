"""Wrong input is an error that names the argument, the position and the value."""

from __future__ import annotations

import gc
import os
import resource
import signal
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

import venire as vn
from venire import simulate

FITS = [vn.fit_bradley_terry, vn.fit_thurstone, vn.fit_davidson, vn.fit_rao_kupper]
A, B = ["a", "b", "c"], ["b", "c", "a"]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: vn.Comparisons([], [], 1.0), ValueError, ["first", "empty"]),
        (lambda: vn.Comparisons(A, B[:2], 1.0), ValueError, ["second", "2", "3"]),
        (lambda: vn.Comparisons(A, B, [1, 0]), ValueError, ["score", "2", "3"]),
        (lambda: vn.Comparisons(A, B, 1.0, weight=[1] * 4), ValueError, ["weight", "4", "3"]),
        (lambda: vn.Comparisons(A, B, 1.0, order=[1]), ValueError, ["order", "1", "3"]),
        (lambda: vn.Comparisons(A, ["b", "b", "a"], 1.0), ValueError, ["1", "'b'", "itself"]),
        (
            lambda: vn.Comparisons(A, B, 1.0, weight=[1, 1, np.nan]),
            ValueError,
            ["weight", "2", "nan"],
        ),
        (lambda: vn.Comparisons(A, B, 1.0, weight=[1, -2, 1]), ValueError, ["weight", "1", "-2"]),
        (
            lambda: vn.Comparisons(A, B, 1.0, weight=[np.inf, 1, 1]),
            ValueError,
            ["weight", "0", "inf"],
        ),
        (lambda: vn.Comparisons(A, B, [0.5, 1.25, 1]), ValueError, ["score", "1", "1.25"]),
        (lambda: vn.Comparisons(A, B, [0.5, 1, -0.1]), ValueError, ["score", "2", "-0.1"]),
        (lambda: vn.Comparisons(A, B, [np.nan, 1, 1]), ValueError, ["score", "0", "nan"]),
        (lambda: vn.Comparisons(A, B, 1.5), ValueError, ["score", "1.5"]),
        (lambda: vn.Comparisons(A, B, ["win"] * 3), TypeError, ["score"]),
        (lambda: vn.Comparisons(A, B, 1.0, order=[1, 2, 0]), ValueError, ["order", "1", "2"]),
        (lambda: vn.Comparisons(A, ["b", None, "a"], 1.0), ValueError, ["second", "1"]),
        (lambda: vn.Comparisons([1.5, 2.0], [2.0, 1.0], 1.0), ValueError, ["first", "0", "1.5"]),
        (lambda: vn.Comparisons(A, B, 1.0, items=["a", "b"]), ValueError, ["first", "2", "'c'"]),
        (lambda: vn.Comparisons(A, B, 1.0, items=list("aabc")), ValueError, ["items", "'a'"]),
        (
            lambda: vn.Comparisons.from_counts(A, B, [1, -1, 0], [0, 0, 1]),
            ValueError,
            ["win", "1", "-1"],
        ),
        (
            lambda: vn.Comparisons.from_counts(A, B, [1, 1, 0], [0, 0, np.nan]),
            ValueError,
            ["loss", "2", "nan"],
        ),
        (
            lambda: vn.Comparisons.from_counts(A, B, [1, 1, 0], [0, 0, 1], [0, np.inf, 0]),
            ValueError,
            ["tie", "1", "inf"],
        ),
    ],
)
def test_rows(call, error, words):
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), (word, str(caught.value))


def test_null_label_in_a_frame():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": ["x", None, "z"], "b": ["y", "z", "x"], "s": [1.0, 0.0, 1.0]})
    with pytest.raises(ValueError, match=r"1"):
        vn.Comparisons.from_frame(frame, first="a", second="b", score="s")


def test_unknown_outcome_is_never_a_tie():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"a": ["x", "y", "z"], "b": ["y", "z", "x"], "o": ["left", "right", "maybe"]}
    )
    with pytest.raises(ValueError, match=r"maybe") as caught:
        vn.Comparisons.from_frame(
            frame, first="a", second="b", outcome="o", mapping={"left": 1.0, "right": 0.0}
        )
    assert "2" in str(caught.value)


COMPARISONS = vn.Comparisons(A * 3, B * 3, [1, 0, 1, 0, 1, 0, 0.5, 1, 0])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ({"prior": 0.1}, TypeError, "prior"),
        ({"method": "lbfgs"}, ValueError, "method"),
        ({"tol": 0.0}, ValueError, "tol"),
        ({"tol": np.nan}, ValueError, "tol"),
        ({"max_iter": -1}, ValueError, "max_iter"),
        ({"n_threads": 0}, ValueError, "n_threads"),
        ({"n_threads": 1.5}, TypeError, "n_threads"),
        ({"init": [0.0]}, ValueError, "init"),
        ({"init": [0.0, np.nan, 0.0]}, ValueError, "init"),
        ({"components": "some"}, ValueError, "components"),
        ({"alpha": 1.0}, TypeError, "alpha"),
    ],
)
def test_arguments_of_fits(fit, arguments, error, word):
    with pytest.raises(error, match=word):
        fit(COMPARISONS, **arguments)


@pytest.mark.parametrize("fit", FITS)
def test_after_the_data_arguments_are_keywords(fit):
    with pytest.raises(TypeError):
        fit(COMPARISONS, vn.GaussianPrior(1.0))
    with pytest.raises(TypeError, match="Comparisons"):
        fit((A, B))


@pytest.mark.parametrize("precision", [0.0, -1.0, np.nan, np.inf])
def test_prior_must_be_proper(precision):
    with pytest.raises(ValueError, match="precision"):
        vn.GaussianPrior(precision)
    with pytest.raises(TypeError, match="precision"):
        vn.GaussianPrior("weak")


def test_mm_names_newton_where_it_does_not_apply():
    with pytest.raises(ValueError, match="newton"):
        vn.fit_thurstone(COMPARISONS, method="mm")
    with pytest.raises(ValueError, match="newton"):
        vn.fit_bradley_terry(COMPARISONS, method="mm", prior=vn.GaussianPrior(1.0))


@pytest.mark.parametrize("fit", FITS)
def test_iteration_limit_warns(fit):
    with pytest.warns(vn.ConvergenceWarning):
        found = fit(COMPARISONS, max_iter=1, tol=1e-15)
    assert not found.converged
    assert found.residual > 1e-15


def test_one_item():
    """One item that was never compared has nothing to fit; comparing it with itself is refused."""
    with pytest.raises(ValueError, match="itself"):
        vn.Comparisons(["a"], ["a"], 1.0)


@pytest.mark.parametrize("fit", FITS)
def test_all_weights_zero(fit):
    with pytest.raises(ValueError):
        fit(vn.Comparisons(A, B, 1.0, weight=np.zeros(3)))


def converged_or_warned(c, **kwargs):
    """The fit, after checking that it says so when it did not converge."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        found = vn.fit_bradley_terry(c, **kwargs)
    assert found.converged != any(w.category is vn.ConvergenceWarning for w in record)
    assert np.isfinite(found.theta).all()
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["grid", "4-regular", "power-law"])
def test_weights_over_twelve_decades_are_never_wild(kind, seed):
    """Each edge's share of wins is 1/10 to 9/10, whatever its weight: so is a theta that fits."""
    rows = simulate.play(
        *simulate.graph(kind, 900, rng=seed), 900, games=10, decades=12.0, rng=seed
    )
    found = converged_or_warned(vn.Comparisons(rows.first, rows.second, rows.score, rows.weight))
    span = np.abs(found.theta[rows.first] - found.theta[rows.second])
    assert np.abs(found.theta).max() < 40.0
    assert np.median(span) < 3.0


@pytest.mark.parametrize("decades", [0.0, 6.0, 12.0])
@pytest.mark.parametrize("kind", ["chain", "star", "tree"])
def test_trees_have_a_closed_form_for_any_weights(kind, decades):
    """On a tree each edge fits exactly: the difference is the logit of its share of wins."""
    n, rng = 2_000, np.random.default_rng(7)
    child = np.arange(1, n)
    parent = {"chain": child - 1, "star": 0 * child, "tree": rng.integers(0, child)}[kind]
    rows = simulate.permuted(
        simulate.play(parent, child, n, games=10, decades=decades, rng=1), rng=2
    )
    found = converged_or_warned(
        vn.Comparisons(rows.first, rows.second, rows.score, rows.weight), tol=1e-12
    )
    assert found.converged
    won = rows.score == 1.0
    win = dict(
        zip(zip(rows.first[won], rows.second[won], strict=True), rows.weight[won], strict=True)
    )
    for i, j, loss in zip(rows.first[~won], rows.second[~won], rows.weight[~won], strict=True):
        logit = np.log(win[i, j] / loss)
        assert found.theta[i] - found.theta[j] == pytest.approx(logit, abs=1e-6)


# --- memory ---------------------------------------------------------------------------------------


def awkward(array, how, folder):
    """The same values in memory that a careless reader would trip over."""
    if how == "read-only":
        array = array.copy()
        array.flags.writeable = False
        return array
    if how == "strided":
        wide = np.zeros((len(array), 3), array.dtype)
        wide[:, 1] = array
        return wide[:, 1]
    if how == "reversed":
        return array[::-1].copy()[::-1]
    if how == "big-endian":
        return array.astype(array.dtype.newbyteorder(">"))
    if how == "unaligned":
        raw = np.zeros(array.nbytes + 1, np.uint8)
        raw[1:] = np.frombuffer(array.tobytes(), np.uint8)
        return raw[1:].view(array.dtype)
    path = folder / f"{abs(hash(array.tobytes()))}.npy"
    np.save(path, array)
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize("integers", [np.int32, np.int64, np.uint8, np.uint64])
@pytest.mark.parametrize(
    "how", ["read-only", "strided", "reversed", "big-endian", "unaligned", "memory-mapped"]
)
def test_any_memory_is_accepted_and_left_alone(how, integers, tmp_path):
    rows = simulate.comparisons(20, 3_000, model="davidson", neutral=0.3, rng=1)
    weight = np.random.default_rng(0).random(3_000)
    plain = [rows.first.astype(integers), rows.second.astype(integers), rows.score, weight]
    arrays = [awkward(a, how, tmp_path) for a in plain]
    order = awkward(rows.order, how, tmp_path)
    before = [a.tobytes() for a in (*arrays, order)]
    found = vn.fit_davidson(vn.Comparisons(*arrays, order=order), order_effect=True)
    expected = vn.fit_davidson(
        vn.Comparisons(rows.first, rows.second, rows.score, weight, order=rows.order),
        order_effect=True,
    )
    np.testing.assert_array_equal(found.theta, expected.theta)
    assert [a.tobytes() for a in (*arrays, order)] == before


def test_results_do_not_alias_the_input():
    """Changing the caller's arrays afterwards changes nothing."""
    rows = simulate.comparisons(20, 3_000, rng=1)
    score, init = rows.score.copy(), np.zeros(20)
    c = vn.Comparisons(rows.first, rows.second, score)
    found = vn.fit_bradley_terry(c, init=init)
    theta, win = found.theta.copy(), c.win.copy()
    score[:], init[:] = 0.0, 7.0
    np.testing.assert_array_equal(found.theta, theta)
    np.testing.assert_array_equal(c.win, win)
    np.testing.assert_array_equal(vn.fit_bradley_terry(c).theta, theta)


def test_no_growth_over_1000_calls():
    """A leak of one 20 kB array per call would show as 20 MB."""
    rows = simulate.comparisons(50, 2_000, model="davidson", rng=1)

    def work():
        c = vn.Comparisons(rows.first, rows.second, rows.score, n_threads=1)
        vn.fit_bradley_terry(c, n_threads=1)
        vn.fit_davidson(c, order_effect=True, prior=vn.GaussianPrior(0.1), n_threads=1)
        with pytest.raises(ValueError, match="score"):
            vn.Comparisons(rows.first, rows.second, rows.score + 1.0)

    def peak():
        gc.collect()
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for _ in range(100):
        work()
    before = peak()
    for _ in range(1_000):
        work()
    assert peak() - before < 8_000  # kB


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGINT") or os.name != "posix", reason="needs POSIX")
def test_interrupt_during_a_long_fit():
    """Ctrl-C in the middle of the chain: KeyboardInterrupt within a second."""
    program = textwrap.dedent("""
        import signal, sys, threading, time, os
        import venire as vn
        from venire import simulate

        rows = simulate.chain(400_000, rng=1)
        rows = simulate.permuted(rows, rng=2)
        c = vn.Comparisons(rows.first, rows.second, rows.score)
        sent = []

        def interrupt():
            time.sleep(0.05)
            sent.append(time.perf_counter())
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        try:
            for _ in range(1000):
                vn.fit_bradley_terry(c, tol=1e-12)
        except KeyboardInterrupt:
            late = time.perf_counter() - sent[0]
            print("interrupted", late)
            sys.exit(0 if late < 1.0 else 3)
        sys.exit(4)
    """)
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "interrupted" in run.stdout
