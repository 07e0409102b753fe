"""What a busy machine costs: every workload beside spinning processes, default threads and one.

    python -m benchmarks.busy [--size quick|full] [--workload NAME] [--rounds N]

As many busy processes as usable CPUs, at least two. Seconds are medians of N in turn; short calls
are repeated for each of them. Ends with 1 if the default takes more than 1.25 times as long as one
thread on any workload. NAME is one that the table lists, or how several begin; it can be given more
than once.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import venire as vn
from benchmarks import full_round, panels, report_busy, tables
from benchmarks.beside import ROUNDS, busy_processes, medians, one_thread
from benchmarks.measure import ROOT
from benchmarks.measure_full_round import play
from venire import simulate
from venire.bench import queries
from venire.bench.fits import numpy_counts
from venire.bench.solvers import SOLVERS
from venire.bench.workloads import WORKLOADS

SEED = 20261130
PRIOR = vn.GaussianPrior(queries.PRIOR)
MODELS = {
    "bradley-terry": vn.fit_bradley_terry,
    "davidson": vn.fit_davidson,
    "thurstone": vn.fit_thurstone,
}


class LeftOut(Exception):
    """Why a workload cannot be run here."""


class Case(NamedTuple):
    """What is timed, and the same in NumPy where that is in the table."""

    call: Callable[[], Any]
    numpy: Callable[[], Any] | None = None


CASES: dict[str, Callable[[str], Case]] = {}  # each from the size, "full" or "quick"


def case(name: str, *variants: str) -> Callable[[Callable[..., Case]], Callable[..., Case]]:
    """Enter a maker of `size`, or of `size` and each of the variants."""

    def enter(make: Callable[..., Case]) -> Callable[..., Case]:
        if not variants:
            CASES[name] = make
        for variant in variants:
            CASES[f"{name}, {variant}"] = lambda size, v=variant: make(size, v)
        return make

    return enter


def _sized(size: str, full: int, quick: int) -> int:
    return {"full": full, "quick": quick}[size]


def _comparisons(made: Any) -> vn.Comparisons:
    return vn.Comparisons(made.first, made.second, made.score, made.weight)


# --- one fit --------------------------------------------------------------------------------------


@case("fit", *WORKLOADS)
def _fit(size: str, name: str) -> Case:
    rows = WORKLOADS[name].rows(size)
    return Case(lambda: SOLVERS["venire"].fit(rows))


@case("fit of 100,000 rows")
def _fit_some(size: str) -> Case:
    rows = simulate.dense(1_000, 100_000)
    return Case(lambda: vn.fit_bradley_terry(_comparisons(rows), prior=PRIOR))


@case("comparisons", "100,000 rows", "2 M rows", "10 M rows")
def _aggregate(size: str, which: str) -> Case:
    n_items, n = {
        "100,000 rows": (1_000, 100_000),
        "2 M rows": (200, 2_000_000),
        "10 M rows": (1_000, 10_000_000),
    }[which]
    made = simulate.dense(n_items, n)
    first, second, score = made.first, made.second, made.score
    return Case(
        lambda: vn.Comparisons(first, second, score),
        lambda: numpy_counts(first, second, score, n_items),
    )


# --- many fits ------------------------------------------------------------------------------------


def _grouped(rows: Any) -> vn.GroupedComparisons:
    return vn.GroupedComparisons(rows.group, rows.first, rows.second, rows.score)


@case("queries", "bradley-terry", "thurstone")
def _queries(size: str, model: str) -> Case:
    rows = queries.workload(size)
    return Case(lambda: vn.fit_groups(_grouped(rows), model=model, prior=PRIOR))


@case("queries, shuffled")
def _shuffled(size: str) -> Case:
    rows = queries.shuffled(queries.workload(size))
    return Case(lambda: vn.fit_groups(_grouped(rows), prior=PRIOR))


@case("queries, standard errors")
def _errors(size: str) -> Case:
    g = _grouped(queries.workload(size))
    return Case(lambda: vn.fit_groups(g, prior=PRIOR).standard_errors())


@case("replicates of groups", "multinomial", "poisson")
def _replicates(size: str, kind: str) -> Case:
    rows = simulate.queries(_sized(size, 11_200, 200), 100, rng=SEED)
    fit = vn.fit_groups(_grouped(rows), prior=PRIOR)
    return Case(lambda: vn.bootstrap(fit, 20, scheme=kind, rng=SEED))


@case("round of distillation", *full_round.PANELS)
def _round(size: str, panel: str) -> Case:
    n = full_round.PANELS[panel]
    rows = full_round.simulate_round(_sized(size, 11_200, 200), n)
    return Case(lambda: play(rows, "fit" if n == 1 else "consensus"))


@case("design", "cycles", "random")
def _design(size: str, method: str) -> Case:
    n_items = np.full(_sized(size, 112_000, 2_000), 100)
    return Case(lambda: vn.design.design_pairs(n_items, 8, method=method, rng=SEED))


@case("design, next round")
def _next_round(size: str) -> Case:
    n_items = np.full(_sized(size, 112_000, 2_000), 100)
    before = vn.design.design_pairs(n_items, 8, rng=SEED)
    return Case(lambda: vn.design.design_pairs(n_items, 2, before, rng=SEED + 1))


ALLOCATE: dict[str, dict[str, str]] = {
    "D": {"prior": "fixed"},
    "D, prior chosen": {"prior": "select"},
    "D, shared by gain": {"prior": "fixed", "share": "gain"},
    "A": {"prior": "fixed", "criterion": "A"},
    "top": {"prior": "fixed", "criterion": "top"},
}


@case("allocate", *ALLOCATE)
def _allocate(size: str, run: str) -> Case:
    n = _sized(size, 5_600, 100)
    g = _grouped(simulate.queries(n, 100, degree=8, hard=True, rng=SEED))
    return Case(lambda: vn.design.allocate(g, 50 * n, rng=SEED, **ALLOCATE[run]))


@case("allocate, one large group")
def _sketched(size: str) -> Case:
    g = _grouped(simulate.queries(1, _sized(size, 20_000, 1_000), degree=8, hard=True, rng=SEED))
    n = _sized(size, 500, 50)
    return Case(lambda: vn.design.allocate(g, n, prior="fixed", rng=SEED))


# --- votes ----------------------------------------------------------------------------------------


def _votes(size: str) -> simulate.SimulatedVotes:
    n = _sized(size, 50_000_000, 500_000)
    return simulate.votes(n // 50, n, 8, rng=SEED)


@case("votes, from pairs")
def _from_pairs(size: str) -> Case:
    rows = _votes(size)
    return Case(lambda: vn.Votes.from_pairs(rows.pair, rows.teacher, rows.vote))


@case("votes, first and second")
def _by_items(size: str) -> Case:
    rows = _votes(size)
    first, second = np.triu_indices(_sized(size, 1_500, 200), 1)
    some = np.random.default_rng(SEED).permutation(len(first))[: len(rows.truth)]
    first, second = (x[some].astype(np.int32)[rows.pair] for x in (first, second))
    return Case(lambda: vn.Votes(first, second, rows.teacher, rows.vote))


@case("votes, append 1 %")
def _append(size: str) -> Case:
    rows = _votes(size)
    table = vn.Votes.from_pairs(rows.pair, rows.teacher, rows.vote)
    n = len(rows.pair) // 100
    pair, teacher, vote = (x[:n].copy() for x in (rows.pair, rows.teacher, rows.vote))
    return Case(lambda: table.append(pair, teacher, vote=vote))


@case("consensus of 20,000 votes", "uniform", "reliability", "correlated")
def _consensus(size: str, method: str) -> Case:
    votes = _panel(2_000)
    return Case(lambda: vn.consensus(votes, method))


@case("consensus of many votes")
def _large_consensus(size: str) -> Case:
    votes = _panel(_sized(size, 1_000_000, 10_000))
    return Case(lambda: vn.consensus(votes))


@case("crowd, converged")
def _crowd(size: str) -> Case:
    votes = _panel(_sized(size, 20_000, 2_000))
    return Case(lambda: vn.consensus(votes, rounds="converge"))


def _panel(n_pairs: int) -> vn.Votes:
    """Ten votes on each pair."""
    made = simulate.panel(np.linspace(0.6, 0.85, 10), n_pairs, runs=1, rng=SEED)
    return made.to_votes()


@case("stack on a real panel")
def _stack(size: str) -> Case:
    shared = Path(os.environ.get("VENIRE_SHARED") or ROOT.parent / "shared")
    try:
        data = next(panels.panels(shared / "data"))
    except FileNotFoundError as error:
        raise LeftOut("no panels here (set VENIRE_SHARED)") from error
    known = np.random.default_rng(SEED).random(len(data.gold)) < 0.2
    gold = np.where(known, data.gold, np.nan)
    return Case(lambda: vn.panel.stack(data.votes, gold))


# --- posteriors -----------------------------------------------------------------------------------

POSTERIORS: dict[str, Callable[[vn.BetaPosterior, np.ndarray], Any]] = {
    "cdf": lambda p, x: p.cdf(x),
    "quantile": lambda p, x: p.quantile(x),
    "sample": lambda p, x: p.sample(rng=SEED),
    "prob_greater": lambda p, x: p[: len(x) // 10].prob_greater(p[-(len(x) // 10) :]),
    "mean, std, prob_above": lambda p, x: (p.mean, p.std, p.prob_above(0.5)),
}


@case("posteriors", *POSTERIORS)
def _posteriors(size: str, function: str) -> Case:
    rng, n = np.random.default_rng(SEED), _sized(size, 1_000_000, 20_000)
    p = vn.BetaPosterior(rng.uniform(0.5, 500.0, n), rng.uniform(0.5, 500.0, n))
    x = rng.random(n)
    return Case(lambda: POSTERIORS[function](p, x))


# --- bootstrap and ensembles ----------------------------------------------------------------------


@case("bootstrap of arena", *MODELS)
def _bootstrap(size: str, model: str) -> Case:
    rows, n = WORKLOADS["arena"].rows(size), _sized(size, 1_000, 100)
    return Case(lambda: vn.bootstrap(MODELS[model](_comparisons(rows)), n, rng=SEED))


@case("bootstrap of ladder")
def _bootstrap_sparse(size: str) -> Case:
    rows = WORKLOADS["ladder"].rows(_sized(size, 500_000, 20_000))
    fit = vn.fit_bradley_terry(_comparisons(rows), prior=PRIOR)
    return Case(lambda: vn.bootstrap(fit, 20, rng=SEED))


@case("bootstrap weights", "multinomial", "poisson")
def _weights(size: str, kind: str) -> Case:
    n, replicates = _sized(size, 1_000_000, 100_000), _sized(size, 100, 20)

    def call() -> int:
        blocks = vn.bootstrap_weights(n, replicates, scheme=kind, rng=SEED)
        return sum(int(block[0, 0]) for block in blocks)

    return Case(call)


@case("bootstrap statistic", "mean", "median")
def _statistic(size: str, name: str) -> Case:
    if find_spec("numba") is None:
        raise LeftOut("numba is not installed")
    from benchmarks.bootstrap_peers import compiled

    x = np.sort(np.random.default_rng(SEED).normal(size=_sized(size, 100_000, 10_000)))
    statistic, n = compiled(name), _sized(size, 1_000, 200)
    return Case(lambda: vn.bootstrap_statistic(statistic, x, n_resamples=n, rng=SEED))


@case("bagging", "Ridge", "tree")
def _bagging(size: str, learner: str) -> Case:
    if find_spec("sklearn") is None:
        raise LeftOut("scikit-learn is not installed")
    from sklearn.linear_model import Ridge
    from sklearn.tree import DecisionTreeRegressor

    made, n, p, members = {
        "Ridge": (Ridge(), _sized(size, 100_000, 5_000), 50, 200),
        "tree": (DecisionTreeRegressor(min_samples_leaf=5), _sized(size, 20_000, 2_000), 20, 10),
    }[learner]
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=(n, p))
    y = x @ rng.normal(size=p) + 3.0 * rng.normal(size=n)
    return Case(lambda: vn.ensembles.Bagging(made, members, random_state=0).fit(x, y))


# --------------------------------------------------------------------------------------------------


def measure(name: str, size: str, rounds: int = ROUNDS) -> dict[str, Any]:
    """Seconds with the default number of threads, with one, and of NumPy, on a busy machine."""
    made = CASES[name](size)
    calls = {"default": made.call, "one": one_thread(made.call)}
    if made.numpy:
        calls["numpy"] = made.numpy
    with busy_processes() as busy, warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.NotIdentifiedWarning)  # chains and ladders
        warnings.simplefilter("ignore", UserWarning)  # few members: rows that are in every bag
        found = medians(calls, rounds)
    return {"workload": name, "busy": len(busy), **found}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.busy", description=__doc__)
    parser.add_argument("--size", choices=("full", "quick"), default="quick")
    parser.add_argument("--workload", action="append", default=[], metavar="NAME")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    wanted = [
        name
        for name in CASES
        if not arguments.workload or any(name.startswith(start) for start in arguments.workload)
    ]
    if not wanted:
        parser.error(f"no such workload; there are: {'; '.join(CASES)}")
    runs = []
    print(tables.table(report_busy.HEAD, []))
    for name in wanted:
        try:
            runs.append(measure(name, arguments.size, arguments.rounds))
        except LeftOut as reason:
            print(f"| {name} | {reason} |")
            continue
        print("| " + " | ".join(report_busy.row(runs[-1])) + " |", flush=True)
    if runs:
        print(f"\n{report_busy.largest(runs)}")
    return int(any(x["default"] > report_busy.LIMIT * x["one"] for x in runs))


if __name__ == "__main__":
    sys.exit(main())
