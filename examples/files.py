"""Write the simulated files of ``venire data``: ``python examples/files.py src/venire/datasets``.

Their rows are made up; all are drawn from one seed, so that anybody can make them again.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

SEED = 20241105
MODELS = ["lynx-70b", "heron-34b", "ibex-chat", "otter-13b", "crane-mini", "bison-7b", "vole-2b"]
CLUBS = ["Ashby", "Brook", "Calder", "Denby", "Exford", "Farley", "Grange", "Holme"]
PLAYERS = ["Ada", "Ben", "Cleo", "Dov", "Eli", "Fay", "Gus", "Hana", "Ivo", "Jun", "Kai", "Lea"]
JUDGES = {"strict": 2.5, "friendly": 2.0, "hasty": 0.8}
Row = dict[str, object]


def wins(rng: np.random.Generator, first: float, second: float) -> bool:
    return bool(rng.random() < 1.0 / (1.0 + np.exp(second - first)))


def pair(rng: np.random.Generator, n: int) -> tuple[int, int]:
    first = int(rng.integers(n))
    return first, (first + 1 + int(rng.integers(n - 1))) % n


def battles(rng: np.random.Generator) -> Iterator[Row]:
    """People compare two anonymous models' answers."""
    theta = np.linspace(1.0, -1.0, len(MODELS))
    for _ in range(500):
        a, b = pair(rng, len(MODELS))
        winner = "model_a" if wins(rng, theta[a], theta[b]) else "model_b"
        if rng.random() < 0.2:
            winner = ("tie", "tie (bothbad)")[int(rng.integers(2))]
        language = ("en", "de", "fr")[int(rng.integers(3))]
        yield {"model_a": MODELS[a], "model_b": MODELS[b], "winner": winner, "language": language}


def season(rng: np.random.Generator) -> Iterator[Row]:
    """Eight clubs meet twice at each other's place, and once more at a place of nobody's."""
    strength = np.linspace(0.5, -0.5, len(CLUBS))
    day = date(2024, 8, 3)
    games = [(h, a, False) for h in range(8) for a in range(8) if h != a] * 2
    games += [(h, (h + 1) % 8, True) for h in range(8)]
    for k in rng.permutation(len(games)):
        home, away, neutral = games[k]
        ahead = 0.0 if neutral else 0.3
        goals = rng.poisson(1.4 * np.exp([ahead + strength[home], strength[away]]))
        yield {
            "date": day.isoformat(), "home": CLUBS[home], "away": CLUBS[away],
            "home_goals": int(goals[0]), "away_goals": int(goals[1]), "neutral": neutral,
        }  # fmt: skip
        day += timedelta(days=2)


def verdicts(rng: np.random.Generator) -> Iterator[Row]:
    """Three judges compare models' answers to prompts; a prompt favours some models."""
    models = MODELS[:5]
    theta = np.linspace(0.8, -0.8, 5)
    orders = [(a, (a + step) % 5) for step in (1, 2) for a in range(5)]  # each as often first
    for prompt in range(60):
        favour = theta + rng.normal(0.0, 0.7, 5)
        category = ("code", "essay", "maths")[prompt % 3]
        for k in range(4):
            a, b = orders[(4 * prompt + k) % 10]
            for judge, sharpness in JUDGES.items():
                first = wins(rng, sharpness * favour[a], sharpness * favour[b])
                verdict = "tie" if rng.random() < 0.1 else "A" if first else "B"
                yield {
                    "prompt": f"p{prompt:02d}", "category": category, "model_a": models[a],
                    "model_b": models[b], "judge": judge, "verdict": verdict,
                }  # fmt: skip


