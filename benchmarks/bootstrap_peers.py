"""Other ways to a bootstrap: of Bradley-Terry fits and of statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from venire.bench.bootstraps import STATISTICS, compiled, resampled_regressions
from venire.bench.quality import quality
from venire.bench.workloads import Rows

__all__ = ["ARENA", "STATISTICS", "Peer", "compiled"]

Run = Callable[[int], float]  # replicates -> the largest residual among them


class Peer(NamedTuple):
    """What it needs, and what makes a run ready."""

    module: str
    prepare: Callable[[Rows], Run]


def _residual(n_items: int, first: Any, second: Any, win: Any, loss: Any, theta: Any) -> float:
    weight = np.concatenate([win, loss])
    score = np.repeat([1.0, 0.0], len(win))
    rows = Rows(n_items, np.tile(first, 2), np.tile(second, 2), score, weight)
    return float(quality(rows, np.asarray(theta, np.float64)).residual)


def _arena_rank(rows: Rows) -> Run:
    import jax
    import pandas as pd
    from arena_rank.models import bradley_terry
    from arena_rank.utils.data_utils import PairDataset

    frame = pd.DataFrame({"model_a": rows.first, "model_b": rows.second, "winner": rows.score})
    data = PairDataset.from_pandas(frame, outcome_map={0.0: 0.0, 0.5: 0.5, 1.0: 1.0})
    model = bradley_terry.BradleyTerry(n_competitors=len(data.competitors))
    model.fit(data)
    total = data.counts.sum()
    pairs, outcome = np.asarray(data.pairs), np.asarray(data.outcomes, np.float64)

    def run(n: int) -> float:
        """What its compute_ratings_and_cis(ci_method="bootstrap") does, in one process."""
        drawn = jax.random.multinomial(
            key=jax.random.PRNGKey(1), n=int(total), p=data.counts / total,
            shape=(n, data.counts.shape[0]), dtype=model.dtype,
        )  # fmt: skip
        worst = 0.0
        for counts in drawn:
            found = bradley_terry.fit_single_bootstrap_sample(counts, model, data)
            weight = np.asarray(counts)
            worst = max(
                worst,
                _residual(rows.n_items, pairs[:, 0], pairs[:, 1], weight * outcome,
                          weight * (1.0 - outcome), found["ratings"]),
            )  # fmt: skip
        return worst

    return run


def _sklearn(rows: Rows) -> Run:
    replicates = resampled_regressions(rows)

    def run(n: int) -> float:
        return max((_residual(rows.n_items, *found) for found in replicates(n)), default=0.0)

    return run


ARENA = {
    "arena-rank": Peer("arena_rank", _arena_rank),
    "scikit-learn LogisticRegression": Peer("sklearn", _sklearn),
}
