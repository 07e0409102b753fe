"""Every function of venire.kernels, called from Cython."""

from libc.stdint cimport int8_t, int32_t, int64_t, uint64_t
from posix.unistd cimport usleep

cimport venire.kernels as vk

vk.import_venire()


cdef vk.venire_call opened(int n_threads=1) noexcept:
    cdef vk.venire_call call
    call.size, call.n_threads, call.unused = sizeof(call), n_threads, 0
    call.poll, call.context = vk.poll_signals, NULL
    call.argument, call.position, call.value = NULL, -1, 0.0
    return call


# --- the Beta distribution -------------------------------------------------------------------------

def beta_cdf(double alpha, double beta, double x):
    return vk.beta_cdf(alpha, beta, x)


def beta_sf(double alpha, double beta, double x):
    return vk.beta_sf(alpha, beta, x)


def beta_logpdf(double alpha, double beta, double x):
    return vk.beta_logpdf(alpha, beta, x)


def beta_quantile(double alpha, double beta, double q):
    return vk.beta_quantile(alpha, beta, q)


def beta_greater(double a, double b, double c, double d):
    return vk.beta_greater(a, b, c, d)


def beta_update(double win, double loss, double tie, double alpha, double beta):
    vk.check(vk.beta_update(win, loss, tie, &alpha, &beta), NULL)
    return alpha, beta


ctypedef int (*of_three)(int64_t, const double *, const double *, const double *,
                         vk.venire_call *, double *) noexcept nogil


cdef three(of_three function, alpha, beta, x, out, int n_threads):
    cdef int64_t n = len(out)
    cdef vk.venire_call call = opened(n_threads)
    cdef const double *a = vk.doubles(alpha, n, "alpha")
    cdef const double *b = vk.doubles(beta, n, "beta")
    cdef const double *p = vk.doubles(x, n, "x")
    cdef double *o = vk.doubles_out(out, n, "out")
    cdef int status
    with nogil:
        status = function(n, a, b, p, &call, o)
    vk.check(status, &call)


def beta_cdf_many(alpha, beta, x, out, int n_threads=1):
    three(vk.beta_cdf_many, alpha, beta, x, out, n_threads)


def beta_sf_many(alpha, beta, x, out, int n_threads=1):
    three(vk.beta_sf_many, alpha, beta, x, out, n_threads)


def beta_logpdf_many(alpha, beta, x, out, int n_threads=1):
    three(vk.beta_logpdf_many, alpha, beta, x, out, n_threads)


def beta_quantile_many(alpha, beta, q, out, int n_threads=1):
    three(vk.beta_quantile_many, alpha, beta, q, out, n_threads)


def beta_greater_many(alpha, beta, other_alpha, other_beta, out, int n_threads=1):
    cdef int64_t n = len(out)
    cdef vk.venire_call call = opened(n_threads)
    cdef int status = vk.beta_greater_many(
        n, vk.doubles(alpha, n, "alpha"), vk.doubles(beta, n, "beta"),
        vk.doubles(other_alpha, n, "other_alpha"), vk.doubles(other_beta, n, "other_beta"), &call,
        vk.doubles_out(out, n, "out"))
    vk.check(status, &call)


def beta_update_many(win, loss, tie, alpha, beta):
    cdef int64_t n = len(alpha)
    cdef vk.venire_call call = opened()
    cdef const double *t = NULL
    if tie is not None:
        t = vk.doubles(tie, n, "tie")
    cdef int status = vk.beta_update_many(
        n, vk.doubles(win, n, "win"), vk.doubles(loss, n, "loss"), t, &call,
        vk.doubles_out(alpha, n, "alpha"), vk.doubles_out(beta, n, "beta"))
    vk.check(status, &call)


# --- models ----------------------------------------------------------------------------------------

def model(str name):
    return vk.model(name.encode())


def model_name(int model):
    cdef const char *name = vk.model_name(model)
    return None if name == NULL else name.decode()


def model_has_tie(int model):
    return vk.model_has_tie(model)


def link_probability(int model, int outcome, double d, double log_tie):
    return vk.link_probability(model, outcome, d, log_tie)


def link_slope(int model, int outcome, double d, double log_tie):
    return vk.link_slope(model, outcome, d, log_tie)


def link_curvature(int model, int outcome, double d, double log_tie):
    return vk.link_curvature(model, outcome, d, log_tie)


