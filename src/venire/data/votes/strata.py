"""Which prompt each group of votes is, and of which category, where votes are read by category."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from venire.data.coding import Encoded, encode_one

__all__ = ["Strata", "composed", "stratified"]


class Strata(NamedTuple):
    """Prompt and category of each group.

    Attributes
    ----------
    prompts, categories : ndarray
        Labels. No categories: there is no division.
    prompt, category : ndarray of int64, shape (n_groups,)
        Positions of them.
    """

    prompts: NDArray[Any]
    categories: NDArray[Any]
    prompt: NDArray[np.int64]
    category: NDArray[np.int64]

    @classmethod
    def plain(cls, groups: NDArray[Any]) -> Strata:
        """Without categories: groups are prompts."""
        n = len(groups)
        return cls(groups, np.empty(0, object), np.arange(n), np.zeros(n, np.int64))

    @property
    def divides(self) -> bool:
        """Whether a prompt is of several categories, and groups are pairs of the two."""
        return len(self.prompt) > len(self.prompts)

    @property
    def several(self) -> bool:
        """Whether there are categories."""
        return len(self.categories) > 0


def stratified(group: Any, by: Any, n: int) -> tuple[Encoded, Strata]:
    """Groups of rows, kept apart by category.

    Where every prompt is of one category the groups are the prompts. Else they are pairs of the
    two, named "prompt [category]", so that votes on the same answers in two categories (criteria,
    turns) are never taken for repeated runs of one judgment.
    """
    prompts, prompt = encode_one(group, "group", n=n)
    categories, category = encode_one(by, "by", n=n)
    key = prompt.astype(np.int64) * len(categories) + category
    distinct, code = np.unique(key, return_inverse=True)
    own, kind = distinct // len(categories), distinct % len(categories)
    if len(np.unique(own)) == len(own):  # one category each
        of_prompt = np.zeros(len(prompts), np.int64)
        of_prompt[own] = kind
        every = np.arange(len(prompts))
        return Encoded(prompts, prompt), Strata(prompts, categories, every, of_prompt)
    names = composed(prompts[own], categories[kind])
    order = np.argsort(names, kind="stable")
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return Encoded(names[order], rank[code]), Strata(prompts, categories, own[order], kind[order])


def composed(prompt: NDArray[Any], category: NDArray[Any]) -> NDArray[Any]:
    """Names of groups that are a prompt in one of its categories."""
    both = zip(prompt.tolist(), category.tolist(), strict=True)
    return np.array([f"{p} [{c}]" for p, c in both], object)
