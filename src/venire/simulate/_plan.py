"""What quality a budget buys, by simulation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venire._core import checks
from venire._core.arrays import keys
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn
from venire.design import CRITERIA
from venire.simulate._ballots import counts
from venire.simulate._teachers import Teachers
from venire.simulate._teachers import teachers as preset
from venire.simulate._world import world

__all__ = ["Plan", "plan"]

DESIGNS = ("uniform", "adaptive")
MEASURES = ("tau", "nmse", "ndcg", "student_r2")


@dataclass(frozen=True, eq=False, repr=False)
class Plan(Drawn, Tabled):
    """Expected quality against votes and cost: what `plan` returns.

    Attributes
    ----------
    design : tuple of str
    degree : ndarray of int64, shape (n_rounds,)
        Asks that each item has taken part in, after each round.
    votes, cost : ndarray of float64, shape (n_designs, n_rounds, n_seeds)
        Answers of teachers so far, in all groups, and their price.
    values : dict of str to ndarray of float64, shape (n_designs, n_rounds, n_seeds)
        By measure: "tau", Kendall's tau-b, mean over groups; "nmse", 1 - r² of the centred ratings;
        "ndcg", nDCG of the first 10, with gain 2**(theta - least theta of the group) - 1;
        "student_r2", of a student trained on the ratings, on fresh groups, centred.
    teachers : Teachers
    """

    design: tuple[str, ...]
    degree: NDArray[np.int64]
    votes: NDArray[np.float64]
    cost: NDArray[np.float64]
    values: dict[str, NDArray[np.float64]]
    teachers: Teachers

    @property
    def n_seeds(self) -> int:
        """Number of simulated worlds."""
        return self.votes.shape[2]

    def __repr__(self) -> str:
        return (
            f"<Plan: {' and '.join(self.design)}, degrees {self.degree[0]} to {self.degree[-1]}, "
            f"{self.n_seeds} seeds>"
        )

    def _table(self, top: int | None) -> Table:
        n = len(self.degree) * len(self.design)
        return Table.of(self._titled(), self.to_frame("dict"), top=top or n)

    def interval(
        self, measure: str, *, level: float = 0.95
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean of a measure and half of the width of its interval, (n_designs, n_rounds) each.

        The interval is that of the mean over worlds, by Student's t; nan from one seed.
        """
        x = self.values[checks.one_of(measure, "measure", MEASURES)]
        level = checks.level(level)
        if self.n_seeds < 2:
            return x[..., 0], np.full(x.shape[:2], np.nan)
        from scipy.special import stdtrit

        quantile = float(stdtrit(self.n_seeds - 1, 0.5 + 0.5 * level))
        spread = x.std(axis=2, ddof=1) / np.sqrt(self.n_seeds)
        return x.mean(axis=2), quantile * spread

    def needed(
        self, quality: float, measure: str = "tau", *, design: str | None = None, unit: str = "cost"
    ) -> float:
        """What a quality takes, by linear interpolation between rounds.

        Parameters
        ----------
        quality : float
        measure : {"tau", "nmse", "ndcg", "student_r2"}
        design : str, optional
            Default: the last one.
        unit : {"cost", "votes", "degree"}

        Returns
        -------
        float
            nan where it is not reached. The first round's, where that is enough.

        Examples
        --------
        >>> import venire as vn
        >>> p = vn.simulate.plan(6, 20, (2, 6), n_seeds=2, rng=0)
        >>> p.needed(0.99, unit="votes")
        nan
        """
        design = self.design[-1] if design is None else design
        at = self.design.index(checks.one_of(design, "design", self.design))
        checks.one_of(unit, "unit", ("cost", "votes", "degree"))
        y, _ = self.interval(measure)
        better, wanted = (-y[at], -quality) if measure == "nmse" else (y[at], quality)
        x = self.degree.astype(float) if unit == "degree" else getattr(self, unit).mean(axis=2)[at]
        reached = np.flatnonzero(better >= wanted)
        if not len(reached):
            return float("nan")
        k = int(reached[0])
        if k == 0:
            return float(x[0])
        part = (wanted - better[k - 1]) / (better[k] - better[k - 1])
        return float(x[k - 1] + part * (x[k] - x[k - 1]))

    def to_frame(self, backend: str | None = None, *, level: float = 0.95) -> Any:
        """The plan as a data frame.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        level : float, default 0.95
            Of the intervals.

        Returns
        -------
        dataframe, or dict of ndarray
            One row per design and round: design, degree, votes, cost (means), and of each measure
            its mean, ``_lower`` and ``_upper``.
        """
        n = len(self.degree)
        columns: dict[str, Any] = {
            "design": np.repeat(self.design, n),
            "degree": np.tile(self.degree, len(self.design)),
            "votes": self.votes.mean(axis=2).ravel(),
            "cost": self.cost.mean(axis=2).ravel(),
        }
        for measure in MEASURES:
            mean, half = self.interval(measure, level=level)
            columns[measure] = mean.ravel()
            columns[f"{measure}_lower"] = (mean - half).ravel()
            columns[f"{measure}_upper"] = (mean + half).ravel()
        return as_frame(columns, backend)


