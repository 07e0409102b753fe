"""Where the next votes go: what allocation, rotation and bridges gain, against bars.

    python -m benchmarks.allocation [--seeds 16] [--checks ...] [--variants normal ...]
                                    [--compare uniform residual ...] [--groups 40] [--items 50]
                                    [--data FOLDER] [--workers 2]

Every figure is a mean over seeds with a 95 % interval (Student's t). Each seed compares methods in
the same world from the same first cycles: degree 2, then one more ask an item and side a round.
nmse is 1 - r² of the centred plain fit; a ratio of it is at equal votes. A votes ratio is the
degree at which a method's tau first reaches what cycles reach at a given degree, over that degree;
rounds go on until then, or to degree 16.

`--compare` adds a table of other methods against cycles, variant by variant.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import venire as vn
from benchmarks import calibration, replays
from benchmarks.rounds import METHODS, Asks, SimulatedSource, crossing, nmse, play_until

DEGREE = 8
VARIANTS: dict[str, tuple[dict[str, Any], str]] = {  # of the world, and its teachers
    "normal": ({}, "usual"),
    "retrieval": ({"kind": "retrieval"}, "usual"),
    "independent": ({}, "independent"),
    "weak": ({}, "weak"),
    "ambiguous": ({}, "ambiguous"),
    "wrong": ({}, "wrong"),
    "useless": ({"student": "useless"}, "usual"),
}


@dataclass(frozen=True)
class Bar:
    """One check: a figure of each seed's results, and where it must lie."""

    name: str
    family: str  # what has to be run for it
    figure: str
    limit: float
    at_least: bool = False
    seeds: int = 0  # at least so many


BARS = [
    Bar("HD / cycles, nmse at degree 8: normal", "normal", "HD nmse", 0.68),
    Bar("the same: retrieval", "retrieval", "HD nmse", 0.80),
    Bar("the same: weak judges", "weak", "HD nmse", 0.90),
    Bar("the same: useless student", "useless", "HD nmse", 0.83),
    Bar("HD: votes ratio for tau, normal", "normal", "HD votes", 0.80),
    Bar("no student (empirical Bayes) / cycles, nmse", "normal", "no student nmse", 0.76),
    Bar("arguments, HD: votes ratio for tau at 8", "arguments", "votes 8", 0.90, seeds=12),
    Bar("arguments, HD: votes ratio for tau at 12", "arguments", "votes 12", 0.85, seeds=12),
    Bar("documents, HD / cycles, nmse at degree 4", "documents", "nmse 4", 0.82),
    Bar("documents, HD / cycles, nmse at degree 6", "documents", "nmse 6", 0.70),
    Bar("tr(L+)/n of a design, n = 100, degree 8", "design", "trace", 0.145),
    Bar("one teacher a pair / panel of four, nmse at equal votes", "rotation", "ratio", 0.78),
    Bar("the same, one confidently wrong, weighted", "rotation wrong", "ratio", 0.80),
    Bar("4 bridges a group: share of the known-bias gain", "bridges", "share", 0.50, True, 96),
    Bar("student r2, HD - cycles, normal", "normal", "HD student", -0.003, True, 16),
]


# ---- one seed of each family ------------------------------------------------------------------


def source(variant: str, seed: int, groups: int, items: int) -> SimulatedSource:
    world, teachers = VARIANTS[variant]
    made = vn.simulate.world(n_groups=groups, n_items=items, rng=seed, **world)
    return SimulatedSource(made, vn.simulate.teachers(teachers), seed)


def against_cycles(asked: Any, seed: int, methods: list[str], degree: int) -> dict[str, float]:
    """Figures of methods relative to cycles at a degree."""
    base = play_until(asked, "uniform", seed, degree)[-1]
    out = {
        "nmse": base.nmse, "tau": base.tau, "nDCG@10": base.ndcg, "student r2": base.student_r2,
    }  # fmt: skip
    for method in methods:
        rounds = play_until(asked, method, seed, degree, reach=("tau", base.tau))
        at = next(r for r in rounds if r.degree == degree)
        out |= {
            f"{method} nmse": at.nmse / base.nmse,
            f"{method} votes": crossing(rounds, base.tau) / degree,
            f"{method} ndcg votes": crossing(rounds, base.ndcg, "ndcg") / degree,
            f"{method} student": at.student_r2 - base.student_r2,
        }
    return out


