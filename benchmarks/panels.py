"""Panels of real judges with gold: how right each method of consensus is.

    python -m benchmarks.panels FOLDER [--splits 100] [--draws 100] [--gold]

FOLDER holds llmbar_votes, pandalm_votes, rte_votes and sp_amt_votes (.csv.gz). Accuracy counts a
tie one half; log-loss is the mean, with probabilities clipped at 1e-6. "stacked" is the mean over
random splits that give it a fifth of the gold and score it on the rest. LIMITS are what another
implementation reached. Then gold in small amounts, and which warnings fire (`few_labels`); with
--gold these alone.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import venire as vn

METHODS = {
    "uniform": {"method": "uniform"},
    "precision": {"method": "precision"},
    "reliability": {"method": "reliability"},
    "reliability, converged": {"method": "reliability", "rounds": "converge"},
    "correlated": {"method": "correlated"},
}
ALL = (*METHODS, "stacked")

# accuracy and log-loss of the methods in turn
LIMITS = {
    "Natural 6Van": ".930/.274 .960/.249 .950/.252 .950/.252 .970/.253 .957/.169",
    "Natural 6Met": ".940/.289 .950/.232 .960/.234 .960/.234 .950/.249 .951/.110",
    "Natural 65": ".935/.240 .950/.175 .950/.173 .950/.173 .950/.220 .951/.127",
    "GPTInst 6Van": ".511/.749 .837/.527 .837/.434 .870/.392 .870/.395 .912/.222",
    "GPTInst 6Met": ".614/.666 .935/.399 .935/.339 .929/.338 .929/.339 .941/.175",
    "GPTInst GPT4x15": ".870/.271 .870/.274 .870/.270 .870/.270 .859/.314 .887/.256",
    "GPTInst 65": ".543/.717 .848/.429 .891/.281 .891/.269 .891/.289 .956/.113",
    "Neighbor 6Van": ".429/.932 .716/.772 .537/.843 .769/.517 .769/.514 .917/.236",
    "Neighbor 6Met": ".586/.711 .851/.493 .843/.447 .843/.434 .843/.432 .865/.343",
    "Neighbor GPT4x15": ".825/.421 .821/.424 .821/.420 .821/.420 .813/.423 .861/.355",
    "Neighbor 65": ".459/.862 .716/.717 .746/.556 .821/.441 .858/.367 .950/.130",
    "PandaLM h1": ".880/.333 .880/.333 .907/.320 .907/.318 .854/.358 .906/.228",
    "PandaLM h2": ".873/.349 .873/.349 .899/.336 .899/.334 .850/.375 .895/.266",
    "PandaLM h3": ".882/.326 .882/.326 .908/.314 .908/.312 .859/.351 .908/.224",
    "RTE": ".897/.376 .897/.376 .924/.279 .929/.252 .920/.274",
    "SP": ".943/.175 .943/.175 .944/.166 .944/.166 .944/.236",
}


@dataclass(frozen=True)
class PanelData:
    """Votes with the truth about every pair, a share for each in the order of the votes."""

    name: str
    votes: vn.Votes
    gold: np.ndarray


def limits(name: str) -> dict[str, tuple[float, float]]:
    """Accuracy and log-loss of each method that has been scored on the set."""
    pairs = [tuple(float(x) for x in part.split("/")) for part in LIMITS[name].split()]
    return dict(zip(ALL, pairs, strict=False))


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _panel(name: str, pair: list, teacher: list, vote: list, gold: dict, **more: list) -> PanelData:
    votes = vn.Votes.from_pairs(pair, teacher, vote, **more)
    return PanelData(name, votes, np.array([gold[label] for label in votes.pairs.tolist()]))


def llmbar(rows: list[dict[str, str]], subset: str, name: str) -> PanelData:
    """A subset of LLMBar; both orders are two runs, a missing order is none."""
    sign = {"A": 1, "B": -1, "tie": 0}
    wanted = {
        "6Van": lambda j: j.endswith("/Vanilla"),
        "6Met": lambda j: j.endswith("/Metrics_Reference"),
        "GPT4x15": lambda j: j.startswith("GPT-4/"),
        "65": lambda _: True,
    }[name.split()[1]]
    pair, teacher, vote, swapped, gold = [], [], [], [], {}
    for row in rows:
        if row["subset"] != subset or not wanted(row["judge"]):
            continue
        gold[row["item"]] = float(row["gold"] == "A")
        for column in ("vote_orig", "vote_swap"):
            if row[column]:
                pair.append(row["item"])
                teacher.append(row["judge"])
                vote.append(sign[row[column]])
                swapped.append(column == "vote_swap")
    return _panel(name, pair, teacher, vote, gold, swapped=swapped)


def pandalm(rows: list[dict[str, str]], human: str) -> PanelData:
    """One human is the gold, the other four vote."""
    sign = {"A": 1, "B": -1, "tie": 0}
    gold = {r["item"]: (1 + sign[r["vote"]]) / 2 for r in rows if r["judge"] == human and r["vote"]}
    own = [r for r in rows if r["judge"] != human and r["vote"] and r["item"] in gold]
    columns = zip(*((r["item"], r["judge"], sign[r["vote"]]) for r in own), strict=True)
    return _panel(f"PandaLM h{human[-1]}", *map(list, columns), gold)


def binary(rows: list[dict[str, str]], name: str) -> PanelData:
    """Labels 0 and 1: 1 is first."""
    gold = {r["item"]: float(r["gold"]) for r in rows}
    columns = zip(*((r["item"], r["judge"], 2 * int(r["vote"]) - 1) for r in rows), strict=True)
    return _panel(name, *map(list, columns), gold)


def panels(folder: Path) -> Iterator[PanelData]:
    """All sets, one after the other."""
    rows = read(folder / "llmbar_votes.csv.gz")
    subsets = sorted({r["subset"] for r in rows})
    for name in LIMITS:
        if name.split()[0] in ("Natural", "GPTInst", "Neighbor"):
            subset = next(s for s in subsets if s.endswith(name.split()[0]))
            yield llmbar(rows, subset, name)
    yield from _others(folder)


def more_panels(folder: Path) -> Iterator[PanelData]:
    """All sets, and one more of LLMBar that the table of methods has not."""
    rows = read(folder / "llmbar_votes.csv.gz")
    subset = next(r["subset"] for r in rows if r["subset"].endswith("Natural"))
    yield llmbar(rows, subset, "Natural GPT4x15")
    yield from panels(folder)


def _others(folder: Path) -> Iterator[PanelData]:
    rows = read(folder / "pandalm_votes.csv.gz")
    for human in sorted({r["judge"] for r in rows if r["judge"].startswith("human")}):
        yield pandalm(rows, human)
    yield binary(read(folder / "rte_votes.csv.gz"), "RTE")
    yield binary(read(folder / "sp_amt_votes.csv.gz"), "SP")


def score(p: np.ndarray, gold: np.ndarray) -> tuple[float, float]:
    """Accuracy and log-loss; a tie, in p or in gold, is half right."""
    hit = (1 + np.sign(np.round(2 * p - 1, 12)) * np.sign(2 * gold - 1)) / 2
    q = np.clip(p, 1e-6, 1 - 1e-6)
    return float(hit.mean()), float(-(gold * np.log(q) + (1 - gold) * np.log1p(-q)).mean())


def stacked(data: PanelData, splits: int) -> tuple[float, float]:
    """Mean over random splits: a fifth of the pairs with gold, scored on the others."""
    rng, found = np.random.default_rng(0), []
    n = len(data.gold)
    for split in range(splits):
        some = rng.permutation(n)[: round(n / 5)]
        known = np.full(n, np.nan)
        known[some] = data.gold[some]
        p = vn.panel.stack(data.votes, known, rng=split).probability
        rest = np.isnan(known)
        found.append(score(p[rest], data.gold[rest]))
    accuracy, loss = np.mean(found, axis=0)
    return float(accuracy), float(loss)


def scores(data: PanelData, splits: int) -> dict[str, tuple[float, float]]:
    """Accuracy and log-loss of every method."""
    out = {}
    for name, options in METHODS.items():
        out[name] = score(vn.consensus(data.votes, **options).probability, data.gold)
    if "stacked" in limits(data.name) and splits > 0:
        out["stacked"] = stacked(data, splits)
    return out


def met(method: str, found: tuple[float, float], limit: tuple[float, float], n: int) -> bool:
    """Whether the figures are as good as the limit, up to rounding and to the choice of splits."""
    slack = (0.015, 0.02) if method == "stacked" else (max(0.003, 1 / n), 0.003)
    return found[0] >= limit[0] - slack[0] and found[1] <= limit[1] + slack[1]


def table(folder: Path, splits: int) -> int:
    """All methods on all sets; how many figures missed their limits."""
    missed = 0
    print("| set | K | T |", " | ".join(ALL), "|")
    print("| :-- | --: | --: |", " | ".join(["--:"] * len(ALL)), "|")
    for data in panels(folder):
        n, cells = data.votes.n_pairs, []
        found, bars = scores(data, splits), limits(data.name)
        for method in ALL:
            if method not in found:
                cells.append("–")
                continue
            good = met(method, found[method], bars[method], n)
            missed += not good
            mark = "" if good else f" (missed: {bars[method][0]:.3f}/{bars[method][1]:.3f})"
            cells.append(f"{found[method][0]:.3f}/{found[method][1]:.3f}{mark}")
        print(
            f"| {data.name} | {n} | {data.votes.n_teachers} |", " | ".join(cells), "|", flush=True
        )
    return missed


def main() -> int:
    from benchmarks import few_labels

    parser = argparse.ArgumentParser(prog="python -m benchmarks.panels", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=int, default=100)
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--gold", action="store_true")
    arguments = parser.parse_args()
    missed = 0 if arguments.gold else table(arguments.folder, arguments.splits)
    sets = list(more_panels(arguments.folder))
    missed += few_labels.report(sets, arguments.draws, score)
    print(f"\n{missed} missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
