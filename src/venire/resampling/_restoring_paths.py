"""Ratings over time from saved files: every array and fact checked against the others."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire.models import model_of
from venire.ratings import PathEvidence, PathFit
from venire.ratings.paths.fitting import LEAST, MOST, Problems, made
from venire.ratings.paths.periods import MOST as MOST_PERIODS
from venire.ratings.paths.periods import STEPS, Periods
from venire.resampling import _restoring
from venire.resampling._saved import MOST_STRENGTH, Saved, Table

__all__ = ["ARRAYS", "PATH", "path"]


def _step(s: Saved, name: str) -> str | float:
    """How long a period is."""

    def good(x: Any) -> bool:
        return x in STEPS if isinstance(x, str) else type(x) is float and 0.0 < x < np.inf

    return s.fact(name, good, f"one of {', '.join(STEPS)}, or a number above 0")


def _evidence(s: Saved, name: str) -> PathEvidence:
    """How the walk was found."""
    kinds = {field: type(x) for field, x in vars(PathEvidence(1.0, 1.0, 1)).items()}

    def good(x: Any) -> bool:
        if not isinstance(x, dict) or {field: type(v) for field, v in x.items()} != kinds:
            return False
        return not any(v < 0.0 for v in x.values() if not isinstance(v, str))

    return PathEvidence(**s.fact(name, good, "how a walk was found"))


PATH: Table = {
    "step": (_step,),
    "walk": (Saved.number, 0.0, MOST),
    "evidence": (Saved.optional, _evidence),
    "residual": (Saved.number, 0.0),
    "converged": (Saved.flag,),
    "n_iter": (Saved.whole,),
    "tol": (Saved.tolerance,),
}


ARRAYS = ("periods", "cell_periods", "parameters")


def path(s: Saved) -> PathFit:
    """A path with the fit of all time and its comparisons."""
    static = _restoring.fit(s)
    c, found = static.comparisons, s.read("path", PATH)
    start = s.dates("path.periods", "periods")
    n, step, walk = len(start), found.pop("step"), found.pop("walk")
    if not 0 < n <= MOST_PERIODS:
        s.fail("path.periods", f"must be from 1 to {MOST_PERIODS:,}, not {n:,}")
    if start.dtype.kind not in ("Mf" if not isinstance(step, str) else "M"):
        s.fail("path.periods", "must be dates, or numbers for a step that is one")
    if 0.0 < walk < LEAST:
        s.fail("path.walk", f"must be 0 or at least {LEAST:g}", None, walk)
    if c.covariate_names:
        s.fail("c.covariates", "must not be there: a path knows none")
    evidence = found["evidence"]
    if evidence is not None and evidence.walk != walk:
        s.fail("path.evidence", "must have found the walk")
    period = s.array("path.cell_periods", np.int64, "cells", 0, n - 1)
    try:
        problems = Problems(c, static, period, n, walk)
    except ValueError as error:
        s.fail("path.periods", str(error))
    problem = problems.of(walk)
    x = s.array(
        "path.parameters", np.float64, problem.n_parameters, -MOST_STRENGTH, MOST_STRENGTH
    ).copy()
    law = model_of(static.model).tie
    if problem.has_tie and law is not None and x[-1] < law.log_boundary:
        s.fail("path.parameters", "must not put the tie parameter beyond its boundary")
    return made(problems, Periods(start, step), walk, x, **found)
