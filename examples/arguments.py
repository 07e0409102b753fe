"""Crowd votes on arguments, replayed: how many of them a loop needs, what a student learns.

    python examples/arguments.py FOLDER

FOLDER holds ukp_arguments and ukp_votes (.csv.gz): 516 arguments on 16 topics, and about five votes
of crowd workers on each pair of arguments of a topic as to which is the more convincing one. The
loop chooses pairs; each ask is answered by a vote of the pair that was not used yet, drawn at
random. Strengths are compared with those that all 40,699 votes give. The student is a ridge
regression on the words of the arguments, judged on topics that it has not seen. Needs
scikit-learn: pip install 'venire[ml]'.
"""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

import venire as vn

ROUNDS = 4


class Crowd(NamedTuple):
    """Arguments and all votes on them."""

    topic: np.ndarray  # of each argument
    argument: np.ndarray
    features: np.ndarray
    votes: dict[str, np.ndarray]  # columns topic, a, b, vote
    strength: np.ndarray  # of each argument, by all votes


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def read(folder: Path) -> Crowd:
    arguments = sorted(rows(folder, "ukp_arguments"), key=lambda r: (r["topic"], r["argument"]))
    topic = np.array([r["topic"] for r in arguments])
    argument = np.array([r["argument"] for r in arguments])
    texts = [r["text"] for r in arguments]
    words = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    parts = TruncatedSVD(50, random_state=0).fit_transform(words)
    length = np.log([[1 + len(text), 1 + len(text.split())] for text in texts])
    features = StandardScaler().fit_transform(np.hstack([parts, length]))
    found = list(rows(folder, "ukp_votes"))
    votes = {name: np.array([r[name] for r in found]) for name in ("topic", "a", "b", "vote")}
    score = np.select([votes["vote"] == "A", votes["vote"] == "B"], [1.0, 0.0], 0.5)
    everything = vn.GroupedComparisons(votes["topic"], votes["a"], votes["b"], score)
    strength = vn.fit_groups(everything, prior=vn.GaussianPrior(0.1)).theta
    return Crowd(topic, argument, features, votes, strength)


class Replay:
    """A teacher that answers with votes that were cast, each of them once."""

    def __init__(self, crowd: Crowd, seed: int) -> None:
        v, self.left = crowd.votes, {}
        for row in np.random.default_rng(seed).permutation(len(v["vote"])).tolist():
            key = (v["topic"][row], v["a"][row], v["b"][row])
            self.left.setdefault(key, []).append({"A": 1, "B": -1}.get(v["vote"][row], 0))

    def __call__(self, requests: vn.distillation.Requests) -> dict[str, np.ndarray]:
        """Requests that there are votes for, and the votes."""
        answered, votes = [], []
        shown = zip(requests.group, requests.first, requests.second, strict=True)
        for request, (topic, first, second) in zip(requests.request, shown, strict=True):
            for key, sign in (((topic, first, second), 1), ((topic, second, first), -1)):
                if self.left.get(key):
                    answered.append(request)
                    votes.append(sign * self.left[key].pop())
                    break
        return {"request": np.array(answered, np.int64), "vote": np.array(votes, np.int64)}


def play(crowd: Crowd, criterion: str | None = None, seed: int = 0) -> vn.distillation.Report:
    """A loop of four rounds of one vote an argument and round, after two in the first."""
    loop = vn.distillation.Distillation(
        (crowd.topic, crowd.argument), ["crowd"], gold=crowd.strength, bridges=0, rng=seed
    )
    answer = Replay(crowd, seed)
    for number in range(ROUNDS):
        loop.tell(answer(loop.ask(criterion=criterion if number else None)))
        loop.fit_student(Ridge(200.0), crowd.features)
    return loop.report()


def main() -> None:
    crowd = read(Path(sys.argv[1]))
    for name, criterion in (("adaptive", None), ("uniform", "uniform")):
        print(f"{name}\n{play(crowd, criterion)}\n")


if __name__ == "__main__":
    main()
