"""Results into arrays that the caller has: the same numbers, and what cannot hold them refused."""

from __future__ import annotations

import numpy as np
import pytest
from foreign import CUDA, Packed

import venire as vn

N = 5
P = vn.BetaPosterior(np.linspace(0.5, 9.0, N), np.linspace(3.0, 1.0, N))
Q = vn.BetaPosterior(2.0, np.linspace(1.0, 4.0, N))
W = vn.bootstrap_weights(N, 10, rng=1)
CALLS = {
    "cdf": (lambda **k: P.cdf(0.3, **k), (N,)),
    "prob_above": (lambda **k: P.prob_above([[0.3], [0.7]], **k), (2, N)),
    "quantile": (lambda **k: P.quantile([[0.3], [0.7]], **k), (2, N)),
    "prob_greater": (lambda **k: P.prob_greater(Q, **k), (N,)),
    "kl": (lambda **k: P.kl(Q, **k), (N,)),
    "sample": (lambda **k: P.sample((3, N), 7, **k), (3, N)),
    "interval": (lambda **k: P.interval(0.8, **k), (N, 2)),
    "shortest interval": (lambda **k: P.interval(0.8, "hdi", **k), (N, 2)),
    "replicates": (lambda **k: W.replicates(2, 6, **k), (4, N)),
}
cases = pytest.mark.parametrize(("call", "shape"), CALLS.values(), ids=CALLS)


@cases
def test_the_same_numbers(call, shape):
    expected = call()
    assert expected.shape == shape
    out = np.full(shape, 9, expected.dtype)
    assert call(out=out) is out
    np.testing.assert_array_equal(out, expected)
    part = np.full((3, *shape), 9, expected.dtype)
    call(out=part[1])
    np.testing.assert_array_equal(part[1], expected)
    assert (part[::2] == 9).all()  # and nothing beside


@cases
def test_what_cannot_hold_them(call, shape):
    dtype = call().dtype
    wide = np.zeros((*shape, 2), dtype)
    odd = np.zeros(int(np.prod(shape)) * dtype.itemsize + 1, np.uint8)[1:]
    frozen = np.zeros(shape, dtype)
    frozen.flags.writeable = False
    for out, error, words in (
        (np.zeros(shape, np.float32), TypeError, f"must be of dtype {dtype}, is of float32"),
        (np.zeros(shape, dtype.newbyteorder()), TypeError, "must be of dtype"),
        (np.zeros((*shape, 1), dtype), ValueError, "shape"),
        (wide[..., 0], ValueError, "contiguous"),
        (odd.view(dtype).reshape(shape), ValueError, "aligned"),
        (frozen, ValueError, "is read-only"),
        ([0.0] * N, TypeError, "must be an array"),
        (np.ma.zeros(shape, dtype), TypeError, "must be an array"),
        (Packed(np.zeros(shape, dtype), CUDA), TypeError, "on a device"),
    ):
        with pytest.raises(error, match=f"^out.*{words}"):
            call(out=out)
    assert not wide.any()
    if len(shape) > 1:
        with pytest.raises(ValueError, match="contiguous"):
            call(out=np.zeros(shape, dtype, order="F"))


@pytest.mark.parametrize("name", ["cdf", "prob_above", "quantile"])
def test_results_are_not_made_from_results(name):
    x = np.linspace(0.1, 0.9, N + 1)
    for out in (x[:N], x[1:]):
        with pytest.raises(ValueError, match="out: shares memory with an argument"):
            getattr(P, name)(x[:N], out=out)
    levels = np.linspace(0.1, 0.9, 2 * N)
    with pytest.raises(ValueError, match="out: shares memory"):
        P.interval(levels[:N], out=levels.reshape(N, 2))


def test_a_single_value_goes_into_an_array_of_no_dimension():
    out = np.zeros(())
    assert vn.BetaPosterior(1, 1).cdf(0.25, out=out) is out
    assert float(out) == pytest.approx(0.25, rel=1e-12)


def test_draws_have_the_shape_of_where_they_go():
    out = np.zeros((4, N))
    P.sample(rng=3, out=out)
    np.testing.assert_array_equal(out, P.sample((4, N), 3))
    with pytest.raises(ValueError, match="out: must have shape"):
        P.sample(N, 3, out=out)


def test_threads_do_not_matter(monkeypatch):
    p = vn.BetaPosterior(np.linspace(0.5, 50, 30_000), 3.0)
    found = []
    for threads in ("1", "2", "3"):
        monkeypatch.setenv("VENIRE_NUM_THREADS", threads)
        found.append(p.quantile(0.3, out=np.zeros(p.shape)))
    assert all((x == found[0]).all() for x in found)
