"""Links that a caller brings, compiled by Numba: as the guide writes them."""

from __future__ import annotations

import math

import numba
import numpy as np

import venire as vn

ROW = "CPointer(double), CPointer(double), CPointer(double), int64"
CELL = f"void({ROW}, CPointer(double), CPointer(double))"
VALUE = f"double({ROW})"


@numba.cfunc(CELL)
def logistic_cell(d, win, loss, n, g, h):
    for k in range(n):
        e = math.exp(-abs(d[k]))
        big = 1.0 / (1.0 + e)
        small = e * big
        up, down = (big, small) if d[k] >= 0.0 else (small, big)
        g[k] = win[k] * down - loss[k] * up
        h[k] = (win[k] + loss[k]) * up * down


@numba.cfunc(VALUE)
def logistic_value(d, win, loss, n):
    total = 0.0
    for k in range(n):
        total -= (win[k] + loss[k]) * math.log1p(math.exp(-abs(d[k])))
        total -= max(d[k], 0.0) * loss[k] + max(-d[k], 0.0) * win[k]
    return total


@numba.njit
def secant(d):
    """Log F, F'/F and -(log F)'' of F(d) = 2/pi atan(exp(d))."""
    u = math.exp(-abs(d))
    if d >= 0.0:
        half = math.atan(u)  # F = 1 - 2/pi half
        f = 1.0 - 2.0 / math.pi * half
        slope = 2.0 / math.pi * u / (1.0 + u * u) / f
        return math.log(f), slope, slope * (slope + (1.0 - u * u) / (1.0 + u * u))
    small = u < 1e-3
    ratio = 1.0 + u * u / 3.0 - 4.0 / 45.0 * u**4 if small else u / math.atan(u)  # >= 1
    rest = u * u / 3.0 if small else ratio - 1.0
    slope = ratio / (1.0 + u * u)
    value = math.log(2.0 / math.pi) + d - math.log(ratio)
    return value, slope, slope * (rest + u * u) / (1.0 + u * u)


@numba.cfunc(CELL)
def secant_cell(d, win, loss, n, g, h):
    for k in range(n):
        _, up, bend = secant(d[k])
        _, down, turn = secant(-d[k])
        g[k] = win[k] * up - loss[k] * down
        h[k] = win[k] * bend + loss[k] * turn


@numba.cfunc(VALUE)
def secant_value(d, win, loss, n):
    total = 0.0
    for k in range(n):
        total += win[k] * secant(d[k])[0] + loss[k] * secant(-d[k])[0]
    return total


def secant_link(d):
    """The same in NumPy, for the reference: by other formulas."""
    d = np.asarray(d, np.float64)
    x = np.maximum(-d, 0.0)
    u = np.exp(-np.abs(d))
    v = np.maximum(u, 1e-4)
    ratio = np.where(u > 1e-4, np.arctan(v) / v, 1.0 - u**2 / 3.0)  # <= 1
    behind = np.log(2.0 / np.pi * ratio) - x
    value = np.where(d >= 0.0, np.log1p(-2.0 / np.pi * np.arctan(u)), behind)
    density = u / (1.0 + u**2)  # times 2/pi
    slope = np.where(
        d >= 0.0,
        2.0 / np.pi * density / np.exp(np.maximum(value, -1.0)),
        1.0 / (1.0 + u**2) / ratio,
    )
    excess = np.where(
        d >= 0.0, slope + np.tanh(d),
        np.where(u > 1e-4, slope - np.tanh(np.abs(d)), 4.0 / 3.0 * u**2),
    )  # fmt: skip
    return value, slope, slope * excess


def made():
    """The two models; in a process once."""
    if "test-logistic" not in vn.models.names():
        vn.Model.custom(
            "test-logistic", cell=logistic_cell, log_likelihood=logistic_value, scale="logit"
        )
        vn.Model.custom("test-secant", cell=secant_cell, log_likelihood=secant_value)
    return vn.models.model_of("test-logistic"), vn.models.model_of("test-secant")
