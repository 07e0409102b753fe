/* venire's kernels for C, C++ and Cython: one header, nothing to link.
 *
 * The functions are in a table that the installed package hands out at run time. A module of Python
 * includes Python.h first, then this, and calls venire_import() in each source file that uses a
 * function, once, before the first use:
 *
 *     if (venire_import() < 0) return NULL;      an ImportError is set, which says what to install
 *     double p = venire_beta_cdf(8.0, 4.0, 0.5);
 *
 * The folder of this file is venire.get_include(). A program that has no Python.h can load the library
 * venire.kernels.get_library(), ask it for the symbol "venire_get_api" and hand what that function
 * returns to venire_use(); or call the functions by their own symbols, which have these names.
 *
 * Rules
 *   Memory is the caller's: arrays are contiguous, aligned, and at least as long as is said; nothing
 *   is kept after a call. Outputs are the last arguments. No function needs the interpreter's lock,
 *   and all may be called from many threads at once.
 *   What can fail returns a venire_status. A null pointer, a negative number of things, an index or a
 *   number out of range are statuses, never a crash; a scalar function returns NaN for them.
 *   Results do not depend on the number of threads.
 *   Structs start with their own size, which the caller sets: fields that a later version adds behind
 *   the others are then absent, and mean what 0 means. Set all that you do not use to 0.
 *
 * Versions. VENIRE_API_MAJOR changes when something that was there changes; VENIRE_API_MINOR when
 * something is added at the end of a struct, of the table or of the status codes. What was compiled
 * with this header runs with every venire of the same major version and the same or a later minor one;
 * with others venire_import() fails. */
#ifndef VENIRE_H
#define VENIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VENIRE_API_MAJOR 1
#define VENIRE_API_MINOR 0

typedef enum venire_status {
    VENIRE_OK = 0,
    VENIRE_NO_MEMORY = 1,      /* a request for memory failed */
    VENIRE_INTERRUPTED = 2,    /* `poll` asked to stop */
    VENIRE_NOT_CONVERGED = 3,  /* the limit of iterations was reached; the outputs are the best so far */
    VENIRE_TOO_LARGE = 4,      /* more things than can be counted, or than memory can hold */
    VENIRE_BAD_VALUE = 5,      /* a number is out of range: see venire_call */
    VENIRE_NOT_IDENTIFIED = 6, /* the data and the prior do not have one finite fit */
    VENIRE_NO_COMPARISONS = 7, /* nothing was compared: theta is the prior's mean, or 0 */
    VENIRE_NULL = 8,           /* a pointer that must not be null is */
    VENIRE_BAD_SIZE = 9,       /* a number of things is negative, or a struct's size is not set */
    VENIRE_NO_MODEL = 10       /* no model has this number */
} venire_status;

typedef int (*venire_poll)(void *context); /* not 0: stop */
typedef int (*venire_body)(void *job, int64_t block, int worker); /* not 0: a status of the caller's */

/* How a call is made, and what it says of a fault. A null pointer stands for one thread, no poll. */
typedef struct venire_call {
    size_t size;                /* sizeof(venire_call) */
    int32_t n_threads;          /* at most so many; 0: one */
    int32_t unused;
    venire_poll poll;           /* asked every few hundredths of a second, in the thread that called;
                                 * not 0: the call ends with VENIRE_INTERRUPTED. NULL: nobody */
    void *context;
    /* written where the status is not VENIRE_OK */
    const char *argument;       /* the name of the argument that is at fault, or NULL */
    int64_t position;           /* in it; -1: the argument as a whole */
    double value;               /* at that position */
} venire_call;

/* Comparisons: row k says how often `first[k]` won, lost and tied against `second[k]`. Rows may come in
 * any order, and a pair as often as it likes. */
typedef struct venire_comparisons {
    size_t size;                    /* sizeof(venire_comparisons) */
    int64_t n_rows, n_items;        /* with groups: all of them together */
    const int32_t *first, *second;  /* n_rows: items, from 0 to n_items - 1 (in a group: its own) */
    const double *win, *loss;       /* n_rows: masses, from 0 to 1e30 */
    const double *tie;              /* NULL: there are no ties */
    const int8_t *order;            /* +1: first has the advantage of the order, -1: second, 0: nobody;
                                     * NULL: first in every row */
    /* venire_fit_groups only */
    int64_t n_groups;
    const int64_t *row_ptr, *item_ptr; /* n_groups + 1: where each group's rows and items start; from 0 */
} venire_comparisons;

