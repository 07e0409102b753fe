"""The packaged data: totals that are published elsewhere than in the table itself."""

from __future__ import annotations

import numpy as np

from venire import datasets, reference


def test_baseball_totals():
    season = datasets.load_baseball_1987()
    assert len(season.home) == len(season.away) == 42
    assert len(set(zip(season.home, season.away, strict=True))) == 42
    assert (season.home != season.away).all()
    games = season.home_wins + season.away_wins
    assert set(games.tolist()) == {6.0, 7.0}
    teams = np.unique(season.home)
    assert len(teams) == 7
    for i, a in enumerate(teams):  # 13 games between any two
        for b in teams[i + 1 :]:
            met = np.isin(season.home, [a, b]) & np.isin(season.away, [a, b])
            assert games[met].sum() == 13
    assert "Agresti" in season.source


def test_toy_players_structure():
    toy = datasets.load_toy_players()
    assert len(toy.first) == 17
    assert (toy.score == 0.5).sum() == 4
    cells = reference.aggregate(toy.first, toy.second, toy.score)
    assert cells.n_items == 8
    assert len(reference.components(cells, "weak").sizes) == 1
    strong = reference.components(cells, "strong")
    groups = {frozenset(cells.items[strong.labels == k].tolist()) for k in range(3)}
    assert groups == {
        frozenset({"Han", "Gal", "Fin"}),
        frozenset({"Cyd", "Amy", "Ben", "Dan"}),
        frozenset({"Eve"}),
    }
