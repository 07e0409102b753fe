"""What is legal and extreme: results must have numbers, or say that they have none."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

import venire as vn
from fuzz.case import SAID, Case, Refused, entry
from fuzz.entries.ratings import FITS, LOOKUP, MODELS

WEIGHTS = (1e-30, 1e-20, 1e-10, 1e-3, 0.5, 1.0, 3.0, 1e3, 1e6, 1e10, 1e16, 1e20, 1e25, 1e30, 0.0)
PRECISIONS = (1e-30, 1e-12, 1e-9, 1e-3, 1.0, 1e3, 1e9, 1e12, 1e30)
TOLERANCES = (1e-15, 1e-12, 1e-9, 1e-3, 0.5, 0.999)
PROFILES = ("profile", "firth")
LARGE = (2**63 - 1, -(2**63), 2**62, -1, 0, 10**15)


def weights(case: Case, n: int) -> Any:
    """Weights from 1e-30 to 1e30: of one size, of two, or of all sizes together."""
    kind = case.whole(0, 3)
    if kind == 0:
        return [case.choice(WEIGHTS)] * n
    pool = case.random.sample(WEIGHTS, 2) if kind == 1 else WEIGHTS
    return case.column(list(pool), n) if kind < 3 else None


def scores(case: Case, first: list[Any], second: list[Any]) -> list[float]:
    """All wins of `first`, all ties, one item undefeated, all but one tied, or soft."""
    n, kind = len(first), case.whole(0, 6)
    if kind <= 1:
        return [float(kind)] * n
    if kind == 2:
        return [0.5] * n
    if kind == 3:
        best = first[0]
        return [1.0 if a == best else 0.0 if b == best else case.choice((0.0, 0.5, 1.0))
                for a, b in zip(first, second, strict=True)]  # fmt: skip
    if kind == 4:
        return [1.0] + [0.5] * (n - 1)
    if kind == 5:
        return [case.choice((5e-324, 1e-300, 1e-16, 0.5 + 1e-16, 1 - 1e-16)) for _ in range(n)]
    return case.scores(n)


def rows(case: Case) -> dict[str, Any]:
    n = case.choice((1, 2, 3, 8, 30))
    names = list(LARGE[: case.whole(2, 6)]) if case.chance(0.5) else case.names(case.whole(2, 6))
    first, second = case.pairs(names, n)
    if case.chance(0.2):  # a chain, or one pair
        first, second = (
            [names[i % (len(names) - 1)] for i in range(n)],
            [names[i % (len(names) - 1) + 1] for i in range(n)],
        )
    out = {"first": first, "second": second, "score": scores(case, first, second)}
    if (w := weights(case, n)) is not None:
        out["weight"] = w
    return out | case.some({"order": lambda: case.column(case.choice(([1], [-1, 1], [0])), n)}, 0.3)


def options(case: Case) -> dict[str, Any]:
    out = case.some(
        {
            "order_effect": True,
            "tol": lambda: case.choice(TOLERANCES),
            "max_iter": lambda: case.choice((0, 1, 2, 5)),
            "n_threads": 1,
        },
        0.3,
    )
    if case.chance(0.8):
        out["prior"] = vn.GaussianPrior(case.choice(PRECISIONS))
    return out


def said(case: Case, call: Any, *arguments: Any, **named: Any) -> Any:
    """The result, and the kinds of what was warned of."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        warnings.simplefilter("error", RuntimeWarning)
        warnings.filterwarnings("ignore", SAID, RuntimeWarning)
        out = case.call(call, *arguments, **named)
    return out, {w.category for w in told}


def numbers_of(case: Case, fit: Any, told: set[Any]) -> None:
    """A fit has numbers, and says where it did not converge."""
    case.finite("theta", fit.theta)
    case.finite("log_likelihood", fit.log_likelihood)
    case.finite("tie", fit.tie)
    case.finite("order_effect", fit.order_effect)
    if not fit.converged and vn.ConvergenceWarning not in told:
        case.note("nonfinite", "not converged, and not a word")


