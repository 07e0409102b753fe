"""Rows added up as they come are what they are when they are added up at once."""

import pickle

import numpy as np
import pytest

import venire as vn
from venire.data.rows import Rows
from venire.data.sums import CellSums


def require_same(found, wanted):
    """Two objects of comparisons are the same to the bit."""
    for name in found.cells._fields:
        x, y = getattr(found.cells, name), getattr(wanted.cells, name)
        if not isinstance(x, np.ndarray):
            assert x == y or x is y, name
            continue
        assert (x.dtype, x.shape) == (y.dtype, y.shape), name
        assert x.tolist() == y.tolist() if x.dtype == object else x.tobytes() == y.tobytes(), name


def table(rng, n, labels, scores, *, order, strata):
    """Arguments of `Comparisons`."""
    a = rng.integers(0, 60, n)
    pair = [a, (a + rng.integers(1, 60, n)) % 60]
    if labels == "text":
        pair = [np.array([f"item {x}" for x in own]) for own in pair]
    elif labels == "wide":
        pair = [own * 10**12 - 5 for own in pair]
    out = dict(zip(("first", "second"), pair, strict=True))
    out["score"] = rng.choice([0.0, 0.5, 1.0], n) if scores == "hard" else rng.random(n)
    if scores == "weighted":
        out["weight"] = rng.integers(0, 3, n) * 0.3
    if order:
        out["order"] = rng.integers(-1, 2, n)
    if strata:
        out["cluster"] = np.array([f"c{x}" for x in rng.integers(0, 5, n)])
        out["date"] = rng.integers(0, 4, n)
        out["covariates"] = rng.integers(0, 3, (n, 2)) - 1.0
    return out


def pieces(columns, step):
    """Rows, some at a time."""
    for at in range(0, len(columns["first"]), step):
        own = {name: x[at : at + step] for name, x in columns.items()}
        rest = {k: own.pop(k) for k in ("covariates", "half_life", "at") if k in own}
        yield Rows.given(**own)._replace(**rest)


@pytest.mark.parametrize("labels", ["ids", "wide", "text"])
@pytest.mark.parametrize("scores", ["hard", "soft", "weighted"])
@pytest.mark.parametrize("order", [False, True])
@pytest.mark.parametrize("strata", [False, True])
def test_pieces_of_any_size_give_the_same_bits(labels, scores, order, strata):
    columns = table(np.random.default_rng(7), 5000, labels, scores, order=order, strata=strata)
    wanted = vn.Comparisons(**columns)
    for step in (97, 1024, 5000):
        sums = CellSums()
        for rows in pieces(columns, step):
            sums.add(rows)
        require_same(pickle.loads(pickle.dumps(sums)).finish(), wanted)
        require_same(sums.finish(), wanted)
