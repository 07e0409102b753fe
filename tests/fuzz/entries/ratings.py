"""Fits, what they answer, calibration of groups, scales and priors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import venire as vn
from fuzz.case import Case, Refused, entry
from fuzz.entries.data import comparison_arguments, grouped_arguments

FITS = {
    "bradley-terry": vn.fit_bradley_terry, "thurstone": vn.fit_thurstone,
    "davidson": vn.fit_davidson, "rao-kupper": vn.fit_rao_kupper,
}  # fmt: skip
MODELS = tuple(FITS)
LOOKUP = (KeyError, ValueError, TypeError, MemoryError)
BACKENDS = (None, "pandas", "polars", "pyarrow", "dict")


def usable(case: Case, make: Any, arguments: dict[str, Any]) -> Any:
    """The data object; a refusal ends the case."""
    return case.call(make, **arguments)


def prior(case: Case) -> Any:
    some = (vn.GaussianPrior(0.01), vn.GaussianPrior(1.0), vn.GaussianPrior(1.0))
    return case.choice((None, *some, vn.GaussianPrior("evidence")))


def fit_options(case: Case) -> dict[str, Any]:
    return case.some(
        {
            "prior": lambda: prior(case),
            "order_effect": True,
            "method": lambda: case.choice(("auto", "newton", "mm")),
            "tol": lambda: case.choice((1e-9, 1e-6, 0.1, 1e-13)),
            "max_iter": lambda: case.whole(1, 200),
            "n_threads": lambda: case.whole(1, 3),
            "components": lambda: case.choice(("weak", "strong")),
            "progress": lambda: lambda *a: None,
        },
        0.25,
    )


def a_fit(case: Case, *, odd: float = 0.2) -> Any:
    """A fit of mostly harmless data."""
    n = case.whole(3, 25)
    arguments = comparison_arguments(case, n)
    if not case.chance(odd):
        arguments.pop("weight", None)
        arguments.pop("items", None)
    c = case.call(vn.Comparisons, **arguments)
    p = {"prior": vn.GaussianPrior(0.1)} if case.chance(0.7) else {}
    return case.call(FITS[case.choice(MODELS)], c, **(fit_options(case) | p))


def check_fit(case: Case, fit: Any) -> None:
    """A fit that says that it converged has numbers."""
    for name in ("display", "own", "rating"):
        case.get(fit, name)
    if fit.evidence is not None:
        case.call(fit.evidence.describe)
        case.within("a spread", case.get(fit.evidence, "spread"), 0.0, 1e300)
    if fit.converged:
        case.finite("theta of a converged fit", fit.theta)
        case.finite("log_likelihood of a converged fit", fit.log_likelihood)
        case.finite("residual of a converged fit", fit.residual)
        case.finite("tie of a converged fit", fit.tie)
        case.finite("order_effect of a converged fit", fit.order_effect)
        if fit.log_likelihood > 1e-6:
            case.note("nonfinite", f"log_likelihood is {fit.log_likelihood}, above 0")


@entry
def models(case: Case) -> None:
    """Rows of the table, by names that it has or has not; a row of one's own."""
    name = case.choice(MODELS)
    row = case.call(vn.models.model_of, case.hostile(name) if case.chance(0.5) else name)
    for part in ("unit", "variance_share"):
        case.get(row, part)
    case.call(row.fitted, case.chance(0.5))
    law = row.tie or case.call(vn.models.TieLaw, "x", 0.0, 1.0, math.log, 1.0)
    case.get(law, "log_boundary")
    case.call(law.inside, case.choice((None, 0.0, 1.0, 2.0)))
    case.finite("start of a tie parameter", case.call(law.start, case.choice((0.0, 0.3, 1.0))))
    case.call(vn.models.Model, "x", "X", "logit", row.probabilities, law)


