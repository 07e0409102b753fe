"""How blocks of replicates are kept in the folder of a job, and read again, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core.plain import get, put
from venire._core.records import Kind, Record, Writer
from venire.resampling._engine import Batch
from venire.resampling._group_engine import GroupReplicates
from venire.resampling._status import DONE, NO_FIT, NOT_CONVERGED

__all__ = ["KINDS"]


def _put(batch: Batch, out: Writer) -> None:
    for name, array in zip(Batch._fields, batch, strict=True):
        out.array(name, array)


def _get(record: Record) -> Batch:
    x = record.array("x", np.float64, None, None)
    n = len(x)
    residual = record.array("residual", np.float64, n)
    status = record.array("status", np.int8, n)
    n_iter = record.array("n_iter", np.int32, n)
    done = status == DONE
    if not np.isin(status, (DONE, NO_FIT, NOT_CONVERGED)).all():
        raise ValueError("there is no such status")
    if not np.isfinite(x[done]).all() or not np.isfinite(residual[done]).all():
        raise ValueError("replicates that have a fit must be finite")
    return Batch(x, residual, status, n_iter)


def _get_groups(record: Record) -> tuple[dict[str, Any], GroupReplicates | None]:
    found, draws = get(record, {"GroupReplicates": GroupReplicates})
    if not isinstance(found, dict) or not (draws is None or isinstance(draws, GroupReplicates)):
        raise ValueError("the replicates of groups are none")
    return found, draws


#: Of the tasks of bootstraps.
KINDS = {"replicates": Kind(_put, _get), "groups": Kind(put, _get_groups)}
