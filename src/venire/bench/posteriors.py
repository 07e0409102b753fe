"""Beta posteriors beside SciPy and NumPy, on the same arrays."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from venire import reference
from venire.bench import plain
from venire.bench.case import OURS, PLAIN, TWIN, Case, Contender
from venire.panel import BetaPosterior

__all__ = ["FUNCTIONS", "SEED", "SIZES", "cases", "posteriors"]

SEED = 20261123
SIZES = {"full": 1_000_000, "quick": 20_000}

# function -> (ours, theirs): both take (posterior, levels in (0, 1))
Call = Callable[[BetaPosterior, np.ndarray], Any]


def _scipy(name: str, *, level: float | None = None) -> Call:
    def call(p: BetaPosterior, q: np.ndarray) -> Any:
        from scipy import special

        return getattr(special, name)(p.alpha, p.beta, q if level is None else level)

    return call


def _numpy_sample(p: BetaPosterior, q: np.ndarray) -> Any:
    return np.random.default_rng(SEED).beta(p.alpha, p.beta)


FUNCTIONS: dict[str, tuple[Call, str, Call | None]] = {
    "cdf(0.5)": (lambda p, q: p.cdf(0.5), "scipy.special", _scipy("betainc", level=0.5)),
    "cdf(x)": (lambda p, q: p.cdf(q), "scipy.special", _scipy("betainc")),
    "prob_above(0.5)": (
        lambda p, q: p.prob_above(0.5),
        "scipy.special",
        _scipy("betaincc", level=0.5),
    ),
    "quantile(0.025)": (
        lambda p, q: p.quantile(0.025),
        "scipy.special",
        _scipy("betaincinv", level=0.025),
    ),
    "quantile(q)": (lambda p, q: p.quantile(q), "scipy.special", _scipy("betaincinv")),
    "sample": (lambda p, q: p.sample(rng=SEED), "numpy", _numpy_sample),
    "prob_greater": (lambda p, q: p[: len(q) // 10].prob_greater(p[-(len(q) // 10) :]), "", None),
}


def _betavariate(a: float, b: float, x: float) -> float:
    return random.betavariate(a, b)


# function -> its twin, how many values it is asked; the same in plain Python
One = Callable[[float, float, float], Any]
TWINS: dict[str, tuple[tuple[One, int] | None, tuple[One, int] | None]] = {
    "cdf(x)": ((lambda a, b, x: reference.beta_tails(a, b, x, 15)[0], 4), (plain.beta_cdf, 2_000)),
    "quantile(q)": (
        (lambda a, b, x: reference.beta_quantile(a, b, x, 15), 1), (plain.beta_quantile, 40),
    ),
    "sample": (
        (lambda a, b, x: reference.beta_sample([a], [b], (SEED, 1))[0], 20), (_betavariate, 5_000),
    ),
}  # fmt: skip
SHOWN = ("cdf(x)", "quantile(q)", "sample", "prob_greater")


def posteriors(size: str) -> tuple[BetaPosterior, np.ndarray]:
    """Shapes uniform in [0.5, 500], and levels."""
    rng, n = np.random.default_rng(SEED), SIZES[size]
    p = BetaPosterior(rng.uniform(0.5, 500.0, n), rng.uniform(0.5, 500.0, n))
    return p, rng.uniform(size=n)


def cases(size: str) -> Iterator[Case]:
    """Functions of arrays of posteriors."""
    p, q = posteriors(size)
    for name in SHOWN:
        yield _greater(p, q) if name == "prob_greater" else _case(name, p, q)


def _case(name: str, p: BetaPosterior, q: np.ndarray) -> Case:
    ours, peer, theirs = FUNCTIONS[name]
    answer = None if name == "sample" else np.asarray
    twin, loops = TWINS[name]
    asked = [Contender(OURS, lambda: ours(p, q), answer=answer)]
    if twin is not None:
        drawn = name == "sample"
        who, needs = (TWIN, ()) if drawn else ("reference (mpmath)", ("mpmath",))
        asked.append(_some(who, twin, p, q, answer, needs))
    if loops is not None:
        asked.append(_some(PLAIN, loops, p, q, answer))
    if theirs is not None:
        asked.append(Contender(peer, lambda: theirs(p, q), (peer,), answer=answer))
    return Case(f"BetaPosterior.{name}", len(q), "posteriors", tuple(asked))


def _some(
    name: str, how: tuple[One, int], p: BetaPosterior, q: np.ndarray, answer: Any,
    modules: tuple[str, ...] = (),
) -> Contender:  # fmt: skip
    """One value after the other, of the first few."""
    one, few = how
    values = list(zip(*(x[:few].tolist() for x in (p.alpha, p.beta, q)), strict=True))
    return Contender(
        name, lambda: [float(one(*v)) for v in values], modules, len(q) / few, answer=answer
    )


def _greater(p: BetaPosterior, q: np.ndarray) -> Case:
    n = len(q) // 10
    few = [x.tolist() for x in (p.alpha[:5], p.beta[:5], p.alpha[-n:][:5], p.beta[-n:][:5])]

    def twin() -> list[float]:
        return [reference.beta_greater(*shapes) for shapes in zip(*few, strict=True)]

    return Case("BetaPosterior.prob_greater", n, "pairs of posteriors", (
        Contender(OURS, lambda: FUNCTIONS["prob_greater"][0](p, q)),
        Contender(TWIN, twin, ("scipy.special",), n / 5),
    ))  # fmt: skip
