"""Real votes as something to ask: crowd workers on arguments, retrieval systems on documents.

Both are read from a folder that the package does not carry. An ask takes votes that were really
cast: one unused vote of the pair (arguments), or what each system's ranking says (documents).
"""

from __future__ import annotations

import csv
import gzip
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import venire as vn
from benchmarks.rounds import FOLDS, LINEAR, PLAIN, Asks, nmse, runs

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def read(folder: Path, name: str) -> dict[str, np.ndarray]:
    """Columns of a file, as text."""
    with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def standardized(x: np.ndarray) -> np.ndarray:
    return (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)


class Replay:
    """What the two have in common: items of groups, their features, a student."""

    spare = 0.5  # more picks than needed, since some have no answer

    def __init__(self, group: np.ndarray, features: np.ndarray, seed: int) -> None:
        self.group, self.features, self.seed = group, features, seed
        self.n_items = np.bincount(group)
        self.offsets = np.concatenate([[0], np.cumsum(self.n_items)])

    @property
    def width(self) -> int:
        """Items of the largest group."""
        return int(self.n_items.max())

    @property
    def items(self) -> tuple[np.ndarray, np.ndarray]:
        return self.group, np.arange(len(self.group)) - self.offsets[self.group]

    def out_of_fold(self, theta: np.ndarray) -> np.ndarray:
        return vn.simulate.out_of_fold(
            LINEAR, self.features, theta, self.group, n_folds=FOLDS, rng=self.seed
        )

    def student_r2(self, theta: np.ndarray) -> float:
        """Of predictions out of fold: there are no fresh groups."""
        return 1.0 - nmse(self.out_of_fold(theta), self.truth, self.n_items)


class Arguments(Replay):
    """Crowd workers' votes on which of two arguments of a topic convinces more."""

    votes_per_ask = 1

    def __init__(self, folder: Path, seed: int) -> None:
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfVectorizer

        arguments, votes = read(folder, "ukp_arguments"), read(folder, "ukp_votes")
        _, group = np.unique(arguments["topic"], return_inverse=True)
        order = np.argsort(group, kind="stable")
        text = arguments["text"][order]
        words = TfidfVectorizer(sublinear_tf=True, min_df=2).fit_transform(text)
        topics = TruncatedSVD(50, random_state=0).fit_transform(words)
        length = np.log1p([[len(t), len(t.split())] for t in text.tolist()])
        super().__init__(group[order], np.hstack([topics, standardized(length)]), seed)
        flat = {label: k for k, label in enumerate(arguments["argument"][order].tolist())}
        first = np.array([flat[label] for label in votes["a"].tolist()])
        second = np.array([flat[label] for label in votes["b"].tolist()])
        g = self.group[first]
        share = np.select([votes["vote"] == "A", votes["vote"] == "B"], [1.0, 0.0], 0.5)
        self.all = Asks(g, first - self.offsets[g], second - self.offsets[g])
        self.share = np.where(first < second, share, 1.0 - share)  # of the pair's lower item
        self._shuffle(np.random.default_rng([seed, 2]))

    def _shuffle(self, rng: np.random.Generator) -> None:
        """The votes of each pair in the order in which they are handed out."""
        key = self.all.pair(self.width)
        order = np.lexsort((rng.random(len(key)), key))
        self.pairs, self.start, self.count = np.unique(
            key[order], return_index=True, return_counts=True
        )
        self.handed = self.share[order]

    @cached_property
    def truth(self) -> np.ndarray:
        low, high = np.minimum(*self.all[1:]), np.maximum(*self.all[1:])
        rows = vn.GroupedComparisons(self.all.group, low, high, self.share, items=self.items)
        return vn.fit_groups(rows, prior=PLAIN).theta

    def _left(self, asked: Asks) -> tuple[np.ndarray, np.ndarray]:
        """Where each ask's vote is, and whether there is one."""
        key = asked.pair(self.width)
        at = np.minimum(np.searchsorted(self.pairs, key), len(self.pairs) - 1)
        run = runs(key)
        known = (self.pairs[at] == key) & (run < self.count[at])
        return self.start[at] + np.where(known, run, 0), known

    def comparisons(self, asked: Asks) -> vn.GroupedComparisons:
        place, known = self._left(asked)
        score = self.handed[place]
        score = np.where(asked.first < asked.second, score, 1.0 - score)
        return vn.GroupedComparisons(
            *(column[known] for column in asked), score[known], items=self.items
        )

    def answerable(self, asked: Asks, new: Asks) -> np.ndarray:
        return self._left(asked.joined(new))[1][len(asked.group) :]

    @cached_property
    def unavailable(self) -> Asks:
        """Pairs without votes."""
        every = vn.design.design_pairs(self.n_items, method="all")
        every = Asks(every.group, every.first, every.second)
        missing = ~np.isin(every.pair(self.width), self.pairs)
        return Asks(*(column[missing] for column in every))


