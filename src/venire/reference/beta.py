"""Beta posteriors: both tails, quantile, comparison, draws and moments, as their definitions say.

The tails and the quantile are computed with mpmath to as many digits as asked (it comes with the
extra ``test``); the rest is NumPy with SciPy's special functions.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

__all__ = [
    "beta_entropy",
    "beta_expected_votes",
    "beta_fit",
    "beta_greater",
    "beta_kl",
    "beta_logpdf",
    "beta_quantile",
    "beta_sample",
    "beta_shortest",
    "beta_tails",
]


def beta_tails(a: float, b: float, x: float, digits: int = 30) -> tuple[Any, Any]:
    """P(p <= x) and P(p > x) for p ~ Beta(a, b), as mpmath numbers.

    Kernel: csrc/vn_beta_cdf.c, by `venire.BetaPosterior.cdf`.

    With s = log(x / (1 - x)) the density is f(s) = x^a (1-x)^b / B(a, b), and the lower tail is

        f(s) * integral over t > 0 of exp(-fall(t)),  fall(t) = a t + (a+b) log(1 + x (e^-t - 1)),

    which is computed by Gauss's rule on panels that grow from 0 to where exp(-fall) is nothing. It
    is used where x lies before the mean; beyond, the upper tail is the lower one of 1 - p.
    """
    import mpmath as mp

    with mp.workdps(digits + 8):
        a, b, x = mp.mpf(a), mp.mpf(b), mp.mpf(x)
        if x <= 0 or x >= 1:
            return mp.mpf(int(x >= 1)), mp.mpf(int(x <= 0))
        if a * (1 - x) < b * x:
            upper, lower = beta_tails_before_mean(b, a, 1 - x)
        else:
            lower, upper = beta_tails_before_mean(a, b, x)
        return +lower, +upper


def beta_tails_before_mean(a: Any, b: Any, x: Any) -> tuple[Any, Any]:
    """The two tails at a point before the mean, at mpmath's current precision."""
    import mpmath as mp

    def fall(t: Any) -> Any:
        return a * t + (a + b) * mp.log1p(x * mp.expm1(-t))

    nothing = 2.5 * mp.mp.dps  # e^-nothing is below the last digit
    end = mp.mpf(1)
    while fall(end) < nothing:
        end *= 2
    while fall(end / 2) > nothing:
        end /= 2
    edges = [mp.mpf(0)] + [end / 2**k for k in range(12, -1, -1)]
    panels = []
    for low, high in pairwise(edges):
        # singularities are pi away from the line
        n = max(1, int(mp.ceil(min(high - low, 60) / 4)))
        panels += [low + (high - low) * k / n for k in range(n)]
    ratio = mp.quad(lambda t: mp.exp(-fall(t)), [*panels, end], method="gauss-legendre")
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    lower = mp.exp(a * mp.log(x) + b * mp.log1p(-x) - log_beta) * ratio
    return lower, 1 - lower


def beta_logpdf(a: float, b: float, x: float, digits: int = 30) -> Any:
    """Logarithm of the density of Beta(a, b) at 0 < x < 1, to so many digits.

    Kernel: csrc/vn_beta_density.c, by `venire.jit.beta_logpdf`.

    Examples
    --------
    >>> import venire as vn
    >>> round(float(vn.reference.beta_logpdf(8, 4, 0.5)), 6)
    0.253915
    """
    import mpmath

    with mpmath.workdps(digits):
        a, b, x = mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)
        return (a - 1) * mpmath.log(x) + (b - 1) * mpmath.log1p(-x) - mpmath.log(mpmath.beta(a, b))


