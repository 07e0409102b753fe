"""The side of a loop that asks: which pairs, of whom, and what becomes of teachers that leave."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.coding import Encoded
from venire.design import (
    Allocation,
    AllocationPrior,
    Criterion,
    allocate,
    design_bridges,
    design_pairs,
)
from venire.distillation import _asking
from venire.distillation._asking import Pairs
from venire.distillation._ledger import ANSWERED, PENDING
from venire.distillation._requests import Requests
from venire.distillation._settings import CRITERIA
from venire.distillation._state import State
from venire.distillation._store import Part

if TYPE_CHECKING:
    from venire.data.grouped_comparisons import GroupedComparisons

__all__ = ["Asking"]

_PAIRS, _BRIDGES = 0, 1  # streams of a round


class Asking(State):
    """See `Distillation`."""

    @abstractmethod
    def _comparisons(self) -> GroupedComparisons:
        """The weighted votes so far, of all items; `Learning` knows them."""

    @property
    def n_rounds(self) -> int:
        """Rounds that were asked."""
        return len(self._head["rounds"])

    def ask(
        self,
        budget: int | ArrayLike | None = None,
        *,
        cost: float | None = None,
        criterion: str | None = None,
        share: str | None = None,
        prior: str | AllocationPrior | None = None,
    ) -> Requests:
        """Begin a round: choose pairs, and whom to ask about each.

        The first round is a design of cycles through each group (no votes are known yet), with
        bridges between groups besides. In later rounds `allocate` chooses, given all votes so far,
        all asks, those that are still pending, and the student's predictions.

        Parameters
        ----------
        budget : int or array_like of int, shape (n_groups,), optional
            Asks: one pair each, for one teacher or one panel; in all, or of each group. Bridges
            come on top. Default: in the first round what `degree` says, later as many as then.
        cost : float, optional
            Instead of `budget`: as many asks as this pays for, bridges included.
        criterion, share : str, optional
            As in `allocate`. Default: those of the loop. The first round is uniform in any case.
        prior : {"select", "fixed", "empirical"} or AllocationPrior, optional
            As in `allocate`. Default: "select", with the student's predictions among the candidates
            if the loop is steered by the student and one was fitted.

        Returns
        -------
        Requests

        Raises
        ------
        ValueError
            If the budget is below 1 or above the number of pairs, `cost` pays for no ask, or no
            teacher is left; in the first round if `degree` is odd and a group has an odd number of
            items; later if a criterion needs a student and none was fitted.
        TypeError
            If an argument has a wrong type, or both `budget` and `cost` are given.

        Examples
        --------
        >>> import venire as vn
        >>> loop = vn.Distillation((["q"] * 4 + ["r"] * 4, list("abcd") * 2), ["ann", "bea"])
        >>> requests = loop.ask()
        >>> requests
        <Requests: 12, 4 of them bridges, cost 12>
        """
        if budget is not None and cost is not None:
            raise TypeError("give budget or cost, not both")
        number, active = self.n_rounds + 1, self._head["active"]
        bridges = self._bridges() if number == 1 else None
        left = None
        if cost is not None:
            left = float(checks.amounts(cost, 1, "cost")[0])
            if bridges is not None:
                asked = _asking.assign(self._settings, active, bridges.group, bridges.rank)
                left -= float(np.array(self._settings.costs)[asked].sum())
            budget = self._paid_for(left, cost)
        if number == 1 and budget is None:
            pairs, facts = self._first(), {"criterion": "cycles"}
        else:
            found = self._allocate(number, budget, criterion, share, prior)
            pairs, facts = self._pairs_of(found), _facts(found)
        position = pairs.rank + self._asked_before()[pairs.group]
        teachers = _asking.assign(self._settings, active, pairs.group, position)
        if left is not None:
            some = _asking.affordable(self._settings, teachers, pairs.rank, pairs.group, left)
            pairs, teachers = pairs.select(some), teachers[some]
        if bridges is not None:
            asked = _asking.assign(self._settings, active, bridges.group, bridges.rank)
            pairs, teachers = _asking.stacked(pairs, bridges), np.concatenate([teachers, asked])
        return self._enter_round(pairs, teachers, facts)

    def preview(
        self,
        budget: int | ArrayLike | None = None,
        *,
        criterion: str | None = None,
        share: str | None = None,
        prior: str | AllocationPrior | None = None,
    ) -> Allocation:
        """What `ask` would choose within the groups now, without asking it.

        ``preview().marginal_gain`` is a stopping rule: what the last asks of such a round are
        expected to bring. Parameters and errors are those of `ask`.
        """
        return self._allocate(self.n_rounds + 1, budget, criterion, share, prior)

    # ---- pairs --------------------------------------------------------------------------------

    def _first(self) -> Pairs:
        design = design_pairs(
            self._universe.sizes, self._settings.degree, rng=self._stream(1, _PAIRS),
            n_threads=self.n_threads,
        )  # fmt: skip
        return Pairs(design.group, design.first, design.group, design.second, design.position)

    def _bridges(self) -> Pairs | None:
        if self._settings.bridges == 0 or self._universe.n_groups < 2:
            return None
        made = design_bridges(
            self._universe.sizes, self._settings.bridges, rng=self._stream(1, _BRIDGES)
        )
        group = made.first_group
        rank = _asking.ranks(self._universe, group)
        return Pairs(group, made.first, made.second_group, made.second, rank)

    def _allocate(
        self, number: int, budget: Any, criterion: Any, share: Any, prior: Any
    ) -> Allocation:
        settings, ledger = self._settings, self._ledger
        criterion = settings.criterion if criterion is None else criterion
        checks.one_of(criterion, "criterion", CRITERIA)
        budget = checks.column(budget, "budget")
        if number == 1:
            criterion = "uniform"
        if budget is None:
            budget = self._usual_budget()
        if share is None:  # gains can only share one number, and only some criteria have gains
            shared = checks.length(budget, "budget") is None and criterion in ("D", "A", "top")
            share = settings.share if shared else "equal"
        prediction = self._prediction if settings.steering == "student" else None
        if criterion.startswith("residual"):
            prediction = self._prediction
        live, waiting = _asking.live_asks(ledger), _asking.live_asks(ledger, unanswered=True)
        live = np.setdiff1d(live, waiting, assume_unique=True)
        columns = (ledger.group, ledger.first, ledger.second)
        return allocate(
            self._comparisons(),
            budget,
            criterion=Criterion(criterion, settings.top),
            share=share,
            prediction=prediction,
            prior="select" if prior is None else prior,
            asked=tuple(column[live] for column in columns),
            pending=tuple(column[waiting] for column in columns),
            votes_per_ask=settings.votes_per_ask,
            rho=settings.rho,
            rng=self._stream(number, _PAIRS),
            n_threads=self.n_threads,
        )

    def _usual_budget(self) -> int:
        """As many asks as the first round had; before it, as it would have."""
        if self.n_rounds:
            asked = int(self._head["rounds"][0]["asks"])
            if asked:
                return asked
        n = np.minimum(self._universe.sizes - 1, self._settings.degree) * self._universe.sizes
        return max(int(n.clip(0).sum() // 2), 1)

    def _paid_for(self, left: float, cost: Any) -> int:
        """Asks that `left` pays for if teachers take turns; at most the pairs there are."""
        settings, active = self._settings, self._head["active"]
        turns = np.arange(len(settings.rotation))
        teachers = _asking.assign(settings, active, np.zeros_like(turns), turns)
        each = np.array(settings.costs)[teachers].sum(axis=1)
        if not left >= each.min() or left <= 0.0:
            checks.fail("cost", "does not pay for one ask", value=cost)
        if each.mean() == 0.0:
            return self._universe.n_pairs
        return min(math.ceil(left / each.mean()), self._universe.n_pairs)

    @staticmethod
    def _pairs_of(found: Allocation) -> Pairs:
        return Pairs(found.group, found.first, found.group, found.second, found.rank)

    def _asked_before(self) -> NDArray[np.int64]:
        ledger = self._ledger
        return np.bincount(ledger.group[~ledger.bridge()], minlength=self._universe.n_groups)

    def _stream(self, number: int, purpose: int) -> np.random.SeedSequence:
        return np.random.SeedSequence([self._settings.seed, number, purpose])

    def _enter_round(
        self, pairs: Pairs, teachers: NDArray[np.int16], facts: dict[str, Any]
    ) -> Requests:
        ledger, number = self._ledger, self.n_rounds + 1
        n, width = teachers.shape
        n_bridges = int(np.count_nonzero(pairs.group != pairs.second_group))
        asks = {
            "group": pairs.group, "first": pairs.first, "second_group": pairs.second_group,
            "second": pairs.second, "round": np.full(n, number),
        }  # fmt: skip
        asks = {name: np.asarray(column, np.int32) for name, column in asks.items()}
        ask = np.repeat(np.arange(ledger.n_asks, ledger.n_asks + n), width)
        requests = {"ask": ask, "teacher": np.ascontiguousarray(teachers).reshape(-1)}
        facts = facts | {"asks": n - n_bridges, "bridges": n_bridges}
        before = ledger.n_requests
        self._change(
            Part("asks", asks), Part("requests", requests), rounds=[*self._head["rounds"], facts]
        )
        return self._requests(np.arange(before, self._ledger.n_requests))

    # ---- teachers that leave ------------------------------------------------------------------

    def withdraw(
        self,
        teacher: Any = None,
        *,
        requests: ArrayLike | None = None,
        reassign: bool = True,
    ) -> Requests:
        """Give up waiting: for a teacher, who is not asked again, or for some requests.

        Parameters
        ----------
        teacher : label, optional
            Its pending requests are withdrawn and the rotation goes on without it. What it answered
            stays.
        requests : array_like of int, optional
            Instead: pending requests. Those that were withdrawn already are passed over.
        reassign : bool, default True
            Ask others in their place: each goes to the next teacher in turn who was not asked about
            the pair; a pair that all were asked about gets none.

        Returns
        -------
        Requests
            The new ones. A late answer to a withdrawn request is still taken.

        Raises
        ------
        ValueError
            If the teacher or a request is unknown, or a request is answered.
        TypeError
            If not exactly one of `teacher` and `requests` is given.
        """
        if (teacher is None) == (requests is None):
            raise TypeError("give one of teacher and requests")
        ledger, active = self._ledger, list(self._head["active"])
        label = None
        if teacher is not None:
            position = self._settings.position(teacher)
            label = self._settings.teachers[position]
            active[position] = False
            closed = np.flatnonzero((ledger.state == PENDING) & (ledger.teacher == position))
        else:
            ids = ledger.check_requests(requests)  # type: ignore[arg-type]
            done = ledger.state[ids] == ANSWERED
            if done.any():
                at = int(np.argmax(done))
                checks.fail("requests", "is answered already", at, ids[at])
            closed = np.unique(ids[ledger.state[ids] == PENDING])
        ask, teachers = closed[:0], ledger.teacher[:0]
        if reassign:
            ask, teachers = _asking.reassign(self._settings, active, ledger, closed)
        before = ledger.n_requests
        note = {
            "teacher": label, "round": self.n_rounds, "withdrawn": len(closed),
            "reassigned": len(ask),
        }  # fmt: skip
        parts = []
        if len(closed):
            parts.append(Part("closed", {"request": closed}))
        if len(ask):
            parts.append(Part("requests", {"ask": ask, "teacher": teachers}))
        self._change(*parts, active=active, withdrawn=[*self._head["withdrawn"], note])
        return self._requests(np.arange(before, self._ledger.n_requests))

    # ---- tables -------------------------------------------------------------------------------

    def _requests(self, request: NDArray[np.int64]) -> Requests:
        return Requests(request, self._universe, self._ledger, self._settings)

    def _labels_of(self, request: NDArray[np.int64]) -> tuple[Encoded, Encoded]:
        """The two items of requests."""
        ledger, universe = self._ledger, self._universe
        ask = ledger.ask[request]
        distinct, codes = universe.coded
        sides = ((ledger.group, ledger.first), (ledger.second_group, ledger.second))
        one, two = (codes[universe.offsets[group[ask]] + item[ask]] for group, item in sides)
        return Encoded(distinct, one), Encoded(distinct, two)


def _facts(found: Allocation) -> dict[str, Any]:
    """What a report says of a round that was allocated."""
    gain = found.marginal_gain
    return {
        "criterion": found.criterion,
        "prior": found.prior.name,
        "precision": found.prior.precision,
        "marginal_gain": gain if math.isfinite(gain) else None,
    }