@entry
def extreme_fit(case: Case) -> None:
    c = case.call(vn.Comparisons, **rows(case))
    model, more = case.choice(MODELS), {}
    given = options(case)
    if case.chance(0.2):
        more = {"method": case.choice(("newton", "mm")), "components": "strong"}
    fit, told = said(case, FITS[model], c, **given, **more)
    numbers_of(case, fit, told)
    for name in ("aic", "bic", "deviance", "null_deviance"):
        case.finite(name, case.get(fit, name))
    case.call(repr, fit)
    names = list(fit.items)
    one, two = case.column(names, 3), case.column(names, 3)
    within = {"standard_errors": (0.0, 1e300), "ranks": (0, len(names)), "predict": (0.0, 1.0),
              "difference_errors": (0.0, 1e300), "sampled_errors": (0.0, 1e300)}  # fmt: skip
    calls: list[tuple[Any, dict[str, Any]]] = [
        (fit.standard_errors, {"errors": case.choice(("fisher", "robust"))}),
        (fit.sampled_errors, {"n_samples": 4, "rng": 0}),
        (fit.ranks, {}),
        (fit.predict, {"first": one, "second": two}),
        (fit.difference_errors, {"first": one, "second": two}),
        (fit.covariance, {}),
        (fit.quasi_variances, {}),
        (fit.parameter_errors, {}),
        (fit.summary, {}),
        (fit.rescale, {"scale": "elo"}),
        (fit.interval, {"level": case.choice((0.95, 1 - 1e-12))}),
        (fit.interval, {"level": case.choice((0.05, 0.95)), "interval": case.choice(PROFILES)}),
    ]
    for method, arguments in case.random.sample(calls, 6):
        out = case.try_(method, **arguments, allow=LOOKUP)
        if out is None:
            continue
        if method.__name__ in within:
            low, high = within[method.__name__]
            out = out.standard_errors if method.__name__ == "sampled_errors" else out
            case.within(method.__name__, out, low, high, nan=method.__name__ != "predict")
        elif method.__name__ in ("covariance", "interval"):
            case.within(method.__name__, out, -1e300, 1e300)
        elif method.__name__ in ("summary", "quasi_variances"):
            case.call(str, out)


@entry
def extreme_groups(case: Case) -> None:
    arguments = rows(case)
    groups = case.choice((["g"], [1, 2], list(LARGE)))
    arguments["group"] = case.column(groups, len(arguments["first"]))
    g = case.call(vn.GroupedComparisons, **arguments)
    given = options(case) | {"model": case.choice(MODELS)} | case.some({"shared": True}, 0.2)
    gf, told = said(case, vn.fit_groups, g, **given)
    fitted = ~np.isnan(gf.theta)
    case.within("theta", gf.theta, -1e300, 1e300)
    converged = case.get(gf, "converged")
    case.finite("theta of a converged group", gf.theta[np.repeat(converged, np.diff(gf.offsets))])
    if (gf.status == "iteration limit").any() and vn.ConvergenceWarning not in told:
        case.note("nonfinite", "not converged, and not a word")
    case.within("log_likelihood", case.get(gf, "log_likelihood"), -1e300, 1e300)
    case.within("a standard error", case.call(gf.standard_errors), 0.0, 1e300)
    case.within("a variance", case.call(gf.difference_variances), 0.0, 1e300)
    case.try_(gf.standardize)
    out = case.try_(gf.rescale, scale=case.choice(("probit", "elo", "erf")))
    if out is not None:
        case.finite("a rescaled theta", out.theta[fitted])
    case.try_(gf.__getitem__, gf.groups[0], allow=LOOKUP)
    case.try_(gf.to_frame, errors="robust")
    bounds = case.try_(gf.interval, interval=case.choice(PROFILES))
    if bounds is not None:
        case.within("a bound", bounds, -1e300, 1e300)
    case.try_(vn.bootstrap, gf, 3, rng=0)
    case.try_(vn.calibrate, gf)
    case.try_(vn.design.allocate, gf, 2, rng=0)


@entry
def extreme_bootstrap(case: Case) -> None:
    c = case.call(vn.Comparisons, **rows(case))
    fit = case.call(FITS[case.choice(MODELS)], c, **options(case))
    kind = case.choice(("multinomial", "poisson", "bayesian"))
    unit = case.choice(("auto", "outcomes", "cells"))
    b = case.call(vn.bootstrap, fit, 6, scheme=kind, unit=unit, rng=0)
    case.within("a standard error", case.call(b.standard_errors), 0.0, 1e300)
    for method in (b.interval, b.rank_interval, b.to_frame, b.extend):
        case.try_(method, *((1,) if method.__name__ == "extend" else ()), allow=LOOKUP)


