"""Arrays of other libraries: taken where they lie, if that is the memory of the CPU."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from venire._core.failing import fail

__all__ = ["local", "unreadable"]

# Of DLPack's DLDeviceType, those whose memory the CPU reads.
_HOST = (1, 3, 11)  # the CPU's own; pinned by CUDA, by ROCm
_DEVICES = {2: "CUDA", 4: "OpenCL", 7: "Vulkan", 8: "Metal", 10: "ROCm", 13: "CUDA", 14: "oneAPI"}
_CURE = "copy it to the CPU first"


def local(x: Any, name: str) -> Any:
    """NumPy's view of an array of another library; what is none is returned as it is.

    So are columns with the Arrow interface, and what has rows and knows how to become an array:
    frames and series are read in ways of their own.

    Raises
    ------
    TypeError
        If it lies on another device, or cannot be exported.
    """
    if isinstance(x, (np.ndarray, np.generic)):
        return x
    if hasattr(x, "__arrow_c_array__") or hasattr(x, "__arrow_c_stream__"):
        return x
    packed, plain = hasattr(x, "__dlpack__"), hasattr(x, "__array__")
    if not packed and hasattr(x, "__cuda_array_interface__"):
        _refuse(name, 2, 0)
    try:
        kind, number = map(int, x.__dlpack_device__()) if packed else (_HOST[0], 0)
        if kind in _HOST:
            if plain and (packed or not hasattr(x, "__len__")):
                return np.asarray(x)
            return np.from_dlpack(x) if packed else x
    except Exception as error:
        unreadable(name, error)
    _refuse(name, kind, number)


def unreadable(name: str, error: Exception) -> NoReturn:
    """Raise the error about an argument that raised one of its own."""
    if isinstance(error, MemoryError):
        raise error
    kind = ValueError if isinstance(error, ValueError) else TypeError
    fail(name, f"cannot be read as an array ({type(error).__name__}: {error})", kind=kind)


def _refuse(name: str, kind: int, number: int) -> NoReturn:
    where = f"{_DEVICES.get(kind, f'of kind {kind} of DLPack')}, number {number}"
    reason = f"must lie in the memory of the CPU, and is on a device ({where})"
    fail(name, reason, cure=_CURE, kind=TypeError)
