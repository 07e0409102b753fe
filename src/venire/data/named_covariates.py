"""Covariates by the columns of a table that they come from: one, or the difference of two.

The difference is always that of first less second, as the model wants it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire._core.checks import BadInput, fail
from venire.data._strata import Covariates
from venire.data.series import floats

__all__ = ["Covariate", "common_name", "covariates_in", "listed_covariates", "named_columns"]

_TWO = "must be a column, or two: that of first, and that of second"


class Covariate(NamedTuple):
    """One covariate of a table.

    Attributes
    ----------
    name : str
    first : str
        The column of what first has; without `second`, of the difference itself.
    second : str or None
        The column of what second has, which is taken off.
    """

    name: str
    first: Any
    second: Any = None

    def __str__(self) -> str:
        if self.second is not None:
            return f"{self.name} ({self.first} - {self.second})"
        return self.name if self.name == str(self.first) else f"{self.name} ({self.first})"


def listed_covariates(given: Any) -> tuple[Covariate, ...]:
    """The covariates of an argument: one column or a list of them, two columns as a tuple in such a
    list, or a mapping of names to these."""
    if isinstance(given, Mapping):
        found = [_one(column, name, at) for at, (name, column) in enumerate(given.items())]
    else:
        alone = isinstance(given, (str, int, Covariate))
        entries = [given] if alone else checks.listed(given, "covariates")
        found = [_one(entry, None, at) for at, entry in enumerate(entries)]
    if not found:
        fail("covariates", "names no column")
    names = [one.name for one in found]
    for at, name in enumerate(names):
        if name in names[:at]:
            fail("covariates", "the name is given twice", at, name)
    return tuple(found)


def _one(entry: Any, name: Any, at: int) -> Covariate:
    if isinstance(entry, Covariate):
        return entry
    if not (name is None or isinstance(name, str)):
        fail("covariates", "a name must be text", at, name, kind=TypeError)
    if isinstance(entry, (tuple, list)):
        if len(entry) != 2:
            fail("covariates", _TWO, at, entry, kind=TypeError)
        first, second = (checks.named(column, "covariates", at) for column in entry)
        if first == second:
            fail("covariates", "a column less itself is 0", at, first)
        return Covariate(name or common_name(str(first), str(second)), first, second)
    checks.named(entry, "covariates", at)
    return Covariate(name or str(entry), entry)


def common_name(first: str, second: str) -> str:
    """What two names have in common, if they differ in one word; else both.

    Examples
    --------
    >>> from venire.data.named_covariates import common_name
    >>> common_name("length_a", "length_b"), common_name("homeRest", "awayRest")
    ('length', 'Rest')
    >>> common_name("tall", "wide")
    'tall-wide'
    """
    one, other = (re.findall(_WORD, name) for name in (first, second))
    if len(one) == len(other) > 1:
        differ = [k for k, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        if len(differ) == 1:
            return "_".join(word for k, word in enumerate(one) if k not in differ)
    return f"{first}-{second}"


_WORD = r"\d+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+"


def named_columns(covariates: Sequence[Covariate]) -> dict[str, Any]:
    """The columns, each under a name of its own."""
    out = {}
    for k, one in enumerate(covariates):
        out[f"covariates{k}"] = one.first
        if one.second is not None:
            out[f"covariates{k}_second"] = one.second
    return out


def covariates_in(data: Mapping[str, Any], covariates: Sequence[Covariate], n: int) -> Covariates:
    """The covariates of the rows, from columns under the names of `named_columns`.

    Raises
    ------
    ValueError
        If a value is missing or no number; the error has its column.
    """
    out = np.empty((n, len(covariates)))
    for k, one in enumerate(covariates):
        out[:, k] = _numbers(data[f"covariates{k}"], one.first, n)
        if one.second is not None:
            out[:, k] -= _numbers(data[f"covariates{k}_second"], one.second, n)
    return Covariates(tuple(one.name for one in covariates), out)


def _numbers(column: Any, name: Any, n: int) -> NDArray[np.float64]:
    try:
        return checks.bounded(floats(column, "covariates"), n, "covariates")
    except BadInput as error:
        error.column = name
        raise
