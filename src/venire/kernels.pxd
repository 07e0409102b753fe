"""The kernels for Cython: ``cimport venire.kernels as vk``.

Compile with the include path `venire.get_include()` and call ``vk.import_venire()`` once at the top
of each module, before the first use. What a function does, and what is stable, is said in venire.h.
"""

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS,
    PyBUF_FORMAT,
    PyBUF_WRITABLE,
    Py_buffer,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t

# --- from venire.h: python tests/header.py
cdef extern from "venire.h" nogil:
    enum:
        VENIRE_API_MAJOR
        VENIRE_API_MINOR
        VENIRE_OK
        VENIRE_NO_MEMORY
        VENIRE_INTERRUPTED
        VENIRE_NOT_CONVERGED
        VENIRE_TOO_LARGE
        VENIRE_BAD_VALUE
        VENIRE_NOT_IDENTIFIED
        VENIRE_NO_COMPARISONS
        VENIRE_NULL
        VENIRE_BAD_SIZE
        VENIRE_NO_MODEL
        VENIRE_WIN
        VENIRE_LOSS
        VENIRE_TIE
    ctypedef int (*venire_poll)(void *) noexcept nogil
    ctypedef int (*venire_body)(void *, int64_t, int) noexcept nogil
    ctypedef struct venire_call:
        size_t size
        int32_t n_threads
        int32_t unused
        venire_poll poll
        void *context
        const char *argument
        int64_t position
        double value
    ctypedef struct venire_comparisons:
        size_t size
        int64_t n_rows
        int64_t n_items
        const int32_t *first
        const int32_t *second
        const double *win
        const double *loss
        const double *tie
        const int8_t *order
        int64_t n_groups
        const int64_t *row_ptr
        const int64_t *item_ptr
    ctypedef struct venire_fit_options:
        size_t size
        int32_t model
        int32_t order_effect
        int32_t warm
        int32_t max_iter
        double tol
        double precision
        const double *item_precision
        const double *item_mean
    ctypedef struct venire_fit_result:
        size_t size
        double *theta
        double *order_effect
        double *log_tie
        double *residual
        int32_t *n_iter
        int8_t *status
    double beta_cdf "venire_beta_cdf"(double alpha, double beta, double x)
    double beta_sf "venire_beta_sf"(double alpha, double beta, double x)
    double beta_logpdf "venire_beta_logpdf"(double alpha, double beta, double x)
    double beta_quantile "venire_beta_quantile"(double alpha, double beta, double q)
    double beta_greater "venire_beta_greater"(double alpha, double beta, double other_alpha,
        double other_beta)
    int beta_update "venire_beta_update"(double win, double loss, double tie, double *alpha,
        double *beta)
    int beta_cdf_many "venire_beta_cdf_many"(int64_t n, const double *alpha, const double *beta,
        const double *x, venire_call *call, double *out)
    int beta_sf_many "venire_beta_sf_many"(int64_t n, const double *alpha, const double *beta,
        const double *x, venire_call *call, double *out)
    int beta_logpdf_many "venire_beta_logpdf_many"(int64_t n, const double *alpha,
        const double *beta, const double *x, venire_call *call, double *out)
    int beta_quantile_many "venire_beta_quantile_many"(int64_t n, const double *alpha,
        const double *beta, const double *q, venire_call *call, double *out)
    int beta_greater_many "venire_beta_greater_many"(int64_t n, const double *alpha,
        const double *beta, const double *other_alpha, const double *other_beta, venire_call *call,
        double *out)
    int beta_update_many "venire_beta_update_many"(int64_t n, const double *win,
        const double *loss, const double *tie, venire_call *call, double *alpha, double *beta)
    int32_t model "venire_model"(const char *name)
    const char *model_name "venire_model_name"(int32_t model)
    int model_has_tie "venire_model_has_tie"(int32_t model)
    double link_probability "venire_link_probability"(int32_t model, int32_t outcome, double d,
        double log_tie)
    double link_slope "venire_link_slope"(int32_t model, int32_t outcome, double d, double log_tie)
    double link_curvature "venire_link_curvature"(int32_t model, int32_t outcome, double d,
        double log_tie)
    int cells_log_likelihood "venire_cells_log_likelihood"(int32_t model, int64_t n,
        const double *d, const double *win, const double *loss, const double *tie, double log_tie,
        venire_call *call, double *value)
    int cells_derivatives "venire_cells_derivatives"(int32_t model, int64_t n, const double *d,
        const double *win, const double *loss, const double *tie, double log_tie,
        venire_call *call, double *slope, double *curvature)
    void stream_words "venire_stream_words"(uint64_t key0, uint64_t key1, uint64_t c0, uint64_t c1,
        uint64_t *word0, uint64_t *word1)
    double stream_uniform "venire_stream_uniform"(uint64_t key0, uint64_t key1, uint64_t i)
    double stream_normal "venire_stream_normal"(uint64_t key0, uint64_t key1, uint64_t i)
    double stream_beta "venire_stream_beta"(uint64_t key0, uint64_t key1, uint64_t i, double alpha,
        double beta)
    int32_t stream_poisson "venire_stream_poisson"(uint64_t key0, uint64_t key1, uint64_t i,
        double mean)
    int stream_uniform_many "venire_stream_uniform_many"(uint64_t key0, uint64_t key1,
        uint64_t first, int64_t n, venire_call *call, double *out)
    int stream_normal_many "venire_stream_normal_many"(uint64_t key0, uint64_t key1,
        uint64_t first, int64_t n, venire_call *call, double *out)
    int stream_beta_many "venire_stream_beta_many"(uint64_t key0, uint64_t key1, uint64_t first,
        int64_t n, const double *alpha, const double *beta, venire_call *call, double *out)
    int stream_poisson_many "venire_stream_poisson_many"(uint64_t key0, uint64_t key1,
        uint64_t first, int64_t n, double mean, venire_call *call, int32_t *out)
    int multinomial_counts "venire_multinomial_counts"(uint64_t key0, uint64_t key1,
        uint64_t first, int64_t n_replicates, int64_t n, int64_t n_draws, venire_call *call,
        int32_t *out)
    int bootstrap_counts "venire_bootstrap_counts"(uint64_t key0, uint64_t key1, uint64_t first,
        int64_t n_replicates, int64_t n, const double *count, venire_call *call, double *out)
    int fit "venire_fit"(const venire_comparisons *data, const venire_fit_options *options,
        venire_call *call, venire_fit_result *result)
    int fit_groups "venire_fit_groups"(const venire_comparisons *data,
        const venire_fit_options *options, venire_call *call, venire_fit_result *result)
    int fit_small "venire_fit_small"(int32_t model, double precision, int64_t n_items,
        int64_t n_rows, const int32_t *first, const int32_t *second, const double *win,
        const double *loss, double *theta)
    int team_size "venire_team_size"(int32_t n_threads, int64_t n_blocks)
    int team_run "venire_team_run"(venire_body body, void *job, int64_t n_blocks, venire_call *call)
    const char *status_text "venire_status_text"(int status)
