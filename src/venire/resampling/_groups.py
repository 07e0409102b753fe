"""The bootstrap of many fits: replicates block by block, and what is kept of them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._native import grouped as _native
from venire.errors import ConvergenceWarning, NotIdentifiedWarning
from venire.ratings.fitting import tie_of
from venire.resampling._cells import first_fraction
from venire.resampling._group_engine import GroupEngine, GroupReplicates
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED, NOTHING

if TYPE_CHECKING:
    from venire.ratings.grouped import GroupedFit

__all__ = ["KEEP", "check_levels", "check_unit", "resample", "warn"]

KEEP = ("summary", "draws")


def check_levels(levels: Any) -> tuple[float, ...]:
    """Distinct levels strictly between 0 and 1, in the order given."""
    single = np.ndim(levels) == 0 if isinstance(levels, np.ndarray) else np.isscalar(levels)
    given = [levels] if single else checks.listed(levels, "levels")
    found = tuple(dict.fromkeys(checks.level(level, "levels") for level in given))
    if not found:
        checks.fail("levels", "must hold at least one level", value=levels)
    return found


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
    g, e = engine.g, engine.estimates
    tails = [0.5 - level / 2.0 for level in levels]
    probs = np.array([p for tail in tails for p in (tail, 1.0 - tail)])
    kept: dict[str, Any] = {
        "mean": np.empty(g.n_items),
        "_errors": np.empty(g.n_items),
        "_quantiles": np.empty((g.n_items, len(probs))),
        "n_failed": np.empty(g.n_groups, np.int64),
        "n_unconverged": np.empty(g.n_groups, np.int64),
        "resampled": np.empty(g.n_groups, bool),
        "residual": np.empty(g.n_groups),
        "_gamma_errors": None if e.gamma is None else np.empty(g.n_groups),
        "_tie_errors": None if e.log_tie is None else np.empty(g.n_groups),
    }
    for start, stop in engine.batches(end - begin):
        items, groups = slice(int(g.offsets[start]), int(g.offsets[stop])), slice(start, stop)
        if draws is None:
            part = new = engine.room(end, start, stop)
        else:
            part = draws.part(slice(0, end), items, groups)
            new = draws.part(slice(begin, end), items, groups)
        engine.run(new, start, stop, begin, end)
        _summarise(part, g.offsets[start : stop + 1], probs, items, groups, kept, engine.n_threads)
        if progress is not None:
            progress(stop, g.n_groups)
    return kept


def _summarise(
    part: GroupReplicates,
    offsets: NDArray[np.int64],
    probs: NDArray[np.float64],
    items: slice,
    groups: slice,
    kept: dict[str, Any],
    n_threads: int,
) -> None:
    """Statistics of one block of groups into the arrays of all."""
    status = part.status
    found = _native.summary(offsets, part.theta, status, probs, n_threads)
    kept["mean"][items], kept["_errors"][items], kept["_quantiles"][items] = found
    kept["n_failed"][groups] = (status == NO_FIT).sum(axis=0)
    kept["n_unconverged"][groups] = (status == NOT_CONVERGED).sum(axis=0)
    kept["resampled"][groups] = (status != NOTHING).all(axis=0)
    done = status == DONE
    most = np.where(done, part.residual, -1.0).max(axis=0)
    kept["residual"][groups] = np.where(done.any(axis=0), most, np.nan)
    single = np.arange(groups.stop - groups.start + 1, dtype=np.int64)
    tie = None if part.log_tie is None else tie_of(part.log_tie)
    for name, values in (("_gamma_errors", part.gamma), ("_tie_errors", tie)):
        if values is not None:
            _, errors, _ = _native.summary(single, values, status, np.empty(0), n_threads)
            kept[name][groups] = errors


def warn(fit: GroupedFit, kept: dict[str, Any], n_resamples: int, stacklevel: int) -> None:
    """Say which groups have replicates that are left out."""
    for name, what, kind in (
        ("n_failed", "have no finite fit", NotIdentifiedWarning),
        ("n_unconverged", "did not converge", ConvergenceWarning),
    ):
        count = kept[name]
        bad = np.flatnonzero(count)
        if len(bad):
            some = ", ".join(str(label) for label in fit.groups[bad[:5]])
            more = ", ..." if len(bad) > 5 else ""
            warnings.warn(
                f"{int(count.sum()):,} of {len(count) * n_resamples:,} replicates {what} and are "
                f"left out of the statistics; they are in {len(bad):,} groups: {some}{more}",
                kind,
                stacklevel=stacklevel,
            )
