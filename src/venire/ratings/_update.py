"""Yesterday's fit and today's comparisons."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from venire._core import checks
from venire.data.asked import wanted
from venire.data.comparisons import Comparisons
from venire.priors import EVIDENCE, GaussianPrior
from venire.ratings.fitting import fit_quietly

if TYPE_CHECKING:
    from venire.ratings.fit import Fit
    from venire.ratings.newton import Progress

__all__ = ["update"]


def update(fit: Fit, new: Any, rows: Mapping[str, Any], progress: Progress | None) -> Fit:
    """The fit of the comparisons of `fit` and of new ones, in the name of its method."""
    fit.require_own_scale("update")
    checks.function(progress, "progress")
    if rows and new is not None:
        raise TypeError("give new comparisons, or rows by name, not both")
    if not rows:
        wanted(new, "new", Comparisons)
    c = fit.comparisons.append(**rows) if rows else fit.comparisons + new
    same = c.items is fit.items
    ties = c.cells.tie is None, fit.comparisons.cells.tie is None
    # further comparisons undo nothing that holds a parameter back: there is a fit of the same ones
    known = same and ties[0] == ties[1] and not fit.component.any()
    prior = fit.prior
    if fit.prior_means is not None:  # what the data chose they choose again
        prior = fit.prior_means.asked_of(fit.items)
    elif fit.evidence is not None and prior is not None:
        prior = GaussianPrior(EVIDENCE, prior.mean)
    found, remarks = fit_quietly(
        fit.model,
        c,
        prior=prior,
        order_effect=fit.order_effect is not None,
        method=fit.method,
        init=fit,
        tol=fit.tol,
        max_iter=None,
        n_threads=fit.n_threads,
        progress=progress,
        components=fit.components,
        component=fit.component if known else None,
        donor=fit._cache.get("preconditioner") if same else None,
    )
    for text, category in remarks:
        warnings.warn(text, category, stacklevel=3)
    return found.core() if fit._core else found
