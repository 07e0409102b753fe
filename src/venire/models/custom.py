"""Functions that a caller brings, made fit for a row of the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core import checks
from venire.models.laws import Laws
from venire.models.pointers import CELL, VALUE, is_pointer, pointer
from venire.models.table import Functions

__all__ = ["checked"]


def checked(
    cell: Any, log_likelihood: Any, probability: Any
) -> tuple[Functions, Callable[[NDArray[np.float64], float], NDArray[np.float64]]]:
    """The functions of a row and its probabilities, which keep the laws.

    Raises
    ------
    TypeError
        If one is no C function, or has another signature.
    ValueError
        If a law is broken.
    """
    g, value = pointer(cell, "cell", CELL), pointer(log_likelihood, "log_likelihood", VALUE)
    if probability is not None and (is_pointer(probability) or not callable(probability)):
        checks.fail(
            "probability", "must be a function of an array of d, in NumPy, or None", kind=TypeError
        )
    laws = Laws(g, value)
    laws.check()

    def from_slopes(d: NDArray[np.float64]) -> NDArray[np.float64]:
        """F(d) and F(-d) are as the size of the slopes of a loss and of a win."""
        d = np.asarray(d, np.float64)
        flat = np.ascontiguousarray(d).ravel()
        won, lost = laws.cells(flat, 1.0, 0.0)[0], laws.cells(flat, 0.0, 1.0)[0]
        return (lost / (lost - won)).reshape(d.shape)

    own = from_slopes if probability is None else probability
    laws.probability(own)

    def probabilities(d: NDArray[np.float64], log_tie: float) -> NDArray[np.float64]:
        return np.asarray(own(d), np.float64)

    kept = (cell, log_likelihood)
    return Functions(g.address, value.address, laws.slope, kept), probabilities
