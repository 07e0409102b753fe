"""Where the next votes go, in plain NumPy: picks of pairs that a group's posterior gains most from.

The posterior of a group's theta is that of votes in a model that counts a tie as half a win to each
side, under normal priors. It is taken at the mode; each pick updates it as its expected vote would.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from venire.reference.beta import _uniform
from venire.reference.links import cell_terms, probabilities
from venire.reference.resampling import threefry

__all__ = [
    "ReferencePicks",
    "allocate_groups",
    "candidate_pairs",
    "effective_votes",
    "held_out_losses",
    "posterior_mode",
    "prior_variance",
    "vote_information",
]

CRITERIA = ("D", "A", "top", "sd", "residual", "given")
N_DRAWS, FLOOR = 64, 0.02  # draws of theta for the chance to be in the top; what M has besides
CANDIDATE, SIDE, NORMAL = 0, 1 << 60, 2 << 60  # streams of a group: high bits of the counter
LARGE = 2000  # items up to which residuals are compared over all pairs


class ReferencePicks(NamedTuple):
    """Picks of all groups, one group after the other, in the order in which they were made.

    Attributes
    ----------
    first, second : ndarray of int32
        Positions within the group, in the order shown.
    gain : ndarray of float64
        What the pick adds to the criterion.
    """

    first: np.ndarray
    second: np.ndarray
    gain: np.ndarray


def effective_votes(n: Any, rho: float) -> np.ndarray:
    """How many independent votes n votes on one pair are worth: n / (1 + (n - 1) rho).
    Kernel: csrc/vn_allocate_pick.c, by `venire.design.allocate`.

    Examples
    --------
    >>> effective_votes([0, 1, 4], 0.3).round(3).tolist()
    [0.0, 1.0, 2.105]
    """
    n = np.asarray(n, float)
    return np.where(n > 0.0, n / np.where(n > 0.0, 1.0 + (n - 1.0) * rho, 1.0), 0.0)


def prior_variance(theta: Any, mean: Any, variance: Any) -> float:
    """Variance of theta about a prior's mean, of estimates that have variances of their own.
    Kernel: `venire.design.select_prior`.

    The mean of (theta - mean)^2 less that of the variances, at least half of the former.

    Examples
    --------
    >>> prior_variance([1.0, -1.0, 2.0], 0.0, [0.5, 0.5, 0.5])
    1.5
    """
    square = float(np.mean((np.asarray(theta) - mean) ** 2))
    return max(square - float(np.mean(variance)), 0.5 * square)


def vote_information(model: str, d: Any) -> np.ndarray:
    """What one vote is expected to tell of a difference d: p'^2 / (p (1 - p)).

    Examples
    --------
    >>> vote_information("thurstone", [0.0, 1.0]).round(4).tolist()
    [0.6366, 0.4386]
    """
    p = probabilities(model, d)
    return cell_terms(model, d, 0.0, p, 1.0 - p, np.zeros_like(p))["d2"]


def blur(model: str) -> float:
    """How much uncertainty of theta blurs a probability (MacKay 1992).

    P averaged over differences of mean d and variance r is about that at d / sqrt(1 + blur r): as
    for the normal distribution that is as steep at 0.

    Examples
    --------
    >>> round(blur("bradley-terry") * 8 / np.pi, 12), round(blur("thurstone"), 12)
    (1.0, 1.0)
    """
    slope = 0.5 * cell_terms(model, [0.0], 0.0, [1.0], [0.0], [0.0])["d1"][0]
    return float(2.0 * np.pi * slope**2)


def _information(
    n: int, first: np.ndarray, second: np.ndarray, weight: np.ndarray, precision: Any
) -> np.ndarray:
    """Laplacian of the weights plus the priors' precisions on the diagonal."""
    h = np.zeros((n, n))
    np.add.at(h, (first, first), weight)
    np.add.at(h, (second, second), weight)
    np.add.at(h, (first, second), -weight)
    np.add.at(h, (second, first), -weight)
    return h + np.diag(np.broadcast_to(precision, n))


