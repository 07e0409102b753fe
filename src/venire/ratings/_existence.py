"""Does a unique finite fit exist? If not, say why and what to do.

The conditions, and why they are the right ones, are in `venire.reference.existence`; here they are
checked on millions of comparisons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from venire.errors import NotIdentifiedError
from venire.models import model_of

if TYPE_CHECKING:
    from venire.data.comparisons import Comparisons

__all__ = ["BY_THEMSELVES", "require_existence"]

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
    free_tie = model_of(model).tie is not None and c.cells.tie is not None
    graph = c.graph()
    weak, absence = graph.existence(order_effect, free_tie, prior)
    if absence:
        reason, cure = ABSENCES[absence]
        if "{n_strong}" in reason:
            reason = reason.format(n_strong=graph.components(True)[1])
        _refuse(c, reason, cure, graph)
    return weak


_NO_PRIOR_HELPS = "a prior on theta does not bound it: fit without it"
_ORDER = (
    "no closed walk of wins leads {} the order advantage on balance, so the order effect is not "
    "bounded or cannot be told from the items' strengths"
)

#: Of the cure: what paths do not have.
BY_THEMSELVES = ", or components='strong' to fit each strongly connected component by itself"

#: Why there is no fit, and the cure, by the native layer's code.
ABSENCES = {
    1: (
        "the graph of wins has {n_strong} strongly connected components, so some items' strengths "
        "would be infinite",
        "use a prior, such as prior=GaussianPrior(0.01)" + BY_THEMSELVES,
    ),
    2: (_ORDER.format("against"), "fit without order_effect"),
    3: (_ORDER.format("with"), "fit without order_effect"),
    4: (
        "no closed walk of wins and ties has more wins than ties, so the tie parameter is not "
        "bounded",
        "use a model that counts a tie as half a win (fit_bradley_terry)",
    ),
    5: (
        "the order effect is not bounded: wins with the order advantage and wins against it must "
        "both occur",
        _NO_PRIOR_HELPS,
    ),
    6: (
        "the tie parameter is not bounded: there are ties but no wins that hold it back",
        _NO_PRIOR_HELPS,
    ),
}


def _refuse(c: Comparisons, reason: str, cure: str, graph: Any) -> NoReturn:
    won, lost = np.zeros(c.n_items, bool), np.zeros(c.n_items, bool)
    for mass in (c.win, c.cells.tie):
        if mass is not None:
            won[c.first[mass > 0.0]] = True
            lost[c.second[mass > 0.0]] = True
    for mass in (c.loss, c.cells.tie):
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
