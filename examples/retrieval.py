"""Four retrieval systems teach a student: pairs of documents, a loop, queries held out.

    python examples/retrieval.py FOLDER

FOLDER holds cranfield_docs, cranfield_queries, cranfield_qrels and cranfield_runs (.csv.gz): 113
queries, the first 50 documents that each of four systems finds, and graded relevance. The systems
are the teachers. Asked about two documents of a query, a system votes for the one that it ranks
higher; documents beyond its first 50 come last, and of two such it says nothing. The student is a
ridge regression on a few features of the two texts, judged on queries that it has not seen by
nDCG@10 among the documents that any system found. Needs scikit-learn: pip install 'venire[ml]'.
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
from sklearn.preprocessing import normalize

import venire as vn
from venire.distillation import ndcg

ROUNDS, LAST = 3, 1000


class Collection(NamedTuple):
    """One row per query and document; rows of a query are together."""

    query: np.ndarray
    document: np.ndarray
    gain: np.ndarray  # 4 the best, 0 not relevant
    features: np.ndarray  # centred within each query
    systems: list[str]
    rank: np.ndarray  # (rows, systems)


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def read(folder: Path) -> Collection:
    runs = list(rows(folder, "cranfield_runs"))
    systems = sorted({r["system"] for r in runs})
    keys = sorted({(int(r["query_id"]), int(r["doc_id"])) for r in runs})
    at = {key: row for row, key in enumerate(keys)}
    rank = np.full((len(keys), len(systems)), LAST)
    for r in runs:
        rank[at[int(r["query_id"]), int(r["doc_id"])], systems.index(r["system"])] = int(r["rank"])
    gain = np.zeros(len(keys))
    for r in rows(folder, "cranfield_qrels"):
        key = int(r["query_id"]), int(r["doc_id"])
        if key in at:
            gain[at[key]] = 5 - int(r["code"])
    query, document = np.array(keys).T
    features = text_features(folder, query, document)
    return Collection(query, document, gain, features, systems, rank)


def text_features(folder: Path, query: np.ndarray, document: np.ndarray) -> np.ndarray:
    """Cosines of words, of latent factors and with the title; words shared; length."""
    documents = {int(r["doc_id"]): r for r in rows(folder, "cranfield_docs")}
    queries = {int(r["query_id"]): r["text"] for r in rows(folder, "cranfield_queries")}
    d = np.searchsorted(sorted(documents), document)
    q = np.searchsorted(sorted(queries), query)
    texts = [f"{r['title']} {r['text']}" for _, r in sorted(documents.items())]
    titles = [r["title"] for _, r in sorted(documents.items())]
    tfidf = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    words = tfidf.fit_transform(texts)
    asked = tfidf.transform([text for _, text in sorted(queries.items())])
    factors = TruncatedSVD(100, random_state=0).fit(words)
    latent, latent_asked = (normalize(factors.transform(x)) for x in (words, asked))

    def product(a, b):
        return np.asarray(a[q].multiply(b[d]).sum(axis=1)).ravel()

    shared = product((asked > 0).astype(float), (words > 0).astype(float))
    columns = [
        product(asked, words),
        (latent_asked[q] * latent[d]).sum(axis=1),
        product(asked, tfidf.transform(titles)),
        shared / np.maximum(np.asarray((asked > 0).sum(axis=1)).ravel()[q], 1),
        np.log([1 + len(texts[k].split()) for k in d]),
    ]
    columns += [columns[0] ** 2, columns[1] ** 2, columns[0] * columns[1]]
    table = np.column_stack(columns)
    _, group = np.unique(query, return_inverse=True)
    size = np.bincount(group)
    mean = np.column_stack([np.bincount(group, column) / size for column in table.T])
    table -= mean[group]
    return table / table.std(axis=0)


def play(
    c: Collection, *, criterion: str | None = None, method: str = "fit", degree: int = 4
) -> vn.distillation.Distillation:
    """A loop of three rounds, one system per pair in rotation."""
    loop = vn.distillation.Distillation(
        (c.query, c.document), c.systems, gold=c.gain, degree=degree, bridges=0, method=method
    )
    for number in range(ROUNDS):
        asked = loop.ask(criterion=criterion if number else None)
        while len(asked):  # where a system has nothing to say, the next one is asked
            first, second = (where(c, asked.group, x) for x in (asked.first, asked.second))
            system = np.searchsorted(c.systems, asked.teacher)
            vote = np.sign(c.rank[second, system] - c.rank[first, system])
            loop.tell(asked.request[vote != 0], vote[vote != 0])
            asked = loop.withdraw(requests=asked.request[vote == 0])
        loop.fit_student(Ridge(3.0), c.features)
    return loop


def where(c: Collection, query: np.ndarray, document: np.ndarray) -> np.ndarray:
    """Rows of these queries' documents."""
    key = c.query * (LAST * LAST) + c.document
    return np.searchsorted(key, query * (LAST * LAST) + document)


WAYS = {
    "adaptive, teachers weighed": {},
    "adaptive, plain averages": {"method": "uniform"},
    "uniform, teachers weighed": {"criterion": "uniform"},
    "uniform, plain averages": {"criterion": "uniform", "method": "uniform"},
}


def teachers_ndcg(c: Collection) -> dict[str, float]:
    """Mean nDCG@10 of each system's own ranking."""
    offsets = np.append(np.unique(c.query, return_index=True)[1], len(c.query))
    return {
        system: float(np.nanmean(ndcg(offsets, -rank, c.gain)))
        for system, rank in zip(c.systems, c.rank.T, strict=True)
    }


def main() -> None:
    c = read(Path(sys.argv[1]))
    print("nDCG@10 of the teachers themselves")
    for system, value in teachers_ndcg(c).items():
        print(f"  {system:<28}{value:.3f}")
    print("\nnDCG@10 after each round: of the ratings, and of the student on queries held out")
    for name, options in WAYS.items():
        r = play(c, **options).report()
        for k in range(len(r)):
            print(f"  {name if k == 0 else '':<28}{r['total_votes'][k]:>8,} votes"
                  f"{r['ndcg'][k]:>8.3f}{r['student_ndcg'][k]:>8.3f}")  # fmt: skip


if __name__ == "__main__":
    main()