def both_orders(rng: np.random.Generator) -> Iterator[Row]:
    """Four judges see each pair in both orders; gold is known for every third."""
    sharpness = {"gpt": 2.0, "claude": 1.6, "llama": 0.8, "mistral": 0.4}
    for item in range(120):
        margin = float(rng.normal(0.0, 1.5))
        gold = int(margin > 0.0) if item % 3 == 0 else ""
        for judge, sharp in sharpness.items():
            own = sharp * (margin + float(rng.normal(0.0, 0.5)))
            orders = [int(wins(rng, own + bias, 0.0)) for bias in (0.4, -0.4)]
            yield {
                "item": f"i{item:03d}", "judge": judge, "vote_orig": orders[0],
                "vote_swap": orders[1], "gold": gold,
            }  # fmt: skip


def split_panel(rng: np.random.Generator) -> Iterator[Row]:
    """Six judges see each pair in both orders; four of them like what is long. `key`: the truth."""
    careful, fond = ("ann", "bert"), ("cy", "dot", "eve", "fay")
    for item in range(160):
        truth = int(rng.integers(2))
        margin = (2 * truth - 1) * (0.5 + float(rng.exponential(1.5)))
        longer = 0.0 if rng.random() < 0.55 else -3.5 * (2 * truth - 1)
        for judge in (*careful, *fond):
            own = margin + float(rng.normal(0.0, 1.2))
            if judge in fond:
                own = 0.4 * own + 0.7 * longer + float(rng.normal(0.0, 0.5))
            lean = 0.2 if judge in careful else 0.9
            seen = [own + bias for bias in (lean, -lean)]
            votes = ["tie" if abs(x) < 0.15 else "A" if x > 0.0 else "B" for x in seen]
            yield {
                "item": f"q{item:03d}", "judge": judge, "vote_orig": votes[0],
                "vote_swap": votes[1], "key": "BA"[truth],
            }  # fmt: skip


def topics(rng: np.random.Generator) -> Iterator[Row]:
    """In each of twelve topics people compare arguments, which belong to their topic."""
    for topic in range(12):
        theta = rng.normal(0.0, 1.0, 10)
        for _ in range(60):
            a, b = pair(rng, 10)
            better = a if wins(rng, theta[a], theta[b]) else b
            yield {
                "topic": f"t{topic:02d}", "a": f"arg{a}", "b": f"arg{b}",
                "winner": f"arg{better}",
            }  # fmt: skip


def documents(rng: np.random.Generator) -> Iterator[Row]:
    """Items of a loop, with features from which a student learns."""
    slope = np.array([1.0, -0.7, 0.4])
    for query in range(12):
        for doc in range(12):
            x = rng.normal(size=3)
            gold = float(x @ slope + rng.normal(0.0, 0.5))
            yield {
                "query": f"q{query:02d}", "doc": f"d{doc:02d}", "gold": round(gold, 3),
                **{f"x{k + 1}": round(float(v), 3) for k, v in enumerate(x)},
            }  # fmt: skip


def judges(rng: np.random.Generator) -> Iterator[Row]:
    """Teachers of a simulated budget."""
    for name, sharpness, own_error, cost in (("gpt", 4.0, 0.3, 10.0), ("crowd", 1.0, 1.0, 1.0)):
        yield {"name": name, "sharpness": sharpness, "own_error": own_error, "cost": cost}


def chances(rng: np.random.Generator) -> Iterator[Row]:
    """Three judges say how probable it is that each of two answers is the better one."""
    models = MODELS[:4]
    theta = np.linspace(0.8, -0.8, 4)
    for prompt in range(40):
        favour = theta + rng.normal(0.0, 0.7, 4)
        for _ in range(2):
            a, b = pair(rng, 4)
            for judge, sharpness in JUDGES.items():
                margin = sharpness * (favour[a] - favour[b] + rng.normal(0.0, 0.4))
                tie = 0.3 * np.exp(-abs(margin))
                first = (1.0 - tie) / (1.0 + np.exp(-margin))
                p_a, p_tie = round(float(first), 3), round(float(tie), 3)
                yield {
                    "prompt": f"p{prompt:02d}", "model_a": models[a], "model_b": models[b],
                    "judge": judge, "p_a": p_a, "p_tie": p_tie, "p_b": round(1.0 - p_a - p_tie, 3),
                }  # fmt: skip


