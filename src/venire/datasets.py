"""Small example data that the package carries: facts, typed in from their published sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Games", "Season", "load_baseball_1987", "load_toy_players"]


@dataclass(frozen=True)
class Season:
    """Counted results of a league: one row per (home, away).

    Attributes
    ----------
    home, away : ndarray of str, shape (n_rows,)
    home_wins, away_wins : ndarray of float64, shape (n_rows,)
    source : str
    """

    home: np.ndarray
    away: np.ndarray
    home_wins: np.ndarray
    away_wins: np.ndarray
    source: str


@dataclass(frozen=True)
class Games:
    """Single comparisons: one row each.

    Attributes
    ----------
    first, second : ndarray of str, shape (n_rows,)
    score : ndarray of float64, shape (n_rows,)
        1 when `first` won, 0.5 for a tie.
    source : str
    """

    first: np.ndarray
    second: np.ndarray
    score: np.ndarray
    source: str


_AMERICAN_LEAGUE_EAST = (
    "Milwaukee",
    "Detroit",
    "Toronto",
    "New York",
    "Boston",
    "Cleveland",
    "Baltimore",
)

# The home team's wins and losses against each other team, in the order above.
_BASEBALL_1987 = (
    "4-3 4-2 4-3 6-1 4-2 6-0",
    "3-3 4-2 4-3 6-0 6-1 4-3",
    "2-5 4-3 2-4 4-3 4-2 6-0",
    "3-3 5-1 2-5 4-3 4-2 6-1",
    "5-1 2-5 3-3 4-2 5-2 6-0",
    "2-5 3-3 3-4 4-3 4-2 2-4",
    "2-5 1-5 1-6 2-4 1-6 3-4",
)


def load_baseball_1987() -> Season:
    """Wins and losses of the American League's eastern division in 1987.

    Returns
    -------
    Season
        42 rows: each of seven teams at home against each other one; 273 games.

    References
    ----------
    Agresti 2002, Categorical Data Analysis (2nd edition), section 10.6, doi:10.1002/0471249688.

    Examples
    --------
    >>> season = load_baseball_1987()
    >>> len(season.home), int(season.home_wins.sum() + season.away_wins.sum())
    (42, 273)
    """
    teams = _AMERICAN_LEAGUE_EAST
    meetings = [(home, away) for home in teams for away in teams if home != away]
    results = [result.split("-") for row in _BASEBALL_1987 for result in row.split()]
    return Season(
        home=np.array([home for home, _ in meetings]),
        away=np.array([away for _, away in meetings]),
        home_wins=np.array([float(wins) for wins, _ in results]),
        away_wins=np.array([float(losses) for _, losses in results]),
        source="Agresti 2002, Categorical Data Analysis, 2nd edition, section 10.6",
    )


_TOY_PLAYERS = (
    "Cyd>Amy Amy=Ben Eve>Ben Dan>Cyd Ben=Dan Eve>Dan Eve>Fin Gal>Fin Han>Fin Eve>Gal"
    " Fin=Gal Han>Gal Gal>Han Amy>Dan Cyd>Amy Ben=Dan Amy>Dan"
)


def load_toy_players() -> Games:
    """Eight players whose results have no common maximum-likelihood scale.

    Two groups of players and the undefeated Eve, who beat members of both: three strongly connected
    components.

    Returns
    -------
    Games
        17 rows.

    References
    ----------
    The toy data of the R package BradleyTerryScalable (Kaye and Firth).

    Examples
    --------
    >>> toy = load_toy_players()
    >>> print(toy.first[0], toy.second[0], toy.score[0])
    Cyd Amy 1.0
    """
    rows = _TOY_PLAYERS.split()
    return Games(
        first=np.array([row[:3] for row in rows]),
        second=np.array([row[4:] for row in rows]),
        score=np.array([0.5 if row[3] == "=" else 1.0 for row in rows]),
        source="R package BradleyTerryScalable, toy data",
    )
