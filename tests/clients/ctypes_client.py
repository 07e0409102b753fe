"""Every function of venire's library, called through ctypes: no compiler, and no Numba."""

from __future__ import annotations

import ctypes as c
from typing import Any

import numpy as np

import venire as vn

D, I32, I64, U64, P = c.c_double, c.c_int32, c.c_int64, c.c_uint64, c.c_void_p
library = c.CDLL(vn.kernels.get_library())
poll_type, body_type = c.CFUNCTYPE(c.c_int, P), c.CFUNCTYPE(c.c_int, P, I64, c.c_int)


class Call(c.Structure):
    _fields_ = (
        ("size", c.c_size_t),
        ("n_threads", I32),
        ("unused", I32),
        ("poll", poll_type),
        ("context", P),
        ("argument", c.c_char_p),
        ("position", I64),
        ("value", D),
    )


class Comparisons(c.Structure):
    _fields_ = (
        ("size", c.c_size_t),
        ("n_rows", I64),
        ("n_items", I64),
        *((name, P) for name in ("first", "second", "win", "loss", "tie", "order")),
        ("n_groups", I64),
        ("row_ptr", P),
        ("item_ptr", P),
    )


class Options(c.Structure):
    _fields_ = (
        ("size", c.c_size_t),
        *((name, I32) for name in ("model", "order_effect", "warm", "max_iter")),
        ("tol", D),
        ("precision", D),
        ("item_precision", P),
        ("item_mean", P),
    )


class Result(c.Structure):
    _fields_ = (
        ("size", c.c_size_t),
        *(
            (name, P)
            for name in ("theta", "order_effect", "log_tie", "residual", "n_iter", "status")
        ),
    )


def declared(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, f"venire_{name}")
    function.restype, function.argtypes = result, arguments
    return function


#: Functions that take numbers and give a number are used as they are.
beta_cdf = declared("beta_cdf", D, D, D, D)
beta_sf = declared("beta_sf", D, D, D, D)
beta_logpdf = declared("beta_logpdf", D, D, D, D)
beta_quantile = declared("beta_quantile", D, D, D, D)
beta_greater = declared("beta_greater", D, D, D, D, D)
model_has_tie = declared("model_has_tie", c.c_int, I32)
link_probability = declared("link_probability", D, I32, I32, D, D)
link_slope = declared("link_slope", D, I32, I32, D, D)
link_curvature = declared("link_curvature", D, I32, I32, D, D)
stream_uniform = declared("stream_uniform", D, U64, U64, U64)
stream_normal = declared("stream_normal", D, U64, U64, U64)
stream_beta = declared("stream_beta", D, U64, U64, U64, D, D)
stream_poisson = declared("stream_poisson", I32, U64, U64, U64, D)
team_size = declared("team_size", c.c_int, I32, I64)


def of(x: Any, dtype: Any = np.float64) -> Any:
    """Where an array starts; None: nowhere."""
    if x is None:
        return None
    if x.dtype != dtype or not x.flags.c_contiguous:
        raise TypeError(f"must be a contiguous array of {np.dtype(dtype)}, not of {x.dtype}")
    return x.ctypes.data


def check(status: int, own: Call) -> None:
    """Raise what a status means."""
    if status == 1:
        raise MemoryError(status_text(status))
    if status:
        text = f"{(own.argument or b'').decode()}[{own.position}] = {own.value}"
        raise ValueError(f"{text}: {status_text(status)}")


def run(name: str, *arguments: Any, n_threads: int = 1) -> None:
    """Call a function that returns a status; the `Call` among its arguments is made here."""
    own = Call(size=c.sizeof(Call), n_threads=n_threads)
    function = getattr(library, f"venire_{name}")
    check(function(*(c.byref(own) if x is Call else x for x in arguments)), own)


def three(name: str, alpha: Any, beta: Any, x: Any, out: Any, n_threads: int) -> None:
    run(name, I64(len(out)), *(P(of(v)) for v in (alpha, beta, x)), Call, P(of(out)),
        n_threads=n_threads)  # fmt: skip


def beta_cdf_many(alpha, beta, x, out, n_threads=1):
    three("beta_cdf_many", alpha, beta, x, out, n_threads)


def beta_sf_many(alpha, beta, x, out, n_threads=1):
    three("beta_sf_many", alpha, beta, x, out, n_threads)


def beta_logpdf_many(alpha, beta, x, out, n_threads=1):
    three("beta_logpdf_many", alpha, beta, x, out, n_threads)


def beta_quantile_many(alpha, beta, q, out, n_threads=1):
    three("beta_quantile_many", alpha, beta, q, out, n_threads)


def beta_greater_many(alpha, beta, other_alpha, other_beta, out, n_threads=1):
    shapes = (P(of(v)) for v in (alpha, beta, other_alpha, other_beta))
    run("beta_greater_many", I64(len(out)), *shapes, Call, P(of(out)), n_threads=n_threads)


def beta_update(win, loss, tie, alpha, beta):
    a, b = D(alpha), D(beta)
    run("beta_update", D(win), D(loss), D(tie), c.byref(a), c.byref(b))
    return a.value, b.value


