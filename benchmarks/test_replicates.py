"""The bootstrap of many small fits: standard errors and intervals of every group."""

from __future__ import annotations

import pytest

from benchmarks.measure_replicates import in_fresh_process


@pytest.mark.benchmark(group="replicates")
@pytest.mark.parametrize("kind", ["multinomial", "poisson"])
def test_replicates(benchmark, size, tmp_path, kind):
    facts = in_fresh_process(size, kind, tmp_path / "facts.json")
    benchmark.extra_info.update(facts)  # timed elsewhere; this entry carries it to the report
    benchmark.pedantic(lambda: None, rounds=1, iterations=1)
    assert facts["residual"] <= 1e-6
    assert facts["residual_checked"] <= 1e-6
    assert facts["n_failed"] == facts["n_unconverged"] == 0
