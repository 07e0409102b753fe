"""Play the teachers of a loop over files: ``python examples/answers.py requests.csv votes.csv``.

Each request of ``venire distill ask`` is answered from the column `gold` of ``venire data
documents``, with an error that depends on the teacher; a real loop has people or models do this.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

import venire as vn

ERROR = {"gpt": 0.3, "crowd": 1.5}


def rows(path: str | Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main(requests: str, votes: str) -> None:
    known = rows(vn.datasets.path("documents"))
    gold = {(row["query"], row["doc"]): float(row["gold"]) for row in known}
    rng = np.random.default_rng(0)
    with open(votes, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["request", "vote"])
        for row in rows(requests):
            first = gold[row["group"], row["first"]]
            second = gold[row["second_group"], row["second"]]
            seen = first - second + rng.normal(0.0, ERROR[row["teacher"]])
            writer.writerow([row["request"], "first" if seen > 0.0 else "second"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