/* What is fitted. All zero: Bradley and Terry's model without a prior. */
typedef struct venire_fit_options {
    size_t size;                 /* sizeof(venire_fit_options) */
    int32_t model;               /* a number from venire_model; 0: "bradley-terry" */
    int32_t order_effect;        /* not 0: estimate what the order is worth */
    int32_t warm;                /* not 0: start from what the result holds */
    int32_t max_iter;            /* of Newton's method; 0: 100 */
    double tol;                  /* a slope's size over the weight of its comparisons; 0: 1e-9 */
    double precision;            /* of the normal prior of each theta around 0; 0: none */
    const double *item_precision, *item_mean; /* n_items: instead, one for each item; or NULL, both */
} venire_fit_options;

/* Where a fit goes: a number for each item, or for each group (1 where there are no groups). NULL, but
 * not for theta: is not wanted. */
typedef struct venire_fit_result {
    size_t size;          /* sizeof(venire_fit_result) */
    double *theta;        /* n_items: log-strengths, mean 0 in what hangs together; NaN: no fit */
    double *order_effect; /* NaN where none is estimated */
    double *log_tie;      /* of the tie parameter; NaN where the model has none */
    double *residual;     /* the largest slope over its weight */
    int32_t *n_iter;
    int8_t *status;       /* VENIRE_OK, _NOT_CONVERGED, _NOT_IDENTIFIED or _NO_COMPARISONS */
} venire_fit_result;

enum { VENIRE_WIN = 0, VENIRE_LOSS = 1, VENIRE_TIE = 2 }; /* outcomes, seen from first */

