"""One cell's log-likelihood and its derivatives, for each of the models.

Everything is a function of d = theta_first - theta_second + gamma * order and, in the models with
ties, of the log of the tie parameter t. No formula subtracts nearly equal numbers and no
exponential can overflow, so value, gradient and curvature are right for any |d| up to 10^4.

Wherever a model is named a function may stand in its place, a link that somebody brings: of an
array of d it gives log F, F'/F and -(log F)'', F(d) being the probability that first wins, and
F(-d) = 1 - F(d). A tie counts as half a win to each side.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["MODELS", "TIE_MODELS", "cell_terms", "probabilities"]

TIE_MODELS = ("davidson", "rao-kupper")

Terms = dict[str, np.ndarray]
Link = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]


def _log_logistic(x: np.ndarray) -> np.ndarray:
    """Log of 1 / (1 + exp(-x))."""
    return -np.logaddexp(0.0, -x)


def _inverse_mills(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """phi(x) / Phi(x), the slope of log Phi, and minus its second derivative.

    The slope h satisfies h' = -h (h + x). For x far below 0, h is close to -x, so h + x is taken
    from Laplace's continued fraction 1 / (y + 2 / (y + 3 / (y + ...))) with y = -x.
    """
    from scipy.special import erfcx

    with np.errstate(over="ignore"):  # erfcx(-large) is inf, and the slope is then 0
        slope = np.sqrt(2.0 / np.pi) / erfcx(-x / np.sqrt(2.0))
    y = np.maximum(-x, 5.0)
    tail = y
    for k in range(80, 1, -1):
        tail = y + k / tail
    excess = np.where(x < -5.0, 1.0 / tail, slope + x)
    curvature = np.where(slope > 0.0, slope * excess, 0.0)
    return slope, curvature


def _bradley_terry(d: np.ndarray, t: float, win: Any, loss: Any, tie: Any) -> Terms:
    from scipy.special import expit

    a, b = win + tie / 2.0, loss + tie / 2.0
    p, q = expit(d), expit(-d)
    return {
        "value": a * _log_logistic(d) + b * _log_logistic(-d),
        "d1": a * q - b * p,
        "d2": (a + b) * p * q,
    }


def _thurstone(d: np.ndarray, t: float, win: Any, loss: Any, tie: Any) -> Terms:
    from scipy.special import log_ndtr

    a, b = win + tie / 2.0, loss + tie / 2.0
    slope, curvature = _inverse_mills(d)
    slope_other, curvature_other = _inverse_mills(-d)
    return {
        "value": a * log_ndtr(d) + b * log_ndtr(-d),
        "d1": a * slope - b * slope_other,
        "d2": a * curvature + b * curvature_other,
    }


def _log_davidson(d: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log P of win, loss and tie; P is proportional to exp(d/2), exp(-d/2), exp(t)."""
    h = d / 2.0
    return (
        -np.logaddexp(0.0, np.logaddexp(-d, t - h)),
        -np.logaddexp(0.0, np.logaddexp(d, t + h)),
        -np.logaddexp(0.0, np.logaddexp(h - t, -h - t)) if t > -np.inf else np.full_like(d, t),
    )


def _davidson(d: np.ndarray, t: float, win: Any, loss: Any, tie: Any) -> Terms:
    log_win, log_loss, log_tie = _log_davidson(d, t)
    p, q, r = np.exp(log_win), np.exp(log_loss), np.exp(log_tie)
    total = win + loss + tie
    with np.errstate(invalid="ignore"):  # no tie and tie parameter 0: 0 * -inf
        value = win * log_win + loss * log_loss + np.where(tie > 0.0, tie * log_tie, 0.0)
    return {
        "value": value,
        "d1": win * (q + r / 2.0) - loss * (p + r / 2.0) + tie * (q - p) / 2.0,
        "d2": total * (p * q + r * (p + q) / 4.0),
        "t1": tie * (p + q) - (win + loss) * r,
        "dt": total * r * (q - p) / 2.0,
        "t2": total * r * (p + q),
    }


