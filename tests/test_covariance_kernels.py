"""Kernels of the covariance against their twins: scores of clusters, sums over pairs."""

from __future__ import annotations

import numpy as np
import pytest
from venire._native.cluster_scores import cluster_scores, score_products
from venire._native.pair_sums import pair_sums

from venire import reference


@pytest.mark.parametrize("m", [0, 1, 2, 3, 4, 8])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [2, 50, 400])
def test_scores_of_clusters(n, ties, m):
    """Both ways of their products: columns that are nearly empty, and nearly full."""
    g = np.random.default_rng([n, m])
    count = 3_000
    i = g.integers(0, n, count)
    j = (i + g.integers(1, n, count)) % n
    cluster = np.sort(g.integers(0, 90, count)) if m else g.integers(0, 3, count)
    _, cluster = np.unique(cluster, return_inverse=True)
    cluster, n_clusters = g.permutation(cluster).astype(np.int32), int(cluster.max()) + 1
    slope, moving, tie = g.normal(size=count), g.normal(size=(count, m)), g.normal(size=count)
    tie = tie if ties else None
    ptr, index, value, rest = cluster_scores(n, i, j, cluster, n_clusters, slope, moving, tie)
    expected = reference.cluster_scores(n, i, j, cluster, slope, moving, tie)
    found = np.zeros((n_clusters, n))
    np.add.at(found, (np.repeat(np.arange(n_clusters), np.diff(ptr)), index), value)
    np.testing.assert_allclose(found, expected[:, :n], atol=1e-12)
    np.testing.assert_allclose(rest, expected[:, n:], atol=1e-12)
    products, cross = score_products(n, ptr, index, value, rest)
    np.testing.assert_allclose(cross, expected[:, :n].T @ expected[:, n:], atol=1e-10)
    np.testing.assert_allclose(products, expected[:, :n].T @ expected[:, :n], atol=1e-10)


def test_scores_of_clusters_refuse():
    i, j, zero = np.array([0, 1]), np.array([1, 0]), np.zeros(2)
    fine = (i, j, np.zeros(2, np.int32), 1, zero, np.zeros((2, 0)), None)
    cluster_scores(2, *fine)
    one = np.array([0, 1], np.int32)
    changes = [(2, 2, one), (2, 2, -one), (2, 0, -one.astype(int)), (2, 1, np.array([1]))]
    for n, k, bad in [*changes, (2, 5, np.zeros((1, 0))), (1, 4, zero)]:
        with pytest.raises(ValueError, match=r"i, j, cluster|j: |moving: "):
            cluster_scores(n, *(bad if at == k else x for at, x in enumerate(fine)))
    ptr, index = np.array([0, 2]), np.array([0, 1], np.int32)
    for n, bad in ((1, ptr), (2, np.array([0, 1])), (2, ptr[:0])):
        with pytest.raises(ValueError, match="ptr, index"):
            score_products(n, bad, index, zero, np.zeros((1, 0)))
    with pytest.raises(ValueError, match="rest"):
        score_products(2, ptr, index, zero, np.zeros((2, 1)))


@pytest.mark.parametrize("m", [0, 1, 2, 3, 4, 8, 11])
def test_sums_over_pairs(m):
    g = np.random.default_rng(m)
    ptr = np.concatenate([[0], np.cumsum(g.integers(1, 60, 2_000))])
    weight, moving = g.random(ptr[-1]), g.normal(size=(ptr[-1], m))
    sums, corner = pair_sums(ptr, weight, moving, 1)
    expected, products = reference.pair_sums(ptr, weight, moving)
    np.testing.assert_allclose(sums, expected, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(corner, products, rtol=1e-9, atol=1e-9)
    again = pair_sums(ptr, weight, moving, 3)
    assert np.array_equal(again[0], sums)
    assert np.array_equal(again[1], corner)
    for bad in (ptr[:-1], ptr[1:], ptr[::-1].copy()):
        with pytest.raises(ValueError, match="ptr"):
            pair_sums(bad, weight, moving, 1)
