"""What to know of ratings over prompts, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from venire.panel import Notice

if TYPE_CHECKING:
    from venire.targets._rated import Rated

__all__ = ["notes_of"]

MOST_ITEMS = 2000  # of errors by prompt, which invert a dense matrix
FEW = 10  # prompts
ONE_SIDED = 0.6  # share of its votes in which a model was shown first
_EXAMPLES = 5


def notes_of(rated: Rated) -> list[Notice]:
    """All that apply, the gravest first."""
    found = (
        _of_prompts(rated),
        _of_models(rated),
        _of_weights(rated),
        _of_categories(rated),
        _of_order(rated),
    )
    return [Notice(*words) for part in found for words in part]


def _named(labels: Any) -> str:
    names = [str(x) for x in labels[:_EXAMPLES].tolist()]
    rest = len(labels) - len(names)
    return ", ".join(names) + (f" and {rest:,} more" if rest else "")


def _of_prompts(rated: Rated) -> Iterator[tuple[str, str]]:
    n = rated.n_clusters
    if n == 1:
        yield (
            "one prompt",
            "all votes are about one prompt: how far ratings differ from prompt to prompt is not "
            "known, and there are no errors by prompt. Add prompts.",
        )
    elif n < FEW:
        yield (
            "few prompts",
            f"{n} prompts only: errors by prompt are themselves uncertain, and intervals wide for "
            "it. Add prompts rather than judges.",
        )


def _of_models(rated: Rated) -> Iterator[tuple[str, str]]:
    parts = int(rated.fit.component.max(initial=0)) + 1
    if parts > 1:
        how = (
            "each is rated by itself, about a mean of its own"
            if rated.fit.prior is None
            else "only the prior holds them on one scale"
        )
        yield (
            "never met",
            f"the models fall into {parts} parts that no prompt compares with each other: {how}. "
            "Judge some prompts across them.",
        )
    if rated.n_clusters > 1 and len(rated.theta) <= MOST_ITEMS:
        alone = np.isnan(rated.standard_errors()) & np.isfinite(rated.theta)
        if alone.any():
            yield (
                "hangs on one prompt",
                f"a single prompt holds these to the others: {_named(rated.items[alone])}. Their "
                "errors by prompt are not known; judge them on more prompts. Errors of the others "
                "are about the mean of the others.",
            )


def _of_weights(rated: Rated) -> Iterator[tuple[str, str]]:
    if rated.weights_are_given:
        yield (
            "weights taken as given",
            f"the errors do not know how far the weights of method {rated.consensus.method!r} are "
            "off: intervals are somewhat too narrow.",
        )


def _of_categories(rated: Rated) -> Iterator[tuple[str, str]]:
    if rated.by is None:
        return
    bad = ~np.isfinite(rated.by.residual)
    if bad.any():
        yield (
            "no fit in a category",
            f"in these some model won or lost everything: {_named(rated.categories[bad])}. They "
            "have no ratings without a prior: prior=GaussianPrior(0.1), say.",
        )


def _of_order(rated: Rated) -> Iterator[tuple[str, str]]:
    votes = rated.consensus.votes
    swapped, names = votes.swapped_runs, votes.names
    if swapped is None or rated.category is not None:
        return
    bias, lower, upper = rated.leans()
    with np.errstate(invalid="ignore"):
        leaning = (lower > 0.0) | (upper < 0.0)
    n_items = len(rated.items)
    pair = votes.pair
    shown_first = np.zeros(n_items)
    shown = np.zeros(n_items)
    plain = votes.runs - swapped
    for items, first in ((names.first, plain), (names.second, swapped)):
        shown_first += np.bincount(items[pair], first, n_items)  # type: ignore[index]
        shown += np.bincount(items[pair], votes.runs, n_items)  # type: ignore[index]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = shown_first / shown
        often = (share > ONE_SIDED) | (share < 1.0 - ONE_SIDED)
    unknown = np.isnan(bias).all()
    if often.any() and (leaning.any() or unknown):
        who = (
            "how far judges favour a position is not known"
            if unknown
            else f"judges that favour a position: {_named(rated.teachers[leaning])}"
        )
        yield (
            "shown on one side",
            f"{_named(rated.items[often])}: shown first in more than {ONE_SIDED:.0%} of the votes, "
            f"or second; {who}. Their ratings have that in them: show each model as often first "
            "as second.",
        )
