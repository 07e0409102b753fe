"""Arrays of other libraries at every entrance: taken from the CPU, refused from elsewhere."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import test_doors as doors
from foreign import CUDA, Convertible, Packed

import venire as vn
from venire._core import checks
from venire._core.foreign import local


def as_numbers(values):
    """An array of numbers, or None where the argument is none."""
    try:
        array = np.asarray(values)
    except ValueError:
        return None
    return array if array.ndim and array.dtype.kind in "biuf" else None


INTEGERS = np.array([0, 1, 2, 0] * 3), np.array([1, 2, 0, 2] * 3)
SCORES = np.array([1, 0, 1, 0, 0, 1, 1, 1, 0.5, 0, 1, 0])
X = np.random.default_rng(0).normal(size=12)
FIT = vn.fit_bradley_terry(vn.Comparisons(*INTEGERS, SCORES))
MORE = {  # a call of one array
    "covariates": (lambda x: vn.Comparisons(*INTEGERS, SCORES, covariates=x), X[:, None]),
    "a covariate": (lambda x: vn.Comparisons(*INTEGERS, SCORES, covariates={"a": x}), X),
    "items": (lambda x: vn.Comparisons(*INTEGERS, SCORES, items=x), np.arange(3)),
    "date": (lambda x: vn.Comparisons(*INTEGERS, SCORES, date=x, half_life=2.0), np.arange(12)),
    "rankings": (vn.Rankings, np.array([[0, 1, 2], [1, 2, 0]])),
    "one ranking": (lambda x: vn.Rankings([x, [1, 0]]), np.array([1, 2, 0])),
    "precision": (lambda x: vn.GaussianPrior(x), np.ones(3)),
    "labels of a matrix": (lambda x: FIT.predict(x, x), INTEGERS[0].reshape(3, 4)),
    "level": (FIT.interval, np.array(0.9)),
    "size": (lambda x: vn.BetaPosterior(1, 2).quantile(x), np.array(0.5)),
    "statistic": (
        lambda x: vn.bootstrap_statistic(
            lambda v, w: np.average(v, weights=w), x, n_resamples=3, rng=0
        ),
        X,
    ),
    "probabilities": (
        lambda x: vn.Votes.from_pairs(np.arange(4), [0, 1, 0, 1], probabilities=x),
        np.full((4, 3), 1 / 3),
    ),
    "gold": (
        lambda x: vn.consensus(doors.VOTES, gold=(np.arange(2), x)), np.array([1.0, 0.0]),
    ),
    "a prior of votes": (
        lambda x: vn.BetaPosterior.from_counts(1, 2, prior=(x, x)), np.array([1.0, 2.0]),
    ),
    "play": (lambda x: vn.simulate.play(x, INTEGERS[1], 3, rng=0), INTEGERS[0]),
}  # fmt: skip


def cases():
    for name, (call, arguments) in (doors.COLUMNS | doors.ARRAYS).items():
        for argument, values in arguments.items():
            if (array := as_numbers(values)) is not None:

                def one(x, call=call, arguments=arguments, argument=argument):
                    return call(**(arguments | {argument: x}))

                yield pytest.param(one, array, id=f"{name}-{argument}")
    for name, (call, array) in MORE.items():
        yield pytest.param(call, array, id=name)


@pytest.mark.parametrize(("call", "array"), cases())
def test_every_entrance(call, array):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = repr(call(array))
        for kind in (Packed, Convertible):
            assert repr(call(kind(array))) == expected
        with pytest.raises(TypeError, match=r"is on a device \(CUDA, number 0\); copy it to"):
            call(Packed(array, CUDA))


def test_memory_is_not_copied():
    x = np.arange(5.0)
    assert np.shares_memory(checks.numeric(Packed(x), "x"), x)
    first, second, score = np.array([0, 1], np.int32), np.array([1, 0], np.int32), np.ones(2)
    c = vn.Comparisons(Packed(first), Packed(second), Packed(score))
    assert c.n_comparisons == 2.0
    p = vn.BetaPosterior(Packed(x + 1), 1.0)
    x[:] = 0.0
    assert p.alpha.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]  # a posterior is its own


class Failing(Packed):
    def __dlpack__(self, **options):
        raise BufferError("requires grad")


class Homeless(Packed):
    def __dlpack_device__(self):
        raise RuntimeError("nowhere")


class OnlyCuda:
    __cuda_array_interface__ = None


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (Failing([1.0]), r"x: cannot be read as an array \(BufferError: requires grad\)"),
        (Homeless([1.0]), r"x: cannot be read as an array \(RuntimeError: nowhere\)"),
        (OnlyCuda(), r"x: must lie in the memory of the CPU, .*CUDA"),
        (Packed([1.0], (99, 3)), r"x: must lie .*of kind 99 of DLPack, number 3"),
        (Packed([1.0], (8, 0)), r"x: must lie .*Metal, number 0"),
    ],
)
def test_what_cannot_be_had_is_named(x, words):
    with pytest.raises(TypeError, match=words):
        local(x, "x")
    with pytest.raises(TypeError, match=r"^alpha: "):
        vn.BetaPosterior(x, 1.0)


def test_pinned_memory_is_the_cpus():
    assert local(Packed([1.0, 2.0], (1, 0)), "x").tolist() == [1.0, 2.0]

    class Pinned(Convertible, Packed):
        device = (3, 0)

        def __dlpack_device__(self):
            return self.device

    assert local(Pinned([1.0, 2.0]), "x").tolist() == [1.0, 2.0]


def test_arrays_with_a_length_of_their_own_are_left_to_their_readers():
    import pandas as pd
    import polars as pl
    import pyarrow as pa

    for column in (pd.Series([1.0]), pl.Series([1.0]), pa.array([1.0]), [1.0], "x", None, 1.0):
        assert local(column, "x") is column
