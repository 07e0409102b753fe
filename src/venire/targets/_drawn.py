"""Replicates of ratings over prompts: prompts drawn again, and the judges weighed again."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire.panel import Weighing
from venire.resampling import Bootstrap, bootstrap

__all__ = ["Redrawn", "redrawn"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Redrawn(Bootstrap):
    """Replicates of a fit to a consensus: a `Bootstrap` whose replicates weigh the judges anew.

    Each replicate draws prompts, learns the judges' weights from them, and fits: to first order in
    the change of the weights, theta of the replicate with the old weights and the slope of theta in
    them times the change.

    Attributes
    ----------
    weighing : Weighing
        How weights follow from prompts.
    pull : ndarray of float64, shape (n_judges, n_items)
        Slopes of theta in the weights.
    place : ndarray of int64, shape (n_clusters,)
        Which of the prompts of `weighing` are drawn.
    """

    weighing: Weighing
    pull: Floats
    place: NDArray[np.int64]

    def _extended(self, more: int, progress: Any, tasks: Any = None) -> Any:
        out = super()._extended(more, progress, tasks)
        return out if self._own is not None else _reweighed(out, self.n_resamples)

    def save(self, path: Any) -> None:
        """Refused: what weighs the judges is not kept in files; ask for the replicates again."""
        raise ValueError("replicates of rate are not saved: the same rng gives them again")


def redrawn(
    fit: Any, weighing: Weighing, pull: Floats, place: Any, n: int, options: dict[str, Any]
) -> Bootstrap:
    """The bootstrap of a fit that is clustered by prompt, with judges weighed anew."""
    plain = bootstrap(fit, n, **options)
    own = {f.name: getattr(plain, f.name) for f in fields(plain)}
    return _reweighed(Redrawn(**own, weighing=weighing, pull=pull, place=place), 0)


def _reweighed(b: Any, start: int) -> Bootstrap:
    """With theta of the replicates from `start` on moved by their judges' weights."""
    from venire._native.replicates import Draws

    draws = Draws(b.scheme, np.ones(len(b.place)), b.key)
    theta = b.theta.copy()
    counts = np.ones(len(b.weighing.parts[0]))
    for k in range(start, len(theta)):
        counts[b.place] = draws.replicate(k)
        theta[k] += b.weighing.drawn(counts) @ b.pull
    return replace(b, theta=theta)
