"""C declarations: csrc/vn_arrow.h and vn_labels.h."""

from libc.stdint cimport int64_t, uint8_t


cdef extern from "vn_arrow.h":
    struct ArrowSchema:
        const char *format
        ArrowSchema *dictionary
        void (*release)(ArrowSchema *) noexcept

    struct ArrowArray:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        const void **buffers
        ArrowArray *dictionary
        void (*release)(ArrowArray *) noexcept

    struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream *, ArrowSchema *) noexcept
        int (*get_next)(ArrowArrayStream *, ArrowArray *) noexcept
        const char *(*get_last_error)(ArrowArrayStream *) noexcept
        void (*release)(ArrowArrayStream *) noexcept


cdef extern from "vn_labels.h":
    int64_t vn_first_null(const uint8_t *bitmap, int64_t offset, int64_t n) nogil
