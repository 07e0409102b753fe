"""Which pairs are asked: views around csrc/vn_design.c."""

import numpy as np

from libc.stdint cimport INT32_MAX, INT64_MAX, int32_t, int64_t, uint64_t

from venire._native.border cimport at, offsets, room, team, within
from venire._native.common cimport VN_BAD_VALUE, check, poll_signals, vn_status


def pairs(str method, int64_t degree, const int64_t[::1] n_items not None,
          const int64_t[::1] ask_ptr not None, used, key, int n_threads, int64_t stream=0):
    """(first, second, repeats) of each group; `method` is "cycles" or "random", `used` None or
    (ptr, first, second)."""
    cdef vn_design d
    cdef vn_status status
    cdef uint64_t words[2]
    cdef int64_t k, n, n_groups = n_items.shape[0], n_asks, n_used
    cdef const int64_t[::1] used_ptr
    cdef const int32_t[::1] used_first
    words[0], words[1] = key
    d.method = VN_DESIGN_RANDOM if method == "random" else VN_DESIGN_CYCLES
    within(degree, 0, INT64_MAX, "degree")
    d.n_groups, d.degree, d.stream = n_groups, degree, stream
    d.used_ptr = NULL
    d.used_first = d.used_second = NULL
    d.n_items = at(n_items, n_groups, "n_items")
    d.ask_ptr = at(ask_ptr, n_groups + 1, "ask_ptr")
    n_asks = ask_ptr[n_groups]
    offsets(ask_ptr, 0, n_asks, "ask_ptr")
    for k in range(n_groups):
        n = n_items[k]
        within(n, 0, INT32_MAX, "n_items")
        # what the design of a group has, and writes
        n = n * (n - 1) // 2 if degree >= n - 1 else n * degree // 2
        within(ask_ptr[k + 1] - ask_ptr[k], n, n, "ask_ptr")
    result = (np.empty(n_asks, np.int32), np.empty(n_asks, np.int32), np.empty(n_groups, np.int64))
    if n_groups == 0:
        return result
    if used is not None and len(used[1]):
        used_ptr, used_first = used[0], used[1]
        n_used = used_first.shape[0]
        d.used_ptr = at(used_ptr, n_groups + 1, "used_ptr")
        offsets(used_ptr, 0, n_used, "used_ptr")
        d.used_first = at(used_first, n_used, "used_first")
        d.used_second = at[int32_t](used[2], n_used, "used_second")
    cdef int32_t *to_first = room[int32_t](result[0], n_asks, "first")
    cdef int32_t *to_second = room[int32_t](result[1], n_asks, "second")
    cdef int64_t *repeats = room[int64_t](result[2], n_groups, "repeats")
    n_threads = team(n_threads)
    with nogil:
        status = vn_design_pairs(&d, words, n_threads, poll_signals, NULL, to_first, to_second,
                                 repeats)
    if status == VN_BAD_VALUE:
        raise ValueError("used: holds a pair of one item, or of items that its group does not have")
    check(status, "for the pairs that were asked")
    return result
