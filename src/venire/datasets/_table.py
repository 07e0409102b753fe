"""The data sets: one row of a table each, and the file of the same name beside this one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from venire._core.checks import fail, nearest

__all__ = ["DATASETS", "DataSet", "columns", "describe", "names", "path"]

_FOLDER = Path(__file__).parent
_SIMULATED = "simulated, by examples/files.py of the source tree"


@dataclass(frozen=True)
class DataSet:
    """What a data set is.

    Attributes
    ----------
    name : str
        ``venire.datasets.load_NAME()`` loads it, ``venire data NAME`` writes its file.
    holds : str
        Which of the package's data it is.
    description : str
    source : str
        Where it was published, or how it was simulated.
    command : str
        A command that reads its file.
    """

    name: str
    holds: str
    description: str
    source: str
    command: str

    @property
    def path(self) -> Path:
        """The file."""
        return path(self.name)

    @property
    def n_rows(self) -> int:
        """Lines of the file, the header not counted."""
        return self.path.read_bytes().count(b"\n") - 1


_ROWS = (
    DataSet(
        "battles",
        "comparisons",
        "people compare answers of seven models",
        _SIMULATED,
        "venire fit battles.csv",
    ),
    DataSet(
        "styles",
        "comparisons with covariates",
        "people compare answers; long ones win more",
        _SIMULATED,
        "venire fit styles.csv --covariate length --covariate markdown",
    ),
    DataSet(
        "season",
        "comparisons, by points",
        "goals of eight clubs at home and away",
        _SIMULATED,
        "venire fit season.csv --order-effect",
    ),
    DataSet(
        "club",
        "comparisons with dates",
        "three years of a chess club, whose players change",
        _SIMULATED,
        "venire path club.csv --order-effect --model davidson",
    ),
    DataSet(
        "baseball_1987",
        "comparisons, counted",
        "wins of seven teams at home and away",
        "Agresti 2002, Categorical Data Analysis, 2nd edition, section 10.6, "
        "doi:10.1002/0471249688",
        "venire fit baseball_1987.csv --order-effect",
    ),
    DataSet(
        "citations",
        "comparisons, counted",
        "four journals of statistics cite each other",
        "Stigler 1994, Citation patterns in the journals of statistics and probability, "
        "Statistical Science 9, 94-108, doi:10.1214/ss/1177010655; as in Agresti 2002, Categorical "
        "Data Analysis, 2nd edition, page 448",
        "venire fit citations.csv",
    ),
    DataSet(
        "taste",
        "comparisons, counted",
        "tasters prefer one of two samples",
        "David 1988, The Method of Paired Comparisons, 2nd edition, page 116",
        "venire fit taste.csv --model thurstone",
    ),
    DataSet(
        "toy_players",
        "comparisons without a common scale",
        "players who have no common scale",
        "Kaye and Firth, toy data of the R package BradleyTerryScalable",
        "venire fit toy_players.csv",
    ),
    DataSet(
        "nascar_2002",
        "rankings",
        "finishing orders of 36 races, by drivers' numbers",
        "Hunter 2004, MM algorithms for generalized Bradley-Terry models, Annals of Statistics 32, "
        "384-406, doi:10.1214/aos/1079120141",
        "venire fit nascar_2002.csv --ranking race --item driver --rank place",
    ),
    DataSet(
        "ranked_answers",
        "rankings by judges, with ties",
        "judges sort four answers to each prompt",
        _SIMULATED,
        "venire fit ranked_answers.csv --place ranking",
    ),
    DataSet(
        "verdicts",
        "votes of judges",
        "judges compare models' answers to prompts",
        _SIMULATED,
        "venire rate verdicts.csv",
    ),
    DataSet(
        "both_orders",
        "votes of judges, with some gold",
        "judges see pairs in both orders; some gold",
        _SIMULATED,
        "venire consensus both_orders.csv --mapping 1=first,0=second",
    ),
    DataSet(
        "split_panel",
        "votes of judges, with a key",
        "six judges in two minds; the key is apart",
        _SIMULATED,
        "venire gold split_panel.csv --purpose side",
    ),
    DataSet(
        "chances",
        "votes of judges, as probabilities",
        "judges say how probable a win is",
        _SIMULATED,
        "venire rate chances.csv",
    ),
    DataSet(
        "topics",
        "comparisons in groups",
        "people compare arguments in each topic",
        _SIMULATED,
        "venire groups topics.csv -o topics.parquet",
    ),
    DataSet(
        "documents",
        "items of a loop",
        "documents for queries, with features",
        _SIMULATED,
        "venire distill init loop documents.csv --group query --item doc --gold gold "
        "--teacher gpt --teacher crowd",
    ),
    DataSet(
        "judges",
        "teachers to simulate",
        "a sharp and costly judge, and a cheap one",
        "made up",
        "venire simulate --teachers judges.csv --groups 4 --items 12 --seeds 2",
    ),
)
DATASETS = {row.name: row for row in _ROWS}


def names() -> tuple[str, ...]:
    """Names of the data sets.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> import venire as vn
    >>> vn.datasets.names()[:3]
    ('battles', 'styles', 'season')
    """
    return tuple(DATASETS)


def describe(name: str) -> DataSet:
    """What a data set is, and where it comes from.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    DataSet

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> import venire as vn
    >>> d = vn.datasets.describe("battles")
    >>> d.n_rows, d.command
    (500, 'venire fit battles.csv')
    """
    if not isinstance(name, str):
        fail("name", "must be the name of a data set, as text", value=name, kind=TypeError)
    if name not in DATASETS:
        known = ", ".join(DATASETS)
        cure = nearest(name.removesuffix(".csv"), DATASETS) or f"there are {known}"
        fail("name", "is no data set", value=name, cure=cure)
    return DATASETS[name]


def path(name: str) -> Path:
    """The CSV file of a data set, as it lies in the package; ``venire data NAME`` writes a copy.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> import venire as vn
    >>> vn.datasets.path("battles").name
    'battles.csv'
    """
    return _FOLDER / f"{describe(name).name}.csv"


def columns(name: str) -> dict[str, NDArray]:
    """The columns of a data set's file, for ``pandas.DataFrame(...)`` or as they are.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    dict of str to ndarray
        int64 or float64 where all values are numbers, else str; float64 with NaN where some of the
        numbers are missing.

    Raises
    ------
    ValueError
        If there is none of this name.

    Examples
    --------
    >>> import venire as vn
    >>> games = vn.datasets.columns("season")
    >>> list(games)
    ['date', 'home', 'away', 'home_goals', 'away_goals', 'neutral']
    >>> int(games["home_goals"].sum()), int(games["away_goals"].sum())
    (..., ...)
    """
    with open(path(name), encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    return {key: _typed(values) for key, values in zip(head, zip(*rows, strict=True), strict=True)}


def _typed(values: tuple[str, ...]) -> NDArray:
    """A column of text as whole numbers, else numbers, else as it is."""
    for of in (int, lambda text: float(text or "nan")):
        try:
            return np.array([of(value) for value in values])
        except ValueError:
            continue
    return np.array(values)