@entry
def update(case: Case) -> None:
    """Yesterday's fit and today's rows, saved in between."""
    fit = a_fit(case)
    path = case.path(".npz")
    case.call(fit.save, path)
    case.call(vn.resampling.save_fit, case.hostile(fit) if case.chance(0.1) else fit, path)
    read = case.choice((type(fit).load, vn.resampling.load_fit))
    fit = case.call(read, path) if case.chance(0.7) else fit
    more = comparison_arguments(case)
    more.pop("items", None)
    if case.chance(0.5):
        check_fit(case, case.call(fit.update, **case.spoil(more, 0.3)))
    else:
        new = case.call(vn.Comparisons, **more)
        check_fit(case, case.call(fit.update, case.hostile(new) if case.chance(0.1) else new))


@entry
def fit(case: Case) -> None:
    """Odd data and options; few methods."""
    arguments = comparison_arguments(case)
    c = usable(case, vn.Comparisons, arguments)
    options = case.spoil(
        fit_options(case) | ({"init": [0.0] * c.n_items} if case.chance(0.1) else {}), 0.3
    )
    if case.chance(0.03):
        c = case.hostile([1, 2])
    model = case.choice(MODELS)
    if case.chance(0.3):
        options |= {"model": case.hostile(model) if case.chance(0.1) else model}
        fit = case.call(vn.ratings.fit_model, c, **options)
    else:
        fit = case.call(FITS[model], c, **options)
    check_fit(case, fit)
    for name in (
        "aic",
        "bic",
        "deviance",
        "null_deviance",
        "n_parameters",
        "n_comparisons",
        "item_weights",
        "status",
        "items",
        "determined",
        "dispersion",
    ):
        value = case.get(fit, name)
        if name not in ("items", "status", "dispersion") and fit.converged:
            case.finite(name, value)
    case.call(repr, fit)
    if case.chance(0.2):
        case.call(FITS[fit.model], c, init=fit)


def spoiled_covariates(case: Case, names: tuple[str, ...], shape: tuple[int, ...]) -> Any:
    """Covariates of predictions, or levels of items; odd now and then."""
    k, n = len(names), math.prod(shape)
    values = np.array(case.column([-1.0, 0.0, 0.5, 2.0], n * k), float).reshape(*shape, k)
    given: Any = values
    if case.chance(0.5):
        given = {name: values[..., j] for j, name in enumerate(names)}
        if case.chance(0.2):
            given[case.choice((*names, "other"))] = case.hostile(1.0)
    return case.hostile(given) if case.chance(0.1) else given


@entry
def fit_with_covariates(case: Case) -> None:
    """What is told of coefficients; bootstraps and draws of them."""
    arguments = comparison_arguments(case, case.whole(6, 30))
    n, k = len(arguments["first"]), case.whole(1, 3)
    values = [-2.0, -0.3, 0.0, 0.5, 1.0, 1e9 if case.chance(0.1) else 3.0]
    x = np.array(case.column(values, n * k), float).reshape(n, k)
    names = tuple(f"x{j}" for j in range(k))
    given: Any = x if case.chance(0.5) else dict(zip(names, x.T, strict=True))
    c = case.call(vn.Comparisons, **arguments, covariates=given)
    p = {"prior": vn.GaussianPrior(0.1)} if case.chance(0.7) else {}
    fit = case.call(FITS[case.choice(MODELS)], c, **p, order_effect=case.chance(0.3))
    check_fit(case, fit)
    if fit.converged:
        case.finite("coefficients of a converged fit", fit.coefficients)
    errors = case.choice(("fisher", "robust", None))
    table = case.call(fit.coefficient_table, **case.spoil({"errors": errors, "level": 0.9}, 0.2))
    case.call(table.to_frame, case.choice(BACKENDS))
    for show in (str, len, table.lines, table.to_html):
        case.call(*((show, table) if show in (str, len) else (show,)))
    case.get(fit, "covariate_names")
    case.call(c.without_covariates)
    case.call(fit.item_levels)
    case.try_(fit.theta_at, spoiled_covariates(case, names, (c.n_items,)))
    case.call(fit.theta_at)
    first, second = (case.column(list(fit.items), 2) for _ in range(2))
    case.try_(fit.predict, first, second, covariates=spoiled_covariates(case, names, (2,)))
    case.call(fit.summary, errors=errors)
    drawn = case.choice((vn.bootstrap, vn.resampling.sample))
    b = case.call(drawn, fit, case.whole(2, 6), rng=1)
    case.call(b.coefficient_table, **case.spoil({"level": 0.8}, 0.2))
    case.call(vn.audit, c)


