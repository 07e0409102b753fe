"""The book of a loop: what was asked, of whom, and what was answered.

An *ask* is a pair in the order shown; a *request* is one ask put to one teacher. Both are numbered
from 0 as they are made. Arrays are whole columns; nothing here loops over rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.votes.rows import _probabilities, _votes

__all__ = ["ANSWERED", "ASK_COLUMNS", "CLOSED", "PENDING", "SOFT", "Answers", "Ledger"]

PENDING, ANSWERED, CLOSED = 0, 1, 2  # state of a request
SOFT = 2  # a vote that is three probabilities
ASK_COLUMNS = {
    "group": np.int32, "first": np.int32, "second_group": np.int32, "second": np.int32,
    "round": np.int32,
}  # fmt: skip
_CHANCES = ("win", "tie", "loss")
_ONE_HOT = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # of 0, 1 and -1


class Answers(NamedTuple):
    """Checked answers: one row per request.

    `vote` is 1, 0, -1 or SOFT; `chances` (n, 3) is there where some are SOFT. `repeated`,
    `replaced` and `late` count the rows that were told before (and are not in here), that replace
    another answer, and whose request had been withdrawn.
    """

    request: NDArray[np.int64]
    vote: NDArray[np.int8]
    chances: NDArray[np.float64] | None
    repeated: int
    replaced: int
    late: int

    def columns(self) -> dict[str, NDArray[Any]]:
        """As a table."""
        out: dict[str, NDArray[Any]] = {"request": self.request, "vote": self.vote}
        if self.chances is not None:
            out |= {name: self.chances[:, k] for k, name in enumerate(_CHANCES)}
        return out


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

    def __init__(self) -> None:
        for name, dtype in ASK_COLUMNS.items():
            setattr(self, name, np.empty(0, dtype))
        self.ask = np.empty(0, np.int64)
        self.teacher = np.empty(0, np.int16)
        self.state = np.empty(0, np.int8)
        self.vote = np.empty(0, np.int8)
        self.chances: NDArray[np.float64] | None = None
        self.version = self.n_replaced = 0

    group: NDArray[np.int32]
    first: NDArray[np.int32]
    second_group: NDArray[np.int32]
    second: NDArray[np.int32]
    round: NDArray[np.int32]

    @property
    def n_asks(self) -> int:
        """Number of asks."""
        return len(self.group)

    @property
    def n_requests(self) -> int:
        """Number of requests."""
        return len(self.ask)

    def first_share(self, n_teachers: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Share of the item shown first in each teacher's votes, nan without any; their number.

        A tie is half a vote for each.
        """
        answered = np.flatnonzero(self.state == ANSWERED)
        teacher, vote = self.teacher[answered], self.vote[answered].astype(np.float64)
        if self.chances is not None:
            soft = np.flatnonzero(vote == SOFT)
            chances = self.chances[answered[soft]]
            vote[soft] = chances[:, 0] - chances[:, 2]
        n = np.bincount(teacher, minlength=n_teachers)
        with np.errstate(invalid="ignore"):
            return 0.5 + 0.5 * np.bincount(teacher, vote, n_teachers) / n, n

    # ---- changes ------------------------------------------------------------------------------

    def apply(self, kind: str, table: Mapping[str, NDArray[Any]]) -> None:
        """Enter a table of "asks", "requests", "answers" or "closed"; it was checked before."""
        if kind == "asks":
            for name, dtype in ASK_COLUMNS.items():
                column = np.concatenate([getattr(self, name), table[name]])
                setattr(self, name, column.astype(dtype, copy=False))
        elif kind == "requests":
            self._add_requests(table)
        elif kind == "answers":
            self._answer(table)
        elif kind == "closed":
            self.state[table["request"]] = CLOSED
        else:
            raise ValueError(f"a ledger has no {kind}")

    def _add_requests(self, table: Mapping[str, NDArray[Any]]) -> None:
        n = len(table["ask"])
        blank = np.zeros(n, np.int8)
        self.ask = np.concatenate([self.ask, table["ask"]])
        self.teacher = np.concatenate([self.teacher, table["teacher"]])
        self.state = np.concatenate([self.state, table.get("state", blank)])
        self.vote = np.concatenate([self.vote, table.get("vote", blank)])
        if self.chances is not None or "win" in table:
            new = np.zeros((n, 3))
            if "win" in table:
                new = np.stack([table[name] for name in _CHANCES], axis=1)
            self.chances = np.concatenate([self._whole_chances(self.n_requests - n), new])
        self.version += 1

    def _whole_chances(self, n: int) -> NDArray[np.float64]:
        return np.zeros((n, 3)) if self.chances is None else self.chances

    def _answer(self, table: Mapping[str, NDArray[Any]]) -> None:
        request = table["request"]
        self.n_replaced += int(np.count_nonzero(self.state[request] == ANSWERED))
        self.state[request] = ANSWERED
        self.vote[request] = table["vote"]
        if "win" in table:
            self.chances = self._whole_chances(self.n_requests)
            for k, name in enumerate(_CHANCES):
                self.chances[request, k] = table[name]
        self.version += 1

    def requests_table(self) -> dict[str, NDArray[Any]]:
        """All requests with their states and answers."""
        out: dict[str, NDArray[Any]] = {
            "ask": self.ask, "teacher": self.teacher, "state": self.state, "vote": self.vote,
        }  # fmt: skip
        if self.chances is not None:
            out |= {name: self.chances[:, k] for k, name in enumerate(_CHANCES)}
        return out

    # ---- checks -------------------------------------------------------------------------------

    def check_requests(self, request: ArrayLike) -> NDArray[np.int64]:
        """Ids as int64; refuses what is no request."""
        array = checks.integers(request, "request")
        if array.ndim == 0:
            array = array.reshape(1)
        if array.ndim != 1:
            checks.fail("request", f"must be one-dimensional, has {array.ndim} dimensions")
        bad = (array < 0) | (array >= self.n_requests)
        if bad.any():
            at = int(np.argmax(bad))
            checks.fail("request", "there is no such request", at, array[at])
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
            return Answers(ids, np.empty(0, np.int8), None, 0, 0, 0)
        if vote is not None:
            votes, chances = _votes(vote, len(ids)), None
            wrong = (votes < -1) | (votes > 1)  # int8 arrays are not looked at before
            if wrong.any():
                at = int(np.argmax(wrong))
                checks.fail("vote", "must be 1 (first), -1 (second) or 0 (a tie)", at, votes[at])
        else:
            chances = _probabilities(probabilities, len(ids))
            votes, chances = _plain_votes(chances)
        once = _first_of_each(ids, votes, chances)
        return self._against_book(ids, votes, chances, once, len(ids), replace)

    def _against_book(
        self,
        ids: NDArray[np.int64],
        votes: NDArray[np.int8],
        chances: NDArray[np.float64] | None,
        once: NDArray[np.int64],
        n: int,
        replace: bool,
    ) -> Answers:
        """Answers, one row per request (`once`), against those in the book."""
        request, vote, chance = ids[once], votes[once], _rows(chances, once)
        answered = self.state[request] == ANSWERED
        equal = _same(vote, chance, self.vote[request], _rows(self.chances, request)) & answered
        changed = answered & ~equal
        if changed.any() and not replace:
            k = np.flatnonzero(changed)[np.argmin(once[changed])]
            old = _shown(self.vote, self.chances, int(request[k]))
            _refuse(
                request[k], int(once[k]), old, _shown(vote, chance, int(k)),
                "it has another answer (replace=True would take the new one)",
            )  # fmt: skip
        keep = ~equal
        late = int(np.count_nonzero(self.state[request] == CLOSED))
        chance = _rows(chance, keep)
        if chance is not None and not (vote[keep] == SOFT).any():
            chance = None
        return Answers(
            request[keep], vote[keep], chance, n - int(np.count_nonzero(keep)),
            int(np.count_nonzero(changed)), late,
        )  # fmt: skip

    # ---- what is in it ------------------------------------------------------------------------

    def per_ask(self, state: int) -> NDArray[np.int64]:
        """How many requests of each ask are in a state."""
        return np.bincount(self.ask[self.state == state], minlength=self.n_asks)

    def bridge(self) -> NDArray[np.bool_]:
        """Which asks join two groups."""
        return self.group != self.second_group

    def answer_masses(self, request: NDArray[np.int64]) -> NDArray[np.float64]:
        """Win, tie and loss of answered requests, (n, 3)."""
        vote = self.vote[request]
        out = _ONE_HOT[np.where(vote == SOFT, 0, vote)]
        if self.chances is not None:
            soft = vote == SOFT
            out[soft] = self.chances[request[soft]]
        return out


