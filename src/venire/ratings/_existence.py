"""Does a unique finite fit exist? If not, say why and what to do.

The conditions, and why they are the right ones, are in `venire.reference.existence`; here they are
checked on millions of comparisons.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from venire.errors import NotIdentifiedError
from venire.ratings._problem import TIE_MODELS

if TYPE_CHECKING:
    from venire.comparisons import Comparisons

__all__ = ["require_existence"]

EXAMPLES = 10  # items listed at most in the error's attributes; a third of them in its message


def require_existence(
    c: Comparisons, model: str, *, order_effect: bool = False, prior: bool = False
) -> np.ndarray:
    """Weak components of the items, (n_items,) int32, when a unique finite fit exists.

    Raises
    ------
    NotIdentifiedError
        With the number of strong components, example items and the cure.
    """
    free_tie = model in TIE_MODELS and c._tie is not None
    graph = c._graph()
    whole = graph.strongly_connected()
    weak, n_weak = (np.zeros(c.n_items, np.int32), 1) if whole else graph.components(False)
    if prior:
        reason = _theta_is_held(c, free_tie, order_effect)
        if reason:
            _refuse(c, reason, "a prior on theta does not bound it: fit without it", graph)
        return weak
    n_strong = 1 if whole else graph.components(True)[1]
    if n_strong > n_weak:
        _refuse(
            c,
            f"the graph of wins has {n_strong} strongly connected components, so some items' "
            "strengths would be infinite",
            "use a prior, such as prior=GaussianPrior(0.01), or components='strong' to fit each "
            "strongly connected component by itself",
            graph,
        )
    if order_effect:
        for p, word in ((1, "against"), (-1, "with")):
            if graph.negative_cycle(p, 0) is None:
                _refuse(
                    c,
                    f"no closed walk of wins leads {word} the order advantage on balance, so the "
                    "order effect is not bounded or cannot be told from the items' strengths",
                    "fit without order_effect",
                    graph,
                )
    if free_tie:
        bounded = not _some_offset_works(graph) if order_effect else graph.negative_cycle(0, 1)
        if not bounded:
            _refuse(
                c,
                "no closed walk of wins and ties has more wins than ties, so the tie parameter is "
                "not bounded",
                "use a model that counts a tie as half a win (fit_bradley_terry)",
                graph,
            )
    return weak


def _some_offset_works(graph: Any) -> bool:
    """Is there a c with no cycle of negative length c * orders + gaps?

    Each bad cycle cuts off a half-line of c. Starting at 0, c moves to where the bad cycle stops
    being bad, always to the same side; a bad cycle that points the other way (or nowhere) proves
    that no c is left.
    """
    bad = graph.negative_cycle(0, 1)
    side = 0
    while bad is not None:
        orders, gaps = bad
        if orders == 0 or side * orders < 0:
            return False
        side = 1 if orders > 0 else -1
        c = Fraction(-gaps, orders)
        bad = graph.negative_cycle(c.numerator, c.denominator)
    return True


def _theta_is_held(c: Comparisons, free_tie: bool, order_effect: bool) -> str:
    """Why gamma or the tie parameter is not bounded although theta is; empty when they are."""
    half = 0.0 if c._tie is None or free_tie else c._tie
    wins = _values(c.order[(c.win + half) > 0.0]) | _values(-c.order[(c.loss + half) > 0.0])
    ties: set[int] = set()
    if free_tie and c._tie is not None:
        ties = _values(np.abs(c.order[c._tie > 0.0]))
    if order_effect and ties <= {0} and any(all(s * o >= 0 for o in wins) for s in (1, -1)):
        return (
            "the order effect is not bounded: wins with the order advantage and wins against it "
            "must both occur"
        )
    if free_tie and (not wins or (order_effect and wins in ({1}, {-1}))):
        return "the tie parameter is not bounded: there are ties but no wins that hold it back"
    return ""


def _values(x: np.ndarray) -> set[int]:
    return {int(v) for v in (-1, 0, 1) if (x == v).any()}


def _refuse(c: Comparisons, reason: str, cure: str, graph: Any) -> NoReturn:
    won, lost = np.zeros(c.n_items, bool), np.zeros(c.n_items, bool)
    for mass in (c.win, c._tie):
        if mass is not None:
            won[c.first[mass > 0.0]] = True
            lost[c.second[mass > 0.0]] = True
    for mass in (c.loss, c._tie):
        if mass is not None:
            won[c.second[mass > 0.0]] = True
            lost[c.first[mass > 0.0]] = True
    groups = {"undefeated": won & ~lost, "winless": lost & ~won, "isolated": ~won & ~lost}
    told = ""
    for name, mask in groups.items():
        if mask.any():
            examples = ", ".join(str(x) for x in c.items[mask][:3])
            count = int(mask.sum())
            told += f"; {name}: {examples}" + (f" and {count - 3} more" if count > 3 else "")
    raise NotIdentifiedError(
        f"no unique finite fit exists: {reason}{told}. Cure: {cure}",
        n_components=graph.components(True)[1],
        **{name: c.items[mask][:EXAMPLES].tolist() for name, mask in groups.items()},
    )
