"""The precision of a prior by the data: where the Laplace approximation of the evidence is largest.

With l the log-likelihood at the mode x = (theta, rest), A its negative Hessian plus p on theta, and
f the dispersion of the outcomes,

    log evidence = (l - p/2 |m|^2) / f + n/2 log p - 1/2 log det A,    m = theta - mean.

As p grows the mode moves along -w, w = A^-1 m, so that (twice, times p) its derivative vanishes at

    p (|m|^2 / f + tr A^-1 - tr(A^-1 H'[w])) = n,

the first trace over theta, H'[w] the change of the Hessian along w. Without the last term the
precision is far too large where comparisons are few: a mode is not a mean. The matrix is inverted
where it is small; else both traces are averages of z' A^-1 z and z' A^-1 H' z over fixed vectors z
of signs (Hutchinson 1990, doi:10.1080/03610919008812866), one solve for each, with what is known
exactly left out of the average: levels, which only the prior determines, and the parameters
beside theta.

The root is found in log p by Newton's method, with all of its slope but how the last term changes;
each fit starts from the one before. Where there is none the data want no spread at all, p infinite.
Then n - (1 - sd / 2) / 2 stands for n: the penalty 1/2 log sd - sd / 4, under which the estimate
stays off that boundary, where the log evidence is about a quarter below its limit (after Chung et
al. 2013, doi:10.1007/s11336-013-9328-2), and near a spread of 2 where the data say nothing: of
single games that no other contradicts Laplace's evidence rises again as p goes to 0.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.models import model_of

__all__ = ["Dispersion", "Evidence", "Look", "Pearson", "Search", "Sums", "dispersion_of_age",
           "pearson_of"]  # fmt: skip

#: Of the outcomes, at parameters that are as good as so many free ones.
Dispersion = Callable[[NDArray[np.float64], float], float]

LEFT = 0.1  # of the weight, at least, that parameters must leave for a dispersion to be told
CLOSE, NEAR = 1e-3, 0.25  # a step of log p that is the last one: so much; by probes, of its sd
FAINT = 0.2  # of that sd: what the probes may be off by
LONGEST = 2.0  # step of log p
STEPS = 40
WIDE = 2.0  # a spread at which the penalty is least, in the unit of theta
LEVEL = 1e-6  # slope at which the evidence is as good as level
MOST_PRECISE = 1e3  # times the weight of an item's comparisons: as good as infinite
LEAST_PRECISE = 1e-12  # times that weight: as good as 0

NO_SPREAD = (
    "the data want no spread of the ratings (the evidence rises with the prior's precision without "
    "end): the precision is one at which the log evidence is some quarter below its limit"
)
NO_PRIOR = (
    "the data want no prior (the outcomes scatter next to nothing): its precision is as good as 0"
)


@dataclass(frozen=True)
class Evidence:
    """How the precision of a prior was found: ``GaussianPrior("evidence")``.

    Attributes
    ----------
    precision : float
        Of the prior that the fit has.
    log_precision_sd : float
        Standard deviation of its log, from the curvature of the log evidence.
    dispersion : float
        Variance of the outcomes beside that of wins and losses, by which the log-likelihood was
        divided: below 1 for half ties, soft scores and what a half-life made weigh less, else 1.
    n_fits : int
        Fits that it took.
    note : str
        What the reader should know: that there was no maximum; or "".

    Examples
    --------
    >>> import venire as vn
    >>> fit = vn.fit_bradley_terry(vn.datasets.load_battles(), prior=vn.GaussianPrior("evidence"))
    >>> fit.prior.precision == fit.evidence.precision, round(fit.evidence.spread, 1)
    (True, 0.5)
    """

    precision: float
    log_precision_sd: float
    dispersion: float = 1.0
    n_fits: int = 1
    note: str = ""

    @property
    def spread(self) -> float:
        """Standard deviation of the strengths about the prior's mean, as the data tell it."""
        return math.sqrt(self.dispersion / self.precision)

    def describe(self) -> str:
        """In words, for summaries."""
        by = f", dispersion {self.dispersion:.2g}" if self.dispersion != 1.0 else ""
        return (
            f"precision by evidence, sd of its log {self.log_precision_sd:.2g}: spread of ratings "
            f"{self.spread:.3g}{by}"
        )

    def lines(self) -> list[str]:
        """For the heads of summaries."""
        return [f"prior: {self.describe()}", *([self.note] if self.note else [])]

    def to_dict(self) -> dict[str, Any]:
        """What ``Evidence(**values)`` makes the same from."""
        return dict(vars(self))


