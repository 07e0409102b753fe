"""Gold in small amounts on panels of real judges: five rules, measured beside what was specified.

Called by ``python -m benchmarks.panels FOLDER``. A figure is a mean over sets of means over draws
of the labels; log-losses and accuracies are of the pairs without labels.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import venire as vn

NS = (5, 8, 12, 20, 30)
# What another implementation reached, and how far one may be off.
LOSSES = {
    "guarded": {5: 0.282, 8: 0.263, 12: 0.243, 20: 0.220, 30: 0.205},
    "folds": {12: 0.229, 20: 0.212, 30: 0.199},
}
LOSS_SLACK = 0.006
WORTH, MODEL, COUNTED = 1.17, {12: 0.046, 20: 0.034, 30: 0.027}, {12: 0.082, 20: 0.060, 30: 0.047}
SIDE = {5: 0.970, 8: 0.99, 12: 0.99}
RHO = {
    "Natural 6Van": (0.47, 0.37), "Natural GPT4x15": (0.64, 0.59), "GPTInst 6Van": (0.25, 0.29),
    "GPTInst GPT4x15": (0.60, 0.69), "Neighbor 6Van": (0.21, 0.30),
    "Neighbor GPT4x15": (0.53, 0.64), "RTE": (0.20, 0.08), "SP": (0.45, 0.36),
}  # fmt: skip
APART = 0.05  # accuracy that equal weights lose to the best rule where a set is contested

Floats = np.ndarray
Set = Any  # benchmarks.panels.PanelData


def draws(data: Set, n: int, times: int) -> Iterator[Floats]:
    """Gold on n random pairs."""
    rng = np.random.default_rng(0)
    for _ in range(times):
        known = np.full(len(data.gold), np.nan)
        some = rng.permutation(len(data.gold))[:n]
        known[some] = data.gold[some]
        yield known


def loss(p: Floats, gold: Floats, where: Floats) -> float:
    p, y = np.clip(p[where], 1e-6, 1 - 1e-6), gold[where]
    return float(-(y * np.log(p) + (1 - y) * np.log1p(-p)).mean())


def stacked_losses(data: Set, n: int, times: int, **how: Any) -> list[float]:
    """Of each draw."""
    return [
        loss(vn.panel.stack(data.votes, known, **how).probability, data.gold, np.isnan(known))
        for known in draws(data, n, times)
    ]


def row(name: str, found: float, wanted: float | None, slack: float) -> bool:
    """Print a figure; whether it is as good as was specified."""
    good = wanted is None or found <= wanted + slack
    said = "" if wanted is None else f" | {wanted:.3f}{'' if good else ' (missed)'}"
    print(f"| {name} | {found:.3f}{said or ' | –'} |", flush=True)
    return good


def rule_b(sets: Sequence[Set], times: int) -> int:
    """Few labels stacked."""
    missed, base = 0, []
    for data in sets:
        q = vn.consensus(data.votes).probability
        base.append(loss(q, data.gold, np.ones(len(q), bool)))
    missed += not row("reliability, no labels", float(np.mean(base)), 0.354, LOSS_SLACK)
    ways: dict[str, dict[str, Any]] = {
        "guarded": {"guarded": True}, "plain": {"penalty": 1.0}, "folds": {"penalty": "folds"},
    }  # fmt: skip
    for way, how in ways.items():
        for n in NS:
            if n < 12 and way != "guarded":
                continue
            some = [float(np.mean(stacked_losses(d, n, times, **how))) for d in sets]
            wanted = LOSSES.get(way, {}).get(n)
            missed += not row(f"{way}, {n} labels", float(np.mean(some)), wanted, LOSS_SLACK)
            if way == "guarded" and n >= 8:
                worst = int(np.argmax(np.subtract(some, base)))
                missed += not row(
                    f"... worst set against reliability: {sets[worst].name}",
                    some[worst] - base[worst], 0.003, 0.0,
                )  # fmt: skip
    return missed


def rule_a(sets: Sequence[Set], times: int) -> int:
    """How many random labels teach as much as twelve chosen ones."""
    grid = np.array([10, 12, 14, 16, 18, 21])
    chance = np.array(
        [
            np.mean([np.mean(stacked_losses(d, int(n), times, **_few(n))) for d in sets])
            for n in grid
        ]
    )
    chosen = []
    for data in sets:
        for seed in range(times):
            at = vn.panel.design_gold(data.votes, 12, "stack", rng=seed).at
            known = np.full(len(data.gold), np.nan)
            known[at] = data.gold[at]
            p = vn.panel.stack(data.votes, known).probability
            chosen.append(loss(p, data.gold, np.isnan(known)))
    slope, level = np.polyfit(np.log(grid), np.log(chance), 1)  # smooth over the draws
    worth = float(np.exp((np.log(np.mean(chosen)) - level) / slope))
    print(f"| 12 chosen: log-loss | {np.mean(chosen):.3f} | – |")
    return int(not at_least("worth random labels, for each", worth / 12, WORTH, 0.05))


def _few(n: int) -> dict[str, Any]:
    return {"guarded": True} if n < 12 else {"penalty": 1.0}


def at_least(name: str, found: float, wanted: float, slack: float) -> bool:
    good = found >= wanted - slack
    print(f"| {name} | {found:.3f} | {wanted:.3f}{'' if good else ' (missed)'} |", flush=True)
    return good


def rule_c(sets: Sequence[Set], times: int) -> int:
    """Judges' accuracies from few labels."""
    missed = 0
    for n in MODEL:
        square: dict[str, list[float]] = {"model_accuracy": [], "accuracy": []}
        bias = []
        for data in sets:
            true = vn.consensus(data.votes, gold=data.gold).gold.accuracy
            off: dict[str, list[Floats]] = {name: [] for name in square}
            for known in draws(data, n, times):
                gold = vn.consensus(data.votes, "uniform", gold=known).gold
                for name, errors in off.items():
                    errors.append(getattr(gold, name) - true)
            for name, errors in off.items():
                square[name].append(float(np.sqrt(np.nanmean(np.square(errors)))))
            bias.append(float(np.nanmean(off["model_accuracy"])))
        found = {name: float(np.mean(x)) for name, x in square.items()}
        own = f"{n} labels, by the model: RMSE"
        missed += not row(own, found["model_accuracy"], MODEL[n], 0.002)
        row(f"{n} labels, counted: RMSE", found["accuracy"], COUNTED[n], 1.0)
        print(f"| ... bias of the model's | {np.mean(bias):+.3f} | – |")
    return missed


