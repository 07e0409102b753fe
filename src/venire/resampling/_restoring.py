"""Comparisons and fits from saved files: every array and fact checked against the others.

Behind this door nobody looks again: the native layer trusts indices, offsets and lengths.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.data.comparisons import Comparisons
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.rows import Ageing, Cells
from venire.models import model_of
from venire.priors import GaussianPrior, item_priors
from venire.ratings import Evidence, PriorMeans
from venire.ratings.fit import Fit
from venire.ratings.fitting import tie_of
from venire.ratings.grouped import GroupedFit
from venire.resampling._saved import MOST_STRENGTH, Saved, Table

__all__ = ["FIT", "GROUPED_FIT", "STRENGTH", "comparisons", "fit", "fit_members",
           "grouped_comparisons", "grouped_fit"]  # fmt: skip

MOST_MASS = 2.0**62  # more comparisons than can be counted
STRENGTH = (-MOST_STRENGTH, MOST_STRENGTH)


def _evidence(s: Saved, name: str) -> Evidence:
    """How a precision was found."""
    kinds = {field: type(x) for field, x in Evidence(1.0, 1.0).to_dict().items()}

    def good(x: Any) -> bool:
        if not isinstance(x, dict) or {field: type(v) for field, v in x.items()} != kinds:
            return False
        return all(v >= 0.0 for v in x.values() if not isinstance(v, str)) and x["precision"] > 0.0

    return Evidence(**s.fact(name, good, "how a precision was found"))


def _prior_means(s: Saved, name: str) -> dict[str, Any]:
    """Means of leagues, as `PriorMeans` has them."""
    kinds = {"labels": (str, int), "mean": (float,), "standard_error": (float, type(None)),
             "n_items": (int,)}  # fmt: skip

    def good(x: Any) -> bool:
        if not isinstance(x, dict) or set(x) != {*kinds, "note"} or not isinstance(x["note"], str):
            return False
        if any(not isinstance(x[k], list) or len(x[k]) != len(x["labels"]) for k in kinds):
            return False
        if len({type(label) for label in x["labels"]}) != 1:
            return False
        if any(type(v) not in own for k, own in kinds.items() for v in x[k]):
            return False
        return all(e is None or e >= 0.0 for e in x["standard_error"])

    found = s.fact(name, good, "the means that a prior's leagues have")
    return found | {
        "labels": tuple(found["labels"]),
        "mean": np.array(found["mean"], np.float64),
        "standard_error": np.array(found["standard_error"], np.float64),  # None is nan
        "n_items": np.array(found["n_items"], np.int64),
    }


FIT: Table = {
    "model": (Saved.model,),
    "theta": (Saved.array, np.float64, "items", *STRENGTH),
    "tie": (Saved.optional, Saved.number, 0.0),
    "order_effect": (Saved.optional, Saved.number, *STRENGTH),
    "coefficients": (Saved.optional, Saved.array, np.float64, "covariates"),
    "log_likelihood": (Saved.number,),
    "residual": (Saved.number, 0.0),
    "converged": (Saved.flag,),
    "n_iter": (Saved.whole,),
    "n_inner": (Saved.whole, 0, 2**63),
    "component": (Saved.array, np.int32, "items", 0),
    "method": (Saved.one_of, ("newton", "mm")),
    "tol": (Saved.tolerance,),
    "n_threads": (Saved.threads,),
    "note": (Saved.text,),
    "components": (Saved.one_of, ("weak", "strong")),
    "evidence": (Saved.optional, _evidence),
    "prior_means": (Saved.optional, _prior_means),
    "_core": (Saved.flag,),
}
GROUPED_FIT: Table = {
    "model": (Saved.model,),
    "theta": (Saved.maybe, np.float64, "items", *STRENGTH),
    "shared": (Saved.flag,),
    "residual": (Saved.maybe, np.float64, "groups", 0.0),
    "n_iter": (Saved.array, np.int32, "groups", 0),
    "n_components": (Saved.array, np.int32, "groups", 0),
    "tol": (Saved.tolerance,),
    "n_threads": (Saved.threads,),
    "shared_values": (Saved.array, np.float64, "values", *STRENGTH),
    "evidence": (Saved.optional, _evidence),
}


def comparisons(s: Saved) -> Comparisons:
    """The cells of a single fit."""
    items = s.labels("c.items", "items", distinct=True)
    ptr = s.offsets("c.row_ptr", "items")
    n = s.sizes["cells"] = int(ptr[-1])
    if n == 0:
        s.fail("c.row_ptr", "must lead to at least one cell")
    second = s.array("c.second", np.int32, "cells", 0, len(items) - 1)
    first = np.repeat(np.arange(len(items), dtype=np.int32), np.diff(ptr))
    s.check("c.second", second > first, "must be greater than the cell's first item", second)
    order = s.array("c.order", np.int8, "cells", -1, 1)
    cluster = s.optional("c.cluster", Saved.array, np.int32, "cells", 0)
    clusters = s.optional("c.clusters", Saved.labels, "clusters")
    s.same("c.clusters", clusters, cluster is not None)
    if cluster is not None:
        s.check("c.cluster", cluster < len(clusters), "must be one of the clusters", cluster)
    date = s.optional("c.date", Saved.array, np.int64, "cells", 0)
    dates = s.optional("c.dates", Saved.dates)
    s.same("c.dates", dates, date is not None)
    if date is not None:
        s.check("c.date", date < len(dates), "must be one of the dates", date)
    shape = ("cells", "covariates")
    most = checks.LARGEST
    x = s.optional("c.covariates", Saved.array, np.float64, shape, -most, most)
    names = s.names("c.covariate_names")
    if len(names) != (0 if x is None else x.shape[1]):
        s.fail("c.covariate_names", "must name each covariate")
    columns = () if x is None else x.T
    keys = [first, second, order, *(k for k in (cluster, date, *columns) if k is not None)]
    s.check("c.second", _ascending(keys), "must stand in the order of the cells", second)
    n_pairs = 1 + int(((first[1:] != first[:-1]) | (second[1:] != second[:-1])).sum())
    square = s.optional("c.square", Saved.maybe, np.float64, "cells", 0.0)
    has_order = s.flag("c.has_order")
    cells = Cells.of_one(
        items, ptr, second, order, cluster, *_masses(s), square, n_pairs, has_order=has_order,
        clusters=clusters,
    )  # fmt: skip
    more = {"date": date, "dates": dates, "covariates": x, "covariate_names": names,
            "ageing": _ageing(s)}  # fmt: skip
    return Comparisons.from_cells(cells._replace(**more))


def _ageing(s: Saved) -> Ageing | None:
    """What weights were made by."""
    rule = "a half-life, when weights are whole, and a sum of squares"
    stated = s.optional("c.ageing", Saved.fact, _is_ageing, rule)
    if stated is None:
        return None
    half_life, at, squares = stated
    try:
        return Ageing(half_life, np.datetime64(at, "us") if isinstance(at, str) else at, squares)
    except ValueError:
        s.fail("c.ageing", "must hold a date", None, at)


def _is_ageing(x: Any) -> bool:
    if not (isinstance(x, list) and len(x) == 3):
        return False
    half_life, at, squares = x
    numbers = all(isinstance(v, float) for v in (half_life, squares))
    return numbers and half_life > 0.0 and not squares < 0.0 and isinstance(at, (str, float))


def grouped_comparisons(s: Saved) -> GroupedComparisons:
    """The cells of many groups."""
    groups = s.labels("c.groups", "groups", distinct=True)
    offsets, ends = s.offsets("c.offsets", "groups"), s.offsets("c.cell_offsets", "groups")
    s.sizes["cells"] = int(ends[-1])
    items = s.labels("c.items", int(offsets[-1]))
    s.sizes["items"], sizes = len(items), np.diff(offsets)
    place = np.repeat(np.arange(len(groups)), sizes)
    s.check("c.items", _ascending([place, items]), "must ascend within each group", items)
    first = s.array("c.first", np.int32, "cells", 0)
    second = s.array("c.second", np.int32, "cells", 0)
    group = np.repeat(np.arange(len(groups)), np.diff(ends))
    s.check("c.second", second > first, "must be greater than the cell's first item", second)
    s.check("c.second", second < sizes[group], "must be an item of the group", second)
    order = s.array("c.order", np.int8, "cells", -1, 1)
    keys = [group, first, second, order]
    s.check("c.second", _ascending(keys), "must stand in the order of the cells", second)
    is_soft = s.flag("c.is_soft")
    cells = Cells(
        items, offsets, ends, second, order, *_masses(s), first=first, groups=groups,
        is_soft=is_soft,
    )  # fmt: skip
    return GroupedComparisons.from_cells(cells)


def fit(s: Saved) -> Fit:
    """A single fit with its comparisons."""
    c = comparisons(s)
    found = fit_members(s, FIT, c.items)
    model, tie = found["model"], found["tie"]
    kinds = ("weak", "strong") if found["prior"] is None else ("weak",)
    if not any(np.array_equal(found["component"], c.components(kind).labels) for kind in kinds):
        s.fail("fit.component", "must be the components of the comparisons")
    law = model_of(model).tie
    s.same("fit.tie", tie, law is not None)
    s.same("fit.coefficients", found["coefficients"], c.covariates is not None)
    if law is not None and (tie < law.boundary or (c.cells.tie is None and tie != law.boundary)):
        s.fail("fit.tie", f"must be {law.boundary:g}, or more where there are ties", None, tie)
    return Fit(comparisons=c, **found)


def grouped_fit(s: Saved) -> GroupedFit:
    """The fits of many groups with their comparisons."""
    from venire._native.grouped import STATUSES

    g = grouped_comparisons(s)
    prior = prior_of(s, g.items, g.groups, g.offsets)
    found = s.read("fit", GROUPED_FIT)
    _check_evidence(s, found["evidence"], prior)
    values, residual = found["shared_values"], found["residual"]
    has_order, law = s.flag("fit.has_order"), model_of(found["model"]).tie
    order_effect: Any = None
    tie: Any = None
    if found["shared"]:
        order_effect = float(values[0]) if has_order and len(values) else None
        n_ties = len(values) - has_order
        if n_ties not in ((0, 1) if law is not None and g.cells.tie is not None else (0,)):
            s.fail("fit.shared_values", f"must not hold {len(values)} values")
        if law is not None:
            tie = float(tie_of(values[-1])) if n_ties else law.boundary
            if tie < law.boundary:
                s.fail("fit.shared_values", "must not put the tie parameter beyond its boundary")
    else:
        if len(values):
            s.fail("fit.shared_values", "must be empty: nothing is shared")
        if has_order:
            order_effect = s.maybe("fit.order_effect", np.float64, "groups", *STRENGTH)
        if law is not None:
            tie = s.maybe("fit.tie", np.float64, "groups", law.boundary)
    status = s.words("fit.status", "groups", STATUSES[:-1])
    sizes, compared = np.diff(g.offsets), np.diff(g.cell_offsets) > 0
    s.check("fit.status", (status == "no comparisons") != compared, "contradicts the cells", status)
    known = np.isfinite(residual)
    s.check("fit.residual", known | (status != "converged"), "must be finite", residual)
    for name, x, wanted in (
        ("theta", found["theta"], np.repeat(known, sizes)),
        ("order_effect", order_effect, known & compared),
        ("tie", tie, known & compared),
    ):
        if isinstance(x, np.ndarray):
            rule = "must be finite where the group has a fit"
            s.check(f"fit.{name}", np.isfinite(x) | ~wanted, rule, x)
    parts = found["n_components"]
    s.check("fit.n_components", parts <= sizes, "must be at most the items of the group", parts)
    return GroupedFit(
        comparisons=g, prior=prior, tie=tie, order_effect=order_effect, status=status, **found
    )


def fit_members(s: Saved, table: Table, *items: Any) -> dict[str, Any]:
    """The members of a single fit, with its prior; see `prior_of` for the items."""
    found = {"prior": prior_of(s, *items)} | s.read("fit", table)
    _check_evidence(s, found["evidence"], found["prior"])
    asked = _prior(s, "asked", lambda prior: prior.leagues(items[0]))
    s.same("asked", asked, found["prior_means"] is not None)
    if asked is not None:
        means, (labels, code) = found["prior_means"], asked.leagues(items[0])
        if [*means["labels"]] != labels or (np.bincount(code) != means["n_items"]).any():
            s.fail("fit.prior_means", "must be of the leagues that were asked for")
        own = item_priors(found["prior"], *items)
        if (means["mean"][code] != (own.centre if own.mean is None else own.mean)).any():
            s.fail("fit.prior_means", "must be those of the prior")
        found["prior_means"] = PriorMeans(**found["prior_means"], asked=asked)
    return found


def _check_evidence(s: Saved, evidence: Evidence | None, prior: GaussianPrior | None) -> None:
    if evidence is not None and (prior is None or prior.precision != evidence.precision):
        s.fail("fit.evidence", "must have found the precision of the prior")


def prior_of(s: Saved, *items: Any) -> GaussianPrior | None:
    """The prior, which must go with the items (and groups) that there are."""
    return _prior(s, "prior", lambda prior: prior.native(*items))


def _prior(s: Saved, name: str, suits: Callable[[GaussianPrior], Any]) -> GaussianPrior | None:
    """A prior that `suits` raises nothing about."""
    rule = "the precision and the mean of a prior"
    stated = s.optional(name, Saved.fact, lambda x: isinstance(x, dict), rule)
    if stated is None:
        return None
    try:
        prior = GaussianPrior.from_dict(stated)
        suits(prior)
    except (ValueError, TypeError, KeyError) as error:
        s.fail(name, str(error), None, stated)
    return prior


def _masses(s: Saved) -> tuple[Any, Any, Any]:
    """Wins, losses and ties of the cells, each of which holds something."""
    win = s.array("c.win", np.float64, "cells", 0.0, MOST_MASS)
    loss = s.array("c.loss", np.float64, "cells", 0.0, MOST_MASS)
    tie = s.optional("c.tie", Saved.array, np.float64, "cells", 0.0, MOST_MASS)
    total = win + loss if tie is None else win + loss + tie
    s.check("c.win", total > 0.0, "must not be 0 where there is neither loss nor tie", win)
    return win, loss, tie


def _ascending(keys: list[NDArray[Any]]) -> NDArray[np.bool_]:
    """Whether each row of some columns is beyond the one before it; the first column leads."""
    n = len(keys[0])
    beyond, equal = np.zeros(max(n - 1, 0), bool), np.ones(max(n - 1, 0), bool)
    for key in keys:
        beyond |= equal & (key[1:] > key[:-1])
        equal &= key[1:] == key[:-1]
    return np.append(True, beyond)[:n]
