"""Coefficients of covariates: what they are worth, and what the items have of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.frames import as_frame
from venire._core.intervals import wald
from venire._core.tables import Table, Tabled
from venire.models import model_of

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["Coefficients", "Styled", "coefficients_of", "decimals", "size_shown", "terms_of"]

Floats = NDArray[np.float64]
RIDGE = 1e-10  # of the sums of squares of items' levels, beside the largest


@dataclass(frozen=True, eq=False, repr=False)
class Coefficients(Tabled):
    """Coefficients of a fit's covariates, as `Fit.coefficient_table` returns them.

    Attributes
    ----------
    names : tuple of str
    estimates, standard_errors : ndarray of float64, shape (K,)
        For one unit of the covariate, in the model's own unit of theta.
    z, p : ndarray of float64, shape (K,)
        Estimate over error, and how probable one as large is where the coefficient is 0.
    lower, upper : ndarray of float64, shape (K,)
        Wald intervals.
    spread : ndarray of float64, shape (K,)
        Root mean square of the differences of the comparisons; their mean says nothing, for either
        item may be first.
    effect : ndarray of float64, shape (K,)
        The estimate for one spread, in the unit in which the fit's ratings are shown.
    share : ndarray of float64, shape (K,)
        Points (a tie is half a point) of the one of two equals that has one spread more.
    errors : {"fisher", "robust", "none", "posterior"}, or the scheme of a bootstrap
    level : float
    notes : tuple of str

    Examples
    --------
    >>> import venire as vn
    >>> found = vn.fit_bradley_terry(vn.datasets.load_styles()).coefficient_table("robust")
    >>> found.names, found.spread.round(2).tolist(), found.share.round(3).tolist()
    (('length', 'markdown'), [1.36, 3.04], [0.635, 0.546])
    """

    names: tuple[str, ...]
    estimates: Floats
    standard_errors: Floats
    z: Floats
    p: Floats
    lower: Floats
    upper: Floats
    spread: Floats
    effect: Floats
    share: Floats
    errors: str
    level: float
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)

    def lines(self) -> list[str]:
        """One line for each, for the summaries of fits."""
        out = []
        for k, name in enumerate(self.names):
            d = decimals(self.estimates[k], self.standard_errors[k])
            known = (
                f"   SE {self.standard_errors[k]:.{d}f}   {100 * self.level:g} % "
                f"{self.lower[k]:.{d}f} to {self.upper[k]:.{d}f}"
            )
            known = known if self.errors != "none" else ""
            out.append(
                f"covariate {name} {self.estimates[k]:.{d}f}{known}"
                f"   {size_shown(self.spread[k])} more: {self.share[k]:.1%} of the points"
            )
        return out

    @property
    def _columns(self) -> dict[str, Any]:
        numbers = ("standard_errors", "z", "p", "lower", "upper", "spread", "effect", "share")
        named = {name.replace("errors", "error"): getattr(self, name) for name in numbers}
        return {"covariate": np.array(self.names, object), "estimate": self.estimates} | named

    def to_frame(self, backend: str | None = None) -> Any:
        """One row a covariate, as a data frame of `backend` ("pandas", "polars", "pyarrow", "dict";
        default: the first that is installed): covariate, estimate, standard_error, z, p, lower,
        upper, spread, effect, share."""
        return as_frame(self._columns, backend)

    def _table(self, top: int | None) -> Table:
        own = zip(self.estimates, self.standard_errors, strict=True)
        d = max((decimals(*both) for both in own), default=4)
        digits = dict.fromkeys(("estimate", "standard_error", "lower", "upper"), d)
        return Table.of([], self._columns, self.notes, top=top, digits=digits)

    def __str__(self) -> str:
        return str(self._table(None)).strip("\n")

    __repr__ = __str__


def decimals(estimate: float, error: float | None) -> int:
    """Decimals in which an error, or an estimate without one, has two digits; 4 to 12."""
    size = error if error is not None and np.isfinite(error) and error > 0.0 else abs(estimate)
    if not (np.isfinite(size) and size > 0.0):
        return 4
    return int(min(max(1 - np.floor(np.log10(size)), 4), 12))


def size_shown(spread: float) -> str:
    """A spread in three digits, or in whole numbers."""
    return f"{spread:.3g}" if spread < 1_000.0 or spread >= 1e7 else f"{spread:,.0f}"


class Styled:
    """A fit, as far as it has covariates."""

    def coefficient_table(
        self: Any, errors: str | None = "fisher", *, level: float = 0.95
    ) -> Coefficients:
        """The coefficients of the covariates, and what they are worth.

        Parameters
        ----------
        errors : {"fisher", "robust"} or None
            See `Ratings`. Where rows of one cluster (a prompt, a user) hang together, take "robust"
            with clusters: Fisher's can be several times too small. None: nan.
        level : float, default 0.95

        Returns
        -------
        Coefficients

        Raises
        ------
        ValueError
            If the fit has no covariates, or `errors` or `level` is none of its choices.

        Examples
        --------
        >>> import venire as vn
        >>> fit = vn.fit_bradley_terry(vn.datasets.load_styles())
        >>> found = fit.coefficient_table("robust")
        >>> found.names, found.estimates.round(3), found.standard_errors.round(3)
        (('length', 'markdown'), array([0.407, 0.061]), array([0.098, 0.026]))
        """
        return _table_of(self, errors, checks.level(level))

    def item_levels(self: Any) -> Floats:
        """What each item has of each covariate, (n_items, K), less the mean of its component.

        Comparisons know differences only: these are the numbers whose differences come closest to
        them, by least squares. `theta_at` has the ratings there.
        """
        found: Floats = self.own._once("item_levels", lambda: _item_levels(self.own))
        return found

    def theta_at(self: Any, levels: Any = None) -> Floats:
        """Ratings at other levels of the covariates than equal ones, at which theta is.

        Parameters
        ----------
        levels : mapping of str to array_like, or array_like of shape (n_items, K), optional
            What each item has of the covariates, in the order of `items`; a mapping may hold one
            number for all. Default: what it mostly has, `item_levels`: ratings as items are.

        Returns
        -------
        ndarray of float64, shape (n_items,)
            theta, and the coefficients times the levels, in the unit of theta.

        Examples
        --------
        >>> import venire as vn
        >>> fit = vn.fit_bradley_terry(vn.datasets.load_styles())
        >>> fit.items[fit.theta.argmax()], fit.items[fit.theta_at().argmax()]
        ('lynx-70b', 'heron-34b')
        """
        if self.coefficients is None and levels is None:
            return self.theta
        if levels is None:
            levels = self.item_levels()
        added: Floats = self.theta + self._unit * terms_of(self, levels, self.theta.shape)
        if added.shape != self.theta.shape:
            fail("levels", f"must be one for each of {len(self.theta)} items")
        return added


def _table_of(fit: Fit, errors: str | None, level: float) -> Coefficients:
    """`Fit.coefficient_table`."""
    if fit.coefficients is None:
        fail("fit", "has no covariates", cure="Comparisons(..., covariates=...)")
    if errors is None:
        error = np.full(len(fit.coefficients), np.nan)
    else:
        error = fit.own.parameter_errors(errors).coefficients
    ends = np.stack(wald(fit.coefficients, error, level))
    clustered = errors == "robust" and fit.comparisons.cluster is not None
    how = _ERRORS[errors] + ", clustered" * clustered
    note = f"SE: {how}; lower, upper: {100 * level:g} % Wald"
    if errors == "fisher" and fit.comparisons.cluster is not None:
        note += '; rows of one cluster count as independent, but not with errors="robust"'
    return coefficients_of(fit, error, ends, errors or "none", level, note)


_ERRORS = {None: "left out", "fisher": "Fisher information", "robust": "robust (sandwich)"}


def coefficients_of(
    fit: Fit, error: Floats, ends: Floats, errors: str, level: float, note: str
) -> Coefficients:
    """The table of these standard errors and ends of intervals, (2, K)."""
    from statistics import NormalDist

    beta: Any = fit.coefficients
    x: Any = fit.comparisons.covariates
    mass = fit.comparisons.win + fit.comparisons.loss + fit.comparisons.tie
    with np.errstate(divide="ignore", invalid="ignore"):
        z = beta / error
    normal = NormalDist()
    p = np.array([2.0 * normal.cdf(-abs(v)) if np.isfinite(v) else np.nan for v in z.tolist()])
    scale = np.maximum(np.abs(x).max(axis=0), 1e-300)
    spread = scale * np.sqrt(mass @ np.square(x / scale) / mass.sum())
    chances = model_of(fit.model).probabilities(beta * spread, fit.log_tie)
    share = chances if fit.tie is None else chances[..., 0] + 0.5 * chances[..., 1]
    about = (
        f"effect: of one spread (root mean square difference), in {fit.display.words}; share: of "
        "the points against an equal that has one spread less"
    )
    return Coefficients(
        fit.covariate_names, beta, error, z, p, ends[0], ends[1], spread,
        fit._unit * beta * spread, share, errors, level, (note, about),
    )  # fmt: skip


def terms_of(fit: Fit, covariates: Any, shape: tuple[int, ...]) -> Any:
    """What covariates add to differences of theta of this shape; 0 where none are given.

    An array of one axis more, or a mapping of names to arrays; of shapes that broadcast.
    """
    if covariates is None:
        return 0.0
    if fit.coefficients is None:
        fail("covariates", "the fit has none", value=covariates)
    columns = _columns_of(fit.covariate_names, covariates)
    total: Any = 0.0
    for beta, name, column in zip(fit.coefficients, fit.covariate_names, columns, strict=True):
        x = checks.numeric(column, "covariates").astype(np.float64)
        try:
            shape = np.broadcast_shapes(x.shape, shape)
        except ValueError:
            reason = f"of {name!r} has shape {x.shape}, which does not go with {shape}"
            fail("covariates", reason)
        checks.every(np.isfinite(x), "covariates", f"of {name!r} must be finite", x)
        with np.errstate(over="ignore"):  # no more than certain
            total = total + beta * x
    return total


def _columns_of(names: tuple[str, ...], given: Any) -> list[Any]:
    """One array of each covariate."""
    if isinstance(given, Mapping) or hasattr(given, "columns"):
        have = [str(name) for name in (given if isinstance(given, Mapping) else given.columns)]
        for name in names:
            if name not in have:
                fail("covariates", f"lacks {name!r}", cure=f"it needs {', '.join(names)}")
        for name in have:
            if name not in names:
                fail("covariates", f"{name!r} is none of the fit's: {', '.join(names)}")
        return [given[name] for name in names]
    array = checks.numeric(given, "covariates")
    if array.ndim and array.shape[-1] == len(names):
        return [array[..., k] for k in range(len(names))]
    if len(names) == 1:
        return [array]
    return fail(
        "covariates", f"must have {len(names)} numbers for each comparison ({', '.join(names)})"
    )


def _item_levels(fit: Fit) -> Floats:
    """`Styled.item_levels`: least squares by weight, with mean 0 in each component."""
    c, n = fit.comparisons, len(fit.theta)
    layout = fit._information.layout
    out = np.zeros((n, len(fit.covariate_names)))
    if not out.size:
        return out
    from scipy.sparse import coo_array, diags_array
    from scipy.sparse.linalg import spsolve

    used = fit.component[c.first] == fit.component[c.second]
    i, j, mass = c.first[used], c.second[used], (c.win + c.loss + c.tie)[used]
    scale = float(mass.max(initial=1.0))
    weight = mass / scale
    upper = coo_array((-weight, (i, j)), shape=(n, n))
    diagonal = np.bincount(i, weight, n) + np.bincount(j, weight, n)
    laplacian = (upper + upper.T + diags_array(diagonal + RIDGE)).tocsc()
    assert c.covariates is not None
    x = weight[:, None] * c.covariates[used]
    slopes = np.stack([np.bincount(i, s, n) - np.bincount(j, s, n) for s in x.T])
    out[:] = np.reshape(spsolve(laplacian, slopes.T), out.shape)
    for k in range(out.shape[1]):
        out[:, k] -= (np.bincount(fit.component, out[:, k]) / layout.sizes)[fit.component]
    return out
