"""Which way a covariance is computed: by exact blocks, by solves, or by sampling."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.ratings import _clusters, _covariance, _goodness, _information, _posterior, _sampled
from venire.ratings.solver import InformationSolver

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["ERRORS", "Information", "ParameterErrors"]

ERRORS = ("fisher", "robust")
METHODS = ("auto", "exact", "sampled")
MOST_SAMPLES = 1_000_000
MAX_DENSE = 8_000  # rows of a covariance matrix that is handed out
LOOKED_AT = 8  # of each sort
_FEW = 256  # contrasts up to which a large graph is solved for each rather than sampled


class ParameterErrors(NamedTuple):
    """Standard errors of the parameters besides theta; None where there is no free one.

    Of groups that have parameters of their own they are arrays, (n_groups,), nan where a group has
    no fit, or no ties.

    Attributes
    ----------
    order_effect : float, ndarray or None
        Of gamma.
    tie : float, ndarray or None
        Of nu or eta, by the delta method: tie times the error of its log.
    log_tie : float, ndarray or None
        Of the log of the tie parameter, the scale on which the fit is closest to normal.
    coefficients : ndarray or None
        Of the coefficients of covariates, (K,).
    """

    order_effect: Any
    tie: Any
    log_tie: Any
    coefficients: Any = None


class Information:
    """The information of a fit, and the covariances that follow from it.

    Positions stand for items; `errors` is "fisher" for the inverse information, "robust" for the
    sandwich. What is computed is kept.
    """

    def __init__(self, fit: Fit) -> None:
        self.fit = fit
        self._kept: dict[Any, Any] = {}

    @cached_property
    def layout(self) -> _information.Layout:
        """Cells, items and parameters of the fit."""
        return _information.Layout(self.fit)

    @cached_property
    def curvature(self) -> _information.Moments:
        """Minus the second derivatives of the cells' log-likelihoods."""
        return _information.curvatures(self.fit, self.layout)

    @cached_property
    def exact(self) -> _covariance.ExactInverse:
        """The dense inverse, component by component."""
        return _covariance.ExactInverse(self.layout, self.curvature)

    @cached_property
    def solver(self) -> _sampled.SolverInverse:
        """The inverse applied by the solver of the fits."""
        return _sampled.SolverInverse(InformationSolver(self.fit, self.layout), self.layout)

    def rounded_slopes(self, n_draws: int, size: float) -> np.ndarray:
        """Slopes that are nothing but rounding: see `_information.rounded_slopes`."""
        return _information.rounded_slopes(self.fit, self.layout, n_draws, size)

    @cached_property
    def saturated(self) -> float:
        """Log-likelihood of the saturated model."""
        return _goodness.saturated_log_likelihood(self.layout)

    @cached_property
    def null(self) -> float:
        """Log-likelihood of equal strengths."""
        return _goodness.null_log_likelihood(self.layout)

    def standard_errors(
        self, errors: str, method: str, n_samples: int | None, rng: Any
    ) -> np.ndarray:
        """Standard errors of theta, (n,)."""
        _known(errors, method)
        if self.is_exact(method):
            return _with_level(self.layout, self.deviation_errors(errors, method))
        return self.sampled_errors(errors, n_samples, rng).standard_errors

    def deviation_errors(self, errors: str, method: str = "auto") -> np.ndarray:
        """Standard errors of theta less the level of its component, (n,)."""
        if not self.is_exact(method):
            return self._sampled_deviations(errors, None, 0).standard_errors
        key = ("deviation_errors", errors)
        if key not in self._kept:
            self._kept[key] = _root(self.exact.diagonal(self._meat(errors)))
        return self._kept[key].copy()

    def sampled_errors(
        self, errors: str, n_samples: int | None, rng: Any
    ) -> _sampled.SampledErrors:
        """Sampled standard errors of theta with their own error."""
        own, relative, drawn = self._sampled_deviations(errors, n_samples, rng)
        whole = _with_level(self.layout, own)
        if self.layout.is_fixed:
            relative = relative * (own / whole) ** 2
        return _sampled.SampledErrors(whole, relative, drawn)

    def _sampled_deviations(
        self, errors: str, n_samples: int | None, rng: Any
    ) -> _sampled.SampledErrors:
        _known(errors, "sampled")
        if n_samples is not None:
            n_samples = checks.whole(n_samples, "n_samples", 2, MOST_SAMPLES)
        key = ("sampled", errors, n_samples, rng) if isinstance(rng, int) else None
        if key is None or key not in self._kept:
            layout = self.layout
            own = _diagonal(layout, self.curvature[0])
            own += layout.level_ridge
            factor = self.factor(errors)
            known = (
                own
                if errors == "fisher"
                else np.asarray(factor.multiply(factor).sum(axis=1)).ravel()
            )
            variances, relative, drawn = _sampled.sampled_variances(
                self.solver,
                factor,
                robust=errors == "robust",
                ridge=layout.ridge,
                rng=rng,
                n_samples=n_samples,
                known=known[: layout.n],
                information=own,
                looked_at=_looked_at(self.fit.theta, layout.games),
            )
            result = _sampled.SampledErrors(np.sqrt(variances), relative, drawn)
            if key is None:
                return result
            self._kept[key] = result
        kept = self._kept[key]
        return kept._replace(
            standard_errors=kept.standard_errors.copy(), relative_error=kept.relative_error.copy()
        )

    def covariance(self, errors: str, items: np.ndarray | None, full: bool) -> np.ndarray:
        """Covariance of theta of `items`, with the other parameters appended if `full`."""
        out, chosen = self.deviations(errors, items, full)
        mine, n = self.layout.component[chosen], len(chosen)
        level = _levels(self.layout)[mine]
        if level.any():
            out[:n, :n] += np.where(mine[:, None] == mine[None, :], level, 0.0)
        return out

    def deviations(
        self, errors: str, items: np.ndarray | None = None, full: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """The same of theta less the level of its component, and the positions of the items."""
        _known(errors, "auto")
        layout = self.layout
        chosen = np.arange(layout.n) if items is None else items
        if len(chosen) > MAX_DENSE:
            checks.fail(
                "items",
                f"a covariance matrix of {len(chosen)} items is too large: at most {MAX_DENSE}",
            )
        if not self.is_exact():
            return self._solved(_unit_rows(layout, chosen, full), errors), chosen
        exact, meat = self.exact, self._meat(errors)
        out = exact.between(chosen, meat)
        if full and layout.m:
            cross = exact.cross(chosen, meat)
            out = np.block([[out, cross], [cross.T, exact.nuisance(meat)]])
        return out, chosen

    def posterior(self, errors: str, key: tuple[int, int]) -> _posterior.Posterior:
        """Draws of the parameters around their estimates."""
        _known(errors, "auto")
        return _posterior.Posterior(self, errors, key)

    def parameter_covariance(self, errors: str) -> np.ndarray:
        """Covariance of gamma, coefficients and log tie, those that there are, (m, m)."""
        _known(errors, "auto")
        layout = self.layout
        if not layout.m:
            return np.empty((0, 0))
        if self.is_exact():
            return self.exact.nuisance(self._meat(errors))
        return self.covariance(errors, np.empty(0, np.int64), True)

    def difference_errors(
        self,
        first: np.ndarray,
        second: np.ndarray,
        errors: str,
        method: str,
        n_samples: int | None,
        rng: Any,
    ) -> np.ndarray:
        """Standard errors of theta[first] - theta[second], (n,); arguments are positions."""
        _known(errors, method)
        if n_samples is not None:
            n_samples = checks.whole(n_samples, "n_samples", 2, MOST_SAMPLES)
        layout = self.layout
        if self.is_exact(method):
            variance = self._exact_differences(first, second, errors)
        elif len(first) <= _FEW and method != "sampled":
            rows = _difference_rows(layout, first, second)
            variance = np.diagonal(self._solved(rows, errors)).copy()
        else:
            variance, drawn = np.zeros(len(first)), n_samples or _sampled.MOST
            ridge = layout.ridge if errors == "fisher" else 0.0
            for _, y in _sampled.probes(self.solver, self.factor(errors), ridge, rng, drawn):
                variance += np.sum((y[:, first] - y[:, second]) ** 2, axis=0)
            variance /= drawn
        return _root(self._with_levels(variance, first, second))

    def _with_levels(
        self, variance: np.ndarray, first: np.ndarray, second: np.ndarray
    ) -> np.ndarray:
        """Variances of differences with those of the levels of two components."""
        if not self.layout.prior.given:
            return variance
        a, b = self.layout.component[first], self.layout.component[second]
        level = self.layout.level_variance
        return variance + np.where(a != b, level[a] + level[b], 0.0)

    def anchored_errors(
        self, anchor: int, errors: str, method: str, n_samples: int | None, rng: Any
    ) -> _sampled.SampledErrors:
        """Standard errors of theta less that of the item at `anchor`, with their own error, (n,).

        Too large for a dense inverse: the sampled variances, and the anchor's column of the
        covariance from a solve. Where next to nothing is left of the two (neighbours on a long
        chain), the differences themselves are sampled.
        """
        layout, everyone = self.layout, np.arange(self.layout.n)
        others = np.full(layout.n, anchor)
        if self.is_exact(method):
            exact = self.difference_errors(everyone, others, errors, method, n_samples, rng)
            return _sampled.SampledErrors(exact, np.zeros(layout.n), 0)
        own, relative, drawn = self._sampled_deviations(errors, n_samples, rng)
        column, variance = self._column(anchor, errors), own**2
        variance[anchor] = column[anchor]
        relative[anchor] = 0.0
        out = (variance - column) + (column[anchor] - column)
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.where(everyone == anchor, 0.0, relative * variance / out)
        out = _root(self._with_levels(out, everyone, others))
        sure = 1.0 / np.sqrt(2.0 * (n_samples or _sampled.MOST))  # of differences that are sampled
        lost = np.flatnonzero(~((relative >= 0.0) & (relative <= sure)))
        if len(lost):
            args = (errors, "sampled", n_samples, rng)
            out[lost] = self.difference_errors(lost, others[lost], *args)
            relative[lost] = sure
        return _sampled.SampledErrors(out, relative, drawn)

    def _column(self, item: int, errors: str) -> np.ndarray:
        """Covariances of theta of the item at `item` with all, (n,), by solves."""
        unit = np.zeros((1, self.layout.n + self.layout.m))
        unit[0, item] = 1.0
        x = self.solver.columns(unit)
        if errors == "robust":
            factor = self.factor(errors)
            x = self.solver.columns((factor @ (factor.T @ x[0]))[None])
        return x[0, : self.layout.n]

    def anchored_covariance(
        self, anchor: int, errors: str, items: np.ndarray, full: bool
    ) -> np.ndarray:
        """Covariance of theta of `items` less that of the item at `anchor`; as `covariance`."""
        n, together = len(items), np.append(items, anchor)
        among = self.covariance(errors, together, full)
        out = np.delete(np.delete(among, n, 0), n, 1)
        out[:n, n:] -= among[n, n + 1 :]
        out[n:, :n] = out[:n, n:].T
        out[:n, :n] = self.difference_covariance(items, np.full(n, anchor), errors)
        return out

    def difference_covariance(
        self, first: np.ndarray, second: np.ndarray, errors: str
    ) -> np.ndarray:
        """Covariance matrix of the differences theta[first] - theta[second]; positions."""
        _known(errors, "auto")
        layout, n = self.layout, len(first)
        if n > MAX_DENSE:
            checks.fail(
                "first", f"{n} differences are too many for one matrix: at most {MAX_DENSE}"
            )
        if self.is_exact():
            items, place = np.unique(np.concatenate([first, second]), return_inverse=True)
            among = self.exact.between(items, self._meat(errors))
            i, j = place[:n], place[n:]
            half = among[i] - among[j]
            out = half[:, i] - half[:, j]
        else:
            rows = _difference_rows(layout, first, second)
            out = self._solved(rows, errors)
        apart = np.flatnonzero(layout.component[first] != layout.component[second])
        if layout.prior.given and len(apart):
            levels = np.zeros((n, len(layout.sizes)))
            levels[apart, layout.component[first[apart]]] = 1.0
            levels[apart, layout.component[second[apart]]] = -1.0
            out += (levels * layout.level_variance) @ levels.T
        return (out + out.T) / 2.0

    def _exact_differences(self, first: np.ndarray, second: np.ndarray, errors: str) -> np.ndarray:
        exact, meat = self.exact, self._meat(errors)
        layout = self.layout
        out = np.empty(len(first))
        order = np.argsort(layout.position[first], kind="stable")
        step = len(order) if layout.n <= _covariance.MAX_EXACT else 1_000
        for k in range(0, len(order), max(step, 1)):
            chunk = order[k : k + step]
            pairs = np.concatenate([first[chunk], second[chunk]])
            items, place = np.unique(pairs, return_inverse=True)
            among = exact.between(items, meat)
            i, j = place[: len(chunk)], place[len(chunk) :]
            out[chunk] = (among[i, i] - among[i, j]) + (among[j, j] - among[j, i])
        return out

    def is_exact(self, method: str = "auto") -> bool:
        """Whether `method` means a dense inverse for this fit."""
        layout = self.layout
        if method == "exact" and not _covariance.within_memory(layout):
            raise ValueError(
                f"method: 'exact' needs a dense matrix of {layout.sizes.max()} items, which is "
                "over 1.5 GB; use 'sampled', or ask for the covariance of a few items"
            )
        return method == "exact" or (method == "auto" and _covariance.fits_exactly(layout))

    def _solved(self, contrasts: np.ndarray, errors: str) -> np.ndarray:
        """Covariance of contrasts, rows of parameters, by solves."""
        factor = self.factor(errors) if errors == "robust" else None
        return self.solver.covariance(contrasts, factor)

    def _meat(self, errors: str) -> _covariance.Meat | None:
        """The middle of the sandwich in the blocked numbering; None for the inverse itself."""
        if errors == "fisher":
            return None
        if "meat" not in self._kept:
            layout, forms = self.layout, _information
            if layout.cluster is None:
                meat: _covariance.Meat = forms.Form(layout, forms.row_scores(self.fit, layout))
            elif len(layout.sizes) == 1:
                meat = _clusters.ClusterForm(self.fit, layout)
            else:
                meat = _clusters.ScoreForm(_clusters.cluster_scores(self.fit, layout, blocked=True))
            self._kept["meat"] = meat
        return self._kept["meat"]

    def factor(self, errors: str) -> Any:
        """J (information = J J', without the prior) or Z (scores' products = Z Z')."""
        layout = self.layout
        if errors == "fisher":
            return _information.score_roots(layout, self.curvature)
        if layout.cluster is not None:
            return _clusters.cluster_scores(self.fit, layout)
        return _information.score_roots(layout, _information.row_scores(self.fit, layout))


def _known(errors: str, method: str) -> None:
    checks.one_of(errors, "errors", ERRORS)
    checks.one_of(method, "method", METHODS)


def _diagonal(layout: _information.Layout, dd: np.ndarray) -> np.ndarray:
    out = np.bincount(layout.first, dd, layout.n)
    return out + np.bincount(layout.second, dd, layout.n)


def _looked_at(theta: np.ndarray, games: np.ndarray) -> np.ndarray:
    """Items that people look at: the strongest, and those with most comparisons."""
    top = [np.argsort(-x, kind="stable")[:LOOKED_AT] for x in (theta, games)]
    return np.array(list(dict.fromkeys(np.stack(top, axis=1).ravel().tolist())))


def _unit_rows(layout: _information.Layout, items: np.ndarray, full: bool) -> np.ndarray:
    extra = layout.m if full else 0
    rows = np.zeros((len(items) + extra, layout.n + layout.m))
    rows[np.arange(len(items)), items] = 1.0
    for k in range(extra):
        rows[len(items) + k, layout.n + k] = 1.0
    return rows


def _difference_rows(
    layout: _information.Layout, first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    rows = np.zeros((len(first), layout.n + layout.m))
    rows[np.arange(len(first)), first] += 1.0
    rows[np.arange(len(first)), second] -= 1.0
    return rows


def _with_level(layout: _information.Layout, errors: np.ndarray) -> np.ndarray:
    """Standard errors of theta from those of its deviations: where theta has an origin, and of an
    item alone in its component, of which a prior, or nothing, is known."""
    return np.sqrt(errors**2 + _levels(layout)[layout.component])


def _levels(layout: _information.Layout) -> np.ndarray:
    """What the level of each component adds to the variance of its items' theta."""
    return layout.levels if layout.is_fixed else np.where(layout.sizes == 1, layout.levels, 0.0)


def _root(variance: np.ndarray) -> np.ndarray:
    """Square roots; what rounding made negative is 0."""
    return np.sqrt(np.maximum(variance, 0.0))
