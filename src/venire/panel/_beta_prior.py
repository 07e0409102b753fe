"""Empirical Bayes: the Beta prior that explains many rows of wins and losses."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire._core import arrays, checks
from venire._native import beta as _beta
from venire.errors import NotIdentifiedError
from venire.panel._posterior import BetaPosterior

__all__ = ["fit_beta_prior"]

_LARGEST = 1e8  # concentration at which the rows are taken to have one probability


class _Table(NamedTuple):
    """How often each value occurs in each group."""

    group: np.ndarray
    value: np.ndarray
    times: np.ndarray

    def sum(self, terms: np.ndarray, n_groups: int) -> np.ndarray:
        return np.bincount(self.group, self.times * terms, n_groups)


def fit_beta_prior(win: Any, loss: Any, *, group: Any = None) -> BetaPosterior:
    """The Beta prior under which the observed counts are most likely: empirical Bayes.

    Maximum likelihood of the Beta-binomial distribution: row i has a probability of its own, drawn
    from the prior, and its wins and losses are binomial (Griffiths 1973, doi:10.2307/2529131).

    Parameters
    ----------
    win, loss : float or array_like
        Counts or masses of each row, finite and >= 0; they broadcast. Rows without votes are
        passed over. Count ties half to each side.
    group : array_like of int, optional
        Fit one prior for each: numbers 0, 1, ... of the shape of the counts (one teacher each,
        say). One pooled prior without it.

    Returns
    -------
    BetaPosterior
        Of shape (), or (n_groups,) with `group`. It goes into ``BetaPosterior.from_counts(...,
        prior=...)``.

    Raises
    ------
    NotIdentifiedError
        If the likelihood has no finite maximum: the rows differ by no more than chance (one
        probability fits all, infinite concentration), no row has both a win and a loss (zero
        concentration), or nobody ever won or lost.
    ValueError
        For negative or non-finite counts, shapes that do not broadcast, groups that are no
        integers >= 0 or lack rows.

    Notes
    -----
    The likelihood is a sum over the distinct numbers of wins, of losses and of votes: whole and
    half counts cost one pass over the rows, other masses a sort.

    Examples
    --------
    >>> import venire as vn
    >>> prior = vn.panel.fit_beta_prior([0, 3, 5, 2, 9, 1, 8], [6, 2, 4, 2, 1, 9, 0])
    >>> round(float(prior.mean), 2), round(float(prior.concentration), 1)
    (0.52, 1.5)
    """
    w, l = arrays.counts(win, "win"), arrays.counts(loss, "loss")  # noqa: E741
    shape = arrays.broadcast(win=w, loss=l)
    w, l = (np.broadcast_to(x, shape).reshape(-1) for x in (w, l))  # noqa: E741
    n_groups, index = 1, np.zeros(1, dtype=np.int64)
    if group is not None:
        index = _groups(group, shape)
        n_groups = int(index.max()) + 1 if len(index) else 0
    if not w.size or not n_groups:
        checks.fail("win", "is empty: at least one row is needed")
    index = np.broadcast_to(index, w.shape)
    tables = [_tabulate(x, index, n_groups) for x in (w, l, w + l)]
    mean = _identified(w, l, index, tables, n_groups, group is not None)
    alpha, beta = _maximise(tables, mean, n_groups)
    if group is None:
        return BetaPosterior(alpha[0], beta[0])
    return BetaPosterior(alpha, beta)


def _groups(group: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Group numbers, one for each row."""
    array = checks.integers(group, "group")
    try:
        array = np.broadcast_to(array, shape).reshape(-1)
    except ValueError:
        checks.fail("group", f"has shape {array.shape}, the counts have {shape}")
    checks.every(array >= 0, "group", "must be >= 0", array)
    if array.size and array.max() >= array.size:  # some number below it has no row
        position = int(np.argmax(array))
        checks.fail("group", "must be 0, 1, ... without gaps", position, array[position])
    return array.astype(np.int64, copy=False)


