"""Rankings: who was placed before whom, of three or more at a time."""

from venire.data.rankings._rankings import Rankings

__all__ = ["Rankings"]
