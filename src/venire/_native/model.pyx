"""The native table of models: its names, rows by name, and the derivatives of cells one by one."""

import numpy as np

from libc.stdint cimport int64_t, uintptr_t

from venire._native.border cimport at, room

from venire.models import functions_of


cdef class Custom:
    """The row of functions that a caller brought; it lives as long as the process."""

    cdef vn_model_custom own
    cdef bytes name
    cdef object kept

    def __cinit__(self, str name, functions):
        cdef uintptr_t cell = functions.cell, value = functions.log_likelihood
        self.name, self.kept = name.encode(), functions
        vn_model_custom_row(&self.own, self.name, <vn_cell_function>cell, <vn_value_function>value)


_custom = {}


cdef const vn_model_row *row_of(str model) except NULL:
    """The row of a model."""
    cdef const vn_model_row *row = NULL
    functions = None
    if model is not None:
        name = model.encode()
        row = vn_model_named(name)
        functions = functions_of(model) if row == NULL else None
    if functions is not None:
        key = (model, functions.cell, functions.log_likelihood)
        if key not in _custom:
            _custom[key] = Custom(model, functions)
        row = &(<Custom>_custom[key]).own.row
    if row == NULL:
        raise ValueError(f"model: is {model!r}, which has no row")
    return row


def names():
    """Names of the models that have a row, in the order of the table."""
    found = []
    cdef int k = 0
    while vn_model_at(k) != NULL:
        found.append(vn_model_at(k).name.decode())
        k += 1
    return tuple(found)


def cell_terms(
    str model,
    const double[::1] d not None,
    double t,
    const double[::1] win not None,
    const double[::1] loss not None,
    const double[::1] tie not None,
):
    """Derivatives of each cell's log-likelihood; see venire.reference.cell_terms.

    A dict of arrays (n,): d1 and d2; where a tie is an outcome of its own, t1, dt and t2 as well;
    where it is not, a tie counts as half a win to each side.
    """
    cdef const vn_model_row *row = row_of(model)
    cdef int64_t n = d.shape[0]
    cdef double *none = NULL
    keys = ("d1", "d2", "t1", "dt", "t2")[: 5 if row.has_tie else 2]
    out = {key: np.empty(n) for key in keys}
    cdef double *g = room[double](out["d1"], n, "d1")
    cdef double *h = room[double](out["d2"], n, "d2")
    cdef double *gt = room[double](out["t1"], n, "t1") if row.has_tie else none
    cdef double *dt = room[double](out["dt"], n, "dt") if row.has_tie else none
    cdef double *ht = room[double](out["t2"], n, "t2") if row.has_tie else none
    cdef const double *ties = at(tie, n, "tie")
    if not row.has_tie:
        win, loss = np.asarray(win) + 0.5 * np.asarray(tie), np.asarray(loss) + 0.5 * np.asarray(tie)
    cdef const double *x = at(d, n, "d")
    cdef const double *a = at(win, n, "win")
    cdef const double *b = at(loss, n, "loss")
    with nogil:
        vn_model_cells(row, n, x, a, b, ties, t, g, h, gt, dt, ht)
    return out
