"""Posteriors, consensus and stacking of teachers, fits and targets from votes."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import Any

import numpy as np

import venire as vn
from fuzz.case import Case, Refused, entry
from fuzz.entries.data import vote_arguments
from fuzz.entries.pictures import draw
from fuzz.entries.ratings import BACKENDS, MODELS, prior


def posterior_values(case: Case, n: int) -> list[float]:
    return [case.choice((0.5, 1.0, 2.5, 30.0, 1e4, 1e-3, 1e12, 1e-9, 7.0)) for _ in range(n)]


def broadcast(case: Case, values: list[float]) -> Any:
    """One number, or one or two dimensions of them."""
    kind = case.whole(0, 3)
    return values[0] if kind == 0 else np.array([values]).T if kind == 1 else values


@entry
def beta_posterior(case: Case) -> None:
    n = case.whole(1, 4)
    if case.chance(0.5):
        arguments = {
            "alpha": broadcast(case, posterior_values(case, n)),
            "beta": posterior_values(case, n),
        }
        b = case.call(vn.BetaPosterior, **case.spoil(arguments, 0.4))
    else:
        arguments = {"win": broadcast(case, case.weights(n)), "loss": case.weights(n)}
        arguments |= case.some(
            {
                "tie": lambda: case.weights(n),
                "prior": (0.5, 0.5),
                "ties": lambda: case.choice(("half", "ignore", "drop", "split")),
            }
        )
        b = case.call(vn.BetaPosterior.from_counts, **case.spoil(arguments, 0.4))
    for name in ("alpha", "beta", "concentration", "mean", "mode", "std", "variance", "entropy",
                 "ndim", "shape", "size"):  # fmt: skip
        value = case.get(b, name)
        if name in ("mean", "std", "variance"):
            case.within(name, value, 0.0, 1.0, nan=False)
    case.call(repr, b)
    other = case.call(vn.BetaPosterior, posterior_values(case, 1)[0], 2.0)
    points = broadcast(case, [case.random.random() for _ in range(n)])
    calls: list[tuple[Any, dict[str, Any]]] = [
        (b.cdf, {"x": points}),
        (b.prob_above, {"x": points}),
        (b.quantile, {"q": points}),
        (b.interval, {"level": case.choice((0.5, 0.95, 1 - 1e-12)),
                      "interval": case.choice(("equal-tailed", "hdi"))}),
        (b.discount, {"f": case.random.random()} | case.some({"prior": (1.0, 2.0)})),
        (b.merge, {"other": other} | case.some({"prior": (1.0, 2.0)})),
        (b.kl, {"other": other}),
        (b.prob_greater, {"other": other}),
        (b.update, {"win": case.weights(1)[0], "loss": 1.0} | case.some({"tie": 3})),
        (b.sample, {"size": case.choice((None, 2, (2, 3)))} | case.some({"rng": 1})),
    ]  # fmt: skip
    into = np.empty(b.shape)  # `partial`: what is written to it is no change of an input
    case.try_(partial(b.quantile, 0.5, out=case.hostile(into) if case.chance(0.7) else into))
    for method, arguments in case.random.sample(calls, 4):
        out = case.try_(method, **case.spoil(arguments, 0.3, sizes=("size",)))
        if (
            method.__name__
            in (
                "cdf",
                "prob_above",
                "quantile",
                "interval",
                "prob_greater",
                "sample",
            )
            and out is not None
        ):
            case.within(method.__name__, out, 0.0, 1.0, nan=False)


@entry
def beta_prior_and_needs(case: Case) -> None:
    n = case.whole(1, 20)
    arguments = {"win": case.weights(n), "loss": case.weights(n)}
    arguments |= case.some({"group": lambda: case.column([0, 1], n)})
    b = case.call(vn.panel.fit_beta_prior, **case.spoil(arguments, 0.4))
    case.finite("alpha of a prior", b.alpha)
    arguments = {"posterior": b}
    arguments |= case.some({"precision": 0.05, "decisive": 0.9}, 0.7)
    case.call(repr, case.call(vn.panel.needs_votes, **case.spoil(arguments, 0.3)))


def some_votes(case: Case) -> Any:
    pairs = case.chance(0.5)
    arguments = vote_arguments(case, case.whole(2, 40), pairs=pairs)
    if case.chance(0.7):
        arguments.pop("weight", None)
    return case.call(vn.Votes.from_pairs if pairs else vn.Votes, **arguments)


def gold_of(case: Case, v: Any) -> Any:
    shares = case.choice(([1, 0], [1, 0.5, 0], [1.0, 0.0, np.nan], [1, 0, -1]))
    labels = case.column(shares, v.n_pairs)
    if case.chance(0.6):
        return labels
    purpose = case.choice(("stack", "side", "measure"))
    if case.chance(0.3):
        purpose = case.column(["stack", "side", "measure"], v.n_pairs)
    return case.try_(vn.panel.Gold, labels, purpose)


@entry
def gold_designed(case: Case) -> None:
    v = some_votes(case)
    options = {"n": case.whole(1, 8), "purpose": case.choice(("stack", "side", "measure"))}
    options |= case.some({"stratified": True, "rng": 3, "n_threads": 2})
    out = case.call(vn.panel.design_gold, v, **case.spoil(options, 0.3, sizes=("n",)))
    case.get(out, "may")
    case.call(repr, out)
    case.call(str, out)
    case.call(out.to_frame, **case.spoil({"backend": case.choice(BACKENDS)}, 0.2))
    shares = case.column([1.0, 0.0, 0.5, np.nan], len(out.at))
    gold = case.call(out.labels, **case.spoil({"shares": shares}, 0.3))
    side = case.call(vn.panel.which_side, v, gold)
    case.within("a certainty", side.certainty, 0.5, 1.0)
    case.call(str, side)


@entry
def consensus(case: Case) -> None:
    v = some_votes(case)
    options = {"method": case.choice(("reliability", "uniform", "majority", "correlated", "gold",
                                      "stack", "equal", "pool"))}  # fmt: skip
    options |= case.some(
        {
            "gold": lambda: gold_of(case, v),
            "hold_to_gold": False,
            "rho": lambda: case.choice((0.0, 0.3, 1.0, "estimate")),
            "rounds": lambda: case.choice((1, 3, "converge")),
            "nonnegative": True,
            "guarded": True,
            "rng": 3,
            "n_threads": 2,
        }
    )
    out = case.call(vn.consensus, v, **case.spoil(options, 0.35, sizes=("rounds",)))
    case.within("a probability", out.probability, 0.0, 1.0)
    case.finite("a posterior", out.posterior.alpha, out.posterior.beta)
    case.finite("the reliability", out.reliability.alpha, out.reliability.beta)
    for name in ("first", "second", "group", "pairs", "n_pairs", "n_teachers", "teachers",
                 "self_consistency", "teacher_weights"):  # fmt: skip
        case.get(out, name)
    case.call(repr, out)
    level = {"level": 0.9, "backend": case.choice(BACKENDS)}
    case.try_(out.to_frame, **case.spoil(level, 0.2))
    case.try_(out.teachers_frame, **case.spoil(level, 0.2))
    n = v.n_pairs
    ends: dict[str, Any] = {}
    if case.chance(0.5):
        ends = dict(zip(("first", "second"), case.pairs([1, 2, 3], n), strict=True))
    case.try_(out.to_comparisons, **case.spoil(ends, 0.3))
    case.try_(out.to_grouped, **case.spoil(case.some({"n_threads": 2, "groups": [1, 2]}), 0.3))


@entry
def votes_measures(case: Case) -> None:
    v = some_votes(case)
    options = case.some({"metric": lambda: case.choice(("nominal", "ordinal", "interval")),
                         "level": 0.9}, 0.6)  # fmt: skip
    out = case.call(vn.panel.agreement, v, **case.spoil(options, 0.3))
    case.call(repr, out)
    gold = gold_of(case, v)
    out = case.call(
        vn.panel.calibrate_teachers,
        v,
        **case.spoil({"gold": gold} | case.some({"level": 0.9}), 0.3),
    )
    case.call(repr, out)
    m = case.whole(1, 3)
    p = [[0.5, 0.2, 0.3]] * m
    arguments = {"teacher": case.column(list(out.teachers), m), "probabilities": p}
    case.call(out.scale, **case.spoil(arguments, 0.3))


@entry
def stack(case: Case) -> None:
    v = some_votes(case)
    options = case.some({"nonnegative": True, "rng": 2, "n_threads": 2, "guarded": True})
    options |= case.some({"penalty": lambda: case.choice((0.5, 10, "folds"))}, 0.3)
    out = case.call(vn.panel.stack, v, **case.spoil({"gold": gold_of(case, v)} | options, 0.3))
    case.within("a probability", out.probability, 0.0, 1.0)
    case.finite("a weight", out.weights)


def a_votes_fit(case: Case) -> Any:
    arguments = vote_arguments(case, case.whole(4, 40))
    if case.chance(0.8):
        arguments.pop("weight", None)
    v = case.call(vn.Votes, **arguments)
    return case.call(vn.fit_votes, v, **votes_fit_options(case))


def votes_fit_options(case: Case) -> dict[str, Any]:
    return case.some(
        {
            "model": lambda: case.choice(MODELS[:2]),
            "prior": lambda: prior(case),
            "method": lambda: case.choice(("fit", "judges", "consensus", "uniform")),
            "rounds": lambda: case.whole(0, 4),
            "rho": lambda: case.choice((None, 0.0, 0.3, 1.0)),
            "n_threads": 2,
        }
    )


@entry
def fit_votes(case: Case) -> None:
    v = case.call(vn.Votes, **vote_arguments(case, case.whole(2, 40)))
    options = case.spoil(votes_fit_options(case), 0.4, sizes=("rounds",))
    out = case.call(vn.fit_votes, v, **options)
    case.finite("a weight of a teacher", out.weights)
    case.get(out, "comparisons")
    case.call(repr, out)
    case.call(out.to_frame, case.choice(BACKENDS))
    arguments = {"teacher": case.column(list(out.teachers), 3)}
    case.call(out.weight_of, **case.spoil(arguments, 0.3), allow=(KeyError, ValueError, TypeError))


@entry
def fit_judges(case: Case) -> None:
    v = some_votes(case)
    options = {
        "prior": lambda: prior(case),
        "rounds": lambda: case.choice((0, 1, 2, 5, "converge")),
        "signed": lambda: case.choice((None, False, True)),
        "gold": lambda: gold_of(case, v),
        "n_threads": 2,
    }
    out = case.call(vn.fit_judges, v, **case.spoil(case.some(options), 0.4, sizes=("rounds",)))
    case.finite("a slope", out.slopes)
    if not out.signed:
        case.within("a slope", out.slopes, 0.0, np.inf)
    for name in ("theta", "items", "comparisons"):
        case.get(out, name)
    case.call(repr, out)
    case.call(str, case.call(out.summary))
    case.call(out.to_frame, case.choice(BACKENDS))
    if case.chance(0.2):
        measure = case.choice(("slope", "bias"))
        draw(case, "plot_judges", {"result": out, "measure": measure} | case.some({"top": 2}))
    more = {"votes": v if case.chance(0.7) else some_votes(case), "bins": 3, "level": 0.9}
    case.call(out.calibration, **case.spoil(more, 0.3), allow=(KeyError, ValueError, TypeError))
    arguments = {"judge": case.column(list(out.judges), 3)}
    case.call(out.parameters_of, **case.spoil(arguments, 0.3), allow=(ValueError, TypeError))
    arguments = {
        "first": list(out.items[:1]), "second": list(out.items[1:2]),
        "judge": case.choice((None, list(out.judges[:1]))), "order": case.choice((0, 1, -1)),
    }  # fmt: skip
    if v.groups is not None:
        arguments["group"] = case.choice(list(v.groups))
    case.call(out.predict, **case.spoil(arguments, 0.3), allow=(KeyError, ValueError, TypeError))


@entry
def make_targets(case: Case) -> None:
    fit = a_votes_fit(case)
    n = len(fit.fit.theta)
    options = case.some(
        {
            "prediction": lambda: case.floats(n),
            "prediction_variance": 0.5,
            "scale": lambda: case.choice(("logit", "probit", "elo", "unit")),
            "clamp": lambda: case.choice((3.0, (-2.0, 2.0))),
            "shrink": lambda: case.choice((0.5, "auto", 1.0)),
        }
    )
    given = fit.fit if case.chance(0.3) else fit
    if case.chance(0.05):
        given = case.scalar()
    out = case.call(vn.targets.make_targets, given, **case.spoil(options, 0.35))
    for name in ("known", "n_unknown"):
        case.get(out, name)
    case.finite("a known target", out.target[out.known])
    case.within("a weight", out.weight, 0.0, 1e300)
    case.call(repr, out)
    with contextlib.suppress(Refused):
        case.call(out.to_frame, **case.spoil({"backend": case.choice(BACKENDS)}, 0.2))


@entry
def rate(case: Case) -> None:
    n = case.whole(2, 60)
    arguments = vote_arguments(case, n)
    if case.chance(0.9):
        arguments["group"] = case.column(["p", "q", "r", "s"], n)
    v = case.call(vn.Votes, **arguments)
    options = case.some(
        {
            "model": lambda: case.choice(MODELS[:2]),
            "prior": lambda: prior(case),
            "method": lambda: case.choice(("uniform", "precision", "variance", "correlated")),
            "by": lambda: case.column(["x", "y"], 1 if v.groups is None else len(v.groups)),
            "gold": lambda: gold_of(case, v),
            "rho": lambda: case.choice((0.0, 0.3, 1.0)),
            "n_threads": 2,
        }
    )
    if case.chance(0.7):
        options["prior"] = vn.GaussianPrior(0.1)
    out = case.call(vn.rate, v, **case.spoil(options, 0.3))
    case.finite("theta", out.theta)
    for name in ("items", "theta", "categories", "n_prompts", "n_clusters", "teachers", "warnings"):
        case.get(out, name)
    case.call(repr, out)
    level = {"level": 0.9, "backend": case.choice(BACKENDS)}
    errors = case.some({"errors": lambda: case.choice(("robust", "fisher"))})
    case.try_(out.to_frame, **case.spoil(level | errors, 0.2))
    case.try_(out.teachers_frame, **case.spoil(level, 0.2))
    for function in (out.standard_errors, out.covariance):
        case.try_(function, **case.spoil(dict(errors), 0.2))
    for function in (out.interval, out.summary):
        case.try_(function, **case.spoil({"level": 0.9} | errors, 0.2))
    case.try_(str, out.summary())
    case.try_(out.ranks)
    ends = dict(zip(("first", "second"), case.pairs(list(out.items), 3), strict=True))
    case.try_(out.difference, **case.spoil(ends | {"level": 0.9} | errors, 0.2))
    case.try_(out.bootstrap, **case.spoil({"n_resamples": 4, "rng": 1}, 0.2))
    for label in out.categories.tolist()[:2]:
        case.try_(out.__getitem__, label)
    clusters = np.arange(v.n_pairs) % 3
    weighing = case.try_(out.consensus.weighing, clusters, 3)
    if weighing is not None and weighing.varies:
        case.try_(weighing.without, slice(None))
        case.try_(weighing.drawn, np.ones((2, 3)))
    case.try_(out.rescale, **case.spoil(case.some({"scale": "elo", "at": 1200.0}), 0.2))
    case.try_(out.to_elo)
    case.try_(out.relative_to, out.items[0])
    case.try_(out.consensus.masses)
    case.try_(out.leans, 0.9)