@entry
def fit_results(case: Case) -> None:
    """Methods of a fit, each of them with something wrong now and then."""
    fit = a_fit(case)
    check_fit(case, fit)
    n = fit.comparisons.n_items
    names = list(fit.items)
    k = case.whole(1, 4)
    first, second = case.column(names, k), case.column(names, k)
    errors = case.choice(("fisher", "fisher", "robust"))
    kind = {"errors": errors} if case.chance(0.5) else {}
    level = {"level": case.choice((0.95, 0.5, 0.999))}
    samples = case.some(
        {
            "n_samples": lambda: case.whole(2, 50),
            "rng": lambda: case.whole(0, 5),
            "method": lambda: case.choice(("auto", "exact", "sampled")),
        },
        0.2,
    )
    subset = {"items": case.dress([names[0], *names[2:]])} if case.chance(0.3) else {}
    some_samples = {k: v for k, v in samples.items() if k != "method"}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (fit.covariance, kind | subset | case.some({"full": True})),
        (fit.difference_covariance, {"first": first, "second": second} | kind),
        (fit.difference_errors, {"first": first, "second": second} | kind | samples),
        (fit.interval, level | kind),
        (fit.parameter_errors, kind),
        (fit.predict, {"first": first, "second": second} | case.some({"order": 1})),
        (fit.quasi_variances, kind | subset),
        (fit.ranks, {}),
        (fit.rank_interval, level | kind),
        (fit.level_errors, {}),
        (fit.errors_note, {"errors": errors}),
        (fit.relative_to, {"reference": names[0]} | kind | subset),
        (fit.sample, {"n_samples": case.whole(2, 50)} | case.some({"rng": 3}) | kind),
        (fit.sampled_errors, kind | some_samples),
        (fit.standard_errors, kind | samples),
        (fit.summary, level | {"top": case.whole(1, 5)} | kind),
        (fit.rescale, {"scale": case.choice(("elo", "erf", "probit", "logit"))}),
        (fit.rescale, {"anchor": names[0]} | case.some({"scale": "elo", "at": 1200.0})),
        (fit.to_elo, case.some({"anchor": names[0], "at": 1000.0})),
        (fit.core, {}),
        (fit.to_frame, {"backend": case.choice(BACKENDS)} | level | kind),
    ]
    for method, arguments in case.random.sample(calls, 5):
        try:
            out = case.call(method, **case.spoil(arguments, 0.25, sizes=("n_samples", "top")),
                            allow=LOOKUP)  # fmt: skip
        except Refused:
            continue
        if method.__name__ == "predict":
            case.within("a probability", out, 0.0, 1.0, nan=not fit.converged)
        if method.__name__ in ("ranks", "rank_interval"):
            case.within("a rank", out, method.__name__ != "ranks", n)
        if method.__name__ in ("standard_errors", "difference_errors"):
            case.within("a standard error", out, 0.0, 1e300)
        if method.__name__ in ("summary", "relative_to", "quasi_variances"):
            case.call(repr, out)
            case.call(str, out)


# ---- groups -------------------------------------------------------------------------------------


def group_options(case: Case) -> dict[str, Any]:
    return case.some(
        {
            "model": lambda: case.choice(MODELS),
            "prior": lambda: prior(case),
            "order_effect": True,
            "shared": True,
            "tol": lambda: case.choice((1e-9, 1e-6, 0.1)),
            "max_iter": lambda: case.whole(1, 200),
            "n_threads": lambda: case.whole(1, 3),
            "strict": True,
            "progress": lambda: lambda *a: None,
        },
        0.2,
    )


