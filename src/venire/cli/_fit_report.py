"""What ``venire fit`` says of its fit: the table, its facts, and a few lines for people."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._core.remote import without_secrets
from venire._core.tables import tally
from venire._core.version import version
from venire.cli import _options as opt
from venire.cli._report import Grid, Picture, Report, number, parameter, some
from venire.data.ageing import facts_of
from venire.ratings import Evidence
from venire.ratings.coefficients import decimals, size_shown

if TYPE_CHECKING:
    from venire.cli._fit import Fit
    from venire.ratings.fit import Fit as Ratings
    from venire.resampling import Bootstrap, PosteriorDraws

__all__ = ["Fitted", "report"]

_SPARE = ("component", "games", "regret", "rank interval")


@dataclass(frozen=True)
class Fitted:
    """A fit and what is to be said about it."""

    fit: Ratings
    prior_reason: str  # "", "asked for", "no finite fit without it"
    notes: list[str] = field(default_factory=list)
    bootstrap: Bootstrap | None = None
    draws: PosteriorDraws | None = None

    @property
    def replicates(self) -> Bootstrap | PosteriorDraws | None:
        """Those that errors and intervals are from."""
        return self.bootstrap or self.draws


def report(asked: Fit, fitted: Fitted) -> Report:
    """Compute what is to be said."""
    fit, b, draws = fitted.fit, fitted.bootstrap, fitted.draws
    unit = asked.shown.among(fit.items)
    shown = replace(
        fitted, fit=fit.rescale(**unit), bootstrap=None if b is None else b.rescale(**unit),
        draws=None if draws is None else draws.rescale(**unit),
    )  # fmt: skip
    component, sizes = _components(fit)
    table, notes = _table(asked, shown, component), list(fitted.notes)
    several = len(sizes) > _parts(fit)
    if several:
        notes.append(_component_note(fitted, component, sizes))
    left = fit.items[~fit.determined]
    if len(left) and fitted.prior_reason != "no finite fit without it":
        what = "1 item" if len(left) == 1 else f"{len(left):,} items"
        notes.append(
            f"{what} ({some(left)}) {'has' if len(left) == 1 else 'have'} no rank: the data do not "
            "place what never met the largest group (column 'determined')"
        )
    if fitted.replicates is None and (errors := opt.errors_of(asked.errors)) is not None:
        notes += filter(None, [shown.fit.errors_note(errors)])
    facts = _facts(asked, shown, sizes)
    means = [] if shown.fit.prior_means is None else shown.fit.prior_means.lines()
    said: list[str | Grid] = [*_header(asked, facts, means)]
    if asked.top > 0:
        said.append(_rows(asked, shown.fit, table, several))
    rest = len(table["item"]) - asked.top
    if rest > 0:
        where = f" in {without_secrets(asked.output)}" if asked.output else "; -o FILE writes all"
        said.append(f"and {rest:,} more{where}")
    files = {"output": table, "plot": _picture(asked, shown), "save": fit.save}
    return Report(said, notes, facts, {"ratings": table}, files)


def _picture(asked: Fit, shown: Fitted) -> Picture:
    """With the errors of the table."""
    if shown.replicates is not None:
        return Picture(shown.replicates, {"level": asked.level})
    how = {"level": asked.level, "errors": asked.errors, "interval": asked.interval}
    return Picture(shown.fit, how)


def _parts(fit: Ratings) -> int:
    """How many parts the items are in by themselves: groups, where there are any."""
    return 1 if fit.groups is None else int(fit.groups.max()) + 1


def _components(fit: Ratings) -> tuple[np.ndarray, np.ndarray]:
    """Component of each item, numbered from the ranked, and the largest, down; and the sizes."""
    labels = np.asarray(fit.component)
    if fit.prior is not None:
        labels = fit.comparisons.components("weak").labels
    sizes = np.bincount(labels)
    placed = np.bincount(labels, fit.determined)
    by_size = np.lexsort((-sizes, placed == 0))
    return np.argsort(by_size)[labels], sizes[by_size]


def _table(asked: Fit, fitted: Fitted, component: np.ndarray) -> dict[str, np.ndarray]:
    """All items, best first: those with a rank before the others."""
    fit, b = fitted.fit, fitted.replicates
    errors = opt.errors_of(asked.errors)
    columns = fit.to_frame("dict", level=asked.level, errors=errors, interval=asked.interval)
    columns = {asked.shown.unit or name if name == fit.rating else name: x
               for name, x in columns.items()}  # fmt: skip
    columns["component"] = component
    if b is not None:
        columns["standard_error"] = b.standard_errors()
        columns["lower"], columns["upper"] = b.interval(asked.level).T
        columns["rank_lower"], columns["rank_upper"] = b.rank_interval(asked.level).T
    if (d := fitted.draws) is not None:
        columns["prob_best"], columns["expected_regret"] = d.prob_best(), d.expected_regret()
    apart = component if fit.prior is None else np.zeros_like(component)
    group = np.zeros_like(component) if fit.groups is None else fit.groups
    order = np.lexsort((-fit.own.theta, fit.ranks(), apart, ~fit.determined, group))
    return {name: column[order] for name, column in columns.items()}


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
    errors = opt.errors_of(asked.errors)
    own: Any = fit.parameter_errors(errors) if errors else None
    drawn = None if b is None else {
        "scheme": b.scheme,
        "unit": b.unit,
        "n_resamples": b.n_resamples,
        "n_failed": b.n_failed,
        "n_unconverged": b.n_unconverged,
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
        "evidence": None if fit.evidence is None else fit.evidence.to_dict(),
        "prior_means": None if fit.prior_means is None else fit.prior_means.to_dict(),
        f"n_{fit.counted}": fit.n_comparisons,
        "half_life": facts_of(fit.comparisons),
        "n_items": len(fit.items),
        **_size(fit),
        "n_components": len(sizes),
        "component_sizes": sizes[:1000].tolist(),
        "converged": bool(fit.converged),
        "n_iter": int(fit.n_iter),
        "residual": number(fit.residual),
        "log_likelihood": number(fit.log_likelihood),
        "order_effect": parameter(fit.order_effect, own and own.order_effect),
        "tie": parameter(fit.tie, own and own.tie),
        "covariates": _covariates(asked, fit, b),
        "unit": fit.display.facts(),
        "errors": errors if b is None else "bootstrap",
        "level": asked.level if errors or b is not None else None,
        "interval": asked.interval if errors and b is None and not asked.draws else None,
        "bootstrap": drawn,
        "draws": asked.draws and {"n_draws": asked.draws, "seed": asked.replicates.seed},
    }


def _size(fit: Ratings) -> dict[str, int]:
    """What there is of what was fitted: pairs, or items of all rankings."""
    names = ("n_pairs", "n_listed")
    return {
        name: getattr(fit.comparisons, name) for name in names if hasattr(fit.comparisons, name)
    }


def _observed(f: dict[str, Any]) -> str:
    """What was fitted, in words."""
    if "n_rankings" in f:
        each = f["n_listed"] / f["n_rankings"]
        size = f"{each:.3g}" if each < 100.0 else f"{each:,.0f}"
        return f"{tally(f['n_rankings'])} rankings of {f['n_items']:,} items, {size} in each"
    pairs = f"{f['n_pairs']:,} pair{'s' if f['n_pairs'] != 1 else ''}"
    return f"{tally(f['n_comparisons'])} comparisons of {f['n_items']:,} items in {pairs}"


def _covariates(asked: Fit, fit: Ratings, b: Any) -> list[dict[str, Any]]:
    """A document of each coefficient, with the errors of the ratings; null where left out."""
    if fit.coefficients is None:
        return []
    if b is not None:
        columns = b.coefficient_table(asked.level).to_frame("dict")
    else:
        errors = opt.errors_of(asked.errors)
        columns = fit.coefficient_table(errors, level=asked.level).to_frame("dict")
    names = columns.pop("covariate").tolist()
    return [
        {"covariate": name} | {what: number(x[k]) for what, x in columns.items()}
        for k, name in enumerate(names)
    ]


def _header(asked: Fit, f: dict[str, Any], means: list[str]) -> list[str]:
    prior = "" if f["prior"] is None else f", prior GaussianPrior({f['prior']:.4g})"
    state = "converged" if f["converged"] else "NOT CONVERGED"
    lines = [
        f"{f['model']} by {f['method']}{prior}: {state} after {f['n_iter']} iterations, "
        f"residual {f['residual']:.1e}",
        f"{_observed(f)}, {f['n_components']:,} "
        f"component{'s' if f['n_components'] > 1 else ''}; "
        f"log-likelihood {f['log_likelihood']:.4f}",
    ]
    if f["evidence"] is not None:
        lines.insert(1, f"prior: {Evidence(**f['evidence']).describe()}")
    lines += means
    for name, what in (("order_effect", "order effect"), ("tie", "tie parameter")):
        if (value := f[name]) is None:
            continue
        text = f"{what} {value['estimate']:.4f}"
        if value["standard_error"] is not None:
            text += f" (SE {value['standard_error']:.4f})"
        elif asked.errors != "none" and name == "tie":
            text += " (no tie was seen)"
        lines.append(text)
    for c in f["covariates"]:
        d = decimals(c["estimate"], c["standard_error"])
        text = f"covariate {c['covariate']} {c['estimate']:.{d}f}"
        if c["standard_error"] is not None:
            text += f" (SE {c['standard_error']:.{d}f}, {asked.level:.4g} interval "
            text += f"{c['lower']:.{d}f} .. {c['upper']:.{d}f})"
        text += f"; {size_shown(c['spread'])} more: {c['share']:.1%} of the points"
        lines.append(text)
    if f["covariates"]:
        names = " and ".join(c["covariate"] for c in f["covariates"])
        lines.append(f"ratings are at equal {names}")
    if f["unit"]["anchor"] is not None:
        lines.append(opt.anchored(f["unit"]))
    if f["errors"] == "robust":
        by = asked.columns.cluster
        lines.append("errors: robust" + ("" if by is None else f", clusters by {by}"))
    if f["interval"] not in (None, "wald"):
        what = "Jeffreys' prior" if f["interval"] == "firth" else "its prior"
        lines.append(f"intervals: by the profile of the likelihood with {what}")
    if (d := f["draws"]) is not None:
        lines.append(
            f"errors and intervals: {d['n_draws']:,} draws of the normal approximation around the "
            f"fit, seed {d['seed']}"
        )
    if (b := f["bootstrap"]) is not None:
        counted = "rankings" if "n_rankings" in f else "comparisons"
        what = "pairs" if b["unit"] == "cells" else counted
        what = what if b["cluster"] is None else f"clusters by {b['cluster']}"
        used, n = b["n_resamples"] - b["n_failed"] - b["n_unconverged"], b["n_resamples"]
        lines.append(
            f"errors and intervals: {f'{used:,} of ' if used < n else ''}{n:,} {b['scheme']} "
            f"replicates of {what}, "
            f"seed {b['seed']}"
        )
    return lines


def _rows(asked: Fit, fit: Ratings, table: dict[str, np.ndarray], several: bool) -> Grid:
    shown = {name: column[: asked.top].tolist() for name, column in table.items()}
    rating, digits = asked.shown.unit or fit.rating, fit.display.digits

    def values(name: str) -> list[str]:
        return ["-" if math.isnan(x) else f"{x:z.{digits}f}" for x in shown[name]]

    def ranges(low: list[Any], high: list[Any]) -> list[str]:
        return ["-" if a is None else f"{a} .. {b}" for a, b in zip(low, high, strict=True)]

    estimate = "estimate" if rating == "theta" else fit.display.name
    columns: dict[str, list[str]] = {
        "rank": _ranks(fit, table)[: asked.top],
        **{name: [str(x) for x in shown[name]] for name in ("group", "item") if name in shown},
        estimate: values(rating),
    }
    if "standard_error" in table:
        columns["SE"] = values("standard_error")
        columns[f"{asked.level:.4g} interval"] = ranges(values("lower"), values("upper"))
    if "rank_lower" in table:
        columns["rank interval"] = ranges(shown["rank_lower"], shown["rank_upper"])
    if "prob_best" in table:
        columns["P(best)"] = ["-" if x != x else f"{x:.3f}" for x in shown["prob_best"]]
        columns["regret"] = values("expected_regret")
    games = "games" if fit.counted == "comparisons" else fit.counted
    columns[games] = [tally(x) for x in shown[f"n_{fit.counted}"]]
    if several:
        columns["component"] = [str(x) for x in shown["component"]]
    return Grid(columns, ["item"], spare=(*_SPARE, f"{asked.level:.4g} interval", "SE"))


def _ranks(fit: Ratings, table: dict[str, np.ndarray]) -> list[str]:
    """Ranks as they are printed: =3 where several have it, nothing where the data tell none."""
    ranks = np.ma.filled(table["rank"], 0)
    apart = table["component"] if fit.prior is None else np.zeros_like(ranks)
    _, group = np.unique(table.get("group", np.zeros(len(ranks))), return_inverse=True)
    keys = np.stack([group, apart, ranks], axis=1)
    _, which, counts = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    shared = counts[which.ravel()] > 1
    return [
        f"={rank}" if rank and same else str(rank or "")
        for rank, same in zip(ranks.tolist(), shared.tolist(), strict=True)
    ]
