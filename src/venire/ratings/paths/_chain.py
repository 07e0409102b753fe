"""Systems of dense blocks in a row, each linked to the next: factor, solve, selected inverse.

The matrix is block tridiagonal: symmetric blocks of one period each, and from each to the next
minus a number times the links of the items that both have. With S_1 = A_1 and
S_(t+1) = A_(t+1) - p^2 S_t^-1 (on the linked items) a solve is a pass forth and one back, and the
diagonal blocks of the inverse follow backwards (Takahashi, Fagan and Chen 1973; Erisman and Tinney
1975, doi:10.1145/360680.360704): the filter and the smoother of a random walk, in information form.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chain"]


class Chain:
    """A block tridiagonal matrix, factored in place.

    Parameters
    ----------
    blocks : list of ndarray, (n_t, n_t) each
        Of which the lower triangles count. They become the inverses of the pivots S_t.
    links : list of (ndarray of int64, ndarray of int64)
        Of each block but the last: positions in it and in the next one, of the same items, ascending.
    weight : float
        What links them: minus the entry beside the blocks.

    Notes
    -----
    O(sum of n_t^3), in the memory of the blocks.
    """

    def __init__(
        self,
        blocks: list[NDArray[np.float64]],
        links: list[tuple[NDArray[np.int64], NDArray[np.int64]]],
        weight: float,
    ) -> None:
        self.pivots, self.links, self.weight = blocks, links, weight
        self.log_determinant, self.is_definite = 0.0, True
        for t, block in enumerate(blocks):
            self._invert(block)
            if t < len(links):
                here, there = links[t]
                part = _part(block, here) * (weight * weight)
                if len(there) == len(blocks[t + 1]):
                    blocks[t + 1] -= part
                else:
                    blocks[t + 1][np.ix_(there, there)] -= part

    def _invert(self, block: NDArray[np.float64]) -> None:
        """The inverse in place of a block, whose lower triangle counts."""
        from scipy.linalg.lapack import dpotrf, dpotri

        if not len(block):
            return
        view = block.T  # Fortran's order, where the lower triangle is the upper one
        factor, info = dpotrf(view, lower=0, overwrite_a=1, clean=0)
        diagonal = np.diagonal(factor)
        if info != 0 or not (diagonal > 0.0).all():
            self.is_definite = False
            block.fill(np.nan)
            return
        self.log_determinant += 2.0 * float(np.log(diagonal).sum())
        inverse, _ = dpotri(factor, lower=0, overwrite_c=1)
        if not np.may_share_memory(inverse, block):
            view[:] = inverse
        low = np.tril(block)
        np.copyto(block, low + low.T)
        block[np.diag_indices(len(block))] *= 0.5

    def solve(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The inverse times each of some rows, (k, n)."""
        bounds = np.cumsum([0, *map(len, self.pivots)])
        out = np.array(rows, np.float64)
        parts = [out[:, bounds[t] : bounds[t + 1]] for t in range(len(self.pivots))]
        for t, (here, there) in enumerate(self.links):
            parts[t + 1][:, there] += self.weight * (parts[t] @ self.pivots[t])[:, here]
        for t in range(len(parts) - 1, -1, -1):
            if t < len(self.links):
                here, there = self.links[t]
                parts[t][:, here] += self.weight * parts[t + 1][:, there]
            parts[t][:] = parts[t] @ self.pivots[t]
        return out

    def inverse_blocks(self) -> list[NDArray[np.float64]]:
        """The diagonal blocks of the inverse."""
        out: list[Any] = [None] * len(self.pivots)
        for t in range(len(out) - 1, -1, -1):
            out[t] = self.pivots[t]
            if t < len(self.links):
                here, there = self.links[t]
                across = self.weight * self.pivots[t][:, here]
                out[t] = out[t] + across @ _part(out[t + 1], there) @ across.T
        return out


def _part(block: NDArray[np.float64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """Rows and columns of a block; itself where that is all of it."""
    return block if len(at) == len(block) else block[np.ix_(at, at)]
