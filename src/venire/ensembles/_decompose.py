"""The error of an ensemble taken apart."""

from __future__ import annotations

from typing import Any, Literal, overload

from numpy.typing import ArrayLike

from venire._core import checks
from venire._core.checks import fail
from venire.ensembles import _inputs
from venire.ensembles._squared import Decomposition, decompose_squared
from venire.ensembles._zero_one import ZeroOneDecomposition, decompose_zero_one

__all__ = ["decompose"]


@overload
def decompose(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    loss: Literal["squared"] = "squared",
    weights: ArrayLike | None = None,
    noise: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Decomposition: ...
@overload
def decompose(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    loss: Literal["zero-one"],
    weights: ArrayLike | None = None,
    noise: None = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> ZeroOneDecomposition: ...
def decompose(
    predictions: ArrayLike,
    target: ArrayLike,
    *,
    loss: str = "squared",
    weights: ArrayLike | None = None,
    noise: Any = None,
    cluster: ArrayLike | None = None,
    level: float = 0.95,
) -> Decomposition | ZeroOneDecomposition:
    """Take the error of an ensemble apart: bias, variance, covariance, noise, ambiguity, rho.

    Parameters
    ----------
    predictions : array_like of shape (n_members, n_rows) or (n_trials, n_members, n_rows)
        What each member predicts for each row; with trials, each is an ensemble made anew, from
        another training set. Numbers, or classes with ``loss="zero-one"`` (no trials then: give
        the vote of each trial as a member).
    target : array_like of shape (n_rows,) or (n_repeats, n_rows)
        What was to be predicted; with repeats, each row was measured several times.
    loss : {"squared", "zero-one"}
        The ensemble is the weighted mean of its members, or their vote.
    weights : array_like of float, shape (n_members,), optional
        Of the members; they are divided by their sum. Default: equal. Must be >= 0 for a vote.
    noise : float or array_like of shape (n_rows,), optional
        Known variance of the target, where it has no repeats (squared loss only).
    cluster : array_like of shape (n_rows,), optional
        Rows that hang together, for the interval of rho (with trials, each trial is a cluster).
    level : float, default 0.95
        Of the interval.

    Returns
    -------
    Decomposition or ZeroOneDecomposition

    Raises
    ------
    ValueError
        If shapes do not match, there are fewer than two rows (or trials), a number is not finite,
        a weight or a noise is negative, or there is a single cluster.
    TypeError
        If predictions or target have a wrong type.

    Notes
    -----
    With trials, bias, variance and covariance are those of Ueda and Nakano: at each row, of the
    predictions over the training sets, and then averaged over rows. With a single ensemble the
    expectations are taken over rows instead: bias2 is the square of the mean error, variance and
    covariance are those of the errors over rows. What a member gets wrong at the same row whatever
    it was trained on is then variance, and covariance if all members do so.

    All terms are estimated without bias (divisors n - 1; the variance of the estimated mean is
    taken off bias2, which can therefore be below 0), and still add up to the error exactly.

    The standard error of rho is that of its influence function, added up by cluster, and the
    interval is made on Fisher's scale log((1 + (M - 1) rho) / (1 - rho)), M members.

    O(n_rows * n_members²) time, and memory of a few copies of the predictions.

    References
    ----------
    N. Ueda and R. Nakano (1996), Generalization error of ensemble estimators,
    doi:10.1109/ICNN.1996.548872. A. Krogh and J. Vedelsby (1995), Neural network ensembles, cross
    validation, and active learning, Advances in Neural Information Processing Systems 7. P.
    Domingos (2000), A unified bias-variance decomposition and its applications, Proceedings of the
    17th International Conference on Machine Learning. L. Breiman (2001), Random forests,
    doi:10.1023/A:1010933404324, for rho.

    Examples
    --------
    >>> import venire as vn
    >>> members = [[1.2, 2.1, 2.8, 4.4], [0.9, 2.4, 3.3, 3.9], [1.0, 1.8, 3.2, 4.3]]
    >>> d = vn.ensembles.decompose(members, [1.0, 2.0, 3.0, 4.0])
    >>> round(d.error, 4), round(d.member_error - d.ambiguity, 4)
    (0.0153, 0.0153)
    >>> parts = d.noise + d.bias2 + d.share * d.variance + (1 - d.share) * d.covariance
    >>> round(parts, 4)
    0.0153
    """
    checks.one_of(loss, "loss", ("squared", "zero-one"))
    level = checks.level(level)
    if loss == "squared":
        f, t = _inputs.numbers(predictions, target, (2, 3))
        w = _inputs.member_weights(weights, f.shape[-2], negative=True)
        if f.ndim == 3 and cluster is not None:
            fail("cluster", "has no meaning with trials: each trial is one")
        group, n_groups = _inputs.clusters(cluster, f.shape[-1])
        return decompose_squared(f, t, w, noise, group, n_groups, level)
    if noise is not None:
        fail("noise", "is for squared loss: give repeats of target instead")
    classes, f, t = _inputs.labels(predictions, target)
    if f.shape[1] < 2:
        fail("predictions", "at least two rows are needed", value=1)
    w = _inputs.member_weights(weights, len(f), negative=False)
    group, n_groups = _inputs.clusters(cluster, f.shape[1])
    return decompose_zero_one(classes, f, t, w, group, n_groups, level)
