"""Fits of comparisons as scikit-learn estimators, for its pipelines and searches."""

from typing import TYPE_CHECKING

from venire._core import extras

__all__ = ["BradleyTerry"]

if TYPE_CHECKING:
    from venire.sklearn._bradley_terry import BradleyTerry
else:

    def __getattr__(name):
        if name == "BradleyTerry":  # is a scikit-learn estimator, and that takes long to load
            try:
                from venire.sklearn._bradley_terry import BradleyTerry
            except ImportError as error:
                raise extras.missing(error, "venire.sklearn") from error
            return BradleyTerry
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
