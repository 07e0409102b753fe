"""Does a unique finite fit exist?

The log-likelihood is concave, so a unique maximum exists unless it fails to fall along some
direction (d, c, g) of (theta, gamma, log tie parameter). Along a direction nothing falls iff

* every observed win has  Delta >= max(0, G),
* every observed tie has  |Delta| <= G,

where Delta = d_winner - d_loser + c * order (order from the winner's side) and G is 2g for
Davidson and g for Rao-Kupper. With ties observed G >= 0, so, up to scale, G is 0 or 1. For a given
c these are difference constraints on d: they can be met iff the graph with an edge

* winner -> loser of length c * order - G        for each win,
* i -> j of length c * order_i + G, and back     for each tie,

has no cycle of negative length. Models without a tie parameter have G = 0 and count a tie as a win
each way. All lengths are integers (c is a fraction p / q, and lengths are multiplied by q), so
every answer is exact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from venire.errors import NotIdentifiedError
from venire.reference.components import components, wins_graph
from venire.reference.links import TIE_MODELS

__all__ = ["Existence", "existence", "require_existence"]


class Existence(NamedTuple):
    """The answer.

    Attributes
    ----------
    exists : bool
    reason : str
        Why not; empty when the fit exists.
    tie_is_free : bool
        False when the model has no tie parameter or no tie was seen (nu = 0, eta = 1).
    """

    exists: bool
    reason: str
    tie_is_free: bool


class _Constraints(NamedTuple):
    """Edge e: d[head] <= d[tail] + c * order[e] + gap[e]."""

    n_items: int
    tail: np.ndarray
    head: np.ndarray
    order: np.ndarray
    gap: np.ndarray


def _constraints(cells: Any, gap: int) -> _Constraints:
    """Constraints for G = `gap`. With gap 0 a tie is the same as a win each way."""
    win, loss, tie = cells.win > 0.0, cells.loss > 0.0, cells.tie > 0.0
    o = cells.order.astype(np.int64)
    tail = [cells.first[win], cells.second[loss], cells.first[tie], cells.second[tie]]
    head = [cells.second[win], cells.first[loss], cells.second[tie], cells.first[tie]]
    order = [o[win], -o[loss], o[tie], -o[tie]]
    counts = [win.sum(), loss.sum(), tie.sum(), tie.sum()]
    return _Constraints(
        cells.n_items,
        np.concatenate(tail),
        np.concatenate(head),
        np.concatenate(order),
        np.repeat(np.array([-gap, -gap, gap, gap], np.int64), counts),
    )


def _negative_cycle(graph: _Constraints, length: np.ndarray) -> np.ndarray | None:
    """Edges of some cycle of negative length, or None (Bellman-Ford from everywhere at once)."""
    n = graph.n_items
    distance = np.zeros(n, np.int64)
    via = np.full(n, -1, np.int64)  # the edge that last shortened the way to each vertex
    vertex = -1
    for _ in range(n):
        reach = distance[graph.tail] + length
        best = distance.copy()
        np.minimum.at(best, graph.head, reach)
        shorter = best < distance
        if not shorter.any():
            return None
        edges = np.flatnonzero((reach == best[graph.head]) & shorter[graph.head])
        via[graph.head[edges]] = edges
        distance = best
        vertex = int(np.argmax(shorter))
    for _ in range(n):  # n steps back: now certainly on the cycle
        vertex = int(graph.tail[via[vertex]])
    cycle = [via[vertex]]
    while graph.tail[cycle[-1]] != vertex:
        cycle.append(via[graph.tail[cycle[-1]]])
    return np.array(cycle)


def _feasible(graph: _Constraints, c: Fraction) -> tuple[int, int] | None:
    """None when some d meets the constraints at this c, else order and gap sum of a bad cycle."""
    length = c.numerator * graph.order + c.denominator * graph.gap
    cycle = _negative_cycle(graph, length)
    if cycle is None:
        return None
    return int(graph.order[cycle].sum()), int(graph.gap[cycle].sum())


def _some_c_is_feasible(graph: _Constraints) -> bool:
    """Is there any real c? Each bad cycle, of length c * S + W < 0, cuts off a half-line of c.

    From the left: start at c = 0, and whenever a cycle with S > 0 is bad move c to the point -W / S
    where it stops being bad; the first bad cycle with S <= 0 proves that no larger c is good. Then
    the same towards the other side. A finite number of cycles makes a finite number of steps.
    """
    bad = _feasible(graph, Fraction(0))
    if bad is None:
        return True
    side = 1 if bad[0] > 0 else -1
    c = Fraction(0)
    while bad is not None:
        if side * bad[0] <= 0:
            return False
        c = Fraction(-bad[1], bad[0])
        bad = _feasible(graph, c)
    return True


def _without_prior(cells: Any, tie_is_free: bool, order_effect: bool) -> str:
    """Why there is no fit, or an empty string."""
    weak, strong = components(cells, "weak"), components(cells, "strong")
    if len(strong.sizes) > len(weak.sizes):
        return (
            f"the graph of wins has {len(strong.sizes)} strongly connected components, so some"
            " items would move to infinity"
        )
    if order_effect:
        graph = _constraints(cells, gap=0)
        for sign, word in ((1, "negative"), (-1, "positive")):
            if _feasible(graph, Fraction(sign)) is None:
                return (
                    f"no closed walk of wins has a {word} order sum, so the order effect is not"
                    " bounded or not determined"
                )
    if tie_is_free:
        graph = _constraints(cells, gap=1)
        if _some_c_is_feasible(graph) if order_effect else _feasible(graph, Fraction(0)) is None:
            return "no closed walk has more wins than ties, so the tie parameter is not bounded"
    return ""


def _with_prior(cells: Any, tie_is_free: bool, order_effect: bool) -> str:
    """Why there is no fit when theta is held by a prior: the same with d = 0."""
    half_ties = [] if tie_is_free else [cells.tie]
    forward = sum([cells.win, *half_ties]) > 0.0
    backward = sum([cells.loss, *half_ties]) > 0.0
    wins = set(cells.order[forward].tolist()) | set((-cells.order[backward]).tolist())
    ties = set(np.abs(cells.order[cells.tie > 0.0]).tolist()) if tie_is_free else set()
    if order_effect:
        for c in (1, -1):
            if all(c * o >= 0 for o in wins) and ties <= {0}:
                return (
                    "wins with the order advantage and wins against it must both occur (or ties"
                    " under an order advantage), a prior on theta does not bound the order effect"
                )
    if tie_is_free and (not wins or (order_effect and (wins == {1} or wins == {-1}))):
        return "no win holds the tie parameter back, a prior on theta does not bound it"
    return ""


def existence(
    cells: Any, model: str = "bradley-terry", *, order_effect: bool = False, prior: Any = None
) -> Existence:
    """Does a unique finite fit exist?

    Kernel: csrc/vn_existence.c, by the fits before they iterate.

    Parameters
    ----------
    cells : Cells or Comparisons
    model : {"bradley-terry", "thurstone", "davidson", "rao-kupper"}
    order_effect : bool
        Is gamma estimated?
    prior : object with a precision, optional
        A prior on theta. It bounds neither gamma nor the tie parameter.

    Returns
    -------
    Existence

    Notes
    -----
    O(n_items * n_cells) for each value of c that is tried; O(n_items + n_cells) when neither the
    order effect nor the tie parameter is free. Each weak component has its own mean, so several of
    them are no obstacle; an item that was never compared is a component of its own.

    References
    ----------
    Ford 1957, doi:10.2307/2308513. Cycles that cut a parameter: Megiddo 1979,
    doi:10.1287/moor.4.4.414.

    Examples
    --------
    >>> from venire.reference import cells_from_counts
    >>> existence(cells_from_counts([0], [1], [3], [0], [2]), "davidson").exists
    False
    >>> existence(cells_from_counts([0], [1], [3], [1], [2]), "davidson").exists
    True
    """
    tie_is_free = model in TIE_MODELS and bool(np.any(cells.tie > 0.0))
    reason_of = _without_prior if prior is None else _with_prior
    reason = reason_of(cells, tie_is_free, order_effect)
    return Existence(not reason, reason, tie_is_free)


def require_existence(
    cells: Any, model: str = "bradley-terry", *, order_effect: bool = False, prior: Any = None
) -> Existence:
    """As `existence`, but raise when there is no fit.

    Kernel: csrc/vn_existence.c, by the fits before they iterate.

    Raises
    ------
    NotIdentifiedError
        With the number of strong components, undefeated, winless and isolated items, and the cure.

    Examples
    --------
    >>> from venire.reference import aggregate
    >>> require_existence(aggregate(["a"], ["b"]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    venire.errors.NotIdentifiedError: no finite fit: the graph of wins has 2 strongly connected...
    """
    answer = existence(cells, model, order_effect=order_effect, prior=prior)
    if answer.exists:
        return answer
    winner, loser = wins_graph(cells)
    wins = np.bincount(winner, minlength=cells.n_items) > 0
    losses = np.bincount(loser, minlength=cells.n_items) > 0
    undefeated = cells.items[wins & ~losses].tolist()
    winless = cells.items[losses & ~wins].tolist()
    isolated = cells.items[~wins & ~losses].tolist()
    cure = (
        "use prior=GaussianPrior(...), or fit the strongly connected components one by one"
        if prior is None
        else "fit without that parameter"
    )
    examples = "".join(
        f"; {name}: {', '.join(map(str, labels[:3]))}"
        for name, labels in (
            ("undefeated", undefeated),
            ("winless", winless),
            ("isolated", isolated),
        )
        if labels
    )
    raise NotIdentifiedError(
        f"no finite fit: {answer.reason}{examples}; {cure}",
        n_components=len(components(cells, "strong").sizes),
        undefeated=undefeated[:10],
        winless=winless[:10],
        isolated=isolated[:10],
    )
