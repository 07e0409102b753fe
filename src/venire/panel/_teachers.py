"""How good stated probabilities are where the truth is known; the temperature that mends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.intervals import wilson
from venire._core.tables import Table, Tabled
from venire.data.coding import encode_one
from venire.data.lookup import Lookup
from venire.data.votes import Votes
from venire.data.votes.gold import gold_of
from venire.data.votes.rows import read_probabilities

__all__ = ["TeacherCalibration", "calibrate_teachers", "log_loss"]

CLIP = 1e-6
_LARGEST = 100.0  # temperature
_SMALLEST = 0.05
_FOLDS = 5


@dataclass(frozen=True)
class TeacherCalibration(Tabled):
    """Teachers' judgments against gold. Arrays have one entry per teacher, NaN without gold pairs.

    Attributes
    ----------
    teachers : ndarray of shape (n_teachers,)
    n : ndarray of int64
        Gold pairs that the teacher judged.
    accuracy : ndarray of float64
        Share of them that it got right; an undecided judgment and a gold tie count one half.
    accuracy_lower, accuracy_upper : ndarray of float64
        Wilson interval (1927, doi:10.1080/01621459.1927.10502953) at `level`.
    confidence : ndarray of float64
        Mean probability that it gave to the side it favoured. Above `accuracy`: over-confident.
    log_loss : ndarray of float64
        Mean, with probabilities clipped at 1e-6.
    temperature : ndarray of float64
        The divisor of its logits that makes `log_loss` least, within [0.05, 100]: above 1 where it
        is over-confident, 100 where its confidence says nothing.
    log_loss_scaled : ndarray of float64
        Mean log-loss after that, held out: each fifth of the pairs with the others' temperature.
    level : float
    """

    teachers: NDArray[Any]
    n: NDArray[np.int64]
    accuracy: NDArray[np.float64]
    accuracy_lower: NDArray[np.float64]
    accuracy_upper: NDArray[np.float64]
    confidence: NDArray[np.float64]
    log_loss: NDArray[np.float64]
    temperature: NDArray[np.float64]
    log_loss_scaled: NDArray[np.float64]
    level: float

    def _table(self, top: int | None) -> Table:
        names = ("n", "accuracy", "accuracy_lower", "accuracy_upper", "confidence", "log_loss",
                 "temperature", "log_loss_scaled")  # fmt: skip
        columns = {"teacher": self.teachers} | {name: getattr(self, name) for name in names}
        header = [f"Calibration of {len(self.teachers):,} teachers against gold"]
        note = [f"accuracy: {100 * self.level:g} % interval; log loss scaled: held out"]
        return Table.of(header, columns, note, top=top, what="teachers")

    def scale(self, teacher: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Probabilities with each teacher's logits divided by its temperature.

        Parameters
        ----------
        teacher : array_like of shape (n,)
            Labels; a teacher without a temperature keeps what it said.
        probabilities : array_like of shape (n, 3)
            Probabilities that first wins, ties, loses.

        Returns
        -------
        ndarray of float64, shape (n, 3)

        Raises
        ------
        ValueError
            If a teacher is unknown or a row does not add up to 1.

        References
        ----------
        C. Guo, G. Pleiss, Y. Sun, K. Weinberger (2017), On calibration of modern neural networks,
        https://proceedings.mlr.press/v70/guo17a.html
        """
        stated = checks.numeric(probabilities, "probabilities")
        n, teacher = checks.columns(teacher=teacher)
        if stated.ndim and len(stated) != n:
            fail("teacher", f"has {n} rows, but probabilities has {len(stated)}")
        labels, codes = encode_one(teacher, "teacher", n=n)
        at = Lookup(self.teachers).places(labels)[codes]
        if (at < 0).any():
            bad = int(np.argmax(at < 0))
            fail("teacher", "is not among the teachers", bad, labels[codes[bad]])
        p = read_probabilities(stated, n)
        power = 1.0 / self.temperature[at]
        power[np.isnan(power)] = 1.0
        scaled = p ** power[:, None]
        return scaled / scaled.sum(axis=1, keepdims=True)


