"""One round of distillation at full size, from votes to targets."""

from __future__ import annotations

import pytest

from benchmarks.full_round import GOALS, PANELS, SIZES
from benchmarks.measure_full_round import in_fresh_process


@pytest.mark.benchmark(group="round")
@pytest.mark.parametrize("name", PANELS)
def test_round(benchmark, size, tmp_path, name):
    facts = in_fresh_process(SIZES[size], PANELS[name], tmp_path / "facts.json")
    benchmark.extra_info.update(facts, name=name)
    benchmark.pedantic(lambda: None, rounds=1, iterations=1)
    assert facts["correlation"] > 0.65
    assert facts["peak_bytes"] <= GOALS["bytes"]
