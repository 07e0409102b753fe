"""How often 95 % intervals hold the truth, by votes: of fits, bootstraps, judges and panels.

    python -m benchmarks.coverage_intervals [--simulations 2000] [PART ...]

Every cell is a share of intervals, over all items (or judges, pairs) of all simulations that have
an interval. The truth is drawn anew in each simulation and each interval is of what it says it is
of:

fits: theta of 10 items, less their mean, normal with deviation 1 (Thurstone: 0.6). Each round of
votes is a random matching, so every item has the same number of votes. Ties by the model's own
law (nu = 1, eta = 2) or, where Bradley-Terry counts them as halves, by Davidson's. A fit of a
simulation is a group of one call: groups and single fits are the same kernels. "no prior":
maximum likelihood, in those simulations that have such a fit, which favours them that came out
even; "prior 0.01": the default of fits of groups, all of them; "true prior": the one that
strengths were drawn from; "evidence": its precision by the data, of all simulations together, as
groups have it; "firth": in components of two items or more.

one board: fits with the evidence of 10 items alone.

bootstrap: 1,000 multinomial replicates of the fits with prior 0.01.

calibrated: 100 groups of 8 items, biases of groups with deviation 1.5, 4 bridges of 4 votes a
group, the default prior; of theta plus bias, less the mean of all items.

judges: slopes N(1, 0.3²) over their mean, and position biases N(0.1, 0.3²) of 8 judges who vote
on 40 items of 4 groups; by votes a judge.

gold: a teacher's accuracy, uniform from 0.5 to 1, by pairs with gold.

panel: the posterior of a pair whose share of judges is uniform; by judges. "correlated": with a
correlation of 0.3, which is told.

A cell "holds" if it is within 0.015 of 0.95; a row holds from the least number of votes from
which on all its cells do. The largest Monte Carlo error of a part, from the spread between
simulations, is printed below it.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

import venire as vn
from benchmarks.tables import table

LEVEL, WITHIN, SEED, N_ITEMS = 0.95, 0.015, 20261130, 10
VOTES = (2, 4, 6, 10, 20, 50, 200)
LEAST = 0.2  # share of simulations with an interval, for a cell
PRIOR, EVIDENCE = vn.GaussianPrior(0.01), vn.GaussianPrior("evidence")


class Cell(NamedTuple):
    """Of one number of votes."""

    coverage: float
    error: float  # of the simulation
    width: float  # median
    share: float  # of the simulations that have such intervals

    @property
    def holds(self) -> bool:
        return abs(self.coverage - LEVEL) <= WITHIN


class Row(NamedTuple):
    """One kind of interval."""

    name: str
    cells: dict[int, Cell]

    def holds_from(self) -> int | None:
        """The least number from which on all cells hold."""
        found = None
        for n in sorted(self.cells, reverse=True):
            if not self.cells[n].holds:
                break
            found = n
        return found


def cell(bounds: np.ndarray, truth: np.ndarray, run: np.ndarray, n_runs: int) -> Cell:
    """How many of some intervals hold; `run`: the simulation that each is of."""
    known = np.isfinite(bounds).all(axis=1)
    held = (bounds[:, 0] <= truth) & (truth <= bounds[:, 1])
    size = np.bincount(run[known], minlength=n_runs)
    hits = np.bincount(run[known], held[known], n_runs)
    share = float((size > 0).mean())
    if share < LEAST:
        return Cell(np.nan, np.nan, np.nan, share)
    coverage = float(hits.sum() / size.sum())
    error = float(np.sqrt(np.sum((hits - coverage * size) ** 2)) / size.sum())
    width = float(np.median((bounds[:, 1] - bounds[:, 0])[known]))
    return Cell(coverage, error, width, share)


# ---- fits ---------------------------------------------------------------------------------------


class Law(NamedTuple):
    """What is simulated."""

    model: str
    spread: float = 1.0
    ties: bool = False


LAWS = {
    "Bradley–Terry": Law("bradley-terry"),
    "Thurstone": Law("thurstone", 0.6),
    "Davidson, ties": Law("davidson", ties=True),
    "Rao–Kupper, ties": Law("rao-kupper", ties=True),
}


def scores(rng: np.random.Generator, law: Law, d: np.ndarray) -> np.ndarray:
    """Outcomes at differences d."""
    if law.model == "thurstone":
        return (rng.normal(size=d.shape) < d).astype(float)
    win = 1.0 / (1.0 + np.exp(-d))
    if law.model == "davidson":
        tie = np.exp(-d / 2.0) * win  # nu = 1
        win, tie = win / (1.0 + tie), tie / (1.0 + tie)
    elif law.model == "rao-kupper":
        win = 1.0 / (1.0 + 2.0 * np.exp(-d))
        tie = 1.0 - win - 1.0 / (1.0 + 2.0 * np.exp(d))
    else:
        tie = np.zeros_like(d)
    u = rng.random(d.shape)
    return np.where(u < win, 1.0, np.where(u < win + tie, 0.5, 0.0))


def leaderboards(law: Law, votes: int, n: int) -> tuple[np.ndarray, vn.GroupedComparisons]:
    """True strengths (n, items), of mean 0, and what was observed: a group each."""
    rng = np.random.default_rng([SEED, votes, list(LAWS.values()).index(law)])
    theta = rng.normal(0.0, law.spread, (n, N_ITEMS))
    theta -= theta.mean(axis=1, keepdims=True)
    order = rng.permuted(np.tile(np.arange(N_ITEMS), (n, votes, 1)), axis=2)
    first, second = np.split(order, 2, axis=2)
    run = np.broadcast_to(np.arange(n)[:, None, None], first.shape)
    score = scores(rng, law, theta[run, first] - theta[run, second])
    rows = (x.ravel() for x in (run, first, second, score))
    every = np.divmod(np.arange(n * N_ITEMS), N_ITEMS)
    return theta, vn.GroupedComparisons(*rows, items=every)


def within(theta: np.ndarray, gf: vn.GroupedFit) -> np.ndarray:
    """The truth that intervals are of: less the mean of the component, (n_items,)."""
    out = theta.copy()
    for k in np.flatnonzero(gf.n_components > 1).tolist():
        label = gf.comparisons.at(k).components().labels
        out[k] -= (np.bincount(label, out[k]) / np.bincount(label))[label]
    return out.ravel()


def fitted(g: vn.GroupedComparisons, model: str, prior: vn.GaussianPrior | None) -> vn.GroupedFit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return vn.fit_groups(g, model=model, prior=prior, n_threads=1)


def runs(n: int) -> np.ndarray:
    """The simulation of each item."""
    return np.repeat(np.arange(n), N_ITEMS)


def bounds_of(gf: vn.GroupedFit, interval: str) -> np.ndarray:
    return gf.interval(LEVEL, interval=interval)


def fits(n: int) -> Iterator[Row]:
    run = runs(n)
    for name, law in LAWS.items():
        rows: dict[str, dict[int, Cell]] = {}
        for votes in VOTES:
            theta, g = leaderboards(law, votes, n)
            true = vn.GaussianPrior(law.spread**-2)
            for said, prior in (
                ("no prior", None), ("prior 0.01", PRIOR), ("true prior", true),
                ("evidence", EVIDENCE),
            ):  # fmt: skip
                gf = fitted(g, law.model, prior)
                truth = within(theta, gf)
                for way in ("wald", "profile", *(["firth"] if prior is PRIOR else [])):
                    own = f"{name}: {way}" if way == "firth" else f"{name}: {said}, {way}"
                    found = cell(bounds_of(gf, way), truth, run, n)
                    rows.setdefault(own, {})[votes] = found
        yield from (Row(*row) for row in rows.items())


def half_ties(n: int) -> Iterator[Row]:
    run, law = runs(n), LAWS["Davidson, ties"]
    rows: dict[str, dict[int, Cell]] = {}
    for votes in VOTES:
        theta, g = leaderboards(law, votes, n)
        # what half-tie fits aim at is not theta: the fit of the expected outcomes
        gf = fitted(g, "bradley-terry", PRIOR)
        truth = aimed_at(theta)
        for way, bounds in {
            "Wald, fisher": gf.interval(),
            "Wald, robust": gf.interval(errors="robust"),
            "firth": gf.interval(interval="firth"),
        }.items():
            own = rows.setdefault(f"half ties: {way}", {})
            own[votes] = cell(bounds, truth, run, n)
    yield from (Row(*row) for row in rows.items())


def aimed_at(theta: np.ndarray) -> np.ndarray:
    """What Bradley-Terry fits of Davidson's ties, as halves, come to in the end, (n_items,)."""
    first, second = np.triu_indices(N_ITEMS, 1)
    d = theta[:, first] - theta[:, second]
    win, other = np.exp(d / 2.0), np.exp(-d / 2.0)
    score = (win + 0.5) / (win + other + 1.0)
    run = np.repeat(np.arange(len(theta)), len(first))
    sides = (np.tile(x, len(theta)) for x in (first, second))
    weight = 100.0
    g = vn.GroupedComparisons(run, *sides, score.ravel(), np.full(len(run), weight))
    return fitted(g, "bradley-terry", None).theta


