"""One scale for all groups: the biases of groups from bridges between them and from anchors."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from venire import scales
from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire.data.comparisons import Components
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.ratings.grouped._bridges import Evidence, read
from venire.ratings.grouped._leveling import find_levels
from venire.ratings.grouped._within import Within, within
from venire.ratings.grouped.scaling import group_of_item

if TYPE_CHECKING:
    from venire.ratings.grouped.fit import GroupedFit

__all__ = ["Calibration", "calibrate"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Calibration(Tabled):
    """Biases of groups, and the items of all groups on one scale: what `calibrate` returns.

    Attributes
    ----------
    fit : GroupedFit
        What was calibrated.
    bias : ndarray of float64, shape (n_groups,)
        What is to be added to theta of each group, in the unit of theta. Without anchors of mean 0
        in each component; nan for a group without an identified fit.
    standard_errors : ndarray of float64, shape (n_groups,)
        Of the biases: of their deviations from the mean of all biases or, with anchors, of the
        biases themselves. An estimated `variance` counts as estimated.
    variance : float
        s^2 of the prior, estimated or as given.
    dispersion : float
        Variance of soft outcomes beside that of as many wins and losses; 1 where none is soft.
    noise : float
        Variance of what judges of a bridge add to the difference of its items, however many votes
        there are; 0 where no outcome is soft.
    spread : float
        Variance of the items' strengths in their groups, by which `theta` is shrunken; nan where
        the fit was taken as it is.
    level : float
        Mean of the prior: 0 without anchors, else estimated.
    level_error : float
        Its standard error; 0 without anchors.
    components : Components
        Named tuple (labels, sizes): which groups are linked by bridges, directly or through others,
        numbered by their first group. Across components only the prior, or anchors, compare.
    anchored : ndarray of bool, shape (n_components,)
        Which components hold an anchored group.
    n_bridges : ndarray of float64, shape (n_groups,)
        Weight of each group's bridges.
    converged : bool
    residual : float
        Largest step of a bias in the last round, in standard errors.
    n_iter : int
        Rounds, those of all estimates of `variance` together.
    relative_error : float
        Typical relative error of the standard errors themselves: 0 where they are exact (up to
        3,000 groups with bridges or anchors), about 0.01 where they were sampled.

    Examples
    --------
    >>> import venire as vn
    >>> gf = vn.fit_groups(vn.GroupedComparisons([7, 8], ["a", "a"], ["b", "b"], 0.5))
    >>> found = vn.calibrate(gf, anchors=([7, 8], ["a", "b"], [2.0, 5.0], [0.1, 0.1]))
    >>> found
    <Calibration: 2 groups in 2 components, variance 0.785, converged>
    >>> found.to_frame("dict")["component"].tolist()
    [0, 1]
    """

    fit: GroupedFit
    bias: np.ndarray
    standard_errors: np.ndarray
    variance: float
    level: float
    level_error: float
    components: Components
    anchored: np.ndarray
    n_bridges: np.ndarray
    converged: bool
    residual: float
    n_iter: int
    relative_error: float
    dispersion: float = 1.0
    noise: float = 0.0
    _items: Within

    def __repr__(self) -> str:
        state = "converged" if self.converged else "not converged"
        return (
            f"<Calibration: {len(self.bias)} groups in {len(self.components.sizes)} components, "
            f"variance {self.variance:.4g}, {state}>"
        )

    def _table(self, top: int | None) -> Table:
        columns = self.to_frame("dict")
        notes = [] if self.converged else ["NOT CONVERGED"]
        if len(self.unlinked):
            notes.append(f"groups with neither a bridge nor an anchor: {len(self.unlinked):,}")
        return Table.of(self._titled(), columns, notes, top=top, what="groups")

    @property
    def groups(self) -> np.ndarray:
        """Labels of the groups, (n_groups,)."""
        return self.fit.groups

    @property
    def spread(self) -> float:
        return self._items.spread

    @cached_property
    def theta(self) -> np.ndarray:
        """Strengths of all items on one scale, (n_items,), in the flat order of ``fit.items``.

        The group's bias plus the item's strength under the prior that all groups show: where the
        fit's prior is weaker, this is closer to the centre of the group than theta of the fit.
        """
        return _frozen(self._items.theta + self.bias[group_of_item(self.fit)])

    @cached_property
    def item_errors(self) -> np.ndarray:
        """Standard errors of `theta`, (n_items,).

        The root of the item's variance within its group plus the variance of the bias. The
        covariance of the two is neglected: the theta of items that have bridges went into the bias,
        so for them this is a little too large.
        """
        variance = self._items.variance + (self.standard_errors**2)[group_of_item(self.fit)]
        return _frozen(np.sqrt(variance))

    @property
    def unlinked(self) -> np.ndarray:
        """Labels of the groups with a fit, but with neither a bridge nor an anchor.

        Their bias is `level`, the mean of the prior, and nothing that was seen of them.
        """
        alone = self.components.sizes[self.components.labels] == 1
        alone &= ~self.anchored[self.components.labels] & np.isfinite(self.bias)
        return self.groups[alone]

    def to_frame(self, backend: str | None = None, *, items: bool = False) -> Any:
        """The biases, or the items on one scale, as a dataframe.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        items : bool, default False
            One row per item instead of one per group.

        Returns
        -------
        dataframe, or dict of ndarray
            Columns group, bias, standard_error, n_bridges, component; or group, item, theta,
            standard_error.

        Raises
        ------
        ValueError
            If `backend` is none of its choices.
        """
        if not checks.flag(items, "items"):
            columns = {
                "group": self.groups,
                "bias": self.bias,
                "standard_error": self.standard_errors,
                "n_bridges": self.n_bridges,
                "component": self.components.labels,
            }
        else:
            columns = {
                "group": self.groups[group_of_item(self.fit)],
                "item": self.fit.items,
                "theta": self.theta,
                "standard_error": self.item_errors,
            }
        return as_frame(columns, backend)


def calibrate(
    gf: GroupedFit,
    first_group: ArrayLike | None = None,
    first: ArrayLike | None = None,
    second_group: ArrayLike | None = None,
    second: ArrayLike | None = None,
    score: ArrayLike = 1.0,
    weight: ArrayLike | None = None,
    *,
    anchors: tuple[ArrayLike, ...] | None = None,
    variance: float | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
) -> Calibration:
    """Put the groups of a grouped fit on one scale, by bridges, by anchors, or by both.

    A bridge is a comparison of items of two groups. Item i of group g beats item j of group h with
    probability F(theta_gi + b_g - theta_hj - b_h), F being the curve of the model. An anchor is an
    item whose strength on the common scale is known. Items are taken as their groups' comparisons
    tell them under one prior N(0, V) for all groups, V by those comparisons, whatever the prior of
    the fit: with few votes an item a weak prior says that lucky items are very good. The biases b_g
    have the prior N(m, s^2), with s^2 estimated, and are the means of their posterior.

    Parameters
    ----------
    gf : GroupedFit
        On the scale on which it was fitted.
    first_group, first, second_group, second : array_like of shape (n_bridges,), optional
        Labels of the two items of each bridge, and of their groups.
    score : float or array_like of shape (n_bridges,), default 1.0
        What `first` got: 1 a win, 0 a loss, 0.5 a tie, any share between. A tie counts as half a
        win to each, whatever the model; fits with a tie parameter take Bradley and Terry's curve.
    weight : float or array_like of shape (n_bridges,), optional
        How many comparisons a row stands for.
    anchors : tuple of arrays (group, item, value[, standard_error]), optional
        Items whose strength on the common scale is known: ``value`` +- ``standard_error`` (default
        0). Each says that b_g is value - theta_gi, with variance v_i + standard_error^2 (at least
        1e-8).
    variance : float, optional
        s^2. None: estimated from the data, as if one more group had been seen to have b^2 = 0.25.
    tol : float, default 1e-9
        Converged when a round moves no bias by more than the root of `tol` times its standard
        error.
    max_iter : int, optional
        Rounds for each value of s^2: default 100.
    n_threads : int, optional
        Default: all usable CPUs. The result is the same bit for bit.

    Returns
    -------
    Calibration

    Raises
    ------
    ValueError
        If a label is unknown, a bridge stays within one group or touches a group whose theta is
        nan, a score, weight, value or standard error is out of range, or neither bridges nor
        anchors are given; names the argument, the first such row and the value.
    TypeError
        If an argument has a wrong type.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` was reached first; the result then has ``converged=False``.
    NotIdentifiedWarning
        If groups are compared by the prior alone: several components, not all of them anchored.

    Notes
    -----
    Without anchors m = 0 and the biases have mean 0, in each component. With anchors the common
    scale has an origin of its own and m is estimated with the biases, under a flat prior: adding a
    constant to all anchored values adds it to all biases.

    The posterior is found by expectation propagation: each bridge's likelihood is stood for by a
    normal one that leaves the posterior's mean and variance as its own would. s^2 is where it is
    the mean of E[(b - m)^2]. What is not known of the items of a bridge is integrated out of it.
    Soft votes (scores beside 0, 1/2 and 1) may scatter less than as many wins and losses, or more:
    their `dispersion` is estimated, and where it is below 1 a part of the scatter is taken as the
    judge's error in the logit (`noise`).

    Standard errors are those of the posterior's normal approximation, widened by what is not known
    of s^2 and by items with several bridges. Up to 3,000 groups with bridges or anchors they are
    exact; beyond, they are sampled to about 1 % (always with the same draws). 112,000 groups of 30
    items with 4 bridges each take about 5 s of one processor, a fit of the groups included.

    References
    ----------
    Minka 2001, doi:10.48550/arXiv.1301.2294. Opper and Winther 2000,
    doi:10.1162/089976600300014881. Dempster, Laird and Rubin 1977,
    doi:10.1111/j.2517-6161.1977.tb01600.x.

    Examples
    --------
    Two queries with two documents each; all of the second one's are better.

    >>> import venire as vn
    >>> rows = vn.GroupedComparisons([7, 8], ["a", "a"], ["b", "b"], [0.6, 0.3], [20.0, 20.0])
    >>> gf = vn.fit_groups(rows)
    >>> found = vn.calibrate(gf, [7, 7], ["a", "b"], [8, 8], ["a", "b"], [0.2, 0.1], [10.0, 10.0])
    >>> found.bias.round(1).tolist()
    [-0.8, 0.8]
    >>> found.theta.round(1).tolist()
    [-0.6, -1.0, 0.4, 1.2]
    """
    threads = checks.n_threads(n_threads)
    _check(gf, variance, tol, max_iter)
    items = within(gf, threads)
    evidence = read(gf, items, first_group, first, second_group, second, score, weight, anchors)
    levels = find_levels(
        evidence,
        variance=None if variance is None else float(variance),
        tol=tol,
        max_iter=max_iter,
        n_threads=threads,
    )
    if not levels.converged:
        warnings.warn(
            f"the calibration did not converge: residual {levels.residual:.2g} after "
            f"{levels.n_iter} iterations, tol {tol:g}",
            ConvergenceWarning,
            stacklevel=2,
        )
    labels, sizes = evidence.components
    anchored = np.bincount(labels, evidence.anchored, len(sizes)) > 0
    _say_what_the_prior_does(evidence, anchored)
    n, known = len(labels), evidence.identified
    s2 = levels.scales.s2
    deviation, variances = np.zeros(n), np.full(n, s2 + levels.level_variance)
    deviation[evidence.active] = levels.deviation
    variances[evidence.active] = levels.variances
    if anchors is None:  # exact up to rounding already: bridges only move weight within components
        deviation -= (np.bincount(labels, deviation, len(sizes)) / sizes)[labels]
        variances -= s2 / np.count_nonzero(known)
    if not np.isfinite(variances[known]).all():
        warnings.warn(
            "the information of some groups' biases is singular to working precision: their "
            "standard errors are nan",
            RuntimeWarning,
            stacklevel=2,
        )
    return Calibration(
        fit=gf,
        bias=_frozen(np.where(known, levels.level + deviation, np.nan)),
        standard_errors=_frozen(np.where(known, np.sqrt(np.maximum(variances, 0.0)), np.nan)),
        variance=s2,
        dispersion=levels.scales.dispersion,
        noise=levels.scales.noise,
        level=levels.level,
        level_error=math.sqrt(levels.level_variance),
        components=evidence.components,
        anchored=_frozen(anchored),
        n_bridges=_frozen(evidence.weight),
        converged=levels.converged,
        residual=levels.residual,
        n_iter=levels.n_iter,
        relative_error=levels.relative_error,
        _items=items,
    )


def _say_what_the_prior_does(evidence: Evidence, anchored: np.ndarray) -> None:
    """Warn if some groups compare with others through the prior alone."""
    labels, sizes = evidence.components
    real = np.bincount(labels, evidence.identified, len(sizes)) > 0
    loose = real & ~anchored
    if not loose.any() or np.count_nonzero(real) == 1:
        return
    alone = int(np.count_nonzero(loose & (sizes == 1)))
    what = (
        "bridges link the groups" if not anchored.any() else "bridges and anchors hold the groups"
    )
    warnings.warn(
        f"{what} in {np.count_nonzero(real)} components, of which {np.count_nonzero(loose)} have "
        f"no anchor ({alone} of them a single group); between these only the prior compares",
        NotIdentifiedWarning,
        stacklevel=3,
    )


def _check(gf: Any, variance: Any, tol: Any, max_iter: Any) -> None:
    if not all(hasattr(gf, name) for name in ("groups", "offsets", "items", "theta", "scale")):
        checks.fail("gf", "must be a GroupedFit", value=type(gf).__name__, kind=TypeError)
    own = scales.scale_of(gf.model)
    if gf.scale != own:
        checks.fail(
            "gf",
            f"must be on the scale that its link uses, {own!r}: calibrate the fit itself and "
            "convert the result",
            value=gf.scale,
        )
    if variance is not None:
        least, most = 1.0 / checks.LARGEST, checks.LARGEST
        rule = f"must be finite and > 0, from {least:g} to {most:g}"
        checks.number(variance, "variance", rule, lambda x: least <= x <= most)
    checks.tol(tol)
    checks.max_iter(max_iter)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
