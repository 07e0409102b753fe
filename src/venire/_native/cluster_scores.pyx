"""Scores of clusters and their products: views on arrays around csrc/vn_cluster_scores.c."""

import numpy as np

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t

from venire._native.border cimport at, at_if, room, same
from venire._native.common cimport VN_OK, check, poll_signals, vn_status


def cluster_scores(
    int64_t n,
    const int64_t[::1] i not None,
    const int64_t[::1] j not None,
    const int32_t[::1] cluster not None,
    int64_t n_clusters,
    const double[::1] slope not None,
    const double[:, ::1] moving not None,
    const double[::1] tie_slope,
):
    """(ptr, index, value, rest): sums of the scores of each cluster, of items as a sparse column of
    its own, of other parameters (n_clusters, m); see venire.reference.cluster_scores."""
    cdef vn_clustered x
    cdef int64_t count = slope.shape[0], k
    cdef int wrong = 0
    x.n, x.n_cells, x.n_clusters, x.n_moving = n, count, n_clusters, <int>moving.shape[1]
    same(moving.shape[0], count, "moving")
    x.i, x.j = at(i, count, "i"), at(j, count, "j")
    x.cluster = at(cluster, count, "cluster")
    x.slope, x.tie_slope = at(slope, count, "slope"), at_if(tie_slope, count, "tie_slope")
    x.moving = &moving[0, 0] if moving.shape[0] and moving.shape[1] else NULL
    for k in range(count):
        wrong |= (x.i[k] < 0) | (x.i[k] >= n) | (x.j[k] < 0) | (x.j[k] >= n)
        wrong |= (x.cluster[k] < 0) | (x.cluster[k] >= n_clusters)
    if wrong:
        raise ValueError("i, j, cluster: hold positions that there are none of")
    ptr, index = np.empty(n_clusters + 1, np.int64), np.empty(2 * count, np.int32)
    value = np.empty(2 * count)
    rest = np.empty((n_clusters, x.n_moving + (x.tie_slope != NULL)))
    cdef int64_t[::1] out_ptr = ptr
    cdef int32_t[::1] out_index = index
    cdef double[::1] out_value = value, out_rest = rest.reshape(-1)
    cdef int32_t *to_index = room[int32_t](out_index, 2 * count, "index")
    cdef double *to_value = room[double](out_value, 2 * count, "value")
    cdef double *to_rest = room[double](out_rest, out_rest.shape[0], "rest")
    cdef vn_status status
    with nogil:
        status = vn_cluster_scores(&x, poll_signals, NULL, &out_ptr[0], to_index, to_value, to_rest)
    check(status, "for the scores of clusters")
    k = out_ptr[n_clusters]
    return ptr, index[:k], value[:k], rest


def score_products(
    int64_t n,
    const int64_t[::1] ptr not None,
    const int32_t[::1] index not None,
    const double[::1] value not None,
    const double[:, ::1] rest not None,
):
    """(n, n) and (n, m): columns that `cluster_scores` makes, times their transpose, and `rest`."""
    cdef int64_t n_clusters = ptr.shape[0] - 1, count = index.shape[0], c, k, stop
    cdef int wrong = n_clusters < 0 or ptr[0] != 0 or ptr[n_clusters] != count
    same(value.shape[0], count, "value")
    for c in range(n_clusters):
        wrong |= ptr[c + 1] < ptr[c]
    for k in range(count):
        wrong |= (index[k] < 0) | (index[k] >= n)
    if wrong:
        raise ValueError("ptr, index: are no columns of a matrix")
    same(rest.shape[0], n_clusters, "rest")
    cdef int m = <int>rest.shape[1]
    form, cross = np.zeros((n, n)), np.zeros((n, m))
    cdef double[:, ::1] out = form, out_cross = cross
    cdef vn_status status
    if n == 0 or count == 0:
        return form, cross
    cdef const double *others = &rest[0, 0] if m else NULL
    cdef double *to_cross = &out_cross[0, 0] if m else NULL
    c = 0
    while c < n_clusters:  # some entries between two looks for Ctrl-C
        stop = c + 1
        while stop < n_clusters and ptr[stop] - ptr[c] < 1 << 18:
            stop += 1
        with nogil:
            status = vn_score_products(n, c, stop, &ptr[0], &index[0], &value[0], m, others,
                                       &out[0, 0], to_cross)
        check(status, "for the products of scores")
        PyErr_CheckSignals()
        c = stop
    return form, cross