class Pearson:
    """The dispersion of half ties and soft scores.

    Parameters
    ----------
    model : str
    win, loss, tie : ndarray of float64, shape (n_cells,)
    square : ndarray of float64, shape (n_cells,), or None
        Sums of w s^2, w and s being the weights and scores of a cell's rows; None where they are
        not known: then cells are taken for rows.
    """

    def __init__(self, model: str, win: Any, loss: Any, tie: Any, square: Any) -> None:
        self.model, self.masses = model, (win, loss, tie)
        self.square = square
        cells = win + loss + tie
        self.weight = float(np.sum(cells) if square is not None else np.count_nonzero(cells))

    def at(self, d: NDArray[np.float64], used: float) -> float:
        """Mean of the rows' squared scores over the mean of their information, at predictors `d`;
        `used` parameters are taken off the weight. 1 where next to nothing would be left."""
        from venire._native.model import cell_terms

        free, none, one = self.weight - used, np.zeros(len(d)), np.ones(len(d))
        if not free > LEFT * self.weight:
            return 1.0
        own = cell_terms(self.model, d, 0.0, *self.masses)
        if self.square is None:
            known = own["d2"] > 0.0
            return float(np.sum(own["d1"][known] ** 2 / own["d2"][known])) / free
        a = cell_terms(self.model, d, 0.0, one, none, none)["d1"]
        b = cell_terms(self.model, d, 0.0, none, one, none)["d1"]
        win, loss, tie = self.masses
        mixed = np.maximum(win + tie / 2.0 - self.square, 0.0)
        lost = np.maximum(loss + tie / 2.0 - mixed, 0.0)
        seen = float(np.sum(self.square * a**2 + 2.0 * mixed * a * b + lost * b**2))
        return seen / float(np.sum(own["d2"])) * self.weight / free


def pearson_of(c: Any, model: str, of: Any = slice(None)) -> Pearson | None:
    """What tells the dispersion of Comparisons, or of GroupedComparisons, of some of their cells;
    None where outcomes are wins and losses, or ties have a parameter."""
    cells = c.cells
    if model_of(model).tie is not None or not (cells.is_soft or cells.tie is not None):
        return None
    win, loss = c.win[of], c.loss[of]
    tie = np.zeros(len(win)) if cells.tie is None else cells.tie[of]
    square = None if cells.square is None else cells.square[of]
    if square is None and not cells.is_soft:
        square = win + 0.25 * tie
    if square is not None and np.sum(win + tie / 2.0 - square) <= 1e-12 * np.sum(win + loss + tie):
        return None  # weights that are no whole numbers, but wins and losses
    return Pearson(model, win, loss, tie, square)


def dispersion_of_age(c: Any) -> float:
    """Of Comparisons that a half-life made weigh less: a row of weight w has the information of w
    rows, and its score w times their variance. 1 without a half-life."""
    by = 1.0 if c.half_life is None else c.n_comparisons / c.n_effective
    return by if by > 0.0 else 1.0  # nan: parts of the cells


@dataclass(frozen=True)
class Sums:
    """What fits at one precision say; of several fits, sums."""

    n: int  # items
    squares: float  # |m|^2
    bend: float  # m.w
    trace: float  # of A^-1, of theta
    of_square: float  # trace of the square of that block, about
    skew: float  # tr(A^-1 H'[w])
    more: int  # parameters besides theta
    noise: float = 0.0  # standard error of p (trace - skew), where it is sampled

    def __add__(self, other: Sums) -> Sums:
        both = zip(vars(self).values(), vars(other).values(), strict=True)
        found = Sums(*(a + b for a, b in both))
        return replace(found, noise=math.hypot(self.noise, other.noise))