def styles(rng: np.random.Generator) -> Iterator[Row]:
    """People compare answers: long ones win more often than they should, and more on some prompts.

    In truth a doubling of the length is worth 0.5, a heading or a list 0.1; on one prompt the
    length counts more than on another (sd 0.7), and a prompt favours some models.
    """
    theta = np.array([1.0, 0.6, 0.3, 0.0, -0.4, -0.7, -0.8])
    words = np.array([7.4, 8.6, 7.6, 8.2, 7.3, 8.4, 7.2])  # log2 of what a model writes
    for prompt in range(80):
        favour, slope = theta + rng.normal(0.0, 0.3, 7), 0.5 + rng.normal(0.0, 0.7)
        asked = rng.normal(0.0, 0.6)
        length = np.round(words + asked + rng.normal(0.0, 0.8, 7), 2)
        marks = rng.poisson(np.exp(0.3 * (length - 4.0)))
        for _ in range(15):
            a, b = pair(rng, 7)
            styled = slope * length + 0.1 * marks
            first = wins(rng, favour[a] + styled[a], favour[b] + styled[b])
            winner = "tie" if rng.random() < 0.1 else "model_a" if first else "model_b"
            yield {
                "prompt": f"p{prompt:02d}", "model_a": MODELS[a], "model_b": MODELS[b],
                "length_a": length[a], "length_b": length[b], "markdown_a": int(marks[a]),
                "markdown_b": int(marks[b]), "winner": winner,
            }  # fmt: skip


def ranked_answers(rng: np.random.Generator) -> Iterator[Row]:
    """Three judges sort four of seven models' answers to each prompt; a prompt favours some."""
    theta = np.linspace(1.2, -1.2, len(MODELS))
    for prompt in range(50):
        favour = theta + rng.normal(0.0, 0.5, len(MODELS))
        shown = rng.permutation(len(MODELS))[:4]
        for judge, sharpness in JUDGES.items():
            seen = sharpness * favour[shown] + rng.gumbel(size=4)
            by = np.argsort(-seen)
            text = MODELS[shown[by[0]]]
            for better, worse in pairwise(by):
                alike = seen[better] - seen[worse] < 0.15
                text += f" {'=' if alike else '>'} {MODELS[shown[worse]]}"
            yield {"prompt": f"p{prompt:02d}", "judge": judge, "ranking": text}


def club(rng: np.random.Generator) -> Iterator[Row]:
    """Players of a chess club over three years: their strengths walk, by 0.2 a month.

    Two join in the second year, one leaves in the third. White is worth 0.2; a fifth are draws.
    """
    theta = np.linspace(1.2, -1.2, len(PLAYERS))
    for month in range(36):
        theta = theta + rng.normal(0.0, 0.2, len(theta))
        here = [
            k for k in range(len(PLAYERS)) if (month >= 14 or k < 10) and (month < 27 or k != 4)
        ]
        for day in sorted(rng.integers(1, 29, 40).tolist()):
            white, black = (here[k] for k in pair(rng, len(here)))
            first = wins(rng, theta[white] + 0.2, theta[black])
            yield {
                "date": date(2022 + month // 12, 1 + month % 12, day).isoformat(),
                "white": PLAYERS[white], "black": PLAYERS[black],
                "result": "draw" if rng.random() < 0.2 else "white" if first else "black",
            }  # fmt: skip


FILES = {
    "battles.csv": battles, "season.csv": season, "verdicts.csv": verdicts,
    "both_orders.csv": both_orders, "topics.csv": topics, "documents.csv": documents,
    "judges.csv": judges, "chances.csv": chances, "styles.csv": styles,
    "ranked_answers.csv": ranked_answers,
    "club.csv": club, "split_panel.csv": split_panel,
}  # fmt: skip


def write(folder: Path, names: Sequence[str] = tuple(FILES)) -> None:
    """Write files into a folder."""
    for k, (name, rows) in enumerate(FILES.items()):
        made = list(rows(np.random.default_rng([SEED, k])))
        if name not in names:
            continue
        with open(folder / name, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(made[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(made)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
