"""The worked example of ensembles runs, and its figures hang together."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "ensembles.py"


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("ensembles_example", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_ensembles_example(example, capsys):
    example.main()
    table = capsys.readouterr().out
    found = {e.name: e.parts for e in example.compare()}
    assert len(found) == 11
    for name, d in found.items():
        assert f"{name:<22}{d.n_members:>8}{d.error:>8.4f}" in table
        gain = d.unbiased_variance - d.biased_variance
        assert d.error == pytest.approx(d.member_error - gain)
        assert d.error < 0.12
    for student in example.STUDENTS:
        assert found[f"{student}, bagged"].n_members == 50
        assert found[f"{student}, bagged"].rho > found[f"{student}, boosted"].rho
    # a tree varies, so that bagging and boosting help; it is what both were made for
    tree = found["tree, alone"].error
    assert found["tree, bagged"].error < tree
    assert found["tree, boosted"].error < tree
    assert found["all three, stacked"].error < np.median(
        [found[f"{s}, alone"].error for s in example.STUDENTS]
    )
