"""C declarations: csrc/vn_labels.h and vn_team.h."""

from libc.stdint cimport int32_t, int64_t, uint8_t

from venire._native.common cimport vn_poll, vn_status


cdef extern from "vn_labels.h":
    enum:
        VN_LABEL_ROWS

    ctypedef enum vn_text_kind:
        VN_TEXT_32
        VN_TEXT_64
        VN_TEXT_VIEW
        VN_TEXT_UCS4
        VN_KEY_8

    ctypedef struct vn_text:
        vn_text_kind kind
        const void *data
        const void *index
        int64_t width

    ctypedef struct vn_table:
        pass

    void vn_range_i32(const int32_t *x, int64_t n, int threads, int32_t *low, int32_t *high) nogil
    void vn_range_i64(const int64_t *x, int64_t n, int threads, int64_t *low, int64_t *high) nogil
    int64_t vn_mark_i32(const int32_t *x, int64_t n, int64_t low, int64_t size, int threads,
                        uint8_t *seen) nogil
    int64_t vn_mark_i64(const int64_t *x, int64_t n, int64_t low, int64_t size, int threads,
                        uint8_t *seen) nogil
    void vn_take_i32(const int32_t *x, int64_t n, int64_t low, int64_t size, const int32_t *table, int threads,
                     int32_t *codes) nogil
    void vn_take_i64(const int64_t *x, int64_t n, int64_t low, int64_t size, const int32_t *table, int threads,
                     int32_t *codes) nogil
    vn_table *vn_table_new() nogil
    void vn_table_free(vn_table *table) nogil
    int64_t vn_table_size(const vn_table *table) nogil
    const uint8_t *vn_table_key(const vn_table *table, int64_t code, int64_t *length) nogil
    vn_status vn_table_add(vn_table *table, const uint8_t *const *key, const int64_t *length,
                           int64_t n, int32_t *codes) nogil
    vn_status vn_tables_add(vn_table **tables, int n_tables, const vn_text *text, int64_t n,
                            vn_poll poll, void *context, uint8_t *owner, int32_t *codes) nogil
    vn_status vn_tables_recode(int32_t *const *rank, const uint8_t *owner, int64_t n,
                               int n_threads, vn_poll poll, void *context, int32_t *codes) nogil
    vn_status vn_tables_rank(vn_table **tables, int n_tables, int numbers, int n_threads,
                             vn_poll poll, void *context, int32_t *const *rank, int32_t *order,
                             int64_t *n_keys) nogil


cdef extern from "vn_team.h":
    enum:
        VN_TEAM_MOST

    int64_t vn_n_blocks(int64_t n, int64_t size)
