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
from venire.data.asked import wanted
from venire.data.votes import Votes
from venire.data.votes.gold import gold_for
from venire.panel import _methods
from venire.panel._board import Board, board_of
from venire.panel._few import fit_few, left_out
from venire.panel._teachers import log_loss

__all__ = ["FEW", "FEWEST", "Learning", "Stack", "fit_stack", "rows_of", "sigmoid", "stack"]

PENALTIES = (1e4, 30.0, 10.0, 3.0, 1.0)
FOLDS = 5
FEWEST = 12  # gold pairs
FEWEST_GUARDED = 5
MOST_GUARDED = 100
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
        Of the squares of the weights.
    probability : ndarray of float64, shape (n_pairs,)
        That first wins.
    n_gold : int
        Pairs with gold and votes.
    log_loss : float
        Mean log-loss, held out. NaN where no label may measure: see `Gold`.
    log_loss_start : float
        Mean log-loss of q on the same pairs; q has seen no gold.
    accuracy : float
        Held out in the same way.
    trust : float
        Of the guarded form: how far the weights count that gold teaches, 0 to 1; `scale` and
        `weights` have it in them. Else 1.
    held_out : {"one out", "folds"}
        Pairs one by one, or a fifth at a time.
    n_measured : int
        Labels that `log_loss` and `accuracy` are of.
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
    trust: float = 1.0
    held_out: str = "folds"
    n_measured: int = 0


def stack(
    votes: Votes,
    gold: Any,
    *,
    nonnegative: bool = False,
    guarded: bool = False,
    penalty: float | str | None = None,
    rng: Any = 0,
    n_threads: int | None = None,
) -> Stack:
    """Learn weights of the teachers from pairs whose truth is known.

    logit p = scale * logit q + sum over teachers of weight * s, where q is the pool of method
    "reliability" and s in [-1, 1] a teacher's signed vote, 0 where it did not vote. There is no
    intercept: exchanging first and second gives 1 - p. The penalty
    (scale - 1)² / 2 + penalty / 2 * sum of weights² keeps it at the panel where gold says little.

    Parameters
    ----------
    votes : Votes
    gold : Gold, mapping, tuple of arrays, or array_like of shape (n_pairs,)
        Share that first truly got; see `consensus`. Labels chosen for "side" are left out.
    nonnegative : bool
        Keep all weights >= 0, so that no teacher is turned around.
    guarded : bool
        For very few labels, from 5: penalty 2 (scale - 1)² + sum of weights² / 2, and
        logit p = (1 - pi) logit q + pi (scale * logit q + sum of weights * s), pi being the share
        of the evidence that is for the weights, beside the panel as it is: `trust`. Above 100
        labels it changes nothing.
    penalty : float or "folds", optional
        Default: 1 below 30 labels, without folds; from 30 one of 10⁴, 30, 10, 3, 1 by 5-fold
        cross-validation, which is "folds".
    rng : int, SeedSequence or Generator, default 0
        For the folds.
    n_threads : int, optional

    Returns
    -------
    Stack

    Raises
    ------
    ValueError
        If fewer than 12 pairs (guarded: 5) have gold and votes, a gold label is unknown, a share is
        outside [0, 1], or there are more than 5,000 teachers.
    TypeError
        If `guarded` goes with `nonnegative` or `penalty`.

    Notes
    -----
    O(n_cells) for the panel. Below 30 labels, and guarded: O(n_gold³) a Newton step, and once more
    for each label that is held out. Else about 200 Newton steps by conjugate gradients, each some
    tens of passes over the votes on pairs with gold; the cross-validated loss is the smallest of
    five, hence a little too good.

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
    >>> s = vn.panel.stack(vn.Votes.from_pairs(pair, teacher, vote), truth)
    >>> bool(s.log_loss < s.log_loss_start)
    True
    """
    wanted(votes, "votes", Votes)
    how = Learning.checked(nonnegative, guarded, penalty, rng)
    threads = _n_threads(n_threads)
    known = gold_for(votes, gold)
    return fit_stack(board_of(votes, threads), known["stack"], known["measure"], how)


class Learning(NamedTuple):
    """How weights are learned; see `stack`."""

    nonnegative: bool = False
    guarded: bool = False
    penalty: float | str | None = None
    rng: Any = 0

    @classmethod
    def checked(cls, nonnegative: Any, guarded: Any, penalty: Any, rng: Any) -> Learning:
        """The arguments of `stack`."""
        nonnegative = checks.flag(nonnegative, "nonnegative")
        guarded = checks.flag(guarded, "guarded")
        checks.rng(rng)
        if isinstance(penalty, str):
            checks.one_of(penalty, "penalty", ("folds",))
        elif penalty is not None:
            penalty = checks.number(penalty, "penalty", "must be > 0", lambda x: x > 0.0)
        if guarded and (nonnegative or penalty is not None):
            reason = "has a penalty of its own, and weights of both signs"
            fail("guarded", reason, value=True, kind=TypeError)
        return cls(nonnegative, guarded, penalty, rng)


