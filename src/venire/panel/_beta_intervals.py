"""The shortest interval that holds a given probability."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import arrays

__all__ = ["shortest"]


def shortest(posterior: Any, level: np.ndarray) -> np.ndarray:
    """Ends of the shortest intervals, shape (..., 2).

    With t the probability below the interval, its width is least where the density is the same at
    both ends: the root of an increasing function of t in (0, 1 - level), found by bisection that
    Newton steps shorten. Where the density is monotone the interval starts at its high end; where
    both shapes are below 1 it is the shorter of the two that start at an end.
    """
    shape = arrays.broadcast(posterior=posterior.alpha, level=level)
    a, b, inside = (
        np.broadcast_to(x, shape).reshape(-1) for x in (posterior.alpha, posterior.beta, level)
    )
    make = type(posterior)
    out = np.empty((a.size, 2))
    peaked = (a > 1.0) & (b > 1.0)
    ends = np.flatnonzero(~peaked)
    if ends.size:
        p = make(a[ends], b[ends])
        start, stop = p.quantile(1.0 - inside[ends]), p.quantile(inside[ends])
        falls = (a[ends] < b[ends]) | ((a[ends] == b[ends]) & (stop <= 1.0 - start))
        only = ((a[ends] <= 1.0) & (b[ends] >= 1.0)) | ((a[ends] >= 1.0) & (b[ends] <= 1.0))
        falls = np.where(only, falls, stop <= 1.0 - start)
        out[ends, 0] = np.where(falls, 0.0, start)
        out[ends, 1] = np.where(falls, stop, 1.0)
    flat = np.flatnonzero((a == 1.0) & (b == 1.0))
    out[flat] = np.stack([0.5 - 0.5 * inside[flat], 0.5 + 0.5 * inside[flat]], axis=-1)
    rest = np.flatnonzero(peaked)
    if rest.size:
        out[rest] = _level_ends(make, a[rest], b[rest], inside[rest])
    return out.reshape(*shape, 2)


def _level_ends(make: Any, a: np.ndarray, b: np.ndarray, inside: np.ndarray) -> np.ndarray:
    from scipy.special import betaln

    low, high = np.zeros(a.size), 1.0 - inside
    t = 0.5 * high
    ends = np.empty((a.size, 2))
    open_ = np.arange(a.size)
    norm = betaln(a, b)  # it only scales Newton's steps
    for _ in range(80):
        p = make(a[open_], b[open_])
        x, y = p.quantile(t[open_]), p.quantile(np.minimum(t[open_] + inside[open_], 1.0))
        ends[open_] = np.stack([x, y], axis=-1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            a1, b1 = a[open_] - 1.0, b[open_] - 1.0
            log_x = a1 * np.log(x) + b1 * np.log1p(-x)
            log_y = a1 * np.log(y) + b1 * np.log1p(-y)
            rise = log_x - log_y  # > 0: the interval starts too far to the right
            slope = (a1 / x - b1 / (1.0 - x)) * np.exp(norm[open_] - log_x)
            slope -= (a1 / y - b1 / (1.0 - y)) * np.exp(norm[open_] - log_y)
            newton = t[open_] - rise / slope
        right = rise > 0.0
        high[open_[right]] = t[open_[right]]
        low[open_[~right]] = t[open_[~right]]
        middle = 0.5 * (low[open_] + high[open_])
        good = (newton > low[open_]) & (newton < high[open_])
        new = np.where(good, newton, middle)
        settled = np.abs(new - t[open_]) <= 1e-11 * np.minimum(new, 1.0 - inside[open_] - new)
        settled |= rise == 0.0
        t[open_] = new
        open_ = open_[~settled]
        if not open_.size:
            break
    return ends
