"""The bootstrap of many fits: replicates block by block, and what is kept of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._native import grouped as _native
from venire.ratings.fitting import tie_of
from venire.resampling._cells import first_fraction
from venire.resampling._group_engine import GroupEngine, GroupReplicates
from venire.resampling._intervals import tails
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED, NOTHING

if TYPE_CHECKING:
    from venire.ratings.grouped import GroupedFit

__all__ = ["check_unit", "joined", "probabilities", "resample", "statistics"]


def probabilities(levels: tuple[float, ...]) -> NDArray[np.float64]:
    """Of the quantiles that a summary keeps, two for each level."""
    return np.concatenate([tails(level) for level in levels])


def check_unit(fit: GroupedFit, unit: str) -> None:
    """Outcomes can be drawn where masses are whole numbers."""
    g = fit.comparisons
    found = first_fraction((g.win, g.loss, g.cells.tie)) if unit == "outcomes" else None
    if found is not None:
        name, at = found
        k = int(np.searchsorted(g.cell_offsets, at, side="right")) - 1
        raise ValueError(
            f"unit: outcomes are drawn by number, but comparisons.{name}[{at}] = "
            f"{float(getattr(g, name)[at])!r} (group {g.groups[k]}) is not whole; draw 'cells'"
        )


def resample(
    engine: GroupEngine,
    begin: int,
    end: int,
    levels: tuple[float, ...],
    draws: GroupReplicates | None,
    progress: Any,
) -> dict[str, Any]:
    """Replicates begin <= r < end; what a `GroupedBootstrap` holds of all up to `end`.

    `draws` has room for all of them, those before `begin` filled; None: nothing is kept but
    statistics, and `begin` is 0.
    """
    g, probs, parts = engine.g, probabilities(levels), []
    for start, stop in engine.batches(end - begin):
        items, groups = slice(int(g.offsets[start]), int(g.offsets[stop])), slice(start, stop)
        if draws is None:
            part = new = engine.room(end, start, stop)
        else:
            part = draws.part(slice(0, end), items, groups)
            new = draws.part(slice(begin, end), items, groups)
        engine.run(new, start, stop, begin, end)
        parts.append(statistics(part, g.offsets[start : stop + 1], probs, engine.n_threads))
        if progress is not None:
            progress(stop, g.n_groups)
    if not parts:
        return statistics(engine.room(end, 0, 0), g.offsets[:1], probs, 1)
    return joined(parts)


def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The statistics of consecutive ranges of groups together."""
    return {
        name: None if x is None else np.concatenate([part[name] for part in parts])
        for name, x in parts[0].items()
    }


def statistics(
    part: GroupReplicates, offsets: NDArray[np.int64], probs: NDArray[np.float64], n_threads: int
) -> dict[str, NDArray[Any] | None]:
    """What a `GroupedBootstrap` holds of these replicates of some groups."""
    status, done = part.status, part.status == DONE
    mean, errors, quantiles = _native.summary(offsets, part.theta, status, probs, n_threads)
    single = np.arange(status.shape[1] + 1, dtype=np.int64)

    def errors_of(values: Any) -> Any:
        if values is None:
            return None
        return _native.summary(single, values, status, np.empty(0), n_threads)[1]

    most = np.where(done, part.residual, -1.0).max(axis=0)
    return {
        "_mean": mean,
        "_errors": errors,
        "_kept": quantiles,
        "n_failed": (status == NO_FIT).sum(axis=0),
        "n_unconverged": (status == NOT_CONVERGED).sum(axis=0),
        "resampled": (status != NOTHING).all(axis=0),
        "residual": np.where(done.any(axis=0), most, np.nan),
        "_gamma_errors": errors_of(part.gamma),
        "_tie_errors": errors_of(None if part.log_tie is None else tie_of(part.log_tie)),
        "_log_tie_errors": errors_of(part.log_tie),
    }
