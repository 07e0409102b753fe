"""C declarations: csrc/vn_votes.h."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint8_t, uint64_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_votes.h" nogil:
    ctypedef struct vn_ints:
        const void *data
        int size
        int64_t low
        const int32_t *code
    ctypedef struct vn_vote_rows:
        int64_t n_rows
        int64_t n_teachers
        vn_ints teacher
        vn_ints pair
        int64_t n_pairs
        const int32_t *first
        const int32_t *second
        int64_t n_items
        const int8_t *vote
        const double *probability
        double strength
        const double *weight
        const uint8_t *swapped
    ctypedef struct vn_vote_cells:
        int32_t *teacher
        int32_t *count[3]
        double *mass[3]
        int32_t *runs
        double *total
        double *square
        int32_t *swapped_runs
        double *swapped_total
    ctypedef struct vn_vote_blocks:
        pass
    ctypedef struct vn_vote_table:
        const int64_t *ptr
        vn_vote_cells cells
    ctypedef struct vn_vote_union:
        vn_vote_table a
        vn_vote_table b
        int64_t n_pairs
        const int32_t *at_a
        const int32_t *at_b
        const int32_t *to_a
        const int32_t *to_b
    bint vn_votes_are_hard(const vn_vote_rows *)
    int vn_votes_bits(const vn_vote_rows *)
    vn_status vn_votes_count(const vn_vote_rows *, int, vn_poll, void *, vn_vote_blocks **,
                             int64_t *, int64_t *, int64_t *)
    vn_status vn_votes_sort(const vn_vote_rows *, int, vn_poll, void *, vn_vote_blocks **,
                            int64_t *, int64_t *, int64_t *)
    vn_status vn_votes_write(const vn_vote_blocks *, int, vn_poll, void *, int64_t *, uint64_t *,
                             int *, vn_vote_cells *)
    void vn_vote_blocks_free(vn_vote_blocks *)
    vn_status vn_votes_mark(const vn_ints *, int64_t, int, vn_poll, void *, uint8_t *)
    vn_status vn_votes_merge_sizes(const vn_vote_union *, int, vn_poll, void *, int64_t *)
    vn_status vn_votes_merge(const vn_vote_union *, int, vn_poll, void *, const int64_t *,
                             vn_vote_cells *)
