/* Every function of venire.h, called from a module written in C. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>
#include <unistd.h>

#include "venire.h"

/* ---- arrays --------------------------------------------------------------------------------------- */

/* Views of the arrays of one call; those that were not given are absent. */
#define MOST 10
typedef struct {
    Py_buffer view[MOST];
    int n;
} views;

static void release(views *v)
{
    while (v->n > 0) PyBuffer_Release(&v->view[--v->n]);
}

/* Where `array`, of `n` numbers of `size` bytes in one of the formats, starts. NULL: an exception. */
static void *start_of(views *v, PyObject *array, Py_ssize_t n, const char *formats, Py_ssize_t size,
                      int write, const char *name)
{
    Py_buffer *view = &v->view[v->n];
    const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (write ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(array, view, flags) < 0) {
        PyErr_Format(PyExc_TypeError, "%s: must be a contiguous array", name);
        return NULL;
    }
    v->n++;
    if (view->itemsize != size || strlen(view->format) != 1 || !strchr(formats, *view->format)) {
        PyErr_Format(PyExc_TypeError, "%s: is an array of another type", name);
        return NULL;
    }
    if (view->len != n * size) {
        PyErr_Format(PyExc_ValueError, "%s: has another length", name);
        return NULL;
    }
    return view->buf;
}

#define DOUBLES(array, n, name) ((double *)start_of(&v, array, n, "d", 8, 0, name))
#define DOUBLES_OUT(array, n, name) ((double *)start_of(&v, array, n, "d", 8, 1, name))
#define INT32S(array, n, name) ((int32_t *)start_of(&v, array, n, "il", 4, 0, name))
#define INT32S_OUT(array, n, name) ((int32_t *)start_of(&v, array, n, "il", 4, 1, name))
#define INT64S(array, n, name) ((int64_t *)start_of(&v, array, n, "lq", 8, 0, name))
#define INT8S(array, n, name) ((int8_t *)start_of(&v, array, n, "b", 1, 0, name))

static venire_call opened(int n_threads)
{
    venire_call call;
    memset(&call, 0, sizeof call);
    call.size = sizeof call;
    call.n_threads = n_threads;
    call.poll = venire_poll_signals;
    return call;
}

/* None, or the exception of a status. */
static PyObject *ended(views *v, int status, const venire_call *call)
{
    release(v);
    if (venire_check(status, call) < 0) return NULL;
    Py_RETURN_NONE;
}

static PyObject *failed(views *v)
{
    release(v);
    return NULL;
}

/* ---- numbers in, a number out ---------------------------------------------------------------------- */

