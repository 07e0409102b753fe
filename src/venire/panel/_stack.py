"""Stacking: with gold for some pairs, learn how far to trust the panel and each teacher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.checks import n_threads as _n_threads
from venire._core.checks import rng as _rng
from venire.data.votes import Votes
from venire.data.votes.gold import gold_of
from venire.panel import _methods
from venire.panel._board import Board, board_of
from venire.panel._teachers import log_loss

__all__ = ["Stack", "fit_stack", "stack"]

PENALTIES = (1e4, 30.0, 10.0, 3.0, 1.0)
FOLDS = 5
FEWEST = 12  # gold pairs
FEW = 30
MOST_TEACHERS = 5000
_STEPS = 50

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stack:
    """Weights learned from gold: logit p = scale * logit q + sum of weights * signed votes.

    Attributes
    ----------
    teachers : ndarray of shape (n_teachers,)
    weights : ndarray of float64, shape (n_teachers,)
        What each teacher's signed vote adds to the panel's logit; may be negative.
    scale : float
        Factor of the logit of q, the pool of method "reliability".
    penalty : float
        Of the squares of the weights, chosen by cross-validation.
    probability : ndarray of float64, shape (n_pairs,)
        That first wins.
    n_gold : int
        Pairs with gold and votes.
    log_loss : float
        Mean held-out log-loss of the chosen penalty in 5-fold cross-validation.
    log_loss_start : float
        Mean log-loss of q on the same pairs; q has seen no gold.
    accuracy : float
        Held-out, in the same folds.
    """

    teachers: NDArray[Any]
    weights: Floats
    scale: float
    penalty: float
    probability: Floats
    n_gold: int
    log_loss: float
    log_loss_start: float
    accuracy: float


def stack(
    votes: Votes,
    gold: Any,
    *,
    nonnegative: bool = False,
    rng: Any = 0,
    n_threads: int | None = None,
) -> Stack:
    """Learn weights of the teachers from pairs whose truth is known.

    logit p = scale * logit q + sum over teachers of weight * s, where q is the pool of method
    "reliability" and s in [-1, 1] a teacher's signed vote, 0 where it did not vote. There is no
    intercept: exchanging first and second gives 1 - p. The penalty
    (scale - 1)² / 2 + penalty / 2 * sum of weights² keeps it at the panel where gold says little;
    `penalty` is one of 10⁴, 30, 10, 3, 1 by 5-fold cross-validation.

    Parameters
    ----------
    votes : Votes
    gold : mapping, tuple of arrays, or array_like of shape (n_pairs,)
        Share that first truly got; see `consensus`.
    nonnegative : bool
        Keep all weights >= 0, so that no teacher is turned around.
    rng : int, SeedSequence or Generator, default 0
        For the folds.
    n_threads : int, optional

    Returns
    -------
    Stack

    Raises
    ------
    ValueError
        If fewer than 12 pairs have gold and votes, a gold label is unknown, a share is outside
        [0, 1], or there are more than 5,000 teachers.

    Notes
    -----
    O(n_cells) for the panel, and about 200 Newton steps of O(n_gold * k² + n_teachers³), k
    teachers voting on a pair. The cross-validated loss is the smallest of five, hence a little too
    good.

    References
    ----------
    D. Wolpert (1992), Stacked generalization, doi:10.1016/S0893-6080(05)80023-1.

    Examples
    --------
    >>> import numpy as np
    >>> import venire as vn
    >>> truth = np.arange(40) % 2
    >>> pair, teacher = np.repeat(np.arange(40), 3), np.tile(["good", "odd", "noisy"], 40)
    >>> vote = np.stack([2 * truth - 1, 1 - 2 * truth, 1 - np.arange(40) % 3], axis=1).ravel()
    >>> s = vn.stack(vn.Votes.from_pairs(pair, teacher, vote), truth)
    >>> bool(s.log_loss < s.log_loss_start)
    True
    """
    if not isinstance(votes, Votes):
        fail("votes", f"must be Votes, got {type(votes).__name__}", kind=TypeError)
    nonnegative = checks.flag(nonnegative, "nonnegative")
    checks.rng(rng)
    threads = _n_threads(n_threads)
    return fit_stack(board_of(votes, threads), gold_of(votes, gold), nonnegative, rng, threads)


def fit_stack(board: Board, gold: Floats, nonnegative: bool, rng: Any, n_threads: int) -> Stack:
    """See `stack`; `gold` is NaN where it is not known."""
    votes = board.votes
    known = np.flatnonzero(~np.isnan(gold) & (np.diff(votes.pair_ptr) > 0))
    if len(known) < FEWEST:
        fail("gold", f"at least {FEWEST} pairs with gold and votes are needed", value=len(known))
    if votes.n_teachers > MOST_TEACHERS:
        fail("votes", f"stacking is for at most {MOST_TEACHERS} teachers", value=votes.n_teachers)
    start = 2.0 * np.arctanh(_methods.reliability(board).d)  # logit q
    x = _design(board, known, start)
    y = gold[known]
    fold = np.empty(len(known), np.int64)
    fold[_rng(rng).permutation(len(known))] = np.arange(len(known)) % FOLDS
    best: tuple[float, float, Floats] | None = None
    held_out = np.empty((len(PENALTIES), len(known)))
    for f in range(FOLDS):
        test = fold == f
        w = x.start()
        for k, penalty in enumerate(PENALTIES):
            w = _fit(x, y, ~test, penalty, nonnegative, w, n_threads)
            held_out[k, test] = x.times(w)[test]
    for k, penalty in enumerate(PENALTIES):
        loss = float(log_loss(_sigmoid(held_out[k]), y).sum())
        if best is None or loss < best[0]:
            best = loss, penalty, held_out[k]
    assert best is not None
    w, everything = x.start(), np.ones(len(known), bool)
    for penalty in PENALTIES[: PENALTIES.index(best[1]) + 1]:
        w = _fit(x, y, everything, penalty, nonnegative, w, n_threads)
    eta = w[0] * start + np.bincount(
        votes.pair, w[1:][votes.teacher] * board.s, minlength=votes.n_pairs
    )
    hit = (1.0 + np.sign(best[2]) * np.sign(2 * y - 1)) / 2
    return Stack(
        votes.teachers, w[1:], float(w[0]), best[1], _sigmoid(eta), len(known),
        best[0] / len(known), float(log_loss(_sigmoid(start[known]), y).mean()), float(hit.mean()),
    )  # fmt: skip


def _sigmoid(x: Floats) -> Floats:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


class _Rows(NamedTuple):
    """Rows of (logit q, signed votes of all teachers) of some pairs: the cells that are not 0.

    Products with it are plain sums over the cells: threads that a library starts for such small
    ones would wait for one another most of the time.
    """

    ptr: NDArray[np.int64]
    row: NDArray[np.intp]
    column: NDArray[np.int32]
    value: Floats
    n_columns: int

    def start(self) -> Floats:
        """The weights that leave logit q as it is."""
        w = np.zeros(self.n_columns)
        w[0] = 1.0
        return w

    def times(self, w: Floats) -> Floats:
        """One number per row."""
        parts = w[self.column] * self.value
        return np.asarray(np.bincount(self.row, parts, len(self.ptr) - 1), np.float64)

    def turned_times(self, y: Floats) -> Floats:
        """One number per column."""
        parts = y[self.row] * self.value
        return np.asarray(np.bincount(self.column, parts, self.n_columns), np.float64)


def _design(board: Board, pairs: NDArray[np.intp], start: Floats) -> _Rows:
    """The rows of some pairs."""
    ptr = board.votes.pair_ptr
    sizes = ptr[pairs + 1] - ptr[pairs] + 1
    new = np.concatenate([[0], np.cumsum(sizes)])
    row = np.repeat(np.arange(len(pairs)), sizes)
    cell = np.arange(new[-1]) - np.repeat(new[:-1] - ptr[pairs] + 1, sizes)
    cell[new[:-1]] = ptr[pairs]  # any will do: these are the places of logit q
    column, value = board.votes.teacher[cell] + np.int32(1), board.s[cell]
    column[new[:-1]], value[new[:-1]] = 0, start[pairs]
    return _Rows(new, row, column, value, 1 + board.votes.n_teachers)


def _objective(x: _Rows, y: Floats, use: NDArray[np.bool_], w: Floats, penalty: float) -> float:
    eta = x.times(w)
    loss = np.logaddexp(0.0, eta) - y * eta
    return float(loss[use].sum() + 0.5 * (w[0] - 1.0) ** 2 + 0.5 * penalty * (w[1:] ** 2).sum())


def _fit(
    x: _Rows,
    y: Floats,
    use: NDArray[np.bool_],
    penalty: float,
    nonnegative: bool,
    w: Floats,
    n_threads: int,
) -> Floats:
    """Newton's method on the rows in `use`; with `nonnegative`, on the weights that are free.

    The latter is after Bertsekas (1982).
    """
    from venire._native.ridge import ridge_step

    ridge = np.full(len(w), penalty)
    ridge[0] = 1.0
    centre = x.start()
    now = _objective(x, y, use, w, penalty)
    for _ in range(_STEPS):
        p = _sigmoid(x.times(w))
        gradient = x.turned_times(np.where(use, p - y, 0.0)) + ridge * (w - centre)
        free = np.ones(len(w), bool)
        if nonnegative:
            free[1:] = (w[1:] > 0.0) | (gradient[1:] < 0.0)
        if np.max(np.abs(gradient[free]), initial=0.0) < 1e-9:
            break
        curvature = np.where(use, p * (1.0 - p), 0.0)
        step = ridge_step(
            x.ptr, x.column, x.value, curvature, ridge, gradient, free.view(np.uint8), n_threads
        )
        size = 1.0
        while True:
            new = w - size * step
            if nonnegative:
                new[1:] = np.maximum(new[1:], 0.0)
            value = _objective(x, y, use, new, penalty)
            if value <= now or size < 1e-10:
                break
            size *= 0.5
        if value >= now:
            break
        w, now = new, value
    return w