def beta_quantile(a: float, b: float, q: float, digits: int = 30) -> Any:
    """x with P(p <= x) = q, as an mpmath number: bisection in log odds, then Newton's method.

    Kernel: csrc/vn_beta_quantile.c, by `venire.BetaPosterior.quantile`.
    """
    import mpmath as mp

    low, high = -800.0, 800.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        lower, upper = beta_tails(a, b, 1 / (1 + mp.exp(-middle)), 15)
        if (lower < q) if q <= 0.5 else (upper > 1 - mp.mpf(q)):
            low = middle
        else:
            high = middle
    with mp.workdps(digits + 8):
        s = mp.mpf(low)
        log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(mp.mpf(a) + b)
        for _ in range(3):
            x = 1 / (1 + mp.exp(-s))
            lower, upper = beta_tails(a, b, x, digits)
            density = mp.exp(a * mp.log(x) + b * mp.log1p(-x) - log_beta)
            miss = lower - q if q <= 0.5 else (1 - mp.mpf(q)) - upper
            s -= miss / density
        return 1 / (1 + mp.exp(-s))


def beta_greater(a: float, b: float, c: float, d: float, n: int = 40_000) -> float:
    """P(X > Y) for independent X ~ Beta(a, b), Y ~ Beta(c, d), to about 1e-10 absolute.

    Kernel: csrc/vn_beta_compare.c, by `venire.BetaPosterior.prob_greater`.

    The integral of f_X P(Y < x) over log odds by the trapezoidal rule with `n` points between the
    quantiles of X at 1e-16; for shapes from about 0.1 to 1e5.
    """
    from scipy.special import betainc, betaincinv, betaln, expit, log_expit

    with np.errstate(divide="ignore"):
        left = np.log(max(betaincinv(a, b, 1e-16), 1e-300))
        right = -np.log(max(betaincinv(b, a, 1e-16), 1e-300))
    s = np.linspace(left - 1.0, right + 1.0, n)
    density = np.exp(a * log_expit(s) + b * log_expit(-s) - betaln(a, b))
    below = np.where(s < 0.0, betainc(c, d, expit(s)), 1.0 - betainc(d, c, expit(-s)))
    return float(np.sum(density * below) * (s[1] - s[0]))


def beta_entropy(a: Any, b: Any) -> Any:
    """log B(a, b) - (a - 1) psi(a) - (b - 1) psi(b) + (a + b - 2) psi(a + b).

    Kernel: csrc/vn_beta_moments.c, by `venire.BetaPosterior.entropy`.
    """
    from scipy.special import betaln, digamma

    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return (
        betaln(a, b)
        - (a - 1.0) * digamma(a)
        - (b - 1.0) * digamma(b)
        + (a + b - 2.0) * digamma(a + b)
    )


def beta_kl(a: Any, b: Any, c: Any, d: Any) -> Any:
    """E log(f_ab / f_cd) under Beta(a, b).

    Kernel: csrc/vn_beta_moments.c, by `venire.BetaPosterior.kl`.
    """
    from scipy.special import betaln, digamma

    a, b, c, d = (np.asarray(x, dtype=float) for x in (a, b, c, d))
    return (
        betaln(c, d)
        - betaln(a, b)
        + (a - c) * digamma(a)
        + (b - d) * digamma(b)
        + (c - a + d - b) * digamma(a + b)
    )


