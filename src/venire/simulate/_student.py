"""A student for simulations: ridge regression on features and waves of them, in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.coding import encode_one

__all__ = ["RidgeStudent", "out_of_fold"]

Floats = NDArray[np.float64]


def _amount(x: float) -> bool:
    return 0.0 <= x <= checks.LARGEST


class RidgeStudent:
    """Ridge regression with a free mean on [x, sqrt(2 / m) cos(x W + b)] (random Fourier features).

    Parameters
    ----------
    penalty : float, default 3
        lambda: the fit minimises the weighted squares of errors plus ``lambda |coefficients|²``.
    n_waves : int, default 150
        m; 0: linear in x.
    scale : float, default 0.25
        Standard deviation of W: about 1 / the distance over which the target changes.
    seed : int, default 0
        Of W and b.

    Notes
    -----
    It has the methods that scikit-learn's regressors have, and does not need scikit-learn. A fit
    costs O(n (d + m)²) time and 8 n (d + m) bytes.

    References
    ----------
    A. Rahimi and B. Recht (2007), Random features for large-scale kernel machines.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(-3, 3, 200)[:, None]
    >>> student = RidgeStudent(penalty=1e-3, scale=1.0).fit(x, np.sin(2 * x[:, 0]))
    >>> bool(abs(student.predict(x) - np.sin(2 * x[:, 0])).max() < 0.05)
    True
    """

    def __init__(
        self, penalty: float = 3.0, n_waves: int = 150, scale: float = 0.25, seed: int = 0
    ) -> None:
        self.penalty, self.n_waves, self.scale, self.seed = penalty, n_waves, scale, seed

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor, by name."""
        return {name: getattr(self, name) for name in ("penalty", "n_waves", "scale", "seed")}

    def set_params(self, **params: Any) -> RidgeStudent:
        """Change arguments of the constructor."""
        for name, value in params.items():
            if name not in self.get_params():
                raise ValueError(f"there is no parameter {name!r}")
            setattr(self, name, value)
        return self

    def features(self, x: ArrayLike) -> Floats:
        """What the regression is linear in, (n, d + n_waves)."""
        x = np.asarray(checks.numeric(x, "x"), np.float64)
        if x.ndim != 2:
            checks.fail("x", f"must be two-dimensional, has {x.ndim} dimensions")
        good = np.abs(x) <= checks.LARGEST
        rule = f"must be finite, and of a size of at most {checks.LARGEST:g}"
        if x.size:
            worst = x[np.arange(len(x)), np.argmin(good, axis=1)]
            checks.every(good.all(axis=1), "x", rule, worst)
        n_waves = checks.whole(self.n_waves, "n_waves", 0, 1_000_000)
        if not n_waves:
            return x
        scale = checks.number(self.scale, "scale", checks.AMOUNT, _amount)
        rng = checks.rng(self.seed)
        angle = x @ rng.normal(0.0, scale, (x.shape[1], n_waves))
        angle += rng.uniform(0.0, 2.0 * np.pi, n_waves)
        return np.concatenate([x, np.sqrt(2.0 / n_waves) * np.cos(angle)], axis=1)

    def fit(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Any:
        """Learn from rows x (n, d) with targets y (n,); weights count relative to their mean."""
        z = self.features(x)
        n = len(z)
        if not n:
            checks.fail("x", "must have a row at least")
        penalty = checks.number(self.penalty, "penalty", checks.AMOUNT, _amount)
        y = np.broadcast_to(checks.bounded(y, n, "y"), (n,))
        weight = np.ones(n)
        if sample_weight is not None:
            weight *= checks.amounts(sample_weight, n, "sample_weight")
            if not weight.any():
                checks.fail("sample_weight", "must not all be 0")
        weight = weight / weight.max()  # the least number that there is has no inverse
        weight = weight / weight.mean()
        mean, level = weight @ z / len(z), weight @ y / len(z)
        z = z - mean
        gram = (weight[:, None] * z).T @ z
        gram.flat[:: len(gram) + 1] += penalty
        try:
            self.coefficients_ = np.linalg.solve(gram, z.T @ (weight * (y - level)))
        except np.linalg.LinAlgError:
            checks.fail("penalty", "must be larger: the equations are singular", value=penalty)
        self.intercept_ = float(level - mean @ self.coefficients_)
        return self

    def predict(self, x: ArrayLike) -> Floats:
        """Predictions for rows x, (n,)."""
        z = self.features(x)
        if z.shape[1] != len(self.coefficients_):
            checks.fail("x", "must have as many columns as what was learnt from")
        return z @ self.coefficients_ + self.intercept_


def out_of_fold(
    student: Any,
    features: ArrayLike,
    target: ArrayLike,
    group: ArrayLike,
    *,
    n_folds: int = 5,
    sample_weight: ArrayLike | None = None,
    rng: Any = None,
) -> Floats:
    """Predictions of every item by a student that has not seen its group.

    Parameters
    ----------
    student : object
        With fit(x, y) (and `sample_weight`, if one is given) and predict(x). It is fitted once for
        each fold, and is left as the last fit left it.
    features : array_like of shape (n, d)
    target : array_like of shape (n,)
    group : array_like of int, shape (n,)
    n_folds : int, default 5
        Groups are dealt to the folds at random; with fewer groups than folds one at a time.
    sample_weight : array_like of shape (n,), optional
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    ndarray of float64, shape (n,)

    Raises
    ------
    ValueError
        If there are fewer than two groups or folds, or lengths differ.

    Examples
    --------
    >>> import venire as vn
    >>> w = vn.simulate.world(n_groups=20, rng=0)
    >>> p = vn.simulate.out_of_fold(RidgeStudent(), w.features, w.theta, w.group, rng=0)
    >>> bool(np.corrcoef(p, w.theta)[0, 1] ** 2 > 0.5)
    True
    """
    x, y = checks.numeric(features, "features"), checks.numeric(target, "target")
    n, y, group, sample_weight = checks.columns(target=y, group=group, sample_weight=sample_weight)
    if np.ndim(y) != 1:
        checks.fail("target", f"must have shape ({n},), has shape {np.shape(y)}")
    if x.ndim != 2 or len(x) != n:
        checks.fail("features", f"must have shape ({n}, n_features), has {x.shape}")
    weight = None
    if sample_weight is not None:
        weight = np.broadcast_to(checks.amounts(sample_weight, n, "sample_weight"), (n,))
    n_folds = checks.whole(n_folds, "n_folds", 2)
    labels, of = encode_one(group, "group", n=n)
    if len(labels) < 2:
        checks.fail("group", "must hold at least two groups", value=len(labels))
    fold = (checks.rng(rng).permutation(len(labels)) % n_folds)[of]
    out = np.empty(len(y))
    for k in range(min(n_folds, len(labels))):
        train, test = fold != k, fold == k
        more = () if weight is None else (weight[train],)
        out[test] = student.fit(x[train], y[train], *more).predict(x[test])
    return out