def plan(
    n_groups: int = 40,
    n_items: ArrayLike = 50,
    degrees: Sequence[int] = (2, 4, 6, 8),
    *,
    teachers: Teachers | str = "usual",
    panel: bool = False,
    rotation: ArrayLike | None = None,
    design: str | Sequence[str] = DESIGNS,
    criterion: str = "D",
    law: str = "normal",
    student: str = "useful",
    n_seeds: int = 8,
    rng: Any = 0,
    n_threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Plan:
    """Expected quality against votes and their cost, before any is paid for.

    In each of `n_seeds` simulated worlds the teachers are asked round by round: first along cycles
    of degree ``degrees[0]``, then until ``degrees[1]`` asks an item, and so on, along new cycles
    ("uniform") or where `allocate` wants them ("adaptive", with a student's predictions made out of
    fold). After each round the votes are weighted and fitted by `fit_votes`, and the ratings are
    compared with the truth.

    Parameters
    ----------
    n_groups : int, default 40
        Groups of the rehearsal. The quality of the ratings hardly depends on their number; the
        student's does.
    n_items : int or array_like of shape (n_groups,), default 50
    degrees : sequence of int, default (2, 4, 6, 8)
        Increasing, from at least 2 to below the number of items.
    teachers : Teachers or str, default "usual"
        Or the name of a preset, see `teachers`.
    panel : bool, default False
        Put each pair to all teachers; by default to one, in rotation.
    rotation : array_like of int, optional
        Positions of teachers: [0, 1, 1] asks teacher 1 twice as often as teacher 0. Default: all in
        turn.
    design : {"uniform", "adaptive"} or a sequence of them
    criterion : {"D", "A", "top"}
        Of `allocate`.
    law, student
        Of `world`.
    n_seeds : int, default 8
    rng : int, SeedSequence or Generator, default 0
    n_threads : int, optional
        Default: all usable CPUs. The result does not depend on it.
    progress : callable, optional
        Called with the number of seeds done and their total.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        If a name or number is none of its choices, degrees do not increase or reach `n_items`, or
        nobody answers.
    TypeError
        If an argument has a wrong type.

    Notes
    -----
    A simulation is as good as its teachers are like the real ones: their self-consistency and order
    bias can be measured on a few hundred pairs (`Votes.agreement`), their sharpness on pairs with
    gold. About 0.15 s of processor time for each seed and design with 40 groups of 50 items and
    four rounds.

    Examples
    --------
    >>> import venire as vn
    >>> p = vn.simulate.plan(10, 20, (2, 4), n_seeds=2, rng=0)
    >>> p
    <Plan: uniform and adaptive, degrees 2 to 4, 2 seeds>
    >>> p.to_frame("dict")["votes"].tolist()
    [200.0, 400.0, 200.0, 400.0]
    """
    if isinstance(teachers, str):
        teachers = preset(teachers)
    if not isinstance(teachers, Teachers):
        reason = f"must be Teachers or a name, got {type(teachers).__name__}"
        checks.fail("teachers", reason, kind=TypeError)
    designs = (design,) if isinstance(design, str) else tuple(checks.listed(design, "design"))
    if not designs:
        raise ValueError("design: name at least one of uniform, adaptive")
    for name in designs:
        checks.one_of(name, "design", DESIGNS)
    checks.one_of(criterion, "criterion", CRITERIA)
    panel = checks.flag(panel, "panel")
    if panel and rotation is not None:
        raise ValueError("rotation: a panel asks all teachers, none in rotation")
    checks.function(progress, "progress")
    steps = _degrees(degrees, counts(n_groups, n_items))
    n_seeds = checks.whole(n_seeds, "n_seeds", 1, 2**31 - 1)
    threads = checks.n_threads(n_threads)
    from venire.simulate._rehearsal import Rehearsal  # with the loop, which few need

    turns = None if panel else _turns(rotation, len(teachers))
    seeds = np.random.SeedSequence(keys(rng)).generate_state(n_seeds, np.uint64)
    shape = len(designs), len(steps), n_seeds
    found = {name: np.empty(shape) for name in ("votes", "cost", *MEASURES)}
    for s, seed in enumerate(seeds.tolist()):
        made = world(law, n_groups, n_items, student=student, rng=seed)
        rehearsal = Rehearsal(made, teachers, turns, criterion, seed, threads)
        for d, name in enumerate(designs):
            for k, row in enumerate(rehearsal.rounds(name, steps)):
                for column, values in found.items():
                    values[d, k, s] = row[column]
        if progress is not None:
            progress(s + 1, n_seeds)
    votes, cost = found.pop("votes"), found.pop("cost")
    return Plan(designs, np.array(steps), votes, cost, found, teachers)


def _degrees(degrees: Sequence[int], n_items: NDArray[Any]) -> list[int]:
    """The degrees as ints that increase."""
    found = checks.integers(degrees, "degrees")
    if found.ndim != 1 or not len(found):
        checks.fail("degrees", "must be a sequence of integers", value=degrees, kind=TypeError)
    if found[0] < 2:
        checks.fail("degrees", "must be at least 2: less connects nothing", 0, found[0])
    checks.every(np.diff(found, prepend=0) > 0, "degrees", "must increase", found)
    few = n_items.min()
    checks.every(found < few, "degrees", f"must be below the number of items, {few}", found)
    even = (np.diff(found, prepend=0) % 2 == 0) | bool((n_items % 2 == 0).all())
    reason = "must grow by even numbers where a group has an odd number of items"
    checks.every(even, "degrees", reason, found)
    return [int(d) for d in found]


def _turns(rotation: ArrayLike | None, n_teachers: int) -> NDArray[np.int64]:
    """Teachers in rotation."""
    if rotation is None:
        return np.arange(n_teachers)
    turns = checks.integers(rotation, "rotation")
    if turns.ndim != 1 or not len(turns):
        checks.fail("rotation", "must be a sequence of integers", value=rotation, kind=TypeError)
    reason = f"must be a position among {n_teachers} teachers"
    checks.every((turns >= 0) & (turns < n_teachers), "rotation", reason, turns)
    return turns.astype(np.int64)
