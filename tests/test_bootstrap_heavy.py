"""Bootstraps of enormous weights: an answer or a clear error, never a crash or a hang."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from venire._native.replicates import Draws

import venire as vn
from venire import reference

WEIGHTS = (1e6, 1e15, 2.0**53, 1e18, 9.3e18, 1e19, 1e20, 1e60, 1e300)
MODELS = ("bradley-terry", "thurstone", "davidson", "rao-kupper")
KINDS = ("multinomial", "poisson", "bayesian")
LARGEST = 1e30  # that is taken at all
HEAVY = 1e7  # comparisons of one kind that can be counted

CHILD = """
import json, sys, warnings
import numpy as np
import venire as vn

warnings.simplefilter("ignore")
kind, grouped, weights, models = json.loads(sys.argv[1])
first, second, score = [0, 0, 1, 1, 2, 0], [1, 2, 2, 0, 0, 1], [1, 1, 0.5, 1, 1, 0.5]
prior = vn.GaussianPrior(0.1)
for model in models:
    for w in weights:
        try:
            if grouped:
                c = vn.GroupedComparisons(["g"] * 6, first, second, score, [w] * 6)
                fit = vn.fit_groups(c, model=model, prior=prior)
            else:
                c = vn.Comparisons(first, second, score, [w] * 6)
                fit = getattr(vn, "fit_" + model.replace("-", "_"))(c, prior=prior)
            errors = np.asarray(vn.bootstrap(fit, 20, scheme=kind, rng=1).standard_errors())
            print(json.dumps([model, w, errors.tolist()]), flush=True)
        except ValueError as e:
            print(json.dumps([model, w, str(e)]), flush=True)
"""


@pytest.mark.parametrize("grouped", [False, True], ids=["single", "grouped"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_or_an_error(kind, grouped):
    arguments = json.dumps([kind, grouped, WEIGHTS, MODELS])
    done = subprocess.run(
        [sys.executable, "-c", CHILD, arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(WEIGHTS) * len(MODELS)
    for model, weight, errors in found:
        if weight > (LARGEST if kind == "bayesian" else HEAVY):
            assert errors.startswith(("weight[0] = ", "weight: ")), (model, weight, errors)
            continue
        assert isinstance(errors, list), (model, weight, errors)
        base = next(e for m, w, e in found if m == model and w == 1e6)
        scale = np.sqrt(1e6 / weight)  # errors fall as the root of the weight
        np.testing.assert_allclose(errors, np.array(base) * scale, rtol=0.02, atol=1e-14)


def test_gamma_variates_of_any_shape():
    shapes = np.array([1.0, 1e8, 1e10, 1e16, 1e19, 1e25])
    n = 2000
    draws = Draws("bayesian", np.append(shapes, 1e29), (1, 2))
    w = np.array([draws.replicate(r)[:-1] for r in range(n)])
    # the total is nearly all in the last one, so the others are gamma variates
    deviation = (w - shapes) / np.sqrt(shapes)
    assert (np.abs(deviation.mean(axis=0)) < 5.0 / np.sqrt(n)).all()
    room = 5.0 * np.sqrt((2.0 + 6.0 / shapes) / n)  # excess kurtosis 6 / shape
    assert (np.abs(deviation.var(axis=0) - 1.0) < room).all()


@pytest.mark.parametrize("counts", [[1e20, 1e20, 3.0], [1e9, 1e18, 1e60]])
def test_large_draws_equal_their_twin(counts):
    found = Draws("bayesian", np.array(counts), (5, 6)).replicate(3)
    expected = reference.bootstrap_draws(counts, (5, 6), 3, "bayesian")
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf, float(np.int64(-(2**63)))])
def test_counts_that_are_none(kind, bad):
    with pytest.raises(ValueError, match="count"):
        Draws(kind, np.array([3.0, bad]), (1, 2))


def test_the_message_says_what_else_to_do():
    c = vn.Comparisons([0, 0, 1], [1, 2, 2], 1.0, [1e20] * 3)
    fit = vn.fit_bradley_terry(c, prior=vn.GaussianPrior(0.1))
    with pytest.raises(ValueError, match=r"1e\+20 comparisons.*10\*\*7.*scheme='bayesian'"):
        vn.bootstrap(fit, 20)
    assert np.isfinite(vn.bootstrap(fit, 20, unit="cells", rng=1).theta).all()