def _tabulate(value: np.ndarray, group: np.ndarray, n_groups: int) -> _Table:
    """Count the distinct values > 0 of each group; zeros add nothing to the likelihood."""
    top = 2.0 * value.max(initial=0.0) + 1.0
    if top * n_groups <= max(4.0 * len(value), 1e6):
        twice = 2.0 * value
        whole = twice.astype(np.int64)
        if np.array_equal(whole, twice):
            counts = np.bincount(whole + group * int(top), minlength=int(top) * n_groups)
            cells = np.flatnonzero(counts)
            cells = cells[cells % int(top) > 0]
            return _Table(cells // int(top), cells % int(top) / 2.0, counts[cells].astype(float))
    order = np.lexsort((value, group))
    order = order[value[order] > 0.0]
    v, g = value[order], group[order]
    first = np.flatnonzero(np.r_[True, (np.diff(v) != 0.0) | (np.diff(g) != 0)][: len(v)])
    return _Table(g[first], v[first], np.diff(np.r_[first, len(v)]).astype(float))


def _identified(
    win: np.ndarray,
    loss: np.ndarray,
    group: np.ndarray,
    tables: list[_Table],
    n_groups: int,
    named: bool,
) -> np.ndarray:
    """The share of wins of each group, or the error that says where no maximum exists.

    At infinite concentration the derivative of the log-likelihood with respect to 1/concentration
    is half of sum w (w - 1)/mean + l (l - 1)/(1 - mean) - n (n - 1): a maximum needs it positive.
    """
    wins, losses, _ = (t.sum(t.value, n_groups) for t in tables)
    pairs = [t.sum(t.value * (t.value - 1.0), n_groups) for t in tables]
    both = np.bincount(group, np.minimum(win, loss) > 0.0, n_groups)
    total = wins + losses
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = wins / total
        excess = pairs[0] / mean + pairs[1] / (1.0 - mean) - pairs[2]
    squares = tables[2].sum(tables[2].value ** 2, n_groups)
    for bad, reason in (
        (total == 0.0, "there are no votes"),
        ((wins == 0.0) | (losses == 0.0), "all votes went one way"),
        (
            ~(excess > 1e-12 * squares),
            "the rows differ by no more than chance does, so one probability fits them all and the "
            "concentration has no finite maximum; rows of one vote say nothing about it",
        ),
        (
            both == 0,
            "no row has both a win and a loss, so the likelihood grows as the concentration goes "
            "to 0",
        ),
    ):
        if bad.any():
            first = np.flatnonzero(bad)[:10].tolist()
            where = f" in {int(bad.sum())} of {n_groups} groups (first: {first})" if named else ""
            raise NotIdentifiedError(
                f"no Beta prior is most likely{where}: {reason}. Give a prior by hand, or pool rows"
            )
    return mean


def _maximise(
    tables: list[_Table], mean: np.ndarray, n_groups: int
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method in the logs of both shapes, with Minka's fixed point where it is not safe."""
    logs = np.log(np.stack([2.0 * mean, 2.0 * (1.0 - mean)]))
    for _ in range(500):
        a, b = np.exp(logs)
        first, second = [], []
        for table, shape in zip(tables, (a, b, a + b), strict=True):
            lower = _digammas(shape)
            upper = _digammas(shape[table.group] + table.value)
            first.append(table.sum(upper[0] - lower[0][table.group], n_groups))
            second.append(table.sum(upper[1] - lower[1][table.group], n_groups))
        slope = np.stack([a * (first[0] - first[2]), b * (first[1] - first[2])])
        scale = np.stack([a * first[0], b * first[1]])
        # minus the second derivatives in the logs
        aa = -(a * a * (second[0] - second[2])) - slope[0]
        bb = -(b * b * (second[1] - second[2])) - slope[1]
        ab = a * b * second[2]
        det = aa * bb - ab * ab
        with np.errstate(invalid="ignore", divide="ignore"):
            step = np.stack([bb * slope[0] - ab * slope[1], aa * slope[1] - ab * slope[0]]) / det
        safe = (det > 0.0) & (aa > 0.0) & (np.abs(step).max(axis=0) < 2.0)
        fixed = np.log(np.stack([first[0], first[1]]) / first[2])
        step = np.where(safe, step, fixed)
        done = (np.abs(slope) <= 1e-13 * scale).all(axis=0) | (np.abs(step) < 1e-13).all(axis=0)
        logs = logs + np.where(done, 0.0, step)
        if (np.exp(logs).sum(axis=0) > _LARGEST).any():
            raise NotIdentifiedError(
                "no Beta prior is most likely: the rows differ by hardly more than chance does. "
                "Give a prior by hand, or pool rows"
            )
        if done.all():
            break
    return np.exp(logs[0]), np.exp(logs[1])


def _digammas(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Digamma and trigamma, of the shape of `z`."""
    first, second = _beta.digammas(np.ascontiguousarray(z, dtype=np.float64).reshape(-1))
    return first.reshape(z.shape), second.reshape(z.shape)