@dataclass(frozen=True)
class Look:
    """p (...) / n at a precision, its standard error, the slope in log p but for how the last term
    changes, and the dispersion."""

    share: float
    noise: float
    slope: float
    dispersion: float

    @classmethod
    def of(cls, sums: Sums, p: float, dispersion: Callable[[float], float] | None) -> Look:
        """`dispersion`: of the outcomes, by how many parameters are as good as free."""
        by = 1.0
        if dispersion is not None:
            by = dispersion(sums.n + sums.more - p * sums.trace)
        if not by > 0.0:
            return cls(math.inf, 0.0, 1.0, 0.0)
        share = p * (sums.squares / by + sums.trace - sums.skew) / sums.n
        slope = share - p * p * (2.0 * sums.bend / by + sums.of_square) / sums.n
        return cls(share, sums.noise / sums.n, slope, by)


class Search(ABC):
    """The root in log p: a fit at one precision after another."""

    n: int  # items
    weight: float  # of the comparisons of an item, on average
    seen: Look
    factor = 1.0  # what the slope leaves out, by chords
    close = CLOSE
    n_fits = 0

    @property
    def exact(self) -> bool:
        """Whether the traces are no samples."""
        return True

    @abstractmethod
    def look(self, u: float) -> Look:
        """Fit, loosely, at a log precision, and look."""

    def sharpen(self) -> bool:
        """Take traces more exactly; False: as exactly as is sensible already."""
        return False

    def find(self, first: float) -> tuple[float, str]:
        """The log precision, and what should be known of it; `first` is a guess."""
        low, high = math.log(LEAST_PRECISE * self.weight), math.log(MOST_PRECISE * self.weight)
        u = self.root(math.log(first), low, high)
        if u >= high:
            return self.root(high, low, high + 30.0, penalised=True), NO_SPREAD
        return u, NO_PRIOR if u <= low else ""

    def root(self, u: float, low: float, high: float, *, penalised: bool = False) -> float:
        """Where the share is 1; `high` or `low` where it is less, or more, up to there."""
        below, above = -math.inf, math.inf
        before = math.nan, 0.0, 0.0
        for _ in range(STEPS):
            u = min(max(u, low), high)
            seen = self.seen = self.look(u)
            lost = 0.5 * math.exp(-0.5 * u) / WIDE if penalised else 0.0
            off = seen.share - 1.0 + ((0.5 - lost) / self.n if penalised else 0.0)
            below, above = (u, above) if off < 0.0 else (below, u)
            if (u >= high and off < 0.0) or (u <= low and off >= 0.0):
                return u
            if 1e-2 < abs(u - before[0]) < LONGEST:
                chord = (off - before[1]) / (u - before[0])
                self.factor = min(max(2.0 * chord / (seen.slope + before[2]), 0.5), 2.0)
            before = (u, off, seen.slope)
            # which falls like `off` where there is no root
            slope = self.factor * seen.slope + 0.5 * lost / self.n
            step = -off / slope if slope > abs(off) / LONGEST else math.copysign(LONGEST, -off)
            if not below < u + step < above:
                step = 0.5 * ((above if step > 0.0 else below) - u)
            if abs(step) <= (self.close if self.exact else max(self.close, NEAR * self.sd())):
                if seen.noise <= FAINT * self.sd() * slope or not self.sharpen():
                    return u + step
                below, above, before = -math.inf, math.inf, (math.nan, 0.0, 0.0)
            u += step
        return u

    def sd(self) -> float:
        """Of the log of the precision."""
        slope = self.factor * self.seen.slope
        return (0.5 * self.n * max(slope, LEVEL)) ** -0.5

    def evidence(self, u: float, note: str) -> Evidence:
        """What was found."""
        return Evidence(math.exp(u), self.sd(), self.seen.dispersion, self.n_fits, note)
