"""The likelihood of rankings: views around csrc/vn_ranking*.c."""

import numpy as np

from libc.stdint cimport INT32_MAX, int32_t, int64_t, uint8_t

from venire._native.border cimport at, at_if, codes, offsets as check_offsets, room, room_if
from venire._native.border cimport steps, team, within
from venire._native.common cimport VN_OK, VN_TOO_LARGE, check, poll_signals, vn_status


cdef enum:
    SMALL = 20000  # entries below which other threads cost more than they save


MANY = (
    "rankings: errors and Newton's method go over all pairs of each, and of more than 8,192 items "
    "these may be 2**31 at most; method='quasi-newton', errors=None and the bootstrap do without"
)


cdef int are_rankings(const vn_ranking_data *d) except -1:
    """Items of a ranking must differ, and counts of ranked ones and ties be within it."""
    cdef int64_t k, p, at, length
    cdef int wrong = 0
    seen = np.full(d.n_items, -1, np.int64)
    cdef int64_t[::1] last = seen
    for k in range(d.n_rankings):
        at, length = d.offsets[k], d.offsets[k + 1] - d.offsets[k]
        wrong |= d.ranked[k] < 0 or d.ranked[k] > length
        for p in range(length):
            wrong |= last[d.item[at + p]] == k
            last[d.item[at + p]] = k
            if d.tied != NULL and d.tied[at + p]:
                wrong |= p == 0 or p >= d.ranked[k]
    if wrong:
        raise ValueError("item, ranked, tied: no rankings of different items")
    return 0


