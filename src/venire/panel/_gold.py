"""What gold says of the teachers: accuracy, correlation of errors, and failing together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.intervals import wilson
from venire._core.views import Drawn
from venire.panel._board import Board
from venire.panel._methods import errors
from venire.panel._rho import mean_of
from venire.panel._stack import FEWEST, Learning, fit_stack
from venire.panel._teachers import log_loss

__all__ = ["GoldReport", "mean_correlation", "report"]

MOST_TEACHERS = 2000  # for which correlations are computed
MOST_FOR_MODEL = 2000  # labels up to which a model's estimate is worth its bias


@dataclass(frozen=True)
class GoldReport(Drawn):
    """Teachers and panel where the truth is known.

    Attributes
    ----------
    n_pairs : int
        Pairs with gold and votes.
    teachers : ndarray of shape (n_teachers,)
    n : ndarray of int64, shape (n_teachers,)
        Those of them that each teacher judged.
    accuracy, accuracy_lower, accuracy_upper : ndarray of float64, shape (n_teachers,)
        Counted: the share it got right, a tie counting one half, and the 95 % Wilson interval; NaN
        without pairs.
    model_accuracy : ndarray of float64, shape (n_teachers,)
        Estimated: its mean agreement, over all pairs that it judged, with gold where there is some,
        else with what "stacked" makes of it. With 12 to 30 labels its error is that of a count of
        2.4 to 3 times as many; it is a model's, and a little high. NaN with fewer than 12 labels,
        and with more than 2,000, where counts do.
    confidence : ndarray of float64, shape (n_teachers,)
        Mean probability that it gave to the side it favoured.
    correlation : ndarray of float64, shape (n_teachers, n_teachers), or None
        Of the errors around gold, not shrunken; NaN where two have nothing in common to tell from.
        None without pairs, or with more than 2,000 teachers.
    mean_correlation : float
        Mean off the diagonal, weighted by the pairs in common.
    n_common : ndarray of int64, shape (n_teachers, n_teachers), or None
        Pairs with gold that both judged: what `correlation` rests on.
    co_failure : float
        Share of pairs that every teacher who judged them got wrong (one half where the best of them
        was undecided). No weighing can be right more often than one minus it.
    panel_accuracy, panel_log_loss : float
        Of the pooled q, made without gold, on the gold pairs; of "stacked", held out.
    """

    n_pairs: int
    teachers: NDArray[Any]
    n: NDArray[np.int64]
    accuracy: NDArray[np.float64]
    accuracy_lower: NDArray[np.float64]
    accuracy_upper: NDArray[np.float64]
    model_accuracy: NDArray[np.float64]
    confidence: NDArray[np.float64]
    correlation: NDArray[np.float64] | None
    mean_correlation: float
    n_common: NDArray[np.int64] | None
    co_failure: float
    panel_accuracy: float
    panel_log_loss: float

    def interval(self, level: float = 0.95) -> NDArray[np.float64]:
        """Wilson intervals of the accuracy at any level, (n_teachers, 2)."""
        right = np.rint(2.0 * self.accuracy * self.n) / 2.0  # a tie counts one half
        return np.stack(wilson(right, self.n, checks.level(level)), axis=1)


def report(board: Board, gold: NDArray[np.float64], q: NDArray[np.float64]) -> GoldReport:
    """See `GoldReport`; `q` is the panel's probability, made without gold."""
    votes = board.votes
    judged = np.diff(votes.pair_ptr) > 0
    known = ~np.isnan(gold) & judged
    truth = np.where(known, 2.0 * gold - 1.0, 0.0)
    cells = known[votes.pair]
    teacher, s, z = votes.teacher[cells], board.s[cells], truth[votes.pair[cells]]
    n_teachers = votes.n_teachers
    n = np.bincount(teacher, minlength=n_teachers)
    match = np.sign(s) * np.sign(z)

    def per_teacher(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(teacher, x, minlength=n_teachers).astype(np.float64)

    right = per_teacher((1.0 + match) / 2)
    lower, upper = wilson(right, n, 0.95)
    with np.errstate(invalid="ignore", divide="ignore"):
        accuracy, confidence = right / n, per_teacher((1.0 + np.abs(s)) / 2) / n
    r, mean, common = None, float("nan"), None
    if known.any() and n_teachers <= MOST_TEACHERS:
        r, mean, common = mean_correlation(board, np.where(known, truth, np.nan))
    best = np.full(votes.n_pairs, -1.0)
    np.maximum.at(best, votes.pair[cells], match)
    decided = known & (truth != 0)
    fails = float(((1.0 - best[decided]) / 2).mean()) if decided.any() else float("nan")
    y, p = gold[known], q[known]
    hit = (1.0 + np.sign(2 * y - 1) * np.sign(2 * p - 1)) / 2
    return GoldReport(
        int(known.sum()), votes.teachers, n.astype(np.int64), accuracy, lower, upper,
        by_model(board, gold, known), confidence, r, mean, common, fails,
        float(hit.mean()) if len(y) else float("nan"),
        float(log_loss(p, y).mean()) if len(y) else float("nan"),
    )  # fmt: skip


def by_model(
    board: Board, gold: NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Each teacher's mean agreement with gold where it is known, else with the stacked p."""
    votes = board.votes
    n = int(known.sum())
    if n < FEWEST or n > MOST_FOR_MODEL or votes.n_teachers > MOST_TEACHERS:
        return np.full(votes.n_teachers, np.nan)
    learned = fit_stack(board, np.where(known, gold, np.nan), gold, Learning(penalty=1.0))
    truth = np.where(known, gold, learned.probability)
    agrees = 0.5 * (1.0 + np.sign(board.s) * (2.0 * truth[votes.pair] - 1.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.bincount(votes.teacher, agrees, votes.n_teachers)
        return np.asarray(total / np.bincount(votes.teacher, minlength=votes.n_teachers))


def mean_correlation(
    board: Board, truth: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, NDArray[np.int64]]:
    """Correlation of the errors around `truth` (2 gold - 1), its mean, and pairs in common."""
    r, common = errors(board, truth)
    mean = mean_of(r, common)
    np.fill_diagonal(r, 1.0)
    return r, mean, common.astype(np.int64)
