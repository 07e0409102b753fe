"""What to know of judges in the likelihood, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from venire.data.votes import Votes
from venire.panel import Notice
from venire.ratings import GroupedFit
from venire.targets._judge_step import Judged

__all__ = ["notes_of"]

FEW, EXAMPLES = 10, 5  # votes of a judge; judges that are named


def notes_of(votes: Votes, fit: GroupedFit, found: Judged, has_order: bool) -> tuple[Notice, ...]:
    """All that apply, the gravest first."""
    parts = (
        _of_groups(fit),
        _of_components(votes, fit),
        _of_all(found),
        _of_some(votes.teachers, found),
        _of_orders(has_order),
    )
    return tuple(Notice(*words) for part in parts for words in part)


def _of_groups(fit: GroupedFit) -> Iterator[tuple[str, str]]:
    lost = np.count_nonzero(~np.isfinite(fit.residual))
    if lost:
        yield (
            "no fit",
            f"{lost:,} groups have no finite fit, and their votes say nothing of the judges. Use a "
            "prior.",
        )


def _of_components(votes: Votes, fit: GroupedFit) -> Iterator[tuple[str, str]]:
    n = int(fit.n_components[0]) if votes.groups is None else 1
    if n > 1:
        yield (
            "components",
            f"the items are in {n:,} components that never met: compare ratings only within one. "
            "If those are topics or prompts, give them as groups.",
        )


def _of_all(found: Judged) -> Iterator[tuple[str, str]]:
    n = np.count_nonzero(found.mass > 0.0)
    if n == 1:
        yield (
            "one judge",
            "there is one judge only: its slope is the unit of the ratings, no finding.",
        )
    elif n and not np.isnan(found.slope_variance).any() and not found.apart:
        yield (
            "alike",
            "the slopes differ by no more than chance makes of judges that are alike: their spread "
            f"of {found.spread.slope:.2g} is what is assumed before any vote, or noise. Read "
            "nothing into the order of the judges.",
        )


def _of_some(judges: Any, found: Judged) -> Iterator[tuple[str, str]]:
    seen = found.mass > 0.0
    zero, turned, few = seen & (found.slope == 0.0), seen & (found.slope < 0.0), found.mass < FEW
    if zero.any():
        yield (
            "without slope",
            f"{_named(judges[zero])}: slope 0. Their votes say nothing of the ratings, or the "
            "opposite of what the others say. signed=True turns such judges around; get some gold "
            "before, if judges are few.",
        )
    if turned.any():
        yield (
            "turned",
            f"{_named(judges[turned])}: a negative slope. Their votes count the other way round, "
            "which is right only if the others, or the gold, are.",
        )
    if few.any():
        yield (
            "few votes",
            f"{_named(judges[few])}: under {FEW} votes. What is shown of them is mostly the "
            "average of all.",
        )


def _of_orders(has_order: bool) -> Iterator[tuple[str, str]]:
    if not has_order:
        yield (
            "no orders",
            "the orders shown were not recorded (swapped), so there are no position biases.",
        )


def _named(labels: Any) -> str:
    names = [str(x) for x in labels[:EXAMPLES].tolist()]
    rest = len(labels) - len(names)
    return ", ".join(names) + (f" and {rest:,} more" if rest else "")
