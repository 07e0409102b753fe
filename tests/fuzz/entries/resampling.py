"""Bootstraps of fits and groups, weights of replicates, statistics; and what they save."""

from __future__ import annotations

import functools
import json
import tempfile
from typing import Any

import numpy as np

import venire as vn
from fuzz.case import Case, entry
from fuzz.entries.ratings import BACKENDS, LOOKUP, a_fit, a_grouped_fit
from fuzz.files import damaged
from fuzz.values import Planted

KINDS = ("multinomial", "poisson", "bayesian")


def bootstrap_options(case: Case) -> dict[str, Any]:
    return {"n_resamples": case.whole(2, 12)} | case.some(
        {
            "scheme": lambda: case.choice(KINDS),
            "unit": lambda: case.choice(("auto", "outcomes", "cells")),
            "rng": lambda: case.whole(0, 9),
            "tol": lambda: case.choice((1e-7, 1e-4)),
            "n_threads": lambda: case.whole(1, 3),
        }
    )


def use(case: Case, b: Any, spoil: float = 0.25) -> None:
    """Ask a bootstrap of one fit for everything it knows."""
    names = list(b.items)
    drawn = isinstance(b, vn.resampling.PosteriorDraws)
    for name in ("n_resamples", "items", *(() if drawn else ("n_failed", "n_unconverged"))):
        case.get(b, name)
    case.call(repr, b)
    level, kind = (
        {"level": 0.9},
        {"interval": case.choice(("percentile", "basic", "bca", "studentized"))},
    )
    calls: list[tuple[Any, dict[str, Any]]] = [
        (b.extend, {"more": case.whole(1, 3)}),
        (b.interval, level | kind),
        (b.prob_better, {"first": names[0], "second": case.column(names, 2)}),
        (b.rank_interval, level | case.some({"simultaneous": True})),
        (b.standard_errors, {}),
        (b.bias, {}),
        (b.quantiles, {"probs": [0.025, 0.5]}),
        (b.summary, level | kind),
        (b.prob_best, {}),
        (b.rank_probabilities, case.some({"most": 1})),
        (b.expected_regret, {}),
        (b.tied_neighbours, level | {"backend": case.choice(BACKENDS)}),
        (b.to_frame, level | kind | {"backend": case.choice(BACKENDS)}),
    ]
    for method, arguments in case.random.sample(calls, 4):
        out = case.try_(method, **case.spoil(arguments, spoil, sizes=("more",)), allow=LOOKUP)
        if method.__name__ == "prob_better" and out is not None:
            case.within("a probability", out, 0.0, 1.0)


@entry
def bootstrap(case: Case) -> None:
    fit = a_fit(case, odd=0.35)
    b = case.call(
        vn.bootstrap, fit, **case.spoil(bootstrap_options(case), 0.3, sizes=("n_resamples",))
    )
    use(case, b)
    if case.chance(0.2):
        path = case.path(".npz")
        case.call(b.save, path)
        case.call(vn.resampling.Bootstrap.load, path)


@entry
def sample(case: Case) -> None:
    fit = a_fit(case, odd=0.35)
    options = {"n_samples": case.whole(2, 40)} | case.some(
        {"rng": lambda: case.whole(0, 9), "errors": lambda: case.choice(("fisher", "robust"))}
    )
    draws = case.call(vn.resampling.sample, fit, **case.spoil(options, 0.3, sizes=("n_samples",)))
    use(case, draws)
    if case.chance(0.2):
        path = case.path(".npz")
        case.call(draws.save, path)
        case.call(vn.resampling.PosteriorDraws.load, path)
    if case.chance(0.1):
        case.call(draws.report, case.path(".html"))


def use_grouped(case: Case, b: Any, spoil: float = 0.25) -> None:
    for name in ("groups", "items", "keep", "offsets", "theta"):
        case.try_(case.get, b, name) if name == "theta" else case.get(b, name)
    case.call(repr, b)
    label = b.groups[0]
    kind = {"interval": case.choice(("percentile", "basic", "bca", "studentized"))}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (b.extend, {"more": case.whole(1, 3)}),
        (b.__getitem__, {"label": label}),
        (b.interval, kind | case.some({"level": 0.95})),
        (b.parameter_errors, {}),
        (b.bias, {}),
        (b.mean, {}),
        (b.quantiles, {"probs": [0.025, 0.5]}),
        (b.rank_interval, {"level": 0.9}),
        (b.summary, {"level": 0.95}),
        (b.standard_errors, {}),
        (b.to_frame, kind | {"backend": case.choice(BACKENDS)}),
        (b.rescale, {"anchor": b.items[0]} | case.some({"scale": "elo"})),
        (b.to_elo, {}),
        (b.relative_to, {"reference": b.items[0]}),
    ]
    for method, arguments in case.random.sample(calls, 4):
        case.try_(method, **case.spoil(arguments, spoil, sizes=("more",)), allow=LOOKUP)