def cells_log_likelihood(int model, d, win, loss, tie, double log_tie):
    cdef int64_t n = len(d)
    cdef vk.venire_call call = opened()
    cdef double value = 0.0
    cdef int status = vk.cells_log_likelihood(
        model, n, vk.doubles(d, n, "d"), vk.doubles(win, n, "win"), vk.doubles(loss, n, "loss"),
        vk.doubles(tie, n, "tie"), log_tie, &call, &value)
    vk.check(status, &call)
    return value


def cells_derivatives(int model, d, win, loss, tie, double log_tie, slope, curvature):
    cdef int64_t n = len(d)
    cdef vk.venire_call call = opened()
    cdef int status = vk.cells_derivatives(
        model, n, vk.doubles(d, n, "d"), vk.doubles(win, n, "win"), vk.doubles(loss, n, "loss"),
        vk.doubles(tie, n, "tie"), log_tie, &call, vk.doubles_out(slope, n, "slope"),
        vk.doubles_out(curvature, n, "curvature"))
    vk.check(status, &call)


# --- random numbers --------------------------------------------------------------------------------

def stream_words(uint64_t key0, uint64_t key1, uint64_t c0, uint64_t c1):
    cdef uint64_t word0, word1
    vk.stream_words(key0, key1, c0, c1, &word0, &word1)
    return word0, word1


def stream_uniform(uint64_t key0, uint64_t key1, uint64_t i):
    return vk.stream_uniform(key0, key1, i)


def stream_normal(uint64_t key0, uint64_t key1, uint64_t i):
    return vk.stream_normal(key0, key1, i)


def stream_beta(uint64_t key0, uint64_t key1, uint64_t i, double alpha, double beta):
    return vk.stream_beta(key0, key1, i, alpha, beta)


def stream_poisson(uint64_t key0, uint64_t key1, uint64_t i, double mean):
    return vk.stream_poisson(key0, key1, i, mean)


def stream_uniform_many(uint64_t key0, uint64_t key1, uint64_t first, out):
    cdef vk.venire_call call = opened()
    vk.check(vk.stream_uniform_many(key0, key1, first, len(out), &call,
                                    vk.doubles_out(out, len(out), "out")), &call)


def stream_normal_many(uint64_t key0, uint64_t key1, uint64_t first, out):
    cdef vk.venire_call call = opened()
    vk.check(vk.stream_normal_many(key0, key1, first, len(out), &call,
                                   vk.doubles_out(out, len(out), "out")), &call)


def stream_beta_many(uint64_t key0, uint64_t key1, uint64_t first, alpha, beta, out):
    cdef int64_t n = len(out)
    cdef vk.venire_call call = opened()
    vk.check(vk.stream_beta_many(key0, key1, first, n, vk.doubles(alpha, n, "alpha"),
                                 vk.doubles(beta, n, "beta"), &call,
                                 vk.doubles_out(out, n, "out")), &call)


def stream_poisson_many(uint64_t key0, uint64_t key1, uint64_t first, double mean, out):
    cdef vk.venire_call call = opened()
    vk.check(vk.stream_poisson_many(key0, key1, first, len(out), mean, &call,
                                    vk.int32s_out(out, len(out), "out")), &call)


def multinomial_counts(uint64_t key0, uint64_t key1, uint64_t first, int64_t n_draws, out,
                       int n_threads=1):
    cdef int64_t m, n
    cdef vk.venire_call call = opened(n_threads)
    m, n = out.shape
    vk.check(vk.multinomial_counts(key0, key1, first, m, n, n_draws, &call,
                                   vk.int32s_out(out, m * n, "out")), &call)


def bootstrap_counts(uint64_t key0, uint64_t key1, uint64_t first, count, out, int n_threads=1):
    cdef int64_t m, n
    cdef vk.venire_call call = opened(n_threads)
    m, n = out.shape
    vk.check(vk.bootstrap_counts(key0, key1, first, m, n, vk.doubles(count, n, "count"), &call,
                                 vk.doubles_out(out, m * n, "out")), &call)


# --- fits ------------------------------------------------------------------------------------------

cdef vk.venire_comparisons compared(first, second, win, loss, tie, order, int64_t n_items) except *:
    cdef int64_t n = len(first)
    cdef vk.venire_comparisons data
    data.size, data.n_rows, data.n_items = sizeof(data), n, n_items
    data.first, data.second = vk.int32s(first, n, "first"), vk.int32s(second, n, "second")
    data.win, data.loss = vk.doubles(win, n, "win"), vk.doubles(loss, n, "loss")
    data.tie = NULL
    data.order = NULL
    if tie is not None:
        data.tie = vk.doubles(tie, n, "tie")
    if order is not None:
        data.order = vk.int8s(order, n, "order")
    data.n_groups = 0
    data.row_ptr = data.item_ptr = NULL
    return data