def log_loss(p: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each pair's log-loss, probabilities clipped at 1e-6."""
    p = np.clip(p, CLIP, 1.0 - CLIP)
    return -(y * np.log(p) + (1.0 - y) * np.log1p(-p))


def calibrate_teachers(votes: Votes, gold: Any, *, level: float = 0.95) -> TeacherCalibration:
    """How good each teacher's stated probabilities are where the truth is known.

    Parameters
    ----------
    votes : Votes
    gold : mapping, tuple of arrays, or array_like of shape (n_pairs,)
        Share that the pair's first item truly got: 1, 0 or 0.5, or between; see `consensus`.
    level : float, default 0.95
        Of the intervals of the accuracy.

    Returns
    -------
    TeacherCalibration
        Accuracy, log-loss, and the temperature that would mend over-confidence.

    Raises
    ------
    ValueError
        If a gold label is unknown or a value is outside [0, 1].

    Examples
    --------
    >>> import venire as vn
    >>> v = vn.Votes.from_pairs([0, 1], ["x", "x"], probabilities=[[0.9, 0, 0.1]] * 2)
    >>> vn.panel.calibrate_teachers(v, [1, 0]).accuracy.tolist()
    [0.5]
    """
    level, known = checks.level(level), gold_of(votes, gold)
    cells = np.flatnonzero(~np.isnan(known)[votes.pair])
    n_teachers = votes.n_teachers
    teacher, y = votes.teacher[cells], known[votes.pair[cells]]
    win, tie, loss = votes.win[cells], votes.tie[cells], votes.loss[cells]
    signed = (win - loss) / (win + loss + tie)
    p = (1.0 + signed) / 2

    def per_teacher(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.bincount(teacher, x, minlength=n_teachers).astype(np.float64)

    n = np.bincount(teacher, minlength=n_teachers)
    right = per_teacher((1.0 + np.sign(signed) * np.sign(2 * y - 1)) / 2)
    lower, upper = wilson(right, n, level)
    x = np.log(np.clip(p, CLIP, 1 - CLIP)) - np.log1p(-np.clip(p, CLIP, 1 - CLIP))
    fold = votes.pair[cells] % _FOLDS
    held_out = np.zeros(len(cells))
    for k in range(_FOLDS):
        rest = fold != k
        t = _temperatures(x[rest], y[rest], teacher[rest], n_teachers)
        at = ~rest
        scaled = 1.0 / (1.0 + np.exp(-np.clip(x[at] / t[teacher[at]], -700, 700)))
        held_out[at] = log_loss(scaled, y[at])
    with np.errstate(invalid="ignore", divide="ignore"):
        temperature = np.where(n > 0, _temperatures(x, y, teacher, n_teachers), np.nan)
        return TeacherCalibration(
            votes.teachers, n.astype(np.int64), right / n, lower, upper,
            per_teacher(np.maximum(p, 1 - p)) / n, per_teacher(log_loss(p, y)) / n,
            temperature, per_teacher(held_out) / n, level,
        )  # fmt: skip


def _temperatures(
    x: NDArray[np.float64], y: NDArray[np.float64], teacher: NDArray[np.int32], n_teachers: int
) -> NDArray[np.float64]:
    """Temperature of each teacher by bisection: the log-loss is convex in its inverse."""
    low, high = np.full(n_teachers, 1 / _LARGEST), np.full(n_teachers, 1 / _SMALLEST)
    for _ in range(60):
        middle = (low + high) / 2
        q = 1.0 / (1.0 + np.exp(-np.clip(middle[teacher] * x, -700, 700)))
        slope = np.bincount(teacher, x * (q - y), minlength=n_teachers)
        high = np.where(slope > 0, middle, high)
        low = np.where(slope > 0, low, middle)
    told = np.bincount(teacher, x != 0, minlength=n_teachers) > 0
    return np.where(told, 1.0 / ((low + high) / 2), 1.0)
