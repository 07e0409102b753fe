"""Runs: every function of the chosen workloads by all who are there, and what came of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NamedTuple, get_type_hints

import numpy as np

from venire._core import checks
from venire._core.frames import as_frame
from venire._core.tables import Table, Tabled
from venire._core.views import Drawn
from venire.bench.case import Case, Contender, least

__all__ = ["SIZES", "WORKLOADS", "Benchmark", "Skipped", "Timed", "run", "workload"]

SIZES = ("quick", "full")
#: Workload: where its cases are made, and what it is.
_PLACES = {
    "arena": ("fits:arena", "a leaderboard: rows into cells, a fit, its errors"),
    "ladder": ("fits:ladder", "a sports ladder: many items, sparse"),
    "queries": ("queries:cases", "many small fits, one for each query"),
    "votes": ("votes:cases", "votes into judgments, judgments into a consensus"),
    "posteriors": ("posteriors:cases", "functions of Beta posteriors"),
    "bootstrap": ("bootstraps:cases", "replicates of a fit, of a mean, and weights"),
    "rankings": ("rankings:cases", "rankings of five: Plackett and Luce's model"),
}
WORKLOADS = {name: says for name, (_, says) in _PLACES.items()}

Progress = Callable[[str, str], None]


class Timed(NamedTuple):
    """A function on one input by one solver.

    Attributes
    ----------
    workload, function, solver : str
    n : int
        Size of the input, counted in `of`.
    of : str
    seconds : float
        The least of some calls.
    scaled : bool
        Timed on a part, and multiplied.
    ratio : float
        Times venire's seconds.
    difference : float
        Largest absolute difference from what venire returns; nan where that is another estimate,
        or drawn at random.
    """

    workload: str
    function: str
    n: int
    of: str
    solver: str
    seconds: float
    scaled: bool
    ratio: float
    difference: float

    @property
    def times(self) -> str:
        """The ratio as it is written."""
        return f"{self.ratio:.3g}" if self.ratio < 1000.0 else f"{self.ratio:,.0f}"


class Skipped(NamedTuple):
    """Who was not asked, and why."""

    workload: str
    function: str
    n: int
    solver: str
    why: str


@dataclass(frozen=True)
class Benchmark(Tabled, Drawn):
    """What `run` found.

    Attributes
    ----------
    size : str
    n_threads : int
        That venire was allowed; most of the others use one.
    timed : tuple of Timed
    skipped : tuple of Skipped
    """

    size: str
    n_threads: int
    timed: tuple[Timed, ...]
    skipped: tuple[Skipped, ...]

    def to_frame(self, backend: str | None = None) -> Any:
        """The times as a dataframe, a row each: the attributes of `Timed`.

        Parameters
        ----------
        backend : {None, "pandas", "polars", "pyarrow", "dict"}
            None takes the first of these that is installed.
        """
        return as_frame(_columns(self.timed, Timed), backend)

    def skipped_frame(self, backend: str | None = None) -> Any:
        """Who was not asked, as a dataframe: the attributes of `Skipped`.

        Parameters
        ----------
        backend : as in `to_frame`
        """
        return as_frame(_columns(self.skipped, Skipped), backend)

    def __repr__(self) -> str:
        return f"<Benchmark {self.size}: {len(self.timed)} times, {len(self.skipped)} skipped>"

    def __str__(self) -> str:
        return str(self._table(len(self.timed)))

    def _table(self, top: int | None) -> Table:
        rows = self.timed[:top]
        columns = {
            "function": [f"{r.function}, {r.n:,} {r.of}" for r in rows],
            "solver": [r.solver for r in rows],
            "seconds": [f"{r.seconds:.3g}{' *' if r.scaled else ''}" for r in rows],
            "ratio": [r.times for r in rows],
            "difference": ["-" if np.isnan(r.difference) else f"{r.difference:.1e}" for r in rows],
        }
        notes = ["*: timed on a part, and scaled up"] if any(r.scaled for r in rows) else []
        notes += [f"not asked: {s.solver} for {s.function}: {s.why}" for s in self.skipped]
        head = f"{self.size} size, venire on {self.n_threads} threads"
        return Table.of([head], columns, notes, top=top, total=len(self.timed), what="times")


def _columns(rows: Iterable[Any], kind: Any) -> dict[str, np.ndarray]:
    listed: list[Any] = list(zip(*rows, strict=True)) or [[] for _ in kind._fields]
    types = get_type_hints(kind)
    return {
        name: np.array(values, object if types[name] is str else types[name])
        for name, values in zip(kind._fields, listed, strict=True)
    }


def workload(name: str, size: str = "quick") -> Iterator[Case]:
    """The cases of one workload, each made when it is asked for.

    Examples
    --------
    >>> from venire import bench
    >>> case = next(bench.workload("arena"))
    >>> case.function, [c.name for c in case.contenders][:2]
    ('Comparisons', ['venire', 'reference (NumPy)'])
    """
    checks.one_of(name, "name", tuple(WORKLOADS))
    checks.one_of(size, "size", SIZES)
    module, _, function = _PLACES[name][0].partition(":")
    cases: Iterator[Case] = getattr(import_module(f"venire.bench.{module}"), function)(size)
    return cases


def run(
    workloads: str | Iterable[str] | None = None,
    *,
    size: str = "quick",
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> Benchmark:
    """Time functions of this package beside their twins and whatever peers are installed.

    Each function has a twin in NumPy (`venire.reference`, the definition of correct) and one in
    plain Python; peers are scikit-learn, SciPy, statsmodels, choix, evalica, crowd-kit, arch and
    arena-rank, where they are there. Answers are compared with ours.

    Parameters
    ----------
    workloads : str or iterable of str, optional
        Some of `WORKLOADS`; default all.
    size : {"quick", "full"}
        "quick": about a minute for all. "full": the sizes that the package is made for; minutes,
        and up to 8 GB.
    n_threads : int, optional
        Of this package; the others are left to themselves.
    progress : callable, optional
        Called with the function and the solver before each is timed.

    Returns
    -------
    Benchmark

    Raises
    ------
    ValueError
        If a workload or the size is unknown.

    Notes
    -----
    The least time of as many calls as fill a quarter of a second, after one that is not counted;
    what takes over a second is called once. Peers that need minutes are timed on a part, and
    scaled.

    Examples
    --------
    >>> from venire import bench
    >>> found = bench.run("arena", size="quick")  # doctest: +SKIP
    >>> found.to_frame()  # doctest: +SKIP
    """
    if isinstance(workloads, str):
        workloads = (workloads,)
    names = list(WORKLOADS) if workloads is None else checks.listed(workloads, "workloads")
    for name in names:
        checks.one_of(name, "workloads", tuple(WORKLOADS))
    checks.one_of(size, "size", SIZES)
    checks.function(progress, "progress")
    threads = checks.n_threads(n_threads)
    timed: list[Timed] = []
    skipped: list[Skipped] = []
    with _threads(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of peers: what an answer is worth shows in the difference
        for name in dict.fromkeys(names):
            for case in workload(name, size):
                _time(name, case, timed, skipped, progress)
    return Benchmark(size, threads, tuple(timed), tuple(skipped))


@contextmanager
def _threads(n: int) -> Iterator[None]:
    """Let this package use `n` threads, also where functions are not told."""
    name, old = "VENIRE_NUM_THREADS", os.environ.get("VENIRE_NUM_THREADS")
    os.environ[name] = str(n)
    try:
        yield
    finally:
        if old is None:
            del os.environ[name]
        else:
            os.environ[name] = old


def _time(
    name: str, case: Case, timed: list[Timed], skipped: list[Skipped], progress: Progress | None
) -> None:
    """Ask all contenders of a case."""
    ours: tuple[float, Any] | None = None
    for one in case.contenders:
        why = one.missing() or one.ready()
        if not why:
            if progress is not None:
                progress(case.function, one.name)
            try:
                seconds, found = least(one.call)
                answer = _answer(one, found)
            except Exception as error:
                if ours is None:  # this package's own: not a peer's to skip
                    raise
                why = f"{type(error).__name__}: {error}".splitlines()[0]
        if why:
            skipped.append(Skipped(name, case.function, case.n, one.name, why))
            continue
        seconds *= one.scale
        ours = ours or (seconds, answer)
        timed.append(Timed(
            name, case.function, case.n, case.of, one.name, seconds, one.scale != 1.0,
            seconds / ours[0], _difference(ours[1], answer),
        ))  # fmt: skip


def _answer(one: Contender, found: Any) -> np.ndarray | None:
    return None if one.answer is None else np.ravel(np.asarray(one.answer(found), np.float64))


def _difference(ours: np.ndarray | None, answer: np.ndarray | None) -> float:
    """The largest, of as much as both have."""
    if ours is None or answer is None:
        return float("nan")
    n = min(len(ours), len(answer))
    return float(np.max(np.abs(ours[:n] - answer[:n]), initial=0.0))
