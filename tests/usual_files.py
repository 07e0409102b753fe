"""Files as people have them: rows of ten kinds, written in the layouts of public data sets.

Each kind is a function that writes a file of made-up rows and returns what is in it: the columns of
comparisons or of votes that a reader who knows the layout would take.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

MODELS = ["amber-7b", "basalt-13b", "cobalt-chat", "dune-34b", "ember-mini", "flint-70b"]
TEAMS = ["Málaga", "Ath Bilbao", "Real Oviedo", "Cádiz", "Betis", "Sevilla", "La Coruña", "Elche"]
PLAYERS = ["Ada Novak", "Bo Li", "Cleo D'Arc", "Dov Stern", "Eva Østby", "Fay Zhou", "Gil Roth"]
START = datetime(2024, 1, 5, 18, 30, tzinfo=UTC)


@dataclass
class Held:
    """What a file holds: arguments of `Comparisons` or of `Votes`, and what must be said of it."""

    path: Path
    columns: dict[str, Any]
    taken: list[str]  # names of columns that the line on what was taken has
    dropped: int = 0  # rows without a result
    question: bool = False  # one clear question will do: the truth is not in the file
    cure: list[str] = field(default_factory=list)  # options that answer the question


def games(items: list[str], n: int, seed: int, tie: float = 0.2) -> tuple[Any, Any, np.ndarray]:
    """First, second and score of n games; every item wins, loses and meets others."""
    rng = np.random.default_rng(seed)
    theta = np.linspace(1.2, -1.2, len(items))
    first = np.arange(n) % len(items)
    second = (first + 1 + rng.integers(0, len(items) - 1, n)) % len(items)
    win = rng.random(n) < 1.0 / (1.0 + np.exp(theta[second] - theta[first]))
    score = np.where(rng.random(n) < tie, 0.5, win.astype(float))
    names = np.array(items)
    return names[first], names[second], score


def words(score: np.ndarray, win: str, tie: str, loss: str) -> list[str]:
    return [{1.0: win, 0.5: tie, 0.0: loss}[s] for s in score.tolist()]


def as_csv(rows: list[dict[str, Any]], **how: Any) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n", **how)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def battles(n: int, seed: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Rows of an arena of chat models: anonymous users judge two answers each."""
    first, second, score = games(MODELS, n, seed, tie=0.0)
    rng = np.random.default_rng(seed)
    winner = words(score, "model_a", "", "model_b")
    for i in np.flatnonzero(rng.random(n) < 0.25):
        winner[i], score[i] = ("tie", "tie (bothbad)")[i % 2], 0.5
    rows = [
        {
            "question_id": f"{int(rng.integers(16**8)):08x}{i:08x}", "model_a": a, "model_b": b,
            "winner": w, "judge": f"arena_user_{int(rng.integers(n))}", "turn": 1 + i % 3,
            "anony": bool(i % 9), "language": ("English", "German", "unknown")[i % 3],
            "tstamp": START.timestamp() + 61.25 * i,
        }
        for i, (a, b, w) in enumerate(zip(first, second, winner, strict=True))
    ]  # fmt: skip
    return rows, {"first": first, "second": second, "score": score}


def arena_csv(folder: Path) -> Held:
    rows, columns = battles(400, 1)
    path = folder / "arena.csv"
    path.write_text(as_csv(rows), encoding="utf-8")
    return Held(path, columns, ["model_a", "model_b", "winner"])


def nested(row: dict[str, Any], i: int) -> dict[str, Any]:
    """What arenas publish of a conversation beside the verdict."""
    said = [{"role": "user", "content": f"Prompt {i}, \"quoted\", and a comma"},
            {"role": "assistant", "content": "An answer\nof two lines"}]  # fmt: skip
    return row | {
        "conversation_a": said, "conversation_b": said,
        "conv_metadata": {"sum_user_tokens": 10 + i, "context_a_tokens": [], "bold_count_a": {}},
        "category_tag": {"creative_writing_v0.1": {"creative_writing": False}, "score": i % 4},
        "is_refusal": False, "toxic_chat_tag": None if i % 2 else {"flagged": False},
    }  # fmt: skip