def fit_stack(board: Board, gold: Floats, measured: Floats, how: Learning) -> Stack:
    """See `stack`; `gold` is NaN where it is not known, `measured` where it may not measure."""
    votes = board.votes
    known = np.flatnonzero(~np.isnan(gold) & (np.diff(votes.pair_ptr) > 0))
    fewest = FEWEST_GUARDED if how.guarded else FEWEST
    if len(known) < fewest:
        reason = f"at least {fewest} pairs with gold and votes are needed"
        if not how.guarded and len(known) >= FEWEST_GUARDED:
            reason += f" ({FEWEST_GUARDED} with guarded=True)"
        fail("gold", reason, value=len(known))
    if votes.n_teachers > MOST_TEACHERS:
        fail("votes", f"stacking is for at most {MOST_TEACHERS} teachers", value=votes.n_teachers)
    start = 2.0 * np.arctanh(_methods.reliability(board).d)  # logit q
    everything = rows_of(board, start)
    x, y = everything[known], gold[known]
    trust, penalty = 1.0, 1.0
    guarded = how.guarded and len(known) <= MOST_GUARDED
    plain = how.penalty in (None, 1.0) and len(known) < FEW and not how.nonnegative
    if guarded or plain:
        w, trust = fit_few(x, y, guarded)
        held_out, held = left_out(x, y, guarded), "one out"
    else:
        choice = how.penalty
        if choice is None:
            choice = 1.0 if len(known) < FEW else "folds"
        penalties = PENALTIES if isinstance(choice, str) else (float(choice),)
        w, held_out, penalty = _by_folds(x, y, penalties, how)
        held = "folds"
    told = ~np.isnan(measured[known])  # of labels that were chosen, no loss is one of all pairs
    y, eta, begin = y[told], held_out[told], start[known][told]
    hit = (1.0 + np.sign(eta) * np.sign(2 * y - 1)) / 2

    def mean(x: Floats) -> float:
        return float(x.mean()) if len(x) else float("nan")

    return Stack(
        votes.teachers, w[1:], float(w[0]), penalty, sigmoid(everything @ w), len(known),
        mean(log_loss(sigmoid(eta), y)), mean(log_loss(sigmoid(begin), y)), mean(hit), trust, held,
        len(y),
    )  # fmt: skip


def _by_folds(
    x: Any, y: Floats, penalties: tuple[float, ...], how: Learning
) -> tuple[Floats, Floats, float]:
    """Weights with the best of the penalties, logits held out, and that penalty."""
    fold = np.empty(len(y), np.int64)
    fold[_rng(how.rng).permutation(len(y))] = np.arange(len(y)) % FOLDS
    held_out = np.empty((len(penalties), len(y)))
    for f in range(FOLDS):
        test = fold == f
        w = _weights_that_change_nothing(x)
        for k, penalty in enumerate(penalties):
            w = _fit(x[~test], y[~test], penalty, how.nonnegative, w)
            held_out[k, test] = x[test] @ w
    losses = [float(log_loss(sigmoid(eta), y).sum()) for eta in held_out]
    best = int(np.argmin(losses))
    w = _weights_that_change_nothing(x)
    for penalty in penalties[: best + 1]:
        w = _fit(x, y, penalty, how.nonnegative, w)
    return w, held_out[best], penalties[best]


def sigmoid(x: Floats) -> Floats:
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def rows_of(board: Board, start: Floats) -> Any:
    """(n_pairs, 1 + n_teachers): logit q, then the signed votes; a sparse array.

    Products with it are plain sums over the cells: threads that a library starts for such small
    ones would wait for one another most of the time.
    """
    from scipy.sparse import csr_array, hstack

    votes = board.votes
    shape = (votes.n_pairs, votes.n_teachers)
    signed = csr_array((board.s, votes.teacher, votes.pair_ptr), shape)
    return hstack([csr_array(start[:, None]), signed], format="csr")


def _weights_that_change_nothing(x: Any) -> Floats:
    w = np.zeros(x.shape[1])
    w[0] = 1.0
    return w


def _fit(x: Any, y: Floats, penalty: float, nonnegative: bool, w: Floats) -> Floats:
    """The weights, from those of another penalty: Newton's method by conjugate gradients.

    With `nonnegative` on the weights that are free (Bertsekas 1982).
    """
    ridge, centre = np.full(len(w), penalty), _weights_that_change_nothing(x)
    ridge[0] = 1.0
    turned, scale = x.T.tocsr(), 1.0 / np.sqrt(ridge)  # in this scale the penalty's part is 1

    def objective(w: Floats) -> float:
        eta = x @ w
        loss = (np.logaddexp(0.0, eta) - y * eta).sum()
        return float(loss + 0.5 * (ridge * (w - centre) ** 2).sum())

    now = objective(w)
    for _ in range(_STEPS):
        p = sigmoid(x @ w)
        gradient = turned @ (p - y) + ridge * (w - centre)
        free = np.ones(len(w), bool)
        if nonnegative:
            free[1:] = (w[1:] > 0.0) | (gradient[1:] < 0.0)
        if np.abs(gradient[free]).max() < 1e-9:
            break
        step = _step(x, turned, p * (1.0 - p), np.where(free, scale, 0.0), gradient)
        size = 1.0
        while True:
            new = w - size * step
            if nonnegative:
                new[1:] = np.maximum(new[1:], 0.0)
            value = objective(new)
            if value <= now or size < 1e-10:
                break
            size *= 0.5
        if value >= now:
            break
        w, now = new, value
    return w


def _step(x: Any, turned: Any, curvature: Floats, scale: Floats, gradient: Floats) -> Floats:
    """The Newton step, by conjugate gradients; `scale` is 0 where a weight stays, else 1 / the root
    of its ridge."""
    residual = scale * gradient
    step, direction, size = np.zeros(len(scale)), residual, float(residual @ residual)
    enough = 1e-20 * size
    for _ in range(100 * len(scale)):
        if size <= enough:
            break
        image = direction + scale * (turned @ (curvature * (x @ (scale * direction))))
        length = size / float(direction @ image)
        step, residual = step + length * direction, residual - length * image
        old, size = size, float(residual @ residual)
        direction = residual + (size / old) * direction
    return scale * step
