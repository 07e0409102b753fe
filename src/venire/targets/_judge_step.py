"""Slopes and position biases of judges, the ratings given: one Newton step is over all votes, and
the shrinkage is estimated on its quadratic."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["START", "Judged", "Spread", "judged"]

FAITH, GUESS = 2.0, 0.5  # judges that the hyperprior of a spread stands for, and theirs
LEVEL = 0.01  # precision of the mean bias
PASSES, ROUNDS = 60, 500  # over the votes; of EM, on K numbers
ONE_SIDED = 1.645  # normal quantile of the test whether judges differ
TOL = 1e-7  # of a last step, which converges quadratically
LEAST, CROSS = 0.25, 0.9  # of a curvature, by that at known ratings; of a correlation
STEP, TURN = 2.0, 4.0  # largest changes of a slope and of a bias

Floats = NDArray[np.float64]


class Spread(NamedTuple):
    """Of the judges' parameters: slopes N(1, slope^2), biases N(mean, bias^2)."""

    slope: float = GUESS
    mean: float = 0.0
    bias: float = GUESS


START = Spread()


class Judged(NamedTuple):
    """Judges as the votes and the ratings have them.

    Attributes
    ----------
    slope, bias : ndarray of float64, shape (n_judges,)
    slope_variance, bias_variance : ndarray of float64, shape (n_judges,)
        Given the ratings, and that the mean slope is 1; of slopes held at 0 as if they were free.
    mass : ndarray of float64, shape (n_judges,)
        Votes on pairs whose ratings are known.
    spread : Spread
    apart : bool
        The slopes differ by more than chance makes of equal ones.
    converged : bool
    """

    slope: Floats
    bias: Floats
    slope_variance: Floats
    bias_variance: Floats
    mass: Floats
    spread: Spread
    apart: bool
    converged: bool


class _Quadratic(NamedTuple):
    """The judges' log-likelihood around where it was taken: linear terms at 0, and curvature."""

    a: Floats
    g: Floats
    aa: Floats
    ag: Floats
    gg: Floats


def judged(
    sums_of: Callable[[Floats, Floats], Floats],
    slope: Floats,
    bias: Floats,
    spread: Spread,
    *,
    signed: bool,
    has_order: bool,
) -> Judged:
    """Maximise over slopes and biases, their spread by EM.

    Each judge's log-likelihood is that expected under the ratings' posterior to second order, l(a,
    g) - a^2 / 2 sum v h: without it a judge whose slope grows is believed ever more. The mean
    slope, by votes, is held at 1 in each step.

    Parameters
    ----------
    sums_of : callable
        Slopes and biases to the sums over the votes, see csrc/vn_judges.h.
    signed : bool
        Else slopes are >= 0.
    """
    at, variances, mass, converged = (slope, bias), (slope, bias), slope, False
    apart = False
    for _ in range(PASSES):
        sums = sums_of(*at)
        mass = sums[:, 11]
        q = _quadratic(sums, *at, has_order)
        to, variances, spread = _shrunken(q, mass, spread, signed, has_order)
        apart = _apart(sums, *at, spread, has_order)
        change = to[0] - at[0], to[1] - at[1]
        far = [float(np.abs(x).max(initial=0.0)) for x in change]
        share = min(1.0, STEP / max(far[0], STEP), TURN / max(far[1], TURN))
        at = at[0] + share * change[0], at[1] + share * change[1]
        if max(far) <= TOL:
            converged = True
            break
    return Judged(*at, *variances, mass, spread, apart, converged)


def _quadratic(sums: Floats, a: Floats, g: Floats, has_order: bool) -> _Quadratic:
    rd, ro, dd, do, oo, v0, v1, v2, v3, v4, v5, _ = sums.T
    half = 0.5 * a * a
    slope_a, slope_g = rd - a * v0 - half * v1, ro - half * v2
    aa, ag, gg = dd + v0 + 2.0 * a * v1 + half * v3, do + a * v2 + half * v4, oo + half * v5
    # Where ratings are hardly known the second order says too little, even less than nothing.
    aa, gg = np.maximum(aa, LEAST * (dd + v0)), np.maximum(gg, LEAST * oo)
    most = CROSS * np.sqrt(aa * gg)
    ag = np.clip(ag, -most, most)
    if not has_order:
        ag, gg, slope_g = 0.0 * ag, 0.0 * gg, 0.0 * slope_g
    return _Quadratic(slope_a + aa * a + ag * g, slope_g + ag * a + gg * g, aa, ag, gg)


