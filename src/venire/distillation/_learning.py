"""Learning from the answers: fits, one scale for all groups, targets, and the student."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire import scales
from venire._core import checks
from venire.data.coding import Encoded
from venire.data.grouped_comparisons import GroupedComparisons
from venire.data.votes import Votes
from venire.data.votes.reading import SIGNED
from venire.distillation._ledger import SOFT
from venire.distillation._requests import Requests
from venire.distillation._state import State
from venire.distillation._store import Part
from venire.distillation._student import feature_rows, teach
from venire.distillation.measures import Quality, mean_quality
from venire.ratings.grouped import Calibration, calibrate
from venire.targets import Targets, VotesFit, fit_votes, make_targets

__all__ = ["Learning"]


class Learning:
    """Makes fits, targets and students of the answers."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._kept: dict[Any, tuple[Any, Any]] = {}  # what of the answers it is of, and the result

    def _once(self, name: Any, of: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made again only when `of` is another."""
        if name not in self._kept or self._kept[name][0] != of:
            self._kept[name] = of, make()
        return self._kept[name][1]

    # ---- fits ---------------------------------------------------------------------------------

    def votes(self, rounds: int | None = None) -> Votes:
        """The answers about pairs within groups, as votes.

        Parameters
        ----------
        rounds : int, optional
            Only those to requests of the first so many rounds.

        Raises
        ------
        ValueError
            If there are none yet.
        """
        return self._votes(None if rounds is None else checks.whole(rounds, "rounds", 0))

    def _votes(self, rounds: int | None) -> Votes:
        state, ledger, universe = self._state, self._state.ledger, self._state.universe
        request = ledger.answered(bridge=False, rounds=rounds)
        if not len(request):
            raise ValueError("there are no votes yet: ask, and tell the answers")
        first: Any
        second: Any
        first, second = state.labels_of(request)
        labels, teacher = state.settings.labels, ledger.teacher[request]
        present = np.unique(teacher)
        present = present[np.argsort(labels[present], kind="stable")]
        rank = np.zeros(len(labels), np.int32)
        rank[present] = np.arange(len(present))
        said = ledger.said(request)
        soft = bool((said.vote == SOFT).any())
        voters: Any = Encoded(labels[present], rank[teacher])
        groups: Any = Encoded(universe.groups, ledger.group[ledger.ask[request]])
        return Votes(
            first,
            second,
            voters,
            None if soft else said.vote,
            said.masses() if soft else None,
            group=groups,
            mapping=None if soft else SIGNED,
            n_threads=state.n_threads,
        )

    def fit(self) -> VotesFit:
        """The ratings of all items from the votes told so far, teachers weighed: see `fit_votes`.

        Returns
        -------
        VotesFit
            Kept until other answers come.

        Raises
        ------
        ValueError
            If there are no votes yet.
        """
        return self._once("fit", self._state.ledger.version, self._fitted)

    def _fitted(self, rounds: int | None = None) -> VotesFit:
        settings, universe = self._state.settings, self._state.universe
        return fit_votes(
            self._votes(rounds),
            model=settings.model,
            prior=settings.prior,
            method=settings.weighing,
            rho=settings.rho,
            items=(universe.groups[universe.group_of_item], universe.items),
            n_threads=self._state.n_threads,
        )

    def comparisons(self) -> GroupedComparisons:
        """The weighted votes so far, of all items."""
        some = len(self._state.ledger.answered(bridge=False))
        return self.fit().comparisons if some else self._state.universe.empty

    def quality(self, number: int, n_votes: int) -> tuple[Quality, NDArray[np.float64]]:
        """Quality, and weights of the teachers, of the fit of rounds 1 to `number`."""
        key = (n_votes, self._state.ledger.n_replaced)
        return self._once(("round", number), key, lambda: self._quality(number))

    def _quality(self, number: int) -> tuple[Quality, NDArray[np.float64]]:
        state = self._state
        weights = np.full(len(state.settings.teachers), np.nan)
        if not len(state.ledger.answered(bridge=False, rounds=number)):
            return Quality(), weights
        fit = self.fit() if number == state.n_rounds else self._fitted(number)
        weights[state.settings.positions(fit.teachers.tolist())] = fit.weights
        return self._judged(fit.fit.theta), weights

    def _judged(self, values: NDArray[np.float64]) -> Quality:
        settings, universe = self._state.settings, self._state.universe
        return mean_quality(universe.offsets, values, universe.gold, settings.top, settings.gain)

    # ---- one scale, targets -------------------------------------------------------------------

    def calibration(self) -> Calibration | None:
        """One scale for all groups, from the answered bridges; None if there are none.

        A vote on a bridge counts what the teacher's votes count in the fit. The votes of a panel on
        one bridge are together worth n / (1 + (n - 1) rho).
        """
        fit = self.fit()
        version = self._state.ledger.version
        return self._once("calibration", version, lambda: self._calibrated(fit))

    def _calibrated(self, fit: VotesFit) -> Calibration | None:
        state, ledger = self._state, self._state.ledger
        request = ledger.answered(bridge=True)
        fitted = np.isin(state.settings.labels[ledger.teacher[request]], fit.teachers)
        request = request[fitted]  # a teacher without a vote within groups has no weight
        if not len(request):
            return None
        told, ask = Requests(request, state), ledger.ask[request]
        mass = ledger.said(request).masses()
        worth = 1.0 / (1.0 + (np.bincount(ask)[ask] - 1) * state.settings.rho)
        return calibrate(
            fit.fit,
            told.group, told.first, told.second_group, told.second,
            mass[:, 0] + 0.5 * mass[:, 1],
            fit.weight_of(told.teacher) * worth,
            n_threads=state.n_threads,
        )  # fmt: skip

    def targets(self, **options: Any) -> Targets:
        """What a student is to be trained on, calibrated if bridges were answered.

        Parameters
        ----------
        **options
            scale, clamp, shrink and prediction_variance, as in `make_targets`.

        Returns
        -------
        Targets
            In the flat order; ``features[loop.order]`` are the rows that belong to it.

        Raises
        ------
        ValueError
            If there are no votes yet, or an option is out of range.

        Warns
        -----
        NotIdentifiedWarning
            If bridges do not link all groups with one another.

        Notes
        -----
        The predictions of the last student, of groups that it did not see, enter the weights alone.
        """
        prediction = self._state.prediction
        if prediction is not None and "prediction_variance" not in options:
            options = {"prediction": prediction} | options
        return make_targets(self.fit(), self.calibration(), **options)

    # ---- the student --------------------------------------------------------------------------

    def fit_student(self, student: Any, features: Any, *, folds: int = 5, **options: Any) -> Any:
        """Fit a student to the targets, and keep what it predicts of groups that it did not see.

        Parameters
        ----------
        student : scikit-learn regressor
            Is cloned, not changed. It is given the targets' weights (mean 1) if its ``fit``, or
            that of the last step of a pipeline, takes ``sample_weight``; else it learns without.
        features : array_like of shape (n_items, ...), sparse matrix, or data frame
            Rows as in `items`. A frame with columns "group" and "item" may have its rows in any
            order; its other columns are the features. Texts are handed on to the student.
        folds : int, default 5
            Parts of the groups, each of which is predicted by a student of the others. As many as
            there are groups with votes where those are fewer; with only one of these nothing can be
            held out.
        **options
            As in `targets`.

        Returns
        -------
        estimator
            Fitted to all items that have a target. `predictions` are not its own: they are those of
            the students that did not see the item's group.

        Raises
        ------
        ValueError
            If there are no votes yet; a feature is NaN or infinite (names row and column); rows are
            missing or too many; or the student predicts what is no finite number.

        Examples
        --------
        >>> import numpy as np, venire as vn
        >>> from sklearn.linear_model import Ridge
        >>> rng = np.random.default_rng(0)
        >>> x = rng.normal(size=(80, 2))
        >>> items = np.repeat(np.arange(8), 10), np.tile(np.arange(10), 8)
        >>> loop = vn.distillation.Distillation(items, ["t"], bridges=0, degree=4)
        >>> asked = loop.ask()
        >>> difference = (
        ...     x[10 * asked.group + asked.first, 0] - x[10 * asked.group + asked.second, 0]
        ... )
        >>> told = loop.tell(asked.request, np.sign(difference).astype(int))
        >>> student = loop.fit_student(Ridge(), x)
        >>> abs(student.coef_[0]) > 5 * abs(student.coef_[1])
        np.True_
        >>> bool(np.corrcoef(loop.predictions, x[:, 0])[0, 1] > 0.95)
        True
        """
        folds = checks.whole(folds, "folds", 2)
        if not all(hasattr(student, name) for name in ("fit", "predict", "get_params")):
            reason = "must be a regressor with fit, predict and get_params"
            checks.fail("student", reason, value=student, kind=TypeError)
        state = self._state
        rows = feature_rows(features, state.universe)
        targets = self.targets(**options)
        calibrated = self.calibration() is not None
        lesson = teach(
            student, rows, targets.target, targets.weight, state.universe,
            usable=targets.known & (targets.weight > 0.0), folds=folds,
            seed=state.settings.rng, pooled=calibrated,
        )  # fmt: skip
        quality = self._judged(lesson.prediction)
        measures = {"r2": lesson.r2, "tau": quality.tau, "ndcg": quality.ndcg}
        note = {
            "round": state.n_rounds, "name": type(student).__name__, "folds": lesson.folds,
            "weighted": lesson.weighted,
            **{name: x if math.isfinite(x) else None for name, x in measures.items()},
        }  # fmt: skip
        own = self.fit().fit.scale
        prediction = lesson.prediction
        if targets.scale != own:
            centre = scales.centre_of(targets.scale)
            prediction = (prediction - centre) * scales.factor(targets.scale, own)
        state.change(Part("predictions", {"prediction": prediction}), students=note)
        return lesson.student
