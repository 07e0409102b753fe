"""The table of models, csrc/vn_model.h, the rows that callers bring, and the row of a name."""

from libc.stdint cimport int64_t


cdef extern from "vn_model.h" nogil:
    ctypedef struct vn_model_row:
        const char *name
        int has_tie
        void *information
        void *sweep
    const vn_model_row *vn_model_named(const char *)
    const vn_model_row *vn_model_at(int)
    void vn_model_cells(const vn_model_row *, int64_t, const double *, const double *,
                        const double *, const double *, double, double *, double *, double *,
                        double *, double *)

cdef extern from "vn_model_custom.h" nogil:
    ctypedef void (*vn_cell_function)(const double *, const double *, const double *, int64_t,
                                      double *, double *) noexcept nogil
    ctypedef double (*vn_value_function)(const double *, const double *, const double *,
                                         int64_t) noexcept nogil
    ctypedef struct vn_model_custom:
        vn_model_row row
    void vn_model_custom_row(vn_model_custom *, const char *, vn_cell_function, vn_value_function)


cdef const vn_model_row *row_of(str model) except NULL
