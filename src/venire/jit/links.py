"""The models' links for compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.jit import _symbols as _s
from venire.jit._symbols import (
    F64,
    I32,
    I64,
    PTR,
    Call,
    array,
    arrays,
    call,
    number,
    numbers,
    symbol,
    whole,
)

overload = _s.numba.extending.overload

__all__ = [
    "cells_derivatives",
    "cells_log_likelihood",
    "link",
    "link_curvature",
    "link_slope",
    "model",
]

Floats = NDArray[np.float64]

_model = symbol("model", I32, PTR)[1]
_probability, _probability_here = symbol("link_probability", F64, I32, I32, F64, F64)
_slope, _slope_here = symbol("link_slope", F64, I32, I32, F64, F64)
_curvature, _curvature_here = symbol("link_curvature", F64, I32, I32, F64, F64)
_value, _value_here = symbol(
    "cells_log_likelihood", I32, I32, I64, PTR, PTR, PTR, PTR, F64, PTR, PTR
)
_terms, _terms_here = symbol(
    "cells_derivatives", I32, I32, I64, PTR, PTR, PTR, PTR, F64, PTR, PTR, PTR
)


def model(name: str) -> int:
    """The number of a model, for `link` and its like; ask outside of compiled code.

    Parameters
    ----------
    name : str
        As in ``venire.models``: "bradley-terry", "thurstone", "davidson", "rao-kupper".

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If there is no such model.

    Examples
    --------
    >>> from venire import jit
    >>> jit.model("bradley-terry"), jit.model("thurstone")
    (0, 1)
    """
    if not isinstance(name, str):
        checks.fail("name", "must be a text", value=name, kind=TypeError)
    text = name.encode()
    found = -1 if b"\0" in text else int(_model(text))
    if found < 0:
        checks.fail("name", "is the name of no model", value=name)
    return found


def link(model: int, d: float, outcome: int = 0, log_tie: float = 0.0) -> float:
    """The probability of an outcome, by the difference of two strengths.

    Parameters
    ----------
    model : int
        From `model`.
    d : float
        theta of the first less theta of the second item (and the order's effect).
    outcome : int
        Seen from the first item: 0 it wins, 1 it loses, 2 a tie where that is an outcome.
    log_tie : float
        Logarithm of the tie parameter; not read where there is none.

    Returns
    -------
    float
        NaN where an argument is out of range.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.link(0, 1.0), 6)
    0.731059
    >>> davidson = jit.model("davidson")
    >>> [round(jit.link(davidson, 0.0, k), 6) for k in range(3)]
    [0.333333, 0.333333, 0.333333]
    """
    return _probability_here(*_single(model, outcome, d, log_tie))


def link_slope(model: int, d: float, outcome: int = 0, log_tie: float = 0.0) -> float:
    """d log P / dd of an outcome's probability P; parameters and use are those of `link`.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.link_slope(0, 1.0), 6)
    0.268941
    """
    return _slope_here(*_single(model, outcome, d, log_tie))


def link_curvature(model: int, d: float, outcome: int = 0, log_tie: float = 0.0) -> float:
    """-d2 log P / dd2 >= 0 of an outcome's probability P; parameters and use are those of `link`.

    Examples
    --------
    >>> from venire import jit
    >>> round(jit.link_curvature(0, 1.0), 6)
    0.196612
    """
    return _curvature_here(*_single(model, outcome, d, log_tie))


def _single(model: Any, outcome: Any, d: Any, log_tie: Any) -> tuple[int, int, float, float]:
    return (
        whole(model, "model", 32), whole(outcome, "outcome", 32), number(d, "d"),
        number(log_tie, "log_tie"),
    )  # fmt: skip


def cells_log_likelihood(
    model: int, d: Floats, win: Floats, loss: Floats, tie: Floats, log_tie: float = 0.0
) -> float:
    """The log-likelihood of cells, without binomial coefficients.

    Parameters
    ----------
    model : int
        From `model`.
    d, win, loss, tie : ndarray of float64, shape (n,)
        Contiguous. The difference of strengths and the masses of each cell; a tie is half a win
        and half a loss where it is no outcome of its own.
    log_tie : float
        Logarithm of the tie parameter; not read where there is none.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If lengths differ or a value is out of range.
    TypeError
        If an array has another type or layout (compiled: a TypingError, when it is compiled).

    Examples
    --------
    >>> import numpy as np
    >>> from venire import jit
    >>> one = np.ones(1)
    >>> round(jit.cells_log_likelihood(0, one, 3 * one, one, 0 * one), 6)
    -2.253047
    """
    out = np.empty(1)
    n, starts = _cells(d, win, loss, tie)
    level = number(log_tie, "log_tie")
    call(_value_here, whole(model, "model", 32), n, *starts, level, Call, out.ctypes.data)
    return float(out[0])


def cells_derivatives(
    model: int, d: Floats, win: Floats, loss: Floats, tie: Floats, log_tie: float, slope: Floats,
    curvature: Floats,
) -> None:  # fmt: skip
    """The derivative of each cell's log-likelihood in d, and minus the second one.

    Parameters
    ----------
    model, d, win, loss, tie, log_tie
        Those of `cells_log_likelihood`.
    slope, curvature : ndarray of float64, shape (n,)
        Written.

    Examples
    --------
    >>> import numpy as np
    >>> from venire import jit
    >>> one, slope, curvature = np.ones(1), np.empty(1), np.empty(1)
    >>> jit.cells_derivatives(0, one, 3 * one, one, 0 * one, 0.0, slope, curvature)
    >>> slope.round(6), curvature.round(6)
    (array([0.075766]), array([0.786448]))
    """
    n, starts = _cells(d, win, loss, tie)
    ends = array(slope, "slope", n, write=True), array(curvature, "curvature", n, write=True)
    level = number(log_tie, "log_tie")
    call(_terms_here, whole(model, "model", 32), n, *starts, level, Call, *ends)


def _cells(d: Any, win: Any, loss: Any, tie: Any) -> tuple[int, list[int]]:
    start, n = array(d, "d"), len(d)
    return n, [start, array(win, "win", n), array(loss, "loss", n), array(tie, "tie", n)]


@overload(link)
def _link_typed(model: Any, d: Any, outcome: Any = 0, log_tie: Any = 0.0) -> Any:
    numbers(model=model, d=d, outcome=outcome, log_tie=log_tie)

    def one(model: Any, d: Any, outcome: Any = 0, log_tie: Any = 0.0) -> float:
        return _probability(model, outcome, d, log_tie)

    return one


@overload(link_slope)
def _slope_typed(model: Any, d: Any, outcome: Any = 0, log_tie: Any = 0.0) -> Any:
    numbers(model=model, d=d, outcome=outcome, log_tie=log_tie)

    def one(model: Any, d: Any, outcome: Any = 0, log_tie: Any = 0.0) -> float:
        return _slope(model, outcome, d, log_tie)

    return one


@overload(link_curvature)
def _curvature_typed(model: Any, d: Any, outcome: Any = 0, log_tie: Any = 0.0) -> Any:
    numbers(model=model, d=d, outcome=outcome, log_tie=log_tie)

    def one(model: Any, d: Any, outcome: Any = 0, log_tie: Any = 0.0) -> float:
        return _curvature(model, outcome, d, log_tie)

    return one


@overload(cells_log_likelihood)
def _value_typed(
    model: Any, d: Any, win: Any, loss: Any, tie: Any, log_tie: Any = 0.0
) -> Any:  # fmt: skip
    numbers(model=model, log_tie=log_tie)
    arrays(d=d, win=win, loss=loss, tie=tie)

    def cells(model: Any, d: Any, win: Any, loss: Any, tie: Any, log_tie: Any = 0.0) -> float:
        n, out = len(d), np.empty(1)
        if len(win) != n or len(loss) != n or len(tie) != n:
            raise ValueError("cells_log_likelihood: lengths differ")
        a, b, c, t = d.ctypes.data, win.ctypes.data, loss.ctypes.data, tie.ctypes.data
        if _value(model, n, a, b, c, t, log_tie, 0, out.ctypes.data):
            raise ValueError("cells_log_likelihood: an argument is out of range")
        return out[0]

    return cells


@overload(cells_derivatives)
def _terms_typed(
    model: Any, d: Any, win: Any, loss: Any, tie: Any, log_tie: Any, slope: Any, curvature: Any
) -> Any:
    numbers(model=model, log_tie=log_tie)
    arrays(d=d, win=win, loss=loss, tie=tie)
    arrays(slope=slope, curvature=curvature, write=True)

    def cells(
        model: Any, d: Any, win: Any, loss: Any, tie: Any, log_tie: Any, slope: Any, curvature: Any
    ) -> None:
        n = len(d)
        if len(win) != n or len(loss) != n or len(tie) != n:
            raise ValueError("cells_derivatives: lengths differ")
        if len(slope) != n or len(curvature) != n:
            raise ValueError("cells_derivatives: lengths differ")
        a, b, c, t = d.ctypes.data, win.ctypes.data, loss.ctypes.data, tie.ctypes.data
        g, h = slope.ctypes.data, curvature.ctypes.data
        if _terms(model, n, a, b, c, t, log_tie, 0, g, h):
            raise ValueError("cells_derivatives: an argument is out of range")

    return cells