@entry
def bootstrap_groups(case: Case) -> None:
    gf = a_grouped_fit(case)
    options = bootstrap_options(case) | case.some(
        {"keep": lambda: case.choice(("summary", "draws")), "levels": lambda: [0.9, 0.95]}, 0.5
    )
    b = case.call(vn.bootstrap, gf, **case.spoil(options, 0.3, sizes=("n_resamples",)))
    use_grouped(case, b)
    if case.chance(0.2):
        path = case.path(".npz")
        case.call(b.save, path)
        case.call(vn.resampling.GroupedBootstrap.load, path)


@entry
def sample_groups(case: Case) -> None:
    gf = a_grouped_fit(case)
    options = {"n_samples": case.whole(2, 20)} | case.some(
        {"rng": lambda: case.whole(0, 9), "errors": lambda: case.choice(("fisher", "robust"))}
    )
    draws = case.call(vn.resampling.sample, gf, **case.spoil(options, 0.3, sizes=("n_samples",)))
    for name in ("theta", "drawn", "groups", "items", "offsets", "mean"):
        case.get(draws, name)
    calls: list[tuple[Any, dict[str, Any]]] = [
        (draws.standard_errors, {}),
        (draws.prob_best, {}),
        (draws.expected_regret, {}),
        (draws.rank_probabilities, case.some({"most": 1})),
        (draws.rank_interval, {"level": 0.9}),
        (draws.__getitem__, {"label": draws.groups[0]}),
        (draws.extend, {"more": case.whole(1, 3)}),
        (draws.interval, {"level": 0.9, "interval": case.choice(("percentile", "basic", "bca"))}),
        (draws.summary, {"level": 0.95}),
        (draws.to_frame, {"backend": case.choice(BACKENDS)}),
        (draws.rescale, {"anchor": draws.items[0]} | case.some({"scale": "elo"})),
    ]
    for method, arguments in case.random.sample(calls, 4):
        case.try_(method, **case.spoil(arguments, 0.25, sizes=("more",)), allow=LOOKUP)
    if case.chance(0.2):
        path = case.path(".npz")
        case.call(draws.save, path)
        case.call(vn.resampling.GroupedPosteriorDraws.load, path)


# ---- saved, and changed by a stranger -----------------------------------------------------------


