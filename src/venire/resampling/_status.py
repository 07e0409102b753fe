"""What became of a replicate, and the warnings of those that statistics leave out."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from venire.errors import ConvergenceWarning, NotIdentifiedWarning

__all__ = ["DONE", "NOTHING", "NOT_CONVERGED", "NO_FIT", "UNSURE", "warn_of_left_out"]

DONE = 0
NO_FIT = 1  # no finite one exists
UNSURE = 2  # many steps at a time did not settle it: to be fitted by itself
NOT_CONVERGED = 3
NOTHING = 4  # there is nothing to draw


def warn_of_left_out(counts: dict[int, Any], n_resamples: int, groups: Any = None) -> None:
    """Warn of replicates without a fit; `counts` by status, of each group where there are any."""
    for status, what, cure, category in (
        (NO_FIT, "have no finite fit", "; a prior gives every replicate one", NotIdentifiedWarning),
        (NOT_CONVERGED, "did not converge", "", ConvergenceWarning),
    ):
        count = np.atleast_1d(counts[status])
        bad = np.flatnonzero(count)
        if not len(bad):
            continue
        where = ""
        if groups is not None:
            some = ", ".join(str(label) for label in groups[bad[:5]])
            where = f"; they are in {len(bad):,} groups: {some}{', ...' * (len(bad) > 5)}"
        warnings.warn(
            f"{int(count.sum()):,} of {len(count) * n_resamples:,} replicates {what} and are left "
            f"out of the statistics{where or cure}",
            category,
            stacklevel=4,
        )
