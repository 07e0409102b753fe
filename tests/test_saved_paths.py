"""Ratings over time in a file: as they were, or refused with the member that is wrong."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import venire as vn
from venire.ratings import Fit, PathFit

PATHS = {
    "davidson": {"model": "davidson", "order_effect": True, "walk": 0.02},
    "by the evidence": {},
    "no walk": {"walk": 0},
    "days, a prior": {"step": 45.5, "prior": vn.GaussianPrior(0.5, mean=1.0)},
    "all by the evidence": {"step": "year", "prior": vn.GaussianPrior("evidence")},
}


def made(name="davidson"):
    return vn.fit_path(vn.datasets.load_club(), **PATHS[name])


def same(one, other):
    assert str(one.summary()) == str(other.summary())
    for name in ("theta", "standard_errors", "parameter_errors", "period_labels", "n_comparisons"):
        a, b = (getattr(x, name) for x in (one, other))
        a, b = (a(), b()) if callable(a) else (a, b)
        assert a == b if isinstance(a, tuple) else np.array_equal(a, b, equal_nan=a.dtype == float)
    assert one.evidence == other.evidence
    np.testing.assert_array_equal(one.predict("Ben", "Ada"), other.predict("Ben", "Ada"))


@pytest.mark.parametrize("name", PATHS)
def test_what_was_saved_comes_back(name, tmp_path):
    path, file = made(name), tmp_path / "path.npz"
    path.save(file)
    back = PathFit.load(file)
    same(back, path)
    back.save(file)
    same(vn.resampling.load_fit(file), path)
    travelled = pickle.loads(pickle.dumps(path))
    same(travelled, path)
    same(travelled.to_elo(), path.to_elo())  # errors in another unit, without the problem
    travelled.save(file)
    same(PathFit.load(file), path)


def test_dates_that_were_given_beside_the_cells(tmp_path):
    c = vn.Comparisons.from_counts(["a", "b", "a"], ["b", "c", "c"], [3, 2, 4], [2, 3, 1],
                                   cluster=[0, 1, 2])  # fmt: skip
    path = vn.fit_path(c, [4.0, 1.0, 2.5], step=1, walk=0.1)
    path.save(tmp_path / "path.npz")
    back = PathFit.load(tmp_path / "path.npz")
    assert np.array_equal(back.theta, path.theta, equal_nan=True)
    assert back.at(2.0, "dict")["item"].tolist() == path.at(2.0, "dict")["item"].tolist()


def test_one_kind_is_not_taken_for_the_other(tmp_path):
    path, file = made(), tmp_path / "path.npz"
    path.save(file)
    with pytest.raises(ValueError, match="holds a PathFit, no Fit"):
        Fit.load(file)
    path.static.save(file)
    with pytest.raises(ValueError, match="holds a Fit, no PathFit"):
        PathFit.load(file)
    with pytest.raises(ValueError, match="save is on 'elo'"):
        path.to_elo().save(file)


FACTS = {
    "step": ["decade", 0.0, -1.0, None, [1], float("nan"), float("inf"), "year"],
    "walk": [-1.0, 1e-12, 1e9, None, "evidence"],
    "evidence": [{}, 3, {"walk": 0.1, "log_walk_sd": 1.0, "n_fits": 1, "note": ""}],
    "residual": [-1.0, None],
    "converged": [1, None],
    "n_iter": [-1, 0.5],
    "tol": [0.0, 1.0],
}


@pytest.mark.parametrize("name", FACTS)
def test_facts_that_are_wrong(name, tmp_path):
    file = tmp_path / "path.npz"
    made("davidson").save(file)
    with np.load(file) as saved:
        members = dict(saved)
    for value in FACTS[name]:
        facts = json.loads(str(members["facts"])) | {f"path.{name}": value}
        if (name, value) == ("step", "year"):
            facts["path.walk"] = 0.0  # a fit of one period has other parameters
        np.savez(file, **members | {"facts": np.array(json.dumps(facts))})
        with pytest.raises(ValueError, match=r"no saved fit: path\."):
            PathFit.load(file)


def test_arrays_that_are_wrong_are_refused_or_harmless(tmp_path):
    """Each of them cut, of another type, and with values that lead beyond."""
    file = tmp_path / "path.npz"
    made("davidson").save(file)
    with np.load(file) as saved:
        members = dict(saved)
    rng = np.random.default_rng(0)
    refused = 0
    for name in ("periods", "cell_periods", "parameters"):
        x = members[f"path.{name}"]
        changed = [
            x[:-1],
            x[:0],
            x[::-1].copy(),
            x.astype(np.float32) if name != "periods" else x[None],
        ]
        for value in (-1, 2**40, np.nan, -1e5):
            one = x.copy()
            if x.dtype.kind == "f" or (value == value and x.dtype.kind == "i"):
                one[rng.integers(len(x))] = value
                changed.append(one)
        changed.append(np.where(np.arange(len(x)) % 2, x[0], x))
        for bad in changed:
            np.savez(file, **members | {f"path.{name}": bad})
            try:
                back = PathFit.load(file)
            except ValueError as error:
                refused += "no saved fit: path." in str(error)
            else:
                assert back.theta.shape == (12, 36)
                back.standard_errors()
                back.to_frame("dict")
    assert refused > 12
