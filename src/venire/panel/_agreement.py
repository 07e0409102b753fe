"""How far teachers agree with one another, and how far each favours a position."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.intervals import critical_value
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn
from venire.data.votes import Votes

__all__ = ["Agreement", "agreement"]

_MOST_TEACHERS = 2000
_MOST_SHOWN = 8  # teachers whose kappas are columns of a table
_CELLS = 1 << 17  # judgments at a time
_BLOCK = 1 << 20  # numbers in a dense block of pairs


@dataclass(frozen=True)
class Agreement(Drawn, Tabled):
    """Agreement of teachers, two by two and all together.

    Attributes
    ----------
    teachers : ndarray of shape (n_teachers,)
    n_common : ndarray of int64, shape (n_teachers, n_teachers)
        Pairs that both judged.
    share : ndarray of float64, shape (n_teachers, n_teachers)
        Probability that a vote of one and a vote of the other on the same pair are equal; NaN where
        they have no pair in common, 1 on the diagonal.
    kappa : ndarray of float64, shape (n_teachers, n_teachers)
        Cohen's kappa: `share` beyond what their overall shares of wins, ties and losses on the
        common pairs would give by chance; NaN where that is certain already.
    alpha : float
        Krippendorff's alpha of all of them; NaN where all votes are equal.
    metric : str
        Of alpha.
    position_bias : ndarray of float64, shape (n_teachers,)
        How far a teacher leans to the item shown first: the mean over judgments of half the
        difference of P(win) - P(loss) between the two orders; 1 is always the first, 0 no bias.
        From judgments made in both orders; where there are fewer than two of them, from the
        difference of the means of the two orders. NaN where the orders were not recorded.
    position_lower, position_upper : ndarray of float64, shape (n_teachers,)
        Normal interval at `level`. Where all judgments of a teacher lean alike, its ends are those
        that a share of others would make which n judgments miss with probability 1 - `level`.
    position_n : ndarray of int64, shape (n_teachers,)
        Judgments in both orders.
    order_flips : ndarray of float64, shape (n_teachers,)
        Share of these whose verdict changed with the order.
    level : float
    """

    teachers: NDArray[Any]
    n_common: NDArray[np.int64]
    share: NDArray[np.float64]
    kappa: NDArray[np.float64]
    alpha: float
    metric: str
    position_bias: NDArray[np.float64]
    position_lower: NDArray[np.float64]
    position_upper: NDArray[np.float64]
    position_n: NDArray[np.int64]
    order_flips: NDArray[np.float64]
    level: float

    def _table(self, top: int | None) -> Table:
        columns = {
            "teacher": self.teachers,
            "position_bias": self.position_bias,
            "position_lower": self.position_lower,
            "position_upper": self.position_upper,
            "both orders": self.position_n,
            "order_flips": self.order_flips,
        }
        if len(self.teachers) <= _MOST_SHOWN:
            names = self.teachers.tolist()
            columns |= {f"kappa with {name}": self.kappa[:, k] for k, name in enumerate(names)}
        header = [
            f"Agreement of {len(self.teachers):,} teachers",
            f"Krippendorff's alpha ({self.metric}) {self.alpha:.4f}",
        ]
        note = [f"position bias: {100 * self.level:g} % interval; kappa: Cohen's"]
        return Table.of(header, columns, note, top=top, what="teachers")


def agreement(votes: Votes, *, metric: str = "nominal", level: float = 0.95) -> Agreement:
    """How far the teachers agree, and how far each favours a position.

    Parameters
    ----------
    votes : Votes
    metric : {"nominal", "interval"}
        Distance of votes in Krippendorff's alpha: 0 or 1; or the squared difference, with a tie
        halfway between a win and a loss.
    level : float, default 0.95
        Of the intervals of the position bias.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If there are more than 2,000 teachers.

    Notes
    -----
    O(n_pairs * n_teachers²) time at most. Judgments of several runs count as the distribution
    of their votes.

    References
    ----------
    J. Cohen (1960), doi:10.1177/001316446002000104. K. Krippendorff (1970),
    doi:10.1177/001316447003000105.

    Examples
    --------
    >>> import venire as vn
    >>> v = vn.Votes.from_pairs([0, 0, 1, 1], ["x", "y", "x", "y"], [1, 1, -1, -1])
    >>> vn.panel.agreement(v).alpha
    1.0
    """
    checks.one_of(metric, "metric", ("nominal", "interval"))
    level = checks.level(level)
    if votes.n_teachers > _MOST_TEACHERS:
        fail("votes", f"pairwise agreement is for at most {_MOST_TEACHERS} teachers",
             value=votes.n_teachers)  # fmt: skip
    met = np.zeros((3, 3))
    common = np.zeros((votes.n_teachers, votes.n_teachers))
    equal = np.zeros_like(common)
    margin = np.zeros((3, *common.shape))  # of the row's votes on common pairs
    for block in _blocks(votes):
        common += _pairwise(block, equal, margin)
        met += _met(block)
    n_common, share, kappa = _kappa(common, equal, margin)
    bias = position_bias(votes, level)
    return Agreement(
        votes.teachers, n_common, share, kappa, _alpha(met, metric), metric, *bias, level
    )


class _Block(NamedTuple):
    """Judgments of some pairs: no temporary is as long as all of them."""

    shares: NDArray[np.float64]  # of wins, ties and losses: (3, n)
    pair: NDArray[np.int64]  # among these
    teacher: NDArray[np.int32]
    judges: NDArray[np.int64]  # of each pair
    n_teachers: int


def _blocks(votes: Votes) -> Iterator[_Block]:
    step = max(1, _BLOCK // max(1, votes.n_teachers * 4))
    ptr, columns = votes.pair_ptr, votes.table.columns
    for start in range(0, votes.n_pairs, step):
        end = min(start + step, votes.n_pairs)
        cells = slice(int(ptr[start]), int(ptr[end]))
        mass = np.stack([columns[name][cells] for name in ("win", "tie", "loss")])
        judges = np.diff(ptr[start : end + 1])
        pair = np.repeat(np.arange(end - start), judges)
        shares = mass / mass.sum(axis=0)
        yield _Block(shares, pair, votes.teacher[cells], judges, votes.n_teachers)


def _pairwise(
    b: _Block, equal: NDArray[np.float64], margin: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pairs in common; adds how far votes on them are equal, and how they are spread."""
    seen = np.zeros((len(b.judges), b.n_teachers))
    seen[b.pair, b.teacher] = 1.0
    x = np.zeros_like(seen)
    for c in range(3):
        x[b.pair, b.teacher] = b.shares[c]
        equal += x.T @ x
        margin[c] += x.T @ seen
    common: NDArray[np.float64] = seen.T @ seen
    return common