#define THREE(name)                                                                                  \
    static PyObject *name(PyObject *self, PyObject *args)                                            \
    {                                                                                                \
        double a, b, x;                                                                              \
        (void)self;                                                                                  \
        if (!PyArg_ParseTuple(args, "ddd", &a, &b, &x)) return NULL;                                 \
        return PyFloat_FromDouble(venire_##name(a, b, x));                                           \
    }
THREE(beta_cdf)
THREE(beta_sf)
THREE(beta_logpdf)
THREE(beta_quantile)

static PyObject *beta_greater(PyObject *self, PyObject *args)
{
    double a, b, c, d;
    (void)self;
    if (!PyArg_ParseTuple(args, "dddd", &a, &b, &c, &d)) return NULL;
    return PyFloat_FromDouble(venire_beta_greater(a, b, c, d));
}

static PyObject *beta_update(PyObject *self, PyObject *args)
{
    double win, loss, tie, alpha, beta;
    (void)self;
    if (!PyArg_ParseTuple(args, "ddddd", &win, &loss, &tie, &alpha, &beta)) return NULL;
    if (venire_check(venire_beta_update(win, loss, tie, &alpha, &beta), NULL) < 0) return NULL;
    return Py_BuildValue("dd", alpha, beta);
}

#define LINK(name)                                                                                   \
    static PyObject *name(PyObject *self, PyObject *args)                                            \
    {                                                                                                \
        int model, outcome;                                                                          \
        double d, log_tie;                                                                           \
        (void)self;                                                                                  \
        if (!PyArg_ParseTuple(args, "iidd", &model, &outcome, &d, &log_tie)) return NULL;            \
        return PyFloat_FromDouble(venire_##name(model, outcome, d, log_tie));                        \
    }
LINK(link_probability)
LINK(link_slope)
LINK(link_curvature)

static PyObject *model(PyObject *self, PyObject *args)
{
    const char *name;
    (void)self;
    if (!PyArg_ParseTuple(args, "s", &name)) return NULL;
    return PyLong_FromLong(venire_model(name));
}

#define OF_INT(name, build, call)                                                                    \
    static PyObject *name(PyObject *self, PyObject *args)                                            \
    {                                                                                                \
        int k;                                                                                       \
        (void)self;                                                                                  \
        if (!PyArg_ParseTuple(args, "i", &k)) return NULL;                                           \
        return Py_BuildValue(build, call(k));                                                        \
    }
OF_INT(model_name, "z", venire_model_name)
OF_INT(model_has_tie, "i", venire_model_has_tie)
OF_INT(status_text, "z", venire_status_text)

#define STREAM(name)                                                                                 \
    static PyObject *name(PyObject *self, PyObject *args)                                            \
    {                                                                                                \
        unsigned long long key0, key1, i;                                                            \
        (void)self;                                                                                  \
        if (!PyArg_ParseTuple(args, "KKK", &key0, &key1, &i)) return NULL;                           \
        return PyFloat_FromDouble(venire_##name(key0, key1, i));                                     \
    }
STREAM(stream_uniform)
STREAM(stream_normal)

static PyObject *stream_words(PyObject *self, PyObject *args)
{
    unsigned long long key0, key1, c0, c1;
    uint64_t word0, word1;
    (void)self;
    if (!PyArg_ParseTuple(args, "KKKK", &key0, &key1, &c0, &c1)) return NULL;
    venire_stream_words(key0, key1, c0, c1, &word0, &word1);
    return Py_BuildValue("KK", (unsigned long long)word0, (unsigned long long)word1);
}

static PyObject *stream_beta(PyObject *self, PyObject *args)
{
    unsigned long long key0, key1, i;
    double alpha, beta;
    (void)self;
    if (!PyArg_ParseTuple(args, "KKKdd", &key0, &key1, &i, &alpha, &beta)) return NULL;
    return PyFloat_FromDouble(venire_stream_beta(key0, key1, i, alpha, beta));
}

static PyObject *stream_poisson(PyObject *self, PyObject *args)
{
    unsigned long long key0, key1, i;
    double mean;
    (void)self;
    if (!PyArg_ParseTuple(args, "KKKd", &key0, &key1, &i, &mean)) return NULL;
    return PyLong_FromLong(venire_stream_poisson(key0, key1, i, mean));
}

/* ---- arrays in and out ------------------------------------------------------------------------------- */

#define THREE_MANY(name)                                                                             \
    static PyObject *name(PyObject *self, PyObject *args)                                            \
    {                                                                                                \
        PyObject *alpha, *beta, *x, *out;                                                            \
        views v = {.n = 0};                                                                          \
        int n_threads = 1, status;                                                                   \
        (void)self;                                                                                  \
        if (!PyArg_ParseTuple(args, "OOOO|i", &alpha, &beta, &x, &out, &n_threads)) return NULL;     \
        const Py_ssize_t n = PyObject_Size(out);                                                     \
        const double *a, *b, *p;                                                                     \
        double *o;                                                                                   \
        venire_call call = opened(n_threads);                                                        \
        if (n < 0 || !(a = DOUBLES(alpha, n, "alpha")) || !(b = DOUBLES(beta, n, "beta"))            \
            || !(p = DOUBLES(x, n, "x")) || !(o = DOUBLES_OUT(out, n, "out")))                       \
            return failed(&v);                                                                       \
        Py_BEGIN_ALLOW_THREADS                                                                       \
        status = venire_##name(n, a, b, p, &call, o);                                                \
        Py_END_ALLOW_THREADS                                                                         \
        return ended(&v, status, &call);                                                             \
    }
THREE_MANY(beta_cdf_many)
THREE_MANY(beta_sf_many)
THREE_MANY(beta_logpdf_many)
THREE_MANY(beta_quantile_many)

static PyObject *beta_greater_many(PyObject *self, PyObject *args)
{
    PyObject *array[5];
    views v = {.n = 0};
    int n_threads = 1;
    (void)self;
    if (!PyArg_ParseTuple(args, "OOOOO|i", &array[0], &array[1], &array[2], &array[3], &array[4],
                          &n_threads))
        return NULL;
    const Py_ssize_t n = PyObject_Size(array[4]);
    const char *const name[] = {"alpha", "beta", "other_alpha", "other_beta", "out"};
    double *at[5];
    if (n < 0) return NULL;
    for (int k = 0; k < 5; k++)
        if (!(at[k] = (double *)start_of(&v, array[k], n, "d", 8, k == 4, name[k]))) return failed(&v);
    venire_call call = opened(n_threads);
    const int status = venire_beta_greater_many(n, at[0], at[1], at[2], at[3], &call, at[4]);
    return ended(&v, status, &call);
}

static PyObject *beta_update_many(PyObject *self, PyObject *args)
{
    PyObject *win, *loss, *tie, *alpha, *beta;
    views v = {.n = 0};
    (void)self;
    if (!PyArg_ParseTuple(args, "OOOOO", &win, &loss, &tie, &alpha, &beta)) return NULL;
    const Py_ssize_t n = PyObject_Size(alpha);
    const double *w, *l, *t = NULL;
    double *a, *b;
    venire_call call = opened(1);
    if (n < 0 || !(w = DOUBLES(win, n, "win")) || !(l = DOUBLES(loss, n, "loss"))
        || (tie != Py_None && !(t = DOUBLES(tie, n, "tie"))) || !(a = DOUBLES_OUT(alpha, n, "alpha"))
        || !(b = DOUBLES_OUT(beta, n, "beta")))
        return failed(&v);
    return ended(&v, venire_beta_update_many(n, w, l, t, &call, a, b), &call);
}

/* Four arrays of cells, and up to two for the results. */
static PyObject *of_cells(PyObject *args, int n_out)
{
    PyObject *array[6];
    views v = {.n = 0};
    int model;
    double log_tie, value = 0.0, *at[6] = {NULL};
    const char *const name[] = {"d", "win", "loss", "tie", "slope", "curvature"};
    if (n_out == 0 && !PyArg_ParseTuple(args, "iOOOOd", &model, &array[0], &array[1], &array[2],
                                        &array[3], &log_tie))
        return NULL;
    if (n_out == 2 && !PyArg_ParseTuple(args, "iOOOOdOO", &model, &array[0], &array[1], &array[2],
                                        &array[3], &log_tie, &array[4], &array[5]))
        return NULL;
    const Py_ssize_t n = PyObject_Size(array[0]);
    if (n < 0) return NULL;
    for (int k = 0; k < 4 + n_out; k++)
        if (!(at[k] = (double *)start_of(&v, array[k], n, "d", 8, k > 3, name[k]))) return failed(&v);
    venire_call call = opened(1);
    if (n_out == 2)
        return ended(&v, venire_cells_derivatives(model, n, at[0], at[1], at[2], at[3], log_tie, &call,
                                                  at[4], at[5]), &call);
    PyObject *done = ended(&v, venire_cells_log_likelihood(model, n, at[0], at[1], at[2], at[3], log_tie,
                                                           &call, &value), &call);
    if (!done) return NULL;
    Py_DECREF(done);
    return PyFloat_FromDouble(value);
}

static PyObject *cells_log_likelihood(PyObject *self, PyObject *args)
{
    (void)self;
    return of_cells(args, 0);
}

static PyObject *cells_derivatives(PyObject *self, PyObject *args)
{
    (void)self;
    return of_cells(args, 2);
}

#define STREAM_MANY(name)                                                                            \
    static PyObject *name(PyObject *self, PyObject *args)                                            \
    {                                                                                                \
        unsigned long long key0, key1, first;                                                        \
        PyObject *out;                                                                               \
        views v = {.n = 0};                                                                          \
        double *o;                                                                                   \
        (void)self;                                                                                  \
        if (!PyArg_ParseTuple(args, "KKKO", &key0, &key1, &first, &out)) return NULL;                \
        const Py_ssize_t n = PyObject_Size(out);                                                     \
        venire_call call = opened(1);                                                                \
        if (n < 0 || !(o = DOUBLES_OUT(out, n, "out"))) return failed(&v);                           \
        return ended(&v, venire_##name(key0, key1, first, n, &call, o), &call);                      \
    }
STREAM_MANY(stream_uniform_many)
STREAM_MANY(stream_normal_many)

static PyObject *stream_beta_many(PyObject *self, PyObject *args)
{
    unsigned long long key0, key1, first;
    PyObject *alpha, *beta, *out;
    views v = {.n = 0};
    const double *a, *b;
    double *o;
    (void)self;
    if (!PyArg_ParseTuple(args, "KKKOOO", &key0, &key1, &first, &alpha, &beta, &out)) return NULL;
    const Py_ssize_t n = PyObject_Size(out);
    venire_call call = opened(1);
    if (n < 0 || !(a = DOUBLES(alpha, n, "alpha")) || !(b = DOUBLES(beta, n, "beta"))
        || !(o = DOUBLES_OUT(out, n, "out")))
        return failed(&v);
    return ended(&v, venire_stream_beta_many(key0, key1, first, n, a, b, &call, o), &call);
}

static PyObject *stream_poisson_many(PyObject *self, PyObject *args)
{
    unsigned long long key0, key1, first;
    double mean;
    PyObject *out;
    views v = {.n = 0};
    int32_t *o;
    (void)self;
    if (!PyArg_ParseTuple(args, "KKKdO", &key0, &key1, &first, &mean, &out)) return NULL;
    const Py_ssize_t n = PyObject_Size(out);
    venire_call call = opened(1);
    if (n < 0 || !(o = INT32S_OUT(out, n, "out"))) return failed(&v);
    return ended(&v, venire_stream_poisson_many(key0, key1, first, n, mean, &call, o), &call);
}

/* Rows and columns of a two-dimensional array. */
static int shape_of(PyObject *array, Py_ssize_t *m, Py_ssize_t *n)
{
    PyObject *shape = PyObject_GetAttrString(array, "shape");
    const int fine = shape && PyArg_ParseTuple(shape, "nn", m, n);
    Py_XDECREF(shape);
    return fine;
}

static PyObject *multinomial_counts(PyObject *self, PyObject *args)
{
    unsigned long long key0, key1, first;
    long long n_draws;
    PyObject *out;
    Py_ssize_t m, n;
    int n_threads = 1;
    views v = {.n = 0};
    int32_t *o;
    (void)self;
    if (!PyArg_ParseTuple(args, "KKKLO|i", &key0, &key1, &first, &n_draws, &out, &n_threads)
        || !shape_of(out, &m, &n))
        return NULL;
    venire_call call = opened(n_threads);
    if (!(o = INT32S_OUT(out, m * n, "out"))) return failed(&v);
    return ended(&v, venire_multinomial_counts(key0, key1, first, m, n, n_draws, &call, o), &call);
}

static PyObject *bootstrap_counts(PyObject *self, PyObject *args)
{
    unsigned long long key0, key1, first;
    PyObject *count, *out;
    Py_ssize_t m, n;
    int n_threads = 1;
    views v = {.n = 0};
    double *c, *o;
    (void)self;
    if (!PyArg_ParseTuple(args, "KKKOO|i", &key0, &key1, &first, &count, &out, &n_threads)
        || !shape_of(out, &m, &n))
        return NULL;
    venire_call call = opened(n_threads);
    if (!(c = DOUBLES(count, n, "count")) || !(o = DOUBLES_OUT(out, m * n, "out"))) return failed(&v);
    return ended(&v, venire_bootstrap_counts(key0, key1, first, m, n, c, &call, o), &call);
}

/* ---- fits -------------------------------------------------------------------------------------------- */

static PyObject *fit(PyObject *self, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"first", "second", "win", "loss", "tie", "order", "theta", "model",
                            "precision", "order_effect", NULL};
    PyObject *first, *second, *win, *loss, *tie, *order, *theta;
    venire_comparisons data;
    venire_fit_options options;
    venire_fit_result out;
    double gamma, log_tie, residual;
    int32_t n_iter;
    int model = 0, order_effect = 0, status;
    views v = {.n = 0};
    (void)self;
    memset(&data, 0, sizeof data);
    memset(&options, 0, sizeof options);
    memset(&out, 0, sizeof out);
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOOOOOO|idp", names, &first, &second, &win, &loss,
                                     &tie, &order, &theta, &model, &options.precision, &order_effect))
        return NULL;
    const Py_ssize_t n = PyObject_Size(first), n_items = PyObject_Size(theta);
    venire_call call = opened(1);
    data.size = sizeof data;
    data.n_rows = n;
    data.n_items = n_items;
    options.size = sizeof options;
    options.model = model;
    options.order_effect = order_effect;
    out.size = sizeof out;
    out.order_effect = &gamma;
    out.log_tie = &log_tie;
    out.residual = &residual;
    out.n_iter = &n_iter;
    if (n < 0 || n_items < 0 || !(data.first = INT32S(first, n, "first"))
        || !(data.second = INT32S(second, n, "second")) || !(data.win = DOUBLES(win, n, "win"))
        || !(data.loss = DOUBLES(loss, n, "loss"))
        || (tie != Py_None && !(data.tie = DOUBLES(tie, n, "tie")))
        || (order != Py_None && !(data.order = INT8S(order, n, "order")))
        || !(out.theta = DOUBLES_OUT(theta, n_items, "theta")))
        return failed(&v);
    Py_BEGIN_ALLOW_THREADS
    status = venire_fit(&data, &options, &call, &out);
    Py_END_ALLOW_THREADS
    if (status != VENIRE_OK && status != VENIRE_NOT_CONVERGED && status != VENIRE_NOT_IDENTIFIED)
        return ended(&v, status, &call);
    release(&v);
    return Py_BuildValue("idddi", status, gamma, log_tie, residual, (int)n_iter);
}

static PyObject *fit_groups(PyObject *self, PyObject *args)
{
    PyObject *rows, *items, *first, *second, *win, *loss, *theta, *state;
    venire_comparisons data;
    venire_fit_options options;
    venire_fit_result out;
    int model = 0, n_threads = 1, status;
    views v = {.n = 0};
    (void)self;
    memset(&data, 0, sizeof data);
    memset(&options, 0, sizeof options);
    memset(&out, 0, sizeof out);
    if (!PyArg_ParseTuple(args, "OOOOOOOO|idi", &rows, &items, &first, &second, &win, &loss, &theta,
                          &state, &model, &options.precision, &n_threads))
        return NULL;
    const Py_ssize_t n = PyObject_Size(first), n_items = PyObject_Size(theta);
    const Py_ssize_t n_groups = PyObject_Size(state);
    venire_call call = opened(n_threads);
    data.size = sizeof data;
    data.n_rows = n;
    data.n_items = n_items;
    data.n_groups = n_groups;
    options.size = sizeof options;
    options.model = model;
    out.size = sizeof out;
    if (n < 0 || n_items < 0 || n_groups < 0 || !(data.first = INT32S(first, n, "first"))
        || !(data.second = INT32S(second, n, "second")) || !(data.win = DOUBLES(win, n, "win"))
        || !(data.loss = DOUBLES(loss, n, "loss"))
        || !(data.row_ptr = INT64S(rows, n_groups + 1, "row_ptr"))
        || !(data.item_ptr = INT64S(items, n_groups + 1, "item_ptr"))
        || !(out.theta = DOUBLES_OUT(theta, n_items, "theta"))
        || !(out.status = (int8_t *)start_of(&v, state, n_groups, "b", 1, 1, "status")))
        return failed(&v);
    Py_BEGIN_ALLOW_THREADS
    status = venire_fit_groups(&data, &options, &call, &out);
    Py_END_ALLOW_THREADS
    return ended(&v, status, &call);
}

static PyObject *fit_small(PyObject *self, PyObject *args)
{
    PyObject *first, *second, *win, *loss, *theta;
    int model;
    double precision;
    const int32_t *a, *b;
    const double *w, *l;
    double *t;
    views v = {.n = 0};
    (void)self;
    if (!PyArg_ParseTuple(args, "idOOOOO", &model, &precision, &first, &second, &win, &loss, &theta))
        return NULL;
    const Py_ssize_t n = PyObject_Size(first), n_items = PyObject_Size(theta);
    if (n < 0 || n_items < 0 || !(a = INT32S(first, n, "first")) || !(b = INT32S(second, n, "second"))
        || !(w = DOUBLES(win, n, "win")) || !(l = DOUBLES(loss, n, "loss"))
        || !(t = DOUBLES_OUT(theta, n_items, "theta")))
        return failed(&v);
    const int status = venire_fit_small(model, precision, n_items, n, a, b, w, l, t);
    release(&v);
    return PyLong_FromLong(status);
}

/* ---- the team ---------------------------------------------------------------------------------------- */

static PyObject *team_size(PyObject *self, PyObject *args)
{
    int n_threads;
    long long n_blocks;
    (void)self;
    if (!PyArg_ParseTuple(args, "iL", &n_threads, &n_blocks)) return NULL;
    return PyLong_FromLong(venire_team_size(n_threads, n_blocks));
}

static int square(void *job, int64_t block, int worker)
{
    int64_t *out = (int64_t *)job;
    (void)worker;
    if (out[block] < 0) return VENIRE_TOO_LARGE;
    out[block] = block * block;
    return VENIRE_OK;
}

static PyObject *team_run(PyObject *self, PyObject *args)
{
    PyObject *out;
    int n_threads = 1, status;
    int64_t *o;
    views v = {.n = 0};
    (void)self;
    if (!PyArg_ParseTuple(args, "O|i", &out, &n_threads)) return NULL;
    const Py_ssize_t n = PyObject_Size(out);
    venire_call call = opened(n_threads);
    if (n < 0 || !(o = (int64_t *)start_of(&v, out, n, "lq", 8, 1, "out"))) return failed(&v);
    Py_BEGIN_ALLOW_THREADS
    status = venire_team_run(square, o, n, &call);
    Py_END_ALLOW_THREADS
    return ended(&v, status, &call);
}

static int wait_a_little(void *job, int64_t block, int worker)
{
    (void)job, (void)block, (void)worker;
    usleep(2000);
    return VENIRE_OK;
}

static PyObject *team_wait(PyObject *self, PyObject *args)
{
    long long n_blocks;
    int n_threads = 1, status;
    views v = {.n = 0};
    (void)self;
    if (!PyArg_ParseTuple(args, "L|i", &n_blocks, &n_threads)) return NULL;
    venire_call call = opened(n_threads);
    Py_BEGIN_ALLOW_THREADS
    status = venire_team_run(wait_a_little, NULL, n_blocks, &call);
    Py_END_ALLOW_THREADS
    return ended(&v, status, &call);
}

/* What a caller may get wrong: null pointers, negative numbers, structs without a size. */
static PyObject *misuse(PyObject *self, PyObject *args)
{
    double x = 0.5, out = 0.0;
    venire_call call = opened(1), unsized = opened(1);
    venire_comparisons data;
    venire_fit_result result;
    (void)self, (void)args;
    unsized.size = 0;
    memset(&data, 0, sizeof data);
    memset(&result, 0, sizeof result);
    result.size = sizeof result;
    const int no_size = venire_fit(&data, NULL, &call, &result);
    data.size = sizeof data;
    data.n_rows = 1;
    return Py_BuildValue(
        "iiiiiiiiii", venire_beta_cdf_many(1, NULL, &x, &x, &call, &out),
        venire_beta_cdf_many(-1, &x, &x, &x, &call, &out),
        venire_beta_cdf_many(1, &x, &x, &x, &unsized, &out), venire_beta_update(1, 1, 1, NULL, NULL),
        venire_team_run(NULL, NULL, 1, &call), venire_team_run(square, NULL, -1, &call),
        venire_fit(NULL, NULL, &call, &result), no_size, venire_fit(&data, NULL, &call, &result),
        venire_fit_groups(&data, NULL, &call, NULL));
}

/* ---- the module ---------------------------------------------------------------------------------------- */

#define METHOD(name) {#name, name, METH_VARARGS, NULL}

static PyMethodDef methods[] = {
    METHOD(beta_cdf), METHOD(beta_sf), METHOD(beta_logpdf), METHOD(beta_quantile), METHOD(beta_greater),
    METHOD(beta_update), METHOD(beta_cdf_many), METHOD(beta_sf_many), METHOD(beta_logpdf_many),
    METHOD(beta_quantile_many), METHOD(beta_greater_many), METHOD(beta_update_many), METHOD(model),
    METHOD(model_name), METHOD(model_has_tie), METHOD(link_probability), METHOD(link_slope),
    METHOD(link_curvature), METHOD(cells_log_likelihood), METHOD(cells_derivatives),
    METHOD(stream_words), METHOD(stream_uniform), METHOD(stream_normal), METHOD(stream_beta),
    METHOD(stream_poisson), METHOD(stream_uniform_many), METHOD(stream_normal_many),
    METHOD(stream_beta_many), METHOD(stream_poisson_many), METHOD(multinomial_counts),
    METHOD(bootstrap_counts), METHOD(fit_groups), METHOD(fit_small), METHOD(team_size),
    METHOD(team_run), METHOD(team_wait), METHOD(status_text), METHOD(misuse),
    {"fit", (PyCFunction)(void (*)(void))fit, METH_VARARGS | METH_KEYWORDS, NULL},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "c_client", NULL, -1, methods,
                                        NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_c_client(void)
{
    if (venire_import() < 0) return NULL;
    return PyModule_Create(&definition);
}
