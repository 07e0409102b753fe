"""Bagging of scikit-learn estimators, which is imported when `Bagging` is first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venire.ensembles._estimator import Bagging

__all__ = ["Bagging"]


def __getattr__(name: str) -> Any:
    if name == "Bagging":
        try:
            from venire.ensembles._estimator import Bagging
        except ImportError as error:
            return _absent(error)
        return Bagging
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _absent(error: ImportError) -> type:
    """What stands for the class where scikit-learn is missing: it says so when it is called."""

    class Bagging:
        """Bagging of scikit-learn estimators; needs scikit-learn."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            raise ImportError(
                "Bagging needs scikit-learn 1.6 or newer: pip install 'venire[ml]'"
            ) from error

    return Bagging
