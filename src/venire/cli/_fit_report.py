"""What ``venire fit`` says of its fit: the table, its facts, and a few lines for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from venire import scales
from venire.cli._report import Report, grid, number, some
from venire.cli._version import version

if TYPE_CHECKING:
    from venire.cli._fit import Fit
    from venire.ratings.fit import Fit as Ratings
    from venire.resampling import Bootstrap

__all__ = ["Fitted", "report"]


@dataclass(frozen=True)
class Fitted:
    """A fit and what is to be said about it."""

    fit: Ratings
    prior_reason: str  # "", "asked for", "no finite fit without it"
    notes: list[str] = field(default_factory=list)
    bootstrap: Bootstrap | None = None


def report(asked: Fit, fitted: Fitted) -> Report:
    """Compute what is to be said."""
    component, sizes = _components(fitted.fit)
    table, notes = _table(asked, fitted, component), list(fitted.notes)
    if len(sizes) > 1:
        notes.append(_component_note(fitted, component, sizes))
    left = fitted.fit.items[~fitted.fit.determined]
    if len(left) and fitted.prior_reason != "no finite fit without it":
        what = "1 item" if len(left) == 1 else f"{len(left):,} items"
        notes.append(
            f"{what} ({some(left)}) {'has' if len(left) == 1 else 'have'} no rank: the data do not "
            "place what the largest group did not meet, win against and lose to (column "
            "'determined')"
        )
    facts = _facts(asked, fitted, sizes)
    said: list[str | Table] = [*_header(asked, facts)]
    if asked.top > 0:
        said.append(_rows(asked, fitted.fit, table, len(sizes) > 1))
    rest = len(table["item"]) - asked.top
    if rest > 0:
        where = f" in {asked.output}" if asked.output else "; -o FILE writes all"
        said.append(f"and {rest:,} more{where}")
    return Report(said, notes, facts, {"ratings": table}, {"output": table})


def _components(fit: Ratings) -> tuple[np.ndarray, np.ndarray]:
    """Component of each item, numbered from the largest (0) down, and the sizes."""
    labels = np.asarray(fit.component)
    if fit.prior is not None:
        labels = fit.comparisons.components("weak").labels
    sizes = np.bincount(labels)
    by_size = np.argsort(-sizes, kind="stable")
    return np.argsort(by_size)[labels], sizes[by_size]


def _table(asked: Fit, fitted: Fitted, component: np.ndarray) -> dict[str, np.ndarray]:
    """All items, best first: those with a rank before the others."""
    fit, b = fitted.fit, fitted.bootstrap
    errors = "fisher" if asked.errors else None
    columns = fit.to_frame("dict", level=asked.level, errors=errors)
    columns["component"] = component
    if b is not None:
        columns["standard_error"] = b.standard_errors()
        columns["lower"], columns["upper"] = b.interval(asked.level).T
    factor, centre, _ = _unit(fit, asked.scale)
    if asked.scale is not None:
        columns[asked.scale] = centre + factor * fit.theta
    if b is not None:
        columns["rank_lower"], columns["rank_upper"] = b.rank_interval(asked.level).T
    apart = component if fit.prior is None else np.zeros_like(component)
    order = np.lexsort((-fit.theta, fit.ranks(), apart, ~fit.determined))
    return {name: column[order] for name, column in columns.items()}


def _unit(fit: Ratings, scale: str | None) -> tuple[float, float, int]:
    """Factor, centre and decimals that turn theta into the unit of the table."""
    if scale is None:
        return 1.0, 0.0, 4
    own = scales.scale_of(fit.model)
    centre = float(scales.convert(0.0, own, scale))
    return scales.factor(own, scale), centre, 1 if scale == "elo" else 4


def _component_note(fitted: Fitted, component: np.ndarray, sizes: np.ndarray) -> str:
    fit = fitted.fit
    small = fit.items[component > 0]
    how = "never met each other" if fit.prior is not None else "cannot be compared with each other"
    text = (
        f"the items form {len(sizes):,} components that {how}: {sizes[0]:,} items in the largest, "
        f"{len(small):,} outside it ({some(small)}); column 'component' says who belongs where."
    )
    if fit.prior is None:
        return text + " Each is rated by itself; ranks are those of the largest."
    return text + " Only the prior puts them on one scale."


def _facts(asked: Fit, fitted: Fitted, sizes: np.ndarray) -> dict[str, Any]:
    fit, b = fitted.fit, fitted.bootstrap
    own: Any = fit.parameter_errors() if asked.errors else None
    drawn = None if b is None else {
        "scheme": b.scheme,
        "n_resamples": b.n_resamples,
        "n_failed": b.n_failed,
        "seed": asked.replicates.seed,
        "cluster": asked.columns.cluster,
    }  # fmt: skip
    return {
        "venire": version(),
        "file": str(asked.file),
        "model": fit.model,
        "method": fit.method,
        "prior": None if fit.prior is None else fit.prior.precision,
        "prior_reason": fitted.prior_reason or None,
        "n_comparisons": fit.n_comparisons,
        "n_items": len(fit.items),
        "n_pairs": fit.comparisons.n_pairs,
        "n_components": len(sizes),
        "component_sizes": sizes[:1000].tolist(),
        "converged": bool(fit.converged),
        "n_iter": int(fit.n_iter),
        "residual": number(fit.residual),
        "log_likelihood": number(fit.log_likelihood),
        "order_effect": _parameter(fit.order_effect, own and own.order_effect),
        "tie": _parameter(fit.tie, own and own.tie),
        "level": asked.level if asked.errors or b is not None else None,
        "bootstrap": drawn,
    }


def _parameter(estimate: float | None, error: float | None) -> dict[str, float | None] | None:
    if estimate is None:
        return None
    return {"estimate": float(estimate), "standard_error": number(error)}


def _header(asked: Fit, f: dict[str, Any]) -> list[str]:
    prior = "" if f["prior"] is None else f", prior GaussianPrior({f['prior']:g})"
    state = "converged" if f["converged"] else "NOT CONVERGED"
    lines = [
        f"{f['model']} by {f['method']}{prior}: {state} after {f['n_iter']} iterations, "
        f"residual {f['residual']:.1e}",
        f"{f['n_comparisons']:,.10g} comparisons of {f['n_items']:,} items in "
        f"{f['n_pairs']:,} pairs, {f['n_components']:,} "
        f"component{'s' if f['n_components'] > 1 else ''}; "
        f"log-likelihood {f['log_likelihood']:.4f}",
    ]
    for name, what in (("order_effect", "order effect"), ("tie", "tie parameter")):
        if (value := f[name]) is None:
            continue
        text = f"{what} {value['estimate']:.4f}"
        if value["standard_error"] is not None:
            text += f" (SE {value['standard_error']:.4f})"
        elif asked.errors and name == "tie":
            text += " (no tie was seen)"
        lines.append(text)
    if (b := f["bootstrap"]) is not None:
        what = "comparisons" if b["cluster"] is None else f"clusters by {b['cluster']}"
        lines.append(
            f"errors and intervals: {b['n_resamples']:,} {b['scheme']} replicates of {what}, "
            f"seed {b['seed']}"
        )
    return lines


def _rows(asked: Fit, fit: Ratings, table: dict[str, np.ndarray], several: bool) -> Table:
    shown = {name: column[: asked.top].tolist() for name, column in table.items()}
    factor, centre, digits = _unit(fit, asked.scale)

    def values(name: str, factor: float = factor, centre: float = centre) -> list[str]:
        return [f"{centre + factor * x:.{digits}f}" for x in shown[name]]

    def ranges(low: list[Any], high: list[Any]) -> list[str]:
        return ["-" if a is None else f"{a} .. {b}" for a, b in zip(low, high, strict=True)]

    estimate = {"elo": "Elo", "logit": "logit"}.get(asked.scale or "", "estimate")
    columns = {
        "rank": ["-" if rank is None else str(rank) for rank in shown["rank"]],
        "item": [str(item) for item in shown["item"]],
        estimate: values("theta"),
    }
    if "standard_error" in table:
        columns["SE"] = values("standard_error", centre=0.0)
        columns[f"{asked.level:.4g} interval"] = ranges(values("lower"), values("upper"))
    if "rank_lower" in table:
        columns["rank interval"] = ranges(shown["rank_lower"], shown["rank_upper"])
    columns["games"] = [f"{x:,.10g}" for x in shown["n_comparisons"]]
    if several:
        columns["component"] = [str(x) for x in shown["component"]]
    return grid(columns, ["item"])
