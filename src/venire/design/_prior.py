"""The prior that steers picks: with the student or without, as held-out pairs say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.data.asked import wanted
from venire.data.grouped_comparisons import GroupedComparisons
from venire.design import _kernel
from venire.models import DEFAULT, half_tie_model
from venire.priors import GaussianPrior
from venire.ratings.grouped import fit_groups

__all__ = [
    "AllocationPrior",
    "PriorCandidate",
    "centred_prediction",
    "chosen_prior",
    "fixed_prior",
    "groups_of",
    "select_prior",
]

PLAIN = GaussianPrior(0.1)  # of the fit whose residuals say how wide a prior must be
FIXED_VARIANCE = 10.0
LEAST_VARIANCE = 1e-3  # where theta hardly varies
WIDER = 4.0
HELD_OUT = 0.2
SAMPLE, SAMPLE_ITEMS = 2_000, 200_000  # groups that decide, and items in them, at most


class PriorCandidate(NamedTuple):
    """A prior that was tried: `mean` is "zero" or "student", `loss` the held-out loss per vote."""

    name: str
    mean: str
    precision: float
    loss: float


@dataclass(frozen=True, eq=False, repr=False)
class AllocationPrior:
    """Independent normal priors of theta, by which `allocate` picks pairs.

    It drives allocation only: targets keep the prior of their fit.

    Parameters
    ----------
    mean : ndarray of float64, shape (n_items,)
        Prior means, flat in the order of the comparisons' items.
    precision : float or array_like of shape (n_items,)
        Inverse variances, from 1e-30 to 1e30.
    name : str
    student_variance : float
        Variance of theta about the student's predictions (about 0 where there are none), by which
        targets for the student are weighted; nan if it was not estimated.
    candidates : tuple of PriorCandidate
        What was tried, with its loss on held-out pairs; nan where none was needed.

    Examples
    --------
    >>> import numpy as np
    >>> import venire as vn
    >>> vn.design.AllocationPrior(np.zeros(3), 0.5)
    AllocationPrior('given', precision=0.5, n_items=3)
    """

    mean: np.ndarray
    precision: Any
    name: str = "given"
    student_variance: float = math.nan
    candidates: tuple[PriorCandidate, ...] = ()

    def __post_init__(self) -> None:
        mean = np.array(checks.numeric(self.mean, "mean"), np.float64)
        if mean.ndim != 1:
            checks.fail("mean", f"must be one-dimensional, has {mean.ndim} dimensions")
        bad = np.flatnonzero(~(np.abs(mean) <= checks.LARGEST))
        if len(bad):
            rule = f"must be finite, at most {checks.LARGEST:g} in size"
            checks.fail("mean", rule, int(bad[0]), mean[bad[0]])
        mean.flags.writeable = False
        precision = checks.numeric(self.precision, "precision")
        if precision.shape not in ((), mean.shape):
            checks.fail(
                "precision", f"has shape {precision.shape}, but there are {len(mean)} means"
            )
        object.__setattr__(self, "mean", mean)
        object.__setattr__(self, "precision", GaussianPrior(self.precision).precision)

    def __repr__(self) -> str:
        low, high = np.min(self.precision), np.max(self.precision)
        precision = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
        return f"AllocationPrior({self.name!r}, precision={precision}, n_items={len(self.mean)})"


def fixed_prior(n_items: int) -> AllocationPrior:
    """Mean 0 and variance 10."""
    return AllocationPrior(np.zeros(n_items), 1.0 / FIXED_VARIANCE, "fixed")


def select_prior(
    comparisons: GroupedComparisons,
    prediction: Any = None,
    *,
    model: str = DEFAULT,
    rng: Any = None,
    n_threads: int | None = None,
    empirical: bool = False,
) -> AllocationPrior:
    """The prior under which held-out pairs are likeliest, one for all groups.

    Candidates (mean, variance): (0, 10) "fixed", (0, t0) "empirical", (0, 4 t0) "empirical wide",
    (student, ts) "student" and (student, 4 ts) "student wide". t is the variance of the plain fit's
    theta about the mean: the mean of (theta - mean)^2 less that of the squared standard errors, at
    least half of the former, over the items that have votes; the plain fit has GaussianPrior(0.1).
    A fifth of the pairs is held out, at random over all groups; the others are fitted under each
    candidate, and the one with the least logarithmic loss on those held out is chosen.

    Parameters
    ----------
    comparisons : GroupedComparisons
        The votes so far.
    prediction : array_like of shape (n_items,), optional
        A student's predictions of theta, flat in the order of the items. They must be out of fold
        by group: a student that saw a group's votes repeats their noise. Centred here in each
        group; nan (no prediction) stands for the group's mean. Without any, the three candidates
        of mean 0 compete.
    model : str, one of `venire.models.HALF_TIES`
        Of the votes; theta, means and variances are in its unit.
    rng : int, SeedSequence or Generator, optional
    n_threads : int, optional
        The result does not depend on it.
    empirical : bool, default False
        Take (0, t0) without a competition.

    Returns
    -------
    AllocationPrior
        "fixed" where there are fewer than two pairs with votes.

    Raises
    ------
    ValueError
        If `prediction` has another shape or is infinite.
    TypeError
        If an argument has a wrong type.

    Notes
    -----
    Of more than 2,000 groups with votes, or 200,000 items in them, a random sample of so many
    decides, both on t and on the winner: t is then known to about 1 %. Six fits of the sample.

    Examples
    --------
    >>> import numpy as np
    >>> import venire as vn
    >>> rng = np.random.default_rng(0)
    >>> theta = rng.normal(size=(50, 6))
    >>> group, first = np.repeat(np.arange(50), 6), np.tile(np.arange(6), 50)
    >>> second = (first + 1) % 6
    >>> p = 1 / (1 + np.exp(theta[group, second] - theta[group, first]))
    >>> c = vn.GroupedComparisons(group, first, second, p)
    >>> vn.design.select_prior(c, theta.ravel(), rng=1).name
    'student'
    """
    c = groups_of(comparisons)
    model = half_tie_model(model).name
    threads, empirical = checks.n_threads(n_threads), checks.flag(empirical, "empirical")
    student = centred_prediction(prediction, c)
    return chosen_prior(c, student, model, checks.rng(rng), threads, empirical)


def groups_of(comparisons: Any) -> GroupedComparisons:
    """The comparisons, which must be of groups."""
    wanted(comparisons, "comparisons", GroupedComparisons)
    return comparisons


def centred_prediction(prediction: Any, c: GroupedComparisons) -> np.ndarray | None:
    """Predictions with mean 0 in each group; 0 where there is none (nan); None if there are none.

    The mean is that of the items that have a prediction.
    """
    if prediction is None:
        return None
    x = checks.predictions(prediction, c.n_items).copy()
    known = ~np.isnan(x)
    if not known.any():
        return None
    x[~known] = 0.0
    group = np.repeat(np.arange(c.n_groups), np.diff(c.offsets))
    total = np.bincount(group, x, c.n_groups)
    count = np.bincount(group, known, c.n_groups)
    x -= (total / np.maximum(count, 1))[group]
    x[~known] = 0.0
    return x


def chosen_prior(
    c: GroupedComparisons, student: np.ndarray | None, model: str,
    generator: np.random.Generator, n_threads: int, empirical: bool,
) -> AllocationPrior:  # fmt: skip
    """See `select_prior`; `student` is centred."""
    zero = np.zeros(c.n_items)
    voted = np.flatnonzero(np.diff(c.cell_offsets) > 0)
    if not len(voted):
        return fixed_prior(c.n_items)
    sample, items = _sample(c, voted, generator)
    own = None if student is None else student[items]
    plain = fit_groups(sample, model=model, prior=PLAIN, n_threads=n_threads)
    has_votes = plain.item_weights > 0.0
    if not has_votes.any():
        return fixed_prior(c.n_items)
    theta, noise = plain.theta[has_votes], float((plain.standard_errors()[has_votes] ** 2).mean())

    def width(mean: Any) -> float:
        """Variance of theta about `mean`: what the errors of theta leave, at least half."""
        square = float(np.mean((theta - mean) ** 2))
        return max(square - noise, 0.5 * square, LEAST_VARIANCE)

    t0 = width(0.0)
    ts = t0 if own is None else width(own[has_votes])
    if empirical:
        only = PriorCandidate("empirical", "zero", 1.0 / t0, math.nan)
        return AllocationPrior(zero, 1.0 / t0, "empirical", ts, (only,))
    held = _held_out(sample, generator)
    if held is None:
        return AllocationPrior(zero, 1.0 / FIXED_VARIANCE, "fixed", ts)
    tried = [("fixed", FIXED_VARIANCE), ("empirical", t0), ("empirical wide", WIDER * t0)]
    if own is not None:
        tried += [("student", ts), ("student wide", WIDER * ts)]
    n_held = float(np.sum((sample.win + sample.loss + sample.tie)[held]))
    candidates = []
    for name, t in tried:
        means = "student" if name.startswith("student") else "zero"
        mean = np.zeros(sample.n_items) if own is None or means == "zero" else own
        loss = _kernel.held_out_losses(sample, held, model, mean, 1.0 / t, n_threads)
        candidates.append(PriorCandidate(name, means, 1.0 / t, float(loss.sum()) / n_held))
    best = min(candidates, key=lambda one: one.loss)
    mean = zero if best.mean == "zero" or student is None else student
    return AllocationPrior(mean, best.precision, best.name, ts, tuple(candidates))


def _sample(
    c: GroupedComparisons, groups: np.ndarray, generator: np.random.Generator
) -> tuple[GroupedComparisons, np.ndarray]:
    """Some of the groups at random, or all of them if they are not too many; and their items."""
    n_items = np.diff(c.offsets)
    if len(groups) > SAMPLE or n_items[groups].sum() > SAMPLE_ITEMS:
        order = generator.permutation(groups)
        enough = int(np.searchsorted(np.cumsum(n_items[order]), SAMPLE_ITEMS, side="right"))
        groups = np.sort(order[: max(1, min(SAMPLE, enough))])
    offsets, items = _ranges(c.offsets, groups)
    if len(groups) == c.n_groups:
        return c, items
    cell_offsets, cells = _ranges(c.cell_offsets, groups)
    kept = {k: getattr(c, k)[cells] for k in ("first", "second", "order", "win", "loss", "tie")}
    chosen = c.cells._replace(
        groups=c.groups[groups], offsets=offsets, cell_offsets=cell_offsets, items=c.items[items],
        **kept,
    )  # fmt: skip
    return GroupedComparisons.from_cells(chosen), items


def _ranges(offsets: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of some of the ranges that `offsets` bound: their new offsets, and what lies in them."""
    sizes = np.diff(offsets)[chosen]
    new = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return new, np.repeat(offsets[chosen] - new[:-1], sizes) + np.arange(new[-1])


def _held_out(c: GroupedComparisons, generator: np.random.Generator) -> np.ndarray | None:
    """Cells of a fifth of the pairs (both orders of a pair together); None if there are not two."""
    mass = c.win + c.loss + c.tie
    group = np.repeat(np.arange(c.n_groups), np.diff(c.cell_offsets))
    new = np.ones(len(group), bool)
    new[1:] = (
        (group[1:] != group[:-1]) | (c.first[1:] != c.first[:-1]) | (c.second[1:] != c.second[:-1])
    )
    pair = np.cumsum(new) - 1
    voted = np.flatnonzero(np.bincount(pair, mass) > 0.0)
    if len(voted) < 2:
        return None
    chosen = np.zeros(int(pair[-1]) + 1, bool)
    chosen[generator.permutation(voted)[: max(1, round(HELD_OUT * len(voted)))]] = True
    return chosen[pair]