def posterior_mode(
    first: Any, second: Any, win: Any, loss: Any, mean: Any, precision: Any,
    model: str = "bradley-terry",
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Mode of theta under normal priors, and the information there (the prior's included).
    Kernel: csrc/vn_allocate_mode.c, by `venire.design.allocate`.

    Parameters
    ----------
    first, second : array_like of int, shape (n_cells,)
    win, loss : array_like of float, shape (n_cells,)
        Masses, from the view of first.
    mean : array_like of float, shape (n_items,)
        Prior means.
    precision : float or array_like of shape (n_items,)
        Of the priors, > 0.
    model : {"bradley-terry", "thurstone"}

    Returns
    -------
    theta : ndarray of float64, shape (n_items,)
    information : ndarray of float64, shape (n_items, n_items)

    Examples
    --------
    >>> theta, information = posterior_mode([0], [1], [1.0], [0.0], [0.0, 0.0], 0.5)
    >>> theta.round(4).tolist(), information.round(4).tolist()
    ([0.5213, -0.5213], [[0.6927, -0.1927], [-0.1927, 0.6927]])
    """
    first, second = np.asarray(first), np.asarray(second)
    win, loss, mean = np.asarray(win), np.asarray(loss), np.asarray(mean, float)
    n, ties = len(mean), np.zeros(len(win))

    def terms(theta: np.ndarray) -> Any:
        return cell_terms(model, theta[first] - theta[second], 0.0, win, loss, ties)

    def objective(theta: np.ndarray) -> float:
        return float(terms(theta)["value"].sum() - 0.5 * np.sum(precision * (theta - mean) ** 2))

    theta = mean.copy()
    for _ in range(100):
        at = terms(theta)
        gradient = np.bincount(first, at["d1"], n) - np.bincount(second, at["d1"], n)
        gradient = gradient - precision * (theta - mean)
        information = _information(n, first, second, at["d2"], precision)
        step = np.linalg.solve(information, gradient)
        if np.abs(step).max(initial=0.0) < 1e-11:
            break
        before = objective(theta)
        while objective(theta + step) < before - 1e-12 * abs(before):
            step *= 0.5
        theta = theta + step
    return theta, information


def held_out_losses(
    offsets: Any, cell_offsets: Any, first: Any, second: Any, win: Any, loss: Any, held: Any,
    mean: Any, precision: Any, model: str = "bradley-terry",
) -> np.ndarray:  # fmt: skip
    """Negative log-likelihood of the cells that are held out, given the mode of the others.
    Kernel: csrc/vn_allocate.c, by `venire.design.select_prior`.

    Parameters
    ----------
    offsets, cell_offsets : array_like of int, shape (n_groups + 1,)
        Items and cells of group k start there.
    first, second, win, loss
        Cells; positions are within the group.
    held : array_like of bool, shape (n_cells,)
    mean : array_like of float, shape (n_items,)
    precision : float or array_like of shape (n_items,)
    model : {"bradley-terry", "thurstone"}

    Returns
    -------
    ndarray of float64, shape (n_groups,)

    Examples
    --------
    >>> held_out_losses([0, 3], [0, 2], [0, 1], [1, 2], [1, 1], [0, 0], [0, 1], [0, 0, 0], 1.0)
    array([0.87601926])
    """
    first, second, win, loss, mean = map(np.asarray, (first, second, win, loss, mean))
    held = np.asarray(held, bool)
    precision = np.broadcast_to(precision, mean.shape)
    out = np.zeros(len(offsets) - 1)
    for k in range(len(out)):
        items = slice(int(offsets[k]), int(offsets[k + 1]))
        cells = np.arange(cell_offsets[k], cell_offsets[k + 1])
        seen, rest = cells[~held[cells]], cells[held[cells]]
        theta, _ = posterior_mode(
            first[seen], second[seen], win[seen], loss[seen],
            mean[items], precision[items], model,
        )  # fmt: skip
        d = theta[first[rest]] - theta[second[rest]]
        ties = np.zeros(len(rest))
        out[k] = -cell_terms(model, d, 0.0, win[rest], loss[rest], ties)["value"].sum()
    return out


def candidate_pairs(
    n_items: int, count: int, key: tuple[int, int], group: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs i < j that are scored: `count` random ones, or all where there are not more.
    Kernel: csrc/vn_allocate_pick.c, by `venire.design.allocate`.

    Examples
    --------
    >>> [x.tolist() for x in candidate_pairs(3, 5, (1, 2), 0)]
    [[0, 0, 1], [1, 2, 2]]
    """
    if count >= n_items * (n_items - 1) // 2:
        i, j = np.triu_indices(n_items, 1)
        return i.astype(np.int32), j.astype(np.int32)
    words = threefry(key, np.arange(count) + CANDIDATE, group)
    one = _below(words[0], n_items)
    other = _below(words[1], n_items - 1)
    other += other >= one
    return np.minimum(one, other), np.maximum(one, other)


def _below(word: np.ndarray, n: int) -> np.ndarray:
    """Whole numbers below n from the high 32 bits of random words."""
    return ((word >> np.uint64(32)) * np.uint64(n) >> np.uint64(32)).astype(np.int32)


def chance_of_top(
    group: _Group, precision: Any, voted: list[Any], out: list[Any], top: int,
    key: tuple[int, int], stream: int,
) -> np.ndarray:  # fmt: skip
    """Share of 64 draws from the posterior in which an item is among the first `top`.

    `voted` and `out` are lists of (i, j, information): pairs with votes, asks without yet. A draw
    is theta + C v, with v the sum over the first, the items (their prior) and the latter of a
    normal variate times the root of the information, in this order: the covariance of v is the
    inverse of C.
    """
    n, n_votes = len(group.theta), len(voted)
    count = n_votes + n + len(out)
    w0, w1 = threefry(key, np.arange(N_DRAWS // 2 * count) + NORMAL, stream)
    radius, turn = np.sqrt(-2.0 * np.log(_uniform(w0))), 2.0 * np.pi * _uniform(w1)
    both = np.stack([radius * np.cos(turn), radius * np.sin(turn)])
    z = both.reshape(2, N_DRAWS // 2, count).transpose(1, 0, 2).reshape(N_DRAWS, count)
    v = np.sqrt(precision) * z[:, n_votes : n_votes + n]
    for at, (i, j, x) in [*enumerate(voted), *enumerate(out, n_votes + n)]:
        term = np.sqrt(x) * z[:, at]
        v[:, i] += term
        v[:, j] -= term
    draws = group.theta + v @ group.c
    above = (draws[:, None, :] > draws[:, :, None]).sum(axis=2)
    return np.mean(above < top, axis=0)


class _Group:
    """One group: posterior, what was asked, and how a pick changes both."""

    def __init__(
        self, theta: np.ndarray, covariance: np.ndarray, rho: float, votes_per_ask: int,
        model: str = "bradley-terry",
    ) -> None:  # fmt: skip
        n = len(theta)
        self.model, self.blur = model, blur(model)
        self.theta, self.c = theta, covariance
        self.rho, self.votes = rho, votes_per_ask
        self.asks = np.zeros((n, n), np.int64)  # of each pair, both ways
        self.lead = np.zeros(n, np.int64)  # how much oftener an item was first than second

    def count(self, first: int, second: int) -> None:
        self.asks[first, second] += 1
        self.asks[second, first] += 1
        self.lead[first] += 1
        self.lead[second] -= 1

    def weight(self, i: Any, j: Any) -> np.ndarray:
        """Effective votes that one more ask adds."""
        n = self.asks[i, j] * self.votes
        return effective_votes(n + self.votes, self.rho) - effective_votes(n, self.rho)

    def resistance(self, i: Any, j: Any) -> np.ndarray:
        """Posterior variance of theta_i - theta_j."""
        return self.c[i, i] + self.c[j, j] - 2.0 * self.c[i, j]

    def information(self, i: Any, j: Any) -> np.ndarray:
        """What one more ask is expected to tell: x."""
        r = self.resistance(i, j)
        d = (self.theta[i] - self.theta[j]) / np.sqrt(1.0 + self.blur * r)
        return self.weight(i, j) * vote_information(self.model, d)

    def spread(self, m: np.ndarray, i: Any, j: Any) -> np.ndarray:
        """(e_i - e_j)' C M C (e_i - e_j), M diagonal."""
        column = self.c[:, i] - self.c[:, j]
        return np.sum(column * column * (m if column.ndim == 1 else m[:, None]), axis=0)

    def apply(self, i: int, j: int) -> None:
        """The covariance after an ask of the pair."""
        x, r = self.information(i, j), self.resistance(i, j)
        column = self.c[:, i] - self.c[:, j]
        self.c = self.c - (x / (1.0 + x * r)) * np.outer(column, column)


def allocate_groups(
    votes: tuple[Any, ...], prior: tuple[Any, Any], asks: tuple[Any, Any, Any], n_pending: Any,
    pick_offsets: Any, *, criterion: str, key: tuple[int, int], votes_per_ask: int = 1,
    rho: float = 0.3, top: int = 10, candidates: int = 10, residual: tuple[Any, Any] | None = None,
    given: tuple[Any, Any] | None = None, model: str = "bradley-terry",
) -> ReferencePicks:  # fmt: skip
    """Picks for every group by itself.
    Kernel: csrc/vn_allocate.c and csrc/vn_allocate_pick.c, by `venire.design.allocate`.

    Parameters
    ----------
    votes : (offsets, cell_offsets, first, second, win, loss)
        Those so far. Items and cells of group k start at its two offsets, (n_groups + 1,); the
        others are columns of cells, (n_cells,), half of each tie in either mass, with positions
        within the group.
    prior : (mean, precision)
        Means, (n_items,), and precisions, of each or one of all.
    asks : (offsets, first, second)
        All asks so far, group by group, in the order shown; those whose votes are out come last.
    n_pending : array_like of int, shape (n_groups,)
        How many of a group's asks these are. Their expected information is added first.
    pick_offsets : array_like of int, shape (n_groups + 1,)
        Picks of group k go there.
    criterion : {"D", "A", "top", "sd", "residual", "given"}
        What is largest in the pair that is picked: x R; x S / (1 + x R) with S the pair's d' C C d
        or d' C M C d; R; (residual_i - residual_j)^2 - noise_i - noise_j, each pair once; or
        nothing: the pairs `given` are taken in their order.
    key : pair of int
        Of the random streams.
    votes_per_ask : int
    rho : float
        Correlation of votes on one pair.
    top : int
        Size of the top that "top" is about.
    candidates : int
        Pairs that are scored, per pick.
    residual : (residual, noise), optional
        Of each item, (n_items,).
    given : (first, second), optional
        In the order shown, at `pick_offsets`.
    model : {"bradley-terry", "thurstone"}

    Returns
    -------
    ReferencePicks
        `gain` is x (C M C) / (1 + x R) for "A" and "top", else log(1 + x R).

    Notes
    -----
    Equal scores: the first candidate. Item that is shown first: the one that has been first least
    often compared with second; a random bit decides between equals.

    Examples
    --------
    >>> picks = allocate_groups(
    ...     ([0, 3], [0, 1], [0], [1], [1.0], [0.0]),
    ...     ([0.0] * 3, 0.1),
    ...     ([0, 1], [0], [1]),
    ...     [0],
    ...     [0, 2],
    ...     criterion="D",
    ...     key=(1, 2),
    ... )
    >>> sorted(zip(picks.first.tolist(), picks.second.tolist()))
    [(1, 2), (2, 0)]
    """
    offsets, cell_offsets, first, second, win, loss = map(np.asarray, votes)
    mean, precision = np.asarray(prior[0]), np.broadcast_to(prior[1], np.shape(prior[0]))
    ask_offsets, ask_first, ask_second = map(np.asarray, asks)
    out = ReferencePicks(
        np.zeros(pick_offsets[-1], np.int32), np.zeros(pick_offsets[-1], np.int32),
        np.zeros(pick_offsets[-1]),
    )  # fmt: skip
    for k in range(len(offsets) - 1):
        m, start = int(pick_offsets[k + 1] - pick_offsets[k]), int(pick_offsets[k])
        if m == 0:
            continue
        items = slice(int(offsets[k]), int(offsets[k + 1]))
        cells = slice(int(cell_offsets[k]), int(cell_offsets[k + 1]))
        theta, information = posterior_mode(
            first[cells], second[cells], win[cells], loss[cells], mean[items], precision[items],
            model,
        )  # fmt: skip
        group = _Group(theta, np.linalg.inv(information), rho, votes_per_ask, model)
        stop, edges_out = int(ask_offsets[k + 1]), []
        for q in range(int(ask_offsets[k]), stop):
            if q >= stop - int(n_pending[k]):
                out_x = group.information(ask_first[q], ask_second[q])
                edges_out.append((ask_first[q], ask_second[q], float(out_x)))
                group.apply(ask_first[q], ask_second[q])
            group.count(ask_first[q], ask_second[q])
        n = len(theta)
        metric = np.ones(n)
        if criterion == "top":
            i, j = np.nonzero(np.triu(information, 1))
            edges = list(zip(i, j, -information[i, j], strict=True))
            chance = chance_of_top(group, precision[items], edges, edges_out, top, key, k)
            metric = chance * (1.0 - chance) + FLOOR
        count = candidates * m
        if criterion == "residual" and n <= LARGE:
            count = max(count, n * (n - 1) // 2)
        i, j = candidate_pairs(n, count, key, k)
        if criterion == "residual":
            r, v = (np.asarray(x)[items] for x in residual or ())
            fixed = (r[i] - r[j]) ** 2 - (v[i] + v[j])
            before = group.asks.copy()
        for q in range(m):
            if given is not None:
                a, b = int(given[0][start + q]), int(given[1][start + q])
            else:
                x, resistance = group.information(i, j), group.resistance(i, j)
                if criterion == "D":
                    score = x * resistance
                elif criterion == "sd":
                    score = resistance
                elif criterion == "residual":
                    score = fixed - 1e30 * (group.asks[i, j] - before[i, j])
                else:
                    score = x * group.spread(metric, i, j) / (1.0 + x * resistance)
                best = int(np.argmax(score))
                a, b = int(i[best]), int(j[best])
                if group.lead[a] > group.lead[b]:
                    a, b = b, a
                elif group.lead[a] == group.lead[b]:
                    word = threefry(key, np.array([SIDE + q]), k)[0][0]
                    a, b = (b, a) if int(word) >> 63 else (a, b)
            x, resistance = group.information(a, b), group.resistance(a, b)
            gain = np.log1p(x * resistance)
            if criterion in ("A", "top"):
                gain = x * group.spread(metric, a, b) / (1.0 + x * resistance)
            out.first[start + q], out.second[start + q], out.gain[start + q] = a, b, gain
            group.apply(a, b)
            group.count(a, b)
    return out