cdef vk.venire_fit_options chosen(int model, double precision, bint order_effect):
    cdef vk.venire_fit_options options
    options.size, options.model, options.precision = sizeof(options), model, precision
    options.order_effect, options.warm, options.max_iter, options.tol = order_effect, 0, 0, 0.0
    options.item_precision = options.item_mean = NULL
    return options


def fit(first, second, win, loss, tie, order, theta, int model=0, double precision=0.0,
        bint order_effect=False):
    """(status, order effect, log tie, residual, iterations)"""
    cdef vk.venire_comparisons data = compared(first, second, win, loss, tie, order, len(theta))
    cdef vk.venire_fit_options options = chosen(model, precision, order_effect)
    cdef vk.venire_call call = opened()
    cdef vk.venire_fit_result out
    cdef double gamma, log_tie, residual
    cdef int32_t n_iter
    cdef int8_t own
    cdef int status
    out.size, out.theta = sizeof(out), vk.doubles_out(theta, len(theta), "theta")
    out.order_effect, out.log_tie, out.residual = &gamma, &log_tie, &residual
    out.n_iter, out.status = &n_iter, &own
    with nogil:
        status = vk.fit(&data, &options, &call, &out)
    if status not in (vk.VENIRE_OK, vk.VENIRE_NOT_CONVERGED, vk.VENIRE_NOT_IDENTIFIED):
        vk.check(status, &call)
    return status, gamma, log_tie, residual, n_iter


def fit_groups(row_ptr, item_ptr, first, second, win, loss, theta, status, int model=0,
               double precision=0.0, int n_threads=1):
    cdef vk.venire_comparisons data = compared(first, second, win, loss, None, None, len(theta))
    cdef vk.venire_fit_options options = chosen(model, precision, False)
    cdef vk.venire_call call = opened(n_threads)
    cdef vk.venire_fit_result out
    cdef int64_t n_groups = len(status)
    cdef int found
    data.n_groups = n_groups
    data.row_ptr = vk.int64s(row_ptr, n_groups + 1, "row_ptr")
    data.item_ptr = vk.int64s(item_ptr, n_groups + 1, "item_ptr")
    out.size, out.theta = sizeof(out), vk.doubles_out(theta, len(theta), "theta")
    out.order_effect = out.log_tie = out.residual = NULL
    out.n_iter, out.status = NULL, vk.int8s_out(status, n_groups, "status")
    with nogil:
        found = vk.fit_groups(&data, &options, &call, &out)
    vk.check(found, &call)


def fit_small(int model, double precision, first, second, win, loss, theta):
    cdef int64_t n = len(first)
    return vk.fit_small(
        model, precision, len(theta), n, vk.int32s(first, n, "first"),
        vk.int32s(second, n, "second"), vk.doubles(win, n, "win"), vk.doubles(loss, n, "loss"),
        vk.doubles_out(theta, len(theta), "theta"))


# --- the team --------------------------------------------------------------------------------------

def team_size(int n_threads, int64_t n_blocks):
    return vk.team_size(n_threads, n_blocks)


cdef int square(void *job, int64_t block, int worker) noexcept nogil:
    cdef int64_t *out = <int64_t *>job
    if out[block] < 0:
        return vk.VENIRE_TOO_LARGE
    out[block] = block * block
    return vk.VENIRE_OK


def team_run(out, int n_threads=1):
    """The squares of the blocks' numbers into `out`; a block whose place is negative fails."""
    cdef vk.venire_call call = opened(n_threads)
    cdef int64_t n = len(out)
    cdef int64_t *start = <int64_t *>vk.int64s(out, n, "out")
    cdef int status
    with nogil:
        status = vk.team_run(square, start, n, &call)
    vk.check(status, &call)


cdef int wait(void *job, int64_t block, int worker) noexcept nogil:
    usleep(2000)
    return vk.VENIRE_OK


def team_wait(int64_t n_blocks, int n_threads=1):
    """Blocks that sleep for two milliseconds each: for Ctrl-C."""
    cdef vk.venire_call call = opened(n_threads)
    cdef int status
    with nogil:
        status = vk.team_run(wait, NULL, n_blocks, &call)
    vk.check(status, &call)


def status_text(int status):
    return vk.status_text(status).decode()