def arena_json_lines(folder: Path) -> Held:
    rows, columns = battles(400, 2)
    path = folder / "arena.jsonl"
    lines = [json.dumps(nested(row, i)) for i, row in enumerate(rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Held(path, columns, ["model_a", "model_b", "winner"])


def arena_json_array(folder: Path) -> Held:
    rows, columns = battles(400, 3)
    path = folder / "clean_battles.json"
    path.write_text(json.dumps([nested(row, i) for i, row in enumerate(rows)]), encoding="utf-8")
    return Held(path, columns, ["model_a", "model_b", "winner"])


def football(folder: Path) -> Held:
    """A season with half-time scores, shots and many odds; Latin-1, and an empty tail."""
    first, second, score = games(TEAMS, 240, 4, tie=0.25)
    rng = np.random.default_rng(4)
    rows = []
    for i, (home, away, s) in enumerate(zip(first, second, score, strict=True)):
        goals = sorted(rng.choice(6, 2, replace=False).tolist(), reverse=True)
        h, a = {1.0: goals, 0.0: goals[::-1], 0.5: goals[:1] * 2}[float(s)]
        hh, ha = int(rng.integers(0, h + 1)), int(rng.integers(0, a + 1))
        row = {
            "Div": "SP1", "Date": (START + timedelta(days=i // 5)).strftime("%d/%m/%Y"),
            "Time": "20:00", "HomeTeam": home, "AwayTeam": away, "FTHG": h, "FTAG": a,
            "FTR": "HDA"[(h <= a) + (h < a)], "HTHG": hh, "HTAG": ha,
            "HTR": "HDA"[(hh <= ha) + (hh < ha)], "Referee": "J Núñez",
        }  # fmt: skip
        for name in ("HS", "AS", "HST", "AST", "HF", "AF", "HC", "AC", "HY", "AY", "HR", "AR"):
            row[name] = int(rng.integers(0, 20))
        for house in ("B365", "BW", "IW", "PS", "WH", "VC", "Max", "Avg", "B365C", "PSC"):
            row |= {f"{house}{r}": round(1.2 + 6.0 * rng.random(), 2) for r in "HDA"}
        row |= {"B365>2.5": 1.9, "B365<2.5": 1.95, "AHh": -0.25, "B365AHH": "", "B365AHA": ""}
        rows.append(row)
    text = as_csv(rows).replace("\n", "\r\n") + 3 * ("," * (len(rows[0]) - 1) + "\r\n")
    path = folder / "SP1.csv"
    path.write_bytes(text.encode("latin-1"))
    columns = {"first": first, "second": second, "score": score}
    return Held(path, columns, ["HomeTeam", "AwayTeam", "FTHG", "FTAG"], dropped=3)


def chess(folder: Path) -> Held:
    """The tags of a database of games; two are still played."""
    first, second, score = games(PLAYERS, 200, 5, tie=0.3)
    result = words(score, "1-0", "1/2-1/2", "0-1")
    rows = [
        {
            "Event": "Club championship", "Site": "?", "Round": f"{1 + i // 4}.{1 + i % 4}",
            "Date": (START + timedelta(days=i)).strftime("%Y.%m.%d"), "White": a, "Black": b,
            "Result": "*" if i in (7, 150) else r, "WhiteElo": 2000 + i, "BlackElo": "" if i % 5
            else 2100, "ECO": "B22", "Moves": "1. e4 c5 2. c3, and so on",
        }
        for i, (a, b, r) in enumerate(zip(first, second, result, strict=True))
    ]  # fmt: skip
    path = folder / "games.csv"
    path.write_text(as_csv(rows, quoting=csv.QUOTE_ALL), encoding="utf-8")
    keep = ~np.isin(np.arange(200), [7, 150])
    columns = {"first": first[keep], "second": second[keep], "score": score[keep]}
    return Held(path, columns, ["White", "Black", "Result"], dropped=2)


def tennis(folder: Path) -> Held:
    """A tour's matches: who won stands first, and `score` is one of games in sets."""
    first, second, score = games(PLAYERS, 220, 6, tie=0.0)
    winner, loser = np.where(score == 1, first, second), np.where(score == 1, second, first)
    number = {name: 104000 + 7 * k for k, name in enumerate(PLAYERS)}
    sides = {"winner": winner, "loser": loser}
    rows = []
    for i in range(220):
        row: dict[str, Any] = {
            "tourney_id": f"2024-{300 + i // 31}", "tourney_name": "Porto Open", "surface": "Clay",
            "draw_size": 32, "tourney_level": "A", "tourney_date": 20240101 + i // 31,
            "match_num": 300 - i % 31,
        }  # fmt: skip
        for side, names in sides.items():
            row |= {
                f"{side}_id": number[names[i]], f"{side}_seed": "" if i % 3 else 1 + i % 8,
                f"{side}_entry": "Q" if i % 7 == 0 else "", f"{side}_name": names[i],
                f"{side}_hand": "R", f"{side}_ht": 185, f"{side}_ioc": "POR",
                f"{side}_age": 20.1 + i % 9,
            }  # fmt: skip
        score_ = ("7-6(5) 6-4", "6-4 3-6 6-1", "W/O", "6-4 2-1 RET")[min(i % 40, 3)]
        row |= {"score": score_, "best_of": 3, "round": "R32", "minutes": "" if i % 11 else 101}
        for side in "wl":
            row |= {f"{side}_{what}": i % 13 for what in ("ace", "df", "svpt", "1stIn", "1stWon")}
        for side in sides:
            row |= {f"{side}_rank": 1 + i, f"{side}_rank_points": 3000 - i}
        rows.append(row)
    path = folder / "atp_matches_2024.csv"
    path.write_text(as_csv(rows), encoding="utf-8")
    columns = {"first": winner, "second": loser, "score": np.ones(220)}
    return Held(path, columns, ["winner_name", "loser_name"])


def annotations(folder: Path) -> Held:
    """What an automatic annotator prefers: 1 is the first output, 2 the second, null no answer."""
    first, second, score = games(MODELS, 300, 7, tie=0.05)
    rng = np.random.default_rng(7)
    soft = np.clip(2.0 - score + rng.normal(0, 0.1, 300), 1.0, 2.0).round(6)
    soft[:2] = [1.0, 2.0]
    preference: list[float | None] = soft.tolist()
    preference[10] = preference[200] = None
    rows = [
        {
            "instruction": f"Explain point {i % 60}, please.", "output_1": "First,\n\"so\".",
            "generator_1": a, "dataset": "helpful_base", "output_2": "Second.", "generator_2": b,
            "annotator": "weighted_annotator", "preference": p, "raw_completion": None,
            "price_per_example": 0.01, "time_per_example": 0.8,
        }
        for i, (a, b, p) in enumerate(zip(first, second, preference, strict=True))
    ]  # fmt: skip
    path = folder / "annotations.json"
    path.write_text(json.dumps(rows, indent=2), encoding="utf-8")
    keep = ~np.isin(np.arange(300), [10, 200])
    columns = {"first": first[keep], "second": second[keep], "score": 2.0 - soft[keep]}
    taken = ["generator_1", "generator_2", "preference"]
    return Held(path, columns, taken, dropped=2, question=True, cure=["--skip-missing"])


JUDGES = ["gpt-judge", "claude-judge", "llama-judge"]


def verdicts(folder: Path) -> Held:
    """Judges compare answers of models to prompts."""
    n = 360
    first, second, score = games(MODELS, n // 3, 8, tie=0.15)
    rng = np.random.default_rng(8)
    rows, votes = [], []
    for i in range(n):
        k = i // 3
        s = score[k] if rng.random() < 0.8 else 1.0 - score[k]
        votes.append(int(2 * s - 1))
        rows.append({
            "prompt_id": f"p{k // 2:03d}", "category": ("code", "essay")[k % 4 // 2],
            "model_a": first[k], "model_b": second[k], "judge": JUDGES[i % 3],
            "verdict": {1: "A", 0: "tie", -1: "B"}[votes[-1]], "explanation": "A is longer, so",
        })  # fmt: skip
    path = folder / "verdicts.csv"
    path.write_text(as_csv(rows), encoding="utf-8")
    columns = {
        "first": [r["model_a"] for r in rows], "second": [r["model_b"] for r in rows],
        "teacher": [r["judge"] for r in rows], "vote": votes,
        "group": [r["prompt_id"] for r in rows],
    }  # fmt: skip
    return Held(path, columns, ["model_a", "model_b", "judge", "verdict", "prompt_id"])


def crowd(folder: Path) -> Held:
    """Workers say which of two images is better; some of them cannot."""
    images = [f"https://images.example/{k:03d}.jpg" for k in range(9)]
    rng = np.random.default_rng(9)
    rows, votes = [], []
    first, second, score = games(images, 60, 9, tie=0.0)
    for i in range(420):
        k = i % 60
        right = rng.random() < 0.85
        vote = int(2 * score[k] - 1) * (1 if right else -1)
        word = "none" if i % 35 == 3 else "left" if vote > 0 else "right"
        rows.append({"left": first[k], "right": second[k], "worker": f"w{i // 60}", "label": word})
        votes.append(0 if word == "none" else vote)
    path = folder / "crowd_labels.tsv"
    path.write_text(as_csv(rows, delimiter="\t"), encoding="utf-8")
    keep = [i for i, vote in enumerate(votes) if vote]
    columns = {
        "first": [rows[i]["left"] for i in keep], "second": [rows[i]["right"] for i in keep],
        "teacher": [rows[i]["worker"] for i in keep], "vote": [votes[i] for i in keep],
    }  # fmt: skip
    taken = ["left", "right", "worker", "label"]
    return Held(path, columns, taken, dropped=len(votes) - len(keep))


def spreadsheet(folder: Path) -> Held:
    """A club's table as a spreadsheet saves it in much of Europe."""
    first, second, score = games(PLAYERS, 150, 10, tie=0.3)
    rows = [
        {
            "Date": (START + timedelta(days=i)).strftime("%d.%m.%Y"), "Player 1": a, "Player 2": b,
            "Result": {1.0: "1", 0.5: "0,5", 0.0: "0"}[s], "Fee": f"{i % 7},50",
            "Remark": "late; by phone" if i % 20 == 0 else "",
        }
        for i, (a, b, s) in enumerate(zip(first, second, score.tolist(), strict=True))
    ]  # fmt: skip
    path = folder / "club.csv"
    text = as_csv(rows, delimiter=";").replace("\n", "\r\n")
    path.write_bytes(text.encode("cp1252" if "Ø" in text else "utf-8-sig"))
    columns = {"first": first, "second": second, "score": score}
    return Held(path, columns, ["Player 1", "Player 2", "Result"])


def parquet(folder: Path) -> Held:
    """A table of a warehouse: categories, times, wholes, truth values, and nulls elsewhere."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, columns = battles(300, 11)
    names = {name: [row[name] for row in rows] for name in ("model_a", "model_b", "winner")}
    table = pa.table({
        "battle_time": pa.array([START + timedelta(hours=i) for i in range(300)],
                                pa.timestamp("us", "UTC")),
        "day": pa.array([(START + timedelta(hours=i)).date() for i in range(300)]),
        **{name: pa.array(values).dictionary_encode() for name, values in names.items()},
        "turns": pa.array([1 + i % 3 for i in range(300)], pa.int16()),
        "anonymous": pa.array([bool(i % 2) for i in range(300)]),
        "rating_hint": pa.array([None if i % 4 else 0.5 for i in range(300)], pa.float32()),
        "tokens": pa.array([[i, i + 1] for i in range(300)]),
    })  # fmt: skip
    path = folder / "battles.parquet"
    pq.write_table(table, path, row_group_size=100)
    return Held(path, columns, ["model_a", "model_b", "winner"])


#: Kinds of comparisons, and of votes of a panel.
COMPARISONS: dict[str, Callable[[Path], Held]] = {
    "arena, CSV": arena_csv,
    "arena, JSON lines": arena_json_lines,
    "arena, JSON array": arena_json_array,
    "football": football,
    "chess": chess,
    "tennis": tennis,
    "annotations": annotations,
    "spreadsheet": spreadsheet,
    "Parquet": parquet,
}
VOTES: dict[str, Callable[[Path], Held]] = {"verdicts over prompts": verdicts, "crowd": crowd}
