"""Fits of rankings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from venire import reference
from venire.bench import plain
from venire.bench.case import OURS, PLAIN, TWIN, Case, Contender
from venire.data import Comparisons, Rankings
from venire.ratings import fit_bradley_terry, fit_plackett_luce

__all__ = ["SIZES", "SOLVERS", "Data", "cases", "data"]

SEED = 20261130
# what -> rankings, of how many, items, standard deviation of the ratings
SIZES = {
    "full": {"alike": (1_000_000, 5, 1_000, 1.0), "apart": (1_000_000, 5, 1_000, 2.0),
             "short": (5_000, 5, 200, 1.0)},
    "quick": {"alike": (20_000, 5, 200, 1.0), "apart": (20_000, 5, 200, 2.0),
              "short": (2_000, 5, 50, 1.0)},
}  # fmt: skip
FEW = (80, 5, 15, 0.5)
MINUTES = "minutes"


class Data(NamedTuple):
    """Rankings, one a row, best first."""

    n_items: int
    rows: np.ndarray
    rankings: Rankings


def data(n: int, m: int, n_items: int, spread: float) -> Data:
    """Sets of distinct items, sorted by the model of Plackett and Luce."""
    rng = np.random.default_rng([SEED, n, n_items])
    theta = rng.normal(0.0, spread, n_items)
    steps = rng.integers(1, n_items // m, (n, m))
    sets = (rng.integers(n_items, size=(n, 1)) + np.cumsum(steps, axis=1)) % n_items
    by = np.argsort(-(theta[sets] + rng.gumbel(size=sets.shape)), axis=1)
    rows = np.take_along_axis(sets, by, 1)
    return Data(n_items, rows, Rankings(rows, items=np.arange(n_items)))


def _fit(given: Data) -> np.ndarray:
    return fit_plackett_luce(given.rankings).theta


def _whole(given: Data) -> np.ndarray:
    return fit_plackett_luce(Rankings(given.rows, items=np.arange(given.n_items))).theta


def _pairs(given: Data) -> np.ndarray:
    c = given.rankings.to_comparisons(clustered=False)
    assert isinstance(c, Comparisons)
    return fit_bradley_terry(c).theta


def _choix(name: str, **options: Any) -> Callable[[Data], np.ndarray]:
    def fit(given: Data) -> np.ndarray:
        import choix

        return getattr(choix, name)(given.n_items, given.rows.tolist(), **options)

    return fit


ALL = ("alike", "apart", "short")
# solver -> module, fit, the workloads that it is asked
SOLVERS: dict[str, tuple[str, Callable[[Data], np.ndarray], tuple[str, ...]]] = {
    "venire": ("venire", _fit, ALL),
    "venire, Rankings built": ("venire", _whole, ALL),
    "venire, pairs by stage weights": ("venire", _pairs, ("short",)),
    "choix ilsr_rankings": ("choix", _choix("ilsr_rankings", tol=1e-8), ("short",)),
    "choix mm_rankings": (
        "choix", _choix("mm_rankings", tol=1e-8, max_iter=100_000), ("short",),
    ),
}  # fmt: skip


def _centred(theta: Any) -> np.ndarray:
    theta = np.asarray(theta, np.float64)
    return theta - theta.mean()


def cases(size: str) -> Iterator[Case]:
    """Rankings of five: many, few enough for the others, and few enough for the twin."""
    sizes = SIZES[size]
    for what, shape in {"alike": sizes["alike"], "short": sizes["short"], "few": FEW}.items():
        yield _case(
            data(*shape), "" if what == "few" else MINUTES, "" if what != "alike" else MINUTES
        )


def _case(given: Data, twin: str, slow: str) -> Case:
    """With the twin, and the others, refused for these reasons."""
    n, m = given.rows.shape
    lists = given.rows.tolist()
    listed = [(row, m, [False] * m) for row in lists]
    choix = [
        Contender(name, partial(fit, given), (module,), refuses=slow, answer=_centred)
        for name, (module, fit, _) in SOLVERS.items()
        if module == "choix"
    ]
    return Case("fit_plackett_luce", n, f"rankings of {m} of {given.n_items:,} items", (
        Contender(OURS, lambda: _whole(given), answer=_centred),
        Contender(TWIN, lambda: reference.fit_rankings(given.n_items, listed), refuses=twin,
                  answer=_centred),
        Contender(PLAIN, lambda: plain.fit_rankings(given.n_items, lists), refuses=slow,
                  answer=_centred),
        *choix,
    ))  # fmt: skip
