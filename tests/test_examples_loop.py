"""The worked examples of the loop run, and say what their texts say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(f"{name}_example", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_digits(tmp_path, monkeypatch, capsys):
    digits = load("digits")
    monkeypatch.chdir(tmp_path)
    digits.main()
    assert (tmp_path / "out" / "digits.png").stat().st_size > 10_000
    table = capsys.readouterr().out
    adaptive, uniform = digits.play(), digits.play("uniform")
    assert f"adaptive\n{adaptive}\n" in table
    assert f"uniform\n{uniform}\n" in table
    assert adaptive["criterion"].tolist() == ["cycles", "D", "D"]
    assert uniform["criterion"].tolist() == ["cycles", "uniform", "uniform"]
    for report in (adaptive, uniform):
        assert report["asks"].tolist() == [1000] * 3
        assert report["pending"].tolist() == [0] * 3
        assert (np.diff(report["tau"]) > 0.0).all()
        # a student of all votes ranks images that it has not seen better than their own votes do
        assert (report["student_tau"] > report["tau"]).all()
        assert (report["student_r2"] > 0.2).all()
    assert (adaptive.weights[-1] > 0.0).all()
    assert adaptive["tau"][0] == uniform["tau"][0]


def test_adaptive_picks_need_fewer_votes():
    """Ratings after three rounds, over seeds: the gain is seen in the mean."""
    digits = load("digits")
    gains = [
        digits.play(seed=s)["tau"][-1] - digits.play("uniform", s)["tau"][-1] for s in range(4)
    ]
    assert np.mean(gains) > 0.0


def test_arguments(shared_data):
    arguments = load("arguments")
    crowd = arguments.read(shared_data)
    assert len(crowd.argument) == 516
    adaptive, uniform = (arguments.play(crowd, criterion) for criterion in (None, "uniform"))
    for report in (adaptive, uniform):
        assert report["total_votes"].tolist() == [516, 1032, 1548, 2064]
        assert (np.diff(report["tau"]) > 0.0).all()
        assert report["tau"][-1] > 0.6
        assert report["student_r2"][-1] > 0.2  # topics that the student has not seen
    assert adaptive["tau"][-1] > uniform["tau"][-1]


def test_retrieval(shared_data):
    retrieval = load("retrieval")
    c = retrieval.read(shared_data)
    assert len(c.query) == 8350
    assert len(np.unique(c.query)) == 113
    best = max(retrieval.teachers_ndcg(c).values())
    assert best == pytest.approx(0.423, abs=5e-4)  # bm25, without any code of the loop
    for options in retrieval.WAYS.values():
        report = retrieval.play(c, **options).report()
        assert report["total_votes"].tolist() == [16_700, 33_400, 50_100]
        assert report["pending"].sum() == 0
        assert (np.diff(report["ndcg"]) > 0.0).all()
        assert report["student_ndcg"][-1] > best + 0.01  # the student beats each of its teachers
