"""The paired-comparison models as data: one row a model.

With d = theta_first - theta_second + gamma * order, every model here is

* **symmetric**: swapping the two sides is d -> -d with wins and losses exchanged (cells are stored
  one way round);
* **log-concave**: the log-probability of each outcome is concave in d, jointly with the log of the
  tie parameter where there is one (Newton's method needs curvatures >= 0);
* **safe**: value, slope and curvature are right to a size of d of 1e4 and finite far beyond.

A tie is half a win to each side, or it is an outcome of its own and follows a law with one
parameter. Without ties such a model is Bradley and Terry's: `Model.fitted` says so, once.

The functions that fits call are in the native layer, under the same name (csrc/vn_model.h); what is
here is what Python asks of a model. Everything else asks the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from venire._core import checks

__all__ = ["DEFAULT", "HALF_TIES", "MODELS", "RANKINGS", "Model", "TieLaw", "model_of"]


@dataclass(frozen=True)
class TieLaw:
    """How often comparisons end in a tie: a law with one parameter, fitted as its log.

    Attributes
    ----------
    symbol : str
        Name of the parameter.
    boundary : float
        Its least value, at which there are no ties.
    typical : float
        What simulations take where nothing is said.
    log_at : callable
        Log of the parameter at which equals tie with a given probability.
    reach : float
        Where ties stay likely as both grow: the largest difference, for each unit of the log.
    """

    symbol: str
    boundary: float
    typical: float
    log_at: Callable[[float], float]
    reach: float = 1.0

    @property
    def log_boundary(self) -> float:
        """Lower bound of the log of the parameter."""
        return math.log(self.boundary) if self.boundary > 0.0 else -math.inf

    def inside(self, value: float | None) -> bool:
        """Whether a fit's parameter was estimated: without ties it is on its boundary."""
        return value is not None and value > self.boundary

    def start(self, share: float) -> float:
        """Where a fit starts that sees this share of ties: as if all items were equal."""
        return self.log_at(min(max(share, 1e-300), 0.99))  # nothing but ties, or none: not finite


@dataclass(frozen=True)
class Model:
    """One paired-comparison model.

    Attributes
    ----------
    name : str
        As arguments have it.
    title : str
        As tables have it.
    scale : {"logit", "probit"}
        Of theta, see `venire.scales`.
    probabilities : callable
        Of differences d, and of the log of the tie parameter: P(first wins) in the shape of d, or,
        with a tie law, with a last axis of length 3: win, tie, loss of first.
    tie : TieLaw or None
        None: a tie counts as half a win to each side.
    mm : bool
        Whether ``method="mm"`` applies.
    also : tuple of str
        What others call it: named where such a word is refused.
    source : (str, str)
        Where it was first described, and the DOI of that.
    """

    name: str
    title: str
    scale: str
    probabilities: Callable[[np.ndarray, float], np.ndarray]
    tie: TieLaw | None = None
    mm: bool = False
    also: tuple[str, ...] = ()
    source: tuple[str, str] = ("", "")

    @property
    def unit(self) -> str:
        """The unit of theta in words."""
        return _UNITS[self.scale]

    @property
    def variance_share(self) -> float:
        """What the variance of a theta difference adds to that of the link, taken as 1.

        P averaged over a normal d of variance v is about P(d / sqrt(1 + share * v)): exact for the
        normal curve, close for the logistic one (MacKay 1992, doi:10.1162/neco.1992.4.5.720).
        """
        return _VARIANCE_SHARES[self.scale]

    def fitted(self, free_tie: bool) -> Model:
        """The model that fits run: without a tie, or its parameter, Bradley and Terry's."""
        return self if self.tie is None or free_tie else _TABLE["bradley-terry"]


_UNITS = {"logit": "natural-log units", "probit": "standard deviations of a difference"}
_VARIANCE_SHARES = {"logit": math.pi / 8.0, "probit": 1.0}


def _logistic(d: np.ndarray, log_tie: float) -> np.ndarray:
    odds = np.exp(-np.abs(d))  # of the one behind: scipy.special takes longer to load
    return np.where(d < 0.0, odds, 1.0) / (1.0 + odds)


