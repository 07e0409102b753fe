"""Comparisons added up as they come: each cell's sums, in the order of the rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

__all__ = ["added_in_order"]


def added_in_order(pieces: Iterable[Mapping[str, Any]]) -> dict[tuple[int, int, int], np.ndarray]:
    """Sums of each cell (lo, hi, order): win, loss, tie, and squares as lo and as hi see them.

    Parameters
    ----------
    pieces : iterable of mapping
        Columns of rows by name: codes `first` and `second`; `score` (or `win`, `loss` and `tie`),
        and, if there are any, `weight` and `order`.

    Examples
    --------
    >>> from venire.reference import added_in_order
    >>> cells = added_in_order([{"first": [0, 1], "second": [1, 0], "score": [1.0, 0.25]}])
    >>> {key: sums.tolist() for key, sums in cells.items()}
    {(0, 1, 1): [1.0, 0.0, 0.0, 1.0, 0.0], (0, 1, -1): [0.75, 0.25, 0.0, 0.5625, 0.0625]}
    """
    cells: dict[tuple[int, int, int], np.ndarray] = {}
    for piece in pieces:
        n = len(piece["first"])
        weight = piece.get("weight", np.ones(n))
        order = piece.get("order", np.ones(n, np.int64))
        for r in range(n):
            a, b, ahead = int(piece["first"][r]), int(piece["second"][r]), int(order[r])
            if "win" in piece:
                win, loss, tie = (float(piece[k][r]) for k in ("win", "loss", "tie"))
                square, other = win + 0.25 * tie, loss + 0.25 * tie
            else:
                s, w = float(piece["score"][r]), float(weight[r])
                tie = w if s == 0.5 else 0.0
                win, loss = (0.0, 0.0) if s == 0.5 else (w * s, w * (1.0 - s))
                square, other = w * s * s, w * (1.0 - s) * (1.0 - s)
            if a > b:
                a, b, ahead = b, a, -ahead
                win, loss, square, other = loss, win, other, square
            sums = cells.setdefault((a, b, ahead), np.zeros(5))
            sums += (win, loss, tie, square, other)
    return cells