def votes(case: Case) -> Any:
    n = case.choice((1, 2, 5, 30))
    teacher = case.column(case.choice((["t"], [1, 2, 3], list(LARGE))), n)
    vote = case.column(case.choice(([0], [1], [1, -1], [-1, 0, 1], [0.0, np.nan, 1.0])), n)
    out: dict[str, Any] = {"teacher": teacher, "vote": vote}
    if (w := weights(case, n)) is not None:
        out["weight"] = w
    if case.chance(0.5):
        pair = case.column(list(LARGE[: case.whole(1, 6)]), n)
        return case.call(vn.Votes.from_pairs, pair, **out)
    first, second = case.pairs(list(LARGE[: case.whole(2, 6)]), n)
    return case.call(vn.Votes, first, second, **out)


@entry
def extreme_votes(case: Case) -> None:
    v = votes(case)
    method = case.choice(("reliability", "uniform", "majority", "correlated"))
    given = case.some({"rho": lambda: case.choice((0.0, 1.0, 1e-300)), "rounds": 1}, 0.3)
    out = case.try_(vn.consensus, v, method=method, **given)
    if out is not None:
        case.within("a probability", out.probability, 0.0, 1.0)
        case.finite("a posterior", out.posterior.alpha, out.posterior.beta)
        case.finite("the reliability", out.reliability.alpha, out.reliability.beta)
        case.call(out.to_frame)
        case.call(out.teachers_frame)
    out = case.try_(vn.panel.agreement, v, metric=case.choice(("nominal", "interval")))
    if out is not None:
        case.within("a share", out.share, 0.0, 1.0 + 1e-9)
        case.within("kappa and alpha", [*out.kappa.ravel(), out.alpha], -1e300, 1 + 1e-9)
    gold = case.column([1, -1], v.n_pairs)
    out = case.try_(vn.panel.calibrate_teachers, v, gold)
    if out is not None:
        for name in ("accuracy", "log_loss", "temperature"):
            if hasattr(out, name):
                case.within(name, getattr(out, name), 0.0, 1e300)
    out = case.try_(vn.panel.stack, v, gold)
    if out is not None:
        case.within("a probability", out.probability, 0.0, 1.0)
        case.finite("a weight", out.weights)
    out = case.try_(vn.fit_votes, v, prior=vn.GaussianPrior(case.choice(PRECISIONS)))
    if out is not None:
        case.finite("a weight of a teacher", out.weights)
        numbers_of(case, out.fit, {vn.ConvergenceWarning})
        targets = case.try_(vn.targets.make_targets, out)
        if targets is not None:
            case.finite("a target", targets.target[targets.known])
    b = case.try_(vn.panel.fit_beta_prior, np.abs(v.win), np.abs(v.loss))
    if b is not None:
        case.finite("a prior", b.alpha, b.beta)


@entry
def extreme_posteriors(case: Case) -> None:
    masses = (5e-324, 1e-300, 1e-30, 1e-9, 0.5, 1.0, 1e9, 1e15, 1e30, 1e100, 1e300)
    b = case.call(vn.BetaPosterior, case.column(list(masses), 3), case.column(list(masses), 3))
    o = case.call(vn.BetaPosterior, case.column(list(masses), 3), case.column(list(masses), 3))
    points = case.column([0.0, 5e-324, 1e-300, 1e-16, 0.5, 1 - 1e-16, 1.0], 3)
    for name in ("mean", "std", "variance"):
        case.within(name, case.get(b, name), 0.0, 1.0, nan=False)
    for name in ("mode", "entropy"):
        case.within(name, case.get(b, name), -1e300, 1e300)
    for method, arguments in (
        (b.cdf, (points,)), (b.prob_above, (points,)), (b.quantile, (points,)),
        (b.interval, (0.95,)), (b.prob_greater, (o,)), (b.sample, ()),
    ):  # fmt: skip
        more = {"rng": 0} if method.__name__ == "sample" else {}
        try:
            out = case.call(method, *arguments, **more)
        except Refused:
            continue
        case.within(method.__name__, out, 0.0, 1.0, nan=False)
    out = case.try_(b.kl, o)
    if out is not None:
        case.within("kl", out, 0.0, np.inf, nan=False)