/* The table. What a function of it does is said here once; call it as venire_NAME. */
typedef struct venire_api {
    int32_t major, minor;
    size_t size;

    /* ---- the Beta distribution: shapes from 1e-10 to 1e12 ------------------------------------ */
    /* P(X <= x), P(X > x) with its own relative accuracy, log density, x with P(X <= x) = q, and
     * P(X > Y) of independent X ~ Beta(alpha, beta), Y ~ Beta(other_alpha, other_beta). */
    double (*beta_cdf)(double alpha, double beta, double x);
    double (*beta_sf)(double alpha, double beta, double x);
    double (*beta_logpdf)(double alpha, double beta, double x);
    double (*beta_quantile)(double alpha, double beta, double q);
    double (*beta_greater)(double alpha, double beta, double other_alpha, double other_beta);
    /* The posterior after more votes, in place; a tie is half a win and half a loss. */
    int (*beta_update)(double win, double loss, double tie, double *alpha, double *beta);
    /* The same of n each; `tie` may be NULL. The kernels work on many at a time: these are several
     * times as fast as the scalar functions in a loop. */
    int (*beta_cdf_many)(int64_t n, const double *alpha, const double *beta, const double *x,
                         venire_call *call, double *out);
    int (*beta_sf_many)(int64_t n, const double *alpha, const double *beta, const double *x,
                        venire_call *call, double *out);
    int (*beta_logpdf_many)(int64_t n, const double *alpha, const double *beta, const double *x,
                            venire_call *call, double *out);
    int (*beta_quantile_many)(int64_t n, const double *alpha, const double *beta, const double *q,
                              venire_call *call, double *out);
    int (*beta_greater_many)(int64_t n, const double *alpha, const double *beta,
                             const double *other_alpha, const double *other_beta, venire_call *call,
                             double *out);
    int (*beta_update_many)(int64_t n, const double *win, const double *loss, const double *tie,
                            venire_call *call, double *alpha, double *beta);

    /* ---- models ------------------------------------------------------------------------------- */
    /* The number of a model by its name ("bradley-terry", "thurstone", "davidson", "rao-kupper"), -1 if
     * there is none; its name, NULL if there is none; whether a tie is an outcome of its own in it. */
    int32_t (*model)(const char *name);
    const char *(*model_name)(int32_t model);
    int (*model_has_tie)(int32_t model);
    /* Of an outcome (VENIRE_WIN, ...) at d = theta_first - theta_second (+ the order's effect): its
     * probability P, d log P / dd, and -d2 log P / dd2 >= 0. `log_tie` is not read where a tie is no
     * outcome of its own; a tie is then NaN. */
    double (*link_probability)(int32_t model, int32_t outcome, double d, double log_tie);
    double (*link_slope)(int32_t model, int32_t outcome, double d, double log_tie);
    double (*link_curvature)(int32_t model, int32_t outcome, double d, double log_tie);
    /* The log-likelihood of n cells, without binomial coefficients, and of each cell its derivative
     * in d and minus the second one. `tie` may be NULL; where a tie is no outcome it is half a win and
     * half a loss. */
    int (*cells_log_likelihood)(int32_t model, int64_t n, const double *d, const double *win,
                                const double *loss, const double *tie, double log_tie,
                                venire_call *call, double *value);
    int (*cells_derivatives)(int32_t model, int64_t n, const double *d, const double *win,
                             const double *loss, const double *tie, double log_tie,
                             venire_call *call, double *slope, double *curvature);

    /* ---- counter-based random numbers ----------------------------------------------------------- */
    /* Number i of the stream of a key, in any order and on any thread. A key is for one purpose: take
     * the two words of a counter as the key of another. */
    void (*stream_words)(uint64_t key0, uint64_t key1, uint64_t c0, uint64_t c1, uint64_t *word0,
                         uint64_t *word1);
    double (*stream_uniform)(uint64_t key0, uint64_t key1, uint64_t i); /* in (0, 1) */
    double (*stream_normal)(uint64_t key0, uint64_t key1, uint64_t i);
    double (*stream_beta)(uint64_t key0, uint64_t key1, uint64_t i, double alpha, double beta);
    int32_t (*stream_poisson)(uint64_t key0, uint64_t key1, uint64_t i, double mean); /* -1: not in
                                                                                       * 0 ... 1e7 */
    /* Numbers first ... first + n - 1. Poisson counts of one mean share a table: far faster. */
    int (*stream_uniform_many)(uint64_t key0, uint64_t key1, uint64_t first, int64_t n,
                               venire_call *call, double *out);
    int (*stream_normal_many)(uint64_t key0, uint64_t key1, uint64_t first, int64_t n,
                              venire_call *call, double *out);
    int (*stream_beta_many)(uint64_t key0, uint64_t key1, uint64_t first, int64_t n,
                            const double *alpha, const double *beta, venire_call *call, double *out);
    int (*stream_poisson_many)(uint64_t key0, uint64_t key1, uint64_t first, int64_t n, double mean,
                               venire_call *call, int32_t *out);
    /* Replicates first ... first + n_replicates - 1 of `n_draws` draws from n equal units: how often
     * each was drawn, n_replicates x n. */
    int (*multinomial_counts)(uint64_t key0, uint64_t key1, uint64_t first, int64_t n_replicates,
                              int64_t n, int64_t n_draws, venire_call *call, int32_t *out);
    /* The same of n cells that stand for `count` comparisons each (whole, at least 1, at most 1e7): a
     * replicate draws as many as there are, and out is the mass of each cell. */
    int (*bootstrap_counts)(uint64_t key0, uint64_t key1, uint64_t first, int64_t n_replicates,
                            int64_t n, const double *count, venire_call *call, double *out);

    /* ---- fits ------------------------------------------------------------------------------------ */
    /* One fit; and one of each group, in parallel, whose own statuses are in the result: the call's is
     * of the call. `options` may be NULL. For up to some ten thousand items; the Python functions have
     * other solvers for large graphs. */
    int (*fit)(const venire_comparisons *data, const venire_fit_options *options, venire_call *call,
               venire_fit_result *result);
    int (*fit_groups)(const venire_comparisons *data, const venire_fit_options *options,
                      venire_call *call, venire_fit_result *result);
    /* One fit in plain arguments, for loops over many. */
    int (*fit_small)(int32_t model, double precision, int64_t n_items, int64_t n_rows,
                     const int32_t *first, const int32_t *second, const double *win,
                     const double *loss, double *theta);

    /* ---- the team of threads ---------------------------------------------------------------------- */
    /* Do the blocks 0 ... n_blocks - 1 of the caller's loop, each once, on up to call->n_threads
     * threads of the team that the kernels share. `worker` is 0 in the thread that called, else one of
     * 1 ... team_size() - 1, and no two threads have the same at a time. The status of the first block
     * (by number) that did not return 0. Blocks must not depend on each other. */
    int (*team_size)(int32_t n_threads, int64_t n_blocks);
    int (*team_run)(venire_body body, void *job, int64_t n_blocks, venire_call *call);

    /* What a status means, in a few words; a static string. */
    const char *(*status_text)(int status);
} venire_api;

#ifndef VENIRE_INSIDE

/* ---- the table of this source file ------------------------------------------------------------- */

static const venire_api *venire_table_;

static inline const venire_api *venire_table(void)
{
    if (!venire_table_) {
        fputs("venire: a function was called before venire_import() in this source file\n", stderr);
        abort();
    }
    return venire_table_;
}

/* Take a table into use: 0, or -1 if it is of another version. */
static inline int venire_use(const venire_api *table)
{
    if (!table || table->major != VENIRE_API_MAJOR || table->minor < VENIRE_API_MINOR) return -1;
    venire_table_ = table;
    return 0;
}

