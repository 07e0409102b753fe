"""Judgments become one probability per pair: the pools, weights and priors in dense arrays.

Everything is written in shares x in [0, 1] of a (pairs x teachers) array, NaN where a teacher did
not vote, as the formulas are read. The package computes in signed votes; the two agree up to
rounding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire.reference.votes import VoteCells

__all__ = [
    "Panel",
    "Pooled",
    "agreement_counts",
    "consensus",
    "error_correlation",
    "panel",
    "pool",
    "self_consistency",
]


class Panel(NamedTuple):
    """Judgments as arrays of shape (n_pairs, n_teachers)."""

    x: np.ndarray  # share of first, NaN where there is no vote
    mass: np.ndarray  # (n_pairs, n_teachers, 3): wins, ties, losses
    runs: np.ndarray
    total: np.ndarray
    square: np.ndarray


class Pooled(NamedTuple):
    """What a method found."""

    q: np.ndarray
    share: np.ndarray
    n_eff: np.ndarray
    weight: np.ndarray  # (n_pairs, n_teachers), 0 where there is no vote
    agree: np.ndarray
    disagree: np.ndarray
    n_rounds: int = 0
    correlation: np.ndarray | None = None


def panel(cells: VoteCells, n_teachers: int) -> Panel:
    """Cells as dense arrays.

    Kernel: csrc/vn_pool.c, by `venire.consensus`.
    """
    shape = len(cells.first), n_teachers
    pair = np.repeat(np.arange(shape[0]), np.diff(cells.ptr))
    out = []
    for name in ("win", "tie", "loss", "runs", "total", "square"):
        array = np.zeros(shape)
        array[pair, cells.teacher] = getattr(cells, name)
        out.append(array)
    mass = np.stack(out[:3], axis=2)
    n = mass.sum(axis=2)
    with np.errstate(invalid="ignore"):
        x = (1 + (mass[..., 0] - mass[..., 2]) / n) / 2
    return Panel(x, mass, *out[3:])


def self_consistency(p: Panel) -> tuple[np.ndarray, np.ndarray]:
    """kappa of each teacher (NaN if nothing was repeated), and its gain.

    Kernel: `venire.consensus`.
    """
    repeated = (p.runs >= 2) & (p.square > 0)
    r = np.where(repeated, p.runs, 2.0)
    agree = np.where(repeated, (p.total**2 - p.square) / (r * (r - 1)), 0.0).sum(axis=0)
    whole = np.where(repeated, p.square / r, 0.0).sum(axis=0)
    n = repeated.sum(axis=0)
    if n.sum() == 0:
        return np.full(len(n), np.nan), np.ones(len(n))
    pooled = np.clip(agree.sum() / whole.sum(), 0.01, 1.0)
    kappa = np.empty(len(n))
    for t in range(len(n)):
        own = agree[t] / whole[t] if n[t] else 0.0
        kappa[t] = np.clip((n[t] * own + 2 * pooled) / (n[t] + 2), 0.01, 1.0)
    return kappa, kappa**1.5 if n.sum() >= 30 else np.ones(len(n))


def pool(
    x: np.ndarray, e: np.ndarray, r: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """q, share of first and n_eff of each pair; `e` is 0 where x is NaN, `r` the correlation.

    Kernel: csrc/vn_pool.c, by `venire.consensus`.
    """
    value = np.where(np.isnan(x), 0.0, x)
    s = e.sum(axis=1)
    spread = (e**2).sum(axis=1) if r is None else np.einsum("ks,st,kt->k", e, r, e)
    voted = s > 0
    share, n_eff = np.full(len(s), 0.5), np.zeros(len(s))
    share[voted] = (e * value).sum(axis=1)[voted] / s[voted]
    n_eff[voted] = s[voted] ** 2 / spread[voted]
    alpha, beta = 0.5 + n_eff * share, 0.5 + n_eff * (1 - share)
    return alpha / (alpha + beta), share, n_eff


def agreement_counts(
    x: np.ndarray, e: np.ndarray, n_eff: np.ndarray, gold: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Beta(a, b) of each teacher's agreement with what the others on each pair say.

    Kernel: csrc/vn_pool.c, by `venire.consensus`.
    """
    n_pairs, n_teachers = x.shape
    a, b = np.full(n_teachers, 4.0), np.full(n_teachers, 2.0)
    for k in range(n_pairs):
        voters = np.flatnonzero(~np.isnan(x[k]))
        known = gold is not None and not np.isnan(gold[k])
        for t in voters:
            if known:
                c, counts = gold[k], 10.0  # type: ignore[index]
            elif len(voters) < 2:
                continue
            else:
                others = voters[voters != t]
                m = (e[k, others] * x[k, others]).sum() / e[k, others].sum()
                n = max(n_eff[k] - 1, 0.0)
                c, counts = (0.5 + n * m) / (1 + n), 1.0
            s = 2 * x[k, t] - 1
            up, down = max(s, 0.0), max(-s, 0.0)
            a[t] += counts * (up * c + down * (1 - c))
            b[t] += counts * (up * (1 - c) + down * c)
    return a, b


