"""make_targets: fitted ratings become the numbers that a student is trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire import scales
from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled, shown_of
from venire.ratings.grouped import Calibration, GroupedFit
from venire.targets._fit_votes import VotesFit
from venire.targets._spread import Spread, student_variance

__all__ = ["Targets", "make_targets"]

Floats = NDArray[np.float64]

_COLUMNS = ("group", "item", "target", "standard_error", "weight")


@dataclass(frozen=True, eq=False, repr=False)
class Targets(Tabled):
    """What a student is trained on: a number with a standard error for each item, and a weight.

    Attributes
    ----------
    group, item : ndarray of shape (n_items,)
        Labels, in the flat order of the fit.
    target : ndarray of float64, shape (n_items,)
        nan where nothing is known: the group has no fit, or the item was never compared (unless it
        is its group's only one, and a calibration places that).
    standard_error : ndarray of float64, shape (n_items,)
        In the unit of `target`; nan likewise.
    weight : ndarray of float64, shape (n_items,)
        1 / (mean squared standard error of the group + variance); 0 where the target is nan.
    scale : str
        Of `target`.
    variance : float
        tau^2: what a student's predictions are off by, beyond the errors of the targets. In the
        square of the unit of `target`.
    n_clamped : int
        Targets that lay beyond the limits.

    Examples
    --------
    >>> import venire as vn
    >>> gf = vn.fit_groups(vn.GroupedComparisons(["q"], ["a"], ["b"], [0.8], [5.0]))
    >>> t = vn.targets.make_targets(gf)
    >>> t
    <Targets: 2 items, scale logit, 0 unknown>
    >>> t.target.round(2).tolist(), t.standard_error.round(2).tolist()
    ([0.69, -0.69], [0.56, 0.56])
    """

    group: NDArray[Any]
    item: NDArray[Any]
    target: Floats
    standard_error: Floats
    weight: Floats
    scale: str
    variance: float
    n_clamped: int = 0

    @property
    def known(self) -> NDArray[np.bool_]:
        """Items that have a target, (n_items,)."""
        return np.isfinite(self.target)

    @property
    def n_unknown(self) -> int:
        """Number of items without a target."""
        return len(self.target) - int(np.count_nonzero(self.known))

    def __len__(self) -> int:
        """Number of items."""
        return len(self.target)

    def __repr__(self) -> str:
        return f"<Targets: {len(self):,} items, scale {self.scale}, {self.n_unknown:,} unknown>"

    def _table(self, top: int | None) -> Table:
        n = shown_of(len(self), top)
        columns = {name: getattr(self, name)[:n] for name in _COLUMNS}
        return Table.of(self._titled(), columns, top=top, total=len(self), what="items")

    def to_frame(self, backend: str | None = None) -> Any:
        """One row per item.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns group, item, target, standard_error, weight.
        """
        return as_frame({name: getattr(self, name) for name in _COLUMNS}, backend)


def make_targets(
    fit: GroupedFit | VotesFit,
    calibration: Calibration | None = None,
    *,
    prediction: ArrayLike | None = None,
    prediction_variance: float | None = None,
    scale: str | None = None,
    clamp: float | tuple[float, float] | None = None,
    shrink: float | str | None = None,
) -> Targets:
    """Continuous targets with standard errors, and the weights that a student gives them.

    Without options the targets are theta of the fit, centred in each group; with a calibration
    the biases of the groups are added, and their errors: all groups on one scale. Items are not
    shrunken as in the calibration's own theta: a student averages over their errors.

    Parameters
    ----------
    fit : GroupedFit or VotesFit
    calibration : Calibration, optional
        Of that fit.
    prediction : array_like of shape (n_items,), optional
        What a student that did not see the item's group predicts, in the unit of theta; nan: none.
        Without a calibration it is centred in each group. It is used for the weights alone: no
        target depends on it, so that a student is never trained on itself.
    prediction_variance : float, optional
        tau^2 itself, in the square of the unit of theta, instead of an estimate.
    scale : {"logit", "probit", "erf", "elo"}, optional
        Of the targets; see `venire.scales`. Default: that of the fit.
    clamp : float or (float, float), optional
        Limits, on the scale of the targets; a number c: c units to either side of the centre (1000
        for Elo, else 0). Standard errors stay as they are.
    shrink : float or "posterior", optional
        Multiplies what lies between an item and its group's level: a factor in [0, 1], or
        "posterior": t / (t + se^2), t being the variance of what the votes estimate and se the
        item's standard error in its group. Levels from a calibration are shrunken already.

    Returns
    -------
    Targets

    Raises
    ------
    ValueError
        If an argument is out of range, has the wrong length, or the calibration is not of this fit.
    TypeError
        If an argument has a wrong type.

    Notes
    -----
    With r = theta - prediction (prediction 0 where there is none given at all) and means over all
    items that have both,

        tau^2 = max(mean r^2 - mean se^2, mean r^2 / 2).

    Weights from each item's own standard error would follow where its few votes happened to fall;
    the group's mean says how many votes the group got. Only ratios of weights matter to most
    students, but a penalty (ridge) is set against their sum.

    With "posterior" the standard errors become those of the normal posterior,
    se sqrt(t / (t + se^2)); with a factor they are multiplied by it. Errors of levels are added
    after that.

    O(n_items), beside the standard errors of the fit, which are computed if they were not yet.

    Examples
    --------
    >>> import venire as vn
    >>> g = vn.GroupedComparisons([1, 1, 2], ["a", "b", "a"], ["b", "c", "d"], [0.9, 0.8, 0.4])
    >>> t = vn.targets.make_targets(vn.fit_groups(g), clamp=1.5, shrink=0.9)
    >>> t.target.round(2).tolist(), t.n_clamped
    ([1.5, -0.22, -1.38, -0.18, 0.18], 1)
    """
    fit = fit.fit if isinstance(fit, VotesFit) else fit
    _check(fit, calibration, scale)
    spread = Spread(fit, calibration)
    own, own_error = spread.theta, spread.error
    level: Any = 0.0
    level_error: Any = 0.0
    if calibration is not None:
        level = calibration.bias[spread.group]
        level_error = calibration.standard_errors[spread.group]
    target, error = own + level, np.sqrt(own_error**2 + level_error**2)
    variance = student_variance(
        spread, target, error, prediction, prediction_variance, centred=calibration is None
    )
    weight = spread.weights(error, variance)
    if shrink is not None:
        factor, keeps = _shrinkage(shrink, spread)
        target = own * factor + level
        error = np.sqrt((own_error * keeps) ** 2 + level_error**2)
    wanted = fit.scale if scale is None else scale
    centre = scales.centre_of(wanted) if wanted in scales.SCALES else 0.0
    if wanted != fit.scale:
        unit = scales.factor(fit.scale, wanted)
        target, error = target * unit, error * unit
        weight, variance = weight / unit**2, variance * unit**2
    if centre != 0.0:
        target += centre
    n_clamped = 0
    if clamp is not None:
        low, high = _limits(clamp, centre)
        n_clamped = int(np.count_nonzero((target < low) | (target > high)))
        target = np.clip(target, low, high)
    return Targets(
        group=fit.groups[spread.group],
        item=fit.items,
        target=_frozen(target),
        standard_error=_frozen(error),
        weight=_frozen(weight),
        scale=wanted,
        variance=variance,
        n_clamped=n_clamped,
    )


def _shrinkage(shrink: float | str, spread: Spread) -> tuple[Any, Any]:
    """Factors of the ratings and of their standard errors."""
    if isinstance(shrink, str):
        if shrink != "posterior":
            checks.fail("shrink", 'must be a factor, "posterior" or None', value=shrink)
        t = spread.variance_beyond(spread.theta, spread.error)
        share = t / (t + spread.error**2) if t > 0.0 else np.zeros(len(spread.theta))
        return share, np.sqrt(share)
    factor = checks.number(shrink, "shrink", "must be between 0 and 1", lambda x: 0.0 <= x <= 1.0)
    return factor, factor


def _limits(clamp: Any, centre: float) -> tuple[float, float]:
    if isinstance(clamp, (tuple, list)):
        if len(clamp) != 2:
            checks.fail("clamp", "must be a number or a pair (low, high)", value=clamp)
        low, high = (checks.number(x, "clamp", "must not be nan", _is_a_number) for x in clamp)
        if not low < high:
            checks.fail("clamp", "low must be below high", value=clamp)
        return low, high
    half = checks.number(clamp, "clamp", "must be > 0", lambda x: x > 0.0)
    return centre - half, centre + half


def _is_a_number(x: float) -> bool:
    return x == x


def _check(fit: Any, calibration: Any, scale: Any) -> None:
    if not isinstance(fit, GroupedFit):
        raise TypeError(f"fit must be a GroupedFit or a VotesFit, got {type(fit).__name__}")
    if fit.display != scales.Display(fit.scale):
        checks.fail("fit", "targets are about the mean: rescale it without an anchor")
    if calibration is not None:
        if not isinstance(calibration, Calibration):
            raise TypeError(
                f"calibration must be a Calibration or None, got {type(calibration).__name__}"
            )
        if calibration.fit is not fit:
            checks.fail("calibration", "is of another fit")
    own = scales.scale_of(fit.model)
    scales.check(scale, own)
    if scale is not None and fit.scale not in (*scales.SCALES, own):
        checks.fail("scale", f"a {fit.scale} fit is on no scale: leave it out", value=scale)


def _frozen(array: Floats) -> Floats:
    array.flags.writeable = False
    return array
