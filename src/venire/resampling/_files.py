"""A bootstrap in one .npz file, without pickled objects.

What is kept is stated once, in tables: `save` writes their members, `load` reads and checks them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from venire._core import checks, disk
from venire.data.rankings import Arrays
from venire.models import model_of
from venire.ratings import ERRORS, Fit, PathFit, PlackettLuceFit
from venire.resampling import _groups, _restoring, _restoring_paths
from venire.resampling._cells import SCHEMES, UNITS, cells_of
from venire.resampling._group_engine import GroupEngine, GroupReplicates
from venire.resampling._ranking_engine import counts_of
from venire.resampling._restoring import STRENGTH
from venire.resampling._restoring_rankings import RANKING_FIT, ranking_fit
from venire.resampling._saved import Saved, Table
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED, NOTHING
from venire.resampling._weights import MOST_KEPT
from venire.resampling.plan import SCHEMES as ALL_SCHEMES

__all__ = ["load", "load_fit", "save", "save_fit"]

DRAWN: Table = {
    "scheme": (Saved.one_of, SCHEMES),
    "key": (Saved.key,),
    "tol": (Saved.tolerance,),
    "n_threads": (Saved.threads,),
}
SINGLE: Table = DRAWN | {
    "unit": (Saved.one_of, (*UNITS, "clusters")),
    "status": (Saved.array, np.int8, "resamples", DONE, NOT_CONVERGED),
    "theta": (Saved.raw, np.float64, "resamples", "items"),
    "tie": (Saved.optional, Saved.raw, np.float64, "resamples"),
    "order_effect": (Saved.optional, Saved.raw, np.float64, "resamples"),
    "coefficients": (Saved.optional, Saved.raw, np.float64, "resamples", "covariates"),
    "residual": (Saved.raw, np.float64, "resamples"),
    "n_iter": (Saved.raw, np.int32, "resamples"),
}
POSTERIOR: Table = {
    "key": (Saved.key,),
    "errors": (Saved.one_of, ERRORS),
    "theta": (Saved.maybe, np.float64, ("resamples", "items")),
    "tie": (Saved.optional, Saved.array, np.float64, "resamples", 0.0),
    "order_effect": (Saved.optional, Saved.array, np.float64, "resamples"),
    "coefficients": (Saved.optional, Saved.array, np.float64, ("resamples", "covariates")),
}
GROUPED_POSTERIOR: Table = {
    "key": (Saved.key,),
    "errors": (Saved.one_of, ERRORS),
    "n_resamples": (Saved.whole, 1, MOST_KEPT),
}
GROUPED: Table = DRAWN | {
    "unit": (Saved.one_of, UNITS),
    "n_resamples": (Saved.whole, 1),
    "levels": (Saved.levels,),
}
SUMMARY: Table = {
    "_mean": (Saved.maybe, np.float64, "items", *STRENGTH),
    "_errors": (Saved.maybe, np.float64, "items", 0.0),
    "_kept": (Saved.maybe, np.float64, ("items", "probabilities"), *STRENGTH),
    "n_failed": (Saved.array, np.int64, "groups", 0),
    "n_unconverged": (Saved.array, np.int64, "groups", 0),
    "resampled": (Saved.array, np.bool_, "groups"),
    "residual": (Saved.maybe, np.float64, "groups", 0.0),
    "_gamma_errors": (Saved.optional, Saved.maybe, np.float64, "groups", 0.0),
    "_tie_errors": (Saved.optional, Saved.maybe, np.float64, "groups", 0.0),
    "_log_tie_errors": (Saved.optional, Saved.maybe, np.float64, "groups", 0.0),
}
REPLICATES: Table = {
    "status": (Saved.array, np.int8, ("resamples", "groups"), DONE, NOTHING),
    "theta": (Saved.raw, np.float64, "resamples", "items"),
    "gamma": (Saved.optional, Saved.raw, np.float64, "resamples", "groups"),
    "log_tie": (Saved.optional, Saved.raw, np.float64, "resamples", "groups"),
    "residual": (Saved.raw, np.float64, "resamples", "groups"),
    "n_iter": (Saved.raw, np.int32, "resamples", "groups"),
}
STATISTIC: Table = {
    "scheme": (Saved.one_of, ALL_SCHEMES),
    "estimate": (Saved.number,),
    "replicates": (Saved.array, np.float64, "resamples"),
    "error": (Saved.optional, Saved.number),
    "errors": (Saved.optional, Saved.array, np.float64, "resamples"),
    "acceleration": (Saved.optional, Saved.number),
}
ONE_FIT = (  # of the cells
    "items", "row_ptr", "second", "order", "cluster", "win", "loss", "tie", "square", "has_order",
    "clusters", "date", "dates", "covariates", "covariate_names", "ageing",
)  # fmt: skip
GROUPS = (
    "groups", "offsets", "cell_offsets", "items", "first", "second", "order", "win", "loss", "tie",
    "is_soft",
)  # fmt: skip
FORMATS = {
    "Bootstrap": "venire bootstrap 3",
    "Fit": "venire fit 1",
    "PathFit": "venire path 1",
    "GroupedBootstrap": "venire grouped bootstrap 2",
    "GroupedPosteriorDraws": "venire grouped posterior draws 1",
    "PosteriorDraws": "venire posterior draws 2",
    "StatisticBootstrap": "venire statistic bootstrap 2",
}
OF_ONE_FIT = {"Bootstrap": SINGLE, "PosteriorDraws": POSTERIOR}


def save(b: Any, path: str | Path) -> None:
    """Write `b` to `path`, by that very name."""
    out = _Members({"format": FORMATS[type(b).__name__]})
    if type(b).__name__ == "StatisticBootstrap":
        out.put("b", b, STATISTIC)
    elif type(b).__name__ in OF_ONE_FIT:
        out.put_fit(b.fit)
        out.put("b", b, OF_ONE_FIT[type(b).__name__])
    else:
        fit, own = b.fit, not b.fit.shared
        out.put_cells(fit.comparisons.cells, GROUPS)
        out.put("fit", fit, _restoring.GROUPED_FIT)
        out.add("fit.status", fit.status)
        out.add("fit.has_order", fit.order_effect is not None)
        for name in ("order_effect", "tie") if own else ():
            if getattr(fit, name) is not None:
                out.add(f"fit.{name}", getattr(fit, name))
        out.put("b", b, GROUPED if b.scheme != "posterior" else GROUPED_POSTERIOR)
        if b.scheme == "posterior":
            pass  # draws are made again from the fits
        elif b._replicates is None:
            out.put("b", b, SUMMARY)
        else:
            out.put("draws", b._replicates, REPLICATES)
        out.add("prior", fit.prior)
    if hasattr(b, "fit"):
        b.fit.require_own_scale()
    out.write(path)


def save_fit(fit: Fit | PathFit, path: str | Path) -> None:
    """Write a fit and its comparisons to `path`, a .npz file by that very name: ``fit.save(path)``.

    Parameters
    ----------
    fit : Fit or PathFit
    path : str or Path

    Raises
    ------
    TypeError
        If `fit` is neither.
    OSError
        If the file cannot be written.
    ValueError
        If a label ends in a NUL character, or the fit is shown in another unit.
    """
    if not isinstance(fit, (Fit, PathFit)):
        checks.fail("fit", "must be a Fit or a PathFit", value=fit, kind=TypeError)
    fit.require_own_scale("save")
    if isinstance(fit, PathFit):
        out = _Members({"format": FORMATS["PathFit"]})
        out.put("path", fit, _restoring_paths.PATH)
        for name in _restoring_paths.ARRAYS:
            out.add(f"path.{name}", getattr(fit, name))
        single = fit.static
    else:
        out, single = _Members({"format": FORMATS["Fit"]}), fit
    out.put_fit(single)
    out.write(path)


def load_fit(path: str | Path) -> Fit | PathFit:
    """Read what `save_fit` wrote; nothing in the file is executed, and all of it is checked.

    Raises
    ------
    ValueError
        If the file is no saved fit or was changed: names the member and what is wrong.
    FileNotFoundError
        If there is no such file.
    """
    s = Saved(path, (FORMATS["Fit"], FORMATS["PathFit"]), "fit")
    fit = _fit(s) if s.format == FORMATS["Fit"] else _restoring_paths.path(s)
    s.finish()
    return fit


def load(kind: str, path: str | Path) -> dict[str, Any]:
    """What a bootstrap of the class called `kind` is made of."""
    readers = {
        "Bootstrap": _single, "GroupedBootstrap": _grouped, "PosteriorDraws": _posterior,
        "GroupedPosteriorDraws": _grouped_posterior, "StatisticBootstrap": _statistic,
    }  # fmt: skip
    return readers[kind](Saved(path, FORMATS[kind]))


def _fit(s: Saved) -> Fit:
    """A single fit, of comparisons or of rankings."""
    return ranking_fit(s) if s.holds("r.offsets") else _restoring.fit(s)


class _Members:
    """What goes into a file: arrays, and everything else as facts, in types of JSON."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts
        self.arrays: dict[str, Any] = {}

    def put(self, prefix: str, owner: Any, table: Table) -> None:
        """The members of a table."""
        for name in table:
            self.add(f"{prefix}.{name}", getattr(owner, name))

    def add(self, name: str, value: Any) -> None:
        """One member."""
        if isinstance(value, np.ndarray):
            self.arrays[name] = value
        elif hasattr(value, "to_dict"):
            self.facts[name] = value.to_dict()
        else:
            self.facts[name] = value.item() if isinstance(value, np.generic) else value

    def write(self, path: str | Path) -> None:
        """All of it, whole or not at all."""
        with disk.whole(path) as part, open(part, "wb") as stream:
            np.savez(stream, facts=np.array(json.dumps(self.facts)), **self.arrays)

    def put_fit(self, fit: Fit) -> None:
        """A single fit with what it is of."""
        self.add("prior", fit.prior)
        self.add("asked", None if fit.prior_means is None else fit.prior_means.asked)
        if isinstance(fit, PlackettLuceFit):
            self.put_cells(fit.rankings.arrays, Arrays._fields, "r")
            self.put("fit", fit, RANKING_FIT)
        else:
            self.put_cells(fit.comparisons.cells, ONE_FIT)
            self.put("fit", fit, _restoring.FIT)

    def put_cells(self, cells: Any, fields: tuple[str, ...], prefix: str = "c") -> None:
        """The arrays of comparisons or rankings; labels that are Python's own texts as NumPy's."""
        for name in fields:
            value = getattr(cells, name)
            value = getattr(value, "plain", value)
            if isinstance(value, np.ndarray) and value.dtype == object:
                stored = value.astype(np.str_)
                lost = np.flatnonzero(stored.astype(object) != value)
                if len(lost):  # NumPy keeps no NUL at the end of a text
                    rule = "a label that ends in a NUL character cannot be saved"
                    checks.fail(name, rule, int(lost[0]), value[lost[0]])
                value = stored
            self.add(f"{prefix}.{name}", value)


