"""What a loop has cost and how good it is, round by round."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.frames import as_frame
from venire._core.shown import visible
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn
from venire.distillation._learning import Learning
from venire.distillation._ledger import ANSWERED, CLOSED, PENDING
from venire.distillation._state import State

__all__ = ["Report", "report_of"]

LEAST_BIAS = 0.05  # of the share of the first item that is worth a notice
SURE = 4.0  # standard errors
_SHOWN = {
    "round": "round", "criterion": "criterion", "asks": "asks", "votes": "votes",
    "pending": "pending", "total_votes": "votes so far", "total_cost": "cost so far",
    "tau": "tau", "ndcg": "nDCG", "student_r2": "student r2", "student_tau": "its tau",
    "student_ndcg": "its nDCG", "prior": "prior", "marginal_gain": "gain",
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Report(Drawn, Tabled):
    """A loop's rounds as a table.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (n_rounds,)
        round; criterion; asks and bridges that were asked; votes, pending and withdrawn requests of
        the round, and the cost of its votes; total_votes and total_cost up to the round; tau and
        ndcg of the fit of the votes of all rounds up to it, against gold; student_r2, student_tau
        and student_ndcg of the last student that was fitted after that round, on groups held out;
        the prior that the round's pairs were chosen under; marginal_gain, what its last asks were
        expected to bring. nan where something is not known.
    teachers : ndarray of shape (n_teachers,)
    weights : ndarray of float64, shape (n_rounds, n_teachers)
        What a vote of each teacher counts in the fit after each round.
    first_share : ndarray of float64, shape (n_teachers,)
        Share of the item shown first in the teacher's votes, about 1/2 without a bias for the
        position: every item is shown first as often as second. nan without votes.
    next_gain : float
        What the next ask is expected to bring, given all votes; nan if it was not computed.
    gain : str
        Of nDCG: "linear" or "exponential".
    top : int
        nDCG is of the first so many.
    notices : tuple of str
        What should be known besides.

    Notes
    -----
    Row r is of the votes on requests of rounds 1 to r, whenever they came: a late answer changes
    the rows of its round and those after it.
    """

    columns: dict[str, NDArray[Any]]
    teachers: NDArray[Any]
    weights: NDArray[np.float64]
    first_share: NDArray[np.float64]
    next_gain: float
    gain: str
    top: int
    notices: tuple[str, ...]

    def __len__(self) -> int:
        """Number of rounds."""
        return len(self.columns["round"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        """One of `columns`."""
        return self.columns[name]

    def to_frame(self, backend: str | None = None) -> Any:
        """As a data frame: `columns`, and a column "weight of ..." for each teacher.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        """
        weights = {
            f"weight of {label}": self.weights[:, k]
            for k, label in enumerate(self.teachers.tolist())
        }
        return as_frame(self.columns | weights, backend)

    def __repr__(self) -> str:
        return f"<Report: {len(self)} rounds>"

    def shown(self) -> dict[str, list[str]]:
        """The columns that are printed, as text under their heads."""
        return {
            title: [_cell(value) for value in self.columns[name].tolist()]
            for name, title in _SHOWN.items()
            if not _blank(self.columns[name])
        }

    def remarks(self) -> list[str]:
        """What is printed below them."""
        lines = []
        if len(self) and np.isfinite(self.weights[-1]).any():
            labels = zip(self.teachers.tolist(), self.weights[-1].tolist(), strict=True)
            lines.append(
                "weights: " + ", ".join(f"{visible(str(label))} {w:.3g}" for label, w in labels)
            )
        if not (_blank(self.columns["ndcg"]) and _blank(self.columns["student_ndcg"])):
            lines.append(f"nDCG@{self.top} with {self.gain} gains; tau is Kendall's tau-b")
        if np.isfinite(self.next_gain):
            lines.append(f"the next ask is expected to gain {self.next_gain:.3g}")
        return [*lines, *self.notices]

    def _table(self, top: int | None) -> Table:
        table = Table.of(self._titled(), self.shown(), self.remarks(), top=top, what="rounds")
        return replace(table, left=("criterion", "prior"))

    def __str__(self) -> str:
        shown = self.shown()
        widths = {title: max(map(len, [title, *cells])) for title, cells in shown.items()}
        lines = ["  ".join(title.rjust(widths[title]) for title in shown)]
        for row in range(len(self)):
            lines.append("  ".join(cells[row].rjust(widths[t]) for t, cells in shown.items()))
        return "\n".join([*lines, *self.remarks()])


def _cell(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "-"
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 10 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _blank(column: NDArray[Any]) -> bool:
    return column.dtype.kind == "f" and len(column) > 0 and bool(np.isnan(column).all())


# ---- from a loop ---------------------------------------------------------------------------------


def report_of(state: State, learning: Learning, next_gain: float) -> Report:
    """The report on a loop; a fit for each round whose votes changed since the last one."""
    ledger, settings, facts = state.ledger, state.settings, state.facts["rounds"]
    columns = _counts(state)
    judged = [learning.quality(r + 1, int(n)) for r, n in enumerate(columns["total_votes"])]
    last = {one["round"]: one for one in state.facts["students"]}
    students = [last.get(r + 1, {}) for r in range(state.n_rounds)]
    for name in ("criterion", "prior"):
        columns[name] = np.array([f.get(name) or "-" for f in facts], object)
    columns["marginal_gain"] = _numbers([f.get("marginal_gain") for f in facts])
    columns["tau"] = _numbers([quality.tau for quality, _ in judged])
    columns["ndcg"] = _numbers([quality.ndcg for quality, _ in judged])
    for name in ("r2", "tau", "ndcg"):
        columns[f"student_{name}"] = _numbers([s.get(name) for s in students])
    weights = np.array([w for _, w in judged]).reshape(-1, len(settings.teachers))
    share, n_votes = ledger.first_share(len(settings.teachers))
    notices = (*_notices(state), *_positions(settings.labels, share, n_votes))
    return Report(
        columns, settings.labels, weights, share, next_gain, settings.gain, settings.top, notices
    )


def _numbers(values: list[Any]) -> NDArray[np.float64]:
    return np.array([math.nan if v is None else v for v in values], np.float64)


def _counts(state: State) -> dict[str, NDArray[Any]]:
    """The columns that only count."""
    ledger, n_rounds = state.ledger, state.n_rounds
    bridge, of_request = ledger.bridge(), ledger.round[ledger.ask] - 1

    def per_round(rows: NDArray[Any], weight: NDArray[Any] | None = None) -> NDArray[Any]:
        return np.bincount(rows, weight, minlength=n_rounds)

    answered = ledger.state == ANSWERED
    votes = per_round(of_request[answered])
    cost = per_round(of_request[answered], state.settings.prices[ledger.teacher[answered]])
    return {
        "round": np.arange(1, n_rounds + 1),
        "asks": per_round(ledger.round[~bridge] - 1),
        "bridges": per_round(ledger.round[bridge] - 1),
        "votes": votes,
        "pending": per_round(of_request[ledger.state == PENDING]),
        "withdrawn": per_round(of_request[ledger.state == CLOSED]),
        "cost": cost,
        "total_votes": np.cumsum(votes),
        "total_cost": np.cumsum(cost),
    }


def _notices(state: State) -> list[str]:
    """Who left, and what the last student could not do."""
    out, sums = [], dict[tuple[int, Any], NDArray[np.int64]]()
    for one in state.facts["withdrawn"]:
        key = (one["round"], one["teacher"])
        sums[key] = sums.get(key, 0) + np.array([one["withdrawn"], one["reassigned"]])
    for (number, teacher), (withdrawn, reassigned) in sums.items():
        who = "requests" if teacher is None else f"teacher {teacher}"
        out.append(
            f"{who} withdrawn in round {number}: {withdrawn:,} requests were pending, "
            f"{reassigned:,} were put to others"
        )
    for last in state.facts["students"][-1:]:
        if not last["weighted"]:
            out.append(f"{last['name']} takes no sample_weight: it learnt without weights")
        if last["folds"] == 0:
            out.append("only one group has votes: no student could be held out")
    return out


def _positions(labels: NDArray[Any], share: NDArray[np.float64], n: NDArray[np.int64]) -> list[str]:
    """Which teachers vote for a position: by 5 points, and by more than chance would."""
    error = np.sqrt(0.25 / np.maximum(n, 1))
    biased = np.flatnonzero(np.abs(share - 0.5) > np.maximum(LEAST_BIAS, SURE * error))
    return [
        f"{labels[t]} gave the item shown first {share[t]:.0%} of {n[t]:,} votes: a bias for the "
        "position, which cancels among items but costs votes"
        for t in biased.tolist()
    ]
