"""Exact covariances: a dense generalised inverse of the information, component by component.

With L the Laplacian of the information and C, D its border and corner (see `_information`), the
generalised inverse on the subspace where theta has mean 0 in each component is, by Schur's
complement S = D - C' L^+ C,

    theta, theta:  L^+ + F S^-1 F'    theta, rest: -F S^-1    rest, rest: S^-1,    F = L^+ C,

and L^+ is block diagonal, so that 10,000 components of 100 items never make a matrix of 10^6. A
prior of precision tau acts on the subspace as tau (I - 11'/k): another Laplacian. Each block is
inverted by a Cholesky factorisation with its heaviest item grounded, then centred.

Priors item by item, T = diag(tau) and s = sum of tau, act as T - T 11' T / s, a Laplacian again,
where the mean is weighted by tau; and (L + T)^-1 is that inverse plus 11'/s, 1/s being the variance
of the component's level. So no weak prior makes a matrix singular, no level drowns differences.

The sandwich A M A (A this inverse, M the outer products of the rows' scores) has the same
structure: with K = (-F, I) it is  blockdiag(L^+ M L^+) + W S^-1 K' + (W S^-1 K')' + K B K',
W = L^+ (M K) and B = S^-1 (K' M K) S^-1.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from venire.ratings._clusters import ClusterForm, ScoreForm
from venire.ratings._information import Form, Layout, Moments

__all__ = ["MAX_EXACT", "ExactInverse", "fits_exactly", "inverse_of"]

Meat = Form | ScoreForm | ClusterForm

MAX_EXACT = 6_000  # items of one component up to which "auto" takes a dense inverse
_MAX_BYTES = 1.5e9  # three dense matrices of the largest component must fit
_LOST = 1e13  # times the relative error of a double: variances may be off by some 0.2 %
_KEEP = 1 << 24  # entries of blocks that are kept for the next call
_SMALL = 32  # blocks up to this size are inverted many at a time
_FEW = 300  # items whose matrix NumPy inverts in less time than SciPy takes to load
_BATCH = 1 << 21  # entries of one batch of small blocks


def fits_exactly(layout: Layout, limit: int = MAX_EXACT) -> bool:
    """Whether dense blocks are a sensible way: in time about that of one block of `limit` items."""
    sizes = layout.sizes.astype(np.float64)
    work = float(np.sum(sizes**3))
    return sizes.max(initial=0.0) <= limit and work <= 2.0 * float(limit) ** 3


def within_memory(layout: Layout) -> bool:
    """Whether the largest block can be inverted in about 1.5 GB."""
    return 24.0 * float(layout.sizes.max(initial=0)) ** 2 <= _MAX_BYTES


class ExactInverse:
    """The generalised inverse of the information of one fit, and what is read off it.

    Parameters
    ----------
    layout : Layout
        Items, cells and parameters.
    curvature : Moments
        Minus the second derivatives of the cells.

    Notes
    -----
    Arrays that come in or go out are in the order of the items of the fit; inside, components are
    contiguous. Time O(sum of k^3), memory O(largest k^2) for components of k items.
    """

    def __init__(self, layout: Layout, curvature: Moments) -> None:
        self.layout = layout
        self.form = Form(layout, curvature)
        self._kept: list[tuple[int, np.ndarray]] | None = None
        diagonal = np.empty(layout.n)
        pull = np.zeros((layout.n, layout.m))
        keep = float(np.sum(layout.sizes.astype(np.float64) ** 2)) <= _KEEP
        kept = []
        for start, block in self._blocks():
            count, k, _ = block.shape
            rows = slice(start, start + count * k)
            diagonal[rows] = np.diagonal(block, axis1=1, axis2=2).ravel()
            border = self.form.border[rows].reshape(count, k, layout.m)
            pull[rows] = (block @ border).reshape(count * k, layout.m)
            if keep:
                kept.append((start, block))
        if keep:
            self._kept = kept
        self._diagonal, self._pull = diagonal, pull
        schur = self.form.corner - self.form.border.T @ pull
        self._nuisance = inverse_of((schur + schur.T) / 2.0) if layout.m else schur
        if layout.m and not np.isfinite(self._nuisance).all():
            warnings.warn(
                "the information of the order effect, the tie parameter or a coefficient is "
                "singular to working precision: standard errors are nan",
                RuntimeWarning,
                stacklevel=2,
            )

    def diagonal(self, meat: Meat | None = None) -> np.ndarray:
        """Variances of theta, (n,): of the inverse itself, or of the sandwich around `meat`."""
        if meat is None:
            low_rank = np.einsum("ij,jk,ik->i", self._pull, self._nuisance, self._pull)
            return (self._diagonal + low_rank)[self.layout.position]
        out = np.empty(self.layout.n)
        for start, block in self._blocks():
            count, k, _ = block.shape
            middle = meat.blocks(start, count, k)
            out[start : start + count * k] = np.einsum("bij,bij->bi", block @ middle, block).ravel()
        if self.layout.m:
            lean, spread = self._lean(meat)
            with np.errstate(over="ignore", invalid="ignore"):  # of what is all but singular
                out -= 2.0 * np.einsum("ij,jk,ik->i", lean, self._nuisance, self._pull)
                out += np.einsum("ij,jk,ik->i", self._pull, spread, self._pull)
        return out[self.layout.position]

    def between(self, items: np.ndarray, meat: Meat | None = None) -> np.ndarray:
        """Covariances of theta among `items` (positions), (q, q)."""
        places = self.layout.position[items]
        starts, rows, x = self._columns(places)
        if meat is None:
            core = x[starts]
        else:
            core = meat.between(rows, x)
        if self.layout.m:
            pull = self._pull[places]
            if meat is None:
                core = core + pull @ self._nuisance @ pull.T
            else:
                lean, spread = self._lean(meat)
                cross = lean[places] @ self._nuisance @ pull.T
                core = core - cross - cross.T + pull @ spread @ pull.T
        return (core + core.T) / 2.0

    def nuisance(self, meat: Meat | None = None) -> np.ndarray:
        """Covariance of the parameters besides theta, (m, m)."""
        return self._nuisance if meat is None or not self.layout.m else self._lean(meat)[1]

    def cross(self, items: np.ndarray, meat: Meat | None = None) -> np.ndarray:
        """Covariances of theta of `items` with the other parameters, (q, m)."""
        places = self.layout.position[items]
        if meat is None or not self.layout.m:
            return -self._pull[places] @ self._nuisance
        lean, spread = self._lean(meat)
        return lean[places] @ self._nuisance - self._pull[places] @ spread

    def _lean(self, meat: Meat) -> tuple[np.ndarray, np.ndarray]:
        """W and B of the module's docstring."""
        n, m = self.layout.n, self.layout.m
        k_matrix = np.concatenate([-self._pull, np.eye(m)])
        image = meat.times(k_matrix)
        lean = np.empty((n, m))
        for start, block in self._blocks():
            count, k, _ = block.shape
            rows = slice(start, start + count * k)
            lean[rows] = (block @ image[rows].reshape(count, k, m)).reshape(count * k, m)
        with np.errstate(over="ignore", invalid="ignore"):  # of what is all but singular
            spread = self._nuisance @ (k_matrix.T @ image) @ self._nuisance
            return lean, (spread + spread.T) / 2.0

    def _columns(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Columns of the block diagonal part at `places`.

        Returns the rows of `places` within the columns, the places of all rows, and the columns.
        """
        layout = self.layout
        component = layout.component[layout.members[places]]
        wanted = np.unique(component)
        sizes = layout.sizes[wanted]
        offset = np.cumsum(sizes) - sizes
        rows = np.concatenate(
            [np.arange(layout.starts[c], layout.starts[c] + layout.sizes[c]) for c in wanted]
            or [np.empty(0, np.int64)]
        )
        x = np.zeros((len(rows), len(places)))
        own = np.empty(len(places), np.int64)
        for c, size, low in zip(wanted, sizes, offset, strict=True):
            mine = np.flatnonzero(component == c)
            local = places[mine] - layout.starts[c]
            own[mine] = low + local
            block = self._one(int(layout.starts[c]), int(size))
            x[low : low + size, mine] = block[:, local]
        return own, rows, x

    def _one(self, start: int, size: int) -> np.ndarray:
        """Block of the component that starts at place `start`."""
        for first, block in self._kept or ():
            if first <= start < first + block.shape[0] * block.shape[1]:
                return block[(start - first) // size]
        return self._invert(start, 1, size)[0]

    def _blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first place, blocks of L^+ of shape (count, k, k)) until all are through."""
        if self._kept is not None:
            yield from self._kept
            return
        for first, count, size in self.layout.runs:
            step = max(1, _BATCH // size**2) if size <= _SMALL else 1
            for k in range(0, count, step):
                start = first + k * size
                yield start, self._invert(start, min(step, count - k), size)

    def _invert(self, start: int, count: int, size: int) -> np.ndarray:
        out = np.zeros((count, size, size))
        if size == 1:
            return out
        dense = self.form.blocks(start, count, size)
        layout, along = self.layout, np.arange(size)
        items = layout.members[start : start + count * size].reshape(count, size)
        share = 1.0 / layout.heads[items]
        if layout.is_fixed:
            diagonal = dense[:, along, along]
            dense -= layout.ridge[items][:, :, None] * share[:, None, :]
            dense[:, along, along] = diagonal + layout.level_ridge[items]
        elif layout.prior.given:
            dense -= layout.ridge / size
            dense[:, along, along] += layout.ridge
        grounded = dense[:, :-1, :-1]
        if size <= _SMALL:
            with np.errstate(all="ignore"):
                try:
                    out[:, :-1, :-1] = np.linalg.inv(grounded)
                except np.linalg.LinAlgError:  # one of them is singular: find which
                    for k in range(count):
                        out[k, :-1, :-1] = inverse_of(grounded[k])
        else:
            for k in range(count):
                out[k, :-1, :-1] = inverse_of(grounded[k])
        with np.errstate(over="ignore", invalid="ignore"):  # of what is singular
            # rounding of a diagonal entry, relative to what elimination leaves of it
            kept, whole = (np.diagonal(x, axis1=1, axis2=2) for x in (out, dense))
            lost = (kept * whole).max(axis=1) > _LOST
            if layout.is_fixed:
                out -= np.einsum("bij,bi->bj", out, share)[:, None, :]
                out -= np.einsum("bij,bj->bi", out, share)[:, :, None]
            else:
                out -= out.mean(axis=1, keepdims=True)
                out -= out.mean(axis=2, keepdims=True)
        own = np.diagonal(out, axis1=1, axis2=2)
        # where the level is nearly one item's, what that has beside the level is nothing
        bad = lost | ~(np.isfinite(own) if layout.is_fixed else own > 0.0).all(axis=1)
        if bad.any():
            out[bad] = np.nan
            self._warn(start + int(np.argmax(bad)) * size, int(bad.sum()))
        return out

    def _warn(self, place: int, count: int) -> None:
        item = self.layout.members[place]
        warnings.warn(
            f"the information of {count} component(s), the first with the item at position {item}, "
            "is singular to working precision: standard errors there are nan",
            RuntimeWarning,
            stacklevel=2,
        )


def inverse_of(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric positive definite matrix; nan where it is not definite."""
    if len(matrix) <= _FEW:
        try:
            np.linalg.cholesky(matrix)
            return np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            return np.full_like(matrix, np.nan)
    from scipy.linalg import lapack

    factor, status = lapack.dpotrf(np.array(matrix, order="F"), lower=1, overwrite_a=1)
    if status == 0:
        inverse, status = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if status != 0:
        return np.full_like(matrix, np.nan)
    upper = np.triu_indices(len(matrix), 1) if len(matrix) <= 512 else None
    if upper is not None:
        inverse[upper] = inverse.T[upper]
        return inverse
    diagonal = inverse.diagonal().copy()
    inverse = np.tril(inverse)
    inverse += inverse.T
    np.fill_diagonal(inverse, diagonal)
    return inverse