# --- up to here

cdef extern from "venire.h":
    # With the lock: load the table (ImportError if it is of another version), and an exception for
    # a status that is not VENIRE_OK.
    int import_venire "venire_import"() except -1
    int check "venire_check"(int status, const venire_call *call) except -1
    # A `poll` for venire_call: Ctrl-C ends the call.
    int poll_signals "venire_poll_signals"(void *context) noexcept nogil


# --- from Python objects to pointers ---------------------------------------------------------------
#
# Where the memory of an array starts: TypeError unless it is of this type and contiguous, ValueError
# unless it has this length. The pointer is good while the array lives and keeps its size.

cdef inline void *memory_of(object array, int64_t n, str formats, Py_ssize_t size, bint write,
                            str name, str kind) except NULL:
    cdef Py_buffer view
    cdef int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (PyBUF_WRITABLE if write else 0)
    cdef void *start
    cdef Py_ssize_t length
    try:
        PyObject_GetBuffer(array, &view, flags)
    except (BufferError, TypeError, ValueError) as error:
        raise TypeError(f"{name}: must be a contiguous {'writable ' if write else ''}array of {kind}, "
                        f"not {type(array).__name__} ({error})") from None
    try:
        form = view.format.decode() if view.format != NULL else "B"
        if form.lstrip("@=") not in tuple(formats) or view.itemsize != size:
            raise TypeError(f"{name}: must be an array of {kind}, not of format {form!r}")
        length = view.len // size
        start = view.buf
    finally:
        PyBuffer_Release(&view)
    if length != n:
        raise ValueError(f"{name}: has length {length}, not {n}")
    if <size_t>start % <size_t>size:
        raise TypeError(f"{name}: must be aligned to {size} bytes")
    if start == NULL:  # an array of nothing: any place will do
        start = <void *><size_t>size
    return start


cdef inline const double *doubles(object array, int64_t n, str name) except NULL:
    return <const double *>memory_of(array, n, "d", 8, False, name, "float64")


cdef inline double *doubles_out(object array, int64_t n, str name) except NULL:
    return <double *>memory_of(array, n, "d", 8, True, name, "float64")


cdef inline const int32_t *int32s(object array, int64_t n, str name) except NULL:
    return <const int32_t *>memory_of(array, n, "il", 4, False, name, "int32")


cdef inline int32_t *int32s_out(object array, int64_t n, str name) except NULL:
    return <int32_t *>memory_of(array, n, "il", 4, True, name, "int32")


cdef inline const int64_t *int64s(object array, int64_t n, str name) except NULL:
    return <const int64_t *>memory_of(array, n, "lq", 8, False, name, "int64")


cdef inline const int8_t *int8s(object array, int64_t n, str name) except NULL:
    return <const int8_t *>memory_of(array, n, "b", 1, False, name, "int8")


cdef inline int8_t *int8s_out(object array, int64_t n, str name) except NULL:
    return <int8_t *>memory_of(array, n, "b", 1, True, name, "int8")