def _log_rao_kupper(d: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log P of win, loss and tie; P(tie) = (1 - exp(-2t)) s(t - d) s(t + d)."""
    if not t >= 0.0:
        raise ValueError(f"t must be >= 0 in the rao-kupper model (eta >= 1), got {t!r}")
    with np.errstate(divide="ignore"):  # t = 0: a tie is impossible
        log_tie = np.log(-np.expm1(-2.0 * t)) + _log_logistic(t - d) + _log_logistic(t + d)
    return _log_logistic(d - t), _log_logistic(-d - t), log_tie


def _rao_kupper(d: np.ndarray, t: float, win: Any, loss: Any, tie: Any) -> Terms:
    from scipy.special import expit

    log_win, log_loss, log_tie = _log_rao_kupper(d, t)
    p, p_not = expit(d - t), expit(t - d)  # P(first wins) and P(it does not)
    q, q_not = expit(-d - t), expit(t + d)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        value = win * log_win + loss * log_loss + np.where(tie > 0.0, tie * log_tie, 0.0)
        pull = np.where(tie > 0.0, 2.0 * tie / np.expm1(2.0 * t), 0.0)
        stiffness = np.where(tie > 0.0, tie / np.sinh(t) ** 2, 0.0)
    u, v = p * p_not, q * q_not
    return {
        "value": value,
        "d1": win * p_not - loss * q_not + tie * (q - p),
        "d2": (win + tie) * u + (loss + tie) * v,
        "t1": pull + tie * (p + q) - win * p_not - loss * q_not,
        "dt": (loss + tie) * v - (win + tie) * u,
        "t2": (win + tie) * u + (loss + tie) * v + stiffness,
    }


_TERMS: dict[str, Callable[..., Terms]] = {
    "bradley-terry": _bradley_terry,
    "thurstone": _thurstone,
    "davidson": _davidson,
    "rao-kupper": _rao_kupper,
}
MODELS = tuple(_TERMS)


def _terms_of(link: Link, d: np.ndarray, win: Any, loss: Any, tie: Any) -> Terms:
    """Those of a link: a loss is a win at -d."""
    a, b = win + tie / 2.0, loss + tie / 2.0
    won, lost = link(d), link(-d)
    return {
        "value": a * won[0] + b * lost[0],
        "d1": a * won[1] - b * lost[1],
        "d2": a * won[2] + b * lost[2],
    }


def cell_terms(model: str | Link, d: Any, t: float, win: Any, loss: Any, tie: Any) -> Terms:
    """Log-likelihood of each cell, and its derivatives.

    Kernel: csrc/vn_model.c and the file of each model, by all fits.

    Parameters
    ----------
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"} or callable
        A callable is a link: of an array of d, log F, F'/F and -(log F)''.
    d : array_like of float, shape (n_cells,)
        theta_first - theta_second + gamma * order.
    t : float
        Log of the tie parameter: log nu (Davidson) or log eta >= 0 (Rao-Kupper); ignored by the
        models that count a tie as half a win to each.
    win, loss, tie : array_like of float, shape (n_cells,)
        Masses.

    Returns
    -------
    dict of ndarray of float64, shape (n_cells,)
        ``value`` l; ``d1`` dl/dd; ``d2`` -d2l/dd2, never negative; and for the tie models ``t1``
        dl/dt, ``dt`` -d2l/dd dt, ``t2`` -d2l/dt2.

    Raises
    ------
    ValueError
        If `model` is none of them, or `t` is negative in the Rao-Kupper model.

    References
    ----------
    Bradley and Terry 1952, doi:10.2307/2334029. Thurstone 1927, doi:10.1037/h0070288. Rao and
    Kupper 1967, doi:10.1080/01621459.1967.10482901. Davidson 1970,
    doi:10.1080/01621459.1970.10481082.

    Examples
    --------
    >>> terms = cell_terms("bradley-terry", [0.0], 0.0, [3.0], [1.0], [0.0])
    >>> terms["d1"], terms["d2"]
    (array([1.]), array([1.]))
    """
    d, masses = np.asarray(d, np.float64), [np.asarray(x, np.float64) for x in (win, loss, tie)]
    if not isinstance(model, str) and callable(model):
        return _terms_of(model, d, *masses)
    if model not in _TERMS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {model!r}")
    return _TERMS[model](d, t, *masses)


def probabilities(model: str | Link, d: Any, t: float = 0.0) -> np.ndarray:
    """P(first wins), or P(win), P(tie), P(loss) in the tie models.

    Kernel: `venire.models`, by the predictions of all fits.

    Parameters
    ----------
    model, d, t
        As in `cell_terms`.

    Returns
    -------
    ndarray of float64, shape (n_cells,) or, in the tie models, (n_cells, 3)
        The three columns are win, tie, loss of `first`; each row sums to 1.

    Raises
    ------
    ValueError
        If `model` is none of them.

    Examples
    --------
    >>> probabilities("davidson", [0.0], 0.0)
    array([[0.33333333, 0.33333333, 0.33333333]])
    """
    d = np.asarray(d, np.float64)
    one, zero = np.ones_like(d), np.zeros_like(d)
    won, tied, lost = (
        np.exp(cell_terms(model, d, t, *masses)["value"])
        for masses in ((one, zero, zero), (zero, zero, one), (zero, one, zero))
    )
    return np.stack([won, tied, lost], axis=-1) if model in TIE_MODELS else won
