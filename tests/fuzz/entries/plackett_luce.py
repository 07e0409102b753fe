"""Fits of rankings, and what they answer."""

from __future__ import annotations

from typing import Any

import numpy as np

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.ratings import LOOKUP, check_fit

METHODS = ("auto", "quasi-newton", "newton", "mm")


def rankings(case: Case) -> Any:
    """Mostly harmless rankings: of sets, with ties, of the best few, in groups."""
    n, names = case.whole(2, 7), list("abcdefgh")[: case.whole(2, 8)]
    rows = [case.random.sample(names, case.whole(2, len(names))) for _ in range(n * 3)]
    if case.chance(0.3):
        rows = [[row[:2], *row[2:]] for row in rows]
    options: dict[str, Any] = case.some(
        {
            "weight": lambda: [case.choice((1.0, 2.0, 0.5)) for _ in rows],
            "among": "all",
            "group": lambda: [case.choice(("x", "y")) for _ in rows],
            "cluster": lambda: [case.whole(0, 3) for _ in rows],
        },
        0.25,
    )
    return case.call(vn.Rankings, rows, **options)


@entry
def fit_of_rankings(case: Case) -> None:
    """Options, odd ones too; then what the fit answers."""
    r = rankings(case)
    prior = {"prior": vn.GaussianPrior(case.choice((0.1, 1.0)))} if case.chance(0.8) else {}
    options = case.some(
        {
            "method": lambda: case.choice(METHODS),
            "init": lambda: [0.0] * r.n_items,
            "tol": lambda: case.choice((1e-9, 1e-6, 0.1)),
            "max_iter": lambda: case.whole(1, 200),
            "n_threads": lambda: case.whole(1, 3),
            "components": lambda: case.choice(("weak", "strong")),
            "progress": lambda: lambda *a: None,
        },
        0.25,
    )
    fit = case.call(vn.fit_plackett_luce, r, **case.spoil(options | prior, 0.2))
    check_fit(case, fit)
    for name in ("aic", "bic", "deviance", "null_deviance", "n_parameters", "items", "determined",
                 "dispersion", "status", "rankings", "groups", "item_priors", "covariate_names",
                 "has_free_tie", "item_weights", "log_tie", "n_comparisons"):  # fmt: skip
        case.get(fit, name)
    case.call(repr, fit)
    case.try_(fit.update, case.choice((r, None)))
    here = np.flatnonzero(fit.component == fit.component[0])
    one, other = fit.items[here[0]], fit.items[here[-1]]
    several = [fit.items[k] for k in here]
    errors = {"errors": case.choice(("fisher", "robust"))}
    calls = [
        (fit.predict, {"first": one, "second": other}),
        (fit.predict_choice, {"items": several}),
        (fit.predict_ranking, {"items": several} | case.some({"ranked": 1, "log": True})),
        (fit.standard_errors, errors),
        (fit.interval, {"level": 0.9} | errors),
        (fit.ranks, {}),
        (fit.rank_interval, {"level": 0.9} | errors),
        (fit.covariance, errors),
        (fit.summary, {"level": 0.95} | errors),
        (fit.errors_note, errors),
        (fit.to_frame, {"backend": "dict"}),
        (fit.rescale, {"scale": "elo"} | case.some({"anchor": one})),
        (fit.sample, {"n_samples": 3, "rng": 1}),
    ]
    for method, arguments in case.random.sample(calls, 4):
        case.try_(method, **case.spoil(arguments, 0.25, sizes=("n_samples",)), allow=LOOKUP)
    if case.chance(0.3):
        b = case.try_(vn.bootstrap, fit, 4, rng=1)
        if b is not None and case.chance(0.5):
            path = case.path(".npz")
            case.call(b.save, path)
            case.call(vn.resampling.Bootstrap.load, path)