def _normal(d: np.ndarray, log_tie: float) -> np.ndarray:
    from scipy.special import ndtr

    return ndtr(d)


def _davidson(d: np.ndarray, t: float) -> np.ndarray:
    """In proportion to exp(d/2), exp(t), exp(-d/2)."""
    h = d / 2.0
    tie = -np.logaddexp(0.0, np.logaddexp(h - t, -h - t)) if t > -math.inf else np.full_like(d, t)
    win = -np.logaddexp(0.0, np.logaddexp(-d, t - h))
    loss = -np.logaddexp(0.0, np.logaddexp(d, t + h))
    return np.exp(np.stack([win, tie, loss], axis=-1))


def _rao_kupper(d: np.ndarray, t: float) -> np.ndarray:
    """With s the logistic function: s(d - t), (1 - exp(-2t)) s(t - d) s(t + d), s(-d - t)."""

    def log_logistic(x: np.ndarray) -> np.ndarray:
        return -np.logaddexp(0.0, -x)

    with np.errstate(divide="ignore"):  # t = 0: a tie is impossible
        tie = np.log(-np.expm1(-2.0 * t)) + log_logistic(t - d) + log_logistic(t + d)
    return np.exp(np.stack([log_logistic(d - t), tie, log_logistic(-d - t)], axis=-1))


_ROWS = (
    Model(
        "bradley-terry", "Bradley–Terry", "logit", _logistic, mm=True,
        also=("bt", "btl", "bradley-terry-luce", "elo", "logistic", "logit"),
        source=(
            "R. Bradley, M. Terry (1952): Rank analysis of incomplete block designs, I.",
            "10.2307/2334029",
        ),
    ),
    Model(
        "thurstone", "Thurstone Case V", "probit", _normal,
        also=("probit", "normal", "thurstone-mosteller", "tm", "case-v"),
        source=("L. Thurstone (1927): A law of comparative judgment.", "10.1037/h0070288"),
    ),
    Model(
        "davidson", "Davidson (ties)", "logit", _davidson, mm=True,
        also=("btd", "bt-ties", "bradley-terry-davidson", "ties"),
        source=(
            "R. Davidson (1970): On extending the Bradley-Terry model to accommodate ties in "
            "paired comparison experiments.",
            "10.1080/01621459.1970.10481082",
        ),
        tie=TieLaw("nu", 0.0, 0.5, lambda share: math.log(2.0 * share / (1.0 - share)), 2.0),
    ),
    Model(
        "rao-kupper", "Rao–Kupper (ties)", "logit", _rao_kupper, mm=True, also=("rk",),
        source=(
            "P. Rao, L. Kupper (1967): Ties in paired-comparison experiments: a generalization of "
            "the Bradley-Terry model.",
            "10.1080/01621459.1967.10482901",
        ),
        tie=TieLaw("eta", 1.0, 1.5, lambda share: math.log1p(2.0 * share / (1.0 - share)), 1.0),
    ),
)  # fmt: skip
_TABLE = {row.name: row for row in _ROWS}

#: The model of whole rankings, of two items Bradley and Terry's; no fit of comparisons takes it.
RANKINGS = Model(
    "plackett-luce", "Plackett–Luce", "logit", _logistic, mm=True,
    source=("R. Plackett (1975): The analysis of permutations.", "10.2307/2346567"),
)  # fmt: skip

#: Names of the models.
MODELS = tuple(_TABLE)
#: What others call them.
ALIASES = {word: row.name for row in _ROWS for word in row.also}
#: Where nothing is said.
DEFAULT = MODELS[0]
#: Names of those that count a tie as half a win to each side.
HALF_TIES = tuple(row.name for row in _ROWS if row.tie is None)


def model_of(name: str) -> Model:
    """The row of a model.

    Parameters
    ----------
    name : str

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If no model has the name.

    Examples
    --------
    >>> model_of("davidson").tie.symbol, model_of("thurstone").unit
    ('nu', 'standard deviations of a difference')
    """
    if type(name) is str and name == RANKINGS.name:
        return RANKINGS
    row = _TABLE.get(name) if type(name) is str else None
    return row or _TABLE[checks.one_of(name, "model", MODELS, ALIASES)]
