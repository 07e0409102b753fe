"""The one way through all fits: check, look whether a fit exists, iterate, say what happened."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.asked import wanted
from venire.data.comparisons import Comparisons
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.models import model_of
from venire.priors import GaussianPrior, ItemPriors, check_prior, item_priors
from venire.ratings._evidence import Evidence, dispersion_of_age, pearson_of
from venire.ratings._evidence_single import find_precision
from venire.ratings._existence import require_existence
from venire.ratings._mm import newman
from venire.ratings._prior_means import Leagues, leagues_of
from venire.ratings.covariates import (
    near_start,
    refuse_constant,
    refusing_unbounded,
    require_finite,
)
from venire.ratings.fit import Fit
from venire.ratings.newton import FAR, Progress, Result, newton
from venire.ratings.problem import build_problem
from venire.ratings.separation import Seen

if TYPE_CHECKING:
    from venire._native.problem import Preconditioner

__all__ = [
    "check_arguments", "fit", "fit_quietly", "guess", "theta_of", "tie_of", "trouble",
]  # fmt: skip

NEAR = 0.1  # what the first solve may leave of the residual with a preconditioner at hand
MOST_LOG_TIE = 700.0  # of a fit that does not converge: its exponential is a number


def fit(
    c: Comparisons,
    model: str,
    *,
    prior: GaussianPrior | None = None,
    order_effect: bool = False,
    method: str = "auto",
    init: ArrayLike | Fit | None = None,
    tol: float = 1e-9,
    max_iter: int | None = None,
    n_threads: int | None = None,
    progress: Progress | None = None,
    components: str = "weak",
) -> Fit:
    """The door of the functions that users call, in their name."""
    wanted(c, "c", Comparisons)
    model = model_of(model).name
    check_arguments(model, prior, order_effect, tol, max_iter, progress)
    _check_method(model, prior, method, components, c.covariate_names)
    found, remarks = fit_quietly(
        model, c, prior=prior, order_effect=order_effect, method=method, init=init, tol=tol,
        max_iter=max_iter, n_threads=n_threads, progress=progress, components=components,
    )  # fmt: skip
    for text, category in remarks:
        warnings.warn(text, category, stacklevel=4)
    return found


def fit_quietly(
    model: str,
    c: Comparisons,
    *,
    prior: GaussianPrior | None,
    order_effect: bool,
    method: str,
    init: ArrayLike | Fit | None,
    tol: float,
    max_iter: int | None,
    n_threads: int | None,
    progress: Progress | None,
    components: str,
    component: NDArray[np.int32] | None = None,
    donor: Preconditioner | None = None,
) -> tuple[Fit, list[tuple[str, type[Warning]]]]:
    """The fit, and what its caller should be warned of; arguments are not checked.

    `component` is that of items of which a fit is known to exist; a `donor` goes with a near start.
    """
    threads = checks.n_threads(n_threads)
    remarks: list[tuple[str, type[Warning]]] = []
    evidence: Evidence | None = None
    used, leagues = c, leagues_of(prior, c, order_effect)
    own = item_priors(_of_deviations(prior), c.items)
    refuse_constant(c, order_effect)
    if component is None:
        if components == "strong" and prior is None:
            used = c.within(c.components("strong").labels)
        component = require_existence(used, model, order_effect=order_effect, prior=own.given)
    problem = build_problem(
        used, model, prior=own, order_effect=order_effect, leagues=leagues, n_threads=threads
    )
    law = model_of(model).tie
    free_tie = law is not None and used.cells.tie is not None
    start = _start(used, model, init, order_effect, free_tie, leagues)
    start[: c.n_items] = own.levelled(start[: c.n_items] - own.centre, component)
    if method == "mm":
        result = newman(
            problem, start, component, order_effect=order_effect, tol=tol, max_iter=max_iter,
            progress=progress,
        )  # fmt: skip
    else:
        lower = np.full(len(start) - c.n_items, -np.inf) if len(start) > c.n_items else None
        if lower is not None and law is not None and free_tie:
            lower[-1] = law.log_boundary
        names = c.covariate_names
        if names and init is None:
            start = near_start(problem, start, used.n_cells, lower)
            start[: c.n_items] = own.levelled(start[: c.n_items], component)
        if donor is not None:
            problem.adopt(donor)
        how: Any = {"lower": lower, "tol": tol, "max_iter": max_iter, "progress": progress}
        columns = names if leagues is None else names + leagues.column_names
        how["restless"] = refusing_unbounded(problem, columns, order_effect)
        if prior is not None and prior.is_estimated:
            evidence, result = _by_evidence(
                c, model, problem, start, own, component, init, leagues, how
            )
            prior = prior.at(evidence.precision)
            own = item_priors(_of_deviations(prior), c.items)
        else:
            result = newton(problem, start, forcing=FAR if donor is None else NEAR, **how)
        seen = partial(Seen.of, used, order_effect, free_tie, leagues and leagues.covariates)
        require_finite(
            problem, result, model, seen, columns, has_gamma=order_effect, tol=tol,
            prior=own.given, leagues=leagues,
        )  # fmt: skip
    if not result.converged:
        remarks.append((trouble(result, tol), ConvergenceWarning))
    note = "" if prior is not None else _apart(component, components)
    if note:
        remarks.append((note, NotIdentifiedWarning))
    fit = _result(
        c, model, prior, own, order_effect, method, tol, threads, problem, result, component,
        free_tie, note, components,
    )  # fmt: skip
    fit, notes = _with_findings(fit, evidence, leagues, problem, result.parameters, own)
    fit._cache["preconditioner"] = problem.detach()
    return fit, remarks + [(text, NotIdentifiedWarning) for text in notes]


def _with_findings(
    fit: Fit,
    evidence: Evidence | None,
    leagues: Leagues | None,
    problem: Any,
    x: NDArray[np.float64],
    own: ItemPriors,
) -> tuple[Fit, list[str]]:
    """The fit with what the data say of its prior, and what is to be known of that."""
    notes = []
    if evidence is not None:
        fit = replace(fit, evidence=evidence)
        notes += [evidence.note] if evidence.note else []
    if leagues is not None and fit.prior is not None:
        means = leagues.found(problem, x, own)
        about = means.mean[leagues.code]
        prior = fit.prior.about(about)
        fit = replace(fit, theta=fit.theta + about, prior=prior, prior_means=means)
        notes += [means.note] if means.note else []
    return replace(fit, note="; ".join(filter(None, [fit.note, *notes]))), notes


def _of_deviations(prior: GaussianPrior | None) -> GaussianPrior | None:
    """The prior that the search for its numbers starts from: of deviations from leagues' means."""
    if prior is not None and prior.is_estimated:
        prior = prior.at(1.0)
    return prior if prior is None or prior.by is None else prior.about(0.0)