def _single(s: Saved) -> dict[str, Any]:
    from venire._native.replicates import Draws

    fit: Any = _fit(s)
    own = s.read("b", SINGLE)
    s.finish()
    known = np.isin(own["status"], (DONE, NO_FIT, NOT_CONVERGED))
    s.check("b.status", known, "must be 0, 1 or 3", own["status"])
    _check_parameters(s, fit, own)
    law = model_of(fit.model).tie
    _check_done(s, "b", own, 0.0 if law is None else law.boundary)
    if own["unit"] == "clusters" and fit.comparisons.cluster is None:
        s.fail("b.unit", "must not be 'clusters' where there are none")
    try:
        counts = counts_of if isinstance(fit, PlackettLuceFit) else lambda *x: cells_of(*x).counts
        Draws(own["scheme"], counts(fit, own["unit"]), own["key"])
    except ValueError as error:
        s.fail("c", f"cannot be resampled: {error}")
    return {"fit": fit, **own}


def _posterior(s: Saved) -> dict[str, Any]:
    fit: Any = _fit(s)
    own = s.read("b", POSTERIOR)
    s.finish()
    _check_parameters(s, fit, own)
    return {"fit": fit, **own}


def _check_parameters(s: Saved, fit: Fit, own: dict[str, Any]) -> None:
    """Draws are of the parameters that the fit has."""
    for name in ("tie", "order_effect", "coefficients"):
        s.same(f"b.{name}", own[name], getattr(fit, name) is not None)


