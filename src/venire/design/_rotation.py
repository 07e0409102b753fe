"""Whom to ask: one teacher per pair, in rotation."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.design import _inputs

__all__ = ["rotate_teachers"]


def rotate_teachers(
    position: ArrayLike, group: ArrayLike, teachers: int | ArrayLike
) -> NDArray[np.int32]:
    """The teacher of each ask, in rotation: ``pattern[(position + group) % len(pattern)]``.

    Parameters
    ----------
    position : array_like of int, shape (n_asks,)
        Of each ask among those of its group, such as `PairDesign.position`.
    group : int, or array_like of int, shape (n_asks,)
        Position of the ask's group, so that groups do not all begin with the same teacher.
    teachers : int, or array_like of int
        Number of teachers, who then take turns; or a pattern of teachers, in which one may stand
        more often than others: [0, 0, 1, 2] gives half of the asks to teacher 0.

    Returns
    -------
    ndarray of int32, shape (n_asks,)

    Raises
    ------
    ValueError
        If a position, group or teacher is negative, lengths differ, or there is no teacher.
    TypeError
        If numbers are not integers.

    Examples
    --------
    >>> import venire as vn
    >>> d = vn.design_pairs([4, 4], 2, rng=0)
    >>> vn.rotate_teachers(d.position, d.group, 3).tolist()
    [0, 1, 2, 0, 1, 2, 0, 1]
    """
    place = _inputs.positions(position, "position")
    group = checks.column(group, "group")
    if checks.length(group, "group") is None:
        of_group: Any = checks.whole(group, "group", 0, _inputs.MOST)
    else:
        of_group = _inputs.positions(group, "group")
        if len(of_group) != len(place):
            checks.fail("group", f"has {len(of_group)} rows, but position has {len(place)}")
    teachers = checks.column(teachers, "teachers")
    if checks.length(teachers, "teachers") is None:
        n_teachers = checks.whole(teachers, "teachers", 1, _inputs.MOST)
        return ((place + of_group) % n_teachers).astype(np.int32)
    pattern = _inputs.positions(teachers, "teachers").astype(np.int32)
    if not len(pattern):
        checks.fail("teachers", "is empty: at least one is needed")
    return pattern[(place + of_group) % len(pattern)]
