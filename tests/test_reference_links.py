"""Four links: probabilities, derivatives and far tails, against mpmath."""

from __future__ import annotations

import numpy as np
import pytest

from venire import reference

mpmath = pytest.importorskip("mpmath")

T = {"bradley-terry": 0.0, "thurstone": 0.0, "davidson": -0.7, "rao-kupper": 0.4}
MODELS = tuple(T)  # the definitions below
MASSES = [(3.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 1.5), (2.0, 5.0, 3.0)]
# around 0, around the switch of Mills' ratio at -5, the middle and the far tails
POINTS = [0.0, 1e-8, 0.3, 1.7, 4.99, 5.01, 9.0, 36.0, 38.6, 40.0, 100.0, 745.0, 1e3, 1e4]


def log_probabilities(model, d, t):
    """Log P of win, tie and loss in mpmath, straight from the definitions."""
    log, exp = mpmath.log, mpmath.exp
    if model == "bradley-terry":
        return -log(1 + exp(-d)), None, -log(1 + exp(d))
    if model == "thurstone":
        half = mpmath.mpf(1) / 2
        return tuple(
            None if s == 0 else log(half * mpmath.erfc(-s * d / mpmath.sqrt(2))) for s in (1, 0, -1)
        )
    if model == "davidson":
        total = log(exp(d / 2) + exp(-d / 2) + exp(t))
        return d / 2 - total, t - total, -d / 2 - total
    eta = exp(t)
    a, b = exp(d) / (exp(d) + eta), 1 / (1 + eta * exp(d))
    return log(a), log((eta**2 - 1) * a * b), log(b)


def exact_value(model, d, t, win, loss, tie):
    lw, lt, ll = log_probabilities(model, d, t)
    if lt is None:
        return (win + tie / 2) * lw + (loss + tie / 2) * ll
    return sum(m * x for m, x in ((win, lw), (loss, ll), (tie, lt)) if m)


def terms_at(model, d, t, masses):
    out = reference.cell_terms(model, [d], t, *([m] for m in masses))
    return {k: float(v[0]) for k, v in out.items()}


@pytest.mark.parametrize("masses", MASSES)
@pytest.mark.parametrize("model", MODELS)
def test_derivatives_against_mpmath(model, masses):
    """To 1e-10 of their own size; near 0, where odd terms cancel, to rounding of the masses."""
    tie_model = model in reference.TIE_MODELS
    wanted = {"value": (0, 0, 1), "d1": (1, 0, 1), "d2": (2, 0, -1)}
    if tie_model:
        wanted |= {"t1": (0, 1, 1), "dt": (1, 1, -1), "t2": (0, 2, -1)}
    for d in [s * x for x in POINTS if x <= 100.0 for s in (1, -1)]:
        terms = terms_at(model, d, T[model], masses)
        assert set(terms) == set(wanted)
        with mpmath.workdps(60):
            x, t = mpmath.mpf(d), mpmath.mpf(T[model])
            for name, (k, m, sign) in wanted.items():
                if name == "value":
                    exact = exact_value(model, x, t, *masses)
                elif tie_model:
                    exact = mpmath.diff(
                        lambda u, v: exact_value(model, u, v, *masses), (x, t), (k, m)
                    )
                else:
                    exact = mpmath.diff(lambda u: exact_value(model, u, 0, *masses), x, k)
                cancel = 1e-15 * sum(masses) if abs(d) < 1.0 else 1e-35
                close = pytest.approx(float(sign * exact), rel=1e-10, abs=cancel)
                assert terms[name] == close, (name, d)


@pytest.mark.parametrize("model", MODELS)
def test_far_tails_are_finite_and_have_their_limits(model):
    """|d| = 1e4: no overflow, no NaN, no lost digit of the value and of the slope."""
    t = T[model]
    for d in (1e3, 1e4):
        # ties are split by the half-tie models, so take each kind of outcome by itself
        lost, won = (terms_at(model, x, t, (1.0, 0.0, 0.0)) for x in (-d, d))
        tied = terms_at(model, d, t, (0.0, 0.0, 1.0))
        assert all(np.isfinite(v) for out in (won, lost, tied) for v in out.values())
        assert min(out["d2"] for out in (won, lost, tied)) >= 0.0
        assert won["value"] == pytest.approx(0.0, abs=1e-200)
        if model == "thurstone":
            # Mills: log Phi(-d) = -d^2/2 - log(d sqrt(2 pi)) - 1/d^2 + ..., slope d + 1/d - ...
            expected = -d * d / 2 - np.log(d * np.sqrt(2 * np.pi)) - 1 / d**2
            assert lost["value"] == pytest.approx(expected, rel=1e-15)
            assert lost["d1"] == pytest.approx(d + 1 / d, rel=1e-11)
            assert lost["d2"] == pytest.approx(1 - 1 / d**2, rel=1e-11)
        else:
            assert lost["value"] == pytest.approx(-d - (t if model == "rao-kupper" else 0.0))
            assert lost["d1"] == pytest.approx(1.0)
        if model == "davidson":
            assert tied["value"] == pytest.approx(t - d / 2)
            assert tied["d1"] == pytest.approx(-0.5)
        if model == "rao-kupper":
            assert tied["value"] == pytest.approx(np.log(-np.expm1(-2 * t)) + t - d)


@pytest.mark.parametrize("model", MODELS)
def test_probabilities_sum_to_one_and_match_the_likelihood(model):
    d = np.linspace(-30.0, 30.0, 61)
    p = reference.probabilities(model, d, T[model])
    one, zero = np.ones_like(d), np.zeros_like(d)
    won = np.exp(reference.cell_terms(model, d, T[model], one, zero, zero)["value"])
    lost = np.exp(reference.cell_terms(model, d, T[model], zero, one, zero)["value"])
    if model in reference.TIE_MODELS:
        tied = np.exp(reference.cell_terms(model, d, T[model], zero, zero, one)["value"])
        np.testing.assert_allclose(p, np.stack([won, tied, lost], axis=1), rtol=1e-14)
        np.testing.assert_allclose(p.sum(axis=1), 1.0, rtol=1e-14)
    else:
        np.testing.assert_allclose(p, won, rtol=1e-13)
        np.testing.assert_allclose(1.0 - p, lost, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("model", "boundary"), [("davidson", -np.inf), ("rao-kupper", 0.0)])
def test_without_ties_the_boundary_is_bradley_terry(model, boundary):
    d, win, loss, tie = np.array([-3.0, 0.0, 50.0]), np.ones(3), np.full(3, 2.0), np.zeros(3)
    found = reference.cell_terms(model, d, boundary, win, loss, tie)
    expected = reference.cell_terms("bradley-terry", d, 0.0, win, loss, tie)
    for name in ("value", "d1", "d2"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-13, err_msg=name)
    np.testing.assert_allclose(
        reference.probabilities(model, d, boundary)[:, 1], 0.0, atol=0.0, err_msg="P(tie)"
    )


def test_unknown_model():
    with pytest.raises(ValueError, match="model must be one of bradley-terry"):
        reference.cell_terms("elo", [0.0], 0.0, [1.0], [0.0], [0.0])
    with pytest.raises(ValueError, match="'elo'"):
        reference.probabilities("elo", [0.0])
