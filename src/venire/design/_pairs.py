"""Which pairs of items to ask, in one group or in many, and whom."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import keys
from venire.design import _asks
from venire.design._design import PairDesign

__all__ = ["design_pairs", "made", "rotate_teachers"]

METHODS = ("cycles", "random", "all")
MOST_ASKS = 2**40


def design_pairs(
    n_items: int | ArrayLike,
    degree: int | None = None,
    used: PairDesign | tuple[ArrayLike, ...] | None = None,
    *,
    method: str = "cycles",
    rng: Any = None,
    n_threads: int | None = None,
) -> PairDesign:
    """Choose the pairs to ask, and which of the two is shown first, in each of many groups.

    Parameters
    ----------
    n_items : int, or array_like of int, shape (n_groups,)
        Items of one group, or of each of many. In an array, groups with 0 or 1 items have no asks.
    degree : int
        Asks that each item takes part in: n * degree / 2 in a group of n items. In an array of
        groups, those of at most degree + 1 items have all their pairs. Not needed for "all".
    used : PairDesign, (first, second) or (group, first, second), optional
        What was asked before, by positions, in either order: not to be asked again. Two arrays are
        of one group.
    method : {"cycles", "random", "all"}
        "cycles": Hamiltonian cycles, each pair shown in the direction of its cycle; an odd degree
        adds every second edge of one more cycle. "random": distinct pairs in random order.
        "all": each pair once, whatever was used.
    rng : int, SeedSequence or Generator, optional
        From a Generator one key is drawn. The asks of group k depend on the key, on k, and on that
        group's items and used pairs.
    n_threads : int, optional
        Default: all usable CPUs. Groups are shared out, so that one group has one thread; the
        result does not depend on it.

    Returns
    -------
    PairDesign

    Raises
    ------
    ValueError
        If one group has less than 2 items or at most `degree`, `degree` < 1, `degree` is odd and
        a group of more than `degree` items has an odd number of them (with "cycles"), `method` is
        unknown, or a used pair is of one item or out of range.
    TypeError
        If numbers are not integers, or `used` is none of its forms.

    Notes
    -----
    Without used pairs, "cycles" makes simple regular graphs: no pair twice; connected from degree
    2; of an even degree each item is first exactly as often as it is second, so that a preference
    of the judges for one position cancels in every item. All pairs of a group are a round robin, in
    which the two counts differ by at most 1. The graph is close to an expander, whatever the
    cycles: with L its Laplacian, tr(L^+)/n, the mean variance of a rating per unit of information,
    is 0.141 for 100 items of degree 8. Showing each pair in both orders instead spends half of the
    votes on the same edges.

    Pairs that were used, or that an earlier cycle has, are repaired by reversals of a random
    segment that starts there, accepted where repeats do not increase (2-opt moves, Croes 1958). At
    most 200 n tries for a cycle; fewer where the items' free partners show that no more can be
    done. What is left is in `repeats`; where nothing was used, nothing is left, since a group whose
    first cycles leave no other one gets Walecki's, which share no edge, on a random permutation.

    O(n * degree) time and memory for a group. Streams are counter-based (`reference.threefry`);
    permutations are uniform to n/2^32. About a second on one thread for 112,000 groups of 100 items
    and degree 8.

    References
    ----------
    Croes (1958), doi:10.1287/opre.6.6.791. Alspach (2008), The wonderful Walecki construction,
    Bulletin of the ICA 52. Friedman (2008), doi:10.1090/memo/0910: random regular graphs are
    near-optimal expanders.

    See Also
    --------
    design_bridges : Pairs between groups.
    rotate_teachers : Whom to ask.

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> d = vn.design.design_pairs(100, 8, rng=0)
    >>> len(d), np.unique(np.bincount(d.first)).tolist(), np.unique(np.bincount(d.second)).tolist()
    (400, [4], [4])
    >>> more = vn.design.design_pairs(100, 2, d, rng=1)  # none of those pairs again
    >>> int(more.repeats[0])
    0
    """
    method = checks.one_of(method, "method", METHODS)
    n, single = _asks.sizes(n_items)
    wanted = int(n.max(initial=1))  # for "all"
    if degree is not None or method != "all":
        degree = min(checks.whole(degree, "degree", 1, None), _asks.MOST)
        if method != "all":
            wanted = degree
            if single and degree >= n[0]:
                checks.fail("degree", f"must be below n_items, which is {n[0]}", value=degree)
    if method == "cycles" and wanted % 2:
        odd = (n % 2 == 1) & (n > wanted)
        if odd.any():
            at = int(np.argmax(odd))
            checks.fail("n_items", f"must be even where degree is odd, here {wanted}",
                         None if single else at, n[at])  # fmt: skip
    before = _asks.asks_of(used, n, "used")
    return made(n, wanted, before, method, keys(rng), checks.n_threads(n_threads))


def made(
    n_items: NDArray[np.int64],
    degree: int,
    used: _asks.Asks,
    method: str,
    key: tuple[int, int],
    n_threads: int,
    stream: int = 0,
) -> PairDesign:
    """Call the kernel on checked arguments; of an odd number of items one is left without a last
    partner where `degree` is odd."""
    from venire._native import design

    n_asks = np.where(degree >= n_items - 1, n_items * (n_items - 1) // 2, n_items * degree // 2)
    if float(n_asks.sum(dtype=np.float64)) > MOST_ASKS:
        checks.fail("n_items", f"makes more than {MOST_ASKS} pairs in all")
    offsets = np.zeros(len(n_items) + 1, np.int64)
    np.cumsum(np.maximum(n_asks, 0), out=offsets[1:])
    found = design.pairs(method, degree, n_items, offsets, used, key, n_threads, stream)
    return PairDesign(n_items, offsets, *found)


def rotate_teachers(
    position: ArrayLike, group: ArrayLike, teachers: int | ArrayLike
) -> NDArray[np.int32]:
    """The teacher of each ask, in rotation: ``pattern[(position + group) % len(pattern)]``.

    Parameters
    ----------
    position : array_like of int, shape (n_asks,)
        Of each ask among those of its group, such as `PairDesign.position`.
    group : int, or array_like of int, shape (n_asks,)
        Position of the ask's group, so that groups do not all begin with the same teacher.
    teachers : int, or array_like of int
        Number of teachers, who then take turns; or a pattern of teachers, in which one may stand
        more often than others: [0, 0, 1, 2] gives half of the asks to teacher 0.

    Returns
    -------
    ndarray of int32, shape (n_asks,)

    Raises
    ------
    ValueError
        If a position, group or teacher is negative, lengths differ, or there is no teacher.
    TypeError
        If numbers are not integers.

    Examples
    --------
    >>> import venire as vn
    >>> d = vn.design.design_pairs([4, 4], 2, rng=0)
    >>> vn.design.rotate_teachers(d.position, d.group, 3).tolist()
    [0, 1, 2, 0, 1, 2, 0, 1]
    """
    place = _asks.positions(position, "position")
    group, teachers = checks.column(group, "group"), checks.column(teachers, "teachers")
    if checks.length(group, "group") is None:
        of_group: Any = checks.whole(group, "group", 0, _asks.MOST)
    else:
        of_group = _asks.positions(group, "group")
        if len(of_group) != len(place):
            checks.fail("group", f"has {len(of_group)} rows, but position has {len(place)}")
    if checks.length(teachers, "teachers") is None:
        n_teachers = checks.whole(teachers, "teachers", 1, _asks.MOST)
        return ((place + of_group) % n_teachers).astype(np.int32)
    pattern = _asks.positions(teachers, "teachers").astype(np.int32)
    if not len(pattern):
        checks.fail("teachers", "is empty: at least one is needed")
    return pattern[(place + of_group) % len(pattern)]