def _apart(component: NDArray[np.int32], components: str) -> str:
    """What to know of several components, each fitted by itself; or ""."""
    n_components = int(component.max()) + 1
    how = "are not linked by wins both ways" if components == "strong" else "never met"
    return "" if n_components < 2 else (
        f"{n_components} components that {how} were fitted each by itself; ratings do not compare "
        "across them"
    )  # fmt: skip


def trouble(result: Result, tol: float) -> str:
    """Why a fit did not converge."""
    if result.residual > tol:
        return (
            f"the fit did not converge: residual {result.residual:.2g} > tol {tol:g} after "
            f"{result.n_iter} iterations"
        )
    return (
        f"the residual {result.residual:.2g} met the tolerance, but the last of {result.n_iter} "
        f"iterations still changed a difference of ratings by {result.change:.2g}: weights too "
        "uneven for float64 to settle all items"
    )


def _result(
    c: Comparisons,
    model: str,
    prior: GaussianPrior | None,
    own: ItemPriors,
    order_effect: bool,
    method: str,
    tol: float,
    n_threads: int,
    problem: Any,
    result: Result,
    component: NDArray[np.int32],
    free_tie: bool,
    note: str,
    components: str,
) -> Fit:
    x, n, names = result.parameters, c.n_items, c.covariate_names
    x[:n] = own.levelled(x[:n], component)
    tie = None
    law = model_of(model).tie
    if law is not None:
        if free_tie:
            x[-1] = min(x[-1], MOST_LOG_TIE)
        tie = float(tie_of(x[-1])) if free_tie else law.boundary
        if not free_tie:
            no_tie = f"no tie was seen: the tie parameter is on its boundary, {law.boundary:g}"
            note = f"{note}; {no_tie}" if note else no_tie
    return Fit(
        comparisons=c,
        model=model,
        theta=x[:n] + own.centre if own.centre else x[:n],
        tie=tie,
        order_effect=float(x[n]) if order_effect else None,
        coefficients=None if c.covariates is None else x[n + order_effect :][: len(names)],
        prior=prior,
        log_likelihood=(
            problem.log_likelihood(x) if result.log_likelihood is None else result.log_likelihood
        ),
        residual=result.residual,
        converged=result.converged,
        n_iter=result.n_iter,
        n_inner=result.n_inner,
        component=component,
        method="mm" if method == "mm" else "newton",
        tol=tol,
        n_threads=n_threads,
        note=note,
        components=components,
    )


