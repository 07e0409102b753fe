"""Every workload on a machine whose CPUs are all busy: default threads beside one thread."""

from __future__ import annotations

import pytest

from benchmarks import busy


@pytest.mark.benchmark(group="busy")
@pytest.mark.parametrize("workload", busy.CASES)
def test_busy(benchmark, size, workload):
    try:
        facts = busy.measure(workload, size)
    except busy.LeftOut as reason:
        pytest.skip(str(reason))
    benchmark.extra_info.update(facts)  # timed elsewhere; this entry carries it to the report
    benchmark.pedantic(lambda: None, rounds=1, iterations=1)
