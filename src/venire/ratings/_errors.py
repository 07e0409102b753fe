"""Which way a covariance is computed: by exact blocks, by solves, or by sampling."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.ratings import _covariance, _information, _sampled

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = [
    "KINDS",
    "ParameterErrors",
    "covariance",
    "difference_covariance",
    "difference_errors",
    "is_exact",
    "layout_of",
    "parameter_covariance",
    "sampled_errors",
    "standard_errors",
]

KINDS = ("fisher", "robust")
METHODS = ("auto", "exact", "sampled")
MOST_SAMPLES = 1_000_000
MAX_DENSE = 8_000  # rows of a covariance matrix that is handed out
_FEW = 256  # contrasts up to which a large graph is solved for each rather than sampled


class ParameterErrors(NamedTuple):
    """Standard errors of the parameters besides theta; None where there is no free one.

    Attributes
    ----------
    order_effect : float or None
        Of gamma.
    tie : float or None
        Of nu or eta, by the delta method: tie times the error of its log.
    log_tie : float or None
        Of the log of the tie parameter, the scale on which the fit is closest to normal.
    """

    order_effect: float | None
    tie: float | None
    log_tie: float | None


def layout_of(fit: Fit) -> _information.Layout:
    """Cells, items and parameters of the fit; made once."""
    if "layout" not in fit._cache:
        fit._cache["layout"] = _information.Layout(fit)
    return fit._cache["layout"]


def standard_errors(
    fit: Fit, kind: str, method: str, n_samples: int | None, rng: Any
) -> np.ndarray:
    """Standard errors of theta, (n,)."""
    _known(kind, method)
    if is_exact(fit, method):
        return _with_level(fit, deviation_errors(fit, kind))
    return sampled_errors(fit, kind, n_samples, rng).standard_errors


def deviation_errors(fit: Fit, kind: str) -> np.ndarray:
    """Standard errors of theta less the level of its component, (n,)."""
    if not is_exact(fit):
        return _sampled_deviations(fit, kind, None, 0).standard_errors
    key = ("deviation_errors", kind)
    if key not in fit._cache:
        fit._cache[key] = _root(_exact(fit).diagonal(_meat(fit, kind)))
    return fit._cache[key].copy()


def sampled_errors(fit: Fit, kind: str, n_samples: int | None, rng: Any) -> _sampled.SampledErrors:
    """Sampled standard errors of theta with their own error."""
    own, relative, drawn = _sampled_deviations(fit, kind, n_samples, rng)
    errors = _with_level(fit, own)
    if layout_of(fit).is_fixed:
        relative = relative * (own / errors) ** 2
    return _sampled.SampledErrors(errors, relative, drawn)


def _sampled_deviations(
    fit: Fit, kind: str, n_samples: int | None, rng: Any
) -> _sampled.SampledErrors:
    _known(kind, "sampled")
    if n_samples is not None:
        n_samples = checks.whole(n_samples, "n_samples", 2, MOST_SAMPLES)
    key = ("sampled", kind, n_samples, rng) if isinstance(rng, int) else None
    if key is None or key not in fit._cache:
        layout = layout_of(fit)
        own = _diagonal(layout, _curvature(fit)[0])
        own += layout.level_ridge
        factor = _factor(fit, kind)
        known = own if kind == "fisher" else np.asarray(factor.multiply(factor).sum(axis=1)).ravel()
        variances, relative, drawn = _sampled.sampled_variances(
            _solver(fit),
            factor,
            robust=kind == "robust",
            ridge=layout.ridge,
            rng=rng,
            n_samples=n_samples,
            known=known[: layout.n],
            information=own,
        )
        result = _sampled.SampledErrors(np.sqrt(variances), relative, drawn)
        if key is None:
            return result
        fit._cache[key] = result
    kept = fit._cache[key]
    return kept._replace(
        standard_errors=kept.standard_errors.copy(), relative_error=kept.relative_error.copy()
    )


def covariance(fit: Fit, kind: str, items: np.ndarray | None, full: bool) -> np.ndarray:
    """Covariance of theta of `items` (positions), with the other parameters appended if `full`."""
    _known(kind, "auto")
    layout = layout_of(fit)
    chosen = np.arange(layout.n) if items is None else items
    if len(chosen) > MAX_DENSE:
        checks.fail(
            "items", f"a covariance matrix of {len(chosen)} items is too large: at most {MAX_DENSE}"
        )
    if not is_exact(fit):
        rows = _unit_rows(layout, chosen, full)
        out = _solver(fit).covariance(rows, _factor(fit, kind) if kind == "robust" else None)
    else:
        exact, meat = _exact(fit), _meat(fit, kind)
        out = exact.between(chosen, meat)
        if full and layout.m:
            cross = exact.cross(chosen, meat)
            out = np.block([[out, cross], [cross.T, exact.nuisance(meat)]])
    if layout.is_fixed:
        mine, n = layout.component[chosen], len(chosen)
        level = layout.level_variance[mine]
        out[:n, :n] += np.where(mine[:, None] == mine[None, :], level, 0.0)
    return out


def parameter_covariance(fit: Fit, kind: str) -> np.ndarray:
    """Covariance of gamma and log tie, those that are free, (m, m)."""
    _known(kind, "auto")
    layout = layout_of(fit)
    if not layout.m:
        return np.empty((0, 0))
    if is_exact(fit):
        return _exact(fit).nuisance(_meat(fit, kind))
    return covariance(fit, kind, np.empty(0, np.int64), True)


def difference_errors(
    fit: Fit,
    first: np.ndarray,
    second: np.ndarray,
    kind: str,
    method: str,
    n_samples: int | None,
    rng: Any,
) -> np.ndarray:
    """Standard errors of theta[first] - theta[second], (n,); arguments are positions."""
    _known(kind, method)
    if n_samples is not None:
        n_samples = checks.whole(n_samples, "n_samples", 2, MOST_SAMPLES)
    layout = layout_of(fit)
    if is_exact(fit, method):
        variance = _exact_differences(fit, first, second, kind)
    elif len(first) <= _FEW and method != "sampled":
        rows = _difference_rows(layout, first, second)
        factor = _factor(fit, kind) if kind == "robust" else None
        variance = np.diagonal(_solver(fit).covariance(rows, factor)).copy()
    else:
        variance, drawn = np.zeros(len(first)), n_samples or _sampled.MOST
        ridge = layout.ridge if kind == "fisher" else 0.0
        for _, y in _sampled.probes(_solver(fit), _factor(fit, kind), ridge, rng, drawn):
            variance += np.sum((y[:, first] - y[:, second]) ** 2, axis=0)
        variance /= drawn
    a, b = layout.component[first], layout.component[second]
    if layout.prior.given:
        level = layout.level_variance
        variance += np.where(a != b, level[a] + level[b], 0.0)
    return _root(variance)


def difference_covariance(fit: Fit, first: np.ndarray, second: np.ndarray, kind: str) -> np.ndarray:
    """Covariance matrix of the differences theta[first] - theta[second]; positions."""
    _known(kind, "auto")
    layout = layout_of(fit)
    n = len(first)
    if n > MAX_DENSE:
        checks.fail("first", f"{n} differences are too many for one matrix: at most {MAX_DENSE}")
    if is_exact(fit):
        items, place = np.unique(np.concatenate([first, second]), return_inverse=True)
        among = _exact(fit).between(items, _meat(fit, kind))
        i, j = place[:n], place[n:]
        half = among[i] - among[j]
        out = half[:, i] - half[:, j]
    else:
        rows = _difference_rows(layout, first, second)
        out = _solver(fit).covariance(rows, _factor(fit, kind) if kind == "robust" else None)
    apart = np.flatnonzero(layout.component[first] != layout.component[second])
    if layout.prior.given and len(apart):
        levels = np.zeros((n, len(layout.sizes)))
        levels[apart, layout.component[first[apart]]] = 1.0
        levels[apart, layout.component[second[apart]]] = -1.0
        out += (levels * layout.level_variance) @ levels.T
    return (out + out.T) / 2.0


def _exact_differences(fit: Fit, first: np.ndarray, second: np.ndarray, kind: str) -> np.ndarray:
    exact, meat = _exact(fit), _meat(fit, kind)
    layout = layout_of(fit)
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


def _known(kind: str, method: str) -> None:
    checks.one_of(kind, "kind", KINDS)
    checks.one_of(method, "method", METHODS)


def is_exact(fit: Fit, method: str = "auto") -> bool:
    """Whether `method` means a dense inverse for this fit."""
    layout = layout_of(fit)
    if method == "exact" and not _covariance.within_memory(layout):
        raise ValueError(
            f"method: 'exact' needs a dense matrix of {layout.sizes.max()} items, which is over "
            "1.5 GB; use 'sampled', or ask for the covariance of a few items"
        )
    return method == "exact" or (method == "auto" and _covariance.fits_exactly(layout))


def _curvature(fit: Fit) -> _information.Moments:
    if "curvature" not in fit._cache:
        fit._cache["curvature"] = _information.curvatures(fit, layout_of(fit))
    return fit._cache["curvature"]


def _exact(fit: Fit) -> _covariance.ExactInverse:
    if "exact" not in fit._cache:
        fit._cache["exact"] = _covariance.ExactInverse(layout_of(fit), _curvature(fit))
    return fit._cache["exact"]


def _solver(fit: Fit) -> _sampled.SolverInverse:
    if "solver" not in fit._cache:
        fit._cache["solver"] = _sampled.SolverInverse(fit._laplacian(), layout_of(fit))
    return fit._cache["solver"]


def _meat(fit: Fit, kind: str) -> _information.Form | _information.ScoreForm | None:
    """The middle of the sandwich in the blocked numbering; None for the inverse itself."""
    if kind == "fisher":
        return None
    layout = layout_of(fit)
    if layout.cluster is not None:
        return _information.ScoreForm(_information.cluster_scores(fit, layout, blocked=True))
    return _information.Form(layout, _information.row_scores(fit, layout))


def _factor(fit: Fit, kind: str) -> Any:
    """J (information = J J', without the prior) or Z (scores' products = Z Z')."""
    layout = layout_of(fit)
    if kind == "fisher":
        return _information.score_roots(layout, _curvature(fit))
    if layout.cluster is not None:
        return _information.cluster_scores(fit, layout)
    return _information.score_roots(layout, _information.row_scores(fit, layout))


def _diagonal(layout: _information.Layout, dd: np.ndarray) -> np.ndarray:
    out = np.bincount(layout.first, dd, layout.n)
    return out + np.bincount(layout.second, dd, layout.n)


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


def _with_level(fit: Fit, errors: np.ndarray) -> np.ndarray:
    """Standard errors of theta from those of its deviations, where theta has an origin."""
    layout = layout_of(fit)
    if not layout.is_fixed:
        return errors
    return np.sqrt(errors**2 + layout.level_variance[layout.component])


def _root(variance: np.ndarray) -> np.ndarray:
    """Square roots; what rounding made negative is 0."""
    return np.sqrt(np.maximum(variance, 0.0))
