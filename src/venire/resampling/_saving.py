"""A bootstrap in one .npz file, without pickled objects."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks, disk
from venire.data.rows import Cells
from venire.resampling import _groups, _restoring
from venire.resampling._cells import KINDS, UNITS, cells_of
from venire.resampling._group_engine import GroupEngine, GroupReplicates
from venire.resampling._saved import MOST_STRENGTH, Saved
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED, NOTHING

if TYPE_CHECKING:
    from venire.data.grouped_comparisons import GroupedComparisons
    from venire.resampling._grouped import GroupedBootstrap
    from venire.resampling._result import Bootstrap

__all__ = ["load", "load_groups", "save", "save_groups"]

FORMAT, GROUPS_FORMAT = "venire bootstrap 1", "venire grouped bootstrap 1"
ONE_FIT = (  # of the cells
    "items", "row_ptr", "second", "order", "cluster", "win", "loss", "tie", "square", "n_pairs",
    "has_order", "clusters",
)  # fmt: skip
GROUPS = (
    "groups", "offsets", "cell_offsets", "items", "first", "second", "order", "win", "loss", "tie",
    "is_soft",
)  # fmt: skip
FIT = (
    "model", "tie", "order_effect", "log_likelihood", "residual", "converged", "n_iter", "n_inner",
    "method", "tol", "n_threads", "note",
)  # fmt: skip
ARRAYS = ("theta", "tie", "order_effect", "residual", "status", "n_iter")
GROUPED_FIT = (
    "model", "theta", "tie", "order_effect", "shared", "status", "residual", "n_iter",
    "n_components", "tol", "n_threads", "scale", "_values",
)  # fmt: skip
GROUPED = (
    "kind", "unit", "key", "n_resamples", "levels", "mean", "n_failed", "n_unconverged",
    "resampled", "residual", "tol", "n_threads", "_errors", "_quantiles", "_gamma_errors",
    "_tie_errors",
)  # fmt: skip


def save(b: Bootstrap, path: str | Path) -> None:
    """Write `b` to `path`, by that very name."""
    fit = b.fit
    arrays: dict[str, Any] = {}
    facts: dict[str, Any] = {"format": FORMAT}
    _put_cells(fit.comparisons.cells, ONE_FIT, arrays, facts)
    facts["fit"] = {name: _plain(getattr(fit, name)) for name in FIT}
    facts["prior"] = None if fit.prior is None else fit.prior.precision
    arrays["fit.theta"], arrays["fit.component"] = fit.theta, fit.component
    facts |= {"kind": b.kind, "key": list(b.key), "tol": b.tol, "n_threads": b.n_threads}
    facts["unit"] = b.unit
    arrays |= {f"b.{k}": v for k in ARRAYS if (v := getattr(b, k)) is not None}
    _write(path, arrays, facts)


def load(path: str | Path) -> dict[str, Any]:
    """What a Bootstrap is made of."""
    from venire._native.replicates import Draws

    s = Saved(path, FORMAT)
    c = _restoring.comparisons(s)
    fit = _restoring.fit(s, c)
    status = s.array("b.status", np.int8, (None,))
    n = len(status)
    s.check("b.status", np.isin(status, (DONE, NO_FIT, NOT_CONVERGED)), "must be 0, 1 or 3", status)
    own: dict[str, Any] = {
        "theta": s.raw("b.theta", np.float64, (n, c.n_items)),
        "residual": s.raw("b.residual", np.float64, (n,)),
        "n_iter": s.raw("b.n_iter", np.int32, (n,)),
        "tie": None if fit.tie is None else s.raw("b.tie", np.float64, (n,)),
        "order_effect": None,
    }
    if fit.order_effect is not None:
        own["order_effect"] = s.raw("b.order_effect", np.float64, (n,))
    _check_done(s, "b", status, own, least_tie=_restoring.BOUNDARY.get(fit.model, 0.0))
    unit = s.one_of("unit", (*UNITS, "clusters"))
    if unit == "clusters" and c.cluster is None:
        s.fail("unit", "must not be 'clusters' where there are none")
    own |= {"kind": s.one_of("kind", KINDS), "key": s.key("key"), "unit": unit}
    own |= {"tol": s.tolerance("tol"), "n_threads": s.threads("n_threads")}
    s.finish()
    _check_drawn(s, lambda: Draws(own["kind"], cells_of(fit, unit).counts, own["key"]))
    return {"fit": fit, "status": status, **own}


def save_groups(b: GroupedBootstrap, path: str | Path) -> None:
    """Write `b` to `path`, by that very name."""
    arrays: dict[str, Any] = {}
    facts: dict[str, Any] = {"format": GROUPS_FORMAT}
    _put_cells(b.fit.comparisons.cells, GROUPS, arrays, facts)
    prior = b.fit.prior
    facts["prior"] = None if prior is None else prior.precision
    _put("fit", {name: getattr(b.fit, name) for name in GROUPED_FIT}, arrays, facts)
    _put("b", {name: getattr(b, name) for name in GROUPED}, arrays, facts)
    if b._draws is not None:
        _put("draws", b._draws._asdict(), arrays, facts)
    _write(path, arrays, facts)


def load_groups(path: str | Path) -> dict[str, Any]:
    """What a GroupedBootstrap is made of."""
    s = Saved(path, GROUPS_FORMAT)
    g = _restoring.grouped_comparisons(s)
    fit = _restoring.grouped_fit(s, g)
    n = s.whole("b.n_resamples", 1)
    levels = s.fact("b.levels")
    fine = isinstance(levels, list) and levels and len(set(map(str, levels))) == len(levels)
    if not fine or not all(type(x) is float and 0.0 < x < 1.0 for x in levels):
        s.fail("b.levels", "must be distinct numbers between 0 and 1", None, levels)
    groups, items, anything = (g.n_groups,), (g.n_items,), {"nan": True}
    own: dict[str, Any] = {
        "kind": s.one_of("b.kind", KINDS),
        "unit": s.one_of("b.unit", UNITS),
        "key": s.key("b.key"),
        "n_resamples": n,
        "levels": tuple(levels),
        "mean": s.array("b.mean", np.float64, items, -MOST_STRENGTH, MOST_STRENGTH, **anything),
        "n_failed": s.array("b.n_failed", np.int64, groups, 0, n),
        "n_unconverged": s.array("b.n_unconverged", np.int64, groups, 0, n),
        "resampled": s.array("b.resampled", np.bool_, groups),
        "residual": s.array("b.residual", np.float64, groups, 0.0, **anything),
        "tol": s.tolerance("b.tol"),
        "n_threads": s.threads("b.n_threads"),
        "_errors": s.array("b._errors", np.float64, items, 0.0, **anything),
        "_quantiles": s.array(
            "b._quantiles", np.float64, (g.n_items, 2 * len(levels)), -MOST_STRENGTH,
            MOST_STRENGTH, **anything,
        ),
    }  # fmt: skip
    crossed = own["_quantiles"][:, 0::2] > own["_quantiles"][:, 1::2]
    s.check("b._quantiles", ~crossed, "must not cross", own["_quantiles"][:, 0::2])
    left_out = own["n_failed"] + own["n_unconverged"]
    s.check("b.n_failed", left_out <= n, "must not exceed all, with n_unconverged", left_out)
    has_gamma = fit.order_effect is not None and not fit.shared
    has_tie = fit.tie is not None and not fit.shared and g.cells.tie is not None
    for name, has in (("_gamma_errors", has_gamma), ("_tie_errors", has_tie)):
        if has:
            own[name] = s.array(f"b.{name}", np.float64, groups, 0.0, **anything)
        else:
            s.nothing(f"b.{name}")
            own[name] = None
    draws = _draws(s, g, own, has_gamma, has_tie) if s.holds("draws.theta") else None
    s.finish()

    def first_replicate() -> None:
        _groups.check_unit(fit, own["unit"])
        names = ("kind", "unit", "key", "tol", "n_threads")
        engine = GroupEngine(fit, **{name: own[name] for name in names})
        engine.run(engine.room(1, 0, g.n_groups), 0, g.n_groups, 0, 1)

    _check_drawn(s, first_replicate)
    return {"fit": fit, "_draws": draws, **own}


def _draws(
    s: Saved, g: GroupedComparisons, own: dict[str, Any], has_gamma: bool, has_tie: bool
) -> GroupReplicates:
    """The replicates that were kept; where nothing was drawn their values are anything."""
    shape, floats = (own["n_resamples"], g.n_groups), np.float64
    status = s.array("draws.status", np.int8, shape)
    known = np.isin(status, (DONE, NO_FIT, NOT_CONVERGED, NOTHING))
    s.check("draws.status", known, "must be 0, 1, 3 or 4", status)
    for name, counted in (
        ("n_failed", (status == NO_FIT).sum(axis=0)),
        ("n_unconverged", (status == NOT_CONVERGED).sum(axis=0)),
        ("resampled", (status != NOTHING).all(axis=0)),
    ):
        s.check(f"b.{name}", own[name] == counted, "contradicts draws.status", own[name])
    values: dict[str, Any] = {"gamma": None, "log_tie": None}
    for name, has in (("gamma", has_gamma), ("log_tie", has_tie)):
        if has:
            values[name] = s.raw(f"draws.{name}", floats, shape)
        else:
            s.nothing(f"draws.{name}")
    values["theta"] = s.raw("draws.theta", floats, (own["n_resamples"], g.n_items))
    values["residual"] = s.raw("draws.residual", floats, shape)
    values["n_iter"] = s.raw("draws.n_iter", np.int32, shape)
    _check_done(s, "draws", status, values, sizes=np.diff(g.offsets))
    return GroupReplicates(status=status, **values)


def _check_done(
    s: Saved,
    prefix: str,
    status: NDArray[np.int8],
    values: dict[str, Any],
    *,
    sizes: Any = None,
    least_tie: float = 0.0,
) -> None:
    """Replicates that have a fit have numbers, within what fits give."""
    done = status == DONE
    wide = done[:, None] if sizes is None else np.repeat(done, sizes, axis=1)
    for name, low in (("theta", -MOST_STRENGTH), ("gamma", -MOST_STRENGTH), ("residual", 0.0),
                      ("order_effect", -MOST_STRENGTH), ("tie", least_tie)):  # fmt: skip
        x = values.get(name)
        if x is not None:
            good = (np.abs(x) < np.inf) & (x >= low)
            if low < 0.0:
                good &= x <= -low
            mask = wide if name == "theta" else done
            s.check(f"{prefix}.{name}", good | ~mask, "must be finite where there is a fit", x)


def _check_drawn(s: Saved, draw: Callable[[], Any]) -> None:
    """What is drawn can be drawn from these cells."""
    try:
        draw()
    except ValueError as error:
        s.fail("c", f"cannot be resampled: {error}")


def _put(
    prefix: str, values: dict[str, Any], arrays: dict[str, Any], facts: dict[str, Any]
) -> None:
    """Arrays among the arrays, everything else among the facts."""
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}.{name}"] = value
        else:
            facts[f"{prefix}.{name}"] = _plain(value)


def _put_cells(
    c: Cells, fields: tuple[str, ...], arrays: dict[str, Any], facts: dict[str, Any]
) -> None:
    """The arrays of comparisons; labels that are Python's own texts as NumPy's."""
    values = {name: getattr(c, name) for name in fields}
    text = [name for name, x in values.items() if isinstance(x, np.ndarray) and x.dtype == object]
    facts["text"] = text
    for name in text:
        stored = values[name].astype(np.str_)
        lost = np.flatnonzero(stored.astype(object) != values[name])
        if len(lost):  # NumPy keeps no NUL at the end of a text
            rule = "a label that ends in a NUL character cannot be saved"
            checks.fail(name, rule, int(lost[0]), values[name][lost[0]])
        values[name] = stored
    _put("c", values, arrays, facts)


def _write(path: str | Path, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    with disk.whole(path) as part, open(part, "wb") as stream:
        np.savez(stream, facts=np.array(json.dumps(facts)), **arrays)


def _plain(x: Any) -> Any:
    return x.item() if isinstance(x, np.generic) else x
