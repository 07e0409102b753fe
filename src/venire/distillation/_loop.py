"""Distillation: the round loop, as a state machine that is asked and told."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Self, TypeVar, Unpack

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.data.rankings import Rankings
from venire.distillation._answers import answers_in
from venire.distillation._asking import Asking
from venire.distillation._learning import Learning
from venire.distillation._ledger import ANSWERED, PENDING
from venire.distillation._report import Report, report_of
from venire.distillation._requests import Requests, Told
from venire.distillation._settings import Options, Settings
from venire.distillation._state import State
from venire.distillation._store import Part
from venire.distillation._universe import Universe, is_frame

__all__ = ["Distillation"]

MOST_ROUNDS = 1_000_000  # of one run
_CALLABLES = "must map labels to callables"

P = ParamSpec("P")
T = TypeVar("T")
Folder = str | os.PathLike[str]


def _method_of(
    part: str, method: Callable[Concatenate[Any, P], T]
) -> Callable[Concatenate[Any, P], T]:
    """A method of a part that the loop holds under this name, as a method of the loop."""

    @wraps(method)
    def call(self: Any, *given: P.args, **named: P.kwargs) -> T:
        return method(getattr(self, part), *given, **named)

    return call


class Distillation:
    """Teachers' votes, targets, a student, and where the next votes should go, round by round.

    The loop is a state machine: `ask` says what to ask whom, `tell` takes the answers, in any order
    and whenever they come, `targets` and `fit_student` make use of them. Teachers are outside.

    Parameters
    ----------
    items : (group, item), or data frame
        Labels, one row per item: two arrays, or a frame with columns "group" and "item". Items of
        different groups (queries, topics) are different, whatever their labels.
    teachers : list of int or of str
        Labels of the teachers.
    gold : array_like of shape (n_items,), or str, optional
        What is known of the truth, row by row like `items` (nan: nothing), or the name of a column
        of the frame. It is used in reports only.
    folder : path-like, optional
        Where to keep the state: a new or empty folder. Every change is on disk before the call that
        makes it returns. Needs pyarrow.
    n_threads : int, optional
        Default: all usable CPUs. No result depends on it.
    **options
        Those of `distillation.Settings`: what to ask and whom (degree, panel, rotation, costs,
        bridges, criterion, share, steering), how to fit (model, prior, method, rho), how to report
        (top, gain), and rng.

    Attributes
    ----------
    settings : Settings
        The teachers and all options.
    items : (ndarray, ndarray)
        Labels of groups and items, in the rows as they were given. `features`, `gold` and
        `predictions` have these rows.
    order : ndarray of int64, shape (n_items,)
        ``x[order]`` are values of these rows in the flat order of the fits and targets: groups
        sorted, items sorted within their group.

    Raises
    ------
    ValueError
        If an item is listed twice in its group, a label is unknown, or an option is out of range.
    TypeError
        If an argument has a wrong type.
    StateError
        If `folder` holds a loop already (see `open`) or anything else, or is in use.

    Notes
    -----
    Memory: 20 bytes per ask and 12 per request, 24 more per request once a teacher answers with
    probabilities; on top of that what a fit needs.

    Examples
    --------
    >>> import numpy as np, venire as vn
    >>> truth = np.random.default_rng(0).normal(size=40)
    >>> group, item = np.repeat([0, 1], 20), np.tile(np.arange(20), 2)
    >>> loop = vn.distillation.Distillation((group, item), ["ann", "bea"], gold=truth, bridges=0)
    >>> for _ in range(3):
    ...     asked = loop.ask()
    ...     better = truth[20 * asked.group + asked.first] > truth[20 * asked.group + asked.second]
    ...     told = loop.tell(asked.request, np.where(better, 1, -1))
    >>> told
    Told(new=40, repeated=0, replaced=0, late=0)
    >>> loop.report()["total_votes"].tolist()
    [40, 80, 120]
    """

    def __init__(
        self,
        items: Any,
        teachers: Any,
        *,
        gold: Any = None,
        folder: Folder | None = None,
        n_threads: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        settings = Settings(teachers, **options)  # type: ignore[arg-type]
        self._hold(State(settings, Universe.read(items, gold), n_threads))
        if folder is not None:
            self._state.store = self._state.create(folder)

    def _hold(self, state: State) -> None:
        self._state = state
        self._learning = Learning(state)
        self._asking = Asking(state, self._learning)

    def __repr__(self) -> str:
        u, state = self._state.universe, self._state.ledger.state
        return (
            f"<Distillation: {u.n_groups:,} groups, {u.n_items:,} items, {self.n_rounds} rounds, "
            f"{int(np.count_nonzero(state == ANSWERED)):,} votes, "
            f"{int(np.count_nonzero(state == PENDING)):,} pending>"
        )

    @property
    def settings(self) -> Settings:
        """The teachers and all options."""
        return self._state.settings

    @property
    def items(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Labels of groups and items, row by row as they were given."""
        return self._state.universe.given()

    @property
    def order(self) -> NDArray[np.int64]:
        """Row of each item of the flat order."""
        return self._state.universe.order.copy()

    @property
    def teachers(self) -> NDArray[Any]:
        """Labels of the teachers."""
        return self._state.settings.labels.copy()

    @property
    def n_rounds(self) -> int:
        """Rounds that were asked."""
        return self._state.n_rounds

    # ---- asking -------------------------------------------------------------------------------

    ask = _method_of("_asking", Asking.ask)
    preview = _method_of("_asking", Asking.preview)
    withdraw = _method_of("_asking", Asking.withdraw)

    @property
    def pending(self) -> Requests:
        """Requests without an answer that were not withdrawn."""
        return Requests(np.flatnonzero(self._state.ledger.state == PENDING), self._state)

    def requests(self, request: ArrayLike | None = None) -> Requests:
        """These requests, or all."""
        ledger = self._state.ledger
        some = np.arange(ledger.n_requests) if request is None else ledger.check_requests(request)
        return Requests(some, self._state)

    # ---- answers ------------------------------------------------------------------------------

    def tell(
        self,
        request: Any,
        vote: Any = None,
        *,
        probabilities: Any = None,
        mapping: Mapping[Any, Any] | None = None,
        replace: bool = False,
    ) -> Told:
        """Take answers: in any order, late, in part, again.

        The whole call is checked before any of it is entered.

        Parameters
        ----------
        request : array_like of int, or data frame
            Which requests are answered. A frame has them in a column "request".
        vote : array_like, or str
            1 where the item shown first is the better one, -1 the second, 0 a tie. With a frame:
            the column of votes (default "vote"), in any form that `Votes.from_frame` takes; rows
            without a vote are passed over.
        probabilities : array_like of shape (n, 3), or list of three str
            Instead: the probabilities that the first wins, ties, loses; or their columns.
        mapping : mapping, optional
            What the values of a frame's column of votes mean, as in ``{"A": 1, "B": -1}``.
        replace : bool, default False
            Let an answer take the place of a different one.

        Returns
        -------
        Told
            How many were new, repeated, replaced, and late.

        Raises
        ------
        ValueError
            If a request is unknown, a vote is out of range, or, unless `replace`, an answer differs
            from the one that the request has; names the request and both answers. Nothing is
            entered then.
        TypeError
            If an argument has a wrong type.

        Examples
        --------
        >>> import venire as vn
        >>> loop = vn.distillation.Distillation((["q", "q"], ["a", "b"]), ["ann"])
        >>> loop.ask(1).request.tolist()
        [0]
        >>> loop.tell({"request": [0], "vote": ["first"]})
        Told(new=1, repeated=0, replaced=0, late=0)
        >>> loop.tell([0], [1])
        Told(new=0, repeated=1, replaced=0, late=0)
        """
        if is_frame(request):
            found = answers_in(request, vote, probabilities, mapping, replace, self._state)
        else:
            if mapping is not None:
                raise TypeError("mapping explains the votes of a frame")
            found = self._state.ledger.check_answers(request, vote, probabilities, replace)
        if len(found.request):
            self._state.change(Part("answers", found.columns()))
        new = len(found.request) - found.replaced
        return Told(new, found.repeated, found.replaced, found.late)

    def run(
        self,
        teachers: Mapping[Any, Callable[[Requests], Any]],
        student: Any = None,
        features: Any = None,
        *,
        rounds: int = 1,
        budget: int | Sequence[int] | None = None,
        folds: int = 5,
        **options: Any,
    ) -> Report:
        """Play rounds with teachers that are functions: ask, have them vote, fit the student.

        Requests that are pending from before are put to the teachers first.

        Parameters
        ----------
        teachers : mapping of label to callable
            Each is called with the `Requests` to it and returns their votes (n,), probabilities
            (n, 3), or `Rankings` of the items, as `Requests.ranked` takes them. Teachers that are
            not in the mapping are left for `tell`.
        student, features, folds : optional
            As in `fit_student`, which is called after each round if there is a student.
        rounds : int, default 1
        budget, **options
            Of `ask`.

        Returns
        -------
        Report

        Raises
        ------
        ValueError
            If a label is not one of the teachers, or an answer is out of range.
        """
        rounds = checks.whole(rounds, "rounds", 0, MOST_ROUNDS)
        if not isinstance(teachers, Mapping):
            checks.fail("teachers", _CALLABLES, value=teachers, kind=TypeError)
        for label, teacher in teachers.items():
            self._state.settings.position(label, "teachers")
            if not callable(teacher):
                checks.fail("teachers", _CALLABLES, value=teacher, kind=TypeError)
        if (student is None) != (features is None):
            raise TypeError("student and features go together")
        if len(self.pending):
            self._put(teachers)
        for _ in range(rounds):
            self.ask(budget, **options)
            self._put(teachers)
            if student is not None:
                self.fit_student(student, features, folds=folds)
        return self.report()

    def _put(self, teachers: Mapping[Any, Callable[[Requests], Any]]) -> None:
        for label, answer in teachers.items():
            mine = self.pending.of(label)
            if not len(mine):
                continue
            answered = answer(mine)
            if isinstance(answered, Rankings):
                self.tell(*mine.ranked(answered))
                continue
            said = np.asarray(answered)
            if said.ndim == 2:
                self.tell(mine.request, probabilities=said)
            else:
                if said.dtype.kind == "f" and np.isin(said, (-1.0, 0.0, 1.0)).all():
                    said = said.astype(np.int8)
                self.tell(mine.request, said)

    # ---- what is made of the answers ----------------------------------------------------------

    votes = _method_of("_learning", Learning.votes)
    fit = _method_of("_learning", Learning.fit)
    calibration = _method_of("_learning", Learning.calibration)
    targets = _method_of("_learning", Learning.targets)
    fit_student = _method_of("_learning", Learning.fit_student)

    @property
    def predictions(self) -> NDArray[np.float64] | None:
        """What the last student predicts of items of groups that it did not see; None before.

        Rows as in `items`, in the unit of the fit; nan where nothing could be held out.
        """
        prediction = self._state.prediction
        return None if prediction is None else prediction[self._state.universe.flat]

    def report(self, *, preview: bool = False) -> Report:
        """Votes, cost and quality of every round.

        Parameters
        ----------
        preview : bool, default False
            Also ask `allocate` what one more ask in each group would be expected to bring: the
            stopping rule. About as long as an `ask`.

        Returns
        -------
        Report

        Notes
        -----
        One fit for each round whose votes changed since the last report.
        """
        one_each = (self._state.universe.sizes > 1).astype(np.int64)
        gain = self.preview(one_each).marginal_gain if preview else float("nan")
        return report_of(self._state, self._learning, gain)

    # ---- the folder ---------------------------------------------------------------------------

    @property
    def folder(self) -> os.PathLike[str] | None:
        """Where the state is kept; None for memory only."""
        return None if self._state.store is None else self._state.store.folder

    save = _method_of("_state", State.save)

    @classmethod
    def open(cls, folder: Folder, *, read_only: bool = False, n_threads: int | None = None) -> Self:
        """Go on with the loop in a folder, from exactly where it was.

        Parameters
        ----------
        folder : path-like
        read_only : bool, default False
            Only look: takes no lock, and sees the state as of now. Nothing can be changed.
        n_threads : int, optional
            Default: all usable CPUs. No result depends on it.

        Raises
        ------
        StateError
            If there is no loop in the folder, it was written in another format or is damaged (says
            what is wrong, and changes nothing), or another process has it open to write.
        """
        self = cls.__new__(cls)
        self._hold(State.open(folder, read_only=read_only, n_threads=n_threads))
        return self

    def close(self) -> None:
        """Let go of the folder; the loop cannot be changed afterwards."""
        self._state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