def rule_d(sets: Sequence[Set], times: int, score: Callable[..., tuple[float, float]]) -> int:
    """Which side of a contested panel is right."""
    right: dict[int, list[float]] = {n: [] for n in SIDE}
    names = []
    for data in sets:
        q = vn.consensus(data.votes)
        if "contested" not in {w.name for w in q.warnings}:
            continue
        plain = vn.consensus(data.votes, "uniform").probability
        accuracies = [score(p, data.gold)[0] for p in (plain, q.probability)]
        better = "reliability" if accuracies[1] > accuracies[0] else "uniform"
        names.append(data.name)
        for n, found in right.items():
            hits = 0.0
            for seed in range(times):
                design = vn.panel.design_gold(data.votes, n, "side", rng=seed)
                side = vn.panel.which_side(data.votes, design.labels(data.gold[design.at]))
                hits += 0.5 if side.believe is None else float(side.believe == better)
            found.append(hits / times)
    missed = 0
    for n, found in right.items():
        missed += not at_least(f"{n} disputed labels: right", np.mean(found), SIDE[n], 0.01)
        worst = int(np.argmin(found))
        print(f"| ... worst of {len(found)} sets: {names[worst]} | {found[worst]:.3f} | – |")
    return missed


def rule_e(sets: Sequence[Set]) -> int:
    """The correlation of errors without gold."""
    missed, off, constant = 0, [], []
    for data in sets:
        if data.votes.n_teachers < 5:
            continue
        rho = vn.consensus(data.votes, rho="estimate").rho
        gold = vn.consensus(data.votes, gold=data.gold).rho
        off.append(rho - gold)
        constant.append(0.3 - gold)
        wanted = RHO.get(data.name)
        good = wanted is None or abs(rho - wanted[0]) <= 0.01
        missed += not good
        said = "–" if wanted is None else f"{wanted[0]:.2f} ({wanted[1]:.2f})"
        print(f"| {data.name} | {rho:.2f} ({gold:.2f}) | {said}{'' if good else ' (missed)'} |")
    rmse = [float(np.sqrt(np.mean(np.square(x)))) for x in (off, constant)]
    print(f"| error of the estimate, of 0.3 | {rmse[0]:.3f}, {rmse[1]:.3f} | 0.09, 0.13 |")
    return missed


def notices_of(data: Set, **how: Any) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vn.ConvergenceWarning)
        return [w.name for w in vn.consensus(data.votes, **how).warnings]


def told(sets: Sequence[Set], score: Callable[..., tuple[float, float]]) -> int:
    """Which warnings fire, and whether "contested" is true."""
    missed = 0
    print("| set | disputed | uniform | best rule | warnings | of `correlated` besides |")
    print("| :-- | --: | --: | --: | :-- | :-- |")
    for data in sets:
        rules = ("uniform", "precision", "reliability", "correlated")
        accuracy = [score(vn.consensus(data.votes, m).probability, data.gold)[0] for m in rules]
        accuracy.append(
            score(vn.consensus(data.votes, rounds="converge").probability, data.gold)[0]
        )
        own, other = notices_of(data), notices_of(data, method="correlated")
        good = ("contested" in own) == (max(accuracy) - accuracy[0] > APART)
        missed += not good
        more = [name for name in other if name not in own]
        share = vn.consensus(data.votes).disputed
        print(
            f"| {data.name} | {share:.3f} | {accuracy[0]:.3f} | {max(accuracy):.3f} | "
            f"{', '.join(own) or 'none'}{'' if good else ' (missed)'} | {', '.join(more) or '–'} |",
            flush=True,
        )
    return missed


def report(sets: Sequence[Set], times: int, score: Callable[..., tuple[float, float]]) -> int:
    """All rules; how many figures missed what was specified."""
    dense = [d for d in sets if d.name not in ("RTE", "SP")]
    missed = 0
    parts: list[tuple[str, Callable[[], int]]] = [
        ("A. Twelve labels chosen to be unlike each other", lambda: rule_a(sets, times)),
        ("B. Few labels stacked: mean log-loss", lambda: rule_b(sets, times)),
        ("C. A judge's accuracy from few labels", lambda: rule_c(dense, times)),
        ("D. Which side is right", lambda: rule_d(sets, 4 * times, score)),
        ("E. Correlation of errors without gold (by gold)", lambda: rule_e(sets)),
    ]
    for title, part in parts:
        print(f"\n{title}\n\n| | measured | specified |\n| :-- | --: | --: |")
        missed += part()
    print("\nWarnings\n")
    return missed + told(sets, score)
