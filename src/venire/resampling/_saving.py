"""A bootstrap in one .npz file, without pickled objects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from venire._aggregation import Aggregated
from venire.comparisons import Comparisons
from venire.priors import GaussianPrior
from venire.ratings.fit import Fit

if TYPE_CHECKING:
    from venire.resampling._result import Bootstrap

__all__ = ["load", "save"]

FORMAT = "venire bootstrap 1"
FIT = (
    "model", "tie", "order_effect", "log_likelihood", "residual", "converged", "n_iter", "n_inner",
    "method", "tol", "n_threads", "note",
)  # fmt: skip
ARRAYS = ("theta", "tie", "order_effect", "residual", "status", "n_iter")


def save(b: Bootstrap, path: str | Path) -> None:
    """Write `b` to `path`, by that very name."""
    c, fit = b.fit.comparisons, b.fit
    arrays: dict[str, Any] = {}
    facts: dict[str, Any] = {"format": FORMAT, "text": []}
    for name in Aggregated._fields:
        value = getattr(c, name if hasattr(c, name) else f"_{name}")
        if isinstance(value, np.ndarray):
            if value.dtype == object:
                facts["text"].append(name)
                value = value.astype(np.str_)
            arrays[f"c.{name}"] = value
        else:
            facts[f"c.{name}"] = value
    facts["fit"] = {name: _plain(getattr(fit, name)) for name in FIT}
    facts["prior"] = None if fit.prior is None else fit.prior.precision
    arrays["fit.theta"], arrays["fit.component"] = fit.theta, fit.component
    facts |= {"kind": b.kind, "key": list(b.key), "tol": b.tol, "n_threads": b.n_threads}
    arrays |= {f"b.{k}": v for k in ARRAYS if (v := getattr(b, k)) is not None}
    with Path(path).open("wb") as stream:
        np.savez(stream, facts=np.array(json.dumps(facts)), **arrays)


def load(path: str | Path) -> dict[str, Any]:
    """What a Bootstrap is made of."""
    try:
        with np.load(Path(path), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        facts = json.loads(str(arrays.pop("facts")))
        if facts["format"] != FORMAT:
            raise KeyError(facts["format"])
    except (OSError, EOFError):
        raise
    except Exception as error:
        raise ValueError(f"path: {str(path)!r} is no saved bootstrap ({error})") from None
    for name in facts["text"]:
        arrays[f"c.{name}"] = arrays[f"c.{name}"].astype(object)
    cells = {name: arrays.get(f"c.{name}", facts.get(f"c.{name}")) for name in Aggregated._fields}
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
    return {"fit": fit, "n_threads": facts["n_threads"], **rest, **own}


def _plain(x: Any) -> Any:
    return x.item() if isinstance(x, np.generic) else x
