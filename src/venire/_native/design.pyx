"""Which pairs are asked: views around csrc/vn_design.c."""

import numpy as np

from libc.stdint cimport int32_t, int64_t, uint64_t

from venire._native.signals cimport poll_signals, raise_pending


cdef extern from "vn_design.h" nogil:
    ctypedef enum vn_status:
        VN_OK
        VN_NO_MEMORY
        VN_INTERRUPTED
        VN_BAD_VALUE
    ctypedef int (*vn_poll)(void *) noexcept nogil
    ctypedef enum vn_design_method:
        VN_DESIGN_CYCLES
        VN_DESIGN_RANDOM
    ctypedef struct vn_design:
        vn_design_method method
        int64_t n_groups
        int64_t degree
        int64_t stream
        const int64_t *n_items
        const int64_t *ask_ptr
        const int64_t *used_ptr
        const int32_t *used_first
        const int32_t *used_second
    vn_status vn_design_pairs(const vn_design *, const uint64_t *, int, vn_poll, void *, int32_t *,
                              int32_t *, int64_t *)


def pairs(str method, int64_t degree, const int64_t[::1] n_items not None,
          const int64_t[::1] ask_ptr not None, used, key, int n_threads, int64_t stream=0):
    """(first, second, repeats) of each group; `method` is "cycles" or "random", `used` None or
    (ptr, first, second). Arrays are not checked; see csrc/vn_design.h."""
    cdef vn_design d
    cdef vn_status status
    cdef uint64_t words[2]
    cdef int64_t n_groups = n_items.shape[0]
    cdef const int64_t[::1] used_ptr
    cdef const int32_t[::1] used_first, used_second
    words[0], words[1] = key
    d.method = VN_DESIGN_RANDOM if method == "random" else VN_DESIGN_CYCLES
    d.n_groups, d.degree, d.stream = n_groups, degree, stream
    d.used_ptr = NULL
    d.used_first = d.used_second = NULL
    result = (np.empty(ask_ptr[n_groups], np.int32), np.empty(ask_ptr[n_groups], np.int32),
              np.empty(n_groups, np.int64))
    if n_groups == 0:
        return result
    d.n_items, d.ask_ptr = &n_items[0], &ask_ptr[0]
    if used is not None and len(used[1]):
        used_ptr, used_first, used_second = used
        d.used_ptr, d.used_first, d.used_second = &used_ptr[0], &used_first[0], &used_second[0]
    cdef int32_t[::1] first = result[0], second = result[1]
    cdef int64_t[::1] repeats = result[2]
    cdef int32_t *to_first = &first[0] if first.shape[0] else NULL
    cdef int32_t *to_second = &second[0] if first.shape[0] else NULL
    with nogil:
        status = vn_design_pairs(&d, words, n_threads, poll_signals, NULL, to_first, to_second,
                                 &repeats[0])
    if status == VN_INTERRUPTED:
        raise_pending()
    if status == VN_BAD_VALUE:
        raise ValueError("used: holds a pair of one item, or of items that its group does not have")
    if status != VN_OK:
        raise MemoryError("not enough memory for the pairs that were asked")
    return result
