"""The two arrays of a posterior: immutable, indexed together."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn, Self

import numpy as np

from venire._core import arrays

__all__ = ["ShapeArrays"]


class ShapeArrays:
    """Read-only float64 arrays `alpha` and `beta` of one shape."""

    __slots__ = ("_alpha", "_beta")
    _alpha: np.ndarray
    _beta: np.ndarray
    __array_ufunc__ = None  # arithmetic with arrays is an error, not an array of objects
    __hash__: ClassVar[None]  # type: ignore[assignment]

    def _keep(self, alpha: np.ndarray, beta: np.ndarray) -> None:
        for name, array in (("_alpha", alpha), ("_beta", beta)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def _made(cls, alpha: np.ndarray, beta: np.ndarray) -> Self:
        """Of new float64 arrays of one shape, which are checked and kept, not copied."""
        new = object.__new__(cls)
        new._keep(arrays.shapes(alpha, "alpha"), arrays.shapes(beta, "beta"))
        return new

    @property
    def alpha(self) -> np.ndarray:
        return self._alpha

    @property
    def beta(self) -> np.ndarray:
        return self._beta

    @property
    def shape(self) -> tuple[int, ...]:
        return self._alpha.shape

    @property
    def ndim(self) -> int:
        return self._alpha.ndim

    @property
    def size(self) -> int:
        return self._alpha.size

    def __getitem__(self, index: Any) -> Self:
        return self._made(np.array(self._alpha[index]), np.array(self._beta[index]))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a single posterior has no len()")
        return len(self._alpha)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ShapeArrays):
            return NotImplemented
        same = np.array_equal(self._alpha, other._alpha)
        return same and np.array_equal(self._beta, other._beta)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a posterior is immutable: cannot set {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._alpha, self._beta)

    def __repr__(self) -> str:
        if not self.ndim:
            return f"BetaPosterior(alpha={float(self._alpha)!r}, beta={float(self._beta)!r})"
        with np.printoptions(threshold=8, edgeitems=3, precision=6):
            return f"BetaPosterior(alpha={self._alpha}, beta={self._beta})"
