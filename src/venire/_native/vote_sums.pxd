"""C declarations: csrc/vn_vote_sums.h."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

from venire._native.common cimport vn_poll, vn_status
from venire._native.votes cimport vn_vote_cells, vn_vote_rows


cdef extern from "vn_vote_sums.h" nogil:
    ctypedef struct vn_vote_sums:
        pass
    ctypedef enum vn_sums_kind:
        VN_SUMS_KEYS
        VN_SUMS_HARD
        VN_SUMS_SOFT
        VN_SUMS_SWAPPED
    ctypedef struct vn_sums_places:
        const int32_t *pair
        const int32_t *group
        const int32_t *item
        const int32_t *teacher
        int by_items
    vn_vote_sums *vn_vote_sums_new(vn_sums_kind)
    void vn_vote_sums_free(vn_vote_sums *)
    int64_t vn_vote_sums_size(const vn_vote_sums *)
    int64_t vn_vote_sums_bytes(const vn_vote_sums *)
    vn_status vn_vote_sums_find(vn_vote_sums *, const uint64_t *, const uint64_t *, int64_t,
                                int32_t *)
    vn_status vn_vote_sums_add(vn_vote_sums *, const vn_vote_rows *, const int64_t *,
                               const int32_t *, vn_poll, void *, int64_t *)
    int vn_vote_sums_fit(const vn_vote_sums *, const vn_sums_places *, int64_t, int64_t, int64_t)
    void vn_vote_sums_mark(const vn_vote_sums *, int, uint8_t *, uint8_t *, uint8_t *)
    vn_status vn_vote_sums_merge(vn_vote_sums *, const vn_vote_sums *, const vn_sums_places *)
    void vn_vote_sums_recode(vn_vote_sums *, const vn_sums_places *)
    vn_status vn_vote_sums_sort(const vn_vote_sums *, int, int, vn_poll, void *, uint32_t *,
                                int64_t *, int64_t *)
    void vn_vote_sums_write(const vn_vote_sums *, const uint32_t *, int64_t *, uint64_t *, int32_t *,
                            vn_vote_cells *)
    int64_t vn_vote_sums_most(const vn_vote_sums *)
    int64_t vn_vote_sums_stride(const vn_vote_sums *)
    void vn_vote_sums_copy(const vn_vote_sums *, uint8_t *)
    vn_status vn_vote_sums_restore(vn_vote_sums *, const uint8_t *, int64_t)