def _digamma(x: np.ndarray) -> np.ndarray:
    """Digamma for x > 0: recurrence up to 10, then the asymptotic series."""
    x = np.array(x, np.float64)
    out = np.zeros_like(x)
    while (x < 10).any():
        out = np.where(x < 10, out - 1 / x, out)
        x = np.where(x < 10, x + 1, x)
    y = 1 / (x * x)
    series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132)))))
    return out + np.log(x) - 0.5 / x - series


def error_correlation(x: np.ndarray, z: np.ndarray, shrink: float = 10.0) -> np.ndarray:
    """Correlation of the teachers' errors around z (NaN: left out), for weighing.

    Kernel: csrc/vn_pool_correlated.c, by `venire.consensus` with "correlated".
    """
    n_teachers = x.shape[1]
    s = 2 * x - 1
    error = np.full_like(s, np.nan)
    for t in range(n_teachers):
        on = ~np.isnan(s[:, t]) & ~np.isnan(z)
        square = (z[on] ** 2).sum()
        mu = np.clip((s[on, t] * z[on]).sum() / square, -1, 1) if square > 0 else 0.0
        error[on, t] = s[on, t] - mu * z[on]
    r = np.eye(n_teachers)
    for i in range(n_teachers):
        for j in range(n_teachers):
            both = ~np.isnan(error[:, i]) & ~np.isnan(error[:, j])
            norm = np.sqrt((error[both, i] ** 2).sum() * (error[both, j] ** 2).sum())
            if i != j and norm > 1e-12 * both.sum():  # else rounding
                own = (error[both, i] * error[both, j]).sum() / norm
                r[i, j] = max(own * both.sum() / (both.sum() + shrink), 0.0)
    return r


def consensus(
    p: Panel, method: str = "reliability", gold: Any = None, rounds: int | str = 1
) -> Pooled:
    """All methods but "stacked".

    Kernel: csrc/vn_pool.c and csrc/vn_pool_correlated.c, by `venire.consensus`.

    Parameters
    ----------
    p : Panel
    method : {"uniform", "variance", "precision", "reliability", "correlated"}
    gold : array_like of shape (n_pairs,), optional
        NaN where it is not known.
    rounds : int or "converge"
        Of "reliability".

    Returns
    -------
    Pooled
    """
    gold = None if gold is None else np.asarray(gold, np.float64)
    voted = ~np.isnan(p.x)
    _, gain = self_consistency(p)
    weight = np.where(voted, gain, 0.0)
    if method == "uniform":
        weight = voted.astype(np.float64)
    if method == "variance":
        a = 0.5 + p.mass[..., 0] + 0.5 * p.mass[..., 1]
        b = 0.5 + p.mass[..., 2] + 0.5 * p.mass[..., 1]
        weight = np.where(voted, (a + b) ** 2 * (a + b + 1) / (a * b), 0.0)
    q, share, n_eff = pool(p.x, weight)
    a, b = agreement_counts(p.x, weight, n_eff, gold)
    start = Pooled(q, share, n_eff, weight, a, b)
    if method in ("uniform", "variance", "precision") or p.x.shape[1] < 3:
        return start
    until = method == "correlated" or rounds == "converge"
    limit = 200 if until else int(rounds)
    worth = np.zeros(0)
    for n in range(limit):
        a, b = agreement_counts(p.x, weight, n_eff, gold)
        new = np.maximum(_digamma(a) - _digamma(b), 1e-6)
        worth = new if n == 0 else (worth + new) / 2
        weight = np.where(voted, worth * gain, 0.0)
        before = q
        q, share, n_eff = pool(p.x, weight)
        if until and np.max(np.abs(q - before)) < 1e-6:
            break
    found = Pooled(q, share, n_eff, weight, a, b, n + 1)
    return found if method == "reliability" else _correlated(p, found, worth, gain, gold)


def _correlated(
    p: Panel, start: Pooled, worth: np.ndarray, gain: np.ndarray, gold: np.ndarray | None
) -> Pooled:
    voted = ~np.isnan(p.x)
    q, share, n_eff, weight, a, b, rounds, _ = start
    r = np.zeros((0, 0))
    for n in range(200):
        if n < 30:
            new = error_correlation(p.x, 2 * q - 1)
            r = new if n == 0 else (r + new) / 2
        if n > 0:
            a, b = agreement_counts(p.x, weight, n_eff, gold)
            worth = (worth + np.maximum(_digamma(a) - _digamma(b), 1e-6)) / 2
        crowd = voted @ r  # sum of r over those who vote on the pair
        weight = np.where(voted, worth * gain / np.where(voted, crowd, 1.0), 0.0)
        before = q
        q, share, n_eff = pool(p.x, weight, r)
        if np.max(np.abs(q - before)) < 1e-6:
            break
    return Pooled(q, share, n_eff, weight, a, b, rounds + n + 1, r)