def _first_of_each(
    ids: NDArray[np.int64], votes: NDArray[np.int8], chances: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    """The first row of each request, by request; refuses a call that contradicts itself."""
    if (ids[1:] > ids[:-1]).all():
        return np.arange(len(ids))
    order = np.argsort(ids, kind="stable")
    head = np.ones(len(ids), bool)
    head[1:] = ids[order[1:]] != ids[order[:-1]]
    leader = order[np.maximum.accumulate(np.where(head, np.arange(len(ids)), 0))]
    differ = ~_same(votes[order], _rows(chances, order), votes[leader], _rows(chances, leader))
    if differ.any():
        k = np.flatnonzero(differ)[np.argmin(order[differ])]
        _refuse(
            ids[order[k]], int(order[k]), _shown(votes, chances, int(leader[k])),
            _shown(votes, chances, int(order[k])), "the same call says otherwise before",
        )  # fmt: skip
    return order[head]


def _plain_votes(
    chances: NDArray[np.float64],
) -> tuple[NDArray[np.int8], NDArray[np.float64] | None]:
    """Probabilities as votes where they are certain, so that both forms are one answer."""
    votes = np.full(len(chances), SOFT, np.int8)
    for value, column in ((1, 0), (0, 1), (-1, 2)):
        votes[chances[:, column] == 1.0] = value
    return votes, (chances if (votes == SOFT).any() else None)


def _rows(chances: NDArray[np.float64] | None, at: NDArray[Any]) -> NDArray[np.float64] | None:
    return None if chances is None else chances[at]


def _same(
    vote: NDArray[np.int8],
    chances: NDArray[np.float64] | None,
    other: NDArray[np.int8],
    other_chances: NDArray[np.float64] | None,
) -> NDArray[np.bool_]:
    out = vote == other
    soft = out & (vote == SOFT)
    if chances is not None and other_chances is not None:
        out[soft] = (chances[soft] == other_chances[soft]).all(axis=1)
    return out


def _shown(vote: NDArray[np.int8], chances: NDArray[np.float64] | None, at: int) -> Any:
    if vote[at] == SOFT and chances is not None:
        return tuple(chances[at].tolist())
    return int(vote[at])


def _refuse(request: Any, at: int, old: Any, new: Any, why: str) -> NoReturn:
    told = f"request {int(request)} is answered {old!r} already, and now {new!r}: {why}"
    checks.fail("request", told, at)
