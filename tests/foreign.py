"""Stand-ins for arrays of other libraries: what they export, and from where."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["CPU", "CUDA", "Convertible", "Packed"]

CPU, CUDA = (1, 0), (2, 0)  # kind and number of a device, of DLPack


class Packed:
    """Has DLPack and nothing else: no length, no values, nothing that NumPy asks for."""

    def __init__(self, values: Any, device: tuple[int, int] = CPU) -> None:
        self.values, self.device = np.asarray(values), device

    def __dlpack__(self, **options: Any) -> Any:
        return self.values.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device


class Convertible:
    """Knows how to become an array, and nothing else."""

    def __init__(self, values: Any) -> None:
        self.values = np.asarray(values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self.values, dtype)
