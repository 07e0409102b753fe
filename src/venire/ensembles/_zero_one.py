"""Zero-one loss of a vote of classifiers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from venire._core.tables import Table, Tabled
from venire.ensembles._correlation import correlate, n_effective

__all__ = ["ZeroOneDecomposition", "decompose_zero_one", "mass_of_classes"]


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class ZeroOneDecomposition(Tabled):
    """Zero-one loss of the members of an ensemble taken apart; what `decompose` returns.

    member_error = noise_effect + bias + unbiased_variance - biased_variance holds exactly. Without
    repeats of the target, noise is 0 and bias is the error of the vote, so that the vote gains
    unbiased_variance - biased_variance over its members.

    Attributes
    ----------
    n_members, n_rows : int
    classes : ndarray, shape (n_classes,)
    main : ndarray, shape (n_rows,)
        The vote: the class with the largest weight, the first of them in order at a tie.
    error : float
        Share of wrong votes.
    member_error : float
        Weighted mean share of wrong predictions of the members.
    member_errors : ndarray of float64, shape (n_members,)
    weights : ndarray of float64, shape (n_members,)
    noise : float
        Mean probability that a target differs from the commonest target of its row.
    noise_effect : float
        What noise adds to the error of a member: the mean of c1 * noise.
    bias : float
        Share of rows whose vote is not the commonest target.
    variance : float
        Mean weight of the members that differ from the vote.
    unbiased_variance : float
        What differing costs, where the vote is right.
    biased_variance : float
        What differing gains, where the vote is wrong: it counts where it hits the right class.
    correlation : ndarray of float64, shape (n_members, n_members)
        Of the indicators of error; nan where a member is always or never right.
    rho, rho_error : float
        Mean correlation of two members' errors and its standard error.
    rho_interval : tuple of float
        Interval of rho at `level`.
    n_effective : float
        1 / (rho + (1 - rho) * sum of squared weights).
    level : float

    Examples
    --------
    >>> import venire as vn
    >>> votes = [["a", "b", "b"], ["a", "b", "a"], ["b", "b", "a"]]
    >>> d = vn.ensembles.decompose(votes, ["a", "b", "b"], loss="zero-one")
    >>> d
    <ZeroOneDecomposition: 3 members, member error 0.3333 = bias 0.3333 + variance 0>
    >>> round(d.unbiased_variance, 3), round(d.biased_variance, 3)
    (0.111, 0.111)
    """

    n_members: int
    n_rows: int
    classes: np.ndarray
    main: np.ndarray
    error: float
    member_error: float
    member_errors: np.ndarray
    weights: np.ndarray
    noise: float
    noise_effect: float
    bias: float
    variance: float
    unbiased_variance: float
    biased_variance: float
    correlation: np.ndarray
    rho: float
    rho_error: float
    rho_interval: tuple[float, float]
    n_effective: float
    level: float

    def __repr__(self) -> str:
        net = round(self.unbiased_variance - self.biased_variance, 12) + 0.0
        noise = f"noise {self.noise_effect:.4g} + " if self.noise else ""
        return (
            f"<ZeroOneDecomposition: {self.n_members} members, member error "
            f"{self.member_error:.4g} = {noise}bias {self.bias:.4g} + variance {net:.4g}>"
        )

    def _table(self, top: int | None) -> Table:
        names = ("error", "noise", "bias", "variance", "unbiased_variance", "biased_variance",
                 "member_error", "rho", "rho_error", "n_effective")  # fmt: skip
        return Table.numbers(self._titled(), self, names, top)


def mass_of_classes(codes: np.ndarray, weights: np.ndarray, n_classes: int) -> np.ndarray:
    """Weight of each class in each column of `codes` (m, n): (n, n_classes)."""
    m, n = codes.shape
    mass = np.zeros((n, n_classes))
    rows = np.arange(n)
    for k in range(m):
        mass[rows, codes[k]] += weights[k]
    return mass


def decompose_zero_one(
    classes: np.ndarray,
    f: np.ndarray,
    t: np.ndarray,
    w: np.ndarray,
    cluster: np.ndarray,
    n_clusters: int,
    level: float,
) -> ZeroOneDecomposition:
    """See `decompose`; f (n_members, n_rows) and t (n_repeats, n_rows) are positions in classes."""
    (m, n), repeats, rows = f.shape, len(t), np.arange(f.shape[1])
    predicted = mass_of_classes(f, w, len(classes))
    targets = mass_of_classes(t, np.full(repeats, 1.0 / repeats), len(classes))
    main, best = predicted.argmax(axis=1), targets.argmax(axis=1)
    right = predicted[rows, best]
    noise = 1.0 - targets[rows, best]
    other = (predicted * targets).sum(axis=1) - right * targets[rows, best]  # alike, not best
    noise_effect = noise * right - other
    biased = main != best
    variance = 1.0 - predicted[rows, main]
    wrong = np.zeros((m, n))
    for row in t:
        wrong += f != row
    wrong /= repeats
    member_errors = wrong.mean(axis=1)
    deviations = wrong - member_errors[:, None]
    found = correlate(deviations, deviations @ deviations.T, cluster, n_clusters, level)
    share = 1.0 if m == 1 else float(w @ w)
    return ZeroOneDecomposition(
        n_members=m, n_rows=n, classes=classes, main=classes[main],
        error=float(1.0 - targets[rows, main].mean()), member_error=float(w @ member_errors),
        member_errors=member_errors, weights=w, noise=float(noise.mean()),
        noise_effect=float(noise_effect.mean()), bias=float(biased.mean()),
        variance=float(variance.mean()), unbiased_variance=float(variance[~biased].sum() / n),
        biased_variance=float(right[biased].sum() / n), correlation=found.matrix, rho=found.rho,
        rho_error=found.rho_error, rho_interval=found.interval,
        n_effective=n_effective(found.rho, share), level=level,
    )  # fmt: skip