def beta_update_many(win, loss, tie, alpha, beta):
    masses = (P(of(v)) for v in (win, loss, tie))
    run("beta_update_many", I64(len(alpha)), *masses, Call, P(of(alpha)), P(of(beta)))


def model(name):
    return declared("model", I32, c.c_char_p)(name.encode())


def model_name(number):
    name = declared("model_name", c.c_char_p, I32)(number)
    return name and name.decode()


def status_text(status):
    return declared("status_text", c.c_char_p, c.c_int)(status).decode()


def cells_log_likelihood(model, d, win, loss, tie, log_tie):
    value = D()
    masses = (P(of(x)) for x in (d, win, loss, tie))
    run("cells_log_likelihood", I32(model), I64(len(d)), *masses, D(log_tie), Call, c.byref(value))
    return value.value


def cells_derivatives(model, d, win, loss, tie, log_tie, slope, curvature):
    masses = (P(of(x)) for x in (d, win, loss, tie))
    ends = P(of(slope)), P(of(curvature))
    run("cells_derivatives", I32(model), I64(len(d)), *masses, D(log_tie), Call, *ends)


def stream_words(key0, key1, c0, c1):
    words = U64(), U64()
    function = declared("stream_words", None, U64, U64, U64, U64, P, P)
    function(key0, key1, c0, c1, *map(c.addressof, words))
    return words[0].value, words[1].value


def key(*words):
    return [U64(word) for word in words]


def stream_uniform_many(key0, key1, first, out):
    run("stream_uniform_many", *key(key0, key1, first), I64(len(out)), Call, P(of(out)))


def stream_normal_many(key0, key1, first, out):
    run("stream_normal_many", *key(key0, key1, first), I64(len(out)), Call, P(of(out)))


def stream_beta_many(key0, key1, first, alpha, beta, out):
    shapes = P(of(alpha)), P(of(beta))
    run("stream_beta_many", *key(key0, key1, first), I64(len(out)), *shapes, Call, P(of(out)))


def stream_poisson_many(key0, key1, first, mean, out):
    where = P(of(out, np.int32))
    run("stream_poisson_many", *key(key0, key1, first), I64(len(out)), D(mean), Call, where)


def multinomial_counts(key0, key1, first, n_draws, out, n_threads=1):
    m, n = map(I64, out.shape)
    where = P(of(out, np.int32))
    run("multinomial_counts", *key(key0, key1, first), m, n, I64(n_draws), Call, where,
        n_threads=n_threads)  # fmt: skip


def bootstrap_counts(key0, key1, first, count, out, n_threads=1):
    m, n = map(I64, out.shape)
    run("bootstrap_counts", *key(key0, key1, first), m, n, P(of(count)), Call, P(of(out)),
        n_threads=n_threads)  # fmt: skip


def compared(first, second, win, loss, tie, order, n_items):
    return Comparisons(
        size=c.sizeof(Comparisons), n_rows=len(first), n_items=n_items,
        first=of(first, np.int32), second=of(second, np.int32), win=of(win), loss=of(loss),
        tie=of(tie), order=of(order, np.int8),
    )  # fmt: skip


def fit(
    first, second, win, loss, tie, order, theta, model=0, precision=0.0, order_effect=False
):  # fmt: skip
    data = compared(first, second, win, loss, tie, order, len(theta))
    options = Options(
        size=c.sizeof(Options), model=model, precision=precision, order_effect=order_effect
    )
    numbers, n_iter, own = np.empty(3), I32(), Call(size=c.sizeof(Call))
    start = numbers.ctypes.data
    out = Result(
        size=c.sizeof(Result), theta=of(theta), order_effect=start, log_tie=start + 8,
        residual=start + 16, n_iter=c.addressof(n_iter),
    )  # fmt: skip
    status = library.venire_fit(*map(c.byref, (data, options, own, out)))
    if status not in (0, 3, 6):
        check(status, own)
    return (status, *numbers.tolist(), n_iter.value)


def fit_groups(
    row_ptr, item_ptr, first, second, win, loss, theta, status, model=0, precision=0.0, n_threads=1
):
    data = compared(first, second, win, loss, None, None, len(theta))
    data.n_groups = len(status)
    data.row_ptr, data.item_ptr = of(row_ptr, np.int64), of(item_ptr, np.int64)
    options = Options(size=c.sizeof(Options), model=model, precision=precision)
    out = Result(size=c.sizeof(Result), theta=of(theta), status=of(status, np.int8))
    run("fit_groups", c.byref(data), c.byref(options), Call, c.byref(out), n_threads=n_threads)


def fit_small(model, precision, first, second, win, loss, theta):
    return library.venire_fit_small(
        I32(model), D(precision), I64(len(theta)), I64(len(first)), P(of(first, np.int32)),
        P(of(second, np.int32)), P(of(win)), P(of(loss)), P(of(theta)),
    )  # fmt: skip


def team_run(out, n_threads=1):
    def square(job, block, worker):
        if out[block] < 0:
            return 4
        out[block] = block * block
        return 0

    run("team_run", body_type(square), None, I64(len(out)), Call, n_threads=n_threads)