def replay(asked: Any, seed: int, degrees: tuple[int, ...]) -> dict[str, float]:
    base = {r.degree: r for r in play_until(asked, "uniform", seed, max(degrees))}
    hardest = base[max(degrees)].tau
    rounds = play_until(asked, "HD", seed, max(degrees), reach=("tau", hardest))
    out = {}
    for d in degrees:
        at = next(r for r in rounds if r.degree == d)
        out[f"votes {d}"] = crossing(rounds, base[d].tau) / d
        out[f"nmse {d}"] = at.nmse / base[d].nmse
        out[f"tau {d}"], out[f"gain of tau {d}"] = base[d].tau, at.tau - base[d].tau
    return out


def design_trace(seed: int) -> dict[str, float]:
    """Mean variance of a rating per unit of information."""
    d = vn.design.design_pairs(100, DEGREE, rng=seed)
    laplacian = np.zeros((100, 100))
    np.add.at(laplacian, (d.first, d.second), -1.0)
    laplacian += laplacian.T
    laplacian -= np.diag(laplacian.sum(axis=1))
    return {"trace": float(np.trace(np.linalg.pinv(laplacian)) / 100)}


def rotation(variant: str, seed: int, groups: int, items: int) -> dict[str, float]:
    """One teacher a pair at degree 32 against a panel of four at degree 8: the same votes."""
    asked = source(variant, seed, groups, items)
    n_teachers = len(asked.teachers)
    wide = vn.design.design_pairs(asked.n_items, DEGREE * n_teachers, rng=seed)
    position = np.arange(len(wide)) - wide.offsets[wide.group]
    one = asked.rotation(Asks(wide.group, wide.first, wide.second), position)
    narrow = vn.design.design_pairs(asked.n_items, DEGREE, rng=seed)
    panel = asked.panel(Asks(narrow.group, narrow.first, narrow.second))

    def error(votes: vn.Votes, method: str) -> float:
        return nmse(asked.fit(votes, method).fit.theta, asked.truth, asked.n_items)

    base = error(panel, "consensus")
    return {
        "ratio": error(one, "fit") / base,
        "unweighted": error(one, "uniform") / base,
        "panel, unweighted": error(panel, "uniform") / base,
        "nmse of the panel": base,
    }


def bridges(seed: int, groups: int) -> dict[str, float]:
    found = calibration.one_seed(seed, groups, [4])
    return {
        "share gain": found["4 bridges"] - found["centred"],
        "share whole": found["known"] - found["centred"],
    }


def run_one(task: tuple[str, int, dict[str, Any]]) -> tuple[str, int, dict[str, float]]:
    """Results of one seed of one family."""
    family, seed, given = task
    size = given["groups"], given["items"]
    if family == "arguments":
        found = replay(replays.Arguments(given["data"], seed), seed, (8, 12))
    elif family == "documents":
        found = replay(replays.Documents(given["data"], seed), seed, (4, 6))
    elif family == "design":
        found = design_trace(seed)
    elif family.startswith("rotation"):
        found = rotation("wrong" if "wrong" in family else "normal", seed, *size)
    elif family == "bridges":
        found = bridges(seed, size[0])
    else:
        methods = given["methods"].get(family, [])
        found = against_cycles(source(family, seed, *size), seed, methods, DEGREE)
    return family, seed, found


# ---- all seeds, and the tables ----------------------------------------------------------------


def interval(values: np.ndarray) -> tuple[float, float]:
    """Mean and half of the 95 % interval."""
    from scipy.stats import t

    n = len(values)
    half = t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return float(values.mean()), float(half)


def ratio_interval(gain: np.ndarray, whole: np.ndarray) -> tuple[float, float]:
    """Ratio of means with its interval: single seeds have a small denominator now and then."""
    ratio = float(gain.sum() / whole.sum())
    return ratio, interval(gain - ratio * whole)[1] / float(whole.mean())


def measured(bar: Bar, results: list[dict[str, float]]) -> tuple[float, float]:
    if bar.figure == "share":
        columns = (np.array([r[f"share {c}"] for r in results]) for c in ("gain", "whole"))
        return ratio_interval(*columns)
    return interval(np.array([r[bar.figure] for r in results]))