def a_grouped_fit(case: Case) -> Any:
    arguments = grouped_arguments(case)
    if case.chance(0.8):
        arguments.pop("weight", None)
    g = case.call(vn.GroupedComparisons, **arguments)
    return case.call(vn.fit_groups, g, **group_options(case))


@entry
def fit_groups(case: Case) -> None:
    g = case.call(vn.GroupedComparisons, **grouped_arguments(case))
    options = group_options(case)
    if case.chance(0.1):
        options["init"] = [0.0] * int(g.offsets[-1])
    if case.chance(0.03):
        g = case.hostile([1, 2])
    gf = case.call(vn.fit_groups, g, **case.spoil(options, 0.3))
    converged = case.get(gf, "converged")
    inside = np.repeat(converged, np.diff(gf.offsets))
    case.finite("theta of a converged group", gf.theta[inside])
    case.finite("log_likelihood of a converged group", case.get(gf, "log_likelihood")[converged])
    for name in ("groups", "items", "n_comparisons", "offsets", "item_weights", "determined"):
        case.get(gf, name)
    case.call(gf.level_errors)
    case.within("a standard error", case.call(gf.standard_errors), 0.0, 1e300)
    case.call(repr, gf)
    case.call(gf.parameter_errors)
    case.within("a rank", case.call(gf.ranks), 0, len(gf.items))
    case.call(str, case.call(gf.summary, top=3))
    case.call(
        gf.to_frame, **case.spoil({"backend": case.choice(BACKENDS), "errors": "fisher"}, 0.2)
    )
    pair = {"first": gf.items[:2], "second": gf.items[-2:]}
    p = case.try_(gf.predict, g.groups[0], **case.spoil(pair, 0.3), allow=LOOKUP)
    if p is not None:
        case.within("a probability", p, 0.0, 1.0, nan=True)
    label = case.scalar() if case.chance(0.3) else g.groups[-1]
    check_fit(case, case.call(gf.__getitem__, label, allow=LOOKUP))
    case.call(
        gf.rescale, **case.spoil({"scale": case.choice(("logit", "probit", "elo", "erf"))}, 0.3)
    )
    anchored = case.spoil({"anchor": gf.items[0]} | case.some({"at": 1000.0}), 0.2)
    out = case.try_(gf.rescale, **anchored)
    if out is not None:
        for name in ("display", "own", "rating"):
            case.get(out, name)
    case.try_(gf.relative_to, gf.items[0])
    case.call(gf.standardize)


@entry
def calibrate(case: Case) -> None:
    names, groups = ["a", "b", "c"], [1, 2, 3]
    n = case.whole(3, 24)
    first, second = case.pairs(names, n)
    g = vn.GroupedComparisons(
        case.column(groups, n), first, second, case.scores(n),
        groups=groups, items=([g for g in groups for _ in names], names * 3),
    )  # fmt: skip
    gf = case.call(vn.fit_groups, g, model=case.choice(MODELS))
    m = case.whole(1, 6)
    one, two = case.pairs(groups, m)
    arguments: dict[str, Any] = {}
    if case.chance(0.8):
        arguments = {
            "first_group": one, "first": case.column(names, m),
            "second_group": two, "second": case.column(names, m),
            "score": case.scores(m),
        } | case.some({"weight": lambda: case.weights(m)}, 0.2)  # fmt: skip
    if not arguments or case.chance(0.3):
        anchors = [case.column(groups, m), case.column(names, m), case.floats(m)]
        if case.chance(0.5):
            anchors.append([abs(x) for x in case.floats(m)])
        if case.chance(0.3):
            at = case.whole(0, len(anchors) - 1)
            anchors[at] = case.hostile(anchors[at])
        arguments["anchors"] = tuple(anchors)
    arguments |= case.some(
        {"variance": lambda: case.choice((0.1, 1.0, 1e-9, 1e6)), "tol": 1e-9, "max_iter": 20,
         "n_threads": 2}, 0.2,
    )  # fmt: skip
    out = case.call(vn.calibrate, gf, **case.spoil(arguments, 0.4))
    if out.converged:
        case.finite("a bias", out.bias[out.n_bridges > 0])
        case.finite("the variance", out.variance)
    for name in ("groups", "unlinked", "spread", "dispersion", "noise"):
        case.get(out, name)
    case.call(repr, out)
    case.call(out.to_frame, **case.spoil({"backend": case.choice(BACKENDS), "items": True}, 0.2))