def beta_shortest(a: float, b: float, level: float) -> tuple[float, float]:
    """The shortest interval of one Beta distribution: least width over the probability below it.

    Kernel: `venire.BetaPosterior.interval` with "hdi".
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import betaincinv

    def width(t: float) -> float:
        return float(betaincinv(a, b, t + level) - betaincinv(a, b, t))

    room = 1.0 - level
    best = minimize_scalar(width, bounds=(0.0, room), method="bounded", options={"xatol": 1e-13})
    t = min((0.0, room, float(best.x)), key=width)
    return float(betaincinv(a, b, t)), float(betaincinv(a, b, t + level))


def beta_fit(win: Any, loss: Any) -> tuple[float, float]:
    """Shapes that make rows of wins and losses most likely (Beta-binomial).

    Kernel: `venire.panel.fit_beta_prior`.
    """
    from scipy.optimize import minimize
    from scipy.special import betaln

    win, loss = np.asarray(win, dtype=float), np.asarray(loss, dtype=float)

    def cost(logs: np.ndarray) -> float:
        a, b = np.exp(logs)
        return -float(np.sum(betaln(a + win, b + loss) - betaln(a, b)))

    best = minimize(
        cost, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12}
    )
    return tuple(np.exp(best.x))


def beta_expected_votes(a: float, b: float, decisive: float) -> float:
    """How many more votes until P(p > 1/2) or P(p < 1/2) reaches `decisive`, if they split as
    far from half as p is expected to be, one vote at a time.

    Kernel: `venire.panel.needs_votes`.
    """
    from scipy.special import betainc

    a, b = max(a, b), min(a, b)
    mean, below = a / (a + b), betainc(a, b, 0.5)
    away = (mean - 0.5) + 2.0 * (0.5 * below - mean * betainc(a + 1.0, b, 0.5))
    k = 0
    while betainc(b + k * (0.5 - away), a + k * (0.5 + away), 0.5) < decisive:
        k += 1
    return float(k)


# --- draws ----------------------------------------------------------------------------------------


def _threefry(key: tuple[int, int], c0: np.ndarray, c1: Any) -> tuple[np.ndarray, np.ndarray]:
    """Threefry-2x64-20 of Salmon et al. (2011): two words for each counter (c0, c1)."""
    turns = (16, 42, 12, 31, 16, 32, 24, 21)
    k = np.array([key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAA9FC1A22], dtype=np.uint64)
    with np.errstate(over="ignore"):
        x, y = c0 + k[0], np.full_like(c0, c1) + k[1]
        for i in range(20):
            turn = np.uint64(turns[i % 8])
            x = x + y
            y = (y << turn | y >> (np.uint64(64) - turn)) ^ x
            if i % 4 == 3:
                j = i // 4 + 1
                x = x + k[j % 3]
                y = y + k[(j + 1) % 3] + np.uint64(j)
    return x, y


def _uniform(word: np.ndarray) -> np.ndarray:
    """In (0, 1): the middles of 2^52 cells."""
    return ((word >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


def beta_sample(a: Any, b: Any, key: tuple[int, int]) -> np.ndarray:
    """Draws of Beta(a, b), shape (n,), from the counter-based streams of `key`.

    Kernel: csrc/vn_beta_sample.c, by `venire.BetaPosterior.sample`.

    X / (X + Y) with gamma variates of Marsaglia and Tsang (2000); a shape below 1 is drawn at
    shape + 1 and multiplied by u^(1/shape), in logarithms.
    """
    a, b = (np.asarray(x, dtype=float) for x in (a, b))
    counter = np.arange(a.size, dtype=np.uint64)
    log_gamma = np.full((2, a.size), np.nan)
    for attempt in range(1000):
        w0, w1 = _threefry(key, counter, 2 * attempt)
        radius, turn = np.sqrt(-2.0 * np.log(_uniform(w0))), 2.0 * np.pi * _uniform(w1)
        normals = radius * np.cos(turn), radius * np.sin(turn)
        words = _threefry(key, counter, 2 * attempt + 1)
        for side, shape in enumerate((a, b)):
            d = np.where(shape < 1.0, shape + 1.0, shape) - 1.0 / 3.0
            z, u = normals[side], _uniform(words[side])
            v = (1.0 + z / (3.0 * np.sqrt(d))) ** 3
            with np.errstate(invalid="ignore", divide="ignore"):
                good = (v > 0.0) & (np.log(u) < 0.5 * z * z + d * (1.0 - v + np.log(v)))
                new = good & np.isnan(log_gamma[side])
                log_gamma[side, new] = np.log(d * v)[new]
        if not np.isnan(log_gamma).any():
            break
    boosts = _threefry(key, counter, 1 << 63)
    for side, shape in enumerate((a, b)):
        log_gamma[side] += np.where(shape < 1.0, np.log(_uniform(boosts[side])) / shape, 0.0)
    return 1.0 / (1.0 + np.exp(np.minimum(log_gamma[1] - log_gamma[0], 700.0)))