cdef class Rankings:
    """Rankings of `n_items`, with the likelihood's values, slopes and curvatures.

    `offsets` (n_rankings + 1): where each one's items are in `item`, best first; `ranked`: how many of
    them are in order; `tied` (bool): with the item before. Arrays are kept, weights copied.
    """

    cdef vn_rankings *r
    cdef vn_ranking_data d
    cdef object keep
    cdef readonly int n_threads

    def __cinit__(
        self,
        int64_t n_items,
        const int64_t[::1] offsets not None,
        const int32_t[::1] item not None,
        const int32_t[::1] ranked not None,
        const uint8_t[::1] tied=None,
        const double[::1] weight=None,
        *,
        int n_threads=1,
    ):
        cdef vn_status status
        cdef int64_t n = item.shape[0]
        within(n_items, 0, INT32_MAX, "n_items")
        self.keep = (offsets, item, ranked, tied)
        self.d.n_items = n_items
        self.d.n_rankings = steps(offsets, "offsets")
        check_offsets(offsets, 0, n, "offsets")
        self.d.offsets = &offsets[0]
        self.d.item = at(item, n, "item")
        self.d.ranked = at(ranked, self.d.n_rankings, "ranked")
        self.d.tied = at_if(tied, n, "tied")
        codes(self.d.item, n, n_items, "item")
        are_rankings(&self.d)
        self.n_threads = team(n_threads) if n > SMALL else 1
        with nogil:
            status = vn_rankings_new(&self.d, self.n_threads, poll_signals, NULL, &self.r)
        check(status, "for the rankings")
        if weight is not None:
            self.weigh(weight)

    def __dealloc__(self):
        vn_rankings_free(self.r)

    def weigh(self, const double[::1] weight):
        """Weights of the rankings, (n_rankings,); None: 1."""
        cdef const double *w = at_if(weight, self.d.n_rankings, "weight")
        cdef vn_status status
        with nogil:
            status = vn_rankings_weigh(self.r, w, self.n_threads, poll_signals, NULL)
        check(status, "for the weights")

    cdef copied(self, const double *x):
        out = np.empty(self.d.n_items)
        cdef double[::1] view = out
        cdef int64_t i
        for i in range(self.d.n_items):
            view[i] = x[i]
        return out

    @property
    def chosen(self):
        """How often each item was chosen at a stage, (n_items,)."""
        return self.copied(vn_rankings_chosen(self.r))

    @property
    def mass(self):
        """Weight of the rankings of each item, (n_items,)."""
        return self.copied(vn_rankings_mass(self.r))

    def pull(self, const double[::1] theta not None, bint diagonal=False):
        """What `chosen` is expected to be, (n_items,): the slopes are chosen less this. With
        `diagonal` a tuple: that, and minus the second derivative in each item's theta."""
        out = np.empty(self.d.n_items)
        bent = np.empty(self.d.n_items) if diagonal else None
        cdef const double *x = at(theta, self.d.n_items, "theta")
        cdef double *to = room[double](out, self.d.n_items, "pull")
        cdef double *second = room_if[double](bent, self.d.n_items, "diagonal")
        cdef vn_status status
        with nogil:
            status = vn_rankings_pull(self.r, x, self.n_threads, poll_signals, NULL, to, second)
        check(status, "for a pass over the rankings")
        return (out, bent) if diagonal else out

    def log_likelihood(self, const double[::1] theta not None):
        """Log-likelihood, without the number of orders of tied items."""
        cdef double value
        cdef const double *x = at(theta, self.d.n_items, "theta")
        cdef vn_status status
        with nogil:
            status = vn_rankings_log_likelihood(self.r, x, self.n_threads, poll_signals, NULL, &value)
        check(status, "for a pass over the rankings")
        return value

    def pairs(self):
        """(edge_ptr (n_items + 1,), hi (n_edges,)): the pairs that are ranked together, sorted."""
        cdef int64_t n_edges = 0
        cdef const int64_t *ptr = NULL
        cdef const int32_t *hi = NULL
        cdef vn_status status
        with nogil:
            status = vn_rankings_pairs(self.r, poll_signals, NULL, &n_edges, &ptr, &hi)
        if status == VN_TOO_LARGE:
            raise ValueError(MANY)
        check(status, "for the pairs of items")
        edges = np.empty(n_edges, np.int32)
        if n_edges:
            edges[:] = <const int32_t[:n_edges]>hi
        return np.array(<const int64_t[:self.d.n_items + 1]>ptr), edges

    def curvature(self, const double[::1] theta not None):
        """Minus the second derivatives of the pairs, (n_edges,) and >= 0."""
        cdef int64_t n_edges = 0
        cdef const int64_t *ptr = NULL
        cdef const int32_t *hi = NULL
        cdef const double *x = at(theta, self.d.n_items, "theta")
        cdef vn_status status
        with nogil:
            status = vn_rankings_pairs(self.r, poll_signals, NULL, &n_edges, &ptr, &hi)
        if status == VN_TOO_LARGE:
            raise ValueError(MANY)
        check(status, "for the pairs of items")
        out = np.empty(n_edges)
        cdef double *to = room[double](out, n_edges, "curvature")
        with nogil:
            status = vn_rankings_curvature(self.r, x, self.n_threads, poll_signals, NULL, to)
        check(status, "for the curvatures")
        return out

    def scores(self, const double[::1] theta not None):
        """Slopes of each entry of each ranking, its weight left out, (len(item),)."""
        cdef int64_t n = self.d.offsets[self.d.n_rankings]
        out = np.empty(n)
        cdef const double *x = at(theta, self.d.n_items, "theta")
        cdef double *to = room[double](out, n, "scores")
        cdef vn_status status
        with nogil:
            status = vn_rankings_scores(self.r, x, self.n_threads, poll_signals, NULL, to)
        check(status, "for a pass over the rankings")
        return out

    def connected(self):
        """(labels, n, strong): the components of what was ranked together; whether the one that there
        is holds together by "ranked above", False also where that is not easily told."""
        labels = np.empty(self.d.n_items, np.int32)
        cdef int32_t *to = room[int32_t](labels, self.d.n_items, "labels")
        cdef int64_t n = 0
        cdef int strong = 0
        cdef vn_status status
        with nogil:
            status = vn_rankings_connected(self.r, poll_signals, NULL, to, &n, &strong)
        check(status, "for the components")
        return labels, int(n), bool(strong)

    def arcs(self):
        """(ptr (n_items + 1,), to): who is right above whom, with all that need be told."""
        ptr = np.empty(self.d.n_items + 1, np.int64)
        cdef int64_t *start = room[int64_t](ptr, self.d.n_items + 1, "ptr")
        vn_rankings_arcs(self.r, start, NULL)
        to = np.empty(max(start[self.d.n_items], 1), np.int32)
        cdef int32_t *end = room[int32_t](to, to.shape[0], "to")
        vn_rankings_arcs(self.r, start, end)
        return ptr, to[: start[self.d.n_items]]