@functools.cache
def _saved(grouped: bool, model: str, kind: str) -> dict[str, np.ndarray]:
    """The arrays of a saved bootstrap."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 3, 40), rng.integers(3, 6, 40)
    score = rng.choice([0.0, 0.5, 1.0], 40)
    if grouped:
        g = vn.GroupedComparisons(rng.integers(0, 3, 40), first, second, score)
        b: Any = vn.bootstrap(vn.fit_groups(g, model=model), 4, scheme=kind, rng=1, keep="draws")
    else:
        fits = {"davidson": vn.fit_davidson, "bradley-terry": vn.fit_bradley_terry}
        c = vn.Comparisons(first, second, score, order=rng.choice([-1, 1], 40))
        fit = fits[model](c, order_effect=True, prior=vn.GaussianPrior(0.1))
        drawn = kind == "posterior"
        b = (
            vn.resampling.sample(fit, 4, rng=1)
            if drawn
            else vn.bootstrap(fit, 4, scheme=kind, rng=1)
        )
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        b.save(file.name)
        with np.load(file.name) as saved:
            return {name: saved[name] for name in saved.files}


def _change(case: Case, array: np.ndarray) -> np.ndarray:
    """The array with something else in it."""
    kind = case.whole(0, 6)
    if kind <= 3 and array.size and array.dtype.kind in "iufb":
        array = array.copy()
        at = case.whole(0, array.size - 1)
        if array.dtype.kind == "f":
            array.flat[at] = case.choice((np.nan, np.inf, -1.0, 1e308, 0.0, 1e20))
        elif array.dtype.kind == "b":
            array.flat[at] = not array.flat[at]
        else:
            info = np.iinfo(array.dtype)
            pool = (0, 1, 2, 5, 6, 7, -1, -5, 2**15, 2**30, info.max, info.min)
            array.flat[at] = case.choice([x for x in pool if info.min <= x <= info.max])
        return array
    if kind == 4:
        return array[: len(array) // 2] if array.ndim else np.array([array, array])
    if kind == 5:
        return case.choice((array[None], np.array(0), array.astype("S20"), array.ravel()[:0],
                            np.concatenate([array, array]) if array.ndim else array[()],
                            array.T.copy(), array.astype(object).astype(str)))  # fmt: skip
    return array.ravel()[::-1]


def _change_facts(case: Case, text: str) -> str:
    facts = json.loads(text)
    where = facts
    while (
        isinstance(where, dict)
        and case.chance(0.5)
        and (inner := [v for v in where.values() if isinstance(v, dict) and v])
    ):
        where = case.choice(inner)
    name = case.choice(list(where))
    new = (
        None,
        0,
        -1,
        3,
        2**30,
        2**63,
        10**30,
        1e308,
        "x",
        "",
        [],
        {},
        [1],
        True,
        float("nan"),
        1.5,
    )
    if case.chance(0.3):
        del where[name]
    else:
        where[name] = case.choice(new)
    return json.dumps(facts)


@entry
def bootstrap_saved(case: Case) -> None:
    """A saved bootstrap that somebody changed: refused, or harmless."""
    grouped = case.chance(0.5)
    model = case.choice(("davidson", "bradley-terry"))
    kind = case.choice(KINDS if grouped else (*KINDS, "posterior"))
    arrays = dict(_saved(grouped, model, kind))
    path = case.path(".npz")
    for _ in range(case.choice((1, 1, 2))):
        name = case.choice(list(arrays))
        if case.chance(0.1):
            del arrays[name]
        elif name == "facts":
            arrays[name] = np.array(_change_facts(case, str(arrays[name])))
        else:
            arrays[name] = _change(case, arrays[name])
        if not arrays:
            break
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)
    if case.chance(0.15):
        path.write_bytes(damaged(case, path.read_bytes()))
    allow = (ValueError, TypeError, OSError, MemoryError)
    of_one: Any = vn.resampling.PosteriorDraws if kind == "posterior" else vn.resampling.Bootstrap
    saved: Any = vn.resampling.GroupedBootstrap if grouped else of_one
    b = case.call(saved.load, path, allow=allow)
    (use_grouped if grouped else use)(case, b, 0.0)


# ---- weights and statistics ---------------------------------------------------------------------


@entry
def bootstrap_weights(case: Case) -> None:
    n = case.whole(2, 20)
    arguments = {"n": n, "n_resamples": case.whole(1, 6)}
    arguments |= case.some(
        {
            "scheme": lambda: case.choice((*KINDS, "subsample")),
            "size": lambda: case.whole(1, n),
            "cluster": lambda: case.column(case.names(3), n),
            "strata": lambda: case.column(case.names(2), n),
            "rng": 1,
            "block": lambda: case.whole(1, 4),
            "n_threads": 2,
        }
    )
    w = case.call(
        vn.bootstrap_weights,
        **case.spoil(arguments, 0.4, sizes=("n", "n_resamples", "size", "block")),
    )
    case.call(repr, w)
    for block in case.call(lambda: [part for part, _ in zip(w, range(3), strict=False)]):
        case.finite("a weight", block)
    span = case.spoil({"start": 0, "stop": case.whole(0, 5)}, 0.3, sizes=("start", "stop"))
    case.finite("a weight", case.call(w.replicates, **span))


def _mean(x: Any, weights: Any) -> float:
    try:
        with np.errstate(all="ignore"):
            return float(np.dot(x, weights) / np.sum(weights))
    except Exception:  # the data are at fault, not those who call
        raise Planted from None


@entry
def bootstrap_statistic(case: Case) -> None:
    n = case.whole(2, 15)
    statistic = _mean
    if case.chance(0.1):
        statistic = case.choice((lambda x, w: "a", lambda x, w: None, lambda x, w: np.nan,
                                 lambda x, w: 10**400, lambda x, w: [1.0, 2.0],
                                 lambda x, w: 1j, None, "mean"))  # fmt: skip
    arguments = {"n_resamples": case.whole(2, 12)} | case.some(
        {
            "scheme": lambda: case.choice((*KINDS, "subsample")),
            "size": lambda: case.whole(1, n),
            "cluster": lambda: case.column(case.names(3), n),
            "strata": lambda: case.column(case.names(2), n),
            "error": lambda: lambda x, w: 0.1,
            "bca": True,
            "rng": 1,
            "n_threads": 2,
        },
        0.25,
    )
    data = case.dress(case.floats(n))
    if case.chance(0.2):
        data = case.hostile(case.floats(n))
    arguments = case.spoil(arguments, 0.3, sizes=("n_resamples", "size"))
    b = case.call(vn.bootstrap_statistic, statistic, data, **arguments)
    case.call(b.standard_errors)
    case.call(b.mean)
    case.get(b, "n_resamples")
    case.call(repr, b)
    kind = case.choice(("percentile", "basic", "bca", "studentized"))
    case.call(b.interval, **case.spoil({"level": 0.9, "interval": kind}, 0.3))
