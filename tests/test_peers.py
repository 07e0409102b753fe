"""Bradley-Terry fits against choix and evalica, to 1e-6."""

from __future__ import annotations

import numpy as np
import pytest

import venire as vn
from venire import simulate


def test_agrees_with_choix():
    choix = pytest.importorskip("choix")
    games = simulate.comparisons(12, 1_500, rng=6)
    winner = np.where(games.score == 1.0, games.first, games.second)
    loser = np.where(games.score == 1.0, games.second, games.first)
    theta = choix.opt_pairwise(
        12, list(zip(winner.tolist(), loser.tolist(), strict=True)), method="Newton-CG", tol=1e-12
    )
    for method in ("newton", "mm"):
        found = vn.fit_bradley_terry(
            vn.Comparisons(games.first, games.second, games.score), method=method
        )
        np.testing.assert_allclose(found.theta, theta - theta.mean(), atol=1e-6)


def test_agrees_with_evalica():
    evalica = pytest.importorskip("evalica")
    games = simulate.comparisons(12, 1_500, model="davidson", rng=7)
    names = np.array([f"item {k:02}" for k in range(12)])
    words = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    result = evalica.bradley_terry(
        names[games.first].tolist(),
        names[games.second].tolist(),
        [words[s] for s in games.score.tolist()],
        tolerance=1e-14,
        limit=100_000,
    )
    theta = np.log(np.array([result.scores[name] for name in names]))
    found = vn.fit_bradley_terry(
        vn.Comparisons(names[games.first], names[games.second], games.score)
    )
    assert np.asarray(found.items).tolist() == names.tolist()
    np.testing.assert_allclose(found.theta, theta - theta.mean(), atol=1e-6)