def _shrunken(
    q: _Quadratic, mass: Floats, spread: Spread, signed: bool, has_order: bool
) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], Spread]:
    """Slopes and biases at the maximum of the quadratics, their variances, and the spread."""
    seen = mass > 0.0
    n = float(np.count_nonzero(seen))
    for _ in range(ROUNDS):
        a, g, var_a, var_g = _solved(q, mass, spread, signed)
        if not has_order:
            g, var_g = 0.0 * g, 0.0 * var_g
        old, prior = spread, FAITH * GUESS**2
        slope = ((((a - 1.0) ** 2 + var_a)[seen]).sum() + prior) / (n + FAITH)
        spread = Spread(float(np.sqrt(slope)), 0.0, old.bias)
        if has_order:
            mean = g[seen].sum() / (n + LEVEL * old.bias**2)
            bias = ((((g - old.mean) ** 2 + var_g)[seen]).sum() + prior) / (n + FAITH)
            spread = Spread(spread.slope, float(mean), float(np.sqrt(bias)))
        if (
            abs(np.log(spread.slope / old.slope)) + abs(np.log(spread.bias / old.bias)) < 1e-9
            and abs(spread.mean - old.mean) < 1e-9
        ):
            break
    a, g, var_a, var_g = _solved(q, mass, spread, signed)
    if not has_order:
        g, var_g = 0.0 * g, 0.0 * var_g
    if not signed:  # what slopes at the border would be known by, were there none
        var_a = np.where(a > 0.0, var_a, 1.0 / _own(q, spread))
    return (a, g), (var_a, var_g), spread


def _own(q: _Quadratic, spread: Spread) -> Floats:
    """Curvature in each slope, its bias free."""
    return np.asarray(q.aa + spread.slope**-2 - q.ag**2 / (q.gg + spread.bias**-2))


def _solved(
    q: _Quadratic, mass: Floats, spread: Spread, signed: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """The maximum with the mean slope at 1, and variances."""
    common, own = q.gg + spread.bias**-2, _own(q, spread)
    towards = q.g + spread.mean * spread.bias**-2
    free = np.ones(len(mass), bool)
    alone = (q.a + spread.slope**-2 - q.ag * towards / common) / own
    pull = mass / own
    while True:
        weight = float(mass[free] @ pull[free])
        level = (mass[free] @ alone[free] - mass.sum()) / weight if weight > 0.0 else 0.0
        a = np.where(free, alone - level * pull, 0.0)
        if signed or not (a < 0.0).any():
            break
        free &= a >= 0.0  # the others then fall further: none comes back
    held = pull**2 / weight if weight > 0.0 else 0.0
    var_a = np.where(free, np.maximum(1.0 / own - held, 0.0), 0.0)
    return a, (towards - q.ag * a) / common, var_a, 1.0 / common + (q.ag / common) ** 2 * var_a


def _apart(sums: Floats, a: Floats, g: Floats, spread: Spread, has_order: bool) -> bool:
    """Whether the slopes that each judge's votes alone give differ by more than chance.

    The score test that their variance is 0, with the likelihood at the ratings: what is not known
    of them is no information on a slope.
    """
    r, ro, own, do, oo = sums.T[:5]
    if has_order:
        common = oo + spread.bias**-2
        r = r - do * (ro - (g - spread.mean) * spread.bias**-2) / common
        own = own - do**2 / common
    told = own > 0.0
    if np.count_nonzero(told) < 2:
        return False
    own, alone = own[told], (a + r / np.where(told, own, 1.0))[told]
    total, square = own.sum(), own @ own
    score = own * (alone - own @ alone / total)
    # about a multiple of chi-squared; its cube root is about normal (Wilson and Hilferty 1931)
    mean = total - square / total
    if mean <= 0.0:
        return False
    freed = 2.0 / 9.0 * square / (mean * total)
    return bool(np.cbrt(score @ score / mean) > 1.0 - freed + ONE_SIDED * np.sqrt(freed))
