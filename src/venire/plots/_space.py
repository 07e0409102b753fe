"""How much room there is on Axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["inches"]


def inches(ax: Axes) -> tuple[float, float]:
    """Width and height, before a layout has made room for labels."""
    box: Any = ax.get_window_extent()
    return box.width / ax.figure.dpi, box.height / ax.figure.dpi
