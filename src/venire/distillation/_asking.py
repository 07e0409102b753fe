"""Asking: which pairs come next, and what becomes of teachers that leave."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import occurrence
from venire.design import (
    BASELINES,
    CRITERIA,
    Allocation,
    AllocationPrior,
    Criterion,
    allocate,
    design_bridges,
    design_pairs,
)
from venire.distillation._assigning import affordable, assign, prices, stand_ins
from venire.distillation._learning import Learning
from venire.distillation._ledger import ANSWERED, ASK_COLUMNS, PENDING
from venire.distillation._requests import Requests
from venire.distillation._state import State
from venire.distillation._store import Part
from venire.priors import GaussianPrior

__all__ = ["Asking"]

_PAIRS, _BRIDGES = 0, 1  # streams of a round


class _Pairs(NamedTuple):
    """Pairs in the order shown, as positions; `rank` is each one's place within its group."""

    group: NDArray[Any]
    first: NDArray[Any]
    second_group: NDArray[Any]
    second: NDArray[Any]
    rank: NDArray[Any]


class Asking:
    """Chooses pairs and teachers, and enters what they are asked."""

    def __init__(self, state: State, learning: Learning) -> None:
        self._state, self._learning = state, learning

    def ask(
        self,
        budget: int | ArrayLike | None = None,
        *,
        cost: float | None = None,
        criterion: str | None = None,
        share: str | None = None,
        prior: str | GaussianPrior | AllocationPrior | None = None,
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
        prior : {"select", "fixed", "empirical"}, GaussianPrior or AllocationPrior, optional
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
        >>> loop = vn.distillation.Distillation(
        ...     (["q"] * 4 + ["r"] * 4, list("abcd") * 2), ["ann", "bea"]
        ... )
        >>> requests = loop.ask()
        >>> requests
        <Requests: 12, 4 of them bridges, cost 12>
        """
        if budget is not None and cost is not None:
            raise TypeError("give budget or cost, not both")
        settings = self._state.settings
        first = self._state.n_rounds == 0
        bridges = self._bridges() if first else None
        left = None
        if cost is not None:
            left = float(checks.amounts(cost, 1, "cost")[0])
            if bridges is not None:
                left -= float(prices(settings, self._teachers(bridges.group, bridges.rank)).sum())
            budget = self._paid_for(left, cost)
        if first and budget is None:
            pairs, facts = self._cycles(), {"criterion": "cycles"}
        else:
            found = self.preview(budget, criterion=criterion, share=share, prior=prior)
            pairs = _Pairs(found.group, found.first, found.group, found.second, found.rank)
            facts = _facts(found)
        ledger = self._state.ledger
        inside = ledger.group[~ledger.bridge()]
        before = np.bincount(inside, minlength=self._state.universe.n_groups)
        teachers = self._teachers(pairs.group, pairs.rank + before[pairs.group])
        if left is not None:
            some = affordable(settings, teachers, pairs.rank, pairs.group, left)
            pairs, teachers = _Pairs(*(column[some] for column in pairs)), teachers[some]
        if bridges is not None:
            teachers = np.concatenate([teachers, self._teachers(bridges.group, bridges.rank)])
            pairs = _Pairs(*(np.concatenate(both) for both in zip(pairs, bridges, strict=True)))
        return self._enter(pairs, teachers, facts)

    def preview(
        self,
        budget: int | ArrayLike | None = None,
        *,
        criterion: str | None = None,
        share: str | None = None,
        prior: str | GaussianPrior | AllocationPrior | None = None,
    ) -> Allocation:
        """What `ask` would choose within the groups now, without asking it.

        ``preview().marginal_gain`` is a stopping rule: what the last asks of such a round are
        expected to bring. Parameters and errors are those of `ask`.
        """
        state, settings, ledger = self._state, self._state.settings, self._state.ledger
        criterion = settings.criterion if criterion is None else criterion
        checks.one_of(criterion, "criterion", CRITERIA + BASELINES)
        budget = checks.column(budget, "budget")
        if state.n_rounds == 0:
            criterion = "uniform"
        if budget is None:
            budget = self._usual_budget()
        if share is None:  # gains can only share one number, and only some criteria have gains
            shared = checks.length(budget, "budget") is None and criterion in CRITERIA
            share = settings.share if shared else "equal"
        steered = settings.steering == "student" or criterion.startswith("residual")
        columns = (ledger.group, ledger.first, ledger.second)
        asked, waiting = (tuple(c[some] for c in columns) for some in ledger.live())
        return allocate(
            self._learning.comparisons(),
            budget,
            model=settings.model,
            criterion=Criterion(criterion, settings.top),
            share=share,
            prediction=state.prediction if steered else None,
            prior="select" if prior is None else prior,
            asked=asked,
            pending=waiting,
            votes_per_ask=settings.votes_per_ask,
            rho=settings.rho,
            rng=self._stream(_PAIRS),
            n_threads=state.n_threads,
        )

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
        state, ledger, active = self._state, self._state.ledger, self._state.active()
        label = None
        if teacher is not None:
            position = state.settings.position(teacher)
            label, active[position] = state.settings.teachers[position], False
            closed = np.flatnonzero((ledger.state == PENDING) & (ledger.teacher == position))
        else:
            ids = ledger.check_requests(requests)  # type: ignore[arg-type]
            open_ = ledger.state[ids] != ANSWERED
            checks.every(open_, "requests", "is answered already", ids)
            closed = np.unique(ids[ledger.state[ids] == PENDING])
        ask, teachers = closed[:0], ledger.teacher[:0]
        if reassign:
            ask, teachers = stand_ins(state.settings, active, ledger, closed)
        note = {
            "teacher": label, "round": state.n_rounds, "withdrawn": len(closed),
            "reassigned": len(ask),
        }  # fmt: skip
        parts = []
        if len(closed):
            parts.append(Part("closed", {"request": closed}))
        if len(ask):
            parts.append(Part("requests", {"ask": ask, "teacher": teachers}))
        before = ledger.n_requests
        state.change(*parts, withdrawn=note)
        return Requests(np.arange(before, ledger.n_requests), state)

    # ---- pairs --------------------------------------------------------------------------------

    def _cycles(self) -> _Pairs:
        design = design_pairs(
            self._state.universe.sizes, self._state.settings.degree, rng=self._stream(_PAIRS),
            n_threads=self._state.n_threads,
        )  # fmt: skip
        return _Pairs(design.group, design.first, design.group, design.second, design.position)

    def _bridges(self) -> _Pairs | None:
        settings, universe = self._state.settings, self._state.universe
        if settings.bridges == 0 or universe.n_groups < 2:
            return None
        made = design_bridges(universe.sizes, settings.bridges, rng=self._stream(_BRIDGES))
        group = made.first_group
        return _Pairs(group, made.first, made.second_group, made.second, occurrence(group))

    def _stream(self, purpose: int) -> np.random.SeedSequence:
        number = self._state.n_rounds + 1
        return np.random.SeedSequence([self._state.settings.rng, number, purpose])

    def _teachers(self, group: NDArray[Any], position: NDArray[Any]) -> NDArray[np.int16]:
        return assign(self._state.settings, self._state.active(), group, position)

    def _usual_budget(self) -> int:
        """As many asks as the first round had; before it, as it would have."""
        rounds, sizes = self._state.facts["rounds"], self._state.universe.sizes
        if rounds and rounds[0]["asks"]:
            return int(rounds[0]["asks"])
        n = np.minimum(sizes - 1, self._state.settings.degree) * sizes
        return max(int(n.clip(0).sum() // 2), 1)

    def _paid_for(self, left: float, cost: Any) -> int:
        """Asks that `left` pays for if teachers take turns; at most the pairs there are."""
        settings, n_pairs = self._state.settings, self._state.universe.n_pairs
        turns = np.arange(len(settings.rotation or settings.teachers))
        each = prices(settings, self._teachers(np.zeros_like(turns), turns))
        if not left >= each.min() or left <= 0.0:
            checks.fail("cost", "does not pay for one ask", value=cost)
        return n_pairs if each.mean() == 0.0 else min(math.ceil(left / each.mean()), n_pairs)

    def _enter(self, pairs: _Pairs, teachers: NDArray[np.int16], facts: dict[str, Any]) -> Requests:
        state, ledger = self._state, self._state.ledger
        n, width = teachers.shape
        n_bridges = int(np.count_nonzero(pairs.group != pairs.second_group))
        columns = (*pairs[:4], np.full(n, state.n_rounds + 1))
        asks = {name: np.asarray(c, np.int32) for name, c in zip(ASK_COLUMNS, columns, strict=True)}
        ask = np.repeat(np.arange(ledger.n_asks, ledger.n_asks + n), width)
        requests = {"ask": ask, "teacher": np.ascontiguousarray(teachers).reshape(-1)}
        facts = facts | {"asks": n - n_bridges, "bridges": n_bridges}
        before = ledger.n_requests
        state.change(Part("asks", asks), Part("requests", requests), rounds=facts)
        return Requests(np.arange(before, ledger.n_requests), state)


def _facts(found: Allocation) -> dict[str, Any]:
    """What a report says of a round that was allocated."""
    gain = found.marginal_gain
    return {
        "criterion": found.criterion,
        "prior": found.prior.name,
        "precision": float(np.median(found.prior.precision)),
        "marginal_gain": gain if math.isfinite(gain) else None,
    }
