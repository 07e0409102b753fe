"""A fit as a statistician's table in plain text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from venire._core.intervals import critical_value
from venire.ratings import _errors, _tables

if TYPE_CHECKING:
    from venire.ratings.fit import Fit

__all__ = ["Summary", "summarise"]

NAMES = {
    "bradley-terry": "Bradley–Terry",
    "thurstone": "Thurstone Case V",
    "davidson": "Davidson (ties)",
    "rao-kupper": "Rao–Kupper (ties)",
}
_ALL = 60  # items up to which every row is printed when `top` is None
_TOP = 30  # rows that are printed otherwise


@dataclass(frozen=True)
class Summary:
    """What `Fit.summary` returns: prints as a table; the numbers are in `columns`.

    Attributes
    ----------
    header : list of str
        Lines above the table: the model, the data, the likelihood, the parameters besides theta.
    columns : dict of ndarray
        The rows shown, best first, with the columns of `Fit.to_frame`.
    notes : list of str
        Lines below the table.
    level : float
        Level of the intervals.
    """

    header: list[str]
    columns: dict[str, np.ndarray]
    notes: list[str]
    level: float
    _several: bool = field(default=False, repr=False)

    def __str__(self) -> str:
        return "\n".join([*self.header, "", *self._rows(), *self.notes])

    __repr__ = __str__

    def _rows(self) -> list[str]:
        shown = self.columns
        table = [
            ["rank", *(str(rank) for rank in shown["rank"].tolist())],
            ["item", *(str(item) for item in shown["item"].tolist())],
            ["estimate", *(_number(x) for x in shown["theta"])],
        ]
        if "standard_error" in shown:
            table.append(["SE", *(_number(x) for x in shown["standard_error"])])
            table.append(["lower", *(_number(x) for x in shown["lower"])])
            table.append(["upper", *(_number(x) for x in shown["upper"])])
        table.append(["games", *(_amount(x) for x in shown["n_comparisons"])])
        if self._several:
            table.append(["component", *(str(c) for c in shown["component"].tolist())])
        widths = [max(map(len, column)) for column in table]
        lines = []
        for k in range(len(table[0])):
            cells = [
                column[k].ljust(width) if column[0] == "item" else column[k].rjust(width)
                for column, width in zip(table, widths, strict=True)
            ]
            lines.append("  ".join(cells).rstrip())
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        return [rule, lines[0], rule, *lines[1:], rule]


def summarise(fit: Fit, level: float, top: int | None, kind: str, errors: bool) -> Summary:
    """Make the summary of `fit`."""
    columns = _tables.ratings_columns(fit, level, kind, errors)
    sizes = _errors.layout_of(fit).sizes
    several = len(sizes) > 1
    by_component = several and fit.prior is None
    keys = [columns["item"].argsort(kind="stable").argsort(), columns["rank"]]
    if by_component:  # the largest component first
        keys += [fit.component, -sizes[fit.component]]
    order = np.lexsort(keys)
    count = len(order) if top is None and len(order) <= _ALL else min(top or _TOP, len(order))
    shown = {name: column[order[:count]] for name, column in columns.items()}
    notes = _notes(fit, level, kind, errors, several, len(order) - count)
    return Summary(_header(fit, level, kind, errors, len(sizes)), shown, notes, level, several)


def _header(fit: Fit, level: float, kind: str, errors: bool, n_components: int) -> list[str]:
    state = "converged" if fit.converged else "NOT CONVERGED"
    prior = "" if fit.prior is None else f", {fit.prior.describe()}"
    lines = [
        f"{NAMES[fit.model]} fit by {fit.method}{prior}",
        f"{state}: {fit.n_iter} iterations, residual {fit.residual:.1e}",
        f"comparisons {_amount(fit.n_comparisons)}   items {len(fit.theta)}   "
        f"components {n_components}   free parameters {fit.n_parameters}",
        f"log-likelihood {fit.log_likelihood:.3f}   deviance {fit.deviance:.3f} "
        f"(null {fit.null_deviance:.3f})   AIC {fit.aic:.2f}   BIC {fit.bic:.2f}",
    ]
    own = fit.parameter_errors(kind) if errors else _errors.ParameterErrors(None, None, None)
    if fit.order_effect is not None:
        error = own.order_effect
        lines.append(
            f"order effect {fit.order_effect:.4f}" + _spread(fit.order_effect, error, level)
        )
    if fit.tie is not None:
        name = "tie parameter nu" if fit.model == "davidson" else "tie parameter eta"
        if fit._has_free_tie:
            lines.append(f"{name} {fit.tie:.4f}" + _tie_spread(fit.tie, own, level))
        else:
            lines.append(f"{name} {fit.tie:.4f} (no tie was seen: on the boundary)")
    return lines


def _spread(value: float, error: float | None, level: float) -> str:
    if error is None:
        return ""
    half = critical_value(level) * error
    return f"   SE {error:.4f}   {100 * level:g} % {value - half:.4f} to {value + half:.4f}"


def _tie_spread(value: float, errors: _errors.ParameterErrors, level: float) -> str:
    """The interval of a tie parameter is made on the log scale."""
    if errors.tie is None or errors.log_tie is None:
        return ""
    with np.errstate(over="ignore"):  # without a bound on one side
        factor = np.exp(critical_value(level) * errors.log_tie)
    return (
        f"   SE {errors.tie:.4f}   {100 * level:g} % {value / factor:.4f} to {value * factor:.4f}"
    )


def _notes(
    fit: Fit, level: float, kind: str, errors: bool, several: bool, hidden: int
) -> list[str]:
    notes = [f"... and {hidden} more items"] if hidden else []
    unit = (
        "standard deviations of a difference" if fit.model == "thurstone" else "natural-log units"
    )
    notes.append(f"estimates: {unit}, {_origin(fit)}")
    if errors:
        what = "Fisher information" if kind == "fisher" else "robust (sandwich)"
        clustered = kind == "robust" and fit.comparisons.cluster is not None
        notes.append(
            f"SE: {what}{', clustered' if clustered else ''}; lower, upper: {100 * level:g} % Wald"
        )
        if not _errors.is_exact(fit):
            sampled = fit.sampled_errors(kind)
            notes.append(
                f"SE sampled with {sampled.n_samples} draws: typical relative error "
                f"{100 * sampled.typical_error:.1f} %"
            )
    if several and fit.prior is None:
        notes.append("components never met: compare estimates and ranks only within one")
    elif several:
        notes.append("components never met: between them only the prior holds the scale")
    if fit.note:
        notes.append(fit.note)
    return notes


def _origin(fit: Fit) -> str:
    own = _errors.layout_of(fit).prior
    if own.mean is not None:
        return "their origin that of the prior's means"
    return f"mean {own.centre:g} in each component"


def _number(x: float) -> str:
    return f"{x:.4f}" if abs(x) < 1e5 or not np.isfinite(x) else f"{x:.4g}"


def _amount(x: float) -> str:
    """A count without decimals when it is whole."""
    return f"{x:.0f}" if float(x).is_integer() else f"{x:.2f}"
