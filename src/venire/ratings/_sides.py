"""Who has the order advantage in comparisons that are to be predicted."""

from __future__ import annotations

from typing import Any

import numpy as np

from venire._core import checks

__all__ = ["sides"]


def sides(order: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Who has the order advantage in each of some comparisons: +1 first, -1 second, 0 neither."""
    side = checks.numeric(order, "order")
    wrong = (side != -1) & (side != 0) & (side != 1)
    if wrong.any():
        bad = int(np.argmax(wrong))
        position = bad if side.ndim else None
        checks.fail("order", "must be -1, 0 or 1", position, np.ravel(side)[bad])
    try:
        np.broadcast_shapes(side.shape, shape)
    except ValueError:
        checks.fail("order", f"has shape {side.shape}, which does not go with {shape}")
    return side
