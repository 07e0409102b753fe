"""Systems with the information of theta, and tail probabilities that hold for small counts."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from venire.diagnostics._evidence import Evidence
    from venire.ratings import Fit

__all__ = ["log_sum_tail", "log_tail", "order_error", "solve"]

Floats = NDArray[np.float64]
_DENSE = 1_500  # items up to which a dense factorisation is cheaper
_COARSE, _MARGIN = 0.2, 0.95
_FAR = 25.0  # where the next term of Mills' ratio is below 1e-5 of it
_erfc: Any = np.vectorize(math.erfc, otypes=[np.float64])
_ROUNDS = 300  # of conjugate gradients: what is left then is far below a standard error


def solve(evidence: Evidence, weight: Floats, right: Floats, ridge: float) -> Floats:
    """x of (L + ridge) x = right, L being the Laplacian of the cells with these weights."""
    c, n = evidence.comparisons, len(evidence.items)
    diagonal = np.bincount(c.first, weight, n) + np.bincount(c.second, weight, n) + ridge
    if n <= _DENSE:
        dense = np.bincount(c.first.astype(np.int64) * n + c.second, -weight, n * n).reshape(n, n)
        dense += dense.T
        dense[np.arange(n), np.arange(n)] = diagonal
        return np.asarray(np.linalg.solve(dense, right), np.float64)
    from scipy.sparse import csr_array, diags_array
    from scipy.sparse.linalg import cg

    upper = csr_array((-weight, (c.first, c.second)), shape=(n, n))
    found, _ = cg(
        upper + upper.T + diags_array(diagonal), right, rtol=1e-5, maxiter=_ROUNDS,
        M=diags_array(1.0 / diagonal),
    )  # fmt: skip
    return found


def order_error(evidence: Evidence, fit: Fit) -> float:
    """Standard error of the order effect: of its information, what theta does not take away."""
    c, n = evidence.comparisons, len(evidence.items)
    _, variance, _ = evidence.law(evidence.differences(c.first, c.second, c.order, fit), fit)
    weight = evidence.mass * variance
    pull = weight * c.order
    cross: Any = np.bincount(c.first, pull, n) - np.bincount(c.second, pull, n)
    own = float(weight[c.order != 0].sum())
    left = own - float(cross @ solve(evidence, weight, cross, 0.01))
    return 1.0 / np.sqrt(left) if left > 1e-9 * own and own > 0.0 else np.inf


def log_tail(score: Any, mass: Any, mean: Any) -> Floats:
    """Log of a bound on the probability of points as far from what is expected as these.

    exp(-mass KL(score / mass, mean / mass)) bounds a tail of any mean of numbers in [0, 1]
    (Hoeffding 1963, doi:10.1080/01621459.1963.10500830), twice that both.
    """
    mass, score, mean = np.asarray(mass), np.asarray(score), np.asarray(mean)
    distance = _divergence(score, mean)
    distance += _divergence(np.maximum(mass - score, 0.0), np.maximum(mass - mean, 0.0))
    return np.minimum(np.log(2.0) - distance, 0.0)


def _divergence(x: Any, y: Any) -> Any:
    """x log(x / y) of numbers that are not negative; 0 where x is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x > 0.0, x * np.log(x / y), 0.0)


def log_sum_tail(z: Any, jump: Any = 0.0) -> Any:
    """Log of a bound on the probability that a sum lies so many standard deviations from 0.

    `jump` is what one comparison adds, in standard deviations: the most, or the ratio of absolute
    third to second moments. Where it is large the bound is Bernstein's (Boucheron, Lugosi and
    Massart 2013, doi:10.1093/acprof:oso/9780199535255.001.0001, 2.8), else the normal tail with a
    margin.
    """
    z = np.abs(z)
    bound = -(z**2) / (2.0 * (1.0 + z * jump / 3.0))
    tail = np.where(np.asarray(jump) > _COARSE, bound, _MARGIN * _log_normal_tail(z))
    return np.log(2.0) + tail


def _log_normal_tail(z: Any) -> Any:
    """Log of the probability that a standard normal is above z >= 0, far out by Mills' ratio.

    Without SciPy, which takes longer to load than all else that an audit of a small file does.
    """
    near = np.minimum(z, _FAR)
    inside = np.log(_erfc(near / math.sqrt(2.0)) / 2.0)
    far = np.maximum(z, _FAR)
    with np.errstate(over="ignore"):
        ratio = -np.log(far + 1.0 / far) - far**2 / 2.0 - math.log(2.0 * math.pi) / 2.0
    return np.where(z < _FAR, inside, ratio)