# ---- scales, priors, data, settings -------------------------------------------------------------


@entry
def scales(case: Case) -> None:
    names = list(vn.scales.SCALES)
    arguments = {
        "values": case.floats(3),
        "source": case.choice(names),
        "target": case.choice(names),
    }
    arguments |= case.some({"difference": True})
    arguments = case.spoil(arguments, 0.4)
    out = case.call(vn.scales.convert, **arguments)
    given = arguments["values"]
    if isinstance(given, (list, np.ndarray)):
        case.finite("a converted value", out[np.isfinite(np.array(given, float))])
    pair = {k: arguments[k] for k in ("source", "target")}
    case.finite("a factor", case.call(vn.scales.factor, **case.spoil(pair, 0.3)))
    case.call(vn.scales.centre_of, **case.spoil({"scale": case.choice(names)}, 0.3))
    case.call(vn.scales.scale_of, **case.spoil({"model": case.choice(MODELS)}, 0.3))


@entry
def gaussian_prior(case: Case) -> None:
    names = ["a", "b", "c"]
    values = (0.5, [0.5, 1.0, 2.0], dict(zip(names, (0.5, 1.0, 2.0), strict=True)))
    leagues = (["x", "y", "x"], dict(zip(names, (1, 2, 1), strict=True)), ("x", "x", "x"))
    given = {"precision": case.choice((*values, "evidence"))} | case.some(
        {"mean": lambda: case.choice((*values, 1.0, 1.0)), "by": lambda: case.choice(leagues)}, 0.5
    )
    p = case.call(vn.GaussianPrior, **case.spoil(given, 0.5))
    case.call(repr, p)
    case.call(p.describe)
    case.call(vn.GaussianPrior.from_dict, case.call(p.to_dict))
    if not case.get(p, "is_estimated") and p.by is None:
        case.call(p.about, 1.0)
    case.call(p.at, 2.0)
    if p.by is not None:
        case.try_(p.leagues, np.array(names, object), allow=ValueError)
    case.try_(vn.GaussianPrior.from_dict, case.hostile({"precision": 1.0}))
    case.try_(p.penalty, **case.spoil({"theta": [0.0, 1.0, -1.0], "items": names}, 0.3))
    c = vn.Comparisons([*"abc"], [*"bca"], 1.0)
    fit = case.try_(FITS[case.choice(MODELS)], c, prior=p)
    if fit is not None:
        check_fit(case, fit)
        case.finite("a standard error", case.call(fit.standard_errors))
        case.call(fit.summary)
        for found in filter(None, (fit.prior_means, fit.evidence)):
            case.call(found.lines)
            case.call(found.to_dict)
        if fit.prior_means is not None:
            case.finite("a mean of a league", fit.prior_means.mean)
            case.call(str, fit.prior_means)
            case.call(fit.prior_means.asked_of, fit.items)
            case.call(fit.prior_means.to_frame, case.choice(BACKENDS))


@entry
def shipped(case: Case) -> None:
    """Shipped data, and what the package says of itself."""
    for loader in (x for x in vn.datasets.__all__ if x.startswith("load_")):
        case.call(getattr(vn.datasets, loader))
    name = {"name": case.choice(case.call(vn.datasets.names))}
    for ask in (vn.datasets.columns, vn.datasets.describe, vn.datasets.path):
        case.try_(ask, **case.spoil(name, 0.3))
    one = case.call(vn.datasets.describe, case.choice(vn.datasets.names()))
    case.get(one, "n_rows")
    case.get(one, "path")
    case.call(vn.show_config, **case.spoil({"mode": case.choice(("print", "dicts"))}, 0.3))
