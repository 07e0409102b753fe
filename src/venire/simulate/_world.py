"""A world of groups of items with features and true strengths, and votes of teachers about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import keys
from venire.data.votes import Votes
from venire.data.votes.reading import SIGNED
from venire.simulate._ballots import Ballots, counts, integers, numbers, position, tag, turn
from venire.simulate._law import GROUP_NOISE, LAWS, N_FEATURES, Law
from venire.simulate._streams import Key, child, normal_pairs, normals, uniforms
from venire.simulate._teachers import Teachers

__all__ = ["World", "world"]

STUDENTS = {"useful": 0.5, "useless": 0.97}  # weight of what features do not tell
FEATURES, NOISE, GROUP_FEATURES, GROUP_NOISES, FRESH, PAIR, OWN, COIN = range(1, 9)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class World:
    """Groups (queries) of items (documents), with the truth; made by `world`.

    Items stand group after group: those of group k are ``offsets[k]`` to ``offsets[k + 1]``.

    Attributes
    ----------
    n_items : ndarray of int64, shape (n_groups,)
        Items of each group.
    offsets : ndarray of int64, shape (n_groups + 1,)
    group : ndarray of int32, shape (n,)
        Group of each item.
    features : ndarray of float64, shape (n, 16)
        Of the items.
    group_features : ndarray of float64, shape (n_groups, 16)
        What the bias of a group depends on, beside chance.
    theta : ndarray of float64, shape (n,)
        True strengths in logits, centred in each group.
    bias : ndarray of float64, shape (n_groups,)
        What is to be added to theta to compare items of two groups.
    law : Law
        How strengths come about.

    Notes
    -----
    Item i of group g is the same whatever else the world holds. So are votes: a vote depends on the
    world's seed and on (pair, teacher, order, run), not on when or with what else it is asked for.
    """

    n_items: NDArray[np.int64]
    offsets: NDArray[np.int64]
    group: NDArray[np.int32]
    features: Floats
    group_features: Floats
    theta: Floats
    bias: Floats
    law: Law = field(repr=False)
    _key: Key = field(repr=False)

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.n_items)

    @property
    def level(self) -> Floats:
        """theta plus the bias of the item's group, shape (n,): strengths on one scale."""
        return self.theta + self.bias[self.group]

    def __repr__(self) -> str:
        return f"<World {self.law.name}: {self.n_groups:,} groups, {len(self.theta):,} items>"

    def fresh(self, n_groups: int, n_items: ArrayLike | None = None, *, number: int = 1) -> World:
        """Other groups that follow the same law: what a student is tested on.

        Parameters
        ----------
        n_groups : int
        n_items : int or array_like of shape (n_groups,), optional
            Default: that of this world's first group.
        number : int, default 1
            Another number gives yet other groups.

        Returns
        -------
        World
        """
        each = counts(n_groups, self.n_items[0] if n_items is None else n_items)
        number = checks.whole(number, "number", 0, 2**31 - 1)
        return _populate(self.law, each, child(self._key, number, FRESH))

    def probability(
        self,
        teachers: Teachers,
        group: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        teacher: ArrayLike,
        *,
        second_group: ArrayLike | None = None,
    ) -> Floats:
        """Probability that each request is answered with a vote for `first`; see `vote`.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        ask = self._read(teachers, group, first, second, teacher, second_group, 0)
        return np.concatenate(
            [self._chance(teachers, part) for part in ask.blocks()] or [np.zeros(0)]
        )

    def vote(
        self,
        teachers: Teachers,
        group: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        teacher: ArrayLike,
        *,
        second_group: ArrayLike | None = None,
        run: ArrayLike = 0,
    ) -> NDArray[np.int8]:
        """Ask teachers which of two items is better.

        Parameters
        ----------
        teachers : Teachers
        group : int or array_like of shape (n,)
            Group of both items, or of `first` where there is a `second_group`.
        first, second : array_like of int, shape (n,)
            Positions within their groups, in the order shown.
        teacher : int or array_like of shape (n,)
            Position in `teachers`.
        second_group : array_like of shape (n,), optional
            Group of `second`: the pair is a bridge, and the groups' biases count.
        run : int or array_like of shape (n,), default 0
            The same request asked again as another run sees the same errors with a new coin.

        Returns
        -------
        ndarray of int8, shape (n,)
            1 for `first`, -1 for `second`, 0 where there was no answer: nobody votes for a tie, so
            such rows are to be left out.

        Raises
        ------
        ValueError
            If lengths differ, there is no such group, item or teacher, or an item meets itself.

        Notes
        -----
        O(n), about 0.4 microseconds of processor time a vote. Memory: 1 byte a vote, and about 50
        for the request.

        Examples
        --------
        >>> import venire as vn
        >>> w = vn.simulate.world(n_groups=2, n_items=5, rng=1)
        >>> judges = vn.simulate.teachers()
        >>> w.vote(judges, 0, [0, 1, 2], [1, 2, 3], 0).tolist()
        [1, 1, -1]
        """
        ask = self._read(teachers, group, first, second, teacher, second_group, run)
        parts = [self._answer(teachers, part) for part in ask.blocks()]
        return np.concatenate(parts or [np.zeros(0, np.int8)])

    def votes(
        self,
        teachers: Teachers,
        group: ArrayLike,
        first: ArrayLike,
        second: ArrayLike,
        teacher: ArrayLike,
        *,
        run: ArrayLike = 0,
    ) -> Votes:
        """The answers to such requests as Votes: groups and items by position, teachers by name.

        Parameters are those of `vote`. Requests without an answer are left out.

        Raises
        ------
        ValueError
            If there is no answer at all, and as in `vote`.
        """
        columns = {"group": group, "first": first, "second": second, "teacher": teacher}
        g, i, j, t = integers(columns)
        vote = self.vote(teachers, g, i, j, t, run=run)
        told = vote != 0
        if not told.any():
            checks.fail("teachers", f"answered none of the {len(vote):,} requests")
        low, high = np.minimum(i, j)[told], np.maximum(i, j)[told]
        swapped = (i > j)[told]
        about = np.where(swapped, -vote[told], vote[told]).astype(np.int8)
        return Votes(
            low, high, teachers.names[t[told]], about, group=g[told], swapped=swapped,
            mapping=SIGNED,
        )  # fmt: skip

    def _read(self, teachers: Teachers, *columns: Any) -> Ballots:
        if not isinstance(teachers, Teachers):
            checks.fail(
                "teachers", f"must be Teachers, got {type(teachers).__name__}", kind=TypeError
            )
        return Ballots.read(self.n_items, len(teachers), *columns)

    def _chance(self, teachers: Teachers, ask: Ballots) -> Floats:
        """Probability of a vote for first."""
        low = np.minimum(ask.first, ask.second).astype(np.uint64)
        high = np.maximum(ask.first, ask.second).astype(np.uint64)
        sign = np.where(ask.first < ask.second, 1.0, -1.0)
        seen = self._level_of(ask.first) - self._level_of(ask.second)
        if teachers.ambiguous > 0.0:
            unclear, _ = uniforms(self._key, low | tag(PAIR), high | tag(1))
            seen[unclear < teachers.ambiguous] = 0.0
        if teachers.shared_error > 0.0:
            shared, _ = normal_pairs(self._key, low | tag(PAIR), high)
            seen += teachers.shared_error * sign * shared
        spread = teachers.own_error[ask.teacher]
        if spread.any():
            own, _ = normal_pairs(self._key, low | tag(OWN, ask.teacher), high)
            seen += spread * sign * own
        logit = teachers.sharpness[ask.teacher] * seen + teachers.order_bias[ask.teacher]
        with np.errstate(over="ignore"):
            return 1.0 / (1.0 + np.exp(-logit))

    def _answer(self, teachers: Teachers, ask: Ballots) -> NDArray[np.int8]:
        first, second = ask.first.astype(np.uint64), ask.second.astype(np.uint64)
        coin, reached = uniforms(self._key, first | tag(COIN, ask.teacher), second | turn(ask.run))
        vote = np.where(coin < self._chance(teachers, ask), 1, -1).astype(np.int8)
        vote[reached < teachers.failure[ask.teacher]] = 0
        return vote

    def _level_of(self, number: NDArray[np.int64]) -> Floats:
        group, at = position(number)
        return self.theta[self.offsets[group] + at] + self.bias[group]


def world(
    law: str = "normal",
    n_groups: int = 40,
    n_items: ArrayLike = 50,
    *,
    student: str = "useful",
    bias: float = 0.0,
    rng: Any = None,
) -> World:
    """A world in which to try a distillation before paying for one.

    Items have features x ~ N(0, I) of 16 dimensions. With f a smooth function of x, linear plus six
    waves, scaled to variance 1, and e ~ N(0, 1), z = sqrt(1 - r²) f + r e is what an item is like.

    Parameters
    ----------
    law : {"normal", "retrieval"}
        Strengths 1.5 z, or the quantile of .9 N(0, .7²) + .1 N(2.5, 1) at Phi(z): most items are
        alike, and a tenth are far better.
    n_groups : int, default 40
    n_items : int or array_like of shape (n_groups,), default 50
        Items of each group.
    student : {"useful", "useless"}
        What a student can learn from the features: r is .5 or .97.
    bias : float, default 0
        Standard deviation of the groups' biases, (sqrt(.75) c.y + .5 e) times it, with features
        y ~ N(0, I) of the group and ``|c|`` = 1.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    World

    Raises
    ------
    ValueError
        If a name is unknown, a number is out of range, or a group or the world is too large (2^20
        items a group, 2^20 groups).

    Notes
    -----
    140 bytes an item; about 3 microseconds of processor time an item.

    Examples
    --------
    >>> import venire as vn
    >>> w = vn.simulate.world("retrieval", 3, 100, rng=0)
    >>> w
    <World retrieval: 3 groups, 300 items>
    >>> w.fresh(2).features.shape
    (200, 16)
    """
    checks.one_of(law, "law", LAWS)
    checks.one_of(student, "student", tuple(STUDENTS))
    bias = checks.number(bias, "bias", checks.AMOUNT, lambda x: 0.0 <= x <= checks.LARGEST)
    n_each = counts(n_groups, n_items)
    key = keys(rng)
    return _populate(Law.drawn(law, STUDENTS[student], float(bias), key), n_each, key)


def _populate(law: Law, n_items: NDArray[np.int64], key: Key) -> World:
    """Groups and items that follow a law."""
    offsets = np.concatenate([[0], np.cumsum(n_items)])
    group = np.repeat(np.arange(len(n_items)), n_items)
    number = numbers(group, np.arange(len(group)) - offsets[group]).astype(np.uint64)
    own = np.arange(len(n_items), dtype=np.uint64)
    x = normals(key, number | tag(FEATURES), N_FEATURES)
    y = normals(key, own | tag(GROUP_FEATURES), N_FEATURES)
    theta = law.strength(x, normals(key, number | tag(NOISE), 1)[:, 0])
    theta -= (np.add.reduceat(theta, offsets[:-1]) / n_items)[group]
    luck = normals(key, own | tag(GROUP_NOISES), 1)[:, 0]
    known = np.sqrt(1.0 - GROUP_NOISE**2) * np.einsum("ij,j->i", y, law.direction)
    arrays = (n_items, offsets, group.astype(np.int32), x, y, theta,
              law.bias * (known + GROUP_NOISE * luck))  # fmt: skip
    for array in arrays:
        array.flags.writeable = False
    return World(*arrays, law=law, _key=key)
