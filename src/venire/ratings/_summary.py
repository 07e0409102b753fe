"""A fit as a statistician's table in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from venire._core.intervals import critical_value, wald
from venire._core.summary import Summary
from venire._core.tables import amount
from venire.models import model_of
from venire.ratings._errors import ParameterErrors

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["summarise"]


def summarise(
    fit: Fit, columns: dict[str, np.ndarray], level: float, top: int | None, errors: str | None
) -> Summary:
    """Make the summary of `fit`."""
    sizes = fit._information.layout.sizes
    several = len(sizes) > 1
    by_component = [fit.component, -sizes[fit.component], ~fit.determined]
    order = fit.best_first(*(by_component if several and fit.prior is None else []))
    header = _header(fit, level, errors, len(sizes))
    notes = _notes(fit, level, errors, several)
    hidden = () if several else ("component",)
    return Summary.of(
        header, columns, notes, level, order=order, top=top, hidden=hidden,
        digits=fit.display.digits,
    )  # fmt: skip


def _header(fit: Fit, level: float, errors: str | None, n_components: int) -> list[str]:
    row = model_of(fit.model)
    state = "converged" if fit.converged else "NOT CONVERGED"
    prior = "" if fit.prior is None else f", {fit.prior.describe()}"
    lines = [
        f"{row.title} fit by {fit.method}{prior}",
        f"{state}: {fit.n_iter} iterations, residual {fit.residual:.1e}",
        f"{fit.counted} {amount(fit.n_comparisons)}   items {len(fit.theta)}   "
        f"components {n_components}   free parameters {fit.n_parameters}",
        f"log-likelihood {fit.log_likelihood:.3f}   deviance {fit.deviance:.3f} "
        f"(null {fit.null_deviance:.3f})   AIC {fit.aic:.2f}   BIC {fit.bic:.2f}",
    ]
    lines[3:3] = fit._told()
    if fit.evidence is not None:
        lines[1:1] = [f"prior: {fit.evidence.describe()}"]
    if fit.prior_means is not None:
        lines += fit.prior_means.lines()
    own = fit.parameter_errors(errors) if errors else ParameterErrors(None, None, None)
    if fit.order_effect is not None:
        error = own.order_effect
        lines.append(
            f"order effect {fit.order_effect:.4f}" + _spread(fit.order_effect, error, level)
        )
    if fit.coefficients is not None:
        lines += fit.coefficient_table(errors, level=level).lines()
    if fit.tie is not None and row.tie is not None:
        name = f"tie parameter {row.tie.symbol}"
        if fit.has_free_tie:
            lines.append(f"{name} {fit.tie:.4f}" + _tie_spread(fit.tie, own, level))
        else:
            lines.append(f"{name} {fit.tie:.4f} (no tie was seen: on the boundary)")
    return lines


def _spread(value: float, error: float | None, level: float) -> str:
    if error is None:
        return ""
    lower, upper = wald(value, error, level)
    return f"   SE {error:.4f}   {100 * level:g} % {lower:.4f} to {upper:.4f}"


def _tie_spread(value: float, errors: ParameterErrors, level: float) -> str:
    """The interval of a tie parameter is made on the log scale."""
    if errors.tie is None or errors.log_tie is None:
        return ""
    with np.errstate(over="ignore"):  # without a bound on one side
        factor = np.exp(critical_value(level) * errors.log_tie)
    return (
        f"   SE {errors.tie:.4f}   {100 * level:g} % {value / factor:.4f} to {value * factor:.4f}"
    )


def _notes(fit: Fit, level: float, errors: str | None, several: bool) -> list[str]:
    unit = model_of(fit.model).unit if fit._fitted is None else f"on the scale {fit.scale!r}"
    equal = f", at equal {' and '.join(fit.covariate_names)}" if fit.covariate_names else ""
    notes = [f"estimates: {unit}, {_origin(fit)}{equal}"]
    if errors:
        what = "Fisher information" if errors == "fisher" else "robust (sandwich)"
        if fit.display.anchor is not None:
            what = f"of the difference from {fit.display.anchor}, {what}"
        clustered = errors == "robust" and fit.comparisons.cluster is not None
        notes.append(
            f"SE: {what}{', clustered' if clustered else ''}; lower, upper: {100 * level:g} % Wald"
        )
        notes += filter(None, [fit.errors_note(errors)])
    if several and fit.prior is None:
        notes.append("components never met: compare estimates and ranks only within one")
    elif several:
        notes.append("components never met: between them only the prior holds the scale")
    if fit.note:
        notes.append(fit.note)
    return notes


def _origin(fit: Fit) -> str:
    own, display = fit._information.layout.prior, fit.display
    if display.anchor is not None:
        return f"{display.anchor} at {display.place:g}"
    if own.mean is not None:
        return "their origin that of the prior's means"
    mean = own.centre * fit._unit + display.place
    return f"mean {mean:g} in each component"