#define venire_beta_cdf (venire_table()->beta_cdf)
#define venire_beta_sf (venire_table()->beta_sf)
#define venire_beta_logpdf (venire_table()->beta_logpdf)
#define venire_beta_quantile (venire_table()->beta_quantile)
#define venire_beta_greater (venire_table()->beta_greater)
#define venire_beta_update (venire_table()->beta_update)
#define venire_beta_cdf_many (venire_table()->beta_cdf_many)
#define venire_beta_sf_many (venire_table()->beta_sf_many)
#define venire_beta_logpdf_many (venire_table()->beta_logpdf_many)
#define venire_beta_quantile_many (venire_table()->beta_quantile_many)
#define venire_beta_greater_many (venire_table()->beta_greater_many)
#define venire_beta_update_many (venire_table()->beta_update_many)
#define venire_model (venire_table()->model)
#define venire_model_name (venire_table()->model_name)
#define venire_model_has_tie (venire_table()->model_has_tie)
#define venire_link_probability (venire_table()->link_probability)
#define venire_link_slope (venire_table()->link_slope)
#define venire_link_curvature (venire_table()->link_curvature)
#define venire_cells_log_likelihood (venire_table()->cells_log_likelihood)
#define venire_cells_derivatives (venire_table()->cells_derivatives)
#define venire_stream_words (venire_table()->stream_words)
#define venire_stream_uniform (venire_table()->stream_uniform)
#define venire_stream_normal (venire_table()->stream_normal)
#define venire_stream_beta (venire_table()->stream_beta)
#define venire_stream_poisson (venire_table()->stream_poisson)
#define venire_stream_uniform_many (venire_table()->stream_uniform_many)
#define venire_stream_normal_many (venire_table()->stream_normal_many)
#define venire_stream_beta_many (venire_table()->stream_beta_many)
#define venire_stream_poisson_many (venire_table()->stream_poisson_many)
#define venire_multinomial_counts (venire_table()->multinomial_counts)
#define venire_bootstrap_counts (venire_table()->bootstrap_counts)
#define venire_fit (venire_table()->fit)
#define venire_fit_groups (venire_table()->fit_groups)
#define venire_fit_small (venire_table()->fit_small)
#define venire_team_size (venire_table()->team_size)
#define venire_team_run (venire_table()->team_run)
#define venire_status_text (venire_table()->status_text)

/* ---- for modules of Python: Python.h was included before ----------------------------------------- */

#ifdef Py_PYTHON_H

/* Load the table: 0, or -1 and an ImportError. With the interpreter's lock. */
static inline int venire_import(void)
{
    const venire_api *table;
    PyObject *capsule, *module = PyImport_ImportModule("venire._native.api");
    if (!module) return -1;
    capsule = PyObject_GetAttrString(module, "table");
    Py_DECREF(module);
    if (!capsule) return -1;
    table = (const venire_api *)PyCapsule_GetPointer(capsule, "venire._native.api.table");
    Py_DECREF(capsule); /* the module keeps it, and what it points to is static */
    if (!table) return -1;
    if (venire_use(table) == 0) return 0;
    PyErr_Format(PyExc_ImportError,
                 "this module was compiled for version %d.%d of venire's C interface, and the "
                 "installed venire has %d.%d: %s",
                 VENIRE_API_MAJOR, VENIRE_API_MINOR, (int)table->major, (int)table->minor,
                 table->major > VENIRE_API_MAJOR ? "compile the module again, or install an older venire"
                                                 : "install a newer venire");
    return -1;
}

/* A `poll` for venire_call: lets Ctrl-C end a call. The exception is then set. */
static inline int venire_poll_signals(void *context)
{
    const PyGILState_STATE state = PyGILState_Ensure();
    const int raised = PyErr_CheckSignals();
    (void)context;
    PyGILState_Release(state);
    return raised;
}

/* 0 for VENIRE_OK, else -1 and an exception: what the handler raised if that is what ended the call,
 * MemoryError, else ValueError. `call` may be NULL. With the interpreter's lock. */
static inline int venire_check(int status, const venire_call *call)
{
    const char *text;
    if (status == VENIRE_OK) return 0;
    if (status == VENIRE_INTERRUPTED && PyErr_Occurred()) return -1;
    text = venire_status_text(status);
    if (status == VENIRE_NO_MEMORY) {
        PyErr_NoMemory();
    } else if (status == VENIRE_BAD_VALUE && call && call->argument && call->position >= 0) {
        PyObject *value = PyFloat_FromDouble(call->value);
        if (!value) return -1;
        PyErr_Format(PyExc_ValueError, "%s[%lld] = %R: %s", call->argument,
                     (long long)call->position, value, text);
        Py_DECREF(value);
    } else if (call && call->argument) {
        PyErr_Format(PyExc_ValueError, "%s: %s", call->argument, text);
    } else {
        PyErr_SetString(PyExc_ValueError, text);
    }
    return -1;
}

#endif /* Py_PYTHON_H */
#endif /* VENIRE_INSIDE */

#ifdef __cplusplus
}
#endif
#endif
