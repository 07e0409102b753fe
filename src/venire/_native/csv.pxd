"""C declarations: csrc/vn_csv.h."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t

from venire._native.common cimport vn_status
from venire._native.labels cimport vn_table


cdef extern from "vn_csv.h":
    enum:
        VN_CSV_SLACK
        VN_CSV_LONGEST

    ctypedef struct vn_csv:
        const int32_t *place
        int64_t n_columns
        uint8_t delimiter
        uint8_t newline
        uint8_t quote
        uint8_t trim

    int64_t vn_csv_cut(const uint8_t *text, int64_t n, const vn_csv *how) nogil
    int64_t vn_csv_most(const uint8_t *text, int64_t n, uint8_t newline) nogil
    vn_status vn_csv_split(uint8_t *text, int64_t n, const vn_csv *how, int64_t most, int64_t stop,
                           uint32_t *start, uint32_t *length, int64_t *n_rows, int64_t *n_fields,
                           int64_t *used) nogil
    vn_status vn_csv_code(const uint8_t *text, const uint32_t *start, const uint32_t *length,
                          int64_t n, int64_t most_keys, vn_table *table, int32_t *codes) nogil
    void vn_csv_gather(const uint8_t *text, const uint32_t *start, const uint32_t *length,
                       int64_t n, int32_t *offsets, uint8_t *data) nogil
    void vn_csv_keys(const vn_table *table, int32_t *offsets, uint8_t *data) nogil
