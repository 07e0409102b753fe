"""What rows are kept apart by besides pair and order: their cluster, date and covariates.

A stratum is a distinct combination of these three. Covariates are differences, of a row's first
less its second, so they turn their sign where the cell sees the row from the other side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data.series import floats

__all__ = ["Covariates", "Strata", "covariates_of"]


class Covariates(NamedTuple):
    """Covariates of rows: names, and (n_rows, n_covariates) of float64 in C order, finite."""

    names: tuple[str, ...]
    values: NDArray[np.float64]


class Strata(NamedTuple):
    """The strata of rows; what is None keeps none apart."""

    cluster: NDArray[np.int32] | None = None
    date: NDArray[np.int64] | None = None
    covariates: NDArray[np.float64] | None = None

    def at(self, rows: Any) -> Self:
        """Those of the chosen rows."""
        return type(self)(*(None if x is None else x[rows] for x in self))

    def coded(self) -> tuple[NDArray[np.int32], Self]:
        """The stratum of each row, of clusters and dates, and the strata in ascending order."""
        if self.date is None:
            assert self.cluster is not None
            own = np.arange(int(self.cluster.max()) + 1, dtype=np.int32)
            return self.cluster, self._replace(cluster=own)
        if self.cluster is None:
            days = np.arange(int(self.date.max()) + 1)
            return self.date.astype(np.int32), self._replace(date=days)
        key = self.cluster * (int(self.date.max()) + np.int64(1)) + self.date
        _, first, code = np.unique(key, return_index=True, return_inverse=True)
        return code.astype(np.int32), self.at(first)


def covariates_of(given: Any, n: int, names: tuple[str, ...] | None = None) -> Covariates:
    """Covariates as an argument, checked: an array (n, K), a mapping of columns, or a data frame.

    Parameters
    ----------
    given : array_like, mapping of str to array_like, or data frame
    n : int
        Number of rows.
    names : tuple of str, optional
        What the columns of an array are called, and which a mapping or a frame must have, in this
        order; by default those of an array are x0, x1, ...
    """
    if isinstance(given, Covariates):
        return given
    if isinstance(given, Mapping) or hasattr(given, "columns"):
        columns = _named_columns(given)
        values = np.empty((n, len(columns)))
        for k, (name, column) in enumerate(columns.items()):
            values[:, k] = _column(column, n, name)
        found = tuple(columns)
    else:
        array = checks.numeric(given, "covariates")
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2:
            fail("covariates", f"must be of shape ({n}, K), has {array.ndim} dimensions")
        if len(array) != n:
            fail("covariates", f"has {len(array)} rows, but there are {n} comparisons")
        found = tuple(f"x{k}" for k in range(array.shape[1])) if names is None else names
        if len(found) != array.shape[1]:
            fail("covariates", f"has {array.shape[1]} columns, but there are {len(found)}: {found}")
        values = array if _is_plain(array) else np.empty(array.shape)
        for k, name in enumerate(found if values is not array else ()):
            values[:, k] = _column(array[:, k], n, name)
    if not found:
        fail("covariates", "must have at least one column")
    if names is not None and found != names:
        if sorted(found) != sorted(names):
            fail("covariates", f"must be {_listed(names)}, are {_listed(found)}")
        values = np.ascontiguousarray(values[:, [found.index(name) for name in names]])
        found = names
    return Covariates(found, values)


def _is_plain(array: NDArray[Any]) -> bool:
    """Whether an array is as it must be; if not its columns are looked at."""
    return bool(
        array.dtype == np.float64
        and array.flags.c_contiguous
        and array.flags.aligned
        and array.size
        and array.min() >= -checks.LARGEST  # nan is not
        and array.max() <= checks.LARGEST
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names))


def _named_columns(given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        import narwhals as nw

        try:
            frame = nw.from_native(given, eager_only=True)
        except TypeError:
            rule = "must be an array, a mapping of names to columns, or a data frame"
            fail("covariates", rule, value=given, kind=TypeError)
        given = {name: frame.get_column(name) for name in frame.columns}
    for at, name in enumerate(given):
        if not isinstance(name, str) or not name.strip():
            fail("covariates", "each must have a name that is text", at, name, kind=TypeError)
    return dict(given)


def _column(column: Any, n: int, name: str) -> NDArray[np.float64]:
    """One covariate, finite; errors say its name."""
    try:
        ready = checks.column(column, "covariates")
        if checks.length(ready, "covariates") is None:
            fail("covariates", "must be a column of numbers", value=column, kind=TypeError)
        return checks.bounded(floats(ready, "covariates"), n, "covariates")
    except BadInput as error:
        error.column = name
        raise