def one_board(n: int) -> Iterator[Row]:
    law = LAWS["Bradley–Terry"]
    rows: dict[str, dict[int, Cell]] = {
        "one board: evidence, Wald": {},
        "one board: evidence, profile": {},
    }
    for votes in VOTES:
        theta, g = leaderboards(law, votes, n)
        found = np.full((2, n * N_ITEMS, 2), np.nan)
        truth = np.zeros(n * N_ITEMS)
        for k in range(n):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fit = vn.fit_bradley_terry(g.at(k), prior=EVIDENCE)
            here = slice(k * N_ITEMS, (k + 1) * N_ITEMS)
            label = fit.component
            truth[here] = theta[k] - (np.bincount(label, theta[k]) / np.bincount(label))[label]
            found[:, here] = fit.interval(), fit.interval(interval="profile")
        run = runs(n)
        for own, bounds in zip(rows.values(), found, strict=True):
            own[votes] = cell(bounds, truth, run, n)
    yield from (Row(*row) for row in rows.items())


def bootstraps(n: int) -> Iterator[Row]:
    law = LAWS["Bradley–Terry"]
    kinds = ("percentile", "basic")
    rows: dict[str, dict[int, Cell]] = {f"bootstrap: {kind}": {} for kind in kinds}
    run = runs(n)
    for votes in VOTES:
        theta, g = leaderboards(law, votes, n)
        gf = fitted(g, law.model, PRIOR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            b = vn.bootstrap(gf, 1_000, rng=votes, n_threads=1)
        for kind in kinds:
            bounds = b.interval(LEVEL, kind)
            rows[f"bootstrap: {kind}"][votes] = cell(bounds, within(theta, gf), run, n)
    yield from (Row(*row) for row in rows.items())


# ---- across groups ------------------------------------------------------------------------------


def calibrated(n: int) -> Iterator[Row]:
    n_groups, size, spread, per_group = 100, 8, 1.5, 4
    n = max(n // 10, 1)  # of 800 items each
    rows: dict[str, dict[int, Cell]] = {"calibrated: items": {}, "calibrated: biases": {}}
    for votes in VOTES[:-1]:
        items, biases, of_items, of_biases = [], [], [], []
        for k in range(n):
            rng = np.random.default_rng([SEED, votes, k, 7])
            theta, bias = rng.normal(size=(n_groups, size)), rng.normal(0.0, spread, n_groups)
            theta -= theta.mean(axis=1, keepdims=True)
            order = rng.permuted(np.tile(np.arange(size), (n_groups, votes, 1)), axis=2)
            first, second = np.split(order, 2, axis=2)
            group = np.broadcast_to(np.arange(n_groups)[:, None, None], first.shape)
            d = theta[group, first] - theta[group, second]
            won = (rng.random(d.shape) < 1.0 / (1.0 + np.exp(-d))).astype(float)
            every = np.divmod(np.arange(n_groups * size), size)
            g = vn.GroupedComparisons(
                *(x.ravel() for x in (group, first, second, won)), items=every
            )
            gf = fitted(g, "bradley-terry", PRIOR)
            cycles = [rng.permutation(n_groups) for _ in range(per_group // 2)]
            a, b = np.concatenate(cycles), np.concatenate([np.roll(x, -1) for x in cycles])
            i, j = rng.integers(size, size=(2, len(a)))
            d = theta[a, i] + bias[a] - theta[b, j] - bias[b]
            p = rng.binomial(4, 1.0 / (1.0 + np.exp(-d))) / 4.0
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = vn.calibrate(gf, a, i, b, j, p, np.full(len(a), 4.0))
            own = (theta + bias[:, None]).ravel()
            z = 1.959963984540054
            here = np.stack(
                [found.theta - z * found.item_errors, found.theta + z * found.item_errors], 1
            )
            items.append(here - found.theta.mean())
            of_items.append(own - own.mean())
            here = np.stack(
                [found.bias - z * found.standard_errors, found.bias + z * found.standard_errors], 1
            )
            biases.append(here - found.bias.mean())
            of_biases.append(bias - bias.mean())
        for name, bounds, truth in (("items", items, of_items), ("biases", biases, of_biases)):
            run = np.repeat(np.arange(n), len(truth[0]))
            rows[f"calibrated: {name}"][votes] = cell(
                np.concatenate(bounds), np.concatenate(truth), run, n
            )
    yield from (Row(*row) for row in rows.items())


# ---- judges and panels --------------------------------------------------------------------------


def judges(n: int) -> Iterator[Row]:
    n_judges, n_groups, size = 8, 4, 10
    kinds = {"slopes": "slope", "position biases": "position_bias"}
    rows: dict[str, dict[int, Cell]] = {f"judges: {name}": {} for name in kinds}
    for votes in (20, 50, 100, 200, 500, 2_000):
        bounds: dict[str, list[np.ndarray]] = {name: [] for name in kinds}
        truths: dict[str, list[np.ndarray]] = {name: [] for name in kinds}
        for k in range(n):
            rng = np.random.default_rng([SEED, votes, k, 8])
            m = n_judges * votes
            slope, lean = rng.normal(1.0, 0.3, n_judges), rng.normal(0.1, 0.3, n_judges)
            theta = rng.normal(size=(n_groups, size))
            judge = np.repeat(np.arange(n_judges), votes)
            group, first = rng.integers(n_groups, size=m), rng.integers(size, size=m)
            second = (first + rng.integers(1, size, size=m)) % size
            swapped = rng.random(m) < 0.5
            d = slope[judge] * (theta[group, first] - theta[group, second])
            d += lean[judge] * np.where(swapped, -1.0, 1.0)
            vote = np.where(rng.random(m) < 1.0 / (1.0 + np.exp(-d)), 1, -1)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = vn.fit_judges(
                    vn.Votes(first, second, judge, vote, group=group, swapped=swapped), n_threads=1
                ).to_frame("dict")
            for (name, column), truth in zip(
                kinds.items(), (slope / slope.mean(), lean), strict=True
            ):
                ends = [found[f"{column}_{end}"] for end in ("lower", "upper")]
                bounds[name].append(np.stack(ends, axis=1))
                truths[name].append(truth)
        run = np.repeat(np.arange(n), n_judges)
        for name in kinds:
            rows[f"judges: {name}"][votes] = cell(
                np.concatenate(bounds[name]), np.concatenate(truths[name]), run, n
            )
    yield from (Row(*row) for row in rows.items())


def gold(n: int) -> Iterator[Row]:
    cells: dict[int, Cell] = {}
    for pairs in (5, 10, 20, 50, 100, 500):
        rng = np.random.default_rng([SEED, pairs, 9])
        accuracy, truth = rng.uniform(0.5, 1.0, n), rng.choice([1, -1], pairs)
        right = rng.random((n, pairs)) < accuracy[:, None]
        teacher, pair = np.indices(right.shape).reshape(2, -1)
        vote = np.where(right, truth, -truth).ravel()
        votes = vn.Votes.from_pairs(pair, teacher, vote)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            q = vn.consensus(votes, "uniform", gold=(truth + 1) / 2, rho=0.3)
        cells[pairs] = cell(q.gold.interval(LEVEL), accuracy, np.arange(n), n)
    yield Row("gold: accuracy of a teacher", cells)


def panel(n: int) -> Iterator[Row]:
    for name, rho in (("independent", 0.0), ("correlated", 0.3)):
        cells: dict[int, Cell] = {}
        for size in (1, 3, 5, 9, 15, 50):
            rng = np.random.default_rng([SEED, size, 10])
            theta = rng.random(10 * n)
            common = rng.random((len(theta), 1)) < theta[:, None]
            own = rng.random((len(theta), size)) < theta[:, None]
            shared = rng.random(own.shape) < np.sqrt(rho)
            vote = np.where(np.where(shared, common, own), 1, -1)
            pair, teacher = np.indices(vote.shape).reshape(2, -1)
            votes = vn.Votes.from_pairs(pair, teacher, vote.ravel())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                q = vn.consensus(votes, "uniform", rho=rho)
            run = np.repeat(np.arange(n), 10)
            cells[size] = cell(q.posterior.interval(LEVEL), theta, run, n)
        yield Row(f"panel: {name}", cells)


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "fits": fits, "half-ties": half_ties, "one-board": one_board, "bootstrap": bootstraps,
    "calibrated": calibrated, "judges": judges, "gold": gold, "panel": panel,
}  # fmt: skip


def shown(rows: list[Row]) -> str:
    """A table; what holds is in bold, nan: next to no simulation has such an interval."""
    counts = sorted({n for row in rows for n in row.cells})
    body = []
    for row in rows:
        line = [row.name]
        for n in counts:
            own = row.cells.get(n)
            if own is None or np.isnan(own.coverage):
                line.append("–")
                continue
            text = f"{own.coverage:.3f}"[1:] if own.coverage < 0.9995 else "1.00"
            line.append(f"**{text}**" if own.holds else text)
        first = row.holds_from()
        body.append([*line, "–" if first is None else f"{first:,}"])
    return table(["intervals", *(f"{n:,}" for n in counts), "hold from"], body)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.coverage_intervals")
    parser.add_argument("--simulations", type=int, default=2_000)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    asked = parser.parse_args()
    for name in asked.parts or PARTS:
        rows = list(PARTS[name](asked.simulations))
        print(f"{name}, {asked.simulations:,} simulations\n\n{shown(rows)}\n")
        every = [own for row in rows for own in row.cells.values()]
        print(f"largest Monte Carlo error {np.nanmax([own.error for own in every]):.4f}")
        for row in rows:
            widths = ", ".join(f"{n:,}: {own.width:.2f}" for n, own in row.cells.items())
            print(f"median width, {row.name}: {widths}")
        fewest = {
            r.name: {n: round(c.share, 2) for n, c in r.cells.items() if c.share < 1} for r in rows
        }
        print("share with intervals:", {k: v for k, v in fewest.items() if v}, "\n", flush=True)


if __name__ == "__main__":
    main()
