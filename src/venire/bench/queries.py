"""Many small fits: the rows, how good an answer is, and how the peers go about one group."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from venire import reference, simulate
from venire.bench import plain
from venire.bench.case import OURS, PLAIN, TWIN, Case, Contender
from venire.data import GroupedComparisons
from venire.priors import GaussianPrior
from venire.ratings import fit_groups
from venire.reference import cell_terms
from venire.simulate import Queries

SEED = 2026
PRIOR = 0.01  # precision, in every fit
TOL = 1e-9
MAX_ITER = 100

# groups of the workload; of the sample that a peer is timed on; rows of each point of the grid
SIZES = {"full": (112_000, 300, 2_000_000), "quick": (1_000, 10, 10_000)}
DEGREES = (4, 8, 16, 32)
ITEMS = (10, 30, 100, 300, 1_000)


def workload(size: str) -> Queries:
    """Groups of 100 items and 200 soft votes."""
    return simulate.queries(SIZES[size][0], 100, rng=SEED)


def grid_point(size: str, n_items: int, degree: int, *, hard: bool) -> Queries:
    """About the same number of rows whatever the groups look like."""
    n_groups = max(2, SIZES[size][2] * 2 // (n_items * degree))
    return simulate.queries(n_groups, n_items, degree=degree, hard=hard, rng=SEED)


def sample(rows: Queries, n_groups: int, *, hard: bool) -> Queries:
    """The first groups, with hard votes drawn from the soft ones if asked."""
    per_group = len(rows.group) // rows.n_groups
    part = slice(0, n_groups * per_group)
    score = rows.score[part]
    if hard:
        score = (np.random.default_rng(SEED).random(len(score)) < score).astype(np.float64)
    return Queries(
        n_groups, rows.n_items, rows.group[part], rows.first[part], rows.second[part], score,
        rows.theta[:n_groups],
    )  # fmt: skip


def shuffled(rows: Queries) -> Queries:
    """The same rows in random order."""
    by = np.random.default_rng(SEED).permutation(len(rows.group))
    group, first, second, score = (np.ascontiguousarray(x[by]) for x in rows[2:6])
    return Queries(rows.n_groups, rows.n_items, group, first, second, score, rows.theta)


def input_bytes(rows: Queries) -> int:
    """Bytes of the arrays that a fit is given."""
    return sum(x.nbytes for x in rows[2:6])


def worst_residual(rows: Queries, theta: np.ndarray, model: str, block: int = 1 << 20) -> float:
    """Largest derivative of the objective by an item's theta, per comparison of that item.

    `theta` has shape (n_groups, n_items). In blocks of rows, so that little memory is needed.
    """
    if not np.isfinite(theta).all():
        return np.inf
    flat = np.asarray(theta, np.float64).ravel()
    gradient, weight = -PRIOR * flat, np.zeros(len(flat))
    for start in range(0, len(rows.group), block):
        part = slice(start, start + block)
        base = rows.group[part].astype(np.int64) * rows.n_items
        i, j, s = base + rows.first[part], base + rows.second[part], rows.score[part]
        d1 = cell_terms(model, flat[i] - flat[j], 0.0, s, 1.0 - s, np.zeros(len(s)))["d1"]
        low = int(min(i.min(), j.min()))
        n = int(max(i.max(), j.max())) + 1 - low
        for item, sign in ((i, 1.0), (j, -1.0)):
            gradient[low : low + n] += sign * np.bincount(item - low, d1, n)
            weight[low : low + n] += np.bincount(item - low, minlength=n)
    seen = weight > 0
    return float(np.max(np.abs(gradient[seen]) / weight[seen]))


def correlation(rows: Queries, theta: np.ndarray) -> float:
    """Of theta with the truth, both centred in each group."""
    truth = rows.theta - rows.theta.mean(axis=1, keepdims=True)
    return float(np.corrcoef(theta.ravel(), truth.ravel())[0, 1])


# --- peers: one group at a time -------------------------------------------------------------------


def cells_of(first: np.ndarray, second: np.ndarray, score: np.ndarray, n: int) -> tuple:
    """Distinct pairs of one group: first < second, wins and losses."""
    swap = first > second
    key = np.where(swap, second * n + first, first * n + second)
    pair, cell = np.unique(key, return_inverse=True)
    win = np.bincount(cell, np.where(swap, 1.0 - score, score))
    loss = np.bincount(cell) - win
    return pair // n, pair % n, win, loss


def numpy_newton(first: np.ndarray, second: np.ndarray, score: np.ndarray, n: int) -> np.ndarray:
    """Dense Newton in NumPy: two counts for the gradient, one for the matrix, LAPACK for the step.

    Starts from the row sums of the votes and stops as the package does.
    """
    i, j, win, loss = cells_of(first, second, score, n)
    total = win + loss
    weight = np.bincount(i, total, n) + np.bincount(j, total, n)
    ends = np.concatenate([i * n + j, j * n + i])
    theta = 2.0 * (np.bincount(i, win - loss, n) - np.bincount(j, win - loss, n)) / weight
    diagonal = np.arange(n) * (n + 1)
    for _ in range(MAX_ITER):
        p = 1.0 / (1.0 + np.exp(theta[j] - theta[i]))
        miss = win - total * p
        gradient = np.bincount(i, miss, n) - np.bincount(j, miss, n) - PRIOR * theta
        if np.max(np.abs(gradient) / weight) <= TOL:
            break
        h = total * p * (1.0 - p)
        matrix = -np.bincount(ends, np.concatenate([h, h]), n * n)
        matrix[diagonal] = np.bincount(i, h, n) + np.bincount(j, h, n) + PRIOR
        theta = theta + np.linalg.solve(matrix.reshape(n, n), gradient)
    return theta - theta.mean()


def scipy_minimize(first: np.ndarray, second: np.ndarray, score: np.ndarray, n: int) -> np.ndarray:
    """L-BFGS on the same cells, function and gradient vectorised."""
    from scipy.optimize import minimize

    i, j, win, loss = cells_of(first, second, score, n)

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        d = theta[i] - theta[j]
        log_q = -np.logaddexp(0.0, d)  # of a loss
        value = np.sum(win * (log_q + d) + loss * log_q) - PRIOR / 2.0 * theta @ theta
        miss = win - (win + loss) * (1.0 - np.exp(log_q))
        return -value, PRIOR * theta + np.bincount(j, miss, n) - np.bincount(i, miss, n)

    options = {"maxiter": 1_000, "ftol": 1e-15, "gtol": TOL}
    found = minimize(objective, np.zeros(n), jac=True, method="L-BFGS-B", options=options)
    return found.x - found.x.mean()


def _pairs(first: np.ndarray, second: np.ndarray, score: np.ndarray) -> list[tuple[int, int]]:
    won = score == 1.0
    winner, loser = np.where(won, first, second), np.where(won, second, first)
    return list(zip(winner.tolist(), loser.tolist(), strict=True))


def choix_newton(first: np.ndarray, second: np.ndarray, score: np.ndarray, n: int) -> np.ndarray:
    """Its Newton-CG with the same penalty; it writes alpha sum(theta**2)."""
    import choix

    data = _pairs(first, second, score)
    theta = choix.opt_pairwise(n, data, alpha=PRIOR / 2.0, method="Newton-CG", tol=1e-9)
    return theta - theta.mean()


def choix_ilsr(first: np.ndarray, second: np.ndarray, score: np.ndarray, n: int) -> np.ndarray:
    """Its spectral iteration, with its own regularisation: not quite the same estimate."""
    import choix

    theta = choix.ilsr_pairwise(n, _pairs(first, second, score), alpha=PRIOR, tol=1e-9)
    return theta - theta.mean()


@dataclass(frozen=True)
class Peer:
    """A fit of one group; `hard`: it takes votes of 0 and 1 only; `same`: it has our objective."""

    modules: tuple[str, ...]
    fit: Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]
    hard: bool = False
    same: bool = True


PEERS = {
    "NumPy Newton": Peer((), numpy_newton),
    "SciPy L-BFGS": Peer(("scipy",), scipy_minimize),
    "choix opt_pairwise": Peer(("choix",), choix_newton, hard=True),
    "choix ilsr_pairwise": Peer(("choix",), choix_ilsr, hard=True, same=False),
}


def fit_one_by_one(name: str, rows: Queries) -> np.ndarray:
    """theta of every group by a peer, shape (n_groups, n_items)."""
    fit = PEERS[name].fit
    per_group = len(rows.group) // rows.n_groups
    theta = np.empty((rows.n_groups, rows.n_items))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stop short of its tolerance shows in the residual
        for k in range(rows.n_groups):
            at = slice(k * per_group, (k + 1) * per_group)
            theta[k] = fit(rows.first[at], rows.second[at], rows.score[at], rows.n_items)
    return theta


# --- the cases of ``venire bench`` ----------------------------------------------------------------


def cases(size: str) -> Iterator[Case]:
    """Many small fits: a group for each query."""
    rows = workload(size)
    k = SIZES[size][1]
    soft, hard = sample(rows, k, hard=False), sample(rows, k, hard=True)
    few = sample(rows, 2, hard=False)
    prior, scale = GaussianPrior(PRIOR), rows.n_groups / k

    def ours() -> np.ndarray:
        g = GroupedComparisons(rows.group, rows.first, rows.second, rows.score)
        return fit_groups(g, prior=prior).theta

    def twin() -> np.ndarray:
        g = reference.aggregate_groups(few.group, few.first, few.second, few.score)
        return reference.fit_groups(g, prior=prior).theta

    def loops() -> np.ndarray:
        per, found = len(soft.group) // k, []
        columns = [x.tolist() for x in (soft.first, soft.second, soft.score)]
        for g in range(k):
            own = (column[g * per : (g + 1) * per] for column in columns)
            found.append(plain.fit_pairs(rows.n_items, plain.count_pairs(*own), PRIOR))
        return np.array(found)

    peers = [
        Contender(name, partial(fit_one_by_one, name, hard if peer.hard else soft), peer.modules,
                  scale, answer=np.ravel if peer.same and not peer.hard else None)
        for name, peer in PEERS.items()
    ]  # fmt: skip
    what = f"comparisons of {rows.n_groups:,} groups of {rows.n_items}"
    yield Case("fit_groups", len(rows.group), what, (
        Contender(OURS, ours),
        Contender(TWIN, twin, (), rows.n_groups / 2),
        Contender(PLAIN, loops, (), scale, answer=np.ravel),
        *peers,
    ))  # fmt: skip