def _kappa(
    common: NDArray[np.float64], equal: NDArray[np.float64], margin: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    with np.errstate(invalid="ignore", divide="ignore"):
        share = equal / common
        chance = (margin * margin.transpose(0, 2, 1)).sum(axis=0) / common**2
        kappa = np.where(chance < 1.0 - 1e-12, (share - chance) / (1.0 - chance), np.nan)
    diagonal = np.diag_indices(len(common))
    voted = common[diagonal] > 0
    share[diagonal] = np.where(voted, 1.0, np.nan)
    kappa[diagonal] = np.where(voted, 1.0, np.nan)
    return common.astype(np.int64), share, kappa


def _met(b: _Block) -> NDArray[np.float64]:
    """How much of each vote met each other one on the same pair.

    Each judgment's votes are a distribution of total 1.
    """
    n = len(b.judges)
    sums = [np.bincount(b.pair, b.shares[c], minlength=n) for c in range(3)]
    usable = b.judges >= 2
    factor = np.zeros(n)
    factor[usable] = 1.0 / (b.judges[usable] - 1)
    own = factor[b.pair] * b.shares @ b.shares.T
    return np.array([[float((factor * one * other).sum()) for other in sums] for one in sums]) - own


def _alpha(met: NDArray[np.float64], metric: str) -> float:
    """Krippendorff's alpha."""
    value = np.array([1.0, 0.5, 0.0])
    distance = (value[:, None] - value[None, :]) ** 2
    if metric == "nominal":
        distance = (distance > 0).astype(np.float64)
    n, margin = met.sum(), met.sum(axis=1)
    expected = float((np.outer(margin, margin) * distance).sum())
    if n <= 1.0 or expected <= 1e-12 * n * n:
        return float("nan")
    return float(1.0 - (n - 1.0) * (met * distance).sum() / expected)


def _leans(votes: Votes) -> Iterator[tuple[list[tuple[Any, Any]], NDArray[np.bool_]]]:
    """Teachers and leans of judgments, some at a time: half the difference between the two orders
    of those made in both, the lean in each order; and which of the first changed sides."""
    swapped, total = votes.swapped_runs, votes.swapped_total
    assert swapped is not None
    assert total is not None
    c = votes.table.columns
    for start in range(0, votes.n_cells, _CELLS):
        part = slice(start, start + _CELLS)
        turned, teacher = swapped[part], votes.teacher[part]
        plain = c["runs"][part] - turned
        with np.errstate(invalid="ignore", divide="ignore"):  # to the pair's first item
            one, other = (c["total"][part] - total[part]) / plain, total[part] / turned
        both = (plain > 0) & (turned > 0)
        found = [
            (teacher[where], y[where])
            for y, where in (((one - other) / 2, both), (one, plain > 0), (other, turned > 0))
        ]
        yield found, np.sign(one[both]) != np.sign(other[both])


def position_bias(
    votes: Votes, level: float
) -> tuple[
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int64],
    NDArray[np.float64],
]:
    """Lean to what is shown first, its interval, judgments in both orders, share that flip."""
    n_teachers = votes.n_teachers
    unknown = np.full(n_teachers, np.nan)
    if votes.swapped_runs is None:
        none = np.zeros(n_teachers, np.int64)
        return unknown, unknown.copy(), unknown.copy(), none, unknown.copy()
    count, mean, squares = (np.zeros((3, n_teachers)) for _ in range(3))
    flipped = np.zeros(n_teachers)
    for leans, flips in _leans(votes):
        for k, (t, y) in enumerate(leans):
            count[k] += np.bincount(t, minlength=n_teachers)
            mean[k] += np.bincount(t, y, minlength=n_teachers)
        flipped += np.bincount(leans[0][0], flips, minlength=n_teachers)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean /= count
    for leans, _ in _leans(votes):
        for k, (t, y) in enumerate(leans):
            squares[k] += np.bincount(t, (y - mean[k][t]) ** 2, minlength=n_teachers)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance, variance0, variance1 = squares / (count - 1) / count
        flips = flipped / count[0]
    n, n0, n1 = count.astype(np.int64)
    mean, mean0, mean1 = mean
    apart = (n < 2) & (n0 >= 2) & (n1 >= 2)
    bias = np.where(apart, (mean0 - mean1) / 2, mean)
    error = np.sqrt(np.where(apart, (variance0 + variance1) / 4, variance))
    error[~apart & (n < 2)] = np.nan
    half = critical_value(level) * error
    alike = 1.0 - (1.0 - level) ** (1.0 / np.maximum(np.where(apart, np.minimum(n0, n1), n), 1))
    below, above = (np.where(error > 0.0, half, alike * (1.0 + x)) for x in (bias, -bias))
    below[np.isnan(error)] = above[np.isnan(error)] = np.nan
    lower, upper = np.clip(bias - below, -1, 1), np.clip(bias + above, -1, 1)
    return bias, lower, upper, n, flips
