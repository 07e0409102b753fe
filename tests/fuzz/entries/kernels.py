"""Kernels for other packages, called from Python: numbers and arrays at their worst."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import venire as vn
from fuzz.case import Case, entry
from venire import jit

VALUES = (0.0, 1e-300, 1e-10, 0.3, 0.5, 1.0, 2.5, 40.0, 1e7, 1e12, -1.0, np.nan, np.inf)
WORDS = (0, 1, 7, 2**63, 2**64 - 1, -1, 2**64)


def writes(case: Case, function: Callable[..., Any], arguments: dict[str, Any], p: float = 0.3,
           sizes: tuple[str, ...] = ()) -> Any:  # fmt: skip
    """Call a function that writes into some of its arguments, which is no fault."""
    kept = tuple(k for k, x in arguments.items() if isinstance(x, np.ndarray) and case.chance(0.9))
    given = case.spoil(arguments, p, sizes=sizes, keep=kept)

    @functools.wraps(function)
    def call() -> Any:
        return function(**given)

    return case.try_(call)


def array(case: Case, n: int, values: Any = VALUES[2:8]) -> np.ndarray:
    return np.array([case.choice(values) for _ in range(n)])


def whole_numbers(case: Case, n: int, most: int) -> np.ndarray:
    return np.array([case.whole(0, most) for _ in range(n)], np.int32)


@entry
def kernels_places(case: Case) -> None:
    case.call(vn.get_include)
    case.call(vn.kernels.get_library)
    case.call(vn.kernels.stream_key, **case.spoil({"rng": case.choice((None, 1, 2**40))}))


@entry
def kernels_beta(case: Case) -> None:
    one = functools.partial(case.choice, VALUES)
    for function, name in ((jit.beta_cdf, "x"), (jit.beta_sf, "x"), (jit.beta_quantile, "q")):
        arguments = {"alpha": one(), "beta": one(), name: one()}
        out = case.try_(function, **case.spoil(arguments, 0.3))
        if out is not None:
            case.within(function.__name__, out, 0.0, 1.0)
    case.try_(jit.beta_logpdf, **case.spoil({"alpha": one(), "beta": one(), "x": one()}, 0.3))
    pairs = {name: one() for name in ("alpha", "beta", "other_alpha", "other_beta")}
    case.try_(jit.beta_greater, **case.spoil(pairs, 0.3))
    votes = {name: one() for name in ("win", "loss", "tie", "alpha", "beta")}
    case.try_(jit.beta_update, **case.spoil(votes, 0.3))


@entry
def kernels_beta_many(case: Case) -> None:
    n = case.choice((0, 1, 2, 17, 300))
    shapes = {"alpha": array(case, n), "beta": array(case, n)}
    for function, name in (
        (jit.beta_cdf_many, "x"), (jit.beta_sf_many, "x"), (jit.beta_logpdf_many, "x"),
        (jit.beta_quantile_many, "q"),
    ):  # fmt: skip
        points = array(case, n, (0.0, 1e-300, 0.5, 1.0, case.choice(VALUES)))
        writes(case, function, shapes | {name: points, "out": np.empty(n)})
    other = {"other_alpha": array(case, n), "other_beta": array(case, n), "out": np.empty(n)}
    writes(case, jit.beta_greater_many, shapes | other)


@entry
def kernels_links(case: Case) -> None:
    names = ("bradley-terry", "thurstone", "davidson", "rao-kupper", "none", "")
    number = case.try_(jit.model, **case.spoil({"name": case.choice(names)}, 0.3))
    number = case.choice((0, 1, 2, 3, -1, 99)) if number is None else number
    for function in (jit.link, jit.link_slope, jit.link_curvature):
        arguments = {"model": number, "d": case.choice((0.0, -3.0, 1e4, 1e300, np.nan))}
        arguments |= case.some({"outcome": case.whole(-1, 3), "log_tie": case.choice(VALUES)})
        case.try_(function, **case.spoil(arguments, 0.3))
    n = case.choice((0, 1, 5, 700))
    cells = {"model": number, "d": array(case, n, (0.0, -3.0, 50.0, 1e6))}
    cells |= {name: array(case, n, (0.0, 1.0, 2.5, 1e20)) for name in ("win", "loss", "tie")}
    level = {"log_tie": case.choice((0.0, 0.5, -1.0, 3.0))}
    case.try_(jit.cells_log_likelihood, **case.spoil(cells | level, 0.3, keep=("d", "win", "loss")))
    ends = {"slope": np.empty(n), "curvature": np.empty(n)}
    writes(case, jit.cells_derivatives, cells | level | ends)


@entry
def kernels_streams(case: Case) -> None:
    key = {"key0": case.choice(WORDS), "key1": case.choice(WORDS[:5])}
    number = {"i": case.choice(WORDS)}
    shapes = {"alpha": case.choice(VALUES), "beta": case.choice(VALUES[2:8])}
    mean = {"mean": case.choice(VALUES)}
    for function, more in (
        (jit.stream_uniform, {}), (jit.stream_normal, {}), (jit.stream_beta, shapes),
        (jit.stream_poisson, mean),
    ):  # fmt: skip
        case.try_(function, **case.spoil(key | number | more, 0.3))
    n = case.choice((0, 1, 9, 5000))
    first = {"first": case.choice(WORDS), "out": np.empty(n)}
    many = {"alpha": array(case, n), "beta": array(case, n)}
    for function, more in (
        (jit.stream_uniform_many, {}), (jit.stream_normal_many, {}), (jit.stream_beta_many, many),
        (jit.stream_poisson_many, mean | {"out": np.empty(n, np.int32)}),
    ):  # fmt: skip
        writes(case, function, key | first | more)


@entry
def kernels_fits(case: Case) -> None:
    n_items, n = case.choice((1, 2, 5, 40)), case.choice((0, 1, 4, 60, 500))
    first, second = whole_numbers(case, n, n_items - 1), whole_numbers(case, n, n_items - 1)
    if n_items > 1:
        second = np.where(first == second, (first + 1) % n_items, second).astype(np.int32)
    masses = (0.0, 1.0, 2.5, 1e-30, 1e30) if case.chance(0.3) else (0.0, 1.0, 1.0, 2.0)
    arguments = {"first": first, "second": second, "theta": np.empty(n_items)}
    arguments |= {"win": array(case, n, masses), "loss": array(case, n, masses)}
    arguments |= case.some(
        {"model": case.whole(-1, 4), "precision": case.choice((0.0, 1e-30, 1.0, 1e30, -1.0))}
    )
    if case.chance(0.2) and n:
        first[case.whole(0, n - 1)] = case.choice((-1, 2**31 - 1, n_items))
    status = writes(case, jit.fit_small, arguments)
    if status == 0:
        case.finite("theta", arguments["theta"])
    key = {"key0": 1, "key1": 2, "first": case.choice((0, 5, 2**63, 2**40))}
    shape = case.choice(((0, 3), (2, 0), (2, 1), (3, 70)))
    counts = {"count": array(case, shape[1], (1.0, 3.0, 1e7)), "out": np.empty(shape)}
    writes(case, jit.bootstrap_counts, key | counts)
    draws = {"n_draws": case.choice((0, 1, 100)), "out": np.empty(shape, np.int32)}
    writes(case, jit.multinomial_counts, key | draws, sizes=("n_draws",))
