"""First rounds of pairs for many groups: time, and what every single graph promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import venire as vn

SEED = 20261125
N_ITEMS, DEGREE = 100, 8
N_GROUPS = {"full": 112_000, "quick": 5_000}
BLOCK = 1_000  # groups whose adjacency matrices are held at a time


def promises(design: vn.design.PairDesign, degree: int) -> dict[str, int]:
    """In how many groups, all of one size, each promise is broken."""
    n = int(design.n_items[0])
    first = design.first.reshape(design.n_groups, -1)
    second = design.second.reshape(design.n_groups, -1)
    broken = dict.fromkeys(("simple", "regular", "connected", "balanced"), 0)
    for start in range(0, design.n_groups, BLOCK):
        a, b = first[start : start + BLOCK], second[start : start + BLOCK]
        rows = np.arange(len(a))[:, None]
        joined = np.zeros((len(a), n, n), np.float32)
        joined[rows, a, b] = 1.0
        joined[rows, b, a] = 1.0
        shown_first = np.zeros((len(a), n), np.int32)
        np.add.at(shown_first, (rows, a), 1)
        reached = np.zeros((len(a), n, 1), np.float32)
        reached[:, 0] = 1.0
        while True:
            wider = np.minimum(reached + joined @ reached, 1.0)
            if np.array_equal(wider, reached):
                break
            reached = wider
        degrees = joined.sum(axis=2)  # of distinct partners
        broken["simple"] += int((degrees.sum(axis=1) != 2 * a.shape[1]).sum())
        broken["regular"] += int((degrees != degree).any(axis=1).sum())
        broken["connected"] += int((reached == 0.0).any(axis=(1, 2)).sum())
        broken["balanced"] += int((2 * shown_first != degree).any(axis=1).sum())
    return broken


def mean_variance(design: vn.design.PairDesign, n_groups: int = 100) -> float:
    """Mean of tr(L^+)/n over the first groups, L being the Laplacian."""
    n, found = int(design.n_items[0]), []
    for k in range(n_groups):
        part = slice(design.offsets[k], design.offsets[k + 1])
        a = np.zeros((n, n))
        np.add.at(a, (design.first[part], design.second[part]), 1.0)
        a += a.T
        found.append(np.trace(np.linalg.pinv(np.diag(a.sum(axis=1)) - a)) / n)
    return float(np.mean(found))


@pytest.mark.benchmark(group="design")
@pytest.mark.parametrize("n_threads", [1, 2])
@pytest.mark.parametrize("method", ["cycles", "random"])
def test_design(benchmark, size, method, n_threads):
    n = np.full(N_GROUPS[size], N_ITEMS)

    def design() -> vn.design.PairDesign:
        return vn.design.design_pairs(n, DEGREE, method=method, rng=SEED, n_threads=n_threads)

    made = design()
    broken: dict[str, Any] = promises(made, DEGREE) if method == "cycles" else {}
    benchmark.extra_info.update(
        what="first round", method=method, n_threads=n_threads, n_groups=len(n), n_items=N_ITEMS,
        degree=DEGREE, repeats=int(made.repeats.sum()), broken=sum(broken.values()),
        mean_variance=mean_variance(made),
    )  # fmt: skip
    assert not any(broken.values()), broken
    benchmark.pedantic(design, rounds=5, iterations=1)


@pytest.mark.benchmark(group="design")
def test_next_round(benchmark, size):
    """Two more pairs for each item, none of which was asked before."""
    n = np.full(N_GROUPS[size], N_ITEMS)
    before = vn.design.design_pairs(n, DEGREE, rng=SEED)

    def design() -> vn.design.PairDesign:
        return vn.design.design_pairs(n, 2, before, rng=SEED + 1)

    both = before + design()
    broken = promises(both, DEGREE + 2)
    benchmark.extra_info.update(
        what="next round", method="cycles", n_threads=0, n_groups=len(n), n_items=N_ITEMS,
        degree=2, repeats=int(both.repeats.sum()), broken=sum(broken.values()),
        mean_variance=mean_variance(both),
    )  # fmt: skip
    assert not any(broken.values()), broken
    benchmark.pedantic(design, rounds=5, iterations=1)
