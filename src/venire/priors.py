"""Priors: regularisation is always one of these named objects."""

from __future__ import annotations

from dataclasses import dataclass

from venire._core import checks

__all__ = ["GaussianPrior"]


@dataclass(frozen=True)
class GaussianPrior:
    """Independent normal prior of mean 0 on every log-strength.

    Subtracts ``precision / 2 * sum(theta**2)`` from the log-likelihood. It does not touch the
    order effect or the tie parameter.

    Parameters
    ----------
    precision : float
        Inverse variance, finite and > 0, in the unit of theta (1 / logit² or 1 / probit²).

    Raises
    ------
    TypeError
        If `precision` is not a number.
    ValueError
        If `precision` is not finite and positive.

    Examples
    --------
    >>> import venire as vn
    >>> vn.GaussianPrior(0.01)
    GaussianPrior(precision=0.01)
    """

    precision: float

    def __post_init__(self) -> None:
        least, most = 1.0 / checks.LARGEST, checks.LARGEST
        rule = f"must be finite and > 0, from {least:g} to {most:g}"
        value = checks.number(self.precision, "precision", rule, lambda x: least <= x <= most)
        object.__setattr__(self, "precision", value)