def check_arguments(
    model: str, prior: Any, order_effect: Any, tol: Any, max_iter: Any, progress: Any
) -> None:
    """Refuse what no fit takes."""
    model_of(model)
    check_prior(prior)
    checks.flag(order_effect, "order_effect")
    checks.tol(tol)
    checks.max_iter(max_iter)
    checks.function(progress, "progress")


def _check_method(
    model: str, prior: Any, method: str, components: str, covariates: tuple[str, ...]
) -> None:
    checks.one_of(method, "method", ("auto", "newton", "mm"))
    checks.one_of(components, "components", ("weak", "strong"))
    row = model_of(model)
    if method == "mm" and (prior is not None or covariates or not row.mm):
        what = ("covariates" if covariates else "a prior") if row.mm else f"the model {model}"
        checks.fail("method", f"does not go with {what}: use 'newton'", value=method)


def _by_evidence(
    c: Comparisons,
    model: str,
    problem: Any,
    start: NDArray[np.float64],
    own: ItemPriors,
    component: NDArray[np.int32],
    init: Any,
    leagues: Leagues | None,
    how: dict[str, Any],
) -> tuple[Evidence, Result]:
    """The precision that the evidence wants, and the fit with it."""
    pearson, n, age = pearson_of(c, model), c.n_items, dispersion_of_age(c)
    covariates = c.covariates if leagues is None else leagues.covariates
    k = problem.n_parameters - n  # 1 with an order effect
    k -= 0 if covariates is None else covariates.shape[1]

    def dispersion(x: NDArray[np.float64], used: float) -> float:
        d = x[c.first] - x[c.second]
        if k:
            d += x[n] * c.order
        if covariates is not None:
            d += covariates @ x[n + k :]
        return age * (pearson.at(d, used) if pearson is not None else 1.0)

    return find_precision(
        problem, start, 0.0 if own.mean is None else own.mean,
        component if leagues is None else leagues.code,
        2.0 * c.n_comparisons / max(n, 1), first=guess(init),
        dispersion=None if pearson is None and age == 1.0 else dispersion, **how,
    )  # fmt: skip


def guess(init: Any) -> float | None:
    """The precision that an earlier fit had."""
    own = init.prior.precision if isinstance(init, Fit) and init.prior is not None else None
    return own if isinstance(own, float) else None


def _start(
    c: Comparisons,
    model: str,
    init: Any,
    order_effect: bool,
    free_tie: bool,
    leagues: Leagues | None,
) -> NDArray[np.float64]:
    """Parameters to start from; the tie parameter from the share of ties, as if all were equal."""
    theta, gamma, log_tie = np.zeros(c.n_items), 0.0, 0.0
    coefficients = dict.fromkeys(c.covariate_names, 0.0)
    law = model_of(model).tie
    if law is not None and free_tie:
        log_tie = law.start(float(c.tie.sum()) / c.n_comparisons)
    if isinstance(init, Fit):
        theta = theta_of(init, c.items)
        gamma = init.order_effect or 0.0
        if init.coefficients is not None:
            known = zip(init.covariate_names, init.coefficients.tolist(), strict=True)
            coefficients |= {name: value for name, value in known if name in coefficients}
        if free_tie and init.model == model and init.tie is not None and init.has_free_tie:
            log_tie = float(np.log(init.tie))
    elif init is not None:
        theta = checks.start(init, c.n_items).copy()
    extra = ([gamma] if order_effect else []) + [*coefficients.values()]
    if leagues is not None:
        theta, leads = leagues.parted(theta)
        extra += leads
    return np.concatenate([theta, extra + ([log_tie] if free_tie else [])])


def theta_of(init: Fit, items: NDArray[Any]) -> NDArray[np.float64]:
    """What an earlier fit said of these items; 0 of those that it did not know."""
    init.require_own_scale("init")
    if init.items is items or np.array_equal(init.items, items):
        return np.array(init.theta)
    place = {label: k for k, label in enumerate(init.items.tolist())}
    at = np.array([place.get(label, -1) for label in items.tolist()], np.int64)
    theta = np.zeros(len(items))
    theta[at >= 0] = init.theta[at[at >= 0]]
    return theta


def tie_of(log_tie: Any) -> Any:
    """Tie parameters of fits; one that ran away without converging is still a number."""
    return np.exp(np.minimum(log_tie, MOST_LOG_TIE))
