"""The scales on which strengths are given, and the way from one to another.

=========  =======================================================================================
scale      what a difference of 1 means
=========  =======================================================================================
logit      odds of e to 1: P = 1 / (1 + exp(-d)). Bradley and Terry's theta, and the tie models'.
probit     one standard deviation of a difference: P = Phi(d). Thurstone's theta.
erf        P = (1 + erf(d)) / 2. Exactly probit / sqrt(2).
elo        a display unit: 400 points are odds of 10 to 1, and the mean stands at 1000. Exactly
           logit * 400 / ln(10) + 1000.
=========  =======================================================================================

Between the logistic scales (logit, elo) and the normal ones (probit, erf) there is no exact way:
the curves differ. logit = 1.702 * probit keeps the two within 0.01 of each other in P.

`Display` is what ratings are shown in: a scale, and what stands where on it. Results, tables, files
and pictures ask it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from venire._core import checks
from venire.models import functions_of, model_of

__all__ = [
    "LOGIT_PER_PROBIT",
    "SCALES",
    "Display",
    "centre_of",
    "check",
    "convert",
    "factor",
    "scale_of",
]

LOGIT_PER_PROBIT = 1.702


class _Scale(NamedTuple):
    """A scale: `unit` of its units make one logit (or, if `normal`, one probit)."""

    normal: bool
    unit: float
    centre: float = 0.0


_TABLE = {
    "logit": _Scale(False, 1.0),
    "probit": _Scale(True, 1.0),
    "erf": _Scale(True, 1.0 / math.sqrt(2.0)),
    "elo": _Scale(False, 400.0 / math.log(10.0), 1000.0),
}

#: Names of the scales.
SCALES = tuple(_TABLE)


@dataclass(frozen=True)
class Display:
    """What ratings are shown in: a scale, and who stands where on it.

    Parameters
    ----------
    scale : str
        One of `SCALES`, or what a result calls its own.
    anchor : label, optional
        The item that stands at `at`: errors and intervals are of differences from it, its own are
        0. None: the mean stands there.
    at : float, optional
        Default: `centre_of` the scale, 1000 for "elo" and 0 for the others.

    Examples
    --------
    >>> import venire as vn
    >>> vn.scales.Display("elo", "gpt-4", 1100.0).words
    'Elo, gpt-4 at 1100'
    >>> vn.scales.Display("probit").facts()
    {'scale': 'probit', 'anchor': None, 'at': 0.0}
    """

    scale: str
    anchor: Any = None
    at: float | None = None

    @property
    def place(self) -> float:
        """Where the anchor, or the mean, stands."""
        if self.at is not None:
            return self.at
        return _TABLE[self.scale].centre if self.scale in _TABLE else 0.0

    @property
    def name(self) -> str:
        """The scale as it is written above a column."""
        return "Elo" if self.scale == "elo" else self.scale

    @property
    def digits(self) -> int:
        """Decimals that are printed."""
        return 1 if self.scale == "elo" else 4

    @property
    def words(self) -> str:
        """The scale, and the anchor if there is one."""
        return self.name if self.anchor is None else f"{self.name}, {self.anchor} at {self.place:g}"

    def facts(self) -> dict[str, Any]:
        """For JSON documents and the metadata of files."""
        label = self.anchor.item() if isinstance(self.anchor, np.generic) else self.anchor
        return {"scale": self.scale, "anchor": label, "at": self.place}

    def put(self, values: np.ndarray, source: str, origin: Any = None) -> np.ndarray:
        """Strengths on the scale `source` as they are shown; what stands at `origin` is at `at`."""
        x = np.array(values, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            moved = convert(
                x if origin is None else x - origin, source, self.scale, difference=True
            )
        return moved + self.place


def scale_of(model: str) -> str:
    """The scale of a model's theta.

    Parameters
    ----------
    model : str
        As the fits name it.

    Returns
    -------
    {"logit", "probit"}
        Or the name of a custom model whose theta is on none.

    Raises
    ------
    ValueError
        If no model has the name.

    Examples
    --------
    >>> import venire as vn
    >>> vn.scales.scale_of("thurstone")
    'probit'
    """
    return model_of(model).scale


def centre_of(scale: str) -> float:
    """Where the mean of all strengths stands on a scale: 1000 for "elo", 0 for the others.

    Parameters
    ----------
    scale : {"logit", "probit", "erf", "elo"}

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the name is not that of a scale.

    Examples
    --------
    >>> import venire as vn
    >>> vn.scales.centre_of("elo")
    1000.0
    """
    return 0.0 if _is_own(scale) else _known(scale, "scale").centre


def factor(source: str, target: str) -> float:
    """How many units of `target` one unit of `source` is.

    Parameters
    ----------
    source, target : {"logit", "probit", "erf", "elo"}

    Returns
    -------
    float
        Exact within (logit, elo) and within (probit, erf), else by 1.702.

    Raises
    ------
    ValueError
        If a name is not that of a scale.

    Examples
    --------
    >>> import venire as vn
    >>> vn.scales.factor("probit", "logit"), round(vn.scales.factor("logit", "elo"), 3)
    (1.702, 173.718)
    """
    if isinstance(source, str) and isinstance(target, str) and source == target and _is_own(source):
        return 1.0
    a, b = _known(source, "source"), _known(target, "target")
    if a.normal == b.normal:
        return b.unit / a.unit
    return b.unit / a.unit * (LOGIT_PER_PROBIT if a.normal else 1.0 / LOGIT_PER_PROBIT)


def check(scale: Any, own: str) -> None:
    """Refuse a scale on which a fit cannot be shown.

    Parameters
    ----------
    scale : str or None
        As an argument `scale` came; None, and the model's own, are good.
    own : str
        That of the model, see `scale_of`.

    Raises
    ------
    ValueError
        If it is not the name of a scale, or there is no way to it.

    Examples
    --------
    >>> check("elo", "probit")
    """
    if scale is None or (isinstance(scale, str) and scale == own):
        return
    checks.one_of(scale, "scale", SCALES)
    if _is_own(own):
        checks.fail("scale", f"cannot be had from that of the model {own}, which is its own",
                    value=scale, cure=_CURE)  # fmt: skip


_CURE = "make the model with scale='logit' or 'probit' if its theta is of that size"


def convert(values: Any, source: str, target: str, *, difference: bool = False) -> np.ndarray:
    """Strengths, or their differences or standard errors, from one scale to another.

    Parameters
    ----------
    values : array_like of float
        On the scale `source`; nan stays nan.
    source, target : {"logit", "probit", "erf", "elo"}
        See `venire.scales`.
    difference : bool, default False
        `values` are differences or standard errors: the centre of Elo, 1000, does not apply.

    Returns
    -------
    ndarray of float64, shape of `values`
        A new array. Exact within (logit, elo) and within (probit, erf); across, within 0.01 in the
        probability of a win.

    Raises
    ------
    ValueError
        If a name is not that of a scale.

    Notes
    -----
    O(size of `values`).

    References
    ----------
    The constant 1.702: Camilli 1994, doi:10.3102/10769986019003293. Elo: Elo 1978, The Rating of
    Chessplayers, Past and Present.

    Examples
    --------
    >>> import venire as vn
    >>> vn.scales.convert([0.0, 1.0], "logit", "elo").round(1).tolist()
    [1000.0, 1173.7]
    >>> vn.scales.convert(2.0, "probit", "erf", difference=True).round(4).item()
    1.4142
    """
    times = factor(source, target)
    x = np.array(checks.numeric(values, "values"), np.float64)
    known = np.isfinite(x)
    shift = not checks.flag(difference, "difference")
    with np.errstate(over="ignore"):
        x -= shift * centre_of(source)
        x *= times
        x += shift * centre_of(target)
    lost = known & ~np.isfinite(x)
    if lost.any():
        at = int(np.argmax(lost.ravel()))
        checks.fail("values", f"is too large for {target}", at if x.ndim else None)
    return x


def _is_own(name: Any) -> bool:
    """Whether this is the scale of a custom model, from which there is no way to another."""
    return isinstance(name, str) and functions_of(name) is not None


def _known(name: Any, argument: str) -> _Scale:
    if _is_own(name):
        checks.fail(
            argument, "is a custom model's own, from which no other is known", value=name,
            cure=_CURE,
        )  # fmt: skip
    if not isinstance(name, str) or name not in _TABLE:
        checks.fail(argument, f"must be one of {', '.join(SCALES)}", value=name)
    return _TABLE[name]
