"""What a loop has cost and how good it is, round by round."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venire._core.frames import as_frame
from venire.distillation._ledger import ANSWERED, CLOSED, PENDING, Ledger
from venire.distillation._settings import Settings
from venire.distillation._universe import Universe
from venire.distillation.measures import kendall_tau, ndcg

__all__ = ["Quality", "Report", "counts", "mean_quality", "position_notices"]

LEAST_BIAS = 0.05  # of the share of the first item that is worth a notice
SURE = 4.0  # standard errors
_SHOWN = {
    "round": "round", "criterion": "criterion", "asks": "asks", "votes": "votes",
    "pending": "pending", "total_votes": "votes so far", "total_cost": "cost so far",
    "tau": "tau", "ndcg": "nDCG", "student_r2": "student r2", "student_tau": "its tau",
    "student_ndcg": "its nDCG", "prior": "prior", "marginal_gain": "gain",
}  # fmt: skip


@dataclass(frozen=True)
class Quality:
    """Means over groups of Kendall's tau-b and of nDCG; nan where there is no gold."""

    tau: float = math.nan
    ndcg: float = math.nan


@dataclass(frozen=True, eq=False, repr=False)
class Report:
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

    def __str__(self) -> str:
        shown = {
            title: [_cell(value) for value in self.columns[name].tolist()]
            for name, title in _SHOWN.items()
            if not _blank(self.columns[name])
        }
        widths = {title: max(map(len, [title, *cells])) for title, cells in shown.items()}
        lines = ["  ".join(title.rjust(widths[title]) for title in shown)]
        for row in range(len(self)):
            lines.append("  ".join(cells[row].rjust(widths[t]) for t, cells in shown.items()))
        if len(self) and np.isfinite(self.weights[-1]).any():
            labels = zip(self.teachers.tolist(), self.weights[-1].tolist(), strict=True)
            lines.append("weights: " + ", ".join(f"{label} {w:.3g}" for label, w in labels))
        if "nDCG" in shown or "its nDCG" in shown:
            lines.append(f"nDCG@{self.top} with {self.gain} gains; tau is Kendall's tau-b")
        if np.isfinite(self.next_gain):
            lines.append(f"the next ask is expected to gain {self.next_gain:.3g}")
        return "\n".join([*lines, *self.notices])


def position_notices(
    labels: NDArray[Any], share: NDArray[np.float64], n: NDArray[np.int64]
) -> list[str]:
    """Which teachers vote for a position: by 5 points, and by more than chance would."""
    error = np.sqrt(0.25 / np.maximum(n, 1))
    biased = np.flatnonzero(np.abs(share - 0.5) > np.maximum(LEAST_BIAS, SURE * error))
    return [
        f"{labels[t]} gave the item shown first {share[t]:.0%} of {n[t]:,} votes: a bias for the "
        "position, which cancels among items but costs votes"
        for t in biased.tolist()
    ]


def _cell(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "-"
        return f"{value:,.0f}" if value.is_integer() and abs(value) >= 10 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _blank(column: NDArray[Any]) -> bool:
    return column.dtype.kind == "f" and len(column) > 0 and bool(np.isnan(column).all())


def counts(ledger: Ledger, settings: Settings, n_rounds: int) -> dict[str, NDArray[Any]]:
    """The columns of a report that only count."""
    bridge, costs = ledger.bridge(), np.array(settings.costs)
    of_request = ledger.round[ledger.ask] - 1

    def per_round(rows: NDArray[Any], weight: NDArray[Any] | None = None) -> NDArray[Any]:
        return np.bincount(rows, weight, minlength=n_rounds)

    answered = ledger.state == ANSWERED
    votes = per_round(of_request[answered])
    cost = per_round(of_request[answered], costs[ledger.teacher[answered]])
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


def mean_quality(
    universe: Universe,
    values: NDArray[np.float64],
    gold: NDArray[np.float64] | None,
    settings: Settings,
) -> Quality:
    """How well values rank the items of each group."""
    if gold is None:
        return Quality()
    tau = kendall_tau(universe.offsets, values, gold)
    gains = ndcg(universe.offsets, values, gold, k=settings.top, gain=settings.gain)
    return Quality(_mean(tau), _mean(gains))


def _mean(x: NDArray[np.float64]) -> float:
    known = x[~np.isnan(x)]
    return float(known.mean()) if len(known) else math.nan
