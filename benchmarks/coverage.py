"""How often the 90 % interval of a pair covers the true share: 20,000 simulated pairs a row.

    python -m benchmarks.coverage

theta ~ Beta(1.5, 1.5). "hard": each teacher votes once, first with probability theta. "correlated":
the number that decides is common to all teachers with probability sqrt(correlation). "noisy": each
vote is turned around with probability 0.2. "soft": each teacher states theta, off by a normal error
of 0.5 in the logit. "five runs": each teacher votes five times around an opinion of its own, which
is theta off by a normal error of 1 in the logit. "copied": each hard vote stands under two names.
"""

from __future__ import annotations

import numpy as np

import venire as vn

PAIRS = 20_000


def _hard(rng, theta, n, rho=0.0, flip=0.0):
    common = rng.random((len(theta), 1)) < theta[:, None]
    own = rng.random((len(theta), n)) < theta[:, None]
    win = np.where(rng.random(own.shape) < np.sqrt(rho), common, own)
    vote = np.where(win ^ (rng.random(own.shape) < flip), 1, -1)
    pair, teacher = np.indices(vote.shape).reshape(2, -1)
    return vn.Votes.from_pairs(pair, teacher, vote.ravel())


def _off(rng, theta, n, size):
    logit = np.log(theta / (1 - theta))[:, None] + rng.normal(0, size, (len(theta), n))
    return 1 / (1 + np.exp(-logit))


def _soft(rng, theta, n):
    p = _off(rng, theta, n, 0.5)
    pair, teacher = np.indices(p.shape).reshape(2, -1)
    p = p.ravel()
    chances = np.stack([p, np.zeros_like(p), 1 - p], axis=1)
    return vn.Votes.from_pairs(pair, teacher, probabilities=chances)


def _runs(rng, theta, n):
    p = _off(rng, theta, n, 1.0)[:, :, None]
    vote = np.where(rng.random((*p.shape[:2], 5)) < p, 1, -1)
    pair, teacher, _ = np.indices(vote.shape).reshape(3, -1)
    return vn.Votes.from_pairs(pair, teacher, vote.ravel())


def _copied(rng, theta, n):
    votes = np.where(rng.random((len(theta), n)) < theta[:, None], 1, -1)
    pair, teacher = np.indices((len(theta), 2 * n)).reshape(2, -1)
    return vn.Votes.from_pairs(pair, teacher, np.concatenate([votes, votes], axis=1).ravel())


CASES = {
    "hard": _hard,
    "correlated, 0.3": lambda rng, theta, n: _hard(rng, theta, n, rho=0.3),
    "correlated, 0.6": lambda rng, theta, n: _hard(rng, theta, n, rho=0.6),
    "noisy": lambda rng, theta, n: _hard(rng, theta, n, flip=0.2),
    "soft": _soft,
    "five runs": _runs,
    "copied": _copied,
}


def covered(votes: vn.Votes, theta: np.ndarray, rho: float | None) -> float:
    low, high = np.moveaxis(vn.consensus(votes, "uniform", rho=rho).posterior.interval(0.9), -1, 0)
    return float(((low <= theta) & (theta <= high)).mean())


def main() -> None:
    print("| votes | 5 teachers, rho = 0 | default rho | 15 teachers, rho = 0 | default rho |")
    print("| :-- | --: | --: | --: | --: |")
    for name, make in CASES.items():
        cells = []
        for n in (5, 15):
            rng = np.random.default_rng(n)
            theta = rng.beta(1.5, 1.5, PAIRS)
            votes = make(rng, theta, n)
            cells += [f"{covered(votes, theta, rho):.3f}" for rho in (0.0, None)]
        print(f"| {name} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