def _grouped_posterior(s: Saved) -> dict[str, Any]:
    fit = _restoring.grouped_fit(s)
    own = s.read("b", GROUPED_POSTERIOR)
    s.finish()
    if fit.shared and len(fit.shared_values):
        s.fail("fit.shared", "must be false: groups that share parameters are not drawn")
    return {"fit": fit, **own}


def _grouped(s: Saved) -> dict[str, Any]:
    fit = _restoring.grouped_fit(s)
    g, own = fit.comparisons, s.read("b", GROUPED)
    n = s.sizes["resamples"] = own["n_resamples"]
    probs = _groups.probabilities(own["levels"])
    has = {
        "gamma": fit.order_effect is not None and not fit.shared,
        "tie": fit.tie is not None and not fit.shared and g.cells.tie is not None,
    }
    replicates = None
    if s.holds("draws.theta"):
        values = s.read("draws", REPLICATES)
        s.finish()
        known = values["status"] != 2
        s.check("draws.status", known, "must be 0, 1, 3 or 4", values["status"])
        s.same("draws.gamma", values["gamma"], has["gamma"])
        s.same("draws.log_tie", values["log_tie"], has["tie"])
        _check_done(s, "draws", values, sizes=np.diff(g.offsets))
        replicates = GroupReplicates(**values)
        own |= _groups.statistics(replicates, g.offsets, probs, own["n_threads"])
    else:
        s.sizes["probabilities"] = len(probs)
        own |= s.read("b", SUMMARY)
        s.finish()
        crossed = own["_kept"][:, 0::2] > own["_kept"][:, 1::2]
        s.check("b._kept", ~crossed, "must not cross", own["_kept"][:, 0::2])
        left_out = own["n_failed"] + own["n_unconverged"]
        s.check("b.n_failed", left_out <= n, "must not exceed all, with n_unconverged", left_out)
        s.same("b._gamma_errors", own["_gamma_errors"], has["gamma"])
        s.same("b._tie_errors", own["_tie_errors"], has["tie"])
        s.same("b._log_tie_errors", own["_log_tie_errors"], has["tie"])
    try:  # the first replicate
        _groups.check_unit(fit, own["unit"])
        options = {name: own[name] for name in ("scheme", "unit", "key", "tol", "n_threads")}
        engine = GroupEngine(fit, **options)
        engine.run(engine.room(1, 0, g.n_groups), 0, g.n_groups, 0, 1)
    except ValueError as error:
        s.fail("c", f"cannot be resampled: {error}")
    return {"fit": fit, "_replicates": replicates, **own}


def _statistic(s: Saved) -> dict[str, Any]:
    own = s.read("b", STATISTIC)
    s.finish()
    if s.sizes["resamples"] < 2:
        s.fail("b.replicates", "must be two at least")
    s.same("b.errors", own["errors"], own["error"] is not None)
    return own


def _check_done(
    s: Saved, prefix: str, values: dict[str, Any], least_tie: float = 0.0, *, sizes: Any = None
) -> None:
    """Replicates that have a fit have numbers, within what fits give."""
    done = values["status"] == DONE
    wide = done[:, None] if sizes is None else np.repeat(done, sizes, axis=1)
    masks = {"theta": wide, "coefficients": done[:, None]}
    low, high = STRENGTH
    for name, least, most in (("theta", low, high), ("gamma", low, high), ("residual", 0.0, np.inf),
                              ("order_effect", low, high), ("tie", least_tie, np.inf),
                              ("coefficients", -np.inf, np.inf)):  # fmt: skip
        x = values.get(name)
        if x is not None:
            good = (np.abs(x) < np.inf) & (x >= least) & (x <= most)
            mask = masks.get(name, done)
            s.check(f"{prefix}.{name}", good | ~mask, "must be finite where there is a fit", x)
