"""The table of models, csrc/vn_model.h, and the row of a name."""

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


cdef inline const vn_model_row *row_of(str model) except NULL:
    """The row of a model."""
    cdef const vn_model_row *row = NULL
    if model is not None:
        name = model.encode()
        row = vn_model_named(name)
    if row == NULL:
        raise ValueError(f"model: is {model!r}, which has no row")
    return row
