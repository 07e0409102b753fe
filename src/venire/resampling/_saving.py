"""A bootstrap in one .npz file, without pickled objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._aggregation import Aggregated
from venire._grouping import Grouping
from venire.comparisons import Comparisons
from venire.grouped import GroupedFit
from venire.grouped_comparisons import GroupedComparisons
from venire.priors import GaussianPrior
from venire.ratings.fit import Fit
from venire.resampling._group_engine import GroupReplicates

if TYPE_CHECKING:
    from venire.resampling._grouped import GroupedBootstrap
    from venire.resampling._result import Bootstrap

__all__ = ["load", "load_groups", "save", "save_groups"]

FORMAT, GROUPS_FORMAT = "venire bootstrap 1", "venire grouped bootstrap 1"
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
    _put_cells(fit.comparisons, Aggregated._fields, arrays, facts)
    facts["fit"] = {name: _plain(getattr(fit, name)) for name in FIT}
    facts["prior"] = None if fit.prior is None else fit.prior.precision
    arrays["fit.theta"], arrays["fit.component"] = fit.theta, fit.component
    facts |= {"kind": b.kind, "key": list(b.key), "tol": b.tol, "n_threads": b.n_threads}
    facts["unit"] = b.unit
    arrays |= {f"b.{k}": v for k in ARRAYS if (v := getattr(b, k)) is not None}
    _write(path, arrays, facts)


def load(path: str | Path) -> dict[str, Any]:
    """What a Bootstrap is made of."""
    arrays, facts = _read(path, FORMAT)
    cells = _cells(Aggregated._fields, arrays, facts)
    prior = None if facts["prior"] is None else GaussianPrior(facts["prior"])
    fit = Fit(
        comparisons=Comparisons._of(Aggregated(**cells)),
        theta=arrays["fit.theta"],
        component=arrays["fit.component"],
        prior=prior,
        **facts["fit"],
    )
    own = {name: arrays.get(f"b.{name}") for name in ARRAYS}
    rest = {"kind": facts["kind"], "key": tuple(facts["key"]), "tol": facts["tol"]}
    rest["unit"] = facts.get("unit", "auto")
    return {"fit": fit, "n_threads": facts["n_threads"], **rest, **own}


def save_groups(b: GroupedBootstrap, path: str | Path) -> None:
    """Write `b` to `path`, by that very name."""
    arrays: dict[str, Any] = {}
    facts: dict[str, Any] = {"format": GROUPS_FORMAT}
    _put_cells(b.fit.comparisons, Grouping._fields, arrays, facts)
    prior = b.fit.prior
    facts["prior"] = None if prior is None else prior.precision
    _put("fit", {name: getattr(b.fit, name) for name in GROUPED_FIT}, arrays, facts)
    _put("b", {name: getattr(b, name) for name in GROUPED}, arrays, facts)
    if b._draws is not None:
        _put("draws", b._draws._asdict(), arrays, facts)
    _write(path, arrays, facts)


def load_groups(path: str | Path) -> dict[str, Any]:
    """What a GroupedBootstrap is made of."""
    arrays, facts = _read(path, GROUPS_FORMAT)
    cells = _cells(Grouping._fields, arrays, facts)
    fit = GroupedFit(
        comparisons=GroupedComparisons._of(Grouping(**cells)),
        prior=None if facts["prior"] is None else GaussianPrior(facts["prior"]),
        **_got("fit", GROUPED_FIT, arrays, facts),
    )
    own = _got("b", GROUPED, arrays, facts)
    own |= {"key": tuple(own["key"]), "levels": tuple(own["levels"])}
    draws = None
    if "draws.theta" in arrays:
        draws = GroupReplicates(**_got("draws", GroupReplicates._fields, arrays, facts))
    return {"fit": fit, "_draws": draws, **own}


def _put(
    prefix: str, values: dict[str, Any], arrays: dict[str, Any], facts: dict[str, Any]
) -> None:
    """Arrays among the arrays, everything else among the facts."""
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}.{name}"] = value
        else:
            facts[f"{prefix}.{name}"] = _plain(value)


def _got(
    prefix: str, names: tuple[str, ...], arrays: dict[str, Any], facts: dict[str, Any]
) -> dict[str, Any]:
    """What `_put` put there."""
    keys = {name: f"{prefix}.{name}" for name in names}
    return {name: arrays[key] if key in arrays else facts[key] for name, key in keys.items()}


def _put_cells(
    c: Any, fields: tuple[str, ...], arrays: dict[str, Any], facts: dict[str, Any]
) -> None:
    """The arrays of comparisons; labels that are Python's own texts as NumPy's."""
    values = {name: getattr(c, name if hasattr(c, name) else f"_{name}") for name in fields}
    text = [name for name, x in values.items() if isinstance(x, np.ndarray) and x.dtype == object]
    facts["text"] = text
    values |= {name: values[name].astype(np.str_) for name in text}
    _put("c", values, arrays, facts)


def _cells(
    fields: tuple[str, ...], arrays: dict[str, Any], facts: dict[str, Any]
) -> dict[str, Any]:
    values = _got("c", fields, arrays, facts)
    return values | {name: values[name].astype(object) for name in facts["text"]}


def _write(path: str | Path, arrays: dict[str, Any], facts: dict[str, Any]) -> None:
    with Path(path).open("wb") as stream:
        np.savez(stream, facts=np.array(json.dumps(facts)), **arrays)


def _read(path: str | Path, wanted: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with np.load(Path(path), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop("facts")))
        if facts["format"] != wanted:
            raise KeyError(facts["format"])
    except (OSError, EOFError):
        raise
    except Exception as error:
        raise ValueError(f"path: {str(path)!r} is no saved bootstrap ({error})") from None
    return arrays, facts


def _plain(x: Any) -> Any:
    return x.item() if isinstance(x, np.generic) else x