def bar_rows(results: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    yield "| check | measured | seeds | bar | |"
    yield "| :-- | :-- | --: | :-- | :-- |"
    for bar in BARS:
        found = results.get(bar.family)
        if not found or not (bar.figure == "share" or bar.figure in found[0]):
            continue
        mean, half = measured(bar, found)
        met = mean >= bar.limit if bar.at_least else mean <= bar.limit
        sign = "≥" if bar.at_least else "≤"
        yield (f"| {bar.name} | {mean:.3f} ± {half:.3f} | {len(found)} | {sign} {bar.limit:g} "
               f"| {'met' if met else 'MISSED'} |")  # fmt: skip


def cell(values: np.ndarray, sign: str = "") -> str:
    """Mean of the seeds that reached it; how many did not."""
    good = values[np.isfinite(values)]
    if 2 * len(good) < len(values):
        return f"never in {len(values) - len(good)} of {len(values)}"
    mean, half = interval(good)
    lost = f" (never in {len(values) - len(good)})" if len(good) < len(values) else ""
    return f"{mean:{sign}.3f} ± {half:.3f}{lost}"


def comparison_rows(results: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    yield "| world | method | nmse at equal votes | votes for tau | for nDCG@10 | student r2 |"
    yield "| :-- | :-- | :-- | :-- | :-- | :-- |"
    for variant in VARIANTS:
        found = results.get(variant, [])
        methods = [key[:-6] for key in (found[0] if found else {}) if key.endswith(" votes")]
        for method in (m for m in methods if m in METHODS):
            cells = []
            for what in ("nmse", "votes", "ndcg votes", "student"):
                values = np.array([r[f"{method} {what}"] for r in found])
                cells.append(cell(values, "+" if what == "student" else ""))
            yield f"| {variant} | {method} | {' | '.join(cells)} |"


def other_rows(results: dict[str, list[dict[str, float]]]) -> Iterator[str]:
    """What else the families tell."""
    used = {(bar.family, bar.figure) for bar in BARS}
    for family, found in results.items():
        for key in found[0]:
            values = np.array([r[key] for r in found])
            if (family, key) not in used and not key.startswith(tuple(METHODS)):
                yield f"| {family} | {key} | {cell(values)} |"


def run(
    seeds: int, families: list[str], given: dict[str, Any], workers: int, tell: Callable[[str], Any]
) -> dict[str, list[dict[str, float]]]:
    """Results by family, in the order of the seeds."""
    least = {f: max([b.seeds for b in BARS if b.family == f] + [0]) for f in families}
    tasks = [(f, s, given) for f in families for s in range(max(seeds, least[f]))]
    if seeds < 8:  # a trial
        tasks = [task for task in tasks if task[1] < seeds]
    found: dict[str, dict[int, dict[str, float]]] = {f: {} for f in families}
    start = time.monotonic()
    with get_context("spawn").Pool(workers) as pool:
        for n, (family, seed, result) in enumerate(pool.imap_unordered(run_one, tasks), 1):
            found[family][seed] = result
            if n == len(tasks) or n % 10 == 0:
                tell(f"{n} of {len(tasks)} runs, {time.monotonic() - start:.0f} s")
    return {f: [by_seed[s] for s in sorted(by_seed)] for f, by_seed in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.allocation", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    families = list(dict.fromkeys(bar.family for bar in BARS))
    checks = [f for f in families if f not in VARIANTS]
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--checks", nargs="*", choices=checks, default=checks)
    parser.add_argument("--variants", nargs="*", choices=list(VARIANTS),
                        default=[f for f in families if f in VARIANTS])  # fmt: skip
    parser.add_argument("--compare", nargs="*", choices=list(METHODS)[1:], default=[])
    parser.add_argument("--groups", type=int, default=40)
    parser.add_argument("--items", type=int, default=50)
    parser.add_argument("--data", type=Path, default=replays.SHARED)
    parser.add_argument("--workers", type=int, default=2)
    a = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # of the workers, which start anew
        os.environ[name] = "1"
    wanted = [*a.variants, *a.checks]
    absent = [f for f in ("arguments", "documents") if f in wanted and not a.data.is_dir()]
    if absent:
        print(f"no folder {a.data}: without {' and '.join(absent)}\n")
    wanted = [f for f in wanted if f not in absent]
    usual = {v: ["HD", "no student"] if v == "normal" else ["HD"] for v in a.variants}
    methods = {v: list(dict.fromkeys([*usual[v], *a.compare])) for v in a.variants}
    given = {"groups": a.groups, "items": a.items, "data": a.data, "methods": methods}
    found = run(a.seeds, wanted, given, a.workers, lambda text: print(text, flush=True))
    print(f"\n{a.groups} groups of {a.items} items\n")
    print(*bar_rows(found), sep="\n")
    print("\nAgainst cycles, degree 8:\n")
    print(*comparison_rows(found), sep="\n")
    print("\n| family | also | |\n| :-- | :-- | :-- |")
    print(*other_rows(found), sep="\n")


if __name__ == "__main__":
    main()
