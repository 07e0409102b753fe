"""Who fits: the package and its peers, each as a function from rows to theta.

A solver is timed from the arrays of ids and scores to theta, with whatever it must do in between.
Peers get the tolerance with which they reach a residual near 1e-9 where they can, and a guard that
says why they are not asked (too much memory, hours, or an input that they do not take).
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from venire.bench.workloads import Rows
from venire.data import Comparisons
from venire.errors import NotIdentifiedWarning
from venire.ratings import fit_bradley_terry


@dataclass(frozen=True)
class Answer:
    """Log-strengths of items 0 ... n - 1 and what the solver says of its work."""

    theta: np.ndarray
    iterations: str = ""


@dataclass(frozen=True)
class Solver:
    """A peer: the modules that it needs, the fit, and why it would not be asked (or None)."""

    modules: tuple[str, ...]
    fit: Callable[[Rows], Answer]
    refuses: Callable[[Rows], str | None]

    def unavailable(self) -> str | None:
        missing = [m for m in self.modules if importlib.util.find_spec(m) is None]
        return f"{missing[0]} is not installed" if missing else None


def _venire(rows: Rows) -> Answer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotIdentifiedWarning)
        fit = fit_bradley_terry(Comparisons(rows.first, rows.second, rows.score, rows.weight))
    inner = getattr(fit, "n_inner", None)
    return Answer(fit.theta, f"{fit.n_iter}" if inner is None else f"{fit.n_iter} / {inner}")


def _reference(rows: Rows) -> Answer:
    from venire import reference

    cells = reference.aggregate(rows.first, rows.second, rows.score, rows.weight)
    fit = reference.fit(cells, "bradley-terry")
    return Answer(fit.theta, str(fit.n_iter))


def _evalica(rows: Rows, index: bool) -> Answer:
    import evalica
    import pandas as pd

    winners = np.where(rows.score == 1.0, 1, np.where(rows.score == 0.0, 2, 0)).astype(np.uint8)
    result = evalica.bradley_terry(
        rows.first,
        rows.second,
        winners,
        index=pd.RangeIndex(rows.n_items) if index else None,
        weights=rows.weight,
        tolerance=1e-9,
        limit=10_000,
    )
    strength = result.scores.reindex(range(rows.n_items)).to_numpy()
    return Answer(np.log(strength), str(result.iterations))


def cells(rows: Rows) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Distinct pairs (lo, hi) with the wins of each, by sorting."""
    swap = rows.first > rows.second
    lo = np.where(swap, rows.second, rows.first).astype(np.int64)
    hi = np.where(swap, rows.first, rows.second)
    weight = np.ones(len(rows)) if rows.weight is None else rows.weight
    wins = weight * np.where(swap, 1.0 - rows.score, rows.score)
    key, cell = np.unique(lo * rows.n_items + hi, return_inverse=True)
    win = np.bincount(cell, wins)
    loss = np.bincount(cell, weight) - win
    return key // rows.n_items, key % rows.n_items, win, loss


def _sklearn(rows: Rows) -> Answer:
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    first, second, win, loss = cells(rows)
    k = first.size
    design = sparse.csr_matrix(
        (
            np.tile([1.0, -1.0], k),
            np.column_stack([first, second]).ravel().astype(np.int32),
            np.arange(0, 2 * k + 1, 2, dtype=np.int32),
        ),
        shape=(k, rows.n_items),
    )
    model = LogisticRegression(
        C=np.inf, fit_intercept=False, solver="newton-cg", tol=1e-10, max_iter=1_000
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stop short of its tolerance shows in the residual
        model.fit(
            sparse.vstack([design, design], format="csr"),
            np.repeat([1, 0], k),
            sample_weight=np.concatenate([win, loss]),
        )
    theta = model.coef_[0]
    return Answer(theta - theta.mean(), str(int(model.n_iter_[0])))


def _choix(rows: Rows) -> Answer:
    import choix

    won = rows.score == 1.0
    pairs = np.column_stack(
        [np.where(won, rows.first, rows.second), np.where(won, rows.second, rows.first)]
    )
    theta = choix.ilsr_pairwise(rows.n_items, list(map(tuple, pairs.tolist())), tol=1e-9)
    return Answer(theta)


def _arena_rank(rows: Rows) -> Answer:
    import pandas as pd
    from arena_rank.models.bradley_terry import BradleyTerry
    from arena_rank.utils.data_utils import PairDataset

    frame = pd.DataFrame({"model_a": rows.first, "model_b": rows.second, "winner": rows.score})
    data = PairDataset.from_pandas(frame, outcome_map={0.0: 0.0, 0.5: 0.5, 1.0: 1.0})
    model = BradleyTerry(n_competitors=len(data.competitors), ftol=1e-15, gtol=1e-9)
    model.fit(data)
    theta = np.asarray(model.params["ratings"])
    return Answer(theta - theta.mean())


def _never(rows: Rows) -> str | None:
    return None


def _square(limit: int, rows_limit: int = 100_000_000) -> Callable[[Rows], str | None]:
    """Refuse more than `limit` items, of a solver that makes an array of n_items²."""

    def refuses(rows: Rows) -> str | None:
        if rows.n_items > limit:
            return f"needs arrays of {rows.n_items:,}² items"
        return "hours" if len(rows) > rows_limit else None

    return refuses


def _plain(rows: Rows) -> bool:
    return rows.weight is None and bool(np.all((rows.score == 0.0) | (rows.score == 1.0)))


def _choix_refuses(rows: Rows) -> str | None:
    return _square(1_500, 500_000)(rows) or (None if _plain(rows) else "no ties, no weights")


def _small(limit: int, weights: bool) -> Callable[[Rows], str | None]:
    def refuses(rows: Rows) -> str | None:
        if rows.weight is not None and not weights:
            return "no weights"
        return f"does not finish {rows.n_items:,} items" if rows.n_items > limit else None

    return refuses


SOLVERS = {
    "venire": Solver(("venire",), _venire, _never),
    "reference (NumPy)": Solver(("venire",), _reference, _square(1_500, 500_000)),
    "evalica": Solver(("evalica",), lambda rows: _evalica(rows, False), _square(3_000)),
    "evalica, index given": Solver(("evalica",), lambda rows: _evalica(rows, True), _square(3_000)),
    "scikit-learn": Solver(("sklearn",), _sklearn, _small(200_000, True)),
    "choix": Solver(("choix",), _choix, _choix_refuses),
    "arena-rank": Solver(("arena_rank",), _arena_rank, _small(200_000, False)),
}
