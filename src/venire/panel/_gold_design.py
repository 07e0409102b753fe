"""Which pairs to label, by what the labels are for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.checks import fail
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire.data.asked import wanted
from venire.data.votes import Votes
from venire.data.votes.gold import PURPOSES, Gold
from venire.panel import _methods
from venire.panel._board import Board, board_of
from venire.panel._side import dispute

__all__ = ["GoldDesign", "design_gold", "pair_labels"]

_LLOYD = 8  # rounds of k-means
_BLOCK = 1 << 16  # pairs at a time
MAY = {
    "stack": "teach weights to method 'stacked'; not measure accuracies or correlations of errors, "
    "nor say which side is right",
    "side": "say which of 'uniform' and 'reliability' to believe; not measure accuracies or "
    "correlations of errors, nor teach weights",
    "measure": "measure accuracies and correlations of errors, teach weights to method 'stacked', "
    "and, where they are of pairs in dispute, say which side is right",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class GoldDesign(Tabled):
    """Pairs to label, and what the labels may be used for.

    Attributes
    ----------
    votes : Votes
    purpose : {"stack", "side", "measure"}
    at : ndarray of int64, shape (n,)
        Positions of the pairs in `votes`, in the order in which to label them.
    n_disputed : int
        Pairs on which "uniform" and "reliability" take different sides.
    """

    votes: Votes
    purpose: str
    at: NDArray[np.int64]
    n_disputed: int

    @property
    def may(self) -> str:
        """What the labels may be used for, and what not."""
        return MAY[self.purpose]

    def labels(self, shares: ArrayLike) -> Gold:
        """Gold of these pairs, with its purpose, for `gold` of any call.

        Parameters
        ----------
        shares : array_like of shape (n,)
            Share that each pair's first item truly got: 1, 0, 0.5 for a tie, or between; NaN where
            there is no label yet.

        Raises
        ------
        ValueError
            If there are not as many, or one is outside [0, 1].
        """
        values = np.array(checks.numeric(shares, "shares"), np.float64)
        if values.shape != self.at.shape:
            fail("shares", f"has shape {values.shape}, but there are {len(self.at)} pairs")
        rule = "must be the share that first got: 1, 0 or 0.5, or between; NaN without a label"
        checks.every(np.isnan(values) | ((values >= 0.0) & (values <= 1.0)), "shares", rule, values)
        gold = np.full(self.votes.n_pairs, np.nan)
        gold[self.at] = values
        return Gold(gold, self.purpose)

    def to_frame(self, backend: str | None = None) -> Any:
        """The pairs as a data frame with an empty column for the labels.

        Parameters
        ----------
        backend : {"pandas", "polars", "pyarrow", "dict"}, optional
            Default: the first that is installed.

        Returns
        -------
        data frame
            pair, or group, first and second; gold, empty; purpose. `io.read_gold` reads it back
            from a file once it is filled in.
        """
        n = len(self.at)
        return as_frame(
            pair_labels(self.votes, self.at)
            | {"gold": np.full(n, "", "<U1"), "purpose": np.full(n, self.purpose)},
            backend,
        )

    def __repr__(self) -> str:
        return f"GoldDesign(purpose={self.purpose!r}, n={len(self.at)})"

    def _table(self, top: int | None) -> Table:
        header = [f"{len(self.at):,} pairs to label, for purpose {self.purpose!r}"]
        columns = pair_labels(self.votes, self.at)
        return Table.of(header, columns, [f"labels may {self.may}"], top=top, what="pairs")


def pair_labels(votes: Votes, at: NDArray[np.int64]) -> dict[str, Any]:
    """Columns that name some pairs."""
    if votes.pairs is not None:
        return {"pair": votes.pairs[at]}
    assert votes.first is not None
    assert votes.second is not None
    group = {} if votes.group is None else {"group": votes.group[at]}
    return group | {"first": votes.first[at], "second": votes.second[at]}


def design_gold(
    votes: Votes,
    n: int,
    purpose: str = "stack",
    *,
    stratified: bool = False,
    rng: Any = 0,
    n_threads: int | None = None,
) -> GoldDesign:
    """Choose the pairs whose true answer is to be found out.

    Parameters
    ----------
    votes : Votes
    n : int
        Number of pairs.
    purpose : {"stack", "side", "measure"}, default "stack"
        What the labels are for. Only those of "measure" may serve for the others as well.

        ========= ==================================================================================
        "stack"   to teach weights to method "stacked": pairs whose patterns of votes are unlike
                  each other. 12 of them taught real panels as much as 14 random ones. From 12;
                  from 5 with `guarded=True`
        "side"    to find out which side of a contested panel is right: random pairs of those on
                  which "uniform" and "reliability" take different sides, exact ties included. 5 to
                  8 suffice
        "measure" to measure judges: random pairs. 30 and more, for the correlation of errors too
        ========= ==================================================================================
    stratified : bool, default False
        Of "measure": pairs are drawn evenly over how sure the panel is, each with the same chance
        as without, so that all means stay what they are and vary a little less.
    rng : int, SeedSequence or Generator, default 0
    n_threads : int, optional

    Returns
    -------
    GoldDesign
        Its `labels` make gold that knows its purpose.

    Raises
    ------
    ValueError
        If the purpose is unknown, `n` is below 1 or more than there are such pairs with votes.
    TypeError
        If `stratified` goes with another purpose than "measure".

    Notes
    -----
    "stack": the signed votes of each pair, turned to the side that the panel takes, in n clusters
    by 8 rounds of Lloyd's from n random pairs; of each the pair next to its centre. O(8 n n_cells).
    To choose by uncertainty, by dispute or by D-optimality was seen to teach weights worse than
    chance does from 20 labels on.

    References
    ----------
    S. Lloyd (1982), Least squares quantization in PCM, doi:10.1109/TIT.1982.1056489

    Examples
    --------
    >>> import venire as vn
    >>> votes = vn.simulate.panel([0.8, 0.7, 0.6], rng=0).to_votes()
    >>> design = vn.panel.design_gold(votes, 12)
    >>> design
    GoldDesign(purpose='stack', n=12)
    >>> sorted(design.to_frame("dict"))
    ['gold', 'pair', 'purpose']
    """
    wanted(votes, "votes", Votes)
    checks.one_of(purpose, "purpose", tuple(PURPOSES))
    n = checks.whole(n, "n", 1, max(votes.n_pairs, 1))
    stratified = checks.flag(stratified, "stratified")
    if stratified and purpose != "measure":
        fail("stratified", f"goes with purpose 'measure', not {purpose!r}", kind=TypeError)
    generator = checks.rng(rng)
    board = board_of(votes, n_threads)
    weighted, plain = _methods.reliability(board), _methods.uniform(board)
    disputed, _ = dispute(weighted.mean, plain.mean)
    voted = np.flatnonzero(np.diff(votes.pair_ptr) > 0)
    among = disputed if purpose == "side" else voted
    if n > len(among):
        what = "pairs are in dispute" if purpose == "side" else "pairs have votes"
        fail("n", f"only {len(among)} {what}", value=n)
    if purpose == "stack":
        at = among[_spread(board, weighted.mean, among, n, generator)]
    elif stratified:
        # each place has the same chance: a grid of n over the sorted pairs, laid at random
        order = among[np.lexsort((generator.random(len(among)), np.abs(weighted.d[among])))]
        at = order[np.floor((np.arange(n) + generator.random()) * (len(among) / n)).astype(int)]
        at = generator.permutation(at)
    else:
        at = generator.permutation(among)[:n]
    return GoldDesign(votes, purpose, at.astype(np.int64), len(disputed))


def _spread(
    board: Board, mean: Floats, among: NDArray[np.int64], n: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Rows that are next to the centres of n clusters, none twice."""
    from scipy.sparse import csr_array

    votes = board.votes
    turned = board.s * np.sign(mean)[votes.pair]
    rows = csr_array((turned, votes.teacher, votes.pair_ptr), (votes.n_pairs, votes.n_teachers))
    rows = rows[among]
    size = np.asarray((rows * rows).sum(axis=1)).ravel()
    centre = rows[rng.permutation(len(among))[:n]].toarray()
    for _ in range(_LLOYD):
        total, count = np.zeros_like(centre), np.zeros(n)
        for start in range(0, len(among), _BLOCK):
            part = rows[start : start + _BLOCK]
            own = (0.5 * (centre**2).sum(axis=1) - part @ centre.T).argmin(axis=1)
            count += np.bincount(own, minlength=n)
            one = csr_array((np.ones(len(own)), own, np.arange(len(own) + 1)), (len(own), n))
            total += (one.T @ part).toarray()
        centre = np.where(count[:, None] > 0, total / np.maximum(count, 1.0)[:, None], centre)
    chosen = np.empty(n, np.int64)
    free = np.zeros(len(among))
    for k in range(n):
        chosen[k] = int(np.argmin(free + size - 2.0 * (rows @ centre[k])))
        free[chosen[k]] = np.inf
    return chosen