class Documents(Replay):
    """Four retrieval systems: each votes for the document of a query that it ranks higher."""

    def __init__(self, folder: Path, seed: int) -> None:
        ranks, docs, queries = (
            read(folder, f"cranfield_{name}") for name in ("runs", "docs", "queries")
        )
        systems, system = np.unique(ranks["system"], return_inverse=True)
        query = ranks["query_id"].astype(np.int64)
        doc = ranks["doc_id"].astype(np.int64)
        items, item = np.unique(np.stack([query, doc], 1), axis=0, return_inverse=True)
        self.rank = np.full((len(items), len(systems)), np.inf)
        self.rank[item.ravel(), system] = ranks["rank"].astype(float)
        _, group = np.unique(items[:, 0], return_inverse=True)
        super().__init__(group, _text_features(items, docs, queries), seed)
        self.votes_per_ask = len(systems)
        self.unavailable = None

    def _votes(self, asked: Asks) -> vn.Votes:
        first, second = (self.offsets[asked.group] + x for x in asked[1:])
        one, two = self.rank[first], self.rank[second]
        vote = (one < two).astype(np.int8) - (one > two)
        ask, teacher = np.nonzero(vote)
        return vn.Votes(
            asked.first[ask], asked.second[ask], teacher, vote[ask, teacher],
            group=asked.group[ask],
        )  # fmt: skip

    def comparisons(self, asked: Asks) -> vn.GroupedComparisons:
        votes = self._votes(asked)
        return vn.fit_votes(
            votes, method="consensus", prior=PLAIN, rho=0.3, items=self.items
        ).comparisons

    @cached_property
    def truth(self) -> np.ndarray:
        every = vn.design.design_pairs(self.n_items, method="all")
        rows = self.comparisons(Asks(every.group, every.first, every.second))
        return vn.fit_groups(rows, prior=PLAIN).theta

    def answerable(self, asked: Asks, new: Asks) -> np.ndarray:
        """No pair a second time: a ranking would only say the same again."""
        return runs(asked.joined(new).pair(self.width))[len(asked.group) :] == 0


def _text_features(items: np.ndarray, docs: Any, queries: Any) -> np.ndarray:
    """Of each (query, document): cosines of TF-IDF and of its LSA, overlap of words, length."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.preprocessing import normalize

    vectorizer = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    body = vectorizer.fit_transform(
        [f"{a} {b}" for a, b in zip(docs["title"], docs["text"], strict=True)]
    )
    asked = vectorizer.transform(queries["text"])
    svd = TruncatedSVD(100, random_state=0)
    lsa = normalize(svd.fit_transform(body))
    lsa_asked = normalize(svd.transform(asked))
    at_doc = {int(k): n for n, k in enumerate(docs["doc_id"].tolist())}
    at_query = {int(k): n for n, k in enumerate(queries["query_id"].tolist())}
    d = np.array([at_doc[k] for k in items[:, 1].tolist()])
    q = np.array([at_query[k] for k in items[:, 0].tolist()])
    cosine = np.asarray(body[d].multiply(asked[q]).sum(axis=1)).ravel()
    common = np.asarray((body[d] > 0).multiply(asked[q] > 0).sum(axis=1)).ravel()
    overlap = common / np.maximum(np.asarray((asked[q] > 0).sum(axis=1)).ravel(), 1)
    length = np.log1p(np.asarray((body[d] > 0).sum(axis=1)).ravel())
    lsa_cosine = (lsa[d] * lsa_asked[q]).sum(axis=1)
    return standardized(np.stack([cosine, lsa_cosine, overlap, length], axis=1))
