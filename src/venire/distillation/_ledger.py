"""The book of a loop: what was asked, of whom, and what was answered.

An *ask* is a pair in the order shown; a *request* is one ask put to one teacher. Both are numbered
from 0 as they are made. Arrays are whole columns; nothing here loops over rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.votes.rows import read_probabilities, read_votes

__all__ = ["ANSWERED", "ASK_COLUMNS", "CHANCES", "CLOSED", "PENDING", "SOFT", "Answers", "Ledger",
           "Said"]  # fmt: skip

PENDING, ANSWERED, CLOSED = 0, 1, 2  # state of a request
SOFT = 2  # a vote that is three probabilities
ASK_COLUMNS = ("group", "first", "second_group", "second", "round")
CHANCES = ("win", "tie", "loss")
_ONE_HOT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # of 0, 1 and -1


class Said(NamedTuple):
    """What was answered, row by row.

    `vote` is 1, 0, -1 or SOFT; `chances` (n, 3), that first wins, ties, loses, is there where some
    are SOFT.
    """

    vote: NDArray[np.int8]
    chances: NDArray[np.float64] | None

    @classmethod
    def read(cls, vote: Any, probabilities: Any, n: int) -> Self:
        """Check the votes or the probabilities of n rows."""
        if vote is not None:
            votes = read_votes(vote, n)
            rule = "must be 1 (first), -1 (second) or 0 (a tie)"
            checks.every((votes >= -1) & (votes <= 1), "vote", rule, votes)
            return cls(votes, None)
        chances = read_probabilities(probabilities, n)
        votes = np.full(n, SOFT, np.int8)
        for value, column in ((1, 0), (0, 1), (-1, 2)):  # both forms are one answer
            votes[chances[:, column] == 1.0] = value
        return cls(votes, chances)

    def take(self, rows: Any) -> Said:
        """Some of the rows."""
        return Said(self.vote[rows], None if self.chances is None else self.chances[rows])

    def same(self, other: Said) -> NDArray[np.bool_]:
        """Where two say the same."""
        out = self.vote == other.vote
        soft = out & (self.vote == SOFT)
        if self.chances is not None and other.chances is not None:
            out[soft] = (self.chances[soft] == other.chances[soft]).all(axis=1)
        return out

    def shown(self, at: Any) -> Any:
        """A row, for messages."""
        if self.vote[at] == SOFT and self.chances is not None:
            return tuple(self.chances[at].tolist())
        return int(self.vote[at])

    def masses(self) -> NDArray[np.float64]:
        """Win, tie and loss, (n, 3)."""
        soft = self.vote == SOFT
        out = _ONE_HOT[np.where(soft, 0, self.vote)]
        if self.chances is not None:
            out[soft] = self.chances[soft]
        return out

    def trimmed(self) -> Said:
        """Without chances if no vote needs them."""
        return self if (self.vote == SOFT).any() else Said(self.vote, None)

    def columns(self) -> dict[str, NDArray[Any]]:
        """As columns of a table."""
        out: dict[str, NDArray[Any]] = {"vote": self.vote}
        if self.chances is not None:
            out |= {name: self.chances[:, k] for k, name in enumerate(CHANCES)}
        return out


class Answers(NamedTuple):
    """Checked answers: one row per request.

    `repeated`, `replaced` and `late` count the rows that were told before (and are not in here),
    that replace another answer, and whose request had been withdrawn.
    """

    request: NDArray[np.int64]
    said: Said
    repeated: int = 0
    replaced: int = 0
    late: int = 0

    def columns(self) -> dict[str, NDArray[Any]]:
        """As columns of a table."""
        return {"request": self.request, **self.said.columns()}


class Ledger:
    """Asks, requests and answers.

    Attributes
    ----------
    group, first, second_group, second : ndarray of int32, shape (n_asks,)
        Positions: of the groups, and of the items within their groups, in the order shown. The two
        groups differ in a bridge only.
    round : ndarray of int32, shape (n_asks,)
    ask : ndarray of int64, shape (n_requests,)
        The ask of each request.
    teacher : ndarray of int16, shape (n_requests,)
    state : ndarray of int8, shape (n_requests,)
        PENDING, ANSWERED or CLOSED.
    vote : ndarray of int8, shape (n_requests,)
        1, 0, -1, or SOFT; 0 where there is no answer.
    chances : ndarray of float64, shape (n_requests, 3), or None
        Probabilities that first wins, ties, loses; None while every answer is a plain vote.
    version, n_replaced : int
        Grow with every change of the requests or answers, and with every answer that took the place
        of another.
    """

    group: NDArray[np.int32]
    first: NDArray[np.int32]
    second_group: NDArray[np.int32]
    second: NDArray[np.int32]
    round: NDArray[np.int32]

    def __init__(self) -> None:
        for name in ASK_COLUMNS:
            setattr(self, name, np.empty(0, np.int32))
        self.ask = np.empty(0, np.int64)
        self.teacher = np.empty(0, np.int16)
        self.state = np.empty(0, np.int8)
        self.vote = np.empty(0, np.int8)
        self.chances: NDArray[np.float64] | None = None
        self.version = self.n_replaced = 0

    @property
    def n_asks(self) -> int:
        """Number of asks."""
        return len(self.group)

    @property
    def n_requests(self) -> int:
        """Number of requests."""
        return len(self.ask)

    # ---- changes ------------------------------------------------------------------------------

    def enter(self, kind: str, table: Mapping[str, NDArray[Any]]) -> None:
        """Enter a table of "asks", "requests", "answers" or "closed"; it was checked before."""
        if kind == "asks":
            self._append(ASK_COLUMNS, table)
        elif kind == "requests":
            blank = np.zeros(len(table["ask"]), np.int8)
            new = {"state": blank, "vote": blank} | dict(table)
            before = self.n_requests
            self._append(("ask", "teacher", "state", "vote"), new)
            if self.chances is not None or "win" in table:
                self._say(np.arange(before, self.n_requests), table)
            self.version += 1
        elif kind == "answers":
            request = table["request"]
            self.n_replaced += int(np.count_nonzero(self.state[request] == ANSWERED))
            self.state[request], self.vote[request] = ANSWERED, table["vote"]
            if "win" in table:
                self._say(request, table)
            self.version += 1
        elif kind == "closed":
            self.state[table["request"]] = CLOSED
        else:
            raise ValueError(f"a ledger has no {kind}")

    def _append(self, names: tuple[str, ...], table: Mapping[str, NDArray[Any]]) -> None:
        for name in names:
            old = getattr(self, name)
            setattr(self, name, np.concatenate([old, table[name]]).astype(old.dtype, copy=False))

    def _say(self, request: NDArray[np.int64], table: Mapping[str, NDArray[Any]]) -> None:
        """Probabilities of requests, where a table has them; there is room for all then."""
        old = np.zeros((0, 3)) if self.chances is None else self.chances
        if len(old) < self.n_requests:
            self.chances = np.concatenate([old, np.zeros((self.n_requests - len(old), 3))])
        for k, name in enumerate(CHANCES if "win" in table else ()):
            self.chances[request, k] = table[name]  # type: ignore[index]

    # ---- checks -------------------------------------------------------------------------------

    def check_requests(self, request: ArrayLike) -> NDArray[np.int64]:
        """Ids as int64; refuses what is no request."""
        array = checks.integers(request, "request")
        if array.ndim == 0:
            array = array.reshape(1)
        if array.ndim != 1:
            checks.fail("request", f"must be one-dimensional, has {array.ndim} dimensions")
        known = (array >= 0) & (array < self.n_requests)
        checks.every(known, "request", "there is no such request", array)
        return array.astype(np.int64)

    def check_answers(
        self, request: ArrayLike, vote: Any, probabilities: Any, replace: bool
    ) -> Answers:
        """Check answers against the book, all before any is entered.

        Raises
        ------
        ValueError
            If a request is unknown, a vote or a probability is out of range, or an answer differs
            from the one that the request has, unless `replace`.
        """
        if (vote is None) == (probabilities is None):
            raise TypeError("give one of vote and probabilities")
        replace = checks.flag(replace, "replace")
        ids = self.check_requests(request)
        if not len(ids):
            return Answers(ids, Said(np.empty(0, np.int8), None))
        said = Said.read(vote, probabilities, len(ids))
        once = _one_of_each(ids, said)
        return self._new(ids[once], said.take(once), once, len(ids), replace)

    def _new(
        self,
        request: NDArray[np.int64],
        said: Said,
        row: NDArray[np.int64],
        n: int,
        replace: bool,
    ) -> Answers:
        """Answers to distinct requests, which stood in these of n rows, but those in the book."""
        old, answered = self.said(request), self.state[request] == ANSWERED
        new = ~(said.same(old) & answered)
        changed = answered & new
        if not replace:
            why = "it has another answer (replace=True would take the new one)"
            _all_agree(request, row, said, old, changed, why)
        late = int(np.count_nonzero(self.state[request] == CLOSED))
        replaced, repeated = int(np.count_nonzero(changed)), n - int(np.count_nonzero(new))
        return Answers(request[new], said.take(new).trimmed(), repeated, replaced, late)

    # ---- what is in it ------------------------------------------------------------------------

    def said(self, request: Any = slice(None)) -> Said:
        """The answers to requests."""
        return Said(self.vote, self.chances).take(request)

    def requests_table(self) -> dict[str, NDArray[Any]]:
        """All requests with their states and answers."""
        return {
            "ask": self.ask, "teacher": self.teacher, "state": self.state, **self.said().columns()
        }  # fmt: skip

    def bridge(self) -> NDArray[np.bool_]:
        """Which asks join two groups."""
        return self.group != self.second_group

    def answered(self, *, bridge: bool, rounds: int | None = None) -> NDArray[np.int64]:
        """Requests with an answer, in bridges or within groups, of the first so many rounds."""
        wanted = self.bridge() == bridge
        if rounds is not None:
            wanted &= self.round <= rounds
        return np.flatnonzero((self.state == ANSWERED) & wanted[self.ask])

    def live(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Asks within groups that have an answer, and those that still wait for their first."""
        answered, pending = (
            np.bincount(self.ask[self.state == state], minlength=self.n_asks) > 0
            for state in (ANSWERED, PENDING)
        )
        inside = ~self.bridge()
        return np.flatnonzero(inside & answered), np.flatnonzero(inside & pending & ~answered)

    def first_share(self, n_teachers: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Share of the item shown first in each teacher's votes, nan without any; their number.

        A tie is half a vote for each.
        """
        answered = np.flatnonzero(self.state == ANSWERED)
        teacher, said = self.teacher[answered], self.said(answered)
        vote = said.vote.astype(np.float64)
        if said.chances is not None:
            soft = vote == SOFT
            vote[soft] = said.chances[soft, 0] - said.chances[soft, 2]
        n = np.bincount(teacher, minlength=n_teachers)
        with np.errstate(invalid="ignore"):
            return 0.5 + 0.5 * np.bincount(teacher, vote, n_teachers) / n, n


def _one_of_each(ids: NDArray[np.int64], said: Said) -> NDArray[np.int64]:
    """The first row of each request, by request; refuses a call that contradicts itself."""
    if (ids[1:] > ids[:-1]).all():
        return np.arange(len(ids))
    _, once, which = np.unique(ids, return_index=True, return_inverse=True)
    leader = once[which]
    differ = ~said.same(said.take(leader))
    _all_agree(ids, np.arange(len(ids)), said, said.take(leader), differ,
               "the same call says otherwise before")  # fmt: skip
    return once


def _all_agree(
    request: NDArray[np.int64],
    row: NDArray[np.int64],
    said: Said,
    old: Said,
    differ: NDArray[np.bool_],
    why: str,
) -> None:
    """Refuse the first row of those that differ from what was said before."""
    if differ.any():
        k = np.flatnonzero(differ)[np.argmin(row[differ])]
        told = f"is answered {old.shown(k)!r} already, and now {said.shown(k)!r}: {why}"
        checks.fail("request", f"request {int(request[k])} {told}", int(row[k]))
