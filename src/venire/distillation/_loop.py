"""Distillation: the round loop, as a state machine that is asked and told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire.distillation._answers import frame_answers, is_frame
from venire.distillation._ledger import ANSWERED, PENDING
from venire.distillation._part_learning import Learning
from venire.distillation._requests import Requests, Told
from venire.distillation._settings import settings_of
from venire.distillation._store import Part, Store
from venire.distillation._universe import Universe, keyed
from venire.models import DEFAULT
from venire.priors import GaussianPrior

if TYPE_CHECKING:
    import os

    from venire.distillation._report import Report

__all__ = ["Distillation"]

MOST_ROUNDS = 1_000_000  # of one run
_CALLABLES = "must map labels to callables"


class Distillation(Learning):
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
    degree : int, default 2
        Asks of each item in the first round: a design of cycles, see `design_pairs`.
    panel : int or list of labels, optional
        Teachers that vote on each pair: so many, in turns, or these. Default: one teacher a pair,
        in rotation.
    rotation : list of labels, optional
        The period of the rotation, in which a teacher may stand more than once. Default: each once.
    costs : array_like of shape (n_teachers,), or mapping of label to float, optional
        Of a vote of each teacher. Default: 1.
    bridges : int, default 4
        Pairs of items of two groups that each group takes part in, asked in the first round: they
        put the targets of all groups on one scale. 0: none.
    model : {"bradley-terry", "thurstone"}
    prior : GaussianPrior or None, default GaussianPrior(0.1)
        Of the fits; see `fit_votes`.
    method : {"auto", "fit", "consensus", "uniform"}
        How teachers are weighed, see `fit_votes`. "auto": "fit" for a rotation, "consensus" for a
        panel.
    criterion, share : str
        How pairs are chosen after the first round, see `allocate`.
    steering : {"student", "none"}
        Whether the last student's predictions, out of fold by group, are offered to `allocate` as a
        prior mean. It is taken where it predicts votes that were held out better than no student.
    rho : float, default 0.3
        Correlation of the teachers' errors, see `allocate` and `consensus`.
    top : int, default 10
        Of criterion "top", and of nDCG in reports.
    gain : {"linear", "exponential"}
        Of nDCG: the gold value itself, or 2**value - 1.
    rng : int, SeedSequence or Generator, default 0
        One seed is drawn from it; every choice of round r depends on that, on r, and on what was
        asked and told.
    folder : path-like, optional
        Where to keep the state: a new or empty folder. Every change is on disk before the call that
        makes it returns. Needs pyarrow.
    n_threads : int, optional
        Default: all usable CPUs. No result depends on it.

    Attributes
    ----------
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
    >>> loop = vn.Distillation((group, item), ["ann", "bea"], gold=truth, bridges=0)
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
        degree: int = 2,
        panel: Any = None,
        rotation: Any = None,
        costs: Any = None,
        bridges: int = 4,
        model: str = DEFAULT,
        prior: GaussianPrior | None = GaussianPrior(0.1),  # noqa: B008
        method: str = "auto",
        criterion: str = "D",
        share: str = "equal",
        steering: str = "student",
        rho: float = 0.3,
        top: int = 10,
        gain: str = "linear",
        rng: Any = 0,
        folder: str | os.PathLike[str] | None = None,
        n_threads: int | None = None,
    ) -> None:
        settings = settings_of(
            teachers=teachers, costs=costs, rotation=rotation, panel=panel, degree=degree,
            model=model, prior=prior, bridges=bridges, rho=rho, rng=rng, criterion=criterion,
            share=share, steering=steering, method=method, top=top, gain=gain,
        )  # fmt: skip
        universe, known = _universe(items, gold)
        self._begin(settings, universe, known, n_threads)
        if folder is not None:
            self._store = Store.create(folder, self._saved(), self._head, *self._everything())

    def __repr__(self) -> str:
        u, ledger = self._universe, self._ledger
        votes = int(np.count_nonzero(ledger.state == ANSWERED))
        return (
            f"<Distillation: {u.n_groups:,} groups, {u.n_items:,} items, {self.n_rounds} rounds, "
            f"{votes:,} votes, {int(np.count_nonzero(ledger.state == PENDING)):,} pending>"
        )

    @property
    def items(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Labels of groups and items, row by row as they were given."""
        return self._universe.given()

    @property
    def order(self) -> NDArray[np.int64]:
        """Row of each item of the flat order."""
        return np.argsort(self._universe.flat)

    @property
    def teachers(self) -> NDArray[Any]:
        """Labels of the teachers."""
        return self._settings.labels.copy()

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
        >>> loop = vn.Distillation((["q", "q"], ["a", "b"]), ["ann"])
        >>> loop.ask(1).request.tolist()
        [0]
        >>> loop.tell({"request": [0], "vote": ["first"]})
        Told(new=1, repeated=0, replaced=0, late=0)
        >>> loop.tell([0], [1])
        Told(new=0, repeated=1, replaced=0, late=0)
        """
        if is_frame(request):
            if not (vote is None or isinstance(vote, str)):
                raise TypeError("vote must be the name of a column of the frame")
            rows = frame_answers(
                request, "request", "vote" if vote is None else vote, probabilities, mapping,
                self._ledger.check_requests, self._labels_of,
            )  # fmt: skip
            with rows.naming():
                found = self._ledger.check_answers(
                    rows.request, rows.vote, rows.probabilities, replace
                )
        else:
            if mapping is not None:
                raise TypeError("mapping explains the votes of a frame")
            found = self._ledger.check_answers(request, vote, probabilities, replace)
        if len(found.request):
            self._change(Part("answers", found.columns()))
        new = len(found.request) - found.replaced
        return Told(new, found.repeated, found.replaced, found.late)

    @property
    def pending(self) -> Requests:
        """Requests without an answer that were not withdrawn."""
        return self._requests(np.flatnonzero(self._ledger.state == PENDING))

    def requests(self, request: ArrayLike | None = None) -> Requests:
        """These requests, or all."""
        if request is None:
            return self._requests(np.arange(self._ledger.n_requests))
        return self._requests(self._ledger.check_requests(request))

    # ---- local teachers -----------------------------------------------------------------------

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
            Each is called with the `Requests` to it and returns their votes (n,), or probabilities
            (n, 3). Teachers that are not in the mapping are left for `tell`.
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
            self._settings.position(label, "teachers")
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
            said = np.asarray(answer(mine))
            if said.ndim == 2:
                self.tell(mine.request, probabilities=said)
            else:
                if said.dtype.kind == "f" and np.isin(said, (-1.0, 0.0, 1.0)).all():
                    said = said.astype(np.int8)
                self.tell(mine.request, said)


def _universe(items: Any, gold: Any) -> tuple[Universe, NDArray[np.float64] | None]:
    """The items, and gold in flat order."""
    if is_frame(items):
        names = {"group": "group", "item": "item"}
        if isinstance(gold, str):
            names["gold"] = gold
        columns = keyed(items, names)
        gold = columns.get("gold", gold)
        universe = Universe(columns["group"], columns["item"])
    else:
        if not isinstance(items, (tuple, list)) or len(items) != 2:
            reason = "must be a pair (group, item) of arrays, or a data frame"
            checks.fail("items", reason, kind=TypeError)
        universe = Universe(*items)
    if gold is None:
        return universe, None
    values = checks.numeric(gold, "gold").astype(np.float64)
    if values.shape != (universe.n_items,):
        checks.fail("gold", f"has shape {values.shape}, but there are {universe.n_items} items")
    if np.isinf(values).any():
        at = int(np.argmax(np.isinf(values)))
        checks.fail("gold", "must be finite, or nan where nothing is known", at, values[at])
    return universe, universe.to_flat(values)
