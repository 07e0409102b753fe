"""The side of a loop that learns: fits, targets, the student, and the report on all of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from venire import scales
from venire._core import checks
from venire.data.coding import Encoded
from venire.data.votes import Votes
from venire.distillation import _report
from venire.distillation._ledger import ANSWERED, SOFT
from venire.distillation._part_asking import Asking
from venire.distillation._report import Report
from venire.distillation._store import Part
from venire.distillation._student import feature_rows, teach
from venire.ratings.grouped import Calibration, calibrate
from venire.targets import Targets, VotesFit, fit_votes, make_targets

if TYPE_CHECKING:
    from venire.data.grouped_comparisons import GroupedComparisons

__all__ = ["Learning"]


class Learning(Asking):
    """See `Distillation`."""

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
        if rounds is not None:
            rounds = checks.whole(rounds, "rounds", 0)
        ledger, universe = self._ledger, self._universe
        request = self._answered(bridge=False, rounds=rounds)
        if not len(request):
            raise ValueError("there are no votes yet: ask, and tell the answers")
        first: Any
        second: Any
        first, second = self._labels_of(request)
        teacher = ledger.teacher[request]
        present = np.unique(teacher)
        present = present[np.argsort(self._settings.labels[present], kind="stable")]
        rank = np.zeros(len(self._settings.teachers), np.int32)
        rank[present] = np.arange(len(present))
        vote = ledger.vote[request]
        soft = bool((vote == SOFT).any())
        voters: Any = Encoded(self._settings.labels[present], rank[teacher])
        groups: Any = Encoded(universe.groups, ledger.group[ledger.ask[request]])
        return Votes(
            first,
            second,
            voters,
            None if soft else vote,
            ledger.answer_masses(request) if soft else None,
            group=groups,
            n_threads=self.n_threads,
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
        return self._fit_of(None)

    def _fit_of(self, rounds: int | None) -> VotesFit:
        """The fit of the votes of some rounds; that of all is kept."""
        version, kept = self._ledger.version, self._kept.get("fit")
        whole = rounds is None or rounds == self.n_rounds
        if whole and kept is not None and kept[0] == version:
            return kept[1]
        universe, settings = self._universe, self._settings
        found = fit_votes(
            self.votes(rounds),
            model=settings.model,
            prior=settings.prior,
            method=settings.weighing,
            rho=settings.rho,
            items=(universe.groups[universe.group_of_item], universe.items),
            n_threads=self.n_threads,
        )
        if whole:
            self._kept["fit"] = (version, found)
        return found

    def _comparisons(self) -> GroupedComparisons:
        if not len(self._answered(bridge=False)):
            return self._universe.empty
        return self.fit().comparisons

    def _answered(self, *, bridge: bool, rounds: int | None = None) -> NDArray[np.int64]:
        ledger = self._ledger
        wanted = ledger.bridge() if bridge else ~ledger.bridge()
        if rounds is not None:
            wanted &= ledger.round <= rounds
        return np.flatnonzero((ledger.state == ANSWERED) & wanted[ledger.ask])

    def calibration(self) -> Calibration | None:
        """One scale for all groups, from the answered bridges; None if there are none.

        A vote on a bridge counts what the teacher's votes count in the fit. The votes of a panel on
        one bridge are together worth n / (1 + (n - 1) rho).
        """
        ledger, fit = self._ledger, self.fit()
        kept = self._kept.get("calibration")
        if kept is not None and kept[0] == ledger.version:
            return kept[1]
        found = self._calibrated(fit)
        self._kept["calibration"] = (ledger.version, found)
        return found

    def _calibrated(self, fit: VotesFit) -> Calibration | None:
        ledger = self._ledger
        request = self._answered(bridge=True)
        fitted = np.isin(self._settings.labels[ledger.teacher[request]], fit.teachers)
        request = request[fitted]  # a teacher without a vote within groups has no weight
        if not len(request):
            return None
        told = self._requests(request)
        mass = ledger.answer_masses(request)
        n = np.bincount(ledger.ask[request])[ledger.ask[request]]
        worth = 1.0 / (1.0 + (n - 1) * self._settings.rho)
        return calibrate(
            fit.fit,
            told.group, told.first, told.second_group, told.second,
            mass[:, 0] + 0.5 * mass[:, 1],
            fit.weight_of(told.teacher) * worth,
            n_threads=self.n_threads,
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
        if self._prediction is not None and "prediction_variance" not in options:
            options = {"prediction": self._prediction} | options
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
        >>> loop = vn.Distillation(items, ["t"], bridges=0, degree=4)
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
        universe = self._universe
        rows = feature_rows(features, universe)
        targets = self.targets(**options)
        calibrated = self.calibration() is not None
        lesson = teach(
            student, rows, targets.target, targets.weight, universe,
            usable=targets.known & (targets.weight > 0.0), folds=folds,
            seed=self._settings.seed, pooled=calibrated,
        )  # fmt: skip
        quality = _report.mean_quality(universe, lesson.prediction, self._gold, self._settings)
        note = {
            "round": self.n_rounds, "name": type(student).__name__, "folds": lesson.folds,
            "weighted": lesson.weighted, "r2": _plain(lesson.r2), "tau": _plain(quality.tau),
            "ndcg": _plain(quality.ndcg),
        }  # fmt: skip
        own = self.fit().fit.scale
        prediction = lesson.prediction
        if targets.scale != own:
            centre = scales.centre_of(targets.scale)
            prediction = (prediction - centre) * scales.factor(targets.scale, own)
        self._change(
            Part("predictions", {"prediction": prediction}),
            students=[*self._head["students"], note],
        )
        return lesson.student

    @property
    def predictions(self) -> NDArray[np.float64] | None:
        """What the last student predicts of items of groups that it did not see; None before.

        Rows as in `items`, in the unit of the fit; nan where nothing could be held out.
        """
        return None if self._prediction is None else self._prediction[self._universe.flat]

    # ---- the report ---------------------------------------------------------------------------

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
        columns = _report.counts(self._ledger, self._settings, self.n_rounds)
        facts = self._head["rounds"]
        rows = [self._round_quality(r, int(columns["total_votes"][r - 1]))
                for r in range(1, self.n_rounds + 1)]  # fmt: skip
        students = {one["round"]: one for one in self._head["students"]}
        of_student = [students.get(r, {}) for r in range(1, self.n_rounds + 1)]
        texts = {
            name: np.array([f.get(name) or "-" for f in facts], object)
            for name in ("criterion", "prior")
        }
        columns = columns | texts
        columns["marginal_gain"] = _numbers([f.get("marginal_gain") for f in facts])
        columns["tau"] = _numbers([q.tau for q, _ in rows])
        columns["ndcg"] = _numbers([q.ndcg for q, _ in rows])
        for name in ("r2", "tau", "ndcg"):
            columns[f"student_{name}"] = _numbers([s.get(name) for s in of_student])
        weights = np.full((self.n_rounds, len(self._settings.teachers)), np.nan)
        for r, (_, weight) in enumerate(rows):
            weights[r] = weight
        gain = math.nan
        if preview:
            gain = self.preview((self._universe.sizes > 1).astype(np.int64)).marginal_gain
        share, n_votes = self._ledger.first_share(len(self._settings.teachers))
        labels = self._settings.labels
        return Report(
            columns, labels, weights, share, gain, self._settings.gain, self._settings.top,
            (*self._notices(), *_report.position_notices(labels, share, n_votes)),
        )  # fmt: skip

    def _round_quality(
        self, number: int, n_votes: int
    ) -> tuple[_report.Quality, NDArray[np.float64]]:
        """Quality and weights of the fit of rounds 1 to `number`, kept until its votes change."""
        key = (n_votes, self._ledger.n_replaced)
        kept = self._kept.setdefault("rounds", {}).get(number)
        if kept is not None and kept[0] == key:
            return kept[1]
        weights = np.full(len(self._settings.teachers), np.nan)
        quality = _report.Quality()
        if len(self._answered(bridge=False, rounds=number)):
            fit = self._fit_of(number)
            for label, weight in zip(fit.teachers.tolist(), fit.weights.tolist(), strict=True):
                weights[self._settings.position(label)] = weight
            quality = _report.mean_quality(
                self._universe, fit.fit.theta, self._gold, self._settings
            )
        self._kept["rounds"][number] = (key, (quality, weights))
        return quality, weights

    def _notices(self) -> tuple[str, ...]:
        """What a reader of the report should know."""
        out, sums = [], dict[tuple[int, Any], list[int]]()
        for one in self._head["withdrawn"]:
            total = sums.setdefault((one["round"], one["teacher"]), [0, 0])
            total[0] += one["withdrawn"]
            total[1] += one["reassigned"]
        for (number, teacher), (withdrawn, reassigned) in sums.items():
            who = "requests" if teacher is None else f"teacher {teacher}"
            out.append(
                f"{who} withdrawn in round {number}: {withdrawn:,} requests were pending, "
                f"{reassigned:,} were put to others"
            )
        if self._head["students"]:
            last = self._head["students"][-1]
            if not last["weighted"]:
                out.append(f"{last['name']} takes no sample_weight: it learnt without weights")
            if last["folds"] == 0:
                out.append("only one group has votes: no student could be held out")
        return tuple(out)


def _plain(x: float) -> float | None:
    """For JSON, which has no nan."""
    return float(x) if math.isfinite(x) else None


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    return np.array([math.nan if v is None else v for v in values], np.float64)
