"""Kendall's tau-b and nDCG of many groups against one group at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from venire.distillation import kendall_tau, measures, ndcg


def groups(seed, sizes, *, ties=True):
    rng = np.random.default_rng(seed)
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    x, y = rng.normal(size=offsets[-1]), rng.normal(size=offsets[-1])
    if ties:
        x, y = np.round(x), np.round(2 * y).clip(0)
    y[rng.random(len(y)) < 0.1] = np.nan
    return offsets, x, y


@pytest.mark.parametrize("ties", [True, False])
def test_tau_is_that_of_each_group(ties, monkeypatch):
    monkeypatch.setattr(measures, "_BLOCK", 300)
    offsets, x, y = groups(1, [0, 1, 2, 5, 7, 7, 30, 5, 3], ties=ties)
    found = kendall_tau(offsets, x, y)
    for k, value in enumerate(found):
        some = slice(offsets[k], offsets[k + 1])
        known = ~np.isnan(y[some])
        expected = np.nan
        if known.sum() > 1:
            expected = kendalltau(x[some][known], y[some][known]).statistic
        assert value == pytest.approx(expected, nan_ok=True)


def test_tau_of_large_groups(monkeypatch):
    offsets, x, y = groups(2, [40, 60])
    expected = kendall_tau(offsets, x, y)
    monkeypatch.setattr(measures, "_LARGE", 10)
    assert np.allclose(kendall_tau(offsets, x, y), expected)


@pytest.mark.parametrize("gain", ["linear", "exponential"])
@pytest.mark.parametrize("k", [1, 3, 10])
def test_ndcg_is_that_of_each_group(gain, k):
    metrics = pytest.importorskip("sklearn.metrics")
    offsets, x, y = groups(3, [2, 5, 7, 7, 30, 5, 3])
    found = ndcg(offsets, x, y, k=k, gain=gain)
    assert np.isfinite(found).sum() >= 5
    for j, value in enumerate(found):
        some = slice(offsets[j], offsets[j + 1])
        known = ~np.isnan(y[some])
        g = y[some][known] if gain == "linear" else 2.0 ** y[some][known] - 1
        if known.sum() < 2 or g.max() <= 0:
            assert np.isnan(value) or known.sum() < 2
            continue
        assert value == pytest.approx(metrics.ndcg_score([g], [x[some][known]], k=k))


def test_ndcg_shares_gains_among_ties():
    assert ndcg([0, 2], [1.0, 1.0], [1.0, 0.0], k=1).tolist() == [0.5]
    assert ndcg([0, 2], [0.0, 1.0], [1.0, 0.0], k=1).tolist() == [0.0]
    assert np.isnan(ndcg([0, 2, 4], [0.0, 1.0, 2.0, 3.0], [0.0, 0.0, -1.0, 2.0])).all()


def test_wrong_arguments():
    with pytest.raises(ValueError, match=r"gold: must have shape \(2,\), has \(1,\)"):
        kendall_tau([0, 2], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="k = 0: must be at least 1"):
        ndcg([0, 1], [1.0], [1.0], k=0)
    with pytest.raises(ValueError, match=r"gain.*: must be"):
        ndcg([0, 1], [1.0], [1.0], gain="log")


def test_squared_correlation():
    x, y = np.array([1.0, 2.0, 5.0, 6.0, np.nan]), np.array([2.0, 4.0, 1.0, 3.0, 0.0])
    group = np.array([0, 0, 1, 1, 1])
    assert measures.pooled_r2(x, y, group) == pytest.approx(1.0)
    expected = np.corrcoef(x[:4], y[:4])[0, 1] ** 2
    assert measures.pooled_r2(x, y) == pytest.approx(expected)
    assert np.isnan(measures.pooled_r2(x[4:], y[4:]))


def test_gains_beyond_the_doubles_are_refused():
    with pytest.raises(ValueError, match=r"gold\[1\].*: must be of a size of at most 1000"):
        ndcg([0, 2], [1.0, 2.0], [1.0, 1100.0], gain="exponential")
    with pytest.raises(ValueError, match=r"gold\[0\].*: must be of a size of at most 1e.30"):
        ndcg([0, 2], [1.0, 2.0], [1e308, 1.0])
